"""The training loop: plain stochastic gradient descent, seeded."""

import math
import warnings
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from .._check import require_not_empty
from .config import Config
from .run import DIVERGED, DivergenceWarning, Run


def batch_indices(count: int, batch_size: int, steps: int, seed: int) -> np.ndarray:
    """Each step's images, (steps, batch_size) indices below `count`: shuffled anew in each pass, none twice in one.

    >>> batch_indices(10, 4, 3, seed=0).shape
    (3, 4)
    """
    generator = np.random.default_rng(seed)
    per_pass = count // batch_size
    passes = -(-steps // per_pass)
    order = [generator.permutation(count)[: per_pass * batch_size] for _ in range(passes)]
    return np.concatenate(order).reshape(-1, batch_size)[:steps]


def cross_entropy(labels, logits) -> tf.Tensor:
    """Mean cross-entropy in nats, a scalar, of labels (N,) and logits (N, classes)."""
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))


def sgd_step(model: keras.Model, images, labels, learning_rate: float, *, training: bool = True) -> tf.Tensor:
    """One step of stochastic gradient descent; returns the loss before it.

    Args:
        model: from images to logits.
        images: one batch (N, H, W, C).
        labels: their classes (N,).
        training: what the model is called with.
    """
    with tf.GradientTape() as tape:
        loss = cross_entropy(labels, model(images, training=training))
    weights = model.trainable_variables
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        weight.assign_sub(learning_rate * gradient)
    return loss


def accuracy(model: keras.Model, images, labels) -> float:
    """The share of `images` (N, H, W, C) classified as `labels` (N,) say, in inference mode; NaN if a logit is."""
    parts = [model(images[start : start + 500], training=False) for start in range(0, len(images), 500)]
    logits = np.concatenate(parts)
    return float(np.mean(logits.argmax(axis=-1) == labels)) if np.isfinite(logits).all() else math.nan


def train(config: Config, data, *, watch: Callable[[int, keras.Model], None] | None = None) -> Run:
    """Train the network of `config` on `data`; the same call gives the same run on the same machine.

    Args:
        data: a `bncourse.data.Data`.
        watch: called as `watch(step, model)` before the first step and after each evaluation, to look inside.

    Raises:
        ValueError: if there are fewer training images than a batch needs, or no test image.

    Warns:
        DivergenceWarning: if the loss blew up; the run is ended there, and its `diverged` is true.
    """
    check_data(config, data)
    with progress(config.steps) as bar:
        run = run_steps(config, data, watch, bar)
    if run.diverged:
        warnings.warn(str(run), DivergenceWarning, stacklevel=2)
    return run


def check_data(config: Config, data) -> None:
    """Raises ValueError if there are fewer training images than a batch needs, or no test image."""
    require_not_empty(np.asarray(data.train_images), "train_images")
    require_not_empty(np.asarray(data.test_images), "test_images")
    if config.batch_size > len(data.train_images):
        raise ValueError(
            f"expected batch_size of at most {len(data.train_images)}, the number of training images, "
            f"received {config.batch_size}"
        )


class _NoBar:
    """Stands in for the progress bar where tqdm is missing."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def update(self):
        pass

    def set_postfix(self, **shown):
        pass


def progress(steps: int):
    """A bar on standard error, for work that takes longer than two seconds."""
    try:
        from tqdm import tqdm
    except ImportError:
        return _NoBar()
    return tqdm(total=steps, unit=" steps", delay=2, mininterval=0.5, leave=False)


def run_steps(config: Config, data, watch, bar) -> Run:
    """`train` with a progress bar of the caller's, and without a warning."""
    classes = len(data.class_names)
    model = config.build(data.train_images.shape[1:], classes)
    images, labels = tf.constant(data.train_images), tf.constant(data.train_labels, tf.int32)

    def step(chosen):
        return sgd_step(model, tf.gather(images, chosen), tf.gather(labels, chosen), config.learning_rate)

    step = tf.function(step).get_concrete_function(tf.TensorSpec([config.batch_size], tf.int64))
    losses, accuracies, evaluated, diverged = [], [], [], False
    if watch:
        watch(0, model)
    for done, chosen in enumerate(batch_indices(len(images), config.batch_size, config.steps, config.seed), start=1):
        loss = step(tf.constant(chosen)).numpy()
        limit = DIVERGED * max(losses[0], math.log(classes)) if losses else math.inf
        if np.isfinite(loss):
            losses.append(loss)
        if diverged := not (np.isfinite(loss) and loss <= limit):
            break
        bar.update()
        if done % config.evaluate_every == 0 or done == config.steps:
            measured = accuracy(model, data.test_images, data.test_labels)
            if diverged := math.isnan(measured):
                break
            accuracies.append(measured)
            evaluated.append(done)
            bar.set_postfix(loss=f"{loss:.2f}", accuracy=f"{measured:.2f}", refresh=False)
            if watch:
                watch(done, model)
    return Run(
        config,
        _means(losses, config.loss_every),
        np.array(accuracies, np.float64),
        np.array(evaluated, np.int64),
        diverged,
    )


def _means(values: list, every: int) -> np.ndarray:
    """The mean of every `every` values, and of those left over at the end, float32."""
    return np.array(
        [np.mean(values[i : i + every], dtype=np.float64) for i in range(0, len(values), every)], np.float32
    )
