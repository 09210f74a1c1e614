"""How heads that point are chosen, and how the numbers of a box are meant."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

__all__ = ["BOX_FORMS", "BoxForm", "ChosenBy"]

ChosenBy: TypeAlias = Literal["boxes", "entropy"]
"""By how much of a head's look lies in the right box; or without boxes, by how compact what it looks at is."""

BoxForm: TypeAlias = Literal["pixels", "fractions", "coco"]
"""Left, top, right and bottom in pixels, or in fractions of the picture's width and height; or left, top, width and height
in pixels, as COCO has them."""

BOX_FORMS: tuple[BoxForm, ...] = get_args(BoxForm)
