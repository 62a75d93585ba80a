"""Time `conv2d` against `tf.nn.conv2d`, both in float32 on the processor: `python -m benchmarks.convolution`."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from benchmarks.timing import compare, report
from bncourse.convolution import conv2d

CASES = [(shape, filters) for shape in ((32, 28, 28, 16), (32, 32, 32, 64)) for filters in (16, 64)]
LIMIT = 3.0


def main() -> None:
    rng = np.random.default_rng(0)
    print("3 x 3 convolution, same padding: NumPy, TensorFlow, ratio")
    with tf.device("/CPU:0"):
        for shape, filters in CASES:
            x = rng.standard_normal(shape, dtype=np.float32)
            kernel = rng.standard_normal((3, 3, shape[-1], filters), dtype=np.float32)
            tensors = tf.constant(x), tf.constant(kernel)
            times = compare(
                lambda x=x, kernel=kernel: conv2d(x, kernel),
                lambda tensors=tensors: tf.nn.conv2d(*tensors, 1, "SAME").numpy(),
            )
            report(f"{shape} to {filters}", *times, LIMIT)


if __name__ == "__main__":
    main()
