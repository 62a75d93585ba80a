"""Answers of somebody who saw the tasks alone: chapters invariance, layer, speedup, and the capstone of the mathematics."""

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
# ---- invariance
for t, v in [
    ("7", (7, 4)),
    ("3", (3, 4)),
    ("rate 2", (5, 2)),
    ("rate 1", (5, 1)),
    ("rate .25", (5, 0.25)),
    ("rate .5", (5, 0.5)),
    ("25", (25, 4)),
    ("-1", (-1, 4)),
    ("sqrt 7", (math.sqrt(7), 4)),
    ("swapped", (4, 5)),
    ("one", 5),
    ("rate 8", (5, 8)),
    ("rate 16", (5, 16)),
    ("12", (12, 4)),
    ("1", (1, 4)),
    ("after 6 long", (math.sqrt(36 + 16), 4)),
    ("angle", (5, 53.13)),
    ("4 as eff 1/36", (5, 1 / 36)),
    ("1/9", (5, 1 / 9)),
    ("sqrt2", (5, math.sqrt(2))),
]:
    wrong("invariance.2", t, v)
R("invariance.2", [5, 4], (5.0, 4.0), np.array([5, 4]))
junk("invariance.2", "5")
W(
    "invariance.3",
    norm=lambda learning_rate, kernel: learning_rate / np.sqrt((kernel**2).sum(A)),
    all=lambda learning_rate, kernel: learning_rate / (kernel**2).sum(),
    mean=lambda learning_rate, kernel: learning_rate / (kernel**2).mean(A),
    times=lambda learning_rate, kernel: learning_rate * (kernel**2).sum(A),
    spatial=lambda learning_rate, kernel: learning_rate / (kernel**2).sum((0, 1)),
    C=lambda learning_rate, kernel: learning_rate / (kernel**2).sum((0, 1, 3)),
    sumsq=lambda learning_rate, kernel: learning_rate / kernel.sum(A) ** 2,
    absn=lambda learning_rate, kernel: learning_rate / np.abs(kernel).sum(A),
    abssq=lambda learning_rate, kernel: learning_rate / np.abs(kernel).sum(A) ** 2,
    var=lambda learning_rate, kernel: learning_rate / kernel.var(A),
    last=lambda learning_rate, kernel: learning_rate / (kernel**2).sum((1, 2, 3)),
    nolr=lambda learning_rate, kernel: 1 / (kernel**2).sum(A),
    axis3=lambda learning_rate, kernel: learning_rate / (kernel**2).sum(-1),
    linalg=lambda learning_rate, kernel: learning_rate / np.linalg.norm(kernel) ** 2,
    reshapeF=lambda learning_rate, kernel: learning_rate / (kernel.reshape(kernel.shape[-1], -1) ** 2).sum(1),
    mean_of_filters=lambda learning_rate, kernel: np.mean(learning_rate / (kernel**2).sum(A)),
    cube=lambda learning_rate, kernel: learning_rate / (kernel**2).sum(A) ** 1.5,
    fourth=lambda learning_rate, kernel: learning_rate / (kernel**2).sum(A) ** 2,
    sqrtlr=lambda learning_rate, kernel: np.sqrt(learning_rate) / np.sqrt((kernel**2).sum(A)),
    lrsq=lambda learning_rate, kernel: learning_rate**2 / (kernel**2).sum(A),
    keep=lambda learning_rate, kernel: learning_rate / (kernel**2).sum(A, keepdims=True),
    eps=lambda learning_rate, kernel: learning_rate / ((kernel**2).sum(A) + 1e-3),
    unit=lambda learning_rate, kernel: kernel / np.sqrt((kernel**2).sum(A)),
)


@wrong("invariance.3", "in place")
def _(learning_rate, kernel):
    kernel **= 2
    return learning_rate / kernel.sum(A)


R(
    "invariance.3",
    lambda learning_rate, kernel: [learning_rate / float(np.sum(kernel[..., f] ** 2)) for f in range(kernel.shape[3])],
    lambda learning_rate, kernel: learning_rate / np.einsum("abcf,abcf->f", kernel, kernel),
    lambda learning_rate, kernel: learning_rate / np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), axis=0) ** 2,
)
junk("invariance.3", lambda learning_rate: 1)


def ds(k=None, g=None, b=None):
    def f(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
        l, d = learning_rate, decay
        return (
            (k or (lambda w, dw, l, d: w - l * (dw + d * w)))(kernel, dkernel, l, d),
            (g or (lambda w, dw, l, d: w - l * dw))(gamma, dgamma, l, d),
            (b or (lambda w, dw, l, d: w - l * dw))(beta, dbeta, l, d),
        )

    return f


kw = lambda w, dw, l, d: w - l * dw - d * w
dd = lambda w, dw, l, d: w - l * (dw + d * w)
W(
    "invariance.4",
    unchanged=ds(kw, dd, dd),
    kernel_only=ds(None, dd, dd),
    gb_only=ds(kw),
    beta_left=ds(None, None, dd),
    gamma_left=ds(None, dd),
    plus=ds(lambda w, dw, l, d: w - l * (dw - d * w)),
    ascent=ds(lambda w, dw, l, d: w + l * (dw + d * w)),
    nodecay=ds(lambda w, dw, l, d: w - l * dw),
    paren=ds(lambda w, dw, l, d: w - l * dw + d * w),
    sq=ds(lambda w, dw, l, d: w - l * (dw + d * w**2)),
    l2half=ds(lambda w, dw, l, d: w - l * (dw + d * w / 2)),
    l2=ds(lambda w, dw, l, d: w - l * (dw + 2 * d * w)),
    seq=ds(lambda w, dw, l, d: (w - l * dw) * (1 - l * d)),
    seq2=ds(lambda w, dw, l, d: (w - l * d * w) - l * dw * (1 - l * d)),
    only_decay=ds(lambda w, dw, l, d: w - l * d * w),
    nolr=ds(lambda w, dw, l, d: w - dw - d * w),
    gnone=ds(None, lambda w, dw, l, d: w, lambda w, dw, l, d: w),
    order=lambda *a, **k: ds()(*a, **k)[::-1],
    kernel1=lambda *a, **k: ds()(*a, **k)[0],
    g_swap=lambda kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay: ds()(
        kernel, gamma, beta, dkernel, dbeta, dgamma, learning_rate, decay
    ),
    ld_sq=ds(lambda w, dw, l, d: w - l * dw - l * l * d * w),
    decay_of_grad=ds(lambda w, dw, l, d: w - l * (dw + d * dw)),
)


@wrong("invariance.4", "in place")
def _(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    kernel -= learning_rate * (dkernel + decay * kernel)
    gamma -= learning_rate * dgamma
    beta -= learning_rate * dbeta
    return kernel, gamma, beta


@wrong("invariance.4", "gradient changed in place")
def _(kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay):
    dkernel += decay * kernel
    return kernel - learning_rate * dkernel, gamma - learning_rate * dgamma, beta - learning_rate * dbeta


R(
    "invariance.4",
    lambda kernel, gamma, beta, dkernel, dgamma, dbeta, learning_rate, decay: [
        (1 - learning_rate * decay) * kernel - learning_rate * dkernel,
        gamma - learning_rate * dgamma,
        beta - learning_rate * dbeta,
    ],
)


@right("invariance.4")
def _(k, g, b, dk, dg, db, lr, wd):
    k = k.copy()
    k -= lr * dk + lr * wd * k if False else lr * (dk + wd * k)
    return k, g + -lr * dg, np.subtract(b, lr * db)


junk("invariance.4", lambda **k: 1)
gr = lambda e: lambda learning_rate, decay, steps: learning_rate * (1 - learning_rate * decay) ** e(np.arange(steps))
W(
    "invariance.5",
    once=gr(lambda t: -t - 1.0),
    twice=gr(lambda t: -2.0 * t),
    t=gr(lambda t: -1.0 * t),
    shrink=gr(lambda t: 2.0 * t + 1),
    const=gr(lambda t: 0.0 * t),
    twoplus2=gr(lambda t: -2.0 * t - 2),
    minus1=gr(lambda t: -2.0 * t + 1),
    from1=gr(lambda t: -2.0 * (t + 1) - 1),
    steps_plus=lambda learning_rate, decay, steps: (
        learning_rate * (1 - learning_rate * decay) ** -(2.0 * np.arange(steps + 1) + 1)
    ),
    steps_1=lambda learning_rate, decay, steps: (
        learning_rate * (1 - learning_rate * decay) ** -(2.0 * np.arange(1, steps + 1) + 1)
    ),
    decay_only=lambda learning_rate, decay, steps: learning_rate * (1 - decay) ** -(2.0 * np.arange(steps) + 1),
    plus=lambda learning_rate, decay, steps: (
        learning_rate * (1 + learning_rate * decay) ** (2.0 * np.arange(steps) + 1)
    ),
    exp=lambda learning_rate, decay, steps: learning_rate * np.exp(2 * learning_rate * decay * np.arange(steps)),
    noeta=lambda learning_rate, decay, steps: (1 - learning_rate * decay) ** -(2.0 * np.arange(steps) + 1),
    last=lambda learning_rate, decay, steps: learning_rate * (1 - learning_rate * decay) ** -(2.0 * steps + 1),
    shrink2=gr(lambda t: 2.0 * t),
    shrinkt=gr(lambda t: 1.0 * t),
    linear=lambda learning_rate, decay, steps: learning_rate * (1 + learning_rate * decay * (2 * np.arange(steps) + 1)),
    exp2=lambda learning_rate, decay, steps: learning_rate * np.exp(learning_rate * decay * (2 * np.arange(steps) + 1)),
    zero_first=gr(lambda t: -(2.0 * t + 1) * (t > 0)),
    tplus2=gr(lambda t: -1.0 * t - 2),
    scalar1=lambda learning_rate, decay, steps: [learning_rate] * steps,
    intpow=lambda learning_rate, decay, steps: learning_rate / (1 - learning_rate * decay),
    root=gr(lambda t: -(t + 0.5)),
)


@right("invariance.5")
def _(learning_rate, decay, steps):
    a = 1 - learning_rate * decay
    r = [learning_rate / a]
    for _ in range(steps - 1):
        r.append(r[-1] / a**2)
    return r[:steps]


R(
    "invariance.5",
    lambda learning_rate, decay, steps: learning_rate / (1 - learning_rate * decay) ** (2 * np.arange(steps) + 1),
    lambda learning_rate, decay, steps: (
        learning_rate * np.exp(-(2 * np.arange(steps) + 1) * np.log1p(-learning_rate * decay))
    ),
    lambda learning_rate, decay, steps: np.array(
        [learning_rate / (1 - learning_rate * decay) / (1 - learning_rate * decay) ** (2 * t) for t in range(steps)],
        dtype="float32",
    ),
)
junk("invariance.5", lambda *a: "rates")
s1, s2 = math.sqrt(0.04 / 0.041), math.sqrt(0.0004 / 0.0014)
for t, v in [
    ("same", (s1, s1)),
    ("1, 1", (1, 1)),
    ("tenth", (s1, s1 / 10)),
    ("variance", (0.04 / 0.041, 0.0004 / 0.0014)),
    ("var*.1", (s1, math.sqrt(0.004 / 0.005))),
    ("eps outside", (0.2 / 0.201, 0.02 / 0.021)),
    ("swapped", (s2, s1)),
    ("no root of var", (0.04 / math.sqrt(0.041), 0.0004 / math.sqrt(0.0014))),
    ("inputs' std", (0.2, 0.02)),
    ("after only", s2),
    ("var scaled .01 eps too", (s1, math.sqrt(0.0004 / 0.00041))),
    ("noroot", (0.2 / 0.041, 0.02 / 0.0014)),
    ("1 before", (1.0, s2)),
    ("after 1", (s1, 1.0)),
    ("sqrt eps", (0.2 / 0.2316, 0.02 / 0.0516)),
    ("limit", (s1, 0.02 / math.sqrt(0.001))),
    ("eps*a^2", (s1, math.sqrt(0.04 / (0.04 + 0.00001)))),
    ("x10 kernel", (s1, math.sqrt(4 / 4.001))),
    ("eps/.1", (s1, math.sqrt(0.04 / 0.05))),
]:
    wrong("invariance.6", t, v)
wrong("invariance.6", "two digits", (0.99, 0.53))
R("invariance.6", (0.9877, 0.5345), [0.988, 0.535], np.array([s1, s2]))
junk("invariance.6", None)
# ---- layer
for t, v in [
    ("with biases", (1466, 48)),
    ("non 24", (1442, 24)),
    ("gamma only", (1418, 48)),
    ("all four trainable", (1490, 0)),
    ("flatten dense: 28*28*16", (1272 + 125450, 48)),
    ("conv 2 one channel", (434, 48)),
    ("no dense bias", (1432, 48)),
    ("total", (1490, 48)),
    ("swapped", (48, 1442)),
    ("one", 1442),
    ("non 96", (1442, 96)),
    ("bn none", (1394, 48)),
    ("moving only one", (1442, 2)),
    ("non 4", (1442, 4)),
    ("sum", 1490),
    ("conv bias, bn 24", (1466, 24)),
    ("dense from 28x28", (1442 - 160 + 7840, 48)),
    ("bias 24 instead of beta", (1418, 24)),
    ("dense 16 out", (1272 + 8 + 1, 48)),
    ("three BNs", (1442 + 20, 68)),
]:
    wrong("layer.1", t, v)
R("layer.1", [1442, 48], (1442.0, 48), np.array([1442, 48]))
junk("layer.1", "1442")


def st(x, a, e):
    return (x - x.mean(a, keepdims=True)) / np.sqrt(x.var(a, keepdims=True) + e)


W(
    "layer.2",
    over_axis=lambda x, axis, epsilon: st(x, axis, epsilon),
    all=lambda x, axis, epsilon: st(x, None, epsilon),
    last=lambda x, axis, epsilon: st(x, tuple(range(x.ndim - 1)), epsilon),
    neg=lambda x, axis, epsilon: st(x, tuple(i for i in range(x.ndim) if i != axis), epsilon),
    nokeep=lambda x, axis, epsilon: (
        (x - x.mean(tuple(i for i in range(x.ndim) if i != axis % x.ndim)))
        / np.sqrt(x.var(tuple(i for i in range(x.ndim) if i != axis % x.ndim)) + epsilon)
    ),
    outside=lambda x, axis, epsilon: (
        (x - x.mean(tuple(i for i in range(x.ndim) if i != axis % x.ndim), keepdims=True))
        / (x.std(tuple(i for i in range(x.ndim) if i != axis % x.ndim), keepdims=True) + epsilon)
    ),
    noroot=lambda x, axis, epsilon: (
        (x - x.mean(tuple(i for i in range(x.ndim) if i != axis % x.ndim), keepdims=True))
        / (x.var(tuple(i for i in range(x.ndim) if i != axis % x.ndim), keepdims=True) + epsilon)
    ),
    noeps=lambda x, axis, epsilon: st(x, tuple(i for i in range(x.ndim) if i != axis % x.ndim), 0),
    moved=lambda x, axis, epsilon: st(np.moveaxis(x, axis, -1), tuple(range(x.ndim - 1)), epsilon),
    four=lambda x, axis, epsilon: st(x, tuple(i for i in range(4) if i != axis % 4), epsilon),
    ddof=lambda x, axis, epsilon: (
        (x - x.mean(tuple(i for i in range(x.ndim) if i != axis % x.ndim), keepdims=True))
        / np.sqrt(x.var(tuple(i for i in range(x.ndim) if i != axis % x.ndim), keepdims=True, ddof=1) + epsilon)
    ),
    abs=lambda x, axis, epsilon: st(x, tuple(i for i in range(x.ndim) if i != abs(axis)), epsilon),
    swapback=lambda x, axis, epsilon: np.moveaxis(
        st(np.moveaxis(x, axis, -1), tuple(range(x.ndim - 1)), epsilon), axis, -1
    ),
    meanonly=lambda x, axis, epsilon: x - x.mean(tuple(i for i in range(x.ndim) if i != axis % x.ndim), keepdims=True),
    keepbatch=lambda x, axis, epsilon: st(x, tuple(i for i in range(1, x.ndim) if i != axis % x.ndim), epsilon),
    reshaped=lambda x, axis, epsilon: st(x.reshape(-1, x.shape[axis]), 0, epsilon).reshape(x.shape),
    axis0=lambda x, axis, epsilon: st(x, 0, epsilon),
    plus1=lambda x, axis, epsilon: st(
        x, tuple(i for i in range(x.ndim) if i != (axis if axis >= 0 else x.ndim + axis - 1)), epsilon
    ),
)


@wrong("layer.2", "swapaxes reshape")
def _(x, axis, epsilon):
    return st(x.swapaxes(axis, 0).reshape(x.shape[axis], -1), 1, epsilon).reshape(x.shape)


@wrong("layer.2", "in place")
def _(x, axis, epsilon):
    a = tuple(i for i in range(x.ndim) if i != axis % x.ndim)
    x -= x.mean(a, keepdims=True)
    x /= np.sqrt(x.var(a, keepdims=True) + epsilon)
    return x


@right("layer.2")
def _(x, axis, epsilon):
    y = np.moveaxis(x, axis, -1)
    y = st(y.reshape(-1, y.shape[-1]), 0, epsilon).reshape(y.shape)
    return np.moveaxis(y, -1, axis)


@right("layer.2")
def _(x, axis, epsilon):
    y = np.empty(x.shape)
    v = np.swapaxes(y, 0, axis)
    u = np.swapaxes(x, 0, axis)
    for c in range(len(u)):
        v[c] = (u[c] - u[c].mean()) / (u[c].var() + epsilon) ** 0.5
    return y


@right("layer.2")
def _(x, axis, epsilon):
    a = list(range(x.ndim))
    a.pop(axis)
    a = tuple(a)
    return st(x, a, epsilon)


junk("layer.2", lambda x, axis, epsilon: x.shape)


def ts(
    training=True,
    sign=-1,
    ret="loss",
    reduce="mean",
    lr=True,
    weights="trainable_variables",
    inf=None,
    twice=False,
    move=False,
):
    def train_step(model, images, labels, learning_rate):
        import tensorflow as tf

        with tf.GradientTape() as tape:
            logits = model(images, training=training) if training is not None else model(images)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_mean(losses) if reduce == "mean" else tf.reduce_sum(losses)
        ws = getattr(model, weights)
        for w, g in zip(ws, tape.gradient(loss, ws)):
            if g is None:
                continue
            w.assign_add(sign * (learning_rate if lr else 1) * g)
        if ret == "after":
            return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, model(images, training=True)))
        if ret == "afterinf":
            return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, model(images)))
        if twice:
            model(images, training=True)
        return loss if ret == "loss" else losses if ret == "losses" else None

    return train_step


W(
    "layer.3",
    unchanged=ts(None),
    false=ts(False),
    ascent=ts(sign=1),
    noret=ts(ret=None),
    sum=ts(reduce="sum"),
    nolr=ts(lr=False),
    after=ts(ret="after"),
    afterinf=ts(ret="afterinf"),
    losses=ts(ret="losses"),
    extra_call=ts(twice=True),
    extra_call_infer=ts(None, twice=True),
)


@wrong("layer.3", "moves statistics by a call before, gradient in inference")
def _(model, images, labels, learning_rate):
    model(images, training=True)
    return ts(None)(model, images, labels, learning_rate)


@wrong("layer.3", "model.trainable = True")
def _(model, images, labels, learning_rate):
    model.trainable = True
    return ts(None)(model, images, labels, learning_rate)


@wrong("layer.3", "updates all weights' moving averages too by hand, to the batch of images")
def _(model, images, labels, learning_rate):
    r = ts(True)(model, images, labels, learning_rate)
    for l in model.layers:
        if hasattr(l, "moving_mean"):
            l.moving_mean.assign(l.moving_mean * 0)
    return r


@wrong("layer.3", "loss in the tape only, gradient of images")
def _(model, images, labels, learning_rate):
    import tensorflow as tf

    logits = model(images, training=True)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    ws = model.trainable_variables
    for w, g in zip(ws, tape.gradient(loss, ws)):
        w.assign_sub(learning_rate * g)
    return loss


@wrong("layer.3", "softmax twice")
def _(model, images, labels, learning_rate):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels, tf.nn.softmax(model(images, training=True)))
        )
    ws = model.trainable_variables
    for w, g in zip(ws, tape.gradient(loss, ws)):
        w.assign_sub(learning_rate * g)
    return loss


@right("layer.3")
def _(model, images, labels, learning_rate):
    import tensorflow as tf, keras

    with tf.GradientTape() as tape:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, model(images, training=True))
    keras.optimizers.SGD(learning_rate).apply_gradients(
        zip(tape.gradient(loss, model.trainable_weights), model.trainable_weights)
    )
    return float(loss)


R("layer.3", ts())
junk("layer.3", lambda *a: "x")
def rc(m1=True, v1=True, relu=True, eps=True, ddof=0, order=(0, 1, 2, 3), w=True, m=0, std=False):
    def f(x, weights, old_mean, old_variance, epsilon=1e-3):
        a, b = x.mean(axis=m), x.var(axis=m, ddof=ddof)
        p = (x - (a if m1 else old_mean)) / np.sqrt((b if v1 else old_variance) + (epsilon if eps else 0))
        if relu:
            p = np.maximum(p, 0)
        h = p @ weights
        r = a, b, h.mean(0), h.var(0, ddof=ddof)
        if std:
            r = a, np.sqrt(b), h.mean(0), h.std(0)
        return tuple(r[i] for i in order)

    return f


def relu_last(x, weights, old_mean, old_variance, epsilon=1e-3):
    a, b = x.mean(0), x.var(0)
    h = np.maximum(((x - a) / np.sqrt(b + epsilon)) @ weights, 0)
    return a, b, h.mean(0), h.var(0)


def normed2(x, weights, old_mean, old_variance, epsilon=1e-3):
    a, b, c, d = rc()(x, weights, old_mean, old_variance, epsilon)
    h = np.maximum((x - a) / np.sqrt(b + epsilon), 0) @ weights
    h = (h - c) / np.sqrt(d + epsilon)
    return a, b, h.mean(0), h.var(0)


W(
    "layer.5",
    unchanged=rc(False, False),
    mean_only=rc(True, False),
    var_only=rc(False, True),
    norelu=rc(relu=False),
    noeps=rc(eps=False),
    ddof=rc(ddof=1),
    order=rc(order=(0, 2, 1, 3)),
    two=rc(order=(0, 1)),
    std=rc(std=True),
    relu_last=relu_last,
    normed2=normed2,
    onlysecond=rc(order=(2, 3)),
    raw=lambda x, weights, old_mean, old_variance, epsilon=1e-3: (
        x.mean(0),
        x.var(0),
        (np.maximum(x, 0) @ weights).mean(0),
        (np.maximum(x, 0) @ weights).var(0),
    ),
    outside=lambda x, weights, old_mean, old_variance, epsilon=1e-3: (
        x.mean(0),
        x.var(0),
        (np.maximum((x - x.mean(0)) / (x.std(0) + epsilon), 0) @ weights).mean(0),
        (np.maximum((x - x.mean(0)) / (x.std(0) + epsilon), 0) @ weights).var(0),
    ),
    noroot=lambda x, weights, old_mean, old_variance, epsilon=1e-3: (
        x.mean(0),
        x.var(0),
        (np.maximum((x - x.mean(0)) / (x.var(0) + epsilon), 0) @ weights).mean(0),
        (np.maximum((x - x.mean(0)) / (x.var(0) + epsilon), 0) @ weights).var(0),
    ),
    ema=lambda x, weights, old_mean, old_variance, epsilon=1e-3: rc(False, False)(
        x, weights, 0.99 * old_mean + 0.01 * x.mean(0), 0.99 * old_variance + 0.01 * x.var(0), epsilon
    ),
    returns_old=lambda x, weights, old_mean, old_variance, epsilon=1e-3: (
        old_mean,
        old_variance,
        *rc()(x, weights, old_mean, old_variance, epsilon)[2:],
    ),
    nodense=lambda x, weights, old_mean, old_variance, epsilon=1e-3: (
        x.mean(0),
        x.var(0),
        np.maximum((x - x.mean(0)) / np.sqrt(x.var(0) + epsilon), 0).mean(0),
        np.maximum((x - x.mean(0)) / np.sqrt(x.var(0) + epsilon), 0).var(0),
    ),
    axis1=rc(m=1),
)


@wrong("layer.5", "overwrites old in place")
def _(x, weights, old_mean, old_variance, epsilon=1e-3):
    old_mean[:] = x.mean(0)
    old_variance[:] = x.var(0)
    return rc(False, False)(x, weights, old_mean, old_variance, epsilon)


R(
    "layer.5",
    rc(),
    lambda x, weights, old_mean, old_variance, epsilon=1e-3: list(
        rc(False, False)(x, weights, x.mean(0), x.var(0), epsilon)
    ),
)


@right("layer.5")
def _(x, weights, old_mean, old_variance, epsilon=1e-3):
    from bncourse.forward import moments, batchnorm

    h = np.clip(batchnorm(x, np.ones(x.shape[1]), np.zeros(x.shape[1]), epsilon=epsilon)[0], 0, None) @ weights
    return (*moments(x), *moments(h))


junk("layer.5", lambda *a, **k: (0, 0, 0, 0))
for t, v in [
    ("all .7", (0.7, 0.7, 0.7)),
    ("out .7", (0.7, 0.7, 0)),
    ("mean 0", (0, 0, 0)),
    ("mean 2.2", (0, 2.2, 0)),
    ("grad 1", (0, 0.7, 1)),
    ("swapped", (0.7, 0, 0)),
    ("two", (0, 0.7)),
    ("out -.7", (-0.7, 0.7, 0)),
    ("mean 1.5", (0, 1.5, 0)),
    ("mean -.7", (0, -0.7, 0)),
    ("gamma grad .7", (0, 0.7, 0.7)),
    ("1/3", (0.7 / 1.5, 0.7, 0)),
    ("none", (0, 0.7, None)),
    ("nan", (0, 0.7, float("nan"))),
    ("order", (0, 0, 0.7)),
    ("momentum .007", (0, 0.007, 0)),
    ("0,0.8", (0, 0.8, 0)),
    ("percent", (0, 70, 0)),
]:
    wrong("layer.6", t, v)
R("layer.6", [0, 0.7, 0], (0.0, 0.7, 0.0), np.array([0, 0.7, 0]), (0, 2.2 - 1.5, 0))
junk("layer.6", "none")


# ---- speedup
def stt(test=lambda a, t: a >= t, none=float("inf"), val=lambda e, i: e[i], start=0, last=False):
    def f(accuracy, evaluated, target):
        h = [i for i, a in enumerate(accuracy) if test(a, target) and i >= start]
        return val(evaluated, h[-1 if last else 0]) if h else none

    return f


W(
    "speedup.1",
    strict=stt(lambda a, t: a > t),
    index=stt(val=lambda e, i: i),
    index1=stt(val=lambda e, i: i + 1),
    last=stt(last=True),
    none=stt(none=None),
    m1=stt(none=-1),
    lastev=lambda accuracy, evaluated, target: stt(none=evaluated[-1])(accuracy, evaluated, target),
    argmax=lambda accuracy, evaluated, target: evaluated[np.argmax(accuracy >= target)],
    max=lambda accuracy, evaluated, target: evaluated[np.argmax(accuracy)] if max(accuracy) >= target else float("inf"),
    prev=stt(val=lambda e, i: e[i - 1] if i else 0),
    next=stt(val=lambda e, i: e[min(i + 1, len(e) - 1)]),
    searchsorted=lambda accuracy, evaluated, target: (
        evaluated[np.searchsorted(accuracy, target)]
        if np.searchsorted(accuracy, target) < len(accuracy)
        else float("inf")
    ),
    acc=lambda accuracy, evaluated, target: stt()(accuracy, accuracy, target),
    string=stt(none="inf"),
    nan=stt(none=float("nan")),
    zero=stt(none=0),
    interp=lambda accuracy, evaluated, target: (
        float(np.interp(target, accuracy, evaluated)) if max(accuracy) >= target else float("inf")
    ),
    approx=stt(lambda a, t: np.isclose(a, t)),
    all=lambda accuracy, evaluated, target: np.where(accuracy >= target, evaluated, np.inf),
    sum=lambda accuracy, evaluated, target: int(np.sum(accuracy < target)),
    stays=lambda accuracy, evaluated, target: next(
        (evaluated[i] for i in range(len(accuracy)) if all(a >= target for a in accuracy[i:])), float("inf")
    ),
    swapped=lambda accuracy, evaluated, target: stt()(evaluated, accuracy, target),
    rounded=stt(lambda a, t: round(a, 2) >= t),
    skipfirst=stt(start=1),
)


@wrong("speedup.1", "else in loop")
def _(accuracy, evaluated, target):
    for a, e in zip(accuracy, evaluated):
        if a >= target:
            return e
        else:
            return float("inf")


R(
    "speedup.1",
    lambda accuracy, evaluated, target: min([e for a, e in zip(accuracy, evaluated) if a >= target], default=math.inf),
    lambda accuracy, evaluated, target: np.min(
        np.asarray(evaluated, float)[np.asarray(accuracy) >= target], initial=np.inf
    ),
    lambda accuracy, evaluated, target: next((int(e) for a, e in zip(accuracy, evaluated) if a >= target), np.inf),
)
junk("speedup.1", lambda accuracy, evaluated, target: "many")
for t, v in [
    ("multiplied", (3, 3.75)),
    ("time 3", (3, 3)),
    ("inverse", (1 / 3, 1 / 2.4)),
    ("diff", (800, 5600)),
    ("swapped", (2.4, 3)),
    ("one", 3),
    ("times", (9600, 4000)),
    ("0.25 add", (3, 2.75)),
    ("1.25", (3, 1.25)),
    ("minus 25%", (3, 2.25)),
    ("percent", (67, 58)),
    ("time inverse", (3, 0.41667)),
    ("10ms", (3, 10)),
    ("2", (2, 1.4)),
    ("steps 1200/400, time 3.2 (10 vs 8 wrong)", (3, 9600 / 3200)),
    ("10 s", (3, 0.24)),
    ("4,3", (4, 2.4)),
]:
    wrong("speedup.2", t, v)
R("speedup.2", [3, 2.4], (3.0, 2.4), np.array([3, 2.4]), (1200 / 400, 9.6 / 4))
junk("speedup.2", {})


def hr(red=lambda a, t: (a >= t).all(axis=1), pick=lambda r, u: r[u].max()):
    return lambda rates, accuracies, target: pick(rates, red(accuracies, target))


W(
    "speedup.3",
    mean=hr(lambda a, t: a.mean(1) >= t),
    any=hr(lambda a, t: (a >= t).any(1)),
    strict=hr(lambda a, t: (a > t).all(1)),
    lowest=hr(pick=lambda r, u: r[u].min()),
    index=hr(pick=lambda r, u: np.flatnonzero(u)[-1]),
    axis0=lambda rates, accuracies, target: rates[(accuracies >= target).all(axis=0)].max(),
    contiguous=hr(pick=lambda r, u: r[: int(np.argmin(u)) if not u.all() else len(r)].max(initial=0)),
    all=hr(pick=lambda r, u: r[u]),
    median=hr(lambda a, t: np.median(a, 1) >= t),
    best=lambda rates, accuracies, target: rates[accuracies.mean(1).argmax()],
    max=lambda rates, accuracies, target: rates[accuracies.max(1) >= target][-1],
    acc=lambda rates, accuracies, target: accuracies.min(1)[(accuracies >= target).all(1)].max(),
    lastrate=lambda rates, accuracies, target: rates[-1],
    count=hr(pick=lambda r, u: u.sum()),
    argmax=hr(pick=lambda r, u: r[np.argmax(u)]),
    majority=hr(lambda a, t: (a >= t).mean(1) > 0.5),
    first_seed=hr(lambda a, t: a[:, 0] >= t),
    none=lambda rates, accuracies, target: None,
    best_min=lambda rates, accuracies, target: rates[accuracies.min(1).argmax()],
    bool=hr(pick=lambda r, u: u),
    prod=hr(pick=lambda r, u: r[len(r) - 1 - np.argmax(u)]),
    pair=hr(pick=lambda r, u: (r[u].max(), u)),
    beforefail=hr(pick=lambda r, u: r[max(np.flatnonzero(~u)[0] - 1, 0)] if (~u).any() else r[-1]),
)


@right("speedup.3")
def _(rates, accuracies, target):
    for r, a in reversed(list(zip(rates, accuracies))):
        if all(v >= target for v in a):
            return r


R(
    "speedup.3",
    lambda rates, accuracies, target: max(r for r, a in zip(rates, accuracies) if min(a) >= target),
    lambda rates, accuracies, target: np.where(accuracies.min(axis=1) >= target, rates, -np.inf).max(),
    lambda rates, accuracies, target: float(rates[np.nonzero(accuracies.min(-1) >= target)[0][-1]]),
)
junk("speedup.3", lambda rates, accuracies, target: rates * 1j)
for t, v in [
    ("total and", (31 / 13.3, 31 / 2.1)),
    ("inverse", (13.3 / 31, 2.1 / 13.3)),
    ("diff", (17.7, 11.2)),
    ("swapped", (13.3 / 2.1, 31 / 13.3)),
    ("x30", (31 / 13.3, 13.3 / 2.7)),
    ("total", 14.76),
    ("5", (31 / 13.3, 5)),
    ("div 5", (31 / 13.3, 6.333 / 5)),
    ("total first", (14.76, 6.33)),
    ("14", (14, 5)),
    ("percent", (57, 84)),
    ("minus", (2.33, 12.43)),
    ("two x", (31 / 13.3, 31 / 2.7)),
    ("x30 of x5", (6.33, 0.78)),
    ("2, 6", (2, 6)),
    ("2, 7", (2, 7)),
    ("14.8-2.3", (31 / 13.3, 31 / 2.1 - 31 / 13.3)),
]:
    wrong("speedup.4", t, v)
R("speedup.4", (2.33, 6.33), [31 / 13.3, 13.3 / 2.1], (2.3, 6.3), np.array([31 / 13.3, 13.3 / 2.1]))
junk("speedup.4", [])


# ---- capstone_network
def fw(axes=None, out=False, ddof=0, order=(0, 1, 2, 3, 4), eps=True, std=False, var=False, keep=False, inv="inv"):
    def f(x, gamma, beta, epsilon=1e-3):
        a = tuple(range(x.ndim - 1)) if axes is None else axes
        m = x.mean(a, keepdims=keep)
        v = x.var(a, ddof=ddof, keepdims=keep)
        r = 1 / (np.sqrt(v) + epsilon) if out else 1 / np.sqrt(v + (epsilon if eps else 0))
        h = (x - m) * r
        y = gamma * h + beta
        t = y, m, (np.sqrt(v) if std else v + epsilon if var else v), h, (1 / r if inv == "std" else r)
        return tuple(t[i] for i in order)

    return f


W(
    "capstone_network.1",
    axis0=fw(0),
    images=fw(A),
    outside=fw(out=True),
    ddof=fw(ddof=1),
    order=fw(order=(0, 1, 2, 4, 3)),
    order2=fw(order=(3, 1, 2, 0, 4)),
    noeps=fw(eps=False),
    std_returned=fw(std=True),
    var_eps=fw(var=True),
    keepdims=fw(keep=True),
    std_inv=fw(inv="std"),
    only_y=lambda x, gamma, beta, epsilon=1e-3: fw()(x, gamma, beta, epsilon)[0],
    four=fw(order=(0, 1, 2, 3)),
    xhat_is_centered=lambda x, gamma, beta, epsilon=1e-3: (lambda t: (*t[:3], x - t[1], t[4]))(
        fw()(x, gamma, beta, epsilon)
    ),
    xhat_is_y=lambda x, gamma, beta, epsilon=1e-3: (lambda t: (*t[:3], t[0], t[4]))(fw()(x, gamma, beta, epsilon)),
    last=fw(-1, keep=True),
    all=lambda x, gamma, beta, epsilon=1e-3: (
        gamma * (x - x.mean()) / np.sqrt(x.var() + epsilon) + beta,
        x.mean(),
        x.var(),
        (x - x.mean()) / np.sqrt(x.var() + epsilon),
        1 / np.sqrt(x.var() + epsilon),
    ),
    nogamma=lambda x, gamma, beta, epsilon=1e-3: (lambda t: (t[3], *t[1:]))(fw()(x, gamma, beta, epsilon)),
    beta_in=lambda x, gamma, beta, epsilon=1e-3: (lambda t: (gamma * (t[3] + beta), *t[1:]))(
        fw()(x, gamma, beta, epsilon)
    ),
    r_is_variance=lambda x, gamma, beta, epsilon=1e-3: (lambda t: (*t[:4], 1 / (t[2] + epsilon)))(
        fw()(x, gamma, beta, epsilon)
    ),
    r_noeps=lambda x, gamma, beta, epsilon=1e-3: (lambda t: (*t[:4], 1 / np.sqrt(t[2])))(fw()(x, gamma, beta, epsilon)),
    noroot=lambda x, gamma, beta, epsilon=1e-3: (
        lambda m, v, a: (gamma * (x - m) / (v + epsilon) + beta, m, v, (x - m) / (v + epsilon), 1 / (v + epsilon))
    )(x.mean(tuple(range(x.ndim - 1))), x.var(tuple(range(x.ndim - 1))), 0),
)


@wrong("capstone_network.1", "in place")
def _(x, gamma, beta, epsilon=1e-3):
    a = tuple(range(x.ndim - 1))
    m = x.mean(a)
    v = x.var(a)
    r = 1 / np.sqrt(v + epsilon)
    x -= m
    x *= r
    return gamma * x + beta, m, v, x, r


@wrong("capstone_network.1", "y written over x_hat")
def _(x, gamma, beta, epsilon=1e-3):
    a = tuple(range(x.ndim - 1))
    m = x.mean(a)
    v = x.var(a)
    r = 1 / np.sqrt(v + epsilon)
    h = (x - m) * r
    y = h
    y *= gamma
    y += beta
    return y, m, v, h, r


@right("capstone_network.1")
def _(x, gamma, beta, epsilon=1e-3):
    f = x.reshape(-1, x.shape[-1])
    m = f.sum(0) / len(f)
    v = ((f - m) ** 2).sum(0) / len(f)
    r = (v + epsilon) ** -0.5
    h = ((f - m) * r).reshape(x.shape)
    return [h * gamma + beta, m, v, h, r]


@right("capstone_network.1")
def _(x, gamma, beta, epsilon=1e-3):
    C = x.shape[-1]
    m = np.array([x[..., c].mean() for c in range(C)])
    v = np.array([x[..., c].var() for c in range(C)])
    h = np.empty(x.shape)
    for c in range(C):
        h[..., c] = (x[..., c] - m[c]) / np.sqrt(v[c] + epsilon)
    return np.einsum("...c,c->...c", h, gamma) + beta, m, v, h, 1 / np.sqrt(v + epsilon)


@right("capstone_network.1")
def _(x, gamma, beta, epsilon=1e-3):
    from bncourse.forward import batchnorm

    y, m, c = batchnorm(x, gamma, beta, epsilon=epsilon)
    return y, m.mean, m.variance, c.x_hat, c.inv_std


junk("capstone_network.1", lambda x, gamma, beta, epsilon=1e-3: 5)
nf = lambda g: (
    lambda x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3: g(
        x, gamma, beta, moving_mean, moving_variance, epsilon
    )
)
W(
    "capstone_network.2",
    batch=nf(lambda x, g, b, m, v, e: fw()(x, g, b, e)[0]),
    batch_mean=nf(lambda x, g, b, m, v, e: g * (x - x.mean(tuple(range(x.ndim - 1)))) / np.sqrt(v + e) + b),
    batch_var=nf(lambda x, g, b, m, v, e: g * (x - m) / np.sqrt(x.var(tuple(range(x.ndim - 1))) + e) + b),
    outside=nf(lambda x, g, b, m, v, e: g * (x - m) / (np.sqrt(v) + e) + b),
    noroot=nf(lambda x, g, b, m, v, e: g * (x - m) / (v + e) + b),
    noeps=nf(lambda x, g, b, m, v, e: g * (x - m) / np.sqrt(v) + b),
    beta_in=nf(lambda x, g, b, m, v, e: g * ((x - m) / np.sqrt(v + e) + b)),
    swapped=nf(lambda x, g, b, m, v, e: b * (x - m) / np.sqrt(v + e) + g),
    nogb=nf(lambda x, g, b, m, v, e: (x - m) / np.sqrt(v + e)),
    std=nf(lambda x, g, b, m, v, e: g * (x - m) / v + b),
    mul=nf(lambda x, g, b, m, v, e: g * (x - m) * np.sqrt(v + e) + b),
    sign=nf(lambda x, g, b, m, v, e: g * (x + m) / np.sqrt(v + e) + b),
    identity=nf(lambda x, g, b, m, v, e: g * x + b),
    tup=nf(lambda x, g, b, m, v, e: (g * (x - m) / np.sqrt(v + e) + b, m, v)),
    none=nf(lambda x, g, b, m, v, e: None),
    prec=nf(lambda x, g, b, m, v, e: g * x - m / np.sqrt(v + e) + b),
    mvswap=nf(lambda x, g, b, m, v, e: g * (x - v) / np.sqrt(np.abs(m) + e) + b),
    eps2=nf(lambda x, g, b, m, v, e: g * (x - m) / np.sqrt(v + 1e-5) + b),
    inplace=nf(lambda x, g, b, m, v, e: x.__isub__(m) * g / np.sqrt(v + e) + b),
    blend=nf(
        lambda x, g, b, m, v, e: g * (x - (0.99 * m + 0.01 * x.mean(tuple(range(x.ndim - 1))))) / np.sqrt(v + e) + b
    ),
)


@wrong("capstone_network.2", "updates the moving mean")
def _(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    y = gamma * (x - moving_mean) / np.sqrt(moving_variance + epsilon) + beta
    moving_mean *= 0.99
    moving_mean += 0.01 * x.mean(tuple(range(x.ndim - 1)))
    return y


R(
    "capstone_network.2",
    nf(lambda x, g, b, m, v, e: x * (g / np.sqrt(v + e)) + (b - m * g / np.sqrt(v + e))),
    nf(
        lambda x, g, b, m, v, e: np.stack(
            [g[c] * (x[..., c] - m[c]) / math.sqrt(v[c] + e) + b[c] for c in range(x.shape[-1])], -1
        )
    ),
    nf(lambda x, g, b, m, v, e: np.einsum("...c,c->...c", x - m, g * (v + e) ** -0.5) + b),
)
junk("capstone_network.2", lambda x: x)


def bw(
    m=lambda dy: dy.size // dy.shape[-1],
    g=True,
    db=True,
    dg=True,
    axes="...",
    order=(0, 1, 2),
    mean=False,
    gx=False,
    sgn=1,
):
    def f(dy, x_hat, inv_std, gamma):
        M = m(dy)
        a = tuple(range(dy.ndim - 1)) if axes == "..." else axes
        b = dy.sum(axis=a)
        c = (dy * x_hat).sum(axis=a)
        dx = inv_std * (dy - (sgn * b / M if db else 0) - (sgn * x_hat * c / M if dg else 0))
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
    "capstone_network.3",
    const=bw(db=False, dg=False),
    nob=bw(db=False),
    nog=bw(dg=False),
    N=bw(len),
    gamma=bw(g=False),
    order=bw(order=(0, 2, 1)),
    mean=bw(mean=True),
    axis0=bw(axes=0),
    images=bw(axes=A),
    gx=bw(gx=True),
    plus=bw(sgn=-1),
    m1=bw(lambda dy: dy.size // dy.shape[-1] - 1),
    size=bw(lambda dy: dy.size),
    sums=bw(lambda dy: 1),
    dgamma_dy=lambda dy, x_hat, inv_std, gamma: (
        bw()(dy, x_hat, inv_std, gamma)[0],
        dy.sum(tuple(range(dy.ndim - 1))),
        dy.sum(tuple(range(dy.ndim - 1))),
    ),
    dgamma_xhat=lambda dy, x_hat, inv_std, gamma: (
        bw()(dy, x_hat, inv_std, gamma)[0],
        x_hat.sum(tuple(range(dy.ndim - 1))),
        dy.sum(tuple(range(dy.ndim - 1))),
    ),
    std=lambda dy, x_hat, inv_std, gamma: (
        bw()(dy, x_hat, 1 / inv_std, gamma)[0],
        *bw()(dy, x_hat, inv_std, gamma)[1:],
    ),
    only=lambda dy, x_hat, inv_std, gamma: bw()(dy, x_hat, inv_std, gamma)[0],
    gamma_once=lambda dy, x_hat, inv_std, gamma: (
        gamma * inv_std * dy
        - dy.mean(tuple(range(dy.ndim - 1)))
        - x_hat * (dy * x_hat).mean(tuple(range(dy.ndim - 1))),
        *bw()(dy, x_hat, inv_std, gamma)[1:],
    ),
    unsummed=lambda dy, x_hat, inv_std, gamma: (bw()(dy, x_hat, inv_std, gamma)[0], dy * x_hat, dy),
    no_x_hat=lambda dy, x_hat, inv_std, gamma: (
        gamma * inv_std * (dy - dy.mean(tuple(range(dy.ndim - 1))) - (dy * x_hat).mean(tuple(range(dy.ndim - 1)))),
        *bw()(dy, x_hat, inv_std, gamma)[1:],
    ),
    dvar_half=lambda dy, x_hat, inv_std, gamma: (
        gamma
        * inv_std
        * (dy - dy.mean(tuple(range(dy.ndim - 1))) - 0.5 * x_hat * (dy * x_hat).mean(tuple(range(dy.ndim - 1)))),
        *bw()(dy, x_hat, inv_std, gamma)[1:],
    ),
)


@wrong("capstone_network.3", "changes dy")
def _(dy, x_hat, inv_std, gamma):
    a = tuple(range(dy.ndim - 1))
    b = dy.sum(a)
    c = (dy * x_hat).sum(a)
    dy -= b / (dy.size // dy.shape[-1])
    return gamma * inv_std * (dy - x_hat * c / (dy.size // dy.shape[-1])), c, b


@right("capstone_network.3")
def _(dy, x_hat, inv_std, gamma):
    s = dy.shape
    d = dy.reshape(-1, s[-1])
    h = x_hat.reshape(-1, s[-1])
    m = len(d)
    g = (d * h).sum(0)
    b = d.sum(0)
    return [((gamma * inv_std / m) * (m * d - b - h * g)).reshape(s), g, b]


@right("capstone_network.3")
def _(dy, x_hat, inv_std, gamma):
    a = tuple(range(dy.ndim - 1))
    d = dy * gamma
    m = dy.size / dy.shape[-1]
    c = x_hat / inv_std
    dv = (d * c).sum(a) * -0.5 * inv_std**3
    dm = (-d * inv_std).sum(a) + dv * (-2 * c).sum(a) / m
    return d * inv_std + dv * 2 * c / m + dm / m, (dy * x_hat).sum(a), dy.sum(a)


@right("capstone_network.3")
def _(dy, x_hat, inv_std, gamma):
    from bncourse.backward import batchnorm_backward
    from types import SimpleNamespace as S

    C = dy.shape[-1]
    dx = np.zeros_like(dy)
    g = np.zeros(C)
    b = np.zeros(C)
    for c in range(C):
        d, h = dy[..., c], x_hat[..., c]
        g[c], b[c] = (d * h).sum(), d.sum()
        dx[..., c] = gamma[c] * inv_std[c] * (d - d.mean() - h * (d * h).mean())
    return dx, g, b


junk("capstone_network.3", lambda *a: (0, 0, 0))
from bncourse.forward import batchnorm
from bncourse.inference import batchnorm_inference, update_moving


def lf(train=None, infer=None):
    def layer_forward(x, gamma, beta, moving, training, momentum=0.99):
        y, b, _ = batchnorm(x, gamma, beta)
        if training:
            return (
                train(x, gamma, beta, moving, momentum, y, b)
                if train
                else (y, *update_moving(moving, b, momentum=momentum))
            )
        return (
            infer(x, gamma, beta, moving, momentum, y, b)
            if infer
            else (batchnorm_inference(x, gamma, beta, moving), *moving)
        )

    return layer_forward


um = update_moving
W(
    "capstone_network.4",
    swapped=lambda x, gamma, beta, moving, training, momentum=0.99: lf()(
        x, gamma, beta, moving, not training, momentum
    ),
    always_batch=lf(infer=lambda x, g, b, m, mo, y, s: (y, *m)),
    update_in_inf=lf(infer=lambda x, g, b, m, mo, y, s: (batchnorm_inference(x, g, b, m), *um(m, s, momentum=mo))),
    never=lf(train=lambda x, g, b, m, mo, y, s: (y, *m)),
    batch_stats=lf(train=lambda x, g, b, m, mo, y, s: (y, *s)),
    new_then_norm=lf(
        train=lambda x, g, b, m, mo, y, s: (batchnorm_inference(x, g, b, um(m, s, momentum=mo)), *um(m, s, momentum=mo))
    ),
    moving_in_train=lf(train=lambda x, g, b, m, mo, y, s: (batchnorm_inference(x, g, b, m), *um(m, s, momentum=mo))),
    pytorch=lf(train=lambda x, g, b, m, mo, y, s: (y, *um(m, s, momentum=1 - mo))),
    momentum_ignored=lf(train=lambda x, g, b, m, mo, y, s: (y, *um(m, s))),
    args_swapped=lf(train=lambda x, g, b, m, mo, y, s: (y, *um(s, m, momentum=mo))),
    inf_batchstats=lf(infer=lambda x, g, b, m, mo, y, s: (batchnorm_inference(x, g, b, m), *s)),
    order=lf(train=lambda x, g, b, m, mo, y, s: (y, *um(m, s, momentum=mo)[::-1])),
    two=lf(
        train=lambda x, g, b, m, mo, y, s: (y, um(m, s, momentum=mo)),
        infer=lambda x, g, b, m, mo, y, s: (batchnorm_inference(x, g, b, m), m),
    ),
    y_only=lf(train=lambda x, g, b, m, mo, y, s: y, infer=lambda x, g, b, m, mo, y, s: batchnorm_inference(x, g, b, m)),
    mean_only=lf(train=lambda x, g, b, m, mo, y, s: (y, um(m, s, momentum=mo)[0], m[1])),
    infer_none=lf(infer=lambda *a: None),
    inf_updated=lf(infer=lambda x, g, b, m, mo, y, s: (y, *um(m, s, momentum=mo))),
    var_only=lf(train=lambda x, g, b, m, mo, y, s: (y, m[0], um(m, s, momentum=mo)[1])),
    cache=lf(train=lambda x, g, b, m, mo, y, s: (batchnorm(x, g, b)[0], batchnorm(x, g, b)[1], batchnorm(x, g, b)[2])),
    train_str=lambda x, gamma, beta, moving, training, momentum=0.99: lf()(
        x, gamma, beta, moving, training == "True", momentum
    ),
    std_moving=lf(
        train=lambda x, g, b, m, mo, y, s: (
            y,
            um(m, s, momentum=mo)[0],
            (mo * np.sqrt(m[1]) + (1 - mo) * np.sqrt(s[1])) ** 2,
        )
    ),
    y_not_unpacked=lf(train=lambda x, g, b, m, mo, y, s: (batchnorm(x, g, b), *um(m, s, momentum=mo))),
)


@wrong("capstone_network.4", "moving changed in place")
def _(x, gamma, beta, moving, training, momentum=0.99):
    if training:
        y, s, _ = batchnorm(x, gamma, beta)
        mm, vv = moving.mean, moving.variance
        mm *= momentum
        mm += (1 - momentum) * s.mean
        vv *= momentum
        vv += (1 - momentum) * s.variance
        return y, mm, vv
    return batchnorm_inference(x, gamma, beta, moving), moving.mean, moving.variance


R(
    "capstone_network.4",
    lf(),
    lf(
        train=lambda x, g, b, m, mo, y, s: [
            y,
            mo * m.mean + (1 - mo) * x.mean(tuple(range(x.ndim - 1))),
            mo * m.variance + (1 - mo) * x.var(tuple(range(x.ndim - 1))),
        ]
    ),
)


@right("capstone_network.4")
def _(x, gamma, beta, moving, training, momentum=0.99):
    if training is False:
        return batchnorm_inference(x, gamma, beta, moving), moving.mean.copy(), moving.variance.copy()
    y, s, _ = batchnorm(x, gamma, beta)
    n = update_moving(moving, s, momentum=momentum)
    return y, n[0], n[1]


junk("capstone_network.4", lambda *a, **k: {})
from bncourse.convolution import softmax_cross_entropy, softmax_cross_entropy_backward


def tn(
    training=True,
    sign=-1,
    ret="before",
    lr=True,
    scale=1,
    names=None,
    inplace=False,
    skip_last=False,
    rev=False,
    caches_none=False,
):
    def train_step(network, images, labels, learning_rate):
        logits, caches = network.forward(images, training=training)
        loss = softmax_cross_entropy(logits, labels)
        d = softmax_cross_entropy_backward(logits, labels) * scale
        grads = network.backward(d, caches)
        pairs = list(zip(network.layers, reversed(grads) if rev else grads))
        for layer, g in pairs[:-1] if skip_last else pairs:
            for k in layer.parameters:
                if names and k not in names:
                    continue
                step = sign * (learning_rate if lr else 1) * g[k]
                if inplace:
                    layer.parameters[k] += step.astype(layer.parameters[k].dtype)
                else:
                    layer.parameters[k] = layer.parameters[k] + step
        if ret == "after":
            return softmax_cross_entropy(network.forward(images, training=True)[0], labels)
        if ret == "afterinf":
            return softmax_cross_entropy(network.forward(images, training=False)[0], labels)
        return {"before": loss, "logits": logits, None: None, "grads": grads}[ret]

    return train_step


W(
    "capstone_network.5",
    inference=tn(False),
    ascent=tn(sign=1),
    noret=tn(ret=None),
    after=tn(ret="after"),
    afterinf=tn(ret="afterinf"),
    nolr=tn(lr=False),
    sum=lambda network, images, labels, learning_rate: tn(scale=len(images))(network, images, labels, learning_rate),
    divided=lambda network, images, labels, learning_rate: tn(scale=1 / len(images))(
        network, images, labels, learning_rate
    ),
    kernels=tn(names=("kernel",)),
    no_gb=tn(names=("kernel", "bias")),
    only_gb=tn(names=("gamma", "beta")),
    skip_last=tn(skip_last=True),
    reversed=tn(rev=True),
    logits=tn(ret="logits"),
    grads=tn(ret="grads"),
)


@wrong("capstone_network.5", "assigns to the loop variable")
def _(network, images, labels, learning_rate):
    logits, caches = network.forward(images, training=True)
    gs = network.backward(softmax_cross_entropy_backward(logits, labels), caches)
    for l, g in zip(network.layers, gs):
        for k, p in l.parameters.items():
            p = p - learning_rate * g[k]
    return softmax_cross_entropy(logits, labels)


@wrong("capstone_network.5", "parameters replaced by the gradient step")
def _(network, images, labels, learning_rate):
    logits, caches = network.forward(images, training=True)
    gs = network.backward(softmax_cross_entropy_backward(logits, labels), caches)
    for l, g in zip(network.layers, gs):
        for k in g:
            l.parameters[k] = -learning_rate * g[k]
    return softmax_cross_entropy(logits, labels)


@wrong("capstone_network.5", "two forward passes in training")
def _(network, images, labels, learning_rate):
    network.forward(images, training=True)
    return tn()(network, images, labels, learning_rate)


@wrong("capstone_network.5", "loss of inference, step right")
def _(network, images, labels, learning_rate):
    l = softmax_cross_entropy(network.forward(images, training=False)[0], labels)
    tn()(network, images, labels, learning_rate)
    return l


@wrong("capstone_network.5", "gradient passed: the loss instead of dlogits")
def _(network, images, labels, learning_rate):
    logits, caches = network.forward(images, training=True)
    loss = softmax_cross_entropy(logits, labels)
    gs = network.backward(logits, caches)
    for l, g in zip(network.layers, gs):
        for k in g:
            l.parameters[k] = l.parameters[k] - learning_rate * g[k]
    return loss


@wrong("capstone_network.5", "two steps")
def _(network, images, labels, learning_rate):
    l = tn()(network, images, labels, learning_rate)
    tn()(network, images, labels, learning_rate)
    return l


@wrong("capstone_network.5", "learning rate * parameter")
def _(network, images, labels, learning_rate):
    logits, caches = network.forward(images, training=True)
    gs = network.backward(softmax_cross_entropy_backward(logits, labels), caches)
    for l, g in zip(network.layers, gs):
        for k in g:
            l.parameters[k] = l.parameters[k] * (1 - learning_rate) - learning_rate * g[k]
    return softmax_cross_entropy(logits, labels)


@wrong("capstone_network.5", "unpacks the wrong way")
def _(network, images, labels, learning_rate):
    caches, logits = network.forward(images, training=True)
    return softmax_cross_entropy(logits, labels)


@wrong("capstone_network.5", "forgot training= : positional default (inference?)")
def _(network, images, labels, learning_rate):
    logits, caches = network.forward(images)
    d = softmax_cross_entropy_backward(logits, labels)
    for l, g in zip(network.layers, network.backward(d, caches)):
        for k in g:
            l.parameters[k] = l.parameters[k] - learning_rate * g[k]
    return softmax_cross_entropy(logits, labels)


R("capstone_network.5", tn(inplace=True), tn())


@right("capstone_network.5")
def _(network, images, labels, learning_rate):
    logits, caches = network.forward(images, training=True)
    gs = network.backward(softmax_cross_entropy_backward(logits, labels), caches)
    for i in range(len(network.layers)):
        network.layers[i].parameters = {
            k: v - learning_rate * gs[i][k] for k, v in network.layers[i].parameters.items()
        }
    return float(softmax_cross_entropy(logits, labels))


@right("capstone_network.5")
def _(network, images, labels, learning_rate):
    loss, gs = network.loss_and_gradients(images, labels)
    for l, g in zip(network.layers, gs):
        l.parameters.update({k: l.parameters[k] - learning_rate * g[k] for k in g})
    return loss


junk("capstone_network.5", lambda *a: "loss")
