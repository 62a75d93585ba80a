"""Batch normalization's relatives: the same formula over other sets of elements, and one gradient for all of them.

A normalization is a choice of which elements share a mean and a variance. `Sets` says it: the shape in which those
elements fill whole axes, and the axes. All else, `normalize` and `backward`, is written once.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ._check import as_features, as_float, require_integer, require_shape
from .backward import Gradients
from .forward import Moments, inverse_std, moments, standardize


class Sets(NamedTuple):
    """Which elements share a mean and a variance: those of x, seen in `shape`, that differ along `axes` alone."""

    shape: tuple[int, ...]  # that of x, or with the channels split into (groups, channels of a group)
    axes: tuple[int, ...]  # averaged over, counted in `shape`
    parameters: tuple[int, ...]  # the shape in which gamma and beta broadcast to `shape`


class Cache(NamedTuple):
    """What `backward` needs from the forward pass."""

    x_hat: np.ndarray  # in the shape of x
    inv_std: np.ndarray  # of the rank of `sets.shape`, length 1 along `sets.axes`
    gamma: np.ndarray  # as it was given
    sets: Sets
    centered: bool  # whether a mean was subtracted


def batch_sets(shape) -> Sets:
    """Batch norm: each channel of x (..., C) is one set; gamma and beta are (C,).

    >>> batch_sets((8, 14, 14, 6)).axes
    (0, 1, 2)
    """
    shape = tuple(shape)
    return Sets(shape, tuple(range(len(shape) - 1)), (1,) * (len(shape) - 1) + shape[-1:])


def layer_sets(shape, axes=(-1,)) -> Sets:
    """Layer norm: elements that differ along `axes` alone are one set; gamma and beta have the lengths of these axes.

    Raises:
        ValueError: if an axis does not exist or comes twice.

    >>> layer_sets((8, 14, 14, 6)).axes, layer_sets((8, 14, 14, 6), axes=(1, 2, 3)).axes
    ((3,), (1, 2, 3))
    """
    shape = tuple(shape)
    axes = normalize_axis_tuple(axes, len(shape), "axes")
    return Sets(shape, axes, tuple(n if axis in axes else 1 for axis, n in enumerate(shape)))


def group_sets(shape, groups: int) -> Sets:
    """Group norm: the channels of x (N, ..., C) in `groups` equal parts, one set a part and example.

    Raises:
        TypeError: if `groups` is no integer.
        ValueError: if x has no channels beside its examples, or the groups don't divide them.

    >>> group_sets((8, 14, 14, 6), groups=2)
    Sets(shape=(8, 14, 14, 2, 3), axes=(1, 2, 4), parameters=(1, 1, 1, 2, 3))
    """
    shape = tuple(shape)
    if len(shape) < 2:
        raise ValueError(f"expected x of shape (N, ..., C), received {shape}")
    require_integer(groups, 1, "groups")
    if shape[-1] % groups:
        raise ValueError(f"expected groups that divide {shape[-1]} channels, received {groups}")
    split = (groups, shape[-1] // groups)
    middle = len(shape) - 1
    return Sets((*shape[:-1], *split), (*range(1, middle), middle + 1), (1,) * middle + split)


def normalize(x, gamma, beta, sets: Sets, *, epsilon: float = 1e-3, centered: bool = True) -> tuple[np.ndarray, Cache]:
    """Standardize each set of elements with its own mean and variance, then scale and shift.

    Args:
        x: array of real numbers.
        gamma, beta: arrays with as many elements as `sets.parameters` says.
        sets: which elements of x share statistics.
        epsilon: a number >= 0 that is added to the variance, in its units.
        centered: whether to subtract the mean; without, the variance is taken about 0: the mean square.

    Returns:
        y in the shape and dtype of x (integers come out as float64), and the Cache for `backward`.

    Raises:
        TypeError: if an argument does not hold real numbers.
        ValueError: if shapes disagree, `x` is empty, epsilon is negative, or it is 0 as well as a variance.

    Formula:
        x̂ = (x - mean) / sqrt(variance + epsilon),  y = gamma x̂ + beta,  mean and variance of the element's set.

    Source:
        Wu and He (2018), https://arxiv.org/abs/1803.08494, Section 3.1.

    >>> x = np.array([[1.0, 3.0], [10.0, 30.0]])
    >>> normalize(x, [1, 1], [0, 0], batch_sets(x.shape), epsilon=0)[0].tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    >>> normalize(x, [1, 1], [0, 0], layer_sets(x.shape), epsilon=0)[0].tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """
    x, gamma, beta = as_features(x), as_float(gamma, "gamma"), as_float(beta, "beta")
    for name, parameter in (("gamma", gamma), ("beta", beta)):
        if parameter.size != math.prod(sets.parameters):
            raise ValueError(f"expected {name} of {math.prod(sets.parameters)} elements, received {parameter.shape}")
    viewed = x.reshape(sets.shape)
    found = moments(viewed, sets.axes, keepdims=True)
    if not centered:
        found = Moments(np.zeros_like(found.mean), found.variance + found.mean**2)
    inv_std = inverse_std(found.variance, epsilon)
    x_hat = standardize(viewed, found.mean, inv_std)
    y = gamma.reshape(sets.parameters) * x_hat + beta.reshape(sets.parameters)
    return y.reshape(x.shape).astype(x.dtype), Cache(x_hat.reshape(x.shape), inv_std, gamma, sets, centered)


def layernorm(x, gamma, beta, *, axes=(-1,), epsilon: float = 1e-3) -> tuple[np.ndarray, Cache]:
    """Layer normalization over any axes: `keras.layers.LayerNormalization(axis=axes)`.

    On images (N, H, W, C) the default normalizes each position over its channels; `axes=(1, 2, 3)` each example.

    Args:
        x: array of real numbers.
        gamma, beta: arrays with the lengths of `axes`: (C,) by default, (H, W, C) for `axes=(1, 2, 3)`.
        axes: an axis or a tuple of axes.
        epsilon: as in `normalize`.

    Returns:
        y and the Cache, as `normalize`.

    Raises:
        TypeError, ValueError: as `normalize`; ValueError also if an axis does not exist.

    Source:
        Ba, Kiros and Hinton (2016), https://arxiv.org/abs/1607.06450.

    >>> layernorm([[1, 3], [10, 30]], [1, 2], [0, 5], epsilon=0)[0].tolist()
    [[-1.0, 7.0], [-1.0, 7.0]]
    """
    x = as_features(x)
    sets = layer_sets(x.shape, axes)
    _require_shapes(gamma, beta, tuple(x.shape[axis] for axis in sets.axes))
    return normalize(x, gamma, beta, sets, epsilon=epsilon)


def groupnorm(x, gamma, beta, *, groups: int, epsilon: float = 1e-3) -> tuple[np.ndarray, Cache]:
    """Group normalization: `keras.layers.GroupNormalization(groups)`. One group is each example as a whole.

    Args:
        x: array (N, ..., C) of real numbers.
        gamma, beta: arrays (C,).
        groups: how many parts of neighboring channels; it divides C.
        epsilon: as in `normalize`.

    Returns:
        y and the Cache, as `normalize`.

    Raises:
        TypeError, ValueError: as `normalize` and `group_sets`.

    Source:
        Wu and He (2018), https://arxiv.org/abs/1803.08494.

    >>> groupnorm([[1, 3, 10, 30]], np.ones(4), np.zeros(4), groups=2, epsilon=0)[0].tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """
    x = as_features(x)
    sets = group_sets(x.shape, groups)
    _require_shapes(gamma, beta, x.shape[-1:])
    return normalize(x, gamma, beta, sets, epsilon=epsilon)


def instancenorm(x, gamma, beta, *, epsilon: float = 1e-3) -> tuple[np.ndarray, Cache]:
    """Instance normalization: group norm with one channel a group, `keras.layers.GroupNormalization(groups=-1)`.

    Args:
        x, gamma, beta, epsilon: as in `groupnorm`. On (N, C) every set has one element, and y is `beta`.

    Returns:
        y and the Cache, as `normalize`.

    Raises:
        TypeError, ValueError: as `groupnorm`.

    Source:
        Ulyanov, Vedaldi and Lempitsky (2016), https://arxiv.org/abs/1607.08022.

    >>> instancenorm([[[1, 10], [3, 30]]], [1, 1], [0, 0], epsilon=0)[0].tolist()
    [[[-1.0, -1.0], [1.0, 1.0]]]
    """
    x = as_features(x)
    return groupnorm(x, gamma, beta, groups=x.shape[-1], epsilon=epsilon)


def rmsnorm(x, gamma, *, epsilon: float = 1e-6) -> tuple[np.ndarray, Cache]:
    """Root mean square normalization over the last axis: `keras.layers.RMSNormalization()`.

    Args:
        x: array (..., C) of real numbers.
        gamma: array (C,); there is no shift.
        epsilon: a number >= 0 that is added to the mean square.

    Returns:
        y and the Cache, as `normalize`.

    Raises:
        TypeError, ValueError: as `normalize`.

    Formula:
        y = gamma x / sqrt(mean of x² + epsilon)

    Source:
        Zhang and Sennrich (2019), https://arxiv.org/abs/1910.07467.

    >>> rmsnorm([[1, 7]], [1, 2], epsilon=0)[0].round(6).tolist()
    [[0.2, 2.8]]
    """
    x = as_features(x)
    beta = np.zeros(x.shape[-1])
    _require_shapes(gamma, beta, x.shape[-1:])
    return normalize(x, gamma, beta, layer_sets(x.shape), epsilon=epsilon, centered=False)


def weight_standardization(kernel, *, epsilon: float = 1e-5) -> tuple[np.ndarray, Cache]:
    """Weights of which each output channel has mean 0 and variance 1: batch norm's formula, applied to a kernel.

    Args:
        kernel: array (..., C) of real numbers, output channels last.
        epsilon: as in `normalize`.

    Returns:
        the standardized kernel and the Cache, as `normalize`.

    Raises:
        TypeError, ValueError: as `normalize`.

    Source:
        Qiao and others (2019), https://arxiv.org/abs/1903.10520.

    >>> weight_standardization([[1, 2], [3, 8]], epsilon=0)[0].tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    """
    kernel = as_features(kernel)
    channels = kernel.shape[-1]
    return normalize(kernel, np.ones(channels), np.zeros(channels), batch_sets(kernel.shape), epsilon=epsilon)


def backward(dy, cache: Cache) -> Gradients:
    """Gradients through any of these normalizations, statistics included; exact for any epsilon.

    Args:
        dy: gradient of the loss with respect to y, in the shape of x.
        cache: the Cache that the forward pass returned.

    Returns:
        Gradients: x in its shape and dtype; gamma and beta in the shape and dtype of gamma. Where the forward pass has
        no gamma or no beta, these are the gradients of a factor 1 and of a summand 0.

    Raises:
        TypeError: if `dy` does not hold real numbers.
        ValueError: if its shape is not that of x.

    Formula:
        dx̂ = γ dy,  dx = (dx̂ - mean of dx̂ - x̂ · mean of dx̂ x̂) / sqrt(variance + epsilon),
        with means over the element's set, the first of them only where a mean was subtracted.

    >>> y, cache = layernorm([[-1.0, -1.0, 1.0, 1.0]], [1, 1, 2, 2], np.zeros(4), epsilon=0)
    >>> dx, dgamma, dbeta = backward([[3.0, 1.0, 0.0, 1.0]], cache)
    >>> dx.tolist(), dgamma.tolist(), dbeta.tolist()
    ([[1.0, -1.0, -1.0, 1.0]], [-3.0, -1.0, 0.0, 1.0], [3.0, 1.0, 0.0, 1.0])
    """
    dy, (x_hat, inv_std, gamma, sets, centered) = as_float(dy, "dy"), cache
    require_shape(dy, x_hat.shape, "dy")
    given, (shape, axes, parameters) = x_hat, sets
    dy, x_hat = dy.astype(np.float64).reshape(shape), x_hat.astype(np.float64).reshape(shape)

    dx_hat = dy * gamma.reshape(parameters)
    level = dx_hat.mean(axis=axes, keepdims=True) if centered else 0.0
    slope = (dx_hat * x_hat).mean(axis=axes, keepdims=True)
    dx = inv_std * (dx_hat - level - x_hat * slope)

    shared = tuple(axis for axis, length in enumerate(parameters) if length == 1)
    dgamma, dbeta = ((dy * factor).sum(axis=shared).reshape(gamma.shape) for factor in (x_hat, 1.0))
    return Gradients(dx.reshape(given.shape).astype(given.dtype), dgamma.astype(gamma.dtype), dbeta.astype(gamma.dtype))


def _require_shapes(gamma, beta, shape: tuple[int, ...]) -> None:
    require_shape(np.asarray(gamma), shape, "gamma")
    require_shape(np.asarray(beta), shape, "beta")
