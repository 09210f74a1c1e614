"""Which models are on this disk and can be loaded without a download: the embedded one, and what the hub's cache holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import CacheNotFound, scan_cache_dir

from sav_core.errors import BackboneError
from sav_core.models.checkpoints import find_checkpoint
from sav_core.models.decoders import find_decoder
from sav_core.models.silence import silence
from sav_core.models.weights import read_config, skeleton
from sav_core.settings import settings
from sav_core.types import Geometry

__all__ = ["LocalModel", "local_models"]


@dataclass(frozen=True)
class LocalModel:
    """A model on this disk.

    Attributes:
        name: what ``load_backbone`` takes.
        architecture: transformers' name for its kind.
        geometry: of its language model; ``None`` where it cannot serve.
        size_bytes: of its weights.
        note: why it cannot serve, or what it is.
    """

    name: str
    architecture: str
    geometry: Geometry | None
    size_bytes: int
    note: str

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        geometry = self.geometry and dict(zip(("layers", "heads", "dim"), self.geometry.shape, strict=True))
        return {
            "model": self.name,
            "architecture": self.architecture,
            "geometry": geometry or None,
            "size_bytes": self.size_bytes,
            "note": self.note,
        }


def local_models() -> list[LocalModel]:
    """Return the default model first, then the multimodal models of the hub's cache by name; no weights are read."""
    return [_measure(settings().model, "the default model"), *(_measure(name, "") for name in sorted(_cached_hub_ids()))]


def _cached_hub_ids() -> Iterator[str]:
    try:
        cache = scan_cache_dir()
    except CacheNotFound:
        return
    for repo in cache.repos:
        if repo.repo_type == "model" and any(_is_multimodal(revision.snapshot_path) for revision in repo.revisions):
            yield repo.repo_id


def _is_multimodal(folder: Path) -> bool:
    return any((folder / file).is_file() for file in ("preprocessor_config.json", "processor_config.json"))


def _measure(name: str, note: str) -> LocalModel:
    """Measure a model on modules without weights."""
    try:
        with silence():
            checkpoint = find_checkpoint(name, download=False)
            geometry = find_decoder(skeleton(read_config(checkpoint), name), checkpoint.name).geometry
    except BackboneError as error:
        return LocalModel(name, "", None, 0, str(error))
    size = sum(path.stat().st_size for path in checkpoint.weight_files)
    return LocalModel(name, str(checkpoint.config["model_type"]), geometry, size, note)
