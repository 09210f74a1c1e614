"""The command that lays tasks beside each other: what it says, its keys, and what it refuses."""

import json
from pathlib import Path

import pytest

from tests.support.commands import run
from tests.support.tiny_models import example_image

COMPAT = Path(__file__).resolve().parents[2] / "compat"


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    """Two folders of two labels of two images."""
    root = tmp_path_factory.mktemp("tasks")
    for place, name in enumerate(("pets", "birds")):
        for label in range(2):
            (root / name / f"{name} {label}").mkdir(parents=True)
            for number in range(2):
                image = example_image(40 * place + 10 * label + number)
                image.save(root / name / f"{name} {label}" / f"{number}.png")
    return root


@pytest.fixture(scope="module")
def saved(tasks, model, tmp_path_factory):
    """A classifier of the first task."""
    from sav_core.cli.app import main

    path = tmp_path_factory.mktemp("saved") / "fitted.sav"
    assert main(["fit", "--train", str(tasks / "pets"), "--model", model, "--heads", "3", "--out", str(path)]) == 0
    return path


def test_with_json_it_prints_every_part_and_writes_what_was_asked_for(capsys, tasks, saved, model, tmp_path):
    files = ["--html", tmp_path / "atlas.html", "--csv", tmp_path / "cells.csv", "--pairs", tmp_path / "pairs.csv"]
    arguments = ["atlas", saved, tasks / "pets", tasks / "birds", "--model", model, "--heads", 3, *files, "--json"]
    status, out, _ = run(capsys, *arguments)
    assert status == 0
    told = json.loads(out)
    assert set(told) == {
        *("format", "model", "tasks", "overlaps", "sharing", "clusters", "transfer", "skipped", "notes"),
    }
    assert [task["name"] for task in told["tasks"]] == ["fitted", "pets", "birds"]
    assert told["tasks"][0]["right"] == told["tasks"][1]["right"], "the file stores what a fit finds"
    assert told["tasks"][0]["kept"] == told["tasks"][1]["kept"]
    assert (told["overlaps"][0]["tasks"], len(told["overlaps"][0]["shared"])) == (["fitted", "pets"], 3)
    assert [target["target"] for target in told["transfer"]["targets"]] == ["pets", "birds"]
    assert "Do heads travel?" in (tmp_path / "atlas.html").read_text(encoding="utf-8")
    assert (tmp_path / "cells.csv").read_text().startswith("task,head,layer,index,right,n,")
    assert len((tmp_path / "pairs.csv").read_text().splitlines()) == 1 + 6


def test_of_files_alone_it_speaks_without_a_model_and_says_what_is_a_training_score(capsys, saved):
    status, out, _ = run(capsys, "atlas", COMPAT / "colour-majority.sav", COMPAT / "colour-gaussian.sav")
    assert status == 0
    assert out.count("training score") >= 3
    assert "Of 1 pair of tasks, 1 shares more kept heads" in out
    assert "The model computes" not in out
    status, out, _ = run(capsys, "atlas", saved)
    assert status == 0
    assert "left out" in out
    assert "training score" not in out


def test_a_ready_task_is_known_by_its_name_and_answered_on_its_queries(capsys, saved, model):
    status, out, _ = run(capsys, "atlas", "true-or-false", saved, "--model", model, "--heads", 3, "--json")
    assert status == 0
    told = json.loads(out)
    (target,) = told["transfer"]["targets"]
    assert (target["target"], target["n"], target["left_out"]) == ("true-or-false", 10, False)


def test_what_it_cannot_do_is_one_line(capsys, tasks, saved, model):
    old = COMPAT / "colour-majority.sav"
    for arguments, message in (
        ([], "An atlas needs tasks"),
        ([saved, old], "An atlas is of one model, but 'fitted' is of llava"),
        (
            [old, tasks / "pets", "--model", model],
            "'colour-majority' is of the embedded model and what is read here of llava",
        ),
        (["nowhere"], "nowhere"),
        ([tasks / "pets" / "pets 0"], ""),
        ([saved, "--heads", 0], "n_kept must be"),
    ):
        status, out, err = run(capsys, "atlas", *arguments)
        assert (status, out) == (2, ""), arguments
        assert err.count("\n") == 1
        assert message in err
