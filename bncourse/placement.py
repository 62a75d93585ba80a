"""Where the normalization stands: small networks with the parts of each block in any order, trained at several rates.

`python -m bncourse.placement` makes the runs that are missing in one file, in some ten minutes on two cores if all are;
`stored` reads those of `SETTINGS`, `stored_dropout` those of networks with dropout.
"""

import itertools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from .layer import BatchNorm
from .training import accuracy, batch_indices, sgd_step, take

STORE = Path(__file__).parent / "assets" / "runs" / "placement.json"

#: What a block can be made of: what makes each part, of the number of filters and the stride of the block.
PARTS = {
    "conv": lambda filters, strides: layers.Conv2D(filters, 3, strides, padding="same", kernel_initializer="he_normal"),
    "norm": lambda filters, strides: BatchNorm(momentum=0.9),
    "relu": lambda filters, strides: layers.ReLU(),
    "dropout": lambda filters, strides: layers.Dropout(0.5),
}

#: The orders that are compared. The last is that of He et al. 2016 (arXiv 1603.05027), and another network: it has
#: shortcuts, and a normalization more.
ORDERS = ("conv norm relu", "conv relu norm", "norm relu conv", "norm relu conv add")
RATES = (0.1, 0.3, 1.0)
SEEDS = range(5)
EVALUATED = (100, 300)  # numbers of steps
DROPOUT = "conv norm relu dropout"
DROPOUT_RATES = (0.3, 1.0)


class Setting(NamedTuple):
    """What a run depends on: the order of the parts, the rate of SGD without momentum, and the seed."""

    order: str
    learning_rate: float
    seed: int


class Placed(NamedTuple):
    """A finished run: the mean loss (steps,) of each batch before its step, and {steps taken: test accuracy}, twice.

    `as_trained` is the accuracy with the moving statistics that training left, `accuracy` the one after a hundred
    forward passes in training mode: at high rates the weights move faster than their statistics follow, and what a
    network has learned shows in the second alone.
    """

    setting: Setting
    loss: np.ndarray
    as_trained: dict[int, float]
    accuracy: dict[int, float]


class Dropped(NamedTuple):
    """What a network that was trained with dropout does with it and without, its statistics refreshed as in `Placed`.

    `ratios` (6,) has for each normalization the variance that it remembers over the one that it meets at inference,
    median over the channels. The others are test accuracies with dropout on or off, by moving statistics or by those of
    all test images.
    """

    setting: Setting
    ratios: np.ndarray
    on_moving: float
    off_moving: float
    on_batch: float
    off_batch: float


SETTINGS = [Setting(*values) for values in itertools.product(ORDERS, RATES, SEEDS)]
DROPOUT_SETTINGS = [Setting(DROPOUT, *values) for values in itertools.product(DROPOUT_RATES, SEEDS)]


def network(order: str, seed: int) -> keras.Model:
    """Six blocks of the parts that `order` names, then the mean over all positions and ten logits.

    The first and the fourth block halve the image; three blocks have 8 channels, three 16. Where `order` ends in "add",
    a block adds its input to its result if their shapes agree, and what the blocks have added up is normalized once
    more. Convolutions have a bias, since not every order makes it redundant.

    Returns:
        A built model from images (N, 28, 28, 1) to logits (N, 10).

    >>> [layer.name.partition("_")[0] for layer in network("conv norm relu", seed=0).layers[1:4]]
    ['conv2d', 'batch', 're']
    """
    keras.utils.set_random_seed(seed)
    x = images = keras.Input((28, 28, 1))
    *parts, last = order.split()
    parts += [last] * (last != "add")
    for i in range(6):
        block_input = x
        for part in parts:
            x = PARTS[part](8 if i < 3 else 16, 2 if i in (0, 3) else 1)(x)
        if last == "add" and x.shape == block_input.shape:
            x = layers.Add()([block_input, x])
    if last == "add":
        x = layers.ReLU()(BatchNorm(momentum=0.9)(x))
    return keras.Model(images, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def place(setting: Setting, data, *, steps: int = max(EVALUATED)) -> Placed:
    """Train the network of `setting` on batches of 32 of the training images of `data`."""
    return _trained(setting, data, steps)[1]


def _trained(setting, data, steps):
    """The network after its run, and the run."""
    model = network(setting.order, setting.seed)
    images, labels = tf.constant(data.train_images), tf.constant(data.train_labels)

    @tf.function
    def step(chosen):
        return sgd_step(model, tf.gather(images, chosen), tf.gather(labels, chosen), setting.learning_rate)

    forward = tf.function(lambda images: model(images, training=True))
    losses, as_trained, refreshed = [], {}, {}
    for done, chosen in enumerate(batch_indices(len(images), 32, steps, setting.seed), start=1):
        losses.append(step(tf.constant(chosen)).numpy())
        if done in EVALUATED:
            as_trained[done] = accuracy(model, data.test_images, data.test_labels)
            for start in range(0, 3200, 32):  # moves the statistics, on which training doesn't depend
                forward(images[start : start + 32])
            refreshed[done] = accuracy(model, data.test_images, data.test_labels)
    return model, Placed(setting, np.array(losses), as_trained, refreshed)


def switched(model, images, *, dropout: bool, batch_statistics: bool):
    """A forward pass with the two switches of `training` set apart: whether dropout acts, and whose statistics count.

    Args:
        model: layers in a row, from images to logits.
        images: (N, H, W, C). Where `batch_statistics` is true, they move the moving statistics.

    Returns:
        The logits (N, 10), and for each normalization the variances (C,) that it meets.
    """
    x, variances = tf.constant(images), []
    for layer in model.layers[1:]:
        if isinstance(layer, BatchNorm):
            variances.append(np.var(x, axis=(0, 1, 2)))
        x = layer(x, training=dropout if isinstance(layer, layers.Dropout) else batch_statistics)
    return x.numpy(), variances


def drop(setting: Setting, data) -> Dropped:
    """Train the network of `setting`, which has dropout, and test it in the four states."""
    model, _ = _trained(setting, data, max(EVALUATED))
    remembered = [layer.moving_variance.numpy() for layer in model.layers if isinstance(layer, BatchNorm)]
    _, met = switched(model, data.test_images, dropout=False, batch_statistics=False)
    ratios = [np.median(old / new) for old, new in zip(remembered, met, strict=True)]
    shares = []
    for batch_statistics in (False, True):  # True comes last: it moves the statistics
        for dropout in (True, False):
            logits, _ = switched(model, data.test_images, dropout=dropout, batch_statistics=batch_statistics)
            shares.append(float(np.mean(logits.argmax(axis=1) == data.test_labels)))
    return Dropped(setting, np.array(ratios), *shares)


def stored() -> dict[Setting, Placed]:
    """The stored run of each of `SETTINGS`.

    Raises:
        LookupError: if a run is missing; the message names the command that makes it.
    """
    return dict(zip(SETTINGS, take(_held("runs"), SETTINGS, STORE), strict=True))


def stored_dropout(learning_rate: float) -> list[Dropped]:
    """The stored runs with dropout at one of `DROPOUT_RATES`, one for each of `SEEDS`.

    Raises:
        LookupError: as `stored`.
    """
    return take(_held("dropout"), [one for one in DROPOUT_SETTINGS if one.learning_rate == learning_rate], STORE)


def _held(kind: str) -> dict:
    """What the file holds of "runs" or of "dropout"."""
    entries = json.loads(STORE.read_text()).get(kind, []) if STORE.exists() else []
    runs = [_placed(**entry) if kind == "runs" else _dropped(**entry) for entry in entries]
    return {run.setting: run for run in runs}


def _placed(setting, loss, as_trained, accuracy):
    by_steps = ({int(steps): share for steps, share in table.items()} for table in (as_trained, accuracy))
    return Placed(Setting(**setting), np.array(loss, np.float32), *by_steps)


def _dropped(setting, ratios, **shares):
    return Dropped(Setting(**setting), np.array(ratios, np.float32), **shares)


def lines(runs: Iterable[Placed | Dropped]) -> str:
    """JSON, a run a line; of each float32 the shortest decimal that gives it back."""
    entries = (
        {
            name: [float(str(number)) for number in value] if isinstance(value, np.ndarray) else value
            for name, value in (run._asdict() | {"setting": run.setting._asdict()}).items()
        }
        for run in runs
    )
    return ",\n".join(json.dumps(entry, allow_nan=False) for entry in entries)


def main() -> None:
    from .data import load

    data, held = load(), {"runs": _held("runs"), "dropout": _held("dropout")}
    for kind, make, settings in (("runs", place, SETTINGS), ("dropout", drop, DROPOUT_SETTINGS)):
        for setting in settings:
            if setting not in held[kind]:
                held[kind][setting] = make(setting, data)
                print(held[kind][setting]._replace(**({"loss": None} if kind == "runs" else {})), flush=True)
        held[kind] = [held[kind][setting] for setting in settings]
    parts = (f'"{kind}": [\n{lines(runs)}\n]' for kind, runs in held.items())
    STORE.write_text(f'{{"made_by": "python -m bncourse.placement", {", ".join(parts)}}}\n')


if __name__ == "__main__":
    main()
