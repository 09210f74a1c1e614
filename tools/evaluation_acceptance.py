"""How often "none of these" is said rightly: pictures of no label that pass, beside pictures of a label that are refused.

    python -m tools.evaluation_acceptance                     # the ready tasks, their own photographs as strangers
    python -m tools.evaluation_acceptance --apart             # and photographs of a package that no training saw
    python -m tools.evaluation_acceptance --only where --voting gaussian

Each ready task teaches; what it must refuse are noise, flat pictures, drawings of other tasks and photographs. Before there
was a learned threshold nothing was refused: every stranger passed, no query was lost. ``area`` is that of the ROC curve of
queries against all strangers, by the acceptance as it is, and then by the distances of the voting heads alone, as it was
computed before.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from random import Random

import numpy as np
from PIL import Image

from sav_core import Example, load_backbone
from sav_core.activations.extraction import extract_head_vectors
from sav_core.evaluation.curves import roc
from sav_core.evaluation.support_fit import fit_support
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.rejection import Reach, label_radii
from sav_core.heads.rules import VOTING_RULES
from sav_core.heads.scoring import left_out_cosines
from sav_core.heads.ties import ties_of
from sav_core.models.backbones import Backbone
from sav_core.types import HeadVectors
from sav_ui.uploads.ready_tasks import Task, ready_tasks
from tools.model import SIDE
from tools.photograph_tasks import PLANS

KEPT, APART = 20, 40
DRAWN = ("new-things", "other-artists")  # whose queries are strangers to the other tasks
PHOTOGRAPHED = tuple(plan.name for plan in PLANS)  # likewise
FLAT = (
    (128, 128, 128),
    (0, 0, 0),
    (255, 255, 255),
    (64, 64, 64),
    (200, 200, 200),
    (200, 30, 30),
    (30, 160, 60),
    (40, 60, 200),
)
KINDS = ("noise", "flat", "drawings", "photographs")


def noise(count: int = 16) -> list[Image.Image]:
    """Random pixels, grey and coloured, fine and coarse."""
    rng, made = np.random.default_rng(0), []
    for number in range(count):
        side = (SIDE, SIDE, SIDE // 8, SIDE // 32)[number % 4]
        pixels = rng.integers(0, 256, (side, side, 3 if number % 2 else 1), dtype=np.uint8)
        image = Image.fromarray(np.ascontiguousarray(np.broadcast_to(pixels, (side, side, 3))))
        made.append(image.resize((SIDE, SIDE), Image.Resampling.NEAREST if number % 3 else Image.Resampling.BICUBIC))
    return made


def strangers(task: Task, tasks: Sequence[Task], apart: Sequence[Image.Image]) -> dict[str, list[Example]]:
    """Pictures of no label of a task, asked its question, by their kind."""
    question = task.question or task.support[0].question
    others = [other for other in tasks if other.name in DRAWN and other.name != task.name]
    photographs = [other for other in tasks if other.name in PHOTOGRAPHED and other.name != task.name]
    found: dict[str, list[Example]] = {
        "noise": [Example(image, question) for image in noise()],
        "flat": [Example(Image.new("RGB", (SIDE, SIDE), colour), question) for colour in FLAT],
        "drawings": [Example(query.images, question) for other in others for query in other.queries],
        "photographs": [Example(query.images, question) for other in photographs for query in other.queries],
    }
    found["photographs"] += [Example(image, question) for image in apart]
    return {kind: examples for kind, examples in found.items() if examples}


def by_voting_heads(classifier: HeadClassifier, support: HeadVectors) -> HeadClassifier:
    """The same with the reach of the voting heads, as files of an earlier version have it."""
    codes = np.unique(np.array(support.labels), return_inverse=True)[1]
    points = support.of(classifier.kept_heads_).astype(np.float64)
    similarity = left_out_cosines(points, codes, len(classifier.classes_), ties_of(support.dtype))
    radii = label_radii(1 - similarity.mean(0).T, codes)
    other = HeadClassifier.from_fitted(classifier.fitted_, KEPT, classifier.voting)
    other.reach_ = None if radii is None else Reach(tuple(radii.tolist()), every_head=False)
    return other


def area(classifier: HeadClassifier, queries: HeadVectors, foreign: Sequence[HeadVectors]) -> float:
    """Of the ROC curve of the acceptance."""
    scores = [each.acceptance for vectors in (queries, *foreign) for each in classifier.predict(vectors)]
    return roc(np.array(scores), np.arange(len(scores)) < len(queries)).area


def judge(support: HeadVectors, queries: HeadVectors, foreign: dict[str, HeadVectors], voting: str) -> list[str]:
    """One row of the table."""
    classifier = fit_support(support, voting=voting, scoring="leave_one_out").classifier(KEPT)
    learned = classifier.rejection_
    assert learned is not None, "every ready task has two examples of a label"
    answers = classifier.predict(queries)
    right = [each for each, label in zip(answers, queries.labels, strict=True) if each.label == label]
    wrong = [each for each, label in zip(answers, queries.labels, strict=True) if each.label != label]
    passed = {
        kind: np.mean([not each.is_rejected() for each in classifier.predict(vectors)]) for kind, vectors in foreign.items()
    }
    areas = [area(each, queries, list(foreign.values())) for each in (classifier, by_voting_heads(classifier, support))]
    return [
        f"{learned.threshold:.2f}",
        f"{learned.refused}/{learned.own}",
        f"{learned.passed}/{learned.strangers}",
        f"{len(right)}/{len(answers)}",
        f"{sum(each.is_rejected() for each in right)}/{len(right)}",
        f"{sum(each.is_rejected() for each in wrong)}/{len(wrong)}",
        *(f"{100 * passed[kind]:.0f}" if kind in passed else "-" for kind in KINDS),
        *(f"{100 * value:.0f}" for value in areas),
    ]  # fmt: skip


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=None, help="a folder or hub id; the embedded model by default")
    parser.add_argument("--only", nargs="*", default=[], help="names of ready tasks")
    parser.add_argument("--voting", nargs="*", default=list(VOTING_RULES))
    parser.add_argument("--apart", action="store_true", help="also photographs of a package that no training saw")
    arguments = parser.parse_args()
    tasks = [task for task in ready_tasks() if not task.support[0].clips]
    apart: list[Image.Image] = []
    if arguments.apart:
        from tools.evaluation_photographs import photographs_apart

        every = photographs_apart()
        apart = [every[name] for name in Random(0).sample(sorted(every), APART)]
    rows = {task.name: read(load_backbone(arguments.model), task, tasks, apart) for task in chosen(tasks, arguments.only)}
    heads = ["task", "below", "own refused", "strangers passed", "right", "right refused", "wrong refused"]
    for voting in arguments.voting:
        print(f"\n{voting}: " + ", ".join(heads) + "; passed in % " + ", ".join(KINDS) + "; area, with voting heads")
        for name, (support, queries, foreign) in rows.items():
            print("  ".join([f"{name:15}", *(f"{cell:>7}" for cell in judge(support, queries, foreign, voting))]))


def chosen(tasks: Sequence[Task], names: Sequence[str]) -> list[Task]:
    """The tasks of these names; all of them where none is given."""
    return [task for task in tasks if not names or task.name in names]


def read(
    backbone: Backbone, task: Task, tasks: Sequence[Task], apart: Sequence[Image.Image]
) -> tuple[HeadVectors, HeadVectors, dict[str, HeadVectors]]:
    """Head vectors of a task's examples, its queries, and its strangers by kind."""
    foreign = {kind: extract_head_vectors(backbone, each) for kind, each in strangers(task, tasks, apart).items()}
    support = extract_head_vectors(backbone, list(task.support))
    queries = extract_head_vectors(backbone, list(task.queries))
    return support, queries, foreign


if __name__ == "__main__":
    main()
