"""The top of every page: the name, the model menu, and what there is to say about models and projects."""

from __future__ import annotations

import time

from sav_ui.panels.panel import Content, content, fill
from sav_ui.serving.menu import any_allowed, choice_of, offered
from sav_ui.session.session import Session
from sav_ui.session.switch_model import bytes_here

__all__ = ["show", "word"]


def show(session: Session) -> Content:
    """The name of the app and the model menu."""
    html = fill(
        "header/masthead.html",
        menu=offered(),
        any_allowed=any_allowed(),
        current=choice_of(session.project.model),
        loading=_loading(session),
    )
    return content(html)


def word(session: Session) -> Content:
    """One line under the masthead: what happened to a model or a project; nothing otherwise."""
    notice = session.notice_at("model") or session.notice_at("project")
    return content(fill("header/word.html", notice=notice, loading=_loading(session)))


def _loading(session: Session) -> dict[str, str] | None:
    """What is on its way, how much of it is here and since when."""
    loading = session.loading
    if loading is None:
        return None
    choice = choice_of(loading.model)
    words = [f"{bytes_here(loading.model) / 1e9:.1f} GB here"] if loading.model else []
    words.append(f"{time.monotonic() - loading.started:.0f} s")
    return {"title": choice.title, "size": choice.size, "progress": ", ".join(words), "hub": loading.model}
