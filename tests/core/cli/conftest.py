"""What the tests of the commands begin with."""

import pytest


@pytest.fixture(scope="module")
def model(tiny_checkpoint):
    """The folder of a tiny model, as a command is given it."""
    return str(tiny_checkpoint("llava"))
