"""The addresses that the app answers itself: whether it lives and can serve, what draws its figures, and its picture."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import plotly
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sav_ui.panels.theme import PLOTLY
from sav_ui.serving.link_preview import PICTURE, picture_file
from sav_ui.serving.refusals import route_of

__all__ = ["OwnRoutes"]

_PLOTLY_FILE = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"

Look = Callable[[], Mapping[str, Any]]


class OwnRoutes:
    """A layer with the app's own addresses; what it says of the server holds no path and no name.

    Args:
        app: what is inside.
        version: of the app.
        state: looks at what serving needs; ``ready`` in it says whether all of it is there.
    """

    def __init__(self, app: ASGIApp, version: str, state: Look) -> None:
        self._app, self._version, self._state = app, version, state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answer = (
            await self._answer(route_of(scope)) if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") else None
        )
        await (answer or self._app)(scope, receive, send)

    async def _answer(self, route: str) -> Response | None:
        if route == "health":
            return _said({"alive": True, "version": self._version}, 200)
        if route == "ready":
            state = await asyncio.to_thread(self._state)
            return _said(state, 200 if state["ready"] else 503)
        if route == PLOTLY:
            return FileResponse(_PLOTLY_FILE, headers={"cache-control": "public, max-age=86400"})
        if route == PICTURE and (picture := picture_file()) is not None:
            return FileResponse(picture, headers={"cache-control": "public, max-age=86400"})
        return None


def _said(state: Mapping[str, Any], status: int) -> Response:
    return Response(json.dumps(state), status, {"cache-control": "no-store"}, "application/json")
