"""A beginning that is read once changes no vector and no answer; a model that cannot have that reads prompts whole."""

import numpy as np
import pytest
import torch

from sav_core.activations import prefixes, window_reader
from sav_core.activations.extraction import extract_head_vectors
from sav_core.activations.prefixes import Beginning, Shares, first_tokens, rest_after, shared_tokens
from sav_core.data.examples import Example
from sav_core.models.generation import label_likelihoods
from sav_core.reports.few_shot_prompt import before_queries, in_context
from tests.support.tiny_models import ARCHITECTURES, example_image

QUESTIONS = ("What is this?", "What is that?", "What is this one?")
LABELS = ("a cat", "the dog there", "bird")


def about(picture, questions=QUESTIONS):
    return [Example(example_image(picture), question) for question in questions]


@pytest.fixture
def made(monkeypatch):
    """How many prompts began in each beginning that was read; nothing is known of any model."""
    rows, prefix = [], window_reader.Prefix

    def counted(backbone, starts, *run):
        rows.append(len(starts))
        return prefix(backbone, starts, *run)

    monkeypatch.setattr(window_reader, "Prefix", counted)
    monkeypatch.setattr(prefixes, "_known", type(prefixes._known)())
    return rows


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_questions_of_one_picture_have_the_vectors_that_each_has_alone(tiny_backbone, architecture, made):
    backbone, examples = tiny_backbone(architecture), [*about(1), *about(2), Example(example_image(3), "What?")]
    together = extract_head_vectors(backbone, examples, cache=None).values
    assert made, "nothing was read once"
    apart = np.concatenate([extract_head_vectors(backbone, [each], cache=None).values for each in examples])
    assert abs(together - apart).max() <= 1e-3 * abs(apart).max()
    assert bool(Shares(backbone).why_not) is (architecture == "paligemma")


def test_it_ends_as_early_and_keeps_hidden_states_as_without(tiny_backbone, made):
    backbone, examples = tiny_backbone("qwen2_vl"), about(1)
    early = extract_head_vectors(backbone, examples, cache=None, depth=2)
    whole = extract_head_vectors(backbone, examples, cache=None, hidden=True)
    alone = [extract_head_vectors(backbone, [each], cache=None, hidden=True) for each in examples]
    assert len(made) == 2
    np.testing.assert_allclose(early.values, whole.values[:, :2], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(whole.hidden, np.concatenate([each.hidden for each in alone]), rtol=1e-3, atol=1e-3)


def test_pictures_asked_alike_share_a_batch(tiny_backbone, made):
    extract_head_vectors(tiny_backbone("llava"), [*about(1), *about(2)], cache=None)
    assert made == [2]


def test_a_model_that_cannot_read_on_is_asked_once(tiny_backbone, made):
    backbone = tiny_backbone("paligemma")
    for _ in range(2):
        extract_head_vectors(backbone, about(1), cache=None)
    assert len(made) == 1
    assert "read in two parts" in Shares(backbone).why_not


@pytest.mark.parametrize(
    ("architecture", "refused"), [("llava", ""), ("smolvlm", ""), ("internvl", ""), ("qwen2_vl", "where a picture lies")]
)
def test_queries_after_the_same_demonstrations_are_answered_as_without(tiny_backbone, architecture, refused, made):
    backbone = tiny_backbone(architecture)
    shown = [Example(example_image(seed), "What is it?", LABELS[seed]) for seed in range(2)]
    beginning = Beginning(backbone, backbone.encode(before_queries(shown)))
    for seed in (5, 6):
        asked = in_context(shown, Example(example_image(seed), "What is it?"))
        encoded = backbone.encode(asked)
        found = label_likelihoods(backbone, asked, LABELS, encoded=encoded, read=lambda e=encoded: beginning.next_token(e))
        expected = label_likelihoods(backbone, asked, LABELS)
        assert found == pytest.approx(expected, rel=1e-3)
    shares = Shares(backbone, pictures=True)
    assert shares.tried
    assert refused in shares.why_not
    assert bool(shares.why_not) is bool(refused)


def test_what_is_shared_holds_all_pictures_and_leaves_something_to_read(tiny_backbone):
    backbone = tiny_backbone("llava")
    one, other, long = (backbone.encode(each) for each in about(1))
    shared = shared_tokens([one, other, long])
    assert 0 < shared < one.length
    assert not one.image_token_mask[shared:].any()
    assert shared_tokens([one, one]) == one.length - 1
    text_first = [backbone.encode(Example(example_image(1), f"{word} <image>")) for word in ("This?", "That?")]
    assert shared_tokens(text_first) == 0


def test_the_rest_has_its_own_pictures_and_another_beginning_has_none(tiny_backbone):
    backbone = tiny_backbone("smolvlm")  # whose pictures lie along the second axis
    shown = [Example(example_image(0), "What?", "a")]
    start, whole = (
        backbone.encode(each) for each in (before_queries(shown), in_context(shown, Example(example_image(1), "What?")))
    )
    count = int((start.tokens["input_ids"][0] == whole.tokens["input_ids"][0, : start.length]).long().cumprod(0).sum())
    rest = rest_after(first_tokens(start, count), whole)
    own = backbone.encode(Example(example_image(1), "What?"))
    assert torch.equal(rest.images["pixel_values"], own.images["pixel_values"])
    assert rest.length + count == whole.length
    other = backbone.encode(in_context([Example(example_image(9), "What?", "a")], Example(example_image(1), "What?")))
    assert rest_after(first_tokens(start, count), other) is None
