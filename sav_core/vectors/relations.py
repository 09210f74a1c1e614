"""Visual relations as data: in a picture, which thing stands in which relation to an anchor.

    item.anchor, item.relation, item.related        # "cat", "above", "key": the key is above the cat
    task = split_items(items, seed=0)               # train, validation and test share no picture and no pair of things

Where items come from is the business of ``drawn`` and ``annotated``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random
from typing import TypeAlias

from sav_core.data.pictures.picture import Picture
from sav_core.errors import DatasetError, SettingError

__all__ = ["SHARES", "SPATIAL", "SPLITS", "Chance", "Pair", "RelationItem", "RelationTask", "pair_of", "parts_of",
           "split_items"]  # fmt: skip

SPATIAL = ("above", "below", "left", "right")
"""The base relations of a drawn scene, in the order they are listed."""

_BASES = 4  # the commonest relations, where a task has no spatial ones

SPLITS = ("train", "validation", "test")
SHARES = (0.5, 0.2, 0.3)

Pair: TypeAlias = tuple[str, str]


def pair_of(one: str, other: str) -> Pair:
    """Return two things in alphabetical order."""
    return (min(one, other), max(one, other))


@dataclass(frozen=True, slots=True)
class RelationItem:
    """One annotated relation: in ``picture``, ``related`` stands in ``relation`` to ``anchor``.

    Attributes:
        picture: where both are seen.
        anchor: the name of what is asked about.
        relation: the name of the relation; it never stands in a prompt.
        related: the answer.
        others: what the same anchor is related to in the same picture by other relations: ``{relation: name}``.
    """

    picture: Picture
    anchor: str
    relation: str
    related: str
    others: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __repr__(self) -> str:
        return f"RelationItem({self.related!r} {self.relation} {self.anchor!r} in {self.picture.name!r})"

    @property
    def pair(self) -> Pair:
        """The two things, in alphabetical order: the same pair whichever is the anchor."""
        return pair_of(self.anchor, self.related)


@dataclass(frozen=True, slots=True)
class Chance:
    """How often a guess is right that knows nothing of the relation.

    Attributes:
        share: of the test items.
        answer: what is always guessed; empty where it is any of the things around the anchor.
    """

    share: float
    answer: str = ""


@dataclass(frozen=True)
class RelationTask:
    """Items in three parts that share no picture and no pair of things.

    Attributes:
        train: what vectors are made from, and where demonstrations come from.
        validation: what layers, scales and the end of tuning are chosen by.
        test: what is reported.
        name: where the items come from.
        seed: of the drawing and the parting.
        dropped: how many items belong to no part, for their picture fell into one part and their pair into another.
    """

    train: tuple[RelationItem, ...]
    validation: tuple[RelationItem, ...]
    test: tuple[RelationItem, ...]
    name: str = ""
    seed: int = 0
    dropped: int = 0

    def __repr__(self) -> str:
        sizes = " + ".join(str(len(part)) for part in (self.train, self.validation, self.test))
        return f"RelationTask({self.name!r}, {sizes} items, relations={list(self.relations)})"

    @cached_property
    def relations(self) -> tuple[str, ...]:
        """The relations there are items of in every part, sorted."""
        parts = ({item.relation for item in part} for part in (self.train, self.validation, self.test))
        return tuple(sorted(set.intersection(*parts)))

    @property
    def short(self) -> tuple[str, ...]:
        """The relations there are no items of in some part, sorted."""
        there = {item.relation for part in (self.train, self.validation, self.test) for item in part}
        return tuple(sorted(there - set(self.relations)))

    @property
    def spatial(self) -> bool:
        """Whether it has above, below, left and right, as all drawn scenes have."""
        return set(SPATIAL) <= set(self.relations)

    @cached_property
    def listed(self) -> tuple[str, ...]:
        """The relations to choose from: of a spatial task the four base ones first, of any other the commonest first."""
        if self.spatial:
            return (*SPATIAL, *(relation for relation in self.relations if relation not in SPATIAL))
        counts = Counter(item.relation for part in (self.train, self.validation, self.test) for item in part)
        whole = set(self.relations)
        return tuple(relation for relation, _ in counts.most_common() if relation in whole)

    @property
    def bases(self) -> tuple[str, ...]:
        """The relations whose vectors are combined into others: the first four that are listed."""
        return self.listed[:_BASES]

    @cached_property
    def chance(self) -> Chance:
        """How well guessing does on the test items of a task of one relation."""
        if all(item.others for item in self.test):
            return Chance(sum(1 / (1 + len(item.others)) for item in self.test) / len(self.test))
        (answer, _), *_ = Counter(item.related for item in self.train).most_common(1)
        return Chance(sum(item.related == answer for item in self.test) / len(self.test), answer)

    def of(self, *relations: str) -> RelationTask:
        """Return the task with the items of some relations only.

        Raises:
            SettingError: there are no items of one of them in every part.
        """
        if missing := sorted(set(relations) - set(self.relations)):
            raise SettingError(
                f"There are no items of {missing[0]!r} in every part of {self.name!r}: choose among "
                f"{', '.join(self.relations)}."
            )
        train, validation, test = (
            tuple(item for item in part if item.relation in relations) for part in (self.train, self.validation, self.test)
        )
        return replace(self, train=train, validation=validation, test=test)


def split_items(
    items: Sequence[RelationItem], *, name: str = "", seed: int = 0, shares: Sequence[float] = SHARES
) -> RelationTask:
    """Part items so that no picture and no pair of things is in two parts; the same seed parts them alike.

    Pictures are dealt out by the seed. A pair that is seen in several pictures goes where it is seen most, measured
    against the size of the part; its items elsewhere are dropped, and counted.

    Raises:
        DatasetError: a part would be empty.
    """
    parts: list[list[RelationItem]] = [[], [], []]
    for item, part in zip(items, parts_of([(item.picture.digest, item.pair) for item in items], seed, shares), strict=True):
        if part is not None:
            parts[part].append(item)
    if empty := [split for split, part in zip(SPLITS, parts, strict=True) if not part]:
        raise DatasetError(
            f"{len(items)} items of {name!r} cannot be parted so that no picture and no pair of things is shared: nothing "
            f"is left for {empty[0]}. Bring more pictures, of more different things."
        )
    train, validation, test = map(tuple, parts)
    return RelationTask(train, validation, test, name, seed, dropped=len(items) - sum(map(len, parts)))


def parts_of(seen: Sequence[tuple[str, Pair]], seed: int, shares: Sequence[float] = SHARES) -> list[int | None]:
    """Return to which part each pair in a picture belongs; ``None`` where the picture is of one and the pair of another.

    Args:
        seen: the picture, by any name of its own, and the pair.
        seed: of the dealing of pictures.
        shares: of the parts.
    """
    pictures = sorted({picture for picture, _ in seen})
    Random(seed).shuffle(pictures)  # noqa: S311  # data, not secrets
    part_of = dict(zip(pictures, _deal(len(pictures), shares), strict=True))
    counted: dict[Pair, Counter[int]] = defaultdict(Counter)
    for picture, pair in seen:
        counted[pair][part_of[picture]] += 1
    home = {pair: max(counts, key=lambda part: (counts[part] / shares[part], -part)) for pair, counts in counted.items()}
    return [home[pair] if home[pair] == part_of[picture] else None for picture, pair in seen]


def _deal(count: int, shares: Sequence[float]) -> Iterable[int]:
    """To which part each of ``count`` things goes, in order; parts are as large as their shares."""
    ends = [round(count * sum(shares[: part + 1]) / sum(shares)) for part in range(len(shares))]
    return (next(part for part, end in enumerate(ends) if position < end) for position in range(count))
