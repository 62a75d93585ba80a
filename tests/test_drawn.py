"""The record of what a figure draws: the same for the same data, another for any data, label or color that changed."""

import json

import drawn
import matplotlib
import matplotlib.pyplot as plt
import nbformat
import notebooks
import numpy as np
import pytest

matplotlib.use("Agg")
X = np.linspace(0, 1, 300)
BARS = [1.0, 2.0, 3.0, 4.0]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def figure(draw):
    """The record of a figure with fixed limits in which something is drawn."""
    made, ax = plt.subplots()
    ax.set(xlim=(0, 1), ylim=(0, 1), title="What is drawn")
    draw(ax)
    return drawn.record(made)


def differences(one, other, **options):
    return list(drawn.differences(figure(one), figure(other), **options))


def pixels(**changed):
    image = np.arange(64.0 * 64).reshape(64, 64) / 4095
    image[10, 10] = changed.get("value", image[10, 10])
    return image


PAIRS = {
    "a line's last digits do no harm": (lambda ax: ax.plot(X, X), lambda ax: ax.plot(X, X + 1e-5), None),
    "a line": (
        lambda ax: ax.plot(X, X),
        lambda ax: ax.plot(X, X + 0.01),
        "Line2D 'number 1': its values moved by 0.01",
    ),
    "a bump in a line": (
        lambda ax: ax.plot(X, X),
        lambda ax: ax.plot(X, X + (X == 0)),
        "its values moved",
    ),
    "one of few points": (lambda ax: ax.plot(X[:9]), lambda ax: ax.plot(X[:9] + 0.01 * (X[:9] == 0)), "moved by 0.01"),
    "a point missing": (lambda ax: ax.plot(X, X), lambda ax: ax.plot(X[1:], X[1:]), "it had 300 points, has 299"),
    "a hole": (lambda ax: ax.plot(X[:9]), lambda ax: ax.plot(np.where(X[:9] > 0, X[:9], np.nan)), "moved by inf"),
    "a label": (lambda ax: ax.plot(X, label="a"), lambda ax: ax.plot(X, label="b"), "label: 'a' was there, now 'b'"),
    "a color": (lambda ax: ax.plot(X, color="red"), lambda ax: ax.plot(X, color="blue"), "its look was"),
    "a dash": (lambda ax: ax.plot(X), lambda ax: ax.plot(X, "--"), "its look was"),
    "a series more": (lambda ax: ax.plot(X), lambda ax: ax.plot(np.stack([X, X], 1)), "1 things were drawn, now 2"),
    "another kind": (lambda ax: ax.plot(X), lambda ax: ax.text(0, 0, "x"), "it is now a Text"),
    "a bar": (lambda ax: ax.bar(range(4), BARS), lambda ax: ax.bar(range(4), [*BARS[:3], 4.1]), "Rectangle"),
    "points": (lambda ax: ax.scatter(X, X), lambda ax: ax.scatter(X, X**2), "PathCollection"),
    "a band": (lambda ax: ax.fill_between(X, 0, X), lambda ax: ax.fill_between(X, 0, 0.9 * X), "its values moved"),
    "a pixel": (lambda ax: ax.imshow(pixels()), lambda ax: ax.imshow(pixels(value=1.0)), "AxesImage"),
    "colors' range": (lambda ax: ax.imshow(pixels(), vmax=1), lambda ax: ax.imshow(pixels(), vmax=2), "AxesImage"),
    "a color map": (lambda ax: ax.imshow(pixels()), lambda ax: ax.imshow(pixels(), cmap="gray"), "its look was"),
    "a mesh": (lambda ax: ax.pcolormesh(pixels()), lambda ax: ax.pcolormesh(pixels().T), "QuadMesh"),
    "a text": (lambda ax: ax.text(0, 0, "a"), lambda ax: ax.text(0, 0, "b"), "text: 'a' was there, now 'b'"),
    "a text's place": (lambda ax: ax.text(0, 0, "a"), lambda ax: ax.text(0.1, 0, "a"), "moved by 0.1"),
    "a measured text": (lambda ax: ax.text(0, 0, "a ≈ 0.71"), lambda ax: ax.text(0, 0, "a ≈ 0.69"), None),
    "an exact text": (
        lambda ax: ax.text(0, 0, "a = 0.71"),
        lambda ax: ax.text(0, 0, "a = 0.69"),
        "'a = 0.71' was there",
    ),
    "a note": (lambda ax: ax.annotate("a", (0, 0)), lambda ax: ax.annotate("a", (0, 0.5)), "Annotation 'a'"),
    "a title": (lambda ax: ax.set_title("a"), lambda ax: ax.set_title("b"), "title: 'a' was there"),
    "an axis' label": (lambda ax: ax.set_xlabel("a"), lambda ax: ax.set_xlabel("b"), "labels: 'a' was there"),
    "a scale": (lambda ax: ax.set_xscale("linear"), lambda ax: ax.set_xscale("symlog"), "scales: 'linear' was there"),
    "limits": (lambda ax: ax.set_xlim(0, 1), lambda ax: ax.set_xlim(0, 1.1), "the limits of x were"),
    "a tick": (
        lambda ax: ax.set_xticks([0, 1], ["a", "b"]),
        lambda ax: ax.set_xticks([0, 1], ["a", "c"]),
        "ticks: 'b' was there, now 'c'",
    ),
    "a name on an axis": (lambda ax: ax.bar(["a", "b"], 1), lambda ax: ax.bar(["a", "c"], 1), "ticks: 'b' was there"),
    "a legend": (
        lambda ax: (ax.plot(X, label="a"), ax.legend()),
        lambda ax: ax.plot(X, label="a"),
        "legend: 'a' was there, now None",
    ),
    "a reference line": (lambda ax: ax.axhline(0.5), lambda ax: ax.axhline(0.6), "its values moved by 0.1"),
}


@pytest.mark.parametrize("name", PAIRS)
def test_what_changed_is_named(name):
    one, other, expected = PAIRS[name]
    assert differences(one, one) == []
    found = differences(one, other)
    assert found == [] if expected is None else any(expected in problem for problem in found), found
    assert all(problem.startswith("axes 1 (") for problem in found)


def test_limits_that_follow_the_data_do_not_hide_a_change():
    def plot(factor):
        made, ax = plt.subplots()
        ax.semilogy(X, factor * np.exp(9 * X))
        return drawn.record(made)

    assert list(drawn.differences(plot(1), plot(1 + 1e-6))) == []
    assert any("the limits of y were" in problem for problem in drawn.differences(plot(1), plot(1.5)))


def test_tiny_numbers_are_recorded_as_well_as_large_ones():
    def plot(scale, change):
        made, ax = plt.subplots()
        ax.plot([0, scale, (3 + change) * scale])
        return drawn.record(made)

    for scale in (1e-9, 1e9):
        assert list(drawn.differences(plot(scale, 0), plot(scale, 1e-6))) == []
        assert list(drawn.differences(plot(scale, 0), plot(scale, 0.1)))


def test_a_cell_may_widen_the_tolerance_and_then_labels_numbers_are_left_out():
    one, other = (lambda ax, y=y: (ax.plot(X, y + 0 * X), ax.text(0, 0, f"{y} at step 7")) for y in (0.4, 0.5))
    assert len(differences(one, other)) == 2
    assert differences(one, other, tolerance=0.11) == []
    assert len(differences(one, other, tolerance=0.09)) == 1
    cell = nbformat.v4.new_code_cell(metadata={"drawn": {"tolerance": 0.11}})
    assert (drawn.tolerance(cell), drawn.tolerance(nbformat.v4.new_code_cell())) == (0.11, drawn.TOLERANCE)


def test_with_a_tolerance_of_one_only_titles_and_kinds_are_compared():
    one = figure(lambda ax: (ax.imshow(pixels()), ax.text(0, 0, "shirt")))
    other = figure(lambda ax: (ax.imshow(pixels().T), ax.text(0, 0, "coat"), ax.set_xlim(0, 9)))
    assert list(drawn.differences(one, other)) and list(drawn.differences(one, other, 1)) == []
    for draw in (lambda ax: ax.plot(X), lambda ax: (ax.plot(X), ax.text(0, 0, "shirt"))):
        assert list(drawn.differences(one, figure(draw), 1))
    titled = figure(lambda ax: (ax.imshow(pixels()), ax.text(0, 0, "shirt"), ax.set_title("other")))
    assert list(drawn.differences(one, titled, 1))


def output(record=None, png="AAAA"):
    metadata = {} if record is None else {"drawn": record}
    return nbformat.v4.new_output("display_data", data={"image/png": png}, metadata=metadata)


def test_pictures_missing_added_or_without_a_record_do_not_agree():
    record = figure(lambda ax: ax.plot(X))
    assert list(drawn.compare([output(record)], [output(record)])) == []
    assert list(drawn.compare([output(record)], [])) == ["1 pictures are stored, 0 are drawn"]
    assert list(drawn.compare([], [output(record)])) == ["0 pictures are stored, 1 are drawn"]
    assert "no record" in next(drawn.compare([output()], [output(record)]))
    assert "no record" in next(drawn.compare([output(record)], [output()]))


def test_the_records_of_all_chapters_agree_with_themselves_and_hold_what_is_drawn():
    for path in notebooks.chapters():
        for cell in nbformat.read(path, as_version=4).cells:
            for picture in drawn.pictures(cell.get("outputs", [])):
                record = picture.metadata["drawn"]
                assert list(drawn.differences(record, record)) == []
                artists = [json.loads(line) for axes in record["axes"] for line in axes[1:]]
                assert any(artist["count"] or artist.get("text") for artist in artists), path.name
