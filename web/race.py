"""The picture on the first page: one deep network, trained with and without batch norm, from the committed runs."""

import html
import json
import math
from pathlib import Path
from statistics import median

from web import course_pages

RUNS = Path(__file__).resolve().parent.parent / "bncourse" / "assets" / "runs" / "training.json"
# Sixteen convolutions and one dense layer; the runs of the chapter on training.
NETWORK = dict(model="cnn_flatten", depth=16, gain=0.71, learning_rate=0.1, batch_size=32, steps=300, loss_every=1)
NAMES = {"none": "without batch norm", "batch": "with batch norm"}
WINDOW = 20  # batches in the running mean
TOP = 3  # nats, the upper end of the axis
GUESSING = math.log(10)  # the loss of who gives all ten classes the same probability


def runs() -> dict[str, list[dict]]:
    """The committed runs of the network by its normalization.

    Raises:
        LookupError: if there are none of one kind.
    """
    stored = json.loads(RUNS.read_text())["runs"]
    chosen = [run for run in stored if all(run["config"][key] == value for key, value in NETWORK.items())]
    found = {norm: [run for run in chosen if run["config"]["norm"] == norm] for norm in NAMES}
    if missing := [norm for norm in NAMES if not found[norm]]:
        raise LookupError(f"no runs with norm {missing[0]!r} in {RUNS.name}; run `python -m bncourse.training`")
    return found


def running_mean(loss: list[float]) -> list[float]:
    """The mean of the last `WINDOW` losses at each step, of fewer at the start."""
    return [sum(loss[max(0, i - WINDOW + 1) : i + 1]) / min(i + 1, WINDOW) for i in range(len(loss))]


def accuracies(found: dict[str, list[dict]]) -> dict[str, float]:
    """The median of the final test accuracies over the seeds."""
    return {norm: median(run["accuracy"][-1] for run in runs) for norm, runs in found.items()}


def picture(found: dict[str, list[dict]]) -> str:
    """The figure as HTML, whole without any script; `race.js` lets it run."""
    steps = NETWORK["steps"]
    share = {norm: f"{accuracy:.0%}" for norm, accuracy in accuracies(found).items()}
    lines = "".join(line(norm, run["loss"]) for norm, runs in found.items() for run in runs)
    grid = "".join(f'<line class="grid" x1="0" x2="{steps}" y1="{TOP - y}" y2="{TOP - y}"/>' for y in (0, 1, 2))
    guess = f'<line class="guess" x1="0" x2="{steps}" y1="{TOP - GUESSING:.4f}" y2="{TOP - GUESSING:.4f}"/>'
    ends = {norm: median(running_mean(run["loss"])[-1] for run in runs) for norm, runs in found.items()}
    labels = "".join(
        f'<span class="race-label {norm}" style="top:{1 - ends[norm] / TOP:.1%}">{name} <b>{share[norm]}</b></span>'
        for norm, name in NAMES.items()
    )
    ticks = "".join(f'<span class="race-tick" style="top:{1 - y / TOP:.1%}">{y}</span>' for y in (0, 1, 2))
    alt = (
        f"Training loss of a network of {NETWORK['depth']} convolutions over {steps} steps. Without batch norm it "
        f"stays at {GUESSING:.1f}, where guessing is, and {share['none']} of the test images are classified right. "
        f"With batch norm it falls to {ends['batch']:.1f}, and {share['batch']} are."
    )
    seeds = {norm: len(runs) for norm, runs in found.items()}
    chapter = course_pages.HERE.chapter("training")
    runs_link = f'<a href="{Path(chapter.file).name}.html">{chapter.name.lower()}</a>'
    return f"""<figure class="race">
<p class="race-title">One network of {NETWORK["depth"]} convolutions, with and without</p>
<div class="race-plot" role="img" aria-label="{html.escape(alt)}">
<svg viewBox="0 0 {steps} {TOP}" preserveAspectRatio="none" aria-hidden="true">{grid}{guess}
<g class="race-lines">{lines}</g></svg>
{ticks}<span class="race-guess" style="top:{1 - GUESSING / TOP:.1%}">guessing</span>{labels}
</div>
<figcaption>Training loss over {steps} steps, and the test images classified right. Fashion-MNIST,
{seeds["none"]} and {seeds["batch"]} starting points, Keras's default initialization, learning rate
{NETWORK["learning_rate"]}. With better ones the plain network learns, too: {runs_link}.</figcaption>
</figure>"""


def line(norm: str, loss: list[float]) -> str:
    """One run as a line of the picture; a diverged run ends early."""
    points = " ".join(f"{i},{TOP - min(value, TOP):.3f}" for i, value in enumerate(running_mean(loss)))
    return f'<polyline class="{norm}" points="{points}"/>'
