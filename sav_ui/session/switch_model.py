"""Changing the model: it loads while the visitor goes on with the old one, and what goes wrong costs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sav_core.errors import SavError
from sav_core.types import Cancel, Detail
from sav_ui.panels.jobs import Job
from sav_ui.serving.menu import NO_ID, looks_like_an_id
from sav_ui.serving.pool import ModelPool
from sav_ui.session.find_heads import learn_details
from sav_ui.session.focus import Loading
from sav_ui.session.session import Session

if TYPE_CHECKING:
    from sav_core.models.backbones import Backbone

__all__ = ["bytes_here", "known_detail", "stop_loading", "switch_model"]


def switch_model(session: Session, models: ModelPool, model: str) -> Iterator[None]:
    """Load a model and change to it; yields now and then while it loads.

    Another choice meanwhile takes the place of this one, and so does none: it is not fetched any further then. When the
    model cannot be loaded, the old one and all work stay.
    """
    model = model.strip()
    if model and not looks_like_an_id(model):
        session.say(NO_ID, where="model")
        yield
        return
    with session.changing():
        mine = session.loading = Loading(model)
        session.notice = None
    try:
        job = Job(lambda: _loaded(session, models, model, lambda: session.loading is not mine), every=0.5)
        yield from job.ticks()
        backbone = job.result()
        with session.changing():
            if session.loading is mine:
                wanted = session.project.detail
                session.change_model(model, known_detail(backbone, wanted))
                if session.project.detail != wanted:
                    session.say(f"{backbone.details[wanted]} So pictures are shown in full again.", "done", where="model")
    except SavError as error:
        if session.loading is mine:
            session.say(str(error), where="model")
    finally:
        with session.changing():
            if session.loading is mine:
                session.loading = None


def known_detail(backbone: Backbone, wanted: Detail) -> Detail:
    """Return the detail of pictures that is wanted, if the model has it, else the full one, which each has."""
    return "full" if backbone.details[wanted] else wanted


def _loaded(session: Session, models: ModelPool, model: str, cancel: Cancel) -> Backbone:
    backbone = models.get(model, cancel)
    learn_details(session, model, backbone)
    return backbone


def stop_loading(session: Session) -> None:
    """Stop what is on its way; the visitor stays with the model that they have."""
    with session.changing():
        session.loading = None


def bytes_here(model: str) -> int:
    """How much of a hub model is on this disk, half-fetched files too."""
    from huggingface_hub.constants import HF_HUB_CACHE
    from huggingface_hub.file_download import repo_folder_name

    blobs = Path(HF_HUB_CACHE) / repo_folder_name(repo_id=model, repo_type="model") / "blobs"
    return sum(path.stat().st_size for path in blobs.glob("*")) if model else 0
