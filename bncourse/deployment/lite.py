"""Keras models for LiteRT, once TensorFlow Lite: one file for phones and microcontrollers, in float32 or int8."""

import contextlib
import io
import warnings
from collections import Counter

import numpy as np
import tensorflow as tf


def convert(model, images=None) -> bytes:
    """A model as a LiteRT file, in float32, or with 8-bit weights and activations if there are images to measure with.

    Args:
        model: a built `keras.Model` with one input and one output.
        images: None, or a sample (N, ...) of inputs, from whose activations the converter takes the ranges.

    Returns:
        The file's bytes. Inputs and outputs are float32 in both kinds.

    >>> dense = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(3)])
    >>> operations(convert(dense))
    Counter({'FULLY_CONNECTED': 1})
    """
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if images is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([image[np.newaxis]] for image in images)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel("WARNING")  # it reports on a temporary file
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return converter.convert()
    finally:
        logger.setLevel(level)


def _interpreter(content: bytes):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the class moves to the package `ai_edge_litert`
        # Without delegates, which differ between processors and refuse some batches of 8-bit networks.
        plain = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        return tf.lite.Interpreter(model_content=content, experimental_op_resolver_type=plain)


def predict(content: bytes, images) -> np.ndarray:
    """The outputs (N, ...) of a file's model for inputs (N, ...)."""
    interpreter = _interpreter(content)
    entrance, exit = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    interpreter.resize_tensor_input(entrance["index"], np.shape(images))
    interpreter.allocate_tensors()
    interpreter.set_tensor(entrance["index"], np.asarray(images, np.float32))
    interpreter.invoke()
    return interpreter.get_tensor(exit["index"])


def operations(content: bytes) -> Counter:
    """How many operations of each kind a file's model consists of."""
    return Counter(operation["op_name"] for operation in _interpreter(content)._get_ops_details())
