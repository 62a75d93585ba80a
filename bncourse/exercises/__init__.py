"""Exercises that name the reader's mistake.

A chapter's set is the module of its slug, and in it the tuple `EXERCISES`. There are three kinds:

    Function  write a function, or mend a broken one; compared on several calls, the probes
    Value     give a number, a shape, a prediction
    Choice    choose an option; every option has its reason

Readers hand an answer to `check("forward.2", answer)` and see a `Verdict`. Diagnosis goes in this order: untouched
stub, exception (with the line in the reader's code), nothing returned or wrong type, wrong shape, NaN or infinity, an
argument changed in place, a known mistake, the element that is farthest off. A value that is merely wrong is called too
large or too small, since the expected number would be the answer.

How to write a set
------------------
`bncourse/exercises/forward.py`:

    import numpy as np

    from bncourse.exercises import Choice, Function, Mistake, Value


    def standardize(x):
        \"\"\"Standardize each column of x, shape (N, C).\"\"\"
        return (x - x.mean(axis=0)) / x.std(axis=0)


    def _probes():
        yield dict(x=np.array([[1.0, 20.0], [2.0, 70.0], [6.0, 30.0]]))


    EXERCISES = (
        Function(
            id="forward.1",
            title="Standardize a batch",
            statement="Write `standardize(x)`: …",
            hints=("Which axis is the batch?", "`x.mean(axis=0)` has one element a column."),
            solution=standardize,
            explanation="Each column is now …",
            probes=_probes,
            mistakes=(
                Mistake(
                    "Statistics over the wrong axis",
                    "`axis=1` averages over the features of one sample; …",
                    lambda x: (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True),
                ),
                …
            ),
        ),
        Value(
            id="forward.2",
            title="…",
            statement="…",
            hints=("…",),
            name="output_shape",  # readers replace the dots in `output_shape = ...`
            comment="(height, width, channels)",
            solution_code="height = (28 - 5) // 2 + 1\\noutput_shape = (height, height, 8)",
            mistakes=(Mistake("…", "…", (13, 13, 8)), …),
        ),
        Choice(
            id="forward.3",
            …,
            name="why_it_learns",
            options={"a": "…", "b": "…", "c": "…", "d": "…"},
            reasons={"a": "…", "b": "…", "c": "…", "d": "…"},
            solution="c",
        ),
    )

The rules, which `tests/test_exercises.py` holds:

- **Text.** `statement`, `hints`, `explanation` and `options` are Markdown, with math where it helps. A mistake's `name`
  and `hint` and a choice's `reasons` are shown in a cell's output: plain text with `code` between backticks, no LaTeX.
  A `name` says what was done ("Epsilon outside the root"), the `hint` why that is wrong and what to do. Both are
  written to the reader.
- **Solution.** Its source is shown in the chapter, so it stands alone: its own body, `np`, and what `imports` brings.
  Its signature and docstring are the stub. With `broken=`, the stub is that function under the solution's name.
- **Probes** tell the truth and all mistakes apart, each pair by at least a hundredth of the largest element: two or
  more calls with small uneven shapes, means far from 0 and different in each channel, gamma and beta away from 1 and 0,
  a large epsilon (0.5). Leave a default argument out of one probe, and make it matter there (a variance of 1e-3 for
  epsilon 1e-3). Use shapes in which a wrong axis broadcasts silently in one probe (N = C) and can't in another. Probes
  are the same in every run.
- **Mistakes** return what a reader's code would. At least three an exercise; those that raise, return nothing or change
  an argument are caught without being listed.
- Where a result can't be compared (a model, a layer), `run=` takes the function and the probe's arguments, and returns
  numbers.
- A set imports NumPy and NumPy modules of the course alone; what needs TensorFlow imports it inside functions.

In the notebook, a Markdown cell `<!-- exercise: forward.1 -->` marks the place; `python tools/exercises.py` writes the
exercise there, and again whenever it has changed. The chapter itself runs `from bncourse import exercises`.
"""

import importlib
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._checker import Choice, Exercise, Function, Value
    from ._display import Verdict
    from ._mistake import Mistake
    from ._probe import Case

__all__ = ["Case", "Choice", "Exercise", "Function", "Mistake", "Value", "Verdict", "catalogue", "check"]

_SLUGS = sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))
_HOMES = {
    "Case": "_probe",
    "Choice": "_checker",
    "Exercise": "_checker",
    "Function": "_checker",
    "Value": "_checker",
    "Verdict": "_display",
    "Mistake": "_mistake",
}


def catalogue(slug: str | None = None) -> "list[Exercise]":
    """All exercises, chapters in the alphabet's order, or those of one chapter."""
    sets = [importlib.import_module(f"{__name__}.{s}") for s in _SLUGS if slug in (s, None)]
    return [exercise for module in sets for exercise in module.EXERCISES]


def check(id: str, answer) -> "Verdict":
    """Check an answer to the exercise `id`.

    Raises:
        KeyError: if there is no exercise of that id.
    """
    for exercise in catalogue(id.split(".")[0]):
        if exercise.id == id:
            return exercise.check(answer)
    raise KeyError(f"no exercise {id!r}")


def __getattr__(name: str):
    """Load the checker and the sets when they are asked for; the package alone does not even import NumPy."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name in _SLUGS:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
