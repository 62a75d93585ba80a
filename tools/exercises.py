"""Write the exercises into the chapters: `python tools/exercises.py`; with `--check`, only say what differs.

A Markdown cell `<!-- exercise: forward.1 -->` marks where an exercise belongs; without one, it is appended to
its set. It becomes four cells: what is asked, the stub, the check, hints and solution. Each carries its exercise's id
in its metadata, so the next run renews it in place.
"""

import re
import sys
from pathlib import Path

import course
import nbformat
from course import ROOT, Chapter
from nbformat.v4 import new_code_cell, new_markdown_cell
from notebooks import normalize

from bncourse.exercises import Choice, Exercise, catalogue

PLACEHOLDER = re.compile(r"<!-- exercise: (\w+\.\d+) -->")


def chapter_of(path: Path) -> Chapter:
    """The chapter whose notebook this is."""
    return course.read().chapter(course.slug(path.name))


def block(exercise: Exercise, chapter: Chapter) -> list:
    """The cells of one exercise."""
    parts = {
        "prompt": new_markdown_cell(prompt(exercise, chapter)),
        "stub": new_code_cell(exercise.stub_code),
        "check": new_code_cell(f'exercises.check("{exercise.id}", {exercise.name})'),
        "solution": new_markdown_cell(solution(exercise)),
    }
    for part, cell in parts.items():
        cell.metadata.update(exercise=exercise.id, part=part)
    return list(parts.values())


def prompt(exercise: Exercise, chapter: Chapter) -> str:
    """Title and task; for a choice its options, and the place where the site puts buttons."""
    text = f"### {chapter.exercise(exercise.id)}: {exercise.title}\n\n{exercise.statement.strip()}"
    if isinstance(exercise, Choice):
        options = "\n".join(f"- **{letter}** · {option}" for letter, option in exercise.options.items())
        text += f'\n\n{options}\n\n<div class="self-check" data-exercise="{exercise.id}"></div>'
    return text


def solution(exercise: Exercise) -> str:
    """Hints and solution, each folded away on its own."""
    reason = exercise.reasons[exercise.solution] if isinstance(exercise, Choice) else ""
    answer = [f"```python\n{exercise.solution_code}\n```", reason, exercise.explanation.strip()]
    texts = [*(hint.strip() for hint in exercise.hints), "\n\n".join(filter(None, answer))]
    names = [f"Hint {i}" for i in range(1, len(texts))] if len(texts) > 2 else ["Hint"] * (len(texts) - 1)
    return "\n\n".join(map(folded, [*names, "Solution"], texts))


def folded(summary: str, text: str) -> str:
    """Text to be opened; without the blank lines, Markdown in it would show as it is written."""
    return f"<details><summary>{summary}</summary>\n\n{text}\n\n</details>"


def renew(cells: list, exercises: dict[str, Exercise], chapter: Chapter) -> list:
    """The notebook's cells with every block as the package has it; code that stays the same keeps its outputs."""
    renewed, written = [], set()
    for cell in cells:
        id = marked(cell)
        if id is None:
            renewed.append(cell)
        elif id not in written and id in exercises:
            old = {c.metadata.part: c for c in cells if c.metadata.get("exercise") == id}
            for new in block(exercises[id], chapter):
                stored = old.get(new.metadata.part)
                if stored and stored.source == new.source and stored.cell_type == new.cell_type == "code":
                    new.outputs, new.execution_count = stored.outputs, stored.execution_count
                renewed.append(new)
            written.add(id)
        elif id not in exercises:
            raise SystemExit(f"no exercise {id!r} in bncourse.exercises")
    return renewed


def with_new(cells: list, exercises: dict[str, Exercise]) -> list:
    """The cells with a placeholder for each exercise that the notebook lacks, behind the last one that it has."""
    found = {id for cell in cells if (id := marked(cell))}
    last = max((i for i, cell in enumerate(cells) if marked(cell)), default=None)
    if last is None:
        return cells
    new = [new_markdown_cell(f"<!-- exercise: {id} -->") for id in exercises if id not in found]
    return [*cells[: last + 1], *new, *cells[last + 1 :]]


def marked(cell) -> str | None:
    """The id of the exercise that a cell belongs to, or marks the place of."""
    placeholder = PLACEHOLDER.fullmatch(cell.source.strip()) if cell.cell_type == "markdown" else None
    return placeholder.group(1) if placeholder else cell.metadata.get("exercise")


def outline(cells: list) -> list:
    """What the package decides about cells, to compare."""
    return [(cell.cell_type, cell.source, cell.metadata.get("exercise"), cell.metadata.get("part")) for cell in cells]


def problems(path: Path) -> list[str]:
    """What a notebook's exercises differ in from the package."""
    chapter = chapter_of(path)
    exercises = {exercise.id: exercise for exercise in catalogue(chapter.slug)}
    cells = nbformat.read(path, as_version=4).cells
    found = {cell.metadata.get("exercise") for cell in cells}
    missing = [f"{path.name}: exercise {id} is not in the notebook" for id in exercises if id not in found]
    if outline(renew(cells, exercises, chapter)) != outline(cells):
        missing.append(f"{path.name}: differs from bncourse.exercises.{chapter.slug}; run tools/exercises.py")
    return missing


def write(path: Path) -> bool:
    """Renew one notebook's exercises; whether that changed it."""
    chapter = chapter_of(path)
    notebook = nbformat.read(path, as_version=4)
    before = outline(notebook.cells)
    exercises = {exercise.id: exercise for exercise in catalogue(chapter.slug)}
    notebook.cells = renew(with_new(notebook.cells, exercises), exercises, chapter)
    if outline(notebook.cells) == before:
        return False
    normalize(notebook)
    nbformat.write(notebook, path)
    return True


def main() -> None:
    chapters = course.read().chapters
    paths = [ROOT / chapter.path for chapter in chapters]
    if "--check" in sys.argv[1:]:
        found = [problem for path in paths for problem in problems(path)]
        found += [
            f"bncourse.exercises.{slug} has no notebook"
            for slug in sorted({exercise.slug for exercise in catalogue()} - {chapter.slug for chapter in chapters})
        ]
        if found:
            raise SystemExit("\n".join(found))
    else:
        for path in paths:
            if write(path):
                print(f"{path.name}: renewed")


if __name__ == "__main__":
    main()
