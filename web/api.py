"""The package's pages: each module described by its docstrings, which are read from the source; nothing is imported.

A docstring is plain text with code between backticks: paragraphs, lists, indented code, and the blocks `Args:`,
`Returns:`, `Raises:`, `Formula:` and `Source:`.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from web.self_check import told

PACKAGE = Path(__file__).resolve().parent.parent / "bncourse"
LISTS = ("Args", "Attributes", "Raises")
BLOCKS = (*LISTS, "Returns", "Yields", "Formula", "Source")


class Docstrings(SphinxDirective):
    """```{docstrings} forward```: what a module's docstrings say, a section for each public function and class."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        [name] = self.arguments
        found = []
        for path in files(name):
            self.env.note_dependency(str(path))
            source = path.read_text()
            tree = ast.parse(source)
            found += [*described(tree), *(entry(node, name, source) for node in tree.body if is_public(node))]
        return found


def files(module: str) -> list[Path]:
    """The file of a module, or those of a package, its own first."""
    folder = PACKAGE / module
    parts = sorted(path for path in folder.glob("*.py") if not path.stem.startswith("_"))
    return [folder / "__init__.py", *parts] if folder.is_dir() else [PACKAGE / f"{module}.py"]


def is_public(node: ast.AST) -> bool:
    """Whether a definition has a docstring and a name without an underscore."""
    defines = isinstance(node, ast.FunctionDef | ast.ClassDef)
    return defines and not node.name.startswith("_") and ast.get_docstring(node) is not None


def entry(node: ast.FunctionDef | ast.ClassDef, module: str, source: str) -> nodes.section:
    """A function or class: how it is called, what its docstring says, and its public methods."""
    section = nodes.section("", nodes.title("", node.name), ids=[f"bncourse.{module}.{node.name}"])
    section += code(signature(node, source))
    section += described(node)
    methods = [method for method in node.body if is_public(method)] if isinstance(node, ast.ClassDef) else []
    for method in methods:
        section += code(signature(method, source))
        section += described(method)
    return section


def signature(node: ast.FunctionDef | ast.ClassDef, source: str) -> str:
    """The source of a definition up to its docstring; of a class also its fields and the arguments that make one."""
    lines = source.splitlines()
    start = min([node.lineno, *(mark.lineno for mark in node.decorator_list)]) - 1
    shown = textwrap.dedent("\n".join(lines[start : node.body[0].lineno - 1])).rstrip(":")
    if isinstance(node, ast.ClassDef):
        fields = [lines[field.lineno - 1] for field in node.body if isinstance(field, ast.AnnAssign)]
        made = [signature(part, source) for part in node.body if getattr(part, "name", None) == "__init__"]
        shown = "\n".join([f"{shown}:", *fields, *(textwrap.indent(line, "    ") for line in made)])
    return shown


def described(node: ast.AST) -> list[nodes.Node]:
    """A docstring as nodes."""
    text = ast.get_docstring(node) or ""
    return [made for block in blocks(text.splitlines()) for made in described_block(block)]


def blocks(lines: list[str]) -> Iterator[list[str]]:
    """Runs of lines that belong together: a paragraph, or a heading like `Args:` with what is indented below it."""
    block = []
    for line in lines:
        indented = line.startswith(" ") or not line
        ends = not indented if block and is_heading(block[0]) else not line
        if is_heading(line) or ends:
            if block:
                yield block
            block = []
        if line or block:
            block.append(line)
    if block:
        yield block


def is_heading(line: str) -> bool:
    return line.endswith(":") and line[:-1] in BLOCKS


def described_block(block: list[str]) -> list[nodes.Node]:
    """One run of lines as nodes."""
    heading, *rest = block
    name, body = heading[:-1], inspect.cleandoc("\n".join(["", *rest]))
    if is_heading(heading):
        title = nodes.rubric("", name)
        if name in LISTS:
            return [title, definitions(body.splitlines())]
        return [title, code(body, "text")] if name == "Formula" else [title, *map(paragraph, body.split("\n\n"))]
    if heading.startswith(" "):
        return [code(textwrap.dedent("\n".join(block)), "text")]
    if heading.startswith(">>> "):
        return [code("\n".join(block), "pycon")]
    if heading.startswith("- "):
        return [bullets(block)]
    return [paragraph("\n".join(block))]


def items(lines: list[str], starts) -> list[str]:
    """Lines joined to items, each from a line that starts one."""
    numbered, count = [], 0
    for line in filter(None, lines):
        count += bool(starts(line))
        numbered.append((count, line.strip()))
    return [" ".join(line for _, line in group) for _, group in groupby(numbered, key=lambda pair: pair[0])]


def definitions(lines: list[str]) -> nodes.definition_list:
    """`name: what it is` as a list of terms."""
    found = nodes.definition_list()
    for item in items(lines, lambda line: not line.startswith(" ")):
        name, _, text = item.partition(": ")
        term = nodes.term("", "", nodes.literal("", name.strip("`")))
        found += nodes.definition_list_item("", term, nodes.definition("", paragraph(text)))
    return found


def bullets(lines: list[str]) -> nodes.bullet_list:
    found = items(lines, lambda line: line.startswith("- "))
    return nodes.bullet_list("", *(nodes.list_item("", paragraph(item.removeprefix("- "))) for item in found))


def paragraph(text: str) -> nodes.paragraph:
    """Text with its code and its links."""
    made = nodes.paragraph()
    for part in told(text):
        made += linked(part) if isinstance(part, nodes.Text) else part
    return made


def linked(text: str) -> list[nodes.Node]:
    """Text whose addresses are links."""
    made = []
    for i, piece in enumerate(text.split("https://")):
        address = piece.split()[0].rstrip(".,;)") if i and piece.strip() else ""
        if address:
            made.append(nodes.reference("", address, refuri=f"https://{address}"))
        made.append(nodes.Text(piece.removeprefix(address)))
    return made


def code(text: str, language: str = "python") -> nodes.literal_block:
    return nodes.literal_block(text, text, language=language)
