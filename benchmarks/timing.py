"""What the benchmarks print: on what they run, and every ratio with its spread, measured in one run."""

from bncourse import environment
from bncourse.speed import Ratio


def describe() -> None:
    """Processor, caches, threads and versions."""
    for name, value in environment.machine().items():
        print(f"{name}: {value}")


def report(name: str, ratio: Ratio, limit: float | None = None) -> bool:
    """One line: the ratio, the range of its middle half, and whether it is within the limit, if there is one."""
    within = limit is None or ratio.median <= limit
    verdict = "" if limit is None else f", {'within' if within else 'ABOVE'} {limit:g}"
    print(f"{name:44s} {ratio}{verdict}", flush=True)
    return within
