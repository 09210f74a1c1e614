"""plotly.js for pages of ours: the build for charts on two axes, a third of the whole, which has every kind drawn here."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

import plotly.graph_objects as go

__all__ = ["as_page", "packed_script", "plotly_script"]

_FILE = Path(__file__).parent / "plotly_js" / "plotly-cartesian.min.js"


@cache
def plotly_script() -> str:
    """The script."""
    return _FILE.read_text(encoding="utf-8")


@cache
def packed_script() -> bytes:
    """The script in gzip's format: a browser unpacks it to three times the size in a moment."""
    return gzip.compress(plotly_script().encode(), 9, mtime=0)


def as_page(figure: go.Figure) -> str:
    """Return a figure as an HTML page that opens anywhere: it is alive, and nothing is fetched."""
    html: str = figure.to_html(include_plotlyjs=False, full_html=True)
    return html.replace("<head>", f"<head><script>{plotly_script()}</script>", 1)
