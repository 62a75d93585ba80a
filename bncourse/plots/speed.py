"""Figures of chapter `speed`: passes over memory, times as multiples, the roofline."""

import numpy as np

from ._draw import new_axes
from .style import BATCHNORM, INK, MUTED, OTHER, PLAIN


def passes(counts, *, floor, ax=None):
    """A bar for each version: passes that read, then passes that write; the floor as a dotted line.

    Args:
        counts: {label: (read, written)} in passes over the array.
        floor: the fewest passes that there can be.
    """
    ax = ax or new_axes((7, 1.1 + 0.5 * len(counts)))
    rows = np.arange(len(counts))
    read, written = np.array(list(counts.values())).T
    ax.barh(rows, read, 0.6, color=BATCHNORM, label="read")
    ax.barh(rows, written, 0.6, left=read, color=PLAIN, label="written")
    for row, total in zip(rows, read + written, strict=True):
        ax.annotate(f"{total:.0f}", (total, row), (5, 0), textcoords="offset points", va="center")
    ax.axvline(floor, color=MUTED, linestyle=":", linewidth=1.5)
    ax.set_yticks(rows, counts)
    ax.set_ylim(len(counts) - 0.4, -0.6)
    ax.set_xlim(0, 1.1 * (read + written).max())
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(axis="y", visible=False)
    ax.legend(loc="lower right")
    ax.set_xlabel("passes over the array")
    return ax


def multiples(ratios, *, reference, ax=None):
    """A row for each contestant: its time as a multiple of the reference's, the middle half of the rounds as a line.

    Args:
        ratios: {label: (median, low, high)}.
        reference: what the multiples are of.
    """
    ax = ax or new_axes((7, 1.2 + 0.36 * len(ratios)))
    for row, (label, (median, low, high)) in enumerate(ratios.items()):
        color = BATCHNORM if label.startswith("NumPy") else OTHER
        ax.plot([low, high], [row, row], color=color, linewidth=4, alpha=0.35, solid_capstyle="butt")
        ax.plot([median], [row], "o", color=color)
        ax.annotate(f"{median:.2f}", (high, row), (7, 0), textcoords="offset points", va="center", fontsize=10)
    ax.axvline(1, color=MUTED, linestyle=":", linewidth=1.5)
    ax.set_xscale("log")
    highest = max(high for _, _, high in ratios.values())
    lowest = min(low for _, low, _ in ratios.values())
    ax.set_xlim(lowest / 1.3, highest * 1.6)
    ticks = [tick for tick in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if lowest / 1.3 < tick < highest * 1.6]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.set_yticks(range(len(ratios)), ratios)
    ax.set_ylim(len(ratios) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(f"time / time of {reference} (logarithmic)")
    return ax


def roofline(measured, *, arithmetic, bandwidth, ax=None):
    """What a processor can reach at each number of operations per byte, and what some computations reached.

    Args:
        measured: {label: (operations per byte, operations a second)}.
        arithmetic: most operations a second.
        bandwidth: most bytes a second.
    """
    ax = ax or new_axes()
    every = np.logspace(-1.3, 3, 200)
    ax.plot(every, np.minimum(arithmetic, bandwidth * every) / 1e9, color=INK)
    for label, (intensity, reached) in measured.items():
        color = BATCHNORM if bandwidth * intensity < arithmetic else PLAIN
        ax.plot([intensity], [reached / 1e9], "o", color=color, markersize=8)
        ax.annotate(label, (intensity, reached / 1e9), (9, -4), textcoords="offset points", ha="left", va="top")
    ax.set(xscale="log", yscale="log", xlabel="operations per byte", ylabel="billion operations a second")
    ax.set_ylim(bandwidth * every[0] / 2e9, arithmetic / 1e9 * 4)
    return ax
