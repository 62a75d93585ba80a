"""What the figures of `training` and `shift` draw is what they were given."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from bncourse import plots

COLORS = (plots.PLAIN, plots.BATCHNORM)


def drawn(ax):
    return [line.get_ydata() for line in ax.get_lines()]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_accuracy_by_depth_draws_every_run_and_the_median_of_each_depth():
    accuracies = np.array([[0.8, 0.7, 0.9], [0.1, 0.5, 0.2]])
    ax = plots.accuracy_by_depth([2, 16], accuracies, label="plain", color=plots.PLAIN)
    median, runs = drawn(ax)
    np.testing.assert_array_equal(median, [0.8, 0.2])
    np.testing.assert_array_equal(runs, accuracies.ravel())
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["2", "16"]
    assert texts(ax) == ["plain"]


def test_signal_by_layer_draws_a_labeled_line_for_each_signal():
    signals = {"forward": ([1.0, 0.5, 0.1], COLORS[0]), "backward": ([0.2, 0.6, 1.0], COLORS[1])}
    ax = plots.signal_by_layer(signals)
    for line, (values, color) in zip(ax.get_lines(), signals.values(), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), values)
        np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3])
        assert line.get_color() == color
    assert ax.get_yscale() == "log" and texts(ax) == list(signals)


def test_signal_over_steps_draws_a_labeled_line_for_each_network():
    ax = plots.signal_over_steps(np.array([0, 5, 10]), {"plain": ([1.0, 0.1, 0.3], COLORS[0])})
    (line,) = ax.get_lines()
    np.testing.assert_array_equal(line.get_xdata(), [0, 5, 10])
    np.testing.assert_array_equal(line.get_ydata(), [1.0, 0.1, 0.3])
    assert ax.get_yscale() == "log" and texts(ax) == ["plain"]


def test_signal_over_steps_writes_no_label_over_another():
    ends = {"low": ([1.0, 0.9], "k"), "high": ([1.0, 1.1], "k"), "far": ([1.0, 9.0], "k")}
    ax = plots.signal_over_steps(np.array([0, 5]), ends)
    np.testing.assert_allclose([text.get_position()[1] for text in ax.texts], [0.9, 1.8, 9.0])


def test_percentile_band_draws_the_band_s_edges_and_the_median():
    percentiles = np.array([[-1.0, 0.0, 2.0], [-2.0, 0.5, 3.0]])
    ax = plots.percentile_band([0, 50], percentiles, color=plots.PLAIN)
    low, high, median = drawn(ax)
    np.testing.assert_array_equal([low, median, high], percentiles.T)
    (band,) = ax.collections
    assert band.get_paths()[0].vertices[:, 1].min() == -2 and band.get_paths()[0].vertices[:, 1].max() == 3


def test_drift_by_layer_draws_each_seed_and_their_mean():
    drift = np.array([[0.1, 0.3], [0.3, 0.5]])
    ax = plots.drift_by_layer({"plain": (drift, COLORS[0])})
    *seeds, mean = drawn(ax)
    np.testing.assert_array_equal(seeds, drift)
    np.testing.assert_allclose(mean, [0.2, 0.4])
    assert ax.get_ylim()[0] == 0


@pytest.mark.parametrize("draw", ["percentile_band", "accuracy_by_depth", "signal_over_steps"])
def test_a_figure_is_drawn_into_the_axes_it_is_given(draw):
    _, ax = plt.subplots()
    arguments = {
        "percentile_band": (([0], np.zeros((1, 3))), {"color": "k"}),
        "accuracy_by_depth": (([2], [[0.5]]), {"label": "", "color": "k"}),
        "signal_over_steps": ((np.array([0, 1]), {"plain": ([1.0, 1.0], "k")}), {}),
    }
    args, kwargs = arguments[draw]
    assert getattr(plots, draw)(*args, **kwargs, ax=ax) is ax
