"""The commands of function vectors as a user meets them, on a tiny model and a handful of images."""

import json
import os
import subprocess
import sys

import pytest

from sav_core.cli.app import main
from sav_core.vectors import mediation
from tests.support import commands
from tests.support.tiny_models import example_image


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Twelve images of two relations, no pair of things twice."""
    folder = tmp_path_factory.mktemp("relations")
    lines = []
    for number in range(24):
        example_image(number).save(folder / f"{number}.png")
        pair = {"anchor": f"anchor {chr(97 + number)}", "related": f"{chr(97 + number)} thing"}
        lines.append({"image": f"{number}.png", "relation": ("on", "under")[number % 2], **pair})
    path = folder / "relations.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


@pytest.fixture(scope="module")
def vector(model, data, tmp_path_factory):
    path = tmp_path_factory.mktemp("vectors") / "on.fv"
    few = ["--prompts", "2", "--demonstrations", "2", "--all-prompts", "--layer", "1", "--heads", "3", "--dtype", "float32"]
    asked = ["--relation", "on", "--data", str(data), "--model", model, "--out", str(path), *few]
    assert main(["vectors", "extract", *asked]) == 0
    return path


def run(capsys, *arguments):
    return commands.run(capsys, "vectors", *arguments)


def test_mediate_prints_the_effect_of_every_head(capsys, model, data, tmp_path):
    few = ["--prompts", 2, "--demonstrations", 2, "--all-prompts", "--resume", tmp_path / "effects", "--dtype", "float32"]
    asked = ["mediate", "--relation", "on", "--data", data, "--model", model, *few]
    status, out, err = run(capsys, *asked, "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert (found["model"], found["relation"], found["prompts"]) == ("llava", "on", 2)
    assert [len(found["aie"]), len(found["aie"][0]), len(found["heads"])] == [3, 4, 12]
    assert all(each["interval"][0] <= each["effect"] <= each["interval"][1] for each in found["heads"])
    assert (tmp_path / "effects").exists()
    status, out, _ = run(capsys, *asked)
    assert status == 0
    assert "The top 10 heads carry" in out


def test_prompts_that_cannot_be_corrupted_are_told_and_when_none_can_nothing_is_averaged(capsys, model, tmp_path):
    lines = []
    for number in range(24):
        example_image(number).save(tmp_path / f"{number}.png")
        lines.append({"image": f"{number}.png", "relation": "worn by", "anchor": f"hat {number}", "related": "man"})
        lines += [{"image": f"{number}.png", "relation": "on", "anchor": f"hat {number}", "related": f"head {number}"}]
    path = tmp_path / "relations.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    asked = ["mediate", "--data", path, "--model", model, "--prompts", 2, "--dtype", "float32"]
    status, out, err = run(capsys, *asked, "--relation", "worn by")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "None of 2 prompts can be corrupted" in err  # and not that no prompt is answered right, which is found later
    told = [line | {"anchor": f"hat {n // 2}"} for n, line in enumerate(lines)]
    path.write_text(
        "\n".join(json.dumps(line) for line in told if line["anchor"][-1] in "13579" or line["relation"] == "on")
    )
    few = ["--relation", "on", "--told-by", "words", "--all-prompts", "--prompts", 8]
    status, out, err = run(capsys, *asked, *few)
    assert status == 0
    assert "of 8 prompts were left out" in err


def test_a_vector_is_judged_beside_every_control(capsys, model, data, vector):
    asked = ["evaluate", "--vector", vector, "--data", data, "--model", model, "--other", vector]
    asked += ["--demonstrations", 2, "--prompts", 2, "--dtype", "float32"]
    status, out, err = run(capsys, *asked, "--json")
    assert (status, err) == (0, "")
    report = json.loads(out)
    assert {
        "zero-shot",
        "in context",
        "in words",
        "injected",
        "random vector",
        "random heads",
        "other relation",
        "layer mean",
    } == set(report["conditions"])
    assert report["unrelated"]["n"] > 0
    assert report["layer"] == 1
    for each in report["conditions"].values():
        assert each["interval"][0] <= each["accuracy"] <= each["interval"][1]


def test_sweeps_are_printed_and_the_control_has_the_means_of_the_vector(capsys, monkeypatch, model, data, vector):
    asked_for, means = [], mediation.mean_head_vectors

    def record(reader, prompts, **settings):
        asked_for.append(({len(prompt.demonstrations) for prompt in prompts}, len(prompts), settings["only_right"]))
        return means(reader, prompts, **settings)

    monkeypatch.setattr("sav_core.vectors.studies.mean_head_vectors", record)
    asked = ["evaluate", "--vector", vector, "--data", data, "--model", model, "--dtype", "float32", "--sweeps"]
    status, out, err = run(capsys, *asked, "--json")
    assert (status, err) == (0, "")
    assert asked_for == [({2}, 2, False)]  # as extract was told, and not the defaults of evaluate
    found = json.loads(out)["sweeps"]
    assert [each["heads"] for each in found["heads"]] == [1, 2, 3]
    assert [each["demonstrations"] for each in found["demonstrations"]] == [0, 1, 2]
    assert (found["layers"], len(found["accuracy"]), {len(row) for row in found["accuracy"]}) == ([0, 1, 2], 3, {6})
    status, out, _ = run(capsys, *asked)
    assert status == 0
    assert all(
        heading in out for heading in ("By how many of its heads", "By demonstrations", "By layer and scale", "x 0.5")
    )


def test_a_tuning_says_after_how_many_steps_it_ended_and_why(capsys, model, data, vector, tmp_path):
    asked = ["--vector", vector, "--out", tmp_path / "t.fv", "--steps", 60, "--patience", 1, "--rate", 1e-9]
    status, out, _ = run(capsys, "tune", *asked, "--model", model, "--data", data, "--dtype", "float32")
    assert status == 0
    assert "Tuning ended after 20 steps, for validation got no better; the vector is that of step" in " ".join(out.split())


def test_a_vector_is_tuned_and_composed(capsys, model, data, vector, tmp_path):
    place = ["--data", data, "--model", model, "--dtype", "float32", "--json"]
    status, out, err = run(
        capsys, "tune", "--vector", vector, "--out", tmp_path / "tuned.fv", "--steps", 2, "--controls", *place
    )
    assert (status, err) == (0, "")
    tuned = json.loads(out)
    assert set(tuned["conditions"]) == {"before tuning", "tuned", "tuned random start", "tuned on five"}
    assert [point["step"] for point in tuned["curve"]] == [0, 2]
    assert (tuned["end"], tuned["steps"]) == ("steps", 2)
    both = ["--vector", vector, "--vector", tmp_path / "tuned.fv", "--relation", "under", "--out", tmp_path / "both.fv"]
    status, out, err = run(capsys, "compose", *both, *place)
    assert (status, err) == (0, "")
    composed = json.loads(out)
    assert sum(composed["weights"]) == pytest.approx(2)  # as many as there are bases
    assert set(composed["conditions"]) == {
        "zero-shot", "in context, same pair", "composed", "equal weights", "best base vector",
    }  # fmt: skip
    status, out, _ = run(capsys, "compose", *both, *place, "--total", 1)
    assert (status, sum(json.loads(out)["weights"])) == (0, pytest.approx(1))
    status, out, _ = run(capsys, "compose", *both, *place[:-1], "--weights", "1,0.5")
    assert (status, "1.00 x on, 0.50 x on" in out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mediate", "--relation", "inside"], "it has on, under"),
        (["mediate", "--relation", "on", "--demonstrations", 50], "ask for fewer"),
        (["mediate", "--relation", "on", "--demonstrations", 2, "--prompts", 2], "answers none of 2"),
        (["evaluate", "--vector", "nowhere.fv"], "There is no file nowhere.fv"),
    ],
)
def test_bad_input_is_one_line_and_status_2(capsys, model, data, arguments, said):
    status, out, err = run(capsys, *arguments, "--data", data, "--model", model, "--dtype", "float32")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert said in err


def test_a_stopped_command_says_what_is_kept(capsys, monkeypatch, model, data, vector, tmp_path):
    few = ["--prompts", 2, "--demonstrations", 2, "--all-prompts", "--dtype", "float32", "--data", data, "--model", model]
    asked, calls = ["mediate", "--relation", "on", *few], []

    def stop_at_the_second(*arguments):
        calls.append(1)
        if len(calls) % 2 == 0:
            raise KeyboardInterrupt
        return effects(*arguments)

    def stop(*_, **__):
        raise KeyboardInterrupt

    effects = mediation._effects
    monkeypatch.setattr("sav_core.vectors.mediation._effects", stop_at_the_second)
    kept = tmp_path / "effects"
    status, out, err = run(capsys, *asked)
    assert (status, out) == (130, "")
    assert err == "stopped; nothing was kept; with --resume FILE the effects found so far would have been\n"
    status, out, err = run(capsys, *asked, "--resume", kept)
    assert (status, out) == (130, "")
    assert err == f"stopped; {kept} holds the effects found so far: the same command goes on from there\n"
    monkeypatch.setattr("sav_core.vectors.evaluate_vector", stop)
    status, _, err = run(capsys, "evaluate", "--vector", vector, *few[:4], *few[5:])
    assert (status, err) == (130, "stopped; nothing was kept\n")


def test_help_does_not_wait_for_torch():
    code = "import sys, sav_core.cli.vectors.commands; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={**os.environ}, check=False).returncode == 0
