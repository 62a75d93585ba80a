"""A Keras model with its batch norms folded: a copy, with the layers and names that are left."""

import keras

from ._graph import is_graph
from .planning import Plan, plan


def fold_model(model) -> keras.Model:
    """A copy of a model for inference, with every batch norm folded that can be; prints which stay, and why.

    The copy gives the outputs that `model` gives in inference, up to rounding. Layers keep their names, their dtypes
    and their places in nested models; `plan` tells beforehand what is folded. Fold when training is over: the copy has
    nothing left that would normalize a batch.

    Args:
        model: a built Sequential or functional `keras.Model`; it is not changed.

    Returns:
        A new, built `keras.Model`.

    Raises:
        TypeError, ValueError: as `plan`.

    Source:
        Jacob et al. (2018), https://arxiv.org/abs/1712.05877, Section 3.2.

    >>> dense, norm = keras.layers.Dense(3, use_bias=False, name="dense"), keras.layers.BatchNormalization(name="norm")
    >>> folded = fold_model(keras.Sequential([keras.Input((4,)), dense, norm, keras.layers.ReLU(name="relu")]))
    >>> [layer.name for layer in folded.layers], folded.layers[0].use_bias
    (['dense', 'relu'], True)
    """
    planned = plan(model)
    copier = _Copier(planned)
    copy = copier.model(model)
    copier.set_weights()
    if planned.left:
        print(f"{len(planned.folded)} batch norms folded, {len(planned.left)} left:")
        for name, reason in planned.left.items():
            print(f"- {name}: {reason}.")
    return copy


class _Copier:
    """Copies layers once each, however often they are used, with the weights that a plan gives them."""

    def __init__(self, planned: Plan):
        self.plan = planned
        self.copies = {}  # {layer: its copy; of one that is folded None, or what stands in its place}

    def model(self, model) -> keras.Model:
        """A copy of a model whose graph can be read; its weights are set when all is built."""
        layers = _without_inputs(model)
        if self.plan.gone.issuperset(layers):  # Keras makes no model that returns nothing but its inputs
            self.copies |= {layer: keras.layers.Identity(name=layer.name, dtype=layer.dtype_policy) for layer in layers}
        if isinstance(model, keras.Sequential):
            copy = self._sequential(model)
        else:
            inputs = keras.tree.map_structure(_same_input, model.input)
            copy = keras.models.clone_model(
                model, input_tensors=inputs, clone_function=self._layer, call_function=_call
            )
        if not model.trainable:  # True would reach every layer, those that are frozen, too
            copy.trainable = False
        return copy

    def set_weights(self) -> None:
        """Give every copied layer its weights."""
        for layer, copy in self.copies.items():
            if layer not in self.plan.gone and not is_graph(layer) and isinstance(layer, keras.layers.Layer):
                self._set_weights(layer, copy)

    def _sequential(self, model) -> keras.Sequential:
        kept = [copy for copy in map(self._layer, model.layers) if copy is not None]
        return keras.Sequential([_same_input(model.inputs[0]), *kept], name=model.name)

    def _layer(self, layer):
        if layer not in self.copies:
            self.copies[layer] = None if layer in self.plan.gone else self._copied(layer)
        return self.copies[layer]

    def _copied(self, layer):
        if is_graph(layer):
            return self.model(layer)
        config = layer.get_config()
        if layer in self.plan.weights:
            config["use_bias"] = True
        return type(layer).from_config(config)

    def _set_weights(self, layer, copy) -> None:
        if layer in self.plan.weights:
            copy.set_weights(self.plan.weights[layer])
            return
        # By the layers' own way of storing themselves, since some keep more than their weights.
        for one, other in zip(layer._flatten_layers(), copy._flatten_layers(), strict=True):
            store = {}
            one.save_own_variables(store)
            other.load_own_variables(store)


def _without_inputs(model) -> list:
    return [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]


def _same_input(tensor):
    """An input like a model's, under the name of its layer, which is not always the tensor's."""
    layer = tensor._keras_history.operation
    return keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=layer.name, optional=layer.optional)


def _call(layer, *args, **kwargs):
    """What stands in the graph for one call: where the layer is folded, its input."""
    inputs = args[0] if args else kwargs["inputs"]
    if layer is None:
        return inputs
    # What stands in a batch norm's place takes no mask and no `training`.
    return layer(inputs) if type(layer) is keras.layers.Identity else layer(*args, **kwargs)
