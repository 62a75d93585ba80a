"""Side-by-side timing: runs of the two alternate, so that a busy machine slows both, and medians are compared."""

import statistics
import time
from collections.abc import Callable


def seconds(function: Callable) -> float:
    """Wall-clock seconds of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(ours: Callable, theirs: Callable, *, repeats: int = 25) -> tuple[float, float]:
    """Median seconds of each over alternating runs, after one run of each that allocates."""
    ours(), theirs()
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(repeats)]
    return tuple(statistics.median(column) for column in zip(*pairs, strict=True))


def report(name: str, ours: float, theirs: float, limit: float) -> None:
    """One line: milliseconds of both, their ratio, and the ratio that is aimed at."""
    ratio = ours / theirs
    verdict = "within" if ratio <= limit else "ABOVE"
    print(f"{name:48s} {1e3 * ours:8.2f} ms {1e3 * theirs:8.2f} ms {ratio:6.2f}x, {verdict} {limit:g}x", flush=True)
