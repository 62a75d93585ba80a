"""Batch normalization in inference, against slow loops, Keras and the statistics of the whole set."""

import math
import re

import numpy as np
import pytest
from common import SHAPES, TOLERANCE, random
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from bncourse import plots
from bncourse.forward import Moments, batchnorm, moments
from bncourse.inference import batchnorm_inference, recalibrate, update_moving

GAMMA, BETA = np.array([0.5, -1.5, 2.0]), np.array([-1.0, 0.5, 3.0])
MOVING = Moments(np.array([0.3, -2.0, 1.0]), np.array([0.5, 4.0, 1e-4]))
BATCH = Moments(np.array([1.3, 2.0, -1.0]), np.array([2.5, 0.0, 3.0]))


@pytest.mark.parametrize("shape", [*SHAPES, (3,), (1, 3), (2, 3, 2, 2, 3)])
@pytest.mark.parametrize("epsilon", [1e-5, 0.3])
def test_inference_agrees_with_a_slow_loop(shape, epsilon):
    x = random(shape)
    y = batchnorm_inference(x, GAMMA, BETA, MOVING, epsilon=epsilon)
    for index in np.ndindex(shape):
        c = index[-1]
        x_hat = (x[index] - MOVING.mean[c]) / math.sqrt(MOVING.variance[c] + epsilon)
        assert y[index] == pytest.approx(GAMMA[c] * x_hat + BETA[c], rel=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("momentum", [0.0, 0.9, 0.99])
def test_three_training_steps_then_inference_agree_with_keras(shape, momentum):
    keras = pytest.importorskip("keras")
    layer = keras.layers.BatchNormalization(momentum=momentum, epsilon=0.01, dtype="float64")
    layer.build(shape)
    layer.set_weights([GAMMA, BETA, *MOVING])
    moving = MOVING
    for step in range(3):
        x = random(shape, seed=step)
        layer(x, training=True)
        moving = update_moving(moving, batchnorm(x, GAMMA, BETA)[1], momentum=momentum)
    assert_allclose(moving.mean, layer.moving_mean.numpy(), **TOLERANCE["float64"])
    assert_allclose(moving.variance, layer.moving_variance.numpy(), **TOLERANCE["float64"])
    x = random(shape, seed=9)
    y = batchnorm_inference(x, GAMMA, BETA, moving, epsilon=0.01)
    assert_allclose(y, layer(x, training=False).numpy(), **TOLERANCE["float64"])


def test_defaults_are_those_of_keras():
    keras = pytest.importorskip("keras")
    layer = keras.layers.BatchNormalization(dtype="float64")
    x = random((8, 3))
    layer(x, training=True)
    moving = update_moving(Moments(np.zeros(3), np.ones(3)), moments(x))
    assert_allclose(moving.mean, layer.moving_mean.numpy(), **TOLERANCE["float64"])
    assert_allclose(moving.variance, layer.moving_variance.numpy(), **TOLERANCE["float64"])
    y = batchnorm_inference(x, np.ones(3), np.zeros(3), moving)
    assert_allclose(y, layer(x, training=False).numpy(), **TOLERANCE["float64"])


@pytest.mark.parametrize("momentum", [0, 0.25, 0.9, 1])
def test_momentum_weights_the_old_value(momentum):
    moving = update_moving(MOVING, BATCH, momentum=momentum)
    for c in range(3):
        assert moving.mean[c] == pytest.approx(momentum * MOVING.mean[c] + (1 - momentum) * BATCH.mean[c])
        assert moving.variance[c] == pytest.approx(momentum * MOVING.variance[c] + (1 - momentum) * BATCH.variance[c])


@given(momentum=st.floats(0, 0.999), steps=st.integers(1, 60))
def test_after_n_equal_batches_momentum_to_the_n_of_the_start_is_left(momentum, steps):
    moving = MOVING
    for _ in range(steps):
        moving = update_moving(moving, BATCH, momentum=momentum)
    left = momentum**steps
    assert_allclose(moving.mean - BATCH.mean, left * (MOVING.mean - BATCH.mean), rtol=1e-9, atol=1e-12)
    assert_allclose(moving.variance - BATCH.variance, left * (MOVING.variance - BATCH.variance), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_output_keeps_the_dtype_and_moving_statistics_are_float64(dtype):
    x = random((8, 3), dtype=dtype)
    moving = update_moving(Moments(*(m.astype(np.float32) for m in MOVING)), moments(x))
    assert isinstance(moving, Moments)
    assert moving.mean.dtype == moving.variance.dtype == np.float64
    assert batchnorm_inference(x, GAMMA, BETA, moving).dtype == dtype
    assert batchnorm_inference(np.arange(6).reshape(2, 3), GAMMA, BETA, moving).dtype == np.float64


def test_moving_statistics_that_come_in_float16_lose_nothing_on_the_way():
    moving = Moments(np.full(3, 1003, np.float16), np.full(3, 1007, np.float16))
    moved = update_moving(moving, Moments(np.full(3, 1004.0), np.full(3, 1008.0)), momentum=0.99)
    assert_allclose(moved.mean, 1003.01, rtol=1e-12)
    assert_allclose(moved.variance, 1007.01, rtol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_each_output_depends_on_its_own_example_alone(shape):
    x = random(shape)
    together = batchnorm_inference(x, GAMMA, BETA, MOVING)
    for n in range(len(x)):
        assert_array_equal(batchnorm_inference(x[n : n + 1], GAMMA, BETA, MOVING), together[n : n + 1])


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    offset=st.sampled_from([0.0, -3.0, 1e4]),
    image=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_recalibration_is_the_statistics_of_all_batches_as_one(sizes, offset, image, dtype):
    shape = (2, 3, 4) if image else (4,)
    batches = [random((n, *shape), seed, dtype, scale=1 + seed, offset=offset) for seed, n in enumerate(sizes)]
    whole = np.concatenate(batches).astype(np.float64).reshape(-1, 4)
    statistics = recalibrate(iter(batches))
    assert_allclose(statistics.mean, whole.mean(axis=0), rtol=1e-12)
    assert_allclose(statistics.variance, whole.var(axis=0), rtol=1e-9, atol=1e-15)
    assert isinstance(statistics, Moments)


def test_recalibrated_inference_on_the_whole_set_equals_training_on_it_as_one_batch():
    x = random((90, 3))
    y = batchnorm_inference(x, GAMMA, BETA, recalibrate([x[:7], x[7:60], x[60:]]), epsilon=1e-4)
    assert_allclose(y, batchnorm(x, GAMMA, BETA, epsilon=1e-4)[0], **TOLERANCE["float64"])


def test_recalibration_takes_lists_and_integers():
    statistics = recalibrate([[[1, 2], [3, 4]], [[5, 9]]])
    assert_allclose(statistics.mean, [3, 5], rtol=1e-12)
    assert_allclose(statistics.variance, [8 / 3, 26 / 3], rtol=1e-12)


def test_nothing_is_changed_in_place():
    x = random((8, 3))
    arguments = [x, GAMMA, BETA, *MOVING, *BATCH]
    copies = [a.copy() for a in arguments]
    update_moving(MOVING, BATCH)
    update_moving(MOVING, BATCH, momentum=1).mean[:] = 7  # even then the result is no view
    batchnorm_inference(x, GAMMA, BETA, MOVING)
    recalibrate([x, x + 1])
    for now, before in zip(arguments, copies, strict=True):
        assert_array_equal(now, before)


ONE = np.ones(3)


@pytest.mark.parametrize(
    ("statistics", "error", "message"),
    [
        ((np.zeros((1, 3)), np.ones((1, 3))), ValueError, "expected moving mean of shape (3,), received (1, 3)"),
        ((np.zeros(3), np.ones(4)), ValueError, "expected moving variance of shape (3,), received (4,)"),
        ((np.zeros(3), -ONE), ValueError, "expected moving variance of at least 0, received -1.0"),
        ((ONE * 1j, ONE), TypeError, "expected moving mean to hold real numbers, received dtype complex128"),
        ((ONE, ["a"] * 3), TypeError, "expected moving variance to hold real numbers, received dtype <U1"),
    ],
)
def test_bad_moving_statistics_are_named(statistics, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        update_moving(statistics, BATCH)
    with pytest.raises(error, match=f"^{re.escape(message.replace('moving', 'batch'))}$"):
        update_moving(MOVING, statistics)


@pytest.mark.parametrize(
    ("momentum", "error", "message"),
    [
        (1.01, ValueError, "expected momentum between 0 and 1, received 1.01"),
        (-0.1, ValueError, "expected momentum between 0 and 1, received -0.1"),
        (math.nan, ValueError, "expected momentum between 0 and 1, received nan"),
        ([0.9], TypeError, "expected momentum to be a real number, received [0.9]"),
    ],
)
def test_bad_momentum_is_named(momentum, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        update_moving(MOVING, BATCH, momentum=momentum)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: batchnorm_inference(x, ONE[:2], BETA, MOVING), ValueError, "gamma of shape (3,), received (2,)"),
        (
            lambda x: batchnorm_inference(x, GAMMA, BETA, Moments(ONE[:2], ONE[:2])),
            ValueError,
            "mean of shape (3,), received (2,)",
        ),
        (lambda x: batchnorm_inference(x[:0], GAMMA, BETA, MOVING), ValueError, "x with at least one element"),
        (lambda x: batchnorm_inference(x, GAMMA, BETA, MOVING, epsilon=-1), ValueError, "epsilon between 0 and inf"),
        (
            lambda x: update_moving(MOVING, Moments(ONE[:2], ONE[:2])),
            ValueError,
            "batch mean of shape (3,), received (2,)",
        ),
        (lambda x: recalibrate([]), ValueError, "at least one batch, received none"),
        (lambda x: recalibrate([x, x[:0]]), ValueError, "x with at least one element"),
        (lambda x: recalibrate([x, x[:, :2]]), ValueError, "a batch's mean of shape (3,), received (2,)"),
        (lambda x: recalibrate([x * 1j]), TypeError, "x to hold real numbers"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=re.escape(f"expected {message}")):
        call(random((8, 3)))


# The figures: what they draw is what they were given.


def test_bars_have_the_given_lengths_from_the_top():
    ax = plots.bars({"first": 0.25, "second": 0.5}, reference=(0.1, "chance"))
    assert_allclose([bar.get_width() for bar in ax.patches], [0.25, 0.5])
    assert ax.yaxis_inverted() and [t.get_text() for t in ax.get_yticklabels()] == ["first", "second"]
    assert [t.get_text() for t in ax.texts] == ["25%", "50%", "chance"]


def test_labeled_lines_keep_their_data_and_their_labels_apart():
    ax = plots.labeled_lines([0, 1, 2], {"a": ([1, 2, 3.00], "red"), "b": ([3, 2, 3.01], "blue")})
    assert_allclose([line.get_ydata() for line in ax.lines], [[1, 2, 3.00], [3, 2, 3.01]])
    ends = [ax.transData.transform(label.xy)[1] * 72 / ax.figure.dpi + label.xyann[1] for label in ax.texts]
    assert [label.get_text() for label in ax.texts] == ["a", "b"]
    assert ends[1] - ends[0] >= 12.9


def test_ratios_stand_at_their_layer():
    ax = plots.ratios_by_layer({"a": [np.array([0.5, 2.0]), np.array([1.0])]}, colors=["red"])
    assert_allclose(ax.lines[0].get_xydata(), [[1, 0.5], [1, 2.0], [2, 1.0]])


def test_gap_tables_write_each_number_into_its_cell():
    axes = plots.gap_tables({"a": [[0.9, 0.8], [0.7, 0.6]], "b": np.ones((2, 2))}, rows=("r", "s"), columns=("k", "l"))
    assert [ax.get_title() for ax in axes] == ["a", "b"]
    assert {t.get_position(): t.get_text() for t in axes[0].texts} == {
        (0, 0): "0.90",
        (1, 0): "0.80",
        (0, 1): "0.70",
        (1, 1): "0.60",
    }
    assert [t.get_text() for t in axes[0].get_yticklabels()] == ["r", "s"]
    assert [t.get_text() for t in axes[1].get_yticklabels()] == ["", ""]
    assert [t.get_text() for t in axes[1].get_xticklabels()] == ["k", "l"]
