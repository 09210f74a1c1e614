"""Heads that say where: which heads look at the thing a question is about, and the box that the best few of them give.

backbone = load_backbone()
chosen, others = draw_two_sets(shipped_sprites(), 60, 60)           # drawn scenes, whose boxes are known
looks = read_looks(backbone, [one.example for one in chosen])
found = rank_by_boxes(looks, chosen)                                # or rank_by_entropy(looks), which needs no boxes
judge(read_looks(backbone, [one.example for one in others]), others, found.best(3)).outcome("heads").iou
point(look_of(backbone, example), found.best(3))[0].box             # where, in fractions of the picture

Localization heads, as Kang et al. call them (CVPR 2025, arXiv 2503.06287).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sav_core.lazy import lazy_names

if TYPE_CHECKING:
    from sav_core.pointing.box_files import BoxedSet, read_boxes
    from sav_core.pointing.boxes import Box, covered, on_cell_edges
    from sav_core.pointing.drawn import Pointed, draw_pointed, draw_two_sets
    from sav_core.pointing.judgement import CONDITIONS, Judgement, Outcome, judge
    from sav_core.pointing.looks import look_of, rank_on_scenes, read_looks
    from sav_core.pointing.places import Place, point
    from sav_core.pointing.ranking import Look, PointingHeads, rank_by_boxes, rank_by_entropy, spatial_entropy
    from sav_core.pointing.stored import StoredPointing, read_pointing, write_pointing
    from sav_core.pointing.ways import BOX_FORMS, BoxForm, ChosenBy

_HOMES = {
    "BOX_FORMS": "ways",
    "Box": "boxes",
    "BoxForm": "ways",
    "BoxedSet": "box_files",
    "CONDITIONS": "judgement",
    "ChosenBy": "ways",
    "Judgement": "judgement",
    "Look": "ranking",
    "Outcome": "judgement",
    "Place": "places",
    "Pointed": "drawn",
    "PointingHeads": "ranking",
    "StoredPointing": "stored",
    "covered": "boxes",
    "draw_pointed": "drawn",
    "draw_two_sets": "drawn",
    "judge": "judgement",
    "look_of": "looks",
    "on_cell_edges": "boxes",
    "point": "places",
    "rank_by_boxes": "ranking",
    "rank_by_entropy": "ranking",
    "rank_on_scenes": "looks",
    "read_boxes": "box_files",
    "read_looks": "looks",
    "read_pointing": "stored",
    "spatial_entropy": "ranking",
    "write_pointing": "stored",
}

__all__ = [
    "BOX_FORMS",
    "CONDITIONS",
    "Box",
    "BoxForm",
    "BoxedSet",
    "ChosenBy",
    "Judgement",
    "Look",
    "Outcome",
    "Place",
    "Pointed",
    "PointingHeads",
    "StoredPointing",
    "covered",
    "draw_pointed",
    "draw_two_sets",
    "judge",
    "look_of",
    "on_cell_edges",
    "point",
    "rank_by_boxes",
    "rank_by_entropy",
    "rank_on_scenes",
    "read_boxes",
    "read_looks",
    "read_pointing",
    "spatial_entropy",
    "write_pointing",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
