"""The site's extension: its theme, what it changes in pages, and the pages that are counted from the files."""

import hashlib
import sys
from pathlib import Path

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx import addnodes
from sphinx.environment.adapters.toctree import global_toctree_for_doc

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]  # builds from a checkout, installed or not

from web import addresses, api, course_pages, documents, html_nodes, reading, search_index  # noqa: E402

DESCRIPTION_LENGTH = 155  # what search engines show


def setup(app):
    app.add_html_theme("course", str(ROOT / "web" / "theme"))
    app.add_config_value("comments_config", {}, "")  # Jupyter Book sets it for an extension that is not loaded
    # Pages are made anew where the code that makes them has changed.
    code = b"".join(path.read_bytes() for folder in ("web", "tools") for path in sorted((ROOT / folder).glob("*.py")))
    app.add_config_value("course_code", digest(code), "env")
    app.add_js_file("course.js", loading_method="defer")
    app.set_translator("html", html_nodes.Translator)
    app.add_node(html_nodes.element)
    folded = (html_nodes.visit_folded_code, html_nodes.depart_folded_code)
    app.add_node(HideCodeCellNode, override=True, html=folded)
    app.add_transform(documents.Places)
    app.add_directive("docstrings", api.Docstrings)
    app.connect("builder-inited", leave_search)
    app.connect("env-get-outdated", outdated)
    app.connect("source-read", fill_generated_page)
    app.connect("doctree-read", remember_borrowed)
    app.connect("env-get-updated", renew_contents, priority=900)  # after Sphinx has numbered the chapters
    app.connect("doctree-resolved", reading.preview)
    app.connect("html-collect-pages", more_pages)
    app.connect("html-page-context", complete_page, priority=900)
    app.connect("build-finished", search_index.write)
    app.connect("build-finished", addresses.write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def leave_search(app) -> None:
    """Sphinx's own search, which finds pages and no sections, is not built."""
    app.builder.search = False


def more_pages(app):
    """Pages that have no source."""
    yield "search", {}, "search.html"
    yield "404", {}, "404.html"


def fill_generated_page(app, docname, content) -> None:
    """Put what is counted from the files in the place of `<!-- generated -->`."""
    if docname in course_pages.GENERATED:
        content[0] = content[0].replace("<!-- generated -->", course_pages.GENERATED[docname]())


def remember_borrowed(app, doctree) -> None:
    """Note what a page took from elsewhere, such as the reasons of its questions' options."""
    docname = app.env.docname
    app.env.metadata[docname]["borrowed"] = digest(documents.borrowed(docname).encode())


def outdated(app, env, added, changed, removed) -> list[str]:
    """Pages that took something from elsewhere which has changed since."""
    return [
        docname
        for docname in env.found_docs - added
        if env.metadata[docname].get("borrowed") != digest(documents.borrowed(docname).encode())
    ]


def renew_contents(app, env) -> set[str]:
    """All pages where their common list of contents has changed: a title, a number, the order."""
    listed = [(name, title.astext(), env.toc_secnumbers.get(name)) for name, title in sorted(env.titles.items())]
    now = digest(repr((listed, sorted(env.toctree_includes.items()))).encode())
    before, env.course_contents = getattr(env, "course_contents", None), now
    return set() if before == now else env.found_docs


def complete_page(app, pagename, templatename, context, doctree) -> None:
    """Give the layout what it shows."""
    chapter = course_pages.chapters().get(pagename)
    wanted = documents.scripts(doctree) if doctree else []
    for script in wanted:
        app.add_js_file(script, loading_method="defer")
    used = {"course.js", *wanted}
    math = doctree is not None and documents.has_formulas(doctree)
    context.update(
        author=app.config.author,
        base=addresses.base(pagename),
        card=addresses.CARD,
        pageurl=addresses.canonical(app, pagename),
        contents=contents(app, pagename),
        description=description(doctree) or app.config.html_title,
        is_home=pagename == app.config.root_doc,
        page_scripts=[
            script for script in context["script_files"] if name(script) in used or (math and is_configuration(script))
        ],
        part=chapter and chapter.part,
    )


def name(script) -> str:
    """A script's file name; the empty one for a script without a file."""
    return Path(str(script.filename or "").partition("?")[0]).name


def is_configuration(script) -> bool:
    """Whether a script configures MathJax, which `math.js` fetches; Sphinx's others serve the search page alone."""
    return "MathJax" in script.attributes.get("body", "")


def contents(app, pagename) -> str:
    """The list of chapters, with the current page's sections under its entry."""
    tree = global_toctree_for_doc(app.env, pagename, app.builder, maxdepth=2, titles_only=True)
    for reference in tree.findall(nodes.reference):
        if "current" in reference["classes"] and not reference["refuri"]:
            reference["html"] = {"aria-current": "page"}
            reference.parent.parent.insert(1, sections(app, pagename))
            break
    return app.builder.render_partial(tree)["fragment"]


def sections(app, pagename) -> list[nodes.bullet_list]:
    """Links to a page's second-level headings, as a list if there are any."""
    items = []
    for reference in app.env.tocs[pagename].findall(nodes.reference):
        if depth(reference) == 2 and reference["anchorname"]:
            link = nodes.reference("", reference.astext(), internal=True, refuri=reference["anchorname"])
            items.append(nodes.list_item("", addnodes.compact_paragraph("", "", link)))
    return [nodes.bullet_list("", *items, classes=["sections"])] if items else []


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
