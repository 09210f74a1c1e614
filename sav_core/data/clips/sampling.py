"""Which frames of a clip are looked at, as what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sav_core.errors import SettingError
from sav_core.types import CLIP_WAYS, ClipWay

__all__ = ["MOST_FRAMES", "ClipSampling"]

MOST_FRAMES = 256
"""The most frames that are taken of one clip: of 1,280 tokens each they fill any model's context."""


@dataclass(frozen=True, slots=True)
class ClipSampling:
    """How clips are sampled: frames at even distances in time, the first and the last among them.

    Attributes:
        frames: how many; fewer where a clip has no more.
        per_second: instead so many a second from the first frame on, never more than ``MOST_FRAMES`` in all.
        animated: whether GIF, WebP and PNG files of several frames are clips too; else their first frame is a picture.
        way: how they are shown to a model.
    """

    frames: int = 8
    per_second: float | None = None
    animated: bool = False
    way: ClipWay = "frames"

    def __post_init__(self) -> None:
        if not 1 <= self.frames <= MOST_FRAMES:
            raise SettingError(f"1 to {MOST_FRAMES} frames are taken of a clip, but {self.frames} were asked for.")
        if self.per_second is not None and not 0 < self.per_second <= 1000:
            raise SettingError(f"Frames per second must be above 0, at most 1000, but are {self.per_second}.")
        if self.way not in CLIP_WAYS:
            raise SettingError(f"Clips are shown as {' or '.join(CLIP_WAYS)}, but {self.way!r} was asked for.")

    def times(self, first: float, last: float) -> list[float]:
        """Return when to look, in seconds, at a clip whose frames begin at ``first`` and ``last``."""
        span = last - first
        if self.per_second is None:
            steps = max(self.frames - 1, 1)
            return [first + span * step / steps for step in range(self.frames)]
        count = int(span * self.per_second + 1e-6) + 1
        if count > MOST_FRAMES:
            return ClipSampling(MOST_FRAMES).times(first, last)
        return [first + step / self.per_second for step in range(count)]

    def alike(self, other: ClipSampling) -> bool:
        """Whether both take the same frames of a clip."""
        return (self.frames, self.per_second) == (other.frames, other.per_second)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"frames": self.frames, "per_second": self.per_second, "animated": self.animated, "way": self.way}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> ClipSampling:
        """Return what ``as_dict`` told, perhaps among other things."""
        return cls(told["frames"], told["per_second"], told["animated"], told.get("way", "frames"))
