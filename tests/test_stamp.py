"""The address, the version and the set-up cell stand in one place, and everything follows."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import course
import nbformat
import pytest
import stamp
import yaml
from colab import tracked
from course import Chapter, Course
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import bncourse
from bncourse.environment import OLDEST

ROOT = Path(__file__).resolve().parent.parent
TITLE = Chapter("title", 1, "Part", "book/01_title", "Title", 20, "{forward} and patience", False)
FORWARD = TITLE._replace(slug="forward", number=4, file="book/04_forward", title="Forward", needs="")
OURS = Course("https://github.com/someone/course", "main", "0.1.0", (TITLE, FORWARD))


def draft(*imports, setup=True, text="Opening."):
    """A chapter as its author writes it."""
    cells = [new_markdown_cell(f"# Title\n\n{text}"), *map(new_code_cell, imports)]
    if setup:
        cells.insert(1, new_code_cell("# stamped", metadata={"setup": True}))
    return nbformat.writes(new_notebook(cells=cells))


def stamped(text, here=OURS, chapter=TITLE):
    return nbformat.reads(stamp.stamp_notebook(text, chapter, here), as_version=4)


@pytest.fixture
def copy(tmp_path):
    """The tracked files, in a folder of their own."""
    for path in tracked():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, target)
    return tmp_path


def test_nothing_is_out_of_date():
    assert stamp.outdated() == []


def test_a_fork_changes_its_address_and_one_command_does_the_rest(copy):
    config = copy / "_config.yml"
    old = course.read(copy)
    text = config.read_text().replace(old.repository, "https://github.com/Ada-L/my.course")
    config.write_text(text.replace(f"branch: {old.branch}", "branch: term/2027"))
    assert stamp.outdated(copy)

    subprocess.run([sys.executable, "tools/stamp.py"], cwd=copy, check=True)
    assert stamp.outdated(copy) == []
    owner, name = old.slug.split("/")
    theirs = re.compile(rf"{re.escape(owner)}(/{re.escape(name)}|\.github\.io)")
    texts = [path for path in copy.rglob("*") if path.suffix in (".md", ".ipynb", ".toml", ".cff", ".yml")]
    assert [path for path in texts if theirs.search(path.read_text())] == []
    for path in (copy / "book").glob("*.ipynb"):
        text = path.read_text()
        assert f"https://colab.research.google.com/github/Ada-L/my.course/blob/term/2027/book/{path.name}" in text
        assert f"Ada-L/my.course/term%2F2027?urlpath=lab/tree/book/{path.name}" in text
        source = next(cell.source for cell in nbformat.reads(text, as_version=4).cells if cell.metadata.get("setup"))
        assert 'set_up(\n    "https://github.com/Ada-L/my.course",\n    "term/2027",\n' in source


def test_a_second_run_changes_nothing(copy):
    stamp.write(copy)
    assert stamp.write(copy) == []


def test_a_changed_set_up_cell_is_found(copy):
    chapter = copy / course.read(copy).chapters[0].path
    chapter.write_text(chapter.read_text().replace("--no-deps", "--upgrade"))
    assert stamp.outdated(copy) == [chapter]


def test_the_version_reaches_set_up_cells_and_citation(copy):
    init = copy / "bncourse" / "__init__.py"
    init.write_text(re.sub(r'__version__ = ".*"', '__version__ = "7.3.1"', init.read_text()))
    stamp.write(copy)
    assert yaml.safe_load((copy / "CITATION.cff").read_text())["version"] == "7.3.1"
    assert all('series=\\"7.3\\"' in path.read_text() for path in (copy / "book").glob("*.ipynb"))


@pytest.mark.parametrize("url", ["https://github.com/a/b.git", "https://github.com/a", "http://github.com/a/b", "a/b"])
def test_an_address_that_gives_no_links_is_refused(copy, url):
    config = copy / "_config.yml"
    config.write_text(config.read_text().replace(course.read(copy).repository, url))
    with pytest.raises(SystemExit, match="expected a url like https://github.com/owner/name"):
        stamp.write(copy)


def test_the_set_up_cell_is_folded_and_what_the_course_knows_follows_the_title():
    title, setup = stamped(draft()).cells
    assert setup.metadata == {"setup": True, "cellView": "form", "tags": ["hide-input"]}
    assert setup.source.startswith("#@title ")
    name, facts, links, opening = title.source.split("\n\n")
    assert (name, opening) == ("# Title", "Opening.")
    assert facts == "*20 minutes · you need [Chapter 4](04_forward.ipynb) and patience · runs without TensorFlow*"
    assert links.startswith("*Run it in [Colab](https://colab.research.google.com/github/someone/course/blob/main/")


def test_stamping_anew_replaces_what_was_stamped():
    elsewhere = OURS._replace(repository="https://github.com/old/name")
    once = nbformat.writes(stamped(draft(), elsewhere, TITLE._replace(minutes=90, needs="", tensorflow=True)))
    assert stamped(once) == stamped(draft())


@pytest.mark.parametrize("text", ["**Bold** begins the text.", "*Italic* words begin it.", "Opening.\n\n*All italic.*"])
def test_a_chapters_own_text_stays(text):
    assert stamped(draft(text=text)).cells[0].source.endswith(f"\n\n{text}")


def test_links_named_by_a_number_get_the_chapters_number():
    text = "[Chapter 9](04_forward.ipynb), [chapter\n3](04_forward.ipynb#part), [why](04_forward.ipynb), `4`"
    expected = "[Chapter 4](04_forward.ipynb), [chapter\n4](04_forward.ipynb#part), [why](04_forward.ipynb), `4`"
    assert stamped(draft(text=text)).cells[0].source.endswith(expected)


DATA = """# a comment with 1.0
version = "1.0"
other = "1.0"

[part]
url = "https://a.b/c" # kept
"""


def test_a_value_in_data_is_replaced_alone():
    new = stamp.stamp_data(DATA, tomllib.loads, {("other",): "2.0", ("part", "url"): "https://a.b/d"})
    assert new == DATA.replace('other = "1.0"', 'other = "2.0"').replace("b/c", "b/d")
    assert stamp.stamp_data(DATA, tomllib.loads, {("other",): "1.0"}) == DATA


def test_a_value_that_cannot_be_replaced_is_named():
    with pytest.raises(SystemExit, match="part.url can't be replaced"):
        stamp.stamp_data('part.url = "a\\u0062c"', tomllib.loads, {("part", "url"): "d"})


def test_a_chapter_without_a_set_up_cell_is_refused():
    with pytest.raises(SystemExit, match="expected one cell with the metadata `setup: true`, found 0"):
        stamped(draft(setup=False))


def test_the_oldest_versions_agree_with_the_projects_metadata():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    requirements = [*project["dependencies"], *project["optional-dependencies"]["chapters"]]
    bounds = dict(requirement.split(">=") for requirement in requirements if ">=" in requirement)
    assert {"python": project["requires-python"].removeprefix(">="), **bounds} == OLDEST


def test_the_changelog_begins_with_the_version():
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    [newest, *_] = [heading for heading in headings if heading != "Unreleased"]
    assert newest == bncourse.__version__


def test_the_citation_names_only_the_project():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["authors"] == [{"name": f"The authors of {citation['title']}"}]
    assert str(citation["date-released"]) in (ROOT / "CHANGELOG.md").read_text()
