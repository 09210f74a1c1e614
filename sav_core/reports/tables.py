"""A measurement as files: JSON as ``evaluate --json`` has it, two tables, and the figures of both pages.

as_json(found, about)       # everything; about is what was measured, such as {"model": ..., "heads": 20}
as_answers(found)           # CSV, a line for each test example, and whether each other way got it right
as_figures(found)           # CSV, a line for each figure with its interval
figures(found)              # every figure that there is, by name
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from sav_core.evaluation.metrics import wilson_interval
from sav_core.figures.evaluation import calibration_figure, dot_plot, roc_figure, selective_figure, sweep_figure
from sav_core.reports.measure import KEPT, Measurement
from sav_core.reports.values import confidence_values, evaluation_values, foreign_values, point_values, way_values

__all__ = ["SWEPT", "as_answers", "as_figures", "as_json", "as_values", "figures", "plain"]

SWEPT = {"heads": "heads that vote", "shots": "examples a label"}
"""What a sweep's numbers count."""


def as_values(found: Measurement, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything as plain values for JSON, under the names of ``evaluate --json``."""
    values: dict[str, Any] = {**about, **evaluation_values(found.evaluation)}
    values["controls"] = {way.name: way.accuracy for way in found.ways[1:]}
    values["control_details"] = way_values(found.ways[1:], found.comparisons)
    values["refused"] = dict(found.refused)
    values["rules"] = way_values(found.rules, found.rule_comparisons)
    values["rules_refused"] = dict(found.rules_refused)
    values["sweep"] = {name: [point_values(point) for point in points] for name, points in found.sweeps.items()}
    values["confidence"] = None if found.trust is None else confidence_values(found.trust)
    if found.untrusted:
        values["confidence_refused"] = found.untrusted
    if found.doubt is not None:
        values["foreign"] = foreign_values(found.doubt, found.foreign)
    values["examples"] = [
        {
            "image": name,
            "truth": truth,
            "label": answer,
            "right": answer == truth,
            "confidence": float(found.confidence[row]),
            "probability": None if found.probability is None else float(found.probability[row]),
        }
        for row, (name, truth, answer) in enumerate(zip(found.names, found.truth, found.answers, strict=True))
    ]
    return values


def as_json(found: Measurement, about: Mapping[str, Any]) -> str:
    """Return ``as_values`` as JSON."""
    return json.dumps(as_values(found, about), indent=2, ensure_ascii=False)


def as_answers(found: Measurement) -> str:
    """Return a CSV with a line for each test example; the other ways' columns have 1 where they are right.

    Random heads are many ways: their column has the share of draws that is right.
    """
    others = [*found.ways[1:], *(rule for rule in found.rules)]
    names = [*(way.name for way in found.ways[1:]), *(f"rule {rule.name}" for rule in found.rules)]
    lines = []
    for row, (name, truth, answer) in enumerate(zip(found.names, found.truth, found.answers, strict=True)):
        sure = "" if found.probability is None else f"{found.probability[row]:.4f}"
        right = "yes" if answer == truth else "no"
        rest = [f"{way.right[row]:g}" for way in others]
        lines.append([plain(name), plain(truth), plain(answer), right, f"{found.confidence[row]:.4f}", sure, *rest])
    return _table(["image", "truth", "label", "right", "confidence", "probability", *names], lines)


def as_figures(found: Measurement) -> str:
    """Return a CSV with a line for each figure: what it is of, its value and 95 % interval, and of how many examples.

    A point of a curve also has ``at``, where it stands: mean confidence of a reliability bin, share answered of selective
    accuracy, false rate of a ROC point.
    """
    lines = [*_shares(found), *_comparisons(found), *_trusted(found), *_doubted(found), *_confused(found)]
    rounded = [[f"{cell:.6g}" if isinstance(cell, float) else "" if cell is None else cell for cell in x] for x in lines]
    return _table(_Line._fields, rounded)


class _Line(NamedTuple):
    """One figure of the table."""

    figure: str
    of: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None
    at: float | None = None


def _shares(found: Measurement) -> Iterator[_Line]:
    evaluation, n = found.evaluation, found.evaluation.n
    yield _Line("accuracy", KEPT, evaluation.accuracy, *evaluation.interval, n)
    yield _Line("macro F1", KEPT, evaluation.macro_f1, n=n)
    for row, label in enumerate(evaluation.labels):
        if total := int(evaluation.confusion[row].sum()):
            ends = wilson_interval(int(evaluation.confusion[row, row]), total)
            yield _Line("accuracy of label", plain(label), evaluation.per_label[label], *ends, total)
    for kind, ways in (("control", found.ways[1:]), ("voting rule", found.rules)):
        for way in ways:
            yield _Line(kind, way.name, way.accuracy, *way.interval, n)
    for kind, points in found.sweeps.items():
        for point in points:
            yield _Line(SWEPT[kind], str(point.value), point.accuracy, *point.interval, point.n)


def _comparisons(found: Measurement) -> Iterator[_Line]:
    for rule, comparisons in (("", found.comparisons), (" rule", found.rule_comparisons)):
        for name, each in comparisons.items():
            yield _Line(f"better than{rule}", name, each.difference, *each.interval, each.n)
            yield _Line(f"McNemar's p against{rule}", name, each.p, n=each.n)


def _trusted(found: Measurement) -> Iterator[_Line]:
    trust, n = found.trust, found.evaluation.n
    if trust is None:
        return
    yield _Line("expected calibration error", "calibrated", trust.diagram.expected_error, n=n)
    yield _Line("expected calibration error", "share of the vote", trust.raw.expected_error, n=n)
    yield _Line("temperature", KEPT, trust.temperature, n=trust.left_out_n)
    yield _Line("leave-one-out accuracy of the support", KEPT, trust.left_out_accuracy, n=trust.left_out_n)
    for name, diagram in (("calibrated", trust.diagram), ("share of the vote", trust.raw)):
        for place in np.flatnonzero(diagram.count):
            right, count = int(diagram.right[place]), int(diagram.count[place])
            edges = f"{name}, {diagram.edges[place]:.1f} to {diagram.edges[place + 1]:.1f}"
            ends = wilson_interval(right, count)
            yield _Line("accuracy by confidence", edges, right / count, *ends, count, float(diagram.confidence[place]))
    curve = trust.selective
    yield _Line("mean selective accuracy", KEPT, curve.area, n=n)
    for threshold, coverage, accuracy in zip(curve.threshold, curve.coverage, curve.accuracy, strict=True):
        given = round(float(coverage) * n)
        ends = wilson_interval(round(float(accuracy) * given), given)
        yield _Line("selective accuracy", f"from {threshold:.6g} on", float(accuracy), *ends, given, float(coverage))


def _doubted(found: Measurement) -> Iterator[_Line]:
    if found.doubt is None:
        return
    curve, n = found.doubt, found.evaluation.n + found.foreign
    yield _Line("ROC area of doubt", "foreign", curve.area, n=n)
    for threshold, false, true in zip(curve.threshold, curve.false_rate, curve.true_rate, strict=True):
        where = "above every score" if np.isinf(threshold) else f"from {threshold:.6g} on"
        yield _Line("ROC true rate by false rate", where, float(true), n=n, at=float(false))


def _confused(found: Measurement) -> Iterator[_Line]:
    counts = found.evaluation.confusion
    for row, label in enumerate(found.evaluation.labels):
        for column, answer in enumerate(found.evaluation.labels):
            taken = plain(f"{label} taken for {answer}")
            yield _Line("confusion", taken, int(counts[row, column]), n=int(counts[row].sum()))


def figures(found: Measurement, n_kept: int | None = None) -> dict[str, go.Figure]:
    """Return every figure that there is, by name: ``controls``, ``rules``, ``heads``, ``shots``, ``calibration`` ...

    Args:
        found: what to draw.
        n_kept: how many heads vote, to be marked.
    """
    drawn = {"controls": dot_plot(found.ways, found.chance)}
    if found.rules:
        drawn["rules"] = dot_plot(found.rules, found.chance)
    if found.sweeps.get("heads"):
        drawn["by_heads"] = sweep_figure(found.sweeps["heads"], SWEPT["heads"], n_kept, found.chance)
    if len(found.sweeps.get("shots", ())) > 1:
        drawn["by_shots"] = sweep_figure(found.sweeps["shots"], SWEPT["shots"], None, found.chance)
    if found.trust is not None:
        drawn["calibration"] = calibration_figure(found.trust.diagram)
        drawn["selective"] = selective_figure(found.trust.selective)
    if found.doubt is not None:
        drawn["doubt"] = roc_figure(found.doubt)
    return drawn


def plain(name: str) -> str:
    """Return a name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in "=+-@\t\r" else name


def _table(head: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    table = csv.writer(buffer)
    table.writerow(head)
    table.writerows(lines)
    return buffer.getvalue()
