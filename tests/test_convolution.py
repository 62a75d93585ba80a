"""Every block agrees with TensorFlow, forward and backward, and every gradient with numerical differences."""

import numpy as np
import pytest
from common import TOLERANCE
from hypothesis import given, settings
from hypothesis import strategies as st

from bncourse import convolution as cv
from bncourse.backward import numerical_gradient

tf = pytest.importorskip("tensorflow")
rng = np.random.default_rng(0)

CASES = [  # image height, width, kernel height, width, stride
    (7, 6, 3, 3, 1),
    (7, 6, 3, 3, 2),
    (8, 5, 2, 3, 1),
    (8, 8, 5, 2, 3),
    (4, 9, 1, 1, 2),
    (5, 5, 4, 4, 2),
]


def draw(case, channels=3, filters=4, images=2):
    height, width, kernel_height, kernel_width, stride = case
    x = rng.standard_normal((images, height, width, channels))
    kernel = rng.standard_normal((kernel_height, kernel_width, channels, filters))
    return x, kernel, rng.standard_normal(filters), stride


def tensorflow_conv2d(x, kernel, bias, stride, padding):
    return tf.nn.conv2d(x, kernel, stride, padding.upper()) + bias


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("case", CASES)
def test_conv2d_equals_tensorflows(case, padding):
    x, kernel, bias, stride = draw(case)
    ours = cv.conv2d(x, kernel, bias, stride=stride, padding=padding)
    theirs = tensorflow_conv2d(x, kernel, bias, stride, padding).numpy()
    np.testing.assert_allclose(ours, theirs, **TOLERANCE["float64"])


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("case", CASES)
def test_conv2d_gradients_equal_tensorflows(case, padding):
    x, kernel, bias, stride = draw(case)
    variables = [tf.Variable(v) for v in (x, kernel, bias)]
    with tf.GradientTape() as tape:
        y = tensorflow_conv2d(*variables, stride, padding)
        dy = rng.standard_normal(y.shape)
        loss = tf.reduce_sum(y * dy)
    ours = cv.conv2d_backward(dy, x, kernel, stride=stride, padding=padding)
    for name, gradient, theirs in zip(ours._fields, ours, tape.gradient(loss, variables), strict=True):
        np.testing.assert_allclose(gradient, theirs.numpy(), **TOLERANCE["float64"], err_msg=name)


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_conv2d_gradients_equal_numerical_ones(padding):
    x, kernel, bias, _ = draw((5, 4, 3, 2, 2))
    dy = rng.standard_normal(cv.conv2d(x, kernel, bias, stride=2, padding=padding).shape)

    def loss(x=x, kernel=kernel, bias=bias):
        return np.sum(dy * cv.conv2d(x, kernel, bias, stride=2, padding=padding))

    ours = cv.conv2d_backward(dy, x, kernel, stride=2, padding=padding)
    for name, at in (("x", x), ("kernel", kernel), ("bias", bias)):
        numerical = numerical_gradient(lambda value, name=name: loss(**{name: value}), at)
        np.testing.assert_allclose(getattr(ours, name), numerical, **TOLERANCE["numerical"], err_msg=name)


def slow_conv2d(x, kernel, bias, stride):
    """The definition, one number at a time; "valid"."""
    images, height, width, _ = x.shape
    kernel_height, kernel_width, _, filters = kernel.shape
    rows, columns = (height - kernel_height) // stride + 1, (width - kernel_width) // stride + 1
    y = np.zeros((images, rows, columns, filters))
    for n, i, j, f in np.ndindex(y.shape):
        under = x[n, stride * i : stride * i + kernel_height, stride * j : stride * j + kernel_width]
        y[n, i, j, f] = bias[f] + np.sum(under * kernel[..., f])
    return y


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.integers(1, 6)] * 4, st.integers(1, 3)), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_conv2d_equals_its_definition_for_any_shape(case, channels, filters, images):
    case = (case[0] + case[2], case[1] + case[3], *case[2:])  # an image no smaller than its kernel
    x, kernel, bias, stride = draw(case, channels, filters, images)
    ours = cv.conv2d(x, kernel, bias, stride=stride, padding="valid")
    np.testing.assert_allclose(ours, slow_conv2d(x, kernel, bias, stride), **TOLERANCE["float64"])


def test_convolution_block_by_block_is_the_same(monkeypatch):
    x, kernel, bias, stride = draw(CASES[1], images=7)
    y = cv.conv2d(x, kernel, bias, stride=stride)
    dy = rng.standard_normal(y.shape)
    whole = cv.conv2d_backward(dy, x, kernel, stride=stride)
    monkeypatch.setattr(cv, "BLOCK", 700)  # two images a block, the last one alone
    np.testing.assert_allclose(cv.conv2d(x, kernel, bias, stride=stride), y, **TOLERANCE["float64"])
    for blocked, at_once in zip(cv.conv2d_backward(dy, x, kernel, stride=stride), whole, strict=True):
        np.testing.assert_allclose(blocked, at_once, **TOLERANCE["float64"])


@pytest.mark.parametrize("size", range(1, 9))
@pytest.mark.parametrize("kernel_size", range(1, 6))
@pytest.mark.parametrize("stride", (1, 2, 3))
def test_output_size_is_what_tensorflow_gives(size, kernel_size, stride):
    for padding in ("same", "valid"):
        if padding == "valid" and kernel_size > size:
            continue
        y = tf.nn.conv2d(
            np.zeros((1, size, size, 1)), np.zeros((kernel_size, kernel_size, 1, 1)), stride, padding.upper()
        )
        assert cv.output_size(size, kernel_size, stride=stride, padding=padding) == y.shape[1]


@pytest.mark.parametrize("shape, size", [((2, 6, 4, 3), 2), ((2, 7, 5, 3), 2), ((1, 7, 9, 2), 3), ((1, 3, 3, 1), 1)])
def test_max_pooling_and_its_gradient_equal_tensorflows(shape, size):
    x = rng.standard_normal(shape)
    variable = tf.Variable(x)
    with tf.GradientTape() as tape:
        y = tf.nn.max_pool2d(variable, size, size, "VALID")
        dy = rng.standard_normal(y.shape)
        loss = tf.reduce_sum(y * dy)
    np.testing.assert_array_equal(cv.max_pool2d(x, size), y.numpy())
    np.testing.assert_array_equal(cv.max_pool2d_backward(dy, x, size), tape.gradient(loss, variable).numpy())


def test_max_pooling_gives_the_gradient_to_the_first_of_equals():
    dx = cv.max_pool2d_backward(np.full((1, 1, 1, 1), 7.0), np.ones((1, 2, 2, 1)))
    assert dx[0, :, :, 0].tolist() == [[7, 0], [0, 0]]


def test_relu_and_its_gradient_equal_tensorflows():
    x, dy = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 3, 4))
    x[0, 0, 0] = 0.0
    variable = tf.Variable(x)
    with tf.GradientTape() as tape:
        y = tf.nn.relu(variable)
        loss = tf.reduce_sum(y * dy)
    np.testing.assert_array_equal(cv.relu(x), y.numpy())
    np.testing.assert_array_equal(cv.relu_backward(dy, x), tape.gradient(loss, variable).numpy())


def test_dense_and_its_gradients_equal_tensorflows():
    values = rng.standard_normal((5, 3)), rng.standard_normal((3, 4)), rng.standard_normal(4)
    dy = rng.standard_normal((5, 4))
    variables = [tf.Variable(v) for v in values]
    with tf.GradientTape() as tape:
        y = variables[0] @ variables[1] + variables[2]
        loss = tf.reduce_sum(y * dy)
    np.testing.assert_allclose(cv.dense(*values), y.numpy(), **TOLERANCE["float64"])
    for ours, theirs in zip(cv.dense_backward(dy, *values[:2]), tape.gradient(loss, variables), strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), **TOLERANCE["float64"])


def test_loss_and_its_gradient_equal_tensorflows():
    logits, labels = 5 * rng.standard_normal((6, 4)), np.array([0, 3, 1, 1, 2, 0])
    variable = tf.Variable(logits)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, variable))
    np.testing.assert_allclose(cv.softmax(logits), tf.nn.softmax(logits).numpy(), **TOLERANCE["float64"])
    np.testing.assert_allclose(cv.softmax_cross_entropy(logits, labels), loss.numpy(), **TOLERANCE["float64"])
    ours = cv.softmax_cross_entropy_backward(logits, labels)
    np.testing.assert_allclose(ours, tape.gradient(loss, variable).numpy(), **TOLERANCE["float64"])


def test_loss_stays_finite_for_huge_logits():
    logits = np.array([[1e4, -1e4], [-1e30, 1e30]])
    assert cv.softmax_cross_entropy(logits, np.array([0, 1])) == 0
    assert np.isfinite(cv.softmax_cross_entropy_backward(logits, np.array([1, 0]))).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_keep_their_precision(dtype):
    x, kernel, bias = (rng.standard_normal(s).astype(dtype) for s in ((2, 4, 4, 2), (3, 3, 2, 3), (3,)))
    y = cv.conv2d(x, kernel, bias)
    results = [y, *cv.conv2d_backward(y, x, kernel), cv.max_pool2d(x), cv.max_pool2d_backward(x[:, :2, :2], x)]
    results += [cv.relu(x), cv.relu_backward(x, x), cv.softmax(x), cv.dense(x[0, 0], kernel[0, 0], bias)]
    assert {result.dtype for result in results} == {np.dtype(dtype)}


def test_integer_images_are_promoted():
    image = np.arange(16).reshape(1, 4, 4, 1)
    assert cv.conv2d(image, np.ones((1, 1, 1, 1), int)).dtype == np.float64
    assert cv.max_pool2d(image)[0, :, :, 0].tolist() == [[5, 7], [13, 15]]


def test_nothing_is_changed_in_place():
    x, kernel, bias, _ = draw(CASES[0])
    logits, labels = rng.standard_normal((4, 3)), np.array([0, 1, 2, 2])
    arguments = [x, kernel, bias, logits, labels]
    before = [a.copy() for a in arguments]
    y = cv.conv2d(x, kernel, bias)
    cv.conv2d_backward(y, x, kernel)
    cv.max_pool2d_backward(cv.max_pool2d(x), x)
    cv.relu_backward(x, cv.relu(x))
    cv.softmax_cross_entropy_backward(logits, labels)
    for argument, copy in zip(arguments, before, strict=True):
        np.testing.assert_array_equal(argument, copy)


IMAGES, KERNEL = np.zeros((2, 5, 5, 3)), np.zeros((3, 3, 3, 4))
BAD = [
    (lambda: cv.conv2d(IMAGES[0], KERNEL), r"expected x of shape \(N, H, W, C\), received \(5, 5, 3\)"),
    (lambda: cv.conv2d(IMAGES, KERNEL[0]), r"expected kernel of shape \(height, width, C, F\), received \(3, 3, 4\)"),
    (lambda: cv.conv2d(IMAGES[..., :2], KERNEL), r"expected a kernel for 2 channels, received one of shape"),
    (lambda: cv.conv2d(IMAGES, KERNEL, np.zeros(3)), r"expected bias of shape \(4,\), received \(3,\)"),
    (lambda: cv.conv2d(IMAGES, KERNEL, stride=0), r"stride of at least 1, received 5, 3 and 0"),
    (lambda: cv.conv2d(IMAGES, KERNEL, padding="full"), r'expected padding "same" or "valid", received \'full\''),
    (lambda: cv.conv2d(IMAGES[:, :2], KERNEL, padding="valid"), r"no larger than the image of 2 pixels, received 3"),
    (lambda: cv.conv2d(IMAGES[:0], KERNEL), r"expected x with at least one element, received shape \(0, 5, 5, 3\)"),
    (lambda: cv.conv2d_backward(IMAGES, IMAGES, KERNEL), r"expected dy of shape \(2, 5, 5, 4\), received"),
    (lambda: cv.max_pool2d(IMAGES, 6), r"expected a tile size from 1 to 5, received 6"),
    (lambda: cv.max_pool2d_backward(IMAGES, IMAGES), r"expected dy of shape \(2, 2, 2, 3\), received \(2, 5, 5, 3\)"),
    (lambda: cv.relu_backward(IMAGES[0], IMAGES), r"expected dy of shape \(2, 5, 5, 3\), received \(5, 5, 3\)"),
    (lambda: cv.dense(np.zeros((2, 3)), np.zeros((4, 5))), r"expected a kernel for 3 features, received one of"),
    (lambda: cv.softmax_cross_entropy(np.zeros((2, 3)), [0, 3]), r"expected labels from 0 to 2, received 0 to 3"),
    (lambda: cv.softmax_cross_entropy(np.zeros((2, 3)), [[0, 1]]), r"expected labels of shape \(2,\), received"),
]


@pytest.mark.parametrize("call, message", BAD)
def test_shapes_that_do_not_fit_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("values", [np.array(["a"]), np.array([1j]), np.array([None])])
def test_what_is_no_real_number_is_refused(values):
    with pytest.raises(TypeError, match="expected x to hold real numbers"):
        cv.relu(values)
    with pytest.raises(TypeError, match="expected integer labels, received dtype float64"):
        cv.softmax_cross_entropy(np.zeros((1, 2)), [0.0])
