"""Self-check questions: exercises of kind "choose", answered on the static page."""

import html
import re

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

# In the notebook the options stand as a list before the place; here each becomes its own answer.
PLACE = re.compile(
    r'(?:<ul[^>]*>(?:(?!</?ul).)*</ul>\s*)?<div class="self-check" data-exercise="([^"]+)">\s*</div>', re.S
)


def _math(content: str, options: dict) -> str:
    return rf'<span class="math">\({html.escape(content)}\)</span>'


MARKDOWN = MarkdownIt("commonmark").use(dollarmath_plugin, renderer=_math, label_renderer=str)


def fill(body: str) -> str:
    """Put a question in each place that names an exercise; a place whose exercise is unknown raises KeyError."""
    if not PLACE.search(body):
        return body
    from bncourse.exercises import catalogue

    known = {exercise.id: exercise for exercise in catalogue()}
    return PLACE.sub(lambda place: question(known[place[1]]), body)


def question(exercise) -> str:
    """One folded answer for each option: opening it says whether it is right, and why. No script is needed."""
    answers = "".join(
        f'<details class="option {"right" if key == exercise.solution else "wrong"}" name="{exercise.id}">'
        f'<summary><span class="option-key">{key}</span> <span>{inline(text)}</span></summary>'
        f"<p><strong>{'Right.' if key == exercise.solution else 'Not this one.'}</strong> "
        f"{inline(exercise.reasons[key])}</p></details>"
        for key, text in exercise.options.items()
    )
    return f'<div class="self-check" role="group" aria-label="Choose an answer">{answers}</div>'


def inline(text: str) -> str:
    """Markdown of one line as HTML, its math left to MathJax."""
    return MARKDOWN.renderInline(text)
