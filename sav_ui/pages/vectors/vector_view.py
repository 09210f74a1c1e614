"""What the page Function vectors shows of the vector: where it works, what it makes of an answer, and how it was judged."""

from __future__ import annotations

from typing import Any

import numpy as np

from sav_core.figures.style import height_of
from sav_core.figures.vectors import place_heatmap
from sav_core.vectors import INJECTED, ZERO_SHOT, RelationItem, Site, SiteMap
from sav_ui.pages.vectors.parts import answer_word, at_site, busy_at, conditions, doing, progress_of, word_bars
from sav_ui.pages.vectors.run import waits_for_words, words_key
from sav_ui.pages.vectors.setup import item_at
from sav_ui.pages.vectors.state import PANEL, VectorState
from sav_ui.pages.vectors.study import BUILT, SLIDER_SCALES, Judged, Study
from sav_ui.panels.panel import Content, content, fill
from sav_ui.panels.thumbnails import thumb
from sav_ui.panels.wording import percent
from sav_ui.session.session import Session
from sav_ui.session.work import Kind

__all__ = ["vector"]

_QUERIES = 8  # items offered to be asked about
_CONTROLS = 40  # of the leading heads, how far the slider for their number goes


def vector(session: Session) -> Content:
    """The vector: made of how many heads, where it works, and what it makes of a query."""
    state = session.state(VectorState)
    study = state.study(session.project.model)
    if study is None:
        return content("")
    waits = state.waits_for_ready(session.project.model) or waits_for_words(state, study)
    next_run = waits and not session.work.busy
    if study.vector is None and not study.done:
        return content("", next_run=next_run)
    html = fill(
        "vectors/vector.html",
        relation=study.setup.relation,
        n_heads=study.n_heads,
        most=0 if study.effects is None else min(_CONTROLS, len(study.effects.ranking)),
        built=None if study.vector is None else _built(study, state),
        asked=None if study.sites is None else _asked(study, state),
        judged=_judged(study),
        chance=percent(state.own(study.setup.relation).chance.share),
        busy=busy_at(session),
        doing=doing(session),
        latest=state.latest,
        progress=progress_of(session, Kind.VECTOR, "measurements"),
    )
    figures = {"places": _map_figure(session, study.sites, study.at[BUILT])} if study.sites is not None else {}
    return content(html, figures, next_run=next_run, saved=session.download_at(PANEL))


def _built(study: Study, state: VectorState) -> dict[str, Any]:
    """The vector in use: what it is made of, where it is added, and how well it does there on validation."""
    assert study.vector is not None
    assert study.sites is not None
    site, sites = study.site, study.sites
    layer, scale = study.at[BUILT]
    return {
        "turn": study.turn,
        "ready": study.ready,
        "heads": ", ".join(map(str, study.vector.heads)),
        "prompts": study.vector.notes.get("prompts", 0),
        "layer": site.layer,
        "scale": f"{site.scale:g}",
        "most_scale": SLIDER_SCALES[-1],
        "share": _share(study),
        "n": sites.n if study.use == BUILT or study.tuning is None else study.tuning.n,
        "between": study.use == BUILT and site.scale not in sites.scales,
        "use": study.use,
        "uses": study.usable,
        "layers": len(sites.layers),
        "columns": len(sites.scales),
        "at": f"{sites.scales.index(scale)} {sites.layers.index(layer)}" if scale in sites.scales else "",
        "height": height_of(len(sites.layers)),
    }


def _share(study: Study) -> str:
    """How many validation items are right with the vector in use; empty where that was not measured."""
    assert study.sites is not None
    site = study.site
    if study.use == BUILT or study.tuning is None:
        on_map = site.layer in study.sites.layers and site.scale in study.sites.scales
        return percent(study.sites.accuracy[study.sites.cell(site)]) if on_map else ""
    tuned = study.tuning.reached[study.use]
    if site != Site(tuned.vector.layer, tuned.vector.scale):
        return ""
    return percent(max(point.accuracy for point in tuned.curve if point.step == tuned.best_step))


def _asked(study: Study, state: VectorState) -> dict[str, Any]:
    """The query, those that could be asked instead, and what the model answers without and with the vector."""
    queries = state.own(study.setup.relation).test
    query = item_at(queries, state.query)
    words = study.words.get(words_key(state, study))
    known = None if words is None or isinstance(words, str) else words
    return {
        "query": _query(query),
        "queries": [
            {"place": number, "picture": thumb(item.picture), "words": f"{item.anchor} → {item.related}"}
            for number, item in enumerate(queries[:_QUERIES])
        ],
        "place": state.query,
        "answer": None if known is None else answer_word(known, study.site.scale),
        "bars": [] if known is None else word_bars(known, study.site.scale, query),
        "why_not": words if isinstance(words, str) else "",
    }


def _query(item: RelationItem) -> dict[str, Any]:
    return {"picture": thumb(item.picture, 320), "anchor": item.anchor, "related": item.related}


def _judged(study: Study) -> list[dict[str, Any]]:
    """How every vector that was judged did on test items, the one in use first, and what has changed since."""
    lines = []
    for use in sorted(study.judged, key=lambda use: use != study.use):
        judged = study.judged[use]
        with_it, without = judged.outcomes[INJECTED], judged.outcomes[ZERO_SHOT]
        lines.append(
            {
                "turn": judged.turn,
                "use": use,
                "conditions": conditions(judged.outcomes),
                "right": with_it.right,
                "n": with_it.n,
                "without": without.right,
                "at": at_site(judged.site),
                "stale": _what_changed(study, use, judged),
                "random_heads": "random heads" in judged.outcomes,
            }
        )
    return lines


def _what_changed(study: Study, use: str, judged: Judged) -> str:
    """Why figures are no longer those of a vector; empty while they are."""
    now = study.vector_of(use)
    if now is None or judged.is_of(now):
        return ""
    if not judged.same_values(now):
        return f"These figures are of the vector as it was {'built' if use == BUILT else 'tuned'} before."
    return f"These figures are of the vector {at_site(judged.site)}; now it is used {at_site(study.at[use])}."


def _map_figure(session: Session, sites: SiteMap, site: Site) -> str:
    def draw() -> str:
        return str(place_heatmap(sites.accuracy, sites.scales, _cell(sites, site), sites.n).to_json())

    return session.memo("places", (sites, site), draw)


def _cell(sites: SiteMap, site: Site) -> tuple[int, float] | None:
    """Row and column of a site on the map, the column between two where its scale is; ``None`` where it is beyond them."""
    if not sites.scales[0] <= site.scale <= sites.scales[-1]:
        return None
    return sites.layers.index(site.layer), float(np.interp(site.scale, sites.scales, range(len(sites.scales))))
