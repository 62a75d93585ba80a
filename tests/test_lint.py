"""The lints: clean on the course, and each fails on a notebook with the fault that it is for."""

import base64

import drawn
import lint
import matplotlib.pyplot as plt
import nbformat
import notebooks
import pytest
from course import Course
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

HERE = Course("https://github.com/someone/course", "main", "0.1.0")
FILES = {"book/01_convolution.ipynb", "book/references.md"}
PIXEL = base64.b64encode(b"a picture").decode()
GOOD = """# Title

*20 minutes.*

Text with $x^2$, a [paper](https://arxiv.org/abs/1502.03167) and `code {in} it`.

<details><summary>Hint</summary>

Look at $\\gamma$.

</details>
"""


def text(*sources):
    """A notebook of Markdown cells."""
    return new_notebook(cells=[new_markdown_cell(source) for source in sources])


def shown(output, **metadata):
    """A notebook with one code cell and its output."""
    return new_notebook(cells=[new_code_cell("show()", outputs=[output], metadata=metadata)])


def picture(**metadata):
    """A notebook with one figure."""
    return shown(new_output("display_data", data={"image/png": PIXEL}), **metadata)


def printed(output, name="stdout"):
    """A notebook with one line of text output."""
    return shown(new_output("stream", name=name, text=output))


def test_the_course_has_no_problems():
    assert lint.problems() == []


def test_a_good_chapter_has_no_problems():
    assert list(lint.chapter(text(GOOD), "book/01_convolution.ipynb", HERE, FILES)) == []


@pytest.mark.parametrize(
    "source",
    [
        "```{note}\nbody\n```",
        "````{exercise-start}\n````",
        ":::{note}\nbody\n:::",
        "As {cite}`ioffe2015` shows.",
        "See {doc}`04_forward`.",
        "(label)=\n# Title",
        "% a comment",
        "<!-- exercise: forward.1 -->",
    ],
)
def test_syntax_that_colab_shows_raw_is_found(source):
    assert list(lint.portable(text(source)))


@pytest.mark.parametrize("source", ["```python\nd = {1: 2}\n```", "A set `{a}` and $\\{b\\}$.", "f-string {x}: `y`"])
def test_braces_in_code_and_math_are_no_directives(source):
    assert list(lint.portable(text(source))) == []


@pytest.mark.parametrize(
    "sources",
    [
        ("## No title",),
        ("# Title", "# Another"),
        ("Text", "# Title"),
        ("# Title", "### A level left out"),
        ("# Title\n\n## Part", "#### A level left out"),
    ],
)
def test_headings_out_of_order_are_found(sources):
    assert list(lint.headings(text(*sources)))


def test_headings_in_code_do_not_count():
    assert list(lint.headings(text("# Title", "```bash\n# comment\n```"))) == []


LONG = "x = " + " + ".join(["1"] * 22)  # 89 columns


@pytest.mark.parametrize("cell", [new_code_cell(LONG), new_markdown_cell(f"Text\n\n```python\n{LONG}\n```")])
def test_code_wider_than_a_page_is_found(cell):
    notebook = new_notebook(cells=[cell])
    assert [problem[:28] for problem in lint.wide(notebook)] == ["cell 1: 89 columns of code i"]
    cell.source = cell.source.replace(LONG, LONG[:-1])
    assert list(lint.wide(notebook)) == []


def test_long_prose_and_formulas_are_not_code():
    assert list(lint.wide(text("word " * 40 + "\n\n$$" + "x + " * 40 + "x$$"))) == []


def test_faint_words_in_a_figure_are_found():
    figure, ax = plt.subplots()
    words = {name: ax.text(0.5, 0.5, name, color=color) for name, color in (("faint", "#8A8F98"), ("white", "white"))}
    output = new_output("display_data", data={"image/png": PIXEL}, metadata={"drawn": drawn.record(figure)})
    assert [problem.split("'")[1] for problem in lint.faint(shown(output))] == ["faint"]
    words["faint"].set_color("#4A5058")
    output.metadata["drawn"] = drawn.record(figure)
    plt.close(figure)
    assert list(lint.faint(shown(output))) == []


def test_a_figure_without_alt_text_is_found():
    assert list(lint.alternatives(picture()))
    assert list(lint.alternatives(picture(mystnb={"image": {"alt": "A figure"}})))
    assert list(lint.alternatives(text("![](picture.png)")))
    assert list(lint.alternatives(text('<img src="picture.png" alt="">')))


def test_a_figure_with_alt_text_and_a_caption_is_no_problem():
    alt = "Test accuracy over 300 steps, with and without batch normalization."
    figure = picture(mystnb={"image": {"alt": alt}})
    [problem] = lint.alternatives(figure)
    assert "needs a caption" in problem
    figure.cells[0].source = f"#@title Two runs\n{figure.cells[0].source}"
    assert list(lint.alternatives(figure)) == []


@pytest.mark.parametrize(
    "source",
    [
        "<details><summary>Hint</summary>\n$x$\n\n</details>",
        "<details><summary>Hint</summary>\n\n$x$\n</details>",
        "<details><summary>Hint</summary>\n\n$x$",
    ],
)
def test_a_folded_block_that_stays_raw_is_found(source):
    assert list(lint.folds(text(source)))


@pytest.mark.parametrize("source", ["It costs $x.", "An open formula $$x = 1$ here."])
def test_math_that_does_not_close_is_found(source):
    assert list(lint.math(text(source)))


@pytest.mark.parametrize("source", [r"It costs \$5.", "Code `$x` alone", "$$\nx = \\sum_i x_i\n$$", "$x$ and $y$"])
def test_math_that_closes_is_no_problem(source):
    assert list(lint.math(text(source))) == []


def test_stored_stderr_is_found():
    assert list(lint.outputs(printed("WARNING", name="stderr")))


@pytest.mark.parametrize("path", ["/home/ada/course/x.py", "/tmp/ipykernel_7/1.py", "/Users/ada/x", r"C:\Users\ada"])
def test_a_path_of_the_authors_machine_is_found(path):
    assert list(lint.outputs(printed(f"saved to {path}")))
    assert list(lint.outputs(text(f"Open `{path}`.")))


@pytest.mark.parametrize(
    "source",
    [
        "as chapter 5 shows",
        "see Chapters 4 and 5",
        "in chapter\n5",
        "Chapters [4](04_forward.ipynb) and [5](05_inference.ipynb)",
        "[chapter 5's questions](05_inference.ipynb)",
        '<a href="01_convolution.html">Start with chapter 1</a>',
        "[the next chapter](05_inference.ipynb)",
        "as in the last\nchapter",
    ],
)
def test_a_chapters_number_that_nothing_renews_is_found(source):
    assert list(lint.numbers(text(source)))


@pytest.mark.parametrize(
    "source",
    [
        "[Chapter 5](05_inference.ipynb) and [chapter\n6](06_backward.ipynb#small-beauties)",
        "a chapter, 5 minutes later",
        "`chapter 5`",
    ],
)
def test_a_link_named_by_the_chapters_number_is_no_problem(source):
    assert list(lint.numbers(text(source))) == []


def cells(*counts, **options):
    """A notebook of code cells with these execution counts."""
    return new_notebook(cells=[new_code_cell("1", execution_count=count, **options) for count in counts])


@pytest.mark.parametrize("counts", [(None,), (2,), (1, 3), (1, None, 2), (2, 1)])
def test_a_cell_that_was_not_run_in_order_is_found(counts):
    assert list(lint.executed(cells(*counts)))
    assert list(lint.executed(cells(1, 2, 3))) == []


def test_an_ignored_output_without_an_assertion_after_it_is_found():
    notebook = cells(1, metadata={"tags": ["nbval-ignore-output"]})
    assert list(lint.ignoring(notebook))
    notebook.cells.append(new_code_cell("# NBVAL_SKIP\nassert x > 1"))
    assert len(list(lint.ignoring(notebook))) == 1
    notebook.cells.append(new_code_cell("assert x < 2"))
    assert list(lint.ignoring(notebook)) == []


def measuring(source, output=""):
    """A notebook that imports and defines, and then measures in a cell."""
    shown = [new_output("stream", name="stdout", text=output)] if output else []
    first = new_code_cell("import numpy as np\nfrom package import error\n\ndef share(x):\n    return x")
    return new_notebook(cells=[first, new_code_cell(source, outputs=shown)])


@pytest.mark.parametrize(
    "source",
    [
        'print(f"accuracy ≈ {accuracy:.2f}")',
        'print(f"accuracy ≈ {accuracy:.2f}")\nassert other < 1',
        'print(f"accuracy ≈ {accuracy:.2f}")\nassert accuracy == 0.5',
        'print(f"accuracy ≈ {accuracy:.2f}")\nassert accuracy',
        'print(f"accuracy ≈ {accuracy:.2f}")\n# assert accuracy < 1',
        'print(f"accuracy ≈ {accuracy:.2f}")\nif accuracy < 1:\n    pass',
        'print(f"error ≈ {error(x):.2f}")\nassert error(y) < 1',
        'print(f"mean ≈ {np.mean(x):.2f}")\nassert np.mean(y) < 1',
        'print(f"share ≈ {share(x):.2f}")\nassert share(y) < 1',
        'print(f"both: {a} ≈ {a:.2f}, ≈ {b:.2f}")\nassert a < 1',
        'print(f"all ≈ [{text(losses)}]")\nassert len(others) > 1',
        'print(f"all ≈ [{a:.1f}, {b:.1f}] {c}")\nassert a < 1',
        'print("accuracy ≈", accuracy)\nassert other < 1',
        'for name, loss in losses.items():\n    print(f"{name} ≈ {loss}")\nassert others["a"] < 1',
    ],
)
def test_a_measured_number_that_no_assertion_holds_is_found(source):
    [problem] = lint.measured.problems(measuring(source))
    assert problem.startswith("cell 2: no assertion holds ≈ {")


@pytest.mark.parametrize(
    "source",
    [
        'print(f"accuracy ≈ {accuracy:.2f}")\nassert 0.5 < accuracy < 0.9',
        'print(f"accuracy ≈ {run.accuracy[-1]:.2f}")\nassert run.accuracy[-1] > 0.5',
        'print(f"error ≈ {error(x):.2f}")\nassert error(x) < 1',
        'print(f"all ≈ [{text(losses)}]")\nassert max(losses) < 1',
        'print(f"all ≈ [{a:.1f}, {b:.1f}] {c}")\nassert a < b',
        'print("accuracy ≈", accuracy)\nassert accuracy > 0.5, "low"',
        'for name, loss in losses.items():\n    print(f"{name} ≈ {loss:.1f}")\n    assert loss < 1',
        'for loss in losses:\n    print(f"≈ {loss:.1f}")\nassert all(a < 1 for a in losses)',
        "print(f\"≈ [{', '.join(f'{a:.2f}' for a in losses)}]\")\nassert np.allclose(losses, 1, atol=0.2)",
        'print(f"≈ {loss:.1f}")\nnp.testing.assert_allclose(loss, 1, rtol=0.1)',
        '%matplotlib inline\nprint(f"exact {x}")',
    ],
)
def test_a_measured_number_in_an_asserted_range_is_no_problem(source):
    assert list(lint.measured.problems(measuring(source))) == []


def test_a_measured_number_in_an_output_needs_a_range_in_its_cell():
    assert list(lint.measured.problems(measuring("report()", "accuracy ≈ 0.7\n")))
    assert list(lint.measured.problems(measuring("report()\nassert done", "accuracy ≈ 0.7\n")))
    assert list(lint.measured.problems(measuring("report()\nassert accuracy > 0.5", "accuracy ≈ 0.7\n"))) == []
    assert list(lint.measured.problems(measuring("report()", "accuracy = 0.7\n"))) == []


def test_a_picture_is_that_of_its_record():
    output = new_output("display_data", data={"image/png": PIXEL}, metadata={"drawn": {}})
    assert "no record" in next(lint.pictures(shown(output)))
    drawn.seal([output])
    assert list(lint.pictures(shown(output))) == []
    output.data["image/png"] = base64.b64encode(b"another picture").decode()
    assert "not the one that was recorded" in next(lint.pictures(shown(output)))
    assert "no record" in next(lint.pictures(picture()))


def test_a_notebook_that_an_editor_stored_is_found():
    notebook = text("# Title")
    notebooks.normalize(notebook)
    good = nbformat.writes(notebook) + "\n"
    assert list(lint.stored(good)) == []
    notebook.metadata.language_info["version"] = "3.11.7"
    assert list(lint.stored(nbformat.writes(notebook) + "\n"))
    assert list(lint.stored(good.replace('"id": "', '"id": "x')))


def test_fractions_and_addresses_are_no_paths():
    assert list(lint.outputs(printed("1/2, a/tmp/b, https://example.org/home/ada"))) == []


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("http://example.org", "not an https"),
        ("//example.org/x", "not an https"),
        ("99_missing.ipynb", "no tracked file"),
        ("99_missing.html", "no tracked file"),
        ("../../outside.md", "no tracked file"),
        ("#no-such-heading", "no heading"),
        ("https://colab.research.google.com/github/other/course/blob/main/book/01_convolution.ipynb", "another copy"),
        ("https://colab.research.google.com/github/someone/course/blob/old/book/01_convolution.ipynb", "another copy"),
        ("https://colab.research.google.com/github/someone/course/blob/main/book/99_missing.ipynb", "no tracked"),
        ("https://mybinder.org/v2/gh/other/course/main?urlpath=lab/tree/book/01_convolution.ipynb", "another copy"),
        ("https://github.com/someone/course/blob/main/book/99_missing.ipynb", "no tracked file"),
    ],
)
def test_a_link_that_leads_astray_is_found(address, problem, tmp_path):
    (tmp_path / "book").mkdir()
    nbformat.write(text("# Title"), tmp_path / "book" / "01_convolution.ipynb")
    notebook = text(f"# Title\n\n[link]({address})")
    [found] = lint.links(notebook, "book/01_convolution.ipynb", HERE, FILES, tmp_path)
    assert problem in found


def test_links_that_lead_somewhere_are_no_problem(tmp_path):
    (tmp_path / "book").mkdir()
    nbformat.write(text("# A title: `x` and more"), tmp_path / "book" / "01_convolution.ipynb")
    (tmp_path / "book" / "references.md").write_text("# References\n\n## Papers we cite\n")
    path = "book/01_convolution.ipynb"
    addresses = [
        "#a-title-x-and-more",
        "references.html",
        "references.md#papers-we-cite",
        HERE.colab(path),
        HERE.binder(path),
    ]
    notebook = text("\n".join(f"[link]({address})" for address in addresses))
    assert list(lint.links(notebook, path, HERE, FILES, tmp_path)) == []


@pytest.mark.parametrize(
    "source", ["![alt](https://example.org/x.png)", '<script src="https://example.org/x.js"></script>']
)
def test_what_a_page_would_load_from_elsewhere_is_found(source):
    assert list(lint.links(text(source), "book/01_convolution.ipynb", HERE, FILES))


@pytest.mark.parametrize(
    "address",
    [
        "https://colab.research.google.com/github/someone/course/blob/master/book/01_convolution.ipynb",
        "https://mybinder.org/v2/gh/someone/course/main?urlpath=lab/tree/book/01_missing.ipynb",
        "https://github.com/someone/course/blob/main/book/01_missing.ipynb",
    ],
)
def test_a_launch_button_to_no_tracked_file_is_found(address):
    assert list(lint.page(f'<a class="btn" href="{address}">Launch</a>', HERE, FILES))


def test_a_launch_button_to_a_tracked_file_is_no_problem():
    path = "book/01_convolution.ipynb"
    buttons = "".join(f'<a href="{address}">Launch</a>' for address in (HERE.colab(path), HERE.binder(path)))
    assert list(lint.page(buttons, HERE, FILES)) == []
