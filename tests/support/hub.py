"""A hub in a folder: what ``huggingface_hub.snapshot_download`` would do with a network, for tests without one.

hub = Hub(monkeypatch, tmp_path / "cache")
hub.put("org/tiny", folder)          # what the repository holds
hub.sizes["model.safetensors"] = 10 << 40    # what it says of a file, true or not
hub.fetched                          # names of the files that were downloaded, in that order
"""

from __future__ import annotations

import shutil
from fnmatch import fnmatch
from pathlib import Path

import huggingface_hub
from huggingface_hub.errors import LocalEntryNotFoundError
from huggingface_hub.file_download import DryRunFileInfo

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Stands in for the hub's client while a test runs."""

    def __init__(self, monkeypatch, cache):
        self._folders: dict[str, Path] = {}
        self._cache = cache
        self.sizes: dict[str, int] = {}
        self.fetched: list[str] = []
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
        monkeypatch.setattr(huggingface_hub, "snapshot_download", self._snapshot_download)

    def put(self, hub_id, folder):
        self._folders[hub_id] = folder

    def place(self, hub_id):
        """The folder of this disk's own copy."""
        return self._cache / f"models--{hub_id.replace('/', '--')}" / "snapshots" / COMMIT

    def _snapshot_download(
        self,
        hub_id,
        *,
        allow_patterns,
        ignore_patterns=(),
        local_files_only=False,
        dry_run=False,
        **_,
    ):
        place = self.place(hub_id)
        if local_files_only:
            if not place.is_dir():
                raise LocalEntryNotFoundError("not here")
            return str(place)
        files = [
            path
            for path in sorted(self._folders[hub_id].iterdir())
            if any(fnmatch(path.name, pattern) for pattern in allow_patterns)
            and not any(fnmatch(path.name, pattern) for pattern in ignore_patterns)
        ]
        if dry_run:
            return [self._told(path, place / path.name) for path in files]
        place.mkdir(parents=True, exist_ok=True)
        for path in files:
            if not (place / path.name).exists():
                shutil.copy(path, place)
                self.fetched.append(path.name)
        return str(place)

    def _told(self, path, here):
        return DryRunFileInfo(
            commit_hash=COMMIT,
            file_size=self.sizes.get(path.name, path.stat().st_size),
            filename=path.name,
            local_path=str(here),
            is_cached=here.exists(),
            will_download=not here.exists(),
        )
