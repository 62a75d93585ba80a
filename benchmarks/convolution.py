"""Time `conv2d` against `tf.nn.conv2d`, both in float32 on the processor: `python -m benchmarks.convolution`."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from benchmarks.timing import describe, report
from bncourse.convolution import conv2d
from bncourse.speed import race, ratio

CASES = [(shape, filters) for shape in ((32, 28, 28, 16), (32, 32, 32, 64)) for filters in (16, 64)]
LIMIT = 3.0


def main() -> None:
    describe()
    rng = np.random.default_rng(0)
    print("\n3 x 3 convolution, same padding: NumPy's time over TensorFlow's, median (and quartiles)")
    with tf.device("/CPU:0"):
        for shape, filters in CASES:
            x = rng.standard_normal(shape, dtype=np.float32)
            kernel = rng.standard_normal((3, 3, shape[-1], filters), dtype=np.float32)
            tensors = tf.constant(x), tf.constant(kernel)
            seconds = race(
                {
                    "numpy": lambda x=x, kernel=kernel: conv2d(x, kernel),
                    "tensorflow": lambda tensors=tensors: tf.nn.conv2d(*tensors, 1, "SAME").numpy(),
                },
                rounds=25,
            )
            report(f"{shape} to {filters}", ratio(seconds["numpy"], seconds["tensorflow"]), LIMIT)


if __name__ == "__main__":
    main()
