"""Asks worker processes for the frames of clips, and survives what becomes of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sav_core.data.allowance import allowance
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.workers.pool import Allotment, WorkerLostError, WorkerPool
from sav_core.errors import ImageError

__all__ = ["MEMORY_BYTES", "SECONDS", "Decoded", "decode_clip"]

MEMORY_BYTES = 3 << 30
"""That one clip may take; 8K needs about two thirds of it."""

SECONDS = 60.0
"""How long one clip may take where nothing else is done."""

_BUSY = 4  # times that, on the clock, where the machine has other things to do

_POOL = WorkerPool("sav_core.data.clips.worker")


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
        seconds: how long it may take where nothing else is done.

    Raises:
        ImageError: it cannot be read; the message says why.
        DatasetError: so many of one reading were lost that more would keep others waiting.
    """
    request = {"path": os.fspath(Path(path).absolute()), "container": container, "sampling": sampling.as_dict()}
    allotment = Allotment(MEMORY_BYTES, _BUSY * seconds, 2 * int(SECONDS))  # FFmpeg computes in two threads
    try:
        answer = _POOL.ask(request, allotment)
    except WorkerLostError as lost:
        allowed = allowance()
        if allowed is not None:
            allowed.count_lost(name)
        why = "made the decoder stop: it is damaged, so replace it."
        if lost.starved:
            why = f"was not decoded within {allotment.seconds:g} seconds: try again when the machine is less busy."
        elif lost.overdue:
            why = f"takes longer than {seconds:.0f} seconds to decode: shorten it or make it smaller."
        raise ImageError(f"{name!r} {why}") from lost
    says = answer.says
    if "fault" in says:
        raise ImageError(f"{name!r} {says['fault']}")
    width, height = says["size"]
    return Decoded(answer.parts, (width, height), tuple(says["times"]), tuple((k, t) for k, t in says["remarks"]))
