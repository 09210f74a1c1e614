"""Relation tasks and their prompts: what is shown, what is asked, and that no part knows another's answers."""

import json

import pytest
from PIL import Image

from sav_core.errors import DatasetError, ImageError, SettingError
from sav_core.scenes.draw import RELATIONS
from sav_core.vectors import (
    BASES_OF,
    DIAGONALS,
    Prompting,
    RelationItem,
    corrupt,
    cutouts_from,
    draw_task,
    in_context,
    in_words,
    in_wrong_words,
    read_relation_task,
    read_relations,
    shipped_sprites,
    split_items,
    unrelated_questions,
    zero_shot,
)
from tests.support.tiny_models import example_image

PARTS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def sprites():
    return shipped_sprites()


@pytest.fixture(scope="module")
def task(sprites):
    return draw_task(sprites, scenes=(24, 8, 8), seed=3)


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


def example_picture(seed):
    from sav_core.data.images import as_picture

    return as_picture(example_image(seed))


# --- prompts


def test_a_prompt_shows_demonstrations_of_other_pictures_and_never_names_the_relation(task):
    pool = task.of("above").train
    for prompt in in_context(pool[:6], pool, 4, seed=1):
        pictures = [item.picture.digest for item in (*prompt.demonstrations, prompt.item)]
        assert len(set(pictures)) == 5
        assert prompt.example.question.count("<image>Q: ") == 5
        assert prompt.example.question.endswith(f"Q: {prompt.item.anchor}. A:")
        assert "above" not in prompt.example.question
        for item in prompt.demonstrations:
            assert f"<image>Q: {item.anchor}. A: {item.related}." in prompt.example.question


def test_a_corrupted_prompt_has_the_same_pictures_and_no_demonstration_of_its_relation(task):
    prompts = in_context(task.of("left").train[:8], task.of("left").train, 4)
    for clean, corrupted in zip(prompts, corrupt(prompts), strict=True):
        assert corrupted.example.images == clean.example.images
        assert corrupted.answer == clean.answer
        for item, own, other in zip(corrupted.demonstrations, clean.answers, corrupted.answers, strict=True):
            assert other != own
            assert other in item.others.values()
        relations = {
            next(r for r, n in i.others.items() if n == a)
            for i, a in zip(corrupted.demonstrations, corrupted.answers, strict=True)
        }
        assert len(relations) > 1
    assert [p.answers for p in corrupt(prompts)] == [p.answers for p in corrupt(prompts)]


def test_words_name_the_relation_or_in_a_corrupted_prompt_another_of_the_same_picture(task):
    items = task.of("left").train[:6]
    for clean, corrupted in zip(Prompting("words").clean(items, ()), Prompting("words").corrupted(items, ()), strict=True):
        assert clean.example.question == f"<image>What is left of the {clean.item.anchor}?"
        assert corrupted.example.question != clean.example.question
        assert corrupted.example.question.endswith(f"the {corrupted.item.anchor}?")
        assert corrupted.example.images == clean.example.images
        assert corrupted.answer == clean.answer
    alone = [RelationItem(example_picture(0), "table", "on", "cup")]
    assert in_words(alone)[0].example.question == "<image>What is on the table?"
    with pytest.raises(DatasetError, match="has another relation to name"):
        in_wrong_words(alone)


def test_where_pictures_hold_one_relation_answers_change_places():
    items = [RelationItem(example_picture(n), f"anchor {n}", "on", f"thing {n}") for n in range(5)]
    (prompt,) = in_context(items[:1], items, 4)
    (corrupted,) = corrupt([prompt])
    assert sorted(corrupted.answers) == sorted(prompt.answers)
    assert not any(a == b for a, b in zip(corrupted.answers, prompt.answers, strict=True))
    with pytest.raises(DatasetError, match="None of 1 prompts can be corrupted"):
        corrupt(in_context(items[:1], items, 1))


def of_answers(*answers, relation="wearing", others=None):
    return [
        RelationItem(example_picture(n), f"hat {n}", relation, answer, others or {}) for n, answer in enumerate(answers)
    ]


def assert_all_wrong(prompts):
    for prompt in prompts:
        assert all(item.related != answer for item, answer in zip(prompt.demonstrations, prompt.answers, strict=True))


def test_prompts_of_a_relation_with_one_answer_to_most_items_can_all_be_corrupted():
    items = of_answers(*(("man", "man", "woman", "boy", "man")[n % 5] for n in range(30)))
    clean = in_context(items, items, 4)
    assert max(prompt.answers.count("man") for prompt in clean) == 2
    assert_all_wrong(corrupt(clean))
    assert len(corrupt(clean)) == 30


def test_wrong_answers_are_borrowed_where_demonstrations_have_too_few_that_differ():
    items = of_answers("man", "man", "man", "man", "man", "man", "woman")
    prompting = Prompting(demonstrations=5)
    assert len(prompting.corrupted(items[:3], items)) == 3
    assert_all_wrong(prompting.corrupted(items[:3], items))
    assert {answer for prompt in prompting.corrupted(items[:3], items) for answer in prompt.answers} == {"man", "woman"}
    assert len(Prompting(demonstrations=1).corrupted(items[:3], items)) == 3


def test_a_prompt_that_cannot_be_corrupted_is_left_out_and_only_if_none_is_left_refused():
    same, mixed = of_answers(*["man"] * 6), of_answers(*"abcdef", relation="on")
    prompts = in_context([same[0], mixed[0]], same + mixed, 4)
    assert [prompt.item for prompt in corrupt(prompts, pool=same + mixed)] == [mixed[0]]
    with pytest.raises(DatasetError, match=r"None of 1 prompts.*bring more different things"):
        corrupt(prompts[:1], pool=same)
    named = [RelationItem(example_picture(0), "table", "on", "cup", {"near": "fork"}), *same]
    assert [prompt.item for prompt in in_wrong_words(named)] == named[:1]


def test_answers_of_other_relations_that_equal_the_right_one_corrupt_nothing():
    everywhere = [
        RelationItem(example_picture(n), f"table {n}", "on", f"cup {n}", {"near": f"cup {n}", "left of": f"cup {n}"})
        for n in range(6)
    ]
    assert_all_wrong(corrupt(in_context(everywhere, everywhere, 4)))
    somewhere = [
        RelationItem(
            i.picture, i.anchor, "on", i.related, {**i.others, "below": f"mat {i.anchor}", "by": f"bin {i.anchor}"}
        )
        for i in everywhere
    ]
    corrupted = corrupt(in_context(somewhere, somewhere, 4))
    assert_all_wrong(corrupted)
    assert all(a.startswith(("mat", "bin")) for prompt in corrupted for a in prompt.answers)


def test_too_few_pictures_for_the_demonstrations_are_refused():
    items = [RelationItem(example_picture(n), f"anchor {n}", "on", f"thing {n}") for n in range(3)]
    with pytest.raises(DatasetError, match="only 2 pictures"):
        in_context(items[:1], items, 4)
    with pytest.raises(SettingError):
        in_context(items, items, -1)
    assert zero_shot(items)[0].example.question == "<image>Q: anchor 0. A:"
