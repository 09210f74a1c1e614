"""Names of a package that are imported when they are first asked for, so that ``import sav_core`` need not wait for torch.

__getattr__, __dir__ = lazy_names(__name__, {"Atlas": "rows"})        # Atlas lives in the package's module rows
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["lazy_names"]


def lazy_names(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return what a package's ``__getattr__`` and ``__dir__`` have to be (PEP 562).

    Args:
        package: its dotted name.
        homes: the module of each name, as seen from the package.
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{homes[name]}"), name)
        setattr(sys.modules[package], name, value)  # not asked for again
        return value

    return get, lambda: sorted(homes)
