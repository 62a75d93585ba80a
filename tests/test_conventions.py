"""The first column of the table of conventions is what the installed Keras and the course do."""

import inspect
import re
from pathlib import Path

import keras
import numpy as np
import pytest

from bncourse import forward, inference
from bncourse.forward import Moments
from bncourse.layer import BatchNorm

PAGE = Path(__file__).resolve().parent.parent / "book" / "conventions.md"
LAYERS = (keras.layers.BatchNormalization, BatchNorm)


def cell(row: str) -> str:
    """The entry of this course and Keras."""
    return re.search(rf"^\| {re.escape(row)} \| (.*?) \|", PAGE.read_text(), re.M)[1]


@pytest.mark.parametrize("layer", LAYERS)
def test_defaults_are_those_of_the_table(layer):
    assert layer().momentum == float(cell("its default"))
    assert layer().epsilon == float(cell("epsilon"))
    assert layer().axis == -1 and "axis=-1" in cell("channel axis")


def test_functions_have_the_same_defaults():
    momentum = inspect.signature(inference.update_moving).parameters["momentum"].default
    epsilon = inspect.signature(forward.batchnorm).parameters["epsilon"].default
    assert (momentum, epsilon) == (float(cell("its default")), float(cell("epsilon")))


@pytest.mark.parametrize("layer", LAYERS)
def test_momentum_weights_the_old_value_and_the_stored_variance_is_divided_by_m(layer):
    assert cell("`momentum` weights") == "the old value"
    assert cell("variance that is stored for inference") == "divided by m"
    x = np.random.default_rng(0).normal(3.0, 2.0, (4, 3)).astype(np.float32)
    layer = layer(momentum=0.8)
    layer(x, training=True)
    expected = inference.update_moving(Moments(np.zeros(3), np.ones(3)), forward.moments(x), momentum=0.8)
    np.testing.assert_allclose(layer.moving_mean, 0.2 * x.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, 0.8 + 0.2 * x.var(axis=0), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, expected.variance, rtol=1e-5)


@pytest.mark.parametrize("layer", LAYERS)
def test_weights_have_the_names_of_the_table(layer):
    layer = layer()
    layer.build((None, 3))
    named = re.findall(r"`(\w+)`", cell("scale, shift") + cell("stored statistics"))
    assert [weight.name for weight in layer.weights] == named


def test_a_call_that_says_nothing_is_inference():
    model = keras.Sequential([keras.layers.BatchNormalization()])
    x = np.full((4, 3), 7.0, np.float32)
    np.testing.assert_allclose(model(x), x / np.sqrt(1.001), rtol=1e-5)


def torch_inference(x, weight, bias, running_mean, running_var, eps=1e-5):
    """What PyTorch's BatchNorm2d computes in `eval()` mode, on x (N, C, H, W)."""
    weight, bias, mean, variance = (v.reshape(-1, 1, 1) for v in (weight, bias, running_mean, running_var))
    return (x - mean) / np.sqrt(variance + eps) * weight + bias


@pytest.mark.parametrize("layer", LAYERS)
def test_the_recipe_carries_weights_over_and_a_forgotten_epsilon_shows_in_channels_of_low_variance(layer):
    generator = np.random.default_rng(0)
    running_var = np.array([1.0, 1e-4, 9.0])
    weight, bias, running_mean = generator.uniform(0.5, 2, (3, 3))
    x = generator.normal(running_mean, np.sqrt(running_var), (8, 5, 5, 3)).astype(np.float32)
    expected = torch_inference(x.transpose(0, 3, 1, 2), weight, bias, running_mean, running_var).transpose(0, 2, 3, 1)

    ratios = {}
    for epsilon in (1e-5, layer().epsilon):
        carried = layer(epsilon=epsilon)
        carried.build(x.shape)
        carried.set_weights([weight, bias, running_mean, running_var])
        y = np.array(carried(x))
        ratios[epsilon] = (y - bias).std(axis=(0, 1, 2)) / (expected - bias).std(axis=(0, 1, 2))
        if epsilon == 1e-5:
            np.testing.assert_allclose(y, expected, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(ratios[1e-5], 1, rtol=1e-3)
    np.testing.assert_allclose(ratios[1e-3], [1, np.sqrt(0.1), 1], atol=1e-3)


def test_a_kernel_is_transposed_as_the_recipe_says():
    generator = np.random.default_rng(0)
    kernel = generator.standard_normal((4, 3, 2, 5))  # (out, in, height, width)
    x = generator.standard_normal((1, 3, 2, 5))  # one window: the convolution is one sum of products for each output
    expected = np.einsum("oihw,nihw->no", kernel, x)
    y = keras.ops.conv(
        x.transpose(0, 2, 3, 1).astype(np.float32), kernel.transpose(2, 3, 1, 0).astype(np.float32), padding="valid"
    )
    np.testing.assert_allclose(np.reshape(y, (1, 4)), expected, rtol=1e-4, atol=1e-5)
