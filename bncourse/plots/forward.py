"""Pictures of what is averaged together, and of what batch normalization does to a distribution."""

import matplotlib.pyplot as plt
import numpy as np

from ._draw import new_axes
from .style import BATCHNORM, INK, MUTED, PLAIN, QUIET, SIGNED


def channel_ranges(x, *, color=PLAIN, label=None, offset=0.0, ax=None):
    """Draw for each channel the range of the middle 90% of its values, that of the middle 50%, and the median.

    Args:
        x: array (..., C).
        color, label: of these channels; the label stands right of the last one.
        offset: moves the lines up or down, in channels, so that two arrays fit on the same axes.
        ax: Matplotlib axes.
    """
    ax = ax or new_axes()
    values = np.asarray(x).reshape(-1, np.shape(x)[-1])
    low, lower, median, upper, high = np.percentile(values, [5, 25, 50, 75, 95], axis=0)  # each (C,)
    rows = np.arange(values.shape[1]) + offset
    ax.hlines(rows, low, high, color=color, linewidth=1.2)
    ax.hlines(rows, lower, upper, color=color, linewidth=4.5, label=label)
    ax.plot(median, rows, "o", color="white", markeredgecolor=color, markersize=5)
    ax.set(xlabel="value", ylabel="channel", ylim=(values.shape[1] - 0.5, -0.5))
    ax.set_yticks(range(values.shape[1]))
    ax.grid(axis="y", visible=False)
    return ax


def number_lines(rows, *, ax=None):
    """Draw sets of the same numbers below each other, each number joined to what it becomes in the next row.

    Args:
        rows: dictionary from a row's name to its numbers (m,).
        ax: Matplotlib axes.
    """
    ax = ax or new_axes()
    points = np.array(list(rows.values()), float)  # (rows, m)
    heights = -np.arange(len(points))
    ax.axvline(0, color=MUTED, linewidth=1)
    ax.plot(points, heights, color=MUTED, linewidth=0.9, alpha=0.8)
    for values, height in zip(points, heights, strict=True):
        last = height == heights[-1]
        ax.plot(
            values, np.full(len(values), height), "o", color=BATCHNORM if last else PLAIN, markersize=9, clip_on=False
        )
    ax.set_yticks(heights, list(rows))
    ax.set(xlabel="value", ylim=(heights[-1] - 0.5, 0.5))
    ax.grid(axis="y", visible=False)
    return ax


def averaged_together(groups, *, ax=None):
    """Draw a matrix whose cells of one group, those that share a mean, have one color.

    Args:
        groups: (examples, features) of integers, the group of each cell.
        ax: Matplotlib axes.
    """
    ax = ax or new_axes()
    groups = np.asarray(groups)
    colors = plt.get_cmap("viridis")(np.linspace(0.15, 0.95, groups.max() + 1))
    ax.imshow(colors[groups], aspect="equal")
    rows, columns = groups.shape
    ax.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=2.5)
    ax.grid(which="major", visible=False)
    ax.tick_params(which="both", length=0)
    ax.set(xticks=range(columns), yticks=range(rows), xlabel="feature", ylabel="example")
    return ax


def mean_map(values, *, limit, ax=None):
    """Draw a matrix (examples, channels) of means as colors from -limit (orange) over 0 (white) to limit (blue)."""
    ax = ax or new_axes()
    image = ax.imshow(np.asarray(values), cmap=SIGNED, vmin=-limit, vmax=limit, aspect="auto")
    ax.figure.colorbar(image, ax=ax, orientation="horizontal", label="mean over positions", fraction=0.08)
    ax.set(xlabel="channel", ylabel="example")
    ax.grid(visible=False)
    return ax


def output_spread(input_std, curves, *, ax=None):
    """Draw the output's standard deviation over the input's, both logarithmic, one labeled curve a formula.

    Args:
        input_std: (K,).
        curves: dictionary from a label to (output standard deviations (K,), color).
        ax: Matplotlib axes.
    """
    ax = ax or new_axes()
    for label, (output_std, color) in curves.items():
        ax.loglog(input_std, output_std, color=color, label=label)
    ax.set(xlabel="standard deviation of the input", ylabel="standard deviation of the output")
    ax.legend(loc="lower right")
    return ax


def shape_against_normal(values, *, ax=None):
    """Draw the histogram of standardized values, and the normal curve that has the same mean and variance."""
    ax = ax or new_axes()
    edges = np.linspace(-4, 4, 81)
    ax.hist(np.ravel(values), bins=edges, density=True, color=BATCHNORM, alpha=0.75)
    ax.plot(edges, np.exp(-(edges**2) / 2) / np.sqrt(2 * np.pi), color=INK, linewidth=1.5)
    ax.set(xlabel="normalized value", ylabel="density", xlim=(-4, 4))
    return ax


def relative_errors(means, errors, *, ax=None):
    """Draw relative errors of a variance over the data's mean, both logarithmic, one labeled curve a method.

    Args:
        means: (K,).
        errors: dictionary from a label to (errors (K,), color); an error of 0 is drawn at the bottom, 1e-17.
        ax: Matplotlib axes.
    """
    ax = ax or new_axes()
    for label, (error, color) in errors.items():
        ax.loglog(means, np.maximum(error, 1e-17), "o-", markersize=4, color=color)
        ax.annotate(label, (means[-1], max(error[-1], 1e-17)), xytext=(8, 0), textcoords="offset points", va="center")
    ax.axhline(1, color=MUTED, linewidth=1, linestyle="--")
    ax.annotate("no digit is right", (means[0], 1), xytext=(0, 4), textcoords="offset points", color=QUIET)
    ax.set(xlabel="mean of the data (standard deviation 1)", ylabel="relative error of the variance")
    return ax
