"""TIFFs of any kind of number, any number of bands and any layout, and PNGs of 16 bits, made by hand."""

import struct
import zlib

import numpy as np

FORMATS = {"u": 1, "i": 2, "f": 3}


def tiff(values, compression=1, predictor=1, planar=1, photometric=1, big_endian=False, tile=None, rows=None, tags=()):
    """``(row, column, band)`` as a TIFF: plain or deflate, in strips or tiles, bands together or apart."""
    order = ">" if big_endian else "<"
    values = np.atleast_3d(values)
    values = values.astype(values.dtype.newbyteorder(order))
    height, width, bands = values.shape
    planes = [values] if planar == 1 else [values[..., band : band + 1] for band in range(bands)]
    parts = [_packed(part, compression, predictor) for plane in planes for part in _cut(plane, tile, rows or height)]
    starts = [8 + sum(map(len, parts[:number])) for number in range(len(parts))]
    sizes = [len(part) for part in parts]
    table = {
        256: [width],
        257: [height],
        258: [values.dtype.itemsize * 8] * bands,
        259: [compression],
        262: [photometric],
        277: [bands],
        284: [planar],
        317: [predictor],
        339: [FORMATS[values.dtype.kind]] * bands,
        **(
            {322: [tile], 323: [tile], 324: starts, 325: sizes}
            if tile
            else {273: starts, 278: [rows or height], 279: sizes}
        ),
        **dict(tags),
    }
    return directory(table, b"".join(parts), order)


def directory(table, body=b"", order="<"):
    """A TIFF of one page with these tags, numbers or bytes, after a body that begins at 8."""
    start = 8 + len(body)
    entries, more, after = b"", b"", start + 2 + 12 * len(table) + 4
    for tag, value in sorted(table.items()):
        kind, data = (2, value) if isinstance(value, bytes) else (4, struct.pack(f"{order}{len(value)}I", *value))
        entries += struct.pack(f"{order}HHI", tag, kind, len(value))
        if len(data) > 4:
            entries += struct.pack(f"{order}I", after + len(more))
            more += data
        else:
            entries += data.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", start)
    return head + body + struct.pack(f"{order}H", len(table)) + entries + b"\0" * 4 + more


def png16(values):
    """``uint16 (row, column, band)`` of 2, 3 or 4 bands as a PNG."""
    height, width, bands = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    head = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[bands], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    )


def _cut(plane, tile, rows):
    height, width, bands = plane.shape
    if tile is None:
        return [plane[top : top + rows] for top in range(0, height, rows)]
    whole = np.zeros((-(-height // tile) * tile, -(-width // tile) * tile, bands), plane.dtype)
    whole[:height, :width] = plane
    return [
        whole[top : top + tile, left : left + tile]
        for top in range(0, whole.shape[0], tile)
        for left in range(0, whole.shape[1], tile)
    ]


def _packed(part, compression, predictor):
    if predictor == 2:
        order = part.dtype.byteorder
        numbers = part.view(np.dtype(f"u{part.dtype.itemsize}").newbyteorder(order)).astype(f"u{part.dtype.itemsize}")
        part = np.diff(numbers, axis=1, prepend=np.zeros_like(numbers[:, :1])).astype(
            numbers.dtype.newbyteorder(order if order in "<>" else "=")
        )
    return zlib.compress(part.tobytes()) if compression == 8 else part.tobytes()
