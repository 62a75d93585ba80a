"""Batch normalization in training, against slow loops, TensorFlow and Keras."""

import math
import re

import numpy as np
import pytest
from common import SHAPES, TOLERANCE, random
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from bncourse import plots
from bncourse._channels import channel_sum, channelwise
from bncourse.forward import Cache, Moments, batchnorm, moments, normalize

EPSILON = 1e-3
# In one block and in several; the last block of UNEVEN is not full.
SMALL, LARGE, UNEVEN = (50, 4, 5, 7), (100, 16, 16, 8), (41_111, 7)


def parameters(channels, dtype=np.float64):
    """gamma and beta away from 1 and 0, different in each channel."""
    return (np.linspace(0.5, 2.0, channels).astype(dtype), np.linspace(-1.0, 3.0, channels).astype(dtype))


def slow_batchnorm(x, gamma, beta, epsilon):
    """y, mean, variance and x̂ by exactly rounded sums, one channel and one number after the other."""
    x = np.asarray(x)
    y, x_hat = np.empty(x.shape), np.empty(x.shape)
    mean, variance = np.empty(x.shape[-1]), np.empty(x.shape[-1])
    for c in range(x.shape[-1]):
        values = [float(v) for v in x[..., c].ravel()]
        mean[c] = math.fsum(values) / len(values)
        variance[c] = math.fsum((v - mean[c]) ** 2 for v in values) / len(values)
        for index in np.ndindex(x.shape[:-1]):
            x_hat[(*index, c)] = (float(x[(*index, c)]) - mean[c]) / math.sqrt(variance[c] + epsilon)
            y[(*index, c)] = gamma[c] * x_hat[(*index, c)] + beta[c]
    return y, mean, variance, x_hat


features = hnp.arrays(
    dtype=st.sampled_from([np.float32, np.float64]),
    shape=hnp.array_shapes(min_dims=1, max_dims=5, max_side=5),
    elements=st.floats(-1e4, 1e4, width=32, allow_subnormal=False),
)


@settings(max_examples=60, deadline=None)
@given(x=features, epsilon=st.sampled_from([1e-5, 1e-3, 0.3]))
def test_every_number_agrees_with_a_slow_loop(x, epsilon):
    gamma, beta = parameters(x.shape[-1])
    y, batch, cache = batchnorm(x, gamma, beta, epsilon=epsilon)
    expected, mean, variance, x_hat = slow_batchnorm(x, gamma, beta, epsilon)
    assert_allclose(batch.mean, mean, rtol=1e-12, atol=1e-12)
    assert_allclose(batch.variance, variance, rtol=1e-12, atol=1e-15)
    assert_allclose(cache.inv_std, 1 / np.sqrt(variance + epsilon), rtol=1e-12)
    # Rounding the mean to float64 leaves 1e-12 of x at most, which sqrt(1e-5) magnifies 300 times.
    tolerance = dict(rtol=1e-6, atol=1e-6) if x.dtype == np.float32 else dict(rtol=1e-9, atol=1e-9)
    assert_allclose(y, expected, **tolerance)
    assert_allclose(cache.x_hat, x_hat, **tolerance)
    assert_allclose(normalize(x, batch, gamma, beta, epsilon=epsilon), y, **TOLERANCE["exact"])
    assert y.dtype == cache.x_hat.dtype == x.dtype


@settings(max_examples=30, deadline=None)
@given(x=features, seed=st.integers(0, 1000))
def test_order_of_the_examples_and_a_shift_of_the_data_change_nothing(x, seed):
    gamma, beta = parameters(x.shape[-1])
    y, batch, _ = batchnorm(x.astype(np.float64), gamma, beta)
    order = np.random.default_rng(seed).permutation(len(x))
    if x.ndim > 1:
        assert_allclose(batchnorm(x.astype(np.float64)[order], gamma, beta)[0], y[order], rtol=1e-8, atol=1e-8)
    shifted, other, _ = batchnorm(x.astype(np.float64) + 50, gamma, beta)
    assert_allclose(shifted, y, rtol=1e-8, atol=1e-8)
    assert_allclose(other.mean, batch.mean + 50, rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize("shape", [*SHAPES, SMALL, (1, 1, 3), (2, 3, 4, 2, 3)])
@pytest.mark.parametrize("epsilon", [1e-5, 1e-3, 0.5])
def test_training_output_and_statistics_agree_with_keras(shape, epsilon):
    keras = pytest.importorskip("keras")
    x, (gamma, beta) = random(shape, offset=2.0), parameters(shape[-1])
    layer = keras.layers.BatchNormalization(momentum=0.0, epsilon=epsilon, dtype="float64")
    layer.build(shape)
    layer.set_weights([gamma, beta, np.zeros(shape[-1]), np.ones(shape[-1])])
    y, batch, _ = batchnorm(x, gamma, beta, epsilon=epsilon)
    assert_allclose(y, layer(x, training=True).numpy(), **TOLERANCE["float64"])
    # With momentum 0 Keras's moving statistics are those of the last batch.
    assert_allclose(batch.mean, layer.moving_mean.numpy(), **TOLERANCE["float64"])
    assert_allclose(batch.variance, layer.moving_variance.numpy(), **TOLERANCE["float64"])


@pytest.mark.parametrize("shape", [SHAPES[1], (64, 9, 9, 16)])
def test_training_output_agrees_with_tensorflows_fused_kernel(shape):
    tf = pytest.importorskip("tensorflow")
    x, (gamma, beta) = random(shape, dtype=np.float32), parameters(shape[-1], np.float32)
    y, batch, _ = batchnorm(x, gamma, beta, epsilon=EPSILON)
    with tf.device("/CPU:0"):
        fused = tf.raw_ops.FusedBatchNormV3(x=x, scale=gamma, offset=beta, mean=[], variance=[], epsilon=EPSILON)
    m = x.size // x.shape[-1]
    biased = fused.batch_variance * (m - 1) / m  # the kernel divides by m - 1
    tolerance = dict(rtol=1e-4, atol=1e-4)  # and sums in float32
    assert_allclose(y, fused.y, **tolerance)
    assert_allclose(batch.mean, fused.batch_mean, **tolerance)
    assert_allclose(batch.variance, biased, **tolerance)


def test_the_default_epsilon_is_that_of_keras():
    x = np.array([[-1.0], [1.0]]) * 1e-3**0.5  # variance 0.001, as large as epsilon
    expected = np.array([[-1.0], [1.0]]) / 2**0.5
    y, batch, _ = batchnorm(x, [1], [0])
    assert_allclose(y, expected, **TOLERANCE["float64"])
    assert_allclose(normalize(x, batch, [1], [0]), expected, **TOLERANCE["float64"])
    assert_allclose(batchnorm([[0.0], [1.0]], [1], [0], epsilon=0.25)[0], expected, **TOLERANCE["float64"])


@pytest.mark.parametrize("shape", [(4, 3, 5, 2), LARGE])
@pytest.mark.parametrize("axes", [0, -1, (1, 2), (3, 1), (1, 2, 3), (0, 1, 2, 3), ()])
@pytest.mark.parametrize("keepdims", [False, True])
def test_axes_and_keepdims_mean_what_they_mean_in_numpy(shape, axes, keepdims):
    x = random(shape, dtype=np.float32)
    ours, exact, how = moments(x, axes, keepdims=keepdims), x.astype(np.float64), dict(axis=axes, keepdims=keepdims)
    assert_allclose(ours.mean, exact.mean(**how), **TOLERANCE["float64"], strict=True)
    assert_allclose(ours.variance, exact.var(**how), **TOLERANCE["float64"], strict=True)


@pytest.mark.parametrize("axes", [(0,), (0, 1), (1, 2), (1, 2, 3), ()])
@pytest.mark.parametrize("keepdims", [False, True])
def test_moments_over_given_axes_agree_with_tensorflow(axes, keepdims):
    tf = pytest.importorskip("tensorflow")
    x = random((4, 3, 5, 2))
    ours, theirs = moments(x, axes, keepdims=keepdims), tf.nn.moments(x, axes, keepdims=keepdims)
    for mine, tensor in zip(ours, theirs, strict=True):
        assert_allclose(mine, tensor.numpy(), **TOLERANCE["float64"], strict=True)


def test_moments_per_sample_normalize_as_layer_normalization():
    keras = pytest.importorskip("keras")
    x, (gamma, beta) = random((6, 5)), parameters(5)
    layer = keras.layers.LayerNormalization(epsilon=EPSILON, dtype="float64")
    layer.build(x.shape)
    layer.set_weights([gamma, beta])
    y = normalize(x, moments(x, axes=-1, keepdims=True), gamma, beta, epsilon=EPSILON)
    assert_allclose(y, layer(x), **TOLERANCE["float64"])


@pytest.mark.parametrize("shape", [SMALL, LARGE, UNEVEN])
@pytest.mark.parametrize("scale", [1.0, 1e-2])
def test_float32_statistics_and_output_are_exact_at_a_mean_of_10000(shape, scale):
    x, (gamma, beta) = random(shape, dtype=np.float32, scale=scale, offset=1e4), parameters(shape[-1], np.float32)
    y, batch, cache = batchnorm(x, gamma, beta, epsilon=1e-6)
    exact = x.astype(np.float64)
    axes = tuple(range(x.ndim - 1))
    mean, variance = exact.mean(axis=axes), exact.var(axis=axes)
    assert_allclose(batch.mean, mean, rtol=1e-13)
    assert_allclose(batch.variance, variance, rtol=1e-10)
    x_hat = (exact - mean) / np.sqrt(variance + 1e-6)
    assert_allclose(cache.x_hat, x_hat, rtol=1e-6, atol=1e-6)
    assert_allclose(y, gamma * x_hat + beta, rtol=1e-6, atol=1e-6)
    assert y.dtype == cache.x_hat.dtype == np.float32


@pytest.mark.parametrize("shape", [SMALL, LARGE])
def test_a_tiny_variance_is_not_lost(shape):
    x, (gamma, beta) = random(shape, dtype=np.float64) % 1 * 1e-6, parameters(shape[-1])
    x = x.astype(np.float32)
    y, batch, _ = batchnorm(x, gamma, beta, epsilon=1e-12)
    exact = x.astype(np.float64)
    axes = tuple(range(x.ndim - 1))
    assert_allclose(batch.variance, exact.var(axis=axes), rtol=1e-10)
    expected = gamma * (exact - exact.mean(axis=axes)) / np.sqrt(exact.var(axis=axes) + 1e-12) + beta
    assert_allclose(y, expected, rtol=1e-5, atol=1e-5)


def test_large_float64_arrays_keep_double_precision():
    x, (gamma, beta) = random(LARGE, offset=1e3), parameters(LARGE[-1])
    y, batch, cache = batchnorm(x, gamma, beta, epsilon=0)
    x_hat = (x - x.mean(axis=(0, 1, 2))) / x.std(axis=(0, 1, 2))
    assert_allclose(batch.variance, x.var(axis=(0, 1, 2)), rtol=1e-12)
    assert_allclose(cache.x_hat, x_hat, rtol=1e-10, atol=1e-10)
    assert_allclose(y, gamma * x_hat + beta, rtol=1e-10, atol=1e-10)


def test_layout_in_memory_changes_nothing():
    x, (gamma, beta) = random(LARGE, dtype=np.float32), parameters(LARGE[-1], np.float32)
    expected = batchnorm(x, gamma, beta)[0]
    channels_first = np.ascontiguousarray(np.moveaxis(x, -1, 1))
    for same in (np.moveaxis(channels_first, 1, -1), np.asfortranarray(x), np.repeat(x, 2, axis=0)[::2]):
        assert_array_equal(same, x)
        y, _, cache = batchnorm(same, gamma, beta)
        assert_allclose(y, expected, rtol=1e-6, atol=1e-6)
        assert_allclose(gamma * cache.x_hat + beta, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("shape", [(16, 6), SMALL, LARGE])
def test_float16_neither_overflows_nor_loses_the_mean(shape):
    x, (gamma, beta) = random(shape, dtype=np.float16, scale=100.0, offset=2e3), parameters(shape[-1])
    y, batch, cache = batchnorm(x, gamma, beta)
    exact = x.astype(np.float64)
    axes = tuple(range(x.ndim - 1))
    assert_allclose(batch.variance, exact.var(axis=axes), rtol=1e-12)
    assert_allclose(y, gamma * (exact - batch.mean) / np.sqrt(batch.variance + 1e-3) + beta, rtol=2e-3, atol=2e-3)
    assert y.dtype == cache.x_hat.dtype == np.float16


@pytest.mark.parametrize("shape", SHAPES)
def test_output_has_mean_beta_and_standard_deviation_gamma(shape):
    gamma, beta = parameters(shape[-1])
    y, _, _ = batchnorm(random(shape), -gamma, beta, epsilon=0)
    axes = tuple(range(len(shape) - 1))
    assert_allclose(y.mean(axis=axes), beta, **TOLERANCE["float64"])
    assert_allclose(y.std(axis=axes), gamma, **TOLERANCE["float64"])


@pytest.mark.parametrize("shape", [(1, 4), (4,), (1, 1, 1, 4)])
def test_a_batch_of_one_gives_beta(shape):
    gamma, beta = parameters(4)
    y, batch, cache = batchnorm(random(shape), gamma, beta)
    assert_array_equal(y, np.broadcast_to(beta, shape))
    assert_array_equal(batch.mean, random(shape).reshape(-1))
    assert_array_equal(batch.variance, np.zeros(4))
    assert_array_equal(cache.x_hat, np.zeros(shape))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_constant_feature_gives_beta(dtype):
    x, (gamma, beta) = random((50, 3), dtype=dtype), parameters(3, dtype)
    x[:, 1] = 0.1
    y, batch, _ = batchnorm(x, gamma, beta)
    assert_allclose(y[:, 1], beta[1], rtol=1e-6)
    assert batch.variance[1] < 1e-30


def test_integers_are_promoted_to_float64():
    y, batch, cache = batchnorm(np.arange(1, 10).reshape(3, 3), np.ones(3, int), [0, 0, 0], epsilon=0)
    assert_allclose(y, np.repeat([[-(1.5**0.5)], [0.0], [1.5**0.5]], 3, axis=1), **TOLERANCE["float64"])
    assert_array_equal(batch.mean, [4, 5, 6])
    assert_array_equal(batch.variance, [6, 6, 6])
    assert y.dtype == cache.x_hat.dtype == cache.gamma.dtype == np.float64


@pytest.mark.parametrize("shape", [(8, 3), LARGE])
def test_statistics_are_float64_and_gamma_is_kept_as_it_came(shape):
    x, (gamma, beta) = random(shape, dtype=np.float32), parameters(shape[-1], np.float32)
    _, batch, cache = batchnorm(x, gamma, beta)
    assert isinstance(batch, Moments) and isinstance(cache, Cache)
    assert batch.mean.dtype == batch.variance.dtype == cache.inv_std.dtype == np.float64
    assert cache.gamma.dtype == np.float32
    assert_array_equal(cache.gamma, gamma)
    assert batchnorm(x, gamma.astype(np.float64), beta.astype(np.float64))[0].dtype == np.float32


def test_float32_moments_lose_nothing_on_the_way():
    x = random((40, 3), dtype=np.float32, offset=1e4)
    rounded = Moments(*(m.astype(np.float32) for m in moments(x)))
    gamma, beta = parameters(3, np.float32)
    expected = gamma * (x.astype(np.float64) - rounded.mean) / np.sqrt(rounded.variance + np.float64(EPSILON)) + beta
    assert_allclose(normalize(x, rounded, gamma, beta, epsilon=EPSILON), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("shape", [(8, 3), LARGE])
def test_nothing_is_changed_in_place(shape):
    arguments = [random(shape, dtype=np.float32), *parameters(shape[-1], np.float32)]
    copies = [a.copy() for a in arguments]
    _, batch, _ = batchnorm(*arguments)
    kept = Moments(*(m.copy() for m in batch))
    moments(arguments[0])
    normalize(arguments[0], batch, *arguments[1:])
    for now, before in zip([*arguments, *batch], [*copies, *kept], strict=True):
        assert_array_equal(now, before)


def test_not_a_number_stays_in_its_channel():
    x, (gamma, beta) = random((8, 3)), parameters(3)
    x[2, 1] = np.nan
    y, _, _ = batchnorm(x, gamma, beta)
    assert np.isnan(y[:, 1]).all() and np.isfinite(y[:, [0, 2]]).all()


X, ONE = np.ones((4, 3)), np.ones(3)


@pytest.mark.parametrize(
    ("x", "gamma", "beta", "epsilon", "error", "message"),
    [
        (X, np.ones(4), ONE, 1e-3, ValueError, "expected gamma of shape (3,), received (4,)"),
        (X, ONE, np.ones((1, 3)), 1e-3, ValueError, "expected beta of shape (3,), received (1, 3)"),
        (X, 1.0, ONE, 1e-3, ValueError, "expected gamma of shape (3,), received ()"),
        (5.0, ONE, ONE, 1e-3, ValueError, "expected x of shape (..., C), received a scalar"),
        (np.ones((0, 3)), ONE, ONE, 1e-3, ValueError, "expected x with at least one element, received shape (0, 3)"),
        (X[:, :0], ONE, ONE, 1e-3, ValueError, "expected x with at least one element, received shape (4, 0)"),
        (X, ONE, ONE, -1e-3, ValueError, "expected epsilon between 0 and inf, received -0.001"),
        (X, ONE, ONE, math.nan, ValueError, "expected epsilon between 0 and inf, received nan"),
        (X, ONE, ONE, 0, ValueError, "expected variance + epsilon above 0, received a variance of 0 with epsilon 0"),
        (X, ONE, ONE, "0.1", TypeError, "expected epsilon to be a real number, received '0.1'"),
        (X * 1j, ONE, ONE, 1e-3, TypeError, "expected x to hold real numbers, received dtype complex128"),
        ([["a", "b"]], ONE, ONE, 1e-3, TypeError, "expected x to hold real numbers, received dtype <U1"),
        (X, ONE * 1j, ONE, 1e-3, TypeError, "expected gamma to hold real numbers, received dtype complex128"),
        (X, ONE, [None] * 3, 1e-3, TypeError, "expected beta to hold real numbers, received dtype object"),
    ],
)
def test_bad_input_is_named(x, gamma, beta, epsilon, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        batchnorm(x, gamma, beta, epsilon=epsilon)
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        normalize(x, Moments(np.zeros(3), np.zeros(3)), gamma, beta, epsilon=epsilon)


@pytest.mark.parametrize(
    ("statistics", "error", "message"),
    [
        ((np.zeros(4), ONE), ValueError, "expected mean of shape (3,), received (4,)"),
        ((np.zeros(1), np.ones(1)), ValueError, "expected mean of shape (3,), received (1,)"),
        ((np.zeros((2, 3)), np.ones((2, 3))), ValueError, "expected mean of shape (3,), received (2, 3)"),
        ((np.zeros((1, 1, 3)), np.ones((1, 1, 3))), ValueError, "expected mean of shape (3,), received (1, 1, 3)"),
        ((np.zeros(3), np.ones(1)), ValueError, "expected variance of shape (3,), received (1,)"),
        ((np.zeros(3), [1.0, -2.0, 1.0]), ValueError, "expected variance of at least 0, received -2.0"),
        ((np.zeros(3), ONE * 1j), TypeError, "expected variance to hold real numbers, received dtype complex128"),
        ((ONE * 1j, ONE), TypeError, "expected mean to hold real numbers, received dtype complex128"),
    ],
)
def test_bad_moments_are_named(statistics, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        normalize(X, statistics, ONE, ONE)


@pytest.mark.parametrize("x", [np.ones((0, 3)), 5.0])
def test_moments_need_at_least_one_number_per_channel(x):
    with pytest.raises(ValueError, match="expected x"):
        moments(x)
    with pytest.raises(ValueError, match="out of bounds"):
        moments(X, axes=2)


@pytest.mark.parametrize("shape", [(8, 3), (3,), LARGE, UNEVEN, (5, 40_000), (1, 200_000)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_formulas_computed_in_blocks_equal_the_same_formulas_at_once(shape, dtype):
    generator = np.random.default_rng(1)
    a, b = (generator.normal(1, 2, shape).astype(dtype) for _ in range(2))
    mean, scale = generator.normal(1, 1, (2, shape[-1]))
    wide, other = a.astype(np.float64), b.astype(np.float64)

    def formula(a, b, mean, scale):
        return (a - mean) * scale + b

    expected = formula(wide, other, mean, scale)
    axes = tuple(range(a.ndim - 1))
    tolerance = dict(rtol=2e-3 if dtype == np.float16 else 1e-6, atol=1e-6 * np.abs(expected).max())
    assert_allclose(channelwise(formula)(a, b, mean, scale), expected, **tolerance)
    assert channelwise(formula)(a, b, mean, scale).dtype == dtype
    sums = channel_sum(formula)(a, b, mean, scale)
    assert_allclose(sums, expected.sum(axis=axes), rtol=1e-6, atol=1e-6 * np.abs(expected).sum(axis=axes).max())
    assert sums.dtype == np.float64
    both = channel_sum(lambda a, b: (a, b))(a, b)
    assert_allclose(
        both, (wide.sum(axis=axes), other.sum(axis=axes)), rtol=1e-9, atol=1e-9 * np.abs(wide).sum(axis=axes).max()
    )


# The figures: what they draw is what they were given.


def test_channel_ranges_draw_percentiles():
    x = np.stack([np.arange(101.0), 10 + 2 * np.arange(101.0)], axis=-1)  # (101, 2)
    ax = plots.channel_ranges(x, offset=0.25)
    thin, thick = ax.collections
    assert_allclose([s[:, 0] for s in thin.get_segments()], [[5, 95], [20, 200]])
    assert_allclose([s[:, 0] for s in thick.get_segments()], [[25, 75], [60, 160]])
    assert_allclose(ax.lines[0].get_xydata(), [[50, 0.25], [110, 1.25]])


def test_number_lines_join_each_number_with_what_becomes_of_it():
    ax = plots.number_lines({"x": [1, 5], "half": [0.5, 2.5], "y": [7, 8]})
    threads = [line.get_xydata() for line in ax.lines if len(line.get_xdata()) == 3]
    assert_allclose(threads, [[[1, 0], [0.5, -1], [7, -2]], [[5, 0], [2.5, -1], [8, -2]]])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["x", "half", "y"]


def test_cells_that_share_a_mean_share_a_color():
    groups = np.indices((3, 4))[1]
    colors = np.asarray(plots.averaged_together(groups).images[0].get_array())
    assert_array_equal(colors, np.broadcast_to(colors[:1], colors.shape))
    assert len(np.unique(colors[0], axis=0)) == 4


def test_mean_map_has_zero_in_the_middle():
    ax = plots.mean_map([[0.5, -2.0]], limit=3)
    assert ax.images[0].get_clim() == (-3, 3)
    assert_array_equal(ax.images[0].get_array(), [[0.5, -2.0]])


def test_histogram_and_normal_curve_have_the_same_area():
    ax = plots.shape_against_normal(np.random.default_rng(0).standard_normal(5000))
    width = ax.patches[0].get_width()
    heights, curve = np.array([p.get_height() for p in ax.patches]), ax.lines[0].get_ydata()
    assert heights.sum() * width == pytest.approx(1)
    assert curve.sum() * width == pytest.approx(1, abs=1e-3)
    assert np.abs(heights - (curve[1:] + curve[:-1]) / 2).max() < 0.08


def test_curves_of_spread_and_of_errors_are_the_given_ones():
    x = np.array([0.01, 1.0, 100.0])
    ax = plots.output_spread(x, {"a": (x**2, "red"), "b": (x / 3, "blue")})
    assert_allclose([line.get_ydata() for line in ax.lines], [x**2, x / 3])
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["a", "b"]
    ax = plots.relative_errors(x, {"two passes": (np.array([0.0, 1e-3, 2.0]), "red")})
    assert_allclose(ax.lines[0].get_ydata(), [1e-17, 1e-3, 2.0])
