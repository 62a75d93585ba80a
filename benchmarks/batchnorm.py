"""Time `batchnorm` and its backward pass against TensorFlow's fused kernel: `python -m benchmarks.batchnorm`.

Runs of the two alternate, so that a busy machine slows both; the ratio of medians is what counts.
"""

import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from bncourse.backward import batchnorm_backward
from bncourse.forward import batchnorm

SHAPES = ((32, 32, 32, 64), (128, 32, 32, 64))
EPSILON = 1e-3
LIMIT = 2.0


def ours(x, gamma, beta, dy):
    """Forward and backward in NumPy."""
    _, _, cache = batchnorm(x, gamma, beta, epsilon=EPSILON)
    return batchnorm_backward(dy, cache)


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


def seconds(function, *arguments) -> float:
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def compare(shape, repeats=25) -> tuple[float, float]:
    """Median seconds of ours and of the fused kernel, in alternating runs on the same float32 arrays."""
    generator = np.random.default_rng(0)
    x, dy = (generator.standard_normal(shape, dtype=np.float32) for _ in range(2))
    gamma, beta = (generator.uniform(0.5, 1.5, shape[-1]).astype(np.float32) for _ in range(2))
    tensors = [tf.constant(a) for a in (x, gamma, beta, dy)]
    ours(x, gamma, beta, dy), fused(*tensors)  # the first run allocates
    pairs = [(seconds(ours, x, gamma, beta, dy), seconds(fused, *tensors)) for _ in range(repeats)]
    return tuple(statistics.median(times) for times in zip(*pairs, strict=True))


def main() -> None:
    for shape in SHAPES:
        mine, theirs = compare(shape)
        ratio = mine / theirs
        print(
            f"batchnorm + backward {shape}: {mine * 1e3:.1f} ms, fused kernel {theirs * 1e3:.1f} ms, "
            f"ratio {ratio:.2f} (limit {LIMIT:.1f}){'' if ratio <= LIMIT else ' TOO SLOW'}"
        )


if __name__ == "__main__":
    main()
