"""A video file -> its sampled frames: what runs in a process of its own, see ``clips.worker``."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.error import FFmpegError
from av.stream import Disposition
from PIL import Image

from sav_core.data.clips.colour import MOST_FRAME_PIXELS, upright_rgb
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.clips.seeking import ClipFaultError, find_span, frames_at

__all__ = ["MOST_CODED_PIXELS", "SampledFrames", "sample_frames"]

MOST_CODED_PIXELS = 8192 * 4352
"""The largest frame that is decoded, 8K: a decoder holds some twenty of them."""

_MOST_STEPS = 10_000  # frames of an animated picture, each of which must be drawn to come to the next
_MOST_ASPECT = 200
_GROUND = (255, 255, 255, 255)  # under what an animation leaves transparent, as under a still


@dataclass(frozen=True, slots=True)
class SampledFrames:
    """Frames of one clip.

    Attributes:
        frames: each ``uint8 (row, column, 3)``, all of one size.
        times: when each is shown, in seconds after the first.
        remarks: what was converted, ``(kind, sentence without its full stop)``.
    """

    frames: list[npt.NDArray[np.uint8]]
    times: list[float]
    remarks: list[tuple[str, str]]


def sample_frames(path: str, container: str, sampling: ClipSampling) -> SampledFrames:
    """Decode the frames that a sampling asks for.

    Args:
        path: of the file.
        container: how FFmpeg calls what it begins like, so that no other demuxer sees it; empty for an animated picture.
        sampling: which frames.

    Raises:
        ClipFaultError: it cannot be read, in words that follow its name.
    """
    return _animation(path, sampling) if not container else _video(path, container, sampling)


def _video(path: str, container: str, sampling: ClipSampling) -> SampledFrames:
    options = {"protocol_whitelist": "file", "enable_drefs": "0"}
    try:
        with av.open(path, format=container, options=options) as opened:
            return _sampled(opened, sampling)
    except FFmpegError as error:
        cause = "its index is missing" if "moov" in str(error) else error.strerror
        raise ClipFaultError(f"cannot be opened ({cause}): it is truncated or damaged, so replace it.") from error


def _sampled(opened: Any, sampling: ClipSampling) -> SampledFrames:
    stream = _stream(opened)
    first, last = find_span(opened, stream)
    _check_moves(last - first, sampling)
    unit: Fraction = stream.time_base
    times = sampling.times(float(first * unit), float(last * unit))
    targets = [min(last, max(first, floor(time / unit + 1e-6))) for time in times]
    frames, shown = [], []
    for frame in frames_at(opened, stream, targets):
        aspect = float(frame.sample_aspect_ratio) if getattr(frame, "sample_aspect_ratio", None) else _aspect(stream)
        frames.append(upright_rgb(frame, aspect))
        shown.append(float((_shown(frame) - first) * unit))
        transfer = int(frame.color_trc or 0)
    if len({frame.shape for frame in frames}) > 1:
        raise ClipFaultError("changes its size on the way: convert it to one size.")
    remarks = [("hdr", "A video of high dynamic range is tone-mapped")] if transfer in (16, 18) else []
    return SampledFrames(frames, shown, remarks)


def _check_moves(span: float, sampling: ClipSampling) -> None:
    """Refuse what has one frame, unless one is all that is asked for; a slow rate may take one of several."""
    if not span and sampling.frames > 1:
        raise ClipFaultError("holds one frame, but a clip has several: save it as an image.")


def _stream(opened: Any) -> Any:
    streams = [each for each in opened.streams.video if not each.disposition & Disposition.attached_pic]
    if not streams:
        what = "has sound but no picture" if opened.streams.audio else "holds no video"
        raise ClipFaultError(f"{what}: give a video with pictures.")
    stream = streams[0]
    decoder = stream.codec_context
    if decoder is None:
        raise ClipFaultError("is coded in a way that has no decoder here: convert it to H.264.")
    width, height = decoder.width, decoder.height
    _check_size(width, height, _aspect(stream))
    stream.thread_type = "AUTO"
    decoder.thread_count = 2
    return stream


def _check_size(width: int, height: int, aspect: float) -> None:
    if min(width, height) < 1:
        raise ClipFaultError("does not say how large its frames are: it is damaged or encrypted, so replace it.")
    if width * height > MOST_CODED_PIXELS:
        raise ClipFaultError(
            f"has frames of {width:,} x {height:,} pixels, more than the {MOST_CODED_PIXELS:,} that are read."
        )
    shown = width * aspect / height
    if not 1 / _MOST_ASPECT <= shown <= _MOST_ASPECT:
        raise ClipFaultError(f"has frames with a side more than {_MOST_ASPECT} times the other: crop it.")


def _aspect(stream: Any) -> float:
    ratio = stream.sample_aspect_ratio
    return float(ratio) if ratio else 1.0


def _shown(frame: Any) -> int:
    return int(frame.dts if frame.pts is None else frame.pts)


def _animation(path: str, sampling: ClipSampling) -> SampledFrames:
    """The frames of a GIF, WebP or PNG, which say how long each is shown."""
    try:
        with Image.open(path, formats=["GIF", "WEBP", "PNG"]) as image:
            _check_size(*image.size, 1.0)
            begins, steps = [0.0], getattr(image, "n_frames", 1)
            if steps > _MOST_STEPS:
                raise ClipFaultError(f"moves in {steps:,} frames, and up to {_MOST_STEPS:,} are read: convert it to MP4.")
            for number in range(1, steps):
                image.load()  # before that a WebP does not say how long it is shown
                begins.append(begins[-1] + max(float(image.info.get("duration") or 100.0), 1.0) / 1000)
                image.seek(number)
            _check_moves(begins[-1], sampling)
            rows = [
                max(row for row, begin in enumerate(begins) if begin <= time + 1e-9)
                for time in sampling.times(0.0, begins[-1])
            ]
            frames = {row: _still(image, row) for row in sorted(set(rows))}
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        cause = " ".join(str(error).split())[:80]
        raise ClipFaultError(f"cannot be decoded ({cause}): it is damaged, so replace it.") from error
    return SampledFrames(list(frames.values()), [begins[row] for row in frames], [])


def _still(image: Image.Image, number: int) -> npt.NDArray[np.uint8]:
    image.seek(number)
    layer = image.convert("RGBA")
    ground = Image.new("RGBA", layer.size, _GROUND)
    ground.alpha_composite(layer)
    flat = ground.convert("RGB")
    scale = min(1.0, (MOST_FRAME_PIXELS / (flat.width * flat.height)) ** 0.5)
    if scale < 1:
        flat = flat.resize((max(1, round(flat.width * scale)), max(1, round(flat.height * scale))), Image.Resampling.BOX)
    return np.asarray(flat)
