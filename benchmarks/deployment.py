"""Inference of a network before and after folding, side by side: `python -m benchmarks.deployment`.

Times are over those of the folded network, all measured in one run. Nothing is asserted: what folding saves hangs on
the processor, the batch and who runs the model.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from benchmarks.timing import describe, report
from bncourse import deployment, models, speed


def networks() -> dict[str, keras.Model]:
    """A network of plain 3x3 convolutions, and one that is mostly depthwise."""
    mobile = keras.applications.MobileNetV2(input_shape=(96, 96, 3), alpha=0.35, weights=None)
    return {"CNN-8 of the course": models.cnn(norm="batch", width=32), "MobileNetV2, 0.35, 96 x 96": mobile}


def calls(model, images) -> dict:
    """Ways to run a model on a batch."""
    images = tf.constant(images)
    graph, xla = tf.function(model), tf.function(model, jit_compile=True)
    return {
        "layer by layer": lambda: model(images).numpy(),
        "tf.function": lambda: graph(images).numpy(),
        "XLA": lambda: xla(images).numpy(),
    }


def main() -> None:
    describe()
    for name, model in networks().items():
        folded = deployment.fold_model(model)
        for batch in (1, 32):
            images = np.random.default_rng(0).random((batch, *model.input_shape[1:]), dtype=np.float32)
            before, after = calls(model, images), calls(folded, images)
            print(f"\n{name}, batch {batch}: time over that of the folded network, median (and quartiles)")
            for way in before:
                seconds = speed.race({"before": before[way], "after": after[way]}, rounds=30)
                report(way, speed.ratio(seconds["before"], seconds["after"]))


if __name__ == "__main__":
    main()
