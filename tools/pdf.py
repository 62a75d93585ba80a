"""Make one PDF of the whole course from the built site: `python tools/pdf.py`, after `make book`.

Chromium joins the pages' articles to one document: a title, the contents with page numbers, the pages in their order,
the solutions. It is printed twice: where each heading comes to lie is read from the first print.
"""

import re
import sys
from pathlib import Path

import browser
import course
from course import ROOT
from playwright.sync_api import Page, sync_playwright

SITE = ROOT / "_build" / "html"
NAME = "batch-normalization.pdf"  # as the study guide links to it
FOOTER = '<div style="width:100%; font:8pt sans-serif; text-align:center"><span class="pageNumber"></span></div>'
MARGIN = {"top": "16mm", "bottom": "18mm", "left": "15mm", "right": "15mm"}
PAGE = re.compile(rb"(\d+) 0 obj\s*<</Type /Page\s")  # the object of a page
SCRIPT = Path(__file__).with_name("pdf_book.js")


def article(page: Page, site: Path, name: str) -> str:
    """The article of a page as HTML, its anchors and links made fit for one common document."""
    page.goto((site / "book" / f"{name}.html").as_uri())
    page.add_script_tag(path=SCRIPT)
    return page.evaluate("name => book.article(name)", name)


def destinations(pdf: bytes) -> dict[str, int]:
    """The page of each anchor that a PDF of Chromium's links to, from 1."""
    numbers = {int(found[1]): i for i, found in enumerate(PAGE.finditer(pdf), 1)}
    places = re.finditer(rb"/([\w#.%-]+) \[(\d+) 0 R /XYZ", pdf)
    return {place[1].decode(): numbers[int(place[2])] for place in places if int(place[2]) in numbers}


def make(site: Path, names: list[str], target: Path) -> None:
    """Print some pages of the built site, under a title page.

    Raises:
        SystemExit: if there is no Chromium, no site, or the contents would show wrong numbers.
    """
    if not (site / "index.html").exists():
        raise SystemExit("the PDF is printed from the built site: run `make book`")
    here = course.read()
    typeset = here.chapter("forward").file  # a page with the look and with MathJax
    with sync_playwright() as playwright:
        chromium = browser.launch(playwright)
        context = chromium.new_context(color_scheme="light", reduced_motion="reduce")
        context.set_default_timeout(300_000)
        context.route(re.compile(r"^(?!file:|data:)"), lambda route: route.abort())
        plain = context.new_page()
        plain.route(re.compile(r"\.js(\?|$)"), lambda route: route.abort())  # as the site was built
        articles = [article(plain, site, name) for name in names]
        plain.close()
        page = context.new_page()
        page.goto((site / f"{typeset}.html").as_uri())
        page.add_script_tag(path=SCRIPT)
        page.evaluate("([articles, version]) => book.join(articles, version)", [articles, here.version])
        page.evaluate("typesetFormulas().then(() => MathJax.typesetPromise())")
        browser.wait_for_math(page)
        page.evaluate("document.fonts.ready")
        browser.wait_for_pictures(page)
        first = destinations(print_(page))
        page.evaluate("numbers => book.number(numbers)", first)
        printed = print_(page)
        if destinations(printed) != first:
            raise SystemExit("the contents' page numbers have moved the pages: the PDF would be wrong")
        chromium.close()
    target.write_bytes(printed)
    print(f"{target}: {len(PAGE.findall(printed))} pages")


def print_(page: Page) -> bytes:
    """Print a page with bookmarks and page numbers."""
    return page.pdf(
        format="A4",
        margin=MARGIN,
        outline=True,
        tagged=True,
        display_header_footer=True,
        header_template="<div></div>",
        footer_template=FOOTER,
    )


if __name__ == "__main__":
    make(SITE, course.pages()[1:], Path(sys.argv[1]) if len(sys.argv) > 1 else SITE / NAME)
