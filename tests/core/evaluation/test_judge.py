"""What a test set says beyond the accuracy: each part against what it is made of."""

import numpy as np
import pytest

from sav_core.cli.evaluate.text import print_evaluation
from sav_core.errors import InputError
from sav_core.evaluation.acceptance import calibrate
from sav_core.evaluation.curves import reliability_diagram
from sav_core.evaluation.judge import judge_confidence, judge_rules, sweep_support, unknown_roc
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.rules import VOTING_RULES
from tests.support.problems import clusters


def test_every_rule_is_judged_on_the_same_vectors():
    support, test = clusters(noise=2.0), clusters(noise=2.0, seed=6)
    judged, refused = judge_rules(HeadClassifier(n_kept=4), support, test)
    assert [each.name for each in judged] == ["majority", "gaussian", "reliability"]
    assert refused == {}
    for each in judged:
        assert each.accuracy == HeadClassifier(n_kept=4, voting=each.name).fit(support).score(test)
    judged, refused = judge_rules(HeadClassifier(n_kept=4), support.take([0, 6, 12]), test)
    assert [each.name for each in judged] == ["majority", "gaussian"]
    assert "every label has one" in refused["reliability"]


def test_confidence_is_judged_on_the_test_set_and_fitted_on_the_support():
    support, test = clusters(per_label=10, noise=2.5), clusters(per_label=10, noise=2.5)
    classifier = HeadClassifier(n_kept=4).fit(support)
    found = judge_confidence(classifier, support, test)
    calibrate(classifier, support)
    predictions = classifier.predict(test)
    assert found.temperature == classifier.calibration_.temperature
    right = np.array([p.label == label for p, label in zip(predictions, test.labels, strict=True)])
    probability = np.array([p.probability for p in predictions])
    assert found.diagram.expected_error == reliability_diagram(probability, right).expected_error
    assert found.raw.count.sum() == found.diagram.count.sum() == 30
    assert found.selective.accuracy[-1] == pytest.approx(right.mean())


@pytest.mark.parametrize("voting", VOTING_RULES)
def test_where_examples_are_too_many_to_leave_out_in_turn_every_output_says_in_groups(monkeypatch, capsys, voting):
    support = clusters(per_label=6, noise=2.5)
    classifier = HeadClassifier(4, voting).fit(support)
    found = judge_confidence(classifier, support, support)
    assert found.left_out_how == "each left out in turn"
    assert "on the support, each left out in turn," in on_the_terminal(found, capsys)
    monkeypatch.setattr("sav_core.evaluation.leave_one_out._NUMBERS", 1)
    monkeypatch.setattr("sav_core.heads.rules.majority._CLOSED_FORM", 1)
    found = judge_confidence(classifier, support, support)
    assert found.left_out_groups == 10
    assert found.left_out_how == "left out in 10 groups"
    assert "on the support, left out in 10 groups," in on_the_terminal(found, capsys)


def on_the_terminal(found, capsys):
    """What the command `evaluate` prints of a confidence, in one line."""
    names = ("temperature", "left_out_accuracy", "left_out_n", "left_out_groups")
    confidence = {name: getattr(found, name) for name in names} | {
        "expected_error": found.diagram.expected_error,
        "uncalibrated_error": found.raw.expected_error,
    }
    evaluation = {"accuracy": 1.0, "interval": (0.5, 1.0), "n": 4, "macro_f1": 1.0}
    print_evaluation({**evaluation, "labels": [], "confusion": [], "per_label": {}, "confidence": confidence})
    return " ".join(capsys.readouterr().out.split())


def test_a_sweep_covers_heads_and_examples():
    support, test = clusters(per_label=7, noise=2.0), clusters(per_label=3, noise=2.0)
    found = sweep_support(HeadClassifier(n_kept=4).fit(support), support, test)
    assert [point.value for point in found["heads"]] == [1, 2, 3, 5, 10, 20]
    assert [point.value for point in found["shots"]] == [1, 2, 5, 7]
    assert found["shots"][-1].accuracy == HeadClassifier(n_kept=4).fit(support).score(test)  # all seven, in any order
    honest = HeadClassifier(n_kept=4, scoring="leave_one_out").fit(support)
    assert [point.value for point in sweep_support(honest, support, test)["shots"]] == [2, 5, 7]


def test_queries_of_other_things_are_told_from_the_taught():
    both = clusters(n_labels=5, per_label=12, noise=0.7)
    taught = both.take([row for row in range(36) if row % 12 < 6])
    test = both.take([row for row in range(36) if row % 12 >= 6])
    unknown = both.take(range(36, 60))
    classifier = HeadClassifier(n_kept=6).fit(taught)
    assert unknown_roc(classifier, test, unknown).area > 0.8
    curve = unknown_roc(classifier, test, unknown)
    for threshold, false, true in zip(curve.threshold, curve.false_rate, curve.true_rate, strict=True):
        given = [[not each.is_rejected(threshold) for each in classifier.predict(queries)] for queries in (test, unknown)]
        assert (np.mean(given[0]), np.mean(given[1])) == pytest.approx((true, false))
    with pytest.raises(InputError, match="needs queries of both"):
        unknown_roc(classifier, test, unknown.take([]))
