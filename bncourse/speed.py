"""Batch normalization at the limit of memory: the results of `forward` and `backward` in as few passes as there can be.

NumPy reads and writes whole arrays at each step of a formula, and memory is what it waits for. Here every step is taken
for a block that stays in the processor's cache, arrays are read in one sweep for all their sums and in a second one for
the result, results go into memory that is there already, and threads share the blocks.

`race` and `ratio` compare times fairly. What `python -m benchmarks.batchnorm --store` measured is read by `measured`.
"""

import json
import math
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ._check import as_features, as_float, as_parameters, require_integer, require_shape
from .backward import Gradients
from .forward import Moments, inverse_std

#: What the benchmark measured on one machine, with that machine's description.
STORE = Path(__file__).parent / "assets" / "speed.json"

# Numbers in a block: half a dozen blocks fit in a second-level cache of 2 MB, and a step takes far longer than NumPy
# takes to begin it.
BLOCK = 2**16
# Sums run down columns, and a row has about so many of them: short rows would be all beginning and end.
ROW = 2**10
# A mean of so many standard deviations costs a float32 one digit of its seven, where it isn't subtracted first.
FAR = 4


class Saved(NamedTuple):
    """What the backward pass needs: the input itself, since x̂ would have to be written to memory and read again."""

    x: np.ndarray  # (..., C)
    mean: np.ndarray  # (C,)
    inv_std: np.ndarray  # (C,)
    gamma: np.ndarray  # (C,)


def batchnorm(x, gamma, beta, *, epsilon=1e-3, out=None, threads=1) -> tuple[np.ndarray, Moments, Saved]:
    """`forward.batchnorm` with two readings of `x` and one writing of `y`.

    Mean and variance come from one reading: sums of x and x², in the precision of `x` within a block, in float64 over
    the blocks. Where a mean is more than four standard deviations from 0, too many digits cancel, and the sums are
    taken once more, of x - mean.

    Args:
        x: array (..., C) of float32 or float64. Its squares have to stay finite.
        gamma, beta, epsilon: as in `forward.batchnorm`.
        out: array for y, of the shape and dtype of `x`, C-contiguous; by default a new one, for which the system has to
            find memory. `Saved` keeps `x`, so it must be another array.
        threads: how many blocks are worked on at a time.

    Returns:
        y (..., C), the batch's Moments in float64, and what `batchnorm_backward` needs.

    Raises:
        TypeError: if an array does not hold float32 or float64, or `threads` is no integer.
        ValueError: if shapes disagree, `x` is empty, epsilon is negative, `out` does not fit, or `threads` is below 1.

    Formula:
        with d = x - c for any c: mean = c + (1/m) Σ d,  variance = (1/m) Σ d² - ((1/m) Σ d)²
        y = x scale + (beta - mean scale),  with scale = gamma / sqrt(variance + epsilon)

    Source:
        Chan, Golub and LeVeque (1983), https://doi.org/10.1080/00031305.1983.10483115, on shifted data.

    >>> y, batch, _ = batchnorm(np.array([[1.0, 10.0], [3.0, 30.0]]), [1, 2], [0, 5], epsilon=0)
    >>> y.tolist(), batch.variance.tolist()
    ([[-1.0, 3.0], [1.0, 7.0]], [1.0, 100.0])
    """
    x = _contiguous(as_features(x), "x")
    gamma, beta = as_parameters(gamma, beta, x.shape[-1])
    y = _result(out, x)
    if np.shares_memory(x, y):
        raise ValueError("expected out to be another array than x, received memory that they share")
    pieces = _pieces(x, threads)
    batch = _moments(x, pieces, threads)
    inv_std = inverse_std(batch.variance, epsilon)

    center = _center(batch.mean, inv_std, x.dtype)
    scale = gamma * inv_std
    slope, shift = _block(scale, x), _block(beta - (batch.mean - center) * scale, x)
    flat_x, flat_y, subtract = x.reshape(-1), y.reshape(-1), _subtraction(center, x)

    def normalize(pieces):
        for piece in pieces[::-1]:  # what was read last is still in the cache
            result = flat_y[piece]
            np.multiply(subtract(flat_x[piece], result), slope[: result.size], out=result)
            np.add(result, shift[: result.size], out=result)

    _shared(normalize, pieces, threads)
    return y, batch, Saved(x, batch.mean, inv_std, gamma)


def batchnorm_backward(dy, saved: Saved, *, out=None, threads=1) -> Gradients:
    """`backward.batchnorm_backward` with two readings of `dy` and `x` and one writing of `dx`.

    Args:
        dy: gradient of the loss with respect to y, (..., C), in the dtype of x.
        saved: what `batchnorm` returned last.
        out: array for dx, of the shape and dtype of x, C-contiguous; by default a new one. It may be `dy` itself.
        threads: how many blocks are worked on at a time.

    Returns:
        Gradients: x (..., C), gamma and beta (C,) in the dtype of gamma.

    Raises:
        TypeError, ValueError: as `batchnorm`.

    Formula:
        dβ = Σ dy,  dγ = Σ dy x̂,  dx = γ / sqrt(variance + epsilon) (dy - dβ/m - x̂ dγ/m)

    Source:
        Ioffe and Szegedy (2015), https://arxiv.org/abs/1502.03167, the six gradients of Section 3, collected.

    >>> _, _, saved = batchnorm(np.array([[-1.0], [-1.0], [1.0], [1.0]]), [2.0], [0.0], epsilon=0)
    >>> dx, dgamma, dbeta = batchnorm_backward(np.array([[3.0], [1.0], [0.0], [2.0]]), saved)
    >>> dx.tolist(), dgamma.tolist(), dbeta.tolist()
    ([[2.0], [-2.0], [-2.0], [2.0]], [-2.0], [6.0])
    """
    x, mean, inv_std, gamma = saved
    dy = _contiguous(as_float(dy, "dy"), "dy")
    _require_like(dy, x, "dy")
    dx = _result(out, x)
    pieces = _pieces(x, threads)
    m = x.size // x.shape[-1]
    center = _center(mean, inv_std, x.dtype)
    flat_x, flat_dy, flat_dx, subtract = x.reshape(-1), dy.reshape(-1), dx.reshape(-1), _subtraction(center, x)

    def sums(pieces):
        work = np.empty(_step(x), x.dtype)
        of_dy, of_products = (np.zeros(_row(x)) for _ in range(2))
        for piece in pieces:
            upstream = flat_dy[piece]
            _add(of_dy, upstream)
            _add(of_products, upstream, subtract(flat_x[piece], work[: upstream.size]))
        return of_dy, of_products

    dbeta, products = _totals(sums, pieces, threads, x.shape[-1])
    dgamma = (products - (mean - center) * dbeta) * inv_std
    pull = -inv_std * dgamma / m  # on each x - mean
    slope, shift, scale = (_block(v, x) for v in (pull, dbeta / m + (mean - center) * pull, gamma * inv_std))

    def gradient(pieces):
        work = np.empty(_step(x), x.dtype)
        for piece in pieces[::-1]:
            upstream = flat_dy[piece]
            part, size = work[: upstream.size], upstream.size
            np.multiply(subtract(flat_x[piece], part), slope[:size], out=part)
            np.subtract(part, shift[:size], out=part)
            np.add(part, upstream, out=part)
            np.multiply(part, scale[:size], out=flat_dx[piece])

    _shared(gradient, pieces, threads)
    return Gradients(dx, dgamma.astype(gamma.dtype), dbeta.astype(gamma.dtype))


class Ratio(NamedTuple):
    """How many times as long something takes: the median over all rounds, and the range of the middle half of them."""

    median: float
    low: float
    high: float

    def __str__(self):
        return f"{self.median:.2f} ({self.low:.2f}-{self.high:.2f})"


def race(contestants: Mapping[Hashable, Callable[[], object]], *, rounds: int = 15) -> dict[Hashable, np.ndarray]:
    """Seconds (rounds,) of each contestant's calls, which take turns, so that a busy machine slows all of them.

    One call of each comes before: it compiles, allocates and fills caches. Each round has another order, since a call
    finds the caches and the memory as the one before has left them.

    Args:
        contestants: functions without arguments that return when the work is done, by their names.
        rounds: how many calls of each are timed.

    Raises:
        TypeError, ValueError: if `rounds` is no integer of at least 1.
    """
    require_integer(rounds, 1, "rounds")
    for run in contestants.values():
        run()
    seconds = {name: np.empty(rounds) for name in contestants}
    names, rng = list(contestants), np.random.default_rng(0)
    for turn in range(rounds):
        for i in rng.permutation(len(names)):
            start = time.perf_counter()
            contestants[names[i]]()
            seconds[names[i]][turn] = time.perf_counter() - start
    return seconds


def ratio(seconds, reference) -> Ratio:
    """Each round's time over the reference's in the same round: median and quartiles.

    Raises:
        ValueError: if the two have different shapes.

    >>> print(ratio([2.0, 4.0, 9.0], [1.0, 2.0, 3.0]))
    2.00 (2.00-2.50)
    """
    seconds, reference = as_float(seconds, "seconds"), as_float(reference, "reference")
    require_shape(reference, seconds.shape, "reference")
    low, median, high = np.percentile(seconds / reference, (25, 50, 75))
    return Ratio(float(median), float(low), float(high))


def attainable(intensity, *, arithmetic: float, bandwidth: float):
    """The roofline: operations a second that a processor can reach at an intensity of operations per byte.

    Args:
        intensity: operations per byte read or written, a number or an array.
        arithmetic: most operations a second, whatever they need.
        bandwidth: most bytes a second.

    Source:
        Williams, Waterman and Patterson (2009), https://doi.org/10.1145/1498765.1498785.

    >>> attainable([0.5, 100.0], arithmetic=1e11, bandwidth=1e10).tolist()
    [5000000000.0, 100000000000.0]
    """
    return np.minimum(arithmetic, as_float(intensity, "intensity") * bandwidth)


def measured() -> dict:
    """The stored measurement: `environment`, `ratios` by shape and contestant, `roofline`, and what was `reached`.

    Raises:
        LookupError: if it is missing; the message names the command that makes it.
    """
    if not STORE.exists():
        raise LookupError(f"{STORE.name} is missing: `python -m benchmarks.batchnorm --store` makes it")
    return json.loads(STORE.read_text())


def _moments(x: np.ndarray, pieces: Sequence[slice], threads: int) -> Moments:
    channels, flat, center = x.shape[-1], x.reshape(-1), np.zeros(x.shape[-1], x.dtype)
    for _ in range(2):
        subtract = _subtraction(center, x)

        def sums(pieces, subtract=subtract):
            work = np.empty(_step(x), x.dtype)
            of_deviations, of_squares = (np.zeros(_row(x)) for _ in range(2))
            for piece in pieces:
                deviations = subtract(flat[piece], work[: piece.stop - piece.start])
                _add(of_deviations, deviations)
                _add(of_squares, deviations, deviations)
            return of_deviations, of_squares

        offset, squares = (total * channels / x.size for total in _totals(sums, pieces, threads, channels))
        mean, variance = center + offset, np.maximum(squares - offset**2, 0)
        if np.all(np.abs(offset) <= FAR * np.sqrt(variance)):
            break
        center = mean.astype(x.dtype)
    return Moments(mean, variance)


def _center(mean: np.ndarray, inv_std: np.ndarray, dtype) -> np.ndarray:
    """What is subtracted from x before it is multiplied: nothing where means are near 0, else the mean, rounded."""
    near = np.all(np.abs(mean) * inv_std <= FAR)
    return np.zeros(len(mean), dtype) if near else mean.astype(dtype)


def _subtraction(center: np.ndarray, x: np.ndarray) -> Callable:
    """A function of a block and memory for the result: the block less the center, or the block itself if that is 0."""
    if not center.any():
        return lambda block, out: block
    repeated = _block(center, x)
    return lambda block, out: np.subtract(block, repeated[: block.size], out=out)


def _pieces(x: np.ndarray, threads: int) -> list[slice]:
    """Where the blocks of the flattened array begin and end."""
    require_integer(threads, 1, "threads")
    step = _step(x)
    return [slice(start, min(start + step, x.size)) for start in range(0, x.size, step)]


def _row(x: np.ndarray) -> int:
    """Numbers in a row whose columns are added up: whole positions, each with all its channels."""
    return x.shape[-1] * max(1, ROW // x.shape[-1])


def _step(x: np.ndarray) -> int:
    """Numbers in a block: whole rows."""
    return _row(x) * max(1, BLOCK // _row(x))


def _block(vector: np.ndarray, x: np.ndarray) -> np.ndarray:
    """One number a channel, repeated to a block: NumPy then runs through both in one long loop."""
    return np.tile(vector.astype(x.dtype), min(_step(x), x.size) // len(vector))


def _add(totals: np.ndarray, *factors: np.ndarray) -> None:
    """Add the products of flat arrays, column by column, to `totals` (row,) in float64."""
    whole = factors[0].size // totals.size * totals.size
    subscripts = ",".join(["ij"] * len(factors)) + "->j"
    totals += np.einsum(subscripts, *(factor[:whole].reshape(-1, totals.size) for factor in factors))
    last = math.prod(factor[whole:] for factor in factors)  # the end of the array may be no whole row
    totals[: last.size] += last


def _totals(sums: Callable, pieces: Sequence[slice], threads: int, channels: int) -> list[np.ndarray]:
    """What each thread added up, all together, for each channel."""
    return [
        sum(columns).reshape(-1, channels).sum(axis=0) for columns in zip(*_shared(sums, pieces, threads), strict=True)
    ]


def _shared(work: Callable, pieces: Sequence[slice], threads: int) -> list:
    """What `work` gives for each thread's share of the pieces, which are neighbors in memory."""
    if threads == 1:
        return [work(pieces)]
    bounds = [len(pieces) * i // threads for i in range(threads + 1)]
    return list(_pool(threads).map(work, [pieces[a:b] for a, b in pairwise(bounds)]))


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads that stay: NumPy lets others run while it computes."""
    return ThreadPoolExecutor(threads)


def _contiguous(x: np.ndarray, name: str) -> np.ndarray:
    if x.dtype not in (np.float32, np.float64):
        raise TypeError(f"expected {name} of dtype float32 or float64, received {x.dtype}")
    return np.ascontiguousarray(x)


def _require_like(array: np.ndarray, x: np.ndarray, name: str) -> None:
    require_shape(array, x.shape, name)
    if array.dtype != x.dtype:
        raise TypeError(f"expected {name} of dtype {x.dtype}, received {array.dtype}")


def _result(out, x: np.ndarray) -> np.ndarray:
    if out is None:
        return np.empty_like(x)
    _require_like(out, x, "out")
    if not out.flags.c_contiguous:
        raise ValueError("expected out to be C-contiguous, received another order in memory")
    return out
