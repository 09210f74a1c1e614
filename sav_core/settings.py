"""The environment, read once: where things lie and how much of the machine may be used.

Every value has a default that works on a fresh clone; each can be set through one environment variable, so that a Space,
a shared server and a laptop run the same code.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_network
from pathlib import Path

import platformdirs

from sav_core.errors import SettingError

__all__ = ["Settings", "count_of", "find_assets", "gib_of", "settings"]

_PACKAGE = Path(__file__).resolve().parent
_GIB = 1 << 30


def find_assets(given: str | None = None, package: Path = _PACKAGE) -> Path:
    """Return the folder of what ships with the app: model, sprites, examples, theme.

    An installed package holds it; in a checkout, where the package does not, it lies beside the package. Looked for in this
    order, for beside an installed package lies whatever else is installed.

    Args:
        given: the folder that someone names (``SAV_ASSETS``), which then is the only one looked at.
        package: the folder of ``sav_core``.

    Raises:
        SettingError: there is no such folder.
    """
    if given:
        if not Path(given).is_dir():
            raise SettingError(f"SAV_ASSETS must be a folder with model, sprites, examples, theme, but {given!r} is none.")
        return Path(given)
    places = (package / "assets", package.parent / "assets")
    for place in places:
        if place.is_dir():
            return place
    raise SettingError(
        f"The assets (model, sprites, examples, theme) are neither at {places[0]} nor at {places[1]}: install sav-explorer "
        "again, or let SAV_ASSETS name their folder."
    )


@dataclass(frozen=True)
class Settings:
    """What the environment says.

    Attributes:
        model: the model that ``load_backbone()`` opens (``SAV_MODEL``); the embedded one unless told otherwise.
        assets: the folder of what ships with the app (``SAV_ASSETS``), see ``find_assets``.
        cache_dir: where head vectors are kept between runs (``SAV_CACHE_DIR``).
        cache_bytes: how large that folder may grow before the least recently used go (``SAV_CACHE_GIB``, default 2).
        batch_bytes: working memory that one batch may need on a CPU (``SAV_BATCH_GIB``, default 1); on a GPU what is
            free there decides.
        allowed_models: hub ids that visitors may choose besides the embedded model (``SAV_ALLOWED_MODELS``, commas
            between); ``None``, when it is unset, allows any.
        mcp: whether the app's named endpoints are served as MCP tools too (``SAV_MCP``, 1 or 0).
        trusted_proxies: addresses and networks whose word on whom a request came from is taken (``SAV_TRUSTED_PROXIES``,
            commas between); ``None``, when it is unset, is this machine.
        requests_per_second: how many requests one address may go on sending to the app (``SAV_REQUESTS_PER_SECOND``).
        connections: how many it may have open at once (``SAV_CONNECTIONS``).
        upload_bytes: how much it may upload within an hour (``SAV_UPLOAD_GIB``, default 4).
        uploads_bytes: how much the files of all visitors may take on the disk (``SAV_UPLOADS_GIB``, default 16).
        job_seconds: how much of the model's time one job of a visitor may take (``SAV_JOB_SECONDS``, default 900).
        log: how the app writes its log (``SAV_LOG``): ``plain`` for a person, ``json`` as an object a line.
    """

    model: str = field(default_factory=lambda: str(find_assets() / "model"))
    assets: Path = field(default_factory=find_assets)
    cache_dir: Path = Path(platformdirs.user_cache_dir("sav-explorer"))
    cache_bytes: int = 2 * _GIB
    batch_bytes: int = 1 * _GIB
    allowed_models: tuple[str, ...] | None = None
    mcp: bool = False
    trusted_proxies: tuple[str, ...] | None = None
    requests_per_second: int = 100
    connections: int = 400
    upload_bytes: int = 4 * _GIB
    uploads_bytes: int = 16 * _GIB
    job_seconds: int = 900
    log: str = "plain"

    @property
    def embedded_model(self) -> Path:
        """The folder of the model that ships with the app."""
        return self.assets / "model"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the variables named above; an unset or empty one keeps its default, but an empty list of models is one.

        Raises:
            SettingError: a variable cannot be what it is; the message says what it may be. Or there are no assets.
        """
        assets = find_assets(environment.get("SAV_ASSETS"))
        return cls(
            model=environment.get("SAV_MODEL") or str(assets / "model"),
            assets=assets,
            cache_dir=Path(environment.get("SAV_CACHE_DIR") or cls.cache_dir),
            cache_bytes=gib_of(environment, "SAV_CACHE_GIB", cls.cache_bytes),
            batch_bytes=gib_of(environment, "SAV_BATCH_GIB", cls.batch_bytes),
            allowed_models=_names(environment, "SAV_ALLOWED_MODELS"),
            mcp=_switch(environment, "SAV_MCP"),
            trusted_proxies=_networks(environment, "SAV_TRUSTED_PROXIES"),
            requests_per_second=count_of(environment, "SAV_REQUESTS_PER_SECOND", cls.requests_per_second),
            connections=count_of(environment, "SAV_CONNECTIONS", cls.connections),
            upload_bytes=gib_of(environment, "SAV_UPLOAD_GIB", cls.upload_bytes),
            uploads_bytes=gib_of(environment, "SAV_UPLOADS_GIB", cls.uploads_bytes),
            job_seconds=count_of(environment, "SAV_JOB_SECONDS", cls.job_seconds),
            log=_one_of(environment, "SAV_LOG", ("plain", "json")),
        )


@cache
def settings() -> Settings:
    """Return the settings of this process, read from the environment at the first call."""
    return Settings.from_environment(os.environ)


def gib_of(environment: Mapping[str, str], name: str, default: int) -> int:
    """Return the bytes that a variable says in GiB; the default when it is unset or empty.

    Raises:
        SettingError: it is no positive number.
    """
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


def _one_of(environment: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """The variable's value; the first choice when it is unset or empty."""
    text = environment.get(name) or choices[0]
    if text not in choices:
        raise SettingError(f"{name} must be {' or '.join(choices)}, but is {text!r}.")
    return text


def count_of(environment: Mapping[str, str], name: str, default: int) -> int:
    """Return the whole number that a variable says; the default when it is unset or empty.

    Raises:
        SettingError: it is none from 1 on.
    """
    text = environment.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text[:12]) <= 10**9:
        raise SettingError(f"{name} must be a whole number from 1 on, such as {default}, but is {text!r}.")
    return int(text)


def _networks(environment: Mapping[str, str], name: str) -> tuple[str, ...] | None:
    """The addresses and networks between commas; ``None`` when the variable is unset or empty."""
    networks = _names(environment, name) or None
    for network in networks or ():
        try:
            ip_network(network)
        except ValueError as error:
            expected = "addresses or networks, commas between, such as 10.0.0.0/8"
            raise SettingError(f"{name} must be {expected}, but {network!r} is none ({error}).") from error
    return networks


def _names(environment: Mapping[str, str], name: str) -> tuple[str, ...] | None:
    """The names between commas; ``None`` when the variable is unset."""
    text = environment.get(name)
    return None if text is None else tuple(part.strip() for part in text.split(",") if part.strip())


def _switch(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name) or "0"
    if text not in ("0", "1"):
        raise SettingError(f"{name} must be 1 or 0, but is {text!r}.")
    return text == "1"
