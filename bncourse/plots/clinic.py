"""Figures of chapter `clinic`: the order of the questions, and whether statistics fit."""

from itertools import pairwise

import numpy as np

from ._draw import new_axes, plain_numbers
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
    centered = dict(ha="center", va="center", fontsize=10.5)
    boxes = []
    for row, (question, out, place) in enumerate(steps):
        boxes.append(ax.text(2.6, -row, question, bbox=asked, **centered).get_bbox_patch())
        way_out = ax.text(6.5, -row, place, va="center", bbox=reached, fontsize=10.5).get_bbox_patch()
        _arrow(ax, (2.6, -row), (6.5, -row), boxes[-1], way_out)
        ax.text(5.5, -row + 0.06, out, ha="center", va="bottom", color=INK, fontsize=10.5)
        ax.text(2.75, -row - 0.5, "yes" if out == "no" else "no", va="center", color=INK, fontsize=10.5)
    boxes.append(ax.text(2.6, -len(steps), end, bbox=reached, **centered).get_bbox_patch())
    for row, (above, below) in enumerate(pairwise(boxes)):
        _arrow(ax, (2.6, -row), (2.6, -row - 1), above, below)
    return ax


def _arrow(ax, start, end, tail, head):
    """An arrow from the edge of one box to that of another."""
    look = dict(arrowstyle="-|>", color=MUTED, linewidth=1.3, shrinkA=1, shrinkB=1, patchA=tail, patchB=head)
    ax.annotate("", end, start, arrowprops=look)


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
    plain_numbers(ax.xaxis)
    plain_numbers(ax.yaxis)
    ax.set(xlabel="standard deviation over the images", ylabel="moving standard deviation")
    return ax
