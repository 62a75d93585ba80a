"""Pictures of moving statistics, and of what a network answers with them."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

from ._draw import new_axes
from .style import BATCHNORM, MUTED, QUIET, legible


def bars(values, *, color=BATCHNORM, reference=None, ax=None):
    """Draw horizontal bars, the first at the top, each with its label and its value in percent.

    Args:
        values: dictionary from a label to a share, 0 to 1.
        color: one color, or one for each bar.
        reference: (share, text) of a dashed line, such as chance.
        ax: Matplotlib axes.
    """
    ax = ax or new_axes()
    shares = np.array(list(values.values()), float)
    rows = np.arange(len(shares))
    ax.barh(rows, shares, color=color, height=0.65)
    for row, share in zip(rows, shares, strict=True):
        ax.annotate(f"{share:.0%}", (share, row), xytext=(5, 0), textcoords="offset points", va="center")
    if reference is not None:
        share, text = reference
        ax.axvline(share, color=MUTED, linestyle="--", linewidth=1)
        ax.annotate(text, (share, -0.62), xytext=(4, 0), textcoords="offset points", color=QUIET, va="center")
    ax.set_yticks(rows, list(values))
    ax.set(xlim=(0, 1.08), ylim=(len(shares) - 0.5, -0.8 if reference else -0.5))
    ax.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.grid(axis="y", visible=False)
    return ax


def labeled_lines(x, curves, *, marker=None, ax=None):
    """Draw lines over x, each with its label at its right end; labels that would meet are moved apart.

    Args:
        x: (K,).
        curves: dictionary from a label to (y (K,), color).
        marker: Matplotlib's marker for the points, or None.
        ax: Matplotlib axes, with title, scales and limits already set: they decide where labels would meet.
    """
    ax = ax or new_axes()
    for y, color in curves.values():
        ax.plot(x, y, color=color, marker=marker, markersize=4)
    ax.figure.draw_without_rendering()  # lays the figure out
    wanted = [ax.transData.transform((x[-1], y[-1]))[1] * 72 / ax.figure.dpi for y, _ in curves.values()]  # points
    for (label, (y, color)), place, old in zip(curves.items(), _spaced(wanted, 13), wanted, strict=True):
        beside = dict(xytext=(7, place - old), textcoords="offset points", va="center", color=legible(color))
        ax.annotate(label, (x[-1], y[-1]), **beside)
    return ax


def _spaced(places, gap):
    """Places moved up, from the lowest on, so that neighbors are at least `gap` apart."""
    places = np.array(places, float)
    order = np.argsort(places, kind="stable")
    for lower, upper in pairwise(order):
        places[upper] = max(places[upper], places[lower] + gap)
    return places


def ratios_by_layer(ratios, *, colors, ax=None):
    """Draw for each layer one dot a channel: the ratio of a variance to the exact one.

    Args:
        ratios: dictionary from a label to a list of arrays (C,), one a layer.
        colors: one color a label.
        ax: Matplotlib axes.
    """
    ax = ax or new_axes()
    shifts = np.linspace(-0.12, 0.12, len(ratios)) if len(ratios) > 1 else [0.0]
    for (label, layers), color, shift in zip(ratios.items(), colors, shifts, strict=True):
        positions = np.concatenate([np.full(len(r), 1 + i + shift) for i, r in enumerate(layers)])
        ax.plot(positions, np.concatenate(layers), "o", color=color, alpha=0.6, markersize=5, label=label)
    ax.axhline(1, color=MUTED, linewidth=1)
    ax.set(xlabel="batch norm layer", ylabel="variance / exact variance")
    ax.set_xticks(range(1, 1 + max(len(layers) for layers in ratios.values())))
    ax.legend(loc="upper left")
    return ax


def gap_tables(tables, *, rows, columns, axes=None):
    """Draw tables of accuracies side by side, each cell with its number, the darker the higher.

    Args:
        tables: dictionary from a title to an array (R, K) of shares, 0 to 1.
        rows: R labels, written at the first table only.
        columns: K labels.
        axes: one Matplotlib axes a table; by default a figure of its own.

    Returns:
        the axes, one a table.
    """
    if axes is None:
        _, axes = plt.subplots(1, len(tables), figsize=(7.0, 2.6))
    for ax, (title, table) in zip(axes, tables.items(), strict=True):
        ax.imshow(table, cmap="Blues", vmin=0.2, vmax=1.7)  # light blues: numbers stay legible
        for (row, column), share in np.ndenumerate(table):
            ax.text(column, row, f"{share:.2f}", ha="center", va="center")
        ax.set_title(title, fontweight="normal", fontsize=11.5)
        ax.set_xticks(range(len(columns)), columns)
        ax.set_yticks(range(len(rows)), rows if ax is axes[0] else [""] * len(rows))
        ax.tick_params(length=0)
        ax.grid(visible=False)
        ax.spines[:].set_visible(False)
    return axes
