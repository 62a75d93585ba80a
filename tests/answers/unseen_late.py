"""Answers to the exercises on the landscape and on small batches, and more of them to the capstone on mending."""

import numpy as np
from answers import right, wrong

# --- landscape.2 ---

right("landscape.2", (2, 0.9, 3.6))
right("landscape.2", [2.0, 0.1 * 9, 0.9 * 4])
right("landscape.2", np.array([2, 0.9, 3.6], "float32"))
wrong("landscape.2", "the gradient grows with the kernels", (18, 0.9, 0.9 * 18**2))
wrong("landscape.2", "the gradient stays as it was", (6, 0.9, 32.4))
wrong("landscape.2", "the learning rate times 3", (2, 0.3, 1.2))
wrong("landscape.2", "the learning rate divided by 9", (2, 0.1 / 9, 0.1 / 9 * 4))
wrong("landscape.2", "the learning rate as before", (2, 0.1, 0.4))
wrong("landscape.2", "the gradient divided by 9", (6 / 9, 0.9, 0.4))
wrong("landscape.2", "the length not squared in the promise", (2, 0.9, 1.8))
wrong("landscape.2", "the promise of the old gradient", (2, 0.9, 0.9 * 36))

# --- landscape.3 ---


@right("landscape.3")
def filter_normalized(direction, kernel):
    axes = (0, 1, 2)
    return (
        direction
        / np.linalg.norm(direction.reshape(-1, direction.shape[-1]), axis=0)
        * np.sqrt(np.sum(np.square(kernel), axis=axes))
    )


@right("landscape.3")
def filter_normalized(direction, kernel):
    result = np.empty(direction.shape)
    for f in range(kernel.shape[-1]):
        d, k = direction[..., f], kernel[..., f]
        result[..., f] = d * (np.linalg.norm(k.ravel()) / np.linalg.norm(d.ravel()))
    return result


@right("landscape.3")
def filter_normalized(direction, kernel):
    lengths = np.sqrt(np.einsum("hwif,hwif->f", kernel, kernel))
    own = np.sqrt(np.einsum("hwif,hwif->f", direction, direction))
    return direction / own * lengths


@wrong("landscape.3", "no root")
def filter_normalized(direction, kernel):
    return direction * (kernel**2).sum(axis=(0, 1, 2)) / (direction**2).sum(axis=(0, 1, 2))


@wrong("landscape.3", "upside down")
def filter_normalized(direction, kernel):
    return direction * np.sqrt((direction**2).sum(axis=(0, 1, 2)) / (kernel**2).sum(axis=(0, 1, 2)))


@wrong("landscape.3", "only the kernel per filter")
def filter_normalized(direction, kernel):
    return direction * np.sqrt((kernel**2).sum(axis=(0, 1, 2)) / (direction**2).sum())


@wrong("landscape.3", "for each input as well")
def filter_normalized(direction, kernel):
    return direction * np.sqrt((kernel**2).sum(axis=(0, 1)) / (direction**2).sum(axis=(0, 1)))


@wrong("landscape.3", "filters on the first axis")
def filter_normalized(direction, kernel):
    axes = (1, 2, 3)
    return direction * np.sqrt((kernel**2).sum(axis=axes, keepdims=True) / (direction**2).sum(axis=axes, keepdims=True))


@wrong("landscape.3", "not divided by the direction's length")
def filter_normalized(direction, kernel):
    return direction * np.sqrt((kernel**2).sum(axis=(0, 1, 2)))


@wrong("landscape.3", "sums of absolute values")
def filter_normalized(direction, kernel):
    return direction * np.abs(kernel).sum(axis=(0, 1, 2)) / np.abs(direction).sum(axis=(0, 1, 2))


@wrong("landscape.3", "the mean subtracted first")
def filter_normalized(direction, kernel):
    return direction * kernel.std(axis=(0, 1, 2)) / direction.std(axis=(0, 1, 2))


@wrong("landscape.3", "the lengths alone")
def filter_normalized(direction, kernel):
    return np.sqrt((kernel**2).sum(axis=(0, 1, 2)) / (direction**2).sum(axis=(0, 1, 2)))


# --- landscape.4 ---


@right("landscape.4")
def smoothness(gradient, later, rates):
    length = np.sqrt(np.sum(gradient**2))
    return max(np.sqrt(np.sum((g - gradient) ** 2)) / (rate * length) for g, rate in zip(later, rates, strict=True))


@right("landscape.4")
def smoothness(gradient, later, rates):
    moved = np.linalg.norm(rates[:, None] * gradient, axis=1)
    return np.max(np.linalg.norm(gradient[None] - later, axis=-1) / moved)


@right("landscape.4")
def smoothness(gradient, later, rates):
    best = 0.0
    for k in range(len(rates)):
        best = max(best, float(np.linalg.norm(later[k] - gradient)) / (rates[k] * float(np.linalg.norm(gradient))))
    return best


@wrong("landscape.4", "divided by the rate alone")
def smoothness(gradient, later, rates):
    return (np.linalg.norm(later - gradient, axis=1) / rates).max()


@wrong("landscape.4", "divided by the length alone")
def smoothness(gradient, later, rates):
    return (np.linalg.norm(later - gradient, axis=1) / np.linalg.norm(gradient)).max()


@wrong("landscape.4", "a mean over the points")
def smoothness(gradient, later, rates):
    return (np.linalg.norm(later - gradient, axis=1) / (rates * np.linalg.norm(gradient))).mean()


@wrong("landscape.4", "change between neighboring points")
def smoothness(gradient, later, rates):
    points = np.vstack([gradient, later])
    steps = np.diff(np.concatenate([[0], rates]))
    return (np.linalg.norm(np.diff(points, axis=0), axis=1) / (steps * np.linalg.norm(gradient))).max()


@wrong("landscape.4", "the largest change over the largest distance")
def smoothness(gradient, later, rates):
    changed = np.linalg.norm(later - gradient, axis=1)
    return changed.max() / (rates * np.linalg.norm(gradient)).max()


@wrong("landscape.4", "not the maximum but all")
def smoothness(gradient, later, rates):
    return np.linalg.norm(later - gradient, axis=1) / (rates * np.linalg.norm(gradient))


@wrong("landscape.4", "the difference of the lengths")
def smoothness(gradient, later, rates):
    changed = np.abs(np.linalg.norm(later, axis=1) - np.linalg.norm(gradient))
    return (changed / (rates * np.linalg.norm(gradient))).max()


@wrong("landscape.4", "the last point alone")
def smoothness(gradient, later, rates):
    return np.linalg.norm(later[-1] - gradient) / (rates[-1] * np.linalg.norm(gradient))


@wrong("landscape.4", "the norm over the points")
def smoothness(gradient, later, rates):
    return (np.linalg.norm(later - gradient) / (rates * np.linalg.norm(gradient))).max()


# --- landscape.5 ---


@right("landscape.5")
def disturb(x, scale, shift):
    return scale * x + (1 - scale) * x.mean(axis=0) + shift * np.sqrt(x.var(axis=0))


@right("landscape.5")
def disturb(x, scale, shift):
    mean, std = np.mean(x, axis=0, keepdims=True), np.std(x, axis=0, keepdims=True)
    normalized = np.divide(x - mean, std, out=np.zeros(x.shape), where=std > 0)
    return mean + std * (scale * normalized + shift)


@right("landscape.5")
def disturb(x, scale, shift):
    columns = [c.mean() + s * (c - c.mean()) + t * c.std() for c, s, t in zip(x.T, scale, shift, strict=True)]
    return np.stack(columns, axis=1)


@wrong("landscape.5", "scaled about zero")
def disturb(x, scale, shift):
    return scale * x + shift * x.std(axis=0)


@wrong("landscape.5", "a shift of fixed size")
def disturb(x, scale, shift):
    mean = x.mean(axis=0)
    return mean + scale * (x - mean) + shift


@wrong("landscape.5", "the variance in place of the deviation")
def disturb(x, scale, shift):
    mean = x.mean(axis=0)
    return mean + scale * (x - mean) + shift * x.var(axis=0)


@wrong("landscape.5", "the mean not put back")
def disturb(x, scale, shift):
    return scale * (x - x.mean(axis=0)) + shift * x.std(axis=0)


@wrong("landscape.5", "the deviation after scaling")
def disturb(x, scale, shift):
    mean = x.mean(axis=0)
    scaled = mean + scale * (x - mean)
    return scaled + shift * scaled.std(axis=0)


@wrong("landscape.5", "one mean and deviation for all")
def disturb(x, scale, shift):
    return x.mean() + scale * (x - x.mean()) + shift * x.std()


@wrong("landscape.5", "statistics of each row")
def disturb(x, scale, shift):
    mean = x.mean(axis=1, keepdims=True)
    return mean + scale * (x - mean) + shift * x.std(axis=1, keepdims=True)


@wrong("landscape.5", "ddof=1")
def disturb(x, scale, shift):
    mean = x.mean(axis=0)
    return mean + scale * (x - mean) + shift * x.std(axis=0, ddof=1)


@wrong("landscape.5", "normalized, then scaled and shifted")
def disturb(x, scale, shift):
    return scale * (x - x.mean(axis=0)) / x.std(axis=0) + shift


# --- small_batches.1 ---

right("small_batches.1", [1, -1, 0])
right("small_batches.1", (0.1 / 0.1, -50.0 / 50, 0 / (0.001**0.5)))
right("small_batches.1", np.array([1.0, -1.0, 0.0]))
wrong("small_batches.1", "the first image's", (-1, 1, 0))
wrong("small_batches.1", "ddof=1", (1 / np.sqrt(2), -1 / np.sqrt(2), 0))
wrong("small_batches.1", "only centered", (0.1, -49.9, 0))
wrong("small_batches.1", "the sign of the second forgotten", (1, 1, 0))
wrong("small_batches.1", "the third as large as the others", (1, -1, 1))
wrong("small_batches.1", "the third keeps its value over the deviation", (1, -1, 3 / 0.001**0.5))
wrong("small_batches.1", "divided by the variance", (10, -0.02, 0))
wrong("small_batches.1", "twice, by the distance", (2, -2, 0))

# --- small_batches.2 ---


@right("small_batches.2")
def effective_number(values):
    n, _, _, c = values.shape
    flat = values.reshape(n, -1, c)
    return flat.var(axis=(0, 1)) / np.var(flat.mean(axis=1), axis=0)


@right("small_batches.2")
def effective_number(values):
    means = np.mean(values, axis=(1, 2), keepdims=True)
    return np.var(values, axis=(0, 1, 2)) / np.var(means, axis=(0, 1, 2))


@right("small_batches.2")
def effective_number(values):
    grand = values.mean(axis=(0, 1, 2))
    of_values = ((values - grand) ** 2).mean(axis=(0, 1, 2))
    of_means = ((values.mean(axis=2).mean(axis=1) - grand) ** 2).mean(axis=0)
    return of_values / of_means


@wrong("small_batches.2", "upside down")
def effective_number(values):
    return values.mean(axis=(1, 2)).var(axis=0) / values.var(axis=(0, 1, 2))


@wrong("small_batches.2", "variance within images")
def effective_number(values):
    return values.var(axis=(1, 2)).mean(axis=0) / values.mean(axis=(1, 2)).var(axis=0)


@wrong("small_batches.2", "deviations")
def effective_number(values):
    return values.std(axis=(0, 1, 2)) / values.mean(axis=(1, 2)).std(axis=0)


@wrong("small_batches.2", "just H x W")
def effective_number(values):
    return np.full(values.shape[-1], float(values.shape[1] * values.shape[2]))


@wrong("small_batches.2", "times the number of images")
def effective_number(values):
    return len(values) * values.var(axis=(0, 1, 2)) / values.mean(axis=(1, 2)).var(axis=0)


@wrong("small_batches.2", "one number for all channels")
def effective_number(values):
    return values.var() / values.mean(axis=(1, 2)).var()


@wrong("small_batches.2", "means over height alone")
def effective_number(values):
    return values.var(axis=(0, 1, 2)) / values.mean(axis=1).var(axis=(0, 1))


@wrong("small_batches.2", "means over images, not over positions")
def effective_number(values):
    return values.var(axis=(0, 1, 2)) / values.mean(axis=0).var(axis=(0, 1))


@wrong("small_batches.2", "ddof=1 of the means alone")
def effective_number(values):
    return values.var(axis=(0, 1, 2)) / values.mean(axis=(1, 2)).var(axis=0, ddof=1)


@wrong("small_batches.2", "H x W divided by it")
def effective_number(values):
    share = values.var(axis=(0, 1, 2)) / values.mean(axis=(1, 2)).var(axis=0)
    return values.shape[1] * values.shape[2] / share


# --- small_batches.3 ---


@right("small_batches.3")
def ghost_normalize(x, ghost, epsilon=1e-3):
    parts = x.reshape(-1, ghost, x.shape[1])
    centered = parts - parts.mean(axis=1, keepdims=True)
    return (centered / np.sqrt((centered**2).mean(axis=1, keepdims=True) + epsilon)).reshape(x.shape)


@right("small_batches.3")
def ghost_normalize(x, ghost, epsilon=1e-3):
    y = np.zeros(x.shape)
    for g in range(x.shape[0] // ghost):
        rows = slice(g * ghost, (g + 1) * ghost)
        y[rows] = (x[rows] - np.mean(x[rows], 0)) * (np.var(x[rows], 0) + epsilon) ** -0.5
    return y


@right("small_batches.3")
def ghost_normalize(x, ghost, epsilon=1e-3):
    done = [(p - p.mean(0)) / (p.var(0) + epsilon) ** 0.5 for p in np.split(x, len(x) // ghost)]
    return np.vstack(done)


@wrong("small_batches.3", "the whole batch")
def ghost_normalize(x, ghost, epsilon=1e-3):
    return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + epsilon)


@wrong("small_batches.3", "ghosts that are strided")
def ghost_normalize(x, ghost, epsilon=1e-3):
    y, count = np.empty(x.shape), len(x) // ghost
    for g in range(count):
        p = x[g::count]
        y[g::count] = (p - p.mean(axis=0)) / np.sqrt(p.var(axis=0) + epsilon)
    return y


@wrong("small_batches.3", "as many ghosts as rows should be in one")
def ghost_normalize(x, ghost, epsilon=1e-3):
    parts = np.array_split(x, ghost)
    return np.concatenate([(p - p.mean(axis=0)) / np.sqrt(p.var(axis=0) + epsilon) for p in parts])


@wrong("small_batches.3", "the mean of the ghost, the variance of the batch")
def ghost_normalize(x, ghost, epsilon=1e-3):
    parts = x.reshape(-1, ghost, x.shape[1])
    return ((parts - parts.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=0) + epsilon)).reshape(x.shape)


@wrong("small_batches.3", "epsilon outside the root")
def ghost_normalize(x, ghost, epsilon=1e-3):
    parts = x.reshape(-1, ghost, x.shape[1])
    y = (parts - parts.mean(axis=1, keepdims=True)) / (parts.std(axis=1, keepdims=True) + epsilon)
    return y.reshape(x.shape)


@wrong("small_batches.3", "one statistic for the channels of a ghost")
def ghost_normalize(x, ghost, epsilon=1e-3):
    parts = x.reshape(-1, ghost, x.shape[1])
    mean, variance = parts.mean(axis=(1, 2), keepdims=True), parts.var(axis=(1, 2), keepdims=True)
    return ((parts - mean) / np.sqrt(variance + epsilon)).reshape(x.shape)


@wrong("small_batches.3", "the parts not joined")
def ghost_normalize(x, ghost, epsilon=1e-3):
    parts = x.reshape(-1, ghost, x.shape[1])
    mean, variance = parts.mean(axis=1, keepdims=True), parts.var(axis=1, keepdims=True)
    return (parts - mean) / np.sqrt(variance + epsilon)


@wrong("small_batches.3", "the first ghost's statistics for all")
def ghost_normalize(x, ghost, epsilon=1e-3):
    return (x - x[:ghost].mean(axis=0)) / np.sqrt(x[:ghost].var(axis=0) + epsilon)


@wrong("small_batches.3", "ddof=1")
def ghost_normalize(x, ghost, epsilon=1e-3):
    parts = [x[start : start + ghost] for start in range(0, len(x), ghost)]
    return np.concatenate([(p - p.mean(axis=0)) / np.sqrt(p.var(axis=0, ddof=1) + epsilon) for p in parts])


# --- small_batches.5 ---


@right("small_batches.5")
def averaged(snapshots, images):
    w = np.mean(snapshots, axis=0)
    out = np.matmul(images, w)
    mean = out.mean(axis=0)
    return w, mean, ((out - mean) ** 2).mean(axis=0)


@right("small_batches.5")
def averaged(snapshots, images):
    outputs = (images @ snapshots).mean(axis=0)
    return sum(snapshots) / len(snapshots), outputs.mean(axis=0), outputs.var(axis=0)


@right("small_batches.5")
def averaged(snapshots, images):
    w = snapshots.mean(0)
    covariance = np.cov(images, rowvar=False, bias=True).reshape(images.shape[1], images.shape[1])
    return w, images.mean(0) @ w, np.einsum("dc,de,ec->c", w, covariance, w)


@wrong("small_batches.5", "the last snapshot's outputs")
def averaged(snapshots, images):
    outputs = images @ snapshots[-1]
    return snapshots.mean(axis=0), outputs.mean(axis=0), outputs.var(axis=0)


@wrong("small_batches.5", "the variance over snapshots and images")
def averaged(snapshots, images):
    outputs = images @ snapshots
    return snapshots.mean(axis=0), outputs.mean(axis=(0, 1)), outputs.var(axis=(0, 1))


@wrong("small_batches.5", "only the mean mended")
def averaged(snapshots, images):
    weights = snapshots.mean(axis=0)
    return weights, (images @ weights).mean(axis=0), (images @ snapshots).var(axis=1).mean(axis=0)


@wrong("small_batches.5", "the deviation in place of the variance")
def averaged(snapshots, images):
    weights = snapshots.mean(axis=0)
    outputs = images @ weights
    return weights, outputs.mean(axis=0), outputs.std(axis=0)


@wrong("small_batches.5", "the last weights with their own statistics")
def averaged(snapshots, images):
    weights = snapshots[-1]
    outputs = images @ weights
    return weights, outputs.mean(axis=0), outputs.var(axis=0)


@wrong("small_batches.5", "statistics over the channels")
def averaged(snapshots, images):
    weights = snapshots.mean(axis=0)
    outputs = images @ weights
    return weights, outputs.mean(axis=1), outputs.var(axis=1)


@wrong("small_batches.5", "statistics of the images")
def averaged(snapshots, images):
    return snapshots.mean(axis=0), images.mean(axis=0), images.var(axis=0)


@wrong("small_batches.5", "ddof=1")
def averaged(snapshots, images):
    weights = snapshots.mean(axis=0)
    outputs = images @ weights
    return weights, outputs.mean(axis=0), outputs.var(axis=0, ddof=1)


@wrong("small_batches.5", "summed, not averaged")
def averaged(snapshots, images):
    weights = snapshots.sum(axis=0)
    outputs = images @ weights
    return weights, outputs.mean(axis=0), outputs.var(axis=0)


# --- capstone_mend.1 ---


def _norms(model):
    return [layer for layer in model.layers if hasattr(layer, "moving_variance")]


@right("capstone_mend.1")
def statistics_move(model, step):
    active = [n for n in _norms(model) if n.trainable]
    before = [np.array(n.moving_variance) for n in active]
    step()
    return all(np.any(np.array(n.moving_variance) != b) for n, b in zip(active, before, strict=True))


@right("capstone_mend.1")
def statistics_move(model, step):
    before = {i: layer.get_weights()[-1] for i, layer in enumerate(model.layers) if hasattr(layer, "moving_variance")}
    step()
    still = [
        i for i, old in before.items() if model.layers[i].trainable and (model.layers[i].get_weights()[-1] == old).all()
    ]
    return not still


@right("capstone_mend.1")
def statistics_move(model, step):
    watched = []
    for layer in model.layers:
        if getattr(layer, "moving_variance", None) is not None and layer.trainable is True:
            watched.append((layer, layer.moving_variance.numpy().copy()))
    step()
    moved = True
    for layer, old in watched:
        if np.max(np.abs(layer.moving_variance.numpy() - old)) == 0:
            moved = False
    return moved


@wrong("capstone_mend.1", "any normalization")
def statistics_move(model, step):
    norms = [n for n in _norms(model) if n.trainable]
    before = [n.moving_variance.numpy() for n in norms]
    step()
    return any(not np.array_equal(b, n.moving_variance.numpy()) for b, n in zip(before, norms, strict=True))


@wrong("capstone_mend.1", "every channel has to move")
def statistics_move(model, step):
    norms = [n for n in _norms(model) if n.trainable]
    before = [n.moving_variance.numpy() for n in norms]
    step()
    return all(np.all(b != n.moving_variance.numpy()) for b, n in zip(before, norms, strict=True))


@wrong("capstone_mend.1", "sums compared")
def statistics_move(model, step):
    norms = [n for n in _norms(model) if n.trainable]
    before = [n.moving_variance.numpy().mean() for n in norms]
    step()
    return all(not np.isclose(b, n.moving_variance.numpy().mean()) for b, n in zip(before, norms, strict=True))


@wrong("capstone_mend.1", "the variables themselves kept, not their values")
def statistics_move(model, step):
    norms = [n for n in _norms(model) if n.trainable]
    before = [n.moving_variance for n in norms]
    step()
    return all(not np.array_equal(b, n.moving_variance) for b, n in zip(before, norms, strict=True))


@wrong("capstone_mend.1", "by class")
def statistics_move(model, step):
    import keras

    norms = [n for n in model.layers if isinstance(n, keras.layers.BatchNormalization) and n.trainable]
    before = [n.moving_variance.numpy() for n in norms]
    step()
    return all(not np.array_equal(b, n.moving_variance.numpy()) for b, n in zip(before, norms, strict=True))


@wrong("capstone_mend.1", "True where something is frozen")
def statistics_move(model, step):
    norms = _norms(model)
    before = [n.moving_variance.numpy() for n in norms]
    step()
    return any(not n.trainable for n in norms) or all(
        not np.array_equal(b, n.moving_variance.numpy()) for b, n in zip(before, norms, strict=True)
    )


@wrong("capstone_mend.1", "the step comes twice")
def statistics_move(model, step):
    norms = [n for n in _norms(model) if n.trainable]
    step()
    before = [n.moving_variance.numpy() for n in norms]
    step()
    return any(np.any(n.moving_variance.numpy() > b) for b, n in zip(before, norms, strict=True))


# --- capstone_mend.2 ---


@right("capstone_mend.2")
def stays_frozen(model, step):
    frozen = [n for n in _norms(model) if not n.trainable]
    before = [[np.copy(w) for w in n.get_weights()] for n in frozen]
    step()
    for n, old in zip(frozen, before, strict=True):
        for a, b in zip(old, n.get_weights(), strict=True):
            if (a != b).any():
                return False
    return True


@right("capstone_mend.2")
def stays_frozen(model, step):
    def state():
        found = [w.ravel() for n in _norms(model) if not n.trainable for w in n.get_weights()]
        return np.concatenate(found) if found else np.zeros(1)

    before = state()
    step()
    return bool((state() == before).all())


@right("capstone_mend.2")
def stays_frozen(model, step):
    names = ["gamma", "beta", "moving_mean", "moving_variance"]
    before = {
        (i, name): np.array(getattr(layer, name))
        for i, layer in enumerate(model.layers)
        if hasattr(layer, "moving_variance") and not layer.trainable
        for name in names
    }
    step()
    return not any(np.any(np.array(getattr(model.layers[i], name)) - old) for (i, name), old in before.items())


@wrong("capstone_mend.2", "allclose with its default tolerance")
def stays_frozen(model, step):
    frozen = [n for n in _norms(model) if not n.trainable]
    before = [w for n in frozen for w in n.get_weights()]
    step()
    after = [w for n in frozen for w in n.get_weights()]
    return all(np.allclose(a, b) for a, b in zip(before, after, strict=True))


@wrong("capstone_mend.2", "the trainable ones are looked at")
def stays_frozen(model, step):
    frozen = [n for n in _norms(model) if n.trainable]
    before = [w for n in frozen for w in n.get_weights()]
    step()
    after = [w for n in frozen for w in n.get_weights()]
    return all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


@wrong("capstone_mend.2", "only what is learned")
def stays_frozen(model, step):
    frozen = [n for n in _norms(model) if not n.trainable]
    before = [w for n in frozen for w in n.get_weights()[:2]]
    step()
    after = [w for n in frozen for w in n.get_weights()[:2]]
    return all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


@wrong("capstone_mend.2", "only the last normalization")
def stays_frozen(model, step):
    frozen = [n for n in _norms(model) if not n.trainable]
    if not frozen:
        return True
    before = frozen[-1].get_weights()
    step()
    return all(np.array_equal(a, b) for a, b in zip(before, frozen[-1].get_weights(), strict=True))


@wrong("capstone_mend.2", "all frozen layers, whatever they are")
def stays_frozen(model, step):
    frozen = [n for n in model.layers if not n.trainable]
    before = [w for n in frozen for w in n.get_weights()]
    step()
    after = [w for n in frozen for w in n.get_weights()]
    return all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


@wrong("capstone_mend.2", "False where nothing is frozen")
def stays_frozen(model, step):
    frozen = [n for n in _norms(model) if not n.trainable]
    before = [w for n in frozen for w in n.get_weights()]
    step()
    after = [w for n in frozen for w in n.get_weights()]
    return bool(frozen) and all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


@wrong("capstone_mend.2", "one weight of any that stays is enough")
def stays_frozen(model, step):
    frozen = [n for n in _norms(model) if not n.trainable]
    before = [w for n in frozen for w in n.get_weights()]
    step()
    after = [w for n in frozen for w in n.get_weights()]
    return not frozen or any(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


# --- capstone_mend.3 ---


@right("capstone_mend.3")
def kept_share(norm, x):
    norm.moving_mean.assign(np.zeros(norm.moving_mean.shape))
    norm(x, training=True)
    from_zero = np.array(norm.moving_mean)
    norm.moving_mean.assign(np.full(norm.moving_mean.shape, 100.0))
    norm(x, training=True)
    return float(((np.array(norm.moving_mean) - from_zero) / 100).mean())


@right("capstone_mend.3")
def kept_share(norm, x):
    axis = norm.axis % x.ndim
    batch = x.mean(axis=tuple(i for i in range(x.ndim) if i != axis))
    norm.moving_mean.assign(batch + 10)
    norm(x, training=True)
    return np.median((norm.moving_mean.numpy() - batch) / 10)


@right("capstone_mend.3")
def kept_share(norm, x):
    x = np.asarray(x)
    norm.moving_mean.assign(np.ones(norm.moving_mean.shape))
    norm(x * 0, training=True)
    return norm.moving_mean.numpy()[0]


@wrong("capstone_mend.3", "the attribute")
def kept_share(norm, x):
    return norm.momentum


@wrong("capstone_mend.3", "the share of the new")
def kept_share(norm, x):
    norm.moving_mean.assign(np.ones(norm.moving_mean.shape))
    norm(x * 0, training=True)
    return 1 - float(norm.moving_mean.numpy()[0])


@wrong("capstone_mend.3", "after two calls")
def kept_share(norm, x):
    norm.moving_mean.assign(np.ones(norm.moving_mean.shape))
    norm(x * 0, training=True)
    norm(x * 0, training=True)
    return float(norm.moving_mean.numpy()[0])


@wrong("capstone_mend.3", "in inference mode")
def kept_share(norm, x):
    norm.moving_mean.assign(np.ones(norm.moving_mean.shape))
    norm(x * 0, training=False)
    return float(norm.moving_mean.numpy()[0])


@wrong("capstone_mend.3", "the batch's part not taken away")
def kept_share(norm, x):
    norm.moving_mean.assign(np.ones(norm.moving_mean.shape))
    norm(x, training=True)
    return float(norm.moving_mean.numpy().mean())


@wrong("capstone_mend.3", "of the variance")
def kept_share(norm, x):
    norm.moving_variance.assign(np.ones(norm.moving_variance.shape))
    norm(x * 0, training=True)
    return float(norm.moving_variance.numpy()[0])


@wrong("capstone_mend.3", "the channels as a vector")
def kept_share(norm, x):
    norm.moving_mean.assign(np.ones(norm.moving_mean.shape))
    norm(x * 0, training=True)
    return norm.moving_mean.numpy()


# --- capstone_mend.4 ---


def _axes(layer, x):
    return tuple(i for i in range(len(x.shape)) if i != layer.axis % len(x.shape))


@right("capstone_mend.4")
def worst_factor(model, images):
    factors, x = [1.0], images
    for layer in model.layers:
        if hasattr(layer, "moving_variance"):
            x = np.array(x)
            stored = np.array(layer.moving_variance) + layer.epsilon
            data = x.var(axis=_axes(layer, x)) + layer.epsilon
            factors.append(np.exp(np.abs(np.log(stored / data)).max()))
        x = layer(x, training=False)
    return max(factors)


@right("capstone_mend.4")
def worst_factor(model, images):
    import tensorflow as tf

    worst, x = 1, tf.convert_to_tensor(images)
    for layer in model.layers:
        if hasattr(layer, "moving_variance"):
            variance = tf.nn.moments(x, list(_axes(layer, x)))[1]
            a, b = layer.moving_variance + layer.epsilon, variance + layer.epsilon
            worst = max(worst, float(tf.reduce_max(tf.maximum(a, b) / tf.minimum(a, b))))
        x = layer(x, training=False)
    return worst


@right("capstone_mend.4")
def worst_factor(model, images):
    worst = 1.0
    for i, layer in enumerate(model.layers):
        if not hasattr(layer, "moving_variance"):
            continue
        x = images
        for earlier in model.layers[:i]:
            x = earlier(x)
        x = np.moveaxis(np.asarray(x), layer.axis, -1)
        data = x.reshape(-1, x.shape[-1]).var(axis=0) + layer.epsilon
        for a, b in zip(layer.moving_variance.numpy() + layer.epsilon, data, strict=True):
            worst = max(worst, a / b, b / a)
    return worst


def _worst(model, images, factor, training=False):
    worst, x = 1.0, images
    for layer in model.layers:
        if hasattr(layer, "moving_variance"):
            worst = factor(layer, np.asarray(x), worst)
        x = layer(x, training=training)
    return float(worst)


@wrong("capstone_mend.4", "only too large")
def worst_factor(model, images):
    def factor(layer, x, worst):
        data = x.var(axis=_axes(layer, x)) + layer.epsilon
        return max(worst, np.max((layer.moving_variance.numpy() + layer.epsilon) / data))

    return _worst(model, images, factor)


@wrong("capstone_mend.4", "epsilon to the data alone")
def worst_factor(model, images):
    def factor(layer, x, worst):
        ratio = layer.moving_variance.numpy() / (x.var(axis=_axes(layer, x)) + layer.epsilon)
        return max(worst, ratio.max(), (1 / ratio).max())

    return _worst(model, images, factor)


@wrong("capstone_mend.4", "mean over the channels")
def worst_factor(model, images):
    def factor(layer, x, worst):
        ratio = (layer.moving_variance.numpy() + layer.epsilon) / (x.var(axis=_axes(layer, x)) + layer.epsilon)
        return max(worst, np.maximum(ratio, 1 / ratio).mean())

    return _worst(model, images, factor)


@wrong("capstone_mend.4", "in training mode")
def worst_factor(model, images):
    def factor(layer, x, worst):
        ratio = (layer.moving_variance.numpy() + layer.epsilon) / (x.var(axis=_axes(layer, x)) + layer.epsilon)
        return max(worst, ratio.max(), (1 / ratio).max())

    return _worst(model, images, factor, training=True)


@wrong("capstone_mend.4", "the first normalization alone")
def worst_factor(model, images):
    x = images
    for layer in model.layers:
        if hasattr(layer, "moving_variance"):
            x = np.asarray(x)
            ratio = (layer.moving_variance.numpy() + layer.epsilon) / (x.var(axis=_axes(layer, x)) + layer.epsilon)
            return float(max(1.0, ratio.max(), (1 / ratio).max()))
        x = layer(x, training=False)
    return 1.0


@wrong("capstone_mend.4", "the images in front of every normalization")
def worst_factor(model, images):
    worst = 1.0
    for layer in model.layers:
        if hasattr(layer, "moving_variance"):
            ratio = (layer.moving_variance.numpy() + layer.epsilon) / (
                images.var(axis=_axes(layer, images)) + layer.epsilon
            )
            worst = max(worst, ratio.max(), (1 / ratio).max())
    return float(worst)


@wrong("capstone_mend.4", "the sum of squares about zero")
def worst_factor(model, images):
    def factor(layer, x, worst):
        ratio = (layer.moving_variance.numpy() + layer.epsilon) / ((x**2).mean(axis=_axes(layer, x)) + layer.epsilon)
        return max(worst, ratio.max(), (1 / ratio).max())

    return _worst(model, images, factor)


# --- capstone_mend.5 ---


@right("capstone_mend.5")
def notices_a_shift(norm, x):
    shift = np.zeros(x.shape[-1], x.dtype)
    shift[1] = 5
    return bool(np.abs(np.array(norm(x + shift, training=True)) - np.array(norm(x, training=True))).max() > 0.01)


@right("capstone_mend.5")
def notices_a_shift(norm, x):
    x2 = x.copy()
    x2[:, :, :, -1] = x2[:, :, :, -1] + 5.0
    return not np.allclose(norm(x, training=True), norm(x2, training=True), rtol=0, atol=0.01)


@right("capstone_mend.5")
def notices_a_shift(norm, x):
    a = norm(x, training=True).numpy()
    for channel in range(x.shape[-1]):
        y = np.array(x)
        y[..., channel] += 5
        if (abs(norm(y, training=True).numpy() - a) > 0.01).any():
            return True
    return False


@wrong("capstone_mend.5", "in place, and the shifted one taken twice")
def notices_a_shift(norm, x):
    x = np.array(x)
    shifted = x
    shifted[..., 0] += 5
    return bool(np.abs(np.array(norm(shifted, training=True) - norm(x, training=True))).max() > 0.01)


@wrong("capstone_mend.5", "a mean of the differences")
def notices_a_shift(norm, x):
    y = np.array(x)
    y[..., 0] += 5
    return bool(abs(np.mean(norm(y, training=True) - norm(x, training=True))) > 0.01)


@wrong("capstone_mend.5", "the question turned round")
def notices_a_shift(norm, x):
    y = np.array(x)
    y[..., 0] += 5
    return bool(np.abs(np.array(norm(y, training=True) - norm(x, training=True))).max() < 0.01)


@wrong("capstone_mend.5", "inference mode")
def notices_a_shift(norm, x):
    y = np.array(x)
    y[..., 0] += 5
    return bool(np.abs(np.array(norm(y) - norm(x))).max() > 0.01)


@wrong("capstone_mend.5", "the first image alone shifted")
def notices_a_shift(norm, x):
    y = np.array(x)
    y[0] += 5
    return bool(np.abs(np.array(norm(y, training=True) - norm(x, training=True))).max() > 0.01)


@wrong("capstone_mend.5", "without the absolute value")
def notices_a_shift(norm, x):
    y = np.array(x)
    y[..., 0] += 5
    return bool(np.max(np.array(norm(x, training=True) - norm(y, training=True))) > 0.01)


@wrong("capstone_mend.5", "compared with the input")
def notices_a_shift(norm, x):
    y = np.array(x)
    y[..., 0] += 5
    return bool(np.abs(np.array(norm(y, training=True) - x)).max() > 0.01)


# --- capstone_mend.6 ---


def _gradient(norm, x, weights, training=True):
    import tensorflow as tf

    x = tf.Variable(x)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(weights * norm(x, training=training))
    return tape.gradient(loss, x).numpy()


@right("capstone_mend.6")
def gradient_sums(norm, x, weights):
    g = np.moveaxis(_gradient(norm, x, weights), norm.axis, -1)
    g = g.reshape(-1, g.shape[-1])
    d = np.moveaxis(x, norm.axis, -1).reshape(g.shape)
    d = d - d.mean(axis=0)
    first = max(abs(g[:, c].sum()) / abs(g[:, c]).sum() for c in range(g.shape[1]))
    second = max(abs((g * d)[:, c].sum()) / abs((g * d)[:, c]).sum() for c in range(g.shape[1]))
    return first, second


@right("capstone_mend.6")
def gradient_sums(norm, x, weights):
    import tensorflow as tf

    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(norm(x, training=True) * weights)
    g = tape.gradient(loss, x)
    axes = list(_axes(norm, x))
    p = g * (x - tf.reduce_mean(x, axes, keepdims=True))
    return [tf.reduce_max(tf.abs(tf.reduce_sum(v, axes)) / tf.reduce_sum(tf.abs(v), axes)).numpy() for v in (g, p)]


@right("capstone_mend.6")
def gradient_sums(norm, x, weights):
    g = _gradient(norm, x, weights)
    axes = _axes(norm, x)
    centered = x - np.mean(x, axis=axes, keepdims=True)
    ratio = lambda v: np.max(np.abs(np.sum(v, axis=axes)) / np.sum(np.abs(v), axis=axes))  # noqa: E731
    return np.array([ratio(g), ratio(g * centered)])


@wrong("capstone_mend.6", "inference")
def gradient_sums(norm, x, weights):
    g, axes = _gradient(norm, x, weights, training=False), _axes(norm, x)
    products = (g, g * (x - x.mean(axis=axes, keepdims=True)))
    return tuple(np.max(np.abs(p.sum(axis=axes)) / np.abs(p).sum(axis=axes)) for p in products)


@wrong("capstone_mend.6", "no absolute value in the numerator")
def gradient_sums(norm, x, weights):
    g, axes = _gradient(norm, x, weights), _axes(norm, x)
    products = (g, g * (x - x.mean(axis=axes, keepdims=True)))
    return tuple(np.max(p.sum(axis=axes) / np.abs(p).sum(axis=axes)) for p in products)


@wrong("capstone_mend.6", "with x_hat's mean of the whole array")
def gradient_sums(norm, x, weights):
    g, axes = _gradient(norm, x, weights), _axes(norm, x)
    products = (g, g * (x - x.mean()))
    return tuple(np.max(np.abs(p.sum(axis=axes)) / np.abs(p).sum(axis=axes)) for p in products)


@wrong("capstone_mend.6", "all elements in one sum")
def gradient_sums(norm, x, weights):
    g, axes = _gradient(norm, x, weights), _axes(norm, x)
    products = (g, g * (x - x.mean(axis=axes, keepdims=True)))
    return tuple(abs(p.sum()) / np.abs(p).sum() for p in products)


@wrong("capstone_mend.6", "the weights left out")
def gradient_sums(norm, x, weights):
    g, axes = _gradient(norm, x, np.ones_like(weights)), _axes(norm, x)
    products = (g, g * (x - x.mean(axis=axes, keepdims=True)))
    return tuple(np.max(np.abs(p.sum(axis=axes)) / np.abs(p).sum(axis=axes)) for p in products)


@wrong("capstone_mend.6", "the first channel alone")
def gradient_sums(norm, x, weights):
    g, axes = _gradient(norm, x, weights), _axes(norm, x)
    products = (g, g * (x - x.mean(axis=axes, keepdims=True)))
    return tuple((np.abs(p.sum(axis=axes)) / np.abs(p).sum(axis=axes))[0] for p in products)


@wrong("capstone_mend.6", "divided by the absolute value of the sum")
def gradient_sums(norm, x, weights):
    g, axes = _gradient(norm, x, weights), _axes(norm, x)
    products = (g, g * (x - x.mean(axis=axes, keepdims=True)))
    return tuple(np.max(np.abs(p).sum(axis=axes) / np.abs(p.sum(axis=axes))) for p in products)


# --- capstone_mend.7 ---

right("capstone_mend.7", [4, 6, 1, 5, 2, 3])
right("capstone_mend.7", np.array([4, 6, 1, 5, 2, 3]))
right("capstone_mend.7", (4.0, 6.0, 1.0, 5.0, 2.0, 3.0))
wrong("capstone_mend.7", "C by its consequence", (4, 6, 4, 5, 2, 3))
wrong("capstone_mend.7", "A and C exchanged", (1, 6, 4, 5, 2, 3))
wrong("capstone_mend.7", "models by tests", (3, 5, 6, 1, 4, 2))
wrong("capstone_mend.7", "B by test 5", (4, 5, 1, 5, 2, 3))
wrong("capstone_mend.7", "counted from zero", (3, 5, 0, 4, 1, 2))
wrong("capstone_mend.7", "in a row", (1, 2, 3, 4, 5, 6))
