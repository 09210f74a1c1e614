"""What to put under demonstrations so that they no longer say which relation is meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

from sav_core.vectors.relations import RelationItem

__all__ = ["wrong_answers"]


def wrong_answers(
    demonstrations: Sequence[RelationItem], answers: Sequence[str], relation: str, pool: Sequence[str], rng: Random
) -> tuple[str, ...]:
    """Return an answer for every demonstration that is not its own; none when there are none to be had.

    They are answers to other relations of the same pictures, or else the same answers exchanged, or else borrowed.

    Args:
        demonstrations: items of one relation.
        answers: their own.
        relation: which.
        pool: answers to the same relation that may be borrowed, each once.
        rng: draws.
    """
    others = _of_other_relations(demonstrations, answers, relation, rng)
    return others or _exchanged(answers, rng) or _borrowed(answers, pool, rng)


def _of_other_relations(
    demonstrations: Sequence[RelationItem], answers: Sequence[str], relation: str, rng: Random
) -> tuple[str, ...]:
    """Answers to at least two other relations, taking turns; one that says the same as the right one is passed over."""
    shared = set.intersection(*(set(item.others) for item in demonstrations)) if demonstrations else set()
    base = sorted(shared - {relation})
    if len(base) < 2:
        return ()
    rng.shuffle(base)
    named = []
    for turn, (item, own) in enumerate(zip(demonstrations, answers, strict=True)):
        turned = (base[(turn + further) % len(base)] for further in range(len(base)))
        named.append(next((other for other in turned if item.others[other] != own), ""))
    if not all(named) or len(set(named)) < min(2, len(named)):
        return ()
    return tuple(item.others[other] for item, other in zip(demonstrations, named, strict=True))


def _exchanged(answers: Sequence[str], rng: Random) -> tuple[str, ...]:
    """The answers in other positions, so that none stands where it, or its like, stood."""
    positions = range(len(answers))
    turns = [[(position + shift) % len(answers) for position in positions] for shift in positions[1:]]
    grouped = sorted(positions, key=lambda position: answers[position])
    most = max(Counter(answers).values(), default=0)  # like answers side by side: turned by the most of a kind, all differ
    taken = {position: grouped[(rank + most) % len(answers)] for rank, position in enumerate(grouped)}
    for turn in (*rng.sample(turns, len(turns)), [taken[position] for position in positions]):
        moved = tuple(answers[position] for position in turn)
        if all(other != own for other, own in zip(moved, answers, strict=True)):
            return moved
    return ()


def _borrowed(answers: Sequence[str], pool: Sequence[str], rng: Random) -> tuple[str, ...]:
    """A wrong answer of the pool in each position."""
    wrong = [[other for other in pool if other != own] for own in answers]
    return tuple(rng.choice(each) for each in wrong) if all(wrong) else ()
