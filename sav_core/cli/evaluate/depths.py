"""Accuracy by depth beside an evaluation: what heads of the first layers alone make of the training set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sav_core.cli.console import progress_bar

if TYPE_CHECKING:
    from sav_core.data.examples import ExampleSet
    from sav_core.sav import SavClassifier

__all__ = ["judge_by_depth"]


def judge_by_depth(classifier: SavClassifier, support: ExampleSet) -> dict[str, Any]:
    """Accuracy by depth on the training set, for JSON: each example left out, heads of the first 1, 2, ... layers."""
    from sav_core.activations.depth_times import time_layers
    from sav_core.data.sets.one_scale import on_one_scale
    from sav_core.evaluation.depths import leave_out_by_depth
    from sav_core.heads.classifier import HeadClassifier

    examples = on_one_scale(support)
    with progress_bar("judging every depth") as progress:
        vectors = classifier.extract(examples, progress=progress)
        heads = HeadClassifier(classifier.n_kept, classifier.voting, classifier.scoring, classifier.belief)
        fits = leave_out_by_depth(heads, vectors)
    seconds = time_layers(classifier.backbone, examples[0])[: vectors.geometry.layers]
    curve = fits.at(classifier.n_kept, seconds)
    points = [
        {"layers": depth, "right": right, "accuracy": right / curve.n, "interval": interval, "time": time}
        for depth, (right, interval, time) in enumerate(
            zip(curve.right.tolist(), curve.intervals, curve.time.tolist(), strict=True), start=1
        )
    ]
    return {"by_depth": {"n": curve.n, "timed": curve.timed, "enough": curve.enough, "points": points}}
