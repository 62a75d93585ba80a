"""Answers of a third reader who had seen the tasks alone: all values, and functions of all chapters."""

import math

import numpy as np
from answers import junk, right, wrong

from bncourse.forward import batchnorm
from bncourse.inference import batchnorm_inference, update_moving

# ---------------------------------------------------------------------------------------------------- convolution


@wrong("convolution.2", "pads at one end only")
def positions_one_end(size, kernel_size, padding, stride):
    return (size + padding - kernel_size) // stride + 1


@wrong("convolution.2", "rounds up")
def positions_up(size, kernel_size, padding, stride):
    return math.ceil((size + 2 * padding - kernel_size) / stride) + 1


@wrong("convolution.2", "divides the padded size by the stride alone")
def positions_no_kernel(size, kernel_size, padding, stride):
    return (size + 2 * padding) // stride


@wrong("convolution.2", "adds one before the division")
def positions_one_inside(size, kernel_size, padding, stride):
    return (size + 2 * padding - kernel_size + 1) // stride


@wrong("convolution.2", "takes half the kernel off at both ends")
def positions_half(size, kernel_size, padding, stride):
    return (size + 2 * padding - 2 * (kernel_size // 2)) // stride + 1


@right("convolution.2")
def positions_counted(size, kernel_size, padding, stride):
    return len(range(0, size + 2 * padding - kernel_size + 1, stride))


@right("convolution.2")
def positions_walked(size, kernel_size, padding, stride):
    count, start = 0, -padding
    while start + kernel_size <= size + padding:
        count, start = count + 1, start + stride
    return count


@junk("convolution.2")
def positions_text(size, kernel_size, padding, stride):
    return f"{size} positions"


wrong("convolution.3", "same throughout: the first convolution leaves the size", (7, 6, 16))
wrong("convolution.3", "pooling overlaps: stride 1 in the pooling", (11, 10, 16))
wrong("convolution.3", "a kernel of 5 takes off 5", (5, 5, 16))
wrong("convolution.3", "the filters add to the channels: 3 + 8 + 16", (6, 5, 27))
wrong("convolution.3", "valid in the last convolution", ((11 - 3) // 2 + 1, (10 - 3) // 2 + 1, 16))
right("convolution.3", [6, 5, 16])
right("convolution.3", np.array([6.0, 5.0, 16.0]))
junk("convolution.3", "six by five")

wrong("convolution.4", "a bias for each position", (3 * 3 * 8 * 16 + 28 * 28 * 16, 3 * 3 * 8 * 16 * 784))
wrong("convolution.4", "valid positions", (1168, 1152 * 26 * 26))
wrong("convolution.4", "a filter sees one channel", (3 * 3 * 16 + 16, 3 * 3 * 16 * 784))
wrong("convolution.4", "the additions of the sums counted too", (1168, 2 * 903168))
wrong("convolution.4", "a bias for each input channel and filter", (1152 + 8 * 16, 903168))
right("convolution.4", (16 * (72 + 1), 16 * 72 * 28**2))
right("convolution.4", [np.int64(1168), 903168.0])
junk("convolution.4", (None, None))


@wrong("convolution.6", "every pixel gets the whole gradient")
def pool_whole(dy, size):
    return dy.repeat(size, axis=1).repeat(size, axis=2)


@wrong("convolution.6", "divides by the side of a tile")
def pool_by_size(dy, size):
    return dy.repeat(size, axis=1).repeat(size, axis=2) / size


@wrong("convolution.6", "tiles the picture in place of repeating pixels")
def pool_tiled(dy, size):
    return np.tile(dy, (1, size, size, 1)) / size**2


@wrong("convolution.6", "only the top left pixel gets the gradient, as in max pooling")
def pool_corner(dy, size):
    n, height, width, channels = dy.shape
    dx = np.zeros((n, height * size, width * size, channels))
    dx[:, ::size, ::size] = dy
    return dx


@wrong("convolution.6", "divides by the number of all pixels of the image")
def pool_by_image(dy, size):
    dx = dy.repeat(size, axis=1).repeat(size, axis=2)
    return dx / (dx.shape[1] * dx.shape[2])


@right("convolution.6")
def pool_kron(dy, size):
    return np.kron(dy, np.full((1, size, size, 1), 1 / size**2))


@right("convolution.6")
def pool_loops(dy, size):
    n, height, width, channels = dy.shape
    dx = np.empty((n, height * size, width * size, channels), dy.dtype)
    for i in range(height * size):
        for j in range(width * size):
            dx[:, i, j] = dy[:, i // size, j // size] / (size * size)
    return dx


@junk("convolution.6")
def pool_junk(dy, size):
    raise NotImplementedError


# ------------------------------------------------------------------------------------------------------- training

wrong("training.2", "the probability is the loss; batches rounded up", (0.01, 24))
wrong("training.2", "batches rounded up", (math.log(100), 24))
wrong("training.2", "log of the images", (math.log(500), 21))
wrong("training.2", "all images in a row: 1500 // 64", (math.log(100), 1500 // 64))
wrong("training.2", "sign, one pass", (-math.log(100), 7))
right("training.2", (4.605, 21))
right("training.2", [-np.log(1 / 100), 21.0])
junk("training.2", [])


@wrong("training.3", "inputs without the channels")
def std_area(kernel_shape):
    return np.sqrt(2 / (kernel_shape[0] * kernel_shape[1]))


@wrong("training.3", "the variance, without the root")
def std_variance(kernel_shape):
    return 2 / np.prod(kernel_shape[:3])


@wrong("training.3", "Glorot: inputs and outputs")
def std_glorot(kernel_shape):
    height, width, channels, filters = kernel_shape
    return np.sqrt(2 / (height * width * (channels + filters)))


@wrong("training.3", "channels alone")
def std_channels(kernel_shape):
    return np.sqrt(2 / kernel_shape[2])


@wrong("training.3", "the limit of the uniform distribution")
def std_uniform(kernel_shape):
    return np.sqrt(6 / np.prod(kernel_shape[:-1]))


@right("training.3")
def std_power(kernel_shape):
    fan_in = 1
    for size in kernel_shape[:-1]:
        fan_in *= size
    return (fan_in / 2) ** -0.5


@right("training.3")
def std_math(kernel_shape):
    return math.sqrt(2.0) / math.sqrt(math.prod(kernel_shape) / kernel_shape[3])


@junk("training.3")
def std_random(kernel_shape):
    return np.random.default_rng(0).normal(size=kernel_shape)


@wrong("training.5", "over everything")
def spread_all(outputs):
    return outputs.std()


@wrong("training.5", "mean of the standard deviations")
def spread_mean(outputs):
    return outputs.std(axis=0).mean()


@wrong("training.5", "of each image, over its places")
def spread_within(outputs):
    return np.sqrt(outputs.var(axis=(1, 2, 3)).mean())


@wrong("training.5", "of the means of the images")
def spread_of_means(outputs):
    return outputs.mean(axis=(1, 2, 3)).std()


@wrong("training.5", "a channel over images and places")
def spread_channel(outputs):
    return np.sqrt(outputs.var(axis=(0, 1, 2)).mean())


@right("training.5")
def spread_norm(outputs):
    away = outputs - outputs.mean(0)
    return np.linalg.norm(away) / np.sqrt(away.size)


@right("training.5")
def spread_rows(outputs):
    flat = np.reshape(outputs, (outputs.shape[0], -1)).astype(float)
    return float(np.sqrt(np.mean(np.std(flat, axis=0) ** 2)))


@junk("training.5")
def spread_nan(outputs):
    return float("nan")


# ---------------------------------------------------------------------------------------------------------- shift

wrong("shift.2", "sixteen layers", 1.05**16)
wrong("shift.2", "adds up in place of multiplying", 1 + 15 * 0.05)
wrong("shift.2", "one layer alone", 1.05)
wrong("shift.2", "e to the power", math.exp(0.05 * 16))
wrong("shift.2", "the growth alone, without the one", 1.05**15 - 1)
right("shift.2", 2.08)
right("shift.2", np.prod(np.full(15, 1.05)))
junk("shift.2", "a lot")


@wrong("shift.4", "in standard deviations of after")
def drift_after(before, after):
    levels = np.arange(5, 100, 5)
    return np.abs(np.percentile(before, levels) - np.percentile(after, levels)).mean() / after.std()


@wrong("shift.4", "distance of the means")
def drift_means(before, after):
    return abs(after.mean() - before.mean()) / before.std()


@wrong("shift.4", "not absolute")
def drift_signed(before, after):
    levels = np.arange(5, 100, 5)
    return (np.percentile(after, levels) - np.percentile(before, levels)).mean() / before.std()


@wrong("shift.4", "divides by the variance")
def drift_variance(before, after):
    levels = np.arange(5, 100, 5)
    return np.abs(np.percentile(before, levels) - np.percentile(after, levels)).mean() / before.var()


@wrong("shift.4", "quantiles with percent: levels from 0.05 to 0.95 for percentile")
def drift_levels(before, after):
    levels = np.arange(0.05, 1, 0.05)
    return np.abs(np.percentile(before, levels) - np.percentile(after, levels)).mean() / before.std()


@right("shift.4")
def drift_quantiles(before, after):
    levels = np.linspace(0.05, 0.95, 19)
    return np.mean(np.abs(np.quantile(before, levels) - np.quantile(after, levels))) / np.std(before)


@right("shift.4")
def drift_loop(before, after):
    total = 0.0
    for level in range(5, 100, 5):
        total += abs(float(np.percentile(after, level)) - float(np.percentile(before, level)))
    return total / 19 / float(before.std())


@junk("shift.4")
def drift_junk(before, after):
    return {"drift": 1}


_x = np.array([0.0, 0.0, 0.0, 4.0])
_before = ((_x - 1) ** 3).mean() / _x.std() ** 3
wrong("shift.6", "standardizing makes it symmetric", (_before, 0.0))
wrong("shift.6", "third powers without dividing", (6.0, _before))
wrong("shift.6", "unbiased standard deviation", (6 / 8, 6 / 8))
wrong("shift.6", "divided by the variance", (6 / 3, 6 / 3))
wrong("shift.6", "third powers of the numbers, the mean not subtracted", ((_x**3).mean() / _x.std() ** 3, _before))
right("shift.6", (1.155, 1.155))
right("shift.6", [2 / math.sqrt(3)] * 2)
junk("shift.6", {"before": 1, "after": 2})

# -------------------------------------------------------------------------------------------------------- forward

wrong("forward.2", "a mean for each place and channel", (14 * 14 * 24, 32, 2 * 14 * 14 * 24))
wrong("forward.2", "moving statistics counted as learned", (24, 32 * 196, 96))
wrong("forward.2", "one gamma and beta for all", (24, 32 * 196, 2))
wrong("forward.2", "layer norm: a mean for each image", (32, 14 * 14 * 24, 48))
wrong("forward.2", "a place counts once: 14 and not 14 * 14", (24, 32 * 14, 48))
right("forward.2", [24, 6272, 48])
right("forward.2", (24.0, np.int32(6272), 48))
junk("forward.2", 24)

wrong("forward.3", "epsilon left out", 2 / 0.3 + 0.5)
wrong("forward.3", "root of each", 2 / (0.3 + 0.4) + 0.5)
wrong("forward.3", "beta inside", 2 * (1 / 0.5 + 0.5))
wrong("forward.3", "the variance as deviation, with epsilon", 2 / 0.25 + 0.5)
wrong("forward.3", "beta subtracted", 2 / 0.5 - 0.5)
right("forward.3", 4.5)
right("forward.3", np.float32(4.5))
junk("forward.3", float("nan"))


@wrong("forward.4", "epsilon forgotten")
def undo_no_epsilon(x, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    return x.std(axis=axes), x.mean(axis=axes)


@wrong("forward.4", "epsilon added to the root")
def undo_outside(x, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    return x.std(axis=axes) + epsilon, x.mean(axis=axes)


@wrong("forward.4", "inverse and the mean negated")
def undo_inverse(x, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    return 1 / np.sqrt(x.var(axis=axes) + epsilon), -x.mean(axis=axes)


@wrong("forward.4", "examples alone averaged")
def undo_axis_zero(x, epsilon=1e-3):
    return np.sqrt(x.var(axis=0) + epsilon), x.mean(axis=0)


@wrong("forward.4", "beta is the mean over the deviation")
def undo_scaled_mean(x, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    gamma = np.sqrt(x.var(axis=axes) + epsilon)
    return gamma, x.mean(axis=axes) / gamma


@right("forward.4")
def undo_rows(x, epsilon=1e-3):
    rows = x.reshape(-1, x.shape[-1])
    beta = rows.mean(0)
    return (((rows - beta) ** 2).mean(0) + epsilon) ** 0.5, beta


@right("forward.4")
def undo_channels(x, epsilon=1e-3):
    channels = [x[..., c] for c in range(x.shape[-1])]
    return np.array([(c.var() + epsilon) ** 0.5 for c in channels]), np.array([c.mean() for c in channels])


@junk("forward.4")
def undo_x(x, epsilon=1e-3):
    return x


@wrong("forward.7", "whole image")
def position_whole(x, gamma, beta, epsilon=1e-3):
    mean, variance = x.mean(axis=(1, 2, 3), keepdims=True), x.var(axis=(1, 2, 3), keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


@wrong("forward.7", "places of a channel of an image: instance norm")
def position_instance(x, gamma, beta, epsilon=1e-3):
    mean, variance = x.mean(axis=(1, 2), keepdims=True), x.var(axis=(1, 2), keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


@wrong("forward.7", "a mean for each position, over images too")
def position_batch(x, gamma, beta, epsilon=1e-3):
    mean, variance = x.mean(axis=(0, 3), keepdims=True), x.var(axis=(0, 3), keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


@wrong("forward.7", "sample variance")
def position_sample(x, gamma, beta, epsilon=1e-3):
    mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True, ddof=1)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


@wrong("forward.7", "no keepdims")
def position_flat(x, gamma, beta, epsilon=1e-3):
    return gamma * (x - x.mean(axis=-1)) / np.sqrt(x.var(axis=-1) + epsilon) + beta


@right("forward.7")
def position_last(x, gamma, beta, epsilon=1e-3):
    away = x - x.mean(-1)[..., None]
    return away / np.sqrt((away**2).mean(-1) + epsilon)[..., None] * gamma + beta


@right("forward.7")
def position_moved(x, gamma, beta, epsilon=1e-3):
    rows = x.reshape(-1, x.shape[-1]).T
    rows = (rows - rows.mean(axis=0)) / np.sqrt(rows.var(axis=0) + epsilon)
    return (rows.T * gamma + beta).reshape(x.shape)


@junk("forward.7")
def position_print(x, gamma, beta, epsilon=1e-3):
    print(x.shape)


# ------------------------------------------------------------------------------------------------------ inference

_steps = math.ceil(math.log(0.01) / math.log(0.9))
wrong("inference.2", "what is left of the start", (2 * 0.9**10, _steps))
wrong("inference.2", "within 0.01, not 1%", (2 * (1 - 0.9**10), math.ceil(math.log(0.005) / math.log(0.9))))
wrong("inference.2", "rounded down", (2 * (1 - 0.9**10), _steps - 1))
wrong("inference.2", "the batch weighs 0.9", (2 * (1 - 0.1**10), 2))
wrong("inference.2", "a tenth a step: there after ten steps", (2.0, 10))
right("inference.2", (1.303, 44))
right("inference.2", [2 - 2 * 0.9**10, 44.0])
junk("inference.2", (float("inf"), float("inf")))


@wrong("inference.4", "means of means")
def combine_plain(means, variances, counts):
    return means.mean(axis=0), variances.mean(axis=0)


@wrong("inference.4", "between forgotten")
def combine_within(means, variances, counts):
    share = counts / counts.sum()
    return share @ means, share @ variances


@wrong("inference.4", "between not weighted")
def combine_between(means, variances, counts):
    share = counts / counts.sum()
    return share @ means, share @ variances + means.var(axis=0)


@wrong("inference.4", "square of the mean forgotten: mean of squares")
def combine_squares(means, variances, counts):
    share = counts / counts.sum()
    return share @ means, share @ (variances + means**2)


@wrong("inference.4", "pooled: counts minus one")
def combine_pooled(means, variances, counts):
    mean = counts @ means / counts.sum()
    between = counts @ (means - mean) ** 2
    return mean, (counts @ variances + between) / (counts.sum() - 1)


@right("inference.4")
def combine_moments(means, variances, counts):
    mean = np.average(means, axis=0, weights=counts)
    return mean, np.average(variances + (means - mean) ** 2, axis=0, weights=counts)


@right("inference.4")
def combine_chan(means, variances, counts):
    n, mean, summed = 0.0, np.zeros(means.shape[1]), np.zeros(means.shape[1])
    for m, v, c in zip(means, variances, counts, strict=True):
        delta = m - mean
        summed = summed + v * c + delta**2 * n * c / (n + c)
        mean = mean + delta * c / (n + c)
        n = n + c
    return mean, summed / n


@junk("inference.4")
def combine_counts(means, variances, counts):
    return counts


# ------------------------------------------------------------------------------------------------------- backward

_dy, _hat = np.array([3.0, 1, 0, 2]), np.array([-1.0, -1, 1, 1])
wrong("backward.1", "only the mean taken away", list(_dy - 1.5))
wrong("backward.1", "slope with the other sign", list(_dy - 1.5 - 0.5 * _hat))
wrong("backward.1", "only the slope taken away", list(_dy + 0.5 * _hat))
wrong("backward.1", "sums in place of means", list(_dy - 6 + 2 * _hat))
wrong("backward.1", "the line itself", list(1.5 - 0.5 * _hat))
right("backward.1", (1.0, -1.0, -1.0, 1.0))
right("backward.1", np.array([1, -1, -1, 1]))
junk("backward.1", [1, -1])


@wrong("backward.4", "the root mean square taken for a constant")
def rms_constant(dy, x, epsilon):
    return dy / np.sqrt((x**2).mean(axis=0) + epsilon)


@wrong("backward.4", "the mean of dy subtracted as well")
def rms_both(dy, x, epsilon):
    r = 1 / np.sqrt((x**2).mean(axis=0) + epsilon)
    y = x * r
    return r * (dy - dy.mean(axis=0) - y * (dy * y).mean(axis=0))


@wrong("backward.4", "a sum in place of the mean")
def rms_sum(dy, x, epsilon):
    r = 1 / np.sqrt((x**2).mean(axis=0) + epsilon)
    y = x * r
    return r * (dy - y * (dy * y).sum(axis=0))


@wrong("backward.4", "x in place of y in the slope")
def rms_x(dy, x, epsilon):
    r = 1 / np.sqrt((x**2).mean(axis=0) + epsilon)
    return r * (dy - x * (dy * x).mean(axis=0))


@wrong("backward.4", "over the features of a row")
def rms_rows(dy, x, epsilon):
    r = 1 / np.sqrt((x**2).mean(axis=1, keepdims=True) + epsilon)
    y = x * r
    return r * (dy - y * (dy * y).mean(axis=1, keepdims=True))


@right("backward.4")
def rms_graph(dy, x, epsilon):
    m = len(x)
    root = np.sqrt(np.square(x).sum(axis=0) / m + epsilon)
    d_root = -(dy * x).sum(axis=0) / root**2
    d_q = d_root / (2 * root)
    return dy / root + d_q * 2 * x / m


@right("backward.4")
def rms_columns(dy, x, epsilon):
    columns = []
    for g, c in zip(dy.T, x.T, strict=True):
        s = c @ c / len(c) + epsilon
        columns.append(g / s**0.5 - c * (g @ c) / len(c) / s**1.5)
    return np.stack(columns, axis=1)


@junk("backward.4")
def rms_zero(dy, x, epsilon):
    return 0


@wrong("backward.5", "the formula of training")
def frozen_training(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    r = 1 / np.sqrt(moving_variance + epsilon)
    hat = (x - moving_mean) * r
    dx = gamma * r * (dy - dy.mean(axis=0) - hat * (dy * hat).mean(axis=0))
    return dx, (dy * hat).sum(axis=0), dy.sum(axis=0)


@wrong("backward.5", "a frozen layer has no gradients of gamma and beta")
def frozen_zeros(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    r = 1 / np.sqrt(moving_variance + epsilon)
    return gamma * r * dy, np.zeros_like(gamma), np.zeros_like(gamma)


@wrong("backward.5", "dgamma without normalizing x")
def frozen_raw(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    r = 1 / np.sqrt(moving_variance + epsilon)
    return gamma * r * dy, (dy * x).sum(axis=0), dy.sum(axis=0)


@wrong("backward.5", "gamma forgotten in dx")
def frozen_no_gamma(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    r = 1 / np.sqrt(moving_variance + epsilon)
    return r * dy, (dy * (x - moving_mean) * r).sum(axis=0), dy.sum(axis=0)


@wrong("backward.5", "x_hat with the batch's statistics")
def frozen_batch(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    hat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + epsilon)
    return gamma * dy / np.sqrt(moving_variance + epsilon), (dy * hat).sum(axis=0), dy.sum(axis=0)


@right("backward.5")
def frozen_einsum(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    std = (moving_variance + epsilon) ** 0.5
    return dy * (gamma / std), np.einsum("nc,nc->c", dy, x - moving_mean) / std, np.ones(len(dy)) @ dy


@right("backward.5")
def frozen_split(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    std, dbeta = np.sqrt(moving_variance + epsilon), dy.sum(0)
    return gamma / std * dy, ((dy * x).sum(0) - moving_mean * dbeta) / std, dbeta


@junk("backward.5")
def frozen_one(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    return dy[0, 0]


_root = math.sqrt(0.001)
wrong("backward.6", "gradient passes through as a factor", (49, 1, 2 / _root * 0.8))
wrong("backward.6", "batch size is one in both", (1, 1, 0.0))
wrong("backward.6", "all values of the layers", (7 * 7 * 64, 64, 0.0))
wrong("backward.6", "the gradient passes on as it is", (49, 1, 0.8))
wrong("backward.6", "gamma times dy", (49, 1, 1.6))
right("backward.6", [49.0, 1.0, 0])
right("backward.6", (7**2, 1, np.zeros(())))
junk("backward.6", (49, 1))

# ----------------------------------------------------------------------------------------------------- invariance

wrong("invariance.2", "lengths subtracted, rate doubles", (3 - 4, 2.0))
wrong("invariance.2", "rate with the length, not its square", (5.0, 2.0))
wrong("invariance.2", "longer weights need a smaller rate", (5.0, 0.25))
wrong("invariance.2", "lengths added", (7.0, 4.0))
wrong("invariance.2", "the squares not rooted; the same rate", (25.0, 1.0))
right("invariance.2", [5, 4])
right("invariance.2", (math.sqrt(9 + 16), 36 / 9))
junk("invariance.2", ("5", "4"))


@wrong("invariance.3", "length, not squared")
def rates_length(learning_rate, kernel):
    return learning_rate / np.sqrt((kernel**2).sum(axis=(0, 1, 2)))


@wrong("invariance.3", "multiplied")
def rates_times(learning_rate, kernel):
    return learning_rate * (kernel**2).sum(axis=(0, 1, 2))


@wrong("invariance.3", "one for the whole kernel")
def rates_whole(learning_rate, kernel):
    return np.full(kernel.shape[-1], learning_rate / np.sum(kernel**2))


@wrong("invariance.3", "mean of squares")
def rates_mean(learning_rate, kernel):
    return learning_rate / (kernel**2).mean(axis=(0, 1, 2))


@wrong("invariance.3", "square of the sum")
def rates_square_of_sum(learning_rate, kernel):
    return learning_rate / kernel.sum(axis=(0, 1, 2)) ** 2


@right("invariance.3")
def rates_norm(learning_rate, kernel):
    return learning_rate / np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), axis=0) ** 2


@right("invariance.3")
def rates_einsum(learning_rate, kernel):
    return learning_rate * np.einsum("hwcf,hwcf->f", kernel, kernel) ** -1.0


@junk("invariance.3")
def rates_junk(learning_rate, kernel):
    return kernel.tolist()


@wrong("invariance.5", "shrinking in place of growing")
def growing_shrinks(learning_rate, decay, steps):
    return learning_rate * (1 - learning_rate * decay) ** (2 * np.arange(steps))


@wrong("invariance.5", "only once the power, w and not the gradient")
def growing_once(learning_rate, decay, steps):
    return learning_rate / (1 - learning_rate * decay) ** (np.arange(steps) + 1)


@wrong("invariance.5", "the step's own shrinking forgotten: 2t")
def growing_even(learning_rate, decay, steps):
    return learning_rate / (1 - learning_rate * decay) ** (2 * np.arange(steps))


@wrong("invariance.5", "alpha without the learning rate")
def growing_decay(learning_rate, decay, steps):
    return learning_rate / (1 - decay) ** (2 * np.arange(steps) + 1)


@wrong("invariance.5", "exponential as an approximation with the wrong sign of growth")
def growing_linear(learning_rate, decay, steps):
    return learning_rate * (1 + learning_rate * decay * (2 * np.arange(steps) + 1))


@right("invariance.5")
def growing_loop(learning_rate, decay, steps):
    alpha, rates = 1 - learning_rate * decay, []
    rate = learning_rate / alpha
    for _ in range(steps):
        rates.append(rate)
        rate /= alpha * alpha
    return np.array(rates)


@right("invariance.5")
def growing_log(learning_rate, decay, steps):
    return learning_rate * np.exp(-np.log1p(-learning_rate * decay) * np.arange(1, 2 * steps, 2))


@junk("invariance.5")
def growing_many(learning_rate, decay, steps):
    return [learning_rate] * (steps + 1)


wrong("invariance.6", "no notice: 1 and 1", (1.0, 1.0))
wrong("invariance.6", "variance times 0.1", (0.988, math.sqrt(0.004 / 0.005)))
wrong("invariance.6", "the variances, no root", (0.04 / 0.041, 0.0004 / 0.0014))
wrong("invariance.6", "the deviation of the input falls by ten, so does that of the output", (0.988, 0.0988))
wrong("invariance.6", "epsilon added to the deviation", (0.2 / 0.201, 0.02 / 0.021))
right("invariance.6", (0.988, 0.535))
right("invariance.6", [0.2 / math.sqrt(0.041), 0.02 / math.sqrt(0.0014)])
junk("invariance.6", (0.988,))

# ---------------------------------------------------------------------------------------------------------- layer

_convolutions = 9 * 8 + 9 * 8 * 16
wrong("layer.1", "four weights of each normalization trained", (_convolutions + 4 * 24 + 170, 0))
wrong("layer.1", "convolutions with biases", (_convolutions + 24 + 48 + 170, 48))
wrong("layer.1", "flatten in place of the mean", (_convolutions + 48 + 28 * 28 * 160 + 10, 48))
wrong("layer.1", "gamma and beta are not trained", (_convolutions + 170, 96))
wrong("layer.1", "a moving mean alone", (_convolutions + 48 + 170, 24))
right("layer.1", (1442, 48))
right("layer.1", np.array([1442.0, 48.0]))
junk("layer.1", [1442, 48, 1490])


@wrong("layer.2", "averages over axis")
def axis_over(x, axis, epsilon):
    return (x - x.mean(axis=axis, keepdims=True)) / np.sqrt(x.var(axis=axis, keepdims=True) + epsilon)


@wrong("layer.2", "negative axis not recognized")
def axis_negative(x, axis, epsilon):
    axes = tuple(a for a in range(x.ndim) if a != axis)
    return (x - x.mean(axis=axes, keepdims=True)) / np.sqrt(x.var(axis=axes, keepdims=True) + epsilon)


@wrong("layer.2", "keeps the batch as well")
def axis_keeps_batch(x, axis, epsilon):
    axes = tuple(a for a in range(1, x.ndim) if a != axis % x.ndim)
    return (x - x.mean(axis=axes, keepdims=True)) / np.sqrt(x.var(axis=axes, keepdims=True) + epsilon)


@wrong("layer.2", "channels always last")
def axis_last(x, axis, epsilon):
    axes = tuple(range(x.ndim - 1))
    return (x - x.mean(axis=axes)) / np.sqrt(x.var(axis=axes) + epsilon)


@wrong("layer.2", "moves the channels to the end and leaves them there")
def axis_moved(x, axis, epsilon):
    x = np.moveaxis(x, axis, -1)
    axes = tuple(range(x.ndim - 1))
    return (x - x.mean(axis=axes)) / np.sqrt(x.var(axis=axes) + epsilon)


@right("layer.2")
def axis_there_and_back(x, axis, epsilon):
    moved = np.swapaxes(x, axis, 0)
    rows = moved.reshape(len(moved), -1)
    rows = (rows - rows.mean(1, keepdims=True)) / np.sqrt(rows.var(1, keepdims=True) + epsilon)
    return np.swapaxes(rows.reshape(moved.shape), 0, axis)


@right("layer.2")
def axis_listed(x, axis, epsilon):
    axes = list(range(x.ndim))
    del axes[axis]
    away = x - x.mean(tuple(axes), keepdims=True)
    return away / ((away**2).mean(tuple(axes), keepdims=True) + epsilon) ** 0.5


@junk("layer.2")
def axis_string(x, axis, epsilon):
    return "x"


@wrong("layer.5", "the second statistics without ReLU")
def stale_no_relu(x, weights, old_mean, old_variance, epsilon=1e-3):
    mean, variance = x.mean(axis=0), x.var(axis=0)
    hidden = (x - mean) / np.sqrt(variance + epsilon) @ weights
    return mean, variance, hidden.mean(axis=0), hidden.var(axis=0)


@wrong("layer.5", "new mean, old variance")
def stale_variance(x, weights, old_mean, old_variance, epsilon=1e-3):
    mean, variance = x.mean(axis=0), x.var(axis=0)
    hidden = np.maximum((x - mean) / np.sqrt(old_variance + epsilon), 0) @ weights
    return mean, variance, hidden.mean(axis=0), hidden.var(axis=0)


@wrong("layer.5", "the raw inputs go on")
def stale_raw(x, weights, old_mean, old_variance, epsilon=1e-3):
    hidden = np.maximum(x, 0) @ weights
    return x.mean(axis=0), x.var(axis=0), hidden.mean(axis=0), hidden.var(axis=0)


@wrong("layer.5", "ReLU behind the dense layer")
def stale_relu_last(x, weights, old_mean, old_variance, epsilon=1e-3):
    mean, variance = x.mean(axis=0), x.var(axis=0)
    hidden = np.maximum((x - mean) / np.sqrt(variance + epsilon) @ weights, 0)
    return mean, variance, hidden.mean(axis=0), hidden.var(axis=0)


@wrong("layer.5", "epsilon forgotten")
def stale_epsilon(x, weights, old_mean, old_variance, epsilon=1e-3):
    mean, variance = x.mean(axis=0), x.var(axis=0)
    hidden = np.maximum((x - mean) / np.sqrt(variance), 0) @ weights
    return mean, variance, hidden.mean(axis=0), hidden.var(axis=0)


@right("layer.5")
def fresh_moments(x, weights, old_mean, old_variance, epsilon=1e-3):
    moments = []
    for w in (weights, None):
        moments += [x.mean(0), x.var(0)]
        if w is not None:
            x = np.clip((x - moments[0]) * (moments[1] + epsilon) ** -0.5, 0, None) @ w
    return tuple(moments)


@right("layer.5")
def fresh_list(x, weights, old_mean, old_variance, epsilon=1e-3):
    away = x - x.mean(0)
    active = away / np.sqrt((away**2).mean(0) + epsilon)
    active[active < 0] = 0
    out = np.dot(active, weights)
    return [x.mean(0), (away**2).mean(0), out.mean(0), ((out - out.mean(0)) ** 2).mean(0)]


@junk("layer.5")
def stale_nothing(x, weights, old_mean, old_variance, epsilon=1e-3):
    pass


wrong("layer.6", "the outputs rise too", (0.7, 0.7, 0.0))
wrong("layer.6", "the bias has a gradient like any other", (0.0, 0.7, 1.0))
wrong("layer.6", "the new mean, not its change", (0.0, 1.5 + 0.7, 0.0))
wrong("layer.6", "the outputs fall, since more is subtracted", (-0.7, 0.7, 0.0))
wrong("layer.6", "nothing changes at all", (0.0, 0.0, 0.0))
right("layer.6", [0, 0.7, 0])
right("layer.6", (0.7 - 0.7, np.float32(0.7), -0.0))
junk("layer.6", "none")

# -------------------------------------------------------------------------------------------------------- speedup


@wrong("speedup.1", "more than the target")
def reach_above(accuracy, evaluated, target):
    for a, s in zip(accuracy, evaluated, strict=True):
        if a > target:
            return float(s)
    return float("inf")


@wrong("speedup.1", "index of the evaluation")
def reach_index(accuracy, evaluated, target):
    reached = np.asarray(accuracy) >= target
    return float(np.argmax(reached)) if reached.any() else float("inf")


@wrong("speedup.1", "argmax without asking whether any reached it")
def reach_argmax(accuracy, evaluated, target):
    return float(evaluated[np.argmax(np.asarray(accuracy) >= target)])


@wrong("speedup.1", "searches as if accuracies were sorted")
def reach_sorted(accuracy, evaluated, target):
    i = np.searchsorted(accuracy, target)
    return float(evaluated[i]) if i < len(evaluated) else float("inf")


@wrong("speedup.1", "from where it stays above")
def reach_stays(accuracy, evaluated, target):
    below = np.flatnonzero(np.asarray(accuracy) < target)
    start = below[-1] + 1 if len(below) else 0
    return float(evaluated[start]) if start < len(evaluated) else float("inf")


@right("speedup.1")
def reach_next(accuracy, evaluated, target):
    return next((s for a, s in zip(accuracy, evaluated, strict=True) if not a < target), math.inf)


@right("speedup.1")
def reach_min(accuracy, evaluated, target):
    return np.where(np.asarray(accuracy) >= target, evaluated, np.inf).min()


@junk("speedup.1")
def reach_endless(accuracy, evaluated, target):
    return accuracy[len(accuracy)]


wrong("speedup.2", "time multiplied by 1.25", (3.0, 3 * 1.25))
wrong("speedup.2", "the quotients turned round", (1 / 3, 1 / 2.4))
wrong("speedup.2", "differences", (800, 1200 * 8 - 400 * 10))
wrong("speedup.2", "a quarter subtracted: 3 * 0.75", (3.0, 2.25))
wrong("speedup.2", "the same factor in time", (3.0, 3.0))
right("speedup.2", [3, 2.4])
right("speedup.2", (1200 / 400, 9600 / 4000))
junk("speedup.2", 3)


@wrong("speedup.3", "one seed is enough")
def highest_any(rates, accuracies, target):
    return rates[(accuracies >= target).any(axis=1)].max()


@wrong("speedup.3", "the mean of the seeds")
def highest_mean(rates, accuracies, target):
    return rates[accuracies.mean(axis=1) >= target].max()


@wrong("speedup.3", "stops at the first rate that fails")
def highest_until(rates, accuracies, target):
    best = rates[0]
    for rate, row in zip(rates, accuracies, strict=True):
        if row.min() < target:
            break
        best = rate
    return best


@wrong("speedup.3", "the rate of the best accuracy")
def highest_best(rates, accuracies, target):
    return rates[accuracies.min(axis=1).argmax()]


@wrong("speedup.3", "the index")
def highest_index(rates, accuracies, target):
    return np.flatnonzero((accuracies >= target).all(axis=1))[-1]


@right("speedup.3")
def highest_backward(rates, accuracies, target):
    for rate, row in zip(reversed(rates), reversed(accuracies), strict=True):
        if all(a >= target for a in row):
            return rate


@right("speedup.3")
def highest_where(rates, accuracies, target):
    return float(np.max(np.where(np.min(accuracies, axis=1) >= target, rates, -np.inf)))


@junk("speedup.3")
def highest_tuple(rates, accuracies, target):
    return rates, accuracies


wrong("speedup.4", "both against Inception", (31 / 13.3, 31 / 2.1))
wrong("speedup.4", "the last row", (31 / 13.3, 13.3 / 2.7))
wrong("speedup.4", "turned round", (13.3 / 31, 2.1 / 13.3))
wrong("speedup.4", "differences in millions", (31 - 13.3, 13.3 - 2.1))
wrong("speedup.4", "the rate's factor taken out", (31 / 13.3, 13.3 / 2.1 / 5))
right("speedup.4", (2.33, 6.33))
right("speedup.4", [310 / 133, 133 / 21])
junk("speedup.4", (14,))

# ------------------------------------------------------------------------------------------------------ landscape

wrong("landscape.2", "gradient grows with the weights", (18.0, 0.9, 0.9 * 18**2))
wrong("landscape.2", "rate times 3", (2.0, 0.3, 0.3 * 4))
wrong("landscape.2", "nothing changes", (6.0, 0.1, 3.6))
wrong("landscape.2", "promise with the length, not squared", (2.0, 0.9, 1.8))
wrong("landscape.2", "gradient over nine", (6 / 9, 0.9, 0.9 * (6 / 9) ** 2))
right("landscape.2", (2, 0.9, 3.6))
right("landscape.2", np.array([2.0, 0.9, 3.6]))
junk("landscape.2", [2])


@wrong("landscape.4", "moved without the gradient's length")
def smooth_rates(gradient, later, rates):
    return (np.linalg.norm(later - gradient, axis=1) / rates).max()


@wrong("landscape.4", "mean over the line")
def smooth_mean(gradient, later, rates):
    return (np.linalg.norm(later - gradient, axis=1) / (rates * np.linalg.norm(gradient))).mean()


@wrong("landscape.4", "difference of the lengths")
def smooth_lengths(gradient, later, rates):
    length = np.linalg.norm(gradient)
    return (np.abs(np.linalg.norm(later, axis=1) - length) / (rates * length)).max()


@wrong("landscape.4", "largest change over largest move")
def smooth_apart(gradient, later, rates):
    return np.linalg.norm(later - gradient, axis=1).max() / (rates * np.linalg.norm(gradient)).max()


@wrong("landscape.4", "between neighboring points")
def smooth_neighbors(gradient, later, rates):
    points = np.concatenate([gradient[None], later])
    changed = np.linalg.norm(np.diff(points, axis=0), axis=1)
    moved = np.diff(np.concatenate([[0.0], rates])) * np.linalg.norm(gradient)
    return (changed / np.abs(moved)).max()


@right("landscape.4")
def smooth_loop(gradient, later, rates):
    length = math.sqrt(sum(g * g for g in gradient))
    return max(
        math.sqrt(sum((after - g) ** 2 for after, g in zip(row, gradient, strict=True))) / (rate * length)
        for row, rate in zip(later, rates, strict=True)
    )


@right("landscape.4")
def smooth_squares(gradient, later, rates):
    quotient = ((gradient - later) ** 2).sum(1) / (rates**2 * (gradient @ gradient))
    return np.sqrt(quotient.max())


@junk("landscape.4")
def smooth_none(gradient, later, rates):
    return None


# ------------------------------------------------------------------------------------------------------- variants

wrong("variants.1", "layer norm: one for each image", (32, 8, 8, 64, 256))
wrong("variants.1", "eight groups: eight in all", (32, 8 * 196, 8, 8, 32))
wrong("variants.1", "batch: one for each place", (196 * 32, 8, 8, 64, 256))
wrong("variants.1", "group of eight channels: 32 / 8 groups", (32, 1568, 8, 8 * 4, 256))
wrong("variants.1", "mean and variance both counted", (64, 3136, 16, 128, 512))
right("variants.1", [32, 1568, 8, 64, 256])
right("variants.1", np.array([32, 1568, 8, 64, 256]))
junk("variants.1", (1, 2, 3))


@wrong("variants.3", "gamma in front, as in batch norm")
def ln_gamma_outside(dy, x_hat, inv_std, gamma):
    slope = (dy * x_hat).mean(axis=1, keepdims=True)
    return gamma * inv_std * (dy - dy.mean(axis=1, keepdims=True) - x_hat * slope)


@wrong("variants.3", "means over the batch")
def ln_batch(dy, x_hat, inv_std, gamma):
    d = dy * gamma
    return inv_std * (d - d.mean(axis=0) - x_hat * (d * x_hat).mean(axis=0))


@wrong("variants.3", "gamma forgotten")
def ln_no_gamma(dy, x_hat, inv_std, gamma):
    return inv_std * (dy - dy.mean(axis=1, keepdims=True) - x_hat * (dy * x_hat).mean(axis=1, keepdims=True))


@wrong("variants.3", "sums, not divided by C")
def ln_sums(dy, x_hat, inv_std, gamma):
    d = dy * gamma
    return inv_std * (d - d.sum(axis=1, keepdims=True) - x_hat * (d * x_hat).sum(axis=1, keepdims=True))


@wrong("variants.3", "gamma in the slope forgotten")
def ln_slope(dy, x_hat, inv_std, gamma):
    d = dy * gamma
    return inv_std * (d - d.mean(axis=1, keepdims=True) - x_hat * (dy * x_hat).mean(axis=1, keepdims=True))


@right("variants.3")
def ln_rows(dy, x_hat, inv_std, gamma):
    rows = []
    for g, h, r in zip(dy * gamma, x_hat, inv_std, strict=True):
        rows.append(r * (g - np.mean(g) - h * np.mean(g * h)))
    return np.array(rows)


@right("variants.3")
def ln_counted(dy, x_hat, inv_std, gamma):
    c, d = dy.shape[1], np.multiply(dy, gamma)
    level, slope = d.sum(1)[:, None], np.einsum("nc,nc->n", d, x_hat)[:, None]
    return (inv_std / c) * (c * d - level - x_hat * slope)


@junk("variants.3")
def ln_lambda(dy, x_hat, inv_std, gamma):
    return lambda: dy


@wrong("variants.5", "r limited to r_max alone")
def renorm_one_limit(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    std, moving_std = np.sqrt(x.var(axis=0) + epsilon), np.sqrt(moving_variance + epsilon)
    r = np.minimum(std / moving_std, r_max)
    d = np.clip((x.mean(axis=0) - moving_mean) / moving_std, -d_max, d_max)
    return (x - x.mean(axis=0)) / std * r + d


@wrong("variants.5", "d in the batch's deviations")
def renorm_d_batch(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    std, moving_std = np.sqrt(x.var(axis=0) + epsilon), np.sqrt(moving_variance + epsilon)
    r = np.clip(std / moving_std, 1 / r_max, r_max)
    d = np.clip((x.mean(axis=0) - moving_mean) / std, -d_max, d_max)
    return (x - x.mean(axis=0)) / std * r + d


@wrong("variants.5", "r turned round")
def renorm_turned(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    std, moving_std = np.sqrt(x.var(axis=0) + epsilon), np.sqrt(moving_variance + epsilon)
    r = np.clip(moving_std / std, 1 / r_max, r_max)
    d = np.clip((x.mean(axis=0) - moving_mean) / moving_std, -d_max, d_max)
    return (x - x.mean(axis=0)) / std * r + d


@wrong("variants.5", "limits forgotten")
def renorm_unlimited(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    return (x - moving_mean) / np.sqrt(moving_variance + epsilon)


@wrong("variants.5", "r from minus r_max")
def renorm_symmetric(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    std, moving_std = np.sqrt(x.var(axis=0) + epsilon), np.sqrt(moving_variance + epsilon)
    r = np.clip(std / moving_std, -r_max, r_max)
    d = np.clip((x.mean(axis=0) - moving_mean) / moving_std, -d_max, d_max)
    return (x - x.mean(axis=0)) / std * r + d


@right("variants.5")
def renorm_min_max(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    mu, s, m = x.mean(0), (x.var(0) + epsilon) ** 0.5, (moving_variance + epsilon) ** 0.5
    r = np.maximum(1 / r_max, np.minimum(r_max, s / m))
    d = np.maximum(-d_max, np.minimum(d_max, (mu - moving_mean) / m))
    return (x - mu) * (r / s) + d


@right("variants.5")
def renorm_log(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    away = x - x.mean(0)
    s, m = np.sqrt(np.mean(away**2, axis=0) + epsilon), np.sqrt(moving_variance + epsilon)
    r = np.exp(np.clip(np.log(s) - np.log(m), -np.log(r_max), np.log(r_max)))
    return away / s * r + ((x.mean(0) - moving_mean) / m).clip(-d_max, d_max)


@junk("variants.5")
def renorm_true(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    return True


wrong("variants.6", "alpha, not its square, adds", (1 + 10 * 0.2, math.sqrt(3)))
wrong("variants.6", "beta is the variance", (1.4, 1.4))
wrong("variants.6", "factors: 1.04 to the tenth", (1.04**10, 1.04**5))
wrong("variants.6", "eleven blocks for beta", (1.4, math.sqrt(1.44)))
wrong("variants.6", "the one of the start forgotten", (0.4, math.sqrt(0.4)))
right("variants.6", (1.4, 1.183))
right("variants.6", [7 / 5, 1.4**0.5])
junk("variants.6", 1.4j)

# -------------------------------------------------------------------------------------------------- small batches

wrong("small_batches.1", "distances, not normalized", (0.1, -49.9, 0.0))
wrong("small_batches.1", "signs swapped", (-1.0, 1.0, 0.0))
wrong("small_batches.1", "sample deviation", (math.sqrt(0.5), -math.sqrt(0.5), 0.0))
wrong("small_batches.1", "an outlier changes little: still 1", (1.0, 1.0, 0.0))
wrong("small_batches.1", "divided by the variance", (10.0, -1 / 49.9, 0.0))
right("small_batches.1", [1, -1, 0])
right("small_batches.1", np.array([1.0, -1.0, 0.0]))
junk("small_batches.1", (1, -1, "nan"))


@wrong("small_batches.2", "quotient turned round")
def effective_turned(values):
    return values.mean(axis=(1, 2)).var(axis=0) / values.var(axis=(0, 1, 2))


@wrong("small_batches.2", "number of values")
def effective_all(values):
    return np.full(values.shape[-1], float(values.shape[1] * values.shape[2]))


@wrong("small_batches.2", "deviations in place of variances")
def effective_std(values):
    return values.std(axis=(0, 1, 2)) / values.mean(axis=(1, 2)).std(axis=0)


@wrong("small_batches.2", "variance within images alone")
def effective_within(values):
    return values.var(axis=(1, 2)).mean(axis=0) / values.mean(axis=(1, 2)).var(axis=0)


@wrong("small_batches.2", "one number for all channels")
def effective_one(values):
    return values.var() / values.mean(axis=(1, 2)).var()


@right("small_batches.2")
def effective_channels(values):
    result = []
    for c in range(values.shape[-1]):
        channel = values[..., c].reshape(len(values), -1)
        result.append(channel.var() / channel.mean(axis=1).var())
    return np.array(result)


@right("small_batches.2")
def effective_squares(values):
    away = values - values.mean(axis=(0, 1, 2))
    return (away**2).mean(axis=(0, 1, 2)) / (away.mean(axis=(1, 2)) ** 2).mean(axis=0)


@junk("small_batches.2")
def effective_recursive(values):
    return effective_recursive(values)


# ---------------------------------------------------------------------------------------------------------- speed

wrong("speed.1", "one reading and writing for each line", (5, 5))
wrong("speed.1", "each line reads what it names once", (5, 4))
wrong("speed.1", "square and sum in one", (6, 4))
wrong("speed.1", "writes of the sums counted too", (7, 7))
wrong("speed.1", "gamma and beta in one go", (6, 4 + 0))
right("speed.1", [7, 5])
right("speed.1", (7.0, np.int8(5)))
junk("speed.1", (7, 5, 12))

_bytes = 128 * 32 * 32 * 64 * 4
wrong("speed.2", "seconds", (8 * _bytes / 20e9, 4 * _bytes / 20e9))
wrong("speed.2", "numbers, not bytes", (8 * _bytes / 4 / 20e9 * 1e3, 8 * _bytes / 8 / 20e9 * 1e3))
wrong("speed.2", "bits in place of bytes", (64 * _bytes / 20e9 * 1e3, 32 * _bytes / 20e9 * 1e3))
wrong("speed.2", "one pass", (_bytes / 20e9 * 1e3, _bytes / 2 / 20e9 * 1e3))
wrong("speed.2", "readings and writings each: sixteen passes", (16 * _bytes / 20e9 * 1e3, 8 * _bytes / 20e9 * 1e3))
right("speed.2", (13.42, 6.71))
right("speed.2", [8 * _bytes / 20e6, 4 * _bytes / 20e6])
junk("speed.2", "13 ms")


@wrong("speed.3", "center not added")
def sums_no_center(total, squares, center, m):
    return total / m, squares / m - (total / m) ** 2


@wrong("speed.3", "center subtracted from the variance")
def sums_center_squared(total, squares, center, m):
    mean = center + total / m
    return mean, squares / m - mean**2


@wrong("speed.3", "squares as the variance")
def sums_squares(total, squares, center, m):
    return center + total / m, squares / m


@wrong("speed.3", "not divided")
def sums_not_divided(total, squares, center, m):
    return center + total / m, squares - total**2 / m


@wrong("speed.3", "unbiased")
def sums_unbiased(total, squares, center, m):
    return center + total / m, (squares - total**2 / m) / (m - 1)


@right("speed.3")
def sums_common(total, squares, center, m):
    return (total + m * center) / m, (squares - total * total / m) / m


@right("speed.3")
def sums_stack(total, squares, center, m):
    return np.stack([center + total / m, (m * squares - total**2) / m**2])


@junk("speed.3")
def sums_divide_by_zero(total, squares, center, m):
    return 1 / 0


# ----------------------------------------------------------------------------------------------------- deployment

wrong("deployment.1", "divided by the variance", (2 * 6 / 4, (1 - 10) * 6 / 4 + 5))
wrong("deployment.1", "bias not scaled", (6.0, 1 - 30 + 5))
wrong("deployment.1", "mean forgotten", (6.0, 3 + 5))
wrong("deployment.1", "beta scaled", (6.0, (1 - 10 + 5) * 3))
wrong("deployment.1", "weight not scaled", (2.0, -22.0))
right("deployment.1", (6, -22))
right("deployment.1", np.array([6.0, -22.0]))
junk("deployment.1", [[6], [-22], [0]])


@wrong("deployment.5", "as behind the convolution")
def front_behind(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = gamma / np.sqrt(variance + epsilon)
    return kernel * scale[:, None], bias + beta.sum() - (mean * scale).sum()


@wrong("deployment.5", "the shift forgotten")
def front_no_shift(kernel, bias, gamma, beta, mean, variance, epsilon):
    return kernel * (gamma / np.sqrt(variance + epsilon))[:, None], bias


@wrong("deployment.5", "shift through the scaled kernel")
def front_scaled_twice(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = gamma / np.sqrt(variance + epsilon)
    kernel = kernel * scale[:, None]
    return kernel, bias + np.einsum("hwcf,c->f", kernel, beta - mean * scale)


@wrong("deployment.5", "the shift counted at one place of the kernel: mean over places")
def front_mean(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = gamma / np.sqrt(variance + epsilon)
    return kernel * scale[:, None], bias + (beta - mean * scale) @ kernel.mean(axis=(0, 1))


@wrong("deployment.5", "epsilon outside the root")
def front_epsilon(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = gamma / (np.sqrt(variance) + epsilon)
    return kernel * scale[:, None], bias + (beta - mean * scale) @ kernel.sum(axis=(0, 1))


@right("deployment.5")
def front_einsum(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = gamma * (variance + epsilon) ** -0.5
    return np.einsum("hwcf,c->hwcf", kernel, scale), bias + np.einsum("hwcf,c->f", kernel, beta - mean * scale)


@right("deployment.5")
def front_loop(kernel, bias, gamma, beta, mean, variance, epsilon):
    folded, new = kernel.astype(float).copy(), bias.astype(float).copy()
    for c in range(kernel.shape[2]):
        scale = gamma[c] / math.sqrt(variance[c] + epsilon)
        folded[:, :, c] = kernel[:, :, c] * scale
        new += (beta[c] - mean[c] * scale) * kernel[:, :, c].sum(axis=(0, 1))
    return folded, new


@junk("deployment.5")
def front_dict(kernel, bias, gamma, beta, mean, variance, epsilon):
    return {"kernel": kernel}


wrong("deployment.6", "each filter a step of its own", (127, 127))
wrong("deployment.6", "B alone scaled", (79, round(0.1 / (0.8 / 127))))
wrong("deployment.6", "A alone scaled", (79, round(0.5 / (8 / 127))))
wrong("deployment.6", "nothing changes by folding", (79, 79))
wrong("deployment.6", "multiplied by the scale: a fifth", (79, 79 // 5))
right("deployment.6", (79, 2))
right("deployment.6", [79.0, 2.0])
junk("deployment.6", (79, None))

# ---------------------------------------------------------------------------------------------------- distributed

wrong("distributed.1", "mean of the means", (4.0, 0.5))
wrong("distributed.1", "the means' distances forgotten", (3.0, 0.75))
wrong("distributed.1", "distances not weighted", (3.0, 0.75 + (1 + 9) / 2))
wrong("distributed.1", "divided by three", (3.0, 15 / 3))
wrong("distributed.1", "standard deviation", (3.0, math.sqrt(3.75)))
right("distributed.1", [3, 3.75])
right("distributed.1", (12 / 4, 15 / 4))
junk("distributed.1", (3, [3.75, 1]))


@wrong("distributed.2", "weights the variances, distances forgotten")
def sync_within(x, all_reduce):
    n = all_reduce(len(x))
    return all_reduce(x.sum(axis=0)) / n, all_reduce(x.var(axis=0) * len(x)) / n


@wrong("distributed.2", "around its own mean")
def sync_own_mean(x, all_reduce):
    n = all_reduce(len(x))
    mean = all_reduce(x.sum(axis=0)) / n
    return mean, all_reduce(((x - x.mean(axis=0)) ** 2).sum(axis=0)) / n


@wrong("distributed.2", "the sum not divided by all counts, but by its own")
def sync_own_count(x, all_reduce):
    mean = all_reduce(x.sum(axis=0)) / len(x)
    return mean, all_reduce((x**2).sum(axis=0)) / len(x) - mean**2


@wrong("distributed.2", "mean of the squares forgotten to center")
def sync_squares(x, all_reduce):
    n = all_reduce(len(x))
    return all_reduce(x.sum(axis=0)) / n, all_reduce((x**2).sum(axis=0)) / n


@wrong("distributed.2", "square of the sum")
def sync_square_of_sum(x, all_reduce):
    n = all_reduce(len(x))
    mean = all_reduce(x.sum(axis=0)) / n
    return mean, all_reduce((x - mean).sum(axis=0)) ** 2 / n


@right("distributed.2")
def sync_one(x, all_reduce):
    total = all_reduce(np.stack([np.full(x.shape[1], float(len(x))), x.sum(axis=0), (x**2).sum(axis=0)]))
    mean = total[1] / total[0]
    return mean, total[2] / total[0] - mean**2


@right("distributed.2")
def sync_parts(x, all_reduce):
    n, own = all_reduce(len(x)), x.mean(axis=0)
    mean = all_reduce(len(x) * own) / n
    return mean, all_reduce(len(x) * (x.var(axis=0) + (own - mean) ** 2)) / n


@junk("distributed.2")
def sync_calls(x, all_reduce):
    return all_reduce


wrong("distributed.6", "four times 0.6", (2.4, 0.15))
wrong("distributed.6", "one step: 0.6 is left", (0.6, 0.6))
wrong("distributed.6", "momentum to the fourth", (0.6**4, 0.6**4))
wrong("distributed.6", "the new share divided by four", (0.6**4, 1 - 0.4 / 4))
wrong("distributed.6", "what is new, not what is left", (1 - 0.6**4, 0.6**0.25))
right("distributed.6", (0.13, 0.88))
right("distributed.6", [0.1296, math.sqrt(math.sqrt(0.6))])
junk("distributed.6", ())

# --------------------------------------------------------------------------------------------------------- clinic


@wrong("clinic.1", "only the first image")
def matter_first(predict, images):
    return bool(np.abs(predict(images)[0] - predict(images[:1])[0]).max() > 1e-3)


@wrong("clinic.1", "signed difference")
def matter_signed(predict, images):
    alone = np.concatenate([predict(image[None]) for image in images])
    return bool((predict(images) - alone).max() > 1e-3)


@wrong("clinic.1", "rounding counts")
def matter_exact(predict, images):
    alone = np.concatenate([predict(image[None]) for image in images])
    return not np.array_equal(predict(images), alone)


@wrong("clinic.1", "in the mean")
def matter_mean(predict, images):
    alone = np.concatenate([predict(image[None]) for image in images])
    return bool(np.abs(predict(images) - alone).mean() > 1e-3)


@wrong("clinic.1", "another order of the same batch")
def matter_order(predict, images):
    return bool(np.abs(predict(images) - predict(images[::-1])[::-1]).max() > 1e-3)


@right("clinic.1")
def matter_any(predict, images):
    together = predict(images)
    return any(np.max(np.abs(row - predict(images[i : i + 1])[0])) > 1e-3 for i, row in enumerate(together))


@right("clinic.1")
def matter_close(predict, images):
    alone = np.stack([np.asarray(predict(image[np.newaxis]))[0] for image in images])
    return not np.allclose(predict(images), alone, rtol=0, atol=1e-3)


@junk("clinic.1")
def matter_array(predict, images):
    return predict(images) > 0


_epochs = math.ceil(math.log(0.01) / math.log(0.99) / 8)
wrong("clinic.2", "one step an epoch", (0.99**5, 459))
wrong("clinic.2", "steps in place of epochs", (0.99**40, 459))
wrong("clinic.2", "the share that is new", (1 - 0.99**40, _epochs))
wrong("clinic.2", "64 steps an epoch: images, not batches", (0.99**320, math.ceil(458.2 / 64)))
wrong("clinic.2", "linear: a percent is lost each step", (1 - 40 * 0.01, math.ceil(99 / 8)))
right("clinic.2", (0.669, 58))
right("clinic.2", [0.99**40, 58.0])
junk("clinic.2", (0.669, "58 epochs"))

wrong("clinic.5", "the variance falls: half of it", (1.0, math.sqrt(2)))
wrong("clinic.5", "variance over 1 - p alone", (4.0, math.sqrt(0.5)))
wrong("clinic.5", "second moment, the mean not subtracted", (6.0, math.sqrt(1 / 3)))
wrong("clinic.5", "variance in place of the deviation", (5.0, 0.4))
wrong("clinic.5", "quotient turned round", (5.0, math.sqrt(2.5)))
right("clinic.5", (5, 0.632))
right("clinic.5", [5.0, math.sqrt(0.4)])
junk("clinic.5", (5, True, 2))

# ------------------------------------------------------------------------------------------------------ capstones

wrong("capstone_mend.7", "C by the statistics that do not fit", (4, 6, 4, 5, 2, 3))
wrong("capstone_mend.7", "two swapped: B and D", (4, 5, 1, 6, 2, 3))
wrong("capstone_mend.7", "A and F swapped: both by moving statistics", (3, 6, 1, 5, 2, 4))
wrong("capstone_mend.7", "letters of the models in the order of the tests", (3, 5, 6, 1, 4, 2))
wrong("capstone_mend.7", "counted from 0", (3, 5, 0, 4, 1, 2))
right("capstone_mend.7", [4, 6, 1, 5, 2, 3])
right("capstone_mend.7", np.array([4, 6, 1, 5, 2, 3]))
junk("capstone_mend.7", "461523?")


@wrong("capstone_network.4", "moving statistics updated in inference too")
def decide_always(x, gamma, beta, moving, training, momentum=0.99):
    y, batch, _ = batchnorm(x, gamma, beta)
    if not training:
        y = batchnorm_inference(x, gamma, beta, moving)
    return y, *update_moving(moving, batch, momentum=momentum)


@wrong("capstone_network.4", "batch statistics returned in training")
def decide_batch(x, gamma, beta, moving, training, momentum=0.99):
    if not training:
        return batchnorm_inference(x, gamma, beta, moving), *moving
    y, batch, _ = batchnorm(x, gamma, beta)
    return y, *batch


@wrong("capstone_network.4", "momentum is the weight of the new")
def decide_torch(x, gamma, beta, moving, training, momentum=0.99):
    if not training:
        return batchnorm_inference(x, gamma, beta, moving), *moving
    y, batch, _ = batchnorm(x, gamma, beta)
    return y, *update_moving(moving, batch, momentum=1 - momentum)


@wrong("capstone_network.4", "moving statistics normalize, updated first, in training")
def decide_moving(x, gamma, beta, moving, training, momentum=0.99):
    if training:
        _, batch, _ = batchnorm(x, gamma, beta)
        moving = update_moving(moving, batch, momentum=momentum)
    return batchnorm_inference(x, gamma, beta, moving), *moving


@wrong("capstone_network.4", "the momentum not handed on")
def decide_default(x, gamma, beta, moving, training, momentum=0.99):
    if not training:
        return batchnorm_inference(x, gamma, beta, moving), *moving
    y, batch, _ = batchnorm(x, gamma, beta)
    return y, *update_moving(moving, batch)


@right("capstone_network.4")
def decide_numpy(x, gamma, beta, moving, training, momentum=0.99):
    mean, variance = moving
    if training:
        axes = tuple(range(x.ndim - 1))
        mean, variance = x.mean(axis=axes), x.var(axis=axes)
    y = gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta
    keep = momentum
    return y, keep * moving[0] + (1 - keep) * mean, keep * moving[1] + (1 - keep) * variance


@right("capstone_network.4")
def decide_early(x, gamma, beta, moving, training, momentum=0.99):
    old_mean, old_variance = moving.mean, moving.variance
    if not training:
        return [(x - old_mean) / (old_variance + 1e-3) ** 0.5 * gamma + beta, old_mean, old_variance]
    rows = x.reshape(-1, x.shape[-1])
    mean, variance = rows.mean(0), rows.var(0)
    y = ((rows - mean) / (variance + 1e-3) ** 0.5 * gamma + beta).reshape(x.shape)
    return [y, old_mean - (1 - momentum) * (old_mean - mean), old_variance + (1 - momentum) * (variance - old_variance)]


@junk("capstone_network.4")
def decide_moments(x, gamma, beta, moving, training, momentum=0.99):
    return moving
