"""A folder of finished parts: a Parquet file for each portion, whole or not there, and a manifest of their run.

    folder = PartFolder("s3://results/pets.parquet")
    folder.begin(manifest)                       # refuses a folder of another run
    missing(parts, folder.finished())            # what is left to do

Whoever reads the folder as one Parquet data set gets the rows in the order of the input; such readers pass over names that
begin with an underscore.
"""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import re
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from sav_core.bulk.answers import answer_table
from sav_core.bulk.task import PORTION, Facts, Outcome, Portion, Task
from sav_core.data.examples import Skipped
from sav_core.data.folders.filesystems import is_far, open_filesystem
from sav_core.data.folders.listings import Listed
from sav_core.data.notes import Note
from sav_core.data.pictures.levels import Levels
from sav_core.errors import DatasetError, SettingError, StorageError, first_line
from sav_core.retrieval.export import PARQUET_OPTIONS, AboutVectors, vector_table

__all__ = [
    "PartFolder",
    "changed",
    "finished_parts",
    "folder_bytes",
    "inputs_digest",
    "manifest_of",
    "missing",
    "part_name",
]

_MANIFEST, _LEVELS, _TRY = "_manifest.json", "_levels.json", "_try-"
_TRIES = 5  # of a portion in one run: machines are lost too, without its fault
_PART = re.compile(r"part-(\d{6,})\.parquet")
_SAID = b"sav_part"


def part_name(number: int) -> str:
    """The name of a portion's file: names sort as numbers do."""
    return f"part-{number:06}.parquet"


def finished_parts(names: Collection[str]) -> set[int]:
    """The numbers of the portions that are done, by the names in their folder."""
    return {int(found[1]) for name in names if (found := _PART.fullmatch(name))}


def missing(portions: Sequence[Portion], finished: Collection[int]) -> list[Portion]:
    """The portions that are not done yet, in their order."""
    return [portion for portion in portions if portion.number not in finished]


def folder_bytes(place: str) -> int:
    """Return how large the finished parts of a folder are together."""
    return PartFolder(place).size_bytes


def inputs_digest(listed: Sequence[Listed]) -> str:
    """Return what tells one set from another: the names, questions and labels of its examples in their order."""
    digest = hashlib.sha256()
    for one in listed:
        digest.update(json.dumps([one.images, one.question, one.label]).encode())
    return digest.hexdigest()


def manifest_of(task: Task, facts: Facts, portions: Sequence[Portion], classifier: bytes | None) -> dict[str, Any]:
    """Return what a folder's parts are parts of.

    Args:
        task: what is done.
        facts: of the model.
        portions: of the whole set.
        classifier: the content of the task's ``.sav`` file.
    """
    asked = {
        name: value for name, value in task.as_dict().items() if name not in ("model", "classifier", "levels", "cached")
    }
    return {
        "format": 1,
        "task": {**asked, "classifier": None if classifier is None else hashlib.sha256(classifier).hexdigest()},
        "model": facts.as_dict(),
        "examples": sum(len(portion.listed) for portion in portions),
        "inputs": inputs_digest([one for portion in portions for one in portion.listed]),
        "portion": PORTION,
    }


def changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say in a word or two what differs between the manifests of two runs; nothing where they are the same."""
    words = {
        "format": "the version",
        "task": "the command",
        "model": "the model",
        "examples": "the number of images",
        "inputs": "the images",
        "portion": "the size of a part",
    }
    return next((words.get(name, name) for name in {**words, **before, **now} if before.get(name) != now.get(name)), "")


class PartFolder:
    """A folder, here or elsewhere.

    Args:
        place: path or address; made when it is begun.

    Raises:
        DatasetError: no library here knows such addresses.
    """

    def __init__(self, place: str) -> None:
        self.place = place if is_far(place) else os.path.abspath(place)  # noqa: PTH100  # links are left as they are
        if is_far(place):
            self._files, self._root = open_filesystem(place)
        else:
            import pyarrow.fs as pafs

            self._files, self._root = pafs.LocalFileSystem(), self.place

    def begin(self, manifest: Mapping[str, Any]) -> None:
        """Make the folder, or go on with it if it is of the same run.

        Raises:
            SettingError: it is of another run, or holds other files.
            StorageError: it cannot be written.
        """
        there = self.names()
        if _MANIFEST in there:
            if what := changed(json.loads(self._read(_MANIFEST)), manifest):
                raise SettingError(
                    f"{self.place} holds parts of another run, {what} being different: name another folder, or remove it."
                )
            self._forget(name for name in there if name.startswith(_TRY))
            return
        if there:
            raise SettingError(f"{self.place} holds other files, {min(there)!r} among them: name a new folder.")
        self._write(_MANIFEST, json.dumps(manifest, indent=1).encode())

    def names(self) -> set[str]:
        """The names of the files in it; none where it is not there."""
        import pyarrow.fs as pafs

        selector = pafs.FileSelector(self._root, allow_not_found=True)
        try:
            if self._files.get_file_info(self._root).type == pafs.FileType.File:
                raise SettingError(f"{self.place} is a file, but parts are written into a folder: name a new one.")
            return {info.base_name for info in self._files.get_file_info(selector)}
        except OSError as error:
            raise DatasetError(f"{self.place} cannot be listed ({first_line(error)}): check access to it.") from error

    @property
    def size_bytes(self) -> int:
        """Of the parts that are done."""
        import pyarrow.fs as pafs

        found = self._files.get_file_info(pafs.FileSelector(self._root, allow_not_found=True))
        return sum(info.size for info in found if _PART.fullmatch(info.base_name))

    def finished(self) -> set[int]:
        """The numbers of the portions that are done."""
        return finished_parts(self.names())

    def levels(self) -> Levels | None:
        """The rule for pictures of more than eight bits, if an earlier run has found it."""
        return Levels.from_dict(json.loads(self._read(_LEVELS))) if _LEVELS in self.names() else None

    def keep_levels(self, levels: Levels) -> None:
        """Keep that rule for later runs."""
        self._write(_LEVELS, json.dumps(levels.as_dict()).encode())

    def write(self, outcome: Outcome, task: Task) -> None:
        """Write a portion's file, which is then there as a whole.

        Raises:
            StorageError: it cannot be written.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        if task.do == "vectors":
            facts = outcome.facts
            about = AboutVectors(facts.fingerprint, facts.name, facts.dtype, facts.heads, facts.geometry.dim, task.half)
            assert outcome.values is not None, "the task is of vectors"
            table = vector_table(outcome.names, outcome.labels, outcome.values, about)
        else:
            table = answer_table(outcome.answers, outcome.labels)
        said = {
            "skipped": [[label, asdict(skip)] for label, skip in outcome.skipped],
            "notes": [note.as_dict() for note in outcome.notes],
            "contents": outcome.contents,
            "model": outcome.facts.fingerprint,
        }
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), _SAID: json.dumps(said)})
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, **PARQUET_OPTIONS)
        self._write(part_name(outcome.portion), sink.getvalue())
        self._forget(f"{_TRY}{outcome.portion:06}-{time}" for time in range(_TRIES))

    def may_try(self, number: int) -> bool:
        """Whether a portion may be begun, which is counted until it is done: not once it has ended worker after worker."""
        import pyarrow.fs as pafs

        marks = [f"{self._root}/{_TRY}{number:06}-{time}" for time in range(_TRIES)]
        free = [info.path for info in self._files.get_file_info(marks) if info.type == pafs.FileType.NotFound]
        if free:
            self._write(posixpath.basename(free[0]), b"")
        return bool(free)

    def read(self, number: int, task: Task, facts: Facts) -> Outcome:
        """Return what came of a finished portion, but for the vectors.

        Raises:
            DatasetError: the file is damaged, or of another model.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        name = part_name(number)
        try:
            with self._files.open_input_file(f"{self._root}/{name}") as file:
                table = pq.read_table(file, columns=["name", "label"] if task.do == "vectors" else None)
            said = json.loads(table.schema.metadata[_SAID])
        except (OSError, pa.ArrowException, KeyError, ValueError) as error:
            raise DatasetError(
                f"{name} in {self.place} cannot be read ({first_line(error)}): remove it, and go on."
            ) from error
        if said["model"] != facts.fingerprint:
            raise DatasetError(f"{name} in {self.place} is of another model: remove it, and go on.")
        vectors = task.do == "vectors"
        rows = [] if vectors else [_answer(row) for row in table.to_pylist()]
        return Outcome(
            number,
            facts,
            names=tuple(table["name"].to_pylist()),
            labels=tuple(table["label" if vectors else "truth"].to_pylist()),
            contents=tuple(said["contents"]),
            skipped=tuple((label, Skipped(**skip)) for label, skip in said["skipped"]),
            notes=tuple(Note(**{**note, "examples": tuple(note["examples"])}) for note in said["notes"]),
            answers=tuple(rows),
        )

    def _read(self, name: str) -> bytes:
        with self._files.open_input_file(f"{self._root}/{name}") as file:
            content: bytes = file.read()
            return content

    def _forget(self, names: Iterable[str]) -> None:
        for name in names:
            with suppress(OSError):  # there is none, or another worker has taken it away
                self._files.delete_file(f"{self._root}/{name}")

    def _write(self, name: str, content: Any) -> None:
        """Write a file under another name and move it into its place, so that nobody finds a part of it."""
        temporary = f"{self._root}/_{secrets.token_hex(8)}.tmp"
        try:
            self._files.create_dir(self._root, recursive=True)
            with self._files.open_output_stream(temporary) as file:
                file.write(content)
            self._files.move(temporary, f"{self._root}/{name}")
        except OSError as error:
            raise StorageError(
                f"{self.place} cannot be written ({first_line(error)}): free some space, or name another folder."
            ) from error


def _answer(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of answers as `Prediction.as_dict` has it."""
    known = {name: value for name, value in row.items() if value is not None and name not in ("name", "truth")}
    return {"image": row["name"], **known, "shares": dict(row["shares"])}
