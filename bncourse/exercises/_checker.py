"""The three kinds of exercise, and the order in which an answer is diagnosed."""

import ast
import inspect
import re
import sys
import textwrap
import time
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, ClassVar

import numpy as np

from . import _mutants
from ._compare import Parts
from ._display import Verdict
from ._explain import Evidence, Suspects, explain
from ._guard import Clock, TimeIsUp, undone
from ._messages import not_finite, wrong_shape
from ._mistake import Mistake
from ._numbers import explain_numbers, read_numbers
from ._probe import Outcome, Prober, text_of_error

#: How long changed solutions are tried, in seconds of computing: the most telling ones come first.
_SEARCH = 4.0


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
        """Diagnose an answer; whatever the answer is or does, the result is a verdict. Only Ctrl+C gets through."""
        try:
            return self._check(answer)
        except KeyboardInterrupt:
            raise
        except TimeIsUp:
            return Verdict(False, None, "This answer takes too long to look at.", kind="unusable")
        except BaseException as error:
            return Verdict(False, None, f"This answer can't be checked. {text_of_error(error)}", kind="unusable")

    def _check(self, answer) -> Verdict:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True, eq=False)
class Function(Exercise):
    """Write a function, or mend one.

    Args:
        solution: the function; its source is what the chapter shows, so it uses only its own body, `np` and `imports`.
        probes: gives the calls to compare, each a dictionary of arguments by the solution's parameter names; a `Case`
            says in words what is special about it.
        broken: a function with bugs, to be mended; without one, the stub is the solution's signature and docstring.
        imports: import lines that the stub needs beside NumPy.
        run: (function, **arguments): calls the function where probes only describe its arguments, perhaps a model. What
            the function returns is compared; so is the named tuple that `run` returns, of what it leaves behind: a
            gradient, a trained network. Its fields name that in messages.
        by_name: arguments that later cells pass by name, beside those that have a default.
        tensors: whether later cells pass tensors, also those of a compiled function.
        also: other right answers: a mistake is also recognized by what it changes in one of them.
        tolerance: the largest difference from the truth, relative to the largest element of each array.
        in_place: for arguments that nothing may change in any way, what is said to an answer that does.
    """

    kind: ClassVar[str] = "function"

    solution: Callable
    probes: Callable[[], Iterable[dict[str, Any]]]
    broken: Callable | None = None
    imports: str = ""
    run: Callable | None = None
    by_name: tuple[str, ...] = ()
    tensors: bool = False
    also: tuple[Callable, ...] = ()
    tolerance: float = 1e-4
    in_place: dict[str, str] = field(default_factory=dict)

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

    def evidence(self, answer, clock: Clock | None = None) -> Evidence:
        """What an answer gives in all probes, beside what is right; a call that takes too long is the last one."""
        clock, outcomes = clock or Clock(), []
        for probe, forms in zip(self._cases, self._forms, strict=True):
            outcomes.append(self._prober.observe(answer, probe, forms, clock))
            if outcomes[-1].late:
                break
        return Evidence(outcomes, self._truths[: len(outcomes)], self.tolerance)

    def accepts(self, answer) -> bool:
        """Whether `check` passes the answer, without a diagnosis."""
        clock, outcomes = Clock(), []
        for probe, forms, truth in zip(self._cases, self._forms, self._truths, strict=True):
            outcomes.append(self._prober.observe(answer, probe, forms, clock))
            if outcomes[-1].failure or Evidence(outcomes[-1:], [truth], self.tolerance).wrong():
                return False
        return self._flaw(answer, Evidence(outcomes, self._truths, self.tolerance), clock) is None

    def _check(self, answer) -> Verdict:
        self._truths  # noqa: B018 (what it loads, TensorFlow perhaps, is not the answer's time)
        if self.tensors:
            self._tensor_trial  # noqa: B018
        clock = Clock()
        with clock.running():
            if answer is ... or self._is_untouched(answer):
                todo = "Mend the function above" if self.broken else "Replace `...` in the cell above"
                return Verdict(False, None, f"{todo}, run it, then run this cell again.", False, kind="untouched")
            if not callable(answer):
                message = f"The check takes the function itself, without calling it: pass `{self.name}`."
                return Verdict(False, None, message, kind="unusable")
        evidence = self.evidence(answer, clock)
        _show(evidence.outcomes[0].printed)
        return self._verdict(answer, evidence, clock)

    def _verdict(self, answer, evidence: Evidence, clock: Clock) -> Verdict:
        """The first thing that is wrong, and why."""
        outcomes, truths = evidence.outcomes, evidence.truths
        if outcomes[-1].late:
            message = f"{outcomes[-1].failure} Does every loop in it end? If the machine is busy, try again."
            return Verdict(False, None, message, kind="unusable")
        failure = next((outcome.failure for outcome in outcomes if outcome.failure), "")
        if not failure and not evidence.wrong():
            flaw = self._flaw(answer, evidence, clock)
            return Verdict(flaw is None, None, flaw or "", kind="general" if flaw else "passed")
        if not failure and (text := self._other_default(answer, evidence, clock)):
            return Verdict(False, None, text, kind="general")
        why = explain(evidence, self._suspects(answer, evidence, clock))
        sentence = failure
        if not failure and (shape := wrong_shape(outcomes, truths)):
            sentence, text = shape[1], why.text if why.kind != "generic" else ""
            return Verdict(False, why.mistake, f"{sentence} {text}".strip(), kind=_kind(why, "shape"))
        if not failure and why.kind != "known" and (text := not_finite(outcomes, truths)):
            return Verdict(False, None, text, kind="generic")
        kind = "unusable" if failure and why.kind == "generic" else why.kind
        return Verdict(False, why.mistake, f"{sentence} {why.text}".strip(), kind=kind)

    def _flaw(self, answer, evidence: Evidence, clock: Clock) -> str | None:
        """What is wrong with an answer whose results are right."""
        changed = next((outcome.changed for outcome in evidence.outcomes if outcome.changed), ())
        if changed:
            names = " and ".join(f"`{name}`" for name in changed)
            advice = self.in_place.get(changed[0], "Compute a new array instead.")
            return f"Your function changed {names} in place, and the caller still needs it. {advice}"
        again = self._prober.observe(answer, self._cases[0], self._forms[0], clock)
        if Evidence([again], self._truths[:1], self.tolerance).wrong():
            return (
                f"The first call of `{again.call}` was right, and the same call later gives something else: the result "
                "must depend on the arguments alone, not on what came before."
            )
        return self._flaw_with_tensors(answer, clock) if self.tensors else None

    def _flaw_with_tensors(self, answer, clock: Clock) -> str | None:
        with undone():
            try:
                with clock.running():
                    return self._tensor_trial.flaw(lambda **given: self._prober.call(answer, given))
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                return (
                    f"Your function works on arrays, and later cells call it with tensors, where it fails "
                    f"({text_of_error(error)}). Plain operators such as `**` work on both; functions of NumPy do not."
                )

    @cached_property
    def _tensor_trial(self):
        from ._tensors import Trial

        return Trial(self.solution, self._cases[0])

    def _other_default(self, answer, evidence: Evidence, clock: Clock) -> str | None:
        """Whether the answer differs because a default is not the stub's: the only thing wrong, once it is passed."""
        defaults = {
            name: parameter.default
            for name, parameter in self._prober.signature.parameters.items()
            if parameter.default is not parameter.empty
        }
        outcomes = list(evidence.outcomes)
        for i, probe in enumerate(self._cases):
            left_out = [name for name in defaults if name not in probe]
            if left_out and any(not evidence.is_right(i, name) for name in evidence.names):
                filled = {**probe, **{name: defaults[name] for name in left_out}}
                outcomes[i] = self._prober.observe(answer, filled, self._forms[i], clock)
        if Evidence(outcomes, self._truths, self.tolerance).wrong():
            return None
        names = " and ".join(f"`{name}={defaults[name]}`" for name in defaults)
        return f"Right where every argument is given. The default is another one than the stub's: keep {names}."

    def _suspects(self, answer, evidence: Evidence, clock: Clock) -> Suspects:
        return Suspects(
            known=self._known,
            mutants=lambda: self._equal_mutants(evidence),
            stub=lambda: self._stub_outcomes,
            right=self._right,
            received=self._parts_of(answer, clock),
            parameters={name: p.default for name, p in self._prober.signature.parameters.items()},
        )

    def _parts_of(self, function, clock: Clock) -> Callable[[dict], Parts | None]:
        """(arguments) -> parts of what a function gives for them, or None after a failure; each call is made once."""
        seen = {}

        def parts(arguments: dict) -> Parts | None:
            key = tuple((k, v.tobytes() if isinstance(v, np.ndarray) else repr(v)) for k, v in arguments.items())
            if key not in seen:
                outcome = self._prober.observe(function, arguments, self._forms[0], clock)
                seen[key] = None if outcome.failure else outcome.parts
            return seen[key]

        return parts

    @cached_property
    def _right(self) -> Callable[[dict], Parts | None]:
        return self._parts_of(self.solution, Clock(600))

    def _is_untouched(self, answer) -> bool:
        code = getattr(answer, "__code__", None)
        return isinstance(code, types.CodeType) and _fingerprint(code) in self._untouched

    @cached_property
    def _untouched(self) -> set[tuple]:
        """The stub's fingerprints: Python compiles calls such as `np.pad` differently where `np` is imported beside."""
        found = set()
        for start in ("", "import numpy as np\n"):
            namespace = {"np": np}
            exec(start + self.stub_code, namespace)
            found.add(_fingerprint(namespace[self.name].__code__))
        return found

    @cached_property
    def _prober(self) -> Prober:
        return Prober(self.solution, self.run, self.solution_code, self.by_name)

    @cached_property
    def _cases(self) -> list[dict]:
        return list(self.probes())

    @cached_property
    def _forms(self) -> list:
        return [self._prober.forms(probe) for probe in self._cases]

    @cached_property
    def _truths(self) -> list[Parts]:
        return [outcome.parts for outcome in self._all(self.solution, must_work=True)]

    @cached_property
    def _known(self) -> list[tuple[Mistake, list[Outcome]]]:
        return [(mistake, self._all(mistake.wrong_answer)) for mistake in self.mistakes]

    @cached_property
    def _stub_outcomes(self) -> list[Outcome] | None:
        return self._all(self.broken) if self.broken else None

    @cached_property
    def _mutants(self) -> list[_mutants.Mutant]:
        """The solution changed in one place; few where a call is slow."""
        found = [_mutants.of_function(answer, 30 if self.run else None) for answer in (self.solution, *self.also)]
        return sorted((mutant for mutants in found for mutant in mutants if mutant.words), key=lambda m: m.rank)

    def _equal_mutants(self, evidence: Evidence) -> list[tuple[str, int, list[str]]]:
        """The mutants that give a wrong part of the answer in all calls: (words, rank, these parts)."""
        found, wrong, started = [], evidence.wrong(), time.process_time()
        with undone():
            for mutant in self._mutants:
                if time.process_time() - started > _SEARCH:
                    break
                parts = wrong
                for i in range(len(self._cases)):
                    outcome = self._outcome_of(mutant, i)
                    parts = [name for name in parts if outcome and evidence.agrees_in(i, outcome, name)]
                    if not parts:
                        break
                if parts:
                    found.append((mutant.words, mutant.rank, parts))
        return found

    @cache  # noqa: B019 (exercises live as long as the package)
    def _outcome_of(self, mutant, i: int) -> Outcome | None:
        """What a changed solution gives in one of the calls, kept for the next answer."""
        return self._prober.quick(mutant.value, self._cases[i], self._forms[i])

    def _all(self, answer, must_work: bool = False) -> list[Outcome]:
        clock = Clock(120)
        pairs = zip(self._cases, self._forms, strict=True)
        outcomes = [self._prober.observe(answer, probe, forms, clock) for probe, forms in pairs]
        if must_work and (failures := [outcome.failure for outcome in outcomes if outcome.failure]):
            raise RuntimeError(failures[0])  # TensorFlow is missing, for instance
        return outcomes


def _kind(why, otherwise: str) -> str:
    return otherwise if why.kind == "generic" else why.kind


def _show(printed: str) -> None:
    """Print once what an answer printed in its first call."""
    if printed:
        print(printed.rstrip("\n"), file=sys.stdout)


@dataclass(frozen=True, kw_only=True, eq=False)
class Value(Exercise):
    """Give a value: a number, a shape, a prediction.

    Args:
        name: the variable's name in the reader's notebook.
        solution_code: code that sets the variable `name`; the chapter shows it.
        comment: what the value looks like, shown in the stub: "(height, width, channels)".
        tolerance: the largest difference from the truth, relative to it: readers round. Whole numbers are exact.
        accepted: other answers that are right, such as those made of figures that the text has rounded.
        categories: whether the numbers are names of something: then none is too large or too small.
    """

    kind: ClassVar[str] = "value"

    name: str
    solution_code: str
    comment: str = ""
    tolerance: float = 5e-3
    accepted: tuple = ()
    categories: bool = False
    stub: Any = field(default=..., init=False)

    @cached_property
    def solution(self):
        namespace = {"np": np}
        exec(self.solution_code, namespace)
        return namespace[self.name]

    @property
    def stub_code(self) -> str:
        return f"{self.name} = ...  # {self.comment}" if self.comment else f"{self.name} = ..."

    @cached_property
    def labels(self) -> list[str]:
        """What each number of the value is, as the comment says; none where it does not."""
        inside = re.fullmatch(r"\((.*)\)", self.comment)
        labels = [label.strip() for label in inside[1].split(",")] if inside else []
        return labels if len(labels) == np.size(self.solution) else []

    def _check(self, answer) -> Verdict:
        with undone(), Clock().running():
            if answer is ... or (isinstance(answer, tuple | list) and any(part is ... for part in answer)):
                return Verdict(False, None, _REPLACE, False, kind="untouched")
            numbers, problem = read_numbers(answer, self.solution, self.labels)
        if problem:
            return Verdict(False, None, problem, kind="unusable")
        why = explain_numbers(numbers, self)
        return Verdict(why is None, why and why.mistake, why.text if why else "", kind=why.kind if why else "passed")

    @cached_property
    def changed_values(self) -> list[tuple[str, int, np.ndarray]]:
        """What the solution's code gives when one place in it is changed: (words, rank, numbers)."""
        found = []
        with undone():
            changed = list(_mutants.mutants(self.solution_code, self.name, {"np": np}))
        for mutant in changed:
            numbers, problem = read_numbers(mutant.value, self.solution, [])
            if not problem and mutant.words:
                found.append((mutant.words, mutant.rank, numbers))
        return found

    @cached_property
    def on_the_way(self) -> list[float]:
        """What the expressions in the solution's code give that are no answer themselves."""
        namespace, found = {"np": np}, []
        with undone():
            exec(self.solution_code, namespace)
            for node in ast.walk(ast.parse(self.solution_code)):
                if isinstance(node, ast.BinOp | ast.Call) or isinstance(getattr(node, "ctx", None), ast.Load):
                    value = eval(compile(ast.Expression(node), "<a part of the solution>", "eval"), dict(namespace))
                    if isinstance(value, int | float | np.number):
                        found.append(float(value))
        return [value for value in found if not np.any(np.isclose(value, np.ravel(self.solution).astype(float)))]


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
            return Verdict(False, None, _REPLACE, False, kind="untouched")
        letter = str(answer).strip(" .()").lower() if type(answer) in (str, np.str_) else None
        if letter not in self.options:
            message = f"Answer with one letter in quotes: {', '.join(self._letters())}."
            return Verdict(False, None, message, kind="unusable")
        mistake = next((mistake for mistake in self.mistakes if mistake.wrong_answer == letter), None)
        return Verdict(mistake is None, mistake, self.reasons[letter], kind="known" if mistake else "passed")


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
