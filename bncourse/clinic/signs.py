"""Signs that checks read: whether a layer has learned, whether statistics fit, what stands before it."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import keras
import numpy as np
from keras import initializers, layers

from .patient import Observed, Patient
from .watch import Call, as_numbers, is_norm

#: Steps between neighboring numbers, relative to their size, of the types with sixteen bits.
SIXTEEN = {"float16": 2.0**-10, "bfloat16": 2.0**-7}

LINEAR = (
    layers.Dense,
    layers.Conv1D,
    layers.Conv2D,
    layers.Conv3D,
    layers.Conv1DTranspose,
    layers.Conv2DTranspose,
    layers.Conv3DTranspose,
    layers.DepthwiseConv1D,
    layers.DepthwiseConv2D,
    layers.SeparableConv1D,
    layers.SeparableConv2D,
)
#: What leaves the channels where they are.
ELEMENTWISE = (
    layers.Activation,
    layers.ReLU,
    layers.LeakyReLU,
    layers.PReLU,
    layers.ELU,
    layers.Identity,
    layers.Dropout,
    layers.SpatialDropout1D,
    layers.AlphaDropout,
    layers.GaussianNoise,
    layers.GaussianDropout,
    layers.Add,
    layers.Subtract,
    layers.Multiply,
    layers.Average,
    layers.Maximum,
    layers.Minimum,
    layers.Concatenate,
    layers.UpSampling1D,
    layers.Cropping1D,
    layers.LayerNormalization,
    layers.GroupNormalization,
)
#: The same of Keras's operations, by name.
OPERATIONS = (
    *("Relu", "Relu6", "LeakyRelu", "Elu", "Gelu", "Silu", "Sigmoid", "Tanh"),
    *("Add", "Subtract", "Multiply", "Concatenate"),
)
#: What puts channels last, whatever the data format.
LAST = (layers.Dense, layers.RNN, layers.Bidirectional, layers.Embedding, layers.MultiHeadAttention)
#: Layers that move values about or scale them, and have no weights that learn.
SHAPING = (layers.Flatten, layers.Reshape, layers.Permute, layers.Rescaling, layers.Normalization)


def sound(patient: Patient) -> Iterator[tuple[str, object]]:
    """Names and layers of the normalizations whose inputs are numbers; none where a weight is no number."""
    if not patient.spoiled:
        for name, norm in patient.norms.items():
            if name not in patient.observed or is_finite(patient.observed[name]):
                yield name, norm


def is_finite(seen: Observed) -> bool:
    """Whether a layer's inputs were numbers."""
    return bool(np.isfinite(seen.mean).all() and np.isfinite(seen.variance).all())


def overflows(patient: Patient) -> bool:
    """Whether any layer computes in float16, which ends at 65504."""
    return any(getattr(layer, "compute_dtype", None) == "float16" for _, layer in patient.layers)


def momentum_of(norm) -> float | None:
    """The weight of the old value, if the layer has one."""
    momentum = getattr(norm, "momentum", None)
    return float(momentum) if isinstance(momentum, int | float) else None


def epsilon_of(norm) -> float:
    """What is added to the variance."""
    return float(getattr(norm, "epsilon", 1e-3))


def calls(patient: Patient) -> list[tuple[Call, str]]:
    """The first call of each normalization, with the layer's name."""
    names = {id(norm): name for name, norm in patient.norms.items()}
    first = {}
    for call in patient.trace.calls:
        if id(call.layer) in names:
            first.setdefault(id(call.layer), call)
    return [(call, names[key]) for key, call in first.items()]


def steps_taken(model) -> int:
    """How many steps the model's optimizer has taken, as far as it has one."""
    iterations = getattr(getattr(model, "optimizer", None), "iterations", None)
    return 0 if iterations is None else int(iterations)


def is_initial(weight, initializer) -> bool | None:
    """Whether a weight is what it was initialized with; None where that was random, or is unknown."""
    known = {initializers.Zeros: 0.0, initializers.Ones: 1.0}
    value = getattr(initializer, "value", None) if isinstance(initializer, initializers.Constant) else None
    value = known.get(type(initializer), value)
    return None if not isinstance(value, int | float) else bool((as_numbers(weight) == np.float32(value)).all())


def has_moved(bias, layer) -> bool:
    """Whether the bias of a layer is known not to be what it was initialized with."""
    return is_initial(bias, getattr(layer, "bias_initializer", None)) is False


def start(norm) -> tuple[bool, bool]:
    """Whether the moving mean and the moving variance are exactly as initialized."""
    mean = getattr(norm, "moving_mean_initializer", initializers.Zeros())
    variance = getattr(norm, "moving_variance_initializer", initializers.Ones())
    same = is_initial(norm.moving_mean, mean), is_initial(norm.moving_variance, variance)
    if same[0] and not same[1] and np.ptp(as_numbers(norm.moving_variance)) == 0:
        return False, False  # inputs that are all zero: the mean stays, the variance fades
    return bool(same[0]), bool(same[1])


def own_learning(norm) -> str | None:
    """What shows that the layer itself has been trained."""
    for name in ("gamma", "beta"):
        weight = getattr(norm, name, None)
        default = initializers.Ones() if name == "gamma" else initializers.Zeros()
        if weight is not None and is_initial(weight, getattr(norm, f"{name}_initializer", default)) is False:
            return f"{name} has learned (it spans {as_numbers(weight).min():.3g} to {as_numbers(weight).max():.3g})"
    return None


def learning(patient: Patient, after=None) -> str | None:
    """What shows that the model has been trained; with `after`, only layers that come behind that one count."""
    steps = steps_taken(patient.model)
    if steps:
        return f"the optimizer has taken {steps} steps"
    order = patient.trace.order or [layer for _, layer in patient.layers]
    if after is not None:
        places = [i for i, layer in enumerate(order) if layer is after]
        order = order[places[-1] + 1 :] if places else []
    for layer in order:
        if is_norm(layer):
            if own_learning(layer):
                return f"{layer.name} has been trained"
        elif getattr(layer, "bias", None) is not None and has_moved(layer.bias, layer):
            return f"the bias of {layer.name} has been trained"
    return None


def how_it_learned(patient: Patient, norm) -> str | None:
    """What shows that a normalization was part of a training; None for one that is new."""
    own = own_learning(norm)
    bare = getattr(norm, "gamma", None) is None and getattr(norm, "beta", None) is None
    return own or (learning(patient, after=norm) if bare else None)


class Mismatch(NamedTuple):
    """How far moving statistics are from the images': medians over channels, and whether that is too far.

    mean: |difference| in standard deviations; variance: the ratio of the images' to the moving one.
    """

    mean: float
    variance: float
    too_far: bool


def constant(seen: Observed) -> np.ndarray:
    """(C,), whether a channel has the same value everywhere."""
    size = np.square(seen.mean) + 1e-30
    return (seen.variance <= 1e-9 * size) & (seen.between <= 1e-9 * size) | (seen.variance + seen.between < 1e-14)


def mismatch(norm, seen: Observed, mean_off: float, variance_off: float) -> Mismatch | None:
    """The difference between moving statistics and the images'; None where too few images can tell."""
    live = ~constant(seen)
    if not live.any() or seen.images * seen.positions / seen.batch < 16:
        return None
    mean, variance = as_numbers(norm.moving_mean), as_numbers(norm.moving_variance).astype(np.float64)
    epsilon = epsilon_of(norm)
    spread = np.maximum(variance, seen.variance) + epsilon
    off = np.abs(mean - seen.mean) / np.sqrt(spread)
    ratio = np.log((seen.variance + epsilon) / (variance + epsilon))
    middle, around = float(np.median(off[live])), float(np.median(np.abs(ratio[live])))
    errors = _errors(seen, spread, epsilon, live)
    too_far = middle > mean_off + 2 * errors[0] or around > variance_off + 2 * errors[1]
    return Mismatch(middle, float(np.exp(np.median(ratio[live]))), too_far)


def _errors(seen: Observed, spread, epsilon: float, live) -> tuple[float, float]:
    """Standard errors of the two differences, medians over channels: from the batches' scatter, if there are some."""
    if seen.batches < 4:
        return 1 / math.sqrt(seen.images), math.sqrt(2 / seen.images)
    mean = np.sqrt(seen.between / (seen.batches - 1)) / np.sqrt(spread)
    variance = np.sqrt(seen.scatter / (seen.batches - 1)) / (seen.variance + epsilon)
    return float(np.median(mean[live])), float(np.median(variance[live]))


def is_linear(layer) -> bool:
    """Whether a layer is a convolution or a dense layer without a nonlinearity in it."""
    return isinstance(layer, LINEAR) and getattr(layer, "activation", None) in (None, keras.activations.linear)


def channels_of(layer, rank: int) -> int | None:
    """The axis of the channels in what a layer puts out; None where that can't be said."""
    if isinstance(layer, LAST):
        return rank - 1
    if isinstance(layer, layers.TimeDistributed):
        found = channels_of(layer.layer, rank - 1)
        return None if found is None else found + 1
    data_format = getattr(layer, "data_format", None)
    if data_format is None or isinstance(layer, layers.Flatten):
        return None
    return rank - 1 if data_format == "channels_last" else 1


def channels_before(patient: Patient, call: Call) -> int | None:
    """The axis of the channels in what a normalization is given, by the nearest layer before that knows."""
    layer, rank = patient.trace.before.get(id(call.layer)), len(call.shape)
    for _ in range(20):
        if layer is None:
            return None
        found = channels_of(layer, rank)
        if found is not None:
            return found
        elementwise = isinstance(layer, ELEMENTWISE) or is_norm(layer) or type(layer).__name__ in OPERATIONS
        layer = patient.trace.before.get(id(layer)) if elementwise else None
    return None


def straight_from_input(patient: Patient, norm) -> bool:
    """Whether nothing that learns stands between the model's input and a normalization."""
    layer = patient.trace.before.get(id(norm))
    while layer is not None and isinstance(layer, SHAPING):
        layer = patient.trace.before.get(id(layer))
    return layer is None
