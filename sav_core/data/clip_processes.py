"""Asks worker processes for the frames of clips, and survives what becomes of them."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sav_core.data.clip_sampling import ClipSampling
from sav_core.errors import ImageError

__all__ = ["MEMORY_BYTES", "SECONDS", "Decoded", "decode_clip"]

MEMORY_BYTES = 3 << 30
"""Of addresses that one worker may take; 8K needs about two thirds of it."""

SECONDS = 60.0
"""How long one clip may take."""

_MODULE = "sav_core.data.clip_worker"


@dataclass(frozen=True, slots=True)
class Decoded:
    """The frames of one clip: their pixels in RGB, ``(width, height)``, times in seconds, and what was converted."""

    frames: tuple[bytes, ...]
    size: tuple[int, int]
    times: tuple[float, ...]
    remarks: tuple[tuple[str, str], ...]


def decode_clip(path: str, container: str, sampling: ClipSampling, name: str, *, seconds: float = SECONDS) -> Decoded:
    """Return the frames of a clip that a sampling asks for.

    Args:
        path: of the file.
        container: what FFmpeg calls its format; empty for an animated picture.
        sampling: which frames.
        name: what to call the clip in messages.
        seconds: how long it may take.

    Raises:
        ImageError: it cannot be read; the message says why.
    """
    request = {"path": os.fspath(Path(path).absolute()), "container": container, "sampling": sampling.as_dict()}
    worker, answer = _answered(request, seconds)
    if answer is None and worker.retired:  # of itself, for it had long been idle
        worker, answer = _answered(request, seconds)
    if answer is None:
        slow = f"takes longer than {seconds:.0f} seconds to decode: shorten it or make it smaller."
        raise ImageError(f"{name!r} {slow if worker.overdue else 'made the decoder stop: it is damaged, so replace it.'}")
    if isinstance(answer, str):
        raise ImageError(f"{name!r} {answer}")
    return answer


def _answered(request: dict[str, Any], seconds: float) -> tuple[_Worker, Decoded | str | None]:
    worker = _POOL.take()
    answer = worker.ask(request, seconds)
    if answer is None:
        worker.stop()
    else:
        _POOL.give_back(worker)
    return worker, answer


class _Worker:
    """One process; it answers one request after the other."""

    def __init__(self) -> None:
        home = str(Path(__file__).resolve().parents[2])
        paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(  # noqa: S603  # this program itself
            [sys.executable, "-m", _MODULE, str(MEMORY_BYTES)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
        self.overdue = False

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def retired(self) -> bool:
        """Whether it has ended without a fault."""
        return self._process.returncode == 0

    def ask(self, request: dict[str, Any], seconds: float) -> Decoded | str | None:
        """Return the frames, or the end of a sentence why there are none; ``None`` where the process ended over it."""
        guard = threading.Timer(seconds, self._give_up)
        guard.daemon = True
        guard.start()
        try:
            return self._ask(request)
        except (OSError, ValueError):  # the pipe broke, or what came is no answer
            return None
        finally:
            guard.cancel()

    def stop(self) -> None:
        """End the process and let go of all that is its."""
        if self.alive:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # bytes that it no longer takes
                    continue

    def _ask(self, request: dict[str, Any]) -> Decoded | str | None:
        into, out = self._process.stdin, self._process.stdout
        if into is None or out is None:
            return None
        into.write(json.dumps(request).encode() + b"\n")
        into.flush()
        line = out.readline()
        if not line:
            return None
        header = json.loads(line)
        if "fault" in header:
            return str(header["fault"])
        width, height = header["size"]
        frames = tuple(out.read(width * height * 3) for _ in header["times"])
        if any(len(frame) != width * height * 3 for frame in frames):
            return None
        return Decoded(frames, (width, height), tuple(header["times"]), tuple((k, t) for k, t in header["remarks"]))

    def _give_up(self) -> None:
        self.overdue = True
        self._process.kill()


class _Pool:
    """Workers that wait for the next request; as many as there ever were requests at once."""

    def __init__(self) -> None:
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()

    def take(self) -> _Worker:
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.alive:
                    return worker
                worker.stop()
        return _Worker()

    def give_back(self, worker: _Worker) -> None:
        with self._lock:
            self._idle.append(worker)

    def close(self) -> None:
        with self._lock:
            for worker in self._idle:
                worker.stop()
            self._idle.clear()


_POOL = _Pool()
atexit.register(_POOL.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_POOL._idle.clear)  # a fork must not share its parent's pipes
