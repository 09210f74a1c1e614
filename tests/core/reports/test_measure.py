"""The experiment on examples: read once, judged as the library judges vectors, and the same by every way in."""

from contextlib import contextmanager

import numpy as np
import pytest

from sav_core import Example, ExampleSet, SavClassifier, evaluate_classifier, load_backbone
from sav_core.activations.reading_probe import check_reading
from sav_core.data.examples import Skipped
from sav_core.errors import CancelledError, InputError, SettingError
from sav_core.evaluation.baselines import episode_baselines, pixel_baseline
from sav_core.evaluation.episodes import draw_episodes, run_episodes
from sav_core.heads.classifier import HeadClassifier
from sav_core.reports.episodes import measure_episodes
from sav_core.reports.measure import measure
from sav_core.reports.measure_vectors import measure_vectors
from sav_core.reports.wording import ASKING, COMPARING, READING
from tests.support.tiny_models import example_image


def pictures(seeds, question="Which?"):
    return [Example(example_image(seed), question, f"label {seed % 3}", name=f"{seed}.png") for seed in seeds]


SUPPORT, TEST = pictures(range(9)), pictures(range(9, 15))
UNKNOWN = [Example(example_image(50 + seed), "Which?", "emu") for seed in range(3)]
EVERYTHING = dict.fromkeys(("baselines", "own_answers", "rules", "sweeps", "confidence"), True)


@pytest.fixture(scope="module")
def classifier(tiny_checkpoint):
    backbone = load_backbone(tiny_checkpoint("llava"), dtype="float32")
    check_reading(backbone)  # or the first test would count the forwards of that too
    return SavClassifier(backbone, n_kept=5, cache=None)


@pytest.fixture
def read(classifier, monkeypatch):
    """How many examples went through the model for their vectors, in each pass."""
    passes = []
    forward = classifier.backbone.forward
    monkeypatch.setattr(
        classifier.backbone, "forward", lambda batch: passes.append(len(batch["input_ids"])) or forward(batch)
    )
    return passes


def test_every_example_is_read_once_and_the_rest_is_the_library_on_vectors(classifier, read):
    parts = {name: True for name in EVERYTHING if name != "own_answers"}
    found = measure(classifier, SUPPORT, TEST, unknown=UNKNOWN, **parts)
    assert sum(read) == len(SUPPORT) + len(TEST) + len(UNKNOWN)
    support, test, unknown = (classifier.extract(each, hidden=True) for each in (SUPPORT, TEST, UNKNOWN))
    pixels = pixel_baseline(SUPPORT, TEST)
    fitted = HeadClassifier(n_kept=5).fit(support)
    again = measure_vectors(fitted, support, test, unknown=unknown, others=[pixels], **parts)
    assert found.answers == again.answers
    np.testing.assert_array_equal(found.evaluation.confusion, again.evaluation.confusion)
    assert [each.accuracy for each in found.baselines.judged] == [each.accuracy for each in again.baselines.judged]
    assert found.baselines.comparisons == again.baselines.comparisons
    assert found.sweeps == again.sweeps
    assert found.trust.temperature == again.trust.temperature
    assert found.unknown.roc.area == again.unknown.roc.area


def test_evaluate_classifier_says_the_same_of_a_fitted_one(classifier):
    fitted = SavClassifier(classifier.backbone, n_kept=5, cache=None).fit(SUPPORT, hidden=True)
    report = evaluate_classifier(fitted, TEST, controls=True, support=SUPPORT, demonstrations=2)
    found = measure(classifier, SUPPORT, TEST, baselines=True, own_answers=True, demonstrations=2)
    assert report.right.tolist() == found.right.tolist()
    assert report.controls == {each.name: each.accuracy for each in found.baselines.judged}
    assert report.comparisons == found.baselines.comparisons
    assert report.evaluation.macro_f1 == found.evaluation.macro_f1


def test_the_classifier_is_not_changed_and_the_queries_are_asked_the_support_s_question(classifier):
    bare = [Example(example_image(seed), label=f"label {seed % 3}") for seed in range(9, 15)]
    asked = measure(classifier, SUPPORT, bare)
    assert asked.answers == measure(classifier, SUPPORT, TEST).answers
    assert asked.about.question == "Which?"
    assert not hasattr(classifier, "head_classifier_")
    mixed = [*pictures(range(6), "Which?"), *pictures(range(6, 9), "What?")]
    with pytest.raises(InputError, match="a query needs one too"):
        measure(classifier, mixed, bare)
    assert measure(classifier, [*pictures(range(6)), *pictures(range(6, 9), "")], bare).evaluation.n == 6


def test_it_tells_what_is_in_both_sets_and_what_could_not_be_read(classifier):
    support = ExampleSet(tuple(SUPPORT), (Skipped("a.png", "broken"),))
    test = ExampleSet((*TEST, *SUPPORT[:2]), (Skipped("b.png", "empty"),))
    found = measure(classifier, support, test)
    assert found.overlap == 2
    assert [each.name for each in found.skipped] == ["a.png", "b.png"]


def test_it_goes_through_the_given_door_and_says_at_which_stage_it_is(classifier):
    stages, tasks = [], []

    @contextmanager
    def watch(stage):
        stages.append((stage, []))
        yield stages[-1][1].append

    def run(task, *arguments, progress=None, cancel=None):
        tasks.append(task.__name__)
        return task(classifier.backbone, *arguments, progress=progress, cancel=cancel)

    measure(classifier, SUPPORT, TEST, own_answers=True, demonstrations=0, run=run, watch=watch)
    assert tasks == ["read_vectors", "model_baselines"]
    assert [stage for stage, _ in stages] == [READING, ASKING, COMPARING]
    assert [told[-1].done for _, told in stages[:2]] == [len(SUPPORT) + len(TEST), 2 * len(TEST)]


def test_what_is_wrong_is_refused_before_the_model_runs(classifier, read):
    with pytest.raises(InputError, match="'emu', which the classifier was not taught"):
        measure(classifier, SUPPORT, UNKNOWN)
    with pytest.raises(InputError, match="at least two labels"):
        measure(classifier, SUPPORT[:1], TEST)
    with pytest.raises(SettingError, match="n_kept"):
        measure(SavClassifier(classifier.backbone, n_kept=0), SUPPORT, TEST)
    with pytest.raises(InputError, match="need one more to judge on"):
        measure_episodes(classifier, SUPPORT, count=2, shots=3)
    assert read == []
    with pytest.raises(CancelledError):
        measure(classifier, SUPPORT, TEST, cancel=lambda: True)


def test_episodes_are_the_library_s_on_vectors(classifier, read):
    examples = pictures(range(18))
    found = measure_episodes(classifier, examples, count=4, shots=4, n_way=2, seed=3, baselines=True, sweeps=True)
    assert sum(read) == len(examples)
    vectors = classifier.extract(examples, hidden=True)
    episodes = draw_episodes(vectors.labels, shots=4, count=4, n_way=2, seed=3)
    result = run_episodes(HeadClassifier(n_kept=5), vectors, episodes)
    assert found.result.accuracy.tolist() == result.accuracy.tolist()
    for name, accuracy in episode_baselines(HeadClassifier(n_kept=5), vectors, episodes).items():
        assert found.baselines[name].accuracy.tolist() == accuracy.tolist()
        assert found.baselines[name].difference == pytest.approx(result.mean - accuracy.mean())
    assert [point.value for point in found.sweeps["shots"]] == [1, 2, 4]
    assert found.sweeps["shots"][-1].accuracy == found.result.mean
    assert (found.n_way, found.about.support, found.refused) == (2, 8, {})
