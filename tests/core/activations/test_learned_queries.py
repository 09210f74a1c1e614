import pytest

import tests.support.further_models
import tests.support.odd_models  # noqa: F401  # both add recipes
from sav_core.activations import learned_queries as module
from sav_core.activations.attention import attention_maps
from sav_core.activations.learned_queries import learned_queries
from sav_core.data.examples import Example
from sav_core.errors import UnsupportedModelError
from sav_core.models.backbones import load_backbone
from tests.support.tiny_models import example_image

RESAMPLERS = {
    "idefics2": "connector.perceiver_resampler.latents",
    "aria": "multi_modal_projector.query",
    "deepseek_ocr2": "vision_tower.query_768_resolution.weight",  # each sees the picture and the queries before it
}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("architecture", RESAMPLERS)
def test_a_resampler_is_known_by_its_queries(tiny_checkpoint, architecture, dtype):
    backbone = load_backbone(tiny_checkpoint(architecture), dtype=dtype)
    before = {name: parameter.clone() for name, parameter in backbone.model.named_parameters()}
    assert learned_queries(backbone) == RESAMPLERS[architecture]
    for name, parameter in backbone.model.named_parameters():
        assert parameter.equal(before[name]), name
    assert not backbone.decoder.layers[0]._forward_pre_hooks


@pytest.mark.parametrize(
    "architecture",
    ["llava", "llava_next", "gemma3", "internvl", "paligemma", "qwen3_vl", "idefics3", "fast_vlm", "granite_docling"],
)
def test_positions_are_no_queries(tiny_backbone, architecture):
    assert learned_queries(tiny_backbone(architecture)) is None


@pytest.mark.parametrize("architecture", RESAMPLERS)
def test_answers_to_queries_are_not_painted_as_places(tiny_backbone, architecture):
    with pytest.raises(
        UnsupportedModelError, match=rf"no places of the picture: .*\({RESAMPLERS[architecture]}\), so what"
    ):
        attention_maps(tiny_backbone(architecture), Example(example_image(), "What is it?"))
    rows = attention_maps(tiny_backbone(architecture), Example((), "What is a cat?")).rows
    assert rows.sum(1) == pytest.approx(1, abs=1e-5)  # words have places


def test_it_is_measured_once(tiny_backbone, monkeypatch):
    backbone = tiny_backbone("llava")
    assert learned_queries(backbone) is None
    monkeypatch.setattr(module, "_asks", lambda *_: pytest.fail("it was measured again"))
    assert learned_queries(backbone) is None


def test_several_versions_of_each_token_are_no_obstacle(tiny_backbone):
    backbone = tiny_backbone("llava_gemma3n_text")
    assert learned_queries(backbone) is None
    assert attention_maps(backbone, Example(example_image(), "What is it?")).pictures[0].shape == (12, 4, 6)
