"""The figures of chapters `backward` and `invariance` show the numbers that they are given."""

import matplotlib
import numpy as np
import pytest

from bncourse import plots
from bncourse.forward import batchnorm

matplotlib.use("Agg")


def arrows(ax):
    return [(tuple(a.xyann), tuple(a.xy)) for a in ax.texts if hasattr(a, "arrow_patch") and a.arrow_patch]


def test_graph_names_every_node_with_its_shape_and_turns_its_arrows_round():
    forward, backward = plots.computation_graph(), plots.computation_graph(backward=True)
    labels = [text.get_text() for text in forward.texts]
    assert sum("(m, C)" in label for label in labels) == 5  # x, c, s, x̂, y
    assert sum("(C,)" in label for label in labels) == 5  # μ, v, r, γ, β
    there, back = arrows(forward), arrows(backward)
    assert len(there) == 11
    assert {(end, start) for start, end in there} == set(back)
    assert [t.get_text() for t in backward.texts if t.get_text().isdigit()] == list("1234567")


def test_residuals_join_each_point_with_the_line():
    x_hat, dy = np.array([-1.0, 0.0, 1.0]), np.array([1.0, 4.0, 4.0])
    ax = plots.residuals(x_hat, dy, slope=1.5)
    line, points = ax.lines
    np.testing.assert_allclose(line.get_ydata(), 3 + 1.5 * line.get_xdata())
    np.testing.assert_allclose(points.get_xydata(), np.column_stack([x_hat, dy]))
    strokes = np.array(ax.collections[0].get_segments())
    np.testing.assert_allclose(strokes[:, 0, 1], np.minimum(dy, 3 + 1.5 * x_hat))
    np.testing.assert_allclose(strokes[:, 1, 1], np.maximum(dy, 3 + 1.5 * x_hat))


def test_projection_ends_on_the_plane_and_on_the_tangent():
    x_hat = batchnorm(np.array([[1.0], [2.0], [6.0]]), np.ones(1), np.zeros(1), epsilon=0)[2].x_hat[:, 0]
    dy = np.array([1.0, -0.6, 3.2])
    centered = dy - dy.mean()
    dx = centered - x_hat * np.mean(dy * x_hat)
    side, above = plots.projection(x_hat, dy, dx)
    (_, given), (_, flat) = arrows(side)
    assert np.hypot(*given) == pytest.approx(np.linalg.norm(dy))
    assert flat == pytest.approx((np.linalg.norm(centered), 0))
    (_, tip), (start, before), (_, after) = arrows(above)
    assert tip == pytest.approx((np.sqrt(3), 0)) and start == pytest.approx(tip)
    assert after[0] == pytest.approx(tip[0])  # along the tangent
    assert np.hypot(before[0] - tip[0], before[1]) == pytest.approx(np.linalg.norm(centered))
    assert abs(after[1]) == pytest.approx(np.linalg.norm(dx))
    circle = above.lines[0].get_xydata()
    np.testing.assert_allclose(np.hypot(*circle.T), np.sqrt(3))


def test_loss_comparison_draws_running_means():
    ax = plots.loss_comparison({"a": np.arange(6.0), "b": np.ones(6)}, average_over=3)
    np.testing.assert_allclose(ax.lines[0].get_xydata(), [[2, 1], [3, 2], [4, 3], [5, 4]])
    np.testing.assert_allclose(ax.lines[1].get_ydata(), 1)
    assert [text.get_text() for text in ax.texts] == [" a", " b"]
    assert ax.lines[0].get_color() == plots.BATCHNORM


def test_bias_and_loss_are_drawn_over_the_same_steps():
    ax = plots.bias_and_loss([0, 1, 2], [5, 5, 5])
    assert [list(line.get_ydata()) for line in ax.lines] == [[0, 1, 2], [5, 5, 5]]


def test_weight_plane_shows_the_grid_and_the_paths():
    loss = np.arange(9.0).reshape(3, 3)
    path = np.array([[0.5, 0.5], [1.0, -1.0]])
    ax = plots.weight_plane(2, loss, {"SGD": path})
    assert np.array_equal(ax.images[0].get_array(), loss)
    assert ax.images[0].get_extent() == [-2, 2, -2, 2] and ax.images[0].origin == "lower"
    np.testing.assert_allclose(ax.lines[0].get_xydata(), path)


def test_scale_curves_and_by_step_draw_each_series_under_its_name():
    ax = plots.scale_curves([0.1, 1, 10], {"a": [1, 2, 3], "b": [3, 2, 1]})
    assert ax.get_xscale() == "log"
    assert [(line.get_label(), list(line.get_ydata())) for line in ax.lines] == [("a", [1, 2, 3]), ("b", [3, 2, 1])]
    ax = plots.by_step({"a": [1, 2]}, ylabel="turn", reference=("predicted", 1.5))
    assert list(ax.lines[0].get_ydata()) == [1, 2]
    assert list(ax.lines[1].get_ydata()) == [1.5, 1.5] and ax.lines[1].get_label() == "predicted"
    assert ax.get_ylabel() == "turn"


def test_right_triangle_has_its_right_angle_at_the_weights():
    (_, w), (corner, end), (_, hypotenuse) = arrows(plots.right_triangle(2.0, 0.5))
    assert w == corner == (2.0, 0)
    assert end == hypotenuse == (2.0, 0.5)


def test_balance_triangle_ends_on_the_circle_at_the_angle_of_the_balance():
    ax = plots.balance_triangle(0.2)
    (_, w), (_, shrunk), (corner, end), (_, after) = arrows(ax)
    assert w == (1, 0)
    assert shrunk == corner == pytest.approx((0.8, 0))
    assert end == after == pytest.approx((0.8, 0.6))  # 1 long, at a right angle to the shortened weights
    np.testing.assert_allclose(np.hypot(*ax.lines[0].get_xydata().T), 1)


@pytest.mark.parametrize("draw", [plots.by_step, plots.scale_curves, plots.weight_plane])
def test_more_series_than_colors_are_refused_and_none_is_dropped(draw):
    def given(number):
        series = {str(i): np.ones((2, 2)) if draw is plots.weight_plane else [1, 2] for i in range(number)}
        if draw is plots.by_step:
            return draw(series, ylabel="turn")
        return draw([1, 2], series) if draw is plots.scale_curves else draw(1, np.ones((2, 2)), series)

    drawn = {line.get_color() for line in given(6).lines} - {plots.INK}
    assert len(drawn) == 6
    with pytest.raises(ValueError, match="expected at most 6 series to draw, received 7"):
        given(7)
