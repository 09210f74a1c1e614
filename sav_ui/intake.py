"""What a browser sent to examples: uploaded files and what they hold, never a path outside the upload folder."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

from sav_core.datasets import read_examples, read_queries
from sav_core.errors import ImageError, InputError
from sav_core.images import Picture, open_picture
from sav_core.records import Example, ExampleSet, Skipped

__all__ = ["Upload", "as_examples", "read_archive", "read_pictures", "together", "told", "uploads"]

MAX_TOGETHER = 16
ARCHIVES = frozenset({".zip", ".jsonl", ".json", ".ndjson"})


class Upload:
    """A file that a browser sent: where it lies, what it was called there, and the folder it came from.

    It is only ever read. Gradio keeps equal files of all visitors as one, so that who deletes or renames theirs takes it
    from the others; ``delete_cache`` removes it when its time has come.
    """

    def __init__(self, path: str, name: str = "", folder: str = "") -> None:
        """Take the browser's word for names only.

        Raises:
            InputError: the path is no upload.
        """
        here = Path(path).resolve()
        if not here.is_relative_to(Path(get_upload_folder()).resolve()) or not here.is_file():
            raise InputError("That file did not arrive: choose it again.")
        self.path = here
        self.name = Path(name or here.name).name[:120]
        self.folder = Path(folder).name[:120]

    @property
    def archive(self) -> bool:
        """Whether it holds examples rather than being one."""
        return Path(self.name).suffix.lower() in ARCHIVES


def uploads(sent: Any) -> list[Upload]:
    """Read the browser's list of uploaded files.

    Raises:
        InputError: it is malformed, empty, or names a file that is no upload.
    """
    if not isinstance(sent, list) or not sent:
        raise InputError("No file arrived: choose one or more pictures.")
    found = []
    for entry in sent:
        if not isinstance(entry, Mapping):
            raise InputError("No file arrived: choose one or more pictures.")
        found.append(Upload(str(entry.get("path", "")), str(entry.get("name", "")), str(entry.get("folder", ""))))
    return found


def read_pictures(files: Iterable[Upload]) -> tuple[list[tuple[Upload, Picture]], list[Skipped]]:
    """Open uploaded pictures; those that cannot be read are left out, each with its reason."""
    good, bad = [], []
    for file in files:
        try:
            good.append((file, open_picture(file.path, file.name)))
        except ImageError as error:
            bad.append(Skipped(file.name, str(error)))
    return good, bad


def read_archive(file: Upload, question: str, *, labelled: bool = True) -> ExampleSet:
    """Read a ZIP of label folders, or a ZIP with a JSONL and its images.

    Args:
        file: the archive.
        question: for examples that have none of their own.
        labelled: whether every image must have a label; if not, none gets one, and folders mean nothing.

    Raises:
        InputError: it holds no examples, or is damaged.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what was skipped is in the answer
        return (read_examples if labelled else read_queries)(file.path, question=question)


def as_examples(pictures: Sequence[tuple[Upload, Picture]], question: str, label: str | None = None) -> list[Example]:
    """One example for each picture; without a label each is of the folder it came from."""
    return [Example(picture, question, label or file.folder or None, name=file.name) for file, picture in pictures]


def together(pictures: Sequence[tuple[Upload, Picture]], question: str, label: str = "") -> list[Example]:
    """One example of all pictures, in their order.

    Raises:
        InputError: they are too many.
    """
    if len(pictures) > MAX_TOGETHER:
        raise InputError(f"One example has up to {MAX_TOGETHER} pictures, but these are {len(pictures)}: choose fewer.")
    if not pictures:
        return []
    return [Example(tuple(picture for _, picture in pictures), question, label or None, name=pictures[0][0].name)]


def told(skipped: Sequence[Skipped]) -> str:
    """One sentence on what was left out; empty when nothing was."""
    if not skipped:
        return ""
    if len(skipped) == 1:
        return skipped[0].reason
    return f"{len(skipped)} files were left out, the first because: {skipped[0].reason}"
