"""The norm explorer of chapter `variants`: its arithmetic is the package's, its numbers agree with each other."""

import math

import numpy as np
from pages import HERE, PHONE

from bncourse import forward, variants


def number(text):
    return float(text.replace("−", "-"))


def normalized(x, norm, epsilon):
    """What the package makes of x (N, P, C) with one of the explorer's norms."""
    one, zero = np.ones(x.shape[-1]), np.zeros(x.shape[-1])
    if norm == "batch":
        return forward.batchnorm(x, one, zero, epsilon=epsilon)[0]
    if norm == "position":
        return variants.layernorm(x, one, zero, epsilon=epsilon)[0]
    groups = {"example": 1, "group": 2, "instance": x.shape[-1]}[norm]
    return variants.groupnorm(x, one, zero, groups=groups, epsilon=epsilon)[0]


PAGE = HERE.chapter("variants").file
NORM_NAMES = {
    "batch": "batch norm",
    "example": "layer norm per example",
    "position": "layer norm per position",
    "group": "group norm",
    "instance": "instance norm",
}


def test_norm_explorer_computes_what_the_package_computes(visit):
    page = visit(PAGE)
    generator = np.random.default_rng(20261128)
    for norm in NORM_NAMES:
        x, epsilon = generator.normal(3, 2, (3, 5, 6)), 10 ** generator.uniform(-4, 0)
        found = page.evaluate(
            "([x, norm, epsilon]) => IndexSets.normalize(x, norm, epsilon)", [x.tolist(), norm, epsilon]
        )
        np.testing.assert_allclose(found, normalized(x, norm, epsilon), rtol=1e-9, atol=1e-9)


def test_every_number_of_the_norm_explorer_follows_from_those_beside_it(visit):
    page = visit(PAGE)
    buttons = page.locator(".norm-grid button")
    x = np.array(list(map(int, buttons.all_inner_texts())), float).reshape(4, 4, 4)
    for norm, name in NORM_NAMES.items():
        page.get_by_label(name).check()
        expected = normalized(x, norm, 0.001)
        shown = page.evaluate("""() => [...document.querySelectorAll(".norm-grid button")].map((button) => {
            button.click();
            const numbers = [...document.querySelectorAll(".norms [data-number]")].map((node) => node.textContent);
            return [numbers, document.querySelectorAll(".norm-grid .member").length];
        })""")
        for (texts, members), value, right in zip(shown, x.ravel(), expected.ravel(), strict=True):
            mean, variance, here, result = map(number, texts)
            assert here == value and members in (4, 8, 16)
            assert result == float(f"{right:.3g}") == float(f"{(here - mean) / math.sqrt(variance + 0.001):.3g}")


def test_norm_explorer_is_used_by_keyboard_and_speaks_only_then(visit):
    page = visit(PAGE, **PHONE)
    assert page.locator(".norms [role=status]").inner_text() == ""
    page.get_by_label("the normalized").check()
    chosen = page.locator(".norm-grid [aria-pressed=true]")
    assert "example 2, position 2, channel 3" in chosen.get_attribute("aria-label")
    for key in ("ArrowLeft", "ArrowUp", "PageDown", "PageDown", "PageDown"):
        page.locator(".norm-grid [tabindex='0']").press(key)
    assert "example 4, position 1, channel 2" in chosen.get_attribute("aria-label")
    assert page.locator(".norm-grid .member").count() == 16
    page.wait_for_function("document.querySelector('.norms [role=status]').textContent.includes('16 cells share')")
    page.locator(".norm-grid button").first.tap()
    assert "example 1, position 1, channel 1" in chosen.get_attribute("aria-label")
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
