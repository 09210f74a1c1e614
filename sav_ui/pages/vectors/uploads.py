"""A relation task of the visitor's own: uploaded files to items, read in a folder that is gone afterwards.

A ZIP, or loose files together: a ``.jsonl`` or scene graphs with their images, or cut-outs to draw scenes with.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sav_core.data.archives.processes import open_archive
from sav_core.data.examples import Skipped
from sav_core.data.pictures.picture import IMAGE_SUFFIXES
from sav_core.errors import DatasetError, InputError, SavError, StorageError
from sav_core.vectors import RelationTask, cutouts_from, draw_task, read_relation_task
from sav_ui.pages.vectors.setup import SCENES
from sav_ui.uploads.files import Upload

__all__ = ["read_task"]

_MAX_BYTES = 512 << 20
_SUFFIXES = frozenset({".jsonl", ".json"})


def read_task(files: Sequence[Upload]) -> tuple[RelationTask, tuple[Skipped, ...]]:
    """Return the items and what was left out.

    Raises:
        SavError: the files hold no relations and no cut-outs, are too large, or too few for three parts.
    """
    with _folder() as folder:
        for file in files:
            _put(file, folder)
        listed = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
        if len(listed) > 1:
            raise InputError(f"One file of relations is read at a time, but {len(listed)} came: send one with its images.")
        if not listed:
            pictures = [path for path in folder.rglob("*") if path.suffix.lower() in (".png", ".webp")]
            if not pictures:
                raise InputError(
                    "There are no relations in it: send a ZIP with a .jsonl of lines "
                    '{"image": "1.jpg", "anchor": "table", "relation": "on", "related": "cup"} and its images, or cut-outs.'
                )
            inside = min((path.parent for path in pictures), key=lambda path: len(path.parts))
            return draw_task(cutouts_from(inside), scenes=SCENES, name=files[0].name), ()
        lines = listed[0]
        return read_relation_task(lines, _images_beside(lines), only_inside=True, name=files[0].name)


def _put(file: Upload, folder: Path) -> None:
    """Copy an upload into the folder, where it lay in the browser's; a ZIP's files where its names put them: all inside."""
    if not file.archive:
        try:
            (folder / file.inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.path, folder / file.inside)
        except OSError as error:
            raise _refused(error, f"{file.name!r} cannot be taken", "give it a shorter name") from error
        return
    with open_archive(file.path) as archive:
        taken = 0
        for name in archive.names:
            path = Path(name)
            if path.suffix.lower() not in _SUFFIXES | IMAGE_SUFFIXES or any(p.startswith((".", "__")) for p in path.parts):
                continue
            try:
                data = archive.read(name)
                taken += len(data)
                if taken > _MAX_BYTES:
                    raise DatasetError(f"{file.name!r} unpacks to more than {_MAX_BYTES >> 20} MiB: send fewer images.")
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
            except OSError as error:
                raise _refused(error, f"{file.name!r} cannot be unpacked", "make it again") from error


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder that is gone afterwards; no sentence says where it was."""
    try:
        made = tempfile.TemporaryDirectory(prefix="sav-relations-")
    except OSError as error:
        raise _refused(error, "Nothing can be read here", "try again later") from error
    with made as name:
        try:
            yield Path(name)
        except SavError as error:
            raise type(error)(str(error).replace(f"{name}/", "").replace(name, "what came")) from error


def _refused(error: OSError, what: str, advice: str) -> SavError:
    """What to say of a file that the disk does not take: that it is full, or what else may be wrong with the file."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError(f"{what}, for there is no room on this server just now: try again later.")
    return InputError(f"{what} ({error.strerror or error}): {advice}.")


def _images_beside(lines: Path) -> Path | None:
    """A folder called images beside the file, in the layout of the published scene graphs; ``None`` for its own folder."""
    folder = lines.parent / "images"
    return folder if lines.suffix.lower() == ".json" and folder.is_dir() else None
