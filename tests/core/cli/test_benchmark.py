"""``python -m sav_core benchmark`` as a user meets it."""

import json

import pytest

from sav_core.benchmarks import BENCHMARKS
from tests.support import commands
from tests.support.miniatures import MINIATURES, moving_clip, moving_line


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pets")
    MINIATURES["pets"](folder)
    return folder


def run(capsys, *arguments):
    return commands.run(capsys, "benchmark", *arguments)


def test_without_a_name_it_lists_what_there_is_and_what_each_expects(capsys):
    status, out, err = run(capsys)
    assert (status, err) == (0, "")
    assert all(each.url in out and each.expects[0] in out for each in BENCHMARKS.values())
    status, out, _ = run(capsys, "--json")
    assert [each["name"] for each in json.loads(out)] == list(BENCHMARKS)


def test_a_run_writes_its_split_and_the_next_repeats_it(capsys, pets, model, tmp_path):
    split = tmp_path / "split.json"
    common = ["pets", "--data", pets, "--model", model, "--heads", 5, "--dtype", "float32", "--split", split, "--json"]
    status, out, err = run(capsys, *common, "--shots", 3, "--seed", 7)
    assert (status, err) == (0, "")
    first = json.loads(out)
    assert first["split"] | {"sha256": "", "file": ""} == {
        "file": "", "read_back": False, "sha256": "", "shots": 3, "seed": 7, "support": 9, "queries": 9,
        "overlap_left_out": 0, "published": False, "repeated": 0,
    }  # fmt: skip
    assert 0 <= first["scores"]["accuracy"]["value"] <= 1
    assert first["published"][0] == {"model": "LLaVA-OneVision-7B", "zero_shot": 88.1, "lora": 96.8, "sav": 97.0}
    assert any("4-way" in caveat for caveat in first["caveats"])
    again = json.loads(run(capsys, *common)[1])
    assert again["split"].pop("read_back")
    assert not first["split"].pop("read_back")
    assert again == first


def test_a_split_alone_needs_no_model(capsys, pets, tmp_path):
    split = tmp_path / "split.json"
    status, out, _ = run(capsys, "pets", "--data", pets, "--shots", 2, "--split", split, "--split-only", "--model", "/none")
    assert status == 0
    assert out == f"Split: 2 of each label support (6), 9 are asked, seed 0, written to {split}.\n"
    assert len(json.loads(split.read_text())["support"]) == 6


def test_people_get_a_table_with_the_published_figures_and_the_caveats(capsys, model, tmp_path):
    MINIATURES["blink"](tmp_path)
    status, out, _ = run(capsys, "blink", "--data", tmp_path, "--model", model, "--heads", 5, "--shots", 1, "--zero-shot")
    assert status == 0
    for expected in (
        "zero-shot by label likelihood",
        "mean over tasks",
        "Art Style",
        "95 % interval",
        "51.8 %",
        "Note: The test answers are not public",
    ):
        assert expected in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing"], "There is no benchmark 'nothing': choose from mhalubench"),
        (["pets"], "--data is missing"),
        (["pets", "--data", "/nowhere"], "There is no folder or file"),
        (["pets", "--data", "PETS", "--shots", "9"], "has only 4 examples"),
        (["pets", "--data", "PETS", "--split-only"], "--split-only needs --split"),
        (["pets", "--data", "PETS", "--task", "cats"], "has no sub-task cats"),
        (["pets", "--data", "PETS", "--options", "some"], "'some' is not one of"),
        (["eurosat", "--data", "PETS"], "is not the layout of EuroSAT"),
    ],
)
def test_bad_input_is_one_line_and_status_2(capsys, pets, arguments, told):
    status, out, err = run(capsys, *(str(pets) if each == "PETS" else each for each in arguments))
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert told in err
    assert err.count("\n") == 1


def test_limiting_the_queries_of_a_split_that_is_there_is_refused(capsys, pets, tmp_path):
    split = tmp_path / "split.json"
    run(capsys, "pets", "--data", pets, "--shots", 2, "--split", split, "--split-only")
    status, _, err = run(capsys, "pets", "--data", pets, "--split", split, "--queries", 1)
    assert status == 2
    assert "says already what is asked" in err


def test_a_split_of_all_tasks_runs_one_of_them(capsys, model, tmp_path):
    MINIATURES["blink"](tmp_path)
    split, one = tmp_path / "split.json", tmp_path / "one.json"
    common = ["blink", "--data", tmp_path, "--model", model, "--heads", 5, "--split"]
    assert run(capsys, *common, split, "--shots", 1, "--split-only")[0] == 0
    status, out, err = run(capsys, *common, split, "--task", "Art_Style", "--json")
    assert (status, err) == (0, "")
    report = json.loads(out)
    assert (list(report["per_task"]), report["split"]["support"], report["split"]["read_back"]) == (["Art_Style"], 2, True)
    assert run(capsys, *common, one, "--shots", 1, "--task", "Art_Style", "--split-only")[0] == 0
    status, _, err = run(capsys, *common, one, "--task", "Relative_Reflectance")
    assert status == 2
    assert "was drawn for other sub-tasks" in err


def test_what_reliability_measures_can_be_chosen(capsys, pets, model):
    common = ["pets", "--data", pets, "--model", model, "--heads", 5, "--dtype", "float32", "--shots", 3, "--json"]
    status, out, err = run(capsys, *common, "--voting", "reliability", "--belief", "brier")
    assert (status, err) == (0, "")
    assert json.loads(out)["belief"] == "brier"
    status, _, err = run(capsys, *common, "--belief", "hope")
    assert status == 2
    assert "hope" in err


def test_a_published_split_is_run_and_written_unless_shots_are_drawn(capsys, model, tmp_path):
    for number in range(6):
        moving_clip(tmp_path / "videos", number)
    for part, numbers in (("train", (0, 1, 2, 2, 3)), ("test", (4, 5))):
        place = tmp_path / f"camerabench_{part}set" / "has_zoom_in.jsonl"
        place.parent.mkdir()
        place.write_text("".join(json.dumps(moving_line(n, "Yes" if n % 2 else "No")) + "\n" for n in numbers))
    split = tmp_path / "split.json"
    common = ["camerabench", "--data", tmp_path, "--model", model, "--heads", 5, "--split", split, "--frames", 2]
    status, out, err = run(capsys, *common, "--json")
    assert (status, err) == (0, "")
    report = json.loads(out)
    assert (report["split"]["published"], report["split"]["support"], report["split"]["repeated"]) == (True, 5, 1)
    assert report["clips"] == {"frames": 2, "per_second": None, "way": "frames"}
    assert (report["published"], report["published_in"]) == ([], None)
    status, out, _ = run(capsys, *common)
    assert "up to 3 of each label support (5), 2 are asked, as published, read from" in out
    assert "1 of the support repeat another of their sub-task" in out
    assert "Note: The owners' tables give average precision" in out
    split.unlink()
    assert "1 of each label support (2), 2 are asked, seed 0" in run(capsys, *common, "--shots", 1, "--split-only")[1]
