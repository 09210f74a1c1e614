"""Gradio's name for an open page stands in addresses, and so in every proxy's log: alone it must open nothing.

The browser sends the token of its session with each of the page's requests (``scripts/session.js``). Whoever uses a page's
name first, binds it to what they sent; anybody else who uses it finds nothing. Programs send no token, and have names of
their own that are bound to none. A page's heartbeat begins before it has any script of ours: it is bound to its address.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sav_ui.serving.rate_limit import address_of
from sav_ui.serving.refusals import refuse, route_of
from sav_ui.serving.unheard import MOST_UNHEARD

__all__ = ["TOKEN_HEADER", "BoundSessions"]

TOKEN_HEADER = "x-sav-session"  # noqa: S105  # its name, no token
_MOST = 50_000  # names: many more than Gradio keeps pages of
_LONGEST = 64  # characters of one: a page's has eleven, a program's 36, and Gradio keeps each that it has seen


class BoundSessions:
    """A layer that lets the name of a page be used only with the token that came with it first; inside of ``BodyLimit``.

    Args:
        app: what is inside.
        unheard: how many messages wait for the page of a name.
    """

    def __init__(self, app: ASGIApp, unheard: Callable[[str], int] = lambda name: 0) -> None:
        self._app, self._unheard = app, unheard
        self._bound: OrderedDict[str, bytes] = OrderedDict()
        self._beating: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        route = route_of(scope)
        if route.startswith("heartbeat/"):
            await self._beat(route, scope, receive, send)
            return
        names = _in_address(scope)
        if scope["method"] == "POST" and route != "upload":
            first = await receive()  # the whole body, of one message
            names |= _in_body(first.get("body", b""))
            receive = _replayed(first, receive)
        if any(len(name) > _LONGEST for name in names):
            await refuse(send, 400, f"The name of a page has up to {_LONGEST} characters, and this one more: reload it.")
            return
        mark = _mark(Headers(scope=scope).get(TOKEN_HEADER, ""))
        if any(route == "queue/join" and self._unheard(name) >= MOST_UNHEARD for name in names):
            await refuse(send, 429, "This page has not heard what it asked for before: reload it.", retry_after="5")
        elif all(self._is_theirs(name, mark) for name in names):
            await self._app(scope, receive, send)
        else:
            await refuse(send, 404, "This page is not open here any more: reload it.")

    async def _beat(self, route: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a page's heartbeat be heard, one and from one address: where it ends, Gradio ends the page's jobs."""
        name = route.removeprefix("heartbeat/")[: _LONGEST + 1]
        address = _mark(address_of(scope))
        if name in self._beating or not self._is_theirs(f"heartbeat {name}", address):
            await refuse(send, 409, "This page has a heartbeat already.")
            return
        self._beating.add(name)
        try:
            await self._app(scope, receive, send)
        finally:
            self._beating.discard(name)

    def _is_theirs(self, name: str, mark: bytes) -> bool:
        theirs = self._bound.setdefault(name, mark) == mark
        self._bound.move_to_end(name)
        while len(self._bound) > _MOST:
            self._bound.popitem(last=False)
        return theirs


def _mark(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()


def _in_address(scope: Scope) -> set[str]:
    """The names in the query."""
    return set(parse_qs(scope.get("query_string", b"").decode("latin-1")).get("session_hash", ()))


def _in_body(body: bytes) -> set[str]:
    """The name in a JSON object, in whichever Unicode encoding; what is none is refused further inside."""
    plain = json.detect_encoding(body).startswith("utf-8")
    if plain and b"session_hash" not in body and b"\\u" not in body:
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
