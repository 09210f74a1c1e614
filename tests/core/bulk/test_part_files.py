"""What is left to do, and whether a folder is of the same run: no cluster is needed to know."""

import json
import sys
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from sav_core.bulk.part_files import PartFolder, changed, finished_parts, inputs_digest, manifest_of, missing, part_name
from sav_core.bulk.task import Facts, Outcome, Task, portions
from sav_core.data.examples import Skipped
from sav_core.data.folders.listings import Listed
from sav_core.data.notes import Note
from sav_core.data.pictures.levels import Levels
from sav_core.errors import DatasetError, SettingError, StorageError
from sav_core.types import Geometry, Head
from tests.support.commands import run

FACTS = Facts("tiny", "print", "float32", Geometry(1, 2, 3), (Head(0, 1), Head(0, 0)))
LISTED = [Listed(None, (f"{number}.png",), "Which?", "cat") for number in range(10)]
TASK = Task("vectors", "m", "float32")
ANSWER = {
    "image": "a.png",
    "label": "cat",
    "shares": {"cat": 0.75, "dog": 0.25},
    "votes": [{"head": "L0.H1", "label": "cat", "similarity": 0.5}],
    "confidence": 0.75,
}


def outcome(number, **more):
    values = np.full((2, 2, 3), number, np.float32)
    lost = ((None, Skipped("b.png", "It is no picture.")),)
    return Outcome(
        number,
        FACTS,
        ("a.png", "c.png"),
        ("cat", None),
        ("1", "2"),
        lost,
        (Note("n", "So it is", 1, ("a",)),),
        values,
        **more,
    )


def test_what_is_finished_is_left_out():
    parts = portions(LISTED, size=3)
    assert finished_parts({part_name(0), part_name(2), "_manifest.json", "part-1.parquet", "_0.tmp"}) == {0, 2}
    assert [part.number for part in missing(parts, {0, 2})] == [1, 3]
    assert missing(parts, {0, 1, 2, 3}) == []
    assert [*map(part_name, range(8, 12))] == sorted(map(part_name, range(8, 12)))


def test_a_manifest_tells_what_differs():
    parts = portions(LISTED, size=3)
    before = manifest_of(TASK, FACTS, parts, None)
    assert changed(json.loads(json.dumps(before)), before) == ""
    moved = replace(TASK, model="elsewhere", cached=False, levels=Levels())
    assert changed(before, manifest_of(moved, FACTS, parts, None)) == ""  # which changes no row
    for told, now in (
        ("the command", manifest_of(replace(TASK, half=True), FACTS, parts, None)),
        ("the command", manifest_of(TASK, FACTS, parts, b"another classifier")),
        ("the model", manifest_of(TASK, replace(FACTS, fingerprint="other"), parts, None)),
        ("the number of images", manifest_of(TASK, FACTS, portions(LISTED[1:], size=3), None)),
        ("the images", manifest_of(TASK, FACTS, portions(LISTED[::-1], size=3), None)),
        ("a later thing", {**before, "a later thing": 1}),
    ):
        assert changed(before, now) == told
    assert inputs_digest(LISTED) != inputs_digest([replace(LISTED[0], label="dog"), *LISTED[1:]])


@pytest.fixture(params=["path", "file", "memory"])
def folder(request, tmp_path):
    place = tmp_path / "out"
    return PartFolder(
        {"path": str(place), "file": f"file://{place}", "memory": f"memory://{tmp_path.name}/out"}[request.param]
    )


def test_parts_are_read_as_they_were_written(folder):
    folder.begin({"run": 1})
    assert folder.finished() == set()
    for number in (1, 0):
        folder.write(outcome(number), TASK)
    folder.begin({"run": 1})
    assert folder.finished() == {0, 1}
    assert folder.names() == {"_manifest.json", part_name(0), part_name(1)}
    again, written = folder.read(1, TASK, FACTS), outcome(1)
    for name in ("portion", "names", "labels", "contents", "skipped", "notes"):
        assert getattr(again, name) == getattr(written, name)
    answers = Task("answers", "m")
    folder.write(replace(outcome(2), names=("a.png",), labels=("dog",), answers=(ANSWER,), values=None), answers)
    assert folder.read(2, answers, FACTS).answers == (ANSWER,)
    assert folder.read(2, answers, FACTS).labels == ("dog",)
    assert folder.size_bytes > 1000
    folder.keep_levels(Levels((("uint16", 0.0, 4095.0),)))
    assert folder.levels() == Levels((("uint16", 0.0, 4095.0),))


def test_a_folder_of_parts_is_one_table_in_order(tmp_path):
    folder = PartFolder(str(tmp_path / "v.parquet"))
    folder.begin({})
    for number in (2, 0, 1):
        folder.write(outcome(number), TASK)
    table = pq.read_table(tmp_path / "v.parquet")
    assert table.column_names == ["name", "label", "L0.H1", "L0.H0"]
    assert [row[0] for row in table["L0.H0"].to_pylist()] == [0, 0, 1, 1, 2, 2]


def test_a_folder_of_another_run_or_of_other_things_is_refused(folder, tmp_path):
    folder.begin({"model": 1})
    with pytest.raises(SettingError, match="parts of another run, the model being different"):
        folder.begin({"model": 2})
    folder.write(outcome(0), TASK)
    with pytest.raises(DatasetError, match="is of another model: remove it"):
        folder.read(0, TASK, replace(FACTS, fingerprint="other"))
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").touch()
    with pytest.raises(SettingError, match=r"holds other files, 'cat\.png' among them"):
        PartFolder(str(tmp_path / "photos")).begin({})
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match="is a file, but parts"):
        PartFolder(str(tmp_path / "file")).begin({})
    with pytest.raises((StorageError, DatasetError)):
        PartFolder(str(tmp_path / "file" / "below")).begin({})


def test_a_part_that_always_ends_its_worker_is_given_up(folder):
    folder.begin({})
    assert [folder.may_try(4) for _ in range(6)] == [True] * 5 + [False]
    folder.begin({})  # by a driver that goes on
    assert folder.may_try(4)
    folder.write(outcome(4), TASK)
    assert folder.names() == {"_manifest.json", part_name(4)}


def test_without_ray_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    from sav_core.bulk.ray_engine import RayEngine

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SettingError, match=r"pip install -r requirements-ray\.txt"):
        RayEngine(TASK, str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("classify --classifier a.sav b.png --engine ray", "name it with --out"),
        ("classify --classifier a.sav b.png --devices 2 --index c", "--index compares in this process"),
        ("classify --classifier a.sav b.png --out a.csv", "Answers are written as .jsonl or .parquet"),
        ("evaluate --train a --episodes 3 --devices 2", "judge the classifier alone on a --test set"),
        ("evaluate --train a --test b --engine ray --parts c --controls", "judge the classifier alone on a --test set"),
        ("evaluate --train a --test b --engine ray", "--engine ray needs a folder for its answers"),
        ("evaluate --train a --test b --parts c", "--engine ray needs a folder for its answers"),
        ("extract --images a --out b --engine spark", "'spark'"),
    ],
)
def test_what_does_not_go_together_is_refused_before_anything_is_read(capsys, arguments, told):
    status, out, err = run(capsys, *arguments.split())
    assert (status, out) == (2, "")
    assert told in err
