"""How well words in a figure are read: their contrast with the ground, by WCAG, as each page shows the figure.

A light page shows a figure as it is. A dark page turns a chart over, white to the page's own color, and keeps a picture
on a light card (both in web/static/course.css).
"""

import re
from pathlib import Path

import numpy as np
from matplotlib.colors import to_rgb

STYLE = Path(__file__).resolve().parent.parent / "web" / "static" / "course.css"
PAPER = re.search(r'\[data-theme="dark"\] \{\s*--paper: (#\w+);', STYLE.read_text())[1]  # of a dark page
CARD = 0.8  # brightness of a picture there
LEAST = 4.5  # AA for text of this size
# CSS's hue-rotate(180deg), https://www.w3.org/TR/filter-effects-1/#feColorMatrixElement
TURNED = 2 * np.array([[0.213, 0.715, 0.072]] * 3) - np.eye(3)


def as_shown(color) -> tuple[np.ndarray, ...]:
    """A color of a figure on a light page, in a chart on a dark page, and in a picture on a dark page."""
    color = np.array(to_rgb(color))
    inverted = np.clip(TURNED @ (1 - color), 0, 1)
    return color, np.maximum(inverted, to_rgb(PAPER)), CARD * color


def luminance(color: np.ndarray) -> float:
    linear = np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def least(color, ground="white") -> float:
    """The least contrast of words in a color on a ground, of all ways in which pages show them."""
    pairs = zip(as_shown(color), as_shown(ground), strict=True)
    ordered = [sorted(map(luminance, pair)) for pair in pairs]
    return min((lighter + 0.05) / (darker + 0.05) for darker, lighter in ordered)


def faint(figure) -> list[str]:
    """The words of a Matplotlib figure that are hard to read where they stand, each with its contrast."""
    from matplotlib.text import Text

    words = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    looks = [text.get_alpha() for text in words]
    for text in words:
        text.set_alpha(0)  # their boxes stay
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[::-1, :, :3]
    found = []
    for text, look in zip(words, looks, strict=True):
        text.set_alpha(look)
        box = text.get_window_extent()
        inside = pixels[max(0, round(box.y0)) : round(box.y1), max(0, round(box.x0)) : round(box.x1)].reshape(-1, 3)
        colors, counts = np.unique(inside, axis=0, return_counts=True)
        contrast = least(text.get_color(), colors[counts.argmax()] / 255) if len(colors) else LEAST
        if contrast < LEAST:
            found.append(f"{text.get_text()!r} has a contrast of {contrast:.1f}")
    return found
