"""Answers of somebody who saw the tasks alone: chapters forward, inference, backward."""

import math
import numpy as np
from answers import junk, right, wrong


def W(i, **k):
    for t, f in k.items():
        wrong(i, t, f)


def R(i, *fs):
    for f in fs:
        right(i, f)


A = (0, 1, 2)
# ---- forward
W(
    "forward.1",
    axis1=lambda x: (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True),
    all=lambda x: (x - x.mean()) / x.std(),
    ddof=lambda x: (x - x.mean(0)) / x.std(0, ddof=1),
    variance=lambda x: (x - x.mean(0)) / x.var(0),
    precedence=lambda x: x - x.mean(0) / x.std(0),
    nocenter=lambda x: x / x.std(0),
    centeronly=lambda x: x - x.mean(0),
    nostd=lambda x: (x - x.mean(0)) * x.std(0),
    noreturn=lambda x: None,
    transposed=lambda x: ((x - x.mean(0)) / x.std(0)).T,
    eps=lambda x: (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3),
    minmax=lambda x: (x - x.min(0)) / (x.max(0) - x.min(0)),
    median=lambda x: (x - np.median(x, 0)) / x.std(0),
    meanall=lambda x: (x - x.mean()) / x.std(0),
    stdall=lambda x: (x - x.mean(0)) / x.std(),
    rms=lambda x: (x - x.mean(0)) / np.sqrt((x**2).mean(0)),
    sign=lambda x: (x.mean(0) - x) / x.std(0),
    norm=lambda x: (x - x.mean(0)) / np.linalg.norm(x - x.mean(0), axis=0),
    tuple=lambda x: (x.mean(0), x.std(0)),
    absdev=lambda x: (x - x.mean(0)) / np.abs(x - x.mean(0)).mean(0),
    onlyfirst=lambda x: (x[0] - x.mean(0)) / x.std(0),
)


@wrong("forward.1", "in place")
def _(x):
    x -= x.mean(0)
    x /= x.std(0)
    return x


@wrong("forward.1", "loop over rows")
def _(x):
    r = np.empty(x.shape)
    for i in range(len(x)):
        r[i] = (x[i] - x[i].mean()) / x[i].std()
    return r


@wrong("forward.1", "empty_like, int loses fractions")
def _(x):
    r = np.zeros(x.shape, int)
    for c in range(x.shape[1]):
        r[:, c] = (x[:, c] - x[:, c].mean()) / x[:, c].std()
    return r


@right("forward.1")
def _(x):
    r = np.empty(x.shape)
    for c in range(x.shape[1]):
        m = sum(x[:, c]) / len(x)
        r[:, c] = (x[:, c] - m) / (sum((x[:, c] - m) ** 2) / len(x)) ** 0.5
    return r


R(
    "forward.1",
    lambda x: ((x.T - x.T.mean(1, keepdims=True)) / x.T.std(1, keepdims=True)).T,
    lambda x: ((x - x.mean(0)) / x.std(0)).tolist(),
    lambda x: ((x - x.mean(0)) / x.std(0)).astype("float32"),
)
junk("forward.1", lambda x: {"x": x})
for t, v in [
    ("per position", (4704, 32, 9408)),
    ("batch only numbers", (24, 32, 48)),
    ("gamma only", (24, 6272, 24)),
    ("four", (24, 6272, 96)),
    ("per image", (32, 4704, 48)),
    ("per image and channel", (768, 196, 48)),
    ("one", (1, 150528, 2)),
    ("swapped", (6272, 24, 48)),
    ("196", (24, 196, 48)),
    ("all numbers", (24, 150528, 48)),
    ("params 2", (24, 6272, 2)),
    ("two means (mean+var)", (48, 6272, 48)),
    ("448", (24, 448, 48)),
    ("per position, params channel", (4704, 32, 48)),
    ("two", (24, 6272)),
    ("weights of conv", (24, 6272, 24 * 9 * 24)),
]:
    wrong("forward.2", t, v)
R("forward.2", [24, 6272, 48], (24.0, 6272.0, 48.0), np.array([24, 32 * 14 * 14, 48]))
junk("forward.2", "abc")
for t, v in [
    ("eps outside: sqrt(.09)+.16", 2 / 0.46 + 0.5),
    ("no root", 2 / 0.25 + 0.5),
    ("no eps", 2 / 0.3 + 0.5),
    ("no beta", 4.0),
    ("no gamma", 2.5),
    ("beta first: 2*(2+.5)", 5.0),
    ("x+..(sqrt eps)", 2 / 0.7 + 0.5),
    ("variance squared", 2 / math.sqrt(0.09**2 + 0.16) + 0.5),
    ("eps forgotten root var", 2 / 0.09 + 0.5),
    ("std not multiplied", 2 * 0.5 + 0.5),
    ("minus beta", 3.5),
    ("x_hat", 2.0),
    ("gamma, beta swapped", 0.5 * 2 + 2),
    ("below mean", -3.5),
    ("var - eps..", 2 / math.sqrt(0.07) + 0.5),
    ("(var+eps) squared", 2 / 0.0625 + 0.5),
    ("3.66", 3.66),
]:
    wrong("forward.3", t, v)
R("forward.3", 4.5, np.float32(4.5), [4.5])
junk("forward.3", [1, 2])
ax = lambda x: tuple(range(x.ndim - 1))
W(
    "forward.4",
    no_eps=lambda x, epsilon=1e-3: (x.std(ax(x)), x.mean(ax(x))),
    swapped=lambda x, epsilon=1e-3: (x.mean(ax(x)), np.sqrt(x.var(ax(x)) + epsilon)),
    outside=lambda x, epsilon=1e-3: (x.std(ax(x)) + epsilon, x.mean(ax(x))),
    axis0=lambda x, epsilon=1e-3: (np.sqrt(x.var(0) + epsilon), x.mean(0)),
    noroot=lambda x, epsilon=1e-3: (x.var(ax(x)) + epsilon, x.mean(ax(x))),
    inverse=lambda x, epsilon=1e-3: (1 / np.sqrt(x.var(ax(x)) + epsilon), x.mean(ax(x))),
    negmean=lambda x, epsilon=1e-3: (np.sqrt(x.var(ax(x)) + epsilon), -x.mean(ax(x))),
    images_only=lambda x, epsilon=1e-3: (np.sqrt(x.var(A) + epsilon), x.mean(A)),
    ddof=lambda x, epsilon=1e-3: (np.sqrt(x.var(ax(x), ddof=1) + epsilon), x.mean(ax(x))),
    eps_fixed=lambda x, epsilon=1e-3: (np.sqrt(x.var(ax(x)) + 1e-3), x.mean(ax(x))),
    one_zero=lambda x, epsilon=1e-3: (np.ones(x.shape[-1]), np.zeros(x.shape[-1])),
    returns_x=lambda x, epsilon=1e-3: x,
    only_gamma=lambda x, epsilon=1e-3: np.sqrt(x.var(ax(x)) + epsilon),
    allaxes=lambda x, epsilon=1e-3: (np.sqrt(x.var() + epsilon), x.mean()),
    keepdims=lambda x, epsilon=1e-3: (np.sqrt(x.var(ax(x), keepdims=True) + epsilon), x.mean(ax(x), keepdims=True)),
    neg_gamma=lambda x, epsilon=1e-3: (-np.sqrt(x.var(ax(x)) + epsilon), x.mean(ax(x))),
    mean_over_sd=lambda x, epsilon=1e-3: (
        np.sqrt(x.var(ax(x)) + epsilon),
        x.mean(ax(x)) / np.sqrt(x.var(ax(x)) + epsilon),
    ),
    minus_eps=lambda x, epsilon=1e-3: (np.sqrt(x.var(ax(x)) - epsilon), x.mean(ax(x))),
    eps_sq=lambda x, epsilon=1e-3: (np.sqrt(x.var(ax(x)) + epsilon**2), x.mean(ax(x))),
)


@right("forward.4")
def _(x, epsilon=1e-3):
    f = x.reshape(-1, x.shape[-1])
    return np.array([np.sqrt(f.var(0) + epsilon), f.mean(0)])


R(
    "forward.4",
    lambda x, epsilon=1e-3: [np.sqrt(np.mean((x - x.mean(ax(x))) ** 2, axis=ax(x)) + epsilon), x.mean(ax(x))],
    lambda x, epsilon=1e-3: (
        [float(np.sqrt(x[..., c].var() + epsilon)) for c in range(x.shape[-1])],
        [x[..., c].mean() for c in range(x.shape[-1])],
    ),
)
junk("forward.4", lambda x, epsilon=1e-3: (1, 2, 3))


def bn(axes=A, out=False, beta_in=False, var=lambda x, a: x.var(axis=a), keep=False, std=False):
    def f(x, gamma, beta, epsilon=1e-3):
        m = x.mean(axis=axes, keepdims=keep)
        v = x.var(axis=axes, keepdims=keep)
        d = np.sqrt(v) + epsilon if out else np.sqrt(v + epsilon)
        h = (x - m) / d
        return gamma * (h + beta) if beta_in else gamma * h + beta

    return f


W(
    "forward.6",
    unchanged=bn(0, True, True),
    fixed1=bn(A, True, True),
    fixed2=bn(0, False, True),
    fixed3=bn(0, True, False),
    eps_left=bn(A, True, False),
    beta_left=bn(A, False, True),
    axis_left=bn(0),
    perimage=bn((1, 2), keep=True),
    layer=bn((1, 2, 3), keep=True),
    spatial_var=bn((0, 1)),
    all=lambda x, gamma, beta, epsilon=1e-3: gamma * (x - x.mean()) / np.sqrt(x.var() + epsilon) + beta,
    swapped=lambda x, gamma, beta, epsilon=1e-3: beta * (x - x.mean(A)) / np.sqrt(x.var(A) + epsilon) + gamma,
    noroot=lambda x, gamma, beta, epsilon=1e-3: gamma * (x - x.mean(A)) / (x.var(A) + epsilon) + beta,
    noeps=lambda x, gamma, beta, epsilon=1e-3: gamma * (x - x.mean(A)) / np.sqrt(x.var(A)) + beta,
    varonly=lambda x, gamma, beta, epsilon=1e-3: gamma * (x - x.mean(0)) / np.sqrt(x.var(A) + epsilon) + beta,
    meanonly=lambda x, gamma, beta, epsilon=1e-3: gamma * (x - x.mean(A)) / np.sqrt(x.var(0) + epsilon) + beta,
    minusbeta=lambda x, gamma, beta, epsilon=1e-3: gamma * (x - x.mean(A)) / np.sqrt(x.var(A) + epsilon) - beta,
    ddof=lambda x, gamma, beta, epsilon=1e-3: gamma * (x - x.mean(A)) / np.sqrt(x.var(A, ddof=1) + epsilon) + beta,
    last=bn(-1, keep=True),
    noret=lambda x, gamma, beta, epsilon=1e-3: None,
    sqrt_eps=lambda x, gamma, beta, epsilon=1e-3: (
        gamma * (x - x.mean(A)) / (np.sqrt(x.var(A)) + np.sqrt(epsilon)) + beta
    ),
)


@right("forward.6")
def _(x, gamma, beta, epsilon=1e-3):
    f = x.reshape(-1, x.shape[-1])
    a = gamma / np.sqrt(f.var(0) + epsilon)
    return (f * a + (beta - a * f.mean(0))).reshape(x.shape)


@right("forward.6")
def _(x, gamma, beta, epsilon=1e-3):
    y = np.zeros_like(x)
    for c in range(x.shape[3]):
        y[..., c] = gamma[c] * (x[..., c] - x[..., c].mean()) * (x[..., c].var() + epsilon) ** -0.5 + beta[c]
    return y


@right("forward.6")
def _(x, gamma, beta, epsilon=1e-3):
    from bncourse.forward import batchnorm

    return batchnorm(x, gamma, beta, epsilon=epsilon)[0]


junk("forward.6", np.zeros(3))
W(
    "forward.7",
    nokeepdims=lambda x, gamma, beta, epsilon=1e-3: gamma * (x - x.mean(-1)) / np.sqrt(x.var(-1) + epsilon) + beta,
    batch=bn(A),
    image=bn((1, 2, 3), keep=True),
    instance=bn((1, 2), keep=True),
    axis0=bn(0),
    outside=bn(-1, True, keep=True),
    noroot=lambda x, gamma, beta, epsilon=1e-3: (
        gamma * (x - x.mean(-1, keepdims=True)) / (x.var(-1, keepdims=True) + epsilon) + beta
    ),
    axis1=bn(1, keep=True),
    beta_in=bn(-1, beta_in=True, keep=True),
    no_gamma=lambda x, gamma, beta, epsilon=1e-3: (
        (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + epsilon)
    ),
    ddof=lambda x, gamma, beta, epsilon=1e-3: (
        gamma * (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True, ddof=1) + epsilon) + beta
    ),
    positions_over_batch=bn((0, 3), keep=True),
    rms=lambda x, gamma, beta, epsilon=1e-3: gamma * x / np.sqrt((x**2).mean(-1, keepdims=True) + epsilon) + beta,
    meanonly=lambda x, gamma, beta, epsilon=1e-3: (
        gamma * (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var((1, 2, 3), keepdims=True) + epsilon) + beta
    ),
    noeps=lambda x, gamma, beta, epsilon=1e-3: (
        gamma * (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True) + beta
    ),
    swapped=lambda x, gamma, beta, epsilon=1e-3: (
        beta * (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + epsilon) + gamma
    ),
    allax=lambda x, gamma, beta, epsilon=1e-3: gamma * (x - x.mean()) / np.sqrt(x.var() + epsilon) + beta,
)


@wrong("forward.7", "in place")
def _(x, gamma, beta, epsilon=1e-3):
    x -= x.mean(-1, keepdims=True)
    x /= np.sqrt(x.var(-1, keepdims=True) + epsilon)
    return gamma * x + beta


@right("forward.7")
def _(x, gamma, beta, epsilon=1e-3):
    y = np.zeros(x.shape)
    for n, i, j in np.ndindex(*x.shape[:3]):
        v = x[n, i, j]
        y[n, i, j] = gamma * (v - np.mean(v)) / np.sqrt(np.var(v) + epsilon) + beta
    return y


R(
    "forward.7",
    lambda x, gamma, beta, epsilon=1e-3: (
        gamma * ((x - x.mean(3)[..., None]) / np.sqrt(x.var(3)[..., None] + epsilon)) + beta
    ),
)
wrong(
    "forward.7",
    "epsilon renamed",
    lambda x, g, b, e=1e-3: np.moveaxis((np.moveaxis(x, -1, 0) - x.mean(-1)) / np.sqrt(x.var(-1) + e), 0, -1) * g + b,
)
junk("forward.7", lambda x, gamma, beta, epsilon=1e-3: "x")
# ---- inference
W(
    "inference.1",
    pytorch=lambda moving, batch, momentum=0.99: (1 - momentum) * moving + momentum * batch,
    only=lambda moving, batch, momentum=0.99: momentum * moving,
    noone=lambda moving, batch, momentum=0.99: momentum * moving + batch,
    both=lambda moving, batch, momentum=0.99: momentum * (moving + batch),
    minus=lambda moving, batch, momentum=0.99: moving - (1 - momentum) * batch,
    minus2=lambda moving, batch, momentum=0.99: moving - momentum * (moving - batch),
    average=lambda moving, batch, momentum=0.99: (moving + batch) / 2,
    hard=lambda moving, batch, momentum=0.99: 0.99 * moving + 0.01 * batch,
    batch=lambda moving, batch, momentum=0.99: batch,
    scalar=lambda moving, batch, momentum=0.99: momentum * moving + (1 - momentum) * batch.mean(),
    none=lambda moving, batch, momentum=0.99: None,
    plus=lambda moving, batch, momentum=0.99: moving + (1 - momentum) * (batch + moving),
    sign=lambda moving, batch, momentum=0.99: momentum * moving - (1 - momentum) * batch,
    tup=lambda moving, batch, momentum=0.99: (momentum * moving, (1 - momentum) * batch),
    same=lambda moving, batch, momentum=0.99: moving,
    oneplus=lambda moving, batch, momentum=0.99: momentum * moving + 1 - momentum * batch,
    std=lambda moving, batch, momentum=0.99: np.sqrt(momentum * moving**2 + (1 - momentum) * batch**2),
)


@wrong("inference.1", "in place")
def _(moving, batch, momentum=0.99):
    moving *= momentum
    moving += (1 - momentum) * batch
    return moving


@wrong("inference.1", "in place on batch")
def _(moving, batch, momentum=0.99):
    batch *= 1 - momentum
    return momentum * moving + batch


@wrong("inference.1", "rounds")
def _(moving, batch, momentum=0.99):
    return (momentum * moving + (1 - momentum) * batch).astype(int)


R(
    "inference.1",
    lambda moving, batch, momentum=0.99: moving + (1 - momentum) * (batch - moving),
    lambda moving, batch, momentum=0.99: [momentum * m + (1 - momentum) * b for m, b in zip(moving, batch)],
    lambda moving, batch, momentum=0.99: np.average([moving, batch], axis=0, weights=[momentum, 1 - momentum]),
)
wrong("inference.1", "momentum renamed", lambda old, new, rho=0.99: np.float32(rho) * old + np.float32(1 - rho) * new)
junk("inference.1", lambda moving: moving)
m10 = 2 * (1 - 0.9**10)
for t, v in [
    ("what is left", (2 * 0.9**10, 44)),
    ("43", (m10, 43)),
    ("45", (m10, 45)),
    ("float steps", (m10, 43.7)),
    ("9 steps", (2 * (1 - 0.9**9), 44)),
    ("11", (2 * (1 - 0.9**11), 44)),
    ("share", (1 - 0.9**10, 44)),
    ("pytorch", (2 * (1 - 0.1**10), 2)),
    ("no start 2.0", (2.0, 44)),
    ("within .01: 51", (m10, 51)),
    ("22 (1% of var)", (m10, 22)),
    ("459 of .99", (m10, 459)),
    ("swapped", (44, m10)),
    ("log10 -> 20", (m10, 20)),
    ("10 linear", (2 * 0.1 * 10, 10)),
    ("time constant 10", (m10, 10)),
    ("mean .9**10", (0.9**10, 44)),
    ("5% 29", (m10, 29)),
    ("one number", m10),
    ("1.3 rounded to 1", (1, 44)),
    ("last one outside 42", (m10, 42)),
    ("1% momentum", (1 - 0.9**10, 459)),
]:
    wrong("inference.2", t, v)
R("inference.2", (1.3026, 44), [1.3, 44], (1.303, 44.0), np.array([m10, 44]))
junk("inference.2", "x")


def cw(c):
    return np.asarray(c) / np.sum(c)


W(
    "inference.4",
    unweighted=lambda means, variances, counts: (means.mean(0), variances.mean(0)),
    within_only=lambda means, variances, counts: (cw(counts) @ means, cw(counts) @ variances),
    unweighted_between=lambda means, variances, counts: (cw(counts) @ means, cw(counts) @ variances + means.var(0)),
    between_only=lambda means, variances, counts: (cw(counts) @ means, cw(counts) @ (means - cw(counts) @ means) ** 2),
    unweighted_mean=lambda means, variances, counts: (
        means.mean(0),
        cw(counts) @ variances + cw(counts) @ (means - means.mean(0)) ** 2,
    ),
    swapped=lambda means, variances, counts: (
        cw(counts) @ variances + cw(counts) @ (means - cw(counts) @ means) ** 2,
        cw(counts) @ means,
    ),
    bessel=lambda means, variances, counts: (
        cw(counts) @ means,
        counts @ (variances + (means - cw(counts) @ means) ** 2) / (counts.sum() - 1),
    ),
    noweight=lambda means, variances, counts: (counts @ means, counts @ variances),
    second_moment=lambda means, variances, counts: (cw(counts) @ means, cw(counts) @ (variances + means**2)),
    divided_by_K=lambda means, variances, counts: (counts @ means / len(counts), counts @ variances / len(counts)),
    sq_weights=lambda means, variances, counts: (
        cw(counts) @ means,
        cw(counts) ** 2 @ variances + cw(counts) @ (means - cw(counts) @ means) ** 2,
    ),
    pooled=lambda means, variances, counts: (
        cw(counts) @ means,
        (counts - 1) @ variances / (counts.sum() - len(counts)) + cw(counts) @ (means - cw(counts) @ means) ** 2,
    ),
    std=lambda means, variances, counts: (
        cw(counts) @ means,
        np.sqrt(cw(counts) @ variances + cw(counts) @ (means - cw(counts) @ means) ** 2),
    ),
    minus=lambda means, variances, counts: (
        cw(counts) @ means,
        cw(counts) @ variances - cw(counts) @ (means - cw(counts) @ means) ** 2,
    ),
    abs=lambda means, variances, counts: (
        cw(counts) @ means,
        cw(counts) @ variances + cw(counts) @ np.abs(means - cw(counts) @ means),
    ),
    mean_only=lambda means, variances, counts: cw(counts) @ means,
    axis1=lambda means, variances, counts: (means.mean(1), variances.mean(1)),
    meansq=lambda means, variances, counts: (
        cw(counts) @ means,
        cw(counts) @ variances + (cw(counts) @ (means - cw(counts) @ means)) ** 2,
    ),
    unw_all=lambda means, variances, counts: (means.mean(0), variances.mean(0) + means.var(0)),
    unw_within=lambda means, variances, counts: (
        cw(counts) @ means,
        variances.mean(0) + cw(counts) @ (means - cw(counts) @ means) ** 2,
    ),
)


@wrong("inference.4", "two batches only (Chan, first two)")
def _(means, variances, counts):
    n = counts[0] + counts[1]
    d = means[1] - means[0]
    return means[0] + d * counts[1] / n, (counts[0] * variances[0] + counts[1] * variances[1]) / n + d**2 * counts[
        0
    ] * counts[1] / n**2


@wrong("inference.4", "Chan loop, count not added up")
def _(means, variances, counts):
    m, v, n = means[0], variances[0], counts[0]
    for a, b, k in zip(means[1:], variances[1:], counts[1:]):
        t = n + k
        d = a - m
        v = (n * v + k * b) / t + d**2 * n * k / t**2
        m = m + d * k / t
    return m, v


@wrong("inference.4", "Chan loop, mean updated first")
def _(means, variances, counts):
    m, v, n = means[0], variances[0], counts[0]
    for a, b, k in zip(means[1:], variances[1:], counts[1:]):
        t = n + k
        m = m + (a - m) * k / t
        d = a - m
        v = (n * v + k * b) / t + d**2 * n * k / t**2
        n = t
    return m, v


@wrong("inference.4", "changes its arguments")
def _(means, variances, counts):
    m = cw(counts) @ means
    means -= m
    return m, cw(counts) @ (variances + means**2)


@right("inference.4")
def _(means, variances, counts):
    m, v, n = means[0], variances[0], counts[0]
    for a, b, k in zip(means[1:], variances[1:], counts[1:]):
        t = n + k
        d = a - m
        v = (n * v + k * b) / t + d**2 * n * k / t**2
        m = m + d * k / t
        n = t
    return m, v


@right("inference.4")
def _(means, variances, counts):
    m = np.average(means, axis=0, weights=counts)
    return [m, np.average(variances + means**2, axis=0, weights=counts) - m**2]


@right("inference.4")
def _(means, variances, counts):
    n = sum(counts)
    s = np.zeros(means.shape[1])
    q = np.zeros(means.shape[1])
    for k in range(len(counts)):
        s += counts[k] * means[k]
        q += counts[k] * (variances[k] + means[k] ** 2)
    return s / n, q / n - (s / n) ** 2


junk("inference.4", lambda means, variances, counts: (1, "b"))


def inf(mm=True, mv=True, upd=False, out=False):
    def f(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
        if upd:
            moving_mean *= 0.99
            moving_mean += 0.01 * x.mean(axis=0)
        m = moving_mean if mm else x.mean(axis=0)
        v = moving_variance if mv else x.var(axis=0)
        return gamma * (x - m) / (np.sqrt(v) + epsilon if out else np.sqrt(v + epsilon)) + beta

    return f


W(
    "inference.5",
    unchanged=inf(False, True, True),
    update_left=inf(True, True, True),
    batch_mean_left=inf(False, True, False),
    batch_all=inf(False, False),
    var_of_batch=inf(True, False),
    outside=inf(out=True),
    noeps=lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: (
        gamma * (x - moving_mean) / np.sqrt(moving_variance) + beta
    ),
    noroot=lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: (
        gamma * (x - moving_mean) / (moving_variance + epsilon) + beta
    ),
    updates_copy=lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: (
        gamma * (x - (0.99 * moving_mean + 0.01 * x.mean(0))) / np.sqrt(moving_variance + epsilon) + beta
    ),
    nogamma=lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: (
        (x - moving_mean) / np.sqrt(moving_variance + epsilon)
    ),
    swapped=lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: (
        beta * (x - moving_mean) / np.sqrt(moving_variance + epsilon) + gamma
    ),
    nomean=lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: (
        gamma * x / np.sqrt(moving_variance + epsilon) + beta
    ),
    restore=lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: (
        gamma * (x - moving_mean.mean()) / np.sqrt(moving_variance + epsilon) + beta
    ),
    tuple=lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: (
        gamma * (x - moving_mean) / np.sqrt(moving_variance + epsilon) + beta,
        moving_mean,
    ),
    inplace_x=lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: (
        gamma * x.__isub__(moving_mean) / np.sqrt(moving_variance + epsilon) + beta
    ),
    std=lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: (
        gamma * (x - moving_mean) / np.sqrt(moving_variance**2 + epsilon) + beta
    ),
)


@wrong("inference.5", "only if more than one row")
def _(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    m = moving_mean if len(x) == 1 else x.mean(0)
    return gamma * (x - m) / np.sqrt(moving_variance + epsilon) + beta


@wrong("inference.5", "restores after rebind: updates then normalizes with x.mean(1)")
def _(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return gamma * (x - x.mean(1, keepdims=True)) / np.sqrt(moving_variance + epsilon) + beta


@wrong("inference.5", "update after answering")
def _(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    y = inf()(x, gamma, beta, moving_mean, moving_variance, epsilon)
    moving_mean *= 0.99
    moving_mean += 0.01 * x.mean(0)
    return y


R(
    "inference.5",
    lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: (
        x * (gamma / np.sqrt(moving_variance + epsilon))
        + (beta - gamma * moving_mean / np.sqrt(moving_variance + epsilon))
    ),
    lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: np.stack(
        [gamma * (r - moving_mean) * (moving_variance + epsilon) ** -0.5 + beta for r in x]
    ),
    lambda x, g, b, m, v, epsilon=1e-3: (g * (x - m) / np.sqrt(v + epsilon) + b).astype(np.float32),
)
junk("inference.5", [])
# ---- backward
for t, v in [
    ("mean only", (1.5, -0.5, -1.5, 0.5)),
    ("slope only", (2.5, 0.5, 0.5, 2.5)),
    ("slope sign", (2, 0, -2, 0)),
    ("nothing", (3, 1, 0, 2)),
    ("sums not means", (-5, -7, -4, -2)),
    ("mean", 1.5),
    ("sign", (-1, 1, 1, -1)),
    ("zeros", (0, 0, 0, 0)),
    ("pair", (1.5, -0.5)),
    ("line", (2, 2, 1, 1)),
    ("sum slope", (-0.5, -2.5, 0.5, 2.5)),
    ("slope by m-1", (0.833333, -1.166667, -0.833333, 1.166667)),
    ("centred xhat", (2, 0, -1, 1)),
    ("half", (0.5, -0.5, -0.5, 0.5)),
    ("order", (1, -1, 1, -1)),
    ("x_hat", (-1, -1, 1, 1)),
    ("typo", (1, -1, -1, 2)),
    ("mean 1.5 & slope times dy", (3, 0, -1.5, 1.5)),
    ("three", (1, -1, -1)),
]:
    wrong("backward.1", t, v)
R("backward.1", [1, -1, -1, 1], np.array([1, -1, -1, 1.0]), [1.0, -1.0, -1.0, 1.0], np.array([[1], [-1], [-1], [1]]))
junk("backward.1", "1 -1 -1 1")


def bw(
    m=lambda dy: dy.size // dy.shape[-1],
    g=True,
    db=True,
    dg=True,
    axes=A,
    order=(0, 1, 2),
    mean=False,
    scale=1,
    gx=False,
):
    def f(dy, x_hat, inv_std, gamma):
        M = m(dy)
        a = tuple(range(dy.ndim - 1)) if axes == "..." else axes
        b = dy.sum(axis=a)
        c = (dy * x_hat).sum(axis=a)
        dx = inv_std * (dy - (b / M if db else 0) - (x_hat * c / M if dg else 0))
        if g:
            dx = dx * gamma
        if mean:
            b, c = b / M, c / M
        if gx:
            c = c * gamma
        r = dx, c, b
        return tuple(r[i] for i in order)

    return f


W(
    "backward.3",
    unchanged=bw(len, False),
    gamma_left=bw(g=False),
    m_left=bw(len),
    hw=bw(lambda dy: dy.shape[1] * dy.shape[2]),
    size=bw(lambda dy: dy.size),
    order=bw(order=(0, 2, 1)),
    mean=bw(mean=True),
    noc=bw(db=False),
    nog=bw(dg=False),
    nogboth=bw(db=False, dg=False),
    m1=bw(lambda dy: dy.size // dy.shape[-1] - 1),
    gx=bw(gx=True),
    nhwc=bw(lambda dy: dy.shape[0] * dy.shape[1]),
    nhc=bw(lambda dy: dy.shape[0] * dy.shape[1] * dy.shape[3]),
    xonly=lambda dy, x_hat, inv_std, gamma: bw()(dy, x_hat, inv_std, gamma)[0],
    gamma_sq=lambda dy, x_hat, inv_std, gamma: tuple(
        a * b for a, b in zip(bw()(dy, x_hat, inv_std, gamma), (gamma, 1, 1))
    ),
    gamma_div=lambda dy, x_hat, inv_std, gamma: (
        bw(g=False)(dy, x_hat, inv_std, gamma)[0] / gamma,
        *bw()(dy, x_hat, inv_std, gamma)[1:],
    ),
    gamma_on_dy=lambda dy, x_hat, inv_std, gamma: (
        inv_std * (gamma * dy - dy.mean(A) - x_hat * (dy * x_hat).mean(A)),
        (dy * x_hat).sum(A),
        dy.sum(A),
    ),
    dgamma_scaled=lambda dy, x_hat, inv_std, gamma: bw(g=False)(gamma * dy, x_hat, inv_std, gamma),
    gamma_only_last=lambda dy, x_hat, inv_std, gamma: (
        inv_std * gamma * dy - dy.mean(A) - x_hat * (dy * x_hat).mean(A),
        (dy * x_hat).sum(A),
        dy.sum(A),
    ),
    std=lambda dy, x_hat, inv_std, gamma: (
        bw()(dy, x_hat, 1 / inv_std, gamma)[0],
        *bw()(dy, x_hat, inv_std, gamma)[1:],
    ),
)


@wrong("backward.3", "changes dy")
def _(dy, x_hat, inv_std, gamma):
    b = dy.sum(A)
    c = (dy * x_hat).sum(A)
    m = dy[..., 0].size
    dy -= b / m
    dy -= x_hat * c / m
    dy *= gamma * inv_std
    return dy, c, b


R(
    "backward.3",
    bw(),
    lambda dy, x_hat, inv_std, gamma: [
        gamma * inv_std * (dy - dy.mean(A) - x_hat * (dy * x_hat).mean(A)),
        np.einsum("nhwc,nhwc->c", dy, x_hat),
        np.einsum("nhwc->c", dy),
    ],
)


@right("backward.3")
def _(dy, x_hat, inv_std, gamma):
    d = dy * gamma
    m = np.prod(dy.shape[:-1])
    c = x_hat / inv_std
    dr = (d * c).sum(A)
    dv = -0.5 * inv_std**3 * dr
    dc = d * inv_std + 2 * c * dv / m
    return dc - dc.sum(A) / m, (dy * x_hat).sum(A), dy.sum(A)


junk("backward.3", lambda *a: (1, 2, 3))


def rms(term=1, cubed=3, mean=True, eps=True, sign=-1, center=False, axis=0):
    def f(dy, x, epsilon):
        q = (x**2).mean(axis=axis, keepdims=True)
        r = 1 / np.sqrt(q + (epsilon if eps else 0))
        s = (dy * x).mean(axis=axis, keepdims=True) if mean else (dy * x).sum(axis=axis, keepdims=True)
        d = r * dy + sign * term * r**cubed * x * s
        return d - d.mean(0) if center else d

    return f


W(
    "backward.4",
    constant=rms(term=0),
    batchnorm=rms(center=True),
    sum=rms(mean=False),
    plus=rms(sign=1),
    noeps=rms(eps=False),
    r2=rms(cubed=2),
    r1=rms(cubed=1),
    half=rms(term=0.5),
    two=rms(term=2),
    axis1=rms(axis=1),
    meanterm=lambda dy, x, epsilon: (dy - dy.mean(0)) / np.sqrt((x**2).mean(0) + epsilon),
    x_unnormalized=lambda dy, x, epsilon: (dy - x * (dy * x).mean(0)) / np.sqrt((x**2).mean(0) + epsilon),
    no_r=lambda dy, x, epsilon: dy - x * (dy * x).mean(0) / ((x**2).mean(0) + epsilon),
    both=lambda dy, x, epsilon: (
        (dy - dy.mean(0) - x * (dy * x).mean(0) / ((x**2).mean(0) + epsilon)) / np.sqrt((x**2).mean(0) + epsilon)
    ),
    forward=lambda dy, x, epsilon: x / np.sqrt((x**2).mean(0) + epsilon),
    outside=lambda dy, x, epsilon: (
        (dy - x / (np.sqrt((x**2).mean(0)) + epsilon) * (dy * x / (np.sqrt((x**2).mean(0)) + epsilon)).mean(0))
        / (np.sqrt((x**2).mean(0)) + epsilon)
    ),
    var=lambda dy, x, epsilon: (dy - x * (dy * x).mean(0) / (x.var(0) + epsilon)) / np.sqrt(x.var(0) + epsilon),
    noroot=lambda dy, x, epsilon: (dy - x * (dy * x).mean(0) / ((x**2).mean(0) + epsilon)) / ((x**2).mean(0) + epsilon),
    nodysum=lambda dy, x, epsilon: (
        (dy - x**2 * dy / ((x**2).mean(0) + epsilon) / len(x)) / np.sqrt((x**2).mean(0) + epsilon)
    ),
    tuple=lambda dy, x, epsilon: (rms()(dy, x, epsilon), 0),
    full_bn=lambda dy, x, epsilon: bw(axes=0, g=False)(
        dy, (x - x.mean(0)) / np.sqrt(x.var(0) + epsilon), 1 / np.sqrt(x.var(0) + epsilon), 1
    )[0],
    transposed=lambda dy, x, epsilon: rms()(dy, x, epsilon).T,
)
R(
    "backward.4",
    rms(),
    lambda dy, x, epsilon: np.stack(
        [
            (
                np.eye(len(x)) / np.sqrt((x[:, c] ** 2).mean() + epsilon)
                - np.outer(x[:, c], x[:, c]) / len(x) / ((x[:, c] ** 2).mean() + epsilon) ** 1.5
            )
            @ dy[:, c]
            for c in range(x.shape[1])
        ],
        axis=1,
    ),
)


@right("backward.4")
def _(dy, x, epsilon):
    g = np.zeros(x.shape)
    f = lambda z: np.sum(dy * z / np.sqrt((z**2).mean(0) + epsilon))
    for i in np.ndindex(x.shape):
        a = x.copy()
        b = x.copy()
        a[i] += 1e-5
        b[i] -= 1e-5
        g[i] = (f(a) - f(b)) / 2e-5
    return g


junk("backward.4", lambda dy, x, epsilon: 0)


def fr(dx, ax=0, order=(0, 1, 2), xh=None):
    def f(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
        r = 1 / np.sqrt(moving_variance + epsilon)
        h = (x - moving_mean) * r if xh is None else xh(x, moving_mean, moving_variance, r)
        t = dx(dy, gamma, r, h), (dy * h).sum(ax), dy.sum(ax)
        return tuple(t[i] for i in order)

    return f


ok = lambda dy, g, r, h: g * r * dy
W(
    "backward.5",
    full=fr(lambda dy, g, r, h: g * r * (dy - dy.mean(0) - h * (dy * h).mean(0))),
    nogamma=fr(lambda dy, g, r, h: r * dy),
    nor=fr(lambda dy, g, r, h: g * dy),
    order=fr(ok, order=(0, 2, 1)),
    zeros=fr(lambda dy, g, r, h: 0 * dy),
    batch_xhat=fr(ok, xh=lambda x, m, v, r: (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3)),
    raw_x=fr(ok, xh=lambda x, m, v, r: x),
    centered=fr(ok, xh=lambda x, m, v, r: x - m),
    meanterm=fr(lambda dy, g, r, h: g * r * (dy - dy.mean(0))),
    frozen_zero=lambda dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3: (
        gamma * dy / np.sqrt(moving_variance + epsilon),
        np.zeros_like(gamma),
        np.zeros_like(gamma),
    ),
    all_zero=lambda dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3: (
        np.zeros_like(dy),
        np.zeros_like(gamma),
        np.zeros_like(gamma),
    ),
    means=lambda dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3: (
        gamma * dy / np.sqrt(moving_variance + epsilon),
        (dy * (x - moving_mean) / np.sqrt(moving_variance + epsilon)).mean(0),
        dy.mean(0),
    ),
    noeps=lambda dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3: (
        gamma * dy / np.sqrt(moving_variance),
        (dy * (x - moving_mean) / np.sqrt(moving_variance)).sum(0),
        dy.sum(0),
    ),
    outside=lambda dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3: (
        gamma * dy / (np.sqrt(moving_variance) + epsilon),
        (dy * (x - moving_mean) / (np.sqrt(moving_variance) + epsilon)).sum(0),
        dy.sum(0),
    ),
    noroot=lambda dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3: (
        gamma * dy / (moving_variance + epsilon),
        (dy * (x - moving_mean) / (moving_variance + epsilon)).sum(0),
        dy.sum(0),
    ),
    axis1=fr(ok, ax=1),
    only=lambda dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3: (
        gamma * dy / np.sqrt(moving_variance + epsilon)
    ),
    gamma_in_dg=lambda dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3: (
        gamma * dy / np.sqrt(moving_variance + epsilon),
        (gamma * dy * (x - moving_mean) / np.sqrt(moving_variance + epsilon)).sum(0),
        dy.sum(0),
    ),
    unsummed=lambda dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3: (
        gamma * dy / np.sqrt(moving_variance + epsilon),
        dy * (x - moving_mean) / np.sqrt(moving_variance + epsilon),
        dy,
    ),
    batch_r=lambda dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3: (
        gamma * dy / np.sqrt(x.var(0) + epsilon),
        (dy * (x - moving_mean) / np.sqrt(moving_variance + epsilon)).sum(0),
        dy.sum(0),
    ),
    std=lambda dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3: (
        gamma * dy * np.sqrt(moving_variance + epsilon),
        (dy * (x - moving_mean) / np.sqrt(moving_variance + epsilon)).sum(0),
        dy.sum(0),
    ),
)


@right("backward.5")
def _(dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3):
    r = np.power(moving_variance + epsilon, -0.5)
    dx = np.empty(x.shape)
    dg = np.zeros(x.shape[1])
    db = np.zeros(x.shape[1])
    for n in range(len(x)):
        dx[n] = dy[n] * gamma * r
        dg += dy[n] * (x[n] - moving_mean) * r
        db += dy[n]
    return [dx, dg, db]


R(
    "backward.5",
    fr(ok),
    lambda dy, x, gamma, moving_mean, moving_variance, epsilon=1e-3: (
        dy @ np.diag(gamma / np.sqrt(moving_variance + epsilon)),
        np.einsum("nc,nc->c", dy, x - moving_mean) / np.sqrt(moving_variance + epsilon),
        np.ones(len(dy)) @ dy,
    ),
)
junk("backward.5", lambda *a, **k: None)
for t, v in [
    ("gamma r dy with var 0", (49, 1, 2 * 0.8 / math.sqrt(0.001))),
    ("no stats: gamma*dy", (49, 1, 1.6)),
    ("conv counts channels", (3136, 1, 0)),
    ("dense 64", (49, 64, 0)),
    ("conv 1", (1, 1, 0)),
    ("dx .8", (49, 1, 0.8)),
    ("7", (7, 1, 0)),
    ("swapped", (1, 49, 0)),
    ("both 49", (49, 49, 0)),
    ("3136, 64", (3136, 64, 0)),
    ("64 channels", (64, 64, 0)),
    ("two numbers", (49, 1)),
    ("nan", (49, 1, float("nan"))),
    ("inf", (49, 1, float("inf"))),
    ("dense 0", (49, 0, 0)),
    ("conv with dx", (3136, 64, 50.6)),
    ("1/1.001", (49, 1, 1.6 / math.sqrt(1.001))),
    ("m-1", (48, 0, 0)),
    ("1600", (49, 1, 1600)),
    ("tiny", (49, 1, 0.0016)),
]:
    wrong("backward.6", t, v)
R("backward.6", [49, 1, 0], (49.0, 1.0, 0.0), np.array([49, 1, 0]), (49, 1, -0.0), (49, 1, 1e-17))
junk("backward.6", 0)
