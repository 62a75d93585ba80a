"""Exercises of chapter `landscape`: units in which a loss is smooth, pictures of it, and arms that are missing."""

import numpy as np

from bncourse.exercises import Choice, Function, Mistake, Value


def filter_normalized(direction, kernel):
    """The direction with each filter as long as the kernel's.

    Both have shape (height, width, inputs, F).
    """
    wanted = (kernel**2).sum(axis=(0, 1, 2))  # (F,)
    return direction * np.sqrt(wanted / (direction**2).sum(axis=(0, 1, 2)))


def _filter_normalized_broken(direction, kernel):
    """The direction with each filter as long as the kernel's.

    Both have shape (height, width, inputs, F).
    """
    return direction * np.sqrt((kernel**2).sum() / (direction**2).sum())


def _over(direction, kernel, axes):
    """Normalized over other axes."""
    squares = [(values**2).sum(axis=axes, keepdims=True) for values in (kernel, direction)]
    return direction * np.sqrt(squares[0] / squares[1])


def _direction_probes():
    generator = np.random.default_rng(11)
    for shape in ((3, 2, 2, 4), (2, 3, 3, 3), (1, 2, 4, 2)):
        yield dict(
            direction=generator.normal(0.3, 1, shape) * np.linspace(0.5, 2, shape[-1]),
            kernel=generator.normal(0.5, 1, shape) * np.linspace(3, 1, shape[-1]),
        )


def smoothness(gradient, later, rates):
    """The most that the gradient changes per distance moved, on the line along it.

    gradient (P,) is the gradient at the weights, later (K, P) the gradients after
    steps with the learning rates (K,).
    """
    changed = np.linalg.norm(later - gradient, axis=1)
    moved = rates * np.linalg.norm(gradient)
    return (changed / moved).max()


def _smoothness_parts(gradient, later, rates):
    """How much each gradient has changed, and how far the weights have moved."""
    return np.linalg.norm(later - gradient, axis=1), rates * np.linalg.norm(gradient)


def _between_neighbors(gradient, later, rates, distances):
    changed = np.diff(np.vstack([gradient, later]), axis=0)
    return (np.linalg.norm(changed, axis=1) / (distances * np.linalg.norm(gradient))).max()


def _smoothness_probes():
    generator = np.random.default_rng(12)
    for weights, rates, sizes in (
        (5, (0.1, 0.7, 2.0), (1, 12, 3)),  # neither the first point nor the last has the largest change
        (3, (0.3, 0.5, 0.9), (3, 4, 1)),
        (4, (0.2, 0.4, 1.1, 3.0), (1, 2, 7, 1)),
    ):
        rates, sizes = np.array(rates), np.array(sizes)[:, None]
        gradient = generator.normal(1, 1.5, weights)
        changes = generator.normal(0.4, 1, (len(rates), weights)) * sizes
        yield dict(gradient=gradient, later=gradient + 2 * changes, rates=rates)


def disturb(x, scale, shift):
    """Each channel of x (N, C) scaled about its mean and shifted by a multiple of
    its standard deviation.

    scale and shift are (C,): 1 and 0 leave a channel as it is.
    """
    mean, std = x.mean(axis=0), x.std(axis=0)
    return mean + scale * (x - mean) + shift * std


def _disturb_probes():
    generator = np.random.default_rng(13)
    for count, channels in ((6, 3), (4, 4), (9, 2)):
        sizes = np.linspace(0.2, 5, channels)
        yield dict(
            x=generator.normal(3, 1, (count, channels)) * sizes,
            scale=generator.uniform(0.4, 1.7, channels),
            shift=generator.choice([-1, 1], channels) * generator.uniform(0.3, 1.2, channels),
        )


EXERCISES = (
    Choice(
        id="landscape.1",
        title="Twenty-five times as smooth",
        statement=r"""
Two colleagues compare networks with batch norm. On the same batch both have the same loss, yet along the gradient the
first one's gradient changes 25 times as fast per distance moved. It turns out that the second network is a copy of the
first, and that somebody has multiplied all kernels in front of a normalization by 5 (and moves these kernels alone;
$\epsilon = 0$). What follows?
""",
        options={
            "a": "The copy is the better one to train: its loss is smoother, so it bears larger steps.",
            "b": "One of the two measurements is wrong: networks that compute the same have the same smoothness.",
            "c": "The copy bears a learning rate 25 times as high, and with it takes the same steps as the first.",
            "d": "The copy bears a learning rate 5 times as high, and with it takes the same steps as the first.",
        },
        reasons={
            "a": "It bears larger steps, and needs them: with the learning rate that suits it, it turns as the first "
            "one does, loss by loss. Nothing was gained.",
            "b": "The function is the same, but distances in the space of the weights are not: each is 5 times as "
            "long in the copy.",
            "c": "Gradients are a fifth as long, distances 5 times as long: what counts is the rate over the squared "
            "length.",
            "d": "A step of 5 times the length is needed, from a gradient a fifth as long: that is another factor 5.",
        },
        solution="c",
        name="smooth_copy",
        hints=(
            "By how much does the gradient shrink when the kernels grow by 5?",
            "How long has a step to be, to turn weights that are 5 times as long by the same angle?",
        ),
    ),
    Value(
        id="landscape.2",
        title="The same step, in another unit",
        statement=r"""
All kernels of a network are followed by batch norm ($\epsilon = 0$), and only they are moved. The gradient has
length 6, and with a learning rate of 0.1 a step promises a decrease of $\eta \lVert g \rVert^2$ nats. Now the kernels
are multiplied by 3.

How long is the gradient now? Which learning rate leads to the same function as the step before? And which decrease does
that step promise?
""",
        name="gradient_rate_and_promise",
        comment="(gradient's length, learning rate, promised decrease)",
        solution_code="""
length = 6 / 3
rate = 0.1 * 3**2
gradient_rate_and_promise = (length, rate, rate * length**2)
""".strip(),
        hints=(
            "Weights that are 3 times as long have a gradient that is a third as long.",
            "The step has to be 3 times as long as before, for the same angle.",
        ),
        explanation="The promise is 3.6 nats before and after: it does not see a factor that all weights have in "
        "common. The length of the gradient and the learning rate do. (With factors that differ from layer to layer "
        "the step would take another path, and the promise would be another one.)",
        mistakes=(
            Mistake(
                "The gradient stays",
                "The loss changes as before, over a distance 3 times as long: its slope is a third.",
                (6, 0.1, 3.6),
            ),
            Mistake(
                "The gradient grows",
                "Longer weights have a shorter gradient: the same change of the loss takes a longer way.",
                (18, 0.9, 3.6),
            ),
            Mistake(
                "The rate grows with the length alone",
                "A rate of 0.3 gives a step as long as before. It has to be 3 times as long.",
                (2, 0.3, 1.2),
            ),
            Mistake(
                "The rate stays",
                "With the old rate the step is a third as long, and turns weights that are 3 times as long by a ninth.",
                (2, 0.1, 0.4),
            ),
            Mistake(
                "The rate falls",
                "A shorter gradient on longer weights asks for a larger rate.",
                (2, 0.1 / 9, 0.4 / 9),
            ),
            Mistake(
                "The gradient not squared",
                "The promise is the rate times the square of the gradient's length.",
                (2, 0.9, 1.8),
            ),
            Mistake(
                "The promise of the old rate",
                "0.4 is 0.1 times the square of 2. The step is taken with the rate of now, which is 9 times as high.",
                (2, 0.9, 0.4),
            ),
            Mistake(
                "The old gradient in the promise",
                "The step is taken along the gradient of now, which is a third as long.",
                (2, 0.9, 32.4),
            ),
            Mistake(
                "The old gradient",
                "The loss changes as before, over a distance 3 times as long: its slope is a third.",
                (6, 0.9, 32.4),
            ),
        ),
    ),
    Function(
        id="landscape.3",
        title="Mend the picture's direction",
        statement="""
For a picture of the loss, a random direction is to be scaled so that each filter is as long as the network's own. The
function runs, and the picture of a network with batch norm changes when one filter alone is made longer. Mend it.
""",
        solution=filter_normalized,
        broken=_filter_normalized_broken,
        probes=_direction_probes,
        hints=(
            "Of what is the length equal to the kernel's, as the function stands?",
            "The filters stand along the last axis. Sum the squares over the other three.",
        ),
        explanation="Behind a normalization each filter has a length that does not count, so each needs a scale of its "
        "own.",
        mistakes=(
            Mistake(
                "Scaled the wrong way round",
                "Divide by the direction's own length, and multiply by the kernel's.",
                lambda direction, kernel: (
                    direction * np.sqrt((direction**2).sum(axis=(0, 1, 2)) / (kernel**2).sum(axis=(0, 1, 2)))
                ),
            ),
            Mistake(
                "Length 1",
                "Each filter of the direction has length 1 now. It should have the length of the kernel's filter.",
                lambda direction, kernel: direction / np.sqrt((direction**2).sum(axis=(0, 1, 2))),
            ),
            Mistake(
                "Not divided by its own length",
                "A random filter has a length of its own: divide it out first.",
                lambda direction, kernel: direction * np.sqrt((kernel**2).sum(axis=(0, 1, 2))),
            ),
            Mistake(
                "Squared lengths",
                "The ratio of the sums of squares is the square of the ratio of lengths: take the root.",
                lambda direction, kernel: (
                    direction * (kernel**2).sum(axis=(0, 1, 2)) / (direction**2).sum(axis=(0, 1, 2))
                ),
            ),
            Mistake(
                "One scale for each input channel",
                "A filter extends over all input channels: sum over the axes 0, 1 and 2.",
                lambda direction, kernel: _over(direction, kernel, (0, 1, 3)),
            ),
            Mistake(
                "One scale for each input channel of a filter",
                "A filter extends over all input channels: axis 2 belongs to the sum as well.",
                lambda direction, kernel: _over(direction, kernel, (0, 1)),
            ),
            Mistake(
                "Filters looked for along the first axis",
                "The filters stand along the last axis: sum over the axes 0, 1 and 2.",
                lambda direction, kernel: _over(direction, kernel, (1, 2, 3)),
            ),
            Mistake(
                "Summed over the filters",
                "The filters stand along the last axis, and each has a length of its own: sum over the other three.",
                lambda direction, kernel: _over(direction, kernel, 3),
            ),
        ),
    ),
    Function(
        id="landscape.4",
        title="Effective smoothness",
        statement=r"""
Write the effective smoothness: the largest change of the gradient per distance moved, over all points of the line along
it. A step with learning rate $\eta$ moves the weights by $\eta \lVert g \rVert$.
""",
        solution=smoothness,
        probes=_smoothness_probes,
        hints=(
            "`np.linalg.norm(later - gradient, axis=1)` has one length a point.",
            "Divide each by how far its own point is away, then take the largest.",
        ),
        explanation="Santurkar and others call it effective beta-smoothness. Its unit is nats per squared unit of the "
        "weights, which is why it can't be compared between networks whose weights have different lengths.",
        mistakes=(
            Mistake(
                "Divided by the rate alone",
                "The weights have moved by the rate times the length of the gradient.",
                lambda gradient, later, rates: (np.linalg.norm(later - gradient, axis=1) / rates).max(),
            ),
            Mistake(
                "Not divided by the distance",
                "Far away a gradient changes more: divide by how far the weights have moved.",
                lambda gradient, later, rates: _smoothness_parts(gradient, later, rates)[0].max(),
            ),
            Mistake(
                "Relative to the gradient only",
                "That is the change in lengths of the gradient. The distance moved has the learning rate in it, too.",
                lambda gradient, later, rates: (
                    np.linalg.norm(later - gradient, axis=1) / np.linalg.norm(gradient)
                ).max(),
            ),
            Mistake(
                "The mean over the line",
                "Smoothness asks for the worst point: take the largest.",
                lambda gradient, later, rates: np.divide(*_smoothness_parts(gradient, later, rates)).mean(),
            ),
            Mistake(
                "The largest change by the largest distance",
                "Divide point by point, then take the largest ratio.",
                lambda gradient, later, rates: np.divide(
                    *(part.max() for part in _smoothness_parts(gradient, later, rates))
                ),
            ),
            Mistake(
                "The last point alone",
                "The largest ratio may lie anywhere on the line: look at all points.",
                lambda gradient, later, rates: np.divide(*_smoothness_parts(gradient, later, rates))[-1],
            ),
            Mistake(
                "Neighboring points compared",
                "Each gradient is compared with the one at the weights, where the line begins.",
                lambda gradient, later, rates: _between_neighbors(gradient, later, rates, np.diff(rates, prepend=0)),
            ),
            Mistake(
                "Neighboring points compared, and divided by the whole distance",
                "Each gradient is compared with the one at the weights, where the line begins.",
                lambda gradient, later, rates: _between_neighbors(gradient, later, rates, rates),
            ),
            Mistake(
                "Lengths subtracted",
                "Two gradients of one length may point in opposite directions: take the length of the difference.",
                lambda gradient, later, rates: (
                    np.abs(np.linalg.norm(later, axis=1) - np.linalg.norm(gradient))
                    / (rates * np.linalg.norm(gradient))
                ).max(),
            ),
            Mistake(
                "One length for all points",
                "`np.linalg.norm` of the whole array is one number: give it `axis=1`.",
                lambda gradient, later, rates: (
                    np.linalg.norm(later - gradient) / (rates * np.linalg.norm(gradient))
                ).max(),
            ),
        ),
    ),
    Function(
        id="landscape.5",
        title="The same noise for both",
        statement="""
A disturbance is to be the same one in a network with batch norm and in one without, whatever the size of their
pre-activations. Write it: scale each channel about its own mean, and shift it by a multiple of its own standard
deviation.
""",
        solution=disturb,
        probes=_disturb_probes,
        hints=(
            "`x - mean` is what is scaled. The mean is put back afterwards.",
            "A shift of 0.5 means half a standard deviation: multiply.",
        ),
        explanation="A shift of 0.5 behind batch norm is about half a standard deviation. In a plain sigmoid network "
        "whose pre-activations spread over a few hundredths, the same 0.5 would be many.",
        mistakes=(
            Mistake(
                "A shift of fixed size",
                "Multiply the shift by the channel's standard deviation, or it is huge for small channels.",
                lambda x, scale, shift: x.mean(axis=0) + scale * (x - x.mean(axis=0)) + shift,
            ),
            Mistake(
                "Scaled about zero",
                "Scaling x moves its mean, too, by many standard deviations where the mean is large. Scale `x - mean`.",
                lambda x, scale, shift: scale * x + shift * x.std(axis=0),
            ),
            Mistake(
                "Scale and shift of fixed size",
                "That is a shift in units of x and a scaling about zero: neither is the same for both networks.",
                lambda x, scale, shift: scale * x + shift,
            ),
            Mistake(
                "The mean is not put back",
                "After scaling `x - mean`, add the mean again: a scale of 1 and a shift of 0 should change nothing.",
                lambda x, scale, shift: scale * (x - x.mean(axis=0)) + shift * x.std(axis=0),
            ),
            Mistake(
                "One standard deviation for all channels",
                "Each channel has its own: `axis=0`.",
                lambda x, scale, shift: x.mean(axis=0) + scale * (x - x.mean(axis=0)) + shift * x.std(),
            ),
            Mistake(
                "Variance instead of standard deviation",
                "The variance has the unit of x squared: take the root.",
                lambda x, scale, shift: x.mean(axis=0) + scale * (x - x.mean(axis=0)) + shift * x.var(axis=0),
            ),
            Mistake(
                "Normalized on the way",
                "`(x - mean) / std` is batch norm: multiply by the standard deviation again.",
                lambda x, scale, shift: scale * (x - x.mean(axis=0)) / x.std(axis=0) + shift,
            ),
            Mistake(
                "The shift scaled, too",
                "The scale is for `x - mean` alone.",
                lambda x, scale, shift: x.mean(axis=0) + scale * (x - x.mean(axis=0) + shift * x.std(axis=0)),
            ),
        ),
    ),
    Choice(
        id="landscape.6",
        title="Which arm is missing?",
        statement="""
A report: "We trained a network with batch norm at learning rate 1, and one without at 0.05, the best rate of each. At
the same loss, the effective smoothness of the network with batch norm is many times lower. So batch norm lets it take
larger steps because it makes the loss smoother." Both were run on five seeds. Which arm could refute the "because"?
""",
        options={
            "a": "The network with batch norm, trained at rate 0.05.",
            "b": "The network without, trained at rate 1.",
            "c": "Five more seeds of both.",
            "d": "The same two networks, measured on the test images.",
        },
        reasons={
            "a": "If it is as rough as the plain one, the smoothness came from the rate at which it was trained, not "
            "from the layer.",
            "b": "It does not learn at that rate, so it never gets to that loss.",
            "c": "They make the difference more certain. They don't tell what causes it.",
            "d": "Other images change the numbers of both alike. Layer and rate still change together.",
        },
        solution="a",
        name="missing_arm",
        hints=("How many things differ between the two networks?", "Which of them can be changed alone?"),
    ),
)
