"""Which heads of a session's model point at the thing a question is about: as shipped with it, or found on drawn scenes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sav_core.errors import CancelledError, SavError
from sav_core.pointing.ranking import PointingHeads
from sav_core.pointing.stored import StoredPointing, read_pointing
from sav_core.settings import settings
from sav_core.types import Cancel, Head, ProgressCallback
from sav_ui.panels.jobs import Job
from sav_ui.panels.wording import percent, progress_bar
from sav_ui.session.context import Context
from sav_ui.session.page_state import PageState
from sav_ui.session.session import Session
from sav_ui.session.work import Kind

if TYPE_CHECKING:
    from sav_core.models.backbones import Backbone

__all__ = [
    "ASKS",
    "FIND",
    "POINT",
    "PointsState",
    "find_points",
    "pointing_heads",
    "points_of",
    "stored_points",
    "where_asked",
]

FIND = "find_points"
"""What a button asks for that finds them."""

ASKS = {FIND: Kind.POINT}
"""The same for a panel that has such a button."""

POINT = 3
"""How many of the best heads point, as in the paper."""

_CHOSEN, _JUDGED = 24, 24  # scenes to rank heads on, and to say of each what it looks at


class PointsState(PageState):
    """What was found of models that nothing was shipped with.

    Attributes:
        found: by the project's model.
        refused: why nothing can be found, likewise.
    """

    def __init__(self) -> None:
        self.found: dict[str, PointingHeads] = {}
        self.refused: dict[str, str] = {}


def stored_points(session: Session) -> StoredPointing | None:
    """What was shipped beside the model; ``None`` where it is another than the one the app starts with."""
    return None if session.project.model else _stored(Path(settings().model))


def pointing_heads(session: Session, shape: tuple[int, int]) -> PointingHeads | None:
    """What is known of the heads of the session's model, which has so many layers and heads; ``None`` before it is."""
    stored, found = stored_points(session), session.state(PointsState).found.get(session.project.model)
    known = (found, None if stored is None else stored.heads)
    return next((heads for heads in known if heads is not None and heads.inside.shape == shape), None)


def points_of(session: Session, head: Head, shape: tuple[int, int]) -> dict[str, Any]:
    """Whether a head points, for a template: the sentence, or how to find out."""
    found = pointing_heads(session, shape)
    return {"words": "" if found is None else _words(found, head), "points": found is not None and found.points(head)}


def where_asked(session: Session) -> dict[str, Any]:
    """For a template, what stands in the place of an answer that is not known: the button, how far it is, why not."""
    task = session.work.at(Kind.POINT)
    return {
        "find": FIND,
        "scenes": _CHOSEN + _JUDGED,
        "refused": session.state(PointsState).refused.get(session.project.model, ""),
        "progress": None
        if task is None
        else progress_bar(task.progress, "scenes", doing="Looking", place=session.work.place_of(task)),
    }


def find_points(context: Context) -> Iterator[None]:
    """Show the model drawn scenes whose things stand in known places; yields whenever there is something new to show."""
    session, model = context.session, context.session.project.model
    with session.work.doing(Kind.POINT) as task:
        job = Job(lambda: context.models.run(model, find, progress=task.report, cancel=task.cancelled))
        yield from job.ticks()
        state = session.state(PointsState)
        try:
            found = job.result()
            with session.changing():
                state.found[model] = found
        except CancelledError:
            context.say("Stopped; which heads point was not found out.", "done")
        except SavError as error:
            with session.changing():
                state.refused[model] = str(error)
    yield


def find(backbone: Backbone, *, progress: ProgressCallback | None = None, cancel: Cancel | None = None) -> PointingHeads:
    """Find the heads of a model that point."""
    from sav_core.pointing.looks import rank_on_scenes  # torch takes seconds, the page must not wait
    from sav_core.vectors import shipped_sprites

    return rank_on_scenes(backbone, shipped_sprites(), _CHOSEN, _JUDGED, progress=progress, cancel=cancel)


def _words(found: PointingHeads, head: Head) -> str:
    """Whether one head points, and how surely that is so."""
    told = found.of(head)
    elsewhere = told["elsewhere"]
    other = "" if elsewhere is None else f", {percent(elsewhere)} on another thing of the same picture"
    points = "points" if found.points(head) else "does not point"
    return (
        f"This head {points}: on {found.n} drawn scenes {percent(told['inside'])} of its look is on the thing "
        f"named{other}. A look spread evenly has {percent(found.even)} there."
    )


@cache
def _stored(folder: Path) -> StoredPointing | None:
    return read_pointing(folder)
