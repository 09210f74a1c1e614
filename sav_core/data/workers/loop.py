"""What runs in a worker process: requests in, answers out, each within what it may take; see ``workers.pool``.

    def answer(request: Request, payload: bytes) -> Said: ...

    if __name__ == "__main__":
        serve(answer)

is all that a module of workers has beside its work.
"""

from __future__ import annotations

import json
import os
import select
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

__all__ = ["Request", "Said", "fault_of", "serve"]

Request: TypeAlias = Mapping[str, Any]
Said: TypeAlias = tuple[dict[str, Any], Sequence[Any]]
"""What JSON can hold, and buffers that are sent behind it."""

_IDLE_SECONDS = 120.0
_GIVES_WAY = 5  # steps of priority below the program that asks: a file that takes long must not slow what it answers others


def serve(answer: Callable[[Request, bytes], Said], *, of_strangers: bool = True) -> None:
    """Answer requests until there are no more, or none has come for a while.

    Args:
        answer: what does the work.
        of_strangers: whether it reads what strangers made, and so gives way to the program that asks.
    """
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    at_rest = _address_space()
    _set_limit("RLIMIT_CORE", 0)
    if of_strangers and sys.platform != "win32":
        os.nice(_GIVES_WAY)
    while True:
        line = _next_line(requests)
        if not line:
            return
        request = json.loads(line)
        memory, seconds = request["memory_bytes"], request["cpu_seconds"]
        _set_limit("RLIMIT_AS", None if memory is None else at_rest + request["payload"] + memory)
        payload = requests.read(request["payload"])
        _set_limit("RLIMIT_CPU", None if seconds is None else int(sum(os.times()[:2])) + 1 + seconds)
        says, parts = answer(request, payload)
        del payload
        views = [memoryview(part).cast("B") for part in parts]
        answers.write(json.dumps({**says, "parts": [len(view) for view in views]}).encode() + b"\n")
        for view in views:
            answers.write(view)
        answers.flush()
        del says, parts, views  # before the next request is measured
        _set_limit("RLIMIT_AS", None)  # or waiting could fail


def _next_line(requests: Any) -> bytes:
    """The next request; nothing when there are no more, or none has come for a while."""
    if sys.platform == "win32":  # where pipes cannot be watched
        idle = threading.Timer(_IDLE_SECONDS, os._exit, [0])
        idle.daemon = True
        idle.start()
        line = bytes(requests.readline())
        idle.cancel()
        return line
    return bytes(requests.readline()) if select.select([requests], [], [], _IDLE_SECONDS)[0] else b""


def fault_of(error: BaseException, request: Request) -> str:
    """The end of a sentence on a file that could not be read, for whatever a damaged file makes a decoder raise."""
    if isinstance(error, MemoryError):
        return f"needs more than {request['memory_bytes'] >> 20} MiB to be decoded: make it smaller."
    cause = " ".join(str(error).split())[:100].rstrip(".") or type(error).__name__
    return f"cannot be decoded ({cause}): it is damaged or incomplete, so replace it."


def _address_space() -> int:
    """What the process takes of addresses before it has done anything: mostly libraries."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  # before anything that could fail
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 1 << 30


def _set_limit(name: str, most: int | None) -> None:
    """Set one of the system's limits, as far as it has such limits; ``None`` takes it away."""
    if sys.platform == "win32":  # which knows none
        return
    import resource

    kind = getattr(resource, name)
    hard = resource.getrlimit(kind)[1]
    if most is None or (hard != resource.RLIM_INFINITY and most > hard):
        most = hard
    resource.setrlimit(kind, (most, hard))
