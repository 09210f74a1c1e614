"""How finely a model looks at pictures: as its makers ship it, or with fewer tokens and in less time.

    sight = find_sight(processor, "fast", "SmolVLM")      # what that means to its processor

How many tokens a picture costs is decided by a few things that image processors have: whether they cut a picture into
tiles, how many, and how many pixels they keep. The table below has a row for each; a processor is asked which it has.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from PIL import Image

from sav_core.errors import SettingError
from sav_core.types import DETAILS, Detail

__all__ = ["FULL", "Sight", "check_detail", "find_sight", "shows_no_less"]

_SHARE: dict[Detail, float] = {"normal": 1 / 3, "fast": 1 / 10}
"""Of the pixels, or of the tiles, that a processor allows at most."""

_SOFT_TOKENS = (70, 140, 280, 560, 1120)  # that Gemma 4 was made for

Change: TypeAlias = tuple[Mapping[str, Any], int | None]
"""What the image processor is told, and how long a side of a picture may be before it is given that."""


@dataclass(frozen=True, slots=True)
class Sight:
    """How a processor is made to look at pictures.

    Attributes:
        detail: what that is called.
        options: of the call of its image processor.
        longest: pixels that a side of a picture may have before; larger ones are made smaller.
    """

    detail: Detail
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    longest: int | None = None

    def shown(self, picture: Image.Image) -> Image.Image:
        """Return the picture as the image processor is given it."""
        if self.longest is None or max(picture.size) <= self.longest:
            return picture
        smaller = picture.copy()
        smaller.thumbnail((self.longest, self.longest), Image.Resampling.LANCZOS)
        return smaller


FULL = Sight("full")


def check_detail(detail: str) -> Detail:
    """Return a detail that there is.

    Raises:
        SettingError: there is none of that name.
    """
    for known in DETAILS:
        if detail == known:
            return known
    raise SettingError(f"The detail of pictures is {', '.join(DETAILS[:-1])} or {DETAILS[-1]}, but is {detail!r}.")


def find_sight(processor: Any, detail: str, name: str) -> Sight:
    """Return how a processor is made to look at pictures with that detail.

    Args:
        processor: of a model.
        detail: ``"full"``, ``"normal"`` or ``"fast"``.
        name: of the model, for messages.

    Raises:
        SettingError: there is no such detail, or the processor shows every picture at one size.
    """
    wanted = check_detail(detail)
    if wanted == "full":
        return FULL
    found = [change for dial in _DIALS if (change := dial(processor, wanted)) is not None]
    if not found:
        raise shows_no_less(wanted, processor, name)
    options = {key: value for told, _ in found for key, value in told.items()}
    sides = [longest for _, longest in found if longest is not None]
    return Sight(wanted, MappingProxyType(options), min(sides, default=None))


def shows_no_less(detail: str, processor: Any, name: str) -> SettingError:
    """Return what refuses a detail that would change nothing."""
    kind = type(processor.image_processor).__name__
    return SettingError(
        f"A picture is no fewer tokens to {name} with detail {detail!r} than in full ({kind} has no more sizes): "
        "leave the detail at 'full'."
    )


def _tiles_of_a_side(processor: Any, detail: Detail) -> Change | None:
    """Idefics 2 and 3, SmolVLM: pictures are enlarged to a side and cut into tiles, beside which they are shown whole."""
    pictures = processor.image_processor
    if not getattr(pictures, "do_image_splitting", False):
        return None
    tile = (getattr(pictures, "max_image_size", None) or {}).get("longest_edge")
    if detail == "fast" or tile is None:
        return {"do_image_splitting": False}, None
    side = _size(pictures)["longest_edge"] * math.sqrt(_SHARE[detail])
    return {"size": {"longest_edge": max(tile, int(side) // tile * tile)}}, None


def _counted_tiles(processor: Any, detail: Detail) -> Change | None:
    """InternVL, Aya Vision, Cohere 2, Ovis 2: as many tiles as fit best, up to a number."""
    pictures = processor.image_processor
    most = getattr(pictures, "max_patches", None)
    if not isinstance(most, int) or not hasattr(pictures, "crop_to_patches"):
        return None
    if detail == "fast":
        return {"crop_to_patches": False}, None
    return {"max_patches": max(getattr(pictures, "min_patches", 1), int(most * _SHARE[detail]))}, None


def _grids_of_tiles(processor: Any, detail: Detail) -> Change | None:
    """LLaVA-NeXT and OneVision: the grid that fits a picture best, so a smaller picture has a smaller one."""
    pictures = processor.image_processor
    if not getattr(pictures, "image_grid_pinpoints", None):
        return None
    size = _size(pictures)
    tile = size.get("height") or size["shortest_edge"]
    return {}, tile if detail == "fast" else 2 * tile


def _pan_and_scan(processor: Any, _: Detail) -> Change | None:
    """Gemma 3: cuts beside the whole picture."""
    return ({"do_pan_and_scan": False}, None) if getattr(processor.image_processor, "do_pan_and_scan", False) else None


def _soft_tokens(processor: Any, detail: Detail) -> Change | None:
    """Gemma 4: so many tokens at most, of numbers that it was made for."""
    most = getattr(processor.image_processor, "max_soft_tokens", None)
    fewer = [number for number in _SOFT_TOKENS if most and number < most]
    return ({"max_soft_tokens": fewer[-1 if detail == "normal" else 0]}, None) if fewer else None


def _large_or_small(processor: Any, detail: Detail) -> Change | None:
    """Aria: one of two sizes, in tiles or whole."""
    pictures = processor.image_processor
    sizes = sorted(getattr(processor, "size_conversion", None) or ())
    if not sizes or not hasattr(pictures, "split_image"):
        return None
    return {"split_image": False, **({"max_image_size": sizes[0]} if detail == "fast" else {})}, None


def _pixels(processor: Any, detail: Detail) -> Change | None:
    """Qwen-VL and its kin, GLM-4.1V, VideoLLaMA 3: as many pixels as a picture has, between two numbers."""
    size = _size(processor.image_processor)
    if not hasattr(processor.image_processor, "merge_size") or not {"shortest_edge", "longest_edge"} <= size.keys():
        return None
    most = max(size["shortest_edge"], int(size["longest_edge"] * _SHARE[detail]))
    return {"size": {"shortest_edge": size["shortest_edge"], "longest_edge": most}}, None


def _a_side(processor: Any, detail: Detail) -> Change | None:
    """Pixtral, Mistral 3: as many pixels as a picture has, up to a side."""
    pictures, size = processor.image_processor, _size(processor.image_processor)
    if size.keys() != {"longest_edge"} or not hasattr(pictures, "patch_size") or hasattr(pictures, "do_image_splitting"):
        return None
    return {"size": {"longest_edge": int(size["longest_edge"] * math.sqrt(_SHARE[detail]))}}, None


def _size(image_processor: Any) -> dict[str, int]:
    """What an image processor says of sizes, of all that could be said."""
    return {name: value for name, value in dict(getattr(image_processor, "size", None) or {}).items() if value}


_DIALS: tuple[Callable[[Any, Detail], Change | None], ...] = (
    _tiles_of_a_side,
    _counted_tiles,
    _grids_of_tiles,
    _pan_and_scan,
    _soft_tokens,
    _large_or_small,
    _pixels,
    _a_side,
)
"""What decides how many tokens a picture is: each says what to change, or ``None`` where a processor has no such thing."""
