"""What the log says of an event: how long it took and what came of it, and nothing that a visitor wrote or brought.

with logged("bench act") as entry:
    ...                                  # an error is logged by its kind and goes on
    entry.outcome = "refused"
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from sav_core.errors import SavError

__all__ = ["REQUEST", "Entry", "JsonLines", "logged", "write_json"]

REQUEST: ContextVar[str] = ContextVar("request", default="")
"""The id of the request that an event came with."""

_log = logging.getLogger("sav_ui.events")
_MOST_FRAMES, _MOST_CHARACTERS = 16, 500


@dataclass
class Entry:
    """One event, while it goes on.

    Attributes:
        event: what it is, in words of the app's own.
        request: the id of its request.
        outcome: ``done``, ``refused`` with a sentence, ``broken`` by a fault, ``left`` by the visitor.
    """

    event: str
    request: str
    outcome: str = "done"


@contextmanager
def logged(event: str) -> Iterator[Entry]:
    """Log an event when it ends."""
    entry, start = Entry(event, REQUEST.get()), time.perf_counter()
    try:
        yield entry
    except GeneratorExit:
        entry.outcome = "left"
        raise
    except SavError:
        entry.outcome = "refused"
        raise
    except Exception:
        entry.outcome = "broken"
        raise
    finally:
        seconds = round(time.perf_counter() - start, 3)
        about = {"event": entry.event, "request": entry.request, "seconds": seconds, "outcome": entry.outcome}
        _log.info("%(event)s: %(outcome)s in %(seconds)s s", about, extra={"about": about})


class JsonLines(logging.Formatter):
    """An object a line. Of an error its kind and where in the code it was: its words may quote what a visitor wrote."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        about = getattr(record, "about", None)
        if about is not None:
            return json.dumps(line | about)
        knows_visitors = not record.name.startswith("sav_ui.serving")
        line["message"] = (str(record.msg) if knows_visitors else record.getMessage())[:_MOST_CHARACTERS]
        if record.exc_info and record.exc_info[1] is not None:
            line |= _of(record.exc_info[1])
        return json.dumps(line)


def write_json() -> None:
    """Have all that is logged from here on written to standard error as objects a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    _log.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def _of(error: BaseException) -> dict[str, object]:
    frames = traceback.extract_tb(error.__traceback__)[-_MOST_FRAMES:]
    return {
        "error": type(error).__name__,
        "at": [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames],
    }
