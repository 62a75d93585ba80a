"""Run the course as another processor would: `python tools/portable.py [name ...]`; without names, all of it.

Other instruction sets, libraries and numbers of threads change the last digits of what is computed. Under each of
`emulations`, the package's tests and all notebooks run; `runs` makes a whole run of each stored experiment again, and
compares it as far as a run can be compared. A table says what failed; the exit status is 0 if nothing did.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
X86 = platform.machine().lower() in ("x86_64", "amd64", "i686")
# These compute nothing that depends on the processor, and the site's and Colab's take long.
ELSEWHERE = ("ci", "colab", "lint", "site", "stamp")
CALM = 0.15  # by so much final accuracies of a setting's seeds differ at most where a run is not chaotic
MARGIN = 0.12  # by so much a final accuracy may leave the range of the stored seeds
APART = 0.2  # settings whose final accuracies differ by more come out in the same order again


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
    found = {
        "without-onednn": {"TF_ENABLE_ONEDNN_OPTS": "0"},
        "one-thread": dict.fromkeys(threads, "1"),
        "two-threads": dict.fromkeys(threads, "2"),
        "oldest": {"NPY_DISABLE_CPU_FEATURES": " ".join(features())},
    }
    if X86:
        newest = " ".join(name for name in features() if name.startswith("AVX512") or name == "X86_V4")
        found["oldest"] |= {"OPENBLAS_CORETYPE": "Nehalem", "ONEDNN_MAX_CPU_ISA": "SSE41"}
        found["avx2"] = {
            "NPY_DISABLE_CPU_FEATURES": newest,
            "OPENBLAS_CORETYPE": "Haswell",
            "ONEDNN_MAX_CPU_ISA": "AVX2",
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
    for name, found in remade():
        count += 1
        problems += [f"{name}: {problem}" for problem in found]
        print(f"  {name}: {'; '.join(found) or 'comes out again'}", flush=True)
    bad = len({problem.split(":")[0] for problem in problems})
    return Row("runs", count - bad, bad, time.perf_counter() - start, problems)


def remade() -> Iterator[tuple[str, list[str]]]:
    """Each stored experiment, with what is wrong with a run of it that was made again."""
    sys.path.insert(0, str(ROOT))
    from bncourse import data, shift, speedup, training

    images = data.load()
    warnings.simplefilter("ignore", training.DivergenceWarning)
    for module, names in ((training, training.SWEEPS), (speedup, speedup.EXPERIMENTS)):
        for name in names:
            groups = settings(module.runs(name))
            chosen = comparable(groups)
            again = {config: training.train(groups[config][0].config, images) for config in chosen}
            yield f"{module.__name__.split('.')[-1]}.{name}", differing(groups, again)
    for name in shift.EXPERIMENTS:
        stored = {one.run.config: one for one in shift.measurements(name)}
        config = next(config for config in stored if config.norm == "batch")
        again = shift.measure(config, images)
        problems = differing(settings(one.run for one in stored.values()), {config.replace(seed=0): again.run})
        ratios = {place: again.drift[place].mean() / stored[config].drift[place].mean() for place in shift.PLACES}
        problems += [
            f"drift of {place} is {ratio:.2f} of the stored" for place, ratio in ratios.items() if not 0.5 < ratio < 2
        ]
        yield f"shift.{name}", problems


def settings(runs) -> dict:
    """The runs of each configuration, over its seeds."""
    found = {}
    for run in runs:
        found.setdefault(run.config.replace(seed=0), []).append(run)
    return found


def final(run) -> float:
    return 0.0 if run.diverged else float(run.accuracy[-1])


def spread(runs) -> float:
    """By how much the final accuracies of a setting's seeds differ."""
    return max(map(final, runs)) - min(map(final, runs))


def comparable(groups: dict) -> list:
    """A setting whose runs can be compared, and the same with the other normalization where that is calm too.

    It is the calmest of those that learn anything: one that stays at chance would come out again whatever is wrong.
    """
    learning = {config: group for config, group in groups.items() if min(map(final, group)) > 0.3} or groups
    chosen = min(learning, key=lambda config: spread(learning[config]))
    others = [chosen.replace(norm=norm) for norm in ("none", "batch") if norm != chosen.norm]
    return [chosen, *(other for other in others if other in groups and spread(groups[other]) < CALM)]


def differing(groups: dict, again: dict) -> list[str]:
    """What is wrong with runs made again: their first loss, the range of final accuracies, the order of settings."""
    problems = []
    for config, run in again.items():
        name, first = f"norm={config.norm!r}, learning_rate={config.learning_rate:g}", groups[config][0]
        # Of a single batch, before anything was learned; or the mean of the first steps, in which last digits grow.
        tolerance = 1e-3 if config.loss_every == 1 else 0.05
        if abs(run.loss[0] - first.loss[0]) > tolerance * first.loss[0]:
            problems.append(f"{name}: the first loss was {first.loss[0]:.4f}, is {run.loss[0]:.4f}")
        stored = sorted(map(final, groups[config]))
        if not stored[0] - MARGIN <= final(run) <= stored[-1] + MARGIN:
            problems.append(
                f"{name}: ends with {final(run):.2f}, the stored runs with {stored[0]:.2f} to {stored[-1]:.2f}"
            )
    if len(again) == 2:
        one, other = again
        gap = final(groups[one][0]) - final(groups[other][0])
        if abs(gap) > APART and gap * (final(again[one]) - final(again[other])) <= 0:
            problems.append("the two settings come out in the other order")
    return problems


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
