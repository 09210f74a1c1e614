import numpy as np
import pytest

from sav_core.classifier import HeadClassifier
from sav_core.errors import SettingError
from sav_core.gaussian import fit_gaussian, support_probabilities
from sav_core.heads import fit_heads
from sav_core.rule_fits import fit_rule
from sav_core.voting import VOTING_RULES
from tests.problems import clusters


def rule_of(vectors, voting, scoring="leave_one_out", judge="leave_one_out"):
    labels, codes = np.unique(np.array(vectors.labels), return_inverse=True)
    fits = {name: fit_heads(vectors, codes, len(labels), scoring=name) for name in {scoring, judge}}
    return fit_rule(voting, vectors, codes, tuple(labels.tolist()), fits[scoring], fits[judge])


@pytest.mark.parametrize("scoring", ["resubstitution", "leave_one_out"])
@pytest.mark.parametrize("voting", VOTING_RULES)
def test_it_makes_the_very_classifier_that_a_fit_of_that_rule_makes(voting, scoring):
    vectors, queries = clusters(), clusters(seed=5)
    ours = rule_of(vectors, voting, scoring).classifier(4)
    fitted = HeadClassifier(4, voting, scoring).fit(vectors)
    assert ours.kept_heads_ == fitted.kept_heads_
    np.testing.assert_array_equal(ours.head_scores_, fitted.head_scores_)
    assert [one.shares for one in ours.predict(queries)] == [other.shares for other in fitted.predict(queries)]


@pytest.mark.parametrize("voting", VOTING_RULES)
def test_the_curve_is_the_vote_for_every_number_of_heads(voting):
    rule = rule_of(clusters(noise=2.5, seed=3), voting)
    heads = rule.scores.correct.size
    right = [rule.vote(rule.classifier(number)).right for number in range(1, heads + 1)]
    assert rule.sweep.tolist() == right
    assert len(set(right)) > 1, "a flat curve tells nothing"


@pytest.mark.parametrize("voting", VOTING_RULES)
def test_an_example_is_judged_by_what_was_made_without_it(voting):
    """The kept heads are fitted again on the others; only the choice and the weights of heads are of all examples."""
    vectors = clusters(noise=2.0, seed=1)
    rule = rule_of(vectors, voting)
    classifier = rule.classifier(4)
    vote = rule.vote(classifier)
    for row in range(0, len(vectors), 4):
        rest = [other for other in range(len(vectors)) if other != row]
        without = HeadClassifier(4, voting).fit(vectors, rows=rest).voting_with(classifier.kept_heads_)
        without.weights_ = classifier.weights_
        np.testing.assert_allclose(without.vote(vectors, [row]).shares[0], vote.shares[row], atol=1e-9)


def test_agreeing_heads_are_those_that_name_the_winner_by_themselves():
    vectors = clusters(noise=2.0, seed=1)
    for voting in VOTING_RULES:
        rule = rule_of(vectors, voting)
        classifier = rule.classifier(4)
        vote, kept = rule.vote(classifier), classifier.kept_heads_
        own = rule.predicted[:, [head.layer for head in kept], [head.index for head in kept]]
        assert vote.agreeing.tolist() == (own == vote.winner[:, None]).sum(1).tolist()


@pytest.mark.parametrize("scoring", ["resubstitution", "leave_one_out"])
def test_a_gaussian_heads_opinions_are_those_it_was_scored_by(scoring):
    vectors = clusters(noise=2.0)
    codes = np.unique(np.array(vectors.labels), return_inverse=True)[1]
    opinions = support_probabilities(vectors, codes, 3, scoring=scoring)
    fit = fit_gaussian(vectors, codes, 3, scoring=scoring)
    np.testing.assert_allclose(opinions.sum(-1), 1)
    np.testing.assert_array_equal(opinions.argmax(-1), fit.predicted)
    own = opinions[np.arange(len(codes)), :, :, codes].mean(0)
    np.testing.assert_allclose(own, fit.scores.merit, atol=1e-9)


def test_one_example_a_label_leaves_gaussian_and_refuses_reliability():
    vectors = clusters(per_label=1)
    rule = rule_of(vectors, "gaussian", "resubstitution", "resubstitution")
    assert rule.vote(rule.classifier(4)).n == 0
    with pytest.raises(SettingError, match="every label has one"):
        rule_of(vectors, "reliability", "resubstitution", "resubstitution")
    with pytest.raises(SettingError, match="voting must be one of"):
        rule_of(vectors, "dice", "resubstitution", "resubstitution")
