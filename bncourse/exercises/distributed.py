"""Exercises of chapter `distributed`: statistics and gradients of a batch that nobody holds as a whole."""

import numpy as np

from bncourse.exercises import Case, Choice, Function, Mistake, Value


class _Waiting(BaseException):
    """Ends a call that has to wait for the other replicas; no `except Exception` stops it."""


def _together(function, shards):
    """Call `function(*shard, all_reduce)` for each shard, as if all calls ran at once and met in each all-reduce.

    A call is broken off where it asks for a sum that is not known yet, and begun again once all calls have asked.
    """
    sums = []
    while True:
        asked = []
        for shard in shards:
            known = iter(sums)

            def all_reduce(value, known=known, asked=asked):
                found = next(known, None)
                if found is not None:
                    return found.copy()
                asked.append(np.asarray(value, float))
                raise _Waiting

            try:
                function(*shard, all_reduce)
            except _Waiting:
                continue
        if not asked:
            return
        if len(asked) < len(shards):
            raise RuntimeError("one replica waits in an all-reduce that another never calls")
        if len({value.shape for value in asked}) > 1:
            raise RuntimeError("the replicas hand all_reduce values of different shapes")
        sums.append(np.sum(asked, axis=0))


def _cut(array, sizes):
    return np.split(array, np.cumsum(sizes)[:-1])


def synchronized_moments(x, all_reduce):
    """Mean and variance, each (C,), of the inputs of all replicas together.

    x (n, C) are this replica's; n may differ between replicas. all_reduce(value) is
    the sum of all replicas' values.
    """
    n = all_reduce(len(x))
    mean = all_reduce(x.sum(axis=0)) / n
    variance = all_reduce(((x - mean) ** 2).sum(axis=0)) / n
    return mean, variance


def _synchronized_moments_broken(x, all_reduce):
    """Mean and variance, each (C,), of the inputs of all replicas together.

    x (n, C) are this replica's; n may differ between replicas. all_reduce(value) is
    the sum of all replicas' values.
    """
    replicas = all_reduce(1)
    mean = all_reduce(x.mean(axis=0)) / replicas
    variance = all_reduce(x.var(axis=0)) / replicas
    return mean, variance


def _run_moments(function, x, sizes):
    """Let one call for each shard of x run together."""
    _together(function, [(shard,) for shard in _cut(x, sizes)])


def _weighted_variances(x, all_reduce):
    n = all_reduce(len(x))
    return all_reduce(len(x) * x.mean(axis=0)) / n, all_reduce(len(x) * x.var(axis=0)) / n


def _equal_weights(x, all_reduce):
    replicas = all_reduce(1)
    mean = all_reduce(x.mean(axis=0)) / replicas
    return mean, all_reduce(((x - mean) ** 2).mean(axis=0)) / replicas


def _plain_mean(x, all_reduce):
    mean = all_reduce(x.mean(axis=0)) / all_reduce(1)
    n = all_reduce(len(x))
    return mean, all_reduce(((x - mean) ** 2).sum(axis=0)) / n


def _own_count(x, all_reduce):
    mean = all_reduce(x.sum(axis=0)) / len(x)
    return mean, all_reduce(((x - mean) ** 2).sum(axis=0)) / len(x)


def _moments_probes():
    generator = np.random.default_rng(4)
    for sizes, channels in (((5, 2), 3), ((3, 3, 1), 3), ((2, 6), 2)):
        offsets = np.repeat(4.0 * np.arange(len(sizes)), sizes)[:, None]
        x = generator.normal(3, 1.5, (sum(sizes), channels)) * np.arange(1, channels + 1) + offsets
        yield dict(x=x, sizes=sizes)


def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    """Gradient (n, C) of the loss with respect to this replica's inputs, with
    statistics of all replicas.

    dy and x_hat (n, C) are this replica's, inv_std and gamma (C,) everybody's;
    all_reduce(value) adds up all replicas'.
    """
    n = all_reduce(len(dy))
    mean_dy = all_reduce(dy.sum(axis=0)) / n
    mean_dy_x_hat = all_reduce((dy * x_hat).sum(axis=0)) / n
    return gamma * inv_std * (dy - mean_dy - x_hat * mean_dy_x_hat)


def _synchronized_gradient_broken(dy, x_hat, inv_std, gamma, all_reduce):
    """Gradient (n, C) of the loss with respect to this replica's inputs, with
    statistics of all replicas.

    dy and x_hat (n, C) are this replica's, inv_std and gamma (C,) everybody's;
    all_reduce(value) adds up all replicas'.
    """
    mean_dy = dy.mean(axis=0)
    mean_dy_x_hat = (dy * x_hat).mean(axis=0)
    return gamma * inv_std * (dy - mean_dy - x_hat * mean_dy_x_hat)


def _run_gradient(function, x, dy, sizes, gamma):
    """Let one call for each shard run together, on x that is normalized as a whole."""
    inv_std = 1 / np.sqrt(x.var(axis=0) + 0.5)
    x_hat = (x - x.mean(axis=0)) * inv_std
    shards = zip(_cut(dy, sizes), _cut(x_hat, sizes), strict=True)
    _together(function, [(*shard, inv_std.copy(), gamma.copy()) for shard in shards])


def _gradient_of(mean_dy, mean_dy_x_hat):
    """The formula with other means, each computed by a function of (values, all_reduce)."""

    def gradient(dy, x_hat, inv_std, gamma, all_reduce):
        means = mean_dy(dy, all_reduce), mean_dy_x_hat(dy * x_hat, all_reduce)
        return gamma * inv_std * (dy - means[0] - x_hat * means[1])

    return gradient


def _mean_of_all(values, all_reduce):
    return all_reduce(values.sum(axis=0)) / all_reduce(len(values))


def _mean_here(values, all_reduce):
    return values.mean(axis=0)


def _mean_of_means(values, all_reduce):
    return all_reduce(values.mean(axis=0)) / all_reduce(1)


def _sum_by_own_count(values, all_reduce):
    return all_reduce(values.sum(axis=0)) / len(values)


def _sum_of_all(values, all_reduce):
    return all_reduce(values.sum(axis=0))


def _nothing(values, all_reduce):
    return 0.0


def _gradient_probes():
    for probe in _moments_probes():
        generator = np.random.default_rng(6)
        dy = generator.normal(1, 1, probe["x"].shape) * (1 + np.arange(len(probe["x"])) % 3)[:, None]
        yield probe | dict(dy=dy, gamma=generator.uniform(0.5, 2, dy.shape[1]))


def replica_loss(losses, global_batch, replicas):
    """This replica's loss, a number, from its images' losses (n,).

    Gradients of all replicas will be added up.
    """
    return losses.sum() / global_batch


def _replica_loss_broken(losses, global_batch, replicas):
    """This replica's loss, a number, from its images' losses (n,).

    Gradients of all replicas will be added up.
    """
    return losses.mean() / replicas


def _loss_probes():
    generator = np.random.default_rng(7)
    for count, global_batch, replicas in ((5, 8, 2), (3, 12, 3), (4, 7, 2)):
        yield dict(losses=generator.uniform(0.5, 3, count), global_batch=global_batch, replicas=replicas)
    yield Case("where the shard is empty", losses=np.zeros(0), global_batch=4, replicas=2)


EXERCISES = (
    Value(
        id="distributed.1",
        title="Two shards, one batch",
        statement="""
In one channel, replica 0 holds three values with mean 2 and variance 1. Replica 1 holds a single value, 6. What are
mean and variance of all four values? (Variances divide by the number of values.)
""",
        name="mean_and_variance",
        comment="(mean, variance)",
        solution_code="""
mean = (3 * 2 + 1 * 6) / 4
variance = (3 * (1 + (2 - mean) ** 2) + 1 * (0 + (6 - mean) ** 2)) / 4
mean_and_variance = (mean, variance)
""".strip(),
        hints=(
            "The mean needs the counts: three values at 2 on average, one at 6.",
            "Each shard contributes its variance and the squared distance of its mean from the common mean, as often "
            "as it has values.",
        ),
        explanation="Of the variance of 3.75, the shards' own variances make up 0.75. The rest is the distance between "
        "their means, which an average of variances never sees.",
        mistakes=(
            Mistake(
                "Both averaged over the replicas",
                "A replica with three values counts three times. And the distance between the means belongs to the "
                "variance.",
                (4, 0.5),
            ),
            Mistake(
                "Only the variances averaged",
                "The shards' means are 4 apart. That spread is part of the variance of all four values.",
                (3, 0.75),
            ),
            Mistake(
                "Variances averaged without counts",
                "Three of the four values have that variance, and the distance between the means is missing.",
                (3, 0.5),
            ),
            Mistake(
                "Every replica counts the same",
                "Weight each shard with its number of values.",
                (4, 4.5),
            ),
            Mistake(
                "A mean of means",
                "Three of the four values have the mean 2: weight each mean with its number of values.",
                (4, 3.75),
            ),
            Mistake(
                "The distance between the means unweighted",
                "Three values lie 1 below the common mean, one lies 3 above: each value counts once.",
                (3, 4.75),
            ),
            Mistake(
                "Only the distance between the means",
                "The values of replica 0 also differ among themselves.",
                (3, 3),
            ),
            Mistake(
                "Divided by three",
                "5 is 15 / 3, the sum of the squared distances by one less than there are values. Divide by all four.",
                (3, 5),
            ),
        ),
    ),
    Function(
        id="distributed.2",
        title="Mend the synchronization",
        statement="""
Each replica calls this function with its own shard. `all_reduce(value)` gives every replica the sum of all their
values. With equal shards the mean is right; with unequal ones it isn't, and the variance is wrong in either case. Mend
it.
""",
        solution=synchronized_moments,
        broken=_synchronized_moments_broken,
        run=_run_moments,
        probes=_moments_probes,
        hints=(
            "What has to be added up, so that dividing by a number gives the mean of all values? Which number?",
            "Deviations from which mean? Every replica knows it after the first all-reduces.",
        ),
        explanation="The chapter's layer sends each shard's mean and variance instead of sums. It is the same formula, "
        "and reads the inputs before it has to wait for anyone.",
        mistakes=(
            Mistake(
                "Variances averaged",
                "The counts are right now. But each variance is around its own shard's mean: the distance between the "
                "means is missing.",
                _weighted_variances,
            ),
            Mistake(
                "Each replica counts the same",
                "A shard of two must not count as much as one of five: divide sums by the number of all values.",
                _equal_weights,
            ),
            Mistake(
                "The mean still averages the replicas",
                "Add up sums and divide by the number of all values, as you do for the variance.",
                _plain_mean,
            ),
            Mistake(
                "Divided by the own count",
                "The sums run over all replicas, so the count has to, as well.",
                _own_count,
            ),
            Mistake(
                "Nothing synchronized",
                "These are the statistics of one shard.",
                lambda x, all_reduce: (x.mean(axis=0), x.var(axis=0)),
            ),
        ),
    ),
    Function(
        id="distributed.3",
        title="The way back needs the others, too",
        statement=r"""
Somebody synchronized mean and variance, and computes the gradient with the closed form: $\gamma / \sqrt{\sigma^2 +
\epsilon}$ times $dy - \text{mean}(dy) - \hat x \, \text{mean}(dy \, \hat x)$. The loss still does not fall as with one
big batch. Mend it.
""",
        solution=synchronized_gradient,
        broken=_synchronized_gradient_broken,
        run=_run_gradient,
        probes=_gradient_probes,
        hints=(
            "An input of replica 0 changes the common mean, and by it the outputs, and the loss, of replica 1.",
            "Over which images do the two means in the formula run?",
        ),
        explanation="In TensorFlow `all_reduce` brings its gradient along, which is another all-reduce. Where it "
        "doesn't, as with plain collective functions of other libraries, the gradient is silently wrong, in just this "
        "way.",
        mistakes=(
            Mistake(
                "A mean of means",
                "With unequal shards that is not the mean over all images: add up sums, and counts.",
                _gradient_of(_mean_of_means, _mean_of_means),
            ),
            Mistake(
                "The statistics taken for constants",
                "Mean and variance depend on the inputs: both subtracted terms are needed.",
                _gradient_of(_nothing, _nothing),
            ),
            Mistake(
                "Divided by the own count",
                "The sum runs over all replicas, so the count has to, as well.",
                _gradient_of(_sum_by_own_count, _sum_by_own_count),
            ),
            Mistake(
                "Only the first mean synchronized",
                "The mean of `dy * x_hat` has to run over all replicas, too.",
                _gradient_of(_mean_of_all, _mean_here),
            ),
            Mistake(
                "Only the second mean synchronized",
                "The mean of `dy` has to run over all replicas, too.",
                _gradient_of(_mean_here, _mean_of_all),
            ),
            Mistake(
                "Sums in place of means",
                "Divide by the number of all images.",
                _gradient_of(_sum_of_all, _sum_of_all),
            ),
        ),
    ),
    Function(
        id="distributed.4",
        title="Mend the loss",
        statement="""
The replicas' gradients are added up, and the result should be the gradient of the mean loss over the global batch. This
function gives each replica its part. It is right as long as all shards are equal. Mend it; a shard may also be empty.
""",
        solution=replica_loss,
        broken=_replica_loss_broken,
        probes=_loss_probes,
        hints=(
            "Let one shard have five images, another three: how much does one image count in each?",
            "What is the mean of no losses?",
        ),
        explanation="`tf.nn.compute_average_loss(losses, global_batch_size=...)` does this. Keras's `fit` does what "
        "the broken function does, so an image in a small shard counts for more there.",
        mistakes=(
            Mistake(
                "The mean over the shard",
                "Added up over the replicas, that is too large by their number, and unequal shards count the same.",
                lambda losses, global_batch, replicas: losses.mean() if len(losses) else 0.0,
            ),
            Mistake(
                "A mean of no losses",
                "An empty shard has none, and its mean is NaN. A sum over the global batch is 0 there.",
                lambda losses, global_batch, replicas: losses.mean() * len(losses) / global_batch,
            ),
            Mistake(
                "Guarded, and still a mean over the shard",
                "The NaN of the empty shard is gone. But an image in a small shard still counts for more.",
                lambda losses, global_batch, replicas: losses.mean() / replicas if len(losses) else 0.0,
            ),
            Mistake(
                "Divided by the replicas as well",
                "The replicas' gradients are added up, not averaged: divide by the global batch alone.",
                lambda losses, global_batch, replicas: losses.sum() / global_batch / replicas,
            ),
            Mistake(
                "A sum",
                "The mean over the global batch is wanted: divide by its size.",
                lambda losses, global_batch, replicas: losses.sum(),
            ),
            Mistake(
                "Multiplied by the replicas",
                "Added up, the parts should give the mean loss, once.",
                lambda losses, global_batch, replicas: losses.sum() / global_batch * replicas,
            ),
        ),
    ),
    Choice(
        id="distributed.5",
        title="One batch more than the others",
        statement="""
Two processes train together, with synchronized batch normalization, each on files of its own. The first has 100
batches, the second 99. What happens in step 100?
""",
        name="step_100",
        options={
            "a": "The first process normalizes with its own batch, since nobody else has one.",
            "b": "The first process waits in its first all-reduce, until somebody kills it.",
            "c": "TensorFlow raises an error that names the process without data.",
            "d": "The step is skipped in both processes.",
        },
        reasons={
            "a": "An all-reduce has no way to know that the other will never come: it takes part or all wait.",
            "b": "Every process has to call the same all-reduces in the same order. A shard may be empty, but the "
            "process has to take the step. Repeat the data and fix the number of steps, or give it an empty batch.",
            "c": "If a process dies, there will be an error. One that is merely done looks like a slow one.",
            "d": "Nobody tells the first process that the second is done.",
        },
        solution="b",
        hints=("What does a replica do between sending its sums and getting everybody's?",),
    ),
    Value(
        id="distributed.6",
        title="Four small steps for one",
        statement="""
A model has `momentum=0.6` in its normalizations. Now memory is short, and gradients are accumulated over four
micro-batches before each step of the optimizer. How much of the old moving mean is left after one such step? And which
momentum keeps 0.6 of it?
""",
        name="left_and_momentum",
        comment="(left after a step, momentum to set)",
        solution_code="""
left = 0.6**4  # each micro-batch moves the statistics
momentum = 0.6 ** (1 / 4)
left_and_momentum = (left, momentum)
""".strip(),
        hints=(
            "How often does the layer run in training mode between two steps of the optimizer?",
            "Four equal factors whose product is 0.6.",
        ),
        explanation="0.13 and 0.88. The statistics are as fresh as before, and now averaged over more of the past in "
        "steps. What the four micro-batches are normalized with does not change.",
        mistakes=(
            Mistake(
                "The layer knows nothing of the optimizer",
                "Moving statistics move in the forward pass, four times a step, whatever the optimizer waits for.",
                (0.6, 0.6),
            ),
            Mistake(
                "A straight line",
                "Each micro-batch takes a part of what is left: factors multiply. Take the fourth root of 0.6.",
                (0.1296, 0.9),
            ),
            Mistake(
                "Divided by four",
                "Each micro-batch leaves 0.6 of what was there before it: factors multiply.",
                (0.15, 0.6**0.25),
            ),
            Mistake(
                "Turned round",
                "What is left is four factors of 0.6. The momentum to set is nearer to 1 than 0.6.",
                (0.8801, 0.1296),
            ),
            Mistake(
                "The share of the new value",
                "`momentum` weights the old value in Keras.",
                (0.8704, 0.1199),
            ),
            Mistake(
                "A momentum for the power",
                "0.6 ** 4 as momentum would forget even faster: take the root.",
                (0.1296, 0.1296),
            ),
        ),
    ),
)
