"""Answers of somebody who saw the tasks alone: convolution, deployment, distributed, small_batches, variants, clinic."""

import math

import numpy as np
from answers import junk, right, wrong

# convolution.2
wrong("convolution.2", "padding once", lambda size, kernel_size, padding, stride: (size + padding - kernel_size) // stride + 1)
wrong("convolution.2", "+1 inside", lambda size, kernel_size, padding, stride: (size + 2 * padding - kernel_size + 1) // stride)
wrong("convolution.2", "+1 forgotten", lambda size, kernel_size, padding, stride: (size + 2 * padding - kernel_size) // stride)
wrong("convolution.2", "true division", lambda size, kernel_size, padding, stride: (size + 2 * padding - kernel_size) / stride + 1)
wrong("convolution.2", "rounded up", lambda size, kernel_size, padding, stride: math.ceil((size + 2 * padding - kernel_size) / stride) + 1)
wrong("convolution.2", "stride forgotten", lambda size, kernel_size, padding, stride: size + 2 * padding - kernel_size + 1)


@right("convolution.2")
def positions(size, kernel_size, padding, stride):
    count, start = 0, -padding
    while start + kernel_size <= size + padding:
        count += 1
        start += stride
    return count


right("convolution.2", lambda size, k, p, s: len(range(-p, size + p - k + 1, s)))
right("convolution.2", lambda size, kernel_size, padding, stride: np.floor((size + 2 * padding - kernel_size + stride) / stride))
junk("convolution.2", lambda size, kernel_size, padding, stride: [0] * size)

# convolution.3
wrong("convolution.3", "valid taken for same at first", (7, 7, 16))
wrong("convolution.3", "no pooling", (11, 11, 16))
wrong("convolution.3", "last valid", (5, 4, 16))
wrong("convolution.3", "no stride", (11, 10, 16))
wrong("convolution.3", "same rounds down", (5, 5, 16))
wrong("convolution.3", "8 channels", (6, 5, 8))
right("convolution.3", [6, 5, 16])
right("convolution.3", np.zeros((6, 5, 16)).shape)
right("convolution.3", np.array([6, 5, 16]))
junk("convolution.3", "6x5x16")

# convolution.4
wrong("convolution.4", "bias per input", (16 * 9 * 8 + 8, 903168))
wrong("convolution.4", "no bias", (1152, 903168))
wrong("convolution.4", "multiplications per position", (1168, 1152))
wrong("convolution.4", "valid", (1168, 26 * 26 * 1152))
wrong("convolution.4", "input channels forgotten", (160, 28 * 28 * 144))
wrong("convolution.4", "bias counted as multiplication", (1168, 28 * 28 * 1168))
right("convolution.4", [1168, 903168])
right("convolution.4", (16 * (3 * 3 * 8 + 1), 28 * 28 * 16 * 72))
right("convolution.4", np.array([1168.0, 903168.0]))
junk("convolution.4", {1168, 903168})


# convolution.5
def conv_with(pads, before=lambda k: k):
    def filter_image(image, kernel):
        kernel = before(kernel)
        height, width = kernel.shape
        padded = np.pad(image, pads(height, width))
        result = np.zeros(image.shape)
        for i in range(image.shape[0]):
            for j in range(image.shape[1]):
                result[i, j] = np.sum(padded[i : i + height, j : j + width] * kernel)
        return result

    return filter_image


wrong("convolution.5", "pads with width everywhere", conv_with(lambda h, w: w // 2))
wrong("convolution.5", "swapped", conv_with(lambda h, w: ((w // 2,), (h // 2,))))
wrong("convolution.5", "flipped kernel", conv_with(lambda h, w: ((h // 2,), (w // 2,)), lambda k: k[::-1, ::-1]))
wrong("convolution.5", "all before, nothing after", conv_with(lambda h, w: ((h - 1, 0), (w - 1, 0))))
wrong("convolution.5", "larger of both", conv_with(lambda h, w: max(h, w) // 2))


@wrong("convolution.5", "edge values")
def filter_image(image, kernel):
    height, width = kernel.shape
    padded = np.pad(image, ((height // 2, height // 2), (width // 2, width // 2)), mode="edge")
    result = np.zeros(image.shape)
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            result[i, j] = np.sum(padded[i : i + height, j : j + width] * kernel)
    return result


@right("convolution.5")
def filter_image(image, kernel):
    h, w = kernel.shape
    padded = np.zeros((image.shape[0] + h - 1, image.shape[1] + w - 1))
    padded[h // 2 : h // 2 + image.shape[0], w // 2 : w // 2 + image.shape[1]] = image
    return np.einsum("ijkl,kl->ij", np.lib.stride_tricks.sliding_window_view(padded, (h, w)), kernel)


@right("convolution.5")
def filter_image(image, kernel):
    import tensorflow as tf

    return tf.nn.conv2d(tf.constant(image, tf.float64)[None, :, :, None], tf.constant(kernel, tf.float64)[:, :, None, None], 1, "SAME")[0, :, :, 0]


@right("convolution.5")
def filter_image(image, kernel):
    height, width = kernel.shape
    out = [[0.0] * image.shape[1] for _ in range(image.shape[0])]
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            for a in range(height):
                for b in range(width):
                    y, x = i + a - height // 2, j + b - width // 2
                    if 0 <= y < image.shape[0] and 0 <= x < image.shape[1]:
                        out[i][j] += image[y, x] * kernel[a, b]
    return out


junk("convolution.5", lambda image, kernel: image @ kernel)

# convolution.6
wrong("convolution.6", "not divided", lambda dy, size: dy.repeat(size, 1).repeat(size, 2))
wrong("convolution.6", "divided by size", lambda dy, size: dy.repeat(size, 1).repeat(size, 2) / size)
wrong("convolution.6", "tile", lambda dy, size: np.tile(dy, (1, size, size, 1)) / size**2)
wrong("convolution.6", "not spread", lambda dy, size: dy / size**2)
wrong("convolution.6", "axes 0 and 1", lambda dy, size: dy.repeat(size, 0).repeat(size, 1) / size**2)


@wrong("convolution.6", "first pixel gets all")
def average_pool2d_backward(dy, size):
    n, h, w, c = dy.shape
    dx = np.zeros((n, h * size, w * size, c))
    dx[:, ::size, ::size] = dy
    return dx


right("convolution.6", lambda dy, size: np.kron(dy, np.ones((1, size, size, 1)) / size**2))


@right("convolution.6")
def average_pool2d_backward(dy, size):
    n, h, w, c = dy.shape
    dx = np.zeros((n, h * size, w * size, c))
    for i in range(h * size):
        for j in range(w * size):
            dx[:, i, j] = dy[:, i // size, j // size] / (size * size)
    return dx


@right("convolution.6")
def average_pool2d_backward(dy, size):
    import tensorflow as tf

    n, h, w, c = dy.shape
    x = tf.Variable(tf.zeros((n, h * size, w * size, c), tf.float64))
    with tf.GradientTape() as tape:
        y = tf.nn.avg_pool2d(x, size, size, "VALID")
    return tape.gradient(y, x, tf.constant(dy, tf.float64))


junk("convolution.6", lambda dy, size: dy.shape)

# deployment.1
wrong("deployment.1", "divided by the variance", (3, 5 + 6 * (1 - 10) / 4))
wrong("deployment.1", "bias 1 not scaled", (6, 1 + 5 - 30))
wrong("deployment.1", "mean not scaled", (6, 3 + 5 - 10))
wrong("deployment.1", "beta forgotten", (6, -27))
wrong("deployment.1", "sign of the mean", (6, 3 * 11 + 5))
wrong("deployment.1", "bias forgotten", (6, -25))
right("deployment.1", [6, -22])
right("deployment.1", (2 * 6 / 2, (1 - 10) * 3 + 5))
right("deployment.1", np.array([6, -22]))
junk("deployment.1", lambda x: 6 * x - 22)

# deployment.2
S = lambda gamma, variance, epsilon: gamma / np.sqrt(variance + epsilon)


@wrong("deployment.2", "axis mended alone")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = S(gamma, variance, epsilon)
    return weight * scale[:, None, None, None], bias - mean * scale + beta


@wrong("deployment.2", "bias mended alone")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = S(gamma, variance, epsilon)
    return weight * scale[:, None, None], (bias - mean) * scale + beta


@wrong("deployment.2", "last axis")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = S(gamma, variance, epsilon)
    return weight * scale, (bias - mean) * scale + beta


@wrong("deployment.2", "beta scaled")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = S(gamma, variance, epsilon)
    return weight * scale[:, None, None, None], (bias - mean + beta) * scale


@wrong("deployment.2", "scale * bias - mean + beta")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = S(gamma, variance, epsilon)
    return weight * scale.reshape(-1, 1, 1, 1), bias * scale - mean + beta


@wrong("deployment.2", "epsilon outside")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = gamma / (np.sqrt(variance) + epsilon)
    return weight * scale.reshape(-1, 1, 1, 1), (bias - mean) * scale + beta


@right("deployment.2")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = gamma * (variance + epsilon) ** -0.5
    return np.einsum("cihw,c->cihw", weight, scale), beta + scale * (bias - mean)


@right("deployment.2")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    w, b = [], []
    for c in range(len(gamma)):
        s = gamma[c] / math.sqrt(variance[c] + epsilon)
        w.append(weight[c] * s)
        b.append((bias[c] - mean[c]) * s + beta[c])
    return w, b


@right("deployment.2")
def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = S(gamma, variance, epsilon)
    return (weight.T * scale).T, (bias - mean) * scale + beta


junk("deployment.2", lambda weight, bias, gamma, beta, mean, variance, epsilon=1e-5: weight)


# deployment.4
@wrong("deployment.4", "scale over M alone by tile")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = S(gamma, variance, epsilon)
    return kernel * scale.reshape(kernel.shape[3], kernel.shape[2]).T, (bias - mean) * scale + beta


@wrong("deployment.4", "not reshaped")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = S(gamma, variance, epsilon)
    return kernel * scale, (bias - mean) * scale + beta


@wrong("deployment.4", "kernel reshaped and left so")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = S(gamma, variance, epsilon)
    return kernel.reshape(*kernel.shape[:2], -1) * scale, (bias - mean) * scale + beta


@wrong("deployment.4", "bias not minus mean")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = S(gamma, variance, epsilon)
    return kernel * scale.reshape(kernel.shape[2:]), bias * scale + beta


@wrong("deployment.4", "gamma forgotten")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = 1 / np.sqrt(variance + epsilon)
    return kernel * scale.reshape(kernel.shape[2:]), (bias - mean) * scale + beta


@wrong("deployment.4", "only first M")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = S(gamma, variance, epsilon)
    return kernel * scale[: kernel.shape[3]], (bias - mean) * scale + beta


@right("deployment.4")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = S(gamma, variance, epsilon)
    h, w, c, m = kernel.shape
    return (kernel.reshape(h, w, c * m) * scale).reshape(h, w, c, m), bias * scale - mean * scale + beta


@right("deployment.4")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    new = kernel.astype(float).copy()
    b = []
    m_count = kernel.shape[3]
    for k in range(len(gamma)):
        c, m = divmod(k, m_count)
        s = gamma[k] / (variance[k] + epsilon) ** 0.5
        new[:, :, c, m] *= s
        b.append(s * (bias[k] - mean[k]) + beta[k])
    return new, b


@right("deployment.4")
def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    import tensorflow as tf

    scale = tf.constant(gamma) * tf.math.rsqrt(tf.constant(variance) + epsilon)
    return tf.constant(kernel) * tf.reshape(scale, kernel.shape[2:]), (bias - mean) * scale + beta


junk("deployment.4", lambda kernel, bias, gamma, beta, mean, variance, epsilon: (kernel, bias, gamma))


# deployment.5
@wrong("deployment.5", "bias shift forgotten")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = S(gamma, variance, epsilon)
    return kernel * scale[:, None], bias


@wrong("deployment.5", "shift through the scaled kernel")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = S(gamma, variance, epsilon)
    new = kernel * scale[:, None]
    return new, bias + np.einsum("hwcf,c->f", new, beta - mean * scale)


@wrong("deployment.5", "shift sign")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = S(gamma, variance, epsilon)
    return kernel * scale[:, None], bias - np.einsum("hwcf,c->f", kernel, beta - mean * scale)


@wrong("deployment.5", "mean over positions")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = S(gamma, variance, epsilon)
    return kernel * scale[:, None], bias + kernel.mean((0, 1)).T @ (beta - mean * scale)


@wrong("deployment.5", "outputs' axis")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = S(gamma, variance, epsilon)
    return kernel * scale, bias + np.einsum("hwcf,c->f", kernel, beta - mean * scale)


@wrong("deployment.5", "mean not scaled")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = S(gamma, variance, epsilon)
    return kernel * scale[:, None], bias + np.einsum("hwcf,c->f", kernel, beta - mean)


@right("deployment.5")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = S(gamma, variance, epsilon)
    shift = beta - mean * scale
    return kernel * scale[None, None, :, None], bias + (kernel * shift[:, None]).sum((0, 1, 2))


@right("deployment.5")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    k, b = np.array(kernel, float), np.array(bias, float)
    for c in range(len(gamma)):
        s = gamma[c] / math.sqrt(variance[c] + epsilon)
        b += kernel[:, :, c].sum((0, 1)) * (beta[c] - mean[c] * s)
        k[:, :, c] *= s
    return [k, b]


@right("deployment.5")
def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    scale = S(gamma, variance, epsilon)
    new = np.moveaxis(np.moveaxis(kernel, 2, 3) * scale, 3, 2)
    return new, np.tensordot(beta, kernel.sum((0, 1)), 1) - np.tensordot(mean, new.sum((0, 1)), 1) + bias


junk("deployment.5", lambda kernel, bias, gamma, beta, mean, variance, epsilon: (bias, kernel))

# deployment.6
wrong("deployment.6", "before: all 127", (127, 2))
wrong("deployment.6", "rounded down", (79, 1))
wrong("deployment.6", "step of A before", (79, 79))
wrong("deployment.6", "folding forgotten for A", (79, round(0.1 / 0.8 * 127)))
wrong("deployment.6", "per channel after", (79, 127))
wrong("deployment.6", "8 bit 255", (159, 3))
right("deployment.6", [79, 2])
right("deployment.6", (round(0.5 * 127 / 0.8), round(0.1 * 127 / 8)))
right("deployment.6", np.round([79.375, 1.5875]))
junk("deployment.6", "many, few")

# distributed.1
wrong("distributed.1", "mean of the means", (4, 3.75))
wrong("distributed.1", "mean of the variances", (3, 0.5))
wrong("distributed.1", "weighted variances alone", (3, 0.75))
wrong("distributed.1", "between part unweighted", (3, 0.75 + 4))
wrong("distributed.1", "divided by 3", (3, 5))
wrong("distributed.1", "standard deviation", (3, math.sqrt(3.75)))
right("distributed.1", [3, 3.75])
right("distributed.1", (12 / 4, (3 * (1 + 4) + 36) / 4 - 9))
right("distributed.1", np.array([3, 3.75]))
junk("distributed.1", (3, None))


# distributed.2
@wrong("distributed.2", "weights the mean, variance as before")
def synchronized_moments(x, all_reduce):
    n = all_reduce(len(x))
    mean = all_reduce(x.sum(axis=0)) / n
    variance = all_reduce(x.var(axis=0) * len(x)) / n
    return mean, variance


@wrong("distributed.2", "squares without the mean's square")
def synchronized_moments(x, all_reduce):
    n = all_reduce(len(x))
    return all_reduce(x.sum(axis=0)) / n, all_reduce((x**2).sum(axis=0)) / n


@wrong("distributed.2", "local mean in the variance")
def synchronized_moments(x, all_reduce):
    n = all_reduce(len(x))
    mean = all_reduce(x.sum(axis=0)) / n
    variance = all_reduce(((x - x.mean(axis=0)) ** 2).sum(axis=0)) / n
    return mean, variance


@wrong("distributed.2", "deviations averaged by the local n")
def synchronized_moments(x, all_reduce):
    replicas = all_reduce(1)
    n = all_reduce(len(x))
    mean = all_reduce(x.sum(axis=0)) / n
    variance = all_reduce(((x - mean) ** 2).mean(axis=0)) / replicas
    return mean, variance


@wrong("distributed.2", "forgot to reduce the count")
def synchronized_moments(x, all_reduce):
    n = len(x)
    mean = all_reduce(x.sum(axis=0)) / n
    variance = all_reduce(((x - mean) ** 2).sum(axis=0)) / n
    return mean, variance


@wrong("distributed.2", "unbiased")
def synchronized_moments(x, all_reduce):
    n = all_reduce(len(x))
    mean = all_reduce(x.sum(axis=0)) / n
    variance = all_reduce(((x - mean) ** 2).sum(axis=0)) / (n - 1)
    return mean, variance


@right("distributed.2")
def synchronized_moments(x, all_reduce):
    sums = all_reduce(np.concatenate([[len(x)], x.sum(0), (x**2).sum(0)]))
    n, (s, q) = sums[0], np.split(sums[1:], 2)
    return s / n, q / n - (s / n) ** 2


@right("distributed.2")
def synchronized_moments(x, all_reduce):
    share = len(x) / all_reduce(len(x))
    mean = all_reduce(share * x.mean(axis=0))
    return [mean, all_reduce(share * (x.var(axis=0) + (x.mean(axis=0) - mean) ** 2))]


@right("distributed.2")
def synchronized_moments(x, all_reduce):
    n = all_reduce(x.shape[0])
    mean = sum(all_reduce(np.add.reduce(x)) for _ in range(1)) / n
    return mean, all_reduce(np.einsum("nc,nc->c", x - mean, x - mean)) / n


junk("distributed.2", lambda x, all_reduce: all_reduce)


# distributed.3
@wrong("distributed.3", "means of the means")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    r = all_reduce(1)
    mean_dy = all_reduce(dy.mean(axis=0)) / r
    mean_dy_x_hat = all_reduce((dy * x_hat).mean(axis=0)) / r
    return gamma * inv_std * (dy - mean_dy - x_hat * mean_dy_x_hat)


@wrong("distributed.3", "only the first synchronized")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    n = all_reduce(len(dy))
    mean_dy = all_reduce(dy.sum(axis=0)) / n
    mean_dy_x_hat = (dy * x_hat).mean(axis=0)
    return gamma * inv_std * (dy - mean_dy - x_hat * mean_dy_x_hat)


@wrong("distributed.3", "sums")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    mean_dy = all_reduce(dy.sum(axis=0))
    mean_dy_x_hat = all_reduce((dy * x_hat).sum(axis=0))
    return gamma * inv_std * (dy - mean_dy - x_hat * mean_dy_x_hat)


@wrong("distributed.3", "local count")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    mean_dy = all_reduce(dy.sum(axis=0)) / len(dy)
    mean_dy_x_hat = all_reduce((dy * x_hat).sum(axis=0)) / len(dy)
    return gamma * inv_std * (dy - mean_dy - x_hat * mean_dy_x_hat)


@wrong("distributed.3", "means not divided")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    mean_dy = all_reduce(dy.mean(axis=0))
    mean_dy_x_hat = all_reduce((dy * x_hat).mean(axis=0))
    return gamma * inv_std * (dy - mean_dy - x_hat * mean_dy_x_hat)


@wrong("distributed.3", "product of the sums")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    n = all_reduce(len(dy))
    mean_dy = all_reduce(dy.sum(axis=0)) / n
    mean_x_hat = all_reduce(x_hat.sum(axis=0)) / n
    return gamma * inv_std * (dy - mean_dy - x_hat * mean_dy * mean_x_hat)


@right("distributed.3")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    n, a, b = all_reduce(float(len(dy))), all_reduce(dy.sum(0)), all_reduce(np.einsum("nc,nc->c", dy, x_hat))
    return (n * dy - a - x_hat * b) / n * (gamma * inv_std)


@right("distributed.3")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    share = len(dy) / all_reduce(len(dy))
    both = all_reduce(share * np.array([dy.mean(0), (dy * x_hat).mean(0)]))
    return [gamma * inv_std * (d - both[0] - h * both[1]) for d, h in zip(dy, x_hat)]


@right("distributed.3")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    g = gamma * dy
    n = all_reduce(np.ones(1) * len(g))
    g = g - all_reduce(g.sum(0)) / n - x_hat * (all_reduce((g * x_hat).sum(0)) / n)
    return g * inv_std


junk("distributed.3", lambda dy, x_hat, inv_std, gamma, all_reduce: all_reduce("x"))

# distributed.4
wrong("distributed.4", "sum", lambda losses, global_batch, replicas: losses.sum())
wrong("distributed.4", "mean over the global batch", lambda losses, global_batch, replicas: losses.mean() / global_batch)
wrong("distributed.4", "sum / batch / replicas", lambda losses, global_batch, replicas: losses.sum() / global_batch / replicas)
wrong("distributed.4", "mean", lambda losses, global_batch, replicas: losses.mean())
wrong("distributed.4", "times replicas", lambda losses, global_batch, replicas: losses.sum() * replicas / global_batch)
wrong("distributed.4", "vector", lambda losses, global_batch, replicas: losses / global_batch)
wrong("distributed.4", "right but for an empty shard", lambda losses, global_batch, replicas: losses.mean() * len(losses) / global_batch)
right("distributed.4", lambda losses, global_batch, replicas: np.dot(losses, np.full(len(losses), 1 / global_batch)))
right("distributed.4", lambda losses, n, r: sum(float(l) / n for l in losses))


@right("distributed.4")
def replica_loss(losses, global_batch, replicas):
    import tensorflow as tf

    return tf.nn.compute_average_loss(losses, global_batch_size=global_batch)


junk("distributed.4", lambda losses, global_batch, replicas: replicas)

# distributed.6
wrong("distributed.6", "0.6 / 4", (0.15, 0.88))
wrong("distributed.6", "not compounded", (0.6, 0.88))
wrong("distributed.6", "three steps", (0.216, 0.6 ** (1 / 3)))
wrong("distributed.6", "fourth power as the momentum", (0.1296, 0.1296))
wrong("distributed.6", "1 - 0.4/4", (0.1296, 0.9))
wrong("distributed.6", "share that is new", (1 - 0.1296, 0.88))
right("distributed.6", (0.13, 0.88))
right("distributed.6", [0.6**4, 0.6**0.25])
right("distributed.6", np.power(0.6, [4, 0.25]))
junk("distributed.6", "0.6")

# small_batches.1
wrong("small_batches.1", "not clipped to +-1", (0.1, -49.9, 0))
wrong("small_batches.1", "second sign", (1, 1, 0))
wrong("small_batches.1", "1 where equal", (1, -1, 1))
wrong("small_batches.1", "ddof 1", (0.7071, -0.7071, 0))
wrong("small_batches.1", "first image", (-1, 1, 0))
wrong("small_batches.1", "the value where equal", (1, -1, 3))
right("small_batches.1", [1, -1, 0])
right("small_batches.1", ((3.2 - 3.1) / 0.1, -49.9 / 49.9, 0 / 0.001**0.5))
right("small_batches.1", np.array([1, -1, 0]))
junk("small_batches.1", (1, -1))

# small_batches.2
wrong("small_batches.2", "upside down", lambda values: values.mean((1, 2)).var(0) / values.var((0, 1, 2)))
wrong("small_batches.2", "std", lambda values: values.std((0, 1, 2)) / values.mean((1, 2)).std(0))
wrong("small_batches.2", "variance of image means over channels", lambda values: values.var((0, 1, 2)) / values.mean((1, 2)).var(1))
wrong("small_batches.2", "within images", lambda values: values.var((1, 2)).mean(0) / values.mean((1, 2)).var(0))
wrong("small_batches.2", "H W", lambda values: np.full(values.shape[3], values.shape[1] * values.shape[2]))
wrong("small_batches.2", "means of positions", lambda values: values.var((0, 1, 2)) / values.mean(0).var((0, 1)))


@right("small_batches.2")
def effective_number(values):
    result = []
    for c in range(values.shape[-1]):
        v = values[..., c]
        result.append(np.var(v) / np.var([image.mean() for image in v]))
    return result


right("small_batches.2", lambda values: np.reciprocal(values.mean((1, 2)).var(0) / values.reshape(-1, values.shape[-1]).var(0)))


@right("small_batches.2")
def effective_number(values):
    import tensorflow as tf

    v = tf.cast(values, tf.float64)
    return tf.math.reduce_variance(v, [0, 1, 2]) / tf.math.reduce_variance(tf.reduce_mean(v, [1, 2]), 0)


junk("small_batches.2", lambda values: 1 / 0)


# small_batches.3
@wrong("small_batches.3", "reshape mixes: ghost second axis")
def ghost_normalize(x, ghost, epsilon=1e-3):
    groups = x.reshape(ghost, -1, x.shape[1])
    y = (groups - groups.mean(1, keepdims=True)) / np.sqrt(groups.var(1, keepdims=True) + epsilon)
    return y.reshape(x.shape)


@wrong("small_batches.3", "not reshaped back")
def ghost_normalize(x, ghost, epsilon=1e-3):
    groups = x.reshape(-1, ghost, x.shape[1])
    return (groups - groups.mean(1, keepdims=True)) / np.sqrt(groups.var(1, keepdims=True) + epsilon)


@wrong("small_batches.3", "every ghost-th row")
def ghost_normalize(x, ghost, epsilon=1e-3):
    y = np.zeros_like(x)
    k = len(x) // ghost
    for i in range(k):
        rows = x[i::k]
        y[i::k] = (rows - rows.mean(0)) / np.sqrt(rows.var(0) + epsilon)
    return y


@wrong("small_batches.3", "statistics of the first group for all")
def ghost_normalize(x, ghost, epsilon=1e-3):
    rows = x[:ghost]
    return (x - rows.mean(0)) / np.sqrt(rows.var(0) + epsilon)


@wrong("small_batches.3", "one number a group")
def ghost_normalize(x, ghost, epsilon=1e-3):
    y = np.zeros_like(x)
    for i in range(0, len(x), ghost):
        rows = x[i : i + ghost]
        y[i : i + ghost] = (rows - rows.mean()) / np.sqrt(rows.var() + epsilon)
    return y


@wrong("small_batches.3", "sliding")
def ghost_normalize(x, ghost, epsilon=1e-3):
    y = np.zeros_like(x)
    for i in range(len(x)):
        rows = x[max(0, i - ghost + 1) : i + 1]
        y[i] = (x[i] - rows.mean(0)) / np.sqrt(rows.var(0) + epsilon)
    return y


@right("small_batches.3")
def ghost_normalize(x, ghost, epsilon=1e-3):
    parts = []
    for part in np.split(x, len(x) // ghost):
        parts.append((part - part.mean(axis=0)) / (part.var(axis=0) + epsilon) ** 0.5)
    return np.vstack(parts)


@right("small_batches.3")
def ghost_normalize(x, ghost, epsilon=1e-3):
    n, c = x.shape
    y = [[0.0] * c for _ in range(n)]
    for i in range(n):
        start = i // ghost * ghost
        for j in range(c):
            group = x[start : start + ghost, j]
            y[i][j] = (x[i, j] - group.mean()) / math.sqrt(group.var() + epsilon)
    return y


@right("small_batches.3")
def ghost_normalize(x, ghost, epsilon=1e-3):
    import tensorflow as tf

    g = tf.reshape(tf.constant(x), (-1, ghost, x.shape[-1]))
    mean, variance = tf.nn.moments(g, 1, keepdims=True)
    return tf.reshape((g - mean) / tf.sqrt(variance + epsilon), x.shape)


junk("small_batches.3", lambda x, ghost, epsilon=1e-3: [x] * ghost)


# small_batches.5
@wrong("small_batches.5", "statistics of all outputs, pooled")
def averaged(snapshots, images):
    weights = snapshots.mean(axis=0)
    outputs = images @ snapshots
    return weights, outputs.mean(axis=(0, 1)), outputs.var(axis=(0, 1))


@wrong("small_batches.5", "outputs averaged, wrong axis of var")
def averaged(snapshots, images):
    weights = snapshots.mean(axis=0)
    outputs = images @ weights
    return weights, outputs.mean(axis=1), outputs.var(axis=1)


@wrong("small_batches.5", "statistics of the last snapshot")
def averaged(snapshots, images):
    weights = snapshots.mean(axis=0)
    outputs = images @ snapshots[-1]
    return weights, outputs.mean(axis=0), outputs.var(axis=0)


@wrong("small_batches.5", "standard deviation averaged then squared")
def averaged(snapshots, images):
    weights = snapshots.mean(axis=0)
    outputs = images @ snapshots
    return weights, outputs.mean(axis=(0, 1)), outputs.std(axis=1).mean(axis=0) ** 2


@wrong("small_batches.5", "statistics of the images")
def averaged(snapshots, images):
    weights = snapshots.mean(axis=0)
    return weights, images.mean(axis=0), images.var(axis=0)


@wrong("small_batches.5", "std for variance")
def averaged(snapshots, images):
    weights = snapshots.mean(axis=0)
    outputs = images @ weights
    return weights, outputs.mean(axis=0), outputs.std(axis=0)


@right("small_batches.5")
def averaged(snapshots, images):
    weights = sum(snapshots) / len(snapshots)
    centered = images - images.mean(axis=0)
    covariance = centered.T @ centered / len(images)
    return weights, images.mean(axis=0) @ weights, np.einsum("dc,de,ec->c", weights, covariance, weights)


@right("small_batches.5")
def averaged(snapshots, images):
    out = np.mean([images @ w for w in snapshots], axis=0)
    return [np.average(snapshots, axis=0), out.mean(axis=0), out.var(axis=0)]


@right("small_batches.5")
def averaged(snapshots, images):
    import tensorflow as tf

    weights = tf.reduce_mean(tf.constant(snapshots), 0)
    return (weights, *tf.nn.moments(tf.constant(images) @ weights, [0]))


junk("small_batches.5", lambda snapshots, images: (1, 1, 1))

# variants.1
wrong("variants.1", "layer norm per image", (32, 8, 8, 64, 256))
wrong("variants.1", "one group: one", (32, 1568, 1, 8, 32))
wrong("variants.1", "batch: per unit", (14 * 14 * 32, 1568, 8, 64, 256))
wrong("variants.1", "eight groups: 4 channels", (32, 1568, 8, 32, 256))
wrong("variants.1", "instance 32", (32, 1568, 8, 64, 32))
wrong("variants.1", "group like layer", (32, 1568, 1568, 1568 * 8, 1568 * 32))
right("variants.1", [32, 1568, 8, 64, 256])
right("variants.1", (32, 8 * 14 * 14, 8 * 1, 8 * 8, 8 * 32))
right("variants.1", np.array([32, 1568, 8, 64, 256], dtype=float))
junk("variants.1", range(3))


# variants.2
@wrong("variants.2", "groups by reshape, only last axis averaged")
def group_normalize(x, groups, epsilon=1e-3):
    n, h, w, c = x.shape
    g = x.reshape(n, h, w, groups, c // groups)
    return ((g - g.mean(4, keepdims=True)) / np.sqrt(g.var(4, keepdims=True) + epsilon)).reshape(x.shape)


@wrong("variants.2", "channels per group and groups swapped")
def group_normalize(x, groups, epsilon=1e-3):
    n, h, w, c = x.shape
    g = x.reshape(n, h, w, c // groups, groups)
    m, v = g.mean((1, 2, 3), keepdims=True), g.var((1, 2, 3), keepdims=True)
    return ((g - m) / np.sqrt(v + epsilon)).reshape(x.shape)


@wrong("variants.2", "over the batch as well")
def group_normalize(x, groups, epsilon=1e-3):
    n, h, w, c = x.shape
    g = x.reshape(n, h, w, groups, c // groups)
    m, v = g.mean((0, 1, 2, 4), keepdims=True), g.var((0, 1, 2, 4), keepdims=True)
    return ((g - m) / np.sqrt(v + epsilon)).reshape(x.shape)


@wrong("variants.2", "transposed and not back")
def group_normalize(x, groups, epsilon=1e-3):
    t = x.transpose(0, 3, 1, 2)
    g = t.reshape(len(x), groups, -1)
    y = (g - g.mean(2, keepdims=True)) / np.sqrt(g.var(2, keepdims=True) + epsilon)
    return y.reshape(t.shape)


@wrong("variants.2", "transposed and reshaped to x's shape")
def group_normalize(x, groups, epsilon=1e-3):
    t = x.transpose(0, 3, 1, 2)
    g = t.reshape(len(x), groups, -1)
    y = (g - g.mean(2, keepdims=True)) / np.sqrt(g.var(2, keepdims=True) + epsilon)
    return y.reshape(x.shape)


@wrong("variants.2", "reshape to (N, -1, groups)")
def group_normalize(x, groups, epsilon=1e-3):
    grouped = x.reshape(len(x), -1, groups)
    mean = grouped.mean(axis=1, keepdims=True)
    variance = grouped.var(axis=1, keepdims=True)
    return ((grouped - mean) / np.sqrt(variance + epsilon)).reshape(x.shape)


@right("variants.2")
def group_normalize(x, groups, epsilon=1e-3):
    y = np.empty(x.shape)
    size = x.shape[3] // groups
    for n in range(len(x)):
        for g in range(groups):
            v = x[n, :, :, g * size : (g + 1) * size]
            y[n, :, :, g * size : (g + 1) * size] = (v - v.mean()) / np.sqrt(v.var() + epsilon)
    return y


@right("variants.2")
def group_normalize(x, groups, epsilon=1e-3):
    parts = np.split(x, groups, axis=-1)
    ax = (1, 2, 3)
    return np.concatenate([(p - p.mean(ax, keepdims=True)) / (p.var(ax, keepdims=True) + epsilon) ** 0.5 for p in parts], axis=-1)


@right("variants.2")
def group_normalize(x, groups, epsilon=1e-3):
    import tensorflow as tf

    g = tf.reshape(tf.constant(x), (*x.shape[:3], groups, -1))
    mean, variance = tf.nn.moments(g, [1, 2, 4], keepdims=True)
    return tf.reshape((g - mean) / tf.sqrt(variance + epsilon), x.shape)


junk("variants.2", lambda x, groups, epsilon=1e-3: groups)


# variants.3
@wrong("variants.3", "gamma outside")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    m1 = dy.mean(-1, keepdims=True)
    m2 = (dy * x_hat).mean(-1, keepdims=True)
    return gamma * inv_std * (dy - m1 - x_hat * m2)


@wrong("variants.3", "batch norm's axis")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    g = dy * gamma
    return inv_std * (g - g.mean(0) - x_hat * (g * x_hat).mean(0))


@wrong("variants.3", "gamma forgotten")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    return inv_std * (dy - dy.mean(-1, keepdims=True) - x_hat * (dy * x_hat).mean(-1, keepdims=True))


@wrong("variants.3", "gamma twice in the last")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    g = dy * gamma
    return inv_std * (g - g.mean(-1, keepdims=True) - gamma * x_hat * (g * x_hat).mean(-1, keepdims=True))


@wrong("variants.3", "no mean term (as RMS)")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    g = dy * gamma
    return inv_std * (g - x_hat * (g * x_hat).mean(-1, keepdims=True))


@wrong("variants.3", "gamma at dy alone")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    return inv_std * (gamma * dy - dy.mean(-1, keepdims=True) - x_hat * (dy * x_hat).mean(-1, keepdims=True))


@right("variants.3")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    n, c = dy.shape
    dx = np.zeros((n, c))
    for i in range(n):
        jacobian = np.eye(c) - 1 / c - np.outer(x_hat[i], x_hat[i]) / c
        dx[i] = inv_std[i, 0] * jacobian @ (gamma * dy[i])
    return dx


@right("variants.3")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    import tensorflow as tf

    g = tf.constant(dy) * gamma
    mean = lambda t: tf.reduce_mean(t, -1, keepdims=True)
    return inv_std * (g - mean(g) - x_hat * mean(g * x_hat))


@right("variants.3")
def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    a = dy @ gamma / len(gamma)
    b = np.einsum("nc,nc,c->n", dy, x_hat, gamma) / len(gamma)
    return (dy * gamma - a[:, None] - b[:, None] * x_hat) * inv_std


junk("variants.3", lambda dy, x_hat, inv_std, gamma: dy[99])


# variants.5
@wrong("variants.5", "r and d swapped the moving and the batch")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    sigma = np.sqrt(x.var(0) + epsilon)
    moving = np.sqrt(moving_variance + epsilon)
    r = np.clip(moving / sigma, 1 / r_max, r_max)
    d = np.clip((x.mean(0) - moving_mean) / moving, -d_max, d_max)
    return (x - x.mean(0)) / sigma * r + d


@wrong("variants.5", "d divided by sigma")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    sigma = np.sqrt(x.var(0) + epsilon)
    moving = np.sqrt(moving_variance + epsilon)
    r = np.clip(sigma / moving, 1 / r_max, r_max)
    d = np.clip((x.mean(0) - moving_mean) / sigma, -d_max, d_max)
    return (x - x.mean(0)) / sigma * r + d


@wrong("variants.5", "only upper limits")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    sigma = np.sqrt(x.var(0) + epsilon)
    moving = np.sqrt(moving_variance + epsilon)
    r = np.minimum(sigma / moving, r_max)
    d = np.minimum((x.mean(0) - moving_mean) / moving, d_max)
    return (x - x.mean(0)) / sigma * r + d


@wrong("variants.5", "r limited to 0..r_max")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    sigma = np.sqrt(x.var(0) + epsilon)
    moving = np.sqrt(moving_variance + epsilon)
    r = np.clip(sigma / moving, 0, r_max)
    d = np.clip((x.mean(0) - moving_mean) / moving, -d_max, d_max)
    return (x - x.mean(0)) / sigma * r + d


@wrong("variants.5", "no limits")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    return (x - moving_mean) / np.sqrt(moving_variance + epsilon)


@wrong("variants.5", "(x_hat + d) * r")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    sigma = np.sqrt(x.var(0) + epsilon)
    moving = np.sqrt(moving_variance + epsilon)
    r = np.clip(sigma / moving, 1 / r_max, r_max)
    d = np.clip((x.mean(0) - moving_mean) / moving, -d_max, d_max)
    return ((x - x.mean(0)) / sigma + d) * r


@right("variants.5")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    columns = []
    for c in range(x.shape[1]):
        v = x[:, c]
        s, t = math.sqrt(v.var() + epsilon), math.sqrt(moving_variance[c] + epsilon)
        r = min(max(s / t, 1 / r_max), r_max)
        d = min(max((v.mean() - moving_mean[c]) / t, -d_max), d_max)
        columns.append((v - v.mean()) / s * r + d)
    return np.column_stack(columns)


@right("variants.5")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    import tensorflow as tf

    mean, variance = tf.nn.moments(tf.constant(x), [0])
    sigma, moving = tf.sqrt(variance + epsilon), tf.sqrt(tf.constant(moving_variance) + epsilon)
    r = tf.clip_by_value(sigma / moving, 1 / r_max, r_max)
    d = tf.clip_by_value((mean - moving_mean) / moving, -d_max, d_max)
    return (x - mean) / sigma * r + d


@right("variants.5")
def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    m, v = x.mean(axis=0), x.var(axis=0)
    inv = (moving_variance + epsilon) ** -0.5
    log_r = np.clip(np.log(np.sqrt(v + epsilon) * inv), -np.log(r_max), np.log(r_max))
    return (x - m) * (v + epsilon) ** -0.5 * np.exp(log_r) + np.maximum(np.minimum((m - moving_mean) * inv, d_max), -d_max)


junk("variants.5", lambda x, *rest, **more: x.tolist)

# variants.6
wrong("variants.6", "0.2 added", (3, math.sqrt(3)))
wrong("variants.6", "multiplied", (1.04**10, 1.04**5))
wrong("variants.6", "beta is the variance", (1.4, 1.4))
wrong("variants.6", "nine blocks", (1.36, 1.1662))
wrong("variants.6", "beta of the tenth", (1.4, 1.1662))
wrong("variants.6", "beta inverse", (1.4, 0.845))
right("variants.6", (1.4, 1.18))
right("variants.6", [1 + 10 * 0.2**2, 1.4**0.5])
right("variants.6", np.array([1.4, 1.183]))
junk("variants.6", (1.4, -math.inf))


# clinic.1
@wrong("clinic.1", "only the first image")
def companions_matter(predict, images):
    together = predict(images)
    return bool(np.abs(together[0] - predict(images[:1])[0]).max() > 1e-3)


@wrong("clinic.1", "without the axis")
def companions_matter(predict, images):
    together = predict(images)
    return any(np.abs(together[i] - predict(images[i])).max() > 1e-3 for i in range(len(images)))


@wrong("clinic.1", "not equal exactly")
def companions_matter(predict, images):
    alone = np.concatenate([predict(images[i : i + 1]) for i in range(len(images))])
    return not np.array_equal(alone, predict(images))


@wrong("clinic.1", "all for any")
def companions_matter(predict, images):
    alone = np.concatenate([predict(images[i : i + 1]) for i in range(len(images))])
    return bool((np.abs(alone - predict(images)) > 1e-3).all())


@wrong("clinic.1", "no absolute value")
def companions_matter(predict, images):
    alone = np.concatenate([predict(images[i : i + 1]) for i in range(len(images))])
    return bool((alone - predict(images)).max() > 1e-3)


@wrong("clinic.1", "allclose with relative tolerance, negated wrongly")
def companions_matter(predict, images):
    alone = np.concatenate([predict(images[i : i + 1]) for i in range(len(images))])
    return np.allclose(alone, predict(images), atol=1e-3)


@right("clinic.1")
def companions_matter(predict, images):
    together = np.asarray(predict(images))
    for i, image in enumerate(images):
        if np.max(np.abs(np.asarray(predict(image[None]))[0] - together[i])) > 0.001:
            return True
    return False


right("clinic.1", lambda f, images: not np.allclose(np.vstack([f(images[[i]]) for i in range(len(images))]), f(images), rtol=0, atol=1e-3))
right("clinic.1", lambda predict, images: max(abs(a - b) for i, row in enumerate(predict(images)) for a, b in zip(row, predict(images[i : i + 1])[0])) > 1e-3)
junk("clinic.1", lambda predict, images: "yes")

# clinic.2
wrong("clinic.2", "five steps", (0.99**5, 459))
wrong("clinic.2", "share replaced", (0.331, 58))
wrong("clinic.2", "steps not epochs", (0.669, 459))
wrong("clinic.2", "rounded down", (0.669, 57))
wrong("clinic.2", "images as steps", (0.99 ** 320, 8))
wrong("clinic.2", "one epoch", (0.99**8, 58))
right("clinic.2", (0.67, 58))
right("clinic.2", [0.99**40, math.ceil(math.log(0.01) / math.log(0.99) / 8)])
right("clinic.2", np.array([0.669, 58]))
junk("clinic.2", "67 percent")

# clinic.3
wrong("clinic.3", "mean", lambda moving_mean, moving_variance, batch_mean, batch_variance, epsilon: np.mean(np.abs(batch_mean - moving_mean) / np.sqrt(moving_variance + epsilon)))
wrong("clinic.3", "batch's deviation", lambda moving_mean, moving_variance, batch_mean, batch_variance, epsilon: np.median(np.abs(batch_mean - moving_mean) / np.sqrt(batch_variance + epsilon)))
wrong("clinic.3", "no absolute value", lambda moving_mean, moving_variance, batch_mean, batch_variance, epsilon: np.median((batch_mean - moving_mean) / np.sqrt(moving_variance + epsilon)))
wrong("clinic.3", "median before dividing", lambda moving_mean, moving_variance, batch_mean, batch_variance, epsilon: np.median(np.abs(batch_mean - moving_mean)) / np.sqrt(np.median(moving_variance) + epsilon))
wrong("clinic.3", "max", lambda moving_mean, moving_variance, batch_mean, batch_variance, epsilon: np.max(np.abs(batch_mean - moving_mean) / np.sqrt(moving_variance + epsilon)))
wrong("clinic.3", "variance", lambda moving_mean, moving_variance, batch_mean, batch_variance, epsilon: np.median(np.abs(batch_mean - moving_mean) / (moving_variance + epsilon)))


@right("clinic.3")
def misfit(mm, mv, bm, bv, epsilon):
    import statistics

    return statistics.median(abs(b - m) / math.sqrt(v + epsilon) for m, v, b in zip(mm, mv, bm))


right("clinic.3", lambda moving_mean, moving_variance, batch_mean, batch_variance, epsilon: np.quantile(np.sqrt((moving_mean - batch_mean) ** 2 / (moving_variance + epsilon)), 0.5))


@right("clinic.3")
def misfit(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    d = np.sort(np.hypot(moving_mean - batch_mean, 0) * (moving_variance + epsilon) ** -0.5)
    return (d[(len(d) - 1) // 2] + d[len(d) // 2]) / 2


junk("clinic.3", lambda moving_mean, moving_variance, batch_mean, batch_variance, epsilon: moving_mean.sort())

# clinic.5
wrong("clinic.5", "variance doubled", (4, math.sqrt(0.5)))
wrong("clinic.5", "the second moment", (6, math.sqrt(2 / 6)))
wrong("clinic.5", "half", (1, math.sqrt(2)))
wrong("clinic.5", "unchanged", (2, 1))
wrong("clinic.5", "ratio of variances", (5, 0.4))
wrong("clinic.5", "upside down", (5, math.sqrt(2.5)))
right("clinic.5", (5, 0.632))
right("clinic.5", [5.0, math.sqrt(2 / 5)])
right("clinic.5", np.array([5, 0.6325]))
junk("clinic.5", (5, "small"))
