"""`bncourse.shift`: percentiles and drift against slow loops and distributions whose distance is known."""

import json

import numpy as np
import pytest

from bncourse import data, shift
from bncourse.shift import LEVELS, PLACES, Track, Watched, drift, measure, percentiles, watch
from bncourse.training import Config, combinations, train

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
    assert shift._drift(track) == 5.0
    assert np.isnan(shift._drift(Track(track.percentiles, np.zeros((2, 2)))))


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


def test_the_store_holds_every_measurement_and_no_other():
    held = [Config(**entry["run"]["config"]) for entry in json.loads(shift.STORE.read_text())["measured"]]
    assert held == combinations(*shift.EXPERIMENT) == [one.run.config for one in shift.stored()]


def test_a_missing_measurement_is_an_error_that_names_the_command(monkeypatch, tmp_path):
    monkeypatch.setattr(shift, "STORE", tmp_path / "shift.json")
    with pytest.raises(LookupError, match=r"shift.json lacks 9 of 9 runs: `python -m bncourse.shift` makes them"):
        shift.stored()
    assert not shift.STORE.exists()


def test_a_stored_measurement_starts_as_it_comes_out_again():
    """The first loss is that of the initial weights; later ones move with the processor's last digits."""
    stored, _ = shift.stored()[0]
    again = measure(stored.config.replace(steps=10), data.load())
    np.testing.assert_allclose(again.run.loss[0], stored.loss[0], rtol=1e-3)
    assert again.drift["linear"].shape == shift.stored()[0].drift["linear"].shape == (stored.config.depth,)
