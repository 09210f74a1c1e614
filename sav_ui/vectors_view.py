"""A visit to what the page Function vectors shows: plain values for the templates, and the figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from sav_core.evaluation import wilson_interval
from sav_core.figures import height_of
from sav_core.overlays import overlay
from sav_core.records import Head
from sav_core.vector_figures import effect_heatmap, place_heatmap, tuning_curve
from sav_ui.desk import fit_of
from sav_ui.fitting import Fit
from sav_ui.inspector import inspector
from sav_ui.models import choice_of
from sav_ui.stage import fill, scene
from sav_ui.thumbs import data_uri, thumb
from sav_ui.vector_lab import BASES, SCALES, STRENGTHS, Lab, Study, lab_of
from sav_ui.vector_runs import waits_for_look, waits_for_words, words_key
from sav_ui.visit import Visit

if TYPE_CHECKING:
    from sav_core.vectors import RelationItem, WordShares

__all__ = ["conditions", "effects", "progress_of", "relations", "tuning", "vector", "word_bars"]

T = TypeVar("T")

_FEW = 8  # prompts below which a bootstrap interval is too narrow to be believed
_LISTED = 20  # heads of the table
_QUERIES = 8  # items offered to be asked about
_BARS = 7  # words that are shown
_DIAGONALS = ("above left", "above right", "below left", "below right")  # offered before scenes are drawn


def relations(visit: Visit) -> dict[str, Any]:
    """Which relation is looked at, how it is asked for, and its demonstrations as pictures."""
    lab = lab_of(visit)
    study = lab.study(visit.project.model)
    if study is None:
        html = fill("vectors_start.html", bases=BASES, slants=_DIAGONALS, notice=visit.notice_at("relations"))
        return scene(html, visit.version())
    chance, how = lab.chance(study.setup.relation)
    shown = _prompt(study, lab) if study.told else None
    html = fill(
        "vectors_task.html",
        title=lab.task.name if lab.task is not None else "",
        drawn=lab.drawn,
        relations=lab.relations,
        setup=study.setup,
        shown=shown,
        mixed=lab.mixed,
        chance=f"{chance:.0%}",
        how=how,
        known=None if study.means is None else _known(study),
        refused=study.refused,
        busy=bool(lab.busy),
        notice=visit.notice_at("relations"),
    )
    return scene(html, visit.version())


def effects(visit: Visit) -> dict[str, Any]:
    """Every head's effect, and the head that is looked into."""
    lab = lab_of(visit)
    study = lab.study(visit.project.model)
    if study is None:
        return scene(fill("vectors_blank.html"), visit.version())
    found = study.effects if study.effects is not None and len(study.effects.changes) else None
    fit = fit_of(visit)
    geometry = None if found is None else found.changes.shape[1:]
    ringed = fit if fit is not None and geometry == fit.scores.correct.shape else None
    html = fill(
        "vectors_effects.html",
        relation=study.setup.relation,
        prompts=len(study.lost),
        refused=study.refused,
        done=0 if found is None else len(found.changes),
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
    looking = not lab.busy and not visit.busy and (waits_for_look(visit) or (lab.head and visit.to_look_at is not None))
    figures = {} if found is None else {"effects": _effects_figure(visit, study, lab, ringed)}
    return scene(html, visit.version(), figures, next_run=bool(looking))


def vector(visit: Visit) -> dict[str, Any]:
    """The vector: made of how many heads, where it works, and what it makes of a query."""
    lab = lab_of(visit)
    study = lab.study(visit.project.model)
    if study is None or study.effects is None or not len(study.effects.changes):
        return {**scene("", visit.version()), "saved": None}
    used = study.at_place
    words = study.words.get(words_key(lab, study))
    query = lab.pair(lab.queries, lab.query)
    html = fill(
        "vectors_vector.html",
        relation=study.setup.relation,
        n_heads=study.n_heads,
        most=len(study.effects.ranking),
        built=used is not None,
        made_of=0 if study.vector is None else len(study.vector.heads),
        mapped=study.mapped,
        best="" if study.accuracy is None else f"{study.accuracy[study.place]:.0%}",
        layer=study.place[0],
        scale=f"{SCALES[study.place[1]]:g}",
        layers=0 if study.accuracy is None else len(study.accuracy),
        columns=len(SCALES),
        map_height=0 if study.accuracy is None else height_of(len(study.accuracy)),
        use=study.use,
        uses=[] if study.tuning is None else list(study.tuning.vectors),
        strength=f"{lab.strength:g}",
        most_strength=STRENGTHS[-1],
        query=_query(query),
        queries=[
            {"place": place, "picture": thumb(item.picture), "words": f"{item.anchor} → {item.related}"}
            for place, item in enumerate(lab.queries[:_QUERIES])
        ],
        asked=lab.query,
        bars=[] if words is None or isinstance(words, str) else word_bars(words, lab.strength, query),
        why_not=words if isinstance(words, str) else "",
        conditions=conditions(study.judged),
        chance=f"{lab.chance(study.setup.relation)[0]:.0%}",
        busy=lab.busy,
        progress=progress_of(lab, "vector", "measurements"),
        notice=visit.notice_at("vector"),
    )
    figures = {}
    if study.accuracy is not None:
        accuracy, place, n = study.accuracy, study.place, study.mapped
        figures["places"] = _kept(
            visit, "places", (accuracy, place), lambda: place_heatmap(accuracy, SCALES, place, n).to_json()
        )
    next_run = not lab.busy and waits_for_words(visit)
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
        "vectors_tuning.html",
        busy=lab.busy,
        progress=progress_of(lab, "tuning", "steps"),
        drawn=drawn,
        n=0 if tuned is None else tuned.n,
        ended=tuned is not None and bool(tuned.vectors),
        lines=[] if tuned is None else _reached(tuned.curves, tuned.n),
        layer=study.place[0],
        notice=visit.notice_at("tuning"),
    )
    figures = {}
    if tuned is not None and drawn:
        figures["tuning"] = _kept(
            visit, "tuning", (tuned,), lambda: tuning_curve(tuned.curves, tuned.levels, steps=tuned.steps).to_json()
        )
    return scene(html, visit.version(), figures)


def progress_of(lab: Lab, where: str, what: str) -> dict[str, Any] | None:
    """How far the work at that place is, in words; ``None`` when the model is at work elsewhere or not at all."""
    if lab.busy != where:
        return None
    progress = lab.progress
    if progress is None or not progress.total:
        return {"percent": 0, "words": "Starting …"}
    words, left = f"{progress.done} of {progress.total} {what}", progress.seconds_left
    if progress.done and progress.done < progress.total:
        words += f", {left:.0f} s left" if left >= 1 else ", less than a second left"
    return {"percent": round(100 * progress.done / progress.total), "words": words}


def word_bars(words: WordShares, strength: float, item: RelationItem) -> list[dict[str, Any]]:
    """Words with their probabilities before and after, always in the same order; what each is in the picture."""
    row = min(range(len(words.scales)), key=lambda place: abs(words.scales[place] - strength))
    roles = {name: f"{relation}" for relation, name in item.others.items()} | {item.related: item.relation}
    lines = [
        {
            "word": word,
            "before": round(100 * float(words.shares[0, column])),
            "after": round(100 * float(words.shares[row, column])),
            "right": word == item.related,
            "role": "what was asked about" if word == item.anchor else roles.get(word, ""),
            "first": column == int(words.shares[row].argmax()),
        }
        for column, word in enumerate(words.words)
    ]
    return [line for place, line in enumerate(lines) if place < _BARS or line["right"]]


def conditions(judged: dict[str, tuple[int, int]]) -> list[dict[str, Any]]:
    """Outcomes with their intervals, as lines with bars."""
    lines = []
    for name, (right, n) in judged.items():
        low, high = wilson_interval(right, n)
        lines.append(
            {
                "name": name,
                "percent": round(100 * right / n),
                "low": round(100 * low),
                "high": round(100 * high),
                "n": n,
                "own": name in ("injected", "composed"),
            }
        )
    return lines


def _prompt(study: Study, lab: Lab) -> dict[str, Any]:
    """The prompt that is shown: its demonstrations, its query, and what would be right."""
    place = lab.prompt % len(study.told)
    prompt = (study.lost if lab.mixed else study.told)[place]
    shown = [
        {"picture": thumb(item.picture, 192), "anchor": item.anchor, "answer": answer, "true": answer == item.related}
        for item, answer in zip(prompt.demonstrations, prompt.answers, strict=True)
    ]
    return {
        "number": place + 1,
        "count": len(study.told),
        "shown": shown,
        "query": _query(prompt.item),
        "wording": prompt.wording,
    }


def _query(item: RelationItem) -> dict[str, Any]:
    return {"picture": thumb(item.picture, 320), "anchor": item.anchor, "related": item.related}


def _known(study: Study) -> dict[str, Any]:
    """How the model does with the relation told, and without."""
    assert study.means is not None
    n = study.means.asked
    right = round(study.means.accuracy * n)
    low, high = wilson_interval(right, n)
    return {"right": right, "n": n, "low": f"{low:.0%}", "high": f"{high:.0%}", "bare": study.bare}


def _found(visit: Visit, study: Study) -> dict[str, Any]:
    """What the effects say, in numbers and as a table of the leading heads."""
    assert study.effects is not None
    effects = study.effects
    aie, (low, high) = effects.aie(), _interval(visit, study)
    listed = effects.ranking[: max(_LISTED, study.n_heads)]
    return {
        "share": f"{effects.concentration():.0%}",
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
                "rank": place,
                "name": str(head),
                "layer": head.layer,
                "index": head.index,
                "effect": float(aie[head.layer, head.index]),
                "low": float(low[head.layer, head.index]),
                "high": float(high[head.layer, head.index]),
                "kept": place <= study.n_heads,
            }
            for place, head in enumerate(listed, start=1)
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
    rank, look = effects.ranking.index(head) + 1, study.looks.get(lab.prompt)
    sure = "it helps" if low[at] > 0 else "it harms" if high[at] < 0 else "it may be nothing"
    sure += ", as far as so few prompts can say" if len(effects.changes) < _FEW else ""
    return {
        "name": str(head),
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
        else _kept(visit, "attention", (look, head), lambda: _views(study, lab, head)),
        "share": "" if look is None or isinstance(look, str) else f"{look.image_share[at]:.0%}",
    }


def _views(study: Study, lab: Lab, head: Head) -> list[dict[str, str]]:
    """One head's attention over every picture of the prompt, brightest where it is strongest in all of them."""
    look, prompt = study.looks[lab.prompt], study.told[lab.prompt % len(study.told)]
    assert not isinstance(look, str)
    grids = [grid[head.layer, head.index] for grid in look.grids]
    peak = max(float(grid.max()) for grid in grids)
    items = (*prompt.demonstrations, prompt.item)
    return [
        {
            "picture": data_uri(overlay(picture, grid, peak=peak, edge=200)),
            "alt": f"Attention of {head} over picture {place} of the prompt",
            "caption": f"{item.anchor} → {item.related}" if item is not prompt.item else f"{item.anchor} → ?",
        }
        for place, (picture, grid, item) in enumerate(zip(look.example.images, grids, items, strict=True), start=1)
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

    return _kept(visit, "effects", (found, study.n_heads, ringed, lab.head), draw)


def _interval(visit: Visit, study: Study) -> tuple[Any, Any]:
    """The interval of every head's effect: two arrays ``float (layer, head)``."""
    effects = study.effects
    assert effects is not None
    ends: tuple[Any, Any] = _kept(visit, "interval", (effects,), lambda: effects.interval(draws=500))
    return ends


def _kept(visit: Visit, name: str, about: tuple[Any, ...], draw: Callable[[], T]) -> T:
    """What is drawn anew only when what it shows has changed: a page is shown several times a second while work is done."""
    known = visit.extras.get(f"vectors {name}")
    if known is None or not all(_same(one, other) for one, other in zip(known[0], about, strict=True)):
        known = visit.extras[f"vectors {name}"] = (about, draw())
    drawn: T = known[1]
    return drawn


def _same(one: Any, other: Any) -> bool:
    """Whether two values are one; arrays and results are never compared by what they hold."""
    return one is other or (isinstance(one, (int, tuple, Head)) and type(one) is type(other) and bool(one == other))


def _reached(curves: dict[str, Any], n: int) -> list[str]:
    """What tuning has come to, in words."""
    lines = []
    for name, points in curves.items():
        if len(points):
            best = points[points[:, 1].argmax()]
            lines.append(f"{name}: {points[0, 1]:.0%} → {best[1]:.0%} of {n} at step {best[0]:.0f}")
    return lines
