"""Every file of stored runs can be read, all of it, by the module that makes it."""

import json

import pytest

from bncourse import landscape, norm_trials, placement, replica_trials, shift, small_batches, speedup, training

STORES = {path.stem: path for path in training.STORE.parent.glob("*.json")}
#: What reads all that a file holds.
READERS = {
    "training": lambda: [training.runs(name) for name in training.SWEEPS],
    "speedup": lambda: [speedup.runs(name) for name in speedup.EXPERIMENTS],
    "shift": lambda: [shift.measurements(name) for name in shift.EXPERIMENTS],
    "placement": lambda: [placement.stored(), *map(placement.stored_dropout, placement.DROPOUT_RATES)],
    "norm_trials": lambda: [norm_trials.stored()],
    "small_batches": lambda: [small_batches.runs(name) for name in small_batches.EXPERIMENTS],
    "replica_trials": lambda: [replica_trials.stored()],
    "landscape": lambda: [landscape.turned(), landscape.disturbed(), landscape.surveys()],
}


def test_every_stored_file_has_a_reader():
    assert set(STORES) == set(READERS)


@pytest.mark.parametrize("name", READERS)
def test_a_stored_file_is_plain_json_that_loads(name):
    def no_number(constant):
        raise AssertionError(f"{constant} is no JSON")

    stored = json.loads(STORES[name].read_text(), parse_constant=no_number)
    assert stored["made_by"] == f"python -m bncourse.{name}"
    assert all(len(part) for part in READERS[name]())
