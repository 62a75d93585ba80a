"""Batch normalization in training: statistics of the batch, then one affine map per channel.

Everything is channels last, `x: (..., C)`. Dense activations `(N, C)` and images `(N, H, W, C)` take the same path.
"""

import math
from typing import NamedTuple

import numpy as np

from . import _blocked
from ._check import as_float, require_not_empty, require_number, require_shape


class Moments(NamedTuple):
    """Mean and (biased) variance of each channel, of a batch or moving: all that `normalize` asks of the data."""

    mean: np.ndarray  # (C,)
    variance: np.ndarray  # (C,)


class Cache(NamedTuple):
    """What the backward pass needs from the forward pass."""

    x_hat: np.ndarray  # (..., C)
    inv_std: np.ndarray  # (C,), 1 / sqrt(variance + epsilon)
    gamma: np.ndarray  # (C,)


def moments(x, axes=None) -> Moments:
    """Mean and biased variance of `x` over `axes`.

    The variance takes two passes, and both sums are accumulated in float64 whatever the dtype of `x`: in float32,
    E[x²] - E[x]² cancels where the mean is large, and a long sum drifts.

    Args:
        x: array (..., C) of real numbers.
        axes: an axis or a tuple of axes to average over; by default all but the last, which is what batch
            normalization does.

    Returns:
        Moments in float64, by default of shape (C,); with `axes`, of the rank of `x`, the averaged axes of length 1.

    Raises:
        TypeError: if `x` does not hold real numbers.
        ValueError: if `x` is empty or a scalar, or an axis does not exist.

    Formula:
        mean = (1/m) Σ x,  variance = (1/m) Σ (x - mean)²,  with m the number of elements averaged.

    Source:
        Ioffe and Szegedy (2015), https://arxiv.org/abs/1502.03167, Algorithm 1.
    """
    x = _as_features(x)
    if axes is None and _blocked.worthwhile(x):
        m = x.size // x.shape[-1]
        mean = _blocked.channel_sums(x) / m
        return Moments(mean, _blocked.channel_squares(x, mean) / m)
    over = tuple(range(x.ndim - 1)) if axes is None else axes
    mean = x.mean(axis=over, dtype=np.float64, keepdims=True)
    variance = np.square(x - mean).mean(axis=over, keepdims=True)
    if axes is None:
        return Moments(mean.reshape(-1), variance.reshape(-1))
    return Moments(mean, variance)


def normalize(x, moments, gamma, beta, *, epsilon=1e-3) -> np.ndarray:
    """Standardize `x` with the given moments, then scale and shift each channel.

    Args:
        x: array (..., C) of real numbers.
        moments: Moments of shape (C,), or of the rank of `x` as `moments(x, axes)` returns them.
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

    Source:
        Ioffe and Szegedy (2015), https://arxiv.org/abs/1502.03167, Algorithm 1.
    """
    x = _as_features(x)
    mean, variance = _as_moments(moments, x.shape)
    gamma, beta = _as_parameters(gamma, beta, x.shape[-1])
    x_hat = (x - mean) * _inv_std(variance, epsilon)
    return (gamma * x_hat + beta).astype(x.dtype)


def batchnorm(x, gamma, beta, *, epsilon=1e-3) -> tuple[np.ndarray, Moments, Cache]:
    """Normalize `x` with the statistics of this batch, as in training.

    Args:
        x: array (..., C) of real numbers. A batch of one element per channel is legal and gives `beta`.
        gamma: scale (C,).
        beta: shift (C,).
        epsilon: a number >= 0 that is added to the variance, in its units.

    Returns:
        y (..., C) in the dtype of `x` (integers come out as float64), the batch's Moments, and the Cache for
        `bncourse.backward.batchnorm_backward`.

    Raises:
        TypeError, ValueError: as `normalize`.

    Formula:
        x̂ = (x - mean) / sqrt(variance + epsilon),  y = gamma x̂ + beta

    Source:
        Ioffe and Szegedy (2015), https://arxiv.org/abs/1502.03167, Algorithm 1.
    """
    x = _as_features(x)
    gamma, beta = _as_parameters(gamma, beta, x.shape[-1])
    batch = moments(x)
    inv_std = _inv_std(batch.variance, epsilon)
    if _blocked.worthwhile(x):
        x_hat, y = _blocked.standardize(x, batch.mean, inv_std, gamma, beta)
        return y, batch, Cache(x_hat, inv_std, gamma)
    x_hat = (x - batch.mean) * inv_std
    y = gamma * x_hat + beta
    return y.astype(x.dtype), batch, Cache(x_hat.astype(x.dtype), inv_std, gamma)


def _as_features(x) -> np.ndarray:
    x = as_float(x, "x")
    if x.ndim == 0:
        raise ValueError("expected x of shape (..., C), received a scalar")
    require_not_empty(x, "x")
    return x


def _as_parameters(gamma, beta, channels: int) -> tuple[np.ndarray, np.ndarray]:
    gamma, beta = as_float(gamma, "gamma"), as_float(beta, "beta")
    require_shape(gamma, (channels,), "gamma")
    require_shape(beta, (channels,), "beta")
    return gamma, beta


def _as_moments(moments, shape: tuple[int, ...]) -> Moments:
    mean, variance = (as_float(m, name).astype(np.float64) for m, name in zip(moments, Moments._fields, strict=True))
    kept = len(mean.shape) == len(shape) and all(m in (1, s) for m, s in zip(mean.shape, shape, strict=True))
    if mean.shape != shape[-1:] and not kept:
        raise ValueError(f"expected mean of shape {shape[-1:]}, received {mean.shape}")
    require_shape(variance, mean.shape, "variance")
    return Moments(mean, variance)


def _inv_std(variance: np.ndarray, epsilon: float) -> np.ndarray:
    require_number(epsilon, 0, math.inf, "epsilon")
    if np.any(variance < 0):
        raise ValueError(f"expected a variance of at least 0, received {variance.min()}")
    if np.any(variance + epsilon == 0):
        raise ValueError("expected variance + epsilon above 0, received a variance of 0 with epsilon 0")
    return 1 / np.sqrt(variance + epsilon)
