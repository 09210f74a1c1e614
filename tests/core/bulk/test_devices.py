"""Several processes at one set: the same rows in the same order, and a worker may be lost."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from sav_core.bulk.devices import Devices, devices_named
from sav_core.bulk.task import PORTION, Task, portions
from sav_core.data.folders.listings import Listed
from sav_core.data.folders.sources import FolderSource
from sav_core.errors import BackboneError, ImageError, SettingError
from tests.support.commands import run

QUICK = "tests.support.quick_worker"


def test_two_processes_write_what_one_writes_bit_by_bit(capsys, tiny_checkpoint, tmp_path, monkeypatch):
    """Exactly equal, for both make the same batches and compute in one thread; with other numbers of threads to 1e-5."""
    for number in range(PORTION + 5):
        (tmp_path / f"pets/pet {number % 3}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(tmp_path / f"pets/pet {number % 3}/{number}.png")
    (tmp_path / "pets/pet 1/4.png").write_bytes(b"\x89PNG broken")
    found = []
    for name, options in (("one", ()), ("two", ("--devices", 2))):
        monkeypatch.setenv("SAV_CACHE_DIR", str(tmp_path / name))  # which processes read: what one kept is not found here
        out = tmp_path / f"{name}.parquet"
        arguments = ("extract", "--images", tmp_path / "pets", "--out", out, "--model", tiny_checkpoint("llava"), "--json")
        status, told, err = run(capsys, *arguments, "--dtype", "float32", *options)
        assert (status, err.count("\n")) == (0, 1), err
        result = json.loads(told)
        assert (result["n"], [each["reason"] for each in result["skipped"]]) == (PORTION + 4, [err[9:-1]])
        found.append((pq.read_table(out), {key: result[key] for key in ("cost", "heads", "notes", "chosen_by")}))
    assert found[0][0].equals(found[1][0], check_metadata=True)
    assert found[0][1] == found[1][1]
    assert (tmp_path / "two" / "vectors").is_dir()  # so it was not read from the other's cache


@pytest.fixture
def parts(tmp_path):
    source = FolderSource(tmp_path)
    return portions([Listed(source, (f"{number}.png",), "", None) for number in range(50)], size=7)


def names(outcomes):
    return [name for outcome in outcomes for name in outcome.names]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_order_is_that_of_the_set(parts, workers):
    told = []
    engine = Devices(Task("vectors"), ["cpu"] * workers, QUICK)
    assert names(engine.run(parts, told.append)) == [f"{number}.png" for number in range(50)]
    assert [each.done for each in told] == [*range(7, 50, 7), 50]


def test_a_portion_whose_worker_was_lost_is_done_once_more(parts):
    assert names(Devices(Task("vectors", "lost once"), ["cpu"] * 2, QUICK).run(parts)) == [f"{n}.png" for n in range(50)]


def test_a_portion_that_ends_its_worker_twice_is_named(parts):
    with pytest.raises(BackboneError, match="on cpu ended 2 times over examples 1 and after"):
        list(Devices(Task("vectors", "fatal"), ["cpu"] * 2, QUICK).run(parts))


def test_what_is_wrong_in_a_worker_is_raised_here_after_what_came_before(parts):
    outcomes = Devices(Task("vectors", "faulty"), ["cpu"] * 2, QUICK).run(parts)
    assert len(next(outcomes).names) == 7
    with pytest.raises(ImageError, match="portion 1 is none"):
        next(outcomes)


def test_devices_with_different_models_are_refused(parts):
    engine = Devices(Task("vectors", "odd on there"), ["here", "there"], QUICK)
    with pytest.raises(BackboneError, match="The model on there is another one than on here"):
        list(engine.run(parts))


def test_the_rule_for_wide_pictures_is_found_once(parts, monkeypatch):
    from sav_core.data.pictures.levels import Levels

    scanned = []
    monkeypatch.setattr("sav_core.bulk.devices.scan_levels", lambda rest, _: scanned.append(len(rest)) or Levels())
    assert len(names(Devices(Task("vectors", "wide"), ["cpu"] * 2, QUICK).run(parts))) == 50
    assert scanned == [len(parts)]


@pytest.mark.parametrize("wanted", ["0", "-1", "two", "1.5", ""])
def test_devices_that_are_none_are_refused(wanted):
    with pytest.raises(SettingError, match="--devices must be"):
        devices_named(wanted)


def test_without_a_gpu_all_is_one_process(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    assert devices_named("all") == ["cpu"]
    assert devices_named("3") == ["cpu"] * 3
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    assert devices_named("all") == devices_named("2") == ["cuda:0", "cuda:1"]
    with pytest.raises(SettingError, match="1 to 2, the GPUs here"):
        devices_named("3")
