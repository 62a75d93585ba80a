"""Batch norm with few images: how noisy its statistics are, what that costs, and whose statistics inference uses.

`python -m bncourse.small_batches` makes the runs of `EXPERIMENTS` that are not stored yet, and stores them in one file,
which `runs` reads. Rates are chosen on seeds 0 and 1; the runs that are shown have seeds 5 to 9.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from ._check import require_choice
from .layer import BatchNorm
from .training import Config, Run, accuracy, combinations, cross_entropy, from_json, take, to_json, train, unchanged

STORE = Path(__file__).parent / "assets" / "runs" / "small_batches.json"


class Measured(NamedTuple):
    """A run, and the test accuracy that it ends with once its statistics are those of training images: see `refresh`.

    For a network without batch norm, `refreshed` is the run's own last accuracy; for a run that diverged both are 0.
    """

    run: Run
    refreshed: float


def measure(config: Config, data) -> Measured:
    """Train the network of `config` on `data`, and refresh its statistics at the end with 2,000 training images."""
    found = []

    def look(step, model):
        if step == config.steps:
            with unchanged(model):
                refresh(model, data.train_images[:2000])
                found.append(accuracy(model, data.test_images, data.test_labels))

    run = train(config, data, watch=look)
    return Measured(run, 0.0 if run.diverged else found[0])


def effective_number(values) -> np.ndarray:
    r"""How many independent values an image is worth when a channel's mean is taken: (C,).

    Neighboring values of an image are alike, so that the mean of N images varies more than that of N H W independent
    values would:

        variance of the mean = σ² / (N k),    k = σ² / variance of the images' means

    It is 1 where each image is of one value, and H W where its values have nothing to do with each other.

    Args:
        values: (N, H, W, C), a channel's values for many images, N > 1.

    Source: the design effect of cluster samples (L. Kish 1965), HW / k = 1 + (HW - 1) ρ with the mean correlation ρ of two
    values of an image.

    >>> flat = np.arange(4.0).reshape(4, 1, 1, 1) * np.ones((1, 3, 3, 1))
    >>> effective_number(flat).tolist()
    [1.0]
    """
    values = np.asarray(values, np.float64)
    return values.var(axis=(0, 1, 2)) / values.mean(axis=(1, 2)).var(axis=0)


def refresh(model: keras.Sequential, images) -> None:
    """Give each batch norm of a model the statistics of these images, layer by layer, each behind those before it.

    The model is in inference mode throughout: dropout is off. `inference.recalibrate` for Keras models of layers in a
    row.
    """
    x = np.asarray(images)
    for layer in model.layers:
        if is_batch_norm(layer):
            positions = tuple(range(x.ndim - 1))
            layer.moving_mean.assign(x.mean(positions, dtype=np.float64))
            layer.moving_variance.assign(x.var(positions, dtype=np.float64))
        x = np.concatenate([layer(x[start : start + 500], training=False) for start in range(0, len(x), 500)])


def is_batch_norm(layer: keras.layers.Layer) -> bool:
    """Whether it is ours or Keras's batch norm."""
    return isinstance(layer, BatchNorm | keras.layers.BatchNormalization)


def fit(
    model: keras.Model,
    images,
    labels,
    batches,
    learning_rate: float,
    *,
    training: bool = True,
    after_step: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Train a model by SGD on batches that the caller chooses; returns the loss (steps,) of each before its step.

    Args:
        images: (N, H, W, C).
        labels: (N,).
        batches: (steps, batch size), the indices of each step's images.
        training: what the model is called with. False leaves the statistics alone, and uses them.
        after_step: called with the number of steps taken, after each.
    """
    images, labels = tf.constant(images), tf.constant(labels)

    @tf.function
    def step(chosen):
        with tf.GradientTape() as tape:
            loss = cross_entropy(tf.gather(labels, chosen), model(tf.gather(images, chosen), training=training))
        weights = model.trainable_variables
        for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
            weight.assign_sub(learning_rate * gradient)
        return loss

    losses = []
    for done, chosen in enumerate(np.asarray(batches), start=1):
        losses.append(step(tf.constant(chosen)).numpy())
        if after_step:
            after_step(done)
    return np.array(losses)


def gradient(model: keras.Model, images, labels, *, micro_batch: int) -> np.ndarray:
    """The gradient of the mean loss by all trainable weights, as one vector, added up over micro-batches in their order.

    Args:
        images: (N, H, W, C).
        labels: (N,).
        micro_batch: how many images go through the network together, in training mode; N for all. It divides N.
    """
    parts = []
    for start in range(0, len(images), micro_batch):
        chosen = slice(start, start + micro_batch)
        with unchanged(model), tf.GradientTape() as tape:
            loss = cross_entropy(labels[chosen], model(images[chosen], training=True))
        found = tape.gradient(loss, model.trainable_variables)
        parts.append(np.concatenate([np.ravel(part) for part in found]))
    return np.mean(parts, axis=0)
