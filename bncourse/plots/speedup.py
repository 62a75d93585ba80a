"""Figures of chapter `speedup`: test accuracy against steps, and against what a sweep changes."""

import numpy as np

from ._draw import new_axes
from .style import BATCHNORM, MUTED, PLAIN, legible

COLORS = {"none": PLAIN, "batch": BATCHNORM}
CHANCE = 0.1  # accuracy of guessing among ten classes, drawn as a dotted line


def accuracy_over_steps(groups, *, ax=None):
    """Each group's mean test accuracy against the step, with its runs thin behind it.

    Args:
        groups: {label: runs of one setting that differ in their seed}; the color says whether they are normalized, a
            second group of the same kind is dashed.
    """
    ax = ax or new_axes()
    ax.axhline(CHANCE, color=MUTED, linestyle=":", linewidth=1.2)
    drawn = set()
    for label, runs in groups.items():
        norm = runs[0].config.norm
        style = dict(color=COLORS[norm], linestyle="--" if norm in drawn else "-")
        drawn.add(norm)
        for run in runs:
            ax.plot(run.evaluated, run.accuracy, color=COLORS[norm], linewidth=0.7, alpha=0.35)
        mean = np.mean([run.accuracy for run in runs], axis=0)
        ax.plot(runs[0].evaluated, mean, label=label, **style)
    ax.legend(loc="lower right", bbox_to_anchor=(1, CHANCE + 0.02))  # above the dotted line
    ax.set(xlabel="training step", ylabel="test accuracy", ylim=(0, 1))
    return ax


def accuracy_by(runs, field, *, xlabel, log=False, ax=None):
    """Final test accuracy against the field of `Config` that a sweep changed: a dot a run, a line through medians.

    A run that diverged is drawn as a cross, and counts as 0.
    """
    ax = ax or new_axes()
    ax.axhline(CHANCE, color=MUTED, linestyle=":", linewidth=1.2)
    for norm, label in (("batch", "with batch norm"), ("none", "without")):
        chosen = [run for run in runs if run.config.norm == norm]
        places = np.array([getattr(run.config, field) for run in chosen])
        reached = np.array([0.0 if run.diverged else run.accuracy[-1] for run in chosen])
        lost = np.array([run.diverged for run in chosen])
        ax.plot(places[~lost], reached[~lost], "o", color=COLORS[norm], markersize=4, alpha=0.6)
        if lost.any():
            ax.plot(places[lost], reached[lost], "x", color=COLORS[norm], clip_on=False)
            first = (places[lost].min(), 0)
            look = dict(textcoords="offset points", color=legible(COLORS[norm]), ha="right", va="bottom")
            ax.annotate("diverged", first, (-7, 2), **look)
        values = np.unique(places)
        ax.plot(values, [np.median(reached[places == value]) for value in values], color=COLORS[norm])
        middle = values[len(values) // 2]
        there = reached[places == middle]
        if norm == "none" and there.min() > 0.4:  # room below, and the other line is near
            spot, offset = there.min(), -18
        else:
            spot, offset = there.max(), 8
        beside = dict(textcoords="offset points", color=legible(COLORS[norm]), ha="left")
        ax.annotate(label, (middle, spot), (0, offset), **beside)
    if log:
        ax.set_xscale("log")
    ax.set_xticks(values, [f"{value:g}" for value in values])
    ax.minorticks_off()
    ax.set(xlabel=xlabel, ylabel="test accuracy (line: median)", ylim=(0, 1))
    return ax
