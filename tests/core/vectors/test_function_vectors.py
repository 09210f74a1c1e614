"""The vector of some heads: what it is, its file, and how it is judged."""

import json

import numpy as np
import pytest
import torch

from sav_core.errors import SettingError, StorageError, VectorFileError
from sav_core.types import Head
from sav_core.vectors import (
    FunctionVector,
    Prompting,
    PromptSet,
    build_vector,
    demonstration_sweep,
    evaluate_vector,
    injected,
    injecting,
    layer_scale_map,
    next_words,
    number_of_heads_sweep,
    random_vector,
    side_effects,
    zero_shot,
)
from sav_core.vectors.effects import read_partial
from sav_core.vectors.vector_file import VECTOR_FILE
from tests.support.relations import ITEMS, TASK, a_vector, edited, hidden_size


def test_a_vector_is_what_its_heads_write_with_each_bias_counted_once(tiny_backbone, mediation):
    _, _, means, _ = mediation("llava")
    heads = [Head(0, 1), Head(0, 3), Head(2, 0)]

    def add_biases(decoder):
        for layer in (0, 2):
            projection = decoder.projections[layer]
            projection.bias = torch.nn.Parameter(
                torch.full((projection.out_features,), float(layer + 1)), requires_grad=False
            )

    plain = tiny_backbone("llava")
    without = build_vector(plain, means["on"], heads)
    biased = build_vector(edited(plain, add_biases), means["on"], heads)
    np.testing.assert_allclose(biased.values, without.values + 1 + 3, atol=1e-4)
    dim, expected = plain.geometry.dim, np.zeros(hidden_size(plain))
    for head in heads:
        columns = plain.decoder.projections[head.layer].weight[:, head.index * dim : (head.index + 1) * dim]
        expected += (columns @ torch.from_numpy(means["on"].values[head.layer, head.index])).numpy()
    np.testing.assert_allclose(without.values, expected, atol=1e-4)
    with pytest.raises(SettingError):
        build_vector(plain, means["on"], [heads[0], heads[0]])


def test_a_saved_vector_comes_back_with_its_provenance_and_only_for_its_model(tiny_backbone, mediation, tmp_path):
    reader, _, means, effects = mediation("llava")
    vector = build_vector(reader.backbone, means["on"], effects.ranking[:3], seed=5).at(2, 1.5)
    path = tmp_path / "on.fv"
    vector.save(path)
    back = FunctionVector.load(path, reader.backbone)
    np.testing.assert_array_equal(back.values, vector.values)
    for name in ("relation", "layer", "scale", "model", "identity", "origin", "heads", "seed", "notes"):
        assert getattr(back, name) == getattr(vector, name)
    other = tiny_backbone("gemma3")
    with pytest.raises(VectorFileError, match="made with llava"):
        FunctionVector.load(path, other)
    with pytest.raises(VectorFileError, match="made with llava"):
        injected(other, back)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(VectorFileError, match="changed"):
        FunctionVector.load(path)
    path.write_bytes(b"nonsense")
    with pytest.raises(VectorFileError, match="not a whole"):
        FunctionVector.load(path)
    with pytest.raises(VectorFileError, match="There is no file"):
        FunctionVector.load(tmp_path / "nowhere.fv")


@pytest.mark.parametrize(
    ("arrays", "header"),
    [
        ({}, {"scale": "2"}),
        ({}, {"scale": float("inf")}),
        ({}, {"layer": True}),
        ({}, {"layer": -1}),
        ({}, {"heads": [[0, "1"]]}),
        ({}, {"relation": None}),
        ({}, {"notes": []}),
        ({"values": np.ones(4, dtype=bool)}, {}),
        ({"values": np.full(4, np.nan, np.float32)}, {}),
    ],
)
def test_a_doctored_file_with_a_right_checksum_is_refused(tmp_path, arrays, header):
    path = tmp_path / "v.fv"
    FunctionVector(np.ones(4, np.float32), "above", 1).save(path)
    sound, text = VECTOR_FILE.read(path)
    path.write_bytes(VECTOR_FILE.content(sound | arrays, json.dumps(json.loads(text) | header)))
    with pytest.raises(VectorFileError, match="holds no"):
        FunctionVector.load(path)


def test_a_full_disk_leaves_the_vector_that_was_there(tmp_path, monkeypatch):
    path = tmp_path / "v.fv"
    FunctionVector(np.ones(4, np.float32), "above", 1).save(path)
    before = path.read_bytes()
    monkeypatch.setattr(type(path), "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(StorageError, match="No space left on device"):
        FunctionVector(np.ones(4, np.float32), "below", 1).save(path)
    assert [path.read_bytes(), *path.parent.iterdir()] == [before, path]


@pytest.mark.parametrize("text", ["[]", "no JSON", "[" * 100_000])
def test_a_header_that_is_none_is_refused(tmp_path, text):
    path = tmp_path / "v.fv"
    path.write_bytes(VECTOR_FILE.content({"values": np.ones(4)}, text))
    with pytest.raises(VectorFileError, match="was not written by this program"):
        FunctionVector.load(path)


@pytest.mark.parametrize("header", [{}, {"means": 3}, {"means": ["above"], "run": "r"}])
def test_effects_that_are_none_are_refused(tmp_path, header):
    path = tmp_path / "effects"
    arrays = {"changes": np.ones((1, 1, 1)), "baseline": np.ones(1), "means": np.ones((1, 1, 1, 1))}
    path.write_bytes(VECTOR_FILE.content(arrays, json.dumps({"format": "sav-explorer/effects/2", **header})))
    with pytest.raises(VectorFileError, match="holds no usable effects"):
        read_partial(path, "r", {"above": np.ones((1, 1, 1))})


def test_the_next_words_are_the_models_own_and_sum_to_less_than_one(reader):
    example = zero_shot(ITEMS)[0].example
    words = next_words(reader.backbone, example, top=5)
    assert 0 < sum(words.values()) <= 1
    assert list(words.values()) == sorted(words.values(), reverse=True)
    assert next_words(reader.backbone, example, a_vector(reader.backbone, size=30.0), top=5) != words


def test_every_condition_is_judged_on_every_test_item(mediation):
    reader, _, means, effects = mediation("llava")
    vector = build_vector(reader.backbone, means["on"], effects.ranking[:3], layer=1)
    other = random_vector(vector, 9)
    seen = []
    outcomes = evaluate_vector(
        reader,
        TASK,
        vector,
        means=means["on"],
        others=[other],
        prompting=Prompting(demonstrations=2),
        draws=3,
        progress=seen.append,
    )
    assert list(outcomes) == [
        "zero-shot", "in context", "in words", "injected", "random vector", "random heads", "other relation", "layer mean",
    ]  # fmt: skip
    assert [outcome.n for outcome in outcomes.values()] == [4, 4, 4, 4, 12, 12, 4, 4]
    assert seen[-1].done == seen[-1].total == 8
    prompt_set = PromptSet(reader, zero_shot(TASK.test))
    assert outcomes["zero-shot"].probability == pytest.approx(prompt_set.ask().probability.mean())
    injected_answers = prompt_set.ask(injecting(reader.backbone, vector))
    assert outcomes["injected"].probability == pytest.approx(injected_answers.probability.mean())


def test_random_vectors_are_as_long_and_differ_by_seed(reader):
    vector = a_vector(reader.backbone)
    one, two = random_vector(vector, 0), random_vector(vector, 1)
    assert one.norm == pytest.approx(vector.norm, rel=1e-5)
    assert abs(float(one.values @ two.values)) < 0.7 * one.norm * two.norm
    np.testing.assert_array_equal(one.values, random_vector(vector, 0).values)


def test_sweeps_have_a_figure_for_every_setting(mediation):
    reader, _, means, effects = mediation("llava")
    prompt_set, vector = PromptSet(reader, zero_shot(TASK.validation)), a_vector(reader.backbone)
    found = layer_scale_map(prompt_set, vector, scales=(0.0, 1.0))
    assert found.shape == (3, 2)
    assert (found[:, 0] == prompt_set.ask().accuracy).all()  # scale 0 is no injection, in whatever layer
    assert list(number_of_heads_sweep(prompt_set, means["on"], effects.ranking, vector, (1, 3))) == [1, 3]
    assert list(demonstration_sweep(reader, TASK, "on", (0, 2))) == [0, 2]


def test_a_vector_of_nothing_breaks_nothing(reader):
    nothing = a_vector(reader.backbone, size=0.0)
    assert side_effects(reader, zero_shot(TASK.test), nothing).changed == 0
