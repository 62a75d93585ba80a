"""Why batch normalization helps: instruments for the loss around a network's weights, and the stored experiments.

`python -m bncourse.landscape` makes what is not stored yet of `EXPERIMENTS` and `SURVEYS`; `runs` and `surveys` read.
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

from ._check import require_choice
from .arms import Arm
from .shift import LEVELS, gradient_shift
from .training import Config, Run, batch_indices, cross_entropy, from_json, sgd_step, take, to_json, train, unchanged

STORE = Path(__file__).parent / "assets" / "runs" / "landscape.json"

#: Learning rates at which a line along the gradient is measured, and those of the steps whose shift is measured.
RATES = tuple(float(f"{rate:.2g}") for rate in np.geomspace(0.01, 10, 10))
STEPS = (0.01, 0.1, 0.3, 1.0)
#: Losses, in nats, at which a survey looks around, and the number of batches it looks at.
TARGETS = (1.0,)
BATCHES = 2

#: The networks of `speedup`, with and without batch norm at the best rates of its race, and at one rate; and those of
#: `shift`, at one rate.
DISTURBED = Arm(steps=400, evaluate_every=400, loss_every=50)
TURNED = Arm(steps=300, evaluate_every=300, loss_every=50)
SEEDS = range(5, 8)
EXPERIMENTS = {
    "disturbance": [
        DISTURBED.replace(norm=norm, learning_rate=rate, disturbance=strength, fixed=fixed, seed=seed)
        for norm, rate in (("none", 0.02), ("none", 0.05), ("batch", 0.05), ("batch", 0.3))
        for strength, fixed in ((0.0, False), (0.5, False), (0.5, True))
        for seed in SEEDS
    ],
    "length": [
        TURNED.replace(norm=norm, length=length, learning_rate=rate, seed=seed)
        for norm, length, rates in (
            ("none", "free", (0.05, 0.1)),
            ("none", "learned", (0.05, 0.1)),
            ("none", "held", (0.05, 0.1, 0.3)),
            ("batch", "free", (1.0, 3.0)),
            ("batch", "held", (1.0, 3.0)),
        )
        for rate in rates
        for seed in SEEDS
    ],
}
SURVEYS = {
    "convolution": [
        Config(norm=norm, learning_rate=rate, steps=steps, evaluate_every=5, seed=seed)
        for norm, rate, steps in (("none", 0.05, 1500), ("batch", 0.05, 1500), ("batch", 0.3, 600))
        for seed in SEEDS
    ],
    "flatten": [
        Config(model="cnn_flatten", norm=norm, steps=600, evaluate_every=5, seed=seed)
        for norm in ("none", "batch")
        for seed in SEEDS
    ],
}


# --- the loss around the weights ---


class Line(NamedTuple):
    """Loss and gradient along the gradient g of one batch, at the weights w and at K points w - rate * g.

    `loss` and `norm`, both (): the loss at w, in nats, and |g|.
    `rates` (K,): how far along.
    `losses` (K,): the loss there.
    `distance` (K,): |g' - g| / |g| for the gradient g' there, 0 if it is the same one.
    `cosine` (K,): of the angle between g' and g.
    """

    loss: np.ndarray
    norm: np.ndarray
    rates: np.ndarray
    losses: np.ndarray
    distance: np.ndarray
    cosine: np.ndarray


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
            found.append((float(there), *_compare(seen, flat(later))))
    for weight, value in zip(weights, before, strict=True):
        weight.assign(value)
    losses, distance, cosine = np.array(found).reshape(-1, 3).T
    return Line(np.array(float(loss)), np.linalg.norm(seen), rates, losses, distance, cosine)


def _compare(seen: np.ndarray, later: np.ndarray) -> tuple[float, float]:
    """How far a later gradient is from the first, in lengths of the first, and the cosine of the two."""
    size, later_size = np.linalg.norm(seen), np.linalg.norm(later)
    if not 0 < size * later_size < np.inf:
        return math.nan, math.nan
    return np.linalg.norm(later - seen) / size, seen @ later / (size * later_size)


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


class Look(NamedTuple):
    """What was measured around the weights of one network when its loss first fell to `target`.

    `target`, `step`, `loss`: what `visit` tells.
    `lines`: one `Line` for each of the next batches.
    `drift` (rates, places, layers): what `step_drift` says of the next batch and the rates `STEPS`.
    `gradient` (rates, layers): the gradient-based shift of the same steps, as `shift.gradient_shift` defines it.
    """

    target: float
    step: int
    loss: float
    lines: list[Line]
    drift: np.ndarray
    gradient: np.ndarray


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

    def watch(step, model):
        with unchanged(model):
            loss = float(cross_entropy(labels, model(images, training=True)))
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
    upcoming = batch_indices(len(data.train_images), config.batch_size, config.steps + BATCHES, config.seed)
    looks = []

    def look(target, step, loss, model):
        batches = [(data.train_images[i], data.train_labels[i]) for i in upcoming[step : step + BATCHES]]
        lines = [along_gradient(model, *batch, rates) for batch in batches]
        drift, gradient = zip(
            *((step_drift(model, *batches[0], r), gradient_shift(model, *batches[0], r).distance) for r in STEPS),
            strict=True,
        )
        looks.append(Look(target, step, loss, lines, np.array(drift), np.array(gradient)))

    visit(config, data, targets, look)
    return looks


# --- what is stored ---


def runs(name: str) -> list[Run]:
    """The stored runs of one of `EXPERIMENTS`, in its order.

    Raises:
        ValueError: if there is no trial of that name.
        LookupError: as `training.stored_runs`.
    """
    require_choice(name, EXPERIMENTS, "name")
    return take({run.config: run for run in _read()[0]}, EXPERIMENTS[name], STORE)


def surveys(name: str) -> dict[Config, list[Look]]:
    """The stored looks of one of `SURVEYS`, for each of its configurations.

    Raises:
        ValueError: if there is no survey of that name.
        LookupError: as `training.stored_runs`.
    """
    require_choice(name, SURVEYS, "name")
    return dict(zip(SURVEYS[name], take(_read()[1], SURVEYS[name], STORE), strict=True))


def _read() -> tuple[list[Run], dict[Config, list[Look]]]:
    if not STORE.exists():
        return [], {}
    stored = json.loads(STORE.read_text())
    return [from_json(entry, Arm) for entry in stored["runs"]], {
        Config(**entry["config"]): [_look(one) for one in entry["looks"]] for entry in stored["surveys"]
    }


def _look(entry: dict) -> Look:
    lines = [Line(*(np.array(line[name], float) for name in Line._fields)) for line in entry["lines"]]
    arrays = {name: np.array(entry[name], float) for name in ("drift", "gradient")}
    return Look(**{**entry, "lines": lines, **arrays})


def _write(runs: Iterable[Run], found: dict[Config, list[Look]]) -> None:
    """Four digits of each number of a look: the rest is noise, and would double the file."""

    def short(values):
        if isinstance(values, list):
            return [short(value) for value in values]
        return float(f"{values:.4g}") if math.isfinite(values) else None

    def plain(look):
        lines = [
            {name: short(np.asarray(values).tolist()) for name, values in line._asdict().items()} for line in look.lines
        ]
        return {
            **look._asdict(),
            "lines": lines,
            "drift": short(look.drift.tolist()),
            "gradient": short(look.gradient.tolist()),
        }

    looks = [
        {"config": dataclasses.asdict(config), "looks": [plain(look) for look in seen]}
        for config, seen in found.items()
    ]
    runs, looks = (
        ",\n".join(json.dumps(entry, allow_nan=False) for entry in part) for part in (map(to_json, runs), looks)
    )
    STORE.write_text(f'{{"made_by": "python -m bncourse.landscape", "runs": [\n{runs}\n], "surveys": [\n{looks}\n]}}\n')


def main() -> None:
    """Make what is missing, and drop what no experiment asks for."""
    from .data import load

    data = load()
    runs, found = _read()
    held = {run.config: run for run in runs}
    wanted, looked = (list(dict.fromkeys(itertools.chain(*table.values()))) for table in (EXPERIMENTS, SURVEYS))
    for config in wanted:
        if config not in held:
            held[config] = train(config, data)
            _write(held.values(), found)
    for config in looked:
        if config not in found:
            found[config] = survey(config, data, TARGETS, RATES)
            _write(held.values(), found)
    _write([held[config] for config in wanted], {config: found[config] for config in looked})


if __name__ == "__main__":
    main()
