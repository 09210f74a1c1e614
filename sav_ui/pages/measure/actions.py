"""What a visitor does on the Measure page: plain functions of a visit and plain values, by the name of the action."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sav_core.errors import InputError, SavError
from sav_core.heads.rules import VOTING_RULES
from sav_ui.pages.classify.state import fit_of
from sav_ui.pages.measure.run import WHERE, measure_heads
from sav_ui.pages.measure.state import Gauge, gauge_of, most_to_split
from sav_ui.pages.teach import actions as teach
from sav_ui.panels.downloads import fresh_path, link
from sav_ui.panels.errors import NOT_UNDERSTOOD, UNREADABLE
from sav_ui.serving.pool import Shelf
from sav_ui.session.session import Visit
from sav_ui.uploads.drops import read_drop
from sav_ui.uploads.files import as_examples, read_pictures, told, uploads, without_label

__all__ = ["ACTIONS", "FILES", "act", "run"]

Data = Mapping[str, Any]

_OF_TEACH = frozenset({"task", "undo", "dismiss", "upload_failed"})
"""What means the same on both pages."""

_BUSY_TOO = frozenset({"cell", "refresh", "save_report", "stop"})
"""What may be done while the model is at work; anything else would change what it works on."""

FILES = {"csv": "answers.csv", "table": "figures.csv", "json": "report.json", "html": "report.html"}
"""What can be downloaded, and what it is called."""


def act(visit: Visit, shelf: Shelf, data: Data) -> None:
    """Do what needs no model; what goes wrong is told on this page."""
    name, gauge = str(data.get("do", "")), gauge_of(visit)
    if name in _OF_TEACH:
        teach.act(visit, shelf, data)
        if visit.notice is not None:
            visit.say(visit.notice.text, visit.notice.kind, WHERE, undo=visit.notice.undo)
        return
    action = ACTIONS.get(name)
    if action is None or (gauge.busy and name not in _BUSY_TOO):
        return
    gauge.saved = None
    try:
        with visit.lock:
            action(visit, gauge, data)
    except SavError as error:
        visit.say(str(error), where=WHERE)
    except UNREADABLE:
        visit.say(NOT_UNDERSTOOD, where=WHERE)


def run(visit: Visit, shelf: Shelf, data: Data) -> Iterator[None]:
    """Measure; yields whenever there is something new to show."""
    gauge_of(visit).saved = None
    yield from measure_heads(visit, shelf)


def _bring(visit: Visit, gauge: Gauge, data: Data) -> None:
    """Take labelled test pictures: of ZIPs, of a JSONL with its pictures, and those labelled by the folder they came in."""
    question = visit.project.question
    drop = read_drop(uploads(data.get("files")), question)
    good, bad = read_pictures([file for file in drop.pictures if file.folder])
    loose = [file for file in drop.pictures if not file.folder]
    examples, skipped = [*drop.examples, *as_examples(good, question)], [*drop.skipped, *bad]
    if not examples:
        if loose and not skipped:
            raise InputError("Test pictures need a label: bring a ZIP or a folder with a folder for each label.")
        raise InputError(told(skipped) or "There is no picture in it: give a folder of pictures for each label.")
    gauge.add(examples, question)
    gauge.setup = replace(gauge.setup, source="own")
    visit.notice = None
    left_out = f"{told(skipped)} {without_label(loose)}".strip()
    if left_out:
        visit.say(left_out, where=WHERE)


def _forget(visit: Visit, gauge: Gauge, data: Data) -> None:
    """Take the visitor's own test set away."""
    gauge.own, gauge.own_serial = (), gauge.own_serial + 1
    if gauge.setup.source == "own":
        gauge.setup = replace(gauge.setup, source="")


def _source(visit: Visit, gauge: Gauge, data: Data) -> None:
    if data["source"] in ("task", "own", "split"):
        gauge.setup = replace(gauge.setup, source=data["source"])


def _each(visit: Visit, gauge: Gauge, data: Data) -> None:
    fit = fit_of(visit)
    most = most_to_split(fit) if fit is not None else 1
    gauge.setup = replace(gauge.setup, source="split", each=max(1, min(int(data["value"]), most)))


def _voting(visit: Visit, gauge: Gauge, data: Data) -> None:
    fit = fit_of(visit)
    if data["value"] in VOTING_RULES:
        as_on_teach = fit is not None and data["value"] == fit.rule.voting  # and follows it from now on
        gauge.setup = replace(gauge.setup, voting="" if as_on_teach else data["value"])


def _ask(visit: Visit, gauge: Gauge, data: Data) -> None:
    gauge.setup = replace(gauge.setup, ask=bool(data["value"]))


def _cell(visit: Visit, gauge: Gauge, data: Data) -> None:
    cell = (int(data["row"]), int(data["column"]))
    labels = len(gauge.measured.measurement.evaluation.labels) if gauge.measured else 0
    if all(0 <= place < labels for place in cell):
        gauge.cell = None if gauge.cell == cell else cell


def _stop(visit: Visit, gauge: Gauge, data: Data) -> None:
    gauge.cancelled.set()


def _refresh(visit: Visit, gauge: Gauge, data: Data) -> None:
    """The page has come into view: show it as things are now."""


def _save(visit: Visit, gauge: Gauge, data: Data) -> None:
    """Make the report a file to download."""
    from sav_core.reports.page import as_html
    from sav_core.reports.tables import as_answers, as_figures
    from sav_core.reports.values import as_json

    kind, measured = str(data.get("format", "")), gauge.measured
    if measured is None:
        raise InputError("There is no report to save yet: measure first.")
    path = fresh_path(FILES[kind])
    told = {"csv": as_answers, "table": as_figures, "json": as_json, "html": as_html}[kind]
    path.write_text(told(measured.measurement), encoding="utf-8", newline="")
    gauge.saved = link(path)


ACTIONS: Mapping[str, Callable[[Visit, Gauge, Data], None]] = {
    "ask": _ask,
    "bring_tests": _bring,
    "cell": _cell,
    "each": _each,
    "forget_tests": _forget,
    "refresh": _refresh,
    "save_report": _save,
    "source": _source,
    "stop": _stop,
    "voting": _voting,
}
"""What the page can ask for."""
