"""What Gradio offers beside the pages and their endpoints and nobody needs here: it answers as if it were not there."""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Receive, Scope, Send

from sav_ui.serving.refusals import refuse, route_of

__all__ = ["CLOSED", "ClosedRoutes", "is_closed"]

CLOSED = (
    "deep_link",  # writes a visitor's whole page to the disk and shows it to anybody who has the link
    "monitoring",
    "runs",
    "run-history",
    "profiling",
    "process_recording",
    "vibe-edit",
    "undo-vibe-edit",
    "vibe-code",
    "vibe-starter-queries",
    "dev",
    "stream",  # of audio and video components, of which there are none
    "component_server",  # of components that have server functions: none
    "run",  # calls without the queue
    "api",
    "queue/status",
    "token",
    "user",
    "file",  # an old name of file=
    "upload_progress",  # of Gradio's own fields for files: it keeps every name that it was ever asked for
)
"""First parts of paths below ``/`` and ``/gradio_api``, with all that is below them; ``proxy=`` goes on without a slash."""

_CLOSED = re.compile(rf"(?:{'|'.join(map(re.escape, CLOSED))})(?:/.*)?|proxy=.*", re.DOTALL)


def is_closed(route: str) -> bool:
    """Whether nobody needs that route, as ``route_of`` gives it."""
    return _CLOSED.fullmatch(route) is not None


class ClosedRoutes:
    """A layer that answers 404 to them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and is_closed(route_of(scope)):
            await refuse(send, 404, "There is nothing at this address.")
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            await self._app(scope, receive, send)
