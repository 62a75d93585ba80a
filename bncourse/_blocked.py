"""The same sums and maps as the plain formulas, block by block, for large float32 arrays.

A step-by-step formula reads and writes the whole array at every step, and memory is what it waits for. Here a block
of rows that fits in the processor's cache goes through all the steps before the next block is fetched. Sums are
accumulated in float64: a block is copied to a float64 buffer, and a vector of ones times that buffer, one call to BLAS,
sums its rows.
"""

from collections.abc import Iterator

import numpy as np

# A block of float64 takes 256 kB, half of a common second-level cache; smaller arrays don't repay the loop's overhead.
BLOCK = 2**15


def worthwhile(*arrays: np.ndarray) -> bool:
    """Whether arrays are what this module is for: float32, contiguous, and several blocks long."""
    return all(a.dtype == np.float32 and a.flags.c_contiguous and a.size >= 4 * BLOCK for a in arrays)


def channel_sums(x: np.ndarray) -> np.ndarray:
    """Σ x of each channel, (C,) in float64; x (..., C)."""

    def load(rows, block):
        np.copyto(block, rows)

    return _sum(load, x)


def channel_squares(x: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Σ (x - mean)² of each channel, (C,) in float64; x (..., C), mean (C,)."""
    mean = _repeat(mean, np.float64)

    def load(rows, block):
        np.subtract(rows, mean[: len(rows)], out=block)
        np.square(block, out=block)

    return _sum(load, x)


def channel_dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Σ a b of each channel, (C,) in float64; a and b (..., C)."""

    def load(rows_a, rows_b, block):
        np.multiply(rows_a, rows_b, out=block, dtype=np.float64)

    return _sum(load, a, b)


def standardize(x, mean, inv_std, gamma, beta) -> tuple[np.ndarray, np.ndarray]:
    """x̂ = (x - mean) inv_std and y = gamma x̂ + beta, both (..., C) in float32.

    A float32 cannot hold a mean near 10,000 to better than 0.0005. What rounding the mean took away is added back, so
    the subtraction loses nothing.
    """
    rounded = mean.astype(np.float32)
    rest = (rounded - mean) * inv_std
    mean, inv_std, rest, gamma, beta = (_repeat(v, np.float32) for v in (rounded, inv_std, rest, gamma, beta))
    x_hat, y = np.empty_like(x), np.empty_like(x)
    for x_rows, x_hat_rows, y_rows in _blocks(x, x_hat, y):
        n = len(x_rows)
        np.subtract(x_rows, mean[:n], out=x_hat_rows)
        x_hat_rows *= inv_std[:n]
        x_hat_rows += rest[:n]
        np.multiply(x_hat_rows, gamma[:n], out=y_rows)
        y_rows += beta[:n]
    return x_hat, y


def combine(a, a_scale, b, b_scale, shift) -> np.ndarray:
    """a_scale a + b_scale b + shift, (..., C) in float32; a and b (..., C), the rest (C,)."""
    a_scale, b_scale, shift = (_repeat(v, np.float32) for v in (a_scale, b_scale, shift))
    result, scratch = np.empty_like(a), np.empty_like(a_scale)
    for a_rows, b_rows, rows in _blocks(a, b, result):
        n = len(rows)
        np.multiply(a_rows, a_scale[:n], out=rows)
        np.multiply(b_rows, b_scale[:n], out=scratch[:n])
        rows += scratch[:n]
        rows += shift[:n]
    return result


def _rows(channels: int) -> int:
    return max(1, BLOCK // channels)


def _blocks(*arrays: np.ndarray) -> Iterator[list[np.ndarray]]:
    """The arrays as matrices (rows, C), a block of rows of each at a time; writing to a block writes to its array."""
    channels = arrays[0].shape[-1]
    matrices = [a.reshape(-1, channels) for a in arrays]
    step = _rows(channels)
    for start in range(0, len(matrices[0]), step):
        yield [m[start : start + step] for m in matrices]


def _repeat(vector: np.ndarray, dtype) -> np.ndarray:
    """A (C,) vector as a whole block, so that NumPy runs through block and vector in one long loop."""
    return np.tile(vector.astype(dtype), (_rows(len(vector)), 1))


def _sum(load, *arrays: np.ndarray) -> np.ndarray:
    """Sum over rows of what `load` writes into a float64 block."""
    channels = arrays[0].shape[-1]
    buffer, ones, total = np.empty((_rows(channels), channels)), np.ones(_rows(channels)), np.zeros(channels)
    for blocks in _blocks(*arrays):
        n = len(blocks[0])
        load(*blocks, buffer[:n])
        total += ones[:n] @ buffer[:n]
    return total
