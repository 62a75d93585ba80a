"""Exercises of chapter `speedup`: reading runs, counting the price, judging claims."""

import numpy as np

from bncourse.exercises import Case, Choice, Function, Mistake, Value


def steps_to(accuracy, evaluated, target):
    """The number of steps before the first evaluation of at least `target`; infinity if
    there is none.

    accuracy and evaluated have shape (evaluations,): each evaluation's accuracy, and
    the steps taken before it.
    """
    for reached, steps in zip(accuracy, evaluated, strict=True):
        if reached >= target:
            return float(steps)
    return float("inf")


def _steps_probes():
    evaluated = np.array([20, 50, 90, 140, 200])
    for note, accuracy, target in (
        ("where a later evaluation falls below the target again", [0.2, 0.62, 0.55, 0.41, 0.6], 0.5),
        ("where an evaluation equals the target exactly", [0.3, 0.4, 0.7, 0.65, 0.9], 0.7),
        ("where an evaluation is a little below the target", [0.3, 0.697, 0.698, 0.75, 0.8], 0.7),
        ("where the target is never reached", [0.1, 0.5, 0.45, 0.49, 0.48], 0.6),
        ("where the first evaluation is good enough", [0.8, 0.7, 0.6, 0.7, 0.9], 0.75),
        ("where only the last evaluation is good enough", [0.1, 0.2, 0.3, 0.4, 0.9], 0.75),
        ("where accuracies go up and down", [0.5, 0.8, 0.6, 0.7, 0.9], 0.75),
        ("where the best evaluation is not the first good one", [0.2, 0.6, 0.7, 0.8, 0.7], 0.5),
    ):
        yield Case(note, accuracy=np.array(accuracy), evaluated=evaluated, target=target)
    yield dict(accuracy=np.array([0.3, 0.7, 0.6]), evaluated=np.array([7, 19, 31]), target=0.65)


def _steps_to_by_places(accuracy, evaluated, target):
    for i in range(len(accuracy)):
        if accuracy[i] >= target:
            return float(evaluated[i])
    return float("inf")


def _first(accuracy, target, reached):
    found = np.flatnonzero(reached(accuracy, target))
    return found[0] if len(found) else None


def _steps_above(accuracy, evaluated, target):
    i = _first(accuracy, target, np.greater)
    return float("inf") if i is None else float(evaluated[i])


def _evaluations_to(accuracy, evaluated, target):
    i = _first(accuracy, target, np.greater_equal)
    return float("inf") if i is None else float(i)


def _shifted_place(accuracy, evaluated, target, by):
    i = _first(accuracy, target, np.greater_equal)
    if i is None:
        return float("inf")
    return float(evaluated[min(i + by, len(evaluated) - 1)]) if i + by >= 0 else 0.0


def _steps_to_stay(accuracy, evaluated, target):
    stays = [i for i in range(len(accuracy)) if (accuracy[i:] >= target).all()]
    return float(evaluated[stays[0]]) if stays else float("inf")


def _steps_to_last(accuracy, evaluated, target):
    found = np.flatnonzero(accuracy >= target)
    return float(evaluated[found[-1]]) if len(found) else float("inf")


def _steps_by_bisection(accuracy, evaluated, target):
    i = np.searchsorted(accuracy, target)
    return float(evaluated[i]) if i < len(evaluated) else float("inf")


def _steps_to_best(accuracy, evaluated, target):
    return float(evaluated[np.argmax(accuracy)]) if accuracy.max() >= target else float("inf")


def highest_rate(rates, accuracies, target):
    """The highest of the `rates` at which the runs of all seeds end with at least
    `target`.

    rates has shape (R,) and increases; accuracies has shape (R, seeds). At least one
    rate works.
    """
    works = (accuracies >= target).all(axis=1)
    return rates[works].max()


def _rate_probes():
    rates = np.array([0.01, 0.03, 0.1, 0.3, 1.0])
    yield Case(
        "where one of the seeds fails",
        rates=rates,
        accuracies=np.array([[0.3, 0.4, 0.2], [0.6, 0.7, 0.65], [0.7, 0.8, 0.75], [0.9, 0.1, 0.9], [0.1, 0.1, 0.7]]),
        target=0.5,
    )
    yield Case(
        "where a lower rate fails",
        rates=rates,
        accuracies=np.array([[0.7, 0.8], [0.9, 0.85], [0.1, 0.9], [0.75, 0.625], [0.1, 0.65]]),
        target=0.625,
    )
    yield Case(
        "where a seed ends with exactly the target",
        rates=rates[1:],
        accuracies=np.array([[0.9, 0.95], [0.8, 0.85], [0.75, 0.75], [0.3, 0.8]]),
        target=0.75,
    )
    yield Case(
        "where only the lowest rate works",
        rates=rates[:3],
        accuracies=np.array([[0.9, 0.8, 0.85, 0.9], [0.9, 0.9, 0.9, 0.2], [0.1, 0.2, 0.3, 0.2]]),
        target=0.7,
    )
    yield Case(
        "where the first seed is luckier than the others",
        rates=rates[:4],
        accuracies=np.array([[0.9, 0.8, 0.9], [0.95, 0.1, 0.8], [0.9, 0.3, 0.2], [0.1, 0.2, 0.1]]),
        target=0.7,
    )
    yield Case(
        "where every rate works",
        rates=rates[:4],
        accuracies=np.array([[0.9, 0.8, 0.85], [0.95, 0.9, 0.9], [0.8, 0.75, 0.8], [0.7, 0.72, 0.74]]),
        target=0.5,
    )


EXERCISES = (
    Function(
        id="speedup.1",
        title="Steps to an accuracy",
        statement="""
A run was evaluated now and then. Write the function that says after how many steps it first had at least the accuracy
`target`. Accuracies go up and down, and some runs never get there: then the answer is infinity, `float("inf")`.
""",
        solution=steps_to,
        probes=_steps_probes,
        also=(_steps_to_by_places,),
        hints=(
            "Go through the evaluations in order, and stop at the first that is good enough.",
            "`evaluated` tells the steps. What is returned if the loop ends without a find?",
        ),
        explanation="The first crossing favors noisy curves a little: report how often you evaluate.",
        mistakes=(
            Mistake(
                "Your loop returns in its first round already",
                "Infinity is the answer only after the last evaluation: return it behind the loop, not in an "
                "`else` inside.",
                lambda accuracy, evaluated, target: float(evaluated[0]) if accuracy[0] >= target else float("inf"),
            ),
            Mistake(
                "Rounded accuracies",
                "0.697 is less than 0.7: compare the accuracy itself.",
                lambda accuracy, evaluated, target: _steps_to_by_places(np.round(accuracy, 2), evaluated, target),
            ),
            Mistake(
                "The evaluation before",
                "`evaluated` says how many steps came before each evaluation: take the same place.",
                lambda accuracy, evaluated, target: _shifted_place(accuracy, evaluated, target, -1),
            ),
            Mistake(
                "The evaluation after",
                "`evaluated` says how many steps came before each evaluation: take the same place.",
                lambda accuracy, evaluated, target: _shifted_place(accuracy, evaluated, target, 1),
            ),
            Mistake(
                "Above instead of at least",
                "An evaluation that gives exactly `target` has reached it: `>=`.",
                _steps_above,
            ),
            Mistake(
                "It has to stay there",
                "You ask that all later evaluations are good enough, too: asked for is the first that is.",
                _steps_to_stay,
            ),
            Mistake(
                "The last evaluation that is good enough",
                "Asked for is the first one: stop there.",
                _steps_to_last,
            ),
            Mistake(
                "A sorted array searched",
                "`np.searchsorted` and `bisect` need numbers that only grow. Accuracies go up and down.",
                _steps_by_bisection,
            ),
            Mistake(
                "Evaluations counted, not steps",
                "That is the position of the evaluation. `evaluated` says how many steps came before it.",
                _evaluations_to,
            ),
            Mistake(
                "The best evaluation",
                "You take the highest accuracy; asked for is the first that is high enough.",
                _steps_to_best,
            ),
        ),
    ),
    Value(
        id="speedup.2",
        title="Count the price",
        statement="""
Without batch normalization a network reaches 70% after 1,200 steps of 8 milliseconds. With it, after 400 steps, each of
which takes 1.25 times as long.

How many times fewer *steps* does it take, and how many times less *time*?
""",
        name="fewer_steps_and_time",
        comment="(factor in steps, factor in time)",
        solution_code="""
steps = 1200 / 400
fewer_steps_and_time = (steps, steps / 1.25)
""".strip(),
        hints=("How many milliseconds does each of the two take in all?",),
        explanation="4 seconds instead of 9.6. The factor in time is the one that you wait for.",
        mistakes=(
            Mistake(
                "The price left out",
                "A step with batch normalization takes longer, so the factor in time is smaller than that in steps.",
                (3.0, 3.0),
            ),
            Mistake(
                "The price counted as a gain",
                "A slower step makes the gain in time smaller: divide by 1.25.",
                (3.0, 3.75),
            ),
            Mistake(
                "Turned round",
                "How many times fewer: the larger number over the smaller one.",
                (1 / 3, 1.25 / 3),
            ),
            Mistake(
                "A difference of steps",
                "How many times fewer: divide.",
                (800, 2.4),
            ),
            Mistake(
                "The price subtracted",
                "A step takes 1.25 times as long: that divides the factor.",
                (3.0, 2.75),
            ),
        ),
    ),
    Function(
        id="speedup.3",
        title="The highest rate that works",
        statement="""
A sweep gives the final accuracies of some seeds at each learning rate. Call a rate usable if *every* seed ends with at
least `target`. Write the function that finds the highest usable rate. A lower rate that fails does not matter.
""",
        solution=highest_rate,
        probes=_rate_probes,
        hints=(
            "`accuracies >= target` is a table of truth values, one row a rate. What is asked of a row?",
            "`.all(axis=1)` makes one truth value of each row.",
        ),
        mistakes=(
            Mistake(
                "Most seeds are enough",
                "A rate at which one of three seeds fails is not usable: every seed has to reach the target.",
                lambda rates, accuracies, target: rates[np.median(accuracies, axis=1) >= target].max(),
            ),
            Mistake(
                "The mean over seeds",
                "A mean can hide a seed that failed. Ask it of every seed.",
                lambda rates, accuracies, target: rates[accuracies.mean(axis=1) >= target].max(),
            ),
            Mistake(
                "One seed is enough",
                "You ask whether any seed reaches the target: a rate that works once in a while is not usable.",
                lambda rates, accuracies, target: rates[(accuracies >= target).any(axis=1)].max(),
            ),
            Mistake(
                "Above instead of at least",
                "A seed that ends with exactly `target` has reached it: `>=`.",
                lambda rates, accuracies, target: rates[(accuracies > target).all(axis=1)].max(),
            ),
            Mistake(
                "No accuracy looked at",
                "That is the highest rate of all, whether it works or not.",
                lambda rates, accuracies, target: rates[-1],
            ),
            Mistake(
                "One seed looked at",
                "You look at the first seed alone: every one of them has to reach the target.",
                lambda rates, accuracies, target: rates[accuracies[:, 0] >= target].max(),
            ),
            Mistake(
                "The best accuracy",
                "Asked for is the highest rate that works, not the one with the best accuracy.",
                lambda rates, accuracies, target: rates[accuracies.mean(axis=1).argmax()],
            ),
            Mistake(
                "Up to the first rate that fails",
                "A lower rate that fails does not matter: look at all of them.",
                lambda rates, accuracies, target: rates[
                    max(0, int(np.argmin([*(accuracies >= target).all(axis=1), False])) - 1)
                ],
            ),
            Mistake(
                "The lowest rate",
                "Of the rates that work you return the lowest.",
                lambda rates, accuracies, target: rates[(accuracies >= target).all(axis=1)].min(),
            ),
        ),
    ),
    Value(
        id="speedup.4",
        title="Fourteen times fewer",
        statement="""
Ioffe and Szegedy report training steps until their network, Inception, reaches an accuracy of 72.2% on ImageNet:

| network | learning rate | steps |
|---|---|---|
| Inception | 1 x | 31.0 million |
| BN-Baseline | 1 x | 13.3 million |
| BN-x5 | 5 x | 2.1 million |
| BN-x30 | 30 x | 2.7 million |

BN-Baseline is Inception with batch normalization before each nonlinearity and nothing else changed. Split the famous
factor: how many times fewer steps does the layer alone bring, and how many times fewer *again* does BN-x5, whose
learning rate is five times as high (and which leaves out dropout, among other changes)?
""",
        name="layer_alone_and_then_the_rest",
        comment="(first factor, second factor)",
        solution_code="layer_alone_and_then_the_rest = (31.0 / 13.3, 13.3 / 2.1)",
        accepted=((2.3, 6.3),),
        hints=("The two factors, multiplied, give 31.0 / 2.1.",),
        explanation="About 2.3 and 6.3; 31.0 / 2.1, their product, is 14.8. Most of the gain comes from what batch "
        "normalization *allows*.",
        mistakes=(
            Mistake(
                "The whole factor first",
                "31.0 / 2.1 is Inception against BN-x5. The first factor is that of the layer alone, Inception "
                "against BN-Baseline.",
                (31.0 / 2.1, 13.3 / 2.1),
            ),
            Mistake(
                "Factors that are not those of the steps",
                "14 is the famous factor, both in one, and 5 that of the learning rates. Divide the steps: the "
                "layer alone, then the rest.",
                (14, 5),
            ),
            Mistake(
                "The factor of the learning rates",
                "The learning rate is 5 times as high. Asked for is how many times fewer steps that brings.",
                (31.0 / 13.3, 5),
            ),
            Mistake(
                "The second factor from the start",
                "That is Inception against BN-x5, both factors in one. Asked for is the step from BN-Baseline on.",
                (31.0 / 13.3, 31.0 / 2.1),
            ),
            Mistake(
                "Turned round",
                "How many times fewer: the larger number over the smaller one.",
                (13.3 / 31.0, 2.1 / 13.3),
            ),
            Mistake(
                "BN-x30",
                "BN-x5 takes 2.1 million steps. BN-x30 takes more, but ends with a higher accuracy.",
                (31.0 / 13.3, 13.3 / 2.7),
            ),
            Mistake(
                "Differences",
                "How many times fewer: divide.",
                (31.0 - 13.3, 13.3 - 2.1),
            ),
        ),
    ),
    Choice(
        id="speedup.5",
        title="A fair comparison?",
        statement="""
A report says: "At learning rate 1.0, our network with batch normalization reaches 78%. The same network without it
stays at 10%. Batch normalization improves accuracy by 68 points." Both were run on five seeds. What is wrong?
""",
        name="objection",
        options={
            "a": "Five seeds are too few for a difference of 68 points.",
            "b": "The plain network was not given a learning rate that suits it.",
            "c": "Accuracy is the wrong measure, it should be the loss.",
            "d": "Nothing is wrong: everything but the normalization was kept equal.",
        },
        reasons={
            "a": "A difference of that size on five seeds is no accident.",
            "b": "Where the plain network can't train at all, the comparison shows that usable rates differ, not how "
            "good the networks become. Tune each, then compare.",
            "c": "Either would do. The loss would tell the same story.",
            "d": "Equal settings are not equal chances: the rate was one that suits only one of the two.",
        },
        solution="b",
        hints=("What would a reader do who had only the plain network?",),
    ),
)
