"""The blocks of the app, which say what fails in few words, and rest while nobody does anything.

Gradio itself would print every stranger's nonsense as a traceback of thirty lines, what they sent among them, and answer
with no word on what is wrong. And it would look a thousand times a second whether an event waits to be begun, which takes
a twentieth of a core day and night.
"""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Any

import gradio as gr

from sav_ui.panels.errors import NOT_UNDERSTOOD, unexpected

__all__ = ["QuietBlocks"]

_OURS = Path(__file__).parents[1]
_LOOKS = 0.01  # seconds between two looks for an event: nobody feels them, and they cost next to nothing
_PROGRESS_LOOKS = 1.0  # for what ``gr.Progress`` reports, which no page of ours uses

_log = logging.getLogger("sav_ui.serving.events")


class QuietBlocks(gr.Blocks):
    """``gr.Blocks`` that say what fails in few words, and rest while nobody does anything."""

    def queue(self, *args: Any, **named: Any) -> QuietBlocks:
        """Have events wait in a queue that rests; see ``gr.Blocks.queue``."""
        super().queue(*args, **named)
        self._queue.sleep_when_free = _LOOKS
        self._queue.progress_update_sleep_when_free = _PROGRESS_LOOKS
        return self

    async def process_api(self, *args: Any, **named: Any) -> dict[str, Any]:
        """Handle one event.

        Raises:
            gr.Error: it failed; the message is for whoever sent it.
        """
        try:
            return await super().process_api(*args, **named)
        except gr.Error:
            raise
        except Exception as error:
            raise gr.Error(_sentence(error), print_exception=False) from error


def _sentence(error: Exception) -> str:
    """Log it; returns what to say of it."""
    frames = traceback.extract_tb(error.__traceback__)
    if any(Path(frame.filename).is_relative_to(_OURS) for frame in frames[1:]):  # the first is above
        return str(unexpected(error))
    last = frames[-1]
    _log.warning("An event was not understood: %s at %s:%s", type(error).__name__, Path(last.filename).name, last.lineno)
    return NOT_UNDERSTOOD
