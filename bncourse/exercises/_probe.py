"""One call of an answer: what it returned, changed and printed, or how it failed, as plain data."""

import copy
import functools
import inspect
import os
import re
import textwrap
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ._compare import Form, Parts, Unreadable, same_argument
from ._guard import Clock, TimeIsUp, undone

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_LIBRARIES = (_HERE, os.path.dirname(os.__file__), "<frozen", "<__array_function__")
_FOREIGN = ("site-packages", "dist-packages", "__autograph_generated_file")
_LONGEST = 240


class Case(dict):
    """The arguments of one probe, with words for what is special about it: "where the loss is NaN"."""

    def __init__(self, note: str = "", /, **arguments):
        super().__init__(arguments)
        self.note = note


@dataclass(frozen=True)
class Outcome:
    """What one call gave; for an exercise that asks for a value, the value.

    Args:
        probe: the arguments by name.
        call: the call as text, empty for a value.
        parts: the result's parts by name, and those of what the call left behind; empty after a failure.
        failure: a sentence about the exception or about a result that has not the form it should have.
        error: the exception's type and message, empty without one: two answers that raise the same are alike.
        changed: the names of the arguments that were changed in place.
        printed: the beginning of what was printed.
        late: whether the call was stopped because it took too long.
    """

    probe: dict[str, Any] = field(default_factory=dict)
    call: str = ""
    parts: Parts = field(default_factory=dict)
    failure: str = ""
    error: str = ""
    changed: tuple[str, ...] = ()
    printed: str = ""
    late: bool = False


class Prober:
    """Calls answers of one exercise as its solution is called.

    Args:
        solution: the function whose signature and results the others are to have.
        run: (function, **arguments): calls the function, and returns a named tuple of what that leaves behind, if any.
        source: the solution's source, which names the parts of its result.
        by_name: the arguments that are passed by name, beside those with a default.
    """

    def __init__(self, solution: Callable, run: Callable | None, source: str, by_name: tuple[str, ...] = ()):
        self.solution, self.run, self.source, self.by_name = solution, run, source, by_name
        self.signature = inspect.signature(solution)

    def forms(self, probe: dict) -> list[Form]:
        """The forms of what the solution returns in this probe: one, or one for each call that `run` makes."""
        results = []

        def kept(*args, **kwargs):
            results.append(self.solution(*args, **kwargs))
            return results[-1]

        arguments = copy.deepcopy(probe)
        with undone():
            self.run(kept, **arguments) if self.run else kept(**arguments)
            return [Form.of(result, self.source) for result in results]

    def observe(self, answer, probe: dict, forms: list[Form], clock: Clock) -> Outcome:
        """Call `answer` with a copy of the probe's arguments; whatever it does, it is back in time and undone."""
        arguments = copy.deepcopy(probe)
        call = text_of_call(self.solution.__name__, probe)
        parts: Parts = {}
        inside = [False]  # whether the exception comes from the answer, or from what `run` does with its result
        late = False
        failure = error_text = printed = ""
        try:
            with undone() as output:
                try:
                    with clock.running():
                        self._fill(parts, answer, arguments, forms, inside)
                        changed = tuple(name for name in probe if not same_argument(probe[name], arguments[name]))
                        return Outcome(probe, call, parts, changed=changed, printed=output.getvalue())
                except KeyboardInterrupt:
                    raise
                except TimeIsUp:
                    late = True
                    failure = f"The call `{call}` was stopped after {clock.seconds:.0f} seconds."
                except Unreadable as mismatch:
                    error_text, failure = f"Unreadable: {mismatch}", _unreadable(mismatch, call)
                except BaseException as error:
                    error_text, failure = text_of_error(error), _failure(error, answer, call, inside[0])
                printed = output.getvalue()
        except TimeIsUp:  # it rang while the first one was handled
            late, failure = True, f"The call `{call}` was stopped."
        return Outcome(probe, call, {}, failure, error_text, printed=printed, late=late)

    def quick(self, function: Callable, probe: dict, forms: list[Form]) -> Outcome | None:
        """The outcome of a function of ours, without protection; None if it fails."""
        parts: Parts = {}
        try:
            self._fill(parts, function, copy.deepcopy(probe), forms, [False])
        except Exception:
            return None
        return Outcome(probe, parts=parts)

    def _fill(self, parts: Parts, answer, arguments: dict, forms: list[Form], inside: list[bool]) -> None:
        calls = iter(range(len(forms)))

        def read(result):
            number = next(calls, len(forms) - 1)
            for name, part in forms[number].read(result).items():
                parts[name if not number else f"{name}, call {number + 1}".strip(", ")] = part
            return result

        if not self.run:
            inside[0] = True
            read(self.call(answer, arguments))
            return

        @functools.wraps(self.solution)
        def recorded(*args, **kwargs):
            inside[0] = True
            given = self.signature.bind(*args, **kwargs).arguments
            result = read(self.call(answer, given))
            inside[0] = False
            return result

        left = self.run(recorded, **arguments)
        for name, value in left._asdict().items() if hasattr(left, "_asdict") else ():
            parts.update({f"*{name}": part for part in Form.of(value).read(value).values()})

    def call(self, answer, arguments: dict):
        """Call `answer` as the notebook does: by position, and by name what has a default or is passed by name."""
        positional, keywords = [], dict(arguments)
        for parameter in self.signature.parameters.values():
            named = parameter.kind is parameter.KEYWORD_ONLY or parameter.default is not parameter.empty
            if named or parameter.name in self.by_name or parameter.name not in keywords:
                break
            positional.append(keywords.pop(parameter.name))
        try:
            signature = inspect.signature(answer)
        except (TypeError, ValueError):  # some compiled functions have none
            return answer(*positional, **keywords)
        for args, kwargs in ((positional, keywords), ((), arguments)):
            try:
                signature.bind(*args, **kwargs)
            except TypeError:
                continue
            return answer(*args, **kwargs)
        raise Misfit(self._misfit(signature, keywords))

    def _misfit(self, signature: inspect.Signature, keywords: dict) -> str:
        """Why the arguments do not fit the answer's signature."""
        expected, own = list(self.signature.parameters), list(signature.parameters)
        lost = [name for name in keywords if name not in own]
        if lost and len(own) >= len(expected):
            names = " and ".join(f"`{name}`" for name in lost)
            verb = "is" if len(lost) == 1 else "are"
            return f"{names} {verb} passed by name, and your function calls it otherwise: keep the names of the stub."
        return f"Your function takes the arguments `{signature}`, and is called with `({', '.join(expected)})`."


class Misfit(TypeError):
    """Arguments that do not fit the answer's signature; its text is a whole sentence."""


def text_of_call(name: str, probe: dict) -> str:
    return f"{name}({', '.join(_argument(key, value) for key, value in probe.items())})"


def _argument(name: str, value) -> str:
    """An argument as a message shows it: small things by value, arrays by shape."""
    if hasattr(value, "shape") and len(value.shape):
        return f"{name}: {tuple(value.shape)}"
    return f"{name}=…" if callable(value) or len(repr(value)) > 60 else f"{name}={value!r}"


def _unreadable(mismatch: Unreadable, call: str) -> str:
    text = str(mismatch)
    if text.endswith("received `None`") and " for " not in text:
        expected = text.removeprefix("expected ").removesuffix(", received `None`")
        return f"Nothing was returned: `{call}` is `None`, expected {expected}. Is there a `return`?"
    return f"`{call}` does not give what was asked for: {text}."


def _failure(error: BaseException, answer, call: str, inside: bool) -> str:
    if isinstance(error, Misfit):
        return str(error)
    if not inside:
        return f"What `{call}` returns or leaves behind can't be used. {text_of_error(error).rstrip(':. ')}."
    return f"{exception_sentence(error, answer)} The call was `{call}`.{_help(error)}"


def exception_sentence(error: BaseException, answer) -> str:
    """The exception with the deepest line of the reader's own code; our frames and libraries' are left out."""
    try:
        home = inspect.unwrap(answer).__code__.co_filename
    except Exception:
        home = None
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f.filename == home or not _is_foreign(f.filename)]
    text = text_of_error(error).rstrip(":. ")
    if not own:
        return f"Your function raised {text}."
    line = f", `{textwrap.shorten(own[-1].line, 100)}`," if own[-1].line else ""
    return f"Line {own[-1].lineno} of your code{line} raised {text}."


def shortened(text: str) -> str:
    """Text of a length that can be read, its middle left out."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 70]} … {text[-60:]}"


#: What an exception usually comes from, by words of its message.
_HELP = (
    ("could not be broadcast|Incompatible shapes", "Print both shapes there."),
    ("truth value of an array", "An array has many truth values: `np.any`, `np.all` or a loop makes one of them."),
    (
        "'NoneType' object|NoneType",
        "Something there is `None`: a call that returned nothing, or the gradient of what the loss does not depend on.",
    ),
    ("'float' object cannot be interpreted as an integer", "`/` gives a float, `//` a whole number."),
    ("maximum recursion depth", "It calls itself without end."),
    ("'ellipsis'", "A `...` is left in your code."),
)


def text_of_error(error: BaseException) -> str:
    """The type and the beginning of the message of any exception, also of one that can't be printed."""
    try:
        return shortened(f"{type(error).__name__}: {_in_one_line(str(error))}")
    except Exception:
        return type(error).__name__


def _help(error: BaseException) -> str:
    try:
        message = str(error)
    except Exception:
        return ""
    return next((f" {help}" for pattern, help in _HELP if re.search(pattern, message)), "")


def _in_one_line(message: str) -> str:
    """An exception's message; of TensorFlow's report about a compiled function only what is wrong, its last line."""
    lines = re.sub(r"\x1b\[\d+m", "", message[:20_000]).split("\n")
    lines = [line.strip() for line in lines if line.strip()]
    if lines and lines[0] == "in user code:":
        return lines[-1].split(": ", 1)[-1]
    return " ".join(lines)


def _is_foreign(filename: str) -> bool:
    return filename.startswith(_LIBRARIES) or any(mark in filename for mark in _FOREIGN)
