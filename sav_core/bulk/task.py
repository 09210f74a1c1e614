"""What is done with every example of a large set, told in values that another process or machine can be given.

    task = Task("vectors", classifier="pets.sav", half=True)
    portions(listing.examples)           # so many examples each, in their order: the unit of work, of memory and of loss

An example's numbers may depend, in their last bit, on what else is in its batch. Batches are made within a portion, and
portions depend on nothing but the order of the set, so whoever works on one gets the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Skipped
from sav_core.data.folders.listings import Listed
from sav_core.data.notes import Note
from sav_core.data.pictures.levels import Levels
from sav_core.types import Geometry, Head

__all__ = ["PORTION", "Facts", "Judged", "Outcome", "Portion", "Task", "portions"]

PORTION = 128
"""Examples in a portion: their files and pictures, twice, are what memory must hold; on a GPU one full batch."""


@dataclass(frozen=True)
class Task:
    """What to do with every example.

    Attributes:
        do: ``"vectors"`` returns head vectors, ``"answers"`` a classifier's predictions.
        model: hub id or folder; as ``load_backbone`` or the classifier has it by default.
        dtype: what the model computes in, without a classifier.
        classifier: a ``.sav`` file; with it examples are asked and shown as its support was.
        heads: of ``vectors``: so many of the classifier's best; those that it keeps by default. All without a classifier.
        half: of ``vectors``: in half precision.
        none_below: of ``answers``: the acceptance below which one is "none of these", in place of what was learned.
        clips: how videos are sampled; with ``None`` they are left out.
        levels: which values are black and white in pictures of more than eight bits; ``None`` until one was seen.
        cached: whether vectors are kept in the user's cache folder and taken from there.
    """

    do: Literal["vectors", "answers"]
    model: str | None = None
    dtype: str = "auto"
    classifier: str | None = None
    heads: int | None = None
    half: bool = False
    none_below: float | None = None
    clips: ClipSampling | None = None
    levels: Levels | None = None
    cached: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        levels = None if self.levels is None else self.levels.as_dict()
        return asdict(self) | {"clips": None if self.clips is None else self.clips.as_dict(), "levels": levels}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Task:
        """Return what ``as_dict`` gave."""
        clips = None if values["clips"] is None else ClipSampling.from_dict(values["clips"])
        levels = None if values["levels"] is None else Levels.from_dict(values["levels"])
        return cls(**{**values, "clips": clips, "levels": levels})


@dataclass(frozen=True)
class Portion:
    """Neighbouring examples of a set.

    Attributes:
        number: counted from zero.
        first: the place of its first example in the set.
        listed: the examples, nothing opened yet.
        judged: places in the portion of those of which the vectors of all heads are wanted too.
    """

    number: int
    first: int
    listed: tuple[Listed, ...]
    judged: tuple[int, ...] = ()


def portions(listed: Sequence[Listed], judged: Sequence[int] = (), size: int = PORTION) -> list[Portion]:
    """Part a set.

    Args:
        listed: all of it.
        judged: places in the set of those of which the vectors of all heads are wanted too.
        size: how many examples a portion has; the last may have fewer.
    """
    wanted: dict[int, list[int]] = {}
    for place in judged:
        wanted.setdefault(place // size, []).append(place % size)
    return [
        Portion(number, first, tuple(listed[first : first + size]), tuple(wanted.get(number, ())))
        for number, first in enumerate(range(0, len(listed), size))
    ]


@dataclass(frozen=True)
class Facts:
    """What a worker knows of its model, which must be the same for all.

    Attributes:
        name: of the model.
        fingerprint: of its weights, processor and numbers.
        dtype: what it computes in.
        geometry: of the layers that are read.
        heads: whose vectors are returned, best first where there is a classifier.
    """

    name: str
    fingerprint: str
    dtype: str
    geometry: Geometry
    heads: tuple[Head, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        heads = [[head.layer, head.index] for head in self.heads]
        return {**asdict(self), "geometry": list(self.geometry.shape), "heads": heads}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Facts:
        """Return what ``as_dict`` gave."""
        heads = tuple(Head(layer, index) for layer, index in values["heads"])
        return cls(**{**values, "geometry": Geometry(*values["geometry"]), "heads": heads})


@dataclass(frozen=True)
class Judged:
    """The vectors of all heads of some examples: ``float32 (example, layer, head, dim)``, and their labels."""

    labels: tuple[str | None, ...]
    values: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Outcome:
    """What came of a portion.

    Attributes:
        portion: its number.
        facts: of the model that worked on it.
        names: of the examples that could be read, in their order.
        labels: theirs.
        contents: what is equal for the same pictures under the same question.
        skipped: those that could not, each with its label.
        notes: what was converted or guessed in reading.
        values: ``(example, head, dim)``, in the precision to be stored; ``None`` where answers were asked for.
        answers: JSON values of each prediction, where these were asked for.
        judged: of those that were named in the portion.
        wide: whether nothing was done, for a picture has more than eight bits and the rule for such is not known yet.
    """

    portion: int
    facts: Facts
    names: tuple[str, ...] = ()
    labels: tuple[str | None, ...] = ()
    contents: tuple[str, ...] = ()
    skipped: tuple[tuple[str | None, Skipped], ...] = ()
    notes: tuple[Note, ...] = ()
    values: npt.NDArray[np.floating] | None = field(default=None, repr=False)
    answers: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    judged: Judged | None = field(default=None, repr=False)
    wide: bool = False
