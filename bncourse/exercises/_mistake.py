"""A known mistake, as data."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that readers are known to give.

    Args:
        name: what was done, in a few words that readers see: "epsilon outside the root".
        hint: why that is wrong and where to look: plain text with `code` between backticks, without LaTeX.
        wrong_answer: an answer with this mistake, of the kind that the exercise asks for.
    """

    name: str
    hint: str
    wrong_answer: Any
