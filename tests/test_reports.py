import pytest

from sav_core import Example, SavClassifier, evaluate_classifier, load_backbone
from sav_core.errors import CancelledError, InputError
from sav_core.reports import _same_answer
from tests.tiny_models import example_image


@pytest.fixture(scope="module")
def classifier(tiny_checkpoint):
    backbone = load_backbone(tiny_checkpoint("llava"), dtype="float32")
    support = [Example(example_image(seed), "Which?", f"label {seed % 3}") for seed in range(9)]
    return SavClassifier(backbone, n_kept=5, cache=None).fit(support)


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


def test_controls_stand_beside_it(classifier, test_set):
    controls = evaluate_classifier(classifier, test_set, controls=True).controls
    assert set(controls) == {"all_heads", "best_head", "random_heads", "zero_shot_likelihood", "zero_shot_text"}
    assert all(0 <= accuracy <= 1 for accuracy in controls.values())


def test_a_label_that_was_not_taught_is_refused_before_the_model_runs(classifier):
    with pytest.raises(InputError, match="'emu', which the classifier was not taught: it knows label 0, label 1, label 2"):
        evaluate_classifier(classifier, [Example(example_image(0), label="emu")])


def test_cancelling_says_so(classifier, test_set):
    with pytest.raises(CancelledError):
        evaluate_classifier(classifier, test_set, cancel=lambda: True)


@pytest.mark.parametrize(
    ("text", "label", "same"),
    [
        ("A cat.", "cat", True),
        ("the Red Apple", "red apple", True),
        ("cat", "cats", False),
        ("a", "a", True),
        ("", "cat", False),
        ("it is a cat", "cat", False),
    ],
)
def test_a_written_answer_is_the_label_but_for_its_dress(text, label, same):
    assert _same_answer(text, label) is same
