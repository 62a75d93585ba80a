md(r"""
# Why it works, and what is settled

Two networks of eight convolutions have been trained until their training loss was 1.0, one with batch normalization (批量归一化) and one without. They know
about equally much. Now each may take one more step along its gradient: a short one, a long one, a very long one. Does the loss do what the gradient promised?

**Predict:** at which learning rate does each network's loss stop falling? And what happens far beyond?
""")
code("")
cells[-1].metadata.update(cellView="form",setup=True,tags=["hide-input"])
code(r"""
import keras
import matplotlib.pyplot as plt
import numpy as np

from bncourse import data, exercises, landscape, plots
from bncourse.landscape import along_gradient, effective_smoothness, plane, random_direction, visit
from bncourse.training import PAPER_MLP, Config, train

plots.use_style()
fashion = data.load()
""")
code(r"""
networks = {}
for norm, rate in (("none", 0.05), ("batch", 0.3)):
    config = Config(norm=norm, learning_rate=rate, steps=1500, evaluate_every=5)
    visit(config, fashion, [1.0], lambda target, step, loss, model: networks.update({norm: (step, loss, model)}))

rates = np.array(landscape.RATES)  # ten of them, from 0.01 to 10
batches = [(fashion.train_images[i : i + 32], fashion.train_labels[i : i + 32]) for i in (1000, 2000, 3000)]
lines = {norm: [along_gradient(model, *batch, rates) for batch in batches] for norm, (_, _, model) in networks.items()}

for norm, (step, loss, _) in networks.items():
    assert 0.75 < loss <= 1 and 10 < step < 1500
    print(f"{norm:5s} after ≈ {step} steps: loss ≈ {loss:.2f}")
""")
figure(r"""
#@title The loss along the gradient, on three batches
colors, names = {"none": plots.PLAIN, "batch": plots.BATCHNORM}, {"none": "without", "batch": "with batch norm"}
shown = {names[n]: (rates, [line.losses for line in lines[n]], colors[n], "-") for n in ("none", "batch")}
ax = plots.by_rate(shown, ylabel="loss after the step", log=True, at={"without": (1.2, 3e4)})
ax.set(title="Beyond its own range, the plain network's loss explodes", xlim=(None, 60))
_ = ax.set(ylim=(0.3, 1e6))
""", "Loss after one step along the gradient against the learning rate of the step, both axes logarithmic, three batches for each network. Both start at about 1 and dip. Without batch norm the loss rises from a rate of about 0.1 and passes 100,000 before rate 3. With batch norm it rises from about 0.8 and is still near 10 at rate 10.", 0.3)
md(r"""
In 2018 Shibani Santurkar and others drew such curves, found the ones with batch norm smoother (更平滑), and [concluded](https://arxiv.org/abs/1805.11604) that this is
what batch norm does: not still distributions, as the paper of 2015 said, but a smooth loss, whose gradients can be trusted for larger steps. Other groups published other
explanations in the same year.

Each sounds right. This chapter asks of each what it predicts, and which experiment could have gone against it. Some did.

After this chapter you can

- **say** what the explanations of batch norm claim, which of their predictions held in our networks, and what is still disputed,
- **measure** how far a gradient can be trusted, in a unit that means the same for both networks,
- **draw** a loss landscape, and tell what in the picture comes from the lengths of the weights, and
- **find** the arm (对照组) that an argument is missing.

## Four explanations

| | says that batch norm helps because … | would be refuted by |
|---|---|---|
| [Ioffe and Szegedy, 2015](https://arxiv.org/abs/1502.03167) | it keeps the distributions inside still | batch norm that helps while the distributions move |
| [Santurkar and others, 2018](https://arxiv.org/abs/1805.11604) | it makes the loss smoother, and gradients more predictive | equal smoothness at equal loss, once all else is equal |
| [Bjorck and others, 2018](https://arxiv.org/abs/1806.02375) | it allows larger steps: without it, outputs grow from layer to layer and blow up | no gain from larger steps; or outputs that don't grow |
| [Kohler and others, 2018](https://arxiv.org/abs/1805.10694) | it lets length and direction of the weights be learned apart | a network that learns them apart, without batch norm, and gains nothing |

They do not exclude each other. A smoother loss may be *how* larger steps become possible, and [Chapter 9](09_speedup.ipynb) has shown that they are most of the gain.

Two rules for what follows. Compare at **matched loss**: the loss of a network that has learned nothing is smooth for want of anything to be rough. And compare at **matched rates**, too:
the rate at which a network was trained decides to which places it has come. The runs come from `python -m bncourse.landscape`, three seeds each; the first network is that of
[Chapter 9](09_speedup.ipynb), at the rate 0.05 that suits it without batch norm, and with batch norm both at the same 0.05 and at 0.3. The second, whose head keeps all positions, is that of [Chapter 3](03_shift.ipynb), at 0.1.

## How far can a gradient be trusted?

Let $g$ be the gradient at the weights $w$, and $g'$ the one at $w - \eta g$, after a step with the learning rate $\eta$. Three numbers say how well $g$ predicts what comes:

- the **loss** at $w - \eta g$, which the picture above shows;
- the **change of the gradient** (梯度可预测性), in sizes of the gradient, $\lVert g' - g \rVert / \lVert g \rVert$: 0 if nothing has changed, above 1 if $g'$ has next to nothing in common with $g$, or points back;
- the **effective smoothness** (有效 β 光滑度), the largest change per distance moved, $\max_\eta \lVert g' - g \rVert / (\eta \lVert g \rVert)$. For a function whose gradient changes by at most $\beta$ per unit of distance (a $\beta$-smooth one) it is at most $\beta$.

`along_gradient` measures the first two, `effective_smoothness` the third:
""")
code(r"""
line = lines["batch"][0]
changed_per_distance = line.distance / line.rates  # |g' - g| / (rate |g|), (10,)

assert effective_smoothness(line, up_to=0.1) == changed_per_distance[rates <= 0.1].max()
assert effective_smoothness(line, up_to=0.1) <= effective_smoothness(line, up_to=10)
print("the farther out one looks, the rougher:", effective_smoothness(line, 10) >= effective_smoothness(line, 0.1))
""")
md(r"""
(It is a maximum, so it depends on how far out one looks. We look up to a rate of 0.1. It is also the weakest of the three: one bad point decides.)

**Predict** the change of the gradient at a rate of 0.1, for the plain network and the one with batch norm, all trained to a loss of 1.0.
""")
code(r"""
surveys = landscape.surveys("convolution") | landscape.surveys("flatten")


def along(model, norm, learning_rate):
    '''All stored lines, two batches of three seeds, of the networks trained with this rate to a loss of 1.0.'''
    chosen = (model, norm, learning_rate)
    found = [looks for c, looks in surveys.items() if (c.model, c.norm, c.learning_rate) == chosen]
    return [line for looks in found for look in looks for line in look.lines]


def change_at(lines, rate):
    '''The change of the gradient after a step with this rate, median over the lines.'''
    return np.median([np.interp(np.log(rate), np.log(line.rates), line.distance) for line in lines])


ARMS = {
    "cnn, without, trained at 0.05": ("cnn", "none", 0.05),
    "cnn, batch norm,         0.05": ("cnn", "batch", 0.05),
    "cnn, batch norm,         0.3 ": ("cnn", "batch", 0.3),
    "flatten, without,        0.1 ": ("cnn_flatten", "none", 0.1),
    "flatten, batch norm,     0.1 ": ("cnn_flatten", "batch", 0.1),
}
trust, changes = {name: along(*arm) for name, arm in ARMS.items()}, {}
for name, lines_of in trust.items():
    changes[name] = change_at(lines_of, 0.1)
    smooth = np.median([effective_smoothness(line, 0.1) for line in lines_of])
    assert 0.1 < changes[name] < 10 and 2 < smooth < 200
    print(f"{name}: change at 0.1 ≈ {changes[name]:.2f}, smoothness ≈ {smooth:.0f}")

plain_cnn, same_rate, higher_rate, plain_flatten, norm_flatten = changes.values()
assert plain_cnn > 2 * same_rate and higher_rate < 0.8 * same_rate
assert 0.6 < norm_flatten / plain_flatten < 1.6
""")
md(r"""
In the first network Santurkar and others are right by these numbers, too: at equal loss, and trained at the same rate of 0.05, the gradient of the plain network changes several times as much. In the second network, whose head keeps all positions, there is next to no difference.
And the layer is not all that decides. The same network with batch norm, trained at 0.3 instead of 0.05, has come to a smoother place. Something of the kind is known from networks with and without normalization: training settles where the loss is about as sharp as its rate can bear ([Cohen and others, 2021](https://arxiv.org/abs/2103.00065)).
Whoever compares batch norm at its high rate with a plain network at its low one, as is usual, measures the rate along with the layer.

## In which unit?

"At a rate of 0.1" is the same number for both networks. Is it the same step? By [Chapter 7](07_invariance.ipynb), a kernel in front of a normalization can be multiplied by 4 without any effect on the function,
while its gradient becomes a quarter as long ($\varepsilon$ is multiplied by 16, so that it takes part). Let us do that, with all eight, and look along the gradient of these kernels again.

**Predict:** how does the effective smoothness change?
""")
code(r"""
def scale_kernels(model, factor):
    '''Multiply all kernels before a normalization, and epsilon with them.'''
    for layer in model.layers:
        if layer.name.startswith("linear_"):
            layer.kernel.assign(factor * layer.kernel)
        if layer.name.startswith("norm_"):
            layer.epsilon *= factor**2


model = networks["batch"][2]
kernels = [layer.kernel for layer in model.layers if layer.name.startswith("linear_")]

before = along_gradient(model, *batches[0], rates, weights=kernels)
scale_kernels(model, 4)
after = along_gradient(model, *batches[0], 16 * rates, weights=kernels)  # other steps, see below
scale_kernels(model, 1 / 4)

smooth = effective_smoothness(before, 0.1), effective_smoothness(after, 1.6)
assert np.isclose(smooth[0] / smooth[1], 16, rtol=0.02) and 1 < smooth[0] < 30 and smooth[1] < 2
assert np.isclose(after.loss, before.loss) and np.allclose(after.losses, before.losses, rtol=0.02)
print(f"effective smoothness ≈ {smooth[0]:.2f} before, ≈ {smooth[1]:.3f} after: ratio ≈ {smooth[0] / smooth[1]:.1f}")
print("the same losses all along the line, at 16 times the rate:", np.allclose(after.losses, before.losses, rtol=0.02))
""")
md(r"""
The same function, the same path (at 16 times the rate), and a loss that is "sixteen times smoother". So with batch norm the smoothness per unit of weights, and the room for a
learning rate with it, is a matter of how long the weights happen to be. A plain ReLU network has some of this freedom, too: one layer times 4, another divided by 4 ([Dinh and others, 2017](https://arxiv.org/abs/1703.04933),
made a sharp minimum flat in this way). A comparison needs a unit that does not change when the function doesn't.

There is one. To first order the loss falls by the rate times the squared gradient, and this number

$$ p = \eta \, \lVert g \rVert^2 $$

is what a step **promises**, in nats. Multiply all weights in question by $a$: the gradient is divided by $a$, the rate that leads to the same place is multiplied by $a^2$, and $p$ stays. So we ask of each network: *of the decrease that it promises, how much does a step deliver?*
""")
code(r"""
promise = [line.rates * line.norm**2 for line in (before, after)]
assert np.allclose(*promise, rtol=0.01)
print("the promises before and after the kernels were multiplied by 4 agree:", np.allclose(*promise, rtol=0.01))

promises = np.geomspace(0.13, 3, 30)


def delivered(lines):
    '''The decrease of the loss at each of the promises, (lines, 30), interpolated along each line.'''
    return np.array(
        [
            np.interp(np.log(promises), np.log(line.rates * line.norm**2), line.loss - line.losses)
            for line in lines
        ]
    )


def best_and_beyond(lines):
    '''What the best step along a line takes off the loss, and the loss after ten times that step: medians.'''
    best = [np.argmin(line.losses) for line in lines]
    gains = [line.loss - line.losses[i] for line, i in zip(lines, best, strict=True)]
    beyond = [line.losses[min(i + 3, 9)] for line, i in zip(lines, best, strict=True)]  # three rates on, ten times
    return np.median(gains), np.median(beyond)


gains = {}
for name, lines_of in trust.items():
    gains[name], beyond = best_and_beyond(lines_of)
    assert 0.05 < gains[name] < 0.7 and (beyond > 10) == ("without" in name) and beyond < 1000
    print(f"{name}: the best step lowers the loss by ≈ {gains[name]:.2f}; ten times as far it is ≈ {beyond:.1f}")
assert max(list(gains.values())[:3]) < 2.5 * min(list(gains.values())[:3])
assert 0.5 < gains["flatten, without,        0.1 "] / gains["flatten, batch norm,     0.1 "] < 2
""")
figure(r"""
#@title What a step delivers of what it promised, at equal loss
shown = {
    "batch norm,\nat 0.3": ("cnn", "batch", 0.3, plots.BATCHNORM, "-"),
    "batch norm,\nat 0.05": ("cnn", "batch", 0.05, plots.BATCHNORM, "--"),
    "without": ("cnn", "none", 0.05, plots.PLAIN, "-"),
}
curves = {
    label: (promises, delivered(along(*arm)), color, style) for label, (*arm, color, style) in shown.items()
}
places = {"without": (0.2, -0.6), "batch norm,\nat 0.3": (2.2, -0.1), "batch norm,\nat 0.05": (2.2, -0.65)}
ax = plots.by_rate(curves, xlabel="decrease promised (nats)", ylabel="decrease delivered (nats)", at=places)
ax.plot(promises, promises, color=plots.MUTED, linestyle=":", linewidth=1.5)
_ = ax.set(ylim=(-1, 0.8), xlim=(None, 9), title="Short steps deliver alike, long ones do not")
""", "Decrease of the loss that a step delivers against the decrease that it promises, for the first network with batch norm trained at two rates and without. From a promise of 0.13 nats on they lie together, below the dotted line of promises kept, and level off between 0.1 and 0.2 nats. The plain network falls below 0 at about half a nat, with batch norm at about one, and more slowly.", 0.3)
md(r"""
In a unit that does not depend on how long weights are, little is left of the difference as long as steps are short: at equal loss, one gradient buys about as much without batch norm as with it, in both networks. **What batch norm changes is what lies beyond.** A step ten times as long as the best one costs the plain network a loss of tens, and there its training may end. With batch norm it costs a few nats, and the next step can mend it.
It is a forgiving landscape rather than one with better gradients, and it fits what Bjorck and others say: what large steps do without normalization is blow up the outputs. (It also explains why the rate is so uncritical with batch norm, the main result of [Chapter 9](09_speedup.ipynb).)

## Drift beside the gradients

[Chapter 3](03_shift.ipynb) left two measures of internal covariate shift that disagreed: the drift of the distributions, which batch norm reduces, and the gradient-based shift of Santurkar and others, which it did not. But there the plain network and the one with
batch norm were looked at in different states, and the gradient-based shift depends on the rate: at a rate of zero nothing shifts. Now at matched loss, for steps from 0.01 to 1: how far does one step move the distributions at the last nonlinearity, and how much does it change the gradients of the layers above others?

**Predict:** which of the two does batch norm reduce, at which rates?
""")
code(r"""
def shifts(model, norm, learning_rate):
    '''Drift of the last layer and gradient-based shift of layers 2 to 8, for each step: (seeds, rates) each.'''
    chosen = (model, norm, learning_rate)
    found = [looks[0] for c, looks in surveys.items() if (c.model, c.norm, c.learning_rate) == chosen]
    drift = np.array([look.drift[:, :, -1] for look in found])  # (seeds, rates, places)
    return drift[..., 0], drift[..., 1], np.array([look.gradient[:, 1:].mean(axis=1) for look in found])


print("one step of 0.1:")
at, found = landscape.STEPS.index(0.1), {}
for name, arm in ARMS.items():
    found[name] = linear, activation, gradient = [np.median(values, axis=0) for values in shifts(*arm)]
    assert 0.005 < activation[at] <= 1.01 * linear[at] < 1 and 0.15 < gradient[at] < 1.5
    drifts = f"drift ≈ {linear[at]:.2f} before the normalization, ≈ {activation[at]:.2f} at the ReLU"
    print(f"{name}: {drifts}; gradients change by ≈ {gradient[at]:.2f}")

for without, norm in (list(found.values())[:2], list(found.values())[3:]):
    assert (norm[0] < 0.6 * without[0])[1:].all()  # drift, for the steps from 0.1 on
    assert (np.abs(np.log(norm[2] / without[2]))[:2] < np.log(2.5)).all()  # gradients, steps of 0.01 and 0.1
    assert norm[2][-1] < 0.5 * without[2][-1]
""")
figure(r"""
#@title Both measures for steps of four sizes, first network, all trained at 0.05
figure, axes = plt.subplots(2, figsize=(7, 6.2), sharex=True)
for ax, measure, ylabel, title in (
    (axes[0], 1, "drift at the last ReLU\n(standard deviations)", "The distributions move less with batch norm …"),
    (axes[1], 2, "change of the gradients\n(in sizes of the gradient)", "… the gradients change as much, until one breaks"),
):
    both = {
        names[norm]: (landscape.STEPS, shifts("cnn", norm, 0.05)[measure], colors[norm], "-") for norm in ("none", "batch")
    }
    plots.by_rate(both, xlabel="", ylabel=ylabel, log=True, ax=ax).set_title(title)
    ax.set(xlim=(None, 4))
_ = axes[1].set(xlabel="learning rate of the step")
""", "Two panels over the size of one step, from 0.01 to 1, three seeds each, logarithmic axes. Above, the drift at the last ReLU: with batch norm it stays at or below 0.1, without it climbs from 0.02 to about 30. Below, the change of the gradients: both start near 0.07 and lie close together up to a step of 0.1; at 1 it is about 2 with batch norm and about 80 without.")
md(r"""
The two measures part. **Drift** is reduced by batch norm, at the ReLU and before the normalization, several times in both networks. The **gradient-based shift** of steps of 0.01 and 0.1 is of about the same size with batch norm and without; only for steps that the plain network does not survive is it far larger there.
So both papers have their measurement right. At rates that both networks can use, batch norm stills the distributions, and the layers disturb each other's gradients as much as before. What it keeps from happening is the explosion at larger rates; and this is no longer a matter of shift: it is the explosion of the opening, seen from another side.

## Noise, in a fair unit

The best-known experiment against the explanation of 2015 disturbs the distributions on purpose. In [Chapter 3](03_shift.ipynb) we put shifts of up to 0.5 and scales of up to 1.25 behind the normalization, and, as the arm without batch norm, the same noise into a plain network. The same? Behind a normalization 0.5 is half a standard deviation. In the plain network of that chapter's opening:
""")
code(r"""
sigmoid_net = PAPER_MLP.build()
values = keras.Model(sigmoid_net.inputs, sigmoid_net.get_layer("linear_3").output)(fashion.test_images[:200])
spread = np.std(values, axis=0).mean()

assert 0.02 < spread < 0.06
print(f"pre-activations of the third layer spread by ≈ {spread:.3f}: 0.5 is ≈ {0.5 / spread:.0f} standard deviations")
""")
md(r"""
So that arm got another disturbance. Here is a cleaner one. Before every nonlinearity each channel is scaled about its mean and shifted, both anew at each step, *in units of the channel's own standard deviation* $s$:

$$ x \leftarrow m + a\,(x - m) + b\,s, \qquad a \sim U(1 - \tfrac{k}{2},\, 1 + \tfrac{k}{2}), \quad b \sim U(-k, k) . $$

With $k = 0.5$ it shifts by up to half a standard deviation, with batch norm and without. Each network gets two rates, and both get 0.05. One arm more tells *moving* from *being elsewhere*: the same disturbance, drawn once and kept for the whole run (and for the test).

**Predict:** whom does the moving disturbance harm? And the one that stands still?
""")
code(r"""
runs = landscape.runs("disturbance")  # 400 steps, three seeds each


def accuracies(norm, learning_rate, strength, fixed=False):
    '''Final test accuracies, (3,); a run that diverged counts as 0.'''
    arm = (norm, learning_rate, strength, fixed)
    chosen = [r for r in runs if (r.config.norm, r.config.learning_rate, r.config.disturbance, r.config.fixed) == arm]
    return np.array([0.0 if r.diverged else r.accuracy[-1] for r in chosen])


ends = {}
for norm, rate in (("none", 0.02), ("none", 0.05), ("batch", 0.05), ("batch", 0.3)):
    quiet, moving, still = (accuracies(norm, rate, *arm) for arm in ((0.0,), (0.5,), (0.5, True)))
    ends[norm, rate] = quiet.mean(), moving.mean(), still.mean()
    assert 0 <= moving.mean() < 0.8 and 0.25 < quiet.mean() < 0.85 and 0.25 < still.mean() < 0.85
    print(f"{norm:5s} at {rate:4}: quiet ≈ {quiet.mean():.2f}, moving ≈ {moving.mean():.2f}, ", end="")
    print(f"standing still ≈ {still.mean():.2f}")

for quiet, moving, still in (ends["batch", 0.05], ends["batch", 0.3]):
    assert moving < quiet - 0.03 and moving < still and abs(still - quiet) < 0.08 and moving > 0.5
assert ends["batch", 0.3][1] > ends["none", 0.05][0]
assert ends["none", 0.05][1] < 0.2 and ends["none", 0.02][1] < 0.35
""")
md(r"""
One suspicion first. With batch norm the disturbance also spoils the *moving* variances, which take part in the test: they have seen its spread, and the test has none ([Chapter 5](05_inference.ipynb) has the cure). So here is one of the runs again, at rate 0.05, tested with the statistics of batches of test images, and no disturbance:
""")
code(r"""
seen = []
config = landscape.EXPERIMENTS["disturbance"][0].replace(norm="batch", learning_rate=0.05, disturbance=0.5)
run = train(config, fashion, watch=lambda step, model: seen.append(model))
for layer in seen[-1].layers:
    if layer.name.startswith("disturbance"):
        layer.strength = 0.0
batched = [seen[-1](fashion.test_images[i : i + 500], training=True) for i in range(0, 2000, 500)]
refreshed = np.mean(np.argmax(np.concatenate(batched), axis=1) == fashion.test_labels)

assert run.accuracy[-1] < refreshed < ends["batch", 0.05][0] - 0.03
print(f"one of these runs: in inference ≈ {run.accuracy[-1]:.2f}, with statistics of test batches ≈ {refreshed:.2f}")
""")
md(r"""
Three things can be read from this.

*Moving harms, with batch norm and without.* The same disturbance that stands still costs the network with batch norm hardly anything; redrawn at each step it costs several points (some of them in the moving statistics alone, as we saw, but not all), and the plain network most of what it could learn. So the idea of 2015 that layers suffer when their inputs move is not refuted here, on the contrary. (In [Chapter 3](03_shift.ipynb) the noise seemed harmless behind batch norm: the network there is an easier one.)

*Batch norm helps while the distributions move.* With the moving disturbance behind each normalization the network still learns, at either rate, far better than the plain network with the same disturbance at either of its own; at 0.3 even better than the plain one undisturbed. So its help does not hang on still inputs of the nonlinearity.

*And the experiment can't tell how.* What a disturbance does to one layer, the next normalization takes out again in part, since it normalizes whatever arrives. "Batch norm and noise" is a network that is disturbed *and* repaired, eight times. Who concludes from it that moving distributions do not matter has overlooked the repair.

## A picture of the landscape

A loss over hundreds of thousands of weights can't be drawn; over a plane through them it can. Take two random directions $d_1, d_2$ in the space of the weights, and draw $L(w + \alpha d_1 + \beta d_2)$. Such pictures have become famous. What do they show?

First the unit again. Here is the network with batch norm, and the same with kernels four times as long, drawn over the same plane:
""")
code(r"""
steps = np.linspace(-1, 1, 9)
sample = fashion.train_images[:100], fashion.train_labels[:100]
fixed = [random_direction(model, seed) for seed in (0, 1)]  # filters as long as this network's

original = plane(model, *sample, fixed, steps)
scale_kernels(model, 4)
same_steps = plane(model, *sample, fixed, steps)
normalized = plane(model, *sample, [random_direction(model, seed) for seed in (0, 1)], steps)
scale_kernels(model, 1 / 4)

ranges = [np.ptp(losses) for losses in (original, same_steps, normalized)]
assert ranges[1] < 0.6 * ranges[0] and np.allclose(normalized, original, rtol=0.01)
print("highest minus lowest loss: original ≈ {:.2f}, 4 times as long ≈ {:.2f}; normalized ≈ {:.2f}".format(*ranges))
""")
md(r"""
Four times as long, and the landscape looks flat, though the function is the same. [Li and others, 2018](https://arxiv.org/abs/1712.09913), saw this and proposed the cure: **filter normalization** (滤波器归一化). Each filter of the random direction gets the length of the network's own filter, so that a step of 1 means as much as
the weights themselves. The last number is with it: the picture of the original. (`random_direction` does so; biases, $\gamma$ and $\beta$ stay where they are.)

Now both networks, filter-normalized, at equal loss.

**Predict:** whose landscape is the rough one?
""")
code(r"""
plain = networks["none"][2]
directions = [random_direction(plain, seed) for seed in (0, 1)]
pictures = {
    "with batch norm": original,
    "without": plane(plain, *sample, directions, steps),
    "batch norm, only turned": plane(model, *sample, fixed, steps, keep_lengths=True),
    "without, only turned": plane(plain, *sample, directions, steps, keep_lengths=True),
}
corners = {name: np.median(losses[[0, 0, -1, -1], [0, -1, 0, -1]]) for name, losses in pictures.items()}
for name, loss in corners.items():
    assert 1 < loss < 1e4
    print(f"{name:24s} loss in the corners, median ≈ {loss:.1f}")
""")
figure(r"""
#@title One plane through each network, and the same without growing lengths
axes = plots.loss_planes(pictures, steps)
for ax in axes[2:]:
    ax.set(xlabel="first direction")
for ax in axes[::2]:
    ax.set(ylabel="second direction")
""", "Four gray maps of the loss over two random directions with contour lines, one logarithmic scale. With batch norm: a flat basin, loss about 1 in the middle and about 3 at the corners. Without: a steep funnel, whose corners are above 10. In the lower row filters keep their lengths: batch norm is unchanged, and the plain network now shows a flat basin like that of batch norm.", 0.3)
md(r"""
The funnel of the plain network is real, and it is not what it looks like. A random direction of the same length makes every filter longer, by $\sqrt 2$ at one step of 1 (the two are nearly orthogonal), and eight layers make of that a factor of 16 at the output. In the lower row each filter was brought back to its length, so that it only turns.
That changes nothing with batch norm, as it must, and the plain network's funnel is gone: **what the picture shows as ruggedness is length**. In this it agrees with Kohler and with Bjorck more than with a talk of smooth and rough directions.

Is the explosion of the opening, along the gradient, of the same kind? That can be asked as well:
""")
code(r"""
far = {}
for keep in (False, True):
    ends = [along_gradient(plain, *batch, [0.3, 3.0], keep_lengths=keep).losses for batch in batches]
    far[keep] = np.median(ends, axis=0)
batchnorm_far = np.median([along_gradient(model, *batch, [0.3, 3.0]).losses for batch in batches], axis=0)

assert far[False][1] > 10 * batchnorm_far[1] and far[True][1] > 10 * batchnorm_far[1]
for name, losses in (("free", far[False]), ("kept", far[True])):
    print(f"plain network, lengths {name}: loss after a step of 0.3 ≈ {losses[0]:.3g}, of 3 ≈ {losses[1]:.3g}")
print(f"with batch norm:                                   ≈ {batchnorm_far[0]:.3g},      ≈ {batchnorm_far[1]:.3g}")
""")
md(r"""
No. Lengths have a part in it, but the explosion stays without them: the gradient is no random direction. It turns all filters so that they agree, outputs add up, and the next layer passes it on. Batch norm divides this out, too, since it looks at what a channel *gives*, not at its weights.

## Length and direction

Kohler and others prove, for simpler models than ours, that learning length and direction apart can make gradient descent much faster. Does the *splitting* do it, then? It can be had without batch norm: **weight normalization** (权重归一化, [Salimans and Kingma, 2016](https://arxiv.org/abs/1602.07868)) writes each filter as a length times a direction,
and learns both. More radically, one can hold all lengths fixed. And the other way round: take from batch norm what its free lengths do. By [Chapter 7](07_invariance.ipynb) weights grow where a rate is too high, and take smaller steps from then on. With lengths held they can't.

**Predict:** at which rates does each arm learn?
""")
code(r"""
turned = landscape.runs("length")  # 300 steps, three seeds each


def reached(norm, length):
    '''Rates (R,), and final test accuracies (seeds, R); a run that diverged counts as 0.'''
    chosen = [run for run in turned if (run.config.norm, run.config.length) == (norm, length)]
    found = sorted({run.config.learning_rate for run in chosen})
    ends = [[0.0 if r.diverged else r.accuracy[-1] for r in chosen if r.config.learning_rate == x] for x in found]
    return np.array(found), np.transpose(ends)


arms, table = (("none", "free"), ("none", "learned"), ("none", "held"), ("batch", "free"), ("batch", "held")), {}
for norm, length in arms:
    found, ends = reached(norm, length)
    table[norm, length] = dict(zip(found, ends.mean(axis=0), strict=True))
    assert ((ends >= 0) & (ends < 0.9)).all()
    row = ", ".join(f"{rate:g} ≈ {end:.2f}" for rate, end in zip(found, ends.mean(axis=0), strict=True))
    print(f"{norm:5s} length {length:7s} at rate {row}")

for rate in (0.05, 0.1):
    assert max(table["none", length][rate] for length in ("held", "learned")) < table["none", "free"][rate] + 0.15
assert table["none", "held"][0.3] < 0.2
assert abs(table["batch", "held"][1] - table["batch", "free"][1]) < 0.08
assert table["batch", "held"][3] < table["batch", "free"][3] - 0.15
""")
md(r"""
The plain network gains nothing from the splitting: whether its lengths are free, learned apart or held, it does about the same at 0.05, it learns on some seeds and not on others at 0.1, and held lengths do not carry it to 0.3, where the network with batch norm is at its best. So in this network it is not the splitting *as such*. (Kohler and others do not say so, either: in their models length is measured by what a unit gives for the data, as in batch norm, not by its weights.)

With batch norm the free lengths do have a use. At a rate of 1 nothing is lost when they are held; at 3 it learns far less. Weights that grow until their steps are bearable, the automatic tuning of the rate that [Arora, Li and Lyu, 2018](https://arxiv.org/abs/1812.03981), analyze, are a part of the tolerance, at the upper end.

## What is settled, and what is not

| claim | in our two networks |
|---|---|
| Batch norm stills the distributions | **Yes**, at every step size, before the normalization too. |
| It helps because it does | **Not needed**: it helps while they are moved on purpose. But moving them harms, so it may well be a part. |
| It reduces the gradient-based shift | **No** at rates that both can use; **yes** where the plain network breaks. |
| It makes gradients more predictive | **Per learning rate** in one of the two networks; **in nats** in neither. |
| It makes large steps forgivable | **Yes**, in both, by a factor of several or more. |
| Splitting length from direction is what helps | **In part at most**: see the arms above. |

The first two lines are the dispute that made batch norm famous, and they end undecided: stillness is not necessary, and movement is not harmless. Santurkar and others and Bjorck and others describe the same thing from two sides, the far end of the line along the gradient; what our measurements do not support is that its *near* end is any better with batch norm.

What these experiments can't say: whether it is so in networks of fifty layers, with shortcuts, with momentum or Adam, after a hundred thousand steps, or with batches of 256. Three seeds and two small networks can refute an "always", and they can't establish one. And all of it is about training. Why networks with batch norm often do better on new images, too, is another dispute, about the noise of the batch ([Luo and others, 2018](https://arxiv.org/abs/1809.00846)).

## Common mistakes

**Comparing smoothness per unit of weights.** Above: a factor of 16, and the same function.

**Comparing at the same step instead of the same loss.** At the start every network of ours is at a loss of about $\ln 10$, with gradients of its own; a network that does not learn stays there, calm.

**Noise of a fixed size.** Above: half a standard deviation, or many. The test is the standard deviation of what is disturbed.

**Taking a random plane for the way that training goes.** A step along the gradient and a step of the same length in a random direction are different things:
""")
code(r"""
images, labels = batches[0]
gradient_step = along_gradient(model, images, labels, [0.3])
length = 0.3 * gradient_step.norm
total = np.sqrt(sum(np.sum(part**2) for part in fixed[0]))
random_loss = plane(model, images, labels, fixed, [0.0, length / total])[0, 1]

assert gradient_step.losses[0] < gradient_step.loss - 0.05 and abs(random_loss - gradient_step.loss) < 0.1
print(f"loss ≈ {gradient_step.loss:.2f}; a step along the gradient ≈ {gradient_step.losses[0]:.2f}, ", end="")
print(f"as long in a random direction ≈ {random_loss:.2f}")
""")
md(r"""
## Exercises

Each one checks itself and tells you what went wrong. An open one to begin with: does any of this hold with momentum, or Adam? `Config` has neither; `visit` hands you a network at any loss.
""")
for i in range(1,7): md(f"<!-- exercise: landscape.{i} -->")
md(r"""
## Recap, and a question

At equal loss, a gradient buys as much without batch norm as with it, once both are measured in nats; what batch norm changes is that a step that is too long is forgiven. The distributions inside are stiller with it, and it helps even where they are not. And smoothness, like the picture of a landscape, says little until one has said in which unit: multiply the kernels by 4, and the same function is sixteen times as smooth.

All this time the statistics were those of a batch, 32 images. Nothing that was said of lengths, of outputs that can't grow, of steps that are forgiven seems to need a *batch*. Would statistics over another set of values do as well?

**Further reading**

- S. Santurkar and others, [How does batch normalization help optimization?](https://arxiv.org/abs/1805.11604) (2018), and N. Bjorck and others, [Understanding batch normalization](https://arxiv.org/abs/1806.02375) (2018), side by side: they disagree less than their titles.
- J. Kohler and others, [Exponential convergence rates for batch normalization](https://arxiv.org/abs/1805.10694) (2018).
- H. Li and others, [Visualizing the loss landscape of neural nets](https://arxiv.org/abs/1712.09913) (2018).
- L. Dinh and others, [Sharp minima can generalize for deep nets](https://arxiv.org/abs/1703.04933) (2017): why a unit is needed.
""")
