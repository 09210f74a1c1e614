"""One measurement of every part that vectors alone allow."""

from dataclasses import replace

import pytest
from PIL import Image

from sav_core.data.pictures.picture import as_picture
from sav_core.evaluation.baselines import answer_baseline
from sav_core.heads.classifier import HeadClassifier
from sav_core.reports.measure_vectors import measure_vectors
from tests.support.problems import clusters


@pytest.fixture(scope="module")
def problem():
    """A fitted classifier, its support, and a test set of the same kind."""
    support, test = clusters(noise=1.5, seed=1), clusters(noise=1.5, per_label=4, seed=1)
    return HeadClassifier(n_kept=3).fit(support), support, test


@pytest.fixture(scope="module")
def found(problem):
    classifier, support, test = problem
    always = answer_baseline("always_first", [test.labels[0]] * len(test), test.labels)
    asked = dict.fromkeys(("baselines", "rules", "sweeps", "confidence"), True)
    unknown = clusters(noise=9, seed=5)
    whole = measure_vectors(classifier, support, test, unknown=unknown, others=[always], refused={"x": "why"}, **asked)
    drawn = [as_picture(Image.new("RGB", (90, 60), (40 * place % 255, 90, 120))) for place in range(1, len(test))]
    about = replace(whole.about, title="A <b>task</b>", model="tiny")
    scores, heads = classifier.fitted_.scores, classifier.kept_heads_
    return replace(whole, about=about, scores=scores, heads=heads, pictures=(None, *drawn))
