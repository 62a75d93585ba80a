"""Why results are wrong: the known mistake, or the general one, that gives the very same results."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from . import _general as general
from ._compare import Parts, close
from ._messages import called, capital, listed, verb, worst_element
from ._mistake import Mistake
from ._probe import Outcome


@dataclass(frozen=True)
class Explanation:
    """What is wrong with an answer.

    Args:
        text: sentences to the reader.
        mistake: the known mistake among them, or None.
        kind: "known", "general", or "generic" where nothing is named.
    """

    text: str
    mistake: Mistake | None = None
    kind: str = "generic"


@dataclass(frozen=True)
class Evidence:
    """All that was seen of an answer, beside what is right.

    Args:
        outcomes: what each call gave.
        truths: the right parts of each call.
        tolerance: of the comparison.
    """

    outcomes: list[Outcome]
    truths: list[Parts]
    tolerance: float

    @property
    def names(self) -> list[str]:
        return list(self.truths[0])

    @cached_property
    def _right(self) -> list[dict[str, bool]]:
        """Of each call, which parts are right."""
        return [
            {
                name: name in outcome.parts and close(outcome.parts[name], truth, truth, self.tolerance)
                for name, truth in truths.items()
            }
            for outcome, truths in zip(self.outcomes, self.truths, strict=True)
        ]

    def is_right(self, call: int, name: str) -> bool:
        return self._right[call][name]

    def wrong(self) -> list[str]:
        """The parts that are wrong in any call."""
        calls = range(len(self.truths))
        return [name for name in self.names if not all(self.is_right(i, name) for i in calls)]

    def wrong_calls(self) -> list[bool]:
        return [not all(self.is_right(i, name) for name in self.names) for i in range(len(self.truths))]

    def agrees(self, other: list[Outcome], name: str) -> bool:
        """Whether another answer gives the same part in all calls, or fails in the same way in some of them."""
        calls = range(len(self.truths))
        telling = any(self.outcomes[i].error or not self.is_right(i, name) for i in calls)
        return telling and all(self.agrees_in(i, other[i], name) for i in calls)

    def agrees_in(self, call: int, other: Outcome, name: str) -> bool:
        """Whether another answer gives the same part in one call, or fails in the same way."""
        mine = self.outcomes[call]
        if mine.failure or other.failure:
            return bool(mine.error) and mine.error == other.error
        return close(mine.parts[name], other.parts[name], self.truths[call][name], self.tolerance)

    def pairs(self, name: str) -> list[general.Pair]:
        return [
            general.Pair(outcome.probe, outcome.parts[name], truth[name])
            for outcome, truth in zip(self.outcomes, self.truths, strict=True)
        ]


@dataclass(frozen=True)
class Suspects:
    """What an exercise can compare an answer with.

    Args:
        known: each known mistake with its outcomes.
        mutants: gives (words, rank, parts) of each changed solution that agrees with the answer in these wrong parts,
            the most telling ones first.
        stub: outcomes of the function that was to be mended, or None.
        right, received: (arguments) -> parts of the solution and of the answer, or None after a failure.
        parameters: the solution's parameters.
    """

    known: list[tuple[Mistake, list[Outcome]]]
    mutants: Callable[[], list[tuple[str, int, list[str]]]]
    stub: Callable[[], list[Outcome] | None]
    right: Callable
    received: Callable
    parameters: dict


def explain(evidence: Evidence, suspects: Suspects) -> Explanation:
    """The explanation of everything that is wrong; or of a part of it, which it then names."""
    wrong = evidence.wrong()
    if mistake := _known(evidence, suspects, wrong):
        return Explanation(_told(mistake), mistake, "known")
    if any(outcome.error.startswith("Misfit") for outcome in evidence.outcomes):
        return Explanation("")
    if any(outcome.failure for outcome in evidence.outcomes):
        return Explanation(_elsewhere(evidence, suspects))
    stub = suspects.stub()
    if stub and all(evidence.agrees(stub, name) for name in wrong):
        return Explanation(
            "The results are still those of the function as it was given: nothing is mended.", None, "general"
        )
    calls = [(outcome.parts, truth) for outcome, truth in zip(evidence.outcomes, evidence.truths, strict=True)]
    if all(name for name in wrong) and (text := general.exchanged_results(wrong, calls, evidence.tolerance)):
        return Explanation(f"{text}{_rest(evidence, wrong)}", None, "general")
    mutants = suspects.mutants()
    if any(pair.received.shape != pair.truth.shape for name in wrong for pair in evidence.pairs(name)):
        mutants = [mutant for mutant in mutants if _AXES.search(mutant[0])]
    for words, rank, parts in mutants:
        if parts == wrong and rank <= 2 and not _is_constant(evidence, wrong):
            return Explanation(f"{_about(evidence, wrong, words)}{_rest(evidence, wrong)}", None, "general")
    return _part_by_part(evidence, suspects, wrong, mutants)


#: What is said of a changed solution whose result has the same wrong shape: it is about axes, or a factor.
_AXES = re.compile("axis|axes|taken over|transpos|factor|results stand|repeat", re.I)


def _is_constant(evidence: Evidence, names: list[str]) -> bool:
    return any(general.is_constant(name, evidence.pairs(name)) for name in names)


def _told(mistake: Mistake) -> str:
    return f"{capital(mistake.name)}. {mistake.hint}"


def _known(evidence: Evidence, suspects: Suspects, wrong: list[str]) -> Mistake | None:
    """The known mistake that gives every wrong part; of several, the one that claims least besides."""
    found = []
    for mistake, outcomes in suspects.known:
        if all(evidence.agrees(outcomes, name) for name in wrong):
            own = replace(evidence, outcomes=outcomes).wrong()
            found.append((len(set(own) - set(wrong)), mistake))
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _part_by_part(evidence: Evidence, suspects: Suspects, wrong: list[str], mutants: list) -> Explanation:
    """An explanation of each wrong part by itself."""
    texts, named, mistake = {}, False, None
    for name in wrong:
        known = next((m for m, outcomes in suspects.known if _fits_a_part(evidence, outcomes, name, wrong)), None)
        if known:
            texts.setdefault(_told(known), []).append(name)
            mistake, named = mistake or known, True
        elif words := _general(evidence, suspects, name, mutants):
            texts.setdefault(words, []).append(name)
            named = True
    unexplained = [name for name in wrong if not any(name in names for names in texts.values())]
    if not named:
        where = _elsewhere(evidence, suspects)
        worst = worst_element(evidence.outcomes, evidence.truths, evidence.tolerance, wrong)
        kind = "general" if where else "generic"
        return Explanation(f"{where} {worst}{_rest(evidence, wrong)}".strip(), None, kind)
    sentences = [_about(evidence, names, text) for text, names in texts.items()]
    if unexplained:
        sentences.append(f"{capital(listed(unexplained))} {verb(unexplained)} wrong besides.")
    return Explanation(" ".join(sentences) + _rest(evidence, wrong), mistake, "known" if mistake else "general")


def _about(evidence: Evidence, names: list[str], text: str) -> str:
    """The text, and the parts that it is about where there are others and it names none."""
    return text if len(names) == len(evidence.names) or called(names[0]) in text else f"For {listed(names)}: {text}"


def _fits_a_part(evidence: Evidence, outcomes: list[Outcome], name: str, wrong: list[str]) -> bool:
    """Whether a known mistake gives this wrong part, and spoils none that is right."""
    return evidence.agrees(outcomes, name) and set(replace(evidence, outcomes=outcomes).wrong()) <= set(wrong)


def _general(evidence: Evidence, suspects: Suspects, name: str, mutants: list) -> str | None:
    """The words for one wrong part, from the most telling kind to the least."""
    probes = [outcome.probe for outcome in evidence.outcomes]
    defaults = {key: default for key, default in suspects.parameters.items() if default is not inspect.Parameter.empty}
    pairs = [replace(pair, probe={**pair.probe, **defaults, **pair.probe}) for pair in evidence.pairs(name)]
    reacting = (probes[:4], list(suspects.parameters), suspects.received, suspects.right)
    # What a call leaves behind is the work of all lines together: one of them alone explains it by chance.
    alone = not name.startswith(("*", "call "))
    fitting = [(words, rank) for words, rank, parts in mutants if name in parts] if alone else []
    label = called(name) if name else ""
    tolerance = max(evidence.tolerance, 1e-6)
    kinds = (
        lambda: general.is_constant(label, pairs),
        lambda: next((words for words, rank in fitting if rank <= 2), None),
        lambda: general.relation(label, pairs, tolerance),
        lambda: general.with_other_part(name, pairs, evidence.truths, tolerance),
        lambda: general.exchanged_arguments(name, label, probes, [p.received for p in pairs], suspects.right),
        lambda: general.complement(name, label, probes, [p.received for p in pairs], suspects.right),
        lambda: general.ignored_argument(name, label, *reacting),
        lambda: next((words for words, _ in fitting), None),
        lambda: general.dependence(name, label, *reacting),
        lambda: general.uniform_factors(label, evidence.outcomes, pairs, tolerance),
        lambda: general.affine(label, pairs, tolerance),
        lambda: _edge(pairs, evidence.tolerance),
    )
    return next(filter(None, (kind() for kind in kinds)), None)


def _edge(pairs: list[general.Pair], tolerance: float) -> str | None:
    edges = [general.spoiled_edge(pair, tolerance) for pair in pairs]
    return edges[0] if edges[0] and all(edges) else None


def _elsewhere(evidence: Evidence, suspects: Suspects) -> str:
    """In which calls it goes wrong, if they have something in common."""
    wrong = evidence.wrong_calls()
    probes = [outcome.probe for outcome in evidence.outcomes]
    where = general.where_wrong(probes, wrong, suspects.parameters)
    return f"It goes wrong {where}, and is right elsewhere." if where else ""


def _rest(evidence: Evidence, wrong: list[str]) -> str:
    """Which parts are right."""
    right = [name for name in evidence.names if name not in wrong]
    return f" {capital(listed(right))} {verb(right)} right." if right and wrong else ""
