"""What the figures share: axes of their own, and a running mean."""

import matplotlib.pyplot as plt
import numpy as np


def new_axes(figsize=None):
    """The axes of a new figure; `figsize` in inches, by default that of `use_style`."""
    return plt.subplots(figsize=figsize)[1]


def running_mean(values, window):
    """The steps that end a whole window, (steps - window + 1,), counted from 0, and the means of those windows."""
    means = np.convolve(values, np.full(window, 1 / window), mode="valid")
    return np.arange(window - 1, len(values)), means
