"""The capstone, worked through as a reader would who finds every mistake: each question is then answered with yes."""

from pathlib import Path

import nbformat

from bncourse.exercises import catalogue

NOTEBOOK = Path(__file__).resolve().parent.parent / "book" / "capstone_mend.ipynb"


def test_with_the_three_functions_mended_the_network_learns(capsys):
    solutions = {exercise.id: exercise for exercise in catalogue("capstone_mend")}
    namespace, answers = {}, {}
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        if cell.cell_type != "code" or cell.metadata.get("setup"):
            continue
        source, id = cell.source, cell.metadata.get("exercise")
        if cell.metadata.get("part") == "stub":
            source = solutions[id].solution_code
        if cell.metadata.get("part") == "check":
            source = f"verdict = {source}"
        exec(source, namespace)
        if cell.metadata.get("part") == "check":
            assert namespace["verdict"].passed, namespace["verdict"]
        for line in capsys.readouterr().out.splitlines():
            question, _, answer = line.rpartition(":")
            answers.setdefault(question.strip(), []).append(answer.strip())
    assert answers["the loss of the last steps is below 1.3"] == ["False", "True"]
    assert answers["out"][-1] == "[1. 1. 1.]"
    assert answers["the gradient sums to zero"] == ["False", "True"]
    # What the fourth exercise mends is seen before it, and then in the end.
    assert answers["above 50% right with the moving statistics"] == ["False"]
    assert answers["above 50% right with the batch's statistics"] == ["True"]
    assert answers["settles at the batch's variance"] == ["False"]
    assert answers["equal to Keras's layer in both modes"] == ["True"]
    assert answers["above 50% of the test images right"] == ["True"]
