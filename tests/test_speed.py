"""The fast path gives the lesson's numbers; the fused layer is Keras's; traffic is counted, and races are fair."""

import json

import numpy as np
import pytest
from common import SHAPES, random
from hypothesis import given, settings
from hypothesis import strategies as st

from bncourse import environment, speed
from bncourse.backward import batchnorm_backward
from bncourse.forward import batchnorm
from bncourse.traffic import traffic

# The fast path's own promise.
CLOSE = {np.float32: 1e-5, np.float64: 1e-11}


def upstream(shape, dtype=np.float32):
    return np.random.default_rng(1).normal(size=shape).astype(dtype)


def both(shape, dtype, *, offset=0.0, threads=1, epsilon=1e-3, scale=1.0):
    """y, mean, variance and gradients of the fast path, and of the lesson's formulas in float64."""
    x, dy = random(shape, 0, dtype, scale, offset), upstream(shape, dtype)
    generator = np.random.default_rng(2)
    gamma, beta = generator.uniform(0.5, 1.5, (2, shape[-1])).astype(dtype)
    y, moments, saved = speed.batchnorm(x, gamma, beta, epsilon=epsilon, threads=threads)
    gradients = speed.batchnorm_backward(dy, saved, threads=threads)
    wide = [array.astype(np.float64) for array in (x, gamma, beta, dy)]
    expected, expected_moments, cache = batchnorm(*wide[:3], epsilon=epsilon)
    expected_gradients = batchnorm_backward(wide[3], cache)
    assert y.dtype == gradients.x.dtype == gradients.gamma.dtype == dtype
    return [y, *moments, *gradients], [expected, *expected_moments, *expected_gradients]


def distance(found, expected):
    """The largest difference, relative to each array's largest element or to 1."""
    return max(np.abs(a - b).max() / max(np.abs(b).max(), 1) for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [*SHAPES, (1, 5), (7, 1), (5, 7, 11, 13), (300, 2000), (70001, 1), (4, 33, 32, 64)])
def test_the_fast_path_gives_the_lessons_numbers(shape, dtype, threads):
    found, expected = both(shape, dtype, threads=threads)
    if shape[0] == 1:  # one element a channel: it is normalized to beta, and its gradients are 0
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-5)
    else:
        assert distance(found, expected) < CLOSE[dtype]


@pytest.mark.parametrize("offset", [0.0, 3.0, -100.0, 1e4])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 50.0])
def test_large_means_cost_no_digit_that_a_float32_has(offset, scale):
    found, expected = both((64, 9, 9, 4), np.float32, offset=offset, scale=scale)
    assert distance(found, expected) < 1e-5


@settings(max_examples=30)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.integers(1, 3), st.sampled_from([17, 64, 2**16]))
def test_blocks_of_any_size_cover_any_array(shape, threads, block):
    old, speed.BLOCK, speed.ROW = (speed.BLOCK, speed.ROW), block, min(block, 2**10)
    try:
        found, expected = both(tuple(shape), np.float64, threads=threads, epsilon=0.5)
    finally:
        speed.BLOCK, speed.ROW = old
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_constant_and_dead_channels_are_normalized_to_beta():
    x = np.stack([np.zeros(50), np.full(50, 7e3), np.arange(50.0)], axis=1).astype(np.float32)
    y, moments, saved = speed.batchnorm(x, [1, 1, 1], [0.5, -2, 0])
    np.testing.assert_allclose(y[:, :2], np.tile([0.5, -2], (50, 1)))
    assert moments.variance[:2].tolist() == [0, 0]
    assert np.isfinite(speed.batchnorm_backward(np.ones_like(x), saved).x).all()


def test_results_go_into_the_memory_that_is_given():
    x, dy = random((6, 4), 0), random((6, 4), 1)
    y, dx = np.empty_like(x), np.empty_like(x)
    result, _, saved = speed.batchnorm(x, np.ones(4), np.zeros(4), out=y)
    assert result is y and saved.x is x
    expected = speed.batchnorm_backward(dy, saved).x
    assert speed.batchnorm_backward(dy, saved, out=dx).x is dx
    np.testing.assert_array_equal(speed.batchnorm_backward(dy, saved, out=dy).x, expected)
    np.testing.assert_array_equal(dx, expected)


def test_bad_input_of_the_fast_path_is_named():
    x, one = np.ones((3, 2), np.float32), np.ones(2)
    _, _, saved = speed.batchnorm(x, one, one)
    with pytest.raises(TypeError, match="expected x of dtype float32 or float64, received float16"):
        speed.batchnorm(x.astype(np.float16), one, one)
    with pytest.raises(ValueError, match=r"expected gamma of shape \(2,\)"):
        speed.batchnorm(x, np.ones(3), one)
    with pytest.raises(ValueError, match="expected out to be another array than x"):
        speed.batchnorm(x, one, one, out=x)
    with pytest.raises(ValueError, match=r"expected out of shape \(3, 2\), received \(2, 3\)"):
        speed.batchnorm(x, one, one, out=np.empty((2, 3), np.float32))
    with pytest.raises(TypeError, match="expected out of dtype float32, received float64"):
        speed.batchnorm(x, one, one, out=np.empty((3, 2)))
    with pytest.raises(ValueError, match="expected out to be C-contiguous"):
        speed.batchnorm(x, one, one, out=np.empty((2, 3), np.float32).T)
    with pytest.raises(ValueError, match="expected threads of at least 1, received 0"):
        speed.batchnorm(x, one, one, threads=0)
    with pytest.raises(TypeError, match="expected dy of dtype float32, received float64"):
        speed.batchnorm_backward(np.ones((3, 2)), saved)
    with pytest.raises(ValueError, match=r"expected dy of shape \(3, 2\), received \(2, 2\)"):
        speed.batchnorm_backward(x[:2], saved)


# What goes over memory


def test_every_operation_reads_its_operands_and_writes_its_result():
    x = np.ones((500, 8))
    assert traffic(lambda x: x + 1, x) == (1, 1)
    assert traffic(lambda x: x * x, x) == (2, 1)
    assert traffic(lambda x: np.multiply(x, 2, out=np.empty_like(x)), x) == (1, 1)
    assert traffic(lambda x: x[:250] + 1, x) == (0.5, 0.5)
    assert traffic(lambda x: np.modf(x), x) == (1, 2)

    def in_place(x):
        y = np.empty_like(x)
        y += x

    assert traffic(in_place, x) == (2, 1)
    assert traffic(lambda x, z: x + z, x, np.ones((500, 8))) == (2, 1)
    read, written = traffic(lambda x: x.var(axis=0), x)
    assert round(read, 1) == 5.0 and round(written, 1) == 2.0


def test_results_of_watched_computations_are_right():
    x, seen = random((50, 3)), []
    traffic(lambda x: seen.append(((x - x.mean(axis=0)) / x.std(axis=0)).sum(axis=1)), x, cache=4096)
    np.testing.assert_allclose(np.asarray(seen[0]), ((x - x.mean(axis=0)) / x.std(axis=0)).sum(axis=1))


def test_a_cache_that_holds_everything_leaves_the_first_reading_and_the_last_writing():
    x = np.ones((2**15, 4))

    def three_steps(x):
        y = np.empty_like(x)
        np.multiply(x, 2, out=y)
        y += x
        y += x

    assert traffic(three_steps, x) == (5, 3)
    large = traffic(three_steps, x, cache=2**24)
    assert large == pytest.approx((1, 1), abs=0.02)
    assert traffic(three_steps, x, cache=2**16) == pytest.approx((5, 3), abs=0.02)


def test_bad_input_of_the_counter_is_named():
    with pytest.raises(ValueError, match="expected cache of at least 0"):
        traffic(lambda x: x, np.ones(3), cache=-1)
    with pytest.raises(TypeError, match="real numbers"):
        traffic(lambda x: x, np.ones(3) * 1j)


# The race


def test_contestants_take_turns_after_a_call_that_is_not_timed():
    calls = []
    seconds = speed.race({name: lambda name=name: calls.append(name) for name in "ab"}, rounds=3)
    assert calls == ["a", "b"] * 4
    assert {name: values.shape for name, values in seconds.items()} == {"a": (3,), "b": (3,)}
    with pytest.raises(ValueError, match="expected rounds of at least 1"):
        speed.race({}, rounds=0)


def test_ratios_are_taken_within_a_round():
    found = speed.ratio([1.0, 20.0, 3.0, 8.0, 5.0], [1.0, 10.0, 1.0, 2.0, 1.0])
    assert found == (3, 2, 4) and str(found) == "3.00 (2.00-4.00)"
    with pytest.raises(ValueError, match="reference"):
        speed.ratio([1.0, 2.0], [1.0])


def test_the_roof_is_the_lower_of_two_limits():
    assert speed.attainable([1, 10, 100], arithmetic=50.0, bandwidth=5.0).tolist() == [5, 50, 50]


def test_the_stored_measurement_names_its_machine_and_its_command(tmp_path, monkeypatch):
    stored = speed.measured()
    assert stored["made_by"] == "python -m benchmarks.batchnorm --store"
    assert set(stored["environment"]) == set(environment.machine())
    assert "[32, 32, 32, 64]" in stored["ratios"]
    for ratios in stored["ratios"].values():
        assert all(0 < low <= median <= high for median, low, high in ratios.values())
        assert ratios["raw fused kernel"] == [1, 1, 1]
    assert set(stored["roofline"]) == {"bandwidth", "arithmetic"} and set(stored["reached"]) == {
        "batch norm",
        "convolution",
    }
    assert json.loads(speed.STORE.read_text()) == stored
    monkeypatch.setattr(speed, "STORE", tmp_path / "speed.json")
    with pytest.raises(LookupError, match=r"speed.json is missing: `python -m benchmarks.batchnorm --store` makes it"):
        speed.measured()


# The layer on the fused kernel


def step(layer, x, dy, **options):
    """What one training step of a layer leaves behind."""
    import tensorflow as tf

    def run(x, dy):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True)
        return y, tape.gradient(y, [x, *layer.trainable_variables], output_gradients=tf.cast(dy, y.dtype))

    y, gradients = (tf.function(run, **options) if options else run)(tf.constant(x), tf.constant(dy))
    values = [y, *gradients, *layer.non_trainable_variables]
    return [np.asarray(tf.cast(value, "float32"), np.float64) for value in values], y.dtype


def pair(x, **options):
    """Keras's layer and ours, with the same weights away from their initial values."""
    import keras

    from bncourse.fused import FusedBatchNorm

    layers = [kind(**options) for kind in (keras.layers.BatchNormalization, FusedBatchNorm)]
    for layer in layers:
        layer.build(x.shape)
    generator = np.random.default_rng(3)
    weights = [generator.uniform(0.5, 1.5, weight.shape) for weight in layers[0].weights]
    for layer in layers:
        layer.set_weights(weights)
    return layers


LAYERS = [
    ((8, 4, 4, 3), {}),
    ((8, 3), {}),
    ((4, 5, 3), {"momentum": 0.5}),
    ((1, 1, 1, 3), {}),
    ((2, 3, 3, 3, 3), {"epsilon": 0.5}),
    ((8, 4, 4, 3), {"scale": False}),
    ((8, 4, 4, 3), {"center": False}),
    ((8, 3, 4, 4), {"axis": 1}),
]


@pytest.mark.parametrize(("shape", "options"), LAYERS)
@pytest.mark.parametrize("mode", [{}, {"jit_compile": False}, {"jit_compile": True}])
def test_the_fused_layer_is_keras_layer(shape, options, mode):
    pytest.importorskip("tensorflow")
    x, dy = random(shape, 0, np.float32), upstream(shape)
    theirs, ours = pair(x, **options)
    for one, other in zip(step(ours, x, dy, **mode)[0], step(theirs, x, dy, **mode)[0], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
    inference = [np.asarray(layer(x, training=False)) for layer in (ours, theirs)]
    np.testing.assert_allclose(*inference, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("policy", "tolerance"), [("mixed_float16", 4e-3), ("mixed_bfloat16", 3e-2), ("float64", 1e-9)]
)
def test_the_fused_layer_is_keras_layer_in_other_precisions(policy, tolerance):
    pytest.importorskip("tensorflow")
    x, dy = random((8, 4, 4, 3), 0, np.float32), upstream((8, 4, 4, 3))
    theirs, ours = pair(x, dtype=policy)
    (found, dtype), (expected, expected_dtype) = step(ours, x, dy), step(theirs, x, dy)
    assert dtype == expected_dtype
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * np.abs(other).max() + 1e-6)
    assert [weight.dtype for weight in ours.weights] == [weight.dtype for weight in theirs.weights]


def test_float16_inputs_whose_squares_overflow_are_normalized():
    pytest.importorskip("tensorflow")
    x = random((8, 4, 4, 3), 0, np.float16, scale=1000.0)
    theirs, ours = pair(x, dtype="mixed_float16")
    y = np.asarray(ours(x, training=True), np.float32)
    np.testing.assert_allclose(y, np.asarray(theirs(x, training=True), np.float32), atol=5e-3)
    np.testing.assert_allclose(ours.moving_variance, theirs.moving_variance, rtol=1e-3)


def test_a_frozen_layer_and_a_masked_one_do_as_keras_layers():
    pytest.importorskip("tensorflow")
    x = random((4, 5, 3), 0, np.float32)
    theirs, ours = pair(x)
    mask = np.arange(5)[None] < np.array([[5], [2], [3], [1]])
    for layer in (theirs, ours):
        layer(x, training=True, mask=mask)
    np.testing.assert_allclose(ours.moving_variance, theirs.moving_variance, rtol=1e-4)
    ours.trainable = False
    before = np.array(ours.moving_mean)
    ours(x, training=True)
    np.testing.assert_array_equal(ours.moving_mean, before)


def test_the_batch_may_have_any_size_and_the_layer_is_saved_with_its_model(tmp_path):
    keras = pytest.importorskip("keras")
    from bncourse.fused import FusedBatchNorm

    model = keras.Sequential([keras.Input((4, 4, 3)), FusedBatchNorm(momentum=0.5), keras.layers.Flatten()])
    model.compile("sgd", "mse")
    x = random((10, 4, 4, 3), 0, np.float32)
    model.fit(x, np.zeros((10, 48), np.float32), batch_size=4, verbose=0)  # the last batch has two
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert type(again.layers[0]) is FusedBatchNorm
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


def test_only_training_in_what_the_kernel_takes_uses_the_kernel():
    tf = pytest.importorskip("tensorflow")
    from bncourse.fused import FusedBatchNorm

    def kinds(dtype="float32", training=True, **options):
        layer = FusedBatchNorm(dtype=dtype, **options)
        layer.build((4, 3, 3, 3))
        run = tf.function(lambda x: layer(x, training=training))
        graph = run.get_concrete_function(tf.TensorSpec((None, 3, 3, 3), dtype)).graph
        return {operation.type for operation in graph.get_operations()}

    assert "FusedBatchNormV3" in kinds() and "FusedBatchNormV3" in kinds(axis=3)
    for other in (dict(training=False), dict(axis=1), dict(dtype="float64"), dict(trainable=False)):
        assert "FusedBatchNormV3" not in kinds(**other)


# The figures


def test_figures_show_what_they_are_given():
    import matplotlib

    matplotlib.use("Agg")
    from bncourse import plots

    ax = plots.passes({"a": (7, 5), "b": (2, 1)}, floor=3)
    assert [bar.get_width() for bar in ax.patches] == [7, 2, 5, 1]
    assert [text.get_text() for text in ax.texts] == ["12", "3"]
    assert ax.get_lines()[0].get_xdata()[0] == 3
    ax = plots.multiples({"NumPy": (2, 1.5, 3), "layer": (1, 0.9, 1.1)}, reference="the kernel")
    assert [line.get_xdata()[0] for line in ax.get_lines()] == [1.5, 2, 0.9, 1, 1]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["NumPy", "layer"]
    ax = plots.roofline({"slow": (0.5, 4e10), "fast": (100, 9e11)}, arithmetic=1e12, bandwidth=1e11)
    roof, slow, fast = ax.get_lines()
    assert slow.get_xydata().tolist() == [[0.5, 40]] and fast.get_xydata().tolist() == [[100, 900]]
    assert slow.get_color() != fast.get_color() and roof.get_ydata().max() == 1000
