"""Formulas over an array (..., C) and one vector per channel, computed block by block.

NumPy reads and writes the whole array at every step of a formula, and memory is what it waits for. Here a block of
rows that fits in the processor's cache goes through all the steps before the next block is fetched. The formulas
themselves are plain NumPy, written where they belong and decorated.
"""

import functools
from collections.abc import Callable, Iterator

import numpy as np

# Bytes of a block: small enough for a second-level cache of 1 MB with a step's operands, and large enough for NumPy to
# reuse the memory of a step's intermediate results, which it does from 256 kB on.
BLOCK = 2**18


def channelwise(formula) -> Callable:
    """Decorates a formula of arrays (..., C) and vectors (C,): its result has the first array's shape and dtype."""

    @functools.wraps(formula)
    def computed(x, *others):
        result = np.empty(x.shape, x.dtype)
        rows = result.reshape(-1, x.shape[-1])
        for place, arguments in _blocks(x, others, x.dtype):
            rows[place] = formula(*arguments)
        return result

    return computed


def channel_sum(formula) -> Callable:
    """Decorates a formula of arrays (..., C) and vectors (C,): its result is summed per channel, (C,) in float64.

    A formula with several results gets a sum of each, in one reading of the arrays. The sums are accumulated in
    float64, a block at a time, by one call to BLAS: a vector of ones times the block. Vectors enter in float64, too, so
    that a mean that is subtracted is exact.
    """

    @functools.wraps(formula)
    def computed(x, *others):
        totals = None
        ones = np.ones(x.size // x.shape[-1])
        for place, arguments in _blocks(x, others, np.float64):
            terms = formula(*arguments)
            several = isinstance(terms, tuple)
            sums = [ones[place] @ term.astype(float, copy=False) for term in (terms if several else [terms])]
            totals = [a + b for a, b in zip(totals, sums, strict=True)] if totals else sums
        return tuple(totals) if several else totals[0]

    return computed


def _blocks(x, others, dtype) -> Iterator[tuple[slice, list[np.ndarray]]]:
    """Places of rows, and these rows (rows, C) of each argument; float16 becomes float32, and vectors have `dtype`."""
    channels = x.shape[-1]
    count = x.size // channels
    dtype = np.result_type(dtype, np.float32)
    step = min(count, max(1, BLOCK // (channels * dtype.itemsize)))
    # In several blocks vectors are as large as these: NumPy then runs through block and vector in one long loop.
    repeats = step if step < count else 1
    arrays, vectors = {}, {}
    for i, argument in enumerate((x, *others)):
        if argument.shape == (channels,) != x.shape:
            vectors[i] = np.repeat(argument.astype(dtype)[np.newaxis], repeats, axis=0)
        else:
            rows = argument if argument.shape == x.shape else np.broadcast_to(argument, x.shape)
            arrays[i] = rows.reshape(-1, channels).astype(np.result_type(rows.dtype, np.float32), copy=False)
    for start in range(0, count, step):
        place = slice(start, min(start + step, count))
        within = slice(0, place.stop - start)
        yield place, [arrays[i][place] if i in arrays else vectors[i][within] for i in range(1 + len(others))]
