"""Answers to the exercises of the capstones."""

import numpy as np
from answers import junk, right, wrong

from bncourse.convolution import softmax_cross_entropy, softmax_cross_entropy_backward
from bncourse.forward import batchnorm
from bncourse.inference import batchnorm_inference
from bncourse.inference import update_moving as update


def _fw(x, gamma, beta, epsilon, ddof=0, axes=None):
    axes = tuple(range(x.ndim - 1)) if axes is None else axes
    m, v = x.mean(axis=axes), x.var(axis=axes, ddof=ddof)
    r = 1 / np.sqrt(v + epsilon)
    h = (x - m) * r
    return gamma * h + beta, m, v, h, r


@wrong("capstone_network.1", "gamma and beta swapped")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    return _fw(x, beta, gamma, epsilon)


@wrong("capstone_network.1", "std returned in place of its inverse")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    y, m, v, h, r = _fw(x, gamma, beta, epsilon)
    return y, m, v, h, 1 / r


@wrong("capstone_network.1", "variance and mean exchanged in the results")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    y, m, v, h, r = _fw(x, gamma, beta, epsilon)
    return y, v, m, h, r


@wrong("capstone_network.1", "returns variance + epsilon")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    y, m, v, h, r = _fw(x, gamma, beta, epsilon)
    return y, m, v + epsilon, h, r


@wrong("capstone_network.1", "x centered but not divided returned as x_hat")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    y, m, v, h, r = _fw(x, gamma, beta, epsilon)
    return y, m, v, x - m, r


@wrong("capstone_network.1", "returns y alone")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    return _fw(x, gamma, beta, epsilon)[0]


@wrong("capstone_network.1", "axis 0")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    return _fw(x, gamma, beta, epsilon, axes=0)


@wrong("capstone_network.1", "ddof")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    return _fw(x, gamma, beta, epsilon, ddof=1)


@wrong("capstone_network.1", "keepdims")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    m, v = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    r = 1 / np.sqrt(v + epsilon)
    return gamma * (x - m) * r + beta, m, v, (x - m) * r, r


@right("capstone_network.1")
def bn_forward(x, gamma, beta, epsilon=1e-3):
    return list(_fw(x, gamma, beta, epsilon))


@wrong("capstone_network.2", "gamma and beta swapped")
def bn_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return beta * (x - moving_mean) / np.sqrt(moving_variance + epsilon) + gamma


@wrong("capstone_network.2", "batch mean")
def bn_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return gamma * (x - x.mean(tuple(range(x.ndim - 1)))) / np.sqrt(moving_variance + epsilon) + beta


@wrong("capstone_network.2", "moving arguments exchanged")
def bn_inference(x, gamma, beta, moving_variance, moving_mean, epsilon=1e-3):
    return gamma * (x - moving_mean) / np.sqrt(np.abs(moving_variance) + epsilon) + beta


@wrong("capstone_network.2", "beta inside")
def bn_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return gamma * ((x - moving_mean) / np.sqrt(moving_variance + epsilon) + beta)


@wrong("capstone_network.2", "mean not subtracted")
def bn_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return gamma * x / np.sqrt(moving_variance + epsilon) + beta


@wrong("capstone_network.2", "multiplied by the root")
def bn_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return gamma * (x - moving_mean) * np.sqrt(moving_variance + epsilon) + beta


@wrong("capstone_network.2", "epsilon 1e-5 hard coded")
def bn_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return gamma * (x - moving_mean) / np.sqrt(moving_variance + 1e-5) + beta


@wrong("capstone_network.2", "returns statistics too")
def bn_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return gamma * (x - moving_mean) / np.sqrt(moving_variance + epsilon) + beta, moving_mean, moving_variance


@right("capstone_network.2")
def bn_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    s = gamma / np.sqrt(moving_variance + epsilon)
    return s * x + (beta - s * moving_mean)


@wrong("capstone_network.3", "gamma forgotten")
def bn_backward(dy, x_hat, inv_std, gamma):
    a = tuple(range(dy.ndim - 1))
    return inv_std * (dy - dy.mean(a) - x_hat * (dy * x_hat).mean(a)), (dy * x_hat).sum(a), dy.sum(a)


@wrong("capstone_network.3", "axis 0 alone")
def bn_backward(dy, x_hat, inv_std, gamma):
    return gamma * inv_std * (dy - dy.mean(0) - x_hat * (dy * x_hat).mean(0)), (dy * x_hat).sum(0), dy.sum(0)


@wrong("capstone_network.3", "dgamma and dbeta exchanged")
def bn_backward(dy, x_hat, inv_std, gamma):
    a = tuple(range(dy.ndim - 1))
    return gamma * inv_std * (dy - dy.mean(a) - x_hat * (dy * x_hat).mean(a)), dy.sum(a), (dy * x_hat).sum(a)


@wrong("capstone_network.3", "no mean in the second term")
def bn_backward(dy, x_hat, inv_std, gamma):
    a = tuple(range(dy.ndim - 1))
    return gamma * inv_std * (dy - dy.mean(a) - x_hat * (dy * x_hat).sum(a)), (dy * x_hat).sum(a), dy.sum(a)


@wrong("capstone_network.3", "divided by inv_std")
def bn_backward(dy, x_hat, inv_std, gamma):
    a = tuple(range(dy.ndim - 1))
    return gamma / inv_std * (dy - dy.mean(a) - x_hat * (dy * x_hat).mean(a)), (dy * x_hat).sum(a), dy.sum(a)


@wrong("capstone_network.3", "gamma only on dy")
def bn_backward(dy, x_hat, inv_std, gamma):
    a = tuple(range(dy.ndim - 1))
    return inv_std * (gamma * dy - dy.mean(a) - x_hat * (dy * x_hat).mean(a)), (dy * x_hat).sum(a), dy.sum(a)


@wrong("capstone_network.3", "x_hat forgotten in dgamma")
def bn_backward(dy, x_hat, inv_std, gamma):
    a = tuple(range(dy.ndim - 1))
    return gamma * inv_std * (dy - dy.mean(a) - x_hat * (dy * x_hat).mean(a)), dy.sum(a), dy.sum(a)


@wrong("capstone_network.3", "gamma twice")
def bn_backward(dy, x_hat, inv_std, gamma):
    a = tuple(range(dy.ndim - 1))
    dy = dy * gamma
    return gamma * inv_std * (dy - dy.mean(a) - x_hat * (dy * x_hat).mean(a)), (dy * x_hat).sum(a), dy.sum(a)


@right("capstone_network.3")
def bn_backward(dy, x_hat, inv_std, gamma):
    a = tuple(range(dy.ndim - 1))
    d = dy * gamma
    return inv_std * (d - d.mean(a) - x_hat * (d * x_hat).mean(a)), (dy * x_hat).sum(a), dy.sum(a)


@wrong("capstone_network.4", "branches swapped")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    if not training:
        y, batch, _ = batchnorm(x, gamma, beta)
        moving = update(moving, batch, momentum=momentum)
    else:
        y = batchnorm_inference(x, gamma, beta, moving)
    return y, moving.mean, moving.variance


@wrong("capstone_network.4", "only the mean moves")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    if training:
        y, batch, _ = batchnorm(x, gamma, beta)
        return y, update(moving, batch, momentum=momentum).mean, moving.variance
    return batchnorm_inference(x, gamma, beta, moving), moving.mean, moving.variance


@wrong("capstone_network.4", "batch statistics returned")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    if training:
        y, batch, _ = batchnorm(x, gamma, beta)
        return y, batch.mean, batch.variance
    return batchnorm_inference(x, gamma, beta, moving), moving.mean, moving.variance


@wrong("capstone_network.4", "updated statistics normalize in training")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    if training:
        _, batch, _ = batchnorm(x, gamma, beta)
        moving = update(moving, batch, momentum=momentum)
    return batchnorm_inference(x, gamma, beta, moving), moving.mean, moving.variance


@wrong("capstone_network.4", "momentum not passed")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    if training:
        y, batch, _ = batchnorm(x, gamma, beta)
        moving = update(moving, batch)
    else:
        y = batchnorm_inference(x, gamma, beta, moving)
    return y, *moving


@wrong("capstone_network.4", "y and a Moments")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    if training:
        y, batch, _ = batchnorm(x, gamma, beta)
        return y, update(moving, batch, momentum=momentum)
    return batchnorm_inference(x, gamma, beta, moving), moving


@wrong("capstone_network.4", "always training")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    y, batch, _ = batchnorm(x, gamma, beta)
    return y, *update(moving, batch, momentum=momentum)


@wrong("capstone_network.4", "nothing in inference")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    if training:
        y, batch, _ = batchnorm(x, gamma, beta)
        return y, *update(moving, batch, momentum=momentum)


@wrong("capstone_network.4", "order variance, mean")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    if training:
        y, batch, _ = batchnorm(x, gamma, beta)
        moving = update(moving, batch, momentum=momentum)
    else:
        y = batchnorm_inference(x, gamma, beta, moving)
    return y, moving.variance, moving.mean


@right("capstone_network.4")
def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    if not training:
        return batchnorm_inference(x, gamma, beta, moving), *moving
    y, batch, _ = batchnorm(x, gamma, beta)
    mean = momentum * moving.mean + (1 - momentum) * batch.mean
    return y, mean, momentum * moving.variance + (1 - momentum) * batch.variance


def _go(network, images, labels, learning_rate, training=True, twice=False, skip=0, sign=1):
    logits, caches = network.forward(images, training=training)
    if twice:
        logits, caches = network.forward(images, training=True)
    loss = softmax_cross_entropy(logits, labels)
    gradients = network.backward(softmax_cross_entropy_backward(logits, labels), caches)
    for layer, own in list(zip(network.layers, gradients))[skip:]:
        for name, gradient in own.items():
            layer.parameters[name] = layer.parameters[name] - sign * learning_rate * gradient
    return loss, gradients, logits


@wrong("capstone_network.5", "training=False")
def train_step(network, images, labels, learning_rate):
    return _go(network, images, labels, learning_rate, training=False)[0]


@wrong("capstone_network.5", "forward twice")
def train_step(network, images, labels, learning_rate):
    return _go(network, images, labels, learning_rate, twice=True)[0]


@wrong("capstone_network.5", "returns gradients as well")
def train_step(network, images, labels, learning_rate):
    return _go(network, images, labels, learning_rate)[:2]


@wrong("capstone_network.5", "loss after the step")
def train_step(network, images, labels, learning_rate):
    _go(network, images, labels, learning_rate)
    return softmax_cross_entropy(network.forward(images, training=False)[0], labels)


@wrong("capstone_network.5", "first layer skipped")
def train_step(network, images, labels, learning_rate):
    return _go(network, images, labels, learning_rate, skip=1)[0]


@wrong("capstone_network.5", "added")
def train_step(network, images, labels, learning_rate):
    return _go(network, images, labels, learning_rate, sign=-1)[0]


@wrong("capstone_network.5", "learning rate ignored")
def train_step(network, images, labels, learning_rate):
    return _go(network, images, labels, 0.1)[0]


@wrong("capstone_network.5", "no return")
def train_step(network, images, labels, learning_rate):
    _go(network, images, labels, learning_rate)


@wrong("capstone_network.5", "logits passed to backward")
def train_step(network, images, labels, learning_rate):
    logits, caches = network.forward(images, training=True)
    gradients = network.backward(logits, caches)
    for layer, own in zip(network.layers, gradients):
        for name, gradient in own.items():
            layer.parameters[name] -= learning_rate * gradient
    return softmax_cross_entropy(logits, labels)


@wrong("capstone_network.5", "local names changed, not the parameters")
def train_step(network, images, labels, learning_rate):
    logits, caches = network.forward(images, training=True)
    gradients = network.backward(softmax_cross_entropy_backward(logits, labels), caches)
    for layer, own in zip(network.layers, gradients):
        for name, gradient in own.items():
            parameter = layer.parameters[name]
            parameter = parameter - learning_rate * gradient
    return softmax_cross_entropy(logits, labels)


@right("capstone_network.5")
def train_step(network, images, labels, learning_rate):
    return _go(network, images, labels, learning_rate)[0]


def _norms(model, frozen=False):
    return [l for l in model.layers if hasattr(l, "moving_variance") and l.trainable is not frozen]


@wrong("capstone_mend.1", "moving mean compared, one model only")
def statistics_move(model, step):
    norm = _norms(model)[0]
    before = norm.moving_variance.numpy()
    step()
    return not np.array_equal(before, norm.moving_variance.numpy())


@wrong("capstone_mend.1", "step called after the second look")
def statistics_move(model, step):
    before = [n.moving_variance.numpy() for n in _norms(model)]
    after = [n.moving_variance.numpy() for n in _norms(model)]
    step()
    return all(not np.array_equal(a, b) for a, b in zip(before, after))


@wrong("capstone_mend.1", "no return")
def statistics_move(model, step):
    step()


@right("capstone_mend.1")
def statistics_move(model, step):
    before = {n.name: n.moving_variance.numpy().copy() for n in _norms(model)}
    step()
    return all((before[n.name] != n.moving_variance.numpy()).any() for n in _norms(model))


@wrong("capstone_mend.2", "the flag itself")
def stays_frozen(model, step):
    frozen = _norms(model, frozen=True)
    step()
    return all(not n.trainable for n in frozen)


@wrong("capstone_mend.2", "all layers")
def stays_frozen(model, step):
    before = [w.copy() for l in model.layers for w in l.get_weights()]
    step()
    return all(np.array_equal(a, b) for a, b in zip(before, [w for l in model.layers for w in l.get_weights()]))


@wrong("capstone_mend.2", "False where nothing is frozen")
def stays_frozen(model, step):
    frozen = _norms(model, frozen=True)
    before = [w for n in frozen for w in n.get_weights()]
    step()
    return bool(frozen) and all(np.array_equal(a, b) for a, b in zip(before, [w for n in frozen for w in n.get_weights()]))


@right("capstone_mend.2")
def stays_frozen(model, step):
    frozen = _norms(model, frozen=True)
    before = [n.get_weights() for n in frozen]
    step()
    return all(np.array_equal(a, b) for n, old in zip(frozen, before) for a, b in zip(old, n.get_weights()))


@wrong("capstone_mend.3", "one start only")
def kept_share(norm, x):
    norm.moving_mean.assign(np.ones(norm.moving_mean.shape))
    norm(x, training=True)
    return float(norm.moving_mean.numpy().mean())


@wrong("capstone_mend.3", "the label")
def kept_share(norm, x):
    return norm.momentum


@wrong("capstone_mend.3", "new share")
def kept_share(norm, x):
    ends = []
    for start in (0.0, 1.0):
        norm.moving_mean.assign(np.full(norm.moving_mean.shape, start))
        norm(x, training=True)
        ends.append(norm.moving_mean.numpy())
    return float(1 - np.mean(ends[1] - ends[0]))


@right("capstone_mend.3")
def kept_share(norm, x):
    ends = []
    for start in (10.0, 20.0):
        norm.moving_mean.assign(np.full(norm.moving_mean.shape, start))
        norm(x, training=True)
        ends.append(norm.moving_mean.numpy())
    return float((ends[1] - ends[0])[0]) / 10


def _worst(model, images, root=False, epsilon=True, inverse=True):
    worst, x = 1.0, images
    for layer in model.layers:
        if hasattr(layer, "moving_variance"):
            axes = tuple(i for i in range(len(x.shape)) if i != layer.axis % len(x.shape))
            e = layer.epsilon if epsilon else 0
            ratio = (layer.moving_variance.numpy() + e) / (np.var(x, axis=axes) + e)
            ratio = np.sqrt(ratio) if root else ratio
            worst = max([worst, ratio.max()] + ([(1 / ratio).max()] if inverse else []))
        x = layer(x, training=False)
    return float(worst)


@wrong("capstone_mend.4", "no epsilon")
def worst_factor(model, images):
    return _worst(model, images, epsilon=False)


@wrong("capstone_mend.4", "only too large")
def worst_factor(model, images):
    return _worst(model, images, inverse=False)


@wrong("capstone_mend.4", "roots")
def worst_factor(model, images):
    return _worst(model, images, root=True)


@right("capstone_mend.4")
def worst_factor(model, images):
    return _worst(model, images)


@wrong("capstone_mend.5", "inference")
def notices_a_shift(norm, x):
    s = x.copy()
    s[..., 0] += 5
    return bool(np.abs(norm(s) - norm(x)).max() > 0.01)


@wrong("capstone_mend.5", "no absolute value")
def notices_a_shift(norm, x):
    s = x.copy()
    s[..., 0] += 5
    return bool(np.max(norm(s, training=True) - norm(x, training=True)) > 0.01)


@wrong("capstone_mend.5", "x itself shifted")
def notices_a_shift(norm, x):
    s = x
    s[..., 0] += 5
    return bool(np.abs(norm(s, training=True) - norm(x, training=True)).max() > 0.01)


@right("capstone_mend.5")
def notices_a_shift(norm, x):
    s = x + np.array([5, 0, 0], x.dtype)
    return not np.allclose(norm(s, training=True), norm(x, training=True), rtol=0, atol=0.01)


def _sums(norm, x, weights, training=True, center=True, combine=np.max):
    import tensorflow as tf

    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        loss = tf.reduce_sum(weights * norm(inputs, training=training))
    g = tape.gradient(loss, inputs).numpy()
    axes = tuple(i for i in range(x.ndim) if i != norm.axis % x.ndim)
    c = x - x.mean(axis=axes, keepdims=True) if center else x
    return tuple(float(combine(np.abs(p.sum(axis=axes)) / np.abs(p).sum(axis=axes))) for p in (g, g * c))


@wrong("capstone_mend.6", "not centered")
def gradient_sums(norm, x, weights):
    return _sums(norm, x, weights, center=False)


@wrong("capstone_mend.6", "mean of channels")
def gradient_sums(norm, x, weights):
    return _sums(norm, x, weights, combine=np.mean)


@wrong("capstone_mend.6", "only the first sum")
def gradient_sums(norm, x, weights):
    return _sums(norm, x, weights)[0]


@right("capstone_mend.6")
def gradient_sums(norm, x, weights):
    return list(_sums(norm, x, weights))


wrong("capstone_mend.7", "test 4 for C", (4, 6, 4, 5, 2, 3))
wrong("capstone_mend.7", "letters", ("D", "F", "A", "E", "B", "C"))
wrong("capstone_mend.7", "E and F exchanged", (4, 6, 1, 5, 3, 2))
right("capstone_mend.7", [4, 6, 1, 5, 2, 3])
for letter in "acd":
    wrong("capstone_mend.8", f"option {letter}", letter)
right("capstone_mend.8", "b")


@junk("capstone_mend.1")
def statistics_move(model, step):
    class Out(BaseException):
        pass

    raise Out
