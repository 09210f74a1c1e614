"""How much one reading may bring: while an allowance is open, whatever this thread reads is counted against it.

    with open_allowance(Allowance(examples=3000, ..., take=room.take)):
        read_examples("pets.zip")           # refused as soon as it is too much, before anything too many is decoded

Counts come first: of files in an archive, lines of a list, pictures of an example. Bytes are counted as pictures come, and
the same file is decoded once, however often it is named. Without an allowance, as in the library, nothing is counted.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, TypeVar

from sav_core.errors import DatasetError, ImageError

__all__ = ["Allowance", "allowance", "open_allowance"]

T = TypeVar("T")

FILE_BYTES = 128 << 20
"""The longest list of examples, or file in an archive, that an allowance lets in: 3,000 pictures written out."""

LINE_BYTES = 16 << 20
"""The longest line of a list, which is parsed in one go; a list in JSON is one line."""

MOST_LOST = 8
"""Files of one reading that may each cost a decoder its life."""

_ELSEWHERE = "bring fewer, or use the command line (python -m sav_core)"


@dataclass(frozen=True, eq=False)
class Allowance:
    """What one reading may bring.

    Attributes:
        files: files and folders of one archive.
        examples: in all.
        labels: in all.
        pictures: of one example.
        characters: of one example's question.
        take: told of the bytes that each picture will hold, as they come; it raises `InputError` where there is no room.
        clip_bytes: of one clip's file.
        clip_seconds: from the first frame of a clip to its last.
    """

    files: int
    examples: int
    labels: int
    pictures: int
    characters: int
    take: Callable[[int], None]
    clip_bytes: int = FILE_BYTES
    clip_seconds: float = math.inf
    _read: dict[tuple[bytes, str], Future[Any]] = field(default_factory=dict, repr=False)
    _lost: list[str] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def check_files(self, count: int, name: str) -> None:
        """Refuse an archive, before it is read, that holds too many.

        Raises:
            DatasetError: it does.
        """
        if count > self.files:
            raise DatasetError(
                f"{name!r} holds {count:,} files and folders, and up to {self.files:,} are taken here: {_ELSEWHERE}."
            )

    def check_file(self, length: int, name: str) -> None:
        """Refuse a list of examples, or a file of an archive, that is too long to be read.

        Raises:
            DatasetError: it is.
        """
        if length > FILE_BYTES:
            raise DatasetError(
                f"{name!r} has {length >> 20:,} MiB, and files of up to {FILE_BYTES >> 20} MiB are read here: {_ELSEWHERE}."
            )

    def check_line(self, length: int, where: str) -> None:
        """Refuse a line of a list that is too long to be parsed.

        Raises:
            DatasetError: it is.
        """
        if length > LINE_BYTES:
            raise DatasetError(
                f"{where} has {length >> 20:,} MiB, and up to {LINE_BYTES >> 20} MiB are read in one go here: name the "
                "pictures, one example a line."
            )

    def check_examples(self, count: int, name: str, labels: Collection[str | None] = (), *, more: bool = False) -> None:
        """Refuse more examples, or labels, than may be; ``more`` if those that follow were not counted.

        Raises:
            DatasetError: there are more.
        """
        if count > self.examples:
            raise DatasetError(
                f"{name!r} holds {count:,} examples{' or more' * more}, and up to {self.examples:,} are taken here: "
                f"{_ELSEWHERE}."
            )
        if len(labels) > self.labels:
            raise DatasetError(
                f"{name!r} holds {len(labels):,} labels, and up to {self.labels:,} are taken here: {_ELSEWHERE}."
            )

    def check_example(self, pictures: int, question: str, where: str) -> None:
        """Refuse an example of more pictures, or a longer question, than one may have.

        Raises:
            DatasetError: it is one.
        """
        begins = f"{where}: one" if where else "One"
        if pictures > self.pictures:
            raise DatasetError(
                f"{begins} example has up to {self.pictures} pictures here, but this has {pictures:,}: leave some out."
            )
        if len(question) > self.characters:
            raise DatasetError(
                f"{begins} question has up to {self.characters:,} characters here, but this has {len(question):,}: "
                "shorten it."
            )

    def check_clip(self, name: str, *, length: int = 0, seconds: float = 0.0) -> None:
        """Refuse a clip whose file is too large, or that is too long.

        Raises:
            ImageError: it is.
        """
        if length > self.clip_bytes:
            raise ImageError(
                f"{name!r} has {-(-length >> 20):,} MiB, and clips of up to {self.clip_bytes >> 20:,} MiB are read here: "
                "shorten it, or make its frames smaller."
            )
        if seconds > self.clip_seconds:
            raise ImageError(
                f"{name!r} lasts {seconds:,.0f} seconds, and clips of up to {self.clip_seconds:,.0f} are read here: cut "
                "out what matters."
            )

    def count_lost(self, name: str) -> None:
        """Count a file that took too long, or made its decoder stop.

        Raises:
            DatasetError: there were so many that more would keep others waiting.
        """
        self._lost.append(name)
        if len(self._lost) > MOST_LOST:
            names = ", ".join(map(repr, self._lost[:3]))
            raise DatasetError(
                f"More than {MOST_LOST} of these files took too long to read, or made their reader stop, such as {names}: "
                "leave them out, or save them again."
            )

    def once(self, content: bytes, about: str, read: Callable[[], T], bytes_of: Callable[[T], int]) -> T:
        """Return ``read()``, called once for the same content; what it holds is taken from what there is room for.

        Raises:
            InputError: there is no room for it.
        """
        self.take(0)  # or those that wait would go on being read for nothing
        key = blake2b(content, digest_size=32).digest(), about
        with self._lock:
            first = key not in self._read
            reading: Future[T] = self._read.setdefault(key, Future())
        if first:
            try:
                found = read()
                self.take(bytes_of(found))
            except BaseException as error:
                reading.set_exception(error)
                raise
            reading.set_result(found)
        return reading.result()


_OPEN: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


def allowance() -> Allowance | None:
    """Return the allowance that is open in this thread, if one is."""
    return _OPEN.get()


@contextmanager
def open_allowance(allowed: Allowance) -> Iterator[None]:
    """Count what is read inside, in threads too that read for it.

    Raises:
        InputError: it is too much; by then nothing of it is kept.
    """
    token = _OPEN.set(allowed)
    try:
        yield
    finally:
        _OPEN.reset(token)
