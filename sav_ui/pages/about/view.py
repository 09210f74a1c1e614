"""What the About page shows beside its drawings: the card of the embedded model."""

from __future__ import annotations

from functools import cache

from markdown_it import MarkdownIt
from markupsafe import Markup

from sav_core.settings import settings

__all__ = ["model_card"]


def model_card() -> Markup | None:
    """The model card as HTML, without its front matter; ``None`` while there is none."""
    path = settings().assets / "model" / "README.md"
    try:
        return _rendered(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


@cache
def _rendered(text: str) -> Markup:
    """Markdown with tables as HTML; HTML inside it is shown, not obeyed."""
    if text.startswith("---\n"):
        text = text.partition("\n---\n")[2]
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    # Its headings stand below the page's own.
    return Markup(markdown.render(text).replace("<h2>", "<h4>").replace("</h2>", "</h4>").replace("h1>", "h3>"))  # noqa: S704
