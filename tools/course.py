"""The course, described once.

- Order and parts: `_toc.yml`. A notebook in a numbered part is a chapter; one in a chapter's `sections` has no number
  and is a capstone of its part.
- Minutes and prerequisites: each notebook's metadata, `"course": {"minutes": 40, "needs": "{forward} and the chain
  rule"}`, where a slug in braces is a chapter.
- Whether TensorFlow is needed: what the notebook's cells import.
- The repository's address and branch: `_config.yml`; the version: `bncourse/__init__.py`.

The line under each title, the set-up cells, links, lists and tables of the site, lints and tests are made from these.
"""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import yaml
from imports import heavy, heavy_modules, imported, modules

ROOT = Path(__file__).resolve().parent.parent
COLAB = "https://colab.research.google.com/github"
BINDER = "https://mybinder.org/v2/gh"


class Chapter(NamedTuple):
    """A notebook of the course; one without a number is a capstone of its part."""

    slug: str
    number: int | None
    part: str
    file: str  # as in `_toc.yml`: "book/06_backward"
    title: str
    minutes: int
    needs: str  # Markdown, with slugs of chapters in braces; empty if nothing is needed
    tensorflow: bool

    @property
    def path(self) -> str:
        """The notebook in the repository."""
        return f"{self.file}.ipynb"

    @property
    def right_file(self) -> str:
        """The file's name as its place in the course wants it."""
        folder = self.file.rpartition("/")[0]
        return f"{folder}/{self.number:02}_{self.slug}" if self.number else f"{folder}/{self.slug}"

    @property
    def name(self) -> str:
        """What other chapters call it."""
        return f"Chapter {self.number}" if self.number else self.title

    @property
    def label(self) -> str:
        """What lists call it."""
        return f"{self.number}. {self.title}" if self.number else self.title

    def link(self, text: str | None = None) -> str:
        """A Markdown link from a page in the same folder."""
        return f"[{text or self.name}]({self.path.rpartition('/')[2]})"

    def exercise(self, id: str) -> str:
        """What readers call an exercise: the chapter's number, or the capstone's step, and its position in the set."""
        position = id.rpartition(".")[2]
        return f"Exercise {self.number}.{position}" if self.number else f"Capstone, step {position}"


class Course(NamedTuple):
    """One copy of the course: the repository's address without a slash at its end, its branch, version, chapters."""

    repository: str
    branch: str
    version: str
    chapters: tuple[Chapter, ...] = ()

    @property
    def slug(self) -> str:
        """owner/name"""
        return self.repository.removeprefix("https://github.com/")

    @property
    def site(self) -> str:
        """Where GitHub Pages shows the course, with a slash at its end."""
        owner, name = self.slug.split("/")
        return f"https://{owner.lower()}.github.io/{name}/"

    def colab(self, path: str) -> str:
        """A notebook in Colab."""
        return f"{COLAB}/{self.slug}/blob/{self.branch}/{path}"

    def binder(self, path: str) -> str:
        """A notebook in Binder's JupyterLab."""
        return f"{BINDER}/{self.slug}/{quote(self.branch, safe='')}?urlpath=lab/tree/{path}"

    def source(self, path: str) -> str:
        """A file on GitHub."""
        return f"{self.repository}/blob/{self.branch}/{path}"

    def chapter(self, slug: str) -> Chapter:
        """The chapter of a slug.

        Raises:
            LookupError: if there is none.
        """
        for chapter in self.chapters:
            if chapter.slug == slug:
                return chapter
        raise LookupError(f"_toc.yml has no chapter {slug!r}")

    def needs(self, text: str) -> str:
        """Prerequisites as Markdown, with links in the place of slugs."""
        return text.format_map({chapter.slug: chapter.link() for chapter in self.chapters})

    def facts(self, chapter: Chapter) -> str:
        """Time, prerequisites and whether TensorFlow is needed, as the line under the title says it."""
        needs = [f"you need {self.needs(chapter.needs)}"] if chapter.needs else []
        where = f"runs {'with' if chapter.tensorflow else 'without'} TensorFlow"
        return " · ".join([f"{chapter.minutes} minutes", *needs, where])


def read(root: Path = ROOT) -> Course:
    """What the files of one copy of the course say."""
    repository = yaml.safe_load((root / "_config.yml").read_text())["repository"]
    url = urlsplit(repository["url"])
    named = len(url.path.split("/")) == 3 and all(url.path.split("/")[1:]) and not url.path.endswith(".git")
    if (url.scheme, url.netloc) != ("https", "github.com") or not named:
        raise SystemExit(f"_config.yml: expected a url like https://github.com/owner/name, found {repository['url']}")
    return Course(repository["url"], repository["branch"], version(root), tuple(chapters(root)))


def version(root: Path) -> str:
    """The package's version."""
    for node in ast.parse((root / "bncourse" / "__init__.py").read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "__version__":
            return ast.literal_eval(node.value)
    raise LookupError("bncourse/__init__.py has no __version__")


def entries(root: Path) -> Iterator[tuple[str, str, bool]]:
    """Every page of `_toc.yml` behind the first, in reading order: its file, its part, whether it may have a number."""
    for part in yaml.safe_load((root / "_toc.yml").read_text())["parts"]:
        for entry in part["chapters"]:
            yield entry["file"], part["caption"], part.get("numbered", False)
            for section in entry.get("sections", []):
                yield section["file"], part["caption"], False


def pages(root: Path = ROOT) -> list[str]:
    """The names of all pages in reading order, without their folder: "index", "study_guide", "01_convolution"."""
    first = yaml.safe_load((root / "_toc.yml").read_text())["root"]
    return [file.rpartition("/")[2] for file in (first, *(file for file, _, _ in entries(root)))]


def chapters(root: Path) -> list[Chapter]:
    """The notebooks of `_toc.yml` in reading order; a number is the position among the chapters of numbered parts."""
    found, wanting = [], heavy_modules(root / "bncourse")
    for file, part, is_chapter in entries(root):
        path = root / f"{file}.ipynb"
        if path.exists():
            number = 1 + sum(chapter.number is not None for chapter in found) if is_chapter else None
            found.append(described(path, file, number, part, wanting))
    return found


def described(path: Path, file: str, number: int | None, part: str, wanting: set[str]) -> Chapter:
    """One chapter, with what its notebook says about it."""
    notebook = json.loads(path.read_text())
    facts = notebook["metadata"].get("course", {})
    if not isinstance(facts.get("minutes"), int) or not isinstance(facts.get("needs"), str):
        raise SystemExit(f'{file}.ipynb: expected metadata like "course": {{"minutes": 30, "needs": "{{forward}}"}}')
    title = "".join(notebook["cells"][0]["source"]).partition("\n")[0].removeprefix("# ")
    code = ["".join(cell["source"]) for cell in notebook["cells"] if is_own_code(cell)]
    return Chapter(slug(file), number, part, file, title, facts["minutes"], facts["needs"], wants(code, wanting))


def is_own_code(cell: dict) -> bool:
    """Whether a cell holds code of the chapter, which the set-up cell's is not."""
    return cell["cell_type"] == "code" and not cell["metadata"].get("setup")


def wants(code: list[str], wanting: set[str]) -> bool:
    """Whether code imports TensorFlow, Keras or a module built on them; inside `if` or `def` an import is optional."""
    names = set().union(*(imported(source, inside_functions=False, inside_if=False) for source in code))
    return bool(heavy(names) or modules(names) & wanting)


def slug(file: str) -> str:
    """What names a chapter in all places: its file's name without folder, number and suffix."""
    name = file.rpartition("/")[2].partition(".")[0]
    number, _, rest = name.partition("_")
    return rest if number.isdigit() else name
