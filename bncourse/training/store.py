"""Files of finished runs: what makes them, and what reads them and never writes."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from .config import Config, combinations
from .loop import check_data, progress, run_steps
from .run import Run, from_json, to_json


def sweep(base: Config, grid: dict[str, Iterable], data, *, store: str | os.PathLike | None = None) -> list[Run]:
    """One run for each combination of the values in `grid`, the last name changing fastest.

    Args:
        grid: fields of `Config` and the values each takes, as in `{"norm": ["none", "batch"], "seed": range(3)}`.
        store: a JSON file of finished runs. Runs that it holds are not made again; each new one is added when it ends.

    Raises:
        ValueError: if a name in `grid` is no field of `Config`, a value is out of its range, or the data too small.
    """
    configs = combinations(base, grid)
    for config in configs:
        check_data(config, data)
    finished = load_runs(store) if store is not None and Path(store).exists() else []
    done = {run.config: run for run in finished}
    missing = [config for config in dict.fromkeys(configs) if config not in done]
    with progress(sum(config.steps for config in missing)) as bar:
        for config in missing:
            done[config] = run_steps(config, data, None, bar)
            if store is not None:
                save_runs(store, done.values())
    return [done[config] for config in configs]


def stored_runs(store: Path, configs: Iterable[Config]) -> list[Run]:
    """The runs of these configurations, in their order, from the file of finished runs that the module
    of the file's name makes; none is made here.

    Raises:
        LookupError: if a run is not there; the message names the command that makes it.
    """
    held = {run.config: run for run in load_runs(store)} if store.exists() else {}
    return take(held, list(configs), store)


def take(held: dict, configs: list[Config], store: Path) -> list:
    """What a store holds for each of these configurations.

    Raises:
        LookupError: as `stored_runs`.
    """
    missing = [config for config in configs if config not in held]
    if missing:
        raise LookupError(
            f"{store.name} lacks {len(missing)} of {len(configs)} runs: `python -m bncourse.{store.stem}` makes them"
        )
    return [held[config] for config in configs]


def complete(store: Path, configs: Iterable[Config], data) -> None:
    """Make the runs that the file lacks, and drop those that it holds beside `configs`."""
    wanted, made_by = list(dict.fromkeys(configs)), f"python -m bncourse.{store.stem}"
    held = {run.config: run for run in load_runs(store)} if store.exists() else {}
    missing = [config for config in wanted if config not in held]
    with progress(sum(config.steps for config in missing)) as bar:
        for config in missing:
            held[config] = run_steps(config, data, None, bar)
            save_runs(store, held.values(), made_by=made_by)
    save_runs(store, [held[config] for config in wanted], made_by=made_by)


def save_runs(path: str | os.PathLike, runs: Iterable[Run], *, made_by: str = "") -> None:
    """Write runs to a JSON file, whole or not at all, unrounded; `made_by` is the command that makes them again."""
    path = Path(path)
    made_by = made_by or (json.loads(path.read_text())["made_by"] if path.exists() else "")
    lines = ",\n".join(json.dumps(to_json(run), allow_nan=False) for run in runs)
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(f'{{"made_by": {json.dumps(made_by)}, "runs": [\n{lines}\n]}}\n')
    unfinished.replace(path)


def load_runs(path: str | os.PathLike) -> list[Run]:
    """The runs of a file that `save_runs` wrote, equal to what they were."""
    return [from_json(stored) for stored in json.loads(Path(path).read_text())["runs"]]
