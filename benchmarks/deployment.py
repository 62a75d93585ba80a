"""Inference of a network before and after folding, side by side: `python -m benchmarks.deployment`.

The two take turns, so that both meet the same load, and medians are compared. Nothing is asserted: what folding saves
hangs on the processor, the batch and who runs the model.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from bncourse import deployment, models

from .timing import compare


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
    for name, model in networks().items():
        folded = deployment.fold_model(model)
        for batch in (1, 32):
            images = np.random.default_rng(0).random((batch, *model.input_shape[1:]), dtype=np.float32)
            before, after = calls(model, images), calls(folded, images)
            for way in before:
                seconds = compare(before[way], after[way])
                print(f"{name:28s} batch {batch:2d}, {way:14s} {seconds[0] / seconds[1]:.2f} times as long unfolded")


if __name__ == "__main__":
    main()
