"""Time batch normalization, forward and backward, against TensorFlow's fused kernel: `python -m benchmarks.batchnorm`.

All contestants take turns in one run. With `--store` the ratios are kept for the chapter on speed, with the machine's
description. The fast NumPy path has as many threads as there are cores, as TensorFlow does, and memory for its results;
"new memory" is the same without. A copy of the array is there to tell how many readings and writings the memory allows.
"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

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
        "a copy of the array": copying(x, memory[0]),
    }


def copying(source, target):
    """A function that copies an array, with as many threads as there are cores."""
    threads = int(environment.machine()["cores"])
    pool = ThreadPoolExecutor(threads)
    parts = [np.array_split(array.reshape(-1), threads) for array in (target, source)]
    return lambda: list(pool.map(np.copyto, *parts))


def roofline(size: int = 2048) -> tuple[dict, dict]:
    """The roof, and what is reached beneath it, in operations (and bytes) a second, on arrays that no cache holds.

    The roof is a copy and a product of matrices; beneath it are the fused kernel and a 3x3 convolution, forward, with
    the operations that the chapter counts.
    """
    rng = np.random.default_rng(0)
    x = rng.standard_normal((256, 64, 64, 64), dtype=np.float32)  # 256 MB
    a, b = rng.standard_normal((2, size, size), dtype=np.float32)
    images, kernel = tf.constant(x), tf.constant(rng.standard_normal((3, 3, 64, 64), dtype=np.float32))
    ones = tf.ones(64)
    runs = {
        "copy": copying(x, np.empty_like(x)),
        "product": lambda: a @ b,
        "batch norm": lambda: tf.compat.v1.nn.fused_batch_norm(images, ones, ones)[0][0, 0, 0, 0].numpy(),
        "convolution": lambda: tf.nn.conv2d(images, kernel, 1, "SAME")[0, 0, 0, 0].numpy(),
    }
    best = {name: seconds.min() for name, seconds in speed.race(runs, rounds=9).items()}
    roof = {"bandwidth": 2 * x.nbytes / best["copy"], "arithmetic": 2 * size**3 / best["product"]}
    operations = {"batch norm": 10 * x.size, "convolution": 2 * 9 * 64 * x.size}
    return roof, {name: count / best[name] for name, count in operations.items()}


def main(arguments: list[str]) -> None:
    tf.get_logger().setLevel("ERROR")  # a function is traced for each layer, and that is meant
    describe()
    with tf.device("/CPU:0"):
        roof, reached = roofline()
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
            store(ratios, roof, reached)


def store(ratios: dict, roof: dict, reached: dict) -> None:
    """Keep what was measured so far."""
    stored = {
        "made_by": "python -m benchmarks.batchnorm --store",
        "environment": environment.machine(),
        "ratios": {str(list(shape)): of_shape for shape, of_shape in ratios.items()},
        "roofline": roof,
        "reached": reached,
    }
    speed.STORE.write_text(json.dumps(stored, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
