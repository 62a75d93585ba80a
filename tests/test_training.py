"""`bncourse.training` against its promises: seeded, lossless, never a crash or a silent NaN."""

import itertools
import json
import re
import sys
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from bncourse import data, models
from bncourse.training import (
    BEST,
    CHOOSING,
    PAPER_MLP,
    STORE,
    SWEEPS,
    Config,
    DivergenceWarning,
    Run,
    accuracy,
    batch_indices,
    complete,
    cross_entropy,
    load_runs,
    runs,
    save_runs,
    signal,
    stored_runs,
    sweep,
    train,
    unchanged,
)

TINY = Config(model="mlp", activation="sigmoid", depth=1, width=8, batch_size=8, steps=6, evaluate_every=3)


@pytest.fixture(scope="module")
def images():
    """The first 64 training and 40 test images."""
    full = data.load()
    return full._replace(
        train_images=full.train_images[:64],
        train_labels=full.train_labels[:64],
        test_images=full.test_images[:40],
        test_labels=full.test_labels[:40],
    )


def test_the_same_config_gives_the_same_run(images):
    assert train(TINY, images) == train(TINY, images)


def test_training_runs_where_there_is_no_progress_bar(images, monkeypatch):
    with_bar = train(TINY, images)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert train(TINY, images) == with_bar


@pytest.mark.parametrize("norm", models.NORMS)
def test_another_seed_gives_another_run(images, norm):
    config = TINY.replace(norm=norm)
    assert train(config, images) != train(config.replace(seed=1), images)


def test_a_run_has_a_loss_for_each_step_and_an_accuracy_for_each_evaluation(images):
    run = train(TINY.replace(steps=7), images)
    assert run.loss.shape == (7,) and run.loss.dtype == np.float32 and not run.diverged
    assert run.evaluated.tolist() == [3, 6, 7]
    assert run.accuracy.shape == (3,) and ((run.accuracy >= 0) & (run.accuracy <= 1)).all()


def test_a_thinned_loss_is_the_mean_of_so_many_steps(images):
    whole = train(TINY.replace(steps=7), images)
    thinned = train(TINY.replace(steps=7, loss_every=3), images)
    np.testing.assert_allclose(thinned.loss, [whole.loss[:3].mean(), whole.loss[3:6].mean(), whole.loss[6]], rtol=1e-6)
    np.testing.assert_array_equal(thinned.accuracy, whole.accuracy)
    assert "7 steps" in str(thinned)


def test_training_is_what_keras_does_with_sgd(images):
    """Oracle: Keras's own optimizer and `train_on_batch`, fed the same batches."""
    config = TINY.replace(norm="batch", learning_rate=0.3)
    run = train(config, images)
    model = config.build()
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(tf.keras.optimizers.SGD(config.learning_rate), loss)
    expected = []
    for chosen in batch_indices(64, config.batch_size, config.steps, config.seed):
        model.reset_metrics()
        expected.append(model.train_on_batch(images.train_images[chosen], images.train_labels[chosen]))
    np.testing.assert_allclose(run.loss, expected, rtol=1e-4)
    logits = model.predict(images.test_images, verbose=0)
    assert run.accuracy[-1] == np.mean(logits.argmax(axis=1) == images.test_labels)


def test_cross_entropy_at_chance_is_the_logarithm_of_the_number_of_classes():
    assert np.isclose(cross_entropy(tf.constant([0, 3]), tf.zeros((2, 10))), np.log(10))


def test_each_pass_sees_no_image_twice():
    chosen = batch_indices(10, 4, 5, seed=0)
    assert chosen.shape == (5, 4)
    for one_pass in (chosen[:2], chosen[2:4]):
        assert len(np.unique(one_pass)) == 8
    assert not np.array_equal(chosen[:2], chosen[2:4])
    assert batch_indices(10, 10, 1, seed=0).shape == (1, 10)


def test_accuracy_of_a_model_that_says_nan_is_nan():
    def broken(images, training):
        return np.full((len(images), 10), np.nan)

    assert np.isnan(accuracy(broken, np.zeros((3, 28, 28, 1)), np.zeros(3)))


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("base", [Config(depth=2, steps=20), PAPER_MLP.replace(steps=20)])
def test_a_learning_rate_of_a_million_is_reported_as_divergence(images, base, norm):
    config = base.replace(norm=norm, learning_rate=1e6, batch_size=8)
    with pytest.warns(DivergenceWarning, match=r"diverged after \d+ steps.*try a learning rate below 1e\+06"):
        run = train(config, images)
    assert run.diverged and len(run.loss) < config.steps
    assert np.isfinite(run.loss).all() and np.isfinite(run.accuracy).all()


def test_a_blow_up_in_the_last_step_is_divergence_too(images):
    """The loss is measured before a step, so only the evaluation can see what the last step did."""
    with pytest.warns(DivergenceWarning):
        run = train(TINY.replace(activation="relu", depth=3, steps=1, learning_rate=1e30), images)
    assert run.diverged and len(run.loss) == 1 and len(run.accuracy) == 0


def test_a_large_first_loss_alone_is_no_divergence(images):
    run = train(TINY.replace(activation="relu", depth=2, gain=100.0, learning_rate=1e-9), images)
    assert run.loss[0] > 100 * np.log(10) and not run.diverged


@pytest.mark.parametrize("part", ["train", "test"])
def test_an_empty_data_set_is_refused(images, part):
    empty = {f"{part}_images": np.zeros((0, 28, 28, 1), np.float32), f"{part}_labels": np.zeros(0, np.int64)}
    message = rf"expected {part}_images with at least one element, received shape \(0, 28, 28, 1\)"
    with pytest.raises(ValueError, match=message):
        train(TINY, images._replace(**empty))
    with pytest.raises(ValueError, match=message):
        sweep(TINY, {}, images._replace(**empty))


def test_a_batch_larger_than_the_data_is_refused(images):
    with pytest.raises(ValueError, match="expected batch_size of at most 64, .* received 65"):
        train(TINY.replace(batch_size=65), images)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"model": "resnet"}, "expected model to be one of cnn, cnn_flatten, mlp, received 'resnet'"),
        ({"norm": "btach"}, "expected norm to be one of none, batch, noisy, noise, group, layer, received 'btach'"),
        ({"steps": 0}, "expected steps of at least 1, received 0"),
        ({"batch_size": -1}, "expected batch_size of at least 1, received -1"),
        ({"learning_rate": float("nan")}, "expected learning_rate between 0 and inf, received nan"),
        ({"learning_rate": float("inf")}, "expected learning_rate to be positive and finite, received inf"),
        ({"learning_rate": -0.1}, "expected learning_rate between 0 and inf, received -0.1"),
        ({"gain": 0}, "expected gain to be positive and finite, received 0"),
        ({"momentum": 5}, "expected momentum between 0 and 1, received 5"),
        ({"seed": -1}, "expected seed of at least 0, received -1"),
        ({"batch_size": 8, "ghost": 3}, "expected ghost to divide batch_size 8, received 3"),
        ({"activation": "rleu"}, "expected activation to be one that keras.activations has, received 'rleu'"),
        ({"activation": None}, "expected activation to be one that keras.activations has, received None"),
    ],
)
def test_a_config_refuses_what_makes_no_sense(wrong, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Config(**wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 2.5}, "expected steps to be an integer, received 2.5"),
        ({"depth": True}, "expected depth to be an integer, received True"),
        ({"width": "8"}, "expected width to be an integer, received '8'"),
        ({"momentum": True}, "expected momentum to be a real number, received True"),
        ({"learning_rate": "0.1"}, "expected learning_rate to be a real number, received '0.1'"),
        ({"gain": None}, "expected gain to be a real number, received None"),
    ],
)
def test_a_config_refuses_another_type(wrong, message):
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        Config(**wrong)


def test_a_config_never_changes_and_serves_as_a_key():
    with pytest.raises(AttributeError):
        TINY.seed = 3
    assert {TINY: 1}[TINY.replace()] == 1 and TINY.replace(seed=1) != TINY


def test_a_built_network_depends_on_the_seed_alone():
    first, again, other = (Config(depth=1, seed=seed).build().get_weights() for seed in (0, 0, 1))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first[0], other[0])


def test_watch_sees_the_network_before_the_first_step_and_at_each_evaluation(images):
    seen = []
    run = train(TINY, images, watch=lambda step, model: seen.append((step, model.get_weights()[0].copy())))
    assert [step for step, _ in seen] == [0, *run.evaluated]
    np.testing.assert_array_equal(seen[0][1], TINY.build().get_weights()[0])
    assert not np.array_equal(seen[0][1], seen[1][1])


def test_watching_changes_nothing(images):
    assert train(TINY, images, watch=lambda step, model: model(images.test_images)) == train(TINY, images)


def test_runs_come_back_from_disk_as_they_were(images, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)
        runs = [train(TINY, images), train(TINY.replace(learning_rate=1e6), images)]
    assert runs[1].diverged
    save_runs(tmp_path / "runs.json", runs, made_by="a command")
    loaded = load_runs(tmp_path / "runs.json")
    assert loaded == runs
    for before, after in zip(runs, loaded, strict=True):
        assert (after.loss.dtype, after.accuracy.dtype) == (before.loss.dtype, before.accuracy.dtype)
        np.testing.assert_array_equal(before.loss, after.loss)
    assert json.loads((tmp_path / "runs.json").read_text())["made_by"] == "a command"
    assert [path.name for path in tmp_path.iterdir()] == ["runs.json"]


def test_any_float32_loss_survives_the_disk(tmp_path):
    bits = np.random.default_rng(0).integers(0, 0x7F800000, 10_000, dtype=np.uint32)
    loss = bits.view(np.float32)
    save_runs(tmp_path / "run.json", [Run(TINY, loss, np.array([1 / 3]), np.array([6]))])
    (loaded,) = load_runs(tmp_path / "run.json")
    np.testing.assert_array_equal(loaded.loss, loss)
    assert loaded.accuracy[0] == 1 / 3


def test_a_sweep_runs_every_combination_in_order(images):
    runs = sweep(TINY, {"norm": ["none", "batch"], "seed": range(2)}, images)
    assert [(run.config.norm, run.config.seed) for run in runs] == [
        ("none", 0),
        ("none", 1),
        ("batch", 0),
        ("batch", 1),
    ]
    assert runs[2] == train(TINY.replace(norm="batch"), images)


def test_a_sweep_does_not_repeat_what_its_store_holds(images, tmp_path, monkeypatch):
    store = tmp_path / "runs.json"
    first = sweep(TINY, {"seed": [0, 1]}, images, store=store)
    save_runs(store, load_runs(store), made_by="a command")
    built = []
    build = Config.build
    monkeypatch.setattr(Config, "build", lambda config, *shape: built.append(config.seed) or build(config, *shape))
    again = sweep(TINY, {"seed": [1, 2, 2]}, images, store=store)
    assert built == [2]
    assert again[0] == first[1] and again[1] is again[2]
    assert [run.config.seed for run in load_runs(store)] == [0, 1, 2]
    assert json.loads(store.read_text())["made_by"] == "a command"


def test_an_interrupted_sweep_keeps_what_is_finished(images, tmp_path, monkeypatch):
    store = tmp_path / "runs.json"
    build = Config.build

    def interrupted(config, *shape):
        if config.seed == 1:
            raise KeyboardInterrupt
        return build(config, *shape)

    monkeypatch.setattr(Config, "build", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sweep(TINY, {"seed": [0, 1]}, images, store=store)
    assert [run.config.seed for run in load_runs(store)] == [0]


def test_a_sweep_goes_on_after_a_divergence_and_keeps_it(images, tmp_path):
    grid = {"learning_rate": [1e6, 0.1]}
    with warnings.catch_warnings():
        warnings.simplefilter("error", DivergenceWarning)  # a sweep tells by `diverged` alone
        runs = sweep(TINY, grid, images, store=tmp_path / "runs.json")
    assert [run.diverged for run in runs] == [True, False]
    assert load_runs(tmp_path / "runs.json") == runs


def test_a_sweep_over_an_unknown_field_is_refused(images):
    with pytest.raises(ValueError, match="expected grid to name fields of Config, received lr"):
        sweep(TINY, {"lr": [0.1]}, images)


def test_a_run_tells_its_story_in_one_line(images):
    story = str(train(TINY, images))
    assert story.startswith(
        "model='mlp', depth=1, activation='sigmoid', batch_size=8, steps=6, evaluate_every=3: 6 steps"
    )


def test_watching_moving_statistics_and_noise_leaves_them_alone(images):
    model = TINY.replace(norm="noisy").build()
    before = [variable.numpy() for variable in model.non_trainable_variables]
    with unchanged(model):
        model(images.test_images, training=True)
    for variable, value in zip(model.non_trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_signal_agrees_with_keras_and_numerical_gradients(images, norm):
    """Oracle: the layers one by one for the activations, central differences of each image's loss for the gradients."""
    config = Config(model="mlp", norm=norm, activation="sigmoid", depth=2, width=3)
    model, x, labels = config.build(), images.test_images[:5], images.test_labels[:5]
    found = signal(model, x, labels)
    first, second = (keras.Model(model.inputs[0], model.get_layer(f"activation_{i}").output) for i in (1, 2))
    expected = [np.sqrt(np.asarray(probe(x, training=True)).var(axis=0).mean()) for probe in (first, second)]
    np.testing.assert_allclose(found.activations, expected, rtol=1e-4)

    h = np.asarray(second(x, training=True), np.float64)
    kernel, bias = (np.asarray(weight, np.float64) for weight in model.get_layer("logits").get_weights())

    def losses(h):
        logits = h @ kernel + bias
        return np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(5), labels]

    gradient = np.stack([(losses(h + 1e-5 * e) - losses(h - 1e-5 * e)) / 2e-5 for e in np.eye(3)])
    np.testing.assert_allclose(found.gradients[1], np.sqrt(np.mean(gradient**2)), rtol=1e-3)


def test_a_constant_input_carries_no_signal(images):
    model = Config(depth=2).build()
    same = np.repeat(images.test_images[:1], 4, axis=0)
    assert signal(model, same, images.test_labels[:4]).activations.max() < 1e-6


def test_the_store_holds_every_run_of_every_sweep_and_no_other():
    stored, wanted = [run.config for run in load_runs(STORE)], set(itertools.chain(*SWEEPS.values()))
    assert set(stored) == wanted and len(stored) == len(wanted)
    assert json.loads(STORE.read_text())["made_by"] == "python -m bncourse.training"


def test_stored_sweeps_are_read_without_training_or_writing(monkeypatch):
    monkeypatch.setattr(Config, "build", None)
    before = STORE.read_bytes()
    for name, configs in SWEEPS.items():
        assert [run.config for run in runs(name)] == configs
    assert STORE.read_bytes() == before
    with pytest.raises(ValueError, match="expected name to be one of depth, .*, received 'width'"):
        runs("width")


def test_a_missing_run_is_an_error_that_names_the_command(tmp_path):
    with pytest.raises(LookupError, match=r"training.json lacks 25 of 25 runs: `python -m bncourse.training` makes"):
        stored_runs(tmp_path / "training.json", SWEEPS["depth"])
    assert not list(tmp_path.iterdir())


def test_completing_a_store_makes_what_is_missing_and_drops_what_nobody_asks_for(images, tmp_path, monkeypatch):
    store = tmp_path / "somewhere.json"
    complete(store, [TINY, TINY.replace(seed=1)], images)
    built = []
    build = Config.build
    monkeypatch.setattr(Config, "build", lambda config, *shape: built.append(config.seed) or build(config, *shape))
    complete(store, [TINY.replace(seed=2), TINY], images)
    assert built == [2]
    assert [run.config.seed for run in load_runs(store)] == [2, 0]
    assert json.loads(store.read_text())["made_by"] == "python -m bncourse.somewhere"


def test_the_rates_of_the_tuned_networks_are_the_best_of_those_tried():
    """At sixteen layers the first three seeds of "rates" choose, as they do elsewhere."""
    tried = [run for run in runs("rates") if run.config.norm == "none" and run.config.gain == 1.0]
    tried = [run for run in tried if run.config.seed in CHOOSING] + runs("tuning")
    for depth, best in BEST.items():
        ends = {}
        for run in tried:
            if run.config.depth == depth:
                ends.setdefault(run.config.learning_rate, []).append(0 if run.diverged else run.accuracy[-1])
        assert all(len(values) == len(CHOOSING) for values in ends.values())
        assert max(ends, key=lambda rate: np.median(ends[rate])) == best
    assert {run.config.seed for run in runs("tuned")}.isdisjoint(CHOOSING)


@pytest.mark.parametrize("name", ["depth", "race"])
def test_the_first_loss_of_a_stored_run_comes_out_again(name):
    """It is that of the initial weights; of sixteen layers, later ones move with the processor's last digits."""
    found = runs(name)[0]
    again = train(found.config.replace(steps=1), data.load())
    np.testing.assert_allclose(again.loss, found.loss[:1], rtol=1e-4)


def test_the_first_steps_of_a_calm_run_come_out_again():
    """Two layers at a rate at which every seed learns: ten steps stay within a few percent on any processor."""
    found = runs("depth")[0]
    assert found.config.depth == 2
    again = train(found.config.replace(steps=10), data.load())
    np.testing.assert_allclose(again.loss, found.loss[:10], rtol=0.03)


def test_a_loss_that_is_not_a_number_is_never_recorded(images):
    with pytest.warns(DivergenceWarning):
        run = train(TINY.replace(activation="relu", depth=3, learning_rate=1e30), images)
    assert run.diverged and len(run.loss) == 1 and np.isfinite(run.loss).all()
