"""Execute chapters in place and normalize what is stored: `python tools/notebooks.py [--force] [slug ...]`.

A chapter keeps its stored outputs, all of them, where its code, the package and its data are those that made them and
what comes out today agrees as `make test` asks. Else, or with `--force`, all are renewed, and the record in
book/provenance.json says in which environment.
"""

import argparse
import base64
import hashlib
import io
import json
import os
import platform
import re
import time
from importlib.metadata import version
from pathlib import Path

import course
import drawn
import nbformat
from nbclient import NotebookClient
from nbval.plugin import get_sanitize_patterns
from PIL import Image

from bncourse.environment import processor

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
RECORD = BOOK / "provenance.json"
PACKAGES = ("numpy", "matplotlib", "tensorflow", "keras")
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def chapters(slugs=()) -> list[Path]:
    """Notebooks in reading order; with slugs, those alone."""
    found = {chapter.slug: course.ROOT / chapter.path for chapter in course.read().chapters}
    unknown = sorted(set(slugs) - set(found))
    if unknown:
        raise SystemExit(f"no chapter named {', '.join(unknown)}; there are {', '.join(found)}")
    return [path for slug, path in found.items() if not slugs or slug in slugs]


def environment() -> dict:
    """What the outputs depend on beside the code."""
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "processor": processor(),
        "cores": os.cpu_count(),
    }


def sources(notebook) -> str:
    """A digest of all that a chapter's outputs come from: its code, the package, the package's data."""
    package = ROOT / "bncourse"
    files = sorted([*package.rglob("*.py"), *(path for path in (package / "assets").rglob("*") if path.is_file())])
    digest = hashlib.sha256()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            digest.update(f"{cell.source}\0".encode())
    for path in files:
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def unmeasured(text: str) -> str:
    """A text without the digits that nbval leaves out: those of measurements, behind ≈."""
    for pattern, replacement in get_sanitize_patterns((ROOT / "tests" / "measured.cfg").read_text()):
        text = re.sub(pattern, replacement, text)
    return text


def comparable(cell) -> list:
    """A cell's text outputs as nbval compares them: without pictures, measured digits and what goes to stderr."""
    outputs = []
    for output in cell.outputs:
        if output.output_type == "stream":
            if output.name == "stdout":
                outputs.append(unmeasured(output.text))
        else:
            data = output.get("data", {})
            outputs.append({kind: unmeasured(text) for kind, text in data.items() if not kind.startswith("image/")})
    return outputs


def agree(stored, fresh) -> bool:
    """Whether two executions of a chapter gave the same, in every cell, as `make test` compares."""
    return all(
        old.execution_count == new.execution_count
        and comparable(old) == comparable(new)
        and not any(drawn.compare(old.outputs, new.outputs, drawn.tolerance(old)))
        for old, new in zip(stored.cells, fresh.cells, strict=True)
        if old.cell_type == "code"
    )


def compact(png: str) -> str:
    """The same picture, base64 to base64, in 256 colors and a third of the bytes; only edges' shades are rounded."""
    picture = Image.open(io.BytesIO(base64.b64decode(png)))
    if picture.mode == "P":  # done before
        return png
    packed = io.BytesIO()
    picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
    return base64.b64encode(packed.getvalue()).decode()


def normalize(notebook) -> None:
    """Make what is stored depend on the chapter alone: cell ids from sources, no times, no stderr, one kernel name."""
    seen = {}
    for cell in notebook.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:10]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        for key in ("execution", "collapsed", "jupyter", "ExecuteTime"):
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if not (o.output_type == "stream" and o.name == "stderr")]
            for data in (output.data for output in cell.outputs if "data" in output):
                if "image/png" in data:
                    data["image/png"] = compact(data["image/png"])
    described = {"course": notebook.metadata.course} if "course" in notebook.metadata else {}
    notebook.metadata = described | {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    notebook.nbformat, notebook.nbformat_minor = 4, 5


def execute(notebook) -> float:
    """Execute a notebook and normalize it, and return the seconds."""
    start = time.perf_counter()
    NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,  # how often a kernel flushes is chance
        resources={"metadata": {"path": str(BOOK)}},
    ).execute()
    seconds = time.perf_counter() - start
    normalize(notebook)
    for cell in notebook.cells:
        drawn.seal(cell.get("outputs", []))
    return seconds


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Execute chapters in place.")
    parser.add_argument("slugs", nargs="*", metavar="slug", help="chapters; without names, all")
    parser.add_argument("--force", action="store_true", help="renew outputs that still agree, too")
    options = parser.parse_args(arguments)
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the tests: with more, small sums only wait
    drawn.enable()
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    for path in chapters(options.slugs):
        stored, fresh = (nbformat.read(path, as_version=4) for _ in range(2))
        made_of = sources(stored)
        seconds = execute(fresh)
        known = not options.force and record.get(path.stem, {}).get("sources") == made_of
        kept = known and agree(stored, fresh)
        if kept:
            normalize(stored)
        else:
            record[path.stem] = {"environment": environment(), "seconds": round(seconds), "sources": made_of}
            RECORD.write_text(json.dumps(dict(sorted(record.items())), indent=2) + "\n")
        nbformat.write(stored if kept else fresh, path)
        print(f"{path.name}: {seconds:.0f} s, {'unchanged' if kept else 'renewed'}", flush=True)


if __name__ == "__main__":
    main()
