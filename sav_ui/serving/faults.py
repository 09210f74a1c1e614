"""What fails outside of our handlers is one line of the log and one sentence, whatever a stranger has sent.

Gradio itself would print it as a traceback of thirty lines, what they sent among them, and answer with no word on what is
wrong. An error that comes from Gradio's own code is what it makes of a request that no page of ours would send; one that
comes from ours is a fault, and its traceback goes into the log.
"""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sav_ui.panels.errors import NOT_UNDERSTOOD, OTHER_ARGUMENTS, UNEXPECTED, unexpected
from sav_ui.serving.refusals import refuse, route_of

__all__ = ["Faults", "sentence_of"]

_OURS = Path(__file__).parents[1]

_log = logging.getLogger("sav_ui.serving.events")


def sentence_of(error: Exception) -> str:
    """Log what failed; returns what to say of it."""
    frames = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
    theirs = next((place for place, path in enumerate(frames) if not path.is_relative_to(_OURS)), len(frames))
    if theirs == len(frames) or any(path.is_relative_to(_OURS) for path in frames[theirs:]):  # those before only called it
        return str(unexpected(error))
    last = traceback.extract_tb(error.__traceback__)[-1]
    _log.warning("An event was not understood: %s at %s:%s", type(error).__name__, frames[-1].name, last.lineno)
    return NOT_UNDERSTOOD


class Faults:
    """A layer that answers a request which fails inside with a sentence, and lets nothing of it reach the server's log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:
            sentence = sentence_of(error)
            if begun or scope["type"] != "http":
                raise  # the server breaks the connection off, so that nobody takes half an answer for a whole one
            if sentence == NOT_UNDERSTOOD and route_of(scope).startswith("call/"):
                sentence = OTHER_ARGUMENTS  # a program has no page to reload
            await refuse(send, 500 if sentence == UNEXPECTED else 400, sentence)
