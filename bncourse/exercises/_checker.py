"""The three kinds of exercise, and how an answer is diagnosed."""

import ast
import copy
import inspect
import re
import textwrap
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ._diagnosis import DIAGNOSES, Outcome, Unreadable, close, exception_sentence, parts, worst_element
from ._display import Verdict
from ._mistake import Mistake


@dataclass(frozen=True, kw_only=True, eq=False)
class Exercise:
    """What every exercise has; `solution`, `stub` and each mistake's `wrong_answer` are answers that `check` takes.

    Args:
        id: the chapter's slug and the position in its set: "forward.2".
        title: a few words.
        statement: what is asked, in Markdown.
        hints: Markdown, from gentle to nearly there.
        explanation: Markdown that follows the solution.
        mistakes: the known mistakes, at least three.
    """

    kind: ClassVar[str]

    id: str
    title: str
    statement: str
    hints: tuple[str, ...]
    explanation: str = ""
    mistakes: tuple[Mistake, ...] = ()

    @property
    def slug(self) -> str:
        return self.id.split(".")[0]

    def check(self, answer) -> Verdict:
        """Diagnose an answer; whatever the answer is or does, the result is a verdict and no exception."""
        try:
            return self._check(answer)
        except Exception as error:
            return Verdict(False, None, f"This answer can't be checked. {type(error).__name__}: {error}")

    def _check(self, answer) -> Verdict:
        raise NotImplementedError


class _Compared(Exercise):
    """An exercise whose answers give numbers, to be compared with the solution's and with every known mistake's."""

    tolerance: float

    def _outcomes(self, answer) -> list[Outcome]:
        raise NotImplementedError

    @cached_property
    def _truths(self) -> list:
        outcomes = self._outcomes(self.solution)
        for outcome in outcomes:
            if outcome.raised:  # TensorFlow is missing, for instance
                raise RuntimeError(outcome.error)
        return [outcome.value for outcome in outcomes]

    @cached_property
    def _truth(self) -> dict[tuple[int, str], np.ndarray]:
        return self._read([Outcome(value) for value in self._truths])

    @cached_property
    def _known(self) -> list[tuple[Mistake, dict]]:
        with np.errstate(all="ignore"):
            return [(mistake, self._read(self._outcomes(mistake.wrong_answer))) for mistake in self.mistakes]

    def _read(self, outcomes: list[Outcome]) -> dict[tuple[int, str], np.ndarray]:
        """Every part of every outcome, by the outcome's position and the part's name; an exception by its type's."""
        found = {}
        for i, (outcome, truth) in enumerate(zip(outcomes, self._truths, strict=True)):
            if outcome.raised:
                found[i, outcome.raised] = np.empty(0)
                continue
            try:
                found.update({(i, name): part for name, part in parts(outcome.value, truth).items()})
            except Unreadable:
                continue
        return found

    def _diagnose(self, answer) -> Verdict:
        outcomes = self._outcomes(answer)
        results = self._read(outcomes)
        mistake = self._recognize(results)
        named = f"{mistake.name[:1].upper()}{mistake.name[1:]}. {mistake.hint}" if mistake else ""
        for diagnosis in DIAGNOSES:
            for outcome, truth in zip(outcomes, self._truths, strict=True):
                if sentence := diagnosis(outcome, truth):
                    return Verdict(False, mistake, f"{sentence} {named}".rstrip())
        if mistake:
            return Verdict(False, mistake, named)
        if self._wrong(results):
            return Verdict(False, None, worst_element(outcomes, self._truths))
        return Verdict(True, None, "")

    def _wrong(self, results: dict[tuple[int, str], np.ndarray]) -> set[tuple[int, str]]:
        """Where results differ from the truth's."""
        return {k for k, part in results.items() if k not in self._truth or not self._close(part, self._truth[k], k)}

    def _close(self, part: np.ndarray, other: np.ndarray, key: tuple[int, str]) -> bool:
        return close(part, other, self._truth.get(key, part), self.tolerance)

    def _recognize(self, results: dict[tuple[int, str], np.ndarray]) -> Mistake | None:
        """The known mistake that explains most of what is wrong, if what it explains can't be chance."""
        wrong = self._wrong(results)
        best, most = None, ()
        for mistake, known in self._known:
            explained = {k for k in wrong if k in known and self._close(results[k], known[k], k)}
            own = self._wrong(known)
            # Of two that explain the same, the one that claims less besides.
            rank = (len(explained), -len(own - explained))
            if explained and rank > most and self._is_telling(explained, own, wrong):
                best, most = mistake, rank
        return best

    def _is_telling(self, explained: set, own: set, wrong: set) -> bool:
        """Whether agreement is no coincidence.

        Either the answer shows all that the mistake gets wrong (and if that is a single thing, nothing else is wrong),
        or several decimals agree in a part of the result, in half of the calls at least: a special case may look like
        another mistake.
        """
        raised = wrong - self._truth.keys()
        if own <= explained and raised <= own and (len(own) > 1 or own == wrong):
            return True
        decimals = [
            k for k in explained if k in self._truth and self._truth[k].dtype.kind == "f" and self._truth[k].size > 1
        ]
        names = [name for _, name in decimals]
        return any(2 * names.count(name) >= sum(key[1] == name for key in wrong) for name in set(names))


@dataclass(frozen=True, kw_only=True, eq=False)
class Function(_Compared):
    """Write a function, or mend one.

    Args:
        solution: the function; its source is what the chapter shows, so it uses only its own body, `np` and `imports`.
        probes: gives the calls to compare, each a dictionary of arguments by the solution's parameter names.
        broken: a function with bugs, to be mended; without one, the stub is the solution's signature and docstring.
        imports: import lines that the stub needs beside NumPy.
        run: (function, **arguments) -> the numbers to compare, where the result itself can't be compared.
        tolerance: the largest difference from the truth, relative to the largest element of each array.
    """

    kind: ClassVar[str] = "function"

    solution: Callable
    probes: Callable[[], Iterable[dict[str, Any]]]
    broken: Callable | None = None
    imports: str = ""
    run: Callable | None = None
    tolerance: float = 1e-4

    @property
    def name(self) -> str:
        """The function's name in the reader's notebook."""
        return self.solution.__name__

    @cached_property
    def solution_code(self) -> str:
        return _source(self.solution)

    @cached_property
    def stub_code(self) -> str:
        code = _renamed(_source(self.broken), self.name) if self.broken else _without_body(self.solution_code)
        return f"{self.imports.strip()}\n\n\n{code}" if self.imports else code

    @cached_property
    def stub(self) -> Callable:
        namespace = {"np": np}
        exec(self.stub_code, namespace)
        return namespace[self.name]

    def _check(self, answer) -> Verdict:
        if answer is ... or self._is_untouched(answer):
            todo = "mend the function above" if self.broken else "replace `...` in the cell above"
            return Verdict(False, None, f"{todo[:1].upper()}{todo[1:]}, run it, then run this cell again.", False)
        if not callable(answer):
            message = f"The check takes the function itself, without calling it: pass `{self.name}`."
            return Verdict(False, None, message)
        return self._diagnose(answer)

    def _is_untouched(self, answer) -> bool:
        code = getattr(answer, "__code__", None)
        return code is not None and _fingerprint(code) in self._untouched

    @cached_property
    def _untouched(self) -> set[tuple]:
        """The stub's fingerprints: Python compiles calls such as `np.pad` differently where `np` is imported beside."""
        found = set()
        for start in ("", "import numpy as np\n"):
            namespace = {"np": np}
            exec(start + self.stub_code, namespace)
            found.add(_fingerprint(namespace[self.name].__code__))
        return found

    def _outcomes(self, answer) -> list[Outcome]:
        return [self._outcome(answer, probe) for probe in self.probes()]

    def _outcome(self, answer, probe: dict) -> Outcome:
        arguments = copy.deepcopy(probe)
        call = f"{self.name}({', '.join(_argument(name, value) for name, value in probe.items())})"
        try:
            value = self.run(answer, **arguments) if self.run else self._call(answer, arguments)
        except (Exception, SystemExit) as error:
            sentence = f"{exception_sentence(error, answer)} The call was `{call}`."
            return Outcome(call=call, raised=type(error).__name__, error=sentence)
        changed = tuple(name for name in probe if not _same(probe[name], arguments[name]))
        return Outcome(value, call, changed=changed)

    def _call(self, answer, arguments: dict):
        """Call `answer` as the stub's signature says, or by keyword or position alone if it only takes that."""
        positional, keywords = [], dict(arguments)
        for parameter in inspect.signature(self.solution).parameters.values():
            if parameter.kind is parameter.KEYWORD_ONLY or parameter.name not in keywords:
                break
            positional.append(keywords.pop(parameter.name))
        try:
            signature = inspect.signature(answer)
        except (TypeError, ValueError):  # some compiled functions have none
            return answer(*positional, **keywords)
        for args, kwargs in ((positional, keywords), ((), arguments), (tuple(arguments.values()), {})):
            try:
                signature.bind(*args, **kwargs)
            except TypeError:
                continue
            return answer(*args, **kwargs)
        raise TypeError(f"the signature {signature} does not take these arguments; keep the one of the stub")


@dataclass(frozen=True, kw_only=True, eq=False)
class Value(_Compared):
    """Give a value: a number, a shape, a prediction.

    Args:
        name: the variable's name in the reader's notebook.
        solution_code: code that sets the variable `name`; the chapter shows it.
        comment: what the value looks like, shown in the stub: "(height, width, channels)".
        tolerance: the largest difference from the truth, relative to it: readers round. Whole numbers are exact.
    """

    kind: ClassVar[str] = "value"

    name: str
    solution_code: str
    comment: str = ""
    tolerance: float = 5e-3
    stub: Any = field(default=..., init=False)

    @cached_property
    def solution(self):
        namespace = {"np": np}
        exec(self.solution_code, namespace)
        return namespace[self.name]

    @property
    def stub_code(self) -> str:
        return f"{self.name} = ...  # {self.comment}" if self.comment else f"{self.name} = ..."

    def _check(self, answer) -> Verdict:
        if answer is ... or (isinstance(answer, tuple | list) and any(part is ... for part in answer)):
            return Verdict(False, None, _REPLACE, False)
        return self._diagnose(answer)

    def _outcomes(self, answer) -> list[Outcome]:
        return [Outcome(answer)]

    def _read(self, outcomes: list[Outcome]) -> dict[tuple[int, str], np.ndarray]:
        """Each number of the answer by itself: one of them may show a mistake while others are right."""
        found = super()._read(outcomes).values()
        numbers = [number for part in found if part.size == np.size(self.solution) for number in part.flat]
        return {(0, str(i)): np.asarray(number) for i, number in enumerate(numbers)}

    def _is_telling(self, explained: set, own: set, wrong: set) -> bool:
        """Numbers in an answer are worked out one by one: half of a mistake is enough if nothing else is wrong."""
        return own <= explained or (wrong <= explained and 2 * len(explained) >= len(own))


@dataclass(frozen=True, kw_only=True, eq=False)
class Choice(Exercise):
    """Choose an answer; the known mistakes are the wrong options.

    Args:
        name: the variable's name in the reader's notebook.
        options: the text of each option by its letter, in Markdown.
        reasons: for each letter, why the option is right or wrong: plain text as in a mistake's hint.
        solution: the letter of the right option.
    """

    kind: ClassVar[str] = "choice"

    name: str
    options: dict[str, str]
    reasons: dict[str, str]
    solution: str
    stub: Any = field(default=..., init=False)

    def __post_init__(self):
        wrong = (letter for letter in self.options if letter != self.solution)
        mistakes = tuple(Mistake(f"option {letter}", self.reasons[letter], letter) for letter in wrong)
        object.__setattr__(self, "mistakes", mistakes)

    @property
    def solution_code(self) -> str:
        return f'{self.name} = "{self.solution}"'

    @property
    def stub_code(self) -> str:
        return f"{self.name} = ...  # one of {', '.join(self._letters())}"

    def _letters(self) -> list[str]:
        return [f'"{letter}"' for letter in self.options]

    def _check(self, answer) -> Verdict:
        if answer is ...:
            return Verdict(False, None, _REPLACE, False)
        letter = answer.strip(" .()").lower() if isinstance(answer, str) else None
        if letter not in self.options:
            return Verdict(False, None, f"Answer with one letter in quotes: {', '.join(self._letters())}.")
        mistake = next((mistake for mistake in self.mistakes if mistake.wrong_answer == letter), None)
        return Verdict(mistake is None, mistake, self.reasons[letter])


_REPLACE = "Replace `...` in the cell above, run it, then run this cell again."


def _source(function: Callable) -> str:
    return textwrap.dedent(inspect.getsource(function)).strip()


def _renamed(code: str, name: str) -> str:
    return re.sub(r"\bdef \w+", f"def {name}", code, count=1)


def _without_body(code: str) -> str:
    """The signature and the docstring, with `...` for the rest."""
    first = ast.parse(code).body[0].body[0]
    if not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)):
        raise ValueError("expected a solution with a docstring")
    return "\n".join([*code.splitlines()[: first.end_lineno], "    ..."])


def _fingerprint(code: types.CodeType) -> tuple:
    """What a function does, without its docstring and where it stands; equal for two runs of the same cell."""
    constants = code.co_consts[1:] if code.co_consts and isinstance(code.co_consts[0], str) else code.co_consts
    nested = tuple(_fingerprint(c) if isinstance(c, types.CodeType) else repr(c) for c in constants)
    return code.co_code, code.co_names, code.co_varnames, nested


def _argument(name: str, value) -> str:
    """An argument as a message shows it: small things by value, arrays by shape."""
    if hasattr(value, "shape") and len(value.shape):
        return f"{name}: {tuple(value.shape)}"
    return f"{name}={value!r}" if len(repr(value)) <= 40 else f"{name}=…"


def _same(before, after) -> bool:
    """Whether an argument is what it was; objects that hold no numbers are taken to be."""
    if isinstance(before, tuple | list):
        return len(before) == len(after) and all(map(_same, before, after))
    try:
        before, after = np.asarray(before), np.asarray(after)
    except Exception:
        return True
    if before.dtype.kind not in "biuf":
        return True
    return before.shape == after.shape and bool(np.array_equal(before, after, equal_nan=True))
