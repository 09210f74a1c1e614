"""Folders and their names -> which images belong to which label, nothing opened yet.

Examples come in natural order of their names in Unicode's composed form, so every system lists the same ones in the same
order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sav_core.data.examples import Skipped
from sav_core.data.sources import Source, composed, is_image, natural_order
from sav_core.errors import DatasetError

__all__ = ["Listed", "Listing", "list_images", "list_labels"]

_SPLITS = {"train", "training", "support", "test", "testing", "queries", "val", "valid", "validation", "dev"}


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
    """The examples of one source in order, and the files that have no place among them."""

    examples: tuple[Listed, ...]
    skipped: tuple[Skipped, ...] = ()


def list_images(source: Source, question: str) -> Listing:
    """List every image, at any depth, as an example without label."""
    return Listing(tuple(Listed(source, (name,), question, None) for name in natural_order(filter(is_image, source.names))))


def list_labels(source: Source, question: str) -> Listing:
    """List the images of each label folder; what lies deeper counts for that label too.

    Raises:
        DatasetError: there are no label folders, an empty one, or two that are one to the eye.

    """
    images = natural_order(filter(is_image, source.names))
    if not images:
        raise DatasetError(f"{source.name!r} holds no images: put those of each label into a folder of the label's name.")
    depth = _depth_of_labels(source.names, images)
    label_folder = {name: parts[depth] for name in source.names if len(parts := name.split("/")) > depth + 1}
    _check_folders(source, set(label_folder.values()), {label_folder[name] for name in images if name in label_folder})
    examples, loose = [], []
    for name in images:
        if name in label_folder:
            examples.append(Listed(source, (name,), question, composed(label_folder[name])))
        else:
            reason = f"{name!r} lies outside the label folders: move it into the folder of its label."
            loose.append(Skipped(composed(name), reason))
    return Listing(tuple(examples), tuple(loose))


def _depth_of_labels(names: Sequence[str], images: Sequence[str]) -> int:
    """1 when a single folder wraps the label folders, as most ZIP programs do it; else 0."""
    tops = {name.split("/")[0] for name in (*images, *(name for name in names if name.endswith("/")))}
    return int(len(tops) == 1 and all(name.count("/") > 1 for name in images))


def _check_folders(source: Source, folders: set[str], filled: set[str]) -> None:
    if not folders:
        raise DatasetError(
            f"{source.name!r} holds images but no label folders: put the images of each label into a folder of its name."
        )
    seen: dict[str, str] = {}
    for folder in natural_order(folders):
        twin = seen.setdefault(composed(folder).casefold().strip(), folder)
        if twin != folder:
            raise DatasetError(
                f"The label folders {twin!r} and {folder!r} of {source.name!r} differ only in upper and lower case or "
                "in invisible characters: merge them or rename one."
            )
        if folder not in filled:
            raise DatasetError(
                f"The label folder {folder!r} of {source.name!r} holds no image: add some, or remove the folder."
            )
    if len(seen) > 1 and seen.keys() <= _SPLITS:
        raise DatasetError(
            f"{source.name!r} holds the sets {', '.join(map(repr, seen.values()))}, but label folders were expected: "
            "read one set at a time."
        )
