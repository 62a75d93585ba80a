"""Exercises of chapter `invariance`: lengths that don't count, steps that do, and what decay is for."""

import numpy as np

from bncourse.exercises import Choice, Function, Mistake, Value


def effective_rates(learning_rate, kernel):
    """Effective rate, (F,), of each filter of a kernel (height, width, C, F)."""
    return learning_rate / (kernel**2).sum(axis=(0, 1, 2))


def _rates_probes():
    generator = np.random.default_rng(1)
    for shape, learning_rate in (((3, 2, 2, 4), 0.3), ((2, 3, 4, 4), 1.7), ((1, 1, 5, 2), 0.05)):
        yield dict(learning_rate=learning_rate, kernel=generator.normal(0.5, 1, shape))


def decayed_step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    """One step of gradient descent with weight decay on the kernel alone: the new
    (kernel, gamma, beta).
    """
    kernel = kernel - learning_rate * (dkernel + decay * kernel)
    gamma = gamma - learning_rate * dgamma
    beta = beta - learning_rate * dbeta
    return kernel, gamma, beta


def _decayed_step_broken(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    """One step of gradient descent with weight decay on the kernel alone: the new
    (kernel, gamma, beta).
    """
    kernel = kernel - learning_rate * dkernel - decay * kernel
    gamma = gamma - learning_rate * (dgamma + decay * gamma)
    beta = beta - learning_rate * (dbeta + decay * beta)
    return kernel, gamma, beta


def _step(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay, *, outside=False, others=0.0, sign=1):
    """A step with decay outside of the learning rate, on the other parameters, or in the wrong direction."""
    shrink = sign * decay * kernel / (learning_rate if outside else 1)
    rates = [dkernel + shrink, dgamma + others * decay * gamma, dbeta + others * decay * beta]
    return tuple(p - learning_rate * r for p, r in zip((kernel, gamma, beta), rates, strict=True))


def _step_probes():
    generator = np.random.default_rng(2)
    for shape, learning_rate, decay in (((3, 2), 0.2, 0.4), ((2, 4), 0.5, 0.3), ((3, 3), 0.7, 1.2)):
        kernel, dkernel = generator.normal(1, 1, (2, *shape))
        gamma, beta, dgamma, dbeta = generator.normal(1.5, 0.5, (4, shape[1]))
        yield dict(
            kernel=kernel,
            gamma=gamma,
            beta=beta,
            dkernel=dkernel,
            dgamma=dgamma,
            dbeta=dbeta,
            learning_rate=learning_rate,
            decay=decay,
        )


def _step_then_decay(**p):
    kernel, gamma, beta = _step(**p, sign=0)
    return (1 - p["learning_rate"] * p["decay"]) * kernel, gamma, beta


def growing_rates(learning_rate, decay, steps):
    """Learning rates (steps,) without decay that turn normalized weights as a fixed
    learning rate with decay does.
    """
    shrink = 1 - learning_rate * decay
    return learning_rate * shrink ** -(2.0 * np.arange(steps) + 1)


def _rate_schedule(learning_rate, decay, steps, slope, offset):
    return learning_rate * (1 - learning_rate * decay) ** (slope * np.arange(steps) + offset)


def _schedule_probes():
    yield dict(learning_rate=0.2, decay=0.5, steps=6)
    yield dict(learning_rate=0.5, decay=0.3, steps=4)


EXERCISES = (
    Choice(
        id="invariance.1",
        title="Three times as long",
        statement=r"""
All weights of a convolution with batch normalization behind it are multiplied by 3 ($\epsilon = 0$). What happens to
the loss, to the length of its gradient with respect to them, and to the angle that the next step of SGD turns them
by?
""",
        options={
            "a": "loss equal, gradient 3 times as long, angle equal",
            "b": "loss equal, gradient a third as long, angle a third",
            "c": "loss equal, gradient a third as long, angle about a ninth",
            "d": "loss 3 times as large, gradient equal, angle a third",
        },
        reasons={
            "a": "L(3w) = L(w): the same change of the loss is spread over a distance 3 times as long, so the slope "
            "falls.",
            "b": "The gradient is right. But a step of a third the length also turns weights that are 3 times as long.",
            "c": "A factor 3 for the shorter gradient and a factor 3 for the longer weights: learning rate over length "
            "squared.",
            "d": "Mean and standard deviation are multiplied by 3 as well, so the output and the loss stay.",
        },
        solution="c",
        name="three_times",
        hints=(
            "Differentiate L(3w) = L(w) with respect to w.",
            "The angle of a small orthogonal step is its length divided by the length of the weights.",
        ),
    ),
    Value(
        id="invariance.2",
        title="A step with ruler and compass",
        statement=r"""
A unit's weights have length 3, their gradient has length 4 and is orthogonal to them. The learning rate is 1. (Batch
normalization follows, $\epsilon = 0$.)

How long are the weights after the step? And had they been 6 long instead, in the same direction: which learning rate
would have turned them by the same angle?
""",
        name="length_and_rate",
        comment="(length after the step, learning rate)",
        solution_code="""
length = np.hypot(3, 1 * 4)  # Pythagoras
rate = 1 * (6 / 3) ** 2  # the same learning rate / length**2
length_and_rate = (length, rate)
""".strip(),
        hints=(
            "Draw the right triangle.",
            "Twice the length halves the gradient: 2. For the same angle the step has to be twice as long, 8.",
        ),
        explanation="At length 6 the step has to be 8 long for the same triangle, and the gradient is 2: learning "
        "rate 4.",
        mistakes=(
            Mistake(
                "Subtracted along the weights",
                "The step is at a right angle to the weights, not along them: use Pythagoras.",
                (-1, 4),
            ),
            Mistake(
                "The effective learning rate",
                "1 / 6**2 is the rate over the length squared. Asked for is the learning rate that makes it as "
                "large as at "
                "length 3.",
                (5, 1 / 36),
            ),
            Mistake(
                "The effective learning rate at length 3",
                "1 / 3**2 is what has to stay the same. Asked for is the learning rate that gives it at length 6.",
                (5, 1 / 9),
            ),
            Mistake(
                "The lengths are added",
                "The step is at a right angle to the weights, not along them: use Pythagoras.",
                (7, 4),
            ),
            Mistake(
                "The learning rate grows with the length",
                "Twice the length asks for a step twice as long, but the gradient is also half as long: twice 2.",
                (5, 2),
            ),
            Mistake(
                "The learning rate stays",
                "At length 6 the gradient is 2, and a step of 2 turns weights of length 6 by much less.",
                (5, 1),
            ),
            Mistake(
                "The learning rate falls",
                "Longer weights turn more slowly: to make up for it, the learning rate has to grow.",
                (5, 0.25),
            ),
            Mistake(
                "The learning rate falls with the length",
                "At twice the length the gradient is half as long, and the step has to be twice as long: more rate.",
                (5, 0.5),
            ),
            Mistake(
                "A step along the weights",
                "An orthogonal gradient never shortens the weights.",
                (1, 4),
            ),
            Mistake(
                "Subtracted under the root",
                "Weights and step are the two sides at the right angle: their squares are added.",
                (7**0.5, 4),
            ),
            Mistake(
                "The length stays",
                "The step is 4 long and at a right angle to the weights: use Pythagoras.",
                (3, 4),
            ),
            Mistake(
                "The third power of the length",
                "The weights turn by the rate over the square of the length: twice the length asks for 2**2.",
                (5, 8),
            ),
        ),
    ),
    Function(
        id="invariance.3",
        title="The effective learning rate of each filter",
        statement="""
Write the function that gives the effective learning rate of each of the F filters of a convolution. Batch
normalization follows.
""",
        solution=effective_rates,
        probes=_rates_probes,
        hints=(
            "Which axes of the kernel belong to one filter?",
            "It is the learning rate divided by the *square* of the filter's length.",
        ),
        explanation="Filters that start at different lengths learn at different speeds, though there is one learning "
        "rate.",
        mistakes=(
            Mistake(
                "Divided by the length",
                "One factor of the length is for the gradient, a second one for the lever: divide by its square.",
                lambda learning_rate, kernel: learning_rate / np.sqrt((kernel**2).sum(axis=(0, 1, 2))),
            ),
            Mistake(
                "One length for the whole kernel",
                "Batch normalization standardizes each filter's output on its own, so each has a length of its own.",
                lambda learning_rate, kernel: np.full(kernel.shape[-1], learning_rate / (kernel**2).sum()),
            ),
            Mistake(
                "A mean of squares",
                "The squared length is the sum of all squares of the filter, not their mean.",
                lambda learning_rate, kernel: learning_rate / (kernel**2).mean(axis=(0, 1, 2)),
            ),
            Mistake(
                "Multiplied by the square",
                "Longer weights turn more slowly: divide.",
                lambda learning_rate, kernel: learning_rate * (kernel**2).sum(axis=(0, 1, 2)),
            ),
            Mistake(
                "Axes of the input channels",
                "The filters stand along the last axis. Sum over all the others, the input channels among them.",
                lambda learning_rate, kernel: learning_rate / (kernel**2).sum(axis=(0, 1, 3)),
            ),
            Mistake(
                "The square of the sum",
                "Square each weight first, then add.",
                lambda learning_rate, kernel: learning_rate / kernel.sum(axis=(0, 1, 2)) ** 2,
            ),
        ),
    ),
    Function(
        id="invariance.4",
        title="Mend the weight decay",
        statement=r"""
This step should do $w \leftarrow w - \eta (g + \lambda w)$ for the kernel, and plain gradient descent for $\gamma$
and $\beta$. Two things are wrong with it. Mend it.
""",
        solution=decayed_step,
        broken=_decayed_step_broken,
        probes=_step_probes,
        hints=(
            "By which factor does the kernel shrink when its gradient is zero? It should be `1 - learning_rate * "
            "decay`.",
            "Which parameters should be decayed at all?",
        ),
        explanation="Whether the learning rate multiplies the decay is a matter of convention, and frameworks differ. "
        "Formulas such as the equilibrium angle hold for one of them: look it up before you carry a value over.",
        mistakes=(
            Mistake(
                "The kernel decayed before or after the step, not in it",
                "Both use the same old kernel: `kernel - learning_rate * (dkernel + decay * kernel)`.",
                _step_then_decay,
            ),
            Mistake(
                "Half the decay",
                "The decay term is `decay * kernel`, without a factor of one half.",
                lambda **p: _step(**p, sign=0.5),
            ),
            Mistake(
                "Twice the decay",
                "The decay term is `decay * kernel`: the 2 of a square's derivative is not in this formula.",
                lambda **p: _step(**p, sign=2),
            ),
            Mistake(
                "Decay outside of the learning rate",
                "The kernel shrinks by `decay` at every step, whatever the learning rate. Put it into the bracket.",
                lambda **p: _step(**p, outside=True),
            ),
            Mistake(
                "Gamma and beta still decay",
                "The statement asks for plain gradient descent on gamma and beta.",
                lambda **p: _step(**p, others=1.0),
            ),
            Mistake(
                "Both mistakes are still there",
                "Look at the kernel's decay, which misses a factor, and at gamma and beta, which should have none.",
                lambda **p: _step(**p, outside=True, others=1.0),
            ),
            Mistake(
                "No decay left",
                "The kernel should still be decayed.",
                lambda **p: _step(**p, sign=0),
            ),
            Mistake(
                "The kernel grows",
                "The decay has the wrong sign: it should take a part of the kernel away.",
                lambda **p: _step(**p, sign=-1),
            ),
        ),
    ),
    Function(
        id="invariance.5",
        title="Weight decay in disguise",
        statement=r"""
SGD with learning rate $\eta$ and weight decay $\lambda$ takes normalized weights through $w_{t+1} = \alpha w_t - \eta
\, g(w_t)$ with $\alpha = 1 - \eta\lambda$. Only directions count. So follow $u_t = w_t / \alpha^t$ instead, which has
the same direction. Show that $u$ needs no weight decay, but a learning rate of its own at each step, and write the
function that gives the rates for $t = 0, 1, \dots$
""",
        solution=growing_rates,
        probes=_schedule_probes,
        hints=(
            r"Put $w_t = \alpha^t u_t$ into the formula, on both sides.",
            r"By the second law, $g(\alpha^t u_t) = \alpha^{-t} g(u_t)$.",
            r"Divide by $\alpha^{t+1}$: $u_{t+1} = u_t - \eta \, \alpha^{-t-1} \alpha^{-t} \, g(u_t)$.",
        ),
        explanation="Weight decay is the same as a learning rate that grows exponentially as long as training goes on. "
        "Weights whose length counts would not survive that; normalized ones don't notice: "
        "[Li and Arora 2019](https://arxiv.org/abs/1910.07454).",
        mistakes=(
            Mistake(
                "Only one factor a step, and none at the beginning",
                "u is w divided by alpha**t, and the gradient brings a second factor by the second law.",
                lambda learning_rate, decay, steps: _rate_schedule(learning_rate, decay, steps, -1, 0),
            ),
            Mistake(
                "An exponential in the place of the powers of alpha",
                "exp(2 · learning rate · decay · t) is near it for small decay. Exact is alpha = 1 - learning "
                "rate · decay, to "
                "the power of -(2t + 1).",
                lambda learning_rate, decay, steps: (
                    learning_rate * np.exp(2 * learning_rate * decay * np.arange(steps))
                ),
            ),
            Mistake(
                "An exponential in the place of alpha's powers, at t + 1/2",
                "An exponential is near it for small decay. Exact is a power of alpha = 1 - learning rate · decay.",
                lambda learning_rate, decay, steps: (
                    learning_rate * np.exp(learning_rate * decay * (2 * np.arange(steps) + 1))
                ),
            ),
            Mistake(
                "The gradient's own factor is missing",
                "The shorter or longer weights also change their gradient, by the second law: another factor a step.",
                lambda learning_rate, decay, steps: _rate_schedule(learning_rate, decay, steps, -1, -1),
            ),
            Mistake(
                "Off by one half-step",
                "Dividing by alpha ** (t + 1), not alpha ** t, gives u at step t + 1.",
                lambda learning_rate, decay, steps: _rate_schedule(learning_rate, decay, steps, -2, 0),
            ),
            Mistake(
                "Rates that fall",
                "alpha is below 1, and without decay the weights are longer: they need larger rates.",
                lambda learning_rate, decay, steps: _rate_schedule(learning_rate, decay, steps, 2, 1),
            ),
            Mistake(
                "A constant rate",
                "That would be no decay at all. The rate has to make up for the length that decay would have taken.",
                lambda learning_rate, decay, steps: _rate_schedule(learning_rate, decay, steps, 0, 0),
            ),
            Mistake(
                "Decay without the learning rate",
                "One step shrinks the weights by `1 - learning_rate * decay`.",
                lambda learning_rate, decay, steps: learning_rate * (1 - decay) ** -(2.0 * np.arange(steps) + 1),
            ),
        ),
    ),
    Value(
        id="invariance.6",
        title="Where epsilon has a say",
        statement=r"""
A channel's inputs have the variance 0.04. Batch normalization with $\epsilon = 0.001$ and $\gamma = 1$ follows. Then
the kernel in front of it is multiplied by 0.1, which multiplies the channel's inputs by 0.1 (it has no bias).

By the laws of this chapter the output should not notice. What is its standard deviation before, and what after? (Give
three digits.)
""",
        name="standard_deviations",
        comment="(before, after)",
        solution_code="""
before = np.sqrt(0.04 / (0.04 + 0.001))
after = np.sqrt(0.0004 / (0.0004 + 0.001))  # the variance shrinks by 0.1**2
standard_deviations = (before, after)
""".strip(),
        hints=(
            r"The output is $(x - \mu) / \sqrt{\sigma^2 + \epsilon}$. Its standard deviation is $\sigma$ divided by "
            r"that root.",
            "Inputs that are 0.1 times as large have a variance that is 0.01 times as large.",
        ),
        explanation="0.988 and 0.535. The laws hold for epsilon 0, and well as long as the variance is much larger "
        "than "
        "epsilon. Small weights, or dull images, leave their range: there the scale does matter, and the output "
        "shrinks.",
        mistakes=(
            Mistake(
                "As if nothing had changed",
                "The variance after is 0.0004. Beside it epsilon, 0.001, is no longer small.",
                (np.sqrt(0.04 / 0.041), np.sqrt(0.04 / 0.041)),
            ),
            Mistake(
                "As if epsilon were 0",
                "The variance after is 0.0004, and epsilon is 0.001: it is the larger one of the two.",
                (1, 1),
            ),
            Mistake(
                "Epsilon left out before",
                "Epsilon is small against 0.04, but it counts in the third digit.",
                (1, np.sqrt(0.0004 / 0.0014)),
            ),
            Mistake(
                "Epsilon left out after",
                "The variance is 0.0004 now: epsilon, 0.001, is more than half of the denominator.",
                (np.sqrt(0.04 / 0.041), 1),
            ),
            Mistake(
                "The variance scaled like the inputs",
                "Inputs that are 0.1 times as large have a variance 0.1 squared times as large.",
                (np.sqrt(0.04 / 0.041), np.sqrt(0.004 / 0.005)),
            ),
            Mistake(
                "Scaled like the inputs",
                "Part of the factor is taken out again by the normalization: put the new variance into the formula.",
                (np.sqrt(0.04 / 0.041), 0.1 * np.sqrt(0.04 / 0.041)),
            ),
            Mistake(
                "Variances",
                "Those are the variances of the output. Asked for are its standard deviations.",
                (0.04 / 0.041, 0.0004 / 0.0014),
            ),
            Mistake(
                "Epsilon outside the root",
                "Epsilon is added to the variance, under the root.",
                (0.2 / 0.201, 0.02 / 0.021),
            ),
        ),
    ),
)
