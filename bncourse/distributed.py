"""Batch normalization on several devices: statistics of the whole batch, from what each replica has of it.

`python -m bncourse.distributed` trains a network in two processes on this machine, with unequal shards, and compares it
with one process that sees whole batches. Where it may run, and how the parts talk, is `tf.distribute`'s affair.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from ._check import require_integer, require_number
from ._processes import run_processes
from .layer import BatchNorm, moments
from .speed import race


def cpu_replicas(count: int = 2) -> tf.distribute.MirroredStrategy:
    """A strategy with `count` replicas, each on a logical device of its own on this machine's processor.

    It has to come before whatever else of TensorFlow runs in the process: devices can't be divided later.

    Raises:
        TypeError, ValueError: if `count` is not an integer of at least 1.
        RuntimeError: if TensorFlow has started with another number of devices; the message says what to do.
    """
    require_integer(count, 1, "count")
    processor = tf.config.list_physical_devices("CPU")[0]
    try:
        tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * count)
    except RuntimeError:
        raise RuntimeError(
            f"expected to set up {count} devices before TensorFlow's first operation: restart the kernel, and run this "
            "cell before any other that uses TensorFlow"
        ) from None
    # The usual way of adding up is NVIDIA's library, which does not know processors.
    adding = tf.distribute.ReductionToOneDevice()
    return tf.distribute.MirroredStrategy([f"/CPU:{i}" for i in range(count)], cross_device_ops=adding)


@keras.saving.register_keras_serializable(package="bncourse")
class SynchronizedBatchNorm(BatchNorm):
    """Batch normalization with the statistics of all replicas' inputs together, as if one device had the whole batch.

    Each replica sends a count and a mean for each channel, then a sum of squares; what comes back is the same
    everywhere, so the moving statistics are, too. Shards may differ in size, and be empty. Outside of `strategy.run`,
    and on one device, it is `BatchNorm`. Arguments, weights, masks and configuration are those of `BatchNorm`, and
    `from_config` reads that of `keras.layers.BatchNormalization(synchronized=True)`.

    Formula (replica r has n_r elements a channel, with mean_r and variance_r):
        n = Σ n_r,  mean = Σ n_r mean_r / n,  variance = Σ n_r (variance_r + (mean_r - mean)²) / n

    Source:
        Chan, Golub and LeVeque (1983), https://doi.org/10.1080/00031305.1983.10483115, for any number of parts.

    >>> layer = SynchronizedBatchNorm(epsilon=0)
    >>> layer(keras.ops.array([[1.0], [3.0]]), training=True).numpy().round(4).tolist()
    [[-1.0], [1.0]]
    """

    def _moments(self, x, mask):
        """Mean and variance (C,) over the inputs of all replicas."""
        context = tf.distribute.get_replica_context()
        mean, variance, count = moments(x, self._averaged, mask)
        if context is None:  # the model is being built: no replica computes
            return mean, variance
        # Of no elements mean and variance are NaN, and 0 times NaN is not 0.
        mean, variance = (ops.where(count > 0, part, ops.zeros_like(part)) for part in (mean, variance))
        n, total = context.all_reduce("SUM", [count, count * mean])
        common = tf.math.divide_no_nan(total, n)
        squares = context.all_reduce("SUM", count * (variance + ops.square(mean - common)))
        return common, tf.math.divide_no_nan(squares, n)

    @classmethod
    def from_config(cls, config):
        """A layer of its own configuration, or of `keras.layers.BatchNormalization`'s, synchronized or not."""
        return super().from_config({**config, "synchronized": False})


def copies(weight) -> list[np.ndarray]:
    """What each replica of this process holds of a Keras weight, in order; of a weight without replicas, its value."""
    value = weight.value
    return [copy.numpy() for copy in getattr(value, "values", (value,))]


def network(normalization: Callable[..., layers.Layer] = BatchNorm, seed: int = 0) -> keras.Model:
    """Two convolutions, each with a normalization and ReLU, the mean over all positions, ten logits.

    Args:
        normalization: called as `normalization(momentum=0.9)`.
        seed: of the initial weights.

    Returns:
        A built model from images (N, 28, 28, 1) to logits (N, 10).
    """
    keras.utils.set_random_seed(seed)
    x = images = keras.Input((28, 28, 1))
    for filters in (8, 16):
        x = layers.Conv2D(filters, 3, strides=2, use_bias=False, kernel_initializer="he_normal")(x)
        x = layers.ReLU()(normalization(momentum=0.9)(x))
    return keras.Model(images, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def share(strategy: tf.distribute.Strategy, shards):
    """Hand shard i to replica i, as an argument for `strategy.run`.

    Args:
        shards: for each replica of the strategy, in all processes, an array or a tuple of arrays.
    """
    return strategy.experimental_distribute_values_from_function(
        lambda context: tf.nest.map_structure(tf.constant, shards[context.replica_id_in_sync_group])
    )


def training_step(strategy, model, learning_rate: float) -> Callable:
    """A step of plain SGD: a function of what `share` makes of the shards, and of how many images the whole batch has.

    It gives the loss in nats, the mean over the whole batch.
    """
    with strategy.scope():
        optimizer = keras.optimizers.SGD(learning_rate)
        optimizer.build(model.trainable_variables)

    @tf.function(reduce_retracing=True)
    def step(shards, count):
        def replica(images, labels):
            with tf.GradientTape() as tape:
                logits = model(images, training=True)
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
                loss = tf.reduce_sum(losses) / count  # of the whole batch: the replicas' losses add up to its mean
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))  # adds up replicas'
            return loss

        return strategy.reduce("SUM", strategy.run(replica, args=shards), axis=None)

    return lambda shards, count: float(step(shards, tf.constant(count, tf.float32)))


def train(strategy, model, batches, *, learning_rate: float = 0.1, watch: Callable[[], None] | None = None):
    """Train by plain SGD on batches that are cut into shards; the loss is the mean over each whole batch.

    Args:
        strategy: `tf.distribute.get_strategy()` for one device.
        model: built in the strategy's scope, from images to logits.
        batches: for each step, and in it for each replica, images (n, H, W, C) and labels (n,); n may differ.
        watch: called after each step.

    Returns:
        The losses in nats, one a step.
    """
    step = training_step(strategy, model, learning_rate)
    losses = []
    for shards in batches:
        count = sum(len(labels) for _, labels in shards)
        losses.append(step(share(strategy, shards), count))
        if watch:
            watch()
    return losses


def cut(images, labels, sizes) -> list[tuple[np.ndarray, np.ndarray]]:
    """A batch's images and labels in consecutive shards of these sizes."""
    ends = np.cumsum(sizes)[:-1]
    return list(zip(np.split(images, ends), np.split(labels, ends), strict=True))


# A model of what synchronization costs.


def all_reduce_seconds(replicas, size, *, latency: float, bandwidth: float, algorithm: str = "tree"):
    """How long an all-reduce takes by the model of latency and bandwidth; it leaves out waiting for slow replicas.

    Args:
        replicas: how many take part, an array or a number of at least 1.
        size: bytes that each contributes.
        latency: seconds that a message takes however small it is.
        bandwidth: bytes a second.
        algorithm: "tree" (up to a root and down again) or "ring" (around once to add, once to tell).

    Returns:
        Seconds, in the shape of `replicas`.

    Raises:
        ValueError: if `algorithm` is another word, or a number is not positive.

    Formula:
        tree: 2 ⌈log2 R⌉ (latency + size / bandwidth)
        ring: 2 (R - 1) (latency + size / (R bandwidth))

    Source:
        Thakur, Rabenseifner and Gropp (2005), https://doi.org/10.1177/1094342005051521 (latency and bandwidth);
        Patarasuk and Yuan (2009), https://doi.org/10.1016/j.jpdc.2008.09.002 (the ring).

    >>> all_reduce_seconds(8, 1000, latency=1e-5, bandwidth=1e9).round(9).tolist()
    6.6e-05
    """
    for value, name in ((latency, "latency"), (bandwidth, "bandwidth"), (size, "size")):
        require_number(value, np.finfo(float).tiny, np.inf, name)
    replicas = np.asarray(replicas, float)
    if np.any(replicas < 1):
        raise ValueError(f"expected replicas of at least 1, received {replicas.min()}")
    if algorithm == "tree":
        return 2 * np.ceil(np.log2(replicas)) * (latency + size / bandwidth)
    if algorithm == "ring":
        return 2 * (replicas - 1) * (latency + size / (replicas * bandwidth))
    raise ValueError(f"expected algorithm to be tree or ring, received {algorithm!r}")


# Two processes on this machine.

SIZES = (24, 8)  # images of a step in each process
STEPS = 5
TIMED = (8, 32, 128)  # images of each process in the steps that are timed


def work(path: str) -> None:
    """What each of the two processes does: train on its shards, time some steps, and write both to an .npz file."""
    from .data import load

    strategy = tf.distribute.MultiWorkerMirroredStrategy()  # finds its place and the others in TF_CONFIG
    with strategy.scope():
        model = network(SynchronizedBatchNorm)
    data = load()
    train(strategy, model, _batches(data))
    timed = _timed_steps(strategy, data)
    seconds = np.reshape([np.median(of_step) for of_step in race(timed, rounds=30).values()], (len(TIMED), 2))
    np.savez(path, *model.get_weights(), seconds=seconds)


def _batches(data):
    """The first `STEPS` batches of training images, cut into shards of `SIZES`."""
    total = sum(SIZES)
    places = [slice(start, start + total) for start in range(0, STEPS * total, total)]
    return [cut(data.train_images[place], data.train_labels[place], SIZES) for place in places]


def _timed_steps(strategy, data) -> dict:
    """Training steps with each process's own statistics and with common ones, for each of `TIMED`."""
    steps = {}
    for normalization in (BatchNorm, SynchronizedBatchNorm):
        with strategy.scope():
            model = network(normalization)
        steps[normalization] = training_step(strategy, model, 0.1)
    shards = {
        size: share(strategy, [(data.train_images[:size], data.train_labels[:size])] * len(SIZES)) for size in TIMED
    }
    return {
        (size, normalization): partial(step, shards[size], len(SIZES) * size)
        for size in TIMED
        for normalization, step in steps.items()
    }


class TwoProcesses(NamedTuple):
    """What `two_processes` found."""

    apart: float  # the largest difference between the weights, moving statistics included, of the two processes
    from_one: float  # the largest difference from those of one process that sees whole batches
    seconds: np.ndarray  # (3, 2): for each of `TIMED` a step with each process's own statistics, and with common ones


def two_processes() -> TwoProcesses:
    """Train in two processes on shards of 24 and 8 images, and in this one on batches of 32.

    Raises:
        RuntimeError: as `run_processes`.
    """
    from .data import load

    with tempfile.TemporaryDirectory() as folder:
        run_processes(len(SIZES), ["-m", "bncourse.distributed", "--worker", f"{folder}/{{index}}.npz"])
        found = [dict(np.load(f"{folder}/{index}.npz")) for index in range(len(SIZES))]
    seconds = found[0].pop("seconds")
    model = network(BatchNorm)
    whole = [[tuple(map(np.concatenate, zip(*shards, strict=True)))] for shards in _batches(load())]
    with tf.device("/CPU:0"):
        train(tf.distribute.get_strategy(), model, whole)
    first, second = ([weights[f"arr_{i}"] for i in range(len(model.weights))] for weights in found)
    return TwoProcesses(_apart(first, second), _apart(first, model.get_weights()), seconds)


def _apart(ours, theirs) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(ours, theirs, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description="Train one network in two processes, with synchronized statistics.")
    parser.add_argument("--json", metavar="FILE", help="write what was found to a file, too")
    parser.add_argument("--worker", metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return work(options.worker)
    found = two_processes()
    print(f"{STEPS} steps in two processes, with {SIZES[0]} and {SIZES[1]} images a step")
    print(f"largest difference between their weights: {found.apart:g}")
    print(f"largest difference from one process with batches of {sum(SIZES)} ≈ {found.from_one:.0e}")
    if options.json:
        Path(options.json).write_text(json.dumps(found._asdict() | {"seconds": found.seconds.tolist()}))


if __name__ == "__main__":
    main()
