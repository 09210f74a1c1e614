"""Processes that read what strangers made, one request after another: what crashes, hangs or eats memory there is killed.

    pool = WorkerPool("sav_core.data.clips.worker", most=4)
    answer = pool.ask({"path": "cat.mp4"}, Allotment(memory_bytes=3 << 30, seconds=60, cpu_seconds=60))

A worker is this Python, started anew as ``python -m MODULE``, so that the caller's own program is not run again and needs
no ``__main__`` guard; the module is written with ``workers.loop``. Requests and answers are one line of JSON each with
bytes behind it, on pipes. A worker stays for the next request, and ends when nobody asks any more.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakSet

from sav_core.data.workers.deadlines import Deadlines
from sav_core.data.workers.fair_line import FairLine

__all__ = ["Allotment", "Answer", "WorkerLostError", "WorkerPool"]

_PIPE_BYTES = 1 << 20  # the system's own 64 KiB would wake both ends fifteen times for one small picture
_POOLS: WeakSet[WorkerPool] = WeakSet()
_deadlines = Deadlines()


@dataclass(frozen=True, slots=True)
class Allotment:
    """What one request may take.

    Attributes:
        memory_bytes: above what the worker takes at rest; without a limit by ``None``.
        seconds: on the clock, waiting for a worker not counted.
        cpu_seconds: of computing; without a limit by ``None``.
    """

    memory_bytes: int | None
    seconds: float
    cpu_seconds: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker answers: what it says, and the bytes that it sends behind it, in parts."""

    says: Mapping[str, Any]
    parts: tuple[bytes, ...] = ()


class WorkerLostError(Exception):
    """The worker is gone over a request.

    Attributes:
        overdue: whether it was killed for the time it took.
        starved: whether that was by the clock, before it had computed as much as it may: it hung, or the machine was busy.
    """

    def __init__(self, *, overdue: bool, starved: bool = False) -> None:
        super().__init__("took too long" if overdue else "ended")
        self.overdue, self.starved = overdue, starved


class WorkerPool:
    """Workers of one module, which wait for requests; the caller waits while as many as there may be are at work.

    Args:
        module: that is run, see ``workers.loop``.
        most: at once; any number by default. Those who wait take turns, see ``FairLine``.
    """

    def __init__(self, module: str, most: int | None = None) -> None:
        self._module, self._most = module, most
        self._idle: list[_Worker] = []
        self._busy: WeakSet[_Worker] = WeakSet()
        self._lock, self._alone = threading.Lock(), FairLine(1)
        self._places = None if most is None else FairLine(most)
        _POOLS.add(self)

    def ask(self, request: Mapping[str, Any], allotment: Allotment, payload: bytes = b"", *, alone: bool = False) -> Answer:
        """Return what a worker answers.

        Args:
            request: what JSON can hold.
            allotment: what it may take.
            payload: bytes that go with it.
            alone: whether it waits until no other such request is at work.

        Raises:
            WorkerLostError: it crashed, or was killed for the time it took; the next request gets another worker.
        """
        whole = {
            **request,
            "payload": len(payload),
            "memory_bytes": allotment.memory_bytes,
            "cpu_seconds": allotment.cpu_seconds,
        }
        with self._alone.place() if alone else nullcontext(), self._places.place() if self._places else nullcontext():
            worker = self._take()
            answer = self._answered(worker, whole, payload, allotment.seconds)
            if answer is None and worker.retired:  # of itself, for it had long been idle
                worker = _Worker(self._module)
                answer = self._answered(worker, whole, payload, allotment.seconds)
        if answer is None:
            raise WorkerLostError(overdue=worker.overdue, starved=worker.late)
        return answer

    def close(self) -> None:
        """End the workers that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.stop()

    def kill(self) -> None:
        """End those at work too: whoever waits for an answer learns that the worker is lost."""
        with self._lock:
            busy = list(self._busy)
        for worker in busy:
            worker.end()
        self.close()

    def forget(self) -> None:
        """Leave the workers to the process that this one was forked from."""
        self._idle, self._busy = [], WeakSet()
        self._lock, self._alone = threading.Lock(), FairLine(1)
        self._places = None if self._most is None else FairLine(self._most)

    def _answered(self, worker: _Worker, request: Mapping[str, Any], payload: bytes, seconds: float) -> Answer | None:
        with self._lock:
            self._busy.add(worker)
        answer = worker.ask(request, payload, seconds)
        with self._lock:
            self._busy.discard(worker)
            if answer is not None:
                self._idle.append(worker)
        if answer is None:
            worker.stop()
        return answer

    def _take(self) -> _Worker:
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.alive:
                    return worker
                worker.stop()
        return _Worker(self._module)


class _Worker:
    """One process; it answers one request after the other."""

    def __init__(self, module: str) -> None:
        home = str(Path(__file__).resolve().parents[3])
        paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
        own = {"PYTHONPATH": os.pathsep.join(paths), "MALLOC_ARENA_MAX": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(  # noqa: S603  # this program itself
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # decoders write a line for each bad line of a picture
            env={**os.environ, **own},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._into, self._out = self._process.stdin, self._process.stdout
        if sys.platform == "linux":
            import fcntl

            for pipe in (self._into, self._out):
                with suppress(OSError):  # a user has only so many wide pipes
                    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self.late = False

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def retired(self) -> bool:
        """Whether it has ended without a fault."""
        return self._process.returncode == 0

    @property
    def overdue(self) -> bool:
        """Whether it was ended for the time it took, on the clock or in computing."""
        return self.late or self._process.returncode == -getattr(signal, "SIGXCPU", 0)

    def ask(self, request: Mapping[str, Any], payload: bytes, seconds: float) -> Answer | None:
        """Return its answer; ``None`` where the process ended over it."""
        with _deadlines.within(seconds, self._give_up):
            try:
                self._into.write(json.dumps(request).encode() + b"\n")
                self._into.write(payload)
                self._into.flush()
                line = self._out.readline()
                if not line:
                    return None
                says = json.loads(line)
                lengths = says.pop("parts")
                parts = tuple(self._out.read(length) for length in lengths)
                return Answer(says, parts) if [*map(len, parts)] == lengths else None
            except (OSError, ValueError, KeyError):  # the pipe broke, or what came is no answer
                return None

    def stop(self) -> None:
        """End the process and let go of all that is its."""
        if self.alive:
            self._process.kill()
        self._process.wait()
        for pipe in (self._into, self._out):
            try:
                pipe.close()
            except OSError:  # bytes that it no longer takes
                continue

    def end(self) -> None:
        """Kill the process; whoever asked it learns so."""
        self._process.kill()

    def _give_up(self) -> None:
        self.late = True
        self.end()


def _close_all() -> None:
    for pool in list(_POOLS):
        pool.close()


def _forget_all() -> None:
    global _deadlines  # whose thread no fork has
    _deadlines = Deadlines()
    for pool in list(_POOLS):
        pool.forget()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)  # a fork must not share its parent's pipes
