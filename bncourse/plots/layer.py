"""Figures of chapter `layer`: losses of training loops, accuracy of orders."""

import matplotlib.pyplot as plt
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ._draw import new_axes
from .style import BATCHNORM, MUTED, PLAIN, legible


def training_losses(losses, *, chance, ax=None):
    """Two runs' losses against the step, medians of ten steps, each labeled at its end; chance as a dotted line.

    A median leaves a single spike out, which a mean would spread over ten steps.

    Args:
        losses: {label: losses (steps,)} of the normalized run, then of the other.
        chance: loss of a network that knows nothing.
    """
    ax = ax or new_axes()
    ax.axhline(chance, color=MUTED, linestyle=":", linewidth=1.2)
    for (label, values), color, side in zip(losses.items(), (BATCHNORM, PLAIN), ("top", "bottom"), strict=True):
        smooth = np.median(sliding_window_view(values, 10), axis=-1)
        steps = np.arange(9, len(values))
        ax.plot(steps, smooth, color=color)
        ax.annotate(
            label,
            (steps[-1], smooth[-1]),
            (0, 8 if side == "bottom" else -10),
            textcoords="offset points",
            color=legible(color),
            ha="right",
            va=side,
        )
    ax.set(xlabel="step", ylabel="loss (nats), median of 10 steps", ylim=(0, 1.15 * ax.dataLim.y1))
    return ax


def placements(accuracies, *, axes=None):
    """A panel a learning rate, in it a row an order: a dot for each seed's test accuracy, a line at their mean.

    Args:
        accuracies: {learning rate: {order: one accuracy, from 0 to 1, for each seed}}.
        axes: one for each learning rate.
    """
    rows = len(next(iter(accuracies.values())))
    if axes is None:
        _, axes = plt.subplots(1, len(accuracies), figsize=(7, 1.2 + 0.45 * rows), sharex=True, sharey=True)
    for ax, (rate, orders) in zip(axes, accuracies.items(), strict=True):
        for row, values in enumerate(orders.values()):
            ax.plot(values, [row] * len(values), "o", color=BATCHNORM, alpha=0.6)
            ax.plot([np.mean(values)] * 2, [row - 0.3, row + 0.3], color=BATCHNORM)
        ax.set_title(f"rate {rate:g}")
        ax.set_yticks(range(rows), orders)
        ax.grid(axis="y", visible=False)
        ax.set_ylim(rows - 0.5, -0.5)
    axes[len(axes) // 2].set_xlabel("test accuracy (dots: seeds, line: mean)")
    return axes
