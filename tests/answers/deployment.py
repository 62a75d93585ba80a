"""Answers to the exercises of chapter `deployment`."""

import numpy as np
from answers import right, wrong

wrong("deployment.1", "bias not scaled", (6, -24))
wrong("deployment.1", "mean not scaled", (6, -2))
wrong("deployment.1", "no root", (3, -8.5))
wrong("deployment.1", "mean added", (6, 38))
wrong("deployment.1", "no beta", (6, -27))
wrong("deployment.1", "weight kept", (2, -22))
wrong("deployment.1", "exchanged", (-22, 6))
right("deployment.1", (6, -22))


def _scale(gamma, variance, epsilon):
    return gamma / np.sqrt(variance + epsilon)


@wrong("deployment.2", "the axis of the width")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = _scale(gamma, variance, epsilon)
    return weight * scale, (bias - mean) * scale + beta


@wrong("deployment.2", "axis mended, bias not")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = _scale(gamma, variance, epsilon)
    return weight * scale[:, None, None, None], bias - mean * scale + beta


@wrong("deployment.2", "bias mended, axis not")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = _scale(gamma, variance, epsilon)
    return weight * scale[:, None, None], (bias - mean) * scale + beta


@wrong("deployment.2", "reshaped to the inputs' axis")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = _scale(gamma, variance, epsilon)
    return weight * scale.reshape(1, -1, 1, 1), (bias - mean) * scale + beta


@wrong("deployment.2", "beta scaled")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = _scale(gamma, variance, epsilon)
    return weight * scale[:, None, None, None], (bias - mean + beta) * scale


@wrong("deployment.2", "mean added")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = _scale(gamma, variance, epsilon)
    return weight * scale[:, None, None, None], (bias + mean) * scale + beta


@wrong("deployment.2", "epsilon outside the root")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = gamma / (np.sqrt(variance) + epsilon)
    return weight * scale[:, None, None, None], (bias - mean) * scale + beta


@wrong("deployment.2", "transposed as well")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = _scale(gamma, variance, epsilon)
    return (weight * scale[:, None, None, None]).transpose(2, 3, 1, 0), (bias - mean) * scale + beta


@right("deployment.2")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = _scale(gamma, variance, epsilon)
    return np.einsum("oihw,o->oihw", weight, scale), bias * scale + beta - mean * scale


for letter in "abd":
    wrong("deployment.3", f"option {letter}", letter)


@wrong("deployment.4", "scale as if outputs came last")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = _scale(gamma, variance, epsilon)
    return kernel * scale, (bias - mean) * scale + beta


@wrong("deployment.4", "transposed")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = _scale(gamma, variance, epsilon)
    return kernel * scale.reshape(kernel.shape[3], kernel.shape[2]).T, (bias - mean) * scale + beta


@wrong("deployment.4", "Fortran order")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = _scale(gamma, variance, epsilon)
    return kernel * scale.reshape(kernel.shape[2:], order="F"), (bias - mean) * scale + beta


@wrong("deployment.4", "flat kernel returned")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = _scale(gamma, variance, epsilon)
    return kernel.reshape(*kernel.shape[:2], -1) * scale, (bias - mean) * scale + beta


@wrong("deployment.4", "no root")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = gamma / (variance + epsilon)
    return kernel * scale.reshape(kernel.shape[2:]), (bias - mean) * scale + beta


@wrong("deployment.4", "bias forgotten")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = _scale(gamma, variance, epsilon)
    return kernel * scale.reshape(kernel.shape[2:]), beta - mean * scale


@wrong("deployment.4", "in place")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = _scale(gamma, variance, epsilon)
    kernel *= scale.reshape(kernel.shape[2:])
    return kernel, (bias - mean) * scale + beta


@right("deployment.4")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = _scale(gamma, variance, epsilon)
    flat = kernel.reshape(*kernel.shape[:2], -1) * scale
    return flat.reshape(kernel.shape), bias * scale + (beta - mean * scale)


@wrong("deployment.5", "as if it stood behind")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = np.resize(_scale(gamma, variance, epsilon), kernel.shape[3])
    return kernel * scale, bias * scale


@wrong("deployment.5", "sum over the outputs, too")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = _scale(gamma, variance, epsilon)
    return kernel * scale[:, None], bias + np.sum(kernel * (beta - mean * scale)[:, None])


@wrong("deployment.5", "scaled kernel for the shift")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = _scale(gamma, variance, epsilon)
    kernel = kernel * scale[:, None]
    return kernel, bias + np.sum(kernel * (beta - mean * scale)[:, None], axis=(0, 1, 2))


@wrong("deployment.5", "mean not scaled")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = _scale(gamma, variance, epsilon)
    return kernel * scale[:, None], bias + np.sum(kernel * (beta - mean)[:, None], axis=(0, 1, 2))


@wrong("deployment.5", "positions forgotten")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = _scale(gamma, variance, epsilon)
    return kernel * scale[:, None], bias + (beta - mean * scale) @ kernel[0, 0]


@wrong("deployment.5", "beta left out")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = _scale(gamma, variance, epsilon)
    return kernel * scale[:, None], bias - np.sum(kernel * (mean * scale)[:, None], axis=(0, 1, 2))


@wrong("deployment.5", "layer's bias scaled")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = _scale(gamma, variance, epsilon)
    constant = np.sum(kernel * (beta - mean * scale)[:, None], axis=(0, 1, 2))
    return kernel * scale[:, None], bias * scale.mean() + constant


@right("deployment.5")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = _scale(gamma, variance, epsilon)
    return np.einsum("hwcf,c->hwcf", kernel, scale), bias + (beta - mean * scale) @ kernel.sum(axis=(0, 1))


wrong("deployment.6", "a step for each", (127, 127))
wrong("deployment.6", "nothing changes", (79, 79))
wrong("deployment.6", "only B folded", (79, 16))
wrong("deployment.6", "only A folded", (79, 8))
wrong("deployment.6", "rounded down", (79, 1))
wrong("deployment.6", "exchanged", (2, 79))
wrong("deployment.6", "of 255 steps", (159, 3))
right("deployment.6", (79, 2))
