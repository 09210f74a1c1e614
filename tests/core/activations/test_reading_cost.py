"""What showing examples will cost: tokens as they are encoded, seconds of a forward that is run once for each model."""

import numpy as np
import pytest

from sav_core.activations import reading_cost
from sav_core.activations.reading_cost import ReadingCosts, reading_costs
from sav_core.data.clips.clip import read_clip
from sav_core.data.examples import Example
from sav_core.types import DETAILS
from sav_ui.limits import CLIPS
from tests.support.clips import gif
from tests.support.tiny_models import example_image

EXAMPLES = [Example(example_image(seed, size), "what?") for seed, size in enumerate([(90, 60), (90, 60), (30, 40)])]


@pytest.mark.parametrize("architecture", ["smolvlm", "qwen2_vl", "internvl"])
def test_tokens_are_those_that_the_model_reads(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    costs = reading_costs(backbone, EXAMPLES)
    for cost in costs.of(EXAMPLES):
        read = [int(backbone.encode(each.with_detail(cost.detail)).image_token_mask.sum()) for each in EXAMPLES]
        assert cost.picture_tokens == pytest.approx(np.mean(read))
        assert cost.seconds > 0
    assert costs.details == tuple(detail for detail, why_not in backbone.details.items() if not why_not)


def test_a_model_without_a_choice_has_the_full_detail_alone_and_says_why(tiny_backbone):
    backbone = tiny_backbone("llava")
    assert reading_costs(backbone, EXAMPLES).details == ("full",)
    assert not backbone.details["full"]
    assert all("has no more sizes" in backbone.details[detail] for detail in DETAILS[1:])


def test_a_model_is_timed_once(tiny_backbone, monkeypatch):
    backbone = tiny_backbone("smolvlm")
    reading_costs(backbone, EXAMPLES)
    monkeypatch.setattr(reading_cost, "forward_to_last_heads", lambda *_: pytest.fail("it ran again"))
    assert reading_costs(backbone, [Example(example_image(7, (50, 20)), "which?")]).details == DETAILS


def test_a_fine_detail_that_would_take_long_is_not_run(tiny_backbone, monkeypatch):
    backbone, lengths = tiny_backbone("idefics3"), []
    monkeypatch.setattr(reading_cost, "_PATIENCE", 0.0)
    monkeypatch.setattr(reading_cost, "_forward_seconds", lambda _, one: lengths.append(one.length) or float(one.length))
    costs = reading_costs(backbone, EXAMPLES[:1])
    assert len(lengths) == 1
    full, _, fast = (backbone.encode(EXAMPLES[0].with_detail(detail)).length for detail in DETAILS)
    assert costs.seconds[0, 0] == full
    assert costs.seconds[0, 2] == fast == lengths[0]


def test_frames_of_a_clip_cost_each(tiny_backbone):
    backbone, clip = tiny_backbone("smolvlm"), read_clip(gif(), CLIPS, "a.gif")
    (cost, *_) = reading_costs(backbone, [Example(clip, "what?")]).of([Example(clip, "what?")])
    still = Example(clip.frames()[0], "what?")
    assert cost.picture_tokens == int(backbone.encode(still).image_token_mask.sum())


def test_a_size_that_was_not_prepared_costs_as_the_nearest():
    costs = ReadingCosts(("full",), (((10, 10),), ((20, 20),)), np.array([[1], [4]]), np.array([[0.1], [0.4]]))
    examples = [Example(example_image(0, (19, 19)), "?"), Example(example_image(0, (10, 10)), "?")]
    assert [each.serve(examples) for each in (costs,)] == [False]
    (found,) = costs.of(examples)
    assert (found.picture_tokens, found.seconds) == (2.5, 0.5)
