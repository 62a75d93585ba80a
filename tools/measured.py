"""Measured numbers, shown behind ≈: whether an assertion of the same cell holds each of them in a range.

Their digits are compared by no one (tests/measured.cfg), so the assertion is all that proves them. It is told from the
syntax: what is printed right behind ≈ has a name, and an `assert` of the cell compares that name with `<` or `>`, or
calls a function of closeness on it. A loop's variable stands for what the loop runs over, and the other way round.
"""

import ast
import builtins
import re
from collections.abc import Iterator
from itertools import pairwise

OPENS = re.compile(r"≈ *\[?[-+]?$")  # what stands right before a measured value, or before a list of them
CLOSE = {"isclose", "allclose", "approx", "assert_allclose", "assert_array_less"}


def problems(notebook) -> Iterator[str]:
    """The measured values of a notebook that no assertion of their cell holds in a range."""
    trees = {number: ast.parse(plain(cell.source)) for number, cell in code(notebook)}
    foreign = set(dir(builtins)).union(*map(tools, trees.values()))
    for number, cell in code(notebook):
        tree, shown = trees[number], [*values(trees[number])]
        asserted = asserted_names(tree) - foreign
        same = loops(tree, foreign)
        for value in shown:
            names = closure(names_in(value) - foreign, same)
            if not names & closure(asserted, same):
                yield f"cell {number}: no assertion holds ≈ {{{ast.unparse(value)}}} in a range"
        if not shown and not asserted and "≈" in printed(cell):
            yield f"cell {number}: it prints ≈, and asserts no range"


def code(notebook) -> Iterator[tuple[int, dict]]:
    return ((number, cell) for number, cell in enumerate(notebook.cells, 1) if cell.cell_type == "code")


def plain(source: str) -> str:
    """A cell without IPython's own commands."""
    return re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)


def printed(cell) -> str:
    """All text of a cell's outputs."""
    texts = [output.get("text", "") for output in cell.outputs]
    texts += [text for output in cell.outputs for kind, text in output.get("data", {}).items() if kind[:5] == "text/"]
    return "".join(texts)


def values(tree: ast.AST) -> Iterator[ast.expr]:
    """The expressions shown right behind ≈, or in a list behind it: in an f-string, or as what is printed next."""
    for node in ast.walk(tree):
        parts = node.values if isinstance(node, ast.JoinedStr) else node.args if isinstance(node, ast.Call) else []
        listed = False
        for before, value in pairwise(parts):
            text = last_text(before)
            opened = OPENS.search(text)
            listed = "[" in opened[0] if opened else listed and "]" not in text
            if (opened or listed) and not isinstance(value, ast.Constant):
                yield value.value if isinstance(value, ast.FormattedValue) else value


def last_text(node: ast.expr) -> str:
    """The text that an expression ends with, where it is a text."""
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[-1]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def names_in(node: ast.AST) -> set[str]:
    return {found.id for found in ast.walk(node) if isinstance(found, ast.Name)}


def tools(tree: ast.AST) -> set[str]:
    """Names that say nothing about a number: modules and functions."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef):
            found.add(node.name)
    return found


def asserted_names(tree: ast.AST) -> set[str]:
    """Names that an assertion compares with a limit."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            found |= {name for limit in ast.walk(node.test) if is_limit(limit) for name in names_in(limit)}
        elif is_limit(node) and isinstance(node, ast.Call) and function(node).startswith("assert"):
            found |= names_in(node)
    return found


def is_limit(node: ast.AST) -> bool:
    """Whether an expression holds a number in a range."""
    if isinstance(node, ast.Compare):
        return any(isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for operator in node.ops)
    return isinstance(node, ast.Call) and function(node) in CLOSE


def function(call: ast.Call) -> str:
    """The last part of the name of what is called."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def loops(tree: ast.AST, foreign: set[str]) -> list[set[str]]:
    """For each loop, the names of its variables and of what it runs over."""
    kinds = ast.For | ast.comprehension
    found = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    return [(names_in(loop.target) | names_in(loop.iter)) - foreign for loop in found]


def closure(names: set[str], same: list[set[str]]) -> set[str]:
    """The names, and those that stand for one of them."""
    grown = names.union(*(group for group in same if group & names))
    return grown if grown == names else closure(grown, same)
