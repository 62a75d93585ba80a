"""Time `batchnorm` and its backward pass against TensorFlow's fused kernel: `python -m benchmarks.batchnorm`.

Runs of the two alternate, so that a busy machine slows both; the ratio of medians is what counts.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from benchmarks.timing import compare, report
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


def main() -> None:
    rng = np.random.default_rng(0)
    print("batchnorm and its gradient: NumPy, TensorFlow's fused kernel, ratio")
    with tf.device("/CPU:0"):
        for shape in SHAPES:
            x, dy = (rng.standard_normal(shape, dtype=np.float32) for _ in range(2))
            gamma, beta = (rng.uniform(0.5, 1.5, shape[-1]).astype(np.float32) for _ in range(2))
            arrays = x, gamma, beta, dy
            tensors = [tf.constant(a) for a in arrays]
            times = compare(lambda arrays=arrays: ours(*arrays), lambda tensors=tensors: fused(*tensors))
            report(str(shape), *times, LIMIT)


if __name__ == "__main__":
    main()
