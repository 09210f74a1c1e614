import json

import numpy as np
import pytest

from sav_core import Example, SavClassifier, evaluate_classifier, load_backbone
from sav_core.errors import CancelledError, InputError
from sav_core.evaluation.baselines import episode_pixels, pixel_control
from sav_core.evaluation.curves import reliability_diagram
from sav_core.evaluation.episodes import Episode, draw_episodes
from sav_core.evaluation.leave_one_out import calibrate
from sav_core.heads.classifier import HeadClassifier
from sav_core.reports.evaluate import foreign_roc, judge_confidence, judge_rules, sweep_support
from sav_core.reports.model_baselines import episode_model_controls, model_controls, same_answer
from sav_core.reports.values import foreign_values
from tests.support.problems import clusters
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
    assert all(len(control.right) == 5 for control in report.judged)
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


def test_every_rule_is_judged_on_the_same_vectors():
    support, test = clusters(noise=2.0), clusters(noise=2.0, seed=6)
    judged, refused = judge_rules(HeadClassifier(n_kept=4), support, test)
    assert [control.name for control in judged] == ["majority", "gaussian", "reliability"]
    assert refused == {}
    for control in judged:
        assert control.accuracy == HeadClassifier(n_kept=4, voting=control.name).fit(support).score(test)
    judged, refused = judge_rules(HeadClassifier(n_kept=4), support.take([0, 6, 12]), test)
    assert [control.name for control in judged] == ["majority", "gaussian"]
    assert "every label has one" in refused["reliability"]


def test_confidence_is_judged_on_the_test_set_and_fitted_on_the_support():
    support, test = clusters(per_label=10, noise=2.5), clusters(per_label=10, noise=2.5)
    classifier = HeadClassifier(n_kept=4).fit(support)
    found = judge_confidence(classifier, support, test)
    calibrate(classifier, support)
    predictions = classifier.predict(test)
    assert found.temperature == classifier.calibration_.temperature
    right = np.array([p.label == label for p, label in zip(predictions, test.labels, strict=True)])
    probability = np.array([p.probability for p in predictions])
    assert found.diagram.expected_error == reliability_diagram(probability, right).expected_error
    assert found.raw.count.sum() == found.diagram.count.sum() == 30
    assert found.selective.accuracy[-1] == pytest.approx(right.mean())


def test_a_sweep_covers_heads_and_examples():
    support, test = clusters(per_label=7, noise=2.0), clusters(per_label=3, noise=2.0)
    found = sweep_support(HeadClassifier(n_kept=4).fit(support), support, test)
    assert [point.value for point in found["heads"]] == [1, 2, 3, 5, 10, 20]
    assert [point.value for point in found["shots"]] == [1, 2, 5, 7]
    assert found["shots"][-1].accuracy == HeadClassifier(n_kept=4).fit(support).score(test)  # all seven, in any order
    honest = HeadClassifier(n_kept=4, scoring="leave_one_out").fit(support)
    assert [point.value for point in sweep_support(honest, support, test)["shots"]] == [2, 5, 7]


def test_queries_of_other_things_are_told_from_the_taught():
    both = clusters(n_labels=5, per_label=12, noise=0.7)
    taught = both.take([row for row in range(36) if row % 12 < 6])
    test = both.take([row for row in range(36) if row % 12 >= 6])
    foreign = both.take(range(36, 60))
    classifier = HeadClassifier(n_kept=6).fit(taught)
    assert foreign_roc(classifier, test, foreign).area > 0.8
    curve = foreign_roc(classifier, test, foreign)
    for threshold, false, true in zip(curve.threshold, curve.false_rate, curve.true_rate, strict=True):
        given = [[not each.doubted(threshold) for each in classifier.predict(queries)] for queries in (test, foreign)]
        assert (np.mean(given[0]), np.mean(given[1])) == pytest.approx((true, false))
    values = foreign_values(curve, len(foreign))
    assert values["threshold"] == [None, *curve.threshold[1:].tolist()]
    json.dumps(values, allow_nan=False)
    with pytest.raises(InputError, match="needs queries of both"):
        foreign_roc(classifier, test, foreign.take([]))


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
        ("the Red Apple", "apple", False),
        ("I see a red apple on a table.", "red apple", True),
        ("I see a red apple on a table.", "apple", False),
        ("a red apple beside an apple", "red apple", False),
        ("cat", "cats", False),
        ("cats", "cat", False),
        ("a", "A", True),
        ("", "cat", False),
        ("it is a CAT!", "cat", True),
        ("it is a CAT!", "A", False),
        ("The answer is A.", "A", True),
        ("A or B", "A", False),
        ("This is the cat, a cat.", "dog", False),
        ("one cat, not one dog", "cat", False),
        ("concatenate", "cat", False),
        ("some golden retriever", "golden_retriever", True),
        ("?", "?", True),
        ("!", "?", False),
    ],
)
def test_a_written_answer_names_one_label_whatever_its_dress(text, label, same):
    labels = ["cat", "cats", "dog", "apple", "red apple", "A", "B", "golden_retriever", "?"]
    assert same_answer(text, label, labels) is same


def test_a_sentence_that_names_the_label_is_right_over_episodes_too(classifier, support, monkeypatch):
    """Two labels of three take part in each: the third may be spoken of."""
    monkeypatch.setattr("sav_core.reports.model_baselines.generate_text", lambda *_, **__: "It is label 0, no label 2.")
    rows = [row for row in range(9) if row % 3 < 2]
    episode = Episode(np.array(rows[:2]), np.array(rows[2:]), ("label 0", "label 1"))
    both = Episode(np.arange(3), np.arange(3, 9), ("label 0", "label 1", "label 2"))
    found, _ = episode_model_controls(classifier.backbone, support, [episode, both], demonstrations=0)
    assert found["zero_shot_text"].tolist() == [0.5, 0.0]


def test_what_a_model_cannot_be_asked_is_told_with_the_reason(classifier, support, test_set):
    queries = [classifier.as_query(example) for example in test_set]
    asked, refused = model_controls(classifier.backbone, queries, ["label 0", " "], support)
    assert [control.name for control in asked] == ["zero_shot_text"]
    assert set(refused) == {"zero_shot_likelihood", "in_context"}
    assert all("none of them empty" in reason for reason in refused.values())


@pytest.fixture
def encodings(classifier, monkeypatch):
    """The examples that the backbone is asked to prepare."""
    counted = []
    encode = type(classifier.backbone).encode
    monkeypatch.setattr(
        type(classifier.backbone), "encode", lambda self, example: counted.append(example) or encode(self, example)
    )
    return counted


def test_a_query_is_prepared_once_for_both_ways_to_ask_without_demonstrations(classifier, support, test_set, encodings):
    queries = [classifier.as_query(example) for example in test_set]
    asked, _ = model_controls(classifier.backbone, queries, ["label 0", "label 1"], support, demonstrations=0)
    assert [control.name for control in asked] == ["zero_shot_likelihood", "zero_shot_text"]
    assert encodings == queries


def test_episodes_ask_each_example_once_and_show_each_its_own_support(classifier, support, encodings):
    episodes = draw_episodes([example.label for example in support], shots=2, count=5, ways=2)
    asked = {int(row) for episode in episodes for row in episode.queries}
    found, refused = episode_model_controls(classifier.backbone, support, episodes, demonstrations=0)
    assert (set(found), refused) == ({"zero_shot_likelihood", "zero_shot_text"}, {})
    assert len(encodings) == len(asked)
    reports = []
    found, _ = episode_model_controls(classifier.backbone, support, episodes, demonstrations=2, progress=reports.append)
    assert set(found) == {"zero_shot_likelihood", "zero_shot_text", "in_context"}
    assert all(accuracy.shape == (5,) for accuracy in found.values())
    assert reports[-1].done == reports[-1].total == len(reports) == 2 * len(asked) + sum(len(e.queries) for e in episodes)
    with pytest.raises(CancelledError, match="answering by itself"):
        episode_model_controls(classifier.backbone, support, episodes, cancel=lambda: True)


def test_an_episode_judges_the_model_and_the_pixels_as_its_split_does(classifier, support):
    rows = np.arange(6), np.arange(6, 9)
    labels = tuple(sorted({example.label for example in support}))
    learnt, queries = support[:6], support[6:]
    found, _ = episode_model_controls(classifier.backbone, support, [Episode(*rows, labels)], demonstrations=2)
    plain, _ = model_controls(classifier.backbone, queries, labels, learnt, demonstrations=2)
    assert {name: accuracy.tolist() for name, accuracy in found.items()} == {c.name: [c.accuracy] for c in plain}
    assert episode_pixels(support, [Episode(*rows, labels)]).tolist() == [pixel_control(learnt, queries).accuracy]
    words = [Example((), f"word {row}", example.label) for row, example in enumerate(support)]
    assert episode_pixels(words, [Episode(*rows, labels)]) is None


def test_episodes_tell_what_a_model_cannot_be_asked(classifier, support, monkeypatch):
    def refuse(*args, **options):
        raise InputError("it does not read")

    monkeypatch.setattr("sav_core.reports.model_baselines.generate_text", refuse)
    episodes = draw_episodes([example.label for example in support], shots=2, count=2)
    found, refused = episode_model_controls(classifier.backbone, support, episodes, demonstrations=0)
    assert set(found) == {"zero_shot_likelihood"}
    assert "it does not read" in refused["zero_shot_text"]
