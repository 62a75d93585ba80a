"""The answers in `tests/answers`: no wrong one is accepted, no right one rejected, and most mistakes are named."""

import answers
import pytest

from bncourse.exercises import _guard, catalogue


@pytest.fixture(scope="module")
def tried():
    pytest.importorskip("tensorflow")
    seconds = _guard.Clock.__init__.__defaults__
    _guard.Clock.__init__.__defaults__ = (1.5,)  # what does not end is stopped sooner
    yield answers.attempt(answers.load())
    _guard.Clock.__init__.__defaults__ = seconds


def test_every_exercise_that_is_no_choice_has_answers_to_try():
    asked = {exercise.id: exercise.kind for exercise in catalogue()}
    answered = {answer.id for answer in answers.load()}
    assert answered <= set(asked) and {id for id, kind in asked.items() if kind != "choice"} <= answered


def test_no_wrong_answer_is_accepted_and_no_right_one_rejected(tried):
    assert [t.answer for t in tried if t.verdict.passed != (t.answer.kind == "right")] == []


def test_most_mistakes_are_named(tried):
    kinds = {exercise.id: exercise.kind for exercise in catalogue()}
    for kind, share in (("function", 0.85), ("value", 0.8)):
        counts = answers.row([t for t in tried if kinds[t.answer.id] == kind])
        assert counts["known"] + counts["general"] >= share * counts["wrong"], counts
        assert counts["misleading"] <= 0.01 * counts["wrong"]


def test_a_message_is_about_the_readers_function_alone(tried):
    for t in tried:
        message = t.verdict.message
        assert "bncourse" not in message and "`result[0]`" not in message and "can't be checked" not in message, message
        assert len(message) < 1000


def test_the_table_counts_by_exercise(tried):
    lines = answers.table([t for t in tried if t.answer.id in ("forward.1", "forward.3")]).splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == [
        "| forward.1",
        "| forward.3",
        "| all: function",
        "| all: value",
    ]
    assert all(len(line.split("|")) == len(answers.COLUMNS) + 3 for line in lines)


def test_a_message_that_was_judged_to_mislead_counts_until_it_changes():
    verdict = next(exercise for exercise in catalogue() if exercise.id == "forward.3").check(8.5)
    for words, counted in (("You divided", 1), ("something else", 0)):
        answer = answers.Answer("forward.3", "wrong", "no root", 8.5, misleading=words)
        assert answers.row([answers.Tried(answer, verdict, 0.0)])["misleading"] == counted
