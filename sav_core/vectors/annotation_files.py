"""Files of annotated relations as facts: a JSONL of one a line, or scene graphs of GQA or Visual Genome."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sav_core.errors import DatasetError
from sav_core.vectors.relations import Pair, pair_of

__all__ = ["Fact", "clear_facts"]

_LINE = '{"image": "1.jpg", "anchor": "table", "relation": "on", "related": "cup"}'


class Fact(NamedTuple):
    """In an image, what stands in a relation to an anchor: names alone."""

    image: str
    anchor: str
    relation: str
    related: str

    @property
    def pair(self) -> Pair:
        """The two things, whichever is the anchor."""
        return pair_of(self.anchor, self.related)


def clear_facts(path: Path) -> list[Fact]:
    """Return the facts of a file whose question has one answer, each once, in order.

    Raises:
        DatasetError: the file is not in such a layout.
    """
    return _unambiguous(_read(path))


def _read(path: Path) -> list[Fact]:
    if not path.is_file():
        raise DatasetError(f"There is no file of relations {str(path)!r}: check the path.")
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".jsonl":
            return list(_lines(text, path.name))
        data = json.loads(text)
        if isinstance(data, dict):
            return list(map(_of_texts, _gqa(data)))
        return list(map(_of_texts, _visual_genome(data)))
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path.name!r} cannot be read as UTF-8 text ({error}): check the file.") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise DatasetError(f"{path.name!r} is not JSON ({error}): download it again.") from error
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise DatasetError(
            f"{path.name!r} is not laid out as scene graphs of GQA (an object of images) or Visual Genome (a list of "
            f"images with relationships) are ({type(error).__name__}: {error}); a .jsonl of lines {_LINE} serves too."
        ) from error


def _lines(text: str, name: str) -> Iterator[Fact]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                record = json.loads(line)
                values = [record[key] for key in Fact._fields]
            except (json.JSONDecodeError, KeyError, TypeError) as error:
                raise DatasetError(f"Line {number} of {name!r} cannot be used ({error}): write it as {_LINE}.") from error
            if not all(isinstance(value, str) and value.strip() for value in values):
                raise DatasetError(f"Line {number} of {name!r} needs four texts, none empty: write it as {_LINE}.")
            yield Fact(*(value.strip() for value in values))


def _of_texts(fact: Fact) -> Fact:
    for field, value in zip(Fact._fields, fact, strict=True):
        if not isinstance(value, str):
            raise TypeError(f"{field} must be a text and is of type {type(value).__name__}")
    return fact


def _gqa(data: dict[str, Any]) -> Iterator[Fact]:
    """``{image: {"objects": {id: {"name": ..., "relations": [{"name": ..., "object": id}]}}}}``."""
    for image, graph in data.items():
        objects = graph["objects"]
        bearers = Counter(thing["name"] for thing in objects.values())
        for thing in objects.values():
            for relation in thing.get("relations", ()):
                anchor = objects[relation["object"]]["name"]
                if bearers[anchor] == 1:
                    yield Fact(image, anchor, relation["name"], thing["name"])


def _visual_genome(data: Sequence[dict[str, Any]]) -> Iterator[Fact]:
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
                yield Fact(str(image["image_id"]), _name(anchor), predicate.strip().lower(), _name(subject))


def _name(thing: dict[str, Any]) -> str:
    name: str = thing["name"] if "name" in thing else thing["names"][0]
    return name


def _unambiguous(facts: Iterable[Fact]) -> list[Fact]:
    answers: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    distinct = list(dict.fromkeys(facts))
    for fact in distinct:
        answers[fact.image, fact.anchor, fact.relation].add(fact.related)
    one = [fact for fact in distinct if len(answers[fact.image, fact.anchor, fact.relation]) == 1]
    return [fact for fact in one if fact.anchor != fact.related]
