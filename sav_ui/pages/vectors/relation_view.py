"""What the page Function vectors shows of the relation, its vector and the tuning of it."""

from __future__ import annotations

from typing import Any

from sav_core.evaluation.metrics import wilson_interval
from sav_core.figures.style import height_of
from sav_core.figures.vectors import place_heatmap, tuning_curve
from sav_core.vectors import DIAGONALS, SPATIAL, Chance, RelationItem
from sav_ui.pages.vectors.parts import busy_at, conditions, progress_of, word_bars
from sav_ui.pages.vectors.run import waits_for_words, words_key
from sav_ui.pages.vectors.state import PANEL, SLIDER_SCALES, Study, Tuning, VectorState, item_at
from sav_ui.panels.panel import Content, content, fill
from sav_ui.panels.thumbnails import thumb
from sav_ui.panels.wording import percent
from sav_ui.session.session import Session
from sav_ui.session.work import Kind

__all__ = ["relations", "tuning", "vector"]

_QUERIES = 8  # items offered to be asked about


def relations(session: Session) -> Content:
    """Which relation is looked at, how it is asked for, and its demonstrations as pictures."""
    state = session.state(VectorState)
    study, task = state.study(session.project.model), state.task
    if study is None or task is None:
        html = fill("vectors/start.html", bases=SPATIAL, slants=DIAGONALS, notice=session.notice_at("relations"))
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
        notice=session.notice_at("relations"),
    )
    return content(html)


def vector(session: Session) -> Content:
    """The vector: made of how many heads, where it works, and what it makes of a query."""
    state = session.state(VectorState)
    study = state.study(session.project.model)
    if study is None or study.effects is None or not study.done:
        return content("")
    used, sites, site = study.in_use, study.sites, study.site
    words = study.words.get(words_key(state, study))
    queries = state.own(study.setup.relation).test
    query = item_at(queries, state.query)
    html = fill(
        "vectors/vector.html",
        relation=study.setup.relation,
        n_heads=study.n_heads,
        most=len(study.effects.ranking),
        built=used is not None,
        made_of=0 if study.vector is None else len(study.vector.heads),
        mapped=0 if sites is None else sites.n,
        best="" if sites is None else percent(sites.accuracy[sites.cell(site)]),
        layer=site.layer,
        scale=f"{site.scale:g}",
        layers=0 if sites is None else len(sites.layers),
        columns=0 if sites is None else len(sites.scales),
        column=0 if sites is None else sites.cell(site)[1],
        map_height=0 if sites is None else height_of(len(sites.layers)),
        use=study.use,
        uses=[] if study.tuning is None else list(study.tuning.vectors),
        strength=f"{study.scale:g}",
        saved_strength="" if study.to_save is None else f"{study.to_save.scale:g}",
        most_strength=SLIDER_SCALES[-1],
        query=_query(query),
        queries=[
            {"place": number, "picture": thumb(item.picture), "words": f"{item.anchor} → {item.related}"}
            for number, item in enumerate(queries[:_QUERIES])
        ],
        asked=state.query,
        bars=[] if words is None or isinstance(words, str) else word_bars(words, study.scale, query),
        why_not=words if isinstance(words, str) else "",
        conditions=conditions(study.judged),
        judged_at="" if used is None else f"after layer {used.layer} at {used.scale:g}",
        chance=percent(state.own(study.setup.relation).chance.share),
        busy=busy_at(session),
        progress=progress_of(session, Kind.VECTOR, "measurements"),
        notice=session.notice_at("vector"),
    )
    figures = {}
    if sites is not None:
        figures["places"] = session.memo(
            "places",
            (sites, site),
            lambda: str(place_heatmap(sites.accuracy, sites.scales, sites.cell(site), sites.n).to_json()),
        )
    next_run = not session.work.busy and waits_for_words(state, study)
    return content(html, figures, next_run=next_run, saved=session.download_at(PANEL))


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
        n=0 if tuned is None else tuned.n,
        ended=tuned is not None and bool(tuned.vectors),
        steps=state.steps,
        lines=[] if tuned is None else _reached(tuned),
        layer=study.site.layer,
        notice=session.notice_at("tuning"),
    )
    figures = {}
    if tuned is not None and drawn:
        figures["tuning"] = session.memo(
            "tuning", (tuned,), lambda: str(tuning_curve(tuned.curves, tuned.levels, steps=tuned.steps).to_json())
        )
    return content(html, figures)


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
    return f"always saying “{chance.answer}”" if chance.answer else "naming any thing around it"


def _query(item: RelationItem) -> dict[str, Any]:
    return {"picture": thumb(item.picture, 320), "anchor": item.anchor, "related": item.related}


def _known(study: Study) -> dict[str, Any]:
    """How the model does on clean prompts, and zero-shot."""
    assert study.means is not None
    n = study.means.asked
    right = round(study.means.accuracy * n)
    low, high = wilson_interval(right, n)
    return {"right": right, "n": n, "low": percent(low), "high": percent(high), "bare": study.zero_shot_right}


def _reached(tuned: Tuning) -> list[str]:
    """What tuning has come to, in words: the vector that is kept, and while it goes on what would be."""
    lines = []
    for name, points in tuned.curves.items():
        if len(points):
            best = max(points, key=lambda point: (point[1], point[2]))
            if name in tuned.best_steps:
                (best,) = points[points[:, 0] == tuned.best_steps[name]]
            lines.append(f"{name}: {percent(points[0, 1])} → {percent(best[1])} of {tuned.n} at step {best[0]:.0f}")
    return lines
