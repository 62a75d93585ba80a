"""Batch normalization in training: statistics of the batch, then one affine map per channel.

Everything is channels last, `x: (..., C)`. Dense activations `(N, C)` and images `(N, H, W, C)` take the same path.
Source of the formulas: Ioffe and Szegedy (2015), https://arxiv.org/abs/1502.03167, Algorithm 1.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ._channels import channel_sum, channelwise
from ._check import as_features, as_moments, as_parameters, require_number


class Moments(NamedTuple):
    """Mean and (biased) variance of each channel, of a batch or moving: all that `normalize` asks of the data."""

    mean: np.ndarray  # (C,)
    variance: np.ndarray  # (C,)


class Cache(NamedTuple):
    """What the backward pass needs from the forward pass."""

    x_hat: np.ndarray  # (..., C)
    inv_std: np.ndarray  # (C,), 1 / sqrt(variance + epsilon)
    gamma: np.ndarray  # (C,)


def moments(x, axes=None, *, keepdims=False) -> Moments:
    """Mean and biased variance of `x`, of each channel or over any other axes.

    The variance takes two passes, and both sums are accumulated in float64 whatever the dtype of `x`: in float32,
    E[x²] - E[x]² cancels where the mean is large, and a long sum drifts.

    Args:
        x: array (..., C) of real numbers.
        axes: an axis or a tuple of axes to average over; by default all but the last.
        keepdims: whether the averaged axes stay, with length 1, so that the result broadcasts against `x`.

    Returns:
        Moments in float64, with the axes that were not averaged: by default of shape (C,).

    Raises:
        TypeError: if `x` does not hold real numbers.
        ValueError: if `x` is empty or a scalar, or an axis does not exist.

    Formula:
        mean = (1/m) Σ x,  variance = (1/m) Σ (x - mean)²,  with m the number of elements averaged.

    >>> mean, variance = moments([[1, 10], [3, 30]])
    >>> mean.tolist(), variance.tolist()
    ([2.0, 20.0], [1.0, 100.0])
    """
    x = as_features(x)
    averaged = normalize_axis_tuple(range(x.ndim - 1) if axes is None else axes, x.ndim)
    kept = [axis for axis in range(x.ndim) if axis not in averaged]
    m = math.prod(x.shape[axis] for axis in averaged)
    columns = x.transpose(*averaged, *kept).reshape(m, -1)

    mean = _sum(columns) / m
    variance = _sum_of_squares(columns, mean) / m

    shape = [1 if axis in averaged else n for axis, n in enumerate(x.shape) if keepdims or axis in kept]
    return Moments(mean.reshape(shape), variance.reshape(shape))


def normalize(x, moments, gamma, beta, *, epsilon=1e-3) -> np.ndarray:
    """Standardize `x` with the given moments, then scale and shift each channel.

    Args:
        x: array (..., C) of real numbers.
        moments: Moments of shape (C,), or of `x`'s rank as `keepdims=True` leaves them.
        gamma: scale (C,).
        beta: shift (C,).
        epsilon: a number >= 0 that is added to the variance, in its units.

    Returns:
        y (..., C) in the dtype of `x`; integers come out as float64.

    Raises:
        TypeError: if an argument does not hold real numbers.
        ValueError: if shapes disagree, `x` is empty, a variance or epsilon is negative, or both are 0.

    Formula:
        y = gamma (x - mean) / sqrt(variance + epsilon) + beta

    >>> normalize([[1, 10], [5, 40]], Moments([3, 20], [4, 100]), [1, 1], [0, 5], epsilon=0).tolist()
    [[-1.0, 4.0], [1.0, 7.0]]
    """
    x = as_features(x)
    gamma, beta = as_parameters(gamma, beta, x.shape[-1])
    mean, variance = as_moments(moments, x.shape)
    x_hat = standardize(x, mean, inverse_std(variance, epsilon))
    return _scale_and_shift(x_hat, gamma, beta)


def batchnorm(x, gamma, beta, *, epsilon=1e-3) -> tuple[np.ndarray, Moments, Cache]:
    """Normalize `x` with the statistics of this batch, as in training.

    Args:
        x, gamma, beta, epsilon: as in `normalize`. A batch of one element per channel is legal and gives `beta`.

    Returns:
        y as from `normalize`, the batch's Moments, and the Cache for `backward.batchnorm_backward`.

    Raises:
        TypeError, ValueError: as `normalize`.

    Formula:
        x̂ = (x - mean) / sqrt(variance + epsilon),  y = gamma x̂ + beta

    >>> y, batch, cache = batchnorm([[1, 10], [3, 30]], [1, 2], [0, 5], epsilon=0)
    >>> y.tolist()
    [[-1.0, 3.0], [1.0, 7.0]]
    """
    x = as_features(x)
    gamma, beta = as_parameters(gamma, beta, x.shape[-1])
    batch = moments(x)
    inv_std = inverse_std(batch.variance, epsilon)
    x_hat = standardize(x, batch.mean, inv_std)
    y = _scale_and_shift(x_hat, gamma, beta)
    return y, batch, Cache(x_hat, inv_std, gamma)


def inverse_std(variance: np.ndarray, epsilon: float) -> np.ndarray:
    """1 / sqrt(variance + epsilon), of any shape.

    Raises:
        TypeError: if `epsilon` is no real number.
        ValueError: if `epsilon` is negative, or 0 together with a variance.

    >>> inverse_std(np.array([3.0, 0.0]), 1.0).tolist()
    [0.5, 1.0]
    """
    require_number(epsilon, 0, math.inf, "epsilon")
    if np.any(variance + epsilon == 0):
        raise ValueError("expected variance + epsilon above 0, received a variance of 0 with epsilon 0")
    return 1 / np.sqrt(variance + epsilon)


def standardize(x: np.ndarray, mean: np.ndarray, inv_std: np.ndarray) -> np.ndarray:
    """x̂ = (x - mean) inv_std, in the shape and dtype of `x`.

    A float32 cannot hold a mean near 10,000 to better than 0.0005: the rest of it is subtracted in a second step.
    """
    rounded = mean.astype(np.result_type(x.dtype, np.float32))
    return _standardize(x, rounded, mean - rounded, inv_std)


@channel_sum
def _sum(x):
    return x


@channel_sum
def _sum_of_squares(x, mean):
    return (x - mean) ** 2


@channelwise
def _standardize(x, mean, rest, inv_std):
    return (x - mean - rest) * inv_std


@channelwise
def _scale_and_shift(x_hat, gamma, beta):
    return gamma * x_hat + beta
