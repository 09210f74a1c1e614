"""A set in parts, in this process: nothing is lost, nothing is held, and nothing is told otherwise than at once."""

import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from sav_core.activations.extraction import extract_head_vectors
from sav_core.bulk.here import Here
from sav_core.bulk.task import Facts, Judged, Outcome, Task, portions
from sav_core.bulk.wire import outcome_as_wire, outcome_from_wire, portion_as_dict, portion_from_dict
from sav_core.bulk.work import read_portion
from sav_core.cli.evaluate.parts import evaluate_in_parts
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Skipped
from sav_core.data.folders.listings import Listed
from sav_core.data.notes import Note
from sav_core.data.pictures.levels import Levels
from sav_core.data.sets.datasets import EIGHT_FRAMES, read_examples
from sav_core.data.sets.search_sets import listed_index, read_index
from sav_core.errors import InputError
from sav_core.models.backbones import load_backbone
from sav_core.reports.values import values
from sav_core.types import Geometry, Head
from tests.support.tiny_models import example_image


@pytest.fixture(scope="module")
def model(tiny_checkpoint):
    return str(tiny_checkpoint("llava"))


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pets")
    for number in range(10):
        (folder / f"pet {number % 2}").mkdir(exist_ok=True)
        example_image(number).save(folder / f"pet {number % 2}" / f"{number}.png")
    return folder


def test_parts_are_neighbours_and_know_whom_to_judge():
    parts = portions([*range(10)], judged=[0, 3, 9], size=4)
    assert [part.listed for part in parts] == [(0, 1, 2, 3), (4, 5, 6, 7), (8, 9)]
    assert [(part.number, part.first, part.judged) for part in parts] == [(0, 0, (0, 3)), (1, 4, ()), (2, 8, (1,))]
    assert portions([]) == []


def test_a_task_and_an_outcome_come_through_a_pipe_as_they_were():
    task = Task(
        "answers", "m", "float16", "a.sav", 3, True, 0.4, ClipSampling(4), Levels((("uint16", 0.0, 4095.0),)), False
    )
    assert Task.from_dict(json.loads(json.dumps(task.as_dict()))) == task
    assert Task.from_dict(json.loads(json.dumps(Task("vectors").as_dict()))) == Task("vectors")
    facts = Facts("m", "f", "float16", Geometry(2, 2, 3), (Head(1, 0),))
    lost = (("cat", Skipped("a.png", "It is gone.", "gone")), (None, Skipped("b.png", "It is no picture.")))
    values, judged = np.ones((2, 1, 3), np.float16), Judged(("cat",), np.zeros((1, 2, 2, 3), np.float32))
    notes = (Note("levels", "So it is", 2, ("c.png",)),)
    outcome = Outcome(4, facts, ("c", "d"), ("cat", None), ("1", "2"), lost, notes, values, ({"image": "c"},), judged)
    says, buffers = outcome_as_wire(outcome)
    again = outcome_from_wire(json.loads(json.dumps(says)), [bytes(buffer) for buffer in buffers])
    for name in ("portion", "facts", "names", "labels", "contents", "skipped", "notes", "answers", "wide"):
        assert getattr(again, name) == getattr(outcome, name)
    np.testing.assert_array_equal(again.values, values)
    assert (again.values.dtype, again.judged.labels) == (np.float16, ("cat",))


@pytest.mark.parametrize("kind", ["folder", "zip", "file://", "rows"])
def test_another_process_finds_the_pictures_of_every_source(pets, tmp_path, kind):
    source = {"folder": pets, "zip": tmp_path / "pets.zip", "file://": f"file://{pets}", "rows": tmp_path / "pets.parquet"}
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for path in sorted(pets.rglob("*.png")):
            archive.write(path, path.relative_to(pets))
    import pyarrow as pa
    import pyarrow.parquet as pq

    images = [{"bytes": path.read_bytes(), "path": path.name} for path in sorted(pets.rglob("*.png"))]
    pq.write_table(pa.table({"image": images, "label": [f"pet {n % 2}" for n in range(10)]}), tmp_path / "pets.parquet")
    with listed_index(source[kind]) as (listing, _):
        assert len({one.label for one in listing.examples}) == 2
        (_, part, _) = portions(listing.examples, size=4)
        told = json.loads(json.dumps(portion_as_dict(part)))
        expected = read_portion(part, Task("vectors")).examples
    found = read_portion(portion_from_dict(told), Task("vectors"))
    assert found.examples == expected
    assert [example.label for example in found.examples] == [one.label for one in part.listed]
    assert (found.rows, found.skipped) == ((0, 1, 2, 3), ())


def test_what_only_this_process_has_is_refused():
    class Memory:
        name = "memory"

    with pytest.raises(InputError, match="in this process alone"):
        portion_as_dict(portions([Listed(Memory(), ("1.png",), "", None)])[0])


def test_parts_give_what_the_whole_gives_and_no_more_than_two_are_open(pets, model, monkeypatch):
    opened, found = [], []
    read = lambda part, task: opened.append(part.number) or read_portion(part, task)  # noqa: E731
    monkeypatch.setattr("sav_core.bulk.here.read_portion", read)
    with listed_index(pets) as (listing, _):
        for outcome in Here(Task("vectors", model, "float32", cached=False)).run(portions(listing.examples, size=2)):
            found.append(outcome)
            assert len(opened) <= len(found) + 2
    whole = extract_head_vectors(load_backbone(model, dtype="float32"), read_index(pets), cache=None)
    assert [name for outcome in found for name in outcome.names] == list(whole.names)
    assert [label for outcome in found for label in outcome.labels] == list(whole.labels)
    values = np.concatenate([outcome.values for outcome in found])
    np.testing.assert_allclose(values.reshape(whole.values.shape), whole.values, atol=1e-5)


def test_wide_pictures_are_scaled_by_one_rule_wherever_the_first_comes(model, tmp_path):
    for number in range(6):
        values = np.full((8, 8), 40 + 30 * number, np.uint8) if number < 3 else np.full((8, 8), 300 * number, np.uint16)
        values[0] = 0
        Image.fromarray(values).save(tmp_path / f"{number}.png")
    whole = extract_head_vectors(load_backbone(model, dtype="float32"), read_index(tmp_path), cache=None)
    with listed_index(tmp_path) as (listing, _):
        parts = portions(listing.examples, size=2)
        outcomes = [*Here(Task("vectors", model, "float32", cached=False)).run(parts)]
    values = np.concatenate([outcome.values for outcome in outcomes]).reshape(whole.values.shape)
    np.testing.assert_allclose(values, whole.values, atol=1e-5)
    assert len({vector.tobytes() for vector in values}) == 6
    assert "uint16 from 0 to" in outcomes[-1].notes[0].text


def test_a_set_judged_in_parts_is_judged_as_at_once(model, pets, tmp_path):
    from sav_core.reports.measure import measure
    from sav_core.sav import SavClassifier

    for number in range(5):
        (tmp_path / f"pet {number % 2}").mkdir(exist_ok=True)
        example_image(number if number == 3 else 20 + number).save(tmp_path / f"pet {number % 2}" / f"{number}.png")
    (tmp_path / "pet 1" / "9.png").write_bytes(b"no picture")
    support, backbone = read_examples(pets, question="Which?"), load_backbone(model, dtype="float32")
    asked = SavClassifier(backbone, n_kept=3), support, str(tmp_path), "Which?", EIGHT_FRAMES, model, Here
    with pytest.warns(UserWarning, match=r"9\.png"):
        found = values(evaluate_in_parts(*asked))
    with pytest.warns(UserWarning, match=r"9\.png"):
        test = read_examples(tmp_path, question="Which?")
    expected = values(measure(SavClassifier(backbone, n_kept=3), support, test, test_name=str(tmp_path)))
    assert found["overlap"] == 1
    for key in expected.keys() - {"date", "skipped"}:
        assert found[key] == expected[key], key
    assert [each["reason"] for each in found["skipped"]] == [each["reason"] for each in expected["skipped"]]
