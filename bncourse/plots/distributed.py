"""Figures of chapter `distributed`: what replicas hold, and what it costs to agree."""

import matplotlib.pyplot as plt
import numpy as np

from ._draw import new_axes
from .style import AMBER, BATCHNORM, INK, MUTED, OTHER, PINK, QUIET, legible

REPLICAS = (BATCHNORM, AMBER, OTHER, PINK)  # one color each


def replica_tracks(tracks, *, axes=None):
    """A panel for each run: a moving statistic on each replica against the step.

    Args:
        tracks: {title: values (steps, replicas), at most four replicas}.
        axes: one for each run.
    """
    if axes is None:
        _, axes = plt.subplots(1, len(tracks), figsize=(7, 2.9), sharex=True, sharey=True)
    for ax, (title, values) in zip(axes, tracks.items(), strict=True):
        values = np.asarray(values)
        for replica, color in zip(range(values.shape[1]), REPLICAS, strict=False):
            style = dict(color=color, linewidth=2.4 - 1.2 * replica, label=f"replica {replica}")
            ax.plot(np.arange(1, len(values) + 1), values[:, replica], **style)
        ax.set_title(title, fontsize=10.5)
        ax.set_xlabel("step")
    axes[0].set_ylabel("moving mean")
    axes[0].legend(fontsize=10)
    return axes


def shard_spreads(shards, *, ax=None):
    """A row for each shard and one for all together: values, mean, and a bar one standard deviation each way.

    Args:
        shards: {name: values (n,)}.
        ax: Matplotlib axes.
    """
    ax = ax or new_axes((7, 2.6))
    rows = [*shards.items(), ("together", np.concatenate(list(shards.values())))]
    for row, (_, values) in enumerate(rows):
        color = INK if row == len(shards) else REPLICAS[row]
        mean, deviation = np.mean(values), np.std(values)
        ax.plot(values, np.full(len(values), row - 0.16), "o", color=color, markersize=6, alpha=0.55, clip_on=False)
        ax.plot([mean - deviation, mean + deviation], [row + 0.16] * 2, color=color, linewidth=5, solid_capstyle="butt")
        ax.plot(mean, row + 0.16, "o", color="white", markeredgecolor=color, markersize=6)
    ax.set_yticks(range(len(rows)), [name for name, _ in rows])
    ax.set(xlabel="value", ylim=(len(rows) - 0.5, -0.5))
    ax.grid(axis="y", visible=False)
    return ax


def step_seconds(sizes, seconds, *, ax=None):
    """Milliseconds of a step against the images of each process: own statistics, and common ones.

    Args:
        sizes: images of each process, (K,).
        seconds: (K, 2), of a step with own statistics and with common ones.
        ax: Matplotlib axes.
    """
    ax = ax or new_axes()
    for values, label, color in zip(
        1000 * np.transpose(seconds), ("its own", "common"), (OTHER, BATCHNORM), strict=True
    ):
        ax.plot(sizes, values, "o-", color=color)
        place = dict(textcoords="offset points", xytext=(0, 9), ha="right", color=legible(color), weight="semibold")
        ax.annotate(f"{label} statistics", (sizes[-1], values[-1]), **place)
    ax.set_xscale("log", base=2)
    ax.set_xticks(sizes, [f"{size}" for size in sizes])
    ax.minorticks_off()
    ax.set(xlabel="images of each process (logarithmic)", ylabel="ms a step", ylim=(0, 1250 * np.max(seconds)))
    return ax


def modeled_seconds(replicas, seconds, *, references, ax=None):
    """Seconds of synchronization in a step against the number of replicas, both logarithmic.

    Args:
        replicas: (K,) numbers of replicas.
        seconds: {label: (K,) seconds}, of two ways.
        references: {label: seconds} of other things in a step, drawn as dotted lines.
        ax: Matplotlib axes.
    """
    ax = ax or new_axes((7, 3.9))
    for (label, values), color in zip(seconds.items(), (BATCHNORM, OTHER), strict=True):
        ax.loglog(replicas, values, color=color)
        place = dict(textcoords="offset points", xytext=(0, 6), ha="right", color=legible(color), weight="semibold")
        ax.annotate(label, (replicas[-1], values[-1]), **place)
    for label, value in references.items():
        ax.axhline(value, color=MUTED, linestyle=":", linewidth=1.4)
        ax.annotate(label, (replicas[0], value), (0, 4), textcoords="offset points", color=QUIET)
    ax.set_xticks([2, 8, 32, 128, 1000], ["2", "8", "32", "128", "1,000"])
    ax.minorticks_off()
    ax.set(xlabel="replicas", ylabel="seconds of a step")
    return ax
