"""What the analogy shows: a source pair, a target, the weights of the base vectors, and what the model answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sav_core.evaluation.metrics import wilson_interval
from sav_core.vectors import BEST_BASE, COMPOSED
from sav_ui.pages.vectors.parts import busy_at, conditions, progress_of, word_bars
from sav_ui.pages.vectors.run import base_vectors, missing_bases, waits_for_analogy
from sav_ui.pages.vectors.state import VectorState, item_at
from sav_ui.panels.panel import Content, content, fill
from sav_ui.panels.thumbnails import thumb
from sav_ui.panels.wording import percent
from sav_ui.session.session import Session
from sav_ui.session.work import Kind

if TYPE_CHECKING:
    from sav_core.vectors import Outcome

__all__ = ["analogy"]


def analogy(session: Session) -> Content:
    """The analogy; before all base vectors are made, what it takes to make them."""
    state = session.state(VectorState)
    study, task = state.study(session.project.model), state.task
    if study is None or task is None or study.vector is None:
        return content("")
    chosen, studies = state.analogy(study.model), state.base_studies(study.model)
    missing, own = missing_bases(studies), state.own(chosen.relation)
    source, target = item_at(own.train, chosen.source), item_at(own.test, chosen.target)
    words, chance = chosen.words, own.chance.share
    base = None if missing else base_vectors(studies)[0]
    html = fill(
        "vectors/analogy.html",
        relation=chosen.relation,
        relations=task.listed,
        bases=task.bases,
        missing=missing,
        prompts=study.setup.prompts,
        layer=0 if base is None else base.layer,
        scale="" if base is None else f"{base.scale:g}",
        source={"picture": thumb(source.picture, 320), "a": source.anchor, "b": source.related},
        target={"picture": thumb(target.picture, 320), "c": target.anchor, "d": target.related},
        weights=[
            {"relation": name, "id": f"weight-{number}", "value": f"{weight:.2f}"}
            for number, (name, weight) in enumerate((chosen.weights or {}).items())
        ],
        most=max(2, len(studies)),
        own=chosen.own,
        even=len({round(weight, 6) for weight in (chosen.weights or {}).values()}) == 1,
        bars=[] if words is None or isinstance(words, str) else word_bars(words, 1.0, target),
        why_not=words if isinstance(words, str) else "",
        conditions=conditions(chosen.judged),
        chance=percent(chance),
        verdict=_verdict(chosen.judged, chance),
        busy=busy_at(session),
        progress=progress_of(session, Kind.ANALOGY, "steps"),
        notice=session.notice_at("analogy"),
    )
    return content(html, next_run=not session.work.busy and waits_for_analogy(state, study.model))


def _verdict(judged: Mapping[str, Outcome], chance: float) -> str:
    """What the outcomes of the sum come to, in a sentence that claims no more than the intervals do."""
    if not judged:
        return ""
    composed, base = judged[COMPOSED], judged[BEST_BASE]
    low, _ = wilson_interval(composed.right, composed.n)
    if low > chance:
        better = "better than" if low > base.accuracy else "not surely better than"
        return f"The sum does better than guessing, and is {better} the best base vector alone."
    if composed.accuracy <= chance:
        return "The sum does no better than guessing: these directions do not add up to the relation in this model."
    return "The items are too few to tell the sum from guessing."
