"""Figures of the chapters, one file a chapter: each function takes plain results and `ax`, and returns the axes."""

from .convolution import loss_curve, montage, spread_by_depth
from .forward import (
    averaged_together,
    channel_ranges,
    mean_map,
    number_lines,
    output_spread,
    relative_errors,
    shape_against_normal,
)
from .style import BATCHNORM, INK, MUTED, OTHER, PLAIN, use_style

__all__ = [
    "BATCHNORM",
    "INK",
    "MUTED",
    "OTHER",
    "PLAIN",
    "averaged_together",
    "channel_ranges",
    "loss_curve",
    "mean_map",
    "montage",
    "number_lines",
    "output_spread",
    "relative_errors",
    "shape_against_normal",
    "spread_by_depth",
    "use_style",
]
