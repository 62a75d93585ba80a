"""What a chapter needs from the environment that it runs in; each chapter's set-up cell calls `require`."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from . import __version__

#: The oldest versions that the chapters work with, as in pyproject.toml.
OLDEST = {"python": "3.11", "numpy": "2.0", "matplotlib": "3.8", "tensorflow": "2.18", "keras": "3.8"}


class EnvironmentProblem(RuntimeError):
    """Something is too old, missing or does not fit; Jupyter shows its sentence without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def _release(text: str) -> tuple[int, ...]:
    """The first two numbers of a version: (2, 20) for "2.20.0rc1"."""
    return tuple(int(number) for number in text.split(".")[:2])


def _installed(name: str) -> str | None:
    """The version of a package, or None; a package that another distribution brings passes as the oldest."""
    if name == "python":
        return platform.python_version()
    try:
        return version(name)
    except PackageNotFoundError:  # tensorflow-cpu brings tensorflow
        return OLDEST[name] if find_spec(name) else None


def require(series: str, *, tensorflow: bool) -> None:
    """Check that a notebook can run here.

    Args:
        series: the series of bncourse that the notebook was written for: "0.1" works with 0.1.0 and 0.1.7, not with
            0.2.0.
        tensorflow: whether the notebook needs TensorFlow and Keras.

    Raises:
        EnvironmentProblem: if it can't; one sentence that says what to do.
    """
    if _release(__version__) != _release(series):
        raise EnvironmentProblem(
            f"This notebook works with bncourse {series} and finds {__version__}: open its newest version from the "
            "course's page, or run `%pip uninstall -y bncourse`, restart the session and run this cell again."
        )
    for name, oldest in OLDEST.items():
        if name in ("tensorflow", "keras") and not tensorflow:
            continue
        found = _installed(name)
        if found is None or _release(found) < _release(oldest):
            raise EnvironmentProblem(
                f"This notebook needs {name} {oldest} or newer and finds {found or 'none'}: in Colab choose the latest "
                "version under Runtime > Change runtime type, elsewhere install the course's requirements.txt."
            )


def machine() -> dict[str, str]:
    """What a time depends on beside the code: processor, caches, cores, threads that are asked for, versions."""
    threads = {name: os.environ[name] for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS") if name in os.environ}
    return {
        "processor": processor(),
        "caches": ", ".join(_caches()) or "unknown",
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "threads": ", ".join(f"{name}={value}" for name, value in threads.items()) or "as many as cores",
        **{name: _installed(name) or "none" for name in ("python", "numpy", "tensorflow", "keras")},
    }


def processor() -> str:
    """The processor's name, as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _caches() -> list[str]:
    """The caches of the first core, such as "L2 2048K", where the system tells."""
    found = []
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        kind, level, size = ((folder / name).read_text().strip() for name in ("type", "level", "size"))
        if kind != "Instruction":
            found.append(f"L{level} {size}")
    return found
