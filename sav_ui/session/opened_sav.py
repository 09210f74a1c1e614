"""A classifier that a visitor brought as a ``.sav`` file: it classifies, and has no examples to do more with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Example
from sav_core.data.pictures.levels import Levels
from sav_core.data.pictures.picture import Picture
from sav_core.data.sets.asking import as_taught
from sav_core.errors import InputError
from sav_core.types import Detail, Prediction
from sav_ui.session.page_state import PageState

if TYPE_CHECKING:
    from sav_core.heads.classifier import HeadClassifier

__all__ = ["Asked", "OpenedSav", "OpenedSavState"]

_MOST = 200


@dataclass(frozen=True, eq=False)
class OpenedSav:
    """What a ``.sav`` file holds.

    Attributes:
        name: the file's.
        model: what its model is loaded by here; empty for the embedded one.
        question: what it asks of every picture; ``None`` where its examples each had their own.
        heads: the fitted heads.
        clips: how the clips of its support were sampled; ``None`` where it had none.
        levels: how the values of its pictures of more than eight bits were scaled; ``None`` where that was not decided.
        detail: how finely its pictures were looked at.
    """

    name: str
    model: str
    question: str | None
    heads: HeadClassifier
    clips: ClipSampling | None = None
    levels: Levels | None = None
    detail: Detail = "full"

    def as_query(self, picture: Picture) -> Example:
        """Return a picture as the examples were shown to the model.

        Raises:
            InputError: they each had their own question.
            ImageError: a clip's file is gone.
        """
        return as_taught(picture, self.question, self.levels, self.clips, self.detail)


@dataclass(frozen=True, eq=False)
class Asked:
    """A picture, and what it is taken for: ``None`` before the model has seen it; ``refused`` says why it never will."""

    picture: Picture
    prediction: Prediction | None = None
    refused: str = ""


class OpenedSavState(PageState):
    """The classifier of one session; changed only under the session's lock.

    Attributes:
        opened: the classifier; ``None`` while there is none.
        asked: the pictures, in the order they came.
    """

    def __init__(self) -> None:
        self.opened: OpenedSav | None = None
        self.asked: tuple[Asked, ...] = ()

    @property
    def held_bytes(self) -> int:
        """Of the pictures."""
        return sum(each.picture.held_bytes for each in self.asked)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Those that are classified."""
        return tuple(each.picture for each in self.asked)

    def open(self, opened: OpenedSav | None) -> None:
        """Have another classifier, or none; what the former said is forgotten."""
        self.opened, self.asked = opened, ()

    def add(self, pictures: Sequence[Picture]) -> None:
        """Have pictures classified.

        Raises:
            InputError: they would be too many.
        """
        together = (*self.asked, *(Asked(picture) for picture in pictures))
        if len(together) > _MOST:
            raise InputError(
                f"Up to {_MOST} pictures are classified here, but this would make {len(together):,}: close the classifier "
                "and open it again, or use the command line (python -m sav_core classify)."
            )
        self.asked = together

    @property
    def missing(self) -> tuple[Asked, ...]:
        """The pictures that the model has still to see."""
        return tuple(each for each in self.asked if each.prediction is None and not each.refused)

    def answer(self, asked: Asked, prediction: Prediction | None, refused: str = "") -> None:
        """Keep what a picture is taken for, or why it cannot be said."""
        answered = replace(asked, prediction=prediction, refused=refused)
        self.asked = tuple(answered if each is asked else each for each in self.asked)
