"""The gradient of batch normalization: as one closed formula, node by node along the graph, and in inference."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ._channels import channel_sum, channelwise
from ._check import as_features, as_float, as_moments, as_parameters, require_number, require_shape
from .forward import Cache, inverse_std, standardize


class Gradients(NamedTuple):
    """Gradients of the loss with respect to what batch normalization received."""

    x: np.ndarray  # (..., C)
    gamma: np.ndarray  # (C,)
    beta: np.ndarray  # (C,)


def batchnorm_backward(dy, cache: Cache) -> Gradients:
    """Gradients through batch normalization, statistics included, in closed form; exact for any epsilon.

    Both sums are accumulated in float64 whatever the dtype of `dy`.

    Args:
        dy: gradient of the loss with respect to y, (..., C).
        cache: the Cache that `batchnorm` returned.

    Returns:
        Gradients: x (..., C) in the dtype of x̂, gamma and beta (C,) in the dtype of gamma.

    Raises:
        TypeError: if `dy` does not hold real numbers.
        ValueError: if the shapes of `dy` and the cache disagree.

    Formula:
        dβ = Σ dy,  dγ = Σ dy x̂,  dx = γ / sqrt(variance + epsilon) (dy - dβ/m - x̂ dγ/m),
        with m the number of elements per channel.

    Source:
        Ioffe and Szegedy (2015), https://arxiv.org/abs/1502.03167, the six gradients of Section 3, collected.

    >>> from bncourse.forward import batchnorm
    >>> y, batch, cache = batchnorm([[-1.0], [-1.0], [1.0], [1.0]], [2.0], [0.0], epsilon=0)
    >>> dx, dgamma, dbeta = batchnorm_backward([[3.0], [1.0], [0.0], [2.0]], cache)
    >>> dx.tolist(), dgamma.tolist(), dbeta.tolist()
    ([[2.0], [-2.0], [-2.0], [2.0]], [-2.0], [6.0])
    """
    dy, (x_hat, inv_std, gamma) = _checked(dy, cache)
    m = x_hat.size // x_hat.shape[-1]
    dbeta, dgamma = _parameter_gradients(dy, x_hat)
    dx = _input_gradient(x_hat, dy, dbeta / m, dgamma / m, gamma * inv_std)
    return Gradients(dx, dgamma.astype(gamma.dtype), dbeta.astype(gamma.dtype))


def batchnorm_backward_graph(dy, cache: Cache) -> Gradients:
    """The same gradients, one node of the forward pass after the other, from the output back to the input.

    Args, returns, errors: as `batchnorm_backward`.

    Formula:
        the chain rule along  x → mean → centered → squared → variance → inv_std → x̂ → y.

    Source:
        Ioffe and Szegedy (2015), https://arxiv.org/abs/1502.03167, Section 3.
    """
    dy, (x_hat, inv_std, gamma) = _checked(dy, cache)
    axes = tuple(range(x_hat.ndim - 1))
    m = x_hat.size // x_hat.shape[-1]
    dy = dy.astype(np.float64)
    centered = x_hat / inv_std  # (..., C)

    # y = gamma x_hat + beta
    dbeta = dy.sum(axis=axes)  # (C,)
    dgamma = (dy * x_hat).sum(axis=axes)  # (C,)
    dx_hat = dy * gamma  # (..., C)
    # x_hat = centered inv_std: two factors, two gradients
    dinv_std = (dx_hat * centered).sum(axis=axes)  # (C,)
    dcentered = dx_hat * inv_std  # (..., C)
    # inv_std = (variance + epsilon) ** (-1/2)
    dvariance = -0.5 * inv_std**3 * dinv_std  # (C,)
    # variance = mean of squared
    dsquared = np.broadcast_to(dvariance / m, x_hat.shape)  # (..., C)
    # squared = centered ** 2: the second gradient that reaches centered
    dcentered = dcentered + 2 * centered * dsquared  # (..., C)
    # centered = x - mean
    dmean = -dcentered.sum(axis=axes)  # (C,)
    # mean = mean of x: the second gradient that reaches x
    dx = dcentered + dmean / m  # (..., C)
    return Gradients(dx.astype(x_hat.dtype), dgamma.astype(gamma.dtype), dbeta.astype(gamma.dtype))


def batchnorm_inference_backward(dy, x, gamma, moving, *, epsilon=1e-3) -> Gradients:
    """Gradients through `batchnorm_inference`, as of a frozen layer: its statistics are constants of this batch.

    Args:
        dy: gradient of the loss with respect to y, (..., C).
        x, gamma, moving, epsilon: what `batchnorm_inference` was given.

    Returns:
        Gradients: x (..., C) in the dtype of `x`, gamma and beta (C,) in the dtype of gamma.

    Raises:
        TypeError: if an argument does not hold real numbers.
        ValueError: if shapes disagree, `x` is empty, a variance or epsilon is negative, or both are 0.

    Formula:
        dx = γ / sqrt(moving variance + epsilon) dy,  dγ = Σ dy x̂,  dβ = Σ dy,  with x̂ of the moving statistics.

    >>> gradients = batchnorm_inference_backward([[1.0], [2.0]], [[3.0], [7.0]], [6.0], ([5.0], [4.0]), epsilon=0)
    >>> [gradient.tolist() for gradient in gradients]
    [[[3.0], [6.0]], [1.0], [3.0]]
    """
    x, dy = as_features(x), as_float(dy, "dy")
    require_shape(dy, x.shape, "dy")
    gamma, _ = as_parameters(gamma, gamma, x.shape[-1])
    mean, variance = as_moments(moving, x.shape[-1:], "moving")
    inv_std = inverse_std(variance, epsilon)
    dbeta, dgamma = _parameter_gradients(dy, standardize(x, mean, inv_std))
    dx = gamma * inv_std * dy
    return Gradients(dx.astype(x.dtype), dgamma.astype(gamma.dtype), dbeta.astype(gamma.dtype))


def numerical_gradient(f: Callable[[np.ndarray], float], x, *, step: float = 1e-5) -> np.ndarray:
    """The gradient of a scalar function by central differences, two evaluations for every element of `x`.

    Args:
        f: function of an array like `x` that returns one number.
        x: array of real numbers of any shape; it stays as it is, `f` receives float64 copies.
        step: how far to go to each side, in the units of `x`; a finite number above 0.

    Returns:
        array of the shape of `x`, float64.

    Raises:
        TypeError: if `x` does not hold real numbers or `step` is no number.
        ValueError: if `step` is not above 0, or `f` returns more than one number.

    Formula:
        ∂f/∂xᵢ ≈ (f(x + step eᵢ) - f(x - step eᵢ)) / (2 step), with an error of the order of step².

    >>> numerical_gradient(lambda x: np.sum(x**2), [1, 2]).round(6).tolist()
    [2.0, 4.0]
    """
    x = as_float(x, "x").astype(np.float64)
    require_number(step, 0, math.inf, "step")
    if step in (0, math.inf):
        raise ValueError(f"expected a finite step above 0, received {step}")
    gradient = np.empty_like(x)
    for index in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[index] += step
        below[index] -= step
        distance = above[index] - below[index]  # not exactly 2 step: x + step and x - step are rounded
        gradient[index] = (_number(f(above)) - _number(f(below))) / distance
    return gradient


@channel_sum
def _parameter_gradients(dy, x_hat):
    return dy, dy * x_hat


@channelwise
def _input_gradient(x_hat, dy, mean, slope, scale):
    return scale * (dy - mean - x_hat * slope)


def _number(value) -> float:
    if np.size(value) != 1:
        raise ValueError(f"expected f to return one number, received shape {np.shape(value)}")
    return float(np.reshape(value, ()))


def _checked(dy, cache: Cache) -> tuple[np.ndarray, Cache]:
    dy = as_float(dy, "dy")
    cache = Cache(*(as_float(value, name) for value, name in zip(cache, Cache._fields, strict=True)))
    require_shape(dy, cache.x_hat.shape, "dy")
    require_shape(cache.inv_std, cache.x_hat.shape[-1:], "inv_std")
    require_shape(cache.gamma, cache.x_hat.shape[-1:], "gamma")
    return dy, cache
