"""`bncourse.clinic`: what is found in broken models, nothing in healthy ones, and that no model is changed."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from bncourse.clinic import CODES, Finding, Report, __main__, examine, recalibrate_model, watch
from bncourse.clinic.data import batches
from bncourse.layer import BatchNorm

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.normal(1, 2, (96, 8, 8, 3)).astype("float32")
LABELS = GENERATOR.integers(0, 4, 96)


def stack(*middle, head=True, seed=0):
    """A small functional model with some layers between a convolution and the output."""
    keras.utils.set_random_seed(seed)
    x = inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3, use_bias=False, name="conv")(x)
    for layer in middle:
        x = layer(x)
    if head:
        x = layers.Dense(4, name="head")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, x)


def fitted(model, steps=200, batch_size=16):
    """The model, its statistics settled and its weights trained a little."""
    model.compile(keras.optimizers.SGD(0.05), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    picked = GENERATOR.integers(0, len(IMAGES), steps * batch_size)
    model.fit(IMAGES[picked], LABELS[picked], batch_size=batch_size, verbose=0)
    return model


def norm(**settings):
    return layers.BatchNormalization(**{"momentum": 0.9, "name": "norm", **settings})


@pytest.fixture(scope="module")
def trained():
    """Weights of a healthy model; each test makes its own copy."""
    return fitted(stack(norm(), layers.ReLU())).get_weights()


def healthy(trained, **settings):
    model = stack(norm(**settings), layers.ReLU())
    model.set_weights(trained)
    return model


def state(model):
    """All that an examination must leave alone."""
    return [v.numpy().tobytes() for v in model.variables], [layer.trainable for _, layer in watch.parts(model)]


def codes(model, images=None, labels=None, **settings):
    """The codes of the faults, after a look that the model has not changed."""
    before = state(model)
    report = examine(model, images, labels, **settings)
    assert state(model) == before
    assert not any("call" in vars(layer) for _, layer in watch.parts(model))
    return set(report.codes)


@pytest.mark.parametrize("images", [None, IMAGES])
def test_a_healthy_model_has_no_fault(trained, images):
    assert codes(healthy(trained), images) == set()


@pytest.mark.parametrize("images", [None, IMAGES])
def test_a_model_freshly_built_has_no_fault(images):
    assert codes(stack(norm(), layers.ReLU()), images) == set()


def test_our_layer_is_examined_like_kerass(trained):
    ours = stack(BatchNorm(momentum=0.9, name="norm"), layers.ReLU())
    ours.set_weights(trained)
    assert codes(ours, IMAGES) == set()
    ours.get_layer("norm").moving_mean.assign_add(np.full(6, 9.0))
    assert codes(ours, IMAGES) == {"stale"}


def test_statistics_that_no_step_has_moved_in_a_trained_layer():
    model = stack(norm())
    model.get_layer("norm").gamma.assign(np.linspace(0.8, 1.2, 6))
    assert codes(model) == {"never-updated"}
    assert "gamma has learned" in examine(model, IMAGES).findings[0].evidence


def test_a_model_whose_call_takes_no_training_is_never_updated_by_fit():
    class Deaf(keras.Model):
        def __init__(self):
            super().__init__()
            self.parts = [layers.Flatten(), layers.Dense(5), norm(), layers.Dense(4)]

        def call(self, x):
            for part in self.parts:
                x = part(x)
            return x

    model = fitted(Deaf(), steps=20)
    assert codes(model, IMAGES) == {"never-updated"}
    assert "has no argument `training`" in examine(model).findings[0].evidence


def test_statistics_that_do_not_fit(trained):
    model = healthy(trained)
    model.get_layer("norm").moving_variance.assign(np.full(6, 900.0))
    assert codes(model, IMAGES) == {"stale"}
    assert codes(model) == set()  # without images nobody can tell
    recalibrate_model(model, IMAGES)
    assert codes(model, IMAGES) == set()


def test_where_the_batchs_statistics_do_not_help_the_finding_says_so(trained):
    model = healthy(trained)
    model.get_layer("norm").moving_variance.assign(np.full(6, 900.0))
    helped = np.argmax(healthy(trained)(IMAGES), axis=1)
    assert "will not help" not in examine(model, IMAGES, helped).findings[0].evidence
    model.get_layer("head").kernel.assign(np.zeros((6, 4)))
    assert "recalibrating alone will not help" in examine(model, IMAGES, helped).findings[0].evidence


def test_images_255_times_as_bright_are_called_so(trained):
    assert "255 times those of training" in examine(healthy(trained), 255 * IMAGES).findings[0].evidence
    assert "1/255 times those of training" in examine(healthy(trained), IMAGES / 255).findings[0].evidence


def test_few_steps_with_a_long_memory_are_stale_without_images_too():
    model = fitted(stack(norm(momentum=0.99)), steps=30)
    assert codes(model) == {"stale"}


def test_frozen_statistics_of_other_data(trained):
    model = healthy(trained)
    model.get_layer("norm").trainable = False
    assert codes(model, IMAGES) == set()
    assert codes(model, 20 - IMAGES) == {"frozen"}


def test_statistics_at_their_start_are_told_once():
    class Never(layers.BatchNormalization):
        def call(self, inputs, training=None, mask=None):
            return super().call(inputs, training=False, mask=mask)

    model = stack(Never(name="norm"))
    model.get_layer("norm").gamma.assign(np.linspace(0.8, 1.2, 6))
    assert codes(model, 50 * IMAGES) == {"never-updated"}


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_the_only_finding(trained, value):
    model = healthy(trained)
    model.get_layer("head").bias.assign([value, 0, 0, 0])
    report = examine(model, IMAGES)
    assert [(f.code, f.layer) for f in report.findings] == [("not-finite", "head")]


def test_a_negative_variance_is_no_number_soon(trained):
    model = healthy(trained)
    model.get_layer("norm").moving_variance.assign(np.full(6, -0.1))
    assert codes(model, IMAGES) == {"not-finite"}


def test_inputs_smaller_than_epsilon():
    assert codes(stack(norm()), IMAGES / 1000) == {"low-variance"}
    assert codes(stack(norm(epsilon=1e-9)), IMAGES / 1000) == set()


def test_channels_that_carry_nothing(trained):
    model = healthy(trained)
    gamma = model.get_layer("norm").gamma
    gamma.assign(np.where(np.arange(6) == 2, 0, gamma))
    assert codes(model) == {"dead"}

    model = stack(layers.ReLU(), norm())
    kernel = model.get_layer("conv").kernel
    kernel.assign(np.where(np.arange(6) < 3, 0, kernel))
    assert codes(model, IMAGES) == {"dead"}


def test_a_gamma_that_starts_at_zero_is_healthy():
    assert codes(stack(norm(gamma_initializer="zeros")), IMAGES) == set()


def test_pixels_that_are_black_in_all_images_are_a_note():
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Flatten(), norm(), layers.Dense(4)])
    images = np.where(np.arange(8)[:, None, None] < 4, IMAGES, 0)
    report = examine(model, images)
    assert [(f.code, f.severity) for f in report.findings] == [("dead", "note")]


@pytest.mark.parametrize("nonlinear", [[], [layers.ReLU()], [keras.ops.relu]])
def test_statistics_of_a_wrong_axis(nonlinear):
    assert codes(stack(*nonlinear, norm(axis=1))) == {"axis"}
    assert codes(stack(*nonlinear, norm(axis=1)), IMAGES) == {"axis"}
    assert codes(stack(*nonlinear, norm(axis=3)), IMAGES) == set()


@pytest.mark.parametrize("join", [layers.Concatenate(), layers.Subtract(), keras.ops.concatenate])
def test_branches_that_are_joined_keep_their_channels_axis(join):
    inputs = keras.Input((8, 8, 3))
    branches = [layers.Conv2D(4, 3)(inputs) for _ in range(2)]
    joined = join(branches)
    assert codes(keras.Model(inputs, norm(axis=1)(joined))) == {"axis"}
    assert codes(keras.Model(inputs, norm()(joined)), IMAGES) == set()


def test_channels_first_want_axis_one():
    x = inputs = keras.Input((3, 8, 8))
    x = layers.Conv2D(6, 3, data_format="channels_first", use_bias=False)(x)
    assert codes(keras.Model(inputs, norm(axis=1)(x))) == set()
    assert codes(keras.Model(inputs, norm(axis=-1)(x))) == {"axis"}


def table(*between, axis):
    """A normalization of rows (N, 6, 5) behind some layers."""
    x = inputs = keras.Input((6, 5))
    for layer in between:
        x = layer(x)
    return keras.Model(inputs, norm(axis=axis)(x))


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.LSTM(4, return_sequences=True),
        lambda: layers.Bidirectional(layers.GRU(4, return_sequences=True)),
        lambda: layers.TimeDistributed(layers.Dense(4)),
    ],
)
def test_layers_that_put_channels_last(make):
    rows = GENERATOR.normal(0, 1, (40, 6, 5))
    assert codes(table(make(), axis=1)) == {"axis"} and "axis" in codes(table(make(), axis=1), rows)
    assert codes(table(make(), axis=-1), rows) == set()


def test_channels_that_have_been_permuted_are_no_fault():
    assert codes(table(layers.Dense(4), layers.Permute((2, 1)), axis=1)) == set()


class Functions(keras.Model):
    """A model with a function between its layers, as people write them."""

    def __init__(self, axis):
        super().__init__()
        self.conv, self.norm, self.head = layers.Conv2D(6, 3), norm(axis=axis), layers.Dense(4)

    def call(self, x, training=None):
        return self.head(self.norm(tf.nn.relu(self.conv(x)), training=training))


def test_a_function_between_layers_hides_no_fault():
    wrong, dying = Functions(1), Functions(-1)
    for model in (wrong, dying):
        model(IMAGES[:2])
    assert codes(wrong, IMAGES) == {"axis"} and codes(dying, IMAGES) == set()
    dying.conv.bias.assign([-99.0] * 4 + [0.0] * 2)
    assert codes(dying, IMAGES) == {"dead"}


def test_a_bias_in_front_is_a_note():
    model = keras.Sequential([keras.Input((5,)), layers.Dense(4), norm(), layers.Dense(3)])
    (finding,) = examine(model).findings
    assert (finding.code, finding.severity, finding.layer) == ("bias", "note", "norm")
    relu_between = keras.Sequential([keras.Input((5,)), layers.Dense(4, "relu"), norm(), layers.Dense(3)])
    assert examine(relu_between).findings == ()


def test_a_bias_that_is_used_elsewhere_is_not_redundant():
    inputs = keras.Input((5,))
    x = layers.Dense(4)(inputs)
    assert examine(keras.Model(inputs, layers.Add()([x, norm()(x)]))).findings == ()


@pytest.mark.parametrize(("place", "found"), [(0, {"dropout"}), (1, set())])
def test_dropout_in_front_and_behind(place, found):
    middle = [norm(), layers.ReLU()]
    middle.insert(2 * place, layers.Dropout(0.5))
    assert codes(stack(*middle)) == found
    assert codes(stack(*middle), IMAGES) == found


class Forced(layers.BatchNormalization):
    def call(self, inputs, training=None, mask=None):
        return super().call(inputs, training=True, mask=mask)


def test_a_layer_that_always_trains(trained):
    model = stack(Forced(momentum=0.9, name="norm"), layers.ReLU())
    model.set_weights(trained)
    assert codes(model) == codes(model, IMAGES) == {"batch-dependent"}


def test_dropout_that_is_always_on_is_no_fault():
    inputs = keras.Input((8, 8, 3))
    x = layers.Dropout(0.5)(norm()(layers.Conv2D(4, 3, use_bias=False)(inputs)), training=True)
    assert codes(keras.Model(inputs, layers.Dense(3)(layers.Flatten()(x))), IMAGES) == set()


@pytest.mark.parametrize("place", [0, 1])
def test_outputs_that_are_random_are_not_taken_for_dependent(place):
    class Always(layers.Dropout):
        def call(self, inputs, training=False):
            return super().call(inputs, training=True)

    shaken = [layers.RandomTranslation(0.2, 0.2), Always(0.3)][place]
    inputs = keras.Input((8, 8, 3))
    x = norm()(layers.Conv2D(4, 3, use_bias=False)(inputs if place else shaken(inputs)))
    model = keras.Model(inputs, shaken(x) if place else x)
    assert codes(model, IMAGES) == set()
    # Keras's augmentation layers say training=True to those behind them, if nobody says otherwise: a note.
    assert [finding.code for finding in examine(model, IMAGES).findings] == ([] if place else ["batch-dependent"])


def test_a_call_with_training_true_inside_a_functional_model():
    inputs = keras.Input((5,))
    model = keras.Model(inputs, norm()(inputs, training=True))
    rows = GENERATOR.normal(0, 1, (64, 5)).astype("float32")
    assert codes(model) == codes(model, rows) == {"batch-dependent"}
    assert "predict and evaluate do not" in examine(model, rows).findings[0].evidence


@pytest.mark.parametrize(("size", "found"), [(2, {"small-batch"}), (4, {"small-batch"}), (16, set())])
def test_small_batches_that_somebody_names(trained, size, found):
    assert codes(healthy(trained), IMAGES, batch_size=size) == found


@pytest.mark.parametrize(
    ("momentum", "found"),
    [
        (0.01, {"momentum"}),
        (0.1, {"momentum"}),
        (0.9, set()),
        (0.999, set()),
        (0.9999, {"momentum"}),
        (1.0, {"momentum"}),
    ],
)
def test_a_memory_too_short_or_too_long(momentum, found):
    assert codes(stack(norm(momentum=momentum))) == found


@pytest.mark.parametrize(("policy", "found"), [("float16", {"half"}), ("mixed_float16", set()), ("float64", set())])
def test_statistics_in_sixteen_bits(policy, found):
    model = keras.Sequential([keras.Input((5,)), layers.Dense(4, dtype=policy, use_bias=False), norm(dtype=policy)])
    assert codes(model, GENERATOR.normal(0, 1, (40, 5))) == found


def test_an_overflow_of_float16():
    model = keras.Sequential([keras.Input((5,)), layers.Dense(4, dtype="mixed_float16"), norm(dtype="mixed_float16")])
    assert codes(model, GENERATOR.normal(0, 1, (40, 5)) * 60000) == {"half"}


@pytest.mark.parametrize("make", ["shared", "several inputs", "time distributed", "nested", "3d", "none", "own layer"])
def test_models_of_all_kinds_are_examined(make):
    rows = GENERATOR.normal(0, 1, (40, 6, 5)).astype("float32")
    a, b = keras.Input((6, 5), name="a"), keras.Input((6, 5), name="b")
    images = rows
    if make == "shared":
        layer = norm()
        model, images = keras.Model([a, b], layers.Add()([layer(a), layer(b)])), [rows, rows + 1]
    elif make == "several inputs":
        model, images = keras.Model({"a": a, "b": b}, norm()(layers.Add()([a, b]))), {"a": rows, "b": rows}
    elif make == "time distributed":
        model = keras.Sequential([a, layers.TimeDistributed(norm())])
    elif make == "nested":
        model = keras.Sequential([a, keras.Sequential([a, keras.Sequential([a, norm()])]), layers.Dense(2)])
    elif make == "3d":
        model = keras.Sequential([keras.Input((6, 5, 4, 2)), layers.Conv3D(3, 2, use_bias=False), norm()])
        images = GENERATOR.normal(0, 1, (8, 6, 5, 4, 2))
    elif make == "none":
        model = keras.Sequential([a, layers.Dense(3)])
    else:

        class Twice(layers.Layer):
            def call(self, x):
                return 2 * x

        model = keras.Sequential([a, Twice(), norm()])
    assert codes(model) == codes(model, images) == set()


@pytest.mark.parametrize(("size", "found"), [(1, set()), (8, set()), (2, {"small-batch"})])
def test_a_model_built_for_batches_of_one_size(size, found):
    inputs = keras.Input(batch_shape=(size, 5))
    model = keras.Model(inputs, norm()(layers.Dense(4, use_bias=False)(inputs)))
    rows = GENERATOR.normal(0, 1, (41, 5))
    assert codes(model) == codes(model, rows) == found


def test_a_call_that_is_a_graph_is_looked_into():
    class Graph(Functions):
        call = tf.function(Functions.call)

    model = Graph(-1)
    model(IMAGES[:2])
    values = {"gamma": 1.5, "moving_mean": 99.0, "moving_variance": 2.0}
    for name, value in values.items():
        getattr(model.norm, name).assign(np.full(6, value))
    assert codes(model, IMAGES) == {"stale"} and not tf.config.functions_run_eagerly()


def test_a_model_that_keeps_states_of_a_whole_batch_is_examined():
    inputs = keras.Input(batch_shape=(16, 6, 5))
    model = keras.Model(inputs, norm()(layers.LSTM(4, stateful=True, return_sequences=True)(inputs)))
    rows = GENERATOR.normal(0, 1, (32, 6, 5)).astype("float32")
    assert codes(model, rows, batch_size=16) == set()
    assert "no image alone" in examine(model, rows, batch_size=16).skipped[0]


def test_layers_of_one_name_are_all_examined():
    class Twins(keras.Model):
        def __init__(self):
            super().__init__()
            self.one, self.other = norm(), norm(momentum=0.1)

        def call(self, x, training=None):
            return self.other(self.one(x, training=training), training=training)

    model = Twins()
    model(np.ones((2, 5)))
    assert [finding.layer for finding in examine(model).findings] == ["norm#2"]


class Noting(layers.Layer):
    """Notes how many images each call gets."""

    def __init__(self):
        super().__init__()
        self.sizes = []

    def call(self, x):
        self.sizes.append(x.shape[0])
        return x


@pytest.mark.parametrize("dropout", [[], [layers.Dropout(0.5)]])
@pytest.mark.parametrize("number", [40, 96, 1000])
def test_no_image_is_run_more_than_twice_on_average(dropout, number):
    noting = Noting()
    model = stack(noting, norm(), *dropout)
    noting.sizes.clear()
    examine(model, np.resize(IMAGES, (number, 8, 8, 3)), np.resize(LABELS, number))
    assert number < sum(noting.sizes) <= 2 * number + 5 and max(noting.sizes) <= 64


def test_a_custom_layer_that_counts_keeps_its_count():
    class Counting(layers.Layer):
        def __init__(self):
            super().__init__()
            self.calls = tf.Variable(0.0)

        def call(self, x):
            self.calls.assign_add(1.0)
            return x

    counting = Counting()
    model = keras.Sequential([keras.Input((5,)), counting, norm()])
    examine(model, np.ones((20, 5)))
    assert float(counting.calls) == 0


class Stumbling(layers.Layer):
    """Raises at its third call."""

    count, error = 0, None

    def call(self, x):
        self.count += 1
        if self.error is not None and self.count > 3:
            raise self.error
        return x


@pytest.mark.parametrize(("error", "seen"), [(KeyboardInterrupt(), KeyboardInterrupt), (ValueError("no"), ValueError)])
def test_nothing_is_changed_by_an_error_or_an_interrupt(trained, error, seen):
    stumbling = Stumbling()
    model = stack(norm(), stumbling)
    before = state(model)
    stumbling.error = error
    with pytest.raises(seen):
        examine(model, IMAGES)
    assert state(model) == before and not any("call" in vars(layer) for _, layer in watch.parts(model))


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (IMAGES[..., :2], "expected images that the model can be run on, received shape"),
        (np.where(np.arange(3) == 1, np.nan, IMAGES), "expected finite images, received"),
        (IMAGES[:0], "expected at least one image, received none"),
        (np.array(["a"] * 3, object), "expected images"),
        (7, "expected images"),
    ],
)
def test_images_that_make_no_sense_are_refused_with_a_sentence(trained, images, words):
    with pytest.raises(ValueError, match=words):
        examine(healthy(trained), images)


def test_labels_of_another_length_are_refused(trained):
    with pytest.raises(ValueError, match=r"expected arrays and labels of one length, received \[95, 96\]"):
        examine(healthy(trained), IMAGES, LABELS[:95])


def test_what_is_no_model_or_has_no_weights_is_refused():
    with pytest.raises(TypeError, match="expected a Keras model, received str"):
        examine("model.keras")
    with pytest.raises(ValueError, match="expected a model that has been built"):
        examine(keras.Sequential([layers.Dense(3), norm()]))


def test_labels_give_two_accuracies(trained):
    assert "right answers" in str(examine(healthy(trained), IMAGES, LABELS))
    assert "right answers" in str(examine(healthy(trained), IMAGES, np.eye(4)[LABELS]))


def test_batches_from_a_dataset_give_what_the_array_gives(trained):
    model = healthy(trained)
    model.get_layer("norm").moving_mean.assign(np.full(6, 30.0))
    source = tf.data.Dataset.from_tensor_slices((IMAGES, LABELS)).batch(16)
    assert codes(model, source) == codes(model, IMAGES) == {"stale"}


def test_arrays_are_dealt_out_so_that_sorted_images_are_mixed():
    dealt = [x for x, _ in batches(np.arange(10), None, 4)]
    assert [x.tolist() for x in dealt] == [[0, 3, 6, 9], [1, 4, 7], [2, 5, 8]]


# Recalibrating


def deep(seed=0):
    keras.utils.set_random_seed(seed)
    blocks = [part for i in range(3) for part in (layers.Conv2D(4, 3), norm(name=f"norm_{i}"), layers.ReLU())]
    return keras.Sequential([keras.Input((8, 8, 3)), *blocks])


def test_recalibrated_statistics_are_those_of_all_images_given_the_layers_before():
    model = deep()
    recalibrate_model(model, IMAGES, batch_size=7)
    for i in range(3):
        layer = model.get_layer(f"norm_{i}")
        inputs = keras.Model(model.inputs[0], layer.input)(IMAGES, training=False).numpy().astype("float64")
        np.testing.assert_allclose(layer.moving_mean, inputs.mean(axis=(0, 1, 2)), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(layer.moving_variance, inputs.var(axis=(0, 1, 2)), rtol=1e-4)


def test_recalibrating_does_not_depend_on_the_batch_size_and_moves_statistics_alone():
    one, other = deep(), deep()
    before = [w.numpy() for w in one.trainable_variables]
    recalibrate_model(one, IMAGES, batch_size=96)
    recalibrate_model(other, IMAGES, batch_size=5)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    assert all(np.array_equal(a, b) for a, b in zip(before, one.trainable_variables, strict=True))


def test_recalibrating_leaves_frozen_layers_and_an_error_leaves_everything():
    model = deep()
    model.get_layer("norm_1").trainable = False
    recalibrate_model(model, IMAGES)
    assert (
        not model.get_layer("norm_1").moving_mean.numpy().any() and model.get_layer("norm_2").moving_mean.numpy().any()
    )
    before = state(model)
    with pytest.raises(ValueError, match="expected finite images"):
        recalibrate_model(model, np.concatenate([IMAGES + 1, np.full((1, 8, 8, 3), np.nan)]), batch_size=8)
    assert state(model) == before


# Reports


REPORT = Report(
    (Finding("stale", "a<b", "fault", "off by 3", "mend(1)\nagain"), Finding("bias", "c", "note", "4 values", "x"))
)


def test_a_report_reads_as_text_html_and_json():
    assert REPORT.verdict == "1 fault: stale; 1 note" and REPORT.codes == ("stale",)
    for word in ("stale", "a<b", "off by 3", "mend(1)", "chapter `inference`"):
        assert word in str(REPORT)
    assert "a&lt;b" in REPORT._repr_html_() and "a<b" not in REPORT._repr_html_()
    read = json.loads(REPORT.to_json())
    assert read["findings"][0] == {
        "code": "stale",
        "layer": "a<b",
        "severity": "fault",
        "evidence": "off by 3",
        "cure": "mend(1)\nagain",
        "chapter": "inference",
    }
    assert Report(()).verdict == "no fault found"


def test_every_code_has_a_meaning_and_a_chapter():
    import course

    slugs = {chapter.slug for chapter in course.read().chapters} | {"small_batches"}
    assert all(meaning and chapter in slugs for meaning, chapter in CODES.values())


# From a shell


def run(*arguments):
    return __main__.main(list(map(str, arguments)))


def test_exit_codes_tell_healthy_from_broken_and_unreadable(tmp_path, capsys, trained):
    model = healthy(trained)
    model.save(tmp_path / "m.keras")
    np.savez(tmp_path / "d.npz", images=IMAGES, labels=LABELS)
    assert run(tmp_path / "m.keras") == run(tmp_path / "m.keras", "--data", tmp_path / "d.npz") == 0
    model.get_layer("norm").moving_mean.assign(np.full(6, 30.0))
    model.save(tmp_path / "m.keras")
    capsys.readouterr()
    assert run(tmp_path / "m.keras", "--data", tmp_path / "d.npz", "--json") == 1
    assert json.loads(capsys.readouterr().out)["findings"][0]["code"] == "stale"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.keras", None, "expected a file"),
        ("m.h5", b"x", "expected a model saved as .keras"),
        ("m.keras", b"x", "expected a model saved as .keras"),
    ],
)
def test_what_can_not_be_read_gives_a_sentence_and_two(tmp_path, capsys, name, content, words):
    if content:
        (tmp_path / name).write_bytes(content)
    assert run(tmp_path / name) == 2
    assert words in capsys.readouterr().err


def test_stored_code_is_not_run(tmp_path, capsys):
    keras.Sequential([keras.Input((5,)), layers.Lambda(lambda x: x + 1), norm()]).save(tmp_path / "m.keras")
    assert run(tmp_path / "m.keras") == 2
    assert "can't be loaded by itself" in capsys.readouterr().err


def test_data_that_can_not_be_read_gives_two(tmp_path, capsys, trained):
    healthy(trained).save(tmp_path / "m.keras")
    (tmp_path / "bad.npz").write_bytes(b"no archive")
    np.savez(tmp_path / "objects.npz", images=np.array([{}, {}], object))
    for name in ("bad.npz", "objects.npz", "missing.npz"):
        assert run(tmp_path / "m.keras", "--data", tmp_path / name) == 2
        assert "expected" in capsys.readouterr().err


def test_the_command_runs(tmp_path, trained):
    healthy(trained).save(tmp_path / "m.keras")
    command = [sys.executable, "-m", "bncourse.clinic", str(tmp_path / "m.keras")]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0 and ran.stdout.startswith("no fault found")
