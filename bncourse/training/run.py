"""What became of a configuration: plain numbers, which survive a file unrounded."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from .config import Config

#: A run has diverged when its loss is no longer a number, or this many times what it was at the start (or at chance).
DIVERGED = 100.0


class DivergenceWarning(RuntimeWarning):
    """A run was ended early because its loss blew up."""


@dataclass(frozen=True, eq=False)
class Run:
    """What became of a `Config`. Two runs are equal if all their numbers are.

    `loss` (steps,) float32: mean cross-entropy in nats of each step's batch, measured before the step. All are finite.
    Where the config's `loss_every` is above 1, these are means over so many steps (over fewer at the end).
    `accuracy` (evaluations,) float64: the share of test images classified right, in inference mode.
    `evaluated` (evaluations,) int64: the number of steps taken before each evaluation.
    `diverged`: the run was ended early, because the loss was not finite, or 100 times as high as at the start or at
    chance (the higher of the two).
    """

    config: Config
    loss: np.ndarray
    accuracy: np.ndarray
    evaluated: np.ndarray
    diverged: bool = False

    def __eq__(self, other):
        return isinstance(other, Run) and to_json(self) == to_json(other)

    def __str__(self):
        differing = [f for f in dataclasses.fields(Config) if getattr(self.config, f.name) != f.default]
        setting = ", ".join(f"{f.name}={getattr(self.config, f.name)!r}" for f in differing) or "default"
        steps = min(len(self.loss) * self.config.loss_every, self.config.steps)
        if self.diverged:
            return (
                f"{setting}: diverged after {steps} steps, the loss not a number or {DIVERGED:.0f} times what "
                f"it was; try a learning rate below {self.config.learning_rate:g}"
            )
        return f"{setting}: {steps} steps, test accuracy {self.accuracy[-1]:.3f}"


def to_json(run: Run) -> dict:
    """A run as plain numbers, lists and dictionaries; `from_json` makes an equal run of them."""
    return {
        "config": dataclasses.asdict(run.config),
        "loss": [float(str(loss)) for loss in run.loss],  # the shortest decimal that gives back the same float32
        "accuracy": run.accuracy.tolist(),
        "evaluated": run.evaluated.tolist(),
        "diverged": run.diverged,
    }


def from_json(stored: dict, configuration: type[Config] = Config) -> Run:
    """The run that `to_json` made plain; its configuration is a `Config`, or of a class that extends it."""
    return Run(
        configuration(**stored["config"]),
        np.array(stored["loss"], np.float32),
        np.array(stored["accuracy"], np.float64),
        np.array(stored["evaluated"], np.int64),
        stored["diverged"],
    )
