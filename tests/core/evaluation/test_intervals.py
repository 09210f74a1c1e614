import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from sav_core.errors import InputError
from sav_core.evaluation.intervals import (
    bootstrap_interval,
    compare,
    compare_means,
    drawn_interval,
    mcnemar,
    mean_intervals,
    stratified_interval,
)
from sav_core.evaluation.metrics import wilson_interval


@settings(deadline=None)
@given(first=st.integers(0, 60), second=st.integers(0, 60))
def test_mcnemar_is_the_binomial_test_of_the_differing(first, second):
    expected = binomtest(first, first + second).pvalue if first + second else 1.0
    assert mcnemar(first, second) == pytest.approx(expected)


def test_thousands_of_differing_queries_are_no_trouble():
    assert mcnemar(2000, 2000) == 1
    assert mcnemar(1500, 2500) < 1e-50


def test_a_comparison_counts_who_alone_is_right():
    first = np.array([True, True, True, False, True, False])
    second = np.array([True, False, False, False, False, True])
    found = compare(first, second)
    assert (found.only_first, found.only_second, found.n) == (3, 1, 6)
    assert found.difference == pytest.approx(2 / 6)
    assert found.p == pytest.approx(binomtest(1, 4).pvalue)
    assert found.interval[0] < found.difference < found.interval[1]
    other = compare(second, first)
    assert (other.difference, other.p) == (-found.difference, found.p)


def test_equals_are_told_to_be_equal():
    right = np.random.default_rng(0).random(50) > 0.3
    assert compare(right, right).interval == (0, 0)
    assert compare(right, right).p == 1


def test_the_interval_holds_the_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = 0
    for seed in range(200):
        low, high = bootstrap_interval(rng.normal(3.0, 1.0, size=40), seed, draws=400)
        held += low <= 3.0 <= high
    assert 0.88 < held / 200 <= 0.99


def test_a_single_value_is_its_own_interval():
    assert bootstrap_interval(np.array([0.4])) == (0.4, 0.4)


def test_intervals_of_many_means_are_those_of_each_drawn_alike():
    values = np.random.default_rng(0).normal(size=(25, 2, 3))
    low, high = mean_intervals(values, 4)
    assert low.shape == high.shape == (2, 3)
    assert (low < values.mean(0)).all()
    assert (values.mean(0) < high).all()
    alone = mean_intervals(values[:, 1, 2], 4)
    assert (low[1, 2], high[1, 2]) == pytest.approx(alone)
    spread = bootstrap_interval(values[:, 1, 2], 4)
    assert alone == pytest.approx(spread, abs=0.1 * (spread[1] - spread[0]))
    with pytest.raises(InputError, match="at least one example"):
        mean_intervals(values[:0])


def test_the_same_seed_gives_the_same_interval_in_parts_too(monkeypatch):
    values = np.random.default_rng(1).random(30)
    assert bootstrap_interval(values, 5) == bootstrap_interval(values, 5) != bootstrap_interval(values, 6)
    before = bootstrap_interval(values, 5)
    monkeypatch.setattr("sav_core.evaluation.intervals._AT_ONCE", 1)
    assert bootstrap_interval(values, 5) == pytest.approx(before)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(InputError, match="there are 2 and 3"):
        compare(np.ones(2, dtype=bool), np.ones(3, dtype=bool))
    with pytest.raises(InputError, match="nothing to draw"):
        compare(np.ones(0, dtype=bool), np.ones(0, dtype=bool))


def test_an_interval_over_draws_is_never_narrower_than_the_queries_allow():
    rng = np.random.default_rng(0)
    alike = np.tile(rng.random(40) < 0.8, (5, 1))
    assert drawn_interval(alike) == wilson_interval(alike[0].sum(), 40)
    for odds in (0.05, 0.5, 0.95):
        right = rng.random((5, 40)) < odds
        low, high = drawn_interval(right)
        ends = wilson_interval(right.mean() * 40, 40)
        assert 0 <= low <= ends[0] + 1e-9 < right.mean() < ends[1] - 1e-9 <= high <= 1
        assert drawn_interval(right) == (low, high)
    unlike = np.repeat([[True], [True], [False], [False]], 400, axis=1)  # the draw decides everything
    assert drawn_interval(unlike) == pytest.approx((0, 1))
    with pytest.raises(InputError, match="at least one draw and one query"):
        drawn_interval(np.zeros((3, 0), dtype=bool))


def test_the_interval_of_a_mean_over_tasks_draws_within_each():
    """Tasks that differ from each other do not widen it: only their own answers are drawn again."""
    assert stratified_interval([(50, 50), (0, 50)]) == (0.5, 0.5)
    counts = [(30, 40), (5, 10)]
    low, high = stratified_interval(counts)
    spread = np.sqrt(sum(right * (n - right) / n**3 for right, n in counts)) / 2
    assert (high - low) / 2 == pytest.approx(1.96 * spread, rel=0.1)
    assert stratified_interval(counts) == (low, high) != stratified_interval(counts, seed=1)
    with pytest.raises(InputError, match="one answer in each"):
        stratified_interval([(1, 2), (0, 0)])


def test_means_are_compared_in_pairs():
    first = np.array([0.5, 0.9, 0.4, 0.8, 0.7, 0.6])
    found = compare_means(first, first - np.array([0.1, 0.2, 0.1, 0.3, 0.2, 0.1]))
    assert found.difference == pytest.approx(1 / 6)
    assert found.interval[0] <= found.difference <= found.interval[1]
    assert found.p == pytest.approx(2 / 2**6)  # of all signs only all plus and all minus reach so far
    assert compare_means(first, first).p == 1
    assert compare_means(first[:1], first[1:2]).p == 1


def test_right_and_wrong_compared_as_numbers_is_mcnemars_test():
    rng = np.random.default_rng(3)
    first, second = rng.random(12) < 0.8, rng.random(12) < 0.4
    assert compare_means(first, second).p == pytest.approx(compare(first, second).p)


def test_means_of_other_queries_cannot_be_compared():
    with pytest.raises(InputError, match="3 and 2"):
        compare_means(np.zeros(3), np.zeros(2))
    with pytest.raises(InputError, match="nothing to draw"):
        compare_means(np.zeros(0), np.zeros(0))
