"""What a computation in NumPy reads and writes: every operation on an array, and a model of the cache before it."""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ._check import as_features, require_integer

#: Bytes that the model of the cache fetches and drops at a time.
PAGE = 4096


class Traffic(NamedTuple):
    """What goes to and from memory, in passes: one pass is the size of the first array."""

    read: float
    written: float

    @property
    def passes(self) -> float:
        """Both together."""
        return self.read + self.written


def traffic(computation: Callable, *arrays, cache: int = 0) -> Traffic:
    """Count what the operations of a computation read and write.

    Each ufunc (`+`, `np.multiply`, …) and each reduction (`sum`, `mean`, `var`) on the arrays, their views, and what
    was computed from them reads its operands and writes its result. With a cache, what is still in it isn't read again,
    and what is changed in it several times is written once. The model drops what was not used for longest, and knows no
    other traffic: many processors read memory before they store into it, which is left out.

    Args:
        computation: function of the arrays, in plain NumPy. Memory for results counts if `np.empty_like` of the arrays
            made it. Functions that take arguments as plain arrays, as this package's do, hide what they do.
        arrays: arrays of real numbers.
        cache: its size in bytes; 0 for none.

    Raises:
        TypeError: if an array does not hold real numbers, or `cache` is no integer.
        ValueError: if an array is empty, or `cache` is negative.

    >>> x = np.ones((1000, 64))
    >>> traffic(lambda x: x - x.mean(axis=0), x).passes.__round__(2)  # x is read twice, the difference written
    3.0
    """
    require_integer(cache, 0, "cache")
    arrays = [as_features(array) for array in arrays]
    memory = _Memory(cache)
    computation(*(_watched(array, memory) for array in arrays))
    unit = arrays[0].nbytes
    return Traffic(memory.read / unit, memory.written / unit)


class _Memory:
    """Counts bytes to and from memory behind a cache that drops first what was used least recently."""

    def __init__(self, cache: int):
        self.capacity = cache // PAGE
        self.dirty = OrderedDict()  # for each page in the cache, whether it was changed there
        self.read = self.written = 0

    def operation(self, operands: list[np.ndarray], results: list[np.ndarray]) -> None:
        """All operands and results of an operation, from their beginnings to their ends at the same time."""
        if not self.capacity:
            self.read += sum(array.nbytes for array in operands)
            self.written += sum(array.nbytes for array in results)
            return
        streams = [(_pages(array), False) for array in operands] + [(_pages(array), True) for array in results]
        for i in range(max(len(pages) for pages, _ in streams)):
            for pages, changed in streams:
                if i < len(pages):
                    self.touch(pages[i], changed)

    def touch(self, page: int, changed: bool) -> None:
        """One page is read, or changed."""
        there = page in self.dirty
        self.read += PAGE * (not there and not changed)
        self.written += PAGE * (changed and not self.dirty.get(page, False))
        self.dirty[page] = changed or self.dirty.get(page, False)
        self.dirty.move_to_end(page)
        if len(self.dirty) > self.capacity:
            self.dirty.popitem(last=False)


class _Watched(np.ndarray):
    """An array whose operations are counted; what is computed from it is watched as well."""

    memory = None

    def __array_finalize__(self, source):
        self.memory = getattr(source, "memory", None)

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
        operands = [_plain(value) for value in inputs]
        if out is not None:
            kwargs["out"] = tuple(_plain(array) for array in out)
        result = getattr(ufunc, method)(*operands, **kwargs)
        results = result if isinstance(result, tuple) else (result,)
        arrays = [value for value in operands if isinstance(value, np.ndarray)]
        self.memory.operation(arrays, [np.asarray(part) for part in results])
        if out is None:
            out = tuple(_watched(part, self.memory) for part in results)
        return out[0] if len(out) == 1 else out


def _watched(array, memory: _Memory):
    if not isinstance(array, np.ndarray):
        return array
    watched = array.view(_Watched)
    watched.memory = memory
    return watched


def _plain(value):
    return value.view(np.ndarray) if isinstance(value, _Watched) else value


def _pages(array: np.ndarray) -> range:
    """The pages between an array's first and last byte."""
    first, end = np.lib.array_utils.byte_bounds(array)
    return range(first // PAGE, -(-end // PAGE))
