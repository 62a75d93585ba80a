"""What the figures share: axes of their own, a running mean, arrows, numbers at logarithmic axes."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

PALE = 0.4  # opacity of colors that black words are written on: so they are read in the dark, too


def new_axes(figsize=None):
    """The axes of a new figure; `figsize` in inches, by default that of `use_style`."""
    return plt.subplots(figsize=figsize)[1]


def running_mean(values, window):
    """The steps that end a whole window, (steps - window + 1,), counted from 0, and the means of those windows."""
    means = np.convolve(values, np.full(window, 1 / window), mode="valid")
    return np.arange(window - 1, len(values)), means


def arrow(ax, start, end, color):
    """A straight arrow between two points of the axes, whose limits take it in."""
    ax.update_datalim((start, end))
    ax.autoscale_view()
    look = dict(arrowstyle="-|>", color=color, linewidth=2, shrinkA=0, shrinkB=0)
    ax.annotate("", xy=end, xytext=start, arrowprops=look)


def plain_numbers(axis):
    """Numbers without powers at a logarithmic axis: 1, 2 and 5 of each decade where there are less than two."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())
