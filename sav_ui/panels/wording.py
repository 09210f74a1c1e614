"""Numbers in words: shares, counts and progress, written alike on every page; singular and plural right."""

from __future__ import annotations

from typing import Any

from sav_core.types import Progress
from sav_core.wording import percent
from sav_ui.panels.jobs import Place

__all__ = ["STARTING", "counted", "duration", "in_line", "percent", "pictures", "progress_bar"]

STARTING = "Starting …"


def counted(count: int, one: str, many: str = "") -> str:
    """How many of something, "1 picture" or "5 pictures"; ``many`` where the plural takes more than an s."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def pictures(count: int) -> str:
    """How many pictures, "1 picture" or "5 pictures"."""
    return counted(count, "picture")


def progress_bar(
    progress: Progress | None, what: str, *, doing: str = "", rate: bool = False, place: Place | None = None
) -> dict[str, Any]:
    """How far work is, for the macro ``progress_bar``: per cent and words.

    Args:
        progress: of the work; ``None`` before it has begun.
        what: what is counted, such as ``"examples"``.
        doing: what is being done, before the numbers.
        rate: whether to say how many a second.
        place: in the line, while it waits for its turn.
    """
    if place is not None:
        done = 0 if progress is None or not progress.total else round(100 * progress.done / progress.total)
        return {"percent": done, "words": in_line(place)}
    if progress is None or not progress.total:
        return {"percent": 0, "words": f"{doing} …" if doing else STARTING}
    words = f"{doing}: " if doing else ""
    words += f"{progress.done} of {progress.total} {what}"
    if progress.all_frames:
        words += f" ({progress.frames} of {progress.all_frames} frames)"
    if rate:
        words += f", {progress.rate:.{0 if progress.rate >= 3 else 1}f} a second"
    if 0 < progress.done < progress.total and progress.seconds_left < float("inf"):
        words += f", {duration(progress.seconds_left)} left"
    return {"percent": round(100 * progress.done / progress.total), "words": words}


def in_line(place: Place) -> str:
    """Where somebody stands in the line for the model, and about how long that takes."""
    words = "Others use the model: "
    words += "you are next" if not place.ahead else f"{place.ahead} before you"
    return words if place.seconds is None else f"{words}, about {duration(max(1.0, place.seconds))}"


def duration(seconds: float) -> str:
    """How long something takes, in the unit that says it shortest."""
    if seconds < 1:
        return "less than a second"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"
