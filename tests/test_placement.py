"""`bncourse.placement`: networks have the parts that an order names, and the stored runs are those of the command."""

import json

import keras
import numpy as np
import pytest

from bncourse import data, placement
from bncourse.layer import BatchNorm
from bncourse.placement import (
    DROPOUT,
    DROPOUT_RATES,
    EVALUATED,
    ORDERS,
    RATES,
    SEEDS,
    Setting,
    network,
    place,
    stored,
    stored_dropout,
    switched,
)

KINDS = {keras.layers.Conv2D: "conv", BatchNorm: "norm", keras.layers.ReLU: "relu", keras.layers.Dropout: "dropout"}


def parts(model):
    return [KINDS[type(layer)] for layer in model.layers if type(layer) in KINDS]


@pytest.mark.parametrize("order", ["conv norm relu", "conv relu norm", "norm relu conv", DROPOUT])
def test_each_of_six_blocks_has_the_parts_in_their_order(order):
    assert parts(network(order, seed=0)) == order.split() * 6


def test_a_residual_network_adds_where_shapes_agree_and_normalizes_the_sum_once_more():
    model = network("norm relu conv add", seed=0)
    assert parts(model) == ["norm", "relu", "conv"] * 6 + ["norm", "relu"]
    assert sum(isinstance(layer, keras.layers.Add) for layer in model.layers) == 4  # not where the stride is 2


def test_a_seed_gives_the_same_network_and_another_one_another():
    first, again, other = (network("conv norm relu", seed).layers[1].kernel.numpy() for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_store_holds_every_run_and_says_which_command_made_it():
    file = json.loads(placement.STORE.read_text())
    assert file["made_by"] == "python -m bncourse.placement"
    runs = stored()
    assert len(file["runs"]) == len(runs) == len(ORDERS) * len(RATES) * len(SEEDS)
    for setting, run in runs.items():
        assert run.setting == setting and run.loss.shape == (max(EVALUATED),)
        assert tuple(run.accuracy) == tuple(run.as_trained) == EVALUATED


def test_a_missing_run_is_an_error_that_names_the_command(monkeypatch, tmp_path):
    file = json.loads(placement.STORE.read_text())
    monkeypatch.setattr(placement, "STORE", tmp_path / "placement.json")
    message = r"placement.json lacks {} of 60 runs: `python -m bncourse.placement` makes them"
    with pytest.raises(LookupError, match=message.format(60)):
        stored()
    placement.STORE.write_text(json.dumps(file | {"runs": file["runs"][1:]}))
    with pytest.raises(LookupError, match=message.format(1)):
        stored()


def test_the_store_holds_the_networks_with_dropout_of_every_rate_and_seed(monkeypatch, tmp_path):
    file = json.loads(placement.STORE.read_text())
    assert len(file["dropout"]) == len(DROPOUT_RATES) * len(SEEDS)
    for rate in DROPOUT_RATES:
        runs = stored_dropout(rate)
        assert [run.setting for run in runs] == [Setting(DROPOUT, rate, seed) for seed in SEEDS]
        assert all(run.ratios.shape == (6,) and all(0 < share < 1 for share in run[2:]) for run in runs)
    monkeypatch.setattr(placement, "STORE", tmp_path / "placement.json")
    placement.STORE.write_text(json.dumps(file | {"dropout": file["dropout"][:-1]}))
    assert len(stored_dropout(0.3)) == 5
    with pytest.raises(LookupError, match=r"placement.json lacks 1 of 5 runs: `python -m bncourse.placement` makes"):
        stored_dropout(1.0)


def test_what_is_read_is_written_as_it_was():
    file = json.loads(placement.STORE.read_text())
    assert [json.loads(line.rstrip(",")) for line in placement.lines(stored().values()).splitlines()] == file["runs"]


def test_the_two_switches_are_apart():
    model = network(DROPOUT, seed=0)
    images = data.load().test_images[:50]

    def moving():
        return np.concatenate([weight.numpy() for weight in model.non_trainable_weights])

    before = moving()
    as_used, variances = switched(model, images, dropout=False, batch_statistics=False)
    np.testing.assert_allclose(as_used, model(images), atol=1e-5)
    assert [len(variance) for variance in variances] == [8, 8, 8, 16, 16, 16]
    noisy = [switched(model, images, dropout=True, batch_statistics=False)[0] for _ in range(2)]
    assert not np.allclose(*noisy)
    np.testing.assert_array_equal(moving(), before)
    calm = [switched(model, images, dropout=False, batch_statistics=True)[0] for _ in range(2)]
    np.testing.assert_array_equal(*calm)
    assert not np.allclose(calm[0], as_used)
    assert not np.allclose(moving(), before)


@pytest.mark.parametrize("order", ORDERS)
def test_the_first_steps_of_a_stored_run_come_out_again(order):
    """At the lowest rate. What follows may be chaotic: last digits, which differ between processors, grow."""
    setting = Setting(order, 0.1, 0)
    run = stored()[setting]
    again = place(setting, data.load(), steps=5)
    np.testing.assert_allclose(again.loss[0], run.loss[0], rtol=1e-3)
    np.testing.assert_allclose(again.loss, run.loss[:5], rtol=0.03)
