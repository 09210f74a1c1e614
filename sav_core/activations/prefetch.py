"""Prepare what comes next while what is here is used: in few threads, a bounded number of items ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

__all__ = ["prefetch"]

Item = TypeVar("Item")
Ready = TypeVar("Ready")


def prefetch(
    prepare: Callable[[Item], Ready],
    items: Iterable[Item],
    sizes: Iterable[int],
    stop: Callable[[], bool] = lambda: False,
    threads: int = 1,
) -> Iterator[list[Ready]]:
    """Yield ``prepare(item)`` for all items in windows of the given sizes, the next one being prepared meanwhile.

    So many threads prepare; what is yielded has the order of the items whatever their number. What ``prepare`` raises is
    raised here, in that order too. Once ``stop`` says true nothing more is yielded.
    """
    remaining, lengths = iter(items), iter(sizes)
    pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="prepare")

    def submit() -> list[Future[Ready]]:
        return [pool.submit(prepare, item) for item in islice(remaining, next(lengths))]

    try:
        window = submit()
        while window:
            following = submit()
            ready = []
            for future in window:
                ready.append(future.result())
                if stop():
                    return
            del window, future  # or the finished futures would keep the items alive while they are used
            yield ready
            window = following
    finally:
        pool.shutdown(cancel_futures=True)
