"""A training step of the CNN with our layer against the same step with Keras's: `python -m benchmarks.layer`.

The two take turns, so that both meet the same load, and medians are compared. The limit is 1.1 in both modes.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from unittest import mock

import keras

from benchmarks.timing import describe
from bncourse import data, models
from bncourse.speedup import seconds_per_step

LIMIT = 1.1


def ratio(*, jit_compile: bool, repetitions: int = 300) -> float:
    """The step's time with our layer over that with Keras's."""
    images = data.load()
    ours = models.cnn(norm="batch")
    with mock.patch.object(models, "BatchNorm", keras.layers.BatchNormalization):
        theirs = models.cnn(norm="batch")
    batch = images.train_images[:32], images.train_labels[:32]
    seconds = seconds_per_step([ours, theirs], *batch, repetitions=repetitions, jit_compile=jit_compile)
    return seconds[0] / seconds[1]


def main() -> None:
    describe()
    for mode, jit_compile in (("tf.function", False), ("XLA", True)):
        measured = ratio(jit_compile=jit_compile)
        print(f"training step of the CNN, {mode:11s} ours / Keras's {measured:.2f}, at most {LIMIT}")
        if measured > LIMIT:
            raise SystemExit(f"{mode}: the step with our layer takes {measured:.2f} times as long")


if __name__ == "__main__":
    main()
