"""The top of every page: the name, the model menu, and what there is to say about models and projects."""

from __future__ import annotations

import time
from typing import Any

from sav_ui.panels.panel import fill, scene
from sav_ui.serving.menu import any_allowed, choice_of, offered
from sav_ui.serving.switching import bytes_here
from sav_ui.session.session import Visit

__all__ = ["show", "word"]


def show(visit: Visit) -> dict[str, Any]:
    """The name of the app and the model menu."""
    html = fill(
        "header/masthead.html",
        menu=offered(),
        any_allowed=any_allowed(),
        current=choice_of(visit.project.model),
        loading=_loading(visit),
    )
    return scene(html, visit.version())


def word(visit: Visit) -> dict[str, Any]:
    """One line under the masthead: what happened to a model or a project; nothing otherwise."""
    notice = visit.notice_at("model") or visit.notice_at("project")
    return scene(fill("header/word.html", notice=notice, loading=_loading(visit)), visit.version())


def _loading(visit: Visit) -> dict[str, str] | None:
    """What is on its way, how much of it is here and since when."""
    loading = visit.loading
    if loading is None:
        return None
    choice = choice_of(loading.model)
    words = [f"{bytes_here(loading.model) / 1e9:.1f} GB here"] if loading.model else []
    words.append(f"{time.monotonic() - loading.started:.0f} s")
    return {"title": choice.title, "size": choice.size, "progress": ", ".join(words), "hub": loading.model}
