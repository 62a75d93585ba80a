"""Make the embedded subset of Fashion-MNIST from the four original files: `python tools/make_dataset.py FOLDER`.

FOLDER holds the gzipped IDX files of https://github.com/zalandoresearch/fashion-mnist (Debian ships the same files as
the package `dataset-fashion-mnist`, in /usr/share/datasets/fashion-mnist). The subset is the first 1,000 training and
200 test images of each class, in the original order.
"""

import gzip
import hashlib
import io
import sys
import zipfile
from pathlib import Path

import numpy as np

TARGET = Path(__file__).resolve().parent.parent / "bncourse" / "assets" / "fashion_mnist_small.npz"
# SHA-256 of the files' uncompressed content: distributors compress them differently.
ORIGINALS = {
    "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def read_idx(path: Path) -> np.ndarray:
    """Read one gzipped IDX file of bytes: a magic number whose fourth byte counts the axes, their lengths, the data."""
    raw = gzip.decompress(path.read_bytes())
    if hashlib.sha256(raw).hexdigest() != ORIGINALS[path.name]:
        raise SystemExit(f"{path} does not hold the original data: the SHA-256 of its content differs")
    axes = raw[3]
    shape = np.frombuffer(raw, ">u4", count=axes, offset=4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * axes).reshape(shape)


def first_of_each_class(images: np.ndarray, labels: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `count` images of each of the ten classes, in their original order."""
    chosen = np.sort(np.concatenate([np.flatnonzero(labels == label)[:count] for label in range(10)]))
    return images[chosen][..., None], labels[chosen]


def write_npz(path: Path, **arrays: np.ndarray) -> None:
    """Like `np.savez_compressed`, but with fixed time stamps: the same arrays give the same bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array))
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, content.getvalue(), zipfile.ZIP_DEFLATED, 9)


def main() -> None:
    folder = Path(sys.argv[1])
    train = [read_idx(folder / f"train-{part}-ubyte.gz") for part in ("images-idx3", "labels-idx1")]
    test = [read_idx(folder / f"t10k-{part}-ubyte.gz") for part in ("images-idx3", "labels-idx1")]
    train_images, train_labels = first_of_each_class(*train, count=1000)
    test_images, test_labels = first_of_each_class(*test, count=200)
    write_npz(
        TARGET,
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
    )
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes, SHA-256 {hashlib.sha256(TARGET.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
