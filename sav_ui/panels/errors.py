"""Unexpected errors: the log gets the traceback, the visitor one sentence, and the work goes on."""

from __future__ import annotations

import logging

from sav_core.errors import SavError

__all__ = ["NOT_UNDERSTOOD", "OTHER_ARGUMENTS", "UNEXPECTED", "UNREADABLE", "UnexpectedError", "unexpected"]

UNEXPECTED = "Something went wrong here on our side; your work is kept. Try again, or reload the page."

NOT_UNDERSTOOD = "The page sent something that could not be understood: reload it and try again."

OTHER_ARGUMENTS = (
    "The call gives other arguments than this endpoint takes: /gradio_api/info lists them, their order and their defaults; "
    "/gradio_api/call/v2/ takes them by name, and what is not given by its default."
)

UNREADABLE = (LookupError, TypeError, ValueError, OverflowError)
"""What reading an event raises when no page of ours has sent it: ``int(1e999)`` overflows, a path holds a NUL."""

_log = logging.getLogger(__name__)


class UnexpectedError(SavError):
    """An error that nobody planned, as the sentence that a visitor reads."""


def unexpected(error: BaseException) -> UnexpectedError:
    """Log an error with its traceback; returns what to tell the visitor, so that it is remembered like any refusal."""
    _log.error("An unexpected error", exc_info=error)
    return UnexpectedError(UNEXPECTED)
