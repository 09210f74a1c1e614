"""What is said of a set that was read: refusals where too little of it could be, and warnings."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Sequence, Set

from sav_core.data.examples import Example, Skipped
from sav_core.data.notes import Note, noted
from sav_core.data.sets.kinds import kinds_of
from sav_core.errors import DatasetError, NotedWarning, SkippedWarning

__all__ = ["check_any", "check_readable", "remarks_on", "warn_of"]

_WARNED = 5  # of one kind, each with its own sentence
_TOLD = {  # notes on what may be wrong
    *("zip names", "unread keys", "unread list", "parts", "labels alike", "labels joined", "labels alone"),
    *("labels of folders", "empty labels", "garbled labels", "broken profile", "warning", "masks"),
}


def check_any(read: int, left_out: Sequence[Skipped]) -> None:
    """Refuse queries of which none could be read.

    Raises:
        DatasetError: nothing was read.
    """
    if not read:
        reason = left_out[0].reason if left_out else "give at least one image, folder, .zip or .jsonl."
        raise DatasetError(f"There is nothing to classify: {reason}")


def check_readable(kept: Set[str | None], skipped: Iterable[tuple[str | None, Skipped]]) -> None:
    """Refuse labelled examples that lost a label.

    Args:
        kept: the labels of those that could be read.
        skipped: the others, each with its label.

    Raises:
        DatasetError: all there was of a label could not be read.
    """
    for label, skip in skipped:
        if label not in kept:
            kind = "clip" if kinds_of([skip.name]) == "1 clip" else "image"
            raise DatasetError(f"The label {label!r} has no readable {kind}: {skip.reason}")


def remarks_on(examples: Sequence[Example]) -> tuple[Note, ...]:
    """What was converted or guessed in reading the pictures of some examples."""
    pictures = {id(picture): picture for example in examples for picture in example.images}.values()
    return noted((kind, text, picture.name) for picture in pictures for kind, text in picture.remarks)


def warn_of(skipped: Sequence[Skipped], notes: Sequence[Note], *, stacklevel: int = 2) -> None:
    """Warn of what was left out, of each kind the first ones by name, and of what may be wrong."""
    kinds: dict[str, list[Skipped]] = defaultdict(list)
    for skip in skipped:
        kinds[skip.kind].append(skip)
    for some in kinds.values():
        for skip in some[:_WARNED]:
            warnings.warn(skip.reason, SkippedWarning, stacklevel=stacklevel)
        if more := some[_WARNED:]:
            text = f"{len(more)} more were left out for such a reason, {more[0].name!r} among them."
            warnings.warn(text, SkippedWarning, stacklevel=stacklevel)
    for note in notes:
        if note.kind in _TOLD:
            warnings.warn(note.sentence, NotedWarning, stacklevel=stacklevel)
