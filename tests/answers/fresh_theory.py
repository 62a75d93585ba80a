"""Answers of somebody who saw the tasks alone: chapters forward, inference, backward, layer."""

import math
import statistics

import numpy as np
from answers import junk, right, wrong

# forward.1
wrong("forward.1", "no parentheses", lambda x: x - x.mean(axis=0) / x.std(axis=0))
wrong("forward.1", "median for the mean", lambda x: (x - np.median(x, axis=0)) / x.std(axis=0))
wrong("forward.1", "mean absolute deviation", lambda x: (x - x.mean(0)) / np.abs(x - x.mean(0)).mean(0))


@wrong("forward.1", "row by row in a loop")
def standardize(x):
    result = np.zeros_like(x)
    for i in range(len(x)):
        result[i] = (x[i] - x[i].mean()) / x[i].std()
    return result


@wrong("forward.1", "root of the mean square instead of std")
def standardize(x):
    mean = np.mean(x, axis=0)
    std = np.sqrt(np.mean(x**2, axis=0))
    return (x - mean) / std


@wrong("forward.1", "scales to 0..1")
def standardize(x):
    return (x - x.min(axis=0)) / (x.max(axis=0) - x.min(axis=0))


@right("forward.1")
def standardize(data):
    columns = []
    for column in zip(*data.tolist()):
        m, s = statistics.fmean(column), statistics.pstdev(column)
        columns.append([(v - m) / s for v in column])
    return np.array(columns).T


@right("forward.1")
def standardize(x):
    import tensorflow as tf

    x = tf.constant(x, tf.float64)
    mean, variance = tf.nn.moments(x, axes=[0])
    return (x - mean) * tf.math.rsqrt(variance)


@right("forward.1")
def standardize(x):
    n, c = x.shape
    ones = np.ones((1, n)) / n
    d = x - ones @ x
    return d / np.sqrt(np.einsum("nc,nc->c", d, d) / n)


junk("forward.1", lambda x: "x")

# forward.2
wrong("forward.2", "the mean over the batch alone", (14 * 14 * 24, 32, 48))
wrong("forward.2", "learned: with moving statistics", (24, 32 * 14 * 14, 96))
wrong("forward.2", "as layer norm", (32, 14 * 14 * 24, 48))
wrong("forward.2", "one parameter a channel", (24, 6272, 24))
wrong("forward.2", "numbers: only the positions", (24, 196, 48))
wrong("forward.2", "learned 2", (24, 6272, 2))
right("forward.2", [24, 6272, 48])
right("forward.2", np.array([24, 6272, 48]))
right("forward.2", (24, 32 * 14**2, 2 * 24.0))
junk("forward.2", {"means": 24})

# forward.3
wrong("forward.3", "gamma forgotten", 1 / 0.5 + 0.5)
wrong("forward.3", "beta forgotten", 4.0)
wrong("forward.3", "no epsilon", 2 / 0.3 + 0.5)
wrong("forward.3", "divided by the variance", 2 / 0.25 + 0.5)
wrong("forward.3", "gamma times x_hat + beta", 2 * (2 + 0.5))
wrong("forward.3", "roots added one by one", 2 / (0.3 + 0.4) + 0.5)
right("forward.3", np.float32(4.5))
right("forward.3", [4.5])
right("forward.3", 1 * 2 / math.sqrt(0.09 + 0.16) + 0.5)
junk("forward.3", "4.5 or so")

# forward.4
@wrong("forward.4", "beta has the wrong sign")
def undo(x, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    return np.sqrt(x.var(axis=axes) + epsilon), -x.mean(axis=axes)


@wrong("forward.4", "inverse gamma")
def undo(x, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    return 1 / np.sqrt(x.var(axis=axes) + epsilon), x.mean(axis=axes)


@wrong("forward.4", "swapped")
def undo(x, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    return x.mean(axis=axes), np.sqrt(x.var(axis=axes) + epsilon)


wrong("forward.4", "first axis alone", lambda x, epsilon=1e-3: (np.sqrt(x.var(axis=0) + epsilon), x.mean(axis=0)))
wrong("forward.4", "epsilon forgotten", lambda x, epsilon=1e-3: (x.reshape(-1, x.shape[-1]).std(0), x.reshape(-1, x.shape[-1]).mean(0)))


@wrong("forward.4", "returns x again instead of gamma and beta")
def undo(x, epsilon=1e-3):
    flat = x.reshape(-1, x.shape[-1])
    mean, var = flat.mean(0), flat.var(0)
    gamma = np.sqrt(var + epsilon)
    return gamma * ((x - mean) / np.sqrt(var + epsilon)) + mean


@right("forward.4")
def undo(x, epsilon=1e-3):
    gammas, betas = [], []
    for c in range(x.shape[-1]):
        channel = x[..., c]
        gammas.append(math.sqrt(channel.var() + epsilon))
        betas.append(channel.mean())
    return gammas, betas


@right("forward.4")
def undo(x, epsilon=1e-3):
    import tensorflow as tf

    mean, variance = tf.nn.moments(tf.constant(x, tf.float64), list(range(x.ndim - 1)))
    return [tf.sqrt(variance + epsilon), mean]


@right("forward.4")
def undo(x, epsilon=1e-3):
    flat = np.moveaxis(x, -1, 0).reshape(x.shape[-1], -1)
    return np.hypot(flat.std(axis=1), epsilon**0.5), np.average(flat, axis=1)


junk("forward.4", lambda x, epsilon=1e-3: (None, None))


# forward.6
@wrong("forward.6", "only the axes mended")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    mean = x.mean(axis=(0, 1, 2))
    variance = x.var(axis=(0, 1, 2))
    x_hat = (x - mean) / (np.sqrt(variance) + epsilon)
    return gamma * (x_hat + beta)


@wrong("forward.6", "axes of NCHW, keepdims")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    mean = x.mean(axis=(0, 2, 3), keepdims=True)
    variance = x.var(axis=(0, 2, 3), keepdims=True)
    x_hat = (x - mean) / np.sqrt(variance + epsilon)
    return gamma * x_hat + beta


@wrong("forward.6", "per image")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    mean = x.mean(axis=(1, 2), keepdims=True)
    variance = x.var(axis=(1, 2), keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


@wrong("forward.6", "epsilon and beta mended, axes not")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    mean = x.mean(axis=0)
    variance = x.var(axis=0)
    x_hat = (x - mean) / np.sqrt(variance + epsilon)
    return gamma * x_hat + beta


@wrong("forward.6", "root lost when epsilon was moved")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    mean = x.mean(axis=(0, 1, 2))
    variance = x.var(axis=(0, 1, 2))
    x_hat = (x - mean) / (variance + epsilon)
    return gamma * x_hat + beta


@wrong("forward.6", "variance around zero, by mean of squares")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    mean = x.mean(axis=(0, 1, 2))
    variance = (x**2).mean(axis=(0, 1, 2))
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


@right("forward.6")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    flat = x.reshape(-1, x.shape[3])
    d = flat - flat.mean(axis=0)
    return (gamma * d * (np.square(d).mean(axis=0) + epsilon) ** -0.5 + beta).reshape(x.shape)


@right("forward.6")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    import tensorflow as tf

    x = tf.cast(x, tf.float64)
    mean, variance = tf.nn.moments(x, (0, 1, 2))
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)


@right("forward.6")
def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    y = np.empty(x.shape)
    for c in range(x.shape[-1]):
        v = x[:, :, :, c]
        y[:, :, :, c] = (v - v.mean()) / np.sqrt(v.var() + epsilon) * gamma[c] + beta[c]
    return y


junk("forward.6", lambda x, gamma, beta, epsilon=1e-3: {})


# forward.7
@wrong("forward.7", "whole image")
def position_norm(x, gamma, beta, epsilon=1e-3):
    mean = x.mean(axis=(1, 2, 3), keepdims=True)
    var = x.var(axis=(1, 2, 3), keepdims=True)
    return gamma * (x - mean) / np.sqrt(var + epsilon) + beta


@wrong("forward.7", "keepdims forgotten")
def position_norm(x, gamma, beta, epsilon=1e-3):
    mean = x.mean(axis=-1)
    var = x.var(axis=-1)
    return gamma * (x - mean) / np.sqrt(var + epsilon) + beta


@wrong("forward.7", "each position over the batch")
def position_norm(x, gamma, beta, epsilon=1e-3):
    mean = x.mean(axis=(0, 3), keepdims=True)
    var = x.var(axis=(0, 3), keepdims=True)
    return gamma * (x - mean) / np.sqrt(var + epsilon) + beta


@wrong("forward.7", "batch norm")
def position_norm(x, gamma, beta, epsilon=1e-3):
    flat = x.reshape(-1, x.shape[-1])
    return gamma * (x - flat.mean(0)) / np.sqrt(flat.var(0) + epsilon) + beta


wrong("forward.7", "sample variance", lambda x, gamma, beta, epsilon=1e-3: gamma * (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, ddof=1, keepdims=True) + epsilon) + beta)
wrong("forward.7", "gamma inside the root's line by mistake", lambda x, gamma, beta, epsilon=1e-3: (x - x.mean(-1, keepdims=True)) / np.sqrt(gamma * x.var(-1, keepdims=True) + epsilon) + beta)


@right("forward.7")
def position_norm(x, gamma, beta, epsilon=1e-3):
    t = np.moveaxis(x, -1, 0)
    return np.moveaxis((t - t.mean(0)) / (t.var(0) + epsilon) ** 0.5, 0, -1) * gamma + beta


@right("forward.7")
def position_norm(x, gamma, beta, epsilon=1e-3):
    y = np.zeros(x.shape)
    for i in np.ndindex(x.shape[:3]):
        v = x[i]
        y[i] = gamma * (v - v.mean()) / np.sqrt(v.var() + epsilon) + beta
    return y


@right("forward.7")
def position_norm(x, gamma, beta, epsilon=1e-3):
    import tensorflow as tf

    x = tf.convert_to_tensor(x, dtype=tf.float64)
    mean = tf.reduce_mean(x, -1, keepdims=True)
    var = tf.math.reduce_variance(x, -1, keepdims=True)
    return (x - mean) / tf.sqrt(var + epsilon) * gamma + beta


@junk("forward.7")
def position_norm(x, gamma, beta, epsilon=1e-3):
    yield x


# inference.1
wrong("inference.1", "momentum of PyTorch", lambda moving, batch, momentum=0.99: (1 - momentum) * moving + momentum * batch)
wrong("inference.1", "sum without 1 -", lambda moving, batch, momentum=0.99: momentum * moving + batch)
wrong("inference.1", "plain mean of both", lambda moving, batch, momentum=0.99: (moving + batch) / 2)
wrong("inference.1", "difference the wrong way round", lambda moving, batch, momentum=0.99: moving + (1 - momentum) * (moving - batch))
wrong("inference.1", "momentum fixed", lambda moving, batch, momentum=0.99: 0.99 * moving + 0.01 * batch)


@wrong("inference.1", "changes in place")
def update(moving, batch, momentum=0.99):
    moving *= momentum
    moving += (1 - momentum) * batch
    return moving


@right("inference.1")
def update(old, new, momentum=0.99):
    return [momentum * o + (1 - momentum) * n for o, n in zip(old, new)]


right("inference.1", lambda moving, batch, momentum=0.99: moving - (1 - momentum) * (moving - batch))
right("inference.1", lambda moving, batch, momentum=0.99: np.array([momentum, 1 - momentum]) @ np.stack([moving, batch]))
junk("inference.1", lambda moving, batch, momentum=0.99: lambda: moving)

# inference.2
wrong("inference.2", "share that is left instead of the mean", (0.9**10, 44))
wrong("inference.2", "9 steps of ten", (2 * (1 - 0.9**9), 44))
wrong("inference.2", "rounded down", (1.3026, 43))
wrong("inference.2", "one percent of 1 absolute, 0.01", (1.3026, 51))
wrong("inference.2", "mean in share", (0.651, 44))
wrong("inference.2", "momentum on the new", (2 * (1 - 0.1**10), 2))
right("inference.2", (1.303, 44))
right("inference.2", [2 * (1 - 0.9**10), np.int64(44)])
right("inference.2", np.array([1.30264, 44.0]))
junk("inference.2", (float("nan"), 44))


# inference.4
wrong("inference.4", "plain means", lambda means, variances, counts: (means.mean(0), variances.mean(0)))


@wrong("inference.4", "between part unweighted")
def combine(means, variances, counts):
    w = counts / counts.sum()
    mean = w @ means
    return mean, w @ variances + means.var(axis=0)


@wrong("inference.4", "no part between batches")
def combine(means, variances, counts):
    mean = np.average(means, axis=0, weights=counts)
    var = np.average(variances, axis=0, weights=counts)
    return mean, var


@wrong("inference.4", "divides by K as well")
def combine(means, variances, counts):
    n = counts[:, None]
    mean = (n * means).mean(0) / n.sum()
    var = (n * (variances + (means - mean) ** 2)).mean(0) / n.sum()
    return mean, var


@wrong("inference.4", "sample variances pooled")
def combine(means, variances, counts):
    n = counts[:, None]
    mean = (n * means).sum(0) / n.sum()
    var = ((n - 1) * variances + n * (means - mean) ** 2).sum(0) / (n.sum() - 1)
    return mean, var


@wrong("inference.4", "mean of squares minus mean, mean not squared")
def combine(means, variances, counts):
    n = counts[:, None]
    mean = (n * means).sum(0) / n.sum()
    sq = (n * (variances + means**2)).sum(0) / n.sum()
    return mean, sq - mean


@right("inference.4")
def combine(means, variances, counts):
    count, mean, m2 = 0, 0.0, 0.0
    for m, v, n in zip(means, variances, counts):
        d = m - mean
        total = count + n
        m2 = m2 + v * n + d**2 * count * n / total
        mean = mean + d * n / total
        count = total
    return mean, m2 / count


@right("inference.4")
def combine(means, variances, counts):
    w = np.asarray(counts)[:, np.newaxis] / np.sum(counts)
    mean = np.sum(w * means, axis=0)
    return mean, np.sum(w * (variances + np.square(means)), axis=0) - mean**2


@right("inference.4")
def combine(means, variances, counts):
    total = sum(counts)
    mean = [sum(n * m[c] for n, m in zip(counts, means)) / total for c in range(means.shape[1])]
    var = [
        sum(n * (v[c] + (m[c] - mean[c]) ** 2) for n, m, v in zip(counts, means, variances)) / total
        for c in range(means.shape[1])
    ]
    return mean, var


junk("inference.4", lambda means, variances, counts: 0)


# inference.5
@wrong("inference.5", "only the update removed")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    x_hat = (x - x.mean(axis=0)) / np.sqrt(moving_variance + epsilon)
    return gamma * x_hat + beta


@wrong("inference.5", "moving mean used, still updated with in-place")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    moving_mean *= 0.99
    moving_mean += 0.01 * x.mean(axis=0)
    x_hat = (x - moving_mean) / np.sqrt(moving_variance + epsilon)
    return gamma * x_hat + beta


@wrong("inference.5", "update on a copy")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    moving_mean = 0.99 * moving_mean + 0.01 * x.mean(axis=0)
    x_hat = (x - moving_mean) / np.sqrt(moving_variance + epsilon)
    return gamma * x_hat + beta


@wrong("inference.5", "all from the batch")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    x_hat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + epsilon)
    return gamma * x_hat + beta


@wrong("inference.5", "epsilon outside")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    x_hat = (x - moving_mean) / (np.sqrt(moving_variance) + epsilon)
    return gamma * x_hat + beta


@wrong("inference.5", "batch statistics if more than one, else moving")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    if len(x) > 1:
        x_hat = (x - x.mean(axis=0)) / np.sqrt(moving_variance + epsilon)
    else:
        x_hat = (x - moving_mean) / np.sqrt(moving_variance + epsilon)
    return gamma * x_hat + beta


@right("inference.5")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    scale = gamma / np.sqrt(moving_variance + epsilon)
    return x * scale + (beta - moving_mean * scale)


@right("inference.5")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return np.stack([gamma * (row - moving_mean) / (moving_variance + epsilon) ** 0.5 + beta for row in x])


@right("inference.5")
def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    import tensorflow as tf

    return tf.nn.batch_normalization(x, moving_mean, moving_variance, beta, gamma, epsilon)


junk("inference.5", 42)

# backward.1
wrong("backward.1", "only the mean taken away", [1.5, -0.5, -1.5, 0.5])
wrong("backward.1", "slope added, not taken away", [2, 0, -2, 0])
wrong("backward.1", "slope with sum", [3 - 1.5 - 2, 1 - 1.5 - 2, -1.5 + 2, 0.5 + 2])
wrong("backward.1", "only the slope", [2.5, 0.5, 0.5, 2.5])
wrong("backward.1", "the line itself", [2, 2, 1, 1])
wrong("backward.1", "sign of everything", [-1, 1, 1, -1])
right("backward.1", (1.0, -1.0, -1.0, 1.0))
right("backward.1", np.array([1, -1, -1, 1], dtype=np.int8))
right("backward.1", [[1, -1, -1, 1]])
junk("backward.1", "1, -1")


# backward.3
@wrong("backward.3", "only m mended")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    m = dy.shape[0] * dy.shape[1] * dy.shape[2]
    dbeta = dy.sum(axis=(0, 1, 2))
    dgamma = (dy * x_hat).sum(axis=(0, 1, 2))
    dx = inv_std * (dy - dbeta / m - x_hat * dgamma / m)
    return dx, dgamma, dbeta


@wrong("backward.3", "m is dy.size")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    m = dy.size
    dbeta = dy.sum(axis=(0, 1, 2))
    dgamma = (dy * x_hat).sum(axis=(0, 1, 2))
    dx = gamma * inv_std * (dy - dbeta / m - x_hat * dgamma / m)
    return dx, dgamma, dbeta


@wrong("backward.3", "gamma at dy alone")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    m = dy.size / dy.shape[-1]
    dbeta = dy.sum(axis=(0, 1, 2))
    dgamma = (dy * x_hat).sum(axis=(0, 1, 2))
    dx = inv_std * (gamma * dy - dbeta / m - x_hat * dgamma / m)
    return dx, dgamma, dbeta


@wrong("backward.3", "divided by gamma")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    m = dy.size / dy.shape[-1]
    dbeta = dy.sum(axis=(0, 1, 2))
    dgamma = (dy * x_hat).sum(axis=(0, 1, 2))
    dx = inv_std / gamma * (dy - dbeta / m - x_hat * dgamma / m)
    return dx, dgamma, dbeta


@wrong("backward.3", "m of the positions without the batch")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    m = dy.shape[1] * dy.shape[2]
    dbeta = dy.sum(axis=(0, 1, 2))
    dgamma = (dy * x_hat).sum(axis=(0, 1, 2))
    dx = gamma * inv_std * (dy - dbeta / m - x_hat * dgamma / m)
    return dx, dgamma, dbeta


@wrong("backward.3", "dgamma and dbeta averaged")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    dbeta = dy.mean(axis=(0, 1, 2))
    dgamma = (dy * x_hat).mean(axis=(0, 1, 2))
    dx = gamma * inv_std * (dy - dbeta - x_hat * dgamma)
    return dx, dgamma, dbeta


@right("backward.3")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    axes = (0, 1, 2)
    g = dy * gamma
    dx = (g - g.mean(axes) - x_hat * (g * x_hat).mean(axes)) * inv_std
    return [dx, np.einsum("nhwc,nhwc->c", dy, x_hat), np.einsum("nhwc->c", dy)]


@right("backward.3")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    dx, dgamma, dbeta = np.empty_like(dy), [], []
    for c in range(dy.shape[-1]):
        g, h = dy[..., c], x_hat[..., c]
        dbeta.append(g.sum())
        dgamma.append((g * h).sum())
        dx[..., c] = gamma[c] * inv_std[c] * (g - g.mean() - h * (g * h).mean())
    return dx, dgamma, dbeta


@right("backward.3")
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    import tensorflow as tf

    dy, x_hat = tf.constant(dy), tf.constant(x_hat)
    m = np.prod(dy.shape[:-1])
    dbeta = tf.reduce_sum(dy, [0, 1, 2])
    dgamma = tf.reduce_sum(dy * x_hat, [0, 1, 2])
    return gamma * inv_std * (dy - (dbeta + x_hat * dgamma) / m), dgamma, dbeta


junk("backward.3", lambda *a: a)


# backward.4
@wrong("backward.4", "the mean's term too")
def rmsnorm_backward(dy, x, epsilon):
    r = 1 / np.sqrt((x**2).mean(0) + epsilon)
    y = x * r
    return r * (dy - dy.mean(0) - y * (dy * y).mean(0))


@wrong("backward.4", "only r dy")
def rmsnorm_backward(dy, x, epsilon):
    return dy / np.sqrt((x**2).mean(0) + epsilon)


@wrong("backward.4", "x in place of y in the second term")
def rmsnorm_backward(dy, x, epsilon):
    r = 1 / np.sqrt((x**2).mean(0) + epsilon)
    return r * (dy - x * (dy * x).mean(0))


@wrong("backward.4", "sum not mean")
def rmsnorm_backward(dy, x, epsilon):
    r = 1 / np.sqrt((x**2).mean(0) + epsilon)
    y = x * r
    return r * (dy - y * (dy * y).sum(0))


@wrong("backward.4", "plus sign")
def rmsnorm_backward(dy, x, epsilon):
    q = (x**2).mean(0)
    dq = (dy * x).sum(0) * 0.5 * (q + epsilon) ** -1.5
    return dy / np.sqrt(q + epsilon) + dq * 2 * x / len(x)


@wrong("backward.4", "2 of the square forgotten")
def rmsnorm_backward(dy, x, epsilon):
    q = (x**2).mean(0)
    dq = (dy * x).sum(0) * -0.5 * (q + epsilon) ** -1.5
    return dy / np.sqrt(q + epsilon) + dq * x / len(x)


@right("backward.4")
def rmsnorm_backward(dy, x, epsilon):
    import tensorflow as tf

    v = tf.Variable(x, dtype=tf.float64)
    with tf.GradientTape() as tape:
        y = v / tf.sqrt(tf.reduce_mean(v**2, 0) + epsilon)
    return tape.gradient(y, v, output_gradients=tf.constant(dy))


@right("backward.4")
def rmsnorm_backward(dy, x, epsilon):
    n, c = x.shape
    dx = np.zeros((n, c))
    for j in range(c):
        s = np.mean(x[:, j] ** 2) + epsilon
        jacobian = np.eye(n) / s**0.5 - np.outer(x[:, j], x[:, j]) / (n * s**1.5)
        dx[:, j] = jacobian @ dy[:, j]
    return dx


@right("backward.4")
def rmsnorm_backward(dy, x, epsilon):
    s = np.square(x).mean(axis=0) + epsilon
    return dy * s**-0.5 - x * np.mean(x * dy, axis=0) * s**-1.5


junk("backward.4", lambda dy, x, epsilon: np.array(["a", "b"]))


# backward.5
@wrong("backward.5", "full backward")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    inv = 1 / np.sqrt(moving_variance + epsilon)
    x_hat = (x - moving_mean) * inv
    dx = gamma * inv * (dy - dy.mean(0) - x_hat * (dy * x_hat).mean(0))
    return dx, (dy * x_hat).sum(0), dy.sum(0)


@wrong("backward.5", "x_hat from the batch")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    x_hat = (x - x.mean(0)) / np.sqrt(x.var(0) + epsilon)
    return dy * gamma / np.sqrt(moving_variance + epsilon), (dy * x_hat).sum(0), dy.sum(0)


@wrong("backward.5", "frozen: no gradients for gamma and beta")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    return dy * gamma / np.sqrt(moving_variance + epsilon), np.zeros_like(gamma), np.zeros_like(gamma)


@wrong("backward.5", "dgamma with x")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    return dy * gamma / np.sqrt(moving_variance + epsilon), (dy * x).sum(0), dy.sum(0)


@wrong("backward.5", "dgamma times gamma")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    inv = 1 / np.sqrt(moving_variance + epsilon)
    x_hat = (x - moving_mean) * inv
    return dy * gamma * inv, gamma * (dy * x_hat).sum(0), dy.sum(0)


@wrong("backward.5", "epsilon outside the root")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    inv = 1 / (np.sqrt(moving_variance) + epsilon)
    return dy * gamma * inv, (dy * (x - moving_mean) * inv).sum(0), dy.sum(0)


@right("backward.5")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    import tensorflow as tf

    x, g, b = tf.Variable(x, dtype="float64"), tf.Variable(gamma, dtype="float64"), tf.Variable(0 * gamma, dtype="float64")
    with tf.GradientTape() as tape:
        y = tf.nn.batch_normalization(x, moving_mean, moving_variance, b, g, epsilon)
    return tape.gradient(y, [x, g, b], tf.constant(dy))


@right("backward.5")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    s = (moving_variance + epsilon) ** 0.5
    dgamma = sum(d * (row - moving_mean) / s for d, row in zip(dy, x))
    dbeta = sum(d for d in dy)
    return np.array([d * gamma / s for d in dy]), dgamma, dbeta


@right("backward.5")
def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    s = np.sqrt(moving_variance + epsilon)
    dbeta = np.ones(len(dy)) @ dy
    return dy * (gamma / s), (np.sum(dy * x, axis=0) - moving_mean * dbeta) / s, dbeta


junk("backward.5", lambda dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3: dy.foo)

# backward.6
wrong("backward.6", "dx: gamma / sqrt(epsilon)", (49, 1, 0.8 * 2 / math.sqrt(0.001)))
wrong("backward.6", "64 for the dense layer", (49, 64, 0))
wrong("backward.6", "channels counted", (7 * 7 * 64, 1, 0))
wrong("backward.6", "one each", (1, 1, 0))
wrong("backward.6", "dx = dy gamma", (49, 1, 1.6))
wrong("backward.6", "dx = dy", (49, 1, 0.8))
right("backward.6", [49, 1, 0])
right("backward.6", (49.0, 1.0, -0.0))
right("backward.6", np.array([49, 1, 0.0]))
junk("backward.6", ((), (), ()))

# layer.1
wrong("layer.1", "with biases", (1442 + 24, 48))
wrong("layer.1", "moving counted once", (1442, 24))
wrong("layer.1", "all batch norm trainable", (1490, 48))
wrong("layer.1", "dense without bias", (1432, 48))
wrong("layer.1", "gamma and beta not trainable", (1394, 96))
wrong("layer.1", "dense from 28 x 28", (72 + 16 + 1152 + 32 + 28 * 28 * 16 * 10 + 10, 48))
right("layer.1", [72 + 16 + 1152 + 32 + 170, 2 * (8 + 16)])
right("layer.1", np.array([1442.0, 48.0]))
right("layer.1", (np.int32(1442), 48))
junk("layer.1", (10**400, 48))


# layer.2
@wrong("layer.2", "axis is the one averaged over")
def standardize(x, axis, epsilon):
    return (x - x.mean(axis=axis, keepdims=True)) / np.sqrt(x.var(axis=axis, keepdims=True) + epsilon)


@wrong("layer.2", "negative axis not excluded")
def standardize(x, axis, epsilon):
    axes = tuple(i for i in range(x.ndim) if i != axis)
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + epsilon)


@wrong("layer.2", "keepdims forgotten")
def standardize(x, axis, epsilon):
    axes = tuple(i for i in range(x.ndim) if i != axis % x.ndim)
    return (x - x.mean(axes)) / np.sqrt(x.var(axes) + epsilon)


@wrong("layer.2", "moveaxis there and not back")
def standardize(x, axis, epsilon):
    t = np.moveaxis(x, axis, -1)
    flat = t.reshape(-1, t.shape[-1])
    return (t - flat.mean(0)) / np.sqrt(flat.var(0) + epsilon)


@wrong("layer.2", "always the last axis")
def standardize(x, axis, epsilon):
    flat = x.reshape(-1, x.shape[-1])
    return (x - flat.mean(0)) / np.sqrt(flat.var(0) + epsilon)


@wrong("layer.2", "reshape instead of transposing")
def standardize(x, axis, epsilon):
    flat = x.reshape(-1, x.shape[axis])
    return ((flat - flat.mean(0)) / np.sqrt(flat.var(0) + epsilon)).reshape(x.shape)


@right("layer.2")
def standardize(x, axis, epsilon):
    t = np.swapaxes(x, axis, 0)
    flat = t.reshape(len(t), -1)
    flat = (flat - flat.mean(1, keepdims=True)) / np.sqrt(flat.var(1, keepdims=True) + epsilon)
    return np.swapaxes(flat.reshape(t.shape), axis, 0)


@right("layer.2")
def standardize(x, axis, epsilon):
    y = np.array(x, dtype=float)
    for c in range(x.shape[axis]):
        where = [slice(None)] * x.ndim
        where[axis] = c
        where = tuple(where)
        y[where] = (x[where] - np.mean(x[where])) / math.sqrt(np.var(x[where]) + epsilon)
    return y


@right("layer.2")
def standardize(x, axis, epsilon):
    import tensorflow as tf

    x = tf.constant(x, dtype=tf.float64)
    axes = sorted(set(range(len(x.shape))) - {axis % len(x.shape)})
    mean, variance = tf.nn.moments(x, axes, keepdims=True)
    return (x - mean) / tf.sqrt(variance + epsilon)


junk("layer.2", lambda x: x)


# layer.3
@wrong("layer.3", "still training=False")
def train_step(model, images, labels, learning_rate):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        logits = model(images, training=False)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    weights = model.trainable_variables
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        weight.assign_sub(learning_rate * gradient)
    return loss


@wrong("layer.3", "training call extra, before")
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


@wrong("layer.3", "all weights")
def train_step(model, images, labels, learning_rate):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        logits = model(images, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    weights = model.weights
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        weight.assign_sub(learning_rate * gradient)
    return loss


@wrong("layer.3", "assign_add")
def train_step(model, images, labels, learning_rate):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        logits = model(images, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    weights = model.trainable_variables
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        weight.assign_add(learning_rate * gradient)
    return loss


@wrong("layer.3", "sum of the losses")
def train_step(model, images, labels, learning_rate):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        logits = model(images, training=True)
        loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    weights = model.trainable_variables
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        weight.assign_sub(learning_rate * gradient)
    return loss


@wrong("layer.3", "loss after the step")
def train_step(model, images, labels, learning_rate):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        logits = model(images, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    weights = model.trainable_variables
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        weight.assign_sub(learning_rate * gradient)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, model(images)))


@right("layer.3")
def train_step(model, images, labels, learning_rate):
    import keras
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, model(images, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    keras.optimizers.SGD(learning_rate).apply(gradients, model.trainable_variables)
    return loss


@right("layer.3")
def train_step(model, images, labels, learning_rate):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        p = tf.nn.log_softmax(model(images, training=True))
        loss = -tf.reduce_mean(tf.gather(p, labels, batch_dims=1))
    for w, g in zip(model.trainable_weights, tape.gradient(loss, model.trainable_weights)):
        w.assign(w - learning_rate * g)
    return float(loss)


@right("layer.3")
def train_step(net, images, labels, lr):
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        ws = [v.value for v in net.trainable_variables]
        for w in ws:
            tape.watch(w)
        loss = tf.reduce_mean(tf.keras.losses.sparse_categorical_crossentropy(labels, net(images, training=True), from_logits=True))
    for v, g in zip(net.trainable_variables, tape.gradient(loss, ws)):
        v.assign_sub(lr * g)
    return loss


junk("layer.3", lambda model, images, labels, learning_rate: model)

# layer.5
@wrong("layer.5", "hidden from old statistics, mean only new")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    mean1, variance1 = x.mean(axis=0), x.var(axis=0)
    hidden = np.maximum((x - mean1) / np.sqrt(old_variance + epsilon), 0) @ weights
    return mean1, variance1, hidden.mean(axis=0), hidden.var(axis=0)


@wrong("layer.5", "relu forgotten")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    mean1, variance1 = x.mean(axis=0), x.var(axis=0)
    hidden = (x - mean1) / np.sqrt(variance1 + epsilon) @ weights
    return mean1, variance1, hidden.mean(axis=0), hidden.var(axis=0)


@wrong("layer.5", "second statistics before the dense layer")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    mean1, variance1 = x.mean(axis=0), x.var(axis=0)
    hidden = np.maximum((x - mean1) / np.sqrt(variance1 + epsilon), 0)
    return mean1, variance1, hidden.mean(axis=0), hidden.var(axis=0)


@wrong("layer.5", "hidden normalized before statistics")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    mean1, variance1 = x.mean(axis=0), x.var(axis=0)
    hidden = np.maximum((x - mean1) / np.sqrt(variance1 + epsilon), 0) @ weights
    hidden = (hidden - hidden.mean(0)) / np.sqrt(hidden.var(0) + epsilon)
    return mean1, variance1, hidden.mean(axis=0), hidden.var(axis=0)


@wrong("layer.5", "relu after the dense layer")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    mean1, variance1 = x.mean(axis=0), x.var(axis=0)
    hidden = np.maximum((x - mean1) / np.sqrt(variance1 + epsilon) @ weights, 0)
    return mean1, variance1, hidden.mean(axis=0), hidden.var(axis=0)


@wrong("layer.5", "epsilon forgotten")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    mean1, variance1 = x.mean(axis=0), x.var(axis=0)
    hidden = np.maximum((x - mean1) / np.sqrt(variance1), 0) @ weights
    return mean1, variance1, hidden.mean(axis=0), hidden.var(axis=0)


@right("layer.5")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    def stats(a):
        return [np.mean(a, 0), np.mean(a * a, 0) - np.mean(a, 0) ** 2]

    m, v = stats(x)
    z = (x - m) * (v + epsilon) ** -0.5
    return [m, v, *stats(np.dot(z * (z > 0), weights))]


@right("layer.5")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    import tensorflow as tf

    m, v = tf.nn.moments(tf.constant(x), [0])
    h = tf.nn.relu(tf.nn.batch_normalization(x, m, v, None, None, epsilon)) @ tf.constant(weights)
    return (m, v, *tf.nn.moments(h, [0]))


@right("layer.5")
def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    m, v = x.mean(0), x.var(0)
    rows = [np.clip((row - m) / np.sqrt(v + epsilon), 0, None) @ weights for row in x]
    return m, v, sum(rows) / len(rows), np.var(rows, axis=0)


junk("layer.5", lambda x, weights, old_mean, old_variance, epsilon=1e-3: (1, 2, 3, 4))

# layer.6
wrong("layer.6", "output rises too", (0.7, 0.7, 0))
wrong("layer.6", "mean stays", (0, 0, 0))
wrong("layer.6", "the new mean", (0, 2.2, 0))
wrong("layer.6", "gradient 1", (0, 0.7, 1))
wrong("layer.6", "gradient 0.7", (0, 0.7, 0.7))
wrong("layer.6", "sign of the mean", (0, -0.7, 0))
right("layer.6", [0, 0.7, 0])
right("layer.6", (0.0, 2.2 - 1.5, -0.0))
right("layer.6", np.array([0, 0.7, 0], np.float32))
junk("layer.6", None)
