"""What Python files import, read from their source: nothing is run."""

import ast
from functools import cache
from pathlib import Path

HEAVY = {"tensorflow", "keras"}


@cache  # the course is read again for each of its pages
def imported(
    source: str, package: str = "bncourse", *, inside_functions: bool = True, inside_if: bool = True
) -> frozenset[str]:
    """The dotted names that a source imports, relative ones resolved in `package`; what is for types alone is left out.

    `from a.b import c` gives `a.b` and `a.b.c`, since c may be a module.
    """
    names = set()
    waiting = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = ".".join(filter(None, [*parents(package, node.level), node.module]))
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
        function = isinstance(node, ast.FunctionDef | ast.Lambda)
        if (function and not inside_functions) or (isinstance(node, ast.If) and not (inside_if and is_run(node))):
            continue
        waiting += ast.iter_child_nodes(node)
    return frozenset(names)


def parents(package: str, level: int) -> list[str]:
    """The package that the dots of a relative import lead to."""
    parts = package.split(".")
    return parts[: len(parts) + 1 - level] if level else []


def is_run(node: ast.If) -> bool:
    """Whether an `if` is about more than types."""
    return getattr(node.test, "id", None) != "TYPE_CHECKING"


def heavy(names: set[str]) -> set[str]:
    """TensorFlow and Keras, if they are among the names."""
    return {name.partition(".")[0] for name in names} & HEAVY


def modules(names: set[str], package: str = "bncourse") -> set[str]:
    """What of a package is among the names: its modules, functions and classes, without the package's own name."""
    return {name.split(".")[1] for name in names if name.startswith(f"{package}.")}


def files(package: Path) -> dict[str, list[Path]]:
    """The files of each module of a package, be it one file or a package itself."""
    found = {path.stem: [path] for path in sorted(package.glob("*.py"))}
    return found | {path.parent.name: sorted(path.parent.glob("*.py")) for path in package.glob("*/__init__.py")}


def within(path: Path, package: Path) -> str:
    """The dotted name of the package in which a file stands."""
    return ".".join((package.name, *path.relative_to(package).parts[:-1]))


def heavy_modules(package: Path) -> set[str]:
    """The modules of a package that load TensorFlow, directly or through another of its modules."""
    found = {
        name: set().union(
            *(imported(path.read_text(), within(path, package), inside_functions=False) for path in paths)
        )
        for name, paths in files(package).items()
    }
    wanting = {name for name, names in found.items() if heavy(names)}
    while more := {name for name, names in found.items() if modules(names, package.name) & wanting} - wanting:
        wanting |= more
    return wanting
