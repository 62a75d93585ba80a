"""Answers to the exercises of chapter `landscape`."""

import numpy as np
from answers import right, wrong

for letter in "abd":
    wrong("landscape.1", f"option {letter}", letter)
for letter in "bcd":
    wrong("landscape.6", f"option {letter}", letter)
wrong("landscape.2", "nothing changes", (6, 0.1, 3.6))
wrong("landscape.2", "gradient three times as long", (18, 0.1, 32.4))
wrong("landscape.2", "rate times three", (2, 0.3, 1.2))
wrong("landscape.2", "rate stays", (2, 0.1, 0.4))
wrong("landscape.2", "rate divided", (2, 0.1 / 9, 0.4 / 9))
wrong("landscape.2", "promise without the square", (2, 0.9, 1.8))
wrong("landscape.2", "swapped", (0.9, 2, 3.6))
wrong("landscape.2", "a ninth", (6 / 9, 0.9, 0.4))
right("landscape.2", (2, 0.9, 3.6))
right("landscape.2", [2.0, 0.9, 3.6])


@wrong("landscape.3", "unchanged")
def filter_normalized(direction, kernel):
    return direction * np.sqrt((kernel**2).sum() / (direction**2).sum())


@wrong("landscape.3", "norms of the whole arrays")
def filter_normalized(direction, kernel):
    return direction * np.linalg.norm(kernel) / np.linalg.norm(direction)


@wrong("landscape.3", "axes 0 and 1")
def filter_normalized(direction, kernel):
    return direction * np.sqrt(
        (kernel**2).sum(axis=(0, 1), keepdims=True) / (direction**2).sum(axis=(0, 1), keepdims=True)
    )


@wrong("landscape.3", "sum over the filters' axis")
def filter_normalized(direction, kernel):
    return direction * np.sqrt((kernel**2).sum(axis=-1, keepdims=True) / (direction**2).sum(axis=-1, keepdims=True))


@wrong("landscape.3", "no root")
def filter_normalized(direction, kernel):
    return direction * (kernel**2).sum(axis=(0, 1, 2)) / (direction**2).sum(axis=(0, 1, 2))


@wrong("landscape.3", "unit filters")
def filter_normalized(direction, kernel):
    return direction / np.sqrt((direction**2).sum(axis=(0, 1, 2)))


@wrong("landscape.3", "the other way round")
def filter_normalized(direction, kernel):
    return direction * np.sqrt((direction**2).sum(axis=(0, 1, 2)) / (kernel**2).sum(axis=(0, 1, 2)))


@wrong("landscape.3", "scales the kernel")
def filter_normalized(direction, kernel):
    return kernel * np.sqrt((kernel**2).sum(axis=(0, 1, 2)) / (direction**2).sum(axis=(0, 1, 2)))


@wrong("landscape.3", "multiplied by the length only")
def filter_normalized(direction, kernel):
    return direction * np.sqrt((kernel**2).sum(axis=(0, 1, 2)))


@right("landscape.3")
def filter_normalized(direction, kernel):
    scaled = np.empty_like(direction)
    for f in range(kernel.shape[-1]):
        scaled[..., f] = direction[..., f] * np.linalg.norm(kernel[..., f]) / np.linalg.norm(direction[..., f])
    return scaled


@right("landscape.3")
def filter_normalized(direction, kernel):
    flat = direction.reshape(-1, direction.shape[-1]), kernel.reshape(-1, kernel.shape[-1])
    return direction / np.linalg.norm(flat[0], axis=0) * np.linalg.norm(flat[1], axis=0)


@wrong("landscape.4", "divided by the rates alone")
def smoothness(gradient, later, rates):
    return (np.linalg.norm(later - gradient, axis=1) / rates).max()


@wrong("landscape.4", "not divided")
def smoothness(gradient, later, rates):
    return np.linalg.norm(later - gradient, axis=1).max()


@wrong("landscape.4", "relative change")
def smoothness(gradient, later, rates):
    return (np.linalg.norm(later - gradient, axis=1) / np.linalg.norm(gradient)).max()


@wrong("landscape.4", "mean")
def smoothness(gradient, later, rates):
    return (np.linalg.norm(later - gradient, axis=1) / (rates * np.linalg.norm(gradient))).mean()


@wrong("landscape.4", "all ratios")
def smoothness(gradient, later, rates):
    return np.linalg.norm(later - gradient, axis=1) / (rates * np.linalg.norm(gradient))


@wrong("landscape.4", "squared norm")
def smoothness(gradient, later, rates):
    return (np.linalg.norm(later - gradient, axis=1) / (rates * np.linalg.norm(gradient) ** 2)).max()


@wrong("landscape.4", "minimum")
def smoothness(gradient, later, rates):
    return (np.linalg.norm(later - gradient, axis=1) / (rates * np.linalg.norm(gradient))).min()


@wrong("landscape.4", "wrong axis")
def smoothness(gradient, later, rates):
    return (np.linalg.norm(later - gradient, axis=0).max() / (rates * np.linalg.norm(gradient))).max()


@wrong("landscape.4", "neighbors compared")
def smoothness(gradient, later, rates):
    points = np.vstack([gradient, later])
    return (np.linalg.norm(np.diff(points, axis=0), axis=1) / (rates * np.linalg.norm(gradient))).max()


@wrong("landscape.4", "absolute values instead of lengths")
def smoothness(gradient, later, rates):
    return (np.abs(later - gradient).sum(axis=1) / (rates * np.abs(gradient).sum())).max()


@right("landscape.4")
def smoothness(gradient, later, rates):
    length = np.sqrt((gradient**2).sum())
    return max(np.sqrt(((g - gradient) ** 2).sum()) / (r * length) for g, r in zip(later, rates, strict=True))


@wrong("landscape.5", "fixed shift")
def disturb(x, scale, shift):
    return x.mean(axis=0) + scale * (x - x.mean(axis=0)) + shift


@wrong("landscape.5", "scaled about zero")
def disturb(x, scale, shift):
    return scale * x + shift * x.std(axis=0)


@wrong("landscape.5", "both fixed")
def disturb(x, scale, shift):
    return scale * x + shift


@wrong("landscape.5", "mean lost")
def disturb(x, scale, shift):
    return scale * (x - x.mean(axis=0)) + shift * x.std(axis=0)


@wrong("landscape.5", "one deviation for all")
def disturb(x, scale, shift):
    return x.mean(axis=0) + scale * (x - x.mean(axis=0)) + shift * x.std()


@wrong("landscape.5", "variance")
def disturb(x, scale, shift):
    return x.mean(axis=0) + scale * (x - x.mean(axis=0)) + shift * x.var(axis=0)


@wrong("landscape.5", "batch norm")
def disturb(x, scale, shift):
    return scale * (x - x.mean(axis=0)) / x.std(axis=0) + shift


@wrong("landscape.5", "over the channels")
def disturb(x, scale, shift):
    mean, std = x.mean(axis=1, keepdims=True), x.std(axis=1, keepdims=True)
    return mean + scale * (x - mean) + shift * std


@wrong("landscape.5", "sample deviation")
def disturb(x, scale, shift):
    return x.mean(axis=0) + scale * (x - x.mean(axis=0)) + shift * x.std(axis=0, ddof=1)


@wrong("landscape.5", "shift scaled, too")
def disturb(x, scale, shift):
    return x.mean(axis=0) + scale * (x - x.mean(axis=0) + shift * x.std(axis=0))


@right("landscape.5")
def disturb(x, scale, shift):
    standardized = (x - x.mean(axis=0)) / x.std(axis=0)
    return x.mean(axis=0) + x.std(axis=0) * (scale * standardized + shift)


@right("landscape.5")
def disturb(x, scale, shift):
    return scale * x + (1 - scale) * x.mean(axis=0) + shift * np.sqrt(x.var(axis=0))
