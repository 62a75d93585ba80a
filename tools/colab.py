"""Rehearse Colab: `python tools/colab.py [latest | oldest] [slug ...]`, every chapter without names.

Each notebook runs alone in an empty folder, top to bottom, in a fresh environment that has a Colab runtime's versions
and no `bncourse`; the repository's archive comes from 127.0.0.1. A chapter passes when no cell fails and nothing but
`bncourse` was added to the environment.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import course
import nbformat
import notebooks
from course import ROOT

# What Colab's runtimes bring: the current one, and the oldest that can be chosen.
RUNTIMES = {
    "latest": ("3.13", ("tensorflow==2.20.0", "keras==3.13.2", "numpy==2.1.3", "matplotlib==3.10.0")),
    "oldest": ("3.11", ("tensorflow==2.18.0", "keras==3.8.0", "numpy==2.0.2", "matplotlib==3.10.0")),
}
# Both have IPython 7, for which ipykernel 6 is made. Older setuptools builds the package too.
ALWAYS = ("ipython==7.34.0", "ipykernel<7", "nbclient", "setuptools<77")
# Run with the rehearsed environment's Python: execute the notebook and store what came out.
EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
try:
    NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
finally:
    nbformat.write(notebook, sys.argv[1])
"""
PLACE = "import sysconfig; print(sysconfig.get_path('purelib'))"
PACKAGES = """
import json
from importlib.metadata import distributions
print(json.dumps({found.name: found.version for found in distributions()}))
"""


class Rehearsal(NamedTuple):
    """What became of one notebook: seconds, the first error's text (None: all cells ran), versions before and after."""

    seconds: float
    problem: str | None
    before: dict[str, str]
    after: dict[str, str]


def tracked(root: Path = ROOT) -> list[str]:
    """The paths of the repository's files that exist, as Git lists them."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True).stdout
    return [path for path in listed.split("\0") if path and (root / path).exists()]


def archive(root: Path = ROOT) -> bytes:
    """The tracked files, zipped in one folder as GitHub does it."""
    memory = BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as target:
        for path in tracked(root):
            target.write(root / path, f"course/{path}")
    return memory.getvalue()


@contextmanager
def served(content: bytes, here: course.Course):
    """Serve an archive from 127.0.0.1 where GitHub would have it; gives the repository's address."""
    place = f"/{here.slug}/archive/refs/heads/{here.branch}.zip"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == place else 404)
            self.send_header("Content-Type", "application/zip")
            self.send_header("Content-Length", str(len(content) if self.path == place else 0))
            self.end_headers()
            if self.path == place:
                self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{here.slug}"
    finally:
        server.shutdown()
        server.server_close()


def ask(python: str | Path, code: str) -> str:
    """What a Python prints, in isolation: the working directory has a `bncourse` of its own."""
    return subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def environment(python: str | Path, folder: Path) -> Path:
    """A fresh virtual environment with the packages of another one, `bncourse` excepted; gives its Python.

    The packages are links outside the environment's own folder, where pip sees packages but removes none.
    """
    packages = folder / "packages"
    packages.mkdir(parents=True)
    for entry in Path(ask(python, PLACE)).iterdir():
        if "bncourse" not in entry.name and entry.suffix != ".pth":
            (packages / entry.name).symlink_to(entry)
    subprocess.run([python, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    fresh = folder / "venv" / "bin" / "python"
    (Path(ask(fresh, PLACE)) / "packages.pth").write_text(f"{packages}\n")
    subprocess.run([fresh, "-m", "ipykernel", "install", "--sys-prefix"], capture_output=True, check=True)
    return fresh


def rehearse(notebook: Path, python: str | Path, repository: str) -> Rehearsal:
    """Run a notebook alone in an empty folder and a fresh environment with the packages that a Python has."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fresh = environment(python, folder / "environment")
        alone = folder / "content" / notebook.name
        alone.parent.mkdir()
        shutil.copy(notebook, alone)
        before = json.loads(ask(fresh, PACKAGES))
        start = time.perf_counter()
        done = subprocess.run(
            [fresh, "-c", EXECUTE, alone.name], cwd=alone.parent, env=surroundings(repository), capture_output=True
        )
        seconds = time.perf_counter() - start
        after = json.loads(ask(fresh, PACKAGES))
        problem = None
        if done.returncode != 0:
            problem = first_error(alone) or done.stderr.decode()
        return Rehearsal(seconds, problem, before, after)


def surroundings(repository: str) -> dict[str, str]:
    """The environment variables of a rehearsal: this process's, but those that would lend it packages."""
    lent = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "JUPYTER_PATH", "IPYTHONDIR")
    kept = {name: value for name, value in os.environ.items() if name not in lent}
    # pip would keep the wheel that it builds, and give it to a later rehearsal at the same address.
    ours = {"BNCOURSE_REPO": repository, "PYTHONNOUSERSITE": "1", "PIP_NO_CACHE_DIR": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return kept | ours


def first_error(notebook: Path) -> str | None:
    """What Jupyter shows of the first error in an executed notebook."""
    for cell in nbformat.read(notebook, as_version=4).cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                return "\n".join(output.traceback)
    return None


def find(version: str) -> str:
    """A Python of a version: the one that the environment variable PYTHON names, or one on the path."""
    for candidate in filter(None, (os.environ.get("PYTHON"), f"python{version}")):
        try:
            if ask(candidate, "import platform; print(platform.python_version())").startswith(f"{version}."):
                return candidate
        except (OSError, subprocess.CalledProcessError):
            continue
    raise SystemExit(f"This runtime has Python {version}: name one with `make colab PYTHON=/path/to/python{version}`.")


def runtime(name: str) -> Path:
    """The Python of a virtual environment with a Colab runtime's versions, kept in `.venv-colab-<name>`."""
    python, requirements = RUNTIMES[name]
    requirements = [*requirements, *ALWAYS]
    folder = ROOT / f".venv-colab-{name}"
    done = folder / "requirements"
    if not done.exists() or done.read_text().split() != requirements:
        subprocess.run([find(python), "-m", "venv", "--clear", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", *requirements], check=True)
        done.write_text("\n".join(requirements))
    return folder / "bin" / "python"


def main() -> None:
    arguments = sys.argv[1:]
    name = arguments.pop(0) if arguments and arguments[0] in RUNTIMES else "latest"
    python = runtime(name)
    versions = (*RUNTIMES[name][1], *ALWAYS)
    print(f"Colab's {name} runtime: Python {RUNTIMES[name][0]}, {', '.join(versions)}\n")
    print(f"{'chapter':<24}{'seconds':>8}  result")
    problems = []
    with served(archive(), course.read()) as repository:
        for notebook in notebooks.chapters(arguments):
            result = rehearse(notebook, python, repository)
            changed = {package for package, _ in result.before.items() ^ result.after.items()}
            line = "runs, and added nothing but bncourse"
            if result.problem:
                problems.append(f"\n{notebook.stem}\n{result.problem}")
                line = f"fails: {result.problem.splitlines()[-1]}"
            elif changed != {"bncourse"}:
                problems.append(f"\n{notebook.stem} changed {', '.join(sorted(changed))}")
                line = "changed other packages"
            print(f"{notebook.stem:<24}{result.seconds:>8.0f}  {line}", flush=True)
    print(*problems, sep="\n")
    raise SystemExit(bool(problems))


if __name__ == "__main__":
    main()
