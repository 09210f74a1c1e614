"""The table of architectures is true: what it calls proven reads pictures, what it calls refused is refused."""

import numpy as np
import pytest
import torch
from transformers import AutoConfig
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

from sav_core.activations.attention import attention_maps
from sav_core.activations.extraction import extract_head_vectors
from sav_core.data.examples import Example
from sav_core.errors import UnsupportedModelError
from sav_core.models import architectures as table
from sav_core.models.architectures import MEASURED, PROVEN, architectures, refusal
from sav_core.models.backbones import load_backbone
from sav_core.models.checkpoints import find_checkpoint
from sav_core.models.decoders import find_decoder, language_model
from sav_core.models.generation import generate_text, label_likelihoods
from sav_core.models.processors import load_processor
from sav_core.models.weights import skeleton
from tests.support.further_models import FURTHER
from tests.support.tiny_models import ARCHITECTURES, example_image

WIDE, TALL, SMALL = example_image(1, (90, 40)), example_image(2, (33, 70)), example_image(3, (32, 32))
EXAMPLES = [
    Example(WIDE, "What is it?"),
    Example([WIDE, TALL], "<image> is one, and <image> is what?"),
    Example((), "Only words, and quite a number of them, so that this is the longest of the texts by far."),
    Example(TALL, ""),
    Example(SMALL, "Small?"),
]
OTHERS = sorted({*FURTHER, "fast_vlm", "vipllava"})  # the first thirteen are tested in every file

ROUNDING = {"gemma4": 1e-4}  # it does not scale its queries down, so that the rounding of its rotary angles shows
RESAMPLED = {"aria", "idefics2"}  # their image tokens are answers to learned queries, which have no place


def standings():
    return {each.name: each for each in architectures()}


def test_every_architecture_that_transformers_lists_stands_there_once():
    found = architectures()
    assert {each.name for each in found} == {*MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES, "pixtral"}
    assert len(found) == len({each.name for each in found})
    order = [each.standing for each in found]
    assert order == sorted(order, key=["proven", "probed", "refused"].index)
    assert set(PROVEN) == {*ARCHITECTURES, *OTHERS}  # what these tests read pictures with, and nothing else


@pytest.mark.parametrize("architecture", OTHERS)
class TestProven:
    def test_a_batch_of_unequal_lengths_equals_one_by_one(self, tiny_backbone, architecture):
        backbone = tiny_backbone(architecture)
        together = extract_head_vectors(backbone, EXAMPLES, cache=None).values
        alone = [extract_head_vectors(backbone, [example], cache=None).values[0] for example in EXAMPLES]
        np.testing.assert_allclose(together, np.stack(alone), atol=ROUNDING.get(architecture, 1e-5), rtol=0)
        assert np.abs(together).max() > 0.1
        assert len({vectors.tobytes() for vectors in alone}) == len(EXAMPLES)

    def test_two_pictures_of_one_size_give_two_vectors(self, tiny_backbone, architecture):
        pair = [Example(example_image(seed, (60, 60)), "What is it?") for seed in (5, 6)]
        first, second = extract_head_vectors(tiny_backbone(architecture), pair, cache=None).values
        assert np.abs(first - second).max() > 1e-3

    def test_it_says_what_its_heads_look_at(self, tiny_backbone, architecture):
        if architecture in RESAMPLED:
            with pytest.raises(UnsupportedModelError, match="no places of the picture"):
                attention_maps(tiny_backbone(architecture), EXAMPLES[1])
            return
        maps = attention_maps(tiny_backbone(architecture), EXAMPLES[1])
        assert len(maps.pictures) == 2
        np.testing.assert_allclose(maps.rows.sum(1), 1, atol=1e-5)
        painted = sum(picture.sum((1, 2)) for picture in maps.pictures)
        assert painted.max() > 0  # a layer with a sliding window may see no picture
        assert (painted <= maps.image_share + 1e-5).all()

    def test_it_answers(self, tiny_backbone, architecture):
        backbone = tiny_backbone(architecture)
        shares = label_likelihoods(backbone, EXAMPLES[1], ["cats", "a bit"])
        other = label_likelihoods(backbone, EXAMPLES[0], ["cats", "a bit"])
        assert sum(shares.values()) == pytest.approx(1)
        assert shares != other
        assert isinstance(generate_text(backbone, EXAMPLES[0], max_new_tokens=2), str)


@pytest.mark.parametrize("architecture", sorted(MEASURED))
def test_what_is_refused_for_its_modules_shows_it_there(architecture):
    empty = skeleton(AutoConfig.for_model(architecture), architecture)
    with pytest.raises(UnsupportedModelError, match=f"^{architecture} cannot serve because"):
        find_decoder(empty, architecture)


def test_a_video_processor_that_is_looked_for_without_end_is_done_without(tiny_checkpoint, monkeypatch):
    monkeypatch.setattr("sav_core.models.processors.is_torchvision_available", lambda: True)
    processor = load_processor(find_checkpoint(tiny_checkpoint("llava_next_video")))
    assert type(processor).__name__ == "LlavaNextVideoProcessor"
    assert (processor.video_processor, processor.image_processor.size) == (None, {"shortest_edge": 32})


def test_a_model_without_a_body_of_its_own_is_read_to_the_end_of_its_decoder(tiny_checkpoint, monkeypatch):
    monkeypatch.setattr(table, "find_spec", lambda _: object())  # of torchvision, for which another processor stands in
    backbone = load_backbone(tiny_checkpoint("llama4"), dtype="float32")
    assert backbone.model.base_model is backbone.model
    vectors = extract_head_vectors(backbone, EXAMPLES, cache=None, hidden=True)
    for example, values, hidden in zip(EXAMPLES, vectors.values, vectors.hidden, strict=True):
        batch = backbone.collate([backbone.encode(example)])
        with torch.inference_mode():
            logits = backbone.model(**batch).logits[0, -1]
        np.testing.assert_allclose(backbone.model.get_output_embeddings()(torch.tensor(hidden)).detach(), logits, atol=1e-4)
        alone = extract_head_vectors(backbone, [example], cache=None).values[0]
        np.testing.assert_allclose(values, alone, atol=1e-5, rtol=0)
    assert not language_model(backbone.model)._forward_hooks


@pytest.mark.parametrize(
    ("architecture", "packages"),
    [("gemma3n", "timm"), ("llama4", "torchvision"), ("perception_lm", "timm and torchvision"), ("molmo2", "torchvision")],
)
def test_a_package_that_is_not_installed_is_named(monkeypatch, architecture, packages):
    monkeypatch.setattr(table, "find_spec", lambda _: None)
    assert refusal(architecture) == f"it needs {packages}: pip install {packages.replace(' and', '')}"
    assert standings()[architecture].standing == "refused"
    monkeypatch.setattr(table, "find_spec", lambda _: object())
    assert refusal(architecture) is None
    assert standings()[architecture].standing == "probed"
