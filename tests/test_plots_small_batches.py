"""What the figures of `small_batches` draw is what they were given."""

import matplotlib

matplotlib.use("Agg")

import numpy as np

from bncourse import plots


def colored(ax, color):
    return [line for line in ax.get_lines() if line.get_color() == color]


def test_in_and_out_draws_every_value_of_each_size():
    inputs = np.array([[0.5, -1.0], [2.0, 1.5]])
    axes = plots.in_and_out({2: (inputs, np.sign(inputs)), 32: (inputs, inputs)})
    for ax, outputs in zip(axes, (np.sign(inputs), inputs), strict=True):
        (dots,) = colored(ax, plots.BATCHNORM)
        np.testing.assert_array_equal((dots.get_xdata(), dots.get_ydata()), (inputs.ravel(), outputs.ravel()))
    assert [ax.get_title() for ax in axes] == ["batches of 2", "batches of 32"]


def test_noise_by_size_draws_measurements_as_dots_and_predictions_as_dashes():
    ax = plots.noise_by_size(
        [2, 8], {"measured": ([0.2, 0.1], plots.BATCHNORM, "o"), "predicted": ([0.21, 0.11], plots.MUTED, "")}
    )
    dots, line = ax.get_lines()
    assert (dots.get_marker(), dots.get_linestyle(), line.get_linestyle()) == ("o", "None", "--")
    np.testing.assert_array_equal(line.get_ydata(), [0.21, 0.11])
    assert ax.get_xscale() == ax.get_yscale() == "log"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["measured", "predicted"]


def test_accuracy_by_size_draws_every_seed_and_the_means():
    ax = plots.accuracy_by_size([2, 4], {"group": [[0.7, 0.8], [0.5, 0.6]]})
    dots, means = colored(ax, plots.OTHER)
    np.testing.assert_array_equal(dots.get_xdata(), [0, 0, 1, 1])
    np.testing.assert_array_equal(dots.get_ydata(), [0.7, 0.8, 0.5, 0.6])
    np.testing.assert_allclose(means.get_ydata(), [0.75, 0.55])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["2", "4"]
    assert [text.get_text() for text in ax.texts] == ["group norm"]


def test_seeds_by_row_draws_dots_and_a_line_at_their_mean():
    ax = plots.seeds_by_row({"frozen": ([0.2, 0.4], plots.PLAIN), "not": ([0.8], plots.BATCHNORM)})
    dots, mean = colored(ax, plots.PLAIN)
    np.testing.assert_array_equal((dots.get_xdata(), dots.get_ydata()), ([0.2, 0.4], [0, 0]))
    np.testing.assert_allclose(mean.get_xdata(), 0.3)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["frozen", "not"]
    bottom, top = ax.get_ylim()
    assert bottom > top  # the first row on top
