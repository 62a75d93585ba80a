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


for letter in "acd":
    wrong("capstone_mend.1", f"option {letter}", letter)


@wrong("capstone_mend.2", "np.sqrt fails on tensors")
def normalize(x, mean, variance, gamma, beta, epsilon):
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


@wrong("capstone_mend.2", "asarray loses the gradient")
def normalize(x, mean, variance, gamma, beta, epsilon):
    return np.asarray(gamma * (x - mean) / (variance + epsilon) ** 0.5 + beta)


@wrong("capstone_mend.2", "gamma and beta swapped")
def normalize(x, mean, variance, gamma, beta, epsilon):
    return beta * (x - mean) / (variance + epsilon) ** 0.5 + gamma


@wrong("capstone_mend.2", "exponent -0.5 while dividing")
def normalize(x, mean, variance, gamma, beta, epsilon):
    return gamma * (x - mean) / (variance + epsilon) ** -0.5 + beta


@wrong("capstone_mend.2", "1/2 binds weaker")
def normalize(x, mean, variance, gamma, beta, epsilon):
    return gamma * (x - mean) / (variance + epsilon) ** 1 / 2 + beta


@wrong("capstone_mend.2", "eps renamed")
def normalize(x, mean, variance, gamma, beta, eps):
    return gamma * (x - mean) / (variance + eps) ** 0.5 + beta


@right("capstone_mend.2")
def normalize(x, mean, variance, gamma, beta, epsilon):
    return gamma * ((x - mean) * (variance + epsilon) ** -0.5) + beta


@wrong("capstone_mend.3", "keepdims on both")
def batch_moments(x):
    from keras import ops

    axes = list(range(len(x.shape) - 1))
    mean = ops.mean(x, axis=axes, keepdims=True)
    return mean, ops.mean((x - mean) ** 2, axis=axes, keepdims=True)


@wrong("capstone_mend.3", "nothing returned")
def batch_moments(x):
    from keras import ops

    axes = list(range(len(x.shape) - 1))
    mean = ops.mean(x, axis=axes)
    variance = ops.mean((x - mean) ** 2, axis=axes)


@wrong("capstone_mend.3", "deviations from a copy without gradient")
def batch_moments(x):
    from keras import ops

    axes = list(range(len(x.shape) - 1))
    mean = ops.mean(x, axis=axes)
    values = ops.stop_gradient(x)
    return mean, ops.mean((values - mean) ** 2, axis=axes)


@wrong("capstone_mend.3", "order")
def batch_moments(x):
    from keras import ops

    axes = list(range(len(x.shape) - 1))
    mean = ops.mean(x, axis=axes)
    return ops.mean((x - mean) ** 2, axis=axes), mean


@wrong("capstone_mend.3", "std")
def batch_moments(x):
    from keras import ops

    axes = list(range(len(x.shape) - 1))
    return ops.mean(x, axis=axes), ops.std(x, axis=axes)


@wrong("capstone_mend.3", "numpy")
def batch_moments(x):
    x = np.asarray(x)
    axes = tuple(range(x.ndim - 1))
    return x.mean(axes), x.var(axes)


@right("capstone_mend.3")
def batch_moments(x):
    from keras import ops

    return ops.moments(x, axes=list(range(len(x.shape) - 1)))


@wrong("capstone_mend.4", "weights exchanged")
def update_moving(moving, batch, momentum):
    return (1 - momentum) * moving + momentum * batch


@wrong("capstone_mend.4", "difference with momentum")
def update_moving(moving, batch, momentum):
    return moving + momentum * (batch - moving)


@wrong("capstone_mend.4", "half")
def update_moving(moving, batch, momentum):
    return (moving + batch) / 2


@wrong("capstone_mend.4", "subtracts both")
def update_moving(moving, batch, momentum):
    return moving - (1 - momentum) * (moving + batch)


@wrong("capstone_mend.4", "no batch")
def update_moving(moving, batch, momentum):
    return momentum * moving


@wrong("capstone_mend.4", "np.average loses tensors")
def update_moving(moving, batch, momentum):
    return np.asarray(momentum * np.asarray(moving) + (1 - momentum) * np.asarray(batch))


@right("capstone_mend.4")
def update_moving(moving, batch, momentum):
    return moving + (1 - momentum) * (batch - moving)


@junk("capstone_mend.4")
def update_moving(moving, batch, momentum):
    class Out(BaseException):
        pass

    raise Out
