import numpy as np
import pytest

from sav_core.data.examples import Example
from sav_core.evaluation.acceptance import calibrate
from sav_core.evaluation.leave_one_out import judge_left_out
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.rules import VOTING_RULES
from sav_ui.pages.shared.answers import answers
from sav_ui.session.fit import fit_project
from sav_ui.session.project import Project
from tests.support.problems import clusters

SETTINGS = [(voting, scoring) for voting in VOTING_RULES for scoring in ("resubstitution", "leave_one_out")]


def project_of(vectors, **settings):
    """A project whose examples are texts, one for each row of ``vectors``, under the same labels."""
    project = Project(**{"n_kept": 6, **settings})
    for row, label in enumerate(vectors.labels):
        project = project.with_labelled([Example((), f"text {row}", label)])
    return project


@pytest.mark.parametrize(("voting", "scoring"), SETTINGS)
def test_heads_left_out_figures_and_probabilities_are_the_librarys(voting, scoring):
    vectors, queries = clusters(noise=4.0), clusters(noise=4.0, seed=5)
    fit = fit_project(project_of(vectors, voting=voting, scoring=scoring), vectors)
    reference = HeadClassifier(6, voting, scoring).fit(vectors)
    calibrate(reference, vectors)
    left_out = judge_left_out(reference, vectors)
    assert fit.kept == reference.kept_heads_
    np.testing.assert_array_equal(fit.scores.accuracy, reference.head_scores_)
    assert fit.left_out.winner.tolist() == left_out.winner.tolist()
    assert fit.left_out.shares.tolist() == left_out.shares.tolist()
    assert fit.left_out.accuracy < 1, "a problem that is solved tells nothing"
    assert fit.classifier.calibration_ == reference.calibration_
    ours = [answer.prediction.probability for answer in answers(fit, queries.values, 0.0)]
    assert ours == [prediction.probability for prediction in reference.predict(queries)]


@pytest.mark.parametrize("voting", VOTING_RULES)
def test_the_curve_is_the_left_out_figure_for_every_number_of_heads(voting):
    vectors = clusters(noise=3.0)
    fit = fit_project(project_of(vectors, voting=voting), vectors)
    again = [judge_left_out(HeadClassifier(n, voting, "leave_one_out"), vectors).right for n in range(1, 21)]
    assert fit.sweep.tolist() == again
    assert len(set(again)) > 1, "a flat curve tells nothing"


def test_chance_is_the_largest_labels_share():
    vectors = clusters()
    fit = fit_project(project_of(vectors), vectors)
    assert fit.chance == max(vectors.labels.count(label) for label in fit.labels) / len(vectors.labels)
