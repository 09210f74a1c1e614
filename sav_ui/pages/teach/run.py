"""What the Teach page needs the model for: what dials cost, finding heads, and looking into an example."""

from __future__ import annotations

from collections.abc import Iterator

from sav_ui.pages.shared.points import FIND, find_points
from sav_ui.pages.teach.depth_choice import learn_depths, waits_for_depths
from sav_ui.pages.teach.detail_choice import learn_costs, waits_for_costs
from sav_ui.pages.teach.state import WHERE
from sav_ui.session.context import Context, Data
from sav_ui.session.find_heads import find_heads, look_inside

__all__ = ["run"]


def run(context: Context, data: Data) -> Iterator[None]:
    """Do what is asked for, or else is waiting, in this order; yields whenever there is something new to show."""
    session = context.session
    if session.work.busy:
        return
    if data.get("do") == FIND:
        yield from find_points(context)
    if waits_for_costs(session):
        yield from learn_costs(session, context.models)
    if session.waits_for_heads:
        yield from find_heads(session, context.models, WHERE)
    elif waits_for_depths(session):
        yield from learn_depths(session, context.models)
    else:
        yield from look_inside(session, context.models)
