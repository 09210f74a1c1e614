"""What is dear to draw and shown again and again, drawn anew only when what it shows has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sav_core.types import Head
from sav_ui.session.session import Visit

__all__ = ["drawn_once"]

T = TypeVar("T")


def drawn_once(visit: Visit, name: str, about: tuple[Any, ...], draw: Callable[[], T]) -> T:
    """What is drawn anew only when what it shows has changed: a page is shown several times a second while work is done."""
    known = visit.extras.get(f"drawn {name}")
    if known is None or not all(_same(one, other) for one, other in zip(known[0], about, strict=True)):
        known = visit.extras[f"drawn {name}"] = (about, draw())
    drawn: T = known[1]
    return drawn


def _same(one: Any, other: Any) -> bool:
    """Whether two values are one; arrays and results are never compared by what they hold."""
    return one is other or (isinstance(one, (int, tuple, Head)) and type(one) is type(other) and bool(one == other))
