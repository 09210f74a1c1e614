"""What means the same on several pages: starting from a ready task, taking back, and looking into a head."""

from __future__ import annotations

from dataclasses import replace

from sav_core.errors import InputError
from sav_core.retrieval.projection import PROJECTIONS
from sav_core.types import Head
from sav_ui.host.dispatch import Actions, Steps
from sav_ui.session.context import Context, Data
from sav_ui.session.project import Project
from sav_ui.session.session import Session
from sav_ui.uploads.ready_tasks import task_named

__all__ = ["INSPECTOR", "WORK", "head_asked_for"]


def _task(context: Context, data: Data) -> None:
    """Take up a ready task in place of what is here."""
    task, old = task_named(str(data.get("task", ""))), context.session.project
    if task is None:
        raise InputError("That ready task is no longer there: choose another.")
    fresh = Project(
        question=task.question,
        model=old.model,
        n_kept=old.n_kept,
        scoring=old.scoring,
        voting=old.voting,
        title=task.title,
        clips=task.clips,
        detail=old.detail,
        next_id=old.next_id,
    )
    context.session.replace_project(fresh.with_labelled(task.support), due=True)
    context.did(f"Started “{task.title}”{' in place of what was here' if old.labels else ''}.", shown=bool(old.labels))


def _undo(context: Context, data: Data) -> None:
    """Take the last step back, and say what it was."""
    words = context.session.undo()
    text = f"Undone: {words[:1].lower()}{words[1:]}" if words else "There is nothing to undo."
    context.session.say(text, "done", where=context.where, redo=bool(words))


def _redo(context: Context, data: Data) -> None:
    """Do again what was undone last, and say what it was."""
    words = context.session.redo()
    text = f"Done again: {words[:1].lower()}{words[1:]}" if words else "There is nothing to do again."
    context.session.say(text, "done", where=context.where, undo=bool(words))


def _dismiss(context: Context, data: Data) -> None:
    context.session.notice = None


def _upload_failed(context: Context, data: Data) -> None:
    reason = str(data.get("reason", ""))
    size = "too large" if "413" in reason or "size" in reason.lower() else "not accepted by the server"
    raise InputError(f"The upload was {size}: try fewer or smaller files.")


WORK: Actions = {"dismiss": _dismiss, "redo": _redo, "task": _task, "undo": _undo, "upload_failed": _upload_failed}
"""On the whole of the work."""


def head_asked_for(data: Data) -> tuple[int, int]:
    """The layer and index of a head, from a cell of a heatmap (x, y) or from a row of a table."""
    return int(data.get("layer", data.get("y", -1))), int(data.get("index", data.get("x", -1)))


def _head(context: Context, data: Data) -> None:
    """Open the inspector."""
    head = _known(context.session, *head_asked_for(data))
    if head is not None:
        context.session.look_at(head=head, versus=None, cell=None)


def _known(session: Session, layer: int, index: int) -> Head | None:
    if session.fit is None:
        return None
    layers, heads = session.fit.scores.correct.shape
    return Head(layer, index) if 0 <= layer < layers and 0 <= index < heads else None


def _versus(context: Context, data: Data) -> None:
    """Put another head beside the one that is looked into."""
    session, name = context.session, str(data.get("value", ""))
    chosen = next((head for head in session.fit.ranking if str(head) == name), None) if session.fit else None
    session.look_at(versus=None if chosen == session.focus.head else chosen)


def _switch(context: Context, data: Data) -> Steps:
    """Switch a head that votes off, or on again; the others vote without it at once."""
    session, fit = context.session, context.session.fit
    head = _known(session, *head_asked_for(data))
    if fit is None or head is None:
        return
    off = tuple(each for each in fit.off if each != head) if head in fit.off else (*fit.off, head)
    if head not in fit.off and head not in fit.kept:
        raise InputError(
            f"{head} does not vote, so it cannot be switched off: choose a framed head, or let more heads vote."
        )
    if head not in fit.off and len(fit.kept) == 1:
        raise InputError(f"{head} is the last head that votes: switch another one on first.")
    replace(fit, off=off).prepared()
    yield
    session.notice = None
    session.switch(off)


def _all_on(context: Context, data: Data) -> None:
    """Switch every head on again."""
    context.session.switch(())


def _switching(context: Context, data: Data) -> None:
    """Have a click on the heatmap switch heads, or open them as before."""
    context.session.look_at(switching=not context.session.focus.switching)


def _close_head(context: Context, data: Data) -> None:
    context.session.look_at(head=None, versus=None, cell=None)


def _cell(context: Context, data: Data) -> None:
    """Show the pictures of a cell of the head's confusion, or hide them again."""
    session, cell = context.session, (int(data["row"]), int(data["column"]))
    labels = len(session.fit.labels) if session.fit else 0
    if all(0 <= place < labels for place in cell):
        session.look_at(cell=None if session.focus.cell == cell else cell)


def _look(context: Context, data: Data) -> None:
    """Show another example's neighbours and attention."""
    context.session.look_at(item=context.session.project.item(str(data["item"])).id)


def _map(context: Context, data: Data) -> None:
    """Map the head's own space or that of all heads that vote, by one projection or another."""
    of, by = data.get("of"), data.get("by")
    if of in ("head", "kept"):
        context.session.look_at(mapped=of)
    if by in PROJECTIONS:
        context.session.look_at(projection=by)


INSPECTOR: Actions = {
    "map": _map,
    "cell": _cell,
    "all_on": _all_on,
    "close_head": _close_head,
    "head": _head,
    "look": _look,
    "switch": _switch,
    "switching": _switching,
    "versus": _versus,
}
"""On the head that is looked into."""
