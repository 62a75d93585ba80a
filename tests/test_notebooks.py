"""What makes the chapters' stored outputs a proof: all are compared, pictures too, and there is enough to compare."""

import json
import re
import subprocess
import sys

import lint
import nbformat
import notebooks
import proven
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

# Of all text outputs, those that end in `True` and hide their number.
HIDDEN = 0.05


def cells(path):
    return nbformat.read(path, as_version=4).cells


@pytest.mark.parametrize("path", notebooks.chapters(), ids=lambda path: path.stem)
def test_a_chapter_has_outputs_enough_to_compare(path):
    assert proven.count(cells(path)).texts >= proven.FLOOR


def test_few_outputs_hide_their_number_in_true():
    texts = [text for path in notebooks.chapters() for text in map(proven.text_of, cells(path)) if text]
    assert sum(text.endswith("True") for text in texts) < HIDDEN * len(texts)


def test_chapters_only_read_what_the_package_stores():
    for path in notebooks.chapters():
        assert not any(re.search(r"store=\S*STORE", cell.source) for cell in cells(path)), path.name


def test_the_set_up_cell_comes_first_and_only_once():
    for path in notebooks.chapters():
        assert [number for number, cell in enumerate(cells(path), 1) if cell.metadata.get("setup")] == [2], path.name


def test_set_up_cells_print_nothing():
    for path in notebooks.chapters():
        assert cells(path)[1].outputs == [], path.name


# The counter


def printed(text, name="stdout", **options):
    return new_code_cell("show()", outputs=[new_output("stream", name=name, text=text)], **options)


def shown(**data):
    kinds = {name.replace("_", "/"): value for name, value in data.items()}
    return new_code_cell("show()", outputs=[new_output("display_data", data=kinds)])


def test_texts_are_counted_as_exact_or_by_range_and_pictures_apart():
    found = [
        printed("1\n"),
        printed("error ≈ 0.1\n"),
        shown(text_html="<b>right</b>", text_plain="right"),
        shown(image_png="AAAA", text_plain="<Figure size 1260x648 with 1 Axes>"),
    ]
    assert proven.count(found) == (2, 1, 1)
    assert [proven.text_of(cell) for cell in found] == ["1", "error ≈ 0.1", "<b>right</b>", ""]


@pytest.mark.parametrize(
    "cell",
    [
        printed("2\n", name="stderr"),
        printed("\n"),
        printed("3\n", metadata={"tags": ["nbval-ignore-output"]}),
        printed("3\n", metadata={"tags": ["nbval-skip"]}),
        new_code_cell("# NBVAL_IGNORE_OUTPUT\nx", outputs=[new_output("stream", text="3")]),
        new_code_cell("x"),
        nbformat.v4.new_markdown_cell("text"),
    ],
)
def test_what_nbval_does_not_compare_is_not_counted(cell):
    assert proven.count([cell]) == (0, 0, 0)


def test_a_notebook_read_as_json_counts_the_same():
    for path in notebooks.chapters():
        assert proven.count(json.loads(path.read_text())["cells"]) == proven.count(cells(path))


# Execution


FIGURE = """import matplotlib.pyplot as plt
_, ax = plt.subplots()
ax.plot([1, 2, {value}], label="loss")
ax.set_title("What is drawn")
_ = ax.set_ylim(0, 10)"""
MEASURE = 'import random\nx = random.random()\nprint(f"x ≈ {x}")\nassert 0 <= x < 1'


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A course of one chapter, not executed yet: it prints, measures and draws."""
    (tmp_path / "book").mkdir()
    (tmp_path / "bncourse" / "assets").mkdir(parents=True)
    (tmp_path / "tests").mkdir()
    (tmp_path / "bncourse" / "module.py").write_text("x = 1\n")
    (tmp_path / "tests" / "measured.cfg").write_text((notebooks.ROOT / "tests" / "measured.cfg").read_text())
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(notebooks, "BOOK", tmp_path / "book")
    monkeypatch.setattr(notebooks, "RECORD", tmp_path / "book" / "provenance.json")
    sources = ("print(3)", MEASURE, FIGURE.format(value=3))
    path = tmp_path / "book" / "01_one.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources]), path)
    monkeypatch.setattr(notebooks, "chapters", lambda slugs: [path])
    return tmp_path


def run(book, *arguments):
    """Execute the chapter; its notebook and its entry in the record."""
    notebooks.main(list(arguments))
    record = json.loads((book / "book" / "provenance.json").read_text())
    return nbformat.read(book / "book" / "01_one.ipynb", as_version=4), record["01_one"]


def test_an_executed_chapter_is_complete_and_recorded(book):
    notebook, entry = run(book)
    assert [cell.execution_count for cell in notebook.cells] == [1, 2, 3]
    assert proven.count(notebook.cells) == (1, 1, 1)
    assert list(lint.pictures(notebook)) == list(lint.measured.problems(notebook)) == []
    assert list(lint.stored((book / "book" / "01_one.ipynb").read_text())) == []
    assert entry["environment"] == notebooks.environment()


def test_outputs_are_kept_until_what_made_them_changes(book, monkeypatch):
    path = book / "book" / "01_one.ipynb"
    _, first = run(book)
    before = path.read_text()
    monkeypatch.setattr(notebooks, "environment", lambda: {"processor": "another"})
    _, entry = run(book)
    assert path.read_text() == before and entry == first  # though the measured number was another one
    (book / "bncourse" / "module.py").write_text("x = 2\n")
    _, entry = run(book)
    assert path.read_text() != before and entry["environment"] == {"processor": "another"}
    assert entry["sources"] != first["sources"]


def test_outputs_are_renewed_by_force(book, monkeypatch):
    path = book / "book" / "01_one.ipynb"
    run(book)
    before = path.read_text()
    monkeypatch.setattr(notebooks, "environment", lambda: {"processor": "another"})
    _, entry = run(book, "--force")
    assert path.read_text() != before and entry["environment"] == {"processor": "another"}


def test_outputs_that_no_longer_agree_are_renewed_together(book):
    path = book / "book" / "01_one.ipynb"
    run(book)
    notebook = nbformat.read(path, as_version=4)
    before = notebook.cells[1].outputs[0].text
    notebook.cells[0].outputs[0].text = "4\n"
    nbformat.write(notebook, path)
    notebook, _ = run(book)
    assert notebook.cells[0].outputs[0].text == "3\n"
    assert notebook.cells[1].outputs[0].text != before


@pytest.mark.parametrize("change", ["code", "package", "data", "text"])
def test_code_package_and_data_make_outputs_and_text_does_not(book, change):
    notebook = nbformat.read(book / "book" / "01_one.ipynb", as_version=4)
    before = notebooks.sources(notebook)
    if change == "code":
        notebook.cells[0].source += " "
    elif change == "package":
        (book / "bncourse" / "new.py").touch()
    elif change == "data":
        (book / "bncourse" / "assets" / "runs.json").write_text("{}")
    else:
        notebook.cells.append(nbformat.v4.new_markdown_cell("text"))
    assert (notebooks.sources(notebook) == before) == (change == "text")


def compared(path):
    """What `make test` says of a notebook."""
    call = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-rN",  # where CI is set, pytest's closing summary would say every failure a second time
        "-p",
        "conftest",
        "--rootdir",
        path.parent,
        "-c",
        "pyproject.toml",
        path,
    ]
    done = subprocess.run(call, cwd=lint.ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout


def test_a_changed_figure_text_or_range_fails_and_is_named(book):
    path = book / "book" / "01_one.ipynb"
    good, _ = run(book)
    assert compared(path)[0] == 0, compared(path)[1]
    assert compared_after(path, good, 2, source=FIGURE.format(value=3.5)) == [
        "Cell 2",
        "picture 1, axes 1 (What is drawn): Line2D 'loss': its values moved by 0.05 of the axes (tolerance 0.002)",
    ]
    assert "Cell 0" in compared_after(path, good, 0, source="print(4)")
    assert "Cell 1" in compared_after(path, good, 1, source=MEASURE.replace("x < 1", "x < 0"))
    widened = compared_after(path, good, 2, source=FIGURE.format(value=3.5), metadata={"drawn": {"tolerance": 0.1}})
    assert widened == []


def compared_after(path, notebook, number, *, source, metadata=None):
    """The places that a comparison names after a change of one cell's source."""
    changed = nbformat.from_dict(json.loads(json.dumps(notebook)))
    changed.cells[number].source = source
    changed.cells[number].metadata.update(metadata or {})
    nbformat.write(changed, path)
    status, text = compared(path)
    lines = re.findall(r"(?:Cell \d(?=: )|^picture .*)", text, re.MULTILINE)
    assert bool(status) == bool(lines), text
    return lines
