"""The look of every figure: one type size, legible on a phone, and one pair of colors."""

import matplotlib.pyplot as plt
from matplotlib.colors import LinearSegmentedColormap

# Okabe and Ito's color-blind safe palette (https://jfly.uni-koeln.de/color/). Two of its colors have a fixed meaning.
PLAIN = "#D55E00"  # without batch normalization
BATCHNORM = "#0072B2"  # with batch normalization
OTHER = "#009E73"  # a third thing compared with the two
MUTED = "#8A8F98"  # context: references, individual runs, what is not the point
INK = "#20242B"

# From negative (the one color) over white to positive (the other).
SIGNED = LinearSegmentedColormap.from_list(
    "signed", ["#7A3600", PLAIN, "#F2B48A", "white", "#8CBEE0", BATCHNORM, "#003B5C"]
)


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
            "axes.prop_cycle": plt.cycler(color=[BATCHNORM, PLAIN, OTHER, "#CC79A7", "#56B4E9", "#E69F00"]),
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#E4E6EA",
            "grid.linewidth": 0.7,
            "xtick.color": "#4A5058",
            "ytick.color": "#4A5058",
            "lines.linewidth": 2.0,
            "legend.frameon": False,
            "image.cmap": "gray_r",
        }
    )
