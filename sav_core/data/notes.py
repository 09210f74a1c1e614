"""What a reading guessed, converted or left out, told once with how often and a few names.

noted([("profile", "Converted to sRGB ...", "a.jpg"), ("profile", "Converted to sRGB ...", "b.jpg")])
# (Note(kind="profile", text="Converted to sRGB ...", count=2, examples=("a.jpg", "b.jpg")),)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["Note", "merged", "noted"]

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that a reading did to several files or lines.

    Attributes:
        kind: a word or two to tell notes apart by, which stay the same.
        text: a sentence without its full stop.
        count: of how many files or lines it is so.
        examples: the names of the first of them.
    """

    kind: str
    text: str
    count: int = 1
    examples: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """All of it for people."""
        if not self.examples:
            return f"{self.text}."
        names = ", ".join(repr(name) for name in self.examples)
        return (
            f"{self.text}: {names}." if self.count <= len(self.examples) else f"{self.text}: {self.count}, such as {names}."
        )

    def as_dict(self) -> dict[str, Any]:
        """All of it for JSON."""
        return {"kind": self.kind, "text": self.text, "count": self.count, "examples": list(self.examples)}


def noted(remarks: Iterable[tuple[str, str, str]]) -> tuple[Note, ...]:
    """Put together what is said of many.

    Args:
        remarks: ``(kind, text, name)`` of a file or line each.
    """
    names: dict[tuple[str, str], list[str]] = {}
    for kind, text, name in remarks:
        names.setdefault((kind, text), []).append(name)
    return tuple(Note(kind, text, len(some), tuple(some[:_SHOWN])) for (kind, text), some in names.items())


def merged(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Put together what several readings of one set say alike."""
    found: dict[tuple[str, str], Note] = {}
    for note in notes:
        before = found.get((note.kind, note.text), Note(note.kind, note.text, 0))
        names = (*before.examples, *note.examples)[:_SHOWN]
        found[note.kind, note.text] = Note(note.kind, note.text, before.count + note.count, names)
    return tuple(found.values())
