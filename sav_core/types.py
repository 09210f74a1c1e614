"""The values that pass between the parts: heads, their vectors and scores, votes and predictions.

All are immutable. Axes are named once, here, and keep order and name everywhere: ``example, layer, head, dim, label``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from sav_core.errors import SettingError
from sav_core.notebook import SHOWN, bar, card
from sav_core.wording import percent

__all__ = [
    "CLIP_WAYS",
    "DETAILS",
    "Cancel",
    "ClipWay",
    "Detail",
    "Geometry",
    "Head",
    "HeadScores",
    "HeadVectors",
    "MaxLayer",
    "Prediction",
    "Progress",
    "ProgressCallback",
    "Vote",
    "at_heads",
]

FloatArray: TypeAlias = npt.NDArray[np.floating]

ClipWay: TypeAlias = Literal["frames", "native"]
"""How a clip is shown to a model: its frames as pictures, or as video where the model has tokens for that."""

CLIP_WAYS: tuple[str, ...] = get_args(ClipWay)

Detail: TypeAlias = Literal["full", "normal", "fast"]
"""How finely a model looks at pictures: as its makers ship it, or with fewer tokens."""

DETAILS: tuple[Detail, ...] = get_args(Detail)

MaxLayer: TypeAlias = int | Literal["kept"] | None
"""The last layer that heads are kept from: its number, the last that one is kept in when all may be, or the model's."""


@dataclass(frozen=True, order=True, slots=True)
class Head:
    """One attention head of the language model, counted from zero; prints as ``L14.H3``."""

    layer: int
    index: int

    def __str__(self) -> str:
        return f"L{self.layer}.H{self.index}"

    __repr__ = __str__


def at_heads(heads: Sequence[Head]) -> tuple[list[int], list[int]]:
    """Layers and indices of some heads: picks them, in their order, out of an array ``(layer, head, ...)``."""
    return [head.layer for head in heads], [head.index for head in heads]


@dataclass(frozen=True, slots=True)
class Geometry:
    """How many decoder layers, query heads in each, and numbers in one head's vector; measured on the modules."""

    layers: int
    heads: int
    dim: int

    def __str__(self) -> str:
        return f"{self.layers} layers x {self.heads} heads x {self.dim} dim"

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(layer, head, dim)``."""
        return (self.layers, self.heads, self.dim)

    def every_head(self) -> tuple[Head, ...]:
        """All heads, layer by layer."""
        return tuple(Head(layer, index) for layer in range(self.layers) for index in range(self.heads))

    def check(self, heads: Iterable[Head], model: str = "the model") -> None:
        """Refuse heads that are not there.

        Args:
            heads: to look for.
            model: what to call the model in the message.

        Raises:
            SettingError: one of them does not exist.
        """
        for head in heads:
            if not (0 <= head.layer < self.layers and 0 <= head.index < self.heads):
                raise SettingError(f"{head} does not exist: {model} has {self}, counted from zero.")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long job is: ``done`` of ``total`` items after ``seconds`` of work.

    ``frames`` of ``all_frames`` are those of clips among the items; 0 of 0 where there are none, or nobody counts them.
    """

    done: int
    total: int
    seconds: float
    frames: int = field(default=0, kw_only=True)
    all_frames: int = field(default=0, kw_only=True)

    @property
    def rate(self) -> float:
        """Items per second so far; 0 before the first."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float:
        """At the rate so far; infinite before the first item."""
        return (self.total - self.done) / self.rate if self.rate else float("inf")


ProgressCallback: TypeAlias = Callable[[Progress], None]
Cancel: TypeAlias = Callable[[], bool]


@dataclass(frozen=True)
class HeadVectors:
    """The last-token vector of every attention head for a number of examples.

    Attributes:
        values: ``float32 (example, layer, head, dim)``, the input of each layer's ``o_proj`` at the last token.
        labels: one for each example; ``None`` where unknown.
        names: one for each example, for messages.
        positions: where each example stood in what was asked for. It is ``0 .. n - 1`` unless the work was cancelled.
        asked: how many examples were asked for.
        model: fingerprint of the model that made them.
        dtype: what the model computed in, such as ``"float32"``.
        hidden: ``float32 (example, hidden)``, what the decoder made of the last token, after its final norm, where it was
            asked for: what the heads' vectors are compared with.
        ends_early: whether the model has more layers than these, because its forward ended before them.
    """

    values: npt.NDArray[np.float32]
    labels: tuple[str | None, ...]
    names: tuple[str, ...]
    positions: tuple[int, ...]
    asked: int
    model: str = ""
    dtype: str = "float32"
    hidden: npt.NDArray[np.float32] | None = None
    ends_early: bool = False

    def __post_init__(self) -> None:
        shape = self.values.shape
        if len(shape) != 4:
            raise ValueError(f"Head vectors have axes (example, layer, head, dim), but the array has shape {shape}.")
        if not len(self.labels) == len(self.names) == len(self.positions) == shape[0]:
            raise ValueError(
                f"{shape[0]} head vectors need as many labels, names and positions, but there are "
                f"{len(self.labels)}, {len(self.names)} and {len(self.positions)}."
            )

    def __repr__(self) -> str:
        return f"HeadVectors({len(self)} of {self.asked} examples, {self.geometry}, {self.dtype})"

    def __len__(self) -> int:
        return int(self.values.shape[0])

    @property
    def complete(self) -> bool:
        """Whether every example that was asked for is here."""
        return len(self) == self.asked

    @property
    def geometry(self) -> Geometry:
        """Layers, heads and dim of the array."""
        return Geometry(*self.values.shape[1:])

    def of(self, heads: Sequence[Head]) -> npt.NDArray[np.float32]:
        """``float32 (example, head, dim)``, the vectors of some heads, in the order given."""
        layers, indices = at_heads(heads)
        return self.values[:, layers, indices]

    def take(self, rows: Sequence[int]) -> HeadVectors:
        """Return the head vectors of some of the examples, in the order given."""
        index = np.asarray(rows, dtype=np.intp)
        return HeadVectors(
            values=self.values[index],
            labels=tuple(self.labels[row] for row in index),
            names=tuple(self.names[row] for row in index),
            positions=tuple(range(len(index))),
            asked=len(index),
            model=self.model,
            dtype=self.dtype,
            hidden=None if self.hidden is None else self.hidden[index],
            ends_early=self.ends_early,
        )

    def up_to(self, layer: int) -> HeadVectors:
        """Return what a forward that ends at the heads of that layer gives: the same vectors of the layers up to it."""
        if layer + 1 >= self.geometry.layers:
            return self
        return replace(self, values=self.values[:, : layer + 1], ends_early=True)

    def serve(self, geometry: Geometry, depth: int) -> bool:
        """Whether a classifier of that geometry that looks at so many layers, the first ones, can judge these."""
        if self.geometry == geometry or not self.ends_early:
            return self.geometry == geometry
        return depth <= self.geometry.layers <= geometry.layers and self.geometry.shape[1:] == geometry.shape[1:]


@dataclass(frozen=True)
class HeadScores:
    """How well each head alone tells the labels apart on the support.

    Attributes:
        correct: ``int (layer, head)``, examples that the head gives their own label.
        margin: ``float (layer, head)``, mean of own-label cosine minus best other-label cosine.
        scored: how many examples were judged: all of them under ``resubstitution``; under ``leave_one_out`` those whose
            label has another example left.
        scoring: ``"resubstitution"`` or ``"leave_one_out"``.
        ranking_score: ``float (layer, head)``, what ranks the heads before all else, where the voting rule has a measure
            of its own; ``None`` under ``majority``.
    """

    correct: npt.NDArray[np.int64]
    margin: npt.NDArray[np.float64]
    scored: int
    scoring: str
    ranking_score: npt.NDArray[np.float64] | None = None

    def __repr__(self) -> str:
        best = self.ranking[0]
        return f"HeadScores(best {best} with {self.correct[best.layer, best.index]} of {self.scored} right, {self.scoring})"

    def _repr_html_(self) -> str:
        note = f"{len(self.ranking)} heads, {self.scored} examples judged, {self.scoring}"
        rows = [
            (rank, head, bar(self.accuracy[head.layer, head.index]), f"{self.margin[head.layer, head.index]:.3f}")
            for rank, head in enumerate(self.ranking[:SHOWN], start=1)
        ]
        return card("Best heads", note, ("rank", "head", f"right of these {self.scored}", "margin"), rows)

    @property
    def accuracy(self) -> npt.NDArray[np.float64]:
        """``float (layer, head)``, share of the judged examples that each head gives their own label."""
        return self.correct / self.scored

    @cached_property
    def ranking(self) -> tuple[Head, ...]:
        """Every head, best first: larger ranking score, then more correct, larger margin, lower layer, lower head."""
        layers, heads = self.correct.shape
        keys = [np.arange(layers * heads), -self.margin.ravel(), -self.correct.ravel()]  # the last is the first to tell
        order = np.lexsort(keys if self.ranking_score is None else [*keys, -self.ranking_score.ravel()])
        return tuple(Head(*divmod(int(flat), heads)) for flat in order)


class Vote(NamedTuple):
    """One kept head's vote: the label it finds likeliest (nearest, under ``majority``), and the cosine to its centroid."""

    head: Head
    label: str
    similarity: float


@dataclass(frozen=True)
class Prediction:
    """What the kept heads say about one query.

    Attributes:
        label: the answer.
        shares: for every label its share of the vote; they sum to 1.
        votes: one for each kept head, best head first.
        similarities: ``float (head, label)``, each kept head's cosine to every label's centroid; heads as in ``votes``,
            labels as in ``shares``.
        margin: the answer's share minus the largest other share.
        confidence: the vote's share for the answer, 0 to 1.
        name: the query's name.
        probability: the calibrated chance that the answer is right; ``None`` where the classifier was not calibrated.
        opinions: ``float (head, label)``, what each kept head makes of the query, rows sum to 1; ``None`` under
            ``majority``, where a head has no opinion but its vote.
        closeness: 1 among the answer's own examples, less the farther out, see ``sav_core.heads.rejection``; ``None`` where
            no label had two examples to tell by, or an earlier version saved the classifier.
        none_below: the acceptance below which the answer is "none of these", as learned from the support; ``None`` where
            that was not learned, or an earlier version saved the classifier.
        nearness: ``float (label,)``, what ``closeness`` is to the examples of each label, labels as in ``shares``; ``None``
            where that is.
    """

    label: str
    shares: Mapping[str, float]
    votes: tuple[Vote, ...]
    similarities: npt.NDArray[np.float64] = field(repr=False)
    margin: float
    confidence: float
    name: str = ""
    probability: float | None = None
    opinions: npt.NDArray[np.float64] | None = field(default=None, repr=False)
    closeness: float | None = None
    none_below: float | None = None
    nearness: npt.NDArray[np.float64] | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        share = self.shares[self.label]
        return (
            f"Prediction({self.label!r}, {percent(share)} of the vote of {len(self.votes)} heads, margin {self.margin:.2f})"
        )

    def _repr_html_(self) -> str:
        probability = None if self.is_rejected() else self.probability
        chance = "" if probability is None else f", right with a probability of {percent(probability)}"
        heads = Counter(vote.label for vote in self.votes)
        largest_first = sorted(self.shares.items(), key=lambda item: -item[1])
        rows = [(label, bar(share), heads[label]) for label, share in largest_first]
        note = f"{self.name or 'a query'}, {len(self.votes)} heads vote{chance}"
        title = f"none of these ({self.label}?)" if self.is_rejected() else self.label
        return card(title, note, ("label", "share of the vote", "heads"), rows)

    @property
    def acceptance(self) -> float:
        """The "none of these" score, 0 to 1: the answer's share of the vote times its closeness."""
        return self.confidence * (1.0 if self.closeness is None else self.closeness)

    def acceptance_of(self, label: str) -> float:
        """What the score would be were that label the answer: its share of the vote times the closeness to its examples."""
        if label == self.label:
            return self.acceptance
        near = 1.0 if self.nearness is None else float(self.nearness[list(self.shares).index(label)])
        return self.shares[label] * near

    def is_rejected(self, threshold: float | None = None) -> bool:
        """Whether the answer is "none of these": its acceptance is below the threshold.

        Args:
            threshold: 0 refuses nothing; by default ``none_below``, and nothing is refused where that is not known.
        """
        limit = self.none_below if threshold is None else threshold
        return limit is not None and self.acceptance < limit

    def as_dict(self) -> dict[str, Any]:
        """Return the prediction as JSON values: ``image``, ``label``, ``shares``, ``votes``, ``confidence``.

        Where the classifier was calibrated there is a ``probability`` too, ``closeness`` where that is known, and where it
        has learned when to say so, ``acceptance``, the ``none_below`` that is compared with, and whether it is ``none``.
        """
        known: dict[str, float | None] = {"probability": self.probability, "closeness": self.closeness}
        if self.none_below is not None:
            known |= {"acceptance": self.acceptance, "none_below": self.none_below, "none": self.is_rejected()}
        return {
            "image": self.name,
            "label": self.label,
            "shares": dict(self.shares),
            "votes": [{"head": str(vote.head), "label": vote.label, "similarity": vote.similarity} for vote in self.votes],
            "confidence": self.confidence,
            **{name: value for name, value in known.items() if value is not None},
        }
