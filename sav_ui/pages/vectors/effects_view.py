"""A visit to what the page Function vectors shows of the heads' effects: heatmap, table, and one head looked into."""

from __future__ import annotations

from typing import Any

from sav_core.figures.overlay import overlay
from sav_core.figures.style import height_of
from sav_core.figures.vectors import effect_heatmap
from sav_core.types import Head
from sav_ui.pages.classify.state import fit_of
from sav_ui.pages.teach.head_inspector import inspector
from sav_ui.pages.vectors.parts import progress_of
from sav_ui.pages.vectors.run import waits_for_look
from sav_ui.pages.vectors.state import Lab, Study, lab_of
from sav_ui.panels.memo import drawn_once
from sav_ui.panels.panel import fill, scene
from sav_ui.panels.thumbnails import data_uri
from sav_ui.panels.wording import percent
from sav_ui.serving.menu import choice_of
from sav_ui.session.fit import Fit
from sav_ui.session.session import Visit

__all__ = ["effects"]

_FEW = 8  # prompts below which a bootstrap interval is too narrow to be believed
_LISTED = 20  # heads of the table


def effects(visit: Visit) -> dict[str, Any]:
    """Every head's effect, and the head that is looked into."""
    lab = lab_of(visit)
    study = lab.study(visit.project.model)
    if study is None:
        return scene(fill("vectors/blank.html"), visit.version())
    found = study.effects if study.done else None
    fit = fit_of(visit)
    geometry = None if found is None else found.changes.shape[1:]
    ringed = fit if fit is not None and geometry == fit.scores.correct.shape else None
    html = fill(
        "vectors/effects.html",
        relation=study.setup.relation,
        prompts=len(study.prompts.corrupted),
        refused=study.refused,
        done=study.done,
        complete=study.complete,
        busy=lab.busy,
        progress=progress_of(lab, "effects", "prompts"),
        found=None if found is None else _found(visit, study),
        model=choice_of(visit.project.model).title,
        small=not visit.project.model,
        overlap=_overlap(study, ringed),
        ringed=lab.overlap,
        title=visit.project.title or "your labels",
        n_top=study.n_heads,
        head=_head(visit, study, lab) if found is not None and lab.head is not None else None,
        inspector=inspector(visit, ringed) if ringed is not None and lab.head is not None else None,
        notice=visit.notice_at("effects"),
    )
    looking = (
        not lab.busy and not visit.busy and (waits_for_look(lab, study) or (lab.head and visit.to_look_at is not None))
    )
    figures = {} if found is None else {"effects": _effects_figure(visit, study, lab, ringed)}
    return scene(html, visit.version(), figures, next_run=bool(looking))


def _found(visit: Visit, study: Study) -> dict[str, Any]:
    """What the effects say, in numbers and as a table of the leading heads."""
    assert study.effects is not None
    effects = study.effects
    aie, (low, high) = effects.aie(), _interval(visit, study)
    listed = effects.ranking[: max(_LISTED, study.n_heads)]
    return {
        "share": percent(effects.concentration()),
        "baseline": f"{effects.baseline.mean():.2f}",
        "best": str(effects.ranking[0]),
        "best_effect": f"{aie[effects.ranking[0].layer, effects.ranking[0].index]:+.2f}",
        "sure": int((low > 0).sum()),
        "count": len(effects.ranking),
        "layers": aie.shape[0],
        "columns": aie.shape[1],
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


def _head(visit: Visit, study: Study, lab: Lab) -> dict[str, Any] | None:
    """The head that is looked into: its effect, and what it looks at in the prompt that is shown."""
    effects, head = study.effects, lab.head
    assert effects is not None
    assert head is not None
    aie, (low, high) = effects.aie(), _interval(visit, study)
    if head.layer >= aie.shape[0] or head.index >= aie.shape[1]:
        return None
    at = (head.layer, head.index)
    rank, look = effects.ranking.index(head) + 1, study.looks.get(study.shown(lab.prompt))
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
        else drawn_once(visit, "attention", (look, head), lambda: _views(study, lab, head)),
        "share": "" if look is None or isinstance(look, str) else percent(look.image_share[at]),
    }


def _views(study: Study, lab: Lab, head: Head) -> list[dict[str, str]]:
    """One head's attention over every picture of the prompt, brightest where it is strongest in all of them."""
    number = study.shown(lab.prompt)
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


def _effects_figure(visit: Visit, study: Study, lab: Lab, fit: Fit | None) -> str:
    found, ringed = study.effects, fit.kept if fit is not None and lab.overlap else ()
    assert found is not None

    def draw() -> str:
        low, high = _interval(visit, study)
        words = f"the heads of “{visit.project.title or 'your labels'}”"
        figure = effect_heatmap(
            found.aie(), low, high, found.ranking, study.n_heads, also=ringed, also_are=words, selected=lab.head
        )
        return str(figure.to_json())

    return drawn_once(visit, "effects", (found, study.n_heads, ringed, lab.head), draw)


def _interval(visit: Visit, study: Study) -> tuple[Any, Any]:
    """The interval of every head's effect: two arrays ``float (layer, head)``."""
    effects = study.effects
    assert effects is not None
    ends: tuple[Any, Any] = drawn_once(visit, "interval", (effects,), lambda: effects.interval(draws=500))
    return ends
