"""Time batch normalization, forward and backward, against TensorFlow's fused kernel: `python -m benchmarks.batchnorm`.

All contestants take turns in one run. With `--store` the ratios are kept for the chapter on speed, with the machine's
description. The fast NumPy path has as many threads as there are cores, as TensorFlow does, and memory for its results;
"new memory" is the same without. A copy of the array is there to tell how many readings and writings the memory allows.
"""

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from benchmarks.timing import describe, report
from bncourse import environment, speed
from bncourse.backward import batchnorm_backward
from bncourse.forward import batchnorm
from bncourse.fused import FusedBatchNorm
from bncourse.layer import BatchNorm

SHAPES = ((32, 32, 32, 64), (128, 32, 32, 64))
EPSILON = 1e-3
REFERENCE = "raw fused kernel"
#: The largest ratios that are aimed at, on a processor whose cache holds all arrays; on others 1.25 for NumPy.
LIMITS = {
    (32, 32, 32, 64): {"NumPy fast": 2.0, "fused layer, tf.function": 1.1},
    (128, 32, 32, 64): {"NumPy fast": 3.0, "fused layer, tf.function": 1.1},
}


def textbook(x, gamma, beta, dy):
    """Forward and backward, one formula after the other on whole arrays."""
    axes, m = (0, 1, 2), x[..., 0].size
    deviation = x - x.mean(axis=axes)
    inv_std = 1 / np.sqrt((deviation**2).mean(axis=axes) + np.float32(EPSILON))
    x_hat = deviation * inv_std
    y = gamma * x_hat + beta
    dbeta, dgamma = dy.sum(axis=axes), (dy * x_hat).sum(axis=axes)
    return y, gamma * inv_std * (dy - dbeta / m - x_hat * (dgamma / m))


def lesson(x, gamma, beta, dy):
    """Forward and backward by `forward` and `backward`."""
    _, _, cache = batchnorm(x, gamma, beta, epsilon=EPSILON)
    return batchnorm_backward(dy, cache)


def fast(arrays, *, threads, results):
    """Forward and backward by `speed`, into memory for the results or into new memory."""
    x, gamma, beta, dy = arrays
    y, dx = results

    def run():
        _, _, saved = speed.batchnorm(x, gamma, beta, epsilon=EPSILON, out=y, threads=threads)
        return speed.batchnorm_backward(dy, saved, out=dx, threads=threads)

    return run


def fused(x, gamma, beta, dy):
    """Forward and backward by TensorFlow's raw kernels."""
    outputs = tf.raw_ops.FusedBatchNormV3(
        x=x, scale=gamma, offset=beta, mean=[], variance=[], epsilon=EPSILON, is_training=True
    )
    gradients = tf.raw_ops.FusedBatchNormGradV3(
        y_backprop=dy,
        x=x,
        scale=gamma,
        reserve_space_1=outputs.reserve_space_1,
        reserve_space_2=outputs.reserve_space_2,
        reserve_space_3=outputs.reserve_space_3,
        epsilon=EPSILON,
        is_training=True,
    )
    return gradients.x_backprop.numpy()


def of_layer(layer, x, dy, **options):
    """Forward and backward through a Keras layer in training; options of `tf.function`, or none for eager mode."""
    layer.build(x.shape)

    def run(x, dy):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True)
        return tape.gradient(y, [x, *layer.trainable_variables], output_gradients=dy)[0]

    run = tf.function(run, **options) if options else run
    return lambda: run(x, dy).numpy()


def contestants(shape) -> dict:
    """All that are timed, by name."""
    rng = np.random.default_rng(0)
    x, dy = (rng.standard_normal(shape, dtype=np.float32) for _ in range(2))
    gamma, beta = (rng.uniform(0.5, 1.5, shape[-1]).astype(np.float32) for _ in range(2))
    arrays, memory = (x, gamma, beta, dy), (np.empty_like(x), np.empty_like(x))
    tensors = [tf.constant(array) for array in arrays]
    of_x, of_dy = tensors[0], tensors[3]
    theirs = keras.layers.BatchNormalization
    threads = int(environment.machine()["cores"])
    return {
        REFERENCE: lambda: fused(*tensors),
        "NumPy step by step": lambda: textbook(*arrays),
        "NumPy of the lesson": lambda: lesson(*arrays),
        "NumPy fast, new memory": fast(arrays, threads=1, results=(None, None)),
        "NumPy fast, one thread": fast(arrays, threads=1, results=memory),
        "NumPy fast": fast(arrays, threads=threads, results=memory),
        "Keras, eager": of_layer(theirs(), of_x, of_dy),
        "Keras, tf.function": of_layer(theirs(), of_x, of_dy, jit_compile=False),
        "Keras, XLA": of_layer(theirs(), of_x, of_dy, jit_compile=True),
        "our layer, tf.function": of_layer(BatchNorm(), of_x, of_dy, jit_compile=False),
        "fused layer, tf.function": of_layer(FusedBatchNorm(), of_x, of_dy, jit_compile=False),
        "a copy of the array": lambda: np.copyto(memory[0], x),
    }


def roofline(size: int = 1024) -> dict:
    """Bytes a second of a copy that no cache holds, and operations a second of a product of matrices."""
    rng = np.random.default_rng(0)
    source = rng.standard_normal(2**26, dtype=np.float32)  # 256 MB
    target = np.empty_like(source)
    a, b = rng.standard_normal((2, size, size), dtype=np.float32)
    seconds = speed.race({"copy": lambda: np.copyto(target, source), "product": lambda: a @ b}, rounds=9)
    best = {name: values.min() for name, values in seconds.items()}
    return {"bandwidth": 2 * source.nbytes / best["copy"], "arithmetic": 2 * size**3 / best["product"]}


def main(arguments: list[str]) -> None:
    tf.get_logger().setLevel("ERROR")  # a function is traced for each layer, and that is meant
    describe()
    roof = roofline()
    print(f"a copy moves {roof['bandwidth'] / 1e9:.1f} GB/s, a product computes {roof['arithmetic'] / 1e9:.0f} GFLOP/s")
    ratios = {}
    for shape in SHAPES:
        print(f"\n{shape} float32, forward and backward: time over that of the {REFERENCE}, median (and quartiles)")
        with tf.device("/CPU:0"):
            runs = contestants(shape)
            seconds = speed.race(runs, rounds=25 if shape[0] < 100 else 7)
        ratios[shape] = {name: speed.ratio(seconds[name], seconds[REFERENCE]) for name in runs}
        for name, found in ratios[shape].items():
            report(name, found, LIMITS[shape].get(name))
        if "--store" in arguments:
            store(ratios, roof)


def store(ratios: dict, roof: dict) -> None:
    """Keep what was measured so far."""
    stored = {
        "made_by": "python -m benchmarks.batchnorm --store",
        "environment": environment.machine(),
        "ratios": {str(list(shape)): of_shape for shape, of_shape in ratios.items()},
        "roofline": roof,
    }
    speed.STORE.write_text(json.dumps(stored, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
