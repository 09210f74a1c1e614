"""A visit to what the Measure page shows: plain values for the templates; the figures were drawn when it was measured."""

from __future__ import annotations

from typing import Any

from sav_core.figures.evaluation import dot_plot_height
from sav_core.heads.rules import VOTING_RULES
from sav_core.reports.measurement import Compared, Measurement
from sav_core.reports.wording import SECTIONS, named
from sav_ui.pages.classify.state import fit_of, task_of
from sav_ui.pages.measure.run import READING, WHERE
from sav_ui.pages.measure.state import Gauge, Measured, gauge_of, most_to_split
from sav_ui.panels.panel import fill, scene
from sav_ui.panels.thumbnails import thumb
from sav_ui.session.fit import Fit
from sav_ui.session.project import Project
from sav_ui.session.session import Visit
from sav_ui.uploads.ready_tasks import ready_tasks

__all__ = ["gauge", "report"]

_SHOWN = 48  # pictures of a confusion cell


def gauge(visit: Visit) -> dict[str, Any]:
    """The test set, how to judge by it, and the button; or what to do before that."""
    state, project, fit = gauge_of(visit), visit.project, fit_of(visit)
    if fit is None:
        html = fill(
            "measure/empty.html",
            begun=not project.empty,
            busy=bool(visit.busy) or visit.waits_for_heads,
            why_not=project.why_not_ready(),
            tiles=[] if project.items else _ready_tiles(),
            notice=visit.notice_at(WHERE),
        )
        return scene(html, visit.version())
    source, task = state.source(project), task_of(project)
    most = most_to_split(fit)
    html = fill(
        "measure/setup.html",
        source=source,
        task={"title": task.title, "count": len(task.queries)} if task is not None and task.queries else None,
        own=_own(state, project, fit),
        most=most,
        each=min(state.setup.each, max(most, 1)),
        labels=len(fit.labels),
        voting=state.voting(fit),
        rules=VOTING_RULES,
        asks=state.setup.ask,
        heads=fit.dial,
        scoring="leave-one-out" if fit.scoring == "leave_one_out" else "training",
        notice=visit.notice_at(WHERE),
        busy=state.busy,
        progress=_progress(state) if state.busy else None,
        measured=state.measured is not None,
        stale=_stale(state, project, fit),
        ready=source in ("task", "split") or bool(state.own),
    )
    return {**scene(html, visit.version()), "saved": state.saved}


def report(visit: Visit) -> dict[str, Any]:
    """Everything that was measured last, marked where it is no longer true of the project."""
    state, project, fit = gauge_of(visit), visit.project, fit_of(visit)
    measured = state.measured
    if measured is None:
        html = fill("measure/blank.html", busy=state.busy) if fit is not None else ""
        return scene(html, visit.version())
    found = measured.measurement
    baselines, rules = found.beside, found.rules or Compared((), {})
    html = fill(
        "measure/report.html",
        stale=_stale(state, project, fit),
        sections=SECTIONS,
        model=measured.model,
        about=found.about,
        head=_headline(found),
        overlap=found.overlap,
        baselines=_table(baselines),
        refused=_refused(baselines),
        rules=_table(rules),
        rules_refused=_refused(rules),
        labels=list(found.evaluation.labels),
        rows=_confusion(found),
        cell=state.cell,
        pictures=_pictures(measured, state.cell),
        trust=_trust(found),
        untrusted=found.untrusted,
        unknown=None if found.unknown is None else {"area": f"{found.unknown.roc.area:.3f}", "n": found.unknown.n},
        drawn=set(measured.figures),
        baselines_height=dot_plot_height(len(baselines.judged)),
        rules_height=dot_plot_height(len(rules.judged)),
    )
    return scene(html, visit.version(), measured.figures)


def _stale(state: Gauge, project: Project, fit: Fit | None) -> str:
    """Why the report is no longer true; empty while it is, or there is none."""
    if state.measured is None:
        return ""
    if fit is None:
        return "The examples have changed since, and heads are still to be found for them."
    taught, judged = state.measured.key
    taught_now, judged_now = state.key(project, fit)
    if taught != taught_now:
        return "What is taught has changed since: the figures are of the heads as they were."
    if judged != judged_now:
        return "The choice above has changed since: the figures are of what was chosen before."
    return ""


def _own(state: Gauge, project: Project, fit: Fit) -> dict[str, Any] | None:
    if not state.own:
        return None
    names = [str(example.label) for example in state.own]
    unknown = [name for name in names if name not in fit.labels]
    return {
        "count": len(names),
        "known": len(names) - len(unknown),
        "unknown": len(unknown),
        "unknown_names": sorted(set(unknown))[:4],
    }


def _progress(state: Gauge) -> dict[str, Any]:
    progress = state.progress
    if progress is None or not progress.total:
        return {"percent": 0, "words": f"{state.busy} …"}
    what = "examples" if state.busy == READING else "answers"
    rate = f"{progress.rate:.{0 if progress.rate >= 3 else 1}f}"
    words = f"{state.busy}: {progress.done} of {progress.total} {what}, {rate} a second"
    left = progress.seconds_left
    if 1 <= left < float("inf") and progress.done < progress.total:
        words += f", {left:.0f} s left" if left < 90 else f", {left / 60:.0f} min left"
    return {"percent": round(100 * progress.done / progress.total), "words": words}


def _headline(found: Measurement) -> dict[str, Any]:
    low, high = found.evaluation.interval
    head: dict[str, Any] = {
        "accuracy": _percent(found.evaluation.accuracy),
        "right": int(found.right.sum()),
        "n": found.evaluation.n,
        "low": _percent(low),
        "high": _percent(high),
        "macro_f1": f"{found.evaluation.macro_f1:.2f}",
        "chance": _percent(found.chance),
        "left_out": None,
    }
    if found.trust is not None:
        trust, (low, high) = found.trust, found.trust.left_out_interval
        left_out = {"accuracy": _percent(trust.left_out_accuracy), "n": trust.left_out_n, "how": trust.left_out_how}
        head["left_out"] = {**left_out, "low": _percent(low), "high": _percent(high)}
    return head


def _table(part: Compared) -> list[dict[str, Any]]:
    """Each way to answer, and how much better the kept heads are on the same examples."""
    lines = []
    for each in part.judged:
        beside = part.comparisons.get(each.name)
        low, high = each.interval
        line = {"name": named(each.name), "accuracy": _percent(each.accuracy), "value": f"{each.accuracy:.6f}"}
        line |= {"low": _percent(low), "high": _percent(high), "beside": "", "p": ""}
        if beside is not None:
            span = f"{100 * beside.interval[0]:+.0f} to {100 * beside.interval[1]:+.0f}"
            line |= {"beside": f"{100 * beside.difference:+.0f} ({span})", "p": f"{beside.p:.2g}"}
        lines.append(line)
    return lines


def _refused(part: Compared) -> list[dict[str, str]]:
    return [{"name": named(name), "why": why} for name, why in part.refused.items()]


def _confusion(found: Measurement) -> list[dict[str, Any]]:
    counts = found.evaluation.confusion
    peak = max(1, int(counts.max()))
    return [
        {
            "label": label,
            "accuracy": _percent(found.evaluation.per_label[label]) if label in found.evaluation.per_label else "",
            "n": int(counts[row].sum()),
            "cells": [
                {"count": int(count), "shade": float(count / peak), "own": row == column}
                for column, count in enumerate(counts[row])
            ],
        }
        for row, label in enumerate(found.evaluation.labels)
    ]


def _pictures(measured: Measured, cell: tuple[int, int] | None) -> dict[str, Any] | None:
    """The test examples of the confusion cell that was clicked, the surest first."""
    if cell is None:
        return None
    found = measured.measurement
    truth, answer = (found.evaluation.labels[place] for place in cell)
    rows = [
        row
        for row in (-found.confidence).argsort(kind="stable")
        if found.truth[row] == truth and found.answers[row] == answer
    ]
    return {
        "truth": truth,
        "answer": answer,
        "more": len(rows[_SHOWN:]),
        "shown": [_picture(measured, int(row)) for row in rows[:_SHOWN]],
    }


def _picture(measured: Measured, row: int) -> dict[str, Any]:
    example = measured.exam.test[row]
    return {
        "name": example.name,
        "picture": thumb(example.images[0]) if example.images else "",
        "text": example.question[:60],
        "confidence": _percent(float(measured.measurement.confidence[row])),
    }


def _trust(found: Measurement) -> dict[str, Any] | None:
    if found.trust is None:
        return None
    threshold = found.trust.selective.threshold_for(0.95)
    return {
        "error": f"{100 * found.trust.diagram.expected_error:.1f}",
        "raw": f"{100 * found.trust.raw.expected_error:.1f}",
        "temperature": f"{found.trust.temperature:.2f}",
        "threshold": None if threshold is None else f"{threshold:.2f}",
    }


def _ready_tiles() -> list[dict[str, Any]]:
    return [
        {"name": task.name, "title": task.title, "pictures": [thumb(picture, 144) for picture in task.cover]}
        for task in ready_tasks()
    ]


def _percent(share: float) -> int:
    return round(100 * share)
