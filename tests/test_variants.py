"""One normalization for all index sets: against Keras's layers, a loop over the definition, numerical gradients."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from common import TOLERANCE, random
from hypothesis import given, settings
from hypothesis import strategies as st

from bncourse import variants
from bncourse.backward import batchnorm_backward, numerical_gradient
from bncourse.forward import batchnorm

# Two axes to five, odd numbers of channels.
SHAPES = ((6, 5), (4, 3, 9), (2, 5, 4, 6), (3, 2, 3, 2, 15))
LAYER_CASES = [
    *((shape, (-1,)) for shape in SHAPES),
    ((6, 5), (0,)),
    ((4, 3, 9), (1,)),
    ((4, 3, 9), (0, 2)),
    ((2, 5, 4, 6), (1, 2, 3)),
    ((2, 5, 4, 6), (1, 2)),
    ((2, 5, 4, 6), (-1, 1)),
    ((2, 5, 4, 7), (2, 1)),
    ((3, 2, 3, 2, 5), (1, 2, 3, 4)),
    ((3, 2, 3, 2, 5), (2, 4)),
]
GROUP_CASES = [((6, 15), 5), ((6, 15), 1), ((4, 3, 9), 3), ((2, 5, 4, 6), 2), ((2, 5, 4, 7), 1), ((3, 2, 3, 2, 15), 5)]


def parameters(shape, seed=1):
    generator = np.random.default_rng(seed)
    return generator.uniform(0.5, 2, shape), generator.normal(size=shape)


def upstream(shape):
    return np.random.default_rng(7).normal(size=shape)


def of_keras(layer, x, dy, weights):
    """Output of a Keras layer, and the gradients with respect to input and weights of a loss weighted by `dy`."""
    x = tf.constant(x)
    layer.build(x.shape)
    layer.set_weights(weights)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
        loss = tf.reduce_sum(y * tf.constant(dy, x.dtype))
    gradients = tape.gradient(loss, [x, *layer.trainable_variables])
    return [np.array(value) for value in (y, *gradients)]


def same(ours, theirs):
    tolerance = TOLERANCE["float32" if theirs[0].dtype == np.float32 else "float64"]
    for one, other in zip(ours, theirs, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, **tolerance)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("shape", "axes"), LAYER_CASES)
def test_layer_norm_is_keras_layer_normalization_with_gradients(shape, axes, dtype):
    x, dy = random(shape, scale=2, dtype=dtype), upstream(shape)
    gamma, beta = parameters(tuple(shape[axis] for axis in axes))
    y, cache = variants.layernorm(x, gamma, beta, axes=axes)
    theirs = of_keras(keras.layers.LayerNormalization(list(axes), dtype=dtype().dtype.name), x, dy, [gamma, beta])
    same((y, *variants.backward(dy, cache)), theirs)


@pytest.mark.parametrize(("shape", "groups"), GROUP_CASES)
def test_group_norm_is_keras_group_normalization_with_gradients(shape, groups):
    x, dy = random(shape, scale=2), upstream(shape)
    gamma, beta = parameters(shape[-1:])
    y, cache = variants.groupnorm(x, gamma, beta, groups=groups)
    theirs = of_keras(keras.layers.GroupNormalization(groups, dtype="float64"), x, dy, [gamma, beta])
    same((y, *variants.backward(dy, cache)), theirs)


@pytest.mark.parametrize("shape", SHAPES)
def test_instance_norm_is_keras_group_normalization_with_a_group_for_each_channel(shape):
    x, dy = random(shape, scale=2), upstream(shape)
    gamma, beta = parameters(shape[-1:])
    y, cache = variants.instancenorm(x, gamma, beta)
    theirs = of_keras(keras.layers.GroupNormalization(groups=-1, dtype="float64"), x, dy, [gamma, beta])
    same((y, *variants.backward(dy, cache)), theirs)


@pytest.mark.parametrize("shape", SHAPES)
def test_rms_norm_is_keras_rms_normalization_with_gradients(shape):
    x, dy = random(shape, scale=2), upstream(shape)
    gamma, _ = parameters(shape[-1:])
    y, cache = variants.rmsnorm(x, gamma)
    dx, dgamma, _ = variants.backward(dy, cache)
    same((y, dx, dgamma), of_keras(keras.layers.RMSNormalization(dtype="float64"), x, dy, [gamma]))


@pytest.mark.parametrize("shape", SHAPES)
def test_over_a_channels_set_it_is_the_batch_norm_of_the_other_chapters(shape):
    x, dy = random(shape, scale=2), upstream(shape)
    gamma, beta = parameters(shape[-1:])
    y, cache = variants.normalize(x, gamma, beta, variants.batch_sets(shape))
    expected, _, expected_cache = batchnorm(x, gamma, beta)
    np.testing.assert_allclose(y, expected, **TOLERANCE["float64"])
    for one, other in zip(variants.backward(dy, cache), batchnorm_backward(dy, expected_cache), strict=True):
        np.testing.assert_allclose(one, other, **TOLERANCE["float64"])


def by_definition(x, share):
    """x̂ with epsilon 0.5, by a loop: the set of an element is all those with the same `share(index)`."""
    result = np.empty_like(x)
    for index in np.ndindex(x.shape):
        members = [x[other] for other in np.ndindex(x.shape) if share(other) == share(index)]
        mean = sum(members) / len(members)
        variance = sum((value - mean) ** 2 for value in members) / len(members)
        result[index] = (x[index] - mean) / (variance + 0.5) ** 0.5
    return result


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("batch", lambda i: i[2]),
        ("layer, per example", lambda i: i[0]),
        ("layer, per position", lambda i: i[:2]),
        ("instance", lambda i: (i[0], i[2])),
        ("group", lambda i: (i[0], i[2] // 2)),
    ],
)
def test_each_is_the_definition_with_its_index_set(name, share):
    x = random((3, 2, 4))
    one, zero, whole = np.ones(4), np.zeros(4), (np.ones((2, 4)), np.zeros((2, 4)))
    fast = {
        "batch": lambda: variants.normalize(x, one, zero, variants.batch_sets(x.shape), epsilon=0.5),
        "layer, per example": lambda: variants.layernorm(x, *whole, axes=(1, 2), epsilon=0.5),
        "layer, per position": lambda: variants.layernorm(x, one, zero, epsilon=0.5),
        "instance": lambda: variants.instancenorm(x, one, zero, epsilon=0.5),
        "group": lambda: variants.groupnorm(x, one, zero, groups=2, epsilon=0.5),
    }
    y, cache = fast[name]()
    np.testing.assert_allclose(y, by_definition(x, share), **TOLERANCE["float64"])
    np.testing.assert_array_equal(cache.x_hat, y)


def each(x):
    """Name, function of (x, gamma, beta), and shape of gamma for every variant on x (N, H, W, 6)."""
    per_channel, per_example = x.shape[-1:], x.shape[1:]
    sets = variants.batch_sets(x.shape)
    return {
        "batch": (lambda x, g, b, e: variants.normalize(x, g, b, sets, epsilon=e), per_channel),
        "layer": (lambda x, g, b, e: variants.layernorm(x, g, b, epsilon=e), per_channel),
        "example": (lambda x, g, b, e: variants.layernorm(x, g, b, axes=(1, 2, 3), epsilon=e), per_example),
        "group": (lambda x, g, b, e: variants.groupnorm(x, g, b, groups=3, epsilon=e), per_channel),
        "instance": (lambda x, g, b, e: variants.instancenorm(x, g, b, epsilon=e), per_channel),
        "rms": (lambda x, g, b, e: variants.rmsnorm(x, g, epsilon=e), per_channel),
        "weights": (lambda x, g, b, e: variants.weight_standardization(x, epsilon=e), per_channel),
    }


NAMES = ("batch", "layer", "example", "group", "instance", "rms", "weights")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("epsilon", [1e-3, 0.5])
def test_the_one_backward_is_the_numerical_gradient(name, epsilon):
    x = random((2, 3, 2, 6))
    run, shape = each(x)[name]
    (gamma, beta), dy = parameters(shape), upstream(x.shape)
    dx, dgamma, dbeta = variants.backward(dy, run(x, gamma, beta, epsilon)[1])

    def loss(x=x, gamma=gamma, beta=beta):
        return np.sum(dy * run(x, gamma, beta, epsilon)[0])

    np.testing.assert_allclose(dx, numerical_gradient(lambda v: loss(x=v), x), **TOLERANCE["numerical"])
    if name != "weights":
        np.testing.assert_allclose(dgamma, numerical_gradient(lambda v: loss(gamma=v), gamma), **TOLERANCE["numerical"])
    if name not in ("rms", "weights"):
        np.testing.assert_allclose(dbeta, numerical_gradient(lambda v: loss(beta=v), beta), **TOLERANCE["numerical"])


@pytest.mark.parametrize("name", NAMES)
def test_in_every_set_the_input_gradient_has_no_mean_and_no_component_along_x(name):
    x = random((2, 3, 2, 6))
    run, shape = each(x)[name]
    dx, cache = None, run(x, *parameters(shape), 0)[1]
    dx = variants.backward(upstream(x.shape), cache).x.reshape(cache.sets.shape)
    along = (dx * cache.x_hat.reshape(cache.sets.shape)).sum(axis=cache.sets.axes)
    np.testing.assert_allclose(along, 0, atol=1e-10)
    if name == "rms":
        assert np.abs(dx.sum(axis=cache.sets.axes)).max() > 0.01  # no mean was subtracted
    else:
        np.testing.assert_allclose(dx.sum(axis=cache.sets.axes), 0, atol=1e-10)


def test_layer_norm_keeps_gamma_inside_the_means():
    """With gamma outside, as batch norm may have it, the gradient is another one: the check would notice."""
    x, dy = random((4, 5)), upstream((4, 5))
    gamma, beta = parameters((5,))
    _, (x_hat, inv_std, *_) = variants.layernorm(x, gamma, beta)
    outside = gamma * inv_std * (dy - dy.mean(1, keepdims=True) - x_hat * (dy * x_hat).mean(1, keepdims=True))
    dx = variants.backward(dy, variants.layernorm(x, gamma, beta)[1]).x
    assert np.abs(dx - outside).max() > 0.1


def test_layer_norm_per_position_is_not_group_norm_with_one_group():
    x = random((2, 5, 4, 6))
    per_position = variants.layernorm(x, np.ones(6), np.zeros(6))[0]
    per_example = variants.groupnorm(x, np.ones(6), np.zeros(6), groups=1)[0]
    whole = variants.layernorm(x, np.ones((5, 4, 6)), np.zeros((5, 4, 6)), axes=(1, 2, 3))[0]
    assert np.abs(per_position - per_example).max() > 0.5
    np.testing.assert_allclose(per_example, whole, **TOLERANCE["float64"])


def test_on_one_channel_layer_norm_and_on_one_position_instance_norm_leave_beta():
    x = random((4, 3, 3, 1))
    np.testing.assert_allclose(variants.layernorm(x, [2.0], [0.7])[0], 0.7)
    flat = random((4, 5))
    np.testing.assert_allclose(variants.instancenorm(flat, *parameters((5,)))[0], [parameters((5,))[1]] * 4)


def test_root_mean_square_is_taken_about_zero_and_keeps_the_digits_of_a_large_mean():
    x = random((3, 8), offset=1e4)
    expected = x / np.sqrt(np.mean(x**2, axis=-1, keepdims=True))
    np.testing.assert_allclose(variants.rmsnorm(x, np.ones(8), epsilon=0)[0], expected, rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_axes_of_any_shape_are_keras_layer_normalization(data):
    shape = data.draw(st.lists(st.integers(1, 4), min_size=2, max_size=5))
    axes = data.draw(st.sampled_from([a for n in (1, 2, 3) for a in itertools.combinations(range(len(shape)), n)]))
    x, dy = random(shape, seed=data.draw(st.integers(0, 999))), upstream(shape)
    gamma, beta = parameters(tuple(shape[axis] for axis in axes))
    y, cache = variants.layernorm(x, gamma, beta, axes=axes, epsilon=0.1)
    layer = keras.layers.LayerNormalization(axis=list(axes), epsilon=0.1, dtype="float64")
    same((y, *variants.backward(dy, cache)), of_keras(layer, x, dy, [gamma, beta]))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_results_have_the_dtype_of_the_input_and_of_gamma(dtype):
    x = random((2, 3, 4)).astype(dtype)
    y, cache = variants.groupnorm(x, np.ones(4, np.float32), np.zeros(4, np.float32), groups=2)
    gradients = variants.backward(np.ones_like(x), cache)
    assert (y.dtype, gradients.x.dtype) == (dtype, dtype)
    assert gradients.gamma.dtype == gradients.beta.dtype == np.float32


def test_integers_become_float64_and_arguments_stay():
    x = np.arange(12).reshape(2, 6)
    before = x.copy()
    y, cache = variants.groupnorm(x, np.ones(6), np.zeros(6), groups=2)
    dy = np.ones_like(y)
    variants.backward(dy, cache)
    assert y.dtype == np.float64
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(dy, 1)


def test_float32_survives_a_large_mean():
    x = random((2, 64, 64, 4), offset=1e4, dtype=np.float32)
    y = variants.instancenorm(x, np.ones(4), np.zeros(4))[0]
    expected = variants.instancenorm(x.astype(np.float64), np.ones(4), np.zeros(4))[0]
    np.testing.assert_allclose(y, expected, **TOLERANCE["float32"])


def test_bad_input_is_named():
    x, gamma, beta = np.ones((2, 3, 6)), np.ones(6), np.zeros(6)
    with pytest.raises(ValueError, match="expected groups that divide 6 channels, received 4"):
        variants.groupnorm(x, gamma, beta, groups=4)
    with pytest.raises(ValueError, match="expected groups of at least 1, received 0"):
        variants.groupnorm(x, gamma, beta, groups=0)
    with pytest.raises(TypeError, match="expected groups to be an integer, received 2.0"):
        variants.groupnorm(x, gamma, beta, groups=2.0)
    with pytest.raises(ValueError, match=r"expected x of shape \(N, \.\.\., C\), received \(6,\)"):
        variants.groupnorm(gamma, gamma, beta, groups=2)
    with pytest.raises(ValueError, match=r"expected gamma of shape \(3, 6\), received \(6,\)"):
        variants.layernorm(x, gamma, beta, axes=(1, 2))
    with pytest.raises(ValueError, match=r"expected beta of shape \(6,\), received \(5,\)"):
        variants.layernorm(x, gamma, beta[:5])
    with pytest.raises(ValueError, match=r"expected gamma of shape \(6,\), received \(1, 6\)"):
        variants.rmsnorm(x, gamma[None])
    with pytest.raises(ValueError, match="axis 3 is out of bounds"):
        variants.layernorm(x, gamma, beta, axes=3)
    with pytest.raises(ValueError, match="repeated axis"):
        variants.layernorm(x, gamma, beta, axes=(-1, 2))
    with pytest.raises(ValueError, match="expected epsilon between 0 and inf, received -1"):
        variants.layernorm(x, gamma, beta, epsilon=-1)
    with pytest.raises(ValueError, match="received a variance of 0 with epsilon 0"):
        variants.layernorm(x, gamma, beta, epsilon=0)
    with pytest.raises(ValueError, match="expected gamma of 6 elements, received"):
        variants.normalize(x, gamma[:5], beta, variants.batch_sets(x.shape))
    with pytest.raises(TypeError, match="expected x to hold real numbers"):
        variants.instancenorm(x + 1j, gamma, beta)
    with pytest.raises(ValueError, match="expected x with at least one element"):
        variants.layernorm(x[:0], gamma, beta)
    _, cache = variants.layernorm(x, gamma, beta)
    with pytest.raises(ValueError, match=r"expected dy of shape \(2, 3, 6\), received \(2, 18\)"):
        variants.backward(x.reshape(2, 18), cache)
