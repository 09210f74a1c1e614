"""Whether the app can serve just now: its model is loaded, and there is room in memory and on the disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
from gradio.utils import get_upload_folder

from sav_ui.serving.pool import ModelPool

__all__ = ["readiness"]

_LEAST_MEMORY, _LEAST_DISK = 256 << 20, 256 << 20  # bytes


def readiness(models: ModelPool, waiting: Callable[[], int]) -> dict[str, Any]:
    """Return what ``/ready`` says.

    Args:
        models: of the app.
        waiting: how many events wait in the queue.
    """
    memory, disk = psutil.virtual_memory().available, _free_disk()
    loaded = models.ready("") is not None
    missing = {"model": loaded, "memory": memory >= _LEAST_MEMORY, "disk": disk >= _LEAST_DISK}
    return {
        "ready": all(missing.values()),
        "lacking": [name for name, there in missing.items() if not there],
        "model": "loaded" if loaded else "failed" if models.failed else "loading",
        "waiting": waiting(),
        "memory": {"used_bytes": psutil.Process().memory_info().rss, "free_bytes": memory},
        "disk": {"free_bytes": disk},
    }


def _free_disk() -> int:
    """Of the disk that uploads go to; their folder is made with the first."""
    folder = Path(get_upload_folder())
    return shutil.disk_usage(next(place for place in (folder, *folder.parents) if place.exists())).free
