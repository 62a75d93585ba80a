"""The layers that can take a batch norm in: their weights as arrays, and what the formulas make of them."""

import keras
import numpy as np
from keras import layers

from .formulas import Affine

FULL = (layers.Dense, layers.Conv1D, layers.Conv2D, layers.Conv3D)
TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
DEPTHWISE = (layers.DepthwiseConv1D, layers.DepthwiseConv2D)
SEPARABLE = (layers.SeparableConv1D, layers.SeparableConv2D)


def is_linear(layer) -> bool:
    """Whether the layer is one of these. A subclass may compute something else, so it is none."""
    changed = getattr(layer, "lora_enabled", False) or getattr(layer, "quantization_mode", None)
    return type(layer) in FULL + TRANSPOSED + DEPTHWISE + SEPARABLE and not changed


def weights(layer) -> list[np.ndarray]:
    """The layer's kernels and, last, its bias, in float64; zeros (outputs,) if it has none."""
    arrays = [np.asarray(array, np.float64) for array in layer.get_weights()]
    return arrays if layer.use_bias else [*arrays, np.zeros(_outputs(layer, arrays))]


def _outputs(layer, kernels) -> int:
    if type(layer) in DEPTHWISE:
        return int(np.prod(kernels[0].shape[-2:]))
    return kernels[-1].shape[-2 if type(layer) in TRANSPOSED else -1]


def channel_axis(layer, rank: int) -> int:
    """Where the channels stand in the layer's input and output, which have `rank` axes."""
    return 1 if getattr(layer, "data_format", None) == "channels_first" else rank - 1


def scale_outputs(layer, arrays: list[np.ndarray], affine: Affine) -> list[np.ndarray]:
    """The weights with which the layer gives `affine` of what it gave: `fold`, for each layout of a kernel."""
    *kernels, bias = arrays
    scale = affine.scale
    if type(layer) in TRANSPOSED:  # (..., outputs, inputs)
        scale = scale[:, None]
    elif type(layer) in DEPTHWISE:  # (..., inputs, multiplier)
        scale = scale.reshape(kernels[0].shape[-2:])
    return [*kernels[:-1], kernels[-1] * scale, bias * affine.scale + affine.shift]


def scale_inputs(layer, arrays: list[np.ndarray], affine: Affine) -> list[np.ndarray]:
    """The weights with which the layer gives what it gave for `affine` of its input: `fold_in_front`, likewise.

    The shift is right where the layer sees no zeros beyond the border: see `sees_zeros`.
    """
    first, *others, bias = arrays
    scale, shift = (_by_weight(layer, first, vector) for vector in affine)
    # What the shift adds, by the kernel's last axes.
    constant = np.sum(first * shift, axis=tuple(range(first.ndim - 2)))
    if type(layer) in FULL:
        constant = constant.sum(axis=0)
    elif type(layer) in TRANSPOSED:
        constant = constant.sum(axis=1)
    elif type(layer) in SEPARABLE:
        constant = constant.ravel() @ others[0].reshape(others[0].shape[-2:])
    return [first * scale, *others, bias + constant.ravel()]


def _by_weight(layer, kernel, vector) -> np.ndarray:
    """One number per input channel, laid out for the kernel's last two axes."""
    if type(layer) in TRANSPOSED:
        return vector
    groups = getattr(layer, "groups", 1)
    if type(layer) not in FULL or groups == 1:
        return vector[:, None]
    # Output channel f of a grouped convolution reads the inputs of its group alone.
    return np.repeat(vector.reshape(groups, -1), kernel.shape[-1] // groups, axis=0).T


def sees_zeros(layer, shape: tuple) -> bool:
    """Whether somewhere the layer sees fewer inputs than weights, for inputs of `shape` (batch, ...)."""
    if type(layer) is layers.Dense:
        return False
    if type(layer) in TRANSPOSED:
        # Most of its outputs see a part of the kernel, unless that has one pixel and no inputs are pulled apart.
        return {*layer.kernel_size, *layer.strides, *layer.dilation_rate} != {1}
    axis = channel_axis(layer, len(shape))
    lengths = [length for i, length in enumerate(shape) if i not in (0, axis)]
    if layer.padding == "valid":
        return False
    if layer.padding == "causal":
        return layer.kernel_size != (1,)
    pieces = zip(lengths, layer.kernel_size, layer.strides, layer.dilation_rate, strict=True)
    return any(_is_padded(*piece) for piece in pieces)


def _is_padded(length, size, stride, dilation) -> bool:
    """Whether padding "same" adds zeros along an axis; assumed where its length is not known."""
    reach = (size - 1) * dilation + 1
    return reach > 1 and (length is None or (-(-length // stride) - 1) * stride + reach > length)


def is_activated(layer) -> bool:
    """Whether the layer ends with a nonlinearity of its own."""
    return layer.activation not in (None, keras.activations.linear)
