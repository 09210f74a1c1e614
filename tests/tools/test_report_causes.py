"""What docs/causes.md says is what was measured, of the model that ships."""

import json
from pathlib import Path

from tools.report.causes import judge_task
from tools.report.causes_text import page, said
from tools.report.heads import all_tasks

ROOT = Path(__file__).resolve().parents[2]
FOUND = json.loads((ROOT / "docs" / "causes.json").read_text(encoding="utf-8"))


def test_the_page_is_that_of_the_data():
    assert (ROOT / "docs" / "causes.md").read_text(encoding="utf-8") == page(FOUND)


def test_the_data_is_of_every_ready_task_and_of_the_model_that_ships(embedded_backbone):
    assert list(FOUND["tasks"]) == all_tasks()
    assert FOUND["model"]["fingerprint"] == embedded_backbone.fingerprint


def test_what_is_not_shown_is_not_said_to_be_used():
    found = json.loads(json.dumps(FOUND))
    for task in found["tasks"].values():
        task["last"]["finding"] = "not told apart"
    assert said(found)[0].startswith("Knocked out at the last token, of 11 tasks: not told apart on 11. The model's own")
    found["tasks"] = {name: task | {"readable": {"accuracy": 0.5}} for name, task in found["tasks"].items()}
    assert "right on up to 50 % of the queries" in said(found)[2]
    assert not [line for line in said(found) if line.startswith("Over tasks")]  # nothing differs, so nothing goes along


def test_a_task_is_judged_with_the_same_keys(tiny_backbone):
    found = json.loads(json.dumps(judge_task(tiny_backbone("qwen2_vl"), "is-there-a-key", draws=2, seed=1)))
    (told, *_) = FOUND["tasks"].values()
    assert set(found) == set(told)
    for part in ("last", "every", "patching", "each"):
        assert set(found[part]) == set(told[part])
    assert (found["n"], found["last"]["draws"], found["every"]["tokens"]) == (10, 2, "every")
    assert found["each"]["shared"] == found["last"]["conditions"]["kept"]["heads"] == 12  # all heads of so small a model
