"""Ablation and patching on a model with one head that alone drives the answer, and what is said of the findings."""

import numpy as np
import pytest

from sav_core.activations.extraction import extract_head_vectors
from sav_core.causes import (
    KnockOut,
    ablate,
    answer_without,
    choose_heads,
    knocked_out,
    lost_by_each,
    patch_pictures,
)
from sav_core.causes.ablation import Ablation
from sav_core.causes.label_scores import label_scores
from sav_core.causes.stand_ins import stand_ins
from sav_core.data.examples import Example
from sav_core.errors import InputError, InterventionError, SettingError
from sav_core.models.generation import generate_text
from sav_core.types import Geometry, Head, HeadVectors
from tests.support.relations import edited
from tests.support.tiny_models import example_image

GEOMETRY = Geometry(3, 4, 8)
PLANTED = Head(1, 2)
ALPHABET = "abcdefghijklmnop"


def only_planted(decoder):
    """Leave one head's columns in one o_proj, and make them speak up."""
    for layer, projection in enumerate(decoder.projections):
        kept = projection.weight[:, 16:24].clone()
        projection.weight.zero_()
        if layer == PLANTED.layer:
            projection.weight[:, 16:24] = 20 * kept


@pytest.fixture(scope="module")
def planted(tiny_backbone):
    """The model, queries whose labels are its own answers, and those answers' labels."""
    backbone = edited(tiny_backbone("qwen2_vl"), only_planted)  # to which a letter is one token
    backbone.fingerprint += "-planted"  # its vectors are others than those in the cache
    pictures = [Example(example_image(seed, (64, 64)), "Which?") for seed in range(16)]
    none = np.zeros((1, *backbone.geometry.shape[:2]), dtype=bool)
    scores = label_scores(backbone, pictures, ALPHABET, none, stand_ins(backbone, pictures, KnockOut("zero")))[0]
    # The two letters that part the pictures most evenly.
    counts = {(a, b): (scores[:, a] > scores[:, b]).sum() for a in range(16) for b in range(a)}
    a, b = min(counts, key=lambda pair: abs(counts[pair] - 8))
    labels = [ALPHABET[b], ALPHABET[a]]
    queries = [each.with_label(labels[int(more)]) for each, more in zip(pictures, scores[:, a] > scores[:, b], strict=True)]
    assert backbone.geometry == GEOMETRY
    assert 4 <= counts[a, b] <= 12
    return backbone, queries, labels


@pytest.mark.parametrize("how", [KnockOut(), KnockOut("zero"), KnockOut("resample"), KnockOut("mean", "every")], ids=str)
def test_the_head_that_alone_drives_the_answer_is_found_to_be_used(planted, how):
    backbone, queries, labels = planted
    heads = choose_heads([PLANTED], GEOMETRY, GEOMETRY.every_head())
    found = ablate(backbone, heads, queries, labels, support=queries, how=how)
    assert found.outcome("nothing").accuracy == 1
    assert found.outcome("kept").accuracy < 1
    for condition in ("random", "worst", "all_but_kept"):  # their columns are zero
        np.testing.assert_allclose(
            found.log_likelihood(condition),
            found.log_likelihood("nothing").repeat(len(heads.sets[condition]), axis=0),
            atol=1e-4,
        )
        assert found.lost(condition).accuracy.difference == 0
    if how.replaced_by == "zero":  # then nothing of a picture is left at the last token
        assert np.ptp(found.scores[1], axis=0).max() < 1e-4
    if how == KnockOut():
        assert found.lost("kept").log_likelihood.difference > 0
        assert found.random_as_harmful == 0
        assert found.against_random.log_likelihood.p < 0.05
        assert found.finding == "used"


def test_another_pictures_head_brings_that_pictures_answer(planted):
    backbone, queries, labels = planted
    found = patch_pictures(backbone, choose_heads([PLANTED], GEOMETRY), queries, labels)
    assert set(found.truth + found.other) == {1}
    before = found.scores[found.heads.rows["nothing"]][0]
    for condition in ("kept", "every"):
        after = found.scores[found.heads.rows[condition]][0]
        np.testing.assert_allclose(after, before[found.donors], atol=1e-3)
        assert (found.outcome(condition).follows, found.outcome(condition).stays) == (1, 0)
    assert found.outcome("random").follows == 0
    assert found.outcome("nothing").shift == 0
    assert found.outcome("kept").shift > 0
    assert found.against_random.p < 0.01


def test_what_cannot_be_asked_is_refused(planted):
    backbone, queries, labels = planted
    heads = choose_heads([PLANTED], GEOMETRY)
    with pytest.raises(InputError, match="has none"):
        ablate(backbone, heads, [queries[0].with_label(None)], labels, support=queries)
    with pytest.raises(InputError, match="was not taught"):
        ablate(backbone, heads, queries, ["other"], support=queries)
    with pytest.raises(SettingError, match="a query finds none"):
        ablate(backbone, heads, queries, labels)
    with pytest.raises(SettingError, match="all 1 queries have one"):
        patch_pictures(backbone, heads, queries[:1], labels)
    with pytest.raises(InterventionError), knocked_out(backbone, [PLANTED], None):
        pass
    with pytest.raises(SettingError, match=r"L7\.H0"), knocked_out(backbone, [Head(7, 0)], None):
        pass


def test_one_example_and_one_label_can_be_asked_and_show_nothing(planted):
    backbone, queries, _ = planted
    one = ablate(
        backbone, choose_heads([PLANTED], GEOMETRY, draws=2), queries[:1], [queries[0].label], how=KnockOut("zero")
    )
    assert one.outcome("kept").accuracy == 1
    assert one.lost("kept").log_likelihood.p == 1
    assert one.finding == "nothing to lose"


def test_words_change_without_the_heads_and_are_the_models_own_after(tiny_backbone):
    backbone = tiny_backbone("llava")
    example = Example(example_image(3), "Which?")
    before = generate_text(backbone, example, max_new_tokens=4)
    support = HeadVectors(np.full((2, *backbone.geometry.shape), 4.0, dtype=np.float32), ("a", "b"), ("1", "2"), (0, 1), 2)
    with knocked_out(backbone, backbone.geometry.every_head(), support):
        assert generate_text(backbone, example, max_new_tokens=4) != before
    assert generate_text(backbone, example, max_new_tokens=4) == before
    with pytest.raises(SettingError, match="vectors of every layer"), knocked_out(backbone, [PLANTED], support.up_to(0)):
        pass


def test_the_likelihoods_without_a_head_are_those_of_an_ablation(planted):
    backbone, queries, labels = planted
    support = extract_head_vectors(backbone, queries[1:])
    without = answer_without(backbone, queries[0], labels, [PLANTED], support, max_new_tokens=2)
    found = ablate(backbone, choose_heads([PLANTED], GEOMETRY, draws=1), queries[:1], labels, support=queries[1:])
    scores = found.scores[1, 0]
    assert list(without.likelihoods) == labels
    np.testing.assert_allclose(list(without.likelihoods.values()), np.exp(scores) / np.exp(scores).sum(), rtol=1e-3)
    with knocked_out(backbone, [PLANTED], support):
        assert generate_text(backbone, queries[0], max_new_tokens=2) == without.words


def test_each_head_alone_loses_what_an_ablation_of_it_does(planted):
    backbone, queries, labels = planted
    lost = lost_by_each(backbone, queries, labels, support=queries)
    assert lost.shape == (16, 3, 4)
    found = ablate(backbone, choose_heads([PLANTED], GEOMETRY, draws=1), queries, labels, support=queries)
    own = (found.log_likelihood("nothing") - found.log_likelihood("kept"))[0]
    np.testing.assert_allclose(lost[:, PLANTED.layer, PLANTED.index], own, atol=1e-4)
    others = np.delete(lost.reshape(16, -1), PLANTED.layer * 4 + PLANTED.index, axis=1)
    assert np.abs(others).max() < 1e-4


def test_random_heads_are_as_many_of_the_same_layers_and_others_where_there_are_others():
    kept = [Head(0, 1), Head(0, 3), Head(2, 0), Head(2, 1), Head(2, 2)]
    ranking = [*kept, *(head for head in GEOMETRY.every_head() if head not in kept)]
    heads = choose_heads(kept, GEOMETRY, ranking, draws=30)
    assert heads == choose_heads(kept, GEOMETRY, ranking, draws=30)
    assert len(set(heads.sets["random"])) > 3
    for drawn in heads.sets["random"]:
        assert [head.layer for head in drawn] == [0, 0, 2, 2, 2]
        assert len(set(drawn)) == 5
        assert {head.index for head in drawn if head.layer == 0} == {0, 2}
        assert Head(2, 3) in drawn
    assert heads.sets["worst"] == (tuple(reversed(ranking[-5:])),)
    assert set(heads.sets["all_but_kept"][0]) == set(GEOMETRY.every_head()) - set(kept)
    off = heads.off()
    assert off.sum((1, 2)).tolist() == [0, *[5] * 32, 7]
    assert off[heads.rows["kept"]][0][2].tolist() == [True, True, True, False]


def test_where_every_head_is_kept_there_are_no_others():
    heads = choose_heads(GEOMETRY.every_head(), GEOMETRY, GEOMETRY.every_head(), draws=2)
    assert tuple(heads.sets) == ("nothing", "kept", "random")
    assert len(heads.sets["random"][0]) == 12
    for kept, draws, message in (([], 1, "kept must hold"), ([Head(0, 0)], 0, "draws"), ([Head(9, 0)], 1, r"L9\.H0")):
        with pytest.raises(SettingError, match=message):
            choose_heads(kept, GEOMETRY, draws=draws)


def made_up(kept_loss, random_loss, n=20, clean_right=1.0):
    """An ablation of two labels whose right one loses so much in log-likelihood."""
    heads = choose_heads([PLANTED], GEOMETRY, draws=20)
    truth = np.arange(n) % 2
    scores = np.full((len(heads.off()), n, 2), -2.0)
    scores[:, np.arange(n), truth] = np.where(np.arange(n) < clean_right * n, -1.0, -3.0)
    noise = np.random.default_rng(0).normal(scale=0.05, size=n)
    scores[1, np.arange(n), truth] -= kept_loss + noise
    scores[2:22, np.arange(n), truth] -= random_loss
    return Ablation(("a", "b"), truth, heads, KnockOut(), scores)


def test_the_finding_says_used_only_where_more_is_lost_than_without_random_heads():
    used = made_up(0.5, 0.1)
    assert used.finding == "used"
    assert used.lost("kept").log_likelihood.difference == pytest.approx(0.5, abs=0.03)
    assert used.against_random.log_likelihood.difference == pytest.approx(0.4, abs=0.03)
    assert used.lost("random").log_likelihood.difference == pytest.approx(0.1)
    assert made_up(0.1, 0.5).finding == "used less"
    assert made_up(0.1, 0.1).finding == "not told apart"
    assert made_up(0.5, 0.1, clean_right=0.5).finding == "nothing to lose"
    assert used.chance == 0.5
    low, high = used.outcome("random").interval
    assert low < used.outcome("random").accuracy <= high
