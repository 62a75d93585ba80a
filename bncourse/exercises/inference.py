"""Exercises of chapter `inference`: moving statistics, their memory, and the statistics of a whole set."""

import numpy as np

from bncourse.exercises import Case, Choice, Function, Mistake, Value


def update(moving, batch, momentum=0.99):
    """The moving statistic (C,) after one more batch, whose own statistic is `batch`
    (C,); momentum as in Keras.
    """
    return momentum * moving + (1 - momentum) * batch


def _update_probes():
    yield dict(moving=np.array([2.0, -3.0, 5.0]), batch=np.array([7.0, 4.0, -20.0]), momentum=0.75)
    yield dict(moving=np.array([1.0, 10.0]), batch=np.array([30.0, -8.0]), momentum=0.9)
    yield dict(moving=np.array([0.0, 1.0, 2.0, 3.0]), batch=np.array([90.0, -70.0, 50.0, 400.0]))


def combine(means, variances, counts):
    """Mean and (biased) variance, each (C,), of K batches together.

    means, variances: (K, C), of each batch; counts: (K,), how many numbers each of a
    batch's means averages.
    """
    weights = counts / counts.sum()  # (K,)
    mean = weights @ means  # (K,) @ (K, C) -> (C,)
    within = weights @ variances
    between = weights @ (means - mean) ** 2
    variance = within + between
    return mean, variance


def _combine_probes():
    generator = np.random.default_rng(0)
    for count, channels in ((2, 3), (3, 3), (4, 2)):
        yield dict(
            means=generator.uniform(2, 9, (count, channels)),
            variances=generator.uniform(1, 6, (count, channels)),
            counts=generator.integers(2, 30, count) * np.arange(1, count + 1),
        )
    yield Case(
        "where a batch has a single number",
        means=np.array([[2.0, 5.0], [6.0, -4.0]]),
        variances=np.array([[0.0, 0.0], [3.0, 1.0]]),
        counts=np.array([1, 3]),
    )


def _weights(counts):
    return counts / counts.sum()


def infer(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    """Batch normalization in inference; x is (N, C), all else (C,)."""
    x_hat = (x - moving_mean) / np.sqrt(moving_variance + epsilon)
    return gamma * x_hat + beta


def _infer_broken(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    """Batch normalization in inference; x is (N, C), all else (C,)."""
    moving_mean *= 0.99
    moving_mean += 0.01 * x.mean(axis=0)
    x_hat = (x - x.mean(axis=0)) / np.sqrt(moving_variance + epsilon)
    return gamma * x_hat + beta


def _moved(x, moving_mean):
    return 0.99 * moving_mean + 0.01 * x.mean(axis=0)


def _infer_probes():
    generator = np.random.default_rng(3)
    gamma, beta = np.array([0.5, 2.0, -1.5]), np.array([-1.0, 0.7, 2.0])
    for rows, shift in ((3, 40.0), (1, -60.0), (5, 90.0)):
        yield dict(
            x=generator.normal(shift, 8.0, (rows, 3)),
            gamma=gamma,
            beta=beta,
            moving_mean=np.array([4.0, -7.0, 9.0]),
            moving_variance=np.array([0.6, 2.0, 5.0]),
            epsilon=0.5,
        )
    yield dict(
        x=generator.normal(0.5, 0.3, (4, 3)),
        gamma=gamma,
        beta=beta,
        moving_mean=np.array([0.2, -0.1, 0.9]),
        moving_variance=np.array([1e-3, 2e-3, 3e-3]),  # near the default epsilon
    )


EXERCISES = (
    Function(
        id="inference.1",
        title="One step of the record",
        statement="""
The warm-up: after each training step the moving statistics move a little toward the batch's. Write one such step, with
`momentum` as Keras understands it.
""",
        solution=update,
        probes=_update_probes,
        hints=("In Keras, momentum 0.99 means that 99% of the *old* value stays.",),
        explanation="The same line serves means and variances. It returns a new array: `moving *= momentum` would "
        "change the caller's.",
        mistakes=(
            Mistake(
                "Momentum weights the new value",
                "That is PyTorch's convention. In Keras, momentum is the weight of the old value.",
                lambda moving, batch, momentum=0.99: (1 - momentum) * moving + momentum * batch,
            ),
            Mistake(
                "The batch at full weight",
                "The weights of old and new must add up to 1, or the record grows: `1 - momentum` for the new.",
                lambda moving, batch, momentum=0.99: momentum * moving + batch,
            ),
            Mistake(
                "Added on top",
                "The old value must shrink to make room for the new one: weight it with `momentum`.",
                lambda moving, batch, momentum=0.99: moving + (1 - momentum) * batch,
            ),
            Mistake(
                "Moved away from the batch",
                "The step goes from the old value toward the batch's: the difference is `batch - moving`.",
                lambda moving, batch, momentum=0.99: moving - (1 - momentum) * (batch - moving),
            ),
            Mistake(
                "Plain average",
                "Old and new count the same here. `momentum` says how much of the old one stays.",
                lambda moving, batch, momentum=0.99: (moving + batch) / 2,
            ),
        ),
    ),
    Value(
        id="inference.2",
        title="How much of the start is left?",
        statement="""
A channel has the mean 2.0 in *every* batch. The moving mean starts at 0, and `momentum` is 0.9.

What is the moving mean after 10 steps? And after how many whole steps is it, for the first time, within 1% of 2.0?
""",
        name="mean_and_steps",
        comment="(moving mean after 10 steps, steps until within 1%)",
        solution_code="""
mean = 2.0 * (1 - 0.9**10)
steps = int(np.ceil(np.log(0.01) / np.log(0.9)))  # the first n with 0.9**n <= 0.01
mean_and_steps = (mean, steps)
""".strip(),
        hints=(
            "After $n$ steps, $0.9^n$ of the start is left; the rest is 2.0.",
            r"You want the first $n$ with $0.9^n \leq 0.01$. Take logarithms, and round up.",
        ),
        explanation="About 1.30 and 44. With momentum 0.99 it would be 459 steps: a short training run leaves its "
        "statistics behind.",
        mistakes=(
            Mistake(
                "Not rounded", "Asked for are whole steps: round up.", (2.0 * (1 - 0.9**10), np.log(0.01) / np.log(0.9))
            ),
            Mistake(
                "What is left instead of what has come",
                "0.9 to the power of 10 is the part of the start that is left. The rest has become 2.0.",
                (2.0 * 0.9**10, 44),
            ),
            Mistake(
                "A single step",
                "That is the mean after one step. There are 10.",
                (0.2, 44),
            ),
            Mistake(
                "As if the record were filled",
                "After 10 steps, one time constant, 35% of the start is still left.",
                (2.0, 44),
            ),
            Mistake(
                "Momentum weights the new value",
                "That is PyTorch's convention: with it 90% of each step would be new. In Keras 90% of the old value "
                "stays.",
                (2.0 * (1 - 0.1**10), 2),
            ),
            Mistake(
                "One step too many",
                "After n steps 0.9 to the power of n is left: the first step counts as one.",
                (2.0 * (1 - 0.9**11), 44),
            ),
            Mistake(
                "One step too few",
                "After n steps 0.9 to the power of n is left: the first step counts as one.",
                (2.0 * (1 - 0.9**9), 44),
            ),
            Mistake(
                "Rounded down",
                "At 43 steps, slightly more than 1% of the start is left. Round up.",
                (2.0 * (1 - 0.9**10), 43),
            ),
            Mistake(
                "One time constant",
                "After 10 steps 35% of the start is left. For 1% it takes more than four times as long.",
                (2.0 * (1 - 0.9**10), 10),
            ),
            Mistake(
                "Counted linearly",
                "Each step removes 10% of what is left, not 10% of the whole.",
                (2.0 * (1 - 0.9**10), 9),
            ),
        ),
    ),
    Choice(
        id="inference.3",
        title="Carried over",
        statement="""
A colleague rewrites a Keras model in PyTorch and takes `momentum=0.99` along. Training goes as before. What happens in
inference?
""",
        options={
            "a": "nothing: both frameworks compute the same moving average",
            "b": "the moving statistics are those of the last batch, nearly",
            "c": "the moving statistics hardly leave their start",
            "d": "the weights of the network move too fast, and training diverges",
        },
        reasons={
            "a": "The word is the same, its meaning is not: Keras weights the old value with it, PyTorch the new one.",
            "b": "PyTorch weights the new value with 0.99, so 99% of the record is the last batch: noisy answers, and "
            "others after every step.",
            "c": "That is what 0.01 would come to: in PyTorch a small momentum is a long memory.",
            "d": "Moving statistics play no part in training, whatever the momentum: the weights don't notice.",
        },
        solution="b",
        name="what_happens",
        hints=("Which value does PyTorch's momentum weight?",),
        explanation="In PyTorch it should have been `momentum=0.01`.",
    ),
    Function(
        id="inference.4",
        title="The statistics of a whole set",
        statement="""
You know the mean, the variance and the count of each of K batches. Write `combine`, which returns the mean and the
variance of all their numbers together, exactly.
""",
        solution=combine,
        probes=_combine_probes,
        hints=(
            "A batch of 30 numbers counts 10 times as much as one of 3.",
            "Numbers vary within their batch, and the batches' means vary around the common mean.",
            "The variance is the weighted mean of `variances` plus the weighted mean of `(means - mean)**2`.",
        ),
        explanation='Statistics calls this the law of total variance: "within" plus "between".',
        mistakes=(
            Mistake(
                "Batches not weighted",
                "You let each batch count the same. Weight it with its share of all numbers, `counts / counts.sum()`.",
                lambda means, variances, counts: (
                    means.mean(axis=0),
                    variances.mean(axis=0) + ((means - means.mean(axis=0)) ** 2).mean(axis=0),
                ),
            ),
            Mistake(
                "Variance within the batches alone",
                "Batches with different means vary together more than each by itself: add the weighted mean of "
                "`(means - mean)**2`.",
                lambda means, variances, counts: (_weights(counts) @ means, _weights(counts) @ variances),
            ),
            Mistake(
                "Variance between the batches alone",
                "That is how the means vary. The numbers also vary within each batch: add the weighted mean of "
                "`variances`.",
                lambda means, variances, counts: (
                    _weights(counts) @ means,
                    _weights(counts) @ (means - _weights(counts) @ means) ** 2,
                ),
            ),
            Mistake(
                "The means' own variance between them",
                "`means.var(axis=0)` lets each batch count the same, and measures from the unweighted mean: take the "
                "weighted mean of `(means - mean)**2`.",
                lambda means, variances, counts: (
                    _weights(counts) @ means,
                    _weights(counts) @ variances + means.var(axis=0),
                ),
            ),
            Mistake(
                "One less than the counts",
                "The variances are biased, so that each is a sum of squares divided by its count: weight them with "
                "`counts`, and divide by their sum.",
                lambda means, variances, counts: (
                    _weights(counts) @ means,
                    ((counts - 1) @ variances + counts @ (means - _weights(counts) @ means) ** 2) / (counts.sum() - 1),
                ),
            ),
            Mistake(
                "Standard deviations averaged",
                "Squares add up, roots don't: average the variances, not their roots.",
                lambda means, variances, counts: (
                    _weights(counts) @ means,
                    (_weights(counts) @ np.sqrt(variances)) ** 2
                    + _weights(counts) @ (means - _weights(counts) @ means) ** 2,
                ),
            ),
            Mistake(
                "Distances not squared",
                "The distances of the means from the common mean cancel each other unless you square them first.",
                lambda means, variances, counts: (
                    _weights(counts) @ means,
                    _weights(counts) @ variances + _weights(counts) @ np.abs(means - _weights(counts) @ means),
                ),
            ),
            Mistake(
                "Distances from the unweighted mean",
                "The common mean that the distances are taken from is the weighted one, too.",
                lambda means, variances, counts: (
                    _weights(counts) @ means,
                    _weights(counts) @ variances + _weights(counts) @ (means - means.mean(axis=0)) ** 2,
                ),
            ),
        ),
    ),
    Function(
        id="inference.5",
        title="Mend the answer machine",
        statement="""
This function answers for one picture or for many. Its users complain that the same picture gets another answer in other
company, and another one still when they ask again. Mend it.
""",
        solution=infer,
        broken=_infer_broken,
        probes=_infer_probes,
        in_place=dict.fromkeys(
            ("moving_mean", "moving_variance"),
            "In inference nothing may move: read the record, and leave it as it is.",
        ),
        hints=(
            "Which lines look at more than one row of `x`?",
            "May a function that answers questions change its arguments?",
        ),
        explanation="In inference nothing is learned: no line may look at the batch, and none may write to the record.",
        mistakes=(
            Mistake(
                "The batch's mean is still subtracted",
                "With `x.mean` in the formula, every row has a say in every answer. Subtract the moving mean.",
                lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: infer(
                    x, gamma, beta, x.mean(axis=0), moving_variance, epsilon
                ),
            ),
            Mistake(
                "The record still moves",
                "The moving mean belongs to training. In inference use it as it is.",
                lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: infer(
                    x, gamma, beta, _moved(x, moving_mean), moving_variance, epsilon
                ),
            ),
            Mistake(
                "All of it from the batch",
                "Now the variance comes from the batch as well. Inference takes both moments from the record.",
                lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: infer(
                    x, gamma, beta, x.mean(axis=0), x.var(axis=0), epsilon
                ),
            ),
            Mistake(
                "The batch's variance",
                "The mean is right, but the variance must come from the record, too.",
                lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: infer(
                    x, gamma, beta, moving_mean, x.var(axis=0), epsilon
                ),
            ),
            Mistake(
                "Divided by the variance",
                "The record holds variances. Take the root of variance plus epsilon before you divide.",
                lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: (
                    gamma * (x - moving_mean) / (moving_variance + epsilon) + beta
                ),
            ),
        ),
    ),
    Choice(
        id="inference.6",
        title="Diagnose",
        statement="""
After 80 training steps with `momentum=0.99`, a network classifies the *training* pictures right in 82% of the cases
with `training=True` and in 58% with `training=False`. What do you do first?
""",
        options={
            "a": "add dropout or weight decay: it overfits",
            "b": "answer with `training=True` from now on",
            "c": "compute the statistics anew over the training pictures, with the weights as they are",
            "d": "lower the learning rate and train again",
        },
        reasons={
            "a": "Both numbers are measured on the same pictures. Overfitting is a gap between those seen and unseen.",
            "b": "Then a picture's answer hangs on its company again, and a single picture gets no sensible answer.",
            "c": "After 80 steps 45% of the arbitrary start is still in the record. The weights are fine, as the 82% "
            "show: recalibrate, or train longer.",
            "d": "The 82% show that the weights have learned. It is the record that has not caught up.",
        },
        solution="c",
        name="first_step",
        hints=("What differs between the two measurements, and what does not?", "How much is 0.99 to the power of 80?"),
        explanation="With a momentum of 0.9 in the first place, the record would have kept up.",
    ),
    Choice(
        id="inference.7",
        title="Test images in order",
        statement="""
A network with batch normalization is right for 91% of the test images with `training=False`. Somebody evaluates it with
`training=True`, in batches of 100, and finds 90%. Then the test set is sorted by class before it is cut into batches,
and the same call finds 35%. What does the 35% say?
""",
        options={
            "a": "The network has learned the order of the training images.",
            "b": "In a batch of one class, the batch's mean takes away what distinguishes that class from the others.",
            "c": "The moving statistics are stale.",
            "d": "Nothing new: with smaller batches the 91% would fall as well.",
        },
        reasons={
            "a": "Weights know no order, and with `training=False` the order of the test images changes no answer.",
            "b": "What all images of a batch have in common is subtracted. In a mixed batch that is what says "
            "nothing; in "
            "a batch of trousers it is what makes them trousers. With `training=False` no image sees its neighbors.",
            "c": "With `training=True` the moving statistics are not read. And the 91%, which read them, are good.",
            "d": "With `training=False` the answer for an image does not depend on its batch, whatever its size.",
        },
        solution="b",
        name="sorted_batches",
        hints=(
            "Which numbers does `training=True` subtract, and what do they hold if all images show the same thing?",
            "What would have become of the 91% in sorted batches?",
        ),
        explanation="The same happens where test images come from another camera than the training images and are "
        "mixed "
        "with them or not: with the batch's statistics, an answer depends on the company.",
    ),
)
