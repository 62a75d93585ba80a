"""The loss around the weights, and what it depends on."""

import itertools

import numpy as np
from matplotlib.colors import LogNorm

from ._draw import PALE, new_axes, plain_numbers
from .style import legible

LOSSES = 0.5, 200  # the scale of gray, the same whatever the training gave


def by_rate(lines, *, xlabel="learning rate", ylabel, at=None, log=False, ax=None):
    """Draw numbers over a logarithmic axis, each run or seed as a thin line and their median as a thick one.

    Args:
        lines: a dictionary from each line's label to its abscissas (K,), its values (runs, K), its color and style.
        xlabel, ylabel: what they are, with their unit.
        at: for a label the place of its text, (abscissa, value); by default the end of its line.
        log: whether the values have a logarithmic axis, too.
        ax: Matplotlib axes; by default a figure of its own.

    Returns:
        the axes: for each label its runs, then the median.
    """
    ax = ax or new_axes()
    ax.set_xscale("log")
    if log:
        ax.set_yscale("log")
    for label, (places, values, color, style) in lines.items():
        places, values = np.asarray(places), np.atleast_2d(values)
        ax.plot(places, values.T, color=color, linestyle=style, linewidth=0.7, alpha=0.4)
        median = np.median(values, axis=0)
        ax.plot(places, median, color=color, linestyle=style)
        x, y = (at or {}).get(label, (places[-1], median[-1]))
        beside = dict(textcoords="offset points", color=legible(color), va="center", annotation_clip=False)
        ax.annotate(label, (x, y), (6, 0), **beside)
    plain_numbers(ax.xaxis)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return ax


def loss_planes(panels, steps, *, axes=None):
    """Draw the loss over planes around the weights as maps with one logarithmic scale of gray, and some of its values.

    Args:
        panels: a dictionary from each panel's title to its losses (K, K), rows along the second direction.
        steps: (K,) multiples of the directions.
        axes: one Matplotlib axes a panel; by default a figure of its own.

    Returns:
        the axes: an image each, with the loss written in the corners, in the middle, and between.
    """
    if axes is None:
        axes = new_axes((7.0, 3.0 * -(-len(panels) // 2)))
        figure = axes.figure
        axes.remove()
        axes = figure.subplots(-(-len(panels) // 2), 2, sharex=True, sharey=True).ravel()
    half = (steps[1] - steps[0]) / 2
    extent = (steps[0] - half, steps[-1] + half) * 2
    marked = (0, len(steps) // 2, len(steps) - 1)
    for ax, (title, losses) in zip(axes, panels.items(), strict=True):
        picture = ax.imshow(losses, origin="lower", extent=extent, cmap="Greys", alpha=PALE, norm=LogNorm(*LOSSES))
        for row, column in itertools.product(marked, repeat=2):
            look = dict(color="black", ha="center", va="center", fontsize=9)
            ax.text(steps[column], steps[row], f"{losses[row, column]:.3g}", **look)
        ax.grid(False)
        ax.set(title=title)
        ax.title.set_fontsize(11)
    bar = axes[0].figure.colorbar(picture, ax=list(axes), label="loss", shrink=0.8)
    bar.ax.set_yticks([0.5, 1, 2, 5, 10, 20, 50, 100, 200])
    bar.ax.yaxis.set_major_formatter("{x:g}")
    bar.ax.minorticks_off()
    return axes
