"""Folders, ZIP archives and JSONL files -> examples, in the same order on every machine.

    read_examples("pets/")          # pets/cat/1.png, pets/dog/1.png: each label's images in a folder of its name
    read_examples("pets.zip")       # the same, also inside one wrapping folder; or one .jsonl with its images
    read_examples("pets.jsonl")     # {"image": "1.png", "question": "Which animal?", "label": "cat"} a line
    read_examples("pets.csv")       # the same under a first line "image,question,label"
    read_queries(["new/", "a.png"]) # images to classify, without labels

What lies deeper in a label folder counts for that label. Hidden files, ``__MACOSX`` and files that are no images by their
name or first bytes are passed over. An image that cannot be read, or is of a format that is not, is left out, listed in
`ExampleSet.skipped` and warned about; it never stops the others, unless it leaves its label without any. What was
converted or guessed is in `ExampleSet.notes`.
"""

from __future__ import annotations

import glob
import os
import posixpath
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from sav_core.data.archive_processes import open_archive
from sav_core.data.clip_sampling import ClipSampling
from sav_core.data.duplicates import contradictions
from sav_core.data.examples import Example, ExampleSet, Skipped
from sav_core.data.jsonl import list_lines
from sav_core.data.listings import UNREAD_LISTS, Listed, Listing, list_images, list_labels
from sav_core.data.lists import choose_list, lists_of_pictures
from sav_core.data.notes import Note, noted
from sav_core.data.odd_labels import odd_labels
from sav_core.data.one_scale import on_one_scale, scale_note
from sav_core.data.opening import read_listed
from sav_core.data.parcels import passed_over
from sav_core.data.places import is_inline
from sav_core.data.sources import LIST_SUFFIXES, FolderSource, Source, ZipSource, composed, natural_order, seen, takes
from sav_core.errors import DatasetError, NotedWarning, SkippedWarning
from sav_core.types import ProgressCallback

__all__ = ["EIGHT_FRAMES", "open_listed", "read_examples", "read_lines", "read_queries"]

StrPath: TypeAlias = str | os.PathLike[str]

EIGHT_FRAMES = ClipSampling()
"""How videos are sampled unless told otherwise."""

_PROJECT = "project.json"  # of a saved project: its labels were named one by one, and it holds pictures of other pages
_WARNED = 5  # of one kind, each with its own sentence
_TOLD = {  # notes on what may be wrong
    *("zip names", "unread keys", "unread list", "parts", "labels alike", "labels joined", "labels alone"),
    *("labels of folders", "empty labels", "garbled labels", "broken profile", "warning", "masks"),
}


def read_examples(
    source: StrPath,
    *,
    question: str = "",
    progress: ProgressCallback | None = None,
    clips: ClipSampling | None = EIGHT_FRAMES,
) -> ExampleSet:
    """Read labelled examples.

    Args:
        source: a folder of label folders, a ``.zip`` of one, or a ``.jsonl`` (also a ``.json``) of lines
            ``{"image": path | "images": [paths], "question": text, "label": text}``, where paths are absolute or
            relative to the file, and ``<image>`` in a question marks the place of the next image; or a ``.csv`` or
            ``.tsv`` of columns called so.
        question: for examples that have none of their own.
        progress: called after each image.
        clips: how videos are sampled; with ``None`` they are left out.

    Returns:
        The examples in natural order or in that of the lines, and what was left out, converted or guessed. Pictures of
        more than eight bits are scaled by one rule for all of them.

    Raises:
        DatasetError: there is nothing to read, a line is malformed, a label has no readable image, or a ZIP is crafted
            to do harm.

    """
    with ExitStack() as stack:
        with _readable(source):
            listing = _list_examples(Path(source), question, stack, clips)
        examples, skipped = read_listed(listing.examples, progress, clips)
    kept = {example.label for example in examples}
    for listed, skip in skipped:
        if listed.label not in kept:
            raise DatasetError(f"The label {listed.label!r} has no readable image: {skip.reason}")
    return _reported(examples, [*listing.skipped, *(skip for _, skip in skipped)], listing.notes, labelled=True)


def read_queries(
    sources: StrPath | Iterable[StrPath],
    *,
    question: str = "",
    progress: ProgressCallback | None = None,
    clips: ClipSampling | None = EIGHT_FRAMES,
) -> ExampleSet:
    """Read examples without labels, such as images to classify.

    Args:
        sources: image files, folders and ``.zip`` archives of images at any depth, patterns such as ``"new/*.png"``,
            ``.jsonl`` files whose labels, if any, are ignored; one of them or several.
        question: for examples that have none of their own.
        progress: called after each image.
        clips: how videos are sampled; with ``None`` they are left out.

    Returns:
        The examples in the order given, inside a folder in natural order; and what was left out. An image's name is
        its path as given.

    Raises:
        DatasetError: nothing at all can be read.

    """
    given = [sources] if isinstance(sources, (str, os.PathLike)) else list(sources)
    with ExitStack() as stack:
        listings = []
        for source in given:
            with _readable(source):
                listings.append(_list_queries(source, question, stack, clips))
        examples, skipped = read_listed([listed for listing in listings for listed in listing.examples], progress, clips)
    left_out = [*(skip for listing in listings for skip in listing.skipped), *(skip for _, skip in skipped)]
    if not examples:
        reason = left_out[0].reason if left_out else "give at least one image, folder, .zip or .jsonl."
        raise DatasetError(f"There is nothing to classify: {reason}")
    return _reported(examples, left_out, [note for listing in listings for note in listing.notes])


def read_lines(
    source: Source, listing: str, *, question: str = "", labelled: bool = True, clips: ClipSampling | None = None
) -> ExampleSet:
    """Read the lines of a JSONL file wherever it lies, and of their images what the source gives.

    Args:
        source: where the file and its images lie.
        listing: the file's name there.
        question: for lines that have none of their own.
        labelled: whether each line must have a label; if not, labels are ignored.
        clips: ``None`` where a line may name no video; else the source's ``picture`` opens those too.

    Returns:
        The examples in the order of the lines, and what was left out: here also all there was of a label.

    Raises:
        DatasetError: a line is malformed, or there are none.
    """
    listed = list_lines(source, listing, question, labelled=labelled, clips=clips)
    examples, skipped = read_listed(listed.examples, None)
    return _reported(examples, [skip for _, skip in skipped], listed.notes, labelled=labelled)


def open_listed(
    listed: Sequence[Listed], *, progress: ProgressCallback | None = None, clips: ClipSampling | None = None
) -> tuple[tuple[int, ...], ExampleSet]:
    """Open examples that were listed before.

    Args:
        listed: what to open.
        progress: called after each image.
        clips: how videos are sampled; with ``None`` they are left out.

    Returns:
        Which of them could be read, by their places, and these examples with what was left out.

    Raises:
        DatasetError: a question and its images do not fit each other.
    """
    examples, skipped = read_listed(listed, progress, clips)
    unreadable = {id(one) for one, _ in skipped}
    rows = tuple(row for row, one in enumerate(listed) if id(one) not in unreadable)
    return rows, _reported(examples, [skip for _, skip in skipped])


def _list_examples(path: Path, question: str, stack: ExitStack, clips: ClipSampling | None) -> Listing:
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


def _list_queries(source: StrPath, question: str, stack: ExitStack, clips: ClipSampling | None) -> Listing:
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


def _beside(source: Source, examples: Sequence[Listed], clips: ClipSampling | None) -> list[str]:
    """The pictures of a source that no line names; a line that gives a whole path names every file of that name."""
    named = {composed(posixpath.normpath(image)) for one in examples for image in one.images if not is_inline(image)}
    far = {posixpath.basename(image) for image in named if posixpath.isabs(image)}
    found = seen(source, source.names)
    there = (composed(name) for name, what in found.items() if takes(source, name, what, clips))
    return natural_order(name for name in there if name not in named and posixpath.basename(name) not in far)


@contextmanager
def _readable(path: StrPath) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DatasetError(f"{str(path)!r} cannot be read ({error.strerror or error}): check the path.") from error


def _reported(
    examples: Sequence[Example], skipped: Sequence[Skipped], notes: Sequence[Note] = (), *, labelled: bool = False
) -> ExampleSet:
    """A set with all that there is to say of it, warned about where it may be wrong."""
    examples = on_one_scale(examples)
    pictures = {id(picture): picture for example in examples for picture in example.images}.values()
    remarks = noted((kind, text, picture.name) for picture in pictures for kind, text in picture.remarks)
    odd = odd_labels(example.label for example in examples if example.label is not None)
    both = (*odd, *contradictions(examples), *scale_note(examples)) if labelled else ()
    found = ExampleSet(tuple(examples), tuple(skipped), (*notes, *remarks, *both))
    kinds: dict[str, list[Skipped]] = defaultdict(list)
    for skip in skipped:
        kinds[skip.kind].append(skip)
    for some in kinds.values():
        for skip in some[:_WARNED]:
            warnings.warn(skip.reason, SkippedWarning, stacklevel=3)
        if more := some[_WARNED:]:
            text = f"{len(more)} more were left out for such a reason, {more[0].name!r} among them."
            warnings.warn(text, SkippedWarning, stacklevel=3)
    for note in found.notes:
        if note.kind in _TOLD:
            warnings.warn(note.sentence, NotedWarning, stacklevel=3)
    return found
