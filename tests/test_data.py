"""The embedded images are what they claim to be, and a damaged file is refused."""

import sys
import types

import numpy as np
import pytest

from bncourse import data


def test_small_set_has_the_documented_shapes_types_and_range():
    small = data.load()
    for images, labels, count in (
        (small.train_images, small.train_labels, 10_000),
        (small.test_images, small.test_labels, 2_000),
    ):
        assert images.shape == (count, 28, 28, 1)
        assert images.dtype == np.float32
        assert images.min() == 0.0 and images.max() == 1.0
        assert labels.shape == (count,)
        assert labels.dtype == np.int64


def test_classes_are_balanced_and_named():
    small = data.load()
    assert np.bincount(small.train_labels).tolist() == [1000] * 10
    assert np.bincount(small.test_labels).tolist() == [200] * 10
    assert len(small.class_names) == 10


def test_pixels_have_the_statistics_known_of_the_full_set():
    # 0.2860 and 0.3530 are the mean and standard deviation of the 60,000 training images.
    images = data.load().train_images
    np.testing.assert_allclose([images.mean(dtype=float), images.std(dtype=float)], [0.2860, 0.3530], atol=0.005)


def test_no_test_image_is_a_training_image():
    small = data.load()
    train = {image.tobytes() for image in small.train_images}
    assert sum(image.tobytes() in train for image in small.test_images) == 0


@pytest.mark.parametrize("damage", [lambda c: c[:-1000], lambda c: c[:5000] + b"x" + c[5001:], lambda c: b""])
def test_damaged_file_is_refused_with_what_to_do(tmp_path, monkeypatch, damage):
    broken = tmp_path / "fashion_mnist_small.npz"
    broken.write_bytes(damage(data.SMALL.read_bytes()))
    monkeypatch.setattr(data, "SMALL", broken)
    with pytest.raises(ValueError, match="missing, truncated or altered. Install the package again"):
        data.load()


def test_missing_file_is_refused_in_the_same_way(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "SMALL", tmp_path / "absent.npz")
    with pytest.raises(ValueError, match="received 0 bytes"):
        data.load()


def test_unknown_size_is_named():
    with pytest.raises(ValueError, match='expected size "small" or "full", received .medium'):
        data.load(size="medium")


def keras_with(load_data):
    """A stand-in for Keras whose Fashion-MNIST is `load_data`."""
    keras = types.ModuleType("keras")
    keras.datasets = types.SimpleNamespace(fashion_mnist=types.SimpleNamespace(load_data=load_data))
    return keras


def test_full_set_without_network_names_the_embedded_one(monkeypatch):
    def fail():
        raise Exception("URL fetch failure")

    monkeypatch.setitem(sys.modules, "keras", keras_with(fail))
    with pytest.raises(ConnectionError, match='URL fetch failure.*size="small" is embedded'):
        data.load(size="full")


def test_full_set_comes_in_the_same_form(monkeypatch):
    pixels = np.arange(2 * 28 * 28, dtype=np.uint8).reshape(2, 28, 28)
    labels = np.array([3, 9], np.uint8)
    monkeypatch.setitem(sys.modules, "keras", keras_with(lambda: ((pixels, labels), (pixels, labels))))
    full = data.load(size="full")
    assert full.train_images.shape == (2, 28, 28, 1) and full.train_images.dtype == np.float32
    np.testing.assert_allclose(full.test_images[1, 3, 5, 0], pixels[1, 3, 5] / 255, rtol=1e-6)
    assert full.test_labels.tolist() == [3, 9]
