"""Execute chapters in place and normalize what is stored: `python tools/notebooks.py [slug ...]`; without names, all.

On the machine that made the stored outputs (same processor, same package versions) every cell's outputs are renewed,
and an unchanged chapter gives no diff. On another machine the last digits of float arithmetic and the pixels of a
picture may differ, so there a cell whose text outputs still agree keeps the stored ones.
"""

import base64
import hashlib
import io
import json
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

import course
import nbformat
from nbclient import NotebookClient
from PIL import Image

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


def processor() -> str:
    """The processor's name, as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def environment() -> dict:
    """What the outputs depend on beside the code."""
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "processor": processor(),
        "cores": os.cpu_count(),
    }


def comparable(cell) -> list:
    """A cell's outputs as nbval compares them: text without pictures and without what goes to stderr."""
    outputs = []
    for output in cell.outputs:
        if output.output_type == "stream":
            if output.name == "stdout":
                outputs.append(output.text)
        else:
            data = output.get("data", {})
            outputs.append({kind: text for kind, text in data.items() if not kind.startswith("image/")})
    return outputs


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


def execute(path: Path, *, keep_agreeing: bool) -> float:
    """Execute one chapter in place, and return the seconds; with `keep_agreeing`, outputs whose text agrees stay."""
    stored = nbformat.read(path, as_version=4)
    fresh = nbformat.read(path, as_version=4)
    start = time.perf_counter()
    NotebookClient(
        fresh,
        timeout=600,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,  # how often a kernel flushes is chance
        resources={"metadata": {"path": str(BOOK)}},
    ).execute()
    seconds = time.perf_counter() - start
    normalize(fresh)
    if keep_agreeing:
        for old, new in zip(stored.cells, fresh.cells, strict=True):
            if new.cell_type == "code" and old.execution_count is not None and comparable(old) == comparable(new):
                new.outputs = old.outputs
    nbformat.write(fresh, path)
    return seconds


def main() -> None:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    here = environment()
    for path in chapters(sys.argv[1:]):
        stored = record.get(path.stem, {})
        same = not stored or stored["environment"] == here
        before = path.read_text()
        seconds = execute(path, keep_agreeing=not same)
        changed = path.read_text() != before
        # An unchanged chapter keeps its record too: seconds vary from run to run.
        if changed or not stored:
            record[path.stem] = {"environment": here if same else stored["environment"], "seconds": round(seconds)}
            RECORD.write_text(json.dumps(dict(sorted(record.items())), indent=2) + "\n")
        print(f"{path.name}: {seconds:.0f} s, {'changed' if changed else 'unchanged'}")


if __name__ == "__main__":
    main()
