import numpy as np
import pytest

from sav_core.errors import InputError
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.rules import VOTING_RULES
from sav_core.heads.ties import FINEST, Ties, ties_of
from tests.support.problems import clusters, head_vectors

EPSILON = {"float32": 2.0**-23, "bfloat16": 2.0**-7}


def blind_among(seeing, dtype, seed):
    """``seeing`` with a first layer of heads that give every picture one vector, up to the rounding of ``dtype``."""
    rng = np.random.default_rng(seed)
    n, _, heads, dim = seeing.values.shape
    constant = np.random.default_rng(99).uniform(1, 2, size=(1, 1, heads, dim))
    flips = rng.integers(0, 2, size=(n, 1, heads, dim)) * EPSILON[dtype]  # the last digit kept, one way or the other
    values = np.concatenate([constant + flips, seeing.values], axis=1)
    return head_vectors(values, seeing.labels, dtype=dtype)


@pytest.mark.parametrize(("dtype", "decimals"), [("float64", FINEST), ("float32", 6), ("float16", 4), ("bfloat16", 4)])
def test_the_grid_follows_the_precision(dtype, decimals):
    assert ties_of(dtype) == Ties(decimals)


def test_a_precision_that_is_none_is_refused():
    with pytest.raises(InputError, match=r"computed in one of float64, .* but these in 'int4'"):
        ties_of("int4")


@pytest.mark.parametrize("scoring", ["resubstitution", "leave_one_out"])
@pytest.mark.parametrize("voting", VOTING_RULES)
@pytest.mark.parametrize("dtype", EPSILON)
def test_heads_that_ignore_the_picture_are_equal_whatever_the_noise(dtype, voting, scoring):
    """Scored alike, ranked in the order of layer and head, behind every head that sees."""
    seeing = clusters(noise=0.3, layers=2)
    ranks = set()
    for seed in range(3):
        scores = HeadClassifier(4, voting, scoring).fit(blind_among(seeing, dtype, seed)).fitted_.scores
        assert len(set(scores.correct[0].tolist())) == 1
        assert set(scores.margin[0].tolist()) == {0.0}
        assert scores.ranking_score is None or len(set(scores.ranking_score[0].tolist())) == 1
        assert {head.layer for head in scores.ranking[-5:]} == {0}
        ranks.add(scores.ranking[-5:])
    assert len(ranks) == 1


@pytest.mark.parametrize("voting", VOTING_RULES)
@pytest.mark.parametrize("dtype", EPSILON)
def test_such_heads_vote_alike_for_every_query(dtype, voting):
    vectors = blind_among(clusters(noise=0.3, layers=2), dtype, 0)
    queries = blind_among(clusters(noise=0.3, layers=2, seed=7), dtype, 1)
    classifier = HeadClassifier(15, voting).fit(vectors)
    blind = [place for place, head in enumerate(classifier.kept_heads_) if head.layer == 0]
    votes = classifier.vote(queries).votes[:, blind]
    assert len(blind) == 5
    assert (votes == votes[:1]).all()


def test_heads_that_differ_in_the_third_decimal_are_told_apart_in_half_precision():
    rng = np.random.default_rng(0)
    codes = np.repeat([0, 1], 8)
    common, sign = rng.standard_normal(64), np.array([-1, 1])[codes]
    direction = rng.standard_normal(64)
    values = common + 0.06 * sign[:, None] * direction + 0.01 * rng.standard_normal((16, 64))
    vectors = head_vectors(values[:, None, None], [f"label {code}" for code in codes], dtype="bfloat16")
    classifier = HeadClassifier(1, scoring="leave_one_out").fit(vectors)
    similarities = np.array([prediction.similarities for prediction in classifier.predict(vectors)])
    assert similarities.min() > 0.97
    assert classifier.fitted_.scores.correct[0, 0] == 16


def test_means_are_exact_in_whatever_order_they_are_summed():
    ties = Ties(2)
    assert ties.mean(ties.units([0.01, 0.02]).sum(), 2) == 0.02  # halves upwards
    assert ties.mean(ties.units([-0.01, -0.02]).sum(), 2) == -0.01
    assert ties.round([0.123, 0.126]).tolist() == [0.12, 0.13]
