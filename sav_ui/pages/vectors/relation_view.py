"""A visit to what the page Function vectors shows of the relation, its vector and the tuning of it."""

from __future__ import annotations

from typing import Any

from sav_core.evaluation.metrics import wilson_interval
from sav_core.figures.style import height_of
from sav_core.figures.vectors import place_heatmap, tuning_curve
from sav_core.vectors import DIAGONALS, SPATIAL, Chance, RelationItem
from sav_ui.pages.vectors.parts import conditions, progress_of, word_bars
from sav_ui.pages.vectors.run import waits_for_words, words_key
from sav_ui.pages.vectors.state import SLIDER_SCALES, Lab, Study, Tuning, item_at, lab_of
from sav_ui.panels.memo import drawn_once
from sav_ui.panels.panel import fill, scene
from sav_ui.panels.thumbnails import thumb
from sav_ui.panels.wording import percent
from sav_ui.session.session import Visit

__all__ = ["relations", "tuning", "vector"]

_QUERIES = 8  # items offered to be asked about


def relations(visit: Visit) -> dict[str, Any]:
    """Which relation is looked at, how it is asked for, and its demonstrations as pictures."""
    lab = lab_of(visit)
    study, task = lab.study(visit.project.model), lab.task
    if study is None or task is None:
        html = fill("vectors/start.html", bases=SPATIAL, slants=DIAGONALS, notice=visit.notice_at("relations"))
        return scene(html, visit.version())
    chance = lab.own(study.setup.relation).chance
    shown = _prompt(study, lab) if study.prompts.clean else None
    html = fill(
        "vectors/task.html",
        title=task.name,
        drawn=task.spatial,
        relations=task.listed,
        setup=study.setup,
        shown=shown,
        mixed=lab.corrupted,
        chance=percent(chance.share),
        how=_guess(chance),
        known=None if study.means is None else _known(study),
        refused=study.refused,
        left_out=study.prompts.left_out,
        busy=bool(lab.busy),
        notice=visit.notice_at("relations"),
    )
    return scene(html, visit.version())


def vector(visit: Visit) -> dict[str, Any]:
    """The vector: made of how many heads, where it works, and what it makes of a query."""
    lab = lab_of(visit)
    study = lab.study(visit.project.model)
    if study is None or study.effects is None or not study.done:
        return {**scene("", visit.version()), "saved": None}
    used, sites, site = study.in_use, study.sites, study.site
    words = study.words.get(words_key(lab, study))
    queries = lab.own(study.setup.relation).test
    query = item_at(queries, lab.query)
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
        asked=lab.query,
        bars=[] if words is None or isinstance(words, str) else word_bars(words, study.scale, query),
        why_not=words if isinstance(words, str) else "",
        conditions=conditions(study.judged),
        judged_at="" if used is None else f"after layer {used.layer} at {used.scale:g}",
        chance=percent(lab.own(study.setup.relation).chance.share),
        busy=lab.busy,
        progress=progress_of(lab, "vector", "measurements"),
        notice=visit.notice_at("vector"),
    )
    figures = {}
    if sites is not None:
        figures["places"] = drawn_once(
            visit,
            "places",
            (sites, site),
            lambda: place_heatmap(sites.accuracy, sites.scales, sites.cell(site), sites.n).to_json(),
        )
    next_run = not lab.busy and waits_for_words(lab, study)
    return {**scene(html, visit.version(), figures, next_run=next_run), "saved": lab.saved}


def tuning(visit: Visit) -> dict[str, Any]:
    """Tuning the vector, with its curve as it grows."""
    lab = lab_of(visit)
    study = lab.study(visit.project.model)
    if study is None or study.vector is None:
        return scene("", visit.version())
    tuned = study.tuning
    drawn = tuned is not None and bool(tuned.curves)
    html = fill(
        "vectors/tuning.html",
        busy=lab.busy,
        progress=progress_of(lab, "tuning", "steps"),
        drawn=drawn,
        n=0 if tuned is None else tuned.n,
        ended=tuned is not None and bool(tuned.vectors),
        steps=lab.steps,
        lines=[] if tuned is None else _reached(tuned),
        layer=study.site.layer,
        notice=visit.notice_at("tuning"),
    )
    figures = {}
    if tuned is not None and drawn:
        figures["tuning"] = drawn_once(
            visit, "tuning", (tuned,), lambda: tuning_curve(tuned.curves, tuned.levels, steps=tuned.steps).to_json()
        )
    return scene(html, visit.version(), figures)


def _prompt(study: Study, lab: Lab) -> dict[str, Any]:
    """The prompt that is shown: its demonstrations, its query, and what would be right."""
    prompts = study.prompts.corrupted if lab.corrupted else study.prompts.clean
    number = study.shown(lab.prompt)
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
