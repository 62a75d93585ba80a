"""Batch normalization in inference: the same formula with statistics that no longer depend on the batch."""

import numpy as np

from ._check import as_moments, require_number, require_shape
from .forward import Moments, moments, normalize


def update_moving(moving, batch, *, momentum=0.99) -> Moments:
    """Move the moving statistics a little toward a batch's, after each training step.

    Args:
        moving: Moments (C,) so far; Keras begins with mean 0 and variance 1.
        batch: Moments (C,) of the batch, as `batchnorm` returns them.
        momentum: weight of the *old* value, in [0, 1] (Keras's convention; PyTorch's `momentum` weights the new one).

    Returns:
        New Moments (C,) in float64. The variance stays biased, as in Keras 3.

    Raises:
        TypeError: if an argument does not hold real numbers.
        ValueError: if shapes disagree, a variance is negative or momentum lies outside [0, 1].

    Formula:
        moving ← momentum · moving + (1 - momentum) · batch

    Source:
        Ioffe and Szegedy (2015), https://arxiv.org/abs/1502.03167, Section 3.1; Keras's `BatchNormalization`.

    >>> moving = update_moving(Moments([0.0], [1.0]), Moments([8.0], [5.0]), momentum=0.75)
    >>> moving.mean.tolist(), moving.variance.tolist()
    ([2.0], [2.0])
    """
    require_number(momentum, 0, 1, "momentum")
    channels = np.shape(moving[0])[-1:]
    moving, batch = as_moments(moving, channels, "moving"), as_moments(batch, channels, "batch")
    return Moments(*(momentum * old + (1 - momentum) * new for old, new in zip(moving, batch, strict=True)))


def batchnorm_inference(x, gamma, beta, moving, *, epsilon=1e-3) -> np.ndarray:
    """Normalize `x` with moving statistics: each example's output depends on that example alone.

    Args:
        x, gamma, beta, epsilon: as in `forward.normalize`, which it is.
        moving: Moments (C,) from `update_moving` or `recalibrate`.

    Returns:
        y (..., C) in the dtype of `x`; integers come out as float64.

    Raises:
        TypeError, ValueError: as `forward.normalize`.

    Formula:
        y = gamma (x - moving mean) / sqrt(moving variance + epsilon) + beta

    Source:
        Ioffe and Szegedy (2015), https://arxiv.org/abs/1502.03167, Algorithm 2 (there with the unbiased variance).

    >>> batchnorm_inference([[5.0]], [2.0], [1.0], Moments([3.0], [4.0]), epsilon=0).tolist()
    [[3.0]]
    """
    return normalize(x, moving, gamma, beta, epsilon=epsilon)


def recalibrate(batches) -> Moments:
    """Mean and biased variance over all `batches` of one layer's inputs, as if they were one large batch.

    Exact for the layer whose inputs are given. In a stack, the inputs of later layers depend on how earlier ones
    normalize: recalibrate layer by layer, with the earlier layers already in inference mode.

    Args:
        batches: iterable of arrays (..., C), which may differ in size; each is read once.

    Returns:
        Moments (C,) in float64.

    Raises:
        TypeError: if a batch does not hold real numbers.
        ValueError: if there is no batch, one is empty, or their channels differ.

    Formula:
        `merge`, batch after batch

    >>> mean, variance = recalibrate([[[0], [2]], [[4], [6], [8]]])
    >>> mean.round(9).tolist(), variance.round(9).tolist()
    ([4.0], [8.0])
    """
    count, merged = 0, None
    for batch in batches:
        new = moments(batch)
        new_count = np.size(batch) // new.mean.size
        count += new_count
        if merged is None:
            merged = new
            continue
        require_shape(new.mean, merged.mean.shape, "a batch's mean")
        merged = merge(merged, new, new_count / count)
    if merged is None:
        raise ValueError("expected at least one batch, received none")
    return merged


def merge(one, other, share) -> Moments:
    """Moments of two sets of elements together, from those of each.

    Args:
        one, other: Moments (C,) of each.
        share: the other's part of all elements, in [0, 1].

    Returns:
        Moments (C,) in float64.

    Raises:
        TypeError: if an argument does not hold real numbers.
        ValueError: if shapes disagree, a variance is negative or `share` lies outside [0, 1].

    Formula:
        for n_a and n_b elements a channel, w = n_b / (n_a + n_b) and δ = mean_b - mean_a:
        mean = mean_a + w δ,  variance = (1 - w) variance_a + w variance_b + w (1 - w) δ²

    Source:
        Chan, Golub and LeVeque (1983), https://doi.org/10.1080/00031305.1983.10483115 (pairwise combination).

    >>> mean, variance = merge(Moments([1.0], [1.0]), Moments([5.0], [1.0]), 0.5)
    >>> mean.tolist(), variance.tolist()
    ([3.0], [5.0])
    """
    require_number(share, 0, 1, "share")
    channels = np.shape(one[0])[-1:]
    one, other = as_moments(one, channels, "one"), as_moments(other, channels, "other")
    apart = other[0] - one[0]
    variance = (1 - share) * one[1] + share * other[1] + share * (1 - share) * np.square(apart)
    return Moments(one[0] + share * apart, variance)
