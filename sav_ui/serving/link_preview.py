"""What a shared link shows: the app's name, what it does and a picture, in place of what Gradio writes on every page."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sav_core.settings import settings

__all__ = ["ABOUT", "NAME", "PICTURE", "LinkPreview", "picture_file"]

NAME = "SAV Explorer"
ABOUT = (
    "Teach a frozen vision-language model your own labels with a few pictures, and see which of its attention heads "
    "already know them."
)

PICTURE = "own/preview.webp"
"""Where the app serves the picture."""

_THEIRS = re.compile(
    rb'<meta\s+(?:property|name)="(?:og|twitter):(?:title|description|creator|url|type|image|card)"[^>]*>\s*'
)
_OURS = (
    f"<title>{NAME}</title>"  # Gradio has its script write one, and who shows a link runs none
    + "".join(
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


def picture_file() -> Path | None:
    """The picture of the app; an installed package has none."""
    path = settings().assets / "screenshots" / "teach.webp"
    return path if path.is_file() else None


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
                page, first = described(b"".join(parts), _address(scope)), begun.pop()
                headers = MutableHeaders(raw=list(first["headers"]))
                headers["content-length"] = str(len(page))
                await send({**first, "headers": headers.raw})
                await send({"type": "http.response.body", "body": page})
                return
            await send(message)

        await self._app(scope, receive, watch)


def described(page: bytes, address: str = "") -> bytes:
    """Return a page whose head says what the app is, instead of what was said of it there.

    Args:
        page: HTML.
        address: where the app was asked for, with a slash at its end; without one there is no picture.
    """
    ours = _OURS
    if address and picture_file() is not None:
        picture = escape(address + PICTURE)
        ours = ours.replace('"twitter:card" content="summary"', '"twitter:card" content="summary_large_image"')
        ours += f'<meta property="og:image" content="{picture}"><meta name="twitter:image" content="{picture}">'
    return _THEIRS.sub(b"", page).replace(b"<head>", b"<head>" + ours.encode(), 1)


def _address(scope: Scope) -> str:
    """Where the app was asked for: who shows a link fetches the picture from a whole address."""
    host = Headers(scope=scope).get("host", "")
    return f"{scope['scheme']}://{host}{scope.get('root_path', '').rstrip('/')}/" if host else ""
