"""The site in a real browser: built once, opened from file://, every request to the outside blocked."""

import ast
import gzip
import json
import math
import os
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from statistics import median

import course
import lint
import nbformat
import numpy as np
import proven
import pytest
import yaml
from axe_core_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from colab import tracked
from docutils import nodes
from playwright.sync_api import sync_playwright

from bncourse import forward, inference, variants
from bncourse.exercises import Choice, catalogue
from bncourse.forward import Moments
from web import api, course_pages, documents, race

ROOT = Path(__file__).resolve().parent.parent
HERE = course.read()
CONTENTS = yaml.safe_load((ROOT / "_toc.yml").read_text())
PAGES = sorted(
    {Path(file).name for file in (CONTENTS["root"], *(chapter.file for chapter in HERE.chapters))}
    | {Path(entry["file"]).name for part in CONTENTS["parts"] for entry in part["chapters"]}
)
CHAPTERS = [Path(chapter.file).name for chapter in HERE.chapters]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
FONTS = {
    "own": "/* the page's */",
    "wide": """:root { --serif: "Source Code Pro" !important; --sans: "Source Code Pro" !important; }
        math, math * { font: 900 2em "Source Code Pro" !important; }""",
}
BYTES = 1_000_000  # of one page with all it loads, compressed


def find_browser() -> str | None:
    """A Chromium on this machine."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="module")
def browser():
    path = find_browser()
    if path is None:
        message = "the site is tested in Chromium, and none is installed: chromium or google-chrome on the PATH"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site, built without a warning."""
    out = tmp_path_factory.mktemp("site")
    builder = Path(sys.executable).with_name("jupyter-book")
    call = [builder, "build", ".", "--path-output", out, "-W", "-n", "--keep-going"]
    build = subprocess.run(call, cwd=ROOT, capture_output=True, text=True)
    assert build.returncode == 0, build.stdout[-3000:] + build.stderr[-3000:]
    return out / "_build" / "html"


@pytest.fixture
def visit(browser, site):
    """Open a page of the site; by the end of the test nothing went wrong and nothing was asked of the outside."""
    contexts, problems = [], []

    def visit(name, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(60_000)
        outside = re.compile(r"^(?!file:|data:|blob:)")
        context.route(outside, lambda route: (problems.append(route.request.url), route.abort()))
        page = context.new_page()
        page.on("console", lambda message: message.type == "error" and problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        # A page that is left ends what it was loading; that is no failure.
        left = "net::ERR_ABORTED"
        page.on("requestfailed", lambda request: request.failure != left and problems.append(request.url))
        page.goto((site / f"{name}.html").as_uri())
        return page

    yield visit
    for context in contexts:
        context.close()
    assert problems == []


def wait_for_math(page):
    """Until every formula is typeset; a formula that never is ends the test."""
    page.wait_for_function(
        "() => [...document.querySelectorAll('.math')].every(formula => formula.querySelector('mjx-container'))"
    )


def violations(page, **options) -> list[tuple[str, str]]:
    """What axe finds, each with the first element that shows it."""
    return [(v["id"], v["nodes"][0]["html"][:200]) for v in Axe().run(page, **options)["violations"]]


@pytest.mark.parametrize("name", PAGES)
def test_page_is_sound_and_accessible(visit, name):
    page = visit(f"book/{name}")
    wait_for_math(page)
    assert page.locator("h1").count() == 1
    assert 40 < len(page.locator("meta[name=description]").get_attribute("content")) < 170
    levels = page.eval_on_selector_all("h1, h2, h3, h4", "found => found.map(h => Number(h.tagName[1]))")
    assert all(after <= before + 1 for before, after in pairwise(levels))
    alt = page.eval_on_selector_all("main img", "found => found.map(image => image.alt)")
    assert all(len(text) > 20 and not text.endswith(".png") for text in alt)
    # The elements inside formulas and code are thousands; code has its own test.
    everything = {"exclude": [["mjx-container"], ["pre > *"]]}
    assert violations(page, context=everything) == []
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert violations(page, context=everything, options={"runOnly": ["color-contrast"]}) == []


def test_code_is_legible_in_both_schemes(visit):
    page = visit("book/01_convolution")
    page.evaluate("document.querySelectorAll('.cell_input').forEach((cell, i) => i > 7 && cell.remove())")
    for theme in ("light", "dark"):
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        assert violations(page, context={"include": [[".cell_input"]]}, options={"runOnly": ["color-contrast"]}) == []


@pytest.mark.parametrize("fonts", FONTS)
@pytest.mark.parametrize("name", PAGES)
def test_page_fits_a_phone(visit, name, fonts):
    """Whatever fonts a system puts in the place of the page's own: wide ones, and large ones for hidden MathML."""
    page = visit(f"book/{name}", **PHONE)
    wait_for_math(page)
    page.add_style_tag(content=FONTS[fonts])
    page.evaluate("document.fonts.ready")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]


@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter_is_light(visit, site, name):
    page = visit("search")  # a page to start from, so that all of the chapter's requests are heard
    loaded = []
    page.on("request", lambda request: loaded.append(request.url))
    page.goto((site / "book" / f"{name}.html").as_uri())
    wait_for_math(page)
    files = {Path(url.split("?")[0].removeprefix("file://")) for url in loaded if url.startswith("file:")}
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) < BYTES
    scripts = {path.name for path in files if path.suffix == ".js"}
    own = {name for wanted in documents.SCRIPTS.values() for name in wanted}
    assert scripts <= {"course.js", "tex-mml-chtml.js", *own}


def test_text_and_contents_are_there_without_scripts(visit):
    page = visit("book/04_forward", java_script_enabled=False, **PHONE)
    assert page.get_by_role("navigation", name="Contents").is_visible()
    assert "batch normalization" in page.locator("main").inner_text()
    assert page.locator(".playground").inner_text().strip()


# The playground


def random_batches(count):
    """Batches no author has looked at: sizes from 1 to 10, and all the parameters."""
    generator = np.random.default_rng(20261122)
    for _ in range(count):
        x = np.round(generator.uniform(-8, 8, generator.integers(1, 11)), 2)
        gamma, beta = generator.uniform(-2, 2, 2)
        yield x, gamma, beta, 10 ** generator.uniform(-5, 1), generator.uniform(0, 1)


def test_playground_computes_what_the_package_computes(visit):
    page = visit("book/04_forward")
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
    return float(text.replace("−", "-"))


def shown_values(page):
    """x, x̂ and y as the playground's table shows them."""
    page.locator(".numbers").evaluate("details => details.open = true")
    rows = page.locator(".numbers tbody tr")
    return np.array([[number(cell) for cell in row.locator("td").all_inner_texts()] for row in rows.all()]).T


def test_playground_shows_the_batch_norm_of_what_the_reader_sets(visit):
    page = visit("book/04_forward")
    page.get_by_label("batch size").fill("9")
    page.get_by_label("scale").fill("-1.5")
    page.get_by_label("shift").fill("0.7")
    page.get_by_label("epsilon").fill("0")
    page.get_by_role("button", name="One outlier").click()
    x, x_hat, y = shown_values(page)
    assert x.size == 9
    expected, *_ = forward.batchnorm(x[:, None], np.array([-1.5]), np.array([0.7]), epsilon=1.0)
    np.testing.assert_allclose(y, expected[:, 0], atol=2e-3)
    np.testing.assert_allclose(y, -1.5 * x_hat + 0.7, atol=2e-3)


def test_playground_is_moved_by_keyboard_and_by_dragging(visit):
    page = visit("book/04_forward")
    handle = page.get_by_role("slider", name="x 1", exact=True)
    before = float(handle.get_attribute("aria-valuenow"))
    handle.press("ArrowRight")
    assert float(handle.get_attribute("aria-valuenow")) == pytest.approx(before + 0.1)
    handle.press("Home")
    assert float(handle.get_attribute("aria-valuenow")) == -8
    page.locator(".lines").scroll_into_view_if_needed()
    box = handle.locator(".dot").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 100, y, steps=5)
    page.mouse.up()
    assert float(handle.get_attribute("aria-valuenow")) > -7
    assert "normalized" in handle.get_attribute("aria-valuetext")


def test_with_moving_statistics_only_the_dragged_value_moves(visit):
    page = visit("book/05_inference")
    page.get_by_role("button", name="Train 20 steps").click()
    for name, others_move in (("moving statistics", False), ("this batch", True)):
        page.get_by_label(name).check()
        before = shown_values(page)[2]
        page.get_by_role("slider", name="x 1", exact=True).press("PageDown")
        after = shown_values(page)[2]
        assert after[0] < before[0]
        assert np.any(after[1:] != before[1:]) == others_move


def test_an_update_of_the_moving_statistics_is_the_packages(visit):
    page = visit("book/05_inference")
    page.get_by_role("button", name="Train one step").click()
    x = shown_values(page)[0]
    moving = Moments(np.zeros(1), np.ones(1))
    expected = inference.update_moving(moving, forward.moments(x[:, None]), momentum=0.9)
    text = page.locator(".formula").inner_text()
    found = re.search(r"after 1 training steps?: moving mean (\S+), moving variance (\S+)", text).groups()
    np.testing.assert_allclose([number(n) for n in found], np.ravel(expected), atol=0.006)


# The norm explorer


def normalized(x, norm, epsilon):
    """What the package makes of x (N, P, C) with one of the explorer's norms."""
    one, zero = np.ones(x.shape[-1]), np.zeros(x.shape[-1])
    if norm == "batch":
        return forward.batchnorm(x, one, zero, epsilon=epsilon)[0]
    if norm == "position":
        return variants.layernorm(x, one, zero, epsilon=epsilon)[0]
    groups = {"example": 1, "group": 2, "instance": x.shape[-1]}[norm]
    return variants.groupnorm(x, one, zero, groups=groups, epsilon=epsilon)[0]


def chapter_page(slug):
    return HERE.chapter(slug).file


NORM_NAMES = {
    "batch": "batch norm",
    "example": "layer norm per example",
    "position": "layer norm per position",
    "group": "group norm",
    "instance": "instance norm",
}


def test_norm_explorer_computes_what_the_package_computes(visit):
    page = visit(chapter_page("variants"))
    generator = np.random.default_rng(20261128)
    for norm in NORM_NAMES:
        x, epsilon = generator.normal(3, 2, (3, 5, 6)), 10 ** generator.uniform(-4, 0)
        found = page.evaluate(
            "([x, norm, epsilon]) => IndexSets.normalize(x, norm, epsilon)", [x.tolist(), norm, epsilon]
        )
        np.testing.assert_allclose(found, normalized(x, norm, epsilon), rtol=1e-9, atol=1e-9)


def test_every_number_of_the_norm_explorer_follows_from_those_beside_it(visit):
    page = visit(chapter_page("variants"))
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
    page = visit(chapter_page("variants"), **PHONE)
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


# Questions, search, colors


def choices():
    return [exercise for exercise in catalogue() if isinstance(exercise, Choice)]


def plain(text):
    """Text as a page shows it, without marks, formulas and typographic quotes."""
    return " ".join(re.sub(r"[`*]|\$.*?\$|\\\(.*?\\\)", "", text).translate(str.maketrans("’‘“”", "''\"\"")).split())


@pytest.mark.parametrize("slug", sorted({exercise.slug for exercise in choices()}))
def test_every_option_of_a_question_gives_its_own_reason(site, slug):
    doctree = BeautifulSoup((site / f"{HERE.chapter(slug).file}.html").read_text(), "html.parser")
    for exercise in (exercise for exercise in choices() if exercise.slug == slug):
        shown = doctree.select(f'details[name="{exercise.id}"]')
        assert [option.select_one(".option-key").text for option in shown] == list(exercise.options)
        for key, option in zip(exercise.options, shown, strict=True):
            right = key == exercise.solution
            assert ("right" in option["class"]) == right and ("wrong" in option["class"]) != right
            verdict = "Right." if right else "Not this one."
            assert plain(option.p.text) == plain(f"{verdict} {exercise.reasons[key]}")
            assert plain(option.summary.text) == plain(f"{key} {exercise.options[key]}")
        # The list for Colab is replaced.
        before = shown[0].parent.find_previous_sibling()
        assert before is None or before.name != "ul"


def test_self_check_answers_on_the_page(visit):
    exercise = next(e for e in choices() if e.id.startswith("forward"))
    page = visit("book/04_forward")
    wrong = next(key for key in exercise.options if key != exercise.solution)
    for key, verdict in ((wrong, "Not this one."), (exercise.solution, "Right.")):
        option = page.locator(f'details[name="{exercise.id}"]').nth(list(exercise.options).index(key))
        option.locator("summary").press("Enter")
        assert option.locator("p").inner_text().startswith(verdict)
    assert page.locator(f'details[name="{exercise.id}"][open]').count() == 1


def test_an_unknown_exercise_is_an_error():
    place = nodes.raw("", "", format="html")
    nodes.section("", nodes.bullet_list(), place)
    with pytest.raises(KeyError, match=r"nowhere\.1"):
        documents.fill_question(place, "nowhere.1")


def test_solutions_are_folded_and_open_by_keyboard(visit):
    page = visit("book/01_convolution")
    solution = page.locator("details", has=page.locator("summary", has_text=re.compile("^Solution$"))).first
    assert not solution.locator("pre").is_visible()
    solution.locator("summary").press("Enter")
    assert solution.locator("pre").is_visible()


def test_launch_and_source_buttons_lead_to_tracked_files(site):
    files = set(tracked())
    for name in CHAPTERS:
        html = (site / "book" / f"{name}.html").read_text()
        path = f"book/{name}.ipynb"
        assert all(address in html for address in (HERE.colab(path), HERE.binder(path), HERE.source(path)))
        assert list(lint.page(html, HERE, files)) == []


def test_search_finds_a_chapter_from_the_bar(visit):
    page = visit("book/index")
    page.get_by_label("Search the course").fill("epsilon")
    page.get_by_label("Search the course").press("Enter")
    page.wait_for_selector("ul.search a")
    found = page.locator("ul.search a").all_inner_texts()
    assert any("forward pass" in title.lower() or "epsilon" in title.lower() for title in found)


def test_dark_mode_follows_the_system_and_the_reader(visit):
    page = visit("book/conventions", color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    page.locator(".theme-button").click()
    assert page.evaluate(background) == "rgb(255, 255, 255)" != dark
    page.reload()
    assert page.evaluate(background) == "rgb(255, 255, 255)"


def test_contents_open_on_a_phone(visit):
    page = visit("book/glossary", **PHONE)
    contents = page.get_by_role("navigation", name="Contents")
    assert not contents.is_visible()
    page.get_by_role("button", name="Contents").click()
    assert contents.is_visible()
    page.keyboard.press("Escape")
    assert not contents.is_visible()
    page.get_by_role("button", name="Contents").click()
    contents.get_by_role("link", name=re.compile("conventions|frameworks", re.I)).first.click()
    page.wait_for_url("**/conventions.html")


def test_paper_shows_what_is_folded_and_no_buttons(visit):
    page = visit("book/04_forward", color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--paper')") == "#fff"
    assert not page.locator(".bar").is_visible()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0


# An incremental build gives what a clean one gives


def build(copy: Path) -> dict[str, str]:
    """Build a copy of the course; gives its pages. A part alone lacks pages that it links to: warnings are no error."""
    builder = Path(sys.executable).with_name("jupyter-book")
    done = subprocess.run([builder, "build", "."], cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return {course.slug(path.name): path.read_text() for path in (copy / "_build" / "html" / "book").glob("*.html")}


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_an_incremental_build_gives_the_pages_of_a_clean_one(tmp_path):
    for path in tracked():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    chapters = [HERE.chapter(slug) for slug in ("convolution", "training", "forward")]
    generated = [name for name in course_pages.GENERATED if name != CONTENTS["root"]]
    parts = [
        {"caption": "A part", "numbered": 1, "chapters": [{"file": chapter.file} for chapter in chapters]},
        {"caption": "Pages", "chapters": [{"file": name} for name in generated]},
    ]
    (tmp_path / "_toc.yml").write_text(yaml.safe_dump({**CONTENTS, "parts": parts}))
    build(tmp_path)

    # A wrong option's reason, a module's docstring, a chapter's time, and another chapter's title.
    exercise = next(exercise for exercise in choices() if exercise.slug == "forward")
    wrong = next(reason for key, reason in exercise.reasons.items() if key != exercise.solution)
    change(tmp_path / "bncourse" / "exercises" / "forward.py", f'"{wrong[:20]}', f'"NEW REASON {wrong[:20]}')
    change(tmp_path / "bncourse" / "forward.py", '"""Batch normalization', '"""NEW DOCSTRING')
    change(tmp_path / chapters[0].path, f'"minutes": {chapters[0].minutes}', '"minutes": 777')
    change(tmp_path / chapters[1].path, f"# {chapters[1].title}", "# NEW TITLE")

    incremental = build(tmp_path)
    shutil.rmtree(tmp_path / "_build")
    clean = build(tmp_path)
    assert [name for name in clean if incremental[name] != clean[name]] == []
    assert all("NEW TITLE" in page for page in clean.values())
    assert "NEW REASON" in clean["forward"] and "NEW DOCSTRING" in clean["api_numpy"]
    assert "777" in clean["index"] and "777" in clean["study_guide"]


# Descriptions of the package


def test_the_packages_pages_describe_every_public_function(site):
    for page, heavy in (("api_numpy", False), ("api_keras", True)):
        shown = BeautifulSoup((site / "book" / f"{page}.html").read_text(), "html.parser")
        headings = {heading.text.removesuffix("#") for heading in shown.select("h2, h3")}
        for chapter in HERE.chapters:
            path = ROOT / "bncourse" / f"{chapter.slug}.py"
            if path.exists() and (chapter.slug in course_pages.heavy()) == heavy:
                defined = ast.parse(path.read_text()).body
                public = {node.name for node in defined if api.is_public(node)}
                assert public and public | {f"bncourse.{chapter.slug}"} <= headings


@pytest.mark.parametrize(
    "chapter, module, described, function",
    [("04_forward", "forward", "api_numpy", "batchnorm"), ("02_training", "training", "api_keras", "sweep")],
)
def test_a_chapter_links_to_the_description_of_its_module(visit, chapter, module, described, function):
    page = visit(f"book/{chapter}")
    page.get_by_role("link", name=f"bncourse.{module}").first.click()
    page.wait_for_url(f"**/{described}.html#bncourse-{module}")
    assert page.locator(f"#bncourse-{module} h3", has_text=function).count() == 1


def test_a_docstring_becomes_paragraphs_lists_and_code():
    text = """What it does with `x`.

    More, see https://arxiv.org/abs/1502.03167, on
    two lines.

        an = example(of_code)

    - one
      item
    - another

    Args:
        x: array (..., C),
            continued.
        y: another, with a: colon.

    Returns:
        y of `x`.

    Formula:
        y = x * x
        z = 2 * y * y

    Source:
        A paper."""
    made = api.described(ast.parse(f'"""{text}"""'))
    kinds = [type(node).__name__ for node in made]
    assert kinds == ["paragraph", "paragraph", "literal_block", "bullet_list"] + [
        "rubric", "definition_list", "rubric", "paragraph", "rubric", "literal_block", "rubric", "paragraph"
    ]  # fmt: skip
    assert [term.astext() for node in made for term in node.findall(nodes.term)] == ["x", "y"]
    assert [d.astext() for d in made[5].findall(nodes.definition)] == [
        "array (..., C), continued.",
        "another, with a: colon.",
    ]
    assert [link["refuri"] for link in made[1].findall(nodes.reference)] == ["https://arxiv.org/abs/1502.03167"]
    assert [item.astext() for item in made[3]] == ["one item", "another"]
    assert made[9].astext() == "y = x * x\nz = 2 * y * y"


# Pages that are counted from the files


def test_first_page_tells_the_committed_runs(visit):
    found = race.runs()
    page = visit("book/index", reduced_motion="reduce")
    assert page.locator(".race polyline").count() == sum(map(len, found.values()))
    for norm, runs in found.items():
        share = median(run["accuracy"][-1] for run in runs)
        assert page.locator(f".race-label.{norm} b").inner_text() == f"{share:.0%}"
    good, bad = (race.accuracies(found)[norm] for norm in ("batch", "none"))
    assert good > 0.6 and bad < 0.2
    assert page.locator("output", has_text="step 300").count() == 1


def test_running_mean_is_of_the_last_batches():
    loss = list(np.random.default_rng(0).random(60))
    means = race.running_mean(loss)
    assert means[0] == pytest.approx(loss[0])
    assert means[-1] == pytest.approx(np.mean(loss[-race.WINDOW :]))
    assert math.isclose(means[5], np.mean(loss[:6]))


def test_provenance_counts_what_is_proven():
    text = course_pages.provenance()
    sums = [0, 0, 0]
    for chapter in HERE.chapters:
        counts = proven.count(nbformat.read(ROOT / chapter.path, as_version=4).cells)
        own = catalogue(chapter.slug)
        row = [chapter.link(chapter.label), *counts, len(own), sum(len(e.mistakes) for e in own)]
        assert f"| {' | '.join(map(str, row))} |" in text
        sums = [total + count for total, count in zip(sums, counts, strict=True)]
    assert f"| **all** | {' | '.join(map(str, sums))} | {len(catalogue())} |" in text


def test_commit_is_known_from_git_and_from_an_archive(tmp_path, monkeypatch):
    (tmp_path / "web").mkdir()
    monkeypatch.setattr(course_pages, "ROOT", tmp_path)
    (tmp_path / "web" / "commit.txt").write_text("0123abc\n")
    assert course_pages.commit() == "0123abc"
    (tmp_path / "web" / "commit.txt").write_text("$Format:%H$\n")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert course_pages.commit() is None


def test_list_of_exercises_is_complete():
    text = course_pages.exercises()
    assert len(re.findall(r"^\| \[(?:Exercise|Capstone)", text, re.M)) == len(catalogue())


def test_record_names_every_chapter():
    record = json.loads((ROOT / "book" / "provenance.json").read_text())
    assert set(CHAPTERS) <= set(record)
