"""The command that switches heads off: what it says, its keys, and what it refuses."""

import json

import pytest

from tests.support.commands import run
from tests.support.tiny_models import example_image

CONDITIONS = ["nothing", "kept", "random", "worst", "all_but_kept"]
OUTCOME = {"heads", "accuracy", "interval", "log_likelihood", "log_likelihood_interval", "probability"}
LOST = {
    "accuracy_lost",
    "accuracy_lost_interval",
    "accuracy_p",
    "log_likelihood_lost",
    "log_likelihood_lost_interval",
    "log_likelihood_p",
}


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    """Two label folders of two images, and a file that is none."""
    folder = tmp_path_factory.mktemp("data") / "pets"
    for label in range(2):
        (folder / f"pet {label}").mkdir(parents=True)
        for number in range(2):
            example_image(10 * label + number).save(folder / f"pet {label}" / f"{number}.png")
    (folder / "pet 0" / "clip.mpg").write_bytes(b"\0\0\x01\xba")
    return folder


def test_with_json_it_prints_every_condition_under_its_keys(capsys, pets, model, tmp_path):
    arguments = ["ablate", "--train", pets, "--test", pets, "--model", model, "--heads", 3, "--draws", 2]
    status, out, _ = run(capsys, *arguments, "--patch", "--html", tmp_path / "used.html", "--json")
    assert status == 0
    told = json.loads(out)
    assert list(told["conditions"]) == CONDITIONS
    assert set(told["conditions"]["nothing"]) == OUTCOME
    assert all(set(told["conditions"][name]) == OUTCOME | LOST for name in CONDITIONS[1:])
    assert [each["heads"] for each in told["conditions"].values()] == [0, 3, 3, 3, 9]
    assert set(told["against_random"]) == LOST | {"random_as_harmful"}
    assert set(told) == {
        *("model", "dtype", "heads", "readable", "label_tokens", "labels", "n", "by", "tokens", "draws", "seed"),
        *("chance", "conditions", "against_random", "finding", "sentence", "patching", "skipped", "notes"),
    }
    assert set(told["patching"]["conditions"]) == {*CONDITIONS, "every"}
    assert (told["n"], told["by"], told["tokens"], told["draws"]) == (4, "mean", "last", 2)
    assert [each["image"] for each in told["skipped"]] == ["pet 0/clip.mpg"] * 2
    assert "log-likelihood lost (nats)" in (tmp_path / "used.html").read_text(encoding="utf-8")


def test_in_words_it_says_readable_and_used_side_by_side(capsys, pets, model):
    status, out, _ = run(capsys, "ablate", "--train", pets, "--model", model, "--heads", 2, "--draws", 2, "--by", "zero")
    assert status == 0
    assert "Readable: the vote of the 2 kept heads is right on" in out
    assert "examples that the heads were chosen on" in out
    assert "A label is several tokens here" in out
    assert "random heads of the same layers" in out
    assert "1 clip was left out" in out


def test_what_it_cannot_do_is_one_line(capsys, pets, model):
    for wrong, message in ((["--draws", 0], "draws must be 1 or more"), (["--by", "median"], "'mean', 'zero'")):
        status, out, err = run(capsys, "ablate", "--train", pets, "--model", model, *wrong)
        assert (status, out) == (2, "")
        assert message in err
