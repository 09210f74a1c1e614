"""Whether the embedded model uses the heads that a label can be read from: docs/causes.md and docs/causes.json.

    python -m tools.report.causes                          # every ready task: ten minutes on two quiet cores
    python -m tools.report.causes --tasks fingers          # a quick look; --to FOLDER writes it elsewhere

Heads are kept on a task's support, 20 by the paper's rule, and switched off while the model answers the task's queries.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import hypergeom, spearmanr

from sav_core import SavClassifier, load_backbone
from sav_core.causes import KnockOut, ablate, choose_heads, lost_by_each, patch_pictures
from sav_core.causes.values import ablation_values, patching_values
from sav_core.data.examples import Example
from sav_core.data.sets.datasets import read_examples
from sav_core.evaluation.metrics import wilson_interval
from sav_core.heads.scoring import cosines
from sav_core.models.backbones import Backbone
from sav_core.settings import settings
from sav_core.types import Head, at_heads
from tools.report.causes_text import write_report
from tools.report.heads import all_tasks, question_of

ROOT = Path(__file__).resolve().parents[2]
Values = dict[str, Any]


def judge_task(backbone: Backbone, name: str, *, draws: int, seed: int) -> Values:
    """Everything about one ready task."""
    support, queries = (list(_part(name, part)) for part in ("support", "queries"))
    classifier = SavClassifier(backbone, cache=None).fit(support)
    labels, vectors = classifier.classes_.tolist(), classifier.vectors_
    asked = classifier.extract(queries)
    truth = np.array([query.label for query in queries])
    right = int((classifier.classes_[classifier.head_classifier_.vote(asked).winner] == truth).sum())
    ranking = classifier.head_classifier_.fitted_.scores.ranking
    heads = choose_heads(classifier.kept_heads_, backbone.geometry, ranking, draws=draws, seed=seed)
    given: Any = {"support": support, "vectors": vectors}
    switched = {
        tokens: _figures(ablation_values(ablate(backbone, heads, queries, labels, how=how, **given)))
        for tokens, how in (("last", KnockOut("mean", "last", seed)), ("every", KnockOut("mean", "every", seed)))
    }
    patched = patch_pictures(backbone, heads, queries, labels, vectors=asked, seed=seed)
    layers, indices = at_heads(backbone.geometry.every_head())
    near = cosines(asked.values[:, layers, indices], classifier.head_classifier_.fitted_.centroids[layers, indices])
    alone = classifier.classes_[near.argmax(-1)] == truth[:, None]  # (query, head)
    readable = alone.mean(0).reshape(backbone.geometry.shape[:2])
    lost = lost_by_each(backbone, queries, labels, **given).mean(0)
    return {
        "labels": len(labels),
        "label_tokens": max(len(backbone.answer_ids(queries[0], label)) for label in labels),
        "n": len(queries),
        "heads": [str(head) for head in heads.kept],
        "readable": {"accuracy": right / len(queries), "interval": wilson_interval(right, len(queries))},
        **switched,
        "patching": _figures(patching_values(patched)),
        "each": _head_by_head(readable, lost, heads.kept),
    }


def _head_by_head(readable: np.ndarray, lost: np.ndarray, kept: Sequence[Head]) -> Values:
    """How what can be read of each head goes with what is lost without it, and how many kept heads are most missed."""
    order = np.argsort(-lost, axis=None, kind="stable")[: len(kept)]
    missed = {Head(*divmod(int(place), lost.shape[1])) for place in order}
    shared = len(missed & set(kept))
    return {
        "rank_correlation": float(spearmanr(readable.ravel(), lost.ravel()).statistic),
        "shared": shared,
        "expected": len(kept) ** 2 / lost.size,
        "p": float(hypergeom.sf(shared - 1, lost.size, len(kept), len(kept))),
        "most_missed": [str(Head(*divmod(int(place), lost.shape[1]))) for place in order[:3]],
    }


def _figures(told: Values) -> Values:
    """Without the sentence, which is made of them."""
    return {name: value for name, value in told.items() if name != "sentence"}


def _part(name: str, part: str) -> Sequence[Example]:
    folder = settings().assets / "examples" / name
    lines = folder / f"{part}.jsonl"
    return list(read_examples(lines if lines.exists() else folder / part, question=question_of(folder)))


def measure(
    backbone: Backbone, names: Sequence[str], *, draws: int = 20, seed: int = 0, say: Callable[[str], object] = print
) -> Values:
    """Judge every task.

    Args:
        backbone: the model.
        names: of the ready tasks.
        draws: of random heads.
        seed: of every draw.
        say: told what is being done.
    """
    started, tasks = time.perf_counter(), {}
    for name in names:
        tasks[name] = judge_task(backbone, name, draws=draws, seed=seed)
        say(f"{name}: {tasks[name]['last']['finding']}, {time.perf_counter() - started:.0f} s after the start")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "seed": seed,
        "draws": draws,
        "model": {"geometry": str(backbone.geometry), "fingerprint": backbone.fingerprint},
        "tasks": tasks,
    }


def _rounded(value: Any) -> Any:
    """To five decimals: the same on any machine."""
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(each) for each in value]
    return round(value, 5) if isinstance(value, float) else value


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, then write the data and the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tasks", nargs="+", default=all_tasks(), help="ready tasks; all of them by default")
    parser.add_argument("--to", type=Path, default=ROOT)
    given = parser.parse_args(arguments)
    found = _rounded(measure(load_backbone(dtype="float32"), given.tasks, draws=given.draws, seed=given.seed))
    data = given.to / "docs" / "causes.json"
    data.parent.mkdir(exist_ok=True)
    data.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    write_report(json.loads(data.read_text(encoding="utf-8")), given.to)


if __name__ == "__main__":
    main()
