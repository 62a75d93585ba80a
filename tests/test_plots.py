"""Figures show the numbers that they are given. (The plots of other chapters are tested beside their modules.)"""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np

from bncourse import plots

matplotlib.use("Agg")


def test_montage_tiles_images_in_reading_order():
    images = np.arange(1.0, 7.0)[:, None, None] * np.ones((6, 14, 14))
    ax = plots.montage(images, columns=3)
    picture = ax.images[0].get_array()
    tiles = [[picture[7, 7 + 15 * k] for k in range(3)], [picture[7 + 15, 7 + 15 * k] for k in range(3)]]
    assert tiles == [[1, 2, 3], [4, 5, 6]]
    assert np.isnan(np.ma.filled(picture, np.nan)[:, 14]).all()


def test_signed_montage_is_centered_on_zero_and_unsigned_starts_there():
    images = np.array([[[-1.0, 3.0]]])
    assert plots.montage(images, signed=True).images[0].get_clim() == (-3, 3)
    assert plots.montage(images).images[0].get_clim() == (0, 3)


def test_montage_writes_titles_and_values():
    ax = plots.montage(np.array([[[0.25, 1.0]], [[0.5, 0.0]]]), titles=["a", "b"], values=True)
    assert [text.get_text() for text in ax.texts] == ["a", "0.25", "1.00", "b", "0.50", "0.00"]


def test_loss_curve_shows_every_step_and_the_running_mean():
    loss = np.linspace(2, 1, 50)
    raw, mean = plots.loss_curve(loss, average_over=10).lines
    np.testing.assert_array_equal(raw.get_ydata(), loss)
    np.testing.assert_allclose(mean.get_ydata()[0], loss[:10].mean())
    assert mean.get_xdata()[0] == 9 and mean.get_xdata()[-1] == 49


def test_spread_by_depth_counts_layers_from_one():
    line = plots.spread_by_depth([1.0, 0.5, 0.1]).lines[0]
    np.testing.assert_array_equal(line.get_xydata(), [[1, 1], [2, 0.5], [3, 0.1]])


def test_figures_draw_into_the_axes_they_are_given():
    first, second, third = (plt.subplots()[1] for _ in range(3))
    assert plots.montage(np.ones((1, 2, 2)), ax=first) is first
    assert plots.loss_curve(np.ones(30), ax=second) is second
    assert plots.spread_by_depth([1, 2], ax=third) is third


def test_filter_rows_scales_each_row_by_its_largest_weight():
    kernel = np.arange(1.0, 19).reshape(3, 3, 1, 2)
    ax = plots.filter_rows({"strong": kernel, "faint": kernel / 100})
    picture = ax.images[0].get_array()
    np.testing.assert_allclose(picture[:3, :3], kernel[..., 0, 0] / 18)
    np.testing.assert_allclose(picture[4:7, 4:7], kernel[..., 0, 1] / 18)
    assert [text.get_text() for text in ax.texts] == ["strong", "faint"]
