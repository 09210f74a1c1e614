"""The webcam where clips are taught: its latest frames make a clip, as many and as long as those that were taught."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from PIL import Image

from sav_core.data.clips.clip import Clip, read_clip
from sav_core.data.examples import IMAGE_MARKER, VIDEO_MARKER, Example
from sav_core.data.pictures.picture import Picture
from sav_ui.session.project import Project

__all__ = ["Window", "as_clip", "asked_of", "window_of"]

_SHORTEST, _LONGEST = 0.5, 10.0  # seconds
_MOST = 16  # frames: more are no longer sent in time


@dataclass(frozen=True)
class Window:
    """How many of the latest frames are looked at, and of how many seconds."""

    frames: int
    seconds: float


def window_of(project: Project) -> Window | None:
    """Return the window that is like the taught clips; ``None`` where most examples are no clips."""
    clips = [item.pictures[0] for item in project.items if len(item.pictures) == 1 and isinstance(item.pictures[0], Clip)]
    if 2 * len(clips) <= len(project.items):
        return None
    seconds = median(clip.times[-1] for clip in clips if isinstance(clip, Clip))
    frames = max(len(clip.times) for clip in clips if isinstance(clip, Clip))
    return Window(max(2, min(frames, _MOST)), round(min(max(seconds, _SHORTEST), _LONGEST), 2))


def asked_of(frames: Sequence[Picture], seconds: float, project: Project) -> Example:
    """Return frames as the model is shown a clip of them: in their order, each in the place that its question marks.

    Args:
        frames: latest last.
        seconds: how long they took.
        project: which shows clips as pictures, or as one video, which they are made.

    Raises:
        ImageError: they are to be one video, and nothing moves in them.
    """
    if len(frames) > 1 and project.clips.way == "native":
        clip = as_clip(frames, seconds, project)
        return Example(clip, project.question, name=frames[-1].name, detail=project.detail)
    markers = IMAGE_MARKER * len(frames)
    question = project.question
    for marker in (VIDEO_MARKER, IMAGE_MARKER):
        if len(frames) > 1 and question.count(marker) == 1:
            question = question.replace(marker, markers)
            break
    return Example(tuple(frames), question, name=frames[-1].name, detail=project.detail)


def as_clip(frames: Sequence[Picture], seconds: float, project: Project) -> Clip:
    """Return frames as one clip, without loss, so that it can be looked at, played and saved like any other.

    Raises:
        ImageError: nothing moves in them.
    """
    each = max(1, round(1000 * seconds / (len(frames) - 1)))
    first, *others = [_fitted(frame.rgb(), frames[0].size) for frame in frames]
    target = io.BytesIO()
    first.save(target, "WEBP", save_all=True, append_images=others, duration=each, lossless=True, method=0)
    return read_clip(target.getvalue(), project.clips, f"{frames[-1].name.removesuffix('.jpg')}.webp")


def _fitted(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A phone that is turned sends frames of another shape."""
    return image if image.size == size else image.resize(size)
