"""A visitor's work in pieces, each known by what is in it, so that a browser that keeps it is sent only what is new.

    project.json                        labels, question, settings
    examples.jsonl                      in runs of some lines, which are put together in their order
    classify.rows, measure.rows     what pages keep beside it, likewise
    work.json                           what they keep that is no picture
    images/DIGEST/NAME                  the pictures and clips; each is one piece, whatever names and places it has

Put together as one ZIP this is a saved project, which ``project_file`` and ``kept_file`` open like any other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sav_core.data.pictures.picture import Picture
from sav_ui.session.keeper import SavedPart
from sav_ui.session.kept_file import line_of, values_of
from sav_ui.session.manifest import MANIFEST, describe
from sav_ui.session.places import EXAMPLES, WORK, content_of, listing_of, piece_of, piece_place
from sav_ui.session.project import Item, Project

__all__ = ["Pieces", "cut_up"]

_LINES = 50  # of a listing in one piece: what is added to a long one costs a short text


@dataclass(frozen=True)
class Pieces:
    """A project cut up.

    Attributes:
        parts: the texts in their order, each as (file in the ZIP, digest); a file that comes again goes on.
        texts: by digest.
        pictures: by the digest in their places.
    """

    parts: tuple[tuple[str, str], ...]
    texts: Mapping[str, bytes]
    pictures: Mapping[str, Picture]

    def read(self, digest: str) -> bytes | None:
        """Return a piece; ``None`` if it is none of this project."""
        if digest in self.texts:
            return self.texts[digest]
        picture = self.pictures.get(digest)
        return None if picture is None else content_of(picture)


def cut_up(project: Project, kept: Mapping[str, SavedPart]) -> Pieces:
    """Cut a project up.

    Args:
        project: what is taught.
        kept: what pages keep beside it, by name.
    """
    parts: list[tuple[str, str]] = []
    texts: dict[str, bytes] = {}

    def add(name: str, text: str) -> None:
        digest = blake2b(text.encode(), digest_size=16).hexdigest()
        parts.append((name, digest))
        texts[digest] = text.encode()

    def add_lines(name: str, lines: Iterable[dict[str, Any]]) -> None:
        written = [json.dumps(line, ensure_ascii=False) + "\n" for line in lines]
        for start in range(0, len(written), _LINES):
            add(name, "".join(written[start : start + _LINES]))

    add(MANIFEST, describe(project, None))
    add_lines(EXAMPLES, (_line(project, item) for item in project.items))
    for name, part in kept.items():
        add_lines(listing_of(name), (line_of(project, row) for row in part.rows))
    add(WORK, values_of(kept))
    return Pieces(tuple(parts), texts, {piece_of(picture): picture for picture in _pictures(project, kept)})


def _line(project: Project, item: Item) -> dict[str, Any]:
    places, label = [piece_place(picture) for picture in item.pictures], project.label(item.label).name
    line: dict[str, Any] = {"images": places, "label": label}
    if item.text or not item.pictures:
        line["question"] = item.text or project.question
    return line


def _pictures(project: Project, kept: Mapping[str, SavedPart]) -> Iterator[Picture]:
    for item in project.items:
        yield from item.pictures
    for part in kept.values():
        for row in part.rows:
            yield from row.pictures
