"""Which heads point: chosen on boxes, on drawn scenes or on the pictures given, or as they ship with the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sav_core.cli.console import progress_bar
from sav_core.pointing.ways import BoxForm, ChosenBy

if TYPE_CHECKING:
    from sav_core.data.examples import Example, Skipped
    from sav_core.data.notes import Note
    from sav_core.models.backbones import Backbone
    from sav_core.pointing.drawn import Pointed
    from sav_core.pointing.judgement import Judgement
    from sav_core.pointing.ranking import PointingHeads

__all__ = ["Material", "choose_heads", "material_from_boxes"]


@dataclass(frozen=True)
class Material:
    """What heads are chosen and judged on, in words, and what was left out of it."""

    chosen: tuple[Pointed, ...]
    judged: tuple[Pointed, ...]
    words: str
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[Note, ...] = ()


def material_from_boxes(path: Path, form: BoxForm | None, question: str, seed: int, *, ranks_only: bool) -> Material:
    """Pictures with boxes: all to choose on where others are pointed at, else half to choose on and half to judge on."""
    from sav_core.pointing.box_files import part_in_two, read_boxes

    with progress_bar("reading boxes") as progress:
        found = read_boxes(path, form=form, question=question, progress=progress)
    chosen, judged = part_in_two(found.pointed, seed) if ranks_only else (found.pointed, ())
    words = f"{len(chosen)} of {len(found.pointed)} boxes of {path.name}"
    return Material(chosen, judged, words, found.skipped, found.notes)


def choose_heads(
    backbone: Backbone,
    material: Material | None,
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


def _from_scenes(count: int, seed: int, *, ranks_only: bool) -> Material:
    from sav_core.pointing.drawn import draw_pointed, draw_two_sets
    from sav_core.vectors import shipped_sprites

    sprites = shipped_sprites()
    if ranks_only:
        return Material(*draw_two_sets(sprites, count, count, seed=seed), f"{count} drawn scenes")
    return Material(draw_pointed(sprites, count, seed=seed), (), f"{count} drawn scenes")
