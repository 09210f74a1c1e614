import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from sav_core.errors import InputError
from sav_core.evaluation.metrics import evaluate_labels, wilson_interval

LABELS = ["ant", "bee", "cow"]


@settings(deadline=None)
@given(pairs=st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=40))
def test_counts_agree_with_scikit_learn(pairs):
    truth, answers = zip(*pairs, strict=True)
    evaluation = evaluate_labels(truth, answers, LABELS)
    assert evaluation.accuracy == pytest.approx(accuracy_score(truth, answers))
    np.testing.assert_array_equal(evaluation.confusion, confusion_matrix(truth, answers, labels=LABELS))
    assert evaluation.macro_f1 == pytest.approx(f1_score(truth, answers, average="macro"))
    assert evaluation.n == len(pairs)
    assert set(evaluation.per_label) == set(truth)


def test_the_wilson_interval_of_textbooks():
    assert wilson_interval(23, 25) == pytest.approx((0.7503, 0.9778), abs=1e-4)
    assert wilson_interval(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson_interval(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)


def test_an_interval_holds_its_share_to_the_last_bit():
    for n in range(1, 200):
        for right in range(n + 1):
            low, high = wilson_interval(right, n)
            assert 0 <= low <= right / n <= high <= 1


@pytest.mark.parametrize(
    ("truth", "message"),
    [([], "nothing to evaluate"), ([None], "one has none"), (["emu"], "'emu', which the classifier was not taught")],
)
def test_a_test_set_that_cannot_judge_is_refused(truth, message):
    with pytest.raises(InputError, match=message):
        evaluate_labels(truth, ["ant"] * len(truth), LABELS)
