"""Answers to the exercises of chapter `training`."""

import numpy as np
from answers import junk, right, wrong

for letter in "acd":
    wrong("training.1", f"option {letter}", letter)
wrong("training.2", "counts the incomplete batches of one pass", (np.log(100), 3 * 8))
wrong("training.2", "steps per pass", (4.605, 7))
wrong("training.2", "log10", (2, 21))
wrong("training.2", "1 - 1/100", (0.99, 21))
wrong("training.2", "log with the wrong sign", (-4.605, 21))
wrong("training.2", "swapped", (21, 4.605))
wrong("training.2", "500*3/64", (4.605, 23.4375))
wrong("training.2", "rounded too much", (4.7, 21))
right("training.2", (4.61, 21))


@wrong("training.3", "fan out")
def initial_std(kernel_shape):
    h, w, c, f = kernel_shape
    return np.sqrt(2 / f)


@wrong("training.3", "no root")
def initial_std(kernel_shape):
    h, w, c, f = kernel_shape
    return 2 / (h * w * c)


@wrong("training.3", "two in the denominator")
def initial_std(kernel_shape):
    h, w, c, f = kernel_shape
    return np.sqrt(1 / (2 * h * w * c))


@wrong("training.3", "sums the kernel's sizes")
def initial_std(kernel_shape):
    h, w, c, f = kernel_shape
    return np.sqrt(2 / (h + w + c))


@wrong("training.3", "uniform limit sqrt(6/n)")
def initial_std(kernel_shape):
    h, w, c, f = kernel_shape
    return np.sqrt(6 / (h * w * c))


@wrong("training.3", "2 over the root of n")
def initial_std(kernel_shape):
    h, w, c, f = kernel_shape
    return 2 / np.sqrt(h * w * c)


@wrong("training.3", "upside down")
def initial_std(kernel_shape):
    h, w, c, f = kernel_shape
    return np.sqrt(h * w * c / 2)


@wrong("training.3", "unpacks height only, squares it")
def initial_std(kernel_shape):
    h, w, c, f = kernel_shape
    return np.sqrt(2 / (h * h * c))


@wrong("training.3", "returns a kernel")
def initial_std(kernel_shape):
    h, w, c, f = kernel_shape
    return np.random.randn(*kernel_shape) * np.sqrt(2 / (h * w * c))


@right("training.3")
def initial_std(kernel_shape):
    return (2 / np.prod(kernel_shape[:-1])) ** 0.5


def _limit(losses, classes, factor):
    return factor * max(losses[0], np.log(classes))


@wrong("training.4", "is np.nan")
def diverged_at(losses, classes, factor=100.0):
    limit = _limit(losses, classes, factor)
    for step, loss in enumerate(losses):
        if loss is np.nan or loss > limit or loss == -np.inf:
            return step
    return -1


@wrong("training.4", "== nan")
def diverged_at(losses, classes, factor=100.0):
    limit = _limit(losses, classes, factor)
    for step, loss in enumerate(losses):
        if loss == float("nan") or loss > limit:
            return step
    return -1


@wrong("training.4", "and instead of or")
def diverged_at(losses, classes, factor=100.0):
    limit = _limit(losses, classes, factor)
    for step, loss in enumerate(losses):
        if not np.isfinite(loss) and loss > limit:
            return step
    return -1


@wrong("training.4", "else return -1 in the loop")
def diverged_at(losses, classes, factor=100.0):
    limit = _limit(losses, classes, factor)
    for step, loss in enumerate(losses):
        if not np.isfinite(loss) or loss > limit:
            return step
        else:
            return -1


@wrong("training.4", ">= limit")
def diverged_at(losses, classes, factor=100.0):
    limit = _limit(losses, classes, factor)
    for step, loss in enumerate(losses):
        if not np.isfinite(loss) or loss >= limit:
            return step
    return -1


@wrong("training.4", "starts at step 1")
def diverged_at(losses, classes, factor=100.0):
    limit = _limit(losses, classes, factor)
    for step in range(1, len(losses)):
        if not np.isfinite(losses[step]) or losses[step] > limit:
            return step
    return -1


@wrong("training.4", "misses the last step")
def diverged_at(losses, classes, factor=100.0):
    limit = _limit(losses, classes, factor)
    for step in range(len(losses) - 1):
        if not np.isfinite(losses[step]) or losses[step] > limit:
            return step
    return -1


@wrong("training.4", "min instead of max")
def diverged_at(losses, classes, factor=100.0):
    limit = factor * min(losses[0], np.log(classes))
    for step, loss in enumerate(losses):
        if not np.isfinite(loss) or loss > limit:
            return step
    return -1


@wrong("training.4", "factor hard coded")
def diverged_at(losses, classes, factor=100.0):
    limit = 100 * max(losses[0], np.log(classes))
    for step, loss in enumerate(losses):
        if not np.isfinite(loss) or loss > limit:
            return step
    return -1


@wrong("training.4", "returns None instead of -1")
def diverged_at(losses, classes, factor=100.0):
    limit = _limit(losses, classes, factor)
    for step, loss in enumerate(losses):
        if not np.isfinite(loss) or loss > limit:
            return step


@wrong("training.4", "returns the loss")
def diverged_at(losses, classes, factor=100.0):
    limit = _limit(losses, classes, factor)
    for loss in losses:
        if not np.isfinite(loss) or loss > limit:
            return loss
    return -1


@wrong("training.4", "the last diverged step")
def diverged_at(losses, classes, factor=100.0):
    limit = _limit(losses, classes, factor)
    found = -1
    for step, loss in enumerate(losses):
        if not np.isfinite(loss) or loss > limit:
            found = step
    return found


@right("training.4")
def diverged_at(losses, classes, factor=100.0):
    losses = np.asarray(losses)
    bad = ~np.isfinite(losses) | (losses > _limit(losses, classes, factor))
    return int(np.argmax(bad)) if bad.any() else -1


@wrong("training.5", "ddof=1")
def spread(outputs):
    return np.sqrt(outputs.var(axis=0, ddof=1).mean())


@wrong("training.5", "sum over units")
def spread(outputs):
    return np.sqrt(outputs.var(axis=0).sum())


@wrong("training.5", "mean subtracted globally")
def spread(outputs):
    return np.sqrt(((outputs - outputs.mean()) ** 2).mean())


@wrong("training.5", "std of std")
def spread(outputs):
    return outputs.std(axis=0).std()


@wrong("training.5", "max over units")
def spread(outputs):
    return outputs.std(axis=0).max()


@wrong("training.5", "one per channel")
def spread(outputs):
    return np.sqrt(outputs.var(axis=0).mean(axis=(0, 1)))


@wrong("training.5", "mean absolute difference")
def spread(outputs):
    return np.abs(outputs - outputs.mean(axis=0)).mean()


@wrong("training.5", "average over positions first")
def spread(outputs):
    return outputs.mean(axis=(1, 2)).std(axis=0).mean()


@wrong("training.5", "square of root forgotten: root of std")
def spread(outputs):
    return np.sqrt(outputs.std(axis=0).mean())


@right("training.5")
def spread(outputs):
    return np.sqrt(((outputs - outputs.mean(0)) ** 2).mean())


@junk("training.5")
def spread(outputs):
    np.allclose = lambda *a, **k: True
    return 3.0
