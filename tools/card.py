"""Draw the picture that others show beside a link to the course, `web/static/card.png`, from the built site."""

from pathlib import Path

import browser
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
STYLE = """
body > :not(.frame), .contents, article > :not(section), section > :not(.hero, h1), .hero-text,
.race :is(figcaption, .race-controls, .race-choice) { display: none !important; }
main { padding: 3rem 4rem !important; } article h1 { max-width: none; font-size: 3rem; margin-bottom: 2rem; }
.hero { display: block !important; } .race { font-size: 1.5rem; } .race-plot { height: 19rem !important; }
"""


def draw() -> None:
    with sync_playwright() as playwright:
        chromium = browser.launch(playwright)
        page = chromium.new_page(viewport={"width": 1200, "height": 630}, reduced_motion="reduce")
        page.goto((ROOT / "_build" / "html" / "book" / "index.html").as_uri())
        page.add_style_tag(content=STYLE)
        page.evaluate("document.fonts.ready")
        page.screenshot(path=ROOT / "web" / "static" / "card.png")
        chromium.close()


if __name__ == "__main__":
    draw()
