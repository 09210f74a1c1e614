"""The analogies of one visitor: a source pair, a target, and how much of each base vector is meant by the pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from sav_core.vectors import SiteMap
from sav_ui.pages.vectors.ready import Mapped
from sav_ui.pages.vectors.setup import Setup

if TYPE_CHECKING:
    from sav_core.vectors import FunctionVector, Outcome, WordShares

__all__ = ["Analogies", "Analogy", "Bases", "JudgedSum", "base_vectors", "missing_bases"]

Bases: TypeAlias = Mapping[str, Mapped | None]
"""The vector of each base relation; ``None`` where there is none yet."""


@dataclass(frozen=True)
class JudgedSum:
    """How a weighted sum did on the test part.

    Attributes:
        source: the pair that stood for the relation.
        weights: of the base vectors.
        outcomes: by condition.
        turn: of the work that found it.
        former: whether base vectors have been built anew since.
    """

    source: int
    weights: Mapping[str, float]
    outcomes: Mapping[str, Outcome]
    turn: int = 0
    former: bool = False


@dataclass(frozen=True)
class Analogy:
    """An analogy: a source pair in one picture, an anchor in another.

    Attributes:
        relation: of both; the model is not told.
        source: which item of the training part.
        target: which item of the test part.
        weights: of each base vector by relation; ``None`` until the source pair has set them.
        own: whether the visitor has set them.
        words: what the model answers for the target, at 0 and with the sum; a reason where it cannot.
        judged: the latest judgement of a sum for this relation, which may be of other weights by now.
    """

    relation: str = ""
    source: int = 0
    target: int = 0
    weights: dict[str, float] | None = None
    own: bool = False
    words: WordShares | str | None = None
    judged: JudgedSum | None = None

    @property
    def unanswered(self) -> Analogy:
        """The same pair and target before the model was asked, with the visitor's own weights if they set any."""
        return replace(self, weights=self.weights if self.own else None, words=None)

    @property
    def judged_is_current(self) -> bool:
        """Whether the judgement is of the sum as it is now."""
        judged = self.judged
        return judged is not None and not judged.former and (judged.source, judged.weights) == (self.source, self.weights)


class Analogies:
    """Every analogy of a task, by the model, by how relations are asked for, and by its relation.

    Attributes:
        relation: of the analogy that is looked at.
    """

    def __init__(self, relation: str = "") -> None:
        self.relation = relation
        self._latest = Analogy(relation)
        self._kept: dict[tuple[str, Setup, str], Analogy] = {}

    def shown(self, model: str, setup: Setup) -> Analogy:
        """The analogy that is looked at; with another model or setup it begins with the pair of the latest."""
        known = self._kept.get(self._key(model, setup))
        if known is not None:
            return known
        alike = self._latest.relation == self.relation
        return replace(self._latest.unanswered, judged=None) if alike else Analogy(self.relation)

    def keep(self, model: str, setup: Setup, analogy: Analogy) -> Analogy:
        """Keep an analogy as the one that is looked at, and return it."""
        self.relation, self._latest = analogy.relation, analogy
        self._kept[self._key(model, setup)] = analogy
        return analogy

    def answer(self, asked: Analogy, answered: Analogy) -> None:
        """Put what the model said in the place of what it was asked; nothing if the visitor has gone on since."""
        for key, analogy in self._kept.items():
            if analogy is asked:
                self._kept[key] = answered
                return

    def new_bases(self, model: str, setup: Setup) -> None:
        """Base vectors are others now: what was answered is to be asked again, and what was judged is of the former."""
        for key, known in self._kept.items():
            if key[:2] == self._key(model, setup)[:2]:
                judged = None if known.judged is None else replace(known.judged, former=True)
                self._kept[key] = replace(known.unanswered, judged=judged)

    def _key(self, model: str, setup: Setup) -> tuple[str, Setup, str]:
        """What an analogy depends on: not on the relation whose vector is looked at."""
        return model, replace(setup, relation=""), self.relation


def missing_bases(bases: Bases) -> list[str]:
    """The base relations that have no vector yet."""
    return [relation for relation, mapped in bases.items() if mapped is None]


def base_vectors(bases: Bases) -> list[FunctionVector]:
    """The base relations' vectors, all at the site that is best for them together."""
    known = [mapped for mapped in bases.values() if mapped is not None]
    best = SiteMap.mean([mapped.sites for mapped in known]).best
    return [mapped.vector.at(*best) for mapped in known]
