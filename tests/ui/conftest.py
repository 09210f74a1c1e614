"""A tiny real model on a shelf, and visits of people who have taught it something."""

import pytest

from tests.support.people import shelf_with


@pytest.fixture
def shelf(tiny_backbone):
    """A shelf with a tiny model in the embedded one's place."""
    return shelf_with(tiny_backbone("llava"))
