"""How clips are looked at: of how many frames, and shown to the model as pictures or as one video."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sav_core.data.clips.clip import Clip
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.sets.opening import in_threads
from sav_core.errors import InputError
from sav_core.types import CLIP_WAYS
from sav_ui.host.dispatch import Actions, Steps
from sav_ui.limits import limits
from sav_ui.panels.films import frames_of_each
from sav_ui.panels.thumbnails import strip
from sav_ui.panels.wording import counted
from sav_ui.session.context import Context, Data
from sav_ui.session.session import Session
from sav_ui.uploads.ready_tasks import queries_of

__all__ = ["CLIP_CHOICE", "clip_choice"]

_COUNTS = (2, 3, 4, 6, 8, 12, 16, 24, 32)
_RATES = (1.0, 2.0)
_WAYS = {"frames": "pictures in their order", "native": "one video"}


def clip_choice(session: Session) -> dict[str, Any] | None:
    """What can be chosen and what is; ``None`` where no clip is taught."""
    project = session.project
    chosen = project.clips_taught
    if chosen is None:
        return None
    counts = sorted({*(count for count in _COUNTS if count <= limits().frames), chosen.frames})
    rates = sorted({*_RATES, *((chosen.per_second,) if chosen.per_second is not None else ())})
    current = str(chosen.frames) if chosen.per_second is None else f"{chosen.per_second:g}/s"
    frames = [(str(count), counted(count, "frame")) for count in counts]
    frames += [(f"{rate:g}/s", f"{counted_rate(rate)} a second") for rate in rates]
    native = session.no_video.get(project.model) == "" or chosen.way == "native"
    return {
        "frames": [{"value": value, "words": words, "chosen": value == current} for value, words in frames],
        "ways": [{"value": way, "words": _WAYS[way], "chosen": way == chosen.way} for way in CLIP_WAYS] if native else [],
    }


def counted_rate(rate: float) -> str:
    """So many frames, which may be a fraction."""
    return "1 frame" if rate == 1 else f"{rate:g} frames"


def _frames(context: Context, data: Data) -> Steps:
    """Look at another number of frames of every clip, or at so many a second."""
    before, value = context.session.project.clips, str(data.get("value", ""))
    try:
        if value.endswith("/s"):
            wanted = replace(before, per_second=float(value.removesuffix("/s")))
        else:
            wanted = replace(before, frames=int(value), per_second=None)
    except ValueError as error:
        raise InputError(f"{value[:20]!r} is no number of frames: choose another.") from error
    yield from _look_anew(context, wanted)


def _way(context: Context, data: Data) -> Steps:
    """Show every clip to the model as pictures, or as one video."""
    session, way = context.session, str(data.get("value", ""))
    if way not in CLIP_WAYS:
        return
    wanted = replace(session.project.clips, way="native" if way == "native" else "frames")
    yield from _look_anew(context, wanted)


def _look_anew(context: Context, wanted: ClipSampling) -> Steps:
    """Have every clip that is here read once more, and say how long that took."""
    session, before = context.session, context.session.project.clips
    if wanted == before:
        return
    began = time.perf_counter()
    fresh = _resampled(session.clips, wanted)
    queries_of(session.project.title, wanted)  # which other pages show
    seconds = time.perf_counter() - began
    yield
    session.exchange(fresh, wanted)
    clips = counted(len(fresh), "clip")
    if wanted.alike(before):
        context.did(f"Shown as {_WAYS[wanted.way]} from now on: {clips}.", "Classify and Measure do the same.")
        return
    looked = frames_of_each(list(fresh.values()))
    context.did(f"Read {clips} anew in {seconds:.1f} s.", f"{looked} Classify and Measure do the same.")


def _resampled(clips: Sequence[Clip], wanted: ClipSampling) -> Mapping[str, Clip]:
    """The clips otherwise sampled, by the digest of what they were; their strips are drawn too."""

    def read(clip: Clip) -> Clip:
        other = clip.resampled(wanted)
        strip(other)
        return other

    return {clip.digest: other for clip, other in zip(clips, in_threads(read, clips), strict=True)}


CLIP_CHOICE: Actions = {"clip_frames": _frames, "clip_way": _way}
"""What can be chosen."""
