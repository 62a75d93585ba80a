"""Batch normalization as a Keras layer: the formulas of `forward` and `inference`, written in `keras.ops`."""

import math

import keras
from keras import constraints, initializers, ops, regularizers

from ._check import require_number


def moments(x, axes, mask=None):
    """`forward.moments` of the positions that count.

    Args:
        x: of a float dtype.
        axes: those that are averaged over: all but one.
        mask: None, or booleans of the shape of `x` without its last axis; what is False does not count.

    Returns:
        mean (C,), variance (C,), and how many elements count: one number, or with a mask (C,).
    """
    if mask is None:
        mean, variance = ops.moments(x, axes=axes)
        return mean, variance, ops.cast(ops.size(x), x.dtype) / ops.cast(ops.size(mean), x.dtype)
    weights = ops.broadcast_to(ops.expand_dims(ops.cast(mask, x.dtype), axis=-1), ops.shape(x))
    count = ops.sum(weights, axis=axes)
    # The smallest of numbers keeps a batch that is masked as a whole from 0 / 0, as in Keras's layer.
    m = count + keras.backend.epsilon()
    mean = ops.sum(weights * x, axis=axes) / m
    deviations = x - ops.expand_dims(mean, axes)
    return mean, ops.sum(weights * ops.square(deviations), axis=axes) / m, count


@keras.saving.register_keras_serializable(package="bncourse")
class BatchNorm(keras.layers.Layer):
    """Batch normalization, with the results of `keras.layers.BatchNormalization`.

    Called with `training=True`, it normalizes with the batch's own mean and variance and moves the moving statistics
    toward them. Otherwise, and always while `trainable` is False, it normalizes with the moving statistics. Where a
    mask comes with the inputs, as from `keras.layers.Masking`, the statistics leave masked positions out; the mask is
    handed on.

    The weights are gamma, beta, moving_mean and moving_variance, in this order and each of shape (C,), so
    `ours.set_weights(keras_layer.get_weights())` works, and the reverse; gamma and beta are None where they are left
    out. `BatchNorm.from_config(keras_layer.get_config())` makes a layer like Keras's. Two of its options are missing:
    `synchronized=True` (here each replica takes the statistics of its own share of the batch), and `renorm=True` of
    Keras 3.14 and later.

    In half precision use the dtype policy "mixed_float16". With `dtype="float16"` the moving statistics are stored in
    float16 too, as Keras's are, and a variance above 65504 becomes infinite.

    Args:
        axis: the axis of the channels, each of which gets its own statistics; any axis, counted from either end.
        momentum: weight of the old value in the moving statistics, from 0 to 1.
        epsilon: a number >= 0 that is added to the variance, in its units.
        center: whether there is a beta.
        scale: whether there is a gamma.
        beta_initializer, gamma_initializer: what they start with. A gamma that starts with "zeros", in the last
            normalization of a residual block, makes the block start as the identity
            (Goyal et al. 2017, https://arxiv.org/abs/1706.02677, section 5.1).
        moving_mean_initializer, moving_variance_initializer: what the moving statistics start with.
        beta_regularizer, gamma_regularizer: penalties on the two, or None.
        beta_constraint, gamma_constraint: projections of the two after each step of an optimizer, or None.
        **kwargs: what every Keras layer takes, such as `name`, `dtype` and `trainable`.

    Raises:
        TypeError: if `axis` is not an integer, or `momentum` or `epsilon` not a number.
        ValueError: if `momentum` or `epsilon` is out of its range; when the weights are created, if the inputs have no
            such axis or its length is unknown; when called, if a mask has not one axis less than the inputs.

    Formula:
        y = gamma (x - mean) / sqrt(variance + epsilon) + beta
        moving = momentum moving + (1 - momentum) batch

    Source:
        Ioffe and Szegedy (2015), https://arxiv.org/abs/1502.03167, Algorithm 1; moving averages as in Section 3.1.

    >>> layer = BatchNorm(momentum=0.5, epsilon=0)
    >>> layer(keras.ops.array([[1.0], [3.0]]), training=True).numpy().round(4).tolist()
    [[-1.0], [1.0]]
    >>> [weight.numpy().tolist() for weight in layer.weights]  # gamma, beta, moving mean, moving variance
    [[1.0], [0.0], [1.0], [1.0]]
    """

    def __init__(
        self,
        axis=-1,
        momentum=0.99,
        epsilon=1e-3,
        center=True,
        scale=True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        moving_mean_initializer="zeros",
        moving_variance_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        beta_constraint=None,
        gamma_constraint=None,
        **kwargs,
    ):
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
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.gamma = self.beta = None
        self.supports_masking = True

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
            self.gamma = self._add_parameter("gamma", channels)
        if self.center:
            self.beta = self._add_parameter("beta", channels)
        self.moving_mean = self._add_vector("moving_mean", channels, trainable=False)
        self.moving_variance = self._add_vector("moving_variance", channels, trainable=False)

    def _add_parameter(self, name, channels):
        """A (C,) weight that the optimizer changes, with its regularizer and constraint."""
        regularizer, constraint = getattr(self, f"{name}_regularizer"), getattr(self, f"{name}_constraint")
        return self._add_vector(name, channels, regularizer=regularizer, constraint=constraint)

    def _add_vector(self, name, channels, **arguments):
        # Without `autocast=False`, mixed precision would read it as float16, where a variance above 65504 is infinite.
        initializer = getattr(self, f"{name}_initializer")
        return self.add_weight(shape=(channels,), name=name, initializer=initializer, autocast=False, **arguments)

    def call(self, inputs, training=None, mask=None):
        """The normalized inputs, of the same shape; `training=True` takes the batch's statistics and remembers them.

        mask: None, or booleans of the shape of the inputs without their last axis; what is False does not count.
        """
        if mask is not None and len(mask.shape) != len(inputs.shape) - 1:
            raise ValueError(
                f"expected a mask with one axis less than the inputs, received a mask of shape {tuple(mask.shape)} "
                f"for inputs of shape {tuple(inputs.shape)}"
            )
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))  # float16 would overflow in a variance
        if training and self.trainable:
            mean, variance = self._moments(x, mask)
            self._update_moving(mean, variance)
        else:
            mean, variance = self.moving_mean, self.moving_variance
        return ops.cast(self._normalize(x, mean, variance), self.compute_dtype)

    def _moments(self, x, mask):
        """Mean and variance (C,) that the inputs are normalized with in training."""
        mean, variance, _ = moments(x, self._averaged, mask)
        return mean, variance

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
        plain = {name: getattr(self, name) for name in ("axis", "momentum", "epsilon", "center", "scale")}
        serialized = {
            f"{name}_{kind}": module.serialize(getattr(self, f"{name}_{kind}"))
            for module, kind, names in (
                (initializers, "initializer", ("beta", "gamma", "moving_mean", "moving_variance")),
                (regularizers, "regularizer", ("beta", "gamma")),
                (constraints, "constraint", ("beta", "gamma")),
            )
            for name in names
        }
        return {**super().get_config(), **plain, **serialized}

    @classmethod
    def from_config(cls, config):
        """A layer of its own configuration, or of `keras.layers.BatchNormalization`'s.

        Raises:
            ValueError: if the configuration asks for what this layer lacks: synchronized statistics, or the batch
                renormalization that Keras offers since version 3.14.
        """
        config = dict(config)
        for missing in ("synchronized", "renorm"):
            if config.pop(missing, False):
                raise ValueError(f"expected a configuration with {missing}=False, received {missing}=True")
        for setting in ("renorm_clipping", "renorm_momentum"):
            config.pop(setting, None)
        return super().from_config(config)
