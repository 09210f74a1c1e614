import numpy as np
import pytest

from sav_core.errors import SettingError
from sav_core.evaluation.acceptance import calibrate
from sav_core.evaluation.leave_one_out import judge_left_out
from sav_core.heads.calibration import fit_temperature
from sav_core.heads.classifier import HeadClassifier
from tests.support.problems import clusters, head_vectors


@pytest.mark.parametrize("voting", ["majority", "gaussian", "reliability"])
def test_each_example_is_judged_by_a_fit_without_it(voting):
    vectors = clusters(noise=2.0)
    classifier = HeadClassifier(n_kept=3, voting=voting)
    left_out = judge_left_out(classifier, vectors)
    assert left_out.groups == len(vectors)
    assert left_out.rows.tolist() == list(range(len(vectors)))
    for row in (0, 7, 17):
        others = [other for other in range(len(vectors)) if other != row]
        alone = HeadClassifier(n_kept=3, voting=voting).fit(vectors.take(others)).predict(vectors.take([row]))[0]
        assert f"label {left_out.winner[row]}" == alone.label
        np.testing.assert_allclose(left_out.shares[row], list(alone.shares.values()))


def test_vectors_without_meaning_are_at_chance_where_their_own_fit_is_sure():
    rng = np.random.default_rng(0)
    noise = head_vectors(rng.standard_normal((40, 6, 6, 8)), [f"label {row % 4}" for row in range(40)])
    assert HeadClassifier(n_kept=5).fit(noise).score(noise) > 0.6
    assert judge_left_out(HeadClassifier(n_kept=5), noise).accuracy < 0.5


def test_groups_take_no_label_along():
    vectors = clusters(n_labels=3, per_label=2)
    left_out = judge_left_out(HeadClassifier(), vectors, groups=2)
    assert len(left_out.rows) == 6
    assert left_out.groups == 2


def test_the_only_example_of_a_label_is_not_judged():
    left_out = judge_left_out(HeadClassifier(), clusters().take([0, 1, 6, 12, 13]))
    assert left_out.rows.tolist() == [0, 1, 3, 4]
    assert left_out.codes.tolist() == [0, 0, 2, 2]
    assert left_out.shares[0, 1] <= 1
    with pytest.raises(SettingError, match="every label has one"):
        judge_left_out(HeadClassifier(), clusters().take([0, 6, 12]))


def test_a_calibrated_classifier_gives_probabilities():
    vectors = clusters(noise=2.0)
    classifier = HeadClassifier(n_kept=5).fit(vectors)
    assert classifier.predict(vectors)[0].probability is None
    calibration = calibrate(classifier, vectors)
    left_out = judge_left_out(classifier, vectors)
    assert calibration == fit_temperature(left_out.shares, left_out.codes)
    prediction = classifier.predict(vectors)[0]
    assert 1 / 3 <= prediction.probability <= 1
    assert classifier.fit(vectors).calibration_ is None  # another fit needs another temperature
