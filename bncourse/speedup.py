"""What batch normalization buys: runs with and without it, over learning rates, initializations and time.

`python -m bncourse.speedup` makes the runs of all `EXPERIMENTS` that are not stored yet, and stores them in one file,
which `runs` reads. Where both sides get their best, rates are chosen on seeds 0 to 2 and the runs that are
shown have seeds 5 to 9. The stored losses are means over fifty steps.
"""

import itertools
import math
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from . import data
from ._check import require_choice
from .speed import race
from .training import PAPER_MLP, Config, Run, combinations, complete, sgd_step, stored_runs

#: The finished runs of all experiments.
STORE = Path(__file__).parent / "assets" / "runs" / "speedup.json"

NET = Config(steps=300, loss_every=50)
RACE = NET.replace(steps=1500, evaluate_every=50)
FLATTEN = RACE.replace(model="cnn_flatten")
SIGMOID = PAPER_MLP.replace(steps=5000, evaluate_every=50, loss_every=50)
SIDES = ("none", "batch")
CHOOSING, REPORTED = range(3), range(5, 10)  # seeds

#: Learning rates that the plain network is offered for each gain, and the best of each. Batch norm takes 0.3 for all.
PLAIN_RATES = {
    0.25: (0.03, 0.1, 0.3, 1.0, 3.0),
    0.5: (0.03, 0.1, 0.3, 1.0, 3.0),
    2.0: (0.0001, 0.0003, 0.001, 0.003, 0.01),
    4.0: (1e-6, 1e-5, 1e-4),
}
BEST_PLAIN = {0.25: 0.03, 0.5: 0.03, 1.0: 0.03, 2.0: 0.001, 4.0: 1e-5}
BEST_RACE = {"none": 0.05, "batch": 1.0}
BEST_FLATTEN = {"none": 0.1, "batch": 0.1}
BEST_SIGMOID = {"none": 2.0, "batch": 4.0}

EXPERIMENTS = {
    "learning_rate": combinations(
        NET, {"learning_rate": [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0], "norm": SIDES, "seed": range(5)}
    ),
    "gain_rates": [
        config
        for gain, rates in PLAIN_RATES.items()
        for config in combinations(NET.replace(gain=gain), {"learning_rate": rates, "seed": CHOOSING})
    ],
    "gain": [
        *(
            config
            for gain, rate in BEST_PLAIN.items()
            for config in combinations(NET.replace(gain=gain, learning_rate=rate), {"seed": REPORTED})
        ),
        *combinations(NET.replace(norm="batch", learning_rate=0.3), {"gain": BEST_PLAIN, "seed": REPORTED}),
    ],
    "race_rates": [
        *combinations(RACE, {"learning_rate": [0.03, 0.05, 0.1], "seed": CHOOSING}),
        *combinations(RACE.replace(norm="batch"), {"learning_rate": [0.03, 0.3, 1.0, 3.0], "seed": CHOOSING}),
    ],
    "race": [
        config
        for norm, rate in BEST_RACE.items()
        for config in combinations(RACE.replace(norm=norm, learning_rate=rate), {"seed": REPORTED})
    ],
    # The same race of a network whose head keeps positions apart.
    "flatten_rates": [
        *combinations(FLATTEN, {"learning_rate": [0.03, 0.05, 0.1, 0.2, 0.3, 0.5], "seed": CHOOSING}),
        *combinations(FLATTEN.replace(norm="batch"), {"learning_rate": [0.03, 0.1, 0.3, 0.5, 1.0], "seed": CHOOSING}),
    ],
    "flatten": [
        config
        for norm, rate in BEST_FLATTEN.items()
        for config in combinations(FLATTEN.replace(norm=norm, learning_rate=rate), {"seed": REPORTED})
    ],
    "figure1": combinations(SIGMOID, {"norm": SIDES, "seed": CHOOSING}),
    "figure1_rates": combinations(
        SIGMOID.replace(steps=2000), {"norm": SIDES, "learning_rate": [0.5, 1.0, 2.0, 4.0, 8.0], "seed": CHOOSING}
    ),
    # Batch norm at its own best rate, and at the other's.
    "figure1_tuned": [
        config
        for norm, rate in [*BEST_SIGMOID.items(), ("batch", BEST_SIGMOID["none"])]
        for config in combinations(SIGMOID.replace(steps=3000, norm=norm, learning_rate=rate), {"seed": REPORTED})
    ],
}


def runs(name: str) -> list[Run]:
    """The stored runs of one of `EXPERIMENTS`, in its order.

    Raises:
        ValueError: if there is no experiment of that name.
        LookupError: as `training.stored_runs`.
    """
    require_choice(name, EXPERIMENTS, "name")
    return stored_runs(STORE, EXPERIMENTS[name])


def select(runs: Iterable[Run], **fields) -> list[Run]:
    """The runs whose config has these values, as in `select(runs, norm="batch", seed=0)`.

    Raises:
        AttributeError: if `Config` has no such field.

    >>> [run.config.gain for run in select(runs("gain"), norm="batch", seed=5)]
    [0.25, 0.5, 1.0, 2.0, 4.0]
    """
    return [run for run in runs if all(getattr(run.config, name) == value for name, value in fields.items())]


def final_accuracy(run: Run) -> float:
    """The accuracy that a run ended with; for one that diverged 0, the accuracy of a network that answers NaN."""
    return 0.0 if run.diverged else float(run.accuracy[-1])


def steps_to(run: Run, accuracy: float) -> float:
    """How many steps the run had taken when an evaluation first gave at least `accuracy`; infinity if none did."""
    reached = np.flatnonzero(run.accuracy >= accuracy)
    return float(run.evaluated[reached[0]]) if len(reached) else math.inf


def best_rate(runs: Iterable[Run]) -> float:
    """The learning rate with the highest median of final accuracies; the lowest of them if several have it.

    Raises:
        ValueError: if there are no runs.
    """
    runs = list(runs)
    rates = sorted({run.config.learning_rate for run in runs})
    return max(rates, key=lambda rate: np.median([final_accuracy(run) for run in select(runs, learning_rate=rate)]))


class Bracket(NamedTuple):
    """A limit found on a grid: the last value that works, and the next one, which does not (infinity past the end)."""

    works: float
    fails: float


def highest_rate(runs: Iterable[Run], accuracy: float) -> Bracket:
    """The highest learning rate whose median run ends with at least `accuracy`, and the next rate among the runs.

    Raises:
        ValueError: if no rate works.
    """
    runs = list(runs)
    rates = sorted({run.config.learning_rate for run in runs})
    works = [np.median([final_accuracy(run) for run in select(runs, learning_rate=rate)]) >= accuracy for rate in rates]
    if not any(works):
        raise ValueError(f"expected a learning rate at which the median run reaches {accuracy}, received none")
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
    steps = {i: _step(model, tf.constant(images), tf.constant(labels), jit_compile) for i, model in enumerate(models)}
    return [float(np.median(seconds)) for seconds in race(steps, rounds=repetitions).values()]


def _step(model, images, labels, jit_compile):
    @tf.function(jit_compile=jit_compile)
    def step():
        return sgd_step(model, images, labels, 0.01)

    return lambda: step().numpy()  # which waits for the result


if __name__ == "__main__":
    complete(STORE, itertools.chain(*EXPERIMENTS.values()), data.load())
