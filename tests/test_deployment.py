"""Folding: the formulas against the layers they replace, whole models against themselves, quantization and export."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from common import TOLERANCE
from keras import layers

from bncourse import deployment
from bncourse.cases import HandmadeNorm
from bncourse.convolution import conv2d, dense
from bncourse.deployment import affine, fold, fold_in_front, fold_model, plan, quantize
from bncourse.deployment.planning import is_batch_norm
from bncourse.distributed import SynchronizedBatchNorm
from bncourse.forward import Moments
from bncourse.fused import FusedBatchNorm
from bncourse.inference import batchnorm_inference
from bncourse.layer import BatchNorm
from bncourse.models import GhostBatchNorm

BN = layers.BatchNormalization


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def statistics(rng, channels):
    """gamma, beta and moving statistics (C,), away from 1 and 0; some gammas are negative."""
    gamma, beta, mean = rng.uniform(0.5, 2, channels) * rng.choice([-1, 1], channels), *rng.normal(size=(2, channels))
    return gamma, beta, Moments(mean, rng.uniform(0.1, 3, channels))


# --- formulas ---


def test_affine_is_batch_norm_in_inference(rng):
    x, parameters = rng.normal(size=(2, 3, 4, 5)), statistics(rng, 5)
    scale, shift = affine(*parameters, epsilon=0.3)
    np.testing.assert_allclose(
        scale * x + shift, batchnorm_inference(x, *parameters, epsilon=0.3), **TOLERANCE["float64"]
    )


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", ["conv", "dense"])
def test_a_folded_layer_gives_what_layer_and_batch_norm_give(rng, kind, bias):
    layer, shape = (conv2d, (3, 3, 2, 4)) if kind == "conv" else (dense, (2, 4))
    x, kernel, b = rng.normal(size=(3, 6, 5, 2)), rng.normal(size=shape), rng.normal(size=4) if bias else None
    x = x if kind == "conv" else x[:, 0, 0]
    parameters = statistics(rng, 4)
    expected = batchnorm_inference(layer(x, kernel) + (b if bias else 0), *parameters, epsilon=0.3)
    folded, folded_bias = fold(kernel, b, *parameters, epsilon=0.3)
    np.testing.assert_allclose(layer(x, folded) + folded_bias, expected, **TOLERANCE["float64"])


def test_in_front_it_is_exact_without_padding_and_wrong_at_the_border_with_it(rng):
    x, kernel, bias = rng.normal(size=(2, 6, 5, 3)), rng.normal(size=(3, 3, 3, 4)), rng.normal(size=4)
    parameters = statistics(rng, 3)
    folded, folded_bias = fold_in_front(kernel, bias, *parameters, epsilon=0.3)
    for padding in ("valid", "same"):
        expected = conv2d(batchnorm_inference(x, *parameters, epsilon=0.3), kernel, padding=padding) + bias
        error = np.abs(conv2d(x, folded, padding=padding) + folded_bias - expected).max(axis=(0, 3))
        if padding == "same":
            assert np.all(error[[0, -1]] > 0.1) and np.all(error[:, [0, -1]] > 0.1)
            error = error[1:-1, 1:-1]
        np.testing.assert_allclose(error, 0, atol=1e-10)


def test_the_default_epsilon_is_that_of_the_layer(rng):
    kernel, parameters = rng.normal(size=(2, 3)), ([1.0, 2, 3], [0.0, 0, 0], ([0.0, 0, 0], [1e-3, 1e-4, 0.0]))
    for function, weights in ((fold, kernel), (fold_in_front, kernel.T)):
        given = function(weights, None, *parameters, epsilon=BN().epsilon)
        assert all(map(np.array_equal, function(weights, None, *parameters), given))


def test_dtypes_are_kept_and_integers_become_float64():
    parameters = ([2, 1], [0, 1], ([0, 0], [1, 1]))
    for dtype, expected in ((np.float32, np.float32), (np.float16, np.float16), (int, np.float64)):
        for function in (fold, fold_in_front):
            kernel, bias = function(np.ones((2, 2), dtype), None, *parameters)
            assert kernel.dtype == bias.dtype == expected


def test_bad_input_is_named():
    good = dict(gamma=np.ones(3), beta=np.zeros(3), moving=(np.zeros(3), np.ones(3)))
    kernel = np.ones((2, 3))
    with pytest.raises(ValueError, match=r"expected gamma of shape \(3,\), received \(4,\)"):
        fold(kernel, None, np.ones(4), np.ones(4), (np.ones(4), np.ones(4)))
    with pytest.raises(ValueError, match=r"expected gamma of shape \(3,\), received \(2,\)"):
        fold_in_front(kernel.T, None, np.ones(2), np.ones(2), (np.ones(2), np.ones(2)))
    with pytest.raises(ValueError, match=r"expected bias of shape \(3,\), received \(2,\)"):
        fold(kernel, np.ones(2), **good)
    with pytest.raises(ValueError, match=r"expected beta of shape \(3,\)"):
        fold(kernel, None, **good | dict(beta=np.ones(2)))
    with pytest.raises(ValueError, match="expected moving variance of at least 0"):
        fold(kernel, None, **good | dict(moving=(np.zeros(3), -np.ones(3))))
    with pytest.raises(ValueError, match="epsilon"):
        fold(kernel, None, **good, epsilon=-1)
    with pytest.raises(ValueError, match="received a scalar"):
        fold(1.0, None, **good)
    with pytest.raises(ValueError, match=r"expected kernel of shape \(..., C, F\)"):
        fold_in_front(np.ones(3), None, **good)
    with pytest.raises(TypeError, match="expected kernel to hold real numbers"):
        fold(kernel + 1j, None, **good)


def test_the_formulas_load_no_tensorflow():
    code = "import sys; from bncourse.deployment import fold, quantize; assert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="'nothing'"):
        _ = deployment.nothing


# --- whole models ---


def randomize(model, rng):
    """Random statistics and biases, away from 1 and 0."""
    for layer in model._flatten_layers():
        if is_batch_norm(layer):
            ranges = {"gamma": (-2, 2), "beta": (-1, 1), "moving_mean": (-1, 1), "moving_variance": (0.3, 2)}
            layer.set_weights([rng.uniform(*ranges[weight.name], weight.shape) for weight in layer.weights])
        elif getattr(layer, "use_bias", False):
            layer.bias.assign(rng.normal(size=layer.bias.shape))


def arrays(outputs):
    return [np.asarray(output, np.float64) for output in keras.tree.flatten(outputs)]


def check(model, rng, *, left=0, tolerance=1e-5):
    """Fold a model with random statistics: `left` batch norms remain, the outputs are equal, the model is untouched."""
    randomize(model, rng)
    before, names = model.get_weights(), [layer.name for layer in model._flatten_layers()]
    folded = fold_model(model)
    assert sum(map(is_batch_norm, folded._flatten_layers())) == left == len(plan(model).left)
    images = [rng.normal(size=(2, *(n or 7 for n in tensor.shape[1:]))).astype("float32") for tensor in model.inputs]
    images = images if len(images) > 1 else images[0]
    found, expected = folded(images, training=False), model(images, training=False)
    keras.tree.assert_same_structure(found, expected)
    for a, b in zip(arrays(found), arrays(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * max(1, np.abs(b).max()))
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert [layer.name for layer in model._flatten_layers()] == names
    assert {layer.name for layer in folded._flatten_layers()} <= set(names)
    return folded


def chain(shape, *rest):
    return keras.Sequential([keras.Input(shape), *rest])


IMAGE = (8, 8, 4)


def channels_first():
    """A convolution that TensorFlow can do on a GPU, and with oneDNN."""
    image, kernel = np.zeros((1, 1, 2, 2), np.float32), np.zeros((1, 1, 1, 1), np.float32)
    try:
        tf.nn.conv2d(image, kernel, strides=1, padding="VALID", data_format="NCHW")
    except tf.errors.UnimplementedError:
        pytest.skip("TensorFlow has no convolution with channels first here")
    return chain((4, 8, 8), layers.Conv2D(3, 3, data_format="channels_first"), BN(axis=1))


BEHIND = {
    "dense": lambda: chain((5,), layers.Dense(3), BN(), layers.ReLU()),
    "dense on images": lambda: chain(IMAGE, layers.Dense(3, use_bias=False), BN()),
    "conv1d": lambda: chain((8, 4), layers.Conv1D(3, 3, padding="causal"), BN()),
    "conv2d": lambda: chain(IMAGE, layers.Conv2D(3, 3, padding="same", use_bias=False), BN(), layers.ReLU()),
    "conv2d of unknown size": lambda: chain((None, None, 4), layers.Conv2D(3, 3, padding="same"), BN()),
    "conv3d": lambda: chain((4, 4, 4, 2), layers.Conv3D(3, 2), BN()),
    "groups": lambda: chain(IMAGE, layers.Conv2D(6, 3, groups=2), BN()),
    "channels first": channels_first,
    "no gamma": lambda: chain(IMAGE, layers.Conv2D(3, 3), BN(scale=False)),
    "no beta": lambda: chain(IMAGE, layers.Conv2D(3, 3), BN(center=False)),
    "neither": lambda: chain(IMAGE, layers.Conv2D(3, 3), BN(center=False, scale=False, epsilon=0.1)),
    "the course's layer": lambda: chain(IMAGE, layers.Conv2D(3, 3), BatchNorm(epsilon=0.1)),
    "conv1d transposed": lambda: chain((8, 4), layers.Conv1DTranspose(3, 3, strides=2, use_bias=False), BN()),
    "conv2d transposed": lambda: chain(IMAGE, layers.Conv2DTranspose(3, 3, strides=2, padding="same"), BN()),
    "conv3d transposed": lambda: chain((4, 4, 4, 2), layers.Conv3DTranspose(3, 2), BN()),
    "depthwise1d": lambda: chain((8, 4), layers.DepthwiseConv1D(3, depth_multiplier=2), BN()),
    "depthwise2d": lambda: chain(IMAGE, layers.DepthwiseConv2D(3, depth_multiplier=3, use_bias=False), BN()),
    "separable1d": lambda: chain((8, 4), layers.SeparableConv1D(3, 3, depth_multiplier=2), BN()),
    "separable2d": lambda: chain(IMAGE, layers.SeparableConv2D(3, 3, use_bias=False), BN()),
    "linear by name": lambda: chain(IMAGE, layers.Conv2D(3, 3, activation="linear"), layers.Activation("linear"), BN()),
    "dropout between": lambda: chain((5,), layers.Dense(3), layers.Dropout(0.5), BN(), layers.ReLU()),
    "average between": lambda: chain(IMAGE, layers.Conv2D(3, 3), layers.AveragePooling2D(2), BN(), layers.ReLU()),
    "global average between": lambda: chain(IMAGE, layers.Conv2D(3, 3), layers.GlobalAveragePooling2D(), BN()),
    "reshape between": lambda: chain((5,), layers.Dense(48), layers.Reshape((4, 4, 3)), BN(), layers.ReLU()),
    "flat between": lambda: chain(IMAGE, layers.Dense(3), layers.Reshape((64, 3)), BN()),
    "two of them": lambda: chain(IMAGE, layers.Conv2D(3, 3), BN(), BN(), layers.ReLU()),
}
IN_FRONT = {
    "dense": lambda: chain((5,), BN(), layers.Dense(3, activation="relu")),
    "conv1d": lambda: chain((8, 4), BN(), layers.Conv1D(3, 3)),
    "conv2d": lambda: chain(IMAGE, BN(), layers.Conv2D(3, 3, use_bias=False, activation="relu")),
    "groups": lambda: chain(IMAGE, BN(), layers.Conv2D(6, 3, groups=2)),
    "depthwise2d": lambda: chain(IMAGE, BN(), layers.DepthwiseConv2D(3, depth_multiplier=3)),
    "separable2d": lambda: chain(IMAGE, BN(), layers.SeparableConv2D(3, 3, depth_multiplier=2)),
    "a filter of one pixel": lambda: chain(IMAGE, BN(), layers.Conv2D(3, 1, strides=2, padding="same")),
    "padding that pads nothing": lambda: chain(IMAGE, BN(), layers.Conv2D(3, 2, strides=2, padding="same")),
    "transposed, one pixel": lambda: chain(IMAGE, BN(), layers.Conv2DTranspose(3, 1, padding="same", use_bias=False)),
    "flatten between": lambda: chain(IMAGE, layers.ReLU(), BN(), layers.Flatten(), layers.Dense(3)),
    "global average between": lambda: chain(IMAGE, BN(), layers.GlobalAveragePooling2D(), layers.Dense(3)),
    "the course's layer": lambda: chain((5,), BatchNorm(), layers.Dense(3)),
    "both sides": lambda: chain(IMAGE, BN(), layers.Conv2D(3, 3), BN(), layers.ReLU()),
    "two of them": lambda: chain(IMAGE, BN(), BN(), layers.Conv2D(3, 3)),
}


@pytest.mark.parametrize("build", BEHIND.values(), ids=BEHIND)
def test_a_batch_norm_behind_a_linear_layer_is_folded(build, rng):
    folded = check(build(), rng)
    linear = next(layer for layer in folded.layers if hasattr(layer, "use_bias"))
    assert linear.use_bias


@pytest.mark.parametrize("build", IN_FRONT.values(), ids=IN_FRONT)
def test_a_batch_norm_in_front_of_a_linear_layer_is_folded(build, rng):
    check(build(), rng)


FORMS = {
    FusedBatchNorm: FusedBatchNorm,
    SynchronizedBatchNorm: SynchronizedBatchNorm,
    GhostBatchNorm: lambda: GhostBatchNorm(2),
}


@pytest.mark.parametrize("make", FORMS.values(), ids=[form.__name__ for form in FORMS])
def test_the_course_s_other_forms_of_batch_norm_are_folded_too(make, rng):
    check(chain(IMAGE, make(), layers.Conv2D(3, 3), make(), layers.ReLU()), rng)


def test_no_form_of_the_course_s_batch_norm_is_left_out_here():
    assert {form for form in BatchNorm.__subclasses__() if form.__module__.startswith("bncourse.")} == set(FORMS)


@keras.saving.register_keras_serializable("test_deployment")
class Doubled(BN):
    """A batch norm that gives twice what one should."""

    def call(self, inputs, training=None, mask=None):
        return 2 * super().call(inputs, training=training, mask=mask)


@keras.saving.register_keras_serializable("test_deployment")
class OursDoubled(BatchNorm):
    """The same, of the course's layer."""

    def call(self, inputs, training=None, mask=None):
        return 2 * super().call(inputs, training=training, mask=mask)


@pytest.mark.parametrize("norm", [Doubled, OursDoubled, HandmadeNorm])
def test_a_layer_that_resembles_a_batch_norm_is_left_and_named(norm, rng, capsys):
    model = chain(IMAGE, layers.Conv2D(3, 3), norm(name="norm"), layers.ReLU())
    model.set_weights([rng.uniform(0.5, 2, weight.shape) for weight in model.weights])
    assert plan(model).folded == {} and norm.__name__ in plan(model).left["norm"]
    images = rng.normal(size=(2, *IMAGE)).astype("float32")
    np.testing.assert_allclose(fold_model(model)(images), model(images), atol=1e-5)
    assert f"- norm: it is a {norm.__name__}, which may compute something else." in capsys.readouterr().out


def test_the_largest_value_passes_a_positive_scale_alone(rng):
    model = chain(IMAGE, layers.Conv2D(3, 3, name="conv"), layers.MaxPooling2D(), BN(name="norm"))
    randomize(model, rng)
    norm = model.get_layer("norm")
    norm.gamma.assign([1.0, 2.0, 0.0])
    assert plan(model).folded == {"norm": ("conv",)}
    norm.gamma.assign([1.0, -2.0, 0.5])
    assert "MaxPooling2D" in plan(model).left["norm"]


def test_a_shift_of_zero_goes_through_padding(rng):
    norm, conv = BN(center=False), layers.Conv2D(3, 3, padding="same")
    model = chain(IMAGE, norm, conv)
    norm.moving_variance.assign([1.0, 2, 3, 4])
    assert not plan(model).left
    norm.moving_mean.assign([0.0, 0, 1, 0])
    assert "sees zeros" in plan(model).left[norm.name]


def pair(build):
    images = keras.Input(IMAGE)
    return keras.Model(images, build(images))


def two_uses(x):
    y = layers.Conv2D(4, 3, padding="same", name="conv")(x)
    return layers.Add()([y, layers.ReLU()(BN(name="norm")(y))])


def skipping(x):
    y = BN(name="norm")(x)
    return layers.Add()([layers.Conv2D(4, 1)(y), layers.ReLU()(y)])


LEFT = {
    "activation": (
        lambda x: BN(name="norm")(layers.Conv2D(3, 3, activation="relu", name="conv")(x)),
        "`conv` ends with an activation",
    ),
    "relu between": (lambda x: BN(name="norm")(layers.ReLU(name="relu")(layers.Conv2D(3, 3)(x))), "`relu` (ReLU)"),
    "padding between": (
        lambda x: BN(name="norm")(layers.ZeroPadding2D(name="pad")(layers.Conv2D(3, 3)(x))),
        "`pad` (ZeroPadding2D) stands in front of it",
    ),
    "padding behind": (
        lambda x: layers.Conv2D(3, 3)(layers.ZeroPadding2D(name="pad")(BN(name="norm")(x))),
        "`pad` (ZeroPadding2D) stands behind it",
    ),
    "padded convolution behind": (
        lambda x: layers.Conv2D(3, 3, padding="same", name="conv")(BN(name="norm")(x)),
        "`conv` behind it sees zeros around its inputs",
    ),
    "transposed behind": (
        lambda x: layers.Conv2DTranspose(3, 3, name="conv")(BN(name="norm")(x)),
        "`conv` behind it sees zeros around its inputs",
    ),
    "transposed behind, pulled apart": (
        lambda x: layers.Conv2DTranspose(3, 1, strides=2, name="conv")(BN(name="norm")(x)),
        "`conv` behind it sees zeros around its inputs",
    ),
    "used elsewhere": (two_uses, "the output of `conv` is used elsewhere, too"),
    "used elsewhere behind": (skipping, "ReLU"),
    "convolution is an output": (
        lambda x: [y := layers.Conv2D(3, 3, name="conv")(x), BN(name="norm")(y)],
        "the output of `conv` is used elsewhere",
    ),
    "training": (
        lambda x: BN(name="norm")(layers.Conv2D(3, 3)(x), training=True),
        "called with training=True",
    ),
    "dropout that acts": (
        lambda x: BN(name="norm")(layers.Dropout(0.0, name="drop")(layers.Conv2D(3, 3)(x), training=True)),
        "`drop` (Dropout)",
    ),
    "another axis": (
        lambda x: BN(name="norm", axis=1)(layers.Conv2D(3, 3, name="conv")(x)),
        "not that of the channels",
    ),
    "nothing linear": (lambda x: BN(name="norm")(x), "its input is an input of the model"),
    "added": (
        lambda x: BN(name="norm")(layers.Add(name="sum")([layers.Conv2D(4, 1)(x), x])),
        "its input is an input of the model",
    ),
    "added, broadcast": (
        lambda x: BN(name="norm")(layers.Add(name="sum")([layers.Conv2D(4, 1)(x), layers.Conv2D(4, IMAGE[:2])(x)])),
        "`sum` (Add) stands in front of it",
    ),
    "one of two not linear": (
        lambda x: BN(name="norm")(layers.Concatenate()([layers.Conv2D(3, 1)(x), x])),
        "its input is an input of the model",
    ),
    "precision": (
        lambda x: BN(name="norm")(layers.Conv2D(3, 3, dtype="float64", name="conv")(x)),
        "computes in float32, `conv` in float64",
    ),
}


@pytest.mark.parametrize(("build", "reason"), LEFT.values(), ids=LEFT)
def test_what_cannot_be_folded_is_left_and_says_why(build, reason, rng, capsys):
    check(pair(build), rng, left=1)
    said = capsys.readouterr().out
    assert "1 left" in said and "- norm: " in said and reason in said


def test_a_model_that_is_folded_as_a_whole_says_nothing(rng, capsys):
    check(BEHIND["conv2d"](), rng)
    assert capsys.readouterr().out == ""


def test_a_layer_called_twice_is_folded_if_its_batch_norm_is_called_with_it(rng):
    a, b = keras.Input(IMAGE), keras.Input(IMAGE)
    conv, norm = layers.Conv2D(3, 3), BN()
    check(keras.Model([a, b], {"one": norm(conv(a)), "other": norm(conv(b))}), rng)
    one, other = BN(name="one"), BN(name="other")
    model = keras.Model([a, b], [one(conv(a)), other(conv(b))])
    check(model, rng, left=2)
    assert all("is shared" in reason for reason in plan(model).left.values())
    norm = BN()
    check(keras.Model([a, b], [norm(layers.Conv2D(3, 3)(a)), norm(layers.Conv2D(3, 1)(b))]), rng)
    norm = BN()
    check(keras.Model([a, b], [norm(layers.Conv2D(4, 3)(a)), norm(b)]), rng, left=1)


def encoder(name="encoder"):
    images = keras.Input(IMAGE)
    x = layers.Conv2D(4, 3, padding="same", name="conv")(images)
    return keras.Model(images, layers.ReLU(name="relu")(BN(name="norm")(x)), name=name)


def test_nested_models_are_opened_and_stay_nested(rng):
    a, b = keras.Input(IMAGE), keras.Input(IMAGE)
    shared = encoder()
    model = keras.Model([a, b], layers.Subtract()([shared(a), shared(b)]))
    assert plan(model).folded == {"encoder/norm": ("encoder/conv",)}
    folded = check(model, rng)
    assert [layer.name for layer in folded.get_layer("encoder").layers[1:]] == ["conv", "relu"]
    check(chain(IMAGE, keras.Sequential([layers.Conv2D(3, 3)]), keras.Sequential([BN()]), layers.ReLU()), rng)
    check(pair(lambda x: encoder()(encoder("other")(x, training=False))), rng)
    check(chain(IMAGE, layers.Conv2D(3, 3), BN(), keras.Sequential([layers.Conv2D(2, 3), BN()]), layers.ReLU()), rng)


def only_norms(kind):
    if kind == "sequential":
        return keras.Sequential([BN(name="norm")], name="norms")
    images = keras.Input((8, 8, 3))
    if kind == "one":
        return keras.Model(images, BN(name="norm")(images), name="norms")
    return keras.Model(images, {"b": BN(name="b")(images), "a": BN(name="a")(images)}, name="norms")


@pytest.mark.parametrize("kind", ["sequential", "one", "two"])
def test_a_nested_model_of_batch_norms_alone_keeps_its_place(kind, rng):
    def build(x):
        y = only_norms(kind)(layers.Conv2D(3, 1)(x) if kind != "two" else layers.ReLU()(layers.Conv2D(3, 1)(x)))
        return layers.ReLU()(y) if kind != "two" else [layers.Conv2D(2, 1)(y["a"]), layers.Conv2D(2, 1)(y["b"])]

    folded = check(pair(build), rng)
    assert folded.get_layer("norms").count_params() == 0


def test_training_reaches_the_layers_of_a_nested_model(rng):
    model = pair(lambda x: encoder()(x, training=True))
    assert "training=True" in plan(model).left["encoder/norm"]
    frozen = encoder()
    frozen.trainable = False  # a frozen batch norm is in inference mode, whatever it is told
    folded = check(pair(lambda x: frozen(x, training=True)), rng)
    assert not folded.layers[1].trainable
    partly = encoder()
    partly.get_layer("conv").trainable = False
    assert not check(partly, rng).get_layer("conv").trainable


def test_several_convolutions_behind_one_batch_norm_take_it_in(rng):
    def branches(x):
        y = BN(name="norm")(x)
        return [layers.Conv2D(3, 3, name="a")(y), layers.Conv2D(2, 1, name="b")(layers.Dropout(0.5)(y))]

    model = pair(branches)
    assert set(plan(model).folded["norm"]) == {"a", "b"}
    check(model, rng)


@pytest.mark.parametrize("axis", [-1, 1])
def test_a_batch_norm_behind_a_concatenation_is_split(axis, rng):
    def build(x):
        widths = (3, 2) if axis == -1 else (3, 3)
        parts = [layers.Conv2D(width, 1, name=f"conv_{i}")(x) for i, width in enumerate(widths)]
        return layers.ReLU()(BN(name="norm")(layers.Concatenate(axis=axis)(parts)))

    assert plan(pair(build)).folded == {"norm": ("conv_0", "conv_1")}
    check(pair(build), rng)


def test_a_sum_of_linear_layers_takes_a_batch_norm_in(rng):
    def summed(x):
        parts = [layers.Conv2D(3, 3, padding="same")(x), layers.Conv2D(3, 1, use_bias=False)(x), layers.Dense(3)(x)]
        return layers.ReLU()(BN(name="norm")(layers.Add()(parts)))

    check(pair(summed), rng)
    a, b = keras.Input(IMAGE), keras.Input(IMAGE)
    conv = layers.Conv2D(3, 3)
    check(keras.Model([a, b], BN()(layers.Add()([conv(a), conv(b)]))), rng)


@keras.saving.register_keras_serializable("test_deployment")
class Block(layers.Layer):
    """A layer whose code calls others."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv, self.norm = layers.Conv2D(4, 3, padding="same", name="conv"), BN(name="norm")

    def build(self, shape):
        self.conv.build(shape)
        self.norm.build(shape)

    def call(self, x):
        return self.norm(self.conv(x))


def test_layers_with_code_of_their_own_are_left_and_copied(rng, capsys):
    def build(x):
        x = BN(name="norm")(layers.Conv2D(4, 3)(Block(name="block")(x)))
        return layers.Lambda(lambda y: y * 2)(keras.ops.relu(x) + 1.0)

    check(pair(build), rng, left=1)
    assert "block/norm: it is called by the code of a Block" in capsys.readouterr().out


class Twice(layers.Conv2D):
    """A convolution that gives twice the square: what a subclass computes, its name does not say."""

    def call(self, x):
        return super().call(x) ** 2


def test_a_subclass_of_a_convolution_is_no_convolution(rng):
    check(pair(lambda x: BN()(Twice(4, 3)(x))), rng, left=1)


def test_preprocessing_keeps_what_it_has_learned(rng):
    normalization = layers.Normalization(axis=-1)
    normalization.adapt(rng.normal(3, 2, (20, *IMAGE)))
    check(chain(IMAGE, normalization, layers.Conv2D(3, 3), BN()), rng)


def test_mixed_precision_keeps_its_policies(rng):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = chain(IMAGE, layers.Conv2D(3, 3, name="conv"), BN(), layers.ReLU(), layers.Dense(2, dtype="float32"))
    finally:
        keras.config.set_dtype_policy("float32")
    folded = check(model, rng, tolerance=5e-3)
    assert folded.get_layer("conv").compute_dtype == "float16" and folded.get_layer("conv").kernel.dtype == "float32"


def test_whole_numbers_are_not_handed_to_a_convolution():
    images = keras.Input(IMAGE, dtype="uint8")
    assert (
        "it turns uint8 into float32" in plan(keras.Model(images, layers.Conv2D(2, 3)(BN(name="n")(images)))).left["n"]
    )


def test_a_folded_model_is_saved_and_loaded(rng, tmp_path):
    folded = check(pair(lambda x: layers.Dense(3)(layers.Flatten()(encoder()(x)))), rng)
    images = rng.normal(size=(2, *IMAGE)).astype("float32")
    folded.save(tmp_path / "folded.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "folded.keras")(images), folded(images))


class Subclassed(keras.Model):
    """A model whose graph is code."""

    def __init__(self):
        super().__init__()
        self.norm = BN()

    def call(self, x):
        return self.norm(x)


def test_a_model_that_cannot_be_read_is_refused():
    subclassed = Subclassed()
    subclassed(np.ones((2, 3)))
    for model in (subclassed, keras.Sequential([layers.Dense(3), BN()])):
        with pytest.raises(ValueError, match="expected a built Sequential or functional model, received"):
            fold_model(model)
    with pytest.raises(TypeError, match="expected a Keras model, received ndarray"):
        fold_model(np.ones(3))


@pytest.mark.parametrize(
    ("name", "options", "left"),
    [("MobileNetV2", {"alpha": 0.35}, 0), ("ResNet50V2", {}, 17), ("MobileNetV3Small", {}, 0)],
)
def test_networks_of_keras_applications(name, options, left, rng):
    build = getattr(keras.applications, name)
    model = build(weights=None, input_shape=(64, 64, 3), classes=10, classifier_activation=None, **options)
    check(model, rng, left=left, tolerance=2e-5)


# --- quantization and LiteRT ---


def test_the_largest_weight_is_kept_and_no_other_is_off_by_more_than_half_a_step(rng):
    weights = rng.normal(size=(3, 3, 4, 5))
    for bits in (2, 4, 8):
        rounded = quantize(weights, bits=bits)
        step = np.abs(weights).max() / (2 ** (bits - 1) - 1)
        assert np.abs(rounded - weights).max() <= step / 2 + 1e-12
        assert len(np.unique(rounded.round(9))) <= 2**bits - 1
        assert np.isclose(np.abs(rounded).max(), np.abs(weights).max())


def test_with_a_step_for_each_channel_folding_and_rounding_commute_and_with_one_for_all_they_do_not(rng):
    kernel, parameters = rng.normal(size=(3, 3, 4, 5)), statistics(rng, 5)
    for axis, equal in ((-1, True), (3, True), (None, False)):
        first_rounded = fold(quantize(kernel, axis=axis, bits=4), None, *parameters)[0]
        first_folded = quantize(fold(kernel, None, *parameters)[0], axis=axis, bits=4)
        assert np.allclose(first_rounded, first_folded) == equal


def test_a_channel_of_zeros_stays_and_dtypes_do():
    weights = np.array([[0.0, 1.0], [0.0, 0.3]], np.float32)
    rounded = quantize(weights, axis=1, bits=3)
    assert rounded.dtype == np.float32
    np.testing.assert_allclose(rounded, [[0, 1], [0, 1 / 3]], rtol=1e-6)
    with pytest.raises(ValueError, match="bits of at least 2"):
        quantize(weights, bits=1)
    with pytest.raises(ValueError, match="axis below 2, received 2"):
        quantize(weights, axis=2)
    with pytest.raises(ValueError, match="axis of at least -2"):
        quantize(weights, axis=-3)


def test_the_converter_folds_behind_a_convolution_and_not_behind_its_activation(rng):
    model = chain(IMAGE, layers.Conv2D(3, 3), BN(), layers.ReLU())
    activated = chain(IMAGE, layers.Conv2D(3, 3, activation="relu"), BN())
    for network, expected in ((model, {"CONV_2D": 1}), (activated, {"CONV_2D": 1, "MUL": 1, "ADD": 1})):
        randomize(network, rng)
        content = deployment.convert(network)
        assert deployment.operations(content) == expected
        images = rng.normal(size=(3, *IMAGE)).astype("float32")
        np.testing.assert_allclose(deployment.predict(content, images), network(images), atol=1e-5)


def test_eight_bits_cost_a_little(rng):
    model = chain(IMAGE, layers.Conv2D(3, 3), BN(), layers.ReLU())
    randomize(model, rng)
    images = rng.normal(size=(20, *IMAGE)).astype("float32")
    content = deployment.convert(model, images)
    error = np.abs(deployment.predict(content, images) - model(images)).max() / np.abs(model(images)).max()
    assert 1e-4 < error < 0.1
