"""The search index: a script with the text of every section, made from the documents and loaded when search opens."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from docutils import nodes

from web import course_pages

GLOSSARY = "book/glossary"
# What lists or describes comes after what explains.
WEIGHTS = {"book/index": 0.6, GLOSSARY: 0.6, "book/exercises": 0.6, "book/api_numpy": 0.7, "book/api_keras": 0.7}
SKIPPED = nodes.section | nodes.raw | nodes.comment | nodes.math_block | nodes.image | nodes.title
COMMAND = re.compile(r"\\([A-Za-z]+|.)|[{}$]")
SYMBOLS = dict(
    alpha="α", beta="β", gamma="γ", epsilon="ε", varepsilon="ε", eta="η", mu="μ", sigma="σ", theta="θ",
    sum="Σ", partial="∂", cdot="·", times="×", sqrt="√", le="≤", ge="≥", ne="≠", approx="≈", to="→", infty="∞",
)  # fmt: skip


def write(app, error) -> None:
    """Write `_static/search_index.js`, which sets `searchIndex`."""
    if error is None and app.builder.format == "html":
        text = json.dumps(index(app.env, app.builder), ensure_ascii=False, separators=(",", ":"))
        Path(app.outdir, "_static", "search_index.js").write_text(f"const searchIndex={text};\n", encoding="utf-8")


def index(env, builder) -> dict:
    """Pages as [address, title, weight]; sections as [page, anchor, title, level, text, names in code]; terms of the
    glossary as [names, number of the section that explains them]."""
    pages, sections = [], []
    for docname in env.collect_relations():
        chapter = course_pages.chapters().get(docname)
        title = chapter.label if chapter else env.titles[docname].astext()
        pages.append([builder.get_target_uri(docname), title, 1 if chapter else WEIGHTS.get(docname, 0.9)])
        for node in env.get_doctree(docname).findall(nodes.section):
            sections.append([len(pages) - 1, *described(node)])
    places = {(pages[page][0], anchor): number for number, (page, anchor, *_) in enumerate(sections)}
    terms = []
    if GLOSSARY in env.found_docs:
        own = [page for page, *_ in pages].index(builder.get_target_uri(GLOSSARY))
        for names, anchor, text, target in glossary(env, builder):
            page, _, anchor_there = target.partition("#")
            terms.append([names, places.get((page, anchor_there), -1)])
            sections.append([own, anchor, " · ".join(names), 4, text, ""])
    return {"pages": pages, "sections": sections, "terms": terms}


def described(section: nodes.section) -> tuple[str, str, int, str, str]:
    """Anchor, title, level, text and names in code of a section, without the sections in it."""
    level, above = 1, section.parent
    while above is not None:
        level, above = level + isinstance(above, nodes.section), above.parent
    prose, code = [], []
    for child in section.children:
        gather(child, prose, code)
    title = readable(section.next_node(nodes.title))
    # A page is opened at its top.
    anchor = "" if level == 1 else section["ids"][0]
    return anchor, title, level, " ".join(prose), " ".join(dict.fromkeys(names(" ".join(code))))


def gather(node: nodes.Node, prose: list[str], code: list[str]) -> None:
    """Sort what a node says into prose and code; outputs are neither."""
    if isinstance(node, SKIPPED) or node.get("nb_element") in ("cell_code_output", "mime_bundle"):
        return
    if isinstance(node, nodes.literal_block):
        code.append(node.astext())
    elif isinstance(node, nodes.TextElement):
        prose.append(readable(node))
    else:
        for child in node.children:
            if isinstance(child, nodes.Element):
                gather(child, prose, code)


def readable(node: nodes.Element) -> str:
    """The text of a node, formulas in plain characters."""
    parts = []
    for leaf in node.findall(nodes.Text):
        text = leaf.astext()
        parts.append(plain(text) if isinstance(leaf.parent, nodes.math) else text)
    return " ".join("".join(parts).split())


def plain(latex: str) -> str:
    r"""A short formula without its commands: `\hat x` is x̂, `\gamma` is γ."""
    latex = re.sub(r"\\hat\{?\s*(\w)\}?", "\\1\u0302", latex)
    return " ".join(COMMAND.sub(lambda found: SYMBOLS.get(found[1] or "", ""), latex).split())


def names(code: str) -> list[str]:
    """The names in code and the words of its comments."""
    return re.findall(r"[^\W\d]\w{2,}", code)


def glossary(env, builder) -> Iterator[tuple[list[str], str, str, str]]:
    """Each term's names, anchor and definition, and the address of the place that explains it."""
    tree = env.get_and_resolve_doctree(GLOSSARY, builder)
    base = Path(builder.get_target_uri(GLOSSARY)).parent
    for item in tree.findall(nodes.definition_list_item):
        term, definition = item.next_node(nodes.term), item.next_node(nodes.definition)
        links = [link["refuri"] for link in definition.findall(nodes.reference) if link.get("internal")]
        target = str(base / unquote(links[-1])) if links else ""
        found = [name.strip() for name in re.split(r" · |, |，", term.astext())]
        yield found, term["ids"][0], readable(definition), target


def give_terms_ids(document: nodes.document) -> None:
    """An anchor for each term of the glossary: its first name."""
    for term in document.findall(nodes.term):
        name = re.split(r" · |, ", term.astext())[0]
        term["ids"].append(nodes.make_id(f"term-{name}"))
