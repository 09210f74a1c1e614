"""A box drawn on a picture, so that it shows on any ground."""

from __future__ import annotations

from PIL import Image, ImageDraw

__all__ = ["boxed"]

_LINE, _AROUND = "#ffe96b", "#1d2457"  # the ends of the palette that looks are drawn in: light between dark
_PARTS = 150  # of the picture's longer side: one is how thick a line is


def boxed(
    image: Image.Image, box: tuple[float, float, float, float], peak: tuple[float, float] | None = None
) -> Image.Image:
    """Return a copy with a box, and a dot where heads look hardest.

    Args:
        image: in RGB.
        box: left, top, right and bottom in fractions of its width and height.
        peak: x and y of the dot, likewise.
    """
    drawn = image.copy()
    pen, thick = ImageDraw.Draw(drawn), max(2, round(max(image.size) / _PARTS))
    width, height = image.width - 1, image.height - 1
    left, top, right, bottom = (round(edge * side) for edge, side in zip(box, (width, height) * 2, strict=True))
    pen.rectangle((left - thick, top - thick, right + thick, bottom + thick), outline=_AROUND, width=3 * thick)
    pen.rectangle((left, top, right, bottom), outline=_LINE, width=thick)
    if peak is not None:
        x, y, reach = peak[0] * width, peak[1] * height, 2.5 * thick
        pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=_LINE, outline=_AROUND, width=thick)
    return drawn
