"""What a visitor does on the Atlas page, by the name of the action."""

from __future__ import annotations

import json
from collections.abc import Callable

from sav_core.atlas import atlas_values
from sav_core.figures.atlas import head_order
from sav_core.types import Head
from sav_ui.host.dispatch import Action, Actions, Steps, dispatch
from sav_ui.pages.atlas.pairs import SHARED, TRAVEL, pair_at
from sav_ui.pages.atlas.state import PANEL, AtlasState, groups_of, inside_of, shown_atlas, title_of
from sav_ui.pages.shared.actions import WORK, inspecting
from sav_ui.panels.downloads import made_file
from sav_ui.serving.menu import choice_of
from sav_ui.session.context import Context, Data
from sav_ui.session.work import Kind, NotYetError

__all__ = ["ACTIONS", "FILES", "act"]

FILES = {"cells": "atlas-heads.csv", "pairs": "atlas-pairs.csv", "json": "atlas.json", "html": "atlas.html"}
"""What can be downloaded, and what it is called."""


def act(context: Context, data: Data) -> None:
    """Do what was asked for."""
    dispatch(ACTIONS, context, data)


def _refresh(context: Context, data: Data) -> None:
    """The page has come into view: show it as things are now."""
    context.session.state(AtlasState).look(context.session, context.models)


def _head(context: Context, data: Data) -> None:
    """Look at a head on a task: by a cell of the figure, or by its name on the task named or looked into."""
    session, report = context.session, shown_atlas(context.session)
    state = session.state(AtlasState)
    if report is None:
        return
    rows = {row.name: row for row in report.atlas.rows}
    if "layer" in data:
        name, head = str(data.get("task", state.task)), Head(int(data["layer"]), int(data["index"]))
    else:
        columns, _ = head_order(report.atlas, groups_of(state, report))
        row, column = int(data["y"]), int(data["x"])
        if not (0 <= row < len(rows) and 0 <= column < len(columns)):
            return
        name, head = report.atlas.names[row], columns[column]
    layers, heads = rows[name].correct.shape if name in rows else (0, 0)
    if 0 <= head.layer < layers and 0 <= head.index < heads:
        state.open(name, head)


def _close_head(context: Context, data: Data) -> None:
    context.session.state(AtlasState).close()


def _pair(kind: str) -> Action:
    def choose(context: Context, data: Data) -> None:
        """Compare the heads of two tasks, by a cell of a figure of pairs."""
        session, report = context.session, shown_atlas(context.session)
        chosen = None if report is None else pair_at(report, kind, int(data["y"]), int(data["x"]))
        if chosen is not None:
            session.state(AtlasState).pair = chosen

    return choose


def _close_pair(context: Context, data: Data) -> None:
    context.session.state(AtlasState).pair = None


def _order(context: Context, data: Data) -> None:
    """Have heads stand by layers or by clusters."""
    context.session.state(AtlasState).by_cluster = data.get("by") == "clusters"


def _cancel(context: Context, data: Data) -> None:
    """Stop what is read; a cell that it was read for is closed, or it would be read again."""
    context.session.work.cancel(Kind.READ_TASKS, Kind.TRY_HEADS, Kind.POINT)


def _save(context: Context, data: Data) -> Steps:
    """Make the atlas a file to download."""
    from sav_core.reports.atlas_page import atlas_page
    from sav_core.reports.atlas_tables import as_cells, as_pairs

    kind, session = str(data.get("format", "")), context.session
    report = shown_atlas(session)
    if report is None:
        state = session.state(AtlasState)
        raise NotYetError("There is no atlas to save yet: read the ready tasks first.", until=lambda: bool(state.rows))
    names = {name: title_of(session, name) for name in report.atlas.names}
    told: dict[str, Callable[[], str]] = {
        "cells": lambda: as_cells(report),
        "pairs": lambda: as_pairs(report),
        "json": lambda: json.dumps(atlas_values(report), indent=1),
        "html": lambda: atlas_page(report, names, choice_of(session.state(AtlasState).model).title),
    }
    text = told[kind]()
    path = made_file(FILES[kind], lambda path: path.write_text(text, encoding="utf-8", newline=""))
    yield
    session.offer(path, PANEL)


ACTIONS: Actions = {
    **WORK,
    **inspecting(inside_of),
    "cancel": _cancel,
    "close_head": _close_head,
    "close_pair": _close_pair,
    "head": _head,
    "order": _order,
    "refresh": _refresh,
    "save_atlas": _save,
    "shared": _pair(SHARED),
    "travel": _pair(TRAVEL),
}
"""What the page can ask for."""
