import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss, roc_auc_score, roc_curve

from sav_core.errors import InputError, SettingError
from sav_core.evaluation.curves import reliability_diagram, roc, selective_accuracy
from sav_core.heads.calibration import SHARE_FLOOR, Calibration, fit_temperature

judged = st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=40)  # confidences with many ties


def unzip(pairs):
    confidence, right = zip(*pairs, strict=True)
    return np.array(confidence) / 8, np.array(right)


def voted(temperature, n=4000, labels=4, seed=0):
    """Shares whose labels were drawn from the probabilities that this temperature makes of them."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet([0.7] * labels, size=n)
    probabilities = Calibration(temperature, n).probabilities(shares)
    codes = (probabilities.cumsum(1) < rng.random((n, 1))).sum(1)
    return shares, codes


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_that_made_the_labels_is_found(temperature):
    found = fit_temperature(*voted(temperature))
    assert found.temperature == pytest.approx(temperature, rel=0.1)
    assert found.n == 4000


def test_no_temperature_nearby_makes_the_labels_likelier():
    shares, codes = voted(1.7, n=500)
    best = fit_temperature(shares, codes).temperature
    losses = [log_loss(codes, Calibration(t, 1).probabilities(shares)) for t in (best * 0.95, best, best * 1.05)]
    assert losses[1] == min(losses)


def test_calibrated_answers_are_as_often_right_as_they_say():
    shares, codes = voted(3.0)
    right = shares.argmax(1) == codes
    before = reliability_diagram(shares.max(1), right).expected_error
    after = reliability_diagram(fit_temperature(shares, codes).probabilities(shares).max(1), right).expected_error
    assert after < 0.04 < before


def test_a_temperature_keeps_the_order_of_labels_and_rows_sum_to_one():
    shares, _ = voted(1.0, n=50)
    probabilities = Calibration(0.3, 50).probabilities(shares)
    np.testing.assert_array_equal(probabilities.argsort(1), shares.argsort(1))
    np.testing.assert_allclose(probabilities.sum(1), 1)
    np.testing.assert_allclose(
        Calibration(1.0, 1).probabilities(shares), (shares + SHARE_FLOOR) / (1 + 4 * SHARE_FLOOR), atol=1e-12
    )


def test_a_few_examples_that_are_all_right_make_no_answer_certain():
    probabilities = fit_temperature(np.eye(3), np.arange(3)).probabilities(np.eye(3))
    assert (probabilities.max(1) < 0.85).all()  # Platt: (3 + 1) / (3 + 2)
    assert (probabilities.argmax(1) == np.arange(3)).all()


@settings(deadline=None)
@given(pairs=judged, bins=st.integers(1, 12))
def test_the_calibration_error_is_its_formula(pairs, bins):
    confidence, right = unzip(pairs)
    groups = {}
    for value, hit in zip(confidence, right, strict=True):
        groups.setdefault(min(int(value * bins), bins - 1), []).append((value, hit))
    error = sum(abs(sum(v for v, _ in group) - sum(h for _, h in group)) for group in groups.values()) / len(pairs)
    diagram = reliability_diagram(confidence, right, bins)
    assert diagram.expected_error == pytest.approx(error)
    assert diagram.count.sum() == len(pairs)
    assert np.isnan(diagram.accuracy[diagram.count == 0]).all()


@settings(deadline=None)
@given(pairs=judged)
def test_the_selective_curve_is_what_withholding_gives(pairs):
    confidence, right = unzip(pairs)
    curve = selective_accuracy(confidence, right)
    assert curve.threshold.tolist() == sorted(set(confidence.tolist()), reverse=True)
    for threshold, coverage, accuracy in zip(curve.threshold, curve.coverage, curve.accuracy, strict=True):
        given_answers = confidence >= threshold
        assert coverage == pytest.approx(given_answers.mean())
        assert accuracy == pytest.approx(right[given_answers].mean())
    assert curve.coverage[-1] == 1
    assert 0 <= curve.area <= 1


def test_the_threshold_is_the_lowest_that_is_right_often_enough():
    confidence = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    curve = selective_accuracy(confidence, np.array([True, True, False, True, False]))
    assert curve.threshold_for(1.0) == 0.8
    assert curve.threshold_for(0.75) == 0.6
    assert curve.threshold_for(0.1) == 0.5
    assert selective_accuracy(confidence, np.zeros(5, dtype=bool)).threshold_for(0.5) is None


@settings(deadline=None)
@given(pairs=judged)
def test_the_roc_agrees_with_scikit_learn(pairs):
    score, taught = unzip(pairs)
    if taught.all() or not taught.any():
        with pytest.raises(InputError, match="needs queries of both"):
            roc(score, taught)
        return
    curve = roc(score, taught)
    false_rate, true_rate, _ = roc_curve(taught, score, drop_intermediate=False)
    np.testing.assert_allclose(curve.false_rate, false_rate)
    np.testing.assert_allclose(curve.true_rate, true_rate)
    assert curve.area == pytest.approx(roc_auc_score(taught, score))


def test_nothing_to_judge_is_refused():
    nothing, none = np.zeros(0), np.zeros(0, dtype=bool)
    with pytest.raises(InputError, match="no answers to judge"):
        reliability_diagram(nothing, none)
    with pytest.raises(InputError, match="no answers to judge"):
        selective_accuracy(nothing, none)
    with pytest.raises(InputError, match="at least one left-out example"):
        fit_temperature(np.zeros((0, 3)), np.zeros(0, dtype=np.intp))
    with pytest.raises(InputError, match="as many confidences"):
        selective_accuracy(np.zeros(2), np.zeros(3, dtype=bool))
    with pytest.raises(SettingError, match="bins must be 1 or more"):
        reliability_diagram(np.zeros(2), np.zeros(2, dtype=bool), 0)
