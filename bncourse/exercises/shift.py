"""Exercises of chapter `shift`: where the shift comes from, how it is measured, what an experiment says."""

import numpy as np

from bncourse.exercises import Choice, Function, Mistake, Value

_LEVELS = (15, 50, 85)


def channel_percentiles(values):
    """The 15th, 50th and 85th percentile of each channel
    of values (N, H, W, C): (3, C).
    """
    return np.percentile(values, (15, 50, 85), axis=(0, 1, 2))


def _channel_percentiles_broken(values):
    """The 15th, 50th and 85th percentile of each channel
    of values (N, H, W, C): (3, C).
    """
    return np.percentile(values, (15, 50, 85), axis=0)


def _values(generator, shape):
    """Channels of different place, size and skew; images and positions that differ."""
    channels = shape[-1]
    x = generator.standard_normal(shape) * np.linspace(0.5, 3, channels) + 4 * np.arange(channels)
    return x + np.exp(generator.standard_normal(shape)) + 2 * generator.standard_normal((shape[0], 1, 1, 1))


def _percentile_probes():
    generator = np.random.default_rng(5)
    for shape in ((6, 3, 4, 2), (5, 2, 3, 3), (3, 3, 3, 3)):
        yield dict(values=_values(generator, shape))


def drift(before, after):
    """How far the distribution of a pre-activation moved, in standard deviations;
    before and after are (values,).
    """
    levels = np.arange(5, 100, 5)
    moved = np.abs(np.percentile(after, levels) - np.percentile(before, levels))
    return moved.mean() / before.std()


def _drift_with(before, after, measure):
    """A drift made of the percentiles' differences by `measure`."""
    levels = np.arange(5, 100, 5)
    return measure(np.percentile(after, levels) - np.percentile(before, levels))


def _drift_probes():
    generator = np.random.default_rng(6)
    z = generator.standard_normal(41)
    yield dict(before=3 + 2.5 * z, after=4 + 4 * generator.standard_normal(41))
    yield dict(before=z, after=0.1 + 3 * z)  # wider: the lower percentiles move down, the upper ones up
    yield dict(before=-2 + 0.4 * z, after=-2.5 + 0.3 * generator.standard_normal(57))


EXERCISES = (
    Choice(
        id="shift.1",
        title="Where does it come from?",
        statement="""
During one step of gradient descent, the distribution of the inputs of layer 5 changes. What makes it change?
""",
        options={
            "a": "Layer 5 shares its weights with layers 1 to 4, and they are updated.",
            "b": "The weights of layer 5 are updated.",
            "c": "The weights of layers 1 to 4 are updated, and the inputs of layer 5 are computed through them.",
            "d": "The next batch has other images.",
        },
        reasons={
            "a": "No two layers share weights. Within a convolution, places share them; that is another matter.",
            "b": "They change what layer 5 gives, not what it gets.",
            "c": "Each layer moves by its own step, and layer 5 sees the sum of it all.",
            "d": "Other images give other inputs, drawn from the same distribution, as long as no weight changes.",
        },
        solution="c",
        name="cause",
        hints=("Follow the inputs of layer 5 back to the image. Which weights do they pass?",),
    ),
    Value(
        id="shift.2",
        title="Small changes multiply",
        statement="""
A ReLU network without biases is scaled as its layers are: if the weights of one layer grow by 5%, so do its outputs. In
one step the weights of *every* layer grow by 5%.

By which factor do the inputs of layer 16 grow? (The images, the inputs of layer 1, stay as they are. Give
three digits.)
""",
        name="factor",
        comment="new size divided by old size",
        solution_code="factor = 1.05**15  # fifteen layers lie below layer 16",
        hints=(
            "By which factor do the inputs of layer 2 grow? And those of layer 3?",
            "How many layers do the images pass before they reach layer 16?",
        ),
        explanation="2.08: five percent a layer are a doubling at layer 16. "
        "A change that all layers share multiplies on its way up.",
        mistakes=(
            Mistake(
                "Added instead of multiplied",
                "Each layer multiplies what the one below hands up: 1.05 times 1.05, and so on.",
                1 + 0.05 * 15,
            ),
            Mistake(
                "One layer too many",
                "The inputs of layer 16 have passed 15 layers. The weights of layer 16 act on its outputs.",
                1.05**16,
            ),
            Mistake(
                "One layer too few", "The inputs of layer 2 have passed one layer, so those of layer 16 …", 1.05**14
            ),
            Mistake(
                "One layer alone", "That is the change of layer 2. Every further layer multiplies by 1.05 again.", 1.05
            ),
            Mistake("The growth alone", "That is by how much they grow. The factor is one more.", 1.05**15 - 1),
            Mistake(
                "The growth in percent",
                "Asked for is the factor, new size divided by old size.",
                100 * (1.05**15 - 1),
            ),
            Mistake(
                "Added instead of multiplied, and one layer too many",
                "Each layer multiplies what the one below hands up, and fifteen layers lie below layer 16.",
                1.8,
            ),
        ),
        tolerance=5e-3,
    ),
    Function(
        id="shift.3",
        title="Percentiles of a channel",
        statement="""
The function should give the percentiles of a convolution's outputs, three for each *channel*: images and positions are
what the distribution is taken over. It runs, and what it returns has the wrong shape. Mend it.
""",
        solution=channel_percentiles,
        broken=_channel_percentiles_broken,
        probes=_percentile_probes,
        hints=(
            "Which shape comes out, and which should?",
            "Which axes does a channel's distribution extend over? `axis` may be a tuple.",
        ),
        explanation="A channel is one unit, whose value is read at every place. Batch normalization will take its mean "
        "and variance over the same three axes.",
        mistakes=(
            Mistake(
                "Over the images alone",
                "Each position has its own percentiles now. A channel has one distribution for all positions.",
                lambda values: _channel_percentiles_broken(values),
            ),
            Mistake(
                "Over the positions alone",
                "Each image has its own percentiles now. The distribution is over images, too.",
                lambda values: np.percentile(values, _LEVELS, axis=(1, 2)),
            ),
            Mistake(
                "Over everything",
                "The channels are mixed: they are different units, with distributions of their own.",
                lambda values: np.percentile(values, _LEVELS),
            ),
            Mistake(
                "Means of percentiles",
                "The mean of each position's percentiles is not the percentile of all values.",
                lambda values: np.percentile(values, _LEVELS, axis=0).mean(axis=(1, 2)),
            ),
            Mistake(
                "Channels mixed by reshape",
                "`reshape` keeps the order of the numbers: put the channels last, `reshape(-1, C)`, not first.",
                lambda values: np.percentile(values.reshape(values.shape[-1], -1), _LEVELS, axis=1),
            ),
            Mistake(
                "Transposed",
                "Asked for is (3, C): one row a percentile, one column a channel.",
                lambda values: np.percentile(values, _LEVELS, axis=(0, 1, 2)).T,
            ),
        ),
    ),
    Function(
        id="shift.4",
        title="Measure the drift",
        statement="""
Write the drift of one unit's pre-activation between two looks: the mean distance between the percentiles of `before`
and those of `after` (the 5th, 10th, … 95th), in standard deviations of `before`.
""",
        solution=drift,
        probes=_drift_probes,
        hints=(
            "`np.percentile(before, levels)` takes all levels at once.",
            "A distance has no sign: percentiles that move down must not make up for others that move up.",
            "The unit of measure is what it was before the step: `before.std()`.",
        ),
        explanation="Dividing by the standard deviation makes units comparable: a move by 0.1 is nothing for an input "
        "that ranges over 10, and everything for one that ranges over 0.1.",
        mistakes=(
            Mistake(
                "Signs kept",
                "Where a distribution gets wider, its percentiles move in both directions and cancel: take `np.abs`.",
                lambda before, after: _drift_with(before, after, np.mean) / before.std(),
            ),
            Mistake(
                "Absolute value of the mean",
                "Take the absolute value of each difference first, then the mean.",
                lambda before, after: abs(_drift_with(before, after, np.mean)) / before.std(),
            ),
            Mistake(
                "Means alone",
                "The means may stay where they are while the distribution gets twice as wide: compare percentiles.",
                lambda before, after: abs(after.mean() - before.mean()) / before.std(),
            ),
            Mistake(
                "Not in standard deviations",
                "Divide by the standard deviation, or a unit with large inputs seems to drift more.",
                lambda before, after: _drift_with(before, after, lambda d: np.abs(d).mean()),
            ),
            Mistake(
                "Divided by the variance",
                "The variance has the unit of the input squared: divide by its root, `before.std()`.",
                lambda before, after: _drift_with(before, after, lambda d: np.abs(d).mean()) / before.var(),
            ),
            Mistake(
                "Measured by what it has become",
                "The measure is the standard deviation before: `before.std()`.",
                lambda before, after: _drift_with(before, after, lambda d: np.abs(d).mean()) / after.std(),
            ),
            Mistake(
                "Root mean square of the distances",
                "Asked for is the mean of the distances themselves: no square, no root.",
                lambda before, after: _drift_with(before, after, lambda d: np.sqrt((d**2).mean())) / before.std(),
            ),
            Mistake(
                "Measured by both together",
                "The measure is the standard deviation of `before` alone.",
                lambda before, after: (
                    _drift_with(before, after, lambda d: np.abs(d).mean()) / np.concatenate([before, after]).std()
                ),
            ),
            Mistake(
                "Values compared one by one",
                "The two looks hold other values in another order: compare their percentiles.",
                lambda before, after: np.abs(after[: len(before)] - before[: len(after)]).mean() / before.std(),
            ),
            Mistake(
                "Largest instead of mean distance",
                "That is the percentile that moved most. Asked for is the mean over all of them.",
                lambda before, after: _drift_with(before, after, lambda d: np.abs(d).max()) / before.std(),
            ),
        ),
    ),
    Choice(
        id="shift.5",
        title="What does the noise show?",
        statement="""
A network with batch norm gets random shifts and scales behind every normalization. Its inputs now drift several times
as much as before, and it learns about as well. What follows?
""",
        options={
            "a": "Batch norm does not reduce the drift.",
            "b": "Batch norm can help even where it does not keep distributions still.",
            "c": "Drift is good for training.",
            "d": "Internal covariate shift never harms any network.",
        },
        reasons={
            "a": "It does: without the noise, drift at the nonlinearity is small. The noise put it back.",
            "b": "The benefit stayed when the stillness was gone. That is shown for this network and this noise; in "
            "others such noise does harm, with batch norm too.",
            "c": "It learned about as well with more drift, not better.",
            "d": "One network, one kind of noise: that says what is not necessary here, not what holds everywhere.",
        },
        solution="b",
        name="conclusion",
        hints=("What was taken away, and what stayed?", "How far does one experiment on one network reach?"),
    ),
    Value(
        id="shift.6",
        title="Does the shape survive?",
        statement=r"""
A unit gives 0, 0, 0 and 4 for four images. Its distribution is skewed: the mean of the third powers of the distances
from the mean, divided by the third power of the standard deviation (the *skewness*), is not 0, as it would be for a
symmetric one.

Now the mean of the four numbers is subtracted, and they are divided by their standard deviation. How large is the
skewness before, and how large after?
""",
        name="skewness",
        comment="(before, after)",
        solution_code="""
x = np.array([0, 0, 0, 4])
before = ((x - x.mean()) ** 3).mean() / x.std() ** 3  # 6 / 3**1.5
y = (x - x.mean()) / x.std()  # mean 0, standard deviation 1
after = (y**3).mean()
skewness = (before, after)
""".strip(),
        hints=(
            "The mean is 1, the variance is 3. The distances are -1, -1, -1 and 3.",
            "Subtracting moves all numbers alike, dividing scales all distances alike. Which of the two could make the "
            "long tail shorter than the short one?",
        ),
        explanation="1.15, both times. Standardizing sets mean and variance, and nothing else: a skewed distribution "
        "stays "
        "skewed, one with two peaks keeps both. It does not make anything normal in the sense of Gauss.",
        mistakes=(
            Mistake(
                "Taken for a normal distribution",
                "Mean 0 and variance 1 do not make a distribution normal: its shape stays what it was.",
                (6 / 3**1.5, 0),
            ),
            Mistake(
                "Scaled like the numbers",
                "The skewness has no unit: the standard deviation is divided out already, so scaling does not change "
                "it.",
                (6 / 3**1.5, 6 / 3**1.5 / 3**0.5),
            ),
            Mistake(
                "Not divided by the standard deviation",
                "6 is the mean of the third powers. Divide it by the third power of the standard deviation.",
                (6, 6 / 3**1.5),
            ),
            Mistake(
                "Divided by m - 1",
                "The standard deviation is that of these four numbers: divide by 4, not by 3.",
                (6 / 4**1.5, 6 / 4**1.5),
            ),
            Mistake(
                "Divided by the third power of the variance",
                "It is the third power of the standard deviation, the root of 3, that divides.",
                (6 / 27, 6 / 27),
            ),
            Mistake(
                "Powers of the numbers themselves",
                "Take the distances from the mean, -1, -1, -1 and 3, before you raise them to the third power.",
                (16 / 3**1.5, 16 / 3**1.5),
            ),
            Mistake(
                "Divided by the variance",
                "The mean of the third powers is divided by the third power of the standard deviation, the root of 3.",
                (2, 2),
            ),
        ),
    ),
)
