"""More answers of somebody who saw the tasks alone: chapters 8 to 16 and the clinic's capstone."""

import math
import statistics

import numpy as np
from answers import junk, right, wrong

# layer.1: 8 * 9 + 16 + 16 * 72 + 32 + 170 learned, 16 + 32 moving
wrong("layer.1", "gamma and beta among the non-trainable", (72 + 1152 + 170, 96))
wrong("layer.1", "with biases of the convolutions", (72 + 8 + 16 + 1152 + 16 + 32 + 170, 48))
wrong("layer.1", "all four of batch norm are trained", (72 + 32 + 1152 + 64 + 170, 0))
wrong("layer.1", "input channels of the second convolution forgotten", (72 + 16 + 144 + 32 + 170, 48))
wrong("layer.1", "a dense layer on all positions", (72 + 16 + 1152 + 32 + 28 * 28 * 16 * 10 + 10, 48))
right("layer.1", [1442, 48])
right("layer.1", np.array([1442, 48], dtype=np.int32))
junk("layer.1", "1442 + 48")


# layer.2
@wrong("layer.2", "over that axis alone")
def standardize(x, axis, epsilon):
    return (x - x.mean(axis=axis, keepdims=True)) / np.sqrt(x.var(axis=axis, keepdims=True) + epsilon)


@wrong("layer.2", "negative axes never match")
def standardize(x, axis, epsilon):
    axes = tuple(i for i in range(x.ndim) if i != axis)
    return (x - x.mean(axis=axes, keepdims=True)) / np.sqrt(x.var(axis=axes, keepdims=True) + epsilon)


@wrong("layer.2", "the first axis always kept")
def standardize(x, axis, epsilon):
    axes = tuple(i for i in range(1, x.ndim) if i != axis % x.ndim)
    return (x - x.mean(axis=axes, keepdims=True)) / np.sqrt(x.var(axis=axes, keepdims=True) + epsilon)


@wrong("layer.2", "moved to the end and left there")
def standardize(x, axis, epsilon):
    x = np.moveaxis(x, axis, -1)
    axes = tuple(range(x.ndim - 1))
    return (x - x.mean(axis=axes)) / np.sqrt(x.var(axis=axes) + epsilon)


@wrong("layer.2", "brought to the end by a reshape")
def standardize(x, axis, epsilon):
    flat = x.reshape(-1, x.shape[axis])
    return ((flat - flat.mean(axis=0)) / np.sqrt(flat.var(axis=0) + epsilon)).reshape(x.shape)


@right("layer.2")
def standardize(x, axis, epsilon):
    result = np.array(x, dtype=float)
    for k in range(x.shape[axis]):
        index = [slice(None)] * x.ndim
        index[axis] = k
        part = result[tuple(index)]
        result[tuple(index)] = (part - np.mean(part)) / math.sqrt(np.var(part) + epsilon)
    return result


@right("layer.2")
def standardize(x, axis, eps):
    import tensorflow as tf

    axes = sorted(set(range(x.ndim)) - {axis % x.ndim})
    mean, variance = tf.nn.moments(tf.constant(x), axes, keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + eps)


junk("layer.2", lambda x, axis, epsilon: x.mean())

# layer.6
wrong("layer.6", "the layer hands it on", (0.7, 0.7, 0))
wrong("layer.6", "the mean is what it was", (0, 0, 0))
wrong("layer.6", "a gradient of one", (0, 0.7, 1))
wrong("layer.6", "the new mean for its change", (0, 2.2, 0))
wrong("layer.6", "the gradient is the change", (0, 0.7, 0.7))
right("layer.6", (0.0, np.float64(0.7), 0))
right("layer.6", [0, 2.2 - 1.5, 0])
junk("layer.6", ("nothing", 0.7, "zero"))


# speedup.1
@wrong("speedup.1", "strictly above")
def steps_to(accuracy, evaluated, target):
    for a, step in zip(accuracy, evaluated, strict=True):
        if a > target:
            return step
    return float("inf")


@wrong("speedup.1", "argmax without asking whether any")
def steps_to(accuracy, evaluated, target):
    return evaluated[np.argmax(np.asarray(accuracy) >= target)]


@wrong("speedup.1", "the index")
def steps_to(accuracy, evaluated, target):
    hits = np.flatnonzero(np.asarray(accuracy) >= target)
    return hits[0] if len(hits) else float("inf")


@wrong("speedup.1", "from where it stays above")
def steps_to(accuracy, evaluated, target):
    answer = float("inf")
    for a, step in zip(accuracy[::-1], evaluated[::-1], strict=True):
        if a < target:
            break
        answer = step
    return answer


@wrong("speedup.1", "how many evaluations were below")
def steps_to(accuracy, evaluated, target):
    below = (np.asarray(accuracy) < target).sum()
    return evaluated[below] if below < len(evaluated) else float("inf")


@right("speedup.1")
def steps_to(accuracy, evaluated, target):
    return min((step for a, step in zip(accuracy, evaluated, strict=True) if a >= target), default=math.inf)


@right("speedup.1")
def steps_to(acc, steps, goal):
    return np.min(np.where(np.asarray(acc) >= goal, steps, np.inf))


junk("speedup.1", lambda accuracy, evaluated, target: "never")


# speedup.3
@wrong("speedup.3", "the mean over seeds")
def highest_rate(rates, accuracies, target):
    return rates[np.flatnonzero(accuracies.mean(axis=1) >= target)[-1]]


@wrong("speedup.3", "any seed")
def highest_rate(rates, accuracies, target):
    return max(rate for rate, row in zip(rates, accuracies, strict=True) if max(row) >= target)


@wrong("speedup.3", "stops at the first that fails")
def highest_rate(rates, accuracies, target):
    best = None
    for rate, row in zip(rates, accuracies, strict=True):
        if row.min() < target:
            break
        best = rate
    return best


@wrong("speedup.3", "the best rate")
def highest_rate(rates, accuracies, target):
    return rates[np.argmax(accuracies.min(axis=1))]


@wrong("speedup.3", "the lowest rate that works")
def highest_rate(rates, accuracies, target):
    return rates[np.argmax((accuracies >= target).all(axis=1))]


@right("speedup.3")
def highest_rate(rates, accuracies, target):
    for rate, row in reversed(list(zip(rates, accuracies, strict=True))):
        if not any(a < target for a in row):
            return float(rate)
    return None


@right("speedup.3")
def highest_rate(rates, accuracies, target):
    return np.asarray(rates)[np.prod(np.asarray(accuracies) >= target, axis=1) == 1].max()


junk("speedup.3", lambda rates, accuracies, target: accuracies)

# speedup.4
wrong("speedup.4", "the second from the start", (31 / 13.3, 31 / 2.1))
wrong("speedup.4", "BN-x30 for BN-x5", (31 / 13.3, 13.3 / 2.7))
wrong("speedup.4", "shares, not factors", (13.3 / 31, 2.1 / 13.3))
wrong("speedup.4", "differences in millions", (17.7, 11.2))
wrong("speedup.4", "fourteen split evenly", (math.sqrt(14), math.sqrt(14)))
right("speedup.4", (2.33, 6.33))
right("speedup.4", [np.float32(31 / 13.3), np.float32(13.3 / 2.1)])
junk("speedup.4", {2.33, 6.33})

# landscape.2
wrong("landscape.2", "all three times as long", (18, 0.3, 0.1 * 36 * 27))
wrong("landscape.2", "a third, and the rate as it was", (2, 0.1, 0.4))
wrong("landscape.2", "the rate three times", (2, 0.3, 1.2))
wrong("landscape.2", "the gradient a ninth", (6 / 9, 0.9, 3.6))
wrong("landscape.2", "the promise without the square", (2, 0.9, 1.8))
right("landscape.2", (2.0, 0.9, 3.6))
right("landscape.2", np.array([6 / 3, 0.1 * 9, 0.9 * 4]))
junk("landscape.2", (2, 0.9))


# landscape.4
@wrong("landscape.4", "the rate alone for the distance")
def smoothness(gradient, later, rates):
    return np.max(np.linalg.norm(later - gradient, axis=1) / rates)


@wrong("landscape.4", "the difference of the lengths")
def smoothness(gradient, later, rates):
    length = np.linalg.norm(gradient)
    return np.max(np.abs(np.linalg.norm(later, axis=1) - length) / (rates * length))


@wrong("landscape.4", "neighboring points")
def smoothness(gradient, later, rates):
    points = np.vstack([gradient, later])
    distances = np.diff(np.concatenate([[0], rates])) * np.linalg.norm(gradient)
    return np.max(np.linalg.norm(np.diff(points, axis=0), axis=1) / distances)


@wrong("landscape.4", "largest change by largest distance")
def smoothness(gradient, later, rates):
    change = np.linalg.norm(later - gradient, axis=1)
    return change.max() / (rates.max() * np.linalg.norm(gradient))


@wrong("landscape.4", "the lengths of the later gradients for the distance")
def smoothness(gradient, later, rates):
    return np.max(np.linalg.norm(later - gradient, axis=1) / (rates * np.linalg.norm(later, axis=1)))


@right("landscape.4")
def smoothness(gradient, later, rates):
    g = math.sqrt(sum(v * v for v in gradient))
    return max(math.dist(p, gradient) / (eta * g) for p, eta in zip(later, rates, strict=True))


@right("landscape.4")
def smoothness(g, later, rates):
    change = np.sqrt(((np.asarray(later) - g) ** 2).sum(-1))
    step = np.sqrt(((np.outer(rates, g)) ** 2).sum(-1))
    return np.float64((change / step).max())


junk("landscape.4", lambda gradient, later, rates: later)


# landscape.5
@wrong("landscape.5", "scaled about zero")
def disturb(x, scale, shift):
    return x * scale + shift * x.std(axis=0)


@wrong("landscape.5", "shift in plain units")
def disturb(x, scale, shift):
    return (x - x.mean(axis=0)) * scale + x.mean(axis=0) + shift


@wrong("landscape.5", "the mean not put back")
def disturb(x, scale, shift):
    return (x - x.mean(axis=0)) * scale + shift * x.std(axis=0)


@wrong("landscape.5", "shift scaled, too")
def disturb(x, scale, shift):
    mean, std = x.mean(axis=0), x.std(axis=0)
    return ((x - mean) + shift * std) * scale + mean


@wrong("landscape.5", "one mean and deviation for all channels")
def disturb(x, scale, shift):
    return (x - x.mean()) * scale + x.mean() + shift * x.std()


@right("landscape.5")
def disturb(x, scale, shift):
    mean, std = x.mean(axis=0), x.std(axis=0)
    normalized = (x - mean) / std
    return std * (scale * normalized + shift) + mean


@right("landscape.5")
def disturb(x, scale, shift):
    columns = []
    for column, a, b in zip(x.T, scale, shift, strict=True):
        mean = statistics.fmean(column)
        columns.append([mean + a * (v - mean) + b * statistics.pstdev(column, mean) for v in column])
    return np.transpose(columns).tolist()


junk("landscape.5", lambda x, scale, shift: scale)


# variants.2
@wrong("variants.2", "neighboring positions, not channels")
def group_normalize(x, groups, epsilon=1e-3):
    n, h, w, c = x.shape
    grouped = x.reshape(n, groups, h * w * c // groups)
    mean, variance = grouped.mean(axis=-1, keepdims=True), grouped.var(axis=-1, keepdims=True)
    return ((grouped - mean) / np.sqrt(variance + epsilon)).reshape(x.shape)


@wrong("variants.2", "groups taken round robin")
def group_normalize(x, groups, epsilon=1e-3):
    n, h, w, c = x.shape
    grouped = x.reshape(n, h, w, c // groups, groups)
    mean, variance = grouped.mean(axis=(1, 2, 3), keepdims=True), grouped.var(axis=(1, 2, 3), keepdims=True)
    return ((grouped - mean) / np.sqrt(variance + epsilon)).reshape(x.shape)


@wrong("variants.2", "groups is the size of a group")
def group_normalize(x, groups, epsilon=1e-3):
    n, h, w, c = x.shape
    grouped = x.reshape(n, h, w, c // groups, groups)
    mean, variance = grouped.mean(axis=(1, 2, 4), keepdims=True), grouped.var(axis=(1, 2, 4), keepdims=True)
    return ((grouped - mean) / np.sqrt(variance + epsilon)).reshape(x.shape)


@wrong("variants.2", "each position for itself")
def group_normalize(x, groups, epsilon=1e-3):
    grouped = x.reshape(*x.shape[:3], groups, -1)
    mean, variance = grouped.mean(axis=-1, keepdims=True), grouped.var(axis=-1, keepdims=True)
    return ((grouped - mean) / np.sqrt(variance + epsilon)).reshape(x.shape)


@wrong("variants.2", "transposed, and not back")
def group_normalize(x, groups, epsilon=1e-3):
    grouped = x.transpose(0, 3, 1, 2).reshape(len(x), groups, -1)
    mean, variance = grouped.mean(axis=2, keepdims=True), grouped.var(axis=2, keepdims=True)
    return ((grouped - mean) / np.sqrt(variance + epsilon)).reshape(x.shape)


@right("variants.2")
def group_normalize(x, groups, epsilon=1e-3):
    parts = np.split(x, groups, axis=-1)
    axes = (1, 2, 3)
    return np.concatenate(
        [(p - p.mean(axes, keepdims=True)) / np.sqrt(p.var(axes, keepdims=True) + epsilon) for p in parts], axis=-1
    )


@right("variants.2")
def group_normalize(x, groups, epsilon=1e-3):
    import keras

    layer = keras.layers.GroupNormalization(groups, epsilon=epsilon, center=False, scale=False, dtype="float64")
    return layer(x)


junk("variants.2", lambda x, groups, epsilon=1e-3: x.reshape(groups, -1))


# variants.3
@wrong("variants.3", "gamma outside the means")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    mean = dy.mean(axis=1, keepdims=True)
    slope = (dy * x_hat).mean(axis=1, keepdims=True)
    return gamma * inv_std * (dy - mean - x_hat * slope)


@wrong("variants.3", "over the batch")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    g = dy * gamma
    return inv_std * (g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0))


@wrong("variants.3", "sums for means")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    g = dy * gamma
    return inv_std * (g - g.sum(axis=1, keepdims=True) - x_hat * (g * x_hat).sum(axis=1, keepdims=True))


@wrong("variants.3", "gamma in the first mean alone")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    g = dy * gamma
    slope = (dy * x_hat).mean(axis=1, keepdims=True)
    return inv_std * (g - g.mean(axis=1, keepdims=True) - x_hat * slope)


@wrong("variants.3", "the statistics taken for constants")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    return dy * gamma * inv_std


@right("variants.3")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    n, c = dy.shape
    rows = []
    for i in range(n):
        jacobian = (np.eye(c) - 1 / c - np.outer(x_hat[i], x_hat[i]) / c) * inv_std[i]
        rows.append(jacobian @ (gamma * dy[i]))
    return np.stack(rows)


@right("variants.3")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    g = np.einsum("nc,c->nc", dy, gamma)
    c = g.shape[-1]
    slope = np.einsum("nc,nc->n", g, x_hat)[:, np.newaxis]
    return inv_std / c * (c * g - np.sum(g, axis=-1, keepdims=True) - x_hat * slope)


junk("variants.3", lambda dy, x_hat, inv_std, gamma: gamma)

# variants.6
wrong("variants.6", "variances multiply", (1.04**10, math.sqrt(1.04**10)))
wrong("variants.6", "alpha not squared", (3.0, math.sqrt(3)))
wrong("variants.6", "the variance for beta", (1.4, 1.4))
wrong("variants.6", "deviations add up", (9.0, 3.0))
wrong("variants.6", "beta of the tenth block", (1.4, math.sqrt(1.36)))
right("variants.6", (1.4, 1.183))
right("variants.6", np.array([1.4, 1.4**0.5]))
junk("variants.6", "1.4")

# small_batches.1
wrong("small_batches.1", "the value less the mean", (0.1, -49.9, 0))
wrong("small_batches.1", "the unbiased deviation", (1 / math.sqrt(2), -1 / math.sqrt(2), 0))
wrong("small_batches.1", "the sign forgotten", (1, 1, 0))
wrong("small_batches.1", "divided by zero", (1, -1, float("nan")))
wrong("small_batches.1", "the first image", (-1, 1, 0))
right("small_batches.1", [1.0, -1.0, 0.0])
right("small_batches.1", np.array([1, -1, 0], dtype=np.float32))
junk("small_batches.1", (1, -1, "epsilon"))


# small_batches.2
@wrong("small_batches.2", "the root forgotten: a ratio of deviations")
def effective_number(values):
    return values.std(axis=(0, 1, 2)) / values.mean(axis=(1, 2)).std(axis=0)


@wrong("small_batches.2", "the variance within an image over that of the means")
def effective_number(values):
    return values.var(axis=(1, 2)).mean(axis=0) / values.mean(axis=(1, 2)).var(axis=0)


@wrong("small_batches.2", "turned round")
def effective_number(values):
    return values.mean(axis=(1, 2)).var(axis=0) / values.var(axis=(0, 1, 2))


@wrong("small_batches.2", "all channels together")
def effective_number(values):
    return np.full(values.shape[-1], values.var() / values.mean(axis=(1, 2)).var())


@wrong("small_batches.2", "the unbiased variance of the means")
def effective_number(values):
    return values.var(axis=(0, 1, 2)) / values.mean(axis=(1, 2)).var(axis=0, ddof=1)


@right("small_batches.2")
def effective_number(values):
    answer = []
    for c in range(values.shape[3]):
        channel = values[..., c].reshape(len(values), -1)
        answer.append(statistics.pvariance(channel.ravel()) / statistics.pvariance([row.mean() for row in channel]))
    return answer


@right("small_batches.2")
def effective_number(values):
    import tensorflow as tf

    values = tf.constant(values)
    total = tf.math.reduce_variance(values, axis=[0, 1, 2])
    return total / tf.math.reduce_variance(tf.reduce_mean(values, axis=[1, 2]), axis=0)


junk("small_batches.2", lambda values: values.shape[1] * values.shape[2])


# small_batches.5
@wrong("small_batches.5", "the variance mended, the mean weighted by snapshots")
def averaged(snapshots, images):
    weights = snapshots.mean(axis=0)
    outputs = images @ snapshots
    return weights, outputs.mean(axis=(0, 1)), outputs.var(axis=(0, 1))


@wrong("small_batches.5", "the last snapshot's statistics")
def averaged(snapshots, images):
    outputs = images @ snapshots[-1]
    return snapshots.mean(axis=0), outputs.mean(axis=0), outputs.var(axis=0)


@wrong("small_batches.5", "the outputs' average, one variance for all")
def averaged(snapshots, images):
    weights = snapshots.mean(axis=0)
    outputs = images @ weights
    return weights, outputs.mean(axis=0), np.full(outputs.shape[1], outputs.var())


@wrong("small_batches.5", "the deviation returned")
def averaged(snapshots, images):
    weights = snapshots.mean(axis=0)
    outputs = images @ weights
    return weights, outputs.mean(axis=0), outputs.std(axis=0)


@wrong("small_batches.5", "the variance of the images")
def averaged(snapshots, images):
    weights = snapshots.mean(axis=0)
    return weights, images.mean(axis=0) @ weights, images.var(axis=0) @ weights**2


@right("small_batches.5")
def averaged(snapshots, images):
    weights = sum(snapshots) / len(snapshots)
    centered = images - images.mean(axis=0)
    covariance = centered.T @ centered / len(images)
    return weights, images.mean(axis=0) @ weights, np.einsum("dc,de,ec->c", weights, covariance, weights)


@right("small_batches.5")
def averaged(snapshots, images):
    outputs = np.mean([images @ w for w in snapshots], axis=0)
    return [np.average(snapshots, axis=0), np.average(outputs, axis=0), np.std(outputs, axis=0) ** 2]


junk("small_batches.5", lambda snapshots, images: snapshots)

# speed.2: 128 * 32 * 32 * 64 * 8 passes / 20e9 bytes a second
wrong("speed.2", "one pass", (1.678, 0.839))
wrong("speed.2", "readings and writings each at 20", (13.42 / 2, 6.71 / 2))
wrong("speed.2", "numbers, not bytes", (3.355, 3.355))
wrong("speed.2", "seconds", (0.01342, 0.00671))
wrong("speed.2", "bits for bytes", (13.42 * 8, 6.71 * 8))
right("speed.2", (13.4, 6.71))
right("speed.2", np.array([4, 2]) * 8 * 128 * 32 * 32 * 64 / 20e6)
junk("speed.2", ("13.4 ms", "6.7 ms"))


# speed.3
@wrong("speed.3", "the center not added")
def moments_of_sums(total, squares, center, m):
    mean = total / m
    return mean, squares / m - mean**2


@wrong("speed.3", "the variance about the center")
def moments_of_sums(total, squares, center, m):
    return center + total / m, squares / m


@wrong("speed.3", "the center in the mean's square")
def moments_of_sums(total, squares, center, m):
    mean = center + total / m
    return mean, squares / m - mean**2


@wrong("speed.3", "unbiased")
def moments_of_sums(total, squares, center, m):
    return center + total / m, (squares - total**2 / m) / (m - 1)


@wrong("speed.3", "center times m")
def moments_of_sums(total, squares, center, m):
    return (total + center) / m, squares / m - (total / m) ** 2


@right("speed.3")
def moments_of_sums(total, squares, center, m):
    shift = np.asarray(total) / m
    return [center + shift, (np.asarray(squares) - m * shift**2) / m]


@right("speed.3")
def moments_of_sums(s, q, c, m):
    means = [ci + si / m for ci, si in zip(c, s, strict=True)]
    return means, [qi / m - (si / m) ** 2 for qi, si in zip(q, s, strict=True)]


junk("speed.3", lambda total, squares, center, m: m)


# speed.4
@wrong("speed.4", "the ratio of the medians")
def slowdown(ours, theirs):
    return np.median(ours[1:]) / np.median(theirs[1:])


@wrong("speed.4", "the first round kept")
def slowdown(ours, theirs):
    return np.median(np.asarray(ours) / np.asarray(theirs))


@wrong("speed.4", "the mean of the ratios")
def slowdown(ours, theirs):
    return np.mean(np.asarray(ours)[1:] / np.asarray(theirs)[1:])


@wrong("speed.4", "theirs by ours")
def slowdown(ours, theirs):
    return np.median(np.asarray(theirs)[1:] / np.asarray(ours)[1:])


@wrong("speed.4", "the last round left out")
def slowdown(ours, theirs):
    return np.median(np.asarray(ours)[:-1] / np.asarray(theirs)[:-1])


@right("speed.4")
def slowdown(ours, theirs):
    return statistics.median(a / b for a, b in list(zip(ours, theirs, strict=True))[1:])


@right("speed.4")
def slowdown(ours, theirs):
    return (
        1 / np.percentile(np.divide(theirs, ours)[1:], 50)
        if len(ours) % 2 == 0
        else np.quantile(np.divide(ours, theirs)[1:], 0.5)
    )


junk("speed.4", lambda ours, theirs: (ours, theirs))


# deployment.2
@wrong("deployment.2", "the bias scaled, the axes as they were")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = gamma / np.sqrt(variance + epsilon)
    return weight * scale[:, None, None], (bias - mean) * scale + beta


@wrong("deployment.2", "the axes mended, the bias as it was")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = gamma / np.sqrt(variance + epsilon)
    return weight * scale[:, None, None, None], bias - mean * scale + beta


@wrong("deployment.2", "plus the mean")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = gamma / np.sqrt(variance + epsilon)
    return weight * scale[:, None, None, None], (bias + mean) * scale + beta


@wrong("deployment.2", "Keras's order")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = gamma / np.sqrt(variance + epsilon)
    kernel = weight.transpose(2, 3, 1, 0) * scale
    return kernel, (bias - mean) * scale + beta


@wrong("deployment.2", "beta scaled")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = gamma / np.sqrt(variance + epsilon)
    return weight * scale.reshape(-1, 1, 1, 1), (bias - mean + beta) * scale


@right("deployment.2")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = gamma * (variance + epsilon) ** -0.5
    return (weight.T * scale).T, beta + scale * bias - scale * mean


@right("deployment.2")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    std = np.sqrt(variance + epsilon)
    kernels = [w * g / s for w, g, s in zip(weight, gamma, std, strict=True)]
    return np.array(kernels), [(b - m) * g / s + t for b, m, g, s, t in zip(bias, mean, gamma, std, beta, strict=True)]


junk("deployment.2", lambda weight, bias, gamma, beta, mean, variance, epsilon=1e-5: weight)


# deployment.5
@wrong("deployment.5", "behind the convolution")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = np.resize(gamma / np.sqrt(variance + epsilon), kernel.shape[-1])
    return kernel * scale, bias + np.resize(beta - mean * gamma / np.sqrt(variance + epsilon), kernel.shape[-1])


@wrong("deployment.5", "the shift by the scaled kernel")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = gamma / np.sqrt(variance + epsilon)
    kernel = kernel * scale[:, None]
    return kernel, bias + np.einsum("hwcf,c->f", kernel, beta - mean * scale)


@wrong("deployment.5", "the shift by the center of the kernel alone")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = gamma / np.sqrt(variance + epsilon)
    h, w = kernel.shape[:2]
    return kernel * scale[:, None], bias + (beta - mean * scale) @ kernel[h // 2, w // 2]


@wrong("deployment.5", "the bias left as it is")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    return kernel * (gamma / np.sqrt(variance + epsilon))[:, None], bias


@wrong("deployment.5", "beta forgotten")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = gamma / np.sqrt(variance + epsilon)
    return kernel * scale[:, None], bias - np.einsum("hwcf,c->f", kernel, mean * scale)


@right("deployment.5")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = gamma / np.sqrt(variance + epsilon)
    shift = beta - mean * scale
    folded, out = np.zeros_like(kernel), np.array(bias, dtype=float)
    for c in range(kernel.shape[2]):
        folded[:, :, c] = scale[c] * kernel[:, :, c]
        out += shift[c] * kernel[:, :, c].sum(axis=(0, 1))
    return folded, out


@right("deployment.5")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, eps):
    scale = (gamma / np.sqrt(variance + eps)).reshape(1, 1, -1, 1)
    shift = beta.reshape(1, 1, -1, 1) - mean.reshape(1, 1, -1, 1) * scale
    return [scale * kernel, bias + np.sum(shift * kernel, axis=(0, 1, 2))]


junk("deployment.5", lambda kernel, bias, gamma, beta, mean, variance, epsilon: (kernel, None))

# deployment.6: A 0.8 and 8, B 0.5 and 0.1
wrong("deployment.6", "each filter with a step of its own", (127, 127))
wrong("deployment.6", "rounded down", (79, 1))
wrong("deployment.6", "B multiplied, A not", (79, 16))
wrong("deployment.6", "with 255 steps", (159, 3))
wrong("deployment.6", "divided by the scale", (79, 127))
right("deployment.6", (79.0, 2.0))
right("deployment.6", np.round(127 * np.array([0.5 / 0.8, 0.1 / 8])))
junk("deployment.6", (79,))

# distributed.1
wrong("distributed.1", "means of means", (4, 0.5))
wrong("distributed.1", "weighted variances alone", (3, 0.75))
wrong("distributed.1", "variance of the means", (3, 3))
wrong("distributed.1", "unbiased", (3, 5))
wrong("distributed.1", "the variance of means unweighted, added", (3, 4.75))
right("distributed.1", [3.0, 3.75])
right("distributed.1", (np.int64(3), np.float32(15 / 4)))
junk("distributed.1", (3, 3.75, 4))


# distributed.3
@wrong("distributed.3", "sums over all, divided by the own number")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    mean_dy = all_reduce(dy.sum(axis=0)) / len(dy)
    mean_dy_x_hat = all_reduce((dy * x_hat).sum(axis=0)) / len(dy)
    return gamma * inv_std * (dy - mean_dy - x_hat * mean_dy_x_hat)


@wrong("distributed.3", "the mean of the replicas' means")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    replicas = all_reduce(1)
    mean_dy = all_reduce(dy.mean(axis=0)) / replicas
    mean_dy_x_hat = all_reduce((dy * x_hat).mean(axis=0)) / replicas
    return gamma * inv_std * (dy - mean_dy - x_hat * mean_dy_x_hat)


@wrong("distributed.3", "the first mean alone")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    mean_dy = all_reduce(dy.sum(axis=0)) / all_reduce(len(dy))
    return gamma * inv_std * (dy - mean_dy - x_hat * (dy * x_hat).mean(axis=0))


@wrong("distributed.3", "the own sums by the number of all")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    m = all_reduce(len(dy))
    dx = dy - dy.sum(axis=0) / m - x_hat * (dy * x_hat).sum(axis=0) / m
    return gamma * inv_std * dx


@wrong("distributed.3", "sums without division")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    return gamma * inv_std * (dy - all_reduce(dy.sum(axis=0)) - x_hat * all_reduce((dy * x_hat).sum(axis=0)))


@right("distributed.3")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    sums = all_reduce(np.stack([dy.sum(axis=0), (dy * x_hat).sum(axis=0), np.full(dy.shape[1], float(len(dy)))]))
    mean_dy, slope = sums[:2] / sums[2]
    return (dy - mean_dy - slope * x_hat) * (gamma * inv_std)


@right("distributed.3")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    m = all_reduce(np.array([dy.shape[0]]))
    dgamma, dbeta = all_reduce(np.einsum("nc,nc->c", dy, x_hat)), all_reduce(dy.T @ np.ones(len(dy)))
    return gamma * inv_std / m * (m * dy - dbeta - x_hat * dgamma)


junk("distributed.3", lambda dy, x_hat, inv_std, gamma, all_reduce: all_reduce)


# distributed.4
@wrong("distributed.4", "the sum by the replicas")
def replica_loss(losses, global_batch, replicas):
    return losses.sum() / replicas


@wrong("distributed.4", "the mean by the global batch")
def replica_loss(losses, global_batch, replicas):
    return losses.mean() / global_batch if len(losses) else 0.0


@wrong("distributed.4", "an empty shard caught, unequal ones not")
def replica_loss(losses, global_batch, replicas):
    return losses.mean() / replicas if len(losses) else 0.0


@wrong("distributed.4", "the plain sum")
def replica_loss(losses, global_batch, replicas):
    return np.sum(losses)


@wrong("distributed.4", "right, but a mean for an empty shard")
def replica_loss(losses, global_batch, replicas):
    return losses.mean() * len(losses) / global_batch


@right("distributed.4")
def replica_loss(losses, global_batch, replicas):
    return math.fsum(losses) / global_batch


@right("distributed.4")
def replica_loss(losses, global_batch, replicas):
    total = 0
    for loss in losses:
        total += loss / global_batch
    return total


junk("distributed.4", lambda losses, global_batch, replicas: [])


# clinic.1
@wrong("clinic.1", "the first image alone")
def companions_matter(predict, images):
    return bool(np.abs(predict(images)[0] - predict(images[:1])[0]).max() > 1e-3)


@wrong("clinic.1", "turned round")
def companions_matter(predict, images):
    alone = np.concatenate([predict(images[i : i + 1]) for i in range(len(images))])
    return np.allclose(predict(images), alone, atol=1e-3)


@wrong("clinic.1", "the mean of the differences")
def companions_matter(predict, images):
    alone = np.concatenate([predict(images[i : i + 1]) for i in range(len(images))])
    return np.mean(np.abs(predict(images) - alone)) > 1e-3


@wrong("clinic.1", "signed differences")
def companions_matter(predict, images):
    alone = np.vstack([predict(image[None]) for image in images])
    return (predict(images) - alone).max() > 1e-3


@wrong("clinic.1", "in pairs, in place of alone")
def companions_matter(predict, images):
    batch = predict(images)
    return any(np.abs(predict(images[i : i + 2])[0] - batch[i]).max() > 1e-3 for i in range(len(images) - 1))


@right("clinic.1")
def companions_matter(predict, images):
    together = np.asarray(predict(images))
    for row, image in zip(together, images, strict=True):
        (alone,) = np.asarray(predict(np.expand_dims(image, 0)))
        if np.max(np.abs(row - alone)) > 1e-3:
            return True
    return False


@right("clinic.1")
def companions_matter(predict, images):
    alone = np.concatenate([predict(part) for part in np.split(images, len(images))])
    return not np.allclose(predict(images), alone, rtol=0, atol=1e-3)


junk("clinic.1", lambda predict, images: predict(images))


# clinic.3
@wrong("clinic.3", "the mean over channels")
def misfit(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return np.mean(np.abs(batch_mean - moving_mean) / np.sqrt(moving_variance + epsilon))


@wrong("clinic.3", "the batch's deviation")
def misfit(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return np.median(np.abs(batch_mean - moving_mean) / np.sqrt(batch_variance + epsilon))


@wrong("clinic.3", "the median of the distance by that of the deviation")
def misfit(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return np.median(np.abs(batch_mean - moving_mean)) / np.median(np.sqrt(moving_variance + epsilon))


@wrong("clinic.3", "signed, made positive at the end")
def misfit(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return abs(np.median((batch_mean - moving_mean) / np.sqrt(moving_variance + epsilon)))


@wrong("clinic.3", "no root")
def misfit(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return np.median(np.abs(batch_mean - moving_mean) / (moving_variance + epsilon))


@right("clinic.3")
def misfit(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    pairs = zip(moving_mean, moving_variance, batch_mean, strict=True)
    return statistics.median(abs(b - m) / math.sqrt(v + epsilon) for m, v, b in pairs)


@right("clinic.3")
def misfit(mm, mv, bm, bv, eps):
    return np.quantile(np.sqrt((bm - mm) ** 2 / (mv + eps)), 0.5)


junk("clinic.3", lambda moving_mean, moving_variance, batch_mean, batch_variance, epsilon: moving_mean)

# clinic.5: E[x^2] = 3, behind dropout 6, less 1: 5
wrong("clinic.5", "the variance doubles", (4, math.sqrt(0.5)))
wrong("clinic.5", "the mean forgotten", (6, math.sqrt(2 / 6)))
wrong("clinic.5", "dropout leaves it as it is", (2, 1))
wrong("clinic.5", "a ratio of variances", (5, 2 / 5))
wrong("clinic.5", "turned round", (5, math.sqrt(5 / 2)))
right("clinic.5", (5.0, 0.632))
right("clinic.5", np.array([5, np.sqrt(0.4)]))
junk("clinic.5", "5 and 0.63")


# capstone_mend.3
@wrong("capstone_mend.3", "the label read")
def kept_share(norm, x):
    return norm.momentum


@wrong("capstone_mend.3", "the share of the new one")
def kept_share(norm, x):
    norm.moving_mean.assign(np.zeros(norm.moving_mean.shape))
    norm(x, training=True)
    axes = tuple(range(x.ndim - 1))
    return float(np.median(np.array(norm.moving_mean) / np.asarray(x).mean(axis=axes)))


@wrong("capstone_mend.3", "called without training")
def kept_share(norm, x):
    norm.moving_mean.assign(np.full(norm.moving_mean.shape, 1e6))
    norm(x)
    return float(np.mean(norm.moving_mean) / 1e6)


@wrong("capstone_mend.3", "the new by the old moving mean, as it stands")
def kept_share(norm, x):
    before = np.array(norm.moving_mean)
    norm(x, training=True)
    return float(np.mean(np.array(norm.moving_mean) / (before + 1e-9)))


@wrong("capstone_mend.3", "starts from ones, the batch's mean not taken away")
def kept_share(norm, x):
    norm.moving_mean.assign(np.ones(norm.moving_mean.shape))
    norm(x, training=True)
    return float(np.mean(norm.moving_mean))


@right("capstone_mend.3")
def kept_share(norm, x):
    norm.moving_mean.assign(np.full(norm.moving_mean.shape, 1e6))
    norm(x, training=True)
    first = np.array(norm.moving_mean, dtype=np.float64)
    norm.moving_mean.assign(np.full(norm.moving_mean.shape, -1e6))
    norm(x, training=True)
    return float(((first - np.array(norm.moving_mean, dtype=np.float64)) / 2e6).mean())


@right("capstone_mend.3")
def kept_share(norm, x):
    import tensorflow as tf

    norm.moving_mean.assign(tf.zeros_like(norm.moving_mean))
    norm(x, training=True)
    low = tf.identity(norm.moving_mean)
    norm.moving_mean.assign(tf.ones_like(norm.moving_mean) * 1000.0)
    norm(x, training=True)
    return tf.reduce_mean(norm.moving_mean - low) / 1000.0


junk("capstone_mend.3", lambda norm, x: norm.moving_mean)


# capstone_mend.5
@wrong("capstone_mend.5", "added to all channels")
def notices_a_shift(norm, x):
    return bool(np.abs(np.array(norm(x + 5, training=True)) - np.array(norm(x, training=True))).max() > 0.01)


@wrong("capstone_mend.5", "inference mode")
def notices_a_shift(norm, x):
    moved = np.array(x)
    moved[..., 0] += 5
    return bool(np.abs(np.array(norm(moved)) - np.array(norm(x))).max() > 0.01)


@wrong("capstone_mend.5", "the mean of the change")
def notices_a_shift(norm, x):
    moved = np.array(x)
    moved[..., 0] += 5
    return bool(abs(float(np.mean(np.array(norm(moved, training=True)) - np.array(norm(x, training=True))))) > 0.01)


@wrong("capstone_mend.5", "the first row in place of the channel")
def notices_a_shift(norm, x):
    moved = np.array(x)
    moved[0] += 5
    return bool(np.abs(np.array(norm(moved, training=True)) - np.array(norm(x, training=True))).max() > 0.01)


@wrong("capstone_mend.5", "changes x itself, so both are the same")
def notices_a_shift(norm, x):
    moved = x
    moved[..., 0] += 5
    return bool(np.abs(np.array(norm(moved, training=True)) - np.array(norm(x, training=True))).max() > 0.01)


@right("capstone_mend.5")
def notices_a_shift(norm, x):
    shift = np.zeros(x.shape[-1], dtype="float32")
    shift[-1] = 5
    before, after = norm(x, training=True), norm(x + shift, training=True)
    return not np.allclose(before, after, rtol=0, atol=0.01)


@right("capstone_mend.5")
def notices_a_shift(norm, x):
    import tensorflow as tf

    shift = 5.0 * tf.one_hot(0, x.shape[-1])
    change = tf.abs(norm(x + shift, training=True) - norm(x, training=True))
    return tf.reduce_max(change) > 0.01


junk("capstone_mend.5", lambda norm, x: "sometimes")

# capstone_mend.7: A 4, B 6, C 1, D 5, E 2, F 3
wrong("capstone_mend.7", "the later test where two fire", (4, 6, 4, 6, 2, 3))
wrong("capstone_mend.7", "in the order of the tests", (1, 2, 3, 4, 5, 6))
wrong("capstone_mend.7", "turned round: the model of each test", ("C", "E", "F", "A", "D", "B"))
wrong("capstone_mend.7", "B and D exchanged", (4, 5, 1, 6, 2, 3))
wrong("capstone_mend.7", "A's momentum suspected", (3, 6, 1, 5, 2, 3))
right("capstone_mend.7", [4, 6, 1, 5, 2, 3])
right("capstone_mend.7", np.array([4, 6, 1, 5, 2, 3]))
junk("capstone_mend.7", "461523 perhaps")


# --- a second round: the exercises that were left, and two mistakes at once ---


# layer.3
@wrong("layer.3", "training=False said loudly")
def train_step(model, images, labels, learning_rate):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        logits = model(images, training=False)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    weights = model.trainable_variables
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        weight.assign_sub(learning_rate * gradient)
    return loss


@wrong("layer.3", "a call in training mode beside the tape's")
def train_step(model, images, labels, learning_rate):
    import tensorflow as tf

    model(images, training=True)
    with tf.GradientTape() as tape:
        logits = model(images)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    weights = model.trainable_variables
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        weight.assign_sub(learning_rate * gradient)
    return loss


@wrong("layer.3", "twice in training mode")
def train_step(model, images, labels, learning_rate):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        logits = model(images, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    weights = model.trainable_variables
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        weight.assign_sub(learning_rate * gradient)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, model(images, training=True)))


@wrong("layer.3", "the sum of the losses")
def train_step(model, images, labels, learning_rate):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        logits = model(images, training=True)
        loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    weights = model.trainable_variables
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        weight.assign_sub(learning_rate * gradient)
    return loss


@right("layer.3")
def train_step(model, images, labels, learning_rate):
    import keras
    import tensorflow as tf

    with tf.GradientTape() as tape:
        logits = model(images, training=True)
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True))
    keras.optimizers.SGD(learning_rate).apply_gradients(
        zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=True)
    )
    return float(loss)


# layer.5
@wrong("layer.5", "new mean, old variance")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    mean1, variance1 = x.mean(axis=0), x.var(axis=0)
    hidden = np.maximum((x - mean1) / np.sqrt(old_variance + epsilon), 0) @ weights
    return mean1, variance1, hidden.mean(axis=0), hidden.var(axis=0)


@wrong("layer.5", "no ReLU any more")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    mean1, variance1 = x.mean(axis=0), x.var(axis=0)
    hidden = (x - mean1) / np.sqrt(variance1 + epsilon) @ weights
    return mean1, variance1, hidden.mean(axis=0), hidden.var(axis=0)


@wrong("layer.5", "behind the ReLU, before the weights")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    mean1, variance1 = x.mean(axis=0), x.var(axis=0)
    hidden = np.maximum((x - mean1) / np.sqrt(variance1 + epsilon), 0)
    return mean1, variance1, hidden.mean(axis=0), hidden.var(axis=0)


@wrong("layer.5", "a mix of old and new")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    mean1 = 0.9 * old_mean + 0.1 * x.mean(axis=0)
    variance1 = 0.9 * old_variance + 0.1 * x.var(axis=0)
    hidden = np.maximum((x - mean1) / np.sqrt(variance1 + epsilon), 0) @ weights
    return mean1, variance1, hidden.mean(axis=0), hidden.var(axis=0)


@right("layer.5")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    first = np.average(x, axis=0), np.cov(x, rowvar=False, bias=True).diagonal()
    hidden = ((x - first[0]) / (first[1] + epsilon) ** 0.5).clip(min=0).dot(weights)
    return (*first, hidden.mean(0), hidden.std(0) ** 2)


# speedup.2: 3 times fewer steps, 2.4 times less time
wrong("speedup.2", "time turned round", (3, 1 / 2.4))
wrong("speedup.2", "the steps' cost multiplied in", (3, 3.75))
wrong("speedup.2", "differences in steps and seconds", (800, 5.6))
wrong("speedup.2", "shares saved", (2 / 3, 1 - 1 / 2.4))
wrong("speedup.2", "time alone from one step", (3, 0.8))
wrong("speedup.2", "both the other way", (1 / 3, 5 / 12))
right("speedup.2", (1200 / 400, 9.6 / 4))


# landscape.3
@wrong("landscape.3", "sums over the filters")
def filter_normalized(direction, kernel):
    axes = (0, 1, 3)
    return direction * np.sqrt((kernel**2).sum(axis=axes, keepdims=True) / (direction**2).sum(axis=axes, keepdims=True))


@wrong("landscape.3", "no root")
def filter_normalized(direction, kernel):
    return direction * (kernel**2).sum(axis=(0, 1, 2)) / (direction**2).sum(axis=(0, 1, 2))


@wrong("landscape.3", "each weight by itself")
def filter_normalized(direction, kernel):
    return direction * np.abs(kernel) / np.abs(direction)


@wrong("landscape.3", "the kernel's filters, the direction as a whole")
def filter_normalized(direction, kernel):
    return direction * np.sqrt((kernel**2).sum(axis=(0, 1, 2)) / (direction**2).sum())


@wrong("landscape.3", "positions apart")
def filter_normalized(direction, kernel):
    return direction * np.linalg.norm(kernel, axis=2, keepdims=True) / np.linalg.norm(direction, axis=2, keepdims=True)


@right("landscape.3")
def filter_normalized(direction, kernel):
    out = np.empty_like(direction)
    for f in range(kernel.shape[3]):
        out[..., f] = direction[..., f] / np.linalg.norm(direction[..., f]) * np.linalg.norm(kernel[..., f])
    return out


# variants.1
wrong("variants.1", "as many as there are channels", (32, 32, 1, 8, 32))
wrong("variants.1", "values in each mean", (1568, 32, 6272, 784, 196))
wrong("variants.1", "layer norm over each image", (32, 8, 8, 64, 256))
wrong("variants.1", "the examples forgotten in groups", (32, 1568, 1, 8, 256))
wrong("variants.1", "positions of layer norm without the examples", (32, 196, 8, 64, 256))
wrong("variants.1", "channels a group", (32, 1568, 8, 32, 256))
right("variants.1", np.array([32, 1568, 8, 64, 256]))


# variants.5
@wrong("variants.5", "r and d with the batch's deviation below")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    mean, std = x.mean(axis=0), np.sqrt(x.var(axis=0) + epsilon)
    moving = np.sqrt(moving_variance + epsilon)
    r = np.clip(moving / std, 1 / r_max, r_max)
    d = np.clip((mean - moving_mean) / std, -d_max, d_max)
    return (x - mean) / std * r + d


@wrong("variants.5", "limits from 0")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    mean, std = x.mean(axis=0), np.sqrt(x.var(axis=0) + epsilon)
    moving = np.sqrt(moving_variance + epsilon)
    r = np.clip(std / moving, 0, r_max)
    d = np.clip((mean - moving_mean) / moving, 0, d_max)
    return (x - mean) / std * r + d


@wrong("variants.5", "from -r_max")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    mean, std = x.mean(axis=0), np.sqrt(x.var(axis=0) + epsilon)
    moving = np.sqrt(moving_variance + epsilon)
    r = np.clip(std / moving, -r_max, r_max)
    d = np.clip((mean - moving_mean) / moving, -d_max, d_max)
    return (x - mean) / std * r + d


@wrong("variants.5", "no epsilon in the moving deviation")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    mean, std = x.mean(axis=0), np.sqrt(x.var(axis=0) + epsilon)
    moving = np.sqrt(moving_variance)
    r = np.clip(std / moving, 1 / r_max, r_max)
    d = np.clip((mean - moving_mean) / moving, -d_max, d_max)
    return (x - mean) / std * r + d


@wrong("variants.5", "variances in r")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    mean, std = x.mean(axis=0), np.sqrt(x.var(axis=0) + epsilon)
    moving = np.sqrt(moving_variance + epsilon)
    r = np.clip(std**2 / moving**2, 1 / r_max, r_max)
    d = np.clip((mean - moving_mean) / moving, -d_max, d_max)
    return (x - mean) / std * r + d


@wrong("variants.5", "one limit for all channels")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    mean, std = x.mean(axis=0), np.sqrt(x.var(axis=0) + epsilon)
    moving = np.sqrt(moving_variance + epsilon)
    r = min(max((std / moving).max(), 1 / r_max), r_max)
    d = min(max(((mean - moving_mean) / moving).max(), -d_max), d_max)
    return (x - mean) / std * r + d


@right("variants.5")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    columns = []
    for column, m, v in zip(x.T, moving_mean, moving_variance, strict=True):
        s, t = math.sqrt(column.var() + epsilon), math.sqrt(v + epsilon)
        r = min(max(s / t, 1 / r_max), r_max)
        d = min(max((column.mean() - m) / t, -d_max), d_max)
        columns.append((column - column.mean()) / s * r + d)
    return np.column_stack(columns)


# small_batches.3
@wrong("small_batches.3", "every so many rows apart")
def ghost_normalize(x, ghost, epsilon=1e-3):
    parts = x.reshape(ghost, -1, x.shape[1])
    return ((parts - parts.mean(0)) / np.sqrt(parts.var(0) + epsilon)).reshape(x.shape)


@wrong("small_batches.3", "ghost is how many there are")
def ghost_normalize(x, ghost, epsilon=1e-3):
    return np.concatenate([(p - p.mean(0)) / np.sqrt(p.var(0) + epsilon) for p in np.split(x, ghost)])


@wrong("small_batches.3", "the first ghost alone")
def ghost_normalize(x, ghost, epsilon=1e-3):
    first = x[:ghost]
    return (x - first.mean(0)) / np.sqrt(first.var(0) + epsilon)


@wrong("small_batches.3", "the means of the ghosts, the variance of all")
def ghost_normalize(x, ghost, epsilon=1e-3):
    parts = x.reshape(-1, ghost, x.shape[1])
    return ((parts - parts.mean(1, keepdims=True)) / np.sqrt(x.var(0) + epsilon)).reshape(x.shape)


@wrong("small_batches.3", "statistics averaged over the ghosts")
def ghost_normalize(x, ghost, epsilon=1e-3):
    parts = x.reshape(-1, ghost, x.shape[1])
    return (x - parts.mean(1).mean(0)) / np.sqrt(parts.var(1).mean(0) + epsilon)


@right("small_batches.3")
def ghost_normalize(x, ghost, epsilon=1e-3):
    out = x.astype(float)
    for start in range(0, len(x), ghost):
        rows = out[start : start + ghost]
        rows -= rows.mean(axis=0)
        rows /= np.sqrt((rows**2).mean(axis=0) + epsilon)
    return out


# speed.1
for reads, writes in ((5, 5), (6, 4), (5, 4), (8, 5), (6, 6), (4, 3)):
    wrong("speed.1", f"{reads} and {writes}", (reads, writes))


# speed.5
wrong(
    "speed.5",
    "times m / (m - 1)",
    lambda variance, shape: variance * math.prod(shape[:-1]) / (math.prod(shape[:-1]) - 1),
)
wrong("speed.5", "the batch alone", lambda variance, shape: variance * (shape[0] - 1) / shape[0])
wrong("speed.5", "everything", lambda variance, shape: variance * (math.prod(shape) - 1) / math.prod(shape))
wrong("speed.5", "divided by m", lambda variance, shape: variance / math.prod(shape[:-1]))
wrong("speed.5", "the positions alone", lambda variance, shape: variance * (1 - 1 / (shape[1] * shape[2])))
right("speed.5", lambda v, s: v - v / np.prod(s[:3]))

# deployment.1: weight 6, bias (1 - 10) * 3 + 5 = -22
wrong("deployment.1", "divided by the variance", (3, 1.5 * -9 + 5))
wrong("deployment.1", "the bias not scaled", (6, 1 - 30 + 5))
wrong("deployment.1", "the bias kept beside", (6, -24))
wrong("deployment.1", "beta first", (6, (1 - 10 + 5) * 3))
wrong("deployment.1", "weight times mean", (6, 5 - 60))
wrong("deployment.1", "the shift alone, the weight by gamma", (12, -25))
right("deployment.1", (np.float32(6), -22))


# deployment.4
@wrong("deployment.4", "(M, C) in place of (C, M)")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = gamma / np.sqrt(variance + epsilon)
    c, m = kernel.shape[2:]
    return kernel * scale.reshape(m, c).T, (bias - mean) * scale + beta


@wrong("deployment.4", "the first channels' scales alone")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = gamma / np.sqrt(variance + epsilon)
    return kernel * scale[: kernel.shape[3]], (bias - mean) * scale + beta


@wrong("deployment.4", "a scale averaged over M")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = gamma / np.sqrt(variance + epsilon)
    c, m = kernel.shape[2:]
    return kernel * scale.reshape(c, m).mean(axis=1, keepdims=True), (bias - mean) * scale + beta


@wrong("deployment.4", "flat kernel")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = gamma / np.sqrt(variance + epsilon)
    return kernel.reshape(*kernel.shape[:2], -1) * scale, (bias - mean) * scale + beta


@wrong("deployment.4", "the bias added outside of the scale")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = gamma / np.sqrt(variance + epsilon)
    return kernel * scale.reshape(kernel.shape[2:]), bias + beta - mean * scale


@right("deployment.4")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    h, w, c, m = kernel.shape
    scale = gamma / np.sqrt(variance + epsilon)
    folded = np.zeros(kernel.shape)
    for i in range(c):
        for j in range(m):
            folded[:, :, i, j] = kernel[:, :, i, j] * scale[i * m + j]
    return folded, [s * (b - u) + t for s, b, u, t in zip(scale, bias, mean, beta, strict=True)]


# distributed.2
@wrong("distributed.2", "weighted means, weighted variances")
def synchronized_moments(x, all_reduce):
    m = all_reduce(len(x))
    return all_reduce(x.sum(axis=0)) / m, all_reduce(len(x) * x.var(axis=0)) / m


@wrong("distributed.2", "squares about the own mean")
def synchronized_moments(x, all_reduce):
    m = all_reduce(len(x))
    mean = all_reduce(x.sum(axis=0)) / m
    return mean, all_reduce(((x - x.mean(axis=0)) ** 2).sum(axis=0)) / m


@wrong("distributed.2", "the square of the sum")
def synchronized_moments(x, all_reduce):
    m = all_reduce(len(x))
    total = all_reduce(x.sum(axis=0))
    return total / m, all_reduce((x**2).sum(axis=0)) / m - total**2 / m


@wrong("distributed.2", "squares averaged over the replicas")
def synchronized_moments(x, all_reduce):
    m, replicas = all_reduce(len(x)), all_reduce(1)
    mean = all_reduce(x.sum(axis=0)) / m
    return mean, all_reduce(((x - mean) ** 2).mean(axis=0)) / replicas


@wrong("distributed.2", "unbiased")
def synchronized_moments(x, all_reduce):
    m = all_reduce(len(x))
    mean = all_reduce(x.sum(axis=0)) / m
    return mean, all_reduce(((x - mean) ** 2).sum(axis=0)) / (m - 1)


@right("distributed.2")
def synchronized_moments(x, all_reduce):
    n, s, q = (all_reduce(v) for v in (np.array(len(x)), x.sum(0), (x.astype(np.float64) ** 2).sum(0)))
    return s / n, q / n - (s / n) ** 2


# distributed.6: 0.6**4 and 0.6**0.25
wrong("distributed.6", "one step", (0.6, 0.6))
wrong("distributed.6", "times four", (0.4**4, 0.6**4))
wrong("distributed.6", "a quarter of the step", (0.1296, 0.9))
wrong("distributed.6", "divided by four", (0.15, 0.15))
wrong("distributed.6", "the complement's root", (0.1296, 1 - 0.4**0.25))
wrong("distributed.6", "what is new", (1 - 0.1296, 0.8801))
right("distributed.6", (0.13, 0.88))

# clinic.2: 0.99**40 and 58 epochs
wrong("clinic.2", "five steps", (0.99**5, 92))
wrong("clinic.2", "steps for epochs", (0.99**40, 459))
wrong("clinic.2", "64 steps an epoch", (0.99**320, 8))
wrong("clinic.2", "in percent, rounded down", (66.9, 57))
wrong("clinic.2", "what is new, and epochs more", (1 - 0.99**40, 53))
wrong("clinic.2", "linear", (0.6, 13))
right("clinic.2", (0.669, 58))


# capstone_mend.1
@wrong("capstone_mend.1", "any normalization")
def statistics_move(model, step):
    norms = [layer for layer in model.layers if hasattr(layer, "moving_variance") and layer.trainable]
    before = [np.array(layer.moving_variance) for layer in norms]
    step()
    return any(not np.array_equal(b, layer.moving_variance) for b, layer in zip(before, norms, strict=True))


@wrong("capstone_mend.1", "references, not copies")
def statistics_move(model, step):
    norms = [layer for layer in model.layers if hasattr(layer, "moving_variance") and layer.trainable]
    before = [layer.moving_variance for layer in norms]
    step()
    return all(np.any(np.array(b) != np.array(layer.moving_variance)) for b, layer in zip(before, norms, strict=True))


@wrong("capstone_mend.1", "close enough is the same")
def statistics_move(model, step):
    norms = [layer for layer in model.layers if hasattr(layer, "moving_variance") and layer.trainable]
    before = [np.array(layer.moving_variance) for layer in norms]
    step()
    return all(not np.allclose(b, layer.moving_variance) for b, layer in zip(before, norms, strict=True))


@wrong("capstone_mend.1", "frozen ones, too")
def statistics_move(model, step):
    norms = [layer for layer in model.layers if hasattr(layer, "moving_variance")]
    before = [np.array(layer.moving_variance) for layer in norms]
    step()
    return all(np.any(b != np.array(layer.moving_variance)) for b, layer in zip(before, norms, strict=True))


@wrong("capstone_mend.1", "by class")
def statistics_move(model, step):
    import keras

    norms = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization) and x.trainable]
    before = [np.array(layer.moving_variance) for layer in norms]
    step()
    return all(np.any(b != np.array(layer.moving_variance)) for b, layer in zip(before, norms, strict=True))


@right("capstone_mend.1")
def statistics_move(model, step):
    norms = [layer for layer in model.layers if getattr(layer, "moving_variance", None) is not None and layer.trainable]
    before = [layer.moving_variance.numpy().tolist() for layer in norms]
    step()
    for old, layer in zip(before, norms, strict=True):
        if old == layer.moving_variance.numpy().tolist():
            return False
    return True


# capstone_mend.2
@wrong("capstone_mend.2", "moving statistics alone")
def stays_frozen(model, step):
    norms = [layer for layer in model.layers if hasattr(layer, "moving_variance") and not layer.trainable]
    before = [[np.array(v) for v in (layer.moving_mean, layer.moving_variance)] for layer in norms]
    step()
    after = [[np.array(v) for v in (layer.moving_mean, layer.moving_variance)] for layer in norms]
    return all(np.array_equal(b, a) for x, y in zip(before, after, strict=True) for b, a in zip(x, y, strict=True))


@wrong("capstone_mend.2", "gamma and beta alone")
def stays_frozen(model, step):
    norms = [layer for layer in model.layers if hasattr(layer, "moving_variance") and not layer.trainable]
    before = [[np.array(v) for v in (layer.gamma, layer.beta)] for layer in norms]
    step()
    after = [[np.array(v) for v in (layer.gamma, layer.beta)] for layer in norms]
    return all(np.array_equal(b, a) for x, y in zip(before, after, strict=True) for b, a in zip(x, y, strict=True))


@wrong("capstone_mend.2", "all normalizations")
def stays_frozen(model, step):
    norms = [layer for layer in model.layers if hasattr(layer, "moving_variance")]
    before = [layer.get_weights() for layer in norms]
    step()
    return all(
        np.array_equal(b, a)
        for x, layer in zip(before, norms, strict=True)
        for b, a in zip(x, layer.get_weights(), strict=True)
    )


@wrong("capstone_mend.2", "False where nothing is frozen")
def stays_frozen(model, step):
    norms = [layer for layer in model.layers if hasattr(layer, "moving_variance") and not layer.trainable]
    before = [layer.get_weights() for layer in norms]
    step()
    same = [
        np.array_equal(b, a)
        for x, layer in zip(before, norms, strict=True)
        for b, a in zip(x, layer.get_weights(), strict=True)
    ]
    return bool(same) and all(same)


@wrong("capstone_mend.2", "the label asked")
def stays_frozen(model, step):
    step()
    return all(not layer.trainable_weights for layer in model.layers if hasattr(layer, "moving_variance"))


@right("capstone_mend.2")
def stays_frozen(model, step):
    frozen = [layer for layer in model.layers if hasattr(layer, "moving_variance") and not layer.trainable]
    before = [w.copy() for layer in frozen for w in layer.get_weights()]
    step()
    after = [w for layer in frozen for w in layer.get_weights()]
    return not any((b != a).any() for b, a in zip(before, after, strict=True))


# capstone_mend.4
@wrong("capstone_mend.4", "the smaller factor for small ones")
def worst_factor(model, images):
    worst, x = 1.0, images
    for layer in model.layers:
        if hasattr(layer, "moving_variance"):
            axis = layer.axis % x.ndim if hasattr(x, "ndim") else layer.axis % len(x.shape)
            values = np.array(x)
            measured = values.var(axis=tuple(i for i in range(values.ndim) if i != axis)) + layer.epsilon
            worst = max(worst, float(((np.array(layer.moving_variance) + layer.epsilon) / measured).max()))
        x = layer(x, training=False)
    return worst


@wrong("capstone_mend.4", "the last axis always")
def worst_factor(model, images):
    worst, x = 1.0, images
    for layer in model.layers:
        if hasattr(layer, "moving_variance"):
            values = np.array(x).reshape(-1, x.shape[-1])
            ratio = (np.array(layer.moving_variance) + layer.epsilon) / (values.var(axis=0) + layer.epsilon)
            worst = max(worst, float(np.maximum(ratio, 1 / ratio).max()))
        x = layer(x, training=False)
    return worst


@wrong("capstone_mend.4", "behind each normalization")
def worst_factor(model, images):
    worst, x = 1.0, images
    for layer in model.layers:
        x = layer(x, training=False)
        if hasattr(layer, "moving_variance"):
            values = np.array(x)
            axis = layer.axis % values.ndim
            measured = values.var(axis=tuple(i for i in range(values.ndim) if i != axis)) + layer.epsilon
            ratio = (np.array(layer.moving_variance) + layer.epsilon) / measured
            worst = max(worst, float(np.maximum(ratio, 1 / ratio).max()))
    return worst


@wrong("capstone_mend.4", "no epsilon")
def worst_factor(model, images):
    worst, x = 1.0, images
    for layer in model.layers:
        if hasattr(layer, "moving_variance"):
            values = np.array(x)
            axis = layer.axis % values.ndim
            ratio = np.array(layer.moving_variance) / values.var(axis=tuple(i for i in range(values.ndim) if i != axis))
            worst = max(worst, float(np.maximum(ratio, 1 / ratio).max()))
        x = layer(x, training=False)
    return worst


@right("capstone_mend.4")
def worst_factor(model, images):
    factors, x = [1.0], images
    for layer in model.layers:
        if hasattr(layer, "moving_variance"):
            values = np.moveaxis(np.array(x), layer.axis, -1)
            values = values.reshape(-1, values.shape[-1]).astype(np.float64)
            a, b = np.array(layer.moving_variance) + layer.epsilon, values.var(axis=0) + layer.epsilon
            factors.append(np.exp(np.abs(np.log(a / b)).max()))
        x = layer(x, training=False)
    return max(factors)


# capstone_mend.6
@wrong("capstone_mend.6", "in inference mode")
def gradient_sums(norm, x, weights):
    import tensorflow as tf

    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(weights * norm(x))
    g = tape.gradient(loss, x).numpy()
    axes = tuple(i for i in range(g.ndim) if i != norm.axis % g.ndim)
    h = g * (x.numpy() - x.numpy().mean(axis=axes, keepdims=True))
    return [float((np.abs(v.sum(axis=axes)) / np.abs(v).sum(axis=axes)).max()) for v in (g, h)]


@wrong("capstone_mend.6", "the mean not taken away")
def gradient_sums(norm, x, weights):
    import tensorflow as tf

    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(weights * norm(x, training=True))
    g = tape.gradient(loss, x).numpy()
    axes = tuple(i for i in range(g.ndim) if i != norm.axis % g.ndim)
    return [float((np.abs(v.sum(axis=axes)) / np.abs(v).sum(axis=axes)).max()) for v in (g, g * x.numpy())]


@wrong("capstone_mend.6", "the mean over channels")
def gradient_sums(norm, x, weights):
    import tensorflow as tf

    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(weights * norm(x, training=True))
    g = tape.gradient(loss, x).numpy()
    axes = tuple(i for i in range(g.ndim) if i != norm.axis % g.ndim)
    h = g * (x.numpy() - x.numpy().mean(axis=axes, keepdims=True))
    return [float((np.abs(v.sum(axis=axes)) / np.abs(v).sum(axis=axes)).mean()) for v in (g, h)]


@wrong("capstone_mend.6", "the absolute value of every element first")
def gradient_sums(norm, x, weights):
    import tensorflow as tf

    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(weights * norm(x, training=True))
    g = tape.gradient(loss, x).numpy()
    h = g * (x.numpy() - x.numpy().mean())
    return [float(abs(v.sum()) / np.abs(v).sum()) for v in (g, h)]


@right("capstone_mend.6")
def gradient_sums(norm, x, weights):
    import tensorflow as tf

    v = tf.Variable(x)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(norm(v, training=True) * weights)
    g = np.moveaxis(np.array(tape.gradient(loss, v)), norm.axis, 0).astype(np.float64)
    flat, values = g.reshape(len(g), -1), np.moveaxis(np.array(x), norm.axis, 0).reshape(len(g), -1)
    weighted = flat * (values - values.mean(axis=1, keepdims=True))
    return tuple(max(abs(row.sum()) / abs(row).sum() for row in rows) for rows in (flat, weighted))


# two mistakes at once, in numbers
wrong("layer.1", "biases, and one dense bias less", (72 + 8 + 16 + 1152 + 16 + 32 + 160, 48))
wrong("layer.1", "one moving statistic a channel, gamma alone", (72 + 8 + 1152 + 16 + 170, 24))
wrong("layer.6", "everything by 1.5", (1.5, 2.2, 0))
wrong("speedup.4", "rounded", (2.3, 6))
wrong("speedup.4", "the rates multiplied in", (31 / 13.3, 5 * 13.3 / 2.1))
wrong("landscape.2", "as if nothing changed", (6, 0.1, 3.6))
wrong("landscape.2", "longer gradient, shorter rate", (18, 0.1 / 9, 3.6))
wrong("variants.6", "one block too many", (1.44, 1.2))
wrong("variants.6", "from zero", (0.4, math.sqrt(0.4)))
wrong("small_batches.1", "epsilon in every case", (0.9535, -1.0, 0))
wrong("small_batches.1", "the signs by the first", (1, -1, 1))
wrong("speed.2", "fp16 like fp32", (13.4, 13.4))
wrong("speed.2", "gibibytes", (8 * 4 * 8388608 / (20 * 2**30) * 1e3, 8 * 2 * 8388608 / (20 * 2**30) * 1e3))
wrong("deployment.6", "percent of the range", (0.625, 0.0125))
wrong("deployment.6", "not rounded", (79.375, 1.5875))
wrong("distributed.1", "the mean unweighted, the variance right for it", (4, 4.75))
wrong("clinic.5", "the rate squared", (4.5, math.sqrt(2 / 4.5)))
wrong("clinic.5", "no rescaling", (1.25, math.sqrt(2 / 1.25)))

# whole numbers that a change of the solution gives by chance
wrong("clinic.2", "the steps in place of the epochs", (0.669, 40))
wrong("layer.1", "the bias of one convolution", (1450, 48))
wrong("layer.1", "one layer's moving statistics among those learned", (1474, 16))
wrong("deployment.1", "the own scale once more", (18, -22))
wrong("invariance.2", "the gradient's length squared", (5, 16))
wrong("convolution.3", "rounded up, and no stride in width", (6, 11, 16))
