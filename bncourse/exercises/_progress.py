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
        chapters: the slug of each chapter that was begun, the last one at the end, and of each of its exercises the id
            and True (passed), False (tried) or None.
    """

    chapters: tuple[tuple[str, tuple[tuple[str, bool | None], ...]], ...]

    @property
    def passed(self) -> tuple[str, ...]:
        """The ids of the exercises passed."""
        return tuple(id for _, exercises in self.chapters for id, state in exercises if state)

    @property
    def next(self) -> str | None:
        """The first exercise not passed yet, of the chapter begun last if it has one; None where all are passed."""
        return next((id for _, exercises in reversed(self.chapters) for id, state in exercises if not state), None)

    def __repr__(self) -> str:
        if not self.chapters:
            return "No exercise was checked in this session."
        signs = {True: "✓", False: "✗", None: "·"}
        lines = [
            f"{slug:<18}{' '.join(signs[state] for _, state in exercises):<16}"
            f"{sum(state is True for _, state in exercises)} of {len(exercises)} passed"
            for slug, exercises in self.chapters
        ]
        return "\n".join([*lines, f"Next: {self.next}" if self.next else "All exercises of these chapters are passed."])

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>"


def progress(exercises: list, file: str | Path | None = None) -> Progress:
    """The progress over `exercises`; with a file, what it holds is added, and all is written to it.

    Raises:
        ValueError: if the file holds something else.
    """
    if file is not None:
        _merge(Path(file))
    begun = dict.fromkeys(id.split(".")[0] for id in _seen)
    chapters = {slug: tuple((e.id, _seen.get(e.id)) for e in exercises if e.slug == slug) for slug in begun}
    return Progress(tuple((slug, states) for slug, states in chapters.items() if states))


def _merge(path: Path) -> None:
    if path.exists():
        try:
            stored = json.loads(path.read_text())
            known = {str(id): bool(passed) for id, passed in stored["exercises"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"expected a file that `progress` has written, received {path}") from error
        now = dict(_seen)
        _seen.clear()  # what the file holds came first
        for id, passed in [*known.items(), *now.items()]:
            note(id, passed)
    path.write_text(json.dumps({"exercises": _seen}, indent=1) + "\n")
