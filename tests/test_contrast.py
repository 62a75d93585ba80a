"""Words in figures are read, on light pages and on dark ones."""

import contrast
import matplotlib.pyplot as plt
import numpy as np
import pytest

from bncourse.plots import style

COLORS = {name: color for name, color in vars(style).items() if name.isupper() and isinstance(color, str)}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize("name", sorted(COLORS.keys() - {"FAINT"}))
def test_words_in_every_color_are_legible_in_both_themes(name):
    assert contrast.least(style.legible(COLORS[name])) >= contrast.LEAST


def test_lines_may_be_lighter_than_words():
    assert contrast.least(style.OTHER) < contrast.LEAST and style.legible(style.OTHER) != style.OTHER


def test_contrast_is_that_of_wcag():
    assert contrast.least("black") == pytest.approx(13.1, abs=0.1)  # on the card of a dark page
    assert contrast.luminance(np.array([1.0, 1.0, 1.0])) == pytest.approx(1)
    assert contrast.luminance(np.array([0.46274509803921571] * 3)) == pytest.approx(0.1812, abs=1e-3)  # #767676: 4.54


def test_a_dark_page_shows_white_as_its_paper_and_keeps_hues():
    _, inverted, card = contrast.as_shown("white")
    assert (inverted * 255).round().tolist() == [int(contrast.PAPER[i : i + 2], 16) for i in (1, 3, 5)]
    assert card.tolist() == [0.8] * 3
    red, green, blue = contrast.as_shown(style.BATCHNORM)[1]
    assert blue > green > red


def test_faint_words_are_found_where_they_stand():
    figure, ax = plt.subplots()
    ax.set_axis_off()
    ax.text(0.1, 0.1, "legible", color=style.INK)
    ax.text(0.1, 0.9, "faint", color=style.MUTED)
    ax.text(0.6, 0.1, "in a box", color="white", bbox=dict(facecolor=style.BATCHNORM, edgecolor="none"))
    ax.text(0.6, 0.9, "on paper", color="white")
    assert [problem.split("'")[1] for problem in contrast.faint(figure)] == ["faint", "on paper"]
    assert [text.get_alpha() for text in ax.texts] == [None] * 4
