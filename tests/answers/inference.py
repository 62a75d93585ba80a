"""Answers to the exercises of chapter `inference`."""

import numpy as np
from answers import junk, right, wrong


@wrong("inference.1", "hard-coded momentum")
def update(moving, batch, momentum=0.99):
    return 0.99 * moving + 0.01 * batch


@wrong("inference.1", "default 0.9")
def update(moving, batch, momentum=0.9):
    return momentum * moving + (1 - momentum) * batch


@wrong("inference.1", "only the first term")
def update(moving, batch, momentum=0.99):
    return momentum * moving


@wrong("inference.1", "momentum outside")
def update(moving, batch, momentum=0.99):
    return momentum * (moving + (1 - momentum) * batch)


@wrong("inference.1", "difference with momentum")
def update(moving, batch, momentum=0.99):
    return moving + momentum * (batch - moving)


@wrong("inference.1", "divides")
def update(moving, batch, momentum=0.99):
    return (momentum * moving + (1 - momentum) * batch) / 2


@wrong("inference.1", "in place")
def update(moving, batch, momentum=0.99):
    moving *= momentum
    moving += (1 - momentum) * batch
    return moving


@wrong("inference.1", "minus")
def update(moving, batch, momentum=0.99):
    return momentum * moving - (1 - momentum) * batch


@wrong("inference.1", "renamed")
def update(moving, batch, m=0.99):
    return m * moving + (1 - m) * batch


@wrong("inference.1", "arguments the other way round")
def update(batch, moving, momentum=0.99):
    return momentum * moving + (1 - momentum) * batch


@right("inference.1")
def update(moving, batch, momentum=0.99):
    return moving + (1 - momentum) * (batch - moving)


wrong("inference.2", "weights the new value", (2.0, 2))
wrong("inference.2", "0.9 of the way each step", (1.8, 44))
wrong("inference.2", "percent left", (0.697, 44))
wrong("inference.2", "one step too many", (2 * (1 - 0.9**11), 44))
wrong("inference.2", "one step too few in the mean", (2 * (1 - 0.9**9), 44))
wrong("inference.2", "log10", (1.3026, 46))
wrong("inference.2", "43.7", (1.3026, 43.7))
wrong("inference.2", "within 2%", (1.3026, 38))
wrong("inference.2", "swapped", (44, 1.3026))
wrong("inference.2", "mean times 10", (2.0 * 10 * 0.1, 20))
right("inference.2", (1.3, 44))
for letter in "acd":
    wrong("inference.3", f"option {letter}", letter)
for letter in "abd":
    wrong("inference.6", f"option {letter}", letter)


@wrong("inference.4", "unweighted mean, rest weighted")
def combine(means, variances, counts):
    w = counts / counts.sum()
    mean = means.mean(0)
    return mean, w @ variances + w @ (means - mean) ** 2


@wrong("inference.4", "ddof: sum of squares over n-1")
def combine(means, variances, counts):
    n = counts.sum()
    mean = counts @ means / n
    return mean, (counts @ variances + counts @ (means - mean) ** 2) / (n - 1)


@wrong("inference.4", "variance weights squared")
def combine(means, variances, counts):
    w = counts / counts.sum()
    mean = w @ means
    return mean, w**2 @ variances + w @ (means - mean) ** 2


@wrong("inference.4", "returns std")
def combine(means, variances, counts):
    w = counts / counts.sum()
    mean = w @ means
    return mean, np.sqrt(w @ variances + w @ (means - mean) ** 2)


@wrong("inference.4", "not divided by the total")
def combine(means, variances, counts):
    mean = counts @ means
    return mean, counts @ variances + counts @ (means - mean) ** 2


@wrong("inference.4", "order")
def combine(means, variances, counts):
    w = counts / counts.sum()
    mean = w @ means
    return w @ variances + w @ (means - mean) ** 2, mean


@wrong("inference.4", "means.var as the between term")
def combine(means, variances, counts):
    w = counts / counts.sum()
    return w @ means, w @ variances + means.var(0)


@wrong("inference.4", "minus between")
def combine(means, variances, counts):
    w = counts / counts.sum()
    mean = w @ means
    return mean, w @ variances - w @ (means - mean) ** 2


@wrong("inference.4", "divides by K")
def combine(means, variances, counts):
    return (counts @ means) / len(counts), (counts @ variances) / len(counts)


@wrong("inference.4", "axis 1")
def combine(means, variances, counts):
    return means.mean(axis=1), variances.mean(axis=1)


@wrong("inference.4", "mean square minus square of unweighted mean")
def combine(means, variances, counts):
    w = counts / counts.sum()
    return w @ means, w @ (variances + means**2) - means.mean(0) ** 2


@right("inference.4")
def combine(means, variances, counts):
    n = counts[:, None]
    mean = (n * means).sum(0) / n.sum()
    return mean, (n * (variances + means**2)).sum(0) / n.sum() - mean**2


@wrong("inference.5", "epsilon outside")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return gamma * (x - moving_mean) / (np.sqrt(moving_variance) + epsilon) + beta


@wrong("inference.5", "gamma and beta swapped")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return beta * (x - moving_mean) / np.sqrt(moving_variance + epsilon) + gamma


@wrong("inference.5", "only removed the update lines")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return gamma * (x - x.mean(axis=0)) / np.sqrt(moving_variance + epsilon) + beta


@wrong("inference.5", "update on a copy still used")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    moving_mean = 0.99 * moving_mean + 0.01 * x.mean(axis=0)
    return gamma * (x - moving_mean) / np.sqrt(moving_variance + epsilon) + beta


@wrong("inference.5", "still changes the mean in place, uses it")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    y = gamma * (x - moving_mean) / np.sqrt(moving_variance + epsilon) + beta
    moving_mean *= 0.99
    return y


@wrong("inference.5", "mean and variance exchanged")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return gamma * (x - moving_variance) / np.sqrt(np.abs(moving_mean) + epsilon) + beta


@wrong("inference.5", "beta forgotten")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return gamma * (x - moving_mean) / np.sqrt(moving_variance + epsilon)


@wrong("inference.5", "touched but unmended")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    moving_mean *= 0.99
    moving_mean += 0.01 * x.mean(axis=0)
    y = (x - x.mean(axis=0)) / np.sqrt(moving_variance + epsilon)
    return gamma * y + beta


@wrong("inference.5", "epsilon missing")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return gamma * (x - moving_mean) / np.sqrt(moving_variance) + beta


@right("inference.5")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    scale = gamma / np.sqrt(moving_variance + epsilon)
    return x * scale + (beta - moving_mean * scale)


@junk("inference.5")
def infer(*args, **kwargs):
    while True:
        try:
            print("again")
        except BaseException:
            pass

for letter in "acd":
    wrong("inference.7", f"option {letter}", letter)
