"""`bncourse.speedup`: what is read from runs, and that the stored runs are those of the command."""

import itertools
import json
import math

import numpy as np
import pytest

from bncourse import data, models, speedup
from bncourse.speedup import EXPERIMENTS, Bracket, best_rate, final_accuracy, highest_rate, select, steps_to
from bncourse.training import Config, Run, load_runs, save_runs, sweep, train


def run(accuracy, *, diverged=False, evaluated=None, **fields):
    evaluated = np.arange(1, len(accuracy) + 1) * 100 if evaluated is None else np.array(evaluated)
    return Run(Config(**fields), np.ones(3, np.float32), np.array(accuracy, float), evaluated, diverged)


def test_steps_to_is_the_first_evaluation_that_is_good_enough():
    one = run([0.2, 0.6, 0.5, 0.7], evaluated=[10, 30, 70, 90])
    assert [steps_to(one, target) for target in (0.1, 0.5, 0.6, 0.65)] == [10, 30, 30, 90]
    assert steps_to(one, 0.71) == math.inf


def test_a_diverged_run_ends_with_no_accuracy():
    assert final_accuracy(run([0.8], diverged=True)) == 0.0
    assert final_accuracy(run([], diverged=True)) == 0.0
    assert final_accuracy(run([0.3, 0.8])) == 0.8


def test_select_takes_the_runs_that_have_all_values():
    runs = [run([0.5], norm=norm, seed=seed) for norm in ("none", "batch") for seed in (0, 1)]
    assert select(runs, norm="batch", seed=1) == [runs[3]]
    assert select(runs, norm="batch") == runs[2:]
    with pytest.raises(AttributeError):
        select(runs, lr=1)


def test_the_highest_rate_must_work_for_the_median_run():
    table = {0.1: (0.6, 0.7, 0.0), 0.3: (0.1, 0.7, 0.1), 1.0: (0.5, 0.5, 0.5), 3.0: (0.9, 0.4, 0.3)}
    runs = [run([a], learning_rate=rate, seed=seed) for rate, row in table.items() for seed, a in enumerate(row)]
    assert highest_rate(runs, 0.5) == Bracket(works=1.0, fails=3.0)
    assert highest_rate(runs, 0.6) == Bracket(works=0.1, fails=0.3)
    assert highest_rate(runs, 0.1) == Bracket(works=3.0, fails=math.inf)
    with pytest.raises(ValueError, match="expected a learning rate at which the median run reaches 0.8"):
        highest_rate(runs, 0.8)


def test_a_diverged_run_makes_a_rate_fail():
    runs = [run([0.9], learning_rate=0.1), run([0.9], learning_rate=1.0, diverged=True)]
    assert highest_rate(runs, 0.5) == Bracket(works=0.1, fails=1.0)


def test_an_unknown_experiment_is_refused():
    with pytest.raises(ValueError, match="expected name to be one of learning_rate, .*, received 'width'"):
        speedup.runs("width")


def test_a_step_of_a_larger_network_takes_longer():
    images = data.load()
    nets = [models.cnn(depth=2), models.cnn(depth=12, width=16)]
    small, large = speedup.seconds_per_step(nets, images.train_images[:32], images.train_labels[:32], repetitions=10)
    assert 0 < small < large


def test_the_store_says_which_command_made_it():
    assert json.loads(speedup.STORE.read_text())["made_by"] == "python -m bncourse.speedup"


def test_the_store_holds_every_run_of_every_experiment_and_no_other():
    stored, wanted = [run.config for run in load_runs(speedup.STORE)], set(itertools.chain(*EXPERIMENTS.values()))
    assert set(stored) == wanted and len(stored) == len(wanted)


def test_reading_runs_trains_and_writes_nothing(monkeypatch):
    monkeypatch.setattr(Config, "build", None)
    before = speedup.STORE.read_bytes()
    for name, configs in EXPERIMENTS.items():
        assert [run.config for run in speedup.runs(name)] == configs
    assert speedup.STORE.read_bytes() == before


def test_a_missing_run_is_an_error_that_names_the_command(monkeypatch, tmp_path):
    held, store = speedup.runs("race"), tmp_path / "speedup.json"
    monkeypatch.setattr(speedup, "STORE", store)
    message = r"speedup.json lacks {} of 10 runs: `python -m bncourse.speedup` makes them"
    with pytest.raises(LookupError, match=message.format(10)):
        speedup.runs("race")
    save_runs(store, held[1:])
    before = store.read_bytes()
    with pytest.raises(LookupError, match=message.format(1)):
        speedup.runs("race")
    assert store.read_bytes() == before


@pytest.mark.parametrize(
    ("tried", "best"),
    [("race_rates", speedup.BEST_RACE), ("flatten_rates", speedup.BEST_FLATTEN)],
)
def test_each_side_runs_at_the_best_of_the_rates_that_were_tried(tried, best):
    assert {norm: best_rate(select(speedup.runs(tried), norm=norm)) for norm in ("none", "batch")} == best


def test_the_sigmoid_network_runs_at_its_best_rate_and_batch_norm_at_that_one_too():
    tried, best = speedup.runs("figure1_rates"), speedup.BEST_SIGMOID
    assert {norm: best_rate(select(tried, norm=norm)) for norm in ("none", "batch")} == best
    assert all(final_accuracy(run) > 0.75 for run in select(tried, norm="batch"))
    ran = {(run.config.norm, run.config.learning_rate) for run in speedup.runs("figure1_tuned")}
    assert ran == {*best.items(), ("batch", best["none"])}


def test_the_plain_network_has_the_best_rate_for_each_gain():
    tried = speedup.runs("gain_rates")
    for gain in speedup.PLAIN_RATES:
        assert best_rate(select(tried, gain=gain)) == speedup.BEST_PLAIN[gain]
    assert best_rate(select(speedup.runs("learning_rate"), norm="none")) == speedup.BEST_PLAIN[1.0]


def test_reported_seeds_chose_nothing():
    chose = {run.config.seed for name in ("gain_rates", "race_rates", "figure1_rates") for run in speedup.runs(name)}
    assert chose.isdisjoint(speedup.REPORTED)


@pytest.mark.parametrize("name", ["learning_rate", "figure1"])
def test_the_first_steps_of_a_stored_run_come_out_again(name):
    """A mean over fifty steps of a run that is not chaotic: on another processor it moves by less than this."""
    calm = select(speedup.runs(name), norm="batch", seed=0)[0]
    again = train(calm.config.replace(steps=50), data.load())
    np.testing.assert_allclose(again.loss[0], calm.loss[0], rtol=0.03)


@pytest.mark.again
def test_a_whole_stored_run_comes_out_again():
    (found,) = select(speedup.runs("learning_rate"), learning_rate=0.1, norm="batch", seed=1)
    (again,) = sweep(found.config, {}, data.load())
    assert abs(final_accuracy(again) - final_accuracy(found)) < 0.1
