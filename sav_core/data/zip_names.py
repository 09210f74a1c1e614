"""The names in a ZIP -> text: what says its encoding is taken at its word, the rest is a guess for all of them together.

Before 2007 a ZIP had no way to say its encoding, and many programs still write that of the computer they run on.
"""

from __future__ import annotations

import re
import struct
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from zipfile import ZipInfo

__all__ = ["read_names"]

_UTF8 = 0x800
_UNICODE_PATH = 0x7075
_ENCODINGS = {  # the earlier one where two are as likely
    "cp437": "the encoding of old PCs (cp437)",
    "cp1251": "Cyrillic of Windows (cp1251)",
    "cp866": "Cyrillic of DOS (cp866)",
    "cp932": "Japanese (Shift-JIS)",
    "gbk": "Chinese (GBK)",
    "big5": "Chinese (Big5)",
    "cp949": "Korean (cp949)",
    "cp1252": "Western Windows (cp1252)",
}


def read_names(entries: Sequence[ZipInfo]) -> tuple[list[str], str]:
    """Decode the names of a ZIP's entries.

    Returns:
        The names in their order, with slashes and without ``./``; and how they were read where that is a guess.
    """
    raw = [_bytes(entry) for entry in entries]
    told = [_told(entry, name) for entry, name in zip(entries, raw, strict=True)]
    unknown = [name for name, text in zip(raw, told, strict=True) if text is None]
    encoding = _guess(unknown) if unknown else ""
    names = [name.decode(encoding) if text is None else text for name, text in zip(raw, told, strict=True)]
    if not any("/" in name for name in names):  # PowerShell 5 separates with backslashes alone
        names = [name.replace("\\", "/") for name in names]
    return [re.sub(r"(^|(?<=/))\./+", "", name) for name in names], _ENCODINGS.get(encoding, "")


def _bytes(entry: ZipInfo) -> bytes:
    """The name as it is stored, which zipfile has decoded."""
    return entry.orig_filename.encode("utf-8" if entry.flag_bits & _UTF8 else "cp437", "surrogateescape")


def _told(entry: ZipInfo, name: bytes) -> str | None:
    """The name where its encoding is known: by the flag, by Info-ZIP's extra field, or because it is plain ASCII."""
    if entry.flag_bits & _UTF8:
        return entry.orig_filename
    for kind, body in _extra_fields(entry.extra):
        if kind == _UNICODE_PATH and len(body) > 5 and struct.unpack_from("<BI", body) == (1, zlib.crc32(name)):
            try:
                return body[5:].decode("utf-8")
            except UnicodeDecodeError:
                break
    return name.decode("ascii") if name.isascii() else None


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, place)
        yield kind, extra[place + 4 : place + 4 + length]
        place += 4 + length


def _guess(names: Sequence[bytes]) -> str:
    """UTF-8 where all names are that, as macOS writes them; else the encoding in which they look most like words."""
    with suppress(UnicodeDecodeError):
        b"/".join(names).decode("utf-8")
        return "utf-8"
    distinct = {part for name in names for part in re.split(rb"/", name) if not part.isascii()}
    scores: dict[str, float] = {}
    for encoding in _ENCODINGS:
        try:
            scores[encoding] = sum(_likeness(part.decode(encoding), encoding) for part in distinct)
        except UnicodeDecodeError:
            continue
    return max(scores, key=lambda encoding: scores[encoding])


def _likeness(text: str, encoding: str) -> float:
    """How much a name looks like words, by its bytes: each counts once, or against it what no word has."""
    score = 0.0
    for word in re.findall(r"[^\W\d_]+", text):
        scripts = {_script(letter) for letter in word}
        score -= 3.0 * (len(scripts - {"KANA", "HAN"}) + bool(scripts & {"KANA", "HAN"}) - 1)
        if re.search(r"[^\W\d_A-Z]", word[:1]) and word != word.lower() and word != word.upper():
            score -= 1.5  # capitals inside a word that begins with a small letter
        score -= 0.3 * (word == word.upper() != word.lower()) * (len(word) < 4)
    for character in text:
        if not character.isascii():
            score += _worth(character, encoding)
    return score


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "")
    if letter.isascii():
        return "LATIN"
    if "HIRAGANA" in name or "KATAKANA" in name:
        return "KANA"
    return "HAN" if name.startswith("CJK") else name.split(" ")[0]


def _worth(character: str, encoding: str) -> float:
    """What one character that is not ASCII says for an encoding."""
    try:
        stored = character.encode(encoding)
    except UnicodeEncodeError:
        return -3.0
    if not character.isalpha():
        return -2.0 if len(stored) == 1 else -0.5
    if len(stored) == 1:
        return -1.0 if encoding == "cp932" else 1.0  # katakana of half width, which nobody uses in names
    lead, trail = stored
    common = {
        "cp932": _script(character) == "KANA" or 0x88 <= lead <= 0x97,
        "gbk": 0xB0 <= lead <= 0xD7 and trail >= 0xA1,
        "big5": 0xA4 <= lead <= 0xC6,
        "cp949": 0xB0 <= lead <= 0xC8 and trail >= 0xA1 and _script(character) == "HANGUL",
    }
    level_two = {"gbk": 0xD8 <= lead <= 0xF7 and trail >= 0xA1}
    if common.get(encoding):
        return 2.0
    return 0.5 if level_two.get(encoding) else -1.0
