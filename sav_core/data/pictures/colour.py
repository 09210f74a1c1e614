"""Pixels under a colour profile -> sRGB, which every model was trained on."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms

__all__ = ["to_srgb"]

_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
_ALIKE = 2  # levels of 255 that a profile may differ by and still be sRGB under another name
_MODES = {"RGB", "L", "CMYK"}


def to_srgb(image: Image.Image, profile: Any) -> tuple[Image.Image, tuple[tuple[str, str], ...]]:
    """Convert pixels to sRGB by the profile of their file.

    Args:
        image: of any mode with eight bits; the alpha of ``RGBA`` stays as it is.
        profile: ICC bytes, or nothing.

    Returns:
        ``RGB``, or ``RGBA`` where that came; and a remark where a profile was applied or had to be ignored.
    """
    plain = "RGBA" if image.mode == "RGBA" else "RGB"
    if not isinstance(profile, bytes) or not profile or image.mode not in (*_MODES, "RGBA"):
        return image if image.mode == plain else image.convert(plain), ()
    colours = image.convert("RGB") if image.mode == "RGBA" else image
    try:
        transform, name = _transform(profile, colours.mode)
        converted = colours if transform is None else transform.apply(colours)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        kept = image if image.mode == plain else image.convert(plain)
        return kept, (("broken profile", "The colour profile cannot be used and was ignored"),)
    if transform is None:
        return image if image.mode == plain else image.convert(plain), ()
    if image.mode == "RGBA":
        converted.putalpha(image.getchannel("A"))
    return converted, (("profile", f"Converted to sRGB from the colour profile {name!r}"),)


@lru_cache(32)
def _transform(profile: bytes, mode: str) -> tuple[ImageCms.ImageCmsTransform | None, str]:
    """The way from a profile to sRGB and the profile's name; no way where the two are the same to the eye.

    Raises:
        ImageCms.PyCMSError: it is broken, or for another kind of colours.
    """
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    name = " ".join((ImageCms.getProfileDescription(source) or "").split())[:60] or "without a name"
    # Without its cache a transform may serve several threads at once.
    way = ImageCms.buildTransform(source, _SRGB, mode, "RGB", flags=ImageCms.Flags.NOCACHE)
    if mode == "CMYK":
        return way, name
    steps = np.linspace(0, 255, 9).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    probe = Image.fromarray(cube if mode == "RGB" else steps[None])
    moved = np.abs(np.asarray(way.apply(probe), dtype=int) - np.asarray(probe.convert("RGB"), dtype=int)).max()
    return (None if moved <= _ALIKE else way), name
