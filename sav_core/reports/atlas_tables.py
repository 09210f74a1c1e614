"""An atlas as two tables: every head on every task, and every two tasks.

as_cells(report)            # CSV, a line for each task and head
as_pairs(report)            # CSV, a line for each ordered pair of tasks: overlap, and how heads of one do on the other
"""

from __future__ import annotations

from typing import Any

from sav_core.atlas.overlap import Overlap
from sav_core.atlas.transfer import Transferred, TransferTo
from sav_core.atlas.values import AtlasReport
from sav_core.reports.tables import as_table, plain
from sav_core.types import Head

__all__ = ["as_cells", "as_pairs"]

_CELLS = (
    "task",
    "head",
    "layer",
    "index",
    "right",
    "n",
    "counted",
    "accuracy",
    "guessing",
    "skill",
    "rank",
    "kept by tasks",
)
_PAIRS = (
    *("heads of", "on", "shared", "by chance", "p", "q", "by chance in the same layers", "p in the same layers"),
    *("q in the same layers", "accuracy", "low", "high", "n", "own heads", "random heads", "random draws as good"),
)


def as_cells(report: AtlasReport) -> str:
    """Return a CSV with a line for each task and head; ``rank`` is that of a head that votes."""
    lines: list[list[Any]] = []
    for row in report.atlas.rows:
        ranks = {head: rank for rank, head in enumerate(row.kept, start=1)}
        accuracy, skill = row.accuracy, row.skill
        for (layer, index), right in _each(row.correct):
            at, head = (layer, index), Head(layer, index)
            counts = [int(right), row.n, row.counted, f"{accuracy[at]:.6g}", f"{row.chance:.6g}", f"{skill[at]:.6g}"]
            by = int(report.sharing.kept_by[at])
            lines.append([plain(row.name), str(head), layer, index, *counts, ranks.get(head, ""), by])
    return as_table(_CELLS, lines)


def as_pairs(report: AtlasReport) -> str:
    """Return a CSV with a line for each ordered pair of tasks."""
    names = report.atlas.names
    shared = {frozenset((names[each.first], names[each.second])): each for each in report.overlaps}
    targets = {} if report.transfer is None else {each.target: each for each in report.transfer.targets}
    lines = []
    for source in names:
        for target in names:
            if source == target:
                continue
            to = targets.get(target)
            found = None if to is None else next((each for each in to.sources if each.source == source), None)
            overlap = _overlap(shared[frozenset((source, target))])
            lines.append([plain(source), plain(target), *overlap, *_accuracy(to, found)])
    return as_table(_PAIRS, lines)


def _each(correct: Any) -> list[tuple[tuple[int, int], Any]]:
    return [((layer, index), right) for layer, line in enumerate(correct) for index, right in enumerate(line)]


def _overlap(each: Overlap) -> list[Any]:
    numbers = (each.expected, each.p, each.q, each.expected_by_layer, each.p_by_layer, each.q_by_layer)
    return [len(each.shared), *(f"{number:.6g}" for number in numbers)]


def _accuracy(to: TransferTo | None, found: Transferred | None) -> list[Any]:
    if to is None or found is None:
        return [""] * 7
    shares = (f"{share:.6g}" for share in (found.accuracy, *found.interval))
    return [*shares, to.n, f"{to.own:.6g}", f"{to.random:.6g}", f"{found.random_as_good:.6g}"]
