"""Memoize what takes long to draw and is shown several times a second: it is made anew only when its subject changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from sav_core.types import Head
from sav_ui.panels.panel import Piece

__all__ = ["Memo"]

T = TypeVar("T")


class Memo:
    """The last value of every name, and what it was made of.

    memo = Memo()
    memo("heatmap", (fit, selected), lambda: head_heatmap(...))   # drawn
    memo("heatmap", (fit, selected), lambda: head_heatmap(...))   # remembered
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[Any, ...], Any]] = {}

    def __call__(self, name: str, about: tuple[Any, ...], make: Callable[[], T]) -> T:
        """Return the value of that name, made anew only if ``about`` is not what it was made of."""
        known = self._known.get(name)
        if known is None or len(known[0]) != len(about) or not all(map(_same, known[0], about)):
            known = self._known[name] = (about, make())
        value: T = known[1]
        return value

    def each(self, name: str, about: Mapping[str, tuple[Any, ...]], make: Callable[..., T]) -> dict[str, T]:
        """Return a value of each subject, made of what it is about where that has changed; subjects not named are let go.

        Args:
            name: of all of them.
            about: what each is made of, by its name.
            make: is given that.
        """
        known = self(name, (), Memo)
        known._known = {each: value for each, value in known._known.items() if each in about}
        return {each: known(each, values, partial(make, *values)) for each, values in about.items()}

    @property
    def held_bytes(self) -> int:
        """Of the drawings: texts, collections of texts, and pieces."""
        return sum(_length(value) for _, value in self._known.values())


def _same(one: Any, other: Any) -> bool:
    """Whether two values are one; arrays and results are never compared by what they hold."""
    return one is other or (
        isinstance(one, (str, int, float, tuple, Head)) and type(one) is type(other) and bool(one == other)
    )


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Memo):
        return value.held_bytes
    if isinstance(value, Piece):
        return len(value.html) + sum(map(len, value.parts.values()))
    return sum(map(_length, value.values())) if isinstance(value, dict) else 0
