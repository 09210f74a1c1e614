"""The command that points: which heads look at the thing that is asked about, and where they look on given pictures."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sav_core.cli.console import print_json, print_line, print_table, progress_bar
from sav_core.cli.opening import open_backbone, print_dtype, print_left_out, print_notes, skipped_as_dicts
from sav_core.cli.options import AsJson, Dtype, Model
from sav_core.data.notes import merged
from sav_core.errors import InputError, SettingError
from sav_core.pointing.ways import BoxForm, ChosenBy
from sav_core.wording import percent, percent_range

if TYPE_CHECKING:
    from sav_core.data.examples import Example, Skipped
    from sav_core.data.notes import Note
    from sav_core.data.pictures.picture import Picture
    from sav_core.models.backbones import Backbone
    from sav_core.pointing.drawn import Pointed
    from sav_core.pointing.judgement import Judgement
    from sav_core.pointing.places import Place
    from sav_core.pointing.ranking import PointingHeads
    from sav_core.types import Head

__all__ = ["add_point"]

_LISTED = 10  # heads in the table
_WORDS = {
    "heads": "the chosen heads",
    "random": "as many heads at random",
    "all": "all heads",
    "centre": "a box in the middle",
    "grid": "at best, on the model's cells",
}


@dataclass(frozen=True)
class _Material:
    """What heads are chosen and judged on, in words, and what was left out of it."""

    chosen: tuple[Pointed, ...]
    judged: tuple[Pointed, ...]
    words: str
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[Note, ...] = ()


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
    queries, skipped, notes = _queries(images, thing, question)
    material = _from_boxes(boxes, boxes_as, question, seed, ranks_only=not queries) if boxes is not None else None
    backbone = open_backbone(model, dtype)
    found, judged, words = _chosen(backbone, material, queries, by, heads, scenes, seed)
    best = found.best(heads)
    places = _pointed(backbone, queries, best)
    told: dict[str, Any] = {
        "model": backbone.name,
        "dtype": backbone.dtype_name,
        "by": found.by,
        "chosen_on": words,
        "n": found.n,
        "even": None if found.by == "entropy" else found.even,
        "heads": [str(head) for head in best],
        "ranking": [found.of(head) for head in found.ranking],
        "judged": None if judged is None else _judged(judged),
        "pictures": _values(places, out),
    }
    if material is not None:
        skipped, notes = (*material.skipped, *skipped), merged([*material.notes, *notes])
    if as_json:
        print_json({**told, "skipped": skipped_as_dicts(skipped), "notes": [note.as_dict() for note in notes]})
        return
    _print_told(told, heads)
    print_dtype(backbone)
    print_notes(notes)
    print_left_out(len(skipped))


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


def _queries(
    images: Sequence[str] | None, thing: str, question: str
) -> tuple[tuple[Example, ...], tuple[Skipped, ...], tuple[Note, ...]]:
    """The pictures to point at, each with what is asked of it; videos are left out."""
    if not images:
        return (), (), ()
    from sav_core.data.sets.datasets import read_queries
    from sav_core.pointing.drawn import where_is

    with progress_bar("reading images") as progress:
        found = read_queries(images, question=where_is(thing) if thing.strip() else question, progress=progress, clips=None)
    for example in found:
        if not example.question.strip():
            raise InputError(f"What is to be pointed at in {example.name!r} is not said: add --thing cup, or --question.")
        if not example.images:
            raise InputError(f"There is nothing to point at in {example.name!r}, which has no picture: leave it out.")
    return found.examples, found.skipped, found.notes


def _from_boxes(path: Path, form: BoxForm | None, question: str, seed: int, *, ranks_only: bool) -> _Material:
    """Pictures with boxes: all to choose on where others are pointed at, else half to choose on and half to judge on."""
    from sav_core.pointing.box_files import part_in_two, read_boxes

    with progress_bar("reading boxes") as progress:
        found = read_boxes(path, form=form, question=question, progress=progress)
    chosen, judged = part_in_two(found.pointed, seed) if ranks_only else (found.pointed, ())
    words = f"{len(chosen)} of {len(found.pointed)} boxes of {path.name}"
    return _Material(chosen, judged, words, found.skipped, found.notes)


def _chosen(
    backbone: Backbone,
    material: _Material | None,
    queries: Sequence[Example],
    by: ChosenBy,
    heads: int,
    scenes: int | None,
    seed: int,
) -> tuple[PointingHeads, Judgement | None, str]:
    """The heads, how the best do on other pictures where no images were given, and what heads were chosen on."""
    from sav_core.pointing.judgement import judge
    from sav_core.pointing.looks import read_looks
    from sav_core.pointing.ranking import rank_by_boxes, rank_by_entropy

    if material is None and queries and scenes is None:
        if by == "entropy":
            with progress_bar("looking") as progress:
                looks = read_looks(backbone, queries, progress=progress)
            return rank_by_entropy(looks), None, "the pictures given"
        if (stored := _stored(backbone)) is not None:
            return stored, None, f"{stored.n} drawn scenes, as it ships with the model"
    material = material or _from_scenes(60 if scenes is None else scenes, seed, ranks_only=not queries)
    with progress_bar("looking") as progress:
        looks = read_looks(backbone, [one.example for one in (*material.chosen, *material.judged)], progress=progress)
    own, others = looks[: len(material.chosen)], looks[len(material.chosen) :]
    found = rank_by_entropy(own) if by == "entropy" else rank_by_boxes(own, material.chosen)
    judged = judge(others, material.judged, found.best(heads), size=found.size, seed=seed) if others else None
    return found, judged, material.words


def _stored(backbone: Backbone) -> PointingHeads | None:
    """What is shipped beside the embedded model, if it is of just these weights."""
    from sav_core.pointing.stored import read_pointing
    from sav_core.settings import settings

    stored = read_pointing(settings().embedded_model)
    return stored.heads if stored is not None and stored.model == backbone.identity else None


def _from_scenes(count: int, seed: int, *, ranks_only: bool) -> _Material:
    from sav_core.pointing.drawn import draw_pointed, draw_two_sets
    from sav_core.vectors import shipped_sprites

    sprites = shipped_sprites()
    if ranks_only:
        return _Material(*draw_two_sets(sprites, count, count, seed=seed), f"{count} drawn scenes")
    return _Material(draw_pointed(sprites, count, seed=seed), (), f"{count} drawn scenes")


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


def _judged(found: Judgement) -> dict[str, Any]:
    from sav_core.pointing.judgement import judgement_values

    return judgement_values(found)


def _print_told(told: dict[str, Any], heads: int) -> None:
    _print_ranking(told, heads)
    if told["judged"] is not None:
        _print_judged(told["judged"])
    if told["pictures"]:
        _print_pictures(told["pictures"], len(told["heads"]))


def _print_ranking(told: dict[str, Any], heads: int) -> None:
    way = (
        f"by how much of their look is in the right box (spread evenly, {percent(told['even'])} would be)"
        if told["by"] == "boxes"
        else "without boxes, by how often their look is among the most compact"
    )
    print_line(f"Heads ranked {way}, on {told['chosen_on']}; the first {min(heads, len(told['heads']))} point.\n")
    columns = ["head", "in the box", "in another’s box", "on pictures at all", "spatial entropy", "most compact in"]
    rows = [
        [
            each["head"],
            *("-" if each[name] is None else percent(each[name]) for name in ("inside", "elsewhere", "on_pictures")),
            "-" if each["entropy"] is None else f"{each['entropy']:.2f}",
            percent(each["selected"]),
        ]
        for each in told["ranking"][: max(_LISTED, heads)]
    ]
    print_table(columns, rows)
    print_line("")


def _print_judged(judged: dict[str, Any]) -> None:
    print_line(f"On {judged['n']} other picture{'s' * (judged['n'] > 1)}, with 95 % intervals:\n")
    rows = [
        [
            _WORDS[name],
            f"{each['iou']:.3f} ({each['iou_interval'][0]:.3f} to {each['iou_interval'][1]:.3f})",
            *(f"{percent(each[key])} ({percent_range(each[f'{key}_interval'])})" for key in ("at_half", "hits")),
        ]
        for name, each in judged["conditions"].items()
    ]
    print_table(["way to point", "box IoU", "IoU of 0.5 or more", "looks hardest inside"], rows)
    more = judged["against_random"]
    low, high = more["iou_interval"]
    print_line(f"\nIoU over random heads: {more['iou']:+.3f} ({low:+.3f} to {high:+.3f}), p {more['p']:.2g}.\n")


def _print_pictures(pictures: Sequence[dict[str, Any]], heads: int) -> None:
    rows = [
        [
            each["image"],
            each["question"],
            ", ".join(map(str, each["box"])),
            f"{percent(each['inside'])} (even: {percent(each['even'])})",
            f"{each['agree']} of {heads}",
            *([each["file"]] if "file" in each else []),
        ]
        for each in pictures
    ]
    columns = ["image", "asked", "box (px)", "of their look inside", "heads that agree"]
    print_table([*columns, "drawn in"] if "file" in pictures[0] else columns, rows)
    print_line("")
