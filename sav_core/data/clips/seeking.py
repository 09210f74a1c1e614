"""A video stream -> the frames shown at some times, decoding only from the keyframe before each.

Packets are read first, which costs little: their timestamps say which frame is shown at a time, also where the frame rate
varies. Then the decoder gets those from the keyframe on, and leaves out what no wanted frame depends on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import av
from av.error import FFmpegError

__all__ = ["ClipFaultError", "find_span", "frames_at"]

_HELD_BYTES = 512 << 20  # packets of one group of pictures
_BACK = 4  # keyframes to go back where the one before a time is shown after it, as in open groups of pictures
_REORDERED = 32  # packets that may come before one that is shown earlier
_FOREVER = 10**6  # seconds, beyond the end of a clip that does not say how long it is


class ClipFaultError(Exception):
    """Why a clip cannot be read: the end of a sentence that begins with its name."""


@dataclass(slots=True)
class _Group:
    """Packets in decoding order from a keyframe on, and which frames of them are wanted, by their timestamps."""

    packets: list[Any]
    until: int | None  # frames before it are all here; None: to the end
    wanted: list[int] = field(default_factory=list)

    def holds(self, target: int) -> bool:
        return self.until is None or target < self.until

    def ask(self, target: int) -> None:
        """Want the frame that is shown at a time: the last that begins no later."""
        times = [_time(packet) for packet in self.packets]
        self.wanted.append(max((time for time in times if time <= target), default=min(times)))


def find_span(container: Any, stream: Any) -> tuple[int, int]:
    """Return when the first and the last frame are shown, in units of the stream; nothing is decoded.

    Raises:
        ClipFaultError: there are no frames, or not up to the end that the file tells of.
    """
    first = next((_time(packet) for packet in _packets(container, stream) if packet.is_keyframe), None)
    if first is None:
        raise ClipFaultError("holds no picture that can be decoded: it is empty, truncated or damaged.")
    declared = _declared(container, stream)
    _seek(container, stream, first + int((declared or _FOREVER) / stream.time_base))
    times = [_time(packet) for packet in _packets(container, stream)]
    if not times:
        if declared is not None:
            raise ClipFaultError("ends before its last frame: it is truncated, so copy or download it again.")
        container.seek(first, stream=stream)
        times = [_time(packet) for packet in _packets(container, stream)]
    last = max(times, default=first)
    if last <= first and stream.frames != 1:
        container.seek(container.start_time or 0)
        if sum(1 for _ in _packets(container, stream)) > 1:
            raise ClipFaultError("shows all its frames at one time, none after another: convert it anew.")
    lacking = (declared or 0.0) - float((last - first) * stream.time_base)
    if declared is not None and lacking > max(1.0, 0.1 * declared):
        raise ClipFaultError(
            f"lacks the last {lacking:.1f} of its {declared:.1f} seconds: it is truncated, so copy it again."
        )
    return first, last


def frames_at(container: Any, stream: Any, targets: Sequence[int]) -> Iterator[Any]:
    """Yield the frame that is shown at each of some ascending times, each frame once.

    Raises:
        ClipFaultError: a frame cannot be decoded, or the packets are not in order.
    """
    shown: int | None = None
    group: _Group | None = None
    for target in targets:
        if group is None or not group.holds(target):
            following = _gather(container, stream, target)
            if group is not None and group.packets[0].pos == following.packets[0].pos:
                following.wanted = group.wanted
            elif group is not None:
                for frame in _decoded(stream, group, shown):
                    shown = _time(frame)
                    yield frame
            group = following
        group.ask(target)
    for frame in _decoded(stream, group, shown) if group is not None else ():
        yield frame


def _gather(container: Any, stream: Any, target: int) -> _Group:
    """The packets from the keyframe before a time to the frame that is shown then."""
    at = target
    for _ in range(_BACK):
        _seek(container, stream, at)
        group = _read_group(container, stream, target)
        if group.packets and min(map(_time, group.packets)) <= target:
            break
        if group.packets:
            at = min(map(_time, group.packets)) - 1
    if not group.packets:
        raise ClipFaultError("ends before its last frame: it is truncated, so copy or download it again.")
    orders = [packet.dts for packet in group.packets if packet.dts is not None]
    if orders != sorted(orders):
        raise ClipFaultError("has timestamps that run backwards: convert it anew.")
    return group


def _read_group(container: Any, stream: Any, target: int) -> _Group:
    packets: list[Any] = []
    size = later = 0
    for packet in _packets(container, stream):
        if not packets and not packet.is_keyframe:
            continue
        if packet.dts is not None and packet.dts > target:  # so all that follow are shown later
            return _Group(packets, packet.dts)
        later += packet.dts is None and packet.pts > target
        if later > _REORDERED:
            return _Group(packets, target + 1)
        packets.append(packet)
        size += packet.size
        if size > _HELD_BYTES:
            raise ClipFaultError(
                f"has no keyframe within {_HELD_BYTES >> 20} MiB: convert it to have one every few seconds."
            )
    return _Group(packets, None)


def _decoded(stream: Any, group: _Group, shown: int | None) -> Iterator[Any]:
    """Decode a group as far as its last wanted frame; what was shown before is not shown again."""
    wanted = [time for time in sorted(set(group.wanted)) if shown is None or time > shown]
    decoder, before = stream.codec_context, None
    decoder.flush_buffers()
    frames = _frames(decoder, group.packets, set(wanted))
    for want in wanted:
        while before is None or _time(before) < want:
            try:
                before = next(frames)
            except StopIteration:
                break
        if before is None or before.is_corrupt:
            raise ClipFaultError("is damaged where one of its frames lies: replace it.")
        yield before


def _frames(decoder: Any, packets: Sequence[Any], wanted: set[int]) -> Iterator[Any]:
    for packet in packets:
        decoder.skip_frame = "DEFAULT" if _time(packet) in wanted else "NONREF"
        yield from _in_words(decoder, packet)
    decoder.skip_frame = "DEFAULT"
    yield from _in_words(decoder, None)


def _in_words(decoder: Any, packet: Any) -> list[Any]:
    try:
        return list(decoder.decode(packet))
    except FFmpegError as error:
        raise ClipFaultError(f"cannot be decoded ({error.strerror}): it is damaged or encrypted, so replace it.") from error


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    """What there is of the stream from here on; a file that breaks off ends there."""
    try:
        for packet in container.demux(stream):
            if packet.size and (packet.pts is not None or packet.dts is not None):
                yield packet
    except (FFmpegError, EOFError):
        return


def _seek(container: Any, stream: Any, at: int) -> None:
    try:
        container.seek(at, stream=stream, backward=True)
    except (FFmpegError, OverflowError):  # before the first keyframe, or a container that cannot: from the start then
        container.seek(container.start_time or 0)


def _declared(container: Any, stream: Any) -> float | None:
    """How long the file says that it is, in seconds."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def _time(timed: Any) -> int:
    """When a packet's or a frame's picture is shown; AVI says only when it is decoded."""
    return int(timed.dts if timed.pts is None else timed.pts)
