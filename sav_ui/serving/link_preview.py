"""What a shared link shows: the app's name and what it does, in place of what Gradio writes on every page."""

from __future__ import annotations

import re
from html import escape

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["ABOUT", "NAME", "LinkPreview"]

NAME = "SAV Explorer"
ABOUT = (
    "Teach a frozen vision-language model your own labels with a few pictures, and see which of its attention heads "
    "already know them."
)

_THEIRS = re.compile(
    rb'<meta\s+(?:property|name)="(?:og|twitter):(?:title|description|creator|url|type|image|card)"[^>]*>\s*'
)
_OURS = (
    "".join(
        f'<meta property="{name}" content="{escape(words)}">'
        for name, words in (
            ("og:type", "website"),
            ("og:title", NAME),
            ("og:description", ABOUT),
            ("twitter:card", "summary"),
            ("twitter:title", NAME),
            ("twitter:description", ABOUT),
        )
    )
    + f'<meta name="description" content="{escape(ABOUT)}">'
)


class LinkPreview:
    """A layer around the app that changes the head of its pages; all else passes as it comes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun: list[Message] = []  # of a page: its first message, until the whole of it is here
        parts: list[bytes] = []

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message["headers"]))
                if headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers:
                    begun.append(message)
                    return
            elif begun:
                parts.append(message.get("body", b""))
                if message.get("more_body"):
                    return
                page, first = described(b"".join(parts)), begun.pop()
                headers = MutableHeaders(raw=list(first["headers"]))
                headers["content-length"] = str(len(page))
                await send({**first, "headers": headers.raw})
                await send({"type": "http.response.body", "body": page})
                return
            await send(message)

        await self._app(scope, receive, watch)


def described(page: bytes) -> bytes:
    """Return a page whose head says what the app is, instead of what was said of it there."""
    return _THEIRS.sub(b"", page).replace(b"<head>", b"<head>" + _OURS.encode(), 1)
