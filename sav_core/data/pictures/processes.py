"""Strangers' pictures and archives, read in worker processes, so that none of them can stop or fill the program itself.

    read_in_processes()                     # once, by a program that serves others; the library reads in its own process

Size says nothing of what a file takes: 166 bytes can be a gigabyte. So each begins with little memory, and one that needs
more waits until it is the only such one. Together they never take more than ``DECODING_BYTES``.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sav_core.data.allowance import allowance
from sav_core.data.pictures.levels import Levels, Spread
from sav_core.data.workers.pool import Allotment, Answer, WorkerLostError, WorkerPool
from sav_core.errors import DatasetError, ImageError

__all__ = [
    "DECODING_BYTES",
    "FoundPicture",
    "ask",
    "found_picture",
    "in_processes",
    "read_in_processes",
    "read_pixels",
    "read_stranger",
]

_MOST = 4  # at once
_SECONDS, _CPU_SECONDS = (
    120.0,
    10,
)  # a picture of 64 megapixels takes two of computing; on the clock a busy machine takes longer
_LITTLE_BYTES, _MUCH_BYTES = 192 << 20, 1 << 30
LITTLE = Allotment(_LITTLE_BYTES, _SECONDS, _CPU_SECONDS)
MUCH = Allotment(_MUCH_BYTES, _SECONDS, _CPU_SECONDS)

DECODING_BYTES = (_MOST - 1) * _LITTLE_BYTES + _MUCH_BYTES
"""All that is being decoded takes together at most, beside some 60 MiB of each of the processes."""

_POOL = WorkerPool("sav_core.data.archives.worker", _MOST)
_use = threading.Event()


@dataclass(frozen=True, slots=True)
class FoundPicture:
    """What a worker found a picture to be; ``pixels`` of a small one."""

    size: tuple[int, int]
    digest: str
    pixels: bytes | None
    spread: Spread | None
    remarks: tuple[tuple[str, str], ...]


def read_in_processes(wanted: bool = True) -> None:
    """From now on read pictures and archives in processes that may be killed, or here again."""
    if wanted:
        _use.set()
    else:
        _use.clear()


def in_processes() -> bool:
    """Whether pictures and archives are read in processes that may be killed."""
    return _use.is_set()


def read_stranger(encoded: bytes, name: str, levels: Levels | None) -> FoundPicture:
    """Read a picture.

    Raises:
        ImageError: it cannot be read, or not within what one picture may take.
    """
    answer = ask({"do": "read", "name": name, "levels": _ranges(levels)}, name, encoded)
    return found_picture(answer.says, answer.parts)


def found_picture(says: Mapping[str, Any], pixels: Sequence[bytes]) -> FoundPicture:
    """What a worker says of a picture, and the pixels of a small one."""
    spread = says.get("spread")
    return FoundPicture(
        (says["size"][0], says["size"][1]),
        says["digest"],
        pixels[0] if pixels else None,
        None if spread is None else Spread(spread[0], tuple(spread[1])),
        tuple((kind, text) for kind, text in says["remarks"]),
    )


def read_pixels(encoded: bytes, name: str, levels: Levels | None) -> tuple[tuple[int, int], bytes]:
    """Return the size of a picture and its pixels in RGB.

    Raises:
        ImageError: it cannot be read, or not within what one picture may take.
    """
    answer = ask({"do": "pixels", "name": name, "levels": _ranges(levels)}, name, encoded)
    return (answer.says["size"][0], answer.says["size"][1]), answer.parts[0]


def ask(request: Mapping[str, Any], name: str, payload: bytes = b"") -> Answer:
    """Return what a worker answers, with little memory, or with much if little is not enough.

    Args:
        request: see ``archives.worker``.
        name: of the file, for messages.
        payload: the file, where it is not named by its path.

    Raises:
        ImageError, DatasetError, OSError: what the worker said.
        DatasetError: too many files of one reading took too long, or made their decoders stop.
    """
    for allotment in (LITTLE, MUCH):
        try:
            more = allotment is LITTLE
            answer = _POOL.ask({**request, "more": more}, allotment, payload, alone=not more)
        except WorkerLostError as lost:
            allowed = allowance()
            if allowed is not None:
                allowed.count_lost(name)
            why = "made its reader stop: it is damaged, so replace it."
            if lost.starved:
                why = f"was not read within {allotment.seconds:g} seconds: try again when the machine is less busy."
            elif lost.overdue:
                why = f"takes longer than {_CPU_SECONDS} seconds to read: make it smaller, or save it again."
            raise ImageError(f"{name!r} {why}") from lost
        fault = answer.says.get("fault")
        if fault is None:
            return answer
        if fault != "memory":
            raise _KINDS[fault](answer.says["text"])
    raise ImageError(f"{name!r} needs more than {_MUCH_BYTES >> 20:,} MiB to be read: make it smaller.")


_KINDS: dict[str, type[Exception]] = {"ImageError": ImageError, "DatasetError": DatasetError, "OSError": OSError}


def _ranges(levels: Levels | None) -> dict[str, tuple[float, float]] | None:
    return None if levels is None else levels.as_dict()
