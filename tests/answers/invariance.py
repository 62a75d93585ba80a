"""Answers to the exercises of chapter `invariance`."""

import numpy as np
from answers import right, wrong

for letter in "abd":
    wrong("invariance.1", f"option {letter}", letter)
wrong("invariance.2", "adds", (7, 4))
wrong("invariance.2", "subtracts", (np.sqrt(7), 4))
wrong("invariance.2", "rate doubled", (5, 2))
wrong("invariance.2", "rate of 8", (5, 8))
wrong("invariance.2", "squared length", (25, 4))
wrong("invariance.2", "a quarter", (5, 1 / 4))
wrong("invariance.2", "swapped", (4, 5))
wrong("invariance.2", "length stays", (3, 4))
right("invariance.2", (5.0, 4.0))


@wrong("invariance.3", "square of the learning rate")
def effective_rates(learning_rate, kernel):
    return learning_rate**2 / (kernel**2).sum(axis=(0, 1, 2))


@wrong("invariance.3", "learning rate ignored")
def effective_rates(learning_rate, kernel):
    return 1 / (kernel**2).sum(axis=(0, 1, 2))


@wrong("invariance.3", "absolute values")
def effective_rates(learning_rate, kernel):
    return learning_rate / np.abs(kernel).sum(axis=(0, 1, 2))


@wrong("invariance.3", "axes 0 and 1")
def effective_rates(learning_rate, kernel):
    return learning_rate / (kernel**2).sum(axis=(0, 1))


@wrong("invariance.3", "keepdims")
def effective_rates(learning_rate, kernel):
    return learning_rate / (kernel**2).sum(axis=(0, 1, 2), keepdims=True)


@wrong("invariance.3", "one number")
def effective_rates(learning_rate, kernel):
    return learning_rate / np.linalg.norm(kernel) ** 2


@wrong("invariance.3", "fourth power")
def effective_rates(learning_rate, kernel):
    return learning_rate / ((kernel**2).sum(axis=(0, 1, 2))) ** 2


@wrong("invariance.3", "variance")
def effective_rates(learning_rate, kernel):
    return learning_rate / kernel.var(axis=(0, 1, 2))


@wrong("invariance.3", "lengths only")
def effective_rates(learning_rate, kernel):
    return np.sqrt((kernel**2).sum(axis=(0, 1, 2)))


@right("invariance.3")
def effective_rates(learning_rate, kernel):
    return learning_rate / np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), axis=0) ** 2


@wrong("invariance.4", "bias decays still")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    return (
        kernel - learning_rate * (dkernel + decay * kernel),
        gamma - learning_rate * dgamma,
        beta - learning_rate * (dbeta + decay * beta),
    )


@wrong("invariance.4", "parentheses: rate on the decay only")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    return kernel - dkernel - learning_rate * decay * kernel, gamma - learning_rate * dgamma, beta - learning_rate * dbeta


@wrong("invariance.4", "squared kernel")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    return (
        kernel - learning_rate * (dkernel + decay * kernel**2),
        gamma - learning_rate * dgamma,
        beta - learning_rate * dbeta,
    )


@wrong("invariance.4", "decay of the gradient")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    return (
        kernel - learning_rate * (1 + decay) * dkernel,
        gamma - learning_rate * dgamma,
        beta - learning_rate * dbeta,
    )


@wrong("invariance.4", "ascent on gamma and beta")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    return (
        kernel - learning_rate * (dkernel + decay * kernel),
        gamma + learning_rate * dgamma,
        beta + learning_rate * dbeta,
    )


@wrong("invariance.4", "2 lambda")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    return (
        kernel - learning_rate * (dkernel + 2 * decay * kernel),
        gamma - learning_rate * dgamma,
        beta - learning_rate * dbeta,
    )


@wrong("invariance.4", "gamma and beta not moved")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    return kernel - learning_rate * (dkernel + decay * kernel), gamma, beta


@wrong("invariance.4", "only the others mended")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    return kernel - learning_rate * dkernel - decay * kernel, gamma - learning_rate * dgamma, beta - learning_rate * dbeta


@wrong("invariance.4", "in place")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    kernel -= learning_rate * (dkernel + decay * kernel)
    gamma -= learning_rate * dgamma
    beta -= learning_rate * dbeta
    return kernel, gamma, beta


@right("invariance.4")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    return (
        (1 - learning_rate * decay) * kernel - learning_rate * dkernel,
        gamma - learning_rate * dgamma,
        beta - learning_rate * dbeta,
    )


@wrong("invariance.5", "one power of alpha")
def growing_rates(learning_rate, decay, steps):
    a = 1 - learning_rate * decay
    return learning_rate * a ** -np.arange(1.0, steps + 1)


@wrong("invariance.5", "exponent 2t+2")
def growing_rates(learning_rate, decay, steps):
    a = 1 - learning_rate * decay
    return learning_rate * a ** (-2.0 * np.arange(steps) - 2)


@wrong("invariance.5", "starts at t=1")
def growing_rates(learning_rate, decay, steps):
    a = 1 - learning_rate * decay
    return learning_rate * a ** (-2.0 * np.arange(1, steps + 1) - 1)


@wrong("invariance.5", "falls")
def growing_rates(learning_rate, decay, steps):
    a = 1 - learning_rate * decay
    return learning_rate * a ** (2.0 * np.arange(steps) + 1)


@wrong("invariance.5", "learning rate not multiplied")
def growing_rates(learning_rate, decay, steps):
    a = 1 - learning_rate * decay
    return a ** (-2.0 * np.arange(steps) - 1)


@wrong("invariance.5", "alpha = 1 + eta lambda")
def growing_rates(learning_rate, decay, steps):
    a = 1 + learning_rate * decay
    return learning_rate * a ** (2.0 * np.arange(steps) + 1)


@wrong("invariance.5", "linear growth")
def growing_rates(learning_rate, decay, steps):
    return learning_rate * (1 + learning_rate * decay * (2 * np.arange(steps) + 1))


@wrong("invariance.5", "one too many")
def growing_rates(learning_rate, decay, steps):
    a = 1 - learning_rate * decay
    return learning_rate * a ** (-2.0 * np.arange(steps + 1) - 1)


@wrong("invariance.5", "integers to a negative power")
def growing_rates(learning_rate, decay, steps):
    a = 1 - learning_rate * decay
    return [learning_rate / a ** (2 * t) for t in range(steps)]


@right("invariance.5")
def growing_rates(learning_rate, decay, steps):
    a = 1 - learning_rate * decay
    return [learning_rate / a ** (2 * t + 1) for t in range(steps)]


wrong("invariance.6", "no change", (1, 1))
wrong("invariance.6", "before and after exchanged", (0.5345, 0.9877))
wrong("invariance.6", "scaled by 0.1", (0.9877, 0.09877))
wrong("invariance.6", "variances", (0.9756, 0.2857))
wrong("invariance.6", "unit variance assumed before", (1, 0.5345))
wrong("invariance.6", "standard deviations of the inputs", (0.2, 0.02))
wrong("invariance.6", "variance times 0.1", (0.9877, np.sqrt(0.004 / 0.005)))
wrong("invariance.6", "rounded", (1.0, 0.5))
right("invariance.6", (0.988, 0.535))
