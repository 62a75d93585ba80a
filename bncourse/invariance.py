"""What normalization does to the weights before it: instruments that measure scale, direction and speed.

A weight array has its output channels last, `(..., C)`: a dense kernel `(inputs, C)` and a convolution kernel
`(height, width, inputs, C)` take the same path. Each channel's weights are one vector, since batch normalization
standardizes each channel on its own.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from ._check import as_float, require_not_empty, require_number, require_shape


class ScaleSweep(NamedTuple):
    """Loss and gradient at `factor * weights`, for K factors."""

    factors: np.ndarray  # (K,)
    loss: np.ndarray  # (K,)
    gradient_norms: np.ndarray  # (K, C)


def scale_sweep(f: Callable[[np.ndarray], tuple[float, np.ndarray]], weights, factors: Iterable[float]) -> ScaleSweep:
    """Evaluate a loss and its gradient along the ray through the weights.

    Args:
        f: function of an array like `weights` that returns the loss and its gradient (..., C).
        weights: array (..., C).
        factors: K numbers above 0 that multiply the weights.

    Returns:
        ScaleSweep in float64.

    Raises:
        TypeError: if `weights` or a factor is not real.
        ValueError: if a factor is not above 0, or a gradient has another shape than the weights.

    Formula:
        with batch normalization behind the weights and epsilon 0:  L(a w) = L(w),  ‖∇L(a w)‖ = ‖∇L(w)‖ / a.

    Source:
        Ioffe and Szegedy (2015), https://arxiv.org/abs/1502.03167, Section 3.3.

    >>> sweep = scale_sweep(lambda w: (np.sum(w**2), 2 * w), [[3.0], [4.0]], [1, 2])
    >>> sweep.loss.tolist(), sweep.gradient_norms.tolist()
    ([25.0, 100.0], [[10.0], [20.0]])
    """
    weights = _as_weights(weights, "weights")
    factors = as_float(list(factors), "factors")
    if not np.all(factors > 0):
        raise ValueError(f"expected factors above 0, received {factors.min()}")
    loss, norms = [], []
    for factor in factors:
        value, gradient = f((factor * weights).astype(weights.dtype))
        loss.append(float(value))
        gradient = as_float(gradient, "gradient")
        require_shape(gradient, weights.shape, "gradient")
        norms.append(channel_norms(gradient))
    return ScaleSweep(factors, np.array(loss), np.array(norms).reshape(len(factors), weights.shape[-1]))


def channel_norms(weights) -> np.ndarray:
    """Euclidean length of each output channel's weights.

    Args:
        weights: array (..., C) of real numbers.

    Returns:
        norms (C,), float64, in the units of the weights.

    Raises:
        TypeError: if `weights` are not real.
        ValueError: if `weights` are empty or a scalar.

    >>> channel_norms([[3, 0], [4, 2]]).tolist()
    [5.0, 2.0]
    """
    return np.linalg.norm(_channels(weights, "weights"), axis=0)


def alignment(weights, gradient) -> np.ndarray:
    """Cosine of the angle between each channel's weights and its gradient: 0 where the gradient is orthogonal.

    Args:
        weights: array (..., C), no channel all zeros.
        gradient: array of the same shape; a channel of zeros counts as orthogonal.

    Returns:
        cosines (C,) in [-1, 1], float64.

    Raises:
        TypeError: if an argument is not real.
        ValueError: if the shapes differ, or a channel of the weights is zero.

    Formula:
        with batch normalization behind the weights:  ⟨w, ∂L/∂w⟩ = γ ∂L/∂γ epsilon / (variance + epsilon),
        so the cosine is 0 for epsilon 0.

    >>> alignment([[2, 2], [0, 0]], [[-3, 0], [0, 5]]).tolist()
    [-1.0, 0.0]
    """
    directions, gradients = _directions(weights, "weights"), _channels(gradient, "gradient")
    require_shape(np.asarray(gradient), np.shape(weights), "gradient")
    lengths = np.linalg.norm(gradients, axis=0)
    return (directions * gradients).sum(axis=0) / np.where(lengths > 0, lengths, 1)


def rotation(before, after) -> np.ndarray:
    """Angle by which each channel's weights turned, whatever happened to their length.

    Args:
        before: array (..., C), no channel all zeros.
        after: array of the same shape, no channel all zeros.

    Returns:
        angles (C,) in radians, from 0 to π, float64.

    Raises:
        TypeError: if an argument is not real.
        ValueError: if the shapes differ, or a channel is zero.

    Formula:
        θ = 2 atan2(‖u - v‖, ‖u + v‖) of the unit vectors u and v. The arccosine of ⟨u, v⟩ would lose small angles:
        a cosine that rounds to 1 holds no angle below 1e-8.

    >>> np.degrees(rotation([[1, 1], [0, 0]], [[0, 5], [2, 5]])).round(6).tolist()
    [90.0, 45.0]
    """
    u, v = _directions(before, "before"), _directions(after, "after")
    require_shape(np.asarray(after), np.shape(before), "after")
    return 2 * np.arctan2(np.linalg.norm(u - v, axis=0), np.linalg.norm(u + v, axis=0))


def effective_learning_rate(learning_rate: float, weights) -> np.ndarray:
    """The learning rate that gives the same turn to weights of length 1.

    Args:
        learning_rate: the optimizer's learning rate, a finite number >= 0.
        weights: array (..., C), no channel all zeros.

    Returns:
        rates (C,), float64.

    Raises:
        TypeError: if an argument is not real.
        ValueError: if the learning rate is negative or not finite, or a channel is zero.

    Formula:
        learning_rate / ‖w‖²

    Source:
        van Laarhoven (2017), https://arxiv.org/abs/1706.05350, Section 3.

    >>> effective_learning_rate(0.5, [[3, 1], [4, 0]]).round(6).tolist()
    [0.02, 0.5]
    """
    require_number(learning_rate, 0, np.finfo(float).max, "learning_rate")
    return learning_rate / _lengths(_channels(weights, "weights"), "weights") ** 2


def equilibrium_rotation(learning_rate: float, weight_decay: float) -> float:
    """The turn per step of plain SGD at which weight decay takes from the length what orthogonal gradients add.

    Args:
        learning_rate: the optimizer's learning rate.
        weight_decay: the factor of the weights in `w -= learning_rate * (gradient + weight_decay * w)`.

    Returns:
        the angle in radians.

    Raises:
        TypeError: if an argument is not real.
        ValueError: if one is negative, or the product is above 1.

    Formula:
        cos θ = 1 - learning_rate · weight_decay,  so  θ ≈ sqrt(2 learning_rate · weight_decay) for small products.

    Source:
        Wan et al. (2020), https://arxiv.org/abs/2006.08419, for the small angle.

    >>> round(equilibrium_rotation(0.1, 5e-3), 6)
    0.031624
    """
    require_number(learning_rate, 0, np.inf, "learning_rate")
    require_number(weight_decay, 0, np.inf, "weight_decay")
    product = learning_rate * weight_decay
    require_number(product, 0, 1, "learning_rate * weight_decay")
    return float(2 * np.arcsin(np.sqrt(product / 2)))  # arccos(1 - product), which would round small products away


def _as_weights(x, name: str) -> np.ndarray:
    x = as_float(x, name)
    if x.ndim == 0:
        raise ValueError(f"expected {name} of shape (..., C), received a scalar")
    require_not_empty(x, name)
    return x


def _channels(x, name: str) -> np.ndarray:
    """`x` as a matrix of float64: one column a channel."""
    x = _as_weights(x, name)
    return x.reshape(-1, x.shape[-1]).astype(np.float64)


def _directions(x, name: str) -> np.ndarray:
    """Each channel's weights at length 1."""
    columns = _channels(x, name)
    return columns / _lengths(columns, name)


def _lengths(columns: np.ndarray, name: str) -> np.ndarray:
    """Norms (C,) of the columns, all above 0."""
    norms = np.linalg.norm(columns, axis=0)
    if not np.all(norms > 0):
        raise ValueError(f"expected {name} with no channel of zeros, received zeros in channel {int(np.argmin(norms))}")
    return norms
