"""What tells photographs from the drawings that the embedded model was trained on, to be stored beside its weights.

    python -m tools.unfamiliar                    # fits, measures, writes assets/model/unfamiliar.json
    python -m tools.unfamiliar --apart            # also measures photographs of a package that no training saw

To be run anew for other weights; for a model that knows photographs, remove the file instead. Pictures of the ready tasks
under the questions of all of them. Each question in turn is left out of the fit and judged: the share of single pictures on
their side of the limit, and the median of the set, which is what decides.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from sav_core import Example, load_backbone
from sav_core.activations.extraction import extract_head_vectors
from sav_core.activations.vector_cache import default_cache
from sav_core.evaluation.unfamiliar import FILE_NAME, unit_vectors
from sav_core.models.backbones import Backbone
from sav_ui.uploads.ready_tasks import ready_tasks
from tools.export import ASSETS

KIND = "photographs"  # both the ready task's name and the kind's
A_TASK, APART = 12, 24  # pictures of each other task under each question; photographs apart likewise
STRENGTH = 0.3  # inverse of the ridge

Rows = npt.NDArray[np.float64]


def main() -> None:
    """Fit, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=ASSETS / "model")
    parser.add_argument("--apart", action="store_true")
    arguments = parser.parse_args()
    backbone, tasks = load_backbone(arguments.model, dtype="float32"), ready_tasks()
    drawn = [task for task in tasks if task.name != KIND]
    questions = {task.name: task.question or task.support[0].question for task in drawn}
    drawings = [example for task in drawn for example in Random(0).sample([*task.support, *task.queries], A_TASK)]
    photographs = [example for task in tasks if task.name == KIND for example in (*task.support, *task.queries)]
    known = {name: read(backbone, drawings, question) for name, question in questions.items()}
    weak = {name: read(backbone, photographs, question) for name, question in questions.items()}
    apart = {name: read(backbone, apart_photographs(), questions[name]) for name in questions} if arguments.apart else {}
    medians = [left_out(name, known, weak, apart) for name in questions]
    limit = (max(low for low, _ in medians) + min(high for _, high in medians)) / 2
    fitted = fit(list(known.values()), list(weak.values()))
    told = {
        "model": backbone.identity,
        "kind": KIND,
        "limit": round(limit, 3),
        "offset": round(float(fitted.intercept_[0]), 5),
        "weights": fitted.coef_.reshape(backbone.geometry.shape).round(4).tolist(),
    }
    (arguments.model / FILE_NAME).write_text(json.dumps(told) + "\n", encoding="utf-8")
    print(f"limit {limit:.2f}; wrote {arguments.model / FILE_NAME}")


def apart_photographs() -> list[Example]:
    """Some photographs of a package."""
    from tools.evaluation_photographs import photographs_apart

    every = photographs_apart()
    return [Example(every[name]) for name in Random(0).sample(sorted(every), APART)]


def read(backbone: Backbone, examples: Sequence[Example], question: str) -> Rows:
    """Unit vectors of pictures under one question."""
    asked = [Example(example.images, question) for example in examples]
    return unit_vectors(extract_head_vectors(backbone, asked, cache=default_cache()))


def fit(known: Sequence[Rows], weak: Sequence[Rows]) -> LogisticRegression:
    """Both kinds count alike, however many pictures there are of each."""
    rows = np.concatenate([*known, *weak])
    code = np.arange(len(rows)) >= sum(len(each) for each in known)
    return LogisticRegression(C=STRENGTH, max_iter=500, class_weight="balanced").fit(rows, code)


def left_out(name: str, known: dict[str, Rows], weak: dict[str, Rows], apart: dict[str, Rows]) -> tuple[float, float]:
    """Judge one question by a fit on the others: medians of both kinds."""
    others = [other for other in known if other != name]
    fitted = fit([known[other] for other in others], [weak[other] for other in others])
    logits = {"drawings": fitted.decision_function(known[name]), KIND: fitted.decision_function(weak[name])}
    if name in apart:
        logits[f"{KIND} apart"] = fitted.decision_function(apart[name])
    told = [f"{kind}: median {np.median(each):.2f}, above 0 {np.mean(each > 0):.0%}" for kind, each in logits.items()]
    print(f"{name:15} " + "; ".join(told))
    return float(np.median(logits["drawings"])), float(np.median(logits[KIND]))


if __name__ == "__main__":
    main()
