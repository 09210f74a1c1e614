"""Clips as video: what a processor is given besides text and pictures, for models that have tokens for it.

    video = NativeVideo(processor, checkpoint)
    processor(text=prompt, **video.inputs(clips))

The part of the processor that prepares videos is built when the first clip comes, so that a model which is shown pictures
alone needs none.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from sav_core.data.clips.clip import Clip
from sav_core.errors import UnsupportedModelError
from sav_core.models.checkpoints import Checkpoint
from sav_core.models.video_parts import load_video_part, why_no_video_part

__all__ = ["NativeVideo"]

_UNNAMED = "its processor names no token for video"
_TICKS = 1000  # to the second: processors reckon times from whole numbers of frames


class NativeVideo:
    """How a model is shown clips as video.

    Attributes:
        token_id: what the model replaces by what it saw of a clip, if that is not what stands for pictures; or ``None``.
    """

    def __init__(self, processor: Any, checkpoint: Checkpoint) -> None:
        self._processor = processor
        self._checkpoint = checkpoint
        self._lock = threading.Lock()
        ids = (checkpoint.config.get(name) for name in ("video_token_id", "video_token_index"))
        self.token_id: int | None = next((each for each in ids if isinstance(each, int)), None)

    @property
    def token(self) -> str:
        """What stands in a prompt in the place of a clip; empty where nothing does."""
        token = getattr(self._processor, "video_token", None) or ""
        return str(getattr(token, "content", token))

    @property
    def names(self) -> tuple[str, ...]:
        """What the video part makes of a clip; nothing as long as there is no video part."""
        return tuple(getattr(getattr(self._processor, "video_processor", None), "model_input_names", ()))

    @property
    def why_not(self) -> str:
        """Why clips cannot be shown as video, to stand after "because"; empty where nothing is known against it."""
        why = why_no_video_part(self._checkpoint.config["model_type"])
        return why or ("" if self.token else _UNNAMED)

    def inputs(self, clips: Sequence[Clip]) -> dict[str, Any]:
        """Return what a processor is given of clips.

        Raises:
            UnsupportedModelError: this model cannot be shown clips as video, and why.
            ImageError: a clip's file is gone, or has changed since it was read.
        """
        part = self._part()
        told = {"cap_pixels_per_frame": True} if hasattr(part, "cap_pixels_per_frame") else {}
        return {
            "videos": [np.stack([np.asarray(frame.rgb()) for frame in clip.frames(to_show=True)]) for clip in clips],
            "video_metadata": [_metadata(clip) for clip in clips],
            "do_sample_frames": False,
            "return_tensors": "pt",
            **told,
        }

    def refuse(self, why: str) -> UnsupportedModelError:
        """Return the error that says why clips cannot be shown as video."""
        return UnsupportedModelError(
            f"{self._checkpoint.name} cannot be shown clips as video because {why}. Or show their frames as pictures."
        )

    def _part(self) -> Any:
        with self._lock:
            if getattr(self._processor, "video_processor", None) is None:
                try:
                    part = load_video_part(self._checkpoint)
                except UnsupportedModelError as error:
                    raise self.refuse(str(error)) from error
                if not self.token:
                    raise self.refuse(_UNNAMED)
                self._processor.video_processor = part
            return self._processor.video_processor


def _metadata(clip: Clip) -> dict[str, Any]:
    """When its frames are shown: as numbers of a video of so many frames a second that all times are whole."""
    shown = [round(time * _TICKS) for time in clip.times]
    width, height = clip.size
    steps = max(len(shown) - 1, 1)
    whole = shown[-1] + max(shown[-1] // steps, 1)  # the last is shown as long as the others
    return {
        "total_num_frames": whole,
        "fps": float(_TICKS),
        "duration": whole / _TICKS,
        "frames_indices": shown,
        "width": width,
        "height": height,
    }
