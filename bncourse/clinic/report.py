"""What an examination has found, and how it is shown: as text, as HTML in a notebook, as JSON."""

import html
import json
import textwrap
from dataclasses import asdict, dataclass, field

#: What each code means, and the chapter of the course that explains it.
CODES = {
    "never-updated": ("moving statistics that no training step has moved", "layer"),
    "stale": ("moving statistics that do not fit the data", "inference"),
    "not-finite": ("NaN, infinity or a negative variance", "layer"),
    "low-variance": ("inputs so small that epsilon decides", "forward"),
    "dead": ("channels that carry nothing", "forward"),
    "axis": ("statistics of another axis than the channels'", "layer"),
    "bias": ("a bias that the normalization takes away again", "layer"),
    "frozen": ("frozen statistics of other data", "layer"),
    "dropout": ("dropout shifts the variance behind it", "small_batches"),
    "batch-dependent": ("the result for one image depends on the others in its batch", "layer"),
    "small-batch": ("batches too small for statistics", "small_batches"),
    "momentum": ("a memory too short or too long", "inference"),
    "half": ("too few digits, or too small a range", "layer"),
}


@dataclass(frozen=True)
class Finding:
    """One thing found in one layer.

    Args:
        code: one of `CODES`.
        layer: the layer's name, with the names of nested models before it: "backbone/bn_1".
        severity: "fault", or "note" for what costs something and harms nothing.
        evidence: what was measured, a sentence with numbers.
        cure: code or a sentence that mends it.
    """

    code: str
    layer: str
    severity: str
    evidence: str
    cure: str

    @property
    def chapter(self) -> str:
        """The slug of the chapter that explains it."""
        return CODES[self.code][1]


@dataclass(frozen=True)
class Report:
    """All findings about one model, faults first, and what was looked at.

    Args:
        findings: a tuple of `Finding`.
        examined: what was looked at, one sentence each: how many layers, how many images, two accuracies.
        skipped: what could not be looked at and why, one sentence each.
    """

    findings: tuple[Finding, ...]
    examined: tuple[str, ...] = field(default=())
    skipped: tuple[str, ...] = field(default=())

    @property
    def faults(self) -> tuple[Finding, ...]:
        """The findings that are no mere notes."""
        return tuple(finding for finding in self.findings if finding.severity == "fault")

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the faults, each once, in the order of the report."""
        return tuple(dict.fromkeys(finding.code for finding in self.faults))

    @property
    def verdict(self) -> str:
        """The report in one line."""
        notes = len(self.findings) - len(self.faults)
        faults = f"{_count(len(self.faults), 'fault')}: {', '.join(self.codes)}" if self.faults else "no fault found"
        return faults + (f"; {_count(notes, 'note')}" if notes else "")

    def to_json(self) -> str:
        """The report as a JSON object: verdict, findings with their chapters, what was examined, what was skipped."""
        findings = [{**asdict(finding), "chapter": finding.chapter} for finding in self.findings]
        content = {"verdict": self.verdict, "findings": findings}
        return json.dumps({**content, "examined": self.examined, "skipped": self.skipped}, indent=2)

    def __str__(self) -> str:
        lines = [self.verdict, *(f"  {line}" for line in self.examined)]
        for first, layers in self._groups():
            meaning, chapter = CODES[first.code]
            lines += ["", f"{first.severity} {first.code} · {_names(layers)}"]
            for label, text in (("what", f"{meaning} (chapter `{chapter}`)"), ("seen", first.evidence)):
                lines += textwrap.wrap(f"{label}: {text}", 88, initial_indent="  ", subsequent_indent="        ")
            lines += ["  cure: " + first.cure.replace("\n", "\n        ")]
        return "\n".join([*lines, *(f"\nnot looked at: {line}" for line in self.skipped)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        cell = '<td style="text-align:left;vertical-align:top">{}</td>'
        rows = []
        for first, layers in self._groups():
            meaning, chapter = CODES[first.code]
            about = f"{html.escape(meaning)}. {html.escape(first.evidence)} <i>(chapter {chapter})</i>"
            cure = f'<pre style="white-space:pre-wrap">{html.escape(first.cure)}</pre>'
            code = f"<b>{first.code}</b><br>{first.severity}"
            rows.append("<tr>" + "".join(map(cell.format, (code, html.escape(_names(layers)), about, cure))) + "</tr>")
        head = "".join(f'<th scope="col">{name}</th>' for name in ("code", "layer", "evidence", "cure"))
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>" if rows else ""
        notes = [*self.examined, *(f"Not looked at: {line}" for line in self.skipped)]
        small = "".join(f"<div><small>{html.escape(line)}</small></div>" for line in notes)
        return f"<div><b>{html.escape(self.verdict)}</b>{small}<div style='overflow-x:auto'>{table}</div></div>"

    def _groups(self):
        """The first finding of each code and severity, with the layers of all of them."""
        groups = {}
        for finding in self.findings:
            groups.setdefault((finding.code, finding.severity), []).append(finding)
        for findings in groups.values():
            yield findings[0], [finding.layer for finding in findings]


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _names(layers: list[str], most: int = 3) -> str:
    """The names of the layers, at most some of them."""
    more = len(layers) - most
    return ", ".join(layers[:most]) + (f" and {more} more" if more > 0 else "")
