"""Rehearsals on loopback: a chapter alone, in a fresh environment without `bncourse`, as in Colab."""

import importlib.metadata
import importlib.util
import subprocess
import sys

import colab
import course
import nbformat
import pytest
import stamp
from nbformat.v4 import new_code_cell, new_notebook

import bncourse
from bncourse import environment

CHAPTER = "forward"  # a quick one that also loads the package's data
SERIES = ".".join(bncourse.__version__.split(".")[:2])


def set_up(folder):
    """A notebook that is nothing but a set-up cell."""
    source = stamp.setup_source(course.read()._replace(branch="main"), tensorflow=False)
    path = folder / "set_up.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(source)]), path)
    return path


def test_a_forks_chapter_alone_runs_and_adds_nothing_but_the_package(tmp_path):
    fork = course.read()._replace(repository="https://github.com/Ada-L/my.course", branch="term/2027")
    chapter = fork.chapter(CHAPTER)
    notebook = tmp_path / "chapter.ipynb"
    notebook.write_text(stamp.stamp_notebook((course.ROOT / chapter.path).read_text(), chapter, fork))
    with colab.served(colab.archive(), fork) as repository:
        result = colab.rehearse(notebook, sys.executable, repository)
    assert result.problem is None
    assert "bncourse" not in result.before
    assert {name: version for name, version in result.after.items() if name != "bncourse"} == result.before


def test_an_unreachable_archive_is_said_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_RETRIES", "0")
    result = colab.rehearse(set_up(tmp_path), sys.executable, "http://127.0.0.1:9/someone/course")
    archive = "http://127.0.0.1:9/someone/course/archive/refs/heads/main.zip"
    assert result.problem.startswith(f"The course's package could not be installed from {archive}: check the network")
    assert "\n" not in result.problem
    assert result.after == result.before


def test_a_python_of_another_version_does_not_pass_for_colabs(monkeypatch):
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    monkeypatch.setenv("PYTHON", sys.executable)
    assert colab.find(ours) == sys.executable
    with pytest.raises(SystemExit, match="This runtime has Python 3.99: name one with `make colab PYTHON="):
        colab.find("3.99")


@pytest.fixture
def call(monkeypatch):
    """The set-up cell's function, where some packages seem missing and pip's commands are only recorded."""
    found = importlib.util.find_spec

    def call(*, missing=("bncourse",), status=0, **changes):
        commands = []

        def run(command, **options):
            commands.append(command)
            return subprocess.CompletedProcess(command, status)

        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in missing else found(name))
        monkeypatch.setattr(subprocess, "run", run)
        names = {}
        exec((colab.ROOT / "tools" / "setup_cell.py").read_text(), names)
        arguments = {"repository": "https://github.com/someone/course", "branch": "main", "series": SERIES}
        names["set_up"](**{**arguments, "tensorflow": False, **changes})
        return commands

    monkeypatch.delenv("BNCOURSE_REPO", raising=False)
    return call


def test_nothing_happens_where_the_package_is_importable(call, capsys):
    assert call(missing=()) == []
    assert capsys.readouterr() == ("", "")


def test_the_package_is_installed_alone_from_the_archive_of_the_branch(call):
    [command] = call(branch="term/2027")
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert command[-1] == "https://github.com/someone/course/archive/refs/heads/term/2027.zip"
    assert "--no-deps" in command
    assert not {"--upgrade", "-U", "--force-reinstall"} & set(command)


def test_without_setuptools_pip_brings_its_own_to_build_with(call):
    [command] = call(missing=("bncourse", "setuptools"))
    assert "--no-build-isolation" not in command
    [command] = call()
    assert "--no-build-isolation" in command


@pytest.mark.parametrize(
    ("override", "archive"),
    [
        ("https://github.com/ada/fork/", "https://github.com/ada/fork/archive/refs/heads/main.zip"),
        ("http://127.0.0.1:8000/course.zip", "http://127.0.0.1:8000/course.zip"),
    ],
)
def test_an_environment_variable_overrides_the_address(call, monkeypatch, override, archive):
    monkeypatch.setenv("BNCOURSE_REPO", override)
    assert call()[0][-1] == archive


def sentence(error):
    """What Jupyter shows of an exception."""
    [shown] = error.value._render_traceback_()
    assert "\n" not in shown and shown.endswith(".")
    return shown


def test_a_copy_without_an_address_says_so_and_fetches_nothing(call):
    with pytest.raises(Exception, match="no public address yet") as error:
        call(repository="https://github.com/your--org/batchnorm-course", status=1)
    assert "BNCOURSE_REPO" in sentence(error)


def test_a_failed_installation_says_how_to_see_why(call):
    with pytest.raises(Exception, match="could not be installed from https://github.com/someone/course") as error:
        call(status=1)
    assert "`!pip install --no-deps https" in sentence(error)


def test_a_package_of_another_series_is_refused(call):
    with pytest.raises(environment.EnvironmentProblem, match="works with bncourse 99.0 and finds") as error:
        call(missing=(), series="99.0")
    assert "newest version" in sentence(error)


@pytest.mark.parametrize("name", environment.OLDEST)
def test_a_package_that_is_too_old_is_named(name, monkeypatch):
    monkeypatch.setitem(environment.OLDEST, name, "99.0")
    with pytest.raises(environment.EnvironmentProblem, match=f"needs {name} 99.0 or newer and finds") as error:
        environment.require(SERIES, tensorflow=True)
    assert "latest version" in sentence(error)


def test_a_chapter_without_tensorflow_runs_where_there_is_none(monkeypatch):
    monkeypatch.setitem(environment.OLDEST, "tensorflow", "99.0")
    environment.require(SERIES, tensorflow=False)


def test_a_missing_package_is_named_and_a_renamed_one_passes(monkeypatch):
    def version(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(environment, "version", version)
    environment.require(SERIES, tensorflow=True)  # all of them importable, as tensorflow is from tensorflow-cpu
    monkeypatch.setattr(environment, "find_spec", lambda name: None if name == "tensorflow" else True)
    with pytest.raises(environment.EnvironmentProblem, match="needs tensorflow .* and finds none"):
        environment.require(SERIES, tensorflow=True)
