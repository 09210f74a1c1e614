"""Whether the examples are of a kind of picture that the embedded model is weak at: a caveat, however many are right."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sav_core.evaluation.unfamiliar import Unfamiliar, read_unfamiliar
from sav_core.settings import settings
from sav_ui.session.fit import Fit
from sav_ui.session.session import Session

__all__ = ["weak_at"]


def weak_at(session: Session, fit: Fit) -> str:
    """The kind, as a noun in the plural; empty where the examples are not of it, and under any other model."""
    weak = None if session.project.model else _stored(Path(settings().model))

    def judge() -> str:
        return weak.kind if weak is not None and weak.holds(fit.read) else ""

    return session.memo("weak at", (fit.read, session.project.model), judge)


@cache
def _stored(folder: Path) -> Unfamiliar | None:
    return read_unfamiliar(folder)
