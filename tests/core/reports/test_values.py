"""The one JSON of a measurement: its exact keys, and that it says what the measurement says."""

import json

import numpy as np
import pytest

from sav_core import Example, SavClassifier, load_backbone
from sav_core.evaluation.baselines import answer_baseline
from sav_core.heads.classifier import HeadClassifier
from sav_core.reports.episodes import measure_episodes
from sav_core.reports.measure import measure
from sav_core.reports.measure_vectors import measure_vectors
from sav_core.reports.values import as_json, values
from tests.support.problems import clusters
from tests.support.tiny_models import example_image

ABOUT = {"title", "date", "model", "identity", "dtype", "question", "heads", "voting", "scoring", "support", "test"}
COUNTED = {"accuracy", "interval", "n", "macro_f1", "per_label", "confusion", "labels"}
ALWAYS = ABOUT | COUNTED | {"skipped", "notes"}
BESIDE = {"accuracy", "interval", "difference", "difference_interval"}
POINT = {"value", "accuracy", "interval", "n"}
EXAMPLE = {"image", "truth", "label", "right", "confidence", "probability"}
CONFIDENCE = {
    *("temperature", "left_out_accuracy", "left_out_n", "left_out_interval", "left_out_groups"),
    *("expected_error", "uncalibrated_error", "bins", "selective"),
}
OF_VECTORS = {"all_heads", "random_heads", "best_head", "nearest_examples", "logistic_heads"}
OF_EXAMPLES = {"hidden_mean", "hidden_logistic", "pixels", "zero_shot_likelihood", "zero_shot_text", "in_context"}


@pytest.fixture(scope="module")
def examples():
    return [Example(example_image(seed), "Which?", f"label {seed % 3}", name=f"{seed}.png") for seed in range(18)]


@pytest.fixture(scope="module")
def classifier(tiny_checkpoint):
    return SavClassifier(load_backbone(tiny_checkpoint("llava"), dtype="float32"), n_kept=5, cache=None)


@pytest.fixture(scope="module")
def other_task(classifier, examples):
    return SavClassifier(classifier.backbone, n_kept=5, cache=None).fit(examples[:6]).head_classifier_


@pytest.fixture(scope="module")
def everything(classifier, examples, other_task):
    unknown = [Example(example_image(50 + seed), "Which?", "emu") for seed in range(3)]
    asked = dict.fromkeys(("baselines", "own_answers", "rules", "sweeps", "confidence"), True)
    return measure(classifier, examples[:12], examples[12:], unknown=unknown, heads_from=other_task, **asked)


def keys(value):
    return set(value) if isinstance(value, dict) else None


def test_the_keys_of_everything_are_exactly_these(everything):
    found = values(everything)
    assert keys(found) == ALWAYS | {
        *("overlap", "controls", "control_details", "refused", "rules", "rules_refused", "sweep", "confidence"),
        *("foreign", "transfer", "examples"),
    }
    assert keys(found["per_label"]) == set(found["labels"]) == {"label 0", "label 1", "label 2"}
    assert keys(found["controls"]) == keys(found["control_details"]) == OF_VECTORS | OF_EXAMPLES
    for name, each in found["control_details"].items():
        assert keys(each) == ({"accuracy", "interval"} if name == "random_heads" else BESIDE | {"p"}), name
    assert keys(found["refused"]) == keys(found["rules_refused"]) == set()
    assert keys(found["rules"]) == {"majority", "gaussian", "reliability"}
    assert keys(found["rules"]["majority"]) == {"accuracy", "interval"}
    assert keys(found["rules"]["gaussian"]) == keys(found["rules"]["reliability"]) == BESIDE | {"p"}
    assert keys(found["sweep"]) == {"heads", "shots"}
    assert all(keys(point) == POINT for points in found["sweep"].values() for point in points)
    assert keys(found["confidence"]) == CONFIDENCE
    assert all(keys(each) == {"from", "to", "n", "right", "confidence"} for each in found["confidence"]["bins"])
    assert keys(found["confidence"]["selective"]) == {"area", "threshold", "coverage", "accuracy", "threshold_95"}
    assert keys(found["foreign"]) == {"n", "area", "threshold", "false_rate", "true_rate"}
    assert keys(found["transfer"]) == BESIDE | {"p", "shared_heads"}
    assert len(found["examples"]) == 6
    assert all(keys(each) == EXAMPLE for each in found["examples"])
    assert found["skipped"] == []


def test_what_was_not_asked_for_has_no_key(classifier, examples):
    found = values(measure(classifier, examples[:12], examples[12:]))
    assert keys(found) == ALWAYS | {"overlap", "examples"}
    assert all(each["probability"] is None for each in found["examples"])
    support, test = clusters(), clusters(seed=6)
    alone = values(measure_vectors(HeadClassifier(n_kept=3).fit(support), None, test))
    assert keys(alone) == ALWAYS | {"examples"}


def test_the_keys_of_episodes_are_exactly_these(classifier, examples):
    asked = {"baselines": True, "own_answers": True, "sweeps": True}
    found = values(measure_episodes(classifier, examples, count=3, shots=2, n_way=2, seed=4, **asked))
    assert keys(found) == ALWAYS | {"episodes", "controls", "control_details", "refused", "sweep"}
    assert keys(found["episodes"]) == {"count", "shots", "ways", "seed", "accuracy"}
    drawn = {name: found["episodes"][name] for name in ("count", "shots", "ways", "seed")}
    assert drawn == {"count": 3, "shots": 2, "ways": 2, "seed": 4}
    assert keys(found["controls"]) == keys(found["control_details"]) == OF_VECTORS | OF_EXAMPLES
    assert all(keys(each) == BESIDE for each in found["control_details"].values())
    assert keys(found["sweep"]) == {"heads", "shots"}
    assert all(keys(point) == POINT for points in found["sweep"].values() for point in points)
    assert keys(values(measure_episodes(classifier, examples, count=2, shots=2))) == ALWAYS | {"episodes"}


def test_the_values_are_the_measurement_s(everything):
    found = values(everything)
    assert found["accuracy"] == everything.evaluation.accuracy
    assert found["controls"] == {each.name: each.accuracy for each in everything.baselines.judged}
    assert found["control_details"]["pixels"]["p"] == everything.baselines.comparisons["pixels"].p
    assert found["foreign"]["threshold"] == [None, *everything.unknown.roc.threshold[1:].tolist()]
    assert found["transfer"]["accuracy"] == everything.transfer.baseline.accuracy
    assert [each["label"] for each in found["examples"]] == list(everything.answers)
    assert [each["probability"] for each in found["examples"]] == everything.trust.probability.tolist()
    assert (found["model"], found["heads"], found["support"]) == ("llava", 5, 12)


def test_it_is_json_and_nothing_but_json(everything):
    read = json.loads(as_json(everything), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert read == json.loads(json.dumps(values(everything), allow_nan=False))


def test_what_cannot_be_tried_is_told_under_its_own_key():
    support, test = clusters(per_label=1, seed=2), clusters(per_label=3, seed=2)
    always = answer_baseline("always_first", [test.labels[0]] * len(test), test.labels)
    fitted = HeadClassifier(n_kept=3).fit(support)
    parts = {"others": [always], "refused": {"in_context": "why"}, "rules": True, "confidence": True}
    found = measure_vectors(fitted, support, test, **parts)
    told = values(found)
    assert (told["confidence"], told["confidence_refused"]) == (None, found.untrusted)
    assert told["controls"] == {"always_first": pytest.approx(1 / 3)}
    assert told["refused"] == {"in_context": "why"}
    assert set(told["rules_refused"]) == {"reliability"}


def test_episodes_say_the_mean_and_its_bootstrap(classifier, examples):
    found = measure_episodes(classifier, examples, count=4, shots=2, baselines=True)
    told = values(found)
    assert told["accuracy"] == pytest.approx(np.mean(told["episodes"]["accuracy"]))
    assert told["interval"] == found.result.interval
    beside = told["control_details"]["all_heads"]
    assert beside["difference"] == pytest.approx(told["accuracy"] - beside["accuracy"])
