"""Few heaps for many threads, so that what one visitor's work has freed serves the next one's.

glibc opens a heap for a thread that finds the others in use, up to eight a core, and each keeps what its threads free. Here
hundreds of threads wait and few compute, so nearly all of that would lie idle: half a gigabyte after eight visitors.
"""

from __future__ import annotations

import ctypes
import os
import platform

__all__ = ["share_heaps"]

_ARENA_MAX = -8  # ``M_ARENA_MAX`` of glibc's malloc.h
_HEAPS = 2


def share_heaps() -> None:
    """Have the threads to come share two heaps, where memory is glibc's and its owner has not set how many there are."""
    if platform.libc_ver()[0] == "glibc" and "MALLOC_ARENA_MAX" not in os.environ:
        ctypes.CDLL(None).mallopt(_ARENA_MAX, _HEAPS)
