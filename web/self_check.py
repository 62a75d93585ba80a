"""Self-check questions: exercises of kind "choose", answered on the static page."""

from docutils import nodes

from web.html_nodes import element


def question(exercise, options: nodes.bullet_list) -> element:
    """One folded answer for each option: opening it says whether it is right, and why. No script is needed.

    options: the list that stands before the place in the notebook, an item "**a** · text" for each option.
    """
    answers = [
        answer(exercise, key, option(item)) for key, item in zip(exercise.options, options.children, strict=True)
    ]
    return element(
        "",
        *answers,
        tag="div",
        classes=["self-check"],
        html={"role": "group", "aria-label": "Choose an answer", "data-exercise": exercise.id},
    )


def answer(exercise, key: str, text: list[nodes.Node]) -> element:
    """One option, its verdict and its reason."""
    right = key == exercise.solution
    summary = element("", span(nodes.Text(key), classes=["option-key"]), nodes.Text(" "), span(*text), tag="summary")
    verdict = nodes.strong("", "Right." if right else "Not this one.")
    paragraph = element("", verdict, nodes.Text(" "), *told(exercise.reasons[key]), tag="p")
    classes = ["option", "right" if right else "wrong"]
    return element("", summary, paragraph, tag="details", classes=classes, html=dict(name=exercise.id))


def span(*children, **attributes) -> element:
    return element("", *children, tag="span", **attributes)


def option(item: nodes.list_item) -> list[nodes.Node]:
    """What an option says, without its letter."""
    [paragraph] = item.children
    letter = paragraph.first_child_matching_class(nodes.strong)
    separator, *rest = paragraph.children[letter + 1 :]
    return [nodes.Text(separator.removeprefix(" · ")), *rest]


def told(text: str) -> list[nodes.Node]:
    """A reason: plain text, with code between backticks."""
    return [nodes.literal("", piece) if i % 2 else nodes.Text(piece) for i, piece in enumerate(text.split("`"))]
