"""A training that was stopped goes on where it was: its state in a file of the cache, named by all that it depends on.

The folder keeps what was used last, up to a share of what the cache may hold.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sav_core.data.examples import Example
from sav_core.errors import StorageError
from sav_core.files import write_atomically
from sav_core.models.backbones import Backbone
from sav_core.rivals.lora_state import LoraSettings, LoraState
from sav_core.settings import settings
from sav_core.tensor_file import TensorFile

__all__ = ["keep_state", "kept_state", "state_path"]

_VERSION = 1  # raise it when the same settings train to other numbers
_SHARE = 4  # of what the cache may hold, a fourth may be trainings
_ARRAYS = ("weights", "moments", "best")
_FILE = TensorFile(
    "lora",
    StorageError,
    missing="There is no training at {path}.",
    broken="The training at {path} cannot be read ({error}).",
    foreign="{path} holds no training.",
    changed="The training at {path} is not as it was written.",
)


def state_path(backbone: Backbone, support: Sequence[Example], how: LoraSettings) -> Path:
    """Return the file of a training of this model with these examples and settings."""
    digest = hashlib.sha256(f"{_VERSION} {backbone.fingerprint} {sorted(asdict(how).items())}".encode())
    for example in support:
        digest.update(f"{backbone.key(example)} {example.label!r}".encode())
    return settings().cache_dir / "lora" / f"{digest.hexdigest()[:40]}.safetensors"


def kept_state(path: Path) -> LoraState | None:
    """Return how far a training had come; ``None`` where it is to begin, as it is where the file is damaged."""
    try:
        arrays, header = _FILE.read(path)
        told = json.loads(header)
        given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
        for kind in _ARRAYS:
            own = f"{kind} "
            given[kind] = {name.removeprefix(own): each for name, each in arrays.items() if name.startswith(own)}
        found = LoraState(**given)
    except (StorageError, ValueError, TypeError):
        return None
    with contextlib.suppress(OSError):  # a folder that may only be read is still good to read
        os.utime(path)
    return found


def keep_state(path: Path, state: LoraState) -> None:
    """Write down how far a training has come, and let go of those that were used longest ago.

    Raises:
        StorageError: the disk refuses.
    """
    arrays = {f"{kind} {name}": each for kind in _ARRAYS for name, each in getattr(state, kind).items()}
    plain = {name: value for name, value in vars(state).items() if name not in _ARRAYS}
    write_atomically(path, _FILE.content(arrays, json.dumps(plain)))
    files = sorted(path.parent.glob("*.safetensors"), key=lambda each: each.stat().st_mtime, reverse=True)
    held = 0
    for each in files:
        held += each.stat().st_size
        if held > settings().cache_bytes // _SHARE and each != path:
            each.unlink(missing_ok=True)
