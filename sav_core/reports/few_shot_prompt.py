"""Some examples with their labels, then a query, as one prompt: how a model is asked to learn without heads.

``<image>Which pet is this? cat``, a line for each demonstration, and the query's own question at the end.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sav_core.data.examples import IMAGE_MARKER, Example
from sav_core.errors import InputError, SettingError
from sav_core.types import Detail

__all__ = ["before_queries", "choose_demonstrations", "in_context"]


def in_context(demonstrations: Sequence[Example], query: Example) -> Example:
    """Return one example that shows the demonstrations with their labels and asks the query's question.

    Args:
        demonstrations: labelled, in the order of the prompt.
        query: whose label, if any, is not in the prompt.

    Raises:
        InputError: a demonstration has no label.
    """
    images = [picture for example in (*demonstrations, query) for picture in example.images]
    text = "\n".join([*_lines(demonstrations), _marked(query)])
    return Example(images, text, query.label, name=query.name, detail=query.detail)


def before_queries(demonstrations: Sequence[Example], detail: Detail = "full") -> Example:
    """Return the demonstrations alone: what all prompts begin with that ``in_context`` makes of them."""
    images = [picture for example in demonstrations for picture in example.images]
    return Example(images, "\n".join([*_lines(demonstrations), ""]), detail=detail)


def choose_demonstrations(support: Sequence[Example], count: int, seed: int = 0) -> tuple[Example, ...]:
    """Choose examples to show, as many of one label as of another as far as the count allows, in a random order.

    Args:
        support: labelled examples.
        count: how many to choose, at most all.
        seed: the same seed chooses the same.

    Raises:
        SettingError: the count is not positive.
    """
    if count < 1:
        raise SettingError(f"The number of demonstrations must be 1 or more, but is {count}.")
    rng = np.random.default_rng(seed)
    seen: dict[str | None, int] = {}
    turns = []
    for row in rng.permutation(len(support)).tolist():
        label = support[row].label
        turns.append((seen.setdefault(label, 0), row))
        seen[label] += 1
    chosen = [row for _, row in sorted(turns, key=lambda turn: turn[0])[:count]]  # first one of each label, then another
    return tuple(support[row] for row in rng.permutation(chosen).tolist())


def _lines(demonstrations: Sequence[Example]) -> list[str]:
    """A line for each, with its label."""
    for shown in demonstrations:
        if shown.label is None:
            raise InputError(f"A demonstration shows its label, and {shown.name} has none.")
    return [f"{_marked(shown)} {shown.label}" for shown in demonstrations]


def _marked(example: Example) -> str:
    """The question with a marker for every image, where the example has none of its own."""
    question = example.question.strip()
    return question if IMAGE_MARKER in question else IMAGE_MARKER * len(example.images) + question
