"""The instruments against angles known from geometry, and the laws of scale invariance against the package's layer."""

import numpy as np
import pytest
from common import TOLERANCE, random
from hypothesis import given, settings
from hypothesis import strategies as st

from bncourse import invariance
from bncourse.backward import batchnorm_backward, numerical_gradient
from bncourse.convolution import conv2d, conv2d_backward, dense, dense_backward
from bncourse.forward import batchnorm

GAMMA, BETA = np.array([1.5, -0.7]), np.array([0.3, -0.2])


def layer(kind, epsilon, seed=0):
    """A layer with batch normalization and a random-weighted loss: its kernel, and a function of the kernel."""
    generator = np.random.default_rng(seed)
    if kind == "dense":
        x, kernel = random((12, 5), seed), generator.normal(size=(5, 2))
        forward, back = dense, dense_backward
    else:
        x, kernel = random((2, 5, 4, 3), seed), generator.normal(size=(3, 3, 3, 2))
        forward, back = conv2d, conv2d_backward
    dy = generator.normal(size=(*x.shape[:-1], 2))

    def run(kernel):
        y, moments, cache = batchnorm(forward(x, kernel), GAMMA, BETA, epsilon=epsilon)
        gradients = batchnorm_backward(dy, cache)
        return float(np.sum(dy * y)), back(gradients.x, x, kernel).kernel, gradients.gamma, moments.variance

    return kernel, run


LAYERS = pytest.mark.parametrize("kind", ["dense", "conv"])


@LAYERS
def test_scaled_weights_leave_the_loss_alone_and_divide_the_gradient(kind):
    kernel, run = layer(kind, epsilon=0)
    factors = [0.1, 0.5, 1, 3, 10]
    sweep = invariance.scale_sweep(lambda w: run(w)[:2], kernel, factors)
    np.testing.assert_allclose(sweep.loss, [run(kernel)[0]] * 5, rtol=1e-9)
    expected = np.sqrt(np.sum(run(kernel)[1] ** 2, axis=tuple(range(kernel.ndim - 1))))
    np.testing.assert_allclose(sweep.gradient_norms * np.array(factors)[:, None], np.tile(expected, (5, 1)), rtol=1e-9)
    assert sweep.factors.tolist() == factors


@LAYERS
def test_negative_factor_turns_x_hat_round_so_the_loss_changes(kind):
    kernel, run = layer(kind, epsilon=0)
    loss, _, dgamma, _ = run(kernel)
    assert run(-kernel)[0] == pytest.approx(loss - 2 * np.sum(GAMMA * dgamma))
    assert abs(run(-kernel)[0] - loss) > 1e-3


@LAYERS
def test_scaling_the_weights_is_dividing_epsilon_by_the_square(kind):
    kernel, run = layer(kind, epsilon=0.5)
    _, other = layer(kind, epsilon=0.5 / 3**2)
    assert run(3 * kernel)[0] == pytest.approx(other(kernel)[0], rel=1e-12)
    assert abs(run(3 * kernel)[0] - run(kernel)[0]) > 1e-3


@LAYERS
@pytest.mark.parametrize("epsilon", [0, 1e-3, 0.5])
def test_along_the_weights_the_gradient_is_what_epsilon_leaves(kind, epsilon):
    kernel, run = layer(kind, epsilon)
    _, gradient, dgamma, variance = run(kernel)
    axes = tuple(range(kernel.ndim - 1))
    along = np.sum(kernel * gradient, axis=axes)
    np.testing.assert_allclose(along, GAMMA * dgamma * epsilon / (variance + epsilon), atol=1e-11)
    by_hand = along / np.sqrt(np.sum(kernel**2, axis=axes) * np.sum(gradient**2, axis=axes))
    np.testing.assert_allclose(invariance.alignment(kernel, gradient), by_hand, atol=1e-12)
    numerical = numerical_gradient(lambda w: run(w)[0], kernel)
    np.testing.assert_allclose(invariance.alignment(kernel, numerical), by_hand, atol=1e-6)


@LAYERS
def test_an_orthogonal_step_lengthens_by_pythagoras(kind):
    kernel, run = layer(kind, epsilon=0)
    gradient = run(kernel)[1]
    after = kernel - 0.1 * gradient
    squares = invariance.channel_norms(kernel) ** 2 + 0.1**2 * invariance.channel_norms(gradient) ** 2
    np.testing.assert_allclose(invariance.channel_norms(after) ** 2, squares, rtol=1e-10)


@LAYERS
def test_equal_effective_learning_rates_give_equal_turns(kind):
    kernel, run = layer(kind, epsilon=0)
    turns, rates = [], []
    for factor in (1, 4):
        weights, rate = factor * kernel, 0.05 * factor**2
        turns.append(invariance.rotation(weights, weights - rate * run(weights)[1]))
        rates.append(invariance.effective_learning_rate(rate, weights))
    np.testing.assert_allclose(turns[0], turns[1], rtol=1e-9)
    np.testing.assert_allclose(rates[0], rates[1], rtol=1e-12)


def test_effective_learning_rate_is_the_rate_over_the_squared_length():
    weights = np.array([[3.0, 1.0], [4.0, 0.0]])  # lengths 5 and 1
    np.testing.assert_allclose(invariance.effective_learning_rate(0.1, weights), [0.004, 0.1], **TOLERANCE["float64"])


def test_rotation_reads_known_angles_also_tiny_ones():
    angles = np.array([0, 1e-12, 1e-6, 0.3, np.pi / 2, 3, np.pi])
    before = np.stack([np.ones(7), np.zeros(7)])
    after = 5 * np.stack([np.cos(angles), np.sin(angles)])
    np.testing.assert_allclose(invariance.rotation(before, after), angles, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(invariance.rotation(after, before), angles, rtol=1e-12, atol=1e-300)


def test_alignment_reads_known_cosines():
    weights = np.array([[2.0, 2.0, 2.0, 2.0], [0.0, 0.0, 0.0, 0.0]])
    gradient = np.array([[3.0, -3.0, 0.0, 1.0], [0.0, 0.0, 5.0, 1.0]])
    np.testing.assert_allclose(invariance.alignment(weights, gradient), [1, -1, 0, 0.5**0.5], rtol=1e-12)
    np.testing.assert_allclose(invariance.alignment(weights, 1e-3 * gradient), [1, -1, 0, 0.5**0.5], rtol=1e-12)
    assert invariance.alignment(weights, 0 * gradient).tolist() == [0, 0, 0, 0]


@settings(max_examples=40, deadline=None)
@given(shape=st.lists(st.integers(1, 4), min_size=1, max_size=5), seed=st.integers(0, 2**20))
def test_norms_are_taken_over_all_axes_but_the_last(shape, seed):
    weights = np.random.default_rng(seed).normal(size=shape)
    expected = [sum(float(v) ** 2 for v in weights[..., c].ravel()) ** 0.5 for c in range(shape[-1])]
    np.testing.assert_allclose(invariance.channel_norms(weights), expected, rtol=1e-12)


def test_integers_and_half_precision_are_measured_in_float64():
    assert invariance.channel_norms([[3, 0], [4, 2]]).tolist() == [5, 2]
    norms = invariance.channel_norms(np.full((4, 1), 6e4, np.float16))
    assert norms.dtype == np.float64
    np.testing.assert_allclose(norms, 2 * np.float64(np.float16(6e4)))


def test_scale_sweep_keeps_the_dtype_and_the_weights():
    weights, seen = np.ones((2, 3), np.float32), []

    def f(w):
        seen.append((w.dtype, w[0, 0]))
        w *= 7
        return np.float32(2), w

    sweep = invariance.scale_sweep(f, weights, (0.5, 2))
    assert seen == [(np.float32, 0.5), (np.float32, 2)]
    assert weights.tolist() == [[1, 1, 1]] * 2
    assert sweep.gradient_norms.shape == (2, 3)
    assert invariance.scale_sweep(f, weights, ()).gradient_norms.shape == (0, 3)


def test_weight_decay_and_orthogonal_gradients_turn_by_the_equilibrium_angle():
    rate, decay = 0.5, 0.02
    generator = np.random.default_rng(0)
    weights = generator.normal(size=(50, 1)) * 10
    turns = []
    for _ in range(2000):
        gradient = generator.normal(size=(50, 1))
        gradient -= weights * np.sum(weights * gradient) / np.sum(weights**2)
        gradient /= invariance.channel_norms(gradient) * invariance.channel_norms(weights)
        after = weights - rate * (gradient + decay * weights)
        turns.append(invariance.rotation(weights, after)[0])
        weights = after
    expected = invariance.equilibrium_rotation(rate, decay)
    assert turns[0] < 0.1 * expected
    assert turns[-1] == pytest.approx(expected, rel=1e-6)
    assert expected == pytest.approx(np.sqrt(2 * rate * decay), rel=2e-3)


def test_equilibrium_rotation_without_decay_is_none():
    assert invariance.equilibrium_rotation(0.1, 0) == 0
    assert invariance.equilibrium_rotation(1, 1) == pytest.approx(np.pi / 2)


def test_equilibrium_rotation_keeps_small_products():
    assert invariance.equilibrium_rotation(1e-9, 1e-9) == pytest.approx(np.sqrt(2e-18), rel=1e-9)


def test_bad_input_is_named():
    weights = np.ones((3, 2))
    dead = np.array([[1.0, 0.0]])
    with pytest.raises(ValueError, match=r"expected weights with no channel of zeros, received zeros in channel 1"):
        invariance.effective_learning_rate(0.1, dead)
    with pytest.raises(ValueError, match="expected before with no channel of zeros"):
        invariance.rotation(dead, dead)
    with pytest.raises(ValueError, match="expected after with no channel of zeros"):
        invariance.rotation(dead + 1, dead)
    with pytest.raises(ValueError, match="expected weights with no channel of zeros"):
        invariance.alignment(dead, dead)
    with pytest.raises(ValueError, match=r"expected gradient of shape \(3, 2\), received \(3, 1\)"):
        invariance.alignment(weights, weights[:, :1])
    with pytest.raises(ValueError, match=r"expected after of shape \(3, 2\), received \(6, 2\)"):
        invariance.rotation(weights, np.ones((6, 2)))
    with pytest.raises(ValueError, match=r"expected gradient of shape \(3, 2\), received \(2,\)"):
        invariance.scale_sweep(lambda w: (0.0, w[0]), weights, [1])
    for factor in (0, -1, np.nan):
        with pytest.raises(ValueError, match="expected factors above 0"):
            invariance.scale_sweep(lambda w: (0.0, w), weights, [1, factor])
    for rate in (-0.1, np.inf, np.nan):
        with pytest.raises(ValueError, match="learning_rate"):
            invariance.effective_learning_rate(rate, weights)
    with pytest.raises(TypeError, match="learning_rate"):
        invariance.effective_learning_rate("fast", weights)
    with pytest.raises(ValueError, match=r"learning_rate \* weight_decay"):
        invariance.equilibrium_rotation(2, 1)
    with pytest.raises(ValueError, match="expected learning_rate between 0 and inf, received -1"):
        invariance.equilibrium_rotation(-1, -0.5)
    with pytest.raises(TypeError, match="weight_decay"):
        invariance.equilibrium_rotation(0.1, None)
    with pytest.raises(TypeError, match="expected weights to hold real numbers"):
        invariance.channel_norms(weights + 1j)
    with pytest.raises(ValueError, match=r"expected weights with at least one element, received shape \(0, 2\)"):
        invariance.channel_norms(weights[:0])
    with pytest.raises(ValueError, match=r"expected weights of shape \(..., C\), received a scalar"):
        invariance.channel_norms(3.0)
