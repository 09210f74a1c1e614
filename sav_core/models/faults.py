"""What a model raises in its forward -> one sentence; memory that runs out is another matter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from sav_core.errors import UnsupportedModelError, first_line

__all__ = ["one_sentence", "ran_out_of_memory"]

_OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "out of memory")  # in a CPU's plain RuntimeError

# What the code of an architecture raises on shapes that it did not expect: each in its own way.
_UNFIT = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, whatever the device calls that."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in _OUT_OF_MEMORY)


@contextmanager
def one_sentence(name: str, batch: Mapping[str, Tensor]) -> Iterator[None]:
    """While open, what a forward of a batch raises becomes one sentence, unless memory ran out.

    Raises:
        UnsupportedModelError: the forward raised something.
    """
    try:
        yield
    except _UNFIT as error:
        if ran_out_of_memory(error):
            raise
        if isinstance(error, (ValueError, IndexError)):  # transformers counts image tokens, and says so
            raise UnsupportedModelError(f"The processor of {name} does not fit its weights ({error}).") from error
        examples, tokens = batch["input_ids"].shape
        raise UnsupportedModelError(
            f"{name} stopped reading {examples} prompt{'s' * (examples != 1)} of {tokens} tokens ({first_line(error)}): "
            "try a smaller picture or a shorter question, and if that does not help another model."
        ) from error
