"""Exercises of chapter `speed`: passes, bytes, sums in one reading, and what a benchmark must not do."""

import numpy as np

from bncourse.exercises import Choice, Function, Mistake, Value


def moments_of_sums(total, squares, center, m):
    """Mean and variance (C,) of m numbers a channel.

    From the sums (C,) of x - center and of (x - center)**2.
    """
    offset = total / m
    return center + offset, squares / m - offset**2


def _sums_probes():
    generator = np.random.default_rng(1)
    for m, channels in ((7, 3), (4, 5), (9, 2)):
        x = generator.normal(2, 1.5, (m, channels)) + np.arange(channels)
        center = x.mean(axis=0) + generator.uniform(0.6, 1.2, channels)
        yield dict(total=(x - center).sum(axis=0), squares=((x - center) ** 2).sum(axis=0), center=center, m=m)


def slowdown(ours, theirs):
    """How many times as long ours takes as theirs, seconds (rounds,) each.

    The median over all rounds but the first.
    """
    return np.median(ours[1:] / theirs[1:])


def _slowdown_broken(ours, theirs):
    """How many times as long ours takes as theirs, seconds (rounds,) each.

    The median over all rounds but the first.
    """
    return np.mean(ours) / np.mean(theirs)


def _slowdown_probes():
    yield dict(ours=np.array([0.9, 0.2, 0.6, 0.22, 0.9]), theirs=np.array([5.0, 0.1, 0.5, 0.1, 0.2]))
    yield dict(ours=np.array([3.0, 0.5, 0.4, 2.0, 0.3]), theirs=np.array([0.3, 0.2, 0.5, 1.6, 0.1]))
    yield dict(ours=np.array([0.1, 0.7, 0.9, 0.2, 0.5, 0.4]), theirs=np.array([0.2, 0.1, 0.5, 0.6, 0.3, 0.9]))


def biased(variance, shape):
    """The batch's variance (C,), from what the kernel gives for an input of this
    shape (N, H, W, C).
    """
    m = shape[0] * shape[1] * shape[2]
    return variance * (m - 1) / m


def _factor(variance, m):
    return variance * (m - 1) / m


def _variance_probes():
    yield dict(variance=np.array([2.0, 0.5, 7.0]), shape=(2, 1, 3, 3))
    yield dict(variance=np.array([1.5, 4.0]), shape=(3, 2, 1, 2))
    yield dict(variance=np.array([9.0, 3.0, 1.0, 5.0, 2.0]), shape=(2, 2, 1, 5))


BYTES = 128 * 32 * 32 * 64 * 4
MILLISECONDS = 8 * BYTES / 20e9 * 1e3

EXERCISES = (
    Value(
        id="speed.1",
        title="Count the passes",
        statement="""
The array `x` of shape (m, C) is much larger than any cache.

```python
mean = x.sum(axis=0) / m
d = x - mean
variance = np.square(d).sum(axis=0) / m
x_hat = d / np.sqrt(variance + epsilon)
y = gamma * x_hat + beta
```

How often does NumPy read an array of the size of `x` from memory, and how often does it write one? What has only C
numbers doesn't count.
""",
        name="reads_and_writes",
        comment="(reads, writes)",
        solution_code="""
# line by line: square and sum are two operations, so are gamma * and + beta
reads = 1 + 1 + (1 + 1) + 1 + (1 + 1)
writes = 0 + 1 + 1 + 1 + (1 + 1)
reads_and_writes = (reads, writes)
""".strip(),
        hints=(
            "Go operation by operation, not line by line: NumPy finishes each before it begins the next.",
            "`np.square(d)` is an array of its own, written and read again; so is `gamma * x_hat`.",
        ),
        explanation="Twelve passes, where three would do: two readings of x and one writing of y.",
        mistakes=(
            Mistake(
                "An intermediate array forgotten",
                "One array is missing: both `np.square(d)` and `gamma * x_hat` are written, and read again.",
                (6, 4),
            ),
            Mistake(
                "Both intermediate arrays forgotten",
                "A line with two operations makes an array between them: `np.square(d)`, and `gamma * x_hat`.",
                (5, 3),
            ),
            Mistake(
                "What would be enough",
                "That is how few passes there could be. Count what these five lines do.",
                (2, 1),
            ),
            Mistake(
                "Only y is written",
                "Each operation writes its result to memory, whether it has a name or not.",
                (7, 1),
            ),
            Mistake("The other way round", "Reads come first in the answer, then writes.", (5, 7)),
            Mistake(
                "One reading a line",
                "A line may hold several operations, and each of them reads its array.",
                (5, 5),
            ),
        ),
    ),
    Value(
        id="speed.2",
        title="The floor in milliseconds",
        statement="""
The input has shape (128, 32, 32, 64). Forward and backward together take at least eight passes over an array of this
size, and the memory moves 20 GB/s ($20 \\cdot 10^9$ bytes a second, readings and writings together). How many
milliseconds is that at least, in float32, and how many in float16?
""",
        name="milliseconds",
        comment="(in float32, in float16)",
        solution_code="""
size = 128 * 32 * 32 * 64 * 4  # bytes of one pass in float32
milliseconds = (8 * size / 20e9 * 1e3, 8 * size / 2 / 20e9 * 1e3)
""".strip(),
        hints=(
            "How many bytes does a float32 have?",
            "One pass is 33.6 million bytes.",
        ),
        explanation="13.4 and 6.7. Half the bytes, half the time: where memory is the limit, that is all that half "
        "precision brings, and it is much.",
        mistakes=(
            Mistake(
                "Numbers taken for bytes",
                "A float32 has 4 bytes, a float16 has 2.",
                (MILLISECONDS / 4, MILLISECONDS / 4),
            ),
            Mistake("One pass", "There are eight passes.", (MILLISECONDS / 8, MILLISECONDS / 16)),
            Mistake(
                "The forward pass alone",
                "Three of the eight passes are the forward pass. Count the backward pass, too.",
                (MILLISECONDS * 3 / 8, MILLISECONDS * 3 / 16),
            ),
            Mistake("Seconds", "Those are seconds: multiply by 1,000.", (MILLISECONDS / 1e3, MILLISECONDS / 2e3)),
            Mistake(
                "No gain from float16",
                "A float16 has half the bytes of a float32.",
                (MILLISECONDS, MILLISECONDS),
            ),
            Mistake("Bits", "20 GB/s are bytes, not bits.", (MILLISECONDS * 8, MILLISECONDS * 4)),
        ),
    ),
    Function(
        id="speed.3",
        title="Both statistics from one reading",
        statement="""
One reading of an array gave two sums for each channel: of $x - c$ and of $(x - c)^2$, where the center $c$ is any
number near the mean. Write the function that makes the mean and the (biased) variance of them.
""",
        solution=moments_of_sums,
        probes=_sums_probes,
        hints=(
            "The mean of x - c is the mean of x, less c.",
            "A variance doesn't change when a number is subtracted from all x.",
        ),
        explanation="With c = 0 it is the E[x²] - E[x]² that loses its digits where the mean is large. With c near the "
        "mean it loses none.",
        mistakes=(
            Mistake(
                "The center forgotten in the mean",
                "The sum is of x - center: its mean is by center too small.",
                lambda total, squares, center, m: (total / m, squares / m - (total / m) ** 2),
            ),
            Mistake(
                "The square of the whole mean",
                "Both terms of the variance have to be around the same center: subtract the square of total / m.",
                lambda total, squares, center, m: (center + total / m, squares / m - (center + total / m) ** 2),
            ),
            Mistake(
                "As if the center were the mean",
                "The center is only near the mean: the square of what is missing has to be subtracted.",
                lambda total, squares, center, m: (center + total / m, squares / m),
            ),
            Mistake(
                "Divided by m - 1",
                "Batch normalization's variance is biased: divide by m.",
                lambda total, squares, center, m: (center + total / m, (squares - total**2 / m) / (m - 1)),
            ),
            Mistake(
                "The center with the wrong sign",
                "x is center plus the deviation.",
                lambda total, squares, center, m: (total / m - center, squares / m - (total / m) ** 2),
            ),
        ),
    ),
    Function(
        id="speed.4",
        title="Mend the benchmark",
        statement="""
Two functions took turns, and each round's seconds were written down. The first round compiled and allocated. The
machine was busy in some rounds, in which both were slow. The report should give the median, over all rounds but the
first, of how many times as long `ours` took as `theirs` *in the same round*. Mend it.
""",
        solution=slowdown,
        broken=_slowdown_broken,
        probes=_slowdown_probes,
        hints=(
            "Which rounds count?",
            "First divide, round by round, then take the median.",
        ),
        explanation="A mean belongs to the slowest round. And only what ran at the same time met the same load.",
        mistakes=(
            Mistake(
                "The first round counts",
                "The first round compiles and allocates: leave it out.",
                lambda ours, theirs: np.median(ours / theirs),
            ),
            Mistake(
                "The last round left out",
                "`[:-1]` leaves out the last round. The first one compiles and allocates: `[1:]`.",
                lambda ours, theirs: np.median(ours[:-1] / theirs[:-1]),
            ),
            Mistake(
                "Medians divided",
                "The two medians may come from different rounds, with different loads. Divide within each round.",
                lambda ours, theirs: np.median(ours[1:]) / np.median(theirs[1:]),
            ),
            Mistake(
                "The mean of the ratios",
                "One unlucky round moves a mean as far as it likes: take the median.",
                lambda ours, theirs: np.mean(ours[1:] / theirs[1:]),
            ),
            Mistake(
                "Means divided",
                "Means belong to the slowest rounds. Divide within each round, and take the median.",
                lambda ours, theirs: np.mean(ours[1:]) / np.mean(theirs[1:]),
            ),
            Mistake(
                "The other way round",
                "That is how many times as long theirs takes.",
                lambda ours, theirs: np.median(theirs[1:] / ours[1:]),
            ),
            Mistake(
                "The best of each",
                "The best times may come from different rounds. Divide within each round, and take the median.",
                lambda ours, theirs: np.min(ours[1:]) / np.min(theirs[1:]),
            ),
        ),
    ),
    Function(
        id="speed.5",
        title="The kernel's variance",
        statement="""
TensorFlow's fused kernel gives the variance times $m / (m - 1)$, where $m$ is how many numbers each channel has.
Keras's moving variance is without this factor. Write the function that takes it out again.
""",
        solution=biased,
        probes=_variance_probes,
        hints=(
            "Over which axes is a channel's variance taken?",
            "m is N times H times W. Multiply by (m - 1) / m.",
        ),
        explanation="With 32 images of 32 x 32 pixels nobody would notice. In a dense layer with a batch of 8 it is "
        "14%.",
        mistakes=(
            Mistake(
                "Images counted instead of positions",
                "Each position of each image is one of the m numbers of a channel.",
                lambda variance, shape: _factor(variance, shape[0]),
            ),
            Mistake(
                "Channels counted as well",
                "A variance belongs to one channel: m is N times H times W.",
                lambda variance, shape: _factor(variance, np.prod(shape)),
            ),
            Mistake(
                "Pixels of one image",
                "The variance is over the whole batch: multiply by the number of images, too.",
                lambda variance, shape: _factor(variance, shape[1] * shape[2]),
            ),
            Mistake(
                "The factor once more",
                "The kernel has multiplied by m / (m - 1) already: divide by it.",
                lambda variance, shape: variance / _factor(1.0, shape[0] * shape[1] * shape[2]),
            ),
            Mistake(
                "The factor left in",
                "That is the kernel's variance as it is.",
                lambda variance, shape: variance * 1.0,
            ),
        ),
    ),
    Choice(
        id="speed.6",
        title="A faster processor",
        statement="""
A processor does at most 500 billion operations a second, and its memory moves 20 GB/s. A convolution does 50 operations
for each byte that it moves, batch normalization about half an operation. Now a processor comes that does 1,000 billion
operations a second, with the same memory. What becomes faster?
""",
        options={
            "a": "Both, twice as fast.",
            "b": "The convolution, twice as fast; batch normalization stays.",
            "c": "Batch normalization, twice as fast; the convolution stays.",
            "d": "Neither, since the memory is the same.",
        },
        reasons={
            "a": "Batch normalization waits for memory, before and after: 20 GB/s times half an operation a byte is 10 "
            "billion operations a second.",
            "b": "20 GB/s times 50 are 1,000 billion operations a second, which the convolution can use up. Batch "
            "normalization waits for memory, and its share of the time grows.",
            "c": "It is the convolution that arithmetic holds up: 50 operations a byte are more than 500 / 20.",
            "d": "The convolution has more operations a byte than 500 / 20 = 25, so arithmetic was what held it up.",
        },
        solution="b",
        name="what_becomes_faster",
        hints=("For each: what does memory allow (bytes a second times operations a byte), and what does arithmetic?",),
    ),
)
