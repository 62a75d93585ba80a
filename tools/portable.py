"""Run the course as another processor would: `python tools/portable.py [name ...]`; without names, all of it.

Other instruction sets, libraries and numbers of threads change the last digits of what is computed. Under each of
`emulations`, the package's tests and all notebooks run; `runs` makes a whole run of each stored experiment again.
A table says what failed; the exit status is 0 if nothing did.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import NamedTuple

import remade

ROOT = Path(__file__).resolve().parent.parent
X86 = platform.machine().lower() in ("x86_64", "amd64", "i686")
# These compute nothing that depends on the processor, and the site's and Colab's take long.
ELSEWHERE = ("ci", "colab", "lint", "site", "stamp")


class Row(NamedTuple):
    """What came of one part: its name, how much passed and failed, seconds, and the failures in sentences."""

    name: str
    passed: int
    failed: int
    seconds: float
    problems: list[str]


# Other processors


def emulations() -> dict[str, dict[str, str]]:
    """The environment variables that make this processor another one, by name."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    without = os.environ.get("NPY_DISABLE_CPU_FEATURES", "").split()  # this process may be another processor already
    found = {
        "without-onednn": {"TF_ENABLE_ONEDNN_OPTS": "0"},
        "one-thread": dict.fromkeys(threads, "1"),
        "two-threads": dict.fromkeys(threads, "2"),
        "oldest": {"NPY_DISABLE_CPU_FEATURES": " ".join([*without, *features()])},
    }
    if X86:
        newest = " ".join([*without, *(name for name in features() if name.startswith("AVX512") or name == "X86_V4")])
        # On such processors TensorFlow does without oneDNN's layers. (Held to these instruction sets on a newer one, it
        # crashes in products of 16 bits.)
        off = found["without-onednn"]
        found["oldest"] |= {"OPENBLAS_CORETYPE": "Nehalem", "ONEDNN_MAX_CPU_ISA": "SSE41", **off}
        found["avx2"] = {
            "NPY_DISABLE_CPU_FEATURES": newest,
            "OPENBLAS_CORETYPE": "Haswell",
            "ONEDNN_MAX_CPU_ISA": "AVX2",
            **off,
        }
    return found


def features() -> list[str]:
    """The instruction sets of this processor that NumPy can do without."""
    from numpy._core import _multiarray_umath as core

    return [name for name in core.__cpu_dispatch__ if core.__cpu_features__[name]]


def emulate(name: str, workers: int) -> Row:
    """Run the package's tests and all notebooks on another processor."""
    tests = [path for path in sorted((ROOT / "tests").glob("test_*.py")) if path.stem[5:] not in ELSEWHERE]
    environment = {**os.environ, **emulations()[name]}
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        options = ["-q", "--color=no", "--tb=short", "-n", str(workers), "--dist", "loadscope", f"--junit-xml={report}"]
        options += ["-m", ""]  # what `make test` leaves out, too
        call = [sys.executable, "-m", "pytest", *options, *tests, ROOT / "book"]
        done = subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, text=True)
        if not report.exists():
            return Row(name, 0, 1, time.perf_counter() - start, [done.stdout[-2000:] + done.stderr[-2000:]])
        passed, problems = outcome(report)
    if done.returncode and not problems:
        problems = [done.stdout[-2000:]]
    return Row(name, passed, len(problems), time.perf_counter() - start, problems)


def outcome(report: Path) -> tuple[int, list[str]]:
    """How many tests passed, and which failed, with the end of what they said."""
    passed, problems = 0, []
    for case in ElementTree.parse(report).iter("testcase"):
        failures = [entry for entry in case if entry.tag in ("failure", "error")]
        if failures:
            text = (failures[0].text or failures[0].get("message", "")).strip()
            problems.append(f"{case.get('classname')}::{case.get('name')}\n{text[-1500:]}")
        passed += not [entry for entry in case if entry.tag in ("failure", "error", "skipped")]
    return passed, problems


# Stored runs


def runs() -> Row:
    """Make a whole run of each stored experiment again."""
    start, count, problems = time.perf_counter(), 0, []
    for name, found in remade.experiments():
        count += 1
        problems += [f"{name}: {problem}" for problem in found]
        print(f"  {name}: {'; '.join(found) or 'comes out again'}", flush=True)
    bad = len({problem.split(":")[0] for problem in problems})
    return Row("runs", count - bad, bad, time.perf_counter() - start, problems)


def table(rows: list[Row]) -> str:
    lines = [f"{'':<16}{'passed':>8}{'failed':>8}{'seconds':>9}"]
    return "\n".join([*lines, *(f"{row.name:<16}{row.passed:>8}{row.failed:>8}{row.seconds:>9.0f}" for row in rows)])


def main() -> None:
    names = [*emulations(), "runs"]
    parser = argparse.ArgumentParser(description="Run the course as another processor would.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"some of {', '.join(names)}; without names, all")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(names))
    if unknown:
        parser.error(f"no part named {', '.join(unknown)}; there are {', '.join(names)}")
    rows = []
    for name in options.names or names:
        print(f"{name} …", flush=True)
        rows.append(runs() if name == "runs" else emulate(name, options.workers))
    for row in rows:
        for problem in row.problems:
            print(f"\n{row.name}: {problem}")
    print("\n" + table(rows))
    raise SystemExit(any(row.failed for row in rows))


if __name__ == "__main__":
    main()
