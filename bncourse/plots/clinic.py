"""Figures of chapter `clinic`: the order of the questions, and whether statistics fit."""

import numpy as np

from ._draw import new_axes
from .style import BATCHNORM, INK, MUTED, PLAIN, legible


def questions(steps, *, end, ax=None):
    """Yes-or-no questions from the top down; one answer leads out to the right, the other on to the next question.

    Args:
        steps: (question, answer that leads out, where it leads) of each, the texts of at most two lines.
        end: where one is after the last question.
        ax: Matplotlib axes.
    """
    ax = ax or new_axes((7.0, 1.05 * len(steps) + 0.8))
    ax.set(xlim=(0, 10), ylim=(-len(steps) - 0.4, 0.5))
    ax.axis("off")
    asked = dict(boxstyle="round,pad=0.4", facecolor="white", edgecolor=BATCHNORM, linewidth=1.5)
    reached = dict(boxstyle="round,pad=0.4", facecolor="white", edgecolor=PLAIN, linewidth=1.5)
    arrow = dict(arrowstyle="-|>", color=MUTED, linewidth=1.3)
    for row, (question, out, place) in enumerate(steps):
        ax.annotate("", (6.35, -row), (5.2, -row), arrowprops=arrow)
        ax.annotate("", (2.6, -row - 0.72), (2.6, -row - 0.3), arrowprops=arrow)
        ax.text(2.6, -row, question, ha="center", va="center", bbox=asked, fontsize=10.5)
        ax.text(6.5, -row, place, ha="left", va="center", bbox=reached, fontsize=10.5)
        ax.text(5.75, -row + 0.13, out, ha="center", va="bottom", color=INK, fontsize=10.5)
        ax.text(2.75, -row - 0.52, "yes" if out == "no" else "no", va="center", color=INK, fontsize=10.5)
    ax.text(2.6, -len(steps), end, ha="center", va="center", bbox=reached, fontsize=10.5)
    return ax


def fit_of_statistics(groups, *, ax=None):
    """Moving standard deviations against those of the images, a dot for each channel; on the diagonal they fit.

    Args:
        groups: {label: (of the images (C,), moving (C,))}; the second is drawn in the color of what is wrong.
        ax: Matplotlib axes.
    """
    ax = ax or new_axes((7.0, 4.2))
    across = np.concatenate([images for images, _ in groups.values()])
    up = np.concatenate([moving for _, moving in groups.values()])
    ends = np.array([across.min() / 1.5, across.max() * 1.5])
    ax.plot(ends, ends, color=MUTED, linewidth=1.2)
    for (label, (images, moving)), color, marker in zip(groups.items(), (BATCHNORM, PLAIN), "os", strict=False):
        ax.plot(images, moving, marker, color=color, markersize=5, alpha=0.8)
        place = dict(xytext=(0, 9), textcoords="offset points", color=legible(color))
        ax.annotate(label, (np.median(images), moving.max()), **place)
    ax.set(xscale="log", yscale="log", xlim=ends, ylim=(min(up.min(), ends[0]) / 1.2, up.max() * 2.5))
    ax.set(xlabel="standard deviation over the images", ylabel="moving standard deviation")
    return ax
