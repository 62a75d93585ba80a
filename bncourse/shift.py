"""Internal covariate shift, measured: how the distribution of each unit's pre-activation moves during training.

There are two places to look in hidden layer `i`, and they tell different stories:

    "linear"      the outputs of `linear_i`: what the layer computes from its inputs, before any normalization
    "activation"  the inputs of `activation_i`: what reaches the nonlinearity, behind the normalization if there is one

In a network without normalization they are the same. In one with batch norm the second stands still by construction.

`python -m bncourse.shift` makes the measurements of `EXPERIMENTS` that are not stored yet; `measurements` reads them.
"""

import itertools
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from ._check import require_choice
from .training import (
    PAPER_MLP,
    Config,
    Run,
    batch_indices,
    cross_entropy,
    from_json,
    take,
    to_json,
    train,
    unchanged,
)

PLACES = ("linear", "activation")

#: Every fifth percentile from 5 to 95; the paper's figure shows the 15th, 50th and 85th.
LEVELS = np.arange(5, 100, 5)

STORE = Path(__file__).parent / "assets" / "runs" / "shift.json"

#: The sigmoid network of the opening, as its norm, gain and learning rate change; and eight convolutions. The rates
#: that suit an arm were chosen on other seeds: "sigmoid_rates" and "convolution_rates" of `training.SWEEPS`.
SIGMOID = PAPER_MLP.replace(steps=600, evaluate_every=50, loss_every=50)
CONVOLUTION = Config(model="cnn_flatten", steps=300, evaluate_every=30, loss_every=50)
SEEDS = range(5, 10)
SIDES = {
    "sigmoid": [
        SIGMOID.replace(norm=norm, gain=gain, learning_rate=rate)
        for norm, gain, rate in (
            *((norm, 1.0, 0.1) for norm in ("none", "batch", "noisy", "noise")),
            ("none", 1.0, 0.3),
            ("none", 1.0, 1.0),
            ("none", 1.125, 0.1),  # the mean of the noise's scale, without the noise
            ("none", 4.0, 1.0),
            ("noise", 4.0, 1.0),
            ("batch", 1.0, 0.3),
            ("batch", 1.0, 1.0),
            ("noisy", 1.0, 0.3),
            ("noise", 1.0, 1.0),
        )
    ],
    "convolution": [
        CONVOLUTION.replace(norm=norm, learning_rate=rate)
        for norm, rate in (("none", 0.1), ("batch", 0.1), ("noisy", 0.1), ("noise", 0.02))
    ],
}
EXPERIMENTS = {name: [side.replace(seed=seed) for side in sides for seed in SEEDS] for name, sides in SIDES.items()}


class Track(NamedTuple):
    """The distributions of all units' inputs in one place of one hidden layer, at each look.

    `percentiles` (looks, levels, units): the percentiles `LEVELS`, over images and, in a convolution, positions.
    `std` (looks, units): the standard deviation of the same values.
    """

    percentiles: np.ndarray
    std: np.ndarray


class Watched(NamedTuple):
    """A run, the steps (looks,) after which it was looked into, and for each place one `Track` a hidden layer."""

    run: Run
    steps: np.ndarray
    tracks: dict[str, list[Track]]


def watch(config: Config, data, *, images=None, also: Callable[[int, keras.Model], None] | None = None) -> Watched:
    """Train as `training.train` does, and record the distributions before the first step and at each evaluation.

    Args:
        images: (N, H, W, C) that the network is shown at each look, as one batch in training mode; by default the first
            200 test images. Nothing in the network changes by being looked at.
        also: called as `also(step, model)` at each look, to measure something else.

    Raises:
        ValueError: as `training.train`.
    """
    images = data.test_images[:200] if images is None else images
    steps, looks = [], []

    def look(step, model):
        steps.append(step)
        looks.append(_look(model, config.depth, images))
        if also:
            also(step, model)

    run = train(config, data, watch=look)
    tracks = {
        place: [
            Track(*map(np.stack, zip(*(at_step[place][i] for at_step in looks), strict=True)))
            for i in range(config.depth)
        ]
        for place in PLACES
    }
    return Watched(run, np.array(steps), tracks)


def _look(model: keras.Model, depth: int, images) -> dict[str, list[tuple]]:
    """For each place, the percentiles (levels, units) and std (units,) of every hidden layer."""
    tensors = {
        "linear": [model.get_layer(f"linear_{i + 1}").output for i in range(depth)],
        "activation": [model.get_layer(f"activation_{i + 1}").input for i in range(depth)],
    }
    with unchanged(model):
        values = keras.Model(model.inputs[0], tensors)(images, training=True)
    return {place: [_distribution(np.asarray(value)) for value in values[place]] for place in PLACES}


def _distribution(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Percentiles (levels, units) and standard deviation (units,) of values (..., units)."""
    units = np.ascontiguousarray(values.reshape(-1, values.shape[-1]).T)  # sorting is quick along the last axis
    return np.percentile(units, LEVELS, axis=1), units.std(axis=1)


def percentiles(watched: Watched, *, layer: int, unit: int, place: str = "activation") -> np.ndarray:
    """The 15th, 50th and 85th percentile of one unit's input at each look, (looks, 3); `layer` counts from 1.

    Source: figures 1b and c of Ioffe & Szegedy 2015 (arXiv 1502.03167), for the input of a sigmoid.
    """
    return watched.tracks[place][layer - 1].percentiles[:, np.isin(LEVELS, (15, 50, 85)), unit]


def drift(watched: Watched, *, place: str, divided: bool = True) -> np.ndarray:
    r"""How far the distribution of each hidden layer's input moves from one look to the next: (looks - 1, layers).

    The distance between two looks is how far the percentiles move. Divided, it is told in standard deviations of the
    earlier look; undivided, in the units of the values:

        drift = mean over units of   mean_q |p_q(t + 1) - p_q(t)|  [ / std(t) ]

    It is the 1-Wasserstein distance of the two distributions, up to the coarseness of the levels. Where it is divided,
    units that were constant at the earlier look are left out; a layer that has no others gives NaN.
    """
    return np.stack([_drift(track, divided) for track in watched.tracks[place]], axis=1)


def _drift(track: Track, divided: bool) -> np.ndarray:
    """Of one layer, (looks - 1,)."""
    moved = np.abs(np.diff(track.percentiles, axis=0)).mean(axis=1)  # (looks - 1, units)
    if not divided:
        return moved.mean(axis=1)
    std = track.std[:-1]
    alive = std > 1e-12
    ratios = np.divide(moved, std, out=np.zeros_like(moved), where=alive)
    count = alive.sum(axis=1)
    return np.divide(ratios.sum(axis=1), count, out=np.full(len(count), np.nan), where=count > 0)


class GradientShift(NamedTuple):
    """How much a layer's gradient changes because the layers below it took their step: see `gradient_shift`."""

    distance: np.ndarray
    cosine: np.ndarray


def gradient_shift(model: keras.Model, images, labels, learning_rate: float) -> GradientShift:
    r"""Internal covariate shift as Santurkar and others define it: by the gradients, not by the distributions.

    All layers step at once, each along the gradient G_i that it saw. Had layer i waited until the layers below it had
    taken their step, it would have seen another gradient, G_i':

        distance_i = |G_i' - G_i| / |G_i|        cosine_i = G_i' · G_i / (|G_i'| |G_i|)

    The model comes out as it went in.

    Args:
        model: a network of `bncourse.models`; the shift is measured for the kernel of each `linear_i`.
        images: one batch (N, H, W, C).
        labels: (N,).
        learning_rate: of the step.

    Returns:
        distance (layers,), 0 without shift, and cosine (layers,), 1 without shift; both NaN where a gradient is 0. The
        first layer has nothing below it, so no shift.

    Source: definition 2.1 of Santurkar et al. 2018 (arXiv 1805.11604), whose distance is not divided by |G_i|.
    """
    weights = model.trainable_variables
    hidden = [layer.name.removeprefix("linear_") for layer in model.layers if layer.name.startswith("linear_")]
    images, labels = tf.constant(images), tf.constant(labels, tf.int32)

    def gradients():
        with tf.GradientTape() as tape:
            loss = cross_entropy(labels, model(images, training=True))
        return {weight.path: gradient for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True)}

    before, found = [weight.numpy() for weight in weights], []
    with unchanged(model):
        seen = gradients()
        for number in hidden:
            kernel = model.get_layer(f"linear_{number}").kernel.path
            found.append(_compare(seen[kernel].numpy().ravel(), gradients()[kernel].numpy().ravel()))
            for layer in model.layers:
                if layer.name.endswith(f"_{number}"):  # linear and normalization: the whole layer takes its step
                    for weight in layer.trainable_variables:
                        weight.assign_sub(learning_rate * seen[weight.path])
    for weight, value in zip(weights, before, strict=True):
        weight.assign(value)
    return GradientShift(*map(np.array, zip(*found, strict=True)))


def _compare(seen: np.ndarray, later: np.ndarray) -> tuple[float, float]:
    """The distance of the two, divided by the size of the first, and their cosine."""
    size, later_size = np.linalg.norm(seen), np.linalg.norm(later)
    if size == 0 or later_size == 0:
        return math.nan, math.nan
    return np.linalg.norm(later - seen) / size, seen @ later / (size * later_size)


class Measured(NamedTuple):
    """What is kept of a watched run.

    `run`: the run.
    `drift`: for each place the drift of each hidden layer's input between looks, (looks - 1, layers).
    `moved`: the same, not divided by the standard deviation.
    `gradient`: the gradient-based shift of the batch that comes next, at all looks but the last: (looks - 1, layers).
    None in a network with `Noise`, whose gradients change from one draw to the next anyway.
    """

    run: Run
    drift: dict[str, np.ndarray]
    moved: dict[str, np.ndarray]
    gradient: GradientShift | None


def measure(config: Config, data) -> Measured:
    """Watch one run, and measure at each look all that a `Measured` holds.

    Raises:
        ValueError: as `training.train`.
    """
    upcoming = batch_indices(len(data.train_images), config.batch_size, config.steps, config.seed)
    shifts, noisy = [], config.norm in ("noisy", "noise")

    def look(step, model):
        if step < config.steps and not noisy:
            batch = data.train_images[upcoming[step]], data.train_labels[upcoming[step]]
            shifts.append(gradient_shift(model, *batch, config.learning_rate))

    watched = watch(config, data, also=look)
    return Measured(
        watched.run,
        {place: drift(watched, place=place) for place in PLACES},
        {place: drift(watched, place=place, divided=False) for place in PLACES},
        None if noisy else GradientShift(*map(np.stack, zip(*shifts, strict=True))),
    )


def measurements(name: str) -> list[Measured]:
    """The stored measurements of one of `EXPERIMENTS`, in its order.

    Raises:
        ValueError: if there is no experiment of that name.
        LookupError: as `training.stored_runs`.
    """
    require_choice(name, EXPERIMENTS, "name")
    return take({one.run.config: one for one in _read()}, EXPERIMENTS[name], STORE)


def _read() -> list[Measured]:
    if not STORE.exists():
        return []
    return [
        Measured(
            from_json(entry["run"]),
            *({place: np.array(entry[name][place], float) for place in PLACES} for name in ("drift", "moved")),
            entry["gradient"]
            and GradientShift(*(np.array(entry["gradient"][name], float) for name in GradientShift._fields)),
        )
        for entry in json.loads(STORE.read_text())["measured"]
    ]


def _write(measured: list[Measured]) -> None:
    """Four digits of each number: the rest is noise, and would double the file."""

    def short(values):
        return [[None if math.isnan(value) else float(f"{value:.4g}") for value in row] for row in values]

    entries = [
        {
            "run": to_json(one.run),
            "drift": {place: short(one.drift[place]) for place in PLACES},
            "moved": {place: short(one.moved[place]) for place in PLACES},
            "gradient": one.gradient and {name: short(values) for name, values in one.gradient._asdict().items()},
        }
        for one in measured
    ]
    lines = ",\n".join(json.dumps(entry, allow_nan=False) for entry in entries)
    STORE.write_text(f'{{"made_by": "python -m bncourse.shift", "measured": [\n{lines}\n]}}\n')


def main() -> None:
    """Make the measurements that are missing, and drop those that no experiment asks for."""
    from .data import load

    data, stored = load(), {one.run.config: one for one in _read()}
    kept = {}
    for config in dict.fromkeys(itertools.chain(*EXPERIMENTS.values())):
        kept[config] = stored.get(config) or measure(config, data)
        _write(kept.values())


if __name__ == "__main__":
    main()
