"""Write what stands in one place wherever it is repeated: `python tools/stamp.py`; `--check` only lists what is stale.

- The order of `_toc.yml`: numbers in the chapters' file names, links to them, and link texts like "Chapter 6".
- Each chapter's metadata: the line under its title.
- The repository's address and branch (`_config.yml`): set-up cells, links to Colab, Binder and the site, metadata.
- The version (`bncourse/__init__.py`): set-up cells, CITATION.cff.
- The set-up cell's code (`tools/setup_cell.py`): the cell with the metadata `setup: true` of every chapter.
"""

import json
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import course
import nbformat
import notebooks
import yaml
from course import ROOT, Chapter, Course

TITLE = "#@title Set up: install the course's package where it is missing"
# Where a chapter's file may be named: the folders, and the kinds of files in them.
NAMING = (".", "book", "bncourse", "bncourse/exercises", "benchmarks", "tests", "tools", "web")
TEXTS = {".ipynb", ".md", ".py", ".yml"}


def setup_source(here: Course, *, tensorflow: bool, root: Path = ROOT) -> str:
    """The set-up cell: the function as it stands in tools/setup_cell.py, and its call."""
    series = ".".join(here.version.split(".")[:2])
    function = (root / "tools" / "setup_cell.py").read_text().strip()
    arguments = [f'"{here.repository}"', f'"{here.branch}"', f'series="{series}"', f"tensorflow={tensorflow}"]
    call = "\n".join(["set_up(", *(f"    {argument}," for argument in arguments), ")"])
    return f"{TITLE}\n{function}\n\n\n{call}"


def links(here: Course, path: str) -> str:
    """The line of links under a chapter's title."""
    page = f"{here.site}{path.removesuffix('.ipynb')}.html"
    return f"*Run it in [Colab]({here.colab(path)}) or [Binder]({here.binder(path)}), read it on [the site]({page}).*"


def opening(source: str, lines: list[str]) -> str:
    """A chapter's first cell with these lines in the place of the ones in italics below its title."""
    title, *paragraphs = source.split("\n\n")
    while paragraphs and re.fullmatch(r"\*[^*].*\*", paragraphs[0], re.DOTALL):
        paragraphs.pop(0)
    return "\n\n".join([title, *lines, *paragraphs])


def retitled(text: str, here: Course) -> str:
    """Markdown in which every link named "Chapter 6" or "chapter 6" has the number of the chapter it leads to."""
    numbers = {chapter.slug: chapter.number for chapter in here.chapters}

    def renew(link: re.Match) -> str:
        number = numbers.get(course.slug(link["file"]))
        return f"[{link['word']}{number}]({link['file']}" if number else link[0]

    return re.sub(r"\[(?P<word>[Cc]hapter\s)\d+\]\((?P<file>[\w./]+\.ipynb)", renew, text)


def stamp_notebook(text: str, chapter: Chapter, here: Course, root: Path = ROOT) -> str:
    """A chapter with its set-up cell, the lines under its title, and the numbers in its links."""
    notebook = nbformat.reads(text, as_version=4)
    cells = [cell for cell in notebook.cells if cell.metadata.get("setup")]
    if len(cells) != 1:
        raise SystemExit(f"{chapter.path}: expected one cell with the metadata `setup: true`, found {len(cells)}")
    cells[0].source = setup_source(here, tensorflow=chapter.tensorflow, root=root)
    cells[0].metadata = {"setup": True, "cellView": "form", "tags": ["hide-input"]}
    lines = [f"*{here.facts(chapter)}*", links(here, chapter.path)]
    notebook.cells[0].source = opening(notebook.cells[0].source, lines)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = retitled(cell.source, here)
    notebooks.normalize(notebook)
    return nbformat.writes(notebook) + "\n"


def stamp_page(text: str, here: Course) -> str:
    """A Markdown page: the numbers in its links, and the address behind `[site]`."""
    return re.sub(r"^\[site\]: .*$", f"[site]: {here.site}", retitled(text, here), flags=re.MULTILINE)


def stamp_data(text: str, parse: Callable[[str], dict], values: dict[tuple[str, ...], str]) -> str:
    """TOML or YAML with some values replaced, and all else, comments too, as it was.

    Raises:
        SystemExit: if a value isn't there, or can't be replaced alone.
    """
    for keys, value in values.items():
        wanted = parse(text)
        *path, last = keys
        place = wanted
        for key in path:
            place = place[key]
        old, place[last] = str(place[last]), value
        found = (text[: at.start()] + value + text[at.end() :] for at in re.finditer(re.escape(old), text))
        text = next((candidate for candidate in found if parse(candidate) == wanted), None)
        if text is None:
            raise SystemExit(f"{'.'.join(keys)} can't be replaced: write it as plain text")
    return text


def renamed(here: Course) -> dict[str, str]:
    """The chapters' files whose number is not their place in the course, and what they should be."""
    return {chapter.file: chapter.right_file for chapter in here.chapters if chapter.file != chapter.right_file}


def rename(here: Course, root: Path = ROOT) -> None:
    """Give chapters' files the numbers that their places want, and follow wherever they are named."""
    names = {old.rpartition("/")[2]: new.rpartition("/")[2] for old, new in renamed(here).items()}
    if not names:
        return
    for old, new in names.items():
        (root / "book" / f"{old}.ipynb").rename(root / "book" / f"{new}.ipynb")
    either = "|".join(map(re.escape, names))
    named = re.compile(rf"(?<=book/)(?:{either})\b|(?<!\w)(?:{either})(?=\.(?:ipynb|html)\b)")
    for folder in NAMING:
        for path in (root / folder).glob("*"):
            if path.suffix in TEXTS:
                text = path.read_text()
                new = named.sub(lambda match: names[match[0]], text)
                if new != text:
                    path.write_text(new)
    record = root / "book" / "provenance.json"
    entries = json.loads(record.read_text())
    entries = {names.get(name, name): entry for name, entry in entries.items()}
    record.write_text(json.dumps(dict(sorted(entries.items())), indent=2) + "\n")


def stamped(here: Course, root: Path = ROOT) -> dict[Path, str]:
    """Every stamped file of one copy of the course, as it should be."""
    project, citation = root / "pyproject.toml", root / "CITATION.cff"
    address = {("project", "urls", "Repository"): here.repository}
    cited = {("repository-code",): here.repository, ("url",): here.site, ("version",): here.version}
    return {
        **{
            root / chapter.path: stamp_notebook((root / chapter.path).read_text(), chapter, here, root)
            for chapter in here.chapters
        },
        **{path: stamp_page(path.read_text(), here) for path in [*root.glob("*.md"), *(root / "book").glob("*.md")]},
        project: stamp_data(project.read_text(), tomllib.loads, address),
        citation: stamp_data(citation.read_text(), yaml.safe_load, cited),
    }


def outdated(root: Path = ROOT) -> list[Path]:
    """Files that are not named as they should be, or that differ from what they should be."""
    here = course.read(root)
    if wrong := renamed(here):
        return [root / f"{file}.ipynb" for file in wrong]
    return [path for path, text in stamped(here, root).items() if path.read_text() != text]


def write(root: Path = ROOT) -> list[Path]:
    """Stamp one copy of the course; gives the files that were out of date."""
    named = [root / f"{file}.ipynb" for file in renamed(course.read(root)).values()]
    rename(course.read(root), root)
    changed = outdated(root)
    for path, text in stamped(course.read(root), root).items():
        if path in changed:
            path.write_text(text)
    return list(dict.fromkeys([*named, *changed]))


def main() -> None:
    check = "--check" in sys.argv[1:]
    changed = outdated() if check else write()
    for path in changed:
        print(path.relative_to(ROOT))
    if check and changed:
        raise SystemExit("out of date: run `make stamp`")


if __name__ == "__main__":
    main()
