"""The sentences about results: what was expected, what came, where it is right."""

import re

import numpy as np

from ._compare import ORDINALS, Parts, close, quoted, scale
from ._probe import Outcome


def listed(names: list[str]) -> str:
    """Names in a row: `a`, `b` and `c`."""
    parts = [called(name) for name in names]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def called(name: str) -> str:
    """A part as readers know it: a result by its name, what a call leaves behind in words."""
    if not name:
        return "the result"
    if name.startswith("*"):
        return f"the {name[1:].replace('_', ' ')}"
    own, call = re.fullmatch(r"(.*?)(?:(?:^|, )call (\d+))?", name).groups()
    which = f"the {ordinal(int(call) - 1)} call" if call else ""
    if not own:
        return f"what {which} returns"
    return f"{quoted(own)} of {which}" if call else quoted(own)


def verb(names: list[str]) -> str:
    """What follows some parts in a sentence; what a call leaves behind may be many: "the learned weights are"."""
    return "are" if len(names) > 1 or (names[0].startswith("*") and names[0].endswith("s")) else "is"


def capital(sentence: str) -> str:
    if sentence[1:2] == " " and sentence[0] not in "aA":  # a variable
        return sentence
    return sentence[:1].upper() + sentence[1:]


def subject(outcome: Outcome, name: str) -> str:
    """The part of a call's result: "`variance` of `moments(…)`"."""
    if not name:
        return f"`{outcome.call}`"
    if name.startswith("call "):
        return f"what the {ordinal(int(name[5:]) - 1)} call of `{outcome.call}` returns"
    return f"{called(name)} {'after' if name.startswith('*') else 'of'} `{outcome.call}`"


def wrong_shape(outcomes: list[Outcome], truths: list[Parts]) -> tuple[str, str] | None:
    """The first part whose shape is wrong, and the sentence about it."""
    for outcome, truth in zip(outcomes, truths, strict=True):
        for name, part in outcome.parts.items():
            if part.shape != truth[name].shape:
                expected, received = _shape(truth[name]), _shape(part)
                return name, f"{capital(subject(outcome, name))} {verb([name])} {received}, expected {expected}."
    return None


def _shape(array: np.ndarray) -> str:
    return f"an array of shape `{array.shape}`" if array.ndim else "one number"


def not_finite(outcomes: list[Outcome], truths: list[Parts]) -> str | None:
    """The first NaN or infinity where a number is expected."""
    for outcome, truth in zip(outcomes, truths, strict=True):
        for name, part in outcome.parts.items():
            if part.shape != truth[name].shape:
                continue
            wrong = ~np.isfinite(part) & np.isfinite(truth[name])
            if wrong.any():
                index = np.unravel_index(int(wrong.argmax()), wrong.shape)
                is_it = f"holds {part[index]}{_at(index)}"
                if not index:
                    is_it = f"is {part[index]}, expected {number(truth[name][index])}"
                where = f" {outcome.probe.note}" if getattr(outcome.probe, "note", "") else ""
                return (
                    f"{capital(subject(outcome, name))} {is_it}{where}: "
                    "look for a division by zero, the root of a negative number, or an overflow."
                )
    return None


def worst_element(outcomes: list[Outcome], truths: list[Parts], tolerance: float, names: list[str]) -> str:
    """The element farthest off in the first call with a wrong result: received and expected."""
    for outcome, truth in zip(outcomes, truths, strict=True):
        worst = (-1.0, "")
        for name in names:
            part, expected = outcome.parts[name], truth[name]
            if part.shape != expected.shape or close(part, expected, expected, tolerance):
                continue
            with np.errstate(invalid="ignore"):  # two infinities that agree
                error = np.abs(part.astype(float) - expected)
            error = np.where(np.isnan(error), 0.0, error)
            index = np.unravel_index(int(error.argmax()), error.shape)
            if (far := float(error[index]) / scale(expected)) > worst[0]:
                received, right = number(part[index]), number(expected[index])
                where = f" {verb([name])} off, most{_at(index)}: received" if index else " is"
                worst = far, f"{capital(subject(outcome, name))}{where} {received}, expected {right}."
        if worst[1]:
            return worst[1]
    return ""


def number(value) -> str:
    value = np.asarray(value)
    return f"{value}" if value.dtype.kind in "biu" else f"{value:.6g}"


def ordinal(index: int) -> str:
    return ORDINALS[index] if index < len(ORDINALS) else f"{index + 1}th"


def _at(index: tuple) -> str:
    return f" at index `[{', '.join(str(int(i)) for i in index)}]`" if index else ""
