"""The address, the version and the set-up cell stand in one place, and everything follows."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import stamp
import yaml
from colab import tracked
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import bncourse
from bncourse.environment import OLDEST

ROOT = Path(__file__).resolve().parent.parent
OURS = stamp.Course("https://github.com/someone/course", "main", "0.1.0")


def draft(*imports, setup=True):
    """A chapter as its author writes it."""
    cells = [new_markdown_cell("# Title\n\n*20 minutes.*\n\nOpening."), *map(new_code_cell, imports)]
    if setup:
        cells.insert(1, new_code_cell("# stamped", metadata={"setup": True}))
    return nbformat.writes(new_notebook(cells=cells))


def stamped(text, course=OURS):
    return nbformat.reads(stamp.stamp_notebook(text, "book/01_title.ipynb", course), as_version=4)


@pytest.fixture
def copy(tmp_path):
    """The tracked files, in a folder of their own."""
    for path in tracked():
        if not path.startswith("web/"):
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, target)
    return tmp_path


def test_nothing_is_out_of_date():
    assert stamp.outdated() == []


def test_a_fork_changes_its_address_and_one_command_does_the_rest(copy):
    config = copy / "_config.yml"
    old = stamp.course(copy)
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
        assert 'set_up(\\"https://github.com/Ada-L/my.course\\", \\"term/2027\\"' in text


def test_a_second_run_changes_nothing(copy):
    stamp.write(copy)
    assert stamp.write(copy) == []


def test_a_changed_set_up_cell_is_found(copy):
    chapter = copy / "book" / "01_convolution.ipynb"
    chapter.parent.mkdir(exist_ok=True)
    chapter.write_text(stamp.stamp_notebook(draft(), "book/01_convolution.ipynb", stamp.course(copy)))
    assert stamp.outdated(copy) == []
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
    config.write_text(config.read_text().replace(stamp.course(copy).repository, url))
    with pytest.raises(SystemExit, match="expected a url like https://github.com/owner/name"):
        stamp.write(copy)


def test_the_set_up_cell_is_folded_and_the_links_follow_the_line_in_italics():
    title, setup = stamped(draft()).cells
    assert setup.metadata == {"setup": True, "cellView": "form", "tags": ["hide-input"]}
    assert setup.source.startswith("#@title ")
    assert [part[:10] for part in title.source.split("\n\n")] == ["# Title", "*20 minute", "*Run it in", "Opening."]


def test_stamping_for_another_address_replaces_the_old_one():
    once = nbformat.writes(stamped(draft(), stamp.Course("https://github.com/old/name", "main", "0.1.0")))
    assert stamped(once) == stamped(draft())


def test_a_chapter_without_a_set_up_cell_is_refused():
    with pytest.raises(SystemExit, match="expected one cell with the metadata `setup: true`, found 0"):
        stamped(draft(setup=False))


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
        ("x = 'import keras'", False),
    ],
)
def test_only_chapters_that_import_tensorflow_need_it(source, needed):
    assert f"tensorflow={needed})" in stamped(draft(source)).cells[1].source


def test_the_oldest_versions_agree_with_the_projects_metadata():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    requirements = [*project["dependencies"], *project["optional-dependencies"]["chapters"]]
    bounds = dict(requirement.split(">=") for requirement in requirements if ">=" in requirement)
    assert {"python": project["requires-python"].removeprefix(">="), **bounds} == OLDEST


def test_the_changelog_begins_with_the_version():
    [newest, *_] = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest == bncourse.__version__


def test_the_citation_names_only_the_project():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["authors"] == [{"name": f"The authors of {citation['title']}"}]
    assert str(citation["date-released"]) in (ROOT / "CHANGELOG.md").read_text()
