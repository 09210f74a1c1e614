"""A hub id becomes a folder: what is on this disk, else downloaded once its ``config.json`` and file list were judged."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import huggingface_hub
from huggingface_hub import constants
from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.utils.tqdm import tqdm

from sav_core.errors import CancelledError, ModelNotFoundError, StorageError
from sav_core.models.silence import silence
from sav_core.types import Cancel

__all__ = ["Judge", "Offer", "cached_folder", "download"]

_WANTED = ["*.json", "*.jinja", "*.model", "*.txt", "*.safetensors"]
_UNWANTED = ["*/*.safetensors", "consolidated*", "onnx/*", "original/*"]  # second copies of the weights
_UNREAD = ["*.bin", "*.pt", "*.pth", "*.gguf", "*.onnx"]  # listed to say so, never fetched
_STOPPED = "Stopped fetching {}; what has come is kept."
_SPARE = 1 << 30  # bytes a disk must have left: a full one breaks more than this


@dataclass(frozen=True)
class Offer:
    """A model on the hub of which nothing is on this disk but its ``config.json``.

    Attributes:
        name: the hub id.
        folder: where ``config.json`` lies, if the repository has one.
        sizes: bytes of every file that would be fetched, and of weights that are pickles.
        missing: the bytes of it that a download brings.
    """

    name: str
    folder: Path
    sizes: Mapping[str, int]
    missing: int


Judge: TypeAlias = Callable[[Offer], None]
"""Raises an error for what would be refused when it is here."""


def cached_folder(hub_id: str, revision: str | None) -> Path | None:
    """What is on this disk of a hub id, perhaps not all of it; ``None`` where nothing is."""
    try:
        with silence():
            return Path(huggingface_hub.snapshot_download(hub_id, local_files_only=True, **_wanted(revision)))
    except HFValidationError as error:
        raise ModelNotFoundError(f"{hub_id!r} is neither a folder nor a hub id such as org/name.") from error
    except FileNotFoundError:
        return None


def download(hub_id: str, revision: str | None, judge: Judge, *, hub_only: bool, cancel: Cancel | None = None) -> Path:
    """The folder of a hub id after a download, which only begins when the judge and the disk have nothing against it.

    Raises:
        CancelledError: ``cancel`` said so between two pieces; what has come is kept, and the next download goes on there.
        ModelNotFoundError: there is no such id or revision, it asks for consent, or there is no network.
        StorageError: the disk is too small for it.
    """
    with silence(), _told(hub_id, revision, hub_only=hub_only):
        offer = _offer(hub_id, revision)
        judge(offer)
        _check_disk(offer)
        if cancel is not None and cancel():
            raise CancelledError(_STOPPED.format(hub_id))
        bar = _watched(hub_id, cancel or (lambda: False))
        return Path(huggingface_hub.snapshot_download(hub_id, etag_timeout=5, tqdm_class=bar, **_wanted(revision)))


def _watched(hub_id: str, cancel: Cancel) -> type[tqdm]:
    """A progress bar that shows nothing, and is where the hub's client can be stopped: it tells a bar of every piece."""

    class Watched(tqdm):
        def update(self, n: float | None = 1) -> Any:
            if cancel():
                raise CancelledError(_STOPPED.format(hub_id))
            return super().update(n)

    return Watched


def _wanted(revision: str | None) -> dict[str, Any]:
    return {"revision": revision, "allow_patterns": _WANTED, "ignore_patterns": _UNWANTED}


def _offer(hub_id: str, revision: str | None) -> Offer:
    """Fetch ``config.json`` and ask for the sizes of the rest."""
    fetch = huggingface_hub.snapshot_download
    folder = Path(fetch(hub_id, revision=revision, etag_timeout=5, allow_patterns=["config.json"]))
    listed = {**_wanted(revision), "allow_patterns": _WANTED + _UNREAD}
    files = fetch(hub_id, etag_timeout=5, dry_run=True, **listed)
    sizes = {file.filename: file.file_size or 0 for file in files}
    unread = {name for name in sizes if any(Path(name).match(pattern) for pattern in _UNREAD)}
    missing = sum(file.file_size or 0 for file in files if file.will_download and file.filename not in unread)
    return Offer(hub_id, folder, sizes, missing)


def _check_disk(offer: Offer) -> None:
    place = Path(constants.HF_HUB_CACHE).expanduser()
    free = shutil.disk_usage(next(folder for folder in (place, *place.parents) if folder.is_dir())).free
    if offer.missing + _SPARE > free:
        raise StorageError(
            f"{offer.name!r} needs {offer.missing / 1e9:.1f} GB of disk, and {free / 1e9:.1f} GB are free where models are "
            "kept: free some space, or let HF_HOME name a folder on a larger disk."
        )


@contextmanager
def _told(hub_id: str, revision: str | None, *, hub_only: bool) -> Iterator[None]:
    """While open, what the hub's client raises becomes a sentence."""
    try:
        yield
    except RevisionNotFoundError as error:
        raise ModelNotFoundError(f"The hub model {hub_id!r} has no revision {revision!r}: check it.") from error
    except GatedRepoError as error:
        raise ModelNotFoundError(
            f"The hub model {hub_id!r} asks its users to agree to terms: do so on its page, then set HF_TOKEN."
        ) from error
    except RepositoryNotFoundError as error:
        raise ModelNotFoundError(
            f"There is no {'' if hub_only else 'folder and no '}hub model {hub_id!r}: check the name, and HF_TOKEN if it "
            "is private."
        ) from error
    except (OSError, huggingface_hub.errors.HfHubHTTPError) as error:
        if getattr(error, "errno", None) == errno.ENOSPC:
            raise StorageError(f"The disk is full before all of {hub_id!r} is fetched: free some space.") from error
        raise ModelNotFoundError(
            f"{hub_id!r} is not wholly on this disk and the hub cannot be reached to fetch it: connect to the network, or "
            f"{'choose a model that is here' if hub_only else 'give a model folder'}."
        ) from error
