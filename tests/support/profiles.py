"""Colour profiles made by hand: Display P3, Adobe RGB, sRGB, and a grey of light."""

import struct

from PIL import ImageCms

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _fixed(*numbers):
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def _text(text):
    data = text.encode()
    return b"desc" + bytes(4) + struct.pack(">I", len(data) + 1) + data + b"\0" + bytes(78)


def profile(name, primaries, gamma, space=b"RGB "):
    """A matrix profile: the primaries' XYZ of D50, one gamma for all."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    tags = {
        b"desc": _text(name),
        b"cprt": b"text" + bytes(4) + b"none\0",
        b"wtpt": b"XYZ " + bytes(4) + _fixed(0.9642, 1, 0.8249),
    }
    if space == b"GRAY":
        tags[b"kTRC"] = curve
    else:
        for letter, xyz in zip("rgb", primaries, strict=True):
            tags[f"{letter}XYZ".encode()] = b"XYZ " + bytes(4) + _fixed(*xyz)
            tags[f"{letter}TRC".encode()] = curve
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for tag, data in tags.items():
        table += tag + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = start + len(body)
    head = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02100000, b"mntr", space, b"XYZ ") + bytes(12) + b"acsp"
    head = head.ljust(68, b"\0") + _fixed(0.9642, 1, 0.8249)
    return head.ljust(128, b"\0") + table + body


P3 = profile("Display P3", [(0.5151, 0.2412, -0.0011), (0.292, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)], 2.2)
ADOBE = profile("Adobe RGB (1998)", [(0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)], 2.19922)
GREY = profile("grey of light", [], 1.0, b"GRAY")
