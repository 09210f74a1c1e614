"""What docs/atlas.md says is what was measured, of the model that ships."""

import json
from pathlib import Path

from sav_core.atlas import atlas_values, read_atlas
from sav_core.data.sets.ready_tasks import ready_task_folders
from sav_core.models.checkpoints import find_checkpoint
from sav_core.settings import settings
from tools.report.atlas import DATA, measure, rounded
from tools.report.atlas_text import page

ROOT = Path(__file__).resolve().parents[2]
TOLD = json.loads((ROOT / DATA).read_text(encoding="utf-8"))


def test_the_page_is_that_of_the_data():
    assert (ROOT / "docs" / "atlas.md").read_text(encoding="utf-8") == page(read_atlas(ROOT / DATA), TOLD["date"])


def test_the_data_is_of_every_ready_task_and_of_the_model_that_ships():
    assert [task["name"] for task in TOLD["tasks"]] == [folder.name for folder in ready_task_folders()]
    assert TOLD["model"]["identity"] == find_checkpoint(settings().embedded_model).identity
    assert all(task["counted"] == "left out" for task in TOLD["tasks"])


def test_what_follows_from_the_rows_is_what_the_data_says():
    again = rounded(atlas_values(read_atlas(ROOT / DATA)))
    assert again == {name: value for name, value in TOLD.items() if name != "date"}


def test_a_task_is_measured_with_the_same_keys(tiny_backbone):
    found = json.loads(json.dumps(atlas_values(measure(tiny_backbone("llava"), ["true-or-false"], say=lambda _: None))))
    assert set(found) == set(TOLD) - {"date"}
    assert set(found["tasks"][0]) == set(TOLD["tasks"][0])
    assert found["transfer"] is None, "there is no other task"
