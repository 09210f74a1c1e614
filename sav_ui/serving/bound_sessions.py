"""Gradio's name for an open page stands in addresses, and so in every proxy's log: alone it must open nothing.

The browser sends the token of its session with each of the page's requests (``scripts/session.js``). Whoever uses a page's
name first, binds it to what they sent; anybody else who uses it finds nothing. Programs send no token, and have names of
their own that are bound to none.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sav_ui.serving.refusals import refuse, route_of

__all__ = ["TOKEN_HEADER", "BoundSessions"]

TOKEN_HEADER = "x-sav-session"  # noqa: S105  # its name, no token
_MOST = 50_000  # names: many more than Gradio keeps pages of


class BoundSessions:
    """A layer that lets the name of a page be used only with the token that came with it first; inside of ``BodyLimit``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._bound: OrderedDict[str, bytes] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        names = _in_address(scope)
        if scope["method"] == "POST" and route_of(scope) != "upload":
            first = await receive()  # the whole body, of one message
            names |= _in_body(first.get("body", b""))
            receive = _replayed(first, receive)
        mark = blake2b(Headers(scope=scope).get(TOKEN_HEADER, "").encode(), digest_size=16).digest()
        if all(self._is_theirs(name, mark) for name in names):
            await self._app(scope, receive, send)
        else:
            await refuse(send, 404, "This page is not open here any more: reload it.")

    def _is_theirs(self, name: str, mark: bytes) -> bool:
        theirs = self._bound.setdefault(name, mark) == mark
        self._bound.move_to_end(name)
        while len(self._bound) > _MOST:
            self._bound.popitem(last=False)
        return theirs


def _in_address(scope: Scope) -> set[str]:
    """The names in the query. A heartbeat shows nothing, and begins before the page has any script of ours."""
    return set(parse_qs(scope.get("query_string", b"").decode("latin-1")).get("session_hash", ()))


def _in_body(body: bytes) -> set[str]:
    """The name in a JSON object; what is none is refused further inside."""
    if b"session_hash" not in body and b"\\u" not in body:
        return set()
    try:
        sent: Any = json.loads(body)
    except (ValueError, RecursionError):
        return set()
    name = sent.get("session_hash") if isinstance(sent, dict) else None
    return set() if name is None else {str(name)}


def _replayed(first: Message, receive: Receive) -> Receive:
    kept = [first]

    async def replay() -> Message:
        return kept.pop() if kept else await receive()

    return replay
