"""Images that look most like another, among some or among millions: ``search``, and the ``index`` it searches in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sav_core.cli.console import print_json, print_line, print_table, progress_bar
from sav_core.cli.opening import open_index, open_queries
from sav_core.cli.options import AsJson
from sav_core.cli.readings import print_readings, reading_values
from sav_core.cli.retrieval.options import Classifier, Dtype, Heads, Model, Question, Searched
from sav_core.cli.retrieval.reader import Reader, check_heads, on_scale_of
from sav_core.errors import InputError, SettingError
from sav_core.retrieval.store import is_store

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sav_core.types import Head

__all__ = ["index", "search"]


def search(
    searched_in: Searched,
    query: Annotated[list[str], typer.Option("--query", help="An image to search for; may be given several times.")],
    classifier: Classifier = None,
    k: Annotated[int, typer.Option("--k", help="How many images to find.")] = 5,
    heads: Heads = None,
    model: Model = None,
    dtype: Dtype = "auto",
    question: Question = "",
    as_json: AsJson = False,
) -> None:
    """Find the images that look most like another to some attention heads; with --json one object a query."""
    from sav_core.retrieval.nearest import nearest

    if k < 1:
        raise SettingError(f"--k must be 1 or more, but is {k}.")
    if is_store(searched_in):
        if heads is not None:
            raise SettingError("An index is searched by the heads it was written with: leave --heads out.")
        _search_store(searched_in, query, classifier, k, model, dtype, question, as_json=as_json)
        return
    queries, searched = open_queries(query, question), open_index(searched_in, question)
    queries = on_scale_of(searched, queries)
    check_heads([example.label for example in searched], classifier, heads)
    reader = Reader.open(classifier, model, dtype)
    vectors, asked = reader.extract(searched, "reading the index"), reader.extract(queries, "reading the query")
    chosen, why = reader.heads(vectors, heads)
    found = nearest(vectors, asked, chosen, k)
    for row, example in enumerate(queries):
        named = [(vectors.names[place], vectors.labels[place]) for place in found.positions[row]]
        _print_found(example.name, chosen, why, named, found.similarity[row], as_json=as_json)
    told = reading_values(queries, searched)
    if as_json and any(told.values()):
        print_json(told)
    elif not as_json:
        print_readings(queries, searched)


def _search_store(
    place: str,
    query: list[str],
    classifier: Path | None,
    k: int,
    model: str | None,
    dtype: str,
    question: str,
    *,
    as_json: bool,
) -> None:
    """Find in an index: only the queries are shown to the model."""
    from sav_core.retrieval.store import Store

    store = Store(place)
    queries = open_queries(query, question)
    reader = Reader.open(classifier, model, store.computed_in if dtype == "auto" else dtype)
    if reader.backbone.fingerprint != store.model:
        raise InputError(
            f"{place} was written with {store.model_name} in {store.computed_in}, but the model here is "
            f"{reader.backbone.name} in {reader.backbone.dtype_name}: search with that model (--model)."
        )
    found = store.nearest(reader.extract(queries, "reading the query").of(store.heads), k)
    why = f"the {len(store.heads)} heads of {place}"
    for row, example in enumerate(queries):
        named = store.names(found.positions[row].tolist())
        _print_found(example.name, store.heads, why, named, found.similarity[row], as_json=as_json)
    if as_json and any(reading_values(queries).values()):
        print_json(reading_values(queries))
    elif not as_json:
        print_readings(queries)


def _print_found(
    query: str,
    heads: Sequence[Head],
    why: str,
    named: Sequence[tuple[str, str | None]],
    similarity: npt.NDArray[np.float64],
    *,
    as_json: bool,
) -> None:
    """Print what is nearest to one query."""
    hits = [
        {"image": name, "label": label, "similarity": float(near)}
        for (name, label), near in zip(named, similarity, strict=True)
    ]
    if as_json:
        print_json({"query": query, "heads": [str(head) for head in heads], "found": hits})
        return
    print_line(f"Nearest to {query} by {why}:")
    rows = [[name, label or "-", f"{near:.3f}"] for (name, label), near in zip(named, similarity, strict=True)]
    print_table(["image", "label", "similarity"], rows)


def index(
    vectors: Annotated[str, typer.Option("--vectors", help="Parquet that extract wrote: a file, or a folder of parts.")],
    out: Annotated[Path, typer.Option("--out", help="The index to write, a folder, such as pets.index.")],
    as_json: AsJson = False,
) -> None:
    """Write a compressed index over stored vectors, in which search finds among millions."""
    from sav_core.data.lists.parquet_rows import parquet_files
    from sav_core.retrieval.store import write_store

    files = parquet_files(vectors)
    if not files:
        raise InputError(f"{vectors!r} is no Parquet file of vectors, nor a folder of such: write one with extract.")
    with progress_bar("indexing") as progress:
        count = write_store(out, files, progress=progress)
    size = sum(file.stat().st_size for file in out.iterdir())
    if as_json:
        print_json({"out": str(out), "n": count, "bytes": size})
    else:
        print_line(f"Wrote an index over {count:,} vectors to {out} ({size:,} bytes).")
