"""A measurement as one HTML page that opens anywhere: figures and plotly.js are in it, and it needs no network.

as_html(found, about)       # about is what was measured, such as {"model": ..., "heads": 20, "date": ...}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from html import escape
from typing import Any

from plotly.offline import get_plotlyjs

from sav_core.evaluation.baselines import Control
from sav_core.reports.measure import Measurement
from sav_core.reports.tables import figures
from sav_core.reports.wording import FIGURES, VALUES, WAYS, named

__all__ = ["as_html"]


def as_html(found: Measurement, about: Mapping[str, Any]) -> str:
    """Return the whole report as one page: its figures are alive and nothing is fetched."""
    low, high = found.evaluation.interval
    title = str(about.get("title") or "Measurement")
    told = {"date": date.today().isoformat(), **about}
    drawn = {
        name: figure.to_html(full_html=False, include_plotlyjs=False, config={"displayModeBar": False})
        for name, figure in figures(found, about.get("heads")).items()
    }
    settings = [
        [named(name), VALUES.get(str(value), value)]
        for name, value in told.items()
        if name != "title" and value not in ("", None)
    ]
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="lead"><strong>{found.evaluation.accuracy:.1%}</strong> of {found.evaluation.n} right; '
        f"95 % interval {low:.1%} to {high:.1%}; macro F1 {found.evaluation.macro_f1:.2f}; always the commonest label "
        f"{found.chance:.1%}.</p>",
        _html_table([], settings),
        *_section("Instead of the kept heads", "controls", drawn, _ways(found.ways, found.comparisons, found.refused)),
        *_section("What is taken for what", "confusion", drawn, _confusion(found)),
        *_section("More or fewer heads", "by_heads", drawn),
        *_section("More or fewer examples", "by_shots", drawn),
        *_section("Voting rules", "rules", drawn, _ways(found.rules, found.rule_comparisons, found.rules_refused)),
        *_section("Is confidence true?", "calibration", drawn, _trust(found)),
        *_section("What withholding doubtful answers buys", "selective", drawn, _withheld(found)),
        *_section("Telling what was never taught", "doubt", drawn, _doubt(found)),
        *_section("Every answer", "every", drawn, _every(found)),
    ]
    return _PAGE.format(title=escape(title), script=get_plotlyjs(), body="\n".join(parts))


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ max-width: 900px; margin: 32px auto; padding: 0 16px }}
body {{ color: #1b1f27; background: #fff; font: 15px/1.5 system-ui, sans-serif }}
h1 {{ font-size: 26px }} h2 {{ margin-top: 40px; font-size: 19px }} .lead strong {{ font-size: 34px }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums }}
td, th {{ padding: 3px 12px 3px 0; border-bottom: 1px solid #ddd8cd; text-align: left }}
.scroll {{ overflow-x: auto; margin-top: 16px }} .plot {{ max-width: 640px }}
</style>
<script>{script}</script></head>
<body>
{body}
</body></html>
"""


def _section(title: str, name: str, drawn: Mapping[str, str], rest: str = "") -> Iterator[str]:
    """A heading, what the figure shows, the figure, and what else there is to it; nothing where there is neither."""
    if name not in drawn and not rest:
        return
    yield f"<h2>{escape(title)}</h2>"
    if name in FIGURES and (name in drawn or name == "confusion"):
        yield f"<p>{escape(FIGURES[name])}</p>"
    if name in drawn:
        yield f'<div class="plot">{drawn[name]}</div>'
    yield rest


def _ways(ways: Sequence[Control], comparisons: Mapping[str, Any], refused: Mapping[str, str]) -> str:
    lines = []
    for way in ways:
        beside, (low, high) = comparisons.get(way.name), way.interval
        points = "" if beside is None else f"{100 * beside.difference:+.1f}"
        span = "" if beside is None else f"{100 * beside.interval[0]:+.1f} to {100 * beside.interval[1]:+.1f}"
        p = "" if beside is None else f"{beside.p:.2g}"
        shown = [named(way.name), f"{way.accuracy:.1%}", f"{low:.1%} to {high:.1%}", points, span, p]
        lines.append(shown)
    head = ["way to answer", "accuracy", "95 % interval", "kept heads better by (points)", "95 % interval", "p (McNemar)"]
    not_judged = (f"<p>{escape(named(name))}: not judged; {escape(why)}</p>" for name, why in refused.items())
    how = [[named(way.name), WAYS[way.name]] for way in ways if way.name in WAYS]  # apart, for a phone has no room beside
    return _html_table(head, lines) + "".join(not_judged) + _html_table(["way to answer", "how it answers"], how)


def _confusion(found: Measurement) -> str:
    labels, counts, share = found.evaluation.labels, found.evaluation.confusion, found.evaluation.per_label
    rows = [
        [label, *map(int, counts[row]), f"{share[label]:.1%} of {counts[row].sum()}" if label in share else "none to judge"]
        for row, label in enumerate(labels)
    ]
    return _html_table(["label", *(f"as {label}" for label in labels), "right"], rows)


def _trust(found: Measurement) -> str:
    if found.trust is None:
        return f"<p>Not judged: {escape(found.untrusted)}</p>"
    trust = found.trust
    return (
        f"<p>Temperature {trust.temperature:.2f}; expected calibration error {trust.diagram.expected_error:.1%}, "
        f"{trust.raw.expected_error:.1%} for the share of the vote as it is; on the support, each example left out, "
        f"{trust.left_out_accuracy:.1%} of {trust.left_out_n} right.</p>"
    )


def _withheld(found: Measurement) -> str:
    if found.trust is None:
        return ""
    threshold = found.trust.selective.threshold_for(0.95)
    enough = (
        "No threshold makes 95 % of the answers right."
        if threshold is None
        else f"From confidence {threshold:.2f} on, 95 % or more are right."
    )
    return f"<p>{enough}</p>"


def _doubt(found: Measurement) -> str:
    if found.doubt is None:
        return ""
    others = "1 example" if found.foreign == 1 else f"{found.foreign} examples"
    return (
        f"<p>Told apart: {found.evaluation.n} examples of taught labels and {others} of labels that were not taught; "
        f"area {found.doubt.area:.3f}.</p>"
    )


def _every(found: Measurement) -> str:
    rows = [
        [name, truth, answer, "yes" if truth == answer else "no", f"{share:.0%}"]
        for name, truth, answer, share in zip(found.names, found.truth, found.answers, found.confidence, strict=True)
    ]
    return _html_table(["image", "label", "answer", "right", "share of the vote"], rows)


def _html_table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    lines = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f'<div class="scroll"><table>{f"<thead><tr>{top}</tr></thead>" if top else ""}<tbody>{lines}</tbody></table></div>'
    )
