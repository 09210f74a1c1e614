"""Relations that people annotated on real images, read from the user's own copy.

    read_relations(Path("relations.jsonl"))                                   # {"image", "anchor", "relation", "related"}
    read_relations(Path("train_sceneGraphs.json"), images=Path("images"))     # GQA
    read_relations(Path("relationships.json"), images=Path("VG_100K"))        # Visual Genome

In a scene graph "A is *left of* B" makes B the anchor and A the answer, as in drawn scenes. Only what has one answer is
kept: the anchor's name is borne by one object of the image, and one name stands in that relation to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from sav_core.data.examples import Skipped
from sav_core.data.pictures.picture import IMAGE_SUFFIXES, Picture, open_picture
from sav_core.errors import DatasetError, ImageError
from sav_core.vectors.annotation_files import Fact, clear_facts
from sav_core.vectors.relations import SPLITS, RelationItem, RelationTask, parts_of

__all__ = ["Annotations", "read_relation_task", "read_relations"]


class Annotations(NamedTuple):
    """Items, and the images that had to be left out."""

    items: tuple[RelationItem, ...]
    skipped: tuple[Skipped, ...]


def read_relations(
    path: Path,
    images: Path | None = None,
    *,
    relations: Sequence[str] | None = None,
    limit: int = 200,
    seed: int = 0,
    only_inside: bool = False,
) -> Annotations:
    """Read annotated relations and open their images.

    Args:
        path: ``.jsonl``, or ``.json`` in the layout of GQA's or Visual Genome's scene graphs.
        images: the folder of the images; a JSONL's paths are relative to it, or to the file when ``None``.
        relations: which to read; all by default, the commonest first.
        limit: of the items of one relation, drawn by the seed among those whose image opens.
        seed: of that draw.
        only_inside: whether an image outside the folder is left out, as it must be when the file is a stranger's.

    Raises:
        DatasetError: the file is not in such a layout, or no item is left.
    """
    facts = clear_facts(path)
    reading = _read(facts, path, images, relations, limit, seed, only_inside, dict.fromkeys(facts, 0))
    return Annotations(tuple(item for item, _ in reading.items), reading.skipped)


def read_relation_task(
    path: Path,
    images: Path | None = None,
    *,
    relations: Sequence[str] | None = None,
    limit: int = 200,
    seed: int = 0,
    only_inside: bool = False,
    name: str = "",
) -> tuple[RelationTask, tuple[Skipped, ...]]:
    """Read annotated relations as three parts, and what was left out; arguments as of ``read_relations``.

    Images and pairs of things are parted by the seed and all facts of the file, whichever relations are read: a vector of
    one relation has seen no test item of another.

    Raises:
        DatasetError: the file is not in such a layout, no item is left, or none of a relation asked for in some part.
    """
    facts = clear_facts(path)
    part_of = dict(zip(facts, parts_of([(fact.image, fact.pair) for fact in facts], seed), strict=True))
    reading = _read(facts, path, images, relations, limit, seed, only_inside, part_of)
    parts = [tuple(item for item, own in reading.items if own == part) for part in range(len(SPLITS))]
    for relation in relations or ():
        counts = [sum(item.relation == relation for item in part) for part in parts]
        if not all(counts):
            found = ", ".join(f"{count} for {split}" for count, split in zip(counts, SPLITS, strict=True))
            raise DatasetError(
                f"{relation!r} of {path.name!r} has too few items to part: every part needs some, but there are {found}. "
                "Bring more pictures of it, of more different things, or choose a commoner relation."
            )
    train, validation, test = parts
    return RelationTask(train, validation, test, name or path.name, seed, reading.dropped), reading.skipped


class _Reading(NamedTuple):
    """Items with the part each belongs to, the images left out, and how many items had no part."""

    items: list[tuple[RelationItem, int]]
    skipped: tuple[Skipped, ...]
    dropped: int


def _read(
    facts: Sequence[Fact],
    path: Path,
    images: Path | None,
    relations: Sequence[str] | None,
    limit: int,
    seed: int,
    only_inside: bool,
    part_of: Mapping[Fact, int | None],
) -> _Reading:
    folder, dropped = images or path.parent, 0
    of_relation: dict[str, list[Fact]] = defaultdict(list)
    answers: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for fact in facts:
        of_relation[fact.relation].append(fact)
        answers[fact.image, fact.anchor][fact.relation] = fact.related
    opened: dict[str, Picture | Skipped] = {}
    homes: dict[str, int] = {}  # of pictures; one that bears two names has the home of the first
    items: list[tuple[RelationItem, int]] = []
    for relation in _wanted(of_relation, relations, path.name):
        found, most = of_relation[relation], len(items) + limit
        Random(f"{seed} {relation}").shuffle(found)  # noqa: S311  # data, not secrets
        for fact in found:
            if len(items) == most:
                break
            part = part_of[fact]
            if part is None:
                dropped += 1
                continue
            if fact.image not in opened:
                opened[fact.image] = _open(folder, fact.image, only_inside)
            picture = opened[fact.image]
            if isinstance(picture, Skipped):
                continue
            if homes.setdefault(picture.digest, part) != part:
                dropped += 1
                continue
            others = {r: n for r, n in answers[fact.image, fact.anchor].items() if r != relation}
            items.append((RelationItem(picture, fact.anchor, relation, fact.related, others), part))
    skipped = tuple(each for each in opened.values() if isinstance(each, Skipped))
    if not items:
        first = f": {skipped[0].reason}" if skipped else "."
        raise DatasetError(f"None of the images of {path.name!r} can be opened in {str(folder)!r}{first}")
    return _Reading(items, skipped, dropped)


def _wanted(of_relation: Mapping[str, Sequence[Fact]], relations: Sequence[str] | None, name: str) -> Sequence[str]:
    """The relations asked for, or all there are, the commonest first."""
    there = sorted(of_relation, key=lambda relation: (-len(of_relation[relation]), relation))
    if unknown := [relation for relation in relations or () if relation not in of_relation]:
        known = ", ".join(there[:12]) or "none"
        raise DatasetError(f"{name!r} has no relation {unknown[0]!r} with one clear answer; it has {known}.")
    return there if relations is None else relations


def _open(folder: Path, image: str, only_inside: bool) -> Picture | Skipped:
    """The image of that path, or that id with any suffix of an image."""
    paths = (folder / image, *(folder / f"{image}{suffix}" for suffix in sorted(IMAGE_SUFFIXES)))
    try:
        if only_inside and not (folder / image).resolve().is_relative_to(folder.resolve()):
            return Skipped(image, f"{image[-200:]!r} is not beside the file that names it: put it there.")
        path = next((path for path in paths if path.is_file()), folder / image)
    except (OSError, ValueError):  # too long, or with a null character
        return Skipped(image, f"{image[-200:]!r} cannot be the name of a file: write what the image is called.")
    try:
        return open_picture(path, image)
    except ImageError as error:
        return Skipped(image, str(error))
