"""Reads strangers' pictures and archives in a process of its own; see ``pictures.processes``."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sav_core.data.archives.archive import Archive
from sav_core.data.pictures.decoding import decode_whole
from sav_core.data.pictures.jpeg_head import count_scans
from sav_core.data.pictures.levels import Levels
from sav_core.data.pictures.picture import read_picture
from sav_core.data.workers.loop import Request, Said, serve
from sav_core.errors import DatasetError, ImageError

__all__ = ["answer"]

_MOST_SCANS = 100
_MOST_ARCHIVES = 4  # whose tables of contents are kept

_MOST_KNOWN = 4  # pictures: of an archive that has one again and again
_known: OrderedDict[bytes, Said] = OrderedDict()
_archives: OrderedDict[tuple[str, int, int], Archive] = OrderedDict()


def answer(request: Request, payload: bytes) -> Said:
    """Return what was asked for: a picture, its pixels, or something of an archive; else what was wrong, and what kind."""
    try:
        return _DO[request["do"]](request, payload)
    except (ImageError, DatasetError, OSError) as error:
        # Where a library of C lacks memory, it may call the file damaged: with more it says what is so.
        if _lacks_memory(error) or (request["more"] and error.__cause__ is not None):
            return {"fault": "memory"}, []
        kind = "OSError" if isinstance(error, OSError) else type(error).__name__
        return {"fault": kind, "text": str(error)}, []
    except MemoryError:
        return {"fault": "memory"}, []


def _lacks_memory(error: BaseException) -> bool:
    cause = error.__cause__
    return isinstance(cause, MemoryError) or (cause is not None and _lacks_memory(cause))


def _picture(request: Request, payload: bytes) -> Said:
    """A picture of an archive: the file, and what ``_read`` says of it."""
    encoded = _archive(request["path"]).read(request["entry"], request["most"])
    key = blake2b(encoded).digest()
    if key not in _known:
        _known[key] = _read(request, encoded)
    _known.move_to_end(key)
    while len(_known) > _MOST_KNOWN:
        _known.popitem(last=False)
    says, pixels = _known[key]
    return says, [encoded, *pixels]


def _read(request: Request, payload: bytes) -> Said:
    """A picture with what is known of it; its pixels if it is a small one."""
    _check_scans(request["name"], payload)
    found = read_picture(payload, request["name"], _levels(request))
    says: dict[str, Any] = {"size": found.size, "digest": found.digest, "remarks": found.remarks}
    if found.spread is not None:
        says["spread"] = [found.spread.kind, found.spread.quantiles]
    return says, [] if found.pixels is None else [found.pixels]


def _pixels(request: Request, payload: bytes) -> Said:
    rgb = decode_whole(payload, request["name"], _levels(request)).rgb
    return {"size": rgb.size}, [rgb.tobytes()]


def _names(request: Request, payload: bytes) -> Said:
    archive = _archive(request["path"])
    notes = [[note.kind, note.text, note.count, note.examples] for note in archive.notes]
    return {"names": archive.names, "notes": notes}, []


def _entry(request: Request, payload: bytes) -> Said:
    return {}, [_archive(request["path"]).read(request["entry"], request["most"])]


def _head(request: Request, payload: bytes) -> Said:
    return {}, [_archive(request["path"]).head(request["entry"], request["most"])]


_DO = {"read": _read, "pixels": _pixels, "names": _names, "entry": _entry, "head": _head, "picture": _picture}


def _archive(path: str) -> Archive:
    status = Path(path).stat()
    key = path, status.st_size, status.st_mtime_ns
    if key not in _archives:
        _archives[key] = Archive(path)
    _archives.move_to_end(key)
    while len(_archives) > _MOST_ARCHIVES:
        _archives.popitem(last=False)[1].close()
    return _archives[key]


def _levels(request: Request) -> Levels | None:
    ranges = request.get("levels")
    return None if ranges is None else Levels.from_dict({kind: (black, white) for kind, (black, white) in ranges.items()})


def _check_scans(name: str, encoded: bytes) -> None:
    """Refuse a JPEG that is to be gone over again and again, which takes minutes."""
    scans = count_scans(encoded) if encoded.startswith(b"\xff\xd8") else 0
    if scans > _MOST_SCANS:
        raise ImageError(f"{name!r} is a JPEG of {scans:,} scans, and up to {_MOST_SCANS} are read here: save it again.")


if __name__ == "__main__":
    serve(answer)
