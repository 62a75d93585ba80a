"""The stored runs of the chapter."""

from pathlib import Path

from .._check import require_choice
from .config import PAPER_MLP, Config, combinations
from .run import Run
from .store import stored_runs

#: The runs of the sweeps below, which `runs` reads. `python -m bncourse.training` makes those that are missing.
STORE = Path(__file__).parents[1] / "assets" / "runs" / "training.json"

DEPTHS = (2, 4, 8, 12, 16)
RATES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
#: The network that the chapter makes deeper. Its gain is LeCun's: kernels start with variance 1 / fan-in.
DEEPER = Config(model="cnn_flatten", gain=0.71, depth=2, evaluate_every=150)
#: The same for sweeps of which only the end is shown.
BRIEF = DEEPER.replace(evaluate_every=300, loss_every=50)
#: The rates that the plain network with He's start is offered at each depth; at sixteen layers, `RATES`.
TRIED = {2: (0.05, 0.1, 0.2, 0.5), 4: (0.1, 0.2, 0.5), 8: (0.05, 0.1, 0.2), 12: (0.01, 0.02, 0.05, 0.1)}
#: The rate of the best median there.
BEST = {2: 0.1, 4: 0.2, 8: 0.1, 12: 0.02, 16: 0.02}
CHOOSING, REPORTED = range(3), range(5, 10)  # seeds: the best of several tries is partly luck

SWEEPS = {
    "depth": combinations(DEEPER, {"depth": DEPTHS, "seed": range(5)}),
    "patience": combinations(DEEPER.replace(depth=16, steps=1500), {"seed": range(5)}),
    "rates": combinations(
        BRIEF.replace(depth=16),
        {"norm": ["none", "batch"], "gain": [0.71, 1.0], "learning_rate": RATES, "seed": range(5)},
    ),
    "tuning": [
        config
        for depth, rates in TRIED.items()
        for config in combinations(BRIEF.replace(gain=1.0, depth=depth), {"learning_rate": rates, "seed": CHOOSING})
    ],
    # The plain network at its best, batch norm with the worse start and one rate.
    "tuned": [
        *(
            config
            for depth, rate in BEST.items()
            for config in combinations(BRIEF.replace(gain=1.0, depth=depth, learning_rate=rate), {"seed": REPORTED})
        ),
        *combinations(BRIEF.replace(norm="batch"), {"depth": DEPTHS, "seed": REPORTED}),
    ],
    # The network of the opening, with the seeds of "tuned".
    "as_before": combinations(BRIEF, {"depth": DEPTHS, "seed": REPORTED}),
    # For chapter `shift`: what the starts and rates of its networks are chosen from.
    "sigmoid_rates": [
        config
        for norm, gains in (("none", (1.0, 4.0)), ("batch", (1.0,)))
        for config in combinations(
            PAPER_MLP.replace(norm=norm, steps=600, evaluate_every=600, loss_every=50),
            {"gain": gains, "learning_rate": (0.1, 0.3, 1.0, 3.0), "seed": CHOOSING},
        )
    ],
    "convolution_rates": [
        config
        for norm in ("none", "noise", "batch", "noisy")
        for config in combinations(
            BRIEF.replace(gain=1.0, depth=8, norm=norm),
            {"learning_rate": ((0.02,) if norm == "noise" else ()) + (0.05, 0.1, 0.2), "seed": CHOOSING},
        )
    ],
    # For the picture on the site's first page, beside the deepest runs of "depth".
    "race": combinations(DEEPER.replace(norm="batch", depth=16), {"seed": range(5)}),
}


def runs(name: str) -> list[Run]:
    """The stored runs of one of `SWEEPS`, in its order.

    Raises:
        ValueError: if there is no sweep of that name.
        LookupError: as `stored_runs`.
    """
    require_choice(name, SWEEPS, "name")
    return stored_runs(STORE, SWEEPS[name])
