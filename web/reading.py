"""What reading takes: numbers and captions of figures, folded hints as elements, a preview of what is cited."""

from html.parser import HTMLParser

from docutils import nodes

from web.html_nodes import element

REFERENCES = "book/references"
IMAGES = ("image/png", "image/svg+xml", "image/jpeg")


def number_figures(document: nodes.document, chapter) -> None:
    """A caption below each figure: its number, which is a link to it, and what its code's title says."""
    if chapter is None:
        return
    count = 0
    for cell in document.findall(lambda node: node.get("nb_element") == "cell_code" if is_element(node) else False):
        for bundle in list(cell.findall(is_picture)):
            count += 1
            name = f"Figure {chapter.number}.{count}" if chapter.number else f"Figure {count}"
            place = bundle.parent
            place.insert(place.index(bundle) + 1, caption(name, f"figure-{count}", title(cell)))


def is_element(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Element)


def is_picture(node: nodes.Node) -> bool:
    """Whether a node holds an output's forms, one of them a picture."""
    bundle = isinstance(node, nodes.container) and node.get("nb_element") == "mime_bundle"
    return bundle and any(form.get("mime_type") in IMAGES for form in node.children if is_element(form))


def title(cell: nodes.container) -> str:
    """The title that a cell has in Colab."""
    return cell.next_node(nodes.literal_block).astext().partition("\n")[0].removeprefix("#@title ")


def caption(name: str, anchor: str, text: str) -> element:
    link = element("", nodes.Text(f"{name}."), tag="a", html={"href": f"#{anchor}"})
    return element("", link, nodes.Text(f" {text}."), tag="p", classes=["figure-caption"], ids=[anchor])


class Summary(HTMLParser):
    """The text of the summary in `<details><summary>Hint 1</summary>`."""

    def __init__(self):
        super().__init__()
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


def fold(document: nodes.document) -> None:
    """Hints and solutions, which stand between two pieces of HTML in a notebook, as elements of their own kind."""
    for raw in list(document.findall(nodes.raw)):
        parser = Summary()
        parser.feed(raw.astext())
        if parser.tags != ["details", "summary"]:
            continue
        siblings = raw.parent
        start = siblings.index(raw)
        end = next(i for i in range(start, len(siblings)) if siblings[i].astext().strip() == "</details>")
        inside = siblings.children[start + 1 : end]
        kind = parser.text.strip().partition(" ")[0].lower()
        summary = element("", nodes.Text(parser.text.strip()), tag="summary")
        details = element("", summary, *inside, tag="details", classes=[kind])
        siblings[start : end + 1] = [details]


def cited(env) -> dict[str, str]:
    """What the list of references says of each address."""
    found = {}
    for item in env.get_doctree(REFERENCES).findall(nodes.list_item):
        for link in item.findall(nodes.reference):
            if "refuri" in link:
                found[link["refuri"]] = " ".join(item.astext().split())
    return found


def preview(app, doctree, docname) -> None:
    """Give links to what is cited the words of the list of references."""
    if docname == REFERENCES or REFERENCES not in app.env.found_docs:
        return
    known = cited(app.env)
    for link in doctree.findall(nodes.reference):
        if link.get("refuri") in known:
            link["html"] = {**link.get("html", {}), "data-cited": known[link["refuri"]]}
