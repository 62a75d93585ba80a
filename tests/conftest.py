"""How Hypothesis looks for examples: the same ones each time, however slow the machine. Figures, and the site."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("course", deadline=None, derandomize=True)
settings.load_profile("course")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def figures(request):
    """The words of a figure that a test of plots has drawn are legible where they stand."""
    if not request.module.__name__.startswith("test_plots"):
        yield
        return
    import contrast
    import matplotlib.pyplot as plt

    plt.close("all")  # what other tests left
    yield
    drawn = [plt.figure(number) for number in plt.get_fignums()]
    plt.close("all")
    assert [problem for figure in drawn for problem in contrast.faint(figure)] == []


@pytest.fixture(scope="session")
def browser():
    import browser

    if browser.find() is None:
        message = "the site is tested in Chromium, and none is installed: chromium or google-chrome on the PATH"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = browser.launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
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

    def visit(name, *, formulas=True, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(60_000)
        outside = re.compile(r"^(?!file:|data:|blob:)")
        context.route(outside, lambda route: (problems.append(route.request.url), route.abort()))
        if not formulas:
            body = "Object.assign(MathJax, {startup: {promise: Promise.resolve()}, typesetPromise: () => {}})"
            context.route(
                "**/tex-mml-chtml.js*", lambda route: route.fulfill(body=body, content_type="text/javascript")
            )
        page = context.new_page()
        page.on("request", lambda request: visit.requested.append(request.url))
        page.on("console", lambda message: message.type == "error" and problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        # A page that is left ends what it was loading; that is no failure.
        left = "net::ERR_ABORTED"
        page.on("requestfailed", lambda request: request.failure != left and problems.append(request.url))
        page.goto((site / f"{name}.html").as_uri())
        return page

    visit.requested = []
    yield visit
    for context in contexts:
        context.close()
    assert problems == []
