"""The figures of chapter `deployment` show the numbers that they are given."""

import matplotlib
import numpy as np
from matplotlib.colors import to_hex

from bncourse import plots

matplotlib.use("Agg")


def test_columns_show_every_layer_at_its_height_and_batch_norms_in_blue():
    trained = [("conv", "linear"), ("norm", "norm"), ("relu", "other")]
    ax = plots.layer_columns({"trained": trained, "folded": [trained[0], trained[2]]})
    places = [(text.get_text(), *text.get_position()) for text in ax.texts]
    assert ("conv", 0, 0) in places and ("conv", 1, 0) in places and ("relu", 1, -2) in places
    assert [name for name, x, _ in places if x == 1] == ["folded", "conv", "relu"]
    assert sum(to_hex(box.get_facecolor()) == plots.BATCHNORM.lower() for box in ax.patches) == 1


def test_border_map_shows_each_position_from_zero_on():
    errors = np.arange(12.0).reshape(3, 4)
    image = plots.border_map(errors).images[0]
    np.testing.assert_array_equal(image.get_array(), errors)
    assert image.get_clim() == (0, 11)


def test_ranges_stand_in_their_group_with_their_ratio():
    ax = plots.weight_ranges({"trained": np.array([0.5, 2.0]), "folded": np.array([0.1, 5.0])})
    assert [list(line.get_ydata()) for line in ax.lines] == [[0.5, 2], [0.1, 5]]
    assert np.abs(ax.lines[1].get_xdata() - 1).max() < 0.5
    assert [text.get_text() for text in ax.texts] == ["largest / smallest ≈ 4", "largest / smallest ≈ 50"]
    assert ax.get_yscale() == "log"


def test_accuracies_are_drawn_against_bits_beside_the_reference():
    ax = plots.accuracy_by_bits({"a": {2: 0.1, 8: 0.7}, "b": {2: 0.3, 8: 0.6}}, reference=0.75)
    reference, *lines = ax.lines
    assert set(reference.get_ydata()) == {0.75}
    assert [list(line.get_xydata().ravel()) for line in lines] == [[2, 0.1, 8, 0.7], [2, 0.3, 8, 0.6]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
