"""The capstone, worked through with all tests written: each fault is found, and no healthy model is accused."""

from pathlib import Path

import nbformat
import numpy as np
import pytest

from bncourse import cases
from bncourse.exercises import catalogue
from bncourse.exercises.capstone_mend import gradient_sums

NOTEBOOK = Path(__file__).resolve().parent.parent / "book" / "capstone_mend.ipynb"
# The numbers of the tests that fire.
FOUND = {"A": {4}, "B": {6}, "C": {1, 4}, "D": {5}, "E": {2}, "F": {3}, "0.9": set(), "0.99": set(), "frozen": set()}


@pytest.fixture(scope="module")
def notebook():
    """What the reader's notebook defines once every exercise is solved; cells that only show symptoms are left out."""
    solutions = {exercise.id: exercise for exercise in catalogue("capstone_mend")}
    namespace = {}
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        if cell.cell_type != "code" or cell.metadata.get("setup"):
            continue
        if "symptoms(case)" in cell.source:
            continue
        if 'cases.load("A").model' in cell.source:
            break
        source = cell.source
        if cell.metadata.get("part") == "stub":
            source = solutions[cell.metadata["exercise"]].solution_code
        elif cell.metadata.get("part") == "check":
            source = f"verdict = {source}\nassert verdict.passed, verdict"
        exec(source, namespace)
    return namespace


def fired(column):
    """The numbers of the tests that found a fault, of what the table shows of one model."""
    assert set(column) <= {"ok", "FAULT", "."}
    return {number for number, cell in enumerate(column, 1) if cell == "FAULT"}


def test_the_table_finds_every_fault_and_accuses_no_healthy_model(notebook):
    columns = zip(*notebook["table"].values(), strict=True)
    assert dict(zip(notebook["columns"], map(fired, columns), strict=True)) == FOUND


def test_the_diagnosis_is_what_the_table_says(notebook):
    assert notebook["diagnosis"] == tuple(min(FOUND[name]) for name in "ABCDEF")


@pytest.mark.again
@pytest.mark.parametrize("seed", [1])
def test_so_it_is_for_other_seeds(notebook, seed):
    patients = {name: cases.load(name, seed) for name in "ABCDEF"}
    patients |= {"0.9": cases.healthy(seed=seed), "0.99": cases.healthy(momentum=0.99, seed=seed)}
    for name, case in patients.items():
        column = [notebook["examine"](case, *test) for test in notebook["TESTS"].values()]
        assert fired(column) == FOUND[name], name


def test_a_fresh_model_passes_the_tests_that_need_no_training(notebook):
    case = cases.Case("fresh", "", cases.network(), lambda: None)
    tests = list(notebook["TESTS"].values())
    assert [notebook["examine"](case, *tests[i]) for i in (1, 2, 4, 5)] == ["ok"] * 4


def test_examining_leaves_no_marks(notebook):
    case = cases.load("E")
    before = case.model.get_weights()
    for test in notebook["TESTS"].values():
        notebook["examine"](case, *test)
    assert all(np.array_equal(old, new) for old, new in zip(before, case.model.get_weights(), strict=True))


def test_the_first_sum_alone_misses_a_variance_without_gradient():
    generator = np.random.default_rng(0)
    x = generator.normal(3, 2, (6, 4, 4, 3))
    first, second = gradient_sums(cases.HandmadeNorm(dtype="float64"), x, generator.normal(x, 1))
    assert first < 1e-12 and second > 0.1
