"""``search``, ``recall`` and ``extract`` as a user meets them."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from sav_core.cli.app import main
from tests.support.commands import run
from tests.support.tiny_models import example_image


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "pets"
    for label in range(3):
        (folder / f"pet {label}").mkdir(parents=True)
        for number in range(4):
            example_image(10 * label + number).save(folder / f"pet {label}" / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def heap(tmp_path_factory):
    folder = tmp_path_factory.mktemp("heap")
    for number in range(3):
        example_image(number).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def classifier(model, pets, tmp_path_factory):
    path = tmp_path_factory.mktemp("fitted") / "pets.sav"
    question = ["--question", "Which pet?"]
    arguments = ["--train", pets, "--out", path, "--model", model, "--heads", 5, "--dtype", "float32", *question]
    assert main(["fit", *map(str, arguments)]) == 0
    return path


def test_search_finds_the_image_itself_first(capsys, pets, classifier, model):
    query = pets / "pet 1" / "2.png"
    status, out, err = run(
        capsys, "search", "--index", pets, "--query", query, "--classifier", classifier, "--model", model, "--json"
    )
    assert (status, err) == (0, "")
    result = json.loads(out)
    assert result["query"] == str(query)
    assert len(result["heads"]) == 5
    assert len(result["found"]) == 5
    assert result["found"][0] == {"image": str(query), "label": "pet 1", "similarity": pytest.approx(1)}
    similarities = [hit["similarity"] for hit in result["found"]]
    assert similarities == sorted(similarities, reverse=True)


def test_search_says_which_heads_decided(capsys, pets, heap, model):
    query = heap / "0.png"
    status, out, _ = run(capsys, "search", "--index", heap, "--query", query, "--model", model, "--k", 2)
    assert status == 0
    assert out.startswith(f"Nearest to {query} by all 12 heads:\n")
    assert len(out.splitlines()) == 4
    status, out, _ = run(
        capsys, "search", "--index", pets, "--query", query, "--query", heap / "1.png", "--model", model, "--heads", 3
    )
    assert out.count("by the 3 heads that tell the labels of these images apart best:") == 2


def test_recall_stands_beside_its_controls(capsys, pets, classifier, model):
    status, out, err = run(
        capsys, "recall", "--index", pets, "--classifier", classifier, "--model", model, "--k", 1, "--k", 5, "--json"
    )
    assert (status, err) == (0, "")
    result = json.loads(out)
    assert set(result["recall"]) == {"kept_heads", "all_heads", "last_hidden_state", "raw_pixels"}
    for values in result["recall"].values():
        assert 0 <= values["1"] <= values["5"] <= 1
    assert result["n"] == 12
    status, out, _ = run(capsys, "recall", "--index", pets, "--query", pets, "--model", model, "--k", 1)
    assert status == 0
    assert "Note: these heads were chosen on the same labels" in out
    assert "raw pixels" in out


def test_extract_writes_everything_or_little(capsys, pets, classifier, model, tmp_path):
    whole, little = tmp_path / "whole.npz", tmp_path / "little.parquet"
    status, out, _ = run(
        capsys, "extract", "--images", pets, "--out", whole, "--model", model, "--dtype", "float32", "--json"
    )
    assert status == 0
    result = json.loads(out)
    assert (result["n"], len(result["heads"]), result["dim"], result["precision"]) == (12, 12, 16, "float32")
    assert result["bytes"] == whole.stat().st_size
    assert result["cost"]["share_of_size"] == 1
    with np.load(whole, allow_pickle=False) as file:
        assert file["values"].shape == (12, 12, 16)
    status, out, _ = run(
        capsys,
        "extract",
        "--images",
        pets,
        "--out",
        little,
        "--classifier",
        classifier,
        "--model",
        model,
        "--half",
        "--json",
    )
    result = json.loads(out)
    assert result["cost"]["share_of_size"] == pytest.approx(5 / 12 / 2)
    assert 0 <= result["cost"]["before_half_precision"] <= 1
    assert result["chosen_by"] == f"the 5 heads of {classifier}"
    assert pq.read_table(little).column_names == ["name", "label", *result["heads"]]
    assert json.loads(pq.read_table(little).schema.metadata[b"sav"])["model_name"] == result["model"] == "llava"


def test_extract_says_what_costs_and_that_heads_were_chosen_on_the_same_labels(capsys, pets, classifier, model, tmp_path):
    arguments = ["extract", "--images", pets, "--out", tmp_path / "v.npz", "--model", model, "--half"]
    status, out, _ = run(capsys, *arguments, "--heads", 3)
    assert status == 0
    assert ", by the same heads in float32 " in out
    assert out.endswith("chosen on the same labels; a classifier fitted on other images judges fairly.\n")
    assert "chosen on the same labels" not in run(capsys, *arguments)[1]
    assert "chosen on the same labels" not in run(capsys, *arguments, "--classifier", classifier, "--heads", 3)[1]


def test_extract_of_a_heap_tells_no_cost(capsys, heap, model, tmp_path):
    status, out, _ = run(capsys, "extract", "--images", heap, "--out", tmp_path / "v.npz", "--model", model)
    assert status == 0
    assert out == (
        f"Wrote 3 examples x 12 heads x 16 numbers in float32 to {tmp_path / 'v.npz'} "
        f"({(tmp_path / 'v.npz').stat().st_size:,} bytes).\n"
    )


def test_search_in_an_index_finds_what_search_in_the_pictures_finds(capsys, pets, classifier, model, tmp_path):
    query, of = pets / "pet 1" / "2.png", ("--classifier", classifier, "--model", model)
    store, vectors = tmp_path / "pets.index", tmp_path / "pets.parquet"
    assert run(capsys, "extract", "--images", pets, "--out", vectors, *of)[0] == 0
    status, out, _ = run(capsys, "index", "--vectors", vectors, "--out", store, "--json")
    assert (status, json.loads(out)["n"]) == (0, 12)
    ways = [run(capsys, "search", "--index", place, "--query", query, *of, "--json") for place in (pets, store)]
    (there, here) = (json.loads(out) for _, out, _ in ways)
    assert here["heads"] == there["heads"]
    assert [hit["image"] for hit in here["found"]] == [hit["image"] for hit in there["found"]]
    assert here["found"][0] == {"image": str(query), "label": "pet 1", "similarity": pytest.approx(1, abs=1e-3)}
    other = ("search", "--index", store, "--query", query)
    status, _, err = run(capsys, *other, "--model", model, "--dtype", "bfloat16")
    assert (status, "search with that model" in err) == (2, True)
    assert "leave --heads out" in run(capsys, *other, *of, "--heads", 3)[2]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["extract", "--images", "HEAP", "--out", "v.csv"], "Vectors are written as .npz or .parquet"),
        (["extract", "--images", "HEAP", "--out", "OUT", "--heads", "3"], "--heads needs labels to choose heads by"),
        (["extract", "--images", "/nowhere", "--out", "OUT"], "There is nothing to classify"),
        (["extract", "--images", "HEAP", "--out", "OUT", "--devices", "0"], "--devices must be 1 or more processes"),
        (
            ["extract", "--images", "HEAP", "--out", "P", "--engine", "ray", "--heads", "3"],
            "takes the heads of a --classifier",
        ),
        (["search", "--index", "HEAP", "--query", "HEAP", "--k", "0"], "--k must be 1 or more"),
        (["search", "--index", "HEAP", "--query", "/none.png"], "/none.png"),
        (["search", "--index", "PETS", "--query", "HEAP", "--heads", "0"], "--heads must be 1 or more"),
        (["recall", "--index", "HEAP"], "another example of"),
        (["recall", "--index", "PETS", "--k", "99"], "k must be from 1 to 11"),
    ],
)
def test_bad_input_is_one_line_and_status_2(capsys, heap, pets, model, tmp_path, arguments, told):
    places = {"HEAP": heap, "PETS": pets, "OUT": tmp_path / "v.npz"}
    status, out, err = run(capsys, *(places.get(each, each) for each in arguments), "--model", model)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert told in err
    assert err.count("\n") == 1


def test_help_teaches_with_an_example(capsys):
    for command in ("search", "recall", "extract", "benchmark"):
        status, out, _ = run(capsys, command, "--help")
        assert status == 0
        assert f"python -m sav_core {command}" in out
