"""A folder with a benchmark in it: its files read with errors that say what was expected and where to get it."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from sav_core.benchmarks.row import Benchmark
from sav_core.data.folders.sources import FolderSource, is_image, natural_order
from sav_core.data.formats import CLIP_SUFFIXES
from sav_core.errors import DatasetError

__all__ = ["Folder"]


class Folder:
    """Where the user keeps a benchmark's data.

    Attributes:
        root: the folder.
        benchmark: what should be in it.
        source: opens its images.
        missing: images that were looked for in vain.
    """

    def __init__(self, root: Path, benchmark: Benchmark) -> None:
        self.root = root
        self.benchmark = benchmark
        self.source = FolderSource(root)
        self.missing: list[str] = []

    def home(self, mark: str, *folders: str) -> str:
        """Return which of the folders holds a file or folder that all of the data set's layouts have; here if none does."""
        return next((folder for folder in ("", *folders) if (self.root / folder / mark).exists()), "")

    def require(self, *names: str) -> None:
        """Insist on files and folders (these end in a slash).

        Raises:
            DatasetError: some are missing; all of them are named.
        """
        missing = [n for n in names if not (self.root / n).is_dir() and (n.endswith("/") or not (self.root / n).is_file())]
        if missing:
            raise self.wrong(f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing")

    def wrong(self, what: str) -> DatasetError:
        """Return the error that tells what is wrong, the whole layout and where to get the data."""
        return DatasetError(
            f"{self.root} is not the layout of {self.benchmark.title}: {what}. Expected: "
            f"{'; '.join(self.benchmark.expects)}. Get it from {self.benchmark.url}"
        )

    def rows(self, name: str, columns: int) -> list[list[str]]:
        """Return a text file's lines as that many words, the last of which may hold spaces.

        Raises:
            DatasetError: a line has fewer.
        """
        rows = []
        for number, line in enumerate(self._text(name).splitlines(), start=1):
            if not line.strip() or line.startswith("#"):
                continue
            words = line.split(maxsplit=columns - 1)
            if len(words) < columns:
                raise self.wrong(f"line {number} of {name} should have {columns} columns, but is {line[:60]!r}")
            rows.append([word.strip() for word in words])
        return rows

    def records(self, name: str) -> list[dict[str, Any]]:
        """Return the objects of a JSON list, of a JSON object of objects, or of JSON lines, whatever the file's ending.

        Raises:
            DatasetError: it is none of these.
        """
        text = self._text(name)
        try:
            found = _lines(text) if name.endswith(".jsonl") else _whole_or_lines(text)
        except (ValueError, RecursionError) as error:
            raise self.wrong(f"{name} is not JSON ({error})") from error
        records = list(found.values()) if isinstance(found, dict) else found
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise self.wrong(f"{name} should hold a list of objects")
        return records

    def field(self, record: Mapping[str, Any], key: str, where: str) -> Any:
        """Return a record's field.

        Raises:
            DatasetError: it has none of that name.
        """
        if key not in record:
            raise self.wrong(f"{where} has no {key!r}, only {', '.join(map(repr, record))}")
        return record[key]

    def text(self, record: Mapping[str, Any], key: str, where: str) -> str:
        """Return a record's field that must be a text.

        Raises:
            DatasetError: it has none of that name, or it is something else.
        """
        value = self.field(record, key, where)
        if not isinstance(value, str):
            raise self.wrong(f"{where} should have a text under {key!r}, but has {str(value)[:40]}")
        return value

    def objects(self, record: Mapping[str, Any], key: str, where: str) -> list[Any]:
        """Return a record's field that must be a list.

        Raises:
            DatasetError: it has none of that name, or it is something else.
        """
        value = self.field(record, key, where)
        if not isinstance(value, list):
            raise self.wrong(f"{where} should have a list under {key!r}, but has {str(value)[:40]}")
        return value

    def images(self, folder: str) -> list[str]:
        """Return the names of a folder's own images in natural order, relative to the root."""
        names = (entry.name for entry in (self.root / folder).iterdir())
        return [posixpath.join(folder, name) for name in natural_order(filter(is_image, names)) if not name.startswith(".")]

    def folders(self, folder: str) -> list[str]:
        """Return the names of a folder's folders in natural order."""
        found = (e.name for e in (self.root / folder).iterdir() if e.is_dir() and not e.name.startswith("."))
        return natural_order(found)

    def there(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the images at exactly these places, or nothing, remembering what is missing."""
        wanted = tuple(names)
        gone = [name for name in wanted if not (self.root / name).is_file()]
        self.missing += gone
        return () if gone else wanted

    def find(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the images that files written on another machine name, or nothing, remembering what is missing.

        An image or a clip is found at its path as written; else it is the one in this folder whose path ends most like it,
        of several with its name one in a folder of its folder's name.
        """
        wanted = tuple(names)
        found = [self._found(name) for name in wanted]
        self.missing += [name for name, place in zip(wanted, found, strict=True) if place is None]
        return () if None in found else tuple(place for place in found if place is not None)

    def _found(self, name: str) -> str | None:
        if (self.root / name).is_file():
            return name
        parts = name.replace("\\", "/").split("/")
        alike = self._by_name.get(parts[-1], ())
        best = max(alike, key=lambda place: _common_end(place.split("/"), parts), default=None)
        lost = best is not None and len(alike) > 1 and len(parts) > 1 and _common_end(best.split("/"), parts) < 2
        return None if lost else best

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        places: dict[str, list[str]] = {}
        for place in natural_order(filter(_is_shown, self.source.names)):
            places.setdefault(posixpath.basename(place), []).append(place)
        return places

    def _text(self, name: str) -> str:
        self.require(name)
        try:
            return (self.root / name).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise self.wrong(f"{name} cannot be read ({error})") from error


def _is_shown(name: str) -> bool:
    return is_image(name) or posixpath.splitext(name)[1].lower() in CLIP_SUFFIXES


def _whole_or_lines(text: str) -> Any:
    """One JSON value, or, where another follows the first, one on each line: some lists of lines are named ``.json``."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if not error.msg.startswith("Extra data"):
            raise
        return _lines(text)


def _lines(text: str) -> list[Any]:
    found = []
    for number, line in enumerate(text.split("\n"), start=1):  # not splitlines, which breaks JSON text at U+2028
        try:
            found += [json.loads(line)] if line.strip() else []
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
    return found


def _common_end(one: list[str], other: list[str]) -> int:
    count = 0
    for left, right in zip(reversed(one), reversed(other), strict=False):
        if left != right:
            break
        count += 1
    return count
