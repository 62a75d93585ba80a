"""Which exercises a reader has passed in this session, by chapter, and what is next."""

import html
import json
from dataclasses import dataclass
from pathlib import Path

# What `check` saw in this session: the ids of the exercises tried, and whether they were passed.
_seen: dict[str, bool] = {}


def note(id: str, passed: bool) -> None:
    """Note that an exercise was tried; once passed, it stays passed."""
    _seen[id] = passed or _seen.get(id, False)


@dataclass(frozen=True, repr=False)
class Progress:
    """What was passed and tried, as a notebook shows it.

    Args:
        chapters: the chapter's slug and, for each of its exercises, its id and True (passed), False (tried) or None.
    """

    chapters: tuple[tuple[str, tuple[tuple[str, bool | None], ...]], ...]

    @property
    def passed(self) -> tuple[str, ...]:
        """The ids of the exercises passed."""
        return tuple(id for _, exercises in self.chapters for id, state in exercises if state)

    @property
    def next(self) -> str | None:
        """The first exercise that was tried and not passed, or else the first behind the last one passed."""
        states = [pair for _, exercises in self.chapters for pair in exercises]
        tried = next((id for id, state in states if state is False), None)
        last = max((i for i, (_, state) in enumerate(states) if state), default=-1)
        behind = states[last + 1 :] + states[: last + 1]
        return tried or next((id for id, state in behind if not state), None)

    def __repr__(self) -> str:
        signs = {True: "✓", False: "✗", None: "·"}
        lines = [
            f"{slug:<18}{' '.join(signs[state] for _, state in exercises):<16}"
            f"{sum(state is True for _, state in exercises)} of {len(exercises)}"
            for slug, exercises in self.chapters
        ]
        total = sum(len(exercises) for _, exercises in self.chapters)
        lines.append(f"{len(self.passed)} of {total} passed. " + (f"Next: {self.next}." if self.next else "All done!"))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>"


def progress(exercises: list, file: str | Path | None = None) -> Progress:
    """The progress over `exercises`; with a file, what it holds is added, and all is written to it.

    Raises:
        ValueError: if the file holds something else.
    """
    if file is not None:
        _merge(Path(file))
    chapters: dict[str, list] = {}
    for exercise in exercises:
        chapters.setdefault(exercise.slug, []).append((exercise.id, _seen.get(exercise.id)))
    return Progress(tuple((slug, tuple(states)) for slug, states in chapters.items()))


def _merge(path: Path) -> None:
    if path.exists():
        try:
            stored = json.loads(path.read_text())
            known = {str(id): bool(passed) for id, passed in stored["exercises"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"expected a file that `progress` has written, received {path}") from error
        for id, passed in known.items():
            note(id, passed)
    path.write_text(json.dumps({"exercises": _seen}, indent=1, sort_keys=True) + "\n")
