"""What a visitor dropped at once -> examples: those of ZIPs, and those of JSONL files with the pictures beside them.

A stranger's JSONL may name any path. It is matched with what came in the same drop and with nothing else: no path of it
ever reaches the disk, and what did not come is told in the same words whether the server has such a file or not.
"""

from __future__ import annotations

import posixpath
import re
import warnings
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sav_core.data.allowance import allowance
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Example, ExampleSet, Skipped
from sav_core.data.folders.sources import composed
from sav_core.data.formats import HEAD_BYTES
from sav_core.data.notes import Note
from sav_core.data.pictures.picture import Picture
from sav_core.data.places import foreign, is_address, spellings
from sav_core.data.sets.datasets import read_examples, read_lines, read_queries
from sav_core.errors import ImageError, InputError
from sav_ui.limits import CLIPS
from sav_ui.uploads.files import Upload, open_file

__all__ = ["Drop", "DropSource", "read_drop"]


@dataclass(frozen=True, slots=True)
class Drop:
    """What the files of one drop are.

    Attributes:
        examples: of the ZIPs and the JSONL files.
        pictures: what came by itself: files that are read as pictures or clips, and that no line names.
        skipped: what was left out.
        notes: what was converted or guessed in reading the examples.
    """

    examples: tuple[Example, ...]
    pictures: tuple[Upload, ...]
    skipped: tuple[Skipped, ...]
    notes: tuple[Note, ...] = ()


def read_drop(files: Sequence[Upload], question: str, *, labelled: bool = True, clips: ClipSampling = CLIPS) -> Drop:
    """Read the ZIPs and JSONL files of a drop; one that cannot be read costs the others nothing.

    Args:
        files: all that came together.
        question: for examples that have none of their own.
        labelled: whether every example must have a label. If so, a JSONL speaks for all the pictures it came with, as
            in a ZIP: one that it does not name is left out. If not, labels are ignored and such a picture is one to ask.
        clips: how clips are sampled.
    """
    pictures = [file for file in files if not file.archive and not file.listing]
    examples: list[Example] = []
    skipped: list[Skipped] = []
    notes: list[Note] = []
    named: set[Upload] = set()
    for file in files:
        try:
            if file.archive:
                found = _read_zip(file, question, labelled, clips)
            elif file.listing:
                source = DropSource(file, pictures, clips)
                found = _read_listing(source, question, labelled, clips)
                named |= source.named
            else:
                continue
        except InputError as error:
            skipped.append(Skipped(file.name, str(error)))
            continue
        examples += found.examples
        skipped += found.skipped
        notes += found.notes
    listing = next((file.name for file in files if file.listing), "")
    alone = tuple(file for file in pictures if file not in named)
    if labelled and listing:
        why = f"is named by no line of {listing!r}: add a line for it, or send it without that file."
        skipped += [Skipped(file.name, f"{file.name!r} {why}") for file in alone]
        alone = ()
    return Drop(tuple(examples), alone, tuple(skipped), tuple(notes))


class DropSource:
    """The files of one drop, as a JSONL among them sees them: a ``Source`` from which nothing else can be named.

    A line's path means the file at that place beside the JSONL. Where there is none, it means the only file whose path
    ends like it as far as both go: that one's name, when it came without its folders.
    """

    def __init__(self, listing: Upload, files: Sequence[Upload], clips: ClipSampling | None = CLIPS) -> None:
        self.name, self._clips = listing.name, clips
        self.notes: tuple[Note, ...] = ()
        self.names = tuple(file.inside for file in files)
        self._files = {file.inside: file for file in files}
        self._listing = listing
        self._called: dict[str, list[Upload]] = defaultdict(list)
        for file in files:
            for called in _parts(file.inside)[-1:]:
                self._called[called].append(file)
        self._meant: dict[str, list[Upload]] = {}
        self._claims: dict[Upload, set[str]] = defaultdict(set)

    @property
    def named(self) -> set[Upload]:
        """The files that a line names."""
        return set(self._claims)

    def read(self, path: str) -> bytes:
        """Return the JSONL's bytes; no other file's: ``picture`` opens those."""
        if path != self.name:
            raise FileNotFoundError(f"it did not come with {self.name!r}")
        allowed = allowance()
        if allowed is not None:
            allowed.check_file(self._listing.path.stat().st_size, self.name)
        return self._listing.path.read_bytes()

    def head(self, path: str) -> bytes:
        """Return the first bytes of a file that came."""
        file = self._files.get(path)
        if file is None:
            return b""
        with file.path.open("rb") as opened:
            return opened.read(HEAD_BYTES)

    def locate(self, path: str, listing: str) -> str:
        """Say which files are meant; whether it is one that came is told when the picture is opened."""
        ways = [self._meant_by(spelled) for spelled in ([path] if is_address(path) else spellings(path))]
        whole, meant = next(((whole, meant) for whole, meant in ways if meant), ways[0])
        self._meant[whole] = meant
        for file in meant:
            self._claims[file].add(whole)
        return whole

    def _meant_by(self, path: str) -> tuple[str, list[Upload]]:
        """A path from the top of the drop, and the files that it may be."""
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(self._listing.inside), path.replace("\\", "/")))
        whole = path if is_address(path) else beside
        wanted, ending = _parts(whole), _parts(path)
        alike = self._called.get(ending[-1], []) if ending else []
        there = [file for file in alike if _parts(file.inside) == wanted]
        return whole, there or [file for file in alike if _end_alike(_parts(file.inside), ending)]

    def picture(self, path: str) -> Picture:
        """Open the picture or clip that came under this path."""
        meant = self._meant.get(path, [])
        if not meant:
            if is_address(path):
                raise ImageError(foreign(path))
            raise ImageError(
                f"The picture {path[-200:]!r} did not come with {self.name!r}: send the two together, or a ZIP of both."
            )
        if len(meant) > 1 or len(self._claims[meant[0]]) > 1:
            raise ImageError(
                f"Which file {path[-200:]!r} is cannot be told, for more than one is called {meant[0].name!r}: send the "
                f"folder that {self.name!r} and its pictures lie in, or a ZIP of it."
            )
        return open_file(meant[0].path, composed(meant[0].inside), self._clips)


def _read_zip(file: Upload, question: str, labelled: bool, clips: ClipSampling) -> ExampleSet:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what was skipped is in the answer
        return (read_examples if labelled else read_queries)(file.path, question=question, clips=clips)


def _read_listing(source: DropSource, question: str, labelled: bool, clips: ClipSampling) -> ExampleSet:
    """Read a JSONL's examples.

    Raises:
        InputError: a line is malformed, or not one of the pictures came.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = read_lines(source, source.name, question=question, labelled=labelled, clips=clips)
    if not found.examples and not source.named:
        raise InputError(
            f"None of the pictures that {source.name!r} names came with it: send them together with it, or a ZIP of both."
        )
    return found


def _parts(path: str) -> tuple[str, ...]:
    """The names in a path of any system, without what leads up or to a root."""
    plain = posixpath.normpath(re.sub("^[A-Za-z]:", "", composed(path).replace("\\", "/")))
    return tuple(part for part in plain.split("/") if part not in ("", ".", ".."))


def _end_alike(one: Sequence[str], other: Sequence[str]) -> bool:
    both = min(len(one), len(other))
    return tuple(one[-both:]) == tuple(other[-both:])
