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
