"""Try answers on the checker: `python tools/answers.py [chapter or id …] [--messages]` prints a table by exercise.

The answers are in `tests/answers/`, one file a chapter, and `unseen_*` over several chapters. They say what is wrong in
the writer's words, and are written by somebody who looks at the tasks alone, not at the mistakes that the checker
knows:

    from answers import junk, right, wrong

    @wrong("forward.1", "divides by m - 1")
    def standardize(x):
        return (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)

    right("forward.2", (24, 6272, 48))
    wrong("forward.3", "epsilon outside the root", 3.66, misleading="You added")

What a reader is told is read by a person, with `--messages`. An answer whose message misleads gets `misleading=`, some
words of that message: it counts as long as the message has them.
"""

import contextlib
import importlib.util
import io
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bncourse.exercises import Verdict, catalogue

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "answers"

# Read by the files of answers, which import this module under its own name.
sys.modules.setdefault("answers", sys.modules[__name__])


@dataclass(frozen=True)
class Answer:
    """An answer to try.

    Args:
        id: the exercise.
        kind: "wrong", "right" or "junk" (whatever nobody could mean; it only has to be refused in time).
        about: what is wrong with it, in the words of who wrote it.
        answer: a function, a value or a letter.
        misleading: words of a message that was judged to mislead.
    """

    id: str
    kind: str
    about: str
    answer: Any
    misleading: str = ""


@dataclass(frozen=True)
class Tried:
    """What the checker said to an answer, and the seconds that it took."""

    answer: Answer
    verdict: Verdict
    seconds: float

    @property
    def misleads(self) -> bool:
        return bool(self.answer.misleading) and self.answer.misleading in self.verdict.message


ANSWERS: list[Answer] = []


def _note(id: str, kind: str, about: str, given: tuple, misleading: str = ""):
    def keep(answer):
        ANSWERS.append(Answer(id, kind, about, answer, misleading))
        return answer

    return keep(*given) if given else keep


def wrong(id: str, about: str, *given, misleading: str = ""):
    """Note a wrong answer: a value as the last argument, or a function below."""
    return _note(id, "wrong", about, given, misleading)


def right(id: str, *given):
    """Note a right answer."""
    return _note(id, "right", "", given)


def junk(id: str, *given):
    """Note an answer that must be refused, and in time."""
    return _note(id, "junk", "", given)


def load(folder: Path = FOLDER) -> list[Answer]:
    """All answers of the folder."""
    ANSWERS.clear()
    for path in sorted(folder.glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"answers_{path.stem}", path)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    return list(ANSWERS)


def attempt(answers: list[Answer]) -> list[Tried]:
    """Check the answers, each by its exercise."""
    exercises, tried = {exercise.id: exercise for exercise in catalogue()}, []
    for id in {answer.id for answer in answers}:
        exercises[id].check(exercises[id].solution)  # loads what the exercise needs
    for answer in answers:
        started = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):  # what the answer prints
            verdict = exercises[answer.id].check(answer.answer)
        tried.append(Tried(answer, verdict, time.perf_counter() - started))
    return tried


COLUMNS = ("wrong", "accepted", "known", "general", "generic", "misleading", "right", "rejected", "junk", "slowest")


def row(tried: list[Tried]) -> dict[str, float]:
    """The counts of some answers; `known` are listed mistakes, `general` those recognized by kind or by their "
    "failure."""
    kinds = {kind: [t for t in tried if t.answer.kind == kind] for kind in ("wrong", "right", "junk")}
    told = [t.verdict.kind for t in kinds["wrong"] if not t.verdict.passed]
    return {
        "wrong": len(kinds["wrong"]),
        "accepted": sum(t.verdict.passed for t in [*kinds["wrong"], *kinds["junk"]]),
        "known": told.count("known"),
        "general": told.count("general") + told.count("unusable"),
        "generic": told.count("generic") + told.count("shape"),
        "misleading": sum(t.misleads for t in kinds["wrong"]),
        "right": len(kinds["right"]),
        "rejected": sum(not t.verdict.passed for t in kinds["right"]),
        "junk": len(kinds["junk"]),
        "slowest": max((t.seconds for t in tried), default=0.0),
    }


def table(tried: list[Tried]) -> str:
    """The counts of each exercise, and of each kind of exercise, in Markdown."""
    kinds = {exercise.id: exercise.kind for exercise in catalogue()}
    groups = {id: [t for t in tried if t.answer.id == id] for id in dict.fromkeys(t.answer.id for t in tried)}
    for kind in ("function", "value", "choice"):
        groups[f"all: {kind}"] = [t for t in tried if kinds[t.answer.id] == kind]
    lines = [f"| exercise | {' | '.join(COLUMNS)} |", f"|---{'|--:' * len(COLUMNS)}|"]
    for name, group in groups.items():
        if group:
            counts = row(group)
            cells = [f"{counts[c]:.2f}" if c == "slowest" else str(counts[c]) for c in COLUMNS]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    chosen = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    answers = [a for a in load() if not chosen or a.id in chosen or a.id.split(".")[0] in chosen]
    tried = attempt(answers)
    if "--messages" in sys.argv:
        for t in tried:
            print(f"{t.answer.id} · {t.answer.kind} · {t.answer.about}\n    [{t.verdict.kind}] {t.verdict!r}\n")
    print(table(tried))


if __name__ == "__main__":
    main()
