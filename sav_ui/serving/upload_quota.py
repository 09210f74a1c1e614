"""How much may be uploaded: by one address within an hour, and by all together, with room left on the disk."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from gradio.utils import get_upload_folder
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from sav_ui.serving.own_folder import folder_bytes, remove_broken_off
from sav_ui.serving.rate_limit import address_of
from sav_ui.serving.refusals import refuse, route_of

__all__ = ["UploadQuota"]

_HOUR = 3600.0  # after so long Gradio removes an upload
_LEAST_FREE = 512 << 20
_FRESH_SECONDS = 5.0  # for so long what the folder was found to hold is taken to be so
_REST = 20  # times as long as a look at it took, so that a folder of very many files is not looked at all the time
_MINUTE = 60.0


class UploadQuota:
    """A layer that refuses an upload before any of it is written, if it is more than may come.

    Args:
        app: what is inside.
        each: bytes that one address may send within an hour.
        total: bytes that all files together may take.
        clock: seconds.
    """

    def __init__(self, app: ASGIApp, each: int, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._each, self._total, self._clock = app, each, total, clock
        self._came: dict[int, Counter[str]] = {}  # bytes of each address, by the minute
        self._held, self._looked, self._fresh = 0, float("-inf"), _FRESH_SECONDS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "POST" or route_of(scope) != "upload":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        said = "" if "transfer-encoding" in headers else headers.get("content-length", "")  # which would be ignored then
        if not said.isdecimal() or len(said) > 18:
            await refuse(send, 411, "An upload must say its length, and this one does not: send it as a form.")
            return
        size, address = int(said), address_of(scope)
        why_not = await self._why_not(size, address)
        if why_not:
            await refuse(send, 413, why_not, connection="close")
            return
        self._came.setdefault(int(self._clock() // _MINUTE), Counter())[address] += size
        self._held += size
        await self._app(scope, receive, send)

    async def _why_not(self, size: int, address: str) -> str:
        """Why so much more may not come from there; empty if it may."""
        now = self._clock()
        for old in [minute for minute in self._came if minute < (now - _HOUR) // _MINUTE]:
            del self._came[old]
        theirs = sum(came[address] for came in self._came.values())
        if theirs + size > self._each:
            return (
                f"Up to {_gib(self._each)} may be uploaded from one address within an hour, and with this it were "
                f"{_gib(theirs + size)}: wait, or bring less."
            )
        folder = Path(get_upload_folder())
        if now - self._looked > self._fresh:
            self._looked = now
            await asyncio.to_thread(remove_broken_off, folder)
            self._held = await asyncio.to_thread(folder_bytes, folder)
            self._fresh = max(_FRESH_SECONDS, _REST * (self._clock() - now))
        free = shutil.disk_usage(next(place for place in (folder, *folder.parents) if place.exists())).free
        if self._held + size > self._total or size > free - _LEAST_FREE:
            return "There is no room here for more files just now: try again in an hour, or bring less."
        return ""


def _gib(size: int) -> str:
    return f"{size / (1 << 30):.1f} GiB"
