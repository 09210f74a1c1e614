"""Prompts of relations: clean ones say which is meant, corrupted ones another, and none names it."""

import pytest

from sav_core.data.pictures.picture import as_picture
from sav_core.errors import DatasetError, SettingError
from sav_core.vectors import (
    Prompting,
    RelationItem,
    corrupt,
    in_context,
    in_words,
    in_wrong_words,
    zero_shot,
)
from tests.support.tiny_models import example_image


def example_picture(seed):
    return as_picture(example_image(seed))


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


def test_pairs_hold_both_prompts_of_every_item_that_has_both():
    same, mixed = of_answers(*["man"] * 6), of_answers(*"abcdef", relation="on")
    prompting = Prompting(seed=2)
    pairs = prompting.pairs([same[0], *mixed[:2]], same + mixed)
    assert [prompt.item for prompt in pairs.clean] == [prompt.item for prompt in pairs.corrupted] == mixed[:2]
    assert pairs.left_out == 1
    whole = prompting.clean([same[0], *mixed[:2]], same + mixed)
    assert list(pairs.clean) == whole[1:]
