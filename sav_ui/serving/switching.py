"""Changing the model: it loads while the visitor goes on with the old one, and what goes wrong costs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sav_core.errors import SavError
from sav_ui.panels.host import Data
from sav_ui.panels.jobs import Job
from sav_ui.serving.menu import NO_ID, looks_like_an_id
from sav_ui.serving.pool import Shelf
from sav_ui.session.session import Loading, Visit

__all__ = ["bytes_here", "load"]


def load(visit: Visit, shelf: Shelf, data: Data) -> Iterator[None]:
    """Load the model ``data["model"]`` and change to it; yields now and then while it loads.

    Another choice meanwhile takes the place of this one. When the model cannot be loaded, the old one and all work stay.
    """
    model = str(data.get("model", "")).strip()
    if model and not looks_like_an_id(model):
        visit.say(NO_ID, where="model")
        yield
        return
    mine = visit.loading = Loading(model)
    visit.notice = None
    try:
        job = Job(lambda: shelf.get(model), every=0.5)
        yield from job.ticks()
        job.result()
        with visit.lock:
            if visit.loading is mine:
                visit.project = replace(visit.project, model=model)
                visit.due, visit.held = visit.due or visit.fit is not None, False
    except SavError as error:
        if visit.loading is mine:
            visit.say(str(error), where="model")
    finally:
        if visit.loading is mine:
            visit.loading = None


def bytes_here(model: str) -> int:
    """How much of a hub model is on this disk, half-fetched files too."""
    from huggingface_hub.constants import HF_HUB_CACHE
    from huggingface_hub.file_download import repo_folder_name

    blobs = Path(HF_HUB_CACHE) / repo_folder_name(repo_id=model, repo_type="model") / "blobs"
    return sum(path.stat().st_size for path in blobs.glob("*")) if model else 0
