"""Listed examples -> opened ones: each picture once, several at a time, and what could not be read with its reason."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from sav_core.data.allowance import allowance
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Example, Skipped
from sav_core.data.folders.listings import Listed
from sav_core.data.folders.sources import Source, composed, picture_or_clip
from sav_core.data.pictures.picture import Picture, read_picture
from sav_core.data.pictures.processes import in_processes
from sav_core.data.places import is_inline, read_inline
from sav_core.errors import DatasetError, ImageError, InputError
from sav_core.types import Progress, ProgressCallback

__all__ = ["in_threads", "read_listed"]

Item = TypeVar("Item")
Found = TypeVar("Found")

_THREADS = min(4, os.cpu_count() or 1)  # each may hold one decoded picture, 256 MiB at worst
_WAITING = 4  # where they only wait for processes: more than cores, so that one computes while another's answer is taken


def read_listed(
    listed: Sequence[Listed], progress: ProgressCallback | None, clips: ClipSampling | None = None
) -> tuple[list[Example], list[tuple[Listed, Skipped]]]:
    """Open examples in their order.

    Args:
        listed: what to open.
        progress: called after each image.
        clips: how videos are sampled; ``None`` where none are taken.

    Returns:
        Those that could be read; and those that could not, each with the reason.

    Raises:
        DatasetError: a question and its images do not fit each other, or it is more than an allowance lets in.
    """
    _check_counts(listed)
    wanted = list(dict.fromkeys((one.source, image) for one in listed for image in one.images))
    opened = dict(zip(wanted, _open_all(wanted, progress, clips), strict=True))
    examples, skipped = [], []
    for one in listed:
        try:
            pictures = [_opened(opened[one.source, image]) for image in one.images]
            examples.append(Example(pictures, one.question, one.label))
        except ImageError as error:
            skipped.append((one, Skipped(one.line or composed(one.images[0])[-200:], _placed(one, error))))
        except InputError as error:
            raise DatasetError(_placed(one, error)) from error
    return examples, skipped


def _check_counts(listed: Sequence[Listed]) -> None:
    """Refuse what is more than may be before any of it is opened."""
    allowed = allowance()
    if allowed is None or not listed:
        return
    allowed.check_examples(len(listed), listed[0].source.name, {one.label for one in listed})
    for one in listed:
        allowed.check_example(len(one.images), one.question, one.line)


def _open_all(
    wanted: Sequence[tuple[Source, str]], progress: ProgressCallback | None, clips: ClipSampling | None
) -> list[Picture | str]:
    """Decode in a few threads, for Pillow's decoders let go of the interpreter; the order is that of ``wanted``."""
    started = time.perf_counter()
    opened: list[Picture | str] = []
    for picture in in_threads(lambda place: _open_one(place, clips), wanted):
        opened.append(picture)
        if progress is not None:
            progress(Progress(len(opened), len(wanted), time.perf_counter() - started))
    return opened


def in_threads(read: Callable[[Item], Found], items: Iterable[Item]) -> Iterator[Found]:
    """Yield what is read of each item, in their order, by a few threads; what one raises is raised here and ends all."""
    here = copy_context()  # an allowance counts what its threads read
    with ThreadPoolExecutor(_WAITING if in_processes() else _THREADS) as pool:
        try:
            yield from pool.map(lambda item: here.copy().run(read, item), items)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _open_one(place: tuple[Source, str], clips: ClipSampling | None) -> Picture | str:
    """Return the picture, or why there is none; a kept exception would keep the file's bytes alive in its frames."""
    source, image = place
    try:
        return read_picture(*read_inline(image)) if is_inline(image) else picture_or_clip(source, image, clips)
    except ImageError as error:
        return str(error)


def _opened(picture: Picture | str) -> Picture:
    if isinstance(picture, str):
        raise ImageError(picture)
    return picture


def _placed(listed: Listed, error: InputError) -> str:
    return f"{listed.line}: {error}" if listed.line else str(error)
