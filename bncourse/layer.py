"""Batch normalization as a Keras layer: the formulas of `forward` and `inference`, written in `keras.ops`."""

import math

import keras
from keras import ops

from ._check import require_number


@keras.saving.register_keras_serializable(package="bncourse")
class BatchNorm(keras.layers.Layer):
    """Batch normalization, with the results of `keras.layers.BatchNormalization`.

    Called with `training=True`, it normalizes with the batch's own mean and variance and moves the moving statistics
    towards them. Otherwise, and always while `trainable` is False, it normalizes with the moving statistics.

    The weights are gamma, beta, moving_mean and moving_variance, in this order and each of shape (C,), so
    `ours.set_weights(keras_layer.get_weights())` works, and the reverse. Masks, initializers, regularizers,
    constraints, renorm and `synchronized` are left to Keras's layer.

    Args:
        axis: the axis of the channels, each of which gets its own statistics; any axis, counted from either end.
        momentum: weight of the old value in the moving statistics, from 0 to 1.
        epsilon: a number >= 0 that is added to the variance, in its units.
        center: whether there is a beta.
        scale: whether there is a gamma.
        **kwargs: what every Keras layer takes, such as `name`, `dtype` and `trainable`.

    Raises:
        TypeError: if `axis` is not an integer, or `momentum` or `epsilon` not a number.
        ValueError: if `momentum` or `epsilon` is out of its range; when the weights are created, if the inputs have no
            such axis or its length is unknown.

    Formula:
        y = gamma (x - mean) / sqrt(variance + epsilon) + beta
        moving = momentum moving + (1 - momentum) batch

    Source:
        Ioffe and Szegedy (2015), https://arxiv.org/abs/1502.03167, Algorithm 1; moving averages as in section 3.1.
    """

    def __init__(self, axis=-1, momentum=0.99, epsilon=1e-3, center=True, scale=True, **kwargs):
        super().__init__(**kwargs)
        if isinstance(axis, bool) or not hasattr(axis, "__index__"):
            raise TypeError(f"expected axis to be one integer, received {axis!r}")
        require_number(momentum, 0, 1, "momentum")
        require_number(epsilon, 0, math.inf, "epsilon")
        self.axis = int(axis)
        self.momentum = float(momentum)
        self.epsilon = float(epsilon)
        self.center = center
        self.scale = scale

    def build(self, input_shape):
        """Create the weights for inputs of `input_shape`, where lengths other than the channels' may be None."""
        rank = len(input_shape)
        if not -rank <= self.axis < rank:
            raise ValueError(f"expected inputs that have axis {self.axis}, received shape {tuple(input_shape)}")
        channels = input_shape[self.axis]
        if channels is None:
            raise ValueError(f"expected axis {self.axis} of known length, received shape {tuple(input_shape)}")
        self.input_spec = keras.layers.InputSpec(ndim=rank, axes={self.axis: channels})
        self._averaged = [axis for axis in range(rank) if axis != self.axis % rank]
        self._one_per_channel = [1 if axis in self._averaged else channels for axis in range(rank)]

        if self.scale:
            self.gamma = self._add_vector("gamma", channels, "ones", trainable=True)
        if self.center:
            self.beta = self._add_vector("beta", channels, "zeros", trainable=True)
        self.moving_mean = self._add_vector("moving_mean", channels, "zeros", trainable=False)
        self.moving_variance = self._add_vector("moving_variance", channels, "ones", trainable=False)

    def _add_vector(self, name, channels, initializer, trainable):
        # Without `autocast=False`, mixed precision would read it as float16, where a variance above 65504 is infinite.
        return self.add_weight(
            shape=(channels,), name=name, initializer=initializer, trainable=trainable, autocast=False
        )

    def call(self, inputs, training=None):
        """The normalized inputs, of the same shape; `training=True` takes the batch's statistics and remembers them."""
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))  # float16 would overflow in a variance
        if training and self.trainable:
            mean, variance = ops.moments(x, axes=self._averaged)
            self._update_moving(mean, variance)
        else:
            mean, variance = self.moving_mean, self.moving_variance
        return ops.cast(self._normalize(x, mean, variance), self.compute_dtype)

    def _normalize(self, x, mean, variance):
        """`forward.normalize`, computed as x scale + shift with one scale and one shift per channel.

        One multiplication and one addition remain for each element. To subtract the mean first, as `forward` does,
        would keep more digits where the mean is large, and take a pass more over `x`; Keras's layer does as we do here.
        """
        scale = ops.rsqrt(ops.cast(variance, x.dtype) + self.epsilon)
        if self.scale:
            scale = ops.cast(self.gamma, x.dtype) * scale
        shift = -ops.cast(mean, x.dtype) * scale
        if self.center:
            shift = ops.cast(self.beta, x.dtype) + shift
        return x * ops.reshape(scale, self._one_per_channel) + ops.reshape(shift, self._one_per_channel)

    def _update_moving(self, mean, variance):
        """`inference.update_moving`, in place."""
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(self.momentum * moving + (1 - self.momentum) * ops.cast(batch, moving.dtype))

    def compute_output_shape(self, input_shape):
        """The shape of the inputs."""
        return input_shape

    def get_config(self):
        """The constructor's arguments, from which `from_config` makes an equal layer."""
        own = {name: getattr(self, name) for name in ("axis", "momentum", "epsilon", "center", "scale")}
        return {**super().get_config(), **own}
