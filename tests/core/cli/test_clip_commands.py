"""Clips on the command line: fit on label folders of them, classify others as they were sampled then."""

import json

import pytest

from sav_core.cli.app import main
from sav_core.data.clips.clip import open_clip
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Example
from sav_core.heads.classifier_file import read_classifier
from sav_core.models.backbones import load_backbone
from tests.support.clips import clip
from tests.support.commands import run

WARM = [(250, 10 * step, 0) for step in range(10)]
COLD = [(0, 10 * step, 250) for step in range(10)]


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    for label, colours in (("warm", WARM), ("cold", COLD)):
        (folder / label).mkdir()
        for number in range(2):
            clip(folder / label / f"{number}.mp4", colours[number:])
    return folder


@pytest.fixture(scope="module")
def fitted(model, clips, tmp_path_factory):
    path = tmp_path_factory.mktemp("fitted") / "clips.sav"
    arguments = ["fit", "--train", str(clips), "--out", str(path), "--model", model, "--heads", "5", "--frames", "3"]
    assert main(arguments) == 0
    return path


def test_the_file_says_how_clips_were_shown(fitted):
    told = read_classifier(fitted)[1].clips
    assert told == {"way": "frames", "frames": 3, "per_second": None, "animated": False}


def test_clips_are_classified(capsys, fitted, clips, model, tmp_path):
    (tmp_path / "bad.mp4").write_bytes(b"")
    others = [clip(tmp_path / "warm.mkv", WARM[2:]), clip(tmp_path / "cold.webm", COLD[2:], codec="libvpx")]
    status, out, err = run(
        capsys, "classify", "--classifier", fitted, "--model", model, *others, tmp_path / "bad.mp4", "--json"
    )
    assert status == 0
    *answers, rest = map(json.loads, out.splitlines())
    assert [answer["label"] for answer in answers] == ["warm", "cold"]
    assert [each["image"] for each in rest["skipped"]] == [str(tmp_path / "bad.mp4")]
    assert "is empty" in err


def test_a_clip_is_read_as_its_frames_under_a_key_of_its_own(model, clips):
    backbone = load_backbone(model)
    moving = Example(open_clip(clips / "warm" / "0.mp4", ClipSampling(3)), "Warm or cold?")
    stills = moving.as_stills()
    assert len(stills.images) == 3
    read, expected = backbone.encode(moving), backbone.encode(stills)
    assert read.tokens["input_ids"].tolist() == expected.tokens["input_ids"].tolist()
    assert all(read.images[name].equal(expected.images[name]) for name in expected.images)
    assert backbone.key(moving) != backbone.key(stills)
    assert backbone.answer_ids(moving, "warm") == backbone.answer_ids(stills, "warm")
    fewer = Example(open_clip(clips / "warm" / "0.mp4", ClipSampling(2)), "Warm or cold?")
    assert backbone.key(fewer) != backbone.key(moving)


def test_a_model_without_tokens_for_video_says_so(capsys, clips, model, tmp_path):
    out = tmp_path / "clips.sav"
    status, _, err = run(capsys, "fit", "--train", clips, "--out", out, "--model", model, "--clips-as", "native")
    assert (status, out.exists()) == (2, False)
    assert "cannot be shown clips as video because its architecture has no video part" in err
