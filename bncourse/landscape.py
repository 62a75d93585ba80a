"""Why batch normalization helps: instruments for the loss around a network's weights, and the stored experiments.

`python -m bncourse.landscape` makes what is not stored yet of `TURNING`, `DISTURBING` and `SURVEYS`; `turned`,
`disturbed` and `surveys` read it.
"""

import contextlib
import dataclasses
import itertools
import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from .arms import Arm, Disturbance
from .shift import LEVELS, gradient_shift
from .training import Config, Run, batch_indices, cross_entropy, from_json, sgd_step, take, to_json, train, unchanged

STORE = Path(__file__).parent / "assets" / "runs" / "landscape.json"

#: Learning rates at which a line along the gradient is measured, and those of the steps whose shift is measured.
RATES = tuple(float(f"{rate:.2g}") for rate in np.geomspace(0.01, 10, 10))
STEPS = (0.01, 0.1, 0.3, 1.0)
#: Losses, in nats, at which a survey looks along the gradients of so many batches; and the one of them at which it
#: looks at what steps do.
TARGETS = (1.5, 1.0, 0.75)
MIDDLE = 1.0
BATCHES = 2
#: Steps after a step that was too long, at which the loss is measured.
LATER = (0, 1, 10, 30, 100)

#: A network of `speedup`, without batch norm at a rate that suits it, with batch norm at the same and at a higher one;
#: and that of `shift`, at one rate.
SEEDS = range(5, 10)
DISTURBED = Arm(steps=400, evaluate_every=400, loss_every=50, disturbance=0.5)
DISTURBANCES = {
    "quiet": {"disturbance": 0.0},
    "each step": {},
    "each image": {"per_image": True},
    "every 20 steps": {"every": 20},
    "once": {"every": 0},
}
DISTURBING = [
    DISTURBED.replace(norm=norm, learning_rate=rate, seed=seed, **changes)
    for norm, rate in (("none", 0.02), ("none", 0.05), ("batch", 0.05), ("batch", 0.3))
    for changes in DISTURBANCES.values()
    for seed in SEEDS
]
TURNED = Arm(steps=300, evaluate_every=300, loss_every=50)
TURNING = [
    TURNED.replace(norm=norm, length=length, learning_rate=rate, seed=seed)
    for norm, length, rates in (
        ("none", "free", (0.05, 0.1)),
        ("none", "learned", (0.05, 0.1, 0.3)),
        ("none", "held", (0.05, 0.1, 0.3)),
        ("batch", "free", (1.0, 3.0)),
        ("batch", "held", (1.0, 3.0)),
    )
    for rate in rates
    for seed in SEEDS
]
SURVEYS = [
    Config(model=model, norm=norm, learning_rate=rate, steps=2000, evaluate_every=10, seed=seed)
    for model, norm, rate in (
        ("cnn", "none", 0.05),
        ("cnn", "batch", 0.05),
        ("cnn", "batch", 0.3),
        ("cnn_flatten", "none", 0.1),
        ("cnn_flatten", "batch", 0.1),
    )
    for seed in SEEDS
]


# --- the loss around the weights ---


class Line(NamedTuple):
    """Loss and gradient along the gradient g of one batch, at the weights w and at K points w - rate * g.

    `loss` and `norm`, both (): the loss at w, in nats, and |g|.
    `rates` (K,): how far along.
    `losses` (K,): the loss there.
    `distance` (K,): |g' - g| / |g| for the gradient g' there, 0 if it is the same one.
    """

    loss: np.ndarray
    norm: np.ndarray
    rates: np.ndarray
    losses: np.ndarray
    distance: np.ndarray


def along_gradient(
    model: keras.Model, images, labels, rates: Iterable[float], *, weights=None, keep_lengths: bool = False
) -> Line:
    """The loss and its gradient at the weights that steps of several sizes along the gradient lead to.

    The model comes out as it went in.

    Args:
        images: one batch (N, H, W, C), taken in training mode.
        labels: (N,).
        rates: K learning rates.
        weights: variables of the model that take the step, by default all that it trains. The others stay.
        keep_lengths: bring each filter of a hidden layer back to its length after the step, so that it only turns.

    Returns:
        a Line of one batch.

    Source: after Santurkar et al. 2018 (arXiv 1805.11604), whose distance is not divided by |g|.
    """
    weights, rates = list(weights or model.trainable_variables), np.array(list(rates), float)
    hidden = {layer.kernel.path for layer in model.layers if layer.name.startswith("linear_")}
    images, labels = tf.constant(images), tf.constant(labels, tf.int32)

    def loss_and_gradient():
        with tf.GradientTape() as tape:
            loss = cross_entropy(labels, model(images, training=True))
        return loss, tape.gradient(loss, weights)

    def flat(gradients):
        return np.concatenate([np.ravel(gradient).astype(float) for gradient in gradients])

    before, found = [weight.numpy() for weight in weights], []
    with unchanged(model):
        loss, gradients = loss_and_gradient()
        seen = flat(gradients)
        for rate in rates:
            for weight, value, gradient in zip(weights, before, gradients, strict=True):
                after = value - rate * gradient.numpy()
                weight.assign(with_lengths(after, value) if keep_lengths and weight.path in hidden else after)
            there, later = loss_and_gradient()
            found.append((float(there), np.linalg.norm(flat(later) - seen) / np.linalg.norm(seen)))
    for weight, value in zip(weights, before, strict=True):
        weight.assign(value)
    losses, distance = np.array(found).reshape(-1, 2).T
    return Line(np.array(float(loss)), np.linalg.norm(seen), rates, losses, distance)


def with_lengths(kernel: np.ndarray, like: np.ndarray) -> np.ndarray:
    """The filters of a kernel (..., C), each at the length that it has in `like`, of the same shape.

    >>> with_lengths(np.array([[3.0, 0.0], [4.0, 1.0]]), np.array([[0.0, 2.0], [10.0, 0.0]])).tolist()
    [[6.0, 0.0], [8.0, 2.0]]
    """
    axes = tuple(range(kernel.ndim - 1))
    return kernel * np.sqrt(np.square(like).sum(axes) / np.square(kernel).sum(axes))


def effective_smoothness(line: Line, up_to: float) -> float:
    """How much the gradient changes per distance moved, at most: the largest |g' - g| / (rate * |g|) on the line.

    Its unit is nats per squared unit of the weights: it is divided by a² where all weights are multiplied by a and the
    function stays the same.

    Args:
        up_to: the highest rate that is looked at. Farther out there may be anything.

    Source: the "effective beta-smoothness" of Santurkar et al. 2018 (arXiv 1805.11604).
    """
    near = line.rates <= up_to
    return float(np.max(line.distance[near] / line.rates[near]))


def random_direction(model: keras.Model, seed: int) -> list[np.ndarray]:
    """A random direction in the space of the weights, every filter as long as the network's own.

    Returns:
        for each trainable weight an array of its shape: normal numbers, scaled filter by filter; zeros for biases,
        gamma and beta.

    Source: the filter normalization of Li et al. 2018 (arXiv 1712.09913).
    """
    generator = np.random.default_rng(seed)
    return [
        with_lengths(generator.standard_normal(weight.shape), weight.numpy())
        if len(weight.shape) > 1
        else np.zeros(weight.shape)
        for weight in model.trainable_variables
    ]


def plane(model: keras.Model, images, labels, directions, steps, *, keep_lengths: bool = False) -> np.ndarray:
    """The loss over the plane that two directions span around the weights.

    The model comes out as it went in.

    Args:
        images: one batch (N, H, W, C), taken in training mode.
        labels: (N,).
        directions: two, each with an array for every trainable weight.
        steps: K multiples of each direction.
        keep_lengths: bring each filter of a hidden layer back to its length, so that it only turns.

    Returns:
        losses (K, K): rows along the second direction, columns along the first.
    """
    weights, (first, second) = model.trainable_variables, directions
    hidden = {layer.kernel.path for layer in model.layers if layer.name.startswith("linear_")}
    images, labels = tf.constant(images), tf.constant(labels, tf.int32)
    loss = tf.function(lambda: cross_entropy(labels, model(images, training=True)))
    before, losses = [weight.numpy() for weight in weights], np.empty((len(steps), len(steps)))
    with unchanged(model):
        for row, column in itertools.product(range(len(steps)), repeat=2):
            for weight, value, one, other in zip(weights, before, first, second, strict=True):
                moved = value + steps[column] * one + steps[row] * other
                weight.assign(with_lengths(moved, value) if keep_lengths and weight.path in hidden else moved)
            losses[row, column] = loss()
    for weight, value in zip(weights, before, strict=True):
        weight.assign(value)
    return losses


# --- measured at matched loss ---


class After(NamedTuple):
    """What steps do to a network whose loss has first fallen to `MIDDLE`, all of them along one batch's gradient.

    `drift` (rates, places, layers): what `step_drift` says of the rates `STEPS`.
    `gradient` (rates, layers): the gradient-based shift of the same steps, as `shift.gradient_shift` defines it.
    `recovery` (LATER,): what `recovery` says of a step ten times as long as the best one on the line.
    """

    drift: np.ndarray
    gradient: np.ndarray
    recovery: np.ndarray


class Look(NamedTuple):
    """What was measured around the weights of one network when its loss first fell to `target`.

    `target`, `step`, `loss`: what `visit` tells.
    `lines`: one `Line` for each of the next batches.
    `after`: at the loss `MIDDLE`, what steps do along the first of them; elsewhere None.
    """

    target: float
    step: int
    loss: float
    lines: list[Line]
    after: After | None


def step_drift(model: keras.Model, images, labels, rate: float) -> np.ndarray:
    """How far one step of gradient descent moves the distributions of the batch it is made with: (places, layers).

    For each unit the mean distance of the percentiles `shift.LEVELS` before and after, in standard deviations before;
    for each layer the mean over its units. The places are `shift.PLACES`: before a normalization, and at the
    nonlinearity. The model comes out as it went in.

    Args:
        images: one batch (N, H, W, C), taken in training mode.
        labels: (N,).
        rate: the learning rate of the step.
    """
    weights = model.trainable_variables
    depth = sum(layer.name.startswith("linear_") for layer in model.layers)
    tensors = [model.get_layer(f"linear_{i + 1}").output for i in range(depth)]
    tensors += [model.get_layer(f"activation_{i + 1}").input for i in range(depth)]
    values = keras.Model(model.inputs[0], tensors)
    before = [weight.numpy() for weight in weights]
    with unchanged(model):
        old = values(images, training=True)
        sgd_step(model, images, tf.constant(labels, tf.int32), rate)
        new = values(images, training=True)
    for weight, value in zip(weights, before, strict=True):
        weight.assign(value)
    return np.reshape(
        [_moved(np.asarray(one), np.asarray(other)) for one, other in zip(old, new, strict=True)], (2, depth)
    )


def _moved(before: np.ndarray, after: np.ndarray) -> float:
    """The drift from values (..., units) to others, mean over the units that are not constant before."""
    before, after = (values.reshape(-1, values.shape[-1]) for values in (before, after))
    moved = np.abs(np.percentile(after, LEVELS, axis=0) - np.percentile(before, LEVELS, axis=0)).mean(axis=0)
    std = before.std(axis=0)
    return float(np.mean(moved[std > 1e-12] / std[std > 1e-12]))


def recovery(model: keras.Model, data, batches, too_long: float, rate: float) -> np.ndarray:
    """The loss after one step with a rate that is too high, and in the training that goes on from there: (LATER,).

    It is that of the first 500 training images, in training mode. The model comes out as it went in.

    Args:
        batches: indices (LATER[-1] + 1, N) of the training images; the first one is that of the long step.
        too_long: the learning rate of that step.
        rate: the learning rate of those that follow.
    """
    images, labels = tf.constant(data.train_images), tf.constant(data.train_labels, tf.int32)
    before, losses = [weight.numpy() for weight in model.trainable_variables], []
    step = tf.function(lambda chosen, rate: sgd_step(model, tf.gather(images, chosen), tf.gather(labels, chosen), rate))
    with unchanged(model):
        for done, chosen in enumerate(batches):
            step(tf.constant(chosen), tf.constant(rate if done else too_long, tf.float32))
            if done in LATER:
                losses.append(float(cross_entropy(labels[:500], model(images[:500], training=True))))
    for weight, value in zip(model.trainable_variables, before, strict=True):
        weight.assign(value)
    return np.array(losses)


class _Enough(Exception):
    """All that was to be seen of a run has been seen."""


def visit(
    config: Config, data, targets: Iterable[float], look: Callable[[float, int, float, keras.Model], None]
) -> None:
    """Train, and call `look(target, step, loss, model)` when the loss has first fallen to each of the `targets`.

    The loss is that of the first 500 training images, in training mode, and is looked at every `evaluate_every` steps.
    Training ends with the last target; one that is not reached in `steps` steps is left out.

    Args:
        targets: losses in nats.
        look: must leave the model as it is.

    Raises:
        ValueError: as `training.train`.
    """
    few = data._replace(test_images=data.test_images[:10], test_labels=data.test_labels[:10])
    images, labels = data.train_images[:500], tf.constant(data.train_labels[:500], tf.int32)
    waiting = sorted(targets, reverse=True)

    loss_of = tf.function(lambda model: cross_entropy(labels, model(images, training=True)))

    def watch(step, model):
        with unchanged(model):
            loss = float(loss_of(model))
        while waiting and loss <= waiting[0]:
            look(waiting.pop(0), step, loss, model)
        if not waiting:
            raise _Enough

    with contextlib.suppress(_Enough):
        train(config, few, watch=watch)


def survey(config: Config, data, targets: Iterable[float], rates: Iterable[float]) -> list[Look]:
    """Train, and measure what a `Look` holds whenever the loss has first fallen to one of the `targets`.

    Args:
        targets: losses in nats, as `visit` has them.
        rates: learning rates of the steps along the gradient.

    Raises:
        ValueError: as `training.train`.
    """
    upcoming = batch_indices(len(data.train_images), config.batch_size, config.steps + LATER[-1] + 1, config.seed)
    looks = []

    def look(target, step, loss, model):
        batches = [(data.train_images[i], data.train_labels[i]) for i in upcoming[step : step + BATCHES]]
        lines = [along_gradient(model, *batch, rates) for batch in batches]
        after = None
        if target == MIDDLE:
            too_long = 10 * lines[0].rates[np.nanargmin(lines[0].losses)]
            following = upcoming[step : step + LATER[-1] + 1]
            after = After(
                np.array([step_drift(model, *batches[0], rate) for rate in STEPS]),
                np.array([gradient_shift(model, *batches[0], rate).distance for rate in STEPS]),
                recovery(model, data, following, too_long, config.learning_rate),
            )
        looks.append(Look(target, step, loss, lines, after))

    visit(config, data, targets, look)
    return looks


# --- networks that are disturbed ---


class Disturbed(NamedTuple):
    """A run of `DISTURBING`, and what it has learned.

    `accuracy`: the share of test images classified right with the statistics of their batches, in training mode. The
    moving statistics have seen the disturbance; here it is gone, unless it was drawn once. NaN if the run diverged.
    `left_on`: the same with the last disturbance still on, where it is drawn anew after some steps; else NaN.
    """

    run: Run
    accuracy: float
    left_on: float


def disturb(config: Arm, data) -> Disturbed:
    """Train a network that is disturbed, and test it.

    Raises:
        ValueError: as `training.train`.
    """
    seen = []
    run = train(config, data, watch=lambda step, model: seen.append(model))
    if run.diverged:
        return Disturbed(run, math.nan, math.nan)
    model, left_on = seen[-1], math.nan
    disturbances = [layer for layer in model.layers if isinstance(layer, Disturbance)]
    if config.every > 1:
        for layer in disturbances:
            layer.every = 0  # what was drawn last stays
        left_on = _by_batches(model, data)
    if config.every:
        for layer in disturbances:
            layer.strength = 0.0
    return Disturbed(run, _by_batches(model, data), left_on)


def _by_batches(model: keras.Model, data) -> float:
    """The share of test images classified right in training mode, 500 at a time."""
    starts = range(0, len(data.test_images), 500)
    logits = np.concatenate([model(data.test_images[start : start + 500], training=True) for start in starts])
    return float(np.mean(logits.argmax(axis=1) == data.test_labels))


# --- what is stored ---


def turned() -> list[Run]:
    """The stored runs of `TURNING`, in its order.

    Raises:
        LookupError: as `training.stored_runs`.
    """
    return take(_read().turned, TURNING, STORE)


def disturbed() -> list[Disturbed]:
    """What is stored of `DISTURBING`, in its order.

    Raises:
        LookupError: as `training.stored_runs`.
    """
    return take(_read().disturbed, DISTURBING, STORE)


def surveys() -> dict[Config, list[Look]]:
    """The stored looks of each configuration of `SURVEYS`.

    Raises:
        LookupError: as `training.stored_runs`.
    """
    return dict(zip(SURVEYS, take(_read().surveys, SURVEYS, STORE), strict=True))


class _Stored(NamedTuple):
    """What the file holds, by configuration."""

    turned: dict[Arm, Run]
    disturbed: dict[Arm, Disturbed]
    surveys: dict[Config, list[Look]]


def _read() -> _Stored:
    if not STORE.exists():
        return _Stored({}, {}, {})
    stored = json.loads(STORE.read_text())
    runs = [from_json(entry, Arm) for entry in stored["turned"]]
    tried = [
        Disturbed(from_json(entry["run"], Arm), _number(entry["accuracy"]), _number(entry.get("left_on")))
        for entry in stored["disturbed"]
    ]
    return _Stored(
        {run.config: run for run in runs},
        {one.run.config: one for one in tried},
        {
            Config(**entry["config"]): [_look(one, np.array(stored["rates"])) for one in entry["looks"]]
            for entry in stored["surveys"]
        },
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _look(entry: dict, rates: np.ndarray) -> Look:
    lines = [
        Line(rates=rates, **{name: np.array(values, float) for name, values in line.items()}) for line in entry["lines"]
    ]
    after = entry["after"] and After(**{name: np.array(values, float) for name, values in entry["after"].items()})
    return Look(**{**entry, "lines": lines, "after": after})


def _write(found: _Stored) -> None:
    """Three digits of each number of a look: the rest is noise, and would double the file."""

    def short(values):
        if isinstance(values, list):
            return [short(value) for value in values]
        return _or_none(float(f"{values:.3g}"))

    def plain(record, *left_out):
        return {name: short(np.asarray(values).tolist()) for name, values in record.items() if name not in left_out}

    def look(one):
        lines = [plain(line._asdict(), "rates") for line in one.lines]
        return {**one._asdict(), "lines": lines, "after": one.after and plain(one.after._asdict())}

    entries = {
        "turned": map(to_json, found.turned.values()),
        "disturbed": (
            {"run": to_json(one.run), "accuracy": _or_none(one.accuracy)}
            | ({"left_on": one.left_on} if math.isfinite(one.left_on) else {})
            for one in found.disturbed.values()
        ),
        "surveys": (
            {"config": dataclasses.asdict(config), "looks": [look(one) for one in looks]}
            for config, looks in found.surveys.items()
        ),
    }
    parts = (
        f'"{name}": [\n' + ",\n".join(json.dumps(entry, allow_nan=False) for entry in listed) + "\n]"
        for name, listed in entries.items()
    )
    head = f'"made_by": "python -m bncourse.landscape", "rates": {json.dumps(RATES)}'
    unfinished = STORE.with_name(STORE.name + ".part")
    unfinished.write_text(f"{{{head}, {', '.join(parts)}}}\n")
    unfinished.replace(STORE)


def main() -> None:
    """Make what is missing, and drop what no experiment asks for."""
    from .data import load

    data, found = load(), _read()
    makers = (train, disturb, lambda config, data: survey(config, data, TARGETS, RATES))
    wanted = (TURNING, DISTURBING, SURVEYS)
    for held, configs, make in zip(found, wanted, makers, strict=True):
        for config in configs:
            if config not in held:
                held[config] = make(config, data)
                _write(found)
    kept = ({config: held[config] for config in configs} for held, configs in zip(found, wanted, strict=True))
    _write(_Stored(*kept))


if __name__ == "__main__":
    main()
