"""One measurement on vectors: its parts are the library's own."""

import numpy as np
import pytest

from sav_core.errors import CancelledError, InputError
from sav_core.evaluation.intervals import compare
from sav_core.evaluation.sweeps import transfer_heads
from sav_core.heads.classifier import HeadClassifier
from sav_core.reports.figures import figures
from sav_core.reports.measure_vectors import measure_vectors
from sav_core.reports.measurement import KEPT
from tests.support.problems import clusters

EVERYTHING = dict.fromkeys(("baselines", "rules", "sweeps", "confidence"), True)


def test_it_counts_what_the_classifier_answers(problem, found):
    classifier, support, test = problem
    answers = [prediction.label for prediction in classifier.predict(test)]
    assert list(found.answers) == answers
    assert found.evaluation.accuracy == pytest.approx(np.mean([a == b for a, b in zip(answers, test.labels, strict=True)]))
    assert found.right.sum() == np.trace(found.evaluation.confusion)
    assert (found.kept.name, found.kept.accuracy) == (KEPT, found.evaluation.accuracy)
    about = found.about
    assert (about.heads, about.voting, about.scoring, about.support) == (3, "majority", "resubstitution", len(support))


def test_every_baseline_is_on_the_same_examples_and_compared(problem, found):
    _, _, test = problem
    names = [each.name for each in found.baselines.judged]
    assert {"all_heads", "random_heads", "best_head", "nearest_examples", "always_first"} <= set(names)
    assert [each.name for each in found.beside.judged] == [KEPT, *names]
    assert all(len(each.right) == len(test) for each in found.baselines.judged)
    assert set(found.baselines.comparisons) == set(names) - {"random_heads"}
    beside = found.baselines.comparisons["always_first"]
    assert beside.difference == pytest.approx(found.evaluation.accuracy - 1 / 3)
    assert found.chance == pytest.approx(1 / 3)


def test_the_rule_in_use_comes_first_and_has_its_own_accuracy(problem, found):
    assert {rule.name for rule in found.rules.judged} == {"majority", "gaussian", "reliability"}
    assert found.rules.judged[0].accuracy == found.evaluation.accuracy
    assert set(found.rules.comparisons) == {"gaussian", "reliability"}
    _, support, test = problem
    other = measure_vectors(HeadClassifier(n_kept=3, voting="gaussian").fit(support), support, test, rules=True)
    assert other.rules.judged[0].name == "gaussian"
    assert set(other.rules.comparisons) == {"majority", "reliability"}


def test_another_task_s_heads_are_tried_on_the_same_examples(problem):
    classifier, _, test = problem
    source = HeadClassifier(n_kept=3).fit(clusters(noise=6, seed=8))
    found = measure_vectors(classifier, None, test, heads_from=source)
    moved = transfer_heads(source, classifier)
    assert found.transfer.baseline.accuracy == moved.score(test)
    assert found.transfer.comparison == compare(found.right, found.transfer.baseline.right > 0)
    assert set(found.transfer.shared_heads) == set(source.kept_heads_) & set(classifier.kept_heads_)


def test_a_support_of_one_example_a_label_says_why_it_cannot_calibrate():
    support, test = clusters(per_label=1, seed=2), clusters(per_label=3, seed=2)
    found = measure_vectors(HeadClassifier(n_kept=3).fit(support), support, test, **EVERYTHING)
    assert found.trust is None
    assert found.probability is None
    assert "add examples" in found.untrusted
    assert found.unknown is None
    assert "calibration" not in figures(found)


def test_it_stops_when_told_and_refuses_what_it_cannot_judge(problem):
    classifier, support, test = problem
    for part in EVERYTHING:
        with pytest.raises(CancelledError):
            measure_vectors(classifier, support, test, **{part: True}, cancel=lambda: True)
        with pytest.raises(InputError, match="there is none: fit it here"):
            measure_vectors(classifier, None, test, **{part: True})
    with pytest.raises(InputError, match="not taught"):
        measure_vectors(classifier, support, clusters(n_labels=4, seed=1))
