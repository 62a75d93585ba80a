"""`bncourse.layer.BatchNorm` against Keras's own layer, and against the NumPy functions of the mathematics part."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from common import SHAPES, TOLERANCE, random
from keras.src.backend import AutocastScope  # what a layer's `call` runs in; not public

from bncourse import forward
from bncourse.layer import BatchNorm

FLOAT32 = TOLERANCE["float32"]
LAYOUTS = [((8, 3), -1), ((2, 3, 4, 3), -1), ((2, 3, 4, 3), 3), ((2, 3, 4, 5), 1), ((2, 3, 4, 5), -2), ((5, 3), 0)]


def pair(shape, **arguments):
    """Our layer and Keras's, built for inputs of `shape`, with the same weights, none of them 0 or 1."""
    layers = BatchNorm(**arguments), keras.layers.BatchNormalization(**arguments)
    generator = np.random.default_rng(7)
    for layer in layers:
        layer.build(shape)
    layers[1].set_weights([generator.uniform(0.3, 2.5, weight.shape) for weight in layers[1].weights])
    layers[0].set_weights(layers[1].get_weights())
    return layers


def batch(shape, seed=0):
    return random(shape, seed, np.float32, scale=3.0, offset=2.0)


def weighted_gradients(layer, x, training):
    """Gradients of a randomly weighted sum of the outputs: with respect to x and the trainable weights."""
    weights = random(x.shape, seed=9, dtype=np.float32)
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(weights * layer(x, training=training))
    return tape.gradient(loss, [x, *(weight.value for weight in layer.trainable_weights)])


def assert_same(ours, theirs, **tolerance):
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, **(tolerance or FLOAT32))


@pytest.mark.parametrize(("shape", "axis"), LAYOUTS)
@pytest.mark.parametrize("training", [True, False])
def test_outputs_and_gradients_are_those_of_keras(shape, axis, training):
    ours, theirs = pair(shape, axis=axis)
    x = batch(shape)
    np.testing.assert_allclose(ours(x, training=training), theirs(x, training=training), **FLOAT32)
    assert_same(weighted_gradients(ours, x, training), weighted_gradients(theirs, x, training))


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("scale", [True, False])
def test_beta_and_gamma_can_be_left_out_as_in_keras(center, scale):
    ours, theirs = pair((8, 3), center=center, scale=scale)
    x = batch((8, 3))
    for training in (True, False):
        np.testing.assert_allclose(ours(x, training=training), theirs(x, training=training), **FLOAT32)
    assert [weight.name for weight in ours.weights] == [weight.name for weight in theirs.weights]


@pytest.mark.parametrize(("shape", "axis"), LAYOUTS)
@pytest.mark.parametrize("momentum", [0.0, 0.7, 1.0])
def test_moving_statistics_are_those_of_keras(shape, axis, momentum):
    ours, theirs = pair(shape, axis=axis, momentum=momentum)
    for seed in range(5):
        for layer in (ours, theirs):
            layer(batch(shape, seed), training=True)
    assert_same(ours.get_weights(), theirs.get_weights())


@pytest.mark.parametrize("shape", SHAPES)
def test_training_mode_is_the_forward_pass_of_the_mathematics(shape):
    layer, _ = pair(shape)
    gamma, beta, *_ = layer.get_weights()
    x = batch(shape)
    expected, _, _ = forward.batchnorm(x, gamma, beta)
    np.testing.assert_allclose(layer(x, training=True), expected, **FLOAT32)


@pytest.mark.parametrize("shape", SHAPES)
def test_inference_mode_normalizes_with_moving_statistics(shape):
    layer, _ = pair(shape)
    gamma, beta, *moving = layer.get_weights()
    x = batch(shape)
    expected = forward.normalize(x, forward.Moments(*moving), gamma, beta)
    np.testing.assert_allclose(layer(x), expected, **FLOAT32)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_step_of_training_moves_the_statistics_by_the_formula(shape):
    layer, _ = pair(shape, momentum=0.8)
    *_, mean, variance = layer.get_weights()
    x = batch(shape)
    layer(x, training=True)
    axes = tuple(range(len(shape) - 1))
    assert_same(layer.get_weights()[2:], [0.8 * mean + 0.2 * x.mean(axes), 0.8 * variance + 0.2 * x.var(axes)])


def small_cnn(norm, seed=3):
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(4, 3, use_bias=False),
            norm(momentum=0.9),
            keras.layers.ReLU(),
            keras.layers.Conv2D(6, 3, use_bias=False),
            norm(momentum=0.9),
            keras.layers.ReLU(),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3),
        ]
    )


def examples(count=96):
    """Images (count, 8, 8, 1), and whether the left half is brighter than the right one."""
    images = np.random.default_rng(1).standard_normal((count, 8, 8, 1)).astype(np.float32)
    left, right = images[:, :, :4].mean(axis=(1, 2, 3)), images[:, :, 4:].mean(axis=(1, 2, 3))
    return images, (left > right).astype(np.int64)


def compiled(model, **arguments):
    model.compile(
        keras.optimizers.SGD(0.1, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        **arguments,
    )
    return model


@pytest.mark.parametrize("arguments", [{"run_eagerly": True}, {"jit_compile": False}, {"jit_compile": True}])
def test_a_whole_training_run_is_that_of_keras(arguments):
    images, labels = examples()
    histories, weights = [], []
    for norm in (BatchNorm, keras.layers.BatchNormalization):
        model = compiled(small_cnn(norm), **arguments)
        fitted = model.fit(images, labels, 16, epochs=3, validation_data=(images, labels), shuffle=False, verbose=0)
        histories.append(fitted.history)
        weights.append(model.get_weights())
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(histories[0][name], histories[1][name], rtol=1e-3)
    assert histories[0]["loss"][-1] < histories[0]["loss"][0]
    assert_same(*weights, rtol=1e-2, atol=1e-3)


def test_weights_are_interchangeable_both_ways():
    source, target = small_cnn(BatchNorm, seed=1), small_cnn(keras.layers.BatchNormalization, seed=2)
    images, _ = examples(16)
    source(images, training=True)
    target.set_weights(source.get_weights())
    np.testing.assert_allclose(source(images), target(images), **FLOAT32)
    back = small_cnn(BatchNorm, seed=4)
    back.set_weights(target.get_weights())
    np.testing.assert_array_equal(back(images), source(images))


def test_a_keras_file_gives_back_the_model_and_it_trains_on(tmp_path):
    images, labels = examples(32)
    model = compiled(small_cnn(BatchNorm))
    model.fit(images, labels, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(images), model(images))
    for either in (model, loaded):
        either.fit(images, labels, shuffle=False, verbose=0)
    assert_same(loaded.get_weights(), model.get_weights())


def test_the_config_holds_every_argument():
    arguments = {"axis": 1, "momentum": 0.5, "epsilon": 0.2, "center": False, "scale": False, "name": "norm"}
    config = BatchNorm(**arguments, dtype="float64", trainable=False).get_config()
    copy = BatchNorm.from_config(config)
    assert copy.get_config() == config
    assert {name: getattr(copy, name) for name in arguments} == arguments
    assert copy.variable_dtype == "float64" and not copy.trainable


def test_a_frozen_layer_is_in_inference_mode_and_keeps_its_statistics():
    layer, _ = pair((8, 3))
    layer.trainable = False
    before = layer.get_weights()
    x = batch((8, 3))
    np.testing.assert_array_equal(layer(x, training=True), layer(x, training=False))
    assert_same(layer.get_weights(), before, rtol=0)
    assert len(layer.trainable_weights) == 0 and len(layer.non_trainable_weights) == 4
    layer.trainable = True
    assert len(layer.trainable_weights) == 2 and len(layer.non_trainable_weights) == 2
    assert not np.allclose(layer(x, training=True), layer(x, training=False))


def test_a_frozen_layer_stays_as_it_is_in_fit():
    model = small_cnn(BatchNorm)
    model.layers[1].trainable = False
    frozen, learning = model.layers[1].get_weights(), model.layers[4].get_weights()
    compiled(model).fit(*examples(32), verbose=0)
    assert_same(model.layers[1].get_weights(), frozen, rtol=0)
    assert not any(np.allclose(a, b) for a, b in zip(model.layers[4].get_weights(), learning, strict=True))


def test_a_custom_loop_without_training_true_never_moves_the_statistics():
    model = small_cnn(BatchNorm)
    images, _ = examples(16)
    before = model.layers[1].get_weights()[2:]
    model(images)
    assert_same(model.layers[1].get_weights()[2:], before, rtol=0)
    model(images, training=True)
    assert not np.allclose(model.layers[1].get_weights()[2], before[0])


def test_functional_and_subclassed_models_compute_what_sequential_ones_do():
    images, _ = examples(16)
    layer = BatchNorm()
    inputs = keras.Input((8, 8, 1))
    functional = keras.Model(inputs, keras.layers.ReLU()(layer(inputs)))

    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__()
            self.norm = layer

        def call(self, x, training=None):
            return keras.ops.relu(self.norm(x, training=training))

    expected = np.maximum(layer(images, training=True), 0)
    for model in (functional, keras.Sequential([layer, keras.layers.ReLU()]), Subclassed()):
        np.testing.assert_allclose(model(images, training=True), expected, **FLOAT32)


@pytest.mark.parametrize("training", [True, False])
def test_mixed_precision_gives_float16_from_float32_weights_as_keras_does(training):
    ours, theirs = pair((16, 3), dtype="mixed_float16")
    x = batch((16, 3)).astype(np.float16)
    y = ours(x, training=training)
    assert y.dtype == tf.float16 and all(weight.dtype == "float32" for weight in ours.weights)
    np.testing.assert_allclose(y, theirs(x, training=training), rtol=2e-3, atol=2e-3)
    assert_same(ours.get_weights(), theirs.get_weights())


def test_large_values_do_not_overflow_in_mixed_precision():
    """The largest float16 is 65504; the variance of these inputs is 1e6 and more."""
    ours, theirs = pair((64, 3), dtype="mixed_float16", momentum=0.0)
    x = random((64, 3), dtype=np.float32, scale=3000.0, offset=500.0).astype(np.float16)
    y = ours(x, training=True)
    np.testing.assert_allclose(y, theirs(x, training=True), rtol=2e-3, atol=2e-3)
    assert np.isfinite(y).all()
    np.testing.assert_allclose(ours.moving_variance, x.astype(np.float64).var(axis=0), rtol=1e-3)
    assert np.isfinite(ours(x)).all()


def test_statistics_survive_where_weights_are_cast_to_float16():
    layer = BatchNorm()
    layer.build((4, 3))
    large = np.full(3, 70_000, np.float32)
    layer.moving_variance.assign(large)
    with AutocastScope("float16"):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(layer.moving_variance.value), large)


def test_float64_is_kept():
    layer = BatchNorm(dtype="float64")
    x = random((8, 3))
    expected, _, _ = forward.batchnorm(x, np.ones(3), np.zeros(3))
    y = layer(x, training=True)
    assert y.dtype == tf.float64
    np.testing.assert_allclose(y, expected, **TOLERANCE["float64"])


def test_integer_images_are_accepted_as_in_keras():
    ours, theirs = pair((2, 3, 4, 3))
    x = np.random.default_rng(0).integers(0, 255, (2, 3, 4, 3), np.uint8)
    np.testing.assert_allclose(ours(x, training=True), theirs(x, training=True), **FLOAT32)


MASKED = [((4, 6, 3), -1, (4, 6)), ((4, 3, 5), 1, (4, 3)), ((2, 3, 4, 3), -1, (2, 3, 1)), ((8, 1), -1, (8,))]


@pytest.mark.parametrize(("shape", "axis", "mask_shape"), MASKED)
@pytest.mark.parametrize("training", [True, False])
def test_a_mask_leaves_positions_out_of_the_statistics_as_in_keras(shape, axis, mask_shape, training):
    ours, theirs = pair(shape, axis=axis, momentum=0.5)
    x, mask = batch(shape), np.random.default_rng(3).random(mask_shape) < 0.6
    outputs = [layer(x, training=training, mask=tf.constant(mask)) for layer in (ours, theirs)]
    np.testing.assert_allclose(*outputs, **FLOAT32)
    assert_same(ours.get_weights(), theirs.get_weights())


def test_masked_values_have_no_influence_on_the_others():
    layer, _ = pair((4, 6, 3))
    x, mask = batch((4, 6, 3)), np.random.default_rng(3).random((4, 6)) < 0.6
    spoiled = np.where(mask[..., None], x, 1e4).astype(np.float32)
    clean, other = (np.array(layer(inputs, training=True, mask=tf.constant(mask))) for inputs in (x, spoiled))
    np.testing.assert_allclose(clean[mask], other[mask], **FLOAT32)
    np.testing.assert_allclose(clean[mask], forward.batchnorm(x[mask], *layer.get_weights()[:2])[0], **FLOAT32)


def test_a_batch_that_is_masked_as_a_whole_is_finite_as_in_keras():
    ours, theirs = pair((4, 5))
    x, nothing = batch((4, 5)), tf.zeros(4, bool)
    outputs = [layer(x, training=True, mask=nothing) for layer in (ours, theirs)]
    np.testing.assert_allclose(*outputs, rtol=1e-3)
    assert np.isfinite(outputs[0]).all()


def test_a_mask_passes_through_to_the_next_layer():
    sequences = keras.Input((None, 2))
    masked = keras.layers.Masking()(sequences)
    pooled = keras.layers.GlobalAveragePooling1D()(BatchNorm()(masked))  # averages what is not masked
    model = keras.Model(sequences, pooled)
    x = batch((3, 4, 2))
    padded = np.concatenate([x, np.zeros((3, 5, 2), np.float32)], axis=1)
    np.testing.assert_allclose(model(padded), model(x), **FLOAT32)


def test_a_mask_of_another_rank_is_refused():
    with pytest.raises(ValueError, match=r"one axis less than the inputs, received a mask of shape \(4,\)"):
        BatchNorm()(batch((4, 6, 3)), training=True, mask=tf.ones(4, bool))


EQUIPPED = dict(
    beta_initializer=keras.initializers.Constant(0.5),
    gamma_initializer="zeros",
    moving_mean_initializer="ones",
    moving_variance_initializer=keras.initializers.Constant(4.0),
    beta_regularizer=keras.regularizers.L1(0.1),
    gamma_regularizer="l2",
    beta_constraint="non_neg",
    gamma_constraint=keras.constraints.MaxNorm(1.5),
)


def test_initializers_and_penalties_are_those_of_keras():
    ours, theirs = BatchNorm(**EQUIPPED), keras.layers.BatchNormalization(**EQUIPPED)
    for layer in (ours, theirs):
        layer.build((8, 3))
    assert_same(ours.get_weights(), theirs.get_weights(), rtol=0)
    assert len(ours.losses) == 2
    assert_same(ours.losses, theirs.losses)


def test_constraints_hold_after_a_step_of_the_optimizer():
    layer = BatchNorm(beta_constraint="non_neg", gamma_constraint=keras.constraints.MaxNorm(1.5))
    layer.build((8, 3))
    gradients = [tf.constant([-9.0, 1.0, 0.0]), tf.constant([1.0, -1.0, 0.0])]
    keras.optimizers.SGD(1.0).apply(gradients, layer.trainable_variables)
    np.testing.assert_allclose(np.linalg.norm(layer.gamma), 1.5, rtol=1e-5)
    np.testing.assert_array_equal(layer.beta, [0, 1, 0])


@pytest.mark.parametrize("arguments", [{}, {"axis": 1, "momentum": 0.5, "epsilon": 0.2, "scale": False}, EQUIPPED])
def test_kerass_own_configuration_makes_an_equal_layer(arguments):
    theirs = keras.layers.BatchNormalization(**arguments, name="norm", dtype="mixed_float16")
    ours = BatchNorm.from_config(theirs.get_config())
    config = theirs.get_config()
    assert {name: config[name] for name in ours.get_config()} == ours.get_config()
    assert BatchNorm.from_config(ours.get_config()).get_config() == ours.get_config()


@pytest.mark.parametrize("missing", ["synchronized", "renorm"])
def test_a_configuration_that_asks_for_more_is_refused(missing):
    config = keras.layers.BatchNormalization().get_config()
    with pytest.raises(ValueError, match=f"expected a configuration with {missing}=False, received {missing}=True"):
        BatchNorm.from_config({**config, missing: True})
    later = {"renorm": False, "renorm_clipping": None, "renorm_momentum": 0.99}  # as Keras 3.14 writes it
    assert BatchNorm.from_config({**config, **later}).momentum == 0.99


def test_what_is_left_out_is_none_as_in_keras():
    for layer in (BatchNorm(center=False, scale=False), keras.layers.BatchNormalization(center=False, scale=False)):
        layer.build((8, 3))
        assert layer.gamma is None and layer.beta is None


def test_pure_float16_overflows_the_stored_variance_and_mixed_precision_does_not():
    x = random((64, 3), dtype=np.float32, scale=3000.0).astype(np.float16)
    for layer in (BatchNorm, keras.layers.BatchNormalization):
        pure, mixed = layer(dtype="float16", momentum=0.0), layer(dtype="mixed_float16", momentum=0.0)
        for norm in (pure, mixed):
            assert np.isfinite(norm(x, training=True)).all()
        assert np.isinf(pure.moving_variance).all() and np.isfinite(mixed.moving_variance).all()


# The cases of Keras's own test file, batch_normalization_test.py, written anew (the wheel does not hold it).


@pytest.mark.parametrize("axis", [-1, 1])
@pytest.mark.parametrize("shape", [(5, 2, 3), (5, 3, 3, 2)])
def test_training_standardizes_and_without_momentum_inference_agrees(axis, shape):
    layer = BatchNorm(axis=axis, momentum=0)
    x = np.random.default_rng(0).normal(5, 10, shape).astype(np.float32)
    assert not np.allclose(layer(x, training=False), layer(x, training=True))
    np.testing.assert_allclose(layer(x, training=False), layer(x, training=True), **FLOAT32)
    y = np.array(layer(x, training=True))
    axes = tuple(i for i in range(len(shape)) if i != axis % len(shape))
    np.testing.assert_allclose(y.mean(axes), 0, atol=1e-3)
    np.testing.assert_allclose(y.std(axes), 1, atol=1e-3)


@pytest.mark.parametrize("shape", [(2, 3), (2, 4, 4, 3)])
@pytest.mark.parametrize("learned", [True, False])
def test_the_number_of_weights_and_the_output_shape(shape, learned):
    layer = BatchNorm(center=learned, scale=learned)
    assert layer(np.ones(shape, np.float32), training=True).shape == shape
    assert layer.compute_output_shape(shape) == shape and layer(keras.Input(shape[1:])).shape == (None, *shape[1:])
    assert len(layer.trainable_weights) == 2 * learned and len(layer.non_trainable_weights) == 2


def test_freezing_before_the_first_call_passes_inputs_through():
    layer = BatchNorm(momentum=0.8, epsilon=1e-7)
    layer.build((1, 4, 4, 3))
    layer.trainable = False
    x = np.random.default_rng(0).normal(5, 10, (200, 4, 4, 3)).astype(np.float32)
    np.testing.assert_allclose(layer(x, training=True), x, **FLOAT32)
    layer.trainable = True
    y = np.array(layer(x, training=True))
    np.testing.assert_allclose(y.mean((0, 1, 2)), 0, atol=1e-3)
    np.testing.assert_allclose(y.std((0, 1, 2)), 1, atol=1e-3)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"axis": 1.0}, TypeError, "expected axis to be one integer, received 1.0"),
        ({"axis": [1, 2]}, TypeError, r"expected axis to be one integer, received \[1, 2\]"),
        ({"axis": None}, TypeError, "expected axis to be one integer, received None"),
        ({"axis": True}, TypeError, "expected axis to be one integer, received True"),
        ({"momentum": 1.1}, ValueError, "expected momentum between 0 and 1, received 1.1"),
        ({"momentum": -0.1}, ValueError, "expected momentum between 0 and 1, received -0.1"),
        ({"momentum": "0.9"}, TypeError, "expected momentum to be a real number, received '0.9'"),
        ({"epsilon": -1e-3}, ValueError, "expected epsilon between 0 and inf, received -0.001"),
        ({"epsilon": float("nan")}, ValueError, "expected epsilon between 0 and inf, received nan"),
    ],
)
def test_an_argument_that_makes_no_sense_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        BatchNorm(**arguments)


@pytest.mark.parametrize("axis", [4, -5])
def test_an_axis_that_the_inputs_lack_is_refused(axis):
    with pytest.raises(ValueError, match=rf"expected inputs that have axis {axis}, received shape \(None, 8, 8, 3\)"):
        BatchNorm(axis=axis)(keras.Input((8, 8, 3)))


def test_channels_of_unknown_number_are_refused():
    with pytest.raises(ValueError, match=r"expected axis -1 of known length, received shape \(None, 8, None\)"):
        BatchNorm()(keras.Input((8, None)))


@pytest.mark.parametrize("shape", [(8, 4), (2, 8, 3)])
def test_inputs_of_another_shape_than_the_first_are_refused(shape):
    layer, _ = pair((8, 3))
    with pytest.raises(ValueError, match="incompatible with the layer"):
        layer(np.ones(shape, np.float32))
