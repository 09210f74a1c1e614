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

from collections.abc import Iterable, Sequence

from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Example, ExampleSet, Skipped
from sav_core.data.folders.listings import Listed
from sav_core.data.folders.sources import Source
from sav_core.data.lists.jsonl import list_lines
from sav_core.data.notes import Note
from sav_core.data.sets.duplicates import contradictions
from sav_core.data.sets.listings import EIGHT_FRAMES, Place, listed_examples, listed_queries
from sav_core.data.sets.odd_labels import odd_labels
from sav_core.data.sets.one_scale import on_one_scale, scale_note
from sav_core.data.sets.opening import read_listed
from sav_core.data.sets.telling import check_any, check_readable, remarks_on, warn_of
from sav_core.types import ProgressCallback

__all__ = ["EIGHT_FRAMES", "open_listed", "read_examples", "read_lines", "read_queries"]


def read_examples(
    source: Place,
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
    with listed_examples(source, question=question, clips=clips) as listing:
        examples, skipped = read_listed(listing.examples, progress, clips)
    check_readable({example.label for example in examples}, ((listed.label, skip) for listed, skip in skipped))
    return _reported(examples, [*listing.skipped, *(skip for _, skip in skipped)], listing.notes, labelled=True)


def read_queries(
    sources: Place | Iterable[Place],
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
    with listed_queries(sources, question=question, clips=clips) as listing:
        examples, skipped = read_listed(listing.examples, progress, clips)
    left_out = [*listing.skipped, *(skip for _, skip in skipped)]
    check_any(len(examples), left_out)
    return _reported(examples, left_out, listing.notes)


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


def _reported(
    examples: Sequence[Example], skipped: Sequence[Skipped], notes: Sequence[Note] = (), *, labelled: bool = False
) -> ExampleSet:
    """A set with all that there is to say of it, warned about where it may be wrong."""
    examples = on_one_scale(examples)
    remarks = remarks_on(examples)
    odd = odd_labels(example.label for example in examples if example.label is not None)
    both = (*odd, *contradictions(examples), *scale_note(examples)) if labelled else ()
    found = ExampleSet(tuple(examples), tuple(skipped), (*notes, *remarks, *both))
    warn_of(found.skipped, found.notes, stacklevel=4)
    return found
