"""What a visitor does on the Measure page, by the name of the action."""

from __future__ import annotations

from dataclasses import replace

from sav_core.data.sets.kinds import kinds_of
from sav_core.heads.rules import VOTING_RULES
from sav_ui.host.dispatch import Actions, Steps, dispatch
from sav_ui.pages.measure import rivals
from sav_ui.pages.measure.own_tests import fresh_among
from sav_ui.pages.measure.run import MEASURING
from sav_ui.pages.measure.state import PANEL, MeasureState, most_to_split
from sav_ui.pages.shared.actions import WORK
from sav_ui.panels.downloads import made_file
from sav_ui.panels.films import brought, sampled
from sav_ui.session.context import Context, Data
from sav_ui.session.work import Kind, NotYetError
from sav_ui.uploads.files import describe_notes, describe_skipped, uploads
from sav_ui.uploads.labelled import read_labelled

__all__ = ["ACTIONS", "FILES", "act"]

_BUSY_TOO = frozenset({*WORK, "cell", "refresh", "save_report", "stop", "stop_uses"})
"""What may be done while the model is at work; anything else would change what it works on."""

FILES = {"csv": "answers.csv", "table": "figures.csv", "json": "report.json", "html": "report.html"}
"""What can be downloaded, and what it is called."""


def act(context: Context, data: Data) -> None:
    """Do what was asked for."""
    if context.session.work.at(*MEASURING) is not None and data.get("do") not in _BUSY_TOO:
        return
    dispatch(ACTIONS, context, data)


def _bring(context: Context, data: Data) -> Steps:
    """Take labelled test pictures: of ZIPs, of a JSONL with its pictures, and those labelled by the folder they came in."""
    session, question = context.session, context.session.project.question
    found = read_labelled(
        uploads(data.get("files")),
        question,
        without_folder="Test pictures need a label: bring a ZIP or a folder with a folder for each label.",
        clips=session.project.clips,
    )
    state = session.state(MeasureState)
    fresh_among(state.own, found.examples)  # looks at every picture, which takes its time: the second look is quick
    yield
    session.check_room(picture for example in found.examples for picture in example.images)
    fresh = state.add(found.examples, question)
    left_out = (*fresh.copies, *found.left_out)
    words = f"Added {brought(example.images for example in fresh.examples)} to your test set."
    looked = sampled(image for example in fresh.examples for image in example.images)
    more = " ".join(filter(None, (looked, describe_skipped(found.left_out), describe_notes(found.notes))))
    if fresh.copies:
        copies = kinds_of((each.name for each in fresh.copies), "picture")
        more = f"{copies} {'is' if len(fresh.copies) == 1 else 'are'} there already and left out. {more}".strip()
    if fresh.examples:
        context.did(words, more, left_out=left_out)
    else:
        context.say(more, "part", left_out=left_out)


def _forget(context: Context, data: Data) -> None:
    """Take the visitor's own test set away."""
    state = context.session.state(MeasureState)
    if state.own:
        context.did(f"Cleared your test set of {brought(example.images for example in state.own)}.")
        state.take(())


def _leave_taught(context: Context, data: Data) -> None:
    """Take those pictures out of the visitor's own test set that are among the examples."""
    state = context.session.state(MeasureState)
    if state.setup.source != "own":
        return
    taught = state.taught(context.session.project)
    left_out = brought(example.images for place, example in enumerate(state.own) if place in taught)
    state.take(tuple(example for place, example in enumerate(state.own) if place not in taught))
    context.did(f"Left {left_out} out of your test set, for the heads were taught with them.")


def _source(context: Context, data: Data) -> None:
    state = context.session.state(MeasureState)
    if data["source"] in ("task", "own", "split"):
        state.setup = replace(state.setup, source=data["source"])
        context.did("Chose another test set.", shown=False)


def _each(context: Context, data: Data) -> None:
    """Split so many examples of every label off."""
    state, fit = context.session.state(MeasureState), context.session.current_fit
    most = most_to_split(fit) if fit is not None else 1
    state.setup = replace(state.setup, source="split", each=max(1, min(int(data["value"]), most)))
    context.did("Chose another test set.", shown=False)


def _voting(context: Context, data: Data) -> None:
    state, fit = context.session.state(MeasureState), context.session.current_fit
    if data["value"] in VOTING_RULES:
        as_on_teach = fit is not None and data["value"] == fit.rule.voting  # and follows it from now on
        state.setup = replace(state.setup, voting="" if as_on_teach else data["value"])


def _ask(context: Context, data: Data) -> None:
    state = context.session.state(MeasureState)
    state.setup = replace(state.setup, ask=bool(data["value"]))


def _cell(context: Context, data: Data) -> None:
    """Show the pictures of a cell of the confusion, or hide them again."""
    state, cell = context.session.state(MeasureState), (int(data["row"]), int(data["column"]))
    labels = len(state.measured.measurement.evaluation.labels) if state.measured else 0
    if all(0 <= place < labels for place in cell):
        state.cell = None if state.cell == cell else cell


def _stop(context: Context, data: Data) -> None:
    context.session.work.cancel(*MEASURING)


def _stop_uses(context: Context, data: Data) -> None:
    context.session.work.cancel(Kind.KNOCK_OUT)


def _refresh(context: Context, data: Data) -> None:
    """The page has come into view: show it as things are now."""


def _save(context: Context, data: Data) -> Steps:
    """Make the report a file to download."""
    from sav_core.reports.page import as_html
    from sav_core.reports.tables import as_answers, as_figures
    from sav_core.reports.values import as_json

    kind, state = str(data.get("format", "")), context.session.state(MeasureState)
    measured = state.measured
    if measured is None:
        raise NotYetError("There is no report to save yet: measure first.", until=lambda: state.measured is not None)
    told = {"csv": as_answers, "table": as_figures, "json": as_json, "html": as_html}[kind]
    found = measured.measurement
    if kind == "html":  # to read: there the model is called what the page calls it
        found = replace(found, about=replace(found.about, model=measured.model))
    text = told(found)
    path = made_file(FILES[kind], lambda path: path.write_text(text, encoding="utf-8", newline=""))
    yield
    context.session.offer(path, PANEL)


ACTIONS: Actions = {
    **WORK,
    "add_rival": rivals.add,
    "ask": _ask,
    "bring_tests": _bring,
    "cell": _cell,
    "drop_rival": rivals.drop,
    "each": _each,
    "forget_tests": _forget,
    "leave_taught": _leave_taught,
    "lora": rivals.lora,
    "refresh": _refresh,
    "save_report": _save,
    "source": _source,
    "stop": _stop,
    "stop_uses": _stop_uses,
    "voting": _voting,
}
"""What the page can ask for."""
