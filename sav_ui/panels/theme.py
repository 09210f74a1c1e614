"""How the pages look: what ``launch`` needs of colours, style sheet and scripts; all files are ours, none from a CDN."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import plotly

from sav_core.errors import SettingError
from sav_core.settings import settings

__all__ = ["look"]

_PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
_FIRST = ("stage", "sav", "teach", "inspector")
_FONT = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")


def look() -> dict[str, Any]:
    """Return the arguments of ``launch`` that make the look; declares what may be served.

    Raises:
        SettingError: the assets have no theme.
    """
    gr.set_static_paths([str(_PLOTLY)])
    scripts = "".join(f"<script>{path.read_text(encoding='utf-8')}</script>" for path in _ordered("js"))
    head = (
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="sav-plotly" content="gradio_api/file={_PLOTLY.as_posix()}">'
        f"{scripts}"
    )
    return {
        "theme": gr.themes.Base(
            primary_hue="cyan", neutral_hue="stone", font=list(_FONT), font_mono=["ui-monospace", "Menlo", "monospace"]
        ),
        "css_paths": _ordered("css"),
        "head": head,
    }


def _ordered(kind: str) -> list[Path]:
    """Every file of a kind, those that others build on first."""
    folder = settings().assets / "theme"
    files = set(folder.glob(f"*.{kind}"))
    if not files:
        raise SettingError(f"{folder} must hold the pages' .{kind} files, but there is none: copy assets/theme there.")
    first = [path for name in _FIRST if (path := folder / f"{name}.{kind}") in files]
    return first + sorted(files - set(first))
