"""`bncourse.models`: the networks are what their docstrings say."""

import keras
import numpy as np
import pytest

from bncourse import models
from bncourse.layer import BatchNorm

BUILDERS = pytest.mark.parametrize("build", models.MODELS.values(), ids=models.MODELS)


def layers(model, kind):
    return [layer for layer in model.layers if isinstance(layer, kind)]


@BUILDERS
@pytest.mark.parametrize("norm", models.NORMS)
@pytest.mark.parametrize("depth", [1, 2, 5])
def test_every_network_maps_images_to_logits(build, norm, depth):
    model = build(norm=norm, depth=depth, width=4, classes=7)
    assert model(np.zeros((3, 28, 28, 1), np.float32), training=True).shape == (3, 7)


@BUILDERS
def test_layers_are_found_by_their_number(build):
    model = build(norm="batch", depth=2)
    for i in (1, 2):
        assert isinstance(model.get_layer(f"norm_{i}"), BatchNorm)
        assert model.get_layer(f"activation_{i}").input is model.get_layer(f"norm_{i}").output
        assert model.get_layer(f"norm_{i}").input is model.get_layer(f"linear_{i}").output


@BUILDERS
def test_a_bias_that_the_norm_would_cancel_is_left_out(build):
    assert build(norm="none").get_layer("linear_1").use_bias
    assert not build(norm="batch").get_layer("linear_1").use_bias


def test_each_half_of_the_cnn_halves_the_image_and_the_second_doubles_the_channels():
    model = models.cnn(depth=8, width=8)
    shapes = [layer.output.shape[1:] for layer in layers(model, keras.layers.Conv2D)]
    assert shapes == [(14, 14, 8)] * 4 + [(7, 7, 16)] * 4


@pytest.mark.parametrize("gain", [0.5, 1.0])
def test_kernels_of_the_cnn_start_with_he_s_deviation_times_gain(gain):
    kernel = models.cnn(depth=2, width=64, gain=gain).get_layer("linear_2").kernel
    fan_in = 9 * 64
    assert np.std(kernel) == pytest.approx(gain * np.sqrt(2 / fan_in), rel=0.02)


def test_weights_of_the_mlp_start_with_a_tenth_times_gain():
    assert np.std(models.mlp(gain=3.0).get_layer("linear_1").kernel) == pytest.approx(0.3, rel=0.02)


@BUILDERS
def test_no_two_layers_start_alike(build):
    model = build(depth=4)
    assert not np.array_equal(model.get_layer("linear_3").kernel, model.get_layer("linear_4").kernel)


def test_an_unknown_norm_is_refused():
    with pytest.raises(
        ValueError, match="expected norm to be one of none, batch, noisy, noise, group, layer, received 'batchnorm'"
    ):
        models.cnn(norm="batchnorm")


@pytest.mark.parametrize("shape", [(4000, 3), (4000, 2, 2, 3)])
def test_noise_has_one_shift_and_scale_a_channel_and_changes_each_step(shape):
    noise = models.Noise(seed=0)
    one, zero = np.ones(shape, np.float32), np.zeros(shape, np.float32)
    axes = tuple(range(len(shape) - 1))
    shifts = np.array([np.mean(noise(zero, training=True), axis=axes) for _ in range(60)])  # (steps, channels)
    assert np.abs(shifts).max() < 0.51 and np.abs(shifts).max() > 0.4
    assert len(np.unique(shifts.round(4))) > 150
    scales = np.array([np.mean(noise(one, training=True), axis=axes) for _ in range(60)])
    assert scales.mean() == pytest.approx(1.125, abs=0.05)


def test_noise_differs_between_samples_but_not_between_positions():
    noised = np.array(models.Noise(seed=0)(np.ones((50, 2, 2, 3), np.float32), training=True))
    np.testing.assert_array_equal(noised, noised[:, :1, :1, :] * np.ones((1, 2, 2, 1), np.float32))
    assert (noised.std(axis=0) > 0.05).all()


def test_noise_is_its_mean_at_inference():
    x = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
    np.testing.assert_allclose(models.Noise()(x), 1.125 * x, rtol=1e-6)


def test_a_network_with_noise_is_saved_and_loaded(tmp_path):
    model = models.cnn(norm="noisy", depth=1)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    x = np.random.default_rng(0).random((2, 28, 28, 1), np.float32)
    np.testing.assert_array_equal(model(x), loaded(x))
