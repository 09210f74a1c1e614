"""What the Teach page needs the model for: finding heads, and looking at the inspected example."""

from __future__ import annotations

from collections.abc import Iterator

from sav_ui.pages.shared.points import FIND, find_points
from sav_ui.pages.teach.state import WHERE
from sav_ui.session.context import Context, Data
from sav_ui.session.find_heads import find_heads, look_inside

__all__ = ["run"]


def run(context: Context, data: Data) -> Iterator[None]:
    """Do what is asked for or waiting: finding heads, looking; yields whenever there is something new to show."""
    session = context.session
    if session.work.busy:
        return
    if data.get("do") == FIND:
        yield from find_points(context)
    if session.waits_for_heads:
        yield from find_heads(session, context.models, WHERE)
    else:
        yield from look_inside(session, context.models)
