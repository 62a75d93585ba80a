"""What eight bits leave of the weights."""

import numpy as np

from .._check import as_float, require_integer


def quantize(weights, *, axis=None, bits=8) -> np.ndarray:
    """Round weights to the multiples of one step, or of one step per channel, that `bits` bits can count.

    Args:
        weights: array of any shape.
        axis: the channels' axis, each of which gets a step of its own; None for one step for all.
        bits: at least 2; one bit is the sign, and the largest magnitude becomes 2^(bits - 1) - 1 steps.

    Returns:
        The rounded weights, in the dtype of `weights`.

    Raises:
        TypeError: if `weights` does not hold real numbers, or axis or bits is no integer.
        ValueError: if there is no such axis, or bits is below 2.

    Formula:
        step = max |w| / (2^(bits - 1) - 1),  w' = step round(w / step)

    Source:
        Krishnamoorthi (2018), https://arxiv.org/abs/1806.08342, Section 2.2 (symmetric quantization).

    >>> quantize([1.27, 0.004, -0.006]).round(3).tolist()
    [1.27, 0.0, -0.01]
    """
    weights = as_float(weights, "weights")
    require_integer(bits, 2, "bits")
    reduced = None
    if axis is not None:
        require_integer(axis, -weights.ndim, "axis")
        if axis >= weights.ndim:
            raise ValueError(f"expected axis below {weights.ndim}, received {axis}")
        reduced = tuple(i for i in range(weights.ndim) if i != axis % weights.ndim)
    largest = np.max(np.abs(weights), axis=reduced, keepdims=True, initial=0)
    step = np.where(largest > 0, largest / (2 ** (bits - 1) - 1), 1)
    return (step * np.round(weights / step)).astype(weights.dtype)
