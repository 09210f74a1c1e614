"""Head vectors on disk, so that no image is ever shown to the same model twice.

One small checksummed file for each example, named by its key, in 256 folders. Files appear whole (see ``files``), so any
number of processes may share a cache without locks: at worst two compute the same vector. A file's modification time is
when it was last used; when the cache has grown past its limit, the least recently used go until a tenth of it is free.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load, save

from sav_core.errors import StorageError
from sav_core.files import write_atomically
from sav_core.settings import settings

__all__ = ["VectorCache", "default_cache"]

_FREED = 0.1  # share of the limit to free at once, so that a full cache is not scanned for every new file
_SUFFIX = ".vector"  # after its checksum, safetensors
_AHEAD_SECONDS = 60.0  # what was used later than this from now, was so by a clock that has been set back since
_DIGEST = 16  # bytes of checksum: a disk that errs must not classify


class VectorCache:
    """A folder of head vectors that never grows past ``limit_bytes`` for long.

    Args:
        folder: made when the first vector is put.
        limit_bytes: size in bytes at which the least recently used vectors are removed.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes
        self._size: int | None = None  # as of the last scan plus what was written since; other processes' share drifts
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"VectorCache({str(self.folder)!r}, limit {self.limit_bytes / (1 << 30):.2g} GiB)"

    def __sklearn_clone__(self) -> VectorCache:
        """Return itself: estimators share one cache, as they share the folder."""
        return self

    def get(self, key: str) -> npt.NDArray[np.float32] | None:
        """Return the vector ``float32 (layer, head, dim)`` of that key, or ``None`` when it must be computed.

        A damaged file counts as absent and is removed.
        """
        path = self._path(key)
        try:
            content = path.read_bytes()
        except OSError:
            return None  # never put, evicted meanwhile, or unreadable: in each case computing it is the answer
        vector = _unpacked(content)
        with contextlib.suppress(OSError, StorageError):  # a folder that may only be read is still good to read
            if vector is None:
                self._remove(path)
            else:
                os.utime(path)
        return vector

    def put(self, key: str, vector: npt.NDArray[np.float32]) -> None:
        """Keep a vector ``float32 (layer, head, dim)`` under that key.

        Raises:
            StorageError: the disk refuses.
        """
        content = _packed(vector)
        write_atomically(self._path(key), content)
        with self._lock:
            self._size = self._scan_size() if self._size is None else self._size + len(content)
            if self._size > self.limit_bytes:
                self._evict()

    def clear(self) -> None:
        """Remove every vector."""
        with self._lock:
            for path in self._files():
                self._remove(path)
            self._size = 0

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}{_SUFFIX}"

    def _files(self) -> list[Path]:
        return list(self.folder.glob(f"??/*{_SUFFIX}"))

    def _scan_size(self) -> int:
        return sum(size for _, size, _ in self._by_age())

    def _by_age(self) -> list[tuple[float, int, Path]]:
        """Last use, size and path of every file, oldest first."""
        found, latest = [], time.time() + _AHEAD_SECONDS
        for path in self._files():
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # another process evicted it between the listing and here
            used = status.st_mtime if status.st_mtime <= latest else 0.0  # before the clock was set back
            found.append((used, status.st_size, path))
        return sorted(found)

    def _evict(self) -> None:
        files = self._by_age()
        size = sum(each for _, each, _ in files)
        for _, each, path in files:
            if size <= self.limit_bytes * (1 - _FREED):
                break
            self._remove(path)
            size -= each
        self._size = size

    @staticmethod
    def _remove(path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"Cannot remove {path} from the cache ({error.strerror}): check its permissions.") from error


def _packed(vector: npt.NDArray[np.float32]) -> bytes:
    """A file's content: its checksum, then the vector."""
    content: bytes = save({"vector": np.ascontiguousarray(vector, dtype=np.float32)})
    return hashlib.blake2b(content, digest_size=_DIGEST).digest() + content


def _unpacked(content: bytes) -> npt.NDArray[np.float32] | None:
    """The vector in a file's content; ``None`` if not every bit of it is as it was written."""
    digest, content = content[:_DIGEST], content[_DIGEST:]
    if hashlib.blake2b(content, digest_size=_DIGEST).digest() != digest:
        return None
    vector: npt.NDArray[np.float32] = load(content)["vector"]
    return vector


@cache
def default_cache() -> VectorCache:
    """Return the cache in the user's cache folder, limited as the settings say."""
    return VectorCache(settings().cache_dir / "vectors", settings().cache_bytes)
