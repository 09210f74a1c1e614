"""CLIP and SigLIP: tiny random checkpoints through the public path, three ways to answer, and what they cannot do."""

import numpy as np
import pytest

from sav_core.data.examples import Example
from sav_core.errors import ModelNotFoundError, SettingError, UnsupportedModelError
from sav_core.evaluation.costs import Cost
from sav_core.reports.reading import run_here, unwatched
from sav_core.reports.rival_answers import check_rivals, rival_answers
from sav_core.rivals.dual_encoders import load_dual_encoder
from sav_core.rivals.pictures_alone import judge_pictures_alone, way_names, why_not_pictures_alone
from sav_core.rivals.spec import LORA, Rival, read_rivals
from tests.support.dual_encoders import LONGEST, write_dual_encoder
from tests.support.tiny_models import example_image


@pytest.fixture(scope="module")
def encoder_folder(tmp_path_factory):
    folders = {}

    def folder(kind):
        if kind not in folders:
            folders[kind] = write_dual_encoder(kind, tmp_path_factory.mktemp("dual") / kind)
        return folders[kind]

    return folder


def rival(kind, folder):
    return Rival("clip" if kind == "clip" else "siglip", str(folder(kind)))


@pytest.mark.parametrize("kind", ["clip", "siglip", "siglip2"])
def test_features_are_of_length_one_and_the_same_alone_and_among_others(encoder_folder, kind):
    encoder = load_dual_encoder(rival(kind, encoder_folder), "cpu")
    some = [Example(example_image(seed, (40, 30))) for seed in range(3)]
    together = encoder.pictures(some)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(encoder.pictures(some[1:2])[0], together[1], atol=1e-5)
    assert np.abs(together[0] - together[1]).max() > 1e-3
    pair = encoder.pictures([Example([some[0].images[0], some[1].images[0]])])
    np.testing.assert_allclose(pair[0], np.concatenate(together[:2]), atol=1e-5)
    texts = encoder.texts(["a cat", "a photo of a dog"])
    assert texts.shape == (2, together.shape[1])
    np.testing.assert_allclose(encoder.texts(["a cat"])[0], texts[0], atol=1e-5)  # what fills it up changes nothing
    assert encoder.too_long(["short", "x" * LONGEST]) == "x" * LONGEST
    assert encoder.too_long(["short"]) is None


def test_rows_of_a_whole_run_say_what_they_are_and_cost(encoder_folder, tiny_backbone):
    backbone = tiny_backbone("llava")
    support = [Example(example_image(seed), "Which?", f"label {seed % 2}") for seed in range(6)]
    queries = [Example(example_image(seed), "Which?", f"label {seed % 2}") for seed in range(6, 9)]
    asked = rival("clip", encoder_folder)
    check_rivals([asked], support, queries)
    arguments = (run_here(backbone), backbone, support, queries, ["label 0", "label 1"])
    rows, refused = rival_answers([asked], *arguments, watch=unwatched)
    assert [row.name for row in rows] == ["clip_zero_shot", "clip_class_mean", "clip_linear"]
    assert refused == {}
    assert [(row.cost.examples, row.cost.trained) for row in rows] == [(0, 0), (6, 0), (6, 17)]  # 16 numbers, two labels
    assert all(row.cost.seconds > 0 and row.cost.peak_bytes > 0 and asked.model in row.about for row in rows)
    words = [Example((), "Is it?", "label 0")]
    rows, refused = rival_answers([asked, Rival("siglip", "no/such")], *arguments[:2], words, queries, arguments[4])
    assert rows == ()
    assert "it sees pictures alone, and 'Is it?' has none" in refused["clip_zero_shot"]
    assert len(refused) == 6


def test_each_way_answers_by_the_features():
    support = [Example(example_image(seed), "", label) for seed, label in enumerate("aabb")]
    queries = [Example(example_image(seed), "", label) for seed, label in enumerate("ab")]
    points = np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9]], np.float32)
    near, free = np.array([[1, 0.2], [0.2, 1]], np.float32), Cost(0, 0.0, 0)

    def judged(texts, queries=queries):
        names = way_names(Rival("clip", "it"))
        return judge_pictures_alone(names, "it", support, queries, ["a", "b"], (points, free), (near, free), (texts, free))

    rows, refused = judged(np.array([[0, 2], [1, 0]], np.float32))  # the prompts name them the other way round
    assert {row.name: row.accuracy for row in rows} == {"clip_zero_shot": 0, "clip_class_mean": 1, "clip_linear": 1}
    assert refused == {}
    rows, refused = judged("too long.")
    assert refused == {"clip_zero_shot": "too long."}
    pairs = [Example([each.images[0]] * 2, "", each.label) for each in queries]
    assert (
        "describes one picture, and each example has 2" in judged(np.eye(2, dtype=np.float32), pairs)[1]["clip_zero_shot"]
    )


def test_where_text_matters_the_reason_stands_in_place_of_a_number():
    picture, other = example_image(1), example_image(2)

    def why(*given):
        return why_not_pictures_alone([Example(*each) for each in given], [])

    assert why((picture, "Which?"), (other, " Which? ")) == ""
    assert "“Is it a cat?” and “Is it a dog?”" in why((picture, "Is it a cat?"), (picture, "Is it a dog?"))
    assert "one picture would need two answers" in why((picture, "Is it a cat?"), (picture, "Is it a dog?"))
    assert "there are 2, such as" in why((picture, "Is it a cat?"), (other, "Is it a dog?"))
    assert "some examples have 1 and some 2" in why((picture, ""), ([picture, other], ""))


def test_rivals_are_read_as_people_write_them():
    assert read_rivals(["lora", "clip:a/b", "siglip:folder", "lora"]) == (
        LORA,
        Rival("clip", "a/b"),
        Rival("siglip", "folder"),
    )
    assert str(Rival("clip", "a/b")) == "clip:a/b"
    assert way_names(Rival("clip", "a/b"), alone=False)["linear"] == "clip_linear (a/b)"
    for wrong, sentence in [("clip", "names no model"), ("lora:x", "write lora"), ("blip:x", "A rival is lora, clip:ID")]:
        with pytest.raises(SettingError, match=sentence):
            read_rivals([wrong])


def test_another_kind_of_model_is_refused_by_what_it_is(encoder_folder, tiny_checkpoint, tmp_path):
    some = [Example(example_image(1), "", "a")]
    with pytest.raises(UnsupportedModelError, match=r"no SigLIP model: its config\.json must have the model_type sig"):
        check_rivals([Rival("siglip", str(encoder_folder("clip")))], some, some)
    with pytest.raises(UnsupportedModelError, match="is no CLIP model"):
        load_dual_encoder(Rival("clip", str(tiny_checkpoint("llava"))))
    with pytest.raises(ModelNotFoundError):
        check_rivals([Rival("clip", str(tmp_path / "nowhere"))], some, some)
