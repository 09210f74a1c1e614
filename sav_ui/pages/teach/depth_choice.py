"""How many layers heads come from: accuracy by depth beside the time, for whoever asks, and the choice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sav_core.errors import SavError
from sav_core.evaluation.depths import DepthCurve, DepthFits, leave_out_by_depth
from sav_core.figures.depths import DEPTH_HEIGHT, depth_figure
from sav_core.heads.classifier import HeadClassifier
from sav_ui.host.dispatch import Actions, Steps
from sav_ui.pages.teach.state import Depths, TeachState
from sav_ui.panels.jobs import Job
from sav_ui.panels.wording import percent
from sav_ui.serving.pool import ModelPool
from sav_ui.session.context import Context, Data
from sav_ui.session.fit import Fit
from sav_ui.session.project import Project
from sav_ui.session.session import Session
from sav_ui.session.work import Kind

if TYPE_CHECKING:
    from sav_core.types import Cancel

__all__ = ["DEPTH_CHOICE", "depth_choice", "depth_curve", "learn_depths", "waits_for_depths"]


def depth_choice(session: Session, fit: Fit) -> dict[str, Any] | None:
    """What is shown of depth; ``None`` where no example can be left out, or the model has a single layer."""
    layers = fit.read.geometry.layers
    if layers < 2 or fit.rule.left_out is None:
        return None
    state, known = session.state(TeachState), _known(session, fit)
    shown: dict[str, Any] = {
        "open": state.by_depth,
        "layers": layers,
        "depth": fit.depth,
        "judging": session.work.kind is Kind.COUNT_DEPTHS or waits_for_depths(session),
        "refused": known.refused if known is not None else "",
        "curve": None,
    }
    curve = _curve(session, fit)
    if state.by_depth and curve is not None:
        shown["curve"] = {
            "height": DEPTH_HEIGHT,
            "timed": curve.timed,
            "enough": curve.enough,
            "time": percent(curve.time[fit.depth - 1]),
            "rows": _rows(curve),
            "n": curve.n,
        }
    return shown


def depth_curve(session: Session, fit: Fit) -> dict[str, str]:
    """The figure, where it is shown."""
    curve = _curve(session, fit)
    if curve is None or not session.state(TeachState).by_depth:
        return {}
    about = (curve, fit.depth)
    return {"depths": session.memo("depths", about, lambda: str(depth_figure(curve, fit.depth).to_json()))}


def waits_for_depths(session: Session) -> bool:
    """Whether somebody wants to see accuracy by depth, and it is still to be judged for these examples."""
    fit, state = session.current_fit, session.state(TeachState)
    if not state.by_depth or fit is None or session.work.busy or fit.rule.left_out is None:
        return False
    return _known(session, fit) is None


def learn_depths(session: Session, models: ModelPool) -> Iterator[None]:
    """Judge every depth on the vectors that are there, and time the model's layers; yields now and then."""
    fit, project = session.current_fit, session.project
    if fit is None:
        return
    with session.work.doing(Kind.COUNT_DEPTHS) as task:
        job = Job(lambda: _judge(fit, project, models, task.cancelled))
        yield from job.ticks()
        try:
            fits, seconds = job.result()
            found = Depths(fit.read, _settings(fit), fits, seconds)
        except SavError as error:
            found = Depths(fit.read, _settings(fit), refused=str(error))
        with session.changing():
            session.state(TeachState).depths = found


def _judge(fit: Fit, project: Project, models: ModelPool, cancel: Cancel) -> tuple[DepthFits, tuple[float, ...]]:
    # torch takes seconds, and the page must not wait for them
    from sav_core.activations.depth_times import time_layers

    fits = leave_out_by_depth(HeadClassifier(1, fit.rule.voting, fit.scoring), fit.read, cancel=cancel)
    return fits, tuple(models.run(project.model, time_layers, project.example(fit.items[0])).tolist())


def _settings(fit: Fit) -> tuple[str, str]:
    return fit.rule.voting, fit.scoring


def _known(session: Session, fit: Fit) -> Depths | None:
    """What was judged of just these examples under this voting rule and ranking; ``None`` before it was."""
    found = session.state(TeachState).depths
    return found if found is not None and found.read is fit.read and found.settings == _settings(fit) else None


def _curve(session: Session, fit: Fit) -> DepthCurve | None:
    """With as many heads as vote now."""
    known = _known(session, fit)
    if known is None or known.fits is None:
        return None
    fits, seconds = known.fits, known.seconds
    return session.memo("depth curve", (fits, fit.n_kept), lambda: fits.at(fit.n_kept, seconds))


def _rows(curve: DepthCurve) -> list[dict[str, Any]]:
    return [
        {
            "layers": depth,
            "right": right,
            "percent": percent(right / curve.n),
            "share": f"{right / curve.n:.6f}",
            "low": round(100 * low),
            "high": round(100 * high),
            "time": percent(time),
            "time_share": f"{time:.6f}",
        }
        for depth, (right, (low, high), time) in enumerate(
            zip(curve.right.tolist(), curve.intervals, curve.time.tolist(), strict=True), start=1
        )
    ]


def _by_depth(context: Context, data: Data) -> None:
    """Show accuracy by depth, or hide it."""
    state = context.session.state(TeachState)
    state.by_depth = not state.by_depth


def _depth(context: Context, data: Data) -> Steps:
    """Have heads come from so many layers, and the model run no further for what is classified."""
    session, fit = context.session, context.session.fit
    if fit is None:
        return
    layers = fit.read.geometry.layers
    wanted = max(1, min(int(data["value"]), layers))
    max_layer = None if wanted == layers else wanted - 1
    fit.within(max_layer).prepared()
    yield
    session.set(max_layer=max_layer)


DEPTH_CHOICE: Actions = {"by_depth": _by_depth, "depth": _depth}
"""What can be chosen."""
