"""The visitor's own test pictures: the same picture counts once, and one that was taught is known before measuring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sav_core.data.examples import Example, Skipped
from sav_core.data.sets.duplicates import find_duplicates

__all__ = ["Fresh", "fresh_among", "taught_among"]


@dataclass(frozen=True)
class Fresh:
    """What is new among examples that came.

    Attributes:
        examples: those that are not there yet.
        copies: those that are, the same or nearly, each with the name of what it is a copy of.
    """

    examples: tuple[Example, ...]
    copies: tuple[Skipped, ...]


def fresh_among(there: Sequence[Example], came: Sequence[Example]) -> Fresh:
    """Tell what came apart from what is there already; a copy among what came is one too, whatever its label."""
    together, copies = [*there, *came], {}
    for group in find_duplicates(together):
        first = together[group.positions[0]]
        how = "the same as" if group.exact else "nearly the same as"
        for place in group.positions[1:]:
            if place >= len(there):
                labelled = "" if together[place].label == first.label else f", which is labelled {first.label!r}"
                copies[place - len(there)] = f"is {how} {first.name!r}{labelled}, so it is not counted again."
    return Fresh(
        tuple(example for place, example in enumerate(came) if place not in copies),
        tuple(Skipped(came[place].name, f"{came[place].name!r} {why}") for place, why in sorted(copies.items())),
    )


def taught_among(support: Sequence[Example], test: Sequence[Example]) -> frozenset[int]:
    """The positions of test examples that are the same as one that was taught, or nearly."""
    found: set[int] = set()
    for group in find_duplicates([*support, *test]):
        if group.positions[0] < len(support):
            found.update(place - len(support) for place in group.positions if place >= len(support))
    return frozenset(found)
