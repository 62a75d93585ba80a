"""What a figure draws, in numbers: what ties a stored picture to the code that made it.

Pixels differ between machines, numbers hardly. So when a chapter is executed here, each figure carries a record of what
is in it (`record`), stored in the metadata of its output: axes, curves, bars, images, texts, in fractions of the axes.
`make test` makes the figures again and compares the records (`differences`). The stored record also holds the SHA-256
of the picture's bytes, so that no picture is exchanged without its record (`seal`).

A cell whose figure hangs on training says in its metadata by how much it may move, `"drawn": {"tolerance": 0.2}`: in
fractions of an axis. Numbers inside its labels are then left out. With a tolerance of 1, for pictures that a trained
network chooses, only axes, titles and the kinds of what is drawn are compared.
"""

import atexit
import base64
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from itertools import groupby, zip_longest
from pathlib import Path

import numpy as np

TOLERANCE = 0.002  # of an axis' length: less than a line's width, and far more than rounding moves
ALL = 64  # so many points are recorded one by one; of more, the means of
BLOCKS = 32  # so many stretches, the least and the greatest
STARTUP = 'import runpy\nrunpy.run_path({path!r})["register"](get_ipython())\n'
NUMBER = re.compile(r"[-+−]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?")
MEASURED = re.compile(rf"≈ *(?:\[[^\]]*\]|{NUMBER.pattern})")


# In the kernel


def enable() -> None:
    """Let the kernels that this process starts record what their figures draw."""
    folder = tempfile.TemporaryDirectory(prefix="ipython-")
    atexit.register(folder.cleanup)
    startup = Path(folder.name) / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "drawn.py").write_text(STARTUP.format(path=__file__))
    os.environ["IPYTHONDIR"] = folder.name


def register(shell) -> None:
    """Let a kernel's figures carry their record in the metadata of their output."""
    formatter = shell.display_formatter.mimebundle_formatter
    formatter.for_type_by_name("matplotlib.figure", "Figure", lambda figure: ({}, {"drawn": record(figure)}))


def record(figure) -> dict:
    """What a figure shows: its size, its own texts, and for each of its axes the limits and everything drawn."""
    own = [*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())]
    return {
        "size": numbers(figure.get_size_inches()),
        "texts": [text.get_text() for text in own if text.get_text()],
        "axes": [_axes(ax) for ax in figure.axes if ax.get_visible()],
    }


def numbers(values) -> str:
    """Numbers as text, so that a notebook holds them in one line."""
    return " ".join(f"{round(float(value), 4) + 0.0:g}" for value in np.ravel(values))


def summary(values: np.ndarray) -> str:
    """Values (n, k), all of them or, of many, each column's means of stretches, least and greatest."""
    values = np.clip(np.asarray(values, float), -10, 10)  # far outside the axes it does not matter where
    if len(values) > ALL:
        blocks = np.array_split(values, BLOCKS)
        values = np.stack([*(_mean(block) for block in blocks), np.nanmin(values, axis=0), np.nanmax(values, axis=0)])
    return numbers(values)


def _mean(block: np.ndarray) -> np.ndarray:
    """The mean of each column over its numbers; NaN where there is none."""
    known = np.isfinite(block)
    count = known.sum(axis=0)
    return np.where(count, np.where(known, block, 0).sum(axis=0) / np.maximum(count, 1), np.nan)


def _axes(ax) -> list[str]:
    """One line of JSON about the axes themselves, and one for each thing that is drawn there."""
    legend = ax.get_legend()
    frame = {
        "title": " ".join(filter(None, (ax.get_title(loc) for loc in ("left", "center", "right")))),
        "labels": [ax.get_xlabel(), ax.get_ylabel()],
        "scales": [ax.get_xscale(), ax.get_yscale()],
        # In the axis' own scale, so that a power of ten counts the same at both ends of a logarithmic axis.
        "limits": " ".join(f"{limit:.8g}" for limit in np.ravel(ax.transScale.transform(_limits(ax)).T)),
        "ticks": [_ticks(ax.xaxis), _ticks(ax.yaxis)],
        "legend": [text.get_text() for text in legend.get_texts()] if legend else [],
    }
    drawn = [*ax.lines, *ax.patches, *ax.collections, *ax.images, *ax.texts, *ax.tables]
    alike = groupby((artist for artist in drawn if artist.get_visible()), _what)
    artists = [_artist(ax, dict(what), list(group)) for what, group in alike]
    return [json.dumps(entry, ensure_ascii=False) for entry in (frame, *artists)]


def _ticks(axis) -> list[str]:
    """The labels of ticks that were set by hand or are names."""
    if type(axis.get_major_locator()).__name__ not in ("FixedLocator", "StrCategoryLocator"):
        return []
    return axis.get_major_formatter().format_ticks(axis.get_majorticklocs())


def _limits(ax) -> np.ndarray:
    """The corners of the axes, ((left, bottom), (right, top))."""
    return np.transpose([ax.get_xlim(), ax.get_ylim()])


def _what(artist) -> tuple:
    """Kind, label, text and look of an artist; bars that agree in these are recorded as one."""
    label = str(artist.get_label())
    found = {"kind": type(artist).__name__, "label": "" if label.startswith("_") else label, "look": _look(artist)}
    if hasattr(artist, "get_text"):
        found["text"] = artist.get_text()
    if not hasattr(artist, "get_width"):
        found["id"] = id(artist)
    return tuple(found.items())


def _artist(ax, what: dict, group: list) -> dict:
    """Artists that look alike: what they are, how many points they have, and where those are in the axes."""
    values = np.concatenate([_values(ax, artist) for artist in group])
    found = {name: value for name, value in what.items() if name != "id"}
    found |= {"count": len(values), "values": summary(values)}
    if _mapped(group[0]) and None not in group[0].get_clim():
        found["range"] = " ".join(f"{value:.6g}" for value in group[0].get_clim())
    return found


def _mapped(artist) -> bool:
    """Whether an artist's colors stand for numbers."""
    return hasattr(artist, "get_clim") and artist.get_array() is not None


def _look(artist) -> str:
    """Colors, line style and marker, as far as an artist has them."""
    from matplotlib.colors import to_hex

    if _mapped(artist):
        return artist.get_cmap().name
    found = []
    for name in ("get_color", "get_facecolor", "get_edgecolor"):
        color = getattr(artist, name, lambda: None)()
        if color is not None:
            colors = [color] if isinstance(color, str | tuple) else np.atleast_2d(color)[:4]
            found += [to_hex(one, keep_alpha=True) for one in colors]
    for name in ("get_linestyle", "get_marker"):
        style = getattr(artist, name, lambda: None)()
        if style is not None:
            found.append(style if isinstance(style, str) else "-" if style == [(0.0, None)] else "dashes")
    return " ".join(dict.fromkeys(found))


def _values(ax, artist) -> np.ndarray:
    """Where an artist is, (n, 2) in fractions of the axes; of an image its pixels (n, 1)."""
    inside = ax.transAxes.inverted()
    if hasattr(artist, "get_extent") or type(artist).__name__ == "QuadMesh":
        return _pixels(artist)
    if hasattr(artist, "get_xydata"):
        points, transform = artist.get_xydata(), artist.get_transform()
    elif hasattr(artist, "get_offsets") and len(artist.get_offsets()) and not _at_origin(artist):
        points, transform = np.ma.filled(artist.get_offsets(), np.nan), artist.get_offset_transform()
    elif hasattr(artist, "get_paths"):
        points, transform = [vertex for path in artist.get_paths() for vertex in path.vertices], artist.get_transform()
    elif hasattr(artist, "xycoords"):  # an annotation: the point that it speaks of
        points, transform = [artist.xy] if artist.xycoords == "data" else [], ax.transData
    elif hasattr(artist, "get_text"):
        points, transform = [_position(artist)], artist.get_transform()
    elif hasattr(artist, "_posA_posB"):  # an arrow, whose path is laid out when it is drawn
        points, transform = artist._posA_posB or [], artist.get_transform()
    elif hasattr(artist, "get_width"):  # a bar: two corners
        points, transform = artist.get_path().vertices[[0, 2]], artist.get_transform()
    elif hasattr(artist, "get_path"):
        points, transform = artist.get_path().vertices, artist.get_transform()
    else:
        points = []
    return inside.transform(transform.transform(points)) if len(points) else np.empty((0, 2))


def _pixels(image) -> np.ndarray:
    """The pixels of an image, (n, 1), as fractions of its colors' range."""
    pixels = np.ma.filled(np.ma.asarray(image.get_array(), float), np.nan)
    low, high = image.get_clim() if _mapped(image) else (0.0, 255.0)
    if pixels.ndim == 3:  # colors themselves
        low, high = 0.0, 1.0 if np.nanmax(pixels) <= 1 else 255.0
    elif None in (low, high):
        low, high = np.nanmin(pixels), np.nanmax(pixels)
    return ((pixels - low) / ((high - low) or 1.0)).reshape(-1, 1)


def _at_origin(collection) -> bool:
    """Whether a collection's paths themselves say where they are."""
    return len(collection.get_offsets()) == 1 and not np.any(collection.get_offsets())


def _position(text) -> tuple[float, float]:
    """A text's place as numbers, where an axis has categories too."""
    x, y = text.get_position()
    return float(text.convert_xunits(x)), float(text.convert_yunits(y))


# Stored and compared


def digest(png: str) -> str:
    """The SHA-256 of a picture's bytes, from base64."""
    return hashlib.sha256(base64.b64decode(png)).hexdigest()


def pictures(outputs) -> list:
    """The outputs that are pictures."""
    return [output for output in outputs if "image/png" in output.get("data", {})]


def seal(outputs) -> None:
    """Write into each picture's record the digest of its bytes."""
    for output in pictures(outputs):
        if "drawn" in output.metadata:
            output.metadata["drawn"]["png"] = digest(output.data["image/png"])


def tolerance(cell) -> float:
    """By what fraction of an axis a cell's figures may move."""
    return cell.metadata.get("drawn", {}).get("tolerance", TOLERANCE)


def compare(stored, fresh, tolerance: float = TOLERANCE) -> Iterator[str]:
    """How the figures of a cell's fresh outputs differ from those of the stored ones, in sentences."""
    stored, fresh = pictures(stored), pictures(fresh)
    if len(stored) != len(fresh):
        yield f"{len(stored)} pictures are stored, {len(fresh)} are drawn"
    for number, (old, new) in enumerate(zip(stored, fresh, strict=False), 1):
        records = [output.get("metadata", {}).get("drawn") for output in (old, new)]
        if None in records:
            yield f"picture {number}: no record of what is drawn; `make notebooks` makes it"
        else:
            yield from (f"picture {number}, {problem}" for problem in differences(*records, tolerance))


def differences(stored: dict, fresh: dict, tolerance: float = TOLERANCE) -> Iterator[str]:
    """How two records differ by more than the tolerance, in sentences that name axes and artist."""
    widened = tolerance > TOLERANCE
    if stored["size"] != fresh["size"]:
        yield f"its size was {stored['size']}, is {fresh['size']}"
    yield from _texts("the figure's texts", stored["texts"], fresh["texts"], widened)
    if len(stored["axes"]) != len(fresh["axes"]):
        yield f"it had {len(stored['axes'])} axes, has {len(fresh['axes'])}"
    for number, lines in enumerate(zip(stored["axes"], fresh["axes"], strict=False), 1):
        old, new = (list(map(json.loads, one)) for one in lines)
        place = f"axes {number}" + (f" ({old[0]['title']})" if old[0]["title"] else "")
        yield from (f"{place}: {problem}" for problem in _axes_differences(old, new, tolerance, widened))


def _axes_differences(old: list[dict], new: list[dict], tolerance: float, widened: bool) -> Iterator[str]:
    for name in ("title", "labels", "scales", "ticks", "legend"):
        yield from _texts(name, _flat(old[0][name]), _flat(new[0][name]), widened)
    if tolerance >= 1:
        old, new = ([{**one[0], "limits": "0 1 0 1"}, *one[1:]] for one in (old, new))
    limits = (_floats(one[0]["limits"]).reshape(-1, 2) for one in (old, new))
    for axis, before, after in zip("xy", *limits, strict=True):
        if not np.all(np.abs(after - before) <= tolerance * (abs(before[1] - before[0]) or 1.0)):
            yield f"the limits of {axis} were {before}, are {after} (tolerance {tolerance:g})"
    if len(old) != len(new):
        yield f"{len(old) - 1} things were drawn, now {len(new) - 1}"
    for number, (before, after) in enumerate(zip(old[1:], new[1:], strict=False), 1):
        name = before["label"] or before.get("text") or f"number {number}"
        for problem in _artist_differences(before, after, tolerance, widened):
            yield f"{before['kind']} {name!r}: {problem}"


def _artist_differences(old: dict, new: dict, tolerance: float, widened: bool) -> Iterator[str]:
    if old["kind"] != new["kind"]:
        yield f"it is now a {new['kind']}"
        return
    if tolerance >= 1:
        return
    for name in ("label", "text"):
        yield from _texts(name, [old.get(name, "")], [new.get(name, "")], widened)
    if old["look"] != new["look"]:
        yield f"its look was {old['look']}, is {new['look']}"
    if abs(old["count"] - new["count"]) > (tolerance * old["count"] if widened else 0):
        yield f"it had {old['count']} points, has {new['count']}"
        return
    before, after = _floats(old["values"]), _floats(new["values"])
    if before.shape == after.shape:
        moved = _largest(before, after)
        if moved > tolerance:
            yield f"its values moved by {moved:.3g} of the axes (tolerance {tolerance:g})"
    before, after = (_floats(one.get("range", "0 1")) for one in (old, new))
    if not np.all(np.abs(after - before) <= tolerance * (abs(before[1] - before[0]) or 1.0)):
        yield f"the range of its colors was {old.get('range')}, is {new.get('range')}"


def _texts(name: str, old: list, new: list, widened: bool) -> Iterator[str]:
    for before, after in zip_longest(old, new):
        if before is None or after is None or _words(before, widened) != _words(after, widened):
            yield f"{name}: {before!r} was there, now {after!r}"


def _words(text: str, widened: bool) -> str:
    """A text without measured numbers: those behind ≈, or all where the figure hangs on training."""
    return (NUMBER if widened else MEASURED).sub("N", str(text))


def _flat(values) -> list:
    """The texts in nested lists."""
    return [one for value in values for one in _flat(value)] if isinstance(values, list) else [values]


def _floats(text: str) -> np.ndarray:
    return np.array(text.split(), float)


def _largest(before: np.ndarray, after: np.ndarray) -> float:
    """The largest difference; infinite where one is a number and the other is none."""
    if np.any(np.isnan(before) != np.isnan(after)):
        return np.inf
    return float(np.nanmax(np.abs(after - before), initial=0.0)) if before.size else 0.0
