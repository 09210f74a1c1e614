"""Folders and their names -> which images belong to which label, nothing decoded yet.

Examples come in natural order of their names in Unicode's composed form, so every system lists the same ones in the same
order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Skipped
from sav_core.data.folders.masks import note_masks
from sav_core.data.folders.parcels import parcels, passed_over
from sav_core.data.folders.parts import part_to_learn_from, parts_among
from sav_core.data.folders.sources import Source, composed, natural_order, seen, takes
from sav_core.data.folders.twins import check_twins
from sav_core.data.formats import Look, refusal
from sav_core.data.notes import Note
from sav_core.errors import DatasetError

__all__ = ["UNREAD_LISTS", "Listed", "Listing", "list_images", "list_labels"]


UNREAD_LISTS = (".parquet", ".xlsx", ".xls", ".ods", ".arrow", ".feather", ".json", ".xml")
"""How files end that may say the labels, and are not looked for."""


_FEW = 10  # one in so many pictures may have strayed; more of them are of a label


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
    found = tuple(Listed(source, (name,), question, None) for name in images)
    return Listing(found, _unread(unread), (*source.notes, *passed_over(source)))


def list_labels(source: Source, question: str, clips: ClipSampling | None = None) -> Listing:
    """List the images of each label folder, clips too where they are taken; what lies deeper counts for that label too.

    Raises:
        DatasetError: there are no label folders, an empty one, or two that are one to the eye; or they are parts of a set.

    """
    images, unread = _pictures(source, clips)
    if not images:
        raise DatasetError(
            f"{source.name!r} holds no images{_but(unread | parcels(source))}: put those of each label into a folder of "
            "the label's name."
        )
    depth = _depth_of_labels(source.names, images)
    label_folder = {name: parts[depth] for name in source.names if len(parts := name.split("/")) > depth + 1}
    _check_folders(source, label_folder, images, unread | parcels(source), depth)
    examples, loose = [], []
    for name in images:
        if name in label_folder:
            examples.append(Listed(source, (name,), question, composed(label_folder[name])))
        else:
            reason = f"{name!r} lies outside the label folders: move it into the folder of its label."
            loose.append(Skipped(composed(name), reason, "outside"))
    said = (*source.notes, *passed_over(source), *note_masks([listed.images[0] for listed in examples]))
    return Listing(tuple(examples), (*loose, *_unread(unread)), said)


def _pictures(source: Source, clips: ClipSampling | None) -> tuple[list[str], dict[str, Look]]:
    """The images of a source in order, and its files of formats that are not read."""
    found = seen(source, source.names)
    images = natural_order(name for name, what in found.items() if takes(source, name, what, clips))
    return images, {name: found[name] for name in natural_order(found.keys() - set(images))}


def _unread(unread: Mapping[str, Look]) -> tuple[Skipped, ...]:
    return tuple(Skipped(composed(name), refusal(composed(name), what.kind), what.kind) for name, what in unread.items())


def _but_a_list(source: Source) -> str:
    """In words, a file that may say the labels and is not read."""
    found = next((name for name in natural_order(source.names) if name.lower().endswith(UNREAD_LISTS)), "")
    return f", and {composed(found)!r} is not read as a list of them" if found else ""


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
    strays = set(_strays(images))
    images = [name for name in images if name not in strays]
    tops = {name.split("/")[0] for name in (*images, *(name for name in names if name.endswith("/")))}
    once = int(len(tops) == 1 and all(name.count("/") > 1 for name in images))
    depth = once
    while once and all(name.count("/") > depth for name in images):
        inside = {name.split("/")[depth] for name in images}
        if len(inside) > 1:
            return depth if all(name.count("/") > depth for name in images) else once
        depth += 1
    return once


def _strays(images: Sequence[str]) -> list[str]:
    """A picture beside folders of labels, or beside one that wraps them; none where it is more than a few."""
    strays: list[str] = []
    rest, depth = list(images), 0
    while rest:
        beside = [name for name in rest if name.count("/") == depth]
        rest = [name for name in rest if name.count("/") > depth]
        strays += beside
        if len({name.split("/")[depth] for name in rest}) > 1:
            return strays if depth and len(strays) <= max(1, len(images) // _FEW) else []
        depth += 1
    return []


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
            f"The label folder {folder!r} of {source.name!r} holds no images{_but(inside)}: add some, or remove the folder."
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
