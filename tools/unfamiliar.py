"""What tells pictures of no kind that the embedded model learnt from, to be stored beside its weights.

    python -m tools.unfamiliar                    # fits, measures, writes assets/model/unfamiliar.json
    python -m tools.unfamiliar --apart FOLDER     # also judges pictures of your own, those of each of its folders as a set

To be run anew for other weights. On one side stand the ready tasks, drawings and photographs, on the other pages, charts,
patterns and scans (``tools/strangers.py``), each under the questions of all tasks. Each question in turn is left out of the
fit and judged by the medians of sets, which are what decides.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.linear_model import LogisticRegression

from sav_core import Example, load_backbone
from sav_core.activations.extraction import extract_head_vectors
from sav_core.activations.vector_cache import default_cache
from sav_core.evaluation.unfamiliar import FILE_NAME, unit_vectors
from sav_core.models.backbones import Backbone
from sav_ui.uploads.ready_tasks import ready_tasks
from tools.export import ASSETS
from tools.strangers import KIND, KINDS, strangers

A_TASK, A_KIND = 12, 24  # pictures of each task and of each kind of stranger, under each question
STRENGTH = 0.3  # inverse of the ridge

Rows = npt.NDArray[np.float64]
Sets = dict[str, Rows]


def main() -> None:
    """Fit, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=ASSETS / "model")
    parser.add_argument("--apart", type=Path, help="a folder of folders of pictures that are judged and not fitted on")
    arguments = parser.parse_args()
    backbone, tasks = load_backbone(arguments.model, dtype="float32"), ready_tasks()
    tasks = tuple(task for task in tasks if not task.support[0].clips)
    known = {task.name: _chosen([e.images[0] for e in (*task.support, *task.queries)]) for task in tasks}
    made = strangers(A_KIND)
    strange = {make.__name__: made[place * A_KIND :][:A_KIND] for place, make in enumerate(KINDS)}
    apart = {
        folder.name: [Image.open(path).convert("RGB") for path in sorted(folder.iterdir())]
        for folder in sorted(arguments.apart.iterdir() if arguments.apart else ())
    }
    questions = sorted({task.question or task.support[0].question for task in tasks})
    read = {question: _read(backbone, known | strange | apart, question) for question in questions}
    limits = [_left_out(question, read, list(known), list(strange), list(apart)) for question in questions]
    limit = (max(low for low, _ in limits) + min(high for _, high in limits)) / 2
    fitted = _fit(
        [sets[name] for sets in read.values() for name in known], [sets[n] for sets in read.values() for n in strange]
    )
    told = {
        "model": backbone.identity,
        "kind": KIND,
        "limit": round(limit, 3),
        "offset": round(float(fitted.intercept_[0]), 5),
        "weights": fitted.coef_.reshape(backbone.geometry.shape).round(4).tolist(),
    }
    (arguments.model / FILE_NAME).write_text(json.dumps(told) + "\n", encoding="utf-8")
    print(f"limit {limit:.2f}; wrote {arguments.model / FILE_NAME}")


def _chosen(pictures: Sequence) -> list:
    return Random(0).sample(pictures, A_TASK)


def _read(backbone: Backbone, sets: dict[str, list], question: str) -> Sets:
    """Unit vectors of every set's pictures under one question."""
    examples = [Example(picture, question) for pictures in sets.values() for picture in pictures]
    rows = unit_vectors(extract_head_vectors(backbone, examples, cache=default_cache()))
    ends = np.cumsum([len(pictures) for pictures in sets.values()])
    return dict(zip(sets, np.split(rows, ends[:-1]), strict=True))


def _fit(known: Sequence[Rows], strange: Sequence[Rows]) -> LogisticRegression:
    """Both sides count alike, however many pictures there are of each."""
    rows = np.concatenate([*known, *strange])
    code = np.arange(len(rows)) >= sum(len(each) for each in known)
    return LogisticRegression(C=STRENGTH, max_iter=500, class_weight="balanced").fit(rows, code)


def _left_out(
    question: str, read: dict[str, Sets], known: list[str], strange: list[str], apart: list[str]
) -> tuple[float, float]:
    """Judge one question by a fit on the others; the highest median of what is known, the lowest of what is strange.

    Each set of the known side is left out of the fit that judges it too: what a visitor brings was in none.
    """
    others = [sets for other, sets in read.items() if other != question]

    def medians(names: list[str], left: str = "") -> dict[str, float]:
        fitted = _fit(
            [sets[name] for sets in others for name in known if name != left],
            [sets[name] for sets in others for name in strange if name != left],
        )
        return {name: float(np.median(fitted.decision_function(read[question][name]))) for name in names}

    low = {name: medians([name], left=name)[name] for name in known}
    high = medians([*strange, *apart])
    print(question, *(f"{name} {value:.1f}" for name, value in (low | high).items()), sep="; ", flush=True)
    return max(low.values()), min(high[name] for name in strange)


if __name__ == "__main__":
    main()
