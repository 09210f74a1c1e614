"""What holds for every voting rule, and that another one is a class and its row in the table."""

import itertools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from sav_core.errors import ClassifierFileError, SettingError
from sav_core.evaluation.leave_one_out import leave_out
from sav_core.evaluation.support_fit import fit_support
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.classifier_file import Provenance, read_classifier, write_classifier
from sav_core.heads.rules import RULES, rule_named
from sav_core.heads.rules.rule import FittedRule, VotingRule, needed
from sav_core.types import at_heads
from tests.support.problems import clusters

PROVENANCE = Provenance("tiny", "abc", "float32", "pil", "What is this?", 4, "squared")


@dataclass(frozen=True, eq=False)
class FittedSquared(FittedRule):
    name: ClassVar[str] = "squared"
    bias: np.ndarray

    def opinions(self, points, similarities, heads):
        raised = (1 + similarities) ** 2 * self.bias[at_heads(heads)]
        return raised / raised.sum(-1, keepdims=True)

    def arrays(self):
        return {"squared_bias": self.bias}


class Squared(VotingRule):
    """A toy: cosines squared, and a bias for labels that a head often gets right."""

    name: ClassVar[str] = "squared"
    summary: ClassVar[str] = "squared cosines"
    explanation: ClassVar[str] = "Every head's squared cosines."

    def fit(self, vectors, codes, n_labels, nearest, *, rows=None):
        return FittedSquared(np.repeat(1 + nearest.accuracy[..., None], n_labels, -1)), nearest

    def restore(self, arrays, shape):
        return FittedSquared(*needed(arrays, self.name, {"squared_bias": shape[:3]}))


@pytest.fixture
def squared(monkeypatch):
    monkeypatch.setitem(RULES, "squared", Squared())


@pytest.fixture
def classifier(squared):
    return HeadClassifier(n_kept=4, voting="squared").fit(clusters(noise=2.0))


def test_a_new_rule_classifies_by_its_own_opinions_and_no_other_rules(classifier):
    prediction = classifier.predict(clusters(seed=5, noise=2.0))[0]
    expected = (1 + prediction.similarities) ** 2
    expected /= expected.sum(-1, keepdims=True)
    np.testing.assert_allclose(prediction.opinions, expected)
    np.testing.assert_allclose(list(prediction.shares.values()), expected.mean(0))


def test_a_new_rule_votes_alike_with_one_number_of_heads_and_with_all(classifier):
    queries = clusters(seed=5, noise=2.0)
    tally, sweep = classifier.tally(queries), classifier.sweep(queries, [4, 1])
    ballot = classifier.vote(queries)
    np.testing.assert_allclose(tally.shares(4), ballot.shares)
    np.testing.assert_array_equal(tally.winners[:, 3], ballot.winner)
    np.testing.assert_allclose(sweep[0].shares, ballot.shares)
    np.testing.assert_allclose(sweep[1].shares, tally.shares(1))


def test_a_new_rule_survives_the_file_and_a_file_without_its_array_is_refused(classifier, tmp_path):
    path, queries = tmp_path / "toy.sav", clusters(seed=5)
    write_classifier(path, classifier.fitted_, PROVENANCE)
    read = HeadClassifier.from_fitted(read_classifier(path)[0], 4, "squared")
    assert [one.shares for one in read.predict(queries)] == [one.shares for one in classifier.predict(queries)]
    write_classifier(path, HeadClassifier(4).fit(clusters()).fitted_, PROVENANCE)
    with pytest.raises(ClassifierFileError, match="what squared voting needs is there"):
        read_classifier(path)


def test_a_file_of_a_rule_that_is_not_known_here_is_refused_and_not_counted_by_another(classifier, tmp_path, monkeypatch):
    write_classifier(tmp_path / "toy.sav", classifier.fitted_, PROVENANCE)
    monkeypatch.delitem(RULES, "squared")
    with pytest.raises(ClassifierFileError, match="the names are known"):
        read_classifier(tmp_path / "toy.sav")


def test_leaving_out_by_a_new_rule_is_fitting_it_again(squared):
    vectors = clusters(noise=3.0, seed=3)
    left_out = leave_out(HeadClassifier(3, "squared"), vectors).at(3)
    for row in (0, 7, 17):
        rest = [other for other in range(len(vectors)) if other != row]
        ballot = HeadClassifier(3, "squared").fit(vectors, rows=rest).vote(vectors, [row])
        np.testing.assert_allclose(left_out.shares[row], ballot.shares[0], atol=1e-12)
    calibrated = fit_support(vectors, voting="squared").classifier(3)
    assert calibrated.calibration_.n == len(vectors)


def test_an_unknown_rule_is_refused_with_the_known_ones():
    with pytest.raises(SettingError, match="voting must be one of majority, gaussian, reliability, but is 'loudest'"):
        rule_named("loudest")
    with pytest.raises(SettingError, match="belief must be one of"):
        rule_named("majority", "hope")


@pytest.mark.parametrize("name", RULES)
def test_every_rule_answers_to_its_row_and_says_what_it_is(name):
    rule = RULES[name]
    fitted = HeadClassifier(3, name).fit(clusters()).fitted_
    assert rule.name == fitted.rule.name == name
    assert rule.summary
    assert rule.explanation.endswith(".")
    assert type(rule.restore(fitted.rule.arrays(), fitted.centroids.shape)) is type(fitted.rule)


@pytest.mark.parametrize("scoring", ["resubstitution", "leave_one_out"])
@pytest.mark.parametrize("name", RULES)
def test_every_rule_fits_on_as_few_examples_as_it_says(name, scoring):
    rule = RULES[name]
    HeadClassifier(3, name, scoring).fit(clusters(per_label=rule.fewest(scoring)))
    if rule.fewest(scoring) > 1:
        with pytest.raises(SettingError, match="every label has one"):
            HeadClassifier(3, name, scoring).fit(clusters(per_label=rule.fewest(scoring) - 1))


@pytest.mark.parametrize("name", RULES)
def test_heads_that_vote_when_fewer_are_asked_for_vote_when_more_are(name):
    fitted = HeadClassifier(3, name).fit(clusters(noise=2.0)).fitted_
    kept = [set(fitted.rule.keep(fitted.scores, number).heads) for number in range(1, 21)]
    assert all(few <= more for few, more in itertools.pairwise(kept))
