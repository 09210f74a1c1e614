"""The command line as a user meets it: what it prints where, and its exit status."""

import io
import json
import re
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sav_core.cli.app import main
from sav_core.rivals.lora_state import LoraSettings
from tests.support.commands import run
from tests.support.tiny_models import example_image, write_checkpoint

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    """A folder of three label folders of four images each."""
    folder = tmp_path_factory.mktemp("data") / "pets"
    for label in range(3):
        (folder / f"pet {label}").mkdir(parents=True)
        for number in range(4):
            example_image(10 * label + number).save(folder / f"pet {label}" / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def classifier(model, pets, tmp_path_factory):
    path = tmp_path_factory.mktemp("fitted") / "pets.sav"
    assert main(["fit", "--train", str(pets), "--out", str(path), "--model", model, "--heads", "5"]) == 0
    return path


def test_fit_says_what_it_did(capsys, pets, model, tmp_path):
    status, out, err = run(capsys, "fit", "--train", pets, "--out", tmp_path / "pets.sav", "--model", model, "--heads", 5)
    assert (status, err) == (0, "")
    assert out.startswith("Fitted 12 examples of 3 labels with llava: 5 heads kept, ")
    assert re.search("^The model computes in (float32|bfloat16): one image takes ", out, re.MULTILINE)
    assert "left out" not in out
    assert (tmp_path / "pets.sav").stat().st_size > 1000


def test_fit_says_why_answers_carry_no_probability(capsys, pets, model, tmp_path):
    for label in range(2):
        (tmp_path / f"pet {label}").mkdir()
        shutil.copy(pets / f"pet {label}" / "0.png", tmp_path / f"pet {label}")
    status, out, err = run(capsys, "fit", "--train", tmp_path, "--out", tmp_path / "pets.sav", "--model", model)
    assert (status, err) == (0, "")
    assert "Its answers carry no probability, and none is “none of these”. To leave an example out, its label" in out


def test_fit_prints_one_json_object(capsys, pets, model, tmp_path):
    out_file = tmp_path / "pets.sav"
    status, out, err = run(
        capsys, "fit", "--train", pets, "--out", out_file, "--model", model, "--heads", 5, "--dtype", "float32", "--json"
    )
    assert (status, err) == (0, "")
    result = json.loads(out)
    assert len(result.pop("heads")) == 5
    assert result.pop("temperature") > 0
    learned = result.pop("none_below")
    assert set(learned) == {"threshold", "own", "refused", "strangers", "passed"}
    assert learned["own"] == learned["strangers"] == 12
    assert result == {
        "classifier": str(out_file),
        "model": "llava",
        "dtype": "float32",
        "labels": ["pet 0", "pet 1", "pet 2"],
        "n": 12,
        "skipped": [],
        "notes": [],
    }


@pytest.mark.parametrize(("max_layer", "expected"), [("1", {1}), ("kept", {0, 1, 2})])
def test_a_classifier_of_the_first_layers_is_fitted_and_classifies(capsys, pets, model, tmp_path, max_layer, expected):
    fit = ("fit", "--train", pets, "--out", tmp_path / "pets.sav", "--model", model, "--max-layer", max_layer, "--json")
    result = json.loads(run(capsys, *fit, "--heads", 2)[1])
    assert result["max_layer"] in expected
    assert max(int(each["head"][1]) for each in result["heads"]) <= result["max_layer"]
    asked = ("--classifier", tmp_path / "pets.sav", "--model", model, pets / "pet 0" / "0.png")
    status, out, err = run(capsys, "classify", *asked, "--index", pets, "--json")
    assert (status, err) == (0, "")
    assert len(json.loads(out)["nearest"]) == 5


def test_a_layer_that_is_none_is_refused(capsys, pets, model, tmp_path):
    status, out, err = run(
        capsys, "fit", "--train", pets, "--out", tmp_path / "a.sav", "--model", model, "--max-layer", "7"
    )
    assert (status, out) == (2, "")
    assert "max_layer must be a layer of llava, 0 to 2, or 'kept'" in err


def test_pictures_are_looked_at_in_less_detail(capsys, pets, tiny_checkpoint, tmp_path):
    model = tiny_checkpoint("smolvlm")
    fit = ("fit", "--train", pets, "--out", tmp_path / "pets.sav", "--model", model, "--heads", 3, "--detail", "fast")
    told = json.loads(run(capsys, *fit, "--json")[1])["detail"]
    assert told == {"name": "fast", "picture": [640, 480], "tokens": 4, "full_tokens": 20}
    assert "Pictures are looked at in fast detail: one of 640 x 480 pixels is 4 tokens, 20 in full." in run(capsys, *fit)[1]
    asked = ("--classifier", tmp_path / "pets.sav", "--model", model, pets / "pet 0" / "0.png")
    assert run(capsys, "classify", *asked, "--json")[0] == 0
    judged = ("evaluate", "--train", pets, "--episodes", 2, "--shots", 2, "--model", model, "--detail", "normal", "--json")
    assert json.loads(run(capsys, *judged)[1])["detail"]["name"] == "normal"


def test_a_detail_that_changes_nothing_is_refused(capsys, pets, model, tmp_path):
    fit = ("fit", "--train", pets, "--out", tmp_path / "a.sav", "--model", model, "--detail", "fast")
    status, out, err = run(capsys, *fit)
    assert (status, out) == (2, "")
    assert "no fewer tokens to llava with detail 'fast'" in err


def test_classify_prints_one_json_object_a_line(capsys, classifier, model, pets):
    images = [pets / "pet 0" / "0.png", pets / "pet 1" / "1.png"]
    status, out, err = run(capsys, "classify", "--classifier", classifier, "--model", model, *images, "--json")
    assert (status, err) == (0, "")
    lines = [json.loads(line) for line in out.splitlines()]
    assert len(lines) == 2
    for line in lines:
        contract = {"image", "label", "shares", "votes", "confidence"}
        assert set(line) == contract | {"probability", "closeness", "acceptance", "none_below", "none"}
        assert line["acceptance"] == line["confidence"] * line["closeness"]
        assert line["none"] is (line["acceptance"] < line["none_below"])
        assert 0 < line["closeness"] <= 1
        assert line["shares"][line["label"]] == line["confidence"]
        assert sum(line["shares"].values()) == pytest.approx(1)
        assert len(line["votes"]) == 5
        assert set(line["votes"][0]) == {"head", "label", "similarity"}


def test_classify_tells_the_nearest_images_of_an_index(capsys, classifier, model, pets):
    query = sorted((pets / "pet 0").iterdir())[0]
    options = ["classify", "--classifier", classifier, "--model", model, query, "--index", pets]
    found = json.loads(run(capsys, *options, "--json")[1])["nearest"]
    assert len(found) == 5
    assert (found[0]["label"], found[0]["similarity"]) == ("pet 0", pytest.approx(1))
    assert [hit["similarity"] for hit in found] == sorted((hit["similarity"] for hit in found), reverse=True)
    assert "by the kept heads:" in run(capsys, *options)[1]


def test_classify_writes_its_answers_instead_of_printing_them(capsys, classifier, model, pets, tmp_path):
    asked = ("classify", "--classifier", classifier, pets / "pet 1", "--model", model, "--none-below", 0.9)
    printed = [json.loads(line) for line in run(capsys, *asked, "--json")[1].splitlines()]
    status, out, _ = run(capsys, *asked, "--out", tmp_path / "answers.jsonl")
    assert (status, out) == (0, f"Wrote the answers on 4 examples to {tmp_path / 'answers.jsonl'}.\n")
    assert [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text("utf-8").splitlines()] == printed
    assert run(capsys, *asked, "--out", tmp_path / "answers.parquet")[0] == 0
    table = pq.read_table(tmp_path / "answers.parquet")
    assert table.column_names[:4] == ["name", "label", "truth", "confidence"]
    for row, answer in zip(table.to_pylist(), printed, strict=True):
        assert (row["name"], dict(row["shares"]), row["votes"]) == (answer["image"], answer["shares"], answer["votes"])
        assert (row["none"], row["acceptance"]) == (answer["none"], answer["acceptance"])


def test_the_threshold_of_none_is_the_learned_one_or_the_one_that_is_asked_for(capsys, classifier, model, pets):
    command = ("classify", "--classifier", classifier, "--model", model, pets / "pet 0")

    def lines(*options):
        return [json.loads(line) for line in run(capsys, *command, *options, "--json")[1].splitlines()]

    learned = lines()
    for line in lines("--none-below", 0):
        assert (line["none"], line["none_below"]) == (False, 0)
    for line, before in zip(lines("--none-below", 1.01), learned, strict=True):
        assert line == {**before, "none": True, "none_below": 1.01}
    table = run(capsys, *command, "--none-below", 1.01)[1].splitlines()[1:]
    assert all("none of these (pet" in row and " - " in row for row in table), "no probability where there is no answer"


def test_classify_prints_a_table_for_people(capsys, classifier, model, pets):
    status, out, _ = run(capsys, "classify", "--classifier", classifier, "--model", model, pets / "pet 0")
    assert status == 0
    assert out.splitlines()[0].split() == ["image", "label", "probability", "shares"]
    assert len(out.splitlines()) == 5


def test_evaluate_prints_one_json_object(capsys, pets, model):
    status, out, err = run(
        capsys, "evaluate", "--train", pets, "--test", pets, "--model", model, "--heads", 5, "--controls", "--json"
    )
    assert status == 0
    assert err.startswith("warning: 12 of the 12 test examples are also in the training set, which makes the figures too ")
    assert err.count("\n") == 1
    report = json.loads(out)
    contract = {"accuracy", "interval", "n", "per_label", "confusion", "labels", "skipped", "controls"}
    more = {"macro_f1", "control_details", "refused", "overlap", "examples", "notes"}
    about = {"title", "date", "model", "identity", "dtype", "question", "heads", "voting", "scoring", "support", "test"}
    assert set(report) == contract | more | about
    assert report["overlap"] == 12
    assert report["refused"] == {}
    beside = report["control_details"]["all_heads"]
    assert beside["accuracy"] == report["controls"]["all_heads"]
    assert beside["difference"] == pytest.approx(report["accuracy"] - beside["accuracy"])
    assert 0 < beside["p"] <= 1
    assert report["n"] == 12
    assert report["interval"][0] <= report["accuracy"] <= report["interval"][1]
    assert sum(map(sum, report["confusion"])) == 12
    assert report["labels"] == ["pet 0", "pet 1", "pet 2"]
    assert set(report["controls"]) >= {"all_heads", "best_head", "random_heads", "zero_shot_likelihood", "zero_shot_text"}


def test_evaluate_judges_rivals_and_says_what_each_costs(capsys, pets, model, monkeypatch):
    monkeypatch.setattr("sav_core.reports.lora_row.DEFAULTS", LoraSettings(epochs=1))
    options = ["evaluate", "--train", pets, "--test", pets, "--model", model, "--heads", 5, "--question", "Which?"]
    status, out, err = run(capsys, *options, "--rival", "lora", "--json")
    assert status == 0
    assert "LoRA trains 7,680 numbers, rank 8 on q, k, v and o of 3 layers, with 9 examples: " in err
    report = json.loads(out)
    (row,) = report["control_details"].values()
    assert set(row) == {"accuracy", "interval", "difference", "difference_interval", "p", "cost", "about"}
    for cost in (row["cost"], report["cost"]):
        assert cost["examples"] == 12
        assert min(cost["seconds"], cost["peak_bytes"]) > 0
    assert (report["cost"]["trained"], row["cost"]["trained"]) == (0, 7680)
    status, out, err = run(capsys, *options, "--rival", "lora")  # which was trained, and is not again
    assert status == 0
    assert "LoRA trains" not in err
    assert re.search(r"examples\s+seconds\s+peak memory\s+trained numbers\n", out)
    assert re.search(r"^kept heads .* 12 .* 0 *$", out, re.MULTILINE)
    status, _, err = run(capsys, *options, "--rival", "clip")
    assert (status, err.count("\n")) == (2, 1)
    monkeypatch.setattr("sav_core.rivals.packages.find_spec", lambda name: None)
    status, _, err = run(capsys, *options, "--rival", "lora")
    assert (status, err) == (
        2,
        "error: LoRA needs the package peft, which is not installed here: pip install 'sav-explorer[lora]'.\n",
    )


def test_evaluate_prints_a_report_for_people(capsys, pets, model):
    status, out, _ = run(capsys, "evaluate", "--train", pets, "--test", pets, "--model", model)
    assert status == 0
    assert out.startswith("accuracy ")
    assert "95 % interval" in out
    assert "as pet 2" in out


def test_evaluate_compares_rules_sweeps_and_judges_doubt(capsys, pets, model, classifier, tmp_path):
    options = ["--rules", "--sweep", "--confidence", "--foreign", pets / "pet 0", "--heads-from", classifier, "--heads", 5]
    options += ["--by-depth"]
    arguments = ["evaluate", "--train", pets, "--test", pets, "--model", model, "--dtype", "float32", *options]
    status, out, _ = run(capsys, *arguments, "--json")
    assert status == 0
    report = json.loads(out)
    assert list(report["rules"]) == ["majority", "gaussian", "reliability"]
    assert report["rules"]["majority"]["accuracy"] == report["accuracy"]
    assert "difference" not in report["rules"]["majority"]  # the rule in use, which is not compared with itself
    assert set(report["rules"]["gaussian"]) == {"accuracy", "interval", "difference", "difference_interval", "p"}
    assert [point["value"] for point in report["sweep"]["heads"]] == [1, 2, 3, 5, 10, 12]
    assert [point["value"] for point in report["sweep"]["shots"]] == [1, 2, 4]
    assert report["sweep"]["heads"][3]["accuracy"] == report["accuracy"]
    assert report["sweep"]["shots"][-1]["interval"] == report["sweep"]["heads"][3]["interval"] == report["interval"]
    assert sum(each["n"] for each in report["confidence"]["bins"]) == report["n"]
    assert report["confidence"]["selective"]["coverage"][-1] == 1
    assert report["foreign"]["n"] == 4
    assert 0 <= report["foreign"]["area"] <= 1
    assert len(report["transfer"]["shared_heads"]) == 5  # the same set found them
    depths = report["by_depth"]
    assert [point["layers"] for point in depths["points"]] == [1, 2, 3]
    assert depths["points"][-1]["right"] == report["confidence"]["left_out_accuracy"] * depths["n"]
    assert (depths["timed"], depths["points"][-1]["time"]) == (True, 1)

    status, out, _ = run(capsys, *arguments)
    assert status == 0
    assert re.search(r"^majority +\S+ % +\S+ to \S+ % +- +- +- *$", out, re.MULTILINE)
    assert re.search(r"^gaussian +\S+ % +\S+ to \S+ % +[+-]\S+ +[+-]\S+ to [+-]\S+ +[\d.]+ *$", out, re.MULTILINE)
    for sentence in (
        "voting rule",
        "heads that vote",
        "examples of each label",
        "temperature",
        "4 foreign images",
        "in common",
        "first layers",
        "layers as with all",
    ):
        assert sentence in out


def test_heads_of_another_model_are_refused_before_anything_is_read(capsys, pets, classifier, tmp_path, monkeypatch):
    """As many heads of the same size are not the same heads: the weights decide."""
    other = write_checkpoint("llava", tmp_path / "other", seed=7)
    monkeypatch.setattr("sav_core.sav.extract_head_vectors", lambda *_, **__: pytest.fail("it was read"))
    arguments = ["--train", pets, "--test", pets, "--model", other, "--heads-from", classifier]
    status, out, err = run(capsys, "evaluate", *arguments)
    assert (status, out) == (2, "")
    assert "was made with llava" in err
    assert "load that model (--model), or fit again" in err


def test_confidence_that_cannot_be_judged_costs_nothing_else(capsys, pets, model, tmp_path):
    for label in range(3):
        (tmp_path / f"pet {label}").mkdir()
        shutil.copy(pets / f"pet {label}" / "0.png", tmp_path / f"pet {label}")
    arguments = ["evaluate", "--train", tmp_path, "--test", pets, "--model", model, "--confidence"]
    status, out, _ = run(capsys, *arguments, "--json")
    assert status == 0
    report = json.loads(out)
    assert report["n"] == 12
    assert report["confidence"] is None
    assert "every label has one: add examples" in report["confidence_refused"]
    status, out, _ = run(capsys, *arguments)
    assert status == 0
    assert "\nconfidence: not judged; To leave an example out" in out


def test_evaluate_draws_episodes_from_one_set(capsys, pets, model):
    episodes = ["--episodes", 3, "--shots", 2, "--ways", 2, "--heads", 5, "--controls", "--sweep"]
    status, out, _ = run(capsys, "evaluate", "--train", pets, "--model", model, *episodes, "--json")
    assert status == 0
    report = json.loads(out)
    assert (report["n"], len(report["episodes"]["accuracy"])) == (3 * 4, 3)
    assert report["accuracy"] == pytest.approx(sum(report["episodes"]["accuracy"]) / 3)
    assert report["interval"][0] <= report["accuracy"] <= report["interval"][1]
    assert set(report["controls"]) >= {"all_heads", "hidden_mean", "logistic_heads", "pixels", "zero_shot_likelihood"}
    assert set(report["refused"]).isdisjoint(report["controls"])
    assert [point["value"] for point in report["sweep"]["shots"]] == [1, 2]
    assert {5: report["accuracy"]}.items() <= {p["value"]: p["accuracy"] for p in report["sweep"]["heads"]}.items()
    out = run(capsys, "evaluate", "--train", pets, "--model", model, *episodes)[1]
    assert re.search(r"^all heads +\S+ % +\S+ to \S+ % +[+-]\S+ +[+-]\S+ to [+-]\S+ *$", out, re.MULTILINE)
    assert "McNemar" not in out
    assert "The intervals are of the mean over the episodes." in out
    again = json.loads(run(capsys, "evaluate", "--train", pets, "--model", model, *episodes, "--json")[1])
    assert again.pop("date") >= report.pop("date")
    assert again == report


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "Give either --test"),
        (["--test", ".", "--episodes", "3"], "Give either --test"),
        (["--episodes", "3", "--rules"], "give --test, not --episodes"),
        (["--episodes", "3", "--shots", "4"], "need one more to judge on"),
    ],
)
def test_evaluate_refuses_what_does_not_go_together(capsys, pets, model, options, message):
    status, _, err = run(capsys, "evaluate", "--train", pets, "--model", model, *options)
    assert status == 2
    assert message in err


def test_classify_says_none_of_these_below_a_threshold(capsys, classifier, model, pets):
    image = pets / "pet 0" / "0.png"
    arguments = ["classify", "--classifier", classifier, "--model", model, image]
    assert json.loads(run(capsys, *arguments, "--none-below", 1.01, "--json")[1])["none"] is True
    assert json.loads(run(capsys, *arguments, "--none-below", 0, "--json")[1])["none"] is False
    assert "none of these (" in run(capsys, *arguments, "--none-below", 1.01)[1]


@pytest.mark.parametrize("voting", ["gaussian", "reliability"])
def test_every_rule_is_a_choice_of_fit(capsys, pets, model, tmp_path, voting):
    out_file = tmp_path / "pets.sav"
    assert run(capsys, "fit", "--train", pets, "--out", out_file, "--model", model, "--voting", voting)[0] == 0
    status, out, _ = run(capsys, "classify", "--classifier", out_file, "--model", model, pets / "pet 0", "--json")
    assert status == 0
    assert len(out.splitlines()) == 4


def test_heads_needs_no_model_and_writes_a_page(capsys, classifier, tmp_path):
    status, out, _ = run(capsys, "heads", "--classifier", classifier, "--html", tmp_path / "heads.html", "--json")
    assert status == 0
    report = json.loads(out)
    assert [head["rank"] for head in report["heads"]] == [1, 2, 3, 4, 5]
    page = (tmp_path / "heads.html").read_text()
    assert "plotly" in page
    assert 'src="http' not in page  # it opens offline


def test_report_writes_a_page_to_show(capsys, pets, model, tmp_path):
    arguments = ["report", "--train", pets, "--out", tmp_path / "pets.html", "--model", model, "--title", "My <pets>"]
    status, out, err = run(capsys, *arguments, "--heads", 5)
    assert (status, err) == (0, "")
    assert out.startswith(f"Wrote {tmp_path / 'pets.html'}: 12 examples of 3 labels, llava.")
    page = (tmp_path / "pets.html").read_text(encoding="utf-8")
    assert "My &lt;pets&gt; · SAV Explorer" in page
    assert page.count("<symbol id=") == 12
    status, out, _ = run(capsys, *arguments, "--json")
    assert status == 0
    assert json.loads(out)["labels"] == ["pet 0", "pet 1", "pet 2"]


def test_models_lists_the_default_first(capsys, model, monkeypatch):
    from sav_core.settings import Settings

    monkeypatch.setattr("sav_core.models.local_models.settings", lambda: Settings(model=model))
    status, out, _ = run(capsys, "models", "--json")
    assert status == 0
    first = json.loads(out)[0]
    assert (first["model"], first["architecture"]) == (model, "llava")
    assert first["geometry"] == {"layers": 3, "heads": 4, "dim": 16}


def test_models_lists_what_is_known_of_architectures(capsys):
    status, out, _ = run(capsys, "models", "--architectures", "--json")
    assert status == 0
    found = {row.pop("architecture"): row for row in json.loads(out)}
    assert found["llava"] == {"standing": "proven", "reason": "tested end to end on a small checkpoint", "video": "none"}
    assert (found["qwen2_vl"]["video"], found["glm46v"]["video"]) == ("proven", "not tried")
    assert (found["mllama"]["standing"], found["janus"]["standing"]) == ("refused", "probed")
    status, out, _ = run(capsys, "models", "--architectures")
    assert (status, len(out.splitlines())) == (0, 1 + len(found))
    assert next(line for line in out.splitlines() if line.startswith("mllama")).split()[1] == "refused"


@pytest.fixture(scope="module")
def hundred(tmp_path_factory):
    """A folder of a hundred images under two labels, one of which cannot be read."""
    folder = tmp_path_factory.mktemp("hundred")
    for number in range(100):
        path = folder / f"label {number % 2}" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        example_image(number).save(path)
    (folder / "label 1" / "77.png").write_bytes(b"not an image")
    return folder


def test_one_unreadable_image_of_a_hundred_is_named_and_counted(capsys, hundred, pets, model, tmp_path):
    arguments = ["fit", "--train", hundred, "--out", tmp_path / "x.sav", "--model", model]
    status, out, err = run(capsys, *arguments)
    assert status == 0
    assert out.startswith("Fitted 99 examples of 2 labels")
    assert out.endswith("1 image was left out; the warnings say why.\n")
    (warning,) = err.splitlines()
    assert warning.startswith("warning: 'label 1/77.png' is not a PNG")
    (skipped,) = json.loads(run(capsys, *arguments, "--json")[1])["skipped"]
    assert skipped["image"] == "label 1/77.png"
    status, out, err = run(capsys, "evaluate", "--train", hundred, "--test", hundred, "--model", model, "--json")
    assert (status, err.count("warning:")) == (0, 3)  # the image in both sets, and that they are the same
    assert len(json.loads(out)["skipped"]) == 2
    status, out, err = run(capsys, "classify", "--classifier", tmp_path / "x.sav", "--model", model, hundred)
    assert (status, err.count("warning:")) == (0, 1)
    assert len(out.splitlines()) == 1 + 99 + 1
    assert out.endswith("1 image was left out; the warnings say why.\n")


def test_questions_of_their_own_come_from_a_jsonl(capsys, pets, model, tmp_path):
    asked = pets / "asked.jsonl"
    rows = [
        {"image": f"pet {label}/{number}.png", "question": f"Is this number {number}?", "label": f"pet {label}"}
        for label in range(2)
        for number in range(4)
    ]
    asked.write_text("\n".join(map(json.dumps, rows)))
    try:
        fitted = tmp_path / "asked.sav"
        assert run(capsys, "fit", "--train", asked, "--out", fitted, "--model", model)[0] == 0
        status, out, _ = run(capsys, "classify", "--classifier", fitted, "--model", model, asked, "--json")
        assert (status, len(out.splitlines())) == (0, 8)
        alone = run(capsys, "classify", "--classifier", fitted, "--model", model, pets / "pet 0")
        assert_refused(*alone, "a query needs one too: .* --question or a line of a .jsonl")
        given = ["--question", "Is this number 1?"]
        assert run(capsys, "classify", "--classifier", fitted, "--model", model, pets / "pet 0", *given)[0] == 0
    finally:
        asked.unlink()


def test_help_teaches_with_an_example(capsys):
    for command in ("fit", "classify", "evaluate", "heads", "models"):
        status, out, _ = run(capsys, command, "--help")
        assert status == 0
        assert f"python -m sav_core {command}" in out


def test_help_begins_where_a_visitor_does(capsys):
    _, out, _ = run(capsys, "--help")
    assert re.findall(r"^│ (\w+) ", out, re.MULTILINE)[:4] == ["fit", "classify", "evaluate", "heads"]


def test_the_module_runs_as_a_program():
    command = [sys.executable, "-m", "sav_core"]
    shown = subprocess.run([*command, "--help"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert shown.returncode == 0
    assert "Teach a frozen multimodal model" in shown.stdout
    refused = subprocess.run([*command, "fit", "--train", "nowhere"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "error: Missing option '--out'.\n"


def test_a_fault_of_the_program_is_told_apart(capsys, monkeypatch, pets, model, tmp_path):
    monkeypatch.setattr("sav_core.sav.SavClassifier.save", lambda *_: 1 / 0)
    status, _, err = run(capsys, "fit", "--train", pets, "--out", tmp_path / "x.sav", "--model", model)
    assert status == 1
    assert "ZeroDivisionError" in err
    assert "a fault of the program, not of your input" in err


def test_stopping_is_not_an_error(capsys, monkeypatch, pets, model, tmp_path):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("sav_core.sav.extract_head_vectors", stop)
    status, _, err = run(capsys, "fit", "--train", pets, "--out", tmp_path / "x.sav", "--model", model)
    assert status == 130
    assert err == "stopped; what was done so far is in the cache\n"


# --- bad input: each makes a folder, ZIP, JSONL or .sav under ``tmp`` and returns a command ----------------------------


def png(seed=0):
    buffer = io.BytesIO()
    example_image(seed).save(buffer, "PNG")
    return buffer.getvalue()


def bomb_png():
    """A PNG that says it is 50,000 x 50,000 pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return png()[:8] + chunk + png()[33:]


def folder(tmp, **labels):
    for label, files in labels.items():
        (tmp / "set" / label).mkdir(parents=True)
        for number, content in enumerate(files):
            (tmp / "set" / label / f"{number}.png").write_bytes(content)
    return tmp / "set"


def archive(tmp, entries):
    with zipfile.ZipFile(tmp / "set.zip", "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return tmp / "set.zip"


def lines(tmp, *texts):
    (tmp / "0.png").write_bytes(png())
    (tmp / "set.jsonl").write_text("\n".join(texts))
    return tmp / "set.jsonl"


GOOD_LINE = '{"image": "0.png", "label": "cat"}'

TRAINING = {
    "missing": (lambda tmp: tmp / "nowhere", "nowhere"),
    "empty image": (lambda tmp: folder(tmp, cat=[b""], dog=[png()]), "cat"),
    "truncated image": (lambda tmp: folder(tmp, cat=[png()[:-60]], dog=[png()]), "cat"),
    "a text named .png": (lambda tmp: folder(tmp, cat=[b"hello"], dog=[png()]), "cat"),
    "decompression bomb": (lambda tmp: folder(tmp, cat=[bomb_png()], dog=[png()]), "50,?000"),
    "only one label": (lambda tmp: folder(tmp, cat=[png()]), "at least two labels"),
    "no examples": (lambda tmp: folder(tmp, cat=[], dog=[]), "set"),
    "labels differing in case": (lambda tmp: folder(tmp, cat=[png()], Cat=[png(1)], dog=[png()]), "[Cc]at"),
    "not JSON": (lambda tmp: lines(tmp, GOOD_LINE, "{nonsense"), "Line 2"),
    "no label": (lambda tmp: lines(tmp, GOOD_LINE, GOOD_LINE, '{"image": "0.png"}'), "Line 3"),
    "not a ZIP": (lambda tmp: _write(tmp / "set.zip", b"PK nothing"), "set.zip"),
    "a ZIP that climbs out": (lambda tmp: archive(tmp, {"cat/0.png": png(), "../dog/0.png": png()}), r"\.\./dog"),
    "a JSONL in a ZIP that leaves it": (
        lambda tmp: archive(tmp, {"a.jsonl": GOOD_LINE.replace("0.png", "../../etc/0.png"), "0.png": png()}),
        r"\.\./\.\./etc",
    ),
    "a ZIP bomb": (lambda tmp: archive(tmp, {"cat/0.png": b"\0" * (80 << 20), "dog/0.png": png()}), "set.zip|0.png"),
}


def _write(path, content):
    path.write_bytes(content)
    return path


def assert_refused(status, out, err, message):
    assert status == 2
    assert out == ""
    *warnings, error = err.splitlines()
    assert error.startswith("error: ")
    assert re.search(message, error), error
    assert all(line.startswith("warning: ") for line in warnings)
    assert "Traceback" not in err


@pytest.mark.parametrize(("make", "message"), TRAINING.values(), ids=TRAINING)
def test_bad_training_data_gets_one_clear_sentence(capsys, make, message, model, tmp_path):
    out_file = tmp_path / "out.sav"
    result = run(capsys, "fit", "--train", make(tmp_path), "--out", out_file, "--model", model)
    assert_refused(*result, message)
    assert not out_file.exists()


def damaged(classifier, tmp, edit):
    content = bytearray(classifier.read_bytes())
    return _write(tmp / "pets.sav", bytes(edit(content)))


def doctored(content):
    content[-20] ^= 1
    return content


CLASSIFIERS = {
    "truncated": (lambda sav, tmp: damaged(sav, tmp, lambda content: content[:-100]), r"not a whole \.sav file"),
    "doctored": (lambda sav, tmp: damaged(sav, tmp, doctored), "changed after it was saved"),
    "missing": (lambda sav, tmp: tmp / "none.sav", "no classifier file"),
    "something else": (lambda sav, tmp: _write(tmp / "x.sav", b"hello world"), r"not a whole \.sav file"),
}


@pytest.mark.parametrize(("make", "message"), CLASSIFIERS.values(), ids=CLASSIFIERS)
def test_a_bad_classifier_file_gets_one_clear_sentence(capsys, make, message, classifier, model, pets, tmp_path):
    path = make(classifier, tmp_path)
    result = run(capsys, "classify", "--classifier", path, "--model", model, pets / "pet 0" / "0.png")
    assert_refused(*result, message)


def test_a_classifier_of_another_model_is_refused(capsys, classifier, pets, tmp_path):
    other = write_checkpoint("llava", tmp_path / "other", seed=1)
    result = run(capsys, "classify", "--classifier", classifier, "--model", other, pets / "pet 0" / "0.png")
    assert_refused(*result, "was made with llava")


def test_a_classifier_of_another_geometry_is_refused(capsys, classifier, pets, tiny_checkpoint):
    result = run(
        capsys, "classify", "--classifier", classifier, "--model", tiny_checkpoint("qwen2_vl"), pets / "pet 0" / "0.png"
    )
    assert_refused(*result, "3 layers x 4 heads x 8 dim")


def test_an_unknown_model_without_network_is_refused(capsys, pets, tmp_path):
    result = run(capsys, "fit", "--train", pets, "--out", tmp_path / "x.sav", "--model", "nobody/no-such-model")
    assert_refused(*result, "nobody/no-such-model")


def test_a_model_folder_without_processor_is_refused(capsys, pets, model, tmp_path):
    stripped = tmp_path / "stripped"
    shutil.copytree(model, stripped, ignore=shutil.ignore_patterns("*processor*"))
    result = run(capsys, "fit", "--train", pets, "--out", tmp_path / "x.sav", "--model", stripped)
    assert_refused(*result, "processor")


def test_a_full_disk_while_saving_loses_nothing(capsys, pets, model, tmp_path, monkeypatch):
    kept = _write(tmp_path / "pets.sav", b"the old one")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    result = run(capsys, "fit", "--train", pets, "--out", kept, "--model", model, "--question", "A new one?")
    assert "warning: Head vectors are not kept for the next run" in result[2]
    assert_refused(*result, "No space left on device")
    assert kept.read_bytes() == b"the old one"


def test_no_readable_query_is_refused(capsys, classifier, model, tmp_path):
    broken = _write(tmp_path / "broken.png", b"hello")
    result = run(capsys, "classify", "--classifier", classifier, "--model", model, broken)
    assert_refused(*result, "broken.png")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fit"], "Missing option '--train'"),
        (["fit", "--train", "x", "--out", "y", "--heads", "many"], "--heads"),
        (["fit", "--train", "x", "--out", "y", "--voting", "loudest"], "loudest"),
        (["paint"], "paint"),
        (["classify", "--classifier", "x.sav"], "images"),
    ],
)
def test_a_wrong_command_line_gets_one_line(capsys, arguments, message):
    assert_refused(*run(capsys, *arguments), message)


def test_heads_out_of_range_are_refused(capsys, pets, model, tmp_path):
    result = run(capsys, "fit", "--train", pets, "--out", tmp_path / "x.sav", "--model", model, "--heads", 0)
    assert_refused(*result, "n_kept must be a whole number from 1")


def test_the_space_commands_are_there(capsys, tmp_path):
    status, out, err = run(capsys, "space", "check", "--root", tmp_path)
    assert (status, out) == (2, "")
    assert "There is no Spacefile" in err


def test_fit_computes_in_the_numbers_asked_for(capsys, pets, model, tmp_path):
    from sav_core.heads.classifier_file import read_classifier

    for dtype in ("float32", "bfloat16"):
        file = tmp_path / f"{dtype}.sav"
        assert run(capsys, "fit", "--train", pets, "--out", file, "--model", model, "--dtype", dtype)[0] == 0
        assert read_classifier(file)[1].dtype == dtype
    status, _, err = run(capsys, "fit", "--train", pets, "--out", file, "--model", model, "--dtype", "int3")
    assert status == 2
    assert "int3" in err
