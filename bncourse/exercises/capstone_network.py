"""The capstone of the mathematics: a batch-normalized network, written, checked and trained by the reader."""

from typing import NamedTuple

import numpy as np

from bncourse.convolution import softmax_cross_entropy, softmax_cross_entropy_backward
from bncourse.exercises import Function, Mistake
from bncourse.forward import Moments, batchnorm
from bncourse.inference import batchnorm_inference, update_moving
from bncourse.network import BatchNorm, Conv2D, Dense, Flatten, Network, ReLU

# Step 1


def bn_forward(x, gamma, beta, epsilon=1e-3):
    """Batch normalization in training: (y, mean, variance, x_hat, inv_std).

    x, y and x_hat are (..., C), everything else is (C,).
    """
    axes = tuple(range(x.ndim - 1))
    mean = x.mean(axis=axes)
    variance = x.var(axis=axes)
    inv_std = 1 / np.sqrt(variance + epsilon)
    x_hat = (x - mean) * inv_std
    return gamma * x_hat + beta, mean, variance, x_hat, inv_std


def _forward(x, gamma, beta, epsilon=1e-3, *, axes=None, ddof=0, inv_std=None):
    """The forward pass with other axes, another variance or another way to the inverse standard deviation."""
    axes = tuple(range(x.ndim - 1)) if axes is None else axes
    keep = dict(axis=axes, keepdims=True)
    mean, variance = x.mean(**keep), x.var(**keep, ddof=ddof)
    r = inv_std(variance, epsilon) if inv_std else 1 / np.sqrt(variance + epsilon)
    x_hat = (x - mean) * r
    return gamma * x_hat + beta, mean.squeeze(axes), variance.squeeze(axes), x_hat, r.squeeze(axes)


def _forward_plain(x, gamma, beta, epsilon=1e-3):
    _, mean, variance, x_hat, inv_std = _forward(x, gamma, beta, epsilon)
    return x_hat, mean, variance, x_hat, inv_std


def _forward_over_everything(x, gamma, beta, epsilon=1e-3):
    r = 1 / np.sqrt(x.var() + epsilon)
    x_hat = (x - x.mean()) * r
    return gamma * x_hat + beta, x.mean(), x.var(), x_hat, r


def _forward_probes():
    generator = np.random.default_rng(1)
    for shape in ((5, 3), (2, 3, 2, 3), (3, 3)):
        yield dict(
            x=generator.normal([1, -2, 4], [1, 2, 0.5], shape),
            gamma=generator.uniform(1.5, 3, 3),
            beta=generator.normal(1, 1, 3),
            epsilon=0.5,
        )
    yield dict(x=np.array([[0.02], [0.08], [0.03]]), gamma=np.array([2.0]), beta=np.array([0.3]))


# Step 2


def bn_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    """Batch normalization of x (..., C) in inference, with moving statistics (C,): y
    (..., C).
    """
    return gamma * (x - moving_mean) / np.sqrt(moving_variance + epsilon) + beta


def _inference_probes():
    generator = np.random.default_rng(2)
    for shape in ((4, 3), (1, 3), (2, 2, 3, 3)):
        yield dict(
            x=generator.normal(2, 1, shape),
            gamma=generator.uniform(1.5, 3, 3),
            beta=generator.normal(1, 1, 3),
            moving_mean=generator.normal(1, 1, 3),
            moving_variance=generator.uniform(0.5, 3, 3),
            epsilon=0.5,
        )
    yield dict(
        x=np.array([[0.2], [0.1]]),
        gamma=np.array([2.0]),
        beta=np.array([0.3]),
        moving_mean=np.array([0.05]),
        moving_variance=np.array([1e-3]),
    )


# Step 3


def bn_backward(dy, x_hat, inv_std, gamma):
    """Gradients (dx, dgamma, dbeta) of batch normalization, given dy and x_hat (...,
    C), inv_std and gamma (C,).
    """
    axes = tuple(range(dy.ndim - 1))
    m = dy.size // dy.shape[-1]
    dbeta = dy.sum(axis=axes)
    dgamma = (dy * x_hat).sum(axis=axes)
    dx = gamma * inv_std * (dy - dbeta / m - x_hat * dgamma / m)
    return dx, dgamma, dbeta


def _backward(dy, x_hat, inv_std, gamma, *, m=None, mean=1, slope=1, means=False):
    axes = tuple(range(dy.ndim - 1))
    count = dy.size // dy.shape[-1]
    dbeta, dgamma = dy.sum(axis=axes), (dy * x_hat).sum(axis=axes)
    dx = gamma * inv_std * (dy - mean * dbeta / (m or count) - slope * x_hat * dgamma / (m or count))
    return dx, dgamma / (count if means else 1), dbeta / (count if means else 1)


def _backward_unscaled(dy, x_hat, inv_std, gamma):
    dx, dgamma, dbeta = _backward(dy, x_hat, inv_std, gamma)
    return dx / gamma, dgamma, dbeta


def _backward_unsummed(dy, x_hat, inv_std, gamma):
    return _backward(dy, x_hat, inv_std, gamma)[0], dy * x_hat, dy


def _backward_with_parentheses_lost(dy, x_hat, inv_std, gamma):
    dx, dgamma, dbeta = _backward(dy, x_hat, inv_std, gamma)
    return dx / (gamma * inv_std) + (gamma * inv_std - 1) * dy, dgamma, dbeta


def _backward_over_the_first_axis(dy, x_hat, inv_std, gamma, m=None):
    m = m or dy.size // dy.shape[-1]
    dbeta, dgamma = dy.sum(axis=0), (dy * x_hat).sum(axis=0)
    return gamma * inv_std * (dy - dbeta / m - x_hat * dgamma / m), dgamma, dbeta


def _backward_probes():
    generator = np.random.default_rng(3)
    for shape in ((5, 3), (2, 3, 2, 3), (3, 3)):
        x = generator.normal([1, -2, 4], [1, 2, 0.5], shape)
        axes = tuple(range(len(shape) - 1))
        inv_std = 1 / np.sqrt(x.var(axis=axes) + 0.5)
        yield dict(
            dy=generator.normal(0.8, 1, shape),
            x_hat=(x - x.mean(axis=axes)) * inv_std,
            inv_std=inv_std,
            gamma=generator.uniform(1.5, 3, 3),
        )


# Step 4


def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
    """Output of the layer and its moving statistics after the call: y (..., C), mean
    (C,), variance (C,).

    `moving` is Moments(mean, variance), both (C,); `training` is True or False.
    """
    if training:
        y, batch, _ = batchnorm(x, gamma, beta)
        moving = update_moving(moving, batch, momentum=momentum)
    else:
        y = batchnorm_inference(x, gamma, beta, moving)
    return y, moving.mean, moving.variance


def _layer(x, gamma, beta, moving, training, momentum=0.99, *, batch_when, update_when, old=None):
    """The layer with other decisions: when the batch's statistics serve, when the moving ones are updated, and how."""
    y, batch, _ = batchnorm(x, gamma, beta)
    updated = update_moving(moving, batch, momentum=momentum if old is None else old(momentum))
    after = updated if training in update_when else moving
    if training not in batch_when:
        y = batchnorm_inference(x, gamma, beta, moving)
    return y, after.mean, after.variance


def _with_mean(mean, result):
    return result[0], mean, result[2]


def _layer_probes():
    generator = np.random.default_rng(4)
    for shape, training, momentum in (((6, 3), True, 0.8), ((6, 3), False, 0.8), ((2, 3, 2, 3), True, 0.7)):
        yield dict(
            x=generator.normal([1, -2, 4], [1, 2, 0.5], shape),
            gamma=generator.uniform(1.5, 3, 3),
            beta=generator.normal(1, 1, 3),
            moving=Moments(generator.normal(0, 1, 3), generator.uniform(0.5, 3, 3)),
            training=training,
            momentum=momentum,
        )


# Step 5


def train_step(network, images, labels, learning_rate):
    """One step of gradient descent on one batch: changes the network's parameters,
    returns the loss before the step.
    """
    logits, caches = network.forward(images, training=True)
    loss = softmax_cross_entropy(logits, labels)
    gradients = network.backward(softmax_cross_entropy_backward(logits, labels), caches)
    for layer, of_parameters in zip(network.layers, gradients, strict=True):
        for name, gradient in of_parameters.items():
            layer.parameters[name] -= learning_rate * gradient
    return loss


def _train(network, images, labels, learning_rate, *, names=None, sign=1, factor=1):
    """A step that changes some parameters alone, in the wrong direction or by the wrong amount."""
    logits, caches = network.forward(images, training=True)
    gradients = network.backward(factor * softmax_cross_entropy_backward(logits, labels), caches)
    for layer, of_parameters in zip(network.layers, gradients, strict=True):
        for name, gradient in of_parameters.items():
            if names is None or name in names:
                layer.parameters[name] -= sign * learning_rate * gradient
    return softmax_cross_entropy(logits, labels)


def _second_pass(again):
    """A step behind which something is done once more."""

    def step(network, images, labels, learning_rate):
        loss = train_step(network, images, labels, learning_rate)
        again(network, images, labels, learning_rate)
        return loss

    return step


def _train_and_look(training):
    def step(network, images, labels, learning_rate):
        train_step(network, images, labels, learning_rate)
        return softmax_cross_entropy(network.forward(images, training=training)[0], labels)

    return step


class _Stepped(NamedTuple):
    parameters: np.ndarray
    moving_statistics: np.ndarray


def _run_step(step, seed, learning_rate):
    """All parameters of a small network after a step, laid end to end, and its moving statistics."""
    rng = np.random.default_rng(seed)
    layers = [
        Conv2D(1, 3, rng=rng, stride=2, use_bias=False),
        BatchNorm(3, momentum=0.8),
        ReLU(),
        Flatten(),
        Dense(12, 4, rng=rng),
    ]
    for layer in layers:
        layer.parameters = dict(layer.parameters)  # also where there are none: an answer may call `update`
    network = Network(layers)
    images, labels = rng.uniform(size=(6, 4, 4, 1)), rng.integers(4, size=6)
    step(network, images, labels, learning_rate=learning_rate)
    parameters = [layer.parameters[name].ravel() for layer in network.layers for name in sorted(layer.parameters)]
    return _Stepped(np.concatenate(parameters), np.concatenate(layers[1].moving))


def _step_probes():
    yield dict(seed=1, learning_rate=0.5)
    yield dict(seed=2, learning_rate=0.8)


EXERCISES = (
    Function(
        id="capstone_network.1",
        title="The forward pass",
        statement=r"""
Write batch normalization as it works in training, for any shape `(..., C)`: dense activations and images take the
same path. Besides the output it returns the batch's statistics, which the moving averages will need, and what the
backward pass will need.
""",
        solution=bn_forward,
        probes=_forward_probes,
        hints=(
            "All axes but the last: `tuple(range(x.ndim - 1))`.",
            r"$r = 1 / \sqrt{v + \epsilon}$, $\hat x = (x - \mu) \, r$, $y = \gamma \hat x + \beta$.",
        ),
        mistakes=(
            Mistake(
                "Statistics over everything",
                "Each channel has its own mean and variance: average over all axes but the last.",
                _forward_over_everything,
            ),
            Mistake(
                "Epsilon outside the root",
                "Epsilon is added to the variance: `1 / np.sqrt(variance + epsilon)`.",
                lambda x, gamma, beta, epsilon=1e-3: _forward(
                    x, gamma, beta, epsilon, inv_std=lambda v, e: 1 / (np.sqrt(v) + e)
                ),
            ),
            Mistake(
                "Divided by the variance",
                "Divide by the standard deviation, the root of variance + epsilon.",
                lambda x, gamma, beta, epsilon=1e-3: _forward(
                    x, gamma, beta, epsilon, inv_std=lambda v, e: 1 / (v + e)
                ),
            ),
            Mistake(
                "Epsilon left out",
                "Without epsilon a constant channel divides by zero: it is added to the variance.",
                lambda x, gamma, beta, epsilon=1e-3: _forward(
                    x, gamma, beta, epsilon, inv_std=lambda v, e: 1 / np.sqrt(v)
                ),
            ),
            Mistake(
                "The unbiased variance",
                "Batch normalization divides the sum of squares by m, not by m - 1: leave `ddof` at 0.",
                lambda x, gamma, beta, epsilon=1e-3: _forward(x, gamma, beta, epsilon, ddof=1),
            ),
            Mistake(
                "Statistics over the batch axis alone",
                "For images a channel's mean is over batch, height and width: all axes but the last.",
                lambda x, gamma, beta, epsilon=1e-3: _forward(x, gamma, beta, epsilon, axes=(0,)),
            ),
            Mistake(
                "Gamma and beta left out of y",
                "`y` is scaled and shifted: `gamma * x_hat + beta`.",
                _forward_plain,
            ),
        ),
    ),
    Function(
        id="capstone_network.2",
        title="Inference",
        statement="""
Write the same layer as it works once the network is trained: with moving statistics, so that each example's output
depends on that example alone.
""",
        solution=bn_inference,
        probes=_inference_probes,
        in_place=dict.fromkeys(
            ("moving_mean", "moving_variance"),
            "In inference nothing may move: read the moving statistics, and leave them as they are.",
        ),
        hints=("Nothing is averaged here.", "The formula is that of training, with other statistics in it."),
        mistakes=(
            Mistake(
                "Beta multiplied by gamma",
                "Gamma scales the normalized input alone, and beta is added after that.",
                lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: (
                    gamma * ((x - moving_mean) / np.sqrt(moving_variance + epsilon) + beta)
                ),
            ),
            Mistake(
                "Statistics of the batch",
                "One of the calls has a single example, which would be its own mean. Use the moving statistics.",
                lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: _forward(x, gamma, beta, epsilon)[0],
            ),
            Mistake(
                "Epsilon outside the root",
                "Epsilon is added to the moving variance, under the root.",
                lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: (
                    gamma * (x - moving_mean) / (np.sqrt(moving_variance) + epsilon) + beta
                ),
            ),
            Mistake(
                "Epsilon left out",
                "The weights were trained with epsilon under the root. Without it the output is not what they expect.",
                lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: (
                    gamma * (x - moving_mean) / np.sqrt(moving_variance) + beta
                ),
            ),
            Mistake(
                "Divided by the variance",
                "Divide by the standard deviation: the square root is missing.",
                lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: (
                    gamma * (x - moving_mean) / (moving_variance + epsilon) + beta
                ),
            ),
            Mistake(
                "Gamma and beta left out",
                "They belong to inference as well: scale by gamma, shift by beta.",
                lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: (
                    (x - moving_mean) / np.sqrt(moving_variance + epsilon)
                ),
            ),
        ),
    ),
    Function(
        id="capstone_network.3",
        title="The backward pass",
        statement="""
Write the gradients with respect to input, gamma and beta, for the same shapes.
""",
        solution=bn_backward,
        probes=_backward_probes,
        hints=(
            "Two sums first: the gradients of beta and gamma.",
            "`m` is the number of values that share one mean, `dy.size // dy.shape[-1]`.",
            r"$dx = \gamma \, r \, (dy - d\beta / m - \hat x \, d\gamma / m)$",
        ),
        mistakes=(
            Mistake(
                "The division by m is missing",
                "In `dx` stand means: divide both sums by m.",
                lambda dy, x_hat, inv_std, gamma: _backward(dy, x_hat, inv_std, gamma, m=1),
            ),
            Mistake(
                "m - 1",
                "The batch is divided by m, and so is its gradient.",
                lambda dy, x_hat, inv_std, gamma: _backward(dy, x_hat, inv_std, gamma, m=dy.size // dy.shape[-1] - 1),
            ),
            Mistake(
                "m counts the channels, too",
                "The channels have means of their own: m is `dy.size // dy.shape[-1]`.",
                lambda dy, x_hat, inv_std, gamma: _backward(dy, x_hat, inv_std, gamma, m=dy.size),
            ),
            Mistake(
                "Not summed",
                "gamma and beta are used by all values of their channel: sum over all axes but the last.",
                _backward_unsummed,
            ),
            Mistake(
                "Sums over the first axis alone",
                "For images a channel is summed over batch, height and width: all axes but the last.",
                _backward_over_the_first_axis,
            ),
            Mistake(
                "Sums over the first axis alone, and m as well",
                "For images a channel is summed over batch, height and width: all axes but the last.",
                lambda dy, x_hat, inv_std, gamma: _backward_over_the_first_axis(dy, x_hat, inv_std, gamma, len(dy)),
            ),
            Mistake(
                "Added, not subtracted",
                "Both sums are taken away from `dy`: mind the signs.",
                lambda dy, x_hat, inv_std, gamma: _backward(dy, x_hat, inv_std, gamma, mean=-1, slope=-1),
            ),
            Mistake(
                "Gamma and `inv_std` reach the first term alone",
                "The whole bracket is multiplied by them: mind the parentheses.",
                lambda dy, x_hat, inv_std, gamma: _backward_with_parentheses_lost(dy, x_hat, inv_std, gamma),
            ),
            Mistake(
                "The statistics taken for constants",
                "Mean and standard deviation depend on x too: subtract `dbeta / m` and `x_hat * dgamma / m`.",
                lambda dy, x_hat, inv_std, gamma: _backward(dy, x_hat, inv_std, gamma, mean=0, slope=0),
            ),
            Mistake(
                "The path through the mean is missing",
                "The gradient has to add up to zero in each channel: subtract `dbeta / m`.",
                lambda dy, x_hat, inv_std, gamma: _backward(dy, x_hat, inv_std, gamma, mean=0),
            ),
            Mistake(
                "The path through the variance is missing",
                "The gradient may have no component along x_hat: subtract `x_hat * dgamma / m`.",
                lambda dy, x_hat, inv_std, gamma: _backward(dy, x_hat, inv_std, gamma, slope=0),
            ),
            Mistake(
                "m counts the images",
                "With images, N · H · W values share one mean.",
                lambda dy, x_hat, inv_std, gamma: _backward(dy, x_hat, inv_std, gamma, m=len(dy)),
            ),
            Mistake(
                "Gamma forgotten",
                "The step through y = gamma x_hat + beta multiplies `dx` by gamma.",
                _backward_unscaled,
            ),
            Mistake(
                "Means instead of sums",
                "gamma and beta are used by all m values of their channel: their gradients are sums.",
                lambda dy, x_hat, inv_std, gamma: _backward(dy, x_hat, inv_std, gamma, means=True),
            ),
        ),
    ),
    Function(
        id="capstone_network.4",
        title="The layer decides",
        statement="""
A layer knows two ways to work. Write what happens in one call: which statistics normalize, and what becomes of the
moving ones. `batchnorm`, `batchnorm_inference` and `update_moving` are those of the course (they do what you have
just written).
""",
        solution=layer_forward,
        probes=_layer_probes,
        imports="from bncourse.forward import batchnorm\n"
        "from bncourse.inference import batchnorm_inference, update_moving",
        hints=(
            "In training the batch's statistics normalize, and the moving ones take a small step toward them.",
            "In inference nothing changes.",
            "`batchnorm` returns three things: the output, the batch's Moments, and a cache.",
        ),
        mistakes=(
            Mistake(
                "The moving mean is never updated",
                "The moving variance follows the batches, the moving mean does not: both belong to `moving`.",
                lambda x, gamma, beta, moving, training, momentum=0.99: _with_mean(
                    moving.mean, layer_forward(x, gamma, beta, moving, training, momentum)
                ),
            ),
            Mistake(
                "The moving statistics are never updated",
                "They stay what they were at the start, so inference will normalize with mean 0 and variance 1.",
                lambda x, gamma, beta, moving, training, momentum=0.99: _layer(
                    x, gamma, beta, moving, training, momentum, batch_when=(True,), update_when=()
                ),
            ),
            Mistake(
                "The moving variance is never updated",
                "The moving mean follows the batches, the moving variance does not: both belong to `moving`.",
                lambda x, gamma, beta, moving, training, momentum=0.99: (
                    *layer_forward(x, gamma, beta, moving, training, momentum)[:2],
                    moving.variance,
                ),
            ),
            Mistake(
                "Updated in inference, too",
                "The layer learns its statistics from test images here. In inference nothing may change.",
                lambda x, gamma, beta, moving, training, momentum=0.99: _layer(
                    x, gamma, beta, moving, training, momentum, batch_when=(True,), update_when=(True, False)
                ),
            ),
            Mistake(
                "Batch statistics in inference",
                "An image's output would depend on the other images of its batch: use `batchnorm_inference`.",
                lambda x, gamma, beta, moving, training, momentum=0.99: _layer(
                    x, gamma, beta, moving, training, momentum, batch_when=(True, False), update_when=(True,)
                ),
            ),
            Mistake(
                "Moving statistics in training",
                "In training the batch's own statistics normalize; the moving ones are only prepared for later.",
                lambda x, gamma, beta, moving, training, momentum=0.99: _layer(
                    x, gamma, beta, moving, training, momentum, batch_when=(), update_when=(True,)
                ),
            ),
            Mistake(
                "The momentum turned round",
                "Momentum weights the old value here, as in Keras. With `1 - momentum`, or with the two statistics "
                "handed over in the other order, it weights the new one.",
                lambda x, gamma, beta, moving, training, momentum=0.99: _layer(
                    x,
                    gamma,
                    beta,
                    moving,
                    training,
                    momentum,
                    batch_when=(True,),
                    update_when=(True,),
                    old=lambda momentum: 1 - momentum,
                ),
            ),
            Mistake(
                "The default momentum",
                "Pass the layer's momentum on: `update_moving(moving, batch, momentum=momentum)`.",
                lambda x, gamma, beta, moving, training, momentum=0.99: _layer(
                    x,
                    gamma,
                    beta,
                    moving,
                    training,
                    momentum,
                    batch_when=(True,),
                    update_when=(True,),
                    old=lambda momentum: 0.99,
                ),
            ),
        ),
    ),
    Function(
        id="capstone_network.5",
        title="A step of training",
        statement="""
Write one step of gradient descent. `network.forward(images, training=...)` returns the logits and a list of caches,
and `network.backward(dlogits, caches)` returns a list with a dictionary of gradients for each of `network.layers`;
each layer keeps its `parameters` in a dictionary of the same names.
""",
        solution=train_step,
        probes=_step_probes,
        run=_run_step,
        by_name=("learning_rate",),
        imports="from bncourse.convolution import softmax_cross_entropy, softmax_cross_entropy_backward",
        hints=(
            "Four things, in this order: logits, loss, gradients, new parameters.",
            "The gradient with respect to the logits is `softmax_cross_entropy_backward(logits, labels)`.",
            "Loop over `zip(network.layers, gradients)`, and inside over `gradients_of_layer.items()`.",
        ),
        mistakes=(
            Mistake(
                "Divided by the batch size once more",
                "`softmax_cross_entropy_backward` has divided by it already.",
                lambda network, images, labels, learning_rate: _train(
                    network, images, labels, learning_rate, factor=1 / len(images)
                ),
            ),
            Mistake(
                "The loss after the step",
                "Return the loss of the logits that the gradient was taken of. Another call in training mode moves the "
                "statistics once more.",
                _train_and_look(training=True),
            ),
            Mistake(
                "Two steps",
                "One call is one step: forward, backward and change the parameters once.",
                _second_pass(train_step),
            ),
            Mistake(
                "Two passes in training mode",
                "Each of them moves the moving statistics: call `network.forward(images, training=True)` once.",
                _second_pass(lambda network, images, labels, learning_rate: network.forward(images, training=True)),
            ),
            Mistake(
                "The loss after the step, in inference",
                "Return the loss of the logits that the gradient was taken of.",
                _train_and_look(training=False),
            ),
            Mistake(
                "Gamma and beta alone are trained",
                "Kernels and the last layer's bias have gradients as well: loop over all names.",
                lambda network, images, labels, learning_rate: _train(
                    network, images, labels, learning_rate, names=("gamma", "beta")
                ),
            ),
            Mistake(
                "Uphill",
                "The gradient points to where the loss grows: subtract it.",
                lambda network, images, labels, learning_rate: _train(network, images, labels, learning_rate, sign=-1),
            ),
            Mistake(
                "The kernels alone are trained",
                "gamma and beta have gradients as well, and so has the last layer's bias: loop over all names.",
                lambda network, images, labels, learning_rate: _train(
                    network, images, labels, learning_rate, names=("kernel",)
                ),
            ),
            Mistake(
                "Gamma and beta are left alone",
                "They are parameters like the others: loop over all names of a layer's gradients.",
                lambda network, images, labels, learning_rate: _train(
                    network, images, labels, learning_rate, names=("kernel", "bias")
                ),
            ),
            Mistake(
                "The gradient of the sum",
                "The loss is a mean over the batch, and `softmax_cross_entropy_backward` has divided by its size.",
                lambda network, images, labels, learning_rate: _train(
                    network, images, labels, learning_rate, factor=len(images)
                ),
            ),
            Mistake(
                "Nothing is changed",
                "The parameters are the same as before. Change them in place: `layer.parameters[name] -= ...`.",
                lambda network, images, labels, learning_rate: _train(network, images, labels, learning_rate, sign=0),
            ),
        ),
    ),
)
