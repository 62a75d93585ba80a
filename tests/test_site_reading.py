"""Reading on a phone, in the dark, by keyboard and by ear: what axe does not see."""

import functools
import http.server
import re
import threading
import time
import xml.etree.ElementTree as ET

import pytest
from browser import wait_for_math, wait_for_pictures
from bs4 import BeautifulSoup
from pages import CHAPTERS, HERE, PAGES, PHONE, violations

from web.html_nodes import CHINESE, in_languages

SMALL = {**PHONE, "viewport": {"width": 320, "height": 640}}
BACKGROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.mark.parametrize("name", PAGES)
def test_chinese_is_named_as_such(site, name):
    page = BeautifulSoup((site / "book" / f"{name}.html").read_text(), "html.parser")
    for text in page.body.find_all(string=CHINESE):
        if text.parent.name not in ("script", "style") and not text.find_parent("pre"):
            assert text.find_parent(lang="zh"), text


def test_chinese_is_told_from_what_stands_around_it():
    text = "frozen layer · 冻结层 and 缩放与平移，冻结 (x)"
    runs = in_languages(text)
    assert "".join(run for run, _ in runs) == text
    assert [run for run, is_chinese in runs if is_chinese] == ["冻结层", "缩放与平移，冻结"]


def test_colors_go_round_and_back_to_the_systems(visit):
    page = visit("book/conventions", color_scheme="dark")
    button = page.locator(".theme-button")
    dark = page.evaluate(BACKGROUND)
    assert button.inner_text() == "Colors: automatic"
    for name, is_dark in (("light", False), ("dark", True), ("automatic", True)):
        button.click()
        assert button.inner_text() == f"Colors: {name}"
        assert (page.evaluate(BACKGROUND) == dark) == is_dark
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"{BACKGROUND} === 'rgb(255, 255, 255)'")
    button.click()
    page.reload()
    assert button.inner_text() == "Colors: dark" and page.evaluate(BACKGROUND) == dark


def test_what_the_contents_cover_is_not_reached(visit):
    page = visit("book/04_forward", **PHONE)
    page.get_by_role("button", name="Contents").click()
    assert page.evaluate("document.querySelector('main').inert")
    for _ in range(60):
        page.keyboard.press("Tab")
        assert not page.evaluate("document.querySelector('main, .foot').contains(document.activeElement)")
    page.keyboard.press("Escape")
    assert not page.evaluate("document.querySelector('main').inert")


def test_copying_is_offered_where_nothing_hovers(visit):
    page = visit("book/04_forward", **PHONE, is_mobile=True)
    assert page.locator(".copy").first.evaluate("button => getComputedStyle(button).opacity") == "1"


@pytest.mark.parametrize("name", ["04_forward", "06_backward", "conventions"])
def test_what_is_cut_off_shows_an_edge_and_scrolls_by_keyboard(visit, name):
    page = visit(f"book/{name}", **SMALL)
    wait_for_math(page)
    page.evaluate("markScrollable()")
    wide = page.locator("pre, .scroll, div.math, mjx-container.wide").evaluate_all(
        """found => found.filter(box => box.scrollWidth > box.clientWidth + 1)
            .map(box => [getComputedStyle(box).backgroundImage.includes("gradient"), box.tabIndex])"""
    )
    assert wide and all(edge and index == 0 for edge, index in wide)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("name", CHAPTERS)
def test_figures_have_numbers_in_order_and_links(site, name):
    page = BeautifulSoup((site / "book" / f"{name}.html").read_text(), "html.parser")
    figures, captions = page.select("main .cell_output img"), page.select(".figure-caption")
    chapter = next(chapter for chapter in HERE.chapters if chapter.file == f"book/{name}")
    start = f"Figure {chapter.number}." if chapter.number else "Figure "
    for number, caption in enumerate(captions, 1):
        assert caption.get_text().startswith(f"{start}{number}.")
        assert caption["id"] == f"figure-{number}" and caption.a["href"] == f"#figure-{number}"
    assert len(captions) == len(figures)


def test_a_figure_opens_large(visit):
    page = visit("book/06_backward", **PHONE)
    small = page.locator(".zoomable").first.bounding_box()["width"]
    page.get_by_role("button", name=re.compile("Enlarge Figure 6.1")).click()
    dialog = page.get_by_role("dialog", name="Figure, enlarged")
    assert dialog.locator("img").bounding_box()["width"] > 2 * small
    assert dialog.locator("img").get_attribute("alt")
    assert violations(page, context={"include": [[".figure-dialog"]]}) == []
    page.keyboard.press("Escape")
    assert dialog.count() == 0
    page.locator(".zoomable").first.click()
    assert dialog.is_visible()


def test_a_citation_is_told_beside_its_link(visit):
    page = visit("book/09_speedup")
    link = page.locator("[data-cited]", has_text="Ioffe and Szegedy").first
    link.focus()
    tip = page.get_by_role("tooltip")
    assert "Accelerating Deep Network Training" in tip.inner_text() and "2015" in tip.inner_text()
    assert link.get_attribute("aria-describedby") == "cited"
    page.keyboard.press("Escape")
    assert not tip.is_visible()


def test_pages_are_turned_by_keyboard_unless_the_reader_minds(visit):
    page = visit("book/04_forward")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**/05_inference.html")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**/04_forward.html")
    page.get_by_role("slider", name="x 1", exact=True).press("ArrowRight")
    page.get_by_role("button", name="Turn them off").click()
    page.locator("body").evaluate("body => document.activeElement.blur()")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("/")
    page.wait_for_timeout(300)
    assert page.url.endswith("04_forward.html") and page.locator("dialog").count() == 0


def test_every_page_has_one_address_and_is_in_the_sitemap(site):
    tree = ET.fromstring((site / "sitemap.xml").read_text())
    listed = {place.text for place in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")}
    for name in PAGES:
        head = BeautifulSoup((site / "book" / f"{name}.html").read_text(), "html.parser").head
        [address] = {link["href"] for link in head.select("link[rel=canonical]")}
        assert address == f"{HERE.site}book/{name}.html" and address in listed
        assert head.select_one("meta[property='og:url']")["content"] == address
        assert head.select_one("meta[property='og:image']")["content"] == f"{HERE.site}_static/card.png"
    assert (site / "_static" / "card.png").stat().st_size < 100_000


def test_a_page_that_is_not_there_works_at_any_address(site, browser):
    """As GitHub Pages serves it: `404.html` at whatever address was asked for."""
    page = browser.new_page()
    root, failed = HERE.site, []

    def serve(route):
        path = route.request.url.removeprefix(root).partition("?")[0]
        file = site / path
        if not path or not file.is_file():
            route.fulfill(path=site / "404.html", status=404, content_type="text/html")
            failed.append(path)
        else:
            route.fulfill(path=file)

    page.route("**", serve)
    page.goto(f"{root}book/deep/12_moved.html")
    assert page.locator("h1").inner_text() == "This page is not here"
    assert page.evaluate(BACKGROUND) == "rgb(255, 255, 255)" and page.locator(".contents a").count() > 10
    page.get_by_role("button", name="Search").click()
    page.get_by_label("Search the course").fill("epsilon")
    page.locator(".search-results a", has_text="Epsilon stands under the root").first.click()
    page.wait_for_url(f"{root}book/04_forward.html#epsilon-stands-under-the-root")
    assert failed == ["book/deep/12_moved.html"]
    page.close()


def test_paper_has_the_text_and_neither_installer_nor_controls_nor_solutions(visit):
    page = visit("book/04_forward", color_scheme="dark")
    wait_for_math(page)
    folded = page.evaluate("[...document.querySelectorAll('.option')].map(option => option.name)")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("details:not([open], .hint, .solution, .code)").count() == 0
    for gone in (
        ".bar",
        ".setup",
        ".solution",
        ".hint",
        ".value-check form",
        ".playground .controls",
        ".keys",
        ".solve",
    ):
        assert page.locator(gone).count() and not page.locator(gone).first.is_visible(), gone
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("[...document.querySelectorAll('.option')].map(option => option.name)") == folded
    assert page.locator(".option[open], .solution[open]").count() == 0
    assert 8 < page.pdf(format="A4").count(b"/Type /Page\n") <= 17  # it was 32


@pytest.fixture(scope="module", params=[0, 1.5], ids=["fonts at once", "fonts late"])
def address(request, site):
    """The site on a server of this machine: from a file, fonts are not fetched as they are elsewhere."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self):
            if ".woff2" in self.path:
                time.sleep(request.param)
            super().do_GET()

    handler = functools.partial(Handler, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
def test_nothing_jumps(browser, address, options):
    names = ("index", "04_forward", "conventions")
    pages = [browser.new_page(**options, reduced_motion="reduce") for _ in names]
    for page, name in zip(pages, names, strict=True):
        page.add_init_script("""window.jumped = 0; new PerformanceObserver(list => {
            for (const entry of list.getEntries()) if (!entry.hadRecentInput) jumped += entry.value;
        }).observe({type: "layout-shift", buffered: true});""")
        page.goto(f"{address}/book/{name}.html")
    for page in pages:
        wait_for_math(page)
        wait_for_pictures(page)
    pages[-1].wait_for_timeout(3000)
    jumped = {name: page.evaluate("jumped") for page, name in zip(pages, names, strict=True)}
    for page in pages:
        page.close()
    assert max(jumped.values()) <= 0.02, jumped


def test_formulas_and_figures_are_fetched_when_the_reader_comes_near(visit):
    page = visit("book/12_small_batches")
    pictures = page.locator("main img").count()

    def fetched(end):
        return len({url for url in visit.requested if url.partition("?")[0].endswith(end)})

    assert fetched("tex-mml-chtml.js") == 0 and fetched(".png") < pictures
    page.locator(".math").first.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.math mjx-container')", timeout=3000)
    page.locator("main img").last.scroll_into_view_if_needed()
    page.wait_for_function("[...document.querySelectorAll('main img')].at(-1).complete")
