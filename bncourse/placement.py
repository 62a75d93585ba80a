"""Where the normalization stands: small networks with the parts of each block in any order, trained at several rates.

`python -m bncourse.placement` makes the runs of `SETTINGS` in a few minutes on two cores, and stores them in one file,
which `stored` reads.
"""

import itertools
import json
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

#: The orders that are compared; the last is that of He et al. 2016 (arXiv 1603.05027).
ORDERS = ("conv norm relu", "conv relu norm", "norm relu conv add")
RATES = (0.1, 0.3, 1.0)
SEEDS = range(4)
EVALUATED = (100, 300)  # numbers of steps


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


SETTINGS = [Setting(*values) for values in itertools.product(ORDERS, RATES, SEEDS)]


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
    return Placed(setting, np.array(losses), as_trained, refreshed)


def stored() -> dict[Setting, Placed]:
    """The stored run of each of `SETTINGS`.

    Raises:
        LookupError: if a run is missing; the message names the command that makes it.
    """
    held = {}
    for entry in json.loads(STORE.read_text())["runs"] if STORE.exists() else []:
        accuracies = (
            {int(steps): share for steps, share in entry[name].items()} for name in ("as_trained", "accuracy")
        )
        setting = Setting(**entry["setting"])
        held[setting] = Placed(setting, np.array(entry["loss"], np.float32), *accuracies)
    return dict(zip(SETTINGS, take(held, SETTINGS, STORE), strict=True))


def main() -> None:
    from .data import load

    data, lines = load(), []
    for setting in SETTINGS:
        run = place(setting, data)
        print(setting, run.as_trained, run.accuracy, flush=True)
        # Of each loss the shortest decimal that gives back the same float32.
        entry = run._asdict() | {"setting": setting._asdict(), "loss": [float(str(loss)) for loss in run.loss]}
        lines.append(json.dumps(entry, allow_nan=False))
    runs = ",\n".join(lines)
    STORE.write_text(f'{{"made_by": "python -m bncourse.placement", "runs": [\n{runs}\n]}}\n')


if __name__ == "__main__":
    main()
