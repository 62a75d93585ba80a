"""One seeded Keras experiment in, one plain result out: `train` makes a `Run` of a `Config`, `sweep` many of them.

Every comparison in the course is made with the same few lines: plain stochastic gradient descent without momentum, so
that what a run shows comes from the network and not from the optimizer.
"""

from .config import PAPER_MLP, Config, combinations
from .experiments import BEST, CHOOSING, DEEPER, DEPTHS, RATES, STORE, SWEEPS, runs
from .loop import accuracy, batch_indices, cross_entropy, sgd_step, train
from .probes import Signal, signal, unchanged
from .run import DIVERGED, DivergenceWarning, Run, from_json, to_json
from .store import complete, load_runs, save_runs, stored_runs, sweep, take

__all__ = [
    "BEST",
    "CHOOSING",
    "DEEPER",
    "DEPTHS",
    "DIVERGED",
    "PAPER_MLP",
    "RATES",
    "STORE",
    "SWEEPS",
    "Config",
    "DivergenceWarning",
    "Run",
    "Signal",
    "accuracy",
    "batch_indices",
    "combinations",
    "complete",
    "cross_entropy",
    "from_json",
    "load_runs",
    "runs",
    "save_runs",
    "sgd_step",
    "signal",
    "stored_runs",
    "sweep",
    "take",
    "to_json",
    "train",
    "unchanged",
]
