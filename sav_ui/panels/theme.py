"""How the pages look: what ``launch`` needs of colours, style sheet and scripts; all files are ours, none from a CDN."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from sav_core.errors import SettingError
from sav_core.settings import settings

__all__ = ["PLOTLY", "look"]

PLOTLY = "own/plotly.min.js"
"""Where the app serves Plotly: at no address that says where the file lies."""

_SHEETS = ("tokens.css", "base.css", "gradio.css", "components/*.css", "pages/*.css")
"""The style sheets in the order of the cascade: a page may overrule a component, nothing the other way."""

_SCRIPTS_FIRST = ("session", "theme", "merge", "figures", "turns", "stage", "events")
_FONT = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")


def look() -> dict[str, Any]:
    """Return the arguments of ``launch`` that make the look.

    Raises:
        SettingError: the assets have no theme.
    """
    head = (
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="sav-plotly" content="{PLOTLY}">'
        f"{_styles()}<script>{_script()}</script>"
    )
    return {
        "theme": gr.themes.Base(
            primary_hue="cyan", neutral_hue="stone", font=list(_FONT), font_mono=["ui-monospace", "Menlo", "monospace"]
        ),
        "head": head,
    }


def _styles() -> str:
    """Every style sheet, for the head: Gradio writes anew what is given as ``css``, and breaks ``:is(.a, .b)`` in two."""
    folder = settings().assets / "theme"
    files = _some([path for pattern in _SHEETS for path in sorted(folder.glob(pattern))], folder, "css")
    return "".join(f'<style data-sheet="{path.stem}">{path.read_text(encoding="utf-8")}</style>' for path in files)


def _script() -> str:
    """Every script as one, in which ``SAV`` is what they give each other; it runs once, however often Gradio adds it."""
    files = _ordered(settings().assets / "theme" / "scripts", "js", _SCRIPTS_FIRST)
    return "\n".join(["if (!window.SAV) {", "window.SAV = {};", *(path.read_text(encoding="utf-8") for path in files), "}"])


def _ordered(folder: Path, kind: str, first: Sequence[str]) -> list[Path]:
    """Every file of a kind, those that others build on first."""
    files = set(folder.glob(f"*.{kind}"))
    ordered = [path for name in first if (path := folder / f"{name}.{kind}") in files]
    return _some(ordered + sorted(files - set(ordered)), folder, kind)


def _some(files: list[Path], folder: Path, kind: str) -> list[Path]:
    if not files:
        raise SettingError(f"{folder} must hold the pages' .{kind} files, but there is none: copy assets/theme there.")
    return files
