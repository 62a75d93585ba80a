"""`python -m bncourse.clinic model.keras [--data images.npz] [--json]`: examine a saved model from a shell."""

import argparse
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np

from . import examine

# Until then a file could switch safe mode off (CVE-2025-9906); for .h5 it was not kept at all (CVE-2025-9905).
SAFE_SINCE = (3, 11, 3)


class Unreadable(Exception):
    """What can't be examined, in one sentence."""


def main(arguments=None) -> int:
    """Examine the model that the arguments name; returns 0 without a fault, 1 with one, 2 if it could not be read."""
    parser = argparse.ArgumentParser(prog="python -m bncourse.clinic", description="Find what is wrong with a model.")
    parser.add_argument("model", type=Path, help="a model saved as .keras")
    parser.add_argument("--data", type=Path, help="images as .npz (`images`, and `labels` if there are any) or .npy")
    parser.add_argument("--batch-size", type=int, help="images in a batch of the training, if you know it")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    chosen = parser.parse_args(arguments)
    try:
        images, labels = (None, None) if chosen.data is None else read_data(chosen.data)
        report = examine(read_model(chosen.model), images, labels, batch_size=chosen.batch_size)
    except (Unreadable, ValueError, TypeError) as error:
        print(f"{error}", file=sys.stderr)
        return 2
    print(report.to_json() if chosen.json else report)
    return 1 if report.faults else 0


def read_model(path: Path) -> keras.Model:
    """The model in a .keras file, loaded in safe mode: code that is stored in the file is not run.

    Raises:
        Unreadable: if it is no such file, or holds what safe mode or an unknown class forbids.
    """
    if not path.is_file():
        raise Unreadable(f"expected a file, found none at {path}")
    if path.suffix != ".keras" or not zipfile.is_zipfile(path):
        raise Unreadable(f"expected a model saved as .keras, received {path.name}: save it with model.save('x.keras')")
    if tuple(int(part) for part in keras.__version__.split(".")[:3] if part.isdigit()) < SAFE_SINCE:
        raise Unreadable(f"expected Keras 3.11.3 or later, whose safe mode is safe, found {keras.__version__}")
    problem = None
    for with_optimizer in (True, False):
        try:
            return keras.saving.load_model(path, compile=with_optimizer, safe_mode=True)
        except Exception as error:  # a file may hold anything
            problem = error
    sentence = " ".join(str(problem).split())[:300]
    raise Unreadable(
        f"{path.name} can't be loaded by itself ({sentence}). Load it in Python, where its classes are, and call "
        f"examine."
    )


def read_data(path: Path) -> tuple[object, np.ndarray | None]:
    """Images and labels of a file; several arrays of images become a dictionary.

    Raises:
        Unreadable: if it is no .npz or .npy of numbers, or names no images.
    """
    if not path.is_file():
        raise Unreadable(f"expected a file, found none at {path}")
    try:
        loaded = np.load(path, allow_pickle=False, mmap_mode="r" if path.suffix == ".npy" else None)
        if isinstance(loaded, np.ndarray):
            return loaded, None
        arrays = {name: loaded[name] for name in loaded.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise Unreadable(f"expected arrays of numbers in {path.name}: {str(error).splitlines()[0]}") from error
    labels = next((arrays.pop(name) for name in ("labels", "y", "y_test", "y_train") if name in arrays), None)
    if not arrays:
        raise Unreadable(f"expected an array `images` in {path.name}, found none")
    for name in ("images", "x", "x_test", "x_train"):
        if name in arrays:
            return arrays[name], labels
    return next(iter(arrays.values())) if len(arrays) == 1 else arrays, labels


if __name__ == "__main__":
    raise SystemExit(main())
