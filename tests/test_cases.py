"""The capstone's cases: each fault is real, its symptom is what the owner says, and the network without it is well."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from bncourse import cases, data

FASHION = data.load()


def normalizations(model):
    return [layer for layer in model.layers if hasattr(layer, "moving_variance")]


def loss(model):
    """The mean loss on 1,600 training images as one batch, by its own statistics."""
    return float(cases.LOSS(FASHION.train_labels[:1600], model(FASHION.train_images[:1600], training=True)))


def accuracies(model, step, number):
    """Test accuracy after each of some steps."""
    found = []
    for _ in range(number):
        step()
        found.append(cases.accuracy(model))
    return np.array(found)


# The chapter itself shows seed 0; 2 to 4 pass as well.
@pytest.fixture(scope="module", params=[pytest.param(1, marks=pytest.mark.again, id="seed 1")])
def seed(request):
    return request.param


@pytest.fixture(scope="module")
def well(seed):
    """The healthy network, measured."""
    model = cases.healthy(seed=seed).model
    accuracy = cases.accuracy(model)
    return SimpleNamespace(accuracy=accuracy, batch_accuracy=cases.accuracy(model, training=True), loss=loss(model))


def test_a_healthy_model_does_equally_well_by_both_statistics(well):
    assert well.accuracy > 0.4 and abs(well.accuracy - well.batch_accuracy) < 0.15


def test_a_is_ruined_by_statistics_alone(seed, well):
    model = cases.load("A", seed).model
    assert cases.accuracy(model) < 0.25
    assert cases.accuracy(model, training=True) == pytest.approx(well.batch_accuracy, abs=0.02)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


def test_a_recovers_when_its_statistics_are_collected_anew(well, seed):
    model = cases.load("A", seed).model
    for norm in normalizations(model):
        norm.moving_mean.assign(np.zeros(norm.moving_mean.shape))
        norm.moving_variance.assign(np.ones(norm.moving_variance.shape))
    for start in range(0, 60 * 32, 32):
        model(FASHION.train_images[start : start + 32], training=True)
    assert cases.accuracy(model) > well.accuracy - 0.1


def test_b_has_keras_values_and_another_gradient(seed, well):
    model = cases.load("B", seed).model
    assert loss(model) > well.loss + 0.1
    ours, theirs = cases.HandmadeNorm(), keras.layers.BatchNormalization(momentum=0.9)
    x = np.random.default_rng(seed).normal(3, 2, (8, 5, 5, 3)).astype("float32")
    for training in (True, False):
        np.testing.assert_allclose(ours(x, training=training), theirs(x, training=training), atol=1e-4)
    np.testing.assert_allclose(ours.get_weights()[3], theirs.get_weights()[3], rtol=1e-4)


def test_c_hardly_learns_with_statistics_that_never_moved(seed, well):
    model = cases.load("C", seed).model
    for norm in normalizations(model):
        assert not norm.moving_mean.numpy().any() and (norm.moving_variance.numpy() == 1).all()
    assert cases.accuracy(model) < well.accuracy - 0.1
    assert loss(model) > well.loss + 0.6


def test_d_learns_more_slowly_and_has_a_statistic_for_each_row(seed, well):
    model = cases.load("D", seed).model
    assert loss(model) > well.loss + 0.1
    assert [norm.moving_mean.shape[0] for norm in normalizations(model)] == [14, 14, 7, 7]


def test_e_forgets_and_a_second_compile_cures_it(seed):
    late, right = cases.load("E", seed), cases.load("E", seed)
    right.model.compile(keras.optimizers.SGD(0.03), cases.LOSS, jit_compile=False)
    before = cases.accuracy(late.model)
    assert not any(norm.trainable for norm in normalizations(late.model))
    assert accuracies(late.model, late.step, 5)[-1] < before - 0.08
    assert accuracies(right.model, right.step, 5)[-1] > before - 0.08


def test_f_jumps_and_does_not_with_the_momentum_that_was_meant(seed):
    ill, meant = cases.load("F", seed), cases.in_small_batches(0.9, seed)
    assert np.ptp(accuracies(ill.model, ill.step, 10)) > 0.08
    assert np.ptp(accuracies(*meant, 10)) < 0.06


def test_equal_seeds_give_equal_starts_and_complaints_name_no_fault():
    one, other = cases.network(seed=3), cases.network(seed=3)
    assert all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))
    for complaint, _ in cases._CASES.values():
        assert not any(word in complaint for word in ("training=", "axis", "255", "gradient", "compile", "0.1 "))


def test_an_unknown_case_is_refused():
    with pytest.raises(ValueError, match="expected one of A, B, C, D, E, F, received 'G'"):
        cases.load("G")
