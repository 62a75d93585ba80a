"""Who may import whom, what stays light, and that one slug names all places of a topic."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from bncourse import CHAPTERS

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "bncourse"
HEAVY = {"tensorflow", "keras"}
# What each module may import of the package, beside the helpers named with `_`. Others import none.
MAY_IMPORT = {
    "inference": {"forward"},
    "backward": {"forward"},
    "invariance": {"forward"},
    "network": {"convolution", "forward", "inference", "backward"},
    "models": {"layer"},
    "training": {"models", "data"},
    "shift": {"training", "data"},
    "speedup": {"training", "data"},
}
MAY_BE_HEAVY = {"layer", "models", "training", "shift", "speedup"}
# The full data set comes through keras.datasets, where it is asked for.
MAY_IMPORT_HEAVY_INSIDE_FUNCTIONS = {"data"}


def imported(source: str, package: str = "bncourse", *, inside_functions: bool = True) -> set[str]:
    """The dotted names that a module imports; with relative names resolved in `package`."""
    names = set()
    waiting = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        function = isinstance(node, ast.FunctionDef | ast.Lambda)
        for_types_alone = isinstance(node, ast.If) and getattr(node.test, "id", None) == "TYPE_CHECKING"
        if (function and not inside_functions) or for_types_alone:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parent = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            module = ".".join([*parent, *([node.module] if node.module else [])])
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
        waiting += ast.iter_child_nodes(node)
    return names


def heavy(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names} & HEAVY


def own(names: set[str]) -> set[str]:
    """The modules of the package among the names, without helpers."""
    parts = {tuple(name.split(".")) for name in names}
    modules = {path.stem for path in PACKAGE.glob("*.py")} | {"plots", "exercises"}
    return {part[1] for part in parts if part[0] == "bncourse" and len(part) > 1 and part[1] in modules} - {"_check"}


def breaches(module: str, source: str) -> list[str]:
    """What a module imports against the rules."""
    names = imported(source)
    found = [f"{module} imports {name}" for name in own(names) - MAY_IMPORT.get(module, set()) if name[0] != "_"]
    if module not in MAY_BE_HEAVY:
        inside_too = module not in MAY_IMPORT_HEAVY_INSIDE_FUNCTIONS
        found += [f"{module} imports {name}" for name in heavy(imported(source, inside_functions=inside_too))]
    if "matplotlib" in {name.partition(".")[0] for name in names}:
        found.append(f"{module} imports matplotlib")
    return found


MODULES = sorted(path.stem for path in PACKAGE.glob("*.py"))


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_it_may(module):
    assert breaches(module, (PACKAGE / f"{module}.py").read_text()) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("forward", "from .inference import update_moving"),
        ("forward", "from . import inference"),
        ("forward", "import bncourse.layer"),
        ("layer", "from .forward import moments"),
        ("network", "import tensorflow as tf"),
        ("backward", "def f():\n    import keras"),
        ("data", "import keras"),
        ("training", "from . import plots"),
        ("speedup", "from .exercises import forward"),
        ("models", "import matplotlib.pyplot as plt"),
    ],
)
def test_a_forbidden_import_is_found(module, source):
    assert breaches(module, source)


@pytest.mark.parametrize("path", sorted((PACKAGE / "plots").glob("*.py")), ids=lambda path: path.stem)
def test_plots_take_plain_results(path):
    names = imported(path.read_text(), "bncourse.plots")
    assert own(names) <= {"plots"} and not heavy(names)


@pytest.mark.parametrize("path", sorted((PACKAGE / "exercises").glob("*.py")), ids=lambda path: path.stem)
def test_exercise_definitions_import_nothing_heavy(path):
    at_import = imported(path.read_text(), "bncourse.exercises", inside_functions=False)
    assert not heavy(at_import) and own(at_import).isdisjoint(MAY_BE_HEAVY)
    assert "plots" not in own(imported(path.read_text(), "bncourse.exercises"))


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_package_needs_nothing_that_colab_might_lack(path):
    at_import = {name.partition(".")[0] for name in imported(path.read_text(), inside_functions=False)}
    brought = {"bncourse", "numpy", "matplotlib", "tensorflow", "keras"}
    assert at_import - brought <= sys.stdlib_module_names


def test_the_package_and_the_exercises_load_without_tensorflow():
    code = "import sys, bncourse, bncourse.exercises; bncourse.exercises.catalogue(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert HEAVY.isdisjoint(loaded.split())


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.slug)
def test_one_slug_names_notebook_module_tests_and_exercises(chapter):
    number = CHAPTERS.index(chapter) + 1
    places = [
        ROOT / "book" / f"{number:02}_{chapter.slug}.ipynb",
        PACKAGE / f"{chapter.slug}.py",
        ROOT / "tests" / f"test_{chapter.slug}.py",
        PACKAGE / "exercises" / f"{chapter.slug}.py",
    ]
    assert [str(place.relative_to(ROOT)) for place in places if not place.exists()] == []
