"""The closed forms of majority voting without each example, against fitting again without it."""

import numpy as np
import pytest
from hypothesis import given, settings

from sav_core.errors import InputError, SettingError
from sav_core.evaluation.leave_one_out import leave_out
from sav_core.heads.classifier import HeadClassifier
from tests.support.oracle import Oracle
from tests.support.problems import clusters, head_vectors, problems

SCORINGS = pytest.mark.parametrize("scoring", ["resubstitution", "leave_one_out"])


def without(row, n):
    return [other for other in range(n) if other != row]


def refusal(vectors, scoring, row):
    """Why the support cannot be fitted without an example; ``None`` if it can."""
    try:
        HeadClassifier(1, scoring=scoring).fit(vectors, rows=without(row, len(vectors)))
    except SettingError as error:
        return str(error)
    return None


@SCORINGS
@settings(max_examples=60, deadline=None)
@given(problem=problems())
def test_votes_and_shares_are_those_of_fitting_again_for_every_number_of_heads(problem, scoring):
    support, labels, _ = problem
    vectors, classifier = head_vectors(support, labels), HeadClassifier(scoring=scoring)
    classes = sorted(set(labels))
    judged = [row for row, label in enumerate(labels) if list(labels).count(label) > 1]
    if not judged or any(refusal(vectors, scoring, row) for row in judged):
        with pytest.raises(SettingError):
            leave_out(classifier, vectors)
        return
    fits = leave_out(classifier, vectors)
    heads = vectors.geometry.layers * vectors.geometry.heads
    assert fits.rows.tolist() == judged
    assert fits.alone
    for n_kept in range(1, heads + 1):
        left_out = fits.at(n_kept)
        for place, row in enumerate(judged):
            again = HeadClassifier(n_kept, scoring=scoring).fit(vectors, rows=without(row, len(labels)))
            ballot = again.vote(vectors, [row])
            assert classes[left_out.winner[place]] == again.classes_[ballot.winner[0]]
            present = [classes.index(label) for label in again.classes_]
            assert left_out.shares[place, present].tolist() == ballot.shares[0].tolist()
        assert fits.right[n_kept - 1] == left_out.right


@SCORINGS
@settings(max_examples=60, deadline=None)
@given(problem=problems())
def test_the_oracle_agrees(problem, scoring):
    support, labels, _ = problem
    values, labels = support.astype(float).tolist(), list(labels)
    judged = [row for row, label in enumerate(labels) if labels.count(label) > 1]
    vectors = head_vectors(support, labels)
    if not judged or any(refusal(vectors, scoring, row) for row in judged):
        return
    left_out = leave_out(HeadClassifier(scoring=scoring), vectors).at(3)
    for place, row in enumerate(judged):
        rest = without(row, len(labels))
        oracle = Oracle([values[other] for other in rest], [labels[other] for other in rest], 3, scoring)
        assert sorted(set(labels))[left_out.winner[place]] == oracle.predict(values[row])[0]


@SCORINGS
@pytest.mark.parametrize("noise", [1.0, 4.0])
def test_many_examples_are_cut_into_parts_that_change_nothing(monkeypatch, scoring, noise):
    vectors = clusters(noise=noise, per_label=7)
    whole = leave_out(HeadClassifier(scoring=scoring), vectors)
    again = leave_out(HeadClassifier(scoring=scoring), vectors, groups=len(vectors))
    monkeypatch.setattr("sav_core.heads.rules.majority_left_out._NUMBERS", 1)
    monkeypatch.setattr("sav_core.heads.chunks._CHUNK_BYTES", 1)
    parts = leave_out(HeadClassifier(scoring=scoring), vectors)
    assert whole.tally.votes.tolist() == parts.tally.votes.tolist() == again.tally.votes.tolist()


def test_where_leaving_out_leaves_nothing_to_score_it_is_refused():
    vectors = clusters(per_label=1).take([0, 1, 2])
    two = head_vectors(np.concatenate([vectors.values, vectors.values[:1]]), [*vectors.labels, "label 0"])
    assert leave_out(HeadClassifier(), two).rows.tolist() == [0, 3]
    with pytest.raises(SettingError, match="still needs a label with two examples"):
        leave_out(HeadClassifier(scoring="leave_one_out"), two)


def test_overflow_in_the_model_is_named():
    vectors = clusters()
    values = vectors.values.copy()
    values[3, 1, 1, 0] = np.nan
    with pytest.raises(InputError, match="not a finite number"):
        leave_out(HeadClassifier(), head_vectors(values, vectors.labels))
