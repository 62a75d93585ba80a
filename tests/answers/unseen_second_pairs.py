"""Two mistakes at once in functions, by somebody who saw the tasks alone."""

import numpy as np
from answers import wrong


@wrong("convolution.6", "not divided, and laid side by side")
def average_pool2d_backward(dy, size):
    return np.tile(dy, (1, size, size, 1))


@wrong("convolution.6", "divided by size, and by the batch")
def average_pool2d_backward(dy, size):
    return np.repeat(np.repeat(dy, size, axis=1), size, axis=2) / size / len(dy)


@wrong("training.5", "channels for units, and no square")
def spread(outputs):
    return outputs.std(axis=(0, 1, 2)).mean()


@wrong("training.4", "from 1, and nan missed")
def diverged_at(losses, classes, factor=100.0):
    limit = factor * max(losses[0], np.log(classes))
    for step, loss in enumerate(losses, 1):
        if loss > limit:
            return step
    return -1


@wrong("shift.4", "signs kept, in deviations of after")
def drift(before, after):
    q = np.arange(5, 100, 5)
    return np.mean(np.percentile(after, q) - np.percentile(before, q)) / after.std()


@wrong("forward.1", "by rows, and the variance")
def standardize(x):
    return (x - x.mean(axis=1, keepdims=True)) / x.var(axis=1, keepdims=True)


@wrong("forward.4", "no epsilon, and exchanged")
def undo(x, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    return x.mean(axis=axes), x.std(axis=axes)


@wrong("forward.7", "epsilon outside, over the batch")
def position_norm(x, gamma, beta, epsilon=1e-3):
    return gamma * (x - x.mean(axis=0)) / (x.std(axis=0) + epsilon) + beta


@wrong("inference.1", "turned round, and twice")
def update(moving, batch, momentum=0.99):
    return (1 - momentum) * moving + 2 * momentum * batch


@wrong("inference.4", "means unweighted, spread forgotten")
def combine(means, variances, counts):
    return means.mean(axis=0), np.average(variances, axis=0, weights=counts)


@wrong("inference.5", "no update, no gamma, epsilon outside")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return (x - moving_mean) / (np.sqrt(moving_variance) + epsilon) + beta


@wrong("backward.3", "m in rows, gamma in front of one term")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    m = len(dy)
    dbeta, dgamma = dy.sum(axis=(0, 1, 2)), (dy * x_hat).sum(axis=(0, 1, 2))
    return inv_std * (gamma * dy - dbeta / m - x_hat * dgamma / m), dgamma, dbeta


@wrong("backward.4", "sums, and the wrong sign")
def rmsnorm_backward(dy, x, epsilon):
    r = 1 / np.sqrt((x**2).mean(axis=0) + epsilon)
    return r * dy + r**3 * x * (dy * x).sum(axis=0)


@wrong("backward.5", "gamma forgotten, means")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    inv = 1 / np.sqrt(moving_variance + epsilon)
    return dy * inv, (dy * (x - moving_mean) * inv).mean(axis=0), dy.mean(axis=0)


@wrong("invariance.3", "all filters, and not squared")
def effective_rates(learning_rate, kernel):
    return np.full(kernel.shape[-1], learning_rate / np.sqrt((kernel**2).sum()))


@wrong("invariance.4", "decay outside, and the sign of beta")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    return (
        kernel - learning_rate * dkernel - decay * kernel,
        gamma - learning_rate * dgamma,
        beta + learning_rate * dbeta,
    )


@wrong("invariance.5", "one power, counted from 1")
def growing_rates(learning_rate, decay, steps):
    return learning_rate / (1 - learning_rate * decay) ** np.arange(1, steps + 1)


@wrong("layer.2", "that axis alone, epsilon outside")
def standardize(x, axis, epsilon):
    return (x - x.mean(axis=axis, keepdims=True)) / (x.std(axis=axis, keepdims=True) + epsilon)


@wrong("layer.5", "the old mean, and no ReLU")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    mean1, variance1 = x.mean(axis=0), x.var(axis=0)
    hidden = (x - old_mean) / np.sqrt(variance1 + epsilon) @ weights
    return mean1, variance1, hidden.mean(axis=0), hidden.var(axis=0)


@wrong("landscape.4", "squared lengths, the last rate")
def smoothness(gradient, later, rates):
    return ((later - gradient) ** 2).sum(axis=1).max() / (rates[-1] * (gradient**2).sum())


@wrong("landscape.5", "about zero, shift in plain units")
def disturb(x, scale, shift):
    return x * scale + shift


@wrong("landscape.5", "standardized and not put back")
def disturb(x, scale, shift):
    return (x - x.mean(axis=0)) / x.std(axis=0) * scale + shift


@wrong("variants.2", "round robin, and the variance alone")
def group_normalize(x, groups, epsilon=1e-3):
    n, h, w, c = x.shape
    grouped = x.reshape(n, h, w, c // groups, groups)
    return (grouped / np.sqrt(grouped.var(axis=(1, 2, 3), keepdims=True) + epsilon)).reshape(x.shape)


@wrong("variants.3", "gamma outside, over the batch")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    return gamma * inv_std * (dy - dy.mean(axis=0) - x_hat * (dy * x_hat).mean(axis=0))


@wrong("variants.5", "r upside down, no limits")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    std, moving = np.sqrt(x.var(axis=0) + epsilon), np.sqrt(moving_variance + epsilon)
    return (x - x.mean(axis=0)) / std * (moving / std) + (x.mean(axis=0) - moving_mean) / moving


@wrong("small_batches.2", "turned round, in deviations")
def effective_number(values):
    return values.mean(axis=(1, 2)).std(axis=0) / values.std(axis=(0, 1, 2))


@wrong("small_batches.3", "so many parts, unbiased")
def ghost_normalize(x, ghost, epsilon=1e-3):
    return np.concatenate([(p - p.mean(0)) / np.sqrt(p.var(0, ddof=1) + epsilon) for p in np.split(x, ghost)])


@wrong("speed.3", "the center twice, unbiased")
def moments_of_sums(total, squares, center, m):
    return total / m + 2 * center, (squares - total**2 / m) / (m - 1)


@wrong("speed.4", "means of ratios, the first round kept")
def slowdown(ours, theirs):
    return np.mean(np.asarray(ours) / np.asarray(theirs))


@wrong("deployment.2", "the mean not scaled, nor the bias")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = gamma / np.sqrt(variance + epsilon)
    return weight * scale[:, None, None, None], bias - mean + beta


@wrong("deployment.4", "no root, the bias unscaled")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = gamma / (variance + epsilon)
    return kernel * scale.reshape(kernel.shape[2:]), bias + beta - mean * scale


@wrong("deployment.5", "filters for channels, the bias as it is")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    return kernel * (gamma / np.sqrt(variance + epsilon))[None, None, :, None], bias + beta.sum()


@wrong("distributed.2", "counts right, the deviation in place of the variance")
def synchronized_moments(x, all_reduce):
    m = all_reduce(len(x))
    mean = all_reduce(x.sum(axis=0)) / m
    return mean, np.sqrt(all_reduce(((x - mean) ** 2).sum(axis=0)) / m)


@wrong("distributed.3", "gamma twice, means of means")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    g = dy * gamma
    replicas = all_reduce(1)
    mean, slope = all_reduce(g.mean(axis=0)) / replicas, all_reduce((g * x_hat).mean(axis=0)) / replicas
    return gamma * inv_std * (g - mean - x_hat * slope)


@wrong("distributed.4", "the sum by the images of all replicas")
def replica_loss(losses, global_batch, replicas):
    return losses.sum() / (global_batch * replicas)


@wrong("clinic.3", "signed mean, no epsilon")
def misfit(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return np.mean((batch_mean - moving_mean) / np.sqrt(moving_variance))


@wrong("capstone_network.2", "beta first, no epsilon")
def bn_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return gamma * ((x - moving_mean) / np.sqrt(moving_variance) + beta)


@wrong("capstone_network.3", "m in rows, means for dgamma")
def bn_backward(dy, x_hat, inv_std, gamma):
    axes = tuple(range(dy.ndim - 1))
    dgamma, dbeta = (dy * x_hat).mean(axis=axes), dy.mean(axis=axes)
    return gamma * inv_std * (dy - dbeta / len(dy) - x_hat * dgamma / len(dy)), dgamma, dbeta
