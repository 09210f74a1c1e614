"""Reports as plain values for JSON: what ``evaluate --json`` prints and the page Measure saves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sav_core.evaluation.baselines import Control
    from sav_core.evaluation.curves import Roc
    from sav_core.evaluation.intervals import Comparison
    from sav_core.evaluation.metrics import Evaluation
    from sav_core.evaluation.sweeps import SweepPoint
    from sav_core.reports.evaluate import Confidence

__all__ = ["confidence_values", "evaluation_values", "foreign_values", "point_values", "way_values"]


def evaluation_values(evaluation: Evaluation) -> dict[str, Any]:
    """Accuracy with its interval, per label and confusion."""
    return {
        "accuracy": evaluation.accuracy,
        "interval": evaluation.interval,
        "n": evaluation.n,
        "macro_f1": evaluation.macro_f1,
        "per_label": evaluation.per_label,
        "confusion": evaluation.confusion.tolist(),
        "labels": evaluation.labels,
    }


def way_values(judged: Sequence[Control], comparisons: Mapping[str, Comparison]) -> dict[str, dict[str, Any]]:
    """Each way to answer with its interval, and how much better the kept heads are on the same queries."""
    result: dict[str, dict[str, Any]] = {}
    for control in judged:
        result[control.name] = {"accuracy": control.accuracy, "interval": control.interval}
        if control.name in comparisons:
            found = comparisons[control.name]
            result[control.name] |= {
                "difference": found.difference,
                "difference_interval": found.interval,
                "p": found.p,
            }
    return result


def point_values(point: SweepPoint) -> dict[str, Any]:
    """One point of a sweep."""
    return {"value": point.value, "accuracy": point.accuracy, "interval": point.interval, "n": point.n}


def confidence_values(found: Confidence) -> dict[str, Any]:
    """The temperature, the reliability diagram's bins that have answers, and accuracy against coverage."""
    diagram, curve = found.diagram, found.selective
    bins = zip(diagram.edges[:-1], diagram.edges[1:], diagram.count, diagram.right, diagram.confidence, strict=True)
    return {
        "temperature": found.temperature,
        "left_out_accuracy": found.left_out_accuracy,
        "left_out_n": found.left_out_n,
        "expected_error": diagram.expected_error,
        "uncalibrated_error": found.raw.expected_error,
        "bins": [
            {"from": float(low), "to": float(high), "n": int(n), "right": int(right), "confidence": float(mean)}
            for low, high, n, right, mean in bins
            if n
        ],
        "selective": {
            "area": curve.area,
            "threshold": curve.threshold.tolist(),
            "coverage": curve.coverage.tolist(),
            "accuracy": curve.accuracy.tolist(),
            "threshold_95": curve.threshold_for(0.95),
        },
    }


def foreign_values(curve: Roc, n: int) -> dict[str, Any]:
    """How well doubt tells ``n`` images of none of the labels from the test set.

    ``threshold`` is what ``classify --none-below`` takes to be at that point of the curve; ``None`` is above every score.
    """
    return {
        "n": n,
        "area": curve.area,
        "threshold": [None if math.isinf(threshold) else threshold for threshold in curve.threshold.tolist()],
        "false_rate": curve.false_rate.tolist(),
        "true_rate": curve.true_rate.tolist(),
    }
