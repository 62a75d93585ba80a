"""The parts of pages that are counted from the files: the path through the course, all exercises, provenance."""

import json
import re
import subprocess
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from bncourse import CHAPTERS
from bncourse.exercises import catalogue
from tools import proven

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
PARTS = {chapter.slug: chapter.part for chapter in CHAPTERS} | {
    "capstone_network": "The mathematics",
    "capstone_mend": "Implementation",
}
NAMES = {"python": "Python", "numpy": "NumPy", "matplotlib": "Matplotlib", "tensorflow": "TensorFlow", "keras": "Keras"}
KINDS = {"function": "write a function", "value": "give a value", "choice": "choose"}


class Page(NamedTuple):
    """A notebook of the course: its file, slug, number (None for a capstone), title, and the line below the title."""

    path: Path
    slug: str
    number: int | None
    title: str
    facts: str

    @property
    def label(self) -> str:
        return f"{self.number}. {self.title}" if self.number else self.title


def pages() -> list[Page]:
    """The notebooks that are there, in reading order."""
    found = {}
    for path in BOOK.glob("*.ipynb"):
        number, slug = re.fullmatch(r"(?:(\d\d)_)?(\w+)", path.stem).groups()
        opening = "".join(cells(path)[0]["source"])
        title = re.search(r"^# (.+)$", opening, re.M)[1]
        facts = re.search(r"^\*(.+)\*$", opening, re.M)
        found[slug] = Page(path, slug, int(number) if number else None, title, facts[1] if facts else "")
    order = sorted(PARTS, key=lambda slug: list(dict.fromkeys(PARTS.values())).index(PARTS[slug]))
    return [found[slug] for slug in order if slug in found]


def cells(path: Path) -> list[dict]:
    """The cells of a notebook as they are stored."""
    return json.loads(path.read_text())["cells"]


def path() -> str:
    """The chapters by part, each with its time and what it needs, as the chapters themselves say."""
    lines = []
    for part, chapters in groupby(pages(), key=lambda page: PARTS[page.slug]):
        lines.append(f"### {part}\n")
        for page in chapters:
            time, *needs = page.facts.split(" · ")
            lines.append(f"- [{page.label}]({page.path.name}) {time}. {sentence(needs[0]) if needs else ''}")
        lines.append("")
    return "\n".join(lines)


def sentence(text: str) -> str:
    """Text with a capital letter and a full stop."""
    return text[0].upper() + text[1:].removesuffix(".") + "."


def exercises() -> str:
    """All exercises by chapter, each linked to its place, with its kind and the number of mistakes it knows."""
    lines = []
    for page in pages():
        own = catalogue(page.slug)
        if not own:
            continue
        lines += [f"## {page.label}\n", "| exercise | kind | known mistakes |", "|---|---|---|"]
        for exercise in own:
            label, anchor = place(page, exercise.id)
            link = f"[{label}: {exercise.title}]({page.path.name}#{anchor})"
            lines.append(f"| {link} | {KINDS[exercise.kind]} | {len(exercise.mistakes)} |")
        lines.append("")
    return "\n".join(lines)


def place(page: Page, exercise_id: str) -> tuple[str, str]:
    """What readers call an exercise, and the anchor of its heading, found in the notebook.

    Raises:
        LookupError: if the notebook has no heading for it.
    """
    for cell in cells(page.path):
        heading = re.match(r"### (.+?): (.+)", "".join(cell["source"]))
        if heading and cell["metadata"].get("exercise") == exercise_id:
            return heading[1], slugify(heading[0].removeprefix("### "))
    raise LookupError(f"{page.path.name} has no heading for exercise {exercise_id}")


def slugify(heading: str) -> str:
    """The anchor that MyST gives a heading, as GitHub does."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def commit() -> str | None:
    """The commit that is built: from git, or in an exported archive from what git wrote there."""
    exported = (ROOT / "web" / "commit.txt").read_text().strip()
    if not exported.startswith("$Format"):
        return exported
    try:
        run = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return run.stdout.strip()


def provenance() -> str:
    """What was executed where, and what of it is proven: counted from notebooks, exercises and the record."""
    record = json.loads((BOOK / "provenance.json").read_text())
    rows, environments = [], {}
    for page in pages():
        own, entry = catalogue(page.slug), record.get(page.path.stem)
        if entry:
            name = f"Chapter {page.number}" if page.number else page.title
            environments.setdefault(tuple(entry["environment"].items()), []).append(name)
        rows.append(
            (
                f"[{page.label}]({page.path.name})",
                *proven.count(cells(page.path)),
                len(own),
                sum(len(exercise.mistakes) for exercise in own),
                entry["seconds"] if entry else "",
            )
        )
    sums = ("**all**", *(sum(row[i] for row in rows) for i in range(1, 6)), sum(row[6] or 0 for row in rows))
    table = [
        "| chapter | texts, exactly | texts, by range | pictures | exercises | known mistakes | seconds |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *("| " + " | ".join(map(str, row)) + " |" for row in (*rows, sums)),
    ]
    built = commit()
    lines = [
        f"Built from commit `{built}`." if built else "Built from a copy without its history: the commit is unknown."
    ]
    return "\n".join([*lines, "", *table, "", *machines(environments)])


def machines(environments: dict) -> list[str]:
    """One sentence for each machine and set of versions."""
    return [
        f"{', '.join(labels)}: "
        + ", ".join(f"{NAMES[name]} {version}" for name, version in environment if name in NAMES)
        + f"; {dict(environment)['cores']} cores of {dict(environment)['processor']}.\n"
        for environment, labels in environments.items()
    ]
