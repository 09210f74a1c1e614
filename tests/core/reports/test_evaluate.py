import pytest

from sav_core import Example, SavClassifier, evaluate_classifier, load_backbone
from sav_core.errors import CancelledError, InputError
from sav_core.evaluation.judge import judge_confidence, judge_rules, sweep_support
from tests.support.tiny_models import example_image


@pytest.fixture(scope="module")
def classifier(tiny_checkpoint, support):
    backbone = load_backbone(tiny_checkpoint("llava"), dtype="float32")
    return SavClassifier(backbone, n_kept=5, cache=None).fit(support, hidden=True)


@pytest.fixture(scope="module")
def support():
    return [Example(example_image(seed), "Which?", f"label {seed % 3}") for seed in range(9)]


@pytest.fixture
def test_set():
    return [Example(example_image(seed), label=f"label {seed % 3}") for seed in range(3, 8)]


def test_the_report_counts_what_predict_answers(classifier, test_set):
    report = evaluate_classifier(classifier, test_set)
    answers = [prediction.label for prediction in classifier.predict(test_set)]
    right = sum(answer == example.label for answer, example in zip(answers, test_set, strict=True))
    assert report.evaluation.n == 5
    assert report.evaluation.accuracy == right / 5
    assert report.controls == {}


def test_controls_stand_beside_it_on_the_same_queries(classifier, support, test_set):
    report = evaluate_classifier(classifier, test_set, controls=True, support=support, demonstrations=2)
    assert set(report.controls) == {
        *("all_heads", "random_heads", "best_head", "nearest_examples", "logistic_heads", "hidden_mean"),
        *("hidden_logistic", "pixels", "zero_shot_likelihood", "zero_shot_text", "in_context"),
    }
    assert report.refused == {}
    assert all(len(each.right) == 5 for each in report.judged)
    assert all(0 <= accuracy <= 1 for accuracy in report.controls.values())
    assert set(report.comparisons) == set(report.controls) - {"random_heads"}
    beside = report.comparisons["pixels"]
    assert beside.difference == pytest.approx(report.evaluation.accuracy - report.controls["pixels"])


def test_every_picture_is_read_once_for_heads_and_hidden_state(tiny_checkpoint, support, test_set, monkeypatch):
    backbone = load_backbone(tiny_checkpoint("llava"), dtype="float32")
    seen = []
    forward = backbone.forward
    monkeypatch.setattr(backbone, "forward", lambda batch: seen.append(len(batch["input_ids"])) or forward(batch))
    classifier = SavClassifier(backbone, n_kept=5, cache=None).fit(support, hidden=True)
    report = evaluate_classifier(classifier, test_set, controls=True, support=support)
    heads = classifier.head_classifier_
    sweep_support(heads, classifier.vectors_, report.vectors)
    judge_rules(heads, classifier.vectors_, report.vectors)
    judge_confidence(heads, classifier.vectors_, report.vectors)
    assert sum(seen) == len(support) + len(test_set)


def test_controls_of_a_classifier_from_a_file_are_refused(classifier, test_set, tmp_path):
    classifier.save(tmp_path / "pets.sav")
    loaded = SavClassifier.load(tmp_path / "pets.sav", classifier.backbone)
    with pytest.raises(InputError, match="Controls learn from the support"):
        evaluate_classifier(loaded, test_set, controls=True)


def test_a_label_that_was_not_taught_is_refused_before_the_model_runs(classifier):
    with pytest.raises(InputError, match="'emu', which the classifier was not taught: it knows label 0, label 1, label 2"):
        evaluate_classifier(classifier, [Example(example_image(0), label="emu")])


def test_cancelling_says_so(classifier, test_set):
    with pytest.raises(CancelledError):
        evaluate_classifier(classifier, test_set, cancel=lambda: True)
