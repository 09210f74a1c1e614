"""A model without its language-model head: its own body, or where it has none apart, the model up to its decoder's end."""

from __future__ import annotations

from typing import Any

from torch import nn

from sav_core.errors import InterventionError
from sav_core.models.decoders import language_model

__all__ = ["Body", "find_body"]


class _Reached(Exception):  # noqa: N818  not an error: it ends a forward before its head
    pass


class Body:
    """Runs a model whose body is no module of its own (Llama 4), and ends when its decoder does."""

    def __init__(self, model: Any) -> None:
        self.forward = model.forward  # its parameters are those that the body takes
        self._model = model
        self._decoder: nn.Module = language_model(model)

    def __call__(self, **batch: Any) -> Any:
        """Return what the decoder made, its ``last_hidden_state`` among that."""
        made: list[Any] = []

        def keep(_: nn.Module, __: tuple[Any, ...], output: Any) -> None:
            made.append(output)
            raise _Reached

        handle = self._decoder.register_forward_hook(keep)
        try:
            self._model(**batch)
        except _Reached:
            return made[0]
        finally:
            handle.remove()
        raise InterventionError(
            f"{type(self._model).__name__} was to run its {type(self._decoder).__name__} but never did."
        )


def find_body(model: Any) -> Any:
    """Return the model without its language-model head, to be called as that is."""
    return Body(model) if model.base_model is model else model.base_model
