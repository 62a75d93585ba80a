"""Batch norm with few images: how noisy its statistics are, what that costs, and whose statistics inference uses.

`python -m bncourse.small_batches` makes the runs of `EXPERIMENTS` that are not stored yet, and stores them in one file,
which `runs` reads. Rates are chosen on seeds 0 and 1; the runs that are shown have seeds 5 to 7.
"""

import itertools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from . import data
from ._check import require_choice
from .layer import BatchNorm
from .training import (
    Config,
    Run,
    accuracy,
    batch_indices,
    combinations,
    cross_entropy,
    from_json,
    sgd_step,
    take,
    to_json,
    train,
    unchanged,
)

STORE = Path(__file__).parent / "assets" / "runs" / "small_batches.json"


@dataclass(frozen=True)
class Shrunk(Config):
    """A `Config` whose network is trained and tested on images of `side` x `side` pixels: see `shrink`."""

    side: int = 4


#: The networks that are compared: three convolutions, three dense layers, and the convolutions on images so small that
#: they leave maps of 2 x 2, 1 x 1 and 1 x 1 positions.
NETS = {
    "convolutions": Config(model="cnn_flatten", depth=3),
    "dense layers": Config(model="mlp", activation="relu", depth=3, width=100),
    "4 x 4 images": Shrunk(model="cnn_flatten", depth=3, side=4),
}
SIZES = (2, 4, 8, 16, 32, 64)
IMAGES = 6400  # that every run sees, whatever its batches
CHOOSING, REPORTED = range(2), range(5, 8)  # seeds


def setting(net: str, norm: str, batch_size: int, **changes) -> Config:
    """A run over 6,400 images; its moving statistics remember 640 of them, whatever the size of the batches.

    >>> setting("convolutions", "batch", 2).steps
    3200
    """
    steps = IMAGES // batch_size
    return NETS[net].replace(
        norm=norm,
        batch_size=batch_size,
        steps=steps,
        evaluate_every=steps,
        loss_every=640 // batch_size,
        momentum=1 - batch_size / 640,
        **changes,
    )


#: The rates that were tried for each net, normalization and batch size: from a first guess on, up and down until the
#: best is no end of them.
TRIED = {
    ("convolutions", "none"): {
        2: (0.01, 0.03, 0.1),
        4: (0.01, 0.03, 0.1),
        8: (0.01, 0.03, 0.1, 0.3),
        16: (0.03, 0.1, 0.3),
        32: (0.03, 0.1, 0.3, 1.0),
        64: (0.03, 0.1, 0.3, 1.0),
    },
    ("convolutions", "batch"): {
        2: (0.01, 0.03, 0.1),
        4: (0.01, 0.03, 0.1),
        8: (0.01, 0.03, 0.1, 0.3),
        16: (0.03, 0.1, 0.3),
        32: (0.03, 0.1, 0.3, 1.0),
        64: (0.03, 0.1, 0.3, 1.0),
    },
    ("convolutions", "group"): {
        2: (0.01, 0.03, 0.1),
        4: (0.01, 0.03, 0.1),
        8: (0.01, 0.03, 0.1, 0.3),
        16: (0.03, 0.1, 0.3),
        32: (0.03, 0.1, 0.3),
        64: (0.03, 0.1, 0.3),
    },
    ("convolutions", "layer"): {
        2: (0.01, 0.03, 0.1),
        4: (0.01, 0.03, 0.1),
        8: (0.01, 0.03, 0.1, 0.3),
        16: (0.03, 0.1, 0.3),
        32: (0.03, 0.1, 0.3),
        64: (0.03, 0.1, 0.3),
    },
    ("dense layers", "none"): {
        2: (0.003, 0.01, 0.03),
        4: (0.003, 0.01, 0.03, 0.1),
        8: (0.01, 0.03, 0.1),
        16: (0.03, 0.1, 0.3),
        32: (0.03, 0.1, 0.3),
        64: (0.03, 0.1, 0.3),
    },
    ("dense layers", "batch"): {
        2: (0.001, 0.003, 0.01, 0.03),
        4: (0.003, 0.01, 0.03, 0.1),
        8: (0.01, 0.03, 0.1),
        16: (0.03, 0.1, 0.3),
        32: (0.03, 0.1, 0.3, 1.0),
        64: (0.03, 0.1, 0.3, 1.0),
    },
    ("dense layers", "layer"): {
        2: (0.003, 0.01, 0.03),
        4: (0.003, 0.01, 0.03),
        8: (0.01, 0.03, 0.1),
        16: (0.01, 0.03, 0.1, 0.3),
        32: (0.03, 0.1, 0.3),
        64: (0.03, 0.1, 0.3),
    },
    ("4 x 4 images", "batch"): {
        2: (0.001, 0.003, 0.01, 0.03),
        8: (0.01, 0.03, 0.1, 0.3),
        32: (0.1, 0.3, 1.0, 3.0),
    },
    ("4 x 4 images", "layer"): {
        2: (0.003, 0.01, 0.03),
        8: (0.01, 0.03, 0.1, 0.3),
        32: (0.03, 0.1, 0.3, 1.0),
    },
}
#: Of them the one with the best mean of `Measured.refreshed` over the seeds `CHOOSING`.
BEST = {
    ("convolutions", "none"): {2: 0.03, 4: 0.03, 8: 0.1, 16: 0.1, 32: 0.3, 64: 0.3},
    ("convolutions", "batch"): {2: 0.03, 4: 0.03, 8: 0.1, 16: 0.1, 32: 0.3, 64: 0.3},
    ("convolutions", "group"): {2: 0.03, 4: 0.03, 8: 0.1, 16: 0.1, 32: 0.1, 64: 0.1},
    ("convolutions", "layer"): {2: 0.03, 4: 0.03, 8: 0.1, 16: 0.1, 32: 0.1, 64: 0.1},
    ("dense layers", "none"): {2: 0.01, 4: 0.03, 8: 0.03, 16: 0.1, 32: 0.1, 64: 0.1},
    ("dense layers", "batch"): {2: 0.003, 4: 0.03, 8: 0.03, 16: 0.1, 32: 0.3, 64: 0.3},
    ("dense layers", "layer"): {2: 0.01, 4: 0.01, 8: 0.03, 16: 0.03, 32: 0.1, 64: 0.1},
    ("4 x 4 images", "batch"): {2: 0.003, 8: 0.03, 32: 1.0},
    ("4 x 4 images", "layer"): {2: 0.01, 8: 0.03, 32: 0.1},
}

#: The rates that were tried where the dense layers' batches are of forty, and their statistics of 2, 8 or all of them.
GHOSTS = {2: (0.01, 0.03, 0.1, 0.3), 8: (0.03, 0.1, 0.3, 1.0), 40: (0.03, 0.1, 0.3, 1.0)}
BEST_GHOST = {2: 0.1, 8: 0.1, 40: 0.3}


def ghost_setting(ghost: int, **changes) -> Config:
    """A run of 200 steps with forty images each; the statistics are those of `ghost` of them."""
    base = NETS["dense layers"].replace(norm="batch", batch_size=40, steps=200, evaluate_every=200, loss_every=20)
    return base.replace(ghost=ghost, **changes)


EXPERIMENTS = {
    "rates": [
        config
        for (net, norm), rates in TRIED.items()
        for size in rates
        for config in combinations(setting(net, norm, size), {"learning_rate": rates[size], "seed": CHOOSING})
    ],
    "sizes": [
        setting(net, norm, size, learning_rate=rates[size], seed=seed)
        for (net, norm), rates in BEST.items()
        for size in rates
        for seed in REPORTED
    ],
    "ghost rates": [
        config
        for ghost, rates in GHOSTS.items()
        for config in combinations(ghost_setting(ghost), {"learning_rate": rates, "seed": CHOOSING})
    ],
    "ghosts": [
        ghost_setting(ghost, learning_rate=rate, seed=seed) for ghost, rate in BEST_GHOST.items() for seed in REPORTED
    ],
}


class Measured(NamedTuple):
    """A run, and the test accuracy that it ends with once its statistics are those of training images: see `refresh`.

    For a network without batch norm, `refreshed` is the run's own last accuracy; for a run that diverged it is 0.
    """

    run: Run
    refreshed: float


def measure(config: Config, data) -> Measured:
    """Train the network of `config` on `data`, and refresh its statistics at the end with 2,000 training images."""
    found = []
    if isinstance(config, Shrunk):
        data = data._replace(
            train_images=shrink(data.train_images, config.side), test_images=shrink(data.test_images, config.side)
        )

    def look(step, model):
        if step == config.steps:
            with unchanged(model):
                refresh(model, data.train_images[:2000])
                found.append(accuracy(model, data.test_images, data.test_labels))

    run = train(config, data, watch=look)
    return Measured(run, 0.0 if run.diverged else found[0])


def shrink(images, side: int) -> np.ndarray:
    """Images (N, H, W, C) at `side` x `side` pixels, each the mean of a square of theirs; `side` divides H and W.

    >>> shrink(np.arange(16.0).reshape(1, 4, 4, 1), 2)[0, :, :, 0].tolist()
    [[2.5, 4.5], [10.5, 12.5]]
    """
    n, height, width, channels = np.shape(images)
    return np.reshape(images, (n, side, height // side, side, width // side, channels)).mean(axis=(2, 4))


def runs(name: str) -> list[Measured]:
    """The stored runs of one of `EXPERIMENTS`, in its order.

    Raises:
        ValueError: if there is no experiment of that name.
        LookupError: if a run is not stored; the message names the command that makes it.
    """
    require_choice(name, EXPERIMENTS, "name")
    return take(_stored_runs(), EXPERIMENTS[name], STORE)


def accuracies(net: str, norm: str, *, moving: bool = False) -> np.ndarray:
    """Test accuracy of the stored runs "sizes" of one network and normalization: (sizes, seeds).

    It is measured with refreshed statistics, or, with `moving`, with those that training left.

    Raises:
        LookupError: as `runs`.
    """
    shape = len(BEST[net, norm]), len(REPORTED)
    chosen = [one for one in runs("sizes") if belongs(one.run.config, net, norm)]
    return np.reshape([_final(one.run) if moving else one.refreshed for one in chosen], shape)


def belongs(config: Config, net: str, norm: str) -> bool:
    """Whether a run is one of this network and normalization."""
    return (type(config), config.model, config.norm) == (type(NETS[net]), NETS[net].model, norm)


def _final(run: Run) -> float:
    return 0.0 if run.diverged else float(run.accuracy[-1])


def _stored() -> dict[str, list]:
    """What the file holds: plain dictionaries."""
    return json.loads(STORE.read_text()) if STORE.exists() else {"runs": [], "fine_tunings": []}


def _stored_runs() -> dict[Config, Measured]:
    measured = [Measured(_run(entry["run"]), entry["refreshed"]) for entry in _stored()["runs"]]
    return {one.run.config: one for one in measured}


def _run(stored: dict) -> Run:
    return from_json(stored, Shrunk if "side" in stored["config"] else Config)


def _save(measured: Iterable[Measured], tuned: Iterable["Tuned"]) -> None:
    runs = [json.dumps({"run": to_json(one.run), "refreshed": one.refreshed}) for one in measured]
    lines = {"runs": runs, "fine_tunings": [json.dumps(one._asdict()) for one in tuned]}
    parts = [f'"{name}": [\n' + ",\n".join(entries) + "\n]" for name, entries in lines.items()]
    STORE.write_text('{"made_by": "python -m bncourse.small_batches", ' + ", ".join(parts) + "}\n")


def main() -> None:
    """Make what the store lacks, and drop what no experiment has."""
    images, held, tuned = data.load(), _stored_runs(), [Tuned(**entry) for entry in _stored()["fine_tunings"]]
    wanted = list(dict.fromkeys(config for configs in EXPERIMENTS.values() for config in configs))
    for config in wanted:
        if config not in held:
            held[config] = measure(config, images)
            _save(held.values(), tuned)
    for seed in TUNING_SEEDS:
        if seed not in {one.seed for one in tuned}:
            tuned += tune_all(seed, images)
    _save([held[config] for config in wanted], tuned)


def effective_number(values) -> np.ndarray:
    r"""How many independent values an image is worth when a channel's mean is taken: (C,).

    Neighboring values of an image are alike, so that the mean of N images varies more than that of N H W independent
    values would:

        variance of the mean = σ² / (N k),    k = σ² / variance of the images' means

    It is 1 where each image is of one value, and H W where its values have nothing to do with each other.

    Args:
        values: (N, H, W, C), a channel's values for many images, N > 1.

    With the mean correlation ρ of two values of an image, H W / k = 1 + (H W - 1) ρ, the design effect of surveys.

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
        batch = tf.gather(images, chosen), tf.gather(labels, chosen)
        return sgd_step(model, *batch, learning_rate, training=training)

    losses = []
    for done, chosen in enumerate(np.asarray(batches), start=1):
        losses.append(step(tf.constant(chosen)).numpy())
        if after_step:
            after_step(done)
    return np.array(losses)


def gradient(model: keras.Model, images, labels, *, micro_batch: int) -> np.ndarray:
    """The gradient of the mean loss by all trainable weights, as one vector, added up over micro-batches.

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


class Way(NamedTuple):
    """What fine-tuning does with batch norm: are its statistics `refresh`ed first on the new images, are its layers
    `trainable`, and what is the network called with, `training`."""

    refreshed: bool
    trainable: bool
    training: bool


WAYS = {
    "unfrozen": Way(False, True, True),
    "frozen": Way(False, False, True),
    "training=False": Way(False, True, False),
    "refreshed, frozen": Way(True, False, True),
    "refreshed, training=False": Way(True, True, False),
}
TUNING_RATES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
TUNING_SEEDS = range(3)


class Tuned(NamedTuple):
    """A fine-tuning and the accuracy on hazy test images that it ends with, 0 if its numbers overflowed."""

    way: str
    learning_rate: float
    seed: int
    accuracy: float


def haze(images) -> np.ndarray:
    """Images with less contrast on a gray ground: 0.5 + 0.3 x."""
    return np.float32(0.5) + np.float32(0.3) * images


def pretrained(seed: int, data) -> keras.Sequential:
    """Three convolutions with batch norm, trained on clear images for 300 steps."""
    model = NETS["convolutions"].replace(norm="batch", seed=seed).build()
    batches = batch_indices(len(data.train_images), 32, 300, seed)
    fit(model, data.train_images, data.train_labels, batches, 0.3)
    refresh(model, data.train_images[:2000])
    return model


def fine_tune(model: keras.Sequential, way: str, images, labels, learning_rate: float, seed: int = 0) -> None:
    """Train a model in one of `WAYS` on few new images, in batches of four, twice each."""
    refreshed, trainable, training = WAYS[way]
    if refreshed:
        refresh(model, images)
    for layer in model.layers:
        layer.trainable = trainable or not is_batch_norm(layer)
    steps = 2 * len(images) // 4
    fit(model, images, labels, batch_indices(len(images), 4, steps, seed), learning_rate, training=training)
    for layer in model.layers:
        layer.trainable = True


def tune_all(seed: int, data) -> list[Tuned]:
    """Each way at each of `TUNING_RATES`, from one pretrained network, on 400 hazy images."""
    model = pretrained(seed, data)
    weights = model.get_weights()
    few = np.random.default_rng(seed).choice(len(data.train_images), 400, replace=False)
    found = []
    for way, rate in itertools.product(WAYS, TUNING_RATES):
        model.set_weights(weights)
        fine_tune(model, way, haze(data.train_images[few]), data.train_labels[few], rate, seed)
        reached = accuracy(model, haze(data.test_images), data.test_labels)
        found.append(Tuned(way, rate, seed, 0.0 if np.isnan(reached) else reached))
    return found


def fine_tunings() -> list[Tuned]:
    """The stored fine-tunings: each way, rate and seed.

    Raises:
        LookupError: if they are not stored; the message names the command that makes them.
    """
    held = {(one.seed, one.way, one.learning_rate): one for one in (Tuned(**e) for e in _stored()["fine_tunings"])}
    return take(held, list(itertools.product(TUNING_SEEDS, WAYS, TUNING_RATES)), STORE)


def held_out(tuned: Iterable[Tuned], way: str) -> list[float]:
    """One way's accuracy on each seed, at the rate that has the best mean on the other seeds."""
    table = {(one.learning_rate, one.seed): one.accuracy for one in tuned if one.way == way}
    rates, seeds = (sorted(set(values)) for values in zip(*table, strict=True))

    def elsewhere(rate, seed):
        return np.mean([table[rate, other] for other in seeds if other != seed])

    return [table[max(rates, key=lambda rate, seed=seed: elsewhere(rate, seed)), seed] for seed in seeds]


if __name__ == "__main__":
    main()
