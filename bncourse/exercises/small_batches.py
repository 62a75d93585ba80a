"""Exercises of chapter `small_batches`: what a batch of two keeps, whose statistics count, and when they are stale."""

import numpy as np

from bncourse.exercises import Case, Choice, Function, Mistake, Value


def effective_number(values):
    """How many values an image is worth for a channel's mean, (C,).

    values: (N, H, W, C).
    """
    image_means = values.mean(axis=(1, 2))  # (N, C)
    return values.var(axis=(0, 1, 2)) / image_means.var(axis=0)


def _effective_probes():
    generator = np.random.default_rng(4)
    for (n, h, w, c), shared in (((5, 3, 4, 2), 2.0), ((4, 2, 3, 3), 0.7), ((6, 4, 2, 2), 5.0)):
        alike = shared * generator.standard_normal((n, 1, 1, c))
        own = generator.standard_normal((n, h, w, c)) * np.linspace(0.5, 3, c)
        places = np.arange(h * w).reshape(1, h, w, 1)  # what all images have in common
        yield dict(values=alike + own + 0.3 * places + 3 * np.arange(c))


def ghost_normalize(x, ghost, epsilon=1e-3):
    """Normalize x (N, C), every `ghost` neighboring rows with statistics of their own.

    ghost divides N.
    """
    parts = x.reshape(-1, ghost, x.shape[1])
    deviation = np.sqrt(parts.var(axis=1, keepdims=True) + epsilon)
    return ((parts - parts.mean(axis=1, keepdims=True)) / deviation).reshape(x.shape)


def _ghost_probes():
    generator = np.random.default_rng(7)
    for rows, channels, ghost, epsilon in ((6, 2, 3, 0.5), (8, 3, 2, 0.1), (8, 3, 4, 2.0)):
        drift = 3 * np.arange(rows)[:, None] ** 1.3
        yield dict(x=generator.normal(0, 2, (rows, channels)) + drift, ghost=ghost, epsilon=epsilon)
    yield dict(x=0.05 * generator.standard_normal((6, 2)) + np.array([1.0, -2.0]), ghost=2)
    yield Case("where each part is a single row", x=generator.normal(1, 2, (3, 2)), ghost=1, epsilon=0.3)
    yield Case("where one part is the whole batch", x=generator.normal(1, 2, (4, 3)), ghost=4, epsilon=0.3)


def _ghost_by(x, ghost, epsilon, shape, axis):
    parts = x.reshape(*shape, x.shape[1])
    x_hat = (parts - parts.mean(axis, keepdims=True)) / np.sqrt(parts.var(axis, keepdims=True) + epsilon)
    return x_hat.reshape(x.shape)


def averaged(snapshots, images):
    """(weights, mean, variance) of the averaged network: (D, C), (C,), (C,).

    mean and variance: those of the normalization behind the linear layer.
    snapshots (T, D, C): the weights of a linear layer at T moments of training.
    images (N, D): its inputs.
    """
    weights = snapshots.mean(axis=0)
    outputs = images @ weights  # (N, C)
    return weights, outputs.mean(axis=0), outputs.var(axis=0)


def _averaged_broken(snapshots, images):
    """(weights, mean, variance) of the averaged network: (D, C), (C,), (C,).

    mean and variance: those of the normalization behind the linear layer.
    snapshots (T, D, C): the weights of a linear layer at T moments of training.
    images (N, D): its inputs.
    """
    weights = snapshots.mean(axis=0)
    outputs = images @ snapshots  # (T, N, C)
    return weights, outputs.mean(axis=1).mean(axis=0), outputs.var(axis=1).mean(axis=0)


def _averaged_probes():
    generator = np.random.default_rng(11)
    for count, inputs, channels, rows in ((3, 4, 2, 7), (2, 3, 3, 5), (4, 2, 3, 6)):
        middle = generator.normal(0, 1, (inputs, channels))
        yield dict(
            snapshots=middle + generator.normal(0, 1.5, (count, inputs, channels)),
            images=generator.normal(0.7, 1.2, (rows, inputs)) * np.linspace(1, 2, inputs),
        )


def _outputs(weights, images):
    outputs = images @ weights
    return outputs.mean(axis=0), outputs.var(axis=0)


EXERCISES = (
    Value(
        id="small_batches.1",
        title="Two at a time",
        statement=r"""
The warm-up: a dense layer with batch normalization ($\gamma = 1$, $\beta = 0$, $\varepsilon = 0$) is trained on
batches of two. In one channel the two images have the values 3.0 and 3.2.

What does the *second* image get there? And what, if the first image has 103.0 in place of 3.0? And what, if both have
3.0, with Keras's $\varepsilon = 0.001$ this time?
""",
        name="second_image",
        comment="(with 3.0 and 3.2, with 103.0 and 3.2, with 3.0 and 3.0)",
        solution_code="second_image = (1.0, -1.0, 0.0)",
        hints=(
            "The mean of two numbers lies half-way between them. What is their standard deviation?",
            "Both are as far from the mean as the standard deviation is long.",
        ),
        explanation="Two values a and b have the mean (a + b) / 2 and the standard deviation |a - b| / 2. What is "
        "left is which of the two was larger.",
        mistakes=(
            Mistake(
                "The distance not divided by the standard deviation",
                "That is how far the value is from the mean. Normalizing also divides by the standard deviation.",
                (0.1, -49.9, 0.0),
            ),
            Mistake(
                "m - 1 in the variance",
                "Batch normalization divides the sum of squares by m, which is 2.",
                (2**-0.5, -(2**-0.5), 0.0),
            ),
            Mistake(
                "Divided by the variance",
                "Take the root of the variance before you divide.",
                (10.0, -1 / 49.9, 0.0),
            ),
            Mistake(
                "The sign left out",
                "A value below the mean comes out negative.",
                (1.0, 1.0, 0.0),
            ),
            Mistake(
                "The first image's value",
                "Asked for is the second image, the one with 3.2.",
                (-1.0, 1.0, 0.0),
            ),
            Mistake(
                "Equal values",
                "Both are the mean, so both come out as 0 divided by the root of epsilon.",
                (1.0, -1.0, 1.0),
            ),
        ),
    ),
    Function(
        id="small_batches.2",
        title="What an image is worth",
        statement="""
Neighboring values of a feature map are alike, so an image with H x W values in a channel does not count as H x W
independent ones. Write `effective_number`: by how much the mean over an image varies less than a single value does.
""",
        solution=effective_number,
        probes=_effective_probes,
        hints=(
            "The mean of k independent values of variance v has the variance v / k.",
            "Compare the variance of all values of a channel with that of the images' means.",
        ),
        explanation="Between 1, where an image is a single flat color, and H x W, where its values have nothing to "
        "do with each other. A channel that finds edges may even come out above.",
        mistakes=(
            Mistake(
                "Values counted",
                "That is H times W, whatever the values are. Measure how much the images' means vary.",
                lambda values: np.full(values.shape[-1], float(values.shape[1] * values.shape[2])),
            ),
            Mistake(
                "Upside down",
                "The images' means vary less than single values: the variance of the values goes on top.",
                lambda values: values.mean(axis=(1, 2)).var(axis=0) / values.var(axis=(0, 1, 2)),
            ),
            Mistake(
                "Standard deviations",
                "It is the variance, not the standard deviation, that k independent values divide by k.",
                lambda values: values.std(axis=(0, 1, 2)) / values.mean(axis=(1, 2)).std(axis=0),
            ),
            Mistake(
                "Variance within the images",
                "You take the variance inside each image. A single value also differs between images: take the "
                "variance of all values of the channel.",
                lambda values: values.var(axis=(1, 2)).mean(axis=0) / values.mean(axis=(1, 2)).var(axis=0),
            ),
            Mistake(
                "One image's variance",
                "You look at one image. The variance is that of all values of the channel.",
                lambda values: values[0].var(axis=(0, 1)) / values.mean(axis=(1, 2)).var(axis=0),
            ),
            Mistake(
                "Means over the images",
                "You average each position over the images. Average each image over its positions.",
                lambda values: values.var(axis=(0, 1, 2)) / values.mean(axis=0).var(axis=(0, 1)),
            ),
            Mistake(
                "All channels together",
                "Each channel has its own number: keep the last axis.",
                lambda values: np.full(values.shape[-1], values.var() / values.mean(axis=(1, 2)).var()),
            ),
            Mistake(
                "Times the number of images",
                "That is what the batch is worth. Asked for is one image.",
                lambda values: len(values) * effective_number(values),
            ),
            Mistake(
                "Means over the height alone",
                "The mean over an image is over all of its positions: height and width, axes 1 and 2.",
                lambda values: values.var(axis=(0, 1, 2)) / values.mean(axis=1).var(axis=(0, 1)),
            ),
        ),
    ),
    Function(
        id="small_batches.3",
        title="Ghost batches",
        statement="""
Write batch normalization's training step with ghost batches: the first `ghost` rows are normalized with their own
mean and variance, the next `ghost` rows with theirs, and so on.
""",
        solution=ghost_normalize,
        probes=_ghost_probes,
        hints=(
            "Which rows does the first part have, and which the second?",
            "A loop over the starts 0, ghost, 2 ghost, … will do, or `x.reshape(-1, ghost, C)`.",
        ),
        explanation="The same numbers reach the statistics as in gradient accumulation with micro-batches of "
        "`ghost` images.",
        mistakes=(
            Mistake(
                "The whole batch's statistics",
                "Each part has a mean and a variance of its own.",
                lambda x, ghost, epsilon=1e-3: _ghost_by(x, ghost, epsilon, (1, -1), 1),
            ),
            Mistake(
                "Every so many rows",
                "A part is made of rows that follow each other: reshape to (-1, ghost, C), not to (ghost, -1, C).",
                lambda x, ghost, epsilon=1e-3: _ghost_by(x, ghost, epsilon, (ghost, -1), 0),
            ),
            Mistake(
                "So many parts",
                "`ghost` is the number of rows in a part, not the number of parts.",
                lambda x, ghost, epsilon=1e-3: _ghost_by(x, ghost, epsilon, (ghost, -1), 1),
            ),
            Mistake(
                "Across the parts",
                "You average over the parts. Average over the rows of a part: axis 1.",
                lambda x, ghost, epsilon=1e-3: _ghost_by(x, ghost, epsilon, (-1, ghost), 0),
            ),
            Mistake(
                "Channels mixed",
                "Each channel keeps its own statistics: average over the rows of a part alone.",
                lambda x, ghost, epsilon=1e-3: _ghost_by(x, ghost, epsilon, (-1, ghost), (1, 2)),
            ),
            Mistake(
                "The first part's statistics",
                "You normalize all rows with the statistics of the first part. Each part has its own.",
                lambda x, ghost, epsilon=1e-3: (x - x[:ghost].mean(axis=0)) / np.sqrt(x[:ghost].var(axis=0) + epsilon),
            ),
            Mistake(
                "The first part alone",
                "Only the first part is normalized; the other rows are as they were.",
                lambda x, ghost, epsilon=1e-3: np.concatenate(
                    [_ghost_by(x[:ghost], ghost, epsilon, (1, -1), 1), x[ghost:]]
                ),
            ),
            Mistake(
                "The whole batch's variance",
                "The means are right. The variance, too, is that of each part.",
                lambda x, ghost, epsilon=1e-3: (
                    (x.reshape(-1, ghost, x.shape[1]) - x.reshape(-1, ghost, x.shape[1]).mean(axis=1, keepdims=True))
                    / np.sqrt(x.var(axis=0) + epsilon)
                ).reshape(x.shape),
            ),
            Mistake(
                "m - 1 in the variance",
                "Batch normalization divides the sum of squares by m, the rows of a part: one row is not enough for "
                "m - 1.",
                lambda x, ghost, epsilon=1e-3: np.concatenate(
                    [
                        (p - p.mean(axis=0)) / np.sqrt(p.var(axis=0, ddof=1) + epsilon)
                        for p in np.split(x, len(x) // ghost)
                    ]
                ),
            ),
        ),
    ),
    Choice(
        id="small_batches.4",
        title="Sixteen times two",
        statement="""
A detector with batch normalization fits into memory with two images only. A colleague adds up the gradients of
sixteen such batches before each step of the optimizer. What do mean and variance see now?
""",
        name="statistics_see",
        options={
            "a": "32 images, as if the batch had been that large",
            "b": "two images at a time, as before",
            "c": "32 images in the backward pass, two in the forward pass",
            "d": "two images in training, but the moving statistics are exact",
        },
        reasons={
            "a": "The gradient is a sum, and sums can be added up later. The normalization is no sum: each forward "
            "pass divides by the standard deviation of the images that it has.",
            "b": "The gradients' noise shrinks, the statistics' does not. Layers that look at one image at a time, "
            "frozen statistics, or statistics shared between devices would help.",
            "c": "The backward pass uses the mean and variance of its own forward pass, of two images.",
            "d": "The moving statistics average what the batches of two had. Their variances are too small on "
            "average, by what the means of the batches vary.",
        },
        solution="b",
        hints=("When is the mean computed: in the forward pass of each small batch, or at the optimizer's step?",),
    ),
    Function(
        id="small_batches.5",
        title="Mend the average",
        statement="""
This function averages the weights of a linear layer over snapshots of training, as SWA does, and provides the
statistics of the batch normalization behind it. The averaged network answers badly. Mend it.
""",
        solution=averaged,
        broken=_averaged_broken,
        probes=_averaged_probes,
        hints=(
            "What will the normalization meet in the averaged network?",
            "The variance of `images @ weights` is no average of the snapshots' variances: variance is quadratic in "
            "the weights.",
        ),
        explanation="The mean is linear in the weights, so there averaging was right. The variance is not: "
        "snapshots that point different ways have larger outputs than their average has.",
        mistakes=(
            Mistake(
                "The snapshots' variances averaged",
                "The averaged layer has other outputs than each snapshot. Compute them, and take their variance.",
                lambda snapshots, images: (
                    snapshots.mean(axis=0),
                    (images @ snapshots).mean(axis=(0, 1)),
                    (images @ snapshots).var(axis=1).mean(axis=0),
                ),
            ),
            Mistake(
                "The last snapshot's statistics",
                "Those belong to the last weights. The averaged weights have outputs of their own.",
                lambda snapshots, images: (snapshots.mean(axis=0), *_outputs(snapshots[-1], images)),
            ),
            Mistake(
                "The variance of all snapshots' outputs",
                "You take the variance of the outputs of all snapshots together. The averaged layer has smaller ones.",
                lambda snapshots, images: (
                    snapshots.mean(axis=0),
                    (images @ snapshots).mean(axis=(0, 1)),
                    (images @ snapshots).var(axis=(0, 1)),
                ),
            ),
            Mistake(
                "The last weights",
                "Statistics and weights fit, but they are the last snapshot's. Average the weights.",
                lambda snapshots, images: (snapshots[-1], *_outputs(snapshots[-1], images)),
            ),
            Mistake(
                "Standard deviations averaged",
                "A mean of the snapshots' standard deviations, squared, is still not the variance of the averaged "
                "layer.",
                lambda snapshots, images: (
                    snapshots.mean(axis=0),
                    (images @ snapshots).mean(axis=(0, 1)),
                    (images @ snapshots).std(axis=1).mean(axis=0) ** 2,
                ),
            ),
        ),
    ),
    Choice(
        id="small_batches.6",
        title="Two cameras",
        statement="""
Images come from a day camera and from a night camera, and each training batch holds images of one camera. The
training loss is low on both. In inference the network is poor on *both*. After the batches are shuffled and the
network is trained anew, it is good on both. What was wrong?
""",
        name="what_was_wrong",
        options={
            "a": "The learning rate was too high for unshuffled data.",
            "b": "The network forgot the day images whenever it saw night images.",
            "c": "It was trained with the statistics of one camera at a time, and answered with those of a mixture.",
            "d": "The moving statistics were stale: the momentum was too high.",
        },
        reasons={
            "a": "Then the training loss would not be low.",
            "b": "Then the training loss would be high after each change of camera.",
            "c": "The moving statistics lie between the cameras' and fit neither. Mix the cameras within each "
            "batch, or give each its own statistics.",
            "d": "They are as fresh as can be. But what they average is two kinds of batches, and no batch looked "
            "like that.",
        },
        solution="c",
        hints=("Which mean does the network subtract from a night image in training, and which in inference?",),
    ),
)
