"""All that an examination measures about a model before anything is judged."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

import keras
import numpy as np
import tensorflow as tf

from .data import Progress, batches, is_arrays, sizes
from .watch import (
    Moments,
    Trace,
    answers,
    as_numbers,
    eagerly,
    is_norm,
    measure,
    parts,
    trace,
    weights_of,
)

#: What a run shows that did not take place.
NOTHING = Trace([], [], {}, None)
#: On at most so many images the model is run again: in inference where there are labels, and without dropout.
FEW = 128
#: Images in a batch, unless somebody knows better: fewer take longer, more take memory. Of small sets a quarter, since
#: the scatter of batches tells how much they can be trusted.
BATCH, SMALLEST = 64, 8
#: Outputs that differ by less than this share of the largest are the same, but for rounding.
SAME = 1e-3


@dataclass(frozen=True)
class Observed:
    """Statistics of one layer's inputs while the model runs as in training.

    Args:
        mean, variance: (C,), those of a batch, averaged over batches; where a batch has fewer than eight values, those
            of all.
        between: (C,), the variance of the batches' means.
        scatter: (C,), the variance of the batches' variances; both are zeros for a single batch.
        batches: how many.
        images: how many.
        batch: images in a batch.
        positions: values of a channel in a batch.
        frozen: whether the layer took its moving statistics all the same.
        noisy, quiet: `Moments` on a few batches with dropout and without; None where the model has none.
    """

    mean: np.ndarray
    variance: np.ndarray
    between: np.ndarray
    scatter: np.ndarray
    batches: int
    images: int
    batch: int
    positions: int
    frozen: bool
    noisy: Moments | None = None
    quiet: Moments | None = None


@dataclass
class Patient:
    """A model, what is inside, and what was seen of it while it ran.

    Args:
        layers: (name, layer) of all layers inside.
        norms: {name: batch normalization}, those that have been built.
        trace: how its layers are connected, as one run shows.
        observed: {name: Observed}; empty without images.
        dependence: the change of an image's outputs with its companions, {"model(x)": ..., "predict": ...}, as a share
            of the largest output; None where nothing was compared.
        batch_size: the number of images in a batch, if somebody has named one.
        accuracy: the share of right answers by the moving and by the batch's statistics, if there are labels.
    """

    model: keras.Model
    layers: list[tuple[str, keras.layers.Layer]]
    norms: dict[str, keras.layers.Layer]
    trace: Trace = NOTHING
    observed: dict[str, Observed] = field(default_factory=dict)
    dependence: dict[str, float] | None = None
    batch_size: int | None = None
    accuracy: tuple[float, float] | None = None
    images: int = 0
    largest_batch: int = 0
    skipped: list[str] = field(default_factory=list)

    @cached_property
    def spoiled(self) -> bool:
        """Whether a weight is NaN, infinite, or a negative variance: then activations tell nothing more."""
        numbers = (as_numbers(weight) for _, layer in self.layers for weight in weights_of(layer))
        negative = ((as_numbers(norm.moving_variance) < 0).any() for norm in self.norms.values())
        return not all(np.isfinite(n).all() for n in numbers) or any(negative)

    @property
    def name_of(self) -> dict[int, str]:
        """{id of a layer: its name}."""
        return {id(layer): name for name, layer in self.layers}


def admit(model, images, labels, batch_size: int | None) -> Patient:
    """Run the model on the images, or look at its graph where there are none, and note what is seen.

    Raises:
        TypeError: if it is no Keras model.
        ValueError: if it has not been built, or can't be run on the images.
    """
    if not isinstance(model, keras.layers.Layer):
        raise TypeError(f"expected a Keras model, received {type(model).__name__}")
    if not model.built:
        raise ValueError("expected a model that has been built, received one without weights: call it once on a batch")
    layers = parts(model)
    norms = {name: layer for name, layer in layers if is_norm(layer) and layer.built}
    patient = Patient(model, layers, norms, batch_size=batch_size)
    if not norms:
        return patient
    if images is None:
        _glance(patient)
    else:
        with eagerly():
            _observe(patient, images, labels)
    return patient


def _glance(patient: Patient) -> None:
    """How the layers are connected, from the model's graph: nothing is computed."""
    model = patient.model
    try:
        inputs = _inputs(model)
        patient.trace = trace(model, lambda: tf.function(model.__call__).get_concrete_function(inputs))
    except Exception:  # whatever a stranger's model raises where it is not given what it was made for
        patient.skipped.append("how the layers are connected: without images, this model does not tell")
    patient.skipped.append("what only images show (stale, frozen, low-variance, constant channels): none were given")


def _inputs(model):
    """What a model takes, as a nest of `tf.TensorSpec`."""
    if getattr(model, "inputs", None):
        nest = getattr(model, "_inputs_struct", None)
        nest = model.inputs if nest is None else nest
        nest = nest[0] if isinstance(nest, list | tuple) and len(nest) == 1 else nest
        return keras.tree.map_structure(lambda x: tf.TensorSpec(x.shape, x.dtype), nest)
    return tf.TensorSpec(model.get_build_config()["input_shape"], "float32")


def _observe(patient: Patient, images, labels) -> None:
    total = max(sizes(images)) if is_arrays(images) and keras.tree.flatten(images)[0].ndim else None
    size = patient.batch_size or (BATCH if total is None else min(BATCH, max(SMALLEST, total // 4)))
    progress, seen, pairs, frozen, tried = Progress(total), {}, {}, set(), []
    noisy = any(_drops(layer) for _, layer in patient.layers)
    few = min(FEW, total or FEW) // (2 if noisy else 1)  # dropout takes one run more
    for number, (x, y) in enumerate(batches(images, labels, size)):
        if number == 0:
            _first(patient, x)
        outputs, moments, kept = _measured(patient, x, training=True)
        frozen |= kept
        for key, calls in moments.items():
            seen.setdefault(key, []).append((calls, max(sizes(x))))
        if number == 0 or patient.images + max(sizes(x)) <= few:
            calm = outputs
            if noisy:
                calm, quiet, _ = _measured(patient, x, training=False)
                for key in moments.keys() & quiet.keys():
                    pairs.setdefault(key, []).append((moments[key], quiet[key]))
            if y is not None:
                tried.append((_answers(patient, x, training=False), calm, y))
        patient.images += max(sizes(x))
        patient.largest_batch = max(patient.largest_batch, max(sizes(x)))
        progress.add(max(sizes(x)))
    progress.close()
    if patient.images == 0:
        raise ValueError("expected at least one image, received none")
    patient.accuracy = _accuracy(tried)
    for name, norm in patient.norms.items():
        if id(norm) in seen:
            patient.observed[name] = _observed(seen[id(norm)], pairs.get(id(norm)), id(norm) in frozen)
        else:
            patient.skipped.append(f"{name}: it was not run, or only inside another layer's graph")


def _accuracy(tried) -> tuple[float, float] | None:
    """The share of right answers in inference and with the batch's statistics."""
    right, counted = np.zeros(2), 0
    for own, calm, y in tried:
        both = [answered(outputs, y) for outputs in (own, calm)]
        if None in both:
            return None
        right, counted = right + both, counted + len(y)
    return tuple((right / counted).tolist()) if counted else None


def _traced(patient, x) -> Trace:
    with _refusing(x):
        return trace(patient.model, lambda: patient.model(x))


def _answers(patient, x, *, training):
    with _refusing(x):
        return answers(patient.model, x, training)


def _measured(patient, x, *, training):
    with _refusing(x):
        return measure(patient.model, list(patient.norms.values()), x, training=training)


@contextmanager
def _refusing(x):
    """Turns what a model raises on images into one sentence."""
    try:
        yield
    except Exception as error:  # whatever a stranger's model raises
        shapes, reason = keras.tree.map_structure(np.shape, x), str(error).strip()[:300]
        raise ValueError(f"expected images that the model can be run on, received shape {shapes}: {reason}") from error


def _drops(layer) -> bool:
    """Whether a layer is dropout of some kind."""
    return "Dropout" in type(layer).__name__ and getattr(layer, "rate", 0) > 0


def _observed(seen, pairs, frozen) -> Observed:
    calls = [call for calls, _ in seen for call in calls]
    means, variances = np.array([c.mean for c in calls]), np.array([c.variance for c in calls])
    batch = max(size for _, size in seen)
    middle = lambda moments: Moments(*(np.mean([m[i] for m in moments], axis=0) for i in (0, 1)), 0)  # noqa: E731
    sides = [middle([m for pair in pairs for m in pair[i]]) for i in (0, 1)] if pairs else [None, None]
    images, between = sum(size for _, size in seen), means.var(axis=0)
    return Observed(
        mean=means.mean(axis=0),
        variance=variances.mean(axis=0) + (between if calls[0].positions < 8 else 0),
        between=between,
        scatter=variances.var(axis=0),
        batches=len(seen),
        images=images,
        batch=batch,
        positions=calls[0].positions,
        frozen=frozen,
        noisy=sides[0],
        quiet=sides[1],
    )


def _first(patient: Patient, x) -> None:
    """What one image shows: how layers are connected, and whether its companions matter."""
    one = keras.tree.map_structure(lambda part: part[:1], x)
    two = keras.tree.map_structure(lambda part: np.concatenate([part[:1], part[-1:] if len(part) > 1 else 0 * part]), x)
    try:
        patient.trace = _traced(patient, one)
    except ValueError:  # images that don't fit, or a model of whole batches alone, like a stateful one
        patient.trace = _traced(patient, x)
        patient.skipped.append("whether an image's companions matter: the model takes no image alone")
        return
    # The outputs of the trace are no substitute: training=False switches dropout off that was called with True.
    changes = {"predict": _distance(*(_answers(patient, x, training=False) for x in (one, two)))}
    if any(call.training for call in patient.trace.calls):
        changes["model(x)"] = _distance(patient.trace.outputs, _answers(patient, two, training=None))
    if max(changes.values()) > SAME and _is_random(patient.model, one):
        patient.skipped.append("whether an image's companions matter: the outputs are random")
        return
    patient.dependence = changes


def _is_random(model, x) -> bool:
    """Whether a second run in inference gives something else than the first."""
    return _distance(*(answers(model, x, training=False) for _ in range(2))) > SAME


def _arrays(outputs) -> list[np.ndarray]:
    return [np.asarray(part, np.float32) for part in keras.tree.flatten(outputs) if part is not None]


def _distance(one, among) -> float:
    """How much the outputs for the first image differ, as a share of the largest output."""
    worst = 0.0
    for a, b in zip(_arrays(one), _arrays(among), strict=True):
        if a.ndim and b.ndim == a.ndim and a.shape[1:] == b.shape[1:] and len(a) and len(b):
            scale = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0), 1e-12)
            with np.errstate(invalid="ignore"):
                worst = max(worst, float(np.abs(a[0] - b[0]).max(initial=0) / scale))
    return worst


def answered(outputs, labels) -> float | None:
    """How many answers are right; None where outputs and labels don't tell."""
    parts = _arrays(outputs)
    labels = np.asarray(labels)
    if len(parts) != 1 or parts[0].ndim != 2 or len(parts[0]) != len(labels) or labels.dtype.kind not in "iuf":
        return None
    scores = parts[0]
    if scores.shape[1] == 1:
        return None
    wanted = labels.argmax(axis=1) if labels.shape == scores.shape else labels.reshape(-1)
    return float((scores.argmax(axis=1) == wanted).sum()) if wanted.shape == (len(scores),) else None
