"""Diagnosis of values: each number of an answer is looked at by itself, and the expected one is never told."""

from collections import Counter
from itertools import permutations

import numpy as np

from ._compare import Form, Unreadable, describe
from ._explain import Explanation
from ._general import Pair, relation
from ._messages import capital, number, ordinal


def read_numbers(answer, solution, labels: list[str]) -> tuple[np.ndarray, str]:
    """The numbers of an answer, flat, and a sentence if they can't be read."""
    wanted = np.size(solution)
    try:
        parts = Form.of(solution).read(answer)
    except Unreadable:
        array = None
    else:
        array = np.concatenate([np.ravel(part) for part in parts.values()])
    listed = f": ({', '.join(labels)})" if labels else ""
    expected = f"{wanted} numbers{listed}" if wanted > 1 else "one number"
    if array is None or array.size != wanted:
        received = describe(answer) if array is None or np.ndim(answer) != 1 else f"{array.size} numbers"
        received = "a number that is too large to be read" if expected.startswith(received) else received
        return np.empty(0), f"Expected {expected}, received {received}."
    if not np.all(np.isfinite(array)):
        return np.empty(0), f"Expected {expected}; {array[~np.isfinite(array)][0]} is none."
    return array, ""


def explain_numbers(numbers: np.ndarray, exercise) -> Explanation | None:
    """What is wrong with the numbers of an answer; None if they are right."""
    truth = flat(exercise.solution)
    wrong = [i for i in range(len(truth)) if not _right(numbers[i], i, exercise)]
    if not wrong:
        return None
    labels = [_label(i, exercise.labels, len(truth)) for i in range(len(truth))]
    mistakes, left = _known(numbers, wrong, truth, exercise)
    if len(mistakes) == 1 and not left:
        return Explanation(_told(mistakes[0][0]), mistakes[0][0], "known")
    rest = _rest(labels, wrong)
    if exercise.categories:
        return Explanation(f"{_joined([labels[i] for i in wrong])} {_is(wrong)} wrong.{rest}")
    together = len(truth) > 1 and not exercise.labels  # numbers of one kind, such as the elements of a gradient
    if together and not mistakes and (words := _as_one(numbers, truth, exercise)):
        return Explanation(words, None, "general")
    if together and len(wrong) == 1:
        label = labels[wrong[0]]
        words = f"Only {label[0].lower()}{label[1:]}, {number(numbers[wrong[0]])}, is wrong: it"
        return Explanation(f"{words} {_too(wrong[0], numbers, truth)}.")
    if len(wrong) > 1 and _reordered(numbers, truth, exercise.tolerance):
        return Explanation(f"The right numbers in the wrong order.{_order(exercise)}", None, "general")
    if len(wrong) > 1 and (words := _in_common(numbers, truth, exercise.tolerance)):
        return Explanation(words, None, "general")
    texts = [f"{_joined([labels[i] for i in own])}: {_told(mistake)}" for mistake, own in mistakes]
    named, first = bool(mistakes), mistakes[0][0] if mistakes else None
    homes = {} if together else _homes(left, numbers, truth, exercise.tolerance)
    for i in left:
        if i in homes:
            named = True
            texts.append(f"{labels[i]}, {number(numbers[i])}: that is what the {ordinal(homes[i])} number should be.")
        elif homes:  # then this one may be meant for another place, too
            texts.append(f"{labels[i]}, {number(numbers[i])}, is wrong where it stands.")
        elif words := None if together else _kind(i, numbers, truth, exercise):
            named = True
            texts.append(f"{labels[i]}, {number(numbers[i])}: {words}")
        else:
            texts.append(f"{labels[i]}, {number(numbers[i])}, {_too(i, numbers, truth)}.")
    if len(truth) == 1:
        texts = [text.removeprefix(f"{labels[0]}: ") for text in texts]
    return Explanation(" ".join(texts) + rest, first, "known" if first else "general" if named else "generic")


def _as_one(numbers, truth, exercise) -> str | None:
    """How an array of numbers relates to the right one as a whole."""
    if not np.any(numbers):
        return "All of your numbers are 0."
    for words, rank, theirs in exercise.changed_values:
        if rank <= 2 and all(_close(n, t, t, exercise.tolerance) for n, t in zip(numbers, theirs, strict=True)):
            return words
    return relation("", [Pair({}, numbers.astype(float), np.array(truth, float))], exercise.tolerance)


def _in_common(numbers, truth, tolerance: float) -> str | None:
    """One factor that all numbers are off by."""
    right = np.array(truth, float)
    if not np.all(right) or not np.all(numbers) or np.ptp(np.abs(right)) == 0:
        return None
    factors = numbers / right
    if np.ptp(factors) > 2 * tolerance * abs(factors[0]) or np.any(np.abs(factors - 1) < 10 * tolerance):
        return None
    for factor, words in _FACTORS.items():
        if abs(factors[0] - factor) <= 2 * tolerance * factor:
            return f"All of your numbers are {words} what they should be."
    return "All of your numbers are off by the same factor, and right otherwise: what have they in common?"


_FACTORS = {2: "twice", 0.5: "half of", 10: "ten times", 0.1: "a tenth of", 1e3: "1,000 times", 1e-3: "1/1,000 of"}


def _is(things: list) -> str:
    return "is" if len(things) == 1 else "are"


def _too(i: int, numbers, truth) -> str:
    return f"is too {'large' if numbers[i] > truth[i] else 'small'}"


def _told(mistake) -> str:
    return f"{capital(mistake.name)}. {mistake.hint}"


def flat(value) -> list:
    """The numbers of a value, each of its own type: counts among them are whole."""
    parts = value if isinstance(value, tuple | list) else [value]
    return [number for part in parts for number in np.ravel(np.asarray(part))]


def _right(value, i: int, exercise) -> bool:
    truths = [flat(accepted)[i] for accepted in (exercise.solution, *exercise.accepted)]
    return any(_close(value, t, t, exercise.tolerance) for t in truths)


#: How far from 0 an answer may be where 0 is right.
_NEARLY_ZERO = 1e-6


def _close(one, other, truth, tolerance: float) -> bool:
    """Whether two numbers agree within the tolerance, relative to the truth; counts agree exactly."""
    exact = np.asarray(truth).dtype.kind in "biu" and float(other).is_integer()
    distance = 0.0 if exact else tolerance * abs(float(truth)) or _NEARLY_ZERO
    return bool(abs(float(one) - float(other)) <= distance)


def _is_it(value: float, candidate: float, whole: bool) -> bool:
    """Whether a number is what a general mistake gives: a count to the last digit, another number nearly."""
    return abs(value - candidate) <= (1e-9 if whole else 1e-3) * abs(candidate)


def _label(i: int, labels: list[str], count: int) -> str:
    if count == 1:
        return "Your answer"
    return f"The {ordinal(i)} number" + (f" ({labels[i]})" if labels else "")


def _rest(labels: list[str], wrong: list[int]) -> str:
    right = [label for i, label in enumerate(labels) if i not in wrong]
    if not right:
        return ""
    return f" {_joined(right)} {_is(right)} right."


def _joined(labels: list[str]) -> str:
    labels = labels[:1] + [label[0].lower() + label[1:] for label in labels[1:]]
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"


def _order(exercise) -> str:
    return f" Asked for is {exercise.comment}." if exercise.comment.startswith("(") else ""


def _known(numbers, wrong: list[int], truth, exercise) -> tuple[list, list[int]]:
    """The known mistakes that are shown in full, with their numbers, and the numbers that they leave unexplained."""
    shown = []
    for mistake in exercise.mistakes:
        theirs = flat(mistake.wrong_answer)
        own = [i for i in range(len(truth)) if not _close(theirs[i], truth[i], truth[i], exercise.tolerance)]
        # In a long array of numbers of one kind some agree by chance.
        told = own if exercise.labels or len(truth) < 3 else range(len(truth))
        if set(own) <= set(wrong) and all(
            _close(numbers[i], theirs[i], truth[i] or theirs[i], exercise.tolerance) for i in told
        ):
            shown.append((mistake, own))
    chosen, left = [], list(wrong)
    for mistake, own in sorted(shown, key=lambda pair: -len(pair[1])):
        if set(own) <= set(left):
            chosen.append((mistake, own))
            left = [i for i in left if i not in own]
    return chosen, left


def _reordered(numbers, truth, tolerance: float) -> bool:
    """Whether all right numbers are there, in another order."""
    rest = list(truth)
    for value in numbers:
        fits = [t for t in rest if _close(value, t, t, tolerance)]
        if not fits:
            return False
        rest.remove(fits[0])
    return len(Counter(np.round(np.array(truth, float), 9))) > 1


def _homes(wrong: list[int], numbers, truth, tolerance: float) -> dict[int, int]:
    """Wrong numbers that would be right at the place of another wrong one, and not by chance, with that place."""
    return {
        i: j
        for i, j in permutations(wrong, 2)
        if _telling(float(numbers[i])) and _close(numbers[i], truth[j], truth[j], tolerance)
    }


def _telling(value: float) -> bool:
    """Whether a number agrees with another one hardly by chance, as small whole numbers do."""
    return not (value == int(value) and abs(value) < 10)


_ENDS = "it is off by one: is an end counted, or a number rounded, the wrong way?"


def _kind(i: int, numbers, truth, exercise) -> str | None:
    """How one wrong number relates to the right one, if that is no accident."""
    value, right, tolerance = float(numbers[i]), float(truth[i]), exercise.tolerance
    whole = np.asarray(truth[i]).dtype.kind in "biu"
    telling = _telling(value)
    if rounded := _rounded(value, right, tolerance):
        return rounded
    if right and _close(value, -right, truth[i], tolerance):
        return "it has the wrong sign."
    if telling and (words := _changed(i, value, right, whole, exercise)):
        return words
    if telling and any(_is_it(value, other, whole) for other in exercise.on_the_way):
        return "that is a number on the way to the answer, not yet the answer."
    relations = (
        (1 - right if 0 < right < 1 else None, "it is one minus what it should be."),
        (1 / right if right else None, "it is upside down: one divided by what it should be."),
        (100 * right, "it is in percent."),
        (right / 100, "it is a hundredth of what it should be."),
        (right**2, "it is the square of what it should be: a root is missing."),
        (abs(right) ** 0.5, "it is the root of what it should be."),
        (2 * right, "it is twice what it should be."),
        (right / 2, "it is half of what it should be."),
        (10 * right, "it is ten times what it should be."),
        (right / 10, "it is a tenth of what it should be."),
        (right + 1 if right == int(right) and right > 9 else None, _ENDS),
        (right - 1 if right == int(right) and right > 9 else None, _ENDS),
    )
    for other, words in relations:
        if other is not None and _is_it(value, other, whole) and telling:
            return words
    return None


def _changed(i: int, value: float, right: float, whole: bool, exercise) -> str | None:
    """The words for a changed place in the solution that gives this number, if there is only one such change."""
    changes = [(words, float(theirs[i])) for words, rank, theirs in exercise.changed_values if rank <= 2]
    found = {words for words, theirs in changes if _is_it(value, theirs, whole)}
    if len(found) != 1 or _crowded(value, right, {theirs for _, theirs in changes}):
        return None
    words = found.pop()
    return words if words.startswith(("A ", "`")) else words[0].lower() + words[1:]


def _crowded(value: float, right: float, others: set[float]) -> bool:
    """Whether any whole number as far from the right one would be one of the others with a chance above 1 in 25."""
    reach = abs(value - right)
    hits = sum(other.is_integer() and 0 < abs(other - right) <= reach for other in others)
    return value.is_integer() and right.is_integer() and 25 * hits > 2 * reach


def _rounded(value: float, right: float, tolerance: float) -> str | None:
    """What the right number gives where it is rounded more than the tolerance allows; others may give it, too."""
    if right == int(right) or not right or abs(value - right) > 0.06 * abs(right):
        return None
    for digits in range(-2, 4):
        if round(right, digits) == value:
            return f"close, but {_precision(tolerance)} is wanted."
    return None


def _precision(tolerance: float) -> str:
    return f"a precision of {100 * tolerance:g}%"
