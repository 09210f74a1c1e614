"""What docs/pointing.md says is what was measured, of the model that ships; what ships beside its weights names them."""

import json
from pathlib import Path

from sav_core.pointing import read_pointing
from tools.report.pointing import measure
from tools.report.pointing_text import page, said

ROOT = Path(__file__).resolve().parents[2]
FOUND = json.loads((ROOT / "docs" / "pointing.json").read_text(encoding="utf-8"))


def test_the_page_is_that_of_the_data():
    assert (ROOT / "docs" / "pointing.md").read_text(encoding="utf-8") == page(FOUND)


def test_what_ships_is_of_the_weights_that_ship_and_of_what_was_measured(embedded_backbone):
    backbone, stored = embedded_backbone, read_pointing(ROOT / "assets" / "model")
    assert FOUND["model"]["fingerprint"] == backbone.fingerprint
    assert stored.model == backbone.identity
    assert [str(head) for head in stored.heads.best(3)] == FOUND["ways"]["boxes"]["heads"]
    assert stored.heads.of(stored.heads.ranking[0]) == FOUND["ways"]["boxes"]["ranking"][0]
    assert (stored.heads.n, stored.outcome["n"]) == (FOUND["judged"], FOUND["judged"])


def test_a_box_that_is_no_better_than_the_middle_is_said_to_be_none():
    found = json.loads(json.dumps(FOUND))
    conditions = found["ways"]["boxes"]["judged"]["conditions"]
    for low, verdict in (
        (0.8, "That is better"),
        (0.0, "that is worse"),
        (0.5, "not told apart from the box in the middle"),
    ):
        conditions["heads"]["iou_interval"] = [low, low + 0.1]
        conditions["centre"]["iou_interval"] = [0.5, 0.6]
        assert verdict in said(found)[1]
    found["ways"]["entropy"]["judged"]["against_random"] = {"iou": 0.01, "iou_interval": [-0.01, 0.03], "p": 0.4}
    assert "not told apart (+0.01 [-0.01, +0.03]) from random heads" in said(found)[2]


def test_a_model_is_measured_with_the_same_keys(tiny_backbone):
    found, stored = measure(tiny_backbone("qwen2_vl"), 4, 4, draws=2, seed=1, say=str)
    found = json.loads(json.dumps(found))
    assert set(found) == set(FOUND)
    assert set(found["ways"]["boxes"]) == set(FOUND["ways"]["boxes"])
    assert (found["chosen"], found["judged"], found["draws"], stored.heads.n) == (4, 4, 2, 4)
    assert page(found).startswith("# Heads that point")
