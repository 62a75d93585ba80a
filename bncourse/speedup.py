"""What batch normalization buys: runs with and without it, over learning rates, initializations, depths and time.

`python -m bncourse.speedup` makes the runs of all `EXPERIMENTS` in about a quarter of an hour on two cores, and stores
them in one file, which `runs` reads. What is stored is not made again.
"""

import math
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from . import data
from ._check import require_choice
from .training import PAPER_MLP, Config, Run, cross_entropy, save_runs, stored_runs, sweep

#: The finished runs of all experiments.
STORE = Path(__file__).parent / "assets" / "runs" / "speedup.json"
WITH_AND_WITHOUT = {"norm": ["none", "batch"], "seed": [0, 1, 2]}


class Experiment(NamedTuple):
    """One sweep: every combination of the values in `grid` changes `base`."""

    base: Config
    grid: dict[str, list]


#: Each experiment changes at most one thing beside the normalization, on three seeds.
EXPERIMENTS = {
    "learning_rate": Experiment(
        Config(steps=300), {"learning_rate": [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0], **WITH_AND_WITHOUT}
    ),
    "gain": Experiment(Config(steps=300), {"gain": [0.3, 0.5, 1.0, 2.0, 4.0], **WITH_AND_WITHOUT}),
    "depth": Experiment(Config(steps=300), {"depth": [4, 8, 12, 16], **WITH_AND_WITHOUT}),
    # The plain network of twelve convolutions once more, with a lower rate and more time.
    "depth_lower_rate": Experiment(Config(steps=1000, depth=12, learning_rate=0.03), {"seed": [0, 1, 2]}),
    # The highest rate at which the plain network trained on all seeds of the sweep above, and a rate ten times as high.
    "time": Experiment(Config(steps=1500, evaluate_every=50, learning_rate=0.03), WITH_AND_WITHOUT),
    "time_higher_rate": Experiment(
        Config(steps=1500, evaluate_every=50, learning_rate=0.3, norm="batch"), {"seed": [0, 1, 2]}
    ),
    "figure1": Experiment(PAPER_MLP.replace(steps=5000, evaluate_every=50), WITH_AND_WITHOUT),
    "figure1_tuned": Experiment(PAPER_MLP.replace(steps=2000, evaluate_every=50, learning_rate=0.5), WITH_AND_WITHOUT),
}


def runs(name: str) -> list[Run]:
    """The stored runs of one of `EXPERIMENTS`, in the order of its grid.

    Raises:
        ValueError: if there is no experiment of that name.
        LookupError: as `training.stored_runs`.
    """
    require_choice(name, EXPERIMENTS, "name")
    return stored_runs(STORE, *EXPERIMENTS[name])


def select(runs: Iterable[Run], **fields) -> list[Run]:
    """The runs whose config has these values, as in `select(runs, norm="batch", seed=0)`.

    Raises:
        AttributeError: if `Config` has no such field.

    >>> [run.config.depth for run in select(runs("depth"), norm="batch", seed=0)]
    [4, 8, 12, 16]
    """
    return [run for run in runs if all(getattr(run.config, name) == value for name, value in fields.items())]


def final_accuracy(run: Run) -> float:
    """The accuracy that a run ended with; for one that diverged 0, the accuracy of a network that answers NaN."""
    return 0.0 if run.diverged else float(run.accuracy[-1])


def steps_to(run: Run, accuracy: float) -> float:
    """How many steps the run had taken when an evaluation first gave at least `accuracy`; infinity if none did."""
    reached = np.flatnonzero(run.accuracy >= accuracy)
    return float(run.evaluated[reached[0]]) if len(reached) else math.inf


class Bracket(NamedTuple):
    """A limit found on a grid: the last value that works, and the next one, which does not (infinity past the end)."""

    works: float
    fails: float


def highest_rate(runs: Iterable[Run], accuracy: float) -> Bracket:
    """The highest learning rate at which every run ends with at least `accuracy`, and the next rate among the runs.

    Raises:
        ValueError: if no rate works.
    """
    runs = list(runs)
    rates = sorted({run.config.learning_rate for run in runs})
    works = [all(final_accuracy(run) >= accuracy for run in select(runs, learning_rate=rate)) for rate in rates]
    if not any(works):
        raise ValueError(f"expected a learning rate at which every run reaches {accuracy}, received none")
    highest = max(i for i, good in enumerate(works) if good)
    return Bracket(rates[highest], rates[highest + 1] if highest + 1 < len(rates) else math.inf)


def seconds_per_step(models, images, labels, *, repetitions: int = 100, jit_compile: bool = False) -> list[float]:
    """Median seconds of a training step of each model; the models take turns, so that all meet the same load.

    Args:
        models: built Keras models from `images` to logits.
        images: one batch (N, H, W, C).
        labels: their classes (N,).
        jit_compile: whether XLA compiles the step.
    """
    steps = [_step(model, tf.constant(images), tf.constant(labels), jit_compile) for model in models]
    for step in steps:
        for _ in range(5):  # compiled, and caches filled
            step().numpy()
    seconds = np.empty((repetitions, len(steps)))
    for turn in range(repetitions):
        for i, step in enumerate(steps):
            start = time.perf_counter()
            step().numpy()
            seconds[turn, i] = time.perf_counter() - start
    return np.median(seconds, axis=0).tolist()


def _step(model, images, labels, jit_compile):
    @tf.function(jit_compile=jit_compile)
    def step():
        with tf.GradientTape() as tape:
            loss = cross_entropy(labels, model(images, training=True))
        weights = model.trainable_variables
        for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
            weight.assign_sub(0.01 * gradient)
        return loss

    return step


def main() -> None:
    if not STORE.exists():
        save_runs(STORE, [], made_by="python -m bncourse.speedup")
    for name, (base, grid) in EXPERIMENTS.items():
        start = time.perf_counter()
        made = sweep(base, grid, data.load(), store=STORE)
        print(f"{name}: {len(made)} runs, {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
