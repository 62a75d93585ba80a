"""Arms of experiments: the networks of `training`, each with one thing changed that an explanation hangs on."""

import math
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from ._check import require_choice, require_integer, require_number
from .training import Config

#: What becomes of the length of each filter of a convolution in training, see `Arm`.
LENGTHS = ("free", "held", "learned")


@keras.saving.register_keras_serializable("bncourse")
class Disturbance(keras.layers.Layer):
    """Shift and scale every channel at random, in units of the channel's own standard deviation.

    With m and s the mean and the standard deviation of a channel of the batch, for each channel
    a ~ U(1 - strength / 2, 1 + strength / 2) and b ~ U(-strength, strength) are drawn, and x becomes

        m + a (x - m) + b s

    so that one `strength` is one disturbance, behind a normalization and without one. No gradient passes through m and
    s. Inputs and outputs are (N, ..., C).

    `every`: a and b are drawn anew every so many steps of training, and at inference x stays as it is. With 0 they are
    drawn once, and take part in inference.
    `per_image`: they are drawn for each image of each batch, so that the distribution over the images stands still.

    Source: after the noise of Santurkar et al. 2018 (arXiv 1805.11604), whose shift has a fixed size.
    """

    def __init__(self, strength: float, seed: int = 0, every: int = 1, per_image: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.strength, self.seed, self.every, self.per_image = strength, seed, every, per_image
        self.generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape):
        self.step = self.add_weight(shape=(), initializer="zeros", dtype="int32", trainable=False, name="step")
        self.drawn = [  # both between -1 and 1
            self.add_weight(
                shape=input_shape[-1:],
                initializer=keras.initializers.RandomUniform(-1, 1, seed=seed),
                trainable=False,
                name=name,
            )
            for name, seed in (("scale", self.seed), ("shift", self.seed + 500))
        ]

    def call(self, inputs, training=None):
        if self.every and not training:
            return inputs
        axes = tuple(range(len(inputs.shape) - 1))
        mean, variance = (ops.stop_gradient(value) for value in ops.moments(inputs, axes, keepdims=True))
        scale, shift = self._of_images(inputs) if self.per_image else self._of_the_step()
        return mean + (1 + self.strength / 2 * scale) * (inputs - mean) + self.strength * shift * ops.sqrt(variance)

    def _of_images(self, inputs):
        shape = (ops.shape(inputs)[0], *[1] * (len(inputs.shape) - 2), inputs.shape[-1])
        return [keras.random.uniform(shape, -1, 1, seed=self.generator) for _ in self.drawn]

    def _of_the_step(self):
        if self.every:
            for kept in self.drawn:
                fresh = keras.random.uniform(kept.shape, -1, 1, seed=self.generator)
                kept.assign(ops.where(self.step % self.every == 0, fresh, kept))
            self.step.assign_add(1)
        return self.drawn

    def get_config(self):
        own = {name: getattr(self, name) for name in ("strength", "seed", "every", "per_image")}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("bncourse")
class LengthConv2D(keras.layers.Conv2D):
    """A convolution whose filters are `length * direction`: the direction is the kernel's, the length a weight (C,).

    `held`: the length never changes, and the kernel is brought back to it at each step in training, so that gradient
    descent moves directions alone, at a constant effective rate. Otherwise the length is learned like the rest: that is
    the weight normalization of Salimans & Kingma 2016 (arXiv 1602.07868).
    """

    def __init__(self, *args, held: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        self.held = held

    def build(self, input_shape):
        super().build(input_shape)
        self.length = self.add_weight(shape=(self.filters,), initializer="ones", trainable=not self.held, name="length")

    def call(self, inputs, training=None):
        if self.held and training:  # where the last step has left the length
            self.kernel.assign(ops.stop_gradient(self.length * self.kernel / filter_norms(self.kernel)))
        kernel = self.length * self.kernel / filter_norms(self.kernel)
        outputs = ops.conv(inputs, kernel, strides=self.strides, padding=self.padding)
        return outputs + self.bias if self.use_bias else outputs

    def get_config(self):
        return {**super().get_config(), "held": self.held}


def filter_norms(kernel):
    """The length of each filter, (C,), of a kernel (..., C)."""
    return ops.sqrt(ops.sum(ops.square(kernel), axis=tuple(range(len(kernel.shape) - 1))))


@dataclass(frozen=True)
class Arm(Config):
    """An arm of an experiment: a `Config` with one thing changed inside the network.

    `disturbance`: the strength of a `Disturbance` before every nonlinearity, 0 for none; `every`, `per_image`: its own.
    `length`: "free", as usual; in convolutions also "held" or "learned", as `LengthConv2D` says. With each the network
    computes at the start what the usual one does.

    Raises:
        ValueError: as `Config`; for another length, or a negative strength or number of steps.

    >>> [layer.name for layer in Arm(depth=1, disturbance=0.5, norm="batch").build().layers][:4]
    ['linear_1', 'norm_1', 'disturbance_1', 'activation_1']
    """

    disturbance: float = 0.0
    every: int = 1
    per_image: bool = False
    length: str = "free"

    def __post_init__(self):
        super().__post_init__()
        require_number(self.disturbance, 0, math.inf, "disturbance")
        require_integer(self.every, 0, "every")
        require_choice(self.length, LENGTHS, "length")
        if self.length != "free" and self.model == "mlp":
            raise ValueError(
                f"expected length to be 'free' in a network without convolutions, received {self.length!r}"
            )

    def build(self, input_shape=(28, 28, 1), classes: int = 10) -> keras.Model:
        """The untrained network, the same at every call."""
        usual = super().build(input_shape, classes)
        layers = [keras.Input(input_shape)]
        for layer in usual.layers:
            kind, _, number = layer.name.rpartition("_")
            if self.disturbance and kind == "activation":
                seed = 1000 * self.seed + int(number)
                layers.append(
                    Disturbance(self.disturbance, seed, self.every, self.per_image, name=f"disturbance_{number}")
                )
            if self.length != "free" and kind == "linear":
                layers.append(LengthConv2D(held=self.length == "held", **layer.get_config()))
            else:
                layers.append(type(layer).from_config(layer.get_config()))
        model = keras.Sequential(layers)
        for layer in usual.layers:
            changed, weights = model.get_layer(layer.name), layer.get_weights()
            if isinstance(changed, LengthConv2D):
                weights.append(np.asarray(filter_norms(layer.kernel)))
            changed.set_weights(weights)
        return model
