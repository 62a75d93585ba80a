"""Answers to the exercises of chapter `speedup`."""

import bisect

import numpy as np
from answers import right, wrong


@wrong("speedup.1", "searchsorted")
def steps_to(accuracy, evaluated, target):
    i = np.searchsorted(accuracy, target)
    return float(evaluated[i]) if i < len(evaluated) else float("inf")


@wrong("speedup.1", "bisect")
def steps_to(accuracy, evaluated, target):
    i = bisect.bisect_left(list(accuracy), target)
    return float(evaluated[i]) if i < len(evaluated) else float("inf")


@wrong("speedup.1", "argmax without looking whether there is one")
def steps_to(accuracy, evaluated, target):
    return float(evaluated[np.argmax(accuracy >= target)])


@wrong("speedup.1", "else return inf")
def steps_to(accuracy, evaluated, target):
    for a, s in zip(accuracy, evaluated):
        if a >= target:
            return s
        else:
            return float("inf")


@wrong("speedup.1", "has to stay")
def steps_to(accuracy, evaluated, target):
    for i in range(len(accuracy)):
        if (accuracy[i:] >= target).all():
            return evaluated[i]
    return float("inf")


@wrong("speedup.1", "the last one")
def steps_to(accuracy, evaluated, target):
    steps = float("inf")
    for a, s in zip(accuracy, evaluated):
        if a >= target:
            steps = s
    return steps


@wrong("speedup.1", "returns -1")
def steps_to(accuracy, evaluated, target):
    for a, s in zip(accuracy, evaluated):
        if a >= target:
            return s
    return -1


@wrong("speedup.1", "None at the end")
def steps_to(accuracy, evaluated, target):
    for a, s in zip(accuracy, evaluated):
        if a >= target:
            return s


@wrong("speedup.1", "the evaluation before")
def steps_to(accuracy, evaluated, target):
    for i, a in enumerate(accuracy):
        if a >= target:
            return evaluated[max(i - 1, 0)]
    return float("inf")


@wrong("speedup.1", "returns the accuracy")
def steps_to(accuracy, evaluated, target):
    for a in accuracy:
        if a >= target:
            return a
    return float("inf")


@wrong("speedup.1", "greater")
def steps_to(accuracy, evaluated, target):
    return min((s for a, s in zip(accuracy, evaluated) if a > target), default=float("inf"))


@right("speedup.1")
def steps_to(accuracy, evaluated, target):
    return min((s for a, s in zip(accuracy, evaluated) if a >= target), default=np.inf)


wrong("speedup.2", "swapped", (2.4, 3))
wrong("speedup.2", "price left out", (3, 3))
wrong("speedup.2", "price multiplied", (3, 3.75))
wrong("speedup.2", "difference", (800, 5.6))
wrong("speedup.2", "upside down", (1 / 3, 1.25 / 3))
wrong("speedup.2", "0.25 subtracted", (3, 2.75))
wrong("speedup.2", "seconds", (3, 4))
wrong("speedup.2", "percent", (3, 240))
right("speedup.2", (3, 2.4))


@wrong("speedup.3", "the last rate")
def highest_rate(rates, accuracies, target):
    return rates[-1]


@wrong("speedup.3", "first seed")
def highest_rate(rates, accuracies, target):
    return rates[accuracies[:, 0] >= target].max()


@wrong("speedup.3", "median")
def highest_rate(rates, accuracies, target):
    return rates[np.median(accuracies, axis=1) >= target].max()


@wrong("speedup.3", "best seed")
def highest_rate(rates, accuracies, target):
    return rates[accuracies.max(axis=1) >= target].max()


@wrong("speedup.3", "stops at the first failure")
def highest_rate(rates, accuracies, target):
    best = rates[0]
    for r, a in zip(rates, accuracies):
        if not (a >= target).all():
            break
        best = r
    return best


@wrong("speedup.3", "index")
def highest_rate(rates, accuracies, target):
    return np.flatnonzero((accuracies >= target).all(axis=1)).max()


@wrong("speedup.3", "axis 0")
def highest_rate(rates, accuracies, target):
    return rates[(accuracies >= target).all(axis=0)].max()


@wrong("speedup.3", "all usable rates")
def highest_rate(rates, accuracies, target):
    return rates[(accuracies >= target).all(axis=1)]


@wrong("speedup.3", "highest accuracy")
def highest_rate(rates, accuracies, target):
    return rates[accuracies.min(axis=1).argmax()]


@wrong("speedup.3", "strictly")
def highest_rate(rates, accuracies, target):
    return max(r for r, a in zip(rates, accuracies) if min(a) > target)


@right("speedup.3")
def highest_rate(rates, accuracies, target):
    return max(r for r, a in zip(rates, accuracies) if min(a) >= target)


wrong("speedup.4", "from the start", (2.33, 14.76))
wrong("speedup.4", "x30", (2.33, 4.93))
wrong("speedup.4", "upside down", (0.43, 0.158))
wrong("speedup.4", "swapped", (6.33, 2.33))
wrong("speedup.4", "differences", (17.7, 11.2))
wrong("speedup.4", "learning rates", (2.33, 5))
wrong("speedup.4", "whole factor", (14.76, 1))
right("speedup.4", (2.3, 6.3))
right("speedup.4", (31.0 / 13.3, 13.3 / 2.1))
for letter in "acd":
    wrong("speedup.5", f"option {letter}", letter)
