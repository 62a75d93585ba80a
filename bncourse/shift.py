"""Internal covariate shift, measured: how the distribution of each unit's input moves while the network learns.

There are two places to look in hidden layer `i`, and they tell different stories:

    "linear"      the outputs of `linear_i`: what the layer computes from its inputs, before any normalization
    "activation"  the inputs of `activation_i`: what reaches the nonlinearity, behind the normalization if there is one

In a network without normalization they are the same. In one with batch norm the second stands still by construction.

`python -m bncourse.shift` makes the measurements of `EXPERIMENT`, and stores them where the chapter finds them.
"""

import json
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from .training import Config, Run, combinations, from_json, take, to_json, train, unchanged

PLACES = ("linear", "activation")

#: Every fifth percentile from 5 to 95; the paper's figure shows the 15th, 50th and 85th.
LEVELS = np.arange(5, 100, 5)

STORE = Path(__file__).parent / "assets" / "runs" / "shift.json"
EXPERIMENT = (
    Config(model="cnn_flatten", steps=200, evaluate_every=10),
    {"norm": ["none", "batch", "noisy"], "seed": [0, 1, 2]},
)


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


def watch(config: Config, data, *, images=None) -> Watched:
    """Train as `training.train` does, and record the distributions before the first step and at each evaluation.

    Args:
        images: (N, H, W, C) that the network is shown at each look, as one batch in training mode; by default the first
            200 test images. Nothing in the network changes by being looked at.

    Raises:
        ValueError: as `training.train`.
    """
    images = data.test_images[:200] if images is None else images
    steps, looks = [], []

    def look(step, model):
        steps.append(step)
        looks.append(_look(model, config.depth, images))

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


def drift(watched: Watched, *, place: str) -> np.ndarray:
    r"""How far the distribution of each hidden layer's input moves from one look to the next: (layers,).

    The distance between two looks is how far the percentiles move, in standard deviations of the earlier look:

        drift = mean over units and looks of   mean_q |p_q(t + 1) - p_q(t)| / std(t)

    It is the 1-Wasserstein distance of the two distributions, up to the coarseness of the levels. Units that were
    constant at the earlier look are left out; a layer that has no others gives NaN.
    """
    return np.array([_drift(track) for track in watched.tracks[place]])


def _drift(track: Track) -> float:
    moved = np.abs(np.diff(track.percentiles, axis=0)).mean(axis=1)  # (looks - 1, units)
    std = track.std[:-1]
    alive = std > 1e-12
    return float(np.mean(moved[alive] / std[alive])) if alive.any() else np.nan


class Measured(NamedTuple):
    """What is kept of a watched run: the run, and for each place the drift of each hidden layer, (layers,)."""

    run: Run
    drift: dict[str, np.ndarray]


def measure(config: Config, data) -> Measured:
    """Watch one run and measure its drift in both places.

    Raises:
        ValueError: as `training.train`.
    """
    watched = watch(config, data)
    return Measured(watched.run, {place: drift(watched, place=place) for place in PLACES})


def stored() -> list[Measured]:
    """The stored measurements of `EXPERIMENT`, in the order of its grid.

    Raises:
        LookupError: as `training.stored_runs`.
    """
    held = {}
    for entry in json.loads(STORE.read_text())["measured"] if STORE.exists() else []:
        run = from_json(entry["run"])
        held[run.config] = Measured(run, {place: np.array(entry["drift"][place]) for place in PLACES})
    return take(held, combinations(*EXPERIMENT), STORE)


def main() -> None:
    from .data import load

    data, entries = load(), []
    for config in combinations(*EXPERIMENT):
        run, moved = measure(config, data)
        entries.append({"run": to_json(run), "drift": {place: moved[place].tolist() for place in PLACES}})
    lines = ",\n".join(json.dumps(entry, allow_nan=False) for entry in entries)
    STORE.write_text(f'{{"made_by": "python -m bncourse.shift", "measured": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
