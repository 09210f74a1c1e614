"""How the answers of ``classify`` are printed, a part of the queries at a time, and the neighbours beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sav_core.cli.console import print_json, print_line, print_table, progress_bar
from sav_core.cli.opening import open_index
from sav_core.wording import percent

if TYPE_CHECKING:
    from sav_core.bulk.gathering import Engine

__all__ = ["Neighbourhood", "print_answers"]

Near = Sequence[Sequence[Mapping[str, str | float | None]]]


class Neighbourhood:
    """Images beside which queries are shown: of each query the five that are nearest by the kept heads.

    Args:
        engine: this process, whose classifier reads them.
        index: where they lie.
        question: asked of those that have none.
    """

    def __init__(self, engine: Engine, index: str, question: str) -> None:
        from sav_core.bulk.here import Here

        assert isinstance(engine, Here), "only this process has the vectors"
        fitted = engine.worker.classifier
        assert fitted is not None, "answers are a classifier's"
        self._engine, self._heads = engine, fitted.kept_heads_
        searched = [fitted.as_query(example) for example in open_index(index, question)]
        with progress_bar("reading the index") as progress:
            self._vectors = fitted.extract(searched, progress=progress)

    def of_last(self) -> Near:
        """Return the neighbours of the queries that were answered last."""
        from sav_core.retrieval.nearest import nearest

        vectors, queries = self._vectors, self._engine.vectors
        if queries is None:
            return []
        found = nearest(vectors, queries, self._heads)
        return [
            [
                {"image": vectors.names[place], "label": vectors.labels[place], "similarity": float(similarity)}
                for place, similarity in zip(places, similarities, strict=True)
            ]
            for places, similarities in zip(found.positions, found.similarity, strict=True)
        ]


def print_answers(answers: Sequence[Mapping[str, Any]], near: Near | None, *, as_json: bool) -> None:
    """Print some answers as one object a line, or as a table for people."""
    if as_json:
        for row, answer in enumerate(answers):
            print_json({**answer, **({} if near is None else {"nearest": near[row]})})
        return
    if not answers:
        return
    rows = [
        [
            answer["image"],
            f"none of these ({answer['label']}?)" if answer.get("none") else answer["label"],
            _sure(answer),
            _shares(answer["shares"]),
        ]
        for answer in answers
    ]
    sure = "probability" if "probability" in answers[0] else "confidence"
    print_table(["image", "label", sure, "shares"], rows)
    for answer, found in zip(answers, near or [], strict=False):
        print_line(f"\nNearest to {answer['image']} by the kept heads:")
        print_table(
            ["image", "label", "similarity"],
            [[str(hit["image"]), str(hit["label"] or "-"), f"{hit['similarity']:.3f}"] for hit in found],
        )


def _sure(answer: Mapping[str, Any]) -> str:
    """How sure an answer is; no probability of a label where the answer is that it is none."""
    return "-" if answer.get("none") else percent(answer.get("probability", answer["confidence"]))


def _shares(shares: Mapping[str, float]) -> str:
    """``"cat 80 %, dog 20 %"``, largest first."""
    largest_first = sorted(shares.items(), key=lambda item: -item[1])
    return ", ".join(f"{label} {percent(share)}" for label, share in largest_first if share > 0)
