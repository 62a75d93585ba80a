"""`BatchNorm` on TensorFlow's fused kernel: one operation forward and one backward, instead of a dozen each."""

import keras
import tensorflow as tf
from keras import ops

from .layer import BatchNorm

#: What the kernel takes; parameters and statistics are float32 in each case.
DTYPES = ("float32", "float16", "bfloat16")


@keras.saving.register_keras_serializable(package="bncourse")
class FusedBatchNorm(BatchNorm):
    """`BatchNorm`, in training on TensorFlow's fused kernel; outputs, gradients and moving statistics are the same.

    The kernel takes (N, H, W, C) in float32, float16 or bfloat16. Other ranks are reshaped, which moves no data. Where
    it can't be used (a mask, another axis than the last, float64), the layer is a `BatchNorm`. In inference nothing
    is left to fuse. Under mixed precision the kernel reads and writes 16 bits and computes in 32.

    The kernel gives the variance times m / (m - 1), with m elements a channel: Keras's moving variance, and ours, is
    without that factor, which is taken out again. For m = 1 the kernel's variance is 0, as it should be.

    Args:
        all as those of `BatchNorm`.

    Source:
        The operation `FusedBatchNormV3`, https://www.tensorflow.org/api_docs/python/tf/raw_ops/FusedBatchNormV3.

    >>> layer = FusedBatchNorm(momentum=0, epsilon=0)
    >>> layer(keras.ops.array([[1.0], [3.0]]), training=True).numpy().round(4).tolist()
    [[-1.0], [1.0]]
    >>> layer.moving_variance.numpy().tolist()  # biased: the kernel gave 2
    [1.0]
    """

    def call(self, inputs, training=None, mask=None):
        """As `BatchNorm.call`."""
        last = self.axis in (-1, len(inputs.shape) - 1)
        dtype = keras.backend.standardize_dtype(inputs.dtype)
        if not (training and self.trainable and mask is None and last and dtype in DTYPES):
            return super().call(inputs, training=training, mask=mask)
        channels = inputs.shape[-1]
        y, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            ops.reshape(inputs, (-1, 1, 1, channels)) if len(inputs.shape) != 4 else inputs,
            ops.ones(channels) if self.gamma is None else ops.cast(self.gamma, "float32"),
            ops.zeros(channels) if self.beta is None else ops.cast(self.beta, "float32"),
            epsilon=self.epsilon,
            is_training=True,
        )
        m = ops.cast(tf.size(inputs, tf.int64) // channels, "float32")
        self._update_moving(mean, variance * (m - 1) / m)
        return ops.cast(ops.reshape(y, ops.shape(inputs)), self.compute_dtype)
