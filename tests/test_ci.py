"""What runs on others' machines: workflows with pinned actions and least permissions, and Binder's environment."""

import os
import re
from pathlib import Path

import colab
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit(path):
    actions = re.findall(r"uses: (\S+)(.*)", path.read_text())
    assert actions
    for action, comment in actions:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action) and re.fullmatch(r" # v\d+\.\d+\.\d+", comment)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_only_publishing_may_write_and_only_to_pages(path):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    granted = {name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job}
    assert granted in ({}, {"publish": {"pages": "write", "id-token": "write"}})


def test_binder_pins_a_python_that_ci_tests_and_the_locked_packages():
    runtime = (ROOT / "binder" / "runtime.txt").read_text().strip()
    tested = yaml.safe_load((ROOT / ".github" / "workflows" / "course.yml").read_text())["jobs"]["test"]
    assert runtime.removeprefix("python-") in tested["strategy"]["matrix"]["python"]
    lines = (ROOT / "binder" / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "--constraint ../requirements.txt",
        "--editable .[chapters]",
    ]


def test_the_rehearsed_pythons_are_those_of_colabs_runtimes():
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "rehearsal.yml").read_text())["jobs"]
    rehearsed = {entry["runtime"]: entry["python"] for entry in jobs["colab"]["strategy"]["matrix"]["include"]}
    assert rehearsed == {name: python for name, (python, _) in colab.RUNTIMES.items()}


def test_the_clone_runs_both_commands_and_stops_at_a_failure():
    script = ROOT / ".ci" / "run"
    lines = script.read_text().splitlines()
    assert os.access(script, os.X_OK) and "set -euo pipefail" in lines
    assert lines[-2:] == ["make test", "make book"]
