"""Lint the chapters and pages: `python tools/lint.py`. Each function gives the problems of one notebook as sentences.

A chapter has three readers (the site, Colab, GitHub), so its text uses only what all of them show right.
"""

import functools
import json
import re
from collections.abc import Iterator
from itertools import chain, pairwise
from pathlib import Path
from urllib.parse import unquote

import contrast
import course
import drawn
import measured
import nbformat
import notebooks
import proven
from colab import tracked
from course import Course
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

ROOT = Path(__file__).resolve().parent.parent
MARKDOWN = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, double_inline=True)
MACHINE_PATH = re.compile(r"(?<![\w.:/])/(?:home|root|Users|tmp|work|private|mnt)/\w|\b[A-Z]:\\Users\b")
SHORTEST_ALT = 30  # characters: what a figure shows takes a sentence
WIDEST_CODE = 88  # columns: what a page shows beside its contents


@functools.cache
def parse(source: str) -> tuple:
    """The tokens of a Markdown text, inline ones too. An escaped dollar is no math."""
    tokens = MARKDOWN.parse(source.replace(r"\$", ""))
    return tuple(part for token in tokens for part in (token, *(token.children or ())))


def markdown(notebook) -> Iterator[tuple[int, str]]:
    """Number and source of each Markdown cell."""
    return ((number, cell.source) for number, cell in enumerate(notebook.cells, 1) if cell.cell_type == "markdown")


def code(notebook) -> Iterator[tuple[int, dict]]:
    """Number and cell of each code cell."""
    return ((number, cell) for number, cell in enumerate(notebook.cells, 1) if cell.cell_type == "code")


def portable(notebook) -> Iterator[str]:
    """Directives, roles, labels and comments of MyST, which Colab and GitHub show as raw text."""
    for number, source in markdown(notebook):
        before = None
        for token in parse(source):
            if token.type == "fence" and token.info.startswith("{"):
                yield f"cell {number}: the directive {token.info.split()[0]} shows as code in Colab"
            if token.type == "text" and re.match(r":::|\([\w-]+\)=$|% |\+\+\+|\{\{", token.content):
                yield f"cell {number}: {token.content[:20]!r} is MyST's alone"
            if token.type == "code_inline" and before is not None and re.search(r"\{[\w:+-]+\}$", before.content):
                yield f"cell {number}: the role {before.content.split()[-1]} shows as raw text in Colab"
            before = token
        if re.match(r"<!-- *exercise:", source):
            yield f"cell {number}: an exercise is not written yet: run `python tools/exercises.py`"


def headings(notebook) -> Iterator[str]:
    """One title, at the top, and no level left out below it."""
    levels = [
        (number, int(token.tag[1]))
        for number, source in markdown(notebook)
        for token in parse(source)
        if token.type == "heading_open"
    ]
    if [number for number, level in levels if level == 1] != [1]:
        yield "a chapter has one heading of level 1, in its first cell"
    for (_, above), (number, level) in pairwise(levels):
        if level > above + 1:
            yield f"cell {number}: a heading of level {level} follows one of level {above}"


def alternatives(notebook) -> Iterator[str]:
    """Pictures without a text that says what they show, or without a caption."""
    for number, cell in code(notebook):
        shows = any(kind.startswith("image/") for output in cell.outputs for kind in output.get("data", {}))
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        if shows and len(alt) < SHORTEST_ALT:
            yield f"cell {number}: its picture needs alt text (metadata mystnb.image.alt) of a sentence"
        if shows and not cell.source.startswith("#@title "):
            yield f"cell {number}: its picture needs a caption, '#@title ...' in its first line"
    for number, source in markdown(notebook):
        for token in parse(source):
            if token.type == "image" and not token.content:
                yield f"cell {number}: the picture {token.attrs['src'][:40]} needs alt text"
            if token.type.startswith("html") and re.search(r"<img(?![^>]*\balt=\"[^\"])", token.content):
                yield f"cell {number}: an <img> needs alt text"


def folds(notebook) -> Iterator[str]:
    """Folded blocks whose math and code would stay raw, or that don't close."""
    for number, source in markdown(notebook):
        if source.count("<details") != source.count("</details>"):
            yield f"cell {number}: <details> and </details> don't match"
        if re.search(r"</summary>(?!\n\n)", source) or re.search(r"(?<!\n\n)</details>", source):
            yield f"cell {number}: <details> needs a blank line after </summary> and before </details>"


def math(notebook) -> Iterator[str]:
    """Dollar signs that open no formula, or never close one."""
    for number, source in markdown(notebook):
        for token in parse(source):
            if token.type == "text" and "$" in token.content:
                yield f"cell {number}: a dollar sign without its partner in {token.content[:50]!r}"


def wide(notebook) -> Iterator[str]:
    """Lines of code that a page can't show without a scroll bar."""
    shown = [(number, cell.source) for number, cell in code(notebook)]
    shown += [
        (n, token.content) for n, source in markdown(notebook) for token in parse(source) if token.type == "fence"
    ]
    for number, source in sorted(shown):
        for line in source.splitlines():
            if len(line) > WIDEST_CODE:
                yield f"cell {number}: {len(line)} columns of code in {line.strip()[:40]!r}, more than {WIDEST_CODE}"


def outputs(notebook) -> Iterator[str]:
    """Standard error in stored outputs, and paths of the author's machine anywhere."""
    for number, cell in code(notebook):
        for output in cell.outputs:
            if output.get("name") == "stderr":
                yield f"cell {number}: standard error is stored"
            texts = [output.get("text", ""), *output.get("traceback", []), output.get("data", {}).get("text/plain", "")]
            if any(MACHINE_PATH.search(text) for text in texts):
                yield f"cell {number}: an output holds a path of this machine"
    for number, cell in enumerate(notebook.cells, 1):
        if MACHINE_PATH.search(cell.source):
            yield f"cell {number}: the source holds a path of this machine"


def executed(notebook) -> Iterator[str]:
    """Code cells that were not run in order from the top: nbval compares nothing of a cell without a count."""
    counts = [cell.execution_count for _, cell in code(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"its cells were not run in order from 1: {counts}"


def ignoring(notebook) -> Iterator[str]:
    """Cells that nbval does not compare and that no asserting cell follows."""
    for (number, cell), (_, following) in pairwise([*code(notebook), (0, nbformat.v4.new_code_cell())]):
        if proven.ignored(cell) and "assert" not in following.source:
            yield f"cell {number}: nbval ignores it, and the next cell asserts nothing"


def pictures(notebook) -> Iterator[str]:
    """Pictures that are not those of their record, or have none: what they show would be proven by nothing."""
    for number, cell in code(notebook):
        for output in drawn.pictures(cell.outputs):
            digest = output.metadata.get("drawn", {}).get("png")
            if digest is None:
                yield f"cell {number}: its picture has no record of what is drawn: run `make notebooks`"
            elif digest != drawn.digest(output.data["image/png"]):
                yield f"cell {number}: its picture is not the one that was recorded"


def faint(notebook) -> Iterator[str]:
    """Words in a chapter's figures that are hard to read on white. (White ones stand on boxes, which tests look at.)"""
    for number, cell in code(notebook):
        for output in drawn.pictures(cell.outputs):
            for entry in chain(*(artists for _, *artists in output.metadata.get("drawn", {}).get("axes", []))):
                artist = json.loads(entry)
                color = artist["look"][:7]
                if artist.get("text", "").strip() and color != "#ffffff" and contrast.least(color) < contrast.LEAST:
                    yield f"cell {number}: {artist['text']!r} in its picture is too faint to be read: use plots.legible"


def stored(text: str) -> Iterator[str]:
    """A notebook file that is not as tools/notebooks.py writes it: ids, metadata, kernel, version, format."""
    notebook = nbformat.reads(text, as_version=4)
    notebooks.normalize(notebook)
    if nbformat.writes(notebook) + "\n" != text:
        yield "it is not stored as `make notebooks` stores it"


def numbers(notebook) -> Iterator[str]:
    """Numbers of chapters that `make stamp` would not renew: it renews links named "Chapter 6" or "chapter 6"."""
    for number, source in markdown(notebook):
        for found in bare_numbers(source):
            yield f"cell {number}: {found!r} is no link [Chapter N](its notebook)"


def bare_numbers(text: str) -> list[str]:
    """Where a text names a chapter by number or place, not by a link with exactly that name, code left out."""
    text = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
    text = re.sub(r"\[[Cc]hapter\s\d+\]\([\w./]+\.ipynb(#[^)]*)?\)", "", text)
    named = r"\b[Cc]hapters?\s+\[?\d+|\[(?:[Cc]hapters?\s+)?\d+\]\([\w./]+\.ipynb|\b(?:next|previous|last)\s+chapter\b"
    return [found[0] for found in re.finditer(named, text)]


def anchor(title: str) -> str:
    """What a link to a heading ends with, on the site and on GitHub."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings."""
    found = set()
    for _, source in markdown(read(path)):
        found |= {anchor(text.content) for head, text in pairwise(parse(source)) if head.type == "heading_open"}
    return found


def read(path: Path):
    """A notebook; a Markdown page as a notebook of one cell."""
    if path.suffix == ".ipynb":
        return nbformat.read(path, as_version=4)
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(path.read_text())])


def targets(notebook) -> Iterator[tuple[int, str, bool]]:
    """Every link and picture in the text: the cell's number, the address, whether the page loads it by itself."""
    for number, source in markdown(notebook):
        for token in parse(source):
            if token.type == "link_open":
                yield number, token.attrs["href"], False
            elif token.type == "image":
                yield number, token.attrs["src"], True
            elif token.type.startswith("html"):
                for name, address in re.findall(r"\b(href|src)=\"([^\"]+)\"", token.content):
                    yield number, address, name == "src"


def links(notebook, path: str, here: Course, files: set[str], root: Path = ROOT) -> Iterator[str]:
    """Links that lead nowhere, aren't encrypted or belong to another copy of the course, and pictures from elsewhere.

    path: the notebook's own, in the repository; files: the tracked ones.
    """
    for number, address, loaded in targets(notebook):
        if address.startswith("https:"):
            problem = "is loaded from elsewhere" if loaded else launch(address, here, files)
        elif re.match(r"\w+:|//", address):
            problem = None if address.startswith(("data:", "mailto:")) else "is not an https address"
        else:
            problem = internal(address, path, files, root)
        if problem:
            yield f"cell {number}: {address[:100]} {problem}"


def internal(address: str, path: str, files: set[str], root: Path) -> str | None:
    """What is wrong with a link inside the course."""
    name, _, fragment = unquote(address).partition("#")
    target = (root / path).parent.joinpath(name).resolve() if name else root / path
    # HTML in a page links to the built page of a source.
    sources = [target.with_suffix(".ipynb"), target.with_suffix(".md")] if target.suffix == ".html" else [target]
    if not any(source.is_relative_to(root) and str(source.relative_to(root)) in files for source in sources):
        return "is no tracked file"
    if fragment and target.suffix in (".ipynb", ".md") and fragment not in anchors(target):
        return "is no heading there"
    return None


def launch(address: str, here: Course, files: set[str]) -> str | None:
    """What is wrong with a link to Colab, Binder or a file on GitHub: another copy's, or of no tracked file."""
    source = f"{here.repository}/blob/{here.branch}/"
    address = address.partition("#")[0]  # Colab names a cell there
    if address.startswith(source):
        return None if address.removeprefix(source) in files else "is no tracked file"
    if address.startswith((course.COLAB, course.BINDER)):
        path = "book/" + unquote(address).rpartition("/book/")[2]
        if unquote(address) not in (here.colab(path), unquote(here.binder(path))):
            return f"belongs to another copy than {here.repository}, branch {here.branch}"
        return None if path in files else "is no tracked file"
    return None


def page(html: str, here: Course, files: set[str]) -> Iterator[str]:
    """Launch and source buttons of a built page that lead to another copy, or to no tracked file."""
    for address in re.findall(r"href=\"(https:[^\"]+)\"", html):
        problem = launch(address.replace("&amp;", "&"), here, files)
        if problem:
            yield f"{address} {problem}"


def chapter(notebook, path: str, here: Course, files: set[str]) -> Iterator[str]:
    """All problems of one chapter."""
    for lint in (
        portable,
        headings,
        alternatives,
        folds,
        math,
        wide,
        outputs,
        executed,
        ignoring,
        numbers,
        measured.problems,
        pictures,
        faint,
    ):
        yield from lint(notebook)
    yield from links(notebook, path, here, files)


def problems() -> list[str]:
    """The problems of all chapters and pages."""
    here, files = course.read(), set(tracked())
    found = []
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        name = f"book/{path.name}"
        found += [f"{name}, {problem}" for problem in chapter(read(path), name, here, files)]
        found += [f"{name}: {problem}" for problem in stored(path.read_text())]
    for path in [*ROOT.glob("*.md"), *sorted((ROOT / "book").glob("*.md"))]:
        name = str(path.relative_to(ROOT))
        found += [f"{name}, {problem}" for problem in links(read(path), name, here, files)]
        found += [f"{name}, {problem}" for lint in (numbers, wide) for problem in lint(read(path))]
    for path in sorted((ROOT / "bncourse").rglob("*.py")):
        name = str(path.relative_to(ROOT))
        found += [f"{name}: {number!r} would grow stale" for number in bare_numbers(path.read_text())]
    return found


if __name__ == "__main__":
    found = problems()
    print("\n".join(found) or "no problems")
    raise SystemExit(bool(found))
