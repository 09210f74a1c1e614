"""A part of a page: HTML from a template and Plotly figures go to the browser, what is done to them comes back as events.

One component for everything keeps the pages quick and theirs to design: the scripts in ``assets/theme/scripts`` merge new
HTML into the old, upload what is dropped, and turn a click on a heatmap cell into an event, which ``gr.Plot`` does not.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from sav_core.figures.style import elided, elided_apart
from sav_ui.panels.glossary import TERMS
from sav_ui.panels.wording import counted

__all__ = ["MOVING", "Content", "Piece", "content", "fill", "panel", "parts_place"]

Content = dict[str, Any]
"""What a panel shows, from ``content``; as JSON it goes to the browser."""

_EVENTS = ("act", "fetch", "run", "slide")  # not "load": Gradio itself triggers that on every new page

_TOKEN = secrets.token_hex(8)  # which nobody's words hold
_MARK, _END = f"\x02{_TOKEN}:", f":{_TOKEN}\x03"
MOVING = re.compile(f"{_MARK}([^<>]*?){_END}")
"""In HTML, what ``{{ value | moving }}`` wrote: it changes at every step or click while all around it stays."""

# Hebrew, Arabic and their like: “…” around a name of theirs, and the number after it, would change places.
_RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
_QUOTED = re.compile(f"“([^“”<>]*[{_RIGHT_TO_LEFT}][^“”<>]*)”")

_MOUNT = """
const start = () => window.SAV
  ? window.SAV.mount(element, props, trigger, upload, watch)
  : setTimeout(start, 20);
start();
"""

_TAKE = """
const start = () => window.SAV ? window.SAV.takeParts(props, trigger, watch) : setTimeout(start, 20);
start(); // It triggers 'ask'.
"""

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,  # or each of its files is looked at on the disk whenever it is filled
)
_TEMPLATES.globals["TERMS"] = TERMS
_TEMPLATES.filters.update(counted=counted, elided=elided, elided_apart=elided_apart)
_TEMPLATES.filters.update(moving=Markup(f"{_MARK}{{}}{_END}").format)  # noqa: S704  # no word of anybody's


@dataclass(frozen=True)
class Piece:
    """HTML that ``sav_ui.panels.parts.piece`` has cut, for a template; whoever shows it gives it to ``content`` too.

    Attributes:
        html: what stands in the template, one reference.
        parts: what that refers to.
    """

    html: str
    parts: dict[str, str]

    def __html__(self) -> str:
        return self.html


def panel(value: Mapping[str, Any], elem_id: str, events: Sequence[str] = ()) -> gr.HTML:
    """Return a place for content; its events ``act``, ``fetch``, ``run`` and ``slide`` carry what the visitor did.

    A plain ``gr.HTML``, because for every class derived from a component Gradio writes a file beside its source.

    Args:
        value: from ``content``, with its ``version``: what is older than what is shown is ignored by the browser.
        elem_id: the element's id.
        events: more that a script may trigger on it.
    """
    names = ", ".join(f"'{event}'" for event in (*_EVENTS, *events))
    return gr.HTML(
        value=dict(value),
        html_template='<div class="stage"></div>',
        js_on_load=f"{_MOUNT}// It triggers {names}: Gradio knows a custom event by its name in here.",
        apply_default_css=False,
        elem_id=elem_id,
        elem_classes=["sav-stage"],
    )


def parts_place() -> gr.HTML:
    """Return where the parts arrive that panels show, for all panels; its event ``ask`` asks for all that is shown."""
    nothing = {"texts": {}, "anew": False}
    return gr.HTML(value=nothing, html_template="", js_on_load=_TAKE, apply_default_css=False, visible="hidden")


def fill(template: str, **values: Any) -> str:
    """Fill a template; every value is escaped."""
    return _TEMPLATES.get_template(template).render(**values)


def content(
    html: str,
    figures: Mapping[str, str] | None = None,
    *,
    next_run: bool = False,
    saved: Mapping[str, str] | None = None,
    go_to: str = "",
    focus: str = "",
    pieces: Iterable[Piece] = (),
) -> Content:
    """Return what a panel shows; the page's host adds its version when it is sent.

    Args:
        html: from ``fill``.
        figures: for the places marked ``data-figure``, as JSON.
        next_run: whether the browser is to ask for a ``run`` as soon as it shows this.
        saved: a file for the browser to download, from ``sav_ui.panels.downloads.link``.
        go_to: the page to open.
        focus: a selector of what is to get the keyboard.
        pieces: what of the HTML is cut already, see ``sav_ui.panels.parts.piece``.
    """
    return {
        "html": _isolated(_whole(html)),
        "figures": {name: _whole(figure) for name, figure in (figures or {}).items()},
        "next": next_run,
        "saved": None if saved is None else dict(saved),
        "go": go_to,
        "focus": focus,
        "pieces": list(pieces),
    }


def _whole(text: str) -> str:
    """The text without halves of characters, as a stranger's names may have: with one no page could be sent any more."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _isolated(html: str) -> str:
    """The same with marks around quoted names that run from right to left, so that all else stays where it stands."""
    return _QUOTED.sub("“\u2068\\1\u2069”", html)
