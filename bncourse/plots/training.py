"""Runs against depth, and what passes through the layers."""

import numpy as np

from ._draw import new_axes, plain_numbers
from .style import legible


def accuracy_by_depth(depths, accuracies, *, label, color, at=None, ax=None):
    """Draw the test accuracy of every run as a dot and the median of each depth as a line.

    Args:
        depths: (D,) numbers of layers, ascending; they are spaced evenly.
        accuracies: (D, seeds), from 0 to 1.
        label: what the line is called, written at its end, or where `at` = (place, accuracy) says.
        color: of the line and the dots.
        ax: Matplotlib axes; by default a figure of its own.
    """
    ax = _dots_and_median(accuracies, "-", label, color, at, ax)
    ax.set_xticks(range(len(depths)), [str(depth) for depth in depths])
    ax.set(xlabel="convolutions", xlim=(-0.3, len(depths) - 0.2))
    return ax


def accuracy_by_rate(rates, accuracies, *, label, color, linestyle="-", at=None, ax=None):
    """Draw the test accuracy of every run as a dot and the median of each learning rate as a line.

    Args:
        rates: (R,) learning rates, ascending; they are spaced evenly.
        accuracies: (R, seeds), from 0 to 1.
        label: what the line is called, written at its end, or where `at` = (place, accuracy) says.
        color: of the line and the dots.
        linestyle: of the line.
        ax: Matplotlib axes; by default a figure of its own.
    """
    ax = _dots_and_median(accuracies, linestyle, label, color, at, ax)
    ax.set_xticks(range(len(rates)), [f"{rate:g}" for rate in rates])
    ax.set(xlabel="learning rate", xlim=(-0.3, len(rates) - 0.7))
    return ax


def _dots_and_median(accuracies, linestyle, label, color, at, ax):
    ax = ax or new_axes()
    accuracies = np.asarray(accuracies)
    places, medians = np.arange(len(accuracies)), np.median(accuracies, axis=1)
    ax.plot(places, medians, color=color, linestyle=linestyle)
    ax.plot(np.repeat(places, accuracies.shape[1]), accuracies.ravel(), "o", color=color, alpha=0.45, markersize=5)
    x, y = at or (places[-1] + 0.12, medians[-1])
    ax.text(x, y, label, color=legible(color), va="center")
    ax.set(ylabel="test accuracy", ylim=(0, 1))
    return ax


def signal_by_layer(lines, *, ax=None):
    """Draw one number a layer on a logarithmic axis, first layer at 1.

    Args:
        lines: a dictionary from each line's label, written beside its end, to its values (layers,) and its color.
        ax: Matplotlib axes; by default a figure of its own.
    """
    ax = ax or new_axes()
    for label, (values, color) in lines.items():
        layers = np.arange(1, len(values) + 1)
        ax.semilogy(layers, values, "o-", color=color, markersize=4)
        ax.text(layers[-1] + 0.3, values[-1], label, color=legible(color), va="center")
    ax.set(xlabel="convolution", ylabel="relative to the source")
    ax.set_xticks(layers)
    ax.margins(x=0.03)
    ax.set_xlim(right=layers[-1] * 1.28)
    return ax


def signal_over_steps(steps, lines, *, ax=None):
    """Draw one number a step on a logarithmic axis, a line for each run.

    Args:
        steps: (looks,) at which the values were measured.
        lines: a dictionary from each group's label, written beside its end, to its values (runs, looks) and its
            color.
        ax: Matplotlib axes; by default a figure of its own.
    """
    ax = ax or new_axes()
    for label, (values, color) in lines.items():
        values = np.atleast_2d(values)
        ax.semilogy(steps, values.T, "o-", color=color, markersize=4, linewidth=1.5)
        ax.text(steps[-1] * 1.02, np.median(values[:, -1]), label, color=legible(color), va="center")
    plain_numbers(ax.yaxis)
    ax.set_xticks(steps[:: max(1, len(steps) // 8)])
    ax.set(xlabel="step", ylabel="relative to step 0", xlim=(-0.02 * steps[-1], steps[-1] * 1.34))
    _apart(ax.texts)
    return ax


def _apart(texts):
    """Move words on a logarithmic axis up, until each stands twice as high as the one below."""
    lowest = 0.0
    for text in sorted(texts, key=lambda text: text.get_position()[1]):
        text.set_y(max(text.get_position()[1], lowest))
        lowest = 2 * text.get_position()[1]
