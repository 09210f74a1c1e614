"""Shares in words."""

import numpy as np
import pytest

from sav_ui.panels.wording import percent


@pytest.mark.parametrize(("share", "words"), [(0.0, "0 %"), (np.float32(0.55), "55 %"), (1.0, "100 %")])
def test_a_share_is_written_with_a_space(share, words):
    assert percent(share) == words
