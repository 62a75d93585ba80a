"""What replicas save: one small network trained on two of them, on mixed files and on sorted ones, with several seeds.

`python -m bncourse.replica_trials` makes the runs in a few minutes and stores them in one file, which `stored` reads.
"""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from . import data
from .distributed import SynchronizedBatchNorm, copies, cpu_replicas, network, train
from .layer import BatchNorm
from .training import accuracy, batch_indices

STORE = Path(__file__).parent / "assets" / "runs" / "replica_trials.json"
RATES, SEEDS = (0.1, 0.3), range(5)
STEPS, SIZE = 150, 16  # images of a step on each replica
GATHERED = 3200  # images of all kinds
SHOES_AND_BAGS = (5, 7, 8, 9)  # labels


class Trial(NamedTuple):
    """Test accuracies, 0 to 1, of one network that was trained on two replicas.

    Attributes:
        saved: with the moving statistics that replica 0 holds, and with those of replica 1.
        anew: with statistics that were gathered anew, of images of all kinds.
    """

    saved: tuple[float, float]
    anew: float


def mixed(labels, seed: int) -> list[np.ndarray]:
    """The images' numbers in two files, each a random half."""
    return np.array_split(np.random.default_rng(seed).permutation(len(labels)), 2)


def sorted_by_kind(labels, seed: int) -> list[np.ndarray]:
    """The images' numbers in two files, one with shoes and bags, one with clothes; `seed` changes nothing."""
    kind = np.isin(labels, SHOES_AND_BAGS)
    return [np.flatnonzero(kind), np.flatnonzero(~kind)]


#: The files that the two replicas read, and the normalization, by the trial's name.
TRIALS = {
    "sorted files": (sorted_by_kind, BatchNorm),
    "mixed files": (mixed, BatchNorm),
    "sorted, common": (sorted_by_kind, SynchronizedBatchNorm),
    "mixed, common": (mixed, SynchronizedBatchNorm),
}


@cache
def replicas():
    """The two replicas of this process."""
    return cpu_replicas(2)


def trial(name: str, learning_rate: float, seed: int) -> Trial:
    """Train one network on two replicas, and test what each would save.

    Raises:
        RuntimeError: if TensorFlow has started, as `cpu_replicas`.
    """
    fashion, strategy = data.load(), replicas()
    split, normalization = TRIALS[name]
    with strategy.scope():
        model = network(normalization, seed)
    files = split(fashion.train_labels, seed)
    train(strategy, model, batches(fashion, files, seed), learning_rate=learning_rate)
    saved = [as_saved(model, replica) for replica in range(2)]
    accuracies = [accuracy(one, fashion.test_images, fashion.test_labels) for one in saved]
    gather(saved[0], fashion.train_images[:GATHERED])
    return Trial(tuple(accuracies), accuracy(saved[0], fashion.test_images, fashion.test_labels))


def batches(fashion, files, seed: int) -> list:
    """For each step, and for each file: images (SIZE, 28, 28, 1) and labels (SIZE,)."""
    picked = [
        file[batch_indices(len(file), SIZE, STEPS, len(files) * seed + number)] for number, file in enumerate(files)
    ]  # for each file (STEPS, SIZE)
    return [[(fashion.train_images[of], fashion.train_labels[of]) for of in step] for step in zip(*picked, strict=True)]


def as_saved(model, replica: int):
    """The network that one replica would save."""
    saved = network(BatchNorm)
    saved.set_weights([copies(weight)[replica] for weight in model.weights])
    return saved


def gather(model, images) -> None:
    """Give a network of `BatchNorm`s the statistics of these images, all at once."""
    for layer in model.layers:
        if isinstance(layer, BatchNorm):
            layer.momentum = 0.0
    model(images, training=True)


def stored() -> dict[tuple[str, float, int], Trial]:
    """Every stored trial by its name, learning rate and seed."""
    runs = json.loads(STORE.read_text())["runs"]
    return {(name, rate, seed): Trial(tuple(saved), anew) for name, rate, seed, saved, anew in runs}


def main() -> None:
    keys = [(name, rate, seed) for rate in RATES for seed in SEEDS for name in TRIALS]
    lines = ",\n".join(json.dumps([*key, *trial(*key)]) for key in keys)
    STORE.write_text(f'{{"made_by": "python -m bncourse.replica_trials", "runs": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
