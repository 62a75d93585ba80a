"""Exercises of chapter `layer`: counting weights, Keras's axis, a training step, stale statistics, a NaN."""

from functools import cache
from typing import NamedTuple

import numpy as np

from bncourse.exercises import Choice, Function, Mistake, Value


def standardize(x, axis, epsilon):
    """Standardize x over all axes but `axis`, Keras's axis of the channels; the result
    has the shape of x.
    """
    averaged = tuple(i for i in range(x.ndim) if i != axis % x.ndim)
    mean = x.mean(axis=averaged, keepdims=True)
    variance = x.var(axis=averaged, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon)


def _standardized(x, averaged, epsilon):
    variance = x.var(axis=averaged, keepdims=True)
    return (x - x.mean(axis=averaged, keepdims=True)) / np.sqrt(variance + epsilon)


def _axis_probes():
    generator = np.random.default_rng(0)
    for shape, axis in (((4, 3, 2, 2), 1), ((3, 4, 5), -2), ((4, 3, 3, 5), -1), ((6, 2), 1), ((3, 4, 2), 0)):
        spread = np.arange(1.0, 1 + np.prod(shape)).reshape(shape) % 7
        yield dict(x=spread + generator.normal(0, 1, shape) * (1 + spread), axis=axis, epsilon=0.5)


def train_step(model, images, labels, learning_rate):
    """Take one step of SGD on a batch, and return the loss before it."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        logits = model(images, training=True)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        loss = tf.reduce_mean(losses)
    weights = model.trainable_variables
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        weight.assign_sub(learning_rate * gradient)
    return loss


def _train_step_broken(model, images, labels, learning_rate):
    """Take one step of SGD on a batch, and return the loss before it."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        logits = model(images)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        loss = tf.reduce_mean(losses)
    weights = model.trainable_variables
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        weight.assign_sub(learning_rate * gradient)
    return loss


def _step_in_inference(model, images, labels, learning_rate):
    return _train_step_broken(model, images, labels, learning_rate)


class _Trained(NamedTuple):
    learned_weights: np.ndarray
    moving_statistics: np.ndarray


@cache
def _small_model():
    """A model with a normalization, which is the second layer; made once, since that takes longer than all calls."""
    import keras

    from bncourse.layer import BatchNorm

    dense = keras.layers.Dense(4, use_bias=False)
    return keras.Sequential([keras.Input((3,)), dense, BatchNorm(momentum=0.8), keras.layers.Dense(3)])


def _run_step(step, images, labels, learning_rate):
    """What two steps leave behind: the learned weights and the moving statistics."""
    import tensorflow as tf

    model, generator = _small_model(), np.random.default_rng(5)
    norm = model.layers[1]
    model.trainable = True
    model.set_weights([generator.uniform(0.5, 2, weight.shape) for weight in model.weights])
    for _ in range(2):
        step(model, tf.constant(images), tf.constant(labels), learning_rate)
    learned = np.concatenate([np.ravel(weight) for weight in model.trainable_variables])
    return _Trained(learned, np.concatenate([norm.moving_mean, norm.moving_variance]))


def _step_that_looks_twice(model, images, labels, learning_rate):
    loss = train_step(model, images, labels, learning_rate)
    model(images, training=True)
    return loss


def _step_in_inference_with_a_call(before):
    def step(model, images, labels, learning_rate):
        if before:
            model(images, training=True)
        loss = _step_in_inference(model, images, labels, learning_rate)
        if not before:
            model(images, training=True)
        return loss

    return step


def _loss_after_the_step(training):
    def step(model, images, labels, learning_rate):
        import keras

        train_step(model, images, labels, learning_rate)
        logits = model(images, training=training)
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)

    return step


def _step_probes():
    generator = np.random.default_rng(3)
    for count, learning_rate in ((6, 0.3), (8, 0.1)):
        images = generator.normal([1, -2, 3], 2, (count, 3)).astype("float32")
        yield dict(images=images, labels=np.arange(count) % 3, learning_rate=learning_rate)


def recalibrated(x, weights, old_mean, old_variance, epsilon=1e-3):
    """New statistics (mean1, variance1, mean2, variance2) of two normalizations; gamma
    is 1, beta is 0 in both.

    x (N, C) are the inputs of the first, whose statistics were old_mean and
    old_variance, each (C,); a ReLU and weights (C, D) lead to the second.
    """
    mean1, variance1 = x.mean(axis=0), x.var(axis=0)
    hidden = np.maximum((x - mean1) / np.sqrt(variance1 + epsilon), 0) @ weights
    mean2, variance2 = hidden.mean(axis=0), hidden.var(axis=0)
    return mean1, variance1, mean2, variance2


def _recalibrated_broken(x, weights, old_mean, old_variance, epsilon=1e-3):
    """New statistics (mean1, variance1, mean2, variance2) of two normalizations; gamma
    is 1, beta is 0 in both.

    x (N, C) are the inputs of the first, whose statistics were old_mean and
    old_variance, each (C,); a ReLU and weights (C, D) lead to the second.
    """
    mean1, variance1 = x.mean(axis=0), x.var(axis=0)
    hidden = np.maximum((x - old_mean) / np.sqrt(old_variance + epsilon), 0) @ weights
    mean2, variance2 = hidden.mean(axis=0), hidden.var(axis=0)
    return mean1, variance1, mean2, variance2


def _recalibrated(x, weights, mean, variance, epsilon, *, relu=True):
    """`recalibrated`, with other statistics in front of the second normalization, or without the ReLU."""
    x_hat = (x - mean) / np.sqrt(variance + epsilon)
    hidden = (np.maximum(x_hat, 0) if relu else x_hat) @ weights
    return x.mean(axis=0), x.var(axis=0), hidden.mean(axis=0), hidden.var(axis=0)


def _recalibrated_behind(x, weights, epsilon, last):
    """`recalibrated`, with something done behind the weights that does not belong there."""
    mean1, variance1, mean2, variance2 = recalibrated(x, weights, None, None, epsilon)
    x_hat = (x - mean1) / np.sqrt(variance1 + epsilon)
    if last == "relu":
        hidden = np.maximum(x_hat @ weights, 0)
    else:
        hidden = (np.maximum(x_hat, 0) @ weights - mean2) / np.sqrt(variance2 + epsilon)
    return mean1, variance1, hidden.mean(axis=0), hidden.var(axis=0)


def _recalibrated_probes():
    generator = np.random.default_rng(8)
    for rows, channels, outputs in ((6, 3, 2), (5, 2, 4), (4, 4, 4)):
        yield dict(
            x=generator.normal(2, 1.5, (rows, channels)) * np.arange(1, channels + 1),
            weights=generator.normal(0.5, 1, (channels, outputs)),
            old_mean=generator.normal(0, 1, channels),
            old_variance=generator.uniform(0.5, 2, channels),
            epsilon=0.5,
        )
    yield dict(
        x=0.05 * generator.normal(1, 1, (5, 2)),
        weights=generator.normal(0.5, 1, (2, 3)),
        old_mean=np.array([0.1, -0.05]),
        old_variance=np.array([0.003, 0.001]),
    )


EXERCISES = (
    Value(
        id="layer.1",
        title="Count the weights",
        statement="""
A network takes images of shape `(28, 28, 1)`:

1. a 3 x 3 convolution with 8 filters, without bias, batch normalization, ReLU,
2. a 3 x 3 convolution with 16 filters, without bias, batch normalization, ReLU,
3. the mean over all positions, then a dense layer with 10 outputs and a bias.

How many numbers does the optimizer change, and how many does Keras list as non-trainable?
""",
        name="weights",
        comment="(trainable, non-trainable)",
        solution_code="""
convolutions = 3 * 3 * 1 * 8 + 3 * 3 * 8 * 16
gamma_and_beta = 2 * 8 + 2 * 16
dense = 16 * 10 + 10
moving_statistics = 2 * 8 + 2 * 16
weights = (convolutions + gamma_and_beta + dense, moving_statistics)
""".strip(),
        hints=(
            "A batch normalization has four numbers a channel. Which of them does a gradient reach?",
            "The convolutions have 72 and 1,152 weights, the dense layer 170.",
        ),
        explanation="That is why `model.summary()` shows non-trainable parameters though nothing is frozen.",
        mistakes=(
            Mistake(
                "Beta left out",
                "Each batch normalization learns two numbers for each channel, gamma and beta.",
                (1418, 48),
            ),
            Mistake(
                "The bias of the dense layer left out",
                "The dense layer has one: 16 x 10 weights and 10 biases.",
                (1432, 48),
            ),
            Mistake(
                "Every position reaches the dense layer",
                "The mean over all positions leaves one number a channel: the dense layer has 16 inputs.",
                (1272 + 28 * 28 * 16 * 10 + 10, 48),
            ),
            Mistake(
                "All numbers counted as trainable",
                "Moving means and variances are averages: no gradient reaches them, and the optimizer leaves them "
                "alone.",
                (1490, 48),
            ),
            Mistake(
                "Everything taken for trainable",
                "Moving mean and variance are averages, no gradient reaches them: they are non-trainable.",
                (1490, 0),
            ),
            Mistake(
                "Gamma and beta left out",
                "Each batch normalization learns a gamma and a beta for each of its channels.",
                (1394, 48),
            ),
            Mistake(
                "Biases counted",
                "These convolutions have no bias: the normalization would subtract it again.",
                (1466, 48),
            ),
            Mistake(
                "One moving statistic a channel",
                "There are two for each channel: a mean and a variance.",
                (1442, 24),
            ),
            Mistake(
                "Gamma and beta taken for non-trainable",
                "The optimizer learns gamma and beta. Only the moving statistics are non-trainable.",
                (1394, 96),
            ),
        ),
    ),
    Function(
        id="layer.2",
        title="The axis that stays",
        statement="""
In Keras, `axis` names the axis of the channels, each of which *keeps* a mean and a variance of its own. Write
`standardize(x, axis, epsilon)` in NumPy for an array with any number of axes; `axis` may be negative.
""",
        solution=standardize,
        probes=_axis_probes,
        hints=(
            "Make a tuple of the axes to average over. Which are they for `axis=1` and an array with four axes?",
            "`axis % x.ndim` counts from the front, whatever the sign. `keepdims=True` leaves shapes that fit.",
        ),
        explanation="The layer does the same, and remembers the shape that `keepdims=True` would leave.",
        mistakes=(
            Mistake(
                "NumPy's meaning of axis",
                "You average over `axis`. Keras's `axis` is the one that stays; all the others are averaged away.",
                lambda x, axis, epsilon: _standardized(x, axis, epsilon),
            ),
            Mistake(
                "Always the last axis",
                "The channels stand on `axis`, which need not be the last.",
                lambda x, axis, epsilon: standardize(x, -1, epsilon),
            ),
            Mistake(
                "One mean for everything",
                "Each channel keeps a mean of its own: leave its axis out of the average.",
                lambda x, axis, epsilon: _standardized(x, None, epsilon),
            ),
            Mistake(
                "The minus sign dropped",
                "`axis=-2` is the second axis from the end, not axis 2: `axis % x.ndim` counts it from the front.",
                lambda x, axis, epsilon: standardize(x, min(abs(axis), x.ndim - 1), epsilon),
            ),
            Mistake(
                "A negative axis taken as it is",
                "`i != axis` holds for every i if `axis` is -1: then nothing stays. Count from the front, with "
                "`axis % x.ndim`.",
                lambda x, axis, epsilon: _standardized(x, tuple(i for i in range(x.ndim) if i != axis), epsilon),
            ),
            Mistake(
                "Only the batch averaged",
                "A channel has one mean over the batch and all positions, not one for each position.",
                lambda x, axis, epsilon: _standardized(x, 0, epsilon),
            ),
            Mistake(
                "Epsilon outside the root",
                "It belongs to the variance: `np.sqrt(variance + epsilon)`.",
                lambda x, axis, epsilon: (
                    _standardized(x, tuple(i for i in range(x.ndim) if i != axis % x.ndim), 0)
                    / (1 + epsilon / x.std(tuple(i for i in range(x.ndim) if i != axis % x.ndim), keepdims=True))
                ),
            ),
        ),
    ),
    Function(
        id="layer.3",
        title="Mend the training step",
        statement="""
This step runs, and at a modest learning rate the loss falls. But a model with batch normalization learns as if it had
none. What is missing? Mend it.
""",
        solution=train_step,
        broken=_train_step_broken,
        probes=_step_probes,
        run=_run_step,
        tolerance=1e-3,
        hints=(
            "Which statistics does the batch normalization use here?",
            "A bare call `model(images)` means inference.",
        ),
        explanation="`fit` says it for you; a loop of your own has to.",
        mistakes=(
            Mistake(
                "A call in training mode beside a step in inference mode",
                "The moving statistics move now, but the loss and its gradient still come from inference. Pass "
                "`training=True` "
                "in the call inside the tape, and leave the other one out.",
                _step_in_inference_with_a_call(before=False),
            ),
            Mistake(
                "A call in training mode before a step in inference mode",
                "The moving statistics move now, but the loss and its gradient still come from inference. Pass "
                "`training=True` "
                "in the call inside the tape, and leave the other one out.",
                _step_in_inference_with_a_call(before=True),
            ),
            Mistake(
                "The loss after the step",
                "Return the loss that the gradient was taken of. Another call in training mode moves the "
                "statistics once "
                "more.",
                _loss_after_the_step(True),
            ),
            Mistake(
                "The loss after the step, in inference",
                "Return the loss that the gradient was taken of.",
                _loss_after_the_step(False),
            ),
            Mistake(
                "Still in inference mode",
                "The moving statistics did not move: the model has to be called with `training=True`.",
                _step_in_inference,
            ),
            Mistake(
                "Two looks at each batch",
                "The moving statistics have moved twice a step: call the model in training mode once.",
                _step_that_looks_twice,
            ),
            Mistake(
                "Uphill",
                "The weights went along the gradient; the loss falls against it: `assign_sub`.",
                lambda model, images, labels, learning_rate: train_step(model, images, labels, -learning_rate),
            ),
            Mistake(
                "Learning rate left out",
                "The step is the gradient times `learning_rate`.",
                lambda model, images, labels, learning_rate: train_step(model, images, labels, 1.0),
            ),
        ),
    ),
    Choice(
        id="layer.4",
        title="All predictions are NaN",
        statement="""
A network with batch normalization was trained in mixed precision, whose optimizer skips every step with a gradient that
is not finite. After a day its training loss is low. In inference mode it answers NaN to every image. What happened?
""",
        name="cause",
        options={
            "a": "The learning rate was too high.",
            "b": "One batch, long ago, held a NaN.",
            "c": "`epsilon` is too small for the test images.",
            "d": "The moving statistics are stale.",
        },
        reasons={
            "a": "Then the weights, and with them the training loss, would be infinite or NaN.",
            "b": "The step was skipped, so the weights survived. But the forward pass had moved the statistics before, "
            "and an average never gets rid of a NaN. Training only writes them, inference reads them.",
            "c": "In inference the variance is a stored number: the test images don't change it.",
            "d": "Stale statistics are finite: predictions are poor then, but numbers.",
        },
        solution="b",
        hints=("Which numbers does inference read that training only writes?",),
    ),
    Function(
        id="layer.5",
        title="Layer by layer",
        statement="""
Two normalizations follow each other, with a ReLU and a dense layer between them, and the moving statistics of both are
stale. This function computes them anew from a batch that holds the whole training set. The first pair is right; with
the second, the network still predicts badly. Mend it.
""",
        solution=recalibrated,
        broken=_recalibrated_broken,
        probes=_recalibrated_probes,
        hints=(
            "What will the second normalization see in inference, once the new statistics are in place?",
            "Through which statistics do the inputs of the second one pass here?",
        ),
        explanation="New statistics in one layer change what all layers behind it see. So recalibrate from the front "
        "to the "
        "back, each layer behind those that are finished; one pass that collects all inputs at once will not do.",
        mistakes=(
            Mistake(
                "The ReLU behind the weights",
                "First the ReLU, then the dense layer, then the second normalization.",
                lambda x, weights, old_mean, old_variance, epsilon=1e-3: _recalibrated_behind(
                    x, weights, epsilon, "relu"
                ),
            ),
            Mistake(
                "Measured behind the second normalization",
                "Its statistics are those of its inputs: measure them before it normalizes.",
                lambda x, weights, old_mean, old_variance, epsilon=1e-3: _recalibrated_behind(
                    x, weights, epsilon, "norm"
                ),
            ),
            Mistake(
                "Still behind the stale statistics",
                "The second layer's inputs pass the first one, which will normalize with its new statistics: use "
                "those.",
                lambda x, weights, old_mean, old_variance, epsilon=1e-3: _recalibrated_broken(
                    x, weights, old_mean, old_variance, epsilon
                ),
            ),
            Mistake(
                "The new mean with the stale variance",
                "Mean and variance of the first layer are both new: the variance as well.",
                lambda x, weights, old_mean, old_variance, epsilon=1e-3: _recalibrated(
                    x, weights, x.mean(axis=0), old_variance, epsilon
                ),
            ),
            Mistake(
                "The stale mean with the new variance",
                "Mean and variance of the first layer are both new: the mean as well.",
                lambda x, weights, old_mean, old_variance, epsilon=1e-3: _recalibrated(
                    x, weights, old_mean, x.var(axis=0), epsilon
                ),
            ),
            Mistake(
                "The normalization left out",
                "The second layer sees what the first one has normalized, not x itself.",
                lambda x, weights, old_mean, old_variance, epsilon=1e-3: _recalibrated(
                    x, weights, 0.0, 1.0 - epsilon, epsilon
                ),
            ),
            Mistake(
                "The ReLU left out",
                "Between the two stands a ReLU: negative values do not reach the second layer.",
                lambda x, weights, old_mean, old_variance, epsilon=1e-3: _recalibrated(
                    x, weights, x.mean(axis=0), x.var(axis=0), epsilon, relu=False
                ),
            ),
        ),
    ),
    Value(
        id="layer.6",
        title="A bias in front",
        statement=r"""
A convolution *with* a bias stands in front of batch normalization, in training mode. Its output in one channel has the
mean 1.5. Now the channel's bias is raised by 0.7.

By how much do the layer's outputs change? By how much does the mean that it subtracts? And what is the gradient of the
loss with respect to that bias?
""",
        name="bias_in_front",
        comment="(change of the outputs, change of the mean, gradient)",
        solution_code="""
change_of_mean = 0.7  # every value of the channel is raised, and so is their mean
change_of_outputs = 0.7 - change_of_mean  # which is subtracted from each of them
gradient = 0.0  # what changes nothing has no gradient
bias_in_front = (change_of_outputs, change_of_mean, gradient)
""".strip(),
        hints=(
            "What does the bias do to each value of the channel, and to their mean? And to the variance?",
            "If the outputs stay what they are, how does the loss change?",
        ),
        explanation="The bias is redundant: beta does its work. That is why these convolutions have `use_bias=False`. "
        "Weight decay or an optimizer with momentum may still move it, the moving mean follows, and nothing is gained.",
        mistakes=(
            Mistake(
                "The bias passes through",
                "The mean grows by the same 0.7 and is subtracted: the outputs stay what they were.",
                (0.7, 0.7, 0.0),
            ),
            Mistake(
                "The mean does not notice",
                "Each value of the channel is 0.7 higher, and so is their mean.",
                (0.0, 0.0, 0.0),
            ),
            Mistake(
                "The new mean",
                "2.2 is the new mean. Asked for is by how much it changes.",
                (0.0, 2.2, 0.0),
            ),
            Mistake(
                "A bias that learns",
                "What does not change the outputs does not change the loss, either: its gradient is 0.",
                (0.0, 0.7, 1.0),
            ),
            Mistake(
                "A bias that passes and learns",
                "The mean grows by the same 0.7 and is subtracted: the outputs stay, and so does the loss.",
                (0.7, 0.7, 1.0),
            ),
            Mistake(
                "The outputs fall",
                "The values rise by as much as the mean that is subtracted from them.",
                (-0.7, 0.7, 0.0),
            ),
            Mistake(
                "The change taken for the gradient",
                "What does not change the outputs does not change the loss, either: its gradient is 0.",
                (0.0, 0.7, 0.7),
            ),
        ),
    ),
)
