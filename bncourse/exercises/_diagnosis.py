"""Comparing results, and the sentence for each way in which one can be wrong.

A result is read as named arrays, its parts, by the shape of the truth: an array or a number is one part, a tuple of
arrays has one part each. Every diagnosis takes what one call gave and the truth, and returns a sentence or None.
"""

import inspect
import os
import re
import textwrap
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Number
from typing import Any

import numpy as np

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_LIBRARIES = (_HERE, os.path.dirname(os.__file__), "<frozen", "<__array_function__")
_FOREIGN = ("site-packages", "dist-packages", "__autograph_generated_file")


@dataclass(frozen=True)
class Outcome:
    """What one call of the reader's function gave; for an exercise that asks for a value, the value.

    Args:
        value: the result.
        call: the call as text, empty for a value.
        raised: the name of the exception's type, empty without one.
        error: the sentence about the exception.
        changed: the names of the arguments that were changed in place.
    """

    value: Any = None
    call: str = ""
    raised: str = ""
    error: str = ""
    changed: tuple[str, ...] = ()


class Unreadable(Exception):
    """A result that is not what the truth is: its text names both."""


def parts(result, truth) -> dict[str, np.ndarray]:
    """The parts of `result`, named as those of `truth`.

    Raises:
        Unreadable: if `result` does not have the parts of `truth`, or holds something else than numbers.
    """
    if not _is_compound(truth):
        return {"": _numbers(result, truth)}
    names = getattr(truth, "_fields", None) or [f"result[{i}]" for i in range(len(truth))]
    try:
        found = [] if isinstance(result, dict | set) else list(result)
    except TypeError:  # a single number
        found = []
    if len(found) != len(truth):
        raise Unreadable(f"expected {describe(truth)}, received {describe(result)}")
    return {name: _numbers(part, t, f" for `{name}`") for name, part, t in zip(names, found, truth, strict=True)}


def _is_compound(truth) -> bool:
    """A tuple of numbers alone, such as a shape, is read as one vector."""
    return isinstance(truth, tuple | list) and any(np.ndim(part) > 0 for part in truth)


def _numbers(result, truth, place: str = "") -> np.ndarray:
    try:
        array = np.asarray(result)
        if array.dtype == object and all(isinstance(number, Number) for number in array.flat):
            array = array.astype(float)  # fractions and the like
    except Exception:  # a ragged list, a symbolic tensor
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        raise Unreadable(f"expected {describe(truth)}{place}, received {describe(result)}")
    return array


def describe(value) -> str:
    """A value by its kind and shape, in words."""
    if value is None:
        return "None"
    if isinstance(value, str):
        return "a string"
    if callable(value) and hasattr(value, "__name__"):
        return "a function"
    if isinstance(value, bool | int | float | np.number | np.bool):
        return "a number"
    if isinstance(value, tuple | list):
        kind = "list" if isinstance(value, list) else "tuple"
        if hasattr(value, "_fields"):
            return f"the tuple ({', '.join(value._fields)})"
        if not _is_compound(value) and all(describe(part) == "a number" for part in value):
            return f"a {kind} of {len(value)} {'number' if len(value) == 1 else 'numbers'}"
        kinds = list(dict.fromkeys(describe(part) for part in value))
        return f"a {kind} of length {len(value)} ({', '.join(kinds[:3])})"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        dtype = getattr(value.dtype, "name", value.dtype)
        kind = "" if re.match("float|u?int|bool", str(dtype)) else f" and dtype {dtype}"
        return f"an array of shape {tuple(value.shape)}{kind}" if len(value.shape) else f"a number{kind}"
    return f"an object of type {type(value).__name__}"


def close(result: np.ndarray, other: np.ndarray, truth: np.ndarray, tolerance: float) -> bool:
    """Whether two results agree within `tolerance` of the truth's largest element; whole numbers agree exactly."""
    if result.shape != other.shape:
        return False
    distance = tolerance * _scale(truth) if truth.dtype.kind == "f" else 0.0
    return bool(np.allclose(result.astype(float), other.astype(float), rtol=0, atol=distance, equal_nan=True))


def _scale(truth: np.ndarray) -> float:
    """The size of the truth's largest finite element; 1 where all of them are 0."""
    return float(np.max(np.abs(truth), initial=0.0, where=np.isfinite(truth))) or 1.0


def exception(outcome: Outcome, truth) -> str | None:
    return outcome.error or None


def wrong_type(outcome: Outcome, truth) -> str | None:
    if outcome.value is None and outcome.call:
        return f"Nothing was returned: {_subject(outcome)} is `None`, expected {describe(truth)}. Is there a `return`?"
    try:
        parts(outcome.value, truth)
    except Unreadable as mismatch:
        return f"{_capital(_subject(outcome))} has the wrong type: {mismatch}."
    return None


def wrong_shape(outcome: Outcome, truth) -> str | None:
    expected = parts(truth, truth)
    for name, part in parts(outcome.value, truth).items():
        if part.shape == expected[name].shape:
            continue
        if not outcome.call:
            return f"Expected {describe(truth)}, received {describe(outcome.value)}."
        return (
            f"{_capital(_subject(outcome, name))} has the wrong shape: "
            f"expected `{expected[name].shape}`, received `{part.shape}`."
        )
    return None


def not_finite(outcome: Outcome, truth) -> str | None:
    expected = parts(truth, truth)
    for name, part in parts(outcome.value, truth).items():
        wrong = ~np.isfinite(part) & np.isfinite(expected[name])
        if wrong.any():
            index = _first(wrong)
            return (
                f"{_capital(_subject(outcome, name))} holds {part[index]}{_at(index)}: "
                "look for a division by zero, the root of a negative number, or an overflow."
            )
    return None


def changed_argument(outcome: Outcome, truth) -> str | None:
    if not outcome.changed:
        return None
    names = " and ".join(f"`{name}`" for name in outcome.changed)
    return f"Your function changed {names} in place, and the caller still needs it. Compute a new array instead."


#: The diagnoses in their order; each is tried on all calls before the next.
DIAGNOSES: tuple[Callable, ...] = (exception, wrong_type, wrong_shape, not_finite, changed_argument)


def worst_element(outcomes: list[Outcome], truths: list) -> str:
    """The element that is farthest off, relative to its array: where it is, what was received, what was expected."""
    worst = (-1.0, "")
    for outcome, truth in zip(outcomes, truths, strict=True):
        expected = parts(truth, truth)
        for name, part in parts(outcome.value, truth).items():
            with np.errstate(invalid="ignore"):  # two infinities that agree
                error = np.nan_to_num(np.abs(part.astype(float) - expected[name]))
            index = np.unravel_index(int(error.argmax()), error.shape)
            far = float(error[index]) / _scale(expected[name])
            if far > worst[0]:
                worst = far, _compare(outcome, name, index, part[index], expected[name][index])
    return worst[1]


def _compare(outcome: Outcome, name: str, index: tuple, received, expected) -> str:
    if outcome.call:
        return (
            f"{_capital(_subject(outcome, name))} is off, most{_at(index) or ' of all'}: "
            f"received {_format(received)}, expected {_format(expected)}."
        )
    # A value exercise asks for this very number: say which way to look, and leave the number to the reader.
    place = f"Element {index[0]} of your answer" if index else "Your answer"
    return f"{place}, {_format(received)}, is too {'large' if received > expected else 'small'}."


def _format(number) -> str:
    return f"{number}" if number.dtype.kind in "biu" else f"{number:.6g}"


def _subject(outcome: Outcome, name: str = "") -> str:
    if not outcome.call:
        return "your answer"
    return f"`{name}` of `{outcome.call}`" if name else f"the result of `{outcome.call}`"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _first(mask: np.ndarray) -> tuple:
    return np.unravel_index(int(mask.argmax()), mask.shape)


def _at(index: tuple) -> str:
    return f" at index `[{', '.join(str(int(i)) for i in index)}]`" if index else ""


def exception_sentence(error: BaseException, answer) -> str:
    """The exception with the deepest line of the reader's own code; our frames and libraries' are left out."""
    code = getattr(inspect.unwrap(answer), "__code__", None)
    home = code.co_filename if code else None
    own = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == home or not _is_foreign(f.filename)]
    text = f"{type(error).__name__}: {_in_one_line(str(error))}".rstrip(":. ")
    if not own:
        return f"Your function raised {text}."
    line = f", `{textwrap.shorten(own[-1].line, 100)}`," if own[-1].line else ""
    return f"Line {own[-1].lineno} of your code{line} raised {text}."


def _in_one_line(message: str) -> str:
    """An exception's message; of TensorFlow's report about a compiled function only what is wrong, its last line."""
    lines = re.sub(r"\x1b\[\d+m", "", message).split("\n")
    lines = [line.strip() for line in lines if line.strip()]
    if lines and lines[0] == "in user code:":
        return lines[-1].split(": ", 1)[-1]
    return " ".join(lines)


def _is_foreign(filename: str) -> bool:
    return filename.startswith(_LIBRARIES) or any(mark in filename for mark in _FOREIGN)
