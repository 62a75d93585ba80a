"""`bncourse.shift`: percentiles and drift against slow loops and distributions whose distance is known."""

import json

import numpy as np
import pytest
import tensorflow as tf

from bncourse import data, shift
from bncourse.shift import LEVELS, PLACES, Track, Watched, drift, gradient_shift, measure, percentiles, watch
from bncourse.training import Config, cross_entropy, train

SMALL = Config(model="cnn_flatten", depth=2, width=3, batch_size=8, steps=4, evaluate_every=2)


@pytest.fixture(scope="module")
def images():
    """The first 64 training and 40 test images."""
    full = data.load()
    return full._replace(
        train_images=full.train_images[:64],
        train_labels=full.train_labels[:64],
        test_images=full.test_images[:40],
        test_labels=full.test_labels[:40],
    )


def watched_normals(means, stds, units=1):
    """One layer whose unit inputs are normal, with a mean and a std at each look."""
    values = np.random.default_rng(0).standard_normal((200_000, units))
    at_step = [shift._distribution(mean + std * values) for mean, std in zip(means, stds, strict=True)]
    return Watched(None, np.arange(len(means)), {"linear": [Track(*map(np.stack, zip(*at_step, strict=True)))]})


def test_a_shift_by_two_standard_deviations_is_a_drift_of_two():
    assert drift(watched_normals([0, 6], [3, 3]), place="linear") == pytest.approx(2, rel=0.01)


def test_drift_does_not_depend_on_the_unit_s_scale_or_offset():
    one = drift(watched_normals([0, 1], [1, 1.5]), place="linear")
    other = drift(watched_normals([7, 7 + 100], [100, 150]), place="linear")
    assert one == pytest.approx(other, rel=1e-9)


def test_undivided_drift_is_in_the_units_of_the_values():
    watched = watched_normals([0, 6, 6], [3, 3, 3])
    assert drift(watched, place="linear", divided=False)[:, 0] == pytest.approx([6, 0], rel=0.01)


def test_opposite_shifts_do_not_cancel():
    assert drift(watched_normals([0, 1, 0], [1, 1, 1]), place="linear") == pytest.approx(1, rel=0.01)


def test_a_wider_distribution_with_the_same_mean_has_drifted():
    """Percentile q of a normal moves by |z_q| when its standard deviation doubles."""
    z = np.percentile(np.random.default_rng(1).standard_normal(1_000_000), LEVELS)
    assert drift(watched_normals([0, 0], [1, 2]), place="linear") == pytest.approx(np.abs(z).mean(), rel=0.01)


def test_what_stands_still_has_no_drift():
    assert drift(watched_normals([3, 3], [2, 2], units=4), place="linear") == 0


def test_constant_units_are_left_out():
    track = Track(np.zeros((2, len(LEVELS), 2)), np.array([[0.0, 1.0], [1.0, 1.0]]))
    track.percentiles[1] = 5.0
    assert shift._drift(track, divided=True) == 5.0
    assert np.isnan(shift._drift(Track(track.percentiles, np.zeros((2, 2))), divided=True))


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_tracks_hold_what_a_slow_loop_finds(images, norm):
    """Oracle: the untrained network, one layer after the other, one unit after the other."""
    config = SMALL.replace(norm=norm)
    watched = watch(config, images)
    model, x = config.build(), images.test_images
    for layer in model.layers:
        before, x = x, np.asarray(layer(x, training=True))
        place, _, number = layer.name.partition("_")
        if place in PLACES:
            values = x if place == "linear" else before
            track = watched.tracks[place][int(number) - 1]
            for unit in range(values.shape[-1]):
                np.testing.assert_allclose(track.std[0, unit], values[..., unit].std(), rtol=1e-3)
                expected = np.percentile(values[..., unit], LEVELS)
                np.testing.assert_allclose(track.percentiles[0, :, unit], expected, rtol=1e-3, atol=1e-4)


def test_both_places_are_one_without_normalization_and_two_with_it(images):
    plain, normalized = watch(SMALL, images), watch(SMALL.replace(norm="batch"), images)
    for i in range(SMALL.depth):
        np.testing.assert_array_equal(*(plain.tracks[place][i].percentiles for place in PLACES))
        before, behind = (normalized.tracks[place][i] for place in PLACES)
        assert not np.allclose(before.std, behind.std)
        assert np.abs(behind.std[0] - 1).max() < 0.1  # gamma is 1 at the start; epsilon takes a little


@pytest.mark.parametrize("norm", ["none", "batch", "noisy"])
def test_watching_changes_nothing(images, norm):
    config = SMALL.replace(norm=norm)
    assert watch(config, images).run == train(config, images)


def test_looks_are_made_at_the_start_and_at_each_evaluation(images):
    watched = watch(SMALL, images)
    assert watched.steps.tolist() == [0, 2, 4]
    assert watched.tracks["linear"][0].percentiles.shape == (3, len(LEVELS), 3)
    assert len(watched.tracks["linear"]) == 2


def test_percentiles_are_the_paper_s_three():
    watched = watched_normals([0, 10], [1, 1])
    expected = [[-1.0364, 0, 1.0364], [8.9636, 10, 11.0364]]  # of the standard normal, from a table
    np.testing.assert_allclose(percentiles(watched, layer=1, unit=0, place="linear"), expected, atol=0.02)


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_the_gradient_based_shift_is_what_its_definition_says(images, norm):
    """Oracle: definition 2.1 of Santurkar and others, with two models, one of which has taken its step."""
    config = Config(model="mlp", norm=norm, depth=3, width=5, activation="sigmoid", gain=3.0)
    batch, rate = (images.train_images[:16], images.train_labels[:16]), 0.7

    def gradients(model):
        with tf.GradientTape() as tape:
            loss = cross_entropy(batch[1], model(batch[0], training=True))
        return tape.gradient(loss, model.trainable_variables)

    stepped, model = config.build(), config.build()
    for weight, gradient in zip(stepped.trainable_variables, gradients(stepped), strict=True):
        weight.assign_sub(rate * gradient)
    found = gradient_shift(model, *batch, rate)
    for i in range(config.depth):
        mixed, kernel = config.build(), 0
        for layer, new in zip(mixed.layers, stepped.layers, strict=True):
            if layer.name == f"linear_{i + 1}":
                kernel = [weight.path for weight in mixed.trainable_variables].index(layer.kernel.path)
                break
            layer.set_weights(new.get_weights())
        before, after = (np.ravel(gradients(net)[kernel]).astype(np.float64) for net in (config.build(), mixed))
        assert found.distance[i] == pytest.approx(
            np.linalg.norm(after - before) / np.linalg.norm(before), rel=1e-3, abs=1e-6
        )
        assert found.cosine[i] == pytest.approx(
            before @ after / (np.linalg.norm(before) * np.linalg.norm(after)), rel=1e-4
        )


@pytest.mark.parametrize("norm", ["batch", "noisy"])
def test_measuring_the_gradient_based_shift_changes_nothing(images, norm):
    model = SMALL.replace(norm=norm).build()
    before = [variable.numpy() for variable in model.variables]
    gradient_shift(model, images.train_images[:8], images.train_labels[:8], 0.5)
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_the_first_layer_has_no_gradient_based_shift(images):
    found = gradient_shift(SMALL.build(), images.train_images[:8], images.train_labels[:8], 0.5)
    assert found.distance[0] < 1e-5 and found.distance[1] > 0.01


def test_the_store_holds_every_measurement_and_no_other():
    held = [Config(**entry["run"]["config"]) for entry in json.loads(shift.STORE.read_text())["measured"]]
    assert held == [one.run.config for name in shift.EXPERIMENTS for one in shift.measurements(name)]
    assert len(held) == len(set(held))
    with pytest.raises(ValueError, match="expected name to be one of sigmoid, convolution, received 'depth'"):
        shift.measurements("depth")


def test_a_missing_measurement_is_an_error_that_names_the_command(monkeypatch, tmp_path):
    monkeypatch.setattr(shift, "STORE", tmp_path / "shift.json")
    with pytest.raises(LookupError, match=r"shift.json lacks 20 of 20 runs: `python -m bncourse.shift` makes them"):
        shift.measurements("convolution")
    assert not shift.STORE.exists()


def test_the_command_makes_what_is_missing_and_keeps_what_is_there(monkeypatch, tmp_path, images):
    monkeypatch.setattr(shift, "STORE", tmp_path / "shift.json")
    monkeypatch.setattr(shift, "EXPERIMENTS", {"small": [SMALL, SMALL.replace(norm="batch")]})
    monkeypatch.setattr(data, "load", lambda: images)
    shift.main()
    before = shift.STORE.read_bytes()
    monkeypatch.setattr(Config, "build", None)
    shift.main()
    assert shift.STORE.read_bytes() == before
    first, _ = shift.measurements("small")
    assert first.drift["linear"].shape == first.moved["activation"].shape == first.gradient.cosine.shape == (2, 2)


def test_a_stored_measurement_starts_as_it_comes_out_again():
    """The drift of the first look is that of fifty calm steps: it moves little with the processor's last digits."""
    stored = next(one for one in shift.measurements("sigmoid") if one.run.config.norm == "batch")
    again = measure(stored.run.config.replace(steps=50), data.load())
    np.testing.assert_allclose(again.run.loss, stored.run.loss[:1], rtol=0.03)
    np.testing.assert_allclose(again.drift["linear"][0], stored.drift["linear"][0], rtol=0.1)
    np.testing.assert_allclose(again.gradient.distance[0, 1:], stored.gradient.distance[0, 1:], rtol=0.05)
