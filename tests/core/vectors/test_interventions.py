"""The laws of reading a prompt once and of intervening at its last token: what must not change does not."""

import numpy as np
import pytest
import torch

from sav_core.activations.hooks import Patch, capture_last_token, inject_last_token, patch_last_token, watch_last_hidden
from sav_core.errors import InterventionError, SettingError
from sav_core.models.generation import generate_text
from sav_core.types import Head
from sav_core.vectors import (
    PromptReader,
    injected,
    zero_shot,
)
from tests.support.relations import ITEMS, SOME, a_vector, encoded, hidden_size, hooks_on
from tests.support.tiny_models import ARCHITECTURES


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_cached_prefix_answers_as_a_whole_prompt_and_takes_an_injection_alike(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    hooks = hooks_on(backbone)
    prompts = encoded(backbone)
    cached, whole = PromptReader(backbone).prefill(prompts), PromptReader(backbone, whole=True).prefill(prompts)
    bare = whole.finish()
    torch.testing.assert_close(cached.finish(), bare, rtol=1e-3, atol=1e-3)
    vector = a_vector(backbone)
    with injected(backbone, vector):
        moved = whole.finish()
    with injected(backbone, vector):
        torch.testing.assert_close(cached.finish(copies=2), moved.repeat(2, 1), rtol=1e-3, atol=1e-3)
    assert (moved - bare).abs().max() > 1e-2
    assert hooks_on(backbone) == hooks


def test_a_prompt_whose_tokens_see_later_ones_is_found_out(tiny_backbone):
    for architecture, whole in (("paligemma", True), ("gemma3", False)):
        backbone = tiny_backbone(architecture)
        assert (PromptReader(backbone).prefill(encoded(backbone)).held_bytes == 0) is whole


def test_a_prefix_outlives_the_reading_of_other_prompts(tiny_backbone):
    backbone = tiny_backbone("qwen2_vl")
    reader = PromptReader(backbone)
    prefix = reader.prefill(encoded(backbone))
    before = prefix.finish()
    reader.prefill(encoded(backbone, demonstrations=1)).finish()
    assert torch.equal(prefix.finish(), before)


@pytest.mark.parametrize("architecture", SOME)
def test_a_head_patched_with_its_own_vector_changes_nothing(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    prefix = PromptReader(backbone).prefill(encoded(backbone))
    with capture_last_token(backbone) as capture:
        bare = prefix.finish()
        own = torch.from_numpy(capture.take()[0])
    heads = [Head(layer, index) for layer in range(backbone.geometry.layers) for index in range(backbone.geometry.heads)]
    with patch_last_token(backbone, [Patch(0, head, own[head.layer, head.index]) for head in heads]):
        assert torch.equal(prefix.finish(), bare)


def test_a_patched_head_changes_its_own_row_and_only_later_layers(tiny_backbone):
    backbone = tiny_backbone("llava")
    prefix = PromptReader(backbone).prefill(encoded(backbone))
    with capture_last_token(backbone) as capture:
        prefix.finish(2)
        before = capture.take()
    values = torch.full((backbone.geometry.dim,), 5.0)
    with capture_last_token(backbone) as capture, patch_last_token(backbone, [Patch(1, Head(1, 2), values)]):
        prefix.finish(2)
        after = capture.take()
    np.testing.assert_array_equal(after[0], before[0])
    np.testing.assert_array_equal(after[1, :2], before[1, :2])  # what is captured is what came before the patch
    assert np.abs(after[1, 2] - before[1, 2]).max() > 1e-3


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_zero_vector_leaves_logits_bit_equal(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    prefix = PromptReader(backbone, whole=True).prefill(encoded(backbone, demonstrations=0))
    bare = prefix.finish()
    with inject_last_token(backbone, 1, torch.zeros(hidden_size(backbone))):
        assert torch.equal(prefix.finish(), bare)


def test_an_injection_changes_its_token_and_layers_from_there_on(tiny_backbone):
    backbone = tiny_backbone("llava")
    batch = backbone.collate(encoded(backbone))
    with watch_last_hidden(backbone) as taken:
        bare = backbone.forward(batch)
        before = taken()
    vector = torch.from_numpy(a_vector(backbone).values)
    with inject_last_token(backbone, 1, vector, 2.0), watch_last_hidden(backbone) as taken:
        moved = backbone.forward(batch)
        after = taken()
    assert torch.equal(moved[:, :-1], bare[:, :-1])
    assert torch.equal(after[:, 0], before[:, 0])
    torch.testing.assert_close(after[0, 1] - before[0, 1], 2 * vector, rtol=1e-4, atol=1e-4)
    assert not torch.equal(after[:, 2], before[:, 2])


def test_an_injection_lasts_through_generation_or_for_the_prompt_alone(tiny_backbone):
    backbone = tiny_backbone("llava")
    vector, batch = a_vector(backbone, layer=2, size=30.0), backbone.collate(encoded(backbone))
    norms = {}
    for forwards in (None, 1):
        with injected(backbone, vector, forwards=forwards), watch_last_hidden(backbone) as taken:
            seen = norms[forwards] = []
            hook = backbone.decoder.layers[2].register_forward_hook(lambda *_: seen.append(taken()[0, 2].norm().item()))  # noqa: B023
            backbone.model.generate(**batch, max_new_tokens=4, min_new_tokens=4, do_sample=False)
            hook.remove()
    assert len(norms[None]) == len(norms[1]) == 4
    assert min(norms[None]) > 100
    assert norms[1][0] == norms[None][0]
    assert max(norms[1][1:]) < 100


def test_generated_text_changes_under_an_injection(tiny_backbone):
    backbone = tiny_backbone("llava")
    example = zero_shot(ITEMS)[0].example
    before = generate_text(backbone, example, max_new_tokens=3)
    with injected(backbone, a_vector(backbone, layer=2, size=30.0)):
        assert generate_text(backbone, example, max_new_tokens=3) != before


def test_an_intervention_that_never_fires_raises_and_none_is_left_after_an_exception(reader):
    backbone = reader.backbone
    hooks = hooks_on(backbone)
    zeros = torch.zeros(hidden_size(backbone))
    with pytest.raises(InterventionError, match="no forward"), inject_last_token(backbone, 0, zeros):
        pass
    head = Patch(0, Head(2, 0), torch.zeros(backbone.geometry.dim))
    with pytest.raises(InterventionError, match=r"layers \[2\]"), patch_last_token(backbone, [head]):
        pass
    for block in (inject_last_token(backbone, 0, zeros), patch_last_token(backbone, [head])):
        with pytest.raises(ZeroDivisionError), block:
            raise ZeroDivisionError
    assert hooks_on(backbone) == hooks


def test_a_head_layer_or_width_that_does_not_exist_is_refused(reader):
    backbone = reader.backbone
    with pytest.raises(SettingError, match=r"L9\.H0"), patch_last_token(backbone, [Patch(0, Head(9, 0), torch.zeros(1))]):
        pass
    with pytest.raises(SettingError, match="between 0 and 2"), inject_last_token(backbone, 3, torch.zeros(32)):
        pass
    with pytest.raises(SettingError, match="has 7 numbers"), inject_last_token(backbone, 0, torch.zeros(7)):
        pass
