"""Watching a model run: which layers are batch normalizations, what reaches them, and in which mode they are called.

While it is watched, the `call` of each layer is replaced by one that takes notes. Nothing else is touched: the model
runs inside a `keras.StatelessScope`, which keeps what a layer assigns to its variables away from them, so weights,
moving statistics and the states of random generators stay as they are even where the run ends in an error.
"""

import inspect
from collections import Counter
from contextlib import contextmanager
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from ..layer import BatchNorm, moments


class Call(NamedTuple):
    """One call of a batch normalization.

    Args:
        layer: the layer.
        feeder: the layer whose output it was given as it is; None for a model's input or what no layer has made.
        alone: whether nothing else was given that output.
        passed: the layers between that handed it on as it is, as dropout does at inference.
        training: whether it took the statistics of its inputs, as in training.
        shape: of what it was given.
    """

    layer: keras.layers.Layer
    feeder: keras.layers.Layer | None
    alone: bool
    passed: tuple[keras.layers.Layer, ...]
    training: bool
    shape: tuple[int, ...]


class Moments(NamedTuple):
    """Statistics of one call's inputs: mean and variance (C,), and over how many positions."""

    mean: np.ndarray
    variance: np.ndarray
    positions: int


def parts(model: keras.Model) -> list[tuple[str, keras.layers.Layer]]:
    """All layers inside a model, nested ones too, each once, with their names and those of what they are in."""
    found, seen, taken = [], set(), Counter()

    def collect(owner, prefix):
        for layer in owner._layers:
            if id(layer) not in seen:
                seen.add(id(layer))
                name = f"{prefix}{layer.name}"
                taken[name] += 1
                name += f"#{taken[name]}" if taken[name] > 1 else ""
                found.append((name, layer))
                collect(layer, f"{name}/")

    collect(model, "")
    if is_norm(model):
        found.append((model.name, model))
    return found


def is_norm(layer) -> bool:
    """Whether a layer is a batch normalization: Keras's, this course's, or one with the same two statistics."""
    kept = (getattr(layer, name, None) for name in ("moving_mean", "moving_variance"))
    known = isinstance(layer, keras.layers.BatchNormalization | BatchNorm)
    return known or all(isinstance(variable, keras.Variable) for variable in kept)


def says_training(layer) -> bool:
    """Whether a layer takes it that this is training if nobody says so, as Keras's augmentation layers do."""
    parameters = inspect.signature(type(layer).call).parameters if hasattr(type(layer), "call") else {}
    return "training" in parameters and parameters["training"].default is True


def weights_of(layer) -> list:
    """A layer's own variables, without those of layers inside it."""
    return [*layer._trainable_variables, *layer._non_trainable_variables]


def as_numbers(weight) -> np.ndarray:
    """A variable as float32; what is no float, a random state for instance, as no numbers at all."""
    floats = keras.backend.is_float_dtype(keras.backend.standardize_dtype(weight.dtype))
    return np.asarray(keras.ops.cast(weight, "float32")) if floats else np.zeros(0, np.float32)


def axis_of(norm, rank: int) -> int:
    """The axis of the channels, counted from the front, in inputs of some rank."""
    axis = getattr(norm, "axis", -1)
    return int(axis[0] if isinstance(axis, list | tuple) else axis) % rank


def moments_of(norm, x, mask=None) -> Moments:
    """Mean and variance of a layer's inputs, by the axes that the layer itself averages over."""
    x = ops.cast(x, "float32")
    axis = axis_of(norm, len(x.shape))
    averaged = [i for i in range(len(x.shape)) if i != axis]
    mean, variance, count = moments(x, averaged, mask)
    return Moments(np.asarray(mean, np.float64), np.asarray(variance, np.float64), int(np.max(count)))


@contextmanager
def replaced(layers, wrap):
    """Each layer's `call` replaced by `wrap(layer, its call)` for a while."""
    own = [(layer, vars(layer).get("call")) for layer in layers]  # hardly any layer has one beside its class's
    try:
        for layer, _ in own:
            object.__setattr__(layer, "call", wrap(layer, layer.call))
        yield
    finally:
        for layer, call in own:
            vars(layer).pop("call", None)
            if call is not None:
                object.__setattr__(layer, "call", call)


@contextmanager
def untouched(model):
    """What the model assigns to variables inside does not reach them, Keras's or TensorFlow's own."""
    owners = [model, *(layer for _, layer in parts(model))]
    own = [v for owner in owners for v in vars(owner).values() if isinstance(v, tf.Variable)]
    before = [v.numpy() for v in own]
    try:
        with keras.StatelessScope() as scope:
            yield scope
    finally:
        for variable, value in zip(own, before, strict=True):
            variable.assign(value)


@contextmanager
def eagerly():
    """Inside, what is decorated with `tf.function` runs as plain Python, so that the layers in it are seen."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


class Trace(NamedTuple):
    """One run: the calls of batch normalizations, all layers in their order, who fed whom, and the outputs.

    `before` is {id(layer): the layer that made its first input, or probably did}.
    """

    calls: list[Call]
    order: list[keras.layers.Layer]
    before: dict[int, keras.layers.Layer]
    outputs: object


def trace(model, run) -> Trace:
    """What is seen while `run()` calls the model."""
    makers, before, users, passed, calls, order, kept = {}, {}, Counter(), {}, [], [], []

    def source_of(tensor):
        """Who made it; of what a function has made, like `tf.nn.relu`, whoever made the last tensor of its shape."""
        known = (t for t in reversed(kept) if id(t) in makers and t.shape == tensor.shape)
        return makers.get(id(tensor)) or next((makers[id(t)] for t in known), None)

    def wrap(layer, call):
        inner = not getattr(layer, "_layers", ()) or is_norm(layer)

        def watched(*args, **kwargs):
            given, made = tensors((args, kwargs)), call(*args, **kwargs)
            new = {id(t) for t in tensors(made)} - set(map(id, given))
            if is_norm(layer) and given:
                calls.append((layer, id(given[0]), tuple(given[0].shape)))
            if inner:
                order.append(layer)
                source = source_of(given[0]) if given else None
                if source is not None:
                    before[id(layer)] = source
            kept.extend([*given, *tensors(made)])
            for source in new:  # what is made inside a layer has its maker there, but for what no layer in it made
                makers.setdefault(source, layer)
            if inner:
                for source in set(map(id, given)):
                    if new or not tensors(made):
                        users[source] += 1
                    else:
                        passed.setdefault(source, []).append(layer)
            return made

        return watched

    with replaced(_runnable(model), wrap), untouched(model) as scope:
        outputs = run()
    found = [
        Call(layer, makers.get(source), users[source] == 1, tuple(passed.get(source, ())), moved(scope, layer), shape)
        for layer, source, shape in calls
    ]
    return Trace(found, order, before, outputs)


def tensors(nest) -> list:
    """The tensors in a nest of arguments or results."""
    return [t for t in keras.tree.flatten(nest) if tf.is_tensor(t)]


def _runnable(model) -> list:
    """All layers, and the operations between them that are none."""
    found = {id(layer): layer for _, layer in parts(model)}
    for owner in [model, *found.values()]:
        found.update({id(op): op for op in getattr(owner, "operations", [])})
    found.pop(id(model), None)
    return [op for op in found.values() if not isinstance(op, keras.layers.InputLayer)]


def moved(scope: keras.StatelessScope, norm) -> bool:
    """Whether a batch normalization has moved its statistics, which it does when it takes those of its inputs."""
    return scope.get_current_value(norm.moving_mean) is not None


def answers(model, x, training: bool | None):
    """The outputs of one run."""
    with untouched(model):
        return model(x, training=training)


def measure(model, norms, x, *, training: bool):
    """One run, with the statistics of each batch normalization's inputs.

    training: what the model is told; batch normalizations that are not frozen take the statistics of the batch in any
    case.

    Returns:
        the outputs, {id(layer): [Moments of each call]}, and the ids of those that took their moving statistics.
    """
    seen = {}

    def wrap(norm, call):
        def watched(inputs, *args, **kwargs):
            if "training" in kwargs:
                kwargs["training"] = kwargs["training"] or not training
            if isinstance(inputs, tf.__internal__.EagerTensor):
                seen.setdefault(id(norm), []).append(moments_of(norm, inputs, kwargs.get("mask")))
            return call(inputs, *args, **kwargs)

        return watched

    with replaced(norms, wrap), untouched(model) as scope:
        outputs = model(x, training=training)
    return outputs, seen, {id(norm) for norm in norms if id(norm) in seen and not moved(scope, norm)}
