"""What the endpoints do: labelled images become a ``.sav`` file, and images are classified by one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from sav_core.data.examples import Example
from sav_core.data.folders.twins import check_twins
from sav_core.data.sets.datasets import EIGHT_FRAMES
from sav_core.data.sets.one_scale import levels_of, on_one_scale
from sav_core.errors import InputError, SettingError
from sav_ui.limits import limits
from sav_ui.panels.downloads import made_file
from sav_ui.serving.pool import ModelPool
from sav_ui.serving.reading import read_first_layers
from sav_ui.session.project import check_label
from sav_ui.session.sav_file import open_sav
from sav_ui.uploads.files import open_file

__all__ = ["Fitted", "classify_images", "fit_images"]


class Fitted(NamedTuple):
    """What ``/fit`` answers: the kept heads best first, every head's accuracy ``(layer, head)``, the ``.sav`` file."""

    kept_heads: list[dict[str, Any]]
    head_scores: list[list[float]]
    classifier: str


def fit_images(
    models: ModelPool,
    images: Sequence[str] | None,
    labels: Sequence[str] | None,
    question: str = "",
    n_kept: int = 20,
    voting: str = "majority",
    scoring: str = "resubstitution",
    model: str = "",
    belief: str = "margin",
    detail: str = "full",
) -> Fitted:
    """Find the heads that tell labelled images apart; see ``/fit`` for what the arguments mean.

    Raises:
        SavError: something given cannot be used; the message says what to give instead.
    """
    # torch takes seconds, and the page must not wait for them
    from sav_core.activations.extraction import extract_head_vectors
    from sav_core.evaluation.acceptance import calibrate
    from sav_core.heads.classifier import HeadClassifier
    from sav_core.heads.support_checks import check_labels, check_vectors
    from sav_core.models.detail import check_detail
    from sav_core.sav import SavClassifier

    paths, names, asked = _paths(images), labels or [], _question(question)
    if not isinstance(model, str):
        raise InputError("model must be a text, a hub id such as Qwen/Qwen2-VL-2B-Instruct, or empty.")
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        raise InputError('labels must be a list of texts, one for each image, such as ["cat", "dog"].')
    if len(names) != len(paths):
        raise InputError(f"Each image needs a label, but {len(paths)} images and {len(names)} labels came.")
    limits().check_labels(len(set(names)))
    for name in dict.fromkeys(names):
        check_label(name)
    heads = HeadClassifier(n_kept, voting, scoring, belief)
    heads.check_settings()
    shown = check_detail(detail)
    check_labels(names, [path.name for path in paths])
    check_twins(names, "labels", "labels")
    opened = [Example(open_file(p, p.name, EIGHT_FRAMES), asked, name) for p, name in zip(paths, names, strict=True)]
    for example in opened:
        limits().check_example(example)
    examples = [example.with_detail(shown) for example in on_one_scale(opened)]
    vectors = models.run(model, extract_head_vectors, examples)
    check_vectors(vectors)
    heads.fit(vectors)
    with suppress(SettingError):  # too few examples to leave one out: answers then carry no probability
        calibrate(heads, vectors)
    levels = levels_of(picture for example in examples for picture in example.images)
    clips = EIGHT_FRAMES if any(example.clips for example in examples) else None
    classifier = SavClassifier.from_heads(models.get(model), heads, asked, levels, clips, shown)
    file = made_file("classifier.sav", classifier.save)
    scores = heads.fitted_.scores
    kept = [
        {
            "head": str(head),
            "layer": head.layer,
            "index": head.index,
            "accuracy": float(scores.accuracy[head.layer, head.index]),
            "margin": float(scores.margin[head.layer, head.index]),
        }
        for head in heads.kept_heads_
    ]
    return Fitted(kept, scores.accuracy.tolist(), str(file))


def classify_images(
    models: ModelPool, images: Sequence[str] | None, classifier: str | None, question: str = ""
) -> list[dict[str, Any]]:
    """Classify images by a ``.sav`` file; see ``/classify`` for what the arguments mean.

    Raises:
        SavError: something given cannot be used; the message says what to give instead.
    """
    paths, asked = _paths(images), _question(question)
    if not classifier:
        raise InputError("classifier must be a .sav file, such as /fit returns, and none came.")
    model, fitted = open_sav(models, Path(classifier))
    clips = fitted.clips_ or EIGHT_FRAMES
    queries = [fitted.as_query(Example(open_file(path, path.name, clips), asked)) for path in paths]
    heads = fitted.head_classifier_
    predictions = heads.predict(models.run(model, read_first_layers, queries, heads.depth))
    return [prediction.as_dict() for prediction in predictions]


def _paths(images: Sequence[str] | None) -> list[Path]:
    if not images:
        raise InputError("images must be one or more image or video files, and none came.")
    limits().check_examples(len(images), "One call", "send fewer")
    return [Path(path) for path in images]


def _question(given: object) -> str:
    if given is not None and not isinstance(given, str):
        raise InputError("question must be a text, or left out.")
    return limits().checked_question(given or "")
