"""What a reader sees after a check: one symbol, one sentence, and the hint that belongs to it."""

import html
import re
from dataclasses import dataclass

from ._mistake import Mistake

# Symbol, color of the bar, and opening words. The text takes the page's own color, so that it reads on light and dark.
_PASSED = ("✓", "#009E73", "Correct.")
_WRONG = ("✗", "#D55E00", "Not yet.")
_UNTOUCHED = ("○", "#8A8F98", "Not attempted yet.")

_BOX = "border-left: 4px solid {color}; padding: 0.3em 0.9em; margin: 0.3em 0; line-height: 1.5"
_CODE = "background: rgba(128, 128, 128, 0.16); color: inherit; padding: 0.1em 0.3em; border-radius: 3px"


@dataclass(frozen=True, repr=False)
class Verdict:
    """The result of one check.

    Args:
        passed: whether the answer is right.
        mistake: the known mistake that the answer shows, or None.
        message: what the reader is told, in plain text with `code` between backticks.
        attempted: False for an untouched stub.
        kind: how much is known about what is wrong: "known" (a listed mistake), "general" (one recognized by its kind),
            "shape" or "generic" (only that something is), "unusable" (it failed, or is not what was asked for); else
            "passed" or "untouched".
    """

    passed: bool
    mistake: Mistake | None
    message: str
    attempted: bool = True
    kind: str = ""

    def _style(self) -> tuple[str, str, str]:
        if self.passed:
            return _PASSED
        return _WRONG if self.attempted else _UNTOUCHED

    def __repr__(self) -> str:
        symbol, _, opening = self._style()
        return f"{symbol} {opening} {self.message}".rstrip()

    def _repr_html_(self) -> str:
        symbol, color, opening = self._style()
        message = re.sub(r"`([^`]+)`", rf'<code style="{_CODE}">\1</code>', html.escape(self.message, quote=False))
        return f'<div style="{_BOX.format(color=color)}"><strong>{symbol} {opening}</strong> {message}</div>'
