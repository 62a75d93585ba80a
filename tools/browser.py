"""A Chromium on this machine, in which tools and tests open the built site."""

import shutil

from playwright.sync_api import Browser, Page, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FETCHED = """() => Promise.all([...document.images].map((image) => {
    image.loading = "eager";
    return image.decode();
}))"""
TYPESET = "() => [...document.querySelectorAll('.math')].every(formula => formula.querySelector('mjx-container'))"


def find() -> str | None:
    """Where a Chromium is, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def launch(playwright: Playwright) -> Browser:
    """Start it.

    Raises:
        SystemExit: if there is none.
    """
    path = find()
    if path is None:
        raise SystemExit("the built site is opened in Chromium, and none is installed: chromium or google-chrome")
    return playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])


def wait_for_math(page: Page) -> None:
    """Until every formula is typeset, also those that are far; one that never is ends in Playwright's TimeoutError."""
    page.evaluate("typeof typesetFormulas === 'function' && typesetFormulas()")
    page.wait_for_function(TYPESET)


def wait_for_pictures(page: Page) -> None:
    """Until every figure is there, also those that are fetched only when a reader comes near."""
    page.evaluate(FETCHED)
