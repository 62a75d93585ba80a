"""In inference batch norm is a scale and a shift per channel, and a linear layer beside it can take both in."""

from typing import NamedTuple

import numpy as np

from .._check import as_float, as_moments, as_parameters, require_number, require_rank, require_shape


class Affine(NamedTuple):
    """y = scale x + shift, with one number of each per channel.

    Attributes:
        scale, shift: (C,) in float64.
    """

    scale: np.ndarray
    shift: np.ndarray


def affine(gamma, beta, moving, *, epsilon=1e-3) -> Affine:
    """What batch norm does in inference, as a scale and a shift per channel.

    Args:
        gamma, beta: (C,).
        moving: Moments (C,), the moving mean and variance.
        epsilon: number >= 0 that is added to the variance, in its units.

    Returns:
        Affine (C,) in float64.

    Raises:
        TypeError: if an argument does not hold real numbers.
        ValueError: if shapes disagree, a variance is negative or epsilon is.

    Formula:
        scale = gamma / sqrt(variance + epsilon),  shift = beta - mean scale

    Source:
        Ioffe and Szegedy (2015), https://arxiv.org/abs/1502.03167, Algorithm 2, step 11.

    >>> scale, shift = affine([2.0], [1.0], ([3.0], [4.0]), epsilon=0)
    >>> scale.tolist(), shift.tolist()
    ([1.0], [-2.0])
    """
    require_number(epsilon, 0, np.inf, "epsilon")
    channels = np.shape(gamma)[-1:]
    gamma, beta = as_parameters(gamma, beta, *channels or (1,))
    mean, variance = as_moments(moving, channels, "moving")
    scale = gamma.astype(np.float64) / np.sqrt(variance + epsilon)
    return Affine(scale, beta - mean * scale)


def fold(kernel, bias, gamma, beta, moving, *, epsilon=1e-3) -> tuple[np.ndarray, np.ndarray]:
    """Fold batch norm into the convolution or dense layer that it follows.

    Args:
        kernel: (..., C), the output channels last: (height, width, inputs, C) of a convolution, (inputs, C) of a dense
            layer. A depthwise kernel (height, width, inputs, multiplier) is reshaped to (height, width, 1, C) first.
        bias: (C,), or None for a layer without one.
        gamma, beta, moving, epsilon: as in `affine`.

    Returns:
        (kernel, bias) of the layer that does both, in the dtype of `kernel`; integers come out as float64. The bias is
        there even if the layer had none.

    Raises:
        TypeError, ValueError: as `affine`, and if kernel or bias have other channels.

    Formula:
        kernel' = kernel scale,  bias' = bias scale + shift

    Source:
        Jacob et al. (2018), https://arxiv.org/abs/1712.05877, Section 3.2.

    >>> kernel, bias = fold([[1.0], [5.0]], [7.0], [2.0], [1.0], ([3.0], [4.0]), epsilon=0)
    >>> kernel.tolist(), bias.tolist()
    ([[1.0], [5.0]], [5.0])
    """
    kernel, bias = _linear(kernel, bias)
    scale, shift = affine(gamma, beta, moving, epsilon=epsilon)
    require_shape(scale, kernel.shape[-1:], "gamma")
    return (kernel * scale).astype(kernel.dtype), (bias * scale + shift).astype(kernel.dtype)


def fold_in_front(kernel, bias, gamma, beta, moving, *, epsilon=1e-3) -> tuple[np.ndarray, np.ndarray]:
    """Fold batch norm into the convolution or dense layer that follows it, exact unless that one pads with zeros.

    Args:
        kernel: (..., C, F), with C input channels and F outputs.
        bias: (F,), or None.
        gamma, beta, moving, epsilon: as in `affine`, of the C input channels.

    Returns, Raises:
        As `fold`.

    Formula:
        kernel'[..., c, f] = kernel[..., c, f] scale[c],  bias'[f] = bias[f] + Σ kernel[..., c, f] shift[c]

    >>> kernel, bias = fold_in_front([[1.0], [5.0]], None, [2.0, 1.0], [0.0, 1.0], ([0.0, 0.0], [1.0, 1.0]), epsilon=0)
    >>> kernel.tolist(), bias.tolist()
    ([[2.0], [5.0]], [5.0])
    """
    kernel, bias = _linear(kernel, bias)
    if kernel.ndim < 2:
        require_rank(kernel, 2, "kernel", "(..., C, F)")
    scale, shift = affine(gamma, beta, moving, epsilon=epsilon)
    require_shape(scale, kernel.shape[-2:-1], "gamma")
    shifted = np.sum(kernel * shift[:, None], axis=tuple(range(kernel.ndim - 1)))
    return (kernel * scale[:, None]).astype(kernel.dtype), (bias + shifted).astype(kernel.dtype)


def _linear(kernel, bias) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias as floats; zeros where there is no bias."""
    kernel = as_float(kernel, "kernel")
    if kernel.ndim == 0:
        raise ValueError("expected kernel of shape (..., C), received a scalar")
    bias = np.zeros(kernel.shape[-1:]) if bias is None else as_float(bias, "bias")
    require_shape(bias, kernel.shape[-1:], "bias")
    return kernel, bias
