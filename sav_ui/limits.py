"""What one visitor may bring and what the work of all may take, the same for pages, files of every kind, and the API.

The defaults let first-class models and published benchmarks through: one large picture is 7,300 tokens to LLaVA-OneVision
and 16,384 to Qwen2-VL, and BLINK asks about four pictures at a time. An owner lowers or raises each by its variable.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from sav_core.data.clips.clip import Clip
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Example, check_whole
from sav_core.data.pictures.picture import Picture
from sav_core.errors import InputError
from sav_core.settings import count_of, gib_of

__all__ = ["CLIPS", "Limits", "limits"]

CLIPS = ClipSampling(animated=True)
"""How the pages sample clips unless a project says otherwise: as the library, and a picture that moves is a clip."""


@dataclass(frozen=True)
class Limits:
    """The limits of the hosted app; the library and the command line know none but the model's context.

    Attributes:
        tokens: that the model reads of one example (``SAV_MOST_TOKENS``).
        pictures: of one example (``SAV_MOST_PICTURES``).
        frames: of one example's clips together (``SAV_MOST_FRAMES``).
        clip_mib: that the file of one clip may have (``SAV_MOST_CLIP_MIB``).
        clip_seconds: that one clip may last (``SAV_MOST_CLIP_SECONDS``).
        characters: of a question (``SAV_MOST_CHARACTERS``).
        examples: that are taught; as many more to test and to classify (``SAV_MOST_EXAMPLES``).
        labels: of one project (``SAV_MOST_LABELS``).
        files: that come at once, or lie in one archive, folders included (``SAV_MOST_FILES``).
        visitor_bytes: memory that the pictures of one visitor may take (``SAV_VISITOR_GIB``, default 0.75).
        process_bytes: memory that the work of all visitors may take, with what can be undone and what was found
            (``SAV_WORK_GIB``, default 2).
    """

    tokens: int = 32_768
    pictures: int = 16
    frames: int = 64
    clip_mib: int = 32
    clip_seconds: int = 600
    characters: int = 8_000
    examples: int = 3_000
    labels: int = 200
    files: int = 10_000
    visitor_bytes: int = 768 << 20
    process_bytes: int = 2 << 30

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Limits:
        """Read the variables named above; an unset or empty one keeps its default.

        Raises:
            SettingError: a variable cannot be what it is; the message says what it may be.
        """
        return cls(
            tokens=count_of(environment, "SAV_MOST_TOKENS", cls.tokens),
            pictures=count_of(environment, "SAV_MOST_PICTURES", cls.pictures),
            frames=count_of(environment, "SAV_MOST_FRAMES", cls.frames),
            clip_mib=count_of(environment, "SAV_MOST_CLIP_MIB", cls.clip_mib),
            clip_seconds=count_of(environment, "SAV_MOST_CLIP_SECONDS", cls.clip_seconds),
            characters=count_of(environment, "SAV_MOST_CHARACTERS", cls.characters),
            examples=count_of(environment, "SAV_MOST_EXAMPLES", cls.examples),
            labels=count_of(environment, "SAV_MOST_LABELS", cls.labels),
            files=count_of(environment, "SAV_MOST_FILES", cls.files),
            visitor_bytes=gib_of(environment, "SAV_VISITOR_GIB", cls.visitor_bytes),
            process_bytes=gib_of(environment, "SAV_WORK_GIB", cls.process_bytes),
        )

    @property
    def clips_in_words(self) -> str:
        """What clips may be, for the places where they are brought."""
        minutes, seconds = divmod(self.clip_seconds, 60)
        length = f"{self.clip_seconds} seconds" if seconds else f"{minutes} minute{'s' * (minutes != 1)}"
        return f"MP4, WebM, MOV, MKV, AVI, or a GIF that moves; up to {length} and {self.clip_mib} MiB each"

    def check_files(self, count: int) -> None:
        """Refuse more files at once than may come, before any of them is read.

        Raises:
            InputError: there are more.
        """
        if count > self.files:
            raise InputError(f"Up to {self.files:,} files come at once, but {count:,} were sent: bring them in parts.")

    def check_examples(self, count: int, what: str, advice: str = "add fewer") -> None:
        """Refuse more examples than may be.

        Args:
            count: how many there would be.
            what: what holds them, at the beginning of a sentence.
            advice: what to do instead.

        Raises:
            InputError: there would be more.
        """
        if count > self.examples:
            raise InputError(f"{what} holds up to {self.examples:,} examples, but this would make {count:,}: {advice}.")

    def check_labels(self, count: int) -> None:
        """Refuse more labels than may be.

        Raises:
            InputError: there would be more.
        """
        if count > self.labels:
            raise InputError(f"A project holds up to {self.labels} labels, but this would make {count:,}: use fewer.")

    def checked_question(self, text: str) -> str:
        """Return a question without what surrounds it.

        Raises:
            InputError: it is too long, for a part of it would be another question; or it has half of a character.
        """
        clean = text.strip()
        check_whole(clean)
        if len(clean) > self.characters:
            raise InputError(f"A question has at most {self.characters:,} characters, and this has {len(clean):,}.")
        return clean

    def check_together(self, count: int) -> None:
        """Refuse more pictures than one example may have.

        Raises:
            InputError: there are more.
        """
        if count > self.pictures:
            raise InputError(f"One example has up to {self.pictures} pictures, but these are {count:,}: choose fewer.")

    def check_pictures(self, pictures: Sequence[Picture]) -> None:
        """Refuse more pictures or frames than one example may have.

        Raises:
            InputError: there are more.
        """
        self.check_together(len(pictures))
        frames = sum(len(picture.times) for picture in pictures if isinstance(picture, Clip))
        if frames > self.frames:
            raise InputError(
                f"The clips of one example have up to {self.frames} frames, but these have {frames:,}: choose fewer."
            )

    def check_example(self, example: Example) -> None:
        """Refuse an example that is more than one may be.

        Raises:
            InputError: it is.
        """
        self.checked_question(example.question)
        self.check_pictures(example.images)


@cache
def limits() -> Limits:
    """Return the limits of this process, read from the environment at the first call."""
    return Limits.from_environment(os.environ)
