"""Figures of chapter `small_batches`: inputs and outputs, noise and accuracy by batch size, seeds by row."""

import matplotlib.pyplot as plt
import numpy as np

from ._draw import new_axes
from .inference import labeled_lines
from .style import BATCHNORM, MUTED, OTHER, PINK, PLAIN

# Each normalization's label and color.
NORMS = {
    "none": ("none", PLAIN),
    "batch": ("batch norm", BATCHNORM),
    "group": ("group norm", OTHER),
    "layer": ("layer norm", PINK),
}


def in_and_out(panels, *, axes=None):
    """A panel a batch size: what goes into a normalization against what comes out of it, a dot for each value.

    Args:
        panels: {batch size: (inputs, outputs), two arrays of one shape}.
        axes: one for each batch size.
    """
    if axes is None:
        _, axes = plt.subplots(1, len(panels), figsize=(7, 2.7), sharex=True, sharey=True)
    for ax, (size, (inputs, outputs)) in zip(axes, panels.items(), strict=True):
        ax.axline((0, 0), slope=1, color=MUTED, linestyle="--", linewidth=1)
        ax.plot(np.ravel(inputs), np.ravel(outputs), "o", color=BATCHNORM, markersize=3, alpha=0.35)
        ax.set_title(f"batches of {size}", fontweight="normal", fontsize=11.5)
        ax.set(xlim=(-3.2, 3.2), ylim=(-3.2, 3.2), xticks=(-2, 0, 2), yticks=(-2, 0, 2))
    axes[0].set_ylabel("output")
    axes[len(axes) // 2].set_xlabel("input (mean 0, standard deviation 1)")
    return axes


def noise_by_size(sizes, lines, *, ax=None):
    """The noise of a batch's statistics against the batch size, both axes logarithmic, a line for each channel.

    Args:
        sizes: (S,) images in a batch.
        lines: {label: (noise (S,), color, Matplotlib's marker or "")}; one without a marker is a prediction, dashed.
        ax: Matplotlib axes.
    """
    ax = ax or new_axes()
    for label, (noise, color, marker) in lines.items():
        ax.plot(sizes, noise, color=color, marker=marker, linestyle="" if marker else "--", label=label)
    ax.set(xscale="log", yscale="log", xlabel="images in a batch", ylabel="noise of the mean / σ")
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.set_yticks((0.01, 0.03, 0.1, 0.3), ("1%", "3%", "10%", "30%"))
    ax.minorticks_off()
    ax.set_ylim(top=0.9)  # room for the legend
    ax.legend(loc="upper right", ncols=2)
    return ax


def accuracy_by_size(sizes, curves, *, ax=None):
    """Test accuracy against the batch size: a dot for each seed and a line through the means, labeled at its end.

    Args:
        sizes: (S,) images in a batch, spaced evenly.
        curves: {"none", "batch", "group" or "layer": accuracies (S, seeds)}.
        ax: Matplotlib axes, with limits already set.
    """
    ax = ax or new_axes()
    places = np.arange(len(sizes))
    means = {}
    for norm, accuracies in curves.items():
        label, color = NORMS[norm]
        means[label] = np.mean(accuracies, axis=1), color
        dots = np.repeat(places, np.shape(accuracies)[1])
        ax.plot(dots, np.ravel(accuracies), "o", color=color, alpha=0.35, markersize=4)
    ax.set_xticks(places, [str(size) for size in sizes])
    ax.set(xlabel="images in a batch", ylabel="test accuracy", xlim=(-0.3, 1.5 * places[-1]))
    return labeled_lines(places, means, ax=ax)


def seeds_by_row(rows, *, xlabel="test accuracy (dots: seeds, line: mean)", ax=None):
    """A row for each way: a dot for each seed, a line at their mean.

    Args:
        rows: {label: (one value for each seed, color)}, the first on top.
        xlabel: what the values are.
        ax: Matplotlib axes.
    """
    ax = ax or new_axes(figsize=(7, 1 + 0.4 * len(rows)))
    for row, (values, color) in enumerate(rows.values()):
        ax.plot(values, [row] * len(values), "o", color=color, alpha=0.6)
        ax.plot([np.mean(values)] * 2, [row - 0.32, row + 0.32], color=color)
    ax.set_yticks(range(len(rows)), rows)
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=xlabel, ylim=(len(rows) - 0.5, -0.5))
    return ax
