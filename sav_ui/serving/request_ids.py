"""Every request gets an id, which its answer carries and the log repeats; what is refused is logged here."""

from __future__ import annotations

import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sav_ui.serving.event_log import REQUEST, logged
from sav_ui.serving.refusals import route_of

__all__ = ["HEADER", "RequestIds"]

HEADER = "x-request-id"
_NAMED = ("queue/join", "queue/data", "upload", "cancel", "heartbeat", "config", "info", "call", "mcp", "ready", "")
"""Routes that the log names; any other is what a stranger made up."""


class RequestIds:
    """A layer that gives them; those that come with a request are not taken."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = secrets.token_hex(8)
        headers = [(key, value) for key, value in scope["headers"] if key != HEADER.encode()]
        REQUEST.set(name)

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = MutableHeaders(raw=list(message.get("headers", [])))
                given[HEADER] = name
                message = {**message, "headers": given.raw}
                if message["status"] >= 400:
                    route = route_of(scope)
                    known = next((each for each in _NAMED if route == each or route.startswith(f"{each}/")), "other")
                    with logged(f"{known or 'page'} {message['status']}") as entry:
                        entry.outcome = "refused" if message["status"] < 500 else "broken"
            await send(message)

        await self._app({**scope, "headers": [*headers, (HEADER.encode(), name.encode())]}, receive, watch)
