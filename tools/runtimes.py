"""Compare the versions that we rehearse with what Colab publishes: `python tools/runtimes.py`.

Colab keeps its packages in the repository googlecolab/backend-info: of the current runtime in files of the main
branch, of each older one that can be chosen at a commit that the README names. What has moved since tools/colab.py was
written is printed, and the exit status says whether anything has.
"""

import re
import urllib.request
from collections.abc import Callable, Iterator

from colab import ALWAYS, RUNTIMES
from packaging.requirements import Requirement

SOURCE = "https://raw.githubusercontent.com/googlecolab/backend-info"
OLDER = re.compile(r"^### (\d{4}\.\d{2})$.*?/googlecolab/backend-info/tree/([0-9a-f]{40})", re.MULTILINE | re.DOTALL)


def fetch(path: str) -> str:
    """A file of the repository, named by branch or commit and path."""
    with urllib.request.urlopen(f"{SOURCE}/{path}", timeout=60) as answer:
        return answer.read().decode()


def places(readme: str) -> dict[str, str]:
    """The branch or commit of the current and the oldest runtime."""
    older = OLDER.findall(readme)
    if not older:
        raise SystemExit("The README of googlecolab/backend-info names no older runtimes where it did.")
    return {"latest": "main", "oldest": min(older)[1]}


def python(os_info: str) -> str:
    """The Python of a runtime, as in 3.12, from its os-info.txt."""
    found = re.search(r"^Python (\d+\.\d+)", os_info, re.MULTILINE)
    return found[1] if found else "unknown"


def packages(freeze: str) -> dict[str, str]:
    """The version of each package in a pip-freeze.txt; those from files or addresses have none."""
    return dict(re.findall(r"^([\w.-]+)==(\S+)$", freeze, re.MULTILINE))


def moved(name: str, published_python: str, published: dict[str, str]) -> Iterator[str]:
    """How a published runtime differs from the one that we rehearse, in sentences."""
    rehearsed_python, requirements = RUNTIMES[name]
    if published_python != rehearsed_python:
        yield f"{name}: Colab has Python {published_python}, we rehearse {rehearsed_python}"
    for requirement in map(Requirement, (*requirements, *ALWAYS)):
        version = published.get(requirement.name)
        if version is None:
            yield f"{name}: Colab has no {requirement.name}, we rehearse {requirement}"
        elif version not in requirement.specifier:
            yield f"{name}: Colab has {requirement.name} {version}, we rehearse {requirement}"


def changes(read: Callable[[str], str] = fetch) -> list[str]:
    """All that has moved, in sentences."""
    found = []
    for name, place in places(read("main/README.md")).items():
        published = packages(read(f"{place}/pip-freeze.txt"))
        found += moved(name, python(read(f"{place}/os-info.txt")), published)
    return found


if __name__ == "__main__":
    found = changes()
    print("\n".join(found) or "Colab's runtimes are those that we rehearse.")
    raise SystemExit(bool(found))
