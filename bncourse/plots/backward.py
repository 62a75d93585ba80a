"""Batch normalization's computational graph, its gradient as a residual and as a projection, and what wrong ones do."""

import matplotlib.pyplot as plt
import numpy as np

from ._draw import arrow, new_axes, running_mean
from .style import BATCHNORM, FAINT, GRADIENT, INK, MUTED, OTHER, QUIET, legible

# Node: (column, row) in the drawing, formula, shape.
_NODES = {
    "x": ((0, 1.1), "$x$", "(m, C)"),
    "mean": ((0.6, 0), r"$\mu$", "(C,)"),
    "centered": ((1.5, 1.1), r"$c = x - \mu$", "(m, C)"),
    "squared": ((2.1, 0), "$s = c^2$", "(m, C)"),
    "variance": ((3.15, 0), "$v$", "(C,)"),
    "inv_std": ((4.3, 0), r"$r = 1/\sqrt{v + \epsilon}$", "(C,)"),
    "x_hat": ((4.3, 1.1), r"$\hat x = c\, r$", "(m, C)"),
    "gamma": ((5.2, 2.1), r"$\gamma$", "(C,)"),
    "beta": ((6.1, 2.1), r"$\beta$", "(C,)"),
    "y": ((6.1, 1.1), r"$y = \gamma \hat x + \beta$", "(m, C)"),
}
_EDGES = (
    ("x", "mean"),
    ("x", "centered"),
    ("mean", "centered"),
    ("centered", "squared"),
    ("squared", "variance"),
    ("variance", "inv_std"),
    ("inv_std", "x_hat"),
    ("centered", "x_hat"),
    ("x_hat", "y"),
    ("gamma", "y"),
    ("beta", "y"),
)


def computation_graph(*, backward=False, ax=None):
    """Draw the nodes of batch normalization with their shapes, and an arrow from each node to those computed from it.

    Args:
        backward: turn the arrows round and number the steps of the backward pass.
        ax: Matplotlib axes; by default a figure of its own.

    Returns:
        the axes; its texts are the nodes, in the order in which they are computed, then the arrows.
    """
    ax = ax or new_axes((7.0, 3.7))
    boxes = {}
    for name, ((x, y), formula, shape) in _NODES.items():
        given = name in ("x", "gamma", "beta")
        style = dict(boxstyle="round,pad=0.4", facecolor=FAINT if given else "white", edgecolor=MUTED)
        text = ax.text(x, y, f"{formula}\n{shape}", ha="center", va="center", fontsize=10, linespacing=1.5, bbox=style)
        boxes[name] = text.get_bbox_patch()
    for tail, head in _EDGES:
        start, end = (head, tail) if backward else (tail, head)
        look = dict(arrowstyle="-|>", color=GRADIENT if backward else BATCHNORM, linewidth=1.6, shrinkA=1, shrinkB=1)
        look.update(patchA=boxes[start], patchB=boxes[end])
        ax.annotate("", xy=_NODES[end][0], xytext=_NODES[start][0], arrowprops=look, zorder=4)
    if backward:
        for number, name in enumerate(("y", "x_hat", "inv_std", "variance", "squared", "centered", "mean"), 1):
            (x, y), _, _ = _NODES[name]
            style = dict(boxstyle="circle,pad=0.2", facecolor=GRADIENT, edgecolor="none")
            side = 0.4 if name == "y" else -0.3  # clear of the arrow to gamma
            place = dict(ha="center", va="center", zorder=5)
            ax.text(x + side, y + 0.3, str(number), color="white", fontsize=9, bbox=style, **place)
    ax.set(xlim=(-0.4, 6.7), ylim=(-0.45, 2.45))
    ax.set_axis_off()
    return ax


def residuals(x_hat, dy, slope, *, ax=None):
    """Draw the arriving gradient of one channel over x̂, the line that batch normalization takes away, and what is left.

    Args:
        x_hat: (m,) normalized values.
        dy: (m,) gradients with respect to the output.
        slope: of the line through (0, mean of dy).
        ax: Matplotlib axes; by default a figure of its own.

    Returns:
        the axes: first the line, then one vertical stroke a point, then the points.
    """
    ax = ax or new_axes()
    ends = np.array([np.min(x_hat), np.max(x_hat)]) + [-0.2, 0.2]
    line = np.mean(dy) + slope * np.asarray(x_hat)
    ax.plot(ends, np.mean(dy) + slope * ends, color=BATCHNORM)
    ax.vlines(x_hat, np.minimum(line, dy), np.maximum(line, dy), color=GRADIENT, linewidth=1.4)
    ax.plot(x_hat, dy, "o", color=INK, markersize=5)
    ax.set(xlabel=r"$\hat x$ (standard deviations)", ylabel=r"$dy$")
    ax.margins(y=0.2)
    corner = dict(transform=ax.transAxes, va="top")
    ax.text(0.02, 0.98, "the line: what batch normalization takes away", color=BATCHNORM, **corner)
    ax.text(0.02, 0.90, "the strokes: what is left for $dx$", color=GRADIENT, **corner)
    return ax


def projection(x_hat, dy, dx, *, axes=None):
    """Draw a batch of three in the plane of vectors without mean: x̂ on its circle, dy before and after its projections.

    Args:
        x_hat: (3,) normalized values with mean 0 and variance 1.
        dy: (3,) gradient that arrives.
        dx: (3,) what is left of it.
        axes: two Matplotlib axes; by default a figure of its own.

    Returns:
        the two axes: on the left the loss of the mean, seen from the side; on the right the loss of the component along
        x̂, seen from above.
    """
    if axes is None:
        _, axes = plt.subplots(1, 2, figsize=(7.0, 3.7), width_ratios=(0.8, 1))
    side, above = axes
    ones = np.ones(3) / np.sqrt(3)
    along = x_hat / np.linalg.norm(x_hat)
    across = np.cross(ones, along)  # completes the basis: up, along x̂, along the circle
    centered = dy - np.mean(dy)
    flat = centered / np.linalg.norm(centered)

    side.plot([-1, 2], [0, 0], color=MUTED, linewidth=1)
    side.text(-1, -0.45, "the vectors of mean 0:\na plane, seen from the side", va="top", color=QUIET, fontsize=9.5)
    arrow(side, (0, 0), (dy @ flat, dy @ ones), INK)
    arrow(side, (0, 0), (centered @ flat, 0), OTHER)
    side.plot([dy @ flat] * 2, [dy @ ones, 0], ":", color=MUTED)
    side.text(dy @ flat / 2 - 0.15, dy @ ones / 2 + 0.1, "$dy$", ha="right")
    side.text(centered @ flat / 2, -0.06, r"$dy - \overline{dy}$", ha="center", va="top", color=legible(OTHER))
    side.set_title("1  The mean is removed")

    angles = np.linspace(0, 2 * np.pi, 200)
    radius = np.linalg.norm(x_hat)
    above.plot(radius * np.cos(angles), radius * np.sin(angles), color=MUTED, linewidth=1)
    tip = np.array([x_hat @ along, x_hat @ across])
    arrow(above, (0, 0), tip, BATCHNORM)
    before, after = (tip + (gradient @ along, gradient @ across) for gradient in (centered, dx))
    arrow(above, tip, before, OTHER)
    arrow(above, tip, after, GRADIENT)
    above.plot(*zip(before, after, strict=True), ":", color=MUTED)
    above.text(tip[0] / 2, 0.12, r"$\hat x$", color=BATCHNORM, ha="center", va="bottom")
    above.text(before[0] + 0.1, before[1], r"$dy - \overline{dy}$", color=legible(OTHER), va="center")
    above.text(tip[0] - 0.12, dx @ across, "$dx$", color=GRADIENT, ha="right", va="center")
    above.set_title(r"2  The part along $\hat x$ is removed")
    for ax in axes:
        ax.set_aspect("equal")
        ax.margins(0.12)
        ax.set_axis_off()
    return axes


def loss_comparison(losses, *, colors=(BATCHNORM, OTHER), average_over=25, ax=None):
    """Draw the running mean of several runs' losses, each named at its right end.

    Args:
        losses: for each name its loss (steps,).
        colors: one for each run.
        average_over: steps of the running mean.
        ax: Matplotlib axes; by default a figure of its own.

    Returns:
        the axes, one line a run.
    """
    ax = ax or new_axes()
    for (name, loss), color in zip(losses.items(), colors, strict=True):
        steps, mean = running_mean(loss, average_over)
        ax.plot(steps, mean, color=color)
        ax.text(steps[-1], mean[-1], f" {name}", color=legible(color), va="center")
    ax.set(xlabel="step", ylabel="cross-entropy (nats)", ylim=(0, None))
    ax.set_xlim(0, 1.28 * len(loss))
    return ax


def bias_and_loss(bias, loss, *, ax=None):
    """Draw a bias (steps,) that runs away, and the loss (steps,) that stays, over the same steps.

    Returns:
        the axes, the bias's line first.
    """
    ax = ax or new_axes()
    ax.plot(bias, color=GRADIENT)
    ax.plot(loss, color=BATCHNORM)
    ax.text(len(bias) - 1, bias[-1], " bias", color=GRADIENT, va="center")
    ax.text(len(loss) - 1, loss[-1], " loss", color=BATCHNORM, va="center")
    ax.set(xlabel="step", ylabel="value", xlim=(0, 1.1 * len(bias)))
    return ax
