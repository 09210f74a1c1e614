"""Head vectors for use elsewhere, of any number of images: ``extract``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sav_core.bulk.part_files import folder_bytes
from sav_core.bulk.task import Task
from sav_core.cli.console import print_json, print_line, progress_bar
from sav_core.cli.engines import DevicesOption, EngineOption, open_engine
from sav_core.cli.options import AsJson
from sav_core.cli.readings import print_left_out, print_notes, reading_values
from sav_core.cli.retrieval.options import Dtype, Model, Question
from sav_core.cli.retrieval.reader import SAME_LABELS, check_heads
from sav_core.data.sets.telling import check_any
from sav_core.errors import SettingError
from sav_core.wording import percent

if TYPE_CHECKING:
    from sav_core.retrieval.compression import CompressionCost

__all__ = ["extract"]


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
        check_heads([one.label for one in listing.examples], classifier, heads)
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
        **reading_values(gathered),
    }
    if as_json:
        print_json(result)
    else:
        _print_extracted(result, cost, half=half)
        if cost is not None and choose is not None:
            print_line(SAME_LABELS)
        print_notes(gathered.notes)


def _chosen_by(count: int, classifier: Path | None, *, chosen: bool) -> str:
    """In words, where the heads of an extraction come from."""
    if classifier is not None:
        return f"the {count} heads of {classifier}"
    return f"the {count} heads that tell the labels of these images apart best" if chosen else "all heads"


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
    print_left_out(each["image"] for each in result["skipped"])
