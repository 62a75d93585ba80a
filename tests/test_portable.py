"""`make portable`: other processors are really others, and runs are compared as far as they can be."""

import os
import subprocess
import sys

import numpy as np
import portable
import pytest
import remade

from bncourse import speedup, training
from bncourse.training import Config, Run


def run(accuracy, *, loss=2.0, diverged=False, **fields):
    return Run(Config(**fields), np.array([loss], np.float32), np.array([accuracy]), np.array([300]), diverged)


def test_there_are_three_emulations_at_least_and_numpy_obeys():
    emulations = portable.emulations()
    assert len(emulations) >= 4 and {"oldest", "without-onednn", "one-thread", "two-threads"} <= set(emulations)
    code = "import sys; sys.path.insert(0, 'tools'); import portable; print(portable.features())"
    environment = {**os.environ, **emulations["oldest"]}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=portable.ROOT, env=environment, capture_output=True, text=True
    )
    assert done.stdout == "[]\n", done.stderr


def test_an_experiment_of_every_store_is_made_again():
    assert {path.stem for path in training.STORE.parent.glob("*.json")} == set(remade.REMADE)


def test_failures_of_a_report_are_counted_and_named(tmp_path):
    (tmp_path / "report.xml").write_text(
        "<testsuites><testsuite><testcase classname='book.01_one.ipynb' name='Cell 1'/>"
        "<testcase classname='book.01_one.ipynb' name='Cell 2'><failure>values moved</failure></testcase>"
        "<testcase classname='tests.test_x' name='test_a'><error message='m'>no module</error></testcase>"
        "<testcase classname='tests.test_x' name='test_b'><skipped/></testcase></testsuite></testsuites>"
    )
    passed, problems = portable.outcome(tmp_path / "report.xml")
    assert passed == 1
    assert problems == ["book.01_one.ipynb::Cell 2\nvalues moved", "tests.test_x::test_a\nno module"]


def test_the_calmest_setting_that_learns_is_made_again_beside_the_other_normalization():
    table = {
        ("none", 0.1): (0.1, 0.1),
        ("none", 0.03): (0.6, 0.65),
        ("batch", 0.03): (0.7, 0.71),
        ("batch", 1): (0.5, 0.8),
    }
    runs = [
        run(accuracy, norm=norm, learning_rate=rate, seed=seed)
        for (norm, rate), row in table.items()
        for seed, accuracy in enumerate(row)
    ]
    chosen = remade.comparable(remade.settings(runs))
    assert [(config.norm, config.learning_rate) for config in chosen] == [("batch", 0.03), ("none", 0.03)]


@pytest.mark.parametrize("name", [*training.SWEEPS, *speedup.EXPERIMENTS])
def test_each_experiment_but_a_chaotic_one_has_a_calm_run_to_compare(name):
    module = training if name in training.SWEEPS else speedup
    groups = remade.settings(module.runs(name))
    config, *_ = remade.comparable(groups)
    # Sixteen plain convolutions learn on some seeds and not on others: of theirs the first loss alone is compared.
    assert (remade.spread(groups[config]) < remade.CALM) == (name != "patience")


GROUPS = remade.settings(
    [run(accuracy, norm=norm, seed=seed) for norm, row in {"batch": (0.7, 0.72), "none": (0.4, 0.45)}.items()
     for seed, accuracy in enumerate(row)]
)  # fmt: skip


@pytest.mark.parametrize(
    ("batch", "none", "problem"),
    [
        (run(0.62, norm="batch"), run(0.5), None),
        (run(0.7, norm="batch", loss=2.01), run(0.4), "the first loss was 2.0000, is 2.0100"),
        (run(0.5, norm="batch"), run(0.4), "ends with 0.50, the stored runs with 0.70 to 0.72"),
        (run(0.7, norm="batch", diverged=True), run(0.4), "ends with 0.00"),
        (run(0.59, norm="batch"), run(0.56), None),
        (run(0.6, norm="batch"), run(0.56, loss=2.001), None),
    ],
)
def test_a_run_made_again_is_compared_in_first_loss_and_range(batch, none, problem):
    found = remade.differing(GROUPS, {run.config: run for run in (batch, none)})
    assert found == [] if problem is None else problem in found[0]


def test_settings_far_apart_must_keep_their_order(monkeypatch):
    monkeypatch.setattr(remade, "MARGIN", 1.0)
    again = {one.config: one for one in (run(0.4, norm="batch"), run(0.7))}
    assert remade.differing(GROUPS, again) == ["the two settings come out in the other order"]


def test_the_exit_status_says_whether_anything_failed(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["portable.py", "runs"])
    for problems, status in (([], False), (["depth: another order"], True)):
        monkeypatch.setattr(portable, "runs", lambda p=problems: portable.Row("runs", 3, len(p), 1.0, p))
        with pytest.raises(SystemExit) as ended:
            portable.main()
        assert bool(ended.value.code) == status
        assert f"{len(problems):>8}" in capsys.readouterr().out.splitlines()[-1]
    monkeypatch.setattr(sys, "argv", ["portable.py", "nothing"])
    with pytest.raises(SystemExit) as ended:
        portable.main()
    assert ended.value.code == 2
