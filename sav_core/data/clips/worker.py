"""Decodes clips in a process of its own: FFmpeg is large and reads what strangers made. See ``clips.processes``."""

from __future__ import annotations

from typing import Any

import av.logging
import numpy as np

from sav_core.data.clips.decoding import sample_frames
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.clips.seeking import ClipFaultError
from sav_core.data.workers.loop import Request, Said, fault_of, serve

__all__ = ["answer"]


def answer(request: Request, payload: bytes) -> Said:
    """Return the frames of a clip, or the end of a sentence why there are none."""
    try:
        found = sample_frames(request["path"], request["container"], ClipSampling.from_dict(request["sampling"]))
    except ClipFaultError as fault:
        # Where a library of C lacks memory, it may call the file damaged: with more it says what is so.
        return {"fault": "memory" if request["more"] and fault.__cause__ is not None else str(fault)}, []
    except Exception as error:  # noqa: BLE001  # then the next file
        return {"fault": "memory" if request["more"] else fault_of(error, request)}, []
    height, width = np.shape(found.frames[0])[:2]
    says: dict[str, Any] = {"size": [width, height], "times": found.times, "remarks": found.remarks}
    return says, [np.ascontiguousarray(frame) for frame in found.frames]


if __name__ == "__main__":
    av.logging.set_level(None)
    serve(answer)
