"""What a visitor sees of the atlas: whose rows stand in it, which cell is looked at, and what was read for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cachetools import LRUCache

from sav_core.atlas import Atlas, AtlasReport, TaskRow, Transfer, TransferTo, row_of, survey
from sav_core.types import Head
from sav_ui.pages.atlas.pairs import Pair
from sav_ui.pages.atlas.shipped import Shipped, shipped_atlas
from sav_ui.pages.shared.inside import Inside
from sav_ui.serving.menu import choice_of
from sav_ui.serving.pool import ModelPool
from sav_ui.session.fit import Fit
from sav_ui.session.focus import Focus
from sav_ui.session.opened_sav import OpenedSavState
from sav_ui.session.page_state import PageState
from sav_ui.session.project import Project
from sav_ui.session.session import Session
from sav_ui.uploads.ready_tasks import task_named

__all__ = [
    "FILE",
    "OWN",
    "PANEL",
    "WHERE",
    "AtlasState",
    "Tried",
    "groups_of",
    "inside_of",
    "shown_atlas",
    "title_of",
]

PANEL = WHERE = "atlas"

OWN, FILE = "your task", "your file"
"""Names of the rows that are a visitor's own: of no ready task's folder."""

_READ = 24  # fits of ready tasks that are kept


@dataclass(frozen=True, eq=False)
class Tried:
    """The other tasks' heads on the visitor's own examples.

    Attributes:
        fit: of these examples.
        found: what came of it.
    """

    fit: Fit
    found: TransferTo


class AtlasState(PageState):
    """The atlas of one session; changed only under the session's lock.

    Attributes:
        opened: whether the page has been looked at: before that nothing of it is worked out or sent.
        rows: the visitor's own, as they were when the page was looked at last, and of which model.
        other: why their ``.sav`` file is no row; empty where it is one, or there is none.
        by_cluster: whether heads stand by clusters, and not by layers.
        task: the name of the row that is looked into; empty while no head is.
        focus: where the visitor is looking in it.
        pair: the two tasks whose heads are compared.
        fits: of ready tasks with what they are taught as, by model and name.
        read: the names of the ready tasks that were read by a model which no atlas came for.
        tried: the other tasks' heads on the visitor's examples.
    """

    def __init__(self) -> None:
        self.opened = False
        self.model = ""
        self.rows: tuple[TaskRow, ...] = ()
        self.other = ""
        self.by_cluster = False
        self.task = ""
        self.focus = Focus()
        self.pair: Pair | None = None
        self.fits: LRUCache[tuple[str, str], tuple[Project, Fit]] = LRUCache(_READ)
        self.read: Mapping[str, AtlasReport] = {}
        self.tried: Tried | None = None
        self._of: tuple[object, ...] = ()  # what the rows are of
        self._identities: dict[str, str] = {}  # of models, as they were when last loaded

    @property
    def held_bytes(self) -> int:
        """Of the fits."""
        return sum(fit.held_bytes for _, fit in list(self.fits.values()))

    @property
    def cell(self) -> tuple[str, Head] | None:
        """The name of the row and the head that are looked at."""
        return (self.task, self.focus.head) if self.task and self.focus.head is not None else None

    def look_at(self, **where: Any) -> None:
        """Turn to another head or example of the task that is looked into."""
        self.focus = replace(self.focus, **where)

    def open(self, task: str, head: Head) -> None:
        """Look into a head on a task; another task has other examples."""
        where = {"head": head, "versus": None, "cell": None} | ({} if task == self.task else {"item": ""})
        self.task = task
        self.look_at(**where)

    def close(self) -> None:
        """Look into no head."""
        self.task = ""
        self.look_at(head=None, versus=None, cell=None)

    def look(self, session: Session, models: ModelPool) -> None:
        """Take the visitor's own rows as they are now."""
        self.opened = True
        fit, opened, model = session.current_fit, session.state(OpenedSavState).opened, session.project.model
        backbone = models.ready(model)
        if backbone is not None:
            self._identities[model] = backbone.identity
        identity = self._identities.get(model, model)
        about = (fit, opened, model, identity)
        if len(about) == len(self._of) and all(one is other for one, other in zip(about, self._of, strict=True)):
            return
        self._of, self.model = about, model
        named = {"model": choice_of(model).title, "identity": identity}
        rows, self.other = [], ""
        if fit is not None:
            rows.append(row_of(OWN, fit.whole.rule.fitted, fit.whole.kept, **named))
        if opened is not None and opened.model != model:
            self.other = f"“{opened.name}” is of another model, {choice_of(opened.model).title}, so it is no row here."
        elif opened is not None:
            rows.append(row_of(FILE, opened.heads.fitted_, opened.heads.kept_heads_, **named))
        self.rows = tuple(rows)
        gone = {OWN, FILE} - {row.name for row in rows}
        if self.task in gone:
            self.close()
        if self.pair is not None and gone & {self.pair.first, self.pair.second}:
            self.pair = None

    def ready(self, model: str) -> AtlasReport | None:
        """The atlas of the ready tasks for a model: what was read here, or came with the app for these very weights."""
        return self.read.get(model) or self._shipped(model).report

    def refused(self, model: str) -> str:
        """Why the atlas that came with the app is not shown; empty where it is, or for another model."""
        return "" if model in self.read else self._shipped(model).refused

    def _shipped(self, model: str) -> Shipped:
        return Shipped() if model else shipped_atlas(self._identities.get(model, ""))


def shown_atlas(session: Session) -> AtlasReport | None:
    """The ready tasks and the visitor's own rows; ``None`` while there is no row at all."""
    state = session.state(AtlasState)
    ready = state.ready(state.model)
    tried = state.tried if state.tried is not None and state.tried.fit is session.current_fit else None
    about = (ready, state.rows, tried)
    return session.memo("atlas report", about, lambda: _together(ready, state.rows, tried))


def inside_of(session: Session) -> Inside | None:
    """The examples of the task that is looked into, with their fit; ``None`` before the model has seen them."""
    state = session.state(AtlasState)
    if state.cell is None or state.task == FILE:
        return None
    if state.task == OWN:
        fit = session.current_fit
        found = None if fit is None else (session.project, fit.whole)
    else:
        found = state.fits.get((state.model, state.task))
    if found is None:
        return None
    whose = "your" if state.task == OWN else "the task’s"
    title = title_of(session, state.task)
    return Inside(*found, state.focus, state.look_at, whose=whose, title=title, prefix="atlas-")


def groups_of(state: AtlasState, report: AtlasReport) -> tuple[tuple[Head, ...], ...]:
    """The heads that stand together in the figure; none where they stand by layers."""
    if not state.by_cluster or report.clusters is None:
        return ()
    return tuple(each.heads for each in report.clusters.clusters)


def _together(ready: AtlasReport | None, rows: tuple[TaskRow, ...], tried: Tried | None) -> AtlasReport | None:
    transfer = None if ready is None else ready.transfer
    if tried is not None:
        transfer = Transfer(()) if transfer is None else transfer
        transfer = replace(transfer, targets=(*transfer.targets, tried.found))
    if not rows:
        return ready
    if ready is None:
        return survey(Atlas.of(rows), transfer)
    return survey(ready.atlas.with_rows(rows), transfer)


def title_of(session: Session, name: str) -> str:
    """What to call a row."""
    if name == OWN:
        project = session.project
        return f"{project.name or project.title or 'Your task'} (yours)"
    if name == FILE:
        opened = session.state(OpenedSavState).opened
        return FILE if opened is None else opened.name
    task = task_named(name)
    return name if task is None else task.title
