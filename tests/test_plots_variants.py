"""The figures of chapter `variants` show what they are given."""

import matplotlib
import numpy as np
from matplotlib.colors import to_rgba

from bncourse import plots

matplotlib.use("Agg")


def test_a_cube_shows_each_visible_cell_and_colors_those_of_the_set():
    members = np.zeros((3, 2, 4), bool)
    members[..., 0] = True
    ax = plots.index_cube(members)
    colored = [patch for patch in ax.patches if patch.get_facecolor() == to_rgba(plots.BATCHNORM)]
    assert len(ax.patches) == 2 * 4 + 3 * 2 + 3 * 4
    assert len(colored) == 2 + 3 * 2 + 3  # front, side and top
    assert [text.get_text() for text in ax.texts] == ["channels", "examples", "positions"]


def test_images_share_one_scale():
    axes = plots.images_row({"a": np.full((2, 2), -3.0), "b": np.ones((2, 2))})
    assert [ax.get_title() for ax in axes] == ["a", "b"]
    assert [ax.images[0].get_clim() for ax in axes] == [(-3, 1), (-3, 1)]


def test_blocks_are_drawn_from_the_input_on():
    ax = plots.by_block({"a": [1, 2, 4], "b": [1, 1, 1]}, ylabel="variance", log=True)
    assert [list(line.get_ydata()) for line in ax.lines] == [[1, 2, 4], [1, 1, 1]]
    assert ax.get_yscale() == "log"
    assert [text.get_text() for text in ax.texts] == [" a", " b"]


def test_each_name_has_a_row_of_dots_and_a_bar_at_the_median():
    ax = plots.dots_by_name({"none": [0.1, 0.5, 0.2], "batch": [0.7, 0.8, 0.9]}, xlabel="accuracy")
    dots, bar, *_ = ax.lines
    assert list(dots.get_xdata()) == [0.1, 0.5, 0.2] and list(bar.get_xdata()) == [0.2, 0.2]
    assert dots.get_color() == plots.PLAIN and ax.lines[2].get_color() == plots.BATCHNORM
    assert [label.get_text() for label in ax.get_yticklabels()] == ["none", "batch"]
