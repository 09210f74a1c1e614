"""What the Teach page shows of a session: plain values for the templates, and the figures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sav_core.data.sets.duplicates import DuplicateGroup, find_duplicates
from sav_core.evaluation.metrics import wilson_interval
from sav_core.figures.heads import CURVE_HEIGHT, accuracy_curve, head_heatmap
from sav_core.figures.style import height_of, numbered, pointed_at
from sav_core.types import Head
from sav_ui.limits import limits
from sav_ui.pages.shared.drawings import steps
from sav_ui.pages.shared.head_inspector import inspector
from sav_ui.pages.shared.inside import own_heads
from sav_ui.pages.shared.judged import judged_with
from sav_ui.pages.shared.ready_tiles import tile
from sav_ui.pages.shared.used import used
from sav_ui.pages.teach.clip_choice import clip_choice
from sav_ui.pages.teach.depth_choice import depth_choice, depth_curve, waits_for_depths
from sav_ui.pages.teach.detail_choice import detail_choice, waits_for_costs, why_one_detail
from sav_ui.pages.teach.doubts import Doubt, doubts, warning
from sav_ui.pages.teach.state import WHERE, TeachState
from sav_ui.pages.teach.voting_choice import counting
from sav_ui.pages.teach.weak_at import weak_at
from sav_ui.panels.films import brought, film, looked_at
from sav_ui.panels.panel import Content, Piece, content, fill
from sav_ui.panels.parts import piece
from sav_ui.panels.thumbnails import thumb
from sav_ui.panels.wording import progress_bar
from sav_ui.serving.menu import choice_of
from sav_ui.session.fit import Fit
from sav_ui.session.project import Item, Label
from sav_ui.session.session import Session
from sav_ui.session.work import Kind
from sav_ui.uploads.ready_tasks import ready_tasks, task_titled

__all__ = ["bench", "findings", "start"]

SHOWN, SHOWN_MORE = 18, 100  # examples of a label, at first and with each "show more"
_LARGE = 960  # pixels of a picture's longer side in the dialog
_STRIP, _FRAME = 5, 320  # frames of a clip on its card; pixels of a frame's longer side in the dialog
_WARNINGS = 6  # shown at a time
_STARTS = 32  # kinds of beginnings that are kept: with nothing, or with one of the ready tasks


def start(session: Session) -> Content:
    """What to begin with: a sentence and the ready tasks as tiles."""
    task = task_titled(session.project.title)
    found = _start(begun=bool(session.project.labels), title="" if task is None else task.title)
    return content(found.html, pieces=[found])


@lru_cache(_STARTS)
def _start(*, begun: bool, title: str) -> Piece:
    return piece(fill("teach/start.html", tiles=[tile(task) for task in ready_tasks()], begun=begun, title=title))


def bench(session: Session) -> Content:
    """The question, the label cards, what is doubtful, and the button that finds heads."""
    project = session.project
    doubtful = doubts(session)
    warnings = [*(warning(doubt, project) for doubt in doubtful.values()), *_duplicates(session)]
    texts = _with_texts(session)
    about = {label.id: _about(session, label, doubtful, texts) for label in project.labels}
    cards = session.memo.each("cards", about, _card)
    html = fill(
        "teach/bench.html",
        question=project.question,
        cards=[{"id": label.id, "name": label.name, "drawn": cards[label.id]} for label in project.labels],
        n_examples=len(project.items),
        notice=session.notice_at(WHERE),
        warnings=[{**line, "picture": _first_picture(line["about"])} for line in warnings[:_WARNINGS]],
        more_warnings=len(warnings[_WARNINGS:]),
        why_not=project.why_not_ready(),
        waits=session.finds_heads,
        progress=_progress(session),
        fitted=session.fit is not None,
        due=session.due,
        texts=texts,
        used=used(
            session,
            (len(project.items), limits().examples, "examples"),
            (len(project.labels), limits().labels, "labels"),
        ),
        bare=[f"“{label.name}”" for label in project.labels if not project.of_label(label.id)],
        enlarged=_enlarged(session),
        clip_limits=limits().clips_in_words,
        looked_at=looked_at(project.clips),
        clips=clip_choice(session),
        detail=detail_choice(session),
        one_detail=why_one_detail(session),
    )
    return content(html, next_run=session.waits_for_heads or waits_for_costs(session), pieces=cards.values())


def findings(session: Session) -> Content:
    """The headline, the slider under its curve, the heatmap and the inspector."""
    fit, inside = session.fit, own_heads(session)
    if fit is None or inside is None:
        looking = session.work.kind is Kind.FIND_HEADS
        return content(fill("teach/findings_empty.html", looking=looking, progress=_progress(session), **steps()))
    looked_into = inspector(session, inside)
    html = fill(
        "teach/findings.html",
        **_headline(fit),
        elsewhere=_elsewhere(session, fit),
        caveat=weak_at(session, fit),
        dial=fit.dial,
        kept=len(fit.kept),
        heads=len(fit.ranking),
        **counting(fit),
        by_depth=depth_choice(session, fit),
        layers=fit.scores.correct.shape[0],
        columns=fit.scores.correct.shape[1],
        scoring=fit.scoring,
        can_leave_out=fit.can_leave_out,
        map_height=height_of(fit.scores.correct.shape[0]),
        curve_height=CURVE_HEIGHT,
        numbered=numbered(len(fit.kept), fit.scores.correct.shape[1]),
        off=_off(fit),
        switching=session.focus.switching,
        per_label=len(fit.whole.kept) != fit.dial,
        best=[str(head) for head in fit.kept[:3]],
        inspector=looked_into,
        model=choice_of(session.project.model).title,
    )
    figures = _figures(session, fit) | depth_curve(session, fit) | looked_into["figures"]
    waits = session.to_look_at is not None or waits_for_depths(session)
    saved = session.download_at("findings")
    return content(html, figures, next_run=waits, saved=saved, pieces=looked_into["pieces"])


def _figures(session: Session, fit: Fit) -> dict[str, str]:
    selected = tuple(head for head in (session.focus.head, session.focus.versus) if head is not None)
    drawn = session.memo("all heads", (fit,), lambda: str(head_heatmap(fit.scores, fit.kept, off=fit.off).to_json()))
    columns = fit.scores.correct.shape[1]
    heatmap = session.memo("heads", (drawn, selected), lambda: _pointing(drawn, selected, columns))
    judged, sweep = fit.left_out, fit.sweep
    if judged is None or sweep is None:
        return {"heads": heatmap}
    curve = session.memo(
        "curve", (fit,), lambda: str(accuracy_curve(sweep, judged.n, fit.number, chance=fit.chance).to_json())
    )
    return {"heads": heatmap, "curve": curve}


def _pointing(drawn: str, selected: Sequence[Head], columns: int) -> str:
    """The heatmap with these heads pointed at: to draw all of it anew would take longer than the rest of a click."""
    figure = json.loads(drawn)
    figure["layout"]["shapes"] += pointed_at(selected, columns)
    return json.dumps(figure)


def _headline(fit: Fit) -> dict[str, Any]:
    judged, fits = fit.left_out, fit.rule.left_out
    if judged is None or fits is None:
        return {"accuracy": None}
    low, high = wilson_interval(judged.right, judged.n)
    return {
        "accuracy": round(100 * judged.right / judged.n),
        "right": judged.right,
        "n": judged.n,
        "low": round(100 * low),
        "high": round(100 * high),
        "how": "one by one" if fits.alone else f"in {fits.groups} groups",
        "alone": fits.alone,
    }


def _off(fit: Fit) -> dict[str, Any] | None:
    """The heads that are switched off, and how it would be with them."""
    if not fit.off:
        return None
    whole, judged = fit.whole.left_out, fit.left_out
    return {
        "heads": [{"name": str(head), "layer": head.layer, "index": head.index} for head in fit.off],
        "before": None if whole is None else whole.right,
        "now": None if judged is None else judged.right,
        "n": 0 if whole is None else whole.n,
    }


def _elsewhere(session: Session, fit: Fit) -> dict[str, Any] | None:
    """What is known of these heads on other pictures: a figure of Measure, or where a ready task's own pictures wait."""
    found, task = judged_with(session, fit), task_titled(session.project.title)
    if found is not None:
        low, high = found.interval
        return {
            "test": found.test,
            "right": found.right,
            "n": found.n,
            "percent": round(100 * found.accuracy),
            "low": round(100 * low),
            "high": round(100 * high),
        }
    waiting = [] if task is None else [query.images for query in task.queries if query.label in fit.labels]
    return {"waiting": brought(waiting)} if waiting else None


def _about(session: Session, label: Label, doubtful: Mapping[str, Doubt], texts: bool) -> tuple[Any, ...]:
    """All that a label's card shows, for ``_card``."""
    items, steps = session.project.of_label(label.id), session.focus.expanded.count(label.id)
    shown = tuple(items[-(SHOWN + SHOWN_MORE * steps) :])  # in order, what came last in sight
    doubted = tuple(doubtful[item.id].other if item.id in doubtful else "" for item in shown)
    asked = session.project.question if texts else ""
    return label, shown, len(items), doubted, texts, asked


def _card(label: Label, shown: Sequence[Item], count: int, doubted: Sequence[str], texts: bool, asked: str) -> Piece:
    more = count - len(shown)
    card = {
        "id": label.id,
        "name": label.name,
        "count": count,
        "more": more,
        "next": min(more, SHOWN_MORE),
        "expanded": len(shown) > SHOWN,
        "items": [_cell(item, other, asked) for item, other in zip(shown, doubted, strict=True)],
    }
    return piece(fill("teach/card.html", card=card, texts=texts))


def _enlarged(session: Session) -> dict[str, Any] | None:
    """The example whose pictures are shown large, and those before and after it under its label."""
    project = session.project
    item = next((item for item in project.items if item.id == session.focus.enlarged), None)
    if item is None:
        return None
    ids = [each.id for each in project.of_label(item.label)]
    place, moving = ids.index(item.id), film(item.pictures, _FRAME)
    return {
        "id": item.id,
        "name": item.name,
        "text": item.text,
        "pictures": [] if moving else [thumb(picture, _LARGE) for picture in item.pictures],
        "film": moving,
        "label": project.label(item.label).name,
        "place": place + 1,
        "count": len(ids),
        "before": ids[place - 1] if place else "",
        "after": ids[place + 1] if place + 1 < len(ids) else "",
    }


def _with_texts(session: Session) -> bool:
    """Whether each example's question is shown: as the visitor wants it, or else where examples have their own."""
    if session.focus.texts is not None:
        return session.focus.texts
    return any(item.text for item in session.project.items)


def _cell(item: Item, doubt: str, asked: str) -> dict[str, Any]:
    moving = film(item.pictures, most=_STRIP)
    return {
        "id": item.id,
        "name": item.name,
        "pictures": [] if moving else [thumb(picture) for picture in item.pictures[:4]],
        "film": moving,
        "n_pictures": len(item.pictures),
        "text": item.text,
        "asked": item.text or asked,
        "doubt": doubt,
    }


def _duplicates(session: Session) -> list[dict[str, Any]]:
    """Examples that are the same or nearly, each with a click to keep one."""
    project, settled = session.project, session.state(TeachState).settled
    warnings = []
    for group in _duplicate_groups(session):
        items = [project.items[place] for place in group.positions]
        key = "twice-" + "-".join(item.id for item in items)  # another copy makes it another warning
        if key in settled and not group.exact:
            continue
        labels = list(dict.fromkeys(item.label for item in items))
        fixes = [
            {
                "do": "remove",
                "item": ",".join(item.id for item in items if item is not next(i for i in items if i.label == label)),
                "label": "",
                "words": f"Keep in “{project.label(label).name}”" if len(labels) > 1 else "Keep one",
            }
            for label in labels[:3]
        ]
        if not group.exact:
            fixes.append({"do": "fine", "item": key, "label": "", "words": "Keep all"})
        warnings.append({"kind": "twice", "key": key, "about": items[0], "text": group.reason, "fixes": fixes})
    return warnings


def _first_picture(item: Item) -> str:
    return thumb(item.pictures[0]) if item.pictures else ""


def _duplicate_groups(session: Session) -> tuple[DuplicateGroup, ...]:
    project = session.project
    return session.memo("duplicates", (project.items, project.question), lambda: find_duplicates(project.examples()))


def _progress(session: Session) -> dict[str, Any] | None:
    if session.work.kind is not Kind.FIND_HEADS:
        return None
    return progress_bar(session.work.progress(Kind.FIND_HEADS), "examples", rate=True, place=session.work.place)
