"""Asks worker processes for the frames of clips, and survives what becomes of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sav_core.data.allowance import allowance
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.pictures.processes import in_processes
from sav_core.data.workers.pool import Allotment, Answer, WorkerLostError, WorkerPool
from sav_core.errors import ImageError

__all__ = ["MEMORY_BYTES", "SECONDS", "Decoded", "decode_clip"]

MEMORY_BYTES = 3 << 30
"""That one clip may take; 8K needs about two thirds of it."""

_LITTLE_BYTES = 512 << 20  # with which a stranger's clip begins: one that needs more waits until it is the only such one

SECONDS = 60.0
"""How long one clip may take where nothing else is done."""

_BUSY = 4  # times that, on the clock, where the machine has other things to do

_POOL = WorkerPool("sav_core.data.clips.worker", most=4)


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
    answer = _ask({**request, "more": True}, name, seconds, _LITTLE_BYTES) if in_processes() else None
    if answer is None or answer.says.get("fault") == "memory":
        answer = _ask({**request, "more": False}, name, seconds, MEMORY_BYTES, alone=answer is not None)
    says = answer.says
    if "fault" in says:
        raise ImageError(f"{name!r} {says['fault']}")
    width, height = says["size"]
    return Decoded(answer.parts, (width, height), tuple(says["times"]), tuple((k, t) for k, t in says["remarks"]))


def _ask(request: Mapping[str, Any], name: str, seconds: float, memory: int, *, alone: bool = False) -> Answer:
    allotment = Allotment(memory, _BUSY * seconds, 2 * int(SECONDS))  # FFmpeg computes in two threads
    try:
        return _POOL.ask(request, allotment, alone=alone)
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
