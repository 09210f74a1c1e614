"""How much one address may ask for at once and in a row; high enough for a class that has one address."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from sav_ui.serving.refusals import refuse, route_of

__all__ = ["RateLimit", "address_of", "network_of"]

_FREE = ("assets/", "static/", "svelte/")
"""The files of the page itself: a browser fetches a hundred at once, and keeps them."""
_BURST_SECONDS = 20  # what was not asked for so long may be asked for at once
_MOST_ADDRESSES = 20_000


@dataclass(slots=True)
class _Asked:
    """What an address may still ask for, when that was so, and what it has open."""

    left: float
    at: float
    opened: int = 0


class RateLimit:
    """A layer that counts by address; behind a proxy the server must be told to trust it, or everybody has its address.

    Args:
        app: what is inside.
        per_second: requests that one address may send, again and again.
        connections: requests that it may have open at once, a page's two streams among them.
        clock: seconds.
    """

    def __init__(
        self, app: ASGIApp, per_second: int, connections: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app, self._per_second, self._connections, self._clock = app, per_second, connections, clock
        self._asked: OrderedDict[str, _Asked] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or route_of(scope).startswith(_FREE):
            await self._app(scope, receive, send)
            return
        asked = self._of(address_of(scope))
        if asked.left < 1:
            await refuse(send, 429, "Too many requests came from your address: wait a few seconds.", retry_after="5")
            return
        if asked.opened >= self._connections:
            sentence = (
                f"Your address has {self._connections:,} requests open here, and no more are taken: close some pages."
            )
            await refuse(send, 429, sentence, retry_after="30")
            return
        asked.left -= 1
        asked.opened += 1
        try:
            await self._app(scope, receive, send)
        finally:
            asked.opened -= 1

    def _of(self, address: str) -> _Asked:
        now, most = self._clock(), float(self._per_second * _BURST_SECONDS)
        asked = self._asked.setdefault(address, _Asked(most, now))
        asked.left, asked.at = min(most, asked.left + (now - asked.at) * self._per_second), now
        self._asked.move_to_end(address)
        while len(self._asked) > _MOST_ADDRESSES:
            self._asked.popitem(last=False)
        return asked


def address_of(scope: Scope) -> str:
    """Whose request it is; the lower half of an IPv6 address is their own choice."""
    client = scope.get("client")
    return network_of(client[0] if client else "")


def network_of(host: str) -> str:
    """What all addresses of one visitor have in common."""
    return ":".join(host.split(":")[:4]) if host.count(":") > 1 and "::ffff:" not in host else host
