"""Exercises of chapter `variants`: whose mean it is, where gamma stands, what can be planned in place of measured."""

import numpy as np

from bncourse.exercises import Choice, Function, Mistake, Value


def group_normalize(x, groups, epsilon=1e-3):
    """Group normalization of images x (N, H, W, C), without gamma and beta."""
    n, height, width, channels = x.shape
    grouped = x.reshape(n, height, width, groups, channels // groups)
    mean = grouped.mean(axis=(1, 2, 4), keepdims=True)
    variance = grouped.var(axis=(1, 2, 4), keepdims=True)
    return ((grouped - mean) / np.sqrt(variance + epsilon)).reshape(x.shape)


def _group_normalize_broken(x, groups, epsilon=1e-3):
    """Group normalization of images x (N, H, W, C), without gamma and beta."""
    grouped = x.reshape(len(x), groups, -1)
    mean = grouped.mean(axis=2, keepdims=True)
    variance = grouped.var(axis=2, keepdims=True)
    return ((grouped - mean) / np.sqrt(variance + epsilon)).reshape(x.shape)


def _grouped(x, groups, epsilon=1e-3, *, axes=(1, 2, 4), interleaved=False):
    """Group norm over other axes, or with every `groups`-th channel in a group."""
    parts = (x.shape[-1] // groups, groups) if interleaved else (groups, x.shape[-1] // groups)
    view = x.reshape(*x.shape[:-1], *parts)
    axes = (1, 2, 3) if interleaved else axes
    mean, variance = view.mean(axis=axes, keepdims=True), view.var(axis=axes, keepdims=True)
    return ((view - mean) / np.sqrt(variance + epsilon)).reshape(x.shape)


def _images(shape, seed, scale=1.0):
    generator = np.random.default_rng(seed)
    return scale * (
        generator.normal(size=shape)
        + generator.uniform(-3, 3, shape[-1])
        + generator.normal(size=shape[0]).reshape(-1, 1, 1, 1)
    )


def _group_probes():
    yield dict(x=_images((2, 3, 4, 8), 0), groups=2, epsilon=0.5)
    yield dict(x=_images((3, 2, 2, 6), 1), groups=3, epsilon=0.3)
    yield dict(x=_images((3, 3, 2, 12), 2, 0.03), groups=4)


def layernorm_input_gradient(dy, x_hat, inv_std, gamma):
    """Gradient with respect to x, (N, C), of layer norm over the last axis.

    inv_std has shape (N, 1), gamma (C,).
    """
    dx_hat = gamma * dy
    level = dx_hat.mean(axis=1, keepdims=True)
    slope = (dx_hat * x_hat).mean(axis=1, keepdims=True)
    return inv_std * (dx_hat - level - x_hat * slope)


def _layer_gradient(dy, x_hat, inv_std, gamma, *, level=1.0, slope=1.0, axis=1):
    """The gradient with a term left out, or with means over the other axis."""
    dx_hat = gamma * dy
    levels, slopes = dx_hat.mean(axis=axis, keepdims=True), (dx_hat * x_hat).mean(axis=axis, keepdims=True)
    return inv_std * (dx_hat - level * levels - slope * x_hat * slopes)


def _gradient_probes():
    generator = np.random.default_rng(3)
    for shape in ((4, 4), (3, 5), (2, 6)):
        x = generator.normal(size=shape) + np.arange(shape[1])
        centered = x - x.mean(axis=1, keepdims=True)
        inv_std = 1 / np.sqrt((centered**2).mean(axis=1, keepdims=True) + 0.5)
        dy = generator.normal(0.7, 1.5, shape)
        yield dict(dy=dy, x_hat=centered * inv_std, inv_std=inv_std, gamma=generator.uniform(0.4, 2.5, shape[1]))


def batch_renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3):
    """Batch renormalization of x (N, C) in training, without gamma and beta."""
    std = np.sqrt(x.var(axis=0) + epsilon)
    moving_std = np.sqrt(moving_variance + epsilon)
    r = np.clip(std / moving_std, 1 / r_max, r_max)
    d = np.clip((x.mean(axis=0) - moving_mean) / moving_std, -d_max, d_max)
    return (x - x.mean(axis=0)) / std * r + d


def _renormalize(x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3, *, mistake):
    std, moving_std = np.sqrt(x.var(axis=0) + epsilon), np.sqrt(moving_variance + epsilon)
    r = moving_std / std if mistake == "inverse" else std / moving_std
    r = r**2 if mistake == "variances" else r
    d = (x.mean(axis=0) - moving_mean) / (std if mistake == "batch std" else moving_std)
    if mistake == "sign":
        d = -d
    if mistake == "upper":
        r, d = np.minimum(r, r_max), np.minimum(d, d_max)
    elif mistake != "free":
        r = np.clip(r, 0 if mistake == "one side" else 1 / r_max, r_max)
        d = np.clip(d, -d_max, d_max)
    x_hat = (x - x.mean(axis=0)) / std
    return (x_hat + d) * r if mistake == "bracket" else x_hat * r + d


def _renormalize_probes():
    generator = np.random.default_rng(5)
    for shape, epsilon, scale in (((4, 4), 0.5, 1.0), ((6, 3), 0.2, 1.0), ((5, 4), None, 0.03)):
        spread = scale * np.array([0.2, 1.0, 4.0, 1.2])[: shape[1]]
        x = generator.normal(size=shape) * spread + scale * np.array([2.0, -0.5, 1.0, -4.0])[: shape[1]]
        apart = scale * np.array([3.0, -0.4, 0.5, -2.0])[: shape[1]]  # d on both sides, within the limits and beyond
        given = dict(x=x, moving_mean=x.mean(axis=0) - apart, r_max=1.5, d_max=0.8)
        given["moving_variance"] = scale**2 * generator.uniform(0.5, 1.5, shape[1])
        yield given if epsilon is None else {**given, "epsilon": epsilon}


EXERCISES = (
    Value(
        id="variants.1",
        title="How many means?",
        statement="""
A batch of feature maps has the shape (8, 14, 14, 32): examples, rows, columns, channels. How many means does each of
these layers compute for it in training?

`BatchNormalization()`, `LayerNormalization()`, `GroupNormalization(groups=1)`, `GroupNormalization(groups=8)`,
`GroupNormalization(groups=-1)`
""",
        name="means",
        comment="(batch, layer, one group, eight groups, instance)",
        solution_code="""
positions = 14 * 14
means = (32, 8 * positions, 8, 8 * 8, 8 * 32)
""".strip(),
        hints=(
            "Two elements share a mean if they agree in certain coordinates. How many values have these?",
            "Keras's `LayerNormalization()` averages over the last axis alone.",
        ),
        explanation="32, 1568, 8, 64 and 256. The elements of a set are the total, 50,176, divided by these numbers: "
        "1568, 32, 6272, 784 and 196.",
        mistakes=(
            Mistake(
                "LayerNormalization taken per example",
                "As it comes, `LayerNormalization()` averages over the last axis alone: each of the 8 · 196 positions "
                "has its own mean.",
                (32, 8, 8, 64, 256),
            ),
            Mistake(
                "The elements of a set are counted",
                "These are the elements that share one mean; the question is how many means there are.",
                (1568, 32, 6272, 784, 196),
            ),
            Mistake(
                "Eight channels a group",
                "`groups=8` is the number of groups, of 32 / 8 = 4 channels each.",
                (32, 1568, 8, 32, 256),
            ),
            Mistake(
                "The batch is averaged over",
                "Only batch norm averages over examples: with all others each of the 8 examples has means of its own.",
                (32, 196, 1, 8, 32),
            ),
            Mistake(
                "One group taken for instance norm",
                "One group holds all the channels: one mean an example. Instance norm has as many groups as channels.",
                (32, 1568, 256, 64, 8),
            ),
            Mistake(
                "Batch norm per position and channel",
                "Batch norm averages over the positions, too: one mean a channel.",
                (14 * 14 * 32, 1568, 8, 64, 256),
            ),
            Mistake(
                "Batch norm per example and channel",
                "Batch norm averages over examples, too: one mean a channel.",
                (256, 1568, 8, 64, 256),
            ),
        ),
    ),
    Function(
        id="variants.2",
        title="Group norm in translation",
        statement="""
This function is right for images (N, C, H, W), from which it was copied. Ours are (N, H, W, C): it runs, its results
have the right shape, mean 0 and variance 1, and it is wrong. What are its groups? Mend it.
""",
        solution=group_normalize,
        broken=_group_normalize_broken,
        probes=_group_probes,
        hints=(
            "`reshape` keeps the order in memory. What is next to what in (N, H, W, C)?",
            "Split the last axis: (N, H, W, groups, channels of a group). Which of these five axes are averaged over?",
        ),
        explanation="The copied lines cut each image into horizontal bands, with all channels. A check of the "
        "result's shape, mean or variance passes: compare with Keras's layer, or see which elements move when one is "
        "changed.",
        mistakes=(
            Mistake(
                "Bands of rows in place of groups",
                "In (N, H, W, C) the first part of an example in memory are its first rows, with all their channels.",
                lambda x, groups, epsilon=1e-3: _group_normalize_broken(x, groups, epsilon),
            ),
            Mistake(
                "Every few channels, not neighbors",
                "The channels of a group stand next to each other: (groups, channels of a group), in this order.",
                lambda x, groups, epsilon=1e-3: _grouped(x, groups, epsilon, interleaved=True),
            ),
            Mistake(
                "Each channel by itself",
                "The mean is also over the channels of the group; over positions alone it is instance norm.",
                lambda x, groups, epsilon=1e-3: _grouped(x, groups, epsilon, axes=(1, 2)),
            ),
            Mistake(
                "Each position by itself",
                "The mean is also over rows and columns.",
                lambda x, groups, epsilon=1e-3: _grouped(x, groups, epsilon, axes=4),
            ),
            Mistake(
                "Over the groups, not over their channels",
                "Of the five axes (N, H, W, groups, channels of a group) the last one is averaged over, and the groups "
                "stay apart.",
                lambda x, groups, epsilon=1e-3: _grouped(x, groups, epsilon, axes=(1, 2, 3)),
            ),
            Mistake(
                "Channels in front, and left there",
                "The groups are right. But the result is laid out as (N, C, H, W): move the channels back to the end.",
                lambda x, groups, epsilon=1e-3: (
                    group_normalize(x, groups, epsilon).transpose(0, 3, 1, 2).reshape(x.shape)
                ),
            ),
            Mistake(
                "Over the batch as well",
                "Each example has statistics of its own: leave axis 0 out.",
                lambda x, groups, epsilon=1e-3: _grouped(x, groups, epsilon, axes=(0, 1, 2, 4)),
            ),
            Mistake(
                "One group",
                "All channels of an example share their statistics here. Average over the channels of one group only.",
                lambda x, groups, epsilon=1e-3: _grouped(x, 1, epsilon),
            ),
        ),
    ),
    Function(
        id="variants.3",
        title="Where gamma stands",
        statement=r"""
Write the gradient of layer norm (over the last axis) with respect to its input. You are given what the forward pass
kept: $\hat x$ (N, C), $1 / \sqrt{\sigma^2 + \epsilon}$ (N, 1) and $\gamma$ (C,).
""",
        solution=layernorm_input_gradient,
        probes=_gradient_probes,
        hints=(
            r"Begin with $d\hat x = \gamma \, dy$. From there on $\gamma$ does not appear any more.",
            r"Subtract the mean of $d\hat x$, and $\hat x$ times the mean of $d\hat x \, \hat x$. A set is a row.",
        ),
        explanation="In batch norm gamma is the same for the whole set and may be taken out of the means. Here each "
        "element of the set has its own.",
        mistakes=(
            Mistake(
                "Gamma outside of the means",
                "That is batch norm's formula. In layer norm gamma differs within a set, so it can't be taken out of "
                "the means: multiply `dy` by it first.",
                lambda dy, x_hat, inv_std, gamma: gamma * _layer_gradient(dy, x_hat, inv_std, 1.0),
            ),
            Mistake(
                "Means over the batch",
                "A set of layer norm is a row: the means are over axis 1.",
                lambda dy, x_hat, inv_std, gamma: _layer_gradient(dy, x_hat, inv_std, gamma, axis=0),
            ),
            Mistake(
                "Statistics as constants",
                "Mean and variance depend on x as well; that gives the two terms that are subtracted.",
                lambda dy, x_hat, inv_std, gamma: _layer_gradient(dy, x_hat, inv_std, gamma, level=0, slope=0),
            ),
            Mistake(
                "The mean's term is missing",
                "What you have is RMS norm's gradient, which subtracts no mean.",
                lambda dy, x_hat, inv_std, gamma: _layer_gradient(dy, x_hat, inv_std, gamma, level=0),
            ),
            Mistake(
                "The variance's term is missing",
                "The variance depends on x, too: subtract x_hat times the mean of dx_hat * x_hat.",
                lambda dy, x_hat, inv_std, gamma: _layer_gradient(dy, x_hat, inv_std, gamma, slope=0),
            ),
            Mistake(
                "Gamma in the means alone",
                "All three terms are made of dx_hat = gamma * dy, the first one as well.",
                lambda dy, x_hat, inv_std, gamma: (
                    _layer_gradient(dy, x_hat, inv_std, gamma) - inv_std * (gamma - 1) * dy
                ),
            ),
            Mistake(
                "Gamma in the first term alone",
                "All three terms are made of dx_hat = gamma * dy, the two means as well.",
                lambda dy, x_hat, inv_std, gamma: _layer_gradient(dy, x_hat, inv_std, 1.0) + inv_std * (gamma - 1) * dy,
            ),
            Mistake(
                "The variance's term without x_hat",
                "The variance depends on an element in proportion to its x_hat: multiply the second mean by it.",
                lambda dy, x_hat, inv_std, gamma: (
                    _layer_gradient(dy, x_hat, inv_std, gamma, slope=0)
                    - inv_std * (gamma * dy * x_hat).mean(axis=1, keepdims=True)
                ),
            ),
            Mistake(
                "Gamma is missing",
                "The gradient reaches x_hat through y = gamma * x_hat + beta.",
                lambda dy, x_hat, inv_std, gamma: _layer_gradient(dy, x_hat, inv_std, 1.0),
            ),
        ),
    ),
    Choice(
        id="variants.4",
        title="One filter, three times as long",
        statement=r"""
The weights of *one* filter of a convolution are multiplied by 3; a normalization follows ($\epsilon = 0$, no bias).
With which one is its output the same as before?
""",
        options={
            "a": "with all of them, since each divides by a standard deviation",
            "b": "with batch norm and instance norm, not with layer norm or group norm (two channels or more a group)",
            "c": "with batch norm alone, since only it normalizes channels",
            "d": "with layer norm and group norm, since they look at all channels together",
        },
        reasons={
            "a": "Dividing helps if the whole set was multiplied. Here one channel was, and a set of layer norm "
            "holds other channels as well.",
            "b": "Their sets lie within one channel, so mean and standard deviation are multiplied by 3, too. In layer "
            "and group norm the louder channel changes the statistics of its neighbors.",
            "c": "Instance norm has sets within a channel as well, smaller ones.",
            "d": "Just because of that they notice: one loud channel among others changes their common statistics.",
        },
        solution="b",
        name="one_filter",
        hints=("Is a whole set multiplied by 3, or a part of it?",),
    ),
    Function(
        id="variants.5",
        title="Batch renormalization",
        statement=r"""
[Batch renormalization](https://arxiv.org/abs/1702.03275) has batch norm's sets, and in training corrects what the
batch says by what the moving statistics say:

$$ y = \frac{x - \mu}{\sigma} \, r + d, \qquad
r = \frac{\sigma}{\sigma_\text{moving}}, \qquad
d = \frac{\mu - \mu_\text{moving}}{\sigma_\text{moving}}, $$

where $\sigma = \sqrt{\text{variance} + \epsilon}$ in both cases. $r$ is limited to the range from $1 / r_\text{max}$
to $r_\text{max}$, and $d$ to that from $-d_\text{max}$ to $d_\text{max}$. Write it. What is it without the limits? And
with $r_\text{max} = 1$ and $d_\text{max} = 0$?
""",
        solution=batch_renormalize,
        probes=_renormalize_probes,
        hints=(
            "`np.clip(values, low, high)` limits each channel's value.",
            "Mean and variance of the batch are `x.mean(axis=0)` and `x.var(axis=0)`; epsilon goes to both variances.",
        ),
        explanation="Without limits everything of the batch cancels, and the moving statistics normalize, as in "
        "inference. With the narrowest limits it is batch norm. In the backward pass r and d count as constants.",
        mistakes=(
            Mistake(
                "r upside down",
                "r undoes the division by the batch's deviation: it is batch over moving.",
                lambda **p: _renormalize(**p, mistake="inverse"),
            ),
            Mistake(
                "d divided by the batch's deviation",
                "d stands behind the correction by r, in units of the moving deviation.",
                lambda **p: _renormalize(**p, mistake="batch std"),
            ),
            Mistake(
                "d with the wrong sign",
                "A batch above the moving mean should come out above 0: batch minus moving.",
                lambda **p: _renormalize(**p, mistake="sign"),
            ),
            Mistake(
                "Without limits",
                "Then the batch cancels, and this is inference: limit r and d with `np.clip`.",
                lambda **p: _renormalize(**p, mistake="free"),
            ),
            Mistake(
                "r without its lower limit",
                "r is never negative, and a quiet batch has one below 1: the lower limit is `1 / r_max`.",
                lambda **p: _renormalize(**p, mistake="one side"),
            ),
            Mistake(
                "Upper limits alone",
                "r has the lower limit `1 / r_max`, and d has `-d_max`: `np.clip` takes both.",
                lambda **p: _renormalize(**p, mistake="upper"),
            ),
            Mistake(
                "A ratio of variances",
                "r is the ratio of the standard deviations.",
                lambda **p: _renormalize(**p, mistake="variances"),
            ),
            Mistake(
                "Batch norm",
                "The batch's own statistics normalize here, and the moving ones have no say: r and d are missing.",
                lambda x, moving_mean, moving_variance, r_max, d_max, epsilon=1e-3: (
                    (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + epsilon)
                ),
            ),
            Mistake(
                "d inside the bracket",
                "d is added after the multiplication by r.",
                lambda **p: _renormalize(**p, mistake="bracket"),
            ),
        ),
    ),
    Value(
        id="variants.6",
        title="A ladder of variances",
        statement=r"""
A network without normalization has blocks $x \leftarrow x + \alpha f(x / \beta)$ with $\alpha = 0.2$. Its $f$ returns
variance 1 for an input of variance 1, uncorrelated with $x$. The first block receives variance 1, and each $\beta$ is
chosen so that $f$ receives variance 1, too.

Which variance have ten blocks made of it, and which $\beta$ does the eleventh need?
""",
        name="variance_and_beta",
        comment="(variance after ten blocks, beta of the eleventh)",
        solution_code="""
variance = 1 + 10 * 0.2**2  # each block adds alpha squared
variance_and_beta = (variance, np.sqrt(variance))
""".strip(),
        hints=(
            r"Variances of uncorrelated summands add up. What is the variance of $\alpha f$?",
            r"$x / \beta$ has the variance of $x$ divided by $\beta^2$.",
        ),
        explanation="1.4 and 1.183. Nothing is measured: the variance that batch norm would have to compute is known "
        "in advance.",
        mistakes=(
            Mistake(
                "Alpha is not squared",
                "A factor 0.2 on a value is a factor 0.04 on its variance.",
                (3, np.sqrt(3)),
            ),
            Mistake(
                "Divided by the variance",
                "Beta is a standard deviation: dividing by it divides the variance by its square.",
                (1.4, 1.4),
            ),
            Mistake(
                "Growth by a factor",
                "Since f sees variance 1 whatever comes in, each block adds the same amount; nothing is multiplied.",
                (1.04**10, np.sqrt(1.04**10)),
            ),
            Mistake(
                "Beta of the tenth block",
                "The eleventh block receives what ten blocks have made.",
                (1.4, np.sqrt(1.36)),
            ),
            Mistake(
                "One block too many",
                "The eleventh block's beta is for what it receives: the variance after ten blocks.",
                (1.44, 1.2),
            ),
            Mistake(
                "Every block doubles",
                "It would without alpha and beta. Here each block adds the variance of alpha times f.",
                (1024, 32),
            ),
            Mistake(
                "As if nothing was added",
                "The sum of x and the branch has a larger variance than x.",
                (1, 1),
            ),
        ),
    ),
)
