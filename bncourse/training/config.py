"""Everything that a run depends on beside the data."""

import dataclasses
import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass

import keras

from .. import models
from .._check import require_choice, require_integer, require_number


@dataclass(frozen=True)
class Config:
    """Everything that a run depends on beside the data: the network, the optimizer, the seed.

    `model`, `norm`, `depth`, `width`, `gain`, `activation`, `momentum` and `ghost` are explained in `bncourse.models`.
    `learning_rate` and `batch_size` (images) are those of SGD without momentum; a run takes `steps` batches and
    measures the test accuracy after every `evaluate_every` of them and after the last. `seed` sets the initial weights,
    the batches and any noise. What is kept of the loss is its mean over every `loss_every` steps.

    Raises:
        TypeError: if a field is not of its type: 2.5 steps.
        ValueError: if a number is out of its range, or a name is unknown.

    >>> Config(depth=4).replace(seed=1).depth
    4
    >>> Config(activation="rleu")
    Traceback (most recent call last):
    ValueError: expected activation to be one that keras.activations has, received 'rleu'
    """

    model: str = "cnn"
    norm: str = "none"
    depth: int = 8
    width: int = 8
    gain: float = 1.0
    activation: str = "relu"
    momentum: float = 0.9
    ghost: int = 0
    learning_rate: float = 0.1
    batch_size: int = 32
    steps: int = 300
    evaluate_every: int = 100
    loss_every: int = 1
    seed: int = 0

    def __post_init__(self):
        require_choice(self.model, models.MODELS, "model")
        require_choice(self.norm, models.NORMS, "norm")
        models.require_activation(self.activation)
        for name in ("depth", "width", "batch_size", "steps", "evaluate_every", "loss_every"):
            require_integer(getattr(self, name), 1, name)
        require_integer(self.seed, 0, "seed")
        require_integer(self.ghost, 0, "ghost")
        if self.ghost and self.batch_size % self.ghost:
            raise ValueError(f"expected ghost to divide batch_size {self.batch_size}, received {self.ghost}")
        require_number(self.momentum, 0, 1, "momentum")
        for name in ("learning_rate", "gain"):
            require_number(getattr(self, name), 0, math.inf, name)
            if getattr(self, name) in (0, math.inf):
                raise ValueError(f"expected {name} to be positive and finite, received {getattr(self, name)}")

    def replace(self, **changes) -> "Config":
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def build(self, input_shape=(28, 28, 1), classes: int = 10) -> keras.Model:
        """The untrained network, the same at every call: Keras's random numbers are seeded with `seed` first."""
        keras.utils.set_random_seed(self.seed)
        names = ("norm", "depth", "width", "gain", "activation", "momentum", "ghost")
        chosen = {name: getattr(self, name) for name in names}
        return models.MODELS[self.model](**chosen, input_shape=input_shape, classes=classes)


#: The network and batch size of the first figure of Ioffe & Szegedy 2015; its learning rate is our choice.
PAPER_MLP = Config(model="mlp", depth=3, width=100, activation="sigmoid", batch_size=60, learning_rate=0.1)


def combinations(base: Config, grid: dict[str, Iterable]) -> list[Config]:
    """`base` with each combination of the values in `grid`, the last name changing fastest.

    Raises:
        ValueError: if a name in `grid` is no field of `Config`, or a value is out of its range.

    >>> [(config.norm, config.seed) for config in combinations(Config(), {"norm": ["none", "batch"], "seed": range(2)})]
    [('none', 0), ('none', 1), ('batch', 0), ('batch', 1)]
    """
    unknown = sorted(set(grid) - {f.name for f in dataclasses.fields(Config)})
    if unknown:
        raise ValueError(f"expected grid to name fields of Config, received {', '.join(unknown)}")
    return [base.replace(**dict(zip(grid, values, strict=True))) for values in itertools.product(*grid.values())]
