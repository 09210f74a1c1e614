import numpy as np

from sav_ui.fitting import fit_project
from sav_ui.project import Project
from tests.problems import clusters


def project_of(vectors):
    """A project whose examples are texts, one for each row of ``vectors``, under the same labels."""
    from sav_core.records import Example

    project = Project(n_kept=6)
    for row, label in enumerate(vectors.labels):
        project = project.with_labelled([Example((), f"text {row}", label)])
    return project


def test_a_fit_is_the_librarys_fit_under_both_ways_of_scoring():
    from sav_core.classifier import HeadClassifier

    vectors = clusters()
    fit = fit_project(project_of(vectors), vectors)
    for scoring, ours in (("resubstitution", fit.paper), ("leave_one_out", fit.honest)):
        reference = HeadClassifier(n_kept=6, scoring=scoring).fit(vectors)
        np.testing.assert_array_equal(ours.scores.accuracy, reference.head_scores_)
        assert ours.scores.ranking[:6] == reference.kept_heads_


def test_the_curve_passes_through_the_headline():
    vectors = clusters()
    fit = fit_project(project_of(vectors), vectors)
    assert fit.sweep[len(fit.kept) - 1] == fit.vote.right
    assert len(fit.sweep) == len(fit.ranking)


def test_chance_is_the_largest_labels_share():
    vectors = clusters()
    fit = fit_project(project_of(vectors), vectors)
    assert fit.chance == max(vectors.labels.count(label) for label in fit.labels) / len(vectors.labels)
