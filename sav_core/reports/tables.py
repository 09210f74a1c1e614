"""A measurement as two tables: every answer, and every figure with its interval.

as_answers(found)           # CSV, a line for each test example, and whether each other way got it right
as_figures(found)           # CSV, a line for each figure
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from sav_core.evaluation.baselines import Baseline
from sav_core.evaluation.metrics import wilson_interval
from sav_core.reports.measurement import KEPT, Compared, Measurement
from sav_core.reports.wording import COSTS, SWEPT

__all__ = ["as_answers", "as_figures", "as_table", "plain"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # Excel takes the wide signs for them
_COSTS = {"examples": "examples learnt from", "peak memory": "peak memory in bytes"}


def as_answers(found: Measurement) -> str:
    """Return a CSV with a line for each test example; the other ways' columns have 1 where they are right.

    Random heads are many ways: their column has the share of draws that is right.
    """
    others, rules = _judged(found.baselines), _judged(found.rules)
    names = [*(each.name for each in others), *(f"rule {rule.name}" for rule in rules)]
    lines, probability = [], found.probability
    for row, (name, truth, answer) in enumerate(zip(found.names, found.truth, found.answers, strict=True)):
        sure = "" if probability is None else f"{probability[row]:.4f}"
        right = "yes" if answer == truth else "no"
        rest = [f"{each.right[row]:g}" for each in (*others, *rules)]
        lines.append([plain(name), plain(truth), plain(answer), right, f"{found.confidence[row]:.4f}", sure, *rest])
    return as_table(["image", "truth", "label", "right", "confidence", "probability", *names], lines)


def as_figures(found: Measurement) -> str:
    """Return a CSV with a line for each figure: what it is of, its value and 95 % interval, and of how many examples.

    A point of a curve also has ``at``, where it stands: mean confidence of a reliability bin, share answered of selective
    accuracy, false rate of a ROC point.
    """
    lines = [*_shares(found), *_comparisons(found), *_trusted(found), *_unknown(found), *_confused(found)]
    rounded = [[f"{cell:.6g}" if isinstance(cell, float) else "" if cell is None else cell for cell in x] for x in lines]
    return as_table(_Line._fields, rounded)


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
    for kind, part in (("control", found.baselines), ("voting rule", found.rules)):
        for each in _judged(part):
            yield _Line(kind, each.name, each.accuracy, *each.interval, n)
    for name, cost in ((each.name, each.cost) for each in found.beside.judged if each.cost is not None):
        for what, value in zip(COSTS, (cost.examples, cost.seconds, cost.peak_bytes, cost.trained), strict=True):
            yield _Line(_COSTS.get(what, what), name, value)
    for kind, points in (found.sweeps or {}).items():
        for point in points:
            yield _Line(SWEPT[kind], str(point.value), point.accuracy, *point.interval, point.n)


def _comparisons(found: Measurement) -> Iterator[_Line]:
    for rule, part in (("", found.baselines), (" rule", found.rules)):
        for name, each in ({} if part is None else part.comparisons).items():
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
        for used in np.flatnonzero(diagram.count):
            right, count = int(diagram.right[used]), int(diagram.count[used])
            edges = f"{name}, {diagram.edges[used]:.1f} to {diagram.edges[used + 1]:.1f}"
            ends = wilson_interval(right, count)
            yield _Line("accuracy by confidence", edges, right / count, *ends, count, float(diagram.confidence[used]))
    curve = trust.selective
    yield _Line("mean selective accuracy", KEPT, curve.area, n=n)
    for threshold, coverage, accuracy in zip(curve.threshold, curve.coverage, curve.accuracy, strict=True):
        given = round(float(coverage) * n)
        ends = wilson_interval(round(float(accuracy) * given), given)
        yield _Line("selective accuracy", f"from {threshold:.6g} on", float(accuracy), *ends, given, float(coverage))


def _unknown(found: Measurement) -> Iterator[_Line]:
    if found.unknown is None:
        return
    curve, n = found.unknown.roc, found.evaluation.n + found.unknown.n
    yield _Line("ROC area", "unknown labels", curve.area, n=n)
    for threshold, false, true in zip(curve.threshold, curve.false_rate, curve.true_rate, strict=True):
        where = "above every score" if np.isinf(threshold) else f"from {threshold:.6g} on"
        yield _Line("ROC true rate by false rate", where, float(true), n=n, at=float(false))


def _confused(found: Measurement) -> Iterator[_Line]:
    counts = found.evaluation.confusion
    for row, label in enumerate(found.evaluation.labels):
        for column, answer in enumerate(found.evaluation.labels):
            taken = plain(f"{label} taken for {answer}")
            yield _Line("confusion", taken, int(counts[row, column]), n=int(counts[row].sum()))


def _judged(part: Compared | None) -> tuple[Baseline, ...]:
    return () if part is None else part.judged


def plain(name: str) -> str:
    """Return a name that no spreadsheet takes for a formula."""
    return f"'{name}" if name.startswith(_FORMULA) else name


def as_table(head: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    """Return a CSV of lines under a head; names go through ``plain`` first."""
    buffer = io.StringIO()
    table = csv.writer(buffer)
    table.writerow(head)
    table.writerows(lines)
    return buffer.getvalue()
