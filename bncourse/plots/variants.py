"""Pictures of index sets, of what they leave of an image, and of signals in residual networks."""

import matplotlib.pyplot as plt
import numpy as np

from ._draw import new_axes
from .style import BATCHNORM, INK, MUTED, OTHER, PLAIN, legible

# A cube seen from its corner: where one step along examples, positions and channels leads on paper.
_EXAMPLES, _POSITIONS, _CHANNELS = np.array([0.62, 0.36]), np.array([0.0, -1.0]), np.array([-0.85, 0.28])


def index_cube(members, *, ax=None):
    """Draw an array (examples, positions, channels) as a cube of cells, those of one set in color.

    Seen are the faces of the first example, of the first channel and of the first position (the top), so a set that
    holds cell (0, 0, 0) shows.

    Args:
        members: (N, P, C) of booleans: which cells are in the set.
        ax: Matplotlib axes.

    Returns:
        the axes, one polygon a visible cell face.
    """
    ax = ax or new_axes((2.4, 2.6))
    members = np.asarray(members, bool)
    n, p, c = members.shape
    for face, one, other in (
        (members[0], _POSITIONS, _CHANNELS),
        (members[:, :, 0], _EXAMPLES, _POSITIONS),
        (members[:, 0], _EXAMPLES, _CHANNELS),
    ):
        for (i, j), inside in np.ndenumerate(face):
            corners = [i * one + j * other, (i + 1) * one + j * other]
            corners += [(i + 1) * one + (j + 1) * other, i * one + (j + 1) * other]
            color = BATCHNORM if inside else "white"
            ax.add_patch(plt.Polygon(corners, facecolor=color, edgecolor=MUTED, linewidth=0.8))
    _edge_label(ax, "channels", p * _POSITIONS + c * _CHANNELS / 2, (-3, -3), "right", "top")
    _edge_label(ax, "examples", p * _POSITIONS + n * _EXAMPLES / 2, (4, -3), "left", "top")
    _edge_label(ax, "positions", c * _CHANNELS + p * _POSITIONS / 2, (-4, 0), "right", "center")
    ax.autoscale_view()
    ax.set_aspect("equal")
    ax.set_axis_off()
    return ax


def images_row(images, *, figsize=(7.0, 2.6)):
    """Draw gray images beside each other, all on one scale from the lowest value (black) to the highest (white).

    Args:
        images: dictionary from a title to an image (H, W).
        figsize: in inches.

    Returns:
        the axes, one an image.
    """
    axes = np.atleast_1d(plt.subplots(1, len(images), figsize=figsize)[1])
    low, high = (edge([edge(image) for image in images.values()]) for edge in (np.min, np.max))
    for ax, (title, image) in zip(axes, images.items(), strict=True):
        ax.imshow(image, cmap="gray", vmin=low, vmax=high)
        ax.set_title(title, fontsize=10.5, weight="normal")
        ax.set_axis_off()
    return axes


def by_block(series, *, ylabel, log=False, ax=None):
    """Draw numbers over the blocks of a network, each series with its name at its end.

    Args:
        series: dictionary from a name to its values (blocks + 1,), from the input on; at most three.
        ylabel: what they are.
        log: whether the vertical axis is logarithmic.
        ax: Matplotlib axes.

    Returns:
        the axes, one line a series.
    """
    ax = ax or new_axes()
    for (name, values), color in zip(series.items(), (PLAIN, BATCHNORM, OTHER), strict=False):
        ax.plot(values, ".-", color=color)
        beside = dict(color=legible(color), va="center", weight="semibold")
        ax.annotate(f" {name}", (len(values) - 1, values[-1]), **beside)
    ax.set(xlabel="block", ylabel=ylabel, yscale="log" if log else "linear")
    ax.set(xlim=(0, 1.3 * (len(values) - 1)), xticks=range(0, len(values), 4))
    return ax


def dots_by_name(values, *, xlabel, ax=None):
    """Draw a row of dots for each name, and their median as a bar.

    Args:
        values: dictionary from a name to its numbers.
        xlabel: what they are.
        ax: Matplotlib axes.

    Returns:
        the axes, names from top to bottom.
    """
    ax = ax or new_axes()
    rows = -np.arange(len(values))
    for row, (name, numbers) in zip(rows, values.items(), strict=True):
        color = PLAIN if name == "none" else BATCHNORM if name == "batch" else OTHER
        ax.plot(numbers, np.full(len(numbers), row), "o", color=color, alpha=0.55, markersize=7, clip_on=False)
        ax.plot([np.median(numbers)] * 2, [row - 0.3, row + 0.3], color=INK, linewidth=2)
    ax.set_yticks(rows, list(values))
    ax.set(xlabel=xlabel, ylim=(rows[-1] - 0.6, 0.6))
    ax.grid(axis="y", visible=False)
    return ax


def _edge_label(ax, text, middle, offset, ha, va):
    """A word beside the middle of an edge of the cube."""
    ax.annotate(text, middle, xytext=offset, textcoords="offset points", ha=ha, va=va, fontsize=9, color=INK)
