"""What the figures of `layer` and `speedup` draw is what they were given."""

import matplotlib

matplotlib.use("Agg")

import numpy as np

from bncourse import plots
from bncourse.training import Config, Run


def run(accuracy, *, diverged=False, **fields):
    evaluated = np.arange(1, len(accuracy) + 1) * 100
    return Run(Config(**fields), np.ones(3, np.float32), np.array(accuracy, float), evaluated, diverged)


def colored(ax, color):
    return [line for line in ax.get_lines() if line.get_color() == color]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_training_losses_are_medians_of_ten_steps_which_a_spike_leaves_alone():
    losses = np.arange(30.0)
    spiked = losses + 1
    spiked[20] = 99.0
    ax = plots.training_losses({"good": losses, "bad": spiked}, chance=2.3)
    (good,), (bad,) = colored(ax, plots.BATCHNORM), colored(ax, plots.PLAIN)
    np.testing.assert_array_equal(good.get_xdata(), np.arange(9, 30))
    np.testing.assert_allclose(good.get_ydata(), np.arange(4.5, 25.5))
    np.testing.assert_allclose(bad.get_ydata(), np.arange(5.5, 26.5), atol=1)
    assert texts(ax) == ["good", "bad"] and ax.get_lines()[0].get_ydata()[0] == 2.3


def test_placements_draw_every_seed_and_the_mean_in_a_panel_for_each_rate():
    axes = plots.placements({0.1: {"before": [0.2, 0.4], "after": [0.6, 0.8]}, 1.0: {"before": [0.5], "after": [0.7]}})
    dots, mean, other_dots, other_mean = colored(axes[0], plots.BATCHNORM)
    np.testing.assert_array_equal(dots.get_xdata(), [0.2, 0.4])
    np.testing.assert_allclose(mean.get_xdata(), 0.3)
    np.testing.assert_array_equal(other_dots.get_xdata(), [0.6, 0.8])
    np.testing.assert_allclose(other_mean.get_xdata(), 0.7)
    np.testing.assert_array_equal([line.get_xdata()[0] for line in colored(axes[1], plots.BATCHNORM)[::2]], [0.5, 0.7])
    assert [ax.get_title() for ax in axes] == ["rate 0.1", "rate 1"]
    assert [tick.get_text() for tick in axes[0].get_yticklabels()] == ["before", "after"]
    bottom, top = axes[0].get_ylim()
    assert bottom > top  # the first row on top


def test_accuracy_over_steps_draws_each_run_and_the_mean_of_each_group():
    groups = {
        "fast": [run([0.6, 0.8], norm="batch", seed=0), run([0.4, 0.6], norm="batch", seed=1)],
        "slow": [run([0.2, 0.4], norm="batch", learning_rate=0.01)],
        "plain": [run([0.1, 0.2], norm="none")],
    }
    ax = plots.accuracy_over_steps(groups)
    first, second, fast, _, slow = colored(ax, plots.BATCHNORM)
    np.testing.assert_array_equal(first.get_ydata(), [0.6, 0.8])
    np.testing.assert_array_equal(second.get_ydata(), [0.4, 0.6])
    np.testing.assert_allclose(fast.get_ydata(), [0.5, 0.7])
    np.testing.assert_array_equal(fast.get_xdata(), [100, 200])
    assert (fast.get_linestyle(), slow.get_linestyle()) == ("-", "--")
    np.testing.assert_array_equal(colored(ax, plots.PLAIN)[1].get_ydata(), [0.1, 0.2])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["fast", "slow", "plain"]


def test_accuracy_by_draws_dots_medians_and_a_cross_for_divergence():
    runs = [
        run([0.5, 0.6], norm="batch", gain=0.5),
        run([0.5, 0.8], norm="batch", gain=2.0),
        run([0.3, 0.4], norm="none", gain=0.5),
        run([0.3], norm="none", gain=2.0, seed=0, diverged=True),
        run([0.3], norm="none", gain=2.0, seed=1),
        run([0.9], norm="none", gain=2.0, seed=2),
    ]
    ax = plots.accuracy_by(runs, "gain", xlabel="gain", log=True)
    dots, crosses, medians = colored(ax, plots.PLAIN)
    np.testing.assert_array_equal(dots.get_ydata(), [0.4, 0.3, 0.9])
    np.testing.assert_array_equal((crosses.get_xdata(), crosses.get_ydata()), ([2.0], [0.0]))
    np.testing.assert_allclose(medians.get_ydata(), [0.4, 0.3])
    np.testing.assert_allclose(colored(ax, plots.BATCHNORM)[1].get_ydata(), [0.6, 0.8])
    assert texts(ax) == ["with batch norm", "diverged", "without"] and ax.get_xscale() == "log"
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0.5", "2"]


def test_questions_are_asked_in_order_with_their_ways_out():
    ax = plots.questions([("Finite?", "no", "not-finite"), ("At the start?", "yes", "never-updated")], end="stale")
    shown = [text for text in texts(ax) if text]  # arrows are texts, too
    assert shown == ["Finite?", "not-finite", "no", "yes", "At the start?", "never-updated", "yes", "no", "stale"]
    heights = {text.get_text(): text.get_position()[1] for text in ax.texts if text.get_text() in ("Finite?", "stale")}
    assert heights["Finite?"] > heights["stale"]


def test_statistics_that_fit_are_drawn_on_the_diagonal():
    images = np.array([0.5, 1.0, 2.0])
    ax = plots.fit_of_statistics({"healthy": (images, images), "broken": (images, 9 * images)})
    diagonal, healthy, broken = ax.get_lines()
    np.testing.assert_array_equal(*diagonal.get_data())
    np.testing.assert_array_equal(*healthy.get_data())
    np.testing.assert_allclose(broken.get_ydata(), 9 * images)
    assert texts(ax) == ["healthy", "broken"] and (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
