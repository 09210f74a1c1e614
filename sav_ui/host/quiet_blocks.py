"""The blocks of the app: they say what fails in few words, send what panels show as it is, and rest while nobody is there.

Gradio itself would look a thousand times a second whether an event waits to be begun, which takes a twentieth of a core day
and night. At every step of an event it would build each of its outputs anew, also those that stay as they are, and keep
a copy of each in the session, for links that show a page to others. And after every event it would sum up the last ten
thousand for a page of figures that the app does not serve.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.blocks import Block
from gradio.state_holder import SessionState

from sav_ui.panels.errors import OTHER_ARGUMENTS
from sav_ui.serving.faults import sentence_of
from sav_ui.serving.unheard import Unheard

__all__ = ["QuietBlocks"]

_LOOKS = 0.01  # seconds between two looks for an event: nobody feels them, and they cost next to nothing
_PROGRESS_LOOKS = 1.0  # for what ``gr.Progress`` reports, which no page of ours uses


class QuietBlocks(gr.Blocks):
    """``gr.Blocks`` that do no more than the pages need."""

    def queue(self, *args: Any, **named: Any) -> QuietBlocks:
        """Have events wait in a queue that rests; see ``gr.Blocks.queue``."""
        super().queue(*args, **named)
        self._queue.sleep_when_free = _LOOKS
        self._queue.progress_update_sleep_when_free = _PROGRESS_LOOKS
        self._queue.ANALYTICS_MAX_EVENTS = 0
        self._queue.pending_messages_per_session = Unheard(self._queue.pending_event_ids_session)  # type: ignore[assignment]
        return self

    async def process_api(self, *args: Any, **named: Any) -> dict[str, Any]:
        """Handle one event.

        Raises:
            gr.Error: it failed, see ``sav_ui.serving.faults``; the message is for whoever sent it.
        """
        try:
            return await super().process_api(*args, **named)
        except gr.Error:
            raise
        except Exception as error:
            raise gr.Error(sentence_of(error), print_exception=False) from error

    def validate_inputs(self, block_fn: BlockFunction, inputs: list[Any]) -> None:
        """Refuse an event that brings less than it must; see ``gr.Blocks.validate_inputs``.

        Raises:
            gr.Error: it is a call of the API, whose caller has no page to reload.
            ValueError: it is one of a page's.
        """
        if block_fn.api_visibility == "public" and len(inputs) < len(block_fn.inputs):
            raise gr.Error(OTHER_ARGUMENTS, print_exception=False)
        super().validate_inputs(block_fn, inputs)

    async def preprocess_data(
        self, block_fn: BlockFunction, inputs: list[Any], state: SessionState | None, explicit_call: bool = False
    ) -> list[Any]:
        """Return what an event brings to each of its inputs, without a copy in the session."""
        found: list[Any] = await super().preprocess_data(block_fn, inputs, state, explicit_call)
        if state is not None:
            for block in block_fn.inputs:
                if not isinstance(block, gr.State):
                    state._update_value_in_config(block._id, None)
        return found

    async def postprocess_data(
        self, block_fn: BlockFunction, predictions: list[Any] | dict[Any, Any], state: SessionState | None
    ) -> list[Any]:
        """Return what an event sends to each of its outputs; values of panels go as they are, for they hold no files."""
        if state is None or not isinstance(predictions, dict) or not _is_of_panels(block_fn.outputs, predictions):
            return await super().postprocess_data(block_fn, predictions, state)
        sent: list[Any] = []
        for output in block_fn.outputs:
            if not isinstance(output, gr.State):
                sent.append(predictions.get(output, gr.skip()))
                continue
            if output in predictions and state[output._id] != predictions[output]:
                state[output._id] = predictions[output]
            sent.append(None)
        return sent


def _is_of_panels(outputs: Sequence[Block], predictions: dict[Any, Any]) -> bool:
    """Whether all that is said is the value of a panel or of a state, and none of it how they look."""
    return (
        predictions.keys() <= set(outputs)
        and all(type(output) in (gr.HTML, gr.State) for output in outputs)
        and not any(isinstance(value, dict) and "__type__" in value for value in predictions.values())
    )
