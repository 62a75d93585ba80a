"""Six models that went wrong, each as its owner reports it, for the capstone `mend`.

A case holds what one gets in real life: a complaint, a model, and the owner's way of training it. What is wrong is told
here, so this file is best read after the capstone. Each kind of fault was reported by users of Keras, TensorFlow,
Torch or PyTorch; issues are cited where the case is made. All networks are the same four convolutions on Fashion-MNIST.
"""

import functools
from collections.abc import Callable, Iterator
from itertools import count
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from . import data
from .models import LOSS, network

BATCH = 32


class Case(NamedTuple):
    """A model as it is handed over.

    Args:
        name: a letter, or "healthy".
        complaint: what the owner says.
        model: from images (N, 28, 28, 1) to logits (N, 10); trained, and its weights belong to the caller.
        step: trains the model on the next batch of 32 images, the owner's way; takes and returns nothing.
    """

    name: str
    complaint: str
    model: keras.Model
    step: Callable[[], None]


def load(name: str, seed: int = 0) -> Case:
    """The case of that name, "A" to "F", trained anew, which takes seconds.

    Raises:
        ValueError: if there is no such case.
    """
    if name not in _CASES:
        raise ValueError(f"expected one of {', '.join(_CASES)}, received {name!r}")
    complaint, make = _CASES[name]
    return Case(name, complaint, *make(seed))


def healthy(momentum: float = 0.9, seed: int = 0) -> Case:
    """The same network without a fault, trained by `fit` until its statistics have settled."""
    steps = 150 if momentum <= 0.9 else 450
    model = _normalized(momentum, seed)
    model.set_weights(_settled(momentum, seed, steps))
    return Case("healthy", "None.", model, _fit(model, 0, first=steps))


def _normalized(momentum: float, seed: int) -> keras.Model:
    """That network, before any training."""
    return network(lambda: layers.BatchNormalization(momentum=momentum), seed)


@functools.cache
def _settled(momentum: float, seed: int, steps: int) -> list[np.ndarray]:
    """Its weights after so many steps. Several cases start with them."""
    model = _normalized(momentum, seed)
    _fit(model, steps)
    return model.get_weights()


def accuracy(model: keras.Model, training: bool = False) -> float:
    """The share of the 2,000 test images, one batch, that a model puts into the right class.

    With `training=True`, by the statistics of this batch, which moves the moving ones.
    """
    fashion = data.load()
    return float(np.mean(np.argmax(model(fashion.test_images, training=training), axis=1) == fashion.test_labels))


def own_images() -> tuple[np.ndarray, np.ndarray]:
    """What the owner of a case fine-tunes on: 32 negatives, bright where the others are dark, with their labels."""
    images, labels = next(_batches())
    return 1 - images, labels


def _batches(size: int = BATCH, first: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The training images (size, 28, 28, 1) and labels (size,), batch after batch without end, from the `first` on."""
    fashion = data.load()
    whole = len(fashion.train_labels) // size
    for i in count(first):
        chosen = slice(i % whole * size, (i % whole + 1) * size)
        yield fashion.train_images[chosen], fashion.train_labels[chosen]


def _fit(
    model: keras.Model, steps: int, learning_rate: float = 0.3, size: int = BATCH, first: int = 0
) -> Callable[[], None]:
    """Train with `fit`, in batches of `size`, from the `first` on; returns how to go on."""
    model.compile(keras.optimizers.SGD(learning_rate), LOSS, jit_compile=False)
    source = _batches(size, first)

    def step(number: int = 1) -> None:
        images, labels = map(np.concatenate, zip(*(next(source) for _ in range(number)), strict=True))
        model.fit(images, labels, batch_size=size, shuffle=False, verbose=0)

    if steps:
        step(steps)
    return step


def _poisoned(seed: int):
    """One batch of unscaled images, 0 to 255, went through in training mode: no weight moved, the statistics did.

    Reported with dummy data in torch/torch7#707, with a forward pass in the wrong mode in pytorch/vision#2079.
    """
    case = healthy(seed=seed)
    case.model(data.load().test_images[:BATCH] * 255, training=True)
    return case.model, case.step


class HandmadeNorm(layers.Layer):
    """Batch normalization, channels last, through whose variance no gradient flows.

    Keras's own layer was like that on PyTorch until keras-team/keras#19102 mended it (there the mean, too).
    """

    axis = -1

    def __init__(self, momentum=0.9, epsilon=1e-3, **kwargs):
        super().__init__(**kwargs)
        self.momentum, self.epsilon = momentum, epsilon

    def build(self, input_shape):
        shape = (input_shape[-1],)
        self.gamma = self.add_weight(shape=shape, initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=shape, initializer="zeros", name="beta")
        self.moving_mean = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="moving_mean")
        self.moving_variance = self.add_weight(shape=shape, initializer="ones", trainable=False, name="moving_variance")

    def call(self, x, training=None):
        if training and self.trainable:
            mean, variance = ops.moments(x, axes=list(range(len(x.shape) - 1)))
            variance = ops.stop_gradient(variance)
            for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.assign(self.momentum * moving + (1 - self.momentum) * batch)
        else:
            mean, variance = self.moving_mean, self.moving_variance
        return self.gamma * (x - mean) * ops.rsqrt(variance + self.epsilon) + self.beta


def _variance_cut(seed: int):
    """The layer above."""
    model = network(HandmadeNorm, seed)
    return model, _fit(model, 150)


def _flag_forgotten(seed: int):
    """A loop of one's own that calls `model(images)`, which means inference.

    Reported in tensorflow/tensorflow#33205 (where `fit` works), #32864 and #31184.
    """
    model, source = network(seed=seed), _batches()

    @tf.function
    def train(images, labels):
        with tf.GradientTape() as tape:
            loss = LOSS(labels, model(images))
        weights = model.trainable_variables
        for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
            weight.assign_sub(0.3 * gradient)

    def step() -> None:
        train(*map(tf.constant, next(source)))

    for _ in range(150):
        step()
    return model, step


def _wrong_axis(seed: int):
    """`axis=1`, from code for images (N, C, H, W), on images (N, H, W, C): each row has its statistics.

    Reported in DCASE-REPO/dcase2018_baseline#18, keras-team/keras#1921 ("vertical artifacts").
    """
    model = network(lambda: layers.BatchNormalization(axis=1, momentum=0.9), seed)
    return model, _fit(model, 150)


def _frozen_late(seed: int):
    """`trainable = False` after a first `fit`, without compiling again: `fit` goes on with what it built.

    Reported in keras-team/keras#4762, osh/KerasGAN#10; "always compile again" in keras-team/keras#6405.
    """
    model = _normalized(0.9, seed)
    _fit(model, 150)
    for layer in model.layers[:-1]:
        layer.trainable = False
    model.optimizer.learning_rate = 0.03

    def step() -> None:
        images, labels = own_images()
        model.fit(images, labels, batch_size=BATCH, shuffle=False, verbose=0)

    return model, step


def _momentum_turned_round(seed: int):
    """`momentum=0.1`, PyTorch's default, where Keras's momentum weights the old value.

    Reported in affinelayer/pix2pix-tensorflow#126 and vlawhern/arl-eegmodels#39.
    """
    return in_small_batches(0.1, seed)


def in_small_batches(momentum: float, seed: int = 0):
    """A model and its step, trained in batches of four and in the end at a rate of 0.001: is it calm by then?"""
    model = _normalized(momentum, seed)
    step = _fit(model, 400, learning_rate=0.1, size=4)
    model.optimizer.learning_rate = 0.001
    return model, step


_CASES = {
    "A": (
        "Last week it got more than half of the test images right. I have trained nothing since, only looked at the "
        "activations of a batch. Today it gets one in ten. The kernels are the same to the last digit, I compared.",
        _poisoned,
    ),
    "B": (
        "The normalization is my own. I compared its output with Keras's layer, in both modes: the same numbers. "
        "Still my network learns more slowly than the one with Keras's layer, from the same start.",
        _variance_cut,
    ),
    "C": (
        "The loop is my own. It runs, and the loss is stuck at about 2. With `fit`, from the same start at the same "
        "rate, the very same network is at 1 by now.",
        _flag_forgotten,
    ),
    "D": (
        "I took the network over from an older project, layer by layer. It learns, but the loss falls more slowly than "
        "theirs, from the first steps on.",
        _wrong_axis,
    ),
    "E": (
        "I froze everything but the last layer, to fine-tune on a few images of mine. What it could do before, it "
        "forgets all the same.",
        _frozen_late,
    ),
    "F": (
        "Copied from a PyTorch version that works, layer by layer and number by number. I am down at a learning rate "
        "of 0.001 now, the weights hardly change, and still the test accuracy jumps up and down from step to step.",
        _momentum_turned_round,
    ),
}
