"""Which packages a model needs that are not installed: known beforehand, or read from what transformers raises."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["missing_package", "needs"]

# How transformers, its parts and Python say so.
_SAYINGS = re.compile(
    r"requires the (\S+) library|Missing optional dependencies: (\w+)|No module named '(\w+)|pip install (?:-U )?([\w-]+)"
)


def needs(packages: Sequence[str]) -> str:
    """Say that packages are needed, and how they are had."""
    return f"it needs {' and '.join(packages)}: pip install {' '.join(packages)}"


def missing_package(error: BaseException) -> str | None:
    """The package without which an error would not be; ``None`` where it is another error."""
    found = _SAYINGS.search(str(error))
    return next(filter(None, found.groups())).lower() if found else None
