"""What the site changes in a page: questions, links to run a chapter and the first page's picture, in their places."""

from html.parser import HTMLParser
from itertools import takewhile

from docutils import nodes
from sphinx.transforms import SphinxTransform

from bncourse.exercises import Choice, Exercise, Value, catalogue
from web import course_pages, race, reading, search_index, self_check, value_check
from web.html_nodes import element

# A script is loaded where a page has the element it serves, in the order in which they stand here.
SCRIPTS = {
    "math": ("math.js",),
    "value-check": ("progress.js", "value_model.js", "self_check.js"),
    "self-check": ("progress.js", "self_check.js"),
    "progress": ("progress.js",),
    "playground": tuple(f"playground{part}.js" for part in ("_model", "_text", "_picture", "_questions", "")),
    "norms": ("norms_model.js", "norms.js"),
    "race": ("race.js",),
    "figure-caption": ("figures.js",),
    "cited": ("citations.js",),
}
ORDER = list(dict.fromkeys(script for own in SCRIPTS.values() for script in own))


class Places(SphinxTransform):
    """Fill the places that sources mark with an HTML element: `<div class="self-check" data-exercise="forward.5">`."""

    default_priority = 500  # before quotes become typographic

    def apply(self, **options):
        fill_launch(self.document, course_pages.chapters().get(self.env.docname))
        if self.env.docname == search_index.GLOSSARY:
            search_index.give_terms_ids(self.document)
        reading.fold(self.document)
        reading.number_figures(self.document, course_pages.chapters().get(self.env.docname))
        mark_setup(self.document)
        fill_exercises(self.document, course_pages.chapters().get(self.env.docname))
        for raw in list(self.document.findall(nodes.raw)):
            attributes = opening(raw.astext())
            kind = attributes.get("class")
            if kind == "self-check":
                fill_question(raw, attributes["data-exercise"])
            elif kind == "race":
                raw.replace_self(nodes.raw("", race.picture(), format="html", scripts=SCRIPTS[kind]))
            elif kind in SCRIPTS:
                raw["scripts"] = SCRIPTS[kind]


class Opening(HTMLParser):
    """The attributes of the first element in a piece of HTML."""

    def __init__(self):
        super().__init__()
        self.attributes = None

    def handle_starttag(self, tag, attrs):
        if self.attributes is None:
            self.attributes = dict(attrs)


def opening(text: str) -> dict[str, str]:
    """The attributes of the first element in a piece of HTML; none if there is no element."""
    parser = Opening()
    parser.feed(text)
    return parser.attributes or {}


def fill_question(place: nodes.raw, exercise_id: str) -> None:
    """Put a question in its place, and its options' list into the question.

    Raises:
        KeyError: if there is no such question.
    """
    known = {exercise.id: exercise for exercise in catalogue() if isinstance(exercise, Choice)}
    siblings = place.parent
    options = siblings[siblings.index(place) - 1]
    siblings.remove(options)
    place.replace_self(self_check.question(known[exercise_id], options))


def fill_exercises(document: nodes.document, chapter) -> None:
    """What can't run here goes: the cell of each check, and that of an answer which is given on the page.

    In its place stands a link to the exercise in Colab, and for a value the fields to give it.
    """
    if chapter is None:
        return
    known = {exercise.id: exercise for exercise in catalogue(chapter.slug)}
    places = cell_ids(chapter)
    for cell in list(document.findall(is_exercise_cell)):
        id, part = cell["cell_metadata"]["exercise"], cell["cell_metadata"]["part"]
        exercise = known[id]
        if part == "check":
            cell.replace_self(instead(exercise, chapter, places[id]))
        elif isinstance(exercise, Choice | Value):
            cell.parent.remove(cell)


def mark_setup(document: nodes.document) -> None:
    """The cell that installs the package in Colab, which nobody needs on paper."""
    for cell in document.findall(nodes.container):
        if cell.get("cell_metadata", {}).get("setup"):
            cell["classes"].append("setup")


def is_exercise_cell(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and "exercise" in node.get("cell_metadata", {})


def cell_ids(chapter) -> dict[str, str]:
    """The id of the cell in which each exercise of a chapter is answered."""
    stubs = (
        cell for cell in course_pages.cells(course_pages.ROOT / chapter.path) if cell["metadata"].get("part") == "stub"
    )
    return {cell["metadata"]["exercise"]: cell["id"] for cell in stubs}


def instead(exercise: Exercise, chapter, cell_id: str) -> element:
    """What the page has in the place of a check: a way to answer here, or the exercise in Colab."""
    words = "Answer it in Colab instead" if isinstance(exercise, Choice | Value) else "Solve it in Colab"
    address = f"{course_pages.HERE.colab(chapter.path)}#scrollTo={cell_id}"
    link = element("", element("", nodes.Text(words), tag="a", html={"href": address}), tag="p", classes=["solve"])
    return value_check.form(exercise, link) if isinstance(exercise, Value) else link


def fill_launch(document: nodes.document, chapter) -> None:
    """Links that run a chapter, in the place of those that its notebook shows: the second line in italics."""
    if chapter:
        [section] = document.findall(lambda node: isinstance(node, nodes.section) and node.parent is document)
        paragraphs = [node for node in section if isinstance(node, nodes.paragraph)]
        _, line = takewhile(is_italic, paragraphs)
        line.replace_self(launch(chapter))


def is_italic(paragraph: nodes.paragraph) -> bool:
    return len(paragraph) == 1 and isinstance(paragraph[0], nodes.emphasis)


def launch(chapter) -> element:
    """Where a chapter runs, where its source is, and the module that goes with it."""
    here, path = course_pages.HERE, chapter.path
    links = [
        ("colab", "Open in Colab", here.colab(path), {}),
        ("binder", "Binder", here.binder(path), {}),
        ("download", "Download notebook", f"../_sources/{path}", {"download": ""}),
        ("source", "Source", here.source(path), {}),
        ("issue", "Report a mistake", f"{here.repository}/issues/new?title={path}", {}),
    ]
    if module := course_pages.module(chapter):
        name = f"bncourse.{module}"
        links.insert(3, ("code", f"Module {name}", f"{course_pages.api_page(module)}.html#{nodes.make_id(name)}", {}))
    items = [
        element(
            "",
            element("", nodes.Text(text), tag="a", classes=[f"launch-{kind}"], html={"href": address, **more}),
            tag="li",
        )
        for kind, text, address, more in links
    ]
    return element("", *items, tag="ul", classes=["launch"], html={"aria-label": "Run this chapter"})


def scripts(doctree: nodes.document) -> list[str]:
    """The scripts that a page's elements ask for, in the order in which they run."""
    wanted = {script for node in doctree.findall(nodes.raw) for script in node.get("scripts", ())}
    kinds = {name for node in doctree.findall(element) for name in node["classes"]}
    if any("data-cited" in link.get("html", {}) for link in doctree.findall(nodes.reference)):
        kinds.add("cited")
    if has_formulas(doctree):
        kinds.add("math")
    wanted.update(script for kind in kinds for script in SCRIPTS.get(kind, ()))
    return [script for script in ORDER if script in wanted]


def has_formulas(doctree: nodes.document) -> bool:
    return any(isinstance(node, nodes.math | nodes.math_block) for node in doctree.findall())


def borrowed(docname: str) -> str:
    """What a page takes from elsewhere than its own source."""
    parts = [(course_pages.ROOT / f"{reading.REFERENCES}.md").read_text()]
    if docname in course_pages.GENERATED:
        parts.append(course_pages.GENERATED[docname]())
    if docname == "book/index":
        parts.append(race.picture())
    if chapter := course_pages.chapters().get(docname):
        parts.append(launch(chapter).pformat())
        for exercise in catalogue(chapter.slug):
            if isinstance(exercise, Choice):
                parts.append(repr((exercise.id, exercise.options, exercise.reasons, exercise.solution)))
            elif isinstance(exercise, Value):
                parts.append(repr((exercise.id, value_check.described(exercise))))
    return "\n".join(parts)
