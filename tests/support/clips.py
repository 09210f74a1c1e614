"""Small clips with a known colour at every time."""

import io
from fractions import Fraction

import av
import numpy as np
from PIL import Image

COLOURS = [(20 * number % 256, 255 - 10 * number, 100) for number in range(20)]


def clip(
    path, colours=COLOURS, *, codec="mpeg4", size=(64, 48), rate=10, gop=12, times=None, rotation=0, aspect=None, **more
):
    """Write a clip of one colour a frame, a tenth of a second each or at times in milliseconds; return its path.

    Args:
        more: ``pix_fmt``, ``format`` of the file, its ``container_options``, ``tags`` of the frames, and ``pixels`` that
            stand for the colours.
    """
    unit = Fraction(1, 1000 if times else rate)
    width, height = size
    target = path if isinstance(path, io.IOBase) else str(path)
    with av.open(target, "w", format=more.get("format"), options=more.get("container_options", {})) as opened:
        stream = opened.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, more.get("pix_fmt", "yuv420p")
        stream.gop_size, stream.codec_context.time_base = gop, unit
        if aspect:
            stream.sample_aspect_ratio = aspect
        if rotation:
            stream.set_display_rotation(rotation)
        tags = more.get("tags", {})
        for name, value in tags.items():
            setattr(stream.codec_context, name, value)
        for number, colour in enumerate(more.get("pixels", colours)):
            frame = _frame(colour, width, height)
            frame.pts, frame.time_base = times[number] if times else number, unit
            for name, value in tags.items():
                setattr(frame, name, value)
            opened.mux(stream.encode(frame))
        opened.mux(stream.encode())
    return path


def gif(rightwards=True, *, frames=4, seed=0):
    """The bytes of a GIF in which a square moves to one side, a tenth of a second a frame."""
    pictures = []
    for number in range(frames):
        pixels = np.full((40, 60, 3), (60 + 20 * seed, 90, 200 - 20 * seed), np.uint8)
        left = 10 * (number if rightwards else frames - 1 - number)
        pixels[10:24, left : left + 14] = (240, 220, 40 * seed)
        pictures.append(Image.fromarray(pixels))
    target = io.BytesIO()
    pictures[0].save(target, "GIF", save_all=True, append_images=pictures[1:], duration=100, loop=0)
    return target.getvalue()


def _frame(colour, width, height):
    if isinstance(colour, av.VideoFrame):
        return colour
    pixels = colour if isinstance(colour, np.ndarray) else np.full((height, width, 3), colour, np.uint8)
    return av.VideoFrame.from_ndarray(pixels, format="rgb24")


def planes(values, pix_fmt, size=(64, 48)):
    """A frame whose planes each hold one value, of eight bits or ten."""
    frame = av.VideoFrame(*size, pix_fmt)
    for plane, value in zip(frame.planes, values, strict=True):
        data = bytes([value]) if "10" not in pix_fmt else int(value).to_bytes(2, "little")
        plane.update(data * (plane.buffer_size // len(data)))
    return frame


def sound(path):
    """Write a file that has sound and no picture."""
    with av.open(str(path), "w") as opened:
        stream = opened.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        opened.mux(stream.encode(frame))
        opened.mux(stream.encode())
    return path
