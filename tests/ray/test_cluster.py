"""A real Ray cluster of two nodes on this machine: workers and drivers are killed, and every row is there once.

Not among the tests of `make test`, for Ray takes longer to install and to start than they may: `make test-ray` runs these.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest
from PIL import Image

from sav_core.bulk.task import PORTION
from tests.support.tiny_models import example_image, write_checkpoint

PARTS, PATIENCE = 9, 600
PICTURES = PORTION * (PARTS - 1) + 9
ENOUGH = 3  # finished parts at which something is killed


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A model, a classifier of it, and a set of three labels, one file of which is no picture."""
    folder = tmp_path_factory.mktemp("ray")
    write_checkpoint("llava", folder / "model")
    for number in range(PICTURES):
        label = folder / "pets" / f"pet {number % 3}"
        label.mkdir(parents=True, exist_ok=True)
        pixels = np.full((8, 8, 3), number % 256, np.uint8)
        pixels[0, 0] = number // 256
        Image.fromarray(pixels).save(label / f"{number}.png")
    (folder / "pets/pet 1/4.png").write_bytes(b"\x89PNG broken")
    for number in range(9):
        (folder / f"train/pet {number % 3}").mkdir(parents=True, exist_ok=True)
        example_image(number).save(folder / f"train/pet {number % 3}/{number}.png")
    run(folder, "fit", "--train", "train", "--out", "pets.sav", "--heads", 5, "--dtype", "float32")
    return folder


@pytest.fixture(scope="module")
def cluster(place):
    """Two nodes of one core each, whose workers keep their vectors where no other process looks."""
    ray = pytest.importorskip("ray.cluster_utils")
    os.environ |= {"SAV_CACHE_DIR": str(place / "cache-cluster"), "PYTHONPATH": str(Path.cwd())}
    node = {"num_cpus": 1, "object_store_memory": 100 << 20}
    made = ray.Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    made.add_node(**node)
    yield made.address
    made.shutdown()


def start(place, *arguments, address=None):
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "SAV_CACHE_DIR": str(place / "cache-one"),
        "PYTHONPATH": str(Path.cwd()),
    }
    if address is not None:
        environment["RAY_ADDRESS"] = address
    words = [sys.executable, "-m", "sav_core", *map(str, arguments), "--model", "model", "--json"]
    return subprocess.Popen(words, cwd=place, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(place, *arguments, address=None):
    """Run a command to its end; return what it says."""
    process = start(place, *arguments, address=address)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err[-3000:]
    return json.loads(out.splitlines()[-1])


def parts(folder):
    return {path.name: path.stat().st_mtime_ns for path in sorted(folder.glob("part-*.parquet"))}


def wait_for(folder, count, process):
    """Wait until so many parts are finished, and not yet all of them."""
    deadline = time.monotonic() + PATIENCE
    while len(parts(folder)) < count:
        assert process.poll() is None, process.stderr.read()[-3000:]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def kill_a_worker():
    """Kill a process that has the model and is at work."""
    found = [each for each in psutil.process_iter(["cmdline"]) if "MapWorker" in " ".join(each.info["cmdline"] or ())]
    assert found, "no worker is at work"
    found[0].send_signal(signal.SIGKILL)


def rows(path):
    return pq.read_table(path)


def test_a_worker_and_then_the_driver_are_killed_and_every_row_is_there_once(place, cluster):
    one = run(place, "extract", "--images", "pets", "--out", "one.parquet", "--dtype", "float32")
    many, folder = (
        ("extract", "--images", "pets", "--out", "many.parquet", "--dtype", "float32", "--engine", "ray"),
        place / "many.parquet",
    )
    driver = start(place, *many, address=cluster)
    wait_for(folder, 1, driver)
    kill_a_worker()
    wait_for(folder, ENOUGH, driver)  # it goes on without that worker
    driver.kill()
    driver.communicate()
    finished = parts(folder)
    assert ENOUGH <= len(finished) < PARTS, "it was to be killed halfway"
    again = run(place, *many, address=cluster)
    for key in ("n", "heads", "dim", "precision", "model", "notes"):
        assert again[key] == one[key], key
    assert [Path(each["image"]).name for each in again["skipped"]] == [Path(each["image"]).name for each in one["skipped"]]
    assert {name: when for name, when in parts(folder).items() if name in finished} == finished, "a part was done again"
    assert len(parts(folder)) == PARTS
    assert rows(folder).equals(rows(place / "one.parquet"))
    assert rows(folder).num_rows == PICTURES - 1
    told = json.loads(pq.read_schema(place / "one.parquet").metadata[b"sav"])
    assert json.loads(pq.read_schema(folder / "part-000000.parquet").metadata[b"sav"]) == told


def test_answers_and_judgement_are_those_of_one_process(place, cluster):
    asked = ("classify", "--classifier", "pets.sav", "pets")
    run(place, *asked, "--out", "answers.parquet")
    told = run(place, *asked, "--out", "answers", "--engine", "ray", address=cluster)
    assert (told["n"], len(told["skipped"])) == (PICTURES - 1, 1)
    assert rows(place / "answers").equals(rows(place / "answers.parquet"))
    judged = ("evaluate", "--train", "train", "--test", "pets", "--heads", 5, "--dtype", "float32")
    one = run(place, *judged)
    many = run(place, *judged, "--engine", "ray", "--parts", "judged", address=cluster)
    for key in ("accuracy", "interval", "n", "per_label", "confusion", "labels", "heads", "support", "overlap"):
        assert many[key] == one[key], key
    assert [each["label"] for each in many["examples"]] == [each["label"] for each in one["examples"]]


def test_a_folder_of_another_run_is_refused(place, cluster):
    process = start(
        place, "classify", "--classifier", "pets.sav", "train", "--out", "answers", "--engine", "ray", address=cluster
    )
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "holds parts of another run, the number of images being different" in err
