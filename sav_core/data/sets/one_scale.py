"""Pictures of more than eight bits in a set -> one rule for what is black and white in all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sav_core.data.examples import Example
from sav_core.data.notes import Note
from sav_core.data.pictures.levels import Levels, decide
from sav_core.data.pictures.picture import Picture

__all__ = ["at_levels", "levels_of", "on_one_scale", "scale_note"]


def levels_of(pictures: Iterable[Picture]) -> Levels:
    """Return the rule for some pictures: what an earlier one of them was read with, else what all of them suggest.

    So a set that grows keeps the rule it began with.
    """
    wide = [(picture.spread, picture.levels) for picture in pictures if picture.spread is not None]
    ranges = {kind: (black, white) for kind, black, white in decide(spread for spread, _ in wide).ranges}
    for spread, levels in reversed(wide):
        known = None if levels is None else levels.range_of(spread.kind)
        if known is not None:
            ranges[spread.kind] = known
    return Levels(tuple((kind, *ends) for kind, ends in sorted(ranges.items())))


def at_levels(examples: Sequence[Example], levels: Levels | None) -> list[Example]:
    """Return the examples with their pictures read by a rule; ``None`` is the rule of files that know none."""
    return [_read_anew(example, levels) if _is_wide(example) else example for example in examples]


def on_one_scale(examples: Sequence[Example]) -> list[Example]:
    """Return the examples with all their pictures read by the one rule for them."""
    if not any(map(_is_wide, examples)):
        return list(examples)
    return at_levels(examples, levels_of(picture for example in examples for picture in example.images))


def scale_note(examples: Iterable[Example]) -> tuple[Note, ...]:
    """Say what was black and what was white in pictures of more than eight bits; nothing where there are none."""
    wide = {picture.digest: picture for example in examples for picture in example.images if picture.spread is not None}
    if not wide:
        return ()
    ranges = {str(picture.levels) for picture in wide.values() if picture.levels and picture.levels.ranges}
    rule = f"black to white is {', '.join(sorted(ranges))}" if ranges else "each by its own range"
    names = tuple(picture.name for picture in list(wide.values())[:3])
    return (Note("levels", f"Values of more than eight bits are scaled alike in the whole set, {rule}", len(wide), names),)


def _is_wide(example: Example) -> bool:
    return any(picture.spread is not None for picture in example.images)


def _read_anew(example: Example, levels: Levels | None) -> Example:
    pictures = [picture.at_levels(levels) for picture in example.images]
    return Example(pictures, example.question, example.label, name=example.name, detail=example.detail)
