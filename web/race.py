"""The picture on the first page: one deep network, trained with and without batch norm, from the committed runs."""

import html
import json
import math
from pathlib import Path
from statistics import median

from web import course_pages

RUNS = Path(__file__).resolve().parent.parent / "bncourse" / "assets" / "runs" / "training.json"
# So many convolutions and one dense layer; the runs of the chapter on training.
NETWORK = dict(model="cnn_flatten", gain=0.71, learning_rate=0.1, batch_size=32, steps=300)
DEPTHS = (2, 4, 8, 12, 16)
SHOWN = 16  # the depth that is shown first, from its losses at every step
NAMES = {"none": "without batch norm", "batch": "with batch norm"}
WINDOW = 20  # batches in the running mean
MEANS = 50  # steps in each mean at the other depths
TOP = 3  # nats, the upper end of the axis
GUESSING = math.log(10)  # the loss of who gives all ten classes the same probability
STEPS = NETWORK["steps"]


def runs(depth: int = SHOWN) -> dict[str, list[dict]]:
    """The committed runs of the network by its normalization, with losses in steps as small as there are.

    Raises:
        LookupError: if there are none of one kind.
    """
    stored = json.loads(RUNS.read_text())["runs"]
    wanted = {**NETWORK, "depth": depth}
    chosen = [run for run in stored if all(run["config"][key] == value for key, value in wanted.items())]
    found = {}
    for norm in NAMES:
        own = [run for run in chosen if run["config"]["norm"] == norm]
        if not own:
            raise LookupError(f"no runs with norm {norm!r} in {RUNS.name}; run `python -m bncourse.training`")
        finest = min(run["config"]["loss_every"] for run in own)
        found[norm] = [run for run in own if run["config"]["loss_every"] == finest]
    return found


def running_mean(loss: list[float]) -> list[float]:
    """The mean of the last `WINDOW` losses at each step, of fewer at the start."""
    return [sum(loss[max(0, i - WINDOW + 1) : i + 1]) / min(i + 1, WINDOW) for i in range(len(loss))]


def curve(run: dict, depth: int) -> list[tuple[float, float]]:
    """Step and loss: running means where every run of a depth has all its steps, else means, each in its middle."""
    loss, every = run["loss"], run["config"]["loss_every"]
    if depth == SHOWN:
        return list(enumerate(running_mean(loss)))
    size = MEANS // every
    parts = [loss[i : i + size] for i in range(0, len(loss), size)]
    return [(MEANS * (i + 0.5), sum(part) / len(part)) for i, part in enumerate(parts)]


def accuracies(found: dict[str, list[dict]]) -> dict[str, float]:
    """The median of the final test accuracies over the seeds."""
    return {norm: median(run["accuracy"][-1] for run in runs) for norm, runs in found.items()}


def picture() -> str:
    """The figure as HTML, whole without any script; `race.js` lets it run and chooses the depth."""
    grid = "".join(f'<line class="grid" x1="0" x2="{STEPS}" y1="{TOP - y}" y2="{TOP - y}"/>' for y in (0, 1, 2))
    guess = f'<line class="guess" x1="0" x2="{STEPS}" y1="{TOP - GUESSING:.4f}" y2="{TOP - GUESSING:.4f}"/>'
    ticks = "".join(f'<span class="race-tick" style="top:{1 - y / TOP:.1%}">{y}</span>' for y in (0, 1, 2))
    chapter = course_pages.HERE.chapter("training")
    runs_link = f'<a href="{Path(chapter.file).name}.html">{chapter.name.lower()}</a>'
    plots = "".join(plot(depth, runs(depth), grid + guess, ticks) for depth in DEPTHS)
    return f"""<figure class="race">
<p class="race-title">One network of <span class="race-depth">{SHOWN}</span> convolutions, with and without</p>
{plots}
<figcaption>Training loss over {STEPS} steps, and the test images classified right. Fashion-MNIST, five starting
points each, Keras's default initialization, learning rate {NETWORK["learning_rate"]}. With better ones the plain
network learns, too: {runs_link}.<span class="race-means" hidden> Lines are means of {MEANS} steps.</span></figcaption>
</figure>"""


def plot(depth: int, found: dict[str, list[dict]], behind: str, ticks: str) -> str:
    """The lines of one depth with their labels; all but the first one shown are hidden."""
    share = {norm: f"{accuracy:.0%}" for norm, accuracy in accuracies(found).items()}
    ends = {norm: median(curve(run, depth)[-1][1] for run in runs) for norm, runs in found.items()}
    lines = "".join(line(norm, curve(run, depth)) for norm, runs in found.items() for run in runs)
    # The lines' names stand between them where there is room, else around them.
    apart = ends["none"] - ends["batch"] > 1
    above = "batch" if apart or ends["batch"] > ends["none"] else "none"
    labels = "".join(
        f'<span class="race-label {norm} {"above" if norm == above else "below"}" '
        f'style="top:{1 - ends[norm] / TOP:.1%}">{name} <b>{share[norm]}</b></span>'
        for norm, name in NAMES.items()
    )
    told = "; ".join(
        f"{name} it ends at a loss of {ends[norm]:.1f}, and {share[norm]} of the test images are classified right"
        for norm, name in NAMES.items()
    )
    alt = f"Training of a network of {depth} convolutions over {STEPS} steps, where guessing has a loss of 2.3: {told}."
    hidden = "" if depth == SHOWN else " hidden"
    return f"""<div class="race-plot" data-depth="{depth}" role="img" aria-label="{html.escape(alt)}"{hidden}>
<svg viewBox="0 0 {STEPS} {TOP}" preserveAspectRatio="none" aria-hidden="true">{behind}
<g class="race-lines">{lines}</g></svg>
{ticks}<span class="race-guess" style="top:{1 - GUESSING / TOP:.1%}">guessing</span>{labels}
</div>"""


def line(norm: str, points: list[tuple[float, float]]) -> str:
    """One run as a line of the picture; a diverged run ends early."""
    drawn = " ".join(f"{step:g},{TOP - min(loss, TOP):.3f}" for step, loss in points)
    return f'<polyline class="{norm}" points="{drawn}"/>'
