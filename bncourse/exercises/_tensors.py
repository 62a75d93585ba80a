"""An answer called with tensors, as later cells do: eagerly, and inside a compiled function with a gradient."""

from collections.abc import Callable

import numpy as np


def flaw(answer: Callable, solution: Callable, probe: dict) -> str | None:
    """What is wrong with the results for tensors, or with the gradient with respect to the first argument.

    Raises:
        Exception: what the answer raises.
    """
    import tensorflow as tf

    tensors = {k: tf.constant(v, tf.float32) if np.ndim(v) else v for k, v in probe.items()}
    first = next(iter(tensors))

    @tf.function
    def compiled(function, **given):
        with tf.GradientTape() as tape:
            tape.watch(given[first])
            result = function(**given)
        return result, tape.gradient(result, given[first])

    expected, expected_gradient = compiled(solution, **tensors)
    result, gradient = compiled(answer, **tensors)
    if not np.allclose(result, expected, rtol=1e-3, atol=1e-3):
        return "Your function is right for arrays, and gives something else for tensors."
    if gradient is None or not np.allclose(gradient, expected_gradient, rtol=1e-3, atol=1e-3):
        return "Your function is right, but for tensors no gradient flows through it: stay with operators on tensors."
    return None
