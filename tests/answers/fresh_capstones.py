"""Answers of somebody who saw the tasks alone: the two capstones."""

import copy
import math

import numpy as np
from answers import junk, right, wrong


def norms_of(model):
    return [layer for layer in model.layers if hasattr(layer, "moving_variance")]


FOUR = ("gamma", "beta", "moving_mean", "moving_variance")


# capstone_mend.1
@wrong("capstone_mend.1", "reads before and after without copying: variables themselves")
def statistics_move(model, step):
    norms = [n for n in norms_of(model) if n.trainable]
    before = [n.moving_variance for n in norms]
    step()
    return all(np.any(b.numpy() != n.moving_variance.numpy()) for b, n in zip(before, norms))


@wrong("capstone_mend.1", "frozen ones not left out")
def statistics_move(model, step):
    norms = norms_of(model)
    before = [n.moving_variance.numpy() for n in norms]
    step()
    return all(np.any(b != n.moving_variance.numpy()) for b, n in zip(before, norms))


@wrong("capstone_mend.1", "any normalization")
def statistics_move(model, step):
    norms = [n for n in norms_of(model) if n.trainable]
    before = [n.moving_variance.numpy() for n in norms]
    step()
    return any(np.any(b != n.moving_variance.numpy()) for b, n in zip(before, norms))


@wrong("capstone_mend.1", "allclose")
def statistics_move(model, step):
    norms = [n for n in norms_of(model) if n.trainable]
    before = [n.moving_variance.numpy() for n in norms]
    step()
    return all(not np.allclose(b, n.moving_variance.numpy()) for b, n in zip(before, norms))


@wrong("capstone_mend.1", "isinstance BatchNormalization")
def statistics_move(model, step):
    import keras

    norms = [l for l in model.layers if isinstance(l, keras.layers.BatchNormalization) and l.trainable]
    before = [n.moving_variance.numpy() for n in norms]
    step()
    return all(np.any(b != n.moving_variance.numpy()) for b, n in zip(before, norms))


@wrong("capstone_mend.1", "all channels must move")
def statistics_move(model, step):
    norms = [n for n in norms_of(model) if n.trainable]
    before = [n.moving_variance.numpy() for n in norms]
    step()
    return all(np.all(b != n.moving_variance.numpy()) for b, n in zip(before, norms))


@right("capstone_mend.1")
def statistics_move(model, step):
    before = {}
    for i, layer in enumerate(model.layers):
        if layer.trainable and getattr(layer, "moving_variance", None) is not None:
            before[i] = np.array(layer.moving_variance)
    step()
    for i, old in before.items():
        if np.array(model.layers[i].moving_variance).tolist() == old.tolist():
            return False
    return True


@right("capstone_mend.1")
def statistics_move(model, step):
    import keras

    look = lambda: [keras.ops.convert_to_numpy(n.moving_variance).copy() for n in norms_of(model) if n.trainable]
    old = look()
    step()
    return len([1 for a, b in zip(old, look()) if (a != b).sum() == 0]) == 0


@right("capstone_mend.1")
def statistics_move(model, step):
    import tensorflow as tf

    norms = [n for n in norms_of(model) if n.trainable]
    old = [tf.identity(n.moving_variance) for n in norms]
    step()
    return bool(np.prod([bool(tf.reduce_any(o != n.moving_variance)) for o, n in zip(old, norms)]))


junk("capstone_mend.1", lambda model, step: step)


# capstone_mend.2
def compare(names, chosen, all_or_any=all, same=np.array_equal):
    def stays_frozen(model, step):
        norms = [n for n in norms_of(model) if chosen(n)]
        before = [[getattr(n, name).numpy() for name in names] for n in norms]
        step()
        return all_or_any(
            same(old, getattr(n, name).numpy()) for n, olds in zip(norms, before) for name, old in zip(names, olds)
        )

    return stays_frozen


wrong("capstone_mend.2", "trainable weights only: gamma, beta", compare(("gamma", "beta"), lambda n: not n.trainable))
wrong("capstone_mend.2", "all normalizations", compare(FOUR, lambda n: True))
wrong("capstone_mend.2", "the trainable ones", compare(FOUR, lambda n: n.trainable))
wrong("capstone_mend.2", "any of them", compare(FOUR, lambda n: not n.trainable, any))
wrong("capstone_mend.2", "roughly", compare(FOUR, lambda n: not n.trainable, all, lambda a, b: np.allclose(a, b, atol=1e-2)))


@wrong("capstone_mend.2", "nothing frozen is False")
def stays_frozen(model, step):
    frozen = [n for n in norms_of(model) if not n.trainable]
    if not frozen:
        return False
    before = [n.get_weights() for n in frozen]
    step()
    return all(np.array_equal(a, b) for n, olds in zip(frozen, before) for a, b in zip(olds, n.get_weights()))


@right("capstone_mend.2")
def stays_frozen(model, step):
    before = [n.get_weights() for n in norms_of(model) if not n.trainable]
    step()
    after = [n.get_weights() for n in norms_of(model) if not n.trainable]
    for old, new in zip(before, after):
        for a, b in zip(old, new):
            if (a != b).any():
                return False
    return True


@right("capstone_mend.2")
def stays_frozen(model, step):
    def state():
        found = {}
        for i, layer in enumerate(model.layers):
            if hasattr(layer, "moving_variance") and not layer.trainable:
                for name in FOUR:
                    found[i, name] = np.asarray(getattr(layer, name)).tobytes()
        return found

    old = state()
    step()
    return old == state()


@right("capstone_mend.2")
def stays_frozen(model, step):
    import tensorflow as tf

    frozen = [w for n in norms_of(model) if not n.trainable for w in (n.gamma, n.beta, n.moving_mean, n.moving_variance)]
    old = [tf.identity(w) for w in frozen]
    step()
    return not any(bool(tf.reduce_any(tf.not_equal(o, w))) for o, w in zip(old, frozen))


junk("capstone_mend.2", lambda model: True)


# capstone_mend.3
wrong("capstone_mend.3", "the attribute", lambda norm, x: norm.momentum)


@wrong("capstone_mend.3", "new over old without setting: from the start 0")
def kept_share(norm, x):
    old = norm.moving_mean.numpy()
    norm(x, training=True)
    return float((norm.moving_mean.numpy() / old).mean())


@wrong("capstone_mend.3", "1 minus")
def kept_share(norm, x):
    norm.moving_mean.assign(np.zeros(norm.moving_mean.shape))
    norm(x, training=True)
    a = norm.moving_mean.numpy()
    norm.moving_mean.assign(np.ones(norm.moving_mean.shape))
    norm(x, training=True)
    return float(1 - (norm.moving_mean.numpy() - a).mean())


@wrong("capstone_mend.3", "assigns 1, ignores the batch's mean")
def kept_share(norm, x):
    norm.moving_mean.assign(np.ones(norm.moving_mean.shape))
    norm(x, training=True)
    return float(norm.moving_mean.numpy().mean())


@wrong("capstone_mend.3", "training False")
def kept_share(norm, x):
    norm.moving_mean.assign(np.zeros(norm.moving_mean.shape))
    norm(x, training=False)
    a = norm.moving_mean.numpy()
    norm.moving_mean.assign(np.ones(norm.moving_mean.shape))
    norm(x, training=False)
    return float((norm.moving_mean.numpy() - a).mean())


@wrong("capstone_mend.3", "an array for each channel")
def kept_share(norm, x):
    norm.moving_mean.assign(np.zeros(norm.moving_mean.shape))
    norm(x, training=True)
    a = norm.moving_mean.numpy()
    norm.moving_mean.assign(np.ones(norm.moving_mean.shape))
    norm(x, training=True)
    return norm.moving_mean.numpy() - a


@right("capstone_mend.3")
def kept_share(norm, x):
    after = []
    for start in (0.0, 1.0):
        norm.moving_mean.assign(np.full(norm.moving_mean.shape, start))
        norm(x, training=True)
        after.append(norm.moving_mean.numpy()[0])
    return after[1] - after[0]


@right("capstone_mend.3")
def kept_share(norm, x):
    x = np.asarray(x, dtype="float32")
    x = x - x.mean(axis=tuple(range(x.ndim - 1)))
    norm.moving_mean.assign(np.full(norm.moving_mean.shape, 1000.0))
    norm(x, training=True)
    return float(np.median(norm.moving_mean.numpy()) / 1000)


@right("capstone_mend.3")
def kept_share(layer, inputs):
    import tensorflow as tf

    means = []
    for sign in (-1, 1):
        layer.moving_mean.assign(sign * 50 * tf.ones_like(layer.moving_mean))
        layer(inputs, training=True)
        means.append(tf.reduce_mean(tf.convert_to_tensor(layer.moving_mean)))
    return (means[1] - means[0]) / 100


junk("capstone_mend.3", lambda norm, x: norm)


# capstone_mend.4
def worst(variance=lambda x, axes: x.var(axes), factor=lambda a, b: np.maximum(a / b, b / a), pick=np.max, training=False, behind=False, eps=True):
    def worst_factor(model, images):
        x, found = np.asarray(images), []
        for layer in model.layers:
            before = x
            x = np.asarray(layer(x, training=training))
            if hasattr(layer, "moving_variance"):
                seen = x if behind else before
                v = variance(seen, tuple(i for i in range(seen.ndim) if i != layer.axis % seen.ndim))
                e = layer.epsilon if eps else 0
                found.append(pick(factor(np.asarray(layer.moving_variance) + e, v + e)))
        return float(pick(found))

    return worst_factor


wrong("capstone_mend.4", "too small not counted", worst(factor=lambda a, b: a / b))
wrong("capstone_mend.4", "upside down", worst(factor=lambda a, b: b / a))
wrong("capstone_mend.4", "mean over channels", worst(pick=np.mean))
wrong("capstone_mend.4", "behind the normalization", worst(behind=True))
wrong("capstone_mend.4", "roots", worst(factor=lambda a, b: np.sqrt(np.maximum(a / b, b / a))))
wrong("capstone_mend.4", "epsilon left out", worst(eps=False))
right("capstone_mend.4", worst())


@right("capstone_mend.4")
def worst_factor(model, images):
    import tensorflow as tf

    worst, x = 1.0, tf.convert_to_tensor(images)
    for layer in model.layers:
        if hasattr(layer, "moving_variance"):
            others = sorted(set(range(len(x.shape))) - {layer.axis % len(x.shape)})
            variance = tf.math.reduce_variance(x, others) + layer.epsilon
            ratio = (tf.convert_to_tensor(layer.moving_variance) + layer.epsilon) / variance
            worst = max(worst, float(tf.reduce_max(ratio)), float(tf.reduce_max(1 / ratio)))
        x = layer(x, training=False)
    return worst


@right("capstone_mend.4")
def worst_factor(model, images):
    logs = []
    for layer in model.layers:
        if hasattr(layer, "moving_variance"):
            data = np.moveaxis(np.array(images), layer.axis, -1)
            data = data.reshape(-1, data.shape[-1])
            for m, v in zip(layer.moving_variance.numpy(), data.var(0)):
                logs.append(abs(math.log((m + layer.epsilon) / (v + layer.epsilon))))
        images = layer(images, training=False)
    return math.exp(max(logs))


junk("capstone_mend.4", lambda model, images: model.summary())


# capstone_mend.5
def shifted(x, channel=0, by=5.0):
    x = np.array(x, dtype="float32")
    x[..., channel] += by
    return x


@wrong("capstone_mend.5", "all channels shifted")
def notices_a_shift(norm, x):
    return bool(np.abs(np.array(norm(x + 5.0, training=True)) - np.array(norm(x, training=True))).max() > 0.01)


@wrong("capstone_mend.5", "inference mode")
def notices_a_shift(norm, x):
    return bool(np.abs(np.array(norm(shifted(x), training=False)) - np.array(norm(x, training=False))).max() > 0.01)


@wrong("capstone_mend.5", "any difference at all")
def notices_a_shift(norm, x):
    return not np.array_equal(np.array(norm(shifted(x), training=True)), np.array(norm(x, training=True)))


@wrong("capstone_mend.5", "not negated")
def notices_a_shift(norm, x):
    return np.allclose(np.array(norm(shifted(x), training=True)), np.array(norm(x, training=True)), atol=0.01)


@wrong("capstone_mend.5", "one image shifted")
def notices_a_shift(norm, x):
    y = np.array(x)
    y[0] += 5
    return bool(np.abs(np.array(norm(y, training=True)) - np.array(norm(x, training=True))).max() > 0.01)


@wrong("capstone_mend.5", "looks at the mean of the outputs")
def notices_a_shift(norm, x):
    return bool(abs(np.array(norm(shifted(x), training=True)).mean() - np.array(norm(x, training=True)).mean()) > 0.01)


@right("capstone_mend.5")
def notices_a_shift(norm, x):
    one_hot = np.zeros(x.shape[-1], dtype="float32")
    one_hot[-1] = 5
    a, b = norm(x, training=True), norm(x + one_hot, training=True)
    return float(np.max(np.abs(a - b))) > 0.01


@right("capstone_mend.5")
def notices_a_shift(norm, x):
    import tensorflow as tf

    x = tf.cast(x, tf.float32)
    moved = x + 5 * tf.one_hot(0, x.shape[-1])
    return bool(tf.reduce_any(tf.abs(norm(moved, training=True) - norm(x, training=True)) > 0.01))


right("capstone_mend.5", lambda norm, x: not np.allclose(np.array(norm(shifted(x, 1 % x.shape[-1]), training=True)), np.array(norm(x, training=True)), rtol=0, atol=0.01))
junk("capstone_mend.5", lambda norm, x: norm(x, training=True))


# capstone_mend.6
def sums(training=True, second=lambda g, x, mean: g * (x - mean), denominator=lambda g: np.abs(g), absolute=np.abs, pick=np.max, axes_of=None, loss=None):
    def gradient_sums(norm, x, weights):
        import tensorflow as tf

        x = tf.convert_to_tensor(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = norm(x, training=training)
            total = loss(y, weights) if loss else tf.reduce_sum(weights * y)
        g, x = np.asarray(tape.gradient(total, x), float), np.asarray(x, float)
        axis = norm.axis % x.ndim if axes_of is None else axes_of(x)
        axes = tuple(i for i in range(x.ndim) if i != axis)
        h = second(g, x, x.mean(axes, keepdims=True))
        return tuple(float(pick(absolute(t.sum(axes)) / denominator(t).sum(axes))) for t in (g, h))

    return gradient_sums


wrong("capstone_mend.6", "inference mode", sums(training=False))
wrong("capstone_mend.6", "mean not subtracted", sums(second=lambda g, x, mean: g * x))
wrong("capstone_mend.6", "no absolute value above", sums(absolute=lambda t: t))
wrong("capstone_mend.6", "mean over the channels", sums(pick=np.mean))
wrong("capstone_mend.6", "weights forgotten", sums(loss=lambda y, w: y.numpy().sum() * 0 + __import__("tensorflow").reduce_sum(y)))
wrong("capstone_mend.6", "first axis is the channels'", sums(axes_of=lambda x: 0))
right("capstone_mend.6", sums())


@right("capstone_mend.6")
def gradient_sums(norm, x, weights):
    import tensorflow as tf

    v = tf.Variable(x)
    with tf.GradientTape() as tape:
        loss = tf.tensordot(tf.reshape(tf.cast(weights, v.dtype), [-1]), tf.reshape(norm(v, training=True), [-1]), 1)
    g = tf.cast(tape.gradient(loss, v), tf.float64)
    axis = norm.axis if norm.axis >= 0 else len(x.shape) + norm.axis
    g = tf.reshape(tf.experimental.numpy.moveaxis(g, axis, -1), (-1, x.shape[axis]))
    d = tf.reshape(tf.experimental.numpy.moveaxis(tf.cast(v, tf.float64), axis, -1), (-1, x.shape[axis]))
    d -= tf.reduce_mean(d, 0)
    ratio = lambda t: tf.reduce_max(tf.abs(tf.reduce_sum(t, 0)) / tf.reduce_sum(tf.abs(t), 0))
    return ratio(g), ratio(g * d)


@right("capstone_mend.6")
def gradient_sums(norm, x, weights):
    import tensorflow as tf

    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = norm(x, training=True)
    g = tape.gradient(y, x, output_gradients=tf.cast(weights, y.dtype)).numpy().astype("float64")
    a = np.swapaxes(x.numpy().astype("float64"), norm.axis, -1)
    g = np.swapaxes(g, norm.axis, -1)
    best = [0.0, 0.0]
    for c in range(a.shape[-1]):
        d = a[..., c] - a[..., c].mean()
        for k, t in enumerate((g[..., c], g[..., c] * d)):
            best[k] = max(best[k], abs(t.sum()) / abs(t).sum())
    return best


junk("capstone_mend.6", lambda norm, x, weights: (x, weights))

# capstone_mend.7
wrong("capstone_mend.7", "A and B exchanged", (6, 4, 1, 5, 2, 3))
wrong("capstone_mend.7", "in order", (1, 2, 3, 4, 5, 6))
wrong("capstone_mend.7", "the later test for C", (4, 6, 3, 5, 2, 3))
wrong("capstone_mend.7", "models for tests: inverse", (3, 5, 6, 1, 4, 2))
wrong("capstone_mend.7", "A: 1", (1, 6, 1, 5, 2, 3))
wrong("capstone_mend.7", "D: 6", (4, 6, 1, 6, 2, 3))
right("capstone_mend.7", [4, 6, 1, 5, 2, 3])
right("capstone_mend.7", np.array([4, 6, 1, 5, 2, 3]))
right("capstone_mend.7", (4.0, 6.0, 1.0, 5.0, 2.0, 3.0))
junk("capstone_mend.7", "ABCDEF")


# capstone_network.1
@wrong("capstone_network.1", "first axis alone")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    mean, variance = x.mean(axis=0), x.var(axis=0)
    inv_std = 1 / np.sqrt(variance + epsilon)
    x_hat = (x - mean) * inv_std
    return gamma * x_hat + beta, mean, variance, x_hat, inv_std


@wrong("capstone_network.1", "returns std for inv_std")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axes), x.var(axes)
    std = np.sqrt(variance + epsilon)
    x_hat = (x - mean) / std
    return gamma * x_hat + beta, mean, variance, x_hat, std


@wrong("capstone_network.1", "variance returned with epsilon")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axes), x.var(axes) + epsilon
    inv_std = 1 / np.sqrt(variance)
    x_hat = (x - mean) * inv_std
    return gamma * x_hat + beta, mean, variance, x_hat, inv_std


@wrong("capstone_network.1", "order of the results")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axes), x.var(axes)
    inv_std = 1 / np.sqrt(variance + epsilon)
    x_hat = (x - mean) * inv_std
    return gamma * x_hat + beta, x_hat, mean, variance, inv_std


@wrong("capstone_network.1", "keepdims kept")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    inv_std = 1 / np.sqrt(variance + epsilon)
    x_hat = (x - mean) * inv_std
    return gamma * x_hat + beta, mean, variance, x_hat, inv_std


@wrong("capstone_network.1", "beta inside")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axes), x.var(axes)
    inv_std = 1 / np.sqrt(variance + epsilon)
    x_hat = (x - mean) * inv_std
    return gamma * (x_hat + beta), mean, variance, x_hat, inv_std


@right("capstone_network.1")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    flat = x.reshape(-1, x.shape[-1])
    mean = flat.sum(0) / len(flat)
    variance = ((flat - mean) ** 2).sum(0) / len(flat)
    inv_std = (variance + epsilon) ** -0.5
    x_hat = ((flat - mean) * inv_std).reshape(x.shape)
    return [x_hat * gamma + beta, mean, variance, x_hat, inv_std]


@right("capstone_network.1")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    import tensorflow as tf

    x = tf.constant(x)
    mean, variance = tf.nn.moments(x, list(range(len(x.shape) - 1)))
    inv_std = tf.math.rsqrt(variance + epsilon)
    x_hat = (x - mean) * inv_std
    return x_hat * gamma + beta, mean, variance, x_hat, inv_std


@right("capstone_network.1")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    from collections import namedtuple

    Out = namedtuple("Out", "out mu var normed istd")
    y, h, ms, vs, rs = np.empty(x.shape), np.empty(x.shape), [], [], []
    for c in range(x.shape[-1]):
        v = x[..., c]
        ms.append(v.mean())
        vs.append(v.var())
        rs.append(1 / math.sqrt(vs[-1] + epsilon))
        h[..., c] = (v - ms[-1]) * rs[-1]
        y[..., c] = gamma[c] * h[..., c] + beta[c]
    return Out(y, ms, vs, h, rs)


junk("capstone_network.1", lambda x, gamma, beta, epsilon=1e-3: (x,) * 5)

# capstone_network.2
wrong("capstone_network.2", "batch statistics", lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: gamma * (x - x.reshape(-1, x.shape[-1]).mean(0)) / np.sqrt(x.reshape(-1, x.shape[-1]).var(0) + epsilon) + beta)
wrong("capstone_network.2", "no root", lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: gamma * (x - moving_mean) / (moving_variance + epsilon) + beta)
wrong("capstone_network.2", "moving mean added", lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: gamma * (x + moving_mean) / np.sqrt(moving_variance + epsilon) + beta)
wrong("capstone_network.2", "gamma forgotten", lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: (x - moving_mean) / np.sqrt(moving_variance + epsilon) + beta)
wrong("capstone_network.2", "precedence", lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: gamma * x - moving_mean / np.sqrt(moving_variance + epsilon) + beta)
wrong("capstone_network.2", "moving variance squared", lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: gamma * (x - moving_mean) / np.sqrt(moving_variance**2 + epsilon) + beta)


@right("capstone_network.2")
def bn_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    scale = np.multiply(gamma, np.power(np.add(moving_variance, epsilon), -0.5))
    return np.add(np.multiply(x, scale), np.subtract(beta, np.multiply(moving_mean, scale)))


@right("capstone_network.2")
def bn_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    y = np.zeros(x.shape)
    for c in range(len(gamma)):
        y[..., c] = gamma[c] * (x[..., c] - moving_mean[c]) / math.sqrt(moving_variance[c] + epsilon) + beta[c]
    return y.tolist()


@right("capstone_network.2")
def bn_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    import tensorflow as tf

    return tf.nn.batch_normalization(tf.constant(x), moving_mean, moving_variance, beta, gamma, epsilon)


junk("capstone_network.2", [1, 2, 3])


# capstone_network.3
def backward(m=lambda dy: dy.size // dy.shape[-1], combine=None):
    def bn_backward(dy, x_hat, inv_std, gamma):
        axes = tuple(range(dy.ndim - 1))
        dbeta, dgamma = dy.sum(axes), (dy * x_hat).sum(axes)
        n = m(dy)
        if combine:
            return combine(dy, x_hat, inv_std, gamma, dbeta, dgamma, n)
        return gamma * inv_std * (dy - dbeta / n - x_hat * dgamma / n), dgamma, dbeta

    return bn_backward


wrong("capstone_network.3", "m = len(dy)", backward(len))
wrong("capstone_network.3", "m = size", backward(lambda dy: dy.size))
wrong("capstone_network.3", "gamma forgotten", backward(combine=lambda dy, h, r, g, b, a, n: (r * (dy - b / n - h * a / n), a, b)))
wrong("capstone_network.3", "order of the gradients", backward(combine=lambda dy, h, r, g, b, a, n: (g * r * (dy - b / n - h * a / n), b, a)))
wrong("capstone_network.3", "not divided by m", backward(lambda dy: 1))
wrong("capstone_network.3", "variance path added", backward(combine=lambda dy, h, r, g, b, a, n: (g * r * (dy - b / n + h * a / n), a, b)))
right("capstone_network.3", backward())


@right("capstone_network.3")
def bn_backward(dy, x_hat, inv_std, gamma):
    flat, h = dy.reshape(-1, dy.shape[-1]), x_hat.reshape(-1, dy.shape[-1])
    dx = np.empty_like(flat)
    for c in range(flat.shape[1]):
        P = np.eye(len(flat)) - 1 / len(flat) - np.outer(h[:, c], h[:, c]) / len(flat)
        dx[:, c] = gamma[c] * inv_std[c] * P @ flat[:, c]
    return dx.reshape(dy.shape), np.einsum("nc,nc->c", flat, h), flat.sum(0)


@right("capstone_network.3")
def bn_backward(dy, x_hat, inv_std, gamma):
    import tensorflow as tf

    dy, x_hat = tf.constant(dy), tf.constant(x_hat)
    axes = list(range(len(dy.shape) - 1))
    dx_hat = dy * gamma
    dx = inv_std * (dx_hat - tf.reduce_mean(dx_hat, axes) - x_hat * tf.reduce_mean(dx_hat * x_hat, axes))
    return dx, tf.reduce_sum(dy * x_hat, axes), tf.reduce_sum(dy, axes)


junk("capstone_network.3", lambda dy, x_hat, inv_std, gamma: dy)


# capstone_network.4
@wrong("capstone_network.4", "training: normalizes with the moving ones")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    from bncourse.forward import batchnorm
    from bncourse.inference import batchnorm_inference, update_moving

    if training:
        _, batch, _ = batchnorm(x, gamma, beta)
        moving = update_moving(moving, batch, momentum=momentum)
    return batchnorm_inference(x, gamma, beta, moving), moving.mean, moving.variance


@wrong("capstone_network.4", "momentum not passed on")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    from bncourse.forward import batchnorm
    from bncourse.inference import batchnorm_inference, update_moving

    if training:
        y, batch, _ = batchnorm(x, gamma, beta)
        moving = update_moving(moving, batch)
        return y, moving.mean, moving.variance
    return batchnorm_inference(x, gamma, beta, moving), moving.mean, moving.variance


@wrong("capstone_network.4", "updates in inference, too")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    from bncourse.forward import batchnorm
    from bncourse.inference import batchnorm_inference, update_moving

    y, batch, _ = batchnorm(x, gamma, beta)
    new = update_moving(moving, batch, momentum=momentum)
    if not training:
        y = batchnorm_inference(x, gamma, beta, moving)
    return y, new.mean, new.variance


@wrong("capstone_network.4", "arguments of update_moving swapped")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    from bncourse.forward import batchnorm
    from bncourse.inference import batchnorm_inference, update_moving

    if training:
        y, batch, _ = batchnorm(x, gamma, beta)
        moving = update_moving(batch, moving, momentum=momentum)
        return y, moving.mean, moving.variance
    return batchnorm_inference(x, gamma, beta, moving), moving.mean, moving.variance


@wrong("capstone_network.4", "returns moving as one")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    from bncourse.forward import batchnorm
    from bncourse.inference import batchnorm_inference, update_moving

    if training:
        y, batch, _ = batchnorm(x, gamma, beta)
        return y, update_moving(moving, batch, momentum=momentum)
    return batchnorm_inference(x, gamma, beta, moving), moving


@wrong("capstone_network.4", "the batch's statistics returned")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    from bncourse.forward import batchnorm
    from bncourse.inference import batchnorm_inference

    if training:
        y, batch, _ = batchnorm(x, gamma, beta)
        return y, batch.mean, batch.variance
    return batchnorm_inference(x, gamma, beta, moving), moving.mean, moving.variance


@right("capstone_network.4")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    mean, variance = moving
    if training:
        axes = tuple(range(x.ndim - 1))
        m, v = x.mean(axes), x.var(axes)
        mean = momentum * mean + (1 - momentum) * m
        variance = momentum * variance + (1 - momentum) * v
    else:
        m, v = mean, variance
    return gamma * (x - m) / np.sqrt(v + 1e-3) + beta, mean, variance


@right("capstone_network.4")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    from bncourse.forward import batchnorm
    from bncourse.inference import batchnorm_inference, update_moving

    if not training:
        return [batchnorm_inference(x, gamma, beta, moving), *moving]
    y, batch, cache = batchnorm(x, gamma, beta)
    return [y, *update_moving(moving, batch, momentum=momentum)]


@right("capstone_network.4")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    import tensorflow as tf

    used = tf.nn.moments(tf.constant(x), list(range(np.ndim(x) - 1))) if training else moving
    y = tf.nn.batch_normalization(tf.constant(x), *used, beta, gamma, 1e-3)
    if not training:
        return y, moving.mean, moving.variance
    return y, *(momentum * old + (1 - momentum) * new for old, new in zip(moving, used))


junk("capstone_network.4", lambda *args, **more: args)


# capstone_network.5
def trained(training=True, scale=lambda g, lr: -lr * g, loss=lambda net, logits, labels, first: first, data=lambda i: i, layers=None, grad=None, in_place=True):
    def train_step(network, images, labels, learning_rate):
        from bncourse.convolution import softmax_cross_entropy, softmax_cross_entropy_backward

        logits, caches = network.forward(images, training=training)
        first = softmax_cross_entropy(logits, labels)
        dlogits = grad(logits, labels) if grad else softmax_cross_entropy_backward(logits, labels)
        gradients = network.backward(dlogits, caches)
        pairs = list(zip(network.layers, gradients))
        for layer, found in pairs[layers] if layers else pairs:
            for name, g in found.items():
                if in_place:
                    layer.parameters[name] += scale(g, learning_rate)
                else:
                    layer.parameters[name] = layer.parameters[name] + scale(g, learning_rate)
        return loss(network, logits, labels, first)

    return train_step


wrong("capstone_network.5", "inference mode", trained(training=False))
wrong("capstone_network.5", "uphill", trained(scale=lambda g, lr: lr * g))
wrong("capstone_network.5", "rate forgotten", trained(scale=lambda g, lr: -g))
wrong("capstone_network.5", "last layer alone", trained(layers=slice(-1, None)))
wrong("capstone_network.5", "loss returned is the logits", trained(loss=lambda net, logits, labels, first: logits))


@wrong("capstone_network.5", "a local copy of the parameters is changed")
def train_step(network, images, labels, learning_rate):
    from bncourse.convolution import softmax_cross_entropy, softmax_cross_entropy_backward

    logits, caches = network.forward(images, training=True)
    loss = softmax_cross_entropy(logits, labels)
    gradients = network.backward(softmax_cross_entropy_backward(logits, labels), caches)
    for layer, gradient in zip(network.layers, gradients):
        for name in gradient:
            parameter = layer.parameters[name]
            parameter = parameter - learning_rate * gradient[name]
    return loss


right("capstone_network.5", trained())
right("capstone_network.5", trained(in_place=False))


@right("capstone_network.5")
def train_step(network, images, labels, learning_rate):
    logits, caches = network.forward(images, training=True)
    shifted = logits - logits.max(1, keepdims=True)
    p = np.exp(shifted) / np.exp(shifted).sum(1, keepdims=True)
    rows = range(len(labels))
    loss = -np.log(p[rows, labels]).mean()
    p[rows, labels] -= 1
    for i, grads in enumerate(network.backward(p / len(labels), caches)):
        own = network.layers[i].parameters
        own.update({k: own[k] - learning_rate * grads[k] for k in grads})
    return loss


junk("capstone_network.5", lambda network, images, labels, learning_rate: network.forward)
