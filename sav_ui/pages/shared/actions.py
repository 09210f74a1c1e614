"""What means the same on several pages: starting from a ready task, taking back, and looking into a head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sav_core.errors import InputError
from sav_core.retrieval.projection import PROJECTIONS
from sav_core.types import Head
from sav_ui.host.dispatch import Action, Actions, Steps
from sav_ui.pages.shared.inside import Inside, own_heads
from sav_ui.session.context import Context, Data
from sav_ui.session.project import Project
from sav_ui.session.session import Session
from sav_ui.uploads.ready_tasks import task_named

__all__ = ["INSPECTOR", "WORK", "head_asked_for", "inspecting"]


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
    if head is None:
        raise InputError("That head is not here: teach labels and find heads, then choose one on the map.")
    context.session.look_at(head=head, versus=None, cell=None)


def _known(session: Session, layer: int, index: int) -> Head | None:
    if session.fit is None:
        return None
    layers, heads = session.fit.scores.correct.shape
    return Head(layer, index) if 0 <= layer < layers and 0 <= index < heads else None


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


def _cell(inside: Inside, data: Data) -> None:
    """Show the pictures of a cell of the head's confusion, or hide them again."""
    cell = (int(data["row"]), int(data["column"]))
    if all(0 <= place < len(inside.fit.labels) for place in cell):
        inside.turn(cell=None if inside.focus.cell == cell else cell)


def _look(inside: Inside, data: Data) -> None:
    """Show another example's neighbours and attention."""
    inside.turn(item=inside.project.item(str(data["item"])).id)


def _map(inside: Inside, data: Data) -> None:
    """Map the head's own space or that of all heads that vote, by one projection or another."""
    of, by = data.get("of"), data.get("by")
    if of in ("head", "kept"):
        inside.turn(mapped=of)
    if by in PROJECTIONS:
        inside.turn(projection=by)


def _versus(inside: Inside, data: Data) -> None:
    """Put another head beside the one that is looked into."""
    chosen = next((head for head in inside.fit.ranking if str(head) == data.get("value")), None)
    inside.turn(versus=None if chosen == inside.focus.head else chosen)


def inspecting(inside_of: Callable[[Session], Inside | None]) -> Actions:
    """What can be done in an inspector of heads, wherever it stands.

    Args:
        inside_of: what it looks into; with nothing there nothing is done.
    """

    def of(change: Callable[[Inside, Data], None]) -> Action:
        def act(context: Context, data: Data) -> None:
            inside = inside_of(context.session)
            if inside is not None:
                change(inside, data)

        return act

    return {"cell": of(_cell), "look": of(_look), "map": of(_map), "versus": of(_versus)}


INSPECTOR: Actions = {
    **inspecting(own_heads),
    "all_on": _all_on,
    "close_head": _close_head,
    "head": _head,
    "switch": _switch,
    "switching": _switching,
}
"""On the head that is looked into of those that the visitor has had found."""
