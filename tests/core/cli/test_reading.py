"""What the commands say of a reading: left out, converted, guessed; and what they refuse to fit on."""

import json

import numpy as np
import pytest
from PIL import Image

from sav_core.cli.app import main
from tests.support.commands import run
from tests.support.pictures import encoded
from tests.support.tiffs import png16
from tests.support.tiny_models import example_image


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    """Two label folders of two images, and what else people keep there."""
    folder = tmp_path_factory.mktemp("data") / "pets"
    for label in range(2):
        (folder / f"pet {label}").mkdir(parents=True)
        for number in range(2):
            example_image(10 * label + number).save(folder / f"pet {label}" / f"{number}.png")
    (folder / "pet 0" / "clip.mpg").write_bytes(b"\0\0\x01\xba")
    (folder / "pet 0" / "same.png").write_bytes((folder / "pet 1" / "0.png").read_bytes())
    return folder


@pytest.fixture(scope="module")
def fitted(model, pets, tmp_path_factory):
    path = tmp_path_factory.mktemp("fitted") / "pets.sav"
    assert main(["fit", "--train", str(pets), "--out", str(path), "--model", model, "--heads", "5"]) == 0
    return path


def test_fit_tells_what_was_left_out_and_noted(capsys, pets, model, tmp_path):
    arguments = ["fit", "--train", pets, "--out", tmp_path / "x.sav", "--model", model]
    status, out, err = run(capsys, *arguments)
    assert status == 0
    assert "warning: 'pet 0/clip.mpg' is not a PNG" in err
    assert "Note: The same picture with the same question stands under two labels or more" in out
    assert "'pet 0/same.png (pet 0) and pet 1/0.png (pet 1)'" in out
    told = json.loads(run(capsys, *arguments, "--json")[1])
    assert [each["image"] for each in told["skipped"]] == ["pet 0/clip.mpg"]
    (note,) = told["notes"]
    assert set(note) == {"kind", "text", "count", "examples"}
    assert (note["kind"], note["count"]) == ("two labels", 1)


def test_classify_tells_what_was_left_out_in_an_object_of_its_own(capsys, pets, fitted, model):
    status, out, _ = run(capsys, "classify", "--classifier", fitted, "--model", model, pets, "--json")
    assert status == 0
    *answers, rest = map(json.loads, out.splitlines())
    assert len(answers) == 5
    assert all("label" in answer for answer in answers)
    assert [each["image"] for each in rest["skipped"]] == [str(pets / "pet 0" / "clip.mpg")]
    assert rest["notes"] == []


def test_more_than_eight_bits_are_scaled_alike_and_that_is_kept(capsys, model, tmp_path):
    for label in range(2):
        (tmp_path / "wide" / f"pet {label}").mkdir(parents=True)
        for number in range(2):
            photograph = np.asarray(example_image(10 * label + number))
            values = np.rint(photograph * (4095 / 255)).astype(np.uint16)
            (tmp_path / "wide" / f"pet {label}" / f"{number}.png").write_bytes(png16(values))
    file = tmp_path / "x.sav"
    status, out, _ = run(capsys, "fit", "--train", tmp_path / "wide", "--out", file, "--model", model)
    assert status == 0
    assert "Note: Values of more than eight bits are scaled alike in the whole set" in out
    assert "black to white is uint16 from 0 to 4095: 4, such as 'pet 0/0.png'" in out
    query = tmp_path / "wide" / "pet 0" / "0.png"
    eight = tmp_path / "eight.png"
    example_image(0).save(eight)
    asked = run(capsys, "classify", "--classifier", file, "--model", model, query, eight, "--json")[1]
    wide, plain, rest = map(json.loads, asked.splitlines())
    assert {**wide, "image": ""} == {**plain, "image": ""}
    assert rest["notes"][0]["kind"] == "levels"


def test_nothing_is_fitted_on_examples_that_are_all_the_same(capsys, model, tmp_path):
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        for number in range(2):
            example_image(1).save(tmp_path / label / f"{number}.png")
    status, out, err = run(capsys, "fit", "--train", tmp_path, "--out", tmp_path / "x.sav", "--model", model)
    assert (status, out) == (2, "")
    assert "error: All 4 examples are the same to the model, so that nothing tells their labels apart" in err
    assert not (tmp_path / "x.sav").exists()


def test_of_many_labels_the_worst_confusions_are_shown(capsys, model, tmp_path):
    for label in range(25):
        (tmp_path / f"label {label}").mkdir()
        for number in range(2):
            example_image(100 * label + number).save(tmp_path / f"label {label}" / f"{number}.png")
    arguments = ["evaluate", "--train", tmp_path, "--test", tmp_path, "--model", model, "--heads", 1]
    status, out, _ = run(capsys, *arguments)
    assert status == 0
    assert "worst confusions of 25 labels; --json has all." in out
    assert "as label 3" not in out
    assert len(json.loads(run(capsys, *arguments, "--json")[1])["confusion"]) == 25


def test_lines_that_name_no_picture_are_refused(capsys, model, tmp_path):
    (tmp_path / "1.png").write_bytes(encoded(Image.new("RGB", (9, 9))))
    rows = [{"foto_path": "1.png", "question": "Which?", "label": label} for label in "ab"]
    (tmp_path / "l.jsonl").write_text("\n".join(map(json.dumps, rows)))
    status, _, err = run(capsys, "fit", "--train", tmp_path / "l.jsonl", "--out", tmp_path / "x.sav", "--model", model)
    assert status == 2
    assert "names no picture under image, images, image_path and the like, but has 'foto_path'" in err
