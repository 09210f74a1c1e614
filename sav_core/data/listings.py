"""Folders and their names -> which images belong to which label, nothing decoded yet.

Examples come in natural order of their names in Unicode's composed form, so every system lists the same ones in the same
order.
"""

from __future__ import annotations

import posixpath
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sav_core.data.clip_sampling import ClipSampling
from sav_core.data.examples import Skipped
from sav_core.data.formats import Look, refusal
from sav_core.data.notes import Note
from sav_core.data.parts import part_to_learn_from, parts_among
from sav_core.data.sources import Source, composed, natural_order, seen, takes
from sav_core.errors import DatasetError

__all__ = ["UNREAD_LISTS", "Listed", "Listing", "check_twins", "list_images", "list_labels"]


UNREAD_LISTS = (".parquet", ".xlsx", ".xls", ".ods", ".arrow", ".feather", ".json", ".xml")
"""How files end that may say the labels, and are not looked for."""

_PACKED = {
    **dict.fromkeys((".parquet", ".arrow", ".feather"), "a Parquet or Arrow file"),
    **dict.fromkeys((".zip", ".tar", ".gz", ".tgz", ".7z", ".rar", ".bz2", ".xz"), "an archive"),
    **dict.fromkeys((".tfrecord", ".tfrecords", ".rec", ".lmdb", ".mdb"), "a file of records"),
    **dict.fromkeys((".h5", ".hdf5", ".npz", ".mat", ".pkl", ".pickle", ".pt"), "a file of arrays"),
}

_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"  # letters and marks that show nothing
_VARIANTS = {*map(chr, range(0xFE00, 0xFE10)), *map(chr, range(0xE0100, 0xE01F0)), *"\u180b\u180c\u180d"}

# Small letters of Cyrillic and Greek, and hyphens, that no eye tells from the Latin ones.
_LOOK_ALIKE = str.maketrans("аеорсухіјѕԁһӏοϲϳ‐‑−", "aeopcyxijsdhlocj---")


@dataclass(frozen=True, slots=True)
class Listed:
    """One example before its images are opened; ``line`` names the line it comes from, if it comes from one."""

    source: Source
    images: tuple[str, ...]
    question: str
    label: str | None
    line: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The examples of one source in order, the files that have no place among them, and what was guessed."""

    examples: tuple[Listed, ...]
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[Note, ...] = ()


def list_images(source: Source, question: str, clips: ClipSampling | None = None) -> Listing:
    """List every image, at any depth, as an example without label; clips too where they are taken."""
    images, unread = _pictures(source, clips)
    return Listing(tuple(Listed(source, (name,), question, None) for name in images), _unread(unread), source.notes)


def list_labels(source: Source, question: str, clips: ClipSampling | None = None) -> Listing:
    """List the images of each label folder, clips too where they are taken; what lies deeper counts for that label too.

    Raises:
        DatasetError: there are no label folders, an empty one, or two that are one to the eye; or they are parts of a set.

    """
    images, unread = _pictures(source, clips)
    if not images:
        raise DatasetError(
            f"{source.name!r} holds no images{_but(unread | _packed(source))}: put those of each label into a folder of "
            "the label's name."
        )
    depth = _depth_of_labels(source.names, images)
    label_folder = {name: parts[depth] for name in source.names if len(parts := name.split("/")) > depth + 1}
    _check_folders(source, label_folder, images, unread, depth)
    examples, loose = [], []
    for name in images:
        if name in label_folder:
            examples.append(Listed(source, (name,), question, composed(label_folder[name])))
        else:
            reason = f"{name!r} lies outside the label folders: move it into the folder of its label."
            loose.append(Skipped(composed(name), reason, "outside"))
    return Listing(tuple(examples), (*loose, *_unread(unread)), source.notes)


def check_twins(labels: Iterable[str], what: str, where: str) -> None:
    """Refuse labels that are one to the eye.

    Args:
        labels: any number of each.
        what: what to call two of them in the message, such as ``"label folders"``.
        where: what they are in.

    Raises:
        DatasetError: two differ only in case, in spaces, in characters that nobody sees or in letters that look alike.
    """
    known: dict[str, str] = {}
    for label in natural_order(set(labels)):
        twin = known.setdefault(_to_the_eye(label), label)
        if twin != label:
            raise DatasetError(
                f"The {what} {_shown(twin)} and {_shown(label)} of {where!r} differ only in upper and lower case or in "
                "invisible characters, or in letters that look alike: merge them or rename one."
            )


def _pictures(source: Source, clips: ClipSampling | None) -> tuple[list[str], dict[str, Look]]:
    """The images of a source in order, and its files of formats that are not read."""
    found = seen(source, source.names)
    images = natural_order(name for name, what in found.items() if takes(source, name, what, clips))
    return images, {name: found[name] for name in natural_order(found.keys() - set(images))}


def _unread(unread: Mapping[str, Look]) -> tuple[Skipped, ...]:
    return tuple(Skipped(composed(name), refusal(composed(name), what.kind), what.kind) for name, what in unread.items())


def _packed(source: Source) -> dict[str, Look]:
    """Files that may hold pictures, packed in a way that is not read."""
    kinds = ((name, _PACKED.get(posixpath.splitext(name.lower())[1])) for name in source.names)
    return {name: Look(kind, read=False) for name, kind in kinds if kind}


def _but_a_list(source: Source) -> str:
    """In words, a file that may say the labels and is not read."""
    found = next((name for name in natural_order(source.names) if name.lower().endswith(UNREAD_LISTS)), "")
    return f", and {composed(found)!r} is not read as a list (.csv and .jsonl are)" if found else ""


def _but(unread: Mapping[str, Look]) -> str:
    """In words, what there is instead of images."""
    kinds = Counter(what.kind for what in unread.values())
    if not kinds:
        return ""
    first = next(iter(unread))
    told = ", ".join(f"{count} times {kind}" for kind, count in kinds.most_common(3))
    return f" that are read, but {told}, such as {composed(first)!r}"


def _depth_of_labels(names: Sequence[str], images: Sequence[str]) -> int:
    """How many folders wrap the label folders: one as most ZIP programs do it, or more if two labels lie in the last."""
    tops = {name.split("/")[0] for name in (*images, *(name for name in names if name.endswith("/")))}
    once = int(len(tops) == 1 and all(name.count("/") > 1 for name in images))
    depth = once
    while once and all(name.count("/") > depth for name in images):
        inside = {name.split("/")[depth] for name in images}
        if len(inside) > 1:
            return depth if all(name.count("/") > depth for name in images) else once
        depth += 1
    return once


def _check_folders(
    source: Source, label_folder: Mapping[str, str], images: Sequence[str], unread: Mapping[str, Look], depth: int
) -> None:
    folders = set(label_folder.values())
    filled = {label_folder[name] for name in images if name in label_folder}
    if not folders:
        raise DatasetError(
            f"{source.name!r} holds images but no label folders{_but_a_list(source)}: put the images of each label into a "
            "folder of its name."
        )
    _check_parts(source, label_folder, images, depth)
    check_twins(folders, "label folders", source.name)
    for folder in natural_order(folders - filled):
        inside = {name: what for name, what in unread.items() if label_folder.get(name) == folder}
        raise DatasetError(
            f"The label folder {folder!r} of {source.name!r} holds no image{_but(inside)}: add some, or remove the folder."
        )


def _check_parts(source: Source, label_folder: Mapping[str, str], images: Sequence[str], depth: int) -> None:
    """Refuse folders that are parts of a set: their names would become the labels."""
    inside: dict[str, set[str]] = defaultdict(set)
    wrapping = ""
    for name in images:
        if name in label_folder:
            folders = name.split("/")[:-1]
            wrapping = "/".join(folders[:depth])
            inside[label_folder[name]] |= set(_below(folders[depth:]))
    parts = natural_order(parts_among(inside))
    if parts:
        place = "/".join(part for part in (source.name, wrapping, part_to_learn_from(parts)) if part)
        called_so = parts_among({part: frozenset[str]() for part in parts})
        else_ = "" if called_so else "; if these are the labels, list the examples in a .csv"
        raise DatasetError(
            f"{source.name!r} holds the sets {', '.join(map(repr, parts))}, but label folders were expected: read one set "
            f"at a time, such as {place!r}{else_}."
        )


def _below(folders: Sequence[str]) -> Sequence[str]:
    """The first folder in a label folder, passing over one of its own name, as in ``seg_train/seg_train/``."""
    below = folders[1:]
    while below and below[0] == folders[0]:
        below = below[1:]
    return below[:1]


def _to_the_eye(label: str) -> str:
    plain = unicodedata.normalize("NFC", composed(label).casefold()).translate(_LOOK_ALIKE)
    visible = "".join(c for c in plain if c.isspace() or not _unseen(c))
    return " ".join(visible.split())


def _shown(label: str) -> str:
    """A label for a message, what nobody sees written out."""
    odd = any(_unseen(c) or unicodedata.combining(c) or ord(c.casefold()[0]) in _LOOK_ALIKE for c in label)
    return ascii(label) if odd else repr(label)


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in ("Cf", "Cc") or character in _BLANK or character in _VARIANTS
