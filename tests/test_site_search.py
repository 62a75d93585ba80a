"""Search: what readers ask leads to the section that answers it, without a server."""

import course
import pytest
from pages import PHONE, violations

# What readers ask, and the sections that answer: a page by its slug, with the anchor after it.
QUESTIONS = {
    "freeze": ("layer#does-trainable-false-freeze-it",),
    "does trainable=False freeze batch norm": ("layer#does-trainable-false-freeze-it",),
    "epsilon": ("forward#epsilon-stands-under-the-root",),
    "epsilon outside the root": ("forward#epsilon-stands-under-the-root",),
    "layer norm": ("forward#per-feature-or-per-sample",),
    "moving average": ("inference", "inference#moving-statistics"),
    "moving averages stale": ("inference#stale-statistics",),
    "vanishing gradient": ("training", "glossary#term-vanishing-gradient"),
    "gradient vanishes": ("training", "glossary#term-vanishing-gradient"),
    "批量归一化": ("forward", "glossary#term-batch-normalization"),
    "内部协变量偏移": ("shift",),
    "冻结": ("layer#does-trainable-false-freeze-it", "glossary#term-frozen-layer"),
    "train and validation loss differ": ("layer#why-do-training-loss-and-validation-loss-differ-on-the-same-data",),
    "output depends on the test batch": ("inference#why-batch-statistics-can-t-serve",),
    "custom loop never updates statistics": ("layer#common-mistakes", "conventions#mode"),
    "axis": ("forward#one-axis-two-meanings", "conventions#axis"),
    "per pixel or per channel": ("forward#per-pixel-or-per-channel",),
    "batch norm before or after ReLU": ("layer#the-plain-recipe", "forward#is-the-bias-before-it-redundant"),
    "dropout order": ("layer#and-dropout",),
    "biased or unbiased variance": ("inference#optional-biased-or-unbiased", "conventions#variance"),
    "momentum PyTorch": ("conventions#momentum",),
    "NaN": ("layer#where-does-the-nan-come-from",),
    "do gamma and beta undo it": ("forward#what-gamma-and-beta-can-undo",),
    "is the bias redundant": ("forward#is-the-bias-before-it-redundant",),
    "weight decay on gamma": ("invariance#weight-decay-on-gamma-and-beta",),
    "numerical gradient": ("backward#a-witness-that-knows-no-calculus",),
    "batchnorm_backward": ("api_numpy#bncourse.backward.batchnorm_backward",),
    "update_moving": ("api_numpy#bncourse.inference.update_moving",),
    "recalibrate": ("inference#recalibration",),
    "fine-tuning": ("layer#fine-tuning-trainable-false-or-training-false",),
    "learning rate too high": ("speedup#how-high-may-the-learning-rate-be",),
    "overfitting": ("layer#my-accuracy-in-training-is-good-in-testing-it-is-poor-overfitting",),
    "negative variance float32": ("forward#two-ways-to-lose-a-variance-in-float32",),
    "batch of one": ("backward#exercise-a-batch-of-one", "capstone_network#one-image-per-batch"),
    "use_bias": ("forward#is-the-bias-before-it-redundant",),
    "regularisation": ("forward#common-mistakes", "glossary#term-regularization"),
    "why does batch norm work": ("landscape",),
    "loss landscape": ("landscape", "landscape#a-picture-of-the-landscape"),
    "smoothness": ("landscape#in-which-unit",),
    "group norm": ("variants", "variants#a-normalization-is-a-choice-of-sets"),
    "组归一化": ("variants", "glossary#term-group-normalization"),
    "training without batch norm": ("variants#without-any-normalization",),
    "small batch": ("small_batches",),
    "gradient accumulation": (
        "small_batches#why-accumulating-gradients-does-not-help",
        "distributed#gradient-accumulation",
    ),
    "stochastic weight averaging": ("small_batches#averaged-weights",),
    "why is batch norm slow": ("speed#a-fair-race",),
    "fused kernel": ("speed#what-a-compiler-can-do-and-a-kernel",),
    "memory bound": ("speed#the-roofline",),
    "fold batch norm into convolution": ("deployment",),
    "quantization": ("deployment#what-eight-bits-cost",),
    "SyncBatchNorm": ("distributed#a-layer-of-ten-lines",),
    "multiple GPUs": ("distributed",),
    "diagnose a model": ("clinic",),
    "bncourse.clinic": ("clinic", "api_keras#bncourse-clinic"),
}


def named(address: str) -> str:
    """A page's address by its slug."""
    page, _, anchor = address.partition("#")
    return course.slug(page) + (f"#{anchor}" if anchor else "")


def opened(page):
    """A page whose search is open."""
    page.keyboard.press("/")
    page.wait_for_selector(".search-dialog[open]")
    return page.get_by_role("dialog", name="Search")


def test_readers_questions_find_their_section(visit):
    page = visit("book/conventions")
    opened(page)
    js = "questions => { const index = courseSearch.prepare(searchIndex);"
    js += " return questions.map(text => courseSearch.find(index, text).slice(0, 3).map(found => found.address)); }"
    found = page.evaluate(js, list(QUESTIONS))
    missed = {
        question: addresses
        for (question, wanted), addresses in zip(QUESTIONS.items(), found, strict=True)
        if not {named(address) for address in addresses} & set(wanted)
    }
    assert missed == {}


def test_every_result_is_a_place_on_its_page(visit, site):
    page = visit("search")
    page.wait_for_selector(".search-field")
    pages, sections = page.evaluate("[searchIndex.pages, searchIndex.sections]")
    targets = [(pages[number][0], anchor) for number, anchor, *_ in sections]
    assert len(targets) == len(set(targets))
    for name in {page for page, _ in targets}:
        html = (site / name).read_text()
        assert [anchor for page, anchor in targets if page == name and anchor and f'id="{anchor}"' not in html] == []
    places = page.evaluate("searchIndex.terms.filter(([, place]) => place < 0).map(([names]) => names[0])")
    assert places == []


def test_a_result_opens_at_its_section_and_shows_why_it_was_found(visit):
    page = visit("book/index")
    dialog = opened(page)
    page.keyboard.type("per pixel or per channel")
    first = dialog.get_by_role("link").first
    assert "Per pixel or per channel?" in first.inner_text() and "4. The forward pass" in first.inner_text()
    assert {"pixel", "channel"} & set(first.locator(".excerpt mark").all_inner_texts())
    page.keyboard.press("Enter")
    page.wait_for_url("**/04_forward.html#per-pixel-or-per-channel")
    page.wait_for_function("document.querySelectorAll('.math mjx-container').length > 20")
    top = "document.querySelector('#per-pixel-or-per-channel').getBoundingClientRect().top"
    page.wait_for_function(f"{top} > 0 && {top} < innerHeight / 2")


def test_results_are_walked_by_arrow_keys(visit):
    page = visit("book/glossary")
    dialog = opened(page)
    page.keyboard.type("momentum")
    links = dialog.get_by_role("link")
    focused = "document.activeElement === document.querySelectorAll('.search-results a')[%d]"
    for key, place in (("ArrowDown", 0), ("ArrowDown", 1), ("ArrowUp", 0)):
        page.keyboard.press(key)
        assert page.evaluate(focused % place)
    page.keyboard.press("ArrowUp")
    page.keyboard.type(" PyTorch")
    assert page.get_by_label("Search the course").input_value() == "momentum PyTorch"
    assert links.count() and dialog.get_by_role("status").inner_text()
    page.keyboard.press("Escape")
    assert not dialog.is_visible()


def test_a_slash_is_typed_where_the_reader_writes(visit):
    page = visit("search")
    page.wait_for_selector(".search-field")
    page.keyboard.type("a/b")
    assert page.get_by_label("Search the course").input_value() == "a/b"


def test_search_page_answers_its_address(visit, site):
    page = visit("search")
    page.goto((site / "search.html").as_uri() + "?q=epsilon")
    page.wait_for_selector(".search-results a")
    assert "Epsilon stands under the root" in page.locator(".search-results").inner_text()
    page.locator(".search-results a", has_text="Epsilon stands").click()
    page.wait_for_url("**/04_forward.html#epsilon-stands-under-the-root")


@pytest.mark.parametrize("options", [{}, PHONE, {"color_scheme": "dark"}], ids=["wide", "phone", "dark"])
def test_search_is_accessible_and_fits(visit, options):
    page = visit("book/references", **options)
    page.get_by_role("button", name="Search").click()
    page.get_by_label("Search the course").fill("批量归一化 frozen")
    page.wait_for_selector(".search-results a")
    assert violations(page, context={"include": [[".search-dialog"]]}) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".search-results :lang(zh)").count()


def test_chinese_and_broken_questions_are_no_error(visit):
    page = visit("search")
    page.wait_for_selector(".search-field")
    for text in ("", " ", "的", "(((", "\\", "the", "constructor", "ε", "x̂", "a" * 500, "__proto__"):
        page.get_by_label("Search the course").fill(text)
    page.get_by_label("Search the course").fill("ε")
    page.wait_for_selector(".search-results a")
    assert "psilon" in page.locator(".search-results").inner_text()
