"""Answers to the exercises of chapter `layer`."""

import numpy as np
from answers import junk, right, wrong

wrong("layer.1", "swapped", (48, 1442))
wrong("layer.1", "all trainable", (1490, 0))
wrong("layer.1", "no gamma and beta", (1394, 48))
wrong("layer.1", "biases", (1466, 48))
wrong("layer.1", "dense bias forgotten", (1432, 48))
wrong("layer.1", "only means moving", (1442, 24))
wrong("layer.1", "input channels forgotten in the second", (72 + 144 + 48 + 170, 48))
wrong("layer.1", "four per channel non-trainable", (1394, 96))
right("layer.1", (1442, 48))


def _std(x, axes, epsilon):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + epsilon)


@wrong("layer.2", "global")
def standardize(x, axis, epsilon):
    return (x - x.mean()) / np.sqrt(x.var() + epsilon)


@wrong("layer.2", "NumPy axis")
def standardize(x, axis, epsilon):
    return _std(x, axis, epsilon)


@wrong("layer.2", "abs(axis)")
def standardize(x, axis, epsilon):
    return _std(x, tuple(i for i in range(x.ndim) if i != abs(axis)), epsilon)


@wrong("layer.2", "instance norm: batch and channel stay")
def standardize(x, axis, epsilon):
    return _std(x, tuple(i for i in range(x.ndim) if i not in (0, axis % x.ndim)), epsilon)


@wrong("layer.2", "missing root")
def standardize(x, axis, epsilon):
    axes = tuple(i for i in range(x.ndim) if i != axis % x.ndim)
    return (x - x.mean(axes, keepdims=True)) / (x.var(axes, keepdims=True) + epsilon)


@wrong("layer.2", "ddof")
def standardize(x, axis, epsilon):
    axes = tuple(i for i in range(x.ndim) if i != axis % x.ndim)
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, ddof=1, keepdims=True) + epsilon)


@wrong("layer.2", "axis ignored: last")
def standardize(x, axis, epsilon):
    return _std(x, tuple(range(x.ndim - 1)), epsilon)


@wrong("layer.2", "no epsilon")
def standardize(x, axis, epsilon):
    return _std(x, tuple(i for i in range(x.ndim) if i != axis % x.ndim), 0)


@wrong("layer.2", "no keepdims")
def standardize(x, axis, epsilon):
    axes = tuple(i for i in range(x.ndim) if i != axis % x.ndim)
    return (x - x.mean(axes)) / np.sqrt(x.var(axes) + epsilon)


@wrong("layer.2", "moves the axis and does not move it back")
def standardize(x, axis, epsilon):
    x = np.moveaxis(x, axis, -1)
    return _std(x, tuple(range(x.ndim - 1)), epsilon)


@right("layer.2")
def standardize(x, axis, epsilon):
    y = np.moveaxis(x, axis, -1)
    return np.moveaxis(_std(y, tuple(range(x.ndim - 1)), epsilon), -1, axis)


def _step(model, images, labels, learning_rate, *, training=True, reduce="mean", sign=-1, only=None, give="loss"):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        logits = model(images, training=training)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        loss = tf.reduce_mean(losses) if reduce == "mean" else tf.reduce_sum(losses)
    weights = model.trainable_variables[:only]
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        weight.assign(weight + sign * learning_rate * gradient)
    return {"loss": loss, "none": None, "losses": losses, "logits": logits}[give]


@wrong("layer.3", "summed loss")
def train_step(model, images, labels, learning_rate):
    return _step(model, images, labels, learning_rate, reduce="sum")


@wrong("layer.3", "training=False")
def train_step(model, images, labels, learning_rate):
    return _step(model, images, labels, learning_rate, training=False)


@wrong("layer.3", "nothing returned")
def train_step(model, images, labels, learning_rate):
    _step(model, images, labels, learning_rate)


@wrong("layer.3", "losses of all examples returned")
def train_step(model, images, labels, learning_rate):
    return _step(model, images, labels, learning_rate, give="losses")


@wrong("layer.3", "added")
def train_step(model, images, labels, learning_rate):
    return _step(model, images, labels, learning_rate, sign=1)


@wrong("layer.3", "loss after the step")
def train_step(model, images, labels, learning_rate):
    import tensorflow as tf

    _step(model, images, labels, learning_rate)
    logits = model(images, training=False)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))


@wrong("layer.3", "only the first weight")
def train_step(model, images, labels, learning_rate):
    return _step(model, images, labels, learning_rate, only=1)


@wrong("layer.3", "a forward pass in training mode beside the tape")
def train_step(model, images, labels, learning_rate):
    model(images, training=True)
    return _step(model, images, labels, learning_rate, training=False)


@wrong("layer.3", "no step at all")
def train_step(model, images, labels, learning_rate):
    return _step(model, images, labels, 0.0)


@right("layer.3")
def train_step(model, images, labels, learning_rate):
    return float(_step(model, images, labels, learning_rate))


for letter in "acd":
    wrong("layer.4", f"option {letter}", letter)


@wrong("layer.5", "swapped pairs")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    m, v = x.mean(0), x.var(0)
    h = np.maximum((x - m) / np.sqrt(v + epsilon), 0) @ weights
    return h.mean(0), h.var(0), m, v


@wrong("layer.5", "old statistics returned for the first")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    m, v = x.mean(0), x.var(0)
    h = np.maximum((x - m) / np.sqrt(v + epsilon), 0) @ weights
    return old_mean, old_variance, h.mean(0), h.var(0)


@wrong("layer.5", "epsilon left out")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    m, v = x.mean(0), x.var(0)
    h = np.maximum((x - m) / np.sqrt(v), 0) @ weights
    return m, v, h.mean(0), h.var(0)


@wrong("layer.5", "relu behind the weights")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    m, v = x.mean(0), x.var(0)
    h = np.maximum((x - m) / np.sqrt(v + epsilon) @ weights, 0)
    return m, v, h.mean(0), h.var(0)


@wrong("layer.5", "only the mean new")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    m, v = x.mean(0), x.var(0)
    h = np.maximum((x - m) / np.sqrt(old_variance + epsilon), 0) @ weights
    return m, v, h.mean(0), h.var(0)


@wrong("layer.5", "std returned")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    m, v = x.mean(0), x.var(0)
    h = np.maximum((x - m) / np.sqrt(v + epsilon), 0) @ weights
    return m, np.sqrt(v), h.mean(0), h.std(0)


@wrong("layer.5", "divides by variance")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    m, v = x.mean(0), x.var(0)
    h = np.maximum((x - m) / (v + epsilon), 0) @ weights
    return m, v, h.mean(0), h.var(0)


@wrong("layer.5", "touched but unmended")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    m, v = x.mean(0), x.var(0)
    h = np.maximum((x - old_mean) / np.sqrt(old_variance + epsilon), 0) @ weights
    return m, v, h.mean(0), h.var(0)


@right("layer.5")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    m, v = np.mean(x, 0), np.var(x, 0)
    h = ((x - m) / (v + epsilon) ** 0.5).clip(0) @ weights
    return m, v, h.mean(0), h.var(0)


wrong("layer.6", "bias passes", (0.7, 0.7, 0))
wrong("layer.6", "new mean", (0, 2.2, 0))
wrong("layer.6", "gradient one", (0, 0.7, 1))
wrong("layer.6", "swapped", (0.7, 0, 0))
wrong("layer.6", "nothing changes", (0, 0, 0))
wrong("layer.6", "gradient 0.7", (0, 0.7, 0.7))
wrong("layer.6", "outputs fall", (-0.7, 0.7, 0))
wrong("layer.6", "everything", (0.7, 0.7, 0.7))
right("layer.6", (0, 0.7, 0))
