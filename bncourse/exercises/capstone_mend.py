"""The implementation part's capstone: tests that find what is wrong with six models, and the diagnosis."""

import numpy as np

from bncourse.exercises import Choice, Function, Mistake, Value

IMAGES = np.random.default_rng(0).normal([1.0, -2.0, 4.0], [1.0, 3.0, 0.5], (12, 3)).astype("float32")


# 1. Do the statistics move?


def statistics_move(model, step):
    """Whether one training step moves the statistics of every normalization that is not frozen."""
    norms = [layer for layer in model.layers if hasattr(layer, "moving_variance") and layer.trainable]
    before = [norm.moving_variance.numpy() for norm in norms]
    step()
    after = [norm.moving_variance.numpy() for norm in norms]
    return all(not np.array_equal(old, new) for old, new in zip(before, after, strict=True))


def _run_statistics_move(function, model):
    """A model of two normalizations and its step, by a description: what moves in each."""
    import keras

    momentum, moving, frozen, learns = {
        "healthy, momentum 0.9": (0.9, (True, True), False, True),
        "healthy, momentum 0.99": (0.99, (True, True), False, True),
        "frozen before compile": (0.9, (True, True), True, True),
        "called without training=True": (0.9, (False, False), False, True),
        "only its first normalization moves": (0.9, (True, False), False, True),
        "only its second normalization moves": (0.9, (False, True), False, True),
        "a step that does nothing": (0.9, (False, False), False, False),
    }[model]
    norms = [keras.layers.BatchNormalization(momentum=momentum) for _ in range(2)]
    network = keras.Sequential([keras.Input((3,)), norms[0], keras.layers.Dense(3), norms[1]])
    for norm in norms:
        norm.trainable = not frozen

    def step():
        for norm, training in zip(norms, moving, strict=True):
            norm(IMAGES, training=training)
        for weight in network.trainable_variables:
            weight.assign_add([0.1] * weight.shape[-1] if learns else [0.0] * weight.shape[-1])

    return function(network, step)


def _norms(model):
    return [layer for layer in model.layers if hasattr(layer, "moving_variance") and layer.trainable]


def _moved(model, step, weights_of, combine=all):
    """Whether what `weights_of` gives of each normalization is another after the step."""
    norms = _norms(model)
    before = [[weight.numpy() for weight in weights_of(norm)] for norm in norms]
    step()
    return combine(
        any(not np.array_equal(old, new) for old, new in zip(olds, weights_of(norm), strict=True))
        for olds, norm in zip(before, norms, strict=True)
    )


def _moved_with_frozen(model, step):
    norms = [layer for layer in model.layers if hasattr(layer, "moving_variance")]
    before = [norm.moving_variance.numpy() for norm in norms]
    step()
    return all(not np.array_equal(old, norm.moving_variance.numpy()) for old, norm in zip(before, norms, strict=True))


def _moved_by_reference(model, step):
    before = [norm.moving_variance for norm in _norms(model)]
    step()
    return all(
        not np.array_equal(old, norm.moving_variance.numpy()) for old, norm in zip(before, _norms(model), strict=True)
    )


# 2. Does what is frozen stay?


def stays_frozen(model, step):
    """Whether one training step leaves all four weights of every frozen normalization as they were."""
    frozen = [layer for layer in model.layers if hasattr(layer, "moving_variance") and not layer.trainable]
    before = [weight for norm in frozen for weight in norm.get_weights()]
    step()
    after = [weight for norm in frozen for weight in norm.get_weights()]
    return all(np.array_equal(old, new) for old, new in zip(before, after, strict=True))


def _run_stays_frozen(function, model):
    """A model of two normalizations and its step, by a description: which are frozen, and what the step changes."""
    import keras

    frozen, changed = {
        "healthy, nothing is frozen": ((False, False), ("gamma", "moving_mean")),
        "healthy, all frozen before compile": ((True, True), ()),
        "healthy, the first frozen, the second learns": ((True, False), ("second gamma", "second moving_mean")),
        "frozen after a first fit": ((True, True), ("gamma", "moving_mean")),
        "frozen, but its statistics move": ((True, True), ("moving_mean",)),
        "frozen, but gamma learns": ((True, True), ("gamma",)),
        "all frozen, but the second one's statistics move": ((True, True), ("second moving_mean",)),
        "healthy, a dense layer has trainable False and changes": ((True, True), ("kernel",)),
    }[model]
    norms = [keras.layers.BatchNormalization() for _ in range(2)]
    network = keras.Sequential([keras.Input((3,)), norms[0], keras.layers.Dense(3), norms[1]])
    for norm, is_frozen in zip(norms, frozen, strict=True):
        norm.trainable = not is_frozen
    if "kernel" in changed:
        network.layers[1].trainable = False

    def step():
        for what in changed:
            if what == "kernel":
                network.layers[1].kernel.assign_add(np.ones((3, 3)))
                continue
            for norm in norms[1:] if what.startswith("second ") else norms:
                getattr(norm, what.removeprefix("second ")).assign_add([0.5, 1.0, 2.0])

    return function(network, step)


def _frozen(model):
    return [layer for layer in model.layers if hasattr(layer, "moving_variance") and not layer.trainable]


def _stayed(layers_of, weights_of):
    """A test like `stays_frozen` that looks at some layers and some of their weights."""

    def test(model, step):
        layers = layers_of(model)
        before = [weight.numpy() for layer in layers for weight in weights_of(layer)]
        step()
        after = [weight.numpy() for layer in layers for weight in weights_of(layer)]
        return all(np.array_equal(old, new) for old, new in zip(before, after, strict=True))

    return test


# 3. What is kept of the moving mean?


def kept_share(norm, x):
    """The share of the old moving mean that remains after one call of `norm` on x in training mode."""
    ends = []
    for start in (0.0, 1.0):
        norm.moving_mean.assign(np.full(norm.moving_mean.shape, start))
        norm(x, training=True)
        ends.append(norm.moving_mean.numpy())
    return float(np.mean(ends[1] - ends[0]))


def _layer(norm):
    """A normalization by its description."""
    import keras

    from bncourse.cases import HandmadeNorm

    class OtherConvention(HandmadeNorm):
        """Calls the weight of the new value momentum, as PyTorch does."""

        def call(self, x, training=None):
            given, self.momentum = self.momentum, 1 - self.momentum
            y = super().call(x, training=training)
            self.momentum = given
            return y

    class Uncentered(HandmadeNorm):
        """Leaves a part of the mean in the output, or takes more than the mean away."""

        def __init__(self, part):
            super().__init__()
            self.part = part

        def call(self, x, training=None):
            mean = keras.ops.mean(x, axis=list(range(len(x.shape) - 1)))
            return super().call(x, training=training) + self.part * mean

    made = {
        "healthy, momentum 0.9": lambda: keras.layers.BatchNormalization(momentum=0.9),
        "healthy, momentum 0.99": lambda: keras.layers.BatchNormalization(momentum=0.99),
        "healthy, in float64": lambda: keras.layers.BatchNormalization(momentum=0.9, dtype="float64"),
        "handmade, momentum=0.2 means 0.8": lambda: OtherConvention(momentum=0.2),
        "momentum 0.1": lambda: keras.layers.BatchNormalization(momentum=0.1),
        "axis=1": lambda: keras.layers.BatchNormalization(axis=1, momentum=0.9),
        "axis=2": lambda: keras.layers.BatchNormalization(axis=2, momentum=0.9),
        "axis=1, in float64": lambda: keras.layers.BatchNormalization(axis=1, dtype="float64"),
        "moving variance 1e12": lambda: keras.layers.BatchNormalization(
            momentum=0.9, moving_variance_initializer=_huge
        ),
        "no mean subtracted": lambda: Uncentered(1.0),
        "the mean subtracted twice": lambda: Uncentered(-1.0),
        "a small part of the mean left": lambda: Uncentered(0.005),
        "no gradient through the variance": lambda: HandmadeNorm(dtype="float64"),
    }
    return made[norm]()


def _huge(shape, dtype=None):
    return np.full(shape, 1e12, "float32")


def _run_layer(function, norm, x, **arguments):
    """Call `function` with the layer that `norm` describes, built and used once."""
    layer = _layer(norm)
    layer.build(x.shape)
    if norm != "moving variance 1e12":
        layer(x, training=True)
    return function(layer, x, **arguments)


def _kept_probes():
    x = np.random.default_rng(1).normal([3.0, -1.0, 2.0], 2, (5, 4, 4, 3)).astype("float32")
    for norm in ("healthy, momentum 0.9", "healthy, momentum 0.99", "handmade, momentum=0.2 means 0.8", "momentum 0.1"):
        yield dict(norm=norm, x=x)
    yield dict(norm="axis=1", x=x)


def _kept_of(statistic):
    """What a statistic that starts at 1 is after one call, the batch's part in it included."""

    def share(norm, x):
        getattr(norm, statistic).assign(np.ones(getattr(norm, statistic).shape))
        norm(x, training=True)
        return float(np.mean(getattr(norm, statistic).numpy()))

    return share


def _kept_after_two(norm, x):
    return kept_share(norm, x) ** 2


# 4. Do the statistics fit the data?


def worst_factor(model, images):
    """The largest factor, at least 1, between moving variance + epsilon and the data's variance + epsilon."""
    worst, x = 1.0, images
    for layer in model.layers:
        if hasattr(layer, "moving_variance"):
            axes = tuple(i for i in range(len(x.shape)) if i != layer.axis % len(x.shape))
            ratio = (layer.moving_variance.numpy() + layer.epsilon) / (np.var(x, axis=axes) + layer.epsilon)
            worst = max(worst, np.max(ratio), np.max(1 / ratio))
        x = layer(x, training=False)
    return float(worst)


def _factors(model, images, *, epsilon=True, training=False, last_axis=False):
    """Per normalization, moving and measured variances."""
    x, found = images, []
    for layer in model.layers:
        if hasattr(layer, "moving_variance"):
            axis = -1 if last_axis else layer.axis
            axes = tuple(i for i in range(len(x.shape)) if i != axis % len(x.shape))
            small = layer.epsilon if epsilon else 0.0
            moving, measured = layer.moving_variance.numpy() + small, np.var(x, axis=axes) + small
            found.append((moving, measured))
        x = layer(x, training=training)
    return found


def _worst(pairs):
    return float(max(max(np.max(a / b), np.max(b / a)) for a, b in pairs))


def _run_worst_factor(function, model, images):
    """A model of two normalizations with given moving variances, around a fixed 1x1 convolution."""
    import keras

    axis, first, second = {
        "healthy": (-1, (1.0, 9.0, 0.3), (0.9, 1.2, 1.1)),
        "one channel far too large": (-1, (1.0, 9.0, 250.0), (0.9, 1.2, 0.2)),
        "one channel far too small": (-1, (1.0, 0.02, 0.3), (0.9, 1.2, 2.0)),
        "the second normalization is off": (-1, (1.0, 9.0, 0.3), (40.0, 1.2, 0.7)),
        "a channel that hardly varies": (-1, (1e-2, 9.0, 0.3), (0.9, 1.2, 1.1)),
        "axis=1": (1, (12.0, 20.0, 9.0), (1.0, 2.0, 5.0)),
    }[model]
    norms = [keras.layers.BatchNormalization(axis=axis, epsilon=0.05, momentum=0.5) for _ in range(2)]
    mix = keras.layers.Conv2D(3, 1, use_bias=False)
    network = keras.Sequential([keras.Input(images.shape[1:]), norms[0], mix, norms[1]])
    mix.set_weights([np.array([[[[1.0, 0.2, 0.0], [0.1, 1.0, -0.2], [0.0, 0.3, 1.0]]]])])
    for norm, variance in zip(norms, (first, second), strict=True):
        norm.moving_variance.assign(variance)
    images = images * [0.01, 1.0, 1.0] if model == "a channel that hardly varies" else images
    return function(network, images.astype("float32"))


def _factor_probes():
    images = np.random.default_rng(2).normal([1.0, -2.0, 3.0], [1.0, 3.0, 0.5], (40, 3, 4, 3))
    for model in (
        "healthy",
        "one channel far too large",
        "one channel far too small",
        "the second normalization is off",
        "a channel that hardly varies",
        "axis=1",
    ):
        yield dict(model=model, images=images)


# 5. Is a constant taken away?


def notices_a_shift(norm, x):
    """Whether the output in training mode changes when a constant is added to one channel (last axis) of x."""
    shifted = np.array(x)
    shifted[..., 0] += 5
    difference = norm(shifted, training=True) - norm(x, training=True)
    return bool(np.max(np.abs(difference)) > 0.01)


def _notices(norm, x, shifted, training=True, tolerance=0.01):
    return bool(np.max(np.abs(norm(shifted, training=training) - norm(x, training=training))) > tolerance)


def _shifted(x, where):
    shifted = np.array(x)
    shifted[where] += 5
    return shifted


def _shift_probes():
    x = np.random.default_rng(3).normal([3.0, -1.0, 2.0], 2, (5, 4, 4, 3)).astype("float32")
    for norm in (
        "healthy, momentum 0.9",
        "healthy, momentum 0.99",
        "momentum 0.1",
        "moving variance 1e12",
        "axis=1",
        "axis=2",
        "no mean subtracted",
        "the mean subtracted twice",
        "a small part of the mean left",
    ):
        yield dict(norm=norm, x=x)


# 6. Does the gradient know it?


def gradient_sums(norm, x, weights):
    """For the loss sum(weights * output) and its gradient g, |sum g| / sum |g| and the same of g (x - mean).

    The sums run over all axes but `norm.axis`; of all channels the largest ratio counts.
    """
    import tensorflow as tf

    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        loss = tf.reduce_sum(weights * norm(inputs, training=True))
    g = tape.gradient(loss, inputs).numpy()
    axes = tuple(i for i in range(x.ndim) if i != norm.axis % x.ndim)
    centered = x - x.mean(axis=axes, keepdims=True)
    return tuple(float(np.max(np.abs(p.sum(axis=axes)) / np.abs(p).sum(axis=axes))) for p in (g, g * centered))


def _gradient(norm, x, weights, training=True):
    import tensorflow as tf

    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        loss = tf.reduce_sum(weights * norm(inputs, training=training))
    return tape.gradient(loss, inputs).numpy()


def _relative(norm, x, products, combine=np.max, channels=None):
    axes = tuple(i for i in range(x.ndim) if i != norm.axis % x.ndim) if channels is None else channels
    return tuple(float(combine(np.abs(p.sum(axis=axes)) / np.abs(p).sum(axis=axes))) for p in products)


def _centered(norm, x):
    axes = tuple(i for i in range(x.ndim) if i != norm.axis % x.ndim)
    return x - x.mean(axis=axes, keepdims=True)


def _sums_with(products, **arguments):
    """`gradient_sums` with other products of gradient and centered inputs, or another way to put channels together."""

    def sums(norm, x, weights):
        g = _gradient(norm, x, weights)
        return _relative(norm, x, products(g, _centered(norm, x), x), **arguments)

    return sums


def _sums_in_inference(norm, x, weights):
    g = _gradient(norm, x, weights, training=False)
    return _relative(norm, x, (g, g * _centered(norm, x)))


def _gradient_probes():
    generator = np.random.default_rng(4)
    x = generator.normal([3.0, -1.0, 2.0], [1.0, 2.0, 0.3], (5, 4, 4, 3))
    weights = generator.normal(x, 1)
    for norm in ("healthy, in float64", "axis=1, in float64", "no gradient through the variance"):
        yield dict(norm=norm, x=x, weights=weights)
    yield dict(norm="no gradient through the variance", x=x, weights=-weights)


def _named(names):
    """One probe for each description of a model."""
    return lambda: (dict(model=name) for name in names)


EXERCISES = (
    Function(
        id="capstone_mend.1",
        title="Do the statistics move?",
        statement="""
Write `statistics_move(model, step)`. Calling `step()` trains the model on one batch. The answer is `True` if
afterwards the moving variance of **every** normalization that is not frozen is another one; a frozen one has a right
to stay. A layer is a normalization if it has a `moving_variance`.
""",
        solution=statistics_move,
        probes=_named(
            (
                "healthy, momentum 0.9",
                "healthy, momentum 0.99",
                "frozen before compile",
                "called without training=True",
                "only its first normalization moves",
                "only its second normalization moves",
                "a step that does nothing",
            )
        ),
        run=_run_statistics_move,
        hints=(
            "Those that should move are the layers that have a `moving_variance` and whose `trainable` is true.",
            "Copy before the step, `norm.moving_variance.numpy()`, call `step()`, compare with `np.array_equal`.",
        ),
        explanation="""
A moving variance that is the same to the last bit after a step has not been touched.
""",
        mistakes=(
            Mistake(
                "It passes every model",
                "Here it also passes a model whose statistics stand still. Has `step()` been called between two looks,"
                " and is it the moving variance that you compare?",
                lambda model, step: True,
            ),
            Mistake(
                "It fires for every model",
                "Here it also fires for healthy ones. The statistics of those do move: look again after `step()`.",
                lambda model, step: False,
            ),
            Mistake(
                "The values were not copied before the step",
                "`norm.moving_variance` is the variable itself and changes with the step, so you compare it with "
                "itself. `norm.moving_variance.numpy()` makes a copy.",
                _moved_by_reference,
            ),
            Mistake(
                "All weights compared",
                "Gamma and beta learn without `training=True`, too. Compare what only a call in training mode moves.",
                lambda model, step: _moved(model, step, lambda norm: norm.weights),
            ),
            Mistake(
                "One that moves is enough",
                "Some models call one of their normalizations in the wrong mode: `all`, not `any`.",
                lambda model, step: _moved(model, step, lambda norm: [norm.moving_variance], any),
            ),
            Mistake(
                "Only the first normalization looked at",
                "The first one moves here, a later one does not. Look at all of them.",
                lambda model, step: _moved(
                    model, step, lambda norm: [norm.moving_variance], lambda moved: next(iter(moved), True)
                ),
            ),
            Mistake(
                "Frozen ones must move, too",
                "A frozen normalization stays as it is, and rightly: leave out those with `trainable` False.",
                _moved_with_frozen,
            ),
            Mistake(
                "The answer turned round",
                "You return whether the statistics stand still; the question is whether they move.",
                lambda model, step: not statistics_move(model, step),
            ),
        ),
    ),
    Function(
        id="capstone_mend.2",
        title="Does what is frozen stay?",
        statement="""
Write `stays_frozen(model, step)`: `True` if one step leaves all four weights of every frozen normalization exactly as
they were. Where nothing is frozen, nothing can be wrong, and the answer is `True`.
""",
        solution=stays_frozen,
        probes=_named(
            (
                "healthy, nothing is frozen",
                "healthy, all frozen before compile",
                "healthy, the first frozen, the second learns",
                "frozen after a first fit",
                "frozen, but its statistics move",
                "frozen, but gamma learns",
                "all frozen, but the second one's statistics move",
                "healthy, a dense layer has trainable False and changes",
            )
        ),
        run=_run_stays_frozen,
        hints=(
            "`layer.get_weights()` gives gamma, beta, moving mean and moving variance as a list of copies.",
            "Two lists of arrays can't be compared with `==`. Go through the pairs: `all(np.array_equal(old, new) for "
            "old, new in zip(before, after, strict=True))`.",
        ),
        explanation="""
The flag `trainable` says what somebody wished. Only the weights say what happened.
""",
        mistakes=(
            Mistake(
                "It passes every model",
                "Here it also passes models whose frozen weights change. The flag `trainable` is False in all of them,"
                " and `trainable_weights` of a frozen layer is empty: copy `get_weights()` before `step()` and compare"
                " after it.",
                _stayed(_frozen, lambda layer: layer.trainable_weights),
            ),
            Mistake(
                "It fires for every model",
                "Here it also fires for those that are frozen as they should be. Two lists of arrays are compared pair"
                " by pair, with `np.array_equal`.",
                lambda model, step: False,
            ),
            Mistake(
                "Only gamma looked at",
                "There is half a freeze: gamma and beta stay, and the moving statistics go on. Compare all four "
                "weights.",
                _stayed(_frozen, lambda layer: [layer.gamma]),
            ),
            Mistake(
                "Only the moving statistics looked at",
                "Gamma and beta have to stay as well. Compare all four weights.",
                _stayed(_frozen, lambda layer: [layer.moving_mean, layer.moving_variance]),
            ),
            Mistake(
                "Layers that are not frozen must stay, too",
                "What is not frozen may learn. Look at normalizations with `trainable` False only.",
                _stayed(lambda model: [*_frozen(model), *_norms(model)], lambda layer: layer.weights),
            ),
            Mistake(
                "Only the first normalization looked at",
                "The first one stays here, a later one does not. Look at all of them.",
                _stayed(lambda model: _frozen(model)[:1], lambda layer: layer.weights),
            ),
        ),
    ),
    Function(
        id="capstone_mend.3",
        title="How much is kept?",
        statement="""
Write `kept_share(norm, x)`: the share of the old moving mean that is left after one call of the layer `norm` on `x`
in training mode, as a number. Measure it; what the layer *calls* its momentum is not the question. You may overwrite
the moving mean: `norm.moving_mean.assign(array)`.
""",
        solution=kept_share,
        probes=_kept_probes,
        run=_run_layer,
        tolerance=1e-3,
        hints=(
            "After the call the moving mean is share · old + (1 - share) · batch, and you do not know the batch's "
            "part.",
            "Do it twice on the same `x`, once from a moving mean of 0 and once from 1. What do the results differ by?",
        ),
        explanation="""
The batch's part is the same in both calls and drops out of the difference. So the function needs no formula for the
batch's mean, and works for any axis.
""",
        mistakes=(
            Mistake(
                "The label was read, not the content",
                "`norm.momentum` is what somebody wrote into the layer; another layer may mean the other share by it. "
                "Call the layer and see.",
                lambda norm, x: norm.momentum,
            ),
            Mistake(
                "The share of the new value",
                "That is what the batch contributes. The question is how much of the old value is left.",
                lambda norm, x: 1 - kept_share(norm, x),
            ),
            Mistake(
                "A call in inference mode",
                "Then nothing moves and all of it is kept: call the layer with `training=True`.",
                lambda norm, x: 1.0,
            ),
            Mistake(
                "The batch's part is still in it",
                "From a moving mean of 1 you get share + (1 - share) · batch. Subtract what you get when it starts at "
                "0.",
                _kept_of("moving_mean"),
            ),
            Mistake(
                "The variance in place of the mean",
                "The batch's variance is in what you measured. Take the moving mean, from two starting values.",
                _kept_of("moving_variance"),
            ),
            Mistake(
                "Two calls",
                "After two calls the square of the share is left. Set the moving mean anew before each call.",
                _kept_after_two,
            ),
        ),
    ),
    Function(
        id="capstone_mend.4",
        title="Do the statistics fit the data?",
        statement=r"""
In inference mode a channel is divided by $\sqrt{\text{moving variance} + \varepsilon}$. Write `worst_factor(model,
images)`: by what factor does moving variance + `layer.epsilon` differ from the variance that the layer's inputs have,
+ `layer.epsilon`, at the worst channel of any normalization? Too large and too small count alike: the factor is at
least 1. Send the images through `model.layers`, one after the other, in inference mode, and look in front of each
normalization.
""",
        solution=worst_factor,
        probes=_factor_probes,
        run=_run_worst_factor,
        tolerance=1e-3,
        hints=(
            "`x = images`, then `for layer in model.layers:` … `x = layer(x, training=False)`.",
            "The statistics belong to the axis `layer.axis`: average over all the others, as where you met Keras's "
            "`axis`.",
            "`ratio` and `1 / ratio`: the larger of the two is the factor.",
        ),
        explanation="""
With epsilon on both sides, a channel that hardly varies raises no false alarm: there epsilon decides, and it is the
same in both.
""",
        mistakes=(
            Mistake(
                "Only too large counts",
                "A moving variance that is far too small is as bad: take the larger of `ratio` and `1 / ratio`.",
                lambda model, images: max(1.0, *(float(np.max(a / b)) for a, b in _factors(model, images))),
            ),
            Mistake(
                "Averaged over the channels",
                "One bad channel vanishes among good ones. Take the largest factor of all channels, not their mean.",
                lambda model, images: max(float(np.mean(np.maximum(a / b, b / a))) for a, b in _factors(model, images)),
            ),
            Mistake(
                "Variances averaged before they are compared",
                "One bad channel vanishes among good ones. Compare channel by channel, and take the largest factor.",
                lambda model, images: _worst((np.mean(a), np.mean(b)) for a, b in _factors(model, images)),
            ),
            Mistake(
                "Only the first normalization looked at",
                "A later one is off here. Look in front of all of them.",
                lambda model, images: _worst(_factors(model, images)[:1]),
            ),
            Mistake(
                "The images went through in training mode",
                "That moves the statistics that you are about to judge, and normalizes with the batch's: "
                "`layer(x, training=False)`.",
                lambda model, images: _worst(_factors(model, images, training=True)),
            ),
            Mistake(
                "Epsilon left out",
                "Where a channel hardly varies, epsilon decides, and a large ratio of two tiny variances does no harm."
                " Add `layer.epsilon` to both.",
                lambda model, images: _worst(_factors(model, images, epsilon=False)),
            ),
            Mistake(
                "Standard deviations",
                "The question is the factor between the variances: no root.",
                lambda model, images: worst_factor(model, images) ** 0.5,
            ),
            Mistake(
                "Always the last axis",
                "The statistics of a layer belong to its `axis`, which need not be the last.",
                lambda model, images: _worst(_factors(model, images, last_axis=True)),
            ),
        ),
    ),
    Function(
        id="capstone_mend.5",
        title="Is a constant taken away?",
        statement="""
In this course the channels stand on the last axis. Write `notices_a_shift(norm, x)`: `True` if the output in training
mode changes when 5 is added to **one** channel of `x`. Differences up to 0.01 are rounding.
""",
        solution=notices_a_shift,
        probes=_shift_probes,
        run=_run_layer,
        hints=(
            "`shifted = np.array(x)` makes a copy, and `shifted[..., 0]` is one channel.",
            "Call the layer on both, with `training=True`, and look at the largest difference.",
        ),
        explanation="""
Added to *all* channels, the constant would be taken away by an average over any axes, and nothing would be noticed.
""",
        mistakes=(
            Mistake(
                "It fires for every layer, healthy ones too",
                "Either numbers are compared with `==`, where rounding differs, or only one of the two calls is in "
                "training mode. Call both with `training=True`, and allow 0.01.",
                lambda norm, x: _notices(norm, x, _shifted(x, (..., 0)), tolerance=-1.0),
            ),
            Mistake(
                "Both calls in inference mode",
                "With moving statistics a shift goes through, and rightly so. The question is about `training=True`.",
                lambda norm, x: _notices(norm, x, _shifted(x, (..., 0)), training=False),
            ),
            Mistake(
                "It never fires",
                "Here it also passes layers that do notice. Is the constant added before the call, and to a copy?",
                lambda norm, x: False,
            ),
            Mistake(
                "The constant added to all channels",
                "That is taken away by an average over whatever axes. Add it to one channel, `shifted[..., 0] += 5`.",
                lambda norm, x: _notices(norm, x, x + 5),
            ),
            Mistake(
                "Added along axis 1",
                "With channels last, `x[:, 0]` is a row of each image, not a channel: `x[..., 0]`.",
                lambda norm, x: _notices(norm, x, _shifted(x, (slice(None), 0))),
            ),
        ),
    ),
    Function(
        id="capstone_mend.6",
        title="Two sums of the gradient",
        statement=r"""
Write `gradient_sums(norm, x, weights)`. Let $g$ be the gradient of `sum(weights * norm(x, training=True))` with
respect to $x$. Return two numbers, $|\sum g| \,/ \sum |g|$ and the same with $g \, (x - \mu)$ in the place of $g$.
The sums and the mean $\mu$ run over all axes but `norm.axis`; of all channels, the largest ratio counts.
""",
        solution=gradient_sums,
        probes=_gradient_probes,
        run=_run_layer,
        tolerance=1e-3,
        hints=(
            "`inputs = tf.constant(x)`, a `tf.GradientTape()`, `tape.watch(inputs)`.",
            "With `p` for either product: `np.abs(p.sum(axis=axes)) / np.abs(p).sum(axis=axes)`, and its largest "
            "element.",
        ),
        explanation=r"""
The second sum is zero only up to $\varepsilon$: scaling the input changes the output a little, since $\varepsilon$
does not scale with it. And the weights have to be random: for a plain sum of the outputs the true gradient is zero
everywhere, and there is nothing to see.
""",
        mistakes=(
            Mistake(
                "A call in inference mode",
                "Then mean and variance are constants, and the gradient has no reason to sum to zero: `training=True`.",
                _sums_in_inference,
            ),
            Mistake(
                "Not relative",
                "A sum is small or large only beside something: divide by the sum of the absolute values.",
                lambda norm, x, weights: tuple(
                    float(np.max(np.abs(p.sum(axis=tuple(i for i in range(x.ndim) if i != norm.axis % x.ndim)))))
                    for g in [_gradient(norm, x, weights)]
                    for p in (g, g * _centered(norm, x))
                ),
            ),
            Mistake(
                "Averaged over the channels",
                "One bad channel vanishes among good ones. Take the largest ratio.",
                _sums_with(lambda g, centered, x: (g, g * centered), combine=np.mean),
            ),
            Mistake(
                "All channels in one sum",
                "What one channel has too much another may have too little. Sum each channel by itself.",
                _sums_with(lambda g, centered, x: (g, g * centered), channels=(0, 1, 2, 3)),
            ),
            Mistake(
                "Always the last axis",
                "The sums vanish over the axes that the layer averages over: all but `norm.axis`.",
                _sums_with(lambda g, centered, x: (g, g * (x - x.mean(axis=(0, 1, 2)))), channels=(0, 1, 2)),
            ),
            Mistake(
                "The input not centered",
                "Multiply the gradient by x minus its mean. Products with x itself are large where the mean is, and "
                "hide the sum.",
                _sums_with(lambda g, centered, x: (g, g * x)),
            ),
            Mistake(
                "The two exchanged",
                "First the sum of the gradient, then the sum of gradient times deviation.",
                lambda norm, x, weights: gradient_sums(norm, x, weights)[::-1],
            ),
        ),
    ),
    Value(
        id="capstone_mend.7",
        title="The diagnosis",
        statement="""
For each model, in the order A to F, give the number of the test that names its fault, 1 to 6. Where two tests fire,
it is the earlier one: what comes first may explain the rest.
""",
        name="diagnosis",
        comment="(test for A, for B, for C, for D, for E, for F)",
        solution_code="diagnosis = (4, 6, 1, 5, 2, 3)",
        hints=(
            "Each number stands there once. Read the table column by column, from the top.",
            "Statistics that never moved do not fit the data either.",
        ),
        explanation="""
| model | fault | found by |
|---|---|---|
| A | a batch of unscaled images, 0 to 255, went through in training mode: the moving statistics are poisoned | test 4 |
| B | no gradient flows through the variance of the handmade layer | test 6, its second sum |
| C | the loop calls `model(images)` without `training=True` | test 1 (and 4) |
| D | `axis=1` on images with channels last: each *row* has its statistics | test 5 |
| E | frozen between two calls of `fit`, without compiling again | test 2 |
| F | `momentum=0.1`, which in PyTorch means what 0.9 means in Keras | test 3 |
""",
        mistakes=(
            Mistake(
                "Models by tests instead of tests by models",
                "You have listed, for tests 1 to 6, the place of the model that each one finds. Asked is the other "
                "direction: for models A to F, the test.",
                (3, 5, 6, 1, 4, 2),
            ),
            Mistake(
                "The consequence in the place of the cause",
                "The statistics of C do not fit the data, but why? Where two tests fire, take the earlier one.",
                (4, 6, 4, 5, 2, 3),
            ),
            Mistake(
                "Counted from 0",
                "The tests are numbered from 1, as the exercises are.",
                (3, 5, 0, 4, 1, 2),
            ),
        ),
    ),
    Choice(
        id="capstone_mend.8",
        title="The test that B's owner had",
        statement="""
B's owner had a test for the backward pass: the gradient with respect to the input sums to zero over each channel. It
passed, to six digits. Why did it not find the fault?
""",
        name="why_it_passed",
        options={
            "a": "Six digits are not enough; in float64 the sum would have shown it.",
            "b": "The sum is zero as soon as the mean's path is right, whatever happens to the variance.",
            "c": "It was run in inference mode.",
            "d": "For a gradient through the variance a larger batch is needed.",
        },
        reasons={
            "a": "In float64 the sum is zero to fifteen digits: it is zero exactly, for this fault too.",
            "b": "Subtracting the mean makes the output blind to constants, and that alone makes the gradient sum to "
            "zero. That it is blind to scale, too, is the variance's work, and only the second sum asks for it.",
            "c": "In inference mode the sum would not have been zero: there the gradient is a multiple of the weights.",
            "d": "The path through the variance is missing for every batch size.",
        },
        solution="b",
        hints=(
            "Which change of the input leaves the output as it is, thanks to the mean? Which thanks to the variance?",
        ),
    ),
)
