"""How the command line speaks: results to standard output, progress, warnings and errors to standard error."""

from __future__ import annotations

import json
import os
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from typer.exceptions import Abort, TyperException

from sav_core.errors import CancelledError, NotedWarning, SavError, StorageError
from sav_core.types import Progress as Done
from sav_core.types import ProgressCallback

__all__ = ["exit_status", "harmless", "print_beside", "print_json", "print_line", "print_table", "progress_bar", "spinner"]

_UNSPEAKABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""What a terminal obeys instead of showing it, and what turns or hides the text around it."""

_NO_TERMINAL_WIDTH = 1000  # a file or a pipe must not lose the end of a line
_INTERRUPTED, _PIPE_CLOSED = 130, 141  # what shells report for the two signals


def exit_status(command: Callable[[], int | None]) -> int:
    """Run a command; whatever goes wrong becomes one line on standard error and an exit status.

    Returns:
        0 on success, 2 on bad input, 1 on a fault of the program (whose traceback is shown, for a report).
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = _show_warning
            status = int(command() or 0)
    except (KeyboardInterrupt, Abort):
        status = _INTERRUPTED
    except CancelledError as error:  # by someone who knows what was kept
        print(error, file=sys.stderr)
        return _INTERRUPTED
    except (SavError, TyperException) as error:
        message = error.format_message() if isinstance(error, TyperException) else str(error)
        if message:  # none when help was shown for want of arguments
            print("error: " + harmless(" ".join(message.split())), file=sys.stderr)
        return 2
    except _ReaderGoneError:
        return _PIPE_CLOSED
    except Exception:  # noqa: BLE001  # the last line of defence: told as our fault, with all that helps to mend it
        traceback.print_exc()
        print("error: this is a fault of the program, not of your input; please report the lines above", file=sys.stderr)
        return 1
    if status == _INTERRUPTED:
        print("stopped; what was done so far is in the cache", file=sys.stderr)
    return status


def print_line(text: str) -> None:
    """Write one line of result, unwrapped and uncoloured."""
    _write(f"{harmless(text)}\n")


def print_beside(text: str) -> None:
    """Write one line beside the results, to standard error: what is about to be done, and how long that takes."""
    print(harmless(text), file=sys.stderr, flush=True)


def harmless(text: str) -> str:
    """The text with its control characters written out: a label may hold any."""
    return _UNSPEAKABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def print_json(value: object) -> None:
    """Write one JSON value on a line of its own."""
    print_line(json.dumps(value, ensure_ascii=not _encoding().lower().startswith("utf")))


def print_table(columns: list[str], rows: list[list[str]]) -> None:
    """Write rows under headings, aligned; as wide as they are when the output is no terminal."""

    def shown(cells: list[str]) -> list[str]:
        return [harmless(" ".join(cell.splitlines())) for cell in cells]

    table = Table(*shown(columns), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*shown(row))
    console = Console(width=None if Console().is_terminal else _NO_TERMINAL_WIDTH)
    with console.capture() as drawn:
        console.print(table, markup=False)
    _write(drawn.get())


@contextmanager
def progress_bar(what: str) -> Iterator[ProgressCallback]:
    """Show a bar with images per second and time left while open; nothing when standard error is no terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=None, rate="")

        def show(done: Done) -> None:
            bar.update(task, completed=done.done, total=done.total, rate=f"{done.rate:.1f}/s")

        yield show


@contextmanager
def spinner(what: str) -> Iterator[None]:
    """Say what is waited for while open; nothing when standard error is no terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(escape(what)):
        yield


class _ReaderGoneError(Exception):
    """Who read our output went away, as ``| head`` does."""


def _write(text: str) -> None:
    """Write to standard output at once, so that a disk or a reader that takes no more is told from a fault of ours."""
    try:
        sys.stdout.write(_sayable(text))
        sys.stdout.flush()
    except OSError as error:
        # What is left in the buffer would fail again when Python exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise _ReaderGoneError from error
        raise StorageError(f"The output cannot be written ({error.strerror}): write it to another place.") from error


def _sayable(text: str) -> str:
    """The text as far as standard output can say it, the rest as escapes: a label may be in any script."""
    return text.encode(_encoding(), "backslashreplace").decode(_encoding())


def _encoding() -> str:
    return getattr(sys.stdout, "encoding", None) or "utf-8"


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    if issubclass(category, UserWarning) and not issubclass(category, NotedWarning):  # the rest are for developers
        print(f"warning: {harmless(str(message))}", file=sys.stderr)  # and notes stand in the results
