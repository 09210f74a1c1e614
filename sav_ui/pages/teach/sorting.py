"""Examples are put in order by hand: by dragging them, by Alt and an arrow key, or by a button below the open picture."""

from __future__ import annotations

from sav_ui.panels.films import called
from sav_ui.session.context import Context, Data

__all__ = ["place", "shift"]


def place(context: Context, data: Data) -> None:
    """Put one example, or several, before another one of a label, or behind its last."""
    session = context.session
    label = session.project.label(str(data["label"]))
    items = [session.project.item(name) for name in str(data["item"]).split(",")]
    changed = session.project.placed([item.id for item in items], label.id, str(data.get("before", "")))
    if changed.of_label(label.id) == session.project.of_label(label.id):
        return
    session.edit(lambda _: changed)
    moved = any(item.label != label.id for item in items)
    context.did(f"Moved {called(items)} {'to' if moved else 'within'} “{label.name}”.", shown=moved)


def shift(context: Context, data: Data) -> None:
    """Put an example one place earlier or later under its label; at the end there is nothing to do."""
    session = context.session
    item = session.project.item(str(data["item"]))
    ids = [each.id for each in session.project.of_label(item.label)]
    to = ids.index(item.id) + (1 if data["by"] == "later" else -1)
    if not 0 <= to < len(ids):
        return
    others = [each for each in ids if each != item.id]
    before = others[to] if to < len(others) else ""
    session.edit(lambda project: project.placed([item.id], item.label, before))
    context.did(f"Moved “{item.name}” one place {data['by']}.", shown=False)
