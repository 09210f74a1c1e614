import numpy as np
import pytest

from sav_core.errors import SettingError
from sav_core.evaluation.leave_one_out import judge_left_out
from sav_core.evaluation.support_fit import fit_support, head_confusion
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.rules import VOTING_RULES
from sav_core.heads.rules.gaussian import fit_gaussian, support_probabilities
from tests.support.problems import clusters


@pytest.mark.parametrize("scoring", ["resubstitution", "leave_one_out"])
@pytest.mark.parametrize("voting", VOTING_RULES)
def test_it_makes_the_very_classifier_that_a_fit_of_that_rule_makes(voting, scoring):
    vectors, queries = clusters(), clusters(seed=5)
    ours = fit_support(vectors, voting=voting, scoring=scoring).classifier(4)
    fitted = HeadClassifier(4, voting, scoring).fit(vectors)
    assert ours.kept_heads_ == fitted.kept_heads_
    np.testing.assert_array_equal(ours.head_scores_, fitted.head_scores_)
    assert [one.shares for one in ours.predict(queries)] == [other.shares for other in fitted.predict(queries)]


@pytest.mark.parametrize("voting", VOTING_RULES)
def test_left_out_figures_of_every_number_of_heads_are_those_of_fitting_again(voting):
    vectors = clusters(noise=3.0, seed=3)
    fits = fit_support(vectors, voting=voting).left_out
    for n_kept in (1, 3, 7, 20, 25):
        left_out = fits.at(n_kept)
        for row in range(0, len(vectors), 5):
            rest = [other for other in range(len(vectors)) if other != row]
            again = HeadClassifier(n_kept, voting).fit(vectors, rows=rest)
            ballot = again.vote(vectors, [row])
            assert left_out.winner[row] == ballot.winner[0]
            np.testing.assert_allclose(left_out.shares[row], ballot.shares[0], atol=1e-12)
            named = np.bincount(ballot.votes[0], minlength=3)
            assert left_out.named[row].tolist() == named.tolist()


def test_doubtful_are_those_whose_own_label_trails_by_half_of_the_heads():
    vectors = clusters(noise=4.0, seed=1)
    left_out = judge_left_out(HeadClassifier(5), vectors)
    trailing = (left_out.agreeing - left_out.named[np.arange(left_out.n), left_out.codes]) / 5
    assert set(left_out.doubtful) == set(np.flatnonzero(trailing >= 0.5).tolist())
    assert left_out.doubtful, "a problem without doubt tells nothing"
    assert [trailing[place] for place in left_out.doubtful] == sorted(trailing[trailing >= 0.5], reverse=True)
    np.testing.assert_array_equal(left_out.trailing, trailing)
    assert judge_left_out(HeadClassifier(4), vectors).trailing.max() >= 0.5
    assert judge_left_out(HeadClassifier(4), vectors).doubtful == (), "fewer than five heads are not believed"


def test_a_heads_own_answers_add_up_in_its_confusion():
    fit = fit_support(clusters(noise=2.0), scoring="leave_one_out")
    for head in (fit.scores.ranking[0], fit.scores.ranking[-1]):
        confusion = head_confusion(fit.own_answers, fit.codes, 3, head)
        assert confusion.sum() == len(fit.codes)
        assert confusion.trace() == fit.scores.correct[head.layer, head.index]


@pytest.mark.parametrize("scoring", ["resubstitution", "leave_one_out"])
def test_a_gaussian_heads_opinions_are_those_it_was_scored_by(scoring):
    vectors = clusters(noise=2.0)
    codes = np.unique(np.array(vectors.labels), return_inverse=True)[1]
    opinions = support_probabilities(vectors, codes, 3, scoring=scoring)
    fit = fit_gaussian(vectors, codes, 3, scoring=scoring)
    np.testing.assert_allclose(opinions.sum(-1), 1)
    np.testing.assert_array_equal(opinions.argmax(-1), fit.predicted)
    own = opinions[np.arange(len(codes)), :, :, codes].mean(0)
    np.testing.assert_allclose(own, fit.scores.ranking_score, atol=1.1e-6)


def test_one_example_a_label_leaves_gaussian_unjudged_and_refuses_reliability():
    vectors = clusters(per_label=1)
    fit = fit_support(vectors, voting="gaussian")
    assert fit.left_out is None
    assert "every label has one" in fit.why_not
    assert fit.classifier(4).calibration_ is None
    with pytest.raises(SettingError, match="every label has one"):
        fit_support(vectors, voting="reliability")
    with pytest.raises(SettingError, match="voting must be one of"):
        fit_support(vectors, voting="dice")
