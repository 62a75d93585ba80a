"""Answers of somebody who saw the tasks alone: chapters convolution, training, shift."""

import math
import numpy as np
from answers import junk, right, wrong

# ---- convolution.2
w = lambda t, f, i="convolution.2": wrong(i, t, f)


def R(i, *fs):
    for f in fs:
        right(i, f)


w("padding on one end", lambda size, kernel_size, padding, stride: (size + padding - kernel_size) // stride + 1)
w("no + 1", lambda size, kernel_size, padding, stride: (size + 2 * padding - kernel_size) // stride)
w("rounds up", lambda size, kernel_size, padding, stride: math.ceil((size + 2 * padding - kernel_size) / stride) + 1)
w("true division, a float", lambda size, kernel_size, padding, stride: (size + 2 * padding - kernel_size) / stride + 1)
w("+1 before dividing", lambda size, kernel_size, padding, stride: (size + 2 * padding - kernel_size + 1) // stride)
w("ignores padding", lambda size, kernel_size, padding, stride: (size - kernel_size) // stride + 1)
w("ignores stride", lambda size, kernel_size, padding, stride: size + 2 * padding - kernel_size + 1)
w("'same' formula", lambda size, kernel_size, padding, stride: -(-size // stride))
w(
    "squared, as for an image",
    lambda size, kernel_size, padding, stride: ((size + 2 * padding - kernel_size) // stride + 1) ** 2,
)
w("round()", lambda size, kernel_size, padding, stride: round((size + 2 * padding - kernel_size) / stride + 1))
w("minus the padding", lambda size, kernel_size, padding, stride: (size - 2 * padding - kernel_size) // stride + 1)


@wrong("convolution.2", "loop stops one early")
def _(size, kernel_size, padding, stride):
    n, at = 0, 0
    while at + kernel_size < size + 2 * padding:
        n += 1
        at += stride
    return n


@wrong("convolution.2", "prints and forgets to return")
def _(size, kernel_size, padding, stride):
    print((size + 2 * padding - kernel_size) // stride + 1)


@right("convolution.2")
def _(size, kernel_size, padding, stride):
    n, at = 0, 0
    while at + kernel_size <= size + 2 * padding:
        n += 1
        at += stride
    return n


R(
    "convolution.2",
    lambda size, kernel_size, padding, stride: len(range(0, size + 2 * padding - kernel_size + 1, stride)),
    lambda size, kernel_size, padding, stride: np.floor((size + 2 * padding - kernel_size) / stride) + 1,
    lambda n, k, p, s: int((n + 2 * p - k) / s + 1),
)
junk("convolution.2", "seven")
# ---- convolution.3
for t, v in [
    ("pooled rounds up", (6, 6, 16)),
    ("same stride 2 rounds down", (5, 5, 16)),
    ("channels of first conv", (6, 5, 8)),
    ("channels multiplied", (6, 5, 128)),
    ("swapped", (5, 6, 16)),
    ("no pooling", (11, 11, 16)),
    ("stride forgotten", (11, 10, 16)),
    ("first conv same", (7, 6, 16)),
    ("valid twice", (5, 4, 16)),
    ("with batch", (1, 6, 5, 16)),
    ("channels first", (16, 6, 5)),
    ("flat", 480),
    ("only height, width", (6, 5)),
    ("n - k without +1", (5, 5, 16)),
    ("halved floats", (5.5, 5, 16)),
]:
    wrong("convolution.3", t, v)
R("convolution.3", [6, 5, 16], np.array([6, 5, 16]), (6.0, 5.0, 16.0))
junk("convolution.3", {"a": 1})
# ---- convolution.4
P, M = 1168, 903168
for t, v in [
    ("no bias", (1152, M)),
    ("filter sees one channel", (160, 112896)),
    ("bias per input channel too", (1280, M)),
    ("mult per position only", (P, 1152)),
    ("swapped", (M, P)),
    ("mult incl. bias", (P, P * 784)),
    ("without filters", (73, 56448)),
    ("valid positions", (P, 1152 * 26 * 26)),
    ("one bias", (1153, M)),
    ("only parameters", 1168),
    ("mult without channels", (P, 112896)),
    ("parameters with positions", (1168 * 784, M)),
    ("mults: 28*28*8*16", (P, 28 * 28 * 8 * 16)),
]:
    wrong("convolution.4", t, v)
R("convolution.4", [P, M], np.array([P, M]), (1168.0, 9.03168e5))
junk("convolution.4", lambda: 3)


# ---- convolution.5
def conv(pad, result=None, flip=False, ret=True, i0=0):
    def f(image, kernel):
        h, wd = kernel.shape
        p = np.pad(image, pad(h, wd))
        r = np.zeros(image.shape if result is None else result(image, kernel))
        k = kernel[::-1, ::-1] if flip else kernel
        for i in range(r.shape[0]):
            for j in range(r.shape[1]):
                r[i, j] = np.sum(p[i : i + h, j : j + wd] * k)
        return r if ret else None

    return f


c5 = "convolution.5"
wrong(c5, "unchanged", lambda image, kernel: conv(lambda h, w: h // 2)(image, kernel))
wrong(c5, "width // 2 everywhere", conv(lambda h, w: w // 2))
wrong(c5, "swapped axes", conv(lambda h, w: ((w // 2,) * 2, (h // 2,) * 2)))
wrong(c5, "(h//2, w//2): before and after", conv(lambda h, w: (h // 2, w // 2)))
wrong(c5, "max", conv(lambda h, w: max(h, w) // 2))
wrong(c5, "full kernel of zeros", conv(lambda h, w: ((h, h), (w, w))))
wrong(
    c5,
    "one short: (h-1)//2 and w//2 - 1... only above and left",
    lambda image, kernel: conv(lambda h, w: ((h - 1, 0), (w - 1, 0)))(image, kernel),
)
wrong(c5, "below and right only", conv(lambda h, w: ((0, h - 1), (0, w - 1))))
wrong(c5, "valid", conv(lambda h, w: 0, lambda im, k: (im.shape[0] - k.shape[0] + 1, im.shape[1] - k.shape[1] + 1)))
wrong(c5, "flipped kernel", conv(lambda h, w: ((h // 2,) * 2, (w // 2,) * 2), flip=True))
wrong(c5, "no return", conv(lambda h, w: ((h // 2,) * 2, (w // 2,) * 2), ret=False))


@wrong(c5, "pads with edge values")
def _(image, kernel):
    h, w = kernel.shape
    p = np.pad(image, ((h // 2, h // 2), (w // 2, w // 2)), mode="edge")
    return np.array(
        [[np.sum(p[i : i + h, j : j + w] * kernel) for j in range(image.shape[1])] for i in range(image.shape[0])]
    )


@right(c5)
def _(image, kernel):
    h, w = kernel.shape
    p = np.pad(image, [((h - 1) // 2, (h - 1) // 2), ((w - 1) // 2, (w - 1) // 2)])
    return np.einsum("ijab,ab->ij", np.lib.stride_tricks.sliding_window_view(p, (h, w)), kernel)


@right(c5)
def _(image, kernel):
    from bncourse.convolution import conv2d

    return conv2d(image[None, :, :, None], kernel[:, :, None, None])[0, :, :, 0]


@right(c5)
def _(image, kernel):
    h, w = kernel.shape
    H, W = image.shape
    r = [[0.0] * W for _ in range(H)]
    for i in range(H):
        for j in range(W):
            for a in range(h):
                for b in range(w):
                    y, x = i + a - h // 2, j + b - w // 2
                    if 0 <= y < H and 0 <= x < W:
                        r[i][j] += image[y, x] * kernel[a, b]
    return r


@junk(c5)
def _(image, kernel):
    raise KeyError("x")


# ---- convolution.6
c6 = "convolution.6"
rep = lambda dy, s: np.repeat(np.repeat(dy, s, axis=1), s, axis=2)
wrong(c6, "not divided", lambda dy, size: rep(dy, size))
wrong(c6, "divided by size", lambda dy, size: rep(dy, size) / size)
wrong(c6, "divided by 4", lambda dy, size: rep(dy, size) / 4)
wrong(c6, "multiplied", lambda dy, size: rep(dy, size) * size**2)
wrong(c6, "tile instead of repeat", lambda dy, size: np.tile(dy, (1, size, size, 1)) / size**2)
wrong(c6, "axes 0,1", lambda dy, size: np.repeat(np.repeat(dy, size, axis=0), size, axis=1) / size**2)
wrong(c6, "axes 2,3", lambda dy, size: np.repeat(np.repeat(dy, size, axis=2), size, axis=3) / size**2)
wrong(c6, "rows alone", lambda dy, size: np.repeat(dy, size, axis=1) / size**2)
wrong(c6, "integer division", lambda dy, size: rep(dy, size) // size**2)
wrong(c6, "divides by all pixels of the image", lambda dy, size: rep(dy, size) / (dy.shape[1] * dy.shape[2] * size**2))
wrong(c6, "transposed H and W", lambda dy, size: rep(dy, size).transpose(0, 2, 1, 3) / size**2)
wrong(c6, "in place", lambda dy, size: rep(dy.__itruediv__(size**2), size))


@wrong(c6, "only one pixel gets all")
def _(dy, size):
    n, h, w, c = dy.shape
    r = np.zeros((n, h * size, w * size, c))
    r[:, ::size, ::size] = dy
    return r


@wrong(c6, "one pixel gets a quarter")
def _(dy, size):
    n, h, w, c = dy.shape
    r = np.zeros((n, h * size, w * size, c))
    r[:, ::size, ::size] = dy / size**2
    return r


right(c6, lambda dy, size: np.kron(dy, np.ones((1, size, size, 1))) / size**2)


@right(c6)
def _(dy, size):
    n, h, w, c = dy.shape
    r = np.zeros((n, h * size, w * size, c))
    for i in range(h * size):
        for j in range(w * size):
            r[:, i, j] = dy[:, i // size, j // size] / size / size
    return r


@right(c6)
def _(dy, size):
    n, h, w, c = dy.shape
    return (np.broadcast_to(dy[:, :, None, :, None], (n, h, size, w, size, c)) / size**2).reshape(
        n, h * size, w * size, c
    )


right(c6, lambda dy, size: (rep(dy, size) / size**2).astype(np.float32))
junk(c6, 5)

# ---- training.2
L = math.log(100)
for t, v in [
    ("10 classes", (2.303, 21)),
    ("log10", (2.0, 21)),
    ("log2", (math.log2(100), 21)),
    ("rounded up", (L, 24)),
    ("over all", (L, 23)),
    ("over all, up", (L, 24.0)),
    ("one pass", (L, 7)),
    ("float", (L, 23.4375)),
    ("swapped", (21, L)),
    ("1/100", (0.01, 21)),
    ("negative", (-L, 21)),
    ("ln 500", (math.log(500), 21)),
    ("mistook batch 32", (L, 45)),
    ("-0.01 log 0.01", (0.046, 21)),
    ("only loss", 4.6),
    ("percent: 0.99", (0.99, 21)),
    ("8*3-... three passes plus one", (L, 22)),
    ("ln 64", (math.log(64), 21)),
    ("rounded 5", (5, 21)),
]:
    wrong("training.2", t, v)
R("training.2", (4.605, 21), [np.log(100), 21.0], (4.6, 21), (-np.log(1 / 100), 3 * (500 // 64)))
junk("training.2", None)
# ---- training.3
t3 = "training.3"
wrong(t3, "no root", lambda kernel_shape: 2 / np.prod(kernel_shape[:3]))
wrong(t3, "fan out", lambda kernel_shape: np.sqrt(2 / (kernel_shape[0] * kernel_shape[1] * kernel_shape[3])))
wrong(t3, "input channels only", lambda kernel_shape: np.sqrt(2 / kernel_shape[2]))
wrong(t3, "all four", lambda kernel_shape: np.sqrt(2 / np.prod(kernel_shape)))
wrong(t3, "LeCun", lambda kernel_shape: np.sqrt(1 / np.prod(kernel_shape[:3])))
wrong(
    t3,
    "Glorot",
    lambda kernel_shape: np.sqrt(2 / (np.prod(kernel_shape[:3]) + kernel_shape[0] * kernel_shape[1] * kernel_shape[3])),
)
wrong(t3, "root of n only: 2 / sqrt n", lambda kernel_shape: 2 / np.sqrt(np.prod(kernel_shape[:3])))
wrong(t3, "sqrt 2 over n", lambda kernel_shape: np.sqrt(2) / np.prod(kernel_shape[:3]))
wrong(t3, "last = all but first", lambda kernel_shape: np.sqrt(2 / np.prod(kernel_shape[1:])))
wrong(t3, "sum instead of product", lambda kernel_shape: np.sqrt(2 / sum(kernel_shape[:3])))
wrong(t3, "height squared", lambda kernel_shape: np.sqrt(2 / (kernel_shape[0] ** 2 * kernel_shape[2])))
wrong(t3, "n / 2", lambda kernel_shape: np.sqrt(np.prod(kernel_shape[:3]) / 2))
wrong(t3, "integer division under root", lambda kernel_shape: np.sqrt(2 // np.prod(kernel_shape[:3])))
wrong(
    t3,
    "returns an array: draws kernel",
    lambda kernel_shape: np.random.default_rng(0).normal(0, np.sqrt(2 / np.prod(kernel_shape[:3])), kernel_shape),
)
wrong(t3, "height x width", lambda kernel_shape: np.sqrt(2 / (kernel_shape[0] * kernel_shape[1])))
wrong(t3, "gain .71 (linear)", lambda kernel_shape: 0.71 / np.sqrt(np.prod(kernel_shape[:3])))


@right(t3)
def _(kernel_shape):
    h, w, c, f = kernel_shape
    return (2 / (h * w * c)) ** 0.5


right(t3, lambda kernel_shape: math.sqrt(2 / math.prod(kernel_shape[:-1])))
right(t3, lambda kernel_shape: np.float32(np.sqrt(2 / np.prod(kernel_shape[:3]))))
wrong(t3, "an array with one number", lambda kernel_shape: np.array([np.sqrt(2) / np.sqrt(np.prod(kernel_shape[:-1]))]))
junk(t3, lambda kernel_shape: "std")
# ---- training.4
t4 = "training.4"


def dog(test, start=lambda l, c: max(l[0], np.log(c)), none=-1, off=0):
    def f(losses, classes, factor=100.0):
        limit = factor * start(losses, classes)
        for s, l in enumerate(losses):
            if test(l, limit):
                return s + off
        return none

    return f


wrong(t4, "unchanged", dog(lambda l, m: l > m))
wrong(t4, "== nan", dog(lambda l, m: l > m or l == np.nan))
wrong(t4, "isnan and >", dog(lambda l, m: l > m and np.isnan(l)))
wrong(t4, "isfinite or > (not forgotten)", dog(lambda l, m: l > m or np.isfinite(l)))
wrong(t4, "isinf only", dog(lambda l, m: l > m or np.isinf(l)))
wrong(t4, ">= limit", dog(lambda l, m: l >= m or not np.isfinite(l)))
wrong(t4, "not (l < limit): also fires at the limit", dog(lambda l, m: not l < m))
wrong(t4, "counted from 1", dog(lambda l, m: not l <= m, off=1))
wrong(t4, "None for none", dog(lambda l, m: not l <= m, none=None))
wrong(t4, "isfinite only, limit dropped", dog(lambda l, m: not np.isfinite(l)))
wrong(t4, "min", dog(lambda l, m: not l <= m, start=lambda l, c: min(l[0], np.log(c))))
wrong(t4, "first loss only", dog(lambda l, m: not l <= m, start=lambda l, c: l[0]))
wrong(t4, "log classes only", dog(lambda l, m: not l <= m, start=lambda l, c: np.log(c)))
wrong(t4, "isnan only, -inf missed", dog(lambda l, m: l > m or np.isnan(l)))
wrong(t4, "True", dog(lambda l, m: not l <= m, off=0) and (lambda losses, classes, factor=100.0: True))


@wrong(t4, "returns after the first iteration")
def _(losses, classes, factor=100.0):
    limit = factor * max(losses[0], np.log(classes))
    for s, l in enumerate(losses):
        if l > limit or not np.isfinite(l):
            return s
        else:
            return -1


@wrong(t4, "looks at nan of whole array, wrong place: any nan -> argmax of isnan only")
def _(losses, classes, factor=100.0):
    losses = np.asarray(losses)
    if np.isnan(losses).any():
        return int(np.argmax(np.isnan(losses)))
    limit = factor * max(losses[0], np.log(classes))
    bad = np.flatnonzero(losses > limit)
    return int(bad[0]) if len(bad) else -1


@wrong(t4, "nan_to_num 0")
def _(losses, classes, factor=100.0):
    return dog(lambda l, m: l > m)(np.nan_to_num(losses), classes, factor)


@wrong(t4, "np.argmax without none")
def _(losses, classes, factor=100.0):
    l = np.asarray(losses)
    return int(np.argmax(~np.isfinite(l) | (l > factor * max(l[0], np.log(classes)))))


right(t4, dog(lambda l, m: not np.isfinite(l) or l > m))
right(t4, dog(lambda l, m: np.isnan(l) or np.isinf(l) or l > m))
right(t4, dog(lambda l, m: l != l or abs(l) == float("inf") or l > m))


@right(t4)
def _(losses, classes, factor=100.0):
    l = np.asarray(losses)
    bad = ~np.isfinite(l) | (l > factor * np.fmax(l[0], np.log(classes)))
    w = np.where(bad)[0]
    return w[0] if w.size else -1


junk(t4, lambda *a, **k: [])
# ---- training.5
t5 = "training.5"
wrong(t5, "std over everything", lambda outputs: np.std(outputs))
wrong(t5, "mean of std", lambda outputs: outputs.std(axis=0).mean())
wrong(t5, "mean of var, no root", lambda outputs: outputs.var(axis=0).mean())
wrong(t5, "per channel", lambda outputs: np.sqrt(outputs.var(axis=(0, 1, 2)).mean()))
wrong(t5, "within image", lambda outputs: np.sqrt(outputs.var(axis=(1, 2, 3)).mean()))
wrong(t5, "ddof 1", lambda outputs: np.sqrt(outputs.var(axis=0, ddof=1).mean()))
wrong(t5, "last axis", lambda outputs: np.sqrt(outputs.var(axis=-1).mean()))
wrong(t5, "array left", lambda outputs: outputs.std(axis=0))
wrong(t5, "size, not spread", lambda outputs: np.sqrt(np.mean(outputs**2)))
wrong(t5, "sum", lambda outputs: np.sqrt(outputs.var(axis=0).sum()))
wrong(t5, "rms of rms (no mean removed)", lambda outputs: np.sqrt((outputs**2).mean(axis=0)).mean())
wrong(t5, "median", lambda outputs: np.median(outputs.std(axis=0)))
wrong(t5, "sqrt of mean std", lambda outputs: np.sqrt(outputs.std(axis=0).mean()))
wrong(t5, "channel pooled first (GAP)", lambda outputs: np.sqrt(outputs.mean(axis=(1, 2)).var(axis=0).mean()))
wrong(t5, "std of means of images", lambda outputs: outputs.mean(axis=(1, 2, 3)).std())
wrong(t5, "max", lambda outputs: outputs.std(axis=0).max())


@wrong(t5, "in place")
def _(outputs):
    outputs -= outputs.mean(axis=0)
    return np.sqrt(np.mean(outputs**2))


right(t5, lambda outputs: float(np.linalg.norm(outputs - outputs.mean(0)) / np.sqrt(outputs.size)))
right(
    t5,
    lambda outputs: np.sqrt(
        np.mean(
            [
                np.std(outputs[:, i, j, k]) ** 2
                for i in range(outputs.shape[1])
                for j in range(outputs.shape[2])
                for k in range(outputs.shape[3])
            ]
        )
    ),
)
right(t5, lambda outputs: np.sqrt(np.mean(np.square(np.std(outputs, 0)))))
right(t5, lambda x: np.float32(np.sqrt((np.mean(x**2, 0) - np.mean(x, 0) ** 2).mean())))
junk(t5, lambda: 1)

# ---- shift
for t, v in [
    ("16 layers", 1.05**16),
    ("adds", 1.75),
    ("adds 16", 1.8),
    ("one", 1.05),
    ("increase only", 1.05**15 - 1),
    ("percent", 107.9),
    ("layer 14", 1.05**14),
    ("17", 1.05**17),
    ("0.05**15", 0.05**15),
    ("squared", 1.05**30),
    ("e**.75", math.exp(0.75)),
    ("15*1.05", 15.75),
    ("percent 207.9", 207.9),
    ("2.0", 2.0),
    ("2", 2),
    ("inverse", 1 / 1.05**15),
    ("15*.05", 0.75),
    ("1.5**15", 1.5**15),
]:
    wrong("shift.2", t, v)
wrong("shift.2", "two digits", 2.1)
R("shift.2", 2.079, 2.08, np.float32(1.05) ** 15, [1.05**15])
junk("shift.2", "double")
s3 = "shift.3"
PC = (15, 50, 85)
wrong(s3, "unchanged", lambda values: np.percentile(values, PC, axis=0))
wrong(s3, "all axes", lambda values: np.percentile(values, PC))
wrong(s3, "(1,2)", lambda values: np.percentile(values, PC, axis=(1, 2)))
wrong(s3, "last axis", lambda values: np.percentile(values, PC, axis=-1))
wrong(s3, "(1,2,3)", lambda values: np.percentile(values, PC, axis=(1, 2, 3)))
wrong(s3, "transposed", lambda values: np.percentile(values, PC, axis=(0, 1, 2)).T)
wrong(s3, "reshape (C,-1)", lambda values: np.percentile(values.reshape(values.shape[-1], -1), PC, axis=1))
wrong(s3, "quantile with 15", lambda values: np.quantile(values, (0.15, 0.5, 0.85), axis=(1, 2)))
wrong(s3, "mean over positions first", lambda values: np.percentile(values.mean(axis=(1, 2)), PC, axis=0))
wrong(s3, "percentiles then mean over positions", lambda values: np.percentile(values, PC, axis=0).mean(axis=(1, 2)))
wrong(
    s3, "percentiles of percentiles", lambda values: np.percentile(np.percentile(values, PC, axis=0), 50, axis=(1, 2))
)
wrong(
    s3,
    "quantile levels 15 as fraction in percentile",
    lambda values: np.percentile(values, (0.15, 0.5, 0.85), axis=(0, 1, 2)),
)
wrong(s3, "25 50 75", lambda values: np.percentile(values, (25, 50, 75), axis=(0, 1, 2)))
wrong(s3, "keepdims", lambda values: np.percentile(values, PC, axis=(0, 1, 2), keepdims=True))
wrong(s3, "(0,1)", lambda values: np.percentile(values, PC, axis=(0, 1)))
wrong(s3, "reversed", lambda values: np.percentile(values, PC[::-1], axis=(0, 1, 2)))
wrong(
    s3,
    "mean, std",
    lambda values: np.stack(
        [
            values.mean((0, 1, 2)) - values.std((0, 1, 2)),
            values.mean((0, 1, 2)),
            values.mean((0, 1, 2)) + values.std((0, 1, 2)),
        ]
    ),
)
right(s3, lambda values: np.percentile(values.reshape(-1, values.shape[-1]), PC, axis=0))
right(s3, lambda values: np.array([np.percentile(values[..., c], PC) for c in range(values.shape[-1])]).T)
right(s3, lambda values: [np.quantile(values, q, axis=(0, 1, 2)) for q in (0.15, 0.5, 0.85)])
junk(s3, lambda values: values)
s4 = "shift.4"
Q = np.arange(5, 100, 5)
d4 = lambda b, a, q=Q: np.percentile(a, q) - np.percentile(b, q)
wrong(s4, "no abs", lambda before, after: d4(before, after).mean() / before.std())
wrong(s4, "not divided", lambda before, after: np.abs(d4(before, after)).mean())
wrong(s4, "std of after", lambda before, after: np.abs(d4(before, after)).mean() / after.std())
wrong(s4, "abs of mean", lambda before, after: abs(d4(before, after).mean()) / before.std())
wrong(
    s4,
    "values, not percentiles",
    lambda before, after: (
        np.abs(after - before).mean() / before.std()
        if len(before) == len(after)
        else np.abs(after.mean() - before.mean()) / before.std()
    ),
)
wrong(s4, "difference of means", lambda before, after: abs(after.mean() - before.mean()) / before.std())
wrong(s4, "0..100", lambda before, after: np.abs(d4(before, after, np.arange(0, 101, 5))).mean() / before.std())
wrong(s4, "variance", lambda before, after: np.abs(d4(before, after)).mean() / before.var())
wrong(s4, "5..90", lambda before, after: np.abs(d4(before, after, np.arange(5, 95, 5))).mean() / before.std())
wrong(s4, "sum", lambda before, after: np.abs(d4(before, after)).sum() / before.std())
wrong(s4, "rms", lambda before, after: np.sqrt((d4(before, after) ** 2).mean()) / before.std())
wrong(
    s4,
    "quantile with 5..",
    lambda before, after: np.abs(np.quantile(after, Q / 1000) - np.quantile(before, Q / 1000)).mean() / before.std(),
)
wrong(s4, "every 10", lambda before, after: np.abs(d4(before, after, np.arange(10, 100, 10))).mean() / before.std())
wrong(s4, "1..99", lambda before, after: np.abs(d4(before, after, np.arange(1, 100))).mean() / before.std())
wrong(s4, "ddof 1", lambda before, after: np.abs(d4(before, after)).mean() / before.std(ddof=1))
wrong(s4, "std of both", lambda before, after: np.abs(d4(before, after)).mean() / np.concatenate([before, after]).std())
wrong(s4, "divided by 20", lambda before, after: np.abs(d4(before, after)).sum() / 20 / before.std())
wrong(s4, "array", lambda before, after: np.abs(d4(before, after)) / before.std())
wrong(s4, "max", lambda before, after: np.abs(d4(before, after)).max() / before.std())
wrong(
    s4,
    "std of the percentiles",
    lambda before, after: np.abs(d4(before, after)).mean() / np.percentile(before, Q).std(),
)
wrong(
    s4,
    "range(5, 95, 5) and std ok, each normalised by own std",
    lambda before, after: np.abs(
        np.percentile(after / after.std(), Q) - np.percentile(before / before.std(), Q)
    ).mean(),
)
right(
    s4,
    lambda before, after: (
        sum(abs(np.percentile(after, p) - np.percentile(before, p)) for p in range(5, 96, 5)) / 19 / np.std(before)
    ),
)
right(
    s4,
    lambda before, after: float(
        np.mean(
            np.abs(np.quantile(after, np.linspace(0.05, 0.95, 19)) - np.quantile(before, np.linspace(0.05, 0.95, 19)))
            / np.sqrt(before.var())
        )
    ),
)
right(s4, lambda a, b: np.abs((np.percentile(np.sort(b), Q) - np.percentile(a, Q)) / a.std()).mean())
junk(s4, lambda before, after: None)
sk = 2 / math.sqrt(3)
for t, v in [
    ("after 0", (sk, 0)),
    ("no division", (6, sk)),
    ("24", (24, 24)),
    ("ddof", (6 / 8, 6 / 8)),
    ("square root missing: /27", (6 / 27, 6 / 27)),
    ("/3 (variance)", (2, 2)),
    ("about 0", (16 / 5.196, 16 / 5.196)),
    ("sign", (-sk, -sk)),
    ("one number", sk),
    ("var and 0", (3, 0)),
    ("0,0", (0, 0)),
    ("after 1", (sk, 1)),
    ("sum not mean", (24 / 5.196, 24 / 5.196)),
    ("bias corrected", (2.0, 2.0)),
    ("(skew, skew/std)", (sk, sk / 1.732)),
    ("pandas skew n=4", (2.0, sk)),
    ("6, 0", (6, 0)),
    ("6, 6", (6, 6)),
]:
    wrong("shift.6", t, v)
R("shift.6", (1.1547, 1.1547), [sk, sk], (1.15, 1.15), np.array([sk, sk]))
junk("shift.6", (None, None))
