"""What mends: the lines that a report offers, and `recalibrate_model`."""

import keras
import numpy as np

from .. import inference
from .data import batches
from .watch import is_norm, moments_of, parts, replaced

RECALIBRATE = "from bncourse.clinic import recalibrate_model\nrecalibrate_model(model, training_images)"
TRAIN = "outputs = model(images, training=True)  # in the training loop; then train again"
CALLED = "normed = self.norm(x, training=training)  # hand on what call is given, never a fixed True"
TOLD = "outputs = model(images, training=False)  # say it where you call the model yourself"
THAW = "layer.trainable = True  # before compile\nrecalibrate_model(model, training_images)  # or train again"
RESTORE = "model.load_weights(last_good)  # then a lower learning rate, or clipnorm=1.0 in the optimizer"
REVIVE = "Train again with a lower learning rate; remove channels that you have pruned."
LARGER = "Train with 8 images or more in a batch, or with keras.layers.GroupNormalization()."
MIXED = 'keras.config.set_dtype_policy("mixed_float16")  # before the model is built: weights stay float32'


class _Enough(BaseException):
    """Raised to end a run once the layer has been reached that it was for."""


def recalibrate_model(model, images, *, batch_size: int = 32) -> None:
    """Set the moving statistics of a model to those of the images, layer by layer, in place.

    Each layer's mean and variance are exact over all images, given the layers before it with their new statistics.
    Frozen layers stay as they are; no other weight changes. An error leaves all statistics as they were. With L
    normalizations that takes L runs over the images, each up to its layer.

    Args:
        model: a Keras model that has been built.
        images: what it was trained on, or a fair sample: arrays, or a source of batches that can be read again.
        batch_size: how many images at once; the result does not depend on it, but for rounding.

    Raises:
        ValueError: if there are no images, or if the model can't be run on them.
    """
    norms = [norm for norm in _in_order(model, images, batch_size) if norm.trainable]
    before = [(norm.moving_mean.numpy(), norm.moving_variance.numpy()) for norm in norms]
    try:
        for norm in norms:
            mean, variance = _exact(model, norm, images, batch_size)
            norm.moving_mean.assign(mean)
            norm.moving_variance.assign(variance)
    except BaseException:
        for norm, (mean, variance) in zip(norms, before, strict=True):
            norm.moving_mean.assign(mean)
            norm.moving_variance.assign(variance)
        raise


def _in_order(model, images, batch_size) -> list:
    """The normalizations in the order of their first calls."""
    order = {}

    def wrap(norm, call):
        def watched(*args, **kwargs):
            order.setdefault(id(norm), norm)
            return call(*args, **kwargs)

        return watched

    x, _ = next(batches(images, None, batch_size))
    with replaced([layer for _, layer in parts(model) if is_norm(layer)], wrap):
        model(keras.tree.map_structure(lambda part: part[:1], x), training=False)
    return list(order.values())


def _exact(model, norm, images, batch_size) -> inference.Moments:
    """Mean and variance of a layer's inputs over all images, merged batch by batch."""
    channels, positions = norm.moving_mean.shape, 0
    merged = inference.Moments(np.zeros(channels), np.zeros(channels))

    def wrap(layer, call):
        def watched(inputs, *args, **kwargs):
            nonlocal merged, positions
            new = moments_of(layer, inputs, kwargs.get("mask"))
            if new.positions:
                positions += new.positions
                merged = inference.merge(merged, (new.mean, new.variance), new.positions / positions)
            return call(inputs, *args, **kwargs)

        return watched

    with replaced([norm], wrap):
        for x, _ in batches(images, None, batch_size):
            model(x, training=False)
    return merged
