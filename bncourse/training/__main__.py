"""`python -m bncourse.training` makes the runs that the store lacks."""

from .experiments import STORE, SWEEPS
from .store import load_runs, save_runs, sweep

if __name__ == "__main__":
    from .. import data

    for base, grid in SWEEPS.values():
        sweep(base, grid, data.load(), store=STORE)
    save_runs(STORE, load_runs(STORE), made_by="python -m bncourse.training")
