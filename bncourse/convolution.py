"""The building blocks of a convolutional network in NumPy, each forward and backward.

Images are channels last, (N, H, W, C): N images of H rows, W columns and C channels. Every `_backward` takes the
gradient `dy` of a scalar loss with respect to the block's output, and the block's inputs, and returns the gradients
with respect to those inputs. No Python loop runs over single images or pixels.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ._check import as_float, require_not_empty, require_rank, require_shape

# Numbers in a block of windows: 1 MB in float32, about a processor's second-level cache.
BLOCK = 2**18


class KernelGradients(NamedTuple):
    """Gradients of a scalar loss with respect to a block's input, kernel and bias, each in its original's shape."""

    x: np.ndarray
    kernel: np.ndarray
    bias: np.ndarray


def output_size(size: int, kernel_size: int, *, stride: int = 1, padding: str = "same") -> int:
    """Number of positions that a kernel of `kernel_size` pixels takes along an axis of `size` pixels.

    "valid" keeps the kernel inside the image: (size - kernel_size) // stride + 1. "same" pads with zeros until the
    output has ceil(size / stride) pixels: with stride 1 as many as the input.

    Raises:
        ValueError: if a number is not positive, the padding is unknown, or the kernel does not fit.

    >>> output_size(28, 3, padding="valid"), output_size(28, 3), output_size(28, 3, stride=2)
    (26, 28, 14)
    """
    if size < 1 or kernel_size < 1 or stride < 1:
        raise ValueError(
            f"expected size, kernel_size and stride of at least 1, received {size}, {kernel_size} and {stride}"
        )
    if padding == "same":
        return -(-size // stride)
    if padding != "valid":
        raise ValueError(f'expected padding "same" or "valid", received {padding!r}')
    if kernel_size > size:
        raise ValueError(f"expected a kernel no larger than the image of {size} pixels, received {kernel_size}")
    return (size - kernel_size) // stride + 1


def conv2d(x, kernel, bias=None, *, stride: int = 1, padding: str = "same") -> np.ndarray:
    """Slide each filter over the images and take the dot product with the pixels under it.

    y[n, i, j, f] = bias[f] + sum over a, b, c of x[n, s i + a, s j + b, c] kernel[a, b, c, f], with x padded, stride s.
    (Strictly a cross-correlation: the kernel is not flipped. Every deep learning library calls it convolution.)

    Args:
        x: images (N, H, W, C).
        kernel: filters (height, width, C, F).
        bias: (F,), or None for no bias.
        stride: pixels from one position of the kernel to the next, along both axes.
        padding: "same" or "valid", see `output_size`.

    Returns:
        feature maps (N, H', W', F), where H' and W' are given by `output_size`.

    Raises:
        ValueError: for shapes that do not fit.
        TypeError: for anything but real numbers.

    >>> image = np.arange(9).reshape(1, 3, 3, 1)
    >>> right_minus_left = np.array([-1, 1]).reshape(1, 2, 1, 1)
    >>> conv2d(image, right_minus_left, padding="valid")[0, :, :, 0].tolist()
    [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]
    """
    x, kernel = _images_and_kernel(x, kernel)
    height, width, _, filters = kernel.shape
    pads = _padding(x, kernel.shape, stride, padding)
    rows, columns = _positions(x, kernel.shape, stride, padding)
    y = np.empty((len(x), rows, columns, filters), np.result_type(x, kernel))
    for block, strips in _strips(_padded(x, pads), width, stride):
        part = y[block].reshape(-1, rows * columns, filters)
        product = np.empty_like(part)
        for a in range(height):  # what the kernel's row a adds to each position
            under = strips[:, a : a + stride * rows : stride].reshape(*part.shape[:2], -1)
            np.matmul(under, kernel[a].reshape(-1, filters), out=product if a else part)
            if a:
                part += product
    if bias is not None:
        y += _bias(bias, filters)
    return y


def conv2d_backward(dy, x, kernel, *, stride: int = 1, padding: str = "same") -> KernelGradients:
    """Gradients of `conv2d`: every pixel collects from all the windows in which it stood.

    Args:
        dy: gradient with respect to the feature maps, (N, H', W', F).
        x, kernel, stride, padding: what `conv2d` was given.

    Returns:
        `KernelGradients` with x (N, H, W, C), kernel (height, width, C, F) and bias (F,).

    Raises:
        ValueError: for shapes that do not fit.
        TypeError: for anything but real numbers.
    """
    x, kernel = _images_and_kernel(x, kernel)
    dy = as_float(dy, "dy")
    height, width, _, filters = kernel.shape
    pads = _padding(x, kernel.shape, stride, padding)
    rows, columns = _positions(x, kernel.shape, stride, padding)
    require_shape(dy, (len(x), rows, columns, filters), "dy")

    dkernel = np.zeros((height, kernel[0].size // filters, filters), np.result_type(x, dy))
    for block, strips in _strips(_padded(x, pads), width, stride):
        part = dy[block].reshape(-1, rows * columns, filters)
        for a in range(height):  # what the kernel's row a collects, from each image
            under = strips[:, a : a + stride * rows : stride].reshape(*part.shape[:2], -1)
            dkernel[a] += np.matmul(under.swapaxes(1, 2), part).sum(axis=0)
    dy = dy.reshape(-1, filters)  # one row for each position of the kernel
    dx_padded = np.zeros([size + sum(pad) for size, pad in zip(x.shape, pads, strict=True)], x.dtype)
    for a in range(height):
        for b in range(width):
            # The pixels that stood under the kernel's entry (a, b), once for each position of the kernel.
            under = dx_padded[:, a : a + stride * rows : stride, b : b + stride * columns : stride]
            under += (dy @ kernel[a, b].T).reshape(under.shape)
    return KernelGradients(dx_padded[_inside(x, pads)], dkernel.reshape(kernel.shape), dy.sum(axis=0))


def relu(x) -> np.ndarray:
    """max(x, 0), element by element; any shape.

    >>> relu([-1, 0, 2]).tolist()
    [0.0, 0.0, 2.0]
    """
    return np.maximum(as_float(x, "x"), 0)


def relu_backward(dy, x) -> np.ndarray:
    """Gradient of `relu`: `dy` where x > 0, else 0. Same shape as x."""
    dy, x = as_float(dy, "dy"), as_float(x, "x")
    require_shape(dy, x.shape, "dy")
    return np.where(x > 0, dy, dy.dtype.type(0))


def max_pool2d(x, size: int = 2) -> np.ndarray:
    """The largest value of each `size` x `size` tile, channel by channel: (N, H, W, C) to (N, H // size, W // size, C).

    Rows and columns that do not fill a tile are left out ("valid" padding).

    >>> max_pool2d(np.arange(16).reshape(1, 4, 4, 1))[0, :, :, 0].tolist()
    [[5.0, 7.0], [13.0, 15.0]]
    """
    return _tiles(_images(x), size).max(axis=3)


def max_pool2d_backward(dy, x, size: int = 2) -> np.ndarray:
    """Gradient of `max_pool2d`, (N, H, W, C): all of `dy` goes to the winner of each tile, to the first one of equals.

    Args:
        dy: gradient with respect to the pooled images, (N, H // size, W // size, C).
        x, size: what `max_pool2d` was given.
    """
    x, dy = _images(x), as_float(dy, "dy")
    tiles = _tiles(x, size)  # (N, H', W', size * size, C)
    images, rows, columns, _, channels = tiles.shape
    require_shape(dy, (images, rows, columns, channels), "dy")
    dtiles = np.zeros(tiles.shape, dy.dtype)
    np.put_along_axis(dtiles, tiles.argmax(axis=3)[:, :, :, None], dy[:, :, :, None], axis=3)
    dtiles = dtiles.reshape(images, rows, columns, size, size, channels).swapaxes(2, 3)
    dx = np.zeros(x.shape, dy.dtype)
    dx[:, : rows * size, : columns * size] = dtiles.reshape(images, rows * size, columns * size, channels)
    return dx


def dense(x, kernel, bias=None) -> np.ndarray:
    """x @ kernel + bias: (N, C) with kernel (C, F) and bias (F,) or None gives (N, F).

    >>> dense([[1, 2]], [[1, 0], [0, 3]], [10, 10]).tolist()
    [[11.0, 16.0]]
    """
    x, kernel = _rows_and_kernel(x, kernel)
    y = x @ kernel
    if bias is not None:
        y += _bias(bias, kernel.shape[1])
    return y


def dense_backward(dy, x, kernel) -> KernelGradients:
    """Gradients of `dense`, given dy (N, F) and what `dense` was given: x (N, C), kernel (C, F), bias (F,)."""
    x, kernel = _rows_and_kernel(x, kernel)
    dy = as_float(dy, "dy")
    require_shape(dy, (len(x), kernel.shape[1]), "dy")
    return KernelGradients(dy @ kernel.T, x.T @ dy, dy.sum(axis=0))


def softmax(logits) -> np.ndarray:
    """Probabilities exp(z) / sum exp(z) along the last axis; the largest logit is subtracted, so nothing overflows.

    >>> softmax([[1000, 1000, 0]]).tolist()
    [[0.5, 0.5, 0.0]]
    """
    logits = as_float(logits, "logits")
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def softmax_cross_entropy(logits, labels) -> float:
    """Mean over the batch of -log(probability of the right class).

    Args:
        logits: (N, K), any real numbers.
        labels: (N,) integers, 0 to K - 1.

    Raises:
        ValueError: for labels of another shape or outside 0 to K - 1.
        TypeError: for labels that are no integers.

    >>> round(softmax_cross_entropy(np.zeros((4, 10)), [0, 1, 2, 3]), 6)  # log(10): nothing is known of ten classes
    2.302585
    """
    logits, labels = _logits_and_labels(logits, labels)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-log_probabilities[np.arange(len(labels)), labels].mean())


def softmax_cross_entropy_backward(logits, labels) -> np.ndarray:
    """Gradient of `softmax_cross_entropy` with respect to the logits, (N, K): (probabilities - one-hot labels) / N."""
    logits, labels = _logits_and_labels(logits, labels)
    gradient = softmax(logits)
    gradient[np.arange(len(labels)), labels] -= 1
    return gradient / len(labels)


def _positions(x: np.ndarray, kernel_shape, stride: int, padding: str) -> tuple[int, int]:
    """How many positions the kernel takes along rows and columns."""
    rows, columns = (
        output_size(size, kernel_size, stride=stride, padding=padding)
        for size, kernel_size in zip(x.shape[1:3], kernel_shape[:2], strict=True)
    )
    return rows, columns


def _padding(x: np.ndarray, kernel_shape, stride: int, padding: str) -> list[tuple[int, int]]:
    """Zeros before and after each axis of x; an odd one out comes after, as in TensorFlow."""
    pads = [(0, 0)]
    found = _positions(x, kernel_shape, stride, padding)
    for size, kernel_size, positions in zip(x.shape[1:3], kernel_shape[:2], found, strict=True):
        total = max((positions - 1) * stride + kernel_size - size, 0) if padding == "same" else 0
        pads.append((total // 2, total - total // 2))
    return [*pads, (0, 0)]


def _padded(x: np.ndarray, pads) -> np.ndarray:
    """x among zeros. (`np.pad` does the same and takes longer than the convolution of a small image.)"""
    padded = np.zeros([size + sum(pad) for size, pad in zip(x.shape, pads, strict=True)], x.dtype)
    padded[_inside(x, pads)] = x
    return padded


def _inside(x: np.ndarray, pads) -> tuple[slice, ...]:
    """Where x stands in what `_padded` makes of it."""
    return tuple(slice(before, before + size) for size, (before, _) in zip(x.shape, pads, strict=True))


def _strips(padded: np.ndarray, width: int, stride: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Blocks of images, and for each of their rows the pixels under a kernel of that width: (n, H, W', width * C).

    Every pixel is copied up to `width` times, and all rows of the kernel use the copies. Each block takes the memory of
    the one before: to ask the system for new memory takes longer than to copy.
    """
    windows = np.moveaxis(sliding_window_view(padded, width, axis=2)[:, :, ::stride], -1, 3)
    images = min(len(windows), max(1, BLOCK // windows[0].size))
    strips = np.empty((images, *windows.shape[1:]), padded.dtype)
    for start in range(0, len(windows), images):
        block = slice(start, min(start + images, len(windows)))
        copies = strips[: block.stop - start]
        np.copyto(copies, windows[block])
        yield block, copies.reshape(*copies.shape[:3], -1)


def _tiles(x: np.ndarray, size: int) -> np.ndarray:
    """Cut images (N, H, W, C) into tiles: (N, H // size, W // size, size * size, C)."""
    images, rows, columns, channels = x.shape
    if not 1 <= size <= min(rows, columns):
        raise ValueError(f"expected a tile size from 1 to {min(rows, columns)}, received {size}")
    rows, columns = rows // size, columns // size
    x = x[:, : rows * size, : columns * size].reshape(images, rows, size, columns, size, channels)
    return x.swapaxes(2, 3).reshape(images, rows, columns, size * size, channels)


def _images(x) -> np.ndarray:
    x = as_float(x, "x")
    require_rank(x, 4, "x", "(N, H, W, C)")
    require_not_empty(x, "x")
    return x


def _bias(bias, filters: int) -> np.ndarray:
    bias = as_float(bias, "bias")
    require_shape(bias, (filters,), "bias")
    return bias


def _images_and_kernel(x, kernel) -> tuple[np.ndarray, np.ndarray]:
    x, kernel = _images(x), as_float(kernel, "kernel")
    require_rank(kernel, 4, "kernel", "(height, width, C, F)")
    require_not_empty(kernel, "kernel")
    if kernel.shape[2] != x.shape[3]:
        raise ValueError(f"expected a kernel for {x.shape[3]} channels, received one of shape {kernel.shape}")
    return x, kernel


def _rows_and_kernel(x, kernel) -> tuple[np.ndarray, np.ndarray]:
    x, kernel = as_float(x, "x"), as_float(kernel, "kernel")
    require_rank(x, 2, "x", "(N, C)")
    require_rank(kernel, 2, "kernel", "(C, F)")
    require_not_empty(x, "x")
    if kernel.shape[0] != x.shape[1]:
        raise ValueError(f"expected a kernel for {x.shape[1]} features, received one of shape {kernel.shape}")
    return x, kernel


def _logits_and_labels(logits, labels) -> tuple[np.ndarray, np.ndarray]:
    logits, labels = as_float(logits, "logits"), np.asarray(labels)
    require_rank(logits, 2, "logits", "(N, K)")
    require_not_empty(logits, "logits")
    require_shape(labels, logits.shape[:1], "labels")
    if labels.dtype.kind not in "iu":
        raise TypeError(f"expected integer labels, received dtype {labels.dtype}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError(f"expected labels from 0 to {logits.shape[1] - 1}, received {labels.min()} to {labels.max()}")
    return logits, labels
