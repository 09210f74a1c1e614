"""Examples that are the same, or nearly: a copy under two labels misleads every head, a copy under one counts twice.

    for group in find_duplicates(examples):
        group.positions, group.reason        # (3, 17), "cat.jpg and cat-copy.jpg are the same picture under 2 labels: ..."

Examples are the same when they have the same pictures and the same question. They are nearly the same when each picture
looks like the other's: resized, compressed anew or lightly edited. That is found in two steps. A difference hash of
64 bits, whether each part of the picture is brighter than the next, finds candidates among all pairs at once; a small
colour copy of both confirms them, for to the hash a red apple is a green one.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache, cached
from PIL import Image

from sav_core.data.clips.clip import Clip
from sav_core.data.examples import Example
from sav_core.data.notes import Note
from sav_core.data.pictures.picture import Picture

__all__ = [
    "DuplicateGroup",
    "content_of",
    "contradictions",
    "contradictions_among",
    "count_shared",
    "find_duplicates",
]

_ROWS, _COLUMNS = 32, 36  # of the small copy: 4 x 4 of its pixels for each of the hash's 8 x 9 parts
_NEARLY_EQUAL = (
    2.0  # levels of 255: parts that differ by less are as bright, so that noise on a plain ground decides nothing
)
_MOST_BITS = 6  # in which the hashes of a copy differ
_MOST_LEVELS, _MOST_MEAN = 40.0, 8.0  # of 255 in which the colours differ, in the worst part and on average

# Small copies by the picture's digest: looking at a photograph again means decoding it again.
_SMALL_COPIES: LRUCache[str, npt.NDArray[np.uint8]] = LRUCache(20_000)  # about 70 MB


@dataclass(frozen=True)
class DuplicateGroup:
    """Examples that are the same, or nearly.

    Attributes:
        positions: where they stand among the examples, two or more, ascending.
        labels: the distinct labels they have, sorted; more than one is a contradiction.
        exact: whether all are equal in every pixel.
        reason: one sentence that names them.
    """

    positions: tuple[int, ...]
    labels: tuple[str, ...]
    exact: bool
    reason: str


def find_duplicates(examples: Sequence[Example]) -> tuple[DuplicateGroup, ...]:
    """Return groups of examples that are the same or nearly, by their first position; no example is in two groups.

    Args:
        examples: with any number of pictures; only those with as many pictures and the same question are compared. Those
            with clips are the same or not: one that moves the other way may look alike at every moment.
    """
    comparable: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for position, example in enumerate(examples):
        kinds = (type(picture).__name__ for picture in example.images)
        comparable[example.question.strip(), *kinds].append(position)
    groups = [group for positions in comparable.values() for group in _groups(examples, positions)]
    return tuple(sorted(groups, key=lambda group: group.positions))


def count_shared(support: Sequence[Example], test: Sequence[Example]) -> int:
    """Return how many test examples are the same as one of the support: they make the figure too good."""
    learnt = {content_of(example) for example in support}
    return sum(content_of(example) in learnt for example in test)


def content_of(example: Example) -> str:
    """Return what is equal for examples that are the same in every pixel and in what is asked."""
    parts = [*(picture.digest for picture in example.images), example.question.strip()]
    return blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()


def contradictions(examples: Sequence[Example]) -> tuple[Note, ...]:
    """Say which examples are the same in every pixel and in what is asked, but for the label; nothing where none are."""
    return contradictions_among((content_of(each), each.label, each.name) for each in examples)


def contradictions_among(examples: Iterable[tuple[str, str | None, str]]) -> tuple[Note, ...]:
    """Say the same of examples of which only content, see ``content_of``, label and name are there."""
    same: dict[str, dict[str, str]] = defaultdict(dict)
    for content, label, name in examples:
        if label is not None:
            same[content][label] = name
    found = []
    for by_label in same.values():
        if len(by_label) > 1:
            found.append(" and ".join(f"{name} ({label})" for label, name in by_label.items()))
    text = "The same picture with the same question stands under two labels or more, which misleads every head"
    return (Note("two labels", text, len(found), tuple(found[:3])),) if found else ()


def _groups(examples: Sequence[Example], positions: list[int]) -> Iterator[DuplicateGroup]:
    """Group comparable examples: equal ones first, then the nearly equal among what is left of each."""
    equal: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for position in positions:
        equal[tuple(picture.digest for picture in examples[position].images)].append(position)
    copies = list(equal.values())
    leaders = _leaders([examples[group[0]].images for group in copies])
    joined: dict[int, list[int]] = defaultdict(list)
    for group, leader in zip(copies, leaders, strict=True):
        joined[leader].extend(group)
    for members in joined.values():
        if len(members) > 1:
            yield _group(examples, sorted(members), exact=any(members == group for group in copies))


def _group(examples: Sequence[Example], positions: list[int], *, exact: bool) -> DuplicateGroup:
    labels = sorted({label for position in positions if (label := examples[position].label) is not None})
    names = [examples[position].name for position in positions]
    shown = (
        f"{', '.join(names[:-1])} and {names[-1]}"
        if len(names) <= 4
        else f"{', '.join(names[:3])} and {len(names) - 3} more"
    )
    what = (
        ("picture" if len(examples[positions[0]].images) == 1 else "pictures") if examples[positions[0]].images else "text"
    )
    reason = f"{shown} are {'the same' if exact else 'nearly the same'} {what}"
    if len(labels) > 1:
        reason += f" under {len(labels)} labels: {', '.join(labels)}"
    return DuplicateGroup(tuple(positions), tuple(labels), exact, f"{reason}.")


def _leaders(rows: Sequence[tuple[Picture, ...]]) -> list[int]:
    """Group rows whose pictures, one by one, look alike, or like those of another in the group: each row's group."""
    leaders = np.arange(len(rows))
    if len(rows) < 2 or not rows[0] or any(isinstance(picture, Clip) for picture in rows[0]):
        return leaders.tolist()
    copies = np.stack([np.stack([_small_copy(picture) for picture in row]) for row in rows]).astype(np.float32)
    hashes, colours = _hashes(copies), _means(copies, 2)  # (example, picture), (example, picture, row, column, channel)
    for one in range(len(rows) - 1):
        bits = np.bitwise_count(hashes[one] ^ hashes[one + 1 :]).max(1)  # (example,), in the picture that differs most
        others = one + 1 + (bits <= _MOST_BITS).nonzero()[0]
        others = others[leaders[others] != leaders[one]]
        difference = np.abs(colours[others] - colours[one])
        alike = (difference.max((1, 2, 3, 4)) <= _MOST_LEVELS) & (difference.mean((2, 3, 4)).max(1) <= _MOST_MEAN)
        leaders[np.isin(leaders, leaders[others[alike]])] = leaders[one]
    return leaders.tolist()


def _hashes(copies: npt.NDArray[np.float32]) -> npt.NDArray[np.uint64]:
    """Difference hashes ``(...)`` of small copies ``(..., row, column, channel)``."""
    bright = _means(copies, 4).mean(-1)  # (..., 8, 9)
    bits = bright[..., :-1] > bright[..., 1:] + _NEARLY_EQUAL  # (..., 8, 8)
    packed = np.packbits(bits.reshape(*bits.shape[:-2], 64), axis=-1)
    hashes: npt.NDArray[np.uint64] = packed.view(np.uint64)[..., 0]
    return hashes


def _means(copies: npt.NDArray[np.float32], side: int) -> npt.NDArray[np.float32]:
    """Means of blocks of ``side x side`` pixels: ``(..., row, column, channel)``."""
    blocks = copies.reshape(*copies.shape[:-3], _ROWS // side, side, _COLUMNS // side, side, 3)
    means: npt.NDArray[np.float32] = blocks.mean((-4, -2))
    return means


@cached(_SMALL_COPIES, key=lambda picture: picture.digest, lock=Lock())
def _small_copy(picture: Picture) -> npt.NDArray[np.uint8]:
    """The picture in ``(row, column, channel)`` of a fixed small size, stretched."""
    return np.asarray(picture.rgb().resize((_COLUMNS, _ROWS), Image.Resampling.BOX, reducing_gap=2))
