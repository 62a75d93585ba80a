"""`python -m bncourse.training` makes the runs that the store lacks."""

import itertools

from .experiments import STORE, SWEEPS
from .store import complete

if __name__ == "__main__":
    from .. import data

    complete(STORE, itertools.chain(*SWEEPS.values()), data.load())
