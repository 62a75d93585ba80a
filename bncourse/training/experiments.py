"""The stored runs of the chapter."""

from pathlib import Path

from .._check import require_choice
from .config import Config
from .run import Run
from .store import stored_runs

#: The runs of the sweeps below, which `runs` reads. `python -m bncourse.training` makes those that are missing.
STORE = Path(__file__).parents[1] / "assets" / "runs" / "training.json"

#: The network that the chapter makes deeper. Its gain is LeCun's: kernels start with variance 1 / fan-in.
DEEPER = Config(model="cnn_flatten", gain=0.71, depth=2, evaluate_every=150)
SWEEPS = {
    "depth": (DEEPER, {"norm": ["none"], "depth": [2, 4, 8, 12, 16], "seed": range(5)}),
    "learning_rate": (DEEPER, {"depth": [16], "learning_rate": [0.01, 0.03, 0.1, 0.3, 1.0], "seed": range(3)}),
    "gain": (DEEPER, {"gain": [1.0], "depth": [2, 4, 8, 12, 16], "seed": range(5)}),
    "patience": (DEEPER, {"depth": [16], "steps": [1500], "seed": range(3)}),
    "norm": (DEEPER, {"norm": ["batch"], "depth": [2, 4, 8, 12, 16], "seed": range(3)}),
}


def runs(name: str) -> list[Run]:
    """The stored runs of one of `SWEEPS`, in the order of its grid.

    Raises:
        ValueError: if there is no sweep of that name.
        LookupError: as `stored_runs`.
    """
    require_choice(name, SWEEPS, "name")
    return stored_runs(STORE, *SWEEPS[name])
