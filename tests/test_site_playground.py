"""The playground: it takes what one points at, and shows numbers that are right and agree with each other."""

import functools
import re

import numpy as np
import pytest
from pages import PHONE, violations

from bncourse import forward, inference
from bncourse.forward import Moments

WIDE = {"viewport": {"width": 1280, "height": 900}}
NARROW = {**PHONE, "viewport": {"width": 320, "height": 640}}
PAGES = {"batch": "book/04_forward", "moving": "book/05_inference"}


@pytest.fixture
def visit(visit):
    """Opens the chapters without typeset formulas, which take longer than the playground and do nothing for it."""
    return functools.partial(visit, formulas=False)


def random_batches(count):
    """Batches no author has looked at: sizes from 1 to 10, and all the parameters."""
    generator = np.random.default_rng(20261122)
    for _ in range(count):
        x = np.round(generator.uniform(-8, 8, generator.integers(1, 11)), 2)
        gamma, beta = generator.uniform(-2, 2, 2)
        yield x, gamma, beta, 10 ** generator.uniform(-5, 1), generator.uniform(0, 1)


def test_playground_computes_what_the_package_computes(visit):
    page = visit(PAGES["batch"])
    js = """([x, gamma, beta, epsilon, moving, momentum]) => {
        const moments = BatchNorm.moments(x);
        const apply = (used) => BatchNorm.scale(BatchNorm.normalize(x, used, epsilon), gamma, beta);
        const updated = BatchNorm.updateMoving(moving, moments, momentum);
        return [moments.mean, moments.variance, apply(moments), apply(moving), updated.mean, updated.variance];
    }"""
    for x, gamma, beta, epsilon, momentum in random_batches(30):
        moving = Moments(np.array([1.5]), np.array([0.3]))
        stored = {"mean": 1.5, "variance": 0.3}
        mean, variance, training, inferred, *updated = page.evaluate(
            js, [x.tolist(), gamma, beta, epsilon, stored, momentum]
        )
        parameters = np.array([gamma]), np.array([beta])
        y, moments, _ = forward.batchnorm(x[:, None], *parameters, epsilon=epsilon)
        close = {"rtol": 1e-9, "atol": 1e-9}
        np.testing.assert_allclose([mean, variance], np.ravel(moments), **close)
        np.testing.assert_allclose(training, y[:, 0], **close)
        expected = inference.batchnorm_inference(x[:, None], *parameters, moving, epsilon=epsilon)
        np.testing.assert_allclose(inferred, expected[:, 0], **close)
        expected = inference.update_moving(moving, moments, momentum=momentum)
        np.testing.assert_allclose(updated, np.ravel(expected), **close)


def number(text):
    return float(text.strip().replace("−", "-").strip("()"))


def significant(value):
    return float(f"{value:.2e}")


def shown_values(page):
    """x, x̂ and y as the playground's table shows them."""
    page.locator(".numbers").evaluate("details => details.open = true")
    rows = page.locator(".numbers tbody tr")
    return np.array([[number(cell) for cell in row.locator("td").all_inner_texts()] for row in rows.all()]).T


def test_table_shows_three_right_digits(visit):
    page = visit(PAGES["batch"])
    page.get_by_role("slider", name="batch size").fill("9")
    page.get_by_role("slider", name="scale").fill("-1.5")
    page.get_by_role("slider", name="shift").fill("0.7")
    page.get_by_role("slider", name="epsilon").fill("11")
    page.get_by_role("button", name="One outlier").click()
    x, x_hat, y = shown_values(page)
    assert x.size == 9 and x.min() == -7
    expected, *_ = forward.batchnorm(x[:, None], np.array([-1.5]), np.array([0.7]), epsilon=1.0)
    np.testing.assert_allclose(y, expected[:, 0], rtol=6e-3)
    np.testing.assert_allclose(x_hat, (expected[:, 0] - 0.7) / -1.5, rtol=6e-3)


@pytest.mark.parametrize("press", ["One outlier", "Nearly equal values", None])
def test_the_formulas_lines_agree_with_each_other_as_they_are_shown(visit, press):
    """Who computes with the numbers on the page gets the numbers on the page, in three significant digits."""
    page = visit(PAGES["batch"])
    if press:
        page.get_by_role("button", name=press).click()
    for settings in ({}, {"epsilon": "0", "scale": "-0.7", "shift": "0.4"}, {"epsilon": "3", "batch size": "7"}):
        for label, value in settings.items():
            page.get_by_role("slider", name=label).fill(value)
        for i in range(page.locator(".handle").count()):
            page.locator(".handle").nth(i).focus()
            check_formula(page)


def check_formula(page):
    parts = [line.replace("\n", " ") for line in page.locator(".formula > div").all_inner_texts()]
    mean, variance = (number(re.search(r"= (\S+)", line)[1]) for line in parts[:2])
    x, shown_mean, difference = (number(n) for n in re.search(r"μ = (\S+) − (\S+) = (\S+)", parts[2]).groups())
    assert shown_mean == mean and significant(x - mean) == significant(difference)
    epsilon, x_hat = (number(n) for n in re.search(r"\+ (\S+)\s+= (\S+)", parts[3]).groups())
    assert significant(difference / np.sqrt(variance + epsilon)) == significant(x_hat)
    gamma, again, beta, y = (number(n) for n in re.search(r"= (\S+) · (\S+) \+ (\S+) = (\S+)", parts[4]).groups())
    assert again == x_hat and significant(gamma * x_hat + beta) == y


def test_zero_by_zero_is_shown_for_what_it_is(visit):
    page = visit(PAGES["batch"])
    page.get_by_role("button", name="Equal values", exact=True).click()
    assert shown_values(page)[1:].tolist() == [[0] * 6] * 2
    page.get_by_role("slider", name="epsilon").fill("0")
    assert page.locator(".numbers tbody tr td").all_inner_texts()[1:3] == ["0/0", "0/0"]
    assert "not a number (NaN)" in page.locator(".formula").inner_text()
    assert page.locator(".results > *").count() == 0
    page.get_by_role("button", name="Nearly equal values").click()
    x, x_hat, _ = shown_values(page)
    np.testing.assert_allclose(x_hat, (x - x.mean()) / x.std(), atol=6e-3)


def places(page):
    """Where the values of x are."""
    return [float(handle.get_attribute("aria-valuenow")) for handle in page.locator(".handle").all()]


@pytest.mark.parametrize("options", [WIDE, PHONE, NARROW], ids=["1280", "390", "320"])
@pytest.mark.parametrize("view", PAGES)
def test_what_one_points_at_is_what_moves(visit, view, options):
    page = visit(PAGES[view], **options)
    page.get_by_role("slider", name="batch size").fill("10")
    page.locator(".lines").evaluate("svg => svg.scrollIntoView({block: 'center', behavior: 'instant'})")
    for i in range(10):
        before = places(page)
        assert len(set(before)) == 10
        box = page.locator(".handle .dot").nth(i).bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 9, y)
        page.mouse.up()
        after = places(page)
        assert [j for j in range(10) if after[j] != before[j]] == [i]
        page.mouse.down()
        page.mouse.move(x, y)  # back, where it is in nobody's way
        page.mouse.up()


def test_a_new_size_keeps_the_outlier_an_outlier(visit):
    page = visit(PAGES["batch"])
    button = page.get_by_role("button", name="One outlier")
    button.click()
    for size in ("4", "8", "1", "6"):
        page.get_by_role("slider", name="batch size").fill(size)
        x = shown_values(page)[0]
        assert x.size == int(size) and np.sum(x == -7) == 1 and button.get_attribute("aria-pressed") == "true"
    button.click()
    assert shown_values(page)[0].min() > 0


def test_handles_are_moved_by_keyboard(visit):
    page = visit(PAGES["batch"])
    handle = page.get_by_role("slider", name="x 1", exact=True)
    before = float(handle.get_attribute("aria-valuenow"))
    handle.press("ArrowRight")
    assert float(handle.get_attribute("aria-valuenow")) == pytest.approx(before + 0.1)
    handle.press("Home")
    assert float(handle.get_attribute("aria-valuenow")) == -8
    assert "normalized" in handle.get_attribute("aria-valuetext")


def test_the_state_before_stays_as_a_ghost(visit):
    page = visit(PAGES["batch"])
    ghosts = page.locator(".ghosts > *")
    assert ghosts.count() == 0
    page.get_by_role("button", name="One outlier").click()
    assert ghosts.count() == 1 + 6 + 6
    page.get_by_role("slider", name="scale").fill("0.5")
    assert ghosts.count() == 6


def test_a_link_brings_a_state_back(visit, site):
    for view, name in PAGES.items():
        page = visit(name)
        page.get_by_role("slider", name="batch size").fill("7")
        page.get_by_role("slider", name="shift").fill("-1.3")
        if view == "moving":
            page.get_by_role("button", name="Train 20 steps").click()
            page.get_by_label("moving statistics").check()
        page.get_by_role("button", name="One outlier").click()
        page.get_by_role("button", name="Link to this state").click()
        shown, address = shown_values(page), page.url
        assert "#playground;" in address
        page.goto("about:blank")
        page.goto(address)
        np.testing.assert_array_equal(shown_values(page), shown)
        # The page scrolls there smoothly.
        page.wait_for_function("document.querySelector('.playground').getBoundingClientRect().top < innerHeight")


def test_a_broken_link_is_ignored(visit, site):
    page = visit(PAGES["batch"])
    expected = shown_values(page)
    for hash in (
        "#playground",
        "#playground;view=batch;x=1,a",
        "#playground;view=batch;x=99;gamma=1",
        "#playground;=;;x",
    ):
        page.goto("about:blank")
        page.goto((site / f"{PAGES['batch']}.html").as_uri() + hash)
        np.testing.assert_array_equal(shown_values(page), expected)


def test_it_speaks_only_after_input(visit):
    page = visit(PAGES["batch"])
    page.evaluate("window.said = []")
    page.evaluate("""new MutationObserver(changes => said.push(...changes)).observe(
        document.querySelector('.playground > [role=status]'), {childList: true, subtree: true})""")
    page.set_viewport_size({"width": 700, "height": 700})
    page.wait_for_timeout(1000)
    assert page.evaluate("said.length") == 0
    press = "handle => handle.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight'}))"
    page.locator(".handle").first.evaluate(f"handle => [1, 2, 3].forEach(() => ({press})(handle))")
    page.wait_for_function("said.length > 0")
    page.wait_for_timeout(800)
    assert page.evaluate("said.length") <= 2
    assert page.locator(".playground output").count() == 0


@pytest.mark.parametrize("view", PAGES)
def test_predictions_come_true(visit, view):
    """Each question sets up what it asks about, and what it calls right is what the numbers say."""
    page = visit(PAGES[view])
    start = shown_values(page)
    for number_of_question, claim in enumerate(CLAIMS[view]):
        rights = page.evaluate(f"playgroundQuestions.{view}[{number_of_question}].right")
        predict = page.get_by_role("region", name="Predict, then look")
        predict.locator(".buttons button").nth((rights + 1) % 3).click()
        assert "No: " in predict.get_by_role("status").inner_text()
        predict.locator(".buttons button").nth(rights).click()
        assert "So it is." in predict.get_by_role("status").inner_text()
        assert claim(start, shown_values(page), page)
        assert page.locator(".ghosts > *").count()
        predict.get_by_role("button", name=re.compile("question")).click()
    assert len(CLAIMS[view]) == page.evaluate(f"playgroundQuestions.{view}.length")


def moving_mean(page):
    return number(re.search(r"moving mean (\S+),", page.locator(".formula").inner_text())[1])


CLAIMS = {
    "batch": [
        lambda old, new, page: np.all(new[1][:-1] > 0) and np.ptp(new[1][:-1]) < 0.5 * np.ptp(old[1]),
        lambda old, new, page: np.allclose(new[0], old[0] + 1) and np.array_equal(new[1], old[1]),
        lambda old, new, page: new[1].tolist() == [0] and new.shape == (3, 1),
        lambda old, new, page: 0.4 < new[1].std() < 0.5,
    ],
    "moving": [
        lambda old, new, page: page.locator(".ghosts > *").count() == 3,
        lambda old, new, page: moving_mean(page) == pytest.approx(0.1 * new[0].mean(), abs=0.01),
        lambda old, new, page: new[1].mean() < -2,
    ],
}


def test_with_moving_statistics_only_the_dragged_value_moves(visit):
    page = visit(PAGES["moving"])
    page.get_by_role("button", name="Train 20 steps").click()
    for name, others_move in (("moving statistics", False), ("this batch", True)):
        page.get_by_label(name).check()
        before = shown_values(page)[2]
        page.get_by_role("slider", name="x 1", exact=True).press("PageDown")
        after = shown_values(page)[2]
        assert after[0] < before[0]
        assert np.any(after[1:] != before[1:]) == others_move


def test_an_update_of_the_moving_statistics_is_the_packages(visit):
    page = visit(PAGES["moving"])
    page.get_by_role("button", name="Train one step").click()
    x = shown_values(page)[0]
    moving = Moments(np.zeros(1), np.ones(1))
    expected = inference.update_moving(moving, forward.moments(x[:, None]), momentum=0.9)
    text = page.locator(".formula").inner_text()
    found = re.search(r"after 1 training steps?: moving mean (\S+), moving variance (\S+)", text).groups()
    np.testing.assert_allclose([number(n) for n in found], np.ravel(expected), rtol=6e-3)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_playground_is_accessible(visit, theme):
    page = visit(PAGES["moving"], color_scheme=theme)
    page.get_by_role("button", name="One outlier").click()
    page.locator(".predict .buttons button").first.click()
    assert violations(page, context={"include": [[".playground"]]}) == []
