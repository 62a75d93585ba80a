"""Reading what a model is to be run on: arrays, nests of arrays, or what gives batches."""

import sys
import time
from collections.abc import Iterator
from itertools import islice

import keras
import numpy as np

#: What is read of a source of batches that names no end.
MOST_BATCHES = 1000


def sizes(images) -> set[int]:
    """The lengths of the first axis of all arrays in a nest."""
    return {len(part) for part in keras.tree.flatten(images)}


def is_arrays(images) -> bool:
    """Whether images are an array or a nest of arrays, and no source of batches."""
    parts = keras.tree.flatten(images)
    return bool(parts) and all(hasattr(part, "shape") and hasattr(part, "dtype") for part in parts)


def batches(images, labels, batch_size: int) -> Iterator[tuple[object, np.ndarray | None]]:
    """Batches of images, each with its labels or None.

    Arrays are dealt out like cards, image i to batch i modulo the number of batches: of images sorted by class, each
    batch gets some of every class, and all have the same size, but for one image.

    Raises:
        ValueError: if there are no images, if arrays differ in length, or if images are not finite.
    """
    if is_arrays(images):
        yield from _dealt(images, labels, batch_size)
        return
    if labels is not None:
        raise ValueError("expected labels with arrays of images alone: a source of batches gives its own")
    if not hasattr(images, "__iter__") and not hasattr(images, "__getitem__"):
        raise ValueError(f"expected images as arrays or as a source of batches, received {type(images).__name__}")
    source = (images[i] for i in range(len(images))) if isinstance(images, keras.utils.PyDataset) else images
    for batch in islice(source, MOST_BATCHES):
        x, y = batch[:2] if isinstance(batch, tuple) and len(batch) > 1 else (batch, None)
        x = x[0] if isinstance(x, tuple) and len(x) == 1 else x
        yield checked(keras.tree.map_structure(np.asarray, x)), None if y is None else np.asarray(y)


def _dealt(images, labels, batch_size):
    images = keras.tree.map_structure(lambda part: part if hasattr(part, "__getitem__") else np.asarray(part), images)
    lengths = sizes(images) | ({len(labels)} if labels is not None else set())
    if len(lengths) != 1:
        raise ValueError(f"expected arrays and labels of one length, received {sorted(lengths)}")
    number = -(-lengths.pop() // batch_size)
    if number == 0:
        raise ValueError("expected at least one image, received none")
    for i in range(number):
        mine = slice(i, None, number)
        x = keras.tree.map_structure(lambda part, mine=mine: np.asarray(part[mine]), images)
        yield checked(x), None if labels is None else np.asarray(labels[mine])


def checked(x):
    """The batch, if all of its numbers are finite.

    Raises:
        ValueError: if it holds NaN, infinity, or what are no numbers.
    """
    for part in keras.tree.flatten(x):
        if part.dtype.kind not in "fiubUSO" and part.dtype.name != "bfloat16":
            raise ValueError(f"expected images of numbers, received dtype {part.dtype}")
        if part.dtype.kind == "f" and not np.isfinite(part).all():
            bad = np.size(part) - np.isfinite(part).sum()
            raise ValueError(f"expected finite images, received {bad} values in one batch that are NaN or infinite")
    return x


class Progress:
    """Says on standard error how far it is, once it has taken some seconds; in a terminal it says so sooner."""

    def __init__(self, total: int | None):
        self.total, self.patience = total, 3.0 if sys.stderr.isatty() else 20.0
        self.start = self.said = time.monotonic()
        self.done = 0

    def add(self, images: int) -> None:
        """So many images more are done."""
        self.done += images
        now = time.monotonic()
        if now - self.start > self.patience and now - self.said > 1:
            self.said = now
            of = f" of {self.total:,}" if self.total else ""
            print(f"bncourse.clinic: {self.done:,}{of} images", end="\r", file=sys.stderr, flush=True)

    def close(self) -> None:
        """End the line, if anything was said."""
        if self.said > self.start:
            print(file=sys.stderr)
