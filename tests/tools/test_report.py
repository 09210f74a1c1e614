"""What the README says of the embedded model is what was measured, and it can be measured again."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from sav_core.heads.classifier import HeadClassifier
from tools.report import heads as report
from tools.report.heads_text import BEGIN, CONTROLS, END, PLACES, page, section, with_section

ROOT = Path(__file__).resolve().parents[2]
FOUND = json.loads((ROOT / "docs" / "report.json").read_text(encoding="utf-8"))


def test_the_readme_and_the_page_are_those_of_the_data():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"{BEGIN}\n{section(FOUND)}\n{END}" in readme
    assert (ROOT / "docs" / "report.md").read_text(encoding="utf-8") == page(FOUND)
    assert FOUND["date"] in section(FOUND)
    assert f"{FOUND['episodes']} episodes" in section(FOUND)


def test_the_data_is_of_every_ready_task_rule_and_place():
    assert list(FOUND["tasks"]) == report.all_tasks()
    assert set(FOUND["rules"]) == set(FOUND["controls"]) == set(FOUND["selection"]) == set(PLACES)
    for place in PLACES:
        assert list(FOUND["rules"][place]) == list(report.RULES)
        assert set(FOUND["controls"][place]) == set(CONTROLS)
    assert set(FOUND["selection"]["artist"]) == {str(size) for size in report.SIZES}


def test_a_section_takes_the_place_of_another_and_nothing_else():
    readme = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert re.fullmatch(rf"before\n{BEGIN}\n.*\n{END}\nafter\n", with_section(readme, FOUND), flags=re.DOTALL)
    assert "\nold\n" not in with_section(readme, FOUND)
    with pytest.raises(SystemExit, match="no place for the report"):
        with_section("before\n", FOUND)


def test_a_rule_that_beats_the_paper_by_luck_is_not_said_to_win():
    found = json.loads(json.dumps(FOUND))
    best = found["rules"]["ready"]["gaussian, leave-one-out"]
    best |= {"accuracy": 1.0, "difference": 0.05, "difference_interval": [0.01, 0.09], "shared_interval": [-0.01, 0.1]}
    assert "gaussian, leave-one-out does best, +5.0 [+1.0, +9.0] points over the paper's rule" in section(found)
    assert "luck could explain it" in section(found).split("Objects never")[0]
    best["shared_interval"] = [0.01, 0.1]
    assert "rivals, the paper's rule loses." in section(found).split("Objects never")[0]
    for name, rule in found["rules"]["ready"].items():
        rule["accuracy"] = 0.9 if name == report.PAPER else 0.5
    assert "Ready tasks: no rule beats the paper's, 90.0." in section(found)


@pytest.fixture(scope="module")
def miniature(embedded_backbone):
    said = []
    found = report.measure(embedded_backbone, ["new-things"], episodes=2, seed=3, say=said.append)
    assert len(said) == 3
    return found


def test_a_miniature_measures_and_is_written(miniature, tmp_path):
    written = json.loads(json.dumps(miniature))
    assert set(written) == set(FOUND)
    assert written["pictures"] == 60 + 2 * 5 * (max(report.SIZES) + report.DRAWN_QUERIES)
    for place in PLACES:
        paper = written["rules"][place][report.PAPER]
        assert paper["difference"] == 0
        assert paper["interval"][0] <= paper["accuracy"] <= paper["interval"][1]
    assert "leave_one_out" not in written["selection"]["artist"]["1"]
    assert "10" not in written["selection"]["objects"]  # ten drawings of each leave none to judge on
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text(f"# Title\n{BEGIN}\n{END}\n")
    report.write_report(written, tmp_path)
    assert section(written) in (tmp_path / "README.md").read_text()


def test_the_training_figure_is_the_kept_heads_mean_score_and_its_bias_is_over_the_same_heads():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((24, 2, 3, 4)).astype(np.float32)
    labels = tuple("ab"[row % 2] for row in range(24))
    vectors = report.HeadVectors(values, labels, labels, tuple(range(24)), 24)
    episode = report.Episode(np.arange(8), np.arange(8, 24), ("a", "b"))
    training, alone, vote = report._selected("leave_one_out", vectors, episode)
    fitted = HeadClassifier(scoring="leave_one_out").fit(vectors.take(range(8)))
    assert training == pytest.approx(fitted.head_scores_.mean())  # six heads, all of them kept
    each = [fitted.voting_with([head]).score(vectors.take(range(8, 24))) for head in fitted.kept_heads_]
    assert alone == pytest.approx(np.mean(each))
    assert vote == fitted.score(vectors.take(range(8, 24)))
