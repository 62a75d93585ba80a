"""Every exercise of the course: its solution passes, each mistake earns its own hint, notebooks show what is tested."""

import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from bncourse import exercises
from bncourse.exercises import Choice, Function, catalogue
from bncourse.exercises._compare import close
from bncourse.exercises._numbers import flat

ROOT = Path(__file__).resolve().parent.parent
ALL = catalogue()
COMPARED = [exercise for exercise in ALL if not isinstance(exercise, Choice)]

# Functions whose result itself is compared.
PLAIN = [exercise for exercise in ALL if isinstance(exercise, Function) and exercise.run is None]

# Two answers are apart if somewhere they differ by this much of the truth's largest element: a hundred tolerances.
APART = 1e-2


def ids(exercise):
    return exercise.id


def has_array(probe):
    return any(isinstance(value, np.ndarray) for value in probe.values())


def run_as_shown(exercise, code):
    """What the reader's cell defines, with NumPy imported as in every chapter."""
    namespace = {"np": np}
    exec(code, namespace)
    return namespace[exercise.name]


@pytest.mark.parametrize("exercise", ALL, ids=ids)
def test_solution_passes(exercise):
    verdict = exercise.check(exercise.solution)
    assert verdict.passed and verdict.mistake is None, verdict
    for other in getattr(exercise, "also", ()):
        assert exercise.check(other).passed


@pytest.mark.parametrize("exercise", ALL, ids=ids)
def test_shown_solution_is_the_tested_one(exercise):
    code = exercise.solution_code
    if isinstance(exercise, Function) and exercise.imports:
        code = f"{exercise.imports}\n{code}"
    verdict = exercise.check(run_as_shown(exercise, code))
    assert verdict.passed, verdict


@pytest.mark.parametrize("exercise", ALL, ids=ids)
def test_untouched_stub_counts_as_not_attempted(exercise):
    verdict = exercise.check(run_as_shown(exercise, exercise.stub_code))
    assert not verdict.passed and not verdict.attempted and verdict.mistake is None
    assert "Not attempted yet" in repr(verdict)


@pytest.mark.parametrize("exercise", ALL, ids=ids)
def test_each_mistake_earns_its_own_hint_and_no_other(exercise):
    assert len(exercise.mistakes) >= 3
    assert len({mistake.name for mistake in exercise.mistakes}) == len(exercise.mistakes)
    for mistake in exercise.mistakes:
        verdict = exercise.check(mistake.wrong_answer)
        assert not verdict.passed
        assert verdict.mistake is mistake, f"{mistake.name}: {verdict}"
        assert mistake.hint in verdict.message


def results(exercise) -> dict[str, list[tuple[str, dict]]]:
    """What each call of the solution and of each mistake gives: how it fails, and the parts of its result by name."""
    if isinstance(exercise, Function):
        known = {mistake.name: outcomes for mistake, outcomes in exercise._known}
        found = {"the solution": exercise.evidence(exercise.solution).outcomes} | known
        return {name: [(outcome.error, outcome.parts) for outcome in outcomes] for name, outcomes in found.items()}
    answers = {"the solution": exercise.solution} | {m.name: m.wrong_answer for m in exercise.mistakes}
    return {name: [("", {str(i): np.asarray(n) for i, n in enumerate(flat(a))})] for name, a in answers.items()}


def are_apart(exercise, one: list, other: list, truth: list) -> bool:
    """Whether two answers' results differ somewhere by more than a careful reader's rounding."""
    tolerance = max(APART, 2 * exercise.tolerance)
    return any(
        a_error != b_error or not all(close(a[name], b[name], right[name], tolerance) for name in a)
        for (a_error, a), (b_error, b), (_, right) in zip(one, other, truth, strict=True)
    )


@pytest.mark.parametrize("exercise", COMPARED, ids=ids)
def test_truth_and_mistakes_differ_clearly(exercise):
    found = results(exercise)
    for (one, a), (other, b) in combinations(found.items(), 2):
        assert are_apart(exercise, a, b, found["the solution"]), f"{one} and {other} are too close"


@pytest.mark.parametrize("exercise", [e for e in ALL if isinstance(e, Function)], ids=ids)
def test_probes_are_the_same_in_every_run(exercise):
    first, second = list(exercise.probes()), list(exercise.probes())
    assert len(first) == len(second) >= 2
    for a, b in zip(first, second, strict=True):
        assert a.keys() == b.keys()
        assert all(np.array_equal(a[k], b[k]) for k in a if isinstance(a[k], int | float | np.ndarray))


def mapped(result, change):
    """A result with every array in it changed, tuples kept."""
    if isinstance(result, tuple):
        return tuple(mapped(part, change) for part in result)
    return change(np.asarray(result))


def in_float32(solution, **arguments):
    narrow = {
        name: value.astype(np.float32) if isinstance(value, np.ndarray) and value.dtype == np.float64 else value
        for name, value in arguments.items()
    }
    return solution(**narrow)


def with_changed_argument(solution, **arguments):
    result = solution(**{name: np.copy(v) if isinstance(v, np.ndarray) else v for name, v in arguments.items()})
    next(value for value in arguments.values() if isinstance(value, np.ndarray))[...] += 1
    return result


STYLES = {
    "keywords": lambda solution, **arguments: solution(**arguments),
    "float32": in_float32,
    "lists": lambda solution, **arguments: mapped(solution(**arguments), np.ndarray.tolist),
    "another memory order": lambda solution, **arguments: mapped(
        solution(**arguments), lambda a: np.array(a, order="F")
    ),
}
FAILURES = {
    "Nothing was returned": lambda solution, **arguments: None,
    "a string": lambda solution, **arguments: "done",
    "expected ": lambda solution, **arguments: mapped(solution(**arguments), lambda part: np.stack([part, part])),
    "nan": lambda solution, **arguments: mapped(solution(**arguments), lambda part: part * np.nan),
    "ZeroDivisionError": lambda solution, **arguments: 1 / 0,
    "in place": with_changed_argument,
}


def styled(exercise, style):
    return lambda **arguments: style(exercise.solution, **arguments)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("exercise", PLAIN, ids=ids)
def test_a_right_answer_passes_in_another_style(exercise, style):
    if exercise.tensors and style != "keywords":
        pytest.skip("later cells need tensors as results")
    verdict = exercise.check(styled(exercise, STYLES[style]))
    assert verdict.passed, verdict


@pytest.mark.parametrize("words", FAILURES)
@pytest.mark.parametrize("exercise", PLAIN, ids=ids)
def test_every_failure_has_its_sentence(exercise, words):
    if words == "in place" and not all(has_array(probe) for probe in exercise.probes()):
        pytest.skip("no argument can be changed")
    verdict = exercise.check(styled(exercise, FAILURES[words]))
    assert not verdict.passed and words in verdict.message, verdict


@pytest.mark.parametrize("exercise", ALL, ids=ids)
def test_text_is_complete_and_plain_where_a_cell_shows_it(exercise):
    assert exercise.title and exercise.statement.strip() and exercise.hints
    told = [text for mistake in exercise.mistakes for text in (mistake.name, mistake.hint)]
    if isinstance(exercise, Choice):
        assert exercise.options.keys() == exercise.reasons.keys() and exercise.solution in exercise.options
        told += exercise.reasons.values()
    for text in told:
        assert text and not re.search(r"\$|\\[a-z]{2}", text), f"LaTeX is not typeset in outputs: {text}"
        assert text.count("`") % 2 == 0


def test_each_set_counts_from_one():
    for slug in dict.fromkeys(exercise.slug for exercise in ALL):
        positions = [exercise.id for exercise in ALL if exercise.slug == slug]
        assert positions == [f"{slug}.{i}" for i in range(1, len(positions) + 1)]


def test_a_set_has_all_three_kinds():
    for slug in {exercise.slug for exercise in ALL if not exercise.slug.startswith("capstone")}:
        assert {exercise.kind for exercise in catalogue(slug)} == {"function", "value", "choice"}, slug


def test_a_loss_of_squares_lets_wrong_backward_passes_through_as_the_exercise_says():
    x = np.random.default_rng(0).normal(3, 2, (6, 1))
    inv_std = 1 / x.std(axis=0)
    x_hat = (x - x.mean(axis=0)) * inv_std
    dy = x_hat  # of half the sum of the squares
    passes = {
        "a": inv_std * dy,
        "b": inv_std * (dy - dy.mean()),
        "c": inv_std * (dy - x_hat * (dy * x_hat).mean()),
    }
    true_gradient = inv_std * (dy - dy.mean() - x_hat * (dy * x_hat).mean())
    assert np.allclose(true_gradient, 0)
    assert {option for option, dx in passes.items() if np.allclose(dx, true_gradient)} == {"c"}
    assert exercises.backward.EXERCISES[1].solution == "c"


def test_the_shape_has_one_answer_for_each_way_to_round():
    def shape(valid=1, pool=lambda n: n // 2, same=lambda n: -(-n // 2)):
        return tuple(same(pool(n - 5 + valid)) for n in (26, 25))

    shapes = {shape(), shape(pool=lambda n: -(-n // 2)), shape(same=lambda n: n // 2)}
    assert len(shapes) == 3 and (*shape(), 16) == exercises.convolution.EXERCISES[2].solution


def test_a_chapters_set_holds_at_most_seven():
    assert max(len(catalogue(exercise.slug)) for exercise in ALL if not exercise.slug.startswith("capstone")) <= 7


def test_check_finds_an_exercise_by_its_id():
    assert exercises.check("convolution.1", "c").passed
    with pytest.raises(KeyError, match=r"convolution\.99"):
        exercises.check("convolution.99", "c")


def test_notebooks_show_the_exercises_of_the_package():
    done = subprocess.run([sys.executable, ROOT / "tools" / "exercises.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_catalogue_loads_no_tensorflow():
    code = "import sys; from bncourse.exercises import catalogue; catalogue(); assert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_the_package_is_light():
    code = "import sys, bncourse.exercises; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
