"""CLIP and SigLIP as classifiers: by label prompts, by nearest class mean and by a linear probe of their image features.

They see pictures and never a question. Where the answer depends on text, a number would mislead, so there is none: see
``why_not_pictures_alone``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from sav_core.data.examples import Example
from sav_core.evaluation.baselines import Baseline, answer_baseline, feature_baselines
from sav_core.evaluation.costs import Cost
from sav_core.models.backbones import Backbone
from sav_core.models.metering import Meter
from sav_core.rivals.dual_encoders import load_dual_encoder
from sav_core.rivals.spec import Rival
from sav_core.types import Cancel, ProgressCallback

__all__ = [
    "PROMPTS",
    "WAYS",
    "judge_pictures_alone",
    "picture_features",
    "prompt_features",
    "way_names",
    "why_not_pictures_alone",
]

PROMPTS = ("a photo of a {}.", "a picture of a {}.", "{}")
"""What a label is written into for zero-shot answers; the features of all are averaged, as CLIP's authors do."""

WAYS = {
    "zero_shot": "the label whose prompts its text tower puts nearest to the picture; shown no example",
    "class_mean": "nearest class mean of its image features",
    "linear": "logistic regression on its image features",
}
"""How they answer, by the end of each row's name."""


def way_names(rival: Rival, *, alone: bool = True) -> dict[str, str]:
    """Return the name of each row, by its way; the model's id is in it where there are several of one kind."""
    beside = "" if alone else f" ({rival.model})"
    return {way: f"{rival.kind}_{way}{beside}" for way in WAYS}


def why_not_pictures_alone(support: Sequence[Example], queries: Sequence[Example]) -> str:
    """Say why pictures alone cannot tell the answers, to stand after what cannot be judged; empty where they may."""
    every = (*support, *queries)
    for example in every:
        if not example.images:
            return f"it sees pictures alone, and {example.name!r} has none"
    counts = sorted({len(example.images) for example in every})
    if len(counts) > 1:
        return f"it compares one number of pictures with as many, but some examples have {counts[0]} and some {counts[-1]}"
    asked: dict[tuple[str, ...], str] = {}
    for example in every:
        shown, question = tuple(picture.digest for picture in example.images), _plain(example.question)
        if asked.setdefault(shown, question) != question:
            return (
                f"it sees no question, and {example.name!r} is asked two: “{asked[shown]}” and “{question}”, so that one "
                "picture would need two answers"
            )
    questions = sorted({_plain(example.question) for example in every})
    if len(questions) > 1:
        return (
            f"it sees no question, and there are {len(questions)}, such as “{questions[0]}” and “{questions[1]}”; to judge "
            "by pictures alone, leave the questions out"
        )
    return ""


def picture_features(
    backbone: Backbone,
    rival: Rival,
    examples: Sequence[Example],
    seconds: float = math.inf,
    hub_only: bool = False,
    *,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> tuple[npt.NDArray[np.float32], Cost]:
    """Return image features ``float32 (example, dim)`` of the first examples, as many as time allows, and the cost.

    Args:
        backbone: the model that is measured, which only says where this one runs.
        rival: which model makes them.
        examples: each of as many pictures.
        seconds: that this may take, loading apart.
        hub_only: whether it is an id on the hub even where a folder here is called so.
        progress: told of examples.
        cancel: asked between batches.

    Raises:
        BackboneError: there is no such model, or it cannot serve.
        CancelledError: ``cancel`` said so.
    """
    encoder = load_dual_encoder(rival, backbone.device, hub_only=hub_only)
    with Meter(encoder.device) as meter:
        found = encoder.pictures(examples, seconds, progress=progress, cancel=cancel)
    return found, Cost(0, meter.seconds, meter.peak_bytes)


def prompt_features(
    backbone: Backbone, rival: Rival, labels: Sequence[str], hub_only: bool = False
) -> tuple[npt.NDArray[np.float32] | str, Cost]:
    """Return the mean feature ``float32 (label, dim)`` of each label's prompts, or why there is none, and the cost.

    Raises:
        BackboneError: there is no such model, or it cannot serve.
    """
    encoder = load_dual_encoder(rival, backbone.device, hub_only=hub_only)
    longest = max(PROMPTS, key=len)
    if (long := encoder.too_long([longest.format(label) for label in labels])) is not None:
        return f"its text tower reads no more than the beginning of “{long[:60]}…”.", Cost(0, 0.0, 0)
    with Meter(encoder.device) as meter:
        texts = np.stack([encoder.texts([prompt.format(label) for label in labels]) for prompt in PROMPTS]).mean(0)
    return texts, Cost(0, meter.seconds, meter.peak_bytes)


def judge_pictures_alone(
    names: Mapping[str, str],
    model: str,
    support: Sequence[Example],
    queries: Sequence[Example],
    labels: Sequence[str],
    learnt: tuple[npt.NDArray[np.float32], Cost],
    asked: tuple[npt.NDArray[np.float32], Cost],
    texts: tuple[npt.NDArray[np.float32] | str, Cost],
) -> tuple[tuple[Baseline, ...], Mapping[str, str]]:
    """Judge the three ways on features.

    Args:
        names: of the rows, by the way.
        model: what made the features, in words.
        support: labelled.
        queries: labelled.
        labels: the possible answers.
        learnt: features of the support, and their cost.
        asked: of the queries.
        texts: of the labels' prompts, or why there are none.

    Returns:
        The rows with their costs, and why some of them cannot be.
    """
    (near, asking), (points, learning), (prompts, reading) = asked, learnt, texts
    judged, refused = [], {}
    if len(queries[0].images) > 1:
        refused[names["zero_shot"]] = f"a prompt describes one picture, and each example has {len(queries[0].images)}."
    elif isinstance(prompts, str):
        refused[names["zero_shot"]] = prompts
    else:
        unit = prompts / np.maximum(np.linalg.norm(prompts, axis=1, keepdims=True), 1e-12)
        answers = [labels[place] for place in (near @ unit.T).argmax(1)]  # the first of equally near ones
        row = answer_baseline(names["zero_shot"], answers, [query.label for query in queries])
        judged.append(replace(row, cost=asking.and_then(reading)))
    seeing = asking.and_then(learning)
    for row in feature_baselines((names["class_mean"], names["linear"]), points, near, support, queries):
        judged.append(replace(row, cost=seeing if row.cost is None else seeing.and_then(row.cost)))
    ways = {name: way for way, name in names.items()}
    return tuple(replace(row, about=f"{model}: {WAYS[ways[row.name]]}") for row in judged), refused


def _plain(question: str) -> str:
    return " ".join(question.split())
