"""How long the body of a request may be: parsing one of 30 MB stops the server for everybody for as long as it takes."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sav_ui.serving.refusals import refuse, route_of

__all__ = ["BodyLimit"]

_OWN_LIMIT = ("upload",)  # files go to the disk as they come, and `launch` says how large one may be
_PATIENCE = 60.0  # seconds


class BodyLimit:
    """A layer that reads the body of every request but an upload first, and refuses what is too long or too slow.

    Args:
        app: what is inside.
        most: bytes.
        patience: seconds until the whole of it must be here.
    """

    def __init__(self, app: ASGIApp, most: int = 2 << 20, patience: float = _PATIENCE) -> None:
        self._app, self._most, self._patience = app, most, patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS") or route_of(scope) in _OWN_LIMIT:
            await self._app(scope, receive, send)
            return
        said = Headers(scope=scope).get("content-length", "0")
        if not said.isdecimal() or len(said) > 18 or int(said) > self._most:
            await self._refuse_length(send)
            return
        try:
            async with asyncio.timeout(self._patience):
                body = await _read(receive, self._most)
        except TimeoutError:
            await refuse(send, 408, f"What you sent did not arrive within {self._patience:.0f} seconds: send it again.")
            return
        if body is None:
            await self._refuse_length(send)
            return
        first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return first.pop() if first else await receive()

        await self._app(scope, replay, send)

    async def _refuse_length(self, send: Send) -> None:
        most = f"{self._most / (1 << 20):g} MB"
        sentence = f"A request may have up to {most}, and this one is longer: upload files first, and send their paths."
        await refuse(send, 413, sentence, connection="close")


async def _read(receive: Receive, most: int) -> bytes | None:
    """Return the whole body; ``None`` as soon as it is too long."""
    parts: list[bytes] = []
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            break  # they have left
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        if length > most:
            return None
        more = message.get("more_body", False)
    return b"".join(parts)
