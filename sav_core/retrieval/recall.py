"""How good retrieval is: recall by the kept heads beside all heads, the model's last hidden state and the raw pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sav_core.data.examples import Example
from sav_core.errors import InputError, SettingError
from sav_core.retrieval.features import as_vectors, pixel_features
from sav_core.retrieval.nearest import nearest, recall_at
from sav_core.types import Head, HeadVectors

__all__ = ["Space", "check_recall", "pixel_space", "recall_report"]


@dataclass(frozen=True)
class Space:
    """Vectors to search in and to search for, and which of their heads decide.

    Attributes:
        index: labelled examples.
        queries: labelled examples, or the index itself, in which no example then finds itself.
        heads: whose vectors decide.
    """

    index: HeadVectors
    queries: HeadVectors
    heads: tuple[Head, ...]


def pixel_space(index: Sequence[Example], queries: Sequence[Example]) -> Space:
    """Return the space of the raw pixels.

    Args:
        index: examples to search in.
        queries: examples to search for, with as many pictures each; the index itself to search in itself.
    """
    vectors = as_vectors(pixel_features(index), index, "pixels")
    asked = vectors if queries is index else as_vectors(pixel_features(queries), queries, "pixels")
    return Space(vectors, asked, (Head(0, 0),))


def check_recall(index: Sequence[str | None], queries: Sequence[str | None] | None, ks: Sequence[int]) -> None:
    """Refuse what cannot be judged, before any model runs.

    Args:
        index: labels of the examples to search in.
        queries: labels of those to search for; ``None`` for the index itself, in which no example then finds itself.
        ks: how many of the nearest count.

    Raises:
        SettingError: a ``k`` is not positive, or larger than the index.
        InputError: no label has an example to find, so that every recall would be 0.
    """
    counts = Counter(label for label in index if label is not None)
    findable = {label for label, count in counts.items() if queries is not None or count > 1}
    if not findable & set(index if queries is None else queries):
        raise InputError(
            "Recall is judged on labels that the index has another example of, and there is none: put the images of each "
            "label into a folder of its name, two or more in each."
        )
    most = len(index) - (queries is None)
    if not ks or min(ks) < 1 or max(ks) > most:
        raise SettingError(f"k must be from 1 to {most}, the examples there are to find, but is {list(ks)}.")


def recall_report(spaces: Mapping[str, Space], ks: Sequence[int] = (1, 5, 10)) -> dict[str, dict[int, float]]:
    """Return recall@k in each space: the share of the queries with an example of their own label among their k nearest.

    Args:
        spaces: by name, all of the same examples.
        ks: how many of the nearest count.

    Raises:
        SettingError: a ``k`` is not positive, or larger than the index.
        InputError: no label has an example to find, so that every recall would be 0.
    """
    first = next(iter(spaces.values()))
    itself = first.queries is first.index
    check_recall(first.index.labels, None if itself else first.queries.labels, ks)
    report = {}
    for name, space in spaces.items():
        found = nearest(space.index, space.queries, space.heads, max(ks), exclude_self=itself)
        report[name] = {k: recall_at(k, found, space.index.labels, space.queries.labels) for k in sorted(set(ks))}
    return report
