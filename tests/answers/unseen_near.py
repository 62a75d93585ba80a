"""Answers of somebody who saw the tasks alone: answers that nearly passed, or nearly hit the truth."""

import numpy as np
from answers import wrong


def ratio1(norm, x):
    o = np.array(norm.moving_mean)
    norm(x, training=True)
    return float((np.array(norm.moving_mean) / o).mean()) - 1


wrong("capstone_mend.3", "ratio minus 1, as the message on `ratio` suggests", ratio1)
N = lambda model: [l for l in model.layers if hasattr(l, "moving_variance")]


def tw(names):
    def f(model, step):
        ls = [l for l in N(model) if not l.trainable]
        old = [[np.array(getattr(l, n)) for n in names] for l in ls]
        step()
        return all(np.array_equal(a, np.array(getattr(l, n))) for l, o in zip(ls, old) for a, n in zip(o, names))

    return f


wrong("capstone_mend.2", "gamma and moving mean alone", tw(("gamma", "moving_mean")))
wrong("backward.6", "dx = 0.004", (49, 1, 0.004))
wrong("backward.6", "dx = 0.0051", (49, 1, 0.0051))
wrong("layer.6", "output 0.004", (0.004, 0.7, 0.004))
wrong("backward.6", "m 49.2", (49.2, 1, 0))
wrong("forward.2", "24.1 means", (24.1, 6272, 48))
wrong("layer.1", "1445 (0.2% off)", (1445, 48))
wrong("convolution.4", "off by one: 1169", (1169, 903168))
wrong("convolution.4", "multiplications off by 1152", (1168, 903168 - 1152))
wrong("convolution.4", "bias added to multiplications per filter", (1168, 903168 + 16))
wrong("inference.2", "44.1", (1.3026, 44.1))
wrong("layer.1", "off by one", (1441, 48))
wrong("forward.2", "6271", (24, 6271, 48))
