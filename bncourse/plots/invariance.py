"""Lengths, directions and speeds of weights that a normalization follows."""

import numpy as np

from ._draw import arrow, new_axes
from .style import AMBER, BATCHNORM, INK, MUTED, OTHER, PINK, PLAIN, QUIET, SKY, legible

_COLORS = (BATCHNORM, OTHER, PINK, AMBER, SKY, PLAIN)


def weight_plane(extent, loss, paths, *, ax=None):
    """Draw a loss over the plane of two weights, and the paths of training runs on it.

    Args:
        extent: the grid spans -extent to extent along both axes.
        loss: (K, K) losses on the grid, rows from the lowest second weight to the highest.
        paths: for each name the weights of a run, (steps, 2).
        ax: Matplotlib axes; by default a figure of its own.

    Returns:
        the axes: an image, then one line a path.
    """
    ax = ax or new_axes((6.0, 5.2))
    limits = (-extent, extent, -extent, extent)
    picture = ax.imshow(loss, origin="lower", extent=limits, cmap="Greys", alpha=0.75, interpolation="bilinear")
    ax.figure.colorbar(picture, ax=ax, label="loss", shrink=0.8)
    for (name, path), color in _colored(paths):
        path = np.asarray(path)
        ax.plot(*path.T, ".-", color=color, linewidth=1.1, markersize=3)
        ax.plot(*path[0], "o", color=color, markersize=7)
        place = dict(textcoords="offset points", xytext=(8, 4), color=legible(color), weight="semibold")
        ax.annotate(name, path[-1], bbox=dict(facecolor="white", edgecolor="none", pad=1.5), **place)
    ax.plot(0, 0, "+", color=INK, markersize=9)
    ax.grid(False)
    ax.set(xlabel="first weight", ylabel="second weight", xlim=limits[:2], ylim=limits[2:])
    return ax


def scale_curves(factors, losses, *, ax=None):
    """Draw the loss over the factor that multiplies the weights.

    Args:
        factors: (K,) factors, drawn on a logarithmic axis.
        losses: for each name the losses (K,).
        ax: Matplotlib axes; by default a figure of its own.

    Returns:
        the axes, one line a name.
    """
    ax = ax or new_axes()
    for (name, loss), color in _colored(losses):
        ax.semilogx(factors, loss, color=color, label=name)
    ax.set(xlabel="factor on the weights", ylabel="loss", xlim=(factors[0], factors[-1]))
    ax.legend()
    return ax


def by_step(series, *, ylabel, reference=None, ax=None):
    """Draw numbers over the steps of training.

    Args:
        series: for each name its values (steps,); several are told apart in a legend.
        ylabel: what they are, with their unit.
        reference: None, or a name and a value that is drawn as a dashed line.
        ax: Matplotlib axes; by default a figure of its own.

    Returns:
        the axes, one line a series, then the reference.
    """
    ax = ax or new_axes()
    for (name, values), color in _colored(series):
        ax.plot(values, color=color, linewidth=1.6, label=name)
    if reference:
        name, value = reference
        ax.axhline(value, color=INK, linestyle="--", linewidth=1.2, label=name)
    if len(series) > 1:
        ax.legend()
    ax.set(xlabel="step", ylabel=ylabel, xlim=(0, None))
    return ax


def right_triangle(before, step, *, ax=None):
    """Draw one step of training as vectors: the weights before it, the orthogonal step, the longer weights after it.

    Args:
        before: length of the weights.
        step: length of the step.
        ax: Matplotlib axes; by default a figure of its own.

    Returns:
        the axes.
    """
    ax = ax or new_axes((7.0, 2.9))
    angles = np.linspace(-0.25, 0.75, 100)
    for radius in (before, np.hypot(before, step)):
        ax.plot(radius * np.cos(angles), radius * np.sin(angles), color=MUTED, linewidth=1, linestyle=":")
    for start, end, color in (
        ((0, 0), (before, 0), BATCHNORM),
        ((before, 0), (before, step), OTHER),
        ((0, 0), (before, step), INK),
    ):
        arrow(ax, start, end, color)
    ax.text(before / 2, -0.04 * before, "$w$", color=BATCHNORM, ha="center", va="top")
    ax.text(0.955 * before, 0.45 * step, r"$-\eta\, g$", color=legible(OTHER), ha="right", va="center")
    ax.text(before / 2, 0.62 * step, r"$w - \eta\, g$", ha="right", va="bottom")
    ax.set(xlim=(-0.05 * before, 1.35 * before), ylim=(-0.25 * before, 1.25 * step), aspect="equal")
    ax.set_axis_off()
    return ax


def balance_triangle(product, *, ax=None):
    """Draw a step in balance: decay shortens the weights, an orthogonal step brings them back to the old length.

    Args:
        product: learning rate times weight decay, between 0 and 1.
        ax: Matplotlib axes; by default a figure of its own.

    Returns:
        the axes: a circle of the weights' length, then the arrows of the old, shortened and new weights and the step.
    """
    ax = ax or new_axes((7.0, 3.8))
    shrunk, turn = 1 - product, np.arccos(1 - product)
    step = np.sin(turn)
    angles = np.linspace(-0.12, 1.35 * turn, 100)
    ax.plot(np.cos(angles), np.sin(angles), color=MUTED, linewidth=1, linestyle=":")
    arrow(ax, (0, 0), (1, 0), MUTED)
    arrow(ax, (0, 0), (shrunk, 0), BATCHNORM)
    arrow(ax, (shrunk, 0), (shrunk, step), OTHER)
    arrow(ax, (0, 0), (shrunk, step), INK)
    corner = 0.035
    ax.plot([shrunk - corner, shrunk - corner, shrunk], [0, corner, corner], color=MUTED, linewidth=1)
    arc = np.linspace(0, turn, 50)
    ax.plot(0.22 * np.cos(arc), 0.22 * np.sin(arc), color=INK, linewidth=1)
    ax.text(0.26 * np.cos(turn / 2), 0.26 * np.sin(turn / 2), r"$\theta$", va="center")
    ax.text(shrunk / 2, -0.03, r"$(1 - \eta\lambda)\, w_t$", color=BATCHNORM, ha="center", va="top")
    ax.text(1.02, 0, "$w_t$", color=QUIET, va="center")
    ax.text(shrunk - 0.02, step / 2, r"$-\eta\, g_t$", color=legible(OTHER), ha="right", va="center")
    ax.text(shrunk / 2 - 0.03, step / 2 + 0.03, "$w_{t+1}$", ha="right", va="bottom")
    ax.text(np.cos(1.3 * turn), np.sin(1.3 * turn), "as long as $w_t$  ", color=QUIET, ha="right", va="center")
    ax.set(xlim=(-0.03, 1.12), ylim=(-0.13, 1.08 * np.sin(1.35 * turn)), aspect="equal")
    ax.set_axis_off()
    return ax


def _colored(series):
    """Each name and value with a color of its own.

    Raises:
        ValueError: if there are more than colors.
    """
    if len(series) > len(_COLORS):
        raise ValueError(f"expected at most {len(_COLORS)} series to draw, received {len(series)}")
    return zip(series.items(), _COLORS, strict=False)
