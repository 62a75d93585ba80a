"""Answers of somebody who saw the tasks alone: the capstone of the implementation."""

import numpy as np
from answers import junk, right, wrong


def W(i, **k):
    for t, f in k.items():
        wrong(i, t, f)


def R(i, *fs):
    for f in fs:
        right(i, f)


N = lambda model: [l for l in model.layers if hasattr(l, "moving_variance")]
G = lambda v: np.array(v)


# 1
def mv(
    sel=lambda m: [l for l in N(m) if l.trainable],
    red=all,
    attr="moving_variance",
    test=lambda a, b: not np.array_equal(a, b),
    copy=True,
    run=True,
    neg=False,
    order=False,
):
    def statistics_move(model, step):
        ls = sel(model)
        if order and run:
            step()
        old = [np.array(getattr(l, attr)) if copy else getattr(l, attr) for l in ls]
        if run and not order:
            step()
        r = red(test(np.array(o), np.array(getattr(l, attr))) for o, l in zip(old, ls))
        return not r if neg else r

    return statistics_move


i = "capstone_mend.1"
W(
    i,
    any=mv(red=any),
    frozen_too=mv(N),
    mean=mv(attr="moving_mean"),
    nocopy=mv(copy=False),
    nostep=mv(run=False),
    neg=mv(neg=True),
    steporder=mv(order=True),
    allmoved_elem=mv(test=lambda a, b: bool((a != b).all())),
    grew=mv(test=lambda a, b: bool((b > a).all())),
    gamma=mv(attr="gamma"),
    none=lambda model, step: None,
    first=mv(lambda m: [l for l in N(m) if l.trainable][:1]),
    last=mv(lambda m: [l for l in N(m) if l.trainable][-1:]),
    isinst=mv(lambda m: [l for l in m.layers if type(l).__name__ == "BatchNormalization" and l.trainable]),
    close=mv(test=lambda a, b: not np.allclose(a, b)),
    modeltr=mv(lambda m: [l for l in N(m) if m.trainable]),
    frozen_only=mv(lambda m: [l for l in N(m) if not l.trainable]),
    arr=lambda model, step: [mv()(model, step)],
    two_alls=mv(lambda m: N(m) if any(l.trainable for l in N(m)) else []),
    meanpair=lambda model, step: mv()(model, step) and mv(attr="moving_mean")(model, step),
    str=lambda model, step: str(mv()(model, step)),
)


@wrong(i, "returns after the first layer")
def _(model, step):
    old = {id(l): np.array(l.moving_variance) for l in N(model)}
    step()
    for l in N(model):
        if l.trainable:
            return not np.array_equal(old[id(l)], l.moving_variance)
    return True


@wrong(i, "a step for each layer")
def _(model, step):
    r = True
    for l in N(model):
        if l.trainable:
            o = np.array(l.moving_variance)
            step()
            r = r and not np.array_equal(o, l.moving_variance)
            break
    return r


R(i, mv(), mv(test=lambda a, b: bool(np.any(a != b))))


@right(i)
def _(model, step):
    old = {}
    for l in model.layers:
        if hasattr(l, "moving_variance") and l.trainable:
            old[l.name] = l.moving_variance.numpy().copy()
    step()
    return np.all([(model.get_layer(n).moving_variance.numpy() != v).any() for n, v in old.items()])


junk(i, lambda model, step: "x")


# 2
def sf(
    sel=lambda m: [l for l in N(m) if not l.trainable],
    attrs=("gamma", "beta", "moving_mean", "moving_variance"),
    red=all,
    test=np.array_equal,
    copy=True,
    run=True,
    neg=False,
    empty=None,
    weights=None,
):
    def stays_frozen(model, step):
        ls = sel(model)
        get = weights or (lambda l: [getattr(l, a) for a in attrs])
        old = [[np.array(w) if copy else w for w in get(l)] for l in ls]
        if run:
            step()
        if not ls and empty is not None:
            return empty
        r = red(test(np.array(a), np.array(b)) for o, l in zip(old, ls) for a, b in zip(o, get(l)))
        return not r if neg else r

    return stays_frozen


i = "capstone_mend.2"
W(
    i,
    moving_only=sf(attrs=("moving_mean", "moving_variance")),
    gb_only=sf(attrs=("gamma", "beta")),
    mean_only=sf(attrs=("moving_mean",)),
    var=sf(attrs=("moving_variance",)),
    any=sf(red=any),
    all_layers=sf(N),
    unfrozen=sf(lambda m: [l for l in N(m) if l.trainable]),
    nocopy=sf(copy=False),
    nostep=sf(run=False),
    neg=sf(neg=True),
    empty_false=sf(empty=False),
    allclose=sf(test=np.allclose),
    trainable_weights=sf(weights=lambda l: l.trainable_weights),
    nontrainable_half=sf(weights=lambda l: l.non_trainable_weights[2:]),
    model_frozen=sf(lambda m: [] if m.trainable else N(m)),
    flag=lambda model, step: all(not l.trainable for l in N(model)),
    true=lambda model, step: True,
    false=lambda model, step: False,
    none=lambda model, step: None,
    first=sf(lambda m: [l for l in N(m) if not l.trainable][:1]),
    last=sf(lambda m: [l for l in N(m) if not l.trainable][-1:]),
    three=sf(attrs=("beta", "moving_mean", "moving_variance")),
    threeg=sf(attrs=("gamma", "moving_mean", "moving_variance")),
    loose=sf(test=lambda a, b: np.allclose(a, b, rtol=0.1, atol=0.1)),
    every_layer=sf(lambda m: [l for l in m.layers if not l.trainable and l.weights], weights=lambda l: l.weights),
    sets_frozen=lambda model, step: ([setattr(l, "trainable", False) for l in N(model)], sf()(model, step))[1],
)


@wrong(i, "id of the variables")
def _(model, step):
    o = [l.weights for l in N(model) if not l.trainable]
    step()
    return o == [l.weights for l in N(model) if not l.trainable]


R(i, sf(), sf(weights=lambda l: l.weights), sf(weights=lambda l: l.get_weights()))


@right(i)
def _(model, step):
    b = {l.name: l.get_weights() for l in model.layers if hasattr(l, "moving_variance") and not l.trainable}
    step()
    for n, w in b.items():
        for p, q in zip(w, model.get_layer(n).get_weights()):
            if (p != q).any():
                return False
    return True


junk(i, lambda model, step: [1, 2])
# 3
i = "capstone_mend.3"


def kept(norm, x, a=0.0, b=1000.0):
    s = np.array(norm.moving_mean).shape
    r = []
    for v in (a, b):
        norm.moving_mean.assign(np.full(s, v, "float32"))
        norm(x, training=True)
        r.append(np.array(norm.moving_mean))
    return float(((r[1] - r[0]) / (b - a)).mean())


def big(norm, x, v=1e6, training=True, red=np.mean):
    norm.moving_mean.assign(np.full(np.array(norm.moving_mean).shape, v, "float32"))
    norm(x, training=training)
    return float(red(np.array(norm.moving_mean) / v))


def ratio(norm, x):
    o = np.array(norm.moving_mean)
    norm(x, training=True)
    return float((np.array(norm.moving_mean) / o).mean())


def one(norm, x):
    norm.moving_mean.assign(np.ones(np.array(norm.moving_mean).shape))
    norm(x, training=True)
    return float(np.array(norm.moving_mean).mean())


def zero(norm, x):
    norm.moving_mean.assign(np.zeros(np.array(norm.moving_mean).shape))
    norm(x, training=True)
    return float(np.mean(np.array(norm.moving_mean) / np.array(x).mean(tuple(range(np.ndim(x) - 1)))))


W(
    i,
    momentum=lambda norm, x: norm.momentum,
    one_minus_momentum=lambda norm, x: 1 - norm.momentum,
    ratio=ratio,
    one=one,
    share_of_new=zero,
    one_minus=lambda norm, x: 1 - kept(norm, x),
    inference=lambda norm, x: big(norm, x, training=False),
    nocall=lambda norm, x: 1.0,
    v100=lambda norm, x: big(norm, x, 100.0),
    v10=lambda norm, x: big(norm, x, 10.0),
    array=lambda norm, x: np.array(kept(norm, x)) * np.ones(np.array(norm.moving_mean).shape),
    none=lambda norm, x: None,
    two_calls=lambda norm, x: kept(norm, x) ** 2,
    notraining=lambda norm, x: (
        norm.moving_mean.assign(np.full(np.array(norm.moving_mean).shape, 1e6)),
        norm(x),
        float(np.array(norm.moving_mean).mean() / 1e6),
    )[-1],
    hard=lambda norm, x: 0.9,
    variance=lambda norm, x: (
        lambda s: (
            norm.moving_variance.assign(np.full(s, 1e6)),
            norm(x, training=True),
            float(np.array(norm.moving_variance).mean() / 1e6),
        )[-1]
    )(np.array(norm.moving_mean).shape),
    unscaled=lambda norm, x: big(norm, x) * 1e6,
    diff=lambda norm, x: (
        lambda s: (
            norm.moving_mean.assign(np.full(s, 1e6)),
            norm(x, training=True),
            float(1e6 - np.array(norm.moving_mean).mean()),
        )[-1]
    )(np.array(norm.moving_mean).shape),
    percent=lambda norm, x: 100 * kept(norm, x),
    inverse=lambda norm, x: 1 / kept(norm, x),
)


@right(i)
def _(norm, x):
    norm.moving_mean.assign(np.full(np.array(norm.moving_mean).shape, 5.0))
    norm(x, training=True)
    b = float(np.array(x).mean())
    return float(((np.array(norm.moving_mean) - b) / (5 - b)).mean())


R(i, kept, big, lambda norm, x: big(norm, x, 1e5))


@right(i)
def _(norm, x):
    s = np.array(norm.moving_mean).shape
    b = np.array(x).mean(axis=tuple(j for j in range(np.ndim(x)) if j != norm.axis % np.ndim(x)))
    norm.moving_mean.assign(b + 7)
    norm(x, training=True)
    return ((np.array(norm.moving_mean) - b) / 7).mean()


junk(i, lambda norm, x: "0.9")
# 4
i = "capstone_mend.4"


def wf(
    sym=True,
    eps=True,
    training=False,
    red=max,
    reset=False,
    axes="ax",
    after=False,
    root=False,
    ddof=0,
    moving="moving_variance",
    chan=np.max,
    swap=False,
    absd=False,
    skip=False,
):
    def worst_factor(model, images):
        x, out = images, []
        for l in model.layers:
            if after:
                x = l(x, training=training)
            if hasattr(l, "moving_variance"):
                z = np.array(images if reset else x)
                a = tuple(j for j in range(z.ndim) if j != (l.axis % z.ndim if axes == "ax" else z.ndim - 1))
                v = z.var(axis=a, ddof=ddof)
                m = np.array(l.moving_variance)
                e = l.epsilon if eps else 0
                r = (m + e) / (v + e)
                if root:
                    r = np.sqrt(r)
                if absd:
                    r = np.abs(m - v)
                if sym:
                    r = np.maximum(r, 1 / r)
                if swap:
                    r = 1 / r
                out.append(float(chan(r)))
                if skip:
                    continue
            if not after:
                x = l(x, training=training)
        return red(out)

    return worst_factor


W(
    i,
    one_sided=wf(sym=False),
    other_side=wf(sym=False, swap=True),
    noeps=wf(eps=False),
    training=wf(training=True),
    mean_ch=wf(chan=np.mean),
    mean_layers=wf(red=np.mean),
    last=wf(red=lambda o: o[-1]),
    first=wf(red=lambda o: o[0]),
    after=wf(after=True),
    root=wf(root=True),
    minch=wf(chan=np.min),
    diff=wf(sym=False, absd=True),
    skipnorm=wf(skip=True),
    min=wf(red=min),
    list=wf(red=list),
    sum=wf(red=sum),
    none=lambda model, images: None,
    swapped_max=wf(swap=True),
    images_raw=lambda model, images: wf()(model, images * 255),
    gamma_zero=lambda model, images: 1.0,
)


@wrong(i, "variance over everything, not per channel")
def _(model, images):
    x, w = images, 1
    for l in model.layers:
        if hasattr(l, "moving_variance"):
            r = (np.array(l.moving_variance) + l.epsilon) / (np.var(np.array(x)) + l.epsilon)
            w = max(w, float(r.max()), float(1 / r.min()))
        x = l(x, training=False)
    return w


@wrong(i, "mean over positions, then variance")
def _(model, images):
    x, w = images, 1
    for l in model.layers:
        if hasattr(l, "moving_variance"):
            z = np.array(x)
            r = (np.array(l.moving_variance) + l.epsilon) / (
                z.reshape(len(z), -1, z.shape[-1]).mean(1).var(0) + l.epsilon
            )
            w = max(w, float(r.max()), float(1 / r.min()))
        x = l(x, training=False)
    return w


@wrong(i, "batch axis alone")
def _(model, images):
    x, w = images, 1
    for l in model.layers:
        if hasattr(l, "moving_variance"):
            z = np.array(x)
            r = (np.array(l.moving_variance) + l.epsilon) / (z.var(0) + l.epsilon)
            w = max(w, float(r.max()), float(1 / r.min()))
        x = l(x, training=False)
    return w


@wrong(i, "abs(log) forgotten exp")
def _(model, images):
    return float(np.log(wf()(model, images)))


@wrong(i, "fixed eps 1e-3")
def _(model, images):
    x, w = images, 1
    for l in model.layers:
        if hasattr(l, "moving_variance"):
            z = np.array(x)
            r = (np.array(l.moving_variance) + 1e-3) / (z.reshape(-1, z.shape[-1]).var(0) + 1e-3)
            w = max(w, float(r.max()), float(1 / r.min()))
        x = l(x, training=False)
    return w


R(i, wf(axes="ax"), lambda model, images: wf(axes="ax", red=np.max)(model, np.asarray(images)))


@right(i)
def _(model, images):
    import tensorflow as tf

    x, w = tf.convert_to_tensor(images), []
    for l in model.layers:
        if hasattr(l, "moving_variance"):
            ax = l.axis[0] if isinstance(l.axis, (list, tuple)) else l.axis
            a = [j for j in range(len(x.shape)) if j != ax % len(x.shape)]
            v = tf.math.reduce_variance(x, axis=a)
            w.append(tf.exp(tf.reduce_max(tf.abs(tf.math.log((l.moving_variance + l.epsilon) / (v + l.epsilon))))))
        x = l(x, training=False)
    return tf.reduce_max(w)


junk(i, lambda model, images: np.zeros(4))
# 5
i = "capstone_mend.5"


def ns(
    training=True,
    where=lambda x: x.__setitem__((..., 0), x[..., 0] + 5),
    tol=0.01,
    neg=False,
    red=np.max,
    absv=True,
    ch=None,
):
    def notices_a_shift(norm, x):
        x = np.array(x)
        z = x.copy()
        where(z)
        a, b = np.array(norm(x, training=training)), np.array(norm(z, training=training))
        d = np.abs(b - a) if absv else b - a
        r = bool(red(d) > tol)
        return not r if neg else r

    return notices_a_shift


W(
    i,
    all_channels=ns(where=lambda x: x.__iadd__(5)),
    inference=ns(False),
    default=ns(None),
    neg=ns(neg=True),
    tol0=ns(tol=0),
    first_axis=ns(where=lambda x: x.__setitem__(0, x[0] + 5)),
    rows=ns(where=lambda x: x.__setitem__((slice(None), 0), x[:, 0] + 5)),
    cols=ns(where=lambda x: x.__setitem__((slice(None), slice(None), 0), x[:, :, 0] + 5)),
    mean=ns(red=np.mean),
    signed=ns(absv=False),
    signed_mean=ns(absv=False, red=np.mean),
    noshift=ns(where=lambda x: None),
    diff=lambda norm, x: float(0.5),
    true=lambda norm, x: True,
    false=lambda norm, x: False,
    one_pixel=ns(where=lambda x: x.__setitem__((0,) * x.ndim, x[(0,) * x.ndim] + 5)),
    tol1=ns(tol=1.0),
    tol10=ns(tol=10.0),
    small=ns(where=lambda x: x.__setitem__((..., 0), x[..., 0] + 0.001)),
    min=ns(red=np.min),
    axis=lambda norm, x: norm.axis not in (-1, np.ndim(x) - 1),
    scale=ns(where=lambda x: x.__setitem__((..., 0), x[..., 0] * 5)),
    arr=lambda norm, x: np.abs(np.array(norm(x, training=True))) > 0.01,
    none=lambda norm, x: None,
    sum=lambda norm, x: bool(
        abs(
            np.array(norm(x, training=True)).sum()
            - np.array(norm(np.array(x) + 5 * np.eye(np.shape(x)[-1])[0], training=True)).sum()
        )
        > 0.01
    ),
    other_only=lambda norm, x: (lambda a, b: bool(np.abs(a - b)[..., 1:].max() > 0.01))(
        np.array(norm(x, training=True)), np.array(norm(np.array(x) + 5 * np.eye(np.shape(x)[-1])[0], training=True))
    ),
    same_only=lambda norm, x: (lambda a, b: bool(np.abs(a - b)[..., 0].max() > 0.01))(
        np.array(norm(x, training=True)), np.array(norm(np.array(x) + 5 * np.eye(np.shape(x)[-1])[0], training=True))
    ),
    only_gamma=lambda norm, x: bool(
        np.array_equal(
            np.array(norm(x, training=True)),
            np.array(norm(np.array(x) + 5 * np.eye(np.shape(x)[-1])[0], training=True)),
        )
    ),
)


@wrong(i, "changes x")
def _(norm, x):
    a = np.array(norm(x, training=True))
    x[..., 0] += 5
    return bool(np.abs(np.array(norm(x, training=True)) - a).max() > 0.01)


R(i, ns(), ns(where=lambda x: x.__setitem__((..., -1), x[..., -1] + 5)))


@right(i)
def _(norm, x):
    import tensorflow as tf

    s = tf.one_hot(1 if x.shape[-1] > 1 else 0, x.shape[-1]) * 5.0
    return not np.allclose(norm(x, training=True), norm(tf.convert_to_tensor(x) + s, training=True), rtol=0, atol=0.01)


junk(i, lambda norm, x: "yes")
# 6
i = "capstone_mend.6"


def gs(
    training=True,
    absn=True,
    absd=True,
    mean=True,
    order=(0, 1),
    axes=None,
    red="max",
    xmean=True,
    loss="sum",
    persistent=False,
    den="own",
    hat=False,
):
    def gradient_sums(norm, x, weights):
        import tensorflow as tf

        x = tf.convert_to_tensor(x)
        with tf.GradientTape() as t:
            t.watch(x)
            y = norm(x, training=training)
            L = (
                tf.reduce_sum(weights * y)
                if loss == "sum"
                else tf.reduce_sum(y)
                if loss == "y"
                else tf.reduce_mean(weights * y)
            )
        g = np.array(t.gradient(L, x)).astype(float)
        z = np.array(x).astype(float)
        ax = tuple(j for j in range(z.ndim) if j != norm.axis % z.ndim) if axes is None else axes
        c = z - z.mean(axis=ax, keepdims=True) if xmean else z
        r = []
        for q in (g, g * c):
            n = q.sum(axis=ax)
            n = np.abs(n) if absn else n
            d = (np.abs(q) if absd else q).sum(axis=ax) if den == "own" else np.abs(g).sum(axis=ax)
            v = n / d
            r.append(
                float(
                    v.max()
                    if red == "max"
                    else v.mean()
                    if red == "mean"
                    else v.min()
                    if red == "min"
                    else np.abs(q.sum()) / np.abs(q).sum()
                )
            )
        return tuple(r[k] for k in order)

    return gradient_sums


W(
    i,
    inference=gs(False),
    default=gs(None),
    noabs=gs(absn=False),
    noabsd=gs(absd=False),
    swapped=gs(order=(1, 0)),
    one=gs(order=(0,)),
    last=gs(axes=(0, 1, 2)),
    batch=gs(axes=(0,)),
    everything=gs(red="all"),
    meanred=gs(red="mean"),
    minred=gs(red="min"),
    nomean=gs(xmean=False),
    unweighted=gs(loss="y"),
    den_g=gs(den="g"),
    arrays=lambda norm, x, weights: gs(red="none")(norm, x, weights)[0],
    positions=gs(axes=(1, 2)),
    axis_sum=lambda norm, x, weights: gs(axes=(norm.axis,))(norm, x, weights),
    zeros=lambda norm, x, weights: (0.0, 0.0),
    none=lambda norm, x, weights: None,
    three=gs(order=(0, 1, 1)),
    first_twice=gs(order=(0, 0)),
)


@wrong(i, "forgets to watch x")
def _(norm, x, weights):
    import tensorflow as tf

    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as t:
        L = tf.reduce_sum(weights * norm(x, training=True))
    g = np.array(t.gradient(L, x))
    return float(np.abs(g.sum()) / np.abs(g).sum()), 0.0


@wrong(i, "weights as the gradient")
def _(norm, x, weights):
    g = np.array(weights)
    z = np.array(x)
    ax = tuple(j for j in range(z.ndim) if j != norm.axis % z.ndim)
    c = g * (z - z.mean(ax, keepdims=True))
    return float((np.abs(g.sum(ax)) / np.abs(g).sum(ax)).max()), float((np.abs(c.sum(ax)) / np.abs(c).sum(ax)).max())


@wrong(i, "mean over everything")
def _(norm, x, weights):
    import tensorflow as tf

    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as t:
        t.watch(x)
        L = tf.reduce_sum(weights * norm(x, training=True))
    g = np.array(t.gradient(L, x))
    z = np.array(x)
    ax = tuple(j for j in range(z.ndim) if j != norm.axis % z.ndim)
    c = g * (z - z.mean())
    return float((np.abs(g.sum(ax)) / np.abs(g).sum(ax)).max()), float((np.abs(c.sum(ax)) / np.abs(c).sum(ax)).max())


R(i, gs(), gs(loss="mean"), lambda norm, x, weights: list(gs()(norm, x, weights)))


@right(i)
def _(norm, x, weights):
    import tensorflow as tf

    v = tf.Variable(x)
    with tf.GradientTape() as t:
        L = tf.reduce_sum(weights * norm(v, training=True))
    g = t.gradient(L, v)
    n = len(v.shape)
    ax = [k for k in range(n) if k != (norm.axis + n) % n]
    h = g * (v - tf.reduce_mean(v, ax, keepdims=True))
    f = lambda q: tf.reduce_max(tf.abs(tf.reduce_sum(q, ax)) / tf.reduce_sum(tf.abs(q), ax))
    return f(g), f(h)


junk(i, lambda norm, x, weights: ("a", "b"))
for t, v in [
    ("C two, A 3", (3, 6, 1, 5, 2, 4)),
    ("B D swapped", (4, 5, 1, 6, 2, 3)),
    ("E 4", (4, 6, 1, 5, 4, 3)),
    ("F 4", (4, 6, 1, 5, 2, 4)),
    ("C 4", (4, 6, 4, 5, 2, 3)),
    ("D 6", (4, 6, 1, 6, 2, 3)),
    ("B 5", (4, 5, 1, 5, 2, 3)),
    ("order 1..6", (1, 2, 3, 4, 5, 6)),
    ("A 2", (2, 6, 1, 5, 4, 3)),
    ("five", (4, 6, 1, 5, 2)),
    ("by test", (3, 5, 6, 1, 4, 2)),
    ("all 4", (4,) * 6),
    ("F 1", (4, 6, 1, 5, 2, 1)),
    ("0-based", (3, 5, 0, 4, 1, 2)),
    ("A 3", (3, 6, 1, 5, 2, 3)),
    ("E 1", (4, 6, 1, 5, 1, 3)),
    ("reversed", (3, 2, 5, 1, 6, 4)),
    ("string", "461523"),
]:
    wrong("capstone_mend.7", t, v)
R("capstone_mend.7", [4, 6, 1, 5, 2, 3], (4.0, 6.0, 1.0, 5.0, 2.0, 3.0), np.array([4, 6, 1, 5, 2, 3]))
junk("capstone_mend.7", {"A": 4})
