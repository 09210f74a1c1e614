"""Relation tasks, drawn and annotated: what is in them, and that no part knows another's answers."""

import json

import pytest
from PIL import Image

from sav_core.data.pictures.picture import as_picture
from sav_core.errors import DatasetError, ImageError, SettingError
from sav_core.scenes.draw import RELATIONS
from sav_core.vectors import (
    BASES_OF,
    DIAGONALS,
    Chance,
    RelationItem,
    RelationTask,
    cutouts_from,
    draw_task,
    read_relation_task,
    read_relations,
    split_items,
    unrelated_questions,
)
from tests.support.tiny_models import example_image

PARTS = ("train", "validation", "test")


def facts(task):
    return [[(i.picture.digest, i.anchor, i.relation, i.related) for i in getattr(task, part)] for part in PARTS]


def assert_disjoint(task):
    for what in (lambda item: item.picture.digest, lambda item: item.pair):
        train, validation, test = ({what(item) for item in getattr(task, part)} for part in PARTS)
        assert train
        assert validation
        assert test
        assert not train & validation
        assert not train & test
        assert not validation & test


def test_parts_of_a_drawn_task_share_no_picture_and_no_pair(task):
    assert_disjoint(task)


def test_a_seed_draws_the_same_task_and_another_seed_another(sprites, task):
    assert facts(draw_task(sprites, scenes=(24, 8, 8), seed=3)) == facts(task)
    assert facts(draw_task(sprites, scenes=(24, 8, 8), seed=4)) != facts(task)


def test_every_drawn_picture_holds_every_base_relation_so_that_it_never_says_which_is_meant(task):
    for item in task.train:
        around = {item.relation: item.related, **item.others}
        assert set(RELATIONS) <= set(around) <= set(RELATIONS) | set(DIAGONALS)
        assert len(set(around.values()) | {item.anchor}) == len(around) + 1
        assert len(around) <= len(RELATIONS) + 2  # what the module says of the slants


def test_diagonals_are_made_of_base_relations(task):
    assert set(DIAGONALS) <= {item.relation for item in task.train}
    assert all(set(bases) <= set(RELATIONS) for bases in BASES_OF.values())


def test_relations_can_be_chosen_and_an_unknown_one_is_refused(task):
    assert {item.relation for item in task.of("above", "left").train} == {"above", "left"}
    with pytest.raises(SettingError, match="'inside'"):
        task.of("inside")


def cutouts(folder, count, nested=False):
    for number in range(count):
        path = folder / (f"artist-{number % 2}/thing_{number}.png" if nested else f"thing_{number}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        cutout(number).save(path)
    return folder


def cutout(number):
    image = Image.new("RGBA", (20, 12))
    image.paste((number * 10, 80, 160, 255), (2, 2, 18, 10))
    return image


def test_a_folder_of_cut_outs_makes_a_task(tmp_path):
    sprites = cutouts_from(cutouts(tmp_path / "flat", 26))
    assert "thing 3" in sprites.names
    assert_disjoint(draw_task(sprites, scenes=(8, 4, 4)))
    assert len(cutouts_from(cutouts(tmp_path / "nested", 4, nested=True)).artists) == 2


def test_too_few_cut_outs_are_refused_with_how_many_it_takes(tmp_path):
    few = cutouts_from(cutouts(tmp_path, 9))
    with pytest.raises(DatasetError, match="20 or more"):
        draw_task(few, scenes=(4, 4, 4))
    with pytest.raises(DatasetError, match="no folder"):
        cutouts_from(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="holds no cut-outs"):
        cutouts_from(tmp_path / "empty")


def test_cut_outs_are_known_by_suffixes_of_any_case_and_one_without_transparent_ground_is_refused(tmp_path):
    cutout(1).save(tmp_path / "CAT.PNG")
    cutout(2).save(tmp_path / "dog.WebP")
    assert len(cutouts_from(tmp_path).names) == 2
    Image.new("RGB", (20, 12)).save(tmp_path / "photograph.png")
    with pytest.raises(ImageError, match=r"'photograph.png' has no transparent ground"):
        cutouts_from(tmp_path)


def test_unrelated_questions_ask_for_no_neighbour(sprites):
    asked = unrelated_questions(sprites, 12)
    assert len(asked) == 12
    assert not any(relation in prompt.example.question.split() for prompt in asked for relation in RELATIONS)


# --- annotated images


@pytest.fixture
def photographs(tmp_path):
    for number in range(1, 4):
        example_image(number).save(tmp_path / f"{number}.jpg")
    return tmp_path


def thing(name, *relations):
    return {"name": name, "relations": [{"name": r, "object": o} for r, o in relations]}


GQA = {
    "1": {"objects": {"a": thing("cup", ("on", "b"), ("left of", "c")), "b": thing("table"), "c": thing("lamp")}},
    # two lamps, so "on the lamp" is nobody's; two things on one table, so "on the table" has two answers
    "2": {"objects": {"a": thing("cat", ("on", "b")), "b": thing("lamp"), "c": thing("lamp")}},
    "3": {"objects": {"a": thing("cup", ("on", "c")), "b": thing("fork", ("on", "c")), "c": thing("table")}},
}
VISUAL_GENOME = [
    {
        "image_id": 1,
        "relationships": [
            {
                "predicate": "ON",
                "subject": {"object_id": 1, "name": "cup"},
                "object": {"object_id": 2, "names": ["table"]},
            },
            {
                "predicate": "left of",
                "subject": {"object_id": 1, "name": "cup"},
                "object": {"object_id": 3, "name": "lamp"},
            },
        ],
    },
]
SCENE_GRAPHS = [
    {
        "image_id": 1,
        "objects": [
            {"object_id": 1, "names": ["cup"]},
            {"object_id": 2, "names": ["table"]},
            {"object_id": 3, "names": ["lamp"]},
        ],
        "relationships": [
            {"predicate": "on", "subject_id": 1, "object_id": 2},
            {"predicate": "left of", "subject_id": 1, "object_id": 3},
        ],
    },
]
JSONL = [
    {"image": "1.jpg", "anchor": "table", "relation": "on", "related": "cup"},
    {"image": "1.jpg", "anchor": "lamp", "relation": "left of", "related": "cup"},
]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("gqa.json", json.dumps(GQA)),
        ("relationships.json", json.dumps(VISUAL_GENOME)),
        ("scene_graphs.json", json.dumps(SCENE_GRAPHS)),
        ("own.jsonl", "\n".join(map(json.dumps, JSONL))),
    ],
)
def test_every_layout_gives_the_items_with_one_clear_answer(photographs, name, content):
    (photographs / name).write_text(content)
    items, skipped = read_relations(photographs / name, images=photographs)
    assert skipped == ()
    assert {(i.anchor, i.relation, i.related) for i in items} == {("table", "on", "cup"), ("lamp", "left of", "cup")}
    assert all(item.picture.size == (40, 30) for item in items)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", '{"image": "1.jpg", "anchor": "table"}', "Line 1 of 'a.jsonl'"),
        ("a.jsonl", '{"image": "1.jpg", "anchor": 5, "relation": "on", "related": "cup"}', "four texts"),
        ("a.json", "{", "not JSON"),
        ("a.json", '{"1": {}}', "not laid out as scene graphs"),
        ("a.json", "[5]", "not laid out as scene graphs"),
        (
            "a.json",
            '{"1": {"objects": {"2": {"name": "cup", "relations": [{"name": {}, "object": "2"}]}}}}',
            "relation must be a text and is of type dict",
        ),
        (
            "a.json",
            '{"1": {"objects": {"2": {"name": 5}, "3": {"name": "a", "relations": [{"name": "b", "object": "2"}]}}}}',
            "anchor .* type int",
        ),
        ("a.jsonl", '{"image": "9.jpg", "anchor": "a", "relation": "on", "related": "b"}', "None of the images"),
    ],
)
def test_what_is_no_annotation_is_refused_in_one_sentence(photographs, name, content, said):
    (photographs / name).write_text(content)
    with pytest.raises(DatasetError, match=said):
        read_relations(photographs / name)


def test_an_unknown_relation_and_a_missing_file_are_refused(photographs):
    (photographs / "own.jsonl").write_text("\n".join(map(json.dumps, JSONL)))
    with pytest.raises(DatasetError, match=r"no relation 'under'.*it has left of, on"):
        read_relations(photographs / "own.jsonl", relations=["under"])
    with pytest.raises(DatasetError, match="no file"):
        read_relations(photographs / "nowhere.jsonl")


def test_parted_items_share_nothing_and_what_has_no_place_is_counted():
    words = [f"word {number}" for number in range(8)]
    items = [
        RelationItem(example_picture(number // 2), words[number % 8], "on", words[(3 * number + 1) % 8])
        for number in range(60)
        if number % 8 != (3 * number + 1) % 8
    ]
    parted = split_items(items, seed=1)
    assert_disjoint(parted)
    assert parted.dropped + sum(len(getattr(parted, part)) for part in PARTS) == len(items)
    assert facts(parted) == facts(split_items(items, seed=1))
    with pytest.raises(DatasetError, match="cannot be parted"):
        split_items(items[:1])


def example_picture(seed):
    return as_picture(example_image(seed))


def written(folder, lines, images):
    for number in images:
        example_image(number).save(folder / f"{number}.png")
    (folder / "own.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return folder / "own.jsonl"


def line(image, relation, anchor, related):
    return {"image": f"{image}.png", "relation": relation, "anchor": anchor, "related": related}


def test_parts_stay_the_same_whichever_relations_are_read_and_every_relation_can_be(tmp_path):
    names = ("on", "in", "by", "under", "near")  # the rarest last
    lines = [
        line(n, name, f"thing {(n * 7 + k) % 12}", f"other {(n * 5 + k) % 9}")
        for k, name in enumerate(names)
        for n in range(40 - 3 * k)
    ]
    path = written(tmp_path, lines, range(40))
    whole, _ = read_relation_task(path, seed=1)
    assert_disjoint(whole)
    assert dict.fromkeys(item.relation for item in read_relations(path).items) == dict.fromkeys(names)
    alone = {name: read_relation_task(path, relations=[name], seed=1)[0] for name in names}
    for name, task in alone.items():
        assert facts(task) == facts(whole.of(name))
    for what in (lambda item: item.picture.digest, lambda item: item.pair):
        shown = {what(item) for task in alone.values() for item in task.train}
        assert not shown & {what(item) for task in alone.values() for item in task.test}


def test_a_relation_with_no_items_in_some_part_is_refused_by_its_counts_or_named(tmp_path):
    lines = [line(n, "on", f"thing {n}", f"other {n}") for n in range(12)] + [line(0, "near", "a", "b")]
    path = written(tmp_path, lines, range(12))
    with pytest.raises(DatasetError, match=r"'near' of 'own.jsonl' has too few items.*for validation"):
        read_relation_task(path, relations=["near"])
    assert read_relation_task(path)[0].short == ("near",)


def test_items_are_read_on_until_as_many_images_as_wanted_have_opened(tmp_path):
    lines = [line(n, "on", f"thing {n}", f"other {n}") for n in range(60)]
    items, skipped = read_relations(written(tmp_path, lines, range(0, 60, 6)), limit=8)
    assert len(items) == 8
    assert skipped


def test_a_picture_with_two_names_is_in_one_part(tmp_path):
    lines = [line(n, "on", f"thing {n}", f"other {n}") for n in range(30)]
    path = written(tmp_path, lines, range(30))
    for number in range(15):
        example_image(number).save(tmp_path / f"{number + 15}.png")
    task, _ = read_relation_task(path)
    assert_disjoint(task)
    assert task.dropped


def test_base_relations_are_listed_first_in_drawn_scenes_and_the_commonest_first_elsewhere(task):
    assert task.spatial
    assert task.bases == ("above", "below", "left", "right")
    assert task.listed == (*task.bases, *sorted(set(task.relations) - set(task.bases)))
    names = ("by", "in", "near", "on", "under")
    parts = [
        tuple(
            RelationItem(example_picture(n), f"anchor {n}", name, f"thing {n}")
            for name in names
            for n in range(1 + names.index(name))
        )
        for _ in PARTS
    ]
    other = RelationTask(*parts)
    assert not other.spatial
    assert other.listed == ("under", "on", "near", "in", "by")
    assert other.bases == ("under", "on", "near", "in")


def test_chance_is_naming_anything_around_or_always_the_commonest_answer(task):
    own = task.of("above")
    assert own.chance.answer == ""
    assert own.chance.share == pytest.approx(sum(1 / (1 + len(item.others)) for item in own.test) / len(own.test))
    said = {"train": ("cup", "cup", "hat"), "validation": ("hat",), "test": ("cup", "hat", "hat", "bag")}
    alone = RelationTask(
        *(
            tuple(RelationItem(example_picture(n), "table", "on", answer) for n, answer in enumerate(said[part]))
            for part in PARTS
        )
    )
    assert alone.chance == Chance(0.25, "cup")
