"""The parts of pages that are counted from the files: the path through the course, all exercises, provenance."""

import json
import subprocess
from functools import cache
from itertools import groupby
from pathlib import Path

import course
import proven
from imports import files, heavy_modules
from myst_parser.mdit_to_docutils.base import default_slugify

from bncourse.exercises import catalogue

ROOT = course.ROOT
HERE = course.read()
NAMES = {"python": "Python", "numpy": "NumPy", "matplotlib": "Matplotlib", "tensorflow": "TensorFlow", "keras": "Keras"}
PDF = "batch-normalization.pdf"  # which `make pdf` puts beside the pages
KINDS = {"function": "write a function", "value": "give a value", "choice": "choose"}


@cache
def chapters() -> dict[str, course.Chapter]:
    """The chapters by what Sphinx calls their documents."""
    return {chapter.file: chapter for chapter in HERE.chapters}


def parts() -> list[tuple[str, list[course.Chapter]]]:
    """The chapters of each part."""
    return [(part, list(own)) for part, own in groupby(HERE.chapters, key=lambda chapter: chapter.part)]


def path() -> str:
    """The chapters by part, each with its time and what it needs."""
    lines = []
    for part, own in parts():
        lines.append(f"### {part}\n")
        for chapter in own:
            needs = f" You need {HERE.needs(chapter.needs)}." if chapter.needs else ""
            lines.append(f"- {chapter.link(chapter.label)} {chapter.minutes} minutes.{needs}")
        lines.append("")
    return "\n".join(lines)


def timetable() -> str:
    """The chapters as a table, with the sum of their times."""
    lines = ["| chapter | minutes | you need |", "|---|---:|---|"]
    lines += [
        f"| {chapter.link(chapter.label)} | {chapter.minutes} | {HERE.needs(chapter.needs)} |"
        for chapter in HERE.chapters
    ]
    minutes = sum(chapter.minutes for chapter in HERE.chapters)
    printed = f"The whole course is also [one PDF]({HERE.site}{PDF}), to print or to read without a network."
    return "\n".join([*lines, "", f"Together that is about {round(minutes / 60)} hours. {printed}"])


def exercises() -> str:
    """All exercises by chapter, each linked to its place, with its kind and the number of mistakes it knows."""
    lines = ['<div class="progress"></div>', ""]
    for chapter in HERE.chapters:
        own = catalogue(chapter.slug)
        if not own:
            continue
        lines += [f"## {chapter.label}\n", "| exercise | kind | known mistakes |", "|---|---|---|"]
        for exercise in own:
            heading = f"{chapter.exercise(exercise.id)}: {exercise.title}"
            link = f"[{heading}]({Path(chapter.path).name}#{default_slugify(heading)})"
            kind = KINDS[exercise.kind]
            if exercise.kind != "function":
                kind += f' <span data-solved="{exercise.id}"></span>'
            lines.append(f"| {link} | {kind} | {len(exercise.mistakes)} |")
        lines.append("")
    return "\n".join(lines)


def cells(path: Path) -> list[dict]:
    """The cells of a notebook as they are stored."""
    return json.loads(path.read_text())["cells"]


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
    record = json.loads((ROOT / "book" / "provenance.json").read_text())
    rows, environments = [], {}
    for chapter in HERE.chapters:
        own, entry = catalogue(chapter.slug), record.get(Path(chapter.file).name)
        if entry:
            environments.setdefault(tuple(entry["environment"].items()), []).append(chapter.name)
        rows.append(
            (
                chapter.link(chapter.label),
                *proven.count(cells(ROOT / chapter.path)),
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


def module(chapter: course.Chapter) -> str | None:
    """The module that goes with a chapter, if there is one: that of a capstone has its name without "capstone_"."""
    name = chapter.slug.removeprefix("capstone_")
    return name if name in public() else None


def api_page(module: str) -> str:
    """The page beside the chapters that describes a module."""
    return "api_keras" if module in heavy() else "api_numpy"


@cache
def heavy() -> set[str]:
    """The package's modules that load TensorFlow."""
    return heavy_modules(ROOT / "bncourse")


def modules(chosen: set[str]) -> str:
    """Some of the package's modules, chapters first, described by their docstrings."""
    order = [chapter.slug for chapter in HERE.chapters]
    found = sorted(chosen, key=lambda name: (order.index(name) if name in order else len(order), name))
    return "\n".join(f"## bncourse.{name}\n\n```{{docstrings}} {name}\n```\n" for name in found)


def public() -> set[str]:
    """The package's modules without its helpers, figures and exercises."""
    return {name for name in files(ROOT / "bncourse") if not name.startswith("_")} - {"plots", "exercises"}


GENERATED = {
    "book/index": path,
    "book/study_guide": timetable,
    "book/exercises": exercises,
    "book/provenance": provenance,
    "book/api_numpy": lambda: modules(public() - heavy()),
    "book/api_keras": lambda: modules(public() & heavy()),
}
