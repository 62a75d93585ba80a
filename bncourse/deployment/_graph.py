"""Which layer calls a Keras model consists of, nested models opened."""

import functools
import inspect
from dataclasses import dataclass, field

import keras


@dataclass(eq=False)
class Value:
    """A tensor of the graph: where it comes from, where it goes, and whether the model returns it.

    `shape` is (batch, ...), with None for lengths that are not known.
    """

    shape: tuple
    dtype: str
    origin: "Call | None" = None
    uses: list["Call"] = field(default_factory=list)
    returned: bool = False


@dataclass(eq=False)
class Call:
    """One call of one layer (or operation).

    `name` is that of the layer, behind those of the models around it, as in "encoder/norm_1". `training` is what the
    model's author fixed, None where that is left open.
    """

    name: str
    layer: object
    inputs: list[Value]
    training: bool | None
    outputs: list[Value] = field(default_factory=list)


def is_graph(layer) -> bool:
    """Whether a layer is a model whose calls can be read: a built Sequential or functional one."""
    return _functional(layer) is not None


def _functional(layer):
    """The functional model that runs when a model is called; None where that can't be known."""
    if isinstance(layer, keras.Sequential) and type(layer).call is keras.Sequential.call:
        return layer._functional
    # A subclass of a functional model may have a `call` of its own, which need not follow the graph.
    return layer if getattr(type(layer), "call", None) is _functional_call() else None


@functools.cache
def _functional_call():
    """The `call` of functional models, whose class Keras does not export."""
    tensor = keras.Input((1,))
    return type(keras.Model(tensor, keras.layers.Identity()(tensor))).call


def calls(model) -> list[Call]:
    """All calls of layers when `model` is called once, in an order in which they can be made."""
    graph = _functional(model)
    found = []
    inputs = [Value(tuple(tensor.shape), tensor.dtype) for tensor in graph.inputs]
    for value in _run(graph, inputs, None, "", found):
        value.returned = True
    for call in found:
        for value in call.inputs:
            value.uses.append(call)
    return found


def _run(graph, inputs: list[Value], training, path: str, found: list[Call]) -> list[Value]:
    """Follow the graph from values of its inputs to those of its outputs; its calls are added to `found`."""
    values = dict(zip(map(id, graph.inputs), inputs, strict=True))
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        for node in graph._nodes_by_depth[depth]:
            if node.is_input or any(id(tensor) not in values for tensor in node.input_tensors):
                continue
            layer, arguments = node.operation, [values[id(tensor)] for tensor in node.arguments.keras_tensors]
            name, fixed = path + layer.name, _training(node)
            fixed = training if fixed is None else fixed
            if is_graph(layer) and len(_functional(layer).inputs) == len(arguments):
                results = _run(_functional(layer), arguments, fixed, f"{name}/", found)
            else:
                call = Call(name, layer, arguments, fixed)
                call.outputs = [Value(tuple(tensor.shape), tensor.dtype, call) for tensor in node.outputs]
                found.append(call)
                results = call.outputs
            values |= zip(map(id, node.outputs), results, strict=True)
    return [values[id(tensor)] for tensor in graph.outputs]


def _training(node) -> bool | None:
    """The argument `training` that a call was written with."""
    arguments = node.arguments
    try:
        bound = inspect.signature(node.operation.call).bind(*arguments.args, **arguments.kwargs)
    except (TypeError, ValueError):
        return arguments.kwargs.get("training")
    return bound.arguments.get("training")
