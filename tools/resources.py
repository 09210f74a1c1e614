"""Read the files out of a Qt resource collection (`.rcc`), as some games ship their pictures."""

import struct
import zlib
from pathlib import Path

FOLDER, ZLIB = 2, 1  # flags of a node


def unpack(path: Path) -> dict[str, bytes]:
    """Every file of a collection by its path within it; those packed otherwise than by zlib or not at all are refused."""
    content = path.read_bytes()
    magic, version, tree, data, names = struct.unpack(">4s4I", content[:20])
    if magic != b"qres":
        raise ValueError(f"{path} is no Qt resource collection: it begins with {magic!r}.")
    size = 14 if version < 2 else 22
    files: dict[str, bytes] = {}

    def visit(index: int, prefix: str) -> None:
        at = tree + index * size
        name_at, flags = struct.unpack(">IH", content[at : at + 6])
        (length,) = struct.unpack(">H", content[names + name_at : names + name_at + 2])
        name = content[names + name_at + 6 : names + name_at + 6 + 2 * length].decode("utf-16-be") if index else ""
        if flags & FOLDER:
            count, first = struct.unpack(">II", content[at + 6 : at + 14])
            for child in range(first, first + count):
                visit(child, f"{prefix}{name}/")
            return
        (start,) = struct.unpack(">I", content[at + 10 : at + 14])
        (length,) = struct.unpack(">I", content[data + start : data + start + 4])
        body = content[data + start + 4 : data + start + 4 + length]
        if flags & ~ZLIB:
            raise ValueError(f"{prefix}{name} in {path} is packed in a way this does not read (flags {flags}).")
        files[prefix + name] = zlib.decompress(body[4:]) if flags & ZLIB else body

    visit(0, "")
    return files
