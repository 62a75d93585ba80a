"""The Keras networks of the experiments: one of convolutions, one of dense layers, each with or without batch norm.

Hidden layer `i`, counted from 1, is a row of Keras layers whose names end in `_i`: `linear_i` (convolution or dense),
`norm_i` if the network is normalized, `activation_i`. Probes find them by these names.
"""

from collections.abc import Callable
from functools import partial

import keras

from ._check import require_choice
from .layer import BatchNorm

#: What may stand between a linear layer and its nonlinearity; "noisy" is batch norm and `Noise`, "noise" `Noise` alone.
#: "group" is group norm with four groups; "layer", with one, takes the statistics of all values of an image.
NORMS = ("none", "batch", "noisy", "noise", "group", "layer")
GROUPS = {"group": 4, "layer": 1}


@keras.saving.register_keras_serializable("bncourse")
class Noise(keras.layers.Layer):
    """Shift and scale every channel at random, anew at each step: what batch norm steadied, made unsteady on purpose.

    At each step and for each channel a shift μ ~ U(-0.5, 0.5) and a scale σ ~ U(1, 1.25) are drawn; sample i then gets
    `s * x + m` with m ~ U(μ - 0.1, μ + 0.1) and s ~ N(σ, 0.1²). At inference the mean of both is applied: 1.125 x.
    Inputs and outputs are (N, ..., C). Source: algorithm 1 of Santurkar et al. 2018 (arXiv 1805.11604), its constants.
    """

    SHIFT, SCALE, SPREAD = 0.5, 1.25, 0.1

    def __init__(self, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=None):
        if not training:
            return inputs * (1 + self.SCALE) / 2
        batch, channels = keras.ops.shape(inputs)[0], inputs.shape[-1]
        middle = (1,) * (len(inputs.shape) - 2)  # all positions of an image get the same noise
        each_step, each_sample = (1, *middle, channels), (batch, *middle, channels)
        draw, normal = keras.random.uniform, keras.random.normal
        shift = draw(each_step, -self.SHIFT, self.SHIFT, seed=self.generator)
        scale = draw(each_step, 1.0, self.SCALE, seed=self.generator)
        shift += draw(each_sample, -self.SPREAD, self.SPREAD, seed=self.generator)
        scale += normal(each_sample, 0.0, self.SPREAD, seed=self.generator)
        return scale * inputs + shift

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable("bncourse")
class GhostBatchNorm(BatchNorm):
    """Batch norm whose training statistics are those of `ghost` neighboring images, a part of the batch.

    Inputs are (N, ..., C), and N is a multiple of `ghost` in training. The moving statistics get the mean of the parts'
    means and the mean of their variances. Inference is that of batch norm. Source: Hoffer et al. 2017 (arXiv
    1705.08741), algorithm 1, which moves the statistics part by part.
    """

    def __init__(self, ghost, **kwargs):
        super().__init__(**kwargs)
        self.ghost = ghost

    def call(self, inputs, training=None):
        if not (training and self.trainable):
            return super().call(inputs, training=training)
        parts = keras.ops.reshape(inputs, (-1, self.ghost, *inputs.shape[1:]))  # (N / ghost, ghost, ..., C)
        each_part = tuple(range(1, len(parts.shape) - 1))
        mean, variance = keras.ops.moments(parts, each_part, keepdims=True)
        all_parts = tuple(range(len(parts.shape) - 1))
        self._update_moving(keras.ops.mean(mean, all_parts), keras.ops.mean(variance, all_parts))
        x_hat = (parts - mean) * keras.ops.rsqrt(variance + self.epsilon)
        return keras.ops.reshape(self.gamma * x_hat + self.beta, keras.ops.shape(inputs))

    def get_config(self):
        return {**super().get_config(), "ghost": self.ghost}


def require_activation(name: str) -> None:
    """Raises ValueError unless `keras.activations` has a nonlinearity of this name."""
    try:
        known = isinstance(name, str) and callable(keras.activations.get(name))
    except ValueError:
        known = False
    if not known:
        raise ValueError(f"expected activation to be one that keras.activations has, received {name!r}")


def normalization(norm: str, index: int, *, momentum: float = 0.9, ghost: int = 0) -> list[keras.layers.Layer]:
    """The layers, possibly none, that `norm` puts between linear layer `index` and its nonlinearity.

    With `ghost`, batch norm takes its statistics of so many images; with 0, of the batch.

    Raises:
        ValueError: if `norm` is not one of `NORMS`.
    """
    require_choice(norm, NORMS, "norm")
    if norm in GROUPS:
        return [keras.layers.GroupNormalization(GROUPS[norm], name=f"norm_{index}")]
    named = dict(momentum=momentum, name=f"norm_{index}")
    batch_norm = GhostBatchNorm(ghost, **named) if ghost else BatchNorm(**named)
    layers = [batch_norm] if _normalized(norm) else []
    return [*layers, Noise(name=f"noise_{index}")] if norm in ("noisy", "noise") else layers


def _normalized(norm: str) -> bool:
    return norm in ("batch", "noisy")


def cnn(
    *,
    norm: str = "none",
    depth: int = 8,
    width: int = 8,
    gain: float = 1.0,
    activation: str = "relu",
    head: str = "mean",
    momentum: float = 0.9,
    ghost: int = 0,
    input_shape: tuple[int, int, int] = (28, 28, 1),
    classes: int = 10,
) -> keras.Sequential:
    """A stack of `depth` 3x3 convolutions, then one dense layer behind a `head` that makes a vector of each image.

    The first half of the convolutions has `width` channels, the second half twice as many; the first of each half
    halves the image (stride 2). `gain` multiplies the standard deviation that He et al. 2015 (arXiv 1502.01852) chose
    for the kernels of ReLU networks, sqrt(2 / fan-in); 0.71 is LeCun's. Before a normalization a convolution needs no
    bias. The head is "mean", over all positions, or "flatten", which keeps them apart and learns sooner.

    Returns:
        A built model from images (N, *input_shape) to logits (N, classes).

    >>> [layer.name for layer in cnn(norm="batch", depth=1).layers]
    ['linear_1', 'norm_1', 'activation_1', 'mean', 'logits']
    """
    layers = [keras.Input(input_shape)]
    half = depth // 2
    for i in range(depth):
        layers += [
            keras.layers.Conv2D(
                width if i < half else 2 * width,
                3,
                strides=2 if i in (0, half) else 1,
                padding="same",
                use_bias=not _normalized(norm),
                kernel_initializer=keras.initializers.VarianceScaling(2 * gain**2, "fan_in", "untruncated_normal"),
                name=f"linear_{i + 1}",
            ),
            *normalization(norm, i + 1, momentum=momentum, ghost=ghost),
            keras.layers.Activation(activation, name=f"activation_{i + 1}"),
        ]
    heads = {"mean": keras.layers.GlobalAveragePooling2D, "flatten": keras.layers.Flatten}
    layers += [heads[head](name=head), keras.layers.Dense(classes, name="logits")]
    return keras.Sequential(layers)


def mlp(
    *,
    norm: str = "none",
    depth: int = 3,
    width: int = 100,
    gain: float = 1.0,
    activation: str = "sigmoid",
    momentum: float = 0.9,
    ghost: int = 0,
    input_shape: tuple[int, int, int] = (28, 28, 1),
    classes: int = 10,
) -> keras.Sequential:
    """`depth` dense layers of `width` units, then one of `classes`; weights start with standard deviation 0.1 `gain`.

    With the default values it is the network of the first figure of Ioffe & Szegedy 2015 (arXiv 1502.03167). The paper
    says "small random Gaussian values"; 0.1 is our choice.

    Returns:
        A built model from images (N, *input_shape) to logits (N, classes).

    >>> [layer.name for layer in mlp(depth=1).layers]
    ['pixels', 'linear_1', 'activation_1', 'logits']
    """
    layers = [keras.Input(input_shape), keras.layers.Flatten(name="pixels")]
    for i in range(depth):
        layers += [
            keras.layers.Dense(
                width,
                use_bias=not _normalized(norm),
                kernel_initializer=keras.initializers.RandomNormal(stddev=0.1 * gain),
                name=f"linear_{i + 1}",
            ),
            *normalization(norm, i + 1, momentum=momentum, ghost=ghost),
            keras.layers.Activation(activation, name=f"activation_{i + 1}"),
        ]
    initializer = keras.initializers.RandomNormal(stddev=0.1)
    layers.append(keras.layers.Dense(classes, kernel_initializer=initializer, name="logits"))
    return keras.Sequential(layers)


#: What `network` is trained with.
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def network(normalization: Callable[[], keras.layers.Layer] | None = None, seed: int = 0, *, first=()):
    """Four 3x3 convolutions, each with a normalization and ReLU, then the mean over all positions and ten logits.

    What goes wrong in the capstone `mend` and in the chapter `clinic` goes wrong in this one.

    Args:
        normalization: makes a layer; by default Keras's batch normalization with momentum 0.9.
        seed: of the initial weights.
        first: layers in front.

    Returns:
        A built `keras.Sequential` from images (N, 28, 28, 1) to logits (N, 10).
    """
    keras.utils.set_random_seed(seed)
    normalization = normalization or partial(keras.layers.BatchNormalization, momentum=0.9)
    layers = [keras.Input((28, 28, 1)), *first]
    for i, filters in enumerate((8, 8, 16, 16), 1):
        strides = 2 if i in (1, 3) else 1
        norm = normalization()
        norm.name = f"norm_{i}"
        layers += [
            keras.layers.Conv2D(filters, 3, strides, "same", use_bias=False, kernel_initializer="he_normal"),
            norm,
            keras.layers.ReLU(),
        ]
    return keras.Sequential([*layers, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(10)])


#: The networks that a `Config` can name.
MODELS = {"cnn": cnn, "cnn_flatten": partial(cnn, head="flatten"), "mlp": mlp}
