"""Answers to the exercises of chapter `shift`."""

import numpy as np
from answers import right, wrong

for letter in "abd":
    wrong("shift.1", f"option {letter}", letter)
for letter in "acd":
    wrong("shift.5", f"option {letter}", letter)
wrong("shift.2", "rounded to one decimal", 2.1)
wrong("shift.2", "sixteen layers", 1.05**16)
wrong("shift.2", "linear", 1.75)
wrong("shift.2", "linear with sixteen", 1.8)
wrong("shift.2", "in percent", 207.9)
wrong("shift.2", "growth in percent", 107.9)
wrong("shift.2", "shrinks", 1 / 1.05**15)
wrong("shift.2", "fourteen", 1.05**14)
right("shift.2", 2.079)


@wrong("shift.3", "axes (0, 1)")
def channel_percentiles(values):
    return np.percentile(values, (15, 50, 85), axis=(0, 1))


@wrong("shift.3", "quantile with percent as share")
def channel_percentiles(values):
    return np.percentile(values, (0.15, 0.5, 0.85), axis=(0, 1, 2))


@wrong("shift.3", "other levels")
def channel_percentiles(values):
    return np.percentile(values, (25, 50, 75), axis=(0, 1, 2))


@wrong("shift.3", "all axes but the first")
def channel_percentiles(values):
    return np.percentile(values, (15, 50, 85), axis=(1, 2, 3))


@wrong("shift.3", "levels in falling order")
def channel_percentiles(values):
    return np.percentile(values, (85, 50, 15), axis=(0, 1, 2))


@wrong("shift.3", "transposed by a list over channels")
def channel_percentiles(values):
    return np.array([np.percentile(values[..., c], (15, 50, 85)) for c in range(values.shape[-1])])


@wrong("shift.3", "keepdims")
def channel_percentiles(values):
    return np.percentile(values, (15, 50, 85), axis=(0, 1, 2), keepdims=True)


@wrong("shift.3", "mean and deviations instead")
def channel_percentiles(values):
    m, s = values.mean((0, 1, 2)), values.std((0, 1, 2))
    return np.stack([m - s, m, m + s])


@wrong("shift.3", "average over the batch first")
def channel_percentiles(values):
    return np.percentile(values.mean(axis=0), (15, 50, 85), axis=(0, 1))


@right("shift.3")
def channel_percentiles(values):
    return np.percentile(values.reshape(-1, values.shape[-1]), (15, 50, 85), axis=0)


L = np.arange(5, 100, 5)


@wrong("shift.4", "ddof=1")
def drift(before, after):
    return np.abs(np.percentile(after, L) - np.percentile(before, L)).mean() / before.std(ddof=1)


@wrong("shift.4", "squared differences")
def drift(before, after):
    return ((np.percentile(after, L) - np.percentile(before, L)) ** 2).mean() / before.std()


@wrong("shift.4", "root mean square")
def drift(before, after):
    return np.sqrt(((np.percentile(after, L) - np.percentile(before, L)) ** 2).mean()) / before.std()


@wrong("shift.4", "sum")
def drift(before, after):
    return np.abs(np.percentile(after, L) - np.percentile(before, L)).sum() / before.std()


@wrong("shift.4", "levels from 0 to 100")
def drift(before, after):
    L = np.arange(0, 101, 5)
    return np.abs(np.percentile(after, L) - np.percentile(before, L)).mean() / before.std()


@wrong("shift.4", "levels without 95")
def drift(before, after):
    L = np.arange(5, 95, 5)
    return np.abs(np.percentile(after, L) - np.percentile(before, L)).mean() / before.std()


@wrong("shift.4", "median instead of mean")
def drift(before, after):
    return np.median(np.abs(np.percentile(after, L) - np.percentile(before, L))) / before.std()


@wrong("shift.4", "std of both together")
def drift(before, after):
    return np.abs(np.percentile(after, L) - np.percentile(before, L)).mean() / np.concatenate([before, after]).std()


@wrong("shift.4", "before and after exchanged")
def drift(before, after):
    return np.abs(np.percentile(before, L) - np.percentile(after, L)).mean() / after.std()


@wrong("shift.4", "elementwise difference")
def drift(before, after):
    n = min(len(before), len(after))
    return np.abs(after[:n] - before[:n]).mean() / before.std()


@wrong("shift.4", "multiplied by std")
def drift(before, after):
    return np.abs(np.percentile(after, L) - np.percentile(before, L)).mean() * before.std()


@wrong("shift.4", "one per percentile")
def drift(before, after):
    return np.abs(np.percentile(after, L) - np.percentile(before, L)) / before.std()


@right("shift.4")
def drift(a, b):
    return np.mean(np.abs(np.quantile(a, L / 100) - np.quantile(b, L / 100))) / np.std(a)

wrong("shift.6", "normal afterwards", (1.1547, 0))
wrong("shift.6", "not divided", (6, 1.1547))
wrong("shift.6", "sample standard deviation", (0.75, 0.75))
wrong("shift.6", "sum of cubes", (24 / 3**1.5, 24 / 3**1.5))
wrong("shift.6", "swapped sign", (-1.1547, -1.1547))
wrong("shift.6", "divided again after", (1.1547, 1.1547 / 3**1.5))
wrong("shift.6", "zero", (0, 0))
wrong("shift.6", "variance cubed", (6 / 27, 6))
right("shift.6", (1.155, 1.155))
