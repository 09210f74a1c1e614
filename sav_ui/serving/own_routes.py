"""The addresses that the app answers itself: whether it lives and can serve, what draws its figures, and its picture."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sav_core.figures.plotly_script import packed_script, plotly_script
from sav_ui.panels.theme import PLOTLY
from sav_ui.serving.link_preview import PICTURE, picture_file
from sav_ui.serving.refusals import route_of

__all__ = ["OwnRoutes"]

_FOR_A_DAY = {"cache-control": "public, max-age=86400"}

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
        asked = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        answer = await self._answer(route_of(scope), Headers(scope=scope)) if asked else None
        await (answer or self._app)(scope, receive, send)

    async def _answer(self, route: str, headers: Headers) -> Response | None:
        if route == "health":
            return _said({"alive": True, "version": self._version}, 200)
        if route == "ready":
            state = await asyncio.to_thread(self._state)
            return _said(state, 200 if state["ready"] else 503)
        if route == PLOTLY:
            return await asyncio.to_thread(_plotly, packed="gzip" in headers.get("accept-encoding", ""))
        if route == PICTURE and (picture := picture_file()) is not None:
            return FileResponse(picture, headers=_FOR_A_DAY)
        return None


def _plotly(*, packed: bool) -> Response:
    """plotly.js, in a third of the bytes for who can unpack it."""
    headers = {**_FOR_A_DAY, "vary": "accept-encoding"}
    if not packed:
        return Response(plotly_script(), 200, headers, "text/javascript")
    return Response(packed_script(), 200, {**headers, "content-encoding": "gzip"}, "text/javascript")


def _said(state: Mapping[str, Any], status: int) -> Response:
    return Response(json.dumps(state), status, {"cache-control": "no-store"}, "application/json")
