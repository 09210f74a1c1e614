"""What the README says of function vectors is what was measured, and it can be measured again."""

import json
from functools import partial
from pathlib import Path

import pytest

from sav_core.scenes.draw import RELATIONS
from sav_core.vectors import mediate_relation, unrelated_questions
from tools.report import vectors as report_vectors
from tools.report.vectors_text import BEGIN, END, EXPLAINED, page, said, section, with_section

ROOT = Path(__file__).resolve().parents[2]
FOUND = json.loads((ROOT / "docs" / "vectors.json").read_text(encoding="utf-8"))


def test_the_readme_and_the_page_are_those_of_the_data():
    assert f"{BEGIN}\n{section(FOUND)}\n{END}" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert (ROOT / "docs" / "vectors.md").read_text(encoding="utf-8") == page(FOUND)
    assert FOUND["date"] in section(FOUND)


def test_the_data_is_of_the_model_that_ships(embedded_backbone):
    assert FOUND["model"]["fingerprint"] == embedded_backbone.fingerprint
    assert FOUND["relations"] == list(RELATIONS)


def test_a_section_takes_the_place_of_another_and_nothing_else():
    renewed = with_section(f"before\n{BEGIN}\nold\n{END}\nafter\n", FOUND)
    assert renewed == f"before\n{BEGIN}\n{section(FOUND)}\n{END}\nafter\n"
    with pytest.raises(SystemExit, match="no place for the report"):
        with_section("before\n", FOUND)


def test_what_is_not_told_apart_is_not_said_to_be_better():
    found = json.loads(json.dumps(FOUND))
    found["tuning"]["tuned"] |= {"accuracy": 0.9, "interval": [0.88, 0.92]}
    for interval, verdict in (([0.6, 0.7], "better"), ([0.85, 0.95], "not told apart"), ([0.95, 0.99], "worse")):
        found["conditions"]["in context"]["interval"] = interval
        assert f"demonstrations: {verdict}." in said(found)[2]


def test_a_miniature_measures_and_is_written(tmp_path, tiny_backbone, monkeypatch):
    """With a tiny random model, which answers nothing right: what its heads carry is averaged all the same."""
    monkeypatch.setattr(report_vectors, "mediate_relation", partial(mediate_relation, only_right=False))
    monkeypatch.setattr(report_vectors, "unrelated_questions", partial(unrelated_questions, count=12))
    stages, scenes, seed = [], (20, 4, 6), 23  # so few that only with some seeds each part shows every relation
    backbone = tiny_backbone("llava")
    found = report_vectors.measure(backbone, prompts=2, scenes=scenes, steps=2, seed=seed, say=stages.append)
    found = json.loads(json.dumps(found))
    assert set(found) == set(FOUND)
    assert set(found["conditions"]) == set(EXPLAINED) == set(FOUND["conditions"])
    for part in (found["conditions"], found["tuning"], *(found["composition"][made] for made in ("raw", "tuned"))):
        for share in part.values():
            low, high = share["interval"]
            assert low <= share["accuracy"] <= high
            assert len(share["each"]) == 4
    assert found["conditions"]["zero-shot"]["n"] == 4 * 6
    for weights in found["composition"]["weights"].values():
        for relation, parts in weights.items():
            assert sum(parts.values()) == pytest.approx(2)
            assert f"{relation} = " + " + ".join(f"{weight:.2f} {base}" for base, weight in parts.items()) in page(found)
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text(f"# Title\n{BEGIN}\n{END}\n")
    report_vectors.write_report(found, tmp_path)
    assert section(found) in (tmp_path / "README.md").read_text()
    assert len(stages) == 4
