"""The rows of an atlas, one a task, and the atlas that they make together: tasks down, heads across, one model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sav_core.errors import InputError
from sav_core.evaluation.metrics import skill
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.classifier_file import read_classifier
from sav_core.heads.fitted_heads import FittedHeads
from sav_core.types import Head

__all__ = ["Atlas", "TaskRow", "row_of", "row_of_file"]


@dataclass(frozen=True, eq=False)
class TaskRow:
    """What one task's fit says of every head.

    Attributes:
        name: of the task.
        labels: sorted.
        examples: how many each label had.
        correct: ``int (layer, head)``, how many examples the head alone gives their own label.
        n: of how many.
        left_out: whether each of them was out of its label's mean; if not, the counts are training scores, which are too
            good.
        kept: the heads that vote, best first.
        model: the name it was loaded by.
        identity: of the model's weights and configuration.
    """

    name: str
    labels: tuple[str, ...]
    examples: tuple[int, ...]
    correct: npt.NDArray[np.int64]
    n: int
    left_out: bool
    kept: tuple[Head, ...]
    model: str
    identity: str

    def __repr__(self) -> str:
        return f"TaskRow({self.name!r}, {len(self.labels)} labels, {self.n} examples {self.counted})"

    @property
    def counted(self) -> str:
        """How the examples were counted, in words."""
        return "left out" if self.left_out else "training score"

    @property
    def chance(self) -> float:
        """The share of the examples that always giving the commonest label gets right."""
        return max(self.examples) / sum(self.examples)

    @property
    def accuracy(self) -> npt.NDArray[np.float64]:
        """``float (layer, head)``, the share of the examples that each head gives their own label."""
        return self.correct / self.n

    @property
    def skill(self) -> npt.NDArray[np.float64]:
        """``float (layer, head)``, how far each head has come from guessing to all right: comparable between tasks."""
        return np.asarray(skill(self.accuracy, self.chance))

    def check_model(self, other: str, model: str, identity: str, heads: int) -> None:
        """Refuse what stands beside this row if it is of another model.

        Args:
            other: what to call it.
            model: the name of its model.
            identity: of its model.
            heads: how many its model has in a layer.

        Raises:
            InputError: it is of another one.
        """
        if (identity, heads) == (self.identity, self.correct.shape[1]):
            return
        which = f"another version of {model}" if model == self.model else model
        raise InputError(
            f"An atlas is of one model, but {self.name!r} is of {self.model} and {other} of {which}: make one for each "
            "model, or fit again with one of them."
        )

    @property
    def best(self) -> Head:
        """The head that gets most examples right; of equals the first."""
        return Head(*(int(place) for place in np.unravel_index(self.correct.argmax(), self.correct.shape)))


@dataclass(frozen=True, eq=False)
class Atlas:
    """Tasks of one model beside each other.

    Attributes:
        rows: one a task, each under a name of its own.
    """

    rows: tuple[TaskRow, ...]

    def __repr__(self) -> str:
        layers, heads = self.shape
        return f"Atlas({len(self.rows)} tasks, {layers} layers x {heads} heads of {self.rows[0].model})"

    @classmethod
    def of(cls, rows: Sequence[TaskRow]) -> Atlas:
        """Put rows together; of equal names all but the first are numbered.

        Raises:
            InputError: there are none, or they are of different models.
        """
        if not rows:
            raise InputError(
                "An atlas needs at least one task: give a .sav file, a set of labelled examples or a ready task."
            )
        for row in rows[1:]:
            rows[0].check_model(f"{row.name!r}", row.model, row.identity, row.correct.shape[1])
        seen: Counter[str] = Counter()
        named = []
        for row in rows:
            seen[row.name] += 1
            named.append(row if seen[row.name] == 1 else replace(row, name=f"{row.name} ({seen[row.name]})"))
        return cls(tuple(named))

    def with_rows(self, rows: Sequence[TaskRow]) -> Atlas:
        """Return the atlas with more rows below; errors are those of ``of``."""
        return Atlas.of([*self.rows, *rows])

    @property
    def names(self) -> tuple[str, ...]:
        """Of the tasks."""
        return tuple(row.name for row in self.rows)

    @property
    def shape(self) -> tuple[int, int]:
        """Layers and heads in each, of the task that was read furthest."""
        return max(row.correct.shape[0] for row in self.rows), self.rows[0].correct.shape[1]

    @property
    def shared_layers(self) -> int:
        """How many layers, the first ones, every task was read to."""
        return int(min(row.correct.shape[0] for row in self.rows))

    @cached_property
    def skill(self) -> npt.NDArray[np.float64]:
        """``float (task, layer, head)``; not a number where a task was not read so far."""
        found = np.full((len(self.rows), *self.shape), np.nan)
        for place, row in enumerate(self.rows):
            found[place, : len(row.correct)] = row.skill
        return found

    @cached_property
    def kept(self) -> npt.NDArray[np.bool_]:
        """``bool (task, layer, head)``, which heads each task keeps."""
        found = np.zeros((len(self.rows), *self.shape), dtype=np.bool_)
        for place, row in enumerate(self.rows):
            for head in row.kept:
                found[place, head.layer, head.index] = True
        return found


def row_of(name: str, fitted: FittedHeads, kept: Sequence[Head], *, model: str, identity: str) -> TaskRow:
    """Return the row of a fit.

    Args:
        name: of the task.
        fitted: what the fit found.
        kept: the heads that vote, best first.
        model: the name it was loaded by.
        identity: of its weights and configuration, ``Backbone.identity``.
    """
    scores, left_out = fitted.scores, fitted.left_out
    correct, n = (scores.correct, scores.scored) if left_out is None else (left_out.correct, left_out.n)
    honest = left_out is not None or scores.scoring == "leave_one_out"  # which a file of any version was scored by
    return TaskRow(name, fitted.labels, fitted.examples, correct, n, honest, tuple(kept), model, identity)


def row_of_file(path: Path, name: str = "") -> TaskRow:
    """Return the row of a ``.sav`` file; no model is loaded.

    Args:
        path: of the file.
        name: of the task; the file's by default.

    Raises:
        ClassifierFileError: the file is missing or damaged.
    """
    fitted, made = read_classifier(path)
    kept = HeadClassifier.from_fitted(fitted, made.n_kept, made.voting).kept_heads_
    return row_of(name or path.stem, fitted, kept, model=made.model, identity=made.identity)
