"""How a layer around the app refuses a request: a status and one sentence, as FastAPI writes its own."""

from __future__ import annotations

import json

from starlette.types import Scope, Send

__all__ = ["refuse", "route_of"]


async def refuse(send: Send, status: int, sentence: str, **headers: str) -> None:
    """Answer a request with a sentence under ``detail``, where Gradio's pages and clients look for one."""
    body = json.dumps({"detail": sentence}).encode()
    more = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    always = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*always, *more]})
    await send({"type": "http.response.body", "body": body})


def route_of(scope: Scope) -> str:
    """The path below where the app is mounted, without Gradio's prefix and the slashes around it."""
    path = str(scope["path"]).removeprefix(scope.get("root_path", "").rstrip("/")).strip("/")
    return path.removeprefix("gradio_api/")
