from contextlib import ExitStack

import numpy as np
import pytest
import torch
from transformers import AttentionInterface
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

import tests.support.odd_models  # noqa: F401  # adds their recipes
from sav_core.activations import attention, attention_tap
from sav_core.activations.attention import attention_maps, attention_of_reading, last_rows
from sav_core.data.examples import Example
from sav_core.errors import InterventionError, SettingError, UnsupportedModelError
from sav_core.models.generation import likelihoods_and_text
from sav_core.types import Head
from tests.support.tiny_models import ARCHITECTURES, example_image


def example(architecture_seed=1, question="What do you see on this picture?"):
    return Example([example_image(architecture_seed, (90, 40))], question)


def implementations(backbone):
    return {layer.self_attn.config._attn_implementation for layer in backbone.decoder.layers}


def eager_rows(backbone, batch):
    """What transformers itself says of the last token's attention: ``(layer * head, token)``."""
    before = backbone.decoder.layers[0].self_attn.config._attn_implementation
    backbone.model.set_attn_implementation("eager")
    try:
        with torch.inference_mode():
            output = backbone.model.base_model(**batch, output_attentions=True, use_cache=False)
    finally:
        backbone.model.set_attn_implementation(before)
    return np.concatenate([layer[0, :, -1].numpy() for layer in output.attentions])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_rows_are_those_of_eager_attention(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)

    maps = attention_maps(backbone, example())

    expected = eager_rows(backbone, backbone.collate([backbone.encode(example())]))
    assert maps.rows.std(0).max() > 1e-3  # the heads differ, so that a mix-up would show
    np.testing.assert_allclose(maps.rows, expected, atol=1e-5)
    np.testing.assert_allclose(maps.rows.sum(1), 1, atol=1e-5)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_watching_changes_nothing_the_model_computes_and_leaves_nothing_behind(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    batch = backbone.collate([backbone.encode(example())])
    before, settings = backbone.forward(batch), implementations(backbone)
    with last_rows(backbone, set(range(backbone.geometry.layers))):
        during = backbone.forward(batch)
    assert torch.equal(before, during)
    assert torch.equal(before, backbone.forward(batch))
    assert implementations(backbone) == settings == {"sdpa"}
    assert not attention_tap._TAPS


@pytest.mark.parametrize("architecture", ["llava", "qwen2_vl", "gemma3"])
def test_it_is_of_the_prompt_where_the_model_writes_on(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    encoded, written = backbone.encode(example()), []

    def read():
        written.append(likelihoods_and_text(backbone, example(), ["a", "b c"], max_new_tokens=4, encoded=encoded))

    maps = attention_of_reading(backbone, example(), encoded, read)
    np.testing.assert_allclose(maps.rows, attention_maps(backbone, example()).rows, atol=1e-5)
    assert written == [likelihoods_and_text(backbone, example(), ["a", "b c"], max_new_tokens=4)]


@pytest.mark.parametrize("architecture", ["llava", "gemma3"])
def test_a_backbone_that_computes_eagerly_is_watched_just_so(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    usual = attention_maps(backbone, example())
    backbone.model.set_attn_implementation("eager")
    try:
        eager = attention_maps(backbone, example())
        assert implementations(backbone) == {"eager"}
    finally:
        backbone.model.set_attn_implementation("sdpa")
    np.testing.assert_allclose(eager.rows, usual.rows, atol=1e-5)


@pytest.mark.parametrize("architecture", ["llava", "qwen2_vl", "gemma3"])
def test_padding_on_the_left_is_not_attended_to(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    short, long = backbone.encode(example()), backbone.encode(example(2, "What do you see, and why is it so very long?"))
    with last_rows(backbone, {0, 2}) as recorded:
        backbone.forward(backbone.collate([short]))
        alone = dict(recorded())
        backbone.forward(backbone.collate([short, long]))
        together = recorded()
    padding = long.length - short.length
    assert padding > 0
    for layer in (0, 2):
        assert (together[layer][0, :, :padding] == 0).all()
        np.testing.assert_allclose(together[layer][0, :, padding:], alone[layer][0], atol=1e-5)


def test_layers_with_a_sliding_window_see_no_further(tiny_backbone):
    rows = attention_maps(tiny_backbone("gemma3"), example()).rows.reshape(3, 4, -1)  # (layer, head, token)
    assert (rows[[0, 2], :, :-16] == 0).all()
    assert (rows[[0, 2], :, -16:] > 0).all()
    assert (rows[1] > 0).all()


@pytest.mark.parametrize("architecture", ["llava", "smolvlm", "qwen3_vl", "mistral3"])
def test_the_cells_of_a_picture_hold_the_attention_on_it(tiny_backbone, architecture):
    maps = attention_maps(tiny_backbone(architecture), example())
    np.testing.assert_allclose(maps.pictures[0].sum((1, 2)), maps.image_share, atol=1e-5)
    assert (maps.image_share > 0).all()
    assert (maps.image_share < 1).all()


def test_sinks_take_their_share_of_the_rows(tiny_backbone):
    backbone = tiny_backbone("llava_gpt_oss")
    with torch.no_grad():
        for layer in backbone.decoder.layers:
            layer.self_attn.sinks.copy_(torch.tensor([-9.0, 0.0, 1.0, 3.0]))
    maps = attention_maps(backbone, example())
    np.testing.assert_allclose(maps.rows, eager_rows(backbone, backbone.collate([backbone.encode(example())])), atol=1e-5)
    sums = maps.rows.sum(1).reshape(3, 4)
    np.testing.assert_allclose(sums[:, 0], 1, atol=1e-3)
    assert (sums[:, 1:] < 0.999).all()
    np.testing.assert_allclose(maps.pictures[0].sum((1, 2)), maps.image_share, atol=1e-5)


def test_tokens_that_sparse_attention_leaves_out_have_no_weight(tiny_backbone):
    backbone = tiny_backbone("llava_deepseek_v32")
    batch = backbone.collate([backbone.encode(example())])
    before = backbone.forward(batch)
    with last_rows(backbone, {0, 1, 2}) as recorded:
        assert torch.equal(backbone.forward(batch), before)
    for rows in recorded().values():
        assert ((rows > 0).sum(-1) == 16).all()  # index_topk
        np.testing.assert_allclose(rows.sum(-1), 1, atol=1e-5)


def test_weights_that_are_not_the_layers_own_are_not_shown(tiny_backbone, monkeypatch):
    backbone = tiny_backbone("llava_gpt_oss")
    monkeypatch.setattr(backbone.decoder.layers[1].self_attn, "sinks", torch.nn.Parameter(torch.full((4,), 2.0)))
    row = attention._last_row
    monkeypatch.setattr(attention, "_last_row", lambda *given, s_aux, **options: row(*given, **options))
    with pytest.raises(
        UnsupportedModelError, match=r"cannot be shown: in layers \[1\] the weights that follow from queries"
    ):
        attention_maps(backbone, example(), [Head(1, 0)])


def test_two_models_may_be_watched_at_once(tiny_backbone):
    one, other = tiny_backbone("llava"), tiny_backbone("qwen2_vl")
    inputs = {each: each.collate([each.encode(example())]) for each in (one, other)}
    with ExitStack() as first:
        rows = first.enter_context(last_rows(one, {0}))
        with last_rows(other, {1}) as other_rows:
            one.forward(inputs[one])
            other.forward(inputs[other])
        assert set(other_rows()) == {1}
        one.forward(inputs[one])
        assert set(rows()) == {0}
    for each in (one, other):
        with pytest.raises(InterventionError), last_rows(each, {0}) as nothing:
            nothing()
    assert ALL_ATTENTION_FUNCTIONS["sdpa"] is AttentionInterface._global_mapping["sdpa"]
    assert not isinstance(ALL_ATTENTION_FUNCTIONS["sdpa"], attention_tap._Asks)


def test_heads_come_in_the_order_asked_for(tiny_backbone):
    backbone = tiny_backbone("llava")
    every = attention_maps(backbone, example())
    some = attention_maps(backbone, example(), [Head(2, 3), Head(0, 1)])
    assert some.heads == (Head(2, 3), Head(0, 1))
    np.testing.assert_array_equal(some.rows, every.rows[[11, 1]])
    np.testing.assert_array_equal(some.pictures[0], every.pictures[0][[11, 1]])
    assert repr(some) == f"AttentionMaps(2 heads over {some.rows.shape[1]} tokens, pictures [4 x 9])"


def test_an_example_of_text_alone_has_no_pictures(tiny_backbone):
    maps = attention_maps(tiny_backbone("llava"), Example((), "What is the colour of grass?"))
    assert maps.pictures == ()
    assert (maps.image_share == 0).all()
    np.testing.assert_allclose(maps.rows.sum(1), 1, atol=1e-5)


def test_heads_that_do_not_exist_are_named(tiny_backbone):
    with pytest.raises(SettingError, match=r"L3\.H0 does not exist: .* 3 layers x 4 heads"):
        attention_maps(tiny_backbone("llava"), example(), [Head(3, 0)])
    with pytest.raises(SettingError, match="one head or more"):
        attention_maps(tiny_backbone("llava"), example(), [])


def test_a_layer_that_never_ran_is_an_error(tiny_backbone, monkeypatch):
    backbone = tiny_backbone("llava")
    layer = backbone.decoder.layers[1]
    monkeypatch.setattr(layer, "forward", lambda hidden, **_: hidden)
    with pytest.raises(InterventionError, match=r"layers \[1\] .* never ran"):
        attention_maps(backbone, example(), [Head(0, 0), Head(1, 0)])


def test_everything_is_put_back_after_an_exception(tiny_backbone, monkeypatch):
    backbone = tiny_backbone("qwen2_vl")

    def fail(*_, **__):
        raise RuntimeError("half-way")

    with monkeypatch.context() as patch:
        patch.setattr(backbone.decoder.layers[1].mlp, "forward", fail)
        with pytest.raises(UnsupportedModelError, match=r"stopped reading 1 prompt of \d+ tokens \(half-way\): try a"):
            attention_maps(backbone, example())
    assert implementations(backbone) == {"sdpa"}
    assert not attention_tap._TAPS
    assert backbone.lock.acquire(blocking=False)
    backbone.lock.release()


@pytest.mark.parametrize("kind", ["none", "seen", "added", "unpadded", "window"])
@pytest.mark.parametrize("softcap", [None, 2.0])
@pytest.mark.parametrize("sinks", [None, torch.arange(6.0)])
def test_a_row_is_the_formula(kind, softcap, sinks):
    torch.manual_seed(0)
    query, key = torch.randn(2, 6, 5, 3), torch.randn(2, 2, 5, 3)  # three heads share a key head
    seen = torch.tensor([[False, True, True, True, True], [True, True, False, True, True]])
    four = seen[:, None, None].expand(2, 1, 5, 5)
    mask, window = {
        "none": (None, None),
        "seen": (four, None),
        "added": (torch.where(four, 0.0, torch.finfo(torch.float32).min), None),
        "unpadded": (seen.long(), None),
        "window": (None, 2),
    }[kind]

    row = attention._last_row(query, key, mask, scaling=0.7, softcap=softcap, sliding_window=window, s_aux=sinks)

    for example_, head in np.ndindex(2, 6):
        scores = [0.7 * float(query[example_, head, -1] @ key[example_, head // 3, token]) for token in range(5)]
        if softcap:
            scores = [softcap * np.tanh(score / softcap) for score in scores]
        visible = [True] * 5 if mask is None else seen[example_].tolist()
        if window:
            visible = [False] * 3 + [True] * 2
        weights = [np.exp(score) * sees for score, sees in zip(scores, visible, strict=True)]
        whole = sum(weights) + (0 if sinks is None else np.exp(float(sinks[head])))
        np.testing.assert_allclose(row[example_, head], np.array(weights) / whole, atol=1e-6)
