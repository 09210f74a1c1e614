"""Uploaded files, from their arrival until the event that reads them: then they are deleted.

Gradio keeps equal files of all visitors as one, so that each is counted: the last of those who sent it, once read, takes it
away. One that nobody reads goes with Gradio's own cleaning, after an hour, and all go with the process.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sav_ui.serving.refusals import refuse, route_of

__all__ = ["ARRIVALS", "Arrivals", "CountedUploads"]

_MOST_COUNTED = 100_000  # files: many more than lie there


class Arrivals:
    """How often each file came that was not read yet."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def came(self, path: str) -> None:
        """Count a file that has come."""
        with self._lock:
            if len(self._counts) < _MOST_COUNTED:
                self._counts[path] += 1

    def were_read(self, paths: Iterable[Path]) -> None:
        """Delete files that all have read who sent them; those that never came by themselves stay."""
        with self._lock:
            for path in {str(path) for path in paths}:
                if path not in self._counts:
                    continue
                self._counts[path] -= 1
                if self._counts[path] <= 0:
                    del self._counts[path]
                    with suppress(OSError):  # Gradio's cleaning may be at it too
                        Path(path).unlink()
                        Path(path).parent.rmdir()  # of its own, unless another file is in it


ARRIVALS = Arrivals()
"""Those of this process: one for its one upload folder."""


class CountedUploads:
    """A layer that counts what an upload has left on the disk, and says in a sentence that the disk is full.

    Args:
        app: what is inside.
        arrivals: where it is counted.
    """

    def __init__(self, app: ASGIApp, arrivals: Arrivals = ARRIVALS) -> None:
        self._app, self._arrivals = app, arrivals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "POST" or route_of(scope) != "upload":
            await self._app(scope, receive, send)
            return
        body, begun = b"", False

        async def listen(message: Message) -> None:
            nonlocal body, begun
            begun = True
            if message["type"] == "http.response.body":
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    self._count(body)
            await send(message)

        unnamed = {**scope, "query_string": b""}  # the name of an upload would be kept for whoever asks how far it is
        try:
            await self._app(unnamed, receive, listen)
        except OSError:
            if begun:
                raise
            await refuse(send, 507, "There is no room here for more files just now: try again in an hour, or bring less.")

    def _count(self, body: bytes) -> None:
        try:
            paths = json.loads(body)
        except ValueError:
            return
        for path in paths if isinstance(paths, list) else ():
            self._arrivals.came(str(Path(str(path)).resolve()))
