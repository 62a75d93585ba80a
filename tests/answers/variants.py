"""Answers to the exercises of chapter `variants`."""

import numpy as np
from answers import right, wrong

wrong("variants.1", "layer norm per example", (32, 8, 8, 64, 256))
wrong("variants.1", "sizes of the sets", (1568, 32, 6272, 784, 196))
wrong("variants.1", "groups of eight channels", (32, 1568, 8, 32, 256))
wrong("variants.1", "without the batch", (32, 196, 1, 8, 32))
wrong("variants.1", "batch norm has one mean", (1, 1568, 8, 64, 256))
wrong("variants.1", "instance norm as batch norm", (32, 1568, 8, 64, 32))
wrong("variants.1", "all but one right", (32, 1568, 8, 8, 256))
right("variants.1", [32, 1568, 8, 64, 256])


@wrong("variants.2", "moves the channels to the front and forgets to move them back")
def group_normalize(x, groups, epsilon=1e-3):
    n, height, width, channels = x.shape
    grouped = x.transpose(0, 3, 1, 2).reshape(n, groups, -1)
    y = (grouped - grouped.mean(2, keepdims=True)) / np.sqrt(grouped.var(2, keepdims=True) + epsilon)
    return y.reshape(n, height, width, channels)


@wrong("variants.2", "standard deviation with epsilon outside")
def group_normalize(x, groups, epsilon=1e-3):
    grouped = x.reshape(*x.shape[:3], groups, -1)
    mean, std = grouped.mean(axis=(1, 2, 4), keepdims=True), grouped.std(axis=(1, 2, 4), keepdims=True)
    return ((grouped - mean) / (std + epsilon)).reshape(x.shape)


@wrong("variants.2", "averages over the groups, not over their channels")
def group_normalize(x, groups, epsilon=1e-3):
    grouped = x.reshape(*x.shape[:3], groups, -1)
    mean, variance = grouped.mean(axis=(1, 2, 3), keepdims=True), grouped.var(axis=(1, 2, 3), keepdims=True)
    return ((grouped - mean) / np.sqrt(variance + epsilon)).reshape(x.shape)


@wrong("variants.2", "the shape of the groups is kept")
def group_normalize(x, groups, epsilon=1e-3):
    grouped = x.reshape(*x.shape[:3], groups, -1)
    mean, variance = grouped.mean(axis=(1, 2, 4), keepdims=True), grouped.var(axis=(1, 2, 4), keepdims=True)
    return (grouped - mean) / np.sqrt(variance + epsilon)


@wrong("variants.2", "divides by m - 1")
def group_normalize(x, groups, epsilon=1e-3):
    grouped = x.reshape(*x.shape[:3], groups, -1)
    mean, variance = grouped.mean(axis=(1, 2, 4), keepdims=True), grouped.var(axis=(1, 2, 4), ddof=1, keepdims=True)
    return ((grouped - mean) / np.sqrt(variance + epsilon)).reshape(x.shape)


@wrong("variants.2", "the variance over the whole example")
def group_normalize(x, groups, epsilon=1e-3):
    grouped = x.reshape(*x.shape[:3], groups, -1)
    mean, variance = grouped.mean(axis=(1, 2, 4), keepdims=True), grouped.var(axis=(1, 2, 3, 4), keepdims=True)
    return ((grouped - mean) / np.sqrt(variance + epsilon)).reshape(x.shape)


@right("variants.2")
def group_normalize(x, groups, epsilon=1e-3):
    parts = []
    for part in np.split(x, groups, axis=-1):
        mean, variance = part.mean((1, 2, 3), keepdims=True), part.var((1, 2, 3), keepdims=True)
        parts.append((part - mean) / np.sqrt(variance + epsilon))
    return np.concatenate(parts, axis=-1)


@right("variants.2")
def group_normalize(x, groups, epsilon=1e-3):
    n, height, width, channels = x.shape
    grouped = x.transpose(0, 3, 1, 2).reshape(n, groups, -1)
    y = (grouped - grouped.mean(2, keepdims=True)) / np.sqrt(grouped.var(2, keepdims=True) + epsilon)
    return y.reshape(n, channels, height, width).transpose(0, 2, 3, 1)


@wrong("variants.3", "gamma in front, batch norm's formula")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    means = dy.mean(1, keepdims=True) + x_hat * (dy * x_hat).mean(1, keepdims=True)
    return gamma * inv_std * (dy - means)


@wrong("variants.3", "batch norm's formula over the batch")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    return gamma * inv_std * (dy - dy.mean(0) - x_hat * (dy * x_hat).mean(0))


@wrong("variants.3", "sums in place of means")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    g = gamma * dy
    return inv_std * (g - g.sum(1, keepdims=True) - x_hat * (g * x_hat).sum(1, keepdims=True))


@wrong("variants.3", "gamma in the means only")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    g = gamma * dy
    return inv_std * (dy - g.mean(1, keepdims=True) - x_hat * (g * x_hat).mean(1, keepdims=True))


@wrong("variants.3", "multiplied by the deviation")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    g = gamma * dy
    return (g - g.mean(1, keepdims=True) - x_hat * (g * x_hat).mean(1, keepdims=True)) / inv_std


@wrong("variants.3", "x_hat missing in the last term")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    g = gamma * dy
    return inv_std * (g - g.mean(1, keepdims=True) - (g * x_hat).mean(1, keepdims=True))


@right("variants.3")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    g, m = gamma * dy, dy.shape[1]
    return inv_std / m * (m * g - g.sum(1)[:, None] - x_hat * (g * x_hat).sum(1)[:, None])


for letter in "acd":
    wrong("variants.4", f"option {letter}", letter)


@wrong("variants.5", "plain batch norm")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + epsilon)


@wrong("variants.5", "inference")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    return (x - moving_mean) / np.sqrt(moving_variance + epsilon)


@wrong("variants.5", "variances in place of deviations")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    mean, variance = x.mean(axis=0), x.var(axis=0) + epsilon
    r = np.clip(variance / (moving_variance + epsilon), 1 / r_max, r_max)
    d = np.clip((mean - moving_mean) / np.sqrt(moving_variance + epsilon), -d_max, d_max)
    return (x - mean) / np.sqrt(variance) * r + d


@wrong("variants.5", "limits exchanged")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    mean, std, moving_std = x.mean(0), np.sqrt(x.var(0) + epsilon), np.sqrt(moving_variance + epsilon)
    r = np.clip(std / moving_std, 1 / d_max, d_max)
    d = np.clip((mean - moving_mean) / moving_std, -r_max, r_max)
    return (x - mean) / std * r + d


@wrong("variants.5", "d only limited from above")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    mean, std, moving_std = x.mean(0), np.sqrt(x.var(0) + epsilon), np.sqrt(moving_variance + epsilon)
    r = np.clip(std / moving_std, 1 / r_max, r_max)
    d = np.minimum((mean - moving_mean) / moving_std, d_max)
    return (x - mean) / std * r + d


@wrong("variants.5", "divides by r")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    mean, std, moving_std = x.mean(0), np.sqrt(x.var(0) + epsilon), np.sqrt(moving_variance + epsilon)
    r = np.clip(std / moving_std, 1 / r_max, r_max)
    d = np.clip((mean - moving_mean) / moving_std, -d_max, d_max)
    return (x - mean) / std / r + d


@right("variants.5")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    mean, std, moving_std = x.mean(0), np.sqrt(x.var(0) + epsilon), np.sqrt(moving_variance + epsilon)
    r = np.maximum(np.minimum(std / moving_std, r_max), 1 / r_max)
    d = np.maximum(np.minimum((mean - moving_mean) / moving_std, d_max), -d_max)
    return r * (x - mean) / std + d


wrong("variants.6", "alpha added", (3, np.sqrt(3)))
wrong("variants.6", "beta not rooted", (1.4, 1.4))
wrong("variants.6", "compound growth", (1.48, 1.217))
wrong("variants.6", "doubling", (1024, 32))
wrong("variants.6", "exchanged", (1.183, 1.4))
wrong("variants.6", "eleven blocks", (1.44, 1.2))
wrong("variants.6", "one over beta", (1.4, 0.845))
right("variants.6", (1.4, 1.183))
