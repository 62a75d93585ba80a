"""The site in a real browser: built once, opened from file://, every request to the outside blocked."""

import ast
import gzip
import json
import math
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from statistics import median

import browser
import course
import lint
import nbformat
import numpy as np
import proven
import pytest
import yaml
from bs4 import BeautifulSoup
from colab import tracked
from docutils import nodes
from pages import CHAPTERS, CONTENTS, HERE, PAGES, PHONE, violations

from bncourse.exercises import Choice, catalogue
from web import api, course_pages, documents, race

ROOT = Path(__file__).resolve().parent.parent
WIDE = """:root { --serif: "Source Code Pro" !important; --sans: "Source Code Pro" !important; }
    math, math * { font: 900 2em "Source Code Pro" !important; }"""
BYTES = 1_000_000  # of one page with all it loads, compressed
HOLLOW = """for (const formula of document.querySelectorAll("mjx-container")) formula.replaceChildren();
    for (const code of document.querySelectorAll("pre, code")) code.textContent = code.textContent;"""


@pytest.mark.parametrize("name", PAGES)
def test_page_is_sound_light_accessible_and_fits_a_phone(visit, name):
    page = visit(f"book/{name}", **PHONE)
    browser.wait_for_math(page)
    browser.wait_for_pictures(page)
    if name in CHAPTERS:
        assert_light(visit.requested)
    assert_sound(page)
    assert_fits(page)
    page.set_viewport_size({"width": 1280, "height": 720})
    assert_accessible(page)


def assert_light(requested):
    files = {Path(url.split("?")[0].removeprefix("file://")) for url in requested if url.startswith("file:")}
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) < BYTES
    scripts = {path.name for path in files if path.suffix == ".js"}
    assert scripts <= {"course.js", "tex-mml-chtml.js", *documents.ORDER}


def assert_sound(page):
    assert page.locator("h1").count() == 1
    assert 40 < len(page.locator("meta[name=description]").get_attribute("content")) < 170
    levels = page.eval_on_selector_all("h1, h2, h3, h4", "found => found.map(h => Number(h.tagName[1]))")
    assert all(after <= before + 1 for before, after in pairwise(levels))
    alt = page.eval_on_selector_all("main img", "found => found.map(image => image.alt)")
    assert all(len(text) > 20 and not text.endswith(".png") for text in alt)


def assert_fits(page):
    """Whatever fonts a system puts in the place of the page's own: wide ones, and large ones for hidden MathML."""
    too_wide = []
    for fonts in ("/* the page's own */", WIDE):
        style = page.add_style_tag(content=fonts)
        page.evaluate("document.fonts.ready")
        for width in (390, 320):
            page.set_viewport_size({"width": width, "height": 800})
            page.evaluate("markScrollable()")
            found = page.evaluate("document.documentElement.scrollWidth")
            if found > width:
                too_wide.append((width, found, fonts))
        style.evaluate("style => style.remove()")
    assert too_wide == []


def assert_accessible(page):
    # The elements inside formulas and code are thousands, over which axe takes half a minute; code has its own test.
    page.evaluate(HOLLOW)
    everything = {"exclude": [["mjx-container"]]}
    assert violations(page, context=everything) == []
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert violations(page, context=everything, options={"runOnly": ["color-contrast"]}) == []


def test_code_is_legible_in_both_schemes(visit):
    page = visit("book/01_convolution")
    page.evaluate("document.querySelectorAll('.cell_input').forEach((cell, i) => i > 7 && cell.remove())")
    for theme in ("light", "dark"):
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        assert violations(page, context={"include": [[".cell_input"]]}, options={"runOnly": ["color-contrast"]}) == []


def test_text_and_contents_are_there_without_scripts(visit):
    page = visit("book/04_forward", java_script_enabled=False, **PHONE)
    assert page.get_by_role("navigation", name="Contents").is_visible()
    assert "batch normalization" in page.locator("main").inner_text()
    assert page.locator(".playground").inner_text().strip()


# Questions, colors


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
    page = visit("book/index", reduced_motion="reduce")
    for depth in race.DEPTHS:
        page.get_by_label(str(depth), exact=True).check()
        found = race.runs(depth)
        plot = page.locator(f'.race-plot[data-depth="{depth}"]')
        assert plot.is_visible() and page.locator(".race-plot:visible").count() == 1
        assert plot.locator("polyline").count() == sum(map(len, found.values())) == 10
        for norm, runs in found.items():
            share = median(run["accuracy"][-1] for run in runs)
            assert plot.locator(f".race-label.{norm} b").inner_text() == f"{share:.0%}"
        boxes = [label.bounding_box() for label in plot.locator(".race-label").all()]
        top, bottom = sorted(boxes, key=lambda box: box["y"])
        assert top["y"] + top["height"] <= bottom["y"] + 1
        assert str(depth) in page.locator(".race-title").inner_text()
    good, bad = (race.accuracies(race.runs())[norm] for norm in ("batch", "none"))
    assert good > 0.6 and bad < 0.2
    assert page.locator(".race-controls .shown").inner_text() == "step 300"


def test_the_race_starts_when_seen_can_be_stopped_and_says_nothing(visit):
    page = visit("book/index", **PHONE)
    step = page.locator(".race-controls .shown")
    page.evaluate("document.querySelector('figure.race').style.marginTop = '200vh'")  # below the fold
    page.wait_for_timeout(2500)
    assert step.inner_text() == "step 300"
    page.locator(".race-controls").scroll_into_view_if_needed()
    page.get_by_role("button", name="Pause").click()
    stopped = step.inner_text()
    assert stopped != "step 300"
    page.wait_for_timeout(500)
    assert step.inner_text() == stopped
    page.get_by_role("button", name="Go on").click()
    page.wait_for_function("text => document.querySelector('.race-controls .shown').textContent !== text", arg=stopped)
    assert page.locator(".race :is(output, [role=status], [aria-live])").count() == 0


def test_means_of_losses_stand_in_their_middle():
    run = {"loss": [float(i) for i in range(100)], "config": {"loss_every": 1}}
    assert race.curve(run, 4) == [(25.0, 24.5), (75.0, 74.5)]
    assert race.curve({"loss": [3.0, 2.0], "config": {"loss_every": 50}}, 4) == [(25.0, 3.0), (75.0, 2.0)]
    assert race.curve(run, race.SHOWN)[:2] == [(0, 0.0), (1, 0.5)]


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
