"""Answers to the exercises of chapter `forward`."""

import numpy as np
from answers import junk, right, wrong


@wrong("forward.1", "epsilon added though none is asked for")
def standardize(x):
    return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-3)


@wrong("forward.1", "ddof=1")
def standardize(x):
    return (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)


@wrong("forward.1", "std over everything, mean per feature")
def standardize(x):
    return (x - x.mean(axis=0)) / x.std()


@wrong("forward.1", "mean minus x")
def standardize(x):
    return (x.mean(axis=0) - x) / x.std(axis=0)


@wrong("forward.1", "divides by the mean")
def standardize(x):
    return (x - x.mean(axis=0)) / x.mean(axis=0)


@wrong("forward.1", "returns mean and std")
def standardize(x):
    return x.mean(axis=0), x.std(axis=0)


@wrong("forward.1", "median")
def standardize(x):
    return (x - np.median(x, axis=0)) / x.std(axis=0)


@wrong("forward.1", "length of column instead of std")
def standardize(x):
    c = x - x.mean(axis=0)
    return c / np.sqrt((c**2).sum(axis=0))


@wrong("forward.1", "mean of squares instead of variance")
def standardize(x):
    return (x - x.mean(axis=0)) / np.sqrt((x**2).mean(axis=0))


@wrong("forward.1", "parentheses")
def standardize(x):
    return x - x.mean(axis=0) / x.std(axis=0)


@wrong("forward.1", "axis 1 without keepdims")
def standardize(x):
    return (x - x.mean(axis=1)) / x.std(axis=1)


@wrong("forward.1", "in place")
def standardize(x):
    x -= x.mean(axis=0)
    x /= x.std(axis=0)
    return x


@right("forward.1")
def standardize(x):
    return np.stack([(c - np.mean(c)) / np.std(c) for c in x.T], axis=1)


wrong("forward.2", "everything per position", (14 * 14, 32 * 24, 48))
wrong("forward.2", "counts numbers for each channel, with one mean per image", (24, 14 * 14, 48))
wrong("forward.2", "reader says 24 but pixels only", (24, 196, 48))
wrong("forward.2", "four parameters a channel", (24, 6272, 96))
wrong("forward.2", "one mean", (1, 32 * 14 * 14 * 24, 2))
wrong("forward.2", "no parameters", (24, 6272, 0))
wrong("forward.2", "order", (6272, 24, 48))
wrong("forward.2", "means and variances counted as means", (48, 6272, 48))
right("forward.2", (24, 6272, 48))
wrong("forward.3", "epsilon squared", 2 / np.sqrt(0.09 + 0.16**2) + 0.5)
wrong("forward.3", "no epsilon", 7.17)
wrong("forward.3", "gamma and beta swapped", 3.0)
wrong("forward.3", "beta subtracted", 3.5)
wrong("forward.3", "multiplies by the root", 1.5)
wrong("forward.3", "x hat", 2.0)
wrong("forward.3", "epsilon outside", 4.85)
wrong("forward.3", "no root", 8.5)
right("forward.3", 4.5)


def _ax(x):
    return tuple(range(x.ndim - 1))


@wrong("forward.4", "ddof=1")
def undo(x, epsilon=1e-3):
    return np.sqrt(x.var(axis=_ax(x), ddof=1) + epsilon), x.mean(axis=_ax(x))


@wrong("forward.4", "beta 0")
def undo(x, epsilon=1e-3):
    return np.sqrt(x.var(axis=_ax(x)) + epsilon), np.zeros(x.shape[-1])


@wrong("forward.4", "epsilon hard coded")
def undo(x, epsilon=1e-3):
    return np.sqrt(x.var(axis=_ax(x)) + 1e-3), x.mean(axis=_ax(x))


@wrong("forward.4", "default of 1e-5")
def undo(x, epsilon=1e-5):
    return np.sqrt(x.var(axis=_ax(x)) + epsilon), x.mean(axis=_ax(x))


@wrong("forward.4", "axis 0 only")
def undo(x, epsilon=1e-3):
    return np.sqrt(x.var(axis=0) + epsilon), x.mean(axis=0)


@wrong("forward.4", "last axis")
def undo(x, epsilon=1e-3):
    return np.sqrt(x.var(axis=-1) + epsilon), x.mean(axis=-1)


@wrong("forward.4", "epsilon subtracted")
def undo(x, epsilon=1e-3):
    return np.sqrt(x.var(axis=_ax(x)) - epsilon), x.mean(axis=_ax(x))


@wrong("forward.4", "gamma with the mean divided")
def undo(x, epsilon=1e-3):
    v = np.sqrt(x.var(axis=_ax(x)) + epsilon)
    return v, x.mean(axis=_ax(x)) * v


@wrong("forward.4", "returns x")
def undo(x, epsilon=1e-3):
    return x


@wrong("forward.4", "keepdims")
def undo(x, epsilon=1e-3):
    return np.sqrt(x.var(axis=_ax(x), keepdims=True) + epsilon), x.mean(axis=_ax(x), keepdims=True)


@right("forward.4")
def undo(x, epsilon=1e-3):
    rows = x.reshape(-1, x.shape[-1])
    return [np.sqrt(np.var(rows, 0) + epsilon), np.mean(rows, 0)]


for letter in "abd":
    wrong("forward.5", f"option {letter}", letter)


def _bn(x, gamma, beta, epsilon, axes=(0, 1, 2), ddof=0):
    m, v = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True, ddof=ddof)
    return gamma * (x - m) / np.sqrt(v + epsilon) + beta


@wrong("forward.6", "gamma and beta swapped")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    return _bn(x, beta, gamma, epsilon)


@wrong("forward.6", "positions only in the mean, all in the variance")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=(0, 1, 2)) + epsilon) + beta


@wrong("forward.6", "axes 1 2 3")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    return _bn(x, gamma, beta, epsilon, (1, 2, 3))


@wrong("forward.6", "epsilon gone")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    return _bn(x, gamma, beta, 0)


@wrong("forward.6", "gamma forgotten")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    return _bn(x, 1, beta, epsilon)


@wrong("forward.6", "root forgotten")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    m, v = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
    return gamma * (x - m) / (v + epsilon) + beta


@wrong("forward.6", "beta subtracted")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    return _bn(x, gamma, -beta, epsilon)


@wrong("forward.6", "two sums of roots")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    m, v = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
    return gamma * (x - m) / (np.sqrt(v) + np.sqrt(epsilon)) + beta


@wrong("forward.6", "ddof 1 and beta inside")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    m, v = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2), ddof=1)
    return gamma * ((x - m) / np.sqrt(v + epsilon) + beta)


@wrong("forward.6", "renamed epsilon")
def batchnorm_images(x, gamma, beta, eps=1e-3):
    return _bn(x, gamma, beta, eps)


@right("forward.6")
def batchnorm_images(x, scale, shift, epsilon=1e-3):
    return _bn(x, scale, shift, epsilon)


@junk("forward.6")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    raise ValueError("x" * 100_000)


@wrong("forward.7", "batch norm")
def position_norm(x, gamma, beta, epsilon=1e-3):
    return _bn(x, gamma, beta, epsilon)


@wrong("forward.7", "whole image")
def position_norm(x, gamma, beta, epsilon=1e-3):
    return _bn(x, gamma, beta, epsilon, (1, 2, 3))


@wrong("forward.7", "batch and channels")
def position_norm(x, gamma, beta, epsilon=1e-3):
    return _bn(x, gamma, beta, epsilon, (0, 3))


@wrong("forward.7", "keepdims forgotten")
def position_norm(x, gamma, beta, epsilon=1e-3):
    return gamma * (x - x.mean(axis=-1)) / np.sqrt(x.var(axis=-1) + epsilon) + beta


@wrong("forward.7", "gamma and beta left out")
def position_norm(x, gamma, beta, epsilon=1e-3):
    return _bn(x, 1, 0, epsilon, -1)


@wrong("forward.7", "ddof")
def position_norm(x, gamma, beta, epsilon=1e-3):
    return _bn(x, gamma, beta, epsilon, -1, 1)


@wrong("forward.7", "no root")
def position_norm(x, gamma, beta, epsilon=1e-3):
    return gamma * (x - x.mean(-1, keepdims=True)) / (x.var(-1, keepdims=True) + epsilon) + beta


@wrong("forward.7", "rms norm")
def position_norm(x, gamma, beta, epsilon=1e-3):
    return gamma * x / np.sqrt((x**2).mean(-1, keepdims=True) + epsilon) + beta


@right("forward.7")
def position_norm(x, gamma, beta, epsilon=1e-3):
    return _bn(x, gamma, beta, epsilon, -1)
