"""What a visitor does on the Classify page: plain functions of a visit and plain values, by the name of the action."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sav_core.data.examples import Example
from sav_core.errors import InputError, SavError
from sav_ui.pages.classify.files import as_csv, as_json
from sav_ui.pages.classify.run import classify_queries, look_closely, waits_for_answers, waits_for_insight
from sav_ui.pages.classify.state import NONE, Query, desk_of, fit_of, task_of
from sav_ui.pages.teach import actions as teach
from sav_ui.panels.downloads import fresh_path, link
from sav_ui.panels.errors import NOT_UNDERSTOOD, UNREADABLE
from sav_ui.serving.pool import Shelf
from sav_ui.session.find_heads import settle
from sav_ui.session.session import Visit
from sav_ui.uploads.drops import read_drop
from sav_ui.uploads.files import read_pictures, together, told, uploads
from sav_ui.uploads.ready_tasks import Task

__all__ = ["ACTIONS", "WHERE", "act", "run"]

Data = Mapping[str, Any]

WHERE = "classify"
"""The part of the page that this one's sentences concern."""

_OF_TEACH = frozenset({"task", "undo", "dismiss", "upload_failed"})
"""What means the same on both pages."""


def act(visit: Visit, shelf: Shelf, data: Data) -> None:
    """Do what needs no model; a correction also fits again, for the model has seen the picture."""
    name = str(data.get("do", ""))
    if name in _OF_TEACH:
        teach.act(visit, shelf, data)
        if visit.notice is not None:
            visit.say(visit.notice.text, visit.notice.kind, WHERE, undo=visit.notice.undo)
        return
    action = ACTIONS.get(name)
    if action is None:
        return
    desk_of(visit).saved = None
    try:
        with visit.lock:
            action(visit, shelf, data)
    except SavError as error:
        visit.say(str(error), where=WHERE)
    except UNREADABLE:
        visit.say(NOT_UNDERSTOOD, where=WHERE)
    settle(visit, shelf)


def run(visit: Visit, shelf: Shelf, data: Data) -> Iterator[None]:
    """Show the model the pictures that it has not seen, then ask it about the one that is looked at."""
    desk = desk_of(visit)
    desk.busy = True
    try:
        if waits_for_answers(visit):
            yield from classify_queries(visit, shelf)
        if waits_for_insight(visit) or data.get("do") == "insight":
            yield from look_closely(visit, shelf)
    finally:
        desk.busy = False


def _query(visit: Visit, shelf: Shelf, data: Data) -> None:
    """Add pictures, each by itself or ``together``, a ZIP's, or a JSONL's; a folder called like a label tells whose."""
    project = visit.project
    drop = read_drop(uploads(data.get("files")), project.question, labelled=False)
    queries = [_as_query(visit, example, folder=Path(example.name).parent.name) for example in drop.examples]
    good, bad = read_pictures(drop.pictures)
    if data.get("together"):
        queries += [_as_query(visit, example) for example in together(good, project.question)]
    else:
        queries += [Query("", (picture,), truth=_named(visit, file.folder)) for file, picture in good]
    visit.notice = None
    desk_of(visit).add(queries)
    if skipped := [*drop.skipped, *bad]:
        visit.say(told(skipped), where=WHERE)


def _try(visit: Visit, shelf: Shelf, data: Data) -> None:
    """Classify a picture of the ready task, or all of them; one that is already here is only chosen."""
    task, desk = _task(visit), desk_of(visit)
    place = data.get("place", "all")
    wanted = task.queries if place == "all" else [task.queries[int(place)]]
    here = {query.content: query.id for query in desk.shown(visit.project)}
    found = [_as_query(visit, example, task.title) for example in wanted]
    fresh = [query for query in found if query.content not in here]
    desk.add(fresh)
    if not fresh and found:
        desk.chosen = here[found[0].content]


def _keep_frame(visit: Visit, shelf: Shelf, data: Data) -> None:
    """Put the webcam's latest frame among the pictures."""
    desk = desk_of(visit)
    if desk.glimpse.picture is None:
        raise InputError("There is no frame to keep yet: wait for the webcam.")
    desk.add([Query("", (desk.glimpse.picture,))])


def _pick(visit: Visit, shelf: Shelf, data: Data) -> None:
    desk = desk_of(visit)
    desk.chosen = desk.query(str(data["query"])).id


def _drop(visit: Visit, shelf: Shelf, data: Data) -> None:
    desk = desk_of(visit)
    shown = [query.id for query in desk.shown(visit.project)]
    gone = str(data["query"])
    if gone in shown and desk.chosen == gone:
        place = shown.index(gone)
        desk.chosen = (*shown[place + 1 :], *shown[:place][::-1], "")[0]
    desk.remove([gone])


def _clear(visit: Visit, shelf: Shelf, data: Data) -> None:
    desk = desk_of(visit)
    desk.remove([query.id for query in desk.shown(visit.project)])


def _text(visit: Visit, shelf: Shelf, data: Data) -> None:
    desk = desk_of(visit)
    query, text = desk.query(str(data["query"])), str(data["value"]).strip()[:2000]
    Example(query.pictures, text or visit.project.question)  # refused here, before the model would
    desk.change(query.id, text=text)


def _stop(visit: Visit, shelf: Shelf, data: Data) -> None:
    visit.cancelled.set()


def _again(visit: Visit, shelf: Shelf, data: Data) -> None:
    desk_of(visit).try_again()


def _threshold(visit: Visit, shelf: Shelf, data: Data) -> None:
    visit.set(threshold=max(0.0, min(float(data["value"]) / 100, 1.0)))


def _right(visit: Visit, shelf: Shelf, data: Data) -> None:
    """The guess is right: remember that."""
    desk, fit = desk_of(visit), fit_of(visit)
    query = desk.query(str(data["query"]))
    answer = desk.answers(visit.project, fit).get(query.id) if fit else None
    if fit is None or answer is None:
        raise InputError("That picture has no answer yet: wait for it.")
    desk.change(query.id, truth=NONE if answer.none else fit.label_ids[answer.code])


def _nothing(visit: Visit, shelf: Shelf, data: Data) -> None:
    """No label is about it: remember that."""
    desk = desk_of(visit)
    desk.change(desk.query(str(data["query"])).id, truth=NONE)


def _teach(visit: Visit, shelf: Shelf, data: Data) -> None:
    """Make a picture an example of its label; the model has seen it, so the fit follows at once."""
    desk, project = desk_of(visit), visit.project
    query, label = desk.query(str(data["query"])), project.label(str(data.get("label") or data["value"]))
    desk.change(query.id, truth=label.id)
    if any(item.content == query.content and item.label == label.id for item in project.items):
        return
    vector, backbone = desk.vector(query, project), shelf.ready(project.model)
    if not visit.edit(lambda p: p.with_examples(label.id, [query.asked(p).with_label(label.name)]), where=WHERE):
        return
    if vector is not None and backbone is not None:
        visit.vectors[backbone.key(query.asked(project))] = vector
    visit.say(f"“{query.name}” is now an example of {label.name}.", "done", WHERE, undo=True)


def _save(visit: Visit, shelf: Shelf, data: Data) -> None:
    """Make the answers a file to download."""
    fit, desk = fit_of(visit), desk_of(visit)
    if fit is None or not desk.answers(visit.project, fit):
        raise InputError("There are no answers to save yet: classify some pictures first.")
    write, suffix = (as_json, "json") if data.get("format") == "json" else (as_csv, "csv")
    path = fresh_path(f"answers.{suffix}")
    path.write_text(write(desk, visit.project, fit), encoding="utf-8", newline="")
    desk.saved = link(path)


def _refresh(visit: Visit, shelf: Shelf, data: Data) -> None:
    """The page has come into view: show it as things are now."""


def _as_query(visit: Visit, example: Example, task: str = "", folder: str = "") -> Query:
    """An example as a query; its truth is known if its label, or the folder it lay in, is called like one of ours."""
    question = visit.project.question.strip()
    text = "" if example.question.strip() == question else example.question
    return Query("", example.images, text, _named(visit, example.label or folder), task)


def _named(visit: Visit, name: str) -> str:
    """The identity of the label of that name; empty if there is none."""
    return next((label.id for label in visit.project.labels if label.name == name), "")


def _task(visit: Visit) -> Task:
    task = task_of(visit.project)
    if task is None:
        raise InputError("These pictures are no longer offered: drop your own.")
    return task


ACTIONS: Mapping[str, Callable[[Visit, Shelf, Data], None]] = {
    "again": _again,
    "clear_queries": _clear,
    "drop_query": _drop,
    "keep_frame": _keep_frame,
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
}
"""What the page can ask for."""
