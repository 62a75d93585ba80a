"""Exercises of chapter `training`: what a flat loss says, fair starts, an honest report, signals through layers."""

import numpy as np

from bncourse.exercises import Case, Choice, Function, Mistake, Value


def initial_std(kernel_shape):
    """He's standard deviation for a kernel before a ReLU; its shape is
    (height, width, input channels, filters).
    """
    height, width, channels, _ = kernel_shape
    return np.sqrt(2 / (height * width * channels))


def _initial_std_probes():
    for kernel_shape in ((3, 3, 8, 16), (5, 3, 1, 4), (1, 1, 6, 2), (3, 3, 16, 16)):
        yield dict(kernel_shape=kernel_shape)


def diverged_at(losses, classes, factor=100.0):
    """The first step (counted from 0) whose loss is not finite or above the limit;
    -1 if there is none.
    """
    limit = factor * max(losses[0], np.log(classes))
    for step, loss in enumerate(losses):
        if not (np.isfinite(loss) and loss <= limit):
            return step
    return -1


def _diverged_at_by_or(losses, classes, factor=100.0):
    limit = factor * max(losses[0], np.log(classes))
    for step, loss in enumerate(losses):
        if not np.isfinite(loss) or loss > limit:
            return step
    return -1


def _diverged_at_broken(losses, classes, factor=100.0):
    """The first step (counted from 0) whose loss is not finite or above the limit;
    -1 if there is none.
    """
    limit = factor * max(losses[0], np.log(classes))
    for step, loss in enumerate(losses):
        if loss > limit:
            return step
    return -1


def _first(losses, bad, start=0):
    """The first step from `start` on whose loss is `bad`, or -1."""
    return next((step for step, loss in enumerate(losses) if step >= start and bad(loss)), -1)


def _limit(losses, classes, factor):
    return factor * max(losses[0], np.log(classes))


def _bad(limit):
    return lambda loss: not (np.isfinite(loss) and loss <= limit)


def _diverged_probes():
    nan = float("nan")  # another object than `np.nan`, as a computation gives it
    for note, losses, classes in (
        ("where no step has diverged", [2.4, 1.9, 1.2, 0.8], 10),
        ("where the loss becomes NaN without warning", [2.3, 2.5, nan, nan, nan], 10),
        ("where the loss explodes step by step", [2.3, 40.0, 9e3, 7e8, np.inf, nan], 10),
        ("after a lucky first batch", [0.02, 1.1, 2.1, 2.4, 1.9], 10),  # no reason to give up at chance
        ("after a lucky first batch", [0.02, 1.1, 150.0, 220.0, 231.0, 500.0], 10),
        ("after a bad start", [30.0, 400.0, 2000.0, 4000.0, np.inf], 10),  # its own first loss is the measure
        ("for another number of classes", [0.5, 0.6, 80.0, 300.0, 900.0, nan], 2),
        ("for another number of classes", [4.6, 4.5, 300.0, 470.0, 520.0, nan], 100),
        ("where the loss becomes minus infinity", [3.0, 2.0, -np.inf, nan], 10),
        ("where a loss equals the limit exactly", [4.0, 400.0, 400.5, 2.0], 10),
        ("where the very first loss is NaN", [nan, nan], 10),
        ("where only the last step has diverged", [2.3, 2.2, 2.1, nan], 10),
        ("where the run recovers after its divergence", [2.3, 1e4, 2.0, 1.9], 10),
        ("where the losses are numbers of NumPy", list(np.array([2.3, 2.0, np.nan, 1.0]) * 1.0), 10),
    ):
        yield Case(note, losses=losses, classes=classes)
    yield Case("where `factor` is given", losses=[2.3, 5.0, 20.0, 30.0, 5e2], classes=10, factor=10.0)


def spread(outputs):
    """How much a layer's outputs (N, H, W, C) differ between images: one number."""
    variance = outputs.var(axis=0)  # (H, W, C): of each unit, over the images
    return np.sqrt(variance.mean())


def _spread_probes():
    generator = np.random.default_rng(3)
    for shape, scale in (((6, 3, 2, 4), 0.5), ((4, 4, 4, 4), 2.0), ((5, 1, 2, 3), 0.1)):
        units = generator.uniform(0.5, 6, (1, *shape[1:]))  # what all images share: it says nothing about them
        sizes = generator.uniform(0.2, 2, (1, *shape[1:]))
        brightness = generator.normal(0, 2, (shape[0], 1, 1, 1))  # what all units of an image share
        yield dict(outputs=units + scale * (brightness + sizes * generator.standard_normal(shape)))


EXERCISES = (
    Choice(
        id="training.1",
        title="What does this loss say?",
        statement="""
A network for 10 classes is trained with cross-entropy. Its loss starts at 2.31, and after 500 steps it is 2.30. It has
never been above 2.4. What do you know?
""",
        options={
            "a": "The learning rate is too high: the steps jump over the minimum.",
            "b": "It answers about the same for every image: it has not begun to tell them apart.",
            "c": "It has overfitted the training images.",
            "d": "It has converged: 2.30 is its best loss.",
        },
        reasons={
            "a": "It may be, and you can't know: in the chapter, 0.5 and 0.01 both gave such a flat loss.",
            "b": "2.30 is ln 10, the loss of ten equal probabilities. Look at the signal that reaches the last layer.",
            "c": "A network that has overfitted knows its training images: their loss is low.",
            "d": "It may stand still, but at what knowing nothing gives. Two layers reach far below.",
        },
        solution="b",
        name="diagnosis",
        hints=(
            "What is the loss of a network that answers 1/10 for each class?",
            "What is the natural logarithm of 10?",
        ),
    ),
    Value(
        id="training.2",
        title="Chance, and counting steps",
        statement="""
There are 500 training images of 100 classes. Each step takes a batch of 64, and a last batch that is not full is left
out.

Which loss (cross-entropy, in nats) do you expect before the first step, and how many steps are three passes over the
images?
""",
        name="first_loss_and_steps",
        comment="(loss, steps)",
        solution_code="""
first_loss = np.log(100)  # each class has the probability 1/100
first_loss_and_steps = (first_loss, 3 * (500 // 64))
""".strip(),
        hints=(
            "A network that knows nothing gives each class the same probability.",
            "How many full batches are in one pass?",
        ),
        explanation="About 4.61, and 21 steps. Knowing the first loss in advance is the cheapest test there is: a "
        "network that starts far above has weights that are too large, or images that nobody scaled to 0 … 1.",
        mistakes=(
            Mistake("The loss of ten classes", "ln 10 = 2.30 belongs to ten classes.", (np.log(10), 21)),
            Mistake(
                "Logarithm to base 10",
                "The loss is in nats: `np.log` is the natural logarithm, `np.log10` another.",
                (2.0, 21),
            ),
            Mistake(
                "Logarithm to base 2",
                "The loss is in nats, with the natural logarithm `np.log`; `np.log2` gives bits.",
                (np.log2(100), 21),
            ),
            Mistake("One pass", "That is one pass over the images. Asked for are three.", (np.log(100), 7)),
            Mistake(
                "The last batch counted",
                "500 images are 7 batches of 64 and 52 images more, which are left out: `500 // 64`.",
                (np.log(100), 24),
            ),
            Mistake(
                "Rounded after three passes",
                "The incomplete batch is left out in each pass, not once at the end.",
                (np.log(100), 23),
            ),
            Mistake("The probability", "1/100 is the probability. The loss is minus its logarithm.", (0.01, 21)),
            Mistake(
                "The probability of a wrong guess",
                "The loss is minus the logarithm of the probability of the right class, 1/100.",
                (0.99, 21),
            ),
        ),
    ),
    Function(
        id="training.3",
        title="A fair start",
        statement=r"""
Write the function that gives He's standard deviation for the kernel of a convolution, of shape
`(height, width, input channels, filters)`. A kernel drawn with it keeps the size of the signal through convolution and
ReLU. In the chapter $n$ was the number of inputs of *one output*: what is that here?
""",
        solution=initial_std,
        probes=_initial_std_probes,
        hints=(
            "How many products are added up for one pixel of one feature map?",
            r"He's rule is about the variance, $v = 2 / n$. What is the standard deviation?",
        ),
        explanation="For 3 x 3 and 8 channels n is 72, and the standard deviation 1/6.",
        mistakes=(
            Mistake(
                "The variance",
                "2 / n is the variance. Weights are drawn by their standard deviation, its root.",
                lambda kernel_shape: 2 / np.prod(kernel_shape[:3]),
            ),
            Mistake(
                "Without the two",
                "1 / n keeps the size through a linear layer. The ReLU behind it takes half of the mean square.",
                lambda kernel_shape: np.sqrt(1 / np.prod(kernel_shape[:3])),
            ),
            Mistake(
                "Channels alone",
                "A filter sees height x width pixels of each channel: all of them are its inputs.",
                lambda kernel_shape: np.sqrt(2 / kernel_shape[2]),
            ),
            Mistake(
                "Pixels alone",
                "A filter has weights for every input channel: they count among its inputs.",
                lambda kernel_shape: np.sqrt(2 / (kernel_shape[0] * kernel_shape[1])),
            ),
            Mistake(
                "Outputs instead of inputs",
                "The last number is how many filters there are. Each of them has the same inputs: use the third.",
                lambda kernel_shape: np.sqrt(2 / (kernel_shape[0] * kernel_shape[1] * kernel_shape[3])),
            ),
            Mistake(
                "All weights counted",
                "One output is made by one filter: how many filters there are does not matter.",
                lambda kernel_shape: np.sqrt(2 / np.prod(kernel_shape)),
            ),
            Mistake(
                "Glorot's rule",
                "2 / (inputs + outputs) is Glorot's variance. He's rule counts the inputs alone.",
                lambda kernel_shape: np.sqrt(
                    2 / (kernel_shape[0] * kernel_shape[1] * (kernel_shape[2] + kernel_shape[3]))
                ),
            ),
        ),
    ),
    Function(
        id="training.4",
        title="Mend the watchdog",
        statement="""
This function should notice a run that has diverged: it returns the first step at which the loss is not a finite number
or exceeds `factor` times its beginning (the first loss, or that of guessing if it is higher). Last night a run went to
`nan`, and it said nothing until the morning. Mend it.
""",
        solution=diverged_at,
        broken=_diverged_at_broken,
        probes=_diverged_probes,
        also=(_diverged_at_by_or,),
        hints=(
            "What is `float('nan') > 5`? And `float('nan') <= 5`?",
            "Every comparison with NaN is false. Turn the question round: what must hold for the run to go on?",
            "`np.isfinite(loss)` is false for NaN and for both infinities.",
        ),
        explanation="Comparisons with NaN are false, so a check that asks whether something is wrong never fires. Ask "
        "whether everything is right, and negate that.",
        mistakes=(
            Mistake(
                "A loss that equals the limit stops the run",
                "Asked for is a loss that exceeds the limit: `>`, not `>=`.",
                lambda losses, classes, factor=100.0: _first(
                    losses, lambda loss: not loss < factor * max(losses[0], np.log(classes)) or not np.isfinite(loss)
                ),
            ),
            Mistake(
                "Nothing found taken for step 0",
                "`np.argmax` gives 0 where nothing is true as well as where the first one is. Ask `np.any` "
                "before, and return -1.",
                lambda losses, classes, factor=100.0: max(0, diverged_at(losses, classes, factor)),
            ),
            Mistake(
                "The lower of the two beginnings",
                "The limit starts from the first loss, or from that of guessing if it is higher: `max`.",
                lambda losses, classes, factor=100.0: _first(losses, _bad(factor * min(losses[0], np.log(classes)))),
            ),
            Mistake(
                "NaN passes",
                "`nan > limit` is false, as every comparison with NaN: ask `np.isfinite(loss)` as well.",
                lambda losses, classes, factor=100.0: _first(
                    losses, lambda loss: loss > factor * max(losses[0], np.log(classes))
                ),
            ),
            Mistake(
                "Infinity is found, NaN is not",
                "`np.isinf` does not see NaN. `is np.nan` and `in [np.nan]` find one object, not every NaN, and `==` "
                "finds none: ask `np.isfinite`.",
                lambda losses, classes, factor=100.0: _first(
                    losses,
                    lambda loss: (
                        loss is np.nan or not (loss != loss or _bad(_limit(losses, classes, factor))(loss) is False)
                    ),
                ),
            ),
            Mistake(
                "Only NaN is looked for",
                "A loss that explodes passes the limit, and then infinity, before it becomes NaN.",
                lambda losses, classes, factor=100.0: _first(losses, np.isnan),
            ),
            Mistake(
                "No limit any more",
                "A loss may be finite and far too high: the limit has to stay.",
                lambda losses, classes, factor=100.0: _first(losses, lambda loss: not np.isfinite(loss)),
            ),
            Mistake(
                "Minus infinity passes",
                "`np.isnan` does not see minus infinity, and it is below every limit: `np.isfinite` sees all three.",
                lambda losses, classes, factor=100.0: _first(
                    losses, lambda loss: np.isnan(loss) or loss > factor * max(losses[0], np.log(classes))
                ),
            ),
            Mistake(
                "The first loss alone",
                "After a lucky first batch, an ordinary loss would look like an explosion: keep the loss of guessing "
                "in the limit.",
                lambda losses, classes, factor=100.0: _first(losses, _bad(factor * losses[0])),
            ),
            Mistake(
                "The loss of guessing alone",
                "A network may begin with a loss far above guessing, and recover: keep the first loss in the limit.",
                lambda losses, classes, factor=100.0: _first(losses, _bad(factor * np.log(classes))),
            ),
            Mistake(
                "Steps counted from one",
                "The first step is step 0, as `enumerate` counts.",
                lambda losses, classes, factor=100.0: (
                    _first(losses, _bad(factor * max(losses[0], np.log(classes)))) + 1 or -1
                ),
            ),
        ),
    ),
    Function(
        id="training.5",
        title="What reaches this layer?",
        statement=r"""
Write `spread(outputs)`, the number that the chapter follows through the layers: how much the outputs of a layer,
`(N, H, W, C)`, differ *from one image to the next*. The standard deviation of each unit over the images, then the root
mean square over all units. (Here every place of every channel is a unit of its own.)
""",
        solution=spread,
        probes=_spread_probes,
        hints=(
            "A unit that gives 7 for every image tells nothing about the image. Its share must be 0.",
            "The images are axis 0. `outputs.var(axis=0)` is the square of each unit's standard deviation.",
            "Root *mean square*: the mean of the squares first, then the root.",
        ),
        explanation="A layer may give large numbers and still say nothing: what counts is how they differ.",
        mistakes=(
            Mistake(
                "Size instead of spread",
                "That is the size of the outputs. What all images have in common counts in it, and tells none apart.",
                lambda outputs: np.sqrt(np.mean(outputs**2)),
            ),
            Mistake(
                "All values together",
                "One standard deviation over everything also counts how units differ from each other. First each unit, "
                "over axis 0.",
                lambda outputs: outputs.std(),
            ),
            Mistake(
                "Statistics of a channel",
                "Over the positions, too, each channel's places count as one unit. Here each place is its own.",
                lambda outputs: np.sqrt(outputs.var(axis=(0, 1, 2)).mean()),
            ),
            Mistake(
                "Mean of the standard deviations",
                "Root mean square: average the squares, the variances, and take the root last.",
                lambda outputs: outputs.std(axis=0).mean(),
            ),
            Mistake(
                "The variance",
                "A root is missing: the mean of the variances has the unit of the outputs squared.",
                lambda outputs: outputs.var(axis=0).mean(),
            ),
            Mistake(
                "Over the units instead of the images",
                "That is how the units of one image differ. Axis 0 holds the images.",
                lambda outputs: np.sqrt(outputs.var(axis=(1, 2, 3)).mean()),
            ),
        ),
    ),
)
