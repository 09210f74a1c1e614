"""A loaded model at work on one portion after another: the same in this process, in a worker's, on another machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sav_core.activations.extraction import extract_head_vectors
from sav_core.bulk.answers import doubted
from sav_core.bulk.task import Facts, Judged, Outcome, Portion, Task
from sav_core.data.examples import Example, Skipped
from sav_core.data.notes import merged
from sav_core.data.pictures.levels import Levels
from sav_core.data.sets.duplicates import content_of
from sav_core.data.sets.one_scale import at_levels, scale_note
from sav_core.data.sets.opening import read_listed
from sav_core.data.sets.telling import remarks_on
from sav_core.models.backbones import Backbone, load_backbone
from sav_core.retrieval.compression import compress
from sav_core.sav import SavClassifier, open_classifier
from sav_core.types import HeadVectors, Progress, ProgressCallback

__all__ = ["Read", "Worker", "portion_progress", "read_portion"]


@dataclass(frozen=True)
class Read:
    """What could be opened of a portion, at which of its places, and what could not."""

    portion: Portion
    rows: tuple[int, ...]
    examples: tuple[Example, ...]
    skipped: tuple[tuple[str | None, Skipped], ...]


def read_portion(portion: Portion, task: Task) -> Read:
    """Open the pictures of a portion, several at a time.

    Raises:
        DatasetError: a question and its images do not fit each other.
    """
    examples, skipped = read_listed(portion.listed, None, task.clips)
    unread = {id(one) for one, _ in skipped}
    rows = tuple(row for row, one in enumerate(portion.listed) if id(one) not in unread)
    return Read(portion, rows, tuple(examples), tuple((one.label, skip) for one, skip in skipped))


class Worker:
    """A model, and the classifier that says how to ask it and which heads to hear, if there is one.

    Args:
        task: what to do.
        device: where.

    Raises:
        SavError: the model cannot be loaded, or the classifier is of another one.
    """

    def __init__(self, task: Task, device: str = "auto") -> None:
        self.task = task
        self.classifier: SavClassifier | None = None
        if task.classifier is None:
            self.backbone: Backbone = load_backbone(task.model, device, task.dtype)
        else:
            self.classifier = open_classifier(Path(task.classifier), task.model, device)
            self.backbone = self.classifier.backbone
            self.classifier.cache = "user" if task.cached else None
        self.facts = self._facts()

    def work(
        self, read: Read, levels: Levels | None = None, progress: ProgressCallback | None = None
    ) -> tuple[Outcome, HeadVectors | None]:
        """Do the task with what was read of a portion.

        Args:
            read: the portion.
            levels: the rule for pictures of more than eight bits, where there is no classifier that has one.
            progress: called with how many of the portion's examples are done.

        Returns:
            What came of it, and the vectors of which that was made.

        Raises:
            SavError: as ``extract_head_vectors``; a query has no question and the support's differ; a number is too large
                for half precision.
        """
        portion = read.portion
        wide = any(picture.spread is not None for example in read.examples for picture in example.images)
        if wide and self.classifier is None and levels is None:
            return Outcome(portion.number, self.facts, wide=True), None
        asked = self._asked(read.examples, levels)
        vectors, answers = self._vectors(asked, progress) if asked else (None, ())
        outcome = Outcome(
            portion.number,
            self.facts,
            names=tuple(example.name for example in asked),
            labels=tuple(example.label for example in asked),
            contents=tuple(map(content_of, asked)),
            skipped=read.skipped,
            notes=merged([*remarks_on(read.examples), *scale_note(asked)]),
            values=self._kept(vectors) if self.task.do == "vectors" else None,
            answers=answers,
            judged=_judged(read, vectors),
        )
        return outcome, vectors

    def _asked(self, examples: Sequence[Example], levels: Levels | None) -> list[Example]:
        if self.classifier is None:
            return at_levels(examples, levels)
        return [self.classifier.as_query(example) for example in examples]

    def _vectors(
        self, asked: Sequence[Example], progress: ProgressCallback | None
    ) -> tuple[HeadVectors, tuple[dict[str, Any], ...]]:
        cache = "user" if self.task.cached else None
        if self.classifier is None:
            return extract_head_vectors(self.backbone, asked, progress=progress, cache=cache), ()  # type: ignore[arg-type]
        if self.task.do == "vectors":
            return self.classifier.extract(asked, progress=progress), ()
        heads = self.classifier.head_classifier_
        vectors = extract_head_vectors(
            self.backbone,
            asked,
            progress=progress,
            cache=cache,  # type: ignore[arg-type]
            depth=heads.depth,
        )
        answers = (prediction.as_dict() for prediction in heads.predict(vectors))
        return vectors, tuple(doubted(answer, self.task.none_below) for answer in answers)

    def _kept(self, vectors: HeadVectors | None) -> npt.NDArray[np.floating]:
        """``(example, head, dim)`` in the precision to be stored."""
        number = np.float16 if self.task.half else np.float32
        if vectors is None:
            return np.zeros((0, len(self.facts.heads), self.facts.geometry.dim), dtype=number)
        return compress(vectors, self.facts.heads, half=self.task.half).vectors.values[:, 0].astype(number)

    def _facts(self) -> Facts:
        model, geometry = self.backbone, self.backbone.geometry
        heads = geometry.every_head()
        if self.classifier is not None:
            fitted = self.classifier.head_classifier_.fitted_
            geometry = fitted.geometry
            heads = self.classifier.kept_heads_ if self.task.heads is None else fitted.scores.ranking[: self.task.heads]
        return Facts(model.name, model.fingerprint, model.dtype_name, geometry, tuple(heads))


def _judged(read: Read, vectors: HeadVectors | None) -> Judged | None:
    wanted = set(read.portion.judged)
    if not wanted or vectors is None:
        return None
    places = [place for place, row in enumerate(read.rows) if row in wanted]
    return Judged(tuple(vectors.labels[place] for place in places), vectors.values[places])


def portion_progress(progress: ProgressCallback | None, first: int, total: int, seconds: float) -> ProgressCallback | None:
    """Return a callback for a portion's own progress that tells it as that of the whole set."""
    if progress is None:
        return None
    return lambda done: progress(Progress(first + done.done, total, seconds + done.seconds))
