"""An answer called with tensors, as later cells do: eagerly, and inside a compiled function with a gradient."""

from collections.abc import Callable

import numpy as np


class Trial:
    """The solution's results for the tensors of one call, to compare an answer's with.

    Args:
        solution: the function, called by keyword.
        probe: the arguments; arrays become tensors, and the gradient is taken with respect to the first one.
    """

    def __init__(self, solution: Callable, probe: dict):
        import tensorflow as tf

        self.tensors = {k: tf.constant(v, tf.float32) if np.ndim(v) else v for k, v in probe.items()}
        self.result, self.gradient = self._call(solution)

    def _call(self, function: Callable):
        import tensorflow as tf

        numbers = {k: v for k, v in self.tensors.items() if not isinstance(v, tf.Tensor)}

        def symbolic(**tensors):
            first = next(iter(tensors.values()))
            with tf.GradientTape() as tape:
                tape.watch(first)
                result = function(**tensors, **numbers)
            return result, tape.gradient(result, first)

        tensors = {k: v for k, v in self.tensors.items() if isinstance(v, tf.Tensor)}
        return tf.function(symbolic).get_concrete_function(**tensors)(**tensors)

    def flaw(self, answer: Callable) -> str | None:
        """What is wrong with an answer's results for tensors, or with the gradient through it.

        Raises:
            Exception: what the answer raises.
        """
        result, gradient = self._call(answer)
        if not np.allclose(result, self.result, rtol=1e-3, atol=1e-3):
            return "Your function is right for arrays, and gives something else for tensors."
        if gradient is None or not np.allclose(gradient, self.gradient, rtol=1e-3, atol=1e-3):
            return (
                "Your function is right, but for tensors no gradient flows through it: stay with operators on tensors."
            )
        return None
