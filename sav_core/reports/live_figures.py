"""Figures that stay alive in a page of one file: plotly.js and their values are in it, and it needs no network."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from markupsafe import Markup

from sav_core.figures.plotly_script import packed_script

__all__ = ["as_script", "packed_plotly"]


@cache
def packed_plotly() -> str:
    """plotly.js, packed: a browser unpacks it to three times the size in a moment."""
    return base64.b64encode(packed_script()).decode()


def as_script(drawn: Mapping[str, Any]) -> Markup:
    """Figures as JSON that can stand in a script: no text in it can end the script.

    Args:
        drawn: each by its name, from ``figure.to_plotly_json()``.
    """
    from plotly.utils import PlotlyJSONEncoder

    return Markup(json.dumps(drawn, cls=PlotlyJSONEncoder).replace("<", "\\u003c"))  # noqa: S704
