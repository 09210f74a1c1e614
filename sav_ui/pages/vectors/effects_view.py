"""What the page Function vectors shows of the heads' effects: heatmap, table, and one head looked into."""

from __future__ import annotations

from typing import Any

from sav_core.figures.overlay import overlay
from sav_core.figures.style import height_of, numbered
from sav_core.figures.vectors import effect_heatmap
from sav_core.types import Head
from sav_ui.pages.shared.head_inspector import inspector
from sav_ui.pages.shared.inside import own_heads
from sav_ui.pages.vectors.parts import busy_at, progress_of
from sav_ui.pages.vectors.run import waits_for_look
from sav_ui.pages.vectors.state import VectorState
from sav_ui.pages.vectors.study import Study
from sav_ui.panels.panel import Content, content, fill
from sav_ui.panels.thumbnails import data_uri
from sav_ui.panels.wording import percent
from sav_ui.serving.menu import choice_of
from sav_ui.session.fit import Fit
from sav_ui.session.session import Session
from sav_ui.session.work import Kind

__all__ = ["effects"]

_FEW = 8  # prompts below which a bootstrap interval is too narrow to be believed
_LISTED = 20  # heads of the table
_CLOSE = "#effect-head [data-act=close_effect]"


def effects(session: Session) -> Content:
    """Every head's effect, and the head that is looked into."""
    state = session.state(VectorState)
    study = state.study(session.project.model)
    if study is None:
        return content(fill("vectors/blank.html"))
    found = study.effects if study.done else None
    fit = session.current_fit
    geometry = None if found is None else found.changes.shape[1:]
    ringed = fit if fit is not None and geometry == fit.scores.correct.shape else None
    inside = own_heads(session) if ringed is not None and state.head is not None else None
    looked_into = None if inside is None else inspector(session, inside)
    html = fill(
        "vectors/effects.html",
        relation=study.setup.relation,
        prompts=len(study.prompts.corrupted),
        refused=study.refused,
        done=study.done,
        complete=study.complete,
        busy=busy_at(session),
        progress=progress_of(session, Kind.EFFECTS, "prompts"),
        found=None if found is None else _found(session, study),
        model=choice_of(session.project.model).title,
        small=not session.project.model,
        overlap=_overlap(study, ringed),
        ringed=state.overlap,
        title=session.project.title or "your labels",
        n_top=study.n_heads,
        head=_head(session, study, state) if found is not None and state.head is not None else None,
        inspector=looked_into,
        latest=state.latest,
    )
    looking = not session.work.busy and (waits_for_look(state, study) or (state.head and session.to_look_at is not None))
    figures = {} if found is None else {"effects": _effects_figure(session, study, state, ringed)}
    figures |= {} if looked_into is None else looked_into["figures"]
    from_table, pieces = (
        state.latest == "effect_row" and state.head is not None,
        looked_into["pieces"] if looked_into else (),
    )
    return content(html, figures, next_run=bool(looking), focus=_CLOSE if from_table else "", pieces=pieces)


def _found(session: Session, study: Study) -> dict[str, Any]:
    """What the effects say, in numbers and as a table of the leading heads."""
    assert study.effects is not None
    effects = study.effects
    aie, (low, high) = effects.aie(), _interval(session, study)
    listed = effects.ranking[: max(_LISTED, study.n_heads)]
    shown = numbered(study.n_heads, aie.shape[1])
    return {
        "share": percent(effects.concentration()),
        "baseline": f"{effects.baseline.mean():.2f}",
        "best": str(effects.ranking[0]),
        "best_effect": f"{aie[effects.ranking[0].layer, effects.ranking[0].index]:+.2f}",
        "sure": int((low > 0).sum()),
        "count": len(effects.ranking),
        "few": len(effects.changes) < _FEW,
        "layers": aie.shape[0],
        "columns": aie.shape[1],
        "ranks": ", numbered by rank" if shown == study.n_heads else f"; the best {shown} have their rank in them",
        "height": height_of(aie.shape[0]),
        "rows": [
            {
                "rank": rank,
                "name": str(head),
                "layer": head.layer,
                "index": head.index,
                "effect": float(aie[head.layer, head.index]),
                "low": float(low[head.layer, head.index]),
                "high": float(high[head.layer, head.index]),
                "kept": rank <= study.n_heads,
            }
            for rank, head in enumerate(listed, start=1)
        ],
    }


def _head(session: Session, study: Study, state: VectorState) -> dict[str, Any] | None:
    """The head that is looked into: its effect, and what it looks at in the prompt that is shown."""
    effects, head = study.effects, state.head
    assert effects is not None
    assert head is not None
    aie, (low, high) = effects.aie(), _interval(session, study)
    if head.layer >= aie.shape[0] or head.index >= aie.shape[1]:
        return None
    at = (head.layer, head.index)
    rank, look = effects.ranking.index(head) + 1, study.looks.get(study.shown(state.prompt))
    sure = "it helps" if low[at] > 0 else "it harms" if high[at] < 0 else "it may be nothing"
    sure += ", as far as so few prompts can say" if len(effects.changes) < _FEW else ""
    return {
        "name": str(head),
        "layer": head.layer,
        "index": head.index,
        "rank": rank,
        "count": len(effects.ranking),
        "kept": rank <= study.n_heads,
        "effect": f"{aie[at]:+.4f}",
        "low": f"{low[at]:+.4f}",
        "high": f"{high[at]:+.4f}",
        "sure": sure,
        "n": len(effects.changes),
        "why_not": look if isinstance(look, str) else "",
        "views": []
        if look is None or isinstance(look, str)
        else session.memo("attention", (look, head), lambda: _views(study, state, head)),
        "share": "" if look is None or isinstance(look, str) else percent(look.image_share[at]),
    }


def _views(study: Study, state: VectorState, head: Head) -> list[dict[str, str]]:
    """One head's attention over every picture of the prompt, brightest where it is strongest in all of them."""
    number = study.shown(state.prompt)
    look, prompt = study.looks[number], study.prompts.clean[number]
    assert not isinstance(look, str)
    grids = [grid[head.layer, head.index] for grid in look.grids]
    peak = max(float(grid.max()) for grid in grids)
    items = (*prompt.demonstrations, prompt.item)
    return [
        {
            "picture": data_uri(overlay(picture, grid, peak=peak, edge=200)),
            "alt": f"Attention of {head} over picture {number} of the prompt",
            "caption": f"{item.anchor} → {item.related}" if item is not prompt.item else f"{item.anchor} → ?",
        }
        for number, (picture, grid, item) in enumerate(zip(look.example.images, grids, items, strict=True), start=1)
    ]


def _overlap(study: Study, fit: Fit | None) -> dict[str, Any] | None:
    """How many of the leading heads also vote for the project's labels, and how many would by chance."""
    if fit is None or study.effects is None:
        return None
    leading, voting = set(study.effects.ranking[: study.n_heads]), set(fit.kept)
    expected = len(leading) * len(voting) / len(study.effects.ranking)
    return {"both": len(leading & voting), "leading": len(leading), "voting": len(voting), "chance": f"{expected:.1f}"}


def _effects_figure(session: Session, study: Study, state: VectorState, fit: Fit | None) -> str:
    found, ringed = study.effects, fit.kept if fit is not None and state.overlap else ()
    assert found is not None

    def draw() -> str:
        low, high = _interval(session, study)
        words = f"the heads of “{session.project.title or 'your labels'}”"
        figure = effect_heatmap(
            found.aie(), low, high, found.ranking, study.n_heads, also=ringed, also_are=words, selected=state.head
        )
        return str(figure.to_json())

    return session.memo("effects", (found, study.n_heads, ringed, state.head), draw)


def _interval(session: Session, study: Study) -> tuple[Any, Any]:
    """The interval of every head's effect: two arrays ``float (layer, head)``."""
    effects = study.effects
    assert effects is not None
    ends: tuple[Any, Any] = session.memo("interval", (effects,), lambda: effects.interval(draws=500))
    return ends
