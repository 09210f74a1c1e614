"""Scores of labels with heads switched off, against one plain forward for each label and set of heads."""

from contextlib import contextmanager

import numpy as np
import pytest
import torch

from sav_core.activations.hooks import replace_heads
from sav_core.causes.label_scores import label_scores
from sav_core.causes.stand_ins import StandIns, stand_ins
from sav_core.causes.ways import KnockOut
from sav_core.data.examples import Example
from sav_core.errors import CancelledError, InterventionError, SettingError
from sav_core.models.generation import label_likelihoods
from sav_core.models.seen_once import pictures_seen_once
from sav_core.types import Head
from tests.support.relations import edited, hooks_on
from tests.support.tiny_models import example_image

# Plain, positions on the side, features between layers, sliding windows, no causality, tiles, another tower.
SOME = ("llava", "qwen2_vl", "qwen3_vl", "gemma3", "paligemma", "smolvlm", "fast_vlm")
LABELS = ["cats", "a", "bb"]
QUERIES = [
    Example(example_image(1, (90, 40)), "What is it?"),
    Example([example_image(2), example_image(3, (33, 70))], "<image> and then <image> what?"),
    Example(example_image(4, (90, 40)), "What is it?"),
    Example((), "Only words."),
]
SUPPORT = [Example(example_image(seed), "What?", "ab"[seed % 2]) for seed in (5, 6, 7)]


def off_sets(backbone, *sets):
    """``bool (set, layer, head)``."""
    off = np.zeros((len(sets), *backbone.geometry.shape[:2]), dtype=bool)
    for row, heads in enumerate(sets):
        for head in heads:
            off[row, head.layer, head.index] = True
    return off


@contextmanager
def overwritten(backbone, off, values, positions):
    """What ``replace_heads`` does, for one row and written as plainly as can be."""

    def hook(layer, width):
        def before(_, given):
            changed = given[0].clone()
            for head in np.flatnonzero(off[layer]):
                for position in positions:
                    own = values[position] if values.ndim == 4 else values
                    changed[0, position, head * width : (head + 1) * width] = torch.from_numpy(own[layer, head, :width])
            return (changed,)

        return before

    decoder = backbone.decoder
    handles = [
        module.register_forward_pre_hook(hook(layer, width))
        for layer, (module, width) in enumerate(zip(decoder.projections, decoder.dims, strict=True))
    ]
    yield
    for handle in handles:
        handle.remove()


def naive(backbone, example, label, off, values, *, every):
    """The log-likelihood of a label by one forward over prompt and label together."""
    answer = torch.tensor([backbone.answer_ids(example, label)])
    encoded = backbone.encode(example)
    batch = backbone.collate([encoded])
    more = {"input_ids": answer, "attention_mask": torch.ones_like(answer)}
    if type(backbone.processor).__name__ == "PaliGemmaProcessor":
        more["token_type_ids"] = torch.ones_like(answer)
    for name in encoded.tokens:
        batch[name] = torch.cat([batch[name], more.get(name, torch.zeros_like(answer))], dim=1)
    length = encoded.length
    positions = range(length + answer.shape[1]) if every else [length - 1]
    with torch.inference_mode(), overwritten(backbone, off, values, positions):
        follows = backbone.model(**batch).logits[0, length - 1 : -1].log_softmax(-1)
    return follows.gather(1, answer.T).sum().item()


@pytest.mark.parametrize("architecture", SOME)
@pytest.mark.parametrize("tokens", ["last", "every"])
def test_scores_equal_one_forward_for_each_label(tiny_backbone, architecture, tokens):
    backbone = tiny_backbone(architecture)
    hooks = hooks_on(backbone)
    off = off_sets(backbone, [], [Head(0, 1), Head(2, 3)], backbone.geometry.every_head())
    instead = stand_ins(backbone, QUERIES, KnockOut("mean", tokens), SUPPORT)
    found = label_scores(backbone, QUERIES, LABELS, off, instead, tokens)
    assert found.shape == (3, len(QUERIES), len(LABELS))
    assert hooks_on(backbone) == hooks
    row, every = 1, tokens == "every"
    own = instead.in_answer([row])[0, 0]
    expected = [[naive(backbone, QUERIES[row], label, each, own, every=every) for label in LABELS] for each in off[1:]]
    np.testing.assert_allclose(found[1:, row], expected, rtol=1e-3, atol=2e-3)
    assert np.abs(found[1:] - found[0]).max(-1).min() > 1e-3
    shares = list(label_likelihoods(backbone, QUERIES[row], LABELS).values())  # which has a test of its own
    np.testing.assert_allclose(np.exp(found[0, row]) / np.exp(found[0, row]).sum(), shares, rtol=1e-3)


@pytest.mark.parametrize("tokens", ["last", "every"])
def test_nothing_switched_off_is_bit_equal_to_no_hook_at_all(tiny_backbone, monkeypatch, tokens):
    backbone = tiny_backbone("llava")
    instead = stand_ins(backbone, QUERIES, KnockOut("zero", tokens))
    none = off_sets(backbone, [])
    found = label_scores(backbone, QUERIES, LABELS, none, instead, tokens)

    @contextmanager
    def no_hook(*_, **__):
        yield

    monkeypatch.setattr("sav_core.causes.label_scores.replace_heads", no_hook)
    np.testing.assert_array_equal(found, label_scores(backbone, QUERIES, LABELS, none, instead, tokens))


def test_queries_of_several_lengths_and_sets_in_one_call_score_as_each_alone(tiny_backbone):
    backbone = tiny_backbone("gemma3")
    off = off_sets(backbone, [], [Head(1, 0)], [Head(1, 0), Head(2, 2), Head(2, 3)])
    instead = StandIns(np.zeros((len(QUERIES), *backbone.geometry.shape), dtype=np.float32))
    together = label_scores(backbone, QUERIES, LABELS, off, instead)
    for row, query in enumerate(QUERIES):
        for number in range(3):
            alone = label_scores(backbone, [query], LABELS, off[number : number + 1], instead)
            np.testing.assert_allclose(together[number, row], alone[0, 0], rtol=1e-4, atol=1e-4)


def test_other_examples_at_every_token_are_aligned_at_the_end(tiny_backbone):
    backbone = tiny_backbone("llava")
    twin = Example(example_image(9, (90, 40)), QUERIES[0].question)  # as long as the query
    instead = stand_ins(backbone, QUERIES[:1], KnockOut("resample", "every"), [twin])
    every = off_sets(backbone, backbone.geometry.every_head())
    found = label_scores(backbone, QUERIES[:1], ["a", "b"], every, instead, "every")
    # With all that heads say from another picture, the answer is that picture's, as far as only they bring it.
    tokens = instead.in_prompt([0], backbone.encode(QUERIES[0]).length)[0]
    extended = np.concatenate([tokens, np.repeat(instead.values, 3, axis=0)])  # the answer's tokens say the last
    expected = [naive(backbone, QUERIES[0], label, every[0], extended, every=True) for label in ("a", "b")]
    np.testing.assert_allclose(found[0, 0], expected, rtol=1e-3, atol=1e-3)
    shorter = stand_ins(backbone, QUERIES[:1], KnockOut("resample", "every"), SUPPORT[:1])
    long = shorter.in_prompt([0], backbone.encode(SUPPORT[0]).length + 2)[0]
    np.testing.assert_array_equal(long[0], long[2])  # the first token stands for those before it
    np.testing.assert_allclose(long[-1], shorter.values[0], rtol=1e-4, atol=1e-5)


def test_a_mean_leaves_the_query_itself_out_and_weighs_every_token_alike(tiny_backbone):
    backbone = tiny_backbone("qwen2_vl")
    alone = {
        tokens: [stand_ins(backbone, QUERIES[:1], KnockOut("mean", tokens), [one]).values[0] for one in SUPPORT]
        for tokens in ("last", "every")
    }
    mixed = stand_ins(backbone, [QUERIES[0], SUPPORT[1]], KnockOut("mean"), SUPPORT).values
    np.testing.assert_allclose(mixed[0], np.mean(alone["last"], axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(mixed[1], np.mean([alone["last"][0], alone["last"][2]], axis=0), rtol=1e-5, atol=1e-6)
    lengths = [backbone.encode(one).length for one in SUPPORT]
    every = stand_ins(backbone, QUERIES[:1], KnockOut("mean", "every"), SUPPORT).values[0]
    np.testing.assert_allclose(every, np.average(alone["every"], axis=0, weights=lengths), rtol=1e-4, atol=1e-5)


def test_a_query_without_others_in_the_support_is_refused_but_for_zero(tiny_backbone):
    backbone = tiny_backbone("llava")
    for support in ([], SUPPORT[:1]):
        for way in ("mean", "resample"):
            with pytest.raises(SettingError, match="finds none in a support of"):
                stand_ins(backbone, SUPPORT[:1], KnockOut(way), support)
    assert not stand_ins(backbone, SUPPORT[:1], KnockOut("zero")).values.any()
    with pytest.raises(SettingError, match="replaced_by must be one of mean, zero, resample"):
        KnockOut("median")


def test_pictures_are_seen_once_and_change_nothing(tiny_backbone, monkeypatch):
    for architecture in ("llava", "qwen3_vl", "smolvlm"):
        backbone = tiny_backbone(architecture)
        body, batch = backbone.model.base_model, backbone.collate([backbone.encode(QUERIES[0])])
        other = backbone.collate([backbone.encode(QUERIES[2])])
        bare, else_ = backbone.forward(batch), backbone.forward(other)
        seen, see = [], body.get_image_features
        monkeypatch.setattr(body, "get_image_features", lambda *a, **k: seen.append(1) or see(*a, **k))  # noqa: B023
        with pictures_seen_once(backbone):
            for _ in range(3):
                assert torch.equal(backbone.forward(batch), bare)
            assert torch.equal(backbone.forward(other), else_)
        monkeypatch.undo()
        assert len(seen) == 2, architecture
        assert torch.equal(backbone.forward(batch), bare)
        assert "get_image_features" not in vars(body)


def test_heads_that_never_ran_raise_and_hooks_go(tiny_backbone, monkeypatch):
    backbone = edited(tiny_backbone("llava"), lambda decoder: None)
    off, zero = off_sets(backbone, [Head(1, 1)]), np.zeros((1, 1, *backbone.geometry.shape), dtype=np.float32)
    with pytest.raises(InterventionError, match=r"layers \[1\]"), replace_heads(backbone, off, zero):
        pass
    attention = backbone.decoder.layers[1].self_attn
    monkeypatch.setattr(attention.o_proj, "forward", None)
    monkeypatch.setattr(type(attention.o_proj), "__call__", lambda self, given: given[..., : self.out_features])
    with pytest.raises(InterventionError):
        label_scores(backbone, QUERIES[:1], LABELS, off, StandIns(zero[:, 0]))


def test_it_stops_when_asked_and_tells_how_far_it_is(tiny_backbone):
    backbone, told = tiny_backbone("llava"), []
    off = off_sets(backbone, [], [Head(0, 0)])
    instead = stand_ins(backbone, QUERIES, KnockOut("zero"))
    label_scores(backbone, QUERIES, LABELS, off, instead, progress=told.append)
    assert [told[-1].done, told[-1].total] == [2 * len(QUERIES)] * 2
    with pytest.raises(CancelledError):
        label_scores(backbone, QUERIES, LABELS, off, instead, cancel=lambda: True)
    for queries, labels in (([], LABELS), (QUERIES, []), (QUERIES, ["a", " "])):
        with pytest.raises(SettingError, match="one or more"):
            label_scores(backbone, queries, labels, off, instead)
