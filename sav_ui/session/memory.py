"""How much memory a visitor's work takes, as far as it grows with what they bring: pictures, vectors and texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from sav_core.data.images import Picture

__all__ = ["held_bytes"]

_OPAQUE = (type, FunctionType, ModuleType)
"""Code, which all visits share."""


def held_bytes(thing: Any) -> int:
    """Return the bytes of every picture, array and text that can be reached from a thing, each counted once.

    The objects around them are left out: they are small against what they hold. What is shared with other visits, such as
    a ready task's pictures, counts for each of them.

    Args:
        thing: anything; collections and the attributes of objects are followed.
    """
    seen: set[int] = set()
    waiting, total = [thing], 0
    while waiting:
        here = waiting.pop()
        if id(here) in seen or isinstance(here, _OPAQUE):
            continue
        seen.add(id(here))
        if isinstance(here, Picture):
            total += here.held_bytes
        elif isinstance(here, np.ndarray):
            if here.base is None:
                total += here.nbytes
            else:
                waiting.append(here.base)  # a view keeps all of what it is a view of
        elif isinstance(here, (bytes, bytearray, str)):
            total += len(here)
        else:
            waiting.extend(_parts(here))
    return total


def _parts(thing: Any) -> Iterator[Any]:
    """What an object holds; copied first, for others may write to it meanwhile."""
    if isinstance(thing, Mapping):
        yield from list(thing.values())
    elif isinstance(thing, (list, tuple, AbstractSet)):
        yield from list(thing)
    else:
        yield from list(getattr(thing, "__dict__", {}).values())
        for kind in type(thing).__mro__:
            for name in getattr(kind, "__slots__", ()):
                if hasattr(thing, name):
                    yield getattr(thing, name)
