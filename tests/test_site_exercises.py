"""Exercises on the site: what can be answered there is, with the notebook's words; nothing looks as if it could run."""

import answers
import numpy as np
import pytest
from bs4 import BeautifulSoup
from pages import CHAPTERS, HERE, PHONE, violations

from bncourse.exercises import Choice, Value, catalogue
from web import course_pages, value_check

VALUES = [exercise for exercise in catalogue() if isinstance(exercise, Value)]
DIAGNOSE = """([exercise, given]) => given.map(([numbers, whole]) => {
    const { passed, message } = valueCheck.check(exercise, numbers, whole);
    return [passed, message];
})"""


def attempts(exercise):
    """Answers with as many numbers as asked for: readers' own, known mistakes, and the solution bent in many ways."""
    size = np.size(exercise.solution)
    collected = [answer.answer for answer in answers.load() if answer.id == exercise.id]
    truth = value_check.numbers(exercise.solution)["numbers"]
    generator = np.random.default_rng(20261128)
    bent = [[change(t) for t in truth] for change in CHANGES]
    bent += [truth[::-1], [truth[0]] * size, *(generator.permutation(truth).tolist() for _ in range(3))]
    for i in range(size):
        bent += [[*truth[:i], change(truth[i]), *truth[i + 1 :]] for change in CHANGES]
    collected += [mistake.wrong_answer for mistake in exercise.mistakes]
    collected += [values for values in bent if np.all(np.isfinite(values))]
    for answer in collected:
        flat = flatten(answer)
        if flat is not None and flat.size == size and flat.dtype.kind in "iuf" and np.all(np.isfinite(flat)):
            yield answer, flat


CHANGES = (
    lambda t: t,
    lambda t: 0,
    lambda t: -t,
    lambda t: 2 * t,
    lambda t: t / 2,
    lambda t: 3 * t / 4,
    lambda t: t + 1,
    lambda t: t - 1,
    lambda t: t + 0.25,
    lambda t: t * t,
    lambda t: abs(t) ** 0.5,
    lambda t: 1 / (t or 1),
    lambda t: 100 * t,
    lambda t: t / 10,
    lambda t: round(t, 1),
    lambda t: round(t, 2),
    lambda t: t * 1.004,
    lambda t: t * 1.02,
    lambda t: 12345678 + t,
    lambda t: float(np.exp(min(t, 50))),
)


def flatten(answer):
    try:
        return np.concatenate([np.ravel(part) for part in (answer if isinstance(answer, tuple | list) else [answer])])
    except (TypeError, ValueError):
        return None


@pytest.fixture(scope="module")
def model(browser, site):
    page = browser.new_page()
    page.goto((site / "book" / "conventions.html").as_uri())
    page.add_script_tag(path=site / "_static" / "value_model.js")
    yield page
    page.close()


@pytest.mark.parametrize("exercise", VALUES, ids=lambda exercise: exercise.id)
def test_the_page_says_of_a_value_what_the_notebook_says(model, exercise):
    tried = [*attempts(exercise)]
    assert len(tried) > 15
    given = [[flat.tolist(), flat.dtype.kind in "iu"] for _, flat in tried]
    shown = model.evaluate(DIAGNOSE, [value_check.described(exercise), given])
    verdicts = [exercise.check(answer) for answer, _ in tried]
    assert any(verdict.passed for verdict in verdicts) and not all(verdict.passed for verdict in verdicts)
    different = [
        (answer, verdict.message, message)
        for (answer, _), verdict, (passed, message) in zip(tried, verdicts, shown, strict=True)
        if (verdict.passed, verdict.message) != (passed, message)
    ]
    assert different == []


def test_numbers_are_written_and_rounded_as_python_does(model):
    values = [0.1, 1 / 3, 1234567.0, 123456.5, 1e-5, 12345e-9, 0.0001, 2.5, -0.125, 1e21, 6272, 0.30000000000000004]
    assert model.evaluate("values => values.map(v => valueCheck.general(v, 6))", values) == [f"{v:.6g}" for v in values]
    halves = [(2.5, 0), (3.5, 0), (0.125, 2), (0.375, 2), (2.675, 2), (-2.5, 0), (25.0, -1), (149.9, -2), (1.005, 2)]
    js = "pairs => pairs.map(([value, digits]) => valueCheck.rounded(value, digits))"
    assert model.evaluate(js, halves) == [round(value, digits) for value, digits in halves]


def test_a_reader_may_write_arithmetic(model):
    wanted = {
        "0.5": 0.5,
        " 32*14*14 ": 6272,
        "1/(0.09 + 0.16)": 4,
        "−3": -3,
        "2**-1": 0.5,
        "-2^2": -4,
        "2**3**2": 512,
        "1e-3": 0.001,
        ".5": 0.5,
        "7 - 2 - 1": 4,
    }
    read = model.evaluate("texts => texts.map(valueCheck.read)", list(wanted))
    assert read == pytest.approx(list(wanted.values()))
    junk = ["", "a", "1 2", "(1", "1/0", "**", "1+", "alert(1)", "1,5", "--"]
    assert model.evaluate("texts => texts.map(valueCheck.read)", junk) == [None] * len(junk)


def test_a_value_is_answered_on_the_page_and_remembered(visit):
    page = visit("book/04_forward", **PHONE)
    place = page.locator('[data-exercise="forward.2"]')
    fields = place.get_by_role("textbox")
    assert [label.strip() for label in place.locator("label").all_inner_texts()] == [
        "means",
        "numbers in each mean",
        "learned parameters",
    ]
    for field, answer in zip(fields.all(), ("24", "14*14", "48"), strict=True):
        field.fill(answer)
    fields.last.press("Enter")
    exercise = next(exercise for exercise in VALUES if exercise.id == "forward.2")
    expected = exercise.check((24, 196, 48))
    assert place.get_by_role("status").inner_text() == repr(expected).replace("`", "")
    fields.nth(1).fill("32*14*14")
    place.get_by_role("button", name="Check").click()
    assert place.get_by_role("status").inner_text().startswith("✓ Correct.")
    assert violations(page, context={"include": [['[data-exercise="forward.2"]']]}) == []
    page.reload()
    assert page.locator("h3", has_text="Exercise 4.2").locator(".solved").count() == 1
    assert page.locator("h3", has_text="Exercise 4.3").locator(".solved").count() == 0
    place.get_by_role("button", name="Check").click()
    assert "missing" in place.get_by_role("status").inner_text()


def test_what_is_solved_is_counted_and_can_be_forgotten(visit, site):
    page = visit("book/05_inference")
    exercise = next(e for e in catalogue("inference") if isinstance(e, Choice))
    page.locator(f'details.right[name="{exercise.id}"] summary').click()
    page.goto((site / "book" / "exercises.html").as_uri())
    assert page.locator(".progress").inner_text().startswith("Solved on this device: 1 of the ")
    assert page.locator(f'[data-solved="{exercise.id}"] .solved').count() == 1
    page.get_by_role("button", name="Forget it").click()
    assert page.locator(".solved").count() == 0
    assert page.evaluate("localStorage.getItem('solved')") is None


@pytest.mark.parametrize("name", CHAPTERS)
def test_nothing_looks_as_if_it_ran_here(site, name):
    """No verdict on an empty answer, no cell below what is answered here; each exercise links to its own cell."""
    text = (site / "book" / f"{name}.html").read_text()
    shown = BeautifulSoup(text, "html.parser")
    assert "Not attempted" not in text and 'exercises.check("' not in shown.get_text()
    chapter = course_pages.chapters()[f"book/{name}"]
    cells = {cell["id"]: cell for cell in course_pages.cells(course_pages.ROOT / chapter.path)}
    links = [a["href"] for a in shown.select(".solve a")]
    targets = [cells[link.partition("#scrollTo=")[2]]["metadata"] for link in links]
    own = catalogue(chapter.slug)
    assert [target["exercise"] for target in targets] == [exercise.id for exercise in own]
    assert {target["part"] for target in targets} <= {"stub"}
    assert all(link.startswith(HERE.colab(chapter.path)) for link in links)
    dots = [pre.get_text() for pre in shown.select(".cell_input pre") if " = ..." in pre.get_text()]
    assert [code for code in dots for exercise in own if code.startswith(f"{exercise.name} = ...")] == []


def test_without_scripts_an_exercise_leads_to_the_notebook(visit):
    page = visit("book/04_forward", java_script_enabled=False)
    assert page.locator('[data-exercise="forward.2"] a').is_visible()
