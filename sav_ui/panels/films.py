"""A clip on a page: its sampled frames as a strip of small pictures, and in words which frames these are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from sav_core.data.clips.clip import Clip
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.pictures.picture import Picture
from sav_ui.panels.thumbnails import strip
from sav_ui.panels.wording import counted, pictures

__all__ = ["brought", "called", "film", "frames_in_words", "frames_of_each", "looked_at", "sampled"]


class _Named(Protocol):
    """An example of a project, or a query."""

    @property
    def name(self) -> str: ...
    @property
    def pictures(self) -> Sequence[Picture]: ...


_WAYS: Mapping[str, str] = {"frames": "as pictures in their order", "native": "as one video"}


def film(images: Sequence[Picture], edge: int = 112, most: int = 0) -> dict[str, Any] | None:
    """What the macro ``film_strip`` shows of an example that is one clip; ``None`` where it is none.

    Args:
        images: of the example.
        edge: the longer side of a frame at most, in pixels.
        most: frames to show, evenly chosen from the first to the last; 0 for all.
    """
    clip = images[0] if len(images) == 1 else None
    if not isinstance(clip, Clip):
        return None
    frames = list(zip(strip(clip, edge), clip.times, strict=True))
    if 1 < most < len(frames):
        frames = [frames[round(place * (len(frames) - 1) / (most - 1))] for place in range(most)]
    return {
        "frames": [{"picture": uri, "time": f"{time:.1f} s", "seconds": round(time, 3)} for uri, time in frames],
        "piece": clip.digest[:32],
        "length": f"{clip.times[-1]:.1f} s",
        "words": frames_in_words(clip),
    }


def frames_in_words(clip: Clip) -> str:
    """Say which of its frames the model is shown, and as what."""
    wanted, found = clip.sampling.frames, len(clip.times)
    moments = f"from the first to the last, {clip.times[-1]:.1f} s later"
    how = _WAYS[clip.sampling.way]
    if clip.sampling.per_second is not None:
        return f"The model is shown {counted(found, 'frame')} of it, {clip.sampling.per_second:g} a second, {how}."
    if found < wanted:
        few = f"{counted(found, 'frame')} of it, for no more differ at the {wanted} moments that were looked at"
        return f"The model is shown {few}, {how}."
    return f"The model is shown {counted(found, 'frame')} of it at even distances, {moments}, {how}."


def sampled(images: Iterable[Picture]) -> str:
    """Say what is looked at of the clips among pictures that came; empty where there is none."""
    clips = [image for image in images if isinstance(image, Clip)]
    if len(clips) < 2:
        return frames_in_words(clips[0]) if clips else ""
    return frames_of_each(clips)


def frames_of_each(clips: Sequence[Clip]) -> str:
    """Say how many frames of each of some clips the model is shown; empty where there are none."""
    if not clips:
        return ""
    counts = [len(clip.times) for clip in clips]
    fewest, most = min(counts), max(counts)
    frames = counted(most, "frame") if fewest == most else f"{fewest} to {most} frames"
    return f"The model is shown {frames} of each clip, {_spaced(clips[0].sampling)}."


def looked_at(sampling: ClipSampling) -> str:
    """Say which frames of any clip are looked at, and as what."""
    if sampling.per_second is not None:
        return f"{sampling.per_second:g} frames a second of each are looked at, {_WAYS[sampling.way]}"
    return f"{counted(sampling.frames, 'frame')} of each are looked at, {_spaced(sampling)}, {_WAYS[sampling.way]}"


def _spaced(sampling: ClipSampling) -> str:
    if sampling.per_second is not None:
        return f"{sampling.per_second:g} a second"
    return "the first" if sampling.frames == 1 else "at even distances from the first to the last"


def brought(examples: Iterable[Sequence[Picture]]) -> str:
    """How many examples, "3 pictures", "2 clips" or "3 pictures and 2 clips": what has a clip in it counts as one."""
    moving = [any(isinstance(image, Clip) for image in images) for images in examples]
    clips, stills = sum(moving), len(moving) - sum(moving)
    if not clips:
        return pictures(stills)
    return f"{pictures(stills)} and {counted(clips, 'clip')}" if stills else counted(clips, "clip")


def called(examples: Sequence[_Named]) -> str:
    """One example by its name, several by their number, as ``brought`` counts them."""
    return f"“{examples[0].name}”" if len(examples) == 1 else brought(each.pictures for each in examples)
