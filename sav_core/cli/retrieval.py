"""The command line of retrieval: ``search``, ``recall`` and ``extract``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sav_core.bulk.part_files import folder_bytes
from sav_core.bulk.task import Task
from sav_core.cli.console import print_json, print_line, print_table, progress_bar
from sav_core.cli.engines import DevicesOption, EngineOption, open_engine
from sav_core.cli.opening import open_backbone, open_index, open_queries, print_left_out, print_notes, skipped_as_dicts
from sav_core.cli.options import AsJson
from sav_core.data.notes import merged
from sav_core.data.sets.one_scale import at_levels, levels_of
from sav_core.data.sets.telling import check_any
from sav_core.errors import InputError, SettingError
from sav_core.retrieval.store import is_store
from sav_core.wording import percent

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sav_core.data.examples import Example, ExampleSet
    from sav_core.models.backbones import Backbone
    from sav_core.retrieval.compression import CompressionCost
    from sav_core.sav import SavClassifier
    from sav_core.types import Head, HeadVectors

__all__ = ["add_retrieval"]

_SEARCHED = 20  # heads, where an index with labels chooses them itself
_SAME_LABELS = "Note: these heads were chosen on the same labels; a classifier fitted on other images judges fairly."

Index = Annotated[
    str, typer.Option("--index", help="Images to search in: a folder (of label folders, or not), .zip or .jsonl.")
]
Searched = Annotated[
    str, typer.Option("--index", help="Images to search in, as a folder, .zip or .jsonl; or what the command index wrote.")
]
Classifier = Annotated[
    Path | None,
    typer.Option("--classifier", help="A .sav file whose kept heads decide; else the index's labels, else all heads."),
]
Model = Annotated[str | None, typer.Option("--model", help="Hub id or folder; the classifier's, or the embedded one.")]
Dtype = Annotated[str, typer.Option("--dtype", help="What the model computes in, without a classifier.")]
Heads = Annotated[
    int | None,
    typer.Option("--heads", help="How many heads decide: the classifier's best, or those that tell the labels apart best."),
]
Question = Annotated[str, typer.Option("--question", help="Asked of every image; the classifier's own unless given.")]


def add_retrieval(app: typer.Typer) -> None:
    """Mount the commands."""
    for command, example in (
        (search, "search --index holiday/ --query photo.jpg --classifier pets.sav"),
        (index, "index --vectors pets.parquet --out pets.index"),
        (recall, "recall --index pets/ --classifier pets.sav"),
        (extract, "extract --images pets/ --out pets.parquet --classifier pets.sav --half"),
    ):
        app.command(epilog=f"Example: [bold]python -m sav_core {example}[/bold]")(command)


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
    queries = _on_scale_of(searched, queries)
    _check_heads([example.label for example in searched], classifier, heads)
    reader = _Reader.open(classifier, model, dtype)
    vectors, asked = reader.extract(searched, "reading the index"), reader.extract(queries, "reading the query")
    chosen, why = reader.heads(vectors, heads)
    found = nearest(vectors, asked, chosen, k)
    for row, example in enumerate(queries):
        named = [(vectors.names[place], vectors.labels[place]) for place in found.positions[row]]
        _print_found(example.name, chosen, why, named, found.similarity[row], as_json=as_json)
    told = _told(queries, searched)
    if as_json and any(told.values()):
        print_json(told)
    elif not as_json:
        _print_told(queries, searched)


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
    reader = _Reader.open(classifier, model, store.computed_in if dtype == "auto" else dtype)
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
    if as_json and any(_told(queries).values()):
        print_json(_told(queries))
    elif not as_json:
        _print_told(queries)


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
    queries = searched if query is None else _on_scale_of(searched, open_index(query, question))
    ks = k or [n for n in (1, 5, 10) if n < len(searched)]
    labels = [[example.label for example in each] for each in (searched, queries)]
    check_recall(labels[0], None if query is None else labels[1], ks)
    _check_heads([example.label for example in searched], classifier, heads)
    reader = _Reader.open(classifier, model, dtype)
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
        print_json(about | _told(*sets))
        return
    print_line(f"{len(queries)} queries in {len(searched)} images; the kept heads are {why}.\n")
    columns = [f"recall@{each}" for each in next(iter(report.values()))]
    print_table(
        ["by", *columns], [[n.replace("_", " "), *(percent(v, 1) for v in vs.values())] for n, vs in report.items()]
    )
    _print_told(*sets)
    if classifier is None:
        print_line(_SAME_LABELS)


def extract(
    images: Annotated[str, typer.Option("--images", help="A folder (of label folders, or not), .zip or .jsonl.")],
    out: Annotated[
        str,
        typer.Option("--out", help="Where to write the vectors: .npz or .parquet; with --engine ray a folder of parts."),
    ],
    classifier: Annotated[Path | None, typer.Option("--classifier", help="Keep the heads of this .sav file only.")] = None,
    heads: Annotated[
        int | None,
        typer.Option("--heads", help="Keep so many heads: the classifier's best, or the best by the images' labels."),
    ] = None,
    half: Annotated[bool, typer.Option("--half", help="Half precision: half the size.")] = False,
    model: Model = None,
    dtype: Dtype = "auto",
    question: Question = "",
    devices: DevicesOption = None,
    engine: EngineOption = "local",
    as_json: AsJson = False,
) -> None:
    """Write the head vectors of images for use elsewhere, all or compressed; labelled images tell what that costs.

    Of any number of images: they are read and written part after part. An address such as s3://bucket/pets/ serves too.
    """
    from sav_core.bulk.extracting import extract_parts, extract_to
    from sav_core.data.sets.listings import EIGHT_FRAMES
    from sav_core.data.sets.search_sets import listed_index
    from sav_core.retrieval.export import check_export

    if engine == "local":
        check_export(out)
    elif heads is not None and classifier is None:
        raise SettingError("--engine ray takes the heads of a --classifier, or all: fit one on some of the images.")
    with listed_index(images, question=question) as (listing, of_lines):
        check_any(len(listing.examples), listing.skipped)
        _check_heads([one.label for one in listing.examples], classifier, heads)
        choose = heads if classifier is None else None
        file = None if classifier is None else str(classifier)
        stored_half = half and choose is None
        task = Task("vectors", model, dtype, file, heads, stored_half, clips=EIGHT_FRAMES)
        working = open_engine(task, devices, out if engine == "ray" else None)
        with progress_bar("reading") as progress:
            if engine == "ray":
                found = extract_parts(listing, working, of_lines=of_lines, progress=progress)
            else:
                found = extract_to(
                    Path(out), listing, working, half=half, choose=choose, of_lines=of_lines, progress=progress
                )
    facts, cost, gathered = working.facts, found.cost, found.gathered
    result = {
        "out": out,
        "n": found.count,
        "heads": [str(head) for head in found.heads],
        "chosen_by": _chosen_by(len(found.heads), classifier, chosen=choose is not None),
        "dim": facts.geometry.dim,
        "precision": "float16" if half else "float32",
        "bytes": folder_bytes(out) if engine == "ray" else Path(out).stat().st_size,
        "model": facts.name,
        "cost": None if cost is None else _cost(cost),
        "skipped": skipped_as_dicts(gathered.skipped),
        "notes": [note.as_dict() for note in gathered.notes],
    }
    if as_json:
        print_json(result)
    else:
        _print_extracted(result, cost, half=half)
        if cost is not None and choose is not None:
            print_line(_SAME_LABELS)
        print_notes(gathered.notes)


def _chosen_by(count: int, classifier: Path | None, *, chosen: bool) -> str:
    """In words, where the heads of an extraction come from."""
    if classifier is not None:
        return f"the {count} heads of {classifier}"
    return f"the {count} heads that tell the labels of these images apart best" if chosen else "all heads"


def _on_scale_of(searched: ExampleSet, queries: ExampleSet) -> ExampleSet:
    """The queries with the values of their pictures scaled as in the index; a classifier scales both by its own rule."""
    levels = levels_of(picture for example in searched for picture in example.images)
    return replace(queries, examples=tuple(at_levels(queries, levels)))


def _told(*sets: ExampleSet) -> dict[str, Any]:
    """What was left out and what was converted, for JSON."""
    notes = merged(note for each in sets for note in each.notes)
    skipped = skipped_as_dicts([skip for each in sets for skip in each.skipped])
    return {"skipped": skipped, "notes": [note.as_dict() for note in notes]}


def _print_told(*sets: ExampleSet) -> None:
    print_notes(merged(note for each in sets for note in each.notes))
    print_left_out(sum(len(each.skipped) for each in sets))


@dataclass(frozen=True)
class _Reader:
    """A model, and the classifier that says how to ask it and which heads to hear, if there is one."""

    backbone: Backbone
    classifier: SavClassifier | None
    file: Path | None

    @classmethod
    def open(cls, file: Path | None, model: str | None, dtype: str) -> _Reader:
        from sav_core.sav import open_classifier

        if file is None:
            return cls(open_backbone(model, dtype), None, None)
        classifier = open_classifier(file, model)
        return cls(classifier.backbone, classifier, file)

    def asked(self, example: Example) -> Example:
        return example if self.classifier is None else self.classifier.as_query(example)

    def extract(self, examples: Sequence[Example], what: str, *, hidden: bool = False) -> HeadVectors:
        from sav_core.activations.extraction import extract_head_vectors

        asked = [self.asked(example) for example in examples]
        with progress_bar(what) as progress:
            return extract_head_vectors(self.backbone, asked, progress=progress, hidden=hidden)

    def heads(self, vectors: HeadVectors, count: int | None) -> tuple[Sequence[Head], str]:
        """Return the heads that decide, best first, and in words where they come from."""
        if self.classifier is not None:
            ranking = self.classifier.head_classifier_.fitted_.scores.ranking
            kept = self.classifier.kept_heads_ if count is None else ranking[:count]
            return kept, f"the {len(kept)} heads of {self.file}"
        if _can_choose(vectors.labels):
            from sav_core.heads.classifier import HeadClassifier

            kept = HeadClassifier(count or _SEARCHED, scoring="leave_one_out").fit(vectors).kept_heads_
            return kept, f"the {len(kept)} heads that tell the labels of these images apart best"
        every = vectors.geometry.every_head()
        return every, f"all {len(every)} heads"


def _can_choose(labels: Sequence[str | None]) -> bool:
    """Whether heads can be chosen by these labels: all known, two or more, and one of them twice."""
    return None not in labels and 1 < len(set(labels)) < len(labels)


def _check_heads(labels: Sequence[str | None], classifier: Path | None, count: int | None) -> None:
    """Refuse a number of heads that cannot be chosen, before any model runs."""
    if count is not None and count < 1:
        raise SettingError(f"--heads must be 1 or more, but is {count}.")
    if count is not None and classifier is None and not _can_choose(labels):
        raise SettingError(
            "--heads needs labels to choose heads by: put the images of each label into a folder of its name, two or "
            "more in each, or give a --classifier."
        )


def _hidden(vectors: HeadVectors) -> npt.NDArray[np.float32]:
    assert vectors.hidden is not None, "it was asked for"
    return vectors.hidden


def _cost(cost: CompressionCost) -> dict[str, Any]:
    return {
        "share_of_size": cost.share,
        "nearest_neighbour_accuracy": cost.accuracy,
        "before_half_precision": cost.kept_accuracy,
        "before_compression": cost.full_accuracy,
        "n": cost.n,
    }


def _print_extracted(result: dict[str, Any], cost: CompressionCost | None, *, half: bool) -> None:
    print_line(
        f"Wrote {result['n']} examples x {len(result['heads'])} heads x {result['dim']} numbers in {result['precision']} "
        f"to {result['out']} ({result['bytes']:,} bytes)."
    )
    if cost is not None:
        same = f", by the same heads in float32 {percent(cost.kept_accuracy, 1)}" if half else ""
        print_line(
            f"{percent(cost.share, 1)} of the size of all heads in float32. Nearest-neighbour accuracy on the labels: "
            f"{percent(cost.accuracy, 1)}{same}, by all heads in float32 {percent(cost.full_accuracy, 1)} (n = {cost.n})."
        )
    print_left_out(len(result["skipped"]))
