"""Pictures that by their names are masks or maps of other pictures in the same folder: read as pictures, and said.

note_masks(["cat/1.png", "cat/1_mask.png", "cat/2.png"])     # (Note("masks", ..., 1, ("cat/1_mask.png",)),)
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from sav_core.data.notes import Note

__all__ = ["note_masks"]

_WORD = "masks?|seg|segmentation|ground[ _-]?truth|gt|annot(?:ation)?s?|contours?|heatmap|depth|overlay|matte|alpha|trimap"
_AFTER = re.compile(rf"(?P<of>.+?)[ _.-]*[ _.-](?:{_WORD})(?:[ _-]?\d{{1,3}})?", re.IGNORECASE)
_BEFORE = re.compile(rf"(?:{_WORD})[ _.-]+(?P<of>.+)", re.IGNORECASE)


def note_masks(names: Sequence[str]) -> tuple[Note, ...]:
    """Say which of the pictures are called masks of others; nothing where none is."""
    stems = {posixpath.splitext(name)[0] for name in names}
    found = [name for name in names if _is_of_another(posixpath.splitext(name)[0], stems)]
    text = (
        "Pictures that are called masks or maps of others count as pictures of their label; take them out if they are none"
    )
    return (Note("masks", text, len(found), tuple(found[:3])),) if found else ()


def _is_of_another(stem: str, stems: set[str]) -> bool:
    folder, called = posixpath.split(stem)
    matches = (pattern.fullmatch(called) for pattern in (_AFTER, _BEFORE))
    return any(posixpath.join(folder, match["of"]) in stems for match in matches if match)
