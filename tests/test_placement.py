"""`bncourse.placement`: networks have the parts that an order names, and the stored runs are those of the command."""

import json

import keras
import numpy as np
import pytest

from bncourse import data, placement
from bncourse.layer import BatchNorm
from bncourse.placement import EVALUATED, ORDERS, RATES, SEEDS, Setting, network, place, stored

KINDS = {keras.layers.Conv2D: "conv", BatchNorm: "norm", keras.layers.ReLU: "relu", keras.layers.Dropout: "dropout"}


def parts(model):
    return [KINDS[type(layer)] for layer in model.layers if type(layer) in KINDS]


@pytest.mark.parametrize("order", ["conv norm relu", "conv relu norm", "conv norm relu dropout"])
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
    message = r"placement.json lacks {} of 36 runs: `python -m bncourse.placement` makes them"
    with pytest.raises(LookupError, match=message.format(36)):
        stored()
    placement.STORE.write_text(json.dumps(file | {"runs": file["runs"][1:]}))
    with pytest.raises(LookupError, match=message.format(1)):
        stored()


@pytest.mark.parametrize("order", ORDERS)
def test_the_first_steps_of_a_stored_run_come_out_again(order):
    """At the lowest rate. What follows may be chaotic: last digits, which differ between processors, grow."""
    setting = Setting(order, 0.1, 0)
    run = stored()[setting]
    again = place(setting, data.load(), steps=5)
    np.testing.assert_allclose(again.loss[0], run.loss[0], rtol=1e-3)
    np.testing.assert_allclose(again.loss, run.loss[:5], rtol=0.03)
