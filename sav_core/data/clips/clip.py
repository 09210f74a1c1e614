"""A clip from a file or from bytes: a few frames of a video, or of an animated picture, as one immutable value.

    clip = open_clip("cat.mp4", ClipSampling(frames=8))
    clip.times, clip.size, clip.digest      # seconds, (width, height) upright, SHA-256 of frames and sampling
    clip.frames()                           # eight pictures, decoded anew where they are no longer held

Frames are decoded in a process of its own, see ``clips.worker``. A clip remembers where they come from rather than the
frames, so that a thousand clips fit into memory; the frames of those that were looked at last are held.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

from cachetools import LRUCache
from PIL import Image

from sav_core.data.allowance import allowance
from sav_core.data.clips.processes import Decoded, decode_clip
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.formats import CLIP_NAMES, HEAD_BYTES, clip_container, look
from sav_core.data.pictures.picture import Picture, PictureLike, as_picture
from sav_core.errors import ImageError, StorageError

__all__ = ["Clip", "Origin", "as_picture_or_clip", "open_clip", "read_clip"]

_ANIMATED = ("GIF", "WebP", "PNG")


class _Held(LRUCache[str, Decoded]):
    """Frames by the clip's digest, as many as fit."""


_HELD = _Held(256 << 20, getsizeof=lambda decoded: sum(map(len, decoded.frames)))
_HELD_LOCK = Lock()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a clip's frames come from.

    Attributes:
        path: of the file; empty where the bytes are held.
        version: size and time of change of the file when it was read.
        encoded: the bytes of a file that lay in an archive.
        container: what FFmpeg calls the format; empty for an animated picture.
    """

    path: str
    version: tuple[int, int] | None
    encoded: bytes | None = field(repr=False)
    container: str

    def decode(self, sampling: ClipSampling, name: str) -> Decoded:
        """Return the frames of a sampling.

        Raises:
            ImageError: they cannot be read, or the file has changed since it was opened.
            StorageError: there is no room for a copy of what lay in an archive.
        """
        if self.encoded is None:
            if self.version != _version(self.path):
                raise ImageError(f"{name!r} has changed since it was read: read it again.")
            return decode_clip(self.path, self.container, sampling, name)
        try:
            with tempfile.TemporaryDirectory(prefix="sav-clip-") as folder:
                path = Path(folder) / "clip"
                path.write_bytes(self.encoded)
                return decode_clip(str(path), self.container, sampling, name)
        except OSError as error:
            raise StorageError(
                f"{name!r} needs room for a copy while it is decoded ({error.strerror or error}): free some space."
            ) from error


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Clip(Picture):
    """A picture that moves: sampled frames. Whoever shows only a still shows its middle frame.

    Attributes:
        times: when each frame is shown, in seconds after the first.
        sampling: how they were chosen.
        origin: where they come from.
    """

    times: tuple[float, ...] = ()
    sampling: ClipSampling = field(default_factory=ClipSampling)
    origin: Origin = field(default_factory=lambda: Origin("", None, b"", ""))

    def __repr__(self) -> str:
        return f"Clip({self.name!r}, {len(self.times)} frames of {self.size[0]} x {self.size[1]})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Clip):
            return False
        return (other.digest, other.sampling.way) == (self.digest, self.sampling.way)

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def encoded(self) -> bytes:
        """The file."""
        return Path(self.origin.path).read_bytes() if self.origin.encoded is None else self.origin.encoded

    @property
    def held_bytes(self) -> int:
        """How much memory it takes; frames that are held for all clips together are not counted."""
        return len(self.origin.encoded or b"")

    @property
    def buffers(self) -> dict[int, int]:
        """The bytes of the file where these are held, by their identity."""
        held = self.origin.encoded
        return {} if held is None else {id(held): len(held)}

    def frames(self, *, to_show: bool = False) -> tuple[Picture, ...]:
        """Return its frames as pictures, in their order.

        Args:
            to_show: whether they are only shown to a model: their digest is the clip's with their number then, which costs
                nothing, and not that of their pixels.

        Raises:
            ImageError: the file is gone, or has changed since it was read.
        """
        decoded = self._decoded()
        return tuple(
            Picture(
                f"{self.name} at {time:.2f} s",
                decoded.size,
                f"{self.digest}:{number}" if to_show else _still_digest(decoded.size, pixels),
                pixels,
                None,
            )
            for number, (time, pixels) in enumerate(zip(self.times, decoded.frames, strict=True))
        )

    def rgb(self) -> Image.Image:
        """Return the middle frame as a PIL image of mode ``RGB``, a new one at every call."""
        decoded = self._decoded()
        return Image.frombytes("RGB", decoded.size, decoded.frames[len(self.times) // 2])

    def resampled(self, sampling: ClipSampling) -> Clip:
        """Return other frames of the same file; itself where the sampling is the same.

        Raises:
            ImageError: the file is gone, or has changed since it was read.
        """
        if sampling.alike(self.sampling):
            return self if sampling.way == self.sampling.way else replace(self, sampling=sampling)
        return _clip(self.origin, sampling, self.name)

    def _decoded(self) -> Decoded:
        with _HELD_LOCK:
            decoded = _HELD.get(self.digest)
        if decoded is None:
            decoded = self.origin.decode(self.sampling, self.name)
            if _digest(decoded, self.sampling) != self.digest:
                raise ImageError(f"{self.name!r} has changed since it was read: read it again.")
            _hold(self.digest, decoded)
        return decoded


def open_clip(path: str | os.PathLike[str], sampling: ClipSampling | None = None, name: str | None = None) -> Clip:
    """Open a video file, or an animated picture.

    Args:
        path: of the file.
        sampling: which frames; eight unless given.
        name: what to call it in messages; the file's name unless given.

    Raises:
        ImageError: it cannot be read, in one sentence.
    """
    file = Path(path)
    shown = name or file.name
    try:
        if not file.is_file():  # a pipe could block for ever
            raise ImageError(f"There is no video file {shown!r}: check the path.")
        with file.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError as error:
        raise ImageError(f"{shown!r} cannot be read ({error.strerror or error}): check its permissions.") from error
    origin = Origin(str(file), _version(str(file)), None, _container(head, shown))
    return _clip(origin, sampling or ClipSampling(), shown)


def read_clip(encoded: bytes, sampling: ClipSampling | None = None, name: str = "clip") -> Clip:
    """Open the bytes of a video file, or of an animated picture.

    An allowance that is open says how large and how long it may be, and counts it.

    Raises:
        ImageError: it cannot be read, in one sentence.
    """
    origin = Origin("", None, encoded, _container(encoded[:HEAD_BYTES], name))
    chosen, allowed = sampling or ClipSampling(), allowance()
    if allowed is None:
        return _clip(origin, chosen, name)
    allowed.check_clip(name, length=len(encoded))
    clip = allowed.once(encoded, f"{chosen}", lambda: _clip(origin, chosen, name), lambda clip: clip.held_bytes)
    allowed.check_clip(name, seconds=clip.times[-1])
    return clip if clip.name == name else replace(clip, name=name)


def as_picture_or_clip(source: PictureLike, sampling: ClipSampling | None = None) -> Picture:
    """Open a picture, or a clip where a path or bytes hold a video.

    Raises:
        ImageError: it cannot be read; the message says why.
    """
    if isinstance(source, (str, os.PathLike)):
        file = Path(source)
        try:
            moves = file.is_file() and _is_video(file)
        except (OSError, ValueError):  # which is told as of a picture
            moves = False
        return open_clip(file, sampling) if moves else as_picture(source)
    if isinstance(source, bytes) and clip_container(source[:HEAD_BYTES]):
        return read_clip(source, sampling)
    return as_picture(source)


def _is_video(file: Path) -> bool:
    with file.open("rb") as stream:
        return bool(clip_container(stream.read(HEAD_BYTES)))


def _container(head: bytes, name: str) -> str:
    """FFmpeg's name of the format; empty where the file is a picture that may be animated."""
    container = clip_container(head)
    if container:
        return container
    if not head:
        raise ImageError(f"{name!r} is empty: a video was expected, so copy or download it again.")
    seen = look(head, "")
    if seen is not None and seen.kind in _ANIMATED:
        return ""
    instead = f"but {seen.kind}" if seen is not None and not seen.read else "by what it begins with"
    raise ImageError(f"{name!r} is not {CLIP_NAMES} {instead}: convert it to MP4.")


def _clip(origin: Origin, sampling: ClipSampling, name: str) -> Clip:
    decoded = origin.decode(sampling, name)
    digest = _digest(decoded, sampling)
    _hold(digest, decoded)
    return Clip(
        name, decoded.size, digest, None, None, None, None, decoded.remarks, decoded.times, sampling, origin
    )  # fmt: skip


def _still_digest(size: tuple[int, int], pixels: bytes) -> str:
    """The digest that a frame has as a picture in any file."""
    digest = hashlib.sha256(b"%dx%d:" % size)
    digest.update(pixels)
    return digest.hexdigest()


def _digest(decoded: Decoded, sampling: ClipSampling) -> str:
    digest = hashlib.sha256(f"clip:{sampling.frames}:{sampling.per_second}:{decoded.size}".encode())
    for time, frame in zip(decoded.times, decoded.frames, strict=True):
        digest.update(f":{time:.3f}:".encode())
        digest.update(frame)
    return digest.hexdigest()


def _hold(digest: str, decoded: Decoded) -> None:
    with _HELD_LOCK:
        if _HELD.getsizeof(decoded) <= _HELD.maxsize:
            _HELD[digest] = decoded


def _version(path: str) -> tuple[int, int] | None:
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
