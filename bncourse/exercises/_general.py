"""Mistakes recognized by kind: how wrong results relate to the right ones, and how a function reacts to its arguments.

Each sentence states what was found in all calls, so that it is true of the answer whatever the reader did.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, permutations

import numpy as np

from ._compare import Parts, quoted, scale


@dataclass(frozen=True)
class Pair:
    """One part of one call: the arguments, what was received, and what is right."""

    probe: dict
    received: np.ndarray
    truth: np.ndarray


def equal(one: np.ndarray, other: np.ndarray, tolerance: float) -> bool:
    """Whether two arrays agree within `tolerance` of the larger one's largest element, whole numbers exactly."""
    if one.shape != other.shape:
        return False
    if one.dtype.kind in "biu" and other.dtype.kind in "biu":
        return bool(np.array_equal(one, other))
    distance = tolerance * max(scale(np.asarray(one, float)), scale(np.asarray(other, float)))
    return bool(np.allclose(one.astype(float), other.astype(float), rtol=0, atol=distance, equal_nan=True))


# --- how results relate to the right ones ---


def relation(name: str, pairs: list[Pair], tolerance: float) -> str | None:
    """What turns the right results of one part into those received, the same in every call; None if nothing does."""
    with np.errstate(all="ignore"):
        if any(pair.received.shape != pair.truth.shape for pair in pairs):
            return _shape_relation(name, pairs, tolerance)
        return next(filter(None, (kind(name, pairs, tolerance) for kind in _RELATIONS)), None)


def _every(pairs: list[Pair], tolerance: float, change: Callable[[Pair], np.ndarray]) -> bool:
    """Whether `change` of the pair's truth gives what was received, everywhere."""
    return all(equal(pair.received.astype(float), np.asarray(change(pair), float), tolerance) for pair in pairs)


def _numbers(name: str) -> str:
    return f"Every number of {name}" if name else "Every number"


def _it(name: str) -> str:
    return f"{name[0].upper()}{name[1:]}" if name else "Your result"


def is_constant(name: str, pairs: list[Pair]) -> str | None:
    """A result that is the same number whatever comes in, up to rounding."""
    first = pairs[0].received.ravel()[:1].astype(float)
    if len(pairs) < 2 or not first.size:
        return None
    rounding = 1e-9 * min(scale(pair.truth) for pair in pairs)
    if not all(np.allclose(pair.received, first, rtol=0, atol=rounding) for pair in pairs):
        return None
    return f"{_it(name)} is {first[0] if abs(first[0]) > rounding else 0:g} everywhere, whatever the arguments are."


def _an_argument(name: str, pairs: list[Pair], tolerance: float) -> str | None:
    for argument in pairs[0].probe:
        values = [pair.probe.get(argument) for pair in pairs]
        if not all(_is_numeric(value) for value in values) or np.ndim(values[0]) != pairs[0].truth.ndim:
            continue
        if pairs[0].truth.ndim and all(
            equal(pair.received, np.asarray(value), 1e-9) for pair, value in zip(pairs, values, strict=True)
        ):
            return f"{_it(name)} is `{argument}` itself, unchanged."
    return None


def _factor(name: str, pairs: list[Pair], tolerance: float) -> str | None:
    """One factor for all calls: -1, 2, a half."""
    factors = [_ratio(pair, tolerance) for pair in pairs]
    if any(f is None for f in factors) or max(factors) - min(factors) > 2 * tolerance * abs(factors[0]):
        return None
    factor = factors[0]
    if abs(factor + 1) < 2 * tolerance:
        return f"{_numbers(name)} has the wrong sign."
    fraction = Fraction(factor).limit_denominator(16)
    if abs(fraction - factor) > 2 * tolerance * abs(factor) or abs(factor) > 1e4:
        return None if len(pairs) < 2 else f"{_numbers(name)} is {factor:.4g} times what it should be."
    words = {Fraction(2): "twice", Fraction(1, 2): "half of"}.get(fraction, f"{fraction} times")
    return f"{_numbers(name)} is {words} what it should be."


def _ratio(pair: Pair, tolerance: float) -> float | None:
    """The factor from truth to what was received, if there is one; None where all is right."""
    truth, received = pair.truth.astype(float).ravel(), pair.received.astype(float).ravel()
    if not truth.size or not np.all(np.isfinite(truth)) or not np.any(truth) or not np.all(np.isfinite(received)):
        return None
    factor = float(received @ truth / (truth @ truth))
    if factor == 0 or abs(factor - 1) < 2 * tolerance:
        return None
    return factor if equal(received, factor * truth, tolerance) else None


def _quantities(pairs: list[Pair]) -> Iterator[tuple[str, list[float]]]:
    """Numbers that formulas are multiplied or divided by: counts of the first array, and the scalar arguments."""
    probes = [pair.probe for pair in pairs]
    for argument in probes[0]:
        values = [probe.get(argument) for probe in probes]
        if all(_is_numeric(v) and np.ndim(v) == 0 and not isinstance(v, bool) for v in values):
            yield f"`{argument}`", [float(v) for v in values]
            if all(0 < v < 1 for v in values):
                yield f"`1 - {argument}`", [1 - float(v) for v in values]
    arrays = [next((v for v in probe.values() if getattr(v, "ndim", 0) >= 1), None) for probe in probes]
    if any(array is None for array in arrays):
        return
    first = next(k for k, v in probes[0].items() if getattr(v, "ndim", 0) >= 1)
    if all(array.ndim >= 2 for array in arrays):
        yield f"m, how many values a channel of `{first}` has", [a.size / a.shape[-1] for a in arrays]
        yield f"the number of rows, `len({first})`", [float(len(a)) for a in arrays]
        yield f"the number of columns or channels of `{first}`", [float(a.shape[-1]) for a in arrays]
    yield f"the number of all elements of `{first}`", [float(a.size) for a in arrays]
    for argument, value in probes[0].items():
        if getattr(value, "ndim", 0) == 1:
            yield f"the sum of `{argument}`", [float(probe[argument].sum()) for probe in probes]


def _varying_factor(name: str, pairs: list[Pair], tolerance: float) -> str | None:
    """A factor in every call that follows a count or an argument."""
    factors = [_ratio(pair, tolerance) for pair in pairs]
    known = [(f, i) for i, f in enumerate(factors) if f is not None]
    if len({round(f, 6) for f, _ in known}) < 2:
        return None

    def fits(values: list[float]) -> bool:
        return all(
            abs((factors[i] if factors[i] is not None else 1.0) - v) <= 4 * tolerance * max(abs(v), 1)
            and (factors[i] is not None or _ratio_is_one(pairs[i], tolerance))
            for i, v in enumerate(values)
        )

    for words, q in _quantities(pairs):
        q, counted = np.asarray(q), words[0] != "`"
        a_sum = " (a sum in place of a mean, say)" if counted else ""
        a_mean = " (a mean in place of a sum, say)" if counted else ""
        bessel = np.where(q > 1, q / np.where(q > 1, q - 1, 1), np.nan)
        for values, how in (
            (
                q,
                f"multiplied by {words} once too often, or not divided by it{a_sum}",
            ),
            (
                1 / q,
                f"divided by {words} once too often, or not multiplied by it{a_mean}",
            ),
            (q**2, f"multiplied by {words} twice too often"),
            (q**3, f"multiplied by {words} where it should be divided by its square"),
            (1 / q**2, f"divided by {words} twice too often"),
            (np.sqrt(q), f"multiplied by the root of {words} once too often"),
            (1 / np.sqrt(q), f"divided by the root of {words} once too often"),
            (bessel, f"divided by one less than {words}"),
            (1 / bessel, f"off as if one less than {words} had been taken"),
            (np.sqrt(bessel), f"off as if one less than {words} had been taken (`ddof=1`)"),
            (1 / np.sqrt(bessel), f"off as if one less than {words} had been taken (`ddof=1`)"),
        ):
            if fits(list(values)):
                return f"{_numbers(name)} is {how}."
    return None


def _ratio_is_one(pair: Pair, tolerance: float) -> bool:
    return equal(pair.received, pair.truth, tolerance)


def _with_argument(name: str, pairs: list[Pair], tolerance: float) -> str | None:
    """An argument that is missing, or one too many, as a factor or a term."""
    for argument in pairs[0].probe:
        values = [pair.probe.get(argument) for pair in pairs]
        if not all(_is_numeric(v) and not isinstance(v, bool) for v in values):
            continue
        try:
            arrays = [np.broadcast_to(np.asarray(v, float), p.truth.shape) for v, p in zip(values, pairs, strict=True)]
        except ValueError:
            continue
        if all(np.ndim(v) == 0 for v in values) and pairs[0].truth.dtype.kind in "biu":
            continue  # sums of whole numbers fit by chance
        table = dict(zip(map(id, pairs), arrays, strict=True))
        for change, words in (
            (lambda p, a: p.truth / a, f"The factor `{argument}` is missing{_in(name)}."),
            (lambda p, a: p.truth * a, f"`{argument}` is one factor too many{_in(name)}."),
            (lambda p, a: p.truth - a, f"`{argument}` is not added{_in(name)}."),
            (lambda p, a: p.truth + a, f"`{argument}` is added{_in(name)} once too often."),
            (lambda p, a: p.truth - 2 * a, f"`{argument}` is subtracted{_in(name)} where it should be added."),
            (lambda p, a: p.truth + 2 * a, f"`{argument}` is added{_in(name)} where it should be subtracted."),
            (lambda p, a: p.truth / a**2, f"{_it(name)} is divided by `{argument}` where it should be multiplied."),
            (lambda p, a: p.truth * a**2, f"{_it(name)} is multiplied by `{argument}` where it should be divided."),
        ):
            if _every(pairs, tolerance, lambda p, c=change, t=table: c(p, t[id(p)])):
                return words
    return None


def _in(name: str) -> str:
    return f" in {name}" if name else ""


_FUNCTIONS = (
    (lambda t: t**2, "is the square of what it should be: a root is missing, or a square is one too many."),
    (np.sqrt, "is the root of what it should be: a square is missing, or a root is one too many."),
    (lambda t: 1 / t, "is upside down: one divided by what it should be."),
    (lambda t: 1 / t**2, "is upside down and squared."),
    (np.abs, "has lost its sign."),
    (np.floor, "is rounded down."),
    (np.ceil, "is rounded up."),
    (np.rint, "is rounded to a whole number."),
    (np.log, "is the logarithm of what it should be."),
    (np.exp, "is the exponential of what it should be."),
)


def _function_of(name: str, pairs: list[Pair], tolerance: float) -> str | None:
    if all(np.all(np.isin(pair.truth, (0, 1, -1))) for pair in pairs):
        return None
    for function, words in _FUNCTIONS:
        if _every(pairs, tolerance, lambda p, f=function: f(p.truth.astype(float))):
            return f"{_numbers(name)} {words}"
    return None


def _offset(name: str, pairs: list[Pair], tolerance: float) -> str | None:
    """A constant that is added to every number of every call."""
    offsets = np.concatenate([(p.received.astype(float) - p.truth.astype(float)).ravel() for p in pairs])
    if not np.all(np.isfinite(offsets)) or offsets.size < 2:
        return None
    offset = float(offsets[0])
    size = max(scale(p.truth) for p in pairs)
    if abs(offset) < 10 * tolerance * size or np.ptp(offsets) > 2 * tolerance * size:
        return None
    words = {1.0: "one more", -1.0: "one less"}.get(offset)
    more = f"{abs(offset):.4g} {'more' if offset > 0 else 'less'}"
    return f"{_numbers(name)} is {words or more} than it should be."


def _another_order(name: str, pairs: list[Pair], tolerance: float) -> str | None:
    if not all(pair.truth.ndim for pair in pairs):
        return None
    for axis in range(pairs[0].truth.ndim):
        if _every(pairs, tolerance, lambda p, a=axis: np.flip(p.truth, min(a, p.truth.ndim - 1))):
            return f"{_it(name)} is turned round: its order along axis {axis} is reversed."
    for one, other in combinations(range(pairs[0].truth.ndim), 2):
        if all(p.truth.ndim > other for p in pairs) and _every(
            pairs, tolerance, lambda p, a=one, b=other: np.swapaxes(p.truth, a, b)
        ):
            return f"{_it(name)} is transposed: axes {one} and {other} are exchanged."
    flat = [np.sort(p.truth.astype(float).ravel()) for p in pairs]
    if all(p.truth.size > 2 for p in pairs) and all(
        equal(np.sort(p.received.astype(float).ravel()), f, tolerance) for p, f in zip(pairs, flat, strict=True)
    ):
        return f"{_it(name)} holds the right numbers in the wrong places."
    return None


_RELATIONS = (
    _factor,
    _varying_factor,
    _with_argument,
    _offset,
    _function_of,
    _another_order,
    _an_argument,
)


def _has_channels(pair: Pair) -> bool:
    """Whether the right result has an element for each channel of an argument."""
    return any(getattr(v, "ndim", 0) > 1 and v.shape[-1] == pair.truth.shape[-1] for v in pair.probe.values())


def _shape_relation(name: str, pairs: list[Pair], tolerance: float) -> str | None:
    """The right numbers in another shape, or one number for something else than asked."""
    if not any(p.received.size for p in pairs):
        return None
    if all(equal(p.received.ravel(), p.truth.ravel(), tolerance) for p in pairs):
        return "The numbers are right: only the shape is not."
    if all(p.received.ndim == 2 and equal(p.received.T, p.truth, tolerance) for p in pairs):
        return f"{_it(name)} is transposed."
    if _axes_moved(pairs, tolerance):
        return "The numbers are right, and the axes stand in another order: move them back."
    if all(p.received.ndim == 0 and p.truth.ndim and _has_channels(p) for p in pairs):
        return "That is one number for everything: along which axis should be averaged or summed, and which one stays?"
    for axis in (0, 1):
        extra = all(p.received.ndim == p.truth.ndim + 1 and p.received.ndim > axis for p in pairs)
        if extra and all(equal(p.received.sum(axis=axis), p.truth, tolerance) for p in pairs):
            return f"A sum over axis {axis} is missing."
        if extra and all(equal(p.received.mean(axis=axis), p.truth, tolerance) for p in pairs):
            return f"A mean over axis {axis} is missing."
    if all(p.truth.ndim == 1 and p.received.ndim > 1 and p.received.shape[-1] == len(p.truth) for p in pairs):
        rows = [(p.received.reshape(-1, len(p.truth)), p.truth) for p in pairs]
        if all(equal(r.sum(axis=0), t, tolerance) for r, t in rows):
            return "A sum over all axes but the last is missing."
        if all(equal(r.mean(axis=0), t, tolerance) for r, t in rows):
            return "A mean over all axes but the last is missing."
    return None


def _axes_moved(pairs: list[Pair], tolerance: float) -> bool:
    """Whether each result is the right one with its axes in another order, each its own if they differ in number."""
    return all(
        p.received.ndim == p.truth.ndim
        and any(equal(p.received, p.truth.transpose(order), tolerance) for order in permutations(range(p.truth.ndim)))
        for p in pairs
    )


def exchanged_results(names: list[str], calls: list[tuple[Parts, Parts]], tolerance: float) -> str | None:
    """Results that stand in another order than asked, given (received, right) of every call."""
    taken = {}
    for name in names:
        for other in calls[0][1]:
            if other != name and all(equal(got[name], right[other], tolerance) for got, right in calls):
                taken[name] = other
    if len(taken) < len(names):
        return None
    if len(names) == 1:
        return f"{_it(quoted(names[0]))} is what {quoted(taken[names[0]])} should be."
    held = ", ".join(f"{quoted(name)} holds {quoted(other)}" for name, other in taken.items())
    return f"The results stand in the wrong order: {held}."


def with_other_part(name: str, pairs: list[Pair], truths: list[Parts], tolerance: float) -> str | None:
    """A result into which another one was mixed: multiplied, divided, added, subtracted."""
    for other in truths[0]:
        if other == name or any(t[other].shape != t[name].shape for t in truths):
            continue
        mine, theirs = quoted(name), quoted(other)
        table = {id(pair): truth[other].astype(float) for pair, truth in zip(pairs, truths, strict=True)}
        with np.errstate(all="ignore"):
            for change, words in (
                (lambda p, o: p.truth * o, f"{_it(mine)} is multiplied by {theirs}, and should not be."),
                (lambda p, o: p.truth / o, f"{_it(mine)} is divided by {theirs}, and should not be."),
                (lambda p, o: p.truth + o, f"{_it(theirs)} is added to {mine}, and should not be."),
                (lambda p, o: p.truth - o, f"{_it(theirs)} is subtracted from {mine}, and should not be."),
            ):
                if all(p.received.shape == p.truth.shape for p in pairs) and _every(
                    pairs, tolerance, lambda p, c=change, t=table: c(p, t[id(p)])
                ):
                    return words
    return None


def uniform_factors(name: str, outcomes: list, pairs: list[Pair], tolerance: float) -> str | None:
    """A factor for each call that no argument explains: it says at least that nothing else is wrong."""
    if any(p.received.shape != p.truth.shape or p.truth.size < 3 for p in pairs):
        return None
    factors = [1.0 if equal(p.received, p.truth, tolerance) else _ratio(p, tolerance) for p in pairs]
    if any(factor is None for factor in factors):
        return None
    i = next(i for i, factor in enumerate(factors) if factor != 1)
    ratio = Fraction(factors[i]).limit_denominator(100)
    near = abs(ratio - factors[i]) < tolerance * abs(factors[i])
    return (
        f"{_numbers(name)} of `{outcomes[i].call}` is {ratio if near else f'{factors[i]:.4g}'} times what it should "
        f"be, "
        "and in other calls it is another factor: look at what everything is multiplied or divided by."
    )


# --- how a function reacts to its arguments ---


def ignored_argument(
    name: str, label: str, probes: list[dict], own: list[str], received: Callable, right: Callable
) -> str | None:
    """An argument that the solution's part reacts to and the answer's does not, however it is changed.

    Args:
        name: the part's name; label: the same as messages show it.
        probes: some calls.
        own: the function's arguments; a probe may have others, which describe how it is called.
        received, right: (arguments) -> parts of the answer and of the solution, or None where a call fails.
    """
    for argument, value in _among(own, probes[0]):
        if isinstance(value, tuple) and all(isinstance(v, int) for v in value):
            if text := _reaction_to_places(name, label, argument, probes, received, right):
                return text
            continue
        reacts, seen = False, 0
        for probe in probes:
            for changed in _others(argument, probe, probes):
                before, after = right(probe), right({**probe, argument: changed})
                if before is None or after is None:
                    continue
                one, other = received(probe), received({**probe, argument: changed})
                if one is None or other is None or name not in one or name not in other:
                    return None
                seen += not equal(before[name], after[name], 1e-6)
                reacts |= not equal(one[name], other[name], 1e-9)
        if seen and not reacts:
            return f"`{argument}` has no effect on {label or 'your result'}, and it should have one."
    return None


def _among(own: list[str], probe: dict) -> list[tuple]:
    return [(argument, value) for argument, value in probe.items() if argument in own]


def _reaction_to_places(name: str, label: str, argument: str, probes: list[dict], received, right) -> str | None:
    """A number of a tuple that has no effect and should have, or the other way round."""
    for place in range(len(probes[0][argument])):
        effects = []
        for probe in probes[:3]:
            changed = tuple(v + (i == place) for i, v in enumerate(probe[argument]))
            results = [f({**probe, argument: a}) for f in (received, right) for a in (probe[argument], changed)]
            if any(r is None for r in results):
                return None
            effects.append([not equal(results[i][name], results[i + 1][name], 1e-9) for i in (0, 2)])
        theirs, ours = (any(column) for column in zip(*effects, strict=True))
        if theirs != ours:
            does, should = ("depends", "should not") if theirs else ("does not depend", "should")
            return f"{_it(label)} {does} on `{argument}[{place}]`, and {should}."
    return None


def dependence(
    name: str, label: str, probes: list[dict], own: list[str], received: Callable, right: Callable
) -> str | None:
    """Whether results at one place of an array depend on the numbers at others, where the solution's do not, or do.

    Means over wrong axes show in it: each of them mixes what should be apart, or keeps apart what belongs together.
    """
    for probe in probes[:2]:
        for argument, value in _among(own, probe):
            if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.ndim < 2:
                continue
            for axis in range(value.ndim):
                first, rest = ((slice(None),) * axis + (places,) for places in (0, slice(1, None)))
                theirs = ours = False
                for factor, more in ((1.37, 0.5), (0.4, 0)):
                    changed = value.copy()
                    changed[first] = factor * changed[first] + more * np.abs(value).mean()
                    calls = [f(p) for f in (received, right) for p in (probe, {**probe, argument: changed})]
                    if any(call is None or call[name].shape != calls[2][name].shape for call in calls):
                        return None
                    if calls[2][name].shape == value.shape:
                        kept = [call[name][rest] for call in calls]
                    elif axis == value.ndim - 1 and calls[2][name].shape == value.shape[-1:]:
                        kept = [call[name][1:] for call in calls]
                    else:
                        break
                    theirs |= not equal(kept[0], kept[1], 1e-7)
                    ours |= not equal(kept[2], kept[3], 1e-7)
                if theirs != ours and value.shape[axis] > 1:
                    does, should = ("depends", "should not") if theirs else ("does not depend", "should")
                    return (
                        f"What comes out at one place along axis {axis} of `{argument}`{_in(label)} {does} on the "
                        f"other places, and {should}: over which axes do you average or sum?"
                    )
    return None


def _others(argument: str, probe: dict, probes: list[dict]) -> list:
    """Other values of an argument: several, since rounding or a limit may hide a change."""
    value = probe.get(argument)
    changed = _changed(value)
    if changed is None:
        return []
    if np.ndim(changed):
        both_signs = np.any(value < 0) and np.any(value > 0)
        return [changed, changed / 2, -changed] if both_signs else [changed, changed / 2]
    elsewhere = [other.get(argument) for other in probes if other is not probe]
    return [changed, *(v for v in elsewhere if _is_numeric(v) and np.ndim(v) == 0)]


def _changed(value):
    """Another legal value of an argument, or None."""
    if isinstance(value, bool):
        return not value
    if not _is_numeric(value):
        return None
    array = np.asarray(value)
    if array.dtype.kind != "f" or not np.all(np.isfinite(array)):
        return value + 1 if isinstance(value, int) else None
    if array.ndim == 0:
        return 0.6 * value + 0.21 if 0 < value < 1 else 1.4 * value
    # No element stays what it was: a result may depend on a single one, a largest or a first.
    pattern = 1.2 + 0.15 * np.sin(1.7 * np.arange(array.size).reshape(array.shape))
    return (array * pattern).astype(array.dtype)


def exchanged_arguments(
    name: str, label: str, probes: list[dict], received: list[np.ndarray], right: Callable
) -> str | None:
    """Two arguments whose exchange explains one part of all calls."""
    for one, other in combinations(probes[0], 2):
        shapes = [(np.shape(p.get(one)), np.shape(p.get(other))) for p in probes if one in p and other in p]
        if len(shapes) < len(probes) or any(a != b for a, b in shapes) or not _is_numeric(probes[0][one]):
            continue
        swapped = [right({**p, one: p[other], other: p[one]}) for p in probes]
        if all(s is not None and equal(r, s[name], 1e-4) for r, s in zip(received, swapped, strict=True)):
            return f"`{one}` and `{other}` are exchanged{_in(label)}."
    return None


def complement(name: str, label: str, probes: list[dict], received: list[np.ndarray], right: Callable) -> str | None:
    """An argument between 0 and 1 in whose place one minus it explains one part of all calls."""
    for argument in probes[0]:
        shares = [p[argument] for p in probes if isinstance(p.get(argument), float) and 0 < p[argument] < 1]
        if len(shares) < len(probes) or set(shares) == {0.5}:
            continue
        turned = [right({**p, argument: 1 - p[argument]}) for p in probes]
        if all(t is not None and equal(r, t[name], 1e-4) for r, t in zip(received, turned, strict=True)):
            return f"`1 - {argument}` stands where `{argument}` belongs{_in(label)}."
    return None


def _is_numeric(value) -> bool:
    return isinstance(value, int | float | np.number) or (isinstance(value, np.ndarray) and value.dtype.kind in "fiu")


# --- where a function is right, and where not ---


def where_wrong(probes: list[dict], wrong: list[bool], parameters: dict) -> str | None:
    """What tells the wrong calls from the right ones, in words; None if nothing does, or if all are wrong.

    Args:
        probes: the arguments of each call.
        wrong: whether its result is wrong.
        parameters: the solution's parameters, name to default.
    """
    if all(wrong) or not any(wrong):
        return None
    for words, holds in _features(probes, parameters):
        if holds == wrong:
            return words
    notes = list(dict.fromkeys(getattr(p, "note", "") for p, w in zip(probes, wrong, strict=True) if w))
    others = {getattr(p, "note", "") for p, w in zip(probes, wrong, strict=True) if not w}
    return " and ".join(notes) if len(notes) <= 2 and all(notes) and not others & set(notes) else None


def _features(probes: list[dict], parameters: dict) -> Iterator[tuple[str, list[bool]]]:
    notes = [getattr(probe, "note", "") for probe in probes]
    for note in dict.fromkeys(filter(None, notes)):
        yield note, [n == note for n in notes]
    for name in parameters:
        values = [probe.get(name) for probe in probes]
        if any(name not in probe for probe in probes):
            yield f"where `{name}` keeps its default", [name not in probe for probe in probes]
            continue
        if all(isinstance(v, bool) for v in values):
            for truth in (True, False):
                yield f"with `{name}={truth}`", [v is truth for v in values]
        elif all(isinstance(v, int | np.integer) for v in values):
            yield f"for an even `{name}`", [v % 2 == 0 for v in values]
            yield f"for an odd `{name}`", [v % 2 == 1 for v in values]
            yield f"for `{name}` above 1", [v > 1 for v in values]
            yield f"for `{name}` above 0", [v > 0 for v in values]
            yield f"for a negative `{name}`", [v < 0 for v in values]
        elif all(isinstance(v, np.ndarray) for v in values):
            dims = [v.ndim for v in values]
            for count in set(dims):
                yield f"where `{name}` has {count} axes", [d == count for d in dims]
            square = [v.ndim > 1 and v.shape[0] == v.shape[1] for v in values]
            yield f"where `{name}` is square", square
            yield f"where `{name}` is not square", [not s for s in square]
            yield f"for a single row of `{name}`", [len(v) == 1 for v in values]
        elif all(isinstance(v, list) for v in values):
            yield f"where `{name}` holds a NaN", [any(x != x for x in v) for v in values]


def affine(name: str, pairs: list[Pair], tolerance: float) -> str | None:
    """Channels that are right but for a factor or a constant of their own."""
    if not all(p.truth.ndim >= 2 and p.received.shape == p.truth.shape for p in pairs):
        return None
    shifts, factors = True, True
    for pair in pairs:
        truth = pair.truth.reshape(-1, pair.truth.shape[-1]).astype(float)
        received = pair.received.reshape(truth.shape).astype(float)
        if len(truth) < 3:
            return None
        off = received - truth
        shifts &= equal(off, np.broadcast_to(off.mean(axis=0), off.shape) * 1.0, tolerance)
        factor = (received * truth).sum(axis=0) / np.maximum((truth**2).sum(axis=0), 1e-300)
        factors &= equal(received, factor * truth, tolerance)
    if shifts:
        return f"Each channel{_in(name)} is right but for a constant: look at what is subtracted or added."
    if factors:
        return f"Each channel{_in(name)} is right but for a factor: look at what it is multiplied or divided by."
    return None


def spoiled_edge(pair: Pair, tolerance: float) -> str | None:
    """Everything right but for the first or last place along one axis."""
    if pair.truth.shape != pair.received.shape or pair.truth.ndim < 1:
        return None
    limit = tolerance * scale(pair.truth)
    wrong = ~np.isclose(pair.received.astype(float), pair.truth.astype(float), rtol=0, atol=limit, equal_nan=True)
    for axis in range(wrong.ndim):
        if wrong.shape[axis] < 3:
            continue
        along = wrong.any(axis=tuple(i for i in range(wrong.ndim) if i != axis))
        places = {"the first place": [0], "the last place": [len(along) - 1], "both ends": [0, len(along) - 1]}
        for words, expected in places.items():
            if list(np.flatnonzero(along)) == expected:
                return f"All is right but for {words} along axis {axis}."
    return None
