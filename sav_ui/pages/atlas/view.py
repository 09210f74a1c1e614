"""What the Atlas page shows of a session: plain values for the template, and the figures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from sav_core.atlas import Atlas, AtlasReport, Transfer, findings
from sav_core.figures.atlas import (
    MARGINS,
    PAIR_ROW,
    ROW,
    SHARING_HEIGHT,
    atlas_heatmap,
    atlas_size,
    between_size,
    framed_heads,
    head_order,
    names_width,
    overlap_heatmap,
    sharing_figure,
    transfer_heatmap,
    transfer_places,
)
from sav_core.figures.style import pointed_at
from sav_core.reports.atlas_page import cluster_rows, overlap_rows, transfer_rows
from sav_core.types import Head
from sav_ui.pages.atlas.pairs import SHARED, TRAVEL, heads_of, pair_places, pair_values
from sav_ui.pages.atlas.run import to_look_at, to_read
from sav_ui.pages.atlas.state import FILE, OWN, PANEL, WHERE, AtlasState, groups_of, inside_of, shown_atlas, title_of
from sav_ui.pages.shared.head_inspector import inspector
from sav_ui.pages.shared.head_words import quality
from sav_ui.panels.films import brought
from sav_ui.panels.panel import Content, content, fill
from sav_ui.panels.wording import percent, progress_bar
from sav_ui.serving.menu import choice_of
from sav_ui.session.session import Session
from sav_ui.session.work import Kind
from sav_ui.uploads.ready_tasks import ready_tasks

__all__ = ["show"]

_PAIRS = {SHARED: "atlas-overlaps", TRAVEL: "atlas-transfer"}
"""The figures of pairs, by what they are looked at for."""

_LISTED = 64  # heads of the table; the CSV has all


def show(session: Session) -> Content:
    """The atlas, or the way to one; before the page is looked at, no more than its place."""
    state = session.state(AtlasState)
    if not state.opened:
        return content(fill("atlas/closed.html", notice=session.notice_at(WHERE)))
    report = shown_atlas(session)
    common = {
        "notice": session.notice_at(WHERE),
        "model": choice_of(state.model).title,
        "progress": _progress(session),
        "busy": session.work.busy,
        "to_read": None if state.ready(state.model) else brought(e.images for task in ready_tasks() for e in task.support),
        "refused": state.refused(state.model),
        "other": state.other,
        "own": any(row.name == OWN for row in state.rows),
    }
    if report is None:
        return content(fill("atlas/empty.html", **common))
    parts = session.memo(
        "atlas parts",
        (report, state.by_cluster, session.project.title, session.project.name),
        lambda: _parts(session, report),
    )
    cell, pair, inside = _cell(session, report), _pair(session, report), inside_of(session)
    looked_into = None if inside is None else inspector(session, inside)
    html = fill(
        "atlas/atlas.html",
        **common,
        **parts["values"],
        tried=state.tried is not None and state.tried.fit is session.current_fit,
        cell=cell,
        at=_at(report, state, cell),
        pair=pair,
        pair_at=_pair_at(report, state, pair),
        inspector=looked_into,
    )
    figures = {**parts["figures"], "atlas": _pointing(parts["figures"]["atlas"], report, state, pair)}
    figures |= _chosen(parts["figures"], report, state, pair)
    figures |= {} if looked_into is None else looked_into["figures"]
    pieces = [] if looked_into is None else looked_into["pieces"]
    return content(html, figures, next_run=_asks(session), saved=session.download_at(PANEL), pieces=pieces)


def _asks(session: Session) -> bool:
    return (to_read(session) is not None or to_look_at(session) is not None) and not session.work.busy


def _progress(session: Session) -> dict[str, Any] | None:
    task = session.work.at(Kind.READ_TASKS, Kind.TRY_HEADS)
    if task is None:
        return None
    place = session.work.place_of(task)
    if task.kind is Kind.TRY_HEADS:
        return progress_bar(None, "", doing="Trying heads", place=place)
    return progress_bar(task.progress, "examples", doing="Showing the model", rate=True, place=place)


def _parts(session: Session, report: AtlasReport) -> dict[str, Any]:
    """All that stays the same from cell to cell."""
    atlas, state = report.atlas, session.state(AtlasState)
    names = {name: title_of(session, name) for name in atlas.names}
    titles, groups = list(names.values()), groups_of(state, report)
    figures = {"atlas": atlas_heatmap(atlas, titles, groups=groups)}
    if report.overlaps:
        figures |= {
            "atlas-overlaps": overlap_heatmap(report.overlaps, titles),
            "atlas-sharing": sharing_figure(report.sharing),
        }
    if report.transfer is not None:
        figures["atlas-transfer"] = transfer_heatmap(report.transfer, names)
    values = {
        "said": findings(report, names),
        "rows": len(atlas.rows),
        "columns": atlas.shape[0] * atlas.shape[1],
        "sheets": _sheets(report, names),
        "sharing_height": SHARING_HEIGHT,
        "by_cluster": bool(groups),
        "tasks": _tasks(atlas, names),
        "heads": _heads(report),
        "overlaps": overlap_rows(report, titles),
        "clusters": [] if report.clusters is None else cluster_rows(report.clusters, titles),
        "transfer": [] if report.transfer is None else transfer_rows(report, names),
        "alone": _alone(report, titles),
    }
    return {"values": values, "figures": {name: str(figure.to_json()) for name, figure in figures.items()}}


def _sheets(report: AtlasReport, names: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Where each figure whose rows are tasks names them."""
    atlas, titles = report.atlas, list(names.values())
    sheets = {"atlas": _sheet(titles, atlas.shape[0] * atlas.shape[1], atlas_size(atlas), ROW)}
    sheets["overlaps"] = _pair_sheet(titles, titles, titles)
    if report.transfer is not None:
        sheets["transfer"] = _pair_sheet(titles, *_moved(report.transfer, names))
    return sheets


def _sheet(
    titles: Sequence[str], columns: int, size: tuple[int, int], row: int, numbers: Sequence[int] = ()
) -> dict[str, Any]:
    """Where the rows of a figure are named beside it."""
    width, height = size
    return {
        "names": [{"title": title, "number": number} for title, number in zip_longest(titles, numbers)],
        "left": names_width(titles, numbered=bool(numbers)),
        "top": MARGINS["top"],
        "row": row,
        "width": width,
        "height": height,
        "rows": len(titles),
        "columns": columns,
    }


def _pair_sheet(every: Sequence[str], rows: Sequence[str], columns: Sequence[str]) -> dict[str, Any]:
    """The same of tasks by tasks, which have the numbers of the atlas's rows."""
    numbers = [every.index(title) + 1 for title in rows]
    return _sheet(rows, len(columns), between_size(len(rows), len(columns)), PAIR_ROW, numbers)


def _moved(found: Transfer, names: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The titles of a transfer's rows and of its columns."""
    rows, columns = transfer_places(found, list(names))
    return [names[name] for name in rows], [names[name] for name in columns]


def _tasks(atlas: Atlas, names: dict[str, str]) -> list[dict[str, Any]]:
    """Each row in numbers."""
    return [
        {
            "name": row.name,
            "title": names[row.name],
            "labels": len(row.labels),
            "n": row.n,
            "counted": row.counted,
            "chance": percent(row.chance),
            "best": {"name": str(row.best), "layer": row.best.layer, "index": row.best.index},
            "right": int(row.correct[row.best.layer, row.best.index]),
            "kept": len(row.kept),
        }
        for row in atlas.rows
    ]


def _heads(report: AtlasReport) -> list[dict[str, Any]]:
    """The heads that know most over all tasks, each with its count on every one."""
    atlas = report.atlas
    mean = np.nanmean(atlas.skill, axis=0)
    order = np.argsort(-mean, axis=None, kind="stable")[:_LISTED]
    lines = []
    for place in order:
        head = Head(*divmod(int(place), atlas.shape[1]))
        cells = [
            {"right": int(row.correct[head.layer, head.index]), "kept": head in row.kept}
            if head.layer < len(row.correct)
            else None
            for row in atlas.rows
        ]
        kept_by = int(report.sharing.kept_by[head.layer, head.index])
        lines.append({"name": str(head), "layer": head.layer, "index": head.index, "kept_by": kept_by, "cells": cells})
    return lines


def _alone(report: AtlasReport, titles: list[str]) -> list[dict[str, Any]]:
    """The heads that one task alone keeps, by task."""
    if len(titles) < 2:
        return []
    return [
        {"title": title, "heads": [str(head) for head in own]}
        for title, own in zip(titles, report.sharing.alone, strict=True)
        if own
    ]


def _at(report: AtlasReport, state: AtlasState, cell: dict[str, Any] | None) -> str:
    """Column and row of the cell that is looked at."""
    if cell is None or state.cell is None:
        return ""
    columns, _ = head_order(report.atlas, groups_of(state, report))
    return f"{columns.index(state.cell[1])} {report.atlas.names.index(state.cell[0])}"


def _pointing(drawn: str, report: AtlasReport, state: AtlasState, pair: dict[str, Any] | None) -> str:
    """The figure with the heads of a pair framed and the cell that is looked at pointed at."""
    names, shapes = report.atlas.names, []
    columns, _ = head_order(report.atlas, groups_of(state, report))
    if pair is not None and state.pair is not None:
        rows = sorted({names.index(state.pair.first), names.index(state.pair.second)})
        shapes += framed_heads(rows, heads_of(report, state.pair), columns)
    if state.cell is not None and state.cell[0] in names:
        at = Head(names.index(state.cell[0]), columns.index(state.cell[1]))
        shapes += pointed_at([at], len(columns))
    return _with_shapes(drawn, shapes) if shapes else drawn


def _chosen(
    drawn: Mapping[str, str], report: AtlasReport, state: AtlasState, pair: dict[str, Any] | None
) -> dict[str, str]:
    """The figure of pairs with the cell pointed at that was chosen in it."""
    if pair is None or state.pair is None:
        return {}
    name = _PAIRS[state.pair.kind]
    rows, columns = pair_places(report, state.pair.kind)
    at = Head(rows.index(state.pair.first), columns.index(state.pair.second))
    return {name: _with_shapes(drawn[name], pointed_at([at]))}


def _with_shapes(drawn: str, shapes: Sequence[Mapping[str, Any]]) -> str:
    """A figure with more shapes on it: to draw all of it anew would take longer."""
    figure = json.loads(drawn)
    figure["layout"]["shapes"] = [*figure["layout"].get("shapes", ()), *shapes]
    return json.dumps(figure)


def _pair(session: Session, report: AtlasReport) -> dict[str, Any] | None:
    """The two tasks whose heads are compared."""
    pair = session.state(AtlasState).pair
    if pair is None or not {pair.first, pair.second} <= set(report.atlas.names):
        return None
    return pair_values(report, pair, {name: title_of(session, name) for name in report.atlas.names})


def _pair_at(report: AtlasReport, state: AtlasState, pair: dict[str, Any] | None) -> dict[str, str]:
    """Column and row of the chosen pair, by the kind of its figure."""
    at = {SHARED: "", TRAVEL: ""}
    if pair is not None and state.pair is not None:
        rows, columns = pair_places(report, state.pair.kind)
        at[state.pair.kind] = f"{columns.index(state.pair.second)} {rows.index(state.pair.first)}"
    return at


def _cell(session: Session, report: AtlasReport) -> dict[str, Any] | None:
    """The head that is looked at on its task: how well it knows that and the others."""
    state = session.state(AtlasState)
    row = None if state.cell is None else next((row for row in report.atlas.rows if row.name == state.cell[0]), None)
    if row is None or state.cell is None:
        return None
    head = state.cell[1]
    right, whose = int(row.correct[head.layer, head.index]), "your" if row.name == OWN else "the task’s"
    return {
        "title": title_of(session, row.name),
        "head": str(head),
        "kept": head in row.kept,
        "rank": row.kept.index(head) + 1 if head in row.kept else 0,
        "votes": len(row.kept),
        "words": quality(right, row.n, row.chance, whose=whose) if row.left_out else "",
        "trained": f"{right} of {row.n}",
        "file": row.name == FILE,
        "everywhere": _everywhere(session, report, head),
    }


def _everywhere(session: Session, report: AtlasReport, head: Head) -> list[dict[str, Any]]:
    """The head on every task, best known first."""
    lines = [
        {
            "name": row.name,
            "title": title_of(session, row.name),
            "right": int(row.correct[head.layer, head.index]),
            "n": row.n,
            "skill": max(0.0, float(row.skill[head.layer, head.index])),
            "kept": head in row.kept,
            "left_out": row.left_out,
        }
        for row in report.atlas.rows
        if head.layer < len(row.correct)
    ]
    return sorted(lines, key=lambda line: -line["skill"])
