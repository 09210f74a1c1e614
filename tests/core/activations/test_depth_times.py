"""Seconds until each layer's heads are there: one for each layer, never falling, and no hook is left behind."""

import numpy as np
import pytest

from sav_core.activations.depth_times import time_layers
from sav_core.data.examples import Example
from tests.support.relations import hooks_on
from tests.support.tiny_models import example_image


@pytest.mark.parametrize("architecture", ["llava", "qwen2_vl"])
def test_later_layers_take_longer(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    before = hooks_on(backbone)
    seconds = time_layers(backbone, Example(example_image(0), "what?"))
    assert seconds.shape == (backbone.geometry.layers,)
    assert seconds[0] > 0
    assert (np.diff(seconds) >= 0).all()
    assert hooks_on(backbone) == before
