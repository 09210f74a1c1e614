"""The command that points: which heads look at the thing that is asked about, and where they look on given pictures."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sav_core.cli.console import print_json, progress_bar
from sav_core.cli.opening import open_backbone, print_dtype
from sav_core.cli.options import AsJson, Dtype, Model
from sav_core.cli.point.choosing import choose_heads, material_from_boxes
from sav_core.cli.point.text import print_pointed
from sav_core.cli.readings import print_readings, reading_values
from sav_core.errors import InputError, SettingError
from sav_core.pointing.ways import BoxForm, ChosenBy

if TYPE_CHECKING:
    from sav_core.data.examples import Example, ExampleSet
    from sav_core.data.pictures.picture import Picture
    from sav_core.models.backbones import Backbone
    from sav_core.pointing.places import Place
    from sav_core.types import Head

__all__ = ["add_point"]


def add_point(app: typer.Typer) -> None:
    """Mount the command."""
    app.command(epilog="Example: [bold]python -m sav_core point photo.jpg --thing cup --out pointed/[/bold]")(point)


def point(
    images: Annotated[
        list[str] | None,
        typer.Argument(help="Images, folders or .zip of them, or a .jsonl with questions; none to rank heads."),
    ] = None,
    thing: Annotated[str, typer.Option("--thing", help="What to point at; the model is asked where it is.")] = "",
    question: Annotated[
        str, typer.Option("--question", help="Asked instead, of every image or line that has no question of its own.")
    ] = "",
    model: Model = None,
    dtype: Dtype = "auto",
    by: Annotated[
        ChosenBy,
        typer.Option("--by", help="How heads are chosen: by how much of their look is in the right box, or without boxes."),
    ] = "boxes",
    boxes: Annotated[
        Path | None,
        typer.Option(
            "--boxes",
            help="Choose heads on the pictures of this .jsonl or .csv, with question and box, not on drawn scenes.",
        ),
    ] = None,
    boxes_as: Annotated[
        BoxForm | None,
        typer.Option("--boxes-as", help="What the four numbers of a box are; pixels are left, top, right and bottom."),
    ] = None,
    heads: Annotated[int, typer.Option("--heads", help="How many of the best heads point.")] = 3,
    scenes: Annotated[
        int | None,
        typer.Option(
            "--scenes", help="How many scenes to draw, 60 by default; what ships with the model is not used then."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of all that is drawn: the same seed draws the same.")] = 0,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write each picture to, with its box drawn.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find the few heads that look at the thing a question is about, and draw the box they give.

    Without images it ranks heads on one half of the scenes or boxes and judges the best on the other.
    """
    _check(images, thing, question, boxes, boxes_as, heads, scenes, out)
    asked = _asked(images, thing, question)
    queries = () if asked is None else asked.examples
    material = material_from_boxes(boxes, boxes_as, question, seed, ranks_only=not queries) if boxes is not None else None
    backbone = open_backbone(model, dtype)
    found, judged, words = choose_heads(backbone, material, queries, by, heads, scenes, seed)
    best = found.best(heads)
    places = _pointed(backbone, queries, best)
    from sav_core.pointing.judgement import judgement_values

    told: dict[str, Any] = {
        "model": backbone.name,
        "dtype": backbone.dtype_name,
        "by": found.by,
        "chosen_on": words,
        "n": found.n,
        "even": None if found.by == "entropy" else found.even,
        "heads": [str(head) for head in best],
        "ranking": [found.of(head) for head in found.ranking],
        "judged": None if judged is None else judgement_values(judged),
        "pictures": _values(places, out),
    }
    read = [each for each in (material, asked) if each is not None]
    if as_json:
        print_json({**told, **reading_values(*read)})
        return
    print_pointed(told, heads)
    print_dtype(backbone)
    print_readings(*read)


def _check(
    images: Sequence[str] | None,
    thing: str,
    question: str,
    boxes: Path | None,
    boxes_as: str | None,
    heads: int,
    scenes: int | None,
    out: Path | None,
) -> None:
    """Refuse what contradicts itself before anything is opened."""
    if heads < 1:
        raise SettingError(f"--heads must be 1 or more, but is {heads}.")
    if scenes is not None and scenes < 3:
        raise SettingError(f"--scenes must be 3 or more, one of each kind of question, but is {scenes}.")
    if thing.strip() and question.strip():
        raise SettingError("--thing and --question both say what is asked: give one of them.")
    if scenes is not None and boxes is not None:
        raise SettingError("Heads are chosen on drawn scenes or on --boxes: give --scenes or --boxes, not both.")
    if boxes_as is not None and boxes is None:
        raise SettingError("--boxes-as says what the numbers of --boxes are: name that file too.")
    if out is not None and not images:
        raise SettingError("--out takes pictures that were pointed at: name images too.")
    if thing.strip() and not images:
        raise SettingError("--thing is pointed at in images: name some.")


def _asked(images: Sequence[str] | None, thing: str, question: str) -> ExampleSet | None:
    """The pictures to point at, each with what is asked of it, if some are named; videos are left out."""
    if not images:
        return None
    from sav_core.data.sets.datasets import read_queries
    from sav_core.pointing.drawn import where_is

    with progress_bar("reading images") as progress:
        found = read_queries(images, question=where_is(thing) if thing.strip() else question, progress=progress, clips=None)
    for example in found:
        if not example.question.strip():
            raise InputError(f"What is to be pointed at in {example.name!r} is not said: add --thing cup, or --question.")
        if not example.images:
            raise InputError(f"There is nothing to point at in {example.name!r}, which has no picture: leave it out.")
    return found


def _pointed(backbone: Backbone, queries: Sequence[Example], heads: Sequence[Head]) -> list[tuple[Example, Picture, Place]]:
    """Each picture with where the heads point on it."""
    if not queries:
        return []
    from sav_core.pointing.looks import read_looks
    from sav_core.pointing.places import point as place_of

    with progress_bar("pointing") as progress:
        looks = read_looks(backbone, queries, progress=progress)
    return [
        (example, picture, place)
        for example, look in zip(queries, looks, strict=True)
        for picture, place in zip(example.images, place_of(look, heads), strict=True)
    ]


def _values(places: Sequence[tuple[Example, Picture, Place]], out: Path | None) -> list[dict[str, Any]]:
    """Where heads point on each picture as JSON values, after each was drawn into the folder, if one was named."""
    files = [""] * len(places) if out is None else _drawn(places, out)
    return [
        {
            "image": picture.name if len(example.images) > 1 else example.name,
            "question": example.question,
            "size": picture.size,
            "box": place.box.pixels(picture.size),
            "fractions": place.box.fractions(),
            "peak": place.peak,
            "inside": place.inside,
            "even": place.box.area,
            "agree": place.agree,
            **({} if out is None else {"file": file}),
        }
        for (example, picture, place), file in zip(places, files, strict=True)
    ]


def _drawn(places: Sequence[tuple[Example, Picture, Place]], out: Path) -> list[str]:
    """Write each picture with its box; a name that two of them have is numbered."""
    from sav_core.figures.boxes import boxed
    from sav_core.files import write_atomically

    used: Counter[str] = Counter()
    files = []
    for _, picture, place in places:
        stem = Path(picture.name).stem or "picture"
        used[stem] += 1
        path = out / f"{stem}{f'-{used[stem]}' if used[stem] > 1 else ''}.pointed.png"
        buffer = io.BytesIO()
        boxed(picture.rgb(), place.box.fractions(), place.peak).save(buffer, "PNG")
        write_atomically(path, buffer.getvalue())
        files.append(str(path))
    return files
