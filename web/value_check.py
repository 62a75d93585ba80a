"""Exercises of kind "value", answered on the static page: what the page's script has to know of them."""

import json

import numpy as np

from bncourse.exercises import Value
from bncourse.exercises._numbers import flat
from web.html_nodes import element

MOST_RANK = 2  # changes of the solution that are less likely are not looked for


def form(exercise: Value, link: element) -> element:
    """The place of the fields, which a script makes; without one, a link to the notebook stands there."""
    data = json.dumps(described(exercise), ensure_ascii=False, separators=(",", ":"))
    return element(
        "", link, tag="div", classes=["value-check"], html={"data-exercise": exercise.id, "data-check": data}
    )


def described(exercise: Value) -> dict:
    """What `value_model.js` compares an answer with: the same facts as the checker in Python."""
    return {
        "title": exercise.title,
        "labels": exercise.labels,
        "comment": exercise.comment,
        "tolerance": exercise.tolerance,
        "categories": exercise.categories,
        "solution": numbers(exercise.solution),
        "accepted": [numbers(answer) for answer in exercise.accepted],
        "mistakes": [
            {"name": mistake.name, "hint": mistake.hint, **numbers(mistake.wrong_answer)}
            for mistake in exercise.mistakes
        ],
        "changed": [
            {"words": words, "rank": rank, **numbers(theirs)}
            for words, rank, theirs in exercise.changed_values
            if rank <= MOST_RANK and np.all(np.isfinite(theirs))
        ],
        "way": exercise.on_the_way,
    }


def numbers(value) -> dict:
    """A value's numbers in a row, and which of them are whole by type."""
    found = flat(value)
    return {"numbers": [n.item() for n in found], "whole": [n.dtype.kind in "biu" for n in found]}
