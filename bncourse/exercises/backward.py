"""Exercises of chapter `backward`: gradients by hand, what a loss can test, and what changes with the statistics."""

import numpy as np

from bncourse.exercises import Choice, Function, Mistake, Value


def batchnorm_backward(dy, x_hat, inv_std, gamma):
    """Gradients (dx, dgamma, dbeta) of batch normalization, given dy and x_hat (N, H,
    W, C), inv_std and gamma (C,).
    """
    m = dy.shape[0] * dy.shape[1] * dy.shape[2]
    dbeta = dy.sum(axis=(0, 1, 2))
    dgamma = (dy * x_hat).sum(axis=(0, 1, 2))
    dx = gamma * inv_std * (dy - dbeta / m - x_hat * dgamma / m)
    return dx, dgamma, dbeta


def _batchnorm_backward_broken(dy, x_hat, inv_std, gamma):
    """Gradients (dx, dgamma, dbeta) of batch normalization, given dy and x_hat (N, H,
    W, C), inv_std and gamma (C,).
    """
    m = len(dy)
    dbeta = dy.sum(axis=(0, 1, 2))
    dgamma = (dy * x_hat).sum(axis=(0, 1, 2))
    dx = inv_std * (dy - dbeta / m - x_hat * dgamma / m)
    return dx, dgamma, dbeta


def _assembled(dy, x_hat, inv_std, gamma, *, m=None, mean=True, slope=True, scale=True):
    """The gradients with terms left out, or another m."""
    m = m or dy.size // dy.shape[-1]
    dbeta, dgamma = dy.sum(axis=(0, 1, 2)), (dy * x_hat).sum(axis=(0, 1, 2))
    dx = inv_std * (dy - mean * dbeta / m - slope * x_hat * dgamma / m)
    return (gamma if scale else 1) * dx, dgamma, dbeta


def _image_probes():
    generator = np.random.default_rng(3)
    for shape in ((2, 3, 2, 5), (3, 1, 2, 3), (1, 2, 4, 2), (2, 2, 1, 1)):
        x = generator.normal(2, 1.5, shape)
        inv_std = 1 / np.sqrt(x.var(axis=(0, 1, 2)) + 0.5)
        yield dict(
            dy=generator.normal(0.8, 1, shape),
            x_hat=(x - x.mean(axis=(0, 1, 2))) * inv_std,
            inv_std=inv_std,
            gamma=generator.uniform(1.5, 3, shape[-1]),
        )


def _gamma_in_the_first_term(dy, x_hat, inv_std, gamma, *, root=1):
    dx, dgamma, dbeta = _assembled(dy, x_hat, inv_std, gamma, scale=False)
    if root:
        return dx + (gamma - 1) * inv_std * dy, dgamma, dbeta
    return dx / inv_std + (gamma * inv_std - 1) * dy, dgamma, dbeta


def rmsnorm_backward(dy, x, epsilon):
    """dx (N, C) of y = x / sqrt(q + epsilon), where q (C,) is the mean of x**2 over the
    batch; dy and x are (N, C).
    """
    r = 1 / np.sqrt((x**2).mean(axis=0) + epsilon)
    y = x * r
    return r * (dy - y * (dy * y).mean(axis=0))


def _rms_parts(x, epsilon):
    r = 1 / np.sqrt((x**2).mean(axis=0) + epsilon)
    return r, x * r


def _rms_with_mean(dy, x, epsilon):
    r, y = _rms_parts(x, epsilon)
    return r * (dy - dy.mean(axis=0) - y * (dy * y).mean(axis=0))


def _rms_batchnorm(dy, x, epsilon):
    r = 1 / np.sqrt(x.var(axis=0) + epsilon)
    x_hat = (x - x.mean(axis=0)) * r
    return r * (dy - dy.mean(axis=0) - x_hat * (dy * x_hat).mean(axis=0))


def _rms_constant(dy, x, epsilon):
    return dy * _rms_parts(x, epsilon)[0]


def _rms_summed(dy, x, epsilon):
    r, y = _rms_parts(x, epsilon)
    return r * (dy - y * (dy * y).sum(axis=0))


def _rms_by_columns(dy, x, epsilon):
    r, y = _rms_parts(x, epsilon)
    return r * (dy - y * (dy * y).sum(axis=0) / x.shape[1])


def _rms_outside(dy, x, epsilon):
    r = 1 / (np.sqrt((x**2).mean(axis=0)) + epsilon)
    return r * (dy - x * r * (dy * x * r).mean(axis=0))


def _rms_unnormalized(dy, x, epsilon):
    r, _ = _rms_parts(x, epsilon)
    return r * (dy - x * (dy * x).mean(axis=0))


def _rms_halved(dy, x, epsilon):
    r, y = _rms_parts(x, epsilon)
    return r * (dy - y * (dy * y).mean(axis=0) / 2)


def _rms_doubled(dy, x, epsilon):
    r, y = _rms_parts(x, epsilon)
    return r * (dy - 2 * y * (dy * y).mean(axis=0))


def _rms_added(dy, x, epsilon):
    r, y = _rms_parts(x, epsilon)
    return r * (dy + y * (dy * y).mean(axis=0))


def _rms_per_sample(dy, x, epsilon):
    r, y = _rms_parts(x, epsilon)
    return r * (dy - y * (dy * y).mean(axis=1, keepdims=True))


def _rms_probes():
    generator = np.random.default_rng(4)
    for shape in ((5, 3), (4, 2), (3, 3), (7, 3)):
        yield dict(
            dy=generator.normal(0.8, 1, shape), x=generator.normal([1, 2, -1][: shape[1]], 1, shape), epsilon=0.5
        )


def frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    """Gradients (dx, dgamma, dbeta) of a frozen layer; dy and x are (N, C), everything
    else is (C,).
    """
    inv_std = 1 / np.sqrt(moving_variance + epsilon)
    x_hat = (x - moving_mean) * inv_std
    return gamma * inv_std * dy, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


def _frozen_as_training(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    inv_std = 1 / np.sqrt(moving_variance + epsilon)
    x_hat = (x - moving_mean) * inv_std
    dgamma, dbeta = (dy * x_hat).sum(axis=0), dy.sum(axis=0)
    return gamma * inv_std * (dy - dbeta / len(dy) - x_hat * dgamma / len(dy)), dgamma, dbeta


def _frozen_batch_statistics(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    return _frozen_as_training(dy, x, gamma, x.mean(axis=0), x.var(axis=0), epsilon)


def _frozen_outside(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    inv_std = 1 / (np.sqrt(moving_variance) + epsilon)
    x_hat = (x - moving_mean) * inv_std
    return gamma * inv_std * dy, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


def _frozen_raw(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    inv_std = 1 / np.sqrt(moving_variance + epsilon)
    return gamma * inv_std * dy, (dy * x).sum(axis=0), dy.sum(axis=0)


def _frozen_no_gradients(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    inv_std = 1 / np.sqrt(moving_variance + epsilon)
    return gamma * inv_std * dy, np.zeros(gamma.shape), np.zeros(gamma.shape)


def _frozen_means(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    dx, dgamma, dbeta = frozen_backward(dy, x, gamma, moving_mean, moving_variance, epsilon)
    return dx, dgamma / len(dy), dbeta / len(dy)


def _frozen_probes():
    generator = np.random.default_rng(6)
    for shape in ((4, 3), (3, 3), (5, 2)):
        channels = shape[1]
        yield dict(
            dy=generator.normal(0.8, 1, shape),
            x=generator.normal(2, 1, shape),
            gamma=generator.uniform(1.5, 3, channels),
            moving_mean=generator.normal(1, 0.5, channels),
            moving_variance=generator.uniform(0.5, 2, channels),
            epsilon=0.5,
        )
    yield dict(
        dy=np.array([[1.0], [2.0]]),
        x=np.array([[0.1], [0.3]]),
        gamma=np.array([2.0]),
        moving_mean=np.array([0.15]),
        moving_variance=np.array([1e-3]),
    )


EXERCISES = (
    Value(
        id="backward.1",
        title="Take the line away by hand",
        statement=r"""
A channel of four values was normalized to $\hat x = (-1, -1, 1, 1)$, and $dy = (3, 1, 0, 2)$ arrives. Let $\gamma = 1$,
$\sigma = 1$ and $\epsilon = 0$. Compute $dx$ on paper: first the mean of $dy$, then the slope, then what is left.
""",
        name="dx_by_hand",
        comment="four numbers in a list",
        solution_code="""
dy, x_hat = np.array([3, 1, 0, 2]), np.array([-1, -1, 1, 1])
intercept = dy.mean()  # 1.5
slope = (dy * x_hat).mean()  # (-3 - 1 + 0 + 2) / 4 = -0.5
dx_by_hand = dy - (intercept + slope * x_hat)
""".strip(),
        hints=(
            "The mean of $dy$ is 1.5.",
            r"The slope is $d\gamma / m$, the mean of $dy \cdot \hat x$: $(-3 - 1 + 0 + 2) / 4$.",
            "The line is 2 above the first two values and 1 above the last two.",
        ),
        explanation=r"Test it: the four numbers add up to 0, and so do their products with $\hat x$.",
        mistakes=(
            Mistake(
                "Sums instead of means",
                "Intercept and slope are means: divide the sums, 6 and -2, by 4.",
                [-5, -7, -4, -2],
            ),
            Mistake(
                "The line itself", "That is what is taken away: the rest, `dy` minus the line, is `dx`.", [2, 2, 1, 1]
            ),
            Mistake("`x_hat` itself", "Asked for is what is left of `dy` when the line is taken away.", [-1, -1, 1, 1]),
            Mistake(
                "The slope divided by m - 1",
                "The slope is the mean of `dy * x_hat`: divide by 4.",
                [5 / 6, -7 / 6, -5 / 6, 7 / 6],
            ),
            Mistake(
                "The slope is missing",
                "You took the mean away, which leaves the component along x_hat. Take `slope * x_hat` away as well.",
                [1.5, -0.5, -1.5, 0.5],
            ),
            Mistake(
                "The mean is missing",
                "You took the slope away, which leaves the mean. The result has to add up to 0.",
                [2.5, 0.5, 0.5, 2.5],
            ),
            Mistake(
                "The slope has the wrong sign",
                "The slope is negative here: the gradient falls from the left pair to the right one.",
                [2, 0, -2, 0],
            ),
            Mistake(
                "A sum instead of a mean",
                "The slope is dgamma / m: divide the sum of `dy * x_hat`, which is -2, by 4.",
                [-0.5, -2.5, 0.5, 2.5],
            ),
            Mistake(
                "The statistics taken for constants",
                "That is `dy` itself: what remains if mean and standard deviation don't depend on x.",
                [3, 1, 0, 2],
            ),
        ),
    ),
    Choice(
        id="backward.2",
        title="What can this loss test?",
        statement=r"""
To test a backward pass, somebody takes the loss $L = \tfrac12 \sum_i y_i^2$ with $\gamma = 1$, $\beta = 0$,
$\epsilon = 0$, and compares $dx$ with central differences. Both agree. Which wrong backward pass would have passed this
test, too?
""",
        options={
            "a": "One that takes mean and variance for constants.",
            "b": "One that leaves out the part through the variance.",
            "c": "One that leaves out the part through the mean.",
            "d": "None: the gradient of a square depends on every value.",
        },
        reasons={
            "a": "It would give `dy` divided by the standard deviation. But the sum of squares is m for any x, so the "
            "true "
            "gradient is zero, and central differences say so.",
            "b": "Here dy = y = x_hat. Its mean is zero, so without the part through the variance all of it is left, "
            "and "
            "the true gradient is zero: that is noticed.",
            "c": "Here dy = y = x_hat, whose mean is zero: the part through the mean has nothing to do. The part "
            "through "
            "the variance alone makes dx zero, which is right here.",
            "d": "`dy` depends on every value, but it equals x_hat, and the true gradient is zero: whatever gives zero "
            "passes, right or wrong.",
        },
        solution="c",
        name="what_passes",
        hints=(
            r"What is $dy$, in terms of $\hat x$?",
            r"What is $\sum_i \hat x_i^2$, for any $x$? And what is the mean of $dy$?",
        ),
        explanation="A missing gamma and a function that returns zeros would pass as well. A loss whose terms have "
        "random "
        "weights lets none of them through.",
    ),
    Function(
        id="backward.3",
        title="Mend a backward pass for images",
        statement=r"""
This function passed its tests on dense activations with $\gamma = 1$. With images its `dx` is wrong. There are two
mistakes in it. Mend them.
""",
        solution=batchnorm_backward,
        broken=_batchnorm_backward_broken,
        probes=_image_probes,
        hints=(
            "How many values of an image batch share one mean?",
            "Which factor of the boxed formula is missing in the last line?",
        ),
        explanation="For `(N, C)` arrays `len(dy)` is m, and with gamma 1 the missing factor is 1. That is why tests "
        "use several shapes and a gamma away from 1.",
        mistakes=(
            Mistake(
                "Gamma reaches the first term alone",
                "The whole bracket is multiplied by gamma: mind the parentheses.",
                _gamma_in_the_first_term,
            ),
            Mistake(
                "Gamma and `inv_std` reach the first term alone",
                "The whole bracket is multiplied by them: mind the parentheses.",
                lambda dy, x_hat, inv_std, gamma: _gamma_in_the_first_term(dy, x_hat, inv_std, gamma, root=0),
            ),
            Mistake(
                "m - 1",
                "The batch is divided by m, and so is its gradient.",
                lambda dy, x_hat, inv_std, gamma: _assembled(
                    dy, x_hat, inv_std, gamma, m=dy.size / dy.shape[-1] - 1 or np.inf
                ),
            ),
            Mistake(
                "The channels in the place of the columns",
                "m is N · H · W: the channels have means of their own.",
                lambda dy, x_hat, inv_std, gamma: _assembled(
                    dy, x_hat, inv_std, gamma, m=dy.shape[0] * dy.shape[1] * dy.shape[3]
                ),
            ),
            Mistake(
                "Gamma is still missing",
                "`dx` starts with `gamma * inv_std`: the step through y = gamma x_hat + beta multiplies by gamma.",
                lambda dy, x_hat, inv_std, gamma: _assembled(dy, x_hat, inv_std, gamma, scale=False),
            ),
            Mistake(
                "m is still the number of images",
                "A channel has N · H · W values, and all of them share its mean: m is `dy.size // dy.shape[-1]`.",
                lambda dy, x_hat, inv_std, gamma: _assembled(dy, x_hat, inv_std, gamma, m=len(dy)),
            ),
            Mistake(
                "Nothing is mended yet",
                "Both mistakes are still there: m, and a factor in the last line.",
                lambda dy, x_hat, inv_std, gamma: _assembled(dy, x_hat, inv_std, gamma, m=len(dy), scale=False),
            ),
            Mistake(
                "The positions of one image counted",
                "The batch belongs to it: a channel has N · H · W values that share its mean.",
                lambda dy, x_hat, inv_std, gamma: _assembled(dy, x_hat, inv_std, gamma, m=dy.shape[1] * dy.shape[2]),
            ),
            Mistake(
                "Means instead of sums",
                "gamma and beta are used by all values of their channel, so their gradients are sums.",
                lambda dy, x_hat, inv_std, gamma: (
                    batchnorm_backward(dy, x_hat, inv_std, gamma)[0],
                    (dy * x_hat).mean(axis=(0, 1, 2)),
                    dy.mean(axis=(0, 1, 2)),
                ),
            ),
            Mistake(
                "Channels counted as well",
                "`dy.size` counts all channels. A channel's mean is over N · H · W values.",
                lambda dy, x_hat, inv_std, gamma: _assembled(dy, x_hat, inv_std, gamma, m=dy.size),
            ),
            Mistake(
                "The part through the variance is lost",
                "The term `x_hat * dgamma / m` was right. It belongs in the bracket.",
                lambda dy, x_hat, inv_std, gamma: _assembled(dy, x_hat, inv_std, gamma, slope=False),
            ),
            Mistake(
                "The part through the mean is lost",
                "The term `dbeta / m` was right. It belongs in the bracket.",
                lambda dy, x_hat, inv_std, gamma: _assembled(dy, x_hat, inv_std, gamma, mean=False),
            ),
        ),
    ),
    Function(
        id="backward.4",
        title="A normalization of your own",
        statement=r"""
Leave out the mean: normalize each column by its root mean square over the batch,

$$ y_i = \frac{x_i}{\sqrt{q + \epsilon}}, \qquad q = \frac1m \sum_i x_i^2 . $$

Draw its graph, walk it backward, collect the terms, and write `dx`. Which of the two terms of batch normalization
survives?
""",
        solution=rmsnorm_backward,
        probes=_rms_probes,
        hints=(
            r"The nodes are $s = x^2$, $q = \text{mean}(s)$, $r = (q + \epsilon)^{-1/2}$, $y = x \, r$; "
            r"$x$ is used twice.",
            r"$dr = \sum dy_i \, x_i$, $dq = -\tfrac12 r^3 dr$, $ds_i = dq / m$, $dx_i = r \, dy_i + 2 x_i \, ds_i$.",
            "Write $x_i = y_i / r$ and take $r$ out.",
        ),
        explanation="The output still ignores the scale of the column, so the gradient loses its component along y. "
        "But it feels a common shift, so the gradient keeps its mean: the line goes through the origin. (Per sample "
        "instead of per column, this is [RMSNorm](https://arxiv.org/abs/1910.07467).)",
        mistakes=(
            Mistake(
                "Batch normalization",
                "That is the gradient of a layer that subtracts the mean. This one does not: no path goes through it.",
                _rms_batchnorm,
            ),
            Mistake(
                "A mean is taken away that was never subtracted",
                "This layer doesn't subtract a mean, so there is no path through one: no `dy.mean(axis=0)`.",
                _rms_with_mean,
            ),
            Mistake(
                "The root mean square taken for a constant",
                "It depends on every x of its column. That path gives the second term.",
                _rms_constant,
            ),
            Mistake(
                "A sum instead of a mean",
                "The mean of the squares divides by m, and its gradient does, too.",
                _rms_summed,
            ),
            Mistake(
                "Divided by the number of columns",
                "The mean is taken over the batch: m is the number of rows, `len(x)`.",
                lambda dy, x, epsilon: _rms_by_columns(dy, x, epsilon),
            ),
            Mistake(
                "Epsilon outside the root",
                "Epsilon is added to q, and the root is taken of the sum.",
                lambda dy, x, epsilon: _rms_outside(dy, x, epsilon),
            ),
            Mistake(
                "x in place of y",
                "The steps give r³ x (Σ dy x) / m. Two of the three r turn both x into y; count them again.",
                _rms_unnormalized,
            ),
            Mistake(
                "A factor 2 too much",
                "The 2 of the square is met by the 1/2 of the root.",
                _rms_doubled,
            ),
            Mistake(
                "The 2 of the square forgotten",
                "The derivative of x**2 is 2 x. Its 2 is met by the 1/2 of the root, and nothing is halved.",
                _rms_halved,
            ),
            Mistake(
                "Wrong sign",
                "The derivative of (q + epsilon) ** (-1/2) is negative: the second term is subtracted.",
                _rms_added,
            ),
            Mistake(
                "Mean over the features of a sample",
                "The statistic is one number a column: its gradient is a mean over the batch, `axis=0`.",
                _rms_per_sample,
            ),
        ),
    ),
    Function(
        id="backward.5",
        title="When the statistics really are constants",
        statement=r"""
A frozen layer normalizes with its moving statistics, also while the layers around it are trained (fine-tuning). Write
its backward pass.
""",
        solution=frozen_backward,
        probes=_frozen_probes,
        hints=(
            "Does the moving mean change when one $x_i$ of this batch changes?",
            r"Without the paths through mean and variance the straight one is left: $y = \gamma (x - \mu) r + \beta$.",
        ),
        explanation="The gradient that was wrong in training is exact here. The gradients of gamma and beta need the "
        "x_hat of *this* forward pass, made with the moving statistics. A `network.BatchNorm` with `trainable = False` "
        "sends gradients back in this way.",
        mistakes=(
            Mistake(
                "The gradient of training",
                "The moving statistics don't depend on this batch: no gradient flows through them, no line goes.",
                _frozen_as_training,
            ),
            Mistake(
                "Statistics of the batch",
                "A frozen layer normalizes with `moving_mean` and `moving_variance`, not with those of x.",
                _frozen_batch_statistics,
            ),
            Mistake(
                "Epsilon outside the root",
                "Epsilon is added to the variance, under the root: `1 / np.sqrt(moving_variance + epsilon)`.",
                _frozen_outside,
            ),
            Mistake(
                "x in place of x_hat",
                "gamma multiplies x_hat in the forward pass, so x_hat stands in its gradient.",
                _frozen_raw,
            ),
            Mistake(
                "No gradients for gamma and beta",
                "An optimizer may leave them alone, but they have gradients. (In Keras, `trainable=False` does both.)",
                _frozen_no_gradients,
            ),
            Mistake(
                "Means instead of sums",
                "gamma and beta are used by every sample, so their gradients are sums over the batch.",
                _frozen_means,
            ),
        ),
    ),
    Value(
        id="backward.6",
        title="A batch of one",
        statement=r"""
A network is trained with one image in each batch. It has batch normalization behind a convolution whose output is
`(1, 7, 7, 64)`, and again behind a dense layer whose output is `(1, 64)`.

Over how many values does each of the two average? And the gradient that arrives behind the second one, at the dense
layer's outputs, is $dy = 0.8$ everywhere: how large is $dx$ in front of it ($\gamma = 2$, $\epsilon = 0.001$)?
""",
        name="batch_of_one",
        comment="(m of the convolution, m of the dense layer, dx)",
        solution_code="""
m_convolution = 1 * 7 * 7  # the positions of one image
m_dense = 1
dx = 0.0  # x - mean is 0 whatever x is: the output is beta, and no gradient passes
batch_of_one = (m_convolution, m_dense, dx)
""".strip(),
        hints=(
            "Which values of a convolution's output share a mean? Does a batch of one leave a single one of them?",
            "What is the mean of one value? And what is the output, then?",
            "The formula says the same: $dy - d\\beta / m - \\hat x \\, d\\gamma / m$ with $m = 1$ and $\\hat x = 0$.",
        ),
        explanation="Behind a convolution a batch of one still has 49 values, of one image: poor statistics, but "
        "statistics. Behind a dense layer the output is beta, and nothing below learns. Frameworks differ: PyTorch "
        "refuses such a batch, Keras does what the formula says.",
        mistakes=(
            Mistake(
                "One value for the convolution, too",
                "All positions of a channel share its mean: one image of 7 x 7 has 49 of them.",
                (1, 1, 0.0),
            ),
            Mistake(
                "The channels of the convolution averaged, too",
                "Each of the 64 channels has its own mean: over its 7 x 7 positions.",
                (7 * 7 * 64, 1, 0.0),
            ),
            Mistake(
                "The channels averaged",
                "Each channel has its own mean: over the positions, not over the channels.",
                (7 * 7 * 64, 64, 0.0),
            ),
            Mistake(
                "The channels of the dense layer averaged",
                "Each of its 64 outputs has its own mean, over the batch: that is one value.",
                (49, 64, 0.0),
            ),
            Mistake(
                "The statistics taken for constants",
                "That is `gamma * inv_std * dy`. But the mean of one value moves along with it: the output is beta, "
                "whatever x is.",
                (49, 1, 2 * 0.8 / 0.001**0.5),
            ),
            Mistake(
                "The gradient only scaled",
                "The output of a batch of one is beta, whatever x is. How does the loss change with x, then?",
                (49, 1, 1.6),
            ),
            Mistake(
                "The gradient passed on",
                "The output of a batch of one is beta, whatever x is. How does the loss change with x, then?",
                (49, 1, 0.8),
            ),
            Mistake(
                "One side of the image",
                "A channel has 7 x 7 positions.",
                (7, 1, 0.0),
            ),
            Mistake(
                "Divided by epsilon",
                "The output of a batch of one is beta, whatever x is. How does the loss change with x, then?",
                (49, 1, 1600.0),
            ),
        ),
    ),
)
