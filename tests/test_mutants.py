"""The probes of every exercise notice each small change of its solution, but for changes that change nothing."""

import ast
import difflib
from dataclasses import replace

import pytest

from bncourse.exercises import Function, _mutants, catalogue

FUNCTIONS = [exercise for exercise in catalogue() if isinstance(exercise, Function)]

# How many changes are tried where each trains or differentiates a network.
SLOW = 40

# Changes that give the right result for all inputs, or all that are asked: the reason, the exercise, the changed line.
EQUIVALENT = {
    "A whole number stays what it is, whatever its type and however it is rounded.": {
        "convolution.2": ("return np.asarray(free // stride + 1).astype(int)",),
        "training.4": ("return np.asarray(-1).astype(int)",),
        "speedup.1": ("return steps",),
        "variants.2": (
            "grouped = x.reshape(n, height, width, groups, (channels + 1) // groups)",
            "grouped = x.reshape(n, height, width, groups, -(-channels // groups))",
            "grouped = x.reshape(n, height, width, groups, round(channels / groups))",
        ),
        "clinic.1": ("return np.asarray(bool(np.abs(together - alone).max() > 0.001)).astype(int)",),
        "clinic.3": ("return np.median(np.abs(batch_mean - moving_mean) / deviation)",),
        "capstone_network.3": (
            "m = dy.size / dy.shape[-1]",
            "m = -(-dy.size // dy.shape[-1])",
            "m = (dy.size + 1) // dy.shape[-1]",
            "m = round(dy.size / dy.shape[-1])",
        ),
        "capstone_mend.1": (
            "return np.asarray(all((not np.array_equal(old, new) for old, new in pairs))).astype(int)",
        ),
        "capstone_mend.2": (
            "return np.asarray(all((np.array_equal(old, new) for old, new in zip(before, after, strict=True)))).astype(int)",  # noqa: E501
        ),
        "capstone_mend.5": ("return np.asarray(bool(np.max(np.abs(difference)) > 0.01)).astype(int)",),
    },
    "More zeros behind the image are never read, and for odd sizes `(n - 1) // 2` is `n // 2`.": {
        "convolution.5": (
            "padded = np.pad(image, ((height // 2, height // 2), ((width - 1) // 2, width // 2)))",
            "padded = np.pad(image, ((height // 2, height // 2), (width // 2, width)))",
            "padded = np.pad(image, ((height // 2, height // 2), (width // 2, -(-width // 2))))",
            "padded = np.pad(image, ((height // 2, height // 2), (width // 2, width * 2)))",
            "padded = np.pad(image, ((height // 2, height // 2), (width // 2, (width - 1) // 2)))",
            "padded = np.pad(image, ((height // 2, height // 2), (width // 2, (width + 1) // 2)))",
            "padded = np.pad(image, (((height - 1) // 2, height // 2), (width // 2, width // 2)))",
            "padded = np.pad(image, ((height // 2, height), (width // 2, width // 2)))",
            "padded = np.pad(image, ((height // 2, -(-height // 2)), (width // 2, width // 2)))",
            "padded = np.pad(image, ((height // 2, height * 2), (width // 2, width // 2)))",
            "padded = np.pad(image, ((height // 2, (height - 1) // 2), (width // 2, width // 2)))",
            "padded = np.pad(image, ((height // 2, (height + 1) // 2), (width // 2, width // 2)))",
            "padded = np.pad(image, ((height // 2, height // 2), (width // 2, round(width / 2))))",
            "padded = np.pad(image, ((height // 2, round(height / 2)), (width // 2, width // 2)))",
            "padded = np.pad(image, ((height // 2, height // 2), (width // 2, width // 1)))",
            "padded = np.pad(image, ((height // 2, height // 1), (width // 2, width // 2)))",
        ),
    },
    "Every element is overwritten.": {
        "convolution.5": (
            "result = 0 * np.zeros(image.shape) + 0",
            "result = 0 * np.zeros(image.shape) + 1",
        ),
    },
    "That is the same axis, or all of the axes that there are.": {
        "small_batches.2": (
            "image_means = values.mean(axis=(1, -2))",
            "return values.var(axis=(0, 1, -2)) / image_means.var(axis=0)",
        ),
        "landscape.3": (
            "wanted = (kernel ** 2).sum(axis=(0, 1, -2))",
            "return direction * np.sqrt(wanted / (direction ** 2).sum(axis=(0, 1, -2)))",
        ),
        "small_batches.3": (
            "parts = x.reshape(-1, ghost, x.shape[-1])",
            "parts = x.reshape(-2, ghost, x.shape[1])",  # NumPy takes any negative size for the one that is left
        ),
        "landscape.4": (
            "changed = np.linalg.norm(later - gradient, axis=-1)",
            "return (changed / moved).max(axis=-1)",
            "return (changed / moved).max(axis=0)",
        ),
        "convolution.5": (
            "result[i, j] = np.sum(padded[i:i + height, j:j + width] * kernel, axis=(0, 1))",
            "result[i, j] = np.sum(padded[i:i + height, j:j + width] * kernel, axis=(0, 1), keepdims=True)",
            "for j in range(image.shape[-1]):",
        ),
        "training.5": ("return np.sqrt(variance.mean(axis=(0, 1, 2)))",),
        "deployment.4": ("return (kernel * scale.reshape(kernel.shape[-2:]), (bias - mean) * scale + beta)",),
        "deployment.5": ("bias = bias + np.sum(kernel * shift[:, None], axis=(0, 1, -2))",),
        "shift.3": ("return np.percentile(values, (15, 50, 85), axis=(0, 1, -2))",),
        "shift.4": (
            "return moved.mean(axis=0) / before.std()",
            "return moved.mean(axis=-1) / before.std()",
            "return moved.mean() / before.std(axis=0)",
            "return moved.mean() / before.std(axis=-1)",
        ),
        "forward.6": (
            "variance = x.var(axis=(0, 1, -2))",
            "mean = x.mean(axis=(0, 1, -2))",
        ),
        "inference.4": (
            "weights = counts / counts.sum(axis=0)",
            "weights = counts / counts.sum(axis=0, keepdims=True)",
            "weights = counts / counts.sum(axis=-1)",
            "weights = counts / counts.sum(axis=-1, keepdims=True)",
        ),
        "backward.3": (
            "dgamma = (dy * x_hat).sum(axis=(0, 1, -2))",
            "dbeta = dy.sum(axis=(0, 1, -2))",
            "m = dy.shape[0] * dy.shape[1] * dy.shape[-2]",
        ),
        "invariance.3": ("return learning_rate / (kernel ** 2).sum(axis=(0, 1, -2))",),
        "variants.3": (
            "level = dx_hat.mean(axis=-1, keepdims=True)",
            "slope = (dx_hat * x_hat).mean(axis=-1, keepdims=True)",
        ),
        "speed.4": (
            "return np.median(ours[1:] / theirs[1:], axis=0)",
            "return np.median(ours[1:] / theirs[1:], axis=-1)",
        ),
        "speed.5": ("m = shape[0] * shape[1] * shape[-2]",),
        "layer.3": (
            "loss = tf.reduce_mean(losses, axis=0)",
            "loss = tf.reduce_mean(losses, axis=-1)",
        ),
        "speedup.3": (
            "return rates[works].max(axis=0)",
            "return rates[works].max(axis=-1)",
            "works = (accuracies >= target).all(axis=-1)",
        ),
        "clinic.1": (
            "return bool(np.abs(together - alone).max(axis=(0, 1)) > 0.001)",
            "return bool(np.abs(together - alone).max(axis=(0, 1), keepdims=True) > 0.001)",
        ),
        "clinic.3": (
            "return float(np.median(np.abs(batch_mean - moving_mean) / deviation, axis=-1))",
            "return float(np.median(np.abs(batch_mean - moving_mean) / deviation, axis=-1, keepdims=True))",
            "return float(np.median(np.abs(batch_mean - moving_mean) / deviation, axis=0))",
            "return float(np.median(np.abs(batch_mean - moving_mean) / deviation, axis=0, keepdims=True))",
        ),
        "capstone_network.3": ("m = dy.size // dy.shape[--1]",),
        "capstone_mend.3": (
            "return float(np.mean(ends[1] - ends[0], axis=0))",
            "return float(np.mean(ends[1] - ends[0], axis=0, keepdims=True))",
            "return float(np.mean(ends[1] - ends[0], axis=-1))",
            "return float(np.mean(ends[1] - ends[0], axis=-1, keepdims=True))",
        ),
        "capstone_mend.5": (
            "return bool(np.max(np.abs(difference), axis=(0, 1, 2, 3)) > 0.01)",
            "return bool(np.max(np.abs(difference), axis=(0, 1, 2, 3), keepdims=True) > 0.01)",
        ),
    },
    "The two have the same shape, or the same number of channels.": {
        "clinic.1": ("alone = np.concatenate([predict(images[i:i + 1]) for i in range(len(together))])",),
        "convolution.5": (
            "for j in range(result.shape[1]):",
            "for i in range(result.shape[0]):",
        ),
        "backward.3": (
            "m = dy.shape[0] * dy.shape[1] * x_hat.shape[2]",
            "m = dy.shape[0] * x_hat.shape[1] * dy.shape[2]",
            "m = x_hat.shape[0] * dy.shape[1] * dy.shape[2]",
        ),
        "capstone_network.3": (
            "m = dy.size // x_hat.shape[-1]",
            "m = dy.size // inv_std.shape[-1]",
            "m = dy.size // gamma.shape[-1]",
            "m = x_hat.size // dy.shape[-1]",
            "axes = tuple(range(x_hat.ndim - 1))",
        ),
    },
    "The larger of two has no order, and a NaN is found before it is compared.": {
        "training.4": ("limit = factor * max(np.log(classes), losses[0])",),
        "layer.5": ("hidden = np.maximum(0, (x - mean1) / np.sqrt(variance1 + epsilon)) @ weights",),
    },
    "Statistics over an axis do not depend on the order along it.": {
        "small_batches.2": (
            "values = np.flip(values, 0) if np.ndim(values) else None",
            "values = np.flip(values, 1) if np.ndim(values) else None",
        ),
        "small_batches.5": (
            "images = np.flip(images, 0) if np.ndim(images) else None",
            "snapshots = np.flip(snapshots, 0) if np.ndim(snapshots) else None",
        ),
        "landscape.3": (
            "kernel = np.flip(kernel, 0) if np.ndim(kernel) else None",
            "kernel = np.flip(kernel, 1) if np.ndim(kernel) else None",
        ),
        "training.5": (
            "outputs = np.flip(outputs, 0) if np.ndim(outputs) else None",
            "outputs = np.flip(outputs, 1) if np.ndim(outputs) else None",
            "outputs = np.flip(outputs) if np.ndim(outputs) else None",
        ),
        "shift.3": (
            "values = np.flip(values, 0) if np.ndim(values) else None",
            "values = np.flip(values, 1) if np.ndim(values) else None",
        ),
        "shift.4": (
            "before = np.flip(before, 0) if np.ndim(before) else None",
            "before = np.flip(before) if np.ndim(before) else None",
            "after = np.flip(after, 0) if np.ndim(after) else None",
            "after = np.flip(after) if np.ndim(after) else None",
        ),
        "forward.4": ("x = np.flip(x, 0) if np.ndim(x) else None",),
        "invariance.3": (
            "kernel = np.flip(kernel, 0) if np.ndim(kernel) else None",
            "kernel = np.flip(kernel, 1) if np.ndim(kernel) else None",
        ),
        "layer.5": ("x = np.flip(x, 0) if np.ndim(x) else None",),
        "speedup.3": ("accuracies = np.flip(accuracies, 1) if np.ndim(accuracies) else None",),
    },
    "There is one number along the axis.": {
        "variants.3": ("inv_std = np.flip(inv_std, 1) if np.ndim(inv_std) else None",),
    },
    "Whether companions matter does not depend on the order of images or rows.": {
        "clinic.1": (
            "images = np.flip(images) if np.ndim(images) else None",
            "images = np.flip(images, 0) if np.ndim(images) else None",
            "images = np.flip(images, 1) if np.ndim(images) else None",
        ),
    },
    "The batch's variance is not used.": {
        "clinic.3": (
            "batch_variance = 0 + 0 * batch_variance",
            "batch_variance = 0.001 + 0 * batch_variance",
            "batch_variance = 0.9 + 0 * batch_variance",
            "batch_variance = 0.99 + 0 * batch_variance",
            "batch_variance = 1 + 0 * batch_variance",
            "batch_variance = batch_variance.T if batch_variance.ndim > 1 else None",
            "batch_variance = np.flip(batch_variance) if np.ndim(batch_variance) else None",
            "batch_variance = np.flip(batch_variance, 0) if np.ndim(batch_variance) else None",
        ),
    },
    "Neither a square nor a distance has a sign.": {
        "landscape.4": ("changed = np.linalg.norm(gradient - later, axis=1)",),
        "shift.4": ("moved = np.abs(np.percentile(before, levels) - np.percentile(after, levels))",),
        "forward.1": ("variance = ((mean - x) ** 2).mean(axis=0)",),
        "clinic.1": ("return bool(np.abs(alone - together).max() > 0.001)",),
        "clinic.3": (
            "moving_mean, batch_mean = (batch_mean, moving_mean)",
            "return float(np.median(np.abs(moving_mean - batch_mean) / deviation))",
        ),
        "inference.4": ("between = weights @ (mean - means) ** 2",),
        "capstone_mend.5": (
            "difference = norm(x, training=True) - norm(shifted, training=True)",
            "shifted[..., 0] -= 5",
        ),
        "capstone_mend.6": ("centered = x.mean(axis=axes, keepdims=True) - x",),
    },
    "The last level is 95 as well.": {
        "shift.4": ("levels = np.arange(5, 99, 5)",),
    },
    "A sum and a product have no order.": {
        "clinic.3": ("moving_variance, epsilon = (epsilon, moving_variance)",),
        "inference.5": ("moving_variance, epsilon = (epsilon, moving_variance)",),
        "variants.3": ("dy, gamma = (gamma, dy)",),
        "backward.3": ("inv_std, gamma = (gamma, inv_std)",),
        "backward.5": ("moving_variance, epsilon = (epsilon, moving_variance)",),
        "capstone_network.2": ("moving_variance, epsilon = (epsilon, moving_variance)",),
        "deployment.2": ("variance, epsilon = (epsilon, variance)",),
        "deployment.4": ("variance, epsilon = (epsilon, variance)",),
        "deployment.5": ("variance, epsilon = (epsilon, variance)",),
        "capstone_network.3": ("inv_std, gamma = (gamma, inv_std)",),
    },
    "A square has no sign, a product and a sum have no order, and the number of replicas is not used.": {
        "distributed.2": ("variance = all_reduce(((mean - x) ** 2).sum(axis=0)) / n",),
        "distributed.3": ("inv_std, gamma = (gamma, inv_std)",),
        "distributed.4": (
            "losses = np.flip(losses) if np.ndim(losses) else None",
            "losses = np.flip(losses, 0) if np.ndim(losses) else None",
            "replicas = 0 + 0 * replicas",
            "replicas = 0.001 + 0 * replicas",
            "replicas = 0.9 + 0 * replicas",
            "replicas = 0.99 + 0 * replicas",
            "replicas = 1 + 0 * replicas",
            "replicas = np.flip(replicas) if np.ndim(replicas) else None",
            "replicas = np.flip(replicas, 0) if np.ndim(replicas) else None",
            "replicas = np.flip(replicas, 1) if np.ndim(replicas) else None",
            "return losses.sum(axis=-1) / global_batch",
            "return losses.sum(axis=0) / global_batch",
        ),
    },
    "The stale statistics are not used.": {
        "layer.5": (
            "old_mean, old_variance = (old_variance, old_mean)",
            "old_mean = 0.001 + 0 * old_mean",
            "old_mean = 0.99 + 0 * old_mean",
            "old_mean = 0.9 + 0 * old_mean",
            "old_mean = 0 + 0 * old_mean",
            "old_mean = 1 + 0 * old_mean",
            "old_mean = np.flip(old_mean, 0) if np.ndim(old_mean) else None",
            "old_mean = np.flip(old_mean) if np.ndim(old_mean) else None",
            "old_mean = old_mean.T if old_mean.ndim > 1 else None",
            "old_variance = 0.001 + 0 * old_variance",
            "old_variance = 0.99 + 0 * old_variance",
            "old_variance = 0.9 + 0 * old_variance",
            "old_variance = 0 + 0 * old_variance",
            "old_variance = 1 + 0 * old_variance",
            "old_variance = np.flip(old_variance, 0) if np.ndim(old_variance) else None",
            "old_variance = np.flip(old_variance) if np.ndim(old_variance) else None",
            "old_variance = old_variance.T if old_variance.ndim > 1 else None",
        ),
    },
    "Equality is symmetric.": {
        "capstone_mend.1": (
            "pairs = zip(after, before, strict=True)",
            "return all((not np.array_equal(new, old) for old, new in pairs))",
        ),
        "capstone_mend.2": (
            "return all((np.array_equal(old, new) for old, new in zip(after, before, strict=True)))",
            "return all((np.array_equal(new, old) for old, new in zip(before, after, strict=True)))",
        ),
    },
    "All channels keep the same share.": {
        "capstone_mend.3": (
            "return float(np.max(ends[1] - ends[0]))",
            "return float(np.median(ends[1] - ends[0]))",
            "return np.mean(ends[1] - ends[0])",
        ),
    },
    "The larger of a ratio and its inverse is taken.": {
        "capstone_mend.4": (
            "ratio = (measured + layer.epsilon) / (moving + layer.epsilon)",
            "return worst",
        ),
    },
    "No measured difference is exactly the limit.": {
        "clinic.1": ("return bool(np.abs(together - alone).max() >= 0.001)",),
        "capstone_mend.5": ("return bool(np.max(np.abs(difference)) >= 0.01)",),
    },
    "A factor of the loss cancels in the ratio.": {
        "capstone_mend.6": ("loss = tf.reduce_mean(weights * norm(inputs, training=True))",),
    },
}


def changed_line(exercise, mutant) -> str:
    """What a mutant has and the solution has not."""
    before = ast.unparse(ast.parse(exercise.solution_code)).splitlines()
    lines = difflib.unified_diff(before, mutant.code.splitlines(), n=0, lineterm="")
    return " / ".join(line[1:].strip() for line in lines if line.startswith("+") and not line.startswith("+++"))


@pytest.mark.parametrize("exercise", FUNCTIONS, ids=lambda exercise: exercise.id)
def test_each_change_of_a_solution_is_noticed_or_changes_nothing(exercise):
    mutants = _mutants.of_function(exercise.solution, SLOW if exercise.run else None)
    accepted = {changed_line(exercise, mutant) for mutant in mutants if exercise.accepts(mutant.value)}
    equivalent = {line for lines in EQUIVALENT.values() for line in lines.get(exercise.id, ())}
    assert len(mutants) >= 20
    assert accepted <= equivalent, accepted - equivalent
    if not exercise.run:
        assert equivalent <= accepted, "these are noticed, or are no changes any more"


def test_a_change_has_words_that_a_reader_can_follow():
    words = {mutant.words for exercise in FUNCTIONS for mutant in _mutants.of_function(exercise.solution, 60)}
    assert all(text == "" or (text.endswith(".") and text.count("`") % 2 == 0) for text in words)


def test_a_single_probe_lets_changes_through():
    count = next(exercise for exercise in FUNCTIONS if exercise.id == "convolution.2")
    weak = replace(count, probes=lambda: list(count.probes())[:1])
    mutants = {mutant.words: mutant.value for mutant in _mutants.of_function(count.solution)}
    passed = [words for words, value in mutants.items() if weak.accepts(value) and not count.accepts(value)]
    assert len(passed) >= 3


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def f(x):\n    return x.mean(axis=0)", "A sum stands where a mean is wanted."),
        ("def f(x, n):\n    return x >= n", "A value that equals the limit counts, too: at least, not more than."),
        ("def f(x, e):\n    return (x + e) ** 0.5", "`e` is added outside the root; it belongs under it."),
        ("def f(x, y):\n    a, b = x + 1, y\n    return a, b", "The results stand in another order than `(a, b)`."),
        ("def f(x, y):\n    return x * y", "The factor `y` is missing."),
        ("def f(x, y):\n    return x.var()", "The variance divides by m - 1, and m is wanted."),
        ("def f(x, y):\n    return [i for i in x if i]", "`x` and `y` are exchanged."),
        ("def f(x):\n    for i in range(len(x)):\n        x[i] = 0", "The last round of a loop is left out."),
    ],
)
def test_changes_are_made_of_what_students_mix_up(source, words):
    assert words in {mutant.words for mutant in _mutants.mutants(source, "f", {})}
