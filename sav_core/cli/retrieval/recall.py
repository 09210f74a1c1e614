"""How well the heads of a classifier find images of the same label: ``recall``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sav_core.cli.console import print_json, print_line, print_table
from sav_core.cli.opening import open_index
from sav_core.cli.options import AsJson
from sav_core.cli.readings import print_readings, reading_values
from sav_core.cli.retrieval.options import Classifier, Dtype, Heads, Index, Model, Question
from sav_core.cli.retrieval.reader import SAME_LABELS, Reader, check_heads, on_scale_of
from sav_core.wording import percent

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sav_core.types import HeadVectors

__all__ = ["recall"]


def recall(
    index: Index,
    query: Annotated[
        str | None, typer.Option("--query", help="Labelled images to search for; the index in itself unless given.")
    ] = None,
    classifier: Classifier = None,
    k: Annotated[
        list[int] | None, typer.Option("--k", help="How many of the nearest count; 1, 5 and 10 unless given.")
    ] = None,
    heads: Heads = None,
    model: Model = None,
    dtype: Dtype = "auto",
    question: Question = "",
    as_json: AsJson = False,
) -> None:
    """Judge retrieval on labelled images: recall by the heads beside last hidden state and raw pixels."""
    from sav_core.retrieval.features import as_vectors
    from sav_core.retrieval.recall import Space, check_recall, pixel_space, recall_report
    from sav_core.types import Head

    searched = open_index(index, question)
    queries = searched if query is None else on_scale_of(searched, open_index(query, question))
    ks = k or [n for n in (1, 5, 10) if n < len(searched)]
    labels = [[example.label for example in each] for each in (searched, queries)]
    check_recall(labels[0], None if query is None else labels[1], ks)
    check_heads([example.label for example in searched], classifier, heads)
    reader = Reader.open(classifier, model, dtype)
    sets = [searched] if queries is searched else [searched, queries]
    vectors = [reader.extract(each, "reading", hidden=True) for each in sets]
    hidden = [as_vectors(_hidden(each), examples, "hidden") for each, examples in zip(vectors, sets, strict=True)]
    chosen, why = reader.heads(vectors[0], heads)
    every = vectors[0].geometry.every_head()
    report = recall_report(
        {
            "kept_heads": Space(vectors[0], vectors[-1], tuple(chosen)),
            "all_heads": Space(vectors[0], vectors[-1], every),
            "last_hidden_state": Space(hidden[0], hidden[-1], (Head(0, 0),)),
            "raw_pixels": pixel_space(searched, queries),
        },
        ks,
    )
    if as_json:
        numbers = {name: {str(each): value for each, value in values.items()} for name, values in report.items()}
        about = {"recall": numbers, "n": len(queries), "heads": [str(head) for head in chosen], "chosen_by": why}
        print_json(about | reading_values(*sets))
        return
    print_line(f"{len(queries)} queries in {len(searched)} images; the kept heads are {why}.\n")
    columns = [f"recall@{each}" for each in next(iter(report.values()))]
    print_table(
        ["by", *columns], [[n.replace("_", " "), *(percent(v, 1) for v in vs.values())] for n, vs in report.items()]
    )
    print_readings(*sets)
    if classifier is None:
        print_line(SAME_LABELS)


def _hidden(vectors: HeadVectors) -> npt.NDArray[np.float32]:
    assert vectors.hidden is not None, "it was asked for"
    return vectors.hidden
