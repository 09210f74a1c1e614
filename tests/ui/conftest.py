"""A tiny real model on a models, and store of people who have taught it something."""

import pytest

from tests.support.people import pool_with


@pytest.fixture
def models(tiny_backbone):
    """A models with a tiny model in the embedded one's place."""
    return pool_with(tiny_backbone("llava"))
