"""The memory of the process for what visitors bring: one account, of which every reading takes as its pictures come.

    with memory.reading():                  # one visitor's files, or one call of the API
        good, bad = read_pictures(files)

What is being read counts at once, and once it is in a session that session's weight counts, with its undo steps and what
was found. The last quarter is kept for those that bring little, so that one visitor's large work refuses nobody else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sav_core.data.allowance import Allowance, open_allowance
from sav_core.errors import InputError
from sav_ui.limits import limits

__all__ = ["Memory", "check_room"]

_LITTLE = 16  # parts of the whole: who holds less than one of them may take of the last quarter


class Memory:
    """What the work of all visitors takes, and what is being read just now.

    Args:
        held: what all sessions hold.
    """

    def __init__(self, held: Callable[[], int] = lambda: 0) -> None:
        self._held = held
        self._reading = 0
        self._lock = threading.Lock()

    @property
    def used_bytes(self) -> int:
        """What all sessions hold, and what is being read."""
        return self._held() + self._reading

    @contextmanager
    def reading(self, theirs: int = 0) -> Iterator[None]:
        """Have what is read inside counted, against the limits of one visitor and of all.

        Args:
            theirs: what that visitor holds already.

        Raises:
            InputError: it is more than there is room for; nothing of it is kept then.
        """
        most, taken, refused = limits(), 0, ""

        def take(fresh: int) -> None:
            nonlocal taken, refused
            with self._lock:
                if taken + fresh > most.visitor_bytes:
                    refused = refused or _too_large(taken + fresh)
                if refused:  # what other threads would still read is for nothing
                    raise InputError(refused)
                little = theirs + taken + fresh <= most.process_bytes // _LITTLE
                if fresh and self.used_bytes + fresh > most.process_bytes * (4 if little else 3) // 4:
                    raise InputError(
                        "The memory of this server is full of visitors' work just now: try again in ten minutes, or bring "
                        "less. What you have here stays."
                    )
                taken += fresh
                self._reading += fresh

        allowed = Allowance(
            files=most.files,
            examples=most.examples,
            labels=most.labels,
            pictures=most.pictures,
            characters=most.characters,
            take=take,
            clip_bytes=most.clip_mib << 20,
            clip_seconds=most.clip_seconds,
        )
        try:
            with open_allowance(allowed):
                yield
        finally:
            with self._lock:
                self._reading -= taken


def check_room(held: int, fresh: int) -> None:
    """Refuse pictures for which a visitor has no room left.

    Args:
        held: bytes of the pictures that they have here, on all pages.
        fresh: bytes that are to be added.

    Raises:
        InputError: there is no room.
    """
    if fresh > 0 and held + fresh > limits().visitor_bytes:
        raise InputError(_too_large(held + fresh))


def _too_large(size: int) -> str:
    most = limits().visitor_bytes >> 20
    return (
        f"Your pictures on all pages may take {most:,} MiB of memory here, and with these they were {-(-size >> 20):,}: "
        "bring fewer or smaller ones, or remove some."
    )
