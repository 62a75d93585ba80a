"""The implementation part's capstone: a network that does not train, mended function by function."""

from typing import NamedTuple

import numpy as np

from bncourse.exercises import Choice, Function, Mistake


def normalize(x, mean, variance, gamma, beta, epsilon):
    """Standardize x (..., C) with mean and variance (C,), then scale and shift with gamma and beta (C,)."""
    x_hat = (x - mean) / (variance + epsilon) ** 0.5
    return gamma * x_hat + beta


def _normalize_broken(x, mean, variance, gamma, beta, epsilon):
    """Standardize x (..., C) with mean and variance (C,), then scale and shift with gamma and beta (C,)."""
    x_hat = (x - mean) / (variance + epsilon)
    return gamma * x_hat + beta


def _normalize_probes():
    generator = np.random.default_rng(0)
    for shape, epsilon in (((6, 3), 0.5), ((2, 3, 4, 3), 0.3)):
        mean, variance, gamma, beta = generator.uniform(1.5, 4, (4, 3))
        yield dict(
            x=generator.normal(3, 2, shape), mean=mean, variance=variance, gamma=gamma, beta=beta, epsilon=epsilon
        )


def batch_moments(x):
    """Mean and variance (C,) of x (..., C) over all axes but the last."""
    from keras import ops

    axes = list(range(len(x.shape) - 1))
    mean = ops.mean(x, axis=axes)
    variance = ops.mean((x - mean) ** 2, axis=axes)
    return mean, variance


def _batch_moments_broken(x):
    """Mean and variance (C,) of x (..., C) over all axes but the last."""
    from keras import ops

    axes = list(range(len(x.shape) - 1))
    values = ops.stop_gradient(x)
    mean = ops.mean(values, axis=axes)
    variance = ops.mean((values - mean) ** 2, axis=axes)
    return mean, variance


def _moments_half_mended(x):
    """The mean carries its gradient, the variance does not."""
    from keras import ops

    mean, variance = batch_moments(x)
    return mean, ops.stop_gradient(variance)


def _moments_other_half(x):
    """The variance carries its gradient, the mean does not."""
    from keras import ops

    mean, variance = batch_moments(x)
    return ops.stop_gradient(mean), variance


def _moments_over_the_batch(x):
    """Statistics of each position."""
    from keras import ops

    mean = ops.mean(x, axis=0, keepdims=True)
    return mean, ops.mean((x - mean) ** 2, axis=0, keepdims=True)


def _moments_without_square_of_the_mean(x):
    """The mean of the squares in place of the variance."""
    from keras import ops

    axes = list(range(len(x.shape) - 1))
    return ops.mean(x, axis=axes), ops.mean(x**2, axis=axes)


class _Gradients(NamedTuple):
    gradient_through_the_mean: np.ndarray
    gradient_through_the_variance: np.ndarray


def _run_moments(function, x):
    """The gradients of a weighted sum of the means, and of one of the variances, with respect to x."""
    import tensorflow as tf

    weights = np.random.default_rng(1).normal(1, 0.5, x.shape[-1])
    x = tf.constant(x)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        mean, variance = function(x)
        sums = tf.reduce_sum(weights * mean), tf.reduce_sum(weights * variance)
    return _Gradients(*(tape.gradient(one, x, unconnected_gradients="zero").numpy() for one in sums))


def _moments_probes():
    generator = np.random.default_rng(2)
    yield dict(x=generator.normal([1.0, -2.0, 3.0], [1, 2, 0.5], (5, 3)))
    yield dict(x=generator.normal([1.0, -2.0, 3.0], [1, 2, 0.5], (2, 3, 2, 3)))


def update_moving(moving, batch, momentum):
    """The moving statistic (C,) after a batch with the statistic `batch` (C,); momentum weights the old value."""
    return momentum * moving + (1 - momentum) * batch


def _update_moving_broken(moving, batch, momentum):
    """The moving statistic (C,) after a batch with the statistic `batch` (C,); momentum weights the old value."""
    return moving + (1 - momentum) * batch


def _update_probes():
    yield dict(moving=np.array([2.0, -1.0, 5.0]), batch=np.array([4.0, 3.0, 1.0]), momentum=0.9)
    yield dict(moving=np.array([1.0, 8.0]), batch=np.array([3.0, 2.0]), momentum=0.6)


EXERCISES = (
    Choice(
        id="capstone_mend.1",
        title="Read the evidence",
        statement=r"""
A channel whose inputs have standard deviation $\sigma$ comes out of the layer with standard deviation $1 / \sigma$. It
should come out with 1, for $\gamma = 1$. Which line is to blame?
""",
        name="culprit",
        options={
            "a": "`x - mean` in `normalize`: the wrong mean is subtracted.",
            "b": "`/ (variance + epsilon)` in `normalize`.",
            "c": "`gamma * x_hat + beta` in `normalize`.",
            "d": "The axes in `batch_moments`.",
        },
        reasons={
            "a": "Subtracting any number moves the values and leaves their standard deviation alone.",
            "b": "Dividing by the variance turns the standard deviation s into s / s², which is 1 / s.",
            "c": "With gamma 1 and beta 0 this line changes nothing, and both are what they were at the start.",
            "d": "Wrong axes would give the wrong variance, not a rule as clean as 1 / s for every channel.",
        },
        solution="b",
        hints=("What must numbers of standard deviation 3 be divided by, to get 1? And to get 1/3?",),
    ),
    Function(
        id="capstone_mend.2",
        title="Mend normalize",
        statement="Mend the line that you found. Arrays and tensors should both pass through.",
        solution=normalize,
        broken=_normalize_broken,
        probes=_normalize_probes,
        by_name=("epsilon",),
        tensors=True,
        hints=("The root of a sum, or a sum of roots? Epsilon belongs to the variance.", "`** 0.5` works on tensors."),
        mistakes=(
            Mistake(
                "Epsilon outside the root",
                "Epsilon is added to the variance, and the root is taken of the sum.",
                lambda x, mean, variance, gamma, beta, epsilon: gamma * (x - mean) / (variance**0.5 + epsilon) + beta,
            ),
            Mistake(
                "Epsilon left out",
                "Without epsilon, a channel of constant value divides by zero.",
                lambda x, mean, variance, gamma, beta, epsilon: gamma * (x - mean) / variance**0.5 + beta,
            ),
            Mistake(
                "Still divided by the variance",
                "Divide by the standard deviation: the root is missing.",
                lambda x, mean, variance, gamma, beta, epsilon: _normalize_broken(
                    x, mean, variance, gamma, beta, epsilon
                ),
            ),
            Mistake(
                "Squared",
                "The exponent is one half: you have squared the variance where its root is wanted.",
                lambda x, mean, variance, gamma, beta, epsilon: gamma * (x - mean) / (variance + epsilon) ** 2 + beta,
            ),
            Mistake(
                "Gamma inside, beta too",
                "Beta is added last: it is not scaled by gamma.",
                lambda x, mean, variance, gamma, beta, epsilon: (
                    gamma * ((x - mean) / (variance + epsilon) ** 0.5 + beta)
                ),
            ),
        ),
    ),
    Function(
        id="capstone_mend.3",
        title="Mend batch_moments",
        statement="""
The values are right, the gradient is not. Mend `batch_moments`: the gradient has to flow through mean and variance.
""",
        solution=batch_moments,
        broken=_batch_moments_broken,
        probes=_moments_probes,
        run=_run_moments,
        hints=(
            "Which line says that the statistics are to be taken for constants?",
            "Delete it, and take mean and variance of `x` itself.",
        ),
        explanation="Statistics without gradient are a mistake that runs, trains a little, and is taught in places.",
        mistakes=(
            Mistake(
                "Both without gradient",
                "Mean and variance are still constants to the gradient: compute them from `x` itself, not from a copy.",
                lambda x: _batch_moments_broken(x),
            ),
            Mistake(
                "The variance without gradient",
                "The mean is mended. The variance depends on `x` too.",
                _moments_half_mended,
            ),
            Mistake(
                "The mean without gradient",
                "The variance is mended. The mean depends on `x` too.",
                _moments_other_half,
            ),
            Mistake(
                "Averaged over the batch alone",
                "A channel has one mean for the batch and all positions: keep only the last axis.",
                _moments_over_the_batch,
            ),
            Mistake(
                "The mean of the squares",
                "The variance is the mean square of the deviations: subtract the mean first.",
                _moments_without_square_of_the_mean,
            ),
        ),
    ),
    Function(
        id="capstone_mend.4",
        title="Mend update_moving",
        statement="The moving variance grows from step to step and never settles. Mend the update.",
        solution=update_moving,
        broken=_update_moving_broken,
        probes=_update_probes,
        by_name=("momentum",),
        tensors=True,
        hints=(
            "Let all batches have the same statistic. Where should the moving one settle, and where does it go?",
            "The two weights, of the old value and of the new one, have to add up to 1.",
        ),
        mistakes=(
            Mistake(
                "Still added on top",
                "The old value has to shrink to make room for the new one: weight it with `momentum`.",
                lambda moving, batch, momentum: _update_moving_broken(moving, batch, momentum),
            ),
            Mistake(
                "Momentum of the new value",
                "That is PyTorch's convention. Here momentum weights the old value.",
                lambda moving, batch, momentum: (1 - momentum) * moving + momentum * batch,
            ),
            Mistake(
                "The old value forgotten",
                "The result is the last batch alone: momentum says how much of the old value stays.",
                lambda moving, batch, momentum: batch,
            ),
            Mistake(
                "The new value at full weight",
                "The weights have to add up to 1: `momentum` and `1 - momentum`.",
                lambda moving, batch, momentum: momentum * moving + batch,
            ),
        ),
    ),
)
