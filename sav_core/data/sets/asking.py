"""A query as a classifier's support was: asked, scaled, sampled and looked at so."""

from __future__ import annotations

from collections.abc import Sequence

from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Example
from sav_core.data.pictures.levels import Levels
from sav_core.data.pictures.picture import PictureLike
from sav_core.data.sets.one_scale import at_levels
from sav_core.errors import InputError
from sav_core.types import Detail

__all__ = ["as_asked", "as_taught", "shared_question"]


def as_taught(
    query: Example | PictureLike,
    question: str | None,
    levels: Levels | None,
    clips: ClipSampling | None,
    detail: Detail,
) -> Example:
    """Return a query as the support was shown to the model.

    Args:
        query: an example or an image.
        question: what all of the support were asked; ``None`` where that differs.
        levels: how its values of more than eight bits were scaled; ``None`` where that was not decided.
        clips: how its clips were sampled; ``None`` where it has none.
        detail: how finely its pictures were looked at.

    Raises:
        InputError: it has no question and the support's differ.
        ImageError: an image cannot be read.
    """
    return at_levels([as_asked(query, question)], levels)[0].resampled(clips).with_detail(detail)


def as_asked(query: Example | PictureLike, question: str | None) -> Example:
    """Return a query with a question: its own, else the support's.

    Args:
        query: an example or an image.
        question: what all of the support were asked; ``None`` where that differs.

    Raises:
        InputError: it has none and the support's questions differ.
        ImageError: an image cannot be read.
    """
    if isinstance(query, Example) and query.question.strip():
        return query
    if question is None:
        raise InputError(
            "The support's examples each have their own question, so a query needs one too: give it with the image, "
            "as Example(image, question), --question or a line of a .jsonl."
        )
    return query.with_question(question) if isinstance(query, Example) else Example(query, question)


def shared_question(support: Sequence[Example]) -> str | None:
    """Return the question that all of a support ask; ``None`` where they differ."""
    questions = {example.question for example in support}
    return questions.pop() if len(questions) == 1 else None
