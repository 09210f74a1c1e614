"""The environment, read once: where things lie and how much of the machine may be used.

Every value has a default that works on a fresh clone; each can be set through one environment variable, so that a Space,
a shared server and a laptop run the same code.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import platformdirs

from sav_core.errors import SettingError

__all__ = ["Settings", "settings"]

_ASSETS = Path(__file__).resolve().parent.parent / "assets"
_GIB = 1 << 30


@dataclass(frozen=True)
class Settings:
    """What the environment says.

    Attributes:
        model: the model that ``load_backbone()`` opens (``SAV_MODEL``); the embedded one unless told otherwise.
        assets: the folder of what ships with the app: model, sprites, examples (``SAV_ASSETS``).
        cache_dir: where head vectors are kept between runs (``SAV_CACHE_DIR``).
        cache_bytes: how large that folder may grow before the least recently used go (``SAV_CACHE_GIB``, default 2).
        batch_bytes: working memory that one batch may need on a CPU (``SAV_BATCH_GIB``, default 1); on a GPU what is
            free there decides.
    """

    model: str = str(_ASSETS / "model")
    assets: Path = _ASSETS
    cache_dir: Path = Path(platformdirs.user_cache_dir("sav-explorer"))
    cache_bytes: int = 2 * _GIB
    batch_bytes: int = 1 * _GIB

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the variables named above; an unset or empty one keeps its default.

        Raises:
            SettingError: a size is not a positive number.
        """
        assets = Path(environment.get("SAV_ASSETS") or cls.assets)
        return cls(
            model=environment.get("SAV_MODEL") or str(assets / "model"),
            assets=assets,
            cache_dir=Path(environment.get("SAV_CACHE_DIR") or cls.cache_dir),
            cache_bytes=_gib(environment, "SAV_CACHE_GIB", cls.cache_bytes),
            batch_bytes=_gib(environment, "SAV_BATCH_GIB", cls.batch_bytes),
        )


@cache
def settings() -> Settings:
    """Return the settings of this process, read from the environment at the first call."""
    return Settings.from_environment(os.environ)


def _gib(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name)
    if not text:
        return default
    try:
        size = float(text)
    except ValueError:
        size = -1.0
    if not 0 < size < float("inf"):
        raise SettingError(f"{name} must be a positive number of GiB, such as 0.5, but is {text!r}.")
    return int(size * _GIB)
