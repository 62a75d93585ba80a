"""Pictures of images, filters and feature maps, and the curve of a training run."""

import numpy as np

from ._draw import PALE, new_axes, running_mean
from .style import MUTED, PLAIN, SIGNED


def montage(images, *, titles=None, columns=None, signed=False, values=False, ax=None):
    """Draw images side by side on one axes.

    Args:
        images: (K, H, W), all on one scale.
        titles: K short texts, each above its image.
        columns: images in a row; by default all of them.
        signed: color positive values blue and negative ones orange around white; otherwise 0 is white and the maximum
            black.
        values: write each pixel's value on it.
        ax: Matplotlib axes; by default a figure of its own, as high as it needs.

    Returns:
        the axes; its one image is the tiled picture, with a pixel of nothing (NaN) between the tiles.
    """
    images = np.asarray(images, float)
    count, height, width = images.shape
    columns = columns or count
    rows = -(-count // columns)
    gap = 0 if count == 1 else max(1, width // 14)
    headroom = max(1, round(height * 0.16)) if titles is not None else 0
    canvas = np.full((rows * (height + gap + headroom), columns * (width + gap)), np.nan)
    for k, image in enumerate(images):
        top, left = _corner(k, columns, height + gap + headroom, width + gap, headroom)
        canvas[top : top + height, left : left + width] = image
    ax = ax or new_axes((7.0, min(7.5, 7.0 * canvas.shape[0] / canvas.shape[1])))
    limit = np.nanmax(np.abs(canvas))
    look = dict(cmap=SIGNED if signed else "gray_r", vmin=-limit if signed else 0, vmax=limit)
    ax.imshow(canvas, alpha=PALE if values else None, **look)
    ax.set_axis_off()
    for k in range(count):
        top, left = _corner(k, columns, height + gap + headroom, width + gap, headroom)
        if titles is not None:
            ax.text(left + width / 2 - 0.5, top - 0.6 - gap * 0.2, titles[k], ha="center", va="bottom", fontsize=9.5)
        if values:
            _write_values(ax, images[k], top, left)
    return ax


def _corner(k, columns, height, width, headroom):
    row, column = divmod(k, columns)
    return row * height + headroom, column * width


def _write_values(ax, image, top, left):
    for (i, j), value in np.ndenumerate(image):
        ax.text(left + j, top + i, f"{value:.2f}", ha="center", va="center", color="black", fontsize=9)


def loss_curve(loss, *, average_over=25, color=PLAIN, ax=None):
    """Draw the loss of each step, (steps,), in gray, and its running mean over `average_over` steps in color."""
    loss = np.asarray(loss)
    ax = ax or new_axes()
    steps, mean = running_mean(loss, average_over)
    ax.plot(np.arange(len(loss)), loss, color=MUTED, linewidth=0.7, alpha=0.7)
    ax.plot(steps, mean, color=color)
    ax.set(xlabel="step", ylabel="cross-entropy (nats)", ylim=(0, None))
    return ax


def spread_by_depth(spread, *, color=PLAIN, ax=None):
    """Draw one number a layer, (layers,), on a logarithmic axis, first layer at 1."""
    ax = ax or new_axes()
    ax.semilogy(np.arange(1, len(spread) + 1), spread, "o-", color=color)
    ax.set(xlabel="convolution", ylabel="standard deviation over images")
    ax.set_xticks(np.arange(1, len(spread) + 1))
    return ax


def filter_rows(rows, *, ax=None):
    """Draw sets of filters, one below the other, positive weights blue and negative ones orange.

    Args:
        rows: dictionary from a row's name to its filters (height, width, 1, F), all of one shape. Each row has a color
            scale of its own, so that small weights show, too.
        ax: Matplotlib axes; by default a figure of its own.

    Returns:
        the axes, the names at its left.
    """
    ax = ax or new_axes((7.0, 0.85 * len(rows) + 0.4))
    kernels = [np.asarray(kernel) / np.max(np.abs(kernel)) for kernel in rows.values()]
    height, _, _, filters = kernels[0].shape
    images = np.concatenate([np.moveaxis(kernel[:, :, 0], -1, 0) for kernel in kernels])
    montage(images, columns=filters, signed=True, ax=ax)
    for k, name in enumerate(rows):
        ax.text(-1.2, k * (height + 1) + (height - 1) / 2, name, ha="right", va="center")
    return ax
