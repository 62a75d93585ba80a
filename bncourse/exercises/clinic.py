"""Exercises of chapter `clinic`: tests that find a fault, and tell it from its neighbors."""

import numpy as np

from bncourse.exercises import Case, Choice, Function, Mistake, Value


def companions_matter(predict, images):
    """Whether the outputs for an image change by more than 1e-3 with the images that
    share its batch.

    predict maps images (n, H, W, C) to outputs (n, K), for any n; images has shape
    (N, H, W, C), N at least 2.
    """
    together = predict(images)
    alone = np.concatenate([predict(images[i : i + 1]) for i in range(len(images))])
    return bool(np.abs(together - alone).max() > 1e-3)


WEIGHTS = np.array([[0.5, -1.0, 0.25], [1.5, 0.75, -0.5]])


def _fixed(images):
    return images.mean(axis=(1, 2)) @ WEIGHTS + 0.5


def _of_the_batch(images):
    features = images.mean(axis=(1, 2)) @ WEIGHTS
    return (features - features.mean(axis=0)) / np.sqrt(features.var(axis=0) + 0.5)


def _up_to_rounding(images):
    return _fixed(images) + 1e-7 * len(images)


def _only_the_last(images):
    """The mean of the batch is taken from the last image alone, whose own outputs are the same in any company."""
    features = _fixed(images)
    return features - 0.25 * features[-1:] * (np.arange(len(images)) < len(images) - 1)[:, None]


def _negative(images):
    """Alone an image has larger outputs than in company."""
    return _fixed(images) - 0.75 * (len(images) > 1)


def _a_little(place):
    """In company the outputs of one image are larger by 0.0015, which counts."""

    def predict(images):
        there = np.arange(len(images)) == place % len(images)
        return _fixed(images) + 0.0015 * (len(images) > 1) * there[:, None]

    return predict


def _positive(images):
    """Alone an image has smaller outputs than in company."""
    return _fixed(images) + 0.75 * (len(images) > 1)


def _too_little(images):
    """In company the outputs are larger by 0.0007, which does not count."""
    return _fixed(images) + 0.0007 * (len(images) > 1)


def _companion_probes():
    images = np.random.default_rng(0).normal(1, 2, (4, 3, 2, 2))
    yield Case("with moving statistics", predict=_fixed, images=images)
    yield Case("with the batch's statistics", predict=_of_the_batch, images=images)
    yield Case("where rounding alone differs", predict=_up_to_rounding, images=images)
    yield Case("where the last image is not concerned", predict=_only_the_last, images=images)
    yield Case("where outputs fall in company", predict=_negative, images=images[:3])
    yield Case("where outputs rise in company", predict=_positive, images=images[:3])
    yield Case("where the second image alone changes, a little", predict=_a_little(1), images=images)
    yield Case("where the first image alone changes, a little", predict=_a_little(0), images=images)
    yield Case("where the last image alone changes, a little", predict=_a_little(-1), images=images)
    yield Case("where all change by less than 1e-3", predict=_too_little, images=images)


def _never_alone(predict, images):
    return bool(np.abs(predict(images) - predict(images)).max() > 1e-3)


def _to_the_last_bit(predict, images):
    return not np.array_equal(predict(images), _alone(predict, images))


def _last_image_only(predict, images):
    return bool(np.abs(predict(images)[-1:] - predict(images[-1:])).max() > 1e-3)


def _first_image_only(predict, images):
    return bool(np.abs(predict(images)[:1] - predict(images[:1])).max() > 1e-3)


def _alone(predict, images):
    return np.concatenate([predict(images[i : i + 1]) for i in range(len(images))])


def _every_output(predict, images):
    return bool((np.abs(predict(images) - _alone(predict, images)) > 1e-3).all())


def _mean_difference(predict, images):
    return bool(np.abs(predict(images) - _alone(predict, images)).mean() > 1e-3)


def _without_abs(predict, images):
    return bool((predict(images) - _alone(predict, images)).max() > 1e-3)


def _without_abs_and_reversed(predict, images):
    return bool((_alone(predict, images) - predict(images)).max() > 1e-3)


def misfit(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    """How far moving statistics are from a batch's: the median over channels of
    |difference of means| / deviation.

    All four have shape (C,). The deviation is the square root of the moving variance
    plus epsilon.
    """
    deviation = np.sqrt(moving_variance + epsilon)
    return float(np.median(np.abs(batch_mean - moving_mean) / deviation))


def _misfit_probes():
    generator = np.random.default_rng(1)
    for channels in (5, 4, 7):
        moving, batch = generator.normal(0, 2, (2, channels))
        variances = generator.uniform(0.2, 6, (2, channels))
        batch[0] = moving[0] + 60 * np.sqrt(variances[0, 0])
        yield dict(
            moving_mean=moving,
            moving_variance=variances[0],
            batch_mean=batch,
            batch_variance=variances[1],
            epsilon=0.5,
        )


def _misfit_by_variance(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return float(np.median(np.abs(batch_mean - moving_mean) / (moving_variance + epsilon)))


def _misfit_by_batch(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return float(np.median(np.abs(batch_mean - moving_mean) / np.sqrt(batch_variance + epsilon)))


def _misfit_mean(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return float(np.mean(np.abs(batch_mean - moving_mean) / np.sqrt(moving_variance + epsilon)))


def _misfit_largest(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return float(np.max(np.abs(batch_mean - moving_mean) / np.sqrt(moving_variance + epsilon)))


def _misfit_signed(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return float(np.median((batch_mean - moving_mean) / np.sqrt(moving_variance + epsilon)))


def _misfit_absolute(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return float(np.median(np.abs(batch_mean - moving_mean)))


def _misfit_outside(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return float(np.median(np.abs(batch_mean - moving_mean) / (np.sqrt(moving_variance) + epsilon)))


EXERCISES = (
    Function(
        id="clinic.1",
        title="Do the companions matter?",
        statement="""
Write the test for a result that depends on its batch. `predict` is some model in inference mode, as a function:
it takes
any number of images and returns one row of outputs for each. The answer is `True` if the outputs for **any** image in
its batch differ by more than `1e-3` from those that it gets alone. Rounding must not count, and the model is not
yours: you can only
call it.
""",
        solution=companions_matter,
        probes=_companion_probes,
        hints=(
            "`images[i : i + 1]` is a batch of one; `images[i]` is no batch.",
            "Predict all images together, then each alone, and look at the largest difference, whatever its sign.",
        ),
        explanation=(
            "With moving statistics each image is on its own. Whatever else is in the model, this test "
            "needs no look inside."
        ),
        mistakes=(
            Mistake(
                "The same batch twice",
                "You compare a batch with itself. What has to change is the company: predict an image alone, too.",
                _never_alone,
            ),
            Mistake(
                "To the last bit",
                "Another batch size may round differently: 1e-7 is no fault. Ask for a difference above 1e-3.",
                _to_the_last_bit,
            ),
            Mistake(
                "The last image looked at",
                "You look at one image alone. Its companions may matter to the others.",
                _last_image_only,
            ),
            Mistake(
                "The first image looked at",
                "You look at one image alone. Its companions may matter to the others.",
                _first_image_only,
            ),
            Mistake(
                "Every output has to change",
                "You ask that all outputs change. One image whose outputs change is enough: `any`, not `all`.",
                _every_output,
            ),
            Mistake(
                "The mean of the differences",
                "Where a single image changes, a mean over all of them hides it: take the largest difference.",
                _mean_difference,
            ),
            Mistake(
                "Differences with their sign",
                "Outputs may fall as well as rise in company: take the absolute value before the largest.",
                _without_abs,
            ),
            Mistake(
                "Differences with their sign, the other way round",
                "Outputs may rise as well as fall in company: take the absolute value before the largest.",
                _without_abs_and_reversed,
            ),
        ),
    ),
    Value(
        id="clinic.2",
        title="Forty steps",
        statement="""
keras-team/keras#6014: 64 images in batches of 8, five epochs, Keras's default momentum of 0.99.

Which share of each moving statistic is still its initial value afterwards? And after how many whole epochs would it be
below one percent?
""",
        name="share_and_epochs",
        comment="(share between 0 and 1, number of epochs)",
        solution_code="""
share = 0.99 ** (5 * 64 // 8)
steps = np.log(0.01) / np.log(0.99)
share_and_epochs = (share, np.ceil(steps / 8))
""".strip(),
        accepted=((0.67, 58),),
        hints=(
            "Every step multiplies the share by the momentum. How many steps has an epoch?",
            "0.99 to the power of n is 0.01 for n = log(0.01) / log(0.99).",
        ),
        explanation="Two thirds of what the layer remembers are the zeros and ones that it started with. It takes 459 "
        "steps, 58 of these epochs, until less than a hundredth is left. With a momentum of 0.9 it would be 44 steps.",
        mistakes=(
            Mistake("Epochs for steps", "The statistics move once a step, and an epoch has eight.", (0.99**5, 459.0)),
            Mistake(
                "What has been learned",
                "That is the share that is new. Asked for is the old one.",
                (1 - 0.99**40, 58.0),
            ),
            Mistake("Steps, not epochs", "459 is the number of steps. An epoch has 8 of them.", (0.99**40, 459.0)),
            Mistake("The last epoch not finished", "After 57 epochs it is still above one percent.", (0.99**40, 57.0)),
            Mistake("One epoch", "That is left after one epoch. The training has five.", (0.99**8, 58.0)),
            Mistake("Images for steps", "A step takes 8 images: five epochs are 40 steps, not 320.", (0.99**320, 8.0)),
        ),
    ),
    Function(
        id="clinic.3",
        title="How far off?",
        statement="""
A number that says how badly moving means fit a batch, and that can be compared between layers: for each channel the
distance of the two means, in moving standard deviations, $|\\mu_B - \\mu_M| / \\sqrt{\\sigma_M^2 +
\\varepsilon}$, and over the channels the median,
so that a single odd channel does not decide.
""",
        solution=misfit,
        probes=_misfit_probes,
        hints=("`np.sqrt(moving_variance + epsilon)` is one deviation for each channel.",),
        explanation="The result is what the normalized values of this batch are off by, before gamma. `examine` calls "
        "statistics stale from 0.3 on.",
        mistakes=(
            Mistake(
                "Divided by the variance",
                "A distance is measured in deviations: take the square root.",
                _misfit_by_variance,
            ),
            Mistake(
                "The batch's deviation",
                "The layer divides by what it remembers: the moving variance, not the batch's.",
                _misfit_by_batch,
            ),
            Mistake(
                "The mean over channels", "One odd channel carries a mean away. Asked for is the median.", _misfit_mean
            ),
            Mistake(
                "The worst channel", "Asked for is the median: one odd channel should not decide.", _misfit_largest
            ),
            Mistake(
                "Distances with their sign",
                "Channels above and below would cancel: take the absolute value.",
                _misfit_signed,
            ),
            Mistake(
                "Not in deviations",
                "A distance of 1 is much where the deviation is 0.1: divide by it.",
                _misfit_absolute,
            ),
            Mistake("Epsilon outside the root", "Epsilon is added to the variance, inside the root.", _misfit_outside),
        ),
    ),
    Choice(
        id="clinic.4",
        title="Overfitting?",
        statement="""
`fit` reports 98% right answers on the training images, `evaluate` reports 52% on the test images. Which one measurement
tells best whether the network overfits or its moving statistics are wrong?
""",
        name="measurement",
        options={
            "a": "`evaluate` on the *training* images.",
            "b": "`fit` once more, with a lower learning rate.",
            "c": "`evaluate` on more test images.",
            "d": "The same training with dropout.",
        },
        reasons={
            "a": "An overfitted network knows its training images in inference, too. If it does not, the images are "
            "the same and only the statistics differ.",
            "b": "That changes the weights, and so the patient, before it is examined.",
            "c": "Both explanations predict the same poor result there.",
            "d": "It would weaken overfitting and leave stale statistics; but that is a new training, and one more "
            "cause.",
        },
        solution="a",
        hints=("What do the two explanations predict differently?",),
    ),
    Value(
        id="clinic.5",
        title="Dropout in front",
        statement="""
Dropout with rate $p$ sets a value to 0 with probability $p$, and to $x / (1 - p)$ otherwise. Right behind it
stands a batch
normalization. The inputs of the dropout have mean 1 and variance 2, and $p$ is 0.5.

What is the variance that the normalization sees in training? With its moving variance at that, which standard
deviation has
its normalized output at inference, where dropout does nothing (without epsilon, gamma 1)?
""",
        name="variance_and_deviation",
        comment="(variance in training, standard deviation at inference)",
        solution_code="""
variance = (2 + 1**2) / (1 - 0.5) - 1**2
variance_and_deviation = (variance, (2 / variance) ** 0.5)
""".strip(),
        hints=(
            "A variance is the mean of the squares minus the square of the mean. Dropout keeps the mean.",
            "The mean of the squares was 2 + 1. Half of them are 0 now, and the other half 4 times as large.",
        ),
        explanation="5 instead of 2, and outputs that are too small by 37% for every layer behind: the variance shift "
        "of Li et al. (2019). Behind the last normalization dropout does no such harm.",
        mistakes=(
            Mistake(
                "The mean left out",
                "2 / (1 - p) would be right for a mean of 0. Here the zeros lie a whole mean away from it.",
                (4.0, 0.5**0.5),
            ),
            Mistake(
                "The mean of the squares",
                "6 is the mean of the squares in training. Subtract the square of the mean.",
                (6.0, (1 / 3) ** 0.5),
            ),
            Mistake("A ratio of variances", "2 / 5 is the variance of the output: take its root.", (5.0, 0.4)),
            Mistake("Turned round", "At inference the inputs vary less than the layer expects.", (5.0, 2.5**0.5)),
            Mistake(
                "Dropout left out",
                "The zeros, and the larger values that make up for them, spread the inputs in training.",
                (2.0, 1.0),
            ),
            Mistake("Not scaled", "Keras divides what is kept by 1 - p, so that the mean stays.", (1.25, 1.6**0.5)),
        ),
    ),
)
