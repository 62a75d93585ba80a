"""Exercises of chapter `forward`: axes, epsilon, gamma and beta, and a program to mend."""

import numpy as np

from bncourse.exercises import Case, Choice, Function, Mistake, Value


def standardize(x):
    """Subtract from each column of x, shape (N, C), its mean, and divide by its
    standard deviation (biased).
    """
    mean = x.mean(axis=0)  # (C,)
    variance = ((x - mean) ** 2).mean(axis=0)  # (C,)
    return (x - mean) / np.sqrt(variance)


def _standardize_by_std(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


def _features(shape, seed):
    """Skewed numbers (..., C) whose channels have means and spreads of their own, all far from 0."""
    generator = np.random.default_rng(seed)
    channels = np.arange(1, shape[-1] + 1)
    return generator.gamma(2.0, 1.0, shape) * channels + 3.0 * channels


def _standardize_probes():
    for seed, shape in enumerate(((5, 3), (4, 4), (3, 5))):
        yield dict(x=_features(shape, seed))
    yield Case("where the features hardly vary", x=0.02 * _features((6, 2), 3))


def undo(x, epsilon=1e-3):
    """The gamma and beta, each (C,), with which batch normalization of x, shape (...,
    C), gives back x.
    """
    axes = tuple(range(x.ndim - 1))
    gamma = np.sqrt(x.var(axis=axes) + epsilon)
    beta = x.mean(axis=axes)
    return gamma, beta


def _undo_probes():
    yield dict(x=_features((5, 3), 0), epsilon=0.5)
    yield dict(x=_features((2, 3, 4, 2), 1), epsilon=0.5)
    yield dict(x=0.02 * _features((3, 4, 3, 3), 2))  # variances near the default epsilon


def _axes(x):
    return tuple(range(x.ndim - 1))


def batchnorm_images(x, gamma, beta, epsilon=1e-3):
    """Batch normalization of images x, shape (N, H, W, C), with gamma and beta, each
    (C,).
    """
    mean = x.mean(axis=(0, 1, 2))
    variance = x.var(axis=(0, 1, 2))
    x_hat = (x - mean) / np.sqrt(variance + epsilon)
    return gamma * x_hat + beta


def _batchnorm_images_broken(x, gamma, beta, epsilon=1e-3):
    """Batch normalization of images x, shape (N, H, W, C), with gamma and beta, each
    (C,).
    """
    mean = x.mean(axis=0)
    variance = x.var(axis=0)
    x_hat = (x - mean) / (np.sqrt(variance) + epsilon)
    return gamma * (x_hat + beta)


def _images(x, gamma, beta, epsilon=1e-3, *, axes=(0, 1, 2), outside=False, shifted_first=False, ddof=0):
    """`batchnorm_images` with the faults that readers leave in or put in."""
    mean = x.mean(axis=axes, keepdims=True)
    variance = x.var(axis=axes, ddof=ddof, keepdims=True)
    x_hat = (x - mean) / (np.sqrt(variance) + epsilon if outside else np.sqrt(variance + epsilon))
    return gamma * (x_hat + beta) if shifted_first else gamma * x_hat + beta


def _images_probes():
    gamma, beta = np.array([0.5, 2.0, -1.5]), np.array([-1.0, 0.7, 2.0])
    yield dict(x=_features((3, 2, 2, 3), 0), gamma=gamma, beta=beta, epsilon=0.5)
    yield dict(x=_features((2, 3, 2, 3), 1), gamma=gamma[::-1].copy(), beta=beta, epsilon=0.5)
    yield dict(
        x=0.02 * _features((3, 3, 2, 2), 2), gamma=gamma[:2], beta=beta[:2]
    )  # variances near the default epsilon


def position_norm(x, gamma, beta, epsilon=1e-3):
    """Layer normalization of images x (N, H, W, C) over the channels of each position;
    gamma and beta are (C,).
    """
    mean = x.mean(axis=-1, keepdims=True)  # (N, H, W, 1)
    variance = x.var(axis=-1, keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


def _position_norm_by_std(x, gamma, beta, epsilon=1e-3):
    mean = np.mean(x, axis=3, keepdims=True)
    variance = np.mean((x - mean) ** 2, axis=3, keepdims=True)
    x_hat = (x - mean) / np.sqrt(variance + epsilon)
    return x_hat * gamma + beta


def _position_probes():
    gamma, beta = np.array([0.5, 2.0, -1.5]), np.array([-1.0, 0.7, 2.0])
    yield dict(x=_features((3, 2, 4, 3), 3), gamma=gamma, beta=beta, epsilon=0.5)
    yield dict(x=_features((1, 2, 3, 3), 4), gamma=gamma[::-1].copy(), beta=beta, epsilon=0.3)
    yield dict(x=_features((3, 3, 3, 3), 5), gamma=gamma, beta=beta[::-1].copy(), epsilon=0.5)
    yield dict(
        x=0.02 * _features((2, 3, 2, 2), 6), gamma=gamma[:2], beta=beta[:2]
    )  # variances near the default epsilon


EXERCISES = (
    Function(
        id="forward.1",
        title="Standardize by feature",
        statement="""
The warm-up: steps 1 to 3 for a dense layer, without $\\epsilon$. Write `standardize(x)` for `x` of shape `(N, C)`, so
that each *feature* comes out with mean 0 and standard deviation 1.
""",
        solution=standardize,
        probes=_standardize_probes,
        also=(_standardize_by_std,),
        hints=(
            "One row is one example, one column one feature. In NumPy, `axis` names what is averaged away.",
            "`x.mean(axis=0)` has shape `(C,)` and broadcasts against `(N, C)`.",
        ),
        explanation="`(x - x.mean(axis=0)) / x.std(axis=0)` is the same in one line: NumPy's `std` divides by $m$ "
        "unless told otherwise.",
        mistakes=(
            Mistake(
                "The mean of the squares in the place of the variance",
                "The spread is measured from the mean: subtract it before you square.",
                lambda x: (x - x.mean(axis=0)) / np.sqrt((x**2).mean(axis=0)),
            ),
            Mistake(
                "The mean absolute deviation",
                "Divide by the standard deviation: square the distances from the mean, average, take the root.",
                lambda x: (x - x.mean(axis=0)) / np.abs(x - x.mean(axis=0)).mean(axis=0),
            ),
            Mistake(
                "Statistics over the wrong axis",
                "`axis=1` averages over the features of one example: that is layer normalization. Batch normalization "
                "averages over the examples, `axis=0`.",
                lambda x: (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True),
            ),
            Mistake(
                "One mean for everything",
                "Without `axis`, NumPy averages over all features together. Each feature needs a mean and a standard "
                "deviation of its own.",
                lambda x: (x - x.mean()) / x.std(),
            ),
            Mistake(
                "Divided by the variance",
                "Divide by the standard deviation, the square root of the variance: else the result depends on the "
                "unit of measurement.",
                lambda x: (x - x.mean(axis=0)) / x.var(axis=0),
            ),
            Mistake(
                "Unbiased variance",
                "You divide by m - 1. Batch normalization describes the batch it has: divide by m.",
                lambda x: (x - x.mean(axis=0)) / x.std(axis=0, ddof=1),
            ),
            Mistake(
                "Mean not subtracted",
                "The spread is right, but the mean must be 0: subtract it before you divide.",
                lambda x: x / x.std(axis=0),
            ),
            Mistake(
                "Epsilon added",
                "No epsilon is asked for here: it makes each standard deviation a little less than 1.",
                lambda x: (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-3),
            ),
            Mistake(
                "Not divided",
                "The mean is right, but each feature keeps its own spread: divide by the standard deviation.",
                lambda x: x - x.mean(axis=0),
            ),
            Mistake(
                "Scaled to the range 0 to 1",
                "Minimum and maximum are another way of scaling. Here mean and standard deviation are wanted.",
                lambda x: (x - x.min(axis=0)) / (x.max(axis=0) - x.min(axis=0)),
            ),
        ),
    ),
    Value(
        id="forward.2",
        title="Which axes for images?",
        statement="""
A convolution puts out activations of shape `(32, 14, 14, 24)`: 32 examples, 14 by 14 positions, 24 channels. Batch
normalization follows.

How many means does it compute, how many numbers does each average, and how many parameters does the layer *learn*?
""",
        name="means_numbers_parameters",
        comment="(means, numbers in each mean, learned parameters)",
        solution_code="""
means = 24  # one a channel
numbers = 32 * 14 * 14  # over the batch and all positions
parameters = 2 * 24  # a gamma and a beta for each channel
means_numbers_parameters = (means, numbers, parameters)
""".strip(),
        hints=(
            "All positions of a channel are answers of the same filter, and share one mean.",
            "Means and variances are computed from the data. What does the layer learn?",
        ),
        explanation="In inference the layer also keeps 24 moving means and 24 moving variances, which no gradient ever "
        "touches: Keras counts them as non-trainable parameters.",
        mistakes=(
            Mistake(
                "Per pixel",
                "You give every position its own mean. All positions of a channel share one.",
                (14 * 14 * 24, 32, 2 * 14 * 14 * 24),
            ),
            Mistake(
                "Per example",
                "A mean for each example, over its positions and channels, is layer normalization.",
                (32, 14 * 14 * 24, 48),
            ),
            Mistake(
                "Per example and channel",
                "A mean for each channel of each example is instance normalization. Batch normalization averages over "
                "the examples, too.",
                (32 * 24, 14 * 14, 48),
            ),
            Mistake(
                "Moving statistics counted as learned",
                "Means and variances are measured, not learned. No gradient changes them.",
                (24, 6272, 96),
            ),
            Mistake(
                "The batch left out of the mean",
                "Each of the 24 means averages over the positions of all 32 examples, not of one.",
                (24, 196, 48),
            ),
            Mistake(
                "One mean and one pair of parameters for everything",
                "Each of the 24 channels has its own mean, its own gamma and its own beta.",
                (1, 32 * 14 * 14 * 24, 2),
            ),
            Mistake(
                "A mean for each position",
                "All positions of a channel are answers of the same filter: they share one mean.",
                (14 * 14, 32 * 24, 48),
            ),
            Mistake(
                "No parameters",
                "Gamma and beta are learned: one of each for every channel.",
                (24, 6272, 0),
            ),
            Mistake(
                "Means and variances counted together",
                "There are 24 variances as well, but asked for is the number of means.",
                (48, 6272, 48),
            ),
            Mistake(
                "One parameter a channel",
                "Each channel has a gamma and a beta: two.",
                (24, 6272, 24),
            ),
            Mistake(
                "One pair of parameters for all channels",
                "Each channel has its own gamma and its own beta.",
                (24, 6272, 2),
            ),
            Mistake(
                "Positions left out of the mean",
                "Each of the 24 means averages over 32 examples and over 14 x 14 positions of each.",
                (24, 32, 48),
            ),
        ),
    ),
    Value(
        id="forward.3",
        title="Epsilon's place",
        statement="""
A quiet feature has the variance 0.09 in this batch. For once $\\epsilon$ is large, 0.16; $\\gamma$ is 2 and $\\beta$
is 0.5. One example lies 1 above the feature's mean. What is its output?
""",
        name="output",
        solution_code="""
x_hat = 1 / np.sqrt(0.09 + 0.16)  # 1 / 0.5
output = 2 * x_hat + 0.5
""".strip(),
        hints=(
            "Add first, then take the square root.",
            "The denominator is 0.5.",
        ),
        explanation=r"Without $\epsilon$ it would be 7.17: the standard deviation, 0.3, is smaller than "
        r"$\sqrt{\epsilon} = 0.4$, so $\epsilon$ has a say.",
        mistakes=(
            Mistake(
                "The distance has the wrong sign",
                "The value lies above the mean: subtract the mean from it, not it from the mean.",
                -3.5,
            ),
            Mistake(
                "Epsilon outside the root",
                "You added epsilon to the standard deviation, 0.3. It is added to the variance, under the root.",
                2 / (0.3 + 0.16) + 0.5,
            ),
            Mistake(
                "No root",
                "You divided by variance plus epsilon. The root of that sum is what divides.",
                2 / 0.25 + 0.5,
            ),
            Mistake(
                "Epsilon forgotten",
                "You divided by the standard deviation alone. Here epsilon is larger than the variance: it counts.",
                2 / 0.3 + 0.5,
            ),
            Mistake(
                "Epsilon squared",
                "Epsilon is added to the variance as it is: it is not squared.",
                2 / (0.09 + 0.16**2) ** 0.5 + 0.5,
            ),
            Mistake(
                "Gamma and beta swapped",
                "Gamma, 2, multiplies. Beta, 0.5, is added.",
                0.5 * 2 + 2,
            ),
            Mistake(
                "Beta subtracted",
                "Beta is added.",
                3.5,
            ),
            Mistake(
                "Gamma forgotten",
                "The standardized value is scaled by gamma before beta is added.",
                2.5,
            ),
            Mistake(
                "Beta forgotten",
                "After scaling, beta is added.",
                4.0,
            ),
            Mistake(
                "Neither gamma nor beta",
                "That is the standardized value. Step 4 scales and shifts it.",
                2.0,
            ),
            Mistake(
                "Shifted before scaling",
                "Gamma multiplies the standardized value alone. Beta is added at the end.",
                5.0,
            ),
            Mistake(
                "Root of epsilon added",
                "The root of a sum is not the sum of the roots: add variance and epsilon first.",
                2 / (0.3 + 0.4) + 0.5,
            ),
            Mistake(
                "Multiplied by the root",
                "The root of variance plus epsilon divides.",
                2 * 0.5 + 0.5,
            ),
        ),
    ),
    Function(
        id="forward.4",
        title="Gamma and beta undo it",
        statement="""
For one given batch, there are $\\gamma$ and $\\beta$ with which batch normalization gives back exactly what went in.
Write `undo(x, epsilon)`, which finds them for an `x` of any shape `(..., C)`.
""",
        solution=undo,
        probes=_undo_probes,
        hints=(
            r"Solve $\gamma \, (x - \mu) / \sqrt{\sigma^2 + \epsilon} + \beta = x$ for all $x$ at once: "
            r"what must $\gamma$ cancel?",
            "`tuple(range(x.ndim - 1))` are all axes but the last.",
        ),
        explanation="The next batch has another mean and another variance, and these two stay as they are.",
        mistakes=(
            Mistake(
                "Statistics over everything",
                "Each channel has its own mean and variance: average over all axes but the last.",
                lambda x, epsilon=1e-3: (np.sqrt(x.var() + epsilon), x.mean()),
            ),
            Mistake(
                "Epsilon forgotten",
                "Gamma must cancel the whole denominator, and epsilon is part of it.",
                lambda x, epsilon=1e-3: (x.std(axis=_axes(x)), x.mean(axis=_axes(x))),
            ),
            Mistake(
                "Variance instead of its root",
                "The denominator is a square root, so gamma is that square root.",
                lambda x, epsilon=1e-3: (x.var(axis=_axes(x)) + epsilon, x.mean(axis=_axes(x))),
            ),
            Mistake(
                "Epsilon outside the root",
                "Gamma must equal the denominator of batch normalization, where epsilon stands under the root.",
                lambda x, epsilon=1e-3: (x.std(axis=_axes(x)) + epsilon, x.mean(axis=_axes(x))),
            ),
            Mistake(
                "Gamma turned over",
                "Gamma multiplies a value that was divided by the root. To cancel the division, it is the root itself.",
                lambda x, epsilon=1e-3: (1 / np.sqrt(x.var(axis=_axes(x)) + epsilon), x.mean(axis=_axes(x))),
            ),
            Mistake(
                "Beta with the wrong sign",
                "The mean was subtracted. Beta puts it back: plus the mean.",
                lambda x, epsilon=1e-3: (np.sqrt(x.var(axis=_axes(x)) + epsilon), -x.mean(axis=_axes(x))),
            ),
            Mistake(
                "Beta scaled",
                "Beta is added after gamma has multiplied. It is the mean itself, not divided by anything.",
                lambda x, epsilon=1e-3: (
                    np.sqrt(x.var(axis=_axes(x)) + epsilon),
                    x.mean(axis=_axes(x)) / np.sqrt(x.var(axis=_axes(x)) + epsilon),
                ),
            ),
            Mistake(
                "Statistics over the first axis alone",
                "For images the mean runs over the positions, too: all axes but the last.",
                lambda x, epsilon=1e-3: (np.sqrt(x.var(axis=0) + epsilon), x.mean(axis=0)),
            ),
            Mistake(
                "Gamma and beta swapped",
                "Return gamma first, then beta.",
                lambda x, epsilon=1e-3: (x.mean(axis=_axes(x)), np.sqrt(x.var(axis=_axes(x)) + epsilon)),
            ),
        ),
    ),
    Choice(
        id="forward.5",
        title="Per sample or per feature?",
        statement="""
You get a library whose `normalize(x)` takes images `(N, H, W, C)`, and its code is hidden. You want to know whether it
is batch normalization (per channel, over the batch) or layer normalization (per image). Which observation settles it?
""",
        options={
            "a": "the mean of all outputs together is 0",
            "b": "the output has the shape of the input",
            "c": "multiplying a single image by 10 leaves the output of all *other* images as it was",
            "d": "adding the same constant to every number of `x` changes nothing",
        },
        reasons={
            "a": "Both give that: if each channel, or each image, has mean 0, then so has everything together.",
            "b": "Both keep the shape. The means have different shapes, but you don't see them.",
            "c": "Layer normalization treats each image by itself. In batch normalization the loud image changes the "
            "mean and variance of every channel, and with them all other outputs.",
            "d": "Both subtract a mean that contains the constant, so it cancels either way.",
        },
        solution="c",
        name="observation",
        hints=("Which of the two lets one image influence another?",),
        explanation="Run your library on one image, then on the same image with others. That is the two-line test.",
    ),
    Function(
        id="forward.6",
        title="Mend three lines",
        statement="""
This program was put together from three articles, and each left a fault in it. It runs without an error, and its
output has the right shape. Mend it.
""",
        solution=batchnorm_images,
        broken=_batchnorm_images_broken,
        probes=_images_probes,
        hints=(
            "What is the shape of `mean`? What should it be?",
            "Where does epsilon stand? What does gamma multiply?",
        ),
        explanation="`x.mean(axis=0)` has shape `(H, W, C)`, which broadcasts just as happily as `(C,)`. Shapes that "
        "fit prove nothing.",
        mistakes=(
            Mistake(
                "Still a mean for each pixel",
                "`axis=0` averages over the examples alone. For images average over the positions, too.",
                lambda x, gamma, beta, epsilon=1e-3: _images(x, gamma, beta, epsilon, axes=0),
            ),
            Mistake(
                "Epsilon still outside the root",
                "Epsilon is added to the variance, and the root is taken of the sum.",
                lambda x, gamma, beta, epsilon=1e-3: _images(x, gamma, beta, epsilon, outside=True),
            ),
            Mistake(
                "Beta still multiplied by gamma",
                "Gamma scales the standardized value alone, and beta is added after that: mind the parentheses.",
                lambda x, gamma, beta, epsilon=1e-3: _images(x, gamma, beta, epsilon, shifted_first=True),
            ),
            Mistake(
                "Axes are right, two faults left",
                "The means are right now. Look at where epsilon stands, and at what gamma multiplies.",
                lambda x, gamma, beta, epsilon=1e-3: _images(x, gamma, beta, epsilon, outside=True, shifted_first=True),
            ),
            Mistake(
                "Epsilon is right, two faults left",
                "The root is right now. Look at the shape of the mean, and at what gamma multiplies.",
                lambda x, gamma, beta, epsilon=1e-3: _images(x, gamma, beta, epsilon, axes=0, shifted_first=True),
            ),
            Mistake(
                "Gamma and beta are right, two faults left",
                "The last line is right now. Look at the shape of the mean, and at where epsilon stands.",
                lambda x, gamma, beta, epsilon=1e-3: _images(x, gamma, beta, epsilon, axes=0, outside=True),
            ),
            Mistake(
                "A mean for each image",
                "Without the axis of the batch this is instance normalization. Average over the batch as well.",
                lambda x, gamma, beta, epsilon=1e-3: _images(x, gamma, beta, epsilon, axes=(1, 2)),
            ),
            Mistake(
                "A mean over all channels",
                "Each channel has its own mean: average over all axes but the last.",
                lambda x, gamma, beta, epsilon=1e-3: _images(x, gamma, beta, epsilon, axes=(0, 1, 2, 3)),
            ),
            Mistake(
                "Unbiased variance",
                "The three faults are gone, but now the variance divides by m - 1. Batch normalization divides by m.",
                lambda x, gamma, beta, epsilon=1e-3: _images(x, gamma, beta, epsilon, ddof=1),
            ),
        ),
    ),
    Function(
        id="forward.7",
        title="Which values share a mean?",
        statement="""
Keras's `LayerNormalization`, as it comes, averages over the last axis alone: on images `(N, H, W, C)` each *position*
of each image gets a mean and a variance, over its channels. Write `position_norm(x, gamma, beta, epsilon)`, which does
that, with `gamma` and `beta` of shape `(C,)`.
""",
        solution=position_norm,
        probes=_position_probes,
        also=(_position_norm_by_std,),
        hints=(
            "How many means are there for one image? Which shape do they have, if they are to broadcast against `x`?",
            "`x.mean(axis=-1, keepdims=True)` has the shape `(N, H, W, 1)`.",
        ),
        explanation="Nothing in it looks at another image, and nothing at another position: it works the same with one "
        "image, in training and in inference. What it gives up is the size of a position as a whole: a bright place "
        "and a "
        "dull one come out alike.",
        mistakes=(
            Mistake(
                "Batch normalization",
                "You average over examples and positions, for each channel. Here each position is averaged over its "
                "channels: `axis=-1`.",
                lambda x, gamma, beta, epsilon=1e-3: _images(x, gamma, beta, epsilon),
            ),
            Mistake(
                "A mean for each image",
                "That is layer normalization over the whole image. Keras's default averages over the last axis alone.",
                lambda x, gamma, beta, epsilon=1e-3: _images(x, gamma, beta, epsilon, axes=(1, 2, 3)),
            ),
            Mistake(
                "A mean for each channel of an image",
                "That is instance normalization: it averages over the positions. Average over the channels.",
                lambda x, gamma, beta, epsilon=1e-3: _images(x, gamma, beta, epsilon, axes=(1, 2)),
            ),
            Mistake(
                "Epsilon outside the root",
                "Epsilon is added to the variance, under the root, as in batch normalization.",
                lambda x, gamma, beta, epsilon=1e-3: _images(x, gamma, beta, epsilon, axes=-1, outside=True),
            ),
            Mistake(
                "Unbiased variance",
                "Layer normalization divides by the number of channels, not by one less.",
                lambda x, gamma, beta, epsilon=1e-3: _images(x, gamma, beta, epsilon, axes=-1, ddof=1),
            ),
        ),
    ),
)
