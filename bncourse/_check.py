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


def as_features(x) -> np.ndarray:
    """`x` as floats (..., C) with at least one element.

    Raises:
        TypeError: if `x` does not hold real numbers.
        ValueError: if `x` is empty or a scalar.
    """
    x = as_float(x, "x")
    if x.ndim == 0:
        raise ValueError("expected x of shape (..., C), received a scalar")
    require_not_empty(x, "x")
    return x


def as_parameters(gamma, beta, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """gamma and beta as floats, each of shape (channels,).

    Raises:
        TypeError: if one does not hold real numbers.
        ValueError: if one has another shape.
    """
    gamma, beta = as_float(gamma, "gamma"), as_float(beta, "beta")
    require_shape(gamma, (channels,), "gamma")
    require_shape(beta, (channels,), "beta")
    return gamma, beta


def as_moments(moments, shape: tuple[int, ...], name: str = "") -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance in float64, of shape (C,) or of the rank of `shape`, an array's (..., C), with lengths 1.

    Raises:
        TypeError: if one does not hold real numbers.
        ValueError: if the shapes don't fit, or a variance is negative; `name` says whose moments they are.
    """
    names = [f"{name} {part}".lstrip() for part in ("mean", "variance")]
    mean, variance = (as_float(part, n).astype(np.float64) for part, n in zip(moments, names, strict=True))
    broadcasts = mean.ndim == len(shape) and all(m in (1, n) for m, n in zip(mean.shape, shape, strict=True))
    if not broadcasts:
        require_shape(mean, shape[-1:], names[0])
    require_shape(variance, mean.shape, names[1])
    if np.any(variance < 0):
        raise ValueError(f"expected {names[1]} of at least 0, received {variance.min()}")
    return mean, variance


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
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise TypeError(f"expected {name} to be a real number, received {value!r}")
    if not low <= value <= high:
        raise ValueError(f"expected {name} between {low} and {high}, received {value}")


def require_integer(value, low: int, name: str) -> None:
    """Raises TypeError unless `value` is one integer, ValueError unless it is at least `low`."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise TypeError(f"expected {name} to be an integer, received {value!r}")
    if value < low:
        raise ValueError(f"expected {name} of at least {low}, received {value}")


def require_choice(value, choices, name: str) -> None:
    """Raises ValueError unless `value` is one of the names in `choices`."""
    if value not in tuple(choices):
        raise ValueError(f"expected {name} to be one of {', '.join(choices)}, received {value!r}")
