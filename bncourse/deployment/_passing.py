"""What a scale and a shift per channel can be moved across: layers between a batch norm and a linear layer."""

import keras
import numpy as np
from keras import layers

from ._graph import Call
from ._linear import channel_axis
from .formulas import Affine

#: In inference these hand on what they get.
IDENTITIES = (
    layers.Identity,
    layers.Dropout,
    layers.SpatialDropout1D,
    layers.SpatialDropout2D,
    layers.SpatialDropout3D,
    layers.AlphaDropout,
    layers.GaussianDropout,
    layers.GaussianNoise,
    layers.ActivityRegularization,
)
#: These average or choose over positions, each channel by itself, with weights that sum to 1.
AVERAGES = (
    *(layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D),
    *(layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D, layers.GlobalAveragePooling3D),
    *(layers.Cropping1D, layers.Cropping2D, layers.Cropping3D),
    *(layers.UpSampling1D, layers.UpSampling2D, layers.UpSampling3D),
)
#: The largest value stays the largest if the scale is not negative.
MAXIMA = (
    *(layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D),
    *(layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D, layers.GlobalMaxPooling3D),
)


def carried(call: Call, affine: Affine, *, forward: bool) -> Affine | None:
    """The affine map on the other side of a call that has the same effect there; None if there is none.

    `affine` has the axes of the call's input, or of its output if not `forward`, without the batch; lengths are 1 where
    it is the same for all.
    """
    layer = call.layer
    if len(call.inputs) != 1 or len(call.outputs) != 1:
        return None
    shapes = [call.inputs[0].shape[1:], call.outputs[0].shape[1:]]
    here, there = shapes if forward else shapes[::-1]
    if _is_identity(call):
        return affine
    if type(layer) in (layers.Flatten, layers.Reshape):
        flipped = getattr(layer, "data_format", None) == "channels_first"
        return None if flipped or None in here + there else _mapped(affine, lambda a: _reshaped(a, here, there))
    if type(layer) in AVERAGES or (type(layer) in MAXIMA and np.all(affine.scale >= 0)):
        return _over_positions(layer, affine, here, there)
    return None


def split(call: Call, affine: Affine) -> list[Affine] | None:
    """What a concatenation or a sum needs of each of its inputs so that its output gets `affine`; else None."""
    if type(call.layer) is layers.Add and len({value.shape for value in call.inputs}) == 1:
        return [Affine(affine.scale, affine.shift / len(call.inputs))] * len(call.inputs)
    if type(call.layer) is not layers.Concatenate:
        return None
    axis = call.layer.axis % len(call.outputs[0].shape) - 1
    if affine.scale.shape[axis] == 1:
        return [affine] * len(call.inputs)
    ends = np.cumsum([value.shape[axis + 1] for value in call.inputs])[:-1]
    return [Affine(*parts) for parts in zip(*(np.split(array, ends, axis) for array in affine), strict=True)]


def _is_identity(call: Call) -> bool:
    if type(call.layer) is layers.Activation:
        return call.layer.activation is keras.activations.linear
    return type(call.layer) in IDENTITIES and not call.training


def _mapped(affine: Affine, change) -> Affine:
    return Affine(*map(change, affine))


def _reshaped(array, here, there):
    return np.broadcast_to(array, here).reshape(there)


def _over_positions(layer, affine: Affine, here, there) -> Affine | None:
    """`affine` where the layer mixes positions: the same, if it is the same at all of them."""
    rank = max(len(here), len(there))
    channels = channel_axis(layer, rank + 1) - 1
    positions = tuple(i for i in range(rank) if i != channels)
    if getattr(layer, "interpolation", "nearest") not in ("nearest", "bilinear"):
        return None
    if len(here) == rank and any(affine.scale.shape[i] != 1 for i in positions):
        return None
    if len(here) < rank:  # a global pooling dropped the axes of the positions
        return _mapped(affine, lambda a: np.expand_dims(a, positions))
    return affine if len(there) == rank else _mapped(affine, lambda a: np.squeeze(a, positions))
