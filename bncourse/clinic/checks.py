"""From what was measured to findings: one function a code. Where a limit stands, it says what it is made of."""

import math
from collections.abc import Iterator

import keras
import numpy as np

from .cures import CALLED, LARGER, MIXED, RECALIBRATE, RESTORE, REVIVE, THAW, TOLD, TRAIN
from .patient import SAME, Patient
from .report import Finding
from .signs import (
    SIXTEEN,
    calls,
    channels_before,
    channels_of,
    constant,
    epsilon_of,
    how_it_learned,
    is_finite,
    is_initial,
    is_linear,
    learning,
    mismatch,
    momentum_of,
    overflows,
    own_learning,
    sound,
    start,
    steps_taken,
    straight_from_input,
)
from .watch import as_numbers, axis_of, says_training, weights_of

#: A layer's statistics do not fit when half of its channels are off by more than this: the mean, in standard
#: deviations, or the variance, as a logarithm of a ratio. To it come two standard errors of the images at hand.
MEAN_OFF, VARIANCE_OFF = 0.3, math.log(1.5)
#: The same where a layer is frozen: training and inference agree, and the weights have had time to adapt.
FROZEN_MEAN_OFF, FROZEN_VARIANCE_OFF = 0.7, math.log(2.5)
#: A memory shorter than two batches or longer than five thousand.
SHORTEST, LONGEST = 0.5, 0.9998
#: A variance that is small beside epsilon: the outputs have less than a third of the spread that gamma asks for.
TINY = 0.1
#: Of the channels, in a layer behind something that may die, like a ReLU.
FEW_DEAD = 0.5
#: The variance that dropout in front of a layer adds in training, as a factor of the one at inference.
DROPOUT_SHIFT, DROPOUT_SHIFT_FAR = 1.1, 2.0


def findings(patient: Patient) -> tuple[Finding, ...]:
    """Everything that is found, faults first."""
    found = [finding for check in CHECKS for finding in check(patient)]
    return tuple(sorted(found, key=lambda finding: finding.severity != "fault"))


def not_finite(patient: Patient) -> Iterator[Finding]:
    """Weights or activations that are no numbers."""
    for name, layer in patient.layers:
        for weight in weights_of(layer):
            value = as_numbers(weight)
            bad = value.size - np.isfinite(value).sum()
            if bad:
                what = f"{bad} of {value.size} values of {weight.name} are NaN or infinite."
                yield Finding("not-finite", name, "fault", what, RESTORE)
    for name, norm in patient.norms.items():
        lowest = as_numbers(norm.moving_variance).min()
        if lowest < 0:
            what = f"The smallest moving variance is {lowest:.3g}: its square root is NaN."
            yield Finding("not-finite", name, "fault", what, RESTORE)
    if patient.spoiled:
        return
    for name, seen in patient.observed.items():
        if not is_finite(seen) and not overflows(patient):
            what = "The weights are finite, and the inputs of this layer are not, on these images."
            yield Finding("not-finite", name, "fault", what, "images = images / 255  # or lower the learning rate")
            return


def half(patient: Patient) -> Iterator[Finding]:
    """Statistics kept in sixteen bits, or inputs that sixteen bits can't hold."""
    for name, norm in patient.norms.items():
        kept = keras.backend.standardize_dtype(norm.moving_variance.dtype)
        if kept in SIXTEEN:
            step = SIXTEEN[kept]
            weight = 1 - (momentum_of(norm) or 0.99)
            what = (
                f"Its weights are {kept}, with steps of {step:.1e} relative: an update by {weight:.2g} of a difference "
                f"is lost where the difference is below {100 * step / 2 / max(weight, 1e-9):.0f}% of the value"
                + ("; a variance above 65504 is infinite." if kept == "float16" else ".")
            )
            yield Finding("half", name, "fault", what, MIXED)
    if patient.spoiled or not overflows(patient):
        return
    for name, seen in patient.observed.items():
        if not is_finite(seen):
            what = "The weights are finite, its inputs overflow on these images: float16 ends at 65504."
            yield Finding("half", name, "fault", what, MIXED)
            return


def axis(patient: Patient) -> Iterator[Finding]:
    """Statistics of another axis than the one that holds the channels of the layer before."""
    for call, name in calls(patient):
        shape, channels = call.shape, channels_before(patient, call)
        if channels is None or len(shape) < 3:
            continue
        used = axis_of(call.layer, len(shape))
        if used != channels:
            what = (
                f"It keeps {shape[used]} statistics, one for each place along axis {used} of {_shape(shape)}; "
                f"the {shape[channels]} channels are axis {channels}."
            )
            cure = f"keras.layers.BatchNormalization(axis={'-1' if channels == len(shape) - 1 else channels})"
            yield Finding("axis", name, "fault", what, cure + "  # axis names the channels; then train again")


def batch_dependent(patient: Patient) -> Iterator[Finding]:
    """Outputs for an image that hang on the rest of its batch."""
    changes = patient.dependence or {}
    told = [(call, name) for call, name in calls(patient) if call.training]
    ways = [way for way, change in changes.items() if change > _same(patient)]
    moved = "; ".join(f"with {way} the outputs of an image change by {changes[way]:.2g} of the largest" for way in ways)
    for _, name in told:
        what = "Outside of training, in model(x), it takes the statistics of the batch"
        calm = bool(changes) and "predict" not in ways
        what += f": {moved} when its companions do." if moved else "."
        what += " predict and evaluate do not." if calm else ""
        if any(map(says_training, patient.trace.order)):
            what += " An augmentation layer says training=True to all layers behind it where nobody says anything."
            yield Finding("batch-dependent", name, "fault" if "predict" in ways else "note", what, TOLD)
        else:
            yield Finding("batch-dependent", name, "fault", what, CALLED)
    if not told and ways:
        what = f"In inference mode {moved}, when its companions do, and no batch normalization was told to train."
        yield Finding("batch-dependent", patient.model.name, "fault", what, CALLED)


def never_updated(patient: Patient) -> Iterator[Finding]:
    """Statistics that are what they were at the start, in a layer that has learned."""
    for name, norm in sound(patient):
        mean, variance = start(norm)
        how = how_it_learned(patient, norm)
        if (mean or variance) and how:
            which = {(True, True): "mean and variance are", (True, False): "mean is", (False, True): "variance is"}
            what = f"The moving {which[mean, variance]} exactly as initialized, though {how}."
            if not getattr(patient.model, "_call_has_training_arg", True):
                what += " The model's call has no argument `training`, so fit never passes it on."
            if name in patient.observed:
                seen = patient.observed[name]
                what += f" On the images the median mean is {np.median(seen.mean):.3g}, "
                what += f"the median variance {np.median(seen.variance):.3g}."
            yield Finding("never-updated", name, "fault", what, TRAIN)


def stale(patient: Patient) -> Iterator[Finding]:
    """Statistics that are not those of the images."""
    for name, norm in sound(patient):
        seen = patient.observed.get(name)
        if seen is None:
            yield from _stale_by_count(patient, name, norm)
            continue
        if all(start(norm)) and (not seen.frozen or how_it_learned(patient, norm) or not learning(patient)):
            continue  # there is nothing to go stale yet, or it is told as never updated
        limits = (FROZEN_MEAN_OFF, FROZEN_VARIANCE_OFF) if seen.frozen else (MEAN_OFF, VARIANCE_OFF)
        off = mismatch(norm, seen, *limits)
        if off is None or not off.too_far:
            continue
        what = (
            f"On {seen.images} images half of the channels have a mean off by {off.mean:.2g} standard deviations or "
            f"more, and a variance {_times(off.variance)} the moving one."
        )
        brighter = _brightness(patient, name, seen, norm)
        if brighter:
            what += f" Mean and spread are {brighter} times those of training: are the images scaled as they were then?"
        if seen.frozen:
            yield Finding("frozen", name, "fault", what + " It keeps its moving statistics in training, too.", THAW)
        else:
            yield Finding("stale", name, "fault", what + _no_better(patient), RECALIBRATE)


def _no_better(patient: Patient) -> str:
    """What the batch's statistics say of the cure, if there are labels: a warning where they don't help."""
    moving, batch = patient.accuracy or (0, 1)
    if batch > moving + 0.01:
        return ""
    return (
        f" By the batch's statistics {batch:.0%} of the images are right, by the moving ones {moving:.0%}: "
        "recalibrating alone will not help, look at the training."
    )


def _stale_by_count(patient, name, norm) -> Iterator[Finding]:
    """Without images: too few steps to forget the start, if the variances agree with that."""
    steps, momentum = steps_taken(patient.model), momentum_of(norm)
    if not steps or momentum is None or not norm.trainable or all(start(norm)):
        return
    share = momentum**steps
    ones = isinstance(getattr(norm, "moving_variance_initializer", None), keras.initializers.Ones)
    others = [as_numbers(n.moving_variance).min() for _, n in sound(patient)]
    if share > 0.5 and ones and min(others) >= share:
        what = (
            f"After {steps} steps with momentum {momentum:g}, {share:.0%} of each moving statistic is its "
            "initial value."
        )
        yield Finding("stale", name, "fault", what, RECALIBRATE)


def low_variance(patient: Patient) -> Iterator[Finding]:
    """Layers whose inputs vary less than epsilon."""
    learned = learning(patient)
    first = patient.trace.calls[0].layer if patient.trace.calls else None
    for name, norm in sound(patient):
        if not learned and norm is not first:
            continue  # what reaches the deeper layers of a new network is a matter of its random weights
        seen = patient.observed.get(name)
        epsilon = epsilon_of(norm)
        remembered = as_numbers(norm.moving_variance)
        settled = np.ptp(remembered) > 0.01 * remembered.mean()  # else it is a rest of the initial ones
        if (seen is None and not settled) or (seen is not None and settled and np.median(remembered) >= epsilon):
            continue  # nothing is known yet, or the images do not fit, which is another fault
        variance = remembered if seen is None else seen.variance
        alive = variance > 0 if seen is None else ~constant(seen)
        if not alive.any():
            continue
        low = np.mean(variance[alive] < TINY * epsilon)
        if low > 0.5:
            middle = np.median(variance[alive])
            share = math.sqrt(middle / (middle + epsilon))
            what = (
                f"{low:.0%} of its channels vary by less than a tenth of epsilon = {epsilon:g}. With the median "
                f"variance, {middle:.2g}, the outputs have a deviation of {share:.2g} gamma."
            )
            cure = f"keras.layers.BatchNormalization(epsilon={max(middle / 100, 1e-12):.0e})  # or scale the inputs up"
            yield Finding("low-variance", name, "fault", what, cure)


def dead(patient: Patient) -> Iterator[Finding]:
    """Channels with gamma 0, or with the same value everywhere."""
    feeders = {id(call.layer): call.feeder for call in patient.trace.calls}
    for name, norm in sound(patient):
        gamma = getattr(norm, "gamma", None)
        if gamma is not None and (own_learning(norm) or not is_initial(gamma, norm.gamma_initializer)):
            zero = np.abs(as_numbers(gamma)) < 1e-8
            if zero.any():
                what = f"gamma is 0 in {zero.sum()} of {zero.size} channels: they give beta, whatever comes in."
                yield Finding("dead", name, "fault", what, REVIVE)
        seen = patient.observed.get(name)
        if seen is None or seen.positions < 2:
            continue
        still = constant(seen)
        if still.any():
            feeder = feeders.get(id(norm))
            # A whole filter without effect is a fault; so are many channels behind what may die, and pixels never are.
            filters = feeder is not None and is_linear(feeder) and "Depthwise" not in type(feeder).__name__
            fault = (filters or still.mean() >= FEW_DEAD) and not straight_from_input(patient, norm)
            severity = "fault" if fault else "note"
            what = f"{still.sum()} of {still.size} channels have the same value everywhere, on {seen.images} images."
            yield Finding("dead", name, severity, what, REVIVE)


def dropout(patient: Patient) -> Iterator[Finding]:
    """Dropout whose noise is in the statistics of training and gone at inference."""
    direct = {id(call.layer): [p for p in call.passed if "Dropout" in type(p).__name__] for call in patient.trace.calls}
    for name, norm in sound(patient):
        rates = [float(getattr(p, "rate", 0)) for p in direct.get(id(norm), ())]
        seen = patient.observed.get(name)
        if seen is not None and seen.quiet is not None:
            live = ~constant(seen)
            if not live.any():
                continue
            epsilon = epsilon_of(norm)
            ratio = float(np.median((seen.noisy.variance[live] + epsilon) / (seen.quiet.variance[live] + epsilon)))
            measured = f"With dropout the median variance of its inputs is {ratio:.2f} times the one without."
        elif rates:
            ratio, measured = 1 / (1 - max(rates)), ""
        else:
            continue
        if ratio > (DROPOUT_SHIFT if any(rates) else DROPOUT_SHIFT_FAR):
            behind = (
                f"It stands right behind dropout with rate {max(rates):g}" if any(rates) else "Dropout is before it"
            )
            bound = (
                f", which makes the variance at least {1 / (1 - max(rates)):.2f} times as large" if any(rates) else ""
            )
            what = f"{behind}{bound}: in training, not at inference. {measured}".strip()
            yield Finding("dropout", name, "fault", what, "Put dropout behind the last normalization, and train again.")


def small_batch(patient: Patient) -> Iterator[Finding]:
    """Batches so small that the statistics are mostly noise, named by somebody or read off the moving variances."""
    size = patient.batch_size or batch_of_model(patient.model)
    for name, norm in sound(patient):
        if not norm.trainable:
            continue
        seen = patient.observed.get(name)
        if size is not None and size <= 4:
            what = f"With {size} images in a batch its statistics are those of {size} images."
            if seen is not None and seen.batch > 1:
                total = seen.variance + seen.between
                share = float(np.median(seen.between[total > 0] / total[total > 0])) if (total > 0).any() else 0.0
                what += f" {share:.0%} of the variance of its inputs is between the means of batches."
            yield Finding("small-batch", name, "fault", what, LARGER)
        elif seen is not None and not seen.frozen:
            guess = _small_batches(patient, norm, seen)
            if guess is not None:
                what = f"The means fit, and the moving variances are as low as batches of {guess:.1f} images make them."
                yield Finding("small-batch", name, "fault", what, LARGER)


def momentum(patient: Patient) -> Iterator[Finding]:
    """Moving averages of hardly more than the last batch, or of more batches than a training has."""
    for name, norm in patient.norms.items():
        kept = momentum_of(norm)
        if kept is None or not norm.trainable or SHORTEST <= kept <= LONGEST:
            continue
        if kept < SHORTEST:
            what = (
                f"momentum={kept:g} is the weight of the old value: {1 - kept:.0%} of each statistic is the last batch."
            )
            what += f" Its complement, {1 - kept:g}, is what other frameworks call {kept:g}." if kept > 0 else ""
            good = f"{1 - kept:g}" if kept > 0 else "0.99"
        elif kept >= 1:
            what, good = "momentum=1 keeps the initial statistics for ever.", "0.99"
        else:
            what = f"momentum={kept:g} averages over {1 / (1 - kept):,.0f} batches: after 1,000 steps "
            what, good = what + f"{kept**1000:.0%} of each statistic is still its initial value.", "0.99"
        cure = f"layer.momentum = {good}  # before training goes on\nrecalibrate_model(model, training_images)"
        yield Finding("momentum", name, "fault", what, cure)


def bias(patient: Patient) -> Iterator[Finding]:
    """A bias right in front of a normalization, which subtracts it."""
    told = set()
    for call, name in calls(patient):
        feeder = call.feeder
        if feeder is None or id(feeder) in told or not is_linear(feeder) or not call.alone or call.passed:
            continue
        if getattr(feeder, "use_bias", False) and getattr(feeder, "bias", None) is not None:
            if axis_of(call.layer, len(call.shape)) != channels_of(feeder, len(call.shape)):
                continue
            told.add(id(feeder))
            own = patient.name_of.get(id(feeder), feeder.name)
            what = f"The {feeder.bias.shape[0]} values of the bias of {own} are subtracted again with the mean."
            cure = f"{type(feeder).__name__}(..., use_bias=False)"
            yield Finding("bias", name, "note", what, cure)


CHECKS = (
    not_finite,
    half,
    axis,
    momentum,
    never_updated,
    batch_dependent,
    stale,
    small_batch,
    dropout,
    low_variance,
    dead,
    bias,
)


def batch_of_model(model) -> int | None:
    """The number of images that a model was built for, if that tells of its training.

    A batch of one is how models are put to use. A `Sequential` without `Input` takes the size of whatever it was first
    called on, which tells of a training if that was `fit`.
    """
    shapes = [tuple(x.shape) for x in keras.tree.flatten(getattr(model, "inputs", None) or [])]
    size = next((shape[0] for shape in shapes if shape), None)
    tells = not isinstance(model, keras.Sequential) or steps_taken(model) > 0
    return size if size != 1 and tells else None


def _same(patient: Patient) -> float:
    """The change of outputs that is rounding: more where layers compute in sixteen bits."""
    coarse = any(getattr(layer, "compute_dtype", None) in SIXTEEN for _, layer in patient.layers)
    return 0.05 if coarse else SAME


def _shape(shape) -> str:
    """A shape as readers write it, the number of images left open."""
    return f"(N, {', '.join(map(str, shape[1:]))})"


def _times(ratio: float) -> str:
    return f"{ratio:.2g} times" if 0.01 <= ratio <= 100 else f"{ratio:.0e} times"


def _brightness(patient: Patient, name: str, seen, norm) -> str | None:
    """Of the first layer, the factor between images and those of training, if it is the one of eight-bit pixels."""
    if not patient.trace.calls or patient.trace.calls[0].layer is not norm:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.sqrt(seen.variance / as_numbers(norm.moving_variance))
    ratio = float(np.median(ratios))
    return next((named for named, value in (("255", 255), ("1/255", 1 / 255)) if 0.6 < ratio / value < 1.6), None)


def _small_batches(patient: Patient, norm, seen) -> float | None:
    """The number of images in a batch, if it is small, that the moving variances of a first dense layer speak of.

    With one value for each image, the variance of a batch of b images misses one part in b, in every channel alike.
    Behind a first normalization that no longer holds: there the batches themselves make the variance.
    """
    first = bool(patient.trace.calls) and patient.trace.calls[0].layer is norm
    off = mismatch(norm, seen, MEAN_OFF, VARIANCE_OFF)
    if not first or seen.positions != seen.batch or all(start(norm)) or off is None or off.mean > MEAN_OFF / 2:
        return None
    live = ~constant(seen)
    missing = 1 - as_numbers(norm.moving_variance)[live] / (seen.variance + seen.between)[live]
    low, middle, high = np.percentile(missing, (25, 50, 75))
    return float(1 / middle) if 0.3 < middle < 0.7 and high - low < 0.3 else None
