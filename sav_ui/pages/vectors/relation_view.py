"""What the page Function vectors shows of the relation: how it is asked for, and the prompts that tell it."""

from __future__ import annotations

from typing import Any

from sav_core.evaluation.metrics import wilson_interval
from sav_core.vectors import DIAGONALS, SPATIAL, Chance, RelationItem
from sav_ui.pages.vectors.parts import busy_at
from sav_ui.pages.vectors.state import WHERE, VectorState
from sav_ui.pages.vectors.study import Study
from sav_ui.panels.panel import Content, content, fill
from sav_ui.panels.thumbnails import thumb
from sav_ui.panels.wording import percent
from sav_ui.session.session import Session

__all__ = ["relations"]

_CHOSEN = ".vectors-task .chips [aria-pressed=true]"


def relations(session: Session) -> Content:
    """Which relation is looked at, how it is asked for, and its demonstrations as pictures."""
    state = session.state(VectorState)
    study, task = state.study(session.project.model), state.task
    if study is None or task is None:
        html = fill("vectors/start.html", bases=SPATIAL, slants=DIAGONALS, notice=session.notice_at(WHERE))
        return content(html)
    chance = state.own(study.setup.relation).chance
    shown = _prompt(study, state) if study.prompts.clean else None
    html = fill(
        "vectors/task.html",
        title=task.name,
        drawn=task.spatial,
        relations=task.listed,
        setup=study.setup,
        shown=shown,
        mixed=state.corrupted,
        chance=percent(chance.share),
        how=_guess(chance),
        known=None if study.means is None else _known(study),
        refused=study.refused,
        left_out=study.prompts.left_out,
        busy=bool(busy_at(session)),
        notice=session.notice_at(WHERE),
    )
    return content(html, focus=_CHOSEN if state.latest == "open" else "")


def _prompt(study: Study, state: VectorState) -> dict[str, Any]:
    """The prompt that is shown: its demonstrations, its query, and what would be right."""
    prompts = study.prompts.corrupted if state.corrupted else study.prompts.clean
    number = study.shown(state.prompt)
    prompt = prompts[number]
    shown = [
        {"picture": thumb(item.picture, 192), "anchor": item.anchor, "answer": answer, "true": answer == item.related}
        for item, answer in zip(prompt.demonstrations, prompt.answers, strict=True)
    ]
    return {
        "number": number + 1,
        "count": len(prompts),
        "shown": shown,
        "query": _query(prompt.item),
        "wording": prompt.wording,
    }


def _guess(chance: Chance) -> str:
    return f"always answering “{chance.answer}”" if chance.answer else "a guess among the things around it"


def _query(item: RelationItem) -> dict[str, Any]:
    return {"picture": thumb(item.picture, 320), "anchor": item.anchor, "related": item.related}


def _known(study: Study) -> dict[str, Any]:
    """How the model does on clean prompts, and zero-shot."""
    assert study.means is not None
    n = study.means.asked
    right = round(study.means.accuracy * n)
    low, high = wilson_interval(right, n)
    return {"right": right, "n": n, "low": percent(low), "high": percent(high), "bare": study.zero_shot_right}
