"""Checks at the package's public boundary: each names what was expected and what came."""

import numbers

import numpy as np


def as_float(x, name: str) -> np.ndarray:
    """`x` as a floating-point array: floats keep their precision, integers and booleans become float64.

    Raises:
        TypeError: if `x` does not hold real numbers.
    """
    x = np.asarray(x)
    if x.dtype.kind in "iub":
        return x.astype(np.float64)
    if x.dtype.kind != "f":
        raise TypeError(f"expected {name} to hold real numbers, received dtype {x.dtype}")
    return x


def require_shape(x: np.ndarray, shape: tuple[int, ...], name: str) -> None:
    """Raises ValueError unless `x` has exactly `shape`."""
    if x.shape != shape:
        raise ValueError(f"expected {name} of shape {shape}, received {x.shape}")


def require_rank(x: np.ndarray, rank: int, name: str, layout: str) -> None:
    """Raises ValueError unless `x` has `rank` axes; `layout` says which, as in "(N, H, W, C)"."""
    if x.ndim != rank:
        raise ValueError(f"expected {name} of shape {layout}, received {x.shape}")


def require_not_empty(x: np.ndarray, name: str) -> None:
    """Raises ValueError if `x` has an axis of length 0."""
    if x.size == 0:
        raise ValueError(f"expected {name} with at least one element, received shape {x.shape}")


def require_number(value, low: float, high: float, name: str) -> None:
    """Raises TypeError unless `value` is one real number, ValueError unless it lies in [low, high]."""
    if not isinstance(value, numbers.Real):
        raise TypeError(f"expected {name} to be a real number, received {value!r}")
    if not low <= value <= high:
        raise ValueError(f"expected {name} between {low} and {high}, received {value}")
