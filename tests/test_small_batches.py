"""`bncourse.small_batches`: noise against theory, whose statistics reach what, and that the store is the command's."""

import json

import keras
import numpy as np
import pytest
from common import TOLERANCE

from bncourse import data, small_batches
from bncourse.forward import batchnorm
from bncourse.inference import recalibrate
from bncourse.models import GhostBatchNorm
from bncourse.small_batches import (
    BEST,
    GHOSTS,
    TRIED,
    TUNING_RATES,
    TUNING_SEEDS,
    WAYS,
    Tuned,
    effective_number,
    fine_tune,
    fit,
    gradient,
    refresh,
    shrink,
)
from bncourse.training import Config, batch_indices, cross_entropy

NET = Config(model="cnn_flatten", depth=2, width=4, norm="batch")


@pytest.fixture(scope="module")
def fashion():
    return data.load()


def test_flat_images_are_worth_one_value_and_independent_values_count_in_full():
    generator = np.random.default_rng(0)
    flat = generator.standard_normal((500, 1, 1, 2)) * np.ones((1, 4, 5, 1))
    np.testing.assert_allclose(effective_number(flat), 1)
    independent = generator.standard_normal((20_000, 4, 5, 2))
    np.testing.assert_allclose(effective_number(independent), 20, rtol=0.05)


def test_the_effective_number_is_that_of_the_mean_correlation():
    """H W / k = 1 + (H W - 1) ρ, where ρ is the mean correlation of two values of an image."""
    generator = np.random.default_rng(1)
    own, shared = generator.standard_normal((50_000, 2, 3, 1)), generator.standard_normal((50_000, 1, 1, 1))
    values = own + 0.7 * shared
    correlation = 0.49 / 1.49
    np.testing.assert_allclose(effective_number(values), 6 / (1 + 5 * correlation), rtol=0.03)


def test_the_mean_of_a_batch_varies_as_the_effective_number_says():
    generator = np.random.default_rng(2)
    values = np.cumsum(generator.standard_normal((3000, 1, 8, 2)), axis=2)  # neighbors are alike
    chosen = generator.integers(0, 3000, (20_000, 4))
    means = values[chosen].mean(axis=(1, 2, 3))
    expected = values.var(axis=(0, 1, 2)) / (4 * effective_number(values))
    np.testing.assert_allclose(means.var(axis=0), expected, rtol=0.05)


@pytest.mark.parametrize("shape", [(6, 3), (6, 2, 2, 3)])
def test_a_ghost_is_batch_norm_of_a_part(shape):
    x = np.random.default_rng(0).normal(2, 3, shape).astype("float32")
    layer = GhostBatchNorm(2, momentum=0.0)
    y = layer(x, training=True)
    parts = [batchnorm(x[i : i + 2], np.ones(3), np.zeros(3)) for i in (0, 2, 4)]
    np.testing.assert_allclose(y, np.concatenate([part[0] for part in parts]), **TOLERANCE["float32"])
    np.testing.assert_allclose(layer.moving_mean, np.mean([part[1].mean for part in parts], axis=0), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, np.mean([part[1].variance for part in parts], axis=0), rtol=1e-5)


def test_a_ghost_of_the_whole_batch_is_batch_norm_and_inference_is_the_same(fashion):
    plain, ghost = NET.replace(batch_size=8).build(), NET.replace(batch_size=8, ghost=8).build()
    x = fashion.train_images[:8]
    for training in (True, False):
        np.testing.assert_allclose(plain(x, training=training), ghost(x, training=training), **TOLERANCE["float32"])


def test_a_frozen_ghost_uses_its_moving_statistics():
    x = np.random.default_rng(0).normal(2, 3, (4, 3)).astype("float32")
    layer = GhostBatchNorm(2, trainable=False)
    np.testing.assert_array_equal(layer(x, training=True), layer(x, training=False))
    assert not layer.moving_mean.numpy().any()


def test_a_network_with_ghosts_is_saved_and_loaded(tmp_path):
    model = NET.replace(batch_size=4, ghost=2).build()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    x = np.random.default_rng(0).random((4, 28, 28, 1), np.float32)
    np.testing.assert_array_equal(model(x, training=True), loaded(x, training=True))


@pytest.mark.parametrize(("norm", "equal"), [("none", True), ("group", True), ("layer", True), ("batch", False)])
def test_accumulated_gradients_are_those_of_the_batch_unless_images_share_statistics(fashion, norm, equal):
    model = NET.replace(norm=norm).build()
    images, labels = fashion.train_images[:8], fashion.train_labels[:8]
    whole, parts = (gradient(model, images, labels, micro_batch=size) for size in (8, 2))
    assert (np.linalg.norm(whole - parts) < 1e-5 * np.linalg.norm(whole)) == equal


def test_a_shrunken_image_has_the_means_of_squares(fashion):
    images = fashion.test_images[:3]
    small = shrink(images, 4)
    assert small.shape == (3, 4, 4, 1) and small.dtype == images.dtype
    np.testing.assert_allclose(small[1, 2, 3, 0], images[1, 14:21, 21:28, 0].mean(), rtol=1e-5)


def test_on_small_images_the_last_maps_have_one_position(fashion):
    config = small_batches.NETS["4 x 4 images"].replace(norm="batch")
    shapes = [config.build((4, 4, 1)).get_layer(f"linear_{i}").output.shape[1:3] for i in (1, 2, 3)]
    assert shapes == [(2, 2), (1, 1), (1, 1)]


def test_a_run_on_small_images_trains_on_them(fashion):
    config = small_batches.Shrunk(model="cnn_flatten", depth=2, norm="batch", steps=1, batch_size=4)
    measured = small_batches.measure(config, fashion)
    chosen = batch_indices(len(fashion.train_images), 4, 1, seed=0)[0]
    logits = config.build((4, 4, 1))(shrink(fashion.train_images[chosen], 4), training=True)
    np.testing.assert_allclose(measured.run.loss, [cross_entropy(fashion.train_labels[chosen], logits)], rtol=1e-4)


def test_accumulated_gradients_are_those_of_ghost_batches(fashion):
    images, labels = fashion.train_images[:8], fashion.train_labels[:8]
    accumulated = gradient(NET.build(), images, labels, micro_batch=2)
    ghosts = gradient(NET.replace(batch_size=8, ghost=2).build(), images, labels, micro_batch=8)
    np.testing.assert_allclose(accumulated, ghosts, rtol=1e-3, atol=1e-5)


def test_taking_a_gradient_leaves_the_statistics_alone(fashion):
    model = NET.build()
    before = model.get_weights()
    gradient(model, fashion.train_images[:4], fashion.train_labels[:4], micro_batch=2)
    assert all(map(np.array_equal, before, model.get_weights()))


def test_refreshed_statistics_are_exact_in_every_layer(fashion):
    model, images = NET.build(), fashion.train_images[:700]
    refresh(model, images)
    for i in (1, 2):
        probe = keras.Model(model.inputs[0], model.get_layer(f"linear_{i}").output)
        exact = recalibrate([np.asarray(probe(images, training=False))])
        layer = model.get_layer(f"norm_{i}")
        np.testing.assert_allclose(layer.moving_mean, exact.mean, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(layer.moving_variance, exact.variance, rtol=1e-4)


def test_fit_takes_the_steps_of_sgd_and_training_false_leaves_statistics_alone(fashion):
    images, labels = fashion.train_images[:8], fashion.train_labels[:8]
    model = NET.build()
    before = [weight.numpy() for weight in model.trainable_variables]
    expected = gradient(model, images, labels, micro_batch=8)
    seen = []
    losses = fit(model, images, labels, np.arange(8)[None], 0.1, after_step=seen.append)
    moved = [(old - new.numpy()) / 0.1 for old, new in zip(before, model.trainable_variables, strict=True)]
    np.testing.assert_allclose(np.concatenate([m.ravel() for m in moved]), expected, rtol=1e-2, atol=1e-4)
    assert losses.shape == (1,) and seen == [1]

    statistics = [weight.numpy() for weight in model.non_trainable_variables]
    fit(model, images, labels, np.arange(8)[None], 0.1, training=False)
    assert all(np.array_equal(a, b) for a, b in zip(statistics, model.non_trainable_variables, strict=True))


def test_the_store_says_which_command_made_it_and_holds_every_run():
    assert json.loads(small_batches.STORE.read_text())["made_by"] == "python -m bncourse.small_batches"
    for name, configs in small_batches.EXPERIMENTS.items():
        assert [one.run.config for one in small_batches.runs(name)] == configs
    assert len(small_batches.fine_tunings()) == len(WAYS) * len(TUNING_RATES) * len(TUNING_SEEDS)


@pytest.mark.parametrize(("net", "norm"), BEST)
def test_the_rate_of_each_size_is_the_best_that_was_tried_and_no_end_of_the_grid(net, norm):
    tried = [one for one in small_batches.runs("rates") if small_batches.belongs(one.run.config, net, norm)]
    for size, best in BEST[net, norm].items():
        rates = TRIED[net, norm][size]
        means = {
            rate: np.mean(
                [o.refreshed for o in tried if (o.run.config.batch_size, o.run.config.learning_rate) == (size, rate)]
            )
            for rate in rates
        }
        assert max(means, key=means.get) == best and min(rates) < best < max(rates)


@pytest.mark.parametrize("ghost", GHOSTS)
def test_the_rate_of_each_ghost_is_the_best_that_was_tried_and_no_end_of_the_grid(ghost):
    tried = [one for one in small_batches.runs("ghost rates") if one.run.config.ghost == ghost]
    means = {
        rate: np.mean([one.refreshed for one in tried if one.run.config.learning_rate == rate])
        for rate in GHOSTS[ghost]
    }
    best = small_batches.BEST_GHOST[ghost]
    assert max(means, key=means.get) == best and min(means) < best < max(means)


def test_rates_are_chosen_on_other_seeds_than_those_shown():
    assert not set(small_batches.CHOOSING) & set(small_batches.REPORTED)


@pytest.mark.parametrize("net", small_batches.NETS)
@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_a_stored_run_comes_out_again(net, norm, fashion):
    """A short run at the largest batch: the first mean loss, and about the same accuracy."""
    size = max(BEST[net, norm])
    stored = next(
        o
        for o in small_batches.runs("sizes")
        if o.run.config.norm == norm
        and small_batches.belongs(o.run.config, net, norm)
        and o.run.config.batch_size == size
    )
    again = small_batches.measure(stored.run.config, fashion)
    np.testing.assert_allclose(again.run.loss[0], stored.run.loss[0], rtol=0.1)
    np.testing.assert_allclose(again.refreshed, stored.refreshed, atol=0.06)


def test_a_missing_run_is_an_error_that_names_the_command(monkeypatch, tmp_path):
    monkeypatch.setattr(small_batches, "STORE", tmp_path / "small_batches.json")
    with pytest.raises(LookupError, match="`python -m bncourse.small_batches` makes them"):
        small_batches.runs("sizes")
    with pytest.raises(LookupError, match="`python -m bncourse.small_batches` makes them"):
        small_batches.fine_tunings()
    with pytest.raises(
        ValueError, match="expected name to be one of rates, sizes, ghost rates, ghosts, received 'widths'"
    ):
        small_batches.runs("widths")


def test_a_seed_is_shown_at_the_rate_that_was_best_on_the_others():
    table = {0.1: (0.9, 0.6, 0.5), 0.2: (0.6, 0.8, 0.7)}
    tuned = [Tuned("way", rate, seed, a) for rate, row in table.items() for seed, a in enumerate(row)]
    assert small_batches.held_out([*tuned, Tuned("other", 0.1, 0, 1.0)], "way") == [0.6, 0.6, 0.5]


@pytest.mark.parametrize("way", WAYS)
def test_each_way_of_fine_tuning_moves_what_it_should(way, fashion):
    model = NET.build()
    refresh(model, fashion.train_images[:50])
    norm = model.get_layer("norm_1")
    before = [weight.numpy() for weight in norm.weights]
    hazy = small_batches.haze(fashion.train_images[:8])
    fine_tune(model, way, hazy, fashion.train_labels[:8], 0.01)
    gamma, _, mean, _ = (not np.array_equal(a, b) for a, b in zip(before, norm.weights, strict=True))
    assert gamma == WAYS[way].trainable
    assert mean == (WAYS[way].refreshed or (WAYS[way].trainable and WAYS[way].training))
    assert all(layer.trainable for layer in model.layers)
