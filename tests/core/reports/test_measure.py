"""One measurement: its parts are the library's own, and its files say what it says."""

import csv
import io
import json
import re
from html import escape

import numpy as np
import pytest

from sav_core.errors import CancelledError, InputError
from sav_core.evaluation.baselines import answer_control
from sav_core.heads.classifier import HeadClassifier
from sav_core.reports.measure import KEPT, measure
from sav_core.reports.page import as_html
from sav_core.reports.tables import as_answers, as_figures, as_json, figures, plain
from sav_core.reports.wording import FIGURES, WAYS
from tests.support.problems import clusters

ABOUT = {"title": "A <b>task</b>", "model": "tiny", "heads": 3}


@pytest.fixture(scope="module")
def problem():
    """A fitted classifier, its support, a test set of the same kind, and one of nothing alike."""
    support, test = clusters(noise=1.5, seed=1), clusters(noise=1.5, per_label=4, seed=1)
    classifier = HeadClassifier(n_kept=3).fit(support)
    return classifier, support, test


@pytest.fixture(scope="module")
def found(problem):
    classifier, support, test = problem
    always = answer_control("always_first", [test.labels[0]] * len(test), test.labels)
    return measure(classifier, support, test, foreign=clusters(noise=9, seed=5), others=[always], refused={"x": "why"})


def test_it_counts_what_the_classifier_answers(problem, found):
    classifier, _, test = problem
    answers = [prediction.label for prediction in classifier.predict(test)]
    assert list(found.answers) == answers
    assert found.evaluation.accuracy == pytest.approx(np.mean([a == b for a, b in zip(answers, test.labels, strict=True)]))
    assert found.right.sum() == np.trace(found.evaluation.confusion)
    assert found.ways[0].name == KEPT
    assert found.ways[0].accuracy == found.evaluation.accuracy


def test_every_other_way_is_on_the_same_examples_and_compared(problem, found):
    _, _, test = problem
    assert {"all_heads", "random_heads", "best_head", "nearest_examples", "always_first"} <= {w.name for w in found.ways}
    assert all(len(way.right) == len(test) for way in found.ways)
    assert set(found.comparisons) == {way.name for way in found.ways} - {KEPT, "random_heads"}
    beside = found.comparisons["always_first"]
    assert beside.difference == pytest.approx(found.evaluation.accuracy - 1 / 3)
    assert found.chance == pytest.approx(1 / 3)


def test_the_rule_in_use_among_all_rules_has_its_own_accuracy(found):
    assert {rule.name for rule in found.rules} == {"majority", "gaussian", "reliability"}
    assert next(rule for rule in found.rules if rule.name == "majority").accuracy == found.evaluation.accuracy
    assert set(found.rule_comparisons) == {"gaussian", "reliability"}


def test_a_support_of_one_example_a_label_says_why_it_cannot_calibrate():
    support, test = clusters(per_label=1, seed=2), clusters(per_label=3, seed=2)
    found = measure(HeadClassifier(n_kept=3).fit(support), support, test)
    assert found.trust is None
    assert found.probability is None
    assert "add examples" in found.untrusted
    assert found.doubt is None
    assert "calibration" not in figures(found)
    assert found.untrusted in as_html(found, ABOUT)
    values = json.loads(as_json(found, ABOUT))
    assert (values["confidence"], values["confidence_refused"]) == (None, found.untrusted)


def test_it_stops_when_told_and_refuses_an_unknown_label(problem):
    classifier, support, test = problem
    with pytest.raises(CancelledError):
        measure(classifier, support, test, cancel=lambda: True)
    with pytest.raises(InputError, match="not taught"):
        measure(classifier, support, clusters(n_labels=4, seed=1))


def test_the_json_has_the_names_of_the_command_line_and_every_answer(found):
    values = json.loads(as_json(found, ABOUT))
    of_the_command_line = {
        "accuracy",
        "confusion",
        "control_details",
        "controls",
        "interval",
        "labels",
        "macro_f1",
        "n",
        "per_label",
    }
    more_of_it = {"confidence", "foreign", "refused", "rules", "rules_refused", "sweep"}
    assert set(values) == set(ABOUT) | of_the_command_line | more_of_it | {"examples"}
    assert values["model"] == "tiny"
    assert values["accuracy"] == found.evaluation.accuracy
    assert [line["label"] for line in values["examples"]] == list(found.answers)
    assert values["foreign"]["n"] == found.foreign == 18


def test_the_answers_have_a_line_each_and_a_column_for_each_way(found):
    lines = list(csv.DictReader(io.StringIO(as_answers(found))))
    assert sum(line["right"] == "yes" for line in lines) == found.right.sum()
    assert np.mean([float(line["all_heads"]) for line in lines]) == pytest.approx(
        next(way for way in found.ways if way.name == "all_heads").accuracy
    )


def test_the_figures_as_a_table_are_the_figures(found):
    lines = {(line["figure"], line["of"]): line for line in csv.DictReader(io.StringIO(as_figures(found)))}
    headline = lines["accuracy", KEPT]
    assert float(headline["value"]) == pytest.approx(found.evaluation.accuracy, abs=1e-6)
    assert float(headline["low"]) == pytest.approx(found.evaluation.interval[0], abs=1e-6)
    assert ("heads that vote", "1") in lines
    assert float(lines["expected calibration error", "calibrated"]["value"]) == pytest.approx(
        found.trust.diagram.expected_error, abs=1e-6
    )


def test_the_table_has_every_test_and_every_point_of_a_curve(found):
    lines = list(csv.DictReader(io.StringIO(as_figures(found))))

    def of(figure, key="value"):
        return [float(line[key]) for line in lines if line["figure"] == figure]

    assert of("McNemar's p against") == pytest.approx([each.p for each in found.comparisons.values()], rel=1e-5)
    assert of("McNemar's p against rule") == pytest.approx([each.p for each in found.rule_comparisons.values()], rel=1e-5)
    diagram, raw, curve = found.trust.diagram, found.trust.raw, found.trust.selective
    assert sum(of("accuracy by confidence", "n")) == 2 * found.evaluation.n
    confidence = [*diagram.confidence[diagram.count > 0], *raw.confidence[raw.count > 0]]
    assert of("accuracy by confidence", "at") == pytest.approx(confidence, abs=1e-5)
    assert of("selective accuracy") == pytest.approx(curve.accuracy, abs=1e-5)
    assert of("selective accuracy", "at") == pytest.approx(curve.coverage, abs=1e-5)
    assert of("ROC true rate by false rate") == pytest.approx(found.doubt.true_rate, abs=1e-5)
    assert of("ROC true rate by false rate", "at") == pytest.approx(found.doubt.false_rate, abs=1e-5)


def test_the_page_holds_everything_and_fetches_nothing(found):
    page = as_html(found, ABOUT)
    assert f"{found.evaluation.accuracy:.1%}" in page
    assert "A &lt;b&gt;task&lt;/b&gt;" in page
    assert page.count("Plotly.newPlot(") >= len(figures(found)) == 7
    body = page.rpartition("</script></head>")[2]
    assert not re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=", page.split("<script>", 1)[0] + body)
    assert "x: not judged; why" in body


def test_the_page_tells_when_what_and_how_to_read_it(found):
    about = {**ABOUT, "identity": "0123abcd", "dtype": "float32", "scoring": "leave_one_out", "date": "2024-02-29"}
    page = as_html(found, about)
    body = re.sub(r"<script.*?</script>", "", page.rpartition("</script></head>")[2], flags=re.DOTALL)
    rows = dict(re.findall(r"<tr><td>([^<]*)</td><td>([^<]*)</td></tr>", body))
    assert rows["measured"] == "2024-02-29"
    assert (rows["fingerprint of its weights"], rows["computed in"]) == ("0123abcd", "float32")
    assert "left out" in rows["heads ranked by"]
    assert not {"identity", "dtype", "scoring", "title"} & set(rows)
    assert {*figures(found), "confusion"} == set(FIGURES)
    for words in (*FIGURES.values(), *(WAYS[way.name] for way in (*found.ways, *found.rules) if way.name in WAYS)):
        assert escape(words) in body
    label, share = found.evaluation.labels[0], found.evaluation.per_label[found.evaluation.labels[0]]
    assert re.search(rf"<tr><td>{label}</td>(<td>\d+</td>)+<td>{share:.1%} of 4</td></tr>", body)
    assert f"{found.foreign} examples of labels that were not taught" in body
    assert re.search(r"<td>measured</td><td>\d{4}-\d\d-\d\d", as_html(found, ABOUT))


def test_every_control_and_rule_is_told_in_words():
    from sav_core.evaluation import baselines as controls
    from sav_core.heads.voting import VOTING_RULES

    told = set(re.findall(r"^``(\w+)``", controls.__doc__, re.MULTILINE))
    asked = {KEPT, "zero_shot_likelihood", "zero_shot_text", "in_context"}
    assert set(WAYS) == told | set(VOTING_RULES) | asked


def test_a_name_is_no_formula():
    assert plain("=1+1") == "'=1+1"
    assert plain("cat 1.png") == "cat 1.png"
