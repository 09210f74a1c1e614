"""What an event of the page is about: whose session, where models are, and which part of the page says what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sav_core.data.examples import Skipped
from sav_core.errors import SavError
from sav_ui.serving.pool import ModelPool
from sav_ui.session.keeper import Keepers
from sav_ui.session.memory import Memory
from sav_ui.session.session import Session

__all__ = ["Context", "Data"]

Data: TypeAlias = Mapping[str, Any]
"""What the page sent, which may be anything."""


@dataclass(frozen=True)
class Context:
    """What every handler of an event is given, beside what was sent.

    Attributes:
        session: the visitor's.
        models: where models are loaded.
        where: the part of the page where the event came from, and where its sentences are shown.
        keepers: what pages keep in a saved project beside what is taught.
        memory: what there is for what visitors bring.
    """

    session: Session
    models: ModelPool
    where: str
    keepers: Keepers = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)

    def say(self, said: str | SavError, kind: str = "error", *, left_out: Sequence[Skipped] = ()) -> None:
        """Leave one sentence where the visitor is looking, see ``Session.say``."""
        self.session.say(said, kind, where=self.where, left_out=left_out)

    def did(self, words: str, more: str = "", *, shown: bool = True, left_out: Sequence[Skipped] = ()) -> None:
        """Name what was done, which can be undone, see ``Session.did``."""
        self.session.did(words, more, where=self.where, shown=shown, left_out=left_out)
