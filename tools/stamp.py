"""Write what stands in one place wherever it is repeated: `python tools/stamp.py`; `--check` only lists what is stale.

- The repository's address and branch (`_config.yml`): set-up cells, links to Colab, Binder and the site, metadata.
- The version (`bncourse/__init__.py`): set-up cells, CITATION.cff.
- The set-up cell's code (`tools/setup_cell.py`): the cell with the metadata `setup: true` of every chapter.
"""

import ast
import re
import sys
from pathlib import Path
from typing import NamedTuple

import nbformat
import notebooks
import yaml

ROOT = Path(__file__).resolve().parent.parent
TITLE = "#@title Set up: install the course's package where it is missing"
NEED_TENSORFLOW = {"layer", "models", "training", "shift", "speedup"}  # modules of bncourse
COLAB = "https://colab.research.google.com/github"
BINDER = "https://mybinder.org/v2/gh"


class Course(NamedTuple):
    """What is stamped: the repository's address without a slash at its end, its branch, the package's version."""

    repository: str
    branch: str
    version: str

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
        return f"{BINDER}/{self.slug}/{self.branch.replace('/', '%2F')}?urlpath=lab/tree/{path}"


def course(root: Path = ROOT) -> Course:
    """What the files of one copy of the course say."""
    repository = yaml.safe_load((root / "_config.yml").read_text())["repository"]
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+(?<!\.git)", repository["url"]):
        raise SystemExit(f"_config.yml: expected a url like https://github.com/owner/name, found {repository['url']}")
    version = re.search(r'^__version__ = "(.+)"$', (root / "bncourse" / "__init__.py").read_text(), re.MULTILINE)
    return Course(repository["url"], repository["branch"], version[1])


def needs_tensorflow(notebook) -> bool:
    """Whether a cell imports TensorFlow, Keras or a module built on them; one inside `if` or `def` is optional."""
    for cell in notebook.cells:
        if cell.cell_type != "code" or cell.metadata.get("setup"):
            continue
        for node in ast.parse(cell.source).body:
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for module in modules:
                top, _, rest = module.partition(".")
                if top in ("tensorflow", "keras") or (top == "bncourse" and rest.split(".")[0] in NEED_TENSORFLOW):
                    return True
    return False


def setup_source(here: Course, *, tensorflow: bool, root: Path = ROOT) -> str:
    """The set-up cell: the function as it stands in tools/setup_cell.py, and its call."""
    series = ".".join(here.version.split(".")[:2])
    function = (root / "tools" / "setup_cell.py").read_text().strip()
    call = f'set_up("{here.repository}", "{here.branch}", series="{series}", tensorflow={tensorflow})'
    return f"{TITLE}\n{function}\n\n\n{call}"


def links(here: Course, path: str) -> str:
    """The line of links under a chapter's title."""
    page = f"{here.site}{path.removesuffix('.ipynb')}.html"
    return f"*Run it in [Colab]({here.colab(path)}) or [Binder]({here.binder(path)}), read it on [the site]({page}).*"


def stamp_notebook(text: str, path: str, here: Course, root: Path = ROOT) -> str:
    """A chapter with its set-up cell and its line of links."""
    notebook = nbformat.reads(text, as_version=4)
    cells = [cell for cell in notebook.cells if cell.metadata.get("setup")]
    if len(cells) != 1:
        raise SystemExit(f"{path}: expected one cell with the metadata `setup: true`, found {len(cells)}")
    cells[0].source = setup_source(here, tensorflow=needs_tensorflow(notebook), root=root)
    cells[0].metadata = {"setup": True, "cellView": "form", "tags": ["hide-input"]}

    # The links follow the line in italics (time and prerequisites), or the title where there is none.
    paragraphs = notebook.cells[0].source.split("\n\n")
    paragraphs = [paragraph for paragraph in paragraphs if "Run it in [Colab](" not in paragraph]
    position = 2 if len(paragraphs) > 1 and paragraphs[1].startswith(("*", "_")) else 1
    notebook.cells[0].source = "\n\n".join([*paragraphs[:position], links(here, path), *paragraphs[position:]])

    notebooks.normalize(notebook)
    return nbformat.writes(notebook) + "\n"


def stamp_text(text: str, here: Course) -> str:
    """A Markdown page, pyproject.toml or CITATION.cff: link definitions, metadata lines, links to Colab and Binder."""
    for pattern, new in (
        (r"^\[repository\]: .*$", f"[repository]: {here.repository}"),
        (r"^\[site\]: .*$", f"[site]: {here.site}"),
        (r"\bgit clone https://\S+", f"git clone {here.repository}"),
        (r'^Repository = ".*"$', f'Repository = "{here.repository}"'),
        (r'^repository-code: ".*"$', f'repository-code: "{here.repository}"'),
        (r'^url: ".*"$', f'url: "{here.site}"'),
        (r"^version: .*$", f"version: {here.version}"),
        (rf"{COLAB}/[^\s)]*?/(book/[^\s)]+)", here.colab(r"\1")),
        (rf"{BINDER}/[^\s)]*?\?urlpath=lab/tree/([^\s)]+)", here.binder(r"\1")),
    ):
        text = re.sub(pattern, new, text, flags=re.MULTILINE)
    return text


def stamped(root: Path = ROOT) -> dict[Path, str]:
    """Every stamped file of one copy of the course, as it should be."""
    here = course(root)
    chapters = sorted((root / "book").glob("*.ipynb"))
    texts = [root / "README.md", root / "pyproject.toml", root / "CITATION.cff", *sorted((root / "book").glob("*.md"))]
    return {
        **{path: stamp_notebook(path.read_text(), f"book/{path.name}", here, root) for path in chapters},
        **{path: stamp_text(path.read_text(), here) for path in texts if path.exists()},
    }


def outdated(root: Path = ROOT) -> list[Path]:
    """Stamped files that differ from what they should be."""
    return [path for path, text in stamped(root).items() if path.read_text() != text]


def write(root: Path = ROOT) -> list[Path]:
    """Stamp one copy of the course; gives the files that were out of date."""
    changed = outdated(root)
    for path, text in stamped(root).items():
        if path in changed:
            path.write_text(text)
    return changed


def main() -> None:
    check = "--check" in sys.argv[1:]
    changed = outdated() if check else write()
    for path in changed:
        print(path.relative_to(ROOT))
    if check and changed:
        raise SystemExit("out of date: run `make stamp`")


if __name__ == "__main__":
    main()
