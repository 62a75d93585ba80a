"""Who may import whom, what stays light, and that one slug names all places of a topic."""

import subprocess
import sys
from pathlib import Path

import course
import pytest
from imports import HEAVY, files, heavy, heavy_modules, imported, modules, within

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "bncourse"
CHAPTERS = [chapter for chapter in course.read().chapters if chapter.number]
# What each module may import of the package, beside the helpers named with `_`. A chapter's module that is not listed
# may import the modules of earlier chapters, and a module that is neither may import none.
MAY_IMPORT = {
    "convolution": set(),
    "forward": set(),
    "inference": {"forward"},
    "speed": {"forward", "backward"},
    "traffic": set(),
    "fused": {"layer"},
    "backward": {"forward"},
    "invariance": set(),
    "variants": {"forward", "backward"},
    "norm_trials": {"variants", "network", "data"},
    "network": {"convolution", "forward", "inference", "backward"},
    "layer": set(),
    "models": {"layer"},
    "training": {"models", "data"},
    "placement": {"layer", "training", "data"},
    "shift": {"training", "data"},
    "speedup": {"training", "data", "speed"},
    "clinic": {"layer", "models", "inference", "data"},
    "distributed": {"layer", "data", "speed"},
    "replica_trials": {"distributed", "training", "layer", "data"},
    "small_batches": {"training", "layer", "data"},
    "arms": {"training"},
    "landscape": {"training", "data", "shift", "arms"},
    "cases": {"models", "layer", "data"},
}
# These run where TensorFlow can't. Which of the others load it follows from what they import.
LIGHT = {
    "convolution",
    "forward",
    "inference",
    "backward",
    "invariance",
    "variants",
    "network",
    "norm_trials",
    "data",
    "environment",
    "speed",
    "traffic",
}
# The full data set comes through keras.datasets, where it is asked for.
MAY_IMPORT_HEAVY_INSIDE_FUNCTIONS = {"data"}


def own(names: set[str]) -> set[str]:
    """The modules of the package among the names, without helpers."""
    return {name for name in modules(names) & set(files(PACKAGE)) if name[0] != "_"}


def may_import(module: str) -> set[str]:
    """What a module may import of the package."""
    slugs = [chapter.slug for chapter in CHAPTERS]
    earlier = slugs[: slugs.index(module)] if module in slugs else []
    return MAY_IMPORT.get(module, set(earlier))


def breaches(module: str, source: str, package: str = "bncourse") -> list[str]:
    """What a module, or a file of a module that is a package, imports against the rules."""
    names = imported(source, package)
    found = [f"{module} imports {name}" for name in own(names) - may_import(module) - {module}]
    if module in LIGHT:
        inside_too = module not in MAY_IMPORT_HEAVY_INSIDE_FUNCTIONS
        wanting = heavy(imported(source, package, inside_functions=inside_too))
        found += [f"{module} imports {name}" for name in wanting]
    if "matplotlib" in {name.partition(".")[0] for name in names}:
        found.append(f"{module} imports matplotlib")
    return found


MODULES = {name: paths for name, paths in files(PACKAGE).items() if name not in ("plots", "exercises")}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_it_may(module):
    for path in MODULES[module]:
        assert breaches(module, path.read_text(), within(path, PACKAGE)) == []


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
        ("invariance", "from .forward import moments"),
        ("speedup", "from .exercises import forward"),
        ("models", "import matplotlib.pyplot as plt"),
        ("new", "from .forward import moments"),
    ],
)
def test_a_forbidden_import_is_found(module, source):
    assert breaches(module, source)


def test_the_numpy_modules_load_no_tensorflow_through_others():
    assert heavy_modules(PACKAGE) & LIGHT == set()


def test_what_loads_tensorflow_is_found_through_others(tmp_path):
    package = tmp_path / "bncourse"
    package.mkdir()
    for name, source in {
        "direct": "from keras import ops",
        "through": "from . import direct",
        "far": "import bncourse.through as t",
        "later": "def f():\n    import tensorflow",
        "types": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import keras",
        "plain": "import numpy",
    }.items():
        (package / f"{name}.py").write_text(source)
    assert heavy_modules(package) == {"direct", "through", "far"}


@pytest.mark.parametrize("path", sorted((PACKAGE / "plots").glob("*.py")), ids=lambda path: path.stem)
def test_plots_take_plain_results(path):
    names = imported(path.read_text(), "bncourse.plots")
    assert own(names) <= {"plots"} and not heavy(names)


@pytest.mark.parametrize("path", sorted((PACKAGE / "exercises").glob("*.py")), ids=lambda path: path.stem)
def test_exercise_definitions_import_nothing_heavy(path):
    at_import = imported(path.read_text(), "bncourse.exercises", inside_functions=False)
    assert not heavy(at_import) and own(at_import).isdisjoint(heavy_modules(PACKAGE))
    assert "plots" not in own(imported(path.read_text(), "bncourse.exercises"))


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_package_needs_nothing_that_colab_might_lack(path):
    names = imported(path.read_text(), within(path, PACKAGE), inside_functions=False)
    at_import = {name.partition(".")[0] for name in names}
    brought = {"bncourse", "numpy", "matplotlib", "tensorflow", "keras"}
    assert at_import - brought <= sys.stdlib_module_names


def test_the_package_and_the_exercises_load_without_tensorflow():
    code = "import sys, bncourse, bncourse.exercises; bncourse.exercises.catalogue(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert HEAVY.isdisjoint(loaded.split())


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.slug)
def test_one_slug_names_notebook_module_tests_and_exercises(chapter):
    places = [
        ROOT / "book" / f"{chapter.number:02}_{chapter.slug}.ipynb",
        files(PACKAGE).get(chapter.slug, [PACKAGE / f"{chapter.slug}.py"])[0],
        ROOT / "tests" / f"test_{chapter.slug}.py",
        PACKAGE / "exercises" / f"{chapter.slug}.py",
    ]
    assert [str(place.relative_to(ROOT)) for place in places if not place.exists()] == []
