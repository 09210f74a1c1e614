"""The command that points: what it says, its keys, what it draws, and what it refuses."""

import json

import pytest

from sav_core.data.pictures.picture import open_picture
from tests.support.commands import run
from tests.support.tiny_models import example_image

CONDITIONS = ["heads", "random", "all", "centre", "grid"]
OUTCOME = {"iou", "iou_interval", "at_half", "at_half_interval", "hits", "hits_interval"}
KEYS = {
    *("model", "dtype", "by", "chosen_on", "n", "even", "heads", "ranking", "judged", "pictures", "skipped", "notes"),
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of two pictures, and a file of boxes on them."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(2):
        example_image(number, (40, 20)).save(folder / f"{number}.png")
    lines = [{"image": f"{number}.png", "question": "Where?", "box": [10, 5, 30, 15]} for number in range(2)]
    (folder / "boxes.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return folder


def test_without_images_it_ranks_heads_and_judges_them_on_other_scenes(capsys, model):
    status, out, _ = run(capsys, "point", "--model", model, "--scenes", 4, "--heads", 2, "--json")
    assert status == 0
    told = json.loads(out)
    assert set(told) == KEYS
    assert (told["by"], told["n"], len(told["heads"]), len(told["ranking"]), told["pictures"]) == ("boxes", 4, 2, 12, [])
    assert list(told["judged"]["conditions"]) == CONDITIONS
    assert all(set(each) == OUTCOME for each in told["judged"]["conditions"].values())
    assert set(told["judged"]["against_random"]) == {"iou", "iou_interval", "p"}
    assert told["judged"]["n"] == 4
    assert told["heads"] == [each["head"] for each in told["ranking"][:2]]


def test_given_pictures_it_says_and_draws_where(capsys, model, pictures, tmp_path):
    out_folder = tmp_path / "drawn"
    arguments = ["point", pictures / "0.png", pictures / "1.png", "--thing", "cup", "--boxes", pictures / "boxes.jsonl"]
    status, out, _ = run(capsys, *arguments, "--model", model, "--out", out_folder, "--json")
    assert status == 0
    told = json.loads(out)
    assert (told["n"], told["judged"], told["chosen_on"]) == (2, None, "2 of 2 boxes of boxes.jsonl")
    for each in told["pictures"]:
        assert set(each) == {"image", "question", "size", "box", "fractions", "peak", "inside", "even", "agree", "file"}
        assert each["question"] == "Where is the cup?"
        left, top, right, bottom = each["box"]
        assert 0 <= left < right <= 40
        assert 0 <= top < bottom <= 20
        assert open_picture(each["file"]).size == (40, 20)
    assert sorted(path.name for path in out_folder.iterdir()) == ["0.pointed.png", "1.pointed.png"]


def test_without_boxes_it_chooses_on_the_pictures_given_and_says_so_in_words(capsys, model, pictures):
    status, out, _ = run(capsys, "point", pictures / "0.png", "--question", "Where?", "--by", "entropy", "--model", model)
    assert status == 0
    assert "Heads ranked without boxes" in out
    assert "on the pictures given" in out
    assert "heads that agree" in out
    assert "0.png" in out


def test_in_words_it_says_what_the_grid_allows(capsys, model, pictures):
    status, out, _ = run(capsys, "point", "--boxes", pictures / "boxes.jsonl", "--model", model)
    assert status == 0
    assert "On 1 other picture" in out
    assert "at best, on the model's cells" in out


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--heads", 0], "--heads must be 1 or more"),
        (["--scenes", 2], "--scenes must be 3 or more"),
        (["x.png", "--thing", "cup", "--question", "Where?"], "give one of them"),
        (["--thing", "cup"], "name some"),
        (["--out", "drawn"], "name images too"),
        (["--boxes-as", "coco"], "name that file too"),
        (["--scenes", 4, "--boxes", "x.jsonl"], "not both"),
        (["--by", "luck"], "'boxes', 'entropy'"),
        (["--boxes", "nowhere.jsonl"], "nowhere.jsonl"),
    ],
)
def test_what_it_cannot_do_is_one_line(capsys, wrong, message):
    status, out, err = run(capsys, "point", *wrong)
    assert (status, out) == (2, "")
    assert message in err


def test_a_picture_that_nothing_is_asked_about_is_refused(capsys, pictures):
    status, _, err = run(capsys, "point", pictures / "0.png")
    assert status == 2
    assert "add --thing cup" in err
