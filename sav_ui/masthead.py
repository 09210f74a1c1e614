"""The top of every page: the name, the model menu, and what there is to say about models and projects."""

from __future__ import annotations

from typing import Any

from sav_ui.models import any_allowed, choice_of, offered
from sav_ui.stage import fill, scene
from sav_ui.visit import Visit

__all__ = ["show", "word"]


def show(visit: Visit) -> dict[str, Any]:
    """The name of the app and the model menu."""
    html = fill(
        "masthead.html",
        menu=offered(),
        any_allowed=any_allowed(),
        current=choice_of(visit.project.model),
        loading=_loading(visit),
    )
    return scene(html, visit.version())


def word(visit: Visit) -> dict[str, Any]:
    """One line under the masthead: what happened to a model or a project; nothing otherwise."""
    notice = visit.notice_at("model") or visit.notice_at("project")
    return scene(fill("word.html", notice=notice, loading=_loading(visit)), visit.version())


def _loading(visit: Visit) -> Any:
    model = visit.extras.get("loading")
    return None if model is None else choice_of(model)
