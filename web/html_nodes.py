"""How nodes become HTML where Sphinx's own way does not do: elements and attributes of the course's pages."""

import re
import struct
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.writers.html5 import HTML5Translator

CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+(?:[，、；：（）《》“”·\s]*[\u3400-\u9fff\uf900-\ufaff]+)*")
FIGURE_DPI = 180  # of bncourse/plots/style.py


class element(nodes.General, nodes.Element):
    """An HTML element that has no node of its own: `tag`, with its children; `html` holds its attributes."""


class Translator(HTML5Translator):
    """Sphinx's translator, for which any node may carry more attributes of its HTML element, in `html`."""

    def starttag(self, node, tagname, suffix="\n", empty=False, **attributes):
        return super().starttag(node, tagname, suffix, empty, **attributes, **node.get("html", {}))

    def visit_element(self, node):
        self.body.append(self.starttag(node, node["tag"], ""))

    def depart_element(self, node):
        self.body.append(f"</{node['tag']}>")

    def visit_Text(self, node):
        # Screen readers need to be told where Chinese begins.
        for run, is_chinese in in_languages(node.astext()):
            text = self.encode(run)
            self.body.append(f'<span lang="zh">{text}</span>' if is_chinese else text)

    def visit_image(self, node):
        # Most figures are far down: they wait until the reader comes near, and the text and its fonts come first.
        node["html"] = {"loading": "lazy", **displayed_size(Path(self.builder.srcdir) / node["uri"])}
        super().visit_image(node)

    def visit_table(self, node):
        self.body.append('<div class="scroll">')
        super().visit_table(node)

    def depart_table(self, node):
        super().depart_table(node)
        self.body.append("</div>")

    def visit_title(self, node):
        if isinstance(node.parent, addnodes.compact_paragraph) and node.parent.get("toctree"):
            # Sphinx gives a part's caption in the contents the role of a heading, but no level.
            self.body.append(self.starttag(node, "p", "", CLASS="caption") + '<span class="caption-text">')
            self.context.append("</span></p>\n")
        else:
            super().visit_title(node)


def in_languages(text: str) -> list[tuple[str, bool]]:
    """A text in runs, each with whether it is Chinese."""
    runs, done = [], 0
    for found in CHINESE.finditer(text):
        runs += [(text[done : found.start()], False), (found[0], True)]
        done = found.end()
    return [run for run in [*runs, (text[done:], False)] if run[0]]


def displayed_size(path: Path) -> dict[str, int]:
    """Width and height in CSS pixels of a figure, which keep the text from jumping when it arrives."""
    head = path.read_bytes()[:24] if path.is_file() else b""
    if not head.startswith(b"\x89PNG"):
        return {}
    width, height = struct.unpack(">II", head[16:24])
    return {"width": round(width / FIGURE_DPI * 96), "height": round(height / FIGURE_DPI * 96)}


def visit_folded_code(translator, node) -> None:
    """A folded cell; its form title for Colab says here what is in it."""
    first = next(node.findall(nodes.literal_block)).astext().partition("\n")[0]
    summary = f"Code: {first.removeprefix('#@title ')}" if first.startswith("#@title ") else "Code"
    translator.body.append(f'<details class="code"><summary>{translator.encode(summary)}</summary>\n')


def depart_folded_code(translator, node) -> None:
    translator.body.append("</details>\n")
