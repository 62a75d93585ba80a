"""The gradient of batch normalization against four independent routes: slow loops, differences, TensorFlow, algebra."""

import numpy as np
import pytest
from common import SHAPES, TOLERANCE, random
from hypothesis import given, settings
from hypothesis import strategies as st

from bncourse.backward import (
    Gradients,
    batchnorm_backward,
    batchnorm_backward_graph,
    batchnorm_inference_backward,
    numerical_gradient,
)
from bncourse.forward import Cache, Moments, batchnorm
from bncourse.inference import batchnorm_inference

BOTH = pytest.mark.parametrize("backward", [batchnorm_backward, batchnorm_backward_graph])
EPSILON = 0.5  # large, so that a forgotten epsilon shows


def problem(shape, seed=0, dtype=np.float64, **kwargs):
    """x, gamma, beta and a random dy; gamma and beta away from 1 and 0, one gamma negative."""
    generator = np.random.default_rng(seed + 1)
    channels = shape[-1]
    x = random(shape, seed, dtype, **kwargs)
    gamma = (generator.uniform(0.5, 2, channels) * np.where(np.arange(channels) % 2, -1, 1)).astype(dtype)
    beta = generator.normal(size=channels).astype(dtype)
    dy = generator.normal(0.7, 1, size=shape).astype(dtype)
    return x, gamma, beta, dy


def loop_gradients(x, dy, gamma, epsilon):
    """dx[i] from the full Jacobian of one channel at a time, element by element in Python numbers."""
    channels = x.shape[-1]
    columns, upstream = x.reshape(-1, channels).astype(float), dy.reshape(-1, channels).astype(float)
    dx, dgamma, dbeta = np.zeros_like(columns), np.zeros(channels), np.zeros(channels)
    for c in range(channels):
        values = [float(v) for v in columns[:, c]]
        m = len(values)
        mean = sum(values) / m
        std = (sum((v - mean) ** 2 for v in values) / m + epsilon) ** 0.5
        for j in range(m):
            dgamma[c] += upstream[j, c] * (values[j] - mean) / std
            dbeta[c] += upstream[j, c]
            for i in range(m):
                direct = (i == j) - 1 / m
                through_std = (values[j] - mean) * (values[i] - mean) / (m * std**2)
                dx[i, c] += upstream[j, c] * float(gamma[c]) * (direct - through_std) / std
    return Gradients(dx.reshape(x.shape), dgamma, dbeta)


def check(gradients, expected, tolerance):
    for name, ours, theirs in zip(Gradients._fields, gradients, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, **TOLERANCE[tolerance], err_msg=name)


@BOTH
@pytest.mark.parametrize("shape", [*SHAPES, (5, 2, 2), (2, 2, 2, 2, 3), (3,), (1, 3), (2, 3)])
def test_gradients_equal_the_full_jacobian_summed_in_loops(backward, shape):
    x, gamma, beta, dy = problem(shape)
    _, _, cache = batchnorm(x, gamma, beta, epsilon=EPSILON)
    check(backward(dy, cache), loop_gradients(x, dy, gamma, EPSILON), "float64")


@BOTH
@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_equal_central_differences_of_a_random_weighted_loss(backward, shape):
    x, gamma, beta, dy = problem(shape)

    def loss(x, gamma, beta):
        return np.sum(dy * batchnorm(x, gamma, beta, epsilon=EPSILON)[0])

    _, _, cache = batchnorm(x, gamma, beta, epsilon=EPSILON)
    expected = Gradients(
        numerical_gradient(lambda v: loss(v, gamma, beta), x),
        numerical_gradient(lambda v: loss(x, v, beta), gamma),
        numerical_gradient(lambda v: loss(x, gamma, v), beta),
    )
    check(backward(dy, cache), expected, "numerical")


@BOTH
@pytest.mark.parametrize("offset, scale", [(0.0, 1.0), (1e4, 1.0), (0.0, 1e-3)], ids=["usual", "mean", "variance"])
@pytest.mark.parametrize("shape", [(8, 3), (3, 5, 4, 3), (4, 36, 36, 32)], ids=str)
def test_gradients_equal_those_of_tensorflow(backward, shape, offset, scale):
    tf = pytest.importorskip("tensorflow")
    x, gamma, beta, dy = problem(shape, dtype=np.float32, offset=offset, scale=scale)
    if offset == 0:
        x = x - np.arange(shape[-1], dtype=np.float32)  # small variances need small means to exist in float32
    _, _, cache = batchnorm(x, gamma, beta)
    with tf.device("/CPU:0"), tf.GradientTape() as tape:
        inputs = [tf.Variable(v.astype(np.float64)) for v in (x, gamma, beta)]
        mean, variance = tf.nn.moments(inputs[0], axes=list(range(len(shape) - 1)))
        y = tf.nn.batch_normalization(inputs[0], mean, variance, inputs[2], inputs[1], 1e-3)
        loss = tf.reduce_sum(dy.astype(np.float64) * y)
    for ours, theirs in zip(backward(dy, cache), tape.gradient(loss, inputs), strict=True):
        theirs = theirs.numpy()
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-5 * np.abs(theirs).max())


@settings(max_examples=60, deadline=None)
@given(
    batch=st.lists(st.integers(1, 4), max_size=4),
    channels=st.integers(1, 4),
    epsilon=st.floats(1e-5, 2),
    seed=st.integers(0, 2**20),
)
def test_closed_form_and_graph_agree_in_every_shape(batch, channels, epsilon, seed):
    x, gamma, beta, dy = problem((*batch, channels), seed)
    _, _, cache = batchnorm(x, gamma, beta, epsilon=epsilon)
    check(batchnorm_backward(dy, cache), batchnorm_backward_graph(dy, cache), "float64")


@BOTH
@settings(max_examples=30, deadline=None)
@given(batch=st.integers(2, 40), seed=st.integers(0, 2**20), offset=st.sampled_from([0.0, 10.0, 1e4]))
def test_input_gradient_loses_its_mean_and_what_epsilon_leaves_along_x_hat(backward, batch, seed, offset):
    x, gamma, beta, dy = problem((batch, 3), seed, offset=offset)
    _, batch_moments, cache = batchnorm(x, gamma, beta, epsilon=EPSILON)
    dx, dgamma, _ = backward(dy, cache)
    np.testing.assert_allclose(dx.sum(axis=0), 0, atol=1e-10 * batch)
    left = EPSILON / (batch_moments.variance + EPSILON)
    along = np.sum(dx * cache.x_hat, axis=0)
    np.testing.assert_allclose(along, gamma * cache.inv_std * dgamma * left, **TOLERANCE["float64"])


@BOTH
def test_batch_of_one_gives_no_gradient_to_the_input_and_none_to_gamma(backward):
    x, gamma, beta, dy = problem((1, 3))
    dx, dgamma, dbeta = backward(dy, batchnorm(x, gamma, beta)[2])
    assert np.array_equal(dx, np.zeros((1, 3)))
    assert np.array_equal(dgamma, np.zeros(3))
    np.testing.assert_allclose(dbeta, dy[0], **TOLERANCE["exact"])


@BOTH
def test_batch_of_two_without_epsilon_gives_no_gradient_to_the_input(backward):
    x, gamma, beta, dy = problem((2, 3))
    dx = backward(dy, batchnorm(x, gamma, beta, epsilon=0)[2]).x
    np.testing.assert_allclose(dx, 0, atol=1e-12)


@BOTH
def test_constant_feature_passes_the_centered_gradient(backward):
    x, gamma, beta, dy = problem((6, 3))
    x[:, 1] = 4.0
    dx, dgamma, _ = backward(dy, batchnorm(x, gamma, beta, epsilon=EPSILON)[2])
    expected = gamma[1] / np.sqrt(EPSILON) * (dy[:, 1] - dy[:, 1].mean())
    np.testing.assert_allclose(dx[:, 1], expected, **TOLERANCE["float64"])
    assert dgamma[1] == 0


@BOTH
def test_sum_of_outputs_has_no_gradient_so_it_can_test_nothing(backward):
    x, gamma, beta, dy = problem((8, 3))
    dx = backward(np.ones_like(dy), batchnorm(x, gamma, beta)[2]).x
    np.testing.assert_allclose(dx, 0, atol=1e-12)


@BOTH
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_gradients_have_the_dtypes_of_what_they_belong_to(backward, dtype):
    x, gamma, beta, dy = problem((8, 3), dtype=dtype)
    gradients = backward(dy, batchnorm(x, gamma.astype(np.float32), beta)[2])
    assert [g.dtype for g in gradients] == [dtype, np.float32, np.float32]
    gradients = backward(dy.astype(np.float64), batchnorm(x, gamma, beta)[2])
    assert [g.dtype for g in gradients] == [dtype] * 3


@BOTH
def test_half_precision_sums_do_not_overflow(backward):
    x, gamma, beta, dy = problem((64, 3), dtype=np.float16)
    dy = np.full_like(dy, 3e4)
    dgamma, dbeta = backward(dy, batchnorm(x, gamma.astype(np.float32), beta)[2])[1:]
    np.testing.assert_allclose(dbeta, 64 * np.float64(dy[0]), rtol=1e-6)
    assert np.isfinite(dgamma).all()
    single = np.zeros((64, 3), np.float16)
    single[0] = 3e4
    x_hat = np.full((64, 3), 5, np.float16)  # one product of 1.5e5: more than half precision holds
    cache = Cache(x_hat, np.ones(3), np.ones(3, np.float32))
    np.testing.assert_allclose(backward(single, cache).gamma, 5 * np.float64(single[0]), rtol=1e-6)


@BOTH
def test_integer_gradients_are_accepted(backward):
    x, gamma, beta, _ = problem((4, 3))
    _, _, cache = batchnorm(x, gamma, beta)
    whole = np.arange(12).reshape(4, 3)
    check(backward(whole, cache), backward(whole.astype(float), cache), "exact")
    assert backward([[1, 2, 3]] * 4, cache).x.shape == (4, 3)


@BOTH
def test_nothing_is_changed_in_place(backward):
    for shape, dtype in [((8, 3), np.float64), ((4, 36, 36, 32), np.float32)]:
        x, gamma, beta, dy = problem(shape, dtype=dtype)
        _, _, cache = batchnorm(x, gamma, beta)
        before = [dy.copy(), *(v.copy() for v in cache)]
        backward(dy, cache)
        assert all(np.array_equal(a, b) for a, b in zip(before, [dy, *cache], strict=True))


@pytest.mark.parametrize("shape", [(4, 36, 36, 32), (200_003, 1), (3, 50_001), (2049, 65)], ids=str)
def test_large_float32_arrays_lose_nothing_against_float64(shape):
    x, gamma, beta, dy = problem(shape, dtype=np.float32)
    _, _, cache = batchnorm(x, gamma, beta)
    ours = batchnorm_backward(dy, cache)
    theirs = batchnorm_backward_graph(dy, cache)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=5e-7 * np.abs(b).max())
    assert ours.x.dtype == np.float32


def test_arrays_without_contiguous_memory_give_the_same_gradients():
    x, gamma, beta, dy = problem((4, 36, 36, 32), dtype=np.float32)
    _, _, cache = batchnorm(x, gamma, beta)
    strided = np.asfortranarray(dy)
    check(batchnorm_backward(strided, cache), batchnorm_backward_graph(dy, cache), "float32")


@BOTH
def test_bad_input_is_named(backward):
    x, gamma, beta, dy = problem((4, 3))
    _, _, cache = batchnorm(x, gamma, beta)
    with pytest.raises(ValueError, match=r"expected dy of shape \(4, 3\), received \(4, 2\)"):
        backward(dy[:, :2], cache)
    with pytest.raises(ValueError, match=r"expected dy of shape \(4, 3\), received \(1, 3\)"):
        backward(dy[:1], cache)
    with pytest.raises(TypeError, match="expected dy to hold real numbers, received dtype complex128"):
        backward(dy + 1j, cache)
    with pytest.raises(TypeError, match="expected dy to hold real numbers"):
        backward(dy.astype(str), cache)
    with pytest.raises(ValueError, match=r"expected gamma of shape \(3,\), received \(1,\)"):
        backward(dy, cache._replace(gamma=gamma[:1]))
    with pytest.raises(ValueError, match=r"expected inv_std of shape \(3,\), received \(1,\)"):
        backward(dy, cache._replace(inv_std=cache.inv_std[:1]))


@pytest.mark.parametrize("shape", [*SHAPES, (3,)])
def test_gradients_with_constant_statistics_equal_central_differences(shape):
    x, gamma, beta, dy = problem(shape)
    moving = Moments(np.array([0.3, -2.0, 1.0]), np.array([0.5, 4.0, 0.01]))

    def loss(x, gamma, beta):
        return np.sum(dy * batchnorm_inference(x, gamma, beta, moving, epsilon=EPSILON))

    expected = Gradients(
        numerical_gradient(lambda v: loss(v, gamma, beta), x),
        numerical_gradient(lambda v: loss(x, v, beta), gamma),
        numerical_gradient(lambda v: loss(x, gamma, v), beta),
    )
    check(batchnorm_inference_backward(dy, x, gamma, moving, epsilon=EPSILON), expected, "numerical")


def test_gradients_with_constant_statistics_equal_those_of_a_frozen_keras_layer():
    keras, tf = pytest.importorskip("keras"), pytest.importorskip("tensorflow")
    x, gamma, beta, dy = problem((4, 5, 3, 6), dtype=np.float32)
    moving = Moments(*np.random.default_rng(3).uniform(0.5, 2, (2, 6)))
    layer = keras.layers.BatchNormalization(epsilon=EPSILON)
    layer.build(x.shape)
    layer.set_weights([gamma, beta, *moving])
    with tf.GradientTape() as tape:
        inputs = tf.Variable(x)
        loss = tf.reduce_sum(dy * layer(inputs, training=False))
    expected = tape.gradient(loss, [inputs, layer.gamma, layer.beta])
    ours = batchnorm_inference_backward(dy, x, gamma, moving, epsilon=EPSILON)
    for mine, theirs in zip(ours, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-4)
        assert mine.dtype == np.float32


def test_bad_input_to_the_gradient_in_inference_is_named():
    x, gamma, _, dy = problem((4, 3))
    moving = Moments(np.zeros(3), np.ones(3))
    with pytest.raises(ValueError, match=r"expected dy of shape \(4, 3\), received \(4, 2\)"):
        batchnorm_inference_backward(dy[:, :2], x, gamma, moving)
    with pytest.raises(ValueError, match=r"expected gamma of shape \(3,\), received \(2,\)"):
        batchnorm_inference_backward(dy, x, gamma[:2], moving)
    with pytest.raises(ValueError, match=r"expected moving mean of shape \(3,\), received \(2,\)"):
        batchnorm_inference_backward(dy, x, gamma, Moments(np.zeros(2), np.ones(2)))


def test_numerical_gradient_is_exact_for_a_parabola_and_close_for_a_sine():
    x = np.array([[1.0, -2.0, 0.5]])
    np.testing.assert_allclose(numerical_gradient(lambda v: np.sum(v**2), x), 2 * x, rtol=1e-9)
    np.testing.assert_allclose(numerical_gradient(lambda v: np.sum(np.sin(v)), x), np.cos(x), rtol=1e-9)
    far = numerical_gradient(lambda v: np.sum(v**3), x, step=0.1)
    np.testing.assert_allclose(far, 3 * x**2 + 0.1**2, rtol=1e-9)  # the error of a cubic: step²


def test_numerical_gradient_divides_by_the_step_that_rounding_left():
    x = np.array([123456.789])
    np.testing.assert_allclose(numerical_gradient(lambda v: 3 * v[0], x, step=1e-9), 3, rtol=1e-2)


def test_numerical_gradient_works_in_float64_on_copies():
    x = np.array([1, 2, 3], dtype=np.int32)
    seen = []

    def f(v):
        seen.append(v.dtype)
        v *= 2  # even a function that spoils its argument
        return v.sum()

    np.testing.assert_allclose(numerical_gradient(f, x), 2, rtol=1e-9)
    assert set(seen) == {np.dtype(np.float64)}
    assert x.tolist() == [1, 2, 3]
    single = numerical_gradient(lambda v: v**2, np.float32(3))
    assert single.shape == () and single.dtype == np.float64
    np.testing.assert_allclose(single, 6, rtol=1e-9)


def test_numerical_gradient_names_bad_input():
    x = np.ones(3)
    with pytest.raises(ValueError, match=r"expected f to return one number, received shape \(3,\)"):
        numerical_gradient(lambda v: v, x)
    for step in (0, -1e-5, np.inf, np.nan):
        with pytest.raises(ValueError, match="step"):
            numerical_gradient(np.sum, x, step=step)
    with pytest.raises(TypeError, match="step"):
        numerical_gradient(np.sum, x, step="small")
    with pytest.raises(TypeError, match="expected x to hold real numbers"):
        numerical_gradient(np.sum, x + 1j)
