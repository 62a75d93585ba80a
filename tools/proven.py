"""Which outputs `make test` proves, and how: the one counter of lints, tests and the provenance page.

An output is what one cell gives. Its text is compared exactly, or where it shows a measurement behind ≈ all but those
digits, which an assertion in the same cell holds in a range. Of a picture what it draws is compared (tools/drawn.py).
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

FLOOR = 9  # texts that a chapter proves, at least: the capstones, short and mostly the reader's own work, have no more


class Proven(NamedTuple):
    """How many cells' outputs of a notebook are compared: texts exactly, texts by range, and pictures."""

    exact: int
    ranges: int
    pictures: int

    @property
    def texts(self) -> int:
        return self.exact + self.ranges


def count(cells: Iterable[dict]) -> Proven:
    """The proven outputs of a notebook's cells, as nbformat or JSON gives them."""
    cells = [cell for cell in cells if cell["cell_type"] == "code" and not ignored(cell)]
    texts = [text for text in map(text_of, cells) if text]
    ranges = sum("≈" in text for text in texts)
    return Proven(len(texts) - ranges, ranges, sum(map(draws, cells)))


def ignored(cell: dict) -> bool:
    """Whether a cell, by tag or comment, asks nbval not to run it or not to compare it."""
    return any(re.match(r"nbval-(skip|ignore)", tag) for tag in cell["metadata"].get("tags", [])) or bool(
        re.search(r"^\s*#\s*NBVAL_(SKIP|IGNORE)", joined(cell["source"]), re.MULTILINE)
    )


def text_of(cell: dict) -> str:
    """What a cell prints or shows as text; what stands beside a picture, or goes to stderr, is none."""
    found = []
    for output in cell.get("outputs", []):
        if output["output_type"] == "stream":
            found.append(joined(output["text"]) if output["name"] == "stdout" else "")
        elif not is_picture(output):
            data = output.get("data", {})
            found += [joined(text) for kind, text in data.items() if kind.startswith("text/")][:1]
    return "".join(found).strip()


def draws(cell: dict) -> bool:
    """Whether one of a cell's outputs is a picture."""
    return any(map(is_picture, cell.get("outputs", [])))


def is_picture(output: dict) -> bool:
    return any(kind.startswith("image/") for kind in output.get("data", {}))


def joined(text) -> str:
    """A text that a file may hold as a list of lines."""
    return text if isinstance(text, str) else "".join(text)
