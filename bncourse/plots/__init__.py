"""Figures of the chapters, one file a chapter: each function takes plain results and `ax`, and returns the axes."""

from .backward import bias_and_loss, computation_graph, loss_comparison, projection, residuals
from .clinic import fit_of_statistics, questions
from .convolution import filter_rows, loss_curve, montage, spread_by_depth
from .deployment import accuracy_by_bits, border_map, layer_columns, weight_ranges
from .distributed import modeled_seconds, replica_tracks, shard_spreads, step_seconds
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
from .small_batches import accuracy_by_size, in_and_out, noise_by_size, seeds_by_row
from .speed import multiples, passes, roofline
from .speedup import accuracy_by, accuracy_over_steps
from .style import AMBER, BATCHNORM, GRADIENT, INK, MUTED, OTHER, PLAIN, QUIET, legible, use_style
from .training import accuracy_by_depth, accuracy_by_rate, signal_by_layer, signal_over_steps
from .variants import by_block, dots_by_name, images_row, index_cube

__all__ = [
    "AMBER",
    "BATCHNORM",
    "GRADIENT",
    "INK",
    "MUTED",
    "OTHER",
    "PLAIN",
    "QUIET",
    "accuracy_by",
    "accuracy_by_bits",
    "accuracy_by_depth",
    "accuracy_by_rate",
    "accuracy_by_size",
    "accuracy_over_steps",
    "averaged_together",
    "balance_triangle",
    "bars",
    "bias_and_loss",
    "border_map",
    "by_block",
    "by_rate",
    "by_step",
    "channel_ranges",
    "computation_graph",
    "dots_by_name",
    "drift_by_layer",
    "filter_rows",
    "fit_of_statistics",
    "gap_tables",
    "images_row",
    "in_and_out",
    "index_cube",
    "labeled_lines",
    "layer_columns",
    "legible",
    "loss_comparison",
    "loss_curve",
    "loss_planes",
    "mean_map",
    "modeled_seconds",
    "montage",
    "multiples",
    "noise_by_size",
    "number_lines",
    "output_spread",
    "passes",
    "percentile_band",
    "placements",
    "projection",
    "questions",
    "ratios_by_layer",
    "relative_errors",
    "replica_tracks",
    "residuals",
    "right_triangle",
    "roofline",
    "scale_curves",
    "seeds_by_row",
    "shape_against_normal",
    "shard_spreads",
    "signal_by_layer",
    "signal_over_steps",
    "spread_by_depth",
    "step_seconds",
    "training_losses",
    "use_style",
    "weight_plane",
    "weight_ranges",
]
