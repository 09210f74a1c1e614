"""Measurements as plain values: the one JSON of ``evaluate --json`` and of the page Measure.

values(measure(...)), values(measure_episodes(...))       # dict, a key for each part that was asked for
as_json(found)                                            # the same as text

Keys of the command line stand for good: ``controls`` are the baselines, ``foreign`` the queries of unknown labels, and
``ways`` how many labels an episode has.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sav_core.evaluation.baselines import Baseline
from sav_core.evaluation.judge import Confidence
from sav_core.evaluation.metrics import Evaluation
from sav_core.evaluation.sweeps import SweepPoint
from sav_core.reports.episode_measurement import EpisodeBaseline, EpisodeMeasurement
from sav_core.reports.measurement import Compared, Measurement, UnknownLabels

__all__ = ["as_json", "values"]


def values(found: Measurement | EpisodeMeasurement) -> dict[str, Any]:
    """Return what was measured as values for JSON."""
    parts = _of_episodes(found) if isinstance(found, EpisodeMeasurement) else _of_test_set(found)
    if found.sweeps is not None:
        parts["sweep"] = {name: [_point(point) for point in points] for name, points in found.sweeps.items()}
    skipped = [{"image": each.name, "reason": each.reason} for each in found.skipped]
    return {**asdict(found.about), **parts, "skipped": skipped, "notes": [note.as_dict() for note in found.notes]}


def as_json(found: Measurement | EpisodeMeasurement) -> str:
    """Return ``values`` as JSON."""
    return json.dumps(values(found), indent=2, ensure_ascii=False)


def _of_test_set(found: Measurement) -> dict[str, Any]:
    parts = _evaluation(found.evaluation)
    if found.cost is not None:
        parts["cost"] = found.cost.as_dict()
    if found.overlap is not None:
        parts["overlap"] = found.overlap
    if found.baselines is not None:
        parts["controls"] = {each.name: each.accuracy for each in found.baselines.judged}
        parts["control_details"] = _compared(found.baselines)
        parts["refused"] = dict(found.baselines.refused)
    if found.rules is not None:
        parts["rules"] = _compared(found.rules)
        parts["rules_refused"] = dict(found.rules.refused)
    if found.trust is not None:
        parts["confidence"] = _confidence(found.trust)
    elif found.untrusted:
        parts["confidence"], parts["confidence_refused"] = None, found.untrusted
    if found.unknown is not None:
        parts["foreign"] = _unknown(found.unknown)
    if found.transfer is not None:
        moved = found.transfer
        parts["transfer"] = {
            **_compared(Compared((moved.baseline,), {moved.baseline.name: moved.comparison}))[moved.baseline.name],
            "shared_heads": [str(head) for head in moved.shared_heads],
        }
    parts["examples"] = _examples(found)
    return parts


def _of_episodes(found: EpisodeMeasurement) -> dict[str, Any]:
    accuracy = found.result.accuracy
    parts = {
        **_evaluation(found.result.evaluation),
        "accuracy": found.result.mean,
        "interval": found.result.interval,
        "episodes": {
            "count": len(accuracy),
            "shots": found.shots,
            "ways": found.n_way,
            "seed": found.seed,
            "accuracy": accuracy.tolist(),
        },
    }
    if found.baselines is not None:
        parts["controls"] = {name: each.mean for name, each in found.baselines.items()}
        parts["control_details"] = {name: _episode_baseline(each) for name, each in found.baselines.items()}
        parts["refused"] = dict(found.refused)
    return parts


def _evaluation(evaluation: Evaluation) -> dict[str, Any]:
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


def _compared(found: Compared) -> dict[str, dict[str, Any]]:
    """Each way to answer with its interval, and how much better the kept heads are on the same queries."""
    return {
        each.name: {"accuracy": each.accuracy, "interval": each.interval, **_comparison(found, each.name), **_beside(each)}
        for each in found.judged
    }


def _beside(row: Baseline) -> Mapping[str, Any]:
    """What it costs, and what was done, where that is told."""
    cost = {} if row.cost is None else {"cost": row.cost.as_dict()}
    return {**cost, **({"about": row.about} if row.about else {})}


def _comparison(found: Compared, name: str) -> Mapping[str, Any]:
    if name not in found.comparisons:
        return {}
    beside = found.comparisons[name]
    return {"difference": beside.difference, "difference_interval": beside.interval, "p": beside.p}


def _episode_baseline(found: EpisodeBaseline) -> dict[str, Any]:
    return {
        "accuracy": found.mean,
        "interval": found.interval,
        "difference": found.difference,
        "difference_interval": found.difference_interval,
    }


def _point(point: SweepPoint) -> dict[str, Any]:
    return {"value": point.value, "accuracy": point.accuracy, "interval": point.interval, "n": point.n}


def _confidence(found: Confidence) -> dict[str, Any]:
    """The temperature, the reliability diagram's bins that have answers, and accuracy against coverage."""
    diagram, curve = found.diagram, found.selective
    bins = zip(diagram.edges[:-1], diagram.edges[1:], diagram.count, diagram.right, diagram.confidence, strict=True)
    return {
        "temperature": found.temperature,
        "left_out_accuracy": found.left_out_accuracy,
        "left_out_n": found.left_out_n,
        "left_out_interval": found.left_out_interval,
        "left_out_groups": found.left_out_groups,
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


def _unknown(found: UnknownLabels) -> dict[str, Any]:
    """``threshold`` is what ``classify --none-below`` takes to be at that point; ``None`` is above every score."""
    return {
        "n": found.n,
        "area": found.roc.area,
        "threshold": [None if math.isinf(threshold) else threshold for threshold in found.roc.threshold.tolist()],
        "false_rate": found.roc.false_rate.tolist(),
        "true_rate": found.roc.true_rate.tolist(),
    }


def _examples(found: Measurement) -> list[dict[str, Any]]:
    probability = found.probability
    return [
        {
            "image": name,
            "truth": truth,
            "label": answer,
            "right": answer == truth,
            "confidence": float(found.confidence[row]),
            "probability": None if probability is None else float(probability[row]),
        }
        for row, (name, truth, answer) in enumerate(zip(found.names, found.truth, found.answers, strict=True))
    ]
