"""What the analogy shows: a source pair, a target, the weights of the base vectors, and what the model answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sav_core.evaluation.metrics import wilson_interval
from sav_core.vectors import BEST_BASE, COMPOSED, Site
from sav_ui.pages.vectors.analogies import Analogy, Bases, JudgedSum, base_vectors, missing_bases
from sav_ui.pages.vectors.analogy_runs import waits_for_analogy
from sav_ui.pages.vectors.parts import answer_word, at_site, busy_at, conditions, doing, progress_of, word_bars
from sav_ui.pages.vectors.setup import item_at
from sav_ui.pages.vectors.state import VectorState
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
    if study is None or task is None:
        return content("")
    bases = state.bases(study.model)
    missing = missing_bases(bases)
    if missing and study.vector is None:
        return content("")
    html = fill(
        "vectors/analogy.html",
        relations=task.listed,
        bases=task.bases,
        missing=missing,
        refused="" if state.ready is None else state.ready.refused,
        prompts=study.setup.prompts,
        board=_board(state, study.model, bases),
        judged=None if missing else _judged(state, study.model),
        busy=busy_at(session),
        doing=doing(session),
        latest=state.latest,
        progress=progress_of(session, Kind.ANALOGY, "steps"),
    )
    return content(html, next_run=not session.work.busy and waits_for_analogy(state, study.model))


def _board(state: VectorState, model: str, bases: Bases) -> dict[str, Any] | None:
    """The pair, the target, the weights and the answer; ``None`` before all base vectors are made."""
    if missing_bases(bases):
        return None
    chosen, base = state.analogy(model), base_vectors(bases)[0]
    own, words = state.own(chosen.relation), chosen.words
    source, target = item_at(own.train, chosen.source), item_at(own.test, chosen.target)
    weights, known = chosen.weights or {}, None if words is None or isinstance(words, str) else words
    return {
        "relation": chosen.relation,
        "at": at_site(Site(base.layer, base.scale)),
        "ready": sum(mapped is not None and mapped.vector.notes.get("sites") is not None for mapped in bases.values()),
        "source": {"picture": thumb(source.picture, 320), "a": source.anchor, "b": source.related},
        "target": {"picture": thumb(target.picture, 320), "c": target.anchor, "d": target.related},
        "weights": [
            {"relation": name, "id": f"weight-{number}", "value": f"{weight:.2f}"}
            for number, (name, weight) in enumerate(weights.items())
        ],
        "most": max(2, len(bases)),
        "own": chosen.own,
        "even": len({round(weight, 6) for weight in weights.values()}) == 1,
        "answer": None if known is None else answer_word(known, 1.0),
        "bars": [] if known is None else word_bars(known, 1.0, target),
        "why_not": words if isinstance(words, str) else "",
    }


def _judged(state: VectorState, model: str) -> dict[str, Any] | None:
    """How the sum did on test items, and whether it was this one."""
    chosen = state.analogy(model)
    if chosen.judged is None:
        return None
    chance = state.own(chosen.relation).chance.share
    return {
        "turn": chosen.judged.turn,
        "conditions": conditions(chosen.judged.outcomes),
        "chance": percent(chance),
        "verdict": _verdict(chosen.judged.outcomes, chance),
        "stale": "" if chosen.judged_is_current else _what_changed(chosen, chosen.judged),
    }


def _what_changed(chosen: Analogy, judged: JudgedSum) -> str:
    if judged.former:
        return "These figures are of the base vectors that were built before."
    if judged.source != chosen.source:
        return "These figures are of another source pair."
    were = ", ".join(f"{weight:.2f} of {name}" for name, weight in judged.weights.items())
    return f"These figures are of other weights: {were}."


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
