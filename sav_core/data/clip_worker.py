"""Decodes clips in a process of its own: ``python -m sav_core.data.clip_worker``, requests in, frames out.

FFmpeg is large and reads what strangers made: where it crashes, hangs or eats memory, it does so here. A request is one
line of JSON; the answer is one line of JSON, then the pixels. It ends when nobody asks any more.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any, BinaryIO

import av.logging
import numpy as np

from sav_core.data.clip_decoding import sample_frames
from sav_core.data.clip_sampling import ClipSampling
from sav_core.data.clip_seeking import ClipFaultError

__all__ = ["serve"]

_IDLE_SECONDS = 120.0


def serve(requests: BinaryIO, answers: BinaryIO, memory_bytes: int) -> None:
    """Answer requests until there are no more, with no more memory than stated where the system can enforce that."""
    _limit_memory(memory_bytes)
    av.logging.set_level(None)
    while True:
        idle = threading.Timer(_IDLE_SECONDS, os._exit, [0])
        idle.daemon = True
        idle.start()
        line = requests.readline()
        idle.cancel()
        if not line:
            return
        header, pixels = _answered(json.loads(line), memory_bytes)
        answers.write(json.dumps(header).encode() + b"\n")
        for frame in pixels:
            answers.write(frame.tobytes())
        answers.flush()


def _answered(request: dict[str, Any], memory_bytes: int) -> tuple[dict[str, Any], list[Any]]:
    try:
        found = sample_frames(request["path"], request["container"], ClipSampling.from_dict(request["sampling"]))
    except ClipFaultError as fault:
        return {"fault": str(fault)}, []
    except MemoryError:
        return {"fault": f"needs more than {memory_bytes >> 20} MiB to be decoded: make it smaller."}, []
    except Exception as error:  # noqa: BLE001  # whatever a damaged file makes a decoder raise: then the next file
        cause = " ".join(str(error).split())[:100].rstrip(".") or type(error).__name__
        return {"fault": f"cannot be decoded ({cause}): it is damaged or incomplete, so replace it."}, []
    height, width = np.shape(found.frames[0])[:2]
    return {"size": [width, height], "times": found.times, "remarks": found.remarks}, found.frames


def _limit_memory(memory_bytes: int) -> None:
    if sys.platform == "win32":  # which knows no such limit
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer, int(sys.argv[1]))
