"""More answers of somebody who saw the tasks alone: chapters 1 to 7 and the network's capstone."""

import math

import numpy as np
from answers import junk, right, wrong

# convolution.3
wrong("convolution.3", "the first convolution taken for same", (7, 6, 16))
wrong("convolution.3", "the second convolution taken for valid", (5, 4, 16))
wrong("convolution.3", "size - kernel, without + 1", (5, 5, 16))
wrong("convolution.3", "pooling of stride 1", (11, 10, 16))
wrong("convolution.3", "the second stride forgotten, channels first", (16, 11, 10))
right("convolution.3", np.array([6, 5, 16]))
right("convolution.3", [6.0, 5.0, 16.0])
junk("convolution.3", {"height": 6})


# convolution.6
@wrong("convolution.6", "max pooling's way: the first pixel takes all")
def average_pool2d_backward(dy, size):
    n, h, w, c = dy.shape
    dx = np.zeros((n, h * size, w * size, c))
    dx[:, ::size, ::size] = dy
    return dx


@wrong("convolution.6", "divides by the number of tiles")
def average_pool2d_backward(dy, size):
    dx = np.repeat(np.repeat(dy, size, axis=1), size, axis=2)
    return dx / (dy.shape[1] * dy.shape[2])


@wrong("convolution.6", "also averages over the batch")
def average_pool2d_backward(dy, size):
    return np.repeat(np.repeat(dy, size, axis=1), size, axis=2) / size**2 / len(dy)


@wrong("convolution.6", "multiplies by the pixels of a tile")
def average_pool2d_backward(dy, size):
    return np.repeat(np.repeat(dy, size, axis=1), size, axis=2) * size**2


@wrong("convolution.6", "loops, with rows and columns mixed up")
def average_pool2d_backward(dy, size):
    n, h, w, c = dy.shape
    dx = np.zeros((n, h * size, w * size, c))
    for i in range(h * size):
        for j in range(w * size):
            dx[:, i, j] = dy[:, i % h, j % w] / size**2
    return dx


@right("convolution.6")
def average_pool2d_backward(dy, size):
    return np.kron(dy, np.full((1, size, size, 1), 1 / size**2))


@right("convolution.6")
def backward(grad, k):
    import tensorflow as tf

    grad = tf.convert_to_tensor(grad)
    return tf.repeat(tf.repeat(grad, k, axis=1), k, axis=2) / k**2


junk("convolution.6", lambda dy, size: "the same for all")

# training.2
wrong("training.2", "log to the base 2", (math.log2(100), 21))
wrong("training.2", "the logarithm of the images", (math.log(500), 21))
wrong("training.2", "the last batch of all three passes together", (math.log(100), 1500 // 64))
wrong("training.2", "probability instead of the loss, and one pass", (0.01, 7))
wrong("training.2", "minus, and the last batches kept", (-math.log(100), 24))
right("training.2", [4.6, np.int64(21)])
right("training.2", (np.log(np.float32(100)), 21.0))
junk("training.2", "ln 100, 21")


# training.4
@wrong("training.4", "nan compared with ==")
def diverged_at(losses, classes, factor=100.0):
    limit = factor * max(losses[0], np.log(classes))
    for step, loss in enumerate(losses):
        if loss > limit or loss == np.nan:
            return step
    return -1


@wrong("training.4", "not finite only")
def diverged_at(losses, classes, factor=100.0):
    bad = np.flatnonzero(~np.isfinite(losses))
    return int(bad[0]) if len(bad) else -1


@wrong("training.4", "argmax, which is 0 where nothing diverged")
def diverged_at(losses, classes, factor=100.0):
    limit = factor * max(losses[0], np.log(classes))
    losses = np.asarray(losses)
    return int(np.argmax(~np.isfinite(losses) | (losses > limit)))


@wrong("training.4", "not less than the limit: the limit itself counts")
def diverged_at(losses, classes, factor=100.0):
    limit = factor * max(losses[0], np.log(classes))
    for step, loss in enumerate(losses):
        if not loss < limit:
            return step
    return -1


@wrong("training.4", "steps counted from 1")
def diverged_at(losses, classes, factor=100.0):
    limit = factor * max(losses[0], np.log(classes))
    for step, loss in enumerate(losses, 1):
        if not np.isfinite(loss) or loss > limit:
            return step
    return -1


@right("training.4")
def diverged_at(losses, classes, factor=100.0):
    start = losses[0] if math.isfinite(losses[0]) else 0
    limit = factor * max(start, math.log(classes))
    return next((t for t, loss in enumerate(losses) if not (math.isfinite(loss) and loss <= limit)), -1)


@right("training.4")
def watchdog(losses, k, factor=100.0):
    losses = np.asarray(losses, dtype=float)
    bad = np.isnan(losses) | np.isinf(losses) | (losses > factor * np.maximum(losses[0], np.log(k)))
    return np.where(bad)[0][0] if bad.any() else -1


junk("training.4", lambda losses, classes, factor=100.0: losses)


# training.5
@wrong("training.5", "std over positions and images together")
def spread(outputs):
    return np.sqrt(np.mean(outputs.std(axis=(0, 1, 2)) ** 2))


@wrong("training.5", "mean of the standard deviations")
def spread(outputs):
    return outputs.std(axis=0).mean()


@wrong("training.5", "each image's mean first")
def spread(outputs):
    return outputs.mean(axis=(1, 2, 3)).std()


@wrong("training.5", "root of the sum")
def spread(outputs):
    return np.sqrt(np.sum(outputs.var(axis=0)))


@wrong("training.5", "the differences of neighbouring images")
def spread(outputs):
    return np.sqrt(np.mean(np.diff(outputs, axis=0) ** 2))


@right("training.5")
def spread(outputs):
    distances = outputs.astype(np.float64) - outputs.mean(axis=0, keepdims=True)
    return float(np.linalg.norm(distances) / math.sqrt(distances.size))


@right("training.5")
def spread(outputs):
    import tensorflow as tf

    return tf.sqrt(tf.reduce_mean(tf.math.reduce_variance(tf.cast(outputs, tf.float64), axis=0)))


junk("training.5", lambda outputs: outputs.std(axis=0).tolist())

# shift.2
wrong("shift.2", "sixteen layers", 1.05**16)
wrong("shift.2", "added up over fifteen layers", 1.75)
wrong("shift.2", "one layer", 1.05)
wrong("shift.2", "in percent", 207.9)
wrong("shift.2", "e to 16 times 0.05", math.exp(0.8))
right("shift.2", np.float64(2.08))
right("shift.2", math.prod([1.05] * 15))
junk("shift.2", "2.08 times")


# shift.4
@wrong("shift.4", "distances not made positive")
def drift(before, after):
    q = np.arange(5, 100, 5)
    return np.mean(np.percentile(after, q) - np.percentile(before, q)) / before.std()


@wrong("shift.4", "each standardized by itself")
def drift(before, after):
    q = np.arange(5, 100, 5)
    before = (before - before.mean()) / before.std()
    after = (after - after.mean()) / after.std()
    return np.abs(np.percentile(after, q) - np.percentile(before, q)).mean()


@wrong("shift.4", "fractions passed for percent")
def drift(before, after):
    q = np.linspace(0.05, 0.95, 19)
    return np.abs(np.percentile(after, q) - np.percentile(before, q)).mean() / before.std()


@wrong("shift.4", "in standard deviations of both together")
def drift(before, after):
    q = np.arange(5, 96, 5)
    return np.abs(np.percentile(after, q) - np.percentile(before, q)).mean() / np.concatenate([before, after]).std()


@wrong("shift.4", "the distance of the values, not of the percentiles")
def drift(before, after):
    return np.abs(after - before[: len(after)]).mean() / before.std()


@right("shift.4")
def drift(before, after):
    q = [i / 20 for i in range(1, 20)]
    return float(np.mean([abs(np.quantile(after, p) - np.quantile(before, p)) for p in q]) / np.std(before))


@right("shift.4")
def drift(x, y):
    x, y = np.sort(x), np.sort(y)
    s = x.std()
    at = lambda v, p: np.interp(p * (len(v) - 1), np.arange(len(v)), v)  # noqa: E731
    p = np.arange(1, 20) / 20
    return np.abs(at(y / s, p) - at(x / s, p)).mean()


junk("shift.4", lambda before, after: before - after)

# shift.6
wrong("shift.6", "the third power forgotten: the cube of the mean", (1.0, 0.0))
wrong("shift.6", "not divided", (6.0, 6.0))
wrong("shift.6", "with the unbiased standard deviation", (6 / 8, 6 / 8))
wrong("shift.6", "divided by the third power of the mean, and then 0", (6.0, 0.0))
wrong("shift.6", "subtracting takes it away", (1.1547, 0))
right("shift.6", (2 / math.sqrt(3), 2 / math.sqrt(3)))
right("shift.6", np.array([1.155, 1.155]))
junk("shift.6", (1.155,))

# forward.3
wrong("forward.3", "gamma times everything", 2 * (1 / 0.5 + 0.5))
wrong("forward.3", "no epsilon", 2 / 0.3 + 0.5)
wrong("forward.3", "epsilon added to the variance, no root", 2 / 0.25 + 0.5)
wrong("forward.3", "beta before, gamma forgotten", 1 / 0.5 + 0.5)
wrong("forward.3", "variance for the standard deviation, epsilon's root", 2 / (0.09 + 0.4) + 0.5)
right("forward.3", np.float32(4.5))
right("forward.3", (4.5,))
junk("forward.3", np.zeros((3, 3)))


# forward.4
@wrong("forward.4", "epsilon forgotten")
def undo(x, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    return x.std(axis=axes), x.mean(axis=axes)


@wrong("forward.4", "the inverse of gamma")
def undo(x, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    return 1 / np.sqrt(x.var(axis=axes) + epsilon), x.mean(axis=axes)


@wrong("forward.4", "beta and gamma exchanged")
def undo(x, epsilon=1e-3):
    flat = x.reshape(-1, x.shape[-1])
    return flat.mean(axis=0), np.sqrt(flat.var(axis=0) + epsilon)


@wrong("forward.4", "the mean divided by the deviation")
def undo(x, epsilon=1e-3):
    flat = x.reshape(-1, x.shape[-1])
    gamma = np.sqrt(flat.var(axis=0) + epsilon)
    return gamma, flat.mean(axis=0) / gamma


@wrong("forward.4", "keepdims, and the batch axis alone")
def undo(x, epsilon=1e-3):
    return np.sqrt(x.var(axis=0, keepdims=True) + epsilon), x.mean(axis=0, keepdims=True)


@right("forward.4")
def undo(x, epsilon=1e-3):
    columns = [x[..., c].ravel() for c in range(x.shape[-1])]
    return [math.sqrt(np.var(c) + epsilon) for c in columns], [np.mean(c) for c in columns]


@right("forward.4")
def undo(x, epsilon=1e-3):
    import tensorflow as tf

    mean, variance = tf.nn.moments(tf.constant(x), axes=list(range(x.ndim - 1)))
    return tf.sqrt(variance + epsilon), mean


junk("forward.4", lambda x, epsilon=1e-3: (1, 0))


# forward.7
@wrong("forward.7", "over each image")
def position_norm(x, gamma, beta, epsilon=1e-3):
    mean, variance = x.mean(axis=(1, 2, 3), keepdims=True), x.var(axis=(1, 2, 3), keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


@wrong("forward.7", "over the positions of each channel")
def position_norm(x, gamma, beta, epsilon=1e-3):
    mean, variance = x.mean(axis=(1, 2), keepdims=True), x.var(axis=(1, 2), keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


@wrong("forward.7", "root mean square, no mean")
def position_norm(x, gamma, beta, epsilon=1e-3):
    return gamma * x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + epsilon) + beta


@wrong("forward.7", "the same weight everywhere: gamma's mean")
def position_norm(x, gamma, beta, epsilon=1e-3):
    mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    return gamma.mean() * (x - mean) / np.sqrt(variance + epsilon) + beta.mean()


@wrong("forward.7", "reshaped with the channels in front")
def position_norm(x, gamma, beta, epsilon=1e-3):
    n, h, w, c = x.shape
    flat = x.reshape(n, c, h * w)
    flat = (flat - flat.mean(axis=1, keepdims=True)) / np.sqrt(flat.var(axis=1, keepdims=True) + epsilon)
    return gamma * flat.reshape(x.shape) + beta


@right("forward.7")
def position_norm(x, gamma, beta, epsilon=1e-3):
    out = np.empty(x.shape)
    for index in np.ndindex(x.shape[:3]):
        v = x[index]
        out[index] = gamma * (v - sum(v) / len(v)) / (v.var() + epsilon) ** 0.5 + beta
    return out


@right("forward.7")
def position_norm(x, gamma, beta, epsilon=1e-3):
    import keras

    layer = keras.layers.LayerNormalization(epsilon=epsilon, dtype="float64")
    layer.build(x.shape)
    layer.set_weights([gamma, beta])
    return layer(x)


junk("forward.7", lambda x, gamma, beta, epsilon=1e-3: None)

# inference.2
wrong("inference.2", "momentum turned round", (2 * (1 - 0.1**10), 2))
wrong("inference.2", "the loss of nine steps", (2 * (1 - 0.9**9), 44))
wrong("inference.2", "what is left of the start", (0.9**10, 44))
wrong("inference.2", "within 0.01, not within 1%", (2 * (1 - 0.9**10), 51))
wrong("inference.2", "steps times the rate", (2.0, 10))
right("inference.2", (1.303, 44))
right("inference.2", [np.float64(2 - 2 * 0.9**10), 44.0])
junk("inference.2", (np.nan, np.inf))


# inference.4
@wrong("inference.4", "plain averages")
def combine(means, variances, counts):
    return means.mean(axis=0), variances.mean(axis=0)


@wrong("inference.4", "weighted, without the spread of the means")
def combine(means, variances, counts):
    return np.average(means, axis=0, weights=counts), np.average(variances, axis=0, weights=counts)


@wrong("inference.4", "the spread of the means unweighted")
def combine(means, variances, counts):
    mean = np.average(means, axis=0, weights=counts)
    return mean, np.average(variances, axis=0, weights=counts) + means.var(axis=0)


@wrong("inference.4", "the variance of the means alone")
def combine(means, variances, counts):
    mean = np.average(means, axis=0, weights=counts)
    return mean, np.average((means - mean) ** 2, axis=0, weights=counts)


@wrong("inference.4", "unbiased: divides by the count minus 1")
def combine(means, variances, counts):
    counts = counts[:, None]
    mean = (counts * means).sum(axis=0) / counts.sum()
    return mean, (counts * (variances + (means - mean) ** 2)).sum(axis=0) / (counts.sum() - 1)


@right("inference.4")
def combine(means, variances, counts):
    n, mean, m2 = 0, 0.0, 0.0
    for batch_mean, batch_variance, count in zip(means, variances, counts, strict=True):
        delta = batch_mean - mean
        m2 = m2 + batch_variance * count + delta**2 * n * count / (n + count)
        mean = mean + delta * count / (n + count)
        n += count
    return mean, m2 / n


@right("inference.4")
def combine(means, variances, counts):
    share = np.asarray(counts) / np.sum(counts)
    mean = share @ means
    return [mean, share @ (variances + means**2) - mean**2]


junk("inference.4", lambda means, variances, counts: 0)


# inference.5
@wrong("inference.5", "the batch's mean gone, the update kept")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    moving_mean *= 0.99
    moving_mean += 0.01 * x.mean(axis=0)
    return gamma * (x - moving_mean) / np.sqrt(moving_variance + epsilon) + beta


@wrong("inference.5", "the update gone, the batch's mean kept")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return gamma * (x - x.mean(axis=0)) / np.sqrt(moving_variance + epsilon) + beta


@wrong("inference.5", "the update on a copy")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    moving_mean = 0.99 * moving_mean + 0.01 * x.mean(axis=0)
    return gamma * (x - moving_mean) / np.sqrt(moving_variance + epsilon) + beta


@wrong("inference.5", "updates the variance as well")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    y = gamma * (x - moving_mean) / np.sqrt(moving_variance + epsilon) + beta
    moving_mean *= 0.99
    moving_mean += 0.01 * x.mean(axis=0)
    moving_variance *= 0.99
    moving_variance += 0.01 * x.var(axis=0)
    return y


@wrong("inference.5", "each example by its own mean")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return gamma * (x - x.mean(axis=1, keepdims=True)) / np.sqrt(moving_variance + epsilon) + beta


@right("inference.5")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    scale = gamma / np.sqrt(moving_variance + epsilon)
    return scale * x + (beta - scale * moving_mean)


@right("inference.5")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return np.array([gamma * (row - moving_mean) * (moving_variance + epsilon) ** -0.5 + beta for row in x])


junk("inference.5", lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: epsilon)

# backward.1
wrong("backward.1", "mean and variance for constants", [3, 1, 0, 2])
wrong("backward.1", "the sum of dy taken away", [-3, -5, -6, -4])
wrong("backward.1", "the slope's sign turned round", [2, 0, -2, 0])
wrong("backward.1", "the slope's sum for its mean", [3 - 1.5 - 2, 1 - 1.5 - 2, 0 - 1.5 + 2, 2 - 1.5 + 2])
wrong("backward.1", "the slope without x hat", [2.0, 0.0, -1.0, 1.0])
right("backward.1", (1.0, -1.0, -1.0, 1.0))
right("backward.1", np.array([[1, -1, -1, 1]]).ravel())
junk("backward.1", [1, -1, -1])


# backward.4
@wrong("backward.4", "batch normalization's gradient")
def rmsnorm_backward(dy, x, epsilon):
    inv = 1 / np.sqrt((x**2).mean(axis=0) + epsilon)
    y = x * inv
    return inv * (dy - dy.mean(axis=0) - y * (dy * y).mean(axis=0))


@wrong("backward.4", "q taken for a constant")
def rmsnorm_backward(dy, x, epsilon):
    return dy / np.sqrt((x**2).mean(axis=0) + epsilon)


@wrong("backward.4", "1 / m forgotten in the second term")
def rmsnorm_backward(dy, x, epsilon):
    q = (x**2).mean(axis=0) + epsilon
    return dy / q**0.5 - x * (dy * x).sum(axis=0) / q**1.5


@wrong("backward.4", "the second term divided by the root alone")
def rmsnorm_backward(dy, x, epsilon):
    root = np.sqrt((x**2).mean(axis=0) + epsilon)
    return dy / root - x * (dy * x).mean(axis=0) / root


@wrong("backward.4", "the mean over each row")
def rmsnorm_backward(dy, x, epsilon):
    inv = 1 / np.sqrt((x**2).mean(axis=1, keepdims=True) + epsilon)
    y = x * inv
    return inv * (dy - y * (dy * y).mean(axis=1, keepdims=True))


@right("backward.4")
def rmsnorm_backward(dy, x, epsilon):
    m, columns = x.shape
    dx = np.zeros_like(x)
    for c in range(columns):
        q = np.dot(x[:, c], x[:, c]) / m + epsilon
        jacobian = np.eye(m) / np.sqrt(q) - np.outer(x[:, c], x[:, c]) / (m * q**1.5)
        dx[:, c] = jacobian @ dy[:, c]
    return dx


@right("backward.4")
def rmsnorm_backward(dy, x, epsilon):
    import tensorflow as tf

    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * tf.math.rsqrt(tf.reduce_mean(x**2, axis=0) + epsilon)
    return tape.gradient(y, x, output_gradients=tf.constant(dy))


junk("backward.4", lambda dy, x, epsilon: dy.shape)


# backward.5
@wrong("backward.5", "the closed form of training, with the moving statistics")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    inv = 1 / np.sqrt(moving_variance + epsilon)
    x_hat = (x - moving_mean) * inv
    dgamma, dbeta = (dy * x_hat).sum(axis=0), dy.sum(axis=0)
    return gamma * inv * (dy - dbeta / len(x) - x_hat * dgamma / len(x)), dgamma, dbeta


@wrong("backward.5", "frozen: no gradients of gamma and beta")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    dx = dy * gamma / np.sqrt(moving_variance + epsilon)
    return dx, np.zeros_like(gamma), np.zeros_like(gamma)


@wrong("backward.5", "means over the batch for sums")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    inv = 1 / np.sqrt(moving_variance + epsilon)
    return dy * gamma * inv, (dy * (x - moving_mean) * inv).mean(axis=0), dy.mean(axis=0)


@wrong("backward.5", "dgamma with x for x hat")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    return dy * gamma / np.sqrt(moving_variance + epsilon), (dy * x).sum(axis=0), dy.sum(axis=0)


@wrong("backward.5", "x hat by the batch's statistics")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    x_hat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + epsilon)
    return dy * gamma / np.sqrt(moving_variance + epsilon), (dy * x_hat).sum(axis=0), dy.sum(axis=0)


@right("backward.5")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    inv = (moving_variance + epsilon) ** -0.5
    dgamma = np.einsum("nc,nc->c", dy, x - moving_mean) * inv
    return [dy @ np.diag(gamma * inv), dgamma, np.ones(len(dy)) @ dy]


@right("backward.5")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    import tensorflow as tf

    x, gamma, beta = tf.constant(x), tf.constant(gamma), tf.zeros_like(tf.constant(gamma))
    with tf.GradientTape() as tape:
        tape.watch([x, gamma, beta])
        y = tf.nn.batch_normalization(x, moving_mean, moving_variance, beta, gamma, epsilon)
    return tape.gradient(y, (x, gamma, beta), tf.constant(dy))


junk("backward.5", lambda dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3: (dy, dy))

# backward.6
wrong("backward.6", "the channels counted, too", (49 * 64, 64, 0))
wrong("backward.6", "the gradient goes through, divided by epsilon's root", (49, 1, 0.8 * 2 / math.sqrt(0.001)))
wrong("backward.6", "one image, one value", (1, 1, 0))
wrong("backward.6", "gamma times dy", (49, 1, 1.6))
wrong("backward.6", "rows alone", (7, 1, 0.0))
right("backward.6", [49, 1, np.float64(0)])
right("backward.6", np.array([49.0, 1.0, 0.0]))
junk("backward.6", None)


# invariance.3
@wrong("invariance.3", "divided by the length")
def effective_rates(learning_rate, kernel):
    return learning_rate / np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), axis=0)


@wrong("invariance.3", "all filters together")
def effective_rates(learning_rate, kernel):
    return np.full(kernel.shape[-1], learning_rate / (kernel**2).sum())


@wrong("invariance.3", "mean square for the sum of squares")
def effective_rates(learning_rate, kernel):
    return learning_rate / (kernel**2).mean(axis=(0, 1, 2))


@wrong("invariance.3", "input channels for filters")
def effective_rates(learning_rate, kernel):
    return learning_rate / (kernel**2).sum(axis=(0, 1, 3))


@wrong("invariance.3", "the variance of the filter")
def effective_rates(learning_rate, kernel):
    flat = kernel.reshape(-1, kernel.shape[-1])
    return learning_rate / ((flat - flat.mean(axis=0)) ** 2).sum(axis=0)


@right("invariance.3")
def effective_rates(learning_rate, kernel):
    return [learning_rate / np.vdot(kernel[..., f], kernel[..., f]) for f in range(kernel.shape[-1])]


@right("invariance.3")
def rates(eta, w):
    return eta * np.einsum("hwcf,hwcf->f", w, w) ** -1.0


junk("invariance.3", lambda learning_rate, kernel: kernel)


# invariance.5
@wrong("invariance.5", "once alpha, not squared")
def growing_rates(learning_rate, decay, steps):
    alpha = 1 - learning_rate * decay
    return learning_rate / alpha ** np.arange(steps)


@wrong("invariance.5", "falling: alpha to the power")
def growing_rates(learning_rate, decay, steps):
    alpha = 1 - learning_rate * decay
    return learning_rate * alpha ** (2 * np.arange(steps))


@wrong("invariance.5", "counted from 1")
def growing_rates(learning_rate, decay, steps):
    alpha = 1 - learning_rate * decay
    return learning_rate * alpha ** (-2 * np.arange(1, steps + 1) - 1)


@wrong("invariance.5", "the step's own alpha left out")
def growing_rates(learning_rate, decay, steps):
    alpha = 1 - learning_rate * decay
    return learning_rate / alpha ** (2 * np.arange(steps))


@wrong("invariance.5", "alpha by the decay alone")
def growing_rates(learning_rate, decay, steps):
    alpha = 1 - decay
    return learning_rate * alpha ** (-2.0 * np.arange(steps) - 1)


@right("invariance.5")
def growing_rates(learning_rate, decay, steps):
    alpha, rate, rates = 1 - learning_rate * decay, learning_rate, []
    rate /= alpha
    for _ in range(steps):
        rates.append(rate)
        rate /= alpha * alpha
    return rates


@right("invariance.5")
def growing_rates(learning_rate, decay, steps):
    powers = 2 * np.arange(steps) + 1
    return learning_rate * np.exp(-powers * np.log1p(-learning_rate * decay))


junk("invariance.5", lambda learning_rate, decay, steps: {"rate": learning_rate})

# invariance.6
wrong("invariance.6", "the law holds: 1 and 1", (1.0, 1.0))
wrong("invariance.6", "the variance times 0.1", (math.sqrt(0.04 / 0.041), math.sqrt(0.004 / 0.005)))
wrong("invariance.6", "the variances", (0.04 / 0.041, 0.0004 / 0.0014))
wrong("invariance.6", "epsilon outside the root", (0.2 / 0.201, 0.02 / 0.021))
wrong("invariance.6", "not normalized", (0.2, 0.02))
right("invariance.6", (0.988, 0.535))
right("invariance.6", np.sqrt([0.04 / 0.041, 0.0004 / 0.0014]))
junk("invariance.6", [[0.988], [0.535], [1]])


# capstone_network.3
@wrong("capstone_network.3", "m is the batch's length")
def bn_backward(dy, x_hat, inv_std, gamma):
    axes = tuple(range(dy.ndim - 1))
    dgamma, dbeta = (dy * x_hat).sum(axis=axes), dy.sum(axis=axes)
    return gamma * inv_std * (dy - dbeta / len(dy) - x_hat * dgamma / len(dy)), dgamma, dbeta


@wrong("capstone_network.3", "gamma twice")
def bn_backward(dy, x_hat, inv_std, gamma):
    axes = tuple(range(dy.ndim - 1))
    dgamma, dbeta = (dy * x_hat).sum(axis=axes), dy.sum(axis=axes)
    d = dy * gamma
    return gamma * inv_std * (d - d.mean(axis=axes) - x_hat * (d * x_hat).mean(axis=axes)), dgamma, dbeta


@wrong("capstone_network.3", "inv_std taken for the standard deviation")
def bn_backward(dy, x_hat, inv_std, gamma):
    axes = tuple(range(dy.ndim - 1))
    dgamma, dbeta = (dy * x_hat).sum(axis=axes), dy.sum(axis=axes)
    dx = gamma / inv_std * (dy - dy.mean(axis=axes) - x_hat * (dy * x_hat).mean(axis=axes))
    return dx, dgamma, dbeta


@wrong("capstone_network.3", "the variance's term added")
def bn_backward(dy, x_hat, inv_std, gamma):
    axes = tuple(range(dy.ndim - 1))
    dgamma, dbeta = (dy * x_hat).sum(axis=axes), dy.sum(axis=axes)
    dx = gamma * inv_std * (dy - dy.mean(axis=axes) + x_hat * (dy * x_hat).mean(axis=axes))
    return dx, dgamma, dbeta


@wrong("capstone_network.3", "dgamma and dbeta as means")
def bn_backward(dy, x_hat, inv_std, gamma):
    axes = tuple(range(dy.ndim - 1))
    dgamma, dbeta = (dy * x_hat).mean(axis=axes), dy.mean(axis=axes)
    return gamma * inv_std * (dy - dbeta - x_hat * dgamma), dgamma, dbeta


@right("capstone_network.3")
def bn_backward(dy, x_hat, inv_std, gamma):
    shape = dy.shape
    dy, x_hat = dy.reshape(-1, shape[-1]), x_hat.reshape(-1, shape[-1])
    m = dy.shape[0]
    dbeta = np.sum(dy, 0)
    dgamma = np.diag(dy.T @ x_hat)
    dx = gamma * inv_std / m * (m * dy - dbeta - x_hat * dgamma)
    return dx.reshape(shape), dgamma, dbeta


@right("capstone_network.3")
def bn_backward(dy, x_hat, inv_std, gamma):
    dx, dgamma, dbeta = np.empty(dy.shape), [], []
    for c in range(dy.shape[-1]):
        g, h = dy[..., c], x_hat[..., c]
        dgamma.append(np.vdot(g, h))
        dbeta.append(g.sum())
        dx[..., c] = gamma[c] * inv_std[c] * (g - g.mean() - h * (g * h).mean())
    return dx, dgamma, dbeta


junk("capstone_network.3", lambda dy, x_hat, inv_std, gamma: [1, 2, 3])


# capstone_network.4
@wrong("capstone_network.4", "the new moving statistics normalize in training")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    if training:
        mean, variance = x.mean(axis=tuple(range(x.ndim - 1))), x.var(axis=tuple(range(x.ndim - 1)))
        moving = (
            momentum * moving.mean + (1 - momentum) * mean,
            momentum * moving.variance + (1 - momentum) * variance,
        )
    return gamma * (x - moving[0]) / np.sqrt(moving[1] + 1e-3) + beta, *moving


@wrong("capstone_network.4", "updates in inference, too")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axis=axes), x.var(axis=axes)
    used = (mean, variance) if training else moving
    y = gamma * (x - used[0]) / np.sqrt(used[1] + 1e-3) + beta
    return (
        y,
        momentum * moving.mean + (1 - momentum) * mean,
        momentum * moving.variance + (1 - momentum) * variance,
    )


@wrong("capstone_network.4", "training and inference exchanged")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    from bncourse.forward import batchnorm
    from bncourse.inference import batchnorm_inference

    if not training:
        axes = tuple(range(x.ndim - 1))
        return batchnorm(x, gamma, beta)[0], x.mean(axis=axes), x.var(axis=axes)
    return batchnorm_inference(x, gamma, beta, moving), moving.mean, moving.variance


@wrong("capstone_network.4", "the batch's own statistics returned")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    axes = tuple(range(x.ndim - 1))
    mean, variance = (x.mean(axis=axes), x.var(axis=axes)) if training else moving
    return gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta, mean, variance


@wrong("capstone_network.4", "deviations averaged, not variances")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    axes = tuple(range(x.ndim - 1))
    if not training:
        return gamma * (x - moving.mean) / np.sqrt(moving.variance + 1e-3) + beta, *moving
    mean, variance = x.mean(axis=axes), x.var(axis=axes)
    y = gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta
    std = momentum * np.sqrt(moving.variance) + (1 - momentum) * np.sqrt(variance)
    return y, momentum * moving.mean + (1 - momentum) * mean, std**2


@right("capstone_network.4")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    flat = x.reshape(-1, x.shape[-1])
    old_mean, old_variance = moving
    mean, variance = (flat.mean(0), flat.var(0)) if training else (old_mean, old_variance)
    scale = gamma / np.sqrt(variance + 1e-3)
    keep = momentum if training else 1
    y = x * scale + (beta - mean * scale)
    return y, keep * old_mean + (1 - keep) * mean, keep * old_variance + (1 - keep) * variance


@right("capstone_network.4")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    m, v = moving.mean.copy(), moving.variance.copy()
    axes = tuple(np.arange(x.ndim - 1))
    mean, variance = (x.mean(axes), x.var(axes)) if training else (m, v)
    y = (x - mean) / np.sqrt(variance + 0.001) * gamma + beta
    if training:
        m += (1 - momentum) * (mean - m)
        v += (1 - momentum) * (variance - v)
    return [y, m, v]


junk("capstone_network.4", lambda x, gamma, beta, moving, training, momentum=0.99: (x, x, x))


# capstone_network.5
@wrong("capstone_network.5", "in inference mode")
def train_step(network, images, labels, learning_rate):
    from bncourse.convolution import softmax_cross_entropy, softmax_cross_entropy_backward

    logits, caches = network.forward(images, training=False)
    gradients = network.backward(softmax_cross_entropy_backward(logits, labels), caches)
    for layer, gradient in zip(network.layers, gradients, strict=True):
        for name in gradient:
            layer.parameters[name] -= learning_rate * gradient[name]
    return softmax_cross_entropy(logits, labels)


@wrong("capstone_network.5", "the loss after the step")
def train_step(network, images, labels, learning_rate):
    from bncourse.convolution import softmax_cross_entropy, softmax_cross_entropy_backward

    logits, caches = network.forward(images, training=True)
    gradients = network.backward(softmax_cross_entropy_backward(logits, labels), caches)
    for layer, gradient in zip(network.layers, gradients, strict=True):
        for name in gradient:
            layer.parameters[name] -= learning_rate * gradient[name]
    return softmax_cross_entropy(network.forward(images, training=True)[0], labels)


@wrong("capstone_network.5", "new arrays in a local variable")
def train_step(network, images, labels, learning_rate):
    from bncourse.convolution import softmax_cross_entropy, softmax_cross_entropy_backward

    logits, caches = network.forward(images, training=True)
    gradients = network.backward(softmax_cross_entropy_backward(logits, labels), caches)
    for layer, gradient in zip(network.layers, gradients, strict=True):
        for name, value in layer.parameters.items():
            value = value - learning_rate * gradient[name]
    return softmax_cross_entropy(logits, labels)


@wrong("capstone_network.5", "gradients divided by the batch once more")
def train_step(network, images, labels, learning_rate):
    from bncourse.convolution import softmax_cross_entropy, softmax_cross_entropy_backward

    logits, caches = network.forward(images, training=True)
    gradients = network.backward(softmax_cross_entropy_backward(logits, labels) / len(images), caches)
    for layer, gradient in zip(network.layers, gradients, strict=True):
        for name in gradient:
            layer.parameters[name] -= learning_rate * gradient[name]
    return softmax_cross_entropy(logits, labels)


@wrong("capstone_network.5", "the last layer alone")
def train_step(network, images, labels, learning_rate):
    from bncourse.convolution import softmax_cross_entropy, softmax_cross_entropy_backward

    logits, caches = network.forward(images, training=True)
    gradients = network.backward(softmax_cross_entropy_backward(logits, labels), caches)
    for name, gradient in gradients[-1].items():
        network.layers[-1].parameters[name] -= learning_rate * gradient
    return softmax_cross_entropy(logits, labels)


@right("capstone_network.5")
def train_step(network, images, labels, learning_rate):
    logits, caches = network.forward(images, training=True)
    logits = logits.astype(np.float64)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = -np.log(p[rows, labels]).mean()
    p[rows, labels] -= 1
    for layer, gradient in zip(network.layers, network.backward(p / len(labels), caches), strict=True):
        layer.parameters.update({k: layer.parameters[k] - learning_rate * g for k, g in gradient.items()})
    return loss


@right("capstone_network.5")
def train_step(network, images, labels, learning_rate):
    from bncourse.convolution import softmax_cross_entropy, softmax_cross_entropy_backward

    logits, caches = network.forward(images, training=True)
    loss = float(softmax_cross_entropy(logits, labels))
    gradients = network.backward(softmax_cross_entropy_backward(logits, labels), caches)
    for i, layer in enumerate(network.layers):
        for name, value in getattr(layer, "parameters", {}).items():
            value[...] = value - learning_rate * gradients[i][name]
    return loss


junk("capstone_network.5", lambda network, images, labels, learning_rate: network)


# --- a second round: the exercises that were left, and two mistakes at once ---


# convolution.2
wrong(
    "convolution.2",
    "a range that ends before the last position",
    lambda size, kernel_size, padding, stride: len(range(0, size + 2 * padding - kernel_size, stride)),
)
wrong(
    "convolution.2",
    "positions that start inside",
    lambda size, kernel_size, padding, stride: -(-(size + 2 * padding) // stride),
)
wrong(
    "convolution.2",
    "padding once and no + 1",
    lambda size, kernel_size, padding, stride: (size + padding - kernel_size) // stride,
)
wrong(
    "convolution.2",
    "divided first",
    lambda size, kernel_size, padding, stride: size // stride + 2 * padding - kernel_size + 1,
)
wrong(
    "convolution.2",
    "same, whatever the padding",
    lambda size, kernel_size, padding, stride: math.ceil(size / stride),
)
right("convolution.2", lambda n, k, p, s: len(range(-p, n + p - k + 1, s)))
right("convolution.2", lambda n, k, p, s: np.floor((n + 2 * p - k) / s) + 1)

# convolution.4: 16 * 9 * 8 + 16 and 28 * 28 * 16 * 72
wrong("convolution.4", "one bias, valid padding", (1153, 26 * 26 * 16 * 72))
wrong("convolution.4", "a kernel for each filter of one channel", (160, 28 * 28 * 16 * 9))
wrong("convolution.4", "filters and channels exchanged in the bias, additions counted", (1160, 28 * 28 * 16 * 73))
wrong("convolution.4", "no bias, one position", (1152, 1152))
wrong("convolution.4", "positions times parameters", (1168, 28 * 28 * 1168))
right("convolution.4", [1168.0, 903168])


# convolution.5
@wrong("convolution.5", "pads as many as the sizes")
def filter_image(image, kernel):
    height, width = kernel.shape
    padded = np.pad(image, (height // 2, width // 2))
    result = np.zeros(image.shape)
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            result[i, j] = np.sum(padded[i : i + height, j : j + width] * kernel)
    return result


@wrong("convolution.5", "the larger of the two on both sides")
def filter_image(image, kernel):
    height, width = kernel.shape
    padded = np.pad(image, max(height, width) // 2)
    result = np.zeros(image.shape)
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            result[i, j] = np.sum(padded[i : i + height, j : j + width] * kernel)
    return result


@wrong("convolution.5", "the edge repeated")
def filter_image(image, kernel):
    height, width = kernel.shape
    padded = np.pad(image, ((height // 2, height // 2), (width // 2, width // 2)), mode="edge")
    result = np.zeros(image.shape)
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            result[i, j] = np.sum(padded[i : i + height, j : j + width] * kernel)
    return result


@wrong("convolution.5", "a kernel turned round, with a library")
def filter_image(image, kernel):
    kernel = kernel[::-1, ::-1]
    height, width = kernel.shape
    padded = np.pad(image, ((height // 2, height // 2), (width // 2, width // 2)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape)
    return (windows * kernel).sum(axis=(-2, -1))


@right("convolution.5")
def filter_image(image, kernel):
    h, w = kernel.shape
    padded = np.zeros((image.shape[0] + h - 1, image.shape[1] + w - 1))
    padded[h // 2 : h // 2 + image.shape[0], w // 2 : w // 2 + image.shape[1]] = image
    return np.einsum("ijkl,kl->ij", np.lib.stride_tricks.sliding_window_view(padded, kernel.shape), kernel)


# training.3
wrong("training.3", "all four numbers", lambda kernel_shape: np.sqrt(2 / np.prod(kernel_shape)))
wrong("training.3", "Glorot's", lambda k: np.sqrt(2 / (k[0] * k[1] * (k[2] + k[3]))))
wrong("training.3", "the area alone", lambda k: math.sqrt(2 / (k[0] * k[1])))
wrong("training.3", "a uniform limit", lambda k: math.sqrt(6 / (k[0] * k[1] * k[2])))
wrong("training.3", "the fan out, without the root", lambda k: 2 / (k[0] * k[1] * k[3]))
right("training.3", lambda shape: (np.prod(shape[:-1]) / 2) ** -0.5)


# shift.3
wrong(
    "shift.3",
    "reshaped with the channels in front",
    lambda values: np.percentile(values.reshape(values.shape[-1], -1), (15, 50, 85), axis=1),
)
wrong("shift.3", "(C, 3)", lambda values: np.percentile(values, (15, 50, 85), axis=(0, 1, 2)).T)
wrong("shift.3", "the mean of the percentiles", lambda values: np.percentile(values, (15, 50, 85), axis=0).mean((1, 2)))
wrong("shift.3", "fractions", lambda values: np.percentile(values, (0.15, 0.5, 0.85), axis=(0, 1, 2)))
wrong(
    "shift.3",
    "a normal distribution assumed",
    lambda v: np.stack([v.mean((0, 1, 2)) + z * v.std((0, 1, 2)) for z in (-1.036, 0, 1.036)]),
)
right("shift.3", lambda v: np.array([np.quantile(v[..., c], [0.15, 0.5, 0.85]) for c in range(v.shape[-1])]).T)


# forward.1
wrong("forward.1", "standardized as a whole", lambda x: (x - x.mean()) / x.std())
wrong("forward.1", "the variance", lambda x: (x - x.mean(0)) / x.var(0))
wrong("forward.1", "divided first", lambda x: x / x.std(0) - x.mean(0))
wrong("forward.1", "the range", lambda x: (x - x.mean(0)) / np.ptp(x, axis=0))
right("forward.1", lambda a: ((a - np.average(a, 0)) / np.linalg.norm(a - a.mean(0), axis=0)) * math.sqrt(len(a)))

# forward.2
wrong("forward.2", "positions have means", (14 * 14 * 24, 32, 48))
wrong("forward.2", "one image each", (32 * 24, 196, 48))
wrong("forward.2", "everything", (1, 32 * 14 * 14 * 24, 2))
wrong("forward.2", "the moving statistics learned, too, and the channels averaged", (24, 32 * 14 * 14 * 24, 96))
wrong("forward.2", "rows alone", (24, 32 * 14, 24))
right("forward.2", np.array([24, 6272, 48]))


# forward.6
@wrong("forward.6", "the axes alone")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    mean, variance = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
    x_hat = (x - mean) / (np.sqrt(variance) + epsilon)
    return gamma * (x_hat + beta)


@wrong("forward.6", "all but the axes")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    mean, variance = x.mean(axis=0), x.var(axis=0)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


@wrong("forward.6", "the axes over the channels")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    mean, variance = x.mean(axis=(1, 2, 3), keepdims=True), x.var(axis=(1, 2, 3), keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


@wrong("forward.6", "the mean over all, the variance over the batch")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    mean, variance = x.mean(axis=(0, 1, 2)), x.var(axis=0)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


@wrong("forward.6", "epsilon left out for good")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    mean, std = x.mean(axis=(0, 1, 2)), x.std(axis=(0, 1, 2))
    return gamma * (x - mean) / std + beta


@right("forward.6")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    flat = x.reshape(-1, x.shape[-1])
    return (((flat - flat.mean(0)) / np.sqrt(flat.var(0) + epsilon)) * gamma + beta).reshape(x.shape)


# inference.1
wrong("inference.1", "PyTorch's", lambda moving, batch, momentum=0.99: (1 - momentum) * moving + momentum * batch)
wrong("inference.1", "the sum", lambda moving, batch, momentum=0.99: momentum * moving + batch)
wrong(
    "inference.1",
    "the difference turned",
    lambda moving, batch, momentum=0.99: moving + (1 - momentum) * (moving - batch),
)
wrong(
    "inference.1",
    "gradient descent's momentum",
    lambda moving, batch, momentum=0.99: momentum * moving - (1 - momentum) * batch,
)
wrong("inference.1", "the plain mean", lambda moving, batch, momentum=0.99: (moving + batch) / 2)
right("inference.1", lambda old, new, momentum=0.99: np.average([old, new], axis=0, weights=[momentum, 1 - momentum]))


# backward.3
@wrong("backward.3", "gamma alone mended")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    m = len(dy)
    dbeta, dgamma = dy.sum(axis=(0, 1, 2)), (dy * x_hat).sum(axis=(0, 1, 2))
    return gamma * inv_std * (dy - dbeta / m - x_hat * dgamma / m), dgamma, dbeta


@wrong("backward.3", "m with the channels")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    m = dy.size
    dbeta, dgamma = dy.sum(axis=(0, 1, 2)), (dy * x_hat).sum(axis=(0, 1, 2))
    return gamma * inv_std * (dy - dbeta / m - x_hat * dgamma / m), dgamma, dbeta


@wrong("backward.3", "m mended, gamma on dy's own term alone")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    m = dy.size / dy.shape[-1]
    dbeta, dgamma = dy.sum(axis=(0, 1, 2)), (dy * x_hat).sum(axis=(0, 1, 2))
    return inv_std * (gamma * dy - dbeta / m - x_hat * dgamma / m), dgamma, dbeta


@wrong("backward.3", "gamma in dgamma, too")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    m = dy.size / dy.shape[-1]
    dy = dy * gamma
    dbeta, dgamma = dy.sum(axis=(0, 1, 2)), (dy * x_hat).sum(axis=(0, 1, 2))
    return inv_std * (dy - dbeta / m - x_hat * dgamma / m), dgamma, dbeta


@right("backward.3")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    axes = (0, 1, 2)
    g = dy * gamma
    dx = inv_std * (g - g.mean(axes) - x_hat * (g * x_hat).mean(axes))
    return dx, np.einsum("nhwc,nhwc->c", dy, x_hat), np.einsum("nhwc->c", dy)


# invariance.2
wrong("invariance.2", "added, and half", (7, 0.5))
wrong("invariance.2", "subtracted, and a quarter", (-1, 0.25))
wrong("invariance.2", "Pythagoras, and twice", (5, 2))
wrong("invariance.2", "the gradient's length after", (5, 16))
wrong("invariance.2", "squared, and the same", (25, 1))
right("invariance.2", (math.hypot(3, 4), 4))


# invariance.4
@wrong("invariance.4", "the decay without the learning rate still")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    return (
        kernel - learning_rate * dkernel - decay * kernel,
        gamma - learning_rate * dgamma,
        beta - learning_rate * dbeta,
    )


@wrong("invariance.4", "gamma and beta decay still")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    kernel = kernel - learning_rate * (dkernel + decay * kernel)
    gamma = gamma - learning_rate * (dgamma + decay * gamma)
    beta = beta - learning_rate * (dbeta + decay * beta)
    return kernel, gamma, beta


@wrong("invariance.4", "the decay after the step")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    kernel = kernel - learning_rate * dkernel
    kernel = kernel - learning_rate * decay * kernel
    return kernel, gamma - learning_rate * dgamma, beta - learning_rate * dbeta


@wrong("invariance.4", "the decay's sign")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    kernel = kernel - learning_rate * (dkernel - decay * kernel)
    return kernel, gamma - learning_rate * dgamma, beta - learning_rate * dbeta


@wrong("invariance.4", "gamma decays, beta does not")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    kernel = kernel - learning_rate * (dkernel + decay * kernel)
    gamma = gamma - learning_rate * (dgamma + decay * gamma)
    return kernel, gamma, beta - learning_rate * dbeta


@right("invariance.4")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    shrink = 1 - learning_rate * decay
    return [shrink * kernel - learning_rate * dkernel, gamma - learning_rate * dgamma, beta - learning_rate * dbeta]


# capstone_network.1
@wrong("capstone_network.1", "the variance with epsilon returned")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axis=axes), x.var(axis=axes) + epsilon
    inv_std = 1 / np.sqrt(variance)
    x_hat = (x - mean) * inv_std
    return gamma * x_hat + beta, mean, variance, x_hat, inv_std


@wrong("capstone_network.1", "the standard deviation in place of its inverse")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axis=axes), x.var(axis=axes)
    std = np.sqrt(variance + epsilon)
    x_hat = (x - mean) / std
    return gamma * x_hat + beta, mean, variance, x_hat, std


@wrong("capstone_network.1", "x hat with gamma")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axis=axes), x.var(axis=axes)
    inv_std = 1 / np.sqrt(variance + epsilon)
    x_hat = gamma * (x - mean) * inv_std
    return x_hat + beta, mean, variance, x_hat, inv_std


@wrong("capstone_network.1", "the batch axis alone, keepdims")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    mean, variance = x.mean(axis=0, keepdims=True), x.var(axis=0, keepdims=True)
    inv_std = 1 / np.sqrt(variance + epsilon)
    x_hat = (x - mean) * inv_std
    return gamma * x_hat + beta, mean[0], variance[0], x_hat, inv_std[0]


@wrong("capstone_network.1", "the mean of the squares, inv_std without epsilon")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axis=axes), (x**2).mean(axis=axes)
    inv_std = variance**-0.5
    x_hat = (x - mean) * inv_std
    return gamma * x_hat + beta, mean, variance, x_hat, inv_std


@right("capstone_network.1")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    flat = x.reshape(-1, x.shape[-1])
    mean = flat.sum(0) / len(flat)
    variance = ((flat - mean) ** 2).sum(0) / len(flat)
    inv_std = np.reciprocal(np.sqrt(variance + epsilon))
    x_hat = ((flat - mean) * inv_std).reshape(x.shape)
    return x_hat * gamma + beta, mean, variance, x_hat, inv_std


# capstone_network.2
@wrong("capstone_network.2", "the batch's variance")
def bn_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return gamma * (x - moving_mean) / np.sqrt(x.var(axis=tuple(range(x.ndim - 1))) + epsilon) + beta


@wrong("capstone_network.2", "the variance taken for a deviation")
def bn_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return gamma * (x - moving_mean) / (moving_variance + epsilon) + beta


@wrong("capstone_network.2", "added where it is subtracted, and no beta")
def bn_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return gamma * (x + moving_mean) / np.sqrt(moving_variance + epsilon)


@wrong("capstone_network.2", "folded, with the mean unscaled")
def bn_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    scale = gamma / np.sqrt(moving_variance + epsilon)
    return scale * x + beta - moving_mean


@right("capstone_network.2")
def bn_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    scale = gamma / np.sqrt(moving_variance + epsilon)
    return np.multiply(x, scale) + (beta - moving_mean * scale)


# two mistakes at once, in numbers
wrong("convolution.3", "same at first, no pooling", (13, 13, 16))
wrong("convolution.3", "pooling and stride both by 2 and 1, filters first", (16, 6, 5))
wrong("convolution.3", "the filters of the first", (6, 5, 8))
wrong("training.2", "10 classes, incomplete batches kept", (math.log(10), 24))
wrong("training.2", "images by classes", (math.log(100), 3 * 500 / 64))
wrong("shift.2", "sixteen layers, added", 1.8)
wrong("shift.2", "fourteen", 1.05**14)
wrong("shift.6", "of three numbers apart", (2 * math.sqrt(3), 0))
wrong("shift.6", "divided by the variance", (2.0, 2.0))
wrong("forward.3", "epsilon doubled: subtracted", 2 * 1 / math.sqrt(0.16 - 0.09) + 0.5)
wrong("forward.3", "epsilon outside, beta forgotten", 2 / (0.3 + 0.16))
wrong("inference.2", "decays to 1", (0.6513, 44))
wrong("inference.2", "1% left of 2", (1.3026, 43.7))
wrong("inference.2", "from the second step on", (2 * (1 - 0.9**11), 45))
wrong("backward.1", "divided by 3, as a sample", [1.0, -1.0, -2.0, 0.0])
wrong("backward.1", "only the mean", [1.5, -0.5, -1.5, 0.5])
wrong("backward.6", "channels and positions; gamma dy by the root", (3136, 64, 50.6))
wrong("backward.6", "dx is dy", (49, 1, 0.8))
wrong("invariance.6", "before right, after by 0.1", (0.988, 0.0988))
wrong("invariance.6", "epsilon scaled, too, and variances", (0.9756, 0.9756))
