"""The atlas that comes with the app, of the ready tasks in the embedded model: made by ``make report``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sav_core.atlas import AtlasReport, read_atlas
from sav_core.errors import SavError
from sav_core.models.checkpoints import find_checkpoint
from sav_core.settings import settings

__all__ = ["Shipped", "shipped_atlas"]

FILE = Path("atlas") / "atlas.json"
"""Where it lies among the assets."""


@dataclass(frozen=True, eq=False)
class Shipped:
    """What came with the app.

    Attributes:
        report: the atlas; ``None`` where there is none for the model that is here.
        refused: why not; empty where there is one.
    """

    report: AtlasReport | None = None
    refused: str = ""


def shipped_atlas(identity: str = "") -> Shipped:
    """Read the atlas; it is used with no weights but those that it was made with.

    Args:
        identity: of the embedded model, where it is loaded; of its files otherwise.
    """
    return _read(settings().assets / FILE, settings().model, identity)


@lru_cache(maxsize=4)
def _read(path: Path, model: str, identity: str) -> Shipped:
    try:
        report = read_atlas(path)
        identity = identity or find_checkpoint(model, download=False).identity
    except SavError as error:
        return Shipped(refused=f"The ready atlas cannot be used. {error}")
    if report.atlas.rows[0].identity != identity:
        return Shipped(refused="The ready atlas was made with another version of this model, so it is left out.")
    return Shipped(report)
