"""Keep transformers and the hub client from writing to the terminal while this library calls them."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub.utils import logging as hub_logging
from huggingface_hub.utils.tqdm import are_progress_bars_disabled
from transformers.utils import logging as transformers_logging

__all__ = ["silence"]

_ONE_AT_A_TIME = threading.RLock()  # what is set and restored belongs to the whole process


@contextmanager
def silence() -> Iterator[None]:
    """While open, no progress bars and no messages below an error; as the caller had them before and after."""
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        verbosity, hub_verbosity = transformers_logging.get_verbosity(), hub_logging.get_verbosity()
        bars = transformers_logging.is_progress_bar_enabled() and not are_progress_bars_disabled()
        transformers_logging.set_verbosity(logging.CRITICAL)
        hub_logging.set_verbosity(logging.CRITICAL)
        if bars:
            transformers_logging.disable_progress_bar()
        try:
            yield
        finally:
            transformers_logging.set_verbosity(verbosity)
            hub_logging.set_verbosity(hub_verbosity)
            if bars:
                transformers_logging.enable_progress_bar()
