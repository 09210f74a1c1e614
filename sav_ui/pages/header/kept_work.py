"""The work that a visitor's browser keeps: what it is told of a session, and the pieces that it asks for.

``assets/theme/scripts/save.js`` compares the mark that this panel shows with what it has kept. For another one it asks
what the work consists of, then for the pieces that it lacks, some at a time; when it has all, the new work takes the place
of the old. Nothing of it is kept here, so that a browser may come back to another server, or to none.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import replace
from itertools import chain
from typing import Any

import gradio as gr

from sav_core.errors import InputError
from sav_ui.host.dispatch import Actions, dispatch
from sav_ui.host.page_host import Outputs, PageHost
from sav_ui.host.requests import received, token_of
from sav_ui.host.wiring import QUIET
from sav_ui.panels.panel import Content, content, fill
from sav_ui.serving.menu import choice_of
from sav_ui.session.context import Context, Data
from sav_ui.session.keeper import Keepers
from sav_ui.session.opened_sav import OpenedSavState
from sav_ui.session.pieces import Pieces, cut_up
from sav_ui.session.places import content_of, piece_of
from sav_ui.session.project import Project
from sav_ui.session.session import Session
from sav_ui.session.work import NotYetError
from sav_ui.uploads.ready_tasks import task_titled

__all__ = ["PANEL", "answer", "build", "show"]

PANEL = "kept"
"""The panel, of which nothing is seen."""

WHERE = "project"
"""The part of the page that says what came of it."""

FORGOTTEN = "All your work is deleted, from this browser and from the server's memory."
_BATCH_BYTES = 2 << 20  # pictures in one answer; one that is larger comes alone
_MOST_WANTED = 200
_LABELS_TOLD = 6


def build(host: PageHost) -> None:
    """Add the panel; a page that has something to keep must have said so before anybody comes."""
    panel = host.panel(PANEL, lambda session: show(session, host.keepers), act=act, where=WHERE, events=("keep",))

    def on_keep(name: str | None, request: gr.Request, event: gr.EventData) -> Outputs:
        tab = host.known(name, token_of(request))
        shown = show(tab.session, host.keepers)
        told = {"answer": answer(tab.session, host.keepers, received(event)), "version": tab.session.next_version()}
        return {host.tab: tab.name, panel: {**shown, **told}}

    panel.keep(on_keep, host.tab, [host.tab, panel], trigger_mode="multiple", concurrency_limit=4, **QUIET)


def act(context: Context, data: Data) -> None:
    """Do what the browser asks for in the visitor's name."""
    if data.get("do") == "forget":  # no step, for it cannot be undone
        return _forget(context)
    if data.get("do") == "look":  # another tab of this session has changed something; a file that it saved is its own
        context.session.download = None
        return None
    return dispatch(ACTIONS, context, data)


def show(session: Session, keepers: Keepers) -> Content:
    """A place for what the browser says; which work this is, and a mark that is another one as soon as it has changed."""
    with session.changing():
        about = (session.project, session.loading, *chain.from_iterable(each.about(session) for each in keepers.values()))
        mark = session.memo("kept", about, lambda: secrets.token_hex(8))
        project = session.project
        work = {"born": session.born, "line": session.line, "mark": mark, "begun": project.begun, "model": project.model}
    return {**content(fill("header/kept.html")), "work": work}


def answer(session: Session, keepers: Keepers, data: Data) -> dict[str, Any]:
    """Return what the browser asks for: with ``want``, those pieces, as many as go at once; else what the work is."""
    project, pieces = _pieces(session, keepers)
    asked = {"asked": data.get("asked")}
    want = data.get("want")
    if not isinstance(want, list):
        return {**asked, "parts": [list(part) for part in pieces.parts], "told": _told(project, pieces)}
    opened = {piece_of(picture): picture for picture in session.state(OpenedSavState).pictures}  # no part of the work
    found: dict[str, str] = {}
    size = 0
    for digest in want[:_MOST_WANTED]:
        if not isinstance(digest, str):
            continue
        piece = content_of(opened[digest]) if digest in opened else pieces.read(digest)
        if piece is None:
            continue
        size += len(piece)
        if found and size > _BATCH_BYTES:
            break
        found[digest] = base64.b64encode(piece).decode()
    return {**asked, "pieces": found}


def _pieces(session: Session, keepers: Keepers) -> tuple[Project, Pieces]:
    """The work of one moment, cut up without holding anybody up."""
    with session.changing():
        project, loading = session.project, session.loading
        about = {name: keeper.about(session) for name, keeper in keepers.items()}
    if loading is not None:
        project = replace(project, model=loading.model)  # what the visitor has chosen
    return project, cut_up(project, {name: keepers[name].save(project, about[name]) for name in keepers})


def _told(project: Project, pieces: Pieces) -> dict[str, Any]:
    """What the browser says of it when it is offered again."""
    examples, pictures = len(project.items), len(pieces.pictures)
    return {
        "name": project.name,
        "title": project.title,
        "labels": [label.name for label in project.labels[:_LABELS_TOLD]],
        "n_labels": len(project.labels),
        "examples": examples,
        "pictures": pictures,
        "model": choice_of(project.model).title if project.model else "",
        "model_id": project.model,
        "untouched": _untouched(project, pieces),
    }


def _untouched(project: Project, pieces: Pieces) -> bool:
    """Whether it is a ready task as everybody finds it: a click brings it back."""
    task = task_titled(project.title)
    if task is None or project.name:
        return False
    theirs = {picture.digest for example in (*task.support, *task.queries) for picture in example.images}
    taught = [(item.pictures, project.label(item.label).name) for item in project.items]
    return taught == [(each.images, each.label) for each in task.support] and all(
        picture.digest in theirs for picture in pieces.pictures.values()
    )


def _forget(context: Context) -> None:
    """Let go of everything here; the browser has deleted what it kept."""
    if context.session.let_go(FORGOTTEN):
        context.say(FORGOTTEN, "done")
    else:
        why = "Something is still under way: wait until it is done, or cancel it, and then forget your work."
        session = context.session
        context.say(NotYetError(why, until=lambda: not session.work.busy and session.loading is None))


def _copy(context: Context, data: Data) -> None:
    """Go on as another work, which the browser keeps beside the one that it was."""
    context.session.line = secrets.token_hex(8)


def _failed(context: Context, data: Data) -> None:
    raise InputError(
        "What this browser kept did not arrive, for it is too large or the connection broke: it is still there, try again."
    )


ACTIONS: Actions = {"copy": _copy, "failed": _failed}
"""What the browser can ask for."""
