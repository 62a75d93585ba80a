"""What the project declares to need is what it imports."""

import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import course
import nbformat
import pytest
from imports import imported

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
# These are run, not imported: the builder, the kernel, the plug-ins and commands of tests, the editor.
RUN = {"jupyter-book", "ipykernel", "nbval", "pytest-xdist", "ruff", "jupyterlab"}
# What has modules of the repository, and the extras that are installed where they run.
PLACES = {
    "bncourse": ["chapters"],
    "web": ["book"],
    "tools": ["book", "chapters", "test"],
    "tests": ["book", "chapters", "test"],
    "benchmarks": ["chapters"],
}
# The site's build imports these tools, where the extra `test` is missing.
BUILDING = ("course.py", "imports.py", "proven.py")


def name(requirement: str) -> str:
    """The name of a package in a requirement, as it is normalized."""
    for mark in "<>=!~[; ":
        requirement = requirement.partition(mark)[0]
    return requirement.lower().replace("_", "-")


def declared(*extras: str) -> set[str]:
    """The packages that the project and some of its extras name."""
    return {name(text) for text in [*PROJECT["dependencies"], *(text for extra in extras for text in EXTRAS[extra])]}


def packages(sources: list[str]) -> set[str]:
    """The packages that some sources import, those of the repository and of Python left out."""
    found = packages_distributions()
    tops = {name.partition(".")[0] for source in sources for name in imported(source)}
    ours = {path.stem for folder in PLACES for path in (ROOT / folder).glob("*.py")} | {*PLACES, ""}
    # Where several packages bring a module, the one of its name is meant.
    named = {top: [name(package) for package in found.get(top, [])] for top in tops - ours}
    return {top if top in names else names[0] for top, names in named.items() if names} - {"bncourse"}


def sources(folder: str) -> list[str]:
    return [path.read_text() for path in (ROOT / folder).rglob("*.py")]


def cells() -> list[str]:
    """The code of all chapters."""
    notebooks = [nbformat.read(ROOT / chapter.path, as_version=4) for chapter in course.read().chapters]
    return [cell.source for notebook in notebooks for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("folder", PLACES)
def test_what_is_imported_is_declared(folder):
    assert packages(sources(folder)) - declared(*PLACES[folder]) == set()


def test_what_chapters_import_is_declared_for_chapters():
    assert packages(cells()) - declared("chapters") - {"ipython"} == set()


def test_what_builds_the_site_needs_no_other_extra():
    building = [(ROOT / "tools" / file).read_text() for file in BUILDING]
    assert packages([*sources("web"), *building]) - declared("book") == set()
    loaded = {top for source in sources("web") for top in imported(source)} & {
        p.stem for p in (ROOT / "tools").glob("*.py")
    }
    assert {f"{module}.py" for module in loaded} <= set(BUILDING)


def test_what_is_declared_is_imported_or_run():
    everything = [source for folder in PLACES for source in sources(folder)]
    used = packages([*everything, *cells(), (ROOT / "conftest.py").read_text()])
    assert declared(*EXTRAS) - used - RUN == set()
