"""Two tasks of the atlas beside each other: heads that both keep, or those of one on the other, with their counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sav_core.atlas import AtlasReport, Overlap, TaskRow
from sav_core.figures.atlas import transfer_places
from sav_core.types import Head
from sav_core.wording import percent, percent_range
from sav_ui.panels.wording import counted

__all__ = ["SHARED", "TRAVEL", "Pair", "heads_of", "pair_at", "pair_places", "pair_values"]

SHARED, TRAVEL = "shared", "travel"
"""What a pair is looked at for: the heads that both tasks keep, or how heads of one do on the other."""


@dataclass(frozen=True)
class Pair:
    """Two tasks, by the names of their rows.

    Attributes:
        kind: ``SHARED`` or ``TRAVEL``.
        first: the row of the figure; of ``TRAVEL`` the task that is answered.
        second: its column; of ``TRAVEL`` the task that the heads were found on.
    """

    kind: str
    first: str
    second: str


def pair_at(report: AtlasReport, kind: str, row: int, column: int) -> Pair | None:
    """The pair of a cell of the figure; ``None`` where it has no such cell."""
    rows, columns = pair_places(report, kind)
    if not (0 <= row < len(rows) and 0 <= column < len(columns)):
        return None
    return Pair(kind, rows[row], columns[column])


def pair_places(report: AtlasReport, kind: str) -> tuple[list[str], list[str]]:
    """The names of the rows and columns of the figure of such pairs."""
    names = list(report.atlas.names)
    if kind == SHARED:
        return names, names
    return ([], []) if report.transfer is None else transfer_places(report.transfer, names)


def heads_of(report: AtlasReport, pair: Pair) -> tuple[Head, ...]:
    """The heads that a pair is about: those that both keep, or those of the second, its best first."""
    rows = {row.name: row for row in report.atlas.rows}
    first, second = rows[pair.first], rows[pair.second]
    if pair.kind == TRAVEL:
        return second.kept
    return tuple(head for head in first.kept if head in second.kept)


def pair_values(report: AtlasReport, pair: Pair, names: Mapping[str, str]) -> dict[str, Any]:
    """What is said of a pair, and each of its heads with its counts on both tasks.

    Args:
        report: the atlas, which has both rows.
        pair: the two tasks.
        names: of tasks as they are shown.
    """
    rows = {row.name: row for row in report.atlas.rows}
    first, second, heads = rows[pair.first], rows[pair.second], heads_of(report, pair)
    both = [first] if pair.first == pair.second else [first, second]
    return {
        "kind": pair.kind,
        "words": _travelled(report, pair, names) if pair.kind == TRAVEL else _shared(report, pair, heads, names),
        "framed": _framed(pair, heads, names),
        "tasks": [{"title": names[row.name], "n": row.n} for row in both],
        "heads": [
            {
                "name": str(head),
                "layer": head.layer,
                "index": head.index,
                "task": first.name if head.layer < len(first.correct) else second.name,
                "cells": [_cell(row, head) for row in both],
            }
            for head in heads
        ],
    }


def _cell(row: TaskRow, head: Head) -> dict[str, Any]:
    """What a head gets right on a task, and its rank where it votes; a task that was not read so deep says nothing."""
    there = head.layer < len(row.correct)
    return {
        "right": int(row.correct[head.layer, head.index]) if there else "–",
        "rank": row.kept.index(head) + 1 if head in row.kept else "",
    }


def _framed(pair: Pair, heads: tuple[Head, ...], names: Mapping[str, str]) -> str:
    """What is framed in the atlas, as a sentence; empty where nothing is."""
    if not heads:
        return ""
    if pair.first == pair.second:
        return f"Framed: the {counted(len(heads), 'head')} of “{names[pair.second]}”."
    if pair.kind == TRAVEL:
        rows = f"on its own row and on that of “{names[pair.first]}”"
        return f"Framed: the {counted(len(heads), 'head')} of “{names[pair.second]}”, {rows}."
    which = f"the {len(heads)} heads" if len(heads) > 1 else "the one head"
    return f"Framed: {which} that “{names[pair.first]}” and “{names[pair.second]}” both keep."


def _shared(report: AtlasReport, pair: Pair, heads: tuple[Head, ...], names: Mapping[str, str]) -> str:
    one, other = names[pair.first], names[pair.second]
    if pair.first == pair.second:
        return f"“{one}” keeps {counted(len(heads), 'head')}; a task shares all of its own."
    found = _overlap(report, pair)
    return (
        f"“{one}” and “{other}” share {counted(len(heads), 'head')} of the {found.kept[0]} and {found.kept[1]} that they "
        f"keep; chance would give {found.expected:.1f} (p {found.p:.2g}, q {found.q:.2g}), and "
        f"{found.expected_by_layer:.1f} drawn in the same layers (p {found.p_by_layer:.2g}, q {found.q_by_layer:.2g})."
    )


def _overlap(report: AtlasReport, pair: Pair) -> Overlap:
    wanted, names = {pair.first, pair.second}, report.atlas.names
    return next(each for each in report.overlaps if {names[each.first], names[each.second]} == wanted)


def _travelled(report: AtlasReport, pair: Pair, names: Mapping[str, str]) -> str:
    assert report.transfer is not None
    target = next(each for each in report.transfer.targets if each.target == pair.first)
    found = next((each for each in target.sources if each.source == pair.second), None)
    how = ", each left out" if target.left_out else ""
    about = f"Of the {target.n} examples of “{names[target.target]}”{how}, "
    own = f"its own {_right(target.heads, '', target.own, target.own_interval, target.n)}"
    low_high = percent_range(target.random_interval)
    random = f"as many at random {percent(target.random)} in the mean ({low_high} in 95 % of the draws)."
    if found is None:
        return f"{about}{own}; {random}"
    of = f" of “{names[found.source]}”"
    theirs = f"the {_right(found.heads, of, found.accuracy, found.interval, target.n)}"
    return f"{about}{theirs}; {own}; {random} {percent(found.random_as_good)} of the draws do as well as these."


def _right(heads: int, of: str, accuracy: float, interval: tuple[float, float], n: int) -> str:
    """How many of so many examples some heads get right."""
    share = f"{round(accuracy * n)} right, {percent(accuracy)} (95 % interval: {percent_range(interval)})"
    return f"{counted(heads, 'head')}{of} {'gets' if heads == 1 else 'get'} {share}"
