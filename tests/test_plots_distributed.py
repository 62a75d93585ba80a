"""The figures of chapter `distributed` show the numbers that they are given."""

import matplotlib
import numpy as np

from bncourse import plots

matplotlib.use("Agg")


def test_tracks_have_a_panel_for_each_run_and_a_line_for_each_replica():
    tracks = {"apart": [[0.0, 1.0], [0.5, 2.0]], "together": [[0.0, 0.0], [3.0, 3.0]]}
    axes = plots.replica_tracks(tracks)
    assert [ax.get_title() for ax in axes] == ["apart", "together"]
    for ax, values in zip(axes, tracks.values(), strict=True):
        np.testing.assert_array_equal([line.get_ydata() for line in ax.lines], np.transpose(values))
        np.testing.assert_array_equal(ax.lines[0].get_xdata(), [1, 2])


def test_spreads_are_those_of_each_shard_and_of_all_values():
    shards = {"a": np.array([1.0, 3.0]), "b": np.array([8.0])}
    ax = plots.shard_spreads(shards)
    points, bars, means = (ax.lines[i::3] for i in range(3))
    assert [list(line.get_xdata()) for line in points] == [[1, 3], [8], [1, 3, 8]]
    np.testing.assert_allclose([line.get_xdata()[0] for line in means], [2, 8, 4])
    np.testing.assert_allclose([np.ptp(line.get_xdata()) / 2 for line in bars], [1, 0, np.std([1, 3, 8])])
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["a", "b", "together"]


def test_seconds_of_a_step_are_drawn_in_milliseconds():
    ax = plots.step_seconds([8, 32], [[0.001, 0.004], [0.002, 0.005]])
    np.testing.assert_allclose([line.get_ydata() for line in ax.lines], [[1, 2], [4, 5]])
    assert [text.get_text() for text in ax.texts] == ["its own statistics", "common statistics"]


def test_the_model_is_drawn_with_its_references():
    ax = plots.modeled_seconds([2, 1000], {"tree": [0.1, 0.2], "ring": [0.1, 5.0]}, references={"a step": 0.3})
    tree, ring, reference = ax.lines
    np.testing.assert_array_equal([tree.get_ydata(), ring.get_ydata()], [[0.1, 0.2], [0.1, 5.0]])
    assert set(reference.get_ydata()) == {0.3}
    assert [text.get_text() for text in ax.texts] == ["tree", "ring", "a step"]
