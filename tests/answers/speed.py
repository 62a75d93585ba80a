"""Answers to the exercises of chapter `speed`."""

import numpy as np
from answers import right, wrong

for values, name in (
    ((5, 3), "both intermediates forgotten"),
    ((6, 4), "one intermediate forgotten"),
    ((7, 4), "a write forgotten"),
    ((2, 1), "the floor"),
    ((5, 7), "swapped"),
    ((7, 1), "only y written"),
    ((5, 5), "one each a line"),
):
    wrong("speed.1", name, values)
right("speed.1", (7, 5))

PASS = 128 * 32 * 32 * 64 * 4 / 20e9 * 1e3
wrong("speed.2", "elements", (2 * PASS, 2 * PASS))
wrong("speed.2", "one pass", (PASS, PASS / 2))
wrong("speed.2", "forward alone", (3 * PASS, 1.5 * PASS))
wrong("speed.2", "seconds", (8e-3 * PASS, 4e-3 * PASS))
wrong("speed.2", "the same twice", (8 * PASS, 8 * PASS))
wrong("speed.2", "bits", (64 * PASS, 32 * PASS))
wrong("speed.2", "swapped", (4 * PASS, 8 * PASS))
right("speed.2", (13.4, 6.7))


@wrong("speed.3", "no center in the mean")
def moments_of_sums(total, squares, center, m):
    mean = total / m
    return mean, squares / m - mean**2


@wrong("speed.3", "the mean's square")
def moments_of_sums(total, squares, center, m):
    mean = center + total / m
    return mean, squares / m - mean**2


@wrong("speed.3", "no correction")
def moments_of_sums(total, squares, center, m):
    return center + total / m, squares / m


@wrong("speed.3", "unbiased")
def moments_of_sums(total, squares, center, m):
    return center + total / m, (squares - total**2 / m) / (m - 1)


@wrong("speed.3", "not divided")
def moments_of_sums(total, squares, center, m):
    return center + total, squares - total**2


@wrong("speed.3", "square not divided")
def moments_of_sums(total, squares, center, m):
    return center + total / m, (squares - total**2) / m


@wrong("speed.3", "standard deviation")
def moments_of_sums(total, squares, center, m):
    return center + total / m, np.sqrt(squares / m - (total / m) ** 2)


@wrong("speed.3", "variance first")
def moments_of_sums(total, squares, center, m):
    return squares / m - (total / m) ** 2, center + total / m


@right("speed.3")
def moments_of_sums(total, squares, center, m):
    return (total + m * center) / m, (squares - total * total / m) / m


@wrong("speed.4", "unchanged but the first round")
def slowdown(ours, theirs):
    return np.mean(ours[1:]) / np.mean(theirs[1:])


@wrong("speed.4", "first round counts")
def slowdown(ours, theirs):
    return np.median(ours / theirs)


@wrong("speed.4", "medians divided")
def slowdown(ours, theirs):
    return np.median(ours[1:]) / np.median(theirs[1:])


@wrong("speed.4", "mean of ratios")
def slowdown(ours, theirs):
    return np.mean(ours[1:] / theirs[1:])


@wrong("speed.4", "inverted")
def slowdown(ours, theirs):
    return np.median(theirs[1:] / ours[1:])


@wrong("speed.4", "all ratios")
def slowdown(ours, theirs):
    return ours[1:] / theirs[1:]


@wrong("speed.4", "last round dropped")
def slowdown(ours, theirs):
    return np.median(ours[:-1] / theirs[:-1])


@wrong("speed.4", "minimum")
def slowdown(ours, theirs):
    return min(ours[1:]) / min(theirs[1:])


@right("speed.4")
def slowdown(ours, theirs):
    ratios = [a / b for a, b in zip(ours, theirs)]
    return float(np.median(ratios[1:]))


@wrong("speed.5", "images only")
def biased(variance, shape):
    return variance * (shape[0] - 1) / shape[0]


@wrong("speed.5", "everything")
def biased(variance, shape):
    m = np.prod(shape)
    return variance * (m - 1) / m


@wrong("speed.5", "inverse")
def biased(variance, shape):
    m = np.prod(shape[:-1])
    return variance * m / (m - 1)


@wrong("speed.5", "nothing done")
def biased(variance, shape):
    return variance


@wrong("speed.5", "pixels")
def biased(variance, shape):
    m = shape[1] * shape[2]
    return variance * (m - 1) / m


@wrong("speed.5", "m + 1")
def biased(variance, shape):
    m = np.prod(shape[:-1])
    return variance * m / (m + 1)


@wrong("speed.5", "divided by m")
def biased(variance, shape):
    return variance / np.prod(shape[:-1])


@right("speed.5")
def biased(variance, shape):
    n, h, w, _ = shape
    return variance - variance / (n * h * w)


for letter in "acd":
    wrong("speed.6", f"option {letter}", letter)
right("speed.6", "b")
