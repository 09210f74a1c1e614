"""A tiny real model on a models, and store of people who have taught it something."""

import pytest

from sav_ui.limits import limits
from sav_ui.serving import zerogpu
from tests.support.people import pool_with


@pytest.fixture
def models(tiny_backbone):
    """A models with a tiny model in the embedded one's place."""
    return pool_with(tiny_backbone("llava"))


@pytest.fixture
def lower(monkeypatch):
    """``lower(examples=8)`` has the app's owner set ``SAV_MOST_EXAMPLES``; what was lowered before is as it was."""
    changed = []

    def change(**values):
        for name in changed:
            monkeypatch.delenv(name)
        changed[:] = [f"SAV_{name.upper()}" if name.endswith("_gib") else f"SAV_MOST_{name.upper()}" for name in values]
        for name, value in zip(changed, values.values(), strict=True):
            monkeypatch.setenv(name, str(value))
        limits.cache_clear()

    yield change
    monkeypatch.undo()
    limits.cache_clear()


@pytest.fixture(autouse=True)
def nothing_is_fetched(monkeypatch):
    """Let no test here reach the hub: what is said to be loaded is here."""
    monkeypatch.setattr(zerogpu, "fetch", lambda model, cancel: None)
