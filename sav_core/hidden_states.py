"""The model's last hidden state at the last token: the usual embedding, a control beside the heads' vectors."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import repeat

import numpy as np
import numpy.typing as npt
import torch

from sav_core.backbones import Backbone
from sav_core.errors import CancelledError, OutOfMemoryError
from sav_core.lookahead import prepared
from sav_core.records import Cancel, Example, Progress, ProgressCallback

__all__ = ["last_hidden_states"]

_WINDOW = 32


def last_hidden_states(
    backbone: Backbone,
    examples: Sequence[Example],
    *,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> npt.NDArray[np.float32]:
    """Return what the decoder's last layer makes of each example's last token, after the final norm.

    Args:
        backbone: the model.
        examples: what to show it; equal ones are shown once.
        progress: called after every batch.
        cancel: asked between batches; true stops the work.

    Returns:
        ``float32 (example, hidden)``.

    Raises:
        InputError: an example cannot be prepared.
        OutOfMemoryError: a batch does not fit into memory.
        CancelledError: ``cancel`` said so.
    """
    rows: dict[str, list[int]] = {}
    for row, example in enumerate(examples):
        rows.setdefault(backbone.key(example), []).append(row)
    distinct = [examples[same[0]] for same in rows.values()]
    states: list[npt.NDArray[np.float32] | None] = [None] * len(distinct)
    budget, started, first = backbone.budget(), time.perf_counter(), 0
    for window in prepared(backbone.encode, distinct, repeat(_WINDOW)):
        for batch in budget.split(window):
            if cancel is not None and cancel():
                raise CancelledError("Stopped while the last hidden state was read: run again.")
            try:
                hidden = backbone.forward(backbone.collate([window[index] for index in batch]))[:, -1]  # left-padded
            except torch.OutOfMemoryError as error:
                raise OutOfMemoryError(
                    f"{backbone.name} has not memory enough on {backbone.device} for {len(batch)} examples at once: use "
                    "smaller images or a smaller model."
                ) from error
            for index, state in zip(batch, hidden.float().cpu().numpy(), strict=True):
                states[first + index] = state
            if progress is not None:
                progress(Progress(sum(s is not None for s in states), len(distinct), time.perf_counter() - started))
        first += len(window)
    found = [state for state in states if state is not None]
    assert len(found) == len(distinct)
    values = np.zeros((len(examples), found[0].shape[0] if found else 0), dtype=np.float32)
    for same, state in zip(rows.values(), found, strict=True):
        values[same] = state
    return values
