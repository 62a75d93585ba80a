"""What runs on others' machines: workflows with pinned actions and least permissions, and Binder's environment."""

import hashlib
import os
import re
import subprocess
import tomllib
from pathlib import Path

import colab
import pytest
import runtimes
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


def test_the_lock_follows_colabs_current_runtime():
    constraints = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["constraint-dependencies"]
    _, current = colab.RUNTIMES["latest"]
    assert set(current) <= set(constraints)
    assert set(current) <= set((ROOT / "requirements.txt").read_text().split())


# What Colab publishes, shortened.
README = """
### 2026.07

*   Python 3.12.13

For the exact details, refer to the individual `*.txt` files at this
[GitHub commit](https://github.com/googlecolab/backend-info/tree/ec53f93fe44a9cab118dc5451527b18e36e1a643).

### 2025.10

*   Python 3.12.12

For the exact details, refer to the individual `*.txt` files at this
[GitHub commit](https://github.com/googlecolab/backend-info/tree/7a0599e3401b4c158fc34a8023e042fa3691be32).

## Contributing
"""
OS_INFO = "# Do not modify this file directly\nUbuntu 22.04.5 LTS\nPython {}.15\nR version 4.6.1\n"
FREEZE = """# Do not modify this file directly
absl-py==1.4.0
en_core_web_sm @ https://example.org/en_core_web_sm-3.8.0-py3-none-any.whl
ipykernel==6.17.1
{}
nbclient==0.10.4
setuptools==75.2.0
tensorflow-datasets==4.9.9
"""


def published(**changes):
    """The repository of a Colab that has what we rehearse, but for some files."""
    files = {"main/README.md": README}
    for name, place in (("latest", "main"), ("oldest", "7a0599e3401b4c158fc34a8023e042fa3691be32")):
        python, pinned = colab.RUNTIMES[name]
        files[f"{place}/os-info.txt"] = OS_INFO.format(python)
        files[f"{place}/pip-freeze.txt"] = FREEZE.format("\n".join([*pinned, "ipython==7.34.0"]))
    return {**files, **changes}.__getitem__


def test_a_colab_that_stands_still_is_no_news():
    assert runtimes.changes(published()) == []


def test_it_is_said_what_moved_in_colab():
    freeze = published()("main/pip-freeze.txt")
    newer = re.sub("tensorflow==.*", "tensorflow==2.99.0", freeze).replace("ipykernel==6.17.1", "ipykernel==7.0.0")
    files = {"main/pip-freeze.txt": newer.replace("nbclient==0.10.4\n", ""), "main/os-info.txt": OS_INFO.format("3.99")}
    _, current = colab.RUNTIMES["latest"]
    assert runtimes.changes(published(**files)) == [
        f"latest: Colab has Python 3.99, we rehearse {colab.RUNTIMES['latest'][0]}",
        f"latest: Colab has tensorflow 2.99.0, we rehearse {current[0]}",
        "latest: Colab has ipykernel 7.0.0, we rehearse ipykernel<7",
        "latest: Colab has no nbclient, we rehearse nbclient",
    ]


def test_a_readme_without_older_runtimes_is_not_taken_for_no_news():
    with pytest.raises(SystemExit, match="names no older runtimes"):
        runtimes.changes(published(**{"main/README.md": "# Backend Information"}))


def test_the_vendored_mathjax_is_that_of_the_record():
    version, *lines = (ROOT / "web" / "mathjax.sha256").read_text().splitlines()
    folder = ROOT / "web" / "static" / "mathjax"
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    assert lines == [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}" for path in files]
    assert version == "# mathjax@3.2.2" and 'VERSION="3.2.2"' in (folder / "tex-mml-chtml.js").read_text()


def test_packages_are_cached_and_every_python_of_the_package_is_tested():
    steps = yaml.safe_load((ROOT / ".github" / "workflows" / "course.yml").read_text())["jobs"]["test"]
    assert steps["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert [step["with"]["cache"] for step in steps["steps"] if "setup-python" in step.get("uses", "")] == ["pip"]


def test_the_weekly_jobs_call_commands_that_exist():
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    called = re.findall(r"run: make (\w+)", (ROOT / ".github" / "workflows" / "rehearsal.yml").read_text())
    assert {"colab", "portable", "runtimes", "linkcheck"} == set(called) <= set(targets)


@pytest.mark.parametrize(("system", "says"), [("ubuntu", "install the .deb of"), ("debian", "chromium")])
def test_a_clone_without_a_browser_says_or_installs_what_is_missing(system, says, tmp_path):
    """The script with stand-ins for the system: nothing is installed, tested or built."""
    script = (ROOT / ".ci" / "run").read_text().replace("/etc/os-release", str(tmp_path / "os-release"))
    (tmp_path / "os-release").write_text(f"ID={system}\n")
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "run").write_text(script)
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("make", "git", "python3", "apt-get", "sudo"):
        (commands / name).write_text(f'#!/bin/sh\necho {name} "$@"\n')
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        (commands / name).write_text("#!/bin/sh\nexit 1\n")
    for command in commands.iterdir():
        command.chmod(0o755)
    path = f"{commands}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", tmp_path / ".ci" / "run"], env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert says in (done.stderr if system == "ubuntu" else done.stdout)
    assert (done.returncode == 0) == (system == "debian") == ("make test\nmake book\nmake pdf" in done.stdout)


def test_the_clone_runs_both_commands_and_stops_at_a_failure():
    script = ROOT / ".ci" / "run"
    lines = script.read_text().splitlines()
    assert os.access(script, os.X_OK) and "set -euo pipefail" in lines
    assert lines[-3:] == ["make test", "make book", "make pdf"]
