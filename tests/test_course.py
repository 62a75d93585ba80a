"""The course is described once, and a new chapter is a few new files and a line in `_toc.yml`."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import course
import nbformat
import pytest
import yaml
from colab import tracked
from course import Chapter, Course
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parent.parent
HERE = course.read()


def test_every_notebook_is_in_the_table_of_contents():
    assert sorted(chapter.path for chapter in HERE.chapters) == sorted(
        str(path.relative_to(ROOT)) for path in (ROOT / "book").glob("*.ipynb")
    )


def test_pages_stand_in_reading_order_a_capstone_behind_its_chapter():
    names = course.pages()
    assert names[:3] == ["index", "study_guide", "01_convolution"]
    assert names.index("capstone_network") == names.index("07_invariance") + 1
    assert sorted(names) == sorted(path.stem for path in (ROOT / "book").iterdir() if path.suffix in (".ipynb", ".md"))


def test_numbers_count_the_chapters_and_capstones_have_none():
    numbers = [chapter.number for chapter in HERE.chapters if chapter.number]
    assert numbers == list(range(1, len(numbers) + 1))
    assert all(chapter.number is None for chapter in HERE.chapters if chapter.slug.startswith("capstone"))


def test_each_chapter_stands_in_the_part_that_the_contents_give_it():
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    captions = [part["caption"] for part in parts]
    order = [captions.index(chapter.part) for chapter in HERE.chapters]
    assert order == sorted(order)
    assert HERE.chapter("capstone_network").part == HERE.chapter("backward").part


def test_an_unknown_chapter_is_an_error():
    with pytest.raises(LookupError, match="no chapter 'nothing'"):
        HERE.chapter("nothing")


def test_readers_see_the_chapters_number_or_the_capstones_step():
    chapter = Chapter("forward", 4, "Part", "book/04_forward", "Forward", 30, "", False)
    assert chapter.exercise("forward.2") == "Exercise 4.2"
    assert chapter._replace(number=None).exercise("forward.2") == "Capstone, step 2"


@pytest.mark.parametrize(
    ("source", "needed"),
    [
        ("import tensorflow as tf", True),
        ("import keras", True),
        ("from keras import layers", True),
        ("from bncourse import forward, layer", True),
        ("from bncourse.training import train", True),
        ("import bncourse.speedup", True),
        ("from bncourse import forward, plots", False),
        ("def parity():\n    import tensorflow", False),
        ("if True:\n    import tensorflow", False),
        ("x = 'import keras'", False),
    ],
)
def test_only_chapters_that_import_tensorflow_need_it(source, needed):
    assert course.wants(["import numpy", source], {"layer", "training", "speedup"}) == needed


@pytest.mark.parametrize("described", [{}, {"course": {"minutes": "30", "needs": ""}}, {"course": {"minutes": 30}}])
def test_a_chapter_that_does_not_say_what_it_takes_is_refused(tmp_path, described):
    notebook = new_notebook(cells=[new_markdown_cell("# Title")], metadata=described)
    path = tmp_path / "01_title.ipynb"
    nbformat.write(notebook, path)
    with pytest.raises(SystemExit, match="book/01_title.ipynb: expected metadata like"):
        course.described(path, "book/01_title", 1, "Part", set())


def test_a_branch_with_a_slash_is_one_part_of_binders_address():
    here = Course("https://github.com/someone/course", "term/2027", "0.1.0")
    assert here.binder("book/x.ipynb") == (
        "https://mybinder.org/v2/gh/someone/course/term%2F2027?urlpath=lab/tree/book/x.ipynb"
    )


# A chapter in the middle, by hand: four new files and a line in the table of contents. (Its exercise is a choice;
# others bring a fifth file, of answers to try.)

MODULE = '"""Twice as much."""\n\n\ndef double(x):\n    """Twice `x`."""\n    return 2 * x\n'
TESTS = "from bncourse import toy\n\n\ndef test_twice():\n    assert toy.double(2) == 4\n"
EXERCISES = """from bncourse.exercises import Choice

EXERCISES = (
    Choice(
        id="toy.1",
        title="What doubles?",
        statement="Which of these doubles $x$?",
        hints=("Try 3.",),
        name="which",
        options={"a": "$x + x$", "b": "$x^2$", "c": "$x$", "d": "$x + 2$"},
        reasons={"a": "Yes.", "b": "It squares.", "c": "It stays.", "d": "It adds 2."},
        solution="a",
        explanation="Add it to itself.",
    ),
)
"""


def toy() -> str:
    """The notebook of a new chapter, as its author writes it."""
    cells = [
        new_markdown_cell("# Twice\n\nTwice is more than once, as [chapter 1](04_forward.ipynb) says."),
        new_code_cell(metadata={"setup": True}, execution_count=1),
        new_code_cell("from bncourse import exercises, toy", execution_count=2),
        new_markdown_cell("## Exercises"),
        new_markdown_cell("<!-- exercise: toy.1 -->"),
    ]
    return nbformat.writes(new_notebook(cells=cells, metadata={"course": {"minutes": 5, "needs": "{forward}"}}))


@pytest.fixture(scope="module")
def grown(tmp_path_factory) -> Path:
    """A copy of the course with the new chapter after the one on the forward pass."""
    copy = tmp_path_factory.mktemp("grown")
    for path in tracked():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, copy / path)
    (copy / "bncourse" / "toy.py").write_text(MODULE)
    (copy / "bncourse" / "exercises" / "toy.py").write_text(EXERCISES)
    (copy / "tests" / "test_toy.py").write_text(TESTS)
    (copy / "book" / "toy.ipynb").write_text(toy())
    contents = copy / "_toc.yml"
    line = f"      - file: {HERE.chapter('forward').file}\n"
    assert line in contents.read_text()
    contents.write_text(contents.read_text().replace(line, f"{line}      - file: book/toy\n"))
    for tool in ("stamp.py", "exercises.py"):
        run(copy, f"tools/{tool}")
    # The author runs the chapter; here its new cells only get their counts.
    path = copy / course.read(copy).chapter("toy").path
    notebook = nbformat.read(path, as_version=4)
    for count, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), 1):
        cell.execution_count = count
    notebook.cells[2].outputs = [new_output("stream", name="stdout", text="6\n")]
    path.write_text(nbformat.writes(notebook) + "\n")
    subprocess.run(["git", "init", "--quiet"], cwd=copy, check=True)
    subprocess.run(["git", "add", "--all"], cwd=copy, check=True)
    return copy


def run(copy: Path, *arguments: str) -> None:
    """Run Python in a copy of the course, with that copy's modules."""
    path = {"PYTHONPATH": str(copy), "PATH": "/usr/bin:/bin", "HOME": str(copy)}
    done = subprocess.run([sys.executable, *arguments], cwd=copy, env=path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_new_chapter_gets_its_number_and_the_later_ones_move_on(grown):
    before = [chapter for chapter in HERE.chapters if chapter.number]
    after = [chapter for chapter in course.read(grown).chapters if chapter.number]
    position = HERE.chapter("forward").number
    expected = [chapter.slug for chapter in before]
    expected.insert(position, "toy")
    assert [chapter.slug for chapter in after] == expected
    assert [chapter.file for chapter in after] == [f"book/{i:02}_{slug}" for i, slug in enumerate(expected, 1)]
    assert all((grown / chapter.path).exists() for chapter in after)
    record = json.loads((grown / "book" / "provenance.json").read_text())
    assert {Path(chapter.file).name for chapter in after} - set(record) == {f"{position + 1:02}_toy"}


def test_links_and_numbers_follow_a_new_chapter(grown):
    here = course.read(grown)
    numbers = {chapter.slug: chapter.number for chapter in here.chapters}
    seen = 0
    for path in [*(grown / "book").glob("*.ipynb"), *(grown / "book").glob("*.md")]:
        for number, file in re.findall(r"\[[Cc]hapter (\d+)\]\((\w+\.ipynb)", path.read_text()):
            assert int(number) == numbers[course.slug(file)], path
            assert (grown / "book" / file).exists()
            seen += 1
    assert seen > 40
    for chapter in here.chapters:
        text = (grown / chapter.path).read_text()
        assert here.colab(chapter.path) in text and here.binder(chapter.path) in text
        if chapter.number:
            assert f"### Exercise {chapter.number}.1: " in text
            assert re.findall(r"### Exercise (\d+)\.", text) == [str(chapter.number)] * text.count("### Exercise ")


def test_a_course_with_a_new_chapter_has_no_problems(grown):
    run(grown, "tools/stamp.py", "--check")
    run(grown, "tools/exercises.py", "--check")
    run(grown, "tools/lint.py")
    tests = [f"tests/test_{test}.py" for test in ("toy", "architecture", "stamp", "answers", "exercises")]
    chosen = "toy or architecture or stamp or has_answers_to_try"
    run(grown, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, "-k", chosen)
