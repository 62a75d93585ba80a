"""One small network with each normalization, each at its own learning rate: test accuracies after 100 steps.

`python -m bncourse.norm_trials` makes the runs in a few minutes and stores them in one file, which `stored` reads.
Rates are chosen on seeds 0 to 4, and the runs that are reported have seeds 5 to 14.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from . import data, variants
from ._check import require_choice
from .network import BatchNorm, Conv2D, Dense, Flatten, Network, ReLU, accuracy, fit

STORE = Path(__file__).parent / "assets" / "runs" / "norm_trials.json"
RATES = (0.03, 0.1, 0.3, 1.0)
CHOOSING, REPORTED = range(5), range(5, 15)  # seeds
STEPS, BATCH = 100, 32


class Norm:
    """Any of `bncourse.variants` as a layer of `bncourse.network`: the same in training and in inference.

    apply: a function of (x, gamma, beta) that returns y and the cache for `variants.backward`.
    """

    def __init__(self, apply, channels):
        self.apply = apply
        self.parameters = {"gamma": np.ones(channels, np.float32), "beta": np.zeros(channels, np.float32)}

    def forward(self, x, training):
        return self.apply(x, self.parameters["gamma"], self.parameters["beta"])

    def backward(self, dy, cache):
        gradients = variants.backward(dy, cache)
        return gradients.x, {"gamma": gradients.gamma, "beta": gradients.beta}


#: What makes the normalization of so many channels.
NORMS = {
    "none": None,
    "batch": lambda channels: BatchNorm(channels, momentum=0.9),
    "layer per example": lambda channels: Norm(lambda x, g, b: variants.groupnorm(x, g, b, groups=1), channels),
    "layer per position": lambda channels: Norm(variants.layernorm, channels),
    "group": lambda channels: Norm(lambda x, g, b: variants.groupnorm(x, g, b, groups=4), channels),
    "instance": lambda channels: Norm(variants.instancenorm, channels),
}


def network(norm: str, seed: int) -> Network:
    """Three 3x3 convolutions with 8, 16 and 16 filters, each with the normalization and ReLU, then one dense layer.

    The first two halve the image (28, 28, 1). Convolutions have a bias only where no normalization follows.

    Raises:
        ValueError: if `norm` is not one of `NORMS`.

    >>> [type(layer).__name__ for layer in network("group", seed=0).layers[:3]]
    ['Conv2D', 'Norm', 'ReLU']
    """
    require_choice(norm, NORMS, "norm")
    rng, channels, layers = np.random.default_rng(seed), 1, []
    for filters, stride in ((8, 2), (16, 2), (16, 1)):
        layers.append(Conv2D(channels, filters, rng=rng, stride=stride, use_bias=norm == "none"))
        layers += [NORMS[norm](filters)] if norm != "none" else []
        layers.append(ReLU())
        channels = filters
    return Network([*layers, Flatten(), Dense(7 * 7 * channels, 10, rng=rng)])


def trial(norm: str, learning_rate: float, seed: int) -> float:
    """Train anew and give the test accuracy, 0 to 1; a network that diverged answers at chance, 0.1."""
    fashion, trained = data.load(), network(norm, seed)
    with np.errstate(over="ignore", invalid="ignore"):
        fit(
            trained,
            fashion.train_images,
            fashion.train_labels,
            learning_rate=learning_rate,
            batch_size=BATCH,
            steps=STEPS,
            seed=seed,
        )
        return accuracy(trained, fashion.test_images, fashion.test_labels)


def stored() -> dict[tuple[str, float, int], float]:
    """The accuracy of every stored run by its norm, learning rate and seed."""
    return {(norm, rate, seed): found for norm, rate, seed, found in json.loads(STORE.read_text())["runs"]}


def best_rate(runs: dict[tuple[str, float, int], float], norm: str) -> float:
    """The learning rate with the highest mean accuracy on the seeds for choosing."""
    return max(RATES, key=lambda rate: np.mean([runs[norm, rate, seed] for seed in CHOOSING]))


def reported(runs: dict[tuple[str, float, int], float], norm: str) -> list[float]:
    """The accuracies of the reported seeds, at the best rate."""
    return [runs[norm, best_rate(runs, norm), seed] for seed in REPORTED]


def make() -> Iterator[tuple[str, float, int, float]]:
    """All runs: those that choose the rates, then those that are reported."""
    for norm in NORMS:
        chosen = {(norm, rate, seed): trial(norm, rate, seed) for rate in RATES for seed in CHOOSING}
        yield from ((*key, found) for key, found in chosen.items())
        rate = best_rate(chosen, norm)
        yield from ((norm, rate, seed, trial(norm, rate, seed)) for seed in REPORTED)


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(run) for run in make())
    STORE.write_text(f'{{"made_by": "python -m bncourse.norm_trials", "runs": [\n{lines}\n]}}\n')
