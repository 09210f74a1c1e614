"""What a visitor does on the Teach page: plain functions of a visit and plain values, by the name of the action."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sav_core.errors import InputError, SavError
from sav_core.heads.rules import RULES
from sav_core.types import Head
from sav_ui.panels.errors import NOT_UNDERSTOOD, UNREADABLE
from sav_ui.serving.pool import Shelf
from sav_ui.session.find_heads import find_heads, look_inside, settle
from sav_ui.session.project import Project
from sav_ui.session.session import Focus, Visit
from sav_ui.uploads.drops import read_drop
from sav_ui.uploads.files import as_examples, read_pictures, together, told, uploads, without_label
from sav_ui.uploads.ready_tasks import task_named

__all__ = ["ACTIONS", "act", "run"]

Data = Mapping[str, Any]


def act(visit: Visit, shelf: Shelf, data: Data) -> None:
    """Do what needs no model, and fit again if the model has seen everything."""
    action = ACTIONS.get(str(data.get("do", "")))
    if action is None:
        return
    try:
        action(visit, data)
    except SavError as error:
        visit.say(str(error))
    except UNREADABLE:
        visit.say(NOT_UNDERSTOOD)
    settle(visit, shelf)


def run(visit: Visit, shelf: Shelf, data: Data) -> Iterator[None]:
    """Do what needs the model; yields whenever there is something new to show.

    It does what is waiting: finding heads first, then looking at the inspected example.
    """
    if visit.busy:
        return
    if visit.waits_for_heads:
        yield from find_heads(visit, shelf)
    else:
        yield from look_inside(visit, shelf)


def _task(visit: Visit, data: Data) -> None:
    task = task_named(str(data.get("task", "")))
    if task is None:
        raise InputError("That ready task is no longer there: choose another.")

    def load(project: Project) -> Project:
        fresh = Project(
            question=task.question,
            model=project.model,
            n_kept=project.n_kept,
            scoring=project.scoring,
            voting=project.voting,
            title=task.title,
            serial=project.serial,
        )
        return fresh.with_labelled(task.support)

    had_work = bool(visit.project.items) and visit.project.title != task.title
    if visit.edit(load):
        visit.due, visit.fit, visit.focus = True, None, Focus()
        visit.extras["task"] = task.name
        if had_work:
            visit.say(f"“{task.title}” has taken the place of what was here.", "done", undo=True)


def _add_label(visit: Visit, data: Data) -> None:
    visit.edit(lambda project: project.with_label(str(data["value"])))


def _rename(visit: Visit, data: Data) -> None:
    visit.edit(lambda project: project.renamed(str(data["label"]), str(data["value"])))


def _drop_label(visit: Visit, data: Data) -> None:
    label = visit.project.label(str(data["label"]))
    count = len(visit.project.of_label(label.id))
    if visit.edit(lambda project: project.without_label(label.id)) and count:
        visit.say(f"Deleted “{label.name}” with {_pictures(count)}.", "done", undo=True)


def _add(visit: Visit, data: Data) -> None:
    """Add pictures to one label; a ZIP or a JSONL says itself what its pictures' labels are."""
    label = visit.project.label(str(data["label"]))
    files = uploads(data.get("files"))
    if any(file.archive or file.listing for file in files):
        _import(visit, data)
        return
    good, bad = read_pictures(files)
    examples = (together if data.get("together") else as_examples)(good, visit.project.question, label.name)
    if visit.edit(lambda project: project.with_examples(label.id, examples)) and bad:
        visit.say(told(bad))


def _import(visit: Visit, data: Data) -> None:
    """Add labelled examples: of ZIPs, of a JSONL with its pictures, and those labelled by the folder they came in."""
    question = visit.project.question
    drop = read_drop(uploads(data.get("files")), question)
    good, bad = read_pictures([file for file in drop.pictures if file.folder])
    loose = [file for file in drop.pictures if not file.folder]
    examples, skipped = [*drop.examples, *as_examples(good, question)], [*drop.skipped, *bad]
    if not examples:
        if loose and not skipped:
            raise InputError("Pictures need a label: drop them on a label's card, or give a folder for each label.")
        raise InputError(told(skipped) or "There is no picture in it: give a folder of pictures for each label.")
    if visit.edit(lambda project: project.with_labelled(examples)):
        words = f"Added {_pictures(len(examples))} under {len({example.label for example in examples})} labels."
        left_out = f"{told(skipped)} {without_label(loose)}".strip()
        visit.say(f"{words} {left_out}".strip(), "error" if left_out else "done", undo=True)


def _remove(visit: Visit, data: Data) -> None:
    ids = str(data["item"]).split(",")
    names = [item.name for item in visit.project.items if item.id in ids]
    if visit.edit(lambda project: project.without_items(ids)) and names:
        what = f"“{names[0]}”" if len(names) == 1 else _pictures(len(names))
        visit.say(f"Removed {what}.", "done", undo=True)


def _move(visit: Visit, data: Data) -> None:
    item = visit.project.item(str(data["item"]))
    if visit.edit(lambda project: project.moved(item.id, str(data["label"]))):
        visit.say(f"Moved “{item.name}” to {visit.project.label(str(data['label'])).name}.", "done", undo=True)


def _fine(visit: Visit, data: Data) -> None:
    visit.extras["fine"] = visit.extras.get("fine", frozenset()) | {str(data["item"])}


def _question(visit: Visit, data: Data) -> None:
    visit.edit(lambda project: _whole(replace(project, question=str(data["value"]).strip()[:2000])))


def _text(visit: Visit, data: Data) -> None:
    visit.edit(lambda project: _whole(project.with_text(str(data["item"]), str(data["value"])[:2000])))


def _whole(project: Project) -> Project:
    """Return a project whose every example can be asked.

    Raises:
        InputError: a question marks places for other images than its example has.
    """
    project.examples()
    return project


def _clear(visit: Visit, data: Data) -> None:
    if visit.edit(lambda project: Project(model=project.model, serial=project.serial)):
        visit.fit, visit.due, visit.focus = None, False, Focus()
        visit.say("Everything is cleared.", "done", undo=True)


def _undo(visit: Visit, data: Data) -> None:
    visit.undo()
    visit.due = visit.due or (visit.fit is None and bool(visit.vectors))


def _expand(visit: Visit, data: Data) -> None:
    visit.focus = replace(visit.focus, expanded=(*visit.focus.expanded, visit.project.label(str(data["label"])).id))


def _fold(visit: Visit, data: Data) -> None:
    visit.focus = replace(visit.focus, expanded=tuple(each for each in visit.focus.expanded if each != data["label"]))


def _editing(visit: Visit, data: Data) -> None:
    shown = visit.focus.texts
    if shown is None:
        shown = any(item.text for item in visit.project.items)
    visit.focus = replace(visit.focus, texts=not shown)


def _keep(visit: Visit, data: Data) -> None:
    """Move the slider: another number of heads votes."""
    if visit.fit is not None:
        visit.set(n_kept=max(1, min(int(data["value"]), len(visit.fit.ranking))))


def _scoring(visit: Visit, data: Data) -> None:
    if data.get("scoring") in ("leave_one_out", "resubstitution"):
        visit.set(scoring=data["scoring"])


def _voting(visit: Visit, data: Data) -> None:
    """Count the votes by another rule; one that cannot be fitted leaves the rule as it was."""
    voting = str(data.get("value", ""))
    if visit.fit is None or voting not in RULES:
        return
    visit.notice = None
    if visit.fit.under(voting) is None:
        visit.say(f"{RULES[voting].needs} Votes are counted by {visit.fit.rule.voting}, as before.", where="findings")
    else:
        visit.set(voting=voting)


def _head(visit: Visit, data: Data) -> None:
    """Open the inspector, from a cell (x, y) or from a row of the table."""
    layer, index = int(data.get("layer", data.get("y", -1))), int(data.get("index", data.get("x", -1)))
    head = _known(visit, layer, index)
    if head is not None:
        visit.focus = replace(visit.focus, head=head, versus=None, cell=None)


def _versus(visit: Visit, data: Data) -> None:
    name = str(data.get("value", ""))
    chosen = next((head for head in visit.fit.ranking if str(head) == name), None) if visit.fit else None
    visit.focus = replace(visit.focus, versus=None if chosen == visit.focus.head else chosen)


def _close_head(visit: Visit, data: Data) -> None:
    visit.focus = replace(visit.focus, head=None, versus=None, cell=None)


def _cell(visit: Visit, data: Data) -> None:
    cell = (int(data["row"]), int(data["column"]))
    labels = len(visit.fit.labels) if visit.fit else 0
    if all(0 <= place < labels for place in cell):
        visit.focus = replace(visit.focus, cell=None if visit.focus.cell == cell else cell)


def _look(visit: Visit, data: Data) -> None:
    visit.focus = replace(visit.focus, item=visit.project.item(str(data["item"])).id)


def _find(visit: Visit, data: Data) -> None:
    """Ask for heads: the page says at once that it waits, though the model may still be another visitor's."""
    why = visit.project.why_not_ready()
    if why:
        raise InputError(why)
    if not visit.busy:
        visit.due, visit.held, visit.notice = True, False, None


def _cancel(visit: Visit, data: Data) -> None:
    """Stop what is under way, or stop waiting for it."""
    if visit.busy:
        visit.cancelled.set()
    else:
        visit.held = True


def _dismiss(visit: Visit, data: Data) -> None:
    visit.notice = None


def _upload_failed(visit: Visit, data: Data) -> None:
    reason = str(data.get("reason", ""))
    size = "too large" if "413" in reason or "size" in reason.lower() else "not accepted by the server"
    visit.say(f"The upload was {size}: try fewer or smaller files.")


def _add_new(visit: Visit, data: Data) -> None:
    """What is dropped on the empty card: a ZIP, or folders whose names become labels."""
    _import(visit, data)


def _known(visit: Visit, layer: int, index: int) -> Head | None:
    if visit.fit is None:
        return None
    layers, heads = visit.fit.scores.correct.shape
    return Head(layer, index) if 0 <= layer < layers and 0 <= index < heads else None


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count} pictures"


ACTIONS: Mapping[str, Callable[[Visit, Data], None]] = {
    "add": _add,
    "add_label": _add_label,
    "add_new": _add_new,
    "cancel": _cancel,
    "cell": _cell,
    "clear": _clear,
    "close_head": _close_head,
    "dismiss": _dismiss,
    "drop_label": _drop_label,
    "editing": _editing,
    "expand": _expand,
    "find": _find,
    "fine": _fine,
    "fold": _fold,
    "head": _head,
    "import": _import,
    "keep": _keep,
    "look": _look,
    "move": _move,
    "question": _question,
    "remove": _remove,
    "rename": _rename,
    "scoring": _scoring,
    "task": _task,
    "text": _text,
    "undo": _undo,
    "upload_failed": _upload_failed,
    "versus": _versus,
    "voting": _voting,
}
"""What the page can ask for."""
