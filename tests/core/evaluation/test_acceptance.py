"""The threshold of "none of these" against fits without the example and without the label, and its rule by counting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sav_core.errors import SettingError
from sav_core.evaluation.acceptance import Acceptances, calibrate, try_acceptance
from sav_core.evaluation.support_fit import fit_support
from sav_core.heads.classifier import HeadClassifier
from tests.support.problems import clusters, head_vectors

SUPPORTS = {
    "many": clusters(noise=2.0, seed=3),
    "two each": clusters(n_labels=4, per_label=2, seed=1, noise=2.0),
    "uneven, and one alone": clusters(seed=2, noise=3.0).take([0, 1, 2, 6, 12, 13, 14, 15]),
    "two labels": clusters(n_labels=2, noise=2.0),
}


@pytest.mark.parametrize("voting", ["majority", "gaussian", "reliability"])
@pytest.mark.parametrize("support", SUPPORTS)
def test_examples_and_strangers_score_what_they_do_with_a_fit_that_knows_nothing_of_them(support, voting):
    vectors = SUPPORTS[support]
    tried = try_acceptance(HeadClassifier(3, voting), vectors).at(3)
    labels = np.array(vectors.labels)

    def without(rows):
        return HeadClassifier(3, voting).fit(vectors, rows=np.setdiff1d(np.arange(len(vectors)), rows).tolist())

    own = [row for row in range(len(vectors)) if (labels == labels[row]).sum() > 1]
    alone = [without([row]).predict(vectors.take([row]))[0].acceptance for row in own]
    np.testing.assert_allclose(tried.own, alone, atol=1e-9)
    if support == "two labels":
        assert len(tried.strangers) == len(vectors)
        return
    hidden = [np.flatnonzero(labels == label) for label in sorted(set(labels))]
    strange = [each.acceptance for rows in hidden for each in without(rows).predict(vectors.take(rows.tolist()))]
    np.testing.assert_allclose(tried.strangers, strange, atol=1e-9)


def test_with_two_labels_a_stranger_is_judged_by_how_near_it_is_to_the_other_label():
    vectors = clusters(n_labels=2, per_label=6, noise=0.3)
    tried = try_acceptance(HeadClassifier(3), vectors).at(3)
    near = HeadClassifier(3).fit(vectors)
    other = near.predict(head_vectors(vectors.values[6:], ["label 0"] * 6))  # to label 1 they are at home
    assert min(each.closeness for each in other) == 1
    assert tried.strangers.max() < 1, "to label 0 they are far"
    assert tried.learn().passed < 12


@given(
    own=st.lists(st.integers(0, 100), min_size=1, max_size=30),
    strangers=st.lists(st.integers(0, 100), max_size=30),
)
def test_the_threshold_keeps_nine_in_ten_and_lets_as_few_strangers_pass_as_that_allows(own, strangers):
    tried = Acceptances(np.array(own) / 100, np.array(strangers) / 100)
    learned = tried.learn()
    assert learned == tried.cost(learned.threshold)
    assert learned.refused == sum(each / 100 < learned.threshold for each in own)
    assert learned.passed == sum(each / 100 >= learned.threshold for each in strangers)
    assert learned.refused <= 0.1 * len(own)
    for step in range(101):
        other = tried.cost(step / 100)
        if other.refused <= 0.1 * len(own):
            assert learned.passed <= other.passed
            if other.passed == learned.passed < len(strangers):
                assert learned.threshold <= other.threshold, "of equally good ones the most lenient"
            if learned.passed == len(strangers):
                assert learned.threshold >= other.threshold, "where no stranger is told, as strict as the bound allows"


def test_noise_is_refused_and_the_taught_is_not():
    support, queries = clusters(noise=0.4), clusters(noise=0.4)
    queries.values[:] += 0.1 * np.random.default_rng(5).standard_normal(queries.values.shape)
    classifier = HeadClassifier(5).fit(support)
    calibrate(classifier, support)
    noise = head_vectors(np.random.default_rng(7).standard_normal((40, *support.geometry.shape)))
    assert np.mean([each.is_rejected() for each in classifier.predict(noise)]) > 0.9
    assert np.mean([each.is_rejected() for each in classifier.predict(queries)]) < 0.2


@pytest.mark.parametrize("voting", ["majority", "gaussian", "reliability"])
def test_every_number_of_heads_has_the_threshold_of_its_own_classifier(voting):
    vectors = clusters(noise=2.0)
    fit = fit_support(vectors, voting=voting)
    for n_kept in (1, 4, 20):
        classifier = HeadClassifier(n_kept, voting).fit(vectors)
        calibrate(classifier, vectors)
        assert fit.classifier(n_kept).rejection_ == classifier.rejection_ == fit.acceptances(n_kept).learn()


def test_one_example_a_label_teaches_no_threshold():
    vectors = clusters(per_label=1)
    with pytest.raises(SettingError, match="every label has one"):
        try_acceptance(HeadClassifier(3), vectors)
    fit = fit_support(vectors)
    assert fit.acceptances(3) is None
    assert fit.classifier(3).rejection_ is None


def test_labels_that_the_others_cannot_be_fitted_without_bring_no_strangers():
    # Leave-one-out scoring needs a label with two examples; without the only one that has them nothing can be fitted.
    vectors = clusters(seed=4, noise=0.5).take([0, 1, 2, 6, 12])
    tried = try_acceptance(HeadClassifier(3, scoring="leave_one_out"), vectors).at(3)
    assert (len(tried.own), len(tried.strangers)) == (3, 2)


def test_many_labels_are_held_out_in_groups(monkeypatch):
    vectors = clusters(n_labels=12, per_label=3, noise=0.5)
    alone = try_acceptance(HeadClassifier(3), vectors).at(3)
    monkeypatch.setattr("sav_core.evaluation.acceptance._NUMBERS", 1)
    grouped = try_acceptance(HeadClassifier(3), vectors).at(3)
    assert len(alone.strangers) == len(grouped.strangers) == 36
    assert abs(alone.learn().threshold - grouped.learn().threshold) < 0.2
