"""Exercises that name the reader's mistake.

A chapter's set is the module of its slug, and in it the tuple `EXERCISES`. There are three kinds:

    Function  write a function, or mend a broken one; compared on several calls, the probes
    Value     give a number, a shape, a prediction
    Choice    choose an option; every option has its reason

Readers hand an answer to `check("forward.2", answer)` and see a `Verdict`; `progress()` shows what they have passed.

How an answer is diagnosed
--------------------------
    _guard     an answer has five seconds, and what it changes (random state, settings, printing, patches) is undone
    _probe     one call of it, as plain data: its result's parts, or how it failed, with the line in the reader's code
    _compare   reading results by the form of the solution's, and when two agree
    _explain   why results are wrong, `_numbers` the same for values: first the exercise's own mistakes, then
    _mutants   the solution (or one of `also`) changed in one place, which gives the very same results,
    _general   how wrong results relate to right ones, how the function reacts to its arguments, where it goes wrong
    _messages  sentences about what was expected and what came

What is said first is what comes first: untouched stub, too slow, exception, nothing returned, wrong shape, NaN, wrong
numbers, an argument changed in place, another default, tensors. A known mistake wins over a general one. Each has to
explain all that is wrong in all calls, or says which part it explains: a wrong diagnosis is worse than none. A value
that is merely wrong is called too large or too small, since the expected number would be the answer.

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
  A `Case("where a loss is NaN", …)` is a probe that says in words what is special about it. `tests/test_mutants.py`
  shows each change of the solution that the probes do not notice.
- **Mistakes** return what a reader's code would. At least three an exercise; those that raise, return nothing, change
  an argument or differ from the solution in one place are recognized without being listed. List what is typical of this
  task, and what deserves a better sentence than the general one.
- `run=` takes the function and the probe's arguments, and calls it, with the model that a probe describes for instance.
  Where what the function returns is not all (a model is trained, a gradient flows), `run` returns a named tuple of what
  the call leaves behind, which is compared as well.
- Arguments with a default are passed by name, as are those in `by_name=`; `tensors=True` if later cells pass tensors.
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
    from ._progress import Progress

__all__ = ["Case", "Choice", "Exercise", "Function", "Mistake", "Value", "Verdict", "catalogue", "check", "progress"]

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
            verdict = exercise.check(answer)
            if verdict.attempted:
                importlib.import_module(f"{__name__}._progress").note(id, verdict.passed)
            return verdict
    raise KeyError(f"no exercise {id!r}")


def progress(file=None) -> "Progress":
    """The exercises passed in this session, of each chapter that was begun, and what is next.

    Nothing is kept beyond the session, unless a `file` is named: then its contents are added, and all is written to it.

    Raises:
        ValueError: if the file is none that `progress` has written.
    """
    return importlib.import_module(f"{__name__}._progress").progress(catalogue(), file)


def __getattr__(name: str):
    """Load the checker and the sets when they are asked for; the package alone does not even import NumPy."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name in _SLUGS:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
