"""Which keys of a line name its pictures, its question and its label: ours, and those of published data sets.

    pictures = pictures_of({"image_path": "1.jpg", "claim": "A cat", "label": "no"})    # Named("image_path", ("1.jpg",))

Keys are compared without regard to case, hyphens and spaces; what comes first in a table is read before what follows.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from sav_core.data.formats import look
from sav_core.data.pictures.picture import IMAGE_SUFFIXES

__all__ = [
    "LABELS",
    "PICTURES",
    "QUESTIONS",
    "VIDEOS",
    "Named",
    "doubled",
    "found_keys",
    "named",
    "names_picture",
    "picture_keys",
    "pictures_of",
    "plain",
    "unread_pictures",
]

QUESTIONS = (
    *("question", "instruction", "claim", "text", "prompt", "query", "statement"),
    *("question_text", "query_text", "user_question", "user_prompt", "input_text", "text_input"),
)
"""Of the SAV release: VLGuard's ``instruction``, MHaluBench's ``claim``, Multimodal RewardBench's ``Text``."""

LABELS = (
    *("label", "claim_label", "answer", "better", "class", "category", "class_name", "label_name", "target"),
    *("category_name", "label_text", "ground_truth", "choice"),
)

PICTURES = (
    *("image", "images", "image_path", "image_paths", "img", "imgs", "img_path", "img_paths", "image_file", "image_files"),
    *("image_name", "img_name", "file_name", "picture", "pictures", "photo", "photos"),
    *("file_names", "image_file_name", "image_file_names", "images_file_names", "image_filename", "image_filenames"),
    *("image_names", "img_file", "picture_path", "picture_paths", "photo_path"),
)
"""Besides those with a number: BLINK's ``image_1`` to ``image_4``, others' ``image0``."""

VIDEOS = ("video", "videos", "video_path", "frames")
_PICTURES_TOO = (
    "filename",
    "file_path",
    "filepath",
    "path",
    "file",
    *("filenames", "file_paths", "filepaths", "paths", "files"),
    *("image_url", "image_urls", "img_url", "image_uri", "url", "uri", "image_base64", "image_b64"),
    *VIDEOS,
)
_TABLED = frozenset({*QUESTIONS, *LABELS, *PICTURES, *_PICTURES_TOO})
_NUMBERED = re.compile(r"(image|img|picture|photo|image_path|img_path)_?(\d{1,3})$")
_PICTURE_WORDS = frozenset(
    {"image", "images", "img", "imgs", "picture", "pictures", "pic", "pics", "photo", "photos", "thumbnail", "pixels"}
    | {"video", "videos", "clip", "frame", "frames", "audio", "jpg", "jpeg", "png"}
    | {"file", "files", "filename", "filepath", "path", "paths", "url", "urls", "uri"}
)


class Named(NamedTuple):
    """A key as it is written in a line, and what stands there."""

    key: str
    value: Any


def plain(key: str) -> str:
    """A key as it stands in the tables."""
    return re.sub(r"[\s-]+", "_", re.sub("(?<=[a-z])(?=[A-Z])", "_", key.strip())).lower()


def named(record: Mapping[str, Any], keys: tuple[str, ...]) -> list[Named]:
    """What stands under some keys of a table, in its order, where there is something."""
    given = {plain(key): Named(key, value) for key, value in reversed(list(record.items()))}
    return [given[key] for key in keys if key in given and given[key].value not in (None, "", [])]


def pictures_of(record: Mapping[str, Any]) -> list[Named]:
    """What names the pictures of a line: a key each, and one for those that are numbered; none where nothing does.

    Keys that other files have for other things, such as ``path``, count where no other key names a picture.
    """
    numbered = sorted(
        (int(match[2]), key) for key in record if (match := _NUMBERED.match(plain(key))) and record[key] not in (None, "")
    )
    found = named(record, PICTURES)
    if numbered:
        found.append(Named(numbered[0][1], [record[key] for _, key in numbered]))
    return found or named(record, _PICTURES_TOO)[:1]


def picture_keys(record: Mapping[str, Any]) -> list[str]:
    """The keys under which the pictures of a line stand."""
    found = [each.key for each in pictures_of(record)]
    numbered = [key for key in record if _NUMBERED.match(plain(key))]
    return [*found, *(key for key in numbered if key not in found)] if {*found} & {*numbered} else found


def unread_pictures(record: Mapping[str, Any]) -> list[str]:
    """Keys that seem to name a picture though no table has them; none where a key of a table is there, if empty."""
    known = {*PICTURES, *_PICTURES_TOO}
    if any(plain(key) in known or _NUMBERED.match(plain(key)) for key in record):
        return []
    texts = {plain(key) for key in record} & {*QUESTIONS, *LABELS}
    return [key for key, value in record.items() if plain(key) not in texts and _seems_picture(key, value)]


def doubled(record: Mapping[str, Any]) -> tuple[str, str] | None:
    """Two keys of a line that are one in the tables, as ``label`` and ``Label``, under which different things stand."""
    seen: dict[str, str] = {}
    for key, value in record.items():
        first = seen.setdefault(plain(key), key)
        if first != key and record[first] != value and plain(key) in _TABLED:
            return first, key
    return None


def found_keys(record: Mapping[str, Any]) -> str:
    """The keys of a line for a message."""
    keys = [repr(key[:20]) for key in record]
    return ", ".join(keys[:6]) + (f" and {len(keys) - 6} more" if len(keys) > 6 else "")


def names_picture(value: Any) -> bool:
    """Whether what stands under a key is called like a picture, of a format that is read or not."""
    name = value if isinstance(value, str) else ""
    seen = look(b"", name)
    return posixpath.splitext(name)[1].lower() in IMAGE_SUFFIXES or (seen is not None and " " not in name)


def _seems_picture(key: str, value: Any) -> bool:
    if value in (None, "", []):
        return False
    return bool(set(plain(key).split("_")) & _PICTURE_WORDS) or names_picture(value)
