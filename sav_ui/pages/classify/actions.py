"""What a visitor does on the Classify page, by the name of the action."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sav_core.data.examples import Example
from sav_core.errors import InputError
from sav_ui.host.dispatch import Actions, Steps, dispatch
from sav_ui.limits import limits
from sav_ui.pages.classify.files import as_csv, as_json
from sav_ui.pages.classify.state import FRAME, NONE, PANEL, WHERE, ClassifyState, Query
from sav_ui.pages.classify.where import WhereState
from sav_ui.pages.classify.without import WithoutState
from sav_ui.pages.shared.actions import INSPECTOR, WORK
from sav_ui.pages.shared.answers import Answer
from sav_ui.pages.shared.live_window import as_clip
from sav_ui.pages.shared.webcam import WebcamState
from sav_ui.panels.downloads import made_file
from sav_ui.panels.films import brought, film, sampled
from sav_ui.session.context import Context, Data
from sav_ui.session.project import Project
from sav_ui.session.session import Session
from sav_ui.session.work import Kind, NotYetError
from sav_ui.uploads.drops import read_drop
from sav_ui.uploads.files import (
    LeftOutError,
    as_one_example,
    describe_notes,
    describe_skipped,
    notes_on,
    read_pictures,
    uploads,
)
from sav_ui.uploads.ready_tasks import queries_of, task_titled

__all__ = ["ACTIONS", "act"]


def act(context: Context, data: Data) -> None:
    """Do what was asked for."""
    dispatch(ACTIONS, context, data)


def _query(context: Context, data: Data) -> Steps:
    """Add pictures, each by itself or ``together``, a ZIP's, or a JSONL's; a folder called like a label tells whose."""
    session, project = context.session, context.session.project
    drop = read_drop(uploads(data.get("files")), project.question, labelled=False, clips=project.clips)
    queries = [_as_query(project, example, folder=Path(example.name).parent.name) for example in drop.examples]
    good, bad = read_pictures(drop.pictures, together=bool(data.get("together")), clips=project.clips)
    if data.get("together"):
        queries += [_as_query(project, example) for example in as_one_example(good, project.question)]
    else:
        queries += [Query("", (picture,), truth=_named(project, file.folder)) for file, picture in good]
    levels = project.levels  # what was black and white in the examples is so in what they are compared with
    queries = [replace(each, pictures=tuple(one.at_levels(levels) for one in each.pictures)) for each in queries]
    for query in queries:
        film(query.pictures, FRAME)  # drawn while nobody waits for the session
    looked = sampled(one for query in queries for one in query.pictures)
    skipped = [*drop.skipped, *bad]
    if skipped and not queries:
        raise LeftOutError(skipped)
    yield
    session.check_room(one for query in queries for one in query.pictures)
    session.state(ClassifyState).add(queries)
    session.work.resume(Kind.CLASSIFY)
    later = "" if session.current_fit else "They are classified as soon as heads are found."
    more = f"{looked} {later} {describe_skipped(skipped)} {describe_notes((*drop.notes, *notes_on(good)))}"
    context.did(f"Added {brought(query.pictures for query in queries)}.", " ".join(more.split()), left_out=skipped)


def _try(context: Context, data: Data) -> None:
    """Classify a picture of the ready task, or all of them; one that is already here is only chosen."""
    session, project = context.session, context.session.project
    task, state = task_titled(project.title), session.state(ClassifyState)
    if task is None:
        raise InputError("These pictures are no longer offered: drop your own.")
    number, queries = data.get("place", "all"), queries_of(task.title, project.clips)
    wanted = queries if number == "all" else [queries[int(number)]]
    here = {query.content: query.id for query in state.shown(project)}
    found = [_as_query(project, example, task.title) for example in wanted]
    fresh = [query for query in found if query.content not in here]
    state.add(fresh)
    session.work.resume(Kind.CLASSIFY)
    if not fresh and found:
        state.chosen = here[found[0].content]
    context.did(f"Added {brought(query.pictures for query in fresh)} of “{task.title}”.", shown=bool(fresh))


def _keep_frame(context: Context, data: Data) -> Steps:
    """Put the webcam's latest frame among the pictures, or its latest window as a clip."""
    state, project = context.session.state(ClassifyState), context.session.project
    seen = context.session.state(WebcamState).at(WHERE)
    if not seen.pictures:
        raise InputError("There is no frame to keep yet: wait for the webcam.")
    kept = seen.pictures[-1] if len(seen.pictures) == 1 else as_clip(seen.pictures, seen.seconds, project)
    film([kept], FRAME)
    yield
    context.session.check_room([kept])
    state.add([Query("", (kept,))])
    context.did("Kept a frame of the webcam." if kept is seen.pictures[-1] else "Kept what the webcam saw last, as a clip.")
    context.session.work.resume(Kind.CLASSIFY)


def _pick(context: Context, data: Data) -> None:
    state = context.session.state(ClassifyState)
    state.chosen = state.query(str(data["query"])).id


def _drop(context: Context, data: Data) -> None:
    """Take a picture away; the next one is shown in its place."""
    state = context.session.state(ClassifyState)
    shown = [query.id for query in state.shown(context.session.project)]
    gone = str(data["query"])
    if gone in shown and state.chosen == gone:
        rank = shown.index(gone)
        state.chosen = (*shown[rank + 1 :], *shown[:rank][::-1], "")[0]
    context.did(f"Removed “{state.query(gone).name}”.")
    state.remove([gone])


def _clear(context: Context, data: Data) -> None:
    state = context.session.state(ClassifyState)
    shown = state.shown(context.session.project)
    state.remove([query.id for query in shown])
    context.did(f"Cleared {brought(query.pictures for query in shown)} with their answers and marks.")


def _text(context: Context, data: Data) -> None:
    """Ask about a picture in words of its own."""
    state = context.session.state(ClassifyState)
    query, text = state.query(str(data["query"])), limits().checked_question(str(data["value"]))
    Example(query.pictures, text or context.session.project.question)  # refused here, before the model would
    state.change(query.id, text=text)
    context.did(f"Changed the question about “{query.name}”.", shown=False)


def _stop(context: Context, data: Data) -> None:
    context.session.work.cancel(Kind.CLASSIFY, Kind.ASK_MODEL, Kind.POINT)


def _again(context: Context, data: Data) -> None:
    context.session.state(ClassifyState).try_again()
    context.session.work.resume(Kind.CLASSIFY)


def _threshold(context: Context, data: Data) -> None:
    context.session.set(threshold=max(0.0, min(float(data["value"]) / 100, 1.0)))


def _learned_threshold(context: Context, data: Data) -> None:
    """Say "none of these" where the examples teach it again."""
    context.session.set(threshold=None)


def _right(context: Context, data: Data) -> None:
    """The guess is right: remember that."""
    session, state, fit = context.session, context.session.state(ClassifyState), context.session.current_fit
    query = state.query(str(data["query"]))
    answer = _answers(session).get(query.id)
    if fit is None or answer is None:
        raise NotYetError("That picture has no answer yet: wait for it.", until=lambda: query.id in _answers(session))
    state.change(query.id, truth=NONE if answer.none else fit.label_ids[answer.code])
    context.did(f"Marked the answer for “{query.name}” as right.", shown=False)


def _nothing(context: Context, data: Data) -> None:
    """No label is about it: remember that."""
    state = context.session.state(ClassifyState)
    query = state.query(str(data["query"]))
    state.change(query.id, truth=NONE)
    context.did(f"Marked “{query.name}” as none of these.", shown=False)


def _teach(context: Context, data: Data) -> None:
    """Make a picture an example of its label; the model has seen it, so the fit follows at once."""
    session, state, project = context.session, context.session.state(ClassifyState), context.session.project
    query, label = state.query(str(data["query"])), project.label(str(data.get("label") or data["value"]))
    state.change(query.id, truth=label.id)
    context.did(f"Marked “{query.name}” as {label.name}.", shown=False)
    if any(item.content == query.content and item.label == label.id for item in project.items):
        return
    vector, backbone = state.vector(query, project), context.models.ready(project.model)
    session.edit(lambda p: p.with_examples(label.id, [query.asked(p).with_label(label.name)]))
    if vector is not None and backbone is not None:
        session.vectors[backbone.key(query.asked(project))] = vector
    context.did(f"“{query.name}” is now an example of {label.name}.")


def _answers(session: Session) -> dict[str, Answer]:
    """The answers that there are now."""
    fit = session.current_fit
    return {} if fit is None else session.state(ClassifyState).answers(session.project, fit)


def _save(context: Context, data: Data) -> Steps:
    """Make the answers a file to download."""
    write, suffix = (as_json, "json") if data.get("format") == "json" else (as_csv, "csv")
    with context.session.changing() as session:
        fit, state, project = session.current_fit, session.state(ClassifyState), session.project
        if fit is None or not _answers(session):
            why = "There are no answers to save yet: classify some pictures first."
            raise NotYetError(why, until=lambda: bool(_answers(session)))
        text = write(state, project, fit)
    path = made_file(f"answers.{suffix}", lambda path: path.write_text(text, encoding="utf-8", newline=""))
    yield
    context.session.offer(path, PANEL)


def _vote_head(context: Context, data: Data) -> None:
    """Look into a head of the vote, by its row of the heatmap."""
    session, state = context.session, context.session.state(ClassifyState)
    query = state.current(session.project)
    answer = _answers(session).get(query.id) if query else None
    row = int(data["y"])
    if answer is not None and 0 <= row < len(answer.prediction.votes):
        state.head = answer.prediction.votes[row].head


def _grid(context: Context, data: Data) -> None:
    """Show what every head that votes looks at, or hide it."""
    state = context.session.state(ClassifyState)
    state.grid = not state.grid


def _close_vote_head(context: Context, data: Data) -> None:
    context.session.state(ClassifyState).head = None


def _without(context: Context, data: Data) -> None:
    """Knock the heads that vote out where the model speaks for itself, or let them be."""
    context.session.state(WithoutState).on = bool(data["value"])


def _where(context: Context, data: Data) -> None:
    """Draw the box that the heads that point give, or take it away."""
    state = context.session.state(WhereState)
    state.on = not state.on


def _refresh(context: Context, data: Data) -> None:
    """The page has come into view: show it as things are now."""


def _as_query(project: Project, example: Example, task: str = "", folder: str = "") -> Query:
    """An example as a query; its truth is known if its label, or the folder it lay in, is called like one of ours."""
    text = "" if example.question.strip() == project.question.strip() else example.question
    return Query("", example.images, text, _named(project, example.label or folder), task)


def _named(project: Project, name: str) -> str:
    """The identity of the label of that name; empty if there is none."""
    return next((label.id for label in project.labels if label.name == name), "")


ACTIONS: Actions = {
    **WORK,
    "again": _again,
    "all_on": INSPECTOR["all_on"],
    "clear_queries": _clear,
    "close_vote_head": _close_vote_head,
    "drop_query": _drop,
    "grid": _grid,
    "keep_frame": _keep_frame,
    "learned_threshold": _learned_threshold,
    "map": INSPECTOR["map"],
    "nothing": _nothing,
    "pick": _pick,
    "query": _query,
    "query_text": _text,
    "refresh": _refresh,
    "right": _right,
    "save": _save,
    "stop": _stop,
    "teach": _teach,
    "threshold": _threshold,
    "try": _try,
    "vote_head": _vote_head,
    "where": _where,
    "without": _without,
}
"""What the page can ask for."""
