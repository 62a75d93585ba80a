"""Images to learn from: Fashion-MNIST, a small subset of it embedded in the package.

Source: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
Algorithms", 2017, https://arxiv.org/abs/1708.07747 (MIT license, Zalando SE).
"""

import hashlib
import io
from pathlib import Path
from typing import NamedTuple

import numpy as np

SMALL = Path(__file__).parent / "assets" / "fashion_mnist_small.npz"
SMALL_SHA256 = "921515b205a87b887bdf2c0d690db6afcb74f8d82327a5109163e3d676655599"
CLASS_NAMES = (
    "T-shirt",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


class Data(NamedTuple):
    """Images and labels, split into training and test set.

    Images have shape (N, 28, 28, 1), channels last, dtype float32, from 0 (background) to 1. Labels have shape (N,),
    dtype int64, and index `class_names`.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...]


def load(size: str = "small") -> Data:
    """Load Fashion-MNIST: 10,000 + 2,000 embedded images (`size="small"`), or all 60,000 + 10,000 (`size="full"`).

    Both are balanced over the ten classes. The small set needs no network; the full set is downloaded by
    `keras.datasets` on first use.

    Raises:
        ValueError: for another size, or if the embedded file is damaged.
        ConnectionError: if the full set can't be downloaded.

    >>> load().train_images.shape, load().test_images.shape
    ((10000, 28, 28, 1), (2000, 28, 28, 1))
    """
    if size == "small":
        arrays = _read_small(SMALL)
    elif size == "full":
        arrays = _download_full()
    else:
        raise ValueError(f'expected size "small" or "full", received {size!r}')
    train_images, train_labels, test_images, test_labels = arrays
    return Data(
        _as_pixels(train_images),
        train_labels.astype(np.int64),
        _as_pixels(test_images),
        test_labels.astype(np.int64),
        CLASS_NAMES,
    )


def _as_pixels(images: np.ndarray) -> np.ndarray:
    """Bytes (N, 28, 28) or (N, 28, 28, 1) to float32 (N, 28, 28, 1) in [0, 1]."""
    return images.reshape(-1, 28, 28, 1).astype(np.float32) / np.float32(255)


def _read_small(path: Path) -> list[np.ndarray]:
    content = path.read_bytes() if path.exists() else b""
    if hashlib.sha256(content).hexdigest() != SMALL_SHA256:
        raise ValueError(
            f"expected the embedded images in {path}, received {len(content):,} bytes that are not them: "
            "the file is missing, truncated or altered. Install the package again, or restore the file with git."
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return [archive[key] for key in ("train_images", "train_labels", "test_images", "test_labels")]


def _download_full() -> list[np.ndarray]:
    import keras  # heavy, and only the full set needs it

    try:
        train, test = keras.datasets.fashion_mnist.load_data()
    except Exception as error:  # Keras raises a bare Exception when a download fails
        raise ConnectionError(
            f'the full Fashion-MNIST could not be downloaded ({error}); size="small" is embedded and needs no network'
        ) from error
    return [*train, *test]
