"""Answers to the exercises of chapter `backward`."""

import numpy as np
from answers import junk, right, wrong

wrong("backward.1", "dy minus its mean", [1.5, -0.5, -1.5, 0.5])
wrong("backward.1", "sign of the slope", [2, 0, -2, 0])
wrong("backward.1", "sum in place of the mean of dy", [-3.5, -5.5, -5.5, -3.5])
wrong("backward.1", "negated", [-1, 1, 1, -1])
wrong("backward.1", "the line itself", [2, 2, 1, 1])
wrong("backward.1", "dy times x_hat", [-3, -1, 0, 2])
wrong("backward.1", "slope -1", [0.5, -1.5, -0.5, 1.5])
wrong("backward.1", "zeros", [0, 0, 0, 0])
right("backward.1", np.array([1.0, -1.0, -1.0, 1.0]))
for letter in "abd":
    wrong("backward.2", f"option {letter}", letter)


def _sums(dy, x_hat):
    return dy.sum(axis=(0, 1, 2)), (dy * x_hat).sum(axis=(0, 1, 2))


@wrong("backward.3", "m = H * W")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    m = dy.shape[1] * dy.shape[2]
    dbeta, dgamma = _sums(dy, x_hat)
    return gamma * inv_std * (dy - dbeta / m - x_hat * dgamma / m), dgamma, dbeta


@wrong("backward.3", "gamma mended only")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    m = len(dy)
    dbeta, dgamma = _sums(dy, x_hat)
    return gamma * inv_std * (dy - dbeta / m - x_hat * dgamma / m), dgamma, dbeta


@wrong("backward.3", "divides by m twice")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    m = dy[..., 0].size
    dbeta, dgamma = _sums(dy, x_hat)
    return gamma * inv_std / m * (dy - dbeta / m - x_hat * dgamma / m), dgamma, dbeta


@wrong("backward.3", "gamma divides")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    m = dy[..., 0].size
    dbeta, dgamma = _sums(dy, x_hat)
    return inv_std / gamma * (dy - dbeta / m - x_hat * dgamma / m), dgamma, dbeta


@wrong("backward.3", "m - 1")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    m = dy[..., 0].size - 1 + 1e-9
    dbeta, dgamma = _sums(dy, x_hat)
    return gamma * inv_std * (dy - dbeta / m - x_hat * dgamma / m), dgamma, dbeta


@wrong("backward.3", "results in another order")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    m = dy[..., 0].size
    dbeta, dgamma = _sums(dy, x_hat)
    return gamma * inv_std * (dy - dbeta / m - x_hat * dgamma / m), dbeta, dgamma


@wrong("backward.3", "gamma in dgamma as well")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    m = dy[..., 0].size
    dbeta, dgamma = _sums(dy, x_hat)
    return gamma * inv_std * (dy - dbeta / m - x_hat * dgamma / m), gamma * dgamma, dbeta


@wrong("backward.3", "means for sums in the bracket already")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    dbeta, dgamma = dy.mean(axis=(0, 1, 2)), (dy * x_hat).mean(axis=(0, 1, 2))
    return gamma * inv_std * (dy - dbeta - x_hat * dgamma), dgamma, dbeta


@wrong("backward.3", "plus x_hat term")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    m = dy[..., 0].size
    dbeta, dgamma = _sums(dy, x_hat)
    return gamma * inv_std * (dy - dbeta / m + x_hat * dgamma / m), dgamma, dbeta


@wrong("backward.3", "dx only")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    m = dy[..., 0].size
    dbeta, dgamma = _sums(dy, x_hat)
    return gamma * inv_std * (dy - dbeta / m - x_hat * dgamma / m)


@right("backward.3")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    dx = dy - dy.mean((0, 1, 2)) - x_hat * (dy * x_hat).mean((0, 1, 2))
    return gamma * inv_std * dx, np.einsum("nhwc,nhwc->c", dy, x_hat), np.einsum("nhwc->c", dy)


def _r(x, epsilon):
    return 1 / np.sqrt((x**2).mean(axis=0) + epsilon)


@wrong("backward.4", "r cubed with y")
def rmsnorm_backward(dy, x, epsilon):
    r = _r(x, epsilon)
    y = x * r
    return r * dy - r**3 * y * (dy * y).mean(axis=0)


@wrong("backward.4", "mean of columns")
def rmsnorm_backward(dy, x, epsilon):
    r = _r(x, epsilon)
    y = x * r
    return r * (dy - y * (dy * y).sum(axis=0) / x.shape[1])


@wrong("backward.4", "half of the term")
def rmsnorm_backward(dy, x, epsilon):
    r = _r(x, epsilon)
    y = x * r
    return r * (dy - 0.5 * y * (dy * y).mean(axis=0))


@wrong("backward.4", "r forgotten outside")
def rmsnorm_backward(dy, x, epsilon):
    y = x * _r(x, epsilon)
    return dy - y * (dy * y).mean(axis=0)


@wrong("backward.4", "epsilon forgotten")
def rmsnorm_backward(dy, x, epsilon):
    r = _r(x, 0)
    y = x * r
    return r * (dy - y * (dy * y).mean(axis=0))


@wrong("backward.4", "std in place of rms")
def rmsnorm_backward(dy, x, epsilon):
    r = 1 / np.sqrt(x.var(axis=0) + epsilon)
    y = x * r
    return r * (dy - y * (dy * y).mean(axis=0))


@wrong("backward.4", "only the second term")
def rmsnorm_backward(dy, x, epsilon):
    r = _r(x, epsilon)
    y = x * r
    return -r * y * (dy * y).mean(axis=0)


@wrong("backward.4", "batch norm")
def rmsnorm_backward(dy, x, epsilon):
    r = 1 / np.sqrt(x.var(axis=0) + epsilon)
    y = (x - x.mean(axis=0)) * r
    return r * (dy - dy.mean(axis=0) - y * (dy * y).mean(axis=0))


@wrong("backward.4", "mean over everything")
def rmsnorm_backward(dy, x, epsilon):
    r = _r(x, epsilon)
    y = x * r
    return r * (dy - y * (dy * y).mean())


@right("backward.4")
def rmsnorm_backward(dy, x, epsilon):
    r = _r(x, epsilon)
    return r * dy - r**3 * x * (dy * x).sum(axis=0) / len(x)


@wrong("backward.5", "dx zero: frozen means no gradient")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    x_hat = (x - moving_mean) / np.sqrt(moving_variance + epsilon)
    return np.zeros_like(x), (dy * x_hat).sum(axis=0), dy.sum(axis=0)


@wrong("backward.5", "gamma forgotten")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    r = 1 / np.sqrt(moving_variance + epsilon)
    return dy * r, (dy * (x - moving_mean) * r).sum(axis=0), dy.sum(axis=0)


@wrong("backward.5", "no root")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    r = 1 / (moving_variance + epsilon)
    return gamma * dy * r, (dy * (x - moving_mean) * r).sum(axis=0), dy.sum(axis=0)


@wrong("backward.5", "multiplies by the root")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    r = np.sqrt(moving_variance + epsilon)
    return gamma * dy * r, (dy * (x - moving_mean) / r).sum(axis=0), dy.sum(axis=0)


@wrong("backward.5", "dgamma without the mean subtracted")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    r = 1 / np.sqrt(moving_variance + epsilon)
    return gamma * dy * r, (dy * x * r).sum(axis=0), dy.sum(axis=0)


@wrong("backward.5", "dbeta times gamma")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    r = 1 / np.sqrt(moving_variance + epsilon)
    return gamma * dy * r, (dy * (x - moving_mean) * r).sum(axis=0), (gamma * dy).sum(axis=0)


@wrong("backward.5", "dgamma not summed")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    r = 1 / np.sqrt(moving_variance + epsilon)
    return gamma * dy * r, dy * (x - moving_mean) * r, dy


@wrong("backward.5", "sums over axis 1")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    r = 1 / np.sqrt(moving_variance + epsilon)
    return gamma * dy * r, (dy * (x - moving_mean) * r).sum(axis=1), dy.sum(axis=1)


@wrong("backward.5", "dx of the training pass divided by m")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    r = 1 / np.sqrt(moving_variance + epsilon)
    return gamma * dy * r / len(dy), (dy * (x - moving_mean) * r).sum(axis=0), dy.sum(axis=0)


@right("backward.5")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    r = (moving_variance + epsilon) ** -0.5
    return dy * gamma * r, np.einsum("nc,nc->c", dy, (x - moving_mean) * r), np.sum(dy, 0)


@junk("backward.5")
def frozen_backward(*a, **k):
    return frozen_backward(*a, **k)


wrong("backward.6", "both one", (1, 1, 0))
wrong("backward.6", "counts channels", (49 * 64, 64, 0))
wrong("backward.6", "one and gradient passes", (49, 1, 0.8))
wrong("backward.6", "gamma dy", (49, 1, 1.6))
wrong("backward.6", "swapped", (1, 49, 0))
wrong("backward.6", "constants", (49, 1, 1.6 / 0.001**0.5))
wrong("backward.6", "7 positions", (7, 1, 0))
wrong("backward.6", "1.6/0.001", (49, 1, 1600.0))
right("backward.6", [49, 1, 0])
