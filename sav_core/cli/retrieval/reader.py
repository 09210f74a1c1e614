"""How retrieval reads sets: with which model, asked what, and by which heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sav_core.cli.console import progress_bar
from sav_core.cli.opening import open_backbone
from sav_core.data.sets.one_scale import at_levels, levels_of
from sav_core.errors import SettingError

if TYPE_CHECKING:
    from sav_core.data.examples import Example, ExampleSet
    from sav_core.models.backbones import Backbone
    from sav_core.sav import SavClassifier
    from sav_core.types import Head, HeadVectors

__all__ = ["SAME_LABELS", "Reader", "check_heads", "on_scale_of"]

SAME_LABELS = "Note: these heads were chosen on the same labels; a classifier fitted on other images judges fairly."
"""What is said where heads were chosen by the labels that they are judged on."""

_SEARCHED = 20  # heads, where an index with labels chooses them itself


@dataclass(frozen=True)
class Reader:
    """A model, and the classifier that says how to ask it and which heads to hear, if there is one."""

    backbone: Backbone
    classifier: SavClassifier | None
    file: Path | None

    @classmethod
    def open(cls, file: Path | None, model: str | None, dtype: str) -> Reader:
        """Load the model that a classifier's file needs, or the one that is named."""
        from sav_core.sav import open_classifier

        if file is None:
            return cls(open_backbone(model, dtype), None, None)
        classifier = open_classifier(file, model)
        return cls(classifier.backbone, classifier, file)

    def asked(self, example: Example) -> Example:
        """Return the example with the question, the scale and the detail of the classifier's support."""
        return example if self.classifier is None else self.classifier.as_query(example)

    def extract(self, examples: Sequence[Example], what: str, *, hidden: bool = False) -> HeadVectors:
        """Show the model examples, under a progress bar of that name; with ``hidden`` also keep last hidden states."""
        from sav_core.activations.extraction import extract_head_vectors

        asked = [self.asked(example) for example in examples]
        with progress_bar(what) as progress:
            return extract_head_vectors(self.backbone, asked, progress=progress, hidden=hidden)

    def heads(self, vectors: HeadVectors, count: int | None) -> tuple[Sequence[Head], str]:
        """Return the heads that decide, best first, and in words where they come from."""
        if self.classifier is not None:
            ranking = self.classifier.head_classifier_.fitted_.scores.ranking
            kept = self.classifier.kept_heads_ if count is None else ranking[:count]
            return kept, f"the {len(kept)} heads of {self.file}"
        if _can_choose(vectors.labels):
            from sav_core.heads.classifier import HeadClassifier

            kept = HeadClassifier(count or _SEARCHED, scoring="leave_one_out").fit(vectors).kept_heads_
            return kept, f"the {len(kept)} heads that tell the labels of these images apart best"
        every = vectors.geometry.every_head()
        return every, f"all {len(every)} heads"


def _can_choose(labels: Sequence[str | None]) -> bool:
    """Whether heads can be chosen by these labels: all known, two or more, and one of them twice."""
    return None not in labels and 1 < len(set(labels)) < len(labels)


def check_heads(labels: Sequence[str | None], classifier: Path | None, count: int | None) -> None:
    """Refuse a number of heads that cannot be chosen, before any model runs."""
    if count is not None and count < 1:
        raise SettingError(f"--heads must be 1 or more, but is {count}.")
    if count is not None and classifier is None and not _can_choose(labels):
        raise SettingError(
            "--heads needs labels to choose heads by: put the images of each label into a folder of its name, two or "
            "more in each, or give a --classifier."
        )


def on_scale_of(searched: ExampleSet, queries: ExampleSet) -> ExampleSet:
    """The queries with the values of their pictures scaled as in the index; a classifier scales both by its own rule."""
    levels = levels_of(picture for example in searched for picture in example.images)
    return replace(queries, examples=tuple(at_levels(queries, levels)))
