"""How the commands open sets and models, saying on a terminal how far that is, and the lines a report ends with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sav_core.cli.console import print_line, progress_bar, spinner

if TYPE_CHECKING:
    from sav_core.data.clips.sampling import ClipSampling
    from sav_core.data.examples import ExampleSet
    from sav_core.heads.classifier import HeadClassifier
    from sav_core.models.backbones import Backbone
    from sav_core.sav import SavClassifier
    from sav_core.types import ClipWay, Detail

__all__ = [
    "check_classifier_file",
    "clip_sampling",
    "detail_cost",
    "open_backbone",
    "open_classifier_for",
    "open_examples",
    "open_heads",
    "open_index",
    "open_queries",
    "print_detail",
    "print_dtype",
    "sampling_of",
]

_ORDINARY = (640, 480)  # pixels of the picture that a detail is told of
_FULL: Detail = "full"


def open_backbone(model: str | None, dtype: str) -> Backbone:
    """Load a model, saying so on a terminal: importing torch is a part of it, and a download may be."""
    with spinner(f"loading {model or 'the model'}"):
        from sav_core.models.backbones import load_backbone

        return load_backbone(model, dtype=dtype)


def clip_sampling(frames: int, fps: float | None, animated: str, clips_as: ClipWay) -> ClipSampling:
    """Return how the options ask for videos to be sampled and shown."""
    from sav_core.data.clips.sampling import ClipSampling

    return ClipSampling(frames, fps, animated == "clip", clips_as)


def open_examples(source: str, question: str, clips: ClipSampling, detail: Detail = "full") -> ExampleSet:
    """Read labelled examples, saying on a terminal how far that is."""
    from sav_core.data.sets.datasets import read_examples

    with progress_bar("reading images") as progress:
        return read_examples(source, question=question, progress=progress, clips=clips).with_detail(detail)


def open_queries(
    sources: Sequence[str], question: str, clips: ClipSampling | None = None, detail: Detail = "full"
) -> ExampleSet:
    """Read images to classify, saying on a terminal how far that is; videos with eight frames unless told otherwise."""
    from sav_core.data.sets.datasets import EIGHT_FRAMES, read_queries

    with progress_bar("reading images") as progress:
        found = read_queries(sources, question=question, progress=progress, clips=clips or EIGHT_FRAMES)
        return found.with_detail(detail)


def open_index(source: str, question: str) -> ExampleSet:
    """Read images to search in, saying on a terminal how far that is."""
    from sav_core.data.sets.search_sets import read_index

    with progress_bar("reading images") as progress:
        return read_index(source, question=question, progress=progress)


def open_classifier_for(
    support: ExampleSet,
    model: str | None,
    dtype: str,
    *,
    heads: int,
    voting: str,
    scoring: str,
    belief: str,
    max_layer: str | None = None,
) -> SavClassifier:
    """Load a model for a classifier of these examples; what they or the settings lack is told before that."""
    from sav_core.heads.classifier import HeadClassifier
    from sav_core.heads.support_checks import check_labels

    HeadClassifier(heads, voting, scoring, belief).check_settings()
    last: Any = int(max_layer) if max_layer is not None and max_layer.isascii() and max_layer.isdigit() else max_layer
    check_labels([example.label for example in support], [example.name for example in support])
    backbone = open_backbone(model, dtype)
    from sav_core.models.depth import check_max_layer
    from sav_core.sav import SavClassifier

    check_max_layer(last, backbone)
    backbone.sight(support[0].detail)
    return SavClassifier(backbone, n_kept=heads, voting=voting, scoring=scoring, belief=belief, max_layer=last)


def check_classifier_file(path: Path) -> None:
    """Refuse a damaged ``.sav`` file before a model is loaded for it."""
    from sav_core.heads.classifier_file import read_classifier

    read_classifier(path)


def sampling_of(path: Path) -> ClipSampling | None:
    """How the clips of a classifier's support were sampled; ``None`` where it had none."""
    from sav_core.data.clips.sampling import ClipSampling
    from sav_core.heads.classifier_file import read_classifier

    told = read_classifier(path)[1].clips
    return None if told is None else ClipSampling.from_dict(told)


def open_heads(path: Path, backbone: Backbone) -> HeadClassifier:
    """Open the heads of a ``.sav`` file, which must be of this very model."""
    from sav_core.heads.classifier_file import read_classifier
    from sav_core.sav import SavClassifier, check_model

    check_model(path, *read_classifier(path), backbone)
    return SavClassifier.load(path, backbone).head_classifier_


def print_dtype(backbone: Backbone) -> None:
    """Say what the model computes in, and why."""
    print_line(f"The model computes in {backbone.dtype_name}: {backbone.why_dtype}.")


def detail_cost(backbone: Backbone, detail: Detail) -> dict[str, Any]:
    """Return what a detail other than the full one costs, for JSON: tokens of an ordinary picture, and in full."""
    if detail == "full":
        return {}
    tokens = {each: backbone.picture_tokens(_ORDINARY, each) for each in (detail, _FULL)}
    return {"detail": {"name": detail, "picture": list(_ORDINARY), "tokens": tokens[detail], "full_tokens": tokens[_FULL]}}


def print_detail(backbone: Backbone, detail: Detail) -> None:
    """Say what a detail other than the full one costs."""
    if told := detail_cost(backbone, detail).get("detail"):
        width, height = told["picture"]
        print_line(
            f"Pictures are looked at in {detail} detail: one of {width} x {height} pixels is {told['tokens']:,} tokens, "
            f"{told['full_tokens']:,} in full."
        )
