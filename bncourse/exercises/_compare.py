"""Reading results as named arrays, and comparing them.

A result is read by the form of the solution's: a number or an array is one part, a tuple of arrays one part each.
"""

import ast
import re
import textwrap
from dataclasses import dataclass
from itertools import islice
from numbers import Number

import numpy as np

Parts = dict[str, np.ndarray]


class Unreadable(Exception):
    """A result that has not the form it should have; its text says what it is, and what was expected."""


@dataclass(frozen=True)
class Form:
    """What a result is made of: the name of each part, and the solution's own result; a single part has no name."""

    names: tuple[str, ...]
    example: object

    @classmethod
    def of(cls, result, source: str = "") -> "Form":
        """The form of a solution's result, its parts named by their tuple type or by the `return` of `source`."""
        if not _is_compound(result):
            return cls(("",), result)
        return cls(tuple(getattr(result, "_fields", None) or _returned_names(source, len(result))), result)

    def read(self, result) -> Parts:
        """The parts of `result` as plain arrays.

        Raises:
            Unreadable: if it has other parts, or holds something else than numbers.
        """
        if self.names == ("",):
            return {"": _numbers(result, self.example)}
        try:
            # One more than wanted is enough to know: a generator may have no end.
            found = [] if isinstance(result, dict | set | str) else list(islice(result, len(self.names) + 1))
        except TypeError:  # a single number
            found = []
        if len(found) != len(self.names):
            # An array has rows, not results, even if their number fits.
            counted = f"{len(result)} results" if isinstance(result, tuple | list) else describe(result)
            raise Unreadable(f"expected {len(self.names)} results{self.listed()}, received {counted}")
        parts = zip(self.names, found, self.example, strict=True)
        return {name: _numbers(part, example, f" for {quoted(name)}") for name, part, example in parts}

    def listed(self) -> str:
        """The names of the parts, as in ", `(dx, dgamma, dbeta)`", if they have any."""
        return "" if self.names[0] in _NAMELESS else f", `({', '.join(self.names)})`"


ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")

#: What parts are called that have no name.
_NAMELESS = tuple(f"{ordinal} result" for ordinal in ORDINALS)


def quoted(name: str) -> str:
    """The name of a part as a message shows it."""
    return f"the {name}" if name in _NAMELESS else f"`{name}`"


def _returned_names(source: str, count: int) -> list[str]:
    """What the docstring of a solution, or else its `return`, calls its results."""
    tree = ast.parse(textwrap.dedent(source))
    for listed in re.findall(r"\(([\w, ]+)\)", ast.get_docstring(tree.body[0]) or ""):
        names = listed.split(", ")
        if len(names) == count and all(len(name) > 1 or name == "y" for name in names):
            return names
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and len(node.value.elts) == count:
            names = [ast.unparse(element).rpartition(".")[2] for element in node.value.elts]
            if all(name.isidentifier() for name in names):
                return names
    return list(_NAMELESS[:count])


def _is_compound(result) -> bool:
    """A tuple of numbers alone, such as a shape, is read as one vector."""
    return isinstance(result, tuple | list) and any(np.ndim(part) > 0 for part in result)


def _numbers(result, example, place: str = "") -> np.ndarray:
    try:
        array = np.asarray(result)
        if array.dtype == object and all(isinstance(number, Number) for number in array.flat):
            array = array.astype(float)  # fractions and the like
    except Exception:  # a ragged list, a symbolic tensor
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        raise Unreadable(f"expected {describe(example)}{place}, received {describe(result)}")
    return np.array(array)


def describe(value) -> str:
    """A value by its kind and shape, in words."""
    if value is None or value is ...:
        return f"`{'None' if value is None else '...'}`"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, type):
        return f"the type `{value.__name__}`"
    if callable(value) and hasattr(value, "__name__"):
        return "a function"
    if isinstance(value, bool | np.bool):
        return "a truth value"
    if isinstance(value, int | float | np.number):
        return "a number"
    if isinstance(value, tuple | list):
        kind = "list" if isinstance(value, list) else "tuple"
        if hasattr(value, "_fields"):
            return f"the tuple `({', '.join(value._fields)})`"
        if not _is_compound(value) and all(describe(part) == "a number" for part in value):
            return f"{len(value)} {'number' if len(value) == 1 else 'numbers'}"
        strange = next((describe(part) for part in value if describe(part) != "a number"), "")
        return f"a {kind} with {strange} in it" if not _is_compound(value) else f"a {kind} of length {len(value)}"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        dtype = getattr(value.dtype, "name", value.dtype)
        kind = "" if re.match("float|u?int|bool|bfloat", str(dtype)) else f" of dtype {dtype}"
        return f"an array of shape `{tuple(value.shape)}`{kind}" if len(value.shape) else f"a number{kind}"
    return f"an object of type `{type(value).__name__}`"


def close(result: np.ndarray, other: np.ndarray, truth: np.ndarray, tolerance: float) -> bool:
    """Whether two results agree within `tolerance` of the truth's largest element; whole numbers agree exactly."""
    if result.shape != other.shape:
        return False
    distance = tolerance * scale(truth) if truth.dtype.kind == "f" else 0.0
    result, other = result.astype(float), other.astype(float)
    with np.errstate(invalid="ignore"):  # infinity minus infinity
        near = (np.abs(result - other) <= distance) | (result == other)
    return bool(near.all()) or bool((near | np.isnan(result) & np.isnan(other)).all())


def scale(truth: np.ndarray) -> float:
    """The size of the truth's largest finite element; 1 where all of them are 0."""
    return float(np.max(np.abs(truth), initial=0.0, where=np.isfinite(truth))) or 1.0


def same_argument(before, after) -> bool:
    """Whether an argument is what it was; objects that hold no numbers are taken to be."""
    if isinstance(before, tuple | list):
        return len(before) == len(after) and all(map(same_argument, before, after))
    try:
        before, after = np.asarray(before), np.asarray(after)
    except Exception:
        return True
    if before.dtype.kind not in "biuf":
        return True
    return before.shape == after.shape and bool(np.array_equal(before, after, equal_nan=True))
