"""Stored experiments, one whole run of each made again and compared as far as a run can be compared.

Another processor changes the last digits of a run at its second step, and from then on they grow. What holds is the
first loss, the range in which the runs of other seeds ended, and the order of settings that are far apart.
"""

import multiprocessing
import sys
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CALM = 0.15  # by so much final accuracies of a setting's seeds differ at most where a run is not chaotic
MARGIN = 0.12  # by so much a final accuracy may leave the range of the stored seeds
APART = 0.2  # settings whose final accuracies differ by more come out in the same order again


def experiments() -> Iterator[tuple[str, list[str]]]:
    """Each stored experiment, with what is wrong with a run of it that was made again."""
    sys.path.insert(0, str(ROOT))
    from bncourse import data, training

    images = data.load()
    warnings.simplefilter("ignore", training.DivergenceWarning)
    for store, remake in REMADE.items():
        for name, problems in remake(images):
            yield f"{store}.{name}", problems


def of_runs(module, names, images) -> Iterator[tuple[str, list[str]]]:
    """Experiments that are `Run`s, which `module.runs` reads."""
    for name in names:
        yield name, of_settings(module.runs(name), images)


def of_settings(runs, images) -> list[str]:
    """What is wrong with one or two of these runs that are made again."""
    from bncourse import training

    groups = settings(runs)
    again = {config: training.train(groups[config][0].config, images) for config in comparable(groups)}
    return differing(groups, again)


def of_training(images) -> Iterator[tuple[str, list[str]]]:
    from bncourse import training

    yield from of_runs(training, training.SWEEPS, images)


def of_speedup(images) -> Iterator[tuple[str, list[str]]]:
    from bncourse import speedup

    yield from of_runs(speedup, speedup.EXPERIMENTS, images)


def of_shift(images) -> Iterator[tuple[str, list[str]]]:
    from bncourse import shift

    for name in shift.EXPERIMENTS:
        stored = {one.run.config: one for one in shift.measurements(name)}
        config = next(config for config in stored if config.norm == "batch")
        again = shift.measure(config, images)
        problems = differing(settings(one.run for one in stored.values()), {config.replace(seed=0): again.run})
        ratios = {place: again.drift[place].mean() / stored[config].drift[place].mean() for place in shift.PLACES}
        problems += [
            f"drift of {place} is {ratio:.2f} of the stored" for place, ratio in ratios.items() if not 0.5 < ratio < 2
        ]
        yield name, problems


def of_placement(images) -> Iterator[tuple[str, list[str]]]:
    from bncourse import placement

    stored = placement.stored()
    for order in placement.ORDERS:
        seeds = [run for setting, run in stored.items() if setting[:2] == (order, placement.RATES[0])]
        again = placement.place(seeds[0].setting, images)
        accuracy, *accuracies = (run.accuracy[max(run.accuracy)] for run in (again, *seeds))
        yield order, [*first_losses(again.loss[0], seeds[0].loss[0], 1e-3), *ends(accuracy, accuracies)]
    seeds = placement.stored_dropout(placement.DROPOUT_RATES[0])
    again = placement.drop(seeds[0].setting, images)
    yield placement.DROPOUT, list(ends(again.off_batch, (run.off_batch for run in seeds)))


def of_norm_trials(images) -> Iterator[tuple[str, list[str]]]:
    from bncourse import norm_trials

    stored = norm_trials.stored()
    for norm in norm_trials.NORMS:
        rate = norm_trials.best_rate(stored, norm)
        again = norm_trials.trial(norm, rate, norm_trials.REPORTED[0])
        yield norm, list(ends(again, norm_trials.reported(stored, norm)))


def of_small_batches(images) -> Iterator[tuple[str, list[str]]]:
    from bncourse import small_batches

    for name in small_batches.EXPERIMENTS:
        groups = settings(one.run for one in small_batches.runs(name))
        again = {config: small_batches.measure(groups[config][0].config, images).run for config in comparable(groups)}
        yield name, differing(groups, again)


def of_landscape(images) -> Iterator[tuple[str, list[str]]]:
    from bncourse import landscape

    stored = {"turned": landscape.turned(), "disturbed": [run for run, _ in landscape.disturbed()]}
    for name, runs in stored.items():
        yield name, of_settings(runs, images)
    held = landscape.surveys()
    config = next(config for config in held if (config.model, config.norm) == ("cnn_flatten", "batch"))
    again = landscape.survey(config, images, landscape.TARGETS, landscape.RATES)
    counts = [[look.step for look in looks] for looks in (held[config], again)]
    near = all(abs(new - old) <= 30 for old, new in zip(*counts, strict=True))
    yield "surveys", [] if near else [f"the losses were reached after {counts[0]} steps, now {counts[1]}"]


def of_replica_trials(images) -> Iterator[tuple[str, list[str]]]:
    from bncourse import replica_trials

    stored, rate = replica_trials.stored(), max(replica_trials.RATES)
    # TensorFlow divides the processor only before its first operation, and that is over here.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        for name in replica_trials.TRIALS:
            again = pool.submit(replica_trials.trial, name, rate, replica_trials.SEEDS[0]).result()
            yield name, list(ends(again.anew, [stored[name, rate, seed].anew for seed in replica_trials.SEEDS]))


#: What makes runs of each file in bncourse/assets/runs again.
REMADE = {
    "training": of_training,
    "speedup": of_speedup,
    "shift": of_shift,
    "placement": of_placement,
    "norm_trials": of_norm_trials,
    "small_batches": of_small_batches,
    "landscape": of_landscape,
    "replica_trials": of_replica_trials,
}


def settings(runs) -> dict:
    """The runs of each configuration, over its seeds."""
    found = {}
    for run in runs:
        found.setdefault(run.config.replace(seed=0), []).append(run)
    return found


def final(run) -> float:
    return 0.0 if run.diverged else float(run.accuracy[-1])


def spread(runs) -> float:
    """By how much the final accuracies of a setting's seeds differ."""
    return max(map(final, runs)) - min(map(final, runs))


def comparable(groups: dict) -> list:
    """A setting whose runs can be compared, and the same with the other normalization where that is calm too.

    It is the calmest of those that learn anything: one that stays at chance would come out again whatever is wrong.
    """
    learning = {config: group for config, group in groups.items() if min(map(final, group)) > 0.3} or groups
    chosen = min(learning, key=lambda config: spread(learning[config]))
    others = [chosen.replace(norm=norm) for norm in ("none", "batch") if norm != chosen.norm]
    return [chosen, *(other for other in others if other in groups and spread(groups[other]) < CALM)]


def first_losses(again: float, stored: float, tolerance: float) -> Iterator[str]:
    """A sentence if the first loss of a run is another one."""
    if not abs(again - stored) <= tolerance * stored:
        yield f"the first loss was {stored:.4f}, is {again:.4f}"


def ends(again: float, stored: Iterable[float]) -> Iterator[str]:
    """A sentence if a run ends with another accuracy than those of the stored seeds."""
    stored = list(stored)
    low, high = min(stored), max(stored)
    if not low - MARGIN <= again <= high + MARGIN:
        yield f"ends with {again:.2f}, the stored runs with {low:.2f} to {high:.2f}"


def differing(groups: dict, again: dict) -> list[str]:
    """What is wrong with runs made again: their first loss, the range of final accuracies, the order of settings."""
    problems = []
    for config, run in again.items():
        name, first = f"norm={config.norm!r}, learning_rate={config.learning_rate:g}", groups[config][0]
        # Of a single batch, before anything was learned; or the mean of the first steps, in which last digits grow.
        tolerance = 1e-3 if config.loss_every == 1 else 0.15
        found = [*first_losses(run.loss[0], first.loss[0], tolerance), *ends(final(run), map(final, groups[config]))]
        problems += [f"{name}: {problem}" for problem in found]
    if len(again) == 2:
        one, other = again
        gap = final(groups[one][0]) - final(groups[other][0])
        if abs(gap) > APART and gap * (final(again[one]) - final(again[other])) <= 0:
            problems.append("the two settings come out in the other order")
    return problems
