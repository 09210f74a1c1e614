"""What the page Function vectors shows of a tuning: the curve as it grows, why it ended, and what it came to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sav_core.figures.vectors import tuning_curve
from sav_ui.pages.vectors.parts import at_site, busy_at, progress_of
from sav_ui.pages.vectors.state import VectorState
from sav_ui.pages.vectors.study import BUILT, Judged, Study, Tuning
from sav_ui.pages.vectors.tasks import PATIENCE
from sav_ui.panels.panel import Content, content, fill
from sav_ui.panels.wording import percent
from sav_ui.session.session import Session
from sav_ui.session.work import Kind

if TYPE_CHECKING:
    from sav_core.vectors import Tuned

__all__ = ["tuning"]


def tuning(session: Session) -> Content:
    """Tuning the vector, with its curve as it grows."""
    state = session.state(VectorState)
    study = state.study(session.project.model)
    if study is None or study.vector is None:
        return content("")
    tuned = study.tuning
    drawn = tuned is not None and bool(tuned.curves)
    html = fill(
        "vectors/tuning.html",
        busy=busy_at(session),
        progress=progress_of(session, Kind.TUNING, "steps"),
        drawn=drawn,
        turn=0 if tuned is None else tuned.turn,
        latest=state.latest,
        n=0 if tuned is None else tuned.n,
        ended=tuned is not None and bool(tuned.reached),
        moved=study.use != BUILT,
        stale="" if tuned is None or not tuned.reached else _what_changed(study, tuned),
        steps=state.steps,
        patience=PATIENCE,
        lines=[] if tuned is None else reached(tuned),
        layer=study.at[BUILT].layer,
        scale=f"{study.at[BUILT].scale:g}",
    )
    figures = {}
    if tuned is not None and drawn:
        figures["tuning"] = session.memo(
            "tuning", (tuned,), lambda: str(tuning_curve(tuned.curves, tuned.levels, steps=tuned.steps).to_json())
        )
    return content(html, figures)


def reached(tuned: Tuning) -> list[str]:
    """What tuning has come to, in words: the vector that is kept and why it ended, and while it goes on what would be."""
    lines = []
    for name, points in tuned.curves.items():
        if not len(points):
            continue
        best = max(points, key=lambda point: (point[1], point[2]))
        end = ""
        if (known := tuned.reached.get(name)) is not None:
            (best,) = points[points[:, 0] == known.best_step]
            end = f". {_end(known, tuned.n)}"
        lines.append(f"{name}: {percent(points[0, 1])} → {percent(best[1])} of {tuned.n} at step {best[0]:.0f}{end}")
    return lines


def _end(tuned: Tuned, n: int) -> str:
    """Why a tuning ended where it did."""
    last = tuned.curve[-1].step
    if tuned.end == "goal":
        nothing = f"All {n} validation questions are right"
        return f"{nothing} without a step, so there is nothing to learn" if not last else f"{nothing}, so it stopped"
    if tuned.end == "patience":
        return f"It stopped at step {last}, for it got no better"
    return f"You stopped it at step {last}" if tuned.end == "cancelled" else f"All {last} steps are done"


def _what_changed(study: Study, tuned: Tuning) -> str:
    """Why the tuning is no longer that of the built vector; empty while it is."""
    now = study.vector_of(BUILT)
    if now is None or tuned.is_of(now):
        return ""
    began = Judged(tuned.start, {})
    if not began.same_values(now):
        return "It began with the vector that was built before."
    return f"It began with the vector {at_site(began.site)}; now that is used {at_site(study.at[BUILT])}."
