"""One seeded Keras experiment in, one plain result out: `train` makes a `Run` of a `Config`, `sweep` many of them.

Every comparison in the course is made with the same few lines: plain stochastic gradient descent without momentum, so
that what a run shows comes from the network and not from the optimizer.
"""

import contextlib
import dataclasses
import itertools
import json
import math
import os
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from . import models
from ._check import require_not_empty

#: A run has diverged when its loss is no longer a number, or this many times what it was at the start (or at chance).
DIVERGED = 100.0


class DivergenceWarning(RuntimeWarning):
    """A run was ended early because its loss blew up."""


@dataclass(frozen=True)
class Config:
    """Everything that a run depends on beside the data: the network, the optimizer, the seed.

    `model`, `norm`, `depth`, `width`, `gain`, `activation` and `momentum` are explained in `bncourse.models`.
    `learning_rate` and `batch_size` (images) are those of SGD without momentum; a run takes `steps` batches and
    measures the test accuracy after every `evaluate_every` of them and after the last. `seed` sets the initial weights,
    the batches and any noise.

    Raises:
        ValueError: if a number is out of its range.
    """

    model: str = "cnn"
    norm: str = "none"
    depth: int = 8
    width: int = 8
    gain: float = 1.0
    activation: str = "relu"
    momentum: float = 0.9
    learning_rate: float = 0.1
    batch_size: int = 32
    steps: int = 300
    evaluate_every: int = 100
    seed: int = 0

    def __post_init__(self):
        if self.model not in models.MODELS:
            raise ValueError(f"expected model to be one of {', '.join(models.MODELS)}, received {self.model!r}")
        if self.norm not in models.NORMS:
            raise ValueError(f"expected norm to be one of {', '.join(models.NORMS)}, received {self.norm!r}")
        for name in ("depth", "width", "batch_size", "steps", "evaluate_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"expected {name} of at least 1, received {getattr(self, name)}")
        for name in ("learning_rate", "gain"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"expected {name} to be positive and finite, received {getattr(self, name)}")

    def replace(self, **changes) -> "Config":
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def build(self, input_shape=(28, 28, 1), classes: int = 10) -> keras.Model:
        """The untrained network, the same at every call: Keras's random numbers are seeded with `seed` first."""
        keras.utils.set_random_seed(self.seed)
        names = ("norm", "depth", "width", "gain", "activation", "momentum")
        chosen = {name: getattr(self, name) for name in names}
        return models.MODELS[self.model](**chosen, input_shape=input_shape, classes=classes)


#: The runs of the sweeps below, which `runs` reads. `python -m bncourse.training` makes those that are missing.
STORE = Path(__file__).parent / "assets" / "runs" / "training.json"

#: The network that the chapter makes deeper. Its gain is LeCun's: kernels start with variance 1 / fan-in.
DEEPER = Config(model="cnn_flatten", gain=0.71, depth=2, evaluate_every=150)

SWEEPS = {
    "depth": (DEEPER, {"norm": ["none"], "depth": [2, 4, 8, 12, 16], "seed": range(5)}),
    "learning_rate": (DEEPER, {"depth": [16], "learning_rate": [0.01, 0.03, 0.1, 0.3, 1.0], "seed": range(3)}),
    "gain": (DEEPER, {"gain": [1.0], "depth": [2, 4, 8, 12, 16], "seed": range(5)}),
    "patience": (DEEPER, {"depth": [16], "steps": [1500], "seed": range(3)}),
    "norm": (DEEPER, {"norm": ["batch"], "depth": [2, 4, 8, 12, 16], "seed": range(3)}),
}

#: The network and batch size of the first figure of Ioffe & Szegedy 2015; its learning rate is our choice.
PAPER_MLP = Config(model="mlp", depth=3, width=100, activation="sigmoid", batch_size=60, learning_rate=0.1)


@dataclass(frozen=True, eq=False)
class Run:
    """What became of a `Config`. Two runs are equal if all their numbers are.

    `loss` (steps,) float32: mean cross-entropy in nats of each step's batch, measured before the step. All are finite.
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
        if self.diverged:
            return (
                f"{setting}: diverged after {len(self.loss)} steps, the loss not a number or {DIVERGED:.0f} times what "
                f"it was; try a learning rate below {self.config.learning_rate:g}"
            )
        return f"{setting}: {len(self.loss)} steps, test accuracy {self.accuracy[-1]:.3f}"


def batches(count: int, batch_size: int, steps: int, seed: int) -> np.ndarray:
    """Each step's images, (steps, batch_size) indices below `count`: shuffled anew in each pass, none twice in one."""
    generator = np.random.default_rng(seed)
    per_pass = count // batch_size
    passes = -(-steps // per_pass)
    order = [generator.permutation(count)[: per_pass * batch_size] for _ in range(passes)]
    return np.concatenate(order).reshape(-1, batch_size)[:steps]


def cross_entropy(labels, logits) -> tf.Tensor:
    """Mean cross-entropy in nats, a scalar, of labels (N,) and logits (N, classes)."""
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))


def accuracy(model: keras.Model, images, labels) -> float:
    """The share of `images` (N, H, W, C) classified as `labels` (N,) say, in inference mode; NaN if a logit is."""
    parts = [model(images[start : start + 500], training=False) for start in range(0, len(images), 500)]
    logits = np.concatenate(parts)
    return float(np.mean(logits.argmax(axis=-1) == labels)) if np.isfinite(logits).all() else math.nan


@contextlib.contextmanager
def unchanged(model: keras.Model):
    """Whatever is computed inside, moving statistics and random states of `model` come out as they went in."""
    before = [variable.numpy() for variable in model.non_trainable_variables]
    try:
        yield
    finally:
        for variable, value in zip(model.non_trainable_variables, before, strict=True):
            variable.assign(value)


class Signal(NamedTuple):
    """How much of the images reaches each hidden layer, and how much of the loss comes back: see `signal`."""

    activations: np.ndarray
    gradients: np.ndarray


def signal(model: keras.Sequential, images, labels) -> Signal:
    """What passes through the network, forward and backward, measured at the output of every nonlinearity.

    Args:
        model: a network of `bncourse.models`, with its layers in a row.
        images: (N, H, W, C), N > 1; they are taken as one batch, in training mode.
        labels: (N,).

    Returns:
        `activations` (depth,): the standard deviation over the images, root mean square of all units. An output that is
        the same for every image has 0: it says nothing about them.
        `gradients` (depth,): the gradient of one image's loss by the output, root mean square of all units.
    """
    outputs, x = [], tf.constant(images)
    with unchanged(model), tf.GradientTape() as tape:
        for layer in model.layers:
            x = layer(x, training=True)
            if layer.name.startswith("activation"):
                tape.watch(x)
                outputs.append(x)
        loss = cross_entropy(labels, x)
    gradients = [len(images) * gradient for gradient in tape.gradient(loss, outputs)]  # the loss is a mean over images
    return Signal(
        np.array([np.sqrt(np.mean(np.var(output, axis=0))) for output in outputs]),
        np.array([np.sqrt(np.mean(np.square(gradient))) for gradient in gradients]),
    )


def train(config: Config, data, *, watch: Callable[[int, keras.Model], None] | None = None) -> Run:
    """Train the network of `config` on `data`; the same call gives the same run on the same machine.

    Args:
        data: a `bncourse.data.Data`.
        watch: called as `watch(step, model)` before the first step and after each evaluation, to look inside.

    Raises:
        ValueError: if there are fewer training images than a batch needs, or no test image.

    Warns:
        DivergenceWarning: if the loss blew up; the run is ended there, and its `diverged` is true.
    """
    _check_data(config, data)
    with _progress(config.steps) as bar:
        run = _train(config, data, watch, bar)
    if run.diverged:
        warnings.warn(str(run), DivergenceWarning, stacklevel=2)
    return run


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
        _check_data(config, data)
    finished = load_runs(store) if store is not None and Path(store).exists() else []
    done = {run.config: run for run in finished}
    missing = [config for config in dict.fromkeys(configs) if config not in done]
    with _progress(sum(config.steps for config in missing)) as bar:
        for config in missing:
            done[config] = _train(config, data, None, bar)
            if store is not None:
                save_runs(store, done.values())
    return [done[config] for config in configs]


def combinations(base: Config, grid: dict[str, Iterable]) -> list[Config]:
    """`base` with each combination of the values in `grid`, the last name changing fastest.

    Raises:
        ValueError: if a name in `grid` is no field of `Config`, or a value is out of its range.
    """
    unknown = sorted(set(grid) - {f.name for f in dataclasses.fields(Config)})
    if unknown:
        raise ValueError(f"expected grid to name fields of Config, received {', '.join(unknown)}")
    return [base.replace(**dict(zip(grid, values, strict=True))) for values in itertools.product(*grid.values())]


def runs(name: str) -> list[Run]:
    """The stored runs of one of `SWEEPS`, in the order of its grid.

    Raises:
        ValueError: if there is no sweep of that name.
        LookupError: as `stored_runs`.
    """
    if name not in SWEEPS:
        raise ValueError(f"expected name to be one of {', '.join(SWEEPS)}, received {name!r}")
    return stored_runs(STORE, *SWEEPS[name])


def stored_runs(store: Path, base: Config, grid: dict[str, Iterable]) -> list[Run]:
    """The runs of a sweep from the file of finished runs that the module of the file's name makes; none is made here.

    Raises:
        LookupError: if a run is not there; the message names the command that makes it.
    """
    held = {run.config: run for run in load_runs(store)} if store.exists() else {}
    return take(held, combinations(base, grid), store)


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


def to_json(run: Run) -> dict:
    """A run as plain numbers, lists and dictionaries; `from_json` makes an equal run of them."""
    return {
        "config": dataclasses.asdict(run.config),
        "loss": [float(str(loss)) for loss in run.loss],  # the shortest decimal that gives back the same float32
        "accuracy": run.accuracy.tolist(),
        "evaluated": run.evaluated.tolist(),
        "diverged": run.diverged,
    }


def from_json(stored: dict) -> Run:
    """The run that `to_json` made plain."""
    return Run(
        Config(**stored["config"]),
        np.array(stored["loss"], np.float32),
        np.array(stored["accuracy"], np.float64),
        np.array(stored["evaluated"], np.int64),
        stored["diverged"],
    )


def _check_data(config: Config, data) -> None:
    require_not_empty(np.asarray(data.train_images), "train_images")
    require_not_empty(np.asarray(data.test_images), "test_images")
    if config.batch_size > len(data.train_images):
        raise ValueError(
            f"expected batch_size of at most {len(data.train_images)}, the number of training images, "
            f"received {config.batch_size}"
        )


class _NoBar:
    """Stands in for the progress bar where tqdm is missing."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def update(self):
        pass

    def set_postfix(self, **shown):
        pass


def _progress(steps: int):
    """A bar on standard error, for work that takes longer than two seconds."""
    try:
        from tqdm import tqdm
    except ImportError:
        return _NoBar()
    return tqdm(total=steps, unit=" steps", delay=2, mininterval=0.5, leave=False)


def _train(config: Config, data, watch, bar) -> Run:
    classes = len(data.class_names)
    model = config.build(data.train_images.shape[1:], classes)
    images, labels = tf.constant(data.train_images), tf.constant(data.train_labels, tf.int32)

    def step(chosen):
        with tf.GradientTape() as tape:
            loss = cross_entropy(tf.gather(labels, chosen), model(tf.gather(images, chosen), training=True))
        weights = model.trainable_variables
        for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
            weight.assign_sub(config.learning_rate * gradient)
        return loss

    step = tf.function(step).get_concrete_function(tf.TensorSpec([config.batch_size], tf.int64))
    losses, accuracies, evaluated, diverged = [], [], [], False
    if watch:
        watch(0, model)
    for done, chosen in enumerate(batches(len(images), config.batch_size, config.steps, config.seed), start=1):
        loss = step(tf.constant(chosen)).numpy()
        limit = DIVERGED * max(losses[0], math.log(classes)) if losses else math.inf
        if np.isfinite(loss):
            losses.append(loss)
        if diverged := not (np.isfinite(loss) and loss <= limit):
            break
        bar.update()
        if done % config.evaluate_every == 0 or done == config.steps:
            measured = accuracy(model, data.test_images, data.test_labels)
            if diverged := math.isnan(measured):
                break
            accuracies.append(measured)
            evaluated.append(done)
            bar.set_postfix(loss=f"{loss:.2f}", accuracy=f"{measured:.2f}", refresh=False)
            if watch:
                watch(done, model)
    return Run(
        config,
        np.array(losses, np.float32),
        np.array(accuracies, np.float64),
        np.array(evaluated, np.int64),
        diverged,
    )


if __name__ == "__main__":
    from . import data

    for base, grid in SWEEPS.values():
        sweep(base, grid, data.load(), store=STORE)
    save_runs(STORE, load_runs(STORE), made_by="python -m bncourse.training")
