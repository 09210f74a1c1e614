"""What a line says that is not read: told where it may be what the line is about.

unread(record, {"image", "label"})      # ["'caption' is not read, for no key of a question is called so"]
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from sav_core.data.folders.sources import natural_order
from sav_core.data.lists.keys import LABELS, QUESTIONS, VIDEOS, named, names_picture, picture_keys, plain
from sav_core.data.notes import Note
from sav_core.data.places import is_address, is_inline

__all__ = ["read_together", "short_texts", "texts_beside", "unread"]

_LABELS = tuple(
    key for key in LABELS if key not in ("category", "category_name", "class", "target")
)  # these group lines too
_FEW_WORDS = 3  # from so many on a text may be what the model should be asked; below, it is an id, a date, a name
_NUMBERING = {"id", "ids", "uid", "uuid", "index", "hash", "time", "at", "date"}
_CHOICES = {"choices", "options", "candidates", "multiple_choice_options"}
_PARTS = {"split", "subset", "partition", "phase", "usage", "fold", "set", "ml_use", "is_valid", "is_train", "is_test"}
_KEYS = 5  # named in one note
_FEW_LETTERS = 8  # of a script that does not part its words


def unread(record: Mapping[str, Any], read: Set[str]) -> list[str]:
    """Say what of a line is not read though it names a picture, a label or a question, or may be one.

    Args:
        record: the line.
        read: its keys that were.
    """
    told: dict[str, str] = {}
    for keys, what in ((QUESTIONS, "is the question"), (_LABELS, "is the label")):
        first, *others = named(record, keys) or (None,)
        if first is not None and first.key in read:
            told |= {other.key: f"for {first.key!r} {what}" for other in others if str(other.value) != str(first.value)}
    if pictures := [key for key in picture_keys(record) if key in read]:
        known = {_file(path) for key in pictures for path in _texts(record[key])}
        told |= dict.fromkeys(_pictures(record, read, known), f"for {pictures[0]!r} names the pictures")
    told |= dict.fromkeys(_choices(record, read), "though the label names one of them: write them into the question")
    told |= {key: "for no question or label is called so" for key in _texts_in(record, read) if key not in told}
    return [f"{key!r} is not read, {why}" for key, why in told.items()]


def texts_beside(record: Mapping[str, Any], read: Set[str]) -> dict[str, str]:
    """The texts of a line that are not read, however short, but for what only numbers it."""
    beside = ((key, " ".join(_texts(value))) for key, value in record.items() if key not in read)
    return {key: text for key, text in beside if text and plain(key).split("_")[-1] not in _NUMBERING}


def read_together(beside: Sequence[Mapping[str, str]]) -> tuple[Note, ...]:
    """Say that lines are of several parts of a set, as a column ``split`` with train and test has it, and all are read.

    Args:
        beside: of each line, what ``texts_beside`` found.
    """
    for key in dict.fromkeys(key for texts in beside for key in texts if plain(key) in _PARTS):
        parts = Counter(texts[key] for texts in beside if key in texts)
        if len(parts) > 1:
            text = f"All parts that {key!r} names are read together; give a list of one part to learn from that alone"
            return (Note("parts", text, parts.total(), tuple(natural_order(parts)[:3])),)
    return ()


def short_texts(beside: Sequence[Mapping[str, str]], told: Iterable[str]) -> tuple[Note, ...]:
    """Say once under which keys texts of a word or two stand that are not read; longer ones are told key by key.

    Args:
        beside: of each line, what ``texts_beside`` found.
        told: what is said of keys already.
    """
    told = set(told)
    lines: dict[str, int] = {}
    for texts in beside:
        short = (key for key, text in texts.items() if plain(key) not in _PARTS and _says_little(text))
        for key in short:
            lines[key] = lines.get(key, 0) + 1
    lines = {key: count for key, count in lines.items() if not any(text.startswith(f"{key!r} is not") for text in told)}
    if not lines:
        return ()
    keys = sorted(lines, key=lambda key: -lines[key])
    shown = ", ".join(map(repr, keys[:_KEYS])) + (f" and {len(keys) - _KEYS} other keys" if len(keys) > _KEYS else "")
    return (Note("short texts", f"Short texts under {shown} are not read", max(lines.values())),)


def _says_little(text: str) -> bool:
    """A word or two in letters, no number, date, file or address."""
    words = any(c.isalpha() for c in text) and not re.search(r"\.\w{2,5}$", text.strip())
    return words and not is_address(text) and not is_inline(text) and not _says_much([text])


def _choices(record: Mapping[str, Any], read: Set[str]) -> list[str]:
    """Keys of what may be answered, where the label says which by a letter or a number."""
    label = next((str(each.value).strip() for each in named(record, LABELS) if each.key in read), "")
    if not re.fullmatch("[A-Ja-j]|[0-9]", label):
        return []
    columns = [key for key in record if re.fullmatch("[A-Ja-j]", key) and key not in read]
    lists = [key for key in record if plain(key) in _CHOICES and key not in read and any(_texts(record[key]))]
    return lists or (columns if label.lower() in map(str.lower, columns) else [])


def _texts_in(record: Mapping[str, Any], read: Set[str]) -> list[str]:
    """Keys of texts, or of several, that no table of keys has."""
    texts = ((key, list(_texts(value))) for key, value in record.items() if key not in read)
    return [key for key, found in texts if plain(key) not in {*QUESTIONS, *LABELS} and _says_much(found)]


def _pictures(record: Mapping[str, Any], read: Set[str], known: Set[str]) -> Iterator[str]:
    """Keys of further pictures and videos; not those of other places of the same ones, as ``coco_url`` is."""
    for key, value in record.items():
        paths = [] if key in read else list(_texts(value))
        named_so = plain(key) in VIDEOS or all(map(names_picture, paths))
        if paths and named_so and any(_file(path) not in known and not is_address(path) for path in paths):
            yield key


def _texts(value: Any) -> Iterator[str]:
    """All texts in a value, however deep."""
    if isinstance(value, str):
        if value.strip():
            yield value
    elif isinstance(value, (list, dict)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def _says_much(texts: list[str]) -> bool:
    if not texts or all(names_picture(text) or is_inline(text) for text in texts):
        return False
    words = " ".join(texts)
    return len(words.split()) >= _FEW_WORDS or len(texts) > 1 or (len(words) >= _FEW_LETTERS and not words.isascii())


def _file(path: str) -> str:
    return posixpath.basename(path.replace("\\", "/")).lower()
