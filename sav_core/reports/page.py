"""A measurement as one HTML page that opens anywhere: figures and plotly.js are in it, and it needs no network.

It has at most a megabyte, whatever was measured, for it is meant to be sent: what is left out for that is counted in it.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sav_core.evaluation.metrics import MOST_IN_A_TABLE, worst_confusions
from sav_core.figures.heads import head_heatmap
from sav_core.figures.style import elided
from sav_core.reports.figures import figures
from sav_core.reports.live_figures import as_script, packed_plotly
from sav_core.reports.measurement import Compared, Measurement
from sav_core.reports.thumbnails import thumbnails
from sav_core.reports.wording import COSTS, SECTIONS, VALUES, explained, named, told_costs
from sav_core.types import HeadScores
from sav_core.wording import percent, percent_range, unbroken_percent

__all__ = ["as_html"]

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,  # labels and names are anybody's
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters["percent"] = unbroken_percent
_TEMPLATES.filters["elided"] = elided

_LISTED = 64  # heads of the table; the map shows the rest
_ANSWERS = 500  # rows of the table of answers
_NAMED = 60  # reasons why something was left out
_LETTERS = 980_000  # of the page


def as_html(found: Measurement) -> str:
    """Return the whole report as one page: its figures are alive and nothing is fetched."""
    low, high = found.evaluation.interval
    drawn = {name: figure.to_plotly_json() for name, figure in figures(found).items()}
    if found.scores is not None:
        drawn["map"] = head_heatmap(found.scores, found.heads).to_plotly_json()
    about = {name: value for name, value in asdict(found.about).items() if name != "title" and value not in ("", 0)}
    rows = _rows(found)
    many = len(found.evaluation.labels) > MOST_IN_A_TABLE
    values = {
        "plotly": packed_plotly(),
        "title": found.about.title or "Measurement",
        "settings": [(named(name), VALUES.get(str(value), value)) for name, value in about.items()],
        "found": found,
        "low": low,
        "high": high,
        "sections": SECTIONS,
        "drawn": {name: figure["layout"].get("height", 360) for name, figure in drawn.items()},
        "figures": as_script(drawn),
        "heads": None if found.scores is None else _heads(found, found.scores),
        "worst": worst_confusions(found.evaluation.labels, found.evaluation.confusion) if many else None,
        "rows": rows,
        "baselines": None if found.baselines is None else _compared(found.beside),
        "rules": None if found.rules is None else _compared(found.rules),
        "reasons": [each.reason for each in found.skipped[:_NAMED]],
    }
    page = _TEMPLATES.get_template("page.html.jinja")
    pictures = [found.pictures[row] for row in rows] if found.pictures else []
    room = _LETTERS - len(page.render(values, thumbnails=[""] * len(pictures)).encode())
    return page.render(values, thumbnails=thumbnails(pictures, room))


def _rows(found: Measurement) -> list[int]:
    """The answers that are listed: all, or the wrong ones before the right ones."""
    rows = list(range(len(found.names)))
    return rows if len(rows) <= _ANSWERS else sorted(rows, key=found.right.__getitem__)[:_ANSWERS]


def _heads(found: Measurement, scores: HeadScores) -> dict[str, Any]:
    """The heads that vote, best first, as rows of a table, and how many there are."""
    ranks = {head: rank for rank, head in enumerate(scores.ranking, start=1)}
    rows = [
        (
            ranks[head],
            str(head),
            f"{scores.correct[head.layer, head.index]} of {scores.scored}",
            percent(scores.accuracy[head.layer, head.index], 1),
            f"{scores.margin[head.layer, head.index]:.4f}",
        )
        for head in found.heads[:_LISTED]
    ]
    return {"rows": rows, "more": len(found.heads[_LISTED:]), "all": len(scores.ranking), "kept": len(found.heads)}


def _compared(part: Compared) -> dict[str, Any]:
    """Rows of a table, what is not in it, and how each way answers."""
    rows, costs = [], any(each.cost is not None for each in part.judged)
    for each in part.judged:
        beside, (low, high) = part.comparisons.get(each.name), each.interval
        row = [named(each.name), percent(each.accuracy, 1), percent_range((low, high), 1)]
        if beside is None:
            row += ["", "", ""]
        else:
            low, high = beside.interval
            row += [f"{100 * beside.difference:+.1f}", f"{100 * low:+.1f} to {100 * high:+.1f}", f"{beside.p:.2g}"]
        rows.append([*row, *(told_costs(each.cost) if costs else ())])
    return {
        "rows": rows,
        "costs": list(COSTS) if costs else [],
        "refused": [(named(name), why) for name, why in part.refused.items()],
        "how": [(named(each.name), explained(each)) for each in part.judged if explained(each)],
    }
