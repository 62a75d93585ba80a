"""Figures of chapter `deployment`: what is left of a network, errors at the border, and what rounding costs."""

from itertools import pairwise

import numpy as np
from matplotlib.patches import FancyBboxPatch

from ._draw import new_axes
from .style import BATCHNORM, FAINT, INK, MUTED, OTHER, PLAIN, QUIET

FILLS = {"linear": FAINT, "norm": BATCHNORM, "other": "white"}


def layer_columns(columns, *, ax=None):
    """Each network as a column of boxes from its first layer, on top, to its last.

    Args:
        columns: {label: [(layer's name, "linear", "norm" or "other"), ...]}; batch norms are in the course's blue. A
            layer that is in several columns stands at the same height, that of the first one.
    """
    longest = max(map(len, columns.values()))
    ax = ax or new_axes((7, 0.27 * longest + 0.6))
    heights = {name: -i for i, (name, _) in enumerate(next(iter(columns.values())))}
    for column, (label, layers) in enumerate(columns.items()):
        ax.text(column, 1.1, label, ha="center", va="center", fontweight="semibold")
        for above, below in pairwise(layers):
            ends = [heights[above[0]] - 0.38, heights[below[0]] + 0.38]
            ax.plot([column, column], ends, color=MUTED, linewidth=1.2, zorder=0)
        for name, kind in layers:
            box = FancyBboxPatch(
                (column - 0.3, heights[name] - 0.33),
                0.6,
                0.66,
                boxstyle="round,pad=0.02,rounding_size=0.1",
                mutation_aspect=3,
                facecolor=FILLS[kind],
                edgecolor=FILLS[kind] if kind == "norm" else MUTED,
            )
            ax.add_patch(box)
            color = "white" if kind == "norm" else INK
            ax.text(column, heights[name], name, ha="center", va="center", fontsize=9.5, color=color)
    ax.set(xlim=(-0.5, len(columns) - 0.5), ylim=(-longest + 0.4, 1.6))
    ax.axis("off")
    return ax


def border_map(errors, *, ax=None):
    """Errors (height, width) at each position of an image, dark where they are large, with their scale beside."""
    ax = ax or new_axes((6.4, 4))
    image = ax.imshow(errors, vmin=0)
    ax.figure.colorbar(image, ax=ax, label="largest error of a channel", shrink=0.85)
    height, width = np.shape(errors)
    ax.set(xlabel="column", ylabel="row", xticks=range(0, width, 3), yticks=range(0, height, 3))
    ax.grid(False)
    return ax


def weight_ranges(groups, *, ax=None):
    """The largest magnitude of each channel's weights, a column of dots for each group, on a logarithmic axis.

    Args:
        groups: {label: magnitudes (C,)}.
    """
    ax = ax or new_axes()
    for place, magnitudes in enumerate(groups.values()):
        spread = np.linspace(-0.22, 0.22, len(magnitudes))
        color = BATCHNORM if place == 0 else OTHER
        ax.plot(place + spread, magnitudes, "o", color=color, alpha=0.75)
        ratio = max(magnitudes) / min(magnitudes)
        ax.annotate(
            f"largest / smallest ≈ {ratio:.0f}",
            (place, max(magnitudes)),
            (0, 9),
            textcoords="offset points",
            ha="center",
        )
    ax.set_yscale("log")
    ax.set_xticks(range(len(groups)), groups)
    ax.set(xlim=(-0.6, len(groups) - 0.4), ylabel="largest weight of the channel")
    low, high = ax.get_ylim()
    ax.set_ylim(low, 2 * high)
    return ax


def accuracy_by_bits(groups, *, reference, ax=None):
    """Test accuracy against the bits of a weight.

    Args:
        groups: {label: {bits: accuracy}}, at most four; the last of four is dashed, as a control.
        reference: accuracy with float32 weights, dotted.
    """
    ax = ax or new_axes()
    ax.axhline(reference, color=MUTED, linestyle=":", linewidth=1.4)
    styles = ((BATCHNORM, "o-"), (PLAIN, "s-"), (OTHER, "D-"), (INK, "x--"))
    for (label, accuracies), (color, style) in zip(groups.items(), styles, strict=False):
        ax.plot(list(accuracies), list(accuracies.values()), style, color=color, label=label)
    bits = sorted(next(iter(groups.values())))
    ax.annotate("float32", (bits[0], reference), (0, 5), textcoords="offset points", color=QUIET)
    ax.set_xticks(bits)
    ax.set(xlabel="bits of each weight", ylabel="test accuracy", ylim=(0, 1.3), yticks=np.linspace(0, 1, 6))
    ax.legend(loc="upper left")
    return ax
