"""What a processor makes of prompts and pictures, or in a sentence why it makes nothing of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from PIL import Image

from sav_core.errors import InputError, first_line

__all__ = ["Pictures", "Process", "prepare", "unfit_size"]

Pictures: TypeAlias = Sequence[Sequence[Image.Image]]
"""The pictures of each prompt."""

Process: TypeAlias = Callable[[Pictures], Mapping[str, Any]]
"""Calls a processor on pictures, with all else that it is given."""

_ORDINARY = 256  # pixels a side of a picture that no processor can refuse for its size

_THIN = 4  # a picture with such a side, as a multiple of the other, is refused for its proportions rather than its size

# Each processor reckons with sizes in its own way, and raises what that raises: a division by zero for a side that was
# scaled to nothing, an index beyond an empty list.
_REFUSED = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


def prepare(process: Process, pictures: Pictures, name: str, model: str) -> Mapping[str, Any]:
    """Return what a processor makes of pictures.

    Whether their sizes are what it refuses is tried: with square pictures in their place.

    Args:
        process: calls it.
        pictures: of each prompt.
        name: of the example, for the message.
        model: what reads it, for the message.

    Raises:
        InputError: the processor refuses the pictures, or the prompt.
    """
    try:
        return process(pictures)
    except _REFUSED as error:
        squares = [[Image.new("RGB", (_ORDINARY, _ORDINARY)) for _ in row] for row in pictures]
        if any(pictures) and _takes(process, squares):
            message = unfit_size([picture.size for row in pictures for picture in row], name, model)
        else:
            message = f"{name!r} cannot be prepared for {model}: {first_line(error)}."
        raise InputError(message) from error


def unfit_size(sizes: Sequence[tuple[int, int]], name: str, model: str) -> str:
    """Say that a model cannot read an example for the size of its pictures, naming the least ordinary one."""
    width, height = max(sizes, key=lambda size: (max(size) / min(size), -min(size)))
    thin = max(width, height) > _THIN * min(width, height)
    return (
        f"{name!r} cannot be prepared for {model}, which makes nothing of a picture of {width} x {height} pixels: "
        f"{'crop it to less extreme proportions' if thin else 'enlarge it'}."
    )


def _takes(process: Process, pictures: Pictures) -> bool:
    try:
        process(pictures)
    except _REFUSED:
        return False
    return True
