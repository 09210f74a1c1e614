"""Relations that people annotated on real images, read from the user's own copy.

    read_relations(Path("relations.jsonl"))                                   # {"image", "anchor", "relation", "related"}
    read_relations(Path("train_sceneGraphs.json"), images=Path("images"))     # GQA
    read_relations(Path("relationships.json"), images=Path("VG_100K"))        # Visual Genome

In a scene graph "A is *left of* B" makes B the anchor and A the answer, as in drawn scenes. Only what has one answer is
kept: the anchor's name is borne by one object of the image, and one name stands in that relation to it.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from sav_core.errors import DatasetError, ImageError
from sav_core.images import IMAGE_SUFFIXES, Picture, open_picture
from sav_core.records import Skipped
from sav_core.vectors.relations import RelationItem

__all__ = ["Annotations", "read_relations"]

_LINE = '{"image": "1.jpg", "anchor": "table", "relation": "on", "related": "cup"}'
_COMMONEST = 4  # relations that are read when none are named


class Annotations(NamedTuple):
    """Items, and the images that had to be left out."""

    items: tuple[RelationItem, ...]
    skipped: tuple[Skipped, ...]


class _Fact(NamedTuple):
    image: str
    anchor: str
    relation: str
    related: str


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
        relations: which to read; the four with most items by default.
        limit: of the items of one relation, drawn by the seed.
        seed: of that draw.
        only_inside: whether an image outside the folder is left out, as it must be when the file is a stranger's.

    Raises:
        DatasetError: the file is not in such a layout, or no item is left.
    """
    facts = _unambiguous(_facts(path))
    counts = Counter(fact.relation for fact in facts)
    wanted = (
        relations if relations is not None else [name for name, _ in sorted(counts.items(), key=_commonest)[:_COMMONEST]]
    )
    if unknown := [relation for relation in wanted if not counts[relation]]:
        known = ", ".join(name for name, _ in sorted(counts.items(), key=_commonest)[:12]) or "none"
        raise DatasetError(f"{path.name!r} has no relation {unknown[0]!r} with one clear answer; it has {known}.")
    folder = images or path.parent
    answers: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for fact in facts:
        answers[fact.image, fact.anchor][fact.relation] = fact.related
    opened: dict[str, Picture | Skipped] = {}
    items = []
    for relation in wanted:
        found = [fact for fact in facts if fact.relation == relation]
        Random(f"{seed} {relation}").shuffle(found)  # noqa: S311  # data, not secrets
        for fact in found[:limit]:
            if fact.image not in opened:
                opened[fact.image] = _open(folder, fact.image, only_inside)
            picture = opened[fact.image]
            if isinstance(picture, Picture):
                others = {r: n for r, n in answers[fact.image, fact.anchor].items() if r != relation}
                items.append(RelationItem(picture, fact.anchor, relation, fact.related, others))
    skipped = tuple(each for each in opened.values() if isinstance(each, Skipped))
    if not items:
        first = f": {skipped[0].reason}" if skipped else "."
        raise DatasetError(f"None of the images of {path.name!r} can be opened in {str(folder)!r}{first}")
    return Annotations(tuple(items), skipped)


def _commonest(entry: tuple[str, int]) -> tuple[int, str]:
    return (-entry[1], entry[0])


def _facts(path: Path) -> list[_Fact]:
    if not path.is_file():
        raise DatasetError(f"There is no file of relations {str(path)!r}: check the path.")
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".jsonl":
            return list(_lines(text, path.name))
        data = json.loads(text)
        if isinstance(data, dict):
            return list(_gqa(data))
        return list(_visual_genome(data))
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path.name!r} cannot be read as UTF-8 text ({error}): check the file.") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise DatasetError(f"{path.name!r} is not JSON ({error}): download it again.") from error
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise DatasetError(
            f"{path.name!r} is not laid out as scene graphs of GQA (an object of images) or Visual Genome (a list of "
            f"images with relationships) are ({type(error).__name__}: {error}); a .jsonl of lines {_LINE} serves too."
        ) from error


def _lines(text: str, name: str) -> Iterator[_Fact]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                record = json.loads(line)
                values = [record[key] for key in _Fact._fields]
            except (json.JSONDecodeError, KeyError, TypeError) as error:
                raise DatasetError(f"Line {number} of {name!r} cannot be used ({error}): write it as {_LINE}.") from error
            if not all(isinstance(value, str) and value.strip() for value in values):
                raise DatasetError(f"Line {number} of {name!r} needs four texts, none empty: write it as {_LINE}.")
            yield _Fact(*(value.strip() for value in values))


def _gqa(data: dict[str, Any]) -> Iterator[_Fact]:
    """``{image: {"objects": {id: {"name": ..., "relations": [{"name": ..., "object": id}]}}}}``."""
    for image, graph in data.items():
        objects = graph["objects"]
        bearers = Counter(thing["name"] for thing in objects.values())
        for thing in objects.values():
            for relation in thing.get("relations", ()):
                anchor = objects[relation["object"]]["name"]
                if bearers[anchor] == 1:
                    yield _Fact(image, anchor, relation["name"], thing["name"])


def _visual_genome(data: Sequence[dict[str, Any]]) -> Iterator[_Fact]:
    """``[{"image_id": ..., "relationships": [{"predicate": ..., "subject": {...}, "object": {...}}]}]``.

    Subject and object stand there in full (``relationships.json``) or as ``subject_id`` and ``object_id`` of the image's
    ``objects`` (``scene_graphs.json``); their name is under ``name`` or first among ``names``.
    """
    for image in data:
        listed = {thing["object_id"]: thing for thing in image.get("objects", ())}
        ends = [
            (each["predicate"], *(each.get(end) or listed[each[f"{end}_id"]] for end in ("subject", "object")))
            for each in image["relationships"]
        ]
        things = listed or {thing["object_id"]: thing for _, *both in ends for thing in both}
        bearers = Counter(_name(thing) for thing in things.values())
        for predicate, subject, anchor in ends:
            if bearers[_name(anchor)] == 1:
                yield _Fact(str(image["image_id"]), _name(anchor), predicate.strip().lower(), _name(subject))


def _name(thing: dict[str, Any]) -> str:
    name: str = thing["name"] if "name" in thing else thing["names"][0]
    return name


def _unambiguous(facts: Iterable[_Fact]) -> list[_Fact]:
    """The facts whose question has one answer, each once, in order."""
    answers: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    distinct = list(dict.fromkeys(facts))
    for fact in distinct:
        answers[fact.image, fact.anchor, fact.relation].add(fact.related)
    one = [fact for fact in distinct if len(answers[fact.image, fact.anchor, fact.relation]) == 1]
    return [fact for fact in one if fact.anchor != fact.related]


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
