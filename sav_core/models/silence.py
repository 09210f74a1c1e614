"""Keep transformers and the hub client from writing to the terminal while this library calls them."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from huggingface_hub.utils import logging as hub_logging
from huggingface_hub.utils.tqdm import are_progress_bars_disabled
from transformers.utils import logging as transformers_logging

__all__ = ["silence"]

_lock = threading.Lock()
_open = 0  # what is set and restored belongs to the whole process: the first in sets it, the last out restores it
_before = ExitStack()


@contextmanager
def silence() -> Iterator[None]:
    """While open, no progress bars and no messages below an error; as the caller had them before and after.

    Nobody waits for another in here: a download in one thread may take an hour.
    """
    global _open
    with _lock:
        if not _open:
            _set(_before)
        _open += 1
    try:
        yield
    finally:
        with _lock:
            _open -= 1
            if not _open:
                _before.close()


def _set(before: ExitStack) -> None:
    """Silence everything, and leave with ``before`` how it was."""
    before.enter_context(warnings.catch_warnings())
    warnings.simplefilter("ignore")
    before.callback(transformers_logging.set_verbosity, transformers_logging.get_verbosity())
    before.callback(hub_logging.set_verbosity, hub_logging.get_verbosity())
    transformers_logging.set_verbosity(logging.CRITICAL)
    hub_logging.set_verbosity(logging.CRITICAL)
    if transformers_logging.is_progress_bar_enabled() and not are_progress_bars_disabled():
        before.callback(transformers_logging.enable_progress_bar)
        transformers_logging.disable_progress_bar()
