"""Distributions that move while a network trains."""

import numpy as np

from ._draw import new_axes
from .style import legible


def percentile_band(steps, percentiles, *, color, ax=None):
    """Draw the distribution of one unit's pre-activation over training: median, and band from 15th to 85th percentile.

    Args:
        steps: (looks,).
        percentiles: (looks, 3): the 15th, 50th and 85th percentile.
        color: of line and band.
        ax: Matplotlib axes; by default a figure of its own.
    """
    ax = ax or new_axes()
    low, median, high = np.asarray(percentiles).T
    ax.fill_between(steps, low, high, color=color, alpha=0.18, linewidth=0)
    for edge in (low, high):
        ax.plot(steps, edge, color=color, linewidth=0.8)
    ax.plot(steps, median, color=color)
    ax.set(xlabel="step", ylabel="pre-activation")
    return ax


def drift_by_layer(lines, *, ax=None):
    """Draw the drift of every hidden layer's input, one thin line a seed and their mean as a thick one.

    Args:
        lines: a dictionary from each line's label, written beside its end, to its drift (seeds, layers) and its color.
        ax: Matplotlib axes; by default a figure of its own.
    """
    ax = ax or new_axes()
    for drift, color in lines.values():
        drift = np.atleast_2d(drift)
        layers = np.arange(1, drift.shape[1] + 1)
        ax.plot(layers, drift.T, color=color, linewidth=0.8, alpha=0.5)
        ax.plot(layers, drift.mean(axis=0), "o-", color=color, markersize=4)
    ax.set(xlabel="hidden layer", ylabel="drift in ten steps\n(standard deviations)")
    ax.set_ylim(bottom=0)
    ax.set_xticks(layers)
    ax.set_xlim(right=layers[-1] + 0.3 * len(layers))
    ends = {label: np.atleast_2d(drift)[:, -1].mean() for label, (drift, _) in lines.items()}
    lowest = 0.05 * ax.get_ylim()[1]  # clear of the axis
    for label in sorted(ends, key=ends.get):  # from below, each far enough above the last to be read
        height = max(ends[label], lowest)
        ax.text(layers[-1] + 0.03 * len(layers), height, label, color=legible(lines[label][1]), va="center")
        lowest = height + 0.08 * ax.get_ylim()[1]
    return ax
