"""Eight models with bugs that people reported, small enough to be trained in seconds.

What is wrong is told here, so this file is best read after the chapter. All of them are the same four convolutions
(`network`), on Fashion-MNIST.
"""

from functools import cache
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from .. import data
from ..models import LOSS, network


class Bug(NamedTuple):
    """A model as its owner brings it.

    Args:
        name: its number on the board.
        complaint: what the owner sees.
        report: where somebody reported it.
        model: from images (N, 28, 28, 1) to logits (N, 10).
        images, labels: what the owner tries it on.
    """

    name: str
    complaint: str
    report: str
    model: keras.Model
    images: np.ndarray
    labels: np.ndarray


def load(number: int) -> Bug:
    """Bug 1 to 8, trained anew.

    Raises:
        ValueError: if there is no such bug.
    """
    if number not in range(1, 1 + len(_BUGS)):
        raise ValueError(f"expected a number from 1 to {len(_BUGS)}, received {number!r}")
    complaint, report, make = _BUGS[number - 1]
    return Bug(str(number), complaint, report, *make())


def fit(model: keras.Model, images, labels, *, batch_size: int = 32, epochs: int = 1, optimizer=None) -> keras.Model:
    """The model, trained by `fit` with SGD at rate 0.3, or with another optimizer."""
    model.compile(optimizer or keras.optimizers.SGD(0.3), LOSS, jit_compile=False)
    model.fit(images, labels, batch_size=batch_size, epochs=epochs, shuffle=False, verbose=0)
    return model


def healthy() -> keras.Model:
    """The network without a bug, trained on 4,800 images."""
    model = network()
    model.set_weights(_healthy_weights())
    model.compile(keras.optimizers.SGD(0.3), LOSS, metrics=["accuracy"], jit_compile=False)
    return model


@cache
def _healthy_weights() -> list[np.ndarray]:
    return fit(network(), *_training(4800)).get_weights()


def negatives() -> tuple[np.ndarray, np.ndarray]:
    """1,600 training images, dark where the others are bright, and their labels."""
    images, labels = _training(1600)
    return 1 - images, labels


def accuracy(model: keras.Model, images, labels, **how) -> float:
    """The share of the images, taken as one batch, that the model puts into the right class."""
    return float(np.mean(np.argmax(model(images, **how), axis=1) == labels))


def _training(number: int):
    fashion = data.load()
    return fashion.train_images[:number], fashion.train_labels[:number]


def _test(number: int = 384):
    fashion = data.load()
    return fashion.test_images[:number], fashion.test_labels[:number]


def _few_steps():
    """64 images in batches of 8, five epochs: forty steps with the default momentum."""
    fashion = data.load()
    two = np.flatnonzero(np.isin(fashion.train_labels, (2, 4)))[:64]
    images, labels = fashion.train_images[two], fashion.train_labels[two]
    model = network(layers.BatchNormalization)
    return fit(model, images, labels, batch_size=8, epochs=5, optimizer=keras.optimizers.Adam(0.003)), images, labels


def _own_loop():
    """A loop that never says `training=True`."""
    model, optimizer = network(), keras.optimizers.Adam(0.003)
    images, labels = _training(3200)

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = LOSS(y, model(x))
        optimizer.apply_gradients(
            zip(tape.gradient(loss, model.trainable_weights), model.trainable_weights, strict=True)
        )

    for i in range(0, len(images), 32):
        step(images[i : i + 32], labels[i : i + 32])
    return model, *_test()


def _poisoned():
    """One of 32 images of the last batch was not scaled. The rate is low by now: the weights hardly move."""
    images, labels = _training(32)
    images = np.concatenate([255 * images[:1], images[1:]])
    return fit(healthy(), images, labels, optimizer=keras.optimizers.SGD(1e-3)), *_test()


class _AlwaysTraining(layers.BatchNormalization):
    def call(self, inputs, training=None, mask=None):
        return super().call(inputs, training=True, mask=mask)


def _always_training():
    return fit(network(lambda: _AlwaysTraining(momentum=0.9)), *_training(3200)), *_test()


def _wrong_axis():
    return fit(network(lambda: layers.BatchNormalization(axis=1, momentum=0.9)), *_training(3200)), *_test()


def _turned_round():
    return fit(network(lambda: layers.BatchNormalization(momentum=0.1)), *_training(3200)), *_test()


def _scaled_twice():
    images, labels = _training(3200)
    model = fit(network(first=[layers.Rescaling(1 / 255)]), 255 * images, labels)
    images, labels = _test()
    return model, images, labels  # from 0 to 1, and the model divides by 255 once more


def _frozen():
    """A trained network, frozen, under a new last layer, on negatives: bright where the others are dark."""
    base = keras.Sequential(healthy().layers[:-1])
    base.trainable = False
    model = keras.Sequential([keras.Input((28, 28, 1)), base, layers.Dense(10)])
    fit(model, *negatives())
    images, labels = _test()
    return model, 1 - images, labels


_BUGS = (
    (
        "Trained on 64 images, two classes. fit ends at four of five right. evaluate, on the same 64: half.",
        "https://github.com/keras-team/keras/issues/6014",
        _few_steps,
    ),
    (
        "My own training loop with GradientTape. How do the moving averages get updated?",
        "https://github.com/tensorflow/tensorflow/issues/32864",
        _own_loop,
    ),
    (
        "It was fine. Then one batch more of training, and the test accuracy is gone.",
        "https://github.com/keras-team/keras/issues/12400",
        _poisoned,
    ),
    (
        "The same image gets another result when it is predicted with other images.",
        "https://github.com/keras-team/keras/issues/3078",
        _always_training,
    ),
    (
        "Set up with axis=1, as documented for channels first. Our channels are last.",
        "https://github.com/DCASE-REPO/dcase2018_baseline/issues/18",
        _wrong_axis,
    ),
    (
        "Ported from Torch, each number copied. The test results jump from epoch to epoch.",
        "https://github.com/affinelayer/pix2pix-tensorflow/issues/126",
        _turned_round,
    ),
    (
        "Good in training. In the app, which divides pixels by 255, it knows nothing.",
        "https://github.com/Priyanshu-byte-coder/devtrack/issues/927",
        _scaled_twice,
    ),
    (
        "A pretrained network, frozen, and a new last layer. It hardly learns our images.",
        "https://github.com/keras-team/keras/issues/9214",
        _frozen,
    ),
)
