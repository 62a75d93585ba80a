"""What the figures of `landscape` draw is what they were given."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from bncourse import plots


def test_by_rate_draws_each_run_and_the_median_and_labels_the_end():
    values = np.array([[1.0, 2.0], [3.0, 4.0], [8.0, 9.0]])
    ax = plots.by_rate({"plain": ([0.1, 1.0], values, plots.PLAIN, "--")}, ylabel="loss", at={})
    *runs, median = [line.get_ydata() for line in ax.get_lines()]
    np.testing.assert_array_equal(runs, values)
    np.testing.assert_array_equal(median, [3, 4])
    assert ax.get_xscale() == "log" and ax.get_yscale() == "linear"
    (label,) = ax.texts
    assert label.get_text() == "plain" and tuple(label.xy) == (1.0, 4.0)
    moved = plots.by_rate({"a": ([1, 2], [[1, 2]], "k", "-")}, ylabel="", at={"a": (1, 7)}, log=True)
    assert tuple(moved.texts[0].xy) == (1, 7) and moved.get_yscale() == "log"


def test_loss_planes_draw_every_panel_on_one_scale():
    panels = {"one": np.array([[1.0, 2.0], [3.0, 4.0]]), "other": np.array([[2.0, 20.0], [9.0, 5.0]])}
    axes = plots.loss_planes(panels, [-1, 1])
    pictures = [ax.get_images()[0] for ax in axes]
    for picture, losses in zip(pictures, panels.values(), strict=True):
        np.testing.assert_array_equal(picture.get_array(), losses)
        assert picture.get_clim() == (0.5, 200)
    assert [ax.get_title() for ax in axes] == ["one", "other"]
    assert {text.get_text() for text in axes[1].texts} == {"2", "20", "9", "5"}


def test_figures_are_drawn_into_the_axes_they_are_given():
    _, ax = plt.subplots()
    assert plots.by_rate({"a": ([1, 2], [[1, 2]], "k", "-")}, ylabel="", ax=ax) is ax
    _, axes = plt.subplots(1, 2)
    panels = {"a": np.array([[1.0, 2], [3, 4]]), "b": np.array([[1.0, 2], [3, 4]])}
    assert plots.loss_planes(panels, [0, 1], axes=axes) is axes
