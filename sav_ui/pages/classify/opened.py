"""The classifier that a visitor brought as a file, at the top of the Classify page: what it says, and what it cannot do."""

from __future__ import annotations

from collections.abc import Iterator

from sav_core.errors import InputError, SavError
from sav_ui.host.dispatch import Actions, Steps, dispatch
from sav_ui.limits import CLIPS, limits
from sav_ui.pages.classify.state import FRAME
from sav_ui.pages.shared.answer_bars import bars
from sav_ui.panels.films import film, looked_at, sampled
from sav_ui.panels.jobs import Job
from sav_ui.panels.panel import Content, content, fill
from sav_ui.panels.thumbnails import thumb
from sav_ui.serving.menu import choice_of
from sav_ui.serving.reading import read_first_layers
from sav_ui.session.context import Context, Data
from sav_ui.session.opened_sav import OpenedSavState
from sav_ui.session.session import Session
from sav_ui.session.work import Kind
from sav_ui.uploads.files import LeftOutError, describe_skipped, read_pictures, uploads

__all__ = ["act", "run", "show"]


def act(context: Context, data: Data) -> None:
    """Do what was asked for."""
    dispatch(ACTIONS, context, data)


def show(session: Session) -> Content:
    """The classifier with its answers; nothing while none is open."""
    state = session.state(OpenedSavState)
    opened = state.opened
    if opened is None:
        return content("")
    html = fill(
        "classify/opened.html",
        name=opened.name,
        labels=[str(label) for label in opened.heads.classes_],
        heads=len(opened.heads.kept_heads_),
        model=choice_of(opened.model).title,
        question=opened.question,
        clip_limits=limits().clips_in_words,
        looked_at=looked_at(opened.clips or CLIPS),
        as_taught=opened.clips is not None,
        busy=bool(state.missing),
        answers=[
            {
                "name": each.picture.name,
                "picture": thumb(each.picture, 144),
                "film": film([each.picture], FRAME),
                "refused": each.refused,
                "label": "" if each.prediction is None else each.prediction.label,
                "bars": [] if each.prediction is None else bars(each.prediction.shares, each.prediction.label),
            }
            for each in reversed(state.asked)
        ],
    )
    return content(html, next_run=bool(state.missing) and not session.work.busy)


def run(context: Context, data: Data) -> Iterator[None]:
    """Show the model the pictures that it has not seen, one after another; a picture it refuses gets its reason."""
    session = context.session
    state, opened = session.state(OpenedSavState), session.state(OpenedSavState).opened
    if opened is None or session.work.busy:
        return
    with session.work.doing(Kind.CLASSIFY) as task:
        for asked in state.missing:
            prediction, refused = None, ""
            try:
                task_of = (opened.model, read_first_layers, [opened.as_query(asked.picture)], opened.heads.depth)
                job = Job(lambda task_of=task_of: context.models.run(*task_of))  # type: ignore[misc]
                yield from job.ticks()
                (prediction,) = opened.heads.predict(job.result())
            except SavError as error:
                refused = str(error)
            with session.changing():
                state.answer(asked, prediction, refused)
            if task.cancelled() or state.opened is not opened:
                return


def _ask(context: Context, data: Data) -> Steps:
    """Take pictures to classify."""
    opened = context.session.state(OpenedSavState).opened
    clips = (opened and opened.clips) or CLIPS
    good, bad = read_pictures(uploads(data.get("files")), clips=clips)
    for _, picture in good:
        film([picture], FRAME)
    if bad and not good:
        raise LeftOutError(bad)
    yield
    state = context.session.state(OpenedSavState)
    if state.opened is None or state.opened is not opened:
        raise InputError("That classifier is no longer open: open its file again.")
    context.session.check_room(picture for _, picture in good)
    state.add([picture for _, picture in good])
    said = f"{sampled(picture for _, picture in good)} {describe_skipped(bad)}".strip()
    if said:
        context.say(said, "part" if bad else "done", left_out=bad)


def _close(context: Context, data: Data) -> None:
    context.session.state(OpenedSavState).open(None)


def _dismiss(context: Context, data: Data) -> None:
    context.session.notice = None


ACTIONS: Actions = {"ask_opened": _ask, "close_opened": _close, "dismiss": _dismiss}
"""What can be asked for."""
