"""A small convolutional network in NumPy, trained by stochastic gradient descent.

The mathematics stands in `convolution`, `forward`, `inference` and `backward`; here is the bookkeeping. A layer holds
its `parameters` and has two methods: `forward(x, training)` returns the output and what its gradient will need;
`backward(dy, cache)` returns the gradient with respect to the input, and those with respect to the parameters by name.
"""

from collections.abc import Iterator
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from .backward import batchnorm_backward, batchnorm_inference_backward
from .convolution import (
    conv2d,
    conv2d_backward,
    dense,
    dense_backward,
    max_pool2d,
    max_pool2d_backward,
    relu,
    relu_backward,
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
)
from .forward import Cache, Moments, batchnorm
from .inference import batchnorm_inference, update_moving


class Conv2D:
    """Convolution with `size` x `size` filters, zero-padded ("same"): (N, H, W, C) to (N, H / stride, W / stride, F).

    The kernel is drawn with He's standard deviation, sqrt(2 / fan-in) (https://arxiv.org/abs/1502.01852); a bias starts
    at zero and is left out with `use_bias=False`, as before a batch normalization.
    """

    def __init__(self, channels, filters, *, rng, size=3, stride=1, use_bias=True):
        self.stride = stride
        self.parameters = {"kernel": _he_normal((size, size, channels, filters), rng)}
        if use_bias:
            self.parameters["bias"] = np.zeros(filters, np.float32)

    def forward(self, x, training):
        return conv2d(x, self.parameters["kernel"], self.parameters.get("bias"), stride=self.stride), x

    def backward(self, dy, x):
        gradients = conv2d_backward(dy, x, self.parameters["kernel"], stride=self.stride)
        return gradients.x, {name: getattr(gradients, name) for name in self.parameters}


class Dense:
    """Fully connected layer: (N, C) to (N, F). Initialized like `Conv2D`."""

    def __init__(self, features, units, *, rng, use_bias=True):
        self.parameters = {"kernel": _he_normal((features, units), rng)}
        if use_bias:
            self.parameters["bias"] = np.zeros(units, np.float32)

    def forward(self, x, training):
        return dense(x, self.parameters["kernel"], self.parameters.get("bias")), x

    def backward(self, dy, x):
        gradients = dense_backward(dy, x, self.parameters["kernel"])
        return gradients.x, {name: getattr(gradients, name) for name in self.parameters}


class BatchNorm:
    """Batch normalization: statistics of the batch in training, moving statistics in inference. Any shape (..., C).

    With `trainable` False the layer is frozen, as in Keras: in training, too, it normalizes with its moving statistics
    and leaves them and its parameters alone, while the gradient flows through to the layers before it.
    """

    def __init__(self, channels, *, momentum=0.99, epsilon=1e-3):
        self.momentum, self.epsilon, self.trainable = momentum, epsilon, True
        self.parameters = {"gamma": np.ones(channels, np.float32), "beta": np.zeros(channels, np.float32)}
        self.moving = Moments(np.zeros(channels), np.ones(channels))

    def forward(self, x, training):
        gamma, beta = self.parameters["gamma"], self.parameters["beta"]
        if not (training and self.trainable):
            y = batchnorm_inference(x, gamma, beta, self.moving, epsilon=self.epsilon)
            return y, (x, gamma, self.moving)
        y, batch, cache = batchnorm(x, gamma, beta, epsilon=self.epsilon)
        self.moving = update_moving(self.moving, batch, momentum=self.momentum)
        return y, cache

    def backward(self, dy, cache):
        if isinstance(cache, Cache):
            gradients = batchnorm_backward(dy, cache)
        else:
            gradients = batchnorm_inference_backward(dy, *cache, epsilon=self.epsilon)
        return gradients.x, {name: getattr(gradients, name) for name in self.parameters if self.trainable}


class ReLU:
    """max(x, 0)."""

    parameters = MappingProxyType({})

    def forward(self, x, training):
        return relu(x), x

    def backward(self, dy, x):
        return relu_backward(dy, x), {}


class MaxPool2D:
    """The largest value of each `size` x `size` tile: (N, H, W, C) to (N, H // size, W // size, C)."""

    parameters = MappingProxyType({})

    def __init__(self, size=2):
        self.size = size

    def forward(self, x, training):
        return max_pool2d(x, self.size), x

    def backward(self, dy, x):
        return max_pool2d_backward(dy, x, self.size), {}


class Flatten:
    """(N, H, W, C) to (N, H * W * C)."""

    parameters = MappingProxyType({})

    def forward(self, x, training):
        return x.reshape(len(x), -1), x.shape

    def backward(self, dy, shape):
        return dy.reshape(shape), {}


class Network:
    """Layers in a row, from images to logits.

    >>> rng = np.random.default_rng(0)
    >>> network = Network([Flatten(), Dense(4, 3, rng=rng, use_bias=False), BatchNorm(3), ReLU(), Dense(3, 2, rng=rng)])
    >>> network.predict(np.ones((5, 2, 2, 1))).shape
    (5,)
    """

    def __init__(self, layers):
        self.layers = list(layers)

    def forward(self, x, *, training=False) -> tuple[np.ndarray, list]:
        """Logits (N, K) of images, and one cache a layer for `backward`."""
        caches = []
        for layer in self.layers:
            x, cache = layer.forward(x, training)
            caches.append(cache)
        return x, caches

    def backward(self, dy, caches) -> list[dict[str, np.ndarray]]:
        """Gradients with respect to every layer's parameters, given the gradient with respect to the logits.

        A frozen layer's dictionary is empty.
        """
        gradients = []
        for layer, cache in zip(reversed(self.layers), reversed(caches), strict=True):
            dy, of_parameters = layer.backward(dy, cache)
            gradients.append(of_parameters)
        return gradients[::-1]

    def loss_and_gradients(self, images, labels) -> tuple[float, list[dict[str, np.ndarray]]]:
        """Cross-entropy of one batch in training mode, and its gradients, one dictionary a layer."""
        logits, caches = self.forward(images, training=True)
        loss = softmax_cross_entropy(logits, labels)
        return loss, self.backward(softmax_cross_entropy_backward(logits, labels), caches)

    def step(self, images, labels, learning_rate) -> float:
        """One step of gradient descent on one batch, parameters changed in place; returns the loss before the step."""
        loss, gradients = self.loss_and_gradients(images, labels)
        for layer, of_parameters in zip(self.layers, gradients, strict=True):
            for name, gradient in of_parameters.items():
                layer.parameters[name] -= learning_rate * gradient
        return loss

    def predict(self, images, *, batch_size=500) -> np.ndarray:
        """Most likely class of each image, (N,), in inference mode."""
        starts = range(0, len(images), batch_size)
        return np.concatenate([self.forward(images[i : i + batch_size])[0].argmax(axis=1) for i in starts])


class History(NamedTuple):
    """What a training run recorded."""

    loss: np.ndarray  # (steps,), of each batch before its step


def batches(images, labels, *, batch_size: int, steps: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """`steps` batches in random order; each image comes once before any comes again.

    Raises:
        ValueError: if there are fewer images than `batch_size`, or not one label for each image.

    >>> drawn = batches(np.zeros((10, 8, 8, 1)), np.zeros(10), batch_size=4, steps=3, seed=0)
    >>> [images.shape for images, labels in drawn]
    [(4, 8, 8, 1), (4, 8, 8, 1), (4, 8, 8, 1)]
    """
    if len(images) != len(labels):
        raise ValueError(f"expected one label for each image, received {len(images)} images and {len(labels)} labels")
    if not 1 <= batch_size <= len(images):
        raise ValueError(f"expected a batch size from 1 to {len(images)}, the number of images, received {batch_size}")
    rng = np.random.default_rng(seed)
    order = np.empty(0, int)
    for _ in range(steps):
        if len(order) < batch_size:
            order = rng.permutation(len(images))
        chosen, order = order[:batch_size], order[batch_size:]
        yield images[chosen], labels[chosen]


def fit(network, images, labels, *, learning_rate, batch_size, steps, seed) -> History:
    """Train in place by plain stochastic gradient descent.

    Args:
        network: a `Network`.
        images: (N, H, W, C). labels: (N,) integers.
        learning_rate: length of a step, in units of the parameters per unit of gradient.
        batch_size, steps: images a step, number of steps.
        seed: of the images' order.
    """
    drawn = batches(images, labels, batch_size=batch_size, steps=steps, seed=seed)
    return History(np.array([network.step(*batch, learning_rate) for batch in drawn]))


def accuracy(network, images, labels) -> float:
    """Share of images, 0 to 1, whose most likely class is the label; in inference mode."""
    return float(np.mean(network.predict(images) == labels))


def _he_normal(shape, rng) -> np.ndarray:
    fan_in = np.prod(shape[:-1])
    return (rng.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(np.float32)
