"""Exercises of chapter `deployment`."""

import numpy as np

from bncourse.exercises import Choice, Function, Mistake, Value


def fold_torch(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    """Fold batch norm (C,) into a PyTorch convolution.

    weight has shape (C, inputs, height, width), bias (C,).
    """
    scale = gamma / np.sqrt(variance + epsilon)
    return weight * scale[:, None, None, None], (bias - mean) * scale + beta


def _fold_torch_broken(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
    scale = gamma / np.sqrt(variance + epsilon)
    return weight * scale[:, None, None], bias - mean * scale + beta


def fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon):
    """Fold batch norm (C * M,) into a depthwise convolution.

    kernel has shape (height, width, C, M), bias (C * M,).
    """
    scale = gamma / np.sqrt(variance + epsilon)
    return kernel * scale.reshape(kernel.shape[2:]), (bias - mean) * scale + beta


def fold_in_front(kernel, bias, gamma, beta, mean, variance, epsilon):
    """Fold batch norm (C,) into the unpadded convolution behind it.

    kernel has shape (height, width, C, F), bias (F,).
    """
    scale = gamma / np.sqrt(variance + epsilon)
    shift = beta - mean * scale
    bias = bias + np.sum(kernel * shift[:, None], axis=(0, 1, 2))
    return kernel * scale[:, None], bias


def _statistics(generator, channels, *, least=0.5):
    """gamma, beta, mean and variance, away from 1 and 0."""
    return dict(
        gamma=generator.uniform(1.5, 3, channels) * np.where(np.arange(channels) % 3 == 1, -1, 1),
        beta=generator.uniform(2, 5, channels),
        mean=generator.uniform(-4, -1, channels) * np.where(np.arange(channels) % 2 == 1, -1, 1),
        variance=generator.uniform(least, 4, channels),
    )


def _torch_probes():
    generator = np.random.default_rng(0)
    for shape, epsilon in (((3, 3, 2, 2), 0.5), ((4, 4, 1, 3), 0.7), ((3, 2, 3, 3), None)):
        channels = shape[0]
        probe = dict(
            weight=generator.normal(1, 1, shape),
            bias=generator.uniform(1, 3, channels),
            **_statistics(generator, channels),
        )
        if epsilon is None:
            yield probe | dict(variance=np.array([2e-5, 1e-5, 5e-5])[:channels])
        else:
            yield probe | dict(epsilon=epsilon)


def _depthwise_probes():
    generator = np.random.default_rng(1)
    for shape, epsilon in (((2, 3, 3, 3), 0.5), ((3, 1, 2, 4), 0.3), ((1, 2, 4, 1), 0.9)):
        channels = shape[2] * shape[3]
        yield dict(
            kernel=generator.normal(1, 1, shape),
            bias=generator.uniform(1, 3, channels),
            **_statistics(generator, channels),
            epsilon=epsilon,
        )


def _front_probes():
    generator = np.random.default_rng(2)
    for shape, epsilon in (((2, 3, 3, 3), 0.5), ((1, 2, 2, 4), 0.3), ((3, 2, 4, 2), 0.9)):
        yield dict(
            kernel=generator.normal(1, 1, shape),
            bias=generator.uniform(1, 3, shape[3]),
            **_statistics(generator, shape[2]),
            epsilon=epsilon,
        )


def _torch(scaled, biased):
    """A port with one formula for the weights and one for the bias, each of (the arguments' namespace, scale)."""

    def answer(weight, bias, gamma, beta, mean, variance, epsilon=1e-5):
        scale = gamma / np.sqrt(variance + epsilon)
        return scaled(weight, scale), biased(bias, mean, scale, beta)

    return answer


def _right_weight(weight, scale):
    return weight * scale[:, None, None, None]


def _right_bias(bias, mean, scale, beta):
    return (bias - mean) * scale + beta


def _over_inputs(weight, scale):
    if weight.shape[0] != weight.shape[1]:
        return weight * np.resize(scale, weight.shape[1])[:, None, None]
    return weight * scale[:, None, None]


def _depthwise(layout):
    def answer(kernel, bias, gamma, beta, mean, variance, epsilon):
        scale = gamma / np.sqrt(variance + epsilon)
        return kernel * layout(scale, *kernel.shape[2:]), (bias - mean) * scale + beta

    return answer


def _front(constant, *, scaled=True):
    def answer(kernel, bias, gamma, beta, mean, variance, epsilon):
        scale = gamma / np.sqrt(variance + epsilon)
        shift = beta - mean * scale
        folded = kernel * scale[:, None]
        return folded if scaled else kernel, bias + constant(kernel, folded, shift)

    return answer


EXERCISES = (
    Value(
        id="deployment.1",
        title="Fold by hand",
        statement=r"""
A dense layer has one input and one output: $y = 2x + 1$. Batch normalization follows, with $\gamma = 6$, $\beta = 5$,
moving mean 10, moving variance 4 and $\epsilon = 0$. Which weight and which bias does one dense layer have that does
both?
""",
        name="weight_and_bias",
        comment="(weight, bias)",
        solution_code="""
scale = 6 / np.sqrt(4)
shift = 5 - 10 * scale
weight_and_bias = (2 * scale, 1 * scale + shift)
""".strip(),
        hints=(
            "What does the normalization do to a number y? Write it as scale · y + shift.",
            "The scale is 6 / 2 = 3. Put 2x + 1 in for y and multiply out.",
        ),
        explanation="6x - 22. Try x = 5: the layer gives 11, that is half a standard deviation above the mean, and 6 "
        "times a half plus 5 is 8.",
        mistakes=(
            Mistake(
                "The layer's bias not scaled",
                "The layer's own bias goes through the normalization, too: it is multiplied by the scale.",
                (6, -24),
            ),
            Mistake(
                "The mean not scaled",
                "The mean is subtracted before the scale is applied: it is multiplied by the scale, too.",
                (6, -2),
            ),
            Mistake(
                "The root left out",
                "The variance is 4, and the standard deviation 2: divide by the root.",
                (3, -8.5),
            ),
            Mistake(
                "The mean added",
                "The mean is subtracted: the bias becomes smaller.",
                (6, 38),
            ),
            Mistake(
                "Beta scaled, too",
                "Beta is added at the end, after everything else has been scaled.",
                (6, -12),
            ),
            Mistake(
                "Beta left out",
                "What is left after the scale is beta: it is added at the end.",
                (6, -27),
            ),
            Mistake(
                "Gamma left out",
                "The scale is gamma over the standard deviation.",
                (1, 0.5),
            ),
        ),
    ),
    Function(
        id="deployment.2",
        title="Mend the port",
        statement="""
PyTorch keeps the outputs of a convolution first: its weight has the shape `(C, inputs, height, width)`. This function
is to fold a `BatchNorm2d` into it. It runs, at least where a layer has as many inputs as outputs, and gives wrong
results. Two things are wrong with it. Mend it.
""",
        solution=fold_torch,
        broken=_fold_torch_broken,
        probes=_torch_probes,
        hints=(
            "With which axis of the weight does an array of shape `(C, 1, 1)` line up?",
            "And which part of `bias` goes through the multiplication by `scale`?",
        ),
        explanation="NumPy lines shapes up from the right, and a convolution with as many inputs as outputs lets the "
        "wrong axis through without a word. Test a port on layers with uneven shapes.",
        mistakes=(
            Mistake(
                "Only the axis mended",
                "The layer's bias is scaled, too: it passes the normalization like every other value.",
                _torch(_right_weight, lambda bias, mean, scale, beta: bias - mean * scale + beta),
            ),
            Mistake(
                "Only the bias mended",
                "An array `(C, 1, 1)` lines up with the second axis, the inputs. The outputs are the first of four.",
                _torch(_over_inputs, _right_bias),
            ),
            Mistake(
                "Neither is mended",
                "Both are still wrong: the axis of the outputs, and the bias, which has to be scaled, too.",
                _torch(_over_inputs, lambda bias, mean, scale, beta: bias - mean * scale + beta),
            ),
            Mistake(
                "The mean left unscaled",
                "The mean is subtracted before the multiplication: `(bias - mean) * scale`.",
                _torch(_right_weight, lambda bias, mean, scale, beta: bias * scale - mean + beta),
            ),
        ),
    ),
    Choice(
        id="deployment.3",
        title="Which one can be folded?",
        statement="""
In each of these networks, in inference, one batch normalization waits to be folded. Which one goes, exactly, whatever
its weights are?
""",
        name="foldable",
        options={
            "a": "conv 3 x 3 with `activation='relu'` → batch norm → conv 3 x 3 with `padding='same'`",
            "b": "conv 3 x 3 → batch norm → ReLU, and the convolution's output is also added to another branch",
            "c": "ReLU → batch norm → conv 1 x 1 with stride 2 and `padding='same'`",
            "d": "ReLU → batch norm → `ZeroPadding2D` → conv 3 x 3 with `padding='valid'`",
        },
        reasons={
            "a": "In front of it stands a nonlinearity. Behind it, the convolution adds zeros at the border, which the "
            "normalization has not shifted: a bias would add the shift for them as well.",
            "b": "The other branch needs the convolution's output as it is, without the normalization.",
            "c": "A filter of one pixel never sees the border: padding 'same' pads nothing.",
            "d": "The zeros are added behind the normalization. A folded bias would count them as shifted.",
        },
        solution="c",
        hints=(
            "A nonlinearity in between stops everything. What does a layer see at the border?",
            "How many zeros does padding 'same' add for a filter of size 1?",
        ),
    ),
    Function(
        id="deployment.4",
        title="Depthwise",
        statement=r"""
A depthwise convolution makes `M` outputs of each of `C` input channels, each by a filter of its own: its kernel has the
shape `(height, width, C, M)`, and output `c * M + m` comes from `kernel[:, :, c, m]`. Batch normalization over the
`C * M` outputs follows. Write `fold_depthwise`.
""",
        solution=fold_depthwise,
        probes=_depthwise_probes,
        hints=(
            "Where does the scale of output `c * M + m` have to stand in an array of shape `(C, M)`?",
            "NumPy's `reshape` counts the last axis fastest.",
        ),
        explanation="The bias needs nothing new: it is one number for each output.",
        mistakes=(
            Mistake(
                "Counted the other way",
                "Output `c * M + m`: m counts fastest, so the scales are reshaped to `(C, M)`, not to `(M, C)`.",
                _depthwise(lambda scale, c, m: scale.reshape(m, c).T),
            ),
            Mistake(
                "One scale per input",
                "Each of the M outputs of an input has a scale of its own.",
                _depthwise(lambda scale, c, m: scale[:c, None]),
            ),
            Mistake(
                "The scales of the first input for all",
                "The scales differ between inputs, too: there are C times M of them.",
                _depthwise(lambda scale, c, m: scale[:m]),
            ),
            Mistake(
                "The layer's bias not scaled",
                "The layer's own bias goes through the normalization, too.",
                lambda kernel, bias, gamma, beta, mean, variance, epsilon: (
                    fold_depthwise(kernel, bias, gamma, beta, mean, variance, epsilon)[0],
                    bias - mean * gamma / np.sqrt(variance + epsilon) + beta,
                ),
            ),
        ),
    ),
    Function(
        id="deployment.5",
        title="In front",
        statement=r"""
Now batch normalization stands *in front of* a convolution without padding, as in networks with pre-activation. Write
`fold_in_front`: the kernel `(height, width, C, F)` and bias `(F,)` of one convolution that does both.
""",
        solution=fold_in_front,
        probes=_front_probes,
        hints=(
            "Batch normalization is scale · x + shift, for each input channel. Put that into the convolution's sum.",
            "The scale multiplies the weights of its input channel. The shift meets every weight of every position.",
        ),
        explanation="The bias takes the sum over positions and input channels of weight times shift, which is what the "
        "convolution gives for an image that equals the shift everywhere.",
        mistakes=(
            Mistake(
                "The shift through the scaled kernel",
                "The shift is added after the scale: it meets the kernel as it was, not the scaled one.",
                _front(lambda kernel, folded, shift: np.sum(folded * shift[:, None], axis=(0, 1, 2))),
            ),
            Mistake(
                "The middle of the filter alone",
                "All positions of the filter see the shift: sum over height and width, too.",
                _front(
                    lambda kernel, folded, shift: shift @ kernel[(kernel.shape[0] - 1) // 2, (kernel.shape[1] - 1) // 2]
                ),
            ),
            Mistake(
                "An average over the positions",
                "A convolution sums over its positions, it does not average.",
                _front(lambda kernel, folded, shift: shift @ kernel.mean(axis=(0, 1))),
            ),
            Mistake(
                "The shift forgotten",
                "The shift goes through the convolution as well, and comes out as a constant in the bias.",
                _front(lambda kernel, folded, shift: 0),
            ),
            Mistake(
                "Only the shift",
                "The weights of each input channel are multiplied by its scale.",
                _front(
                    lambda kernel, folded, shift: np.sum(kernel * shift[:, None], axis=(0, 1, 2)),
                    scaled=False,
                ),
            ),
        ),
    ),
    Value(
        id="deployment.6",
        title="Steps that are left",
        statement=r"""
A convolution has two filters. The largest weight of filter A is 0.8, that of filter B is 0.5. The batch normalization
behind them has the scale $\gamma / \sqrt{\sigma^2 + \epsilon} = 10$ for A, and 0.2 for B. All weights of the layer are
rounded to multiples of one common step, 127 of which make the largest weight of all.

To how many steps is the largest weight of filter B rounded, before folding and after?
""",
        name="steps_of_b",
        comment="(before, after)",
        solution_code="""
before = round(0.5 / (0.8 / 127))  # of 127
after = round(0.5 * 0.2 / (0.8 * 10 / 127))
steps_of_b = (before, after)
""".strip(),
        hints=(
            "The step is the largest weight of both filters, divided by 127.",
            "Folding multiplies the weights of A by 10 and those of B by 0.2. Which step do they have then?",
        ),
        explanation="79 steps before, and two after: all weights of filter B become -2, -1, 0, 1 or 2 steps. With a "
        "step for each filter both have their 127, before and after.",
        mistakes=(
            Mistake(
                "A step for each filter",
                "That is what a step of its own would give B. Here both filters share the step of the larger one.",
                (127, 127),
            ),
            Mistake(
                "A step for each filter before",
                "127 steps make the largest weight of all, which is that of A: B's 0.5 is less.",
                (127, 2),
            ),
            Mistake(
                "B with all 127 steps after",
                "Folding multiplies a filter by its scale. After it both filters share a step as well, and 127 of them "
                "make the largest weight, which is A's.",
                (79, 127),
            ),
            Mistake(
                "Nothing changes",
                "Folding multiplies the filters by different numbers, so that their ranges drift apart.",
                (79, 79),
            ),
            Mistake(
                "Only B folded",
                "Filter A is multiplied, too, by 10, and with it the common step.",
                (79, 16),
            ),
            Mistake(
                "Only A folded",
                "Filter B is multiplied, too, by 0.2.",
                (79, 8),
            ),
            Mistake(
                "Rounded down",
                "0.1 is 1.59 steps of 0.063: the nearest whole number is 2.",
                (79, 1),
            ),
            Mistake(
                "Before and after exchanged",
                "Before folding the two ranges are 0.8 and 0.5, afterwards 8 and 0.1.",
                (2, 79),
            ),
        ),
    ),
)
