import numpy as np
import pytest

from sav_core.data.examples import Example
from sav_core.data.pictures.picture import Picture
from sav_core.errors import InputError, SettingError
from sav_core.reports.few_shot_prompt import choose_demonstrations, in_context


def picture(shade):
    return np.full((4, 4, 3), shade, dtype=np.uint8)


def support(*labels):
    return [Example(picture(10 * row), "Which?", label) for row, label in enumerate(labels)]


def test_the_prompt_shows_each_picture_its_question_and_its_label_then_asks():
    shown = support("cat", "dog")
    query = Example(picture(200), "Which?", "cat")
    example = in_context(shown, query)
    parts = ["image" if isinstance(part, Picture) else part for part in example.parts]
    assert parts == ["image", "Which? cat", "image", "Which? dog", "image", "Which?"]
    assert example.images == (*shown[0].images, *shown[1].images, *query.images)
    assert (example.label, example.name) == ("cat", query.name)


def test_a_question_that_places_its_images_keeps_their_places():
    two = Example([picture(1), picture(2)], "Is <image> like <image>?", "yes")
    example = in_context([two], Example([picture(3), picture(4)], "Is <image> like <image>?"))
    assert [isinstance(part, Picture) for part in example.parts] == [False, True] * 4 + [False]


def test_words_alone_need_no_picture():
    example = in_context([Example((), "one?", "1")], Example((), "two?"))
    assert example.question == "one? 1\ntwo?"


def test_labels_take_turns():
    examples = support(*["a"] * 6, "b", "b")
    chosen = choose_demonstrations(examples, 4, seed=3)
    assert sorted(example.label for example in chosen) == ["a", "a", "b", "b"]
    assert chosen == choose_demonstrations(examples, 4, seed=3) != choose_demonstrations(examples, 4, seed=4)
    assert len(choose_demonstrations(examples, 20)) == 8


def test_what_cannot_be_shown_is_refused():
    with pytest.raises(InputError, match="has none"):
        in_context([Example((), "x")], Example((), "y"))
    with pytest.raises(SettingError, match="must be 1 or more"):
        choose_demonstrations(support("a", "b"), 0)
