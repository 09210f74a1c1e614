"""The bytes of a list -> text: UTF-8, or what the mark at its beginning says."""

from __future__ import annotations

import codecs

__all__ = ["decoded_text"]

# The longer mark first, for UTF-32 begins like UTF-16. Excel writes its "Unicode text" in the latter.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decoded_text(data: bytes) -> str:
    """Return the text.

    Raises:
        ValueError: it is in no such encoding, or holds null characters, as UTF-16 without a mark does.
    """
    text = data.decode(next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "utf-8"))
    if "\0" in text:
        raise ValueError("it holds null characters")
    return text
