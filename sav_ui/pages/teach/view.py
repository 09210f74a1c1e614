"""A visit to what the Teach page shows: plain values for the templates, and the figures."""

from __future__ import annotations

from typing import Any

from sav_core.data.duplicates import DuplicateGroup, find_duplicates
from sav_core.evaluation.metrics import wilson_interval
from sav_core.figures.heads import accuracy_curve, head_heatmap
from sav_core.figures.style import height_of
from sav_ui.pages.classify.state import task_of
from sav_ui.pages.measure.state import measured_with
from sav_ui.pages.teach.voting_choice import counting
from sav_ui.panels.panel import fill, scene
from sav_ui.panels.thumbnails import thumb
from sav_ui.serving.menu import choice_of
from sav_ui.session.fit import Fit
from sav_ui.session.project import Item, Project
from sav_ui.session.session import Visit
from sav_ui.uploads.ready_tasks import Task, ready_tasks

__all__ = ["bench", "findings", "start"]

SHOWN, SHOWN_MORE = 18, 100  # examples of a label, at first and with each "show more"
_WARNINGS = 6  # shown at a time
_FAIR = 0.8  # accuracy below which the demo model's limits are worth a line
_TRUSTED = 0.7  # accuracy below which heads that disagree with a label say more about the heads


def start(visit: Visit) -> dict[str, Any]:
    """What to begin with: a sentence and the ready tasks as tiles."""
    tiles = [_tile(task) for task in ready_tasks()]
    html = fill("teach/start.html", tiles=tiles, begun=bool(visit.project.labels), title=visit.project.title)
    return scene(html, visit.version())


def bench(visit: Visit) -> dict[str, Any]:
    """The question, the label cards, what is doubtful, and the button that finds heads."""
    project = visit.project
    doubtful = _doubtful(visit)
    warnings = [*_doubts(visit, doubtful), *_duplicates(visit)]
    html = fill(
        "teach/bench.html",
        question=project.question,
        cards=[_card(visit, label.id, doubtful) for label in project.labels],
        n_examples=len(project.items),
        notice=visit.notice_at("bench"),
        warnings=[{**warning, "picture": _first_picture(warning["about"])} for warning in warnings[:_WARNINGS]],
        more_warnings=len(warnings[_WARNINGS:]),
        why_not=project.why_not_ready(),
        busy=visit.busy or ("wait" if visit.waits_for_heads else ""),
        progress=_progress(visit),
        fitted=visit.fit is not None,
        due=visit.due,
        texts=_with_texts(visit),
    )
    return scene(html, visit.version(), next_run=visit.waits_for_heads)


def findings(visit: Visit) -> dict[str, Any]:
    """The headline, the slider under its curve, the heatmap and the inspector."""
    fit = visit.fit
    if fit is None:
        html = fill(
            "teach/findings_empty.html", busy=visit.busy, progress=_progress(visit), ready=not visit.project.why_not_ready()
        )
        return scene(html, visit.version())
    from sav_ui.pages.teach.head_inspector import inspector  # the inspector draws on this module's helpers

    html = fill(
        "teach/findings.html",
        **_headline(fit),
        elsewhere=_elsewhere(visit, fit),
        caveat=not visit.project.model and fit.left_out is not None and fit.left_out.accuracy < _FAIR,
        dial=fit.dial,
        kept=len(fit.kept),
        heads=len(fit.ranking),
        **counting(fit),
        layers=fit.scores.correct.shape[0],
        columns=fit.scores.correct.shape[1],
        scoring=fit.scoring,
        can_leave_out=fit.can_leave_out,
        map_height=height_of(fit.scores.correct.shape[0]),
        best=[str(head) for head in fit.kept[:3]],
        notice=visit.notice_at("findings"),
        inspector=inspector(visit, fit),
        model=choice_of(visit.project.model).title,
        busy=visit.busy,
    )
    return scene(html, visit.version(), _figures(visit, fit), next_run=visit.to_look_at is not None)


def _figures(visit: Visit, fit: Fit) -> dict[str, str]:
    """Drawn anew only when what they show has changed."""
    selected = tuple(head for head in (visit.focus.head, visit.focus.versus) if head is not None)
    known = visit.extras.get("figures")
    if known is None or known[0] is not fit or known[1] != selected:
        drawn = {"heads": head_heatmap(fit.scores, fit.kept, selected=selected).to_json()}
        if fit.left_out is not None and fit.sweep is not None:
            drawn["curve"] = accuracy_curve(fit.sweep, fit.left_out.n, fit.dial, chance=fit.chance).to_json()
        known = visit.extras["figures"] = (fit, selected, drawn)
    figures: dict[str, str] = known[2]
    return figures


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


def _elsewhere(visit: Visit, fit: Fit) -> dict[str, Any] | None:
    """What is known of these heads on other pictures: a figure of Measure, or where a ready task's own pictures wait."""
    found, task = measured_with(visit, fit), task_of(visit.project)
    if found is not None:
        judged, test = found.measurement.evaluation, found.measurement.about.test
        low, high = judged.interval
        return {
            "test": test,
            "right": int(found.measurement.right.sum()),
            "n": judged.n,
            "percent": round(100 * judged.accuracy),
            "low": round(100 * low),
            "high": round(100 * high),
        }
    waiting = 0 if task is None else sum(query.label in fit.labels for query in task.queries)
    return {"waiting": waiting} if waiting else None


def _tile(task: Task) -> dict[str, Any]:
    return {
        "name": task.name,
        "title": task.title,
        "blurb": task.blurb,
        "pictures": [thumb(picture, 144) for picture in task.cover],
        "labels": len(task.labels),
        "examples": len(task.support),
    }


def _card(visit: Visit, label_id: str, doubtful: dict[str, tuple[str, str]]) -> dict[str, Any]:
    items = visit.project.of_label(label_id)[::-1]  # what was added last is seen first
    shown = items[: SHOWN + SHOWN_MORE * visit.focus.expanded.count(label_id)]
    more = len(items) - len(shown)
    return {
        "id": label_id,
        "name": visit.project.label(label_id).name,
        "count": len(items),
        "more": more,
        "next": min(more, SHOWN_MORE),
        "expanded": len(shown) > SHOWN,
        "items": [_cell(item, visit.project, doubtful) for item in shown],
    }


def _with_texts(visit: Visit) -> bool:
    """Whether each example's question is shown: as the visitor wants it, or else where examples have their own."""
    if visit.focus.texts is not None:
        return visit.focus.texts
    return any(item.text for item in visit.project.items)


def _cell(item: Item, project: Project, doubtful: dict[str, tuple[str, str]]) -> dict[str, Any]:
    return {
        "id": item.id,
        "name": item.name,
        "pictures": [thumb(picture) for picture in item.pictures[:4]],
        "n_pictures": len(item.pictures),
        "text": item.text,
        "asked": item.text or project.question,
        "doubt": doubtful.get(item.id, ("", ""))[0],
    }


def _doubtful(visit: Visit) -> dict[str, tuple[str, str]]:
    """Items that heads found without them give to another label by a wide margin: its name, and how many say so."""
    fit, fine = visit.fit, visit.extras.get("fine", frozenset())
    if fit is None or fit.left_out is None or visit.due or fit.left_out.accuracy < _TRUSTED:
        return {}
    judged, found = fit.left_out, {}
    for place in judged.doubtful:
        item = fit.items[judged.rows[place]]
        if f"doubt-{item.id}" not in fine:
            heads = f"{judged.agreeing[place]} of {judged.named[place].sum()}"
            found[item.id] = (fit.labels[judged.winner[place]], heads)
    return found


def _doubts(visit: Visit, doubtful: dict[str, tuple[str, str]]) -> list[dict[str, Any]]:
    fit = visit.fit
    if fit is None:
        return []
    by_id = {item.id: item for item in visit.project.items}
    ids = dict(zip(fit.labels, fit.label_ids, strict=True))
    return [
        {
            "kind": "doubt",
            "key": f"doubt-{item_id}",
            "about": by_id[item_id],
            "text": f"“{by_id[item_id].name}” is under “{visit.project.label(by_id[item_id].label).name}”, "
            f"but without it {heads} heads take it for “{other}”.",
            "fixes": [
                {"do": "move", "item": item_id, "label": ids[other], "words": f"Move to “{other}”"},
                {"do": "fine", "item": f"doubt-{item_id}", "label": "", "words": "Leave it"},
            ],
        }
        for item_id, (other, heads) in doubtful.items()
        if item_id in by_id
    ]


def _duplicates(visit: Visit) -> list[dict[str, Any]]:
    """Examples that are the same or nearly, each with a click to keep one."""
    project, fine = visit.project, visit.extras.get("fine", frozenset())
    warnings = []
    for group in _duplicate_groups(visit):
        items = [project.items[place] for place in group.positions]
        key = "twice-" + "-".join(item.id for item in items)  # another copy makes it another warning
        if key in fine and not group.exact:
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


def _duplicate_groups(visit: Visit) -> tuple[DuplicateGroup, ...]:
    """Looked for anew only when examples or questions changed."""
    project = visit.project
    known = visit.extras.get("duplicates")
    if known is None or known[0] is not project.items or known[1] != project.question:
        known = (project.items, project.question, find_duplicates(project.examples()))
        visit.extras["duplicates"] = known
    groups: tuple[DuplicateGroup, ...] = known[2]
    return groups


def _progress(visit: Visit) -> dict[str, Any] | None:
    if visit.busy != "find":
        return None
    progress = visit.progress
    if progress is None or not progress.total:
        return {"percent": 0, "words": "Starting …"}
    left = progress.seconds_left
    words = f"{progress.done} of {progress.total} examples, {progress.rate:.{0 if progress.rate >= 3 else 1}f} a second"
    if left < float("inf") and progress.done < progress.total:
        words += f", {_duration(left)} left"
    return {"percent": round(100 * progress.done / progress.total), "words": words}


def _duration(seconds: float) -> str:
    if seconds < 1:
        return "less than a second"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"
