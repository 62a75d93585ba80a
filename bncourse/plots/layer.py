"""Figures of chapter `layer`: losses of training loops, accuracy of placements."""

import numpy as np

from ._draw import new_axes, running_mean
from .style import BATCHNORM, MUTED, PLAIN


def training_losses(losses, *, chance, ax=None):
    """Two runs' losses against the step, averaged over ten steps, each labeled at its end; chance as a dotted line.

    Args:
        losses: {label: losses (steps,)} of the normalized run, then of the other.
        chance: loss of a network that knows nothing.
    """
    ax = ax or new_axes()
    ax.axhline(chance, color=MUTED, linestyle=":", linewidth=1.2)
    for (label, values), color, side in zip(losses.items(), (BATCHNORM, PLAIN), ("top", "bottom"), strict=True):
        steps, smooth = running_mean(values, 10)
        ax.plot(steps, smooth, color=color)
        ax.annotate(
            label,
            (steps[-1], smooth[-1]),
            (0, 8 if side == "bottom" else -10),
            textcoords="offset points",
            color=color,
            ha="right",
            va=side,
        )
    ax.set(xlabel="step", ylabel="loss (nats), mean of 10 steps", ylim=(0, None))
    return ax


def placements(accuracies, *, ax=None):
    """One row a variant: a dot for each seed's test accuracy, a line at their mean. The first is the plain one.

    Args:
        accuracies: {variant: one accuracy, from 0 to 1, for each seed}.
    """
    ax = ax or new_axes((7, 0.9 + 0.5 * len(accuracies)))
    for row, values in enumerate(accuracies.values()):
        color = BATCHNORM if row else PLAIN
        ax.plot(values, [row] * len(values), "o", color=color, alpha=0.75)
        ax.plot([np.mean(values)] * 2, [row - 0.25, row + 0.25], color=color)
    ax.set_yticks(range(len(accuracies)), accuracies)
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set(xlabel="test accuracy (dots: seeds, line: mean)", xlim=(0, 1))
    return ax
