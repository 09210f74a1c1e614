"""How long a connection may take to ask for something: the server itself waits for ever, and holds a place for each."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from uvicorn import config
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["Impatient", "lose_patience"]

_SECONDS = 30.0  # from the first byte of a request to the last of its headers, and from opening to the first byte


class Impatient(H11Protocol):
    """A connection that is closed where no whole request comes in time; an answer may take as long as it does."""

    seconds = _SECONDS
    _ends: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        """Go on with a request, or begin to wait for the rest of it."""
        super().data_received(data)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop()
        super().connection_lost(exc)

    def _look(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop()
        elif self._ends is None:
            self._ends = self.loop.call_later(self.seconds, self._give_up)

    def _stop(self) -> None:
        if self._ends is not None:
            self._ends.cancel()
            self._ends = None

    def _give_up(self) -> None:
        self._ends = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


def lose_patience() -> None:
    """Have the server take connections so, and as many at once as the system allows at most."""
    protocols: Any = config.HTTP_PROTOCOLS
    protocols["auto"] = Impatient
    if sys.platform != "win32":
        import resource

        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
