"""What the Measure page shows of a session: plain values for the templates; the figures were drawn when it was measured."""

from __future__ import annotations

from typing import Any

from sav_core.evaluation.metrics import MOST_IN_A_TABLE, worst_confusions
from sav_core.figures.evaluation import dot_plot_height
from sav_core.heads.rules import VOTING_RULES
from sav_core.reports.measurement import Compared, Measurement
from sav_core.reports.wording import COSTS, SECTIONS, explained, named, told_costs
from sav_ui.limits import limits
from sav_ui.pages.measure import rivals
from sav_ui.pages.measure.run import MEASURING
from sav_ui.pages.measure.state import PANEL, WHERE, Measured, MeasureState, most_to_split
from sav_ui.pages.shared.ready_tiles import nothing_taught
from sav_ui.pages.shared.used import used
from sav_ui.panels.films import brought
from sav_ui.panels.panel import Content, content, fill
from sav_ui.panels.thumbnails import thumb
from sav_ui.panels.wording import progress_bar
from sav_ui.session.fit import Fit
from sav_ui.session.project import Project
from sav_ui.session.session import Session
from sav_ui.session.work import Kind
from sav_ui.uploads.ready_tasks import Task, task_titled

__all__ = ["report", "setup"]

_SHOWN = 48  # pictures of a confusion cell
_DOING = {
    Kind.READ_TESTS: "Showing the model",
    Kind.ASK_BASELINES: "Asking the model itself",
    Kind.TRAIN_LORA: "Training LoRA",
    Kind.ASK_RIVALS: "Asking rivals",
    Kind.COMPARE: "Comparing",
}


def _of_task(task: Task | None) -> dict[str, str] | None:
    """What a ready task brings to judge by; ``None`` where there is nothing."""
    if task is None or not task.queries:
        return None
    return {"title": task.title, "what": brought(each.images for each in task.queries)}


def setup(session: Session) -> Content:
    """The test set, how to judge by it, and the button; or what to do before that."""
    state, project, fit = session.state(MeasureState), session.project, session.current_fit
    if fit is None:
        return nothing_taught(session, "measure/empty.html", WHERE)
    source, task = state.source(project), task_titled(project.title)
    most = most_to_split(fit)
    html = fill(
        "measure/setup.html",
        source=source,
        task=_of_task(task),
        own=_own(state, fit),
        taught=len(state.taught(project)),
        used=used(session, (len(state.own), limits().examples, "test examples")),
        most=most,
        each=min(state.setup.each, max(most, 1)),
        labels=len(fit.labels),
        voting=state.voting(fit),
        rules=VOTING_RULES,
        asks=state.setup.ask,
        rivals=rivals.shown(session, state, project, fit),
        said=state.said if session.work.at(Kind.TRAIN_LORA) else "",
        heads=fit.dial,
        scoring="leave-one-out" if fit.scoring == "leave_one_out" else "training",
        notice=session.notice_at(WHERE),
        busy=_busy(session),
        progress=_progress(session),
        measured=state.measured is not None,
        stale=_stale(state, project, fit),
        ready=source in ("task", "split") or bool(state.own),
    )
    waits = rivals.waits_for_time(session, state, project, fit)
    return content(html, saved=session.download_at(PANEL), next_run=waits)


def report(session: Session) -> Content:
    """Everything that was measured last, marked where it is no longer true of the project."""
    state, project, fit = session.state(MeasureState), session.project, session.current_fit
    measured = state.measured
    if measured is None:
        return content(fill("measure/blank.html", busy=_busy(session)) if fit is not None else "")
    found = measured.measurement
    baselines, voting = found.beside, found.rules or Compared((), {})
    html = fill(
        "measure/report.html",
        stale=_stale(state, project, fit),
        sections=SECTIONS,
        model=measured.model,
        about=found.about,
        head=_headline(found),
        overlap=found.overlap,
        baselines=_table(baselines),
        how=[{"name": named(each.name), "words": explained(each)} for each in baselines.judged],
        costs=COSTS if any(each.cost for each in baselines.judged) else (),
        refused=_refused(baselines),
        rules=_table(voting),
        rules_refused=_refused(voting),
        labels=list(found.evaluation.labels),
        rows=[] if _many(found) else _confusion(found),
        worst=_worst(found) if _many(found) else [],
        cell=state.cell,
        pictures=_pictures(measured, state.cell),
        trust=_trust(found),
        untrusted=found.untrusted,
        unknown=None if found.unknown is None else {"area": f"{found.unknown.roc.area:.3f}", "n": found.unknown.n},
        drawn=set(measured.figures),
        baselines_height=dot_plot_height(len(baselines.judged)),
        rules_height=dot_plot_height(len(voting.judged)),
    )
    return content(html, measured.figures)


def _stale(state: MeasureState, project: Project, fit: Fit | None) -> str:
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


def _own(state: MeasureState, fit: Fit) -> dict[str, Any] | None:
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


def _busy(session: Session) -> bool:
    return session.work.at(*MEASURING) is not None


def _progress(session: Session) -> dict[str, Any] | None:
    task = session.work.at(*_DOING)
    if task is None:
        return None
    what = {Kind.READ_TESTS: "examples", Kind.TRAIN_LORA: "steps at most"}.get(task.kind, "answers")
    place = session.work.place_of(task)
    return progress_bar(task.progress, what, doing=_DOING[task.kind], rate=True, place=place)


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
        line |= {"low": _percent(low), "high": _percent(high), "beside": "", "p": "", "costs": told_costs(each.cost)}
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


def _many(found: Measurement) -> bool:
    """Whether there are more labels than a table of all of them can show."""
    return len(found.evaluation.labels) > MOST_IN_A_TABLE


def _worst(found: Measurement) -> list[dict[str, Any]]:
    """What is taken most often for what, in place of a table of very many labels."""
    labels = found.evaluation.labels
    return [
        {"label": label, "other": other, "count": count, "n": n, "row": labels.index(label), "column": labels.index(other)}
        for label, other, count, n in worst_confusions(labels, found.evaluation.confusion)
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
    example = measured.plan.test[row]
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


def _percent(share: float) -> int:
    return round(100 * share)
