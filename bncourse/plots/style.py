"""The look of every figure: one type size, legible on a phone, and every color, one pair of them with a meaning."""

import matplotlib.pyplot as plt
from matplotlib.colors import LinearSegmentedColormap

# Okabe and Ito's color-blind safe palette (https://jfly.uni-koeln.de/color/). Two of its colors have a fixed meaning.
PLAIN = "#D55E00"  # without batch normalization
BATCHNORM = "#0072B2"  # with batch normalization
OTHER = "#009E73"  # a third thing compared with the two
PINK, SKY, AMBER = "#CC79A7", "#56B4E9", "#E69F00"  # a fourth thing, a fifth, a sixth
GRADIENT = "#A8447D"  # what flows backward
MUTED = "#8A8F98"  # context: references, individual runs, what is not the point
FAINT = "#E4E6EA"  # grids, and boxes of what is not the point
INK = "#20242B"  # text
QUIET = "#4A5058"  # text that is not the point

# Lines may be lighter than text, which needs a contrast of 4.5 to 1 on a white page and on a dark one.
_LEGIBLE = {PLAIN: "#9A4300", OTHER: "#006B4B", PINK: "#8F3F6B", SKY: "#1A6796", AMBER: "#805800", MUTED: QUIET}

# From negative (the one color) over white to positive (the other).
SIGNED = LinearSegmentedColormap.from_list(
    "signed", ["#7A3600", PLAIN, "#F2B48A", "white", "#8CBEE0", BATCHNORM, "#003B5C"]
)


def legible(color: str) -> str:
    """The color of words about what is drawn in `color`: the same hue, dark enough to be read."""
    return _LEGIBLE.get(color, color)


def use_style() -> None:
    """Set Matplotlib's defaults for the whole notebook: figures 7 inches wide, the site's column, sharp at 180 dpi."""
    plt.rcParams.update(
        {
            "figure.figsize": (7.0, 3.6),
            "figure.dpi": 180,
            "figure.constrained_layout.use": True,
            "savefig.facecolor": "white",
            "font.size": 11.5,
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": MUTED,
            "axes.titlesize": 12.5,
            "axes.titleweight": "semibold",
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": plt.cycler(color=[BATCHNORM, PLAIN, OTHER, PINK, SKY, AMBER]),
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": FAINT,
            "grid.linewidth": 0.7,
            "xtick.color": QUIET,
            "ytick.color": QUIET,
            "lines.linewidth": 2.0,
            "legend.frameon": False,
            "image.cmap": "gray_r",
        }
    )
