"""`examine`: a model in, a report out."""

from .._check import require_integer
from .checks import findings
from .patient import admit
from .report import Report


def examine(model, images=None, labels=None, *, batch_size: int | None = None) -> Report:
    """Look for faults of the batch normalizations in a Keras model, and change nothing in it.

    Without images, weights and connections are looked at; with images, the model is run on them too, twice in part:
    in inference, and as in training.

    Args:
        model: any built Keras model: `Sequential`, functional, subclassed or nested, with Keras's layer or this
            course's, with any `axis`.
        images: what it was trained on, some hundreds will do: an array (N, ...), a list or dictionary of arrays if the
            model has several inputs, or a source of batches (a `tf.data.Dataset`, a `keras.utils.PyDataset`).
        labels: (N,) or one-hot (N, K), to show accuracies too.
        batch_size: the number of images in a batch of the training, if it is known. Otherwise the model
            is run on 64 at once, or on a quarter of a small set.

    Returns:
        what was found, faults first.

    Raises:
        TypeError: if `model` is no Keras model.
        ValueError: if it has not been built or can't be run on the images; if there are no images, if they are not
            finite, or if labels don't fit them.

    >>> import keras
    >>> print(examine(keras.Sequential([keras.Input((8,)), keras.layers.BatchNormalization(momentum=0.1)])).verdict)
    1 fault: momentum
    """
    if batch_size is not None:
        require_integer(batch_size, 1, "batch_size")
    patient = admit(model, images, labels, batch_size)
    return Report(findings(patient), tuple(_examined(patient)), tuple(patient.skipped))


def _examined(patient):
    many = len(patient.norms)
    yield f"{many} batch normalization{'' if many == 1 else 's'} in {patient.model.name}" + (
        f", {patient.images:,} images in batches of {patient.largest_batch}" if patient.images else ""
    )
    if patient.accuracy:
        moving, batch = patient.accuracy
        yield f"right answers: {moving:.1%} by the moving statistics, {batch:.1%} by those of batches"
