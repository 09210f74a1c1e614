"""A visit to the analogy board: a source pair, a target, the weights of the base vectors, and what the model answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sav_core.evaluation.metrics import wilson_interval
from sav_core.vectors import BEST_BASE, COMPOSED
from sav_ui.pages.vectors.parts import conditions, progress_of, word_bars
from sav_ui.pages.vectors.run import base_vectors, missing_bases, waits_for_analogy
from sav_ui.pages.vectors.state import item_at, lab_of
from sav_ui.panels.panel import fill, scene
from sav_ui.panels.thumbnails import thumb
from sav_ui.panels.wording import percent
from sav_ui.session.session import Visit

if TYPE_CHECKING:
    from sav_core.vectors import Outcome

__all__ = ["analogy"]


def analogy(visit: Visit) -> dict[str, Any]:
    """The board; before all base vectors are made, what it takes to make them."""
    lab = lab_of(visit)
    study, task = lab.study(visit.project.model), lab.task
    if study is None or task is None or study.vector is None:
        return scene("", visit.version())
    board, studies = lab.board(study.model), lab.base_studies(study.model)
    missing, own = missing_bases(studies), lab.own(board.relation)
    source, target = item_at(own.train, board.source), item_at(own.test, board.target)
    words, chance = board.words, own.chance.share
    base = None if missing else base_vectors(studies)[0]
    html = fill(
        "vectors/analogy.html",
        relation=board.relation,
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
            for number, (name, weight) in enumerate((board.weights or {}).items())
        ],
        most=max(2, len(studies)),
        own=board.own,
        even=len({round(weight, 6) for weight in (board.weights or {}).values()}) == 1,
        bars=[] if words is None or isinstance(words, str) else word_bars(words, 1.0, target),
        why_not=words if isinstance(words, str) else "",
        conditions=conditions(board.judged),
        chance=percent(chance),
        verdict=_verdict(board.judged, chance),
        busy=lab.busy,
        progress=progress_of(lab, "analogy", "steps"),
        notice=visit.notice_at("analogy"),
    )
    return scene(html, visit.version(), next_run=not lab.busy and waits_for_analogy(lab, study.model))


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
