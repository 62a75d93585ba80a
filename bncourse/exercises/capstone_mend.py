"""The implementation part's capstone: tests that find what is wrong with six models, and the diagnosis."""

from functools import cache
from itertools import combinations
from typing import NamedTuple

import numpy as np

from bncourse.exercises import Choice, Function, Mistake, Value
from bncourse.exercises._messages import listed

# 1. Do the statistics move?


def statistics_move(model, step):
    """Whether one training step moves the statistics of every normalization that is not
    frozen.
    """
    norms = [layer for layer in model.layers if hasattr(layer, "moving_variance")]
    norms = [layer for layer in norms if layer.trainable]
    before = [norm.moving_variance.numpy() for norm in norms]
    step()
    after = [norm.moving_variance.numpy() for norm in norms]
    pairs = zip(before, after, strict=True)
    return all(not np.array_equal(old, new) for old, new in pairs)


class _Ran(NamedTuple):
    call_of_step: bool


@cache
def _built(handmade):
    import keras

    from bncourse.cases import HandmadeNorm

    norms = [keras.layers.BatchNormalization(), HandmadeNorm() if handmade else keras.layers.BatchNormalization()]
    network = keras.Sequential([keras.Input((3,)), norms[0], keras.layers.Dense(3), norms[1]])
    return network, norms, network.get_weights()


def _small_model(handmade=False):
    """A model of two normalizations around a dense layer, as it was made, and the two; the second one may be handmade.

    It is made once: that takes longer than all calls.
    """
    network, norms, weights = _built(handmade)
    for layer in network.layers:
        layer.trainable = True
    network.set_weights(weights)
    return network, norms


def _counted(step):
    """`step`, and a list that is filled when it is called."""
    calls = []

    def counted():
        calls.append(1)
        step()

    return counted, calls


_MOVES = {
    "both": dict(moving_mean=[0.1, -0.2, 0.4], moving_variance=[0.5, -0.3, 1.0]),
    "both, upward": dict(moving_mean=[0.1, 0.2, 0.4], moving_variance=[0.5, 0.3, 1.0]),
    "the mean": dict(moving_mean=[0.1, -0.2, 0.4]),
    "the variance": dict(moving_variance=[0.5, -0.3, 1.0]),
    "one channel": dict(moving_mean=[0.0, 0.2, 0.0], moving_variance=[0.0, 0.3, 0.0]),
    "a little": dict(moving_mean=[1e-6] * 3, moving_variance=[1e-6, -1e-6, 2e-6]),
    "nothing": {},
}
_MOVING_MODELS = {  # what moves in each of the two normalizations, and which of them are frozen
    "healthy": ("both", "both", ()),
    "healthy, all variances grow": ("both, upward", "both, upward", ()),
    "frozen before compile": ("nothing", "nothing", (0, 1)),
    "called without training=True": ("nothing", "nothing", ()),
    "only its first normalization moves": ("both", "nothing", ()),
    "only its second normalization moves": ("nothing", "both", ()),
    "healthy, its first normalization is frozen": ("nothing", "both", (0,)),
    "healthy, its second normalization is frozen": ("both", "nothing", (1,)),
    "the first is frozen, the second stands still": ("nothing", "nothing", (0,)),
    "a normalization of another class stands still": ("both", "nothing", ()),
    "the moving mean moves alone": ("the mean", "the mean", ()),
    "healthy, the inputs have mean 0": ("the variance", "the variance", ()),
    "healthy, two channels are constant": ("one channel", "one channel", ()),
    "healthy, with a momentum very near 1": ("a little", "a little", ()),
    "a step that does nothing": ("nothing", "nothing", None),
}


def _run_statistics_move(function, model):
    """A model and its step, by a description of what moves."""
    *moves, frozen = _MOVING_MODELS[model]
    network, norms = _small_model(handmade="another class" in model)
    for i in frozen or ():
        norms[i].trainable = False

    def step():
        for norm, move in zip(norms, moves, strict=True):
            for name, change in _MOVES[move].items():
                getattr(norm, name).assign_add(change)
            if frozen is not None and norm.trainable:
                norm.gamma.assign_add([0.1, 0.1, 0.1])

    step, calls = _counted(step)
    function(network, step)
    return _Ran(bool(calls) or not _norms(network))  # where all are frozen, no step is needed


def _norms(model):
    return [layer for layer in _all_norms(model) if layer.trainable]


def _all_norms(model):
    return [layer for layer in model.layers if hasattr(layer, "moving_variance")]


def _differs(old, new):
    return not np.array_equal(old, new)


def _moved(*, layers=_norms, weights=("moving_variance",), differs=_differs, combine=all, copied=True, stepped=True):
    """A test like `statistics_move` that looks at other layers or weights, or in another way."""

    def test(model, step):
        norms = layers(model)
        look = lambda norm: [np.array(getattr(norm, w)) if copied else getattr(norm, w) for w in weights]  # noqa: E731
        before = [look(norm) for norm in norms]
        if stepped:
            step()
        return bool(
            combine(
                any(differs(np.array(old), np.array(new)) for old, new in zip(olds, look(norm), strict=True))
                for olds, norm in zip(before, norms, strict=True)
            )
        )

    return test


# 2. Does what is frozen stay?


def stays_frozen(model, step):
    """Whether one training step leaves all four weights of every frozen normalization
    as they were.
    """
    norms = [layer for layer in model.layers if hasattr(layer, "moving_variance")]
    frozen = [layer for layer in norms if not layer.trainable]
    before = [weight for norm in frozen for weight in norm.get_weights()]
    step()
    after = [weight for norm in frozen for weight in norm.get_weights()]
    return all(np.array_equal(old, new) for old, new in zip(before, after, strict=True))


_WEIGHTS = ("gamma", "beta", "moving_mean", "moving_variance")
_FROZEN_MODELS = {  # which of the two normalizations are frozen, and what changes in which of them, by how much
    "healthy, nothing is frozen": ((), ((0, "gamma", 0.5), (0, "moving_mean", 1.0), (1, "moving_mean", 1.0))),
    "healthy, all frozen before compile": ((0, 1), ()),
    "healthy, the first frozen, the second learns": ((0,), ((1, "gamma", 0.5), (1, "moving_mean", 1.0))),
    "frozen after a first fit": ((0, 1), tuple((i, name, 0.5) for i in (0, 1) for name in _WEIGHTS)),
    "frozen, but the statistics move": ((0, 1), ((1, "moving_mean", 1.0), (1, "moving_variance", 1.0))),
    "frozen, but gamma learns": ((0, 1), ((1, "gamma", 0.5),)),
    "frozen, but beta learns": ((0, 1), ((1, "beta", 0.5),)),
    "frozen, but the moving mean moves": ((0, 1), ((1, "moving_mean", 1.0),)),
    "frozen, but the moving variance moves": ((0, 1), ((1, "moving_variance", 1.0),)),
    "frozen, but one of the first one's weights changes": ((0, 1), ((0, "moving_variance", 1.0),)),
    "frozen, but all weights change by a millionth": ((0, 1), tuple((1, name, 1e-6) for name in _WEIGHTS)),
    "only the first is frozen, and it changes": (
        (0,),
        tuple((i, name, 0.5) for i in (0, 1) for name in _WEIGHTS),
    ),
    "healthy, a dense layer has trainable False and changes": ((0, 1), ((None, "kernel", 1.0),)),
}


def _run_stays_frozen(function, model):
    """A model and its step, by a description of what changes."""
    frozen, changes = _FROZEN_MODELS[model]
    network, norms = _small_model()
    dense = network.layers[1]
    dense.trainable = not any(where is None for where, _, _ in changes)
    for i in frozen:
        norms[i].trainable = False
    for norm in norms:
        norm.beta.assign([1.0, 2.0, -1.0])
        norm.moving_mean.assign([1.0, -2.0, 3.0])

    def step():
        for where, name, amount in changes:
            weight = getattr(dense if where is None else norms[where], name)
            weight.assign_add(np.full(weight.shape, amount))

    step, calls = _counted(step)
    function(network, step)
    return _Ran(bool(calls) or not frozen)  # where nothing is frozen, no step is needed


def _frozen(model):
    return [layer for layer in _all_norms(model) if not layer.trainable]


def _stayed(*, layers=_frozen, weights=_WEIGHTS, same=np.array_equal, copied=True, stepped=True, combine=all):
    """A test like `stays_frozen` that looks at other layers or weights, or in another way."""

    def test(model, step):
        pairs = [(layer, name) for layer in layers(model) for name in weights]
        before = [np.array(getattr(*pair)) if copied else getattr(*pair) for pair in pairs]
        if stepped:
            step()
        return bool(combine(same(np.array(old), np.array(getattr(*p))) for old, p in zip(before, pairs, strict=True)))

    return test


def _only(names):
    """The mistake of looking at some of the four weights."""
    looked_at, others = listed(list(names)), listed([name for name in _WEIGHTS if name not in names])
    hint = f"A frozen layer may be frozen by half. Here {others} can change unnoticed: compare all four weights."
    return Mistake(f"Only {looked_at} looked at", hint, _stayed(weights=names))


# 3. What is kept of the moving mean?


def kept_share(norm, x):
    """The share of the old moving mean that remains after one call of `norm` on x in
    training mode.
    """
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

    class SlowVariance(HandmadeNorm):
        """Keeps another share of the moving variance than of the moving mean."""

        def call(self, x, training=None):
            old = self.moving_variance.numpy()
            y = super().call(x, training=training)
            self.moving_variance.assign((old + self.moving_variance) / 2)
            return y

    class Uncentered(HandmadeNorm):
        """Leaves a part of the mean in the output, or takes more than the mean away."""

        def __init__(self, part):
            super().__init__()
            self.part = np.float32(part) * np.eye(3, dtype="float32")

        def call(self, x, training=None):
            mean = keras.ops.mean(x, axis=list(range(len(x.shape) - 1)))
            return super().call(x, training=training) + keras.ops.matmul(self.part, mean)

    class Leaking(Uncentered):
        """Adds each channel's mean to one of the others and subtracts it from the third."""

        def __init__(self):
            super().__init__(0.0)
            self.part = np.array([[0, 1, 1], [1, 0, -1], [-1, -1, 0]], "float32")

    class Undivided(HandmadeNorm):
        """Subtracts the mean and does not divide."""

        def call(self, x, training=None):
            super().call(x, training=training)
            return x - keras.ops.mean(x, axis=list(range(len(x.shape) - 1)))

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
        "a twentieth of the mean left": lambda: Uncentered(0.05),
        "the mean subtracted, and not divided": Undivided,
        "the means leak into other channels": Leaking,
        "handmade, the variance moves slower": SlowVariance,
        "no gradient through the variance": lambda: HandmadeNorm(dtype="float64"),
    }
    return made[norm]()


def _huge(shape, dtype=None):
    return np.full(shape, 1e12, "float32")


@cache
def _used_layer(norm, shape, dtype, numbers):
    """The layer that `norm` describes, built and used once on x, its weights and its momentum."""
    layer, x = _layer(norm), np.frombuffer(numbers, dtype).reshape(shape)
    layer.build(shape)
    if norm != "moving variance 1e12":
        layer(x, training=True)
        layer.moving_mean.assign(np.resize([0.7, -1.9, 5.2], layer.moving_mean.shape))
    return layer, layer.get_weights(), layer.momentum


def _run_layer(function, norm, x, **arguments):
    """Call `function` with the layer that `norm` describes, as it was when it had been used once."""
    layer, weights, momentum = _used_layer(norm, x.shape, x.dtype.str, x.tobytes())
    layer.set_weights(weights)
    layer.momentum, layer.trainable = momentum, True
    return function(layer, x, **arguments)


def _kept_probes():
    x = np.random.default_rng(1).normal([3.0, -1.0, 2.0], 2, (5, 4, 4, 3)).astype("float32")
    for norm in ("healthy, momentum 0.9", "healthy, momentum 0.99", "handmade, momentum=0.2 means 0.8", "momentum 0.1"):
        yield dict(norm=norm, x=x)
    yield dict(norm="handmade, the variance moves slower", x=x)
    yield dict(norm="axis=1", x=x)


def _kept_of(statistic):
    """What a statistic that starts at 1 is after one call, the batch's part in it included."""

    def share(norm, x):
        getattr(norm, statistic).assign(np.ones(getattr(norm, statistic).shape))
        norm(x, training=True)
        return float(np.mean(getattr(norm, statistic).numpy()))

    return share


def _kept_of_one(start, statistic="moving_mean"):
    """What a statistic that starts far from the batch's is after one call, in parts of its start."""

    def share(norm, x):
        getattr(norm, statistic).assign(np.full(getattr(norm, statistic).shape, start))
        norm(x, training=True)
        return float(np.mean(getattr(norm, statistic).numpy()) / start)

    return share


def _ratio_of_means(norm, x):
    old = norm.moving_mean.numpy()
    norm(x, training=True)
    return float(np.mean(norm.moving_mean.numpy() / old))


def _kept_after_two(norm, x):
    return kept_share(norm, x) ** 2


# 4. Do the statistics fit the data?


def worst_factor(model, images):
    """The largest factor, at least 1, between moving variance + epsilon and the data's
    variance + epsilon.
    """
    worst, x = 1.0, images
    for layer in model.layers:
        if hasattr(layer, "moving_variance"):
            rank = len(x.shape)
            axes = tuple(i for i in range(rank) if i != layer.axis % rank)
            moving, measured = layer.moving_variance.numpy(), np.var(x, axis=axes)
            ratio = (moving + layer.epsilon) / (measured + layer.epsilon)
            worst = max(worst, np.max(ratio), np.max(1 / ratio))
        x = layer(x, training=False)
    return float(worst)


def _is_norm(layer):
    return hasattr(layer, "moving_variance")


def _mean_square(x, axis):
    return np.mean(np.square(x), axis=axis)


def _factors(
    model,
    images,
    *,
    epsilon=None,
    training=False,
    last_axis=False,
    over=None,
    behind=False,
    passed=lambda layer: True,
    measure=np.var,
):
    """Per normalization, moving and measured variances, each with epsilon; `passed` says which layers are called."""
    x, found = images, []
    for layer in model.layers:
        moving = layer.moving_variance.numpy() if _is_norm(layer) else None
        y = layer(x, training=training)
        if _is_norm(layer):
            axis = -1 if last_axis else layer.axis
            axes = over or tuple(i for i in range(len(x.shape)) if i != axis % len(x.shape))
            small = layer.epsilon if epsilon is None else epsilon
            found.append((moving + small, measure(y if behind else x, axis=axes) + small))
        if passed(layer):
            x = y
    return found


def _worst(pairs):
    return float(max(max(np.max(a / b), np.max(b / a)) for a, b in pairs))


@cache
def _mixing_model(axis, shape):
    """A model of two normalizations around a fixed 1x1 convolution, and its weights."""
    import keras

    norms = [keras.layers.BatchNormalization(axis=axis, epsilon=0.05, momentum=0.5) for _ in range(2)]
    mix = keras.layers.Conv2D(3, 1, use_bias=False)
    network = keras.Sequential([keras.Input(shape), norms[0], mix, norms[1]])
    mix.set_weights([np.array([[[[1.0, 0.2, 0.0], [0.1, 1.0, -0.2], [0.0, 0.3, 1.0]]]])])
    return network, network.get_weights()


def _run_worst_factor(function, model, images):
    """Call `function` with a model of given moving variances."""
    axis, first, second = {
        "healthy": (-1, (1.0, 9.0, 0.3), (0.9, 1.2, 1.1)),
        "one channel far too large": (-1, (1.0, 9.0, 250.0), (0.9, 1.2, 0.2)),
        "one channel far too small": (-1, (1.0, 0.02, 0.3), (0.9, 1.2, 2.0)),
        "the second normalization is off": (-1, (1.0, 9.0, 0.3), (40.0, 1.2, 0.7)),
        "a channel that hardly varies": (-1, (1e-2, 9.0, 0.3), (0.9, 1.2, 1.1)),
        "axis=1": (1, (12.0, 20.0, 9.0), (1.0, 2.0, 5.0)),
    }[model]
    network, weights = _mixing_model(axis, images.shape[1:])
    network.set_weights(weights)
    for norm, variance in zip(network.layers[::2], (first, second), strict=True):
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
    """Whether the output in training mode changes when a constant is added to one
    channel (last axis) of x.
    """
    shifted = np.array(x)
    shifted[..., 0] += 5
    difference = norm(shifted, training=True) - norm(x, training=True)
    return bool(np.max(np.abs(difference)) > 0.01)


def _notices(norm, x, shifted, training=True, tolerance=0.01, channels=slice(None)):
    difference = np.array(norm(shifted, training=training)) - np.array(norm(x, training=training))
    return bool(np.max(np.abs(difference[..., channels])) > tolerance)


def _scaled(x):
    return x * np.array([5.0, 1.0, 1.0], "float32")


def _sums_differ(norm, x):
    sums = [float(np.sum(np.array(norm(y, training=True), float))) for y in (x, _shifted(x, (..., 0)))]
    return abs(sums[1] - sums[0]) > 0.01


def _difference(norm, x):
    return np.array(norm(_shifted(x, (..., 0)), training=True)) - np.array(norm(x, training=True))


def _rises(norm, x):
    return bool(np.max(_difference(norm, x)) > 0.01)


def _falls(norm, x):
    return bool(np.min(_difference(norm, x)) < -0.01)


def _shifted(x, where):
    shifted = np.array(x)
    shifted[where] += 5
    return shifted


def _shift_probes():
    x = np.random.default_rng(3).normal([3.0, -1.0, 2.0], 2, (5, 4, 4, 3)).astype("float32")
    for norm in (
        "healthy, momentum 0.9",
        "moving variance 1e12",
        "axis=1",
        "axis=2",
        "no mean subtracted",
        "the mean subtracted twice",
        "a small part of the mean left",
        "a twentieth of the mean left",
        "the mean subtracted, and not divided",
        "the means leak into other channels",
    ):
        yield dict(norm=norm, x=x)


# 6. Does the gradient know it?


def gradient_sums(norm, x, weights):
    """For the loss sum(weights * output) and its gradient g, |sum g| / sum |g| and the
    same of g (x - mean).

    The sums run over all axes but `norm.axis`; of all channels the largest ratio
    counts.
    """
    import tensorflow as tf

    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        loss = tf.reduce_sum(weights * norm(inputs, training=True))
    g = tape.gradient(loss, inputs).numpy()
    axes = tuple(i for i in range(x.ndim) if i != norm.axis % x.ndim)
    centered = x - x.mean(axis=axes, keepdims=True)
    of_sizes = [np.abs(p).sum(axis=axes) for p in (g, g * centered)]
    of_sums = [np.abs(p.sum(axis=axes)) for p in (g, g * centered)]
    return tuple(float(np.max(a / b)) for a, b in zip(of_sums, of_sizes, strict=True))


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
afterwards the moving variance of **every** normalization that is not frozen is another one, however little it has
moved and in however few channels; a frozen one has a right to stay. A layer is a normalization if it has a
`moving_variance`, whatever its class.
""",
        solution=statistics_move,
        probes=_named(_MOVING_MODELS),
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
                "`step()` is never called",
                "Between two looks at untouched weights nothing can have moved. Look, call `step()`, look again.",
                _moved(stepped=False),
            ),
            Mistake(
                "It passes every model",
                "Here it also passes a model whose statistics stand still. Has `step()` been called between two looks,"
                " and is it the moving variance that you compare?",
                lambda model, step: True,
            ),
            Mistake(
                "It passes every model, after a step",
                "Here it also passes a model whose statistics stand still. Is it the moving variance that you compare?",
                lambda model, step: (step(), True)[1],
            ),
            Mistake(
                "It fires for every model",
                "Here it also fires for healthy ones. The statistics of those do move: look again after `step()`.",
                lambda model, step: False,
            ),
            Mistake(
                "It fires for every model, after a step",
                "Here it also fires for healthy ones. Their moving variances are others after the step than before.",
                lambda model, step: (step(), False)[1],
            ),
            Mistake(
                "Nothing has moved between the two looks",
                "Look once before `step()` and once after it. And `norm.moving_variance` is the variable itself, which "
                "changes with the step: compared with itself it is always the same, so copy it, "
                "`norm.moving_variance.numpy()`.",
                _moved(copied=False),
            ),
            Mistake(
                "All weights compared",
                "Gamma and beta learn without `training=True`, too. Compare what only a call in training mode moves.",
                _moved(weights=_WEIGHTS),
            ),
            Mistake(
                "The moving mean compared",
                "It stays where it is if the inputs have mean 0, and a layer may move it alone. Asked is whether the "
                "moving variance has moved.",
                _moved(weights=("moving_mean",)),
            ),
            Mistake(
                "Either statistic is enough",
                "Here a model passes whose moving mean moves alone. Asked is whether the moving variance has moved.",
                _moved(weights=("moving_mean", "moving_variance")),
            ),
            Mistake(
                "One that moves is enough",
                "Some models call one of their normalizations in the wrong mode: `all`, not `any`.",
                _moved(combine=any),
            ),
            Mistake(
                "Only the first normalization looked at",
                "The first one moves here, a later one does not. Look at all of them, and decide after the last.",
                _moved(layers=lambda model: _norms(model)[:1]),
            ),
            Mistake(
                "Only the last normalization looked at",
                "The last one moves here, an earlier one does not. Look at all of them.",
                _moved(layers=lambda model: _norms(model)[-1:]),
            ),
            Mistake(
                "Frozen ones must move, too",
                "A frozen normalization stays as it is, and rightly: leave out those with `trainable` False.",
                _moved(layers=_all_norms),
            ),
            Mistake(
                "Frozen ones must move where others are not frozen",
                "Each layer has a `trainable` of its own: leave out the frozen ones, also where others may learn.",
                _moved(layers=lambda model: _all_norms(model) if _norms(model) else []),
            ),
            Mistake(
                "Only frozen ones looked at",
                "Those have a right to stay. Look at the normalizations whose `trainable` is True.",
                _moved(layers=_frozen),
            ),
            Mistake(
                "Normalizations of another class overlooked",
                'A layer is a normalization if it has a `moving_variance`: `hasattr(layer, "moving_variance")`.',
                _moved(layers=lambda model: [n for n in _norms(model) if type(n).__name__ == "BatchNormalization"]),
            ),
            Mistake(
                "Every channel must move",
                "A channel may be constant, and its variance stays. The layer has moved if any number of it has.",
                _moved(differs=lambda old, new: bool((old != new).all())),
            ),
            Mistake(
                "Only growth counts",
                "A moving variance may fall as well as grow. Ask whether it is another one.",
                _moved(differs=lambda old, new: bool((new > old).all())),
            ),
            Mistake(
                "Compared within a tolerance",
                "With a momentum near 1 a step moves very little. What has not been touched is the same to the last "
                "bit: `np.array_equal`.",
                _moved(differs=lambda old, new: not np.allclose(old, new)),
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
        probes=_named(_FROZEN_MODELS),
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
                "`step()` is never called",
                "Between two looks at the same untouched weights nothing can have changed. Look, call `step()`, look "
                "again.",
                _stayed(stepped=False),
            ),
            Mistake(
                "It passes every model",
                "Here it also passes models whose frozen weights change. The flag `trainable` is False in all of them,"
                " and `trainable_weights` of a frozen layer is empty: copy `get_weights()` before `step()` and compare"
                " after it.",
                _stayed(weights=()),
            ),
            Mistake(
                "It fires for every model",
                "Here it also fires for those that are frozen as they should be. Two lists of arrays are compared pair"
                " by pair, with `np.array_equal`.",
                lambda model, step: (step(), False)[1],
            ),
            Mistake(
                "It fires for every model, without a step",
                "Here it also fires for those that are frozen as they should be. Copy the weights, call `step()`, and "
                "compare.",
                lambda model, step: False,
            ),
            Mistake(
                "The flags asked, not the weights",
                "`trainable` says what somebody wished. Copy the weights of the frozen layers before `step()`, and "
                "compare after it.",
                lambda model, step: all(not norm.trainable for norm in _all_norms(model)),
            ),
            *(_only(names) for count in (1, 2, 3) for names in combinations(_WEIGHTS, count)),
            Mistake(
                "Layers that are not frozen must stay, too",
                "What is not frozen may learn. Look at normalizations with `trainable` False only.",
                _stayed(layers=_all_norms),
            ),
            Mistake(
                "Other frozen layers must stay, too",
                "Asked is about normalizations, the layers that have a `moving_variance`.",
                lambda model, step: stays_frozen(model, step) and bool(model.layers[1].trainable),
            ),
            Mistake(
                "All layers must stay",
                "Asked is about frozen normalizations: they have a `moving_variance`, and `trainable` is False.",
                lambda model, step: _stayed(layers=_all_norms)(model, step) and bool(model.layers[1].trainable),
            ),
            Mistake(
                "Those looked at that are not frozen",
                "They may learn. Look at normalizations with `trainable` False.",
                _stayed(layers=_norms),
            ),
            Mistake(
                "Only the first normalization looked at",
                "The first one stays here, a later one does not. Look at all of them.",
                _stayed(layers=lambda model: _frozen(model)[:1]),
            ),
            Mistake(
                "Only the last normalization looked at",
                "The last one stays here, an earlier one does not. Look at all of them.",
                _stayed(layers=lambda model: _frozen(model)[-1:]),
            ),
            Mistake(
                "One weight that stays is enough",
                "All four weights of all frozen layers have to stay: `all`, not `any`.",
                _stayed(combine=any),
            ),
            Mistake(
                "Compared within a tolerance",
                "Asked is whether the weights are exactly the same, and a millionth is a change: `np.array_equal`.",
                _stayed(same=np.allclose),
            ),
            Mistake(
                "False where nothing is frozen",
                "Where nothing is frozen, nothing can be wrong: the answer is True.",
                lambda model, step: stays_frozen(model, step) and bool(_frozen(model)),
            ),
            Mistake(
                "The answer turned round",
                "You return whether something has changed; the question is whether all has stayed.",
                lambda model, step: not stays_frozen(model, step),
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
                "The share of the moving variance",
                "A layer may keep another share of its moving variance. Take the moving mean.",
                _kept_of_one(1e6, "moving_variance"),
            ),
            Mistake(
                "A ratio of two moving means",
                "New mean over old mean is the share only if the batch's part is taken away first. Call the layer from "
                "two starting values, and subtract.",
                _ratio_of_means,
            ),
            Mistake(
                "The batch's part is small, and still in it",
                "Beside a large starting value the batch's part is small, but it is there. Subtract what you get "
                "when the moving mean starts at 0.",
                _kept_of_one(10.0),
            ),
            Mistake(
                "The other share, and read from the label",
                "`norm.momentum` is what somebody wrote into the layer. Call the layer and see, and give what is kept.",
                lambda norm, x: 1 - norm.momentum,
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
normalization. Its channels stand on the axis `layer.axis`, which need not be the last.
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
                lambda model, images: _worst(_factors(model, images, epsilon=0.0)),
            ),
            Mistake(
                "Another epsilon than the layer's",
                "Each layer has its own: `layer.epsilon`.",
                lambda model, images: _worst(_factors(model, images, epsilon=1e-3)),
            ),
            Mistake(
                "Only the last normalization looked at",
                "An earlier one is off here. Keep the largest factor of all of them.",
                lambda model, images: _worst(_factors(model, images)[-1:]),
            ),
            Mistake(
                "Measured behind the normalization",
                "Its statistics are those of its inputs: measure x before the layer is called.",
                lambda model, images: _worst(_factors(model, images, behind=True)),
            ),
            Mistake(
                "Only too small counts",
                "A moving variance that is far too large is as bad: take the larger of `ratio` and `1 / ratio`.",
                lambda model, images: max(float(np.max(b / a)) for a, b in _factors(model, images)),
            ),
            Mistake(
                "Only too large counts",
                "A moving variance that is far too small is as bad: take the larger of `ratio` and `1 / ratio`.",
                lambda model, images: max(float(np.max(a / b)) for a, b in _factors(model, images)),
            ),
            Mistake(
                "The normalizations left out on the way",
                "What stands behind a normalization sees its output: call every layer, `x = layer(x, training=False)`.",
                lambda model, images: _worst(_factors(model, images, passed=lambda layer: not _is_norm(layer))),
            ),
            Mistake(
                "One variance for all channels",
                "Each channel has its own: average over all axes but `layer.axis`.",
                lambda model, images: _worst(_factors(model, images, over=(0, 1, 2, 3))),
            ),
            Mistake(
                "Mean squares in the place of variances",
                "The variance is about the mean: `np.var`.",
                lambda model, images: _worst(_factors(model, images, measure=_mean_square)),
            ),
            Mistake(
                "The images in front of every normalization",
                "A later normalization sees what the layers before it make of the images: `x = layer(x, "
                "training=False)`, for every layer.",
                lambda model, images: _worst(_factors(model, images, passed=lambda layer: False)),
            ),
            Mistake(
                "Measured over the batch alone",
                "A channel's variance is over the images and all positions: over all axes but `layer.axis`.",
                lambda model, images: _worst(_factors(model, images, over=(0,))),
            ),
            Mistake(
                "Averaged over the normalizations",
                "One that is off vanishes among good ones. Take the largest factor of all.",
                lambda model, images: float(np.mean([_worst([pair]) for pair in _factors(model, images)])),
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
                "Usual causes: numbers are compared with `==`, where rounding differs: allow 0.01. Or only one of the "
                "two calls is in training mode: both need `training=True`. Or 5 is added to a part of the channel, to "
                "one image or one pixel: `shifted[..., 0]` is all of it. Or the output is compared with the input.",
                lambda norm, x: _notices(norm, x, _shifted(x, (..., 0)), tolerance=-1.0),
            ),
            Mistake(
                "Both calls in inference mode",
                "With moving statistics a shift goes through, and rightly so. The question is about `training=True`.",
                lambda norm, x: _notices(norm, x, _shifted(x, (..., 0)), training=False),
            ),
            Mistake(
                "It never fires",
                "Here it also passes layers that do notice. Is 5 added before the call, and to a copy? And is the "
                "largest absolute difference compared with 0.01?",
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
            Mistake(
                "Added along axis 2",
                "With channels last, `x[:, :, 0]` is a column of each image, not a channel: `x[..., 0]`.",
                lambda norm, x: _notices(norm, x, _shifted(x, (slice(None), slice(None), 0))),
            ),
            Mistake(
                "Multiplied by 5",
                "A layer may notice a factor and not a constant, or the reverse. Add 5: `shifted[..., 0] += 5`.",
                lambda norm, x: _notices(norm, x, _scaled(x)),
            ),
            Mistake(
                "Only the shifted channel of the output looked at",
                "A constant in one channel may come out in others. Compare the whole output.",
                lambda norm, x: _notices(norm, x, _shifted(x, (..., 0)), channels=0),
            ),
            Mistake(
                "Only the other channels of the output looked at",
                "A constant in one channel may come out in that one. Compare the whole output.",
                lambda norm, x: _notices(norm, x, _shifted(x, (..., 0)), channels=slice(1, None)),
            ),
            Mistake(
                "Sums of the output compared",
                "What one place gains another may lose. Compare the outputs number by number.",
                _sums_differ,
            ),
            Mistake(
                "A tolerance far too large",
                "A layer may leave a small part of the constant in its output. Differences up to 0.01 are rounding, "
                "larger ones are not.",
                lambda norm, x: _notices(norm, x, _shifted(x, (..., 0)), tolerance=1.0),
            ),
            Mistake(
                "No absolute value",
                "An output may fall as well as rise: take the absolute value of each difference before the largest.",
                _rises,
            ),
            Mistake(
                "No absolute value, and the two outputs exchanged",
                "An output may fall as well as rise: take the absolute value of each difference before the largest.",
                _falls,
            ),
            Mistake(
                "The label was read, not the content",
                "`norm.axis` is what somebody wrote into the layer. Call it on both inputs and compare.",
                lambda norm, x: norm.axis not in (-1, 3),
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
                "The gradient of inference, or the weights themselves",
                "In inference mode mean and variance are constants, and the gradient is the weights times a number for "
                "each channel: it has no reason to sum to zero. Take the gradient of a call with `training=True`.",
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
                "One mean for all channels",
                "Each channel has its own mean: average x over all axes but `norm.axis`, with `keepdims=True`.",
                _sums_with(lambda g, centered, x: (g, g * (x - x.mean()))),
            ),
            Mistake(
                "The second number is as near to 0 as the first",
                "Multiply the gradient by x minus its mean before you sum. For the handmade layer that is far from 0.",
                _sums_with(lambda g, centered, x: (g, g)),
            ),
            Mistake(
                "The smallest ratio",
                "One bad channel hides behind good ones. Take the largest ratio.",
                _sums_with(lambda g, centered, x: (g, g * centered), combine=np.min),
            ),
            Mistake(
                "The first channel alone",
                "Another channel may be the bad one. Take the largest ratio of all.",
                _sums_with(lambda g, centered, x: (g, g * centered), combine=lambda ratios: ratios[0]),
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
        categories=True,
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
