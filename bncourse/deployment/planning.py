"""Which batch norms of a Keras model can be folded, into which layers, and why the others stay."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import keras
import numpy as np

from ..layer import BatchNorm
from ._graph import Call, Value, calls, is_graph
from ._linear import channel_axis, is_activated, is_linear, scale_inputs, scale_outputs, sees_zeros, weights
from ._passing import carried, split
from .formulas import Affine, affine

PACKAGE = __name__.partition(".")[0]


@dataclass(frozen=True)
class Plan:
    """What `fold_model` does to a model.

    Attributes:
        folded: {name of a batch norm: names of the layers that take it in}.
        left: {name of a batch norm: why it stays}, a sentence without its period.
        weights: {layer of the model: its new arrays, the bias last}.
        gone: the batch norm layers that are folded.

    A layer inside a nested model is named with it: "encoder/norm_1".
    """

    folded: dict[str, tuple[str, ...]] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    weights: dict = field(default_factory=dict)
    gone: set = field(default_factory=set)


class _StaysError(Exception):
    """A batch norm that can't be folded in one direction; its text says why."""


def plan(model) -> Plan:
    """What can be folded in a model, and what has to stay.

    A batch norm goes into the layer behind which it stands (first choice) or in front of which it stands, if every call
    of both belongs to such a pair. It may be separated from it by what hands on a scale and a shift per channel:
    dropout in inference, pooling, cropping, flattening, another batch norm that is folded. Behind a concatenation it is
    split among the layers that are concatenated.

    The course's own subclasses of `BatchNorm` are batch norms in inference. Any other subclass, or layer with a moving
    mean and a moving variance, may compute something else: it is left, and named.

    Args:
        model: a built Sequential or functional `keras.Model`; nested ones are opened. It is not changed.

    Returns:
        Plan.

    Raises:
        TypeError: if `model` is no Keras model.
        ValueError: if its calls can't be read: a subclassed model, or one that is not built.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="a"), BatchNorm(name="b")])
    >>> plan(model).folded
    {'b': ('a',)}
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"expected a Keras model, received {type(model).__name__}")
    if not is_graph(model):
        raise ValueError(
            f"expected a built Sequential or functional model, received {model.name!r}, a {type(model).__name__} "
            f"whose layers are called by code that can't be read"
        )
    return _Planner(calls(model)).plan


class _Planner:
    """Folds one batch norm after the other until none is left that can be."""

    def __init__(self, found: list[Call]):
        self.calls = {}  # {layer: its calls}
        for call in found:
            self.calls.setdefault(call.layer, []).append(call)
        self.plan = Plan()
        waiting = [layer for layer in self.calls if is_batch_norm(layer)]
        while waiting:
            still = [layer for layer in waiting if not self._fold(layer)]
            if len(still) == len(waiting):
                break
            waiting = still  # what is gone may have stood in the way
        for layer in self.calls:
            if _resembles_one(layer):
                self.plan.left[self._name(layer)] = f"it is a {type(layer).__name__}, which may compute something else"
            elif not is_batch_norm(layer):
                self._leave_inner(layer)

    def _leave_inner(self, layer) -> None:
        """Note the batch norms inside a layer that is no graph."""
        for inner in getattr(layer, "_flatten_layers", lambda **_: ())(include_self=False):
            if is_batch_norm(inner) or _resembles_one(inner):
                name = f"{self._name(layer)}/{inner.name}"
                self.plan.left[name] = f"it is called by the code of a {type(layer).__name__}, which can't be read"

    def _name(self, layer) -> str:
        return self.calls[layer][0].name

    def _fold(self, norm) -> bool:
        """Fold a batch norm, or note why it stays."""
        name = self._name(norm)
        reasons = []
        for find, change in ((self._behind, scale_outputs), (self._in_front, scale_inputs)):
            try:
                targets = self._targets(find(norm), norm)
            except _StaysError as reason:
                reasons.append(str(reason))
                continue
            for layer, vector in targets.items():
                self.plan.weights[layer] = change(layer, self.plan.weights.get(layer, weights(layer)), vector)
            self.plan.gone.add(norm)
            self.plan.folded[name] = tuple(map(self._name, targets))
            self.plan.left.pop(name, None)
            return True
        self.plan.left[name] = "; ".join(dict.fromkeys(reasons))
        return False

    def _targets(self, ends, norm) -> dict:
        """{layer: its Affine (C,)}, if all calls of these layers are among the ends."""
        reached = {}
        for call, vector in ends:
            if call.layer.compute_dtype != norm.compute_dtype:
                dtypes = f"{norm.compute_dtype}, `{call.name}` in {call.layer.compute_dtype}"
                raise _StaysError(f"it computes in {dtypes}")
            reached.setdefault(call.layer, {})[call] = vector
        for layer, found in reached.items():
            if set(self.calls[layer]) != set(found):
                raise _StaysError(f"`{self._name(layer)}` is shared: it is also called where this one is not")
            first, *others = found.values()
            if not all(np.array_equal(first, other) for other in others):
                raise _StaysError(f"`{self._name(layer)}` is shared, and its calls would need different weights")
        return {layer: next(iter(found.values())) for layer, found in reached.items()}

    def _behind(self, norm) -> Iterator[tuple[Call, Affine]]:
        """The calls of linear layers whose outputs reach the batch norm and nothing else."""
        for call, start in self._starts(norm):
            yield from self._sources(call.inputs[0], start)

    def _sources(self, value: Value, current: Affine) -> Iterator[tuple[Call, Affine]]:
        source = value.origin
        if source is None:
            raise _StaysError("its input is an input of the model")
        if len(value.uses) > 1 or value.returned:
            raise _StaysError(f"the output of `{source.name}` is used elsewhere, too")
        if is_linear(source.layer):
            if is_activated(source.layer):
                raise _StaysError(f"`{source.name}` ends with an activation")
            yield source, _per_channel(source, value.shape, current)
            return
        parts = split(source, current) or [self._carried(source, current, forward=False)]
        for part, affine_of_part in zip(source.inputs, parts, strict=True):
            yield from self._sources(part, affine_of_part)

    def _in_front(self, norm) -> Iterator[tuple[Call, Affine]]:
        """The calls of linear layers that the batch norm's outputs reach, if they reach nothing else."""
        for call, start in self._starts(norm):
            if "float" not in call.inputs[0].dtype:
                raise _StaysError(f"it turns {call.inputs[0].dtype} into {norm.compute_dtype}, which a layer does not")
            yield from self._sinks(call.outputs[0], start, call.name)

    def _sinks(self, value: Value, current: Affine, name: str) -> Iterator[tuple[Call, Affine]]:
        if value.returned or not value.uses:
            raise _StaysError(f"the output of `{name}` is an output of the model")
        for call in value.uses:
            if not is_linear(call.layer):
                yield from self._sinks(call.outputs[0], self._carried(call, current, forward=True), call.name)
                continue
            vector = _per_channel(call, value.shape, current)
            if sees_zeros(call.layer, value.shape) and np.any(vector.shift):
                raise _StaysError(f"`{call.name}` behind it sees zeros around its inputs, where no shift was added")
            yield call, vector

    def _starts(self, norm) -> Iterator[tuple[Call, Affine]]:
        """Each call of the batch norm with its affine map, laid out along its axis."""
        for call in self.calls[norm]:
            if call.training and norm.trainable:
                raise _StaysError("it is called with training=True, and normalizes with each batch's own statistics")
            rank = len(call.inputs[0].shape)
            if norm.axis % rank == 0:
                raise _StaysError("its axis is that of the batch")
            shape = [-1 if i == norm.axis % rank else 1 for i in range(1, rank)]
            yield call, Affine(*(vector.reshape(shape) for vector in _affine(norm)))

    def _carried(self, call: Call, current: Affine, *, forward: bool) -> Affine:
        moved = current if call.layer in self.plan.gone else carried(call, current, forward=forward)
        if moved is None:
            where = "behind" if forward else "in front of"
            raise _StaysError(f"`{call.name}` ({type(call.layer).__name__}) stands {where} it")
        return moved


def is_batch_norm(layer) -> bool:
    """Whether a layer is Keras's batch normalization, or the course's in one of its forms, whose inference is one."""
    ours = isinstance(layer, BatchNorm) and type(layer).__module__.partition(".")[0] == PACKAGE
    return ours or type(layer) is keras.layers.BatchNormalization


def _resembles_one(layer) -> bool:
    """Whether a layer is a batch norm by its class or its statistics, and may yet compute something else."""
    by_class = isinstance(layer, keras.layers.BatchNormalization | BatchNorm)
    by_statistics = hasattr(layer, "moving_mean") and hasattr(layer, "moving_variance")
    return (by_class or by_statistics) and not is_batch_norm(layer)


def _affine(norm) -> Affine:
    """The layer's scale and shift (C,)."""
    mean, variance = np.asarray(norm.moving_mean), np.asarray(norm.moving_variance)
    gamma = np.asarray(norm.gamma) if norm.scale else np.ones(mean.shape)
    beta = np.asarray(norm.beta) if norm.center else np.zeros(mean.shape)
    return affine(gamma, beta, (mean, variance), epsilon=norm.epsilon)


def _per_channel(call: Call, shape: tuple, current: Affine) -> Affine:
    """The affine map as vectors over the channels of the layer, whose input or output has this `shape`."""
    axis = channel_axis(call.layer, len(shape)) - 1

    def vector(array):
        rows = np.moveaxis(array, axis, -1).reshape(-1, array.shape[axis])
        if not np.all(rows == rows[0]):
            raise _StaysError(f"its axis is not that of the channels of `{call.name}`")
        return np.broadcast_to(rows[0], shape[axis + 1 : axis + 2])

    return Affine(*map(vector, current))
