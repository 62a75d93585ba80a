"""Statistics of several replicas: those of one batch, whatever the shards; and processes that end.

TensorFlow divides the processor only before its first operation, and other tests have used it by now: what needs
replicas runs in a process of its own, `apart`.
"""

import json
import multiprocessing
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf
from common import TOLERANCE

from bncourse import _processes, distributed, replica_trials
from bncourse.distributed import SynchronizedBatchNorm, all_reduce_seconds, copies, cut, share
from bncourse.layer import BatchNorm

CLOSE = dict(rtol=1e-5, atol=1e-5)
SIZES = [(8, 8), (13, 3), (7, 1), (1, 9), (5, 0), (0, 5)]


@pytest.fixture(scope="module")
def apart():
    """Run a function of this module in a process that has two replicas; what it raises is raised here."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield lambda function, *arguments: pool.submit(function, *arguments).result(timeout=300)


def strategy():
    """The two replicas of the process."""
    if not hasattr(strategy, "made"):
        strategy.made = distributed.cpu_replicas(2)
    return strategy.made


def random_shards(shape, sizes, seed=0):
    """Shards along the first axis with different means and spreads in each, and random weights of their shapes."""
    generator = np.random.default_rng(seed)
    shards = [generator.normal(3 + 2 * i, 1 + i, (size, *shape[1:])).astype("float32") for i, size in enumerate(sizes)]
    return shards, [generator.normal(0, 0.1, shard.shape).astype("float32") for shard in shards]


def given_weights(layer):
    generator = np.random.default_rng(7)
    layer.set_weights([generator.uniform(0.3, 2.5, weight.shape) for weight in layer.weights])
    return layer


def results_of_replicas(make, shards, weights, masks=None):
    """[y, dx, dgamma, dbeta, moving mean, moving variance] with what the replicas have put together; replicas agree."""
    here = strategy()
    with here.scope():
        layer = make()
        layer.build((None, *shards[0].shape[1:]))
    given_weights(layer)
    parts = list(zip(shards, weights, strict=True) if masks is None else zip(shards, weights, masks, strict=True))

    @tf.function
    def step(parts):
        def replica(x, w, mask=None):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = layer(x, training=True, mask=mask)
                loss = tf.reduce_sum(w * y)
            return y, tape.gradient(loss, [x, layer.gamma.value, layer.beta.value])

        return here.run(replica, args=parts)

    y, (dx, dgamma, dbeta) = step(share(here, parts))
    y, dx = (np.concatenate(here.experimental_local_results(part)) for part in (y, dx))
    dgamma, dbeta = (here.reduce("SUM", part, axis=None).numpy() for part in (dgamma, dbeta))
    for weight in layer.weights:
        np.testing.assert_array_equal(*copies(weight))
    return [y, dx, dgamma, dbeta, *layer.get_weights()[2:]]


def results_of_one_batch(layer, shards, weights, masks=None):
    x, w = tf.constant(np.concatenate(shards)), np.concatenate(weights)
    mask = None if masks is None else tf.constant(np.concatenate(masks))
    layer.build(x.shape)
    given_weights(layer)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True, mask=mask)
        loss = tf.reduce_sum(w * y)
    gradients = tape.gradient(loss, [x, layer.gamma.value, layer.beta.value])
    return [y.numpy(), *(gradient.numpy() for gradient in gradients), *layer.get_weights()[2:]]


def assert_same(ours, theirs, **tolerance):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, **(tolerance or CLOSE))


def check_one_batch(shape, axis, sizes):
    shards, weights = random_shards(shape, sizes)
    ours = results_of_replicas(lambda: SynchronizedBatchNorm(axis=axis, momentum=0.7), shards, weights)
    assert_same(ours, results_of_one_batch(BatchNorm(axis=axis, momentum=0.7), shards, weights))


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize(("shape", "axis"), [((0, 3), -1), ((0, 4, 5, 3), -1), ((0, 3, 4, 5), 1)])
def test_shards_of_any_size_give_what_one_batch_gives(apart, shape, axis, sizes):
    apart(check_one_batch, shape, axis, sizes)


def check_keras(sizes):
    shards, weights = random_shards((0, 4, 4, 3), sizes, seed=1)
    ours = results_of_replicas(SynchronizedBatchNorm, shards, weights)
    theirs = results_of_replicas(lambda: keras.layers.BatchNormalization(synchronized=True), shards, weights)
    assert_same(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("sizes", SIZES)
def test_it_is_keras_s_synchronized_layer(apart, sizes):
    apart(check_keras, sizes)


def check_masks():
    shards, weights = random_shards((0, 6, 3), (4, 2))
    generator = np.random.default_rng(3)
    for masks in (
        [generator.random(shard.shape[:2]) < 0.6 for shard in shards],
        [np.ones((4, 6), bool), np.zeros((2, 6), bool)],  # nothing of the second shard counts
    ):
        ours = results_of_replicas(SynchronizedBatchNorm, shards, weights, masks)
        assert_same(ours, results_of_one_batch(BatchNorm(), shards, weights, masks))


def test_masked_positions_count_on_no_replica(apart):
    apart(check_masks)


def check_large_mean():
    generator = np.random.default_rng(0)
    shards = [generator.normal(1000, 1, (64, 2)).astype("float32") for _ in range(2)]
    weights = [np.zeros_like(shard) for shard in shards]
    true = np.concatenate(shards).astype("float64").var(axis=0)
    ours, theirs = (
        results_of_replicas(make, shards, weights)[-1]
        for make in (
            lambda: SynchronizedBatchNorm(momentum=0.0),
            lambda: keras.layers.BatchNormalization(momentum=0.0, synchronized=True),
        )
    )
    np.testing.assert_allclose(ours, true, rtol=1e-4)
    assert np.abs(theirs - true).max() > 0.005  # E[x²] - E[x]² in float32


def test_large_means_cost_no_digits_as_they_do_in_keras_s_layer(apart):
    apart(check_large_mean)


def unsynchronized_copies(make, sizes):
    """Moving mean and variance of each replica after a step without synchronization, and what `get_weights` says."""
    here = strategy()
    with here.scope():
        layer = make()
        layer.build((None, 3))
    shards, _ = random_shards((0, 3), sizes)
    tf.function(lambda x: here.run(lambda x: layer(x, training=True), (x,)))(share(here, shards))
    return copies(layer.moving_mean), copies(layer.moving_variance), layer.get_weights()[2]


@pytest.mark.parametrize("make", [BatchNorm, keras.layers.BatchNormalization])
def test_without_synchronization_replicas_keep_statistics_of_their_own_and_the_first_is_saved(apart, make):
    means, _, saved = apart(unsynchronized_copies, make, (8, 8))
    assert np.abs(means[0] - means[1]).min() > 0.005
    np.testing.assert_array_equal(saved, means[0])


@pytest.mark.parametrize("make", [BatchNorm, keras.layers.BatchNormalization])
def test_without_synchronization_an_empty_shard_poisons_its_replica(apart, make):
    means, variances, _ = apart(unsynchronized_copies, make, (8, 0))
    assert np.isfinite(means[0]).all() and np.isnan(means[1]).all() and np.isnan(variances[1]).all()


def keras_with_mask():
    here = strategy()
    with here.scope():
        layer = keras.layers.BatchNormalization(synchronized=True)
        layer.build((None, 5, 3))
    shards, _ = random_shards((0, 5, 3), (4, 4))
    mask = tf.ones((4, 5), bool)
    tf.function(lambda x: here.run(lambda x: layer(x, training=True, mask=mask), (x,)))(share(here, shards))
    return copies(layer.moving_mean)


def test_keras_s_synchronized_layer_does_not_synchronize_with_a_mask(apart):
    means = apart(keras_with_mask)
    assert np.abs(means[0] - means[1]).min() > 0.005


def trained_weights(sizes):
    """All weights after three steps on two replicas, and on one device with whole batches."""
    generator = np.random.default_rng(2)
    images = generator.random((3, sum(sizes), 28, 28, 1)).astype("float32")
    labels = generator.integers(0, 10, (3, sum(sizes)))
    with strategy().scope():
        model = distributed.network(SynchronizedBatchNorm)
    shards = [cut(*step, sizes) for step in zip(images, labels, strict=True)]
    losses = distributed.train(strategy(), model, shards)
    alone = distributed.network(BatchNorm)
    whole = [[step] for step in zip(images, labels, strict=True)]
    with tf.device("/CPU:0"):
        expected = distributed.train(tf.distribute.get_strategy(), alone, whole)
    return losses, expected, model.get_weights(), alone.get_weights()


@pytest.mark.parametrize("sizes", [(6, 2), (7, 1)])
def test_training_on_shards_is_training_on_whole_batches(apart, sizes):
    losses, expected, ours, theirs = apart(trained_weights, sizes)
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    assert_same(ours, theirs)


def fitted(path):
    """Losses of `fit` on two replicas and on one device, what a saved copy predicts, and what the model itself does."""
    images = np.random.default_rng(4).random((32, 28, 28, 1)).astype("float32")
    labels = np.arange(32) % 10
    histories, models = [], []
    for scope, normalization in ((strategy().scope(), SynchronizedBatchNorm), (tf.device("/CPU:0"), BatchNorm)):
        with scope:
            model = distributed.network(normalization)
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            model.compile(keras.optimizers.SGD(0.1), loss)
            fit = model.fit(images, labels, batch_size=16, epochs=2, shuffle=False, verbose=0)
        histories.append(fit.history["loss"])
        models.append(model)
    models[0].save(path)
    loaded = keras.saving.load_model(path)
    return histories, models[0].get_weights(), models[1].get_weights(), loaded.get_weights()


def test_fit_on_replicas_is_fit_on_one_device_and_the_model_is_saved_and_loaded(apart, tmp_path):
    histories, ours, theirs, loaded = apart(fitted, str(tmp_path / "model.keras"))
    np.testing.assert_allclose(*histories, rtol=1e-4)
    assert_same(ours, theirs)
    assert_same(loaded, ours, rtol=0)


def fit_in_batches_of(size):
    with strategy().scope():
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
    model.fit(np.ones((2 * size, 3)), np.ones((2 * size, 1)), batch_size=size, verbose=0)


def uneven_first_batch():
    with pytest.raises(tf.errors.InvalidArgumentError, match="AddN must have the same size and shape"):
        fit_in_batches_of(15)


def test_fit_stops_at_a_first_batch_that_replicas_cannot_share_evenly(apart):
    apart(fit_in_batches_of, 16)
    apart(uneven_first_batch)


def too_late():
    strategy()
    with pytest.raises(RuntimeError, match="expected to set up 3 devices before TensorFlow's first operation"):
        distributed.cpu_replicas(3)


def test_devices_cannot_be_divided_later_and_the_message_says_what_to_do(apart):
    apart(too_late)


def messages(make):
    """How many all-reduces one replica calls forward, and in all with the way back."""
    from tensorflow.python.distribute import distribute_lib

    here, original, called = strategy(), distribute_lib.ReplicaContext.all_reduce, []
    with here.scope():
        layer = make()
        layer.build((None, 3))

    def counted(self, *arguments, **options):
        called.append(self.replica_id_in_sync_group)
        return original(self, *arguments, **options)

    distribute_lib.ReplicaContext.all_reduce = counted
    found = []
    try:

        @tf.function
        def step(x):
            def replica(x):
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    y = layer(x, training=True)
                found.append(len(called))
                return tape.gradient(y, x)

            return here.run(replica, args=(x,))

        step(share(here, [np.ones((4, 3), "float32")] * 2))
    finally:
        distribute_lib.ReplicaContext.all_reduce = original
    return len(called) / 2


@pytest.mark.parametrize(("make", "count"), [(SynchronizedBatchNorm, 4), (None, 5)])
def test_a_layer_needs_four_all_reduces_a_step_and_keras_s_five(apart, make, count):
    assert apart(messages, make or keras_synchronized) == count


def keras_synchronized():
    return keras.layers.BatchNormalization(synchronized=True)


# On one device


@pytest.mark.parametrize("training", [True, False])
def test_outside_of_a_strategy_it_is_batch_norm(training):
    shards, _ = random_shards((0, 4, 4, 3), (5, 4))
    x = np.concatenate(shards)
    ours, theirs = (given_weights_after_build(layer, x) for layer in (SynchronizedBatchNorm(), BatchNorm()))
    np.testing.assert_allclose(ours(x, training=training), theirs(x, training=training), **TOLERANCE["float32"])
    assert_same(ours.get_weights(), theirs.get_weights())


def given_weights_after_build(layer, x):
    layer.build(x.shape)
    return given_weights(layer)


def test_mixed_precision_and_xla_give_what_batch_norm_gives():
    x = np.random.default_rng(0).normal(500, 3000, (64, 3)).astype("float16")
    results = []
    for make in (SynchronizedBatchNorm, BatchNorm):
        layer = make(dtype="mixed_float16")
        layer.build(x.shape)
        y = tf.function(lambda x, layer=layer: layer(x, training=True), jit_compile=True)(tf.constant(x))
        assert y.dtype == tf.float16
        results.append([y, *layer.get_weights()])
    assert_same(*results, rtol=2e-3, atol=2e-3)


def test_a_frozen_layer_keeps_its_statistics():
    layer = SynchronizedBatchNorm()
    layer.build((None, 3))
    layer.trainable = False
    before = layer.get_weights()
    layer(np.ones((4, 3), "float32"), training=True)
    assert_same(layer.get_weights(), before, rtol=0)


def test_it_reads_its_own_configuration_and_keras_s():
    theirs = keras.layers.BatchNormalization(synchronized=True, momentum=0.7, epsilon=0.2, axis=1)
    layer = SynchronizedBatchNorm.from_config(theirs.get_config())
    assert (layer.momentum, layer.epsilon, layer.axis) == (0.7, 0.2, 1)
    assert type(layer) is SynchronizedBatchNorm
    assert SynchronizedBatchNorm.from_config(layer.get_config()).get_config() == layer.get_config()
    with pytest.raises(ValueError, match="renorm=False"):
        SynchronizedBatchNorm.from_config({**layer.get_config(), "renorm": True})


def test_shards_are_cut_in_order():
    (first, _), (second, labels) = cut(np.arange(6), np.arange(6) * 10, (4, 2))
    assert first.tolist() == [0, 1, 2, 3] and second.tolist() == [4, 5] and labels.tolist() == [40, 50]


def test_the_number_of_devices_is_checked():
    with pytest.raises(TypeError, match="expected count to be an integer"):
        distributed.cpu_replicas("2")
    with pytest.raises(ValueError, match="expected count of at least 1"):
        distributed.cpu_replicas(0)


# The model of costs


def test_one_replica_waits_for_nobody():
    for algorithm in ("tree", "ring"):
        assert all_reduce_seconds(1, 1000, latency=1.0, bandwidth=1.0, algorithm=algorithm) == 0


def test_small_messages_are_faster_by_a_tree_and_large_ones_by_a_ring():
    replicas = np.array([8, 64, 1000])
    small, large = (
        [all_reduce_seconds(replicas, size, latency=1e-5, bandwidth=1e10, algorithm=name) for name in ("tree", "ring")]
        for size in (1e3, 1e9)
    )
    assert (small[0] < small[1]).all() and (large[0] > large[1]).all()


def test_an_all_reduce_counts_its_messages():
    """Four replicas, size 8 at 4 a second: two levels up and down; or six messages of a quarter."""
    numbers = dict(latency=1.0, bandwidth=4.0)
    assert all_reduce_seconds(4, 8, **numbers) == 4 * (1 + 2)
    assert all_reduce_seconds(4, 8, algorithm="ring", **numbers) == 6 * (1 + 0.5)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (dict(latency=-1.0), "expected latency"),
        (dict(bandwidth=0.0), "expected bandwidth"),
        (dict(algorithm="star"), "expected algorithm to be tree or ring, received 'star'"),
        (dict(replicas=0), "expected replicas of at least 1, received 0"),
    ],
)
def test_the_model_refuses_what_makes_no_sense(wrong, words):
    with pytest.raises(ValueError, match=words):
        all_reduce_seconds(**dict(replicas=4, size=8, latency=1.0, bandwidth=1.0) | wrong)


# Stored trials


def test_the_store_holds_every_trial_and_says_which_command_made_it():
    file = json.loads(replica_trials.STORE.read_text())
    assert file["made_by"] == "python -m bncourse.replica_trials"
    trials = replica_trials.stored()
    expected = len(replica_trials.TRIALS) * len(replica_trials.RATES) * len(replica_trials.SEEDS)
    assert len(trials) == len(file["runs"]) == expected
    for (name, _, _), found in trials.items():
        if "common" in name:
            assert found.saved[0] == found.saved[1]


def made_again(name, learning_rate, seed):
    replica_trials.replicas = strategy
    return replica_trials.trial(name, learning_rate, seed)


def test_a_stored_trial_comes_out_again(apart):
    """Last digits differ between processors and grow over the steps, so the accuracies are the same only roughly."""
    key = ("sorted, common", 0.1, 2)
    found, stored = apart(made_again, *key), replica_trials.stored()[key]
    np.testing.assert_allclose([*found.saved, found.anew], [*stored.saved, stored.anew], atol=0.05)


def test_files_hold_each_image_once():
    labels = np.arange(20) % 10
    for split in (replica_trials.mixed, replica_trials.sorted_by_kind):
        files = split(labels, 1)
        assert sorted(np.concatenate(files)) == list(range(20))
    assert set(labels[files[0]]) == set(replica_trials.SHOES_AND_BAGS)


# Processes


@pytest.mark.again
def test_the_command_trains_two_processes_to_the_weights_of_one(tmp_path):
    path = tmp_path / "found.json"
    command = [sys.executable, "-m", "bncourse.distributed", "--json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=590)
    assert done.returncode == 0, done.stderr
    found = json.loads(path.read_text())
    assert found["apart"] == 0 and found["from_one"] < 1e-5
    assert np.shape(found["seconds"]) == (len(distributed.TIMED), 2)
    assert "5 steps in two processes, with 24 and 8 images a step" in done.stdout


def test_a_process_that_hangs_is_killed_with_a_word_about_which():
    start = time.monotonic()
    wait = "import os, time; time.sleep(0 if '\"index\": 0' in os.environ['TF_CONFIG'] else 600)"
    with pytest.raises(RuntimeError, match=r"2 processes to end within 3 seconds; killed, since still at work: \[1\]"):
        _processes.run_processes(2, ["-c", wait], seconds=3)
    assert time.monotonic() - start < 60


def test_if_a_process_fails_the_others_are_killed_and_its_last_words_are_shown():
    start = time.monotonic()
    fail = "import os, time; '\"index\": 1' in os.environ['TF_CONFIG'] and 1 / 0; time.sleep(600)"
    with pytest.raises(RuntimeError, match=r"from process 1:\n(.|\n)*ZeroDivisionError"):
        _processes.run_processes(2, ["-c", fail], seconds=300)
    assert time.monotonic() - start < 60


def test_each_process_is_told_its_place_and_sees_no_gpu(tmp_path):
    write = "import os, sys; open(sys.argv[1], 'w').write(os.environ['TF_CONFIG'] + os.environ['CUDA_VISIBLE_DEVICES'])"
    _processes.run_processes(2, ["-c", write, str(tmp_path / "{index}")], seconds=60)
    texts = [(tmp_path / str(index)).read_text() for index in range(2)]
    places = [json.loads(text.removesuffix("-1")) for text in texts]
    assert [place["task"] for place in places] == [{"type": "worker", "index": index} for index in range(2)]
    hosts = places[0]["cluster"]["worker"]
    assert places[1]["cluster"]["worker"] == hosts and len(set(hosts)) == 2
    assert all(host.startswith("127.0.0.1:") for host in hosts)
