"""Whether somebody still waits for an event's answer: pages and programs that have gone are not worked for."""

from __future__ import annotations

import time
from collections.abc import Callable

from gradio.context import LocalContext

__all__ = ["who_listens"]

_PATIENCE = 30.0  # seconds for which what is said of an event may lie unheard


def who_listens(clock: Callable[[], float] = time.monotonic) -> Callable[[], bool]:
    """Return what tells whether the caller of the event that runs here has gone, or has never listened.

    Gradio marks an event when the stream of its answers breaks. Where no stream was ever opened, what it has to say piles
    up instead.
    """
    blocks, name = LocalContext.blocks.get(None), LocalContext.event_id.get(None)
    queue = None if blocks is None else blocks._queue
    event = None if queue is None or name is None else queue.event_ids_to_events.get(name)
    if queue is None or event is None:
        return lambda: False  # called by a test, or without the queue
    said = queue.pending_messages_per_session.get(event.session_hash)
    unheard_since: float | None = None

    def gone() -> bool:
        nonlocal unheard_since
        if said is None or said.empty():
            unheard_since = None
        elif unheard_since is None:
            unheard_since = clock()
        return not event.alive or (unheard_since is not None and clock() - unheard_since > _PATIENCE)

    return gone
