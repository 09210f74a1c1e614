"""What a call names by an address is fetched here: of the open network alone, onto the disk as it comes, within limits.

Gradio's own way would take an answer of any length into memory first, and unpack it there.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from threading import BoundedSemaphore
from urllib.parse import unquote, urljoin

import httpx

from sav_core.data.allowance import FILE_BYTES
from sav_core.errors import InputError

__all__ = ["Fetching"]

_CALL_BYTES, _CALL_SECONDS = 2 * FILE_BYTES, 60.0
_MOST_AT_ONCE, _MOST_REDIRECTS = 4, 5
_LEAST_FREE = 512 << 20
_PATIENCE = 10.0  # seconds for which an answer may stand still
_slots = BoundedSemaphore(_MOST_AT_ONCE)


class Fetching:
    """What one call fetches.

    Args:
        folder: where each file gets a folder of its own.
        most: bytes of all together.
        seconds: that all may take.
        clock: seconds.
    """

    def __init__(
        self,
        folder: Path,
        most: int = _CALL_BYTES,
        seconds: float = _CALL_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._left, self._clock = folder, most, clock
        self._ends = clock() + seconds
        self._words = f"What a call names by addresses may have {most >> 20} MiB and take {seconds:.0f} seconds in all"

    def fetch(self, address: str) -> Path:
        """Return where the file lies now.

        Raises:
            InputError: it is more than may come, takes longer, or lies in a network of the server's own.
            OSError, ValueError, httpx.HTTPError, httpx.InvalidURL: it cannot be fetched.
        """
        if not _slots.acquire(timeout=max(0.0, self._ends - self._clock())):
            raise self._too_much()
        try:
            return asyncio.run(self._within_time(address))
        finally:
            _slots.release()

    async def _within_time(self, address: str) -> Path:
        try:
            async with asyncio.timeout(max(0.0, self._ends - self._clock())):
                return await self._found(address)
        except TimeoutError as error:
            raise self._too_much() from error

    async def _found(self, address: str) -> Path:
        for _ in range(_MOST_REDIRECTS + 1):
            host = httpx.URL(address).host
            transport = _ToNumber(await _open_number(host))
            async with (
                httpx.AsyncClient(transport=transport, timeout=_PATIENCE) as client,
                client.stream("GET", address, headers={"accept-encoding": "identity"}) as answer,
            ):
                if answer.has_redirect_location:
                    address = urljoin(address, answer.headers["location"])
                    continue
                answer.raise_for_status()
                if "content-encoding" in answer.headers:
                    raise ValueError("it comes packed, which was not asked for")
                return await self._written(answer, _name_of(address))
        raise ValueError("it leads from one address to the next")

    async def _written(self, answer: httpx.Response, name: str) -> Path:
        file = self._folder / secrets.token_hex(16) / name
        file.parent.mkdir(parents=True)
        try:
            with file.open("wb") as opened:
                async for chunk in answer.aiter_raw(1 << 16):
                    self._left -= len(chunk)
                    if self._left < 0:
                        raise self._too_much()
                    if shutil.disk_usage(file.parent).free < _LEAST_FREE:
                        raise InputError("There is no room here for more files just now: try again in an hour.")
                    opened.write(chunk)
        except BaseException:
            shutil.rmtree(file.parent, ignore_errors=True)
            raise
        return file

    def _too_much(self) -> InputError:
        return InputError(f"{self._words}, and these are more: send the files themselves, or fewer at a time.")


class _ToNumber(httpx.AsyncHTTPTransport):
    """Goes to the number that was looked at, whatever the host's name means by then."""

    def __init__(self, number: str) -> None:
        super().__init__()
        self._number = number

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; its ``Host`` header has the name already."""
        request.extensions = {**request.extensions, "sni_hostname": request.url.host}
        request.url = request.url.copy_with(host=self._number)
        return await super().handle_async_request(request)


async def _open_number(host: str) -> str:
    """The number of a host of the open network.

    Raises:
        InputError: it has none there.
    """
    for *_, place in await asyncio.get_running_loop().getaddrinfo(host, None):
        number = ipaddress.ip_address(str(place[0]).partition("%")[0])
        if number.is_global and not number.is_multicast:
            return str(number)
    raise InputError("Files are fetched from the open network alone: send the file itself.")


def _name_of(address: str) -> str:
    name = PurePosixPath(unquote(httpx.URL(address).path)).name
    return re.sub(r"[^\w.-]", "_", name).strip(".")[-100:] or "file"
