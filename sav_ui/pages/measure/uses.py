"""Does the model use the heads that vote? They are knocked out in it, and it answers the test set by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sav_core.data.examples import Example
from sav_core.errors import CancelledError, SavError
from sav_core.types import Cancel, Head, HeadVectors, ProgressCallback
from sav_ui.pages.measure.state import MeasureState, test_plan
from sav_ui.pages.shared.judged import taught_key
from sav_ui.pages.shared.uses import FIGURE, Uses, UsesState, uses_of
from sav_ui.panels.jobs import Job
from sav_ui.panels.panel import Content, content, fill
from sav_ui.panels.wording import progress_bar
from sav_ui.session.context import Context, Data
from sav_ui.session.session import Session
from sav_ui.session.work import Kind

if TYPE_CHECKING:
    from sav_core.models.backbones import Backbone

__all__ = ["run", "show"]

_MOST = 60  # test pictures that are asked about: each is answered two dozen times
_ASKED = {"task": "the ready task’s own pictures", "own": "your test set", "split": "the examples to be set aside"}


def show(session: Session) -> Content:
    """The bars, the button, or how far it is; nothing before heads are found."""
    fit, state = session.current_fit, session.state(MeasureState)
    if fit is None:
        return content("")
    found, task = uses_of(session, session.project, fit), session.work.at(Kind.KNOCK_OUT)
    source = state.source(session.project)
    html = fill(
        "measure/uses.html",
        uses=found,
        heads=len(fit.kept),
        asked=_ASKED.get(source, "your examples"),
        most=_MOST,
        busy=session.work.busy,
        progress=None
        if task is None
        else progress_bar(task.progress, "answers", doing="Knocking heads out", place=session.work.place_of(task)),
    )
    return content(html, {} if found is None else {FIGURE: found["figure"]})


def run(context: Context, data: Data) -> Iterator[None]:
    """Knock heads out as the project and the chosen test set are now; what was found before stays until then."""
    session = context.session
    if session.work.busy:
        return
    with session.changing():
        state, fit, project = session.state(MeasureState), session.current_fit, session.project
        session.notice = None
    if fit is None:
        return
    with session.work.doing(Kind.KNOCK_OUT) as task:
        try:
            support = tuple(project.example(item) for item in fit.items)
            source = state.source(project)
            queries = (
                test_plan(state, project, fit).test if source in _ASKED and (source != "own" or state.own) else support
            )
            asked = _ASKED[source] if queries is not support else "your examples"
            given = (fit.kept, fit.ranking, _spread(queries), fit.labels, support, fit.read)
            job = Job(
                lambda: context.models.run(project.model, knock_out, *given, progress=task.report, cancel=task.cancelled)
            )
            yield from job.ticks()
            values, figure, height = job.result()
            taught = (taught_key(project, fit), fit.rule.voting)
            with session.changing():
                session.state(UsesState).latest = Uses(taught, asked, values, figure, height)
        except CancelledError:
            context.say("Stopped; nothing was kept of the heads that were knocked out.", "done")
        except SavError as error:
            context.say(str(error))
    yield


def knock_out(
    backbone: Backbone,
    kept: Sequence[Head],
    ranking: Sequence[Head],
    queries: Sequence[Example],
    labels: Sequence[str],
    support: Sequence[Example],
    vectors: HeadVectors,
    *,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> tuple[dict[str, Any], str, int]:
    """Return what was found as values, its figure as JSON, and how high that is."""
    from sav_core.causes import ablate, choose_heads  # torch takes seconds, the page must not wait
    from sav_core.causes.bars import switched_off
    from sav_core.causes.values import ablation_values
    from sav_core.figures.causes import loss_figure, loss_figure_height

    heads = choose_heads(kept, backbone.geometry, ranking)
    found = ablate(backbone, heads, queries, labels, support=support, vectors=vectors, progress=progress, cancel=cancel)
    bars = switched_off(found)
    return ablation_values(found), str(loss_figure(bars).to_json()), loss_figure_height(len(bars))


def _spread(queries: Sequence[Example]) -> list[Example]:
    """As many as are asked about, from the first to the last."""
    step = max(1, -(-len(queries) // _MOST))
    return list(queries[::step])
