"""Answers to try on the exercises of `small_batches`."""

import numpy as np
from answers import junk, right, wrong

right("small_batches.1", (1.0, -1.0, 0.0))
right("small_batches.1", np.array([1, -1, 0]))
wrong("small_batches.1", "all positive", (1, 1, 0))
wrong("small_batches.1", "distance from the mean", (0.1, -49.9, 0))
wrong("small_batches.1", "m - 1 in the variance", (0.7071, -0.7071, 0))
wrong("small_batches.1", "the first image", (-1, 1, 0))
wrong("small_batches.1", "divided by the variance", (10, -0.02004, 0))
wrong("small_batches.1", "one for equal values", (1, -1, 1))
junk("small_batches.1", (1.0, -1.0))
junk("small_batches.1", (1.0, -1.0, float("nan")))
junk("small_batches.1", "plus, minus, zero")


@right("small_batches.2")
def by_loops(values):
    n, h, w, c = values.shape
    found = []
    for channel in range(c):
        x = values[..., channel]
        means = [x[i].sum() / (h * w) for i in range(n)]
        found.append(np.var(x) / np.var(means))
    return found


@right("small_batches.2")
def by_reshaping(values):
    flat = values.reshape(len(values), -1, values.shape[-1])
    return np.var(flat, axis=(0, 1)) / np.var(flat.mean(axis=1), axis=0)


@wrong("small_batches.2", "counts pixels")
def counts(values):
    return np.full(values.shape[-1], values.shape[1] * values.shape[2])


@wrong("small_batches.2", "upside down")
def inverse(values):
    return values.mean(axis=(1, 2)).var(axis=0) / values.var(axis=(0, 1, 2))


@wrong("small_batches.2", "standard deviations")
def deviations(values):
    return values.std(axis=(0, 1, 2)) / values.mean(axis=(1, 2)).std(axis=0)


@wrong("small_batches.2", "variance inside the images")
def inside(values):
    return values.var(axis=(1, 2)).mean(axis=0) / values.mean(axis=(1, 2)).var(axis=0)


@wrong("small_batches.2", "one number for all channels")
def one_number(values):
    return values.var() / values.mean(axis=(1, 2)).var()


@wrong("small_batches.2", "ddof 1")
def unbiased(values):
    return values.var(axis=(0, 1, 2)) / values.mean(axis=(1, 2)).var(axis=0, ddof=1)


@wrong("small_batches.2", "ratio of means")
def means(values):
    return values.mean(axis=(0, 1, 2)) / values.mean(axis=(1, 2)).var(axis=0)


@junk("small_batches.2")
def none(values):
    return None


@right("small_batches.3")
def part_by_part(x, ghost, epsilon=1e-3):
    out = np.empty_like(x)
    for start in range(0, len(x), ghost):
        part = x[start : start + ghost]
        out[start : start + ghost] = (part - part.mean(0)) / np.sqrt(part.var(0) + epsilon)
    return out


@right("small_batches.3")
def split(x, ghost, epsilon=1e-3):
    parts = np.split(x, len(x) // ghost)
    return np.concatenate([(p - np.mean(p, axis=0)) * (np.var(p, axis=0) + epsilon) ** -0.5 for p in parts])


@wrong("small_batches.3", "whole batch")
def whole(x, ghost, epsilon=1e-3):
    return (x - x.mean(0)) / np.sqrt(x.var(0) + epsilon)


@wrong("small_batches.3", "ghost parts instead of ghost rows")
def so_many_parts(x, ghost, epsilon=1e-3):
    parts = np.split(x, ghost)
    return np.concatenate([(p - p.mean(0)) / np.sqrt(p.var(0) + epsilon) for p in parts])


@wrong("small_batches.3", "strided parts")
def strided(x, ghost, epsilon=1e-3):
    parts = x.reshape(ghost, -1, x.shape[1])
    return ((parts - parts.mean(0)) / np.sqrt(parts.var(0) + epsilon)).reshape(x.shape)


@wrong("small_batches.3", "no root")
def no_root(x, ghost, epsilon=1e-3):
    parts = x.reshape(-1, ghost, x.shape[1])
    return ((parts - parts.mean(1, keepdims=True)) / (parts.var(1, keepdims=True) + epsilon)).reshape(x.shape)


@wrong("small_batches.3", "left in parts")
def three_axes(x, ghost, epsilon=1e-3):
    parts = x.reshape(-1, ghost, x.shape[1])
    return (parts - parts.mean(1, keepdims=True)) / np.sqrt(parts.var(1, keepdims=True) + epsilon)


@wrong("small_batches.3", "only the first part is normalized")
def first_only(x, ghost, epsilon=1e-3):
    out = x.copy()
    out[:ghost] = (x[:ghost] - x[:ghost].mean(0)) / np.sqrt(x[:ghost].var(0) + epsilon)
    return out


@wrong("small_batches.3", "epsilon outside the root")
def outside(x, ghost, epsilon=1e-3):
    parts = x.reshape(-1, ghost, x.shape[1])
    return ((parts - parts.mean(1, keepdims=True)) / (parts.std(1, keepdims=True) + epsilon)).reshape(x.shape)


@junk("small_batches.3")
def endless(x, ghost, epsilon=1e-3):
    while True:
        pass


right("small_batches.4", "b")
wrong("small_batches.4", "as if 32", "a")
wrong("small_batches.4", "backward", "c")
wrong("small_batches.4", "exact moving", "d")
junk("small_batches.4", "e")


@right("small_batches.5")
def fresh(snapshots, images):
    weights = sum(snapshots) / len(snapshots)
    outputs = np.dot(images, weights)
    return weights, np.mean(outputs, axis=0), np.std(outputs, axis=0) ** 2


@right("small_batches.5")
def mean_of_means(snapshots, images):
    weights = np.mean(snapshots, axis=0)
    mean = np.mean([(images @ w).mean(axis=0) for w in snapshots], axis=0)  # linear, so it may be averaged
    return weights, mean, (images @ weights).var(axis=0)


@wrong("small_batches.5", "averages of the snapshots' statistics")
def averages(snapshots, images):
    outputs = [images @ w for w in snapshots]
    return snapshots.mean(0), np.mean([o.mean(0) for o in outputs], 0), np.mean([o.var(0) for o in outputs], 0)


@wrong("small_batches.5", "last statistics")
def last(snapshots, images):
    outputs = images @ snapshots[-1]
    return snapshots.mean(0), outputs.mean(0), outputs.var(0)


@wrong("small_batches.5", "last weights")
def last_weights(snapshots, images):
    outputs = images @ snapshots[-1]
    return snapshots[-1], outputs.mean(0), outputs.var(0)


@wrong("small_batches.5", "standard deviation")
def deviation(snapshots, images):
    outputs = images @ snapshots.mean(0)
    return snapshots.mean(0), outputs.mean(0), outputs.std(0)


@wrong("small_batches.5", "m - 1")
def bessel(snapshots, images):
    outputs = images @ snapshots.mean(0)
    return snapshots.mean(0), outputs.mean(0), outputs.var(0, ddof=1)


@wrong("small_batches.5", "variance of all snapshots' outputs together")
def together(snapshots, images):
    outputs = images @ snapshots
    return snapshots.mean(0), outputs.mean((0, 1)), outputs.var((0, 1))


@wrong("small_batches.5", "statistics of the inputs")
def inputs(snapshots, images):
    return snapshots.mean(0), images.mean(0), images.var(0)


@junk("small_batches.5")
def nothing(snapshots, images):
    return snapshots.mean(0)


right("small_batches.6", "c")
wrong("small_batches.6", "learning rate", "a")
wrong("small_batches.6", "forgot", "b")
wrong("small_batches.6", "stale", "d")
junk("small_batches.6", "")
