"""The two tables say what the measurement says."""

import csv
import io

import numpy as np
import pytest

from sav_core.reports.measurement import KEPT
from sav_core.reports.tables import as_answers, as_figures, plain


def test_the_answers_have_a_line_each_and_a_column_for_each_baseline(found):
    lines = list(csv.DictReader(io.StringIO(as_answers(found))))
    assert [line["label"] for line in lines] == list(found.answers)
    assert sum(line["right"] == "yes" for line in lines) == found.right.sum()
    for each in found.baselines.judged:
        assert np.mean([float(line[each.name]) for line in lines]) == pytest.approx(each.accuracy)
    for rule in found.rules.judged:
        assert np.mean([float(line[f"rule {rule.name}"]) for line in lines]) == pytest.approx(rule.accuracy)


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

    baselines, rules = found.baselines.comparisons, found.rules.comparisons
    assert of("McNemar's p against") == pytest.approx([each.p for each in baselines.values()], rel=1e-5)
    assert of("McNemar's p against rule") == pytest.approx([each.p for each in rules.values()], rel=1e-5)
    diagram, raw, curve = found.trust.diagram, found.trust.raw, found.trust.selective
    assert sum(of("accuracy by confidence", "n")) == 2 * found.evaluation.n
    confidence = [*diagram.confidence[diagram.count > 0], *raw.confidence[raw.count > 0]]
    assert of("accuracy by confidence", "at") == pytest.approx(confidence, abs=1e-5)
    assert of("selective accuracy") == pytest.approx(curve.accuracy, abs=1e-5)
    assert of("selective accuracy", "at") == pytest.approx(curve.coverage, abs=1e-5)
    assert of("ROC true rate by false rate") == pytest.approx(found.unknown.roc.true_rate, abs=1e-5)
    assert of("ROC true rate by false rate", "at") == pytest.approx(found.unknown.roc.false_rate, abs=1e-5)


def test_a_name_is_no_formula():
    assert plain("=1+1") == "'=1+1"
    assert plain("＝1") == "'＝1"
    assert plain("cat 1.png") == "cat 1.png"
