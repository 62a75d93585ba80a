"""Figures of the chapters, one file a chapter: each function takes plain results and `ax`, and returns the axes."""

from .backward import bias_and_loss, computation_graph, loss_comparison, projection, residuals
from .convolution import filter_rows, loss_curve, montage, spread_by_depth
from .forward import (
    averaged_together,
    channel_ranges,
    mean_map,
    number_lines,
    output_spread,
    relative_errors,
    shape_against_normal,
)
from .inference import bars, gap_tables, labeled_lines, ratios_by_layer
from .invariance import balance_triangle, by_step, right_triangle, scale_curves, weight_plane
from .landscape import by_rate, loss_planes
from .layer import placements, training_losses
from .shift import drift_by_layer, percentile_band
from .speedup import accuracy_by, accuracy_over_steps
from .style import BATCHNORM, INK, MUTED, OTHER, PLAIN, use_style
from .training import accuracy_by_depth, accuracy_by_rate, signal_by_layer, signal_over_steps

__all__ = [
    "BATCHNORM",
    "INK",
    "MUTED",
    "OTHER",
    "PLAIN",
    "accuracy_by",
    "accuracy_by_depth",
    "accuracy_by_rate",
    "accuracy_over_steps",
    "averaged_together",
    "balance_triangle",
    "bars",
    "bias_and_loss",
    "by_rate",
    "by_step",
    "channel_ranges",
    "computation_graph",
    "drift_by_layer",
    "filter_rows",
    "gap_tables",
    "labeled_lines",
    "loss_comparison",
    "loss_curve",
    "loss_planes",
    "mean_map",
    "montage",
    "number_lines",
    "output_spread",
    "percentile_band",
    "placements",
    "projection",
    "ratios_by_layer",
    "relative_errors",
    "residuals",
    "right_triangle",
    "scale_curves",
    "shape_against_normal",
    "signal_by_layer",
    "signal_over_steps",
    "spread_by_depth",
    "training_losses",
    "use_style",
    "weight_plane",
]
