"""What a browser sent to examples: uploaded files and what they hold, never a path outside the upload folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path, PurePosixPath
from typing import Any

from gradio.utils import get_upload_folder

from sav_core.data.allowance import allowance
from sav_core.data.archives.archive import MAX_DEPTH
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Example, Skipped
from sav_core.data.folders.sources import picture_or_clip
from sav_core.data.formats import HEAD_BYTES
from sav_core.data.notes import Note, noted
from sav_core.data.pictures.picture import Picture, open_picture
from sav_core.data.sets.kinds import kinds_of
from sav_core.data.sets.one_scale import levels_of, scale_note
from sav_core.data.sets.opening import in_threads
from sav_core.errors import ImageError, InputError
from sav_ui.limits import CLIPS, limits
from sav_ui.serving.arrivals import ARRIVALS

__all__ = [
    "LeftOutError",
    "Upload",
    "as_examples",
    "as_one_example",
    "describe_notes",
    "describe_skipped",
    "notes_on",
    "open_file",
    "read_pictures",
    "reading_uploads",
    "uploads",
]

_MAX_INSIDE = 1000

_NAMED: ContextVar[set[Path] | None] = ContextVar("uploads", default=None)


@contextmanager
def reading_uploads() -> Iterator[None]:
    """Delete the uploads that are named inside, once all have read them who sent them: each is read by one event."""
    named: set[Path] = set()
    token = _NAMED.set(named)
    try:
        yield
    finally:
        _NAMED.reset(token)
        ARRIVALS.were_read(named)


class Upload:
    """A file that a browser sent: where it lies, what it was called there, and the folders it came from.

    Attributes:
        path: where it lies here; what it is read as depends on this name's ending alone.
        name: what it was called.
        folder: the last of the folders it came in; empty for a file that came by itself.
        inside: its path from the top of the chosen or dropped folder, with slashes; the name alone for one by itself.

    It is only ever read. Gradio keeps equal files of all visitors as one, so that who deletes or renames theirs takes it
    from the others: see ``reading_uploads``.
    """

    def __init__(self, path: str, name: str = "", folder: str = "", inside: str = "") -> None:
        """Take the browser's word for names only.

        Raises:
            InputError: the path is no upload.
        """
        here = Path(path).resolve()
        if not here.is_relative_to(Path(get_upload_folder()).resolve()) or not here.is_file():
            raise InputError("That file did not arrive: choose it again.")
        self.path = here
        named = _NAMED.get()
        if named is not None:
            named.add(here)
        called = Path(name).name[:120]
        self.name = here.name if called in ("", "..") else called
        self.folder = Path(folder).name[:120]
        self.inside = inside if _leads_inside(inside) else self.name

    @property
    def archive(self) -> bool:
        """Whether it is a ZIP."""
        return self.path.suffix.lower() == ".zip"

    @property
    def listing(self) -> bool:
        """Whether its lines name examples; a ``.json`` or a table in a folder may be anything, and is none."""
        suffix, alone = self.path.suffix.lower(), "/" not in self.inside
        if suffix in (".csv", ".tsv"):
            return alone or PurePosixPath(self.inside).stem.lower() == "metadata"
        return suffix in (".jsonl", ".ndjson") or (suffix == ".json" and alone)


def uploads(sent: Any) -> list[Upload]:
    """Read the browser's list of uploaded files.

    Raises:
        InputError: it is malformed, empty, too long, or names a file that is no upload.
    """
    if not isinstance(sent, list) or not sent:
        raise InputError("No file arrived: choose one or more pictures.")
    limits().check_files(len(sent))
    found = []
    for entry in sent:
        if not isinstance(entry, Mapping):
            raise InputError("No file arrived: choose one or more pictures.")
        found.append(Upload(*(str(entry.get(key, "")) for key in ("path", "name", "folder", "inside"))))
    return found


def read_pictures(
    files: Sequence[Upload], *, together: bool = False, clips: ClipSampling = CLIPS
) -> tuple[list[tuple[Upload, Picture]], list[Skipped]]:
    """Open uploaded pictures and clips, all on one scale; those that cannot be read are left out, each with its reason.

    Args:
        files: of pictures and clips.
        together: whether they make one example.
        clips: how clips are sampled.

    Raises:
        InputError: they are more than may be, or there is no room for them.
    """
    if together:
        limits().check_together(len(files))
    limits().check_examples(len(files), "What comes at once", "bring fewer")
    good, bad = [], []
    for file, found in zip(files, in_threads(lambda file: _opened(file, clips), files), strict=True):
        if isinstance(found, str):
            bad.append(Skipped(file.name, found))
        else:
            good.append((file, found))
    levels = levels_of(picture for _, picture in good)
    return [(file, picture.at_levels(levels)) for file, picture in good], bad


def open_file(path: Path, name: str, clips: ClipSampling | None) -> Picture:
    """Open a picture, or a clip where clips are taken and it is one.

    Args:
        path: where it lies.
        name: what to call it; its ending helps to tell what it is.
        clips: how clips are sampled.

    Raises:
        ImageError: it cannot be read; the message says why.
    """
    return picture_or_clip(_Alone(path), name, clips)


class _Alone:
    """One file, as those see it who open files by their names: whatever name is asked for, it is this one."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self, path: str) -> bytes:
        """Return the bytes of a clip, if it is not too large."""
        allowed = allowance()
        if allowed is not None:
            allowed.check_clip(path, length=self._file.stat().st_size)
        return self._file.read_bytes()

    def head(self, path: str) -> bytes:
        """Return the first bytes; none where it is no file."""
        if not self._file.is_file():
            return b""
        with self._file.open("rb") as opened:
            return opened.read(HEAD_BYTES)

    def picture(self, path: str) -> Picture:
        """Open it as a picture."""
        return open_picture(self._file, path)


def _opened(file: Upload, clips: ClipSampling) -> Picture | str:
    """The picture or clip, or why there is none."""
    try:
        return open_file(file.path, file.name, clips)
    except ImageError as error:
        return str(error)


def notes_on(pictures: Iterable[tuple[Upload, Picture]]) -> tuple[Note, ...]:
    """What was converted or guessed in reading pictures."""
    opened = [picture for _, picture in pictures]
    remarks = noted((kind, text, picture.name) for picture in opened for kind, text in picture.remarks)
    return (*remarks, *scale_note(Example(picture) for picture in opened))


def describe_notes(notes: Iterable[Note]) -> str:
    """What was converted or guessed, a sentence for each kind; empty when nothing was.

    Not that a picture has two labels, which the page shows where the pictures are.
    """
    return " ".join(dict.fromkeys(note.sentence for note in notes if note.kind != "two labels"))


def as_examples(pictures: Sequence[tuple[Upload, Picture]], question: str, label: str | None = None) -> list[Example]:
    """One example for each picture; without a label each is of the folder it came from."""
    return [Example(picture, question, label or file.folder or None, name=file.name) for file, picture in pictures]


def as_one_example(pictures: Sequence[tuple[Upload, Picture]], question: str, label: str = "") -> list[Example]:
    """One example of all pictures, in their order.

    Raises:
        InputError: they are too many.
    """
    limits().check_pictures([picture for _, picture in pictures])
    if not pictures:
        return []
    return [Example(tuple(picture for _, picture in pictures), question, label or None, name=pictures[0][0].name)]


class LeftOutError(InputError):
    """All that came had to be left out; ``left_out`` has each file and why."""

    def __init__(self, left_out: Sequence[Skipped]) -> None:
        super().__init__(describe_skipped(left_out))
        self.left_out = tuple(left_out)


def describe_skipped(skipped: Sequence[Skipped]) -> str:
    """One sentence on what was left out, which a list of all can follow; empty when nothing was."""
    if not skipped:
        return ""
    if len(skipped) == 1:
        return skipped[0].reason
    return f"{kinds_of((each.name for each in skipped), 'picture')} were left out."


def _leads_inside(path: str) -> bool:
    """Whether it is a plain relative path; the browser's word is as good as a stranger's."""
    odd = re.search(r"[\\\0]|^[A-Za-z]:", path)
    parts = path.split("/")
    return not odd and len(path) <= _MAX_INSIDE and len(parts) <= MAX_DEPTH and not {"", ".", ".."} & set(parts)
