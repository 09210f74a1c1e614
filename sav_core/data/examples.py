"""Examples: images, clips and a question, with a label when it is known; and sets of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import overload

from sav_core.data.clips.clip import Clip, as_picture_or_clip
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.notes import Note
from sav_core.data.pictures.picture import Picture, PictureLike
from sav_core.errors import InputError
from sav_core.types import Detail

__all__ = ["IMAGE_MARKER", "VIDEO_MARKER", "Example", "ExampleSet", "Skipped", "check_whole"]

IMAGE_MARKER = "<image>"
"""In a question, marks where the next image stands; a question without markers comes after all its images."""

VIDEO_MARKER = "<video>"
"""Likewise, where an example has a clip; in questions to pictures alone it is text."""

_IMAGE_MARKER = re.compile(re.escape(IMAGE_MARKER))
_HALF = re.compile("[\ud800-\udfff]")  # of a character beyond the first 65,536, as UTF-16 writes it
_ANY_MARKER = re.compile(f"{re.escape(IMAGE_MARKER)}|{re.escape(VIDEO_MARKER)}")


def check_whole(question: str) -> None:
    """Refuse a question with half of a character in it, which JSON can write and no model can read.

    Raises:
        InputError: it has one.
    """
    if half := _HALF.search(question):
        raise InputError(f"The question has half of a character (U+{ord(half[0]):04X}), which no text has: write it again.")


@dataclass(frozen=True, init=False)
class Example:
    """Images and a question in their order, with a label when it is known.

    Attributes:
        images: any number of pictures and clips, none for a text-only example.
        question: the text of the prompt. Each ``<image>`` in it, or ``<video>`` where there are clips, marks the place of
            the next; without a marker all images come first, then the text.
        label: what the example is an example of; ``None`` for a query.
        name: what to call it in messages; the first picture's name unless given.
        detail: how finely a model looks at its pictures.
    """

    images: tuple[Picture, ...]
    question: str
    label: str | None
    name: str
    detail: Detail

    def __init__(
        self,
        images: PictureLike | Sequence[PictureLike] = (),
        question: str = "",
        label: str | None = None,
        *,
        name: str | None = None,
        detail: Detail = "full",
    ) -> None:
        """Open the images: each a path, bytes, a PIL image, a ``uint8`` array ``(row, column, 3)``, a Picture or a Clip.

        Raises:
            ImageError: an image cannot be read.
            InputError: the question holds image markers, but not one for each image, or half a character; or there is
                nothing at all.
        """
        check_whole(question)
        many = images if isinstance(images, (list, tuple)) else (images,)
        pictures = tuple(as_picture_or_clip(image) for image in many)
        markers = len(_markers(pictures).findall(question))
        if markers not in (0, len(pictures)):
            raise InputError(
                f"The question marks {markers} image places with {IMAGE_MARKER} but the example has {len(pictures)} "
                f"image{'s' * (len(pictures) != 1)}: write one marker for each image, or none."
            )
        if not pictures and not question.strip():
            raise InputError("An example needs an image or a question, and this one has neither.")
        object.__setattr__(self, "images", pictures)
        object.__setattr__(self, "question", question)
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "name", name or (pictures[0].name if pictures else question.strip()[:60]))
        object.__setattr__(self, "detail", detail)

    def __repr__(self) -> str:
        return f"Example({self.name!r}, {len(self.images)} images, label={self.label!r})"

    def with_question(self, question: str) -> Example:
        """Return the same example under another question."""
        return Example(self.images, question, self.label, name=self.name, detail=self.detail)

    def with_label(self, label: str | None) -> Example:
        """Return the same example under another label."""
        return Example(self.images, self.question, label, name=self.name, detail=self.detail)

    def with_detail(self, detail: Detail | None) -> Example:
        """Return the example with its pictures looked at so; itself with ``None``."""
        if detail is None or detail == self.detail:
            return self
        return Example(self.images, self.question, self.label, name=self.name, detail=detail)

    def resampled(self, sampling: ClipSampling | None) -> Example:
        """Return the example with its clips sampled so; itself with ``None``.

        Raises:
            ImageError: a clip's file is gone, or has changed since it was read.
        """
        if sampling is None or all(
            (c.sampling.alike(sampling), c.sampling.way) == (True, sampling.way) for c in self.clips
        ):
            return self
        images = [image.resampled(sampling) if isinstance(image, Clip) else image for image in self.images]
        return Example(images, self.question, self.label, name=self.name, detail=self.detail)

    @property
    def clips(self) -> tuple[Clip, ...]:
        """Those of its images that move."""
        return tuple(image for image in self.images if isinstance(image, Clip))

    @property
    def frames(self) -> int:
        """How many frames its clips have together."""
        return sum(len(clip.times) for clip in self.clips)

    def as_shown(self) -> Example:
        """Return the example as a model is shown it: with frames in the place of each clip that is shown so.

        Raises:
            ImageError: a clip's file is gone, or has changed since it was read.
        """
        return self._with_frames([clip.sampling.way == "frames" for clip in self.clips], to_show=True)

    def as_stills(self) -> Example:
        """Return the example with the frames of each clip as pictures in its place; itself where it has none.

        Raises:
            ImageError: a clip's file is gone, or has changed since it was read.
        """
        return self._with_frames([True] * len(self.clips))

    def _with_frames(self, which: Sequence[bool], *, to_show: bool = False) -> Example:
        if not any(which):
            return self
        wanted = iter(which)
        stills = [
            image.frames(to_show=to_show) if isinstance(image, Clip) and next(wanted) else (image,) for image in self.images
        ]
        question, markers = self.question, _markers(self.images)
        if markers.search(question):
            places = iter([VIDEO_MARKER if isinstance(some[0], Clip) else IMAGE_MARKER * len(some) for some in stills])
            question = markers.sub(lambda _: next(places), question)
        pictures = [one for some in stills for one in some]
        return Example(pictures, question, self.label, name=self.name, detail=self.detail)

    @property
    def parts(self) -> tuple[Picture | str, ...]:
        """Pictures, clips and texts in the order of the prompt; empty texts left out."""
        markers = _markers(self.images)
        if not markers.search(self.question):
            texts: tuple[str, ...] = (self.question,) if self.question.strip() else ()
            return (*self.images, *texts)
        parts: list[Picture | str] = []
        for place, text in enumerate(markers.split(self.question)):
            if place:
                parts.append(self.images[place - 1])
            if text.strip():
                parts.append(text.strip())
        return tuple(parts)


def _markers(images: Sequence[Picture]) -> re.Pattern[str]:
    return _ANY_MARKER if any(isinstance(image, Clip) for image in images) else _IMAGE_MARKER


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was left out of a data set, and why, in one sentence.

    Attributes:
        name: the file's, or its line's.
        reason: the sentence.
        kind: a few words that are the same for all files that were left out for such a reason.
    """

    name: str
    reason: str
    kind: str = "unreadable"


@dataclass(frozen=True)
class ExampleSet(Sequence[Example]):
    """What was read from one place: a sequence of examples, what had to be left out, and what was guessed or converted."""

    examples: tuple[Example, ...]
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[Note, ...] = ()

    def __repr__(self) -> str:
        return f"ExampleSet({len(self)} examples, labels={list(self.labels)}, {len(self.skipped)} skipped)"

    def __len__(self) -> int:
        return len(self.examples)

    def __iter__(self) -> Iterator[Example]:
        return iter(self.examples)

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Example, ...]: ...
    def __getitem__(self, index: int | slice) -> Example | tuple[Example, ...]:
        return self.examples[index]

    def with_detail(self, detail: Detail) -> ExampleSet:
        """Return the set with the pictures of every example looked at so."""
        return replace(self, examples=tuple(example.with_detail(detail) for example in self))

    @property
    def labels(self) -> tuple[str, ...]:
        """The distinct labels, sorted."""
        return tuple(sorted({example.label for example in self.examples if example.label is not None}))
