"""Looks into a network that leave it as it is."""

import contextlib
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from .loop import cross_entropy


@contextlib.contextmanager
def unchanged(model: keras.Model):
    """Whatever is computed inside, moving statistics and random states of `model` come out as they went in."""
    before = [variable.numpy() for variable in model.non_trainable_variables]
    try:
        yield
    finally:
        for variable, value in zip(model.non_trainable_variables, before, strict=True):
            variable.assign(value)


class Signal(NamedTuple):
    """How much of the images reaches each hidden layer, and how much of the loss comes back: see `signal`."""

    activations: np.ndarray
    gradients: np.ndarray


def signal(model: keras.Sequential, images, labels) -> Signal:
    """What passes through the network, forward and backward, measured at the output of every nonlinearity.

    Args:
        model: a network of `bncourse.models`, with its layers in a row.
        images: (N, H, W, C), N > 1; they are taken as one batch, in training mode.
        labels: (N,).

    Returns:
        `activations` (depth,): the standard deviation over the images, root mean square of all units. An output that is
        the same for every image has 0: it says nothing about them.
        `gradients` (depth,): the gradient of one image's loss by the output, root mean square of all units.
    """
    outputs, x = [], tf.constant(images)
    with unchanged(model), tf.GradientTape() as tape:
        for layer in model.layers:
            x = layer(x, training=True)
            if layer.name.startswith("activation"):
                tape.watch(x)
                outputs.append(x)
        loss = cross_entropy(labels, x)
    gradients = [len(images) * gradient for gradient in tape.gradient(loss, outputs)]  # the loss is a mean over images
    return Signal(
        np.array([np.sqrt(np.mean(np.var(output, axis=0))) for output in outputs]),
        np.array([np.sqrt(np.mean(np.square(gradient))) for gradient in gradients]),
    )
