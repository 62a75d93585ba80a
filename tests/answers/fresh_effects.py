"""Answers of somebody who saw the tasks alone: chapters invariance, landscape, shift, speed, speedup, training."""

import math

import numpy as np
from answers import junk, right, wrong

# invariance.2
wrong("invariance.2", "lengths added", (7, 4))
wrong("invariance.2", "rate doubled", (5, 2))
wrong("invariance.2", "rate the same", (5, 1))
wrong("invariance.2", "rate halved", (5, 0.5))
wrong("invariance.2", "no root", (25, 4))
wrong("invariance.2", "subtracted under the root", (math.sqrt(7), 4))
right("invariance.2", [5, 4])
right("invariance.2", (math.hypot(3, 4), 4.0))
right("invariance.2", np.array([5.0, 4.0]))
junk("invariance.2", "five, four")

# invariance.3
wrong("invariance.3", "length not squared", lambda learning_rate, kernel: learning_rate / np.sqrt((kernel**2).sum((0, 1, 2))))
wrong("invariance.3", "whole kernel", lambda learning_rate, kernel: learning_rate / (kernel**2).sum())
wrong("invariance.3", "inputs axis kept", lambda learning_rate, kernel: learning_rate / (kernel**2).sum((0, 1, 3)))
wrong("invariance.3", "mean instead of sum", lambda learning_rate, kernel: learning_rate / (kernel**2).mean((0, 1, 2)))
wrong("invariance.3", "times", lambda learning_rate, kernel: learning_rate * (kernel**2).sum((0, 1, 2)))
wrong("invariance.3", "sum squared", lambda learning_rate, kernel: learning_rate / kernel.sum((0, 1, 2)) ** 2)


@right("invariance.3")
def effective_rates(eta, kernel):
    return [eta / np.linalg.norm(kernel[..., f]) ** 2 for f in range(kernel.shape[-1])]


right("invariance.3", lambda learning_rate, kernel: learning_rate / np.einsum("hwcf,hwcf->f", kernel, kernel))


@right("invariance.3")
def effective_rates(learning_rate, kernel):
    import tensorflow as tf

    return learning_rate / tf.reduce_sum(tf.square(kernel), [0, 1, 2])


junk("invariance.3", lambda learning_rate, kernel: kernel)


# invariance.4
@wrong("invariance.4", "decay of gamma removed alone")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    kernel = kernel - learning_rate * dkernel - decay * kernel
    return kernel, gamma - learning_rate * dgamma, beta - learning_rate * dbeta


@wrong("invariance.4", "kernel mended alone")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    kernel = kernel - learning_rate * (dkernel + decay * kernel)
    gamma = gamma - learning_rate * (dgamma + decay * gamma)
    beta = beta - learning_rate * (dbeta + decay * beta)
    return kernel, gamma, beta


@wrong("invariance.4", "decay toward minus")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    kernel = kernel - learning_rate * (dkernel - decay * kernel)
    return kernel, gamma - learning_rate * dgamma, beta - learning_rate * dbeta


@wrong("invariance.4", "shrinks after the step")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    kernel = (kernel - learning_rate * dkernel) * (1 - learning_rate * decay)
    return kernel, gamma - learning_rate * dgamma, beta - learning_rate * dbeta


@wrong("invariance.4", "no decay at all")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    return kernel - learning_rate * dkernel, gamma - learning_rate * dgamma, beta - learning_rate * dbeta


@wrong("invariance.4", "gamma not trained any more")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    kernel = kernel - learning_rate * (dkernel + decay * kernel)
    return kernel, gamma, beta


@right("invariance.4")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    return (
        (1 - learning_rate * decay) * kernel - learning_rate * dkernel,
        gamma - learning_rate * dgamma,
        beta - learning_rate * dbeta,
    )


@right("invariance.4")
def decayed_step(k, g, b, dk, dg, db, lr, wd):
    new = [p - lr * (d + w * p) for p, d, w in ((k, dk, wd), (g, dg, 0), (b, db, 0))]
    return new


@right("invariance.4")
def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    import tensorflow as tf

    ws = [tf.Variable(w) for w in (kernel, gamma, beta)]
    ws[0].assign_sub(learning_rate * decay * ws[0])
    for w, d in zip(ws, (dkernel, dgamma, dbeta)):
        w.assign_sub(learning_rate * d)
    return ws


junk("invariance.4", lambda *args: None)

# invariance.5
wrong("invariance.5", "alpha^t", lambda learning_rate, decay, steps: learning_rate / (1 - learning_rate * decay) ** np.arange(steps))
wrong("invariance.5", "first exponent 2 (t + 1)", lambda learning_rate, decay, steps: learning_rate / (1 - learning_rate * decay) ** (2 * np.arange(steps) + 2))
wrong("invariance.5", "2t, one alpha missing", lambda learning_rate, decay, steps: learning_rate / (1 - learning_rate * decay) ** (2 * np.arange(steps)))
wrong("invariance.5", "shrinking", lambda learning_rate, decay, steps: learning_rate * (1 - learning_rate * decay) ** (2 * np.arange(steps) + 1))
wrong("invariance.5", "alpha without the rate", lambda learning_rate, decay, steps: learning_rate / (1 - decay) ** (2 * np.arange(steps) + 1))
wrong("invariance.5", "t from 1", lambda learning_rate, decay, steps: learning_rate / (1 - learning_rate * decay) ** (2 * np.arange(1, steps + 1) + 1))


@right("invariance.5")
def growing_rates(eta, lam, steps):
    alpha = 1 - eta * lam
    rates = [eta / alpha]
    while len(rates) < steps:
        rates.append(rates[-1] / alpha / alpha)
    return rates


right("invariance.5", lambda learning_rate, decay, steps: learning_rate * np.exp(-(2 * np.arange(steps) + 1) * np.log1p(-learning_rate * decay)))
right("invariance.5", lambda learning_rate, decay, steps: np.fromiter((learning_rate * (1 - learning_rate * decay) ** -(1 + 2 * t) for t in range(steps)), float))
junk("invariance.5", lambda learning_rate, decay, steps: np.zeros((steps, steps)))

# invariance.6
wrong("invariance.6", "without epsilon", (1, 1))
wrong("invariance.6", "variance times 0.1", (0.9877, 0.004 / 0.005 ** 0.5 / 0.004**0.5))
wrong("invariance.6", "variances", (0.04 / 0.041, 0.0004 / 0.0014))
wrong("invariance.6", "epsilon outside the root", (0.2 / 0.201, 0.02 / 0.021))
wrong("invariance.6", "not changed after", (0.988, 0.988))
wrong("invariance.6", "swapped", (0.535, 0.988))
right("invariance.6", (0.988, 0.535))
right("invariance.6", [0.2 / math.sqrt(0.041), 0.02 / math.sqrt(0.0014)])
right("invariance.6", np.sqrt([0.04 / 0.041, 0.0004 / 0.0014]))
junk("invariance.6", [])

# landscape.2
wrong("landscape.2", "gradient three times as long", (18, 0.9, 3.6))
wrong("landscape.2", "rate three times", (2, 0.3, 1.2))
wrong("landscape.2", "rate a ninth", (2, 0.1 / 9, 3.6))
wrong("landscape.2", "nothing changes", (6, 0.1, 3.6))
wrong("landscape.2", "promise with eta g", (2, 0.9, 1.8))
wrong("landscape.2", "promise with old rate", (2, 0.9, 0.4))
right("landscape.2", [2, 0.9, 3.6])
right("landscape.2", (6 / 3, 0.1 * 9, 0.1 * 36))
right("landscape.2", np.array([2, 0.9, 3.6], dtype="float32"))
junk("landscape.2", (2, 0.9))

# landscape.3
wrong("landscape.3", "axis 3 summed", lambda direction, kernel: direction * np.sqrt((kernel**2).sum(axis=3, keepdims=True) / (direction**2).sum(axis=3, keepdims=True)))
wrong("landscape.3", "no root", lambda direction, kernel: direction * (kernel**2).sum((0, 1, 2)) / (direction**2).sum((0, 1, 2)))
wrong("landscape.3", "kernel's norm whole", lambda direction, kernel: direction * np.sqrt((kernel**2).sum() / (direction**2).sum((0, 1, 2))))
wrong("landscape.3", "only positions", lambda direction, kernel: direction * np.sqrt((kernel**2).sum((0, 1), keepdims=True) / (direction**2).sum((0, 1), keepdims=True)))
wrong("landscape.3", "unit filters", lambda direction, kernel: direction / np.sqrt((direction**2).sum((0, 1, 2))))
wrong("landscape.3", "the fraction upside down", lambda direction, kernel: direction * np.sqrt((direction**2).sum((0, 1, 2)) / (kernel**2).sum((0, 1, 2))))
right("landscape.3", lambda direction, kernel: direction / np.linalg.norm(direction.reshape(-1, direction.shape[-1]), axis=0) * np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), axis=0))


@right("landscape.3")
def filter_normalized(direction, kernel):
    result = direction.copy()
    for f in range(kernel.shape[3]):
        d, k = direction[:, :, :, f].ravel(), kernel[:, :, :, f].ravel()
        result[:, :, :, f] *= math.sqrt(k @ k) / math.sqrt(d @ d)
    return result


@right("landscape.3")
def filter_normalized(direction, kernel):
    import tensorflow as tf

    def norm(w):
        return tf.norm(tf.constant(w), axis=None if w.ndim == 1 else [0, 1]) if w.ndim < 4 else tf.sqrt(tf.reduce_sum(tf.square(w), [0, 1, 2]))

    return direction * norm(kernel) / norm(direction)


junk("landscape.3", lambda direction, kernel: "direction")

# landscape.4
wrong("landscape.4", "distance is the rate", lambda gradient, later, rates: np.max(np.linalg.norm(later - gradient, axis=1) / rates))
wrong("landscape.4", "mean", lambda gradient, later, rates: np.mean(np.linalg.norm(later - gradient, axis=1) / (rates * np.linalg.norm(gradient))))
wrong("landscape.4", "between neighbors", lambda gradient, later, rates: np.max(np.linalg.norm(np.diff(later, axis=0), axis=1) / (np.diff(rates) * np.linalg.norm(gradient))))
wrong("landscape.4", "difference of the lengths", lambda gradient, later, rates: np.max(np.abs(np.linalg.norm(later, axis=1) - np.linalg.norm(gradient)) / (rates * np.linalg.norm(gradient))))
wrong("landscape.4", "norm over all", lambda gradient, later, rates: np.max(np.linalg.norm(later - gradient) / (rates * np.linalg.norm(gradient))))
wrong("landscape.4", "norm of later in the denominator", lambda gradient, later, rates: np.max(np.linalg.norm(later - gradient, axis=1) / (rates * np.linalg.norm(later, axis=1))))


@right("landscape.4")
def smoothness(g, later, rates):
    best = 0
    for h, rate in zip(later, rates):
        best = max(best, math.dist(h, g) / (rate * math.hypot(*g)))
    return best


right("landscape.4", lambda gradient, later, rates: np.sqrt(((later - gradient) ** 2).sum(1) / (rates**2 * (gradient**2).sum())).max())


@right("landscape.4")
def smoothness(gradient, later, rates):
    import tensorflow as tf

    return tf.reduce_max(tf.norm(tf.constant(later) - gradient, axis=-1) / (rates * tf.norm(tf.constant(gradient))))


junk("landscape.4", lambda gradient, later, rates: float("nan"))

# landscape.5
wrong("landscape.5", "scale without the mean", lambda x, scale, shift: x * scale + shift * x.std(0))
wrong("landscape.5", "shift in absolute units", lambda x, scale, shift: (x - x.mean(0)) * scale + x.mean(0) + shift)
wrong("landscape.5", "mean lost", lambda x, scale, shift: (x - x.mean(0)) * scale + shift * x.std(0))
wrong("landscape.5", "shift scaled too", lambda x, scale, shift: (x - x.mean(0) + shift * x.std(0)) * scale + x.mean(0))
wrong("landscape.5", "variance", lambda x, scale, shift: (x - x.mean(0)) * scale + x.mean(0) + shift * x.var(0))
wrong("landscape.5", "whole array", lambda x, scale, shift: (x - x.mean()) * scale + x.mean() + shift * x.std())
right("landscape.5", lambda x, scale, shift: scale * x + (1 - scale) * x.mean(0) + shift * x.std(0))


@right("landscape.5")
def disturb(x, scale, shift):
    out = []
    for c in range(len(scale)):
        m, s = np.mean(x[:, c]), np.std(x[:, c])
        out.append([m + (v - m) * scale[c] + shift[c] * s for v in x[:, c]])
    return np.transpose(out)


@right("landscape.5")
def disturb(x, scale, shift):
    import tensorflow as tf

    mean, variance = tf.nn.moments(tf.constant(x), axes=0)
    return mean + tf.sqrt(variance) * ((x - mean) / tf.sqrt(variance) * scale + shift)


junk("landscape.5", lambda x, scale, shift: x > 0)

# shift.2
wrong("shift.2", "16 layers", 1.05**16)
wrong("shift.2", "linear", 1 + 15 * 0.05)
wrong("shift.2", "one layer", 1.05)
wrong("shift.2", "percent", 107.9)
wrong("shift.2", "the growth", 1.0789)
wrong("shift.2", "14 layers", 1.05**14)
right("shift.2", 2.08)
right("shift.2", np.float64(1.05) ** 15)
right("shift.2", (1.05**15,))
junk("shift.2", 2.08j)

# shift.3
wrong("shift.3", "no axis", lambda values: np.percentile(values, (15, 50, 85)))
wrong("shift.3", "axes of images only", lambda values: np.percentile(values, (15, 50, 85), axis=(1, 2)))
wrong("shift.3", "transposed", lambda values: np.percentile(values, (15, 50, 85), axis=(0, 1, 2)).T)
wrong("shift.3", "fractions", lambda values: np.percentile(values, (0.15, 0.5, 0.85), axis=(0, 1, 2)))
wrong("shift.3", "mean of the percentiles of images", lambda values: np.percentile(values, (15, 50, 85), axis=0).mean(axis=(1, 2)))
wrong("shift.3", "axis 3", lambda values: np.percentile(values, (15, 50, 85), axis=3))
right("shift.3", lambda v: np.quantile(v.reshape(-1, v.shape[-1]), [0.15, 0.5, 0.85], axis=0))
right("shift.3", lambda values: [[np.percentile(values[..., c], q) for c in range(values.shape[-1])] for q in (15, 50, 85)])


@right("shift.3")
def channel_percentiles(values):
    flat = np.sort(values.reshape(-1, values.shape[-1]), axis=0)
    result = []
    for q in (0.15, 0.5, 0.85):
        place = q * (len(flat) - 1)
        low = int(place)
        high = min(low + 1, len(flat) - 1)
        result.append(flat[low] + (place - low) * (flat[high] - flat[low]))
    return np.array(result)


junk("shift.3", lambda values: values[0, 0, 0, 99])

# shift.4
PERCENTS = range(5, 100, 5)
wrong("shift.4", "not divided", lambda before, after: np.abs(np.percentile(before, PERCENTS) - np.percentile(after, PERCENTS)).mean())
wrong("shift.4", "std of after", lambda before, after: np.abs(np.percentile(before, PERCENTS) - np.percentile(after, PERCENTS)).mean() / after.std())
wrong("shift.4", "no absolute value", lambda before, after: (np.percentile(after, PERCENTS) - np.percentile(before, PERCENTS)).mean() / before.std())
wrong("shift.4", "variance", lambda before, after: np.abs(np.percentile(before, PERCENTS) - np.percentile(after, PERCENTS)).mean() / before.var())
wrong("shift.4", "difference of means", lambda before, after: abs(before.mean() - after.mean()) / before.std())
wrong("shift.4", "root mean square", lambda before, after: np.sqrt(((np.percentile(before, PERCENTS) - np.percentile(after, PERCENTS)) ** 2).mean()) / before.std())
right("shift.4", lambda before, after: np.mean(np.abs(np.quantile(after, np.linspace(0.05, 0.95, 19)) - np.quantile(before, np.linspace(0.05, 0.95, 19)))) / np.std(before))


@right("shift.4")
def drift(a, b):
    total, count = 0.0, 0
    p = 5
    while p <= 95:
        total += abs(np.percentile(a, p) - np.percentile(b, p))
        count += 1
        p += 5
    return float(total / count / math.sqrt(((a - a.mean()) ** 2).mean()))


@right("shift.4")
def drift(before, after):
    s = before.std()
    m = before.mean()
    q = np.arange(5, 96, 5)
    return np.linalg.norm(np.percentile((before - m) / s, q) - np.percentile((after - m) / s, q), ord=1) / 19


junk("shift.4", lambda before, after: np.random.normal())

# shift.6
wrong("shift.6", "0 after", (1.1547, 0))
wrong("shift.6", "both 0", (0, 0))
wrong("shift.6", "third moment not divided", (6, 1.1547))
wrong("shift.6", "sample standard deviation", (6 / 8, 6 / 8))
wrong("shift.6", "divided by the variance", (6 / 3, 2))
wrong("shift.6", "without the mean", (16 / 3**1.5, 1.1547))
right("shift.6", (1.155, 1.155))
right("shift.6", [2 / math.sqrt(3)] * 2)
right("shift.6", np.full(2, 6 / 3**1.5))
junk("shift.6", True)

# speed.1
wrong("speed.1", "each line once", (5, 5))
wrong("speed.1", "square is not written", (7, 4))
wrong("speed.1", "temporary of gamma * x_hat forgotten", (6, 4))
wrong("speed.1", "reads with one extra", (8, 5))
wrong("speed.1", "swapped", (5, 7))
wrong("speed.1", "fused", (2, 1))
right("speed.1", [7, 5])
right("speed.1", (7.0, 5.0))
right("speed.1", np.array([7, 5]))
junk("speed.1", "7 and 5, I think")

# speed.2
wrong("speed.2", "one pass", (13.4218 / 8, 6.7109 / 8))
wrong("speed.2", "bits for bytes", (13.42 * 8, 6.71 * 8))
wrong("speed.2", "seconds", (0.01342, 0.00671))
wrong("speed.2", "same in float16", (13.42, 13.42))
wrong("speed.2", "doubled for reading and writing", (26.84, 13.42))
wrong("speed.2", "bytes forgotten", (3.355, 3.355))
right("speed.2", (13.4, 6.7))
right("speed.2", [8 * 128 * 32 * 32 * 64 * b / 20e9 * 1000 for b in (4, 2)])
right("speed.2", np.array([13.42, 6.71]))
junk("speed.2", (13.4, "half"))

# speed.3
wrong("speed.3", "mean without center", lambda total, squares, center, m: (total / m, squares / m - (total / m) ** 2))
wrong("speed.3", "variance without correction", lambda total, squares, center, m: (center + total / m, squares / m))
wrong("speed.3", "corrected with the mean", lambda total, squares, center, m: (center + total / m, squares / m - (center + total / m) ** 2))
wrong("speed.3", "unbiased", lambda total, squares, center, m: (center + total / m, (squares - total**2 / m) / (m - 1)))
wrong("speed.3", "center added to the variance", lambda total, squares, center, m: (center + total / m, squares / m - (total / m) ** 2 + center**2))
wrong("speed.3", "center divided, too", lambda total, squares, center, m: ((center + total) / m, squares / m - (total / m) ** 2))
right("speed.3", lambda total, squares, center, m: [np.add(center, np.divide(total, m)), (m * squares - total * total) / (m * m)])


@right("speed.3")
def moments_of_sums(s1, s2, c, m):
    mean, var = [], []
    for a, b, k in zip(s1, s2, np.broadcast_to(c, np.shape(s1))):
        mean.append(k + a / m)
        var.append(b / m - a * a / m**2)
    return mean, var


@right("speed.3")
def moments_of_sums(total, squares, center, m):
    mean = total / m + center
    raw = squares / m + 2 * center * total / m + center**2  # mean of x**2
    d = center - mean
    return mean, squares / m + 2 * d * total / m + d**2 if raw is not None else None


junk("speed.3", lambda total, squares, center, m: (total, squares, center, m))

# speed.4
wrong("speed.4", "first round dropped, means", lambda ours, theirs: np.mean(ours[1:]) / np.mean(theirs[1:]))
wrong("speed.4", "ratio of medians", lambda ours, theirs: np.median(ours[1:]) / np.median(theirs[1:]))
wrong("speed.4", "first round kept", lambda ours, theirs: np.median(ours / theirs))
wrong("speed.4", "upside down", lambda ours, theirs: np.median(theirs[1:] / ours[1:]))
wrong("speed.4", "last round dropped", lambda ours, theirs: np.median(ours[:-1] / theirs[:-1]))
wrong("speed.4", "mean of ratios", lambda ours, theirs: np.mean(ours[1:] / theirs[1:]))


@right("speed.4")
def slowdown(ours, theirs):
    import statistics

    return statistics.median(a / b for a, b in list(zip(ours, theirs))[1:])


right("speed.4", lambda a, b: np.percentile(np.divide(a, b)[1:], 50))


@right("speed.4")
def slowdown(ours, theirs):
    r = sorted(np.array(ours)[1:] / np.array(theirs)[1:])
    n = len(r)
    return r[n // 2] if n % 2 else (r[n // 2 - 1] + r[n // 2]) / 2


junk("speed.4", lambda ours, theirs: ours / theirs > 1)

# speed.5
wrong("speed.5", "upside down", lambda variance, shape: variance * np.prod(shape[:3]) / (np.prod(shape[:3]) - 1))
wrong("speed.5", "m with channels", lambda variance, shape: variance * (np.prod(shape) - 1) / np.prod(shape))
wrong("speed.5", "m the batch", lambda variance, shape: variance * (shape[0] - 1) / shape[0])
wrong("speed.5", "m the positions", lambda variance, shape: variance * (shape[1] * shape[2] - 1) / (shape[1] * shape[2]))
wrong("speed.5", "m + 1", lambda variance, shape: variance * np.prod(shape[:3]) / (np.prod(shape[:3]) + 1))
wrong("speed.5", "1/m", lambda variance, shape: variance / np.prod(shape[:3]))


@right("speed.5")
def biased(v, shape):
    n, h, w, _ = shape
    return [x - x / (n * h * w) for x in v]


right("speed.5", lambda variance, shape: variance * (1 - 1 / math.prod(shape[:-1])))


@right("speed.5")
def biased(variance, shape):
    import tensorflow as tf

    m = tf.cast(tf.reduce_prod(shape[:3]), tf.float64)
    return tf.cast(variance, tf.float64) / (m / (m - 1))


junk("speed.5", lambda variance: variance)


# speedup.1
@wrong("speedup.1", "the index")
def steps_to(accuracy, evaluated, target):
    for i, a in enumerate(accuracy):
        if a >= target:
            return i
    return float("inf")


@wrong("speedup.1", "strictly above")
def steps_to(accuracy, evaluated, target):
    for a, e in zip(accuracy, evaluated):
        if a > target:
            return e
    return float("inf")


wrong("speedup.1", "argmax without the case of never", lambda accuracy, evaluated, target: evaluated[np.argmax(accuracy >= target)])
wrong("speedup.1", "searchsorted", lambda accuracy, evaluated, target: evaluated[np.searchsorted(accuracy, target)] if accuracy.max() >= target else float("inf"))


@wrong("speedup.1", "never is the last step")
def steps_to(accuracy, evaluated, target):
    for a, e in zip(accuracy, evaluated):
        if a >= target:
            return e
    return evaluated[-1]


@wrong("speedup.1", "last time it reached")
def steps_to(accuracy, evaluated, target):
    result = float("inf")
    for a, e in zip(accuracy, evaluated):
        if a >= target:
            result = e
    return result


right("speedup.1", lambda accuracy, evaluated, target: next((int(e) for a, e in zip(accuracy, evaluated) if a >= target), math.inf))
right("speedup.1", lambda accuracy, evaluated, target: np.min(np.where(np.asarray(accuracy) >= target, evaluated, np.inf)))
right("speedup.1", lambda accuracy, evaluated, target: min([e for e, a in zip(evaluated, accuracy) if not a < target], default=np.inf))
junk("speedup.1", lambda accuracy, evaluated, target: "never")

# speedup.2
wrong("speedup.2", "time the other way", (3, 3 * 1.25))
wrong("speedup.2", "inverse", (1 / 3, 1 / 2.4))
wrong("speedup.2", "difference of steps", (800, 2.4))
wrong("speedup.2", "time as steps", (3, 3))
wrong("speedup.2", "milliseconds saved", (3, 5600))
wrong("speedup.2", "1.25 ms more", (3, 1200 * 8 / (400 * 9.25)))
right("speedup.2", [3, 2.4])
right("speedup.2", (1200 / 400, 9600 / 4000))
right("speedup.2", np.array([3.0, 2.4]))
junk("speedup.2", "3x")

# speedup.3
wrong("speedup.3", "mean", lambda rates, accuracies, target: rates[accuracies.mean(1) >= target].max())
wrong("speedup.3", "any seed", lambda rates, accuracies, target: rates[(accuracies >= target).any(1)].max())
wrong("speedup.3", "strictly", lambda rates, accuracies, target: rates[(accuracies > target).all(1)].max())
wrong("speedup.3", "index", lambda rates, accuracies, target: np.flatnonzero((accuracies >= target).all(1))[-1])


@wrong("speedup.3", "stops at the first failure")
def highest_rate(rates, accuracies, target):
    best = rates[0]
    for rate, row in zip(rates, accuracies):
        if row.min() < target:
            break
        best = rate
    return best


wrong("speedup.3", "wrong axis", lambda rates, accuracies, target: rates[(accuracies >= target).all(0)].max())
right("speedup.3", lambda rates, accuracies, target: max(r for r, row in zip(rates, accuracies) if min(row) >= target))
right("speedup.3", lambda rates, accuracies, target: float(rates[np.max(np.where(np.min(accuracies, axis=1) >= target)[0])]))


@right("speedup.3")
def highest_rate(rates, accuracies, target):
    i = len(rates) - 1
    while not all(a >= target for a in accuracies[i]):
        i -= 1
    return rates[i]


junk("speedup.3", lambda rates, accuracies, target: rates)

# speedup.4
wrong("speedup.4", "both against Inception", (2.33, 31 / 2.1))
wrong("speedup.4", "BN-x30", (2.33, 13.3 / 2.7))
wrong("speedup.4", "inverse", (13.3 / 31, 2.1 / 13.3))
wrong("speedup.4", "differences", (17.7, 11.2))
wrong("speedup.4", "swapped", (6.33, 2.33))
wrong("speedup.4", "divided by five", (2.33, 13.3 / 2.1 / 5))
right("speedup.4", (2.33, 6.33))
right("speedup.4", [31 / 13.3, 13.3 / 2.1])
right("speedup.4", np.divide([31, 13.3], [13.3, 2.1]))
junk("speedup.4", 14)

# training.2
wrong("training.2", "log10", (2, 21))
wrong("training.2", "rounded up", (4.605, 24))
wrong("training.2", "not per epoch", (4.605, 23))
wrong("training.2", "one epoch", (4.605, 7))
wrong("training.2", "bits", (math.log2(100), 21))
wrong("training.2", "log of 10 classes", (2.3026, 21))
right("training.2", (4.61, 21))
right("training.2", [math.log(100), 500 // 64 * 3])
right("training.2", np.array([4.605, 21]))
junk("training.2", (4.6, "21"))

# training.3
wrong("training.3", "filters", lambda kernel_shape: np.sqrt(2 / (kernel_shape[0] * kernel_shape[1] * kernel_shape[3])))
wrong("training.3", "channels alone", lambda kernel_shape: np.sqrt(2 / kernel_shape[2]))
wrong("training.3", "all", lambda kernel_shape: np.sqrt(2 / np.prod(kernel_shape)))
wrong("training.3", "Glorot", lambda k: np.sqrt(2 / (k[0] * k[1] * (k[2] + k[3]))))
wrong("training.3", "no ReLU factor", lambda k: np.sqrt(1 / (k[0] * k[1] * k[2])))
wrong("training.3", "variance", lambda k: 2 / (k[0] * k[1] * k[2]))
right("training.3", lambda shape: math.sqrt(2) / math.sqrt(math.prod(shape[:-1])))


@right("training.3")
def initial_std(kernel_shape):
    height, width, channels, _ = kernel_shape
    n = 0
    for _ in range(height):
        n += width * channels
    return float((n / 2) ** -0.5)


right("training.3", lambda kernel_shape: np.float32(np.sqrt(2.0 / np.prod(kernel_shape[:3]))))
junk("training.3", lambda kernel_shape: kernel_shape)


# training.4
@wrong("training.4", "only nan, not inf (inf is caught by the limit)")
def diverged_at(losses, classes, factor=100.0):
    limit = factor * max(losses[0], np.log(classes))
    for step, loss in enumerate(losses):
        if loss == float("nan") or loss > limit:
            return step
    return -1


@wrong("training.4", "isfinite the wrong way")
def diverged_at(losses, classes, factor=100.0):
    limit = factor * max(losses[0], np.log(classes))
    for step, loss in enumerate(losses):
        if np.isfinite(loss) or loss > limit:
            return step
    return -1


@wrong("training.4", "and for or")
def diverged_at(losses, classes, factor=100.0):
    limit = factor * max(losses[0], np.log(classes))
    for step, loss in enumerate(losses):
        if not np.isfinite(loss) and loss > limit:
            return step
    return -1


@wrong("training.4", "limit with min")
def diverged_at(losses, classes, factor=100.0):
    limit = factor * min(losses[0], np.log(classes))
    for step, loss in enumerate(losses):
        if not np.isfinite(loss) or loss > limit:
            return step
    return -1


@wrong("training.4", "nan looked for after the loop")
def diverged_at(losses, classes, factor=100.0):
    limit = factor * max(losses[0], np.log(classes))
    for step, loss in enumerate(losses):
        if loss > limit:
            return step
    if np.isnan(losses[-1]):
        return len(losses) - 1
    return -1


@wrong("training.4", "counted from 1")
def diverged_at(losses, classes, factor=100.0):
    limit = factor * max(losses[0], np.log(classes))
    for step, loss in enumerate(losses, 1):
        if not np.isfinite(loss) or loss > limit:
            return step
    return -1


@right("training.4")
def diverged_at(losses, classes, factor=100.0):
    start = max(math.log(classes), losses[0]) if losses[0] == losses[0] else math.log(classes)
    for i in range(len(losses)):
        if not losses[i] <= factor * start or losses[i] == -math.inf:
            return i
    return -1


@right("training.4")
def diverged_at(losses, classes, factor=100.0):
    losses = np.asarray(losses, dtype=float)
    bad = ~np.isfinite(losses) | (losses > factor * np.fmax(losses[0], np.log(classes)))
    return int(np.argmax(bad)) if bad.any() else -1


right("training.4", lambda losses, classes, factor=100.0: next((i for i, l in enumerate(losses) if math.isnan(l) or math.isinf(l) or l > factor * max(losses[0], math.log(classes))), -1))
junk("training.4", lambda losses, classes, factor=100.0: losses.index("x"))

# training.5
wrong("training.5", "std of everything", lambda outputs: outputs.std())
wrong("training.5", "mean of std", lambda outputs: outputs.std(axis=0).mean())
wrong("training.5", "over images and positions", lambda outputs: np.sqrt((outputs.std(axis=(0, 1, 2)) ** 2).mean()))
wrong("training.5", "no root at the end", lambda outputs: outputs.var(axis=0).mean())
wrong("training.5", "rms of outputs", lambda outputs: np.sqrt((outputs**2).mean()))
wrong("training.5", "per image", lambda outputs: np.sqrt(outputs.var(axis=(1, 2, 3)).mean()))
right("training.5", lambda outputs: np.sqrt(np.mean(np.square(outputs - np.mean(outputs, axis=0))))) 


@right("training.5")
def spread(outputs):
    flat = outputs.reshape(len(outputs), -1)
    return math.sqrt(sum(np.std(flat[:, u]) ** 2 for u in range(flat.shape[1])) / flat.shape[1])


@right("training.5")
def spread(outputs):
    import tensorflow as tf

    return tf.sqrt(tf.reduce_mean(tf.math.reduce_variance(tf.cast(outputs, tf.float64), axis=0)))


junk("training.5", lambda outputs: outputs.std(axis=0))
