"""What docs/rivals.md says is what was measured, of the model that ships."""

import json
from dataclasses import replace
from pathlib import Path

from sav_core.rivals.lora_state import DEFAULTS
from tools.report.heads import all_tasks
from tools.report.rivals import judge, rounded
from tools.report.rivals_text import page

ROOT = Path(__file__).resolve().parents[2]
FOUND = json.loads((ROOT / "docs" / "rivals.json").read_text(encoding="utf-8"))


def test_the_page_is_that_of_the_data():
    assert (ROOT / "docs" / "rivals.md").read_text(encoding="utf-8") == page(FOUND)


def test_the_data_is_of_every_ready_task_and_of_the_model_that_ships(embedded_backbone):
    assert list(FOUND["tasks"]) == all_tasks()
    assert FOUND["model"]["fingerprint"] == embedded_backbone.fingerprint
    assert FOUND["lora"]["rank"] == DEFAULTS.rank == 8
    assert FOUND["tasks"]["true-or-false"]["pictures_alone"].startswith("it sees no question")


def test_a_task_is_judged_with_the_same_keys(tiny_backbone, monkeypatch):
    monkeypatch.setattr("sav_core.reports.lora_row.DEFAULTS", replace(DEFAULTS, epochs=1))
    found = json.loads(json.dumps(rounded(judge(tiny_backbone("llava"), ["is-there-a-key"], say=lambda words: None))))
    assert set(found) == set(FOUND)
    (told, *_), (own,) = FOUND["tasks"].values(), found["tasks"].values()
    assert set(own) == set(told)
    for name, way in own["ways"].items():
        assert set(way) == set(told["ways"][name])
        assert set(way["cost"]) == {"examples", "seconds", "peak_bytes", "trained"}
    assert own["ways"]["lora"]["cost"]["examples"] == own["support"]
    assert own["ways"]["in_context"]["cost"]["examples"] == found["demonstrations"]
    assert own["ways"]["kept_heads"]["cost"]["trained"] == 0
    assert "the same before and after" in own["ways"]["lora"]["about"]
