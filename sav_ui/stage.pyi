"""A part of a page: HTML from a template and Plotly figures go to the browser, what is done to them comes back as events.

One component for everything keeps the pages quick and theirs to design: ``assets/theme/stage.js`` merges new HTML into the
old, uploads what is dropped, and turns a click on a heatmap cell into an event, which ``gr.Plot`` does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
import plotly.graph_objects as go
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

__all__ = ["Stage", "fill", "scene"]

_MOUNT = """
const start = () => window.SAV
  ? window.SAV.mount(element, props, trigger, upload, watch)
  : setTimeout(start, 20);
start();
// The events a stage sends: 'act', 'run', 'slide'.
"""

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

class Stage(gr.HTML):
    """A place for a scene; its events ``act``, ``run`` and ``slide`` carry what the visitor did."""

    def __init__(self, value: Mapping[str, Any] | None = None, *, elem_id: str = "", render: bool = True) -> None:
        super().__init__(
            value=None if value is None else dict(value),
            html_template='<div class="stage"></div>',
            js_on_load=_MOUNT,
            apply_default_css=False,
            elem_id=elem_id,
            elem_classes=["sav-stage"],
            render=render,
        )

    def get_block_name(self) -> str:
        """Return the name of the browser's half."""
        return "html"
    from collections.abc import Callable, Sequence
    from typing import TYPE_CHECKING, Any, Literal

    from gradio.blocks import Block

    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component

def fill(template: str, **values: Any) -> str:
    """Fill a template; every value is escaped."""
    return _TEMPLATES.get_template(template).render(**values)

def scene(
    html: str,
    version: int,
    figures: Mapping[str, go.Figure] | None = None,
    *,
    next_run: bool = False,
    go_to: str = "",
    focus: str = "",
) -> dict[str, Any]:
    """Return what a stage shows.

    Args:
        html: from ``fill``.
        version: a scene with a lower one than what is shown is ignored.
        figures: for the places marked ``data-figure``.
        next_run: whether the browser is to ask for a ``run`` as soon as it shows this.
        go_to: the page to open.
        focus: a selector of what is to get the keyboard.
    """
    return {
        "html": html,
        "version": version,
        "figures": {name: figure.to_json() for name, figure in (figures or {}).items()},
        "next": next_run,
        "go": go_to,
        "focus": focus,
    }
