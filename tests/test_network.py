"""The NumPy network computes what Keras computes, and its gradients are those of the loss."""

import numpy as np
import pytest
from common import TOLERANCE

from bncourse.convolution import softmax_cross_entropy, softmax_cross_entropy_backward
from bncourse.exercises import catalogue
from bncourse.network import (
    BatchNorm,
    Conv2D,
    Dense,
    Flatten,
    MaxPool2D,
    Network,
    ReLU,
    accuracy,
    batches,
    fit,
)


def small_network(seed=0, dtype=np.float64):
    """Every kind of layer once, with parameters away from their initial values."""
    rng = np.random.default_rng(seed)
    network = Network(
        [
            Conv2D(1, 3, rng=rng),
            ReLU(),
            MaxPool2D(2),
            Conv2D(3, 4, rng=rng, stride=2, use_bias=False),
            BatchNorm(4, momentum=0.7, epsilon=0.01),
            ReLU(),
            Flatten(),
            Dense(16, 5, rng=rng),
        ]
    )
    for layer in network.layers:
        for name, value in layer.parameters.items():
            layer.parameters[name] = (value + 0.1 * rng.standard_normal(value.shape)).astype(dtype)
    return network


def batch(seed=1, count=6):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, 8, 8, 1)), rng.integers(0, 5, count)


def test_every_gradient_equals_the_numerical_one():
    network, (images, labels), step = small_network(), batch(), 1e-5
    _, gradients = network.loss_and_gradients(images, labels)
    for layer, of_parameters in zip(network.layers, gradients, strict=True):
        assert of_parameters.keys() == layer.parameters.keys()
        for name, parameter in layer.parameters.items():
            for index in list(np.ndindex(parameter.shape))[::7]:
                original, losses = parameter[index], []
                for value in (original + step, original - step):
                    parameter[index] = value
                    losses.append(network.loss_and_gradients(images, labels)[0])
                parameter[index] = original
                numerical = (losses[0] - losses[1]) / (2 * step)
                np.testing.assert_allclose(of_parameters[name][index], numerical, rtol=1e-5, atol=1e-7)


def test_in_inference_mode_every_gradient_equals_the_numerical_one():
    network, (images, labels), step = small_network(), batch(), 1e-5
    network.forward(images, training=True)  # moves the statistics away from 0 and 1

    def loss():
        return softmax_cross_entropy(network.forward(images)[0], labels)

    logits, caches = network.forward(images)
    gradients = network.backward(softmax_cross_entropy_backward(logits, labels), caches)
    for layer, of_parameters in zip(network.layers, gradients, strict=True):
        for name, parameter in layer.parameters.items():
            for index in list(np.ndindex(parameter.shape))[::7]:
                original, losses = parameter[index], []
                for value in (original + step, original - step):
                    parameter[index] = value
                    losses.append(loss())
                parameter[index] = original
                numerical = (losses[0] - losses[1]) / (2 * step)
                np.testing.assert_allclose(of_parameters[name][index], numerical, rtol=1e-5, atol=1e-7)


def test_a_frozen_layer_stays_as_it_is_and_lets_the_gradient_through():
    network, (images, labels) = small_network(), batch()
    network.forward(images, training=True)
    frozen = network.layers[4]
    as_in_inference, caches = network.forward(images)
    gradients = network.backward(softmax_cross_entropy_backward(as_in_inference, labels), caches)
    frozen.trainable = False
    moving, parameters = frozen.moving, {name: value.copy() for name, value in frozen.parameters.items()}
    logits, _ = network.forward(images, training=True)
    np.testing.assert_array_equal(logits, as_in_inference)
    _, of_layers = network.loss_and_gradients(images, labels)
    assert of_layers[4] == {}
    np.testing.assert_array_equal(of_layers[0]["kernel"], gradients[0]["kernel"])
    kernel = network.layers[0].parameters["kernel"].copy()
    network.step(images, labels, 0.1)
    assert frozen.moving is moving and not np.array_equal(kernel, network.layers[0].parameters["kernel"])
    for name, value in parameters.items():
        np.testing.assert_array_equal(frozen.parameters[name], value)


def test_the_exercise_on_constant_statistics_is_what_a_frozen_layer_does():
    rng = np.random.default_rng(0)
    layer, x, dy = BatchNorm(3, epsilon=0.5), rng.normal(2, 3, (5, 3)), rng.normal(0.8, 1, (5, 3))
    layer.parameters["gamma"] = rng.uniform(1.5, 3, 3)
    layer.forward(x + 1, training=True)  # moves the statistics away from 0 and 1
    layer.trainable = False
    dx, _ = layer.backward(dy, layer.forward(x, training=True)[1])
    [exercise] = [exercise for exercise in catalogue() if exercise.id == "backward.5"]
    theirs = exercise.solution(dy, x, layer.parameters["gamma"], *layer.moving, epsilon=0.5)
    np.testing.assert_allclose(theirs[0], dx)


def test_output_equals_that_of_the_same_network_in_keras():
    keras = pytest.importorskip("keras")
    network, (images, _) = small_network(), batch()
    network.forward(images, training=True)  # moves the statistics away from 0 and 1
    layers = keras.layers
    theirs = keras.Sequential(
        [
            layers.Conv2D(3, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(epsilon=0.01),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(5),
        ]
    )
    theirs.build((None, 8, 8, 1))
    weights = []
    for layer in network.layers:
        weights += layer.parameters.values()
        if isinstance(layer, BatchNorm):
            weights += layer.moving
    theirs.set_weights(weights)
    np.testing.assert_allclose(network.forward(images)[0], theirs(images).numpy(), **TOLERANCE["float32"])


def test_inference_depends_on_nothing_but_the_image():
    network, (images, _) = small_network(), batch()
    together = network.forward(images)[0]
    alone = np.concatenate([network.forward(image[None])[0] for image in images])
    np.testing.assert_allclose(together, alone, **TOLERANCE["float64"])


def test_training_mode_moves_the_statistics_and_inference_does_not():
    network, (images, _) = small_network(), batch()
    norm = network.layers[4]
    before = norm.moving
    network.predict(images)
    assert norm.moving is before
    network.forward(images, training=True)
    assert not np.allclose(norm.moving.mean, before.mean)


def test_a_step_goes_downhill_by_what_the_gradient_promises():
    network, (images, labels), rate = small_network(), batch(), 1e-4
    loss, gradients = network.loss_and_gradients(images, labels)
    promised = rate * sum(np.sum(g**2) for layer in gradients for g in layer.values())
    assert network.step(images, labels, rate) == loss
    reached, _ = network.loss_and_gradients(images, labels)
    np.testing.assert_allclose(loss - reached, promised, rtol=0.02)


def test_training_learns_an_easy_task_and_repeats_itself():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    images = rng.standard_normal((200, 8, 8, 1)).astype(np.float32) * 0.3
    images[labels == 1, :, :4] += 1  # bright on the left

    def run():
        network = small_network(dtype=np.float32)
        arguments = dict(learning_rate=0.2, batch_size=20, steps=60, seed=3)
        return fit(network, images, labels, **arguments).loss, accuracy(network, images, labels)

    (loss, right), (again, _) = run(), run()
    assert loss.shape == (60,)
    np.testing.assert_array_equal(loss, again)
    assert loss[-10:].mean() < 0.2 * loss[0]
    assert right > 0.95


def test_each_image_comes_once_before_any_comes_again():
    images, labels = np.arange(10), np.arange(10) + 100
    drawn = list(batches(images, labels, batch_size=5, steps=4, seed=0))
    assert all(np.array_equal(x + 100, y) for x, y in drawn)
    assert sorted(np.concatenate([x for x, _ in drawn[:2]])) == list(range(10))
    assert sorted(np.concatenate([x for x, _ in drawn[2:]])) == list(range(10))
    assert not np.array_equal(drawn[0][0], drawn[2][0])


@pytest.mark.parametrize("batch_size", [0, 11])
def test_a_batch_that_cannot_be_filled_is_refused(batch_size):
    with pytest.raises(ValueError, match=f"expected a batch size from 1 to 10.*received {batch_size}"):
        list(batches(np.zeros(10), np.zeros(10), batch_size=batch_size, steps=1, seed=0))


def test_images_without_labels_are_refused():
    with pytest.raises(ValueError, match="received 10 images and 9 labels"):
        list(batches(np.zeros(10), np.zeros(9), batch_size=2, steps=1, seed=0))


def test_initial_weights_have_hes_standard_deviation():
    kernel = Conv2D(50, 60, rng=np.random.default_rng(0)).parameters["kernel"]
    assert kernel.dtype == np.float32
    np.testing.assert_allclose(kernel.std(), np.sqrt(2 / (3 * 3 * 50)), rtol=0.02)
    assert "bias" not in Dense(3, 2, rng=np.random.default_rng(0), use_bias=False).parameters
