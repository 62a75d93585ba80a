"""The site's extension: its theme, self-check questions, and the pages that are counted from the files."""

import html
import re
import struct
import sys
from pathlib import Path

from docutils import nodes

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # builds from a checkout, installed or not

from bncourse import CHAPTERS  # noqa: E402
from web import course_pages, race, self_check  # noqa: E402

PARTS = {chapter.slug: chapter.part for chapter in CHAPTERS}
GENERATED = {
    "book/index": course_pages.path,
    "book/exercises": course_pages.exercises,
    "book/provenance": course_pages.provenance,
}
# A script is loaded where a page has the element it serves.
SCRIPTS = {'class="playground"': "playground.js", 'class="race"': "race.js"}
# Where a notebook links to Colab, Binder and this site: the layout has buttons for it.
RUN_LINE = re.compile(r"<p><em>Run it in <a [^>]*colab(?:(?!</p>).)*</p>", re.S)
FIGURE_DPI = 180  # of bncourse/plots/style.py
DESCRIPTION_LENGTH = 155  # what search engines show


def setup(app):
    app.add_html_theme("course", str(ROOT / "web" / "theme"))
    app.add_config_value("comments_config", {}, "")  # Jupyter Book sets it for an extension that is not loaded
    app.add_js_file("course.js", loading_method="defer")
    app.connect("env-get-outdated", lambda *_: list(GENERATED))
    app.connect("source-read", fill_generated_page)
    app.connect("html-page-context", complete_page, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def fill_generated_page(app, docname, content) -> None:
    """Put what is counted from the files in the place of `<!-- generated -->`."""
    if docname in GENERATED:
        content[0] = content[0].replace("<!-- generated -->", GENERATED[docname]())


def complete_page(app, pagename, templatename, context, doctree) -> None:
    """Give the layout what it shows, and mend the body."""
    body = context.get("body", "")
    for mark, script in SCRIPTS.items():
        if mark in body:
            app.add_js_file(script, loading_method="defer")
    context.update(
        author=app.config.author,
        body=mend(body, figures(app)),
        contents=contents(app, pagename, context),
        description=description(doctree) or app.config.html_title,
        is_home=pagename == app.config.root_doc,
        notebook=notebook_links(app, pagename, context),
        page_scripts=[script for script in context["script_files"] if is_used(script, body)],
        part=PARTS.get(re.sub(r".*/\d\d_", "", pagename)),
    )


def is_used(script, body: str) -> bool:
    """The course's own scripts, and MathJax where there is a formula; Sphinx's others serve the search page alone."""
    if "mathjax" in str(script.filename) or "MathJax" in script.attributes.get("body", ""):
        return bool(re.search(r'class="[^"]*\bmath\b', body))
    return any(name in str(script.filename) for name in ("course.js", *SCRIPTS.values()))


def contents(app, pagename, context) -> str:
    """The list of chapters, with the current page's sections under its entry."""
    tree = context["toctree"](collapse=False, includehidden=True, maxdepth=2, titles_only=True) or ""
    tree = tree.replace(' role="heading"', "")
    entry = r'(<a class="current reference internal" href="#")>(.*?</a>)'
    tree = re.sub(entry, lambda m: f'{m[1]} aria-current="page">{m[2]}{sections(app, pagename)}', tree, count=1)
    return f'<p class="contents-home"><a href="{context["pathto"](app.config.root_doc)}">Overview</a></p>{tree}'


def sections(app, pagename) -> str:
    """Links to a page's second-level headings."""
    page = app.env.tocs.get(pagename, nodes.bullet_list())
    found = [
        (reference["anchorname"], html.escape(reference.astext()))
        for reference in page.findall(nodes.reference)
        if depth(reference) == 2 and reference["anchorname"]
    ]
    items = "".join(f'<li><a href="{anchor}">{title}</a></li>' for anchor, title in found)
    return f'<ul class="sections">{items}</ul>' if items else ""


def depth(node) -> int:
    """How many lists a node stands in."""
    count = 0
    while node := node.parent:
        count += isinstance(node, nodes.bullet_list)
    return count


def description(doctree) -> str:
    """The page's first sentences, cut at a word; the line of times and prerequisites in italics is none."""
    for paragraph in doctree.findall(nodes.paragraph) if doctree else ():
        if not isinstance(paragraph[0], nodes.emphasis) and isinstance(paragraph.parent, nodes.section):
            text = " ".join(paragraph.astext().split())
            if len(text) > DESCRIPTION_LENGTH:
                text = text[:DESCRIPTION_LENGTH].rsplit(" ", 1)[0] + "…"
            return text
    return ""


def notebook_links(app, pagename, context) -> dict | None:
    """Where a chapter runs and where its source is."""
    path = pagename + ".ipynb"
    if not (ROOT / path).exists():
        return None
    options = app.config.html_theme_options
    repository, branch = options["repository_url"], options["repository_branch"]
    launch = options.get("launch_buttons", {})
    project = repository.removeprefix("https://github.com/")
    return {
        "colab": f"{launch['colab_url']}/github/{project}/blob/{branch}/{path}",
        "binder": f"{launch['binderhub_url']}/v2/gh/{project}/{branch}?urlpath=lab/tree/{path}",
        "download": context["pathto"]("_sources/" + path, 1),
        "source": f"{repository}/blob/{branch}/{path}",
        "issue": f"{repository}/issues/new?title={path}",
    }


def figures(app) -> dict[str, tuple[int, int]]:
    """Width and height in CSS pixels of the figures written so far, by their file names on the site."""
    sizes = {}
    for source, name in app.builder.images.items():
        head = (Path(app.srcdir) / source).read_bytes()[:24]
        if head.startswith(b"\x89PNG"):
            pixels = struct.unpack(">II", head[16:24])
            sizes[name] = tuple(round(n / FIGURE_DPI * 96) for n in pixels)
    return sizes


def mend(body: str, figures: dict[str, tuple[int, int]]) -> str:
    """Self-check questions in their places, folded code with its title, tables that scroll, figures of known size."""
    body = race.fill(self_check.fill(body))
    body = RUN_LINE.sub("", body)
    body = re.sub(
        r'<details class="admonition hide above-input">\s*<summary.*?</summary>(?P<code>.*?)</details>',
        lambda m: folded_code(m["code"]),
        body,
        flags=re.S,
    )
    body = re.sub(r'<img [^>]*src="[^"]*?([^"/]+)"', lambda m: m[0] + size(figures.get(m[1])), body)
    return body.replace("<table", '<div class="scroll"><table').replace("</table>", "</table></div>")


def folded_code(code: str) -> str:
    """A folded cell; its form title for Colab says here what is in it."""
    title = re.search(r'<span class="c1">#@title ([^<]*)</span>', code)
    return f'<details class="code"><summary>Code{": " + title[1] if title else ""}</summary>{code}</details>'


def size(pixels: tuple[int, int] | None) -> str:
    """The attributes that keep the text from jumping when a figure arrives."""
    return f' width="{pixels[0]}" height="{pixels[1]}"' if pixels else ""
