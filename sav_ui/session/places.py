"""Where everything lies in a saved project's ZIP: under its label for people, by its content for browsers."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from urllib.parse import quote, unquote

from sav_core.data.clips.clip import Clip
from sav_core.data.formats import CLIP_SUFFIXES, HEAD_BYTES, look
from sav_core.data.pictures.picture import IMAGE_SUFFIXES, Picture, as_picture
from sav_ui.session.project import Project

__all__ = [
    "CLASSIFIER",
    "EXAMPLES",
    "WORK",
    "content_of",
    "label_places",
    "listing_of",
    "own_name",
    "piece_of",
    "piece_place",
]

EXAMPLES, CLASSIFIER, WORK = "examples.jsonl", "classifier.sav", "work.json"
_PNG = b"\x89PNG\r\n\x1a\n"
_MOVING = ("GIF", "WebP", "PNG")  # which may hold several frames
_PIECE = re.compile("images/[0-9a-f]{32}/(.*)", re.DOTALL)


def listing_of(name: str) -> str:
    """The file that lists a page's examples; by no ending that readers of the ZIP take for a list of examples."""
    return f"{name}.rows"


def label_places(project: Project) -> dict[str, tuple[str, ...]]:
    """Where each item's pictures go, by the item's identity; folders and files are numbered, so no two are one anywhere."""
    folders = {
        label.id: f"images/{number} {_safe(label.name)}".rstrip() for number, label in enumerate(project.labels, start=1)
    }
    counts: Counter[str] = Counter()
    places: dict[str, tuple[str, ...]] = {}
    for item in project.items:
        own = []
        for picture in item.pictures:
            counts[item.label] += 1
            own.append(f"{folders[item.label]}/{counts[item.label]:04d} {_picture_name(picture)}")
        places[item.id] = tuple(own)
    return places


def piece_of(picture: Picture) -> str:
    """What a browser knows a picture by."""
    return picture.digest[:32]


def piece_place(picture: Picture) -> str:
    """Where it lies by its content, with its whole name in signs that every ZIP takes."""
    return f"images/{piece_of(picture)}/{quote(picture.name, safe=' ()+,-=@') or 'picture'}"


def content_of(picture: Picture) -> bytes:
    """The file that brings it back as it is: the one that was given, or a still of a moving picture that counts as one."""
    moves = not isinstance(picture, Clip) and any(kind == "frames" for kind, _ in picture.remarks)
    seen = look(picture.encoded[:HEAD_BYTES], "") if moves else None
    return as_picture(picture.rgb()).encoded if seen is not None and seen.kind in _MOVING else picture.encoded


def own_name(picture: Picture) -> str:
    """What a picture was called that is named by its place: without its number where it lay under its label."""
    piece = _PIECE.fullmatch(picture.name)
    return unquote(piece[1])[-200:] if piece else re.sub(r"^\d{4,} ", "", Path(picture.name).name)


def _picture_name(picture: Picture) -> str:
    """The picture's own name, with an ending that says what is in it."""
    name = Path(picture.name)
    ending = ".png" if content_of(picture).startswith(_PNG) else name.suffix.lower()
    return f"{_safe(name.stem) or 'picture'}{ending if ending in IMAGE_SUFFIXES | CLIP_SUFFIXES else ''}"


def _safe(name: str) -> str:
    """A name that every file system takes."""
    return re.sub(r"[^\w+()-]+", " ", name).strip()[:60].strip()
