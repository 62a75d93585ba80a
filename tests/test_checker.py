"""The checker: the order of diagnosis, right answers in other styles, wrong ones in disguise."""

import contextlib
import importlib
import itertools
import os
import random
import signal
import sys
import threading
import time
import warnings
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from bncourse import exercises
from bncourse.exercises import Case, Choice, Function, Mistake, Value, Verdict, _guard, _progress

sys.path.append(str(Path(__file__).resolve().parent.parent / "tools"))
import exercises as tool


def batchnorm(x, gamma, beta, *, epsilon=1e-3):
    """Normalize x (N, C), then scale and shift."""
    x_hat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + epsilon)
    return gamma * x_hat + beta


def probes():
    generator = np.random.default_rng(0)
    for samples, epsilon in ((4, 0.5), (3, 0.1)):
        yield dict(
            x=generator.normal([2, -5, 9], 1, (samples, 3)),
            gamma=np.array([2.0, -1.5, 0.7]),
            beta=np.array([0.3, 4.0, -2.0]),
            epsilon=epsilon,
        )
    yield dict(x=generator.normal([2, -5, 9], 0.03, (5, 3)), gamma=np.array([2.0, -1, 3]), beta=np.array([1.0, 2, 3]))


def outside(x, gamma, beta, *, epsilon=1e-3):
    return gamma * (x - x.mean(axis=0)) / (x.std(axis=0) + epsilon) + beta


def swapped(x, gamma, beta, *, epsilon=1e-3):
    return batchnorm(x, beta, gamma, epsilon=epsilon)


def unbiased(x, gamma, beta, *, epsilon=1e-3):
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0, ddof=1) + epsilon) + beta


BATCHNORM = Function(
    id="forward.1",
    title="Batch norm",
    statement="Write it.",
    hints=("Mean first.", "Then variance."),
    solution=batchnorm,
    probes=probes,
    mistakes=(
        Mistake("epsilon outside the root", "It belongs to the `variance`.", outside),
        Mistake("gamma and beta swapped", "Gamma multiplies.", swapped),
        Mistake("unbiased variance", "Divide by m.", unbiased),
    ),
)


class Gradients(NamedTuple):
    x: np.ndarray
    gamma: np.ndarray


def gradients(dy, x):
    """Gradients of a loss."""
    return Gradients(2 * dy * x, np.sum(dy * x, axis=0))


GRADIENTS = Function(
    id="backward.1",
    title="Gradients",
    statement="Write it.",
    hints=("Chain rule.",),
    solution=gradients,
    probes=lambda: iter([dict(dy=np.arange(6.0).reshape(3, 2) + 1, x=np.array([[1.0, 5], [2, 7], [4, 3]]))] * 2),
    mistakes=(
        Mistake("two forgotten", "Twice.", lambda dy, x: (dy * x, (dy * x).sum(0))),
        Mistake("mean for sum", "Sum.", lambda dy, x: (2 * dy * x, (dy * x).mean(0))),
        Mistake("sum of dy", "Times x.", lambda dy, x: (2 * dy * x, dy.sum(0))),
    ),
)

SHAPE = Value(
    id="convolution.1",
    title="Shape",
    statement="Which?",
    hints=("Halve it.",),
    name="shape",
    comment="(height, channels)",
    solution_code="shape = (28 // 2, 8 * 2)",
    mistakes=(Mistake("not halved", "Halve.", (28, 16)), Mistake("not doubled", "Double.", (14, 8))),
)

LOSS = Value(
    id="convolution.2",
    title="Loss",
    statement="Predict it.",
    hints=("log",),
    name="loss",
    solution_code="loss = np.log(10)",
    mistakes=(Mistake("base 2", "Natural logarithm.", np.log2(10)),),
    tolerance=0.01,
)

EDGE = Choice(
    id="convolution.3",
    title="Edge",
    statement="Which?",
    hints=("Try it.",),
    name="edge",
    options={"a": "up", "b": "down"},
    reasons={"a": "Nothing goes up.", "b": "It falls."},
    solution="b",
)


def about(solution, *probes, **options) -> Function:
    """An exercise about a function, with the least that it takes."""
    bare = dict(id="forward.9", title="", statement="", hints=())
    return Function(**bare, solution=solution, probes=lambda: iter(probes), **options)


# --- right answers in other styles ---


def with_loops(x, gamma, beta, *, epsilon=1e-3):
    y = [[0.0] * x.shape[1] for _ in range(x.shape[0])]
    for c in range(x.shape[1]):
        column = [float(v) for v in x[:, c]]
        mean = sum(column) / len(column)
        variance = sum((v - mean) ** 2 for v in column) / len(column)
        for n, v in enumerate(column):
            y[n][c] = gamma[c] * (v - mean) / (variance + epsilon) ** 0.5 + beta[c]
    return y


def with_einsum(x, gamma, beta, *, epsilon=1e-3):
    centered = x - np.einsum("nc->c", x) / len(x)
    variance = np.einsum("nc,nc->c", centered, centered) / len(x)
    return np.einsum("nc,c,c->nc", centered, gamma, 1 / np.sqrt(variance + epsilon)) + beta


def in_float32(x, gamma, beta, *, epsilon=1e-3):
    return batchnorm(*(a.astype(np.float32) for a in (x, gamma, beta)), epsilon=np.float32(epsilon))


def in_tensorflow(x, gamma, beta, *, epsilon=1e-3):
    import tensorflow as tf

    mean, variance = tf.nn.moments(tf.constant(x), axes=[0])
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)


def positional(data, scale, shift, /, epsilon=1e-3):
    return batchnorm(data, scale, shift, epsilon=epsilon)


def by_keyword(*, beta, gamma, x, epsilon=1e-3):
    return batchnorm(x, gamma, beta, epsilon=epsilon)


def with_anything(*args, **kwargs):
    return batchnorm(*args, **kwargs)


class Callable:
    def __call__(self, x, gamma, beta, epsilon=1e-3):
        return batchnorm(x, gamma, beta, epsilon=epsilon)


STYLES = (with_loops, with_einsum, in_float32, in_tensorflow, positional, by_keyword, with_anything, Callable())


@pytest.mark.parametrize("answer", STYLES, ids=lambda a: getattr(a, "__name__", "object"))
def test_right_answers_pass_in_every_style(answer):
    if answer is in_tensorflow:
        pytest.importorskip("tensorflow")  # here, since loading it takes longer than an answer may
    verdict = BATCHNORM.check(answer)
    assert verdict.passed, verdict


@pytest.mark.parametrize("style", [tuple, list, lambda g: [g.x.tolist(), g.gamma.tolist()], lambda g: g])
def test_several_results_may_come_in_any_sequence(style):
    assert GRADIENTS.check(lambda dy, x: style(gradients(dy, x))).passed


@pytest.mark.parametrize("answer", [(14, 16), [14, 16], np.array([14, 16]), (14.0, 16), (np.int64(14), np.float32(16))])
def test_a_value_may_come_as_any_sequence_of_numbers(answer):
    assert SHAPE.check(answer).passed


def test_a_value_may_be_a_tensor_or_its_shape():
    tf = pytest.importorskip("tensorflow")
    assert SHAPE.check(tf.constant([14, 16])).passed
    assert SHAPE.check(tf.zeros([14, 16]).shape).passed
    assert LOSS.check(tf.constant(2.3026)).passed


@pytest.mark.parametrize("answer", [Fraction(23, 10), Decimal("2.3"), np.float32(2.3), 2.302585])
def test_a_number_may_be_of_any_type(answer):
    assert LOSS.check(answer).passed


def test_a_number_passes_within_its_tolerance():
    assert LOSS.check(2.3).passed
    assert not LOSS.check(2.2).passed


@pytest.mark.parametrize("answer", ["b", "B", " b ", "(b)", "b."])
def test_a_choice_takes_its_letter_in_any_dress(answer):
    assert EDGE.check(answer).passed


# --- the order of diagnosis ---


def test_untouched_stub_is_not_attempted():
    for exercise in (BATCHNORM, GRADIENTS, SHAPE, LOSS, EDGE):
        verdict = exercise.check(exercise.stub)
        assert not verdict.passed and not verdict.attempted
        assert repr(verdict).startswith("○ Not attempted yet.")
    assert not SHAPE.check((14, ...)).attempted


def test_a_stub_whose_docstring_or_comments_changed_is_still_untouched():
    namespace = {"np": np}
    exec(BATCHNORM.stub_code.replace("Normalize", "I will normalize").replace("...", "...  # todo"), namespace)
    assert not BATCHNORM.check(namespace["batchnorm"]).attempted


def test_a_broken_function_is_untouched_wherever_numpy_was_imported():
    mend = Function(
        id="forward.2", title="", statement="", hints=(), solution=batchnorm, broken=unbiased, probes=probes
    )
    for before in ("", "import numpy as np\n"):
        namespace = {"np": np}
        exec(before + mend.stub_code, namespace)
        assert "def batchnorm(" in mend.stub_code
        assert not mend.check(namespace["batchnorm"]).attempted
    assert mend.check(batchnorm).passed
    assert mend.check(outside).attempted


def test_an_exception_names_the_readers_own_line():
    def broken(x, gamma, beta, *, epsilon=1e-3):
        centered = x - x.mean(axis=0)
        return helper(centered)

    def helper(x):
        return np.concatenate([x, np.zeros(7)])

    message = BATCHNORM.check(broken).message
    assert "`return np.concatenate([x, np.zeros(7)])`" in message and "ValueError" in message
    assert "batchnorm(x: (4, 3), gamma: (3,), beta: (3,), epsilon=0.5)" in message
    assert "bncourse" not in message and "Traceback" not in message


def test_an_exception_in_a_notebook_cell_names_the_cells_line():
    code = "def batchnorm(x, gamma, beta, *, epsilon=1e-3):\n    return center(x)\n\ndef center(x):\n    return z\n"
    namespace = {}
    exec(compile(code, "<ipython-input-3>", "exec"), namespace)
    assert "Line 5 of your code" in BATCHNORM.check(namespace["batchnorm"]).message


def test_arguments_that_do_not_fit_are_explained():
    message = BATCHNORM.check(lambda x: x).message
    assert "takes the arguments `(x)`, and is called with `(x, gamma, beta, epsilon)`" in message


def test_an_argument_that_later_cells_pass_by_name_keeps_its_name():
    def renamed(x, gamma, beta, eps=1e-3):
        return batchnorm(x, gamma, beta, epsilon=eps)

    message = BATCHNORM.check(renamed).message
    assert "`epsilon` is passed by name" in message and "keep the names of the stub" in message
    required = replace(GRADIENTS, by_name=("x",))
    assert required.check(lambda dy, x: gradients(dy, x)).passed
    assert "`x` is passed by name" in required.check(lambda dy, inputs: gradients(dy, inputs)).message


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x, gamma, beta, *, epsilon=1e-3: None, "Nothing was returned"),
        (lambda x, gamma, beta, *, epsilon=1e-3: "y", "received a string"),
        (lambda x, gamma, beta, *, epsilon=1e-3: batchnorm, "received a function"),
        (lambda x, gamma, beta, *, epsilon=1e-3: {"y": x}, "received an object of type `dict`"),
        (lambda x, gamma, beta, *, epsilon=1e-3: (x, gamma), "received a tuple of length 2"),
        (lambda x, gamma, beta, *, epsilon=1e-3: x.astype(complex), "dtype complex128"),
        (
            lambda x, gamma, beta, *, epsilon=1e-3: x.mean(axis=0),
            "is an array of shape `(3,)`, expected an array of shape `(4, 3)`",
        ),
        (lambda x, gamma, beta, *, epsilon=1e-3: x.mean(), "is one number, expected an array of shape `(4, 3)`"),
        (lambda x, gamma, beta, *, epsilon=1e-3: x * np.nan, "nan at index `[0, 0]`"),
        (lambda x, gamma, beta, *, epsilon=1e-3: x + np.inf, "inf at index `[0, 0]`"),
        (
            lambda x, gamma, beta, *, epsilon=1e-3: np.tanh(batchnorm(x, gamma, beta, epsilon=epsilon)),
            "is off, most at",
        ),
    ],
)
def test_each_failure_has_its_sentence(answer, words):
    verdict = BATCHNORM.check(answer)
    assert not verdict.passed and verdict.attempted
    assert words in verdict.message


def test_the_worst_element_is_named_with_received_and_expected():
    def one_wrong(x, gamma, beta, *, epsilon=1e-3):
        y = batchnorm(x, gamma, beta, epsilon=epsilon)
        if len(x) == 4:
            y[1, 2] += 100
        return y

    first = next(probes())
    expected = batchnorm(**first)[1, 2]
    message = BATCHNORM.check(one_wrong).message
    assert f"at index `[1, 2]`: received {expected + 100:.6g}, expected {expected:.6g}" in message


def in_place(x, gamma, beta, *, epsilon=1e-3):
    x -= x.mean(axis=0)
    return gamma * x / np.sqrt(x.var(axis=0) + epsilon) + beta


def test_an_argument_changed_in_place_is_named_although_the_result_is_right():
    verdict = BATCHNORM.check(in_place)
    assert not verdict.passed
    assert "changed `x` in place" in verdict.message


def test_the_exercise_is_unharmed_by_an_answer_that_changes_its_arguments():
    BATCHNORM.check(in_place)
    assert BATCHNORM.check(batchnorm).passed


def test_each_result_of_several_is_named():
    assert "for `gamma`, received `None`" in GRADIENTS.check(lambda dy, x: (2 * dy * x, None)).message
    assert "expected 2 results, `(x, gamma)`" in GRADIENTS.check(lambda dy, x: 2 * dy * x).message
    message = GRADIENTS.check(lambda dy, x: (2 * dy * x, np.sin((dy * x).sum(0)))).message
    assert message.startswith("`gamma` of `gradients(") and message.endswith("`x` is right.")


def raising_for_five(x, gamma, beta, *, epsilon=1e-3):
    return batchnorm(x, gamma, beta, epsilon=epsilon) + np.zeros(5 if len(x) == 5 else 3)


def test_a_known_mistake_may_raise_and_is_recognized_by_where_it_does():
    five = replace(BATCHNORM, mistakes=(Mistake("five", "Three.", raising_for_five),))
    assert five.check(lambda *args, **kwargs: raising_for_five(*args, **kwargs)).mistake.name == "five"
    assert five.check(lambda x, gamma, beta, *, epsilon=1e-3: x + np.zeros(7)).mistake is None


def test_of_two_known_mistakes_the_one_that_claims_less_is_named():
    def outside_for_five(x, gamma, beta, *, epsilon=1e-3):
        return (outside if len(x) == 5 else batchnorm)(x, gamma, beta, epsilon=epsilon)

    both = replace(BATCHNORM, mistakes=(Mistake("always", "", outside), Mistake("for five", "", outside_for_five)))
    assert both.check(outside).mistake.name == "always"
    assert both.check(lambda *args, **kwargs: outside_for_five(*args, **kwargs)).mistake.name == "for five"


def test_earlier_diagnoses_come_first():
    def wrong_then_raises(x, gamma, beta, *, epsilon=1e-3):
        if len(x) == 5:
            raise RuntimeError("the last call")
        return x[0]

    assert "the last call" in BATCHNORM.check(wrong_then_raises).message


@pytest.mark.parametrize(
    "answer", [None, 3, "batchnorm", np.zeros((4, 3)), batchnorm(**next(probes())), object(), [batchnorm]]
)
def test_a_result_instead_of_the_function_is_explained(answer):
    verdict = BATCHNORM.check(answer)
    assert not verdict.passed and "the function itself" in verdict.message


class Hostile:
    """Raises at whatever is done with it."""

    def __getattribute__(self, name):
        raise RuntimeError("hands off")

    def __eq__(self, other):
        raise RuntimeError("hands off")

    __hash__ = None


def leaves(x, gamma, beta, *, epsilon=1e-3):
    raise SystemExit


def calls_itself(*args, **kwargs):
    return calls_itself(*args, **kwargs)


def test_check_never_raises():
    for exercise in (BATCHNORM, GRADIENTS, SHAPE, LOSS, EDGE):
        for answer in (
            Hostile(),
            lambda *a, **k: Hostile(),
            leaves,
            calls_itself,
            len,
            int,
            np.sum,
            iter([]),
            {},
            b"b",
        ):
            verdict = exercise.check(answer)
            assert isinstance(verdict, Verdict) and not verdict.passed
            assert len(verdict.message) > 20


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "Expected 2 numbers: (height, channels), received `None`."),
        ("14, 16", "received a string"),
        ((14, 16, 2), "received 3 numbers"),
        (14, "received a number"),
        ((14, float("nan")), "nan is none"),
        (("a", "b"), "received a tuple with a string in it"),
        (batchnorm, "received a function"),
        ({14, 16}, "received an object of type `set`"),
        ((14, 19), "The second number (channels), 19, is too large. The first number (height) is right."),
        ((11, 16), "The first number (height), 11, is too small."),
        ((16, 14), "The right numbers in the wrong order. Asked for is (height, channels)."),
    ],
)
def test_each_failure_of_a_value_has_its_sentence(answer, words):
    assert words in SHAPE.check(answer).message


def test_a_wrong_value_does_not_give_the_answer_away():
    assert "14" not in SHAPE.check((11, 16)).message


@pytest.mark.parametrize("answer", [None, 2, "e", "", ["b"]])
def test_a_choice_asks_for_one_of_its_letters(answer):
    verdict = EDGE.check(answer)
    assert not verdict.passed and '"a", "b"' in verdict.message


def test_a_wrong_choice_is_told_its_reason():
    verdict = EDGE.check("a")
    assert verdict.mistake.name == "option a" and verdict.message == "Nothing goes up."


# --- known mistakes in disguise ---


def outside_by_loop(x, gamma, beta, *, epsilon=1e-3):
    columns = []
    for c in range(x.shape[1]):
        centered = x[:, c] - x[:, c].mean()
        columns.append(gamma[c] * centered / (np.sqrt((centered**2).mean()) + epsilon) + beta[c])
    return np.stack(columns, axis=1)


def outside_in_float32(x, gamma, beta, *, epsilon=1e-3):
    return outside(x.astype("float32"), gamma, beta, epsilon=epsilon)


def swapped_parameters(x, beta, gamma, epsilon=1e-3):
    return batchnorm(x, gamma, beta, epsilon=epsilon)


def unbiased_by_statistics(x, gamma, beta, epsilon=1e-3):
    variance = np.cov(x.T).diagonal()
    return ((x - x.mean(0)) / np.sqrt(variance + epsilon) * gamma + beta).tolist()


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (outside_by_loop, "epsilon outside the root"),
        (outside_in_float32, "epsilon outside the root"),
        (swapped_parameters, "gamma and beta swapped"),
        (unbiased_by_statistics, "unbiased variance"),
    ],
)
def test_a_known_mistake_is_recognized_in_disguise(answer, name):
    verdict = BATCHNORM.check(answer)
    assert verdict.mistake.name == name, verdict


def test_an_infinite_truth_makes_no_other_number_right_or_known():
    def reached(limit):
        """The first of three steps above the limit, or infinity."""
        return 1.0 if limit < 3 else float("inf")

    steps = about(
        reached,
        dict(limit=2),
        dict(limit=5),
        mistakes=(Mistake("minus one", "", lambda limit: 1.0 if limit < 3 else -1.0),),
    )
    assert steps.check(reached).passed
    assert steps.check(lambda limit: 1.0 if limit < 3 else -1.0).mistake.name == "minus one"
    verdict = steps.check(lambda limit: 1.0 if limit < 3 else 7.0)
    assert not verdict.passed and verdict.mistake is None and "is 7, expected inf" in verdict.message


def test_of_two_mistakes_in_one_answer_each_is_named_with_the_part_that_shows_it():
    verdict = GRADIENTS.check(lambda dy, x: (dy * x, (dy * x).mean(axis=0)))
    assert verdict.message == "For `x`: Two forgotten. Twice. For `gamma`: Mean for sum. Sum."


def test_a_mistake_of_a_value_is_named_where_all_of_it_shows():
    two = Value(
        id="convolution.9",
        title="",
        statement="",
        hints=(),
        name="pair",
        solution_code="pair = (10, 20)",
        mistakes=(Mistake("both halved", "No.", (5, 10)), Mistake("first doubled", "No.", (20, 20))),
    )
    assert two.check((5, 10)).mistake.name == "both halved"
    assert two.check((20, 33)).mistake.name == "first doubled"
    assert two.check((5, 20)).mistake is None
    assert two.check((5, 33)).mistake is None


def test_a_whole_number_that_agrees_by_chance_is_no_known_mistake():
    def successor(n):
        """One more."""
        return n + 1

    count = about(successor, dict(n=2), dict(n=5), dict(n=7), mistakes=(Mistake("doubled", "Add.", lambda n: 2 * n),))
    assert count.check(lambda n: 2 * n).mistake.name == "doubled"
    assert count.check(lambda n: 4 if n == 2 else n).mistake is None
    for_two = replace(count, mistakes=(Mistake("four for two", "Add.", lambda n: 4 if n == 2 else n + 1),))
    assert for_two.check(lambda n: 4 if n == 2 else n + 1).mistake.name == "four for two"
    assert for_two.check(lambda n: 2 * n).mistake is None


# --- what the reader sees ---


def test_a_verdict_shows_itself_as_text_and_in_dark_mode():
    verdict = BATCHNORM.check(outside)
    assert repr(verdict) == "✗ Not yet. Epsilon outside the root. It belongs to the `variance`."
    page = verdict._repr_html_()
    assert ">variance</code>" in page and "`" not in page
    assert "color: inherit" in page and "background: #" not in page and "background: white" not in page
    assert repr(BATCHNORM.check(batchnorm)) == "✓ Correct."


def test_what_an_exception_says_is_escaped():
    def marked(x, gamma, beta, *, epsilon=1e-3):
        raise ValueError("<script>")

    assert "&lt;script&gt;" in BATCHNORM.check(marked)._repr_html_()


def test_the_stub_is_the_solution_without_its_body():
    assert BATCHNORM.stub_code.splitlines() == [
        "def batchnorm(x, gamma, beta, *, epsilon=1e-3):",
        '    """Normalize x (N, C), then scale and shift."""',
        "    ...",
    ]
    assert SHAPE.stub_code == "shape = ...  # (height, channels)"
    assert EDGE.stub_code == 'edge = ...  # one of "a", "b"'


def test_loading_a_set_by_attribute():
    assert exercises.convolution.EXERCISES[0].id == "convolution.1"
    with pytest.raises(AttributeError, match="nothing"):
        _ = exercises.nothing


# --- mistakes recognized by kind ---


def normalized(x, gamma, beta, epsilon, axes=(0,), **how):
    mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True, **how)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


BARE = replace(BATCHNORM, mistakes=())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            lambda x, gamma, beta, *, epsilon=1e-3: normalized(x, beta, gamma, epsilon),
            "`gamma` and `beta` are exchanged",
        ),
        (
            lambda x, gamma, beta, *, epsilon=1e-3: normalized(x, gamma, beta, 1e-3),
            "`epsilon` has no effect on your result",
        ),
        (lambda x, gamma, beta, *, epsilon=1e-3: 2 * batchnorm(x, gamma, beta, epsilon=epsilon), "is twice what it"),
        (lambda x, gamma, beta, *, epsilon=1e-3: -batchnorm(x, gamma, beta, epsilon=epsilon), "has the wrong sign"),
        (
            lambda x, gamma, beta, *, epsilon=1e-3: batchnorm(x, gamma, beta, epsilon=epsilon) / len(x),
            "is divided by m",
        ),
        (lambda x, gamma, beta, *, epsilon=1e-3: batchnorm(x, gamma, beta, epsilon=epsilon) + 3, "is 3 more than"),
        (
            lambda x, gamma, beta, *, epsilon=1e-3: batchnorm(x, gamma, beta, epsilon=epsilon)[::-1],
            "order along axis 0",
        ),
        (lambda x, gamma, beta, *, epsilon=1e-3: batchnorm(x, gamma, beta, epsilon=epsilon).T, "is transposed"),
        (
            lambda x, gamma, beta, *, epsilon=1e-3: normalized(x, gamma, beta, epsilon, (0, 1)),
            "axis 1 of `x` depends on the other places, and should not",
        ),
        (
            lambda x, gamma, beta, *, epsilon=1e-3: normalized(x, gamma, beta, epsilon, (1,)),
            "axis 0 of `x` does not depend on the other places, and should",
        ),
        (lambda x, gamma, beta, *, epsilon=1e-3: normalized(x, gamma, beta, epsilon, ddof=1), "divides by m - 1"),
        (lambda x, gamma, beta, *, epsilon=1e-3: normalized(x, gamma, beta, epsilon**2), "`epsilon` is squared"),
        (lambda x, gamma, beta, *, epsilon=1e-3: outside(x, gamma, beta, epsilon=epsilon), "outside the root"),
        (lambda x, gamma, beta, *, epsilon=1e-3: normalized(x, gamma, 0, epsilon), "`beta` is missing"),
        (lambda x, gamma, beta, *, epsilon=1e-3: normalized(x, 1, beta, epsilon), "`gamma` is missing"),
        (lambda x, gamma, beta, *, epsilon=0.7: batchnorm(x, gamma, beta, epsilon=epsilon), "keep `epsilon=0.001`"),
        (lambda x, gamma, beta, *, epsilon=1e-3: 0 * x, "is 0 everywhere"),
        (lambda x, gamma, beta, *, epsilon=1e-3: x, "is `x` itself"),
        (lambda x, gamma, beta, *, epsilon=1e-3: normalized(x, gamma, beta, epsilon)[None], "only the shape is not"),
    ],
)
def test_a_mistake_that_nobody_listed_is_recognized_by_its_kind(answer, words):
    verdict = BARE.check(answer)
    assert verdict.kind == "general" and verdict.mistake is None
    assert words in verdict.message, verdict


@pytest.mark.parametrize(
    "answer",
    [lambda x, limit: x[0] + limit, lambda x, limit: np.sign(x).sum() + limit, lambda x, limit: max(0, min(x))],
)
def test_an_argument_that_has_some_effect_is_not_said_to_have_none(answer):
    def total(x, limit):
        """The sum of the elements, and the limit."""
        return x.sum() + limit

    exercise = about(total, *(dict(x=np.array(x), limit=2.0) for x in ([3.0, -1.0, 2.0], [-2.0, 4.0, 1.0])))
    verdict = exercise.check(answer)
    assert not verdict.passed and "`x` has no effect" not in verdict.message, verdict


def test_numbers_are_said_to_belong_elsewhere_only_where_that_is_wrong_too():
    sizes = replace(SHAPE, comment="(height, width, channels)", solution_code="shape = (60, 50, 16)", mistakes=())
    assert "16: that is what" not in sizes.check((16, 50, 16)).message
    mixed = sizes.check((16, 11, 10)).message
    assert "The first number (height), 16: that is what the third number should be." in mixed
    assert "The second number (width), 11, is wrong where it stands." in mixed


def test_a_whole_number_among_many_that_changes_give_is_not_explained_by_one_of_them():
    many = replace(SHAPE, comment="count", solution_code="shape = 40 + 2 * 5 + 3 * 7 + 4 * 9", mistakes=())
    assert many.check(84).message == "Your answer, 84, is too small."
    few = replace(SHAPE, comment="count", solution_code="shape = 8 * 14 * 14", mistakes=())
    assert "A factor is missing" in few.check(196).message


def test_a_share_taken_for_the_rest_is_named():
    def left(start, share):
        """What is left of the start."""
        return start**share

    exercise = about(left, dict(start=3.0, share=0.2), dict(start=5.0, share=0.9))
    verdict = exercise.check(lambda start, share: start ** (1 - share))
    assert verdict.message == "`1 - share` stands where `share` belongs."


def test_a_known_mistake_wins_over_a_general_one():
    assert BATCHNORM.check(outside).kind == "known" and BARE.check(outside).kind == "general"


def test_one_right_result_of_several_is_said_to_be_right():
    verdict = GRADIENTS.check(lambda dy, x: (2 * dy * x, (dy * x).sum(0) / 7))
    assert verdict.message.endswith("`x` is right.")


def test_results_without_a_name_are_counted():
    def halves(x):
        """Two halves, added and subtracted."""
        return x[:2] + x[2:], x[:2] - x[2:]

    both = about(halves, dict(x=np.array([1.0, 5, 2, 9])), dict(x=np.array([4.0, 0, 2, 3])))
    assert (
        "The second result of `halves(x: (4,))` is off" in both.check(lambda x: (halves(x)[0], np.cos(x[:2]))).message
    )
    assert "expected 2 results, received" in both.check(lambda x: x).message
    assert "order: the first result holds the second result" in both.check(lambda x: halves(x)[::-1]).message


def test_results_in_another_order_are_named():
    def halves(x):
        """Sum and difference of two halves (sum, difference)."""
        return x[:2] + x[2:], x[:2] - x[2:]

    both = about(halves, dict(x=np.array([1.0, 5, 2, 9])), dict(x=np.array([4.0, 0, 2, 3])))
    verdict = both.check(lambda x: halves(x)[::-1])
    assert "wrong order: `sum` holds `difference`, `difference` holds `sum`" in verdict.message


def test_where_it_goes_wrong_is_said():
    def absolute(x, flag):
        """The absolute value if `flag`, else the value."""
        return np.abs(x) if flag else x

    exercise = about(
        absolute,
        dict(x=np.array([1.0, -2.5]), flag=True),
        dict(x=np.array([1.0, -3.7]), flag=False),
        Case("where all is negative", x=np.array([-1.0, -2.2]), flag=True),
    )
    assert "wrong with `flag=False`" in exercise.check(lambda x, flag: np.abs(x) if flag else np.cos(x)).message
    odd = exercise.check(lambda x, flag: np.cos(x) if x.max() < 0 else absolute(x, flag))
    assert "It goes wrong where all is negative, and is right elsewhere." in odd.message


def test_an_answer_that_remembers_is_noticed():
    calls = []

    def stateful(x, gamma, beta, *, epsilon=1e-3):
        calls.append(1)
        return batchnorm(x, gamma, beta, epsilon=epsilon) + (len(calls) > 3)

    assert "the same call later gives something else" in BATCHNORM.check(stateful).message


def test_a_value_is_recognized_by_kind():
    bare = replace(LOSS, mistakes=())
    for answer, words in (
        (np.log2(10), "base 2"),
        (-np.log(10), "wrong sign"),
        (1 / np.log(10), "upside down"),
        (100 * np.log(10), "in percent"),
    ):
        assert words in bare.check(answer).message, bare.check(answer)
    assert "a number on the way" in replace(bare, solution_code="loss = 3 - 0.7 * np.log(2) ** 2").check(0.4805).message
    assert "one minus" in replace(bare, solution_code="loss = 0.13").check(0.87).message
    pair = replace(SHAPE, mistakes=(), comment="(one, other)", solution_code="shape = (13.4, 6.7)")
    assert pair.check((26.8, 13.4)).message.endswith("All of your numbers are twice what they should be.")
    assert "off by the same factor" in pair.check((5 * 13.4, 5 * 6.7)).message
    assert "too large to be read" in pair.check((10**400, 1)).message
    precise = replace(LOSS, tolerance=1e-4, mistakes=())
    assert "close, but a precision of 0.01% is wanted" in precise.check(2.3).message


def test_categories_are_wrong_and_never_too_large():
    tests = replace(SHAPE, categories=True, comment="(test for A, test for B)")
    verdict = tests.check((11, 16))
    words = "The first number (test for A) is wrong. The second number (test for B) is right."
    assert verdict.message == words and verdict.kind == "generic"
    assert tests.check((28, 16)).mistake.name == "not halved"


def test_each_number_may_be_that_of_another_accepted_answer():
    rounded = replace(SHAPE, solution_code="shape = (2.3256, 6.3333)", accepted=((2.5, 6.5),), mistakes=())
    for answer in ((2.326, 6.333), (2.5, 6.5), (2.5, 6.333)):
        assert rounded.check(answer).passed
    assert not rounded.check((2.4, 6.333)).passed


def test_counts_are_exact_beside_numbers_that_are_not_and_nearly_0_is_0():
    mixed = replace(SHAPE, solution_code="shape = (3, 0.0)", mistakes=())
    assert mixed.check((3, 1e-9)).passed
    assert not mixed.check((3.01, 0.0)).passed and not mixed.check((3, 1e-3)).passed


def test_a_single_wrong_number_among_many_of_a_kind_is_pointed_out():
    gradient = replace(SHAPE, comment="", solution_code="shape = [1.5, -2.5, 0.7, 0.3]", mistakes=())
    words = "Only the third number, 0.9, is wrong: it is too large."
    assert gradient.check([1.5, -2.5, 0.9, 0.3]).message == words


# --- safety ---


def loops(*args, **kwargs):
    while True:
        pass


def loops_and_catches(*args, **kwargs):
    while True:
        with contextlib.suppress(BaseException):
            print("on and on")


def waits(*args, **kwargs):
    import time

    time.sleep(1000)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(_guard.Clock.__init__, "__defaults__", (0.3,))


@pytest.mark.parametrize("answer", [loops, loops_and_catches, waits])
def test_what_does_not_end_is_stopped_with_a_sentence(answer, impatient, capsys):
    started = time.monotonic()
    verdict = BATCHNORM.check(answer)
    assert time.monotonic() - started < 5
    assert not verdict.passed and "was stopped after" in verdict.message and verdict.kind == "unusable"
    assert len(capsys.readouterr().out) < 3000
    assert BATCHNORM.check(batchnorm).passed


def test_an_endless_result_is_stopped(impatient):
    assert not GRADIENTS.check(lambda dy, x: itertools.count()).passed


def test_in_another_thread_time_is_limited_too(impatient):
    verdicts = []
    thread = threading.Thread(target=lambda: verdicts.append(BATCHNORM.check(loops)))
    thread.start()
    thread.join(10)
    assert verdicts and "was stopped after" in verdicts[0].message


@pytest.mark.parametrize("in_thread", [False, True])
def test_loading_a_module_is_neither_broken_off_nor_counted(in_thread, impatient, tmp_path, monkeypatch):
    """A library that is broken off while it loads can't be loaded again, whatever the reader tries next."""
    name = f"slow_to_load_{in_thread}"
    (tmp_path / f"{name}.py").write_text("import time\nfor _ in range(50):\n    time.sleep(0.02)\n")
    monkeypatch.syspath_prepend(tmp_path)

    def loads(x, gamma, beta, *, epsilon=1e-3):
        importlib.import_module(name)
        return batchnorm(x, gamma, beta, epsilon=epsilon)

    def loads_and_loops(*args, **kwargs):
        importlib.import_module(name)
        loops()

    verdicts = []

    def both():
        verdicts.extend(BATCHNORM.check(answer) for answer in (loads, loads_and_loops))

    if in_thread:
        thread = threading.Thread(target=both)
        thread.start()
        thread.join(20)
    else:
        both()
    assert verdicts[0].passed, verdicts
    assert "was stopped after" in verdicts[1].message


def test_waiting_for_a_processor_is_not_counted(monkeypatch):
    """On a machine with other work an answer takes longer than it computes: here each second counts for a half."""
    started = time.monotonic()
    monkeypatch.setattr(_guard, "_waited", lambda: (time.monotonic() - started) / 2)
    clock = _guard.Clock(0.4)
    with clock.running():
        time.sleep(0.6)
    with pytest.raises(_guard.TimeIsUp), clock.running():
        time.sleep(5)
    assert 0.7 < time.monotonic() - started < 2


def test_an_alarm_of_somebody_else_is_kept():
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        assert BATCHNORM.check(batchnorm).passed
        time.sleep(0.4)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert rung == [1]


class Own(BaseException):
    pass


@pytest.mark.parametrize("error", [GeneratorExit, SystemExit, Own, StopIteration, MemoryError])
def test_every_exception_stays_inside(error):
    def raising(*args, **kwargs):
        raise error("out")

    for exercise in (BATCHNORM, GRADIENTS):
        assert error.__name__ in exercise.check(raising).message


def test_an_interrupt_by_the_reader_gets_through():
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        BATCHNORM.check(interrupted)


def test_a_long_exception_is_shortened():
    def raising(*args, **kwargs):
        raise ValueError("x" * 100_000)

    assert len(BATCHNORM.check(raising).message) < 800


def test_what_an_answer_changes_is_undone(tmp_path):
    def vandal(x, gamma, beta, *, epsilon=1e-3):
        np.random.seed(0)  # noqa: NPY002
        random.seed(0)
        np.seterr(all="raise")
        np.set_printoptions(precision=1)
        warnings.simplefilter("error")
        os.chdir(tmp_path)
        os.environ["BNCOURSE_TEST"] = "1"
        np.allclose = lambda *args, **kwargs: True
        np.isfinite = lambda *args, **kwargs: np.True_
        sys.setrecursionlimit(5000)
        return x

    before = (np.geterr(), np.get_printoptions(), list(warnings.filters), os.getcwd(), sys.getrecursionlimit())
    functions, states = (np.allclose, np.isfinite), (np.random.get_state()[1].tolist(), random.getstate())  # noqa: NPY002
    assert not BATCHNORM.check(vandal).passed
    after = (np.geterr(), np.get_printoptions(), list(warnings.filters), os.getcwd(), sys.getrecursionlimit())
    assert before == after and "BNCOURSE_TEST" not in os.environ
    assert functions == (np.allclose, np.isfinite)
    assert states == (np.random.get_state()[1].tolist(), random.getstate())  # noqa: NPY002


def test_what_an_answer_prints_appears_once(capsys):
    def talking(x, gamma, beta, *, epsilon=1e-3):
        print("the shape is", x.shape)
        return batchnorm(x, gamma, beta, epsilon=epsilon)

    assert BATCHNORM.check(talking).passed
    assert capsys.readouterr().out == "the shape is (4, 3)\n"


def test_a_warning_of_an_answer_is_not_shown(recwarn):
    BATCHNORM.check(lambda x, gamma, beta, *, epsilon=1e-3: x / np.zeros_like(x))
    assert not recwarn.list


class Effect(NamedTuple):
    total: np.ndarray


def test_an_exercise_about_what_a_call_leaves_behind_speaks_of_the_readers_result_first():
    def add(box, number):
        """Add a number to a box, and return what was in it before."""
        before = float(box[0])
        box[0] += number
        return before

    def run(function, start, number):
        box = np.array([start])
        function(box, number)
        return Effect(box)

    exercise = about(add, dict(start=1.5, number=2.0), dict(start=-3.0, number=7.0), run=run)
    assert exercise.check(add).passed
    assert "Nothing was returned" in exercise.check(lambda box, number: None).message
    assert "expected a number, received a tuple" in exercise.check(lambda box, number: (1.0, box)).message

    def resets(box, number):
        before = float(box[0])
        box[0] = np.cos(number * before)
        return before

    message = exercise.check(resets).message
    assert message.startswith("The total after `add(start=1.5, number=2.0)` is off, most at index `[0]`: received")
    assert message.endswith("The result is right.")


def test_an_answer_that_fails_on_tensors_is_told_so():
    pytest.importorskip("tensorflow")

    def halve(x, factor):
        """The root of x, times a factor."""
        return factor * x**0.5

    exercise = about(halve, dict(x=np.array([1.0, 4.0]), factor=2.0), dict(x=np.array([9.0]), factor=3.0), tensors=True)
    assert exercise.check(halve).passed
    assert (
        "works on arrays, and later cells call it with tensors"
        in exercise.check(lambda x, factor: factor * np.sqrt(x)).message
    )


# --- progress ---


@pytest.fixture
def session(monkeypatch):
    monkeypatch.setattr(_progress, "_seen", {})


def test_progress_shows_what_was_passed_and_what_is_next(session):
    assert exercises.progress().passed == () and exercises.progress().next is None
    assert "No exercise" in repr(exercises.progress())
    exercises.check("convolution.1", "c")
    exercises.check("convolution.3", (1, 2, 3))
    exercises.check("convolution.4", ...)
    progress = exercises.progress()
    assert progress.passed == ("convolution.1",) and progress.next == "convolution.2"
    assert "✓ · ✗ ·" in repr(progress) and "1 of 6" in repr(progress) and "Next: convolution.2" in repr(progress)
    exercises.check("convolution.3", (6, 5, 16))
    exercises.check("forward.3", 4.5)
    assert exercises.progress().next == "forward.1"
    exercises.check("convolution.3", (1, 2, 3))
    assert "convolution.3" in exercises.progress().passed, "once passed, an exercise stays passed"


def test_progress_is_kept_in_a_file_only_where_one_is_named(session, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exercises.check("convolution.1", "c")
    exercises.progress()
    assert list(tmp_path.iterdir()) == []
    exercises.progress("mine.json")
    _progress._seen.clear()
    assert exercises.progress().passed == ()
    assert exercises.progress("mine.json").passed == ("convolution.1",)
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(ValueError, match="expected a file"):
        exercises.progress("other.json")


# --- writing exercises into notebooks ---


@pytest.fixture
def chapter(tmp_path):
    path = tmp_path / "01_convolution.ipynb"
    notebook = new_notebook(cells=[new_markdown_cell("# Title"), new_code_cell("1 + 1")])
    for exercise in exercises.catalogue("convolution"):
        notebook.cells.append(new_markdown_cell(f"<!-- exercise: {exercise.id} -->"))
    notebook.cells.append(new_markdown_cell("The end"))
    nbformat.write(notebook, path)
    return path


def test_a_placeholder_becomes_the_exercise_in_its_place(chapter):
    assert tool.write(chapter)
    cells = nbformat.read(chapter, as_version=4).cells
    assert cells[0].source == "# Title" and cells[-1].source == "The end"
    block = [cell for cell in cells if cell.metadata.get("exercise") == "convolution.2"]
    assert [cell.metadata.part for cell in block] == ["prompt", "stub", "check", "solution"]
    assert block[0].source.startswith("### Exercise 1.2: ")
    assert block[2].source == 'exercises.check("convolution.2", positions)'
    assert "</summary>\n\n" in block[3].source and "\n\n</details>" in block[3].source


def test_writing_again_changes_nothing(chapter):
    tool.write(chapter)
    before = chapter.read_bytes()
    assert not tool.write(chapter) and chapter.read_bytes() == before
    assert tool.problems(chapter) == []


def test_a_stale_block_is_found_and_renewed_with_the_outputs_of_unchanged_code(chapter):
    tool.write(chapter)
    notebook = nbformat.read(chapter, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("exercise") == "convolution.2":
            if cell.metadata.part == "prompt":
                cell.source += " Edited by hand."
            if cell.metadata.part == "check":
                cell.execution_count = 7
    nbformat.write(notebook, chapter)
    assert "run tools/exercises.py" in tool.problems(chapter)[0]
    assert tool.write(chapter) and tool.problems(chapter) == []
    counts = [
        c.execution_count for c in nbformat.read(chapter, as_version=4).cells if c.metadata.get("part") == "check"
    ]
    assert 7 in counts


def test_an_exercise_that_the_notebook_lacks_is_found(chapter):
    tool.write(chapter)
    notebook = nbformat.read(chapter, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.metadata.get("exercise") != "convolution.3"]
    nbformat.write(notebook, chapter)
    assert "exercise convolution.3 is not in the notebook" in tool.problems(chapter)[0]


def test_an_exercise_that_is_new_in_its_set_is_appended_to_it(chapter):
    tool.write(chapter)
    notebook = nbformat.read(chapter, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.metadata.get("exercise") != "convolution.6"]
    nbformat.write(notebook, chapter)
    assert tool.write(chapter) and tool.problems(chapter) == []
    cells = nbformat.read(chapter, as_version=4).cells
    assert [cell.metadata.get("part") for cell in cells[-5:-1]] == ["prompt", "stub", "check", "solution"]
    assert cells[-2].metadata.exercise == "convolution.6" and cells[-1].source == "The end"
