"""What events answer goes packed over the wire: in a third of its letters, and each message as soon as it is said."""

from __future__ import annotations

import zlib

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["PackedEvents"]

_GZIP_WINDOW = 16 + 14  # in gzip's format, with a window of 16 KiB: a stream holds less than 0.2 MB
_LARGE = 100_000  # bytes: packing so many takes milliseconds, in which others would wait


class PackedEvents:
    """A layer that packs streams of events for whoever can unpack them; Gradio packs all but these."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or "gzip" not in Headers(scope=scope).get("accept-encoding", ""):
            await self._app(scope, receive, send)
            return
        packing: zlib._Compress | None = None

        async def watch(message: Message) -> None:
            nonlocal packing
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message.get("headers", [])))
                if headers.get("content-type", "").startswith("text/event-stream") and "content-encoding" not in headers:
                    packing = zlib.compressobj(wbits=_GZIP_WINDOW)
                    headers["content-encoding"] = "gzip"
                    headers.add_vary_header("accept-encoding")
                    del headers["content-length"]
                    message = {**message, "headers": headers.raw}
            elif packing is not None:
                body, more = message.get("body", b""), message.get("more_body", False)
                few = len(body) < _LARGE
                packed = packing.compress(body) if few else await run_in_threadpool(packing.compress, body)
                packed += packing.flush(zlib.Z_SYNC_FLUSH if more else zlib.Z_FINISH)  # now: the page waits for it
                message = {**message, "body": packed}
            await send(message)

        await self._app(scope, receive, watch)
