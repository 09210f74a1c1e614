"""Which examples a place holds: folders, ZIPs, lists, Parquet files, here or at an address; nothing opened yet.

with listed_examples("pets/") as listing:    # labelled, see `datasets.read_examples`
listing.examples, listing.skipped, listing.notes
"""

from __future__ import annotations

import glob
import os
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from sav_core.data.archives.processes import open_archive
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Skipped
from sav_core.data.folders.filesystems import FarSource, is_far, opened
from sav_core.data.folders.listings import UNREAD_LISTS, Listed, Listing, list_images, list_labels
from sav_core.data.folders.parcels import passed_over
from sav_core.data.folders.sources import (
    LIST_SUFFIXES,
    FolderSource,
    Source,
    ZipSource,
    composed,
    natural_order,
    seen,
    takes,
)
from sav_core.data.lists.choosing import choose_list, lists_of_pictures
from sav_core.data.lists.jsonl import list_lines
from sav_core.data.lists.parquet_rows import list_rows, parquet_files
from sav_core.data.notes import Note
from sav_core.data.places import is_inline
from sav_core.errors import DatasetError

__all__ = ["EIGHT_FRAMES", "Place", "listed_examples", "listed_queries"]

Place: TypeAlias = str | os.PathLike[str] | FarSource

EIGHT_FRAMES = ClipSampling()
"""How videos are sampled unless told otherwise."""

_PROJECT = "project.json"  # of a saved project: its labels were named one by one, and it holds pictures of other pages


@contextmanager
def listed_examples(source: Place, *, question: str = "", clips: ClipSampling | None = EIGHT_FRAMES) -> Iterator[Listing]:
    """List labelled examples, nothing opened yet; what they lie in is open while this is.

    Arguments and errors are those of ``read_examples``, but for what only opening a picture shows.
    """
    with ExitStack() as stack:
        with _readable(source):
            listing = _list_examples(source, question, stack, clips)
        yield listing


@contextmanager
def listed_queries(
    sources: Place | Iterable[Place], *, question: str = "", clips: ClipSampling | None = EIGHT_FRAMES
) -> Iterator[Listing]:
    """List examples without labels, nothing opened yet; what they lie in is open while this is.

    Arguments and errors are those of ``read_queries``, but for what only opening a picture shows.
    """
    given = [sources] if isinstance(sources, (str, os.PathLike, FarSource)) else list(sources)
    with ExitStack() as stack:
        listings = []
        for source in given:
            with _readable(source):
                listings.append(_list_queries(source, question, stack, clips))
        yield Listing(
            tuple(listed for listing in listings for listed in listing.examples),
            tuple(skip for listing in listings for skip in listing.skipped),
            tuple(note for listing in listings for note in listing.notes),
        )


def _list_examples(source: Place, question: str, stack: ExitStack, clips: ClipSampling | None) -> Listing:
    source = opened(source)
    if tables := parquet_files(source):
        return list_rows(tables, question, clips=clips)
    if isinstance(source, FarSource):
        return _list_labelled(source, question, clips)
    if is_far(str(source)):
        return _list_far_file(str(source), question, clips)
    path = Path(source)
    if path.is_dir():
        return _list_labelled(FolderSource(path), question, clips)
    if not path.exists():
        raise DatasetError(f"There is no file or folder {str(path)!r}: check the path.")
    if path.suffix.lower() == ".zip":
        return _list_labelled(ZipSource(stack.enter_context(open_archive(path))), question, clips)
    if path.suffix.lower() in LIST_SUFFIXES:
        return list_lines(FolderSource(path.parent), path.name, question, clips=clips)
    raise DatasetError(
        f"{path.name!r} is neither a folder of label folders, nor a .zip, nor a .jsonl or .csv: give one of these."
    )


def _list_far_file(address: str, question: str, clips: ClipSampling | None) -> Listing:
    folder, name = posixpath.split(address)
    if posixpath.splitext(name)[1].lower() in LIST_SUFFIXES:
        return list_lines(FarSource(folder), name, question, clips=clips)
    raise DatasetError(f"{name!r} is neither a folder of label folders, nor a .jsonl, .csv or .parquet: give one of these.")


def _list_labelled(source: Source, question: str, clips: ClipSampling | None) -> Listing:
    """List by label folders, or by the list of examples if the source holds one."""
    listing = choose_list(source, clips)
    if not listing:
        found = list_labels(source, question, clips)
        return replace(found, notes=(*found.notes, *_unread_list(source)))
    found = list_lines(source, listing, question, twins=_PROJECT in source.names, clips=clips)
    loose = [] if _PROJECT in source.names else _beside(source, found.examples, clips)
    text = f"Pictures beside {listing!r} that no line of it names are left out"
    unnamed = (Note("unnamed", text, len(loose), tuple(loose[:3])),) if loose else ()
    return replace(found, notes=(*found.notes, *unnamed, *passed_over(source)))


def _unread_list(source: Source) -> tuple[Note, ...]:
    """Say that a list which may say other labels than the folders, or a question, is not read."""
    called = (name for name in source.names if posixpath.basename(name).lower().startswith("metadata."))
    found = [name for name in called if name.lower().endswith(UNREAD_LISTS)]
    of_kind = "A list of such a kind is not read, and the folders are the labels"
    beside = "A list of pictures beside label folders is not read: the folders are the labels, and it gives no question"
    lists = ((of_kind, found), (beside, lists_of_pictures(source)))
    return tuple(Note("unread list", text, len(some), tuple(some[:3])) for text, some in lists if some)


def _list_queries(source: Place, question: str, stack: ExitStack, clips: ClipSampling | None) -> Listing:
    source = opened(source)
    if tables := parquet_files(source):
        return list_rows(tables, question, labelled=False, clips=clips)
    if isinstance(source, FarSource) or is_far(str(source)):
        return _list_far_queries(source, question, clips)
    path, given = Path(source), str(source)
    if path.is_file() and path.suffix.lower() == ".zip":
        return list_images(ZipSource(stack.enter_context(open_archive(path))), question, clips)
    if path.is_file() and path.suffix.lower() in LIST_SUFFIXES:
        return list_lines(FolderSource(path.parent), path.name, question, labelled=False, clips=clips)
    found = [given]
    if path.is_dir():
        inside = list_images(FolderSource(path), question, clips)
        left_out = tuple(replace(skip, name=str(path / skip.name)) for skip in inside.skipped)
        if not inside.examples and not left_out:
            return Listing((), (Skipped(given, f"The folder {given!r} holds no images: name another.", "no images"),))
        here = FolderSource(Path())
        named = tuple(replace(listed, source=here, images=(str(path / listed.images[0]),)) for listed in inside.examples)
        return Listing(named, left_out, inside.notes)
    if not path.exists() and set("*?[") & set(given):  # quoted, or typed where the shell knows no patterns
        matches = glob.glob(given, recursive=True)  # noqa: PTH207  # Path.glob takes no absolute pattern
        found = natural_order(seen(FolderSource(Path()), matches)) or found
    here = FolderSource(Path())
    return Listing(tuple(Listed(here, (name,), question, None) for name in found))


def _list_far_queries(source: Place, question: str, clips: ClipSampling | None) -> Listing:
    if isinstance(source, FarSource):
        inside = list_images(source, question, clips)
        left_out = tuple(replace(skip, name=f"{source.address}/{skip.name}") for skip in inside.skipped)
        named = tuple(replace(one, images=(f"{source.address}/{one.images[0]}",)) for one in inside.examples)
        return Listing(named, left_out, inside.notes)
    folder, name = posixpath.split(str(source))
    if posixpath.splitext(name)[1].lower() in LIST_SUFFIXES:
        return list_lines(FarSource(folder), name, question, labelled=False, clips=clips)
    return Listing((Listed(FarSource(folder), (str(source),), question, None),))


def _beside(source: Source, examples: Sequence[Listed], clips: ClipSampling | None) -> list[str]:
    """The pictures of a source that no line names; a line that gives a whole path names every file of that name."""
    named = {composed(posixpath.normpath(image)) for one in examples for image in one.images if not is_inline(image)}
    far = {posixpath.basename(image) for image in named if posixpath.isabs(image)}
    found = seen(source, source.names)
    there = (composed(name) for name, what in found.items() if takes(source, name, what, clips))
    return natural_order(name for name in there if name not in named and posixpath.basename(name) not in far)


@contextmanager
def _readable(path: Place) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DatasetError(f"{str(path)!r} cannot be read ({error.strerror or error}): check the path.") from error
